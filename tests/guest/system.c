/*
 * The rest: clocks and timers, identity, limits, scheduling, System V and POSIX queues, what is
 * refused and how, the auxiliary vector.
 */
#include "check.h"

#include <fcntl.h>
#include <mqueue.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/sem.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/time.h>
#include <sys/times.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static uint64_t ns(clockid_t id)
{
    struct timespec ts;

    CHECK(clock_gettime(id, &ts) == 0);
    return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static uint64_t counter(void)
{
    uint64_t v;

    __asm__ volatile("isb\n mrs %0, cntvct_el0" : "=r"(v)::"memory");
    return v;
}

static void clocks(void)
{
    uint64_t a, b, c, frequency, ticks;
    struct timespec ts, raw;
    struct timeval tv;

    a = ns(CLOCK_MONOTONIC);
    b = ns(CLOCK_MONOTONIC);
    CHECK(b >= a && b - a < 1000000000);
    CHECK(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw) == 0);
    c = (uint64_t)raw.tv_sec * 1000000000 + (uint64_t)raw.tv_nsec;
    CHECK(c >= b && ns(CLOCK_MONOTONIC) >= c);
    CHECK(gettimeofday(&tv, NULL) == 0 && labs(tv.tv_sec - time(NULL)) <= 1);
    CHECK(clock_getres(CLOCK_MONOTONIC, &ts) == 0 && ts.tv_sec == 0 && ts.tv_nsec >= 1);
    CHECK_ERRNO(clock_gettime(9999, &ts), EINVAL);
    CHECK(ns(CLOCK_PROCESS_CPUTIME_ID) > 0 && ns(CLOCK_THREAD_CPUTIME_ID) > 0);
    __asm__("mrs %0, cntfrq_el0" : "=r"(frequency));
    counter(); /* the first may take longer: it finds the host counter's rate */
    a = ns(CLOCK_MONOTONIC_RAW);
    ticks = counter();
    usleep(50000);
    ticks = counter() - ticks;
    b = ns(CLOCK_MONOTONIC_RAW) - a;
    double ratio = (double)ticks / (double)frequency / ((double)b / 1e9);
    CHECK(ratio > 0.98 && ratio < 1.02);
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += 5000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == 0);
    clock_gettime(CLOCK_MONOTONIC, &ts);
    CHECK(ts.tv_sec > until.tv_sec || (ts.tv_sec == until.tv_sec && ts.tv_nsec >= until.tv_nsec));
    ts.tv_nsec = -1;
    CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL) == EINVAL);
}

static volatile int expired, value;

static void on_timer(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    expired++;
    value = info->si_value.sival_int;
}

static void timers(void)
{
    struct sigevent ev = {
        .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN, .sigev_value.sival_int = 99};
    struct itimerspec it = {.it_value = {0, 2000000}};
    timer_t timer;

    install(SIGRTMIN, on_timer, 0);
    CHECK(timer_create(CLOCK_MONOTONIC, &ev, &timer) == 0);
    CHECK(timer_settime(timer, 0, &it, NULL) == 0);
    while (expired == 0) pause();
    CHECK(expired == 1 && value == 99 && timer_delete(timer) == 0);
}

static void identity(void)
{
    struct utsname u;
    struct sysinfo si;
    struct rlimit limit, hard;
    struct rusage usage;
    struct tms t;
    cpu_set_t cpus;
    unsigned cpu, node;
    char name[17], bytes[16] = "";

    CHECK(uname(&u) == 0 && strcmp(u.machine, "aarch64") == 0 && strcmp(u.sysname, "Linux") == 0);
    CHECK(sysinfo(&si) == 0 && si.totalram > 0 && si.procs > 0);
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 0);
    hard = limit;
    hard.rlim_cur = 64;
    CHECK(setrlimit(RLIMIT_NOFILE, &hard) == 0 && getrlimit(RLIMIT_NOFILE, &hard) == 0);
    CHECK(hard.rlim_cur == 64 && setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(getrusage(RUSAGE_SELF, &usage) == 0 && usage.ru_maxrss > 0);
    CHECK(times(&t) != (clock_t)-1);
    CHECK(sched_getaffinity(0, sizeof(cpus), &cpus) == 0 && CPU_COUNT(&cpus) > 0);
    CHECK(getcpu(&cpu, &node) == 0 && sched_getcpu() >= 0);
    CHECK(getpriority(PRIO_PROCESS, 0) >= -20 && sched_getscheduler(0) == SCHED_OTHER);
    CHECK(prctl(PR_SET_NAME, "another") == 0 && prctl(PR_GET_NAME, name) == 0 &&
          strcmp(name, "another") == 0);
    CHECK(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes));
    /* A session whose leader is outside the PID namespace is 0. */
    CHECK(getppid() > 0 && getpgid(0) == getpgrp() && getsid(0) == getsid(getpid()));
    uid_t r, e, s;
    CHECK(getresuid(&r, &e, &s) == 0 && r == getuid() && e == geteuid());
    CHECK(syscall(SYS_gettid) == getpid());
    CHECK(syscall(SYS_membarrier, 0, 0, 0) >= 0);
}

static void auxiliary(void)
{
    CHECK(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_CLKTCK) == 100);
    CHECK(strcmp((char *)getauxval(AT_PLATFORM), "aarch64") == 0);
    CHECK((getauxval(AT_HWCAP) & 3) == 3); /* FP and ASIMD */
    CHECK(getauxval(AT_SYSINFO_EHDR) != 0 &&
          memcmp((char *)getauxval(AT_SYSINFO_EHDR), "\177ELF", 4) == 0);
    CHECK(getauxval(AT_RANDOM) != 0 && getauxval(AT_UID) == getuid());
    CHECK(getauxval(AT_MINSIGSTKSZ) >= 4688 && getauxval(AT_SECURE) == 0);
    CHECK(access((char *)getauxval(AT_EXECFN), X_OK) == 0);
}

static void semaphores(void)
{
    int id = semget(IPC_PRIVATE, 3, IPC_CREAT | 0600);
    struct semid_ds ds;
    struct sembuf up = {1, 2, 0}, down = {1, -3, IPC_NOWAIT};

    CHECK(id >= 0 && semctl(id, 1, SETVAL, 0) == 0 && semop(id, &up, 1) == 0);
    CHECK(semctl(id, 1, GETVAL) == 2);
    CHECK_ERRNO(semop(id, &down, 1), EAGAIN);
    memset(&ds, 0xff, sizeof(ds));
    CHECK(semctl(id, 0, IPC_STAT, &ds) == 0 && ds.sem_nsems == 3 && ds.sem_otime != 0);
    CHECK((ds.sem_perm.mode & 0777) == 0600 && ds.sem_ctime != 0);
    ds.sem_perm.mode = 0640;
    CHECK(semctl(id, 0, IPC_SET, &ds) == 0 && semctl(id, 0, IPC_STAT, &ds) == 0);
    CHECK((ds.sem_perm.mode & 0777) == 0640);
    CHECK(semctl(id, 0, IPC_RMID) == 0);
}

static void queues(void)
{
    struct {
        long type;
        char text[8];
    } m = {5, "queued"};
    int id = msgget(IPC_PRIVATE, IPC_CREAT | 0600);
    struct msqid_ds ds;

    CHECK(id >= 0 && msgsnd(id, &m, 7, 0) == 0);
    CHECK(msgctl(id, IPC_STAT, &ds) == 0 && ds.msg_qnum == 1);
    m.text[0] = '\0';
    CHECK(msgrcv(id, &m, 8, 5, 0) == 7 && strcmp(m.text, "queued") == 0);
    CHECK_ERRNO(msgrcv(id, &m, 8, 0, IPC_NOWAIT), ENOMSG);
    CHECK(msgctl(id, IPC_RMID, NULL) == 0);
    struct mq_attr attr = {.mq_maxmsg = 2, .mq_msgsize = 16};
    mqd_t q = mq_open("/ferry-test", O_CREAT | O_RDWR | O_NONBLOCK, 0600, &attr);
    char text[16];
    unsigned priority = 0;
    CHECK(q >= 0 || errno == ENOSYS || errno == EACCES);
    if (q >= 0) {
        CHECK(mq_send(q, "posix", 6, 3) == 0 && mq_receive(q, text, 16, &priority) == 6);
        CHECK(priority == 3 && strcmp(text, "posix") == 0);
        CHECK_ERRNO(mq_receive(q, text, 16, NULL), EAGAIN);
        mq_close(q);
        mq_unlink("/ferry-test");
    }
}

static void refusals(void)
{
    char buf[256];

    CHECK_ERRNO(syscall(1000), ENOSYS);
    CHECK_ERRNO(syscall(-1L), ENOSYS);
    CHECK_ERRNO(syscall(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0), ENOSYS);
    CHECK_ERRNO(syscall(SYS_io_uring_setup, 4, buf), ENOSYS);
    CHECK_ERRNO(prctl(PR_SET_SECCOMP, 2, buf), EINVAL);
    CHECK_ERRNO(prctl(12345), EINVAL);
}

static void proc_files(void)
{
    char line[512];
    bool cpu = false, features = false;
    FILE *f = fopen("/proc/cpuinfo", "r");

    while (fgets(line, sizeof(line), f) != NULL) {
        cpu |= strncmp(line, "CPU implementer", 15) == 0;
        features |= strncmp(line, "Features", 8) == 0 && strstr(line, " asimd") != NULL;
    }
    fclose(f);
    CHECK(cpu && features);
    unsigned long long start;
    int pid;
    f = fopen("/proc/self/stat", "r");
    CHECK(f != NULL && fscanf(f, "%d (%*[^)]) %*c", &pid) == 1 && pid == getpid());
    for (int i = 4; i < 28; i++) CHECK(fscanf(f, "%*s") == 0);
    CHECK(fscanf(f, "%llu", &start) == 1);
    CHECK(start > (unsigned long long)&f && start < (unsigned long long)&f + (8 << 20));
    fclose(f);
    unsigned long pair[2];
    bool entry = false;
    f = fopen("/proc/self/auxv", "r");
    while (fread(pair, sizeof(pair), 1, f) == 1)
        entry |= pair[0] == AT_ENTRY && pair[1] == getauxval(AT_ENTRY);
    fclose(f);
    CHECK(entry);
}

int main(void)
{
    clocks();
    timers();
    identity();
    auxiliary();
    semaphores();
    queues();
    refusals();
    proc_files();
    return done();
}
