/*
 * The closure of a program's libraries, as ld.so(8) finds them: DT_RPATH of the file that needs one
 * and of those that loaded it (unless it has a DT_RUNPATH), LD_LIBRARY_PATH, DT_RUNPATH,
 * ld.so.cache, the usual directories. A file that is no AArch64 library is passed over.
 */
#include "aot/cmd/closure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aot/cmd/guestfs.h"
#include "aot/cmd/ldconf.h"
#include "aot/cmd/say.h"
#include "aot/elf/module.h"

#define MAX_PROGRAMS 16

/* --- the set of files ---------------------------------------------------------------------------
 */

void inputs_init(struct inputs *in, struct arena *arena, const char *root)
{
    *in = (struct inputs){.arena = arena, .root = root};
}

static u32 place_of(const struct inputs *in, u64 dev, u64 ino)
{
    u64 at = (dev * 31 + ino) * UINT64_C(0x9e3779b97f4a7c15) >> 32;
    for (;; at++) {
        u32 n = in->hash[at &= in->hash_size - 1];
        if (!n || (in->item[n - 1]->dev == dev && in->item[n - 1]->ino == ino)) return (u32)at;
    }
}

static void grow(struct inputs *in)
{
    u32 room = in->room ? 2 * in->room : 256;
    struct input **item = arena_alloc(in->arena, room * sizeof *item);
    if (in->count) memcpy(item, in->item, in->count * sizeof *item);
    in->item = item;
    in->room = room;
    in->hash_size = 2 * room;
    in->hash = arena_zalloc(in->arena, in->hash_size * sizeof *in->hash);
    for (u32 n = 0; n < in->count; n++) in->hash[place_of(in, item[n]->dev, item[n]->ino)] = n + 1;
}

struct input *inputs_add(struct inputs *in, const char *host, const char *guest)
{
    struct stat st;
    if (stat(host, &st)) return NULL;
    if (in->count == in->room) grow(in);
    u32 place = place_of(in, st.st_dev, st.st_ino);
    if (in->hash[place]) return NULL;
    struct input *i = arena_zalloc(in->arena, sizeof *i);
    i->host = format_text(in->arena, "%s", host);
    i->guest = format_text(in->arena, "%s", guest);
    i->dev = st.st_dev;
    i->ino = st.st_ino;
    i->size = (u64)st.st_size;
    in->item[in->count++] = i;
    in->hash[place] = in->count;
    return i;
}

/* --- search -------------------------------------------------------------------------------------
 */

struct search {
    struct inputs *in;
    const struct ldconf *conf;
    const char *name;
    struct guest_file found;
    char path[PATH_MAX]; /* that it was found by */
    enum found_by by;
};

static bool try_path(struct search *s, const char *path)
{
    if (!guest_find(s->in->root, path, &s->found) || file_kind(s->found.host, NULL) != KIND_GUEST)
        return false;
    snprintf(s->path, sizeof s->path, "%s", path);
    return true;
}

/* Directory and name, as the guest has them. */
static bool try_dir(struct search *s, const char *dir, size_t n)
{
    char path[PATH_MAX];
    int size = snprintf(path, sizeof path, "%.*s/%s", (int)n, dir, s->name);
    return size > 0 && (size_t)size < sizeof path && try_path(s, path);
}

/* Writes what a token at text stands for; its length in the text, 0: it is none. */
static size_t expand(const char *text, const char *origin, size_t origin_size, const char *lib,
                     char *out, size_t room)
{
    static const char *const names[] = {"ORIGIN", "LIB", "PLATFORM"};
    for (unsigned k = 0; k < 3; k++) {
        size_t n = strlen(names[k]);
        bool braces = text[1] == '{';
        if (strncmp(text + 1 + braces, names[k], n) || (braces && text[2 + n] != '}')) continue;
        if (!k)
            snprintf(out, room, "%.*s", (int)origin_size, origin);
        else
            snprintf(out, room, "%s", k == 1 ? lib : "aarch64");
        return 1 + n + (braces ? 2 : 0);
    }
    return 0;
}

/* One directory of a path list, its tokens expanded. */
static bool try_listed(struct search *s, const char *text, size_t n, const struct input *owner,
                       const char *lib)
{
    const char *slash = strrchr(owner->guest, '/');
    char dir[PATH_MAX];
    size_t at = 0;
    for (size_t k = 0; k < n && at + 1 < sizeof dir;) {
        size_t token = text[k] == '$'
                           ? expand(text + k, owner->guest, (size_t)(slash - owner->guest), lib,
                                    dir + at, sizeof dir - at)
                           : 0;
        if (token) {
            at += strlen(dir + at);
            k += token;
        } else {
            dir[at++] = text[k++];
        }
    }
    return n && try_dir(s, dir, at);
}

/* A list of directories with colons between (or semicolons, in LD_LIBRARY_PATH). */
static bool try_list(struct search *s, const char *list, const struct input *owner)
{
    while (list && *list) {
        size_t n = strcspn(list, ":;");
        if (try_listed(s, list, n, owner, "lib/aarch64-linux-gnu")) return true;
        if (memmem(list, n, "LIB", 3) && try_listed(s, list, n, owner, "lib64")) return true;
        list += n + (list[n] != '\0');
    }
    return false;
}

static bool try_rpaths(struct search *s, const struct input *by)
{
    if (by->runpath) return false;
    for (; by; by = by->loader)
        if (!by->runpath && try_list(s, by->rpath, by)) return true;
    return false;
}

static bool try_usual(struct search *s)
{
    const char *path;
    s->by = FOUND_BY_CACHE;
    for (u32 at = 0; (path = ldconf_cached(s->conf, s->name, &at)) != NULL;)
        if (try_path(s, path)) return true;
    s->by = FOUND_BY_DIRECTORY;
    for (const char **dir = s->conf->dir; *dir; dir++)
        if (try_dir(s, *dir, strlen(*dir))) return true;
    return false;
}

static bool find_library(struct search *s, const struct input *by)
{
    if (strchr(s->name, '/')) return try_path(s, s->name);
    return try_rpaths(s, by) || try_list(s, getenv("LD_LIBRARY_PATH"), by) ||
           try_list(s, by->runpath, by) || try_usual(s);
}

/* --- closure ------------------------------------------------------------------------------------
 */

static void say_missing(struct inputs *in, const char *name, const struct input *by)
{
    for (u32 n = 0; n < in->missing; n++)
        if (!strcmp(in->missing_name[n], name)) return;
    const char **more = arena_alloc(in->arena, (in->missing + 1) * sizeof *more);
    if (in->missing) memcpy(more, in->missing_name, in->missing * sizeof *more);
    more[in->missing++] = format_text(in->arena, "%s", name);
    in->missing_name = more;
    if (!in->silent) complain(name, "not found (%s needs it)", by->guest);
}

static void add_needed(struct inputs *in, const struct ldconf *conf, struct input *by,
                       const char *name)
{
    struct search s = {.in = in, .conf = conf, .name = name};
    if (!find_library(&s, by)) {
        say_missing(in, name, by);
        return;
    }
    if (in->found) in->found(in->context, s.path, s.by);
    struct input *i = inputs_add(in, s.found.host, s.found.guest);
    if (i) i->loader = by;
}

static char *keep(struct arena *arena, const char *text)
{
    return text ? format_text(arena, "%s", text) : NULL;
}

/* Adds what a file needs itself. A broken one is left to its conversion to complain about. */
static void look_into(struct inputs *in, const struct ldconf *conf, struct input *i)
{
    struct guest_file f;
    struct module m;
    char why[160];
    if (module_open_brief(in->arena, i->host, NULL, &m, why) != MODULE_OK) return;
    i->rpath = keep(in->arena, m.rpath);
    i->runpath = keep(in->arena, m.runpath);
    if (m.interp && !i->loader) {
        bool there = guest_find(in->root, m.interp, &f);
        if (there && in->found) in->found(in->context, m.interp, FOUND_BY_FILE);
        if (there)
            inputs_add(in, f.host, f.guest);
        else
            say_missing(in, m.interp, i);
    }
    for (u32 n = 0; n < m.needed_count; n++) add_needed(in, conf, i, m.needed[n]);
    module_close(&m);
}

void inputs_add_closure(struct inputs *in, const char *host, const char *guest)
{
    struct ldconf conf;
    u32 first = in->count;
    if (!inputs_add(in, host, guest)) return;
    ldconf_read(&conf, in->arena, in->root);
    for (u32 n = first; n < in->count; n++) look_into(in, &conf, in->item[n]);
}

bool inputs_add_program(struct inputs *in, const char *word)
{
    static struct guest_file file[MAX_PROGRAMS];
    struct ldconf conf;
    const char *why = NULL;
    u32 first = in->count, found = guest_programs(in->root, word, file, MAX_PROGRAMS, &why);
    if (!found) {
        complain(word, "%s", why);
        return false;
    }
    ldconf_read(&conf, in->arena, in->root);
    for (u32 n = 0; n < found; n++) inputs_add(in, file[n].host, file[n].guest);
    for (u32 n = first; n < in->count; n++) look_into(in, &conf, in->item[n]);
    return true;
}
