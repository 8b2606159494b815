/*
 * What a library's binding says of a symbol that a module imports. A program imports hundreds of
 * symbols and a library has thousands: the binding's are hashed when they are first asked for.
 */
#include "hostlibs/hostlibs.h"

#include <stdlib.h>
#include <string.h>

/* A chained hash table of the binding's symbols; numbers are from 1, 0 is none. */
struct symbol_index {
    u32 mask;
    u32 *first; /* by hash */
    u32 *next;  /* by number */
};

u32 import_hash(const char *name)
{
    u32 h = 5381;

    for (const u8 *p = (const u8 *)name; *p != '\0'; p++) h = h * 33 + *p;
    return h;
}

static struct symbol_index *make_index(const struct binding *b)
{
    struct symbol_index *x = malloc(sizeof(*x));
    u32 size = 64;

    while (size < b->function_count) size *= 2;
    if (x != NULL) x->first = calloc(size + (size_t)b->function_count + 1, sizeof(*x->first));
    if (x == NULL || x->first == NULL) native_fatal("%s: no memory", b->soname);
    x->mask = size - 1;
    x->next = x->first + size;
    for (u32 n = b->function_count; n > 0; n--) {
        u32 *slot = &x->first[import_hash(b->function[n - 1].name) & x->mask];

        x->next[n] = *slot;
        *slot = n;
    }
    return x;
}

const struct bound_symbol *import_in_binding(struct library *l, const struct import *im)
{
    const struct bound_symbol *refused = NULL;

    if (l->index == NULL) l->index = make_index(l->binding);
    for (u32 n = l->index->first[im->hash & l->index->mask]; n != 0; n = l->index->next[n]) {
        const struct bound_symbol *s = &l->binding->function[n - 1];

        if (strcmp(s->name, im->name) != 0) continue;
        if (im->version[0] != '\0' && strcmp(s->version, im->version) != 0) continue;
        if (s->reason == NULL) return s;
        refused = s;
    }
    return refused;
}
