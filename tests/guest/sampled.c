/*
 * What a guest must not notice of being sampled (rt/profile.c): calls that wait are never
 * interrupted, waits are as long as they were to be, SIGTRAP is the guest's own, its timers are
 * numbered from 0. Run for some tenths of a second of processor time, so that samples come.
 */
#include "check.h"

#include <poll.h>
#include <pthread.h>
#include <linux/futex.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
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

/* A sample's signal while a call waits, which only older kernels send: the call is made again. Each
 * time that happens it waits anew, for less time than passes to the next. */
static void interrupted_waits(void)
{
    struct timespec between = {0, 5000000};
    siginfo_t tick;
    pid_t child, parent = getpid();
    int status;

    memset(&tick, 0, sizeof(tick));
    tick.si_signo = SIGTRAP;
    tick.si_code = SI_TIMER;
    tick.si_value.sival_ptr = (void *)0x4672727922;
    child = fork();
    while (child == 0) {
        nanosleep(&between, NULL);
        if (syscall(SYS_rt_tgsigqueueinfo, parent, parent, SIGTRAP, &tick) != 0) _exit(1);
    }
    wait_ms = 3;
    for (unsigned n = 0; n < 27; n++) wait_once(n % 9);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, &status, 0) == child && WIFSIGNALED(status));
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
    threads();
    executes(argv[0]);
    CHECK(setrlimit(RLIMIT_FSIZE, &small) == 0); /* what is written at the end may not end it */
    return done();
}
