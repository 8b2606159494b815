/*
 * Inside `ferry bundle`: the tree of what goes into a bundle, filled by the command line, followed
 * by the closure of its ELF files, written at last.
 */
#ifndef AOT_CMD_BUNDLE_H
#define AOT_CMD_BUNDLE_H

#include "aot/abi/bundle.h"
#include "aot/base/arena.h"

#include <limits.h>
#include <sys/stat.h>

/* A file, directory or link to be. Lives in the tree's arena. */
struct bundle_node {
    const char *name;
    struct bundle_node *parent;
    struct bundle_node **child; /* in the order of names */
    u32 child_count, child_max;
    u32 mode, flags; /* as struct bundle_entry */
    s64 mtime;
    const char *host; /* a file's host path */
    const char *link; /* a link's text */
    u64 size;
    u64 dev, ino; /* of the file: one that has several names is stored once */
    bool is_guest_elf;
    struct bundle_node *next_file; /* in the order in which files were added */
    /* Set by bundle_write. */
    u32 index;
    struct digest digest; /* of a file's contents */
    struct bundle_entry entry;
};

struct bundle_tree {
    struct arena *arena;
    const char *sysroot; /* host directory, "" for none */
    struct bundle_node *root;
    struct bundle_node *first_file, *last_file;
    struct inputs *inputs; /* whose libraries have been seen to (bundle_closure.c) */
    const char *program;   /* guest path of what the bundle runs */
    s64 newest;            /* times after it are put down as it (SOURCE_DATE_EPOCH), ns */
};

/* --- the tree (bundle_tree.c) -------------------------------------------------------------------
 */

void tree_init(struct bundle_tree *tree, struct arena *arena, const char *sysroot);

/*
 * Adds the file or directory that an absolute guest path leads to, with the links and directories
 * on the way; a directory with all that is in it. It is looked for in the sysroot, and on the host
 * if the sysroot has no such name. NULL: there is none (errno).
 */
struct bundle_node *tree_add(struct bundle_tree *tree, const char *guest);

/* Writes the node's guest path to out (PATH_MAX bytes). */
void tree_path(const struct bundle_node *node, char *out);

/* --- the closure (bundle_closure.c) ------------------------------------------------------------
 */

/* Adds the program (a path, or a name looked up in the guest's PATH), its script's interpreter and
 * the libraries that it needs; ends with a message if one of these is missing. */
void closure_add_program(struct bundle_tree *tree, const char *word);

/* Adds the libraries that the tree's other ELF files need; one that is missing has a line about it
 * unless quiet. */
void closure_add_libraries(struct bundle_tree *tree, bool quiet);

/* --- the file (bundle_write.c) ------------------------------------------------------------------
 */

struct bundle_written {
    u32 files, directories, links, images;
    u64 contents, image_bytes, total;
};

struct bundle_options {
    u64 features;   /* of the hosts that it is made for, enum x64_feature bits */
    bool no_images; /* everything is translated when it runs */
    bool quiet;
};

/* Writes the bundle to the file `out`, behind a copy of the runtime. */
void bundle_write(struct bundle_tree *tree, const struct bundle_options *o, const char *runtime,
                  const char *out, struct bundle_written *w);

/* Prints what a bundle holds. */
void bundle_list(const char *path);

/* "ferry bundle: ..." and exit(1); the same and on. */
void bundle_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));
void bundle_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
