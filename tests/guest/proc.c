/*
 * /proc: what a program sees of itself and of its children there is the guest's, in text and in
 * links: signal sets, names, arguments, environment, mappings.
 */
#include "check.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[4096];

static ssize_t read_at(int dir, const char *name, char *out, size_t size)
{
    int fd = openat(dir, name, O_RDONLY);
    ssize_t n = 0, got;

    CHECK(fd >= 0);
    while ((got = read(fd, out + n, size - 1 - (size_t)n)) > 0) n += got;
    out[n] = '\0';
    close(fd);
    return n;
}

/* The hexadecimal or decimal value of a line of a status file. */
static uint64_t value(const char *file, const char *key, int base)
{
    char text[8192], *at;

    read_at(AT_FDCWD, file, text, sizeof(text));
    at = strstr(text, key);
    CHECK(at != NULL);
    return at != NULL ? strtoull(at + strlen(key), NULL, base) : 0;
}

#define BIT(sig) (UINT64_C(1) << ((sig)-1))

static void nothing(int sig)
{
    (void)sig;
}

static void signal_sets(void)
{
    uint64_t inherited = 0;
    uint64_t action[4]; /* as the kernel has it: the C library hides signals 32 and 33 */
    sigset_t set;

    for (int sig = 1; sig <= 64; sig++)
        if (syscall(SYS_rt_sigaction, sig, NULL, action, 8) == 0 && action[0] == 1)
            inherited |= BIT(sig);

    CHECK(value("/proc/self/status", "SigCgt:", 16) == 0);
    CHECK(value("/proc/self/status", "SigIgn:", 16) == inherited);
    signal(SIGUSR1, nothing);
    signal(SIGSEGV, nothing);
    signal(SIGFPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGSEGV);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    raise(SIGSEGV);
    CHECK(value("/proc/self/status", "SigCgt:", 16) == (BIT(SIGUSR1) | BIT(SIGSEGV)));
    CHECK(value("/proc/self/status", "SigIgn:", 16) == (inherited | BIT(SIGFPE)));
    CHECK(value("/proc/self/status", "SigBlk:", 16) == (BIT(SIGSEGV) | BIT(SIGUSR2)));
    CHECK((value("/proc/self/status", "SigPnd:", 16) | value("/proc/self/status", "ShdPnd:", 16)) ==
          BIT(SIGSEGV));
    char text[4096], *at;
    read_at(AT_FDCWD, "/proc/self/stat", text, sizeof(text));
    at = strrchr(text, ')');
    for (int field = 2; field < 32; field++) at = strchr(at + 1, ' ');
    unsigned long long blocked, ignored, caught;
    CHECK(sscanf(at, "%llu %llu %llu", &blocked, &ignored, &caught) == 3);
    CHECK(blocked == (BIT(SIGSEGV) | BIT(SIGUSR2)) &&
          ignored == ((inherited & 0x7fffffff) | BIT(SIGFPE)) &&
          caught == (BIT(SIGUSR1) | BIT(SIGSEGV)));
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
}

static int ready[2], finish[2];

static void *wait_here(void *arg)
{
    sigset_t set;
    pid_t tid = (pid_t)syscall(SYS_gettid);
    char byte;

    sigemptyset(&set);
    sigaddset(&set, SIGBUS);
    sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    *(pid_t *)arg = tid;
    CHECK(value("/proc/thread-self/status", "Pid:", 10) == (uint64_t)tid);
    CHECK(write(ready[1], "", 1) == 1 && read(finish[0], &byte, 1) == 1);
    return NULL;
}

static void threads(void)
{
    pthread_t thread;
    pid_t tid = 0;
    char byte, name[64];

    CHECK(value("/proc/self/status", "Threads:", 10) == 1);
    CHECK(pipe(ready) == 0 && pipe(finish) == 0);
    pthread_create(&thread, NULL, wait_here, &tid);
    CHECK(read(ready[0], &byte, 1) == 1);
    CHECK(value("/proc/self/status", "Threads:", 10) == 2);
    snprintf(name, sizeof(name), "/proc/self/task/%d/status", (int)tid);
    CHECK(value(name, "SigBlk:", 16) == (BIT(SIGBUS) | BIT(SIGHUP)));
    CHECK(value("/proc/self/status", "SigBlk:", 16) == 0);
    snprintf(name, sizeof(name), "/proc/%d/task/%d/status", (int)getpid(), (int)getpid());
    CHECK(value(name, "SigBlk:", 16) == 0);
    CHECK(write(finish[1], "", 1) == 1);
    pthread_join(thread, NULL);
}

/* NAME=VALUE words of the environment, as a file. */
static void check_strings(const char *file, char **words)
{
    char text[65536], *at = text;
    ssize_t n = read_at(AT_FDCWD, file, text, sizeof(text));

    for (; *words != NULL; words++) {
        CHECK(at < text + n && strcmp(at, *words) == 0);
        at += strlen(at) + 1;
    }
    CHECK(at == text + n);
}

static void own_files(char **argv)
{
    char link[4096], text[65536];
    struct stat by_link, by_name;
    ssize_t n;
    int dir;

    check_strings("/proc/self/cmdline", argv);
    check_strings("/proc/self/environ", environ);
    CHECK(stat("/proc/self/exe", &by_link) == 0 && stat(self, &by_name) == 0);
    CHECK(by_link.st_ino == by_name.st_ino && by_link.st_dev == by_name.st_dev);
    CHECK(access("/proc/self/exe", X_OK) == 0);
    CHECK(lstat("/proc/self/exe", &by_link) == 0 && S_ISLNK(by_link.st_mode));
    /* Relative to a directory. */
    dir = open("/proc/self", O_RDONLY | O_DIRECTORY);
    n = readlinkat(dir, "exe", link, sizeof(link) - 1);
    CHECK(n > 0 && (size_t)n == strlen(self) && memcmp(link, self, (size_t)n) == 0);
    read_at(dir, "status", text, sizeof(text));
    CHECK(strstr(text, "\nSigCgt:\t") != NULL && strstr(text, "x86") == NULL);
    CHECK((value("/proc/self/status", "SigCgt:", 16) & BIT(SIGSEGV)) == 0);
    close(dir);
    char cwd[4096];
    CHECK(getcwd(cwd, sizeof(cwd)) != NULL && chdir("/proc") == 0);
    n = read_at(AT_FDCWD, "self/auxv", text, sizeof(text));
    uint64_t *av = (uint64_t *)text;
    while (av[0] != AT_ENTRY && av[0] != AT_NULL) av += 2;
    CHECK(n > 0 && av[0] == AT_ENTRY && av[1] == getauxval(AT_ENTRY));
    CHECK(chdir(cwd) == 0);
    if (access("/proc/sys/kernel/arch", R_OK) == 0) {
        read_at(AT_FDCWD, "/proc/sys/kernel/arch", text, sizeof(text));
        CHECK(strcmp(text, "aarch64\n") == 0);
    }
}

/* Every line of maps and smaps lies where the guest may map; protections are as asked for. */
static void mappings(const char *file)
{
    char *code = mmap(NULL, 8192, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    unsigned long start, end, size = 0;
    char line[4096], prot[8];
    bool found = false, stack = false, flags = false;
    FILE *f;

    CHECK(mprotect(code + 4096, 4096, PROT_READ) == 0);
    CHECK(*(volatile char *)code == 0);
    f = fopen(file, "r");
    while (fgets(line, sizeof(line), f) != NULL) {
        if (sscanf(line, "%lx-%lx %7s", &start, &end, prot) == 3) {
            found = start == (unsigned long)code;
            if (found) CHECK(end == start + 4096 && strcmp(prot, "r-xp") == 0);
            if (start == (unsigned long)code + 4096) CHECK(strcmp(prot, "r--p") == 0);
            stack |= strstr(line, "[stack]") != NULL && start <= (unsigned long)line &&
                     end > (unsigned long)line;
            CHECK(strstr(line, "/ferry") == NULL || strstr(line, "ferry/") != NULL);
        } else if (found) {
            if (sscanf(line, "Size: %lu kB", &size) == 1) CHECK(size == 4);
            flags |= strncmp(line, "VmFlags: rd ex ", 15) == 0;
        }
    }
    fclose(f);
    CHECK(stack && flags == (strcmp(file, "/proc/self/smaps") == 0));
    munmap(code, 8192);
}

/* A child that runs another program: what this one sees of it. */
static void children(void)
{
    char link[4096], name[64], text[4096];
    int up[2], down[2];
    char byte;
    pid_t pid;
    ssize_t n;

    CHECK(symlink(self, "another-name") == 0 && pipe(up) == 0 && pipe(down) == 0);
    pid = fork();
    if (pid == 0) {
        char *argv[] = {"zero", "child", "a b", NULL}, *envp[] = {"ONLY=this", NULL};

        dup2(up[1], 1);
        dup2(down[0], 0);
        execve("./another-name", argv, envp);
        _exit(1);
    }
    CHECK(read(up[0], &byte, 1) == 1);
    snprintf(name, sizeof(name), "/proc/%d/exe", (int)pid);
    n = readlink(name, link, sizeof(link) - 1);
    CHECK(n > 0 && (size_t)n == strlen(self) && memcmp(link, self, (size_t)n) == 0);
    struct stat by_link, by_name;
    CHECK(stat(name, &by_link) == 0 && stat(self, &by_name) == 0 &&
          by_link.st_ino == by_name.st_ino);
    snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)pid);
    check_strings(name, (char *[]){"zero", "child", "a b", NULL});
    snprintf(name, sizeof(name), "/proc/%d/environ", (int)pid);
    check_strings(name, (char *[]){"ONLY=this", NULL});
    snprintf(name, sizeof(name), "/proc/%d/comm", (int)pid);
    read_at(AT_FDCWD, name, text, sizeof(text));
    CHECK(strcmp(text, "another-name\n") == 0);
    CHECK(write(down[1], "", 1) == 1);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The parent was started by `ferry run`: its arguments are the guest's all the same. */
static int child(void)
{
    char name[64], text[8192], byte;

    CHECK(prctl(PR_GET_NAME, text) == 0 && strcmp(text, "another-name") == 0);
    CHECK(strcmp((char *)getauxval(AT_EXECFN), "./another-name") == 0);
    snprintf(name, sizeof(name), "/proc/%d/cmdline", (int)getppid());
    read_at(AT_FDCWD, name, text, sizeof(text));
    CHECK(strstr(text, "/proc") != NULL && strcmp(text + strlen(text) - 5, "/proc") == 0);
    CHECK(write(1, "", 1) == 1 && read(0, &byte, 1) == 1);
    return check_failures != 0;
}

int main(int argc, char **argv)
{
    if (argc > 1) return child();
    if (realpath(argv[0], self) == NULL) return 1;
    signal_sets();
    threads();
    own_files(argv);
    mappings("/proc/self/maps");
    mappings("/proc/self/smaps");
    children();
    return done();
}
