/*
 * The child and the pipe of apart.h.
 */
#include "aot/elf/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_SECONDS 120
#define KIND_LAST   UINT16_MAX   /* the child's last record; `first` says whether it found all */
#define BUFFER_SIZE (256 * 1024) /* more than a record and its text */

void send_record(FILE *out, struct record r, const char *text)
{
    size_t length = text ? strnlen(text, UINT16_MAX + 1) : 0;
    r.length = length > UINT16_MAX ? 0 : (u16)length;
    if (fwrite(&r, sizeof(r), 1, out) != 1 ||
        fwrite(text ? text : "", 1, r.length, out) != r.length)
        _exit(1); /* nobody reads any more */
}

/* Bytes of private writable memory, as RLIMIT_DATA counts them (mm/mmap.c, may_expand_vm). */
static u64 memory_now(void)
{
    unsigned long long pages = 0;
    FILE *f = fopen("/proc/self/statm", "re");
    if (f && fscanf(f, "%*u %*u %*u %*u %*u %llu", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (u64)sysconf(_SC_PAGESIZE);
}

/* A crash is to be the end, and silent: no handler of the parent, no core, no words of libc. It is
 * gone with its parent, even with one that went before it could ask for that. */
static void make_expendable(u64 memory, pid_t parent)
{
    static const int crashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGPIPE};
    for (size_t i = 0; i < ARRAY_SIZE(crashes); i++) signal(crashes[i], SIG_DFL);
    struct rlimit none = {0, 0}, time = {CPU_SECONDS, CPU_SECONDS};
    struct rlimit data = {memory_now() + memory, memory_now() + memory};
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &time);
    setrlimit(RLIMIT_DATA, &data);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nowhere >= 0) {
        dup2(nowhere, STDOUT_FILENO);
        dup2(nowhere, STDERR_FILENO);
    }
}

static _Noreturn void child(const struct work *w, int fd, pid_t parent)
{
    make_expendable(w->most_memory, parent);
    FILE *out = fdopen(fd, "w");
    if (!out) _exit(1);
    bool all = w->run(w->context, out);
    send_record(out, (struct record){.first = all, .kind = KIND_LAST}, NULL);
    fflush(out);
    _exit(0);
}

struct inlet {
    int fd;
    size_t start, end; /* of what was read and not yet taken */
    char buffer[BUFFER_SIZE + 1];
};

/* Makes `size` bytes available at the start; false at the pipe's end. */
static bool fill(struct inlet *in, size_t size)
{
    if (in->end - in->start >= size) return true;
    memmove(in->buffer, in->buffer + in->start, in->end - in->start);
    in->end -= in->start;
    in->start = 0;
    while (in->end < size) {
        ssize_t n = read(in->fd, in->buffer + in->end, BUFFER_SIZE - in->end);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        in->end += (size_t)n;
    }
    return true;
}

static bool take_all(const struct work *w, struct inlet *in)
{
    struct record r;
    for (u64 taken = 0; fill(in, sizeof(r)); taken++) {
        if (taken == w->most_records) return false;
        memcpy(&r, in->buffer + in->start, sizeof(r));
        if (r.kind == KIND_LAST) return r.first;
        if (!fill(in, sizeof(r) + r.length)) return false;
        char *text = in->buffer + in->start + sizeof(r), kept = text[r.length];
        text[r.length] = 0;
        w->take(w->context, &r, text);
        text[r.length] = kept;
        in->start += sizeof(r) + r.length;
    }
    return false;
}

bool do_apart(const struct work *w)
{
    int ends[2];
    struct inlet *in = malloc(sizeof(*in));
    if (!in || pipe2(ends, O_CLOEXEC)) {
        free(in);
        return false;
    }
    pid_t parent = getpid(), pid = fork();
    if (!pid) {
        close(ends[0]); /* lest it wait for itself to read */
        child(w, ends[1], parent);
    }
    close(ends[1]);
    in->fd = ends[0];
    in->start = in->end = 0;
    bool whole = pid > 0 && take_all(w, in);
    close(ends[0]);
    free(in);
    if (pid > 0) {
        if (!whole) kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    return whole;
}
