/*
 * Where the guest would meet the compiler thread (background.h): calls that change what Linux keeps
 * per thread, that name a thread by its id, or that list threads, during which it is kept away; and
 * calls that have the kernel measure the process's time, after which it is given up.
 */
#include "rt/syscall/syscall.h"

#include "rt/background.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>

enum {
#define X(number, name, args) NR_##name = number,
    SYSCALLS(X, X, X)
#undef X
};

/* Processor time of anything but the calling thread; a negative number is a clock of a process or
 * thread, or of a device. */
static bool is_process_clock(u64 clock)
{
    return (s32)clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID;
}

/* Credentials, name spaces, filters: each thread has its own, and some want the process to have but
 * one thread. */
static bool changes_thread(u64 nr)
{
    switch (nr) {
    case NR_setregid:
    case NR_setgid:
    case NR_setreuid:
    case NR_setuid:
    case NR_setresuid:
    case NR_setresgid:
    case NR_setfsuid:
    case NR_setfsgid:
    case NR_setgroups:
    case NR_capset:
    case NR_unshare:
    case NR_setns:
    case NR_prctl:
    case NR_seccomp:
    case NR_keyctl:
    case NR_personality:
    case NR_landlock_restrict_self:
    case NR_sched_setaffinity:
    case NR_set_mempolicy: return true;
    default: return false;
    }
}

/* The kernel will count the compiler thread's time, too, or its events. */
static bool measures_process(u64 nr, const u64 *a)
{
    switch (nr) {
    case NR_setitimer: return (u32)a[0] != ITIMER_REAL;
    case NR_timer_create:
    case NR_clock_nanosleep: return is_process_clock(a[0]);
    case NR_setrlimit: return (u32)a[0] == RLIMIT_CPU;
    case NR_prlimit64: return (u32)a[1] == RLIMIT_CPU && a[2] != 0;
    case NR_perf_event_open: return true;
    default: return false;
    }
}

static bool names_it(const char *args, const u64 *a)
{
    if (!background_is_there()) return false;
    for (unsigned i = 0; args[i] != '\0'; i++)
        if (args[i] == 't' && background_is((s32)a[i])) return true;
    return false;
}

void alone_for_call(struct thread *t, u64 nr, const char *args, const u64 *a)
{
    if (t->process->borrowed) return;
    if (measures_process(nr, a)) background_give_up();
    if (changes_thread(nr) || names_it(args, a)) background_keep_away(t);
}
