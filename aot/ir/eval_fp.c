/*
 * The soft-float core: unpacking, NaN propagation, sums, rounding. See eval_fp.h.
 */
#include "aot/ir/eval_fp.h"

const struct fp_format fp_formats[4] = {
    {0, 0, 0},
    {10, 5, -14},
    {23, 8, -126},
    {52, 11, -1022},
};

static bool flushes(const struct eval_op *o, unsigned esz, enum fp_rules rules)
{
    if (esz == 1) return rules == FP_ARITH && (o->fpcr & FPCR_FZ16);
    return (o->fpcr & FPCR_FZ) != 0;
}

static bool alternate_half(const struct eval_op *o, unsigned esz, enum fp_rules rules)
{
    return esz == 1 && rules == FP_CONVERT && (o->fpcr & FPCR_AHP);
}

struct fp_value fp_unpack(struct eval_op *o, unsigned esz, u64 bits, enum fp_rules rules)
{
    const struct fp_format *f = &fp_formats[esz];
    u32 top = (1u << f->expw) - 1;
    u32 biased = (u32)(bits >> f->frac) & top;
    u64 frac = bits & ((UINT64_C(1) << f->frac) - 1);
    struct fp_value v = {.cls = FP_FINITE, .sign = (bits & fp_sign_bit(esz)) != 0};

    if (biased == top && !alternate_half(o, esz, rules)) {
        v.cls = frac == 0 ? FP_INF : frac >> (f->frac - 1) ? FP_QNAN : FP_SNAN;
    } else if (biased) {
        v.exp = (s32)biased - 1 + f->emin;
        v.sig = (frac | UINT64_C(1) << f->frac) << (63 - f->frac);
    } else if (frac == 0) {
        v.cls = FP_ZERO;
    } else if (flushes(o, esz, rules)) {
        v.cls = FP_ZERO;
        if (esz != 1) o->flags |= FPSR_IDC; /* not raised for halves */
    } else {
        int zeros = __builtin_clzll(frac);

        v.exp = f->emin + (63 - f->frac) - zeros;
        v.sig = frac << zeros;
    }
    return v;
}

u64 fp_overflow(unsigned esz, bool sign, unsigned rounding)
{
    bool infinite = rounding == IR_ROUND_NEAREST || rounding == IR_ROUND_AWAY ||
                    (rounding == IR_ROUND_UP && !sign) || (rounding == IR_ROUND_DOWN && sign);

    return infinite ? fp_infinity(esz, sign) : fp_max_normal(esz, sign);
}

/* Whether the magnitude goes up when `rest` of `2 * half` is cut off. */
static bool rounds_up(unsigned rounding, bool sign, bool odd, u64 rest, u64 half)
{
    switch (rounding) {
    case IR_ROUND_NEAREST: return rest > half || (rest == half && odd);
    case IR_ROUND_UP: return rest && !sign;
    case IR_ROUND_DOWN: return rest && sign;
    case IR_ROUND_AWAY: return rest >= half;
    case FP_ROUND_ODD: return rest && !odd; /* makes the last bit 1 */
    default: return false;
    }
}

u64 fp_round_magnitude(struct eval_op *o, const struct fp_format *f, bool flush, bool sign, s32 exp,
                       u64 sig, unsigned rounding)
{
    unsigned drop = 63u - f->frac;
    u64 cut = UINT64_C(1) << drop, rest, magnitude;
    s32 biased = exp - f->emin + 1;

    if (biased <= 0) { /* tiny: decided before rounding */
        if (flush) {
            o->flags |= FPSR_UFC;
            return 0;
        }
        sig = fp_shift_jam(sig, (unsigned)(1 - biased));
    }
    magnitude = sig >> drop;
    rest = sig & (cut - 1);
    if (rest) o->flags |= biased <= 0 ? FPSR_UFC | FPSR_IXC : FPSR_IXC;
    magnitude += rounds_up(rounding, sign, magnitude & 1, rest, cut >> 1);
    /* The leading bit and a carry out of the fraction add to the exponent field. */
    return biased > 0 ? magnitude + ((u64)(biased - 1) << f->frac) : magnitude;
}

u64 fp_round(struct eval_op *o, unsigned esz, bool sign, s32 exp, u64 sig, unsigned rounding,
             enum fp_rules rules)
{
    const struct fp_format *f = &fp_formats[esz];
    u32 flags = o->flags, top = (1u << f->expw) - 1;
    u64 magnitude = fp_round_magnitude(o, f, flushes(o, esz, rules), sign, exp, sig, rounding);

    if (alternate_half(o, esz, rules)) {
        if (magnitude >> f->frac <= top) return fp_zero(esz, sign) | magnitude;
        o->flags = flags | FPSR_IOC;
        return fp_zero(esz, sign) | 0x7fff;
    }
    if (magnitude >> f->frac >= top) {
        o->flags |= FPSR_OFC | FPSR_IXC;
        return fp_overflow(esz, sign, rounding);
    }
    return fp_zero(esz, sign) | magnitude;
}

u64 fp_invalid(struct eval_op *o, unsigned esz)
{
    o->flags |= FPSR_IOC;
    return fp_default_nan(esz);
}

u64 fp_process_nan(struct eval_op *o, unsigned esz, const struct fp_value *v, u64 bits)
{
    if (v->cls == FP_SNAN) o->flags |= FPSR_IOC;
    if (o->fpcr & FPCR_DN) return fp_default_nan(esz);
    return bits | UINT64_C(1) << (fp_formats[esz].frac - 1);
}

bool fp_process_nans(struct eval_op *o, unsigned esz, const struct fp_value *x, u64 x_bits,
                     const struct fp_value *y, u64 y_bits, u64 *result)
{
    if (!fp_is_nan(x) && !fp_is_nan(y)) return false;
    if (x->cls == FP_SNAN || (y->cls != FP_SNAN && x->cls == FP_QNAN))
        *result = fp_process_nan(o, esz, x, x_bits);
    else
        *result = fp_process_nan(o, esz, y, y_bits);
    return true;
}

struct fp_term fp_term_of(const struct fp_value *v)
{
    return (struct fp_term){
        .sign = v->sign, .exp = v->exp, .sig = v->cls == FP_FINITE ? (u128)v->sig << 63 : 0};
}

struct fp_term fp_product(const struct fp_value *x, const struct fp_value *y)
{
    struct fp_term t = {.sign = x->sign != y->sign};
    u128 sig;

    if (x->cls == FP_ZERO || y->cls == FP_ZERO) return t;
    sig = (u128)x->sig * y->sig; /* leading bit 126 or 127; the low 22 bits are 0 */
    t.exp = x->exp + y->exp;
    if (sig >> 127) {
        sig >>= 1;
        t.exp++;
    }
    t.sig = sig;
    return t;
}

static u128 shift_jam128(u128 v, s32 n)
{
    if (n == 0) return v;
    if (n > 127) return v != 0;
    return v >> n | ((v << (128 - n)) != 0);
}

/*
 * The larger term keeps its place, the smaller is shifted to it. Terms have at least 20 zero bits
 * below their significands, so what is jammed can't reach the rounding position: the leading bit
 * of a difference moves down by more than one only when the shift was at most one.
 */
u64 fp_sum(struct eval_op *o, unsigned esz, struct fp_term x, struct fp_term y, int scale,
           unsigned rounding)
{
    u128 sum;
    u64 high;
    int zeros;
    bool swap = x.sig == 0 || (y.sig != 0 && (y.exp > x.exp || (y.exp == x.exp && y.sig > x.sig)));

    if (swap) {
        struct fp_term t = x;

        x = y;
        y = t;
    }
    if (y.sig) y.sig = shift_jam128(y.sig, x.exp - y.exp);
    sum = x.sign == y.sign ? x.sig + y.sig : x.sig - y.sig;
    if (sum == 0) return fp_zero(esz, rounding == IR_ROUND_DOWN);
    high = (u64)(sum >> 64);
    zeros = high ? __builtin_clzll(high) : 64 + __builtin_clzll((u64)sum);
    sum <<= zeros;
    high = (u64)(sum >> 64) | ((u64)sum != 0);
    return fp_round(o, esz, x.sign, x.exp + 1 - zeros + scale, high, rounding, FP_ARITH);
}

int fp_compare(const struct fp_value *x, const struct fp_value *y)
{
    int magnitude;

    if (x->cls == FP_ZERO && y->cls == FP_ZERO) return 0;
    if (x->cls == FP_ZERO) return y->sign ? 1 : -1;
    if (y->cls == FP_ZERO || x->sign != y->sign) return x->sign ? -1 : 1;
    /* FP_INF is above FP_FINITE. */
    if (x->cls != y->cls || x->cls == FP_INF)
        magnitude = (x->cls > y->cls) - (x->cls < y->cls);
    else if (x->exp != y->exp)
        magnitude = x->exp > y->exp ? 1 : -1;
    else
        magnitude = (x->sig > y->sig) - (x->sig < y->sig);
    return x->sign ? -magnitude : magnitude;
}
