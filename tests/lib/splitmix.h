/*
 * splitmix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): random
 * numbers that a seed gives again.
 */
#ifndef TESTS_LIB_SPLITMIX_H
#define TESTS_LIB_SPLITMIX_H

#include "aot/base/types.h"

static inline u64 splitmix(u64 *seed)
{
    u64 z = *seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

#endif
