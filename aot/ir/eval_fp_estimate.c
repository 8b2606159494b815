/*
 * Reciprocal and reciprocal square root: estimates and Newton steps. Names in comments are those
 * of the architecture manual's pseudocode.
 */
#include "aot/ir/eval_estimate.h"
#include "aot/ir/eval_fp.h"

/* --- RecipEstimate, RecipSqrtEstimate --------------------------------------------------------- */

u32 eval_recip_estimate(u32 a)
{
    return ((1u << 19) / (a * 2 + 1) + 1) / 2;
}

/* The manual counts b up from 512 while a * (b + 1)^2 < 2^28; here it is found by its bits. */
u32 eval_rsqrt_estimate(u32 a)
{
    u32 b = 512;

    a = a < 256 ? a * 2 + 1 : (a | 1) * 2; /* to the middle of the step; 257 to 1022 */
    for (u32 bit = 256; bit; bit >>= 1)
        if (a * (b + bit) * (b + bit) < 1u << 28) b += bit;
    return (b + 1) / 2;
}

/* --- FPRecipEstimate -------------------------------------------------------------------------- */

/* An estimate of 256 to 511 (in 1/256) times 2^exp. */
static u64 pack_estimate(struct eval_op *o, bool sign, s32 exp, u32 estimate)
{
    const struct fp_format *f = &fp_formats[o->esz];
    u64 frac = (u64)estimate << (f->frac - 8);
    s32 biased = exp - f->emin + 1;

    /* Exact, also when denormal: 9 bits moved by at most two places. */
    if (biased <= 0) return fp_zero(o->esz, sign) | frac >> (1 - biased);
    return fp_zero(o->esz, sign) | (frac + ((u64)(biased - 1) << f->frac));
}

static bool flushes_results(const struct eval_op *o)
{
    return (o->fpcr & (o->esz == 1 ? FPCR_FZ16 : FPCR_FZ)) != 0;
}

static u64 recip_estimate(struct eval_op *o, u64 a)
{
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    s32 emin = fp_formats[o->esz].emin;

    if (fp_is_nan(&v)) return fp_process_nan(o, o->esz, &v, a);
    if (v.cls == FP_INF) return fp_zero(o->esz, v.sign);
    if (v.cls == FP_ZERO) {
        o->flags |= FPSR_DZC;
        return fp_infinity(o->esz, v.sign);
    }
    if (v.exp < emin - 2) {
        o->flags |= FPSR_OFC | FPSR_IXC;
        return fp_overflow(o->esz, v.sign, fp_mode(o));
    }
    if (v.exp >= -emin && flushes_results(o)) {
        o->flags |= FPSR_UFC;
        return fp_zero(o->esz, v.sign);
    }
    /* 2^exp * [1, 2) is 2^(exp + 1) * [1/2, 1): its reciprocal, 2^(-exp - 1) * (1, 2]. */
    return pack_estimate(o, v.sign, -v.exp - 1, eval_recip_estimate((u32)(v.sig >> 55)));
}

/* --- FPRSqrtEstimate -------------------------------------------------------------------------- */

static u64 rsqrt_estimate(struct eval_op *o, u64 a)
{
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    bool even = !(v.exp & 1);
    u32 scaled = (u32)(v.sig >> (even ? 56 : 55));

    if (fp_is_nan(&v)) return fp_process_nan(o, o->esz, &v, a);
    if (v.cls == FP_ZERO) {
        o->flags |= FPSR_DZC;
        return fp_infinity(o->esz, v.sign);
    }
    if (v.sign) return fp_invalid(o, o->esz);
    if (v.cls == FP_INF) return 0;
    /* As [1/4, 1) times 4^k, k = exp / 2 + 1 or (exp + 1) / 2: the result is 2^-k * (1, 2]. */
    return pack_estimate(o, false, -(even ? v.exp / 2 + 1 : (v.exp + 1) / 2),
                         eval_rsqrt_estimate(scaled));
}

/* --- FPRecpX ---------------------------------------------------------------------------------- */

static u64 recip_exponent(struct eval_op *o, u64 a)
{
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    const struct fp_format *f = &fp_formats[o->esz];
    u64 top = (UINT64_C(1) << f->expw) - 1;
    u64 biased = a >> f->frac & top;

    if (fp_is_nan(&v)) return fp_process_nan(o, o->esz, &v, a);
    return fp_zero(o->esz, v.sign) | (biased ? ~biased & top : top - 1) << f->frac;
}

/* --- FPRecipStepFused, FPRSqrtStepFused ---------------------------------------------------------
 */

/* constant - a * b, divided by 2 when halved; infinity times zero counts as 0. */
static u64 step(struct eval_op *o, u64 a, u64 b, u32 constant, bool halved)
{
    struct fp_value x, y;
    const struct fp_value k = {FP_FINITE, false, 1, (u64)constant << 62}; /* 2.0 or 3.0 */
    u64 r;

    a ^= fp_sign_bit(o->esz);
    x = fp_unpack(o, o->esz, a, FP_ARITH);
    y = fp_unpack(o, o->esz, b, FP_ARITH);
    if (fp_process_nans(o, o->esz, &x, a, &y, b, &r)) return r;
    if (x.cls == FP_INF || y.cls == FP_INF) {
        if (x.cls != FP_ZERO && y.cls != FP_ZERO) return fp_infinity(o->esz, x.sign != y.sign);
        return fp_round(o, o->esz, false, halved ? 0 : 1, k.sig, IR_ROUND_ZERO, FP_ARITH);
    }
    return fp_sum(o, o->esz, fp_term_of(&k), fp_product(&x, &y), halved ? -1 : 0, fp_mode(o));
}

EVAL_LANE(FRECPE, recip_estimate(o, a))
EVAL_LANE(FRSQRTE, rsqrt_estimate(o, a))
EVAL_LANE(FRECPX, recip_exponent(o, a))
EVAL_LANE(FRECPS, step(o, a, b, 2, false))
EVAL_LANE(FRSQRTS, step(o, a, b, 3, true))
