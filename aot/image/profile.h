/*
 * Profiles of modules: what runs have sampled and counted of their code, files profile/MODULE in
 * the cache (records.h), which runs add to when they end and conversions read.
 *
 * A file is bounded twice. When its samples come to more than PROFILE_SAMPLES, all its counts are
 * halved before new ones are added, as often as it takes: so what programs did long ago fades, by
 * half for each quarter of an hour of processor time or so. And of more than PROFILE_RECORDS
 * records those with the lowest counts go.
 */
#ifndef AOT_IMAGE_PROFILE_H
#define AOT_IMAGE_PROFILE_H

#include "aot/abi/profile.h"
#include "aot/base/arena.h"
#include "aot/base/blake2b.h"

#define PROFILE_RECORDS 16384
#define PROFILE_SAMPLES (1u << 18)

/* What a record counts: X(NAME, text). */
#define PROFILE_KINDS(X)                                                                           \
    X(EVER, "samples that were ever added")                   /* pc: how many */                   \
    X(WEIGHT, "samples")                                      /* at pc */                          \
    X(CALL, "samples below a call")                           /* at pc, of the function `to` */    \
    X(GUARD, "calls that led elsewhere than a guard assumed") /* at pc, than `to` */               \
    X(INVALID, "invalid operations and NaNs repaired")                                             \
    X(INEXACT, "inexact results repaired")                                                         \
    X(TAG, "tagged addresses repaired")                                                            \
    X(STRING, "string functions left to the guest's code")                                         \
    X(SUPERSEDED, "regions made anew because of repairs")

enum profile_kind {
#define X(name, text) PROFILE_##name,
    PROFILE_KINDS(X)
#undef X
        PROFILE_KIND_COUNT
};

struct profile_record {
    u64 pc, to; /* unbiased guest addresses; `to` is 0 but in calls and guards */
    u32 count;
    u8 kind; /* enum profile_kind */
    u8 unused[3];
};

/* Adds records (in any order, perhaps several of a kind for an address; none of PROFILE_EVER, which
 * is kept by itself) to the module's file in the cache `dir`. Uses no heap. False: it can't be
 * written, or there is no memory. *why: NULL, or what is wrong with a file that counted as none. */
bool cache_note_profile(const char *dir, const struct digest *module,
                        const struct profile_record *added, u32 count, const char **why);

/* A module's profile as it is read, in an arena. */
struct profile_read {
    struct profile_record *record; /* as in the file */
    u32 count;
    u64 ever;               /* samples that were ever added, those that have faded too */
    struct profile profile; /* weights and calls among them */
};

/* The module's profile in the cache `dir`; false: there is none. *why as above. */
bool cache_profile(struct arena *arena, const char *dir, const struct digest *module,
                   struct profile_read *out, const char **why);

/* The same from records that a file held. False: they make no sense. */
bool profile_of_records(struct arena *arena, const void *records, size_t size,
                        struct profile_read *out);

/* The records of a profile of which `ever` samples were added, in the arena. */
struct profile_record *profile_pack(struct arena *arena, const struct profile *p, u64 ever,
                                    u32 *count);

/* Of all that a conversion reads of it. */
struct digest profile_digest(const struct profile *p);

/* Adds all profiles of the cache `from`, another one, to those of `dir`, as if they were as old.
 * False: some can't be written. *left_out: some of `from` count as none. */
bool cache_merge_profiles(const char *dir, const char *from, u32 *modules, bool *left_out);

/* Removes the profile of a module, or all of them (NULL); how many. */
u32 cache_clear_profiles(const char *dir, const struct digest *module);

#endif
