/*
 * Names of files in the host's libraries are the guest's: the C library's functions that take one,
 * for native code that runs on the guest's behalf. They look where the guest's own call would look
 * (the sysroot first, see rt/path.h). The runtime's own calls, and those that the C library makes
 * inside itself (its configuration, shared objects to load), are the host's.
 */
#include "hostlibs/hostlibs.h"
#include "hostlibs/interpose.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <unistd.h>
#include <utime.h>

struct name {
    char text[PATH_MAX];
};

/* The host's name for what the library calls `guest`. */
static const char *look(const char *guest, bool follow, struct name *n)
{
    return guest != NULL && native_is_called() && native_path(guest, follow, n->text, PATH_MAX)
               ? n->text
               : guest;
}

/* Names that begin at a descriptor are looked up there. */
static const char *look_at(int dirfd, const char *guest, bool follow, struct name *n)
{
    return guest != NULL && (dirfd == AT_FDCWD || guest[0] == '/') ? look(guest, follow, n) : guest;
}

#define FOLLOW   true
#define NOFOLLOW false

/* Functions whose first argument is a name, the only one. */
#define ONE(type, function, follow, parameters, ...)                                               \
    type function parameters                                                                       \
    {                                                                                              \
        REAL(function);                                                                            \
        struct name n;                                                                             \
        return real(look(path, follow, &n) __VA_ARGS__);                                           \
    }

#define COMMA ,
ONE(FILE *, fopen, FOLLOW, (const char *path, const char *mode), COMMA mode)
ONE(FILE *, fopen64, FOLLOW, (const char *path, const char *mode), COMMA mode)
ONE(FILE *, freopen, FOLLOW, (const char *path, const char *mode, FILE *f), COMMA mode COMMA f)
ONE(FILE *, freopen64, FOLLOW, (const char *path, const char *mode, FILE *f), COMMA mode COMMA f)
ONE(DIR *, opendir, FOLLOW, (const char *path), )
ONE(int, creat, FOLLOW, (const char *path, mode_t mode), COMMA mode)
ONE(int, creat64, FOLLOW, (const char *path, mode_t mode), COMMA mode)
ONE(int, stat, FOLLOW, (const char *path, struct stat *st), COMMA st)
ONE(int, lstat, NOFOLLOW, (const char *path, struct stat *st), COMMA st)
ONE(int, statfs, FOLLOW, (const char *path, struct statfs *st), COMMA st)
ONE(int, statvfs, FOLLOW, (const char *path, struct statvfs *st), COMMA st)
ONE(int, access, FOLLOW, (const char *path, int mode), COMMA mode)
ONE(int, unlink, NOFOLLOW, (const char *path), )
ONE(int, rmdir, NOFOLLOW, (const char *path), )
ONE(int, remove, NOFOLLOW, (const char *path), )
ONE(int, mkdir, NOFOLLOW, (const char *path, mode_t mode), COMMA mode)
ONE(int, mkfifo, NOFOLLOW, (const char *path, mode_t mode), COMMA mode)
ONE(int, chmod, FOLLOW, (const char *path, mode_t mode), COMMA mode)
ONE(int, chown, FOLLOW, (const char *path, uid_t user, gid_t group), COMMA user COMMA group)
ONE(int, lchown, NOFOLLOW, (const char *path, uid_t user, gid_t group), COMMA user COMMA group)
ONE(int, truncate, FOLLOW, (const char *path, off_t size), COMMA size)
ONE(int, utime, FOLLOW, (const char *path, const struct utimbuf *times), COMMA times)
ONE(int, utimes, FOLLOW, (const char *path, const struct timeval times[2]), COMMA times)
ONE(ssize_t, readlink, NOFOLLOW, (const char *path, char *buf, size_t size), COMMA buf COMMA size)
ONE(long, pathconf, FOLLOW, (const char *path, int what), COMMA what)
ONE(int, chdir, FOLLOW, (const char *path), )

/* The other names that 64-bit file offsets give the same functions. */
int stat64(const char *path, struct stat64 *st)
{
    return stat(path, (struct stat *)st);
}

int lstat64(const char *path, struct stat64 *st)
{
    return lstat(path, (struct stat *)st);
}

int truncate64(const char *path, off64_t size)
{
    return truncate(path, size);
}

/* --- open
 * ----------------------------------------------------------------------------------------- */

static bool has_mode(int flags)
{
    return (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static int open_named(int dirfd, const char *path, int flags, mode_t mode)
{
    REAL(openat);
    struct name n;
    bool follow = (flags & O_NOFOLLOW) == 0 && (flags & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);

    return real(dirfd, look_at(dirfd, path, follow, &n), flags, mode);
}

#define OPEN(function, parameters, dirfd)                                                          \
    int function parameters                                                                        \
    {                                                                                              \
        mode_t mode = 0;                                                                           \
        va_list list;                                                                              \
                                                                                                   \
        va_start(list, flags);                                                                     \
        if (has_mode(flags)) mode = va_arg(list, mode_t);                                          \
        va_end(list);                                                                              \
        return open_named(dirfd, path, flags, mode);                                               \
    }

OPEN(open, (const char *path, int flags, ...), AT_FDCWD)
OPEN(open64, (const char *path, int flags, ...), AT_FDCWD)
OPEN(openat, (int dirfd, const char *path, int flags, ...), dirfd)
OPEN(openat64, (int dirfd, const char *path, int flags, ...), dirfd)

/* What programs that check for buffer overflows call. */
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);

int __open_2(const char *path, int flags)
{
    return open_named(AT_FDCWD, path, flags, 0);
}

int __open64_2(const char *path, int flags)
{
    return open_named(AT_FDCWD, path, flags, 0);
}

/* --- names at descriptors
 * ------------------------------------------------------------------------- */

int fstatat(int dirfd, const char *path, struct stat *st, int flags)
{
    REAL(fstatat);
    struct name n;

    return real(dirfd, look_at(dirfd, path, (flags & AT_SYMLINK_NOFOLLOW) == 0, &n), st, flags);
}

int fstatat64(int dirfd, const char *path, struct stat64 *st, int flags)
{
    return fstatat(dirfd, path, (struct stat *)st, flags);
}

int faccessat(int dirfd, const char *path, int mode, int flags)
{
    REAL(faccessat);
    struct name n;

    return real(dirfd, look_at(dirfd, path, true, &n), mode, flags);
}

int unlinkat(int dirfd, const char *path, int flags)
{
    REAL(unlinkat);
    struct name n;

    return real(dirfd, look_at(dirfd, path, false, &n), flags);
}

int mkdirat(int dirfd, const char *path, mode_t mode)
{
    REAL(mkdirat);
    struct name n;

    return real(dirfd, look_at(dirfd, path, false, &n), mode);
}

/* --- two names, and names that come back
 * ---------------------------------------------------------- */

int rename(const char *from, const char *to)
{
    REAL(rename);
    struct name n, m;

    return real(look(from, false, &n), look(to, false, &m));
}

int link(const char *from, const char *to)
{
    REAL(link);
    struct name n, m;

    return real(look(from, false, &n), look(to, false, &m));
}

int symlink(const char *text, const char *path)
{
    REAL(symlink);
    struct name n;

    return real(text, look(path, false, &n));
}

char *realpath(const char *path, char *out)
{
    REAL(realpath);
    struct name n;
    char host[PATH_MAX];
    const char *guest;

    if (path == NULL || !native_is_called()) return real(path, out);
    if (real(look(path, true, &n), host) == NULL) return NULL;
    guest = native_guest_path(host);
    if (out == NULL) return strdup(guest);
    memmove(out, guest, strlen(guest) + 1);
    return out;
}

char *getcwd(char *out, size_t size)
{
    REAL(getcwd);
    char *at = real(out, size);
    const char *guest = at != NULL && native_is_called() ? native_guest_path(at) : at;

    if (guest != at) memmove(at, guest, strlen(guest) + 1);
    return at;
}

/* mkstemp and its kind: the last letters of the template are chosen. */
static int with_template(char *template, int suffix, int (*make)(char *host, void *context),
                         void *context)
{
    struct name n;
    const char *host = look(template, false, &n);
    size_t length = strlen(template), host_length = strlen(host), tail = (size_t)suffix + 6;
    int r;

    if (host == template || length < tail || host_length < tail) return make(template, context);
    r = make(n.text, context);
    if (r >= 0) memcpy(template + length - tail, n.text + host_length - tail, tail);
    return r;
}

struct temporary {
    int suffix, flags;
};

static int make_file(char *host, void *context)
{
    REAL(mkostemps);
    const struct temporary *t = context;

    return real(host, t->suffix, t->flags);
}

static int make_directory(char *host, void *context)
{
    REAL(mkdtemp);

    (void)context;
    return real(host) != NULL ? 0 : -1;
}

int mkostemps(char *template, int suffix, int flags)
{
    struct temporary t = {suffix, flags};

    return with_template(template, suffix, make_file, &t);
}

int mkstemp(char *template)
{
    return mkostemps(template, 0, 0);
}

int mkstemp64(char *template)
{
    return mkostemps(template, 0, 0);
}

int mkostemp(char *template, int flags)
{
    return mkostemps(template, 0, flags);
}

int mkstemps(char *template, int suffix)
{
    return mkostemps(template, suffix, 0);
}

char *mkdtemp(char *template)
{
    return with_template(template, 0, make_directory, NULL) == 0 ? template : NULL;
}
