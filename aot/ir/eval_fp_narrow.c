/*
 * Arithmetic on halves and bfloat16 that gives single floats: FMLAL, BFDOT, BFMMLA, and the
 * conversion to bfloat16. Names in comments are those of the architecture manual's pseudocode.
 */
#include "aot/ir/eval_fp.h"

/* --- FMLAL: FPMulAddH ---------------------------------------------------------------------------
 */

/* A half as a single float when it is a NaN: the same sign and fraction. */
static u64 widened_nan(u16 half)
{
    return (u64)(half & 0x8000) << 16 | 0x7f800000 | (u64)(half & 0x3ff) << 13;
}

EVAL_WHOLE(FMLAL)
{
    unsigned first = o->mod & 2 ? 4 : 0;

    for (unsigned i = 0; i < 4; i++) {
        u16 n = (u16)(b->h[first + i] ^ (o->mod & 1 ? 0x8000 : 0)), m = c->h[first + i];
        u64 bits[3] = {a->s[i], widened_nan(n), widened_nan(m)};
        struct fp_value v[3] = {fp_unpack(o, 2, a->s[i], FP_ARITH), fp_unpack(o, 1, n, FP_ARITH),
                                fp_unpack(o, 1, m, FP_ARITH)};

        out->s[i] = (u32)fp_multiply_add(o, 2, v, bits);
    }
}

/* --- BFCVTN: FPConvertBF ------------------------------------------------------------------------
 */

static const struct fp_format bfloat16 = {7, 8, -126};

static u16 to_bfloat16(struct eval_op *o, u32 bits)
{
    struct fp_value v = fp_unpack(o, 2, bits, FP_ARITH);
    u16 sign = v.sign ? 0x8000 : 0;
    u64 magnitude;

    if (fp_is_nan(&v)) return (u16)(fp_process_nan(o, 2, &v, bits) >> 16);
    if (v.cls == FP_INF) return sign | 0x7f80;
    if (v.cls == FP_ZERO) return sign;
    magnitude =
        fp_round_magnitude(o, &bfloat16, o->fpcr & FPCR_FZ, v.sign, v.exp, v.sig, fp_mode(o));
    if (magnitude >= 0x7f80) {
        o->flags |= FPSR_OFC | FPSR_IXC;
        return (u16)(fp_overflow(2, v.sign, fp_mode(o)) >> 16);
    }
    return sign | (u16)magnitude;
}

EVAL_WHOLE(BFCVTN)
{
    for (unsigned i = 0; i < 4; i++) out->h[i] = to_bfloat16(o, a->s[i]);
}

/* --- BFDOT, BFMMLA: rounded to odd, denormals are zeros, NaNs the default one, no flags ----------
 */

static u32 round_to_odd(bool sign, s32 exp, u64 sig)
{
    struct eval_op own = {0};
    u64 magnitude = fp_round_magnitude(&own, &fp_formats[2], true, sign, exp, sig, FP_ROUND_ODD);

    if (magnitude > 0x7f800000) magnitude = 0x7f800000;
    return (u32)(fp_zero(2, sign) | magnitude);
}

static struct fp_value unpack(u32 single)
{
    struct eval_op own = {.fpcr = FPCR_FZ};

    return fp_unpack(&own, 2, single, FP_ARITH);
}

/* BFMulH */
static u32 multiply(u16 a, u16 b)
{
    struct fp_value x = unpack((u32)a << 16), y = unpack((u32)b << 16);
    bool infinite = x.cls == FP_INF || y.cls == FP_INF, sign = x.sign != y.sign;
    bool zero = x.cls == FP_ZERO || y.cls == FP_ZERO;
    struct fp_term t;

    if (fp_is_nan(&x) || fp_is_nan(&y) || (infinite && zero)) return (u32)fp_default_nan(2);
    if (infinite) return (u32)fp_infinity(2, sign);
    if (zero) return (u32)fp_zero(2, sign);
    t = fp_product(&x, &y); /* 16 significant bits of 126 */
    return round_to_odd(sign, t.exp, (u64)(t.sig >> 63));
}

/* BFAdd */
static u32 add(u32 a, u32 b)
{
    struct eval_op own = {.fpcr = FPCR_FZ};
    struct fp_value x = unpack(a), y = unpack(b);
    u64 sum;

    if (fp_is_nan(&x) || fp_is_nan(&y)) return (u32)fp_default_nan(2);
    if (x.cls == FP_INF && y.cls == FP_INF && x.sign != y.sign) return (u32)fp_default_nan(2);
    if (x.cls == FP_INF) return (u32)fp_infinity(2, x.sign);
    if (y.cls == FP_INF) return (u32)fp_infinity(2, y.sign);
    if (x.cls == FP_ZERO && y.cls == FP_ZERO && x.sign == y.sign) return (u32)fp_zero(2, x.sign);
    sum = fp_sum(&own, 2, fp_term_of(&x), fp_term_of(&y), 0, FP_ROUND_ODD);
    /* Too large is infinity here, in whatever direction. */
    return (u32)(own.flags & FPSR_OFC ? fp_infinity(2, sum >> 31) : sum);
}

/* BFDotAdd */
static u32 dot(u32 sum, const u16 a[2], const u16 b[2])
{
    return add(sum, add(multiply(a[0], b[0]), multiply(a[1], b[1])));
}

EVAL_WHOLE(VBFDOT)
{
    for (unsigned i = 0; i < 4; i++) out->s[i] = dot(a->s[i], b->h + 2 * i, c->h + 2 * i);
}

EVAL_WHOLE(VBFMMLA)
{
    for (unsigned i = 0; i < 4; i++) {
        const u16 *row = b->h + 4 * (i / 2), *column = c->h + 4 * (i % 2);

        out->s[i] = dot(dot(a->s[i], row, column), row + 2, column + 2);
    }
}
