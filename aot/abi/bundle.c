/*
 * Looking things up in a bundle's table, and whether it makes sense: see bundle.h.
 */
#include "aot/abi/bundle.h"

#include <string.h>
#include <sys/stat.h>

/* Whether there is room for that many bytes in whole pages; the table lies behind them all. */
static bool is_inside(u64 at, u64 size, u64 end)
{
    return at % BUNDLE_PAGE == 0 && at <= end && size <= end - at &&
           ALIGN_UP(size, (u64)BUNDLE_PAGE) <= end - at;
}

static bool is_stretch(const struct bundle_table *t, const struct bundle_stretch *s, u64 end)
{
    return s->size == 0 || (is_inside(s->at, s->size, end) && s->digest <= t->digest_count &&
                            bundle_chunks(s) <= t->digest_count - s->digest);
}

static bool is_name(const char *name)
{
    return *name != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 &&
           strcmp(name, "..") != 0;
}

static const char *check_children(const struct bundle_table *t, const struct bundle_entry *e, u32 n,
                                  u32 *next)
{
    const struct bundle_entry *all = bundle_entries(t);

    if (e->first != *next || e->count > t->entry_count - *next) return "a directory's entries";
    for (u32 i = e->first; i < e->first + e->count; i++) {
        if (all[i].parent != n) return "a directory's entries";
        if (i > e->first &&
            strcmp(bundle_string(t, all[i - 1].name), bundle_string(t, all[i].name)) >= 0)
            return "the order of its entries";
    }
    *next += e->count;
    return NULL;
}

static const char *check_entry(const struct bundle_table *t, u32 n, u64 file_size, u32 *next)
{
    const struct bundle_entry *e = &bundle_entries(t)[n];

    if (n != 0 && (!is_name(bundle_string(t, e->name)) || e->parent >= n)) return "a name";
    switch (e->mode & S_IFMT) {
    case S_IFDIR: return check_children(t, e, n, next);
    case S_IFREG:
        if (!is_stretch(t, &e->contents, file_size)) return "a file's place";
        return is_stretch(t, &e->image, file_size) ? NULL : "an image's place";
    case S_IFLNK:
        return e->link < t->strings_size && e->link_size != 0 && e->link_size < BUNDLE_PATH_MAX &&
                       strlen(bundle_string(t, e->link)) == e->link_size
                   ? NULL
                   : "a link's text";
    default: return "an entry's type";
    }
}

const char *bundle_check(const struct bundle_table *t, u64 size, u64 file_size)
{
    const struct bundle_entry *e;
    u32 next = 1;

    if (size < sizeof *t || memcmp(t->magic, BUNDLE_TABLE_MAGIC, sizeof t->magic) != 0 ||
        t->format != BUNDLE_FORMAT || t->header_size != sizeof *t || t->entry_size != sizeof *e)
        return "its header";
    if (t->entry_count == 0 || t->strings_size == 0 ||
        size != sizeof *t + t->entry_count * (u64)sizeof *e +
                    t->digest_count * (u64)sizeof(struct digest) + t->strings_size)
        return "its length";
    if (*bundle_string(t, t->strings_size - 1) != '\0') return "its strings";
    e = bundle_entries(t);
    if ((e->mode & S_IFMT) != S_IFDIR) return "its root";
    for (u32 n = 0; n < t->entry_count; n++)
        if (e[n].name >= t->strings_size) return "a name";
    for (u32 n = 0; n < t->entry_count; n++) {
        const char *why = check_entry(t, n, file_size, &next);

        if (why != NULL) return why;
    }
    if (next != t->entry_count) return "its entries";
    return t->program < t->strings_size && *bundle_string(t, t->program) == '/' ? NULL
                                                                                : "its program";
}

struct digest bundle_mark_digest(const struct bundle_mark *m)
{
    return blake2b_of(m, offsetof(struct bundle_mark, self));
}

static bool is_whole(const u8 *data, u64 size, const struct digest *expected)
{
    struct digest d = checksum_of(data, size);

    return memcmp(&d, expected, sizeof d) == 0;
}

const char *bundle_check_file(const struct bundle_mark *m, const u8 *file, u64 size)
{
    struct digest self = bundle_mark_digest(m);
    u64 behind = m->at + sizeof *m;

    if (memcmp(&self, &m->self, sizeof self) != 0) return "its mark is damaged";
    if (size != m->file_size) return size < m->file_size ? "it is cut short" : "it is too long";
    if (m->runtime > size || behind > m->runtime || behind < m->at ||
        !is_inside(m->table, 0, size) || m->table_size > size - m->table)
        return "its mark makes no sense";
    if (!is_whole(file, m->at, &m->before) ||
        !is_whole(file + behind, m->runtime - behind, &m->behind))
        return "its runtime is damaged";
    if (!is_whole(file + m->table, m->table_size, &m->contents)) return "its table is damaged";
    return bundle_check((const void *)(file + m->table), m->table_size, size) == NULL
               ? NULL
               : "its table makes no sense";
}

struct digest bundle_chunk_digest(u64 size, u64 n, const u8 *bytes)
{
    u64 from = n * BUNDLE_CHUNK, left = ALIGN_UP(size - from, (u64)BUNDLE_PAGE);

    return checksum_of(bytes + from, left < BUNDLE_CHUNK ? left : BUNDLE_CHUNK);
}

bool bundle_chunk_is_whole(const struct bundle_table *t, const struct bundle_stretch *s, u64 n,
                           const u8 *bytes)
{
    struct digest d = bundle_chunk_digest(s->size, n, bytes);

    return memcmp(&d, &bundle_digests(t)[s->digest + n], sizeof d) == 0;
}

const struct bundle_entry *bundle_child(const struct bundle_table *t,
                                        const struct bundle_entry *directory, const char *name,
                                        size_t n)
{
    const struct bundle_entry *all = bundle_entries(t);
    u32 low = directory->first, high = low + directory->count;

    if ((directory->mode & S_IFMT) != S_IFDIR) return NULL;
    while (low < high) {
        u32 middle = low + (high - low) / 2;
        const char *other = bundle_string(t, all[middle].name);
        int order = strncmp(other, name, n);

        if (order == 0 && other[n] == '\0') return &all[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct bundle_entry *bundle_lookup(const struct bundle_table *t, const char *path,
                                         const struct bundle_entry **nearest)
{
    const struct bundle_entry *e = bundle_entries(t), *child;

    for (;;) {
        size_t n;

        while (*path == '/') path++;
        if (nearest != NULL) *nearest = e;
        if (*path == '\0') return e;
        n = strcspn(path, "/");
        child = bundle_child(t, e, path, n);
        if (child == NULL) return NULL;
        e = child;
        path += n;
    }
}

bool bundle_path(const struct bundle_table *t, const struct bundle_entry *e, char *out, size_t size)
{
    const struct bundle_entry *all = bundle_entries(t);
    char text[BUNDLE_PATH_MAX], *at = text + sizeof text - 1;

    *at = '\0';
    if (e == all) *--at = '/';
    for (; e != all; e = &all[e->parent]) {
        const char *name = bundle_string(t, e->name);
        size_t n = strlen(name);

        if (n + 1 > (size_t)(at - text)) return false;
        at -= n;
        memcpy(at, name, n);
        *--at = '/';
    }
    if ((size_t)(text + sizeof text - at) > size) return false;
    memcpy(out, at, (size_t)(text + sizeof text - at));
    return true;
}
