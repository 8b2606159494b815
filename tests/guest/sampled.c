/*
 * What a guest must not notice of being sampled (rt/profile.c): calls that wait are never
 * interrupted, waits are as long as they were to be, SIGTRAP is the guest's own, its timers are
 * numbered from 0; and what samples must not hide from it: signals, changed code. Run for some
 * tenths of a second of processor time, so that samples come.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 63

static int pipes[2], ep, ticks, traps, wait_ms = 1;
static volatile uint64_t sink;

static double now(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Uses the processor for so many milliseconds: a sample comes due about when the next call begins.
 */
static void burn(double ms)
{
    double end = now(CLOCK_THREAD_CPUTIME_ID) + ms / 1000;

    do
        for (unsigned i = 0; i < 500; i++) sink = sink * 31 + i;
    while (now(CLOCK_THREAD_CPUTIME_ID) < end);
}

/* Each sort of waiting. */
static void wait_once(unsigned how)
{
    struct timespec ms = {0, 1000000 * wait_ms}, left = {7, 7};
    struct pollfd p = {.fd = pipes[0], .events = POLLIN};
    struct epoll_event e;
    uint32_t word = 0;
    fd_set set;
    sigset_t none, usr2;

    sigemptyset(&none);
    sigemptyset(&usr2);
    sigaddset(&usr2, SIGUSR2);
    errno = 0;
    switch (how) {
    case 0:
        CHECK(nanosleep(&ms, &left) == 0);
        CHECK(left.tv_sec == 7 || wait_ms != 1); /* an interrupted call has written it */
        break;
    case 1: CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ms, NULL) == 0); break;
    case 2: CHECK(poll(&p, 1, wait_ms) == 0); break;
    case 3: CHECK(ppoll(&p, 1, &ms, &none) == 0); break;
    case 4: CHECK(epoll_wait(ep, &e, 1, wait_ms) == 0); break;
    case 5: CHECK(epoll_pwait(ep, &e, 1, wait_ms, &none) == 0); break;
    case 6:
        FD_ZERO(&set);
        FD_SET(pipes[0], &set);
        CHECK(pselect(pipes[0] + 1, &set, NULL, NULL, &ms, &none) == 0);
        break;
    case 7:
        CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &ms, NULL, 0), ETIMEDOUT);
        break;
    default: CHECK_ERRNO(sigtimedwait(&usr2, NULL, &ms), EAGAIN);
    }
}

static void waits(void)
{
    double longest = 0;

    for (unsigned n = 0; n < ROUNDS; n++) {
        double before;

        burn(1.5 + n % 7 * 0.3);
        before = now(CLOCK_MONOTONIC);
        wait_once(n % 9);
        before = now(CLOCK_MONOTONIC) - before;
        CHECK(before >= 0.001 || n % 9 == 2 || n % 9 >= 4);
        if (before > longest) longest = before;
    }
    CHECK(longest < 5); /* others use this machine, too */
}

static siginfo_t a_tick(void)
{
    siginfo_t tick;

    memset(&tick, 0, sizeof(tick));
    tick.si_signo = SIGTRAP;
    tick.si_code = SI_TIMER;
    tick.si_value.sival_ptr = (void *)0x4672727922;
    return tick;
}

/* A sample's signal while a call waits, which only older kernels send: the call is made again. Each
 * time that happens it waits anew, for less time than passes to the next. */
static void interrupted_waits(void)
{
    struct timespec between = {0, 5000000};
    siginfo_t tick = a_tick();
    pid_t child, parent = getpid();
    int status;

    child = fork();
    while (child == 0) {
        nanosleep(&between, NULL);
        if (syscall(SYS_rt_tgsigqueueinfo, parent, parent, SIGTRAP, &tick) != 0) _exit(1);
    }
    wait_ms = 3;
    for (unsigned n = 0; n < 27; n++) wait_once(n % 9);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
}

static volatile int came;

static void on_usr2(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    came++;
}

/* A call that a handler has interrupted isn't made again because a sample's signal came with it. */
static void interrupted_with_it(void)
{
    struct timespec soon = {0, 30000000}, left = {0, 0};
    siginfo_t tick = a_tick();
    pid_t parent = getpid();
    int status;

    install(SIGUSR2, on_usr2, SA_RESTART);
    for (int n = 0; n < 3; n++) {
        struct timespec long_time = {4, 0};
        pid_t child = fork();

        if (child == 0) {
            nanosleep(&soon, NULL);
            kill(parent, SIGSTOP);
            nanosleep(&soon, NULL);
            syscall(SYS_rt_tgsigqueueinfo, parent, parent, SIGTRAP, &tick);
            kill(parent, SIGUSR2);
            _exit(kill(parent, SIGCONT));
        }
        came = 0;
        if (n == 0) CHECK_ERRNO(nanosleep(&long_time, &left), EINTR);
        if (n == 1) CHECK_ERRNO(poll(NULL, 0, 4000), EINTR);
        if (n == 2) CHECK_ERRNO(ppoll(NULL, 0, &long_time, NULL), EINTR);
        CHECK(came == 1);
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

static volatile uint32_t *code;
static volatile int looping;

static void *loop(void *argument)
{
    looping = (int)gettid();
    ((void (*)(void))code)();
    return argument;
}

/* A thread that is to leave a loop whose code has changed does so even if it has a sample's signal
 * to take at the moment: on one processor, the loop stands still meanwhile. */
static void changed_code(void)
{
    struct timespec due, some = {0, 60000000};
    siginfo_t tick = a_tick();
    cpu_set_t one, all;
    pthread_t t;
    int cpu = 0;

    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(sched_getaffinity(0, sizeof(all), &all) == 0);
    while (!CPU_ISSET(cpu, &all)) cpu++;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    CHECK(sched_setaffinity(0, sizeof(one), &one) == 0);
    for (int n = 0; n < 5; n++) {
        code[0] = 0x91000400; /* add x0, x0, #1 */
        code[1] = 0x17ffffff; /* b . - 4 */
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        looping = 0;
        CHECK(pthread_create(&t, NULL, loop, NULL) == 0);
        while (looping == 0) sched_yield();
        nanosleep(&some, NULL);
        code[1] = 0xd65f03c0; /* ret */
        CHECK(syscall(SYS_rt_tgsigqueueinfo, getpid(), looping, SIGTRAP, &tick) == 0);
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        clock_gettime(CLOCK_REALTIME, &due);
        due.tv_sec += 5;
        CHECK(pthread_timedjoin_np(t, NULL, &due) == 0);
    }
    CHECK(sched_setaffinity(0, sizeof(all), &all) == 0);
}

static void on_trap(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    ticks += info->si_code == SI_TIMER && info->si_value.sival_int == 4711;
    traps += info->si_code == SI_USER || info->si_code == SI_TKILL;
}

/* A timer of the guest's that sends SIGTRAP, and SIGTRAP by kill. */
static void own_traps(void)
{
    struct itimerspec every = {{0, 2000000}, {0, 2000000}}, never = {{0, 0}, {0, 0}};
    struct sigevent event = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTRAP, .sigev_value.sival_int = 4711};
    sigset_t trap, old;
    siginfo_t info;
    int id = -1;

    install(SIGTRAP, on_trap, SA_RESTART);
    CHECK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0 && id == 0);
    CHECK(syscall(SYS_timer_settime, id, 0, &every, NULL) == 0);
    burn(40);
    CHECK(ticks > 5);
    CHECK(syscall(SYS_timer_settime, id, 0, &never, NULL) == 0);
    CHECK(syscall(SYS_timer_delete, id) == 0);
    for (int n = 0; n < 20; n++) {
        burn(0.7);
        CHECK(kill(getpid(), SIGTRAP) == 0 && traps == n + 1);
    }
    sigemptyset(&trap);
    sigaddset(&trap, SIGTRAP);
    CHECK(sigprocmask(SIG_BLOCK, &trap, &old) == 0);
    burn(20);
    CHECK(sigpending(&trap) == 0 && !sigismember(&trap, SIGTRAP));
    sigaddset(&trap, SIGTRAP);
    CHECK(raise(SIGTRAP) == 0 && sigwaitinfo(&trap, &info) == SIGTRAP && info.si_code <= SI_USER);
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
}

static void *worker(void *argument)
{
    burn(40);
    return argument;
}

static void threads(void)
{
    struct timespec due;
    pthread_t t[4];
    pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;

    for (int n = 0; n < 4; n++) CHECK(pthread_create(&t[n], NULL, worker, NULL) == 0);
    CHECK(pthread_mutex_lock(&m) == 0);
    clock_gettime(CLOCK_REALTIME, &due);
    due.tv_nsec += 5000000;
    due.tv_sec += due.tv_nsec / 1000000000;
    due.tv_nsec %= 1000000000;
    CHECK(pthread_mutex_timedlock(&m, &due) == ETIMEDOUT);
    for (int n = 0; n < 4; n++) CHECK(pthread_join(t[n], NULL) == 0);
}

/* A child that ignores or leaves alone SIGTRAP and executes something, with other threads at work.
 */
static void executes(const char *self)
{
    pthread_t t;
    int status;

    for (int n = 0; n < 2; n++) {
        pid_t child = fork();

        if (child == 0) {
            signal(SIGTRAP, n % 2 ? SIG_IGN : SIG_DFL);
            pthread_create(&t, NULL, worker, NULL);
            burn(30);
            execl(self, self, "child", (char *)NULL);
            _exit(99);
        }
        CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

int main(int argc, char **argv)
{
    struct rlimit small = {100, 100};
    struct epoll_event e = {.events = EPOLLIN};

    if (argc > 1) {
        burn(30);
        return 0;
    }
    CHECK(pipe(pipes) == 0);
    ep = epoll_create1(0);
    CHECK(ep >= 0 && epoll_ctl(ep, EPOLL_CTL_ADD, pipes[0], &e) == 0);
    own_traps();
    waits();
    interrupted_waits();
    interrupted_with_it();
    changed_code();
    threads();
    executes(argv[0]);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0); /* what is written at the end may not end it */
    return done();
}
