/*
 * Waiting for events: calls with a signal mask of their own, and struct epoll_event, which is
 * packed on x86-64 only.
 */
#include "rt/syscall/syscall.h"

#include <sys/epoll.h>

struct guest_epoll_event {
    u32 events;
    u32 pad;
    u64 data;
};

s64 read_sigset(u64 address, u64 size, sigset64 *mask)
{
    *mask = 0;
    if (address == 0) return 0;
    if (size != sizeof(*mask)) return -EINVAL;
    return guest_read(mask, address, sizeof(*mask)) ? 0 : -EFAULT;
}

s64 sys_epoll_ctl(struct thread *t, const u64 *a)
{
    struct guest_epoll_event g;
    struct epoll_event e;

    if (a[3] == 0) return guest_syscall(t, SYS_epoll_ctl, a[0], a[1], a[2], 0, 0, 0);
    if (!guest_read(&g, a[3], sizeof(g)))
        return (s32)a[1] == EPOLL_CTL_DEL
                   ? guest_syscall(t, SYS_epoll_ctl, a[0], a[1], a[2], 0, 0, 0)
                   : -EFAULT;
    e.events = g.events;
    e.data.u64 = g.data;
    return guest_syscall(t, SYS_epoll_ctl, a[0], a[1], a[2], (u64)&e, 0, 0);
}

/* The host has packed its events at the start of the guest's array: makes them the guest's, last
 * one first, so that none is overwritten before it is read. */
static s64 spread_events(u64 array, s64 count)
{
    for (s64 i = count - 1; i >= 0; i--) {
        struct guest_epoll_event g = {0, 0, 0};
        struct epoll_event e;

        if (!guest_read(&e, array + (u64)i * sizeof(e), sizeof(e))) return -EFAULT;
        g.events = e.events;
        g.data = e.data.u64;
        if (!guest_write(array + (u64)i * sizeof(g), &g, sizeof(g))) return -EFAULT;
    }
    return count;
}

/* nr: epoll_pwait or epoll_pwait2, which differ in what `timeout` is. */
static s64 wait_events(struct thread *t, long nr, const u64 *a)
{
    u64 mask_at = 0;
    sigset64 mask;
    s64 r = read_sigset(a[4], a[5], &mask);

    if (r != 0) return r;
    if (a[4] != 0) {
        mask = signal_mask_begin(t, mask);
        mask_at = (u64)&mask;
    }
    r = guest_syscall(t, nr, a[0], a[1], a[2], a[3], mask_at, 8);
    if (a[4] != 0) r = signal_mask_end(t, r);
    return r > 0 ? spread_events(a[1], r) : r;
}

s64 sys_epoll_pwait(struct thread *t, const u64 *a)
{
    return wait_events(t, SYS_epoll_pwait, a);
}

s64 sys_epoll_pwait2(struct thread *t, const u64 *a)
{
    return wait_events(t, SYS_epoll_pwait2, a);
}

s64 sys_ppoll(struct thread *t, const u64 *a)
{
    sigset64 mask;
    s64 r = read_sigset(a[3], a[4], &mask);

    if (r != 0) return r;
    if (a[3] == 0) return guest_syscall(t, SYS_ppoll, a[0], a[1], a[2], 0, 0, 0);
    mask = signal_mask_begin(t, mask);
    r = guest_syscall(t, SYS_ppoll, a[0], a[1], a[2], (u64)&mask, 8, 0);
    return signal_mask_end(t, r);
}

struct mask_argument {
    u64 mask;
    u64 size;
};

/* Calls whose sixth argument points to a mask's address and size. */
static s64 with_mask_argument(struct thread *t, long nr, const u64 *a)
{
    struct mask_argument argument = {0, 0};
    sigset64 mask;
    s64 r;

    if (a[5] != 0 && !guest_read(&argument, a[5], sizeof(argument))) return -EFAULT;
    r = read_sigset(argument.mask, argument.size, &mask);
    if (r != 0) return r;
    if (argument.mask == 0) return guest_syscall(t, nr, a[0], a[1], a[2], a[3], a[4], 0);
    mask = signal_mask_begin(t, mask);
    argument = (struct mask_argument){(u64)&mask, sizeof(mask)};
    r = guest_syscall(t, nr, a[0], a[1], a[2], a[3], a[4], (u64)&argument);
    return signal_mask_end(t, r);
}

s64 sys_pselect6(struct thread *t, const u64 *a)
{
    return with_mask_argument(t, SYS_pselect6, a);
}

s64 sys_io_pgetevents(struct thread *t, const u64 *a)
{
    return with_mask_argument(t, SYS_io_pgetevents, a);
}
