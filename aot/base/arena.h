/*
 * Region allocator: everything a translation needs is allocated from one arena and freed at once.
 *
 * An arena keeps its blocks over arena_reset, so that a warm translator allocates nothing. It is
 * owned by one thread at a time and has no locks. Memory is not cleared unless asked for.
 */
#ifndef AOT_BASE_ARENA_H
#define AOT_BASE_ARENA_H

#include "aot/base/types.h"

struct arena_block;

struct arena {
    u8 *at;                     /* next free byte */
    u8 *limit;                  /* end of the current block */
    struct arena_block *blocks; /* all blocks, current first */
    struct arena_block *spare;  /* kept by a reset */
    /* Gives the blocks, of an arena that is never freed, or NULL; malloc does if this is NULL. */
    void *(*take_block)(size_t size);
};

/* Makes an empty arena; allocates nothing. */
void arena_init(struct arena *a);

/* A new block for more than `size` bytes becomes the current one. Private to arena_alloc. */
void arena_grow(struct arena *a, size_t size);

/* `size` bytes aligned to 16, or abort() when the host has no memory left. Never NULL. */
static inline void *arena_alloc(struct arena *a, size_t size)
{
    size = ALIGN_UP(size, (size_t)16);
    if (__builtin_expect((size_t)(a->limit - a->at) <= size, 0)) arena_grow(a, size);
    void *p = a->at;
    a->at += size;
    return p;
}

/* As arena_alloc, the first `cleared` bytes cleared. */
void *arena_alloc_cleared(struct arena *a, size_t size, size_t cleared);

/* As arena_alloc, cleared. */
void *arena_zalloc(struct arena *a, size_t size);

/* Drops all allocations, keeps the memory for the next use. */
void arena_reset(struct arena *a);

/* Gives all memory back. */
void arena_free(struct arena *a);

#endif
