/*
 * Fixed-width names and the few macros that every file uses.
 */
#ifndef AOT_BASE_TYPES_H
#define AOT_BASE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef unsigned __int128 u128;
typedef __int128 s128;

#define ARRAY_SIZE(a)    (sizeof(a) / sizeof((a)[0]))
#define ALIGN_UP(v, a)   (((v) + ((a)-1)) & ~((a)-1))
#define ALIGN_DOWN(v, a) ((v) & ~((a)-1))

/* A contiguous field of `width` bits (1 to 63) at bit `lo`. */
static inline u64 bits(u64 v, unsigned lo, unsigned width)
{
    return (v >> lo) & ((UINT64_C(1) << width) - 1);
}

/* The low `width` bits (1 to 64) of v as a signed number. */
static inline s64 sign_extend(u64 v, unsigned width)
{
    return (s64)(v << (64 - width)) >> (64 - width);
}

#endif
