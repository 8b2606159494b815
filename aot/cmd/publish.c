/*
 * Publication: a temporary file beside the name that it is to have, synced, then renamed. Temporary
 * files of images are written under the cache's shared lock, so whoever holds it exclusively knows
 * that all he sees were left by the dead.
 */
#include "aot/cmd/publish.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "aot/image/cache.h"
#include "aot/xlat.h"

/* What to remove when a signal ends this process; "" for nothing. */
static char temporary[2 * PATH_MAX];

void publish_abandon(void)
{
    if (temporary[0]) unlink(temporary);
}

/* --- directories --------------------------------------------------------------------------------
 */

const char *store_prepare(const char *dir)
{
    struct stat st;
    if (stat(dir, &st) && !cache_make(dir)) return strerror(errno);
    if (stat(dir, &st)) return strerror(errno);
    if (!S_ISDIR(st.st_mode)) return strerror(ENOTDIR);
    if (st.st_uid != geteuid() && st.st_uid != 0) return "it belongs to another user";
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return "others can write it, so its images aren't trusted";
    int lock = store_lock(dir, false);
    if (lock < 0) return strerror(errno);
    close(lock);
    return NULL;
}

int store_lock(const char *dir, bool exclusive)
{
    char path[PATH_MAX + 8];
    snprintf(path, sizeof path, "%s/lock", dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    int r;
    do r = flock(fd, exclusive ? LOCK_EX | LOCK_NB : LOCK_SH);
    while (r && errno == EINTR);
    /* Where files can't be locked nobody removes anything, and that is all that the lock is for. */
    if (!r || !exclusive) return fd;
    close(fd);
    return -1;
}

/* --- files --------------------------------------------------------------------------------------
 */

/* Opens a temporary file beside `file`. Its name is random: process numbers of two containers that
 * share a cache may be the same. */
static int open_temporary(const char *file)
{
    const char *slash = strrchr(file, '/');
    int fd = -1;
    for (unsigned n = 0; fd < 0 && (!n || (errno == EEXIST && n < 100)); n++) {
        u32 random = 0;
        if (getrandom(&random, sizeof random, GRND_NONBLOCK) < 0) random = (u32)getpid() + n;
        int size =
            snprintf(temporary, sizeof temporary, "%.*s.%s.%08x.tmp",
                     slash ? (int)(slash + 1 - file) : 0, file, slash ? slash + 1 : file, random);
        if (size < 0 || (size_t)size >= sizeof temporary) temporary[0] = '\0';
        fd = open(temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    }
    if (fd < 0) temporary[0] = '\0';
    return fd;
}

/* Gives the temporary file its name, or removes it. 0 or an errno: `error`, or a new one. */
static int settle(int fd, const char *file, int error)
{
    if (!error && fsync(fd)) error = errno;
    if (!error && rename(temporary, file)) error = errno;
    if (error) unlink(temporary);
    temporary[0] = '\0';
    return error;
}

static int write_image(int fd, struct converted *c)
{
    return image_write(fd, &c->header, c->bytes, &c->debug);
}

static int write_all(int fd, const void *data, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t n = write(fd, (const u8 *)data + at, size - at);
        if (n < 0) return errno;
        at += (size_t)n;
    }
    return 0;
}

/* Devices and pipes stay what they are: what is written into them. */
static bool is_stream(const char *file)
{
    struct stat st;
    return stat(file, &st) == 0 && !S_ISREG(st.st_mode);
}

static int write_stream(const char *file, const void *data, size_t size)
{
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return errno;
    int error = write_all(fd, data, size);
    if (close(fd) && !error) error = errno;
    return error;
}

static int stream_image(const char *file, struct converted *c)
{
    int fd = memfd_create("image", MFD_CLOEXEC);
    if (fd < 0) return errno;
    int error = write_image(fd, c);
    u64 size = c->header.file_size;
    void *data = error ? MAP_FAILED : mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (!error) error = data == MAP_FAILED ? errno : write_stream(file, data, size);
    if (data != MAP_FAILED) munmap(data, size);
    close(fd);
    return error;
}

int publish_file(const char *file, struct converted *c)
{
    char real[PATH_MAX];
    if (is_stream(file)) return stream_image(file, c);
    if (realpath(file, real)) file = real;
    int fd = open_temporary(file);
    if (fd < 0) return errno;
    int error = settle(fd, file, write_image(fd, c));
    close(fd);
    return error;
}

int publish_text(const char *file, const char *text, size_t size)
{
    char real[PATH_MAX];
    if (is_stream(file)) return write_stream(file, text, size);
    if (realpath(file, real)) file = real;
    int fd = open_temporary(file);
    if (fd < 0) return errno;
    int error = settle(fd, file, write_all(fd, text, size));
    close(fd);
    return error;
}

/* --- images -------------------------------------------------------------------------------------
 */

/* The cache's folders down to that of a fingerprint. */
static int make_folders(const char *dir, const char *name)
{
    char path[PATH_MAX + CACHE_NAME];
    size_t n = strlen(dir) + 1;
    snprintf(path, sizeof path, "%s/%s", dir, name);
    for (char *slash = path + n; (slash = strchr(slash, '/')) != NULL; slash++) {
        *slash = '\0';
        if (mkdir(path, 0755) && errno != EEXIST) return errno;
        *slash = '/';
    }
    return 0;
}

/* Images of the same module for the same processors that were made from something else, such as
 * fewer missed addresses: nobody would make them again. */
static void drop_superseded(const char *file, const struct image_header *made)
{
    char path[PATH_MAX + CACHE_NAME];
    struct dirent *e;
    size_t n = (size_t)(strrchr(file, '/') + 1 - file);
    snprintf(path, sizeof path, "%.*s", (int)n, file);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        struct image_header h;
        if (e->d_name[0] == '.' || !strcmp(e->d_name, file + n)) continue;
        snprintf(path + n, sizeof path - n, "%.*s", CACHE_NAME, e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        bool same = fd >= 0 && pread(fd, &h, sizeof h, IMAGE_HEADER_AT) == sizeof h &&
                    !memcmp(&h.module, &made->module, sizeof h.module) &&
                    h.features == made->features;
        if (fd >= 0) close(fd);
        if (same) unlink(path);
    }
    if (d) closedir(d);
}

/* Tells the index, unless the module has an image that uses more of this host, or this one uses
 * more than there is. Without an entry an image is found all the same, by contents. */
static void tell_index(const char *dir, const char *name, const struct image_header *made,
                       const struct stat *module, const struct stat *image, const char *path)
{
    const char *const dirs[] = {dir, NULL};
    const struct cache_query q = {
        &made->translator, xlat_host_features() | (made->features & IMAGE_COUNTED), dirs, NULL};
    struct cache_found found;
    bool better = false;
    if (made->features & ~q.features) return;
    if (made->features != q.features) {
        int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fd >= 0 && cache_find(&q, fd, module, &found, NULL)) {
            better = (made->features & ~found.header.features) == 0 &&
                     made->features != found.header.features;
            close(found.fd);
        }
        if (fd >= 0) close(fd);
    }
    if (!better) cache_remember(dir, &made->translator, module, image, name, path);
}

static int publish_locked(const char *dir, const char *name, struct converted *c,
                          const struct stat *module, const char *path)
{
    char file[PATH_MAX + CACHE_NAME];
    struct stat st;
    int error = make_folders(dir, name);
    if (error) return error;
    snprintf(file, sizeof file, "%s/%s", dir, name);
    int fd = open_temporary(file);
    if (fd < 0) return errno;
    error = settle(fd, file, write_image(fd, c));
    if (!error) drop_superseded(file, &c->header);
    if (!error && fstat(fd, &st) == 0) tell_index(dir, name, &c->header, module, &st, path);
    close(fd);
    return error;
}

int publish_image(const char *dir, const struct digest *fingerprint, struct converted *c,
                  const struct stat *module, const char *path, char name[])
{
    cache_image_name(name, &c->header.translator, fingerprint, &c->header.key);
    int lock = store_lock(dir, false);
    if (lock < 0) return errno;
    int error = publish_locked(dir, name, c, module, path);
    close(lock);
    return error;
}
