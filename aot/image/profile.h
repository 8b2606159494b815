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

/* Processor time that a sample stands for. */
#define PROFILE_INTERVAL_NS 3000000

/* What a record counts: X(NAME, text). */
#define PROFILE_KINDS(X)                                                                           \
    X(EVER, "samples that were ever added") /* pc: how many */                                     \
    X(WEIGHT, "samples")                    /* at pc */                                            \
    X(CALL, "samples below a call")         /* at pc, of the function `to` */                      \
    X(INVALID, "invalid operations and NaNs repaired")                                             \
    X(INEXACT, "inexact results repaired")                                                         \
    X(TAG, "tagged addresses repaired")                                                            \
    X(STRING, "string functions left to the guest's code")                                         \
    X(SUPERSEDED, "regions made anew because of repairs")                                          \
    X(GUARD, "calls that led elsewhere than a guard assumed") /* at pc, which assumed `to` */      \
    X(TIER, "samples of a tier")    /* pc: slice of the run, to: profile_tier_of */                \
    X(PROCESS, "processes sampled") /* to: profile_tier_of, of no tier */

enum profile_kind {
#define X(name, text) PROFILE_##name,
    PROFILE_KINDS(X)
#undef X
        PROFILE_KIND_COUNT
};

/* Where a sample found a thread: X(NAME, text). */
#define PROFILE_TIERS(X)                                                                           \
    X(IMAGE, "image")                                                                              \
    X(WARM, "warm JIT code")   /* function-shaped */                                               \
    X(QUICK, "quick JIT code") /* made as it came */                                               \
    X(RUNTIME, "runtime and kernel")

enum profile_tier {
#define X(name, text) TIER_##name,
    PROFILE_TIERS(X)
#undef X
        TIER_COUNT
};

/* What a module ran from meanwhile: X(NAME, text). */
#define PROFILE_IMAGES(X)                                                                          \
    X(NONE, "no image")                                                                            \
    X(PLAIN, "image made without a profile")                                                       \
    X(GUIDED, "image made by a profile")

enum profile_image {
#define X(name, text) PROFILE_IMAGE_##name,
    PROFILE_IMAGES(X)
#undef X
        PROFILE_IMAGE_COUNT
};

/*
 * Slices of a run, by the processor time of all of the process's threads: each goes to twice the
 * time that the one before goes to, the first to that of PROFILE_FIRST_SLICE samples, 48 ms; the
 * last has no end.
 */
#define PROFILE_SLICES      16
#define PROFILE_FIRST_SLICE 16

struct profile_record {
    u64 pc, to; /* unbiased guest addresses, or as PROFILE_KINDS says, which else has no `to` */
    u32 count;
    u8 kind; /* enum profile_kind */
    u8 unused[3];
};

static inline u64 profile_tier_of(enum profile_image image, enum profile_tier tier)
{
    return (u64)image << 8 | tier;
}

/* It counts for the whole module: its members are no addresses. */
bool profile_is_about_tiers(const struct profile_record *r);

/* The slice of a run that its sample number `sample` is in. */
u32 profile_slice(u64 sample);

/* Samples of the run when the slice ends. */
u64 profile_slice_end(u32 slice);

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

/* Samples of a module by where they found it, and the processes that they are of. */
struct profile_tiers {
    u64 samples[PROFILE_IMAGE_COUNT][TIER_COUNT][PROFILE_SLICES];
    u64 processes[PROFILE_IMAGE_COUNT];
};

void profile_tiers(const struct profile_read *read, struct profile_tiers *out);

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
