/*
 * Counters for --stats: one list. Counted only when they are going to be printed.
 */
#ifndef RT_STATS_H
#define RT_STATS_H

#include "aot/base/types.h"

/* X(NAME, text) */
#define STATS(X)                                                                                   \
    X(SYSCALLS, "system calls")                                                                    \
    X(SIGNALS, "signals delivered")                                                                \
    X(FAULTS, "guest faults")                                                                      \
    X(THREADS, "threads started")                                                                  \
    X(REGIONS, "regions translated")                                                               \
    X(GUEST_INSNS, "guest instructions translated")                                                \
    X(GUEST_BYTES, "guest bytes translated")                                                       \
    X(HOST_BYTES, "host bytes of code")                                                            \
    X(SIDE_BYTES, "bytes of side tables")                                                          \
    X(TRANSLATE_NS, "ns in translation")                                                           \
    X(WARM, "of them function-shaped, for what was warm")                                          \
    X(WARM_ENTERED, "times that a thread came out of old code to go on in one of these")           \
    X(BACKGROUND, "of the function-shaped by the compiler thread")                                 \
    X(BACKGROUND_QUEUE, "places waiting for it at most")                                           \
    X(BACKGROUND_DROPPED, "places that it had no room for, to be asked for again")                 \
    X(BACKGROUND_NS, "ns of its processor time")                                                   \
    X(IMAGES, "images mapped")                                                                     \
    X(IMAGE_ENTRIES, "entries of images used")                                                     \
    X(LEAVE_LINK, "exits to be linked")                                                            \
    X(LEAVE_INDIRECT, "indirect exits that missed")                                                \
    X(LEAVE_TRAP, "trap exits")                                                                    \
    X(INVALIDATIONS, "invalidations that hit code")                                                \
    X(EVICTIONS, "code memory evictions")                                                          \
    X(SAMPLES, "samples for profiles")                                                             \
    X(SAMPLES_RUNTIME, "of them in the runtime or the kernel")                                     \
    X(SAMPLES_ELSEWHERE, "of them in modules without an image")                                    \
    X(SAMPLES_LOST, "of them without room")                                                        \
    X(GUARDS_FAILED, "calls that led elsewhere than a guard assumed")                              \
    X(EVALUATED, "regions evaluated")                                                              \
    X(IMAGE_INSNS, NULL)      /* with --count: executed, from images */                            \
    X(JIT_INSNS, NULL)        /* from code memory */                                               \
    X(EVALUATED_INSNS, NULL)  /* by the evaluator */                                               \
    X(IMAGE_HOST_INSNS, NULL) /* host instructions of images */                                    \
    X(JIT_HOST_INSNS, NULL)   /* of code memory */

enum stat_counter {
#define X(name, text) STAT_##name,
    STATS(X)
#undef X
        STAT_COUNT
};

extern u64 stats[STAT_COUNT];

/* Whether anything is counted: --stats. */
extern bool stats_on;

static inline void stats_add(enum stat_counter s, u64 n)
{
    if (stats_on) __atomic_fetch_add(&stats[s], n, __ATOMIC_RELAXED);
}

/* The counter is at least n. */
static inline void stats_most(enum stat_counter s, u64 n)
{
    if (stats_on && n > __atomic_load_n(&stats[s], __ATOMIC_RELAXED))
        __atomic_store_n(&stats[s], n, __ATOMIC_RELAXED);
}

/* One line of --stats output: "  VALUE  TEXT". */
void stats_print(const char *text, u64 value);

/* All of it, to the log's descriptor, when --stats is on. */
void stats_report(void);

#endif
