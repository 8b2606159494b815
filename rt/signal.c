/*
 * Host signals: handlers, masks, dispositions.
 *
 * A host handler never runs guest code. A synchronous fault is the engine's, or a guarded access's,
 * or a defect of Ferry. Any other signal is written down in the thread (one place is enough: until
 * it is delivered, the host blocks all others, so the kernel keeps them) and brought to notice: a
 * system call that has not begun comes back, translated code leaves at its next safepoint.
 *
 * The host's mask is the guest's except for SIGS_SYNCHRONOUS, whose handlers are always ours. When
 * kill() sends one of these, `held` keeps it until the guest's mask lets it through.
 *
 * What needs no handler of the guest's (default, ignore) is left to the host kernel.
 */
#include "rt/kernel.h"

#include "rt/image.h"
#include "rt/log.h"
#include "rt/native_run.h"
#include "rt/profile.h"
#include "rt/stats.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HANDLER_STACK (64u << 10)

/* rt_sigaction of x86-64. */
struct host_sigaction {
    void (*handler)(int, siginfo_t *, void *);
    u64 flags;
    void (*restorer)(void);
    u64 mask;
};

#define HOST_SA_RESTORER 0x04000000u
#define HOST_FLAGS       (SA_SIGINFO | SA_ONSTACK | SA_RESTART | HOST_SA_RESTORER)

/* Blocked in handlers: what is asynchronous, kicks with it. A handler that a kick interrupts would
 * be single-stepped in place of the code that it is about to leave; none traps by itself. */
#define HANDLER_MASK (~SIGS_SYNCHRONOUS | SIGBIT(SIGTRAP))

/* si_value of the runtime's own SIGTRAP: look at t->attention. */
#define KICK_CODE   (-60)
#define KICK_COOKIE ((void *)0x4672727921)

extern void host_sigreturn(void);

__thread struct thread *thread_self __attribute__((tls_model("local-exec")));

static const int synchronous[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

static unsigned held_index(int sig)
{
    unsigned i = 0;

    while (synchronous[i] != sig) i++;
    return i;
}

static void set_host_mask(sigset64 mask)
{
    host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&mask, 0, sizeof(mask), 0, 0);
}

void signal_apply_mask(struct thread *t)
{
    set_host_mask(t->sigmask & ~SIGS_SYNCHRONOUS);
}

void signal_block_host(void)
{
    set_host_mask(~SIGS_SYNCHRONOUS);
}

extern const char __ehdr_start[];

/* A fault that nobody can explain: a defect of Ferry. */
static void crash(int sig, const siginfo_t *info, const ucontext_t *uc)
{
    const greg_t *reg = uc->uc_mcontext.gregs;
    struct thread *t = thread_self;
    struct host_sigaction dfl = {0};

    log_line(LOG_ERROR,
             "defect: signal %d (code %d) at host ferry+0x%llx, address 0x%llx, guest pc 0x%llx",
             sig, info->si_code, (unsigned long long)(reg[REG_RIP] - (greg_t)__ehdr_start),
             (unsigned long long)info->si_addr, t != NULL ? (unsigned long long)t->state.pc : 0ull);
    host_syscall(SYS_rt_sigaction, (u64)sig, (u64)&dfl, 0, 8, 0, 0);
    host_syscall(SYS_tgkill, (u64)getpid(), (u64)host_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0),
                 (u64)sig, 0, 0, 0);
}

/* Exception Syndrome Register of a data abort, for the guest's esr_context record: lower EL,
 * 32-bit instruction, WnR from the host's error code, translation or permission fault. */
static u64 syndrome(int sig, const siginfo_t *info, const ucontext_t *uc)
{
    u64 write = (u64)uc->uc_mcontext.gregs[REG_ERR] >> 1 & 1;
    u64 status = info->si_code == SEGV_ACCERR ? 0x0f : 0x07;

    if (sig != SIGSEGV && sig != SIGBUS) return 0;
    return UINT64_C(0x24) << 26 | UINT64_C(1) << 25 | write << 6 | (sig == SIGBUS ? 0x10 : status);
}

/* True when the interrupted code is a handler of ours. */
static bool in_handler(const struct thread *t, const ucontext_t *uc)
{
    u64 sp = (u64)uc->uc_mcontext.gregs[REG_RSP], stack = (u64)t->signal_stack;

    return sp - stack < HANDLER_STACK;
}

static void send_kick(const struct thread *t)
{
    siginfo_t info;

    memset(&info, 0, sizeof(info));
    info.si_signo = SIGTRAP;
    info.si_code = KICK_CODE;
    info.si_value.sival_ptr = KICK_COOKIE;
    host_syscall(SYS_rt_tgsigqueueinfo, (u64)t->process->pid, (u64)t->tid, SIGTRAP, (u64)&info, 0,
                 0);
}

/* Brings t->attention to notice. A handler isn't the engine's to stop: what that one interrupted
 * is, as soon as it has returned. */
static void interrupt(struct thread *t, ucontext_t *uc)
{
    if (in_handler(t, uc)) {
        send_kick(t);
        return;
    }
    if ((__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) != 0)
        guard_interrupt(uc);
    native_interrupt(t, uc);
    engine->interrupt(t, uc);
}

static bool is_kick(const siginfo_t *info)
{
    return info->si_signo == SIGTRAP && info->si_code == KICK_CODE &&
           info->si_value.sival_ptr == KICK_COOKIE;
}

static void note_signal(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    if ((SIGBIT(sig) & SIGS_SYNCHRONOUS) != 0) {
        t->held_info[held_index(sig)] = *info;
        __atomic_or_fetch(&t->held, SIGBIT(sig), __ATOMIC_RELAXED);
        if ((t->sigmask & SIGBIT(sig)) != 0) return;
    } else {
        u64 all = ~SIGS_SYNCHRONOUS;

        t->pending = sig;
        t->pending_info = *info;
        memcpy(&uc->uc_sigmask, &all, sizeof(all));
    }
    __atomic_or_fetch(&t->attention, ATTENTION_SIGNAL, __ATOMIC_RELAXED);
    interrupt(t, uc);
}

static void on_signal(int sig, siginfo_t *info, void *context)
{
    struct thread *t = thread_self;
    ucontext_t *uc = context;

    if ((SIGBIT(sig) & SIGS_SYNCHRONOUS) != 0 && info->si_code > 0) {
        if (sig == SIGSEGV && image_fault((u64)info->si_addr, uc)) return;
        if (guard_fault(uc)) return;
        if (t == NULL && sig == SIGFPE && native_float_trap(t, info, uc)) return;
        if (t != NULL) {
            t->syndrome = syndrome(sig, info, uc);
            if (engine->fault(t, sig, info, uc)) return;
            if (sig == SIGFPE && native_float_trap(t, info, uc)) return;
            if (!in_handler(t, uc) && native_fault(t, sig, info, uc)) return;
        }
        crash(sig, info, uc);
        return;
    }
    if (t == NULL) return;
    if (is_kick(info))
        interrupt(t, uc);
    else if (!profile_tick(t, info, uc))
        note_signal(t, sig, info, uc);
    /* A kick that is sent while a sample's signal is pending is lost: there is one SIGTRAP. */
    else if (__atomic_load_n(&t->attention, __ATOMIC_ACQUIRE) != 0)
        interrupt(t, uc);
}

void signal_set_host(int sig, const struct guest_sigaction *action)
{
    struct host_sigaction host = {.mask = HANDLER_MASK, .restorer = host_sigreturn};

    host.handler = on_signal;
    host.flags = HOST_FLAGS | (action->flags & (SA_NOCLDSTOP | SA_NOCLDWAIT));
    if ((SIGBIT(sig) & SIGS_SYNCHRONOUS) != 0)
        host.flags |= SA_NODEFER;
    else if (action->handler <= 1)
        host.handler = (void (*)(int, siginfo_t *, void *))action->handler;
    host_syscall(SYS_rt_sigaction, (u64)sig, (u64)&host, 0, 8, 0, 0);
}

void signal_default_host(int sig, bool ignore)
{
    struct host_sigaction host = {.flags = HOST_SA_RESTORER, .restorer = host_sigreturn};

    if (ignore) host.handler = (void (*)(int, siginfo_t *, void *))1;
    host_syscall(SYS_rt_sigaction, (u64)sig, (u64)&host, 0, 8, 0, 0);
}

void signal_reinstall(struct thread *t, int sig)
{
    lock_take(&t->sighand->lock);
    signal_set_host(sig, &t->sighand->action[sig]);
    lock_drop(&t->sighand->lock);
}

bool signal_stack_set(struct thread *t)
{
    stack_t ss = {.ss_size = HANDLER_STACK};

    if (t->signal_stack == NULL) {
        void *p =
            mmap(NULL, HANDLER_STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        if (p == MAP_FAILED) return false;
        t->signal_stack = p;
    }
    ss.ss_sp = t->signal_stack;
    return sigaltstack(&ss, NULL) == 0;
}

void signal_stack_free(struct thread *t)
{
    if (t->signal_stack != NULL) munmap(t->signal_stack, HANDLER_STACK);
    t->signal_stack = NULL;
}

void signal_init(struct thread *t)
{
    struct host_sigaction was;

    host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, 0, (u64)&t->sigmask, sizeof(t->sigmask), 0, 0);
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        if (host_syscall(SYS_rt_sigaction, (u64)sig, 0, (u64)&was, 8, 0, 0) == 0 &&
            was.handler == (void (*)(int, siginfo_t *, void *))1)
            t->sighand->action[sig].handler = 1;
    }
    if (!signal_stack_set(t)) log_fatal(126, "no memory for a signal stack");
    for (size_t i = 0; i < ARRAY_SIZE(synchronous); i++)
        signal_set_host(synchronous[i], &t->sighand->action[synchronous[i]]);
    signal_apply_mask(t);
}

bool signal_is_handled(const struct thread *t, int sig)
{
    return t->sighand->action[sig].handler > 1; /* neither SIG_DFL nor SIG_IGN */
}

void thread_kick(struct thread *t, u32 attention)
{
    __atomic_or_fetch(&t->attention, attention, __ATOMIC_ACQ_REL);
    if (t == thread_self || __atomic_load_n(&t->state.in_translated, __ATOMIC_ACQUIRE) == 0) return;
    send_kick(t);
}

void signal_die(struct thread *t, int sig)
{
    sigset64 only = ~SIGBIT(sig);

    stats_report();
    (void)image_end(t);
    signal_block_host();
    signal_default_host(sig, false);
    host_syscall(SYS_tgkill, (u64)getpid(), (u64)host_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0),
                 (u64)sig, 0, 0, 0);
    set_host_mask(only);
    _exit(128 + sig);
}
