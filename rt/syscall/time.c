/*
 * Clocks, for guests that make the call in spite of the vDSO, and processor time: the compiler
 * thread's isn't the guest's.
 */
#include "rt/syscall/syscall.h"

#include "rt/background.h"
#include "rt/profile.h"

#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_SEC UINT64_C(1000000000)

/* What a clock of the process's processor time counts; BACKGROUND_TIMES: it is none. Numbers below
 * 0 are made of a process, 0 being the own one, or of a thread (the kernel's posix-timers.h). */
static enum background_time counted_by(clockid_t id)
{
    static const enum background_time kinds[4] = {BACKGROUND_ALL, BACKGROUND_USER, BACKGROUND_ALL,
                                                  BACKGROUND_TIMES};
    s32 pid = ~(id >> 3);

    if (id == CLOCK_PROCESS_CPUTIME_ID) return BACKGROUND_ALL;
    if (id >= 0 || (id & 4) != 0 || (pid != 0 && pid != getpid())) return BACKGROUND_TIMES;
    return kinds[id & 3];
}

s64 clock_for_guest(clockid_t id, struct timespec *ts)
{
    enum background_time kind = counted_by(id);
    u64 ns;

    if (clock_gettime(id, ts) != 0) return -errno;
    if (kind == BACKGROUND_TIMES) return 0;
    ns = background_less(kind, (u64)ts->tv_sec * NS_PER_SEC + (u64)ts->tv_nsec);
    ts->tv_sec = (s64)(ns / NS_PER_SEC);
    ts->tv_nsec = (s64)(ns % NS_PER_SEC);
    return 0;
}

s64 sys_clock_gettime(struct thread *t, const u64 *a)
{
    struct timespec ts;
    s64 r = clock_for_guest((clockid_t)a[0], &ts);

    (void)t;
    return r != 0 || guest_write(a[1], &ts, sizeof(ts)) ? r : -EFAULT;
}

s64 sys_gettimeofday(struct thread *t, const u64 *a)
{
    struct timeval tv;
    struct timezone tz;

    (void)t;
    if (gettimeofday(&tv, &tz) != 0) return -errno;
    if ((a[0] != 0 && !guest_write(a[0], &tv, sizeof(tv))) ||
        (a[1] != 0 && !guest_write(a[1], &tz, sizeof(tz))))
        return -EFAULT;
    return 0;
}

s64 sys_timer_create(struct thread *t, const u64 *a)
{
    (void)t;
    return profile_timer_create(a);
}

static void take_off(struct timeval *tv, enum background_time kind)
{
    u64 ns = background_less(kind, (u64)tv->tv_sec * NS_PER_SEC + (u64)tv->tv_usec * 1000);

    tv->tv_sec = (s64)(ns / NS_PER_SEC);
    tv->tv_usec = (s64)(ns % NS_PER_SEC / 1000);
}

s64 sys_getrusage(struct thread *t, const u64 *a)
{
    struct rusage usage;
    s64 r = host_syscall(SYS_getrusage, a[0], (u64)&usage, 0, 0, 0, 0);

    (void)t;
    if (r != 0) return r;
    if ((s32)a[0] == RUSAGE_SELF) {
        take_off(&usage.ru_utime, BACKGROUND_USER);
        take_off(&usage.ru_stime, BACKGROUND_SYSTEM);
    }
    return guest_write(a[1], &usage, sizeof(usage)) ? 0 : -EFAULT;
}

u64 ticks_for_guest(enum background_time kind, u64 ticks)
{
    u64 ns = NS_PER_SEC / (u64)sysconf(_SC_CLK_TCK);

    return background_less(kind, ticks * ns) / ns;
}

s64 sys_times(struct thread *t, const u64 *a)
{
    struct tms times;
    s64 r = host_syscall(SYS_times, (u64)&times, 0, 0, 0, 0, 0);

    (void)t;
    if (a[0] == 0) return r;
    times.tms_utime = (clock_t)ticks_for_guest(BACKGROUND_USER, (u64)times.tms_utime);
    times.tms_stime = (clock_t)ticks_for_guest(BACKGROUND_SYSTEM, (u64)times.tms_stime);
    return guest_write(a[0], &times, sizeof(times)) ? r : -EFAULT;
}
