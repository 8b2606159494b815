/*
 * Random lanes: see random_lanes.h.
 */
#include "tests/lib/random_lanes.h"

#include <string.h>

/* splitmix64 */
u64 splitmix64(u64 *seed)
{
    u64 z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct format {
    unsigned frac, expw;
};

/* By log2 of a lane's bytes, and bfloat16. */
static const struct format formats[RANDOM_BFLOAT16 + 1] = {
    {3, 4}, {10, 5}, {23, 8}, {52, 11}, {7, 8}};

u64 random_integer(unsigned width, u64 *seed)
{
    u64 r = splitmix64(seed), near = splitmix64(seed) & 3;

    switch (r & 7) {
    case 0: return near;
    case 1: return -near;
    case 2: return (UINT64_C(1) << (width - 1)) + near - 2;
    case 3: return (UINT64_C(1) << (r >> 8) % width) - (near & 1);
    case 4: return (u64)((s64)splitmix64(seed) >> (r >> 8 & 63));
    default: return splitmix64(seed);
    }
}

static u64 special_float(const struct format *f, u64 r)
{
    u64 one = UINT64_C(1) << f->frac, infinity = ((UINT64_C(1) << f->expw) - 1) * one;
    u64 bias = infinity / 2 & -one, payload = (r >> 32) & (one / 2 - 1);

    switch (r & 15) {
    case 0: return 0;
    case 1: return infinity;
    case 2: return infinity | one / 2 | payload;    /* quiet */
    case 3: return infinity | payload | 1;          /* signaling */
    case 4: return infinity - 1;                    /* the largest number */
    case 5: return one;                             /* the smallest normal one */
    case 6: return one + (r >> 20 & 7) - 4;         /* around it */
    case 7: return 1 + (r >> 20 & 3);               /* the smallest denormals */
    case 8: return payload;                         /* denormal */
    case 9: return payload >> (r >> 20) % f->frac;  /* smaller denormal */
    case 10: return bias - (r >> 20 & 3);           /* 1, and just below */
    case 11: return bias + one;                     /* 2 */
    case 12: return bias + one / 2;                 /* 1.5 */
    case 13: return bias - one + (r >> 20 & 3) - 2; /* around 1/2 */
    case 14: return infinity - one * (r >> 20 & 3) - (r >> 24 & 3);
    default: return bias / 2 + (payload << 1);
    }
}

/* A floating-point lane: special, few significant bits near 1, around an integer limit, random. */
static u64 float_lane(unsigned format, u64 *seed)
{
    const struct format *f = &formats[format];
    u64 r = splitmix64(seed), frac = splitmix64(seed) & ((UINT64_C(1) << f->frac) - 1);
    u64 bias = (UINT64_C(1) << (f->expw - 1)) - 1;
    u64 sign = (r >> 63) << (f->frac + f->expw), exp;

    switch (r & 7) {
    case 0:
    case 1: return sign | special_float(f, splitmix64(seed));
    case 2: /* sums and products of these are often exact, ties or zero */
        exp = bias - 4 + (r >> 8) % 8;
        frac = frac >> (f->frac - 4) << (f->frac - 4);
        break;
    case 3: /* rounding to integers */
        exp = bias - 2 + (r >> 8) % (f->frac + 4);
        frac = frac >> (r >> 20) % f->frac << (r >> 20) % f->frac;
        break;
    case 4: exp = bias + 14 + (r >> 8) % 52; break; /* integer limits */
    case 5: exp = bias / 2 + (r >> 8) % 8; break;   /* products and quotients near the smallest */
    case 6: exp = bias - 32 + (r >> 8) % 64; break;
    default: exp = r >> 8; break;
    }
    if (r >> 40 & 1) frac = -(frac & 7); /* long runs of ones */
    exp &= (UINT64_C(1) << f->expw) - 1;
    frac &= (UINT64_C(1) << f->frac) - 1;
    return sign | exp << f->frac | frac;
}

void random_floats(u8 v[16], unsigned format, u64 *seed)
{
    unsigned size = format == RANDOM_BFLOAT16 ? 2 : 1u << format;
    for (unsigned i = 0; i < 16; i += size) {
        u64 lane = float_lane(format, seed);
        memcpy(v + i, &lane, size);
    }
}

void random_integers(u8 v[16], unsigned log2_size, u64 *seed)
{
    unsigned size = 1u << log2_size;
    for (unsigned i = 0; i < 16; i += size) {
        u64 lane = random_integer(8 * size, seed);
        memcpy(v + i, &lane, size);
    }
}
