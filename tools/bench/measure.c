/* Runs a command and says what it used: the measuring half of `make bench`, also used by `make
 * demo`.
 *
 *   measure [-i INPUT] [-o OUTPUT] COMMAND [ARG...]
 *
 * Writes one line to standard error's twin, descriptor 9 if it is open, else to standard output:
 *   USER SYSTEM WALL PEAK STATUS
 * user and system CPU seconds of the command and all its children that it waited for, elapsed
 * seconds, the largest resident set of any of them in KiB (wait4(2), getrusage(2)). STATUS is an
 * exit status, or 128 + the signal. The command's output goes to /dev/null or OUTPUT; it is linked
 * statically, to run in any root directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct usage {
    double user, system, wall; /* seconds */
    long peak;                 /* KiB */
    int status;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static void redirect(const char *path, int flags, int fd)
{
    int opened = open(path, flags, 0644);
    if (opened < 0 || dup2(opened, fd) < 0) {
        fprintf(stderr, "measure: %s: %s\n", path, strerror(errno));
        _exit(126);
    }
    close(opened);
}

static struct usage run(char **argv, const char *input, const char *output)
{
    struct rusage used;
    int status;
    double start = now();
    pid_t pid = fork();
    if (pid < 0) {
        fprintf(stderr, "measure: fork: %s\n", strerror(errno));
        exit(126);
    }
    if (pid == 0) {
        redirect(input, O_RDONLY, 0);
        redirect(output, O_WRONLY | O_CREAT | O_TRUNC, 1);
        close(9);
        execvp(argv[0], argv);
        fprintf(stderr, "measure: %s: %s\n", argv[0], strerror(errno));
        _exit(127);
    }
    while (wait4(pid, &status, 0, &used) < 0 && errno == EINTR) continue;
    return (struct usage){seconds(used.ru_utime), seconds(used.ru_stime), now() - start,
                          used.ru_maxrss,
                          WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
}

int main(int argc, char **argv)
{
    const char *input = "/dev/null", *output = "/dev/null";
    for (int c; (c = getopt(argc, argv, "+i:o:")) != -1;) {
        switch (c) {
        case 'i': input = optarg; break;
        case 'o': output = optarg; break;
        default: return 2;
        }
    }
    if (optind == argc) {
        fputs("usage: measure [-i INPUT] [-o OUTPUT] COMMAND [ARG...]\n", stderr);
        return 2;
    }
    struct usage u = run(argv + optind, input, output);
    dprintf(fcntl(9, F_GETFD) < 0 ? 1 : 9, "%.6f %.6f %.6f %ld %d\n", u.user, u.system, u.wall,
            u.peak, u.status);
    return u.status;
}
