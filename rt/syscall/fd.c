/*
 * Descriptors: flags that differ, and the runtime's own, which the guest neither uses, closes nor
 * overwrites (hidden.h).
 */
#include "rt/syscall/syscall.h"

#include "rt/bundle.h"
#include "rt/log.h"
#include "rt/proc_name.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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
    bundle_closed((s32)a[0]);
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

/* The head of struct linux_dirent64 and as much of a name as a number takes. */
struct entry {
    u64 ino;
    s64 offset;
    u16 length;
    u8 type;
    char name[12];
} __attribute__((packed));

/* True when the directory is one or another of this process in /proc. */
static bool lists(u64 fd, const char *one, const char *other)
{
    char link[32], path[64];
    struct proc_file file;
    ssize_t n;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", (s32)fd);
    n = readlink(link, path, sizeof(path) - 1);
    path[n > 0 ? n : 0] = '\0';
    return proc_parse(path, &file) && file.pid == getpid() &&
           (strcmp(file.name, one) == 0 || strcmp(file.name, other) == 0);
}

/* Takes the hidden descriptors out of `size` bytes of entries; the bytes that are left. */
static s64 drop_hidden(const struct thread *t, u64 at, s64 size)
{
    u64 end = at + (u64)size, start = at;

    while (at < end) {
        struct entry e = {.length = 0};
        char *rest;
        u64 fd;

        guard_copy(&e, (const void *)at, sizeof(e)); /* the last one's name may be shorter */
        if (e.length == 0) break;
        e.name[sizeof(e.name) - 1] = '\0';
        fd = strtoull(e.name, &rest, 10);
        if (rest == e.name || *rest != '\0' || !is_hidden(t, fd)) {
            at += e.length;
            continue;
        }
        guard_copy((void *)at, (const void *)(at + e.length), end - at - e.length);
        end -= e.length;
    }
    return (s64)(end - start);
}

s64 sys_getdents64(struct thread *t, const u64 *a)
{
    const struct bundle_entry *e = bundle_of_fd((s32)a[0], NULL);

    if (e != NULL) return bundle_getdents(e, (s32)a[0], a[1], (u32)a[2]);
    if ((background_is_there() || t->process->count > 1) && lists(a[0], "task", "task"))
        background_keep_away(t);
    for (;;) {
        s64 r = guest_syscall(t, SYS_getdents64, a[0], a[1], a[2], 0, 0, 0), left;
        bool hides = false;

        for (unsigned i = 0; i < HIDDEN_COUNT; i++) hides |= t->files->hidden[i] >= 0;
        if (r <= 0 || !hides || !lists(a[0], "fd", "fdinfo")) return r;
        left = drop_hidden(t, a[1], r);
        if (left > 0) return left;
    }
}
