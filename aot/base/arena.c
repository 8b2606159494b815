/*
 * The arena of arena.h: a chain of blocks, bump allocation in the newest.
 */
#include "aot/base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE (256 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* usable bytes behind this header */
};

static u8 *block_start(struct arena_block *b)
{
    return (u8 *)b + ALIGN_UP(sizeof(*b), 16);
}

void arena_init(struct arena *a)
{
    memset(a, 0, sizeof(*a));
}

static struct arena_block *take_spare(struct arena *a, size_t size)
{
    for (struct arena_block **p = &a->spare; *p; p = &(*p)->next) {
        struct arena_block *b = *p;
        if (b->size >= size) {
            *p = b->next;
            return b;
        }
    }
    return NULL;
}

void *arena_alloc_cleared(struct arena *a, size_t size, size_t cleared)
{
    return memset(arena_alloc(a, size), 0, cleared);
}

void *arena_zalloc(struct arena *a, size_t size)
{
    return arena_alloc_cleared(a, size, size);
}

void arena_grow(struct arena *a, size_t size)
{
    size++;
    struct arena_block *b = take_spare(a, size);
    if (!b) {
        size_t usable = size > BLOCK_SIZE ? size : BLOCK_SIZE;
        size_t all = ALIGN_UP(sizeof(*b), 16) + usable;
        b = a->take_block ? a->take_block(all) : malloc(all);
        if (!b) {
            fputs("ferry: out of memory in the translator\n", stderr);
            abort();
        }
        b->size = usable;
    }
    b->next = a->blocks;
    a->blocks = b;
    a->at = block_start(b);
    a->limit = a->at + b->size;
}

void arena_reset(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *b = a->blocks;
        a->blocks = b->next;
        b->next = a->spare;
        a->spare = b;
    }
    a->at = a->limit = NULL;
}

void arena_free(struct arena *a)
{
    arena_reset(a);
    while (a->spare) {
        struct arena_block *b = a->spare;
        a->spare = b->next;
        free(b);
    }
}
