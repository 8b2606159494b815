/*
 * How the translator sees guest code: through a callback, so that it works alike on a file, on
 * memory of a running program and on a test's array.
 */
#ifndef AOT_ABI_CODE_VIEW_H
#define AOT_ABI_CODE_VIEW_H

#include "aot/base/types.h"

/*
 * Guest code. read: copies up to `max` words from guest address pc (a multiple of 4) and returns
 * how many could be had (0: not mapped or not executable). It must not fault.
 *
 * is_entry (or NULL): true when a translation starts at pc already, so that another needn't contain
 * that code as well. "False" is always right. To the full tier, never NULL: pc is reached from
 * elsewhere.
 *
 * extent, for the full tier only: where a region that contains pc may begin and end. NULL: what pc
 * leads to, not far from there.
 *
 * is_target (or NULL), for the full tier: an indirect branch in the same function may lead to pc,
 * since a jump table does, or something that is no call has its address. Only a hint.
 */
struct code_view {
    size_t (*read)(void *context, u64 pc, u32 *words, size_t max);
    bool (*is_entry)(void *context, u64 pc);
    void (*extent)(void *context, u64 pc, u64 *low, u64 *high);
    bool (*is_target)(void *context, u64 pc);
    bool (*is_return)(void *context, u64 pc);
    void *context;
};

#endif
