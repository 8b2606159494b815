/*
 * Floating-point arithmetic, minimum and maximum, comparison. Each function follows the
 * architecture manual's pseudocode of the name in its comment.
 */
#include "aot/ir/eval_fp.h"

/* The operands of an operation of two, unpacked in their order. */
struct pair {
    struct fp_value x, y;
};

static struct pair unpack2(struct eval_op *o, u64 a, u64 b)
{
    struct pair p;

    p.x = fp_unpack(o, o->esz, a, FP_ARITH);
    p.y = fp_unpack(o, o->esz, b, FP_ARITH);
    return p;
}

/* FPAdd; FPSub when y's sign is flipped first (its NaNs aren't). */
static u64 add(struct eval_op *o, u64 a, u64 b, bool subtract)
{
    struct pair p = unpack2(o, a, b);
    u64 r;

    if (fp_process_nans(o, o->esz, &p.x, a, &p.y, b, &r)) return r;
    p.y.sign ^= subtract;
    if (p.x.cls == FP_INF || p.y.cls == FP_INF) {
        if (p.x.cls == p.y.cls && p.x.sign != p.y.sign) return fp_invalid(o, o->esz);
        return fp_infinity(o->esz, p.x.cls == FP_INF ? p.x.sign : p.y.sign);
    }
    if (p.x.cls == FP_ZERO && p.y.cls == FP_ZERO && p.x.sign == p.y.sign)
        return fp_zero(o->esz, p.x.sign);
    return fp_sum(o, o->esz, fp_term_of(&p.x), fp_term_of(&p.y), 0, fp_mode(o));
}

/* FPMul, FPMulX. */
static u64 multiply(struct eval_op *o, u64 a, u64 b, bool extended)
{
    struct pair p = unpack2(o, a, b);
    bool sign = p.x.sign != p.y.sign;
    struct fp_term t;
    u64 r;

    if (fp_process_nans(o, o->esz, &p.x, a, &p.y, b, &r)) return r;
    if (p.x.cls == FP_INF || p.y.cls == FP_INF) {
        if (p.x.cls == FP_ZERO || p.y.cls == FP_ZERO) {
            if (!extended) return fp_invalid(o, o->esz);
            /* 2.0: the exponent field's top bit alone */
            return fp_zero(o->esz, sign) | fp_sign_bit(o->esz) >> 1;
        }
        return fp_infinity(o->esz, sign);
    }
    if (p.x.cls == FP_ZERO || p.y.cls == FP_ZERO) return fp_zero(o->esz, sign);
    t = fp_product(&p.x, &p.y);
    t.sig <<= 1;
    return fp_round(o, o->esz, sign, t.exp, (u64)(t.sig >> 64) | ((u64)t.sig != 0), fp_mode(o),
                    FP_ARITH);
}

/* FPDiv. */
static u64 divide(struct eval_op *o, u64 a, u64 b)
{
    struct pair p = unpack2(o, a, b);
    bool sign = p.x.sign != p.y.sign;
    s32 exp = p.x.exp - p.y.exp;
    u128 dividend;
    bool inexact;
    u64 q, r;

    if (fp_process_nans(o, o->esz, &p.x, a, &p.y, b, &r)) return r;
    if (p.x.cls == p.y.cls && p.x.cls != FP_FINITE) return fp_invalid(o, o->esz);
    if (p.x.cls == FP_INF || p.y.cls == FP_ZERO) {
        if (p.x.cls != FP_INF) o->flags |= FPSR_DZC;
        return fp_infinity(o->esz, sign);
    }
    if (p.x.cls == FP_ZERO || p.y.cls == FP_INF) return fp_zero(o->esz, sign);
    /* The quotient of two numbers in [2^63, 2^64), scaled to have 63 or 64 bits. */
    dividend = (u128)p.x.sig << 63;
    q = (u64)(dividend / p.y.sig);
    inexact = (u128)q * p.y.sig != dividend;
    if (!(q >> 63)) { /* the bit that moves in is far below rounding */
        q <<= 1;
        exp--;
    }
    q |= inexact;
    return fp_round(o, o->esz, sign, exp, q, fp_mode(o), FP_ARITH);
}

/*
 * Square root of sig * 2^(exp - 63) to `n` bits, digit by digit; the last bit is sticky. The root
 * comes with bit 63 set.
 */
static u64 root_of(u64 sig, bool odd, unsigned n)
{
    u128 radicand = (u128)sig << (odd ? 64 : 63); /* in [2^126, 2^128) */
    u64 root = 0, remainder = 0;

    for (unsigned i = 0; i < n; i++) {
        u64 trial = root << 2 | 1;

        remainder = remainder << 2 | (u64)(radicand >> 126);
        radicand <<= 2;
        root <<= 1;
        if (remainder >= trial) {
            remainder -= trial;
            root |= 1;
        }
    }
    return root << (64 - n) | (remainder != 0 || radicand != 0);
}

/* FPSqrt. */
static u64 square_root(struct eval_op *o, u64 a)
{
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    bool odd = v.exp & 1;

    if (fp_is_nan(&v)) return fp_process_nan(o, o->esz, &v, a);
    if (v.cls == FP_ZERO) return fp_zero(o->esz, v.sign);
    if (v.sign) return fp_invalid(o, o->esz);
    if (v.cls == FP_INF) return fp_infinity(o->esz, false);
    return fp_round(o, o->esz, false, (v.exp - odd) / 2,
                    root_of(v.sig, odd, fp_formats[o->esz].frac + 3u), fp_mode(o), FP_ARITH);
}

/* FPMulAdd's rule for NaNs (FPProcessNaNs3), true when it gives the result. */
static bool nans_of_fma(struct eval_op *o, unsigned esz, const struct fp_value v[3],
                        const u64 bits[3], u64 *r)
{
    unsigned first = 3;

    if (!fp_is_nan(&v[0]) && !fp_is_nan(&v[1]) && !fp_is_nan(&v[2])) return false;
    if (v[0].cls == FP_QNAN && ((v[1].cls == FP_INF && v[2].cls == FP_ZERO) ||
                                (v[1].cls == FP_ZERO && v[2].cls == FP_INF))) {
        *r = fp_invalid(o, esz);
        return true;
    }
    for (unsigned i = 3; i-- > 0;)
        if (v[i].cls == FP_QNAN) first = i;
    for (unsigned i = 3; i-- > 0;)
        if (v[i].cls == FP_SNAN) first = i;
    *r = fp_process_nan(o, esz, &v[first], bits[first]);
    return true;
}

u64 fp_multiply_add(struct eval_op *o, unsigned esz, const struct fp_value v[3], const u64 bits[3])
{
    bool sign = v[1].sign != v[2].sign;
    bool infinite = v[1].cls == FP_INF || v[2].cls == FP_INF;
    bool zero = v[1].cls == FP_ZERO || v[2].cls == FP_ZERO;
    u64 r;

    if (nans_of_fma(o, esz, v, bits, &r)) return r;
    if ((infinite && zero) || (infinite && v[0].cls == FP_INF && v[0].sign != sign))
        return fp_invalid(o, esz);
    if (v[0].cls == FP_INF) return fp_infinity(esz, v[0].sign);
    if (infinite) return fp_infinity(esz, sign);
    if (v[0].cls == FP_ZERO && zero && v[0].sign == sign) return fp_zero(esz, sign);
    return fp_sum(o, esz, fp_term_of(&v[0]), fp_product(&v[1], &v[2]), 0, fp_mode(o));
}

/* FPMulAdd: a + b * c. */
u64 eval_FMA(struct eval_op *o, u64 a, u64 b, u64 c)
{
    u64 negate = fp_sign_bit(o->esz);
    u64 bits[3] = {o->mod & 2 ? a ^ negate : a, o->mod & 1 ? b ^ negate : b, c};
    struct fp_value v[3];

    for (unsigned i = 0; i < 3; i++) v[i] = fp_unpack(o, o->esz, bits[i], FP_ARITH);
    return fp_multiply_add(o, o->esz, v, bits);
}

/* FPMin, FPMax: -0 is below +0, and a flushed denormal gives zero. */
static u64 extreme(struct eval_op *o, u64 a, u64 b, bool max)
{
    struct pair p = unpack2(o, a, b);
    bool first;
    u64 r;

    if (fp_process_nans(o, o->esz, &p.x, a, &p.y, b, &r)) return r;
    if (p.x.cls == FP_ZERO && p.y.cls == FP_ZERO)
        return fp_zero(o->esz, max ? p.x.sign && p.y.sign : p.x.sign || p.y.sign);
    first = max ? fp_compare(&p.x, &p.y) > 0 : fp_compare(&p.x, &p.y) < 0;
    if ((first ? p.x.cls : p.y.cls) == FP_ZERO) return fp_zero(o->esz, first ? p.x.sign : p.y.sign);
    return first ? a : b;
}

/* FPMinNum, FPMaxNum: a single quiet NaN counts as the infinity that never wins. */
static u64 extreme_number(struct eval_op *o, u64 a, u64 b, bool max)
{
    u32 flags = o->flags;
    struct pair p = unpack2(o, a, b);

    if (p.x.cls == FP_QNAN && p.y.cls != FP_QNAN)
        a = fp_infinity(o->esz, max);
    else if (p.x.cls != FP_QNAN && p.y.cls == FP_QNAN)
        b = fp_infinity(o->esz, max);
    o->flags = flags;
    return extreme(o, a, b, max);
}

static u64 absolute_difference(struct eval_op *o, u64 a, u64 b)
{
    return add(o, a, b, true) & ~fp_sign_bit(o->esz);
}

enum relation { EQUAL, GREATER, GREATER_EQUAL };

/* FPCompareEQ, FPCompareGT, FPCompareGE: the ordered ones signal on quiet NaNs too. */
static u64 compare(struct eval_op *o, u64 a, u64 b, enum relation relation)
{
    struct pair p = unpack2(o, a, b);
    int order;

    if (fp_is_nan(&p.x) || fp_is_nan(&p.y)) {
        if (relation != EQUAL || p.x.cls == FP_SNAN || p.y.cls == FP_SNAN) o->flags |= FPSR_IOC;
        return 0;
    }
    order = fp_compare(&p.x, &p.y);
    return eval_mask(relation == EQUAL ? order == 0 : relation == GREATER ? order > 0 : order >= 0);
}

/* FPCompare. */
EVAL_WHOLE(FLFCMP)
{
    struct pair p;
    int order;

    o->esz = (u8)(o->type - IR_F16 + 1);
    p = unpack2(o, a->d[0], b->d[0]);
    if (fp_is_nan(&p.x) || fp_is_nan(&p.y)) {
        if ((o->mod & 1) || p.x.cls == FP_SNAN || p.y.cls == FP_SNAN) o->flags |= FPSR_IOC;
        out->d[0] = NZCV_C | NZCV_V;
        return;
    }
    order = fp_compare(&p.x, &p.y);
    out->d[0] = order < 0 ? NZCV_N : order > 0 ? NZCV_C : NZCV_Z | NZCV_C;
}

EVAL_LANE(FADD, add(o, a, b, false))
EVAL_LANE(FSUB, add(o, a, b, true))
EVAL_LANE(FMUL, multiply(o, a, b, false))
EVAL_LANE(FMULX, multiply(o, a, b, true))
EVAL_LANE(FDIV, divide(o, a, b))
EVAL_LANE(FSQRT, square_root(o, a))
EVAL_LANE(FMIN, extreme(o, a, b, false))
EVAL_LANE(FMAX, extreme(o, a, b, true))
EVAL_LANE(FMINNM, extreme_number(o, a, b, false))
EVAL_LANE(FMAXNM, extreme_number(o, a, b, true))
EVAL_LANE(FNEG, a ^ fp_sign_bit(o->esz))
EVAL_LANE(FABS, a & ~fp_sign_bit(o->esz))
EVAL_LANE(FABD, absolute_difference(o, a, b))
EVAL_LANE(FCMPEQ, compare(o, a, b, EQUAL))
EVAL_LANE(FCMPGT, compare(o, a, b, GREATER))
EVAL_LANE(FCMPGE, compare(o, a, b, GREATER_EQUAL))
