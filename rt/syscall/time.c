/*
 * Clocks, for guests that make the call in spite of the vDSO.
 */
#include "rt/syscall/syscall.h"

#include "rt/profile.h"

#include <sys/time.h>
#include <time.h>

s64 sys_clock_gettime(struct thread *t, const u64 *a)
{
    struct timespec ts;

    (void)t;
    if (clock_gettime((clockid_t)a[0], &ts) != 0) return -errno;
    return guest_write(a[1], &ts, sizeof(ts)) ? 0 : -EFAULT;
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
