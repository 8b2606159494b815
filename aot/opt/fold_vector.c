/*
 * Folding of vectors: constants in all lanes, and upper halves that are known to be zero, or that
 * nobody looks at. Compilers keep the factors of fixed-point transforms in registers, so a
 * multiplication that saturates is one by a constant once its DUP is known.
 */
#include "aot/opt/pass.h"

#define MAX_DEPTH 4 /* of operations looked through for zeros above */

struct vector {
    u64 low, high;
};

static bool constant(const struct ir_func *f, ir_ref r, struct vector *v)
{
    const struct ir_inst *i = &f->inst[r];
    if (i->op == IR_CONST && i->type == IR_V128)
        *v = (struct vector){(u64)i->imm, (u64)i->imm};
    else if (i->op == IR_VCONST2)
        *v = (struct vector){(u64)i->imm, i->arg[0] | (u64)i->arg[1] << 32};
    else
        return false;
    return true;
}

/* r becomes a constant. */
static ir_ref become(struct ir_func *f, ir_ref r, struct vector v)
{
    struct ir_inst *i = &f->inst[r], was = *i;
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) f->inst[i->arg[k]].uses--;
    *i = (struct ir_inst){.op = IR_CONST, .type = IR_V128, .uses = was.uses, .note = was.note};
    i->imm = (s64)v.low;
    if (v.low == v.high) return r;
    i->op = IR_VCONST2;
    i->arg[0] = (u32)v.high;
    i->arg[1] = (u32)(v.high >> 32);
    return r;
}

/* The low 2^esz bytes of value in every lane. */
static struct vector splat(unsigned esz, u64 value)
{
    for (unsigned width = 8u << esz; width < 64; width *= 2)
        value = bits(value, 0, width) | value << width;
    return (struct vector){value, value};
}

ir_ref opt_fold_dup(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r], *a = &f->inst[i->arg[0]];
    return a->op == IR_CONST ? become(f, r, splat(i->esz, (u64)a->imm)) : r;
}

/* The bytes' sums, each 0xff if it is more than that. */
static u64 saturating_sums(u64 a, u64 b)
{
    u64 sums = 0;
    for (unsigned at = 0; at < 64; at += 8) {
        u64 sum = bits(a, at, 8) + bits(b, at, 8);
        sums |= (sum > 0xff ? 0xff : sum) << at;
    }
    return sums;
}

/* Of bytes with a constant: indices of a table, which several instructions may use. */
ir_ref opt_fold_index(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    struct vector a, b;
    if (i->esz || !constant(f, i->arg[1], &b)) return r;
    if (!constant(f, i->arg[0], &a)) return opt_use_again(f, r);
    return become(f, r,
                  (struct vector){saturating_sums(a.low, b.low), saturating_sums(a.high, b.high)});
}

/* --- low and high halves -------------------------------------------------------------------------
 */

/* What has the same low half as a, if a is made of it with zeros above. */
static ir_ref without_zeros(const struct ir_func *f, ir_ref a)
{
    const struct ir_inst *i = &f->inst[a];
    if (i->op == IR_VLOW) return i->arg[0];
    if (i->op != IR_FTOV) return a;
    const struct ir_inst *scalar = &f->inst[i->arg[0]];
    return scalar->op == IR_VTOF && scalar->type == IR_F64 ? scalar->arg[0] : a;
}

static void use_instead(struct ir_func *f, struct ir_inst *i, unsigned k, ir_ref v)
{
    f->inst[v].uses++;
    f->inst[i->arg[k]].uses--;
    i->arg[k] = v;
}

/* For an operation that looks at nothing but the low halves of its vectors. */
static void use_low_halves(struct ir_func *f, struct ir_inst *i)
{
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
        ir_ref v = without_zeros(f, i->arg[k]);
        if (v != i->arg[k]) use_instead(f, i, k, v);
    }
}

ir_ref opt_fold_low_half(struct ir_func *f, ir_ref r)
{
    use_low_halves(f, &f->inst[r]);
    return r;
}

ir_ref opt_fold_half(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    if (!i->mod) use_low_halves(f, i);
    return r;
}

ir_ref opt_fold_widened(struct ir_func *f, ir_ref r)
{
    return opt_use_again(f, opt_fold_half(f, r));
}

/* Of two upper halves it is their interleaving. */
ir_ref opt_fold_pair(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    const struct ir_inst *a = &f->inst[i->arg[0]], *b = &f->inst[i->arg[1]];
    if (a->op != IR_VHIGH || b->op != IR_VHIGH) return opt_fold_low_half(f, r);
    use_instead(f, i, 0, a->arg[0]);
    use_instead(f, i, 1, b->arg[0]);
    i->op = IR_VZIP2;
    i->esz = 3;
    return r;
}

/* Low half to upper half: a pair. */
ir_ref opt_fold_insert(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    if (i->esz != 3 || i->imm != 1) return r; /* from lane 0 to lane 1 */
    i->op = IR_VPAIR;
    i->esz = 0;
    i->imm = 0;
    return opt_fold_pair(f, r);
}

ir_ref opt_fold_dup_lane(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    struct vector v;
    unsigned width = 8u << i->esz, at = (unsigned)i->imm * width;
    if (constant(f, i->arg[0], &v))
        return become(f, r, splat(i->esz, at < 64 ? v.low >> at : v.high >> (at - 64)));
    if (at < 64) use_low_halves(f, i);
    return opt_use_again(f, r);
}

/* The upper half is zero. */
static bool is_low(const struct ir_func *f, ir_ref r, unsigned depth)
{
    const struct ir_inst *i = &f->inst[r];
    struct vector v;
    if (constant(f, r, &v)) return !v.high;
    if (!depth) return false;
    switch (i->op) {
    case IR_VLOW:
    case IR_FTOV:
    case IR_VXTN:
    case IR_VSQXTN:
    case IR_VUQXTN:
    case IR_VSQXTUN:
    case IR_VHIGH: return true;
    case IR_LOAD: return i->esz < 4;
    case IR_VSHLI:
    case IR_VSHRI:
    case IR_VROLI:
    case IR_VSARI:
    case IR_VRSHRI:
    case IR_VRSARI:
    case IR_VABS:
    case IR_VNEG:
    case IR_VCNT:
    case IR_VANDN: return is_low(f, i->arg[0], depth - 1);
    case IR_VAND: return is_low(f, i->arg[0], depth - 1) || is_low(f, i->arg[1], depth - 1);
    case IR_VADD:
    case IR_VSUB:
    case IR_VMUL:
    case IR_VOR:
    case IR_VXOR:
    case IR_VSQADD:
    case IR_VSQSUB:
    case IR_VUQADD:
    case IR_VUQSUB:
    case IR_VSHADD:
    case IR_VUHADD:
    case IR_VSRHADD:
    case IR_VURHADD:
    case IR_VSABD:
    case IR_VUABD:
    case IR_VSMIN:
    case IR_VSMAX:
    case IR_VUMIN:
    case IR_VUMAX:
    case IR_VSQDMULH:
    case IR_VSQRDMULH:
    case IR_VCMPGTS:
    case IR_VCMPGTU: return is_low(f, i->arg[0], depth - 1) && is_low(f, i->arg[1], depth - 1);
    default: return false;
    }
}

ir_ref opt_fold_low(struct ir_func *f, ir_ref r)
{
    ir_ref a = f->inst[r].arg[0];
    struct vector v;
    if (constant(f, a, &v)) return become(f, r, (struct vector){v.low, 0});
    return is_low(f, a, MAX_DEPTH) ? opt_replace(f, r, a) : r;
}

/* All ones in the elements of 2^esz bytes that are equal. */
static u64 equal_lanes(unsigned esz, u64 a, u64 b)
{
    unsigned width = 8u << esz;
    u64 result = 0, lane = width == 64 ? ~UINT64_C(0) : (UINT64_C(1) << width) - 1;
    for (unsigned at = 0; at < 64; at += width)
        if (!((a ^ b) >> at & lane)) result |= lane << at;
    return result;
}

ir_ref opt_fold_equal(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    struct vector a, b;
    if (!constant(f, i->arg[0], &a) || !constant(f, i->arg[1], &b)) return r;
    u64 low = equal_lanes(i->esz, a.low, b.low), high = equal_lanes(i->esz, a.high, b.high);
    return become(f, r, (struct vector){low, high});
}

/* The bits that may be set in each element of a shift's result; all for other values. */
static u64 possible_bits(const struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    if (i->op != IR_VSHRI && i->op != IR_VSHLI) return UINT64_MAX;
    unsigned width = 8u << i->esz, n = (unsigned)i->imm;
    u64 element = UINT64_MAX >> (64 - width);
    if (n >= width) return 0;
    return splat(i->esz, i->op == IR_VSHRI ? element >> n : element << n & element).low;
}

/* Zero, and masks of what a shift leaves anyway: those of SLI and SRI, where they rotate. */
ir_ref opt_fold_and_lanes(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    struct vector v;
    for (unsigned k = 0; k < 2; k++) {
        if (!constant(f, i->arg[k], &v)) continue;
        if (!v.low && !v.high) return become(f, r, v);
        if (!(possible_bits(f, i->arg[1 - k]) & ~(v.low & v.high)))
            return opt_replace(f, r, i->arg[1 - k]);
    }
    return r;
}

/* Two shifts of one value that leave each other room: a rotation. */
ir_ref opt_fold_or_lanes(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    bool left_first = f->inst[i->arg[0]].op == IR_VSHLI;
    const struct ir_inst *left = &f->inst[i->arg[!left_first]],
                         *right = &f->inst[i->arg[left_first]];
    if (left->op != IR_VSHLI || right->op != IR_VSHRI || left->esz != right->esz) return r;
    if (left->arg[0] != right->arg[0] || !left->imm) return r;
    if (left->imm + right->imm != 8 << left->esz) return r;
    s64 by = left->imm;
    u8 esz = left->esz;
    use_instead(f, i, 0, left->arg[0]);
    f->inst[i->arg[1]].uses--;
    *i = (struct ir_inst){.op = IR_VROLI,
                          .type = i->type,
                          .esz = esz,
                          .arg = {i->arg[0]},
                          .imm = by,
                          .uses = i->uses,
                          .note = i->note};
    return r;
}
