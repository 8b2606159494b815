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
 * It goes on past conditional branches and ends
 *  - at the first instruction that never goes on behind itself, or where code can't be read;
 *  - after a few conditional branches, or before an address at which another translation starts
 *    (code_view.is_entry);
 *  - after max_insts (0: the default).
 * Where a branch a little behind the first two leads back into the run, the run goes on to it:
 * loops stay in one region.
 * The region's parts live in the arena. False: nothing can be read at pc.
 */
bool disc_quick(struct arena *arena, const struct code_view *view, u64 pc, u32 max_insts,
                struct a64_region *out);

/*
 * A function-shaped region: all code inside view->extent around pc that can be reached from pc and from
 * the other entries there (view->is_entry). What a call returns to is an entry too. The region
 * starts at its lowest instruction. Parts live in the arena. False: nothing can be read at pc.
 */
bool disc_function(struct arena *arena, const struct code_view *view, u64 pc,
                   struct a64_region *out);

#endif
