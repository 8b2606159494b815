/*
 * Opening bundled files: each open makes a memory file. See bundle.h.
 *
 * ld.so reads a library's first bytes, maps it and closes it; what is mapped is the bundle's own
 * file. So a large ELF file gets no more than its first page at once. The rest is put in before the
 * process makes any other system call than those that ld.so makes between (bundle_may_wait): there
 * are seldom two such files, and nobody sees them unfilled.
 */
#include "rt/bundle.h"

#include "rt/guard.h"
#include "rt/kernel.h"
#include "rt/lock.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#define MEMFD_NAME_MAX 249
#define FIRST_PART     4096u
#define SMALL          (4 * FIRST_PART) /* not worth the trouble */

/* --- memory files -------------------------------------------------------------------------------
 */

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

/* The limit of the size of files is for those that the guest writes: raised for as long as one is
 * filled, as far as it can be. False: that isn't far enough. */
static bool raise_limit(u64 size, struct rlimit *old)
{
    struct rlimit most;

    if (getrlimit(RLIMIT_FSIZE, old) != 0 || old->rlim_cur >= size) return true;
    most = (struct rlimit){old->rlim_max, old->rlim_max};
    if (most.rlim_cur < size || setrlimit(RLIMIT_FSIZE, &most) != 0) {
        errno = EFBIG;
        return false;
    }
    return true;
}

static void restore_limit(u64 size, const struct rlimit *old)
{
    if (old->rlim_cur < size) setrlimit(RLIMIT_FSIZE, old);
}

static bool write_contents(int fd, const struct bundle_entry *e, u64 from, u64 end)
{
    const u8 *data = bundle_contents(e, from, end - from);

    while (from < end) {
        s64 n = host_syscall(SYS_pwrite64, (u64)fd, (u64)(data + from), end - from, from, 0, 0);

        if (n <= 0) return false;
        from += (u64)n;
    }
    return true;
}

/* Makes the file as large as its contents, and writes a part of them. */
static bool fill(int fd, const struct bundle_entry *e, u64 from, u64 end)
{
    u64 size = e->contents.size;
    struct rlimit old;
    bool done;

    if (!raise_limit(size, &old)) return false;
    done = ftruncate(fd, (off_t)size) == 0 && write_contents(fd, e, from, end);
    restore_limit(size, &old);
    return done;
}

/* What bundle_of_stat knows it by; times change with what is written. */
static bool sign(int fd, const struct bundle_entry *e)
{
    struct timespec times[2] = {{0, UTIME_NOW}, {bundle_seconds(e), (long)bundle_index(e)}};

    return futimens(fd, times) == 0;
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
        lseek(again, lseek(fd, 0, SEEK_CUR), SEEK_SET);
        dup3(again, fd, (int)flags & O_CLOEXEC);
        close(again);
    } else if ((flags & O_CLOEXEC) == 0) {
        fcntl(fd, F_SETFD, 0);
    }
}

static bool finish(int fd, const struct bundle_entry *e, u64 flags)
{
    const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;

    if (!sign(fd, e) || fcntl(fd, F_ADD_SEALS, seals) != 0) return false;
    (void)fchmod(fd, (e->mode & 0777) | (S_ISDIR(e->mode) ? BUNDLE_DIRECTORY_MARK : 0));
    make_read_only(fd, flags);
    return true;
}

/* --- files that wait for their contents ---------------------------------------------------------
 */

#define WAITING_MAX 4

static struct waiting {
    const struct files *files; /* whose descriptor it is: a vfork child has others */
    int fd;
    u64 flags;
    const struct bundle_entry *e;
} waiting[WAITING_MAX];
u32 bundle_waiting;
static struct lock waiting_lock;

static bool is_guest_elf(const struct bundle_entry *e)
{
    return memcmp(bundle_contents(e, 0, SELFMAG), ELFMAG, SELFMAG) == 0;
}

/* Only what no other program can get is left unfilled. */
static bool can_wait(const struct bundle_entry *e, u64 flags)
{
    return (flags & O_CLOEXEC) != 0 && (flags & O_PATH) == 0 && e->contents.size > SMALL &&
           is_guest_elf(e);
}

static bool make_wait(int fd, const struct bundle_entry *e, u64 flags)
{
    bool done = false;

    if (!can_wait(e, flags) || !fill(fd, e, 0, FIRST_PART) || !sign(fd, e)) return false;
    lock_take(&waiting_lock);
    if (bundle_waiting < WAITING_MAX) {
        waiting[bundle_waiting] = (struct waiting){thread_self->files, fd, flags, e};
        __atomic_store_n(&bundle_waiting, bundle_waiting + 1, __ATOMIC_RELEASE);
        done = true;
    }
    lock_drop(&waiting_lock);
    return done;
}

/* Lock held. */
static const struct waiting *waiting_for(s64 fd)
{
    for (u32 n = 0; n < bundle_waiting; n++)
        if (waiting[n].fd == fd && waiting[n].files == thread_self->files) return &waiting[n];
    return NULL;
}

void bundle_closed(s64 fd)
{
    const struct waiting *w;

    if (bundle_waiting == 0) return;
    lock_take(&waiting_lock);
    w = waiting_for(fd);
    if (w != NULL) {
        waiting[w - waiting] = waiting[bundle_waiting - 1];
        __atomic_store_n(&bundle_waiting, bundle_waiting - 1, __ATOMIC_RELEASE);
    }
    lock_drop(&waiting_lock);
}

bool bundle_reads_first_part(s64 fd, s64 from, u64 size)
{
    bool is_waiting;

    lock_take(&waiting_lock);
    is_waiting = waiting_for(fd) != NULL;
    lock_drop(&waiting_lock);
    if (!is_waiting) return true;
    if (from < 0) from = host_syscall(SYS_lseek, (u64)fd, 0, SEEK_CUR, 0, 0, 0);
    return from >= 0 && (u64)from <= FIRST_PART && size <= FIRST_PART - (u64)from;
}

void bundle_fill_waiting(void)
{
    u32 left = 0;

    lock_take(&waiting_lock);
    for (u32 n = 0; n < bundle_waiting; n++) {
        const struct waiting w = waiting[n];

        if (w.files != thread_self->files)
            waiting[left++] = w;
        else if (bundle_of_fd(w.fd, NULL) == w.e && fill(w.fd, w.e, FIRST_PART, w.e->contents.size))
            (void)finish(w.fd, w.e, w.flags);
    }
    __atomic_store_n(&bundle_waiting, left, __ATOMIC_RELEASE);
    lock_drop(&waiting_lock);
}

void bundle_before_fork(void)
{
    lock_take(&waiting_lock);
}

void bundle_after_fork(bool child)
{
    if (child)
        lock_reset(&waiting_lock);
    else
        lock_drop(&waiting_lock);
}

/* --- open ---------------------------------------------------------------------------------------
 */

static s64 open_entry(const struct bundle_entry *e, u64 flags)
{
    int fd = make_memory_file(e);
    s64 r;

    if (fd < 0) return -errno;
    if (S_ISREG(e->mode) && make_wait(fd, e, flags)) return fd;
    if ((S_ISREG(e->mode) && !fill(fd, e, 0, e->contents.size)) || !finish(fd, e, flags)) {
        r = errno != 0 ? -errno : -EIO;
        close(fd);
        return r;
    }
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
