/*
 * Random words and states for instruction tests, comparison of results, and what the oracle of
 * oracle.h is known to have otherwise.
 */
#ifndef TESTS_INSN_RANDOM_H
#define TESTS_INSN_RANDOM_H

#include "aot/a64/a64.h"
#include "tests/insn/guest.h"
#include "tests/insn/ways.h"

#define MAX_REPORTS 40 /* differences that are printed */

extern u64 random_seed;
extern unsigned differences; /* found so far */

u64 random64(void);
u64 below(u64 n);

/* Into the data pages or the read-only one. */
u64 random_pointer(void);

/* Values at the corners of arithmetic, pointers, small ones, any. */
u64 random_value(void);

/* All registers, flags, sometimes FPCR and FPSR; SP is aligned and in the data pages, pc in the
 * code. */
void random_state(struct guest_state *state);

/* GUEST_DATA_SIZE bytes, many of them random. */
void random_data(u8 *data);

/* A word of the row on which the oracle can be relied, or 0. */
u32 random_word(enum a64_row row);

/* Loads, stores, atomics: rn is a base address. */
bool is_memory_row(enum a64_row row);

bool oracle_skips(enum a64_row row);
bool oracle_memory_is_wrong(enum a64_row row);
bool oracle_nzcv_is_wrong(enum a64_row row, const struct guest_state *before);
bool oracle_fpsr_is_wrong(enum a64_row row, u32 word);
bool oracle_may_differ(enum a64_row row, u32 word);

void differ(const char *label, const char *what, u64 ours, u64 theirs);

/* What a case leaves, to compare with. */
struct expected {
    struct guest_outcome outcome;
    struct guest_state state; /* the whole FPSR in fpsr */
    u8 data[GUEST_DATA_SIZE];
};

/* Prints in what a result and the guest's data differ, behind the label. Returns how much. */
unsigned compare_result(const char *label, const struct guest_outcome *got,
                        const struct guest_state *state, const struct expected *expected);

#endif
