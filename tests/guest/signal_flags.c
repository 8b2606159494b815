/*
 * Signals between threads and processes, what each SA_ flag does, alternate stacks in detail, and
 * what a return from a handler restores.
 */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#ifndef SS_AUTODISARM
#define SS_AUTODISARM (1U << 31)
#endif

static volatile int hits;
static siginfo_t last_info;
static volatile pid_t seen_tid;

static void note(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    last_info = *info;
    seen_tid = (pid_t)syscall(SYS_gettid);
    hits++;
}

/* --- who sends what --------------------------------------------------------------------------- */

static void queued_info(void)
{
    siginfo_t info;
    int pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);

    install(SIGRTMIN + 4, note, 0);
    memset(&info, 0, sizeof(info));
    info.si_signo = SIGRTMIN + 4;
    info.si_code = -77; /* any negative one but SI_TKILL is a sender's own */
    info.si_pid = 1234;
    info.si_uid = 5678;
    info.si_value.sival_ptr = (void *)0x123456789abcdef0;
    hits = 0;
    CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGRTMIN + 4, &info) == 0 && hits == 1);
    CHECK(last_info.si_code == -77 && last_info.si_pid == 1234 && last_info.si_uid == 5678);
    CHECK(last_info.si_value.sival_ptr == (void *)0x123456789abcdef0);
    info.si_code = SI_QUEUE;
    CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), getpid(), SIGRTMIN + 4, &info) == 0);
    CHECK(hits == 2 && last_info.si_code == SI_QUEUE);
    CHECK(pidfd >= 0 && syscall(SYS_pidfd_send_signal, pidfd, SIGRTMIN + 4, NULL, 0) == 0);
    CHECK(hits == 3 && last_info.si_code == SI_USER && last_info.si_pid == getpid());
    info.si_code = -3;
    CHECK(syscall(SYS_pidfd_send_signal, pidfd, SIGRTMIN + 4, &info, 0) == 0);
    CHECK(hits == 4 && last_info.si_code == -3 && last_info.si_pid == 1234);
    info.si_signo = SIGUSR1;
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, SIGRTMIN + 4, &info, 0), EINVAL);
    CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, SIGRTMIN + 4, NULL, 0x80), EINVAL);
    close(pidfd);
    CHECK(syscall(SYS_tgkill, getpid(), getpid(), SIGRTMIN + 4) == 0);
    CHECK(hits == 5 && last_info.si_code == SI_TKILL);
    CHECK_ERRNO(syscall(SYS_tgkill, getpid(), 0, SIGRTMIN + 4), EINVAL);
    CHECK_ERRNO(syscall(SYS_tgkill, 1, getpid(), 0), ESRCH);
    CHECK_ERRNO(kill(getpid(), 65), EINVAL);
    /* A synchronous signal that is sent is like any other. */
    install(SIGFPE, note, 0);
    info.si_signo = SIGFPE;
    info.si_code = SI_QUEUE;
    CHECK(syscall(SYS_rt_sigqueueinfo, getpid(), SIGFPE, &info) == 0 && hits == 6);
    CHECK(last_info.si_signo == SIGFPE && last_info.si_code == SI_QUEUE);
    CHECK(last_info.si_value.sival_ptr == (void *)0x123456789abcdef0);
    signal(SIGFPE, SIG_DFL);
}

/* Threads in calls that block: the one that is meant gets it, in each kind of call. */
static int block_on, fds[2];
static sem_t started;
static pid_t blocked_tid;
static volatile int woken, error;

static void *block(void *arg)
{
    struct timespec t = {30, 0};
    char byte;
    long r = 0;

    (void)arg;
    blocked_tid = (pid_t)syscall(SYS_gettid);
    sem_post(&started);
    switch (block_on) {
    case 0: r = read(fds[0], &byte, 1); break;
    case 1: r = syscall(SYS_nanosleep, &t, NULL); break;
    case 2: r = syscall(SYS_futex, &woken, 0 /* FUTEX_WAIT */, 0, &t, NULL, 0); break;
    case 3: r = syscall(SYS_ppoll, NULL, 0, &t, NULL, 8); break;
    case 4: r = pause(); break;
    case 5:
        for (volatile unsigned long i = 0; hits == 0; i++) {
        } /* no call at all */
        r = -1;
        errno = EINTR;
        break;
    }
    error = r < 0 ? errno : 0;
    return NULL;
}

static bool sleeps(pid_t tid)
{
    char name[64], text[512] = "";
    FILE *f;

    snprintf(name, sizeof(name), "/proc/self/task/%d/stat", (int)tid);
    f = fopen(name, "r");
    if (f == NULL || fgets(text, sizeof(text), f) == NULL) return false;
    fclose(f);
    return strstr(text, ") S ") != NULL;
}

static void threads_in_calls(void)
{
    struct timespec t = {0, 1000000};

    CHECK(pipe(fds) == 0);
    install(SIGUSR1, note, 0);
    for (block_on = 0; block_on < 6; block_on++) {
        pthread_t thread;

        sem_init(&started, 0, 0);
        hits = 0;
        error = -1;
        pthread_create(&thread, NULL, block, NULL);
        sem_wait(&started);
        for (int i = 0; i < 1000 && block_on != 5 && !sleeps(blocked_tid); i++) nanosleep(&t, NULL);
        CHECK(syscall(SYS_tgkill, getpid(), blocked_tid, SIGUSR1) == 0);
        pthread_join(thread, NULL);
        CHECK(hits == 1 && seen_tid == blocked_tid && error == EINTR);
    }
    close(fds[0]);
    close(fds[1]);
}

/* --- flags
 * ------------------------------------------------------------------------------------------ */

static sigset_t in_handler;
static int nested_limit;

static void look_at_mask(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    hits++;
    sigprocmask(SIG_BLOCK, NULL, &in_handler);
    if (hits < nested_limit) raise(sig);
}

static void flags(void)
{
    struct sigaction sa = {.sa_sigaction = look_at_mask, .sa_flags = SA_SIGINFO}, now;
    sigset_t set, pending;

    sigemptyset(&sa.sa_mask);
    sigaddset(&sa.sa_mask, SIGUSR2);
    sigaddset(&sa.sa_mask, SIGKILL);
    CHECK(sigaction(SIGUSR1, &sa, NULL) == 0 && sigaction(SIGUSR1, NULL, &now) == 0);
    CHECK(!sigismember(&now.sa_mask, SIGKILL) && sigismember(&now.sa_mask, SIGUSR2));
    hits = nested_limit = 0;
    raise(SIGUSR1);
    CHECK(sigismember(&in_handler, SIGUSR1) && sigismember(&in_handler, SIGUSR2));
    sigprocmask(SIG_BLOCK, NULL, &set);
    CHECK(!sigismember(&set, SIGUSR1) && !sigismember(&set, SIGUSR2));
    sa.sa_flags |= SA_NODEFER;
    sigaction(SIGUSR1, &sa, NULL);
    hits = 0;
    nested_limit = 5;
    raise(SIGUSR1);
    CHECK(hits == 5 && !sigismember(&in_handler, SIGUSR1) && sigismember(&in_handler, SIGUSR2));
    /* SA_RESETHAND: the default is back before the handler runs; the mask applies all the same. */
    sa.sa_flags = SA_SIGINFO | (int)SA_RESETHAND;
    sigaction(SIGUSR1, &sa, NULL);
    hits = nested_limit = 0;
    raise(SIGUSR1);
    CHECK(hits == 1 && sigismember(&in_handler, SIGUSR1));
    CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
    CHECK((now.sa_flags & (int)SA_RESETHAND) != 0); /* only the handler is reset */
    /* SA_NOCLDWAIT: no zombies. */
    sa = (struct sigaction){.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};
    sigaction(SIGCHLD, &sa, NULL);
    pid_t pid = fork();
    if (pid == 0) _exit(0);
    CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
    signal(SIGCHLD, SIG_DFL);
    /* Unknown flags are not shown back; a null signal set is EINVAL, a bad pointer EFAULT. */
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, NULL, NULL, 4), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGUSR1, 8, NULL, 8), EFAULT);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, SIGKILL, &sa, NULL, 8), EINVAL);
    CHECK_ERRNO(syscall(SYS_rt_sigaction, 65, NULL, NULL, 8), EINVAL);
    CHECK(syscall(SYS_rt_sigaction, SIGKILL, NULL, &now, 8) == 0);
    /* Setting SIG_IGN drops what is pending. */
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGBUS);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGUSR2);
    raise(SIGBUS);
    signal(SIGUSR2, SIG_IGN);
    signal(SIGBUS, SIG_IGN);
    CHECK(sigpending(&pending) == 0 && !sigismember(&pending, SIGUSR2) &&
          !sigismember(&pending, SIGBUS));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR2, SIG_DFL);
    signal(SIGBUS, SIG_DFL);
}

/* --- alternate stacks
 * -------------------------------------------------------------------------------- */

static char alt[65536] __attribute__((aligned(16)));

static bool on_alt(const void *p)
{
    return (const char *)p >= alt && (const char *)p < alt + sizeof(alt);
}

static void disarmed(int sig, siginfo_t *info, void *context)
{
    stack_t now, other = {.ss_sp = alt, .ss_size = 8192};
    ucontext_t *uc = context;
    int local;

    (void)info;
    hits++;
    if (sig == SIGUSR2) {
        CHECK(!on_alt(&local) || hits > 2);
        return;
    }
    CHECK(on_alt(&local) && sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
    CHECK((unsigned)uc->uc_stack.ss_flags == SS_AUTODISARM && uc->uc_stack.ss_sp == alt);
    CHECK(sigaltstack(&other, NULL) == 0); /* allowed: it is disarmed; the return undoes it */
}

static void nested(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    hits++;
    if (sig == SIGUSR1) raise(SIGUSR2);
}

static sigjmp_buf out;

static void overflowed(int sig, siginfo_t *info, void *context)
{
    int local;

    (void)sig;
    (void)context;
    CHECK(on_alt(&local));
    last_info = *info;
    siglongjmp(out, 1);
}

/* Uses stack until there is none. */
static int __attribute__((noinline)) eat(int depth)
{
    volatile char page[4096];

    page[0] = (char)depth;
    return depth > 0 ? eat(depth + 1) + page[0] : 0;
}

static void alternate(void)
{
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt), .ss_flags = (int)SS_AUTODISARM}, now;
    stack_t bad = {.ss_sp = alt, .ss_size = sizeof(alt), .ss_flags = 4};

    CHECK_ERRNO(sigaltstack(&bad, NULL), EINVAL);
    bad.ss_flags = SS_ONSTACK | SS_DISABLE;
    CHECK_ERRNO(sigaltstack(&bad, NULL), EINVAL);
    bad.ss_flags = 0;
    bad.ss_size = 5119; /* MINSIGSTKSZ of arm64 is 5120 */
    CHECK_ERRNO(sigaltstack(&bad, NULL), ENOMEM);
    CHECK_ERRNO(syscall(SYS_sigaltstack, 8, NULL), EFAULT);
    bad.ss_size = 5120;
    bad.ss_flags = SS_ONSTACK; /* accepted, as 0 */
    CHECK(sigaltstack(&bad, NULL) == 0 && sigaltstack(NULL, &now) == 0 && now.ss_flags == 0);
    CHECK(sigaltstack(&ss, NULL) == 0 && sigaltstack(NULL, &now) == 0);
    CHECK((unsigned)now.ss_flags == SS_AUTODISARM && now.ss_size == sizeof(alt));
    install(SIGUSR1, disarmed, SA_ONSTACK);
    hits = 0;
    raise(SIGUSR1);
    CHECK(hits == 1 && sigaltstack(NULL, &now) == 0 && now.ss_size == sizeof(alt) &&
          (unsigned)now.ss_flags == SS_AUTODISARM);
    /* A frame that is too much for the alternate stack goes below it: arm64 doesn't look. */
    stack_t least = {.ss_sp = alt + 32768, .ss_size = 5120};
    CHECK(sigaltstack(&least, NULL) == 0);
    install(SIGUSR1, nested, SA_ONSTACK);
    install(SIGUSR2, nested, SA_ONSTACK);
    hits = 0;
    raise(SIGUSR1);
    CHECK(hits == 2);
    /* Stack overflow. */
    ss.ss_flags = 0;
    CHECK(sigaltstack(&ss, NULL) == 0);
    install(SIGSEGV, overflowed, SA_ONSTACK);
    for (int i = 0; i < 3; i++) {
        if (sigsetjmp(out, 1) == 0) {
            eat(1);
            CHECK(!"the stack has no end");
        }
        int local;
        CHECK(last_info.si_signo == SIGSEGV && last_info.si_addr < (void *)&local);
        CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == 0); /* left by the jump */
    }
    signal(SIGSEGV, SIG_DFL);
    ss.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&ss, &now) == 0 && now.ss_flags == 0);
    CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE && now.ss_size == 0);
}

/* A thread starts without an alternate stack. */
static void *look_at_stack(void *arg)
{
    stack_t now;

    CHECK(sigaltstack(NULL, &now) == 0 && now.ss_flags == SS_DISABLE);
    return arg;
}

static void *thread_overflow(void *arg)
{
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, off = {.ss_flags = SS_DISABLE};

    CHECK(sigaltstack(&ss, NULL) == 0);
    if (sigsetjmp(out, 1) == 0) {
        eat(1);
        CHECK(!"the stack has no end");
    }
    CHECK(last_info.si_code == SEGV_ACCERR); /* its guard page */
    CHECK(sigaltstack(&off, NULL) == 0);
    return arg;
}

static void threads_and_stacks(void)
{
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, off = {.ss_flags = SS_DISABLE};
    pthread_t t;

    CHECK(sigaltstack(&ss, NULL) == 0);
    pthread_create(&t, NULL, look_at_stack, NULL);
    pthread_join(t, NULL);
    CHECK(sigaltstack(&off, NULL) == 0);
    install(SIGSEGV, overflowed, SA_ONSTACK);
    pthread_create(&t, NULL, thread_overflow, NULL);
    pthread_join(t, NULL);
    signal(SIGSEGV, SIG_DFL);
}

/* --- return from a handler
 * ------------------------------------------------------------------------------- */

struct record {
    uint32_t magic, size;
};

struct fpsimd {
    struct record head;
    uint32_t fpsr, fpcr;
    unsigned __int128 v[32];
};

static struct fpsimd *fpsimd_of(ucontext_t *uc)
{
    uint8_t *at = (uint8_t *)uc->uc_mcontext.__reserved;

    while (((struct record *)at)->magic != 0x46508001) at += ((struct record *)at)->size;
    return (struct fpsimd *)at;
}

extern char elsewhere[];
static uint64_t other_stack[512] __attribute__((aligned(16)));

static void change_all(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    mcontext_t *m = &uc->uc_mcontext;
    struct fpsimd *fp = fpsimd_of(uc);

    (void)sig;
    (void)info;
    hits++;
    CHECK(fp->fpcr == 3u << 22 && (fp->fpsr & 0x1f) == 2); /* toward zero; division by zero */
    for (int i = 0; i < 29; i++)
        if (i != 18) m->regs[i] = 1000u + (unsigned)i;
    for (int i = 0; i < 32; i++)
        fp->v[i] = ((unsigned __int128)(2000u + (unsigned)i) << 64) | (3000u + (unsigned)i);
    fp->fpcr = 1u << 22;               /* toward plus infinity */
    fp->fpsr = 1u << 27 | 1u << 4 | 1; /* QC, IXC, IOC */
    m->sp = (uint64_t)(other_stack + 512) - 64;
    m->pc = (uint64_t)elsewhere;
    m->pstate = UINT64_C(0xa) << 28; /* N and C */
}

static uint64_t seen[40];
static unsigned __int128 seen_v[32];

/* Everything that the handler changed is there at the new PC, on the new stack. */
static void changed_registers(void)
{
    bool ok = true;

    install(SIGTRAP, change_all, 0);
    hits = 0;
    __asm__ volatile(
        "stp x29, x30, [sp, #-16]!\n"
        "mov x9, sp\n"
        "adrp x10, saved_sp\n str x9, [x10, :lo12:saved_sp]\n"
        "mov x9, #3 << 22\n msr fpcr, x9\n"
        "msr fpsr, xzr\n"
        "fmov d0, #1.0\n fmov d1, xzr\n fdiv d0, d0, d1\n"
        "brk #9\n"
        "b 1f\n"
        ".globl elsewhere\n elsewhere:\n"
        "str x9, [sp, #8]\n"
        "adrp x9, %[seen]\n add x9, x9, :lo12:%[seen]\n"
        "stp x0, x1, [x9]\n stp x2, x3, [x9, #16]\n stp x4, x5, [x9, #32]\n"
        "stp x6, x7, [x9, #48]\n ldr x0, [sp, #8]\n stp x8, x0, [x9, #64]\n"
        "stp x10, x11, [x9, #80]\n stp x12, x13, [x9, #96]\n stp x14, x15, [x9, #112]\n"
        "stp x16, x17, [x9, #128]\n stp x18, x19, [x9, #144]\n stp x20, x21, [x9, #160]\n"
        "stp x22, x23, [x9, #176]\n stp x24, x25, [x9, #192]\n stp x26, x27, [x9, #208]\n"
        "str x28, [x9, #224]\n"
        "mrs x0, nzcv\n mrs x1, fpcr\n mrs x2, fpsr\n mov x3, sp\n"
        "str x0, [x9, #240]\n str x1, [x9, #248]\n str x2, [x9, #256]\n str x3, [x9, #264]\n"
        "adrp x9, %[v]\n add x9, x9, :lo12:%[v]\n"
        "stp q0, q1, [x9]\n stp q2, q3, [x9, #32]\n stp q4, q5, [x9, #64]\n"
        "stp q6, q7, [x9, #96]\n stp q8, q9, [x9, #128]\n stp q10, q11, [x9, #160]\n"
        "stp q12, q13, [x9, #192]\n stp q14, q15, [x9, #224]\n stp q16, q17, [x9, #256]\n"
        "stp q18, q19, [x9, #288]\n stp q20, q21, [x9, #320]\n stp q22, q23, [x9, #352]\n"
        "stp q24, q25, [x9, #384]\n stp q26, q27, [x9, #416]\n stp q28, q29, [x9, #448]\n"
        "stp q30, q31, [x9, #480]\n"
        "1: adrp x9, saved_sp\n ldr x9, [x9, :lo12:saved_sp]\n mov sp, x9\n"
        "ldp x29, x30, [sp], #16\n"
        "msr fpcr, xzr\n msr fpsr, xzr\n"
        ".pushsection .bss\n .balign 8\n saved_sp: .skip 8\n .popsection\n" ::[seen] "S"(seen),
        [v] "S"(seen_v)
        : "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
          "x14", "x15", "x16", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
          "x28", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12",
          "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25",
          "v26", "v27", "v28", "v29", "v30", "v31", "cc", "memory");
    CHECK(hits == 1);
    for (unsigned i = 0; i < 29; i++) ok &= i == 18 || seen[i] == 1000 + i;
    CHECK(ok);
    for (unsigned i = 0; i < 32; i++)
        ok &= seen_v[i] == (((unsigned __int128)(2000 + i) << 64) | (3000 + i));
    CHECK(ok);
    CHECK(seen[30] == UINT64_C(0xa) << 28 && seen[31] == 1u << 22);
    CHECK(seen[32] == (1u << 27 | 1u << 4 | 1));
    CHECK(seen[33] == (uint64_t)(other_stack + 512) - 64);
    signal(SIGTRAP, SIG_DFL);
}

/* A handler starts with the program's FPCR (Linux/arm64 does not reset it) and what it does to the
 * registers is undone. */
static uint64_t handler_fpcr;

static void spoil(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    hits++;
    __asm__ volatile("mrs %0, fpcr\n msr fpcr, xzr\n fmov d9, xzr\n mov x0, #8\n msr fpsr, x0\n"
                     : "=r"(handler_fpcr)::"x0", "v9");
}

static void untouched_registers(void)
{
    uint64_t fpcr, fpsr, d9;

    install(SIGUSR1, spoil, 0);
    hits = 0;
    __asm__ volatile("mov x9, #2 << 22\n msr fpcr, x9\n mov x9, #4\n msr fpsr, x9\n"
                     "mov x9, #77\n fmov d9, x9\n"
                     "mov x8, #172\n svc #0\n" /* getpid */
                     "mov x1, x0\n mov x8, #178\n svc #0\n mov x9, x0\n mov x0, x1\n mov x1, x9\n"
                     "mov x2, #10\n mov x8, #131\n svc #0\n" /* tgkill(pid, tid, SIGUSR1) */
                     "mrs %0, fpcr\n mrs %1, fpsr\n fmov %2, d9\n msr fpcr, xzr\n msr fpsr, xzr\n"
                     : "=r"(fpcr), "=r"(fpsr), "=r"(d9)::"x0", "x1", "x2", "x8", "x9", "v9",
                       "memory");
    CHECK(hits == 1 && fpcr == 2u << 22 && fpsr == 4 && d9 == 77);
    CHECK(handler_fpcr == 2u << 22);
    signal(SIGUSR1, SIG_DFL);
}

static void spoil_frame(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    fpsimd_of(context)->head.size = 8; /* out of shape: the return is a SIGSEGV */
}

static void bad_return(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        install(SIGUSR1, spoil_frame, 0);
        raise(SIGUSR1);
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

/* Jumps out of handlers, thousands of times: no stack and no mask is lost. */
static void leave(int sig)
{
    siglongjmp(out, sig);
}

static void jumps(void)
{
    volatile int count = 0;
    sigset_t now;

    signal(SIGUSR1, leave);
    signal(SIGSEGV, leave);
    for (volatile int i = 0; i < 3000; i++) {
        int sig = sigsetjmp(out, 1);

        if (sig == 0) {
            if (i % 2)
                raise(SIGUSR1);
            else
                *(volatile int *)16 = 1;
            CHECK(!"came back");
        }
        count += sig == (i % 2 ? SIGUSR1 : SIGSEGV);
    }
    CHECK(count == 3000);
    sigprocmask(SIG_BLOCK, NULL, &now);
    CHECK(!sigismember(&now, SIGUSR1) && !sigismember(&now, SIGSEGV));
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

/* --- a child that shares memory
 * ------------------------------------------------------------------------- */

static volatile int child_hits;

static void in_child(int sig)
{
    (void)sig;
    child_hits++;
}

static void vfork_children(void)
{
    int status;
    pid_t pid;

    signal(SIGUSR1, in_child);
    child_hits = 0;
    pid = vfork();
    if (pid == 0) {
        kill(getpid(), SIGUSR1); /* its handler, in the memory that both have */
        signal(SIGUSR1, SIG_DFL);
        syscall(SYS_kill, getppid(), SIGUSR1); /* for when the parent goes on */
        _exit(child_hits);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 1);
    CHECK(child_hits == 2);
    pid = vfork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_DFL);
        kill(getpid(), SIGUSR1);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
    pid = vfork();
    if (pid == 0) {
        *(volatile int *)16 = 1;
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK(child_hits == 2);
    raise(SIGUSR1);
    CHECK(child_hits == 3); /* the parent's handler is as it was */
    signal(SIGUSR1, SIG_DFL);
}

/* --- flags that a loop's head does not want -----------------------------------------------------
 */

/* 1 if the branch that leads back ever went the wrong way: at the head nobody wants its flags. */
static int loop_with_dead_flags(uint64_t count)
{
    int wrong;
    __asm__ volatile("1: cmp %w[less], %w[more]\n\t"
                     "b.eq 2f\n\t"
                     "sub %[count], %[count], #1\n\t"
                     "cbz %[count], 3f\n\t"
                     "cmp %w[more], %w[less]\n\t"
                     "b.gt 1b\n\t"
                     "cmp %w[less], %w[less]\n"
                     "2: mov %w[wrong], #1\n\t"
                     "b 4f\n"
                     "3: mov %w[wrong], #0\n"
                     "4:"
                     : [wrong] "=&r"(wrong), [count] "+r"(count)
                     : [less] "r"(3), [more] "r"(5)
                     : "cc");
    return wrong;
}

static void loops_interrupted(void)
{
    struct itimerval every = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};

    int wrong = 0;

    install(SIGALRM, note, SA_RESTART);
    hits = 0;
    CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
    while (hits < 1000) wrong += loop_with_dead_flags(10000);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(wrong == 0);
}

int main(void)
{
    queued_info();
    threads_in_calls();
    flags();
    alternate();
    threads_and_stacks();
    changed_registers();
    untouched_registers();
    bad_return();
    jumps();
    vfork_children();
    loops_interrupted();
    return done();
}
