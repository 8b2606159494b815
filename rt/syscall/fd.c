/*
 * Descriptors: flags that differ, and the runtime's own, which the guest neither uses, closes nor
 * overwrites (hidden.h).
 */
#include "rt/syscall/syscall.h"

#include "rt/log.h"

#include <fcntl.h>

#define KVM_IOCTLS 0xaeu /* KVMIO of linux/kvm.h */

static bool is_hidden(const struct thread *t, u64 fd)
{
    for (unsigned i = 0; i < HIDDEN_COUNT; i++)
        if (t->files->hidden[i] >= 0 && (u32)fd == (u32)t->files->hidden[i]) return true;
    return false;
}

/* The guest takes the number fd for itself. */
static void give_way(struct thread *t, u64 fd)
{
    int *hidden = t->files->hidden;

    if ((s32)fd < 0) return;
    if ((s32)fd == hidden[HIDDEN_LOG]) hidden[HIDDEN_LOG] = log_move();
    if ((s32)fd == hidden[HIDDEN_SELF]) hidden[HIDDEN_SELF] = hidden_copy((int)fd, (int)fd);
}

s64 sys_fcntl(struct thread *t, const u64 *a)
{
    u32 command = (u32)a[1];
    u64 arg = a[2];
    s64 r;

    if (is_hidden(t, a[0])) return -EBADF;
    if (command == F_SETFL) arg = open_flags_to_host(arg);
    r = guest_syscall(t, SYS_fcntl, a[0], command, arg, 0, 0, 0);
    if (command == F_GETFL && r >= 0) r = (s64)open_flags_to_guest((u64)r);
    return r;
}

/* Numbers and structs are the same on both architectures, but for those of the processor's own
 * virtual machines. */
s64 sys_ioctl(struct thread *t, const u64 *a)
{
    if ((a[1] >> 8 & 0xff) == KVM_IOCTLS) {
        log_line(LOG_SYSCALL, "ioctl: KVM is not supported: ENOTTY");
        return -ENOTTY;
    }
    return guest_syscall(t, SYS_ioctl, a[0], a[1], a[2], 0, 0, 0);
}

/* Calls that take flags of open for descriptors yet to come. */
s64 sys_fanotify_init(struct thread *t, const u64 *a)
{
    return guest_syscall(t, SYS_fanotify_init, a[0], open_flags_to_host((u32)a[1]), 0, 0, 0, 0);
}

s64 sys_open_by_handle_at(struct thread *t, const u64 *a)
{
    return guest_syscall(t, SYS_open_by_handle_at, a[0], a[1], open_flags_to_host((u32)a[2]), 0, 0,
                         0);
}

s64 sys_mq_open(struct thread *t, const u64 *a)
{
    return guest_syscall(t, SYS_mq_open, a[0], open_flags_to_host((u32)a[1]), a[2], a[3], 0, 0);
}

s64 sys_pipe2(struct thread *t, const u64 *a)
{
    return guest_syscall(t, SYS_pipe2, a[0], open_flags_to_host(a[1]), 0, 0, 0, 0);
}

s64 sys_close(struct thread *t, const u64 *a)
{
    if (is_hidden(t, a[0])) return -EBADF;
    return guest_syscall(t, SYS_close, a[0], 0, 0, 0, 0, 0);
}

s64 sys_dup(struct thread *t, const u64 *a)
{
    if (is_hidden(t, a[0])) return -EBADF;
    return guest_syscall(t, SYS_dup, a[0], 0, 0, 0, 0, 0);
}

s64 sys_dup3(struct thread *t, const u64 *a)
{
    if (is_hidden(t, a[0])) return -EBADF;
    give_way(t, a[1]);
    return guest_syscall(t, SYS_dup3, a[0], a[1], open_flags_to_host(a[2]), 0, 0, 0);
}

/* The ranges around the hidden descriptors. */
s64 sys_close_range(struct thread *t, const u64 *a)
{
    u64 first = (u32)a[0], last = (u32)a[1];

    if (first > last) return -EINVAL;
    while (first <= last) {
        u64 stop = last + 1, skip = 0;
        s64 r = 0;

        for (unsigned i = 0; i < HIDDEN_COUNT; i++) {
            u64 fd = (u64)(s64)t->files->hidden[i];

            if (fd >= first && fd < stop) {
                stop = fd;
                skip = 1;
            }
        }
        if (first < stop) r = guest_syscall(t, SYS_close_range, first, stop - 1, a[2], 0, 0, 0);
        if (r != 0) return r;
        first = stop + skip;
    }
    return 0;
}
