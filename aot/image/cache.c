/*
 * Looking for an image (cache.h): by the index, with a few system calls and no look at contents; else
 * by contents, and then the index is told.
 */
#include "aot/image/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define INDEX_MAGIC "FERRYIDX"

/* An index file's contents. */
struct record {
    char magic[8];
    struct digest translator;
    struct file_id module, image;
    char name[CACHE_NAME]; /* of the image, in the cache that the index is in or another one */
    char dir[PATH_MAX];    /* that cache; "": this one */
    struct digest check;   /* of all before it */
};

/* --- names --------------------------------------------------------------------------------------
 */

struct file_id file_id_of(const struct stat *st)
{
    return (struct file_id){st->st_dev, st->st_ino, (u64)st->st_size,
                            st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec,
                            st->st_ctim.tv_sec * INT64_C(1000000000) + st->st_ctim.tv_nsec};
}

static bool is_same_file(const struct file_id *a, const struct file_id *b)
{
    return memcmp(a, b, sizeof *a) == 0; /* no padding */
}

bool cache_default(char *path, size_t size)
{
    const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = -1;
    if (xdg && xdg[0] == '/')
        n = snprintf(path, size, "%s/ferry", xdg);
    else if (home && home[0] == '/')
        n = snprintf(path, size, "%s/.cache/ferry", home);
    return n > 0 && (size_t)n < size;
}

struct digest cache_fingerprint(const void *head, size_t n, u64 size)
{
    struct blake2b s;
    blake2b_start(&s);
    blake2b_add(&s, &size, sizeof size);
    blake2b_add(&s, head, n);
    return blake2b_end(&s);
}

bool cache_digest_file(int fd, u64 size, struct digest *out)
{
    u8 *data = size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    if (data == MAP_FAILED) return false;
    *out = blake2b_of(data, size);
    munmap(data, size);
    return true;
}

void cache_image_name(char name[CACHE_NAME], const struct digest *translator,
                      const struct digest *fingerprint, const struct digest *key)
{
    char a[17], b[17], c[33];
    digest_text(translator, a, 16);
    digest_text(fingerprint, b, 16);
    int n = snprintf(name, CACHE_NAME, "images/%s/%s", a, b);
    if (!key) return;
    digest_text(key, c, 32);
    snprintf(name + n, CACHE_NAME - (size_t)n, "/%s.so", c);
}

static void index_name(char name[CACHE_NAME], const struct file_id *module)
{
    char text[33];
    const u64 what[2] = {module->dev, module->ino};
    struct digest d = blake2b_of(what, sizeof what);
    digest_text(&d, text, 32);
    snprintf(name, CACHE_NAME, "index/%s", text);
}

/* --- trust --------------------------------------------------------------------------------------
 */

static bool is_trusted(const struct stat *st)
{
    return (st->st_uid == geteuid() || st->st_uid == 0) && !(st->st_mode & (S_IWGRP | S_IWOTH));
}

/* A directory of a cache below `at`, if it is to be trusted; -1. */
static int open_dir(int at, const char *name)
{
    struct stat st;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && is_trusted(&st)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* A file of a cache, each directory on the way looked at. */
static int open_file(int cache, const char *name, struct stat *st)
{
    char part[CACHE_NAME];
    int at = cache;
    for (const char *slash; (slash = strchr(name, '/')) != NULL; name = slash + 1) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        int next = open_dir(at, part);
        if (at != cache) close(at);
        if (next < 0) return -1;
        at = next;
    }
    int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (at != cache) close(at);
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && is_trusted(st)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

/* Reads and checks an open image's header. NULL: good. */
static const char *read_header(int fd, const struct stat *st, const struct cache_query *q,
                               struct image_header *h)
{
    if (pread(fd, h, sizeof *h, IMAGE_HEADER_AT) != sizeof *h) return "cut short or too long";
    const char *why = image_check(h, (u64)st->st_size);
    if (why) return why;
    if (memcmp(&h->translator, q->translator, sizeof h->translator)) return "of another Ferry";
    if (h->features & ~q->features) return "it needs features that this processor lacks";
    return NULL;
}

/* --- the index ----------------------------------------------------------------------------------
 */

static struct digest record_check(const struct record *r)
{
    return blake2b_of(r, offsetof(struct record, check));
}

static bool read_record(int cache, const struct file_id *module, const struct digest *translator,
                        struct record *r)
{
    char name[CACHE_NAME];
    struct stat st;
    index_name(name, module);
    int fd = open_file(cache, name, &st);
    if (fd < 0) return false;
    bool whole = read(fd, r, sizeof *r) == sizeof *r;
    close(fd);
    if (!whole || memcmp(r->magic, INDEX_MAGIC, sizeof r->magic)) return false;
    struct digest check = record_check(r);
    return !memcmp(&check, &r->check, sizeof check) && is_same_file(&r->module, module) &&
           !memcmp(&r->translator, translator, sizeof *translator) &&
           memchr(r->name, 0, sizeof r->name) && memchr(r->dir, 0, sizeof r->dir);
}

/* By the index of the cache `dir`: an image whose contents were looked at before. */
static bool find_by_index(const struct cache_query *q, const char *dir, const struct file_id *id,
                          struct cache_found *out)
{
    struct record r;
    struct stat st;
    int cache = open_dir(AT_FDCWD, dir);
    if (cache < 0) return false;
    bool known = read_record(cache, id, q->translator, &r);
    if (known && r.dir[0]) {
        close(cache);
        dir = r.dir;
        cache = open_dir(AT_FDCWD, dir);
        if (cache < 0) return false;
    }
    out->fd = known ? open_file(cache, r.name, &st) : -1;
    close(cache);
    if (out->fd < 0) return false;
    struct file_id now = file_id_of(&st);
    snprintf(out->path, sizeof out->path, "%.*s/%s", PATH_MAX - CACHE_NAME - 1, dir, r.name);
    if (is_same_file(&now, &r.image) && !read_header(out->fd, &st, q, &out->header) &&
        out->header.module_size == id->size)
        return true;
    close(out->fd);
    return false;
}

static bool write_whole(int at, const char *name, const void *data, size_t size)
{
    char temporary[CACHE_NAME + 32];
    snprintf(temporary, sizeof temporary, "%s.%d", name, (int)getpid());
    int fd = openat(at, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    bool good = write(fd, data, size) == (ssize_t)size;
    if (close(fd)) good = false;
    if (good && renameat(at, temporary, at, name) == 0) return true;
    unlinkat(at, temporary, 0);
    return false;
}

static bool remember(const char *dir, const char *image_dir, const struct digest *translator,
                     const struct file_id *module, const struct file_id *image, const char *name)
{
    char file[CACHE_NAME];
    struct record r = {.translator = *translator, .module = *module, .image = *image};
    memcpy(r.magic, INDEX_MAGIC, sizeof r.magic);
    snprintf(r.name, sizeof r.name, "%s", name);
    if (strcmp(dir, image_dir) != 0) snprintf(r.dir, sizeof r.dir, "%s", image_dir);
    r.check = record_check(&r);
    int cache = open_dir(AT_FDCWD, dir);
    if (cache < 0) return false;
    mkdirat(cache, "index", 0700);
    index_name(file, module);
    bool good = write_whole(cache, file, &r, sizeof r);
    close(cache);
    return good;
}

bool cache_remember(const char *dir, const struct digest *translator, const struct stat *module,
                    const struct stat *image, const char *name)
{
    struct file_id m = file_id_of(module), i = file_id_of(image);
    return remember(dir, dir, translator, &m, &i, name);
}

/* --- by contents --------------------------------------------------------------------------------
 */

struct search {
    const struct cache_query *q;
    int module;
    u64 module_size;
    bool digested; /* `digest` is set */
    struct digest digest;
    const char *why;
};

/* Whether the image is the guest file's, and whole. NULL: it is. */
static const char *compare(struct search *s, int fd, const struct stat *st, struct image_header *h)
{
    const char *why = read_header(fd, st, s->q, h);
    if (why) return why;
    if (!s->digested && !cache_digest_file(s->module, s->module_size, &s->digest))
        return "its module can't be read";
    s->digested = true;
    if (memcmp(&h->module, &s->digest, sizeof s->digest)) return "of another module";
    return image_check_contents(fd, h);
}

/* The best image in a folder of one fingerprint: the one that uses most of the host. */
static bool search_folder(struct search *s, int folder, struct cache_found *out, char best[NAME_MAX])
{
    int copy = dup(folder);
    DIR *d = copy < 0 ? NULL : fdopendir(copy);
    struct dirent *e;
    out->fd = -1;
    if (!d && copy >= 0) close(copy);
    while (d && (e = readdir(d)) != NULL) {
        size_t length = strlen(e->d_name);
        struct image_header h;
        struct stat st;
        if (length < 3 || strcmp(e->d_name + length - 3, ".so") || length >= 64) continue;
        int fd = open_file(folder, e->d_name, &st);
        const char *why = fd < 0 ? "somebody else may have written it" : compare(s, fd, &st, &h);
        bool better = !why && (out->fd < 0 || (out->header.features & ~h.features) == 0);
        if (why) s->why = why;
        if (better) {
            if (out->fd >= 0) close(out->fd);
            out->fd = fd;
            out->header = h;
            snprintf(best, NAME_MAX, "%s", e->d_name);
        } else if (fd >= 0) {
            close(fd);
        }
    }
    if (d) closedir(d);
    return out->fd >= 0;
}

static bool find_by_contents(struct search *s, const char *dir, const struct digest *fingerprint,
                             const struct file_id *id, struct cache_found *out)
{
    char name[CACHE_NAME + NAME_MAX], best[NAME_MAX];
    int folder = -1, at = open_dir(AT_FDCWD, dir);
    cache_image_name(name, s->q->translator, fingerprint, NULL);
    for (char *part = name, *slash = name; at >= 0 && slash; part = slash + 1) {
        slash = strchr(part, '/');
        if (slash) *slash = '\0';
        folder = open_dir(at, part);
        if (slash) *slash = '/';
        close(at);
        at = folder;
    }
    if (folder < 0) return false;
    bool found = search_folder(s, folder, out, best);
    close(folder);
    if (!found) return false;
    size_t n = strlen(name);
    snprintf(name + n, sizeof name - n, "/%s", best);
    snprintf(out->path, sizeof out->path, "%.*s/%.*s", PATH_MAX - CACHE_NAME - 1, dir,
             CACHE_NAME - 1, name);
    struct stat st;
    if (s->q->dir[0] && fstat(out->fd, &st) == 0) {
        struct file_id image = file_id_of(&st);
        remember(s->q->dir[0], dir, s->q->translator, id, &image, name);
    }
    return true;
}

bool cache_find(const struct cache_query *q, int fd, const struct stat *st,
                struct cache_found *out, const char **why)
{
    struct file_id id = file_id_of(st);
    struct search s = {.q = q, .module = fd, .module_size = id.size};
    u8 head[CACHE_HEAD];
    if (why) *why = NULL;
    for (unsigned n = 0; q->dir[n]; n++)
        if (find_by_index(q, q->dir[n], &id, out)) return true;
    ssize_t got = pread(fd, head, sizeof head, 0);
    if (got <= 0) return false;
    struct digest fingerprint = cache_fingerprint(head, (size_t)got, id.size);
    for (unsigned n = 0; q->dir[n]; n++)
        if (find_by_contents(&s, q->dir[n], &fingerprint, &id, out)) return true;
    if (why) *why = s.why;
    return false;
}
