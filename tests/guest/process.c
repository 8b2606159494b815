/*
 * Processes: fork, vfork, posix_spawn and its errors, clone3, exec with arguments and environment,
 * scripts, host programs, wait and its statuses.
 */
#include "check.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;
static char self[4096];

static int wait_for(pid_t pid)
{
    int status = -1;

    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

static void forks(void)
{
    volatile int value = 1;
    int fds[2], status;
    pid_t pid, got = 0;

    CHECK(pipe(fds) == 0);
    pid = fork();
    if (pid == 0) {
        value = 2;
        pid = getpid();
        CHECK(write(fds[1], &pid, sizeof(pid)) == sizeof(pid));
        _exit(12);
    }
    CHECK(read(fds[0], &got, sizeof(got)) == sizeof(got) && got == pid && value == 1);
    status = wait_for(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 12);
    CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
    pid = fork();
    if (pid == 0) {
        close(fds[1]);
        char c;
        _exit(read(fds[0], &c, 1) == 0 ? 3 : 4);
    }
    CHECK(waitpid(pid, &status, WNOHANG) == 0);
    close(fds[1]);
    status = wait_for(pid);
    CHECK(WEXITSTATUS(status) == 3);
    close(fds[0]);
    siginfo_t info;
    pid = fork();
    if (pid == 0) _exit(5);
    CHECK(waitid(P_PID, (id_t)pid, &info, WEXITED) == 0);
    CHECK(info.si_pid == pid && info.si_code == CLD_EXITED && info.si_status == 5);
    struct rusage usage;
    pid = fork();
    if (pid == 0) _exit(0);
    CHECK(wait4(pid, &status, 0, &usage) == pid && usage.ru_maxrss > 0);
}

static void vforks(void)
{
    volatile int value = 1;
    pid_t pid = vfork();

    if (pid == 0) {
        value = 2; /* the parent sees it */
        _exit(21);
    }
    CHECK(value == 2);
    CHECK(WEXITSTATUS(wait_for(pid)) == 21);
    pid = vfork();
    if (pid == 0) {
        execl(self, self, "child", "status", "22", NULL);
        _exit(1);
    }
    CHECK(WEXITSTATUS(wait_for(pid)) == 22);
    /* The child has handlers, cwd and descriptors of its own. */
    struct sigaction sa, mine = {.sa_handler = SIG_IGN};
    int fd = open("/dev/null", O_RDONLY);
    char before[4096], after[4096];
    CHECK(getcwd(before, sizeof(before)) != NULL);
    sigaction(SIGUSR1, &mine, NULL);
    pid = vfork();
    if (pid == 0) {
        signal(SIGUSR1, SIG_DFL);
        close(fd);
        if (chdir("/") != 0) _exit(1);
        _exit(0);
    }
    CHECK(WEXITSTATUS(wait_for(pid)) == 0);
    CHECK(sigaction(SIGUSR1, NULL, &sa) == 0 && sa.sa_handler == SIG_IGN);
    CHECK(fcntl(fd, F_GETFD) == 0);
    CHECK(getcwd(after, sizeof(after)) != NULL && strcmp(before, after) == 0);
    close(fd);
    signal(SIGUSR1, SIG_DFL);
    /* A child that shares memory forks in its turn. */
    pid = vfork();
    if (pid == 0) {
        int status;
        pid_t grandchild = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
        if (grandchild == 0) syscall(SYS_exit_group, 31);
        _exit(syscall(SYS_wait4, grandchild, &status, 0, 0) == grandchild ? WEXITSTATUS(status)
                                                                          : 1);
    }
    CHECK(WEXITSTATUS(wait_for(pid)) == 31);
}

static void spawns(void)
{
    char *good[] = {self, "child", "status", "31", NULL}, *bad[] = {"/nonexistent", NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    pid_t pid;
    char text[64] = "";
    int fds[2];

    CHECK(posix_spawn(&pid, self, NULL, NULL, good, environ) == 0);
    CHECK(WEXITSTATUS(wait_for(pid)) == 31);
    CHECK(posix_spawn(&pid, bad[0], NULL, NULL, bad, environ) == ENOENT);
    CHECK(posix_spawn(&pid, "/", NULL, NULL, bad, environ) == EACCES);
    char *say[] = {self, "child", "say", "spawned", NULL};
    sigset_t all;
    sigfillset(&all);
    CHECK(pipe(fds) == 0);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, fds[1], 1);
    posix_spawn_file_actions_addclose(&actions, fds[0]);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
    CHECK(posix_spawn(&pid, self, &actions, &attr, say, environ) == 0);
    close(fds[1]);
    CHECK(read(fds[0], text, sizeof(text) - 1) == 8 && strcmp(text, "spawned\n") == 0);
    CHECK(WEXITSTATUS(wait_for(pid)) == 0);
    close(fds[0]);
    for (int i = 0; i < 20; i++) {
        CHECK(posix_spawn(&pid, self, NULL, NULL, good, environ) == 0);
        CHECK(WEXITSTATUS(wait_for(pid)) == 31);
    }
}

static void clone3s(void)
{
    struct clone_args args = {.exit_signal = SIGCHLD, .flags = CLONE_PIDFD};
    int pidfd = -1;
    siginfo_t info;
    long pid;

    args.pidfd = (uint64_t)&pidfd;
    pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid == 0) _exit(41);
    CHECK(pid > 0 && pidfd >= 0);
    CHECK(waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) == 0 && info.si_status == 41);
    close(pidfd);
    CHECK_ERRNO(syscall(SYS_clone3, &args, 8), EINVAL);
    args.flags = CLONE_SIGHAND;
    CHECK_ERRNO(syscall(SYS_clone3, &args, sizeof(args)), EINVAL);
}

static int run(const char *path, char *const argv[], char *const envp[], char *out, size_t size)
{
    int fds[2];
    pid_t pid;
    ssize_t n, have = 0;

    CHECK(pipe(fds) == 0);
    pid = fork();
    if (pid == 0) {
        dup2(fds[1], 1);
        close(fds[0]);
        close(fds[1]);
        execve(path, argv, envp);
        _exit(errno);
    }
    close(fds[1]);
    while ((n = read(fds[0], out + have, size - 1 - (size_t)have)) > 0) have += n;
    out[have] = '\0';
    close(fds[0]);
    return wait_for(pid);
}

static void make_file(const char *name, const char *text, mode_t mode)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0700);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
    chmod(name, mode);
}

static void execs(void)
{
    char out[4096], script[5000];
    char *argv[] = {"name", "child", "args", "a b", "", "c", NULL};
    char *envp[] = {"ONE=1", "EMPTY=", NULL};

    CHECK(run(self, argv, envp, out, sizeof(out)) == 0);
    CHECK(strcmp(out, "name|child|args|a b||c|ONE=1|EMPTY=|\n") == 0);
    snprintf(script, sizeof(script), "#!%s child args  \n", self);
    make_file("script", script, 0700);
    char *script_argv[] = {"zero", "x", NULL};
    CHECK(run("./script", script_argv, envp, out, sizeof(out)) == 0);
    snprintf(script, sizeof(script), "%s|child args|./script|x|", self);
    CHECK(strncmp(out, script, strlen(script)) == 0);
    make_file("nested", "#!./script\n", 0700);
    CHECK(run("./nested", script_argv, envp, out, sizeof(out)) == 0);
    make_file("plain", "nothing\n", 0700);
    CHECK(WEXITSTATUS(run("./plain", argv, envp, out, sizeof(out))) == ENOEXEC);
    make_file("noexec", "#!/bin/sh\n", 0600);
    CHECK(WEXITSTATUS(run("./noexec", argv, envp, out, sizeof(out))) == EACCES);
    make_file("missing", "#!/no/such/interpreter\n", 0700);
    CHECK(WEXITSTATUS(run("./missing", argv, envp, out, sizeof(out))) == ENOENT);
    make_file("loop", "#!./loop\n", 0700);
    CHECK(WEXITSTATUS(run("./loop", argv, envp, out, sizeof(out))) == ELOOP);
    CHECK_ERRNO(syscall(SYS_execve, 1, argv, envp), EFAULT);
    CHECK_ERRNO(syscall(SYS_execve, self, 8, envp), EFAULT);
    int fd = open(self, O_RDONLY | O_CLOEXEC), status;
    pid_t pid = fork();
    if (pid == 0) {
        char *status_argv[] = {"x", "child", "status", "51", NULL};
        fexecve(fd, status_argv, environ);
        _exit(1);
    }
    status = wait_for(pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 51);
    close(fd);
}

static void on_term(int sig)
{
    _exit(sig);
}

/* What exec keeps and what it resets. */
static void inheritance(void)
{
    char out[4096];
    char *argv[] = {self, "child", "inherit", NULL};
    sigset_t set;
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&set);
    sigaddset(&set, SIGUSR2);
    sigaddset(&set, SIGSEGV);
    sigprocmask(SIG_BLOCK, &set, NULL);
    sigaction(SIGUSR1, &ignore, NULL);
    sigaction(SIGFPE, &ignore, NULL);
    signal(SIGTERM, on_term);
    CHECK(run(self, argv, environ, out, sizeof(out)) == 0);
    CHECK(strcmp(out, "usr2 blocked, segv blocked, usr1 ignored, fpe ignored, term default\n") ==
          0);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    signal(SIGUSR1, SIG_DFL);
    signal(SIGFPE, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

static int inherit_child(void)
{
    sigset_t now;
    struct sigaction usr1, fpe, term;

    sigprocmask(SIG_BLOCK, NULL, &now);
    sigaction(SIGUSR1, NULL, &usr1);
    sigaction(SIGFPE, NULL, &fpe);
    sigaction(SIGTERM, NULL, &term);
    printf("usr2 %s, segv %s, usr1 %s, fpe %s, term %s\n",
           sigismember(&now, SIGUSR2) ? "blocked" : "open",
           sigismember(&now, SIGSEGV) ? "blocked" : "open",
           usr1.sa_handler == SIG_IGN ? "ignored" : "default",
           fpe.sa_handler == SIG_IGN ? "ignored" : "default",
           term.sa_handler == SIG_DFL ? "default" : "other");
    return 0;
}

static int child(int argc, char **argv)
{
    if (strcmp(argv[2], "status") == 0) return atoi(argv[3]);
    if (strcmp(argv[2], "say") == 0) return puts(argv[3]) < 0;
    if (strcmp(argv[2], "inherit") == 0) return inherit_child();
    for (int i = 0; i < argc; i++) printf("%s|", argv[i]);
    for (char **e = environ; *e != NULL; e++) printf("%s|", *e);
    puts("");
    return 0;
}

static void names(void)
{
    char name[32], exe[4096];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    FILE *f = fopen("/proc/self/cmdline", "r");

    CHECK(n > 0);
    exe[n > 0 ? n : 0] = '\0';
    CHECK(strcmp(exe, self) == 0);
    CHECK(prctl(PR_GET_NAME, name) == 0 && strcmp(name, "process") == 0);
    CHECK(f != NULL && fgets(exe, sizeof(exe), f) != NULL && strcmp(exe, self) == 0);
    fclose(f);
}

int main(int argc, char **argv)
{
    if (argc > 1 && (strcmp(argv[1], "child") == 0 || strcmp(argv[1], "child args") == 0))
        return child(argc, argv);
    if (realpath(argv[0], self) == NULL) return 1;
    names();
    forks();
    vforks();
    spawns();
    clone3s();
    execs();
    inheritance();
    return done();
}
