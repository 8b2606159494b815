/*
 * What a program needs to start: its interpreter and libraries (closure.h), or what its script
 * names.
 */
#include "aot/cmd/bundle.h"

#include "aot/cmd/closure.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- libraries ----------------------------------------------------------------------------------
 */

/* Directories that ld.so looks at without a cache. */
static bool is_usual(const char *path)
{
    static const char *const dirs[] = {"/lib/aarch64-linux-gnu",
                                       "/usr/lib/aarch64-linux-gnu",
                                       "/lib64",
                                       "/usr/lib64",
                                       "/lib",
                                       "/usr/lib"};
    size_t n = (size_t)(strrchr(path, '/') - path);

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++)
        if (strlen(dirs[i]) == n && memcmp(dirs[i], path, n) == 0) return true;
    return false;
}

static void take_library(void *context, const char *guest, enum found_by by)
{
    struct bundle_tree *tree = context;

    if (tree_add(tree, guest) == NULL) bundle_die("%s: %s", guest, strerror(errno));
    if (by == FOUND_BY_CACHE && !is_usual(guest)) (void)tree_add(tree, "/etc/ld.so.cache");
}

static void close_file(struct bundle_tree *tree, const struct bundle_node *file)
{
    char path[PATH_MAX];

    tree_path(file, path);
    inputs_add_closure(tree->inputs, file->host, path);
}

static void make_inputs(struct bundle_tree *tree)
{
    tree->inputs = arena_alloc(tree->arena, sizeof *tree->inputs);
    inputs_init(tree->inputs, tree->arena, tree->sysroot);
    tree->inputs->found = take_library;
    tree->inputs->context = tree;
    unsetenv("LD_LIBRARY_PATH"); /* it isn't the bundle's */
}

void closure_add_libraries(struct bundle_tree *tree, bool quiet)
{
    tree->inputs->silent = quiet;
    for (struct bundle_node *f = tree->first_file; f != NULL; f = f->next_file)
        if (f->is_guest_elf) close_file(tree, f);
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
        close_file(tree, node);
    } else if (n > 2 && head[0] == '#' && head[1] == '!' && depth < SCRIPT_DEPTH) {
        add_interpreter(tree, head + 2, depth);
    } else if (n > 0 && is_bundle((u8 *)head, (size_t)n, node->host)) {
        bundle_die("%s: is a bundle already", node->host);
    } else {
        bundle_die("%s: not a 64-bit AArch64 program", node->host);
    }
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
    make_inputs(tree);
    close_program(tree, node, 0);
    if (tree->inputs->missing != 0) exit(1); /* there was a line for each */
}
