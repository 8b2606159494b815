/*
 * One module's translation, in three steps: discovery, from the entries that the file itself tells of
 * along branches, calls and returns until no code is left that hasn't been seen; the cut of what was
 * found into pieces, functions where it can be; their translation, each a region.
 *
 * Everything goes in the order of addresses or depends on it alone, so that the image depends on
 * nothing but the file.
 */
#include "aot/convert.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "aot/xlat.h"

#define SEEN      0x80 /* in a word's state: an instruction that some way leads to */
#define PIECE     300  /* instructions after which a piece ends where nothing goes on */
#define PIECE_MAX 600  /* after which it ends anyway */

struct walk {
    const struct module *m;
    struct xlat_options options;
    struct code_view view;
    struct image_builder builder;
    u64 low, high; /* the code: first and last executable byte */
    u8 *state;     /* of each word: 1 + enum evidence of an entry, or 0; SEEN */
    u32 *pending;  /* stack of word numbers */
    u32 pending_count, pending_max;
    u32 *piece; /* first words, ascending, and the end */
    u32 piece_count;
    struct arena *arena, work;
    struct converted *out;
};

/* --- the guest's code ---------------------------------------------------------------------------
 */

/* Bytes of code from pc on, and where they are in the file. */
static u64 code_at(const struct module *m, u64 pc, const u8 **bytes)
{
    for (u32 n = 0; n < m->segment_count; n++) {
        const struct module_segment *s = &m->segment[n];
        if (!(s->flags & PF_X) || pc - s->vaddr >= s->filesz) continue;
        *bytes = m->data + s->offset + (pc - s->vaddr);
        return s->filesz - (pc - s->vaddr);
    }
    return 0;
}

/* How far the code from pc on goes before data that symbols tell of. */
static u64 until_data(const struct module *m, u64 pc, u64 size)
{
    u32 low = 0, high = m->data_range_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (m->data_range[middle].end <= pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == m->data_range_count || m->data_range[low].start - pc >= size) return size;
    return m->data_range[low].start <= pc ? 0 : m->data_range[low].start - pc;
}

static size_t read_code(void *context, u64 pc, u32 *words, size_t max)
{
    const struct walk *w = context;
    const u8 *bytes;
    u64 size = code_at(w->m, pc, &bytes);
    if (size) size = until_data(w->m, pc, size);
    size_t n = size / 4 < max ? size / 4 : max;
    if (n) memcpy(words, bytes, 4 * n);
    return n;
}

static u8 *state_of(const struct walk *w, u64 pc)
{
    return pc >= w->low && pc < w->high && pc % 4 == 0 ? &w->state[(pc - w->low) / 4] : NULL;
}

static bool is_entry(void *context, u64 pc)
{
    const u8 *state = state_of(context, pc);
    return state && *state & ~SEEN;
}

/* --- discovery ----------------------------------------------------------------------------------
 */

/* Some way leads to pc. */
static void reach(struct walk *w, u64 pc)
{
    u8 *state = state_of(w, pc);
    if (!state || *state & SEEN) return;
    if (w->pending_count == w->pending_max) {
        u32 max = w->pending_max ? 2 * w->pending_max : 4096;
        u32 *more = arena_alloc(w->arena, max * sizeof *more);
        if (w->pending_count) memcpy(more, w->pending, w->pending_count * sizeof *more);
        w->pending = more;
        w->pending_max = max;
    }
    w->pending[w->pending_count++] = (u32)((pc - w->low) / 4);
}

/* Code at pc is entered from elsewhere, by this evidence. */
static void found(struct walk *w, u64 pc, enum evidence evidence)
{
    u8 *state = state_of(w, pc);
    if (!state) return;
    if (!(*state & ~SEEN)) *state |= (u8)(evidence + 1);
    reach(w, pc);
}

/* What an instruction leads to. False: nothing goes on behind it. */
static bool look_at(struct walk *w, u64 pc, u32 word)
{
    u64 target = 0;
    if (!a64_may_branch(word)) return a64_decode(word) != A64_UNALLOCATED;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_NEXT: return true;
    case A64_FLOW_CONDITIONAL: reach(w, target); return true;
    case A64_FLOW_JUMP: reach(w, target); return false;
    case A64_FLOW_CALL: found(w, target, EVIDENCE_CALL); /* fallthrough */
    case A64_FLOW_INDIRECT_CALL:
    case A64_FLOW_STOP: found(w, pc + 4, EVIDENCE_RETURN); return true;
    default: return false;
    }
}

static void follow(struct walk *w)
{
    while (w->pending_count) {
        u64 pc = w->low + 4 * (u64)w->pending[--w->pending_count];
        u8 *state;
        u32 word;
        for (; (state = state_of(w, pc)) != NULL && !(*state & SEEN); pc += 4) {
            if (!read_code(w, pc, &word, 1)) {
                *state = 0;
                break;
            }
            *state |= SEEN;
            if (!look_at(w, pc, word)) break;
        }
    }
}

static void discover(struct walk *w)
{
    for (u32 n = 0; n < w->m->entry_count; n++) {
        found(w, w->m->entry[n].pc, (enum evidence)w->m->entry[n].evidence);
        follow(w);
    }
}

/* --- pieces -------------------------------------------------------------------------------------
 */

static u32 words(const struct walk *w)
{
    return (u32)((w->high - w->low) / 4);
}

static bool starts_function(u8 state)
{
    switch ((state & ~SEEN) - 1) {
    case EVIDENCE_ENTRY:
    case EVIDENCE_SYMBOL:
    case EVIDENCE_DWARF:
    case EVIDENCE_FRAME:
    case EVIDENCE_INIT:
    case EVIDENCE_PLT:
    case EVIDENCE_CALL: return true;
    default: return false;
    }
}

static bool goes_on(const struct walk *w, u32 at)
{
    u64 pc = w->low + 4 * (u64)at, target;
    u32 word;
    if (!read_code((void *)(u64)(uintptr_t)w, pc, &word, 1)) return false;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_NEXT:
    case A64_FLOW_CONDITIONAL: return true;
    default: return false;
    }
}

/* Pieces begin at functions, and in long ones where nothing goes on. */
static void cut(struct walk *w)
{
    u32 count = 0;
    w->piece = arena_alloc(w->arena, (words(w) + 2) * sizeof *w->piece);
    for (u32 at = 0; at < words(w); at++) {
        if (!(w->state[at] & SEEN)) continue;
        bool begins = !w->piece_count || starts_function(w->state[at]) || count >= PIECE_MAX ||
                      (count >= PIECE && !(w->state[at - 1] & SEEN && goes_on(w, at - 1)));
        if (begins) w->piece[w->piece_count++] = at;
        count = begins ? 1 : count + 1;
    }
    w->piece[w->piece_count] = words(w);
}

/* The number of the piece that word `at` is in. */
static u32 piece_of(const struct walk *w, u32 at)
{
    u32 low = 0, high = w->piece_count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (w->piece[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void extent(void *context, u64 pc, u64 *low, u64 *high)
{
    const struct walk *w = context;
    u32 n = piece_of(w, (u32)((pc - w->low) / 4));
    *low = w->low + 4 * (u64)w->piece[n];
    *high = w->low + 4 * (u64)w->piece[n + 1];
}

/* What is reached from another piece is an entry. */
static void mark_crossings(struct walk *w)
{
    for (u32 n = 0; n < w->piece_count; n++)
        for (u32 at = w->piece[n]; at < w->piece[n + 1]; at++) {
            u64 pc = w->low + 4 * (u64)at, target = 0;
            u32 word;
            if (!(w->state[at] & SEEN) || !read_code(w, pc, &word, 1)) continue;
            enum a64_flow flow = a64_may_branch(word) ? a64_flow(a64_decode(word), word, pc, &target)
                                                      : A64_FLOW_NEXT;
            if (flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP) {
                u64 to = (target - w->low) / 4;
                if (to < w->piece[n] || to >= w->piece[n + 1]) found(w, target, EVIDENCE_BRANCH);
            }
            if (at + 1 == w->piece[n + 1] && (flow == A64_FLOW_NEXT || flow == A64_FLOW_CONDITIONAL))
                found(w, pc + 4, EVIDENCE_BRANCH);
        }
    w->pending_count = 0; /* they had all been seen */
}

/* --- translation --------------------------------------------------------------------------------
 */

static void take(struct walk *w, u32 piece)
{
    u64 pc = w->low + 4 * (u64)w->piece[piece];
    struct translation t;
    arena_reset(&w->work);
    bool good = xlat_translate(&w->work, &w->options, &w->view, pc, &t) == XLAT_OK;
    s8 *evidence = good ? arena_alloc(&w->work, t.entry_count) : NULL;
    for (u32 n = 0; good && n < t.entry_count; n++) {
        u8 state = *state_of(w, t.entries[n].pc) & (u8)~SEEN;
        evidence[n] = (s8)(state ? state - 1 : EVIDENCE_BRANCH);
    }
    if (!good || !image_add(&w->builder, &t, evidence)) {
        w->out->refused++;
        return;
    }
    w->out->regions_by[evidence[0]]++;
    w->out->bytes_by[evidence[0]] += 4 * (u64)t.insn_count;
}

/* --- symbols ------------------------------------------------------------------------------------
 */

struct pc_table {
    const u64 *bit;
    const u32 *rank;
    u64 low, words;
};

/* The number of entries below pc. */
static u32 entries_below(const struct pc_table *t, u64 pc)
{
    u64 word = (pc - t->low) / 4;
    if (word >= t->words) word = t->words - 1;
    u64 below = t->bit[word / 64] & ((UINT64_C(1) << word % 64) - 1);
    return t->rank[word / 64] + (u32)__builtin_popcountll(below);
}

static void name_functions(struct walk *w)
{
    const struct module *m = w->m;
    struct converted *out = w->out;
    const struct image_header *h = &out->header;
    struct pc_table t = {(const u64 *)(const void *)(out->bytes + h->bits),
                         (const u32 *)(const void *)(out->bytes + h->ranks), w->low, h->code_words};
    out->symbol = arena_alloc(w->arena, m->entry_count * sizeof *out->symbol);
    for (u32 n = 0; n < m->entry_count; n++) {
        const struct module_entry *e = &m->entry[n];
        u64 end = e->size                ? e->pc + e->size
                  : n + 1 < m->entry_count ? m->entry[n + 1].pc
                                           : w->high;
        out->functions += e->size || e->name;
        if (!e->name || !state_of(w, e->pc)) continue;
        u32 first = entries_below(&t, e->pc), behind = end < w->high ? entries_below(&t, end) : h->entry_count;
        if (behind > first)
            out->symbol[out->symbol_count++] = (struct image_symbol){e->name, first, behind};
    }
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static void find_extent(struct walk *w)
{
    w->low = UINT64_MAX;
    for (u32 n = 0; n < w->m->segment_count; n++) {
        const struct module_segment *s = &w->m->segment[n];
        if (!(s->flags & PF_X) || !s->filesz) continue;
        if (s->vaddr < w->low) w->low = ALIGN_DOWN(s->vaddr, UINT64_C(4));
        if (s->vaddr + s->filesz > w->high) w->high = ALIGN_DOWN(s->vaddr + s->filesz, UINT64_C(4));
        w->out->code_bytes += s->filesz;
    }
}

static void set_key(struct image_header *h, const struct convert_options *o)
{
    struct blake2b s;
    h->translator = xlat_id();
    h->features = o->features;
    blake2b_start(&s);
    blake2b_add(&s, &h->translator, sizeof h->translator);
    blake2b_add(&s, &h->module, sizeof h->module);
    blake2b_add(&s, &o->features, sizeof o->features);
    h->key = blake2b_end(&s);
}

enum convert_status convert_module(struct arena *arena, const struct module *m,
                                   const struct digest *digest, const struct convert_options *o,
                                   struct converted *out)
{
    struct walk w = {.m = m, .arena = arena, .out = out};
    *out = (struct converted){0};
    find_extent(&w);
    if (w.low >= w.high || m->text_relocations) return CONVERT_NOTHING;
    struct image_module module = {*digest, m->size, m->low, m->high - m->low, w.low, w.high,
                                  m->type == ET_EXEC};
    w.state = arena_zalloc(arena, (w.high - w.low) / 4);
    w.view = (struct code_view){read_code, is_entry, extent, &w};
    w.options =
        (struct xlat_options){.tier = XLAT_FULL, .host_features = o->features, .image = true};
    arena_init(&w.work);
    image_begin(&w.builder, arena, &module);
    discover(&w);
    cut(&w);
    mark_crossings(&w);
    for (u32 n = 0; n < w.piece_count; n++) take(&w, n);
    arena_free(&w.work);
    if (!image_lay_out(&w.builder, &out->header, &out->bytes)) return CONVERT_TOO_BIG;
    set_key(&out->header, o);
    name_functions(&w);
    return CONVERT_OK;
}
