/*
 * The door between the two halves of the runtime: the kernel side (loader, system calls, signals,
 * threads) and the execution side, which runs guest code.
 *
 * There are several engines, one of which is chosen at start: the evaluator (engine_eval.c) and the
 * translator with its code memory (engine_jit*.c). Each is a table of functions. All run on the
 * thread itself except where it says otherwise.
 */
#ifndef RT_ENGINE_H
#define RT_ENGINE_H

#include "aot/abi/exits.h"
#include "aot/base/types.h"

#include <signal.h>
#include <ucontext.h>

struct thread;
struct profile_sample;
struct profile_place;
struct digest;

/* A call of the module led elsewhere than to `to` so often. */
typedef void profile_guard_fn(const struct digest *module, u64 from, u64 to, u64 failed);

enum engine_exit_kind {
    ENGINE_TRAP,  /* the guest asked for something: reason and imm of exits.h, state.pc and
                     state.trap_arg as described there (LIMIT is never seen here) */
    ENGINE_FAULT, /* a guest instruction faulted: signo, code, address; state.pc is its own PC */
    ENGINE_ATTENTION, /* t->attention is not 0; state is exact between two instructions */
};

struct engine_exit {
    u8 kind;   /* enum engine_exit_kind */
    u8 reason; /* enum trap_reason */
    u16 imm;
    s32 signo;   /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
    s32 code;    /* si_code for the guest */
    u64 address; /* si_addr for the guest: tag bits removed */
};

struct engine {
    const char *name; /* as --mode says it */

    /* Once per process, before the first thread. False: this engine can't run here (said in the
     * log); the caller takes the evaluator. */
    bool (*init)(void);

    /* Makes and frees what the engine keeps per thread: t->engine, host stacks for translated code,
     * helper and leave tables, jump cache, MXCSR. Runs on the creating thread. */
    bool (*thread_init)(struct thread *t);
    void (*thread_exit)(struct thread *t);

    /*
     * Runs guest code from t->state.pc until it leaves. Returns at once with ENGINE_ATTENTION when
     * t->attention is not 0 at entry. All guest state is at home on return; host signal mask and
     * MXCSR are C's.
     */
    struct engine_exit (*run)(struct thread *t);

    /*
     * Calls the guest function at t->state.pc. MXCSR is the guest's. True: it has returned to where
     * its link register led, and MXCSR still is; state.pc is there. False: as run(), in *exit; the
     * function may or may not have returned. NULL: there is no shorter way than run().
     */
    bool (*call)(struct thread *t, struct engine_exit *exit);

    /*
     * In a host signal handler, on the handler's stack: a synchronous SIGSEGV, SIGBUS, SIGILL,
     * SIGFPE or SIGTRAP hit the host context uc. True: it was the guest's doing, and uc is changed
     * so that the handler's return either goes on in translated code (a repaired access) or in
     * run(), which returns ENGINE_FAULT with exact state. False: the fault is the runtime's own.
     */
    bool (*fault)(struct thread *t, int sig, siginfo_t *info, ucontext_t *uc);

    /*
     * In a host signal handler: t->attention has just been set. When uc is inside translated code:
     * arranges that run() returns ENGINE_ATTENTION at the next safepoint. Otherwise nothing: run()
     * looks at t->attention itself before it enters guest code.
     */
    void (*interrupt)(struct thread *t, ucontext_t *uc);

    /*
     * For profiles, in a host signal handler. sample: where uc is, in translated code or in what
     * the runtime does for it; place: what that is of the guest's. False: nobody knows. NULL, both:
     * they aren't wanted.
     */
    bool (*sample)(struct thread *t, const ucontext_t *uc, struct profile_sample *out);
    bool (*place)(const struct profile_sample *s, struct profile_place *out);

    /* Guards of images that have failed since the last time (each: may be NULL), in modules' own
     * addresses. NULL where images are not used. */
    void (*guards)(profile_guard_fn *each);

    /* Guest bytes in [start, end) changed, or their mapping did: translations of them are gone for
     * all threads by their next safepoint. Any thread; LOCK_MM may be held. */
    void (*invalidate)(u64 start, u64 end);

    /* The image at `base` has been mapped for the module whose first page is at `start`; its cells
     * have their place, without access. False: it can't be used, and is to be unmapped. NULL: the
     * engine has no use for images. */
    bool (*image_mapped)(void *base, u64 start);

    /* Images in [start, end) are given up and unmapped (mm_unmap_image), since the guest wants the
     * place. False: it takes too long. No lock may be held. NULL where image_mapped is. */
    bool (*image_evict)(u64 start, u64 end);

    /* Around fork, on the forking thread with all of the runtime's other threads' locks held.
     * after: child is true in the child, whose only thread is t. A child that shares memory
     * (vfork) is no fork: neither is called. */
    void (*before_fork)(struct thread *t);
    void (*after_fork)(struct thread *t, bool child);

    /* The counters' lines for --stats, through stats_print. May be NULL. */
    void (*stats)(void);
};

extern const struct engine engine_eval;
extern const struct engine engine_jit;

/* The engine in use. */
extern const struct engine *engine;

#endif
