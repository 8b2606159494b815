/*
 * Addresses of a module that runs wanted to enter and that its image had no entry for, so that the
 * next conversion has them: files missed/MODULE in the cache (records.h).
 */
#ifndef AOT_IMAGE_MISSED_H
#define AOT_IMAGE_MISSED_H

#include "aot/base/blake2b.h"
#include "aot/base/types.h"

#define MISSED_MAX 65536 /* addresses kept for a module: the first that came */

/*
 * How an address was come to: X(NAME, text). RESUME: after a signal, a fault, a system call, where
 * the image has the code but no entry. Conversion makes none: it would cut loops and hold up what
 * the optimiser does, for the few instructions that are translated as they come from there to the
 * next entry, once.
 */
#define MISSED_KINDS(X)                                                                            \
    X(INDIRECT, "indirect branch or call")                                                         \
    X(DIRECT, "direct branch or call")                                                             \
    X(RETURN, "return")                                                                            \
    X(RESUME, "resumed in mid-region")                                                             \
    X(OTHER, "other")

enum missed_kind {
#define X(name, text) MISSED_##name,
    MISSED_KINDS(X)
#undef X
        MISSED_KIND_COUNT
};

struct missed {
    u64 pc;   /* unbiased guest address, a multiple of 4 */
    u32 runs; /* notes of it, at most one for each call of cache_note_missed */
    u8 kind;  /* enum missed_kind, of the first note; RESUME only if all are */
    u8 unused[3];
};

/*
 * Adds `count` addresses (in any order, perhaps with repetitions; `runs` is not looked at) to the
 * module's file in the cache `dir`. Uses no heap and leaves no descriptor open. False: the cache
 * can't be written, or there is no memory; nothing is changed then.
 */
bool cache_note_missed(const char *dir, const struct digest *module, const struct missed *missed,
                       u32 count);

/* The module's addresses, ascending, each once; their number. They lie in memory of their own,
 * which missed_free gives back. */
u32 cache_missed(const char *dir, const struct digest *module, struct missed **out);
void missed_free(struct missed *missed, u32 count);

#endif
