/*
 * Random vectors for tests of instructions: lanes of one format, with what matters to arithmetic
 * much more frequent than in random bits. *seed moves on.
 */
#ifndef TESTS_LIB_RANDOM_LANES_H
#define TESTS_LIB_RANDOM_LANES_H

#include "aot/base/types.h"

/* By the name of its algorithm. */
u64 splitmix64(u64 *seed);

/* Small, near a limit, a power of two, or anything. */
u64 random_integer(unsigned width, u64 *seed);

void random_integers(u8 v[16], unsigned log2_size, u64 *seed);

/* The format is log2 of a lane's size (1 half, 2 single, 3 double), or this. */
#define RANDOM_BFLOAT16 4

/* Special ones, few significant bits near 1, around integer limits, where results are about the
 * smallest, random. */
void random_floats(u8 v[16], unsigned format, u64 *seed);

#endif
