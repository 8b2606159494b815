/*
 * Signal calls: the guest's actions and masks, kept here and mirrored on the host.
 */
#include "rt/syscall/syscall.h"

#include "rt/native_run.h"
#include "rt/profile.h"

#include <string.h>

#define ARM64_MINSIGSTKSZ_OLD 5120u /* uapi/asm/signal.h: what sigaltstack insists on */
#define SA_KNOWN                                                                                   \
    ((u64)SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | 0x800 /* SA_EXPOSE_TAGBITS */ | SA_ONSTACK |  \
     SA_RESTART | (u64)SA_NODEFER | (u64)(u32)SA_RESETHAND | 0x04000000)

static bool is_signal(u64 sig)
{
    return sig >= 1 && sig <= GUEST_NSIG;
}

s64 sys_rt_sigaction(struct thread *t, const u64 *a)
{
    struct guest_sigaction in, out;
    struct sighand *h = t->sighand;
    u64 sig = (u32)a[0];

    if (a[3] != sizeof(sigset64) || !is_signal(sig)) return -EINVAL;
    if (a[1] != 0) {
        if (sig == SIGKILL || sig == SIGSTOP) return -EINVAL;
        if (!guest_read(&in, a[1], sizeof(in))) return -EFAULT;
        in.flags &= SA_KNOWN;
        in.mask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    }
    lock_take(&h->lock);
    out = h->action[sig];
    if (a[1] != 0) {
        h->action[sig] = in;
        signal_set_host((int)sig, &in);
        if (in.handler == 1) __atomic_and_fetch(&t->held, ~SIGBIT(sig), __ATOMIC_RELAXED);
    }
    lock_drop(&h->lock);
    if (a[2] != 0 && !guest_write(a[2], &out, sizeof(out))) return -EFAULT;
    return 0;
}

s64 sys_rt_sigprocmask(struct thread *t, const u64 *a)
{
    sigset64 was = t->sigmask, set;

    if (a[3] != sizeof(sigset64)) return -EINVAL;
    if (a[1] != 0) {
        if (!guest_read(&set, a[1], sizeof(set))) return -EFAULT;
        switch ((s32)a[0]) {
        case SIG_BLOCK: set |= was; break;
        case SIG_UNBLOCK: set = was & ~set; break;
        case SIG_SETMASK: break;
        default: return -EINVAL;
        }
        signal_set_mask(t, set);
    }
    if (a[2] != 0 && !guest_write(a[2], &was, sizeof(was))) return -EFAULT;
    return 0;
}

s64 sys_rt_sigpending(struct thread *t, const u64 *a)
{
    sigset64 set = 0;
    s64 r;

    if (a[1] > sizeof(set)) return -EINVAL;
    r = host_syscall(SYS_rt_sigpending, (u64)&set, sizeof(set), 0, 0, 0, 0);
    set = (set | t->held) & t->sigmask;
    if (r == 0 && !guest_write(a[0], &set, a[1])) r = -EFAULT;
    return r;
}

s64 sys_rt_sigsuspend(struct thread *t, const u64 *a)
{
    sigset64 mask;
    s64 r;

    if (a[1] != sizeof(mask)) return -EINVAL;
    if (!guest_read(&mask, a[0], sizeof(mask))) return -EFAULT;
    mask = signal_mask_begin(t, mask);
    r = guest_syscall(t, SYS_rt_sigsuspend, (u64)&mask, sizeof(mask), 0, 0, 0, 0);
    return signal_mask_end(t, r);
}

static const int synchronous[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

/* Takes a held signal of the set; 0: none. */
static int take_held(struct thread *t, sigset64 set, siginfo_t *info)
{
    for (size_t i = 0; i < ARRAY_SIZE(synchronous); i++) {
        if ((t->held & set & SIGBIT(synchronous[i])) != 0) {
            __atomic_and_fetch(&t->held, ~SIGBIT(synchronous[i]), __ATOMIC_RELAXED);
            *info = t->held_info[i];
            return synchronous[i];
        }
    }
    return 0;
}

/* The host blocks the synchronous signals only for as long as the guest waits for them here. */
s64 sys_rt_sigtimedwait(struct thread *t, const u64 *a)
{
    sigset64 set, block;
    siginfo_t info;
    s64 r;

    if (a[3] != sizeof(set)) return -EINVAL;
    if (!guest_read(&set, a[0], sizeof(set))) return -EFAULT;
    block = set & t->sigmask & SIGS_SYNCHRONOUS;
    if (block != 0)
        host_syscall(SYS_rt_sigprocmask, SIG_BLOCK, (u64)&block, 0, sizeof(block), 0, 0);
    r = block != 0 ? take_held(t, set, &info) : 0;
    if (r == 0) {
        do
            r = guest_syscall(t, SYS_rt_sigtimedwait, (u64)&set, (u64)&info, a[2], sizeof(set), 0,
                              0);
        while (r == SIGTRAP && profile_is_tick(&info));
    }
    if (block != 0)
        host_syscall(SYS_rt_sigprocmask, SIG_UNBLOCK, (u64)&block, 0, sizeof(block), 0, 0);
    if (r > 0 && a[1] != 0 && !guest_write(a[1], &info, sizeof(info))) return -EFAULT;
    return r;
}

s64 sys_rt_sigreturn(struct thread *t, const u64 *a)
{
    (void)a;
    if (frame_pop(t))
        native_resumed(t);
    else
        signal_force(t, SIGSEGV, SI_KERNEL, 0);
    return SYSCALL_NO_RESULT;
}

struct guest_stack_t {
    u64 sp;
    u32 flags, pad;
    u64 size;
};

static s64 set_altstack(struct thread *t, const struct guest_stack_t *ss)
{
    u32 mode = ss->flags & ~SS_AUTODISARM_BIT;

    if (altstack_flags(t) == SS_ONSTACK) return -EPERM;
    if (mode != SS_DISABLE && mode != SS_ONSTACK && mode != 0) return -EINVAL;
    if (mode == SS_DISABLE) {
        t->altstack = (struct alt_stack){0};
        return 0;
    }
    if (ss->size < ARM64_MINSIGSTKSZ_OLD) return -ENOMEM;
    t->altstack = (struct alt_stack){ss->sp, ss->size, ss->flags & SS_AUTODISARM_BIT};
    return 0;
}

s64 sys_sigaltstack(struct thread *t, const u64 *a)
{
    struct guest_stack_t ss, was;
    s64 r = 0;

    memset(&was, 0, sizeof(was));
    was.sp = t->altstack.sp;
    was.size = t->altstack.size;
    was.flags = altstack_flags(t) | t->altstack.flags;
    if (a[0] != 0) {
        if (!guest_read(&ss, a[0], sizeof(ss))) return -EFAULT;
        r = set_altstack(t, &ss);
    }
    if (r == 0 && a[1] != 0 && !guest_write(a[1], &was, sizeof(was))) r = -EFAULT;
    return r;
}
