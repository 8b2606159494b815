/*
 * What a path given to execve is: an AArch64 program, one of the host's, or a script, whose
 * interpreter is looked at in turn (at most four deep, as Linux).
 */
#include "rt/process.h"

#include "rt/bundle.h"
#include "rt/kernel.h"
#include "rt/loader.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRIPT_DEPTH 4
#define HEAD_SIZE    256 /* BINPRM_BUF_SIZE */

static char *add_word(struct exec_target *x, const char *word, size_t n)
{
    char *at = x->text + x->text_used;

    if (n + 1 > sizeof(x->text) - x->text_used) return NULL;
    memcpy(at, word, n);
    at[n] = '\0';
    x->text_used += n + 1;
    return at;
}

int process_open(const char *host)
{
    int fd = open(host, O_RDONLY | O_CLOEXEC), dir;
    char *end;

    if (fd >= 0 || errno != ENOENT || strncmp(host, FD_PATH, strlen(FD_PATH)) != 0) return fd;
    dir = (int)strtol(host + strlen(FD_PATH), &end, 10);
    return *end == '/' ? openat(dir, end + 1, O_RDONLY | O_CLOEXEC)
                       : fcntl(dir, F_DUPFD_CLOEXEC, 3);
}

static s64 look_bundled(const char *inside, u8 *head, size_t *size, const char **why)
{
    s64 error = 0;
    const struct bundle_entry *e = bundle_find(inside, &error);

    if (e == NULL) return error;
    if (S_ISDIR(e->mode)) *why = "is a directory";
    if (!S_ISREG(e->mode) || (e->mode & 0111) == 0) return -EACCES;
    *size = e->contents.size < HEAD_SIZE ? e->contents.size : HEAD_SIZE;
    memcpy(head, bundle_contents(e, 0, *size), *size);
    return 0;
}

/* Permission and kind of the file; its first bytes. */
static s64 look(const char *host, u8 *head, size_t *size, const char **why)
{
    struct stat st;
    ssize_t n;
    int fd = -1;

    if (bundle_inside(host) != NULL) return look_bundled(bundle_inside(host), head, size, why);
    if (stat(host, &st) != 0) { /* looked at before it is opened: it may be a FIFO */
        fd = errno == ENOENT ? process_open(host) : -1;
        if (fd < 0) return -errno;
        if (fstat(fd, &st) != 0) st.st_mode = 0;
    }
    if (S_ISDIR(st.st_mode)) *why = "is a directory";
    if (!S_ISREG(st.st_mode) ||
        (fd >= 0 ? host_syscall(SYS_faccessat2, (u64)fd, (u64) "", X_OK, AT_EMPTY_PATH, 0, 0)
                 : faccessat(AT_FDCWD, host, X_OK, AT_EACCESS)) != 0) {
        if (fd >= 0) close(fd);
        return -EACCES;
    }
    if (fd < 0) fd = process_open(host);
    if (fd < 0) return -errno;
    n = pread(fd, head, HEAD_SIZE, 0);
    close(fd);
    *size = n > 0 ? (size_t)n : 0;
    return n < 0 ? -EIO : 0;
}

/* Splits "#! interpreter argument"; puts interpreter, argument and script before the prefix. */
static s64 read_script(struct exec_target *x, const u8 *head, size_t size, const char *script,
                       char **interpreter)
{
    const char *line = (const char *)head + 2, *end = memchr(line, '\n', size - 2);
    char *words[EXEC_PREFIX_ARGS];
    size_t n, count = 0;

    if (end == NULL) end = (const char *)head + size;
    while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r')) end--;
    while (line < end && (*line == ' ' || *line == '\t')) line++;
    if (line == end) return -ENOEXEC;
    for (n = 0; line + n < end && line[n] != ' ' && line[n] != '\t' && line[n] != '\0';) n++;
    words[count++] = *interpreter = add_word(x, line, n);
    line += n;
    while (line < end && (*line == ' ' || *line == '\t')) line++;
    if (line < end) words[count++] = add_word(x, line, (size_t)(end - line));
    words[count++] = add_word(x, script, strlen(script));
    for (size_t i = 0; i < count; i++)
        if (words[i] == NULL) return -E2BIG;
    /* The words of an outer script follow, its own name (the first) replaced by this one's. */
    if (x->prefix_count != 0) count--;
    memmove(x->prefix + count, x->prefix, x->prefix_count * sizeof(*words));
    memcpy(x->prefix, words, count * sizeof(*words));
    x->prefix_count += (unsigned)count;
    return 0;
}

static s64 first_path(struct thread *t, s64 dirfd, const char *guest, u64 flags,
                      struct exec_target *x)
{
    const struct bundle_entry *e = dirfd != AT_FDCWD ? bundle_of_fd(dirfd, NULL) : NULL;
    char name[64];

    if (guest[0] == '\0') {
        if ((flags & AT_EMPTY_PATH) == 0) return -ENOENT;
        if (e != NULL) {
            bundle_name(e, x->guest);
            bundle_host_name(e, x->host.host);
            return 0;
        }
        snprintf(name, sizeof(name), "/proc/self/fd/%d", (int)dirfd);
        strcpy(x->host.host, name);
        snprintf(x->guest, sizeof(x->guest), "/dev/fd/%d", (int)dirfd);
        return 0;
    }
    if (strlen(guest) >= sizeof(x->guest)) return -ENAMETOOLONG;
    strcpy(x->guest, guest);
    if (guest[0] != '/' && dirfd != AT_FDCWD && e == NULL) {
        int n = snprintf(x->host.host, PATH_MAX, "/proc/self/fd/%d/%s", (int)dirfd, guest);

        snprintf(x->guest, sizeof(x->guest), "/dev/fd/%d/%.3900s", (int)dirfd, guest);
        return n >= PATH_MAX ? -ENAMETOOLONG : 0;
    }
    return path_resolve_text(t, dirfd, guest,
                             (flags & AT_SYMLINK_NOFOLLOW) != 0 ? PATH_NOFOLLOW : PATH_FOLLOW,
                             &x->host);
}

s64 exec_resolve(struct thread *t, s64 dirfd, const char *guest, u64 flags, struct exec_target *x,
                 const char **why)
{
    struct stat st;
    s64 r;

    x->native = false;
    x->prefix_count = 0;
    x->text_used = 0;
    *why = NULL;
    r = first_path(t, dirfd, guest, flags, x);
    strcpy(x->name, r == 0 ? x->guest : "");
    if (r == 0 && (flags & AT_SYMLINK_NOFOLLOW) != 0 && lstat(x->host.host, &st) == 0 &&
        S_ISLNK(st.st_mode) && guest[0] != '\0')
        return -ELOOP;
    for (unsigned depth = 0; r == 0; depth++) {
        u8 head[HEAD_SIZE];
        size_t size = 0;
        char *interpreter;

        r = look(x->host.host, head, &size, why);
        if (r != 0) return r;
        switch (program_kind(head, size, why)) {
        case PROGRAM_GUEST: return 0;
        case PROGRAM_NATIVE: x->native = true; return 0;
        case PROGRAM_UNKNOWN: return -ENOEXEC;
        case PROGRAM_SCRIPT: break;
        }
        if (depth == SCRIPT_DEPTH) return -ELOOP;
        r = read_script(x, head, size, x->guest, &interpreter);
        if (r == 0 && strlen(interpreter) >= sizeof(x->guest)) r = -ENAMETOOLONG;
        if (r == 0) {
            strcpy(x->guest, interpreter);
            r = path_resolve_text(t, AT_FDCWD, interpreter, PATH_FOLLOW, &x->host);
        }
    }
    return r;
}
