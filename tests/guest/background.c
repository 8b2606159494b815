/*
 * What a program must not notice of the thread that translates for it: loops go on with the same
 * registers when better code takes over in the middle, and everything that concerns processes,
 * threads, credentials and time is as if there were no such thread. Work for it is made all the
 * time: functions of fresh code, each a hot loop.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TURNS 3000
#define BODY  60
#define WORDS (BODY + 8)
#define FUNCS 64

struct room {
    uint32_t *word;
    unsigned next;
};

static struct room first;

static void make_room(struct room *r)
{
    r->next = 0;
    r->word = mmap(NULL, FUNCS * WORDS * 4, PROT_READ | PROT_WRITE | PROT_EXEC,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(r->word != MAP_FAILED);
}

/* x0 = TURNS * k, by way of a loop with a body of that many instructions; runs it. */
static uint64_t run_fresh(struct room *r, unsigned k)
{
    uint32_t *w = r->word + r->next++ % FUNCS * WORDS, *at = w;

    *at++ = 0xd2800000;                                         /* movz x0, #0 */
    *at++ = 0xd2800001 | TURNS << 5;                            /* movz x1, #TURNS */
    *at++ = 0x91000000 | k << 10;                               /* add x0, x0, #k */
    for (unsigned n = 0; n < BODY; n++) *at++ = 0x8b030042;     /* add x2, x2, x3 */
    *at++ = 0xf1000421;                                         /* subs x1, x1, #1 */
    *at = 0x54000001 | ((uint32_t)(w + 2 - at) & 0x7ffff) << 5; /* b.ne */
    *++at = 0xd65f03c0;                                         /* ret */
    __builtin___clear_cache((char *)w, (char *)(w + WORDS));
    return ((uint64_t(*)(void))w)();
}

static void work(unsigned functions)
{
    static unsigned k;

    for (unsigned n = 0; n < functions; n++) {
        k = k % 4000 + 1;
        CHECK(run_fresh(&first, k) == (uint64_t)TURNS * k);
    }
}

/* --- loops that are entered in the middle: every register takes part
 * ------------------------------ */

#define REGS 30 /* x0 to x27, x29, x30; x28 counts */

struct all {
    uint64_t x[REGS], nzcv;
    uint64_t v[32][2];
};

typedef void spin_fn(struct all *a, uint64_t turns);

#define V3(a, b, c) "add v" #a ".2d, v" #b ".2d, v" #c ".2d\n\t"
#define ADCS(a, b)  "adcs x" #a ", x" #a ", x" #b "\n\t"
#define SPIN(name)                                                                                 \
    spin_fn name;                                                                                  \
    __asm__(                                                                                       \
        ".text\n\t.p2align 12\n\t.globl " #name "\n" #name ":\n\t"                                 \
        "stp x29, x30, [sp, #-176]!\n\tstp x19, x20, [sp, #16]\n\t"                                \
        "stp x21, x22, [sp, #32]\n\tstp x23, x24, [sp, #48]\n\t"                                   \
        "stp x25, x26, [sp, #64]\n\tstp x27, x28, [sp, #80]\n\t"                                   \
        "stp d8, d9, [sp, #96]\n\tstp d10, d11, [sp, #112]\n\t"                                    \
        "stp d12, d13, [sp, #128]\n\tstp d14, d15, [sp, #144]\n\t"                                 \
        "str x0, [sp, #160]\n\tmov x28, x1\n\t"                                                    \
        "add x1, x0, #248\n\t"                                                                     \
        "ld1 {v0.2d-v3.2d}, [x1], #64\n\tld1 {v4.2d-v7.2d}, [x1], #64\n\t"                         \
        "ld1 {v8.2d-v11.2d}, [x1], #64\n\tld1 {v12.2d-v15.2d}, [x1], #64\n\t"                      \
        "ld1 {v16.2d-v19.2d}, [x1], #64\n\tld1 {v20.2d-v23.2d}, [x1], #64\n\t"                     \
        "ld1 {v24.2d-v27.2d}, [x1], #64\n\tld1 {v28.2d-v31.2d}, [x1], #64\n\t"                     \
        "ldr x1, [x0, #240]\n\tmsr nzcv, x1\n\t"                                                   \
        "ldp x2, x3, [x0, #16]\n\tldp x4, x5, [x0, #32]\n\tldp x6, x7, [x0, #48]\n\t"              \
        "ldp x8, x9, [x0, #64]\n\tldp x10, x11, [x0, #80]\n\tldp x12, x13, [x0, #96]\n\t"          \
        "ldp x14, x15, [x0, #112]\n\tldp x16, x17, [x0, #128]\n\t"                                 \
        "ldp x18, x19, [x0, #144]\n\tldp x20, x21, [x0, #160]\n\t"                                 \
        "ldp x22, x23, [x0, #176]\n\tldp x24, x25, [x0, #192]\n\t"                                 \
        "ldp x26, x27, [x0, #208]\n\tldp x29, x30, [x0, #224]\n\t"                                 \
        "ldp x0, x1, [x0]\n"                                                                       \
        "1:\t" ADCS(0, 1) ADCS(1, 2) ADCS(2, 3) ADCS(3, 4) ADCS(4, 5) ADCS(5, 6) ADCS(6, 7) ADCS(  \
            7, 8) ADCS(8, 9) ADCS(9, 10) ADCS(10, 11) ADCS(11, 12) ADCS(12, 13) ADCS(13, 14)       \
            ADCS(14, 15) ADCS(15, 16) ADCS(16, 17) ADCS(17, 18) ADCS(18, 19) ADCS(19, 20) ADCS(    \
                20, 21) ADCS(21, 22) ADCS(22, 23) ADCS(23, 24) ADCS(24, 25) ADCS(25, 26)           \
                ADCS(26, 27) ADCS(27, 29) ADCS(29, 30) ADCS(30, 0) V3(0, 1, 2) V3(1, 3, 4) V3(     \
                    2, 5, 6) V3(3, 7, 8)                                                           \
                    V3(4, 9, 10) V3(5, 11, 12) V3(6, 13, 14) V3(7, 15, 16) V3(8, 17, 18)           \
                        V3(9, 19, 20) V3(10, 21, 22) V3(11, 23, 24) V3(12, 25, 26) V3(13, 27, 28)  \
                            V3(14, 29, 30) V3(15, 31, 0)                                           \
                                V3(31, 0,                                                          \
                                   1) "sub x28, x28, #1\n\tcbnz x28, 1b\n\t"                       \
                                      "str x0, [sp, #168]\n\tldr x0, [sp, #160]\n\t"               \
                                      "str x1, [x0, #8]\n\tstp x2, x3, [x0, #16]\n\tstp x4, x5, "  \
                                      "[x0, #32]\n\t"                                              \
                                      "stp x6, x7, [x0, #48]\n\tstp x8, x9, [x0, #64]\n\tstp "     \
                                      "x10, x11, [x0, #80]\n\t"                                    \
                                      "stp x12, x13, [x0, #96]\n\tstp x14, x15, [x0, #112]\n\t"    \
                                      "stp x16, x17, [x0, #128]\n\tstp x18, x19, [x0, #144]\n\t"   \
                                      "stp x20, x21, [x0, #160]\n\tstp x22, x23, [x0, #176]\n\t"   \
                                      "stp x24, x25, [x0, #192]\n\tstp x26, x27, [x0, #208]\n\t"   \
                                      "stp x29, x30, [x0, #224]\n\tldr x1, [sp, #168]\n\tstr x1, " \
                                      "[x0]\n\t"                                                   \
                                      "mrs x1, nzcv\n\tstr x1, [x0, #240]\n\tadd x1, x0, #248\n\t" \
                                      "st1 {v0.2d-v3.2d}, [x1], #64\n\tst1 {v4.2d-v7.2d}, [x1], "  \
                                      "#64\n\t"                                                    \
                                      "st1 {v8.2d-v11.2d}, [x1], #64\n\tst1 {v12.2d-v15.2d}, "     \
                                      "[x1], #64\n\t"                                              \
                                      "st1 {v16.2d-v19.2d}, [x1], #64\n\tst1 {v20.2d-v23.2d}, "    \
                                      "[x1], #64\n\t"                                              \
                                      "st1 {v24.2d-v27.2d}, [x1], #64\n\tst1 {v28.2d-v31.2d}, "    \
                                      "[x1], #64\n\t"                                              \
                                      "ldp x19, x20, [sp, #16]\n\tldp x21, x22, [sp, #32]\n\t"     \
                                      "ldp x23, x24, [sp, #48]\n\tldp x25, x26, [sp, #64]\n\t"     \
                                      "ldp x27, x28, [sp, #80]\n\tldp d8, d9, [sp, #96]\n\t"       \
                                      "ldp d10, d11, [sp, #112]\n\tldp d12, d13, [sp, #128]\n\t"   \
                                      "ldp d14, d15, [sp, #144]\n\tldp x29, x30, [sp], "           \
                                      "#176\n\tret\n");
SPIN(spin0)
SPIN(spin1)
SPIN(spin2)
SPIN(spin3)
static spin_fn *const spins[] = {spin0, spin1, spin2, spin3};

static void model_turn(struct all *a)
{
    unsigned carry = a->nzcv >> 29 & 1,
             v[17][3] = {{0, 1, 2},    {1, 3, 4},    {2, 5, 6},    {3, 7, 8},    {4, 9, 10},
                         {5, 11, 12},  {6, 13, 14},  {7, 15, 16},  {8, 17, 18},  {9, 19, 20},
                         {10, 21, 22}, {11, 23, 24}, {12, 25, 26}, {13, 27, 28}, {14, 29, 30},
                         {15, 31, 0},  {31, 0, 1}};

    for (unsigned n = 0; n < REGS; n++) {
        uint64_t x = a->x[n], y = a->x[(n + 1) % REGS], sum;
        unsigned c = __builtin_add_overflow(x, y, &sum);

        c |= __builtin_add_overflow(sum, carry, &sum);
        carry = c;
        a->nzcv = (sum >> 63) << 31 | (uint64_t)(sum == 0) << 30 | (uint64_t)carry << 29 |
                  ((~(x ^ y) & (x ^ sum)) >> 63) << 28;
        a->x[n] = sum;
    }
    for (unsigned n = 0; n < 17; n++)
        for (unsigned k = 0; k < 2; k++) a->v[v[n][0]][k] = a->v[v[n][1]][k] + a->v[v[n][2]][k];
}

static void fill(struct all *a, uint64_t seed)
{
    uint64_t *word = (uint64_t *)a;

    for (size_t n = 0; n < sizeof(*a) / 8; n++) {
        seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
        word[n] = seed ^ seed >> 29;
    }
    a->nzcv &= UINT64_C(0xf0000000);
}

static volatile unsigned alarms;

static void on_alarm(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    alarms++;
}

static void loops(void)
{
    struct itimerval often = {{0, 700}, {0, 700}}, never = {{0, 0}, {0, 0}};
    struct all real, model;

    install(SIGALRM, on_alarm, SA_RESTART);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (unsigned n = 0; n < sizeof(spins) / sizeof(spins[0]); n++) {
        fill(&real, n);
        model = real;
        for (unsigned k = 0; k < 3; k++) {
            spins[n](&real, 50000 + k);
            for (unsigned turn = 0; turn < 50000 + k; turn++) model_turn(&model);
            CHECK(memcmp(&real, &model, sizeof(real)) == 0);
        }
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(alarms != 0);
}

/* --- what the process sees of itself
 * -------------------------------------------------------------- */

static long field(const char *name, const char *key)
{
    char text[4096], *at;
    int fd = open(name, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    close(fd);
    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, key);
    return at != NULL ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* Field 20 of /proc/self/stat. */
static long threads_of_stat(void)
{
    char text[1024], *at;
    int fd = open("/proc/self/stat", O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    close(fd);
    text[n > 0 ? n : 0] = '\0';
    at = strrchr(text, ')');
    for (unsigned k = 2; at != NULL && k < 20; k++) at = strchr(at + 1, ' ');
    return at != NULL ? strtol(at, NULL, 10) : -1;
}

static int threads_listed(void)
{
    DIR *d = opendir("/proc/self/task");
    int n = 0;

    while (d != NULL && readdir(d) != NULL) n++;
    if (d != NULL) closedir(d);
    return n - 2;
}

static void views(void)
{
    struct stat st;
    pid_t pid = getpid();

    for (unsigned n = 0; n < 20; n++) {
        work(3);
        CHECK(threads_listed() == 1);
        work(3);
        CHECK(field("/proc/self/status", "Threads:") == 1);
        work(3);
        CHECK(threads_of_stat() == 1);
        work(3);
        CHECK(stat("/proc/self/task", &st) == 0 && st.st_nlink == 3);
        work(3);
        for (pid_t id = pid + 1; id < pid + 20; id++) {
            char name[64];
            cpu_set_t set;

            CHECK_ERRNO(syscall(SYS_tgkill, pid, id, 0), ESRCH);
            snprintf(name, sizeof(name), "/proc/self/task/%d", id);
            CHECK_ERRNO(access(name, F_OK), ENOENT);
            if (kill(id, 0) == -1 && errno == ESRCH)
                CHECK_ERRNO(sched_getaffinity(id, sizeof(set), &set), ESRCH);
        }
    }
}

static int64_t ns(clockid_t id)
{
    struct timespec ts;

    CHECK(clock_gettime(id, &ts) == 0);
    return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* The only thread's time is the process's. */
static void processor_time(void)
{
    int64_t before = 0, slack = 30000000;
    clockid_t own;
    struct rusage all, mine;

    CHECK(clock_getcpuclockid(0, &own) == 0);
    for (unsigned n = 0; n < 100; n++) {
        int64_t process = ns(n % 2 ? own : CLOCK_PROCESS_CPUTIME_ID), thread;
        struct tms tms;

        thread = ns(CLOCK_THREAD_CPUTIME_ID);
        CHECK(process >= before && process < thread + slack);
        before = process;
        work(4);
        CHECK(getrusage(RUSAGE_SELF, &all) == 0 && getrusage(RUSAGE_THREAD, &mine) == 0);
        CHECK((all.ru_utime.tv_sec - mine.ru_utime.tv_sec) * 1000000 + all.ru_utime.tv_usec -
                  mine.ru_utime.tv_usec <
              slack / 1000);
        CHECK(times(&tms) != (clock_t)-1);
        CHECK((tms.tms_utime + tms.tms_stime) * INT64_C(10000000) <
              ns(CLOCK_THREAD_CPUTIME_ID) + slack);
    }
}

/* --- processes
 * ------------------------------------------------------------------------------------ */

/* True: the child ended with that status. */
static int ends_with(pid_t child, int status)
{
    int got;

    return child > 0 && waitpid(child, &got, 0) == child && WIFEXITED(got) &&
           WEXITSTATUS(got) == status;
}

static void *nothing(void *arg)
{
    return arg;
}

/* The last thread to end is another than the first; both in the middle of work. */
static void *end_late(void *arg)
{
    (void)arg;
    work(6);
    syscall(SYS_exit, 0);
    return NULL;
}

static void child_does(unsigned what)
{
    pthread_t thread;

    work(4);
    switch (what) {
    case 0: _exit(check_failures != 0);
    case 1: execl("/proc/self/exe", "background", "child", NULL); _exit(2);
    case 2: /* wants the process to have one thread; not everybody may */
        if (unshare(CLONE_NEWUSER) != 0 && errno != EPERM && errno != ENOSPC) _exit(3);
        work(4);
        _exit(check_failures != 0);
    case 3:
        if (setgid(getgid()) != 0 || setuid(getuid()) != 0) _exit(3);
        if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || unshare(CLONE_FS | CLONE_FILES) != 0)
            _exit(4);
        work(4);
        _exit(check_failures != 0);
    case 4:
        pthread_create(&thread, NULL, end_late, NULL);
        syscall(SYS_exit, 0);
        break;
    case 5:
        for (unsigned n = 0; n < 4; n++) {
            if (pthread_create(&thread, NULL, nothing, NULL) != 0) _exit(3);
            work(2);
            pthread_join(thread, NULL);
        }
        exit(check_failures != 0);
    default: _exit(5);
    }
}

static void children(void)
{
    char *const args[] = {(char *)"background", (char *)"child", NULL};

    for (volatile unsigned n = 0; n < 24; n++) {
        pid_t child;

        work(3);
        child = fork();
        if (child == 0) child_does(n % 6);
        CHECK(ends_with(child, 0));
        work(3);
        child = vfork();
        if (child == 0) {
            execv("/proc/self/exe", args);
            _exit(9);
        }
        CHECK(ends_with(child, 0));
    }
}

/* --- many threads, code that changes
 * --------------------------------------------------------------- */

#define THREADS 16

static void *change_code(void *arg)
{
    struct room room;
    unsigned seed = (unsigned)(uintptr_t)arg;

    make_room(&room);
    for (unsigned n = 0; n < 150; n++) {
        unsigned k = (seed * 37 + n) % 4000 + 1;

        CHECK(run_fresh(&room, k) == (uint64_t)TURNS * k);
        if (n % 3 == 0) room.next--; /* the same place again */
        if (n % 50 == 49) {          /* gone while it may be looked at */
            CHECK(munmap(room.word, FUNCS * WORDS * 4) == 0);
            make_room(&room);
        }
    }
    munmap(room.word, FUNCS * WORDS * 4);
    return NULL;
}

static void many_threads(void)
{
    pthread_t thread[THREADS];

    for (unsigned n = 0; n < THREADS; n++)
        CHECK(pthread_create(&thread[n], NULL, change_code, (void *)(uintptr_t)n) == 0);
    for (unsigned n = 0; n < 5; n++) {
        pid_t child = fork();

        if (child == 0) _exit(run_fresh(&first, n + 1) != (uint64_t)TURNS * (n + 1));
        CHECK(ends_with(child, 0));
    }
    for (unsigned n = 0; n < THREADS; n++) CHECK(pthread_join(thread[n], NULL) == 0);
}

int main(int argc, char **argv)
{
    make_room(&first);
    if (argc > 1 && strcmp(argv[1], "child") == 0) {
        work(3);
        return check_failures != 0;
    }
    if (argc > 1 && strcmp(argv[1], "loop") == 0) {
        struct all a;

        fill(&a, 1);
        spin0(&a, 10000000);
        return 0;
    }
    loops();
    views();
    processor_time();
    children();
    many_threads();
    return done();
}
