/*
 * The queue of modules to be converted: see handover.h. A run appends to it when its guest ends,
 * perhaps with the guest's heap in ruins around it: memory comes from mmap.
 */
#include "aot/image/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aot/image/cache.h"

#define LINE (PATH_MAX + 1)
#define MARK 128 /* bytes of a line of `tried` */
#define DAY  86400

/* --- the folder ---------------------------------------------------------------------------------
 */

static int open_folder(const char *dir, bool make)
{
    return cache_folder(dir, "handover", make);
}

static int open_file(int folder, const char *name, int flags)
{
    struct stat st;
    int fd = openat(folder, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
    if (fd < 0 || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && cache_is_trusted(&st))) return fd;
    close(fd);
    return -1;
}

/* The file's bytes, at most `room`; their number. */
static size_t read_whole(int folder, const char *name, char *to, size_t room)
{
    size_t have = 0;
    ssize_t n = 1;
    int fd = open_file(folder, name, O_RDONLY);
    while (fd >= 0 && n > 0 && have < room) {
        n = read(fd, to + have, room - have);
        have += n > 0 ? (size_t)n : 0;
    }
    if (fd >= 0) close(fd);
    return have;
}

/* In one piece, as the kernel appends what others do at the same time. */
static bool append(int folder, const char *name, const char *text, size_t size)
{
    int fd = open_file(folder, name, O_WRONLY | O_APPEND | O_CREAT);
    bool good = fd >= 0 && write(fd, text, size) == (ssize_t)size;
    if (fd >= 0) close(fd);
    return good;
}

/* --- runs ---------------------------------------------------------------------------------------
 */

/* The line of `tried` for the file as it is today; false: it is no file. */
static bool mark_of(const char *path, const struct digest *translator, char mark[MARK])
{
    struct stat st;
    struct timespec now = {0};
    char name[17];
    if (stat(path, &st) || !S_ISREG(st.st_mode)) return false;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    digest_text(translator, name, 16);
    snprintf(mark, MARK, "%llx %llx %llx %llx.%lx %s %llu\n", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino, (unsigned long long)st.st_size,
             (unsigned long long)st.st_ctim.tv_sec, (unsigned long)st.st_ctim.tv_nsec, name,
             (unsigned long long)(now.tv_sec / DAY));
    return true;
}

/* Room for one run's part of both files, and for what `tried` holds. */
struct lists {
    char queue[HANDOVER_QUEUE];
    char tried[HANDOVER_TRIED + MARK];
    char old[HANDOVER_TRIED];
    size_t queue_size, tried_size, old_size;
};

static bool add_module(struct lists *l, const struct digest *translator, const char *path)
{
    char mark[MARK];
    size_t length = strlen(path);
    if (path[0] != '/' || strchr(path, '\n') || length >= LINE - 1) return false;
    if (!mark_of(path, translator, mark)) return false;
    size_t size = strlen(mark);
    if (memmem(l->old, l->old_size, mark, size)) return false;
    if (memmem(l->tried, l->tried_size, mark, size)) return false;
    if (l->queue_size + length + 1 > sizeof l->queue || l->tried_size + size > HANDOVER_TRIED)
        return false;
    memcpy(l->tried + l->tried_size, mark, size);
    l->tried_size += size;
    memcpy(l->queue + l->queue_size, path, length);
    l->queue[l->queue_size + length] = '\n';
    l->queue_size += length + 1;
    return true;
}

static bool has_room(int folder, const char *name, size_t added, size_t most)
{
    struct stat st;
    return fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) || (u64)st.st_size + added <= most;
}

static bool publish(int folder, const struct lists *l)
{
    if (!has_room(folder, "queue", l->queue_size, HANDOVER_QUEUE)) return false;
    if (!has_room(folder, "tried", l->tried_size, HANDOVER_TRIED)) unlinkat(folder, "tried", 0);
    return append(folder, "tried", l->tried, l->tried_size) &&
           append(folder, "queue", l->queue, l->queue_size);
}

u32 handover_add(const char *dir, const struct digest *translator, const char *const *path,
                 u32 count)
{
    u32 added = 0;
    if (access(dir, F_OK)) (void)cache_make(dir);
    int folder = open_folder(dir, true);
    if (folder < 0) return 0;
    struct lists *l =
        mmap(NULL, sizeof *l, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (l != MAP_FAILED) {
        l->old_size = read_whole(folder, "tried", l->old, sizeof l->old);
        for (u32 n = 0; n < count; n++) added += add_module(l, translator, path[n]);
        if (added && !publish(folder, l)) added = 0;
        munmap(l, sizeof *l);
    }
    close(folder);
    return added;
}

/* --- the converter ------------------------------------------------------------------------------
 */

static int take_lock(int folder)
{
    int fd = open_file(folder, "lock", O_RDONLY | O_CREAT);
    if (fd < 0 || flock(fd, LOCK_EX | LOCK_NB) == 0) return fd;
    close(fd);
    return -1;
}

bool handover_is_served(const char *dir)
{
    int folder = open_folder(dir, false), lock = -1;
    bool waits = folder >= 0 && (faccessat(folder, "queue", F_OK, 0) == 0 ||
                                 faccessat(folder, "taken", F_OK, 0) == 0);
    if (waits) lock = take_lock(folder);
    if (lock >= 0) close(lock);
    if (folder >= 0) close(folder);
    return !waits || lock < 0;
}

int handover_begin(const char *dir)
{
    int folder = open_folder(dir, true), lock = folder >= 0 ? take_lock(folder) : -1;
    if (folder >= 0) close(folder);
    return lock;
}

/* What a converter that died has left comes first. */
static size_t take(int folder, char *text)
{
    size_t size = read_whole(folder, "taken", text, HANDOVER_QUEUE);
    if (size) return size;
    unlinkat(folder, "taken", 0);
    if (renameat(folder, "queue", folder, "taken")) return 0;
    return read_whole(folder, "taken", text, HANDOVER_QUEUE);
}

char *handover_take(const char *dir)
{
    int folder = open_folder(dir, false);
    char *text = folder >= 0 ? malloc(HANDOVER_QUEUE + 1) : NULL;
    size_t size = text ? take(folder, text) : 0;
    if (folder >= 0) close(folder);
    if (size) text[size] = '\0';
    if (size) return text;
    free(text);
    return NULL;
}

void handover_done(const char *dir)
{
    int folder = open_folder(dir, false);
    if (folder < 0) return;
    unlinkat(folder, "taken", 0);
    close(folder);
}
