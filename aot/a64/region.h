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
};

/*
 * Ascending by pc, no overlaps. A block ends at its last instruction: a branch, a trap, or one
 * that simply goes on at the address behind it (another block's, or an exit).
 */
struct a64_region {
    u64 pc; /* where translation was asked for: an entry */
    struct a64_block *block;
    u32 block_count;
    u32 insn_count;
    bool has_targets;
    bool straight; /* one block, and no branch inside leads to it */
};

/* The same for an address between the first block's and the last one's. */
int a64_region_search(const struct a64_region *region, u64 pc);

/* The number of the block that starts at pc, or -1. */
static inline int a64_region_block_at(const struct a64_region *region, u64 pc)
{
    u64 first = region->block[0].pc, last = region->block[region->block_count - 1].pc;
    return pc - first <= last - first ? a64_region_search(region, pc) : -1;
}

#endif
