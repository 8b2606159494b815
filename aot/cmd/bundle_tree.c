/*
 * The tree of a bundle: guest paths are walked component by component as the runtime will
 * (rt/path.c), so that every link and directory on the way is in the bundle too. What the sysroot
 * has comes before what the host has.
 */
#include "aot/cmd/bundle.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_LINKS 40

static char *copy_text(struct bundle_tree *tree, const char *text)
{
    size_t n = strlen(text) + 1;

    return memcpy(arena_alloc(tree->arena, n), text, n);
}

static struct bundle_node *new_node(struct bundle_tree *tree, struct bundle_node *parent,
                                    const char *name, u32 mode)
{
    struct bundle_node *node = arena_zalloc(tree->arena, sizeof *node);

    node->name = copy_text(tree, name);
    node->parent = parent;
    node->mode = mode;
    return node;
}

void tree_init(struct bundle_tree *tree, struct arena *arena, const char *sysroot)
{
    const char *epoch = getenv("SOURCE_DATE_EPOCH");

    *tree = (struct bundle_tree){.arena = arena, .sysroot = sysroot, .newest = INT64_MAX};
    if (epoch != NULL && *epoch != '\0')
        tree->newest = strtoll(epoch, NULL, 10) * INT64_C(1000000000);
    tree->root = new_node(tree, NULL, "", S_IFDIR | 0755);
}

void tree_path(const struct bundle_node *node, char *out)
{
    char text[PATH_MAX], *at = text + sizeof text - 1;

    *at = '\0';
    for (; node->parent != NULL; node = node->parent) {
        size_t n = strlen(node->name);

        if (n + 1 > (size_t)(at - text)) bundle_die("%s: too long a path", at);
        at -= n;
        memcpy(at, node->name, n);
        *--at = '/';
    }
    strcpy(out, *at != '\0' ? at : "/");
}

/* The place of a name among the children: where it is, or where it belongs. */
static u32 child_place(const struct bundle_node *parent, const char *name, bool *is_there)
{
    u32 low = 0, high = parent->child_count;

    *is_there = false;
    while (low < high) {
        u32 middle = (low + high) / 2;
        int order = strcmp(parent->child[middle]->name, name);

        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct bundle_node *put_child(struct bundle_tree *tree, struct bundle_node *parent, u32 at,
                                     const char *name, u32 mode)
{
    struct bundle_node *node = new_node(tree, parent, name, mode);

    if (parent->child_count == parent->child_max) {
        u32 max = parent->child_max != 0 ? 2 * parent->child_max : 8;
        struct bundle_node **more = arena_alloc(tree->arena, max * sizeof(struct bundle_node *));

        if (parent->child_count != 0)
            memcpy(more, parent->child, parent->child_count * sizeof *more);
        parent->child = more;
        parent->child_max = max;
    }
    memmove(parent->child + at + 1, parent->child + at,
            (parent->child_count - at) * sizeof *parent->child);
    parent->child[at] = node;
    parent->child_count++;
    return node;
}

static bool starts_as_guest_elf(const char *host)
{
    Elf64_Ehdr h;
    int fd = open(host, O_RDONLY | O_CLOEXEC);
    bool is;

    if (fd < 0) bundle_die("%s: %s", host, strerror(errno));
    is = pread(fd, &h, sizeof h, 0) == sizeof h && memcmp(h.e_ident, ELFMAG, SELFMAG) == 0 &&
         h.e_ident[EI_CLASS] == ELFCLASS64 && h.e_machine == EM_AARCH64 &&
         (h.e_type == ET_EXEC || h.e_type == ET_DYN);
    close(fd);
    return is;
}

static void take_file(struct bundle_tree *tree, struct bundle_node *node, const char *host,
                      const struct stat *st)
{
    s64 mtime = st->st_mtim.tv_sec * INT64_C(1000000000) + st->st_mtim.tv_nsec;

    node->host = copy_text(tree, host);
    node->size = (u64)st->st_size;
    node->dev = st->st_dev;
    node->ino = st->st_ino;
    node->mtime = mtime < tree->newest ? mtime : tree->newest;
    node->is_guest_elf = starts_as_guest_elf(host);
    if (tree->last_file != NULL)
        tree->last_file->next_file = node;
    else
        tree->first_file = node;
    tree->last_file = node;
}

static void take_link(struct bundle_tree *tree, struct bundle_node *node, const char *host)
{
    char text[PATH_MAX];
    ssize_t n = readlink(host, text, sizeof text - 1);

    if (n <= 0) bundle_die("%s: %s", host, strerror(errno));
    text[n] = '\0';
    node->link = copy_text(tree, text);
    node->size = (u64)n;
}

/* The child of that name, made of what the host path is unless it is there already; NULL: it is
 * nothing that a bundle can hold (errno). */
static struct bundle_node *add_child(struct bundle_tree *tree, struct bundle_node *parent,
                                     const char *name, const char *host)
{
    struct bundle_node *node;
    struct stat st;
    bool is_there;
    u32 at = child_place(parent, name, &is_there);

    if (is_there) return parent->child[at];
    if (lstat(host, &st) != 0) return NULL;
    if (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode) && !S_ISLNK(st.st_mode)) {
        errno = EINVAL;
        return NULL;
    }
    node = put_child(tree, parent, at, name, st.st_mode & (S_IFMT | 07777));
    if (S_ISREG(st.st_mode)) take_file(tree, node, host, &st);
    if (S_ISLNK(st.st_mode)) take_link(tree, node, host);
    return node;
}

struct walk {
    struct bundle_tree *tree;
    struct bundle_node *at;
    char rest[2 * PATH_MAX];
    unsigned links;
};

/* The host path of a name in the directory: the sysroot's, or the host's own. */
static bool find_host(const struct walk *w, const struct bundle_node *parent, const char *name,
                      char *host)
{
    const char *sysroot = w->tree->sysroot;
    char path[PATH_MAX];
    struct stat st;

    tree_path(parent, path);
    snprintf(host, 3 * PATH_MAX, "%s%s/%s", sysroot, path[1] != '\0' ? path : "", name);
    if (lstat(host, &st) == 0) return true;
    if (*sysroot == '\0') return false;
    memmove(host, host + strlen(sysroot), strlen(host + strlen(sysroot)) + 1);
    return lstat(host, &st) == 0;
}

/* Puts a link's text before the rest of the way. */
static bool follow(struct walk *w, const struct bundle_node *link, const char *rest)
{
    char text[2 * PATH_MAX];
    int n = snprintf(text, sizeof text, "%s%s", link->link, rest);

    if (++w->links > MAX_LINKS || n < 0 || (size_t)n >= sizeof text) {
        errno = ELOOP;
        return false;
    }
    if (*link->link == '/') w->at = w->tree->root;
    memcpy(w->rest, text, (size_t)n + 1);
    return true;
}

/* Takes the next component off the rest; 0: there is none. */
static size_t next_name(const char **at, char *name)
{
    size_t n;

    while (**at == '/') (*at)++;
    n = strcspn(*at, "/");
    if (n > NAME_MAX) n = NAME_MAX;
    memcpy(name, *at, n);
    name[n] = '\0';
    *at += n;
    return n;
}

/* Walks w->rest from w->at on, links followed; the last node, or NULL (errno). */
static struct bundle_node *walk(struct walk *w)
{
    char name[NAME_MAX + 1], host[3 * PATH_MAX];
    const char *at = w->rest;

    while (next_name(&at, name) != 0) {
        struct bundle_node *child;
        bool is_there;
        u32 place;

        if (strcmp(name, ".") == 0) continue;
        if (strcmp(name, "..") == 0) {
            if (w->at->parent != NULL) w->at = w->at->parent;
            continue;
        }
        if (!S_ISDIR(w->at->mode)) {
            errno = ENOTDIR;
            return NULL;
        }
        place = child_place(w->at, name, &is_there);
        child = is_there ? w->at->child[place] : NULL;
        if (child == NULL) {
            if (!find_host(w, w->at, name, host)) return NULL;
            child = add_child(w->tree, w->at, name, host);
            if (child == NULL) return NULL;
        }
        if (S_ISLNK(child->mode)) {
            if (!follow(w, child, at)) return NULL;
            at = w->rest;
        } else {
            w->at = child;
        }
    }
    return w->at;
}

static struct bundle_node *walk_from(struct bundle_tree *tree, struct bundle_node *from,
                                     const char *path)
{
    struct walk w = {.tree = tree, .at = from};

    if (strlen(path) >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    strcpy(w.rest, path);
    return walk(&w);
}

/* What a link in a bundled directory leads to comes too, unless that is a directory elsewhere. */
static void add_target(struct bundle_tree *tree, const struct bundle_node *link)
{
    struct bundle_node *target;

    target = walk_from(tree, *link->link == '/' ? tree->root : link->parent, link->link);
    (void)target; /* a link to nothing stays one */
}

static int is_entry(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

/* All that is in the host directory. */
static void add_contents(struct bundle_tree *tree, struct bundle_node *node, const char *host)
{
    struct dirent **list;
    int count = scandir(host, &list, is_entry, alphasort);

    if (count < 0) bundle_die("%s: %s", host, strerror(errno));
    node->flags |= BUNDLE_WHOLE;
    for (int i = 0; i < count; i++) {
        char path[2 * PATH_MAX];
        struct bundle_node *child;

        snprintf(path, sizeof path, "%s/%s", host, list[i]->d_name);
        child = add_child(tree, node, list[i]->d_name, path);
        if (child == NULL)
            bundle_warn("%s: left out: %s", path,
                        errno == EINVAL ? "no file, directory or link" : strerror(errno));
        else if (S_ISDIR(child->mode) && (child->flags & BUNDLE_WHOLE) == 0)
            add_contents(tree, child, path);
        else if (S_ISLNK(child->mode))
            add_target(tree, child);
        free(list[i]);
    }
    free(list);
}

struct bundle_node *tree_add(struct bundle_tree *tree, const char *guest)
{
    struct bundle_node *node = walk_from(tree, tree->root, guest);
    char path[PATH_MAX], host[3 * PATH_MAX];
    struct walk w = {.tree = tree};

    if (node == NULL || !S_ISDIR(node->mode) || (node->flags & BUNDLE_WHOLE) != 0) return node;
    if (node == tree->root) {
        errno = EISDIR;
        return NULL;
    }
    if (!find_host(&w, node->parent, node->name, host)) return NULL;
    tree_path(node, path);
    add_contents(tree, node, host);
    return node;
}
