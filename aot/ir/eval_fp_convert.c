/*
 * Conversions between floating-point formats and integers, and rounding to integral values.
 * Names in comments are those of the architecture manual's pseudocode.
 */
#include "aot/ir/eval_fp.h"

static unsigned format_of(u8 type)
{
    return type - IR_F16 + 1u;
}

/* --- between formats: FPConvert -----------------------------------------------------------------
 */

/* FPConvertNaN: the top fraction bits are kept, the result is quiet. */
static u64 convert_nan(unsigned from, unsigned to, u64 bits, bool sign)
{
    const struct fp_format *f = &fp_formats[from], *t = &fp_formats[to];
    u64 frac = bits << (64 - f->frac) >> (64 - t->frac);

    return fp_infinity(to, sign) | UINT64_C(1) << (t->frac - 1) | frac;
}

static u64 convert(struct eval_op *o, unsigned from, unsigned to, u64 bits, unsigned rounding)
{
    struct fp_value v = fp_unpack(o, from, bits, FP_CONVERT);
    bool alternate = to == 1 && (o->fpcr & FPCR_AHP); /* has no infinities and NaNs */

    if (fp_is_nan(&v)) {
        if (v.cls == FP_SNAN || alternate) o->flags |= FPSR_IOC;
        if (alternate) return fp_zero(to, v.sign);
        if (o->fpcr & FPCR_DN) return fp_default_nan(to);
        return convert_nan(from, to, bits, v.sign);
    }
    if (v.cls == FP_INF) {
        if (!alternate) return fp_infinity(to, v.sign);
        o->flags |= FPSR_IOC;
        return fp_zero(to, v.sign) | 0x7fff;
    }
    if (v.cls == FP_ZERO) return fp_zero(to, v.sign);
    return fp_round(o, to, v.sign, v.exp, v.sig, rounding, FP_CONVERT);
}

EVAL_WHOLE(FCVT)
{
    out->d[0] = convert(o, o->esz, format_of(o->type), eval_get(a, o->esz, 0), fp_mode(o));
}

EVAL_WHOLE(FCVTL)
{
    unsigned lanes = 8u >> o->esz, first = o->mod & 1 ? lanes : 0;

    for (unsigned i = 0; i < lanes; i++)
        eval_set(out, o->esz + 1u, i,
                 convert(o, o->esz, o->esz + 1u, eval_get(a, o->esz, first + i), fp_mode(o)));
}

EVAL_WHOLE(FCVTN)
{
    unsigned rounding = o->mod & 1 ? (unsigned)FP_ROUND_ODD : fp_mode(o);

    for (unsigned i = 0; i < 8u >> o->esz; i++)
        eval_set(out, o->esz, i,
                 convert(o, o->esz + 1u, o->esz, eval_get(a, o->esz + 1u, i), rounding));
}

/* --- to integral values
 * --------------------------------------------------------------------------- */

/* A number of the form v * 2^fraction_bits, rounded to an integer. */
struct integer {
    u64 magnitude;
    bool huge; /* 2^64 or more; magnitude is then undefined */
    bool inexact;
};

static struct integer round_to_integer(const struct fp_value *v, s32 fraction_bits,
                                       unsigned rounding)
{
    struct integer r = {0, false, false};
    s32 exp = v->exp + fraction_bits;
    const u64 half = UINT64_C(1) << 63;
    u64 rest = 0; /* in units of 2^-64 */
    bool up;

    if (v->cls == FP_INF) return (struct integer){.huge = true};
    if (v->cls != FP_FINITE) return r;
    if (exp > 63) return (struct integer){.huge = true};
    if (exp >= 0) {
        r.magnitude = v->sig >> (63 - exp);
        if (exp < 63) rest = v->sig << (exp + 1);
    } else {
        rest = fp_shift_jam(v->sig, (unsigned)(-1 - exp));
    }
    switch (rounding) {
    case IR_ROUND_NEAREST: up = rest > half || (rest == half && (r.magnitude & 1)); break;
    case IR_ROUND_UP: up = rest && !v->sign; break;
    case IR_ROUND_DOWN: up = rest && v->sign; break;
    case IR_ROUND_AWAY: up = rest >= half; break;
    default: up = false; break;
    }
    r.magnitude += up;
    r.inexact = rest != 0;
    return r;
}

/* Packs an integer that the format holds exactly. */
static u64 pack_integer(struct eval_op *o, bool sign, u64 magnitude)
{
    int zeros;

    if (magnitude == 0) return fp_zero(o->esz, sign);
    zeros = __builtin_clzll(magnitude);
    return fp_round(o, o->esz, sign, 63 - zeros, magnitude << zeros, IR_ROUND_ZERO, FP_ARITH);
}

static unsigned rounding_of(const struct eval_op *o)
{
    unsigned rounding = o->mod & 7;

    return rounding == IR_ROUND_FPCR ? fp_mode(o) : rounding;
}

/* FPRoundInt. */
static u64 round_int(struct eval_op *o, u64 a)
{
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    struct integer r;

    if (fp_is_nan(&v)) return fp_process_nan(o, o->esz, &v, a);
    if (v.cls == FP_INF) return a;
    if (v.cls == FP_ZERO) return fp_zero(o->esz, v.sign);
    if (v.exp >= fp_formats[o->esz].frac) return a; /* integral as it is */
    r = round_to_integer(&v, 0, rounding_of(o));
    if (r.inexact && (o->mod & 8)) o->flags |= FPSR_IXC;
    return pack_integer(o, v.sign, r.magnitude);
}

/* FPRoundIntN: what doesn't fit 32 or 64 bits becomes the most negative integer. */
static u64 round_int_n(struct eval_op *o, u64 a)
{
    unsigned size = o->mod & 1 ? 64 : 32;
    struct fp_value v = fp_unpack(o, o->esz, a, FP_ARITH);
    struct integer r = round_to_integer(&v, 0, o->mod & 2 ? (unsigned)IR_ROUND_ZERO : fp_mode(o));
    u64 limit = (UINT64_C(1) << (size - 1)) - !v.sign;

    if (fp_is_nan(&v) || r.huge || r.magnitude > limit) {
        o->flags |= FPSR_IOC;
        return pack_integer(o, true, UINT64_C(1) << (size - 1));
    }
    if (r.inexact) o->flags |= FPSR_IXC;
    return pack_integer(o, v.sign, r.magnitude);
}

/* --- to integers: FPToFixed
 * ----------------------------------------------------------------------- */

static u64 to_integer(struct eval_op *o, unsigned esz, u64 bits, unsigned width)
{
    bool is_unsigned = (o->mod & 8) != 0;
    struct fp_value v = fp_unpack(o, esz, bits, FP_ARITH);
    struct integer r = round_to_integer(&v, (s32)o->imm, rounding_of(o));
    u64 limit = is_unsigned ? (v.sign ? 0 : UINT64_MAX >> (64 - width))
                            : (UINT64_C(1) << (width - 1)) - !v.sign;

    if (fp_is_nan(&v)) {
        o->flags |= FPSR_IOC;
        return 0;
    }
    if (r.huge || r.magnitude > limit) {
        o->flags |= FPSR_IOC;
        r.magnitude = limit;
    } else if (r.inexact) {
        o->flags |= FPSR_IXC;
    }
    return v.sign ? -r.magnitude : r.magnitude;
}

EVAL_WHOLE(FCVTI)
{
    unsigned width = o->type == IR_I64 ? 64 : 32;
    u64 r = to_integer(o, o->esz, eval_get(a, o->esz, 0), width);

    out->d[0] = width == 64 ? r : (u32)r;
}

/* FPToFixedJS: toward zero, modulo 2^32. */
EVAL_WHOLE(FJCVTZS)
{
    struct fp_value v = fp_unpack(o, 3, a->d[0], FP_ARITH);
    struct integer r = round_to_integer(&v, 0, IR_ROUND_ZERO);
    u64 limit = (UINT64_C(1) << 31) - !v.sign;

    if (fp_is_nan(&v) || v.cls == FP_INF) {
        o->flags |= FPSR_IOC;
        return;
    }
    if (r.huge) r.magnitude = v.exp < 63 + 64 ? v.sig << (v.exp - 63) : 0;
    if (r.huge || r.magnitude > limit)
        o->flags |= FPSR_IOC;
    else if (r.inexact)
        o->flags |= FPSR_IXC;
    out->d[0] = (u32)(v.sign ? -r.magnitude : r.magnitude);
}

/* --- from integers: FixedToFP
 * --------------------------------------------------------------------- */

static u64 from_integer(struct eval_op *o, unsigned esz, u64 v, unsigned width)
{
    bool sign = !(o->mod & 8) && v >> (width - 1);
    int zeros;

    if (sign) v = -(u64)sign_extend(v, width);
    if (v == 0) return 0;
    zeros = __builtin_clzll(v);
    return fp_round(o, esz, sign, 63 - zeros - (s32)o->imm, v << zeros, fp_mode(o), FP_ARITH);
}

EVAL_WHOLE(ICVTF)
{
    out->d[0] = from_integer(o, format_of(o->type), eval_get(a, o->esz, 0), 8u << o->esz);
}

EVAL_LANE(FRINT, round_int(o, a))
EVAL_LANE(FRINTN, round_int_n(o, a))
EVAL_LANE(VFCVTI, to_integer(o, o->esz, a, o->width))
EVAL_LANE(VICVTF, from_integer(o, o->esz, a, o->width))
