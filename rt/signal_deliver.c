/*
 * Guest signals from "written down" to "handled": what Linux does in get_signal and
 * handle_signal, between two guest instructions.
 */
#include "rt/kernel.h"

#include "rt/log.h"
#include "rt/stats.h"

#include <string.h>
#include <unistd.h>

static const int synchronous[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static bool ignored_by_default(int sig)
{
    return sig == SIGCHLD || sig == SIGURG || sig == SIGWINCH || sig == SIGCONT;
}

static bool stops_by_default(int sig)
{
    return sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU;
}

/* The action that applies now; SA_RESETHAND takes effect. */
static struct guest_sigaction take_action(struct thread *t, int sig)
{
    struct sighand *h = t->sighand;
    struct guest_sigaction a;

    lock_take(&h->lock);
    a = h->action[sig];
    if (a.handler > 1 && (a.flags & SA_RESETHAND) != 0) {
        h->action[sig].handler = 0;
        signal_set_host(sig, &h->action[sig]);
    }
    lock_drop(&h->lock);
    return a;
}

static void default_action(struct thread *t, int sig)
{
    if (ignored_by_default(sig)) return;
    if (stops_by_default(sig)) {
        /* The disposition became the default after the handler had run: stop as it would have. */
        host_syscall(SYS_kill, (u64)getpid(), SIGSTOP, 0, 0, 0, 0);
        return;
    }
    signal_die(t, sig);
}

/* The mask that the handler's return restores. */
static sigset64 mask_to_save(struct thread *t)
{
    sigset64 mask = t->restore_sigmask ? t->saved_sigmask : t->sigmask;

    t->restore_sigmask = false;
    return mask;
}

static void handle(struct thread *t, int sig, const siginfo_t *info)
{
    struct guest_sigaction a = take_action(t, sig);
    sigset64 saved;

    stats_add(STAT_SIGNALS, 1);
    log_line(LOG_SIGNAL, "%d: signal %d code %d at pc 0x%llx: %s", t->tid, sig, info->si_code,
             (unsigned long long)t->state.pc,
             a.handler == 0   ? "default"
             : a.handler == 1 ? "ignored"
                              : "handler");
    if (a.handler == 1) return;
    if (a.handler == 0) {
        default_action(t, sig);
        return;
    }
    if (t->restart_if_asked && (a.flags & SA_RESTART) == 0) {
        t->state.pc += 4;
        t->state.x[0] = (u64)-EINTR;
    }
    t->restart_if_asked = false;
    if ((a.flags & SA_RESTART) == 0) t->without_restart = true;
    saved = mask_to_save(t);
    if (!frame_push(t, &a, info, saved)) {
        if (sig == SIGSEGV) signal_die(t, SIGSEGV);
        t->sigmask = saved;
        signal_force(t, SIGSEGV, SI_KERNEL, 0);
        return;
    }
    t->sigmask |= a.mask | ((a.flags & SA_NODEFER) != 0 ? 0 : SIGBIT(sig));
    t->sigmask &= ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
}

/* Gives a signal that the mask blocks by now back to the kernel. */
static void put_back(struct thread *t, const siginfo_t *info)
{
    host_syscall(SYS_rt_tgsigqueueinfo, (u64)getpid(), (u64)t->tid, (u64)info->si_signo, (u64)info,
                 0, 0);
}

static void deliver_held(struct thread *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(synchronous); i++) {
        int sig = synchronous[i];

        if ((t->held & ~t->sigmask & SIGBIT(sig)) == 0) continue;
        __atomic_and_fetch(&t->held, ~SIGBIT(sig), __ATOMIC_RELAXED);
        handle(t, sig, &t->held_info[i]);
    }
}

void signal_deliver(struct thread *t)
{
    while ((__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) != 0) {
        siginfo_t info;

        __atomic_and_fetch(&t->attention, ~(u32)ATTENTION_SIGNAL, __ATOMIC_RELAXED);
        deliver_held(t);
        if (t->pending != 0) {
            info = t->pending_info;
            info.si_signo = t->pending;
            t->pending = 0;
            if ((t->sigmask & SIGBIT(info.si_signo)) != 0)
                put_back(t, &info);
            else
                handle(t, info.si_signo, &info);
        }
        if (t->restore_sigmask) { /* nothing was handled */
            t->sigmask = t->saved_sigmask;
            t->restore_sigmask = false;
        }
        signal_apply_mask(t); /* the kernel may send the next one now */
    }
    t->restart_if_asked = false;
}

void signal_force(struct thread *t, int sig, int code, u64 address)
{
    struct sighand *h = t->sighand;
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = sig;
    info.si_code = code;
    info.si_addr = (void *)address;
    t->fault_address = address;
    t->in_fault = true;
    lock_take(&h->lock);
    if (h->action[sig].handler == 1 || (t->sigmask & SIGBIT(sig)) != 0) h->action[sig].handler = 0;
    lock_drop(&h->lock);
    signal_block_host();
    handle(t, sig, &info);
    t->in_fault = false;
    if (t->pending == 0) signal_apply_mask(t);
}

void signal_set_mask(struct thread *t, sigset64 mask)
{
    t->sigmask = mask & ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    if ((t->held & ~t->sigmask) != 0)
        __atomic_or_fetch(&t->attention, ATTENTION_SIGNAL, __ATOMIC_RELAXED);
    if (t->pending == 0) signal_apply_mask(t);
}

sigset64 signal_mask_begin(struct thread *t, sigset64 mask)
{
    t->saved_sigmask = t->sigmask;
    t->sigmask = mask & ~(SIGBIT(SIGKILL) | SIGBIT(SIGSTOP));
    t->restore_sigmask = true;
    if ((t->held & ~t->sigmask) != 0)
        __atomic_or_fetch(&t->attention, ATTENTION_SIGNAL, __ATOMIC_RELAXED);
    return t->sigmask & ~SIGS_SYNCHRONOUS;
}

s64 signal_mask_end(struct thread *t, s64 result)
{
    bool held = (t->held & ~t->sigmask) != 0;

    /* A signal that came before the call began was let through by the thread's own mask, not by
     * the call's: unless it is a held one, the call has to be made anew. */
    if (held && (result == -RESTART_AGAIN || result == -EINTR)) return -EINTR;
    if (result == -EINTR && t->pending != 0) return result;
    t->sigmask = t->saved_sigmask;
    t->restore_sigmask = false;
    return result;
}
