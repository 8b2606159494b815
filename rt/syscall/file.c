/*
 * Files by path, and status: where arm64's flags and structs differ, or /proc must look like
 * arm64's.
 */
#include "rt/syscall/syscall.h"

#include "rt/bundle.h"
#include "rt/native_run.h"
#include "rt/options.h"
#include "rt/path.h"
#include "rt/proc_name.h"
#include "rt/process.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* O_ flags of asm/fcntl.h that differ. */
#define ARM64_O_DIRECTORY 040000u
#define ARM64_O_NOFOLLOW  0100000u
#define ARM64_O_DIRECT    0200000u
#define ARM64_O_LARGEFILE 0400000u
#define HOST_O_DIRECT     040000u
#define HOST_O_LARGEFILE  0100000u
#define HOST_O_DIRECTORY  0200000u
#define HOST_O_NOFOLLOW   0400000u
#define STAT_FLAGS        (AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT)
#define DIFFERING         (ARM64_O_DIRECTORY | ARM64_O_NOFOLLOW | ARM64_O_DIRECT | ARM64_O_LARGEFILE)

u64 open_flags_to_host(u64 flags)
{
    return (flags & ~(u64)DIFFERING) | ((flags & ARM64_O_DIRECTORY) != 0 ? HOST_O_DIRECTORY : 0) |
           ((flags & ARM64_O_NOFOLLOW) != 0 ? HOST_O_NOFOLLOW : 0) |
           ((flags & ARM64_O_DIRECT) != 0 ? HOST_O_DIRECT : 0) |
           ((flags & ARM64_O_LARGEFILE) != 0 ? HOST_O_LARGEFILE : 0);
}

u64 open_flags_to_guest(u64 flags)
{
    return (flags & ~(u64)DIFFERING) | ((flags & HOST_O_DIRECTORY) != 0 ? ARM64_O_DIRECTORY : 0) |
           ((flags & HOST_O_NOFOLLOW) != 0 ? ARM64_O_NOFOLLOW : 0) |
           ((flags & HOST_O_DIRECT) != 0 ? ARM64_O_DIRECT : 0) |
           ((flags & HOST_O_LARGEFILE) != 0 ? ARM64_O_LARGEFILE : 0);
}

/* struct stat of arm64 (asm-generic/stat.h). */
struct guest_stat {
    u64 dev, ino;
    u32 mode, nlink, uid, gid;
    u64 rdev, pad1;
    s64 size;
    s32 blksize, pad2;
    s64 blocks;
    s64 atime;
    u64 atime_nsec;
    s64 mtime;
    u64 mtime_nsec;
    s64 ctime;
    u64 ctime_nsec;
    u32 unused[2];
};
_Static_assert(sizeof(struct guest_stat) == 128, "asm-generic/stat.h");

static s64 write_stat(u64 address, const struct stat *st)
{
    struct guest_stat g = {.dev = st->st_dev,
                           .ino = st->st_ino,
                           .mode = st->st_mode,
                           .nlink = (u32)st->st_nlink,
                           .uid = st->st_uid,
                           .gid = st->st_gid,
                           .rdev = st->st_rdev,
                           .size = st->st_size,
                           .blksize = (s32)st->st_blksize,
                           .blocks = st->st_blocks,
                           .atime = st->st_atim.tv_sec,
                           .atime_nsec = (u64)st->st_atim.tv_nsec,
                           .mtime = st->st_mtim.tv_sec,
                           .mtime_nsec = (u64)st->st_mtim.tv_nsec,
                           .ctime = st->st_ctim.tv_sec,
                           .ctime_nsec = (u64)st->st_ctim.tv_nsec};

    return guest_write(address, &g, sizeof(g)) ? 0 : -EFAULT;
}

/* A memory file that stands for a bundled one looks like that. */
static void show_bundled(struct stat *st)
{
    const struct bundle_entry *e = bundle_of_stat(st);

    if (e != NULL) bundle_stat(e, st);
}

/* stat of a bundled name. */
static s64 stat_bundled(const char *inside, struct stat *st)
{
    s64 error = 0;
    const struct bundle_entry *e = bundle_find(inside, &error);

    if (e != NULL) bundle_stat(e, st);
    return error;
}

s64 sys_fstat(struct thread *t, const u64 *a)
{
    struct stat st;
    s64 r = guest_syscall(t, SYS_fstat, a[0], (u64)&st, 0, 0, 0, 0);

    if (r == 0) show_bundled(&st);
    return r != 0 ? r : write_stat(a[1], &st);
}

s64 sys_newfstatat(struct thread *t, const u64 *a)
{
    struct stat st;
    struct path path;
    s64 r = path_resolve_existing(
        t, (s32)a[0], a[1], (a[3] & AT_SYMLINK_NOFOLLOW) != 0 ? PATH_NOFOLLOW : PATH_FOLLOW, &path);

    if (r == 0 && bundle_inside(path.host) != NULL) {
        r = stat_bundled(bundle_inside(path.host), &st);
    } else if (r == 0 && path.error != 0 && (a[3] & ~(u64)STAT_FLAGS) == 0) {
        r = path.error;
    } else if (r == 0) {
        r = guest_syscall(t, SYS_newfstatat, a[0], (u64)path.host, (u64)&st, a[3], 0, 0);
        if (r == 0) show_bundled(&st);
    }
    return r != 0 ? r : write_stat(a[2], &st);
}

s64 sys_faccessat(struct thread *t, const u64 *a)
{
    struct path path;
    s64 r;

    if (native_preloads(t, a[1])) return 0;
    r = path_resolve_existing(t, (s32)a[0], a[1], PATH_FOLLOW, &path);
    if (r != 0) return r;
    if (path.error != 0 && (a[2] & ~(u64)(R_OK | W_OK | X_OK)) == 0) return path.error;
    if (bundle_inside(path.host) != NULL)
        return bundle_call(SYS_faccessat, bundle_inside(path.host), a);
    return guest_syscall(t, SYS_faccessat, a[0], (u64)path.host, a[2], 0, 0, 0);
}

/* Whether open(2) follows a link at a path's end. */
static enum path_last last_of_open(u64 flags)
{
    bool makes_new = (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL);

    return (flags & O_NOFOLLOW) != 0 || makes_new ? PATH_NOFOLLOW : PATH_FOLLOW;
}

s64 sys_openat(struct thread *t, const u64 *a)
{
    u64 flags = open_flags_to_host(a[2]);
    struct path path;
    const char *stub;
    s64 r = (flags & O_CREAT) != 0
                ? path_resolve(t, (s32)a[0], a[1], last_of_open(flags), &path)
                : path_resolve_existing(t, (s32)a[0], a[1], last_of_open(flags), &path);

    if (r != 0) return r;
    if (bundle_inside(path.host) != NULL) return bundle_open(bundle_inside(path.host), flags);
    r = proc_open((s64)a[0], path.host, flags);
    if (r != -ENOSYS) return r;
    if (native_preloads(t, a[1])) return native_open_preload(path.host);
    stub = (flags & (O_ACCMODE | O_CREAT | O_PATH)) == 0 ? native_open(t, a[1], path.host) : NULL;
    if (stub != NULL) {
        r = guest_syscall(t, SYS_openat, a[0], (u64)stub, flags, a[3], 0, 0);
        native_opened();
        return r;
    }
    if (path.error != 0 && (flags & O_CREAT) == 0) return path.error;
    return guest_syscall(t, SYS_openat, a[0], (u64)path.host, flags, a[3], 0, 0);
}

s64 sys_openat2(struct thread *t, const u64 *a)
{
    struct open_how how;
    struct path path;
    u64 extra;
    s64 r;

    if (a[3] < sizeof(how)) return -EINVAL;
    for (u64 at = sizeof(how); at < a[3]; at += 8) {
        extra = 0;
        if (!guest_read(&extra, a[2] + at, a[3] - at < 8 ? a[3] - at : 8)) return -EFAULT;
        if (extra != 0) return -E2BIG;
    }
    if (!guest_read(&how, a[2], sizeof(how))) return -EFAULT;
    how.flags = open_flags_to_host(how.flags);
    if (how.resolve != 0)
        return guest_syscall(t, SYS_openat2, a[0], a[1], (u64)&how, sizeof(how), 0, 0);
    r = path_resolve(t, (s32)a[0], a[1], last_of_open(how.flags), &path);
    if (r == 0 && bundle_inside(path.host) != NULL)
        return bundle_open(bundle_inside(path.host), how.flags);
    if (r == 0) r = proc_open((s64)a[0], path.host, how.flags);
    if (r != -ENOSYS) return r;
    return guest_syscall(t, SYS_openat2, a[0], (u64)path.host, (u64)&how, sizeof(how), 0, 0);
}

static s64 readlink_bundled(const char *inside, const u64 *a)
{
    char target[PATH_MAX];
    s64 error = 0, n;

    if ((s32)a[3] <= 0) return -EINVAL;
    if (bundle_find(inside, &error) == NULL) return error;
    n = bundle_readlink(inside, target, sizeof(target));
    if (n < 0) return -errno;
    if (n > (s32)a[3]) n = (s32)a[3];
    return guest_write(a[2], target, (size_t)n) ? n : -EFAULT;
}

/* What a link in /proc that holds a host path shows the guest. */
static const char *linked_name(struct thread *t, const char *link, char *target)
{
    struct proc_file file;

    static const char memory_file[] = "/memfd:/", deleted[] = " (deleted)";
    size_t n = strlen(target), m = strlen(deleted);

    if (bundle_cwd(t->fs) != NULL && proc_parse(link, &file) && file.pid == getpid() &&
        strcmp(file.name, "cwd") == 0) {
        bundle_name(bundle_cwd(t->fs), target);
        return target;
    }
    if (bundle_on && strncmp(target, memory_file, strlen(memory_file)) == 0 && n > m &&
        strcmp(target + n - m, deleted) == 0) { /* an open bundled file */
        target[n - m] = '\0';
        return target + strlen(memory_file) - 1;
    }
    return path_to_guest(target);
}

s64 sys_readlinkat(struct thread *t, const u64 *a)
{
    struct path path;
    char target[PATH_MAX];
    const char *text = target;
    bool program;
    s64 n, r = path_resolve_existing(t, (s32)a[0], a[1], PATH_NOFOLLOW, &path);

    if (r != 0) return r;
    if ((s32)a[3] <= 0) return -EINVAL;
    if (path.error != 0) return path.error;
    if (bundle_inside(path.host) != NULL) return readlink_bundled(bundle_inside(path.host), a);
    program = proc_link((s64)a[0], path.host, target);
    if (!program) {
        n = guest_syscall(t, SYS_readlinkat, a[0], (u64)path.host, (u64)target, sizeof(target) - 1,
                          0, 0);
        if (n < 0) return n;
        target[n] = '\0';
    }
    if (program || strncmp(path.host, "/proc/", 6) == 0) { /* links that hold host paths */
        text = linked_name(t, path.host, target);
        n = (s64)strlen(text);
    }
    if (n > (s32)a[3]) n = (s32)a[3];
    return guest_write(a[2], text, (size_t)n) ? n : -EFAULT;
}

s64 sys_linkat(struct thread *t, const u64 *a)
{
    struct path from, to;
    s64 r = path_resolve(t, (s32)a[0], a[1],
                         (a[4] & AT_SYMLINK_FOLLOW) != 0 ? PATH_FOLLOW : PATH_NOFOLLOW, &from);

    if (r == 0) r = path_resolve(t, (s32)a[2], a[3], PATH_ENTRY, &to);
    if (r != 0) return r;
    if (bundle_inside(to.host) != NULL) return bundle_call(SYS_linkat, bundle_inside(to.host), a);
    if (bundle_inside(from.host) != NULL) return -EXDEV;
    return guest_syscall(t, SYS_linkat, a[0], (u64)from.host, a[2], (u64)to.host, a[4], 0);
}

s64 sys_getcwd(struct thread *t, const u64 *a)
{
    char path[PATH_MAX];
    const char *guest;
    s64 n = host_syscall(SYS_getcwd, (u64)path, sizeof(path), 0, 0, 0, 0);

    if (bundle_cwd(t->fs) != NULL)
        bundle_name(bundle_cwd(t->fs), path);
    else if (n < 0)
        return n;
    guest = path_to_guest(path);
    n = (s64)strlen(guest) + 1;
    if ((u64)n > a[1]) return -ERANGE;
    return guest_write(a[0], guest, (size_t)n) ? n : -EFAULT;
}

static void note_cwd(struct thread *t)
{
    char path[PATH_MAX];

    if (bundle_on) bundle_set_cwd(t->fs, 0);
    if (options.sysroot[0] != '\0')
        t->fs->cwd_in_sysroot = host_syscall(SYS_getcwd, (u64)path, sizeof(path), 0, 0, 0, 0) > 0 &&
                                path_in_sysroot(path);
}

/* The kernel's working directory is the host's of that name, or none in particular. */
static s64 enter_bundled(struct thread *t, const struct bundle_entry *e)
{
    char path[PATH_MAX];

    if (!S_ISDIR(e->mode)) return -ENOTDIR;
    bundle_name(e, path);
    if ((e->flags & BUNDLE_WHOLE) != 0 || host_syscall(SYS_chdir, (u64)path, 0, 0, 0, 0, 0) != 0)
        host_syscall(SYS_chdir, (u64) "/", 0, 0, 0, 0, 0);
    bundle_set_cwd(t->fs, bundle_index(e) + 1);
    return 0;
}

s64 sys_chdir(struct thread *t, const u64 *a)
{
    struct path path;
    s64 r = path_resolve(t, AT_FDCWD, a[0], PATH_FOLLOW, &path);

    if (r == 0 && bundle_inside(path.host) != NULL) {
        const struct bundle_entry *e = bundle_find(bundle_inside(path.host), &r);

        return e != NULL ? enter_bundled(t, e) : r;
    }
    if (r == 0) r = guest_syscall(t, SYS_chdir, (u64)path.host, 0, 0, 0, 0, 0);
    if (r == 0) note_cwd(t);
    return r;
}

s64 sys_chroot(struct thread *t, const u64 *a)
{
    struct path path;
    s64 r = path_resolve(t, AT_FDCWD, a[0], PATH_FOLLOW, &path);

    if (r == 0) process_keep_self(t);
    if (r == 0) r = guest_syscall(t, SYS_chroot, (u64)path.host, 0, 0, 0, 0, 0);
    if (r == 0) t->fs->has_own_root = true;
    return r;
}

/*
 * The sysroot need not be a mount point; that its propagation changes is meant for all below "/"
 * (mount_namespaces(7)), which is the host's. With MS_BIND and MS_MOVE the source is a path too.
 */
s64 sys_mount(struct thread *t, const u64 *a)
{
    const u64 propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;
    bool source_is_path = a[3] & (MS_BIND | MS_MOVE) && !(a[3] & MS_REMOUNT);
    struct path source, target;
    s64 r = path_resolve(t, AT_FDCWD, a[1], PATH_FOLLOW, &target);

    if (r == 0 && source_is_path) r = path_resolve(t, AT_FDCWD, a[0], PATH_FOLLOW, &source);
    if (r != 0) return r;
    if (a[3] & propagation && !strcmp(path_to_guest(target.host), "/")) strcpy(target.host, "/");
    return guest_syscall(t, SYS_mount, source_is_path ? (u64)source.host : a[0], (u64)target.host,
                         a[2], a[3], a[4], 0);
}

s64 sys_pivot_root(struct thread *t, const u64 *a)
{
    struct path root, old;
    s64 r = path_resolve(t, AT_FDCWD, a[0], PATH_FOLLOW, &root);

    if (r == 0) r = path_resolve(t, AT_FDCWD, a[1], PATH_FOLLOW, &old);
    if (r == 0) process_keep_self(t);
    if (r == 0) r = guest_syscall(t, SYS_pivot_root, (u64)root.host, (u64)old.host, 0, 0, 0, 0);
    if (r == 0) t->fs->has_own_root = true;
    return r;
}

s64 sys_fchdir(struct thread *t, const u64 *a)
{
    const struct bundle_entry *e = bundle_of_fd((s32)a[0], NULL);
    s64 r;

    if (e != NULL) return enter_bundled(t, e);
    r = guest_syscall(t, SYS_fchdir, a[0], 0, 0, 0, 0, 0);
    if (r == 0) note_cwd(t);
    return r;
}
