/*
 * Images as the translating engine sees them: a table of those mapped, and what they say about
 * guest addresses and host addresses.
 */
#ifndef RT_JIT_IMAGE_H
#define RT_JIT_IMAGE_H

#include "aot/abi/sidetable.h"
#include "rt/jit/jit.h"

/* Takes an image that has been mapped at base for the module at `start`. False: no more room. */
bool image_add(void *base, u64 start);

/* Host code of guest address pc, or NULL. Lock-free; it stays where it is until the thread has
 * acknowledged that it is gone (code_acknowledge). */
u8 *image_code(u64 pc);

/* True if some image has an entry at pc. Lock-free. */
bool image_has(u64 pc);

/* What an image says of pc, for which it has no entry: its module's digest and pc as linked. NULL:
 * pc is in no module with an image. Lock-free. */
const struct digest *image_without(u64 pc, u64 *unbiased);

/* True if the image of that module, as one of these functions gave it, was made by a profile. */
bool image_is_guided(const struct digest *module);

/* True if an image's code does the instruction at pc, for which it may have no entry. Lock-free. */
bool image_covers(u64 pc);

/* True if a region of an image reaches beyond pc. Lock-free. */
bool image_spans(u64 pc);

/* Where the image begins that has ip in a region's code; NULL: none has. Lock-free. */
const void *image_base(u64 ip);

/* The guest address, unbiased, that code at ip in an image is about, or one shortly before, and
 * that of its region; and the module's digest, NULL: none of these. Lock-free. */
const struct digest *image_near(u64 ip, u64 *pc, u64 *region_pc);

/* The call behind whose guard the image's code at ip, which is about pc and in that region, is a
 * copy of the callee's; false: it is none. Unbiased. Lock-free. */
bool image_guarded(u64 ip, u64 pc, u64 region_pc, u64 *from, u64 *to);

/* True if ip is in an image's code, the jumps through its cells included. Lock-free. */
bool image_holds(u64 ip);

/* True if `address` is among an image's cells; they are filled in, if they weren't: for the handler
 * of a fault in translated code, and for who is about to write to a cell. code_lock held. */
bool image_fill_cells(u64 address);

/* The frame state of the point of that kind at ip in an image's code, and the address of its
 * region. False: there is none. Lock-free, for signal handlers. */
bool image_find_point(u64 ip, enum point_kind kind, u64 *region_pc, struct frame_state *fs);

/* True if ip, in an image's code, is at no safepoint for sure, which is found out sooner than what
 * its frame state is: for one after the other, with the same `near`, empty at first. */
bool image_is_between(u64 ip, struct near_safepoints *near);

/*
 * Cells of the region whose code this is lead to detours from now on, which `detour` makes for each
 * entry's guest address (NULL: no room). False: not all do. reset: all that were changed lead to
 * the images' own code again, and inline caches nowhere. code_lock held.
 */
typedef u8 *image_detour_fn(u64 pc);
bool image_divert(const u8 *code, image_detour_fn *detour);
void image_reset_cells(void);

/* True if that is the address of an inline cache of an image that is in use. code_lock held. */
bool image_has_cache(u64 address);

/* engine.h: guards. No signal handler's business. */
void image_failed_guards(profile_guard_fn *each);

/* Around fork: the table's lock is held, and dropped or, in the child, made free. */
void image_before_fork(void);
void image_after_fork(bool child);

/* Where an image's code is, in guest addresses, and its inline caches, in the host's. */
struct image_parts {
    u64 code_start, code_end;
    u64 caches_start, caches_end;
};
typedef void image_kill_fn(const struct image_parts *gone);

/*
 * Images whose modules have code in [start, end) are out of use, and retired at `generation`;
 * `kill` is called for each. code_lock held. True: there was one.
 */
bool image_invalidate(u64 start, u64 end, u32 generation, image_kill_fn *kill);

/* Likewise images that lie in [start, end) themselves. True: there was one, or there is one still
 * that was retired before. */
bool image_evict(u64 start, u64 end, u32 generation, image_kill_fn *kill);

/* Gives back images that were retired before all threads' `oldest` generation. No lock held. */
void image_give_back(u32 oldest);

#endif
