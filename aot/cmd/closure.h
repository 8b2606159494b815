/*
 * The modules that a command is about: programs, their interpreters and all libraries that the
 * guest's ld.so would load for them; or all modules of a tree.
 */
#ifndef AOT_CMD_CLOSURE_H
#define AOT_CMD_CLOSURE_H

#include "aot/base/arena.h"

struct input {
    const char *host;  /* absolute, without links */
    const char *guest; /* what the guest calls it */
    u64 dev, ino, size;
    /* For the search of what it needs. */
    const struct input *loader; /* who needed it first; NULL: nobody, it is a program */
    const char *rpath, *runpath;
};

enum found_by { FOUND_BY_FILE, FOUND_BY_CACHE, FOUND_BY_DIRECTORY }; /* what named the directory */

/* Each file once, however many names it has. */
struct inputs {
    struct arena *arena;
    const char *root; /* the sysroot, "" for none */
    struct input **item;
    u32 count, room;
    u32 *hash; /* item number + 1, by device and inode; 0: free */
    u32 hash_size;
    u32 missing; /* libraries that were not found; each has had its line */
    const char **missing_name;
    bool silent; /* no lines about them */
    /* Called, unless it is NULL, with each path that a library or interpreter was found by, links
     * not followed. */
    void (*found)(void *context, const char *guest, enum found_by by);
    void *context;
    u32 unreadable; /* files and directories of trees */
};

void inputs_init(struct inputs *in, struct arena *arena, const char *root);

/* Adds a file; NULL: it is there already, or can't be looked at (errno). */
struct input *inputs_add(struct inputs *in, const char *host, const char *guest);

/* Adds the program that `word` names, what runs it if it is a script, and its closure. False: there
 * was a line about what is wrong. */
bool inputs_add_program(struct inputs *in, const char *word);

/* Adds a file and its closure, unless it is there already. */
void inputs_add_closure(struct inputs *in, const char *host, const char *guest);

/* Adds every AArch64 program and shared object under `dir`, but for what other file systems such as
 * /proc hold. False: not everything could be looked at, see `unreadable`. */
bool inputs_add_tree(struct inputs *in, const char *dir);

#endif
