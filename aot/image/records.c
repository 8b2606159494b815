/*
 * Files of records: see records.h.
 */
#include "aot/image/records.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aot/image/cache.h"

#define LOCK_TRIES 500 /* of a millisecond each; then it goes on without the lock */

struct head {
    char magic[8];
    u32 version, count; /* that many records follow */
    struct digest module;
    struct digest check; /* of the records */
};

void *records_room(const struct record_kind *k, u32 count)
{
    void *p = mmap(NULL, (size_t)k->size * count, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

void records_free(const struct record_kind *k, void *records, u32 count)
{
    if (records) munmap(records, (size_t)k->size * count);
}

/* --- order --------------------------------------------------------------------------------------
 */

static u8 *record(const struct record_kind *k, void *records, u32 n)
{
    return (u8 *)records + (size_t)k->size * n;
}

static void swap(const struct record_kind *k, u8 *a, u8 *b)
{
    for (u32 n = 0; n < k->size; n++) {
        u8 byte = a[n];
        a[n] = b[n];
        b[n] = byte;
    }
}

/* In place: qsort may use the heap, and a heap sort is short. */
static void sift(const struct record_kind *k, void *records, u32 at, u32 count)
{
    for (u32 child; (child = 2 * at + 1) < count; at = child) {
        u8 *low = record(k, records, child), *high = low + k->size, *here = record(k, records, at);
        if (child + 1 < count && k->compare(low, high) < 0) {
            low = high;
            child++;
        }
        if (k->compare(here, low) >= 0) return;
        swap(k, here, low);
    }
}

void records_sort(const struct record_kind *k, void *records, u32 count)
{
    for (u32 n = count / 2; n-- > 0;) sift(k, records, n, count);
    for (u32 n = count; n-- > 1;) {
        swap(k, records, record(k, records, n));
        sift(k, records, 0, n);
    }
}

/* --- reading ------------------------------------------------------------------------------------
 */

/* NULL: the file's head is good. */
static const char *read_head(const struct record_kind *k, int fd, struct head *h)
{
    struct stat st;
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) return "not a file";
    if (!cache_is_trusted(&st)) return "somebody else may have written it";
    if (read(fd, h, sizeof *h) != sizeof *h) return "cut short";
    if (memcmp(h->magic, k->magic, sizeof h->magic)) return "no such file of Ferry's";
    if (h->version != k->version) return "of another version";
    if (h->count > k->max || (u64)st.st_size != sizeof *h + (u64)h->count * k->size)
        return "cut short or too long";
    return NULL;
}

static const char *read_records(const struct record_kind *k, int fd, const struct digest *module,
                                void *out, u32 *count)
{
    struct head h;
    const char *why = read_head(k, fd, &h);
    if (why) return why;
    if (memcmp(&h.module, module, sizeof *module)) return "of another module";
    size_t size = (size_t)h.count * k->size;
    if (read(fd, out, size) != (ssize_t)size) return "cut short";
    struct digest check = blake2b_of(out, size);
    if (memcmp(&check, &h.check, sizeof check)) return "damaged";
    for (u32 n = 0; n < h.count; n++)
        if (!k->is_good(record(k, out, n)) ||
            (n && k->compare(record(k, out, n - 1), record(k, out, n)) >= 0))
            return "damaged";
    *count = h.count;
    return NULL;
}

static u32 read_file(const struct record_kind *k, int folder, const struct digest *module,
                     void *out, const char **why)
{
    char name[RECORDS_DIGITS + 1];
    u32 count = 0;
    *why = NULL;
    digest_text(module, name, RECORDS_DIGITS);
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return 0;
    *why = read_records(k, fd, module, out, &count);
    close(fd);
    return count;
}

u32 records_read(const struct record_kind *k, const char *dir, const struct digest *module,
                 void *out, const char **why)
{
    int folder = cache_folder(dir, k->folder, false);
    *why = NULL;
    if (folder < 0) return 0;
    u32 count = read_file(k, folder, module, out, why);
    close(folder);
    return count;
}

bool records_module(const struct record_kind *k, const char *dir, const char *name,
                    struct digest *out)
{
    struct head h;
    char real[RECORDS_DIGITS + 1];
    int folder = cache_folder(dir, k->folder, false);
    if (folder < 0) return false;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && !read_head(k, fd, &h);
    if (fd >= 0) close(fd);
    close(folder);
    if (!good) return false;
    *out = h.module;
    digest_text(&h.module, real, RECORDS_DIGITS);
    return !strcmp(name, real);
}

/* --- writing ------------------------------------------------------------------------------------
 */

/* A file larger than the process may write would be its death. */
static bool may_write(size_t size)
{
    struct rlimit limit;
    return getrlimit(RLIMIT_FSIZE, &limit) || limit.rlim_cur >= size;
}

static bool write_file(const struct record_kind *k, int folder, const struct digest *module,
                       const void *records, u32 count)
{
    char name[RECORDS_DIGITS + 1], temporary[RECORDS_DIGITS + 32];
    struct head h = {.version = k->version, .count = count, .module = *module};
    size_t size = (size_t)count * k->size;
    if (!may_write(sizeof h + size)) return false;
    memcpy(h.magic, k->magic, sizeof h.magic);
    h.check = blake2b_of(records, size);
    digest_text(module, name, RECORDS_DIGITS);
    snprintf(temporary, sizeof temporary, "%s.%d.tmp", name, (int)getpid());
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return false;
    bool good = write(fd, &h, sizeof h) == sizeof h && write(fd, records, size) == (ssize_t)size;
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

bool records_change(const struct record_kind *k, const char *dir, const struct digest *module,
                    record_change *change, void *context, const char **why)
{
    *why = NULL;
    void *all = records_room(k, k->max);
    if (!all) return false;
    int folder = cache_folder(dir, k->folder, true);
    bool good = folder >= 0;
    if (good) {
        take_lock(folder);
        u32 count = change(all, read_file(k, folder, module, all, why), context);
        if (count != RECORDS_AS_THEY_ARE) good = write_file(k, folder, module, all, count);
        close(folder);
    }
    records_free(k, all, k->max);
    return good;
}
