/* Messages, memory, files, scratch folders and child processes of ferry bind. */
#include "hostlibs/bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const char *subject;

static struct scratch scratch[4];

static void say(FILE *out, const char *fmt, va_list ap)
{
    char *text;
    if (vasprintf(&text, fmt, ap) < 0) abort();
    fprintf(out, "%s%s%s%s\n", out == stderr ? "ferry bind: " : "", subject ? subject : "",
            subject ? ": " : "", text);
    fflush(out);
}

_Noreturn void die(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(stderr, fmt, ap);
    va_end(ap);
    scratch_remove_all();
    exit(1);
}

void note(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(stdout, fmt, ap);
    va_end(ap);
}

void *allocate(size_t count, size_t size)
{
    void *p = calloc(count ? count : 1, size);
    if (!p) die("out of memory");
    return p;
}

/* Lists double as they grow: at every power of two. */
void *grow(void *list, size_t count, size_t size)
{
    if (count & (count - 1)) return list;
    list = reallocarray(list, count ? count * 2 : 1, size);
    if (!list) die("out of memory");
    return list;
}

char *copy_string(const char *s)
{
    return format("%s", s);
}

char *read_text(const char *path, size_t *size)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        close(fd);
        errno = EINVAL;
        return NULL;
    }
    char *text = allocate((size_t)st.st_size + 1, 1);
    ssize_t n = read(fd, text, (size_t)st.st_size);
    close(fd);
    if (n < 0) return NULL;
    text[n] = 0;
    if (size) *size = (size_t)n;
    return text;
}

void make_folders(const char *path)
{
    char *part = copy_string(path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        if (mkdir(part, 0777) && errno != EEXIST) die("%s: %s", part, strerror(errno));
        *slash = '/';
    }
    if (mkdir(part, 0777) && errno != EEXIST) die("%s: %s", part, strerror(errno));
}

bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

void write_all(int fd, const void *bytes, size_t size, const char *path)
{
    const char *at = bytes;
    while (size) {
        ssize_t n = write(fd, at, size);
        if (n < 0) die("%s: %s", path, strerror(errno));
        at += n;
        size -= (size_t)n;
    }
}

/* --- scratch folders -------------------------------------------------------------------------- */

struct scratch *scratch_make(const char *path, const char *const *files)
{
    struct scratch *s = scratch;
    while (s->path) s++;
    char *made = format("%s.XXXXXX", path);
    if (!mkdtemp(made)) die("%s: %s", made, strerror(errno));
    *s = (struct scratch){.path = made, .file = files};
    return s;
}

void scratch_remove(struct scratch *s)
{
    if (!s->path || s->keep) return;
    int folder = open(s->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    for (const char *const *f = s->file; folder >= 0 && *f; f++) unlinkat(folder, *f, 0);
    if (folder >= 0) close(folder);
    rmdir(s->path);
    s->keep = true;
}

void scratch_remove_all(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(scratch); i++) scratch_remove(&scratch[i]);
}

/* --- children --------------------------------------------------------------------------------- */

/* All that comes from the pipe, up to its end. */
static char *read_pipe(int fd)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) die("out of memory");
    for (char part[4096];;) {
        ssize_t n = read(fd, part, sizeof(part));
        if (n > 0) fwrite(part, 1, (size_t)n, out);
        if (!n || (n < 0 && errno != EINTR)) break;
    }
    fclose(out);
    close(fd);
    return text;
}

int run(char *const *argv, char **errors)
{
    int status, ends[2];
    if (pipe2(ends, O_CLOEXEC)) die("pipe: %s", strerror(errno));
    pid_t child = fork();
    if (child < 0) die("fork: %s", strerror(errno));
    if (!child) {
        setenv("LC_ALL", "C", 1);
        if (dup2(ends[1], 2) == 2) execvp(argv[0], argv);
        _exit(127);
    }
    close(ends[1]);
    *errors = read_pipe(ends[0]);
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) die("%s: %s", argv[0], strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
