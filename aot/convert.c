/*
 * One module's translation: from the entries that the file itself tells of, along branches, calls
 * and returns, until no code is left that hasn't been seen. Entries come in the order of their
 * addresses, and what leads from one is followed before the next, so that the order, and with it the
 * image, depends on the file alone.
 */
#include "aot/convert.h"

#include <elf.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "aot/xlat.h"

#define DONE 0x80 /* in a word's state: it has been translated, or refused */

struct walk {
    const struct module *m;
    struct xlat_options options;
    struct code_view view;
    struct image_builder builder;
    u64 low, high;  /* the code: first and last executable byte */
    u8 *state;      /* of each word: 0, or its evidence + 1, perhaps with DONE */
    u32 *pending;   /* stack of word numbers */
    u32 pending_count, pending_max;
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
    return state && *state;
}

/* --- the walk -----------------------------------------------------------------------------------
 */

/* There is code at pc, by this evidence. */
static void found(struct walk *w, u64 pc, enum evidence evidence)
{
    u8 *state = state_of(w, pc);
    if (!state || *state) return;
    *state = (u8)(evidence + 1);
    if (w->pending_count == w->pending_max) {
        u32 max = w->pending_max ? 2 * w->pending_max : 4096;
        u32 *more = arena_alloc(w->arena, max * sizeof *more);
        if (w->pending_count) memcpy(more, w->pending, w->pending_count * sizeof *more);
        w->pending = more;
        w->pending_max = max;
    }
    w->pending[w->pending_count++] = (u32)((pc - w->low) / 4);
}

/* What the instructions of a region lead to besides its exits. */
static void look_through(struct walk *w, const struct guest_range *range)
{
    for (u64 pc = range->start; pc < range->end; pc += 4) {
        u32 word;
        u64 target = 0;
        if (!read_code(w, pc, &word, 1) || !a64_may_branch(word)) continue;
        switch (a64_flow(a64_decode(word), word, pc, &target)) {
        case A64_FLOW_CALL:
            found(w, target, EVIDENCE_CALL);
            found(w, pc + 4, EVIDENCE_RETURN);
            break;
        case A64_FLOW_INDIRECT_CALL:
        case A64_FLOW_STOP: found(w, pc + 4, EVIDENCE_RETURN); break;
        default: break;
        }
    }
}

static enum xlat_status translate(struct walk *w, u64 pc, struct translation *t)
{
    enum xlat_status status;
    w->options.max_insts = 0;
    for (;;) {
        arena_reset(&w->work);
        status = xlat_translate(&w->work, &w->options, &w->view, pc, t);
        if (status != XLAT_TOO_BIG || w->options.max_insts == 1) return status;
        w->options.max_insts = w->options.max_insts ? w->options.max_insts / 2 : 16;
    }
}

static void take(struct walk *w, u32 word)
{
    u64 pc = w->low + 4 * (u64)word;
    u8 evidence = (u8)(w->state[word] - 1);
    struct translation t;
    w->state[word] |= DONE;
    if (translate(w, pc, &t) != XLAT_OK || !image_add(&w->builder, &t, evidence)) {
        w->out->refused++;
        return;
    }
    w->out->regions_by[evidence]++;
    w->out->bytes_by[evidence] += 4 * (u64)t.insn_count;
    for (u32 n = t.cell_count; n-- > 0;) found(w, t.cells[n].target, EVIDENCE_BRANCH);
    for (u32 n = t.range_count; n-- > 0;) look_through(w, &t.ranges[n]);
}

static void follow(struct walk *w)
{
    while (w->pending_count) {
        u32 word = w->pending[--w->pending_count];
        if (!(w->state[word] & DONE)) take(w, word);
    }
}

/* All of the file's own entries are known before the first is followed: they are where regions end.
 */
static void walk(struct walk *w)
{
    const struct module *m = w->m;
    for (u32 n = 0; n < m->entry_count; n++) {
        u8 *state = state_of(w, m->entry[n].pc);
        if (state) *state = (u8)(m->entry[n].evidence + 1);
    }
    for (u32 n = 0; n < m->entry_count; n++) {
        const u8 *state = state_of(w, m->entry[n].pc);
        if (!state || *state & DONE) continue;
        take(w, (u32)((m->entry[n].pc - w->low) / 4));
        follow(w);
    }
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
    w.view = (struct code_view){read_code, is_entry, &w};
    w.options = (struct xlat_options){.host_features = o->features, .image = true};
    arena_init(&w.work);
    image_begin(&w.builder, arena, &module);
    walk(&w);
    arena_free(&w.work);
    if (!image_lay_out(&w.builder, &out->header, &out->bytes)) return CONVERT_TOO_BIG;
    set_key(&out->header, o);
    name_functions(&w);
    return CONVERT_OK;
}
