/*
 * Back from an instruction: the way that leads to it, and addresses made in front of that. Private
 * to aot/disc.
 */
#ifndef AOT_DISC_WAY_H
#define AOT_DISC_WAY_H

#include "aot/disc/disc.h"

#define WAY_MAX 64 /* instructions */
#define WAY_ZR  31 /* number of the register that is SP or zero */

struct way_step {
    u64 pc;
    u32 word;
    bool taken; /* a branch that leads to the next step */
};

struct way {
    const struct disc_view *view;
    u64 start; /* address of the first step */
    unsigned count;
    struct way_step step[WAY_MAX]; /* the last `count` of them */
};

/*
 * The way to pc: the straight one, or with detour n the one that comes from a branch to the n-th
 * place before pc that both a branch and the instruction in front lead to. False: there are fewer
 * of these nearby.
 */
bool way_back(const struct disc_view *view, u64 pc, unsigned detour, struct way *out);

/* Whether the instruction behind the one at pc follows it, at once or when a call returns. */
bool way_goes_on(u32 word, u64 pc);

/* The nearest address made in `reg` (ADR, or ADRP and ADD) in front of `pc`, within the function.
 */
bool way_find_made(const struct disc_view *view, u64 pc, unsigned reg, u64 *value);

/* The same for the register that was stored at [base + offset]. */
bool way_find_spilled(const struct disc_view *view, u64 pc, unsigned base, u64 offset, u64 *value);

static inline bool way_is_adr(u32 w) /* ADR or ADRP */
{
    return (w & 0x1f000000) == 0x10000000;
}

static inline bool way_is_add(u32 w) /* ADD Xd, Xn, #imm without shift */
{
    return (w & 0xffc00000) == 0x91000000;
}

/* What ADR or ADRP at pc gives. */
u64 way_adr_value(u32 w, u64 pc);

#endif
