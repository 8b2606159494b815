/*
 * Profiles: where guest code spends its time, sampled while a process runs, added to the module's
 * profiles in the cache when it ends (aot/image/profile.h).
 */
#ifndef RT_PROFILE_H
#define RT_PROFILE_H

#include "aot/base/blake2b.h"
#include "aot/image/profile.h"

#include <signal.h>
#include <ucontext.h>

struct thread;

/* A sample as it is taken, in host addresses. */
struct profile_sample {
    u64 ip;
    u64 back; /* where the function returns to; 0: nobody knows */
    u64 code; /* tells apart what has been at ip, one after the other */
    u64 tier; /* enum profile_tier. Of the runtime's, ip is the code that it works for, or 0, and
                 `code` then the guest address that code was left at. */
};

/* What it stands for: unbiased guest addresses of a module with an image, or, if `module` is NULL,
 * guest addresses. */
struct profile_place {
    const struct digest *module;
    bool guided;      /* its image was made by a profile */
    u64 pc, from, to; /* as in struct profile_weight and profile_call; from 0: no call is known */
};

/* Once, after image_init. */
void profile_init(void);

/* The calling thread, whose id is known, is sampled from now on, or no longer. */
void profile_start(struct thread *t);
void profile_stop(struct thread *t);

/* It is after some system calls: a process that another has started may have a short life. */
void profile_start_later(struct thread *t);
void profile_system_call(struct thread *t);

/* No thread of the process is, since it is about to execute another program. */
void profile_stop_all(const struct thread *t);

/* timer_create for the guest, whose timers are numbered as if there were no others. */
s64 profile_timer_create(const u64 *a);

/* In a host handler of SIGTRAP: true when a sample was due, which has been taken. The guest must
 * never hear of it. */
bool profile_tick(struct thread *t, const siginfo_t *info, ucontext_t *uc);

/* It is a sample's, taken out of the kernel's hands by a call that waits for signals. */
bool profile_is_tick(const siginfo_t *info);

/* Counts something other than a sample. Not in signal handlers. */
void profile_note(const struct digest *module, u64 unbiased, enum profile_kind kind);

/* Takes stock of guards that have failed. */
void profile_count_guards(void);

/* Writes to the cache `dir` what there is, if that is worth it; NULL: forgets it. */
void profile_flush(const char *dir);

/* In a fork's child, before it runs: it has no samples, and isn't sampled yet. */
void profile_after_fork(struct thread *t);

#endif
