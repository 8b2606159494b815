/*
 * Moves between register files and lanes, permutes, and sums and extremes across lanes.
 */
#include "aot/ir/eval_ops.h"

/* --- moves ------------------------------------------------------------------------------------ */

static u64 low_bits(u64 v, u8 type)
{
    switch (type) {
    case IR_F16: return (u16)v;
    case IR_F32:
    case IR_I32: return (u32)v;
    default: return v;
    }
}

/* Bits of the low lane, cut to the result's type; an f16 in an i32 is zero-extended already. */
#define MOVE(op)                                                                                   \
    EVAL_WHOLE(op)                                                                                 \
    {                                                                                              \
        out->d[0] = low_bits(a->d[0], o->type);                                                    \
    }

MOVE(FTOI)
MOVE(ITOF)
MOVE(VTOF)
MOVE(FTOV)

EVAL_WHOLE(VGET)
{
    out->d[0] = eval_get(a, o->esz, (unsigned)o->imm);
}

EVAL_WHOLE(VGETS)
{
    out->d[0] = low_bits((u64)eval_get_signed(a, o->esz, (unsigned)o->imm), o->type);
}

EVAL_WHOLE(VSETI)
{
    *out = *a;
    eval_set(out, o->esz, (unsigned)o->imm, b->d[0]);
}

EVAL_WHOLE(VINS)
{
    *out = *a;
    eval_set(out, o->esz, o->imm & 15, eval_get(b, o->esz, o->imm >> 4 & 15));
}

static void fill(ir_value *out, unsigned esz, u64 v)
{
    for (unsigned i = 0; i < 16u >> esz; i++) eval_set(out, esz, i, v);
}

EVAL_WHOLE(VDUP)
{
    fill(out, o->esz, a->d[0]);
}

EVAL_WHOLE(VDUPL)
{
    fill(out, o->esz, eval_get(a, o->esz, (unsigned)o->imm));
}

EVAL_WHOLE(VLOW)
{
    out->d[0] = a->d[0];
}

EVAL_WHOLE(VPAIR)
{
    out->d[0] = a->d[0];
    out->d[1] = b->d[0];
}

EVAL_WHOLE(VHIGH)
{
    out->d[0] = a->d[1];
}

/* --- permutes --------------------------------------------------------------------------------- */

EVAL_WHOLE(VREV)
{
    unsigned flip = (1u << (o->mod - o->esz)) - 1;

    for (unsigned i = 0; i < 16u >> o->esz; i++)
        eval_set(out, o->esz, i ^ flip, eval_get(a, o->esz, i));
}

static void zip(const struct eval_op *o, const ir_value *a, const ir_value *b, unsigned base,
                ir_value *out)
{
    for (unsigned i = 0; i < 8u >> o->esz; i++) {
        eval_set(out, o->esz, 2 * i, eval_get(a, o->esz, base + i));
        eval_set(out, o->esz, 2 * i + 1, eval_get(b, o->esz, base + i));
    }
}

EVAL_WHOLE(VZIP1)
{
    zip(o, a, b, 0, out);
}

EVAL_WHOLE(VZIP2)
{
    zip(o, a, b, 8u >> o->esz, out);
}

static void unzip(const struct eval_op *o, const ir_value *a, const ir_value *b, unsigned odd,
                  ir_value *out)
{
    unsigned half = 8u >> o->esz;

    for (unsigned i = 0; i < half; i++) {
        eval_set(out, o->esz, i, eval_get(a, o->esz, 2 * i + odd));
        eval_set(out, o->esz, half + i, eval_get(b, o->esz, 2 * i + odd));
    }
}

EVAL_WHOLE(VUZP1)
{
    unzip(o, a, b, 0, out);
}

EVAL_WHOLE(VUZP2)
{
    unzip(o, a, b, 1, out);
}

static void transpose(const struct eval_op *o, const ir_value *a, const ir_value *b, unsigned odd,
                      ir_value *out)
{
    for (unsigned i = 0; i < 16u >> o->esz; i += 2) {
        eval_set(out, o->esz, i, eval_get(a, o->esz, i + odd));
        eval_set(out, o->esz, i + 1, eval_get(b, o->esz, i + odd));
    }
}

EVAL_WHOLE(VTRN1)
{
    transpose(o, a, b, 0, out);
}

EVAL_WHOLE(VTRN2)
{
    transpose(o, a, b, 1, out);
}

EVAL_WHOLE(VEXT)
{
    for (unsigned i = 0; i < 16; i++) {
        unsigned from = i + (unsigned)o->imm;

        out->b[i] = from < 16 ? a->b[from] : b->b[from & 15];
    }
}

EVAL_WHOLE(VTBL)
{
    for (unsigned i = 0; i < 16; i++) out->b[i] = b->b[i] & 0x80 ? 0 : a->b[b->b[i] & 15];
}

/* --- across lanes ----------------------------------------------------------------------------- */

static unsigned lanes_across(const struct eval_op *o)
{
    return (1u << o->mod) >> o->esz;
}

/* For vaddv the sum wraps as it is stored; the widening forms can't overflow their lane. */
static u64 sum_unsigned(const struct eval_op *o, const ir_value *a)
{
    u64 sum = 0;

    for (unsigned i = 0; i < lanes_across(o); i++) sum += eval_get(a, o->esz, i);
    return sum;
}

EVAL_WHOLE(VADDV)
{
    eval_set(out, o->esz, 0, sum_unsigned(o, a));
}

EVAL_WHOLE(VUADDLV)
{
    eval_set(out, o->esz + 1u, 0, sum_unsigned(o, a));
}

EVAL_WHOLE(VSADDLV)
{
    s64 sum = 0;

    for (unsigned i = 0; i < lanes_across(o); i++) sum += eval_get_signed(a, o->esz, i);
    eval_set(out, o->esz + 1u, 0, (u64)sum);
}

static void extreme_signed(const struct eval_op *o, const ir_value *a, bool max, ir_value *out)
{
    s64 best = eval_get_signed(a, o->esz, 0);

    for (unsigned i = 1; i < lanes_across(o); i++) {
        s64 v = eval_get_signed(a, o->esz, i);

        if (max ? v > best : v < best) best = v;
    }
    eval_set(out, o->esz, 0, (u64)best);
}

static void extreme_unsigned(const struct eval_op *o, const ir_value *a, bool max, ir_value *out)
{
    u64 best = eval_get(a, o->esz, 0);

    for (unsigned i = 1; i < lanes_across(o); i++) {
        u64 v = eval_get(a, o->esz, i);

        if (max ? v > best : v < best) best = v;
    }
    eval_set(out, o->esz, 0, best);
}

EVAL_WHOLE(VSMINV)
{
    extreme_signed(o, a, false, out);
}

EVAL_WHOLE(VSMAXV)
{
    extreme_signed(o, a, true, out);
}

EVAL_WHOLE(VUMINV)
{
    extreme_unsigned(o, a, false, out);
}

EVAL_WHOLE(VUMAXV)
{
    extreme_unsigned(o, a, true, out);
}
