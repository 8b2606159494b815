/* Strings, files, child processes and messages of ferry sysroot. */
#include "tools/sysroot/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static bool progress_line_open;

static void end_progress_line(void)
{
    if (progress_line_open) fputs("\r\033[K", stderr);
    progress_line_open = false;
}

_Noreturn void die(const char *fmt, ...)
{
    va_list ap;
    end_progress_line();
    fputs("ferry sysroot: ", stderr);
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
    exit(1);
}

void *xrealloc(void *p, size_t size)
{
    p = realloc(p, size);
    if (!p) die("out of memory");
    return p;
}

char *xstrdup(const char *s)
{
    char *copy = strdup(s);
    if (!copy) die("out of memory");
    return copy;
}

void add(struct strings *list, const char *s)
{
    if (list->count == list->room) {
        list->room = list->room ? 2 * list->room : 16;
        list->item = xrealloc(list->item, list->room * sizeof *list->item);
    }
    list->item[list->count++] = xstrdup(s);
}

bool contains(const struct strings *list, const char *s)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->item[i], s)) return true;
    return false;
}

void free_strings(struct strings *list)
{
    for (size_t i = 0; i < list->count; i++) free(list->item[i]);
    free(list->item);
    *list = (struct strings){0};
}

int compare_strings(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

struct strings split(const char *text, const char *separators)
{
    struct strings parts = {0};
    char *copy = xstrdup(text), *rest = copy, *part;
    while ((part = strsep(&rest, separators)))
        if (*part) add(&parts, part);
    free(copy);
    return parts;
}

bool starts_with(const char *s, const char *prefix)
{
    return !strncmp(s, prefix, strlen(prefix));
}

bool ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);
    return n >= m && !strcmp(s + n - m, suffix);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Appends what can be read now; returns false at the end of the file. */
static bool read_some(int fd, char **text, size_t *length)
{
    *text = xrealloc(*text, *length + 65536 + 1);
    ssize_t n = read(fd, *text + *length, 65536);
    if (n > 0) *length += (size_t)n;
    (*text)[*length] = 0;
    return n > 0 || (n < 0 && errno == EINTR);
}

char *read_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    char *text = NULL;
    size_t length = 0;
    while (read_some(fd, &text, &length)) continue;
    close(fd);
    return text;
}

void write_file(const char *path, const char *text)
{
    char *aside = format("%s.part", path);
    FILE *f = fopen(aside, "we");
    if (!f) die("%s: %s", aside, strerror(errno));
    fputs(text, f);
    bool bad = fflush(f) || ferror(f) || fsync(fileno(f));
    int error = errno;
    if (fclose(f) || bad) die("%s: %s", aside, strerror(error));
    if (rename(aside, path)) die("%s: %s", path, strerror(errno));
    free(aside);
}

void make_dirs(const char *path)
{
    char *copy = xstrdup(path);
    for (char *p = copy + 1;; p++) {
        if (*p && *p != '/') continue;
        char kept = *p;
        *p = 0;
        if (mkdir(copy, 0755) && errno != EEXIST) die("%s: %s", copy, strerror(errno));
        *p = kept;
        if (!kept) break;
    }
    free(copy);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

void remove_tree(const char *path)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) && errno != ENOENT)
        die("%s: %s", path, strerror(errno));
}

bool exists(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0;
}

void need_program(const char *program, const char *package)
{
    const char *path = getenv("PATH");
    struct strings folders = split(path ? path : "/usr/bin:/bin", ":");
    bool found = false;
    for (size_t i = 0; i < folders.count && !found; i++) {
        char *candidate = format("%s/%s", folders.item[i], program);
        found = access(candidate, X_OK) == 0;
        free(candidate);
    }
    free_strings(&folders);
    if (!found) die("%s is not installed; install it with: apt-get install %s", program, package);
}

/* --- child processes -------------------------------------------------------------------------- */

enum { STATUS_FD = 3 };

static _Noreturn void exec_child(const struct command *c, int out, int err, int status)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* nothing of it goes on beside the next that is started */
    dup2(c->input < 0 ? open("/dev/null", O_RDONLY) : c->input, 0);
    dup2(out, 1);
    dup2(err, 2);
    if (status >= 0 && status != STATUS_FD) dup2(status, STATUS_FD);
    if (status == STATUS_FD) fcntl(status, F_SETFD, 0);
    if (c->bare) clearenv();
    if (c->apt_config) setenv("APT_CONFIG", c->apt_config, 1);
    setenv("LC_ALL", "C.UTF-8", 1);
    unsetenv("TAR_OPTIONS");
    execvp(c->argv[0], (char *const *)c->argv);
    dprintf(2, "E: %s: %s\n", c->argv[0], strerror(errno));
    _exit(127);
}

static void make_pipe(int ends[2])
{
    if (pipe2(ends, O_CLOEXEC)) die("pipe: %s", strerror(errno));
}

/* Hands whole lines of text to the command's reader and keeps the rest. */
static void take_lines(struct command *c, char *text, size_t *length)
{
    char *line = text, *end;
    while ((end = strchr(line, '\n'))) {
        *end = 0;
        if (c->on_line) c->on_line(c->context, line);
        line = end + 1;
    }
    *length -= (size_t)(line - text);
    memmove(text, line, *length + 1);
}

int run_command(struct command *c)
{
    enum { OUT, ERR, STATUS, PIPES };
    int ends[PIPES][2];
    char *text[PIPES] = {0};
    size_t length[PIPES] = {0};
    struct pollfd wait[PIPES];
    for (int i = 0; i < PIPES; i++) make_pipe(ends[i]);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) die("fork: %s", strerror(errno));
    if (!pid) exec_child(c, ends[OUT][1], ends[ERR][1], c->on_line ? ends[STATUS][1] : -1);
    for (int i = 0; i < PIPES; i++) {
        close(ends[i][1]);
        wait[i] = (struct pollfd){.fd = ends[i][0], .events = POLLIN};
        text[i] = xstrdup("");
    }
    for (int open_pipes = PIPES; open_pipes;) {
        if (poll(wait, PIPES, -1) < 0 && errno != EINTR) die("poll: %s", strerror(errno));
        for (int i = 0; i < PIPES; i++) {
            if (wait[i].fd < 0 || !wait[i].revents) continue;
            if (read_some(wait[i].fd, &text[i], &length[i])) {
                if (i == STATUS) take_lines(c, text[i], &length[i]);
                continue;
            }
            close(wait[i].fd);
            wait[i].fd = -1;
            open_pipes--;
        }
    }
    free(text[STATUS]);
    c->out = text[OUT];
    c->err = text[ERR];
    return wait_for(pid);
}

int start_command(const char *const *argv, int *output)
{
    const struct command c = {.argv = argv, .input = -1};
    int ends[2];
    make_pipe(ends);
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0) die("fork: %s", strerror(errno));
    if (!pid) exec_child(&c, ends[1], 2, -1);
    close(ends[1]);
    *output = ends[0];
    return pid;
}

int wait_for(int pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR) die("waitpid: %s", strerror(errno));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* --- messages --------------------------------------------------------------------------------- */

void progress(const struct sysroot *s, const char *fmt, ...)
{
    if (!s->terminal) return;
    va_list ap;
    end_progress_line();
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    progress_line_open = true;
}

void plain(const struct sysroot *s, const char *fmt, ...)
{
    (void)s;
    va_list ap;
    end_progress_line();
    va_start(ap, fmt);
    vfprintf(stderr, fmt, ap);
    va_end(ap);
    fputc('\n', stderr);
}
