/*
 * The order of a widened loop's stores (widen.h).
 *
 * Where a store faults, a signal handler sees what the loop has stored so far, and what it would
 * have stored later must not be there. The host writes all or nothing of a vector. So where each
 * vector's stores come before all of the next one's in the loop, vectors are stored in that order,
 * and what is there when one faults is what the loop, which is run again from the same turn, has
 * stored by the time that it faults itself. That is so for one array, up or down.
 *
 * With several arrays it is not: then the first turn's stores are done by themselves in their
 * order, and each array's part has to lie in one page, which is a check in front: what can be
 * written there at its first element can be written at all.
 */
#include "aot/opt/widen.h"

#include <string.h>

static bool has_base_of(const struct widen_store *a, const struct widen_store *b)
{
    return a->base == b->base && a->index == b->index && a->mod == b->mod;
}

/* By base and displacement. */
static void sort_by_place(struct widen *w)
{
    for (u32 n = 1; n < w->store_count; n++) {
        struct widen_store s = w->store[n];
        u32 k = n;
        for (; k; k--) {
            const struct widen_store *before = &w->store[k - 1];
            bool less =
                has_base_of(&s, before)
                    ? s.imm < before->imm
                    : s.base < before->base || (s.base == before->base && s.index < before->index);
            if (!less) break;
            w->store[k] = *before;
        }
        w->store[k] = s;
    }
}

static bool are_neighbours(const struct widen_store vector[WIDEN_LANES])
{
    for (u32 k = 1; k < WIDEN_LANES; k++)
        if (!has_base_of(vector, vector + k) || vector[k].imm != vector->imm + 4 * k) return false;
    return true;
}

/* When the first and the last of a vector's elements are stored. */
static struct when {
    u32 first, last;
} when_stored(const struct widen_store vector[WIDEN_LANES])
{
    struct when w = {vector->number, vector->number};
    for (u32 k = 1; k < WIDEN_LANES; k++) {
        if (vector[k].number < w.first) w.first = vector[k].number;
        if (vector[k].number > w.last) w.last = vector[k].number;
    }
    return w;
}

/* Vectors by when the first of their elements is stored. */
static void sort_vectors(struct widen *w)
{
    for (u32 n = WIDEN_LANES; n < w->store_count; n += WIDEN_LANES) {
        struct widen_store v[WIDEN_LANES];
        u32 k = n;
        memcpy(v, &w->store[n], sizeof v);
        for (; k && when_stored(&w->store[k - WIDEN_LANES]).first > when_stored(v).first;
             k -= WIDEN_LANES)
            memcpy(&w->store[k], &w->store[k - WIDEN_LANES], sizeof v);
        memcpy(&w->store[k], v, sizeof v);
    }
}

bool widen_group_stores(struct widen *w)
{
    w->in_order = true;
    if (w->store_count % WIDEN_LANES) return false;
    sort_by_place(w);
    for (u32 n = 0; n < w->store_count; n += WIDEN_LANES)
        if (!are_neighbours(&w->store[n])) return false;
    sort_vectors(w);
    for (u32 n = WIDEN_LANES; n < w->store_count; n += WIDEN_LANES)
        w->in_order &=
            when_stored(&w->store[n - WIDEN_LANES]).last < when_stored(&w->store[n]).first;
    return true;
}

const struct widen_store *widen_store_of(const struct widen *w, u32 number)
{
    const struct widen_store *s = w->store;
    while (s->number != number) s++;
    return s;
}
