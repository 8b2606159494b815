/*
 * A program that changes its root to a directory without /proc still executes arm64 programs there,
 * and they others; what Ferry keeps open for that is out of the program's reach.
 */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char *const argv[])
{
    /* A script's interpreter would need /dev/fd. */
    const int by = strcmp(argv[0], "/script") == 0 ? 0 : argv[1][0] % 3;
    const int fd = open(by == 1 ? argv[0] : "/", O_RDONLY | O_CLOEXEC);
    int status = -1;
    pid_t pid = vfork();

    if (pid == 0) {
        if (by == 0) execv(argv[0], argv);
        if (by == 1) syscall(SYS_execveat, fd, "", argv, environ, AT_EMPTY_PATH);
        if (by == 2) syscall(SYS_execveat, fd, argv[0] + 1, argv, environ, 0);
        _exit(99);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    close(fd);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Depth 4 runs 3, ... by path, by descriptor, by directory and by script; each exits with its depth
 * or 100. */
static int child(char **argv)
{
    int depth = atoi(argv[1]);
    char word[2] = {(char)('0' + depth - 1), '\0'};
    char *next[] = {depth == 2 ? "/script" : "/program", word, NULL};

    CHECK(access("/proc/self", F_OK) == -1);
    if (depth > 1) CHECK(run(next) == depth - 1);
    return check_failures != 0 ? 100 : depth;
}

static void copy_self(const char *name)
{
    char buf[65536];
    int in = open("/proc/self/exe", O_RDONLY), out = open(name, O_CREAT | O_WRONLY, 0755);
    ssize_t n;

    while ((n = read(in, buf, sizeof(buf))) > 0) CHECK(write(out, buf, (size_t)n) == n);
    close(in);
    close(out);
}

/* No number below the limit is an open descriptor but 0 to 2, whatever is done to the rest. */
static void descriptors(void)
{
    CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
    for (int fd = 3; fd < 1100; fd++) {
        CHECK(fcntl(fd, F_GETFD) == -1 && errno == EBADF);
        CHECK(close(fd) == -1 && errno == EBADF);
        CHECK(dup(fd) == -1 && errno == EBADF);
    }
    for (int fd = 990; fd < 1010; fd++) CHECK(dup2(1, fd) == fd);
    CHECK(dup2(1000, 1001) == 1001);
    CHECK(syscall(SYS_close_range, 3, ~0u, 0) == 0);
}

int main(int argc, char **argv)
{
    char *first[] = {"/program", "5", NULL};
    int fd;

    if (argc > 1) return child(argc == 3 ? argv + 1 : argv); /* a script's name is in between */
    CHECK(mkdir("root", 0755) == 0);
    copy_self("root/program");
    fd = open("root/script", O_CREAT | O_WRONLY, 0755);
    CHECK(write(fd, "#!/program\n", 11) == 11 && close(fd) == 0);
    if (geteuid() != 0 && unshare(CLONE_NEWUSER) != 0) {
        puts("no right to chroot here");
        return 0;
    }
    CHECK_ERRNO(chroot("absent"), ENOENT);
    CHECK(chroot("root") == 0 && chdir("/") == 0);
    CHECK(run(first) == 5);
    descriptors();
    CHECK(run(first) == 5);
    CHECK(access("/program", X_OK) == 0);
    return done();
}
