/*
 * Guest path -> host path: see path.h. The walk keeps one guest path without links in it; each
 * component is read as a link on the side that has it, and a link's text is put before what is
 * left. That no link is left is one look by the kernel, or one on each side, and most paths are
 * done with at the first. Relative paths are left to the kernel unless they meet a link, which
 * could lead out of the sysroot.
 */
#include "rt/path.h"

#include "rt/background.h"
#include "rt/bundle.h"
#include "rt/guard.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/proc_name.h"
#include "rt/thread.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAX_LINKS 40

/* What a system consists of: here the sysroot comes first. Everything else (/proc, /tmp, /home, a
 * user's own directories, which may have a namesake in the sysroot) is the host's first. */
static const char *const system_dirs[] = {"/usr",  "/bin", "/sbin", "/lib", "/lib64",
                                          "/boot", "/etc", "/opt",  "/var"};

/* Directories that a complete sysroot (one with /usr/lib) has for itself: the host's programs and
 * libraries there are of the wrong architecture. */
static const char *const sysroot_only[] = {"/usr",
                                           "/bin",
                                           "/sbin",
                                           "/lib",
                                           "/lib64",
                                           "/etc/ld.so.cache",
                                           "/etc/ld.so.conf",
                                           "/etc/ld.so.conf.d",
                                           "/etc/ld.so.preload"};

static bool is_under(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

static bool is_under_any(const char *path, const char *const *dirs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (is_under(path, dirs[i])) return true;
    return false;
}

static bool is_host_first(const char *inside)
{
    if (inside[0] == '\0' || strcmp(inside, "/") == 0) return false;
    return is_under(inside, "/var/tmp") ||
           !is_under_any(inside, system_dirs, ARRAY_SIZE(system_dirs));
}

bool path_in_sysroot(const char *host)
{
    return options.sysroot[0] != '\0' && is_under(host, options.sysroot);
}

const char *path_to_guest(const char *host)
{
    const char *inside = bundle_inside(host);

    if (inside != NULL) return inside;
    if (!path_in_sysroot(host)) return host;
    host += strlen(options.sysroot);
    return *host != '\0' ? host : "/";
}

static bool exists(const char *path)
{
    struct stat st;

    return fstatat(AT_FDCWD, path, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool sysroot_is_complete(void)
{
    static s8 known; /* 0: not looked yet, 1: yes, -1: no */

    if (known == 0) {
        char lib[PATH_MAX];

        snprintf(lib, sizeof(lib), "%s/usr/lib", options.sysroot);
        known = exists(lib) ? 1 : -1;
    }
    return known > 0;
}

/* True for what only the sysroot may have. */
static bool is_sysroots(const char *inside)
{
    return is_under_any(inside, sysroot_only, ARRAY_SIZE(sysroot_only)) &&
           !is_under(inside, "/usr/local") && sysroot_is_complete();
}

enum side { SIDE_UNKNOWN, SIDE_SYSROOT, SIDE_HOST };

struct walk {
    char done[PATH_MAX]; /* sysroot and the resolved part; "" behind the sysroot is its root */
    size_t root, length; /* length of the sysroot, of done */
    char rest[2 * PATH_MAX];
    unsigned links;
    bool existing;   /* of what is on neither side, done may be either's */
    enum side side;  /* whose done is, if that is known */
    s64 error;       /* of looking at it there, if that is known: -ENOENT or -ENOTDIR, or 0 */
    const char *end; /* end_of() the path, or of the link at its end */
};

static void go_up(struct walk *w)
{
    while (w->length > w->root && w->done[w->length - 1] != '/') w->length--;
    if (w->length > w->root) w->length--;
    w->done[w->length] = '\0';
}

static bool is_component(const char *at, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(at, name, n) == 0;
}

/* What counts at the end of a path: a slash ("file/" is ENOTDIR), or that it names no entry of a
 * directory ("dir/." can't be removed or renamed; the bundle's can't anyway). */
static const char *end_of(const char *guest)
{
    size_t n = strlen(guest), end = n, start;

    while (end > 0 && guest[end - 1] == '/') end--;
    for (start = end; start > 0 && guest[start - 1] != '/';) start--;
    guest += start;
    if (!bundle_on &&
        (is_component(guest, end - start, ".") || is_component(guest, end - start, "..")))
        return "/.";
    return end < n ? "/" : "";
}

/* Puts a link's text before the rest; 0 or -errno. */
static s64 take_link(struct walk *w, const char *target, size_t n, const char *rest)
{
    size_t m = strlen(rest);

    if (++w->links > MAX_LINKS) return -ELOOP;
    if (n + m + 1 > sizeof(w->rest)) return -ENAMETOOLONG;
    memmove(w->rest + n, rest, m + 1);
    memcpy(w->rest, target, n);
    if (rest[strspn(rest, "/")] == '\0' && *w->end == '\0') w->end = end_of(w->rest);
    if (target[0] == '/')
        w->done[w->length = w->root] = '\0';
    else
        go_up(w);
    return 0;
}

/* The text of the link at w->done on the side that has the name; -1: no link. */
static ssize_t read_merged_link(const struct walk *w, char *target, size_t size)
{
    const char *inside = w->done + w->root;
    bool host = is_host_first(inside);
    ssize_t got;

    if (bundle_on) return bundle_readlink(inside, target, size);
    got = readlink(host ? inside : w->done, target, size);
    if (got < 0 && errno != EINVAL && (host || !is_sysroots(inside)))
        got = readlink(host ? w->done : inside, target, size);
    return got;
}

/* Puts the rest behind what is done as it is, and into `straight` without "." and "..". False: it
 * doesn't fit, or climbs and might be another side's on the way or then. */
static bool add_rest(struct walk *w, const char *at, char *straight)
{
    size_t length = w->length;
    bool climbs = false;

    memcpy(straight, w->done, length + 1);
    for (;;) {
        size_t n;

        while (*at == '/') at++;
        if (*at == '\0') return !climbs || is_sysroots(straight + w->root);
        n = strcspn(at, "/");
        if (w->length + n + 2 > sizeof(w->done)) return false;
        w->done[w->length++] = '/';
        memcpy(w->done + w->length, at, n);
        w->length += n;
        w->done[w->length] = '\0';
        if (is_component(at, n, "..")) {
            if (!is_sysroots(straight + w->root)) return false;
            while (straight[--length] != '/') continue;
            climbs = true;
        } else if (!is_component(at, n, ".")) {
            straight[length++] = '/';
            memcpy(straight + length, at, n);
            length += n;
        }
        straight[length] = '\0';
        at += n;
    }
}

static bool is_missing(s64 error)
{
    return error == -ENOENT || error == -ENOTDIR;
}

/* 0: the whole path is there and no component of it is a link; an error that says that it is
 * missing and no component up to there is a link; or another. A descriptor is there for a moment;
 * threads that share the table could see it. */
static s64 look_at(s64 dirfd, const char *path, bool follow)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC | (follow ? 0 : O_NOFOLLOW),
                                 .resolve = RESOLVE_NO_SYMLINKS};
    s64 fd = host_syscall(SYS_openat2, (u64)dirfd, (u64)path, (u64)&how, sizeof(how), 0, 0);

    if (fd < 0) return fd;
    close((int)fd);
    return 0;
}

/* Looks at the whole path, `done` with the sysroot before it, on the side that is first and, where
 * it is missing there, on the other. Sets its side and error unless there may be links, or it is
 * nobody's and that matters. What it is without "." and ".." says whose it is. */
static void look_at_whole(struct walk *w, const char *straight, bool follow)
{
    const char *inside = w->done + w->root;
    bool host = is_host_first(straight);
    s64 other;

    w->error = look_at(AT_FDCWD, host ? inside : w->done, follow);
    if (w->error == 0 || (is_missing(w->error) && !host && is_sysroots(straight))) {
        w->side = host ? SIDE_HOST : SIDE_SYSROOT;
    } else if (is_missing(w->error)) {
        other = look_at(AT_FDCWD, host ? w->done : inside, follow);
        if (other == 0) {
            w->side = host ? SIDE_SYSROOT : SIDE_HOST;
            w->error = 0;
        } else if (is_missing(other) && (host || w->existing)) {
            w->side = SIDE_HOST;
        }
    }
}

/* The directories in the root that were links when they were last read: there is no use in a look
 * at what begins with one. */
static bool top_is_link[ARRAY_SIZE(system_dirs)];

static bool *top_of(const char *inside)
{
    for (size_t i = 0; i < ARRAY_SIZE(system_dirs); i++)
        if (is_under(inside, system_dirs[i])) return &top_is_link[i];
    return NULL;
}

static bool is_one_component(const char *path)
{
    return strchr(path + strspn(path, "/"), '/') == NULL;
}

/* Takes the whole rest in one step where no component of it is a link, on the side that has it or,
 * where it is missing, may have it. (/var is one side's, /var/tmp the other's.) A link that isn't
 * followed may be its end: that alone is taken without a look. */
static bool take_rest(struct thread *t, struct walk *w, const char *at, enum path_last last)
{
    bool slash = at[strlen(at) - 1] == '/';
    bool follow = last == PATH_FOLLOW || (last == PATH_NOFOLLOW && slash);
    char straight[PATH_MAX];
    const char *inside = straight + w->root;
    size_t before = w->length;
    const bool *top;

    if (bundle_on || t->files->count != 1) return false;
    if (add_rest(w, at, straight) && !is_under(inside, "/var")) {
        top = top_of(inside);
        if (!follow && is_one_component(at) && is_sysroots(inside))
            w->side = SIDE_SYSROOT;
        else if (top == NULL || !*top || before > w->root)
            look_at_whole(w, inside, follow);
    }
    if (w->side == SIDE_UNKNOWN)
        w->done[w->length = before] = '\0';
    else if (w->error == 0)
        w->length = strlen(strcpy(w->done, straight));
    return w->side != SIDE_UNKNOWN;
}

/* 0 where it is a directory and may be searched, as a name behind it asks for. */
static s64 error_of_search(const char *directory)
{
    char itself[PATH_MAX + 2];
    struct stat st;

    strcat(strcpy(itself, directory), "/.");
    return fstatat(AT_FDCWD, itself, &st, AT_SYMLINK_NOFOLLOW) == 0 ? 0 : -errno;
}

/* 0 where what is done is such a directory on a side that has it. */
static s64 error_of_directory(const struct walk *w)
{
    const char *inside = w->done + w->root;
    bool host = is_host_first(inside);
    s64 error, other;

    if (w->length == w->root) return 0;
    if (bundle_on) {
        const struct bundle_entry *e = bundle_find(inside, &error);

        if (e != NULL) return S_ISDIR(e->mode) ? 0 : -ENOTDIR;
        return error_of_search(inside);
    }
    error = error_of_search(host ? inside : w->done);
    if (!is_missing(error) || (!host && is_sysroots(inside))) return error;
    other = error_of_search(host ? w->done : inside);
    return is_missing(other) ? error : other;
}

/* Walks w->rest in the sysroot; leaves the resolved path in w->done. */
static s64 walk(struct thread *t, struct walk *w, enum path_last last)
{
    char target[PATH_MAX];
    const char *at = w->rest;
    bool linked = true; /* no look yet at all that follows the last link */

    for (;;) {
        size_t n;
        ssize_t got;
        bool top_level;

        while (*at == '/') at++;
        if (*at == '\0') return 0;
        if (linked && take_rest(t, w, at, last)) return 0;
        linked = false;
        n = strcspn(at, "/");
        if (is_component(at, n, ".") || is_component(at, n, "..")) {
            s64 error = error_of_directory(w);

            if (error != 0) return error;
            if (n == 2) go_up(w);
            at += n;
            continue;
        }
        if (w->length + n + 2 > sizeof(w->done)) return -ENAMETOOLONG;
        top_level = w->length == w->root;
        w->done[w->length++] = '/';
        memcpy(w->done + w->length, at, n);
        w->length += n;
        w->done[w->length] = '\0';
        at += n;
        if ((at[0] == '\0' && last == PATH_NOFOLLOW) ||
            (at[strspn(at, "/")] == '\0' && last == PATH_ENTRY))
            return 0;
        got = read_merged_link(w, target, sizeof(target));
        if (top_level && top_of(w->done + w->root) != NULL) *top_of(w->done + w->root) = got > 0;
        if (got > 0) {
            s64 r = take_link(w, target, (size_t)got, at);

            if (r != 0) return r;
            at = w->rest;
            linked = true;
        }
    }
}

static bool parent_exists(const char *path)
{
    char parent[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t n = slash != NULL ? (size_t)(slash - path) : 0;

    if (n == 0) return true;
    memcpy(parent, path, n);
    parent[n] = '\0';
    return exists(parent);
}

/* Whether the path `inside` the sysroot, `done` with it, is the host's. */
static bool is_hosts(const char *done, const char *inside)
{
    if (is_host_first(inside)) return exists(inside) || !exists(done);
    if (exists(done)) return false;
    if (is_sysroots(inside)) return false;
    return exists(inside) || !parent_exists(done) || parent_exists(inside);
}

/* Writes the one of the two that a walked path is. */
static void choose(const struct walk *w, const char *guest, struct path *out)
{
    const char *inside = w->length > w->root ? w->done + w->root : "/";

    if (bundle_on)
        bundle_choose(inside, out->host);
    else
        strcpy(out->host,
               w->side == SIDE_HOST || (w->side == SIDE_UNKNOWN && is_hosts(w->done, inside))
                   ? inside
                   : w->done);
    if (w->length > w->root && strlen(out->host) + strlen(w->end) < sizeof(out->host))
        strcat(out->host, w->end);
    if (log_on(LOG_PATH)) log_line(LOG_PATH, "%s is %s", guest, out->host);
}

static s64 resolve_absolute(struct thread *t, const char *guest, size_t n, enum path_last last,
                            struct path *out);

/* The directory of the bundle that one of this process's links in /proc stands for: its working
 * directory, or an open one. *rest: what follows. */
static const struct bundle_entry *linked_directory(struct thread *t, const char *guest,
                                                   const char **rest)
{
    const struct bundle_entry *e = NULL;
    struct proc_file file;
    char *end;

    if (!bundle_on || !proc_parse(guest, &file) || file.pid != getpid()) return NULL;
    if (is_under(file.name, "cwd")) {
        *rest = file.name + strlen("cwd");
        return bundle_cwd(t->fs);
    }
    if (strncmp(file.name, "fd/", 3) != 0) return NULL;
    e = bundle_of_fd(strtol(file.name + 3, &end, 10), NULL);
    *rest = end;
    return e != NULL && S_ISDIR(e->mode) && (*end == '\0' || *end == '/') ? e : NULL;
}

/* /proc is the host's, but for its links to programs that run under Ferry. */
static s64 resolve_proc(struct thread *t, const char *guest, size_t n, enum path_last last,
                        struct path *out)
{
    const char *rest;
    const struct bundle_entry *e = linked_directory(t, guest, &rest);

    if (e != NULL && (*rest != '\0' || last == PATH_FOLLOW)) {
        char joined[2 * PATH_MAX];

        bundle_name(e, joined);
        if (strlen(joined) + strlen(rest) >= PATH_MAX) return -ENAMETOOLONG;
        strcat(joined, rest);
        return resolve_absolute(t, joined, strlen(joined), last, out);
    }
    if (last == PATH_NOFOLLOW || !proc_program(guest, out->host)) memcpy(out->host, guest, n + 1);
    return 0;
}

static s64 resolve_absolute(struct thread *t, const char *guest, size_t n, enum path_last last,
                            struct path *out)
{
    struct walk w;
    s64 r;

    if (is_under(guest, "/proc")) return resolve_proc(t, guest, n, last, out);
    if (is_under(guest, "/dev") || is_under(guest, "/sys")) {
        memcpy(out->host, guest, n + 1);
        return 0;
    }
    w.root = w.length = strlen(strcpy(w.done, options.sysroot));
    w.links = 0;
    w.existing = out->existing;
    w.side = SIDE_UNKNOWN;
    w.error = 0;
    w.end = end_of(guest);
    memcpy(w.rest, guest, n + 1);
    r = walk(t, &w, last);
    if (r == 0) choose(&w, guest, out);
    if (w.side != SIDE_UNKNOWN) out->error = w.error;
    return r;
}

/* True when a relative path may climb out of the sysroot. */
static bool may_climb_out(struct thread *t, s64 dirfd, const char *path)
{
    if (!bundle_on && !t->fs->cwd_in_sysroot && dirfd == AT_FDCWD) return false;
    for (const char *at = path; (at = strstr(at, "..")) != NULL; at += 2)
        if ((at == path || at[-1] == '/') && (at[2] == '\0' || at[2] == '/')) return true;
    return false;
}

/* True when a component of a relative path is a link (its end too, unless that isn't followed), or
 * when it may climb out of the sysroot. *error: that of the path, if it is seen to have one. */
static bool meets_link(struct thread *t, s64 dirfd, const char *path, enum path_last last,
                       s64 *error)
{
    char prefix[PATH_MAX], target[8];
    size_t n = 0, first = strcspn(path, "/");

    if (may_climb_out(t, dirfd, path)) return true;
    if (path[first + strspn(path + first, "/")] != '\0' && t->files->count == 1) {
        *error = look_at(dirfd, path, last == PATH_FOLLOW || path[strlen(path) - 1] == '/');
        return *error != 0 && !is_missing(*error);
    }
    while (path[n] != '\0') {
        size_t start = n + strspn(path + n, "/"), end = start + strcspn(path + start, "/");

        if (end == start || (path[end] == '\0' && last != PATH_FOLLOW)) return false;
        memcpy(prefix, path, end);
        prefix[end] = '\0';
        if (readlinkat((int)dirfd, prefix, target, sizeof(target)) > 0) return true;
        if (errno != EINVAL) return false;
        n = end;
    }
    return false;
}

/* The guest path of a directory: the working directory's or a descriptor's. */
static bool directory_name(s64 dirfd, char *name)
{
    char link[48], path[PATH_MAX];
    s64 n;

    if (dirfd == AT_FDCWD) {
        n = host_syscall(SYS_getcwd, (u64)path, sizeof(path) - 1, 0, 0, 0, 0);
    } else {
        snprintf(link, sizeof(link), "/proc/self/fd/%d", (int)dirfd);
        n = readlink(link, path, sizeof(path) - 1);
    }
    if (n <= 0 || path[0] != '/') return false;
    path[n] = '\0';
    strcpy(name, path_to_guest(path));
    return true;
}

/* True when the path is relative to a directory that the bundle has: its name. */
static bool starts_in_bundle(struct thread *t, s64 dirfd, char *name)
{
    const struct bundle_entry *e =
        dirfd != AT_FDCWD ? bundle_of_fd(dirfd, NULL) : bundle_cwd(t->fs);

    if (e != NULL) bundle_name(e, name);
    return e != NULL;
}

static s64 resolve_relative(struct thread *t, s64 dirfd, const char *guest, size_t n,
                            enum path_last last, struct path *out)
{
    char joined[2 * PATH_MAX];
    s64 error = 0;
    size_t m;

    if (n != 0 && (starts_in_bundle(t, dirfd, joined) ||
                   (meets_link(t, dirfd, guest, last, &error) && directory_name(dirfd, joined)))) {
        m = strlen(joined);
        if (m + n + 1 >= PATH_MAX) return -ENAMETOOLONG;
        joined[m++] = '/';
        memcpy(joined + m, guest, n + 1);
        return resolve_absolute(t, joined, m + n, last, out);
    }
    memcpy(out->host, guest, n + 1);
    if (is_missing(error)) out->error = error;
    return 0;
}

static s64 resolve_text(struct thread *t, s64 dirfd, const char *guest, enum path_last last,
                        struct path *out)
{
    size_t n = strlen(guest);

    out->error = 0;
    if (n >= PATH_MAX) return -ENAMETOOLONG;
    if ((options.sysroot[0] != '\0' || bundle_on) && !t->fs->has_own_root)
        return guest[0] == '/' ? resolve_absolute(t, guest, n, last, out)
                               : resolve_relative(t, dirfd, guest, n, last, out);
    if (is_under(guest, "/proc")) return resolve_proc(t, guest, n, last, out);
    memcpy(out->host, guest, n + 1);
    return 0;
}

s64 path_resolve_text(struct thread *t, s64 dirfd, const char *guest, enum path_last last,
                      struct path *out)
{
    out->existing = false;
    return resolve_text(t, dirfd, guest, last, out);
}

/* True for what may be /proc's list of a process's threads, or something in it. */
static bool names_threads(const char *host)
{
    const char *at = strstr(host, "task");

    return at != NULL && (at == host || at[-1] == '/') && (at[4] == '\0' || at[4] == '/');
}

static s64 resolve(struct thread *t, s64 dirfd, u64 guest, enum path_last last, struct path *out)
{
    char text[PATH_MAX];
    s64 n = guard_strnlen((const char *)guest, PATH_MAX);

    if (n < 0) return -EFAULT;
    if (n >= PATH_MAX) return -ENAMETOOLONG;
    if (!guest_read(text, guest, (size_t)n + 1)) return -EFAULT;
    n = resolve_text(t, (s32)dirfd, text, last, out);
    if (n == 0 && names_threads(out->host)) background_keep_away(t);
    return n;
}

s64 path_resolve(struct thread *t, s64 dirfd, u64 guest, enum path_last last, struct path *out)
{
    out->existing = false;
    return resolve(t, dirfd, guest, last, out);
}

s64 path_resolve_existing(struct thread *t, s64 dirfd, u64 guest, enum path_last last,
                          struct path *out)
{
    out->existing = true;
    return resolve(t, dirfd, guest, last, out);
}
