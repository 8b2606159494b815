/*
 * Function-shaped regions (disc.h): a walk over all code between two addresses that can be reached
 * from the entries there, then a cut into blocks.
 *
 * A block ends where another starts: at entries, at targets of branches that stay inside, behind
 * such branches, and behind calls and whatever else comes back by way of the runtime: those places
 * are entries too.
 */
#include "aot/disc/disc.h"

#include "aot/a64/flow.h"

#define NEAR_BEFORE 150 /* instructions around one, without other bounds */
#define NEAR_BEHIND 450

enum { SEEN = 1, LEADER = 2, ENTRY = 4, TARGET = 8 }; /* of a word */

struct walk {
    const struct code_view *view;
    u64 low;
    u32 size;      /* words from low on */
    u32 available; /* words read */
    u32 *word;
    u16 *row;
    u8 *mark;
    u32 *pending;
    u32 pending_count;
    u32 count;   /* instructions seen */
    u32 targets; /* of indirect branches */
    u32 low_target, high_target;
    bool has_indirect; /* an indirect branch has been seen */
};

static bool is_inside(const struct walk *w, u64 pc)
{
    return pc - w->low < 4 * (u64)w->available && pc % 4 == 0;
}

static void lead(struct walk *w, u64 pc, u8 how)
{
    if (!is_inside(w, pc)) return;
    u32 at = (u32)((pc - w->low) / 4);
    if (!(w->mark[at] & (SEEN | LEADER))) w->pending[w->pending_count++] = at;
    w->mark[at] |= how;
}

/* A branch at `at`: its target, and what is behind it if the target is of the same region. */
static void lead_by_branch(struct walk *w, u32 at, u64 target)
{
    if (!is_inside(w, target)) return;
    lead(w, target, LEADER);
    lead(w, w->low + 4 * (u64)at + 4, LEADER);
}

/* Instruction `at` and what follows it, to where nothing goes on. */
static void follow(struct walk *w, u32 at)
{
    for (; at < w->available && !(w->mark[at] & SEEN); at++) {
        u64 pc = w->low + 4 * (u64)at, target = 0;
        enum a64_row row = a64_decode(w->word[at]);
        w->row[at] = (u16)row;
        w->mark[at] |= SEEN;
        w->count++;
        switch (a64_flow(row, w->word[at], pc, &target)) {
        case A64_FLOW_NEXT: break;
        case A64_FLOW_CONDITIONAL: lead_by_branch(w, at, target); break;
        case A64_FLOW_JUMP: lead(w, target, LEADER); return;
        case A64_FLOW_CALL:
        case A64_FLOW_INDIRECT_CALL:
        case A64_FLOW_STOP: lead(w, pc + 4, LEADER | ENTRY); return;
        case A64_FLOW_INDIRECT: w->has_indirect = true; return;
        case A64_FLOW_RETURN:
        case A64_FLOW_TRAP: return;
        }
    }
}

static void read_words(struct walk *w)
{
    while (w->available < w->size) {
        size_t n = w->view->read(w->view->context, w->low + 4 * (u64)w->available,
                                 w->word + w->available, w->size - w->available);
        if (!n) break;
        w->available += (u32)n;
    }
}

/* Around pc, in its page and behind. */
static void near(u64 pc, u64 *low, u64 *high)
{
    *low = ALIGN_DOWN(pc, UINT64_C(4096));
    if (pc - *low > 4 * NEAR_BEFORE) *low = pc - 4 * NEAR_BEFORE;
    *high = pc + 4 * NEAR_BEHIND;
}

static void start_walk(struct walk *w, struct arena *arena, u64 pc)
{
    u64 high;
    if (w->view->extent)
        w->view->extent(w->view->context, pc, &w->low, &high);
    else
        near(pc, &w->low, &high);
    w->size = (u32)((high - w->low) / 4);
    w->word = arena_alloc(arena, w->size * (sizeof *w->word + sizeof *w->row + sizeof *w->pending));
    w->pending = w->word + w->size;
    w->row = (u16 *)(w->pending + w->size);
    w->mark = arena_zalloc(arena, w->size);
    read_words(w);
}

static bool starts_block(const struct walk *w, u32 at)
{
    return w->mark[at] & (LEADER | ENTRY) || !at || !(w->mark[at - 1] & SEEN);
}

/* Indirect branches find their targets in a table of all words from the first to the last. */
static bool is_worth_a_table(const struct walk *w)
{
    return w->targets && w->high_target - w->low_target < 256 + 64 * w->targets;
}

/* Cuts what has been seen into blocks. */
static void cut(struct walk *w, struct arena *arena, struct a64_region *out)
{
    u32 blocks = 0;
    bool targets = w->has_indirect && is_worth_a_table(w);
    for (u32 at = 0; at < w->available; at++) blocks += w->mark[at] & SEEN && starts_block(w, at);
    struct a64_block *block = arena_alloc(arena, blocks * sizeof *block), *last = block - 1;
    for (u32 at = 0; at < w->available; at++) {
        if (!(w->mark[at] & SEEN)) continue;
        if (starts_block(w, at))
            *++last = (struct a64_block){.pc = w->low + 4 * (u64)at,
                                         .word = w->word + at,
                                         .row = w->row + at,
                                         .entry = w->mark[at] & ENTRY,
                                         .target = targets && w->mark[at] & TARGET};
        last->count++;
    }
    *out = (struct a64_region){.pc = block->pc,
                               .block = block,
                               .block_count = blocks,
                               .insn_count = w->count,
                               .has_targets = targets};
    block->entry = true;
}

static void lead_by_entries(struct walk *w)
{
    const struct code_view *view = w->view;
    for (u32 at = 0; at < w->available; at++) {
        u64 pc = w->low + 4 * (u64)at;
        if (!view->is_entry(view->context, pc)) continue;
        bool target = view->is_target && view->is_target(view->context, pc);
        lead(w, pc, (u8)(LEADER | ENTRY | (target ? TARGET : 0)));
        if (!target) continue;
        if (!w->targets++) w->low_target = at;
        w->high_target = at;
    }
}

/* Of what has been seen. */
static void mark_entries(struct walk *w)
{
    for (u32 at = 0; at < w->available; at++)
        if (w->mark[at] & SEEN && w->view->is_entry(w->view->context, w->low + 4 * (u64)at))
            w->mark[at] |= ENTRY;
}

bool disc_function(struct arena *arena, const struct code_view *view, u64 pc,
                   struct a64_region *out)
{
    struct walk w = {.view = view};
    start_walk(&w, arena, pc);
    if (!is_inside(&w, pc)) return false;
    lead(&w, pc, LEADER | ENTRY);
    if (view->extent) lead_by_entries(&w);
    while (w.pending_count) follow(&w, w.pending[--w.pending_count]);
    if (!view->extent) mark_entries(&w);
    cut(&w, arena, out);
    return true;
}
