/*
 * Guest path -> host path: see path.h. The walk keeps one guest path without links in it; each
 * component is read as a link in the sysroot, and a link's text is put before what is left.
 */
#include "rt/path.h"

#include "rt/guard.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINKS 40

/* Directories whose host side comes first. */
static const char *const host_first[] = {"/proc", "/sys", "/dev", "/tmp",  "/var/tmp", "/home",
                                         "/root", "/run", "/mnt", "/media", "/srv"};

static bool is_under(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool is_host_first(const char *path)
{
    for (size_t i = 0; i < ARRAY_SIZE(host_first); i++)
        if (is_under(path, host_first[i]))
            return true;
    return false;
}

bool path_in_sysroot(const char *host)
{
    return options.sysroot[0] != '\0' && is_under(host, options.sysroot);
}

const char *path_to_guest(const char *host)
{
    if (!path_in_sysroot(host))
        return host;
    host += strlen(options.sysroot);
    return *host != '\0' ? host : "/";
}

struct walk {
    char done[PATH_MAX]; /* sysroot and the resolved part; "" behind the sysroot is its root */
    size_t root, length; /* length of the sysroot, of done */
    char rest[2 * PATH_MAX];
    unsigned links;
};

static void go_up(struct walk *w)
{
    while (w->length > w->root && w->done[w->length - 1] != '/') w->length--;
    if (w->length > w->root)
        w->length--;
    w->done[w->length] = '\0';
}

/* Puts a link's text before the rest; 0 or -errno. */
static s64 take_link(struct walk *w, const char *target, size_t n, const char *rest)
{
    char tail[PATH_MAX];
    size_t m = strlen(rest);

    if (++w->links > MAX_LINKS)
        return -ELOOP;
    if (n + m + 1 >= PATH_MAX)
        return -ENAMETOOLONG;
    memcpy(tail, rest, m + 1);
    memcpy(w->rest, target, n);
    memcpy(w->rest + n, tail, m + 1);
    if (target[0] == '/')
        w->done[w->length = w->root] = '\0';
    else
        go_up(w);
    return 0;
}

/* Walks w->rest in the sysroot; leaves the resolved path in w->done. */
static s64 walk(struct walk *w, enum path_last last)
{
    char target[PATH_MAX];
    const char *at = w->rest;

    for (;;) {
        size_t n;
        ssize_t got;

        while (*at == '/') at++;
        if (*at == '\0')
            return 0;
        n = strcspn(at, "/");
        if (n == 1 && at[0] == '.') {
            at++;
            continue;
        }
        if (n == 2 && at[0] == '.' && at[1] == '.') {
            go_up(w);
            at += 2;
            continue;
        }
        if (w->length + n + 2 > sizeof(w->done))
            return -ENAMETOOLONG;
        w->done[w->length++] = '/';
        memcpy(w->done + w->length, at, n);
        w->length += n;
        w->done[w->length] = '\0';
        at += n;
        if (at[0] == '\0' && last == PATH_NOFOLLOW)
            return 0;
        got = readlink(w->done, target, sizeof(target));
        if (got > 0) {
            s64 r = take_link(w, target, (size_t)got, at);

            if (r != 0)
                return r;
            at = w->rest;
        }
    }
}

static bool exists(const char *path)
{
    struct stat st;

    return fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool parent_exists(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;

    if (n == 0)
        return true;
    memcpy(parent, path, n);
    parent[n] = '\0';
    return exists(parent);
}

/* Which of the two a path that was walked is. The trailing slash counts ("file/" is ENOTDIR). */
static void choose(const struct walk *w, const char *guest, struct path *out)
{
    const char *inside = w->length > w->root ? w->done + w->root : "/";
    size_t n = strlen(guest);
    bool slash = n > 1 && guest[n - 1] == '/';
    bool host = is_host_first(inside);

    if (host ? exists(inside) || !exists(w->done)
             : !exists(w->done) && (exists(inside) || !parent_exists(w->done) ||
                                    parent_exists(inside)))
        n = strlen(strcpy(out->host, host ? guest : inside));
    else
        n = strlen(strcpy(out->host, w->length > 0 ? w->done : "/"));
    if (slash && n + 1 < sizeof(out->host) && out->host[n - 1] != '/') {
        out->host[n] = '/';
        out->host[n + 1] = '\0';
    }
    if (log_on(LOG_PATH))
        log_line(LOG_PATH, "%s is %s", guest, out->host);
}

static s64 resolve_absolute(const char *guest, size_t n, enum path_last last, struct path *out)
{
    struct walk w;
    s64 r;

    if (is_under(guest, "/proc") || is_under(guest, "/dev") || is_under(guest, "/sys")) {
        memcpy(out->host, guest, n + 1);
        return 0;
    }
    w.root = w.length = strlen(strcpy(w.done, options.sysroot));
    w.links = 0;
    memcpy(w.rest, guest, n + 1);
    r = walk(&w, last);
    if (r == 0)
        choose(&w, guest, out);
    return r;
}

s64 path_resolve_text(struct thread *t, s64 dirfd, const char *guest, enum path_last last,
                      struct path *out)
{
    size_t n = strlen(guest);

    if (n >= PATH_MAX)
        return -ENAMETOOLONG;
    if (options.sysroot[0] != '\0' && guest[0] == '/')
        return resolve_absolute(guest, n, last, out);
    if (options.sysroot[0] != '\0' && n != 0 && dirfd == AT_FDCWD && t->fs->cwd_in_sysroot) {
        char joined[2 * PATH_MAX];
        s64 got = host_syscall(SYS_getcwd, (u64)joined, PATH_MAX, 0, 0, 0, 0);

        if (got > 0 && path_in_sysroot(joined)) {
            const char *inside = path_to_guest(joined);
            size_t m = strlen(inside);

            memmove(joined, inside, m + 1);
            if (m + n + 1 < PATH_MAX) {
                joined[m++] = '/';
                memcpy(joined + m, guest, n + 1);
                return resolve_absolute(joined, m + n, last, out);
            }
        }
    }
    memcpy(out->host, guest, n + 1);
    return 0;
}

s64 path_resolve(struct thread *t, s64 dirfd, u64 guest, enum path_last last, struct path *out)
{
    char text[PATH_MAX];
    s64 n = guard_strnlen((const char *)guest, PATH_MAX);

    if (n < 0)
        return -EFAULT;
    if (n >= PATH_MAX)
        return -ENAMETOOLONG;
    if (!guest_read(text, guest, (size_t)n + 1))
        return -EFAULT;
    return path_resolve_text(t, (s32)dirfd, text, last, out);
}
