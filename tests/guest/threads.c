/*
 * Threads: creation, TLS, joining by the kernel's clearing of the id, futexes, robust mutexes,
 * signals to threads, the end of a process with threads.
 */
#include "check.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS  20000

static __thread uint64_t tls_value = 17;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static uint64_t locked_sum, atomic_sum;

static void *work(void *arg)
{
    uint64_t id = (uint64_t)arg;

    CHECK(tls_value == 17);
    tls_value = id;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        locked_sum++;
        pthread_mutex_unlock(&mutex);
        __atomic_add_fetch(&atomic_sum, 1, __ATOMIC_RELAXED);
    }
    CHECK(tls_value == id);
    return (void *)(id * 2);
}

static void many(void)
{
    pthread_t t[THREADS];
    void *result;

    for (uint64_t i = 0; i < THREADS; i++) CHECK(pthread_create(&t[i], NULL, work, (void *)i) == 0);
    for (uint64_t i = 0; i < THREADS; i++)
        CHECK(pthread_join(t[i], &result) == 0 && (uint64_t)result == i * 2);
    CHECK(locked_sum == THREADS * ROUNDS && atomic_sum == THREADS * ROUNDS);
    CHECK(tls_value == 17);
}

static void *short_life(void *arg)
{
    return arg;
}

/* Stacks are reused as soon as an id is cleared. */
static void churn(void)
{
    for (int i = 0; i < 300; i++) {
        pthread_t t;

        CHECK(pthread_create(&t, NULL, short_life, NULL) == 0);
        CHECK(pthread_join(t, NULL) == 0);
    }
}

static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static int turn;

static void *ping(void *arg)
{
    int me = (int)(uintptr_t)arg;

    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        while (turn != me) pthread_cond_wait(&cond, &mutex);
        turn = 1 - me;
        pthread_cond_broadcast(&cond);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void conditions(void)
{
    pthread_t a, b;

    pthread_create(&a, NULL, ping, (void *)0);
    pthread_create(&b, NULL, ping, (void *)1);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    ts.tv_nsec += 20000000;
    if (ts.tv_nsec >= 1000000000) {
        ts.tv_nsec -= 1000000000;
        ts.tv_sec++;
    }
    pthread_mutex_lock(&mutex);
    CHECK(pthread_cond_timedwait(&cond, &mutex, &ts) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    int word = 5;
    struct timespec soon = {0, 1000000};
    CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 4, NULL, NULL, 0), EAGAIN);
    CHECK_ERRNO(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 5, &soon, NULL, 0), ETIMEDOUT);
}

static pthread_mutex_t robust;

static void *abandon(void *arg)
{
    pthread_mutex_lock(&robust);
    return arg;
}

static void robust_mutex(void)
{
    pthread_mutexattr_t attr;
    pthread_t t;

    pthread_mutexattr_init(&attr);
    pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
    pthread_mutex_init(&robust, &attr);
    pthread_create(&t, NULL, abandon, NULL);
    pthread_join(t, NULL);
    CHECK(pthread_mutex_lock(&robust) == EOWNERDEAD);
    CHECK(pthread_mutex_consistent(&robust) == 0);
    CHECK(pthread_mutex_unlock(&robust) == 0);
}

static volatile int handled_by;
static sem_t ready, finish;

static void on_usr1(int sig)
{
    (void)sig;
    handled_by = (int)syscall(SYS_gettid);
}

static void *wait_for_signal(void *arg)
{
    *(int *)arg = (int)syscall(SYS_gettid);
    sem_post(&ready);
    while (sem_wait(&finish) != 0) continue;
    return NULL;
}

static void *spin(void *arg)
{
    volatile int *stop = arg;

    sem_post(&ready);
    while (!*stop) continue;
    return NULL;
}

static void directed_signals(void)
{
    struct sigaction sa = {.sa_handler = on_usr1};
    volatile int stop = 0;
    pthread_t t;
    int tid = 0;

    sigaction(SIGUSR1, &sa, NULL);
    sem_init(&ready, 0, 0);
    sem_init(&finish, 0, 0);
    pthread_create(&t, NULL, wait_for_signal, &tid);
    sem_wait(&ready);
    CHECK(tid != getpid() && tid > 0);
    handled_by = 0;
    pthread_kill(t, SIGUSR1);
    while (handled_by == 0) sched_yield();
    CHECK(handled_by == tid);
    sem_post(&finish);
    pthread_join(t, NULL);
    /* A thread in a loop without calls. */
    pthread_create(&t, NULL, spin, (void *)&stop);
    sem_wait(&ready);
    handled_by = 0;
    pthread_kill(t, SIGUSR1);
    while (handled_by == 0) sched_yield();
    CHECK(handled_by != getpid());
    stop = 1;
    pthread_join(t, NULL);
}

static void *cancelled(void *arg)
{
    sem_post(&ready);
    for (;;) pause();
    return arg;
}

static void cancel(void)
{
    pthread_t t;
    void *result;

    pthread_create(&t, NULL, cancelled, NULL);
    sem_wait(&ready);
    CHECK(pthread_cancel(t) == 0);
    CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
}

static void *exit_all(void *arg)
{
    (void)arg;
    exit(33);
}

static void *outlive(void *arg)
{
    usleep(50000);
    _exit((int)(uintptr_t)arg);
}

static void ends(void)
{
    pthread_t t;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        pthread_create(&t, NULL, exit_all, NULL);
        for (;;) pause();
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 33);
    pid = fork();
    if (pid == 0) { /* the first thread ends before the others */
        pthread_create(&t, NULL, outlive, (void *)44);
        pthread_exit(NULL);
    }
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 44);
}

/* fork while other threads allocate and map. */
static volatile int stop_churning;

static void *allocate(void *arg)
{
    while (!stop_churning) {
        free(malloc(300000));
        munmap(mmap(NULL, 8192, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 8192);
    }
    return arg;
}

static void fork_among_threads(void)
{
    pthread_t t[2];
    int status;

    for (int i = 0; i < 2; i++) pthread_create(&t[i], NULL, allocate, NULL);
    for (int i = 0; i < 20; i++) {
        pid_t pid = fork();

        if (pid == 0) {
            pthread_t u;
            void *p = malloc(1000000);

            CHECK(p != NULL && getpid() == (int)syscall(SYS_gettid));
            CHECK(pthread_create(&u, NULL, short_life, NULL) == 0 && pthread_join(u, NULL) == 0);
            _exit(check_failures != 0);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
    stop_churning = 1;
    for (int i = 0; i < 2; i++) pthread_join(t[i], NULL);
}

/* New code again and again, while other threads are at work: old code goes out of the way of all.
 */
static volatile int writers;

static void *write_code(void *arg)
{
    uint32_t *code =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    for (uint32_t i = 0; i < 3000; i++) {
        code[0] = 0x52800000 | i << 5; /* mov w0, #i */
        code[1] = 0xd65f03c0;          /* ret */
        __builtin___clear_cache((char *)code, (char *)(code + 2));
        CHECK(((uint32_t(*)(void))code)() == i);
    }
    __atomic_sub_fetch(&writers, 1, __ATOMIC_RELAXED);
    return arg;
}

static __attribute__((noinline)) uint64_t mix(uint64_t x, uint64_t y)
{
    return (x ^ y) * 0x9e3779b97f4a7c15;
}

static void *compute(void *arg)
{
    uint64_t x = (uint64_t)arg, y = 0;

    while (writers != 0)
        for (int i = 0; i < 100; i++) y = mix(x / 3, y) + y % (x + 7);
    return (void *)(y | 1);
}

static void new_code(void)
{
    pthread_t t[THREADS];
    void *result;

    writers = THREADS / 2;
    for (uint64_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&t[i], NULL, i % 2 == 0 ? write_code : compute, NULL) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(t[i], &result) == 0);
}

static uint64_t latest;

static void *read_counter(void *back)
{
    for (int i = 0; i < 5 * ROUNDS; i++) {
        uint64_t last = __atomic_load_n(&latest, __ATOMIC_ACQUIRE), now;

        __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(now)::"memory");
        __atomic_store_n(&latest, now, __ATOMIC_RELEASE);
        if (now < last) __atomic_add_fetch((int *)back, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

/* The counter never goes back from one thread to another, from the first read on. */
static void one_counter(void)
{
    pthread_t t[THREADS];
    int back = 0;

    for (int i = 0; i < THREADS; i++) CHECK(pthread_create(&t[i], NULL, read_counter, &back) == 0);
    for (int i = 0; i < THREADS; i++) CHECK(pthread_join(t[i], NULL) == 0);
    CHECK(back == 0);
}

int main(void)
{
    many();
    one_counter();
    churn();
    conditions();
    robust_mutex();
    directed_signals();
    cancel();
    ends();
    fork_among_threads();
    new_code();
    return done();
}
