/*
 * Discovery: which guest instructions make a region, and what code the code itself tells of.
 */
#ifndef AOT_DISC_DISC_H
#define AOT_DISC_DISC_H

#include "aot/a64/region.h"
#include "aot/abi/code_view.h"
#include "aot/abi/profile.h"
#include "aot/abi/translation.h"
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
 * A function-shaped region: all code inside view->extent around pc that can be reached from pc and
 * from the other entries there (view->is_entry). What a call returns to is an entry too. The region
 * starts at its lowest instruction. Parts live in the arena. False: nothing can be read at pc.
 *
 * With no view->extent: what can be reached from pc without going far, on the way there as well
 * from other entries.
 */
bool disc_function(struct arena *arena, const struct code_view *view, u64 pc,
                   struct a64_region *out);

/*
 * Gives a function-shaped region copies of functions that it calls, one for each call: of those
 * that runs spend time in, or, with no profile, of small ones. What such a call returns to is an
 * entry no longer. Indirect calls that nearly always call the same get it behind a guard. Parts
 * live in the arena.
 */
void disc_inline(struct arena *arena, const struct code_view *view, const struct profile *profile,
                 struct a64_region *region);

/* Sets the samples of the region's blocks. */
void disc_weigh(const struct profile *profile, struct a64_region *region);

/* Samples at [low, high), copies of that code included. */
u64 disc_samples(const struct profile *profile, u64 low, u64 high);

/* Samples in the function `to` that the call at `from` had called. */
u64 disc_call_samples(const struct profile *profile, u64 from, u64 to);

/* What the indirect call at `from` has nearly always called; false: nothing that runs have shown.
 */
bool disc_usual_target(const struct profile *profile, u64 from, u64 *target);

/*
 * A module as its file has it, for what looks further than a region. No callback may fault,
 * whatever it is asked.
 */
struct disc_view {
    struct code_view code;
    /* Copies up to `size` bytes of the file that are loaded at address `at`; returns how many. */
    size_t (*read)(void *context, u64 at, void *bytes, size_t size);
    /* Whether an instruction may start at pc: a multiple of 4 in code, and not known to be data. */
    bool (*is_code)(void *context, u64 pc);
    /* The address of a branch to pc, of several one that is conditional; it may be indirect, if a
     * table says so. 0: none is known. */
    u64 (*branch_to)(void *context, u64 pc);
    /* The function that holds pc, or what is between its neighbours. */
    struct guest_range (*function)(void *context, u64 pc);
    void *context;
};

/*
 * Where an indirect branch leads. With size 0 there is no table, it leads to
 * base ± (n << stride), n < count; else entry n, of `size` bytes, is at at + (n << stride), and
 * leads to base ± (entry << shift).
 */
struct disc_table {
    u64 at, base;
    u32 count;
    u8 size, stride, shift; /* bytes, and logarithms of factors */
    bool is_signed, negative;
    bool bounded; /* the code checks the index; else `count` is how many entries look right */
};

#define DISC_MAX_ENTRIES 65536 /* of a table */

/*
 * Recovers the jump table of the indirect branch at pc from the instructions that lead to it. What
 * it gives is a guess, made with care: each of the targets is the address of an instruction, but it
 * may not be the program's. False: not understood.
 */
bool disc_find_table(const struct disc_view *view, u64 pc, struct disc_table *out);

/* The target of entry n < count; false: it can't be read. */
bool disc_table_target(const struct disc_view *view, const struct disc_table *table, u32 n,
                       u64 *target);

/*
 * The address of code that the ADR or ADRP (with its ADD) at pc makes, as far as its use in the
 * instructions that follow shows it: not when memory is read there, nor when it is the base of a
 * table. False: none.
 */
bool disc_find_address(const struct disc_view *view, u64 pc, u64 *out);

#endif
