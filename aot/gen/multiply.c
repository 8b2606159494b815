/*
 * Products by MULX.
 *
 * It leaves EFLAGS alone, has its second factor in memory if that is where it is, and gives both
 * halves at once. So it serves the high half, both halves of the same factors, and all products
 * between the links of a carry chain. Its first factor is in RDX: a value that several products
 * have in common stays there from one to the next, and other values get RDX last.
 *
 * A product that only an addition with flags or carry close by wants is left to that, which
 * computes it into scratch: long multiplication has many products on their way at once, more than
 * there are registers, while their factors are at home.
 */
#include "aot/gen/internal.h"

#define B (&g->b)

#define NEAR           8  /* instructions between two halves of a product */
#define FAR            48 /* likewise, when one can wait in its pin */
#define LATER_DISTANCE 64 /* instructions between a product and the addition it is left to */

/* --- MULX ----------------------------------------------------------------------------------------
 */

/* Which factor goes to RDX: what is there; else what other products want too, as far as it is not
 * needed elsewhere. */
static unsigned factor_for_rdx(const struct gen *g, const struct ir_inst *i)
{
    for (unsigned k = 0; k < 2; k++)
        if (g->val[i->arg[k]].place == VAL_GPR && g->val[i->arg[k]].reg == X64_RDX) return k;
    if (g->val[i->arg[0]].place == VAL_CONST) return 0;
    if (g->val[i->arg[1]].place == VAL_CONST) return 1;
    return gen_left(g, i->arg[1]) > gen_left(g, i->arg[0]);
}

struct gen_factors gen_factors(struct gen *g, const struct ir_inst *product)
{
    struct gen_factors f = {NO_REG, {0}};
    unsigned k = factor_for_rdx(g, product);
    ir_ref first = product->arg[k], second = product->arg[!k];
    s64 value;
    g->multiplies = true;
    if (gen_const(g, first, &value)) {
        gen_take_gpr(g, X64_RDX);
        x64_mov_ri(B, X64_RDX, product->type == IR_I32 ? (u32)value : (u64)value);
    } else {
        gen_move_gpr(g, first, X64_RDX);
    }
    if (second == first)
        f.reg = X64_RDX;
    else if (!gen_in_memory(g, second, 1, &f.m))
        f.reg = gen_use_gpr(g, second);
    return f;
}

static void mulx(struct gen *g, unsigned size, unsigned high, unsigned low, struct gen_factors f)
{
    if (f.reg == NO_REG)
        x64_bmi_rrm(B, X64_MULX, size, high, low, f.m);
    else
        x64_bmi_rrr(B, X64_MULX, size, high, low, f.reg);
}

/* Where a result may go: not to RDX, which the next product wants, if there is a choice. */
static unsigned preferred(const struct gen *g)
{
    return g->gpr_temps & g->gpr.free & ~g->gpr_locked ? NO_REG : X64_RDX;
}

static void one_half(struct gen *g, ir_ref r, const struct ir_inst *i, struct gen_factors f)
{
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, preferred(g)), size = gen_size(i->type);
    if (i->op == IR_MULHU)
        mulx(g, size, dst, X64_RAX, f);
    else
        mulx(g, size, X64_RAX, dst, f);
}

/* --- both halves ---------------------------------------------------------------------------------
 */

static bool same_factors(const struct ir_inst *i, const struct ir_inst *o)
{
    return (i->arg[0] == o->arg[0] && i->arg[1] == o->arg[1]) ||
           (i->arg[0] == o->arg[1] && i->arg[1] == o->arg[0]);
}

/* The value may be computed into its pin now. */
static bool may_have_pin(const struct gen *g, ir_ref r)
{
    unsigned hint = ir_hint(gen_inst(g, r)), pin = hint ? g->pin[hint - 1] : NO_REG;
    return pin != NO_REG && (g->gpr.free >> pin & 1);
}

/*
 * The other half of the product, from `from` on, or IR_NONE. It will be computed now: not if its
 * place is that of a slot that is accessed or could be seen in between. Far off it has no register
 * to wait in but its pin.
 */
static ir_ref other_half(const struct gen *g, const struct ir_inst *i, ir_ref from, ir_ref near)
{
    ir_ref end = g->f->block[g->block].end;
    u64 accessed = 0;
    bool exact = false;
    if (i->type != IR_I64 || (i->op != IR_MUL && i->op != IR_MULHU)) return IR_NONE;
    unsigned wanted = i->op == IR_MUL ? IR_MULHU : IR_MUL;
    for (ir_ref n = from; n < end && n < from + FAR; n++) {
        const struct ir_inst *o = gen_inst(g, n);
        unsigned kind = ir_op_kind[o->op], hint = ir_hint(o);
        if (o->op == wanted && o->type == IR_I64 && same_factors(i, o)) {
            bool apart = hint && (exact || accessed >> (hint - 1) & 1);
            bool waits = n < near || may_have_pin(g, n);
            return waits && !apart && gen_left(g, n) && !g->val[n].place ? n : IR_NONE;
        }
        exact |= kind >= IR_KIND_POINT;
        if ((kind == IR_KIND_GET || kind == IR_KIND_SET) && o->imm < SLOT_REGISTERS)
            accessed |= UINT64_C(1) << o->imm;
    }
    return IR_NONE;
}

/* There are registers for both, beside those of the factors. */
static bool have_room(const struct gen *g, ir_ref r, ir_ref other)
{
    bool same = ir_hint(gen_inst(g, r)) == ir_hint(gen_inst(g, other));
    int need = 2 - may_have_pin(g, r) - (may_have_pin(g, other) && !same);
    return __builtin_popcount(g->gpr_temps & ~g->gpr_locked) >= need;
}

static void both_halves(struct gen *g, ir_ref r, const struct ir_inst *i, ir_ref other,
                        struct gen_factors f)
{
    gen_consume(g, i);
    gen_consume(g, gen_inst(g, other));
    unsigned dst = gen_def_gpr(g, r, NO_REG), second = gen_def_gpr(g, other, preferred(g));
    if (i->op == IR_MUL)
        mulx(g, 8, second, dst, f);
    else
        mulx(g, 8, dst, second, f);
}

/* --- left to its user ----------------------------------------------------------------------------
 */

/* The slot's value is a factor, and lives there only. */
static bool overwrites_factor(const struct gen *g, const struct ir_inst *i, unsigned slot)
{
    for (unsigned k = 0; k < 2; k++) {
        const struct val *v = &g->val[i->arg[k]];
        if (v->slot == slot + 1 && v->version == g->version[slot]) return true;
    }
    return false;
}

static bool takes_product(const struct ir_inst *i, ir_ref r)
{
    bool link = i->op == IR_ADC || i->op == IR_FLADC || i->op == IR_ADD || i->op == IR_FLADD;
    return link && i->type == IR_I64 && i->arg[1] == r && i->arg[0] != r;
}

/* All users of r are one addition with carry, or an addition's value and flags. */
static bool only_added(const struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref end = g->f->block[g->block].end;
    unsigned left = gen_left(g, r);
    if (left > 2 || i->type != IR_I64 || i->arg[0] == i->arg[1]) return false;
    for (ir_ref n = r + 1; n < end && n < r + LATER_DISTANCE; n++) {
        const struct ir_inst *o = gen_inst(g, n);
        if (takes_product(o, r)) {
            const struct ir_inst *p = o + 1;
            bool carry = o->op == IR_ADC || o->op == IR_FLADC;
            if (left == 1) return carry || o->op == IR_FLADD;
            while (n + 1 < end && p->op == IR_NOP) p++, n++;
            return n + 1 < end && takes_product(p, r) && p->arg[0] == o->arg[0];
        }
        for (unsigned k = 0; k < ir_op_args[o->op]; k++)
            if (o->arg[k] == r) return false;
        if (o->op == IR_HELPER) return false;
        if (o->op == IR_SET && o->imm < SLOT_V0 && overwrites_factor(g, i, (unsigned)o->imm))
            return false;
    }
    return false;
}

void gen_product(struct gen *g, ir_ref product, struct gen_factors f)
{
    const struct ir_inst *i = gen_inst(g, product);
    bool room = g->gpr_temps & g->gpr.free & ~g->gpr_locked;
    ir_ref from = g->at + 1, other = other_half(g, i, from, room ? from + NEAR : from);
    unsigned second = X64_RAX;
    if (other) {
        gen_consume(g, gen_inst(g, other));
        second = gen_def_gpr(g, other, NO_REG);
    }
    if (i->op == IR_MUL)
        mulx(g, 8, second, X64_RCX, f);
    else
        mulx(g, 8, X64_RCX, second, f);
}

static bool leave_to_user(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!only_added(g, r, i)) return false;
    g->val[r].place = VAL_LATER;
    return true;
}

bool gen_leaves_product(const struct gen *g, ir_ref r)
{
    const struct ir_inst *i = gen_inst(g, r);
    bool product = (i->op == IR_MUL || i->op == IR_MULHU) && gen_has(g, X64_HAS_BMI2);
    return product && !other_half(g, i, r + 1, r + NEAR) && only_added(g, r, i);
}

bool gen_mulx(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->val[r].place != VAL_NONE) return true; /* its other half before it has done it */
    if (i->op == IR_MULHS || !gen_has(g, X64_HAS_BMI2)) return false;
    ir_ref other = other_half(g, i, r + 1, r + NEAR);
    if (!other && leave_to_user(g, r, i)) return true;
    if (!other && i->op == IR_MUL && !gen_flags_busy(g)) return false;
    struct gen_factors f = gen_factors(g, i);
    if (other && have_room(g, r, other))
        both_halves(g, r, i, other, f);
    else
        one_half(g, r, i, f);
    return true;
}
