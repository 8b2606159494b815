/* Values of scalars from numbers, numbers from values: for the generated library and its program.
 */
#ifndef TESTS_NATIVE_VALUE_H
#define TESTS_NATIVE_VALUE_H

#include <string.h>

typedef unsigned long long u64;

static inline u64 mix(u64 h, u64 v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

/* Bits of an integer, often at an edge of some width. */
static __attribute__((noinline)) u64 pick(u64 s)
{
    static const u64 edge[] = {0,
                               1,
                               ~0ull,
                               0x80,
                               0xff7f,
                               0x8000,
                               0xffff,
                               0x80000000,
                               0xffffffff,
                               0x7fffffffffffffff,
                               0x8000000000000000,
                               0xffffffff80000000};
    u64 r = mix(s, 0x1234567);

    return (r & 3) == 0 ? edge[(r >> 8) % (sizeof edge / sizeof *edge)] : mix(r, s);
}

static __attribute__((noinline)) double pick_double(u64 s)
{
    static const u64 edge[] = {
        0,
        0x8000000000000000, /* -0 */
        0x7ff0000000000000, /* infinities */
        0xfff0000000000000,
        0x7ff8000000000000, /* quiet NaNs */
        0xfff8000012345678,
        0x7ff0000000000001, /* signalling ones */
        0xfff4000000000000,
        1, /* the smallest */
        0x7fefffffffffffff,
    };
    u64 r = mix(s, 0x7654321), bits = mix(r, s);
    double d;

    if ((r & 3) == 0) bits = edge[(r >> 8) % (sizeof edge / sizeof *edge)];
    memcpy(&d, &bits, sizeof d);
    return d;
}

static __attribute__((noinline)) float pick_float(u64 s)
{
    static const unsigned edge[] = {0,          0x80000000, 0x7f800000, 0xff800000, 0x7fc00000,
                                    0xffc12345, 0x7f800001, 0xffa00000, 1,          0x7f7fffff};
    u64 r = mix(s, 0x7654321);
    unsigned bits = (unsigned)mix(r, s);
    float f;

    if ((r & 3) == 0) bits = edge[(r >> 8) % (sizeof edge / sizeof *edge)];
    memcpy(&f, &bits, sizeof f);
    return f;
}

static inline u64 bits_of_double(double d)
{
    u64 bits;
    memcpy(&bits, &d, sizeof bits);
    return bits;
}

static inline u64 bits_of_float(float f)
{
    unsigned bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}

#endif
