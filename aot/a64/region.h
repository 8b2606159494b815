/*
 * A region of guest code as discovery finds it and the lifter takes it: basic blocks of decoded
 * words. Blocks need not be contiguous and any of them may be an entry, so one structure serves
 * the quick tier's straight runs and function-shaped regions.
 */
#ifndef AOT_A64_REGION_H
#define AOT_A64_REGION_H

#include "aot/a64/a64.h"

struct a64_block {
    u64 pc;          /* address of the first instruction */
    u32 count;       /* instructions; 0 only for a block whose first word can't be read */
    const u32 *word; /* their words */
    const u16 *row;  /* their enum a64_row */
    bool entry;      /* may be entered from outside the region */
    bool target;     /* where indirect branches inside the region may lead */
    u32 calls;       /* 1 + number of the inlined call that it ends with, or 0 */
    bool failed; /* the call of the inlined call `calls` where that has another callee than assumed:
                    its instruction alone, which has set x30 already */
    u32 of;      /* 1 + number of the inlined call whose callee it is a copy of, or 0 */
    u32 samples; /* of a profile: how often runs were found here; 0 too if there is none */
};

/*
 * A call whose callee's code is in the region, in a copy that is for this call alone: blocks behind
 * the one that calls, the callee's first instruction in the first of them. The callee calls nobody
 * and leaves x30 alone, so that its RETs lead to block `behind` of the region.
 *
 * An indirect call has a guard: where it isn't to `assumed`, the block behind the copies makes it.
 * So has one by way of a linkage table, with a copy of its stub in front, which ends with the
 * guard.
 */
struct a64_inlined {
    u32 first, count; /* blocks, ascending by pc */
    u32 start;        /* block that the call leads to: the first, or the stub */
    u32 behind;       /* block */
    bool guarded;     /* it is an indirect one, or by way of a stub */
    u64 assumed;      /* what it calls, or what one with a guard is assumed to */
};

/*
 * Ascending by pc, no overlaps, but for copies of callees, which are in between. A block ends at
 * its last instruction: a branch, a trap, or one that simply goes on at the address behind it
 * (another block's, or an exit).
 */
struct a64_region {
    u64 pc; /* where translation was asked for: an entry */
    struct a64_block *block;
    u32 block_count;
    u32 insn_count; /* copies included, which are: */
    u32 copied;
    bool has_targets;
    bool straight; /* one block, and no branch inside leads to it */
    struct a64_inlined *inlined;
    u32 inlined_count;
    const u32 *own; /* if calls are inlined: numbers of the blocks that are no copies, ascending */
    u32 own_count;
};

/* The number of the block that starts at pc, no copy; or -1. */
int a64_region_block_at(const struct a64_region *region, u64 pc);

/* The same of the copies of an inlined call's callee. */
int a64_region_copy_at(const struct a64_region *region, const struct a64_inlined *call, u64 pc);

#endif
