/*
 * The files of missed addresses: see missed.h. The runtime writes them when a guest ends, perhaps
 * with the guest's heap in ruins around it: memory comes from mmap.
 */
#include "aot/image/missed.h"

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

#define MAGIC       "FERRYMIS"
#define VERSION     1
#define LOCK_TRIES  500 /* of a millisecond each; then it goes on without the lock */
#define FILE_DIGITS 32  /* of the module's digest */

struct head {
    char magic[8];
    u32 version, count; /* that many struct missed follow */
    struct digest module;
    struct digest check; /* of the entries */
};

static void *pages(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void missed_free(struct missed *missed, u32 count)
{
    if (missed) munmap(missed, count * sizeof *missed);
}

/* The cache's folder of these files; -1. */
static int open_folder(const char *dir, bool make)
{
    return cache_folder(dir, "missed", make);
}

static bool is_own_file(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && cache_is_trusted(&st);
}

static bool read_head(int fd, const struct digest *module, struct head *h)
{
    return is_own_file(fd) && read(fd, h, sizeof *h) == sizeof *h &&
           !memcmp(h->magic, MAGIC, sizeof h->magic) && h->version == VERSION &&
           h->count <= MISSED_MAX && !memcmp(&h->module, module, sizeof *module);
}

/* Reads a file's entries to `out`, which has room for MISSED_MAX; their number. */
static u32 read_file(int folder, const char *name, const struct digest *module, struct missed *out)
{
    struct head h;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    bool good = read_head(fd, module, &h);
    size_t size = good ? h.count * sizeof *out : 0;
    good = good && read(fd, out, size) == (ssize_t)size;
    close(fd);
    struct digest check = blake2b_of(out, good ? size : 0);
    if (!good || memcmp(&check, &h.check, sizeof check)) return 0;
    for (u32 n = 1; n < h.count; n++)
        if (out[n].pc <= out[n - 1].pc) return 0;
    return h.count;
}

u32 cache_missed(const char *dir, const struct digest *module, struct missed **out)
{
    char name[FILE_DIGITS + 1];
    *out = NULL;
    int folder = open_folder(dir, false);
    if (folder < 0) return 0;
    digest_text(module, name, FILE_DIGITS);
    struct missed *all = pages(MISSED_MAX * sizeof *all);
    u32 count = all ? read_file(folder, name, module, all) : 0;
    close(folder);
    if (!all) return 0;
    size_t used = ALIGN_UP(count * sizeof *all, (size_t)4096), room = MISSED_MAX * sizeof *all;
    if (used < room) munmap((u8 *)all + used, room - used);
    *out = count ? all : NULL;
    return count;
}

/* The place of an address among the entries, or where it would be. */
static u32 place_of(const struct missed *all, u32 count, u64 pc)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (all[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int by_pc(const void *a, const void *b)
{
    const struct missed *x = a, *y = b;
    if (x->pc != y->pc) return x->pc < y->pc ? -1 : 1;
    return x->kind < y->kind ? -1 : x->kind > y->kind;
}

/* In place: qsort may use the heap, and a heap sort is short. */
static void sift(struct missed *m, u32 at, u32 count)
{
    for (u32 child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && by_pc(&m[child], &m[child + 1]) < 0) child++;
        if (by_pc(&m[at], &m[child]) >= 0) return;
        struct missed t = m[at];
        m[at] = m[child];
        m[child] = t;
    }
}

static void sort(struct missed *m, u32 count)
{
    for (u32 n = count / 2; n-- > 0;) sift(m, n, count);
    for (u32 n = count; n-- > 1;) {
        struct missed t = m[0];
        m[0] = m[n];
        m[n] = t;
        sift(m, 0, n);
    }
}

/* Merges new entries, sorted, into those there; false: nothing new. */
static bool merge(struct missed *all, u32 *count, const struct missed *added, u32 added_count)
{
    const u32 old = *count;
    bool changed = false;
    u64 last = UINT64_MAX;
    for (u32 n = 0; n < added_count; n++) {
        u64 pc = added[n].pc;
        if (pc == last || pc % 4) continue;
        last = pc;
        u32 at = place_of(all, old, pc);
        if (at < old && all[at].pc == pc) {
            changed |= all[at].runs < UINT32_MAX;
            all[at].runs += all[at].runs < UINT32_MAX;
        } else if (*count < MISSED_MAX) {
            u8 kind = added[n].kind < MISSED_KIND_COUNT ? added[n].kind : MISSED_OTHER;
            all[(*count)++] = (struct missed){.pc = pc, .runs = 1, .kind = kind};
            changed = true;
        }
    }
    if (*count > old) sort(all, *count);
    return changed;
}

static bool write_file(int folder, const char *name, const struct digest *module,
                       const struct missed *all, u32 count)
{
    char temporary[FILE_DIGITS + 32];
    struct head h = {.version = VERSION, .count = count, .module = *module};
    size_t size = count * sizeof *all;
    memcpy(h.magic, MAGIC, sizeof h.magic);
    h.check = blake2b_of(all, size);
    snprintf(temporary, sizeof temporary, "%s.%d.tmp", name, (int)getpid());
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return false;
    bool good = write(fd, &h, sizeof h) == sizeof h && write(fd, all, size) == (ssize_t)size;
    if (close(fd)) good = false;
    if (good && renameat(folder, temporary, folder, name) == 0) return true;
    unlinkat(folder, temporary, 0);
    return false;
}

/* Waits for other writers, but not for ever: one may have been stopped. */
static void take_lock(int folder)
{
    const struct timespec wait = {0, 1000000};
    for (unsigned n = 0; n < LOCK_TRIES && flock(folder, LOCK_EX | LOCK_NB); n++)
        nanosleep(&wait, NULL);
}

bool cache_note_missed(const char *dir, const struct digest *module, const struct missed *missed,
                       u32 count)
{
    char name[FILE_DIGITS + 1];
    if (count > MISSED_MAX) count = MISSED_MAX;
    if (!count) return true;
    struct missed *all = pages(2 * MISSED_MAX * sizeof *all), *added = all + MISSED_MAX;
    if (!all) return false;
    int folder = open_folder(dir, true);
    bool good = folder >= 0;
    if (good) {
        digest_text(module, name, FILE_DIGITS);
        memcpy(added, missed, count * sizeof *missed);
        sort(added, count);
        take_lock(folder);
        u32 now = read_file(folder, name, module, all);
        if (merge(all, &now, added, count)) good = write_file(folder, name, module, all, now);
        close(folder);
    }
    munmap(all, 2 * MISSED_MAX * sizeof *all);
    return good;
}
