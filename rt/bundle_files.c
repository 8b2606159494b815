/*
 * Bundled files that are open: memory files that look like what they stand for. See bundle.h.
 */
#include "rt/bundle.h"

#include "rt/guard.h"
#include "rt/kernel.h"
#include "rt/mm.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define BILLION INT64_C(1000000000)

/* st_dev of bundled files: a block device's number that nobody has been given. */
#define BUNDLE_DEV makedev(4095, 0xfe44)

/* --- which entry a memory file is of ------------------------------------------------------------
 */

static s64 seconds(s64 ns)
{
    return (ns - (ns % BILLION + BILLION) % BILLION) / BILLION;
}

/* A directory's memory file has this mode bit, a file's not. */
#define DIRECTORY_MARK 01000u

const struct bundle_entry *bundle_of_stat(const struct stat *st)
{
    const struct bundle_entry *e;

    /* Memory files have no name. */
    if (!bundle_on || st->st_nlink != 0 || !S_ISREG(st->st_mode)) return NULL;
    e = bundle_entry_at((u32)st->st_mtim.tv_nsec);
    if (e == NULL || st->st_mtim.tv_sec != seconds(e->mtime)) return NULL;
    if (S_ISDIR(e->mode)) return (st->st_mode & DIRECTORY_MARK) != 0 && st->st_size == 0 ? e : NULL;
    return (st->st_mode & DIRECTORY_MARK) == 0 && (u64)st->st_size == e->size ? e : NULL;
}

const struct bundle_entry *bundle_of_fd(s64 fd, struct stat *st)
{
    const struct bundle_entry *e;
    struct stat own;

    if (!bundle_on || host_syscall(SYS_fstat, (u64)fd, (u64)&own, 0, 0, 0, 0) != 0) return NULL;
    e = bundle_of_stat(&own);
    if (e != NULL && st != NULL) bundle_stat(e, st);
    return e;
}

void bundle_stat(const struct bundle_entry *e, struct stat *st)
{
    struct timespec time = {seconds(e->mtime), e->mtime - seconds(e->mtime) * BILLION};

    *st = (struct stat){.st_dev = BUNDLE_DEV,
                        .st_ino = bundle_index(e) + 1,
                        .st_mode = e->mode,
                        .st_nlink = 1,
                        .st_size = S_ISDIR(e->mode) ? BUNDLE_PAGE : (s64)e->size,
                        .st_blksize = BUNDLE_PAGE,
                        .st_blocks = S_ISREG(e->mode) ? (s64)(e->size + 511) / 512 : 0,
                        .st_atim = time,
                        .st_mtim = time,
                        .st_ctim = time};
}

/* --- open ---------------------------------------------------------------------------------------
 */

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#define MEMFD_NAME_MAX 249

static int make_memory_file(const struct bundle_entry *e)
{
    char name[PATH_MAX];
    size_t n;
    int fd;

    bundle_name(e, name);
    n = strlen(name);
    if (n > MEMFD_NAME_MAX) memmove(name, name + n - MEMFD_NAME_MAX, MEMFD_NAME_MAX + 1);
    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0 && errno == EACCES) /* vm.memfd_noexec */
        fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
    return fd;
}

static bool fill(int fd, const struct bundle_entry *e)
{
    const u8 *from;
    u64 left;

    if (!S_ISREG(e->mode)) return true;
    from = bundle_contents(e);
    for (left = e->size; left != 0;) {
        s64 n = host_syscall(SYS_write, (u64)fd, (u64)from, left, 0, 0, 0);

        if (n <= 0) return false;
        from += n;
        left -= (u64)n;
    }
    return lseek(fd, 0, SEEK_SET) == 0;
}

/* The same file read-only, under the same number. Where there is no /proc, or no room for another
 * descriptor, the seals must do. */
static void make_read_only(int fd, u64 flags)
{
    u64 kept = flags & (u64)(O_CLOEXEC | O_NONBLOCK | O_APPEND | O_PATH | O_NOATIME);
    char link[32];
    int again;

    snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    again = open(link, (int)kept | O_RDONLY | O_CLOEXEC);
    if (again >= 0) {
        dup3(again, fd, (int)flags & O_CLOEXEC);
        close(again);
    } else if ((flags & O_CLOEXEC) == 0) {
        fcntl(fd, F_SETFD, 0);
    }
}

static s64 open_entry(const struct bundle_entry *e, u64 flags)
{
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    struct timespec times[2] = {{0, UTIME_NOW}, {seconds(e->mtime), (long)bundle_index(e)}};
    int fd = make_memory_file(e);
    s64 r;

    if (fd < 0) return -errno;
    if (!fill(fd, e) || futimens(fd, times) != 0 || fcntl(fd, F_ADD_SEALS, seals) != 0) {
        r = errno != 0 ? -errno : -EIO;
        close(fd);
        return r;
    }
    (void)fchmod(fd, (e->mode & 0777) | (S_ISDIR(e->mode) ? DIRECTORY_MARK : 0));
    make_read_only(fd, flags);
    return fd;
}

/* Whether anything can be made in the directory that a missing name would be in. */
static s64 missing(const char *inside, s64 error)
{
    const struct bundle_entry *parent;
    char path[PATH_MAX], *slash;

    if (error != -ENOENT) return error;
    slash = strrchr(strcpy(path, inside), '/');
    slash[slash == path] = '\0';
    parent = bundle_find(path, NULL);
    return parent != NULL && S_ISDIR(parent->mode) ? -EROFS : -ENOENT;
}

s64 bundle_open(const char *inside, u64 flags)
{
    bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0;
    s64 error = -ENOENT;
    const struct bundle_entry *e = bundle_find(inside, &error);

    if (e == NULL) return (flags & O_CREAT) != 0 ? missing(inside, error) : error;
    if ((flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL)) return -EEXIST;
    if ((flags & O_TMPFILE) == O_TMPFILE) return S_ISDIR(e->mode) ? -EROFS : -ENOTDIR;
    if (S_ISLNK(e->mode)) return -ELOOP;
    if (S_ISDIR(e->mode))
        return (flags & O_PATH) == 0 && (writes || (flags & O_CREAT) != 0) ? -EISDIR
                                                                           : open_entry(e, flags);
    if ((flags & O_DIRECTORY) != 0) return -ENOTDIR;
    if ((flags & O_PATH) == 0 && writes) return -EROFS;
    return open_entry(e, flags);
}

/* --- lists of directories -----------------------------------------------------------------------
 *
 * Places in the list, which the file offset counts: ".", "..", the bundle's entries, then the
 * host's that the bundle hasn't got, by their place in the host's list.
 */

struct list {
    u8 *out;
    u64 size, used; /* of the buffer */
    bool full;
};

struct guest_dirent { /* struct linux_dirent64 */
    u64 ino;
    s64 offset;
    u16 length;
    u8 type;
    char name[];
} __attribute__((packed));

/* Puts one in, whose successor is at place `next`. */
static bool put(struct list *l, u64 ino, u8 type, const char *name, u64 next)
{
    size_t n = strlen(name) + 1, length = ALIGN_UP(sizeof(struct guest_dirent) + n, (size_t)8);
    struct guest_dirent head = {ino, (s64)next, (u16)length, type};

    if (length > l->size - l->used) {
        l->full = true;
        return false;
    }
    memset(l->out + l->used, 0, length);
    memcpy(l->out + l->used, &head, sizeof(head));
    memcpy(l->out + l->used + sizeof(head), name, n);
    l->used += length;
    return true;
}

static u8 type_of(const struct bundle_entry *e)
{
    return (u8)(e->mode >> 12);
}

/* The bundle's part from `place` on; the place that comes next. */
static u64 put_own(struct list *l, const struct bundle_entry *e, u64 place)
{
    u32 parent = e->parent;

    if (place == 0 && put(l, bundle_index(e) + 1, DT_DIR, ".", 1)) place = 1;
    if (place == 1 && put(l, parent + 1, DT_DIR, "..", 2)) place = 2;
    while (place >= 2 && place - 2 < e->count) {
        const struct bundle_entry *child = bundle_entry_at(e->first + (u32)(place - 2));
        char path[PATH_MAX];

        bundle_name(child, path);
        if (!put(l, bundle_index(child) + 1, type_of(child), strrchr(path, '/') + 1, place + 1))
            break;
        place++;
    }
    return place;
}

static bool has_child(const char *directory, const char *name)
{
    char path[2 * PATH_MAX];

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return bundle_find(path, NULL) != NULL;
}

/* The host's part, the first of which is at place `first`, from `place` on. */
static u64 put_hosts(struct list *l, const char *path, u64 first, u64 place)
{
    DIR *d = opendir(path);
    u64 at = first;
    struct dirent *h;

    while (d != NULL && !l->full && (h = readdir(d)) != NULL) {
        if (strcmp(h->d_name, ".") == 0 || strcmp(h->d_name, "..") == 0) continue;
        if (at++ < place || has_child(path, h->d_name)) continue;
        if (!put(l, h->d_ino, h->d_type, h->d_name, at)) break;
        place = at;
    }
    if (d != NULL) closedir(d);
    return place;
}

s64 bundle_getdents(const struct bundle_entry *e, s64 fd, u64 buffer, u64 size)
{
    u8 out[8192];
    struct list l = {.out = out, .size = size < sizeof(out) ? size : sizeof(out)};
    s64 place = host_syscall(SYS_lseek, (u64)fd, 0, SEEK_CUR, 0, 0, 0);
    u64 next;

    if (!S_ISDIR(e->mode)) return -ENOTDIR;
    if (place < 0) return place;
    next = put_own(&l, e, (u64)place);
    if (!l.full && (e->flags & BUNDLE_WHOLE) == 0) {
        char path[PATH_MAX];

        bundle_name(e, path);
        next = put_hosts(&l, path, 2 + (u64)e->count, next);
    }
    if (l.used == 0) return l.full ? -EINVAL : 0;
    if (!guest_write(buffer, out, l.used)) return -EFAULT;
    host_syscall(SYS_lseek, (u64)fd, next, SEEK_SET, 0, 0, 0);
    return (s64)l.used;
}

/* --- mappings -----------------------------------------------------------------------------------
 */

s64 bundle_map(const struct bundle_entry *e, u64 addr, u64 length, u32 prot, u32 flags, int fd,
               u64 offset)
{
    u64 end = ALIGN_UP(e->size, (u64)GUEST_PAGE), inside;
    s64 own, at;

    if (offset % GUEST_PAGE != 0 || offset >= end || length == 0)
        return mm_map(addr, length, prot, flags, fd, offset);
    own = bundle_file();
    if (own < 0) return mm_map(addr, length, prot, flags, fd, offset);
    (void)bundle_contents(e);
    inside = end - offset;
    if (inside >= length) {
        at = mm_map(addr, length, prot, flags, (int)own, e->at + offset);
    } else { /* what lies behind its end faults */
        at = mm_map(addr, length, prot, flags, fd, offset);
        if (at >= 0)
            (void)mm_map((u64)at, inside, prot, (flags & ~(u32)MAP_FIXED_NOREPLACE) | MAP_FIXED,
                         (int)own, e->at + offset);
    }
    close((int)own);
    return at;
}
