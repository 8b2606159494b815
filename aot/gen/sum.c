/*
 * Additions and subtractions, with carry or without, and their flags.
 *
 * A value and the flags of the same operands beside it are one host instruction. So are the links
 * of a carry chain: what a link leaves in EFLAGS, the next one takes from there, while products,
 * loads, stores and moves between them leave EFLAGS alone. The guest's carry after a subtraction is
 * the complement of CF, which SBB takes as it is. Where flags must outlive an addition that doesn't
 * set any, that goes by SETC and LEA.
 */
#include "aot/gen/nzcv.h"

/* CF = the carry of flags that are saved, if the bool is that. */
static bool saved_carry(struct gen *g, ir_ref bool_value, bool complement)
{
    const struct ir_inst *i = gen_inst(g, bool_value);
    bool carry =
        g->val[bool_value].place == VAL_LATER && i->op == IR_COND && i->mod >> 1 == IR_CC_CS >> 1;
    if (!carry) return false;
    unsigned place = g->val[i->arg[0]].place;
    if (place == VAL_EFLAGS || place == VAL_CONST) return false;
    gen_clobber_flags(g); /* may spill: only now look where it is */
    struct val *v = gen_unspilled(g, i->arg[0]);
    u8 bit = (u8)__builtin_ctz(NZCV_C);
    if (v->place == VAL_GPR)
        x64_bit_ri(&g->b, X64_BT, 4, v->reg, bit);
    else
        x64_bit_mi(&g->b, X64_BT, 4, gen_home(SLOT_NZCV), bit);
    if ((i->mod & 1) != complement) x64_plain(&g->b, X64_CMC);
    gen_consume_one(g, bool_value);
    return true;
}

/* CF = the bool, or its complement; EFLAGS otherwise undefined. Consumes the bool. */
static void carry_in(struct gen *g, ir_ref bool_value, bool complement)
{
    if (saved_carry(g, bool_value, complement)) return;
    struct host_cond c = gen_cond(g, bool_value);
    gen_consume_one(g, bool_value);
    gen_forget_eflags(g, true);
    if (c.parity || (c.cc != X64_CC_B && c.cc != X64_CC_AE)) {
        gen_setcc(g, c, X64_RAX);
        x64_alu_ri(&g->b, X64_ADD, 1, X64_RAX, -1); /* CF = (AL != 0) */
        c.cc = X64_CC_B;
    }
    if ((c.cc == X64_CC_AE) != complement) x64_plain(&g->b, X64_CMC);
}

/* The instruction behind r, if it is `op` on the same operands: the other of value and flags. */
static ir_ref partner(const struct gen *g, ir_ref r, unsigned op)
{
    const struct ir_inst *i = gen_inst(g, r);
    ir_ref n = r + 1, end = g->f->block[g->block].end;
    while (n < end && gen_inst(g, n)->op == IR_NOP) n++;
    const struct ir_inst *o = gen_inst(g, n);
    bool same = n < end && o->op == op && o->type == i->type && o->arg[0] == i->arg[0] &&
                o->arg[1] == i->arg[1] && o->arg[2] == i->arg[2];
    return same ? n : IR_NONE;
}

/* A compare whose first operand is in memory. */
static bool compare_memory(struct gen *g, ir_ref flags, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    struct x64_mem m;
    s32 imm;
    if (!gen_in_memory(g, i->arg[0], 1, &m)) return false;
    bool has_imm = gen_imm32(g, i->arg[1], &imm);
    unsigned b = has_imm ? NO_REG : gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    if (has_imm)
        x64_alu_mi(&g->b, X64_CMP, size, m, imm);
    else
        x64_alu_mr(&g->b, X64_CMP, size, m, b);
    gen_flags_in(g, flags, EF_SUB);
    gen_flags_expr(g, flags, NZCV_OF_SUB, i, IR_NONE);
    return true;
}

/* Operands of an addition or subtraction: a in a register, or a constant; b one of the others. */
struct sum {
    unsigned size;
    unsigned a, b; /* NO_REG: elsewhere */
    s64 a_value;   /* where a is not in a register */
    bool imm, mem, product;
    s32 value;
    struct x64_mem m;
    struct gen_factors factors;
};

static struct sum sum_operands(struct gen *g, const struct ir_inst *i, unsigned uses)
{
    struct sum s = {.size = gen_size(i->type), .a = NO_REG, .b = NO_REG};
    s.product = gen_is_product(g, i->arg[1]);
    if (s.product) s.factors = gen_factors(g, gen_inst(g, i->arg[1]));
    s.imm = gen_imm32(g, i->arg[1], &s.value);
    s.mem = !s.product && gen_in_memory(g, i->arg[1], uses, &s.m);
    if (!gen_const(g, i->arg[0], &s.a_value)) s.a = gen_use_gpr(g, i->arg[0]);
    if (!s.imm && !s.mem && !s.product) s.b = gen_use_gpr(g, i->arg[1]);
    return s;
}

/* Its factors' registers are needed no more. */
static void product_now(struct gen *g, ir_ref product, const struct sum *s)
{
    gen_product(g, product, s->factors);
    g->gpr_locked = s->a != NO_REG ? 1u << s->a : 0;
}

/* dst op= b */
static void apply_b(struct gen *g, enum x64_alu op, unsigned dst, const struct sum *s)
{
    if (s->imm)
        x64_alu_ri(&g->b, op, s->size, dst, s->value);
    else if (s->mem)
        x64_alu_rm(&g->b, op, s->size, dst, s->m);
    else
        x64_alu_rr(&g->b, op, s->size, dst, s->product ? X64_RCX : s->b);
}

/* dst = a, by a move that keeps EFLAGS. */
static void fetch_a(struct gen *g, unsigned dst, const struct sum *s)
{
    if (s->a == NO_REG)
        x64_mov_ri(&g->b, dst, s->size == 4 ? (u32)s->a_value : (u64)s->a_value);
    else if (s->a != dst)
        x64_mov_rr(&g->b, s->size, dst, s->a);
}

/* The carry that goes into i is in EFLAGS, and these are wanted behind it: storing them would cost
 * more than an addition that leaves them alone. */
static bool flags_outlive(const struct gen *g, const struct ir_inst *i)
{
    ir_ref bool_value = i->arg[2];
    const struct ir_inst *c = gen_inst(g, bool_value);
    bool carry = g->val[bool_value].place == VAL_LATER && c->op == IR_COND &&
                 c->mod >> 1 == IR_CC_CS >> 1 && g->eflags != EF_FCMP;
    ir_ref flags = g->eflags_of;
    if (!carry || c->arg[0] != flags) return false;
    bool used = gen_left(g, flags) > 1 || gen_left(g, bool_value) > 1;
    s64 a = 0;
    bool fits = !gen_const(g, i->arg[0], &a) || a == 0;
    bool seen = g->nzcv == flags && g->pending.x.kind == NZCV_NONE && gen_nzcv_live(g);
    return fits && (used || seen);
}

/* value = a + b + carry, or a + ~b + carry, and EFLAGS stay as they are. */
static void beside_flags(struct gen *g, ir_ref value, const struct ir_inst *i)
{
    struct x64_buf *b = &g->b;
    struct sum s = sum_operands(g, i, 1);
    bool sub = i->op == IR_SBC;
    if (s.product) product_now(g, i->arg[1], &s);
    if (s.mem) x64_mov_rm(b, s.size, X64_RCX, s.m);
    if (s.b != NO_REG && sub) x64_mov_rr(b, s.size, X64_RCX, s.b);
    if (sub && !s.imm) x64_un_r(b, X64_NOT, s.size, X64_RCX);
    gen_setcc(g, gen_cond(g, i->arg[2]), X64_RAX);
    gen_consume(g, i);
    s64 known = !s.imm ? 0 : sub ? ~(s64)s.value : s.value;
    unsigned reg = s.b != NO_REG && !sub ? s.b : X64_RCX;
    if (!s.imm) x64_lea(b, 8, X64_RAX, x64_mem_bi(X64_RAX, (int)reg, 0, 0));
    unsigned dst = gen_def_gpr(g, value, s.a);
    if (s.a != NO_REG)
        x64_lea(b, s.size, dst, x64_mem_bi(X64_RAX, (int)s.a, 0, (s32)known));
    else if (known)
        x64_lea(b, s.size, dst, x64_mem_b(X64_RAX, (s32)known));
    else
        x64_mov_rr(b, s.size, dst, X64_RAX);
}

/*
 * value = a op b with its flags left in EFLAGS for `flags`; either may be IR_NONE. op is one of
 * ADD, SUB, ADC, SBB on the host. Both instructions' operands are consumed.
 */
static void with_flags(struct gen *g, ir_ref value, ir_ref flags, const struct ir_inst *i,
                       enum x64_alu op)
{
    bool carry = op == X64_ADC || op == X64_SBB;
    enum eflags_kind kind = op == X64_SUB || op == X64_SBB ? EF_SUB : EF_ADD;
    unsigned uses = value && flags ? 2 : 1, dst = X64_RAX;
    if (!value && op == X64_SUB && compare_memory(g, flags, i)) return;
    if (carry && !flags && flags_outlive(g, i)) {
        beside_flags(g, value, i);
        return;
    }
    if (carry) {
        if (uses == 2) gen_consume_one(g, i->arg[2]);
        carry_in(g, i->arg[2], op == X64_SBB);
        gen_unlock(g); /* what follows leaves EFLAGS alone */
    } else {
        gen_clobber_flags(g);
    }
    struct sum s = sum_operands(g, i, uses);
    if (s.product) product_now(g, i->arg[1], &s);
    for (unsigned n = 0; n < uses; n++)
        gen_consume_one(g, i->arg[0]), gen_consume_one(g, i->arg[1]);
    if (!value && op == X64_SUB && s.a != NO_REG) { /* a compare */
        if (s.imm && !s.value)                      /* C and V are those of x - 0, too */
            x64_test_rr(&g->b, s.size, s.a, s.a);
        else
            apply_b(g, X64_CMP, s.a, &s);
        gen_flags_in(g, flags, kind);
        gen_flags_expr(g, flags, NZCV_OF_SUB, i, IR_NONE);
        return;
    }
    if (value) dst = gen_def_gpr(g, value, s.a);
    unsigned work = dst == s.b && dst != s.a ? X64_RAX : dst;
    fetch_a(g, work, &s);
    apply_b(g, op, work, &s);
    if (work != dst) x64_mov_rr(&g->b, s.size, dst, work);
    if (!flags) {
        g->eflags = EF_NONE;
        return;
    }
    gen_flags_in(g, flags, kind);
    enum nzcv_kind expr = carry ? NZCV_NONE : kind == EF_SUB ? NZCV_OF_SUB : NZCV_OF_ADD;
    gen_flags_expr(g, flags, expr, i, carry ? IR_NONE : value);
}

/* The four pairs of value and flags operations. */
static const struct pair {
    u8 value, flags, alu;
} pairs[] = {{IR_ADD, IR_FLADD, X64_ADD},
             {IR_SUB, IR_FLSUB, X64_SUB},
             {IR_ADC, IR_FLADC, X64_ADC},
             {IR_SBC, IR_FLSBC, X64_SBB}};

static const struct pair *pair_of(unsigned op)
{
    for (size_t n = 0; n < ARRAY_SIZE(pairs); n++)
        if (pairs[n].value == op || pairs[n].flags == op) return &pairs[n];
    return NULL;
}

/* A comparison that only an FLSELECT close by wants is left to it. */
static bool only_selected(const struct gen *g, ir_ref r)
{
    ir_ref end = g->f->block[g->block].end;
    if (gen_left(g, r) != 1) return false;
    for (ir_ref n = r + 1; n < end && n < r + 6; n++) {
        const struct ir_inst *i = gen_inst(g, n);
        if (i->op == IR_FLSELECT && i->arg[1] == r) return gen_inst(g, i->arg[2])->op == IR_FLCONST;
    }
    return false;
}

/* Flags that nobody but a SET right behind wants, and that guest registers give again, are never
 * computed: what sees NZCV before the next SET does it. The SET takes the candidate. */
static bool only_an_expression(struct gen *g, ir_ref r, const struct ir_inst *i,
                               enum nzcv_kind kind)
{
    const struct ir_inst *set = i + 1;
    bool at_once = r + 1 < g->f->block[g->block].end && set->op == IR_SET &&
                   set->imm == SLOT_NZCV && set->arg[0] == r;
    if (!at_once || gen_left(g, r) != 1) return false;
    gen_flags_expr(g, r, kind, i, IR_NONE);
    if (g->candidate.x.kind == NZCV_NONE) return false;
    g->val[r].place = VAL_LATER;
    return true;
}

void gen_flags_op(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    const struct pair *p = pair_of(i->op);
    ir_ref value = partner(g, r, p->value);
    if (g->val[r].place == VAL_EFLAGS) return; /* its partner before it has done it */
    if (value && (gen_left(g, value) == 0)) value = IR_NONE;
    if (!value && (i->op == IR_FLSUB || i->op == IR_FLADD) && only_selected(g, r)) {
        g->val[r].place = VAL_LATER;
        return;
    }
    if (!value && i->op == IR_FLSUB && only_an_expression(g, r, i, NZCV_OF_SUB)) return;
    with_flags(g, value, r, i, p->alu);
}

bool gen_with_flags(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    const struct pair *p = pair_of(i->op);
    ir_ref flags = partner(g, r, p->flags);
    if (g->val[r].place != VAL_NONE) return true; /* its partner before it has done it */
    if (flags && !gen_left(g, flags)) flags = IR_NONE;
    if (!flags && (i->op == IR_ADD || i->op == IR_SUB)) return false;
    with_flags(g, r, flags, i, p->alu);
    return true;
}
