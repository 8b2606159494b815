/*
 * Signals: exact registers at faults, frames and what sigreturn takes from them, alternate stacks,
 * nesting, masks, restart of interrupted calls, waiting.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile int hits;
static siginfo_t last_info;
static ucontext_t last_context;

/* --- faults ---------------------------------------------------------------------------------- */

struct record {
    uint32_t magic, size;
};

static struct record *find_record(ucontext_t *uc, uint32_t magic)
{
    uint8_t *at = (uint8_t *)uc->uc_mcontext.__reserved;

    for (;;) {
        struct record *r = (struct record *)at;

        if (r->magic == magic) return r;
        if (r->magic == 0) return NULL;
        at += r->size;
    }
}

static void skip_fault(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)sig;
    hits++;
    last_info = *info;
    last_context = *uc;
    uc->uc_mcontext.pc += 4;
}

extern char load_at[], store_at[], udf_at[], brk_at[], odd_at[], pair_at[];

static void fault_registers(void)
{
    uint64_t *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mcontext_t *mc = &last_context.uc_mcontext;
    uint64_t out = 0, flags = 0;

    install(SIGSEGV, skip_fault, 0);
    hits = 0;
    __asm__ volatile("mov x9, #0x1111\n"
                     "mov x10, #0x2222\n"
                     "mov x11, #5\n"
                     "subs xzr, x11, #5\n" /* Z and C */
                     "add x10, x10, #1\n"
                     ".globl load_at\n load_at: ldr x12, [%2, #8]\n"
                     "add x12, x9, x10\n"
                     "mov %0, x12\n"
                     "cset %1, eq\n"
                     : "=&r"(out), "=&r"(flags)
                     : "r"(page)
                     : "x9", "x10", "x11", "x12", "cc", "memory");
    CHECK(hits == 1);
    CHECK(mc->pc == (uint64_t)load_at);
    CHECK(mc->regs[9] == 0x1111 && mc->regs[10] == 0x2223 && mc->regs[11] == 5);
    CHECK((mc->pstate >> 28) == 6);
    CHECK(mc->fault_address == (uint64_t)page + 8);
    CHECK(last_info.si_signo == SIGSEGV && last_info.si_code == SEGV_ACCERR);
    CHECK(last_info.si_addr == (char *)page + 8);
    CHECK(out == 0x1111 + 0x2223 && flags == 1);
    struct record *esr = find_record(&last_context, 0x45535201);
    CHECK(esr != NULL && (((uint64_t *)esr)[1] >> 26) == 0x24);
    CHECK(esr != NULL && (((uint64_t *)esr)[1] >> 6 & 1) == 0);

    __asm__ volatile("mov x9, #7\n .globl store_at\n store_at: str x9, [%0]\n" ::"r"(page)
                     : "x9", "memory");
    CHECK(hits == 2 && mc->pc == (uint64_t)store_at);
    esr = find_record(&last_context, 0x45535201);
    CHECK(esr != NULL && (((uint64_t *)esr)[1] >> 6 & 1) == 1);
    munmap(page, 4096);
    /* A pre-indexed pair: the base must be as before the instruction. */
    __asm__ volatile(
        "mov x9, %0\n .globl pair_at\n pair_at: ldp x10, x11, [x9, #16]!\n mov %0, x9\n"
        : "+r"(page)::"x9", "x10", "x11", "memory");
    CHECK(hits == 3 && mc->pc == (uint64_t)pair_at);
    CHECK(mc->regs[9] == (uint64_t)page && last_info.si_code == SEGV_MAPERR);
    CHECK(last_info.si_addr == (char *)page + 16);
}

static void other_faults(void)
{
    mcontext_t *mc = &last_context.uc_mcontext;
    struct sigaction dfl = {.sa_handler = SIG_DFL};

    install(SIGILL, skip_fault, 0);
    install(SIGTRAP, skip_fault, 0);
    install(SIGBUS, skip_fault, 0);
    hits = 0;
    __asm__ volatile(".globl udf_at\n udf_at: .word 0x00000000");
    CHECK(hits == 1 && mc->pc == (uint64_t)udf_at);
    CHECK(last_info.si_signo == SIGILL && last_info.si_code == ILL_ILLOPC);
    CHECK(last_info.si_addr == (void *)udf_at);
    __asm__ volatile(".globl brk_at\n brk_at: brk #77");
    CHECK(hits == 2 && mc->pc == (uint64_t)brk_at);
    CHECK(last_info.si_signo == SIGTRAP && last_info.si_code == TRAP_BRKPT);
    uint64_t words[2] = {0, 0};
    __asm__ volatile("ldar x9, [%0]" ::"r"((char *)words + 1) : "x9", "memory");
    CHECK(hits == 3 && last_info.si_signo == SIGBUS && last_info.si_code == BUS_ADRALN);
    CHECK(last_info.si_addr == (char *)words + 1);
    sigaction(SIGBUS, &dfl, NULL);
    sigaction(SIGILL, &dfl, NULL);
    sigaction(SIGTRAP, &dfl, NULL);
}

/* A misaligned SP: nothing happens until it is used for an access, however far away that is. */
static void odd_stack(void)
{
    mcontext_t *mc = &last_context.uc_mcontext;
    uint64_t sum = 0;

    install(SIGBUS, skip_fault, 0);
    hits = 0;
    __asm__ volatile("mov x9, sp\n sub sp, sp, #40\n mov x10, #0\n b 1f\n 2: ldr x11, [x9, #-16]\n"
                     " .globl odd_at\n odd_at: str x10, [sp, #8]\n mov sp, x9\n b 3f\n"
                     " 1: add x10, x10, #1\n cmp x10, #100\n b.ne 1b\n b 2b\n 3: mov %0, x10\n"
                     : "=r"(sum)::"x9", "x10", "x11", "cc", "memory");
    CHECK(hits == 1 && sum == 100 && mc->pc == (uint64_t)odd_at);
    CHECK(last_info.si_signo == SIGBUS && last_info.si_code == BUS_ADRALN);
    CHECK(mc->sp % 16 == 8 && mc->sp == mc->regs[9] - 40);
    signal(SIGBUS, SIG_DFL);
}

static sigjmp_buf jump;

static void jump_out(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    last_info = *info;
    last_context = *(ucontext_t *)context;
    siglongjmp(jump, 1);
}

static void bad_jumps(void)
{
    char *data = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    install(SIGSEGV, jump_out, 0);
    install(SIGBUS, jump_out, 0);
    if (sigsetjmp(jump, 1) == 0) {
        ((void (*)(void))data)();
        CHECK(!"jump to data came back");
    }
    CHECK(last_info.si_signo == SIGSEGV && last_info.si_code == SEGV_ACCERR);
    CHECK(last_info.si_addr == data && last_context.uc_mcontext.pc == (uint64_t)data);
    munmap(data, 4096);
    if (sigsetjmp(jump, 1) == 0) {
        ((void (*)(void))(data + 16))();
        CHECK(!"jump to nowhere came back");
    }
    CHECK(last_info.si_code == SEGV_MAPERR && last_context.uc_mcontext.pc == (uint64_t)data + 16);
    if (sigsetjmp(jump, 1) == 0) {
        ((void (*)(void))((char *)bad_jumps + 2))();
        CHECK(!"misaligned jump came back");
    }
    CHECK(last_info.si_signo == SIGBUS && last_info.si_code == BUS_ADRALN);
}

/* --- frames ------------------------------------------------------------------------------------
 */

struct fpsimd {
    struct record head;
    uint32_t fpsr, fpcr;
    unsigned __int128 v[32];
};

static void edit_frame(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct fpsimd *fp = (struct fpsimd *)find_record(uc, 0x46508001);

    (void)sig;
    (void)info;
    hits++;
    CHECK(fp != NULL && fp->head.size == sizeof(*fp));
    CHECK((uint64_t)fp->v[9] == 0x123456789abcdef0);
    fp->v[9] = 42;
    uc->uc_mcontext.regs[19] = 4711;
    uc->uc_mcontext.pstate = UINT64_C(9) << 28; /* N and V */
    uc->uc_mcontext.pc += 4;
}

static void frame_edits(void)
{
    uint64_t x, v, flags, in = 0x123456789abcdef0;

    install(SIGTRAP, edit_frame, 0);
    hits = 0;
    __asm__ volatile("fmov d9, %3\n"
                     "mov x19, #1\n"
                     "brk #1\n"
                     "mrs %2, nzcv\n"
                     "mov %0, x19\n"
                     "fmov %1, d9\n"
                     : "=&r"(x), "=&r"(v), "=&r"(flags)
                     : "r"(in)
                     : "x19", "v9", "cc", "memory");
    CHECK(hits == 1 && x == 4711 && v == 42 && flags == UINT64_C(9) << 28);
    /* Signal return opens the exclusive monitor. */
    uint64_t word = 5, failed;
    __asm__ volatile("fmov d9, %2\n"
                     "ldxr x9, [%1]\n"
                     "brk #1\n"
                     "stxr %w0, x9, [%1]\n"
                     : "=&r"(failed)
                     : "r"(&word), "r"(in)
                     : "x9", "v9", "x19", "cc", "memory");
    CHECK((uint32_t)failed == 1);
    signal(SIGTRAP, SIG_DFL);
}

/* --- alternate stack, nesting, flags -------------------------------------------------------------
 */

static char alt[65536] __attribute__((aligned(16)));
static volatile int depth, deepest; /* raise() is declared as never calling back */

static bool on_alt(const void *p)
{
    return (const char *)p >= alt && (const char *)p < alt + sizeof(alt);
}

static void on_altstack(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    int local;
    stack_t now;

    (void)info;
    hits++;
    CHECK(on_alt(&local) == (sig == SIGUSR1 || depth > 0));
    CHECK(sigaltstack(NULL, &now) == 0 && (now.ss_flags == SS_ONSTACK) == on_alt(&local));
    CHECK(uc->uc_stack.ss_sp == alt && uc->uc_stack.ss_size == sizeof(alt));
    if (sig == SIGUSR1) {
        stack_t off = {.ss_flags = SS_DISABLE};

        depth++;
        CHECK_ERRNO(sigaltstack(&off, NULL), EPERM);
        raise(SIGUSR2);
        depth--;
    }
}

static void altstack(void)
{
    stack_t ss = {.ss_sp = alt, .ss_size = sizeof(alt)}, small = {.ss_sp = alt, .ss_size = 100};

    CHECK_ERRNO(sigaltstack(&small, NULL), ENOMEM);
    CHECK(sigaltstack(&ss, NULL) == 0);
    install(SIGUSR1, on_altstack, SA_ONSTACK);
    install(SIGUSR2, on_altstack, 0);
    hits = 0;
    raise(SIGUSR1);
    CHECK(hits == 2);
    raise(SIGUSR2);
    CHECK(hits == 3);
    ss.ss_flags = SS_DISABLE;
    CHECK(sigaltstack(&ss, NULL) == 0);
}

static void nest(int sig, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    hits++;
    depth++;
    if (depth > deepest) deepest = depth;
    if (hits < 4) raise(sig);
    depth--;
}

static void nesting(void)
{
    hits = depth = deepest = 0;
    install(SIGUSR1, nest, SA_NODEFER);
    raise(SIGUSR1);
    CHECK(hits == 4 && deepest == 4);
    hits = depth = deepest = 0;
    install(SIGUSR1, nest, 0);
    raise(SIGUSR1);
    CHECK(hits == 4 && deepest == 1);
    struct sigaction now;
    install(SIGUSR1, nest, SA_RESETHAND);
    hits = 10;
    raise(SIGUSR1);
    CHECK(sigaction(SIGUSR1, NULL, &now) == 0 && now.sa_handler == SIG_DFL);
}

/* --- masks, queues, waiting
 * ----------------------------------------------------------------------- */

static volatile int order[8], ordered;

static void in_order(int sig, siginfo_t *info, void *context)
{
    (void)context;
    order[ordered++] = sig * 100 + info->si_value.sival_int;
}

static void masks(void)
{
    sigset_t set, old, pending;
    union sigval v;

    install(SIGRTMIN + 1, in_order, 0);
    install(SIGRTMIN + 2, in_order, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGRTMIN + 1);
    sigaddset(&set, SIGRTMIN + 2);
    sigaddset(&set, SIGSEGV);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    v.sival_int = 7;
    CHECK(sigqueue(getpid(), SIGRTMIN + 2, v) == 0);
    v.sival_int = 8;
    CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
    v.sival_int = 9;
    CHECK(sigqueue(getpid(), SIGRTMIN + 1, v) == 0);
    CHECK(sigpending(&pending) == 0 && sigismember(&pending, SIGRTMIN + 2) == 1 && ordered == 0);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    CHECK(ordered == 3);
    /* Frames stack up, the lowest number first, so the highest number's handler runs first; what
     * counts is that the queued values of one number keep their order. */
    int first = -1, second = -1;
    for (int i = 0; i < 3; i++) {
        if (order[i] == (SIGRTMIN + 1) * 100 + 8) first = i;
        if (order[i] == (SIGRTMIN + 1) * 100 + 9) second = i;
    }
    CHECK(first >= 0 && second > first);

    /* A synchronous signal that kill sends while it is blocked. */
    install(SIGSEGV, skip_fault, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0);
    hits = 0;
    kill(getpid(), SIGSEGV);
    CHECK(hits == 0 && sigpending(&pending) == 0 && sigismember(&pending, SIGSEGV) == 1);
    siginfo_t info;
    CHECK(sigwaitinfo(&set, &info) == SIGSEGV && info.si_pid == getpid());
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0 && hits == 0);
    signal(SIGSEGV, SIG_DFL);

    struct timespec soon = {0, 20000000};
    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK_ERRNO(sigtimedwait(&set, &info, &soon), EAGAIN);
    raise(SIGUSR2);
    CHECK(sigtimedwait(&set, &info, &soon) == SIGUSR2);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* --- interrupted calls
 * ------------------------------------------------------------------------------ */

static void count(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    hits++;
}

static void alarm_in(int ms)
{
    struct itimerval it = {.it_value = {0, ms * 1000}};

    setitimer(ITIMER_REAL, &it, NULL);
}

static void restarts(void)
{
    int fds[2];
    char byte;
    struct timespec long_time = {5, 0}, left = {0, 0};

    CHECK(pipe(fds) == 0);
    install(SIGALRM, count, 0);
    hits = 0;
    alarm_in(30);
    CHECK_ERRNO(read(fds[0], &byte, 1), EINTR);
    CHECK(hits == 1);
    alarm_in(30);
    CHECK_ERRNO(nanosleep(&long_time, &left), EINTR);
    CHECK(hits == 2 && left.tv_sec == 4 && left.tv_nsec > 800000000);

    install(SIGALRM, count, SA_RESTART);
    if (fork() == 0) {
        usleep(150000);
        CHECK(write(fds[1], "x", 1) == 1);
        _exit(0);
    }
    alarm_in(30);
    CHECK(read(fds[0], &byte, 1) == 1 && byte == 'x');
    CHECK(hits == 3);
    wait(NULL);
    /* poll is never restarted. */
    struct pollfd p = {fds[0], POLLIN, 0};
    alarm_in(30);
    CHECK_ERRNO(poll(&p, 1, 5000), EINTR);
    CHECK(hits == 4);
    close(fds[0]);
    close(fds[1]);
}

static void waiting(void)
{
    sigset_t block, open;
    struct pollfd p = {-1, 0, 0};
    struct timespec limit = {5, 0};

    install(SIGALRM, count, SA_RESTART);
    sigemptyset(&block);
    sigaddset(&block, SIGALRM);
    sigprocmask(SIG_BLOCK, &block, &open);
    sigdelset(&open, SIGALRM);
    hits = 0;
    for (int i = 0; i < 20; i++) { /* with the signal pending, and with it to come */
        alarm_in(1);
        if (i % 2) usleep(3000);
        CHECK_ERRNO(sigsuspend(&open), EINTR);
        CHECK(hits == i + 1);
        sigset_t now;
        sigprocmask(SIG_SETMASK, NULL, &now);
        CHECK(sigismember(&now, SIGALRM) == 1);
    }
    alarm_in(30);
    CHECK_ERRNO(ppoll(&p, 1, &limit, &open), EINTR);
    CHECK(hits == 21);
    alarm_in(30);
    fd_set none;
    FD_ZERO(&none);
    CHECK_ERRNO(pselect(0, &none, NULL, NULL, &limit, &open), EINTR);
    CHECK(hits == 22);
    sigprocmask(SIG_UNBLOCK, &block, NULL);
}

/* A storm of timer signals over a loop with system calls: nothing lost, no register harmed. */
static void storm(void)
{
    struct itimerval it = {{0, 500}, {0, 500}}, off = {{0, 0}, {0, 0}};
    uint64_t sum = 0, expect = 0;

    install(SIGALRM, count, SA_RESTART);
    hits = 0;
    setitimer(ITIMER_REAL, &it, NULL);
    for (uint64_t i = 0; i < 60000; i++) {
        sum += i * 3 + (i >> 2);
        if (i % 4 == 0) CHECK(syscall(SYS_getppid) > 0);
    }
    setitimer(ITIMER_REAL, &off, NULL);
    for (uint64_t i = 0; i < 60000; i++) expect += i * 3 + (i >> 2);
    CHECK(sum == expect && hits > 0);
}

static int status_of(void (*child)(void))
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        child();
        _exit(0);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void die_segv(void)
{
    *(volatile int *)16 = 1;
}

static void die_blocked_segv(void)
{
    sigset_t set;

    install(SIGSEGV, skip_fault, 0);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    *(volatile int *)16 = 1;
}

static void die_term(void)
{
    kill(getpid(), SIGTERM);
}

static void die_abort(void)
{
    abort();
}

static void die_no_stack(void)
{
    install(SIGTRAP, skip_fault, 0);
    __asm__ volatile("mov x9, sp\n mov sp, %0\n brk #1\n mov sp, x9\n" ::"r"(UINT64_C(0x1000))
                     : "x9", "memory");
}

static void deaths(void)
{
    int s = status_of(die_segv);

    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
    s = status_of(die_blocked_segv);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
    s = status_of(die_term);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGTERM);
    s = status_of(die_abort);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGABRT);
    s = status_of(die_no_stack);
    CHECK(WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV);
}

static void stops(void)
{
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        raise(SIGSTOP);
        _exit(9);
    }
    CHECK(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
    kill(pid, SIGCONT);
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

int main(void)
{
    fault_registers();
    other_faults();
    odd_stack();
    bad_jumps();
    frame_edits();
    altstack();
    nesting();
    masks();
    restarts();
    waiting();
    storm();
    deaths();
    stops();
    return done();
}
