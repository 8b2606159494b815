/*
 * One module's translation, in three steps: discovery, from the entries that the file itself tells
 * of along branches, calls and returns until no code is left that hasn't been seen; the cut of what
 * was found into pieces, functions where it can be; their translation, each a region.
 *
 * Everything goes in the order of addresses or depends on it alone, so that the image depends on
 * nothing but the file.
 */
#include "aot/convert_walk.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "aot/disc/disc.h"
#include "aot/disc/known.h"

#define PIECE       300   /* instructions after which a piece ends where nothing goes on */
#define PIECE_MAX   600   /* after which it ends anyway */
#define PIECE_WHOLE 24000 /* of a function with jump tables that is one piece */

/* --- pieces -------------------------------------------------------------------------------------
 */

static u32 words(const struct walk *w)
{
    return (u32)((w->high - w->low) / 4);
}

static bool starts_function(u8 state)
{
    switch ((state & WORD_EVIDENCE) - 1) {
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
    if (!convert_read((void *)(u64)(uintptr_t)w, pc, &word, 1)) return false;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_NEXT:
    case A64_FLOW_CONDITIONAL: return true;
    default: return false;
    }
}

/* Where the function that begins at word `at` ends if indirect branches lead around in it: that one
 * is better not cut. Else `at`. */
static u32 whole_until(const struct walk *w, u32 at)
{
    const struct code_view *view = &w->view.code;
    u32 end = at + 1;
    bool targets = false;
    for (; end < words(w) && !starts_function(w->state[end]); end++)
        targets |=
            w->state[end] & WORD_EVIDENCE && view->is_target(view->context, w->low + 4 * (u64)end);
    return targets && end - at <= PIECE_WHOLE ? end : at;
}

static bool is_known(const struct walk *w, u32 at)
{
    u32 word[DISC_KNOWN_MAX], count;
    enum helper id;
    if (!(w->state[at] & WORD_EVIDENCE)) return false;
    return disc_known(&w->view.code, w->low + 4 * (u64)at, word, &count, &id);
}

/* Pieces begin at functions, and in long ones where nothing goes on. Behind data too, for a region
 * is read in one piece. The first instruction of a known function is a piece: what is behind it
 * runs where the host can't do the function. */
static void cut(struct walk *w)
{
    u32 count = 0, whole = 0;
    bool behind_known = false;
    w->piece = arena_alloc(w->arena, (words(w) + 2) * sizeof *w->piece);
    for (u32 at = 0; at < words(w); at++) {
        if (!(w->state[at] & WORD_SEEN)) continue;
        u8 before = at ? w->state[at - 1] : 0;
        bool known = is_known(w, at);
        bool starts = starts_function(w->state[at]) || known || behind_known;
        behind_known = known;
        if (starts) whole = whole_until(w, at);
        bool begins =
            !w->piece_count || before & WORD_DATA || starts ||
            (at >= whole && (count >= PIECE_MAX ||
                             (count >= PIECE && !(before & WORD_SEEN && goes_on(w, at - 1)))));
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
            if (!(w->state[at] & WORD_SEEN) || !convert_read(w, pc, &word, 1)) continue;
            enum a64_flow flow = a64_may_branch(word)
                                     ? a64_flow(a64_decode(word), word, pc, &target)
                                     : A64_FLOW_NEXT;
            if (flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP) {
                u64 to = (target - w->low) / 4;
                if (to < w->piece[n] || to >= w->piece[n + 1])
                    convert_found(w, target, EVIDENCE_BRANCH);
            }
            if (at + 1 == w->piece[n + 1] &&
                (flow == A64_FLOW_NEXT || flow == A64_FLOW_CONDITIONAL))
                convert_found(w, pc + 4, EVIDENCE_BRANCH);
        }
    w->pending_count = 0; /* they had all been seen */
}

/* --- translation --------------------------------------------------------------------------------
 */

/* Regions that tests do without: by address, so that it is always the same ones. */
static bool is_left_out(u64 pc, u32 percent)
{
    return percent && (u32)(pc / 4 * UINT64_C(0x9e3779b97f4a7c15) >> 33) % 100 < percent;
}

/* Runs have been found in it. */
static bool is_hot(const struct walk *w, u32 piece, const struct profile *p)
{
    return p && disc_samples(p, w->low + 4 * (u64)w->piece[piece],
                             w->low + 4 * (u64)w->piece[piece + 1]);
}

static void take(struct walk *w, u32 piece, const struct convert_options *o)
{
    u64 pc = w->low + 4 * (u64)w->piece[piece];
    if (is_left_out(pc, o->leave_out)) return;
    struct translation t;
    arena_reset(&w->work);
    bool good = xlat_translate(&w->work, &w->options, &w->view.code, pc, &t) == XLAT_OK;
    s8 *evidence = good ? arena_alloc(&w->work, t.entry_count) : NULL;
    for (u32 n = 0; good && n < t.entry_count; n++) {
        u8 state = *convert_state(w, t.entries[n].pc) & WORD_EVIDENCE;
        evidence[n] = (s8)(state ? state - 1 : EVIDENCE_BRANCH);
    }
    if (!good || !image_add(&w->builder, &t, evidence, is_hot(w, piece, o->profile))) {
        w->out->refused++;
        return;
    }
    w->out->inlined += t.inlined;
    w->out->regions_by[evidence[0]]++;
    w->out->bytes_by[evidence[0]] += 4 * (u64)(t.insn_count - t.copied);
}

/* --- symbols ------------------------------------------------------------------------------------
 */

/* Of these entries the first or the last, whose code comes later. */
static u32 furthest(const struct image_builder *b, u32 first, u32 behind)
{
    return image_entry_code(b, behind - 1) > image_entry_code(b, first) ? behind - 1 : first;
}

/* Names the code of those of these entries that are hot, or of those that are not. */
static void name_part(struct walk *w, const char *name, u32 first, u32 behind, bool hot)
{
    const struct image_builder *b = &w->builder;
    struct image_debug *d = &w->out->debug;
    while (first < behind && image_entry_is_hot(b, first) != hot) first++;
    while (first < behind && image_entry_is_hot(b, behind - 1) != hot) behind--;
    if (first == behind) return;
    d->symbol[d->symbol_count++] = (struct image_symbol){
        name, image_entry_code(b, first), image_entry_code_end(b, furthest(b, first, behind))};
}

static void name_functions(struct walk *w)
{
    const struct module *m = w->m;
    struct converted *out = w->out;
    const struct image_builder *b = &w->builder;
    struct image_debug *d = &out->debug;
    d->symbol = arena_alloc(w->arena, 2 * m->entry_count * sizeof *d->symbol);
    for (u32 n = 0; n < m->entry_count; n++) {
        const struct module_entry *e = &m->entry[n];
        u64 end = e->size ? e->pc + e->size : n + 1 < m->entry_count ? m->entry[n + 1].pc : w->high;
        out->functions += e->size || e->name;
        if (!e->name || !convert_state(w, e->pc)) continue;
        u32 first = image_entries_below(b, e->pc), behind = image_entries_below(b, end);
        for (int hot = 0; hot < 2; hot++) name_part(w, e->name, first, behind, hot);
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

struct digest convert_rest(const struct digest *module, const struct convert_options *o)
{
    const struct digest translator = xlat_id();
    struct blake2b s;
    blake2b_start(&s);
    blake2b_add(&s, &translator, sizeof translator);
    blake2b_add(&s, module, sizeof *module);
    blake2b_add(&s, &o->debug, sizeof o->debug);
    blake2b_add(&s, &o->features, sizeof o->features);
    blake2b_add(&s, &o->leave_out, sizeof o->leave_out);
    blake2b_add(&s, &o->insn_lines, sizeof o->insn_lines);
    blake2b_add(&s, &o->count_low, sizeof o->count_low);
    blake2b_add(&s, &o->count_high, sizeof o->count_high);
    blake2b_add(&s, &o->missed_count, sizeof o->missed_count);
    if (o->missed_count) blake2b_add(&s, o->missed, o->missed_count * sizeof *o->missed);
    return blake2b_end(&s);
}

struct digest convert_key(const struct digest *module, const struct convert_options *o)
{
    const struct digest rest = convert_rest(module, o);
    if (!o->profile) return rest;
    const struct digest profile = profile_digest(o->profile);
    struct blake2b s;
    blake2b_start(&s);
    blake2b_add(&s, &rest, sizeof rest);
    blake2b_add(&s, &profile, sizeof profile);
    blake2b_add(&s, &o->profile_ever, sizeof o->profile_ever);
    return blake2b_end(&s);
}

static void store_profile(struct arena *arena, struct converted *out,
                          const struct convert_options *o)
{
    if (!o->profile) return;
    out->header.profile_samples = o->profile->samples;
    out->header.profile_ever = o->profile_ever;
    out->debug.profile =
        profile_pack(arena, o->profile, o->profile_ever, &out->debug.profile_count);
}

/* What the header says besides the layout. */
static void complete_header(struct converted *out, const struct convert_options *o, u32 missed)
{
    struct image_header *h = &out->header;
    h->translator = xlat_id();
    h->features = o->features;
    h->key = convert_key(&h->module, o);
    h->rest = convert_rest(&h->module, o);
    h->functions = out->functions;
    h->refused = out->refused;
    h->inlined = out->inlined;
    h->missed = missed;
    h->code_bytes = (u32)out->code_bytes;
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) {
        h->regions_by[n] = out->regions_by[n];
        h->bytes_by[n] = (u32)out->bytes_by[n];
    }
}

enum convert_status convert_module(struct arena *arena, const struct module *m,
                                   const struct digest *digest, const struct convert_options *o,
                                   struct converted *out)
{
    struct walk w = {.m = m, .arena = arena, .out = out};
    *out = (struct converted){0};
    find_extent(&w);
    if (w.low >= w.high || m->text_relocations) return CONVERT_NOTHING;
    struct image_module module = {*digest, m->size,           m->low, m->high - m->low, w.low,
                                  w.high,  m->type == ET_EXEC};
    if (o->insn_lines)
        convert_insn_lines(&w);
    else if (o->lines)
        module_lines(m, arena, &w.lines);
    convert_views(&w);
    w.view.code.extent = extent;
    w.options = (struct xlat_options){.tier = XLAT_FULL,
                                      .host_features = o->features & ~IMAGE_COUNTED,
                                      .count = o->features & IMAGE_COUNTED,
                                      .count_low = o->count_low,
                                      .count_high = o->count_high,
                                      .image = true,
                                      .profile = o->profile,
                                      .known = true,
                                      .inlines = o->profile != NULL,
                                      .steps = w.lines.row_count != 0};
    arena_init(&w.work);
    image_begin(&w.builder, arena, &module);
    convert_discover(&w, o);
    cut(&w);
    mark_crossings(&w);
    for (u32 n = 0; n < w.piece_count; n++) take(&w, n, o);
    arena_free(&w.work);
    if (!w.builder.region_count) return CONVERT_NOTHING;
    if (!image_lay_out(&w.builder, &out->header, &out->bytes)) return CONVERT_TOO_BIG;
    name_functions(&w);
    convert_lines(&w);
    store_profile(arena, out, o);
    complete_header(out, o, w.missed);
    return CONVERT_OK;
}
