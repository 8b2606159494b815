/*
 * Random functions of valid IR: several guest instructions in several blocks, with loads, stores,
 * faults, guards, exits in the middle, floating point and flags. What the optimiser looks for
 * (constants, chains, values of few uses, addresses in parts) comes up often.
 *
 * The function reads and writes x0 to x7, sp, v0 to v5, nzcv, qc, tpidr. x28 must hold the middle
 * of RANDOM_IR_DATA readable and writable bytes, x27 a small number: how often it may jump back.
 */
#ifndef TESTS_IR_RANDOM_IR_H
#define TESTS_IR_RANDOM_IR_H

#include "aot/ir/ir.h"

#define RANDOM_IR_DATA 16384
#define RANDOM_IR_BAD  UINT64_C(0x10) /* an address that faults */
/* Exits go to guest addresses; those with this bit leave NZCV undefined. */
#define RANDOM_IR_NZCV_DEAD UINT64_C(0x1000000)

/* The same seed gives the same function. */
struct ir_func *random_ir(struct arena *a, u64 seed);

/* A generator of numbers (splitmix64). */
u64 random_ir_number(u64 *seed);

#endif
