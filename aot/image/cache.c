/*
 * Looking for an image (cache.h): by the index, with a few system calls and no look at contents;
 * else by contents, and then the index is told.
 */
#include "aot/image/cache.h"

#include "aot/base/realname.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define INDEX_MAGIC "FERRYIDX"

#define DAY (24 * 60 * 60)

/* An index file's contents. */
struct record {
    char magic[8];
    struct digest check; /* of all behind it */
    struct digest translator;
    struct file_id module, image;
    u32 text_size;
    char text[2 * PATH_MAX +
              CACHE_NAME]; /* name, dir and path of a cache_entry, a NUL behind each */
};

#define RECORD_HEAD offsetof(struct record, text)

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

bool cache_absolute(const char *name, char path[PATH_MAX])
{
    char here[PATH_MAX] = "";
    if (real_name(name, path)) return true;
    if (errno != ENOENT || !name[0]) return false;
    if (name[0] != '/' && !getcwd(here, sizeof here)) return false;
    int n = snprintf(path, PATH_MAX, "%s%s%s", here, here[0] ? "/" : "", name);
    if (n < 0 || n >= PATH_MAX) return false;
    while (n > 1 && path[n - 1] == '/') path[--n] = '\0';
    return true;
}

bool cache_make(const char *dir)
{
    mode_t mode = strcmp(dir, CACHE_SYSTEM) ? 0700 : 0755;
    char path[PATH_MAX];
    if (snprintf(path, sizeof path, "%s", dir) >= (int)sizeof path) return false;
    for (char *p = path + 1; (p = strchr(p, '/')) != NULL; p++) {
        *p = '\0';
        if (mkdir(path, mode) && errno != EEXIST && access(path, F_OK)) return false;
        *p = '/';
    }
    return mkdir(path, mode) == 0 || errno == EEXIST;
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

bool cache_is_trusted(const struct stat *st)
{
    return !(st->st_mode & (S_IWGRP | S_IWOTH)) && (st->st_uid == 0 || st->st_uid == geteuid());
}

/* A directory of a cache below `at`, if it is to be trusted; -1. */
static int open_dir(int at, const char *name)
{
    struct stat st;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fstat(fd, &st) == 0 && cache_is_trusted(&st)) return fd;
    if (fd >= 0) close(fd);
    return -1;
}

int cache_folder(const char *dir, const char *name, bool make)
{
    char path[PATH_MAX + 16];
    int n = snprintf(path, sizeof path, "%s/%s", dir, name);
    if (n < 0 || (size_t)n >= sizeof path) return -1;
    int fd = open_dir(AT_FDCWD, path);
    if (fd >= 0 || errno != ENOENT || !make) return fd;
    mkdir(path, 0755); /* somebody else may be faster */
    return open_dir(AT_FDCWD, path);
}

/* A file of a cache, each directory on the way looked at: where they are to be trusted, nobody else
 * puts others in their place. */
static int open_file(int cache, const char *name, struct stat *st)
{
    char part[CACHE_NAME];
    for (const char *slash = name; (slash = strchr(slash, '/')) != NULL; slash++) {
        snprintf(part, sizeof part, "%.*s", (int)(slash - name), name);
        if (fstatat(cache, part, st, 0) || !S_ISDIR(st->st_mode) || !cache_is_trusted(st))
            return -1;
    }
    int fd = openat(cache, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && cache_is_trusted(st)) return fd;
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
    if (q->key && memcmp(&h->key, q->key, sizeof h->key)) return "made from something else";
    if ((h->features ^ q->features) & IMAGE_COUNTED)
        return "it counts what it executes, or doesn't";
    if (h->features & ~q->features) return "it needs features that this processor lacks";
    return NULL;
}

/* --- the index ----------------------------------------------------------------------------------
 */

static struct digest record_check(const struct record *r)
{
    const size_t from = offsetof(struct record, translator);
    return blake2b_of((const u8 *)r + from, RECORD_HEAD - from + r->text_size);
}

/* The next of a record's texts, from *at on; NULL: it is not whole. */
static const char *next_text(const struct record *r, u32 *at, size_t room)
{
    const char *text = r->text + *at, *end = memchr(text, 0, r->text_size - *at);
    if (!end || (size_t)(end - text) >= room) return NULL;
    *at += (u32)(end - text) + 1;
    return text;
}

/* A run uses the entry: noted once a day, so that it costs nothing in between. */
static void note_use(int fd, const struct stat *st)
{
    if (st->st_uid == geteuid() && time(NULL) - st->st_mtime > DAY) futimens(fd, NULL);
}

static bool read_record(int cache, const char *name, bool use, struct cache_entry *out)
{
    struct record r;
    struct stat st;
    u32 at = 0;
    int fd = open_file(cache, name, &st);
    if (fd < 0) return false;
    ssize_t got = read(fd, &r, sizeof r);
    if (use) note_use(fd, &st);
    close(fd);
    if (got < (ssize_t)RECORD_HEAD || memcmp(r.magic, INDEX_MAGIC, sizeof r.magic) ||
        r.text_size > sizeof r.text || got != (ssize_t)(RECORD_HEAD + r.text_size))
        return false;
    struct digest check = record_check(&r);
    const char *image = next_text(&r, &at, sizeof out->name);
    const char *dir = image ? next_text(&r, &at, sizeof out->dir) : NULL;
    const char *path = dir ? next_text(&r, &at, sizeof out->path) : NULL;
    if (!path || memcmp(&check, &r.check, sizeof check)) return false;
    out->translator = r.translator;
    out->module = r.module;
    out->image = r.image;
    out->used = st.st_mtime;
    strcpy(out->name, image);
    strcpy(out->dir, dir);
    strcpy(out->path, path);
    return true;
}

bool cache_read_entry(int index, const char *name, struct cache_entry *out)
{
    return read_record(index, name, false, out);
}

/* The entry of a guest file that is what it was. */
static bool read_entry(int cache, const struct file_id *module, const struct digest *translator,
                       struct cache_entry *out)
{
    char name[CACHE_NAME];
    index_name(name, module);
    return read_record(cache, name, true, out) && is_same_file(&out->module, module) &&
           !memcmp(&out->translator, translator, sizeof *translator);
}

/* By the index of the cache `dir`: an image whose contents were looked at before. */
static bool find_by_index(const struct cache_query *q, const char *dir, const struct file_id *id,
                          struct cache_found *out)
{
    struct cache_entry r;
    struct stat st;
    int cache = open_dir(AT_FDCWD, dir);
    if (cache < 0) return false;
    bool known = read_entry(cache, id, q->translator, &r);
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
    int fd = openat(at, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0) return false;
    bool good = write(fd, data, size) == (ssize_t)size;
    if (close(fd)) good = false;
    if (good && renameat(at, temporary, at, name) == 0) return true;
    unlinkat(at, temporary, 0);
    return false;
}

static void add_text(struct record *r, const char *text)
{
    size_t n = strlen(text) + 1;
    if (n > sizeof r->text - r->text_size) return; /* no such entry is believed */
    memcpy(r->text + r->text_size, text, n);
    r->text_size += (u32)n;
}

/* Writes an entry to the index of the cache `dir`. */
static bool write_entry(const char *dir, const struct cache_entry *e)
{
    char file[CACHE_NAME];
    struct record r = {.translator = e->translator, .module = e->module, .image = e->image};
    memcpy(r.magic, INDEX_MAGIC, sizeof r.magic);
    add_text(&r, e->name);
    add_text(&r, strcmp(dir, e->dir) ? e->dir : "");
    add_text(&r, e->path);
    r.check = record_check(&r);
    int cache = open_dir(AT_FDCWD, dir);
    if (cache < 0) return false;
    mkdirat(cache, "index", 0755);
    index_name(file, &e->module);
    bool good = write_whole(cache, file, &r, RECORD_HEAD + r.text_size);
    close(cache);
    return good;
}

bool cache_remember(const char *dir, const struct digest *translator, const struct stat *module,
                    const struct stat *image, const char *name, const char *path)
{
    struct cache_entry e = {
        .translator = *translator, .module = file_id_of(module), .image = file_id_of(image)};
    snprintf(e.name, sizeof e.name, "%.*s", CACHE_NAME - 1, name);
    snprintf(e.path, sizeof e.path, "%s", path);
    return write_entry(dir, &e);
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

/* Whether image a is better than b: it uses more of the host, or has more code. */
static bool is_better(const struct image_header *a, const struct image_header *b)
{
    if (a->features != b->features) return (b->features & ~a->features) == 0;
    return a->entry_count > b->entry_count;
}

/* The best image in a folder of one fingerprint. */
static bool search_folder(struct search *s, int folder, struct cache_found *out,
                          char best[NAME_MAX])
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
        bool better = !why && (out->fd < 0 || is_better(&h, &out->header));
        if (why) s->why = why;
        if (better) {
            if (out->fd >= 0) close(out->fd);
            out->fd = fd;
            out->header = h;
            memcpy(best, e->d_name, length + 1);
        } else if (fd >= 0) {
            close(fd);
        }
    }
    if (d) closedir(d);
    return out->fd >= 0;
}

/* Tells the first cache's index what was found in the cache `dir`. */
static void remember(const struct search *s, const char *dir, const char *name,
                     const struct file_id *module, int fd)
{
    struct cache_entry e = {.translator = *s->q->translator, .module = *module};
    char link[32];
    struct stat st;
    if (!s->q->dir[0] || fstat(fd, &st)) return;
    e.image = file_id_of(&st);
    snprintf(e.name, sizeof e.name, "%.*s", CACHE_NAME - 1, name);
    snprintf(e.dir, sizeof e.dir, "%s", dir);
    snprintf(link, sizeof link, "/proc/self/fd/%d", s->module);
    ssize_t n = readlink(link, e.path, sizeof e.path - 1);
    if (n <= 0 || e.path[0] != '/') n = 0;
    e.path[n] = '\0';
    write_entry(s->q->dir[0], &e);
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
    remember(s, dir, name, id, out->fd);
    return true;
}

bool cache_find(const struct cache_query *q, int fd, const struct stat *st, struct cache_found *out,
                const char **why)
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
