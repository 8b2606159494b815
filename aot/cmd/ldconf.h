/*
 * Where the guest's ld.so looks when no file names a directory: /etc/ld.so.cache, or what
 * /etc/ld.so.conf says if there is no cache, and the directories built into it.
 */
#ifndef AOT_CMD_LDCONF_H
#define AOT_CMD_LDCONF_H

#include "aot/base/arena.h"

struct ldconf {
    const char **dir;  /* guest paths, in order; NULL at the end */
    const char *cache; /* text of ld.so.cache, NULL: there is none */
    u64 cache_size;
};

void ldconf_read(struct ldconf *c, struct arena *arena, const char *root);

/* The next path that the cache has for a library, from entry *at on, which moves on; NULL: none. */
const char *ldconf_cached(const struct ldconf *c, const char *name, u32 *at);

#endif
