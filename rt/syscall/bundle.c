/*
 * System calls on bundled names that have no handler of their own: what there is can be looked at,
 * and nothing can be changed, as on a read-only file system.
 */
#include "rt/syscall/syscall.h"

#include "rt/bundle.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452
#endif

static s64 check_access(const struct bundle_entry *e, u64 mode)
{
    if ((mode & ~(u64)(R_OK | W_OK | X_OK)) != 0) return -EINVAL;
    if ((mode & W_OK) != 0) return -EROFS;
    return (mode & X_OK) != 0 && !S_ISDIR(e->mode) && (e->mode & 0111) == 0 ? -EACCES : 0;
}

static s64 write_statfs(u64 address)
{
    struct statfs s = {.f_type = 0x73717368, /* SQUASHFS_MAGIC */
                       .f_bsize = BUNDLE_PAGE,
                       .f_frsize = BUNDLE_PAGE,
                       .f_namelen = 255,
                       .f_flags = 0x20 | 1}; /* ST_VALID, ST_RDONLY */

    return guest_write(address, &s, sizeof(s)) ? 0 : -EFAULT;
}

s64 bundle_write_statx(const struct bundle_entry *e, u64 address)
{
    struct stat st;
    struct statx x;

    bundle_stat(e, &st);
    x = (struct statx){.stx_mask = STATX_BASIC_STATS,
                       .stx_blksize = (u32)st.st_blksize,
                       .stx_nlink = (u32)st.st_nlink,
                       .stx_mode = (u16)st.st_mode,
                       .stx_ino = st.st_ino,
                       .stx_size = (u64)st.st_size,
                       .stx_blocks = (u64)st.st_blocks,
                       .stx_mtime = {st.st_mtim.tv_sec, (u32)st.st_mtim.tv_nsec, 0},
                       .stx_dev_major = major(st.st_dev),
                       .stx_dev_minor = minor(st.st_dev)};
    x.stx_atime = x.stx_ctime = x.stx_mtime;
    return guest_write(address, &x, sizeof(x)) ? 0 : -EFAULT;
}

/* A call that makes the name, or what it makes if the name is there. */
static s64 make(const char *inside)
{
    return bundle_open(inside, O_CREAT | O_EXCL | O_WRONLY);
}

/* Open files are files again there. */
static bool is_in_proc(u64 path)
{
    char start[5] = "";

    return !guest_read(start, path, 4) || strcmp(start, "/pro") == 0 || strcmp(start, "/dev") == 0;
}

/* Numbers of Linux/arm64: what ld.so does between the open and the close of a library, and what has
 * to do with memory alone. */
bool bundle_may_wait(u64 nr, const u64 *a)
{
    switch (nr) {
    case 56: /* openat */ return !is_in_proc(a[1]);
    case 48:  /* faccessat */
    case 57:  /* close */
    case 79:  /* newfstatat */
    case 80:  /* fstat */
    case 214: /* brk */
    case 215: /* munmap */
    case 226: /* mprotect */ return true;
    case 63: /* read */ return bundle_reads_first_part((s32)a[0], -1, a[2]);
    case 67: /* pread64 */ return bundle_reads_first_part((s32)a[0], (s64)a[3], a[2]);
    case 222: /* mmap */ return (a[3] & MAP_SHARED) == 0;
    default: return false;
    }
}

s64 bundle_call(long nr, const char *inside, const u64 *a)
{
    s64 error = 0;
    const struct bundle_entry *e = bundle_find(inside, &error);

    switch (nr) {
    case SYS_mkdirat:
    case SYS_mknodat:
    case SYS_symlinkat:
    case SYS_linkat: return make(inside);
    default: break;
    }
    if (e == NULL) return nr == SYS_renameat || nr == SYS_renameat2 ? make(inside) : error;
    switch (nr) {
    case SYS_faccessat:
    case SYS_faccessat2: return check_access(e, a[2]);
    case SYS_statfs: return write_statfs(a[1]);
    case SYS_statx: return bundle_write_statx(e, a[4]);
    case SYS_getxattr:
    case SYS_lgetxattr: return -ENODATA;
    case SYS_listxattr:
    case SYS_llistxattr: return 0;
    case SYS_unlinkat:
    case SYS_truncate:
    case SYS_fchmodat:
    case SYS_fchmodat2:
    case SYS_fchownat:
    case SYS_utimensat:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_setxattr:
    case SYS_lsetxattr:
    case SYS_removexattr:
    case SYS_lremovexattr: return -EROFS;
    case SYS_name_to_handle_at: return -EOPNOTSUPP;
    default: return -EACCES;
    }
}
