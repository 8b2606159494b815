/*
 * Reading a cache, and taking things out of it. Who takes out holds the cache's lock exclusively,
 * so nobody publishes; who runs needs no lock, an image that is gone is one that isn't found.
 *
 * An image's last use is the latest of its own time and of those of the index entries that name it
 * (cache.h).
 */
#include "aot/cmd/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aot/cmd/publish.h"
#include "aot/cmd/say.h"
#include "aot/xlat.h"

#define HOUR (60 * 60)

/* --- walking ------------------------------------------------------------------------------------
 */

struct visit {
    const char *dir;
    struct arena *arena;
    void (*file)(struct visit *v, const char *name, const struct stat *st); /* name in the cache */
    void *context;
};

/* Visits the files of a cache's folder, `depth` folders down. */
static void walk(struct visit *v, const char *folder, unsigned depth)
{
    char path[PATH_MAX + CACHE_NAME], name[CACHE_NAME + NAME_MAX];
    struct dirent *e;
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", v->dir, folder);
    DIR *d = opendir(path);
    while (d && (e = readdir(d)) != NULL) {
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if (snprintf(name, sizeof name, "%s/%s", folder, e->d_name) >= CACHE_NAME) continue;
        if (fstatat(dirfd(d), e->d_name, &st, AT_SYMLINK_NOFOLLOW)) continue;
        if (S_ISDIR(st.st_mode) && depth)
            walk(v, name, depth - 1);
        else if (S_ISREG(st.st_mode))
            v->file(v, name, &st);
    }
    if (d) closedir(d);
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* --- images -------------------------------------------------------------------------------------
 */

struct reading {
    struct stored_images *out;
    struct digest translator;
    u32 room;
};

static void read_image(struct visit *v, struct stored_image *i)
{
    const struct reading *r = v->context;
    char path[PATH_MAX + CACHE_NAME];
    snprintf(path, sizeof path, "%s/%s", v->dir, i->name);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    struct image_header h;
    bool whole = fd >= 0 && pread(fd, &h, sizeof h, IMAGE_HEADER_AT) == sizeof h;
    if (fd >= 0) close(fd);
    i->state = IMAGE_UNKNOWN;
    if (whole && !memcmp(h.magic, IMAGE_MAGIC, sizeof h.magic) &&
        memcmp(&h.translator, &r->translator, sizeof h.translator))
        i->state = IMAGE_FOREIGN;
    else if (!whole || image_check(&h, i->size))
        i->state = IMAGE_BROKEN;
    else
        i->header = h;
}

static void take_image(struct visit *v, const char *name, const struct stat *st)
{
    struct reading *r = v->context;
    struct stored_images *out = r->out;
    if (!ends_with(name, ".so")) return;
    if (out->count == r->room) {
        u32 room = r->room ? 2 * r->room : 64;
        struct stored_image *more = arena_alloc(v->arena, room * sizeof *more);
        if (out->count) memcpy(more, out->image, out->count * sizeof *more);
        out->image = more;
        r->room = room;
    }
    struct stored_image *i = &out->image[out->count++];
    *i = (struct stored_image){.name = format_text(v->arena, "%s", name),
                               .size = (u64)st->st_size,
                               .made = st->st_mtime,
                               .used = st->st_mtime};
    out->size += i->size;
    read_image(v, i);
}

static int by_name(const void *a, const void *b)
{
    const struct stored_image *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* --- the index ----------------------------------------------------------------------------------
 */

/* Whether the guest file of an entry is there and what it was. */
static bool is_current(const struct cache_entry *e)
{
    struct stat st;
    if (stat(e->path, &st)) return false;
    struct file_id now = file_id_of(&st);
    return !memcmp(&now, &e->module, sizeof now);
}

static void take_entry(struct visit *v, const char *name, const struct stat *st)
{
    struct reading *r = v->context;
    struct cache_entry e;
    (void)st;
    int at = open(v->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = at >= 0 && cache_read_entry(at, name, &e) && !e.dir[0];
    if (at >= 0) close(at);
    if (!good || !r->out->count) return;
    struct stored_image key = {.name = e.name};
    struct stored_image *i = bsearch(&key, r->out->image, r->out->count, sizeof key, by_name);
    if (!i) return;
    if (e.used > i->used) i->used = e.used;
    if (!e.path[0] || i->state == IMAGE_FOREIGN || i->state == IMAGE_BROKEN) return;
    bool current = is_current(&e);
    if (current || (!i->path && i->state == IMAGE_UNKNOWN))
        i->path = format_text(v->arena, "%s", e.path);
    if (current)
        i->state = IMAGE_GOOD;
    else if (i->state == IMAGE_UNKNOWN)
        i->state = IMAGE_GONE;
}

static int by_module(const void *a, const void *b)
{
    const struct stored_image *x = *(struct stored_image *const *)a,
                              *y = *(struct stored_image *const *)b;
    int order = memcmp(&x->header.module, &y->header.module, sizeof x->header.module);
    return order ? order : (int)x->state - (int)y->state;
}

/* Images for other processors have no entry of their own: a guest file has one. What is known of
 * one image of a module goes for all. */
static void spread(struct stored_images *all, struct arena *arena)
{
    struct stored_image **order = arena_alloc(arena, all->count * sizeof *order);
    for (u32 n = 0; n < all->count; n++) order[n] = &all->image[n];
    if (all->count) qsort(order, all->count, sizeof *order, by_module);
    for (u32 n = 1; n < all->count; n++) {
        const struct stored_image *known = order[n - 1];
        struct stored_image *i = order[n];
        if (i->state != IMAGE_UNKNOWN && i->state != IMAGE_GONE) continue;
        if (memcmp(&i->header.module, &known->header.module, sizeof known->header.module)) continue;
        if (known->state != IMAGE_GOOD) continue;
        i->state = IMAGE_GOOD;
        i->path = known->path;
    }
}

void store_read(const char *dir, struct arena *arena, struct stored_images *out)
{
    struct reading r = {.out = out, .translator = xlat_id()};
    struct visit images = {dir, arena, take_image, &r}, index = {dir, arena, take_entry, &r};
    *out = (struct stored_images){0};
    walk(&images, "images", 2);
    if (out->count) qsort(out->image, out->count, sizeof *out->image, by_name);
    walk(&index, "index", 0);
    spread(out, arena);
}

/* --- taking out ---------------------------------------------------------------------------------
 */

static void remove_at(const char *dir, const char *name)
{
    char path[PATH_MAX + CACHE_NAME + NAME_MAX];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    unlink(path);
}

/* What publishers left that died: they'd hold the lock if they lived. */
static void drop_temporary(struct visit *v, const char *name, const struct stat *st)
{
    (void)st;
    if (ends_with(name, ".tmp")) remove_at(v->dir, name);
}

/* Runs write index entries, profiles and lists of missed addresses without the lock, but not for an
 * hour. */
static void drop_old_temporary(struct visit *v, const char *name, const struct stat *st)
{
    const char *base = strrchr(name, '/') + 1;
    if (strchr(base, '.') && time(NULL) - st->st_mtime > HOUR) remove_at(v->dir, name);
}

/* An entry whose image is gone; those that speak of another cache stay. */
static void drop_entry(struct visit *v, const char *name, const struct stat *st)
{
    struct cache_entry e;
    char image[PATH_MAX + CACHE_NAME];
    (void)st;
    int at = open(v->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = at >= 0 && cache_read_entry(at, name, &e) && !e.dir[0];
    if (at >= 0) close(at);
    if (!good) return;
    snprintf(image, sizeof image, "%s/%s", v->dir, e.name);
    if (access(image, F_OK) && errno == ENOENT) remove_at(v->dir, name);
}

static int by_use(const void *a, const void *b)
{
    const struct stored_image *x = a, *y = b;
    if (x->used != y->used) return x->used < y->used ? -1 : 1;
    return strcmp(x->name, y->name);
}

static void remove_image(const char *dir, const struct stored_image *i, struct store_removed *out)
{
    char path[PATH_MAX + CACHE_NAME];
    snprintf(path, sizeof path, "%s/%s", dir, i->name);
    if (unlink(path)) return;
    out->count++;
    out->size += i->size;
    out->left -= i->size;
    for (unsigned n = 0; n < 2; n++) { /* folders that are empty now */
        *strrchr(path, '/') = '\0';
        if (rmdir(path)) break;
    }
}

static void remove_images(const char *dir, struct stored_images *all, u64 cap, s64 since,
                          bool useless, struct store_removed *out)
{
    out->left = all->size;
    if (all->count) qsort(all->image, all->count, sizeof *all->image, by_use);
    for (u32 n = 0; n < all->count && useless; n++) {
        struct stored_image *i = &all->image[n];
        if (i->state == IMAGE_FOREIGN || i->state == IMAGE_GONE || i->state == IMAGE_BROKEN) {
            remove_image(dir, i, out);
            i->size = 0;
        }
    }
    for (u32 n = 0; n < all->count && out->left > cap; n++)
        if (all->image[n].size && all->image[n].used < since)
            remove_image(dir, &all->image[n], out);
}

bool store_trim(const char *dir, u64 cap, s64 since, bool useless, struct store_removed *out)
{
    struct stored_images all;
    struct arena arena;
    int lock = store_lock(dir, true);
    *out = (struct store_removed){0};
    if (lock < 0) return false;
    arena_init(&arena);
    struct visit images = {dir, &arena, drop_temporary, NULL},
                 index = {dir, &arena, drop_old_temporary, NULL},
                 entries = {dir, &arena, drop_entry, NULL};
    walk(&images, "images", 2);
    walk(&index, "index", 0);
    walk(&index, "missed", 0);
    walk(&index, "profile", 0);
    store_read(dir, &arena, &all);
    remove_images(dir, &all, cap, since, useless, out);
    if (out->count) walk(&entries, "index", 0);
    arena_free(&arena);
    close(lock);
    return true;
}
