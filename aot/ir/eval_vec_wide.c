/*
 * Vector operations whose result's elements are wider or narrower than their sources': widening,
 * narrowing, pairwise long sums, dot products; and the integer reciprocal estimates.
 */
#include "aot/ir/eval_estimate.h"
#include "aot/ir/eval_ops.h"

/* --- widening: the source half is chosen by mod --------------------------------------------------
 */

static unsigned narrow_lanes(const struct eval_op *o)
{
    return 8u >> o->esz;
}

static unsigned first_lane(const struct eval_op *o)
{
    return o->mod & 1 ? narrow_lanes(o) : 0;
}

EVAL_WHOLE(vsxl)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, (u64)eval_get_signed(a, o->esz, first_lane(o) + i));
}

EVAL_WHOLE(vuxl)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, first_lane(o) + i));
}

/* The source lane of a product's lane i: mod 2 takes the even ones. */
static unsigned factor_lane(const struct eval_op *o, unsigned i)
{
    return o->mod == 2 ? 2 * i : first_lane(o) + i;
}

EVAL_WHOLE(vsmull)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = factor_lane(o, i);

        eval_set(out, o->esz + 1u, i,
                 (u64)(eval_get_signed(a, o->esz, from) * eval_get_signed(b, o->esz, from)));
    }
}

EVAL_WHOLE(vumull)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = factor_lane(o, i);

        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, from) * eval_get(b, o->esz, from));
    }
}

EVAL_WHOLE(vsqdmull)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = first_lane(o) + i;
        s128 product = (s128)eval_get_signed(a, o->esz, from) * eval_get_signed(b, o->esz, from);

        eval_set(out, o->esz + 1u, i, (u64)eval_sat_signed(2 * product, 2 * o->width));
    }
}

static u128 polynomial_product(u64 a, u64 b)
{
    u128 r = 0;

    for (unsigned i = 0; i < 64; i++) r ^= b >> i & 1 ? (u128)a << i : 0;
    return r;
}

EVAL_WHOLE(vpmull)
{
    if (o->esz == 3) {
        u128 r = polynomial_product(a->d[o->mod & 1], b->d[o->mod & 1]);

        out->d[0] = (u64)r;
        out->d[1] = (u64)(r >> 64);
        return;
    }
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = first_lane(o) + i;

        eval_set(out, o->esz + 1u, i,
                 (u64)polynomial_product(eval_get(a, o->esz, from), eval_get(b, o->esz, from)));
    }
}

/* --- narrowing: low half of the result
 * ------------------------------------------------------------ */

EVAL_WHOLE(vxtn)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_get(a, o->esz + 1u, i));
}

EVAL_WHOLE(vsqxtn)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i,
                 (u64)eval_sat_signed(eval_get_signed(a, o->esz + 1u, i), o->width));
}

EVAL_WHOLE(vuqxtn)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_sat_unsigned(eval_get(a, o->esz + 1u, i), o->width));
}

EVAL_WHOLE(vsqxtun)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_sat_unsigned(eval_get_signed(a, o->esz + 1u, i), o->width));
}

/* --- pairwise long sums, dot products
 * ------------------------------------------------------------- */

EVAL_WHOLE(vsaddlp)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i,
                 (u64)(eval_get_signed(a, o->esz, 2 * i) + eval_get_signed(a, o->esz, 2 * i + 1)));
}

EVAL_WHOLE(vuaddlp)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, 2 * i) + eval_get(a, o->esz, 2 * i + 1));
}

EVAL_WHOLE(vsdot)
{
    for (unsigned i = 0; i < 4; i++) {
        s32 sum = 0;

        for (unsigned j = 4 * i; j < 4 * i + 4; j++) sum += b->sb[j] * c->sb[j];
        out->s[i] = a->s[i] + (u32)sum;
    }
}

EVAL_WHOLE(vudot)
{
    for (unsigned i = 0; i < 4; i++) {
        u32 sum = 0;

        for (unsigned j = 4 * i; j < 4 * i + 4; j++) sum += (u32)b->b[j] * c->b[j];
        out->s[i] = a->s[i] + sum;
    }
}

/* --- integer estimates (Arm ARM: UnsignedRecipEstimate, UnsignedRSqrtEstimate)
 * -------------------- */

static u64 unsigned_recip(u32 v)
{
    return v >> 31 ? (u64)eval_recip_estimate(v >> 23) << 23 : UINT32_MAX;
}

static u64 unsigned_rsqrt(u32 v)
{
    return v >> 30 ? (u64)eval_rsqrt_estimate(v >> 23) << 23 : UINT32_MAX;
}

EVAL_LANE(vurecpe, unsigned_recip((u32)a))
EVAL_LANE(vursqrte, unsigned_rsqrt((u32)a))

const struct eval_entry eval_vec_wide_table[IR_OP_COUNT] = {
    [IR_VSXL] = {.whole = vsxl},       [IR_VUXL] = {.whole = vuxl},
    [IR_VSMULL] = {.whole = vsmull},   [IR_VUMULL] = {.whole = vumull},
    [IR_VPMULL] = {.whole = vpmull},   [IR_VSQDMULL] = {.whole = vsqdmull},
    [IR_VXTN] = {.whole = vxtn},       [IR_VSQXTN] = {.whole = vsqxtn},
    [IR_VUQXTN] = {.whole = vuqxtn},   [IR_VSQXTUN] = {.whole = vsqxtun},
    [IR_VSADDLP] = {.whole = vsaddlp}, [IR_VUADDLP] = {.whole = vuaddlp},
    [IR_VSDOT] = {.whole = vsdot},     [IR_VUDOT] = {.whole = vudot},
    [IR_VURECPE] = {.lane = vurecpe},  [IR_VURSQRTE] = {.lane = vursqrte},
};
