/*
 * What a program needs to start: its interpreter and libraries, looked for as ld.so does
 * (ld.so(8)): DT_RUNPATH or DT_RPATH, the folders that /etc/ld.so.conf names, the usual ones.
 */
#include "aot/bundle.h"

#include "aot/elf/module.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const usual_dirs[] = {"/lib/aarch64-linux-gnu",
                                         "/usr/lib/aarch64-linux-gnu",
                                         "/lib64",
                                         "/usr/lib64",
                                         "/lib",
                                         "/usr/lib",
                                         "/usr/local/lib"};

/* --- libraries ----------------------------------------------------------------------------------
 */

struct search {
    struct bundle_tree *tree;
    const struct bundle_node *user; /* who needs it */
    const char *name;
    bool by_conf; /* it was found by /etc/ld.so.conf alone */
};

static struct bundle_node *look_in(struct search *s, const char *dir, bool of_sysroot)
{
    char path[2 * PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", dir, s->name);

    return n < PATH_MAX ? tree_add_library(s->tree, path, of_sysroot) : NULL;
}

/* A folder of a run path, with $ORIGIN and ${ORIGIN} replaced; $LIB as Debian and others have it.
 */
static struct bundle_node *look_in_runpath(struct search *s, const char *text, size_t n)
{
    static const char *const libs[] = {"lib/aarch64-linux-gnu", "lib64", "lib"};
    char origin[PATH_MAX];

    tree_path(s->user, origin);
    *strrchr(origin, '/') = '\0';
    for (size_t lib = 0; lib < ARRAY_SIZE(libs); lib++) {
        const struct {
            const char *word, *value;
        } words[] = {{"$ORIGIN", origin},   {"${ORIGIN}", origin},    {"$LIB", libs[lib]},
                     {"${LIB}", libs[lib]}, {"$PLATFORM", "aarch64"}, {"${PLATFORM}", "aarch64"}};
        char dir[2 * PATH_MAX];
        struct bundle_node *found;
        size_t used = 0;

        for (size_t at = 0; at < n && used < PATH_MAX;) {
            size_t w = 0, m = 0;

            for (; w < ARRAY_SIZE(words); w++) {
                m = strlen(words[w].word);
                if (n - at >= m && strncmp(text + at, words[w].word, m) == 0) break;
            }
            if (w < ARRAY_SIZE(words)) {
                used += (size_t)snprintf(dir + used, sizeof dir - used, "%s", words[w].value);
                at += m;
            } else {
                dir[used++] = text[at++];
            }
        }
        dir[used] = '\0';
        found = dir[0] == '/' ? look_in(s, dir, false) : NULL;
        if (found != NULL) return found;
    }
    return NULL;
}

static struct bundle_node *look_in_runpaths(struct search *s, const char *paths)
{
    while (paths != NULL && *paths != '\0') {
        size_t n = strcspn(paths, ":");
        struct bundle_node *found = look_in_runpath(s, paths, n);

        if (found != NULL) return found;
        paths += n + (paths[n] == ':');
    }
    return NULL;
}

static struct bundle_node *look_in_conf(struct search *s, const char *pattern, unsigned depth);

static struct bundle_node *look_in_conf_file(struct search *s, const char *file, unsigned depth)
{
    FILE *f = fopen(file, "re");
    struct bundle_node *found = NULL;
    char line[PATH_MAX];

    while (f != NULL && found == NULL && fgets(line, sizeof line, f) != NULL) {
        char *text = line + strspn(line, " \t"), *end = text + strcspn(text, "#\n");

        while (end > text && (end[-1] == ' ' || end[-1] == '\t')) end--;
        *end = '\0';
        if (strncmp(text, "include", 7) == 0 && (text[7] == ' ' || text[7] == '\t'))
            found = look_in_conf(s, text + 8 + strspn(text + 8, " \t"), depth + 1);
        else if (*text == '/')
            found = look_in(s, text, true);
    }
    if (f != NULL) fclose(f);
    return found;
}

static struct bundle_node *look_in_conf(struct search *s, const char *pattern, unsigned depth)
{
    char path[2 * PATH_MAX];
    struct bundle_node *found = NULL;
    glob_t files;

    if (depth > 4) return NULL;
    snprintf(path, sizeof path, "%s%s%s", s->tree->sysroot, *pattern == '/' ? "" : "/etc/",
             pattern);
    if (glob(path, 0, NULL, &files) != 0) return NULL;
    for (size_t i = 0; i < files.gl_pathc && found == NULL; i++)
        found = look_in_conf_file(s, files.gl_pathv[i], depth);
    globfree(&files);
    return found;
}

static struct bundle_node *find_library(struct search *s, const struct module *m)
{
    struct bundle_node *found;

    if (strchr(s->name, '/') != NULL) return tree_add_library(s->tree, s->name, false);
    found = look_in_runpaths(s, m->runpath != NULL ? m->runpath : m->rpath);
    for (size_t i = 0; i < ARRAY_SIZE(usual_dirs) && found == NULL; i++)
        found = look_in(s, usual_dirs[i], true);
    if (found == NULL) {
        found = look_in_conf(s, "ld.so.conf", 0);
        s->by_conf |= found != NULL;
    }
    return found;
}

/* Whether the tree has a file of this name that something else needed: ld.so takes the one it has
 * loaded already, from wherever. */
static bool is_loaded(const struct bundle_tree *tree, const char *name)
{
    for (const struct bundle_node *f = tree->first_file; f != NULL; f = f->next_file)
        if (f->is_guest_elf && strcmp(f->name, name) == 0) return true;
    return false;
}

static void missing(const struct search *s, bool fatal)
{
    char path[PATH_MAX];

    tree_path(s->user, path);
    if (fatal)
        bundle_die("%s needs %s, which is not %s%s", path, s->name,
                   *s->tree->sysroot != '\0' ? "in " : "here", s->tree->sysroot);
    bundle_warn("%s needs %s, which is missing", path, s->name);
}

static void close_file(struct bundle_tree *tree, struct bundle_node *file, bool fatal)
{
    struct search s = {.tree = tree, .user = file};
    struct arena arena;
    struct module m;
    char why[160];

    file->closed = true;
    arena_init(&arena);
    if (module_open(&arena, file->host, NULL, &m, why) != MODULE_OK) {
        if (fatal) bundle_die("%s: %s", file->host, why);
        bundle_warn("%s: %s", file->host, why);
    } else {
        s.name = m.interp;
        if (m.interp != NULL && tree_add_library(tree, m.interp, false) == NULL) missing(&s, fatal);
        for (u32 i = 0; i < m.needed_count; i++) {
            s.name = m.needed[i];
            if (find_library(&s, &m) == NULL && !is_loaded(tree, s.name)) missing(&s, fatal);
        }
        module_close(&m);
    }
    if (s.by_conf) (void)tree_add(tree, "/etc/ld.so.cache");
    arena_free(&arena);
}

void closure_add_libraries(struct bundle_tree *tree)
{
    for (struct bundle_node *f = tree->first_file; f != NULL; f = f->next_file)
        if (f->is_guest_elf && !f->closed) close_file(tree, f, false);
}

/* --- the program --------------------------------------------------------------------------------
 */

#define SCRIPT_DEPTH 4

static struct bundle_node *add_in_path(struct bundle_tree *tree, const char *word, char *guest)
{
    static const char *const dirs[] = {"/usr/local/bin",  "/usr/bin",  "/bin",
                                       "/usr/local/sbin", "/usr/sbin", "/sbin"};

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        char host[2 * PATH_MAX];

        snprintf(guest, PATH_MAX, "%s/%s", dirs[i], word);
        snprintf(host, sizeof host, "%s%s", tree->sysroot, guest);
        if (access(host, X_OK) == 0) return tree_add(tree, guest);
    }
    errno = ENOENT;
    return NULL;
}

/* A path as the user says it: one that isn't absolute is the host's, from here. */
static struct bundle_node *add_by_path(struct bundle_tree *tree, const char *word, char *guest)
{
    size_t n = strlen(tree->sysroot);

    if (*word == '/')
        snprintf(guest, PATH_MAX, "%s", word);
    else if (realpath(word, guest) == NULL)
        return NULL;
    if (n != 0 && strncmp(guest, tree->sysroot, n) == 0 && guest[n] == '/')
        memmove(guest, guest + n, strlen(guest + n) + 1);
    return tree_add(tree, guest);
}

static struct bundle_node *add_runnable(struct bundle_tree *tree, const char *word, char *guest)
{
    struct bundle_node *node =
        strchr(word, '/') != NULL ? add_by_path(tree, word, guest) : add_in_path(tree, word, guest);

    if (node == NULL)
        bundle_die("%s: %s%s%s", word, strerror(errno), *tree->sysroot != '\0' ? " in " : "",
                   tree->sysroot);
    if (!S_ISREG(node->mode)) bundle_die("%s: not a program", word);
    return node;
}

/* The runtime by itself has a mark too, with no file's size in it. */
static bool has_filled_mark(const u8 *bytes, size_t n)
{
    const u8 *at = memmem(bytes, n, BUNDLE_MARK, sizeof BUNDLE_MARK);
    struct bundle_mark mark;

    if (at == NULL || (size_t)(bytes + n - at) < sizeof mark) return false;
    memcpy(&mark, at, sizeof mark);
    return mark.file_size != 0;
}

static bool is_bundle(const u8 *head, size_t n, const char *host)
{
    Elf64_Ehdr h;
    int fd;
    bool found = false;
    u8 page[BUNDLE_PAGE + sizeof(struct bundle_mark)];

    if (n < sizeof h) return false;
    memcpy(&h, head, sizeof h);
    if (memcmp(h.e_ident, ELFMAG, SELFMAG) != 0 || h.e_machine != EM_X86_64) return false;
    fd = open(host, O_RDONLY | O_CLOEXEC);
    for (off_t at = 0; !found && at < (16 << 20); at += BUNDLE_PAGE) {
        ssize_t got = pread(fd, page, sizeof page, at);

        if (got <= 0) break;
        found = has_filled_mark(page, (size_t)got);
    }
    close(fd);
    return found;
}

/* The interpreter of a script, and what `env` is to find. */
static void add_interpreter(struct bundle_tree *tree, char *line, unsigned depth);

static void close_program(struct bundle_tree *tree, struct bundle_node *node, unsigned depth)
{
    char head[257] = "";
    int fd = open(node->host, O_RDONLY | O_CLOEXEC);
    ssize_t n = pread(fd, head, sizeof head - 1, 0);

    close(fd);
    if (node->is_guest_elf) {
        close_file(tree, node, true);
    } else if (n > 2 && head[0] == '#' && head[1] == '!' && depth < SCRIPT_DEPTH) {
        add_interpreter(tree, head + 2, depth);
    } else if (n > 0 && is_bundle((u8 *)head, (size_t)n, node->host)) {
        bundle_die("%s: is a bundle already", node->host);
    } else {
        bundle_die("%s: not a 64-bit AArch64 program", node->host);
    }
    /* The libraries' own needs are as much the program's. */
    for (struct bundle_node *f = node->next_file; f != NULL; f = f->next_file)
        if (f->is_guest_elf && !f->closed) close_file(tree, f, true);
}

static void add_interpreter(struct bundle_tree *tree, char *line, unsigned depth)
{
    char *save = NULL, *word, *argument, guest[PATH_MAX];

    line[strcspn(line, "\n")] = '\0';
    word = strtok_r(line, " \t\r", &save);
    argument = word != NULL ? strtok_r(NULL, " \t\r", &save) : NULL;
    if (word == NULL) bundle_die("a script names no interpreter");
    close_program(tree, add_runnable(tree, word, guest), depth + 1);
    if (argument != NULL && strcmp(word, "/usr/bin/env") == 0 && *argument != '-')
        close_program(tree, add_runnable(tree, argument, guest), depth + 1);
}

void closure_add_program(struct bundle_tree *tree, const char *word)
{
    char guest[PATH_MAX];
    struct bundle_node *node = add_runnable(tree, word, guest);
    size_t n = strlen(guest) + 1;

    tree->program = memcpy(arena_alloc(tree->arena, n), guest, n);
    close_program(tree, node, 0);
}
