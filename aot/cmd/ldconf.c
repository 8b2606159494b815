/*
 * ld.so.conf and ld.so.cache of a sysroot. The cache's format: glibc's
 * sysdeps/generic/dl-cache.h, "glibc-ld.so.cache1.1", perhaps behind one of the old format; its
 * paths are believed only as far as the files there are AArch64 ones.
 */
#include "aot/cmd/ldconf.h"

#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aot/cmd/guestfs.h"
#include "aot/cmd/say.h"

#define CACHE_MAGIC "glibc-ld.so.cache1.1"
#define CONF_DEPTH  8
#define MAX_DIRS    256
#define MAX_FILE    (16u << 20)

struct cache_head {
    char magic[20];
    u32 count, strings_size;
    u32 flags, extension, unused[3];
};

struct cache_entry {
    s32 flags;
    u32 key, value; /* from the start of the new format's header */
    u32 os_version;
    u64 hwcap;
};

struct reading {
    struct arena *arena;
    const char *root;
    const char **dir;
    u32 count;
};

/* The whole of a guest's file with a NUL behind it; NULL: it isn't there. */
static char *read_guest(struct arena *arena, const char *root, const char *path, u64 *size)
{
    struct guest_file f;
    struct stat st;
    if (!guest_find(root, path, &f)) return NULL;
    FILE *file = fopen(f.host, "re");
    if (!file) return NULL;
    char *text = NULL;
    if (fstat(fileno(file), &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MAX_FILE) {
        text = arena_alloc(arena, (size_t)st.st_size + 1);
        *size = fread(text, 1, (size_t)st.st_size, file);
        text[*size] = '\0';
    }
    fclose(file);
    return text;
}

static void add_dir(struct reading *r, const char *dir)
{
    for (u32 n = 0; n < r->count; n++)
        if (!strcmp(r->dir[n], dir)) return;
    if (r->count + 1 < MAX_DIRS) r->dir[r->count++] = format_text(r->arena, "%s", dir);
}

static void read_conf(struct reading *r, const char *path, unsigned depth);

/* "include PATTERN": the files in the sysroot that match. */
static void include(struct reading *r, const char *from, const char *pattern, unsigned depth)
{
    char full[2 * PATH_MAX];
    const char *slash = strrchr(from, '/');
    glob_t found;
    snprintf(full, sizeof full, "%s%.*s%s%s", r->root,
             pattern[0] == '/' || !slash ? 0 : (int)(slash - from), from,
             pattern[0] == '/' ? "" : "/", pattern);
    if (glob(full, 0, NULL, &found)) return;
    for (size_t n = 0; n < found.gl_pathc; n++)
        read_conf(r, found.gl_pathv[n] + strlen(r->root), depth + 1);
    globfree(&found);
}

static void read_conf(struct reading *r, const char *path, unsigned depth)
{
    u64 size;
    char *text = depth < CONF_DEPTH ? read_guest(r->arena, r->root, path, &size) : NULL;
    for (char *line; text && (line = strsep(&text, "\n")) != NULL;) {
        line[strcspn(line, "#")] = '\0';
        line += strspn(line, " \t");
        for (size_t n = strlen(line); n && strchr(" \t\r", line[n - 1]);) line[--n] = '\0';
        if (!strncmp(line, "include", 7) && (line[7] == ' ' || line[7] == '\t'))
            include(r, path, line + 8 + strspn(line + 8, " \t"), depth);
        else if (line[0] == '/')
            add_dir(r, line);
    }
}

void ldconf_read(struct ldconf *c, struct arena *arena, const char *root)
{
    /* Debian's own, then those of systems that have /usr/lib64. */
    static const char *const built_in[] = {"/lib/aarch64-linux-gnu",
                                           "/usr/lib/aarch64-linux-gnu",
                                           "/lib64",
                                           "/usr/lib64",
                                           "/lib",
                                           "/usr/lib"};
    struct reading r = {arena, root, arena_zalloc(arena, MAX_DIRS * sizeof *r.dir), 0};
    char *text = read_guest(arena, root, "/etc/ld.so.cache", &c->cache_size);
    char *at = text ? memmem(text, c->cache_size, CACHE_MAGIC, strlen(CACHE_MAGIC)) : NULL;
    c->cache = at;
    if (at)
        c->cache_size -= (u64)(at - text);
    else
        read_conf(&r, "/etc/ld.so.conf", 0);
    for (size_t n = 0; n < ARRAY_SIZE(built_in); n++) add_dir(&r, built_in[n]);
    c->dir = r.dir;
}

const char *ldconf_cached(const struct ldconf *c, const char *name, u32 *at)
{
    struct cache_head head;
    struct cache_entry e;
    if (!c->cache || c->cache_size < sizeof head) return NULL;
    memcpy(&head, c->cache, sizeof head);
    u64 room = (c->cache_size - sizeof head) / sizeof e;
    for (; *at < head.count && *at < room; (*at)++) {
        memcpy(&e, c->cache + sizeof head + *at * sizeof e, sizeof e);
        if (e.key >= c->cache_size || e.value >= c->cache_size) continue;
        if (strcmp(c->cache + e.key, name)) continue; /* a NUL stands behind the whole text */
        (*at)++;
        return c->cache + e.value;
    }
    return NULL;
}
