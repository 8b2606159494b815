/*
 * Bundled files that are open: what the memory files that stand for them look like, lists of
 * directories, mappings. See bundle.h.
 */
#include "rt/bundle.h"

#include "rt/guard.h"
#include "rt/kernel.h"
#include "rt/mm.h"

#include <dirent.h>
#include <errno.h>
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

s64 bundle_seconds(const struct bundle_entry *e)
{
    return (e->mtime - (e->mtime % BILLION + BILLION) % BILLION) / BILLION;
}

const struct bundle_entry *bundle_of_stat(const struct stat *st)
{
    const struct bundle_entry *e;

    /* Memory files have no name. */
    if (!bundle_on || st->st_nlink != 0 || !S_ISREG(st->st_mode)) return NULL;
    e = bundle_entry_at((u32)st->st_mtim.tv_nsec);
    if (e == NULL || st->st_mtim.tv_sec != bundle_seconds(e)) return NULL;
    if (S_ISDIR(e->mode))
        return (st->st_mode & BUNDLE_DIRECTORY_MARK) != 0 && st->st_size == 0 ? e : NULL;
    return (st->st_mode & BUNDLE_DIRECTORY_MARK) == 0 && (u64)st->st_size == e->contents.size
               ? e
               : NULL;
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
    struct timespec time = {bundle_seconds(e), e->mtime - bundle_seconds(e) * BILLION};

    *st = (struct stat){.st_dev = BUNDLE_DEV,
                        .st_ino = bundle_index(e) + 1,
                        .st_mode = e->mode,
                        .st_nlink = 1,
                        .st_size = S_ISDIR(e->mode)   ? BUNDLE_PAGE
                                   : S_ISLNK(e->mode) ? (s64)e->link_size
                                                      : (s64)e->contents.size,
                        .st_blksize = BUNDLE_PAGE,
                        .st_blocks = S_ISREG(e->mode) ? (s64)(e->contents.size + 511) / 512 : 0,
                        .st_atim = time,
                        .st_mtim = time,
                        .st_ctim = time};
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
    u64 end = ALIGN_UP(e->contents.size, (u64)GUEST_PAGE), inside;
    s64 own, at;

    if (offset % GUEST_PAGE != 0 || offset >= end || length == 0)
        return mm_map(addr, length, prot, flags, fd, offset);
    own = bundle_file();
    if (own < 0) {
        bundle_fill_waiting();
        return mm_map(addr, length, prot, flags, fd, offset);
    }
    inside = end - offset;
    (void)bundle_contents(e, offset, inside < length ? inside : length);
    if (inside >= length) {
        at = mm_map(addr, length, prot, flags, (int)own, e->contents.at + offset);
    } else { /* what lies behind its end faults */
        at = mm_map(addr, length, prot, flags, fd, offset);
        if (at >= 0)
            (void)mm_map((u64)at, inside, prot, (flags & ~(u32)MAP_FIXED_NOREPLACE) | MAP_FIXED,
                         (int)own, e->contents.at + offset);
    }
    close((int)own);
    return at;
}
