/*
 * Folding: integer operations on constants, cheap algebra, and addresses.
 *
 * An instruction is rewritten in place or replaced by an earlier value. Nothing is inserted, and
 * earlier instructions stay what they are: the lifter may hold their numbers (ir_birth_fn).
 *
 * Left alone, since the generator matches them: COND of FLSUB, ICMP of AND with 0, ADD and SUB
 * beside flags operations on the same operands, AND and OR of a value with itself (TST x, x). An
 * operand of an operand is used only where the operand between has no other use: else an old value
 * of a guest register would be kept alive beside the present one, which costs a move.
 */
#include "aot/opt/pass.h"

#include "aot/opt/fold_const.h"

static struct ir_inst *operand(struct ir_func *f, const struct ir_inst *i, unsigned k)
{
    return &f->inst[i->arg[k]];
}

static unsigned width_of(const struct ir_inst *i)
{
    return i->type == IR_I64 ? 64 : 32;
}

static void become_const(struct ir_func *f, struct ir_inst *i, s64 value)
{
    unsigned n = ir_op_info(i->op)->args;
    for (unsigned k = 0; k < n; k++) operand(f, i, k)->uses--;
    *i = (struct ir_inst){.op = IR_CONST, .type = i->type, .uses = i->uses, .note = i->note};
    i->imm = i->type == IR_I32 ? (s64)(u32)value : value;
}

/* Argument k becomes v. */
static void use_instead(struct ir_func *f, struct ir_inst *i, unsigned k, ir_ref v)
{
    operand(f, i, k)->uses--;
    f->inst[v].uses++;
    i->arg[k] = v;
}

static bool is_const(const struct ir_inst *i)
{
    return i->op == IR_CONST;
}

static bool is_const_of(const struct ir_inst *i, s64 value)
{
    if (!is_const(i)) return false;
    return i->type == IR_I32 ? (u32)i->imm == (u32)value : i->imm == value;
}

/* How many low bits of an integer may be set. */
static unsigned significant_bits(const struct ir_func *f, const struct ir_inst *i)
{
    const struct ir_inst *b = &f->inst[i->arg[1]];
    unsigned width = width_of(i);
    switch (i->op) {
    case IR_LOAD:
    case IR_LOADACQ:
    case IR_ZEXT: return 8u << i->esz < width ? 8u << i->esz : width;
    case IR_BINT: return 1;
    case IR_VGET: return 8u << i->esz < width ? 8u << i->esz : width;
    case IR_AND:
        if (!is_const(b) || b->imm <= 0) return width;
        return 64 - (unsigned)__builtin_clzll((u64)b->imm);
    case IR_SHR:
        if (!is_const(b)) return width;
        return width - ((unsigned)b->imm & (width - 1));
    default: return width;
    }
}

/* True when all arguments are constants and the result could be worked out. */
static bool fold_constants(struct ir_func *f, struct ir_inst *i)
{
    const struct ir_inst *a = operand(f, i, 0), *b = operand(f, i, 1);
    s64 result;
    if (!is_const(a) || (ir_op_args[i->op] > 1 && !is_const(b))) return false;
    if (!fold_const(i, a->imm, b->imm, &result)) return false;
    become_const(f, i, result);
    return true;
}

/* --- rules by operation --------------------------------------------------------------------------
 */

/* Constants go right, where the generator looks for them. */
static void swap_const(struct ir_func *f, struct ir_inst *i)
{
    if (!is_const(operand(f, i, 0)) || is_const(operand(f, i, 1))) return;
    ir_ref a = i->arg[0];
    i->arg[0] = i->arg[1];
    i->arg[1] = a;
}

/* Nothing but constants: NEG, ABS, NOT, ANDN, ORN. */
ir_ref opt_fold_plain(struct ir_func *f, ir_ref r)
{
    fold_constants(f, &f->inst[r]);
    return r;
}

ir_ref opt_fold_multiply(struct ir_func *f, ir_ref r)
{
    if (!fold_constants(f, &f->inst[r])) swap_const(f, &f->inst[r]);
    return r;
}

/* CLZ of RBIT counts from the other end. */
ir_ref opt_fold_clz(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    const struct ir_inst *a = operand(f, i, 0);
    if (a->op != IR_RBIT) return r;
    i->op = IR_CTZ;
    f->inst[i->arg[0]].uses--;
    i->arg[0] = a->arg[0];
    f->inst[i->arg[0]].uses++;
    return r;
}

/* FLADD, as the ADD beside it. */
ir_ref opt_fold_flags(struct ir_func *f, ir_ref r)
{
    swap_const(f, &f->inst[r]);
    return r;
}

/* x op 0 is x. */
static ir_ref drop_zero(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    return is_const_of(operand(f, i, 1), 0) ? opt_replace(f, r, i->arg[0]) : r;
}

ir_ref opt_fold_add(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *a, *b;
    if (fold_constants(f, i)) return r;
    swap_const(f, i);
    ir_ref v = drop_zero(f, r);
    if (v != r) return v;
    a = operand(f, i, 0);
    b = operand(f, i, 1);
    if (a->op != IR_GADDR || !is_const(b)) return r;
    s64 address = (s64)((u64)a->imm + (u64)b->imm);
    a->uses--;
    b->uses--;
    *i = (struct ir_inst){.op = IR_GADDR, .type = IR_I64, .uses = i->uses, .note = i->note};
    i->imm = address;
    return r;
}

ir_ref opt_fold_and(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    if (fold_constants(f, i)) return r;
    swap_const(f, i);
    const struct ir_inst *a = operand(f, i, 0), *b = operand(f, i, 1);
    if (!is_const(b)) return r;
    u64 mask = width_of(i) == 32 ? (u32)b->imm : (u64)b->imm;
    unsigned n = significant_bits(f, a);
    u64 all = n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
    if (!mask)
        become_const(f, i, 0);
    else if ((mask & all) == all)
        return opt_replace(f, r, i->arg[0]);
    return r;
}

ir_ref opt_fold_or(struct ir_func *f, ir_ref r)
{
    if (fold_constants(f, &f->inst[r])) return r;
    swap_const(f, &f->inst[r]);
    return drop_zero(f, r);
}

/* SUB and XOR: x op x is 0. */
ir_ref opt_fold_difference(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    if (fold_constants(f, i)) return r;
    if (i->op == IR_XOR) swap_const(f, i);
    if (i->arg[0] == i->arg[1])
        become_const(f, i, 0);
    else
        return drop_zero(f, r);
    return r;
}

/* (x << n) >> n is an extension for some n. */
static void fold_shift_pair(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *a = operand(f, i, 0), *b = operand(f, i, 1);
    unsigned width = width_of(i);
    if (!is_const(b) || a->op != IR_SHL || a->uses != 1 || !is_const(operand(f, a, 1))) return;
    unsigned n = (unsigned)b->imm & (width - 1), left = width - n;
    if (((unsigned)operand(f, a, 1)->imm & (width - 1)) != n) return;
    if (left != 8 && left != 16 && left != 32) return;
    b->uses--;
    use_instead(f, i, 0, a->arg[0]);
    i->arg[1] = IR_NONE;
    i->op = i->op == IR_SAR ? IR_SEXT : IR_ZEXT;
    i->esz = left == 8 ? 0 : left == 16 ? 1 : 2;
}

ir_ref opt_fold_shift(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *b = operand(f, i, 1);
    if (fold_constants(f, i)) return r;
    if (is_const(b) && ((u64)b->imm & (width_of(i) - 1)) == 0)
        return opt_replace(f, r, i->arg[0]);
    else if (i->op == IR_SHR || i->op == IR_SAR)
        fold_shift_pair(f, r);
    return r;
}

ir_ref opt_fold_zext(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *a = operand(f, i, 0);
    unsigned bits = 8u << i->esz;
    if (fold_constants(f, i)) return r;
    if ((a->op == IR_ZEXT || a->op == IR_SEXT) && a->esz >= i->esz && a->uses == 1) {
        use_instead(f, i, 0, a->arg[0]);
        a = operand(f, i, 0);
    }
    if (ir_value_type(a) == i->type && significant_bits(f, a) <= bits) {
        return opt_replace(f, r, i->arg[0]);
    } else if (a->op == IR_TRUNC && i->type == IR_I64 && a->uses == 1) {
        use_instead(f, i, 0, a->arg[0]);
    }
    return r;
}

ir_ref opt_fold_sext(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *a = operand(f, i, 0);
    if (fold_constants(f, i)) return r;
    bool same = ir_value_type(a) == i->type;
    if (same && (8u << i->esz >= width_of(i) || significant_bits(f, a) < 8u << i->esz))
        return opt_replace(f, r, i->arg[0]);
    else if (same && (a->op == IR_SEXT || a->op == IR_LOADS) && a->esz <= i->esz)
        return opt_replace(f, r, i->arg[0]);
    else if ((a->op == IR_ZEXT || a->op == IR_SEXT) && a->esz >= i->esz && a->uses == 1)
        use_instead(f, i, 0, a->arg[0]);
    return r;
}

ir_ref opt_fold_trunc(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    const struct ir_inst *a = operand(f, i, 0);
    if (fold_constants(f, i)) return r;
    bool extended = (a->op == IR_ZEXT || a->op == IR_SEXT) && a->esz == 2;
    if (extended && ir_value_type(operand(f, a, 0)) == IR_I32) return opt_replace(f, r, a->arg[0]);
    return r;
}

static bool is_negated(const struct ir_func *f, ir_ref r, ir_ref of)
{
    return f->inst[r].op == IR_NEG && f->inst[r].arg[0] == of;
}

/* CMP x, #0 and CNEG: the value x of x < 0 ? -x : x, else IR_NONE. A subtraction of 0 leaves V
 * clear, so GE is PL and LT is MI; 0 may go either way. */
static ir_ref made_absolute(struct ir_func *f, const struct ir_inst *i)
{
    const struct ir_inst *cond = operand(f, i, 0), *cmp = operand(f, cond, 0);
    if (cond->op != IR_COND || cmp->op != IR_FLSUB || cmp->type != i->type) return IR_NONE;
    if (!is_const_of(operand(f, cmp, 1), 0)) return IR_NONE;
    ir_ref x = cmp->arg[0], kept = i->arg[1], negated = i->arg[2];
    switch (cond->mod) {
    case IR_CC_LT:
    case IR_CC_LE:
    case IR_CC_MI: kept = i->arg[2]; negated = i->arg[1]; /* fallthrough */
    case IR_CC_GE:
    case IR_CC_GT:
    case IR_CC_PL: return kept == x && is_negated(f, negated, x) ? x : IR_NONE;
    default: return IR_NONE;
    }
}

ir_ref opt_fold_select(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    if (i->arg[1] == i->arg[2]) return opt_replace(f, r, i->arg[1]);
    ir_ref x = made_absolute(f, i);
    if (!x) return r;
    for (unsigned k = 0; k < 3; k++) operand(f, i, k)->uses--;
    f->inst[x].uses++;
    *i = (struct ir_inst){.op = IR_ABS, .type = i->type, .uses = i->uses, .note = i->note};
    i->arg[0] = x;
    return r;
}

/* The comparison with its operands exchanged. */
static unsigned swapped(unsigned cmp)
{
    static const u8 other[] = {
        [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_ULT] = IR_UGT, [IR_ULE] = IR_UGE,
        [IR_UGT] = IR_ULT, [IR_UGE] = IR_ULE, [IR_SLT] = IR_SGT, [IR_SLE] = IR_SGE,
        [IR_SGT] = IR_SLT, [IR_SGE] = IR_SLE};
    return other[cmp];
}

static unsigned inverse(unsigned cmp)
{
    static const u8 other[] = {
        [IR_EQ] = IR_NE,   [IR_NE] = IR_EQ,   [IR_ULT] = IR_UGE, [IR_ULE] = IR_UGT,
        [IR_UGT] = IR_ULE, [IR_UGE] = IR_ULT, [IR_SLT] = IR_SGE, [IR_SLE] = IR_SGT,
        [IR_SGT] = IR_SLE, [IR_SGE] = IR_SLT};
    return other[cmp];
}

ir_ref opt_fold_icmp(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    ir_ref a = i->arg[0];
    swap_const(f, i);
    if (i->arg[0] != a) i->mod = (u8)swapped(i->mod);
    return r;
}

/* The inverse comparison or condition in place of BNOT. */
ir_ref opt_fold_bnot(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    const struct ir_inst *a = operand(f, i, 0);
    if (a->op == IR_BNOT) {
        return opt_replace(f, r, a->arg[0]);
    }
    bool compares = a->op == IR_ICMP, tests = a->op == IR_COND && a->mod < IR_CC_AL;
    if (!compares && !tests) return r;
    struct ir_inst n = *a;
    n.mod = (u8)(compares ? inverse(a->mod) : a->mod ^ 1u);
    n.uses = i->uses;
    n.note = i->note;
    for (unsigned k = 0; k < ir_op_info(n.op)->args; k++) operand(f, &n, k)->uses++;
    operand(f, i, 0)->uses--;
    *i = n;
    return r;
}

/* --- addresses ----------------------------------------------------------------------------------
 */

/* a + (b << mod) + imm with an index of its own: b = x << n. */
static void fold_index(struct ir_func *f, struct ir_inst *i)
{
    const struct ir_inst *b = operand(f, i, 1);
    if (b->op != IR_SHL || b->uses != 1 || !is_const(operand(f, b, 1))) return;
    u64 n = (u64)operand(f, b, 1)->imm & 63;
    if (i->mod + n > 3) return;
    use_instead(f, i, 1, b->arg[0]);
    i->mod = (u8)(i->mod + n);
}

/* The base is a sum that only this access uses: its parts become base, index and displacement. */
ir_ref opt_fold_address(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r], *a = operand(f, i, 0);
    for (unsigned depth = 0; depth < 2 && a->op == IR_ADD && a->uses == 1; depth++) {
        const struct ir_inst *b = operand(f, a, 1);
        s64 imm;
        if (is_const(b)) {
            if (__builtin_add_overflow(i->imm, b->imm, &imm) || imm != (s32)imm) break;
            i->imm = imm;
        } else {
            if (i->arg[1]) break;
            i->arg[1] = a->arg[1];
            operand(f, i, 1)->uses++;
        }
        use_instead(f, i, 0, a->arg[0]);
        a = operand(f, i, 0);
    }
    if (i->arg[1]) fold_index(f, i);
    return r;
}
