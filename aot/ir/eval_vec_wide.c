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

EVAL_WHOLE(VSXL)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, (u64)eval_get_signed(a, o->esz, first_lane(o) + i));
}

EVAL_WHOLE(VUXL)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, first_lane(o) + i));
}

/* The source lane of a product's lane i: mod 2 takes the even ones. */
static unsigned factor_lane(const struct eval_op *o, unsigned i)
{
    return o->mod == 2 ? 2 * i : first_lane(o) + i;
}

EVAL_WHOLE(VSMULL)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = factor_lane(o, i);

        eval_set(out, o->esz + 1u, i,
                 (u64)(eval_get_signed(a, o->esz, from) * eval_get_signed(b, o->esz, from)));
    }
}

EVAL_WHOLE(VUMULL)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++) {
        unsigned from = factor_lane(o, i);

        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, from) * eval_get(b, o->esz, from));
    }
}

EVAL_WHOLE(VSQDMULL)
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

EVAL_WHOLE(VPMULL)
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

EVAL_WHOLE(VXTN)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_get(a, o->esz + 1u, i));
}

EVAL_WHOLE(VSQXTN)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i,
                 (u64)eval_sat_signed(eval_get_signed(a, o->esz + 1u, i), o->width));
}

EVAL_WHOLE(VUQXTN)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_sat_unsigned(eval_get(a, o->esz + 1u, i), o->width));
}

EVAL_WHOLE(VSQXTUN)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz, i, eval_sat_unsigned(eval_get_signed(a, o->esz + 1u, i), o->width));
}

/* --- pairwise long sums, dot products
 * ------------------------------------------------------------- */

EVAL_WHOLE(VSADDLP)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i,
                 (u64)(eval_get_signed(a, o->esz, 2 * i) + eval_get_signed(a, o->esz, 2 * i + 1)));
}

EVAL_WHOLE(VUADDLP)
{
    for (unsigned i = 0; i < narrow_lanes(o); i++)
        eval_set(out, o->esz + 1u, i, eval_get(a, o->esz, 2 * i) + eval_get(a, o->esz, 2 * i + 1));
}

EVAL_WHOLE(VSDOT)
{
    for (unsigned i = 0; i < 4; i++) {
        s32 sum = 0;

        for (unsigned j = 4 * i; j < 4 * i + 4; j++) sum += b->sb[j] * c->sb[j];
        out->s[i] = a->s[i] + (u32)sum;
    }
}

EVAL_WHOLE(VUDOT)
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

EVAL_LANE(VURECPE, unsigned_recip((u32)a))
EVAL_LANE(VURSQRTE, unsigned_rsqrt((u32)a))
