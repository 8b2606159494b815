/*
 * The ways to run guest code on the small guest of guest.h, which must all come to the same.
 */
#ifndef TESTS_INSN_WAYS_H
#define TESTS_INSN_WAYS_H

#include "tests/insn/guest.h"

struct way {
    const char *name;
    bool evaluator;  /* else generated code: */
    bool plain_host; /* for a host with SSE2 only, else for this one */
    bool no_avx512;  /* for this one as it were without AVX-512 */
    bool image;
    bool full; /* function-shaped regions, with entries in the middle */
    bool fp_checked;
    bool upper_first; /* vector registers from 16 on before the others, if the host has them */
};

#define WAYS 8

extern const struct way ways[WAYS]; /* the evaluator first */

/* Maps the guest and makes ready for all ways. */
void ways_open(void);

/* As guest_evaluate, in one of the ways. */
struct guest_outcome way_run(const struct way *way, struct guest_state *state, u32 insts);

#endif
