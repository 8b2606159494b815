/*
 * Writing a bundle: the runtime, then every file's contents and the image that `ferry convert`
 * would make of it, then the table, and the runtime's mark last of all. Files come in the order of
 * the table; nothing in a bundle depends on when or where it was made.
 */
#include "aot/cmd/bundle.h"

#include "aot/convert.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct writer {
    struct bundle_tree *tree;
    const struct bundle_options *o;
    struct bundle_written *w;
    const char *name;
    int fd;
    u64 at;                     /* where the next bytes go */
    struct bundle_node **order; /* by index */
    u32 count;
    struct digest *digest;
    u32 digest_count, digest_max;
};

static void put(struct writer *w, const void *data, u64 size)
{
    const u8 *from = data;

    while (size != 0) {
        ssize_t n = pwrite(w->fd, from, size, (off_t)w->at);

        if (n <= 0) bundle_die("%s: %s", w->name, n < 0 ? strerror(errno) : "disk full");
        from += n;
        w->at += (u64)n;
        size -= (u64)n;
    }
}

/* At a page of its own. */
static u64 put_at_page(struct writer *w, const void *data, u64 size)
{
    u64 at = w->at = ALIGN_UP(w->at, (u64)BUNDLE_PAGE);

    put(w, data, size);
    return at;
}

static void add_digest(struct writer *w, const struct digest *d)
{
    if (w->digest_count == w->digest_max) {
        w->digest_max = w->digest_max != 0 ? 2 * w->digest_max : 1024;
        w->digest = realloc(w->digest, w->digest_max * sizeof *d);
        if (w->digest == NULL) bundle_die("no memory for the table");
    }
    w->digest[w->digest_count++] = *d;
}

/* Data that is mapped: what is behind it in its last page is zeroes. */
static void put_stretch(struct writer *w, struct bundle_stretch *s, const u8 *data, u64 size)
{
    *s = (struct bundle_stretch){put_at_page(w, data, size), size, w->digest_count, 0};
    for (u64 n = 0; n < bundle_chunks(s); n++) {
        struct digest d = bundle_chunk_digest(size, n, data);

        add_digest(w, &d);
    }
}

/* Bytes behind the file's end in its last page are zeroes. */
static const u8 *map_file(const char *path, u64 size)
{
    static const u8 nothing[1];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    void *data;

    if (fd < 0 || fstat(fd, &st) != 0) bundle_die("%s: %s", path, strerror(errno));
    if ((u64)st.st_size != size) bundle_die("%s: changed while it was read", path);
    data = size != 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0) : (void *)nothing;
    if (data == MAP_FAILED) bundle_die("%s: %s", path, strerror(errno));
    close(fd);
    return data;
}

static void unmap_file(const u8 *data, u64 size)
{
    if (size != 0) munmap((void *)data, size);
}

/* --- order --------------------------------------------------------------------------------------
 */

static u32 count_nodes(const struct bundle_node *node)
{
    u32 n = 1;

    for (u32 i = 0; i < node->child_count; i++) n += count_nodes(node->child[i]);
    return n;
}

/* Each directory's children together, behind those of the directories before it. */
static void number_nodes(struct writer *w)
{
    u32 next = 0;

    w->count = count_nodes(w->tree->root);
    w->order = arena_alloc(w->tree->arena, w->count * sizeof(struct bundle_node *));
    w->order[next++] = w->tree->root;
    for (u32 i = 0; i < w->count; i++) {
        struct bundle_node *node = w->order[i];

        node->index = i;
        node->entry.first = node->child_count != 0 ? next : 0;
        for (u32 c = 0; c < node->child_count; c++) w->order[next++] = node->child[c];
    }
}

/* --- contents and images ------------------------------------------------------------------------
 */

static void put_image_file(struct writer *w, struct bundle_entry *e, int fd, u64 size)
{
    void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (data == MAP_FAILED) bundle_die("an image: %s", strerror(errno));
    put_stretch(w, &e->image, data, size);
    w->w->images++;
    w->w->image_bytes += size;
    munmap(data, size);
}

static void put_image(struct writer *w, struct bundle_node *node)
{
    struct convert_options o = {.features = w->o->features};
    char why[160], debug[PATH_MAX + 32];
    struct arena arena;
    struct converted c;
    struct module m;

    snprintf(debug, sizeof debug, "%s/usr/lib/debug", w->tree->sysroot);
    arena_init(&arena);
    if (module_open(&arena, node->host, debug, &m, why) == MODULE_OK) {
        struct digest digest = blake2b_of(m.data, m.size);
        int fd = memfd_create("image", MFD_CLOEXEC), error;

        if (fd < 0) bundle_die("an image: %s", strerror(errno));
        if (!w->o->quiet) fprintf(stderr, "ferry bundle: translating %s\n", node->host);
        if (convert_module(&arena, &m, &digest, &o, &c) == CONVERT_OK) {
            error = image_write(fd, &c.header, c.bytes, &c.debug);
            if (error != 0) bundle_die("%s: its image: %s", node->host, strerror(error));
            put_image_file(w, &node->entry, fd, c.header.file_size);
        }
        close(fd);
        module_close(&m);
    }
    arena_free(&arena);
}

/* Takes the places of an earlier file that has the same contents. */
static bool share(const struct writer *w, struct bundle_node *node)
{
    for (u32 i = 0; i < node->index; i++) {
        const struct bundle_node *other = w->order[i];

        if (!S_ISREG(other->mode) || other->size != node->size ||
            memcmp(&other->digest, &node->digest, sizeof node->digest) != 0)
            continue;
        node->entry.contents = other->entry.contents;
        node->entry.image = other->entry.image;
        return true;
    }
    return false;
}

static void put_file(struct writer *w, struct bundle_node *node)
{
    const u8 *data = map_file(node->host, node->size);

    w->w->files++;
    w->w->contents += node->size;
    node->digest = blake2b_of(data, node->size);
    if (!share(w, node)) {
        put_stretch(w, &node->entry.contents, data, node->size);
        if (node->is_guest_elf && !w->o->no_images) put_image(w, node);
    }
    unmap_file(data, node->size);
}

/* --- the table ----------------------------------------------------------------------------------
 */

struct strings {
    char *text;
    u64 size, max;
};

static u32 add_string(struct strings *s, const char *text)
{
    u64 n = strlen(text) + 1, at = s->size;

    if (s->size + n > s->max) {
        s->max = 2 * (s->max + n);
        s->text = realloc(s->text, s->max);
        if (s->text == NULL || s->max > UINT32_MAX) bundle_die("no memory for the table");
    }
    memcpy(s->text + at, text, n);
    s->size += n;
    return (u32)at;
}

static void fill_entry(struct bundle_node *node, struct strings *s)
{
    struct bundle_entry *e = &node->entry;

    e->name = add_string(s, node->name);
    e->parent = node->parent != NULL ? node->parent->index : 0;
    e->mode = node->mode;
    e->flags = node->flags;
    e->count = node->child_count;
    e->mtime = node->mtime;
    if (S_ISLNK(node->mode)) {
        e->link = add_string(s, node->link);
        e->link_size = (u32)node->size;
    }
}

static void put_table(struct writer *w, struct bundle_mark *mark)
{
    struct bundle_table head = {.format = BUNDLE_FORMAT,
                                .header_size = sizeof head,
                                .entry_size = sizeof(struct bundle_entry),
                                .entry_count = w->count,
                                .digest_count = w->digest_count};
    struct strings s = {0};
    u8 *table, *at;
    u32 next = 1;

    for (u32 i = 0; i < w->count; i++) {
        fill_entry(w->order[i], &s);
        w->order[i]->entry.first = S_ISDIR(w->order[i]->mode) ? next : 0;
        next += w->order[i]->child_count;
    }
    memcpy(head.magic, BUNDLE_TABLE_MAGIC, sizeof head.magic);
    head.program = add_string(&s, w->tree->program);
    head.strings_size = (u32)s.size;
    mark->table_size = sizeof head + w->count * sizeof(struct bundle_entry) +
                       w->digest_count * sizeof *w->digest + s.size;
    table = at = malloc(mark->table_size);
    if (table == NULL) bundle_die("no memory for the table");
    at = (u8 *)memcpy(at, &head, sizeof head) + sizeof head;
    for (u32 i = 0; i < w->count; i++, at += sizeof(struct bundle_entry))
        memcpy(at, &w->order[i]->entry, sizeof(struct bundle_entry));
    if (w->digest_count != 0) memcpy(at, w->digest, w->digest_count * sizeof *w->digest);
    memcpy(at + w->digest_count * sizeof *w->digest, s.text, s.size);
    mark->table = put_at_page(w, table, mark->table_size);
    mark->contents = checksum_of(table, mark->table_size);
    mark->file_size = w->at;
    free(table);
    free(s.text);
    free(w->digest);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

/* Copies the runtime and takes its mark. */
static void put_runtime(struct writer *w, const char *path, struct bundle_mark *mark)
{
    const u8 *data, *found;
    struct stat st;
    u64 size;

    if (stat(path, &st) != 0) bundle_die("%s: the static runtime: %s", path, strerror(errno));
    size = (u64)st.st_size;
    data = map_file(path, size);
    found = memmem(data, size, BUNDLE_MARK, sizeof BUNDLE_MARK);
    if (found == NULL || (u64)(data + size - found) < sizeof *mark)
        bundle_die("%s: not Ferry's static runtime", path);
    memcpy(mark, found, sizeof *mark);
    if (mark->file_size != 0) bundle_die("%s: is a bundle, not the static runtime", path);
    mark->at = (u64)(found - data);
    mark->runtime = ALIGN_UP(size, (u64)BUNDLE_PAGE);
    mark->before = checksum_of(data, mark->at);
    mark->behind = checksum_of(found + sizeof *mark, mark->runtime - mark->at - sizeof *mark);
    put(w, data, size);
    unmap_file(data, size);
}

/* The temporary file, to go if the bundle isn't finished. */
static char *unfinished;

static void remove_unfinished(void)
{
    if (unfinished != NULL) unlink(unfinished);
}

void bundle_write(struct bundle_tree *tree, const struct bundle_options *o, const char *runtime,
                  const char *out, struct bundle_written *written)
{
    struct writer w = {.tree = tree, .o = o, .w = written, .name = out};
    struct bundle_mark mark;
    mode_t mask = umask(0);
    struct stat st;

    umask(mask);
    if (stat(out, &st) == 0 && !S_ISREG(st.st_mode)) bundle_die("%s: not a regular file", out);
    *written = (struct bundle_written){0};
    if (asprintf(&unfinished, "%s.XXXXXX", out) < 0) bundle_die("no memory");
    w.fd = mkostemp(unfinished, O_CLOEXEC);
    if (w.fd < 0) bundle_die("%s: %s", out, strerror(errno));
    atexit(remove_unfinished);
    number_nodes(&w);
    put_runtime(&w, runtime, &mark);
    for (u32 i = 0; i < w.count; i++) {
        written->directories += S_ISDIR(w.order[i]->mode);
        written->links += S_ISLNK(w.order[i]->mode);
        if (S_ISREG(w.order[i]->mode)) put_file(&w, w.order[i]);
    }
    put_table(&w, &mark);
    written->total = w.at;
    mark.self = bundle_mark_digest(&mark);
    w.at = mark.at;
    put(&w, &mark, sizeof mark);
    if (fchmod(w.fd, 0777 & ~mask) != 0 || fsync(w.fd) != 0 || close(w.fd) != 0 ||
        rename(unfinished, out) != 0)
        bundle_die("%s: %s", out, strerror(errno));
    unfinished = NULL;
}
