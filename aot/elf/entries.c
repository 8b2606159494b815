/*
 * The lists of entries and ranges.
 *
 * Evidence is collected unsorted and with repetitions: a large library has a few hundred thousand
 * pieces. At the end it is put in order by address (radix sort on word numbers, so linear), and of
 * several pieces for one address the strongest gives the kind, the strongest that knows gives size
 * and name. Entries within data are left out.
 */
#include "aot/elf/internal.h"

#include <stdlib.h>

/* Longer names are left out: a damaged table may have every symbol named by the same megabytes. */
#define LONGEST_NAME 65536

/* Room for one more item; false (and remembered) without memory. */
static bool make_room(struct reader *r, void **list, size_t count, size_t *room, size_t size)
{
    if (count < *room) return true;
    size_t more = *room ? *room * 2 : 256;
    void *p = realloc(*list, more * size);
    if (!p) {
        r->no_memory = true;
        return false;
    }
    *list = p;
    *room = more;
    return true;
}

/* --- ranges ----------------------------------------------------------------------------------- */

void add_range(struct reader *r, struct range_list *list, u64 start, u64 end)
{
    void *at = list->at;
    if (start >= end || !make_room(r, &at, list->count, &list->room, sizeof(*list->at))) return;
    list->at = at;
    list->at[list->count++] = (struct guest_range){start, end};
}

static int by_start(const void *a, const void *b)
{
    const struct guest_range *x = a, *y = b;
    return (x->start > y->start) - (x->start < y->start);
}

void tidy_ranges(struct range_list *list)
{
    size_t kept = 0;
    if (list->count) qsort(list->at, list->count, sizeof(*list->at), by_start);
    for (size_t i = 0; i < list->count; i++) {
        struct guest_range *last = kept ? &list->at[kept - 1] : NULL;
        if (!last || list->at[i].start > last->end)
            list->at[kept++] = list->at[i];
        else if (list->at[i].end > last->end)
            last->end = list->at[i].end;
    }
    list->count = kept;
}

const struct guest_range *range_of(const struct range_list *list, u64 at)
{
    size_t low = 0, high = list->count;
    while (low < high) { /* the first range that ends behind `at` */
        size_t mid = low + (high - low) / 2;
        if (list->at[mid].end <= at)
            low = mid + 1;
        else
            high = mid;
    }
    return low < list->count && list->at[low].start <= at ? &list->at[low] : NULL;
}

/* --- entries ---------------------------------------------------------------------------------- */

void add_function(struct reader *r, u64 pc, u64 size, const char *name, enum evidence evidence,
                  unsigned rank)
{
    if (pc % 4 || !range_of(&r->code, pc)) return;
    void *found = r->found;
    if (!make_room(r, &found, r->found_count, &r->found_room, sizeof(*r->found))) return;
    r->found = found;
    r->found[r->found_count++] = (struct found){pc, size, name, (u8)evidence, (u8)rank};
}

void add_entry(struct reader *r, u64 pc, enum evidence evidence)
{
    add_function(r, pc, 0, NULL, evidence, 0);
}

void note_long_names(struct reader *r, struct span strings)
{
    const u64 block = LONGEST_NAME / 2; /* where each has an end in it, no name is as long as two */
    for (u64 at = 0; at < strings.size && !r->long_names; at += block) {
        u64 size = strings.size - at < block ? strings.size - at : block;
        r->long_names = !memchr(strings.at + at, 0, size);
    }
}

struct key {       /* of the sort */
    u32 low, high; /* of the word's number from the module's start */
    size_t index;  /* in reader.found */
};

#define DIGIT_BITS 11
#define DIGITS     (1u << DIGIT_BITS)

static unsigned digit(const struct key *k, unsigned shift)
{
    return (unsigned)bits((u64)k->high << 32 | k->low, shift, DIGIT_BITS);
}

/* Stable; `other` has room for as many. Returns which of the two holds the result. */
static struct key *sort_keys(struct key *keys, struct key *other, size_t count, u64 largest)
{
    for (unsigned shift = 0; largest >> shift; shift += DIGIT_BITS) {
        size_t start[DIGITS] = {0}, sum = 0;
        for (size_t i = 0; i < count; i++) start[digit(&keys[i], shift)]++;
        for (unsigned d = 0; d < DIGITS; d++) {
            size_t n = start[d];
            start[d] = sum;
            sum += n;
        }
        for (size_t i = 0; i < count; i++) other[start[digit(&keys[i], shift)]++] = keys[i];
        struct key *swap = keys;
        keys = other;
        other = swap;
    }
    return keys;
}

static bool is_stronger(const struct found *a, const struct found *b)
{
    if (a->evidence != b->evidence) return a->evidence < b->evidence;
    return a->rank < b->rank;
}

/* Of two pieces for one address. */
static void merge(struct found *into, const struct found *other)
{
    struct found strong = *into, weak = *other;
    if (is_stronger(other, into)) {
        strong = *other;
        weak = *into;
    }
    if (!strong.size) strong.size = weak.size;
    if (!strong.name) {
        strong.name = weak.name;
        strong.rank = weak.rank;
    }
    *into = strong;
}

/* Appends what is known of one address to the module, unless it is data. */
static void emit(struct reader *r, const struct found *f, size_t *data_at)
{
    struct module *m = r->m;
    while (*data_at < r->data.count && r->data.at[*data_at].end <= f->pc) ++*data_at;
    if (*data_at < r->data.count && r->data.at[*data_at].start <= f->pc) return;
    const char *name = f->name;
    if (r->long_names && name && strnlen(name, LONGEST_NAME) == LONGEST_NAME) name = NULL;
    bool weak = f->evidence == EVIDENCE_RELOC || f->evidence == EVIDENCE_ADDRESS;
    if (weak && !is_near_code(r, f->pc)) return;
    u64 room = range_of(&r->code, f->pc)->end - f->pc;
    m->entry[m->entry_count++] =
        (struct module_entry){f->pc, f->size < room ? f->size : room, name, f->evidence};
}

#define AHEAD 16 /* pieces that are fetched in advance: they lie anywhere in the list */

static void emit_sorted(struct reader *r, const struct key *keys, size_t count)
{
    struct found one = {0};
    size_t data_at = 0, distinct = 0;
    for (size_t i = 0; i < count; i++)
        distinct += !i || keys[i].low != keys[i - 1].low || keys[i].high != keys[i - 1].high;
    r->m->entry = arena_alloc(r->arena, distinct * sizeof(*r->m->entry));
    for (size_t i = 0; i < count; i++) {
        const struct found *f = &r->found[keys[i].index];
        if (i + AHEAD < count) __builtin_prefetch(&r->found[keys[i + AHEAD].index]);
        if (i && f->pc == one.pc) {
            merge(&one, f);
            continue;
        }
        if (i) emit(r, &one, &data_at);
        one = *f;
    }
    if (count) emit(r, &one, &data_at);
}

static void copy_data_ranges(struct reader *r)
{
    struct module *m = r->m;
    m->data_range_count = (u32)r->data.count;
    m->data_range = arena_alloc(r->arena, r->data.count * sizeof(*m->data_range));
    if (r->data.count) memcpy(m->data_range, r->data.at, r->data.count * sizeof(*m->data_range));
}

void finish_entries(struct reader *r)
{
    size_t count = r->found_count;
    struct key *keys = malloc(2 * count * sizeof(*keys) + 1);
    if (!keys) {
        r->no_memory = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        u64 word = (r->found[i].pc - r->m->low) / 4;
        keys[i] = (struct key){(u32)word, (u32)(word >> 32), i};
    }
    tidy_ranges(&r->data);
    emit_sorted(r, sort_keys(keys, keys + count, count, (r->m->high - r->m->low) / 4), count);
    copy_data_ranges(r);
    free(keys);
}
