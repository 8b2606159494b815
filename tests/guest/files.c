/*
 * Files: flags and structs that differ between the architectures, and the calls that Debian's
 * programs make most.
 */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

static void put(const char *name, const char *text)
{
    int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0640);

    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text) && close(fd) == 0);
}

static void open_flags(void)
{
    int fd;

    put("file", "0123456789");
    CHECK(mkdir("dir", 0755) == 0 && symlink("file", "link") == 0 && symlink("dir", "dlink") == 0);
    CHECK_ERRNO(open("file", O_RDONLY | O_DIRECTORY), ENOTDIR);
    fd = open("dir", O_RDONLY | O_DIRECTORY);
    CHECK(fd >= 0);
    CHECK((fcntl(fd, F_GETFL) & O_DIRECTORY) == O_DIRECTORY);
    close(fd);
    CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
    fd = open("link", O_PATH | O_NOFOLLOW);
    struct stat st;
    CHECK(fd >= 0 && fstat(fd, &st) == 0 && S_ISLNK(st.st_mode));
    close(fd);
    CHECK_ERRNO(open("file", O_CREAT | O_EXCL | O_WRONLY, 0600), EEXIST);
    fd = open("file", O_RDWR | O_APPEND | O_NONBLOCK);
    int flags = fcntl(fd, F_GETFL);
    CHECK((flags & O_ACCMODE) == O_RDWR && (flags & O_APPEND) && (flags & O_NONBLOCK));
    CHECK(!(flags & O_DIRECTORY) && !(flags & O_DIRECT));
    CHECK(fcntl(fd, F_SETFL, flags & ~O_APPEND) == 0 && !(fcntl(fd, F_GETFL) & O_APPEND));
    CHECK(fcntl(fd, F_GETFD) == 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0);
    CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
    int dup_fd = fcntl(fd, F_DUPFD_CLOEXEC, 50);
    CHECK(dup_fd >= 50 && close(dup_fd) == 0);
    close(fd);
    fd = open(".", O_TMPFILE | O_RDWR, 0600);
    CHECK(fd >= 0 || errno == EOPNOTSUPP);
    if (fd >= 0) CHECK(fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 0);
    close(fd);
    int fds[2];
    CHECK(pipe2(fds, O_DIRECT | O_CLOEXEC) == 0 && (fcntl(fds[1], F_GETFL) & O_DIRECT));
    close(fds[0]);
    close(fds[1]);
    struct open_how how = {.flags = O_RDONLY | O_DIRECTORY};
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)), ENOTDIR);
    how.flags = O_RDONLY;
    how.resolve = RESOLVE_NO_SYMLINKS;
    CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "link", &how, sizeof(how)), ELOOP);
}

static void status(void)
{
    struct stat a, b;
    struct statx x;
    struct statfs fs;

    CHECK(stat("file", &a) == 0 && a.st_size == 10 && (a.st_mode & 07777) == 0640);
    CHECK(a.st_nlink == 1 && a.st_uid == getuid() && a.st_gid == getgid() && a.st_blksize >= 512);
    CHECK(lstat("link", &b) == 0 && S_ISLNK(b.st_mode) && b.st_size == 4);
    CHECK(stat("link", &b) == 0 && b.st_ino == a.st_ino && b.st_dev == a.st_dev);
    CHECK(statx(AT_FDCWD, "file", 0, STATX_ALL, &x) == 0 && x.stx_size == 10 &&
          x.stx_ino == a.st_ino && makedev(x.stx_dev_major, x.stx_dev_minor) == a.st_dev);
    CHECK(statx(AT_FDCWD, "link", AT_SYMLINK_NOFOLLOW, STATX_ALL, &x) == 0 && S_ISLNK(x.stx_mode));
    struct timespec times[2] = {{1000, 123456789}, {2000, 987654321}};
    CHECK(utimensat(AT_FDCWD, "file", times, 0) == 0 && stat("file", &a) == 0);
    CHECK(a.st_atim.tv_sec == 1000 && a.st_atim.tv_nsec == 123456789);
    CHECK(a.st_mtim.tv_sec == 2000 && a.st_mtim.tv_nsec == 987654321);
    CHECK(stat("/dev/null", &a) == 0 && S_ISCHR(a.st_mode) && a.st_rdev == makedev(1, 3));
    CHECK(statfs(".", &fs) == 0 && fs.f_bsize > 0 && fs.f_namelen > 0);
    CHECK_ERRNO(stat("absent", &a), ENOENT);
    CHECK_ERRNO(stat("file/x", &a), ENOTDIR);
    CHECK_ERRNO(stat("", &a), ENOENT);
    CHECK(fstatat(AT_FDCWD, "", &a, AT_EMPTY_PATH) == 0 && S_ISDIR(a.st_mode));
    CHECK(access("file", R_OK) == 0 && faccessat(AT_FDCWD, "file", W_OK, AT_EACCESS) == 0);
    CHECK(chmod("file", 0600) == 0 && stat("file", &a) == 0 && (a.st_mode & 0777) == 0600);
    char long_name[5000];
    memset(long_name, 'a', sizeof(long_name));
    long_name[4999] = '\0';
    CHECK_ERRNO(stat(long_name, &a), ENAMETOOLONG);
}

static void names(void)
{
    char text[PATH_MAX], cwd[PATH_MAX];
    struct stat st;
    int dir;

    CHECK(readlink("link", text, sizeof(text)) == 4 && memcmp(text, "file", 4) == 0);
    CHECK(readlink("link", text, 2) == 2);
    CHECK_ERRNO(readlink("file", text, sizeof(text)), EINVAL);
    CHECK(link("file", "hard") == 0 && stat("hard", &st) == 0 && st.st_nlink == 2);
    CHECK(rename("hard", "dir/moved") == 0 && stat("dir/moved", &st) == 0);
    dir = open("dir", O_RDONLY);
    CHECK(fstatat(dir, "moved", &st, 0) == 0);
    CHECK(renameat2(dir, "moved", AT_FDCWD, "file", RENAME_NOREPLACE) == -1 && errno == EEXIST);
    CHECK(unlinkat(dir, "moved", 0) == 0);
    CHECK(mkdirat(dir, "sub", 0700) == 0 && unlinkat(dir, "sub", AT_REMOVEDIR) == 0);
    CHECK(mkfifo("fifo", 0600) == 0 && stat("fifo", &st) == 0 && S_ISFIFO(st.st_mode));
    CHECK(getcwd(cwd, sizeof(cwd)) != NULL && chdir("dir") == 0);
    CHECK(getcwd(text, sizeof(text)) != NULL && strncmp(text, cwd, strlen(cwd)) == 0 &&
          strcmp(text + strlen(cwd), "/dir") == 0);
    CHECK_ERRNO(syscall(SYS_getcwd, text, 3), ERANGE);
    CHECK(fchdir(dir) == 0 && chdir("..") == 0);
    close(dir);
    CHECK(truncate("file", 5) == 0 && stat("file", &st) == 0 && st.st_size == 5);
    mode_t old = umask(077);
    CHECK(umask(old) == 077);
}

static void directories(void)
{
    DIR *d = opendir(".");
    struct dirent *e;
    bool file = false, dir = false, link = false;
    int count = 0;

    while ((e = readdir(d)) != NULL) {
        count++;
        file |= strcmp(e->d_name, "file") == 0 && e->d_type == DT_REG && e->d_ino != 0;
        dir |= strcmp(e->d_name, "dir") == 0 && e->d_type == DT_DIR;
        link |= strcmp(e->d_name, "link") == 0 && e->d_type == DT_LNK;
    }
    CHECK(file && dir && link && count >= 5);
    closedir(d);
}

static void data(void)
{
    char a[8] = "", b[8] = "";
    struct iovec v[2] = {{a, 3}, {b, 4}};
    int fd, out, fds[2];
    off_t at = 2;

    put("data", "abcdefghij");
    fd = open("data", O_RDWR);
    CHECK(readv(fd, v, 2) == 7 && strcmp(a, "abc") == 0 && strcmp(b, "defg") == 0);
    CHECK(lseek(fd, 0, SEEK_CUR) == 7 && lseek(fd, -2, SEEK_END) == 8);
    CHECK_ERRNO(lseek(fd, -1, SEEK_SET), EINVAL);
    CHECK(pread(fd, a, 2, 5) == 2 && memcmp(a, "fg", 2) == 0);
    CHECK(pwrite(fd, "XY", 2, 0) == 2 && preadv(fd, v, 2, 0) == 7 && memcmp(a, "XYc", 3) == 0);
    CHECK(pwritev(fd, v, 1, 7) == 3 && preadv2(fd, v, 1, 7, 0) == 3 && memcmp(a, "XYc", 3) == 0);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    out = open("copy", O_RDWR | O_CREAT | O_TRUNC, 0600);
    CHECK(sendfile(out, fd, &at, 4) == 4 && at == 6);
    at = 0;
    CHECK(copy_file_range(fd, &at, out, NULL, 5, 0) == 5);
    CHECK(pread(out, a, 8, 0) == 8 && memcmp(a, "cdefXYcd", 8) == 0);
    CHECK(fallocate(out, 0, 0, 8192) == 0 || errno == EOPNOTSUPP);
    CHECK(fsync(out) == 0 && fdatasync(out) == 0 &&
          posix_fadvise(out, 0, 0, POSIX_FADV_DONTNEED) == 0);
    CHECK(flock(out, LOCK_EX | LOCK_NB) == 0 && flock(out, LOCK_UN) == 0);
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 4};
    CHECK(fcntl(out, F_SETLK, &lock) == 0 && fcntl(out, F_GETLK, &lock) == 0 &&
          lock.l_type == F_UNLCK);
    CHECK(pipe(fds) == 0 && write(fds[1], "splice", 6) == 6);
    CHECK(tee(fds[0], fds[1], 0, 0) <= 0);
    CHECK(splice(fds[0], NULL, out, NULL, 6, 0) == 6);
    int waiting = -1;
    CHECK(write(fds[1], "xyz", 3) == 3 && ioctl(fds[0], FIONREAD, &waiting) == 0 && waiting == 3);
    CHECK_ERRNO(ioctl(fd, TIOCGWINSZ, a), ENOTTY);
    CHECK(fsetxattr(fd, "user.test", "v", 1, 0) == 0 || errno == EOPNOTSUPP);
    CHECK(dup2(fd, 60) == 60 && close(60) == 0);
    CHECK_ERRNO(dup3(fd, fd, 0), EINVAL);
    CHECK_ERRNO(close(60), EBADF);
    CHECK(dup2(fd, 70) == 70 && close_range(65, 75, 0) == 0 && fcntl(70, F_GETFD) == -1);
    close(fd);
    close(out);
    close(fds[0]);
    close(fds[1]);
}

static void watching(void)
{
    char buf[512];
    int fd = inotify_init1(IN_NONBLOCK);

    CHECK(fd >= 0 && inotify_add_watch(fd, ".", IN_CREATE) > 0);
    put("watched", "");
    CHECK(read(fd, buf, sizeof(buf)) > 0);
    struct inotify_event *e = (struct inotify_event *)buf;
    CHECK((e->mask & IN_CREATE) && strcmp(e->name, "watched") == 0);
    close(fd);
}

/* A program starts with the three standard descriptors and no others. */
static void first_descriptor(void)
{
    int fd = open("/dev/null", O_RDONLY);

    CHECK(fd == 3);
    close(fd);
}

int main(void)
{
    first_descriptor();
    open_flags();
    status();
    names();
    directories();
    data();
    watching();
    return done();
}
