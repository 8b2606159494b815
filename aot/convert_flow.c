/*
 * The first step of a module's conversion: which words are code, and how discovery and the
 * translator see them.
 */
#include "aot/convert_walk.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"

#define CONDITIONAL 0x80000000 /* in walk.branch: the branch is conditional */
#define OVERLAPPING 16         /* entries with sizes that are looked at for one that reaches pc */

/* --- the guest's bytes --------------------------------------------------------------------------
 */

/* Bytes of the file from an address on, in a segment with all of these flags, and where they are.
 */
static u64 bytes_at(const struct module *m, u64 at, u32 flags, const u8 **bytes)
{
    for (u32 n = 0; n < m->segment_count; n++) {
        const struct module_segment *s = &m->segment[n];
        if ((s->flags & flags) != flags || at - s->vaddr >= s->filesz) continue;
        *bytes = m->data + s->offset + (at - s->vaddr);
        return s->filesz - (at - s->vaddr);
    }
    return 0;
}

size_t convert_read(void *context, u64 pc, u32 *words, size_t max)
{
    const struct walk *w = context;
    const u8 *bytes, *state = convert_state(w, pc);
    if (!state) return 0;
    size_t size = bytes_at(w->m, pc, PF_X, &bytes) / 4, n = 0;
    if (size < max) max = size;
    while (n < max && !(state[n] & WORD_DATA)) n++;
    if (n) memcpy(words, bytes, 4 * n);
    return n;
}

static size_t read_bytes(void *context, u64 at, void *out, size_t size)
{
    const struct walk *w = context;
    const u8 *bytes;
    u64 n = bytes_at(w->m, at, 0, &bytes);
    if (n > size) n = size;
    if (n) memcpy(out, bytes, n);
    return n;
}

static bool is_entry(void *context, u64 pc)
{
    const u8 *state = convert_state(context, pc);
    return state && *state & WORD_EVIDENCE;
}

/* How many of the ascending entries are at pc or below. */
static u32 entries_to(const struct module_entry *e, u32 count, u64 pc)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (e[middle].pc <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Of the file's entries: the last one at pc or below that has a size and reaches there, or what is
 * between two. */
static struct guest_range function(void *context, u64 pc)
{
    const struct walk *w = context;
    const struct module_entry *e = w->sized;
    u32 below = entries_to(e, w->sized_count, pc);
    for (u32 n = below; n-- > 0 && below - n < OVERLAPPING;)
        if (pc - e[n].pc < e[n].size) return (struct guest_range){e[n].pc, e[n].pc + e[n].size};
    e = w->m->entry;
    below = entries_to(e, w->m->entry_count, pc);
    return (struct guest_range){below ? e[below - 1].pc : w->low,
                                below < w->m->entry_count ? e[below].pc : w->high};
}

static void find_sized(struct walk *w)
{
    const struct module *m = w->m;
    w->sized = arena_alloc(w->arena, (m->entry_count + 1) * sizeof *w->sized);
    for (u32 n = 0; n < m->entry_count; n++)
        if (m->entry[n].size) w->sized[w->sized_count++] = m->entry[n];
}

/* Not the start of a function, that is to say. */
static bool is_target(void *context, u64 pc)
{
    const u8 *state = convert_state(context, pc);
    switch (state ? (*state & WORD_EVIDENCE) - 1 : -1) {
    case EVIDENCE_TABLE: return true;
    case EVIDENCE_RELOC:
    case EVIDENCE_ADDRESS: return function(context, pc).start != pc;
    default: return false;
    }
}

static bool is_code(void *context, u64 pc)
{
    const struct walk *w = context;
    const u8 *bytes, *state = convert_state(w, pc);
    return state && !(*state & WORD_DATA) && bytes_at(w->m, pc, PF_X, &bytes) >= 4;
}

static u64 branch_to(void *context, u64 pc)
{
    const struct walk *w = context;
    u32 from = convert_state(w, pc) ? w->branch[(pc - w->low) / 4] & ~CONDITIONAL : 0;
    return from ? w->low + 4 * (u64)(from - 1) : 0;
}

static bool is_return(void *context, u64 pc)
{
    const u8 *state = convert_state(context, pc);
    return state && (*state & WORD_EVIDENCE) == EVIDENCE_RETURN + 1;
}

static void mark_data(struct walk *w, u64 start, u64 end)
{
    if (start < w->low) start = w->low;
    if (end > w->high) end = w->high;
    for (u64 pc = ALIGN_DOWN(start, UINT64_C(4)); pc < end; pc += 4) {
        u8 *state = convert_state(w, pc);
        if (state && !*state) *state = WORD_DATA;
    }
}

/* Notes the branch at word `from` to word `to`: of several the nearest one that is conditional, or
 * else the nearest. */
static void note_branch(struct walk *w, u32 from, u32 to, bool conditional)
{
    u32 *noted = &w->branch[to], other = (*noted & ~CONDITIONAL) - 1;
    u32 distance = from < to ? to - from : from - to;
    u32 other_distance = other < to ? to - other : other - to;
    bool other_conditional = *noted & CONDITIONAL;
    if (*noted &&
        (other_conditional != conditional ? other_conditional : other_distance <= distance))
        return;
    *noted = (from + 1) | (conditional ? CONDITIONAL : 0);
}

/* Words that aren't code count as well. */
static void note_branches(struct walk *w)
{
    w->branch = arena_zalloc(w->arena, (w->high - w->low) / 4 * sizeof *w->branch);
    for (u64 pc = w->low; pc < w->high; pc += 4) {
        const u8 *bytes, *state;
        u32 word;
        u64 target = 0;
        if (bytes_at(w->m, pc, PF_X, &bytes) < 4) continue;
        memcpy(&word, bytes, 4);
        if (!a64_may_branch(word)) continue;
        enum a64_flow flow = a64_flow(a64_decode(word), word, pc, &target);
        if (flow != A64_FLOW_CONDITIONAL && flow != A64_FLOW_JUMP) continue;
        if (!(state = convert_state(w, target)) || *state & WORD_DATA) continue;
        note_branch(w, (u32)((pc - w->low) / 4), (u32)((target - w->low) / 4),
                    flow == A64_FLOW_CONDITIONAL);
    }
}

void convert_views(struct walk *w)
{
    w->state = arena_zalloc(w->arena, (w->high - w->low) / 4);
    find_sized(w);
    w->view = (struct disc_view){{convert_read, is_entry, NULL, is_target, is_return, w},
                                 read_bytes,
                                 is_code,
                                 branch_to,
                                 function,
                                 w};
    for (u32 n = 0; n < w->m->data_range_count; n++)
        mark_data(w, w->m->data_range[n].start, w->m->data_range[n].end);
    note_branches(w);
}

/* --- discovery ----------------------------------------------------------------------------------
 */

/* Some way leads to pc. */
static void reach(struct walk *w, u64 pc)
{
    u8 *state = convert_state(w, pc);
    if (!state || *state & (WORD_SEEN | WORD_DATA)) return;
    if (w->pending_count == w->pending_max) {
        u32 max = w->pending_max ? 2 * w->pending_max : 4096;
        u32 *more = arena_alloc(w->arena, max * sizeof *more);
        if (w->pending_count) memcpy(more, w->pending, w->pending_count * sizeof *more);
        w->pending = more;
        w->pending_max = max;
    }
    w->pending[w->pending_count++] = (u32)((pc - w->low) / 4);
}

/* What is known gives way to stronger evidence: that an address is taken, seen on the way from one
 * entry to the next, says less than a symbol to come. */
static bool gives_way(enum evidence known, enum evidence to)
{
    return known == EVIDENCE_RETURN || (known > EVIDENCE_TABLE && to < known);
}

void convert_found(struct walk *w, u64 pc, enum evidence evidence)
{
    u8 *state = convert_state(w, pc);
    if (!state || *state & WORD_DATA) return;
    u8 known = *state & WORD_EVIDENCE;
    if (!known || gives_way((enum evidence)(known - 1), evidence))
        *state = (u8)((*state ^ known) | (evidence + 1));
    reach(w, pc);
}

/* A table's entries, up to where another table is known to begin. The branch is one that leads to
 * them, if there is no better. */
static void take_entries(struct walk *w, const struct found_table *found, u64 end)
{
    const struct disc_table *t = &found->table;
    u64 target;
    u32 count = t->count, from = (u32)((found->pc - w->low) / 4);
    if (t->size && end - t->at < (u64)count << t->stride) count = (u32)((end - t->at) >> t->stride);
    for (u32 n = 0; n < count; n++) {
        if (!disc_table_target(&w->view, t, n, &target)) continue;
        convert_found(w, target, EVIDENCE_TABLE);
        if (convert_state(w, target)) note_branch(w, from, (u32)((target - w->low) / 4), false);
    }
    if (t->size) mark_data(w, t->at, t->at + ((u64)count << t->stride));
}

/* Tables without bounds wait until others are known, which they can't reach into. */
static void take_table(struct walk *w, u64 pc)
{
    struct found_table found = {.pc = pc};
    if (!disc_find_table(&w->view, pc, &found.table)) return;
    if (w->table_count == w->table_max) {
        u32 max = w->table_max ? 2 * w->table_max : 256;
        struct found_table *more = arena_alloc(w->arena, max * sizeof *more);
        if (w->table_count) memcpy(more, w->table, w->table_count * sizeof *more);
        w->table = more;
        w->table_max = max;
    }
    w->table[w->table_count++] = found;
    if (found.table.bounded) take_entries(w, &found, UINT64_MAX);
}

static int by_address(const void *a, const void *b)
{
    const struct found_table *x = a, *y = b;
    if (x->table.at != y->table.at) return x->table.at < y->table.at ? -1 : 1;
    return (x->pc > y->pc) - (x->pc < y->pc);
}

static void take_address(struct walk *w, u64 pc)
{
    u64 target;
    if (disc_find_address(&w->view, pc, &target)) convert_found(w, target, EVIDENCE_ADDRESS);
}

/* What an instruction leads to. False: nothing goes on behind it. */
static bool look_at(struct walk *w, u64 pc, u32 word)
{
    u64 target = 0;
    if ((word & 0x1f000000) == 0x10000000) take_address(w, pc); /* ADR, ADRP */
    if (!a64_may_branch(word)) return a64_decode(word) != A64_UNALLOCATED;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_NEXT: return true;
    case A64_FLOW_CONDITIONAL: reach(w, target); return true;
    case A64_FLOW_JUMP: reach(w, target); return false;
    case A64_FLOW_CALL: convert_found(w, target, EVIDENCE_CALL); /* fallthrough */
    case A64_FLOW_INDIRECT_CALL:
    case A64_FLOW_STOP: convert_found(w, pc + 4, EVIDENCE_RETURN); return true;
    case A64_FLOW_INDIRECT: take_table(w, pc); return false;
    default: return false;
    }
}

static void follow(struct walk *w)
{
    while (w->pending_count) {
        u64 pc = w->low + 4 * (u64)w->pending[--w->pending_count];
        u8 *state;
        u32 word;
        for (; (state = convert_state(w, pc)) != NULL && !(*state & WORD_SEEN); pc += 4) {
            if (!convert_read(w, pc, &word, 1)) {
                *state &= WORD_DATA;
                break;
            }
            *state |= WORD_SEEN;
            if (!look_at(w, pc, word)) break;
        }
    }
}

/* Takes the tables that waited, and those that they lead to. */
static void take_waiting(struct walk *w)
{
    while (w->table_count) {
        struct found_table *table = w->table;
        u32 count = w->table_count, next = 0;
        w->table = NULL;
        w->table_count = w->table_max = 0;
        qsort(table, count, sizeof *table, by_address);
        for (u32 n = 0; n < count; n++) {
            while (next < count && table[next].table.at <= table[n].table.at) next++;
            if (!table[n].table.bounded)
                take_entries(w, &table[n], next < count ? table[next].table.at : UINT64_MAX);
        }
        follow(w);
    }
}

void convert_discover(struct walk *w, const struct convert_options *o)
{
    for (u32 n = 0; n < w->m->entry_count; n++) {
        convert_found(w, w->m->entry[n].pc, (enum evidence)w->m->entry[n].evidence);
        follow(w);
    }
    for (u32 n = 0; n < o->missed_count; n++) {
        const u8 *state = convert_state(w, o->missed[n]);
        w->missed += state && !(*state & WORD_EVIDENCE);
        convert_found(w, o->missed[n], EVIDENCE_MISS);
        follow(w);
    }
    take_waiting(w);
}
