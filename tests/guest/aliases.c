/*
 * The same memory at two addresses: loops that store at one what they load at the other a turn
 * later, in all the ways in which a program comes to that. What does several turns at once must
 * not.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

#define PAGE  4096
#define WORDS (PAGE / 4)
#define TURNS 200
#define OFTEN 100

/* `to` is the word behind `from`, if both are the same memory. */
__attribute__((noinline, noclone)) static void count_up(int *to, const int *from, int turns)
{
    for (int i = 0; i < turns; i++) {
        to[i] = from[i] + 1;
        __asm__("");
    }
}

__attribute__((noinline, noclone)) static void count_in_ring(int *p, int turns)
{
    for (int i = 0; i < turns; i++) {
        p[i] = p[i + WORDS - 1] + 1;
        __asm__("");
    }
}

static void check_pair(int *a, const int *b)
{
    for (int k = 0; k < OFTEN; k++) {
        memset(a, 0, PAGE);
        count_up(a + 1, b, TURNS);
        CHECK(a[TURNS] == TURNS && b[TURNS] == TURNS);
    }
}

/* So the code is there already, and has been run, when the memory gets its second address. */
static void warm_up(void)
{
    static int x[WORDS], y[WORDS];
    for (int k = 0; k < OFTEN; k++) {
        memset(x, 0, sizeof x);
        memset(y, 0, sizeof y);
        count_up(x + 1, y, TURNS);
        CHECK(x[TURNS] == 1);
    }
}

static int *map(int fd, int flags)
{
    int *p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);
    CHECK(p != MAP_FAILED);
    return p;
}

static int file(void)
{
    int fd = memfd_create("words", 0);
    CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
    return fd;
}

static void shared_twice(void)
{
    int fd = file();
    check_pair(map(fd, MAP_SHARED), map(fd, MAP_SHARED));
}

/* Pages of a private mapping that nobody has written are the file's. */
static void shared_and_private(void)
{
    int fd = file();
    int *b = map(fd, MAP_PRIVATE);
    check_pair(map(fd, MAP_SHARED), b);
}

static void ring(void)
{
    int fd = file();
    char *r = mmap(NULL, 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    for (int k = 0; k < 2; k++)
        CHECK(mmap(r + k * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) !=
              MAP_FAILED);
    int *p = (int *)r;
    for (int k = 0; k < OFTEN; k++) {
        memset(p, 0, PAGE);
        count_in_ring(p + 1, TURNS);
        CHECK(p[TURNS] == TURNS);
    }
}

static void moved_from_nothing(void)
{
    int *a = map(-1, MAP_SHARED | MAP_ANONYMOUS);
    int *b = mremap(a, 0, PAGE, MREMAP_MAYMOVE);
    CHECK(b != MAP_FAILED && b != a);
    check_pair(a, b);
}

static void grown(void)
{
    int fd = file();
    char *a = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, PAGE);
    char *b = (char *)map(fd, MAP_SHARED);
    b = mremap(b, PAGE, 2 * PAGE, MREMAP_MAYMOVE);
    CHECK(a != MAP_FAILED && b != MAP_FAILED);
    check_pair((int *)a, (int *)(b + PAGE));
}

static void system_v(void)
{
    int id = shmget(IPC_PRIVATE, PAGE, IPC_CREAT | 0600);
    CHECK(id >= 0);
    int *a = shmat(id, NULL, 0), *b = shmat(id, NULL, 0);
    CHECK(a != (void *)-1 && b != (void *)-1);
    check_pair(a, b);
    CHECK(shmctl(id, IPC_RMID, NULL) == 0);
}

static int *volatile first, *volatile second;

static void *other_thread(void *arg)
{
    (void)arg;
    warm_up();
    while (second == NULL) {
    }
    check_pair(first, second);
    return NULL;
}

/* The thread makes no call between. */
static void mapped_by_another_thread(void)
{
    pthread_t t;
    int fd = file();
    CHECK(pthread_create(&t, NULL, other_thread, NULL) == 0);
    usleep(20000);
    first = map(fd, MAP_SHARED);
    second = map(fd, MAP_SHARED);
    CHECK(pthread_join(t, NULL) == 0);
}

/* In a process of its own, whose memory has one address each so far. */
static void alone(void (*way)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        warm_up();
        way();
        _exit(check_failures != 0);
    }
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
    alone(shared_twice);
    alone(shared_and_private);
    alone(ring);
    alone(moved_from_nothing);
    alone(grown);
    alone(system_v);
    alone(mapped_by_another_thread);
    return done();
}
