/*
 * Descriptors: flags that differ, and the log's own descriptor, which the guest neither closes nor
 * overwrites.
 */
#include "rt/syscall/syscall.h"

#include "rt/log.h"

#include <fcntl.h>

s64 sys_fcntl(struct thread *t, const u64 *a)
{
    u64 arg = a[2];
    s64 r;

    if (a[1] == F_SETFL) arg = open_flags_to_host(arg);
    r = guest_syscall(t, SYS_fcntl, a[0], a[1], arg, 0, 0, 0);
    if (a[1] == F_GETFL && r >= 0) r = (s64)open_flags_to_guest((u64)r);
    return r;
}

s64 sys_pipe2(struct thread *t, const u64 *a)
{
    return guest_syscall(t, SYS_pipe2, a[0], open_flags_to_host(a[1]), 0, 0, 0, 0);
}

static bool is_log(const struct thread *t, u64 fd)
{
    return t->files->log_fd >= 0 && (u32)fd == (u32)t->files->log_fd;
}

s64 sys_close(struct thread *t, const u64 *a)
{
    if (is_log(t, a[0])) return -EBADF;
    return guest_syscall(t, SYS_close, a[0], 0, 0, 0, 0, 0);
}

s64 sys_dup3(struct thread *t, const u64 *a)
{
    if (is_log(t, a[1])) t->files->log_fd = log_move();
    return guest_syscall(t, SYS_dup3, a[0], a[1], open_flags_to_host(a[2]), 0, 0, 0);
}

s64 sys_close_range(struct thread *t, const u64 *a)
{
    u32 first = (u32)a[0], last = (u32)a[1], log = (u32)t->files->log_fd;
    s64 r = 0;

    if (t->files->log_fd < 0 || first > last || log < first || log > last)
        return guest_syscall(t, SYS_close_range, a[0], a[1], a[2], 0, 0, 0);
    if (first < log) r = guest_syscall(t, SYS_close_range, first, log - 1, a[2], 0, 0, 0);
    if (r == 0 && last > log) r = guest_syscall(t, SYS_close_range, log + 1, last, a[2], 0, 0, 0);
    return r;
}
