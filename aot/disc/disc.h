/*
 * Discovery: which guest instructions make a region.
 */
#ifndef AOT_DISC_DISC_H
#define AOT_DISC_DISC_H

#include "aot/a64/region.h"
#include "aot/abi/code_view.h"
#include "aot/base/arena.h"

#define DISC_QUICK_INSTS 64   /* default limit of a quick region */
#define DISC_MAX_INSTS   4096 /* of any limit */

/*
 * The quick tier's region: one run of consecutive instructions from pc, with one entry, its start.
 * It goes on past conditional branches and ends at the first instruction that never goes on behind
 * itself, where code can't be read, or after max_insts (0: the default). Where a branch of the run
 * leads right behind such an end, and a loop is closed from there, the run goes on to the branch
 * that closes it: loops with other ways through them stay in one region.
 * The region's parts live in the arena. False: nothing can be read at pc.
 */
bool disc_quick(struct arena *arena, const struct code_view *view, u64 pc, u32 max_insts,
                struct a64_region *out);

#endif
