/*
 * Processes and threads as the guest asks for them.
 */
#include "rt/syscall/syscall.h"

#include "rt/log.h"

#include <linux/sched.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/utsname.h>

/* Newer than some hosts' headers. */
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_GET_MDWE 66
#endif
#ifndef PR_GET_AUXV
#define PR_GET_AUXV 0x41555856
#endif

#define GUEST_CLONE_ARGS_LARGEST 4096u

s64 sys_exit(struct thread *t, const u64 *a)
{
    thread_exit(t, (s32)a[0]);
}

s64 sys_exit_group(struct thread *t, const u64 *a)
{
    process_exit(t, (s32)a[0]);
}

s64 sys_set_tid_address(struct thread *t, const u64 *a)
{
    t->clear_child_tid = a[0];
    return t->tid;
}

s64 sys_set_robust_list(struct thread *t, const u64 *a)
{
    s64 r = host_syscall(SYS_set_robust_list, a[0], a[1], 0, 0, 0, 0);

    if (r == 0) t->robust_list = a[0];
    return r;
}

/* flags, stack, parent_tid, tls, child_tid: arm64's order. */
s64 sys_clone(struct thread *t, const u64 *a)
{
    struct clone_args_guest args = {.flags = (u32)a[0] & ~(u64)CSIGNAL,
                                    .exit_signal = a[0] & CSIGNAL,
                                    .stack = a[1],
                                    .parent_tid = a[2],
                                    .pidfd = a[2],
                                    .tls = a[3],
                                    .child_tid = a[4]};

    if ((args.flags & CLONE_PIDFD) != 0 && (args.flags & CLONE_PARENT_SETTID) != 0) return -EINVAL;
    return process_clone(t, &args);
}

s64 sys_clone3(struct thread *t, const u64 *a)
{
    struct clone_args c;
    struct clone_args_guest args;
    u64 size = a[1];

    memset(&c, 0, sizeof(c));
    if (size < CLONE_ARGS_SIZE_VER0 || size > GUEST_CLONE_ARGS_LARGEST)
        return size < CLONE_ARGS_SIZE_VER0 ? -EINVAL : -E2BIG;
    for (u64 at = sizeof(c); at < size; at++) {
        u8 byte;

        if (!guest_read(&byte, a[0] + at, 1)) return -EFAULT;
        if (byte != 0) return -E2BIG;
    }
    if (!guest_read(&c, a[0], size < sizeof(c) ? size : sizeof(c))) return -EFAULT;
    if ((c.flags & (CLONE_DETACHED | CSIGNAL)) != 0 || c.exit_signal > GUEST_NSIG ||
        (c.stack == 0) != (c.stack_size == 0))
        return -EINVAL;
    args = (struct clone_args_guest){.flags = c.flags,
                                     .pidfd = c.pidfd,
                                     .child_tid = c.child_tid,
                                     .parent_tid = c.parent_tid,
                                     .exit_signal = c.exit_signal,
                                     .stack = c.stack + c.stack_size,
                                     .tls = c.tls,
                                     .set_tid = c.set_tid,
                                     .set_tid_size = c.set_tid_size,
                                     .cgroup = c.cgroup};
    return process_clone(t, &args);
}

s64 sys_execve(struct thread *t, const u64 *a)
{
    return process_exec(t, -100 /* AT_FDCWD */, a[0], a[1], a[2], 0);
}

s64 sys_execveat(struct thread *t, const u64 *a)
{
    return process_exec(t, (s32)a[0], a[1], a[2], a[3], (u32)a[4]);
}

s64 sys_uname(struct thread *t, const u64 *a)
{
    struct utsname u;
    s64 r = host_syscall(SYS_uname, (u64)&u, 0, 0, 0, 0, 0);

    (void)t;
    memset(u.machine, 0, sizeof(u.machine));
    strcpy(u.machine, "aarch64");
    if (r == 0 && !guest_write(a[0], &u, sizeof(u))) r = -EFAULT;
    return r;
}

/* Linux personalities that change how programs are loaded are kept for the next execve. */
s64 sys_personality(struct thread *t, const u64 *a)
{
    if ((u32)a[0] != 0xffffffff) {
        if ((a[0] & 0xff) != 0) return -EINVAL; /* only PER_LINUX */
        if ((a[0] & READ_IMPLIES_EXEC) != 0) {  /* no guest page is executable on the host */
            log_line(LOG_SYSCALL, "personality: READ_IMPLIES_EXEC is not supported: EINVAL");
            return -EINVAL;
        }
    }
    return guest_syscall(t, SYS_personality, a[0], 0, 0, 0, 0, 0);
}

/* The runtime's own objects follow the kernel's once that has agreed. */
s64 sys_unshare(struct thread *t, const u64 *a)
{
    s64 r = guest_syscall(t, SYS_unshare, a[0], 0, 0, 0, 0, 0);

    return r == 0 && !thread_unshare(t, a[0]) ? -ENOMEM : r;
}

static s64 refuse_seccomp(const char *call)
{
    log_line(LOG_SYSCALL, "%s: filters are not supported: EINVAL", call);
    return -EINVAL;
}

s64 sys_seccomp(struct thread *t, const u64 *a)
{
    (void)t;
    (void)a;
    return refuse_seccomp("seccomp");
}

s64 sys_prctl(struct thread *t, const u64 *a)
{
    switch ((u32)a[0]) {
    case PR_SET_SECCOMP: return refuse_seccomp("prctl(PR_SET_SECCOMP)");
    case PR_GET_SECCOMP: return 0;
    case PR_GET_TID_ADDRESS:
        return guest_write(a[1], &t->clear_child_tid, sizeof(t->clear_child_tid)) ? 0 : -EFAULT;
    /* Not arm64's, or of features that the guest's processor doesn't have. */
    case PR_SET_TSC:
    case PR_GET_TSC:
    case PR_SVE_SET_VL:
    case PR_SVE_GET_VL:
    case PR_PAC_RESET_KEYS:
    case PR_SET_TAGGED_ADDR_CTRL:
    case PR_GET_TAGGED_ADDR_CTRL:
    case PR_SET_SYSCALL_USER_DISPATCH:
    /* Of the host's memory map, not the guest's. */
    case PR_SET_MDWE:
    case PR_GET_MDWE:
    case PR_GET_AUXV:
    case PR_SET_MM:
        log_line(LOG_SYSCALL, "prctl: option %d is not supported: EINVAL", (s32)a[0]);
        return -EINVAL;
    default: return guest_syscall(t, SYS_prctl, a[0], a[1], a[2], a[3], a[4], 0);
    }
}

s64 sys_restart_syscall(struct thread *t, const u64 *a)
{
    (void)t;
    (void)a;
    return -EINTR; /* the host restarts what needs it by itself */
}
