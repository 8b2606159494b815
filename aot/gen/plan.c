/*
 * What the generator knows before it emits: use counts, pins, hints, liveness of NZCV, and which
 * pinned slots may be dirty at block starts. A few linear walks over the region.
 */
#include "aot/gen/internal.h"

#include <string.h>

#define LOOP_WEIGHT 8 /* an access in a loop counts as this many */

/* Pins in the order in which they are given out: registers that C calls keep come first. */
static const u8 gpr_pins[] = {X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15, X64_R8, X64_R9, X64_R10};
static const u8 xmm_pins[] = {6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

#define WATCHED (IR_FL_FAULT | IR_FL_FP | IR_FL_SIDE | IR_FL_END) /* what a walk must look at */

enum nz_effect { NZ_PASS, NZ_USE, NZ_KILL };

/* Per block, by the first walk. */
struct block_facts {
    u64 sets;  /* register slots that the block SETs */
    u8 effect; /* enum nz_effect: what the block does to NZCV first */
};

/* Operations at which guest state must be exact: frame states, calls out, exits in the middle. */
static bool is_point(unsigned op, unsigned flags)
{
    return flags & (IR_FL_FAULT | IR_FL_FP) || op == IR_GUARD || op == IR_EXITIF ||
           op == IR_HELPER;
}

static enum nz_effect nz_effect(const struct ir_inst *i)
{
    unsigned flags = ir_op_info(i->op)->flags;
    if (!(flags & WATCHED) && i->op != IR_GET) return NZ_PASS;
    switch (i->op) {
    case IR_SET: return i->imm == SLOT_NZCV ? NZ_KILL : NZ_PASS;
    case IR_GET: return i->imm == SLOT_NZCV ? NZ_USE : NZ_PASS;
    case IR_EXIT:
    case IR_EXITIND: return i->mod & IR_EXIT_NZCV_DEAD ? NZ_KILL : NZ_USE;
    case IR_EXITIF: return i->mod & IR_EXIT_NZCV_DEAD ? NZ_PASS : NZ_USE;
    case IR_TRAP: return NZ_USE;
    default: return is_point(i->op, flags) ? NZ_USE : NZ_PASS;
    }
}

/* --- the first walk ------------------------------------------------------------------------------- */

static void weigh_blocks(const struct gen *g, u32 *weight)
{
    const struct ir_func *f = g->f;
    for (u32 b = 0; b < f->block_count; b++) weight[b] = 1;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 to[2];
        unsigned n = ir_successors(f, &f->block[b], to);
        for (unsigned k = 0; k < n; k++)
            for (u32 c = to[k]; c <= b && to[k] <= b; c++)
                if (weight[c] < 512) weight[c] *= LOOP_WEIGHT;
    }
}


/* What the walk over a block carries along. */
struct walk {
    struct gen *g;
    struct block_facts *facts;
    u32 weight;
    ir_ref first, last_point;
    ir_ref last_access[SLOT_REGISTERS]; /* older than `first`: of another block */
    u32 score[SLOT_REGISTERS];
    u64 seen; /* slots with a score */
};

/*
 * A value that is SET to a slot may be computed into the slot's pin when, from its definition to
 * the SET, nothing reads or writes the slot and no point could see the pin half-way.
 */
static void access_slot(struct walk *w, ir_ref r, const struct ir_inst *i)
{
    unsigned slot = (unsigned)i->imm;
    ir_ref v = i->arg[0];
    if (i->op == IR_SET) {
        struct val *value = &w->g->val[v];
        w->facts->sets |= UINT64_C(1) << slot;
        if (v >= w->first && w->last_point <= v && w->last_access[slot] < v &&
            value->hint == NO_SLOT)
            value->hint = (u8)slot;
    }
    w->last_access[slot] = r;
    w->score[slot] += w->weight;
    w->seen |= UINT64_C(1) << slot;
}

static void walk_block(struct walk *w, const struct ir_block *b)
{
    struct gen *g = w->g;
    w->first = b->first;
    w->last_point = 0;
    for (ir_ref r = b->first; r < b->end; r++) {
        const struct ir_inst *i = gen_inst(g, r);
        unsigned flags = ir_op_info(i->op)->flags;
        g->val[r] = (struct val){.hint = NO_SLOT, .slot = NO_SLOT, .left = i->uses};
        if (i->op != IR_GET && !(flags & WATCHED)) continue;
        if (w->facts->effect == NZ_PASS) w->facts->effect = (u8)nz_effect(i);
        if (i->op == IR_GET || i->op == IR_SET) {
            if (i->imm < SLOT_REGISTERS) access_slot(w, r, i);
        } else if (is_point(i->op, flags)) {
            w->last_point = r;
        }
    }
}

/* Gives the best slots of `seen` the registers of `regs`. */
static void choose(struct walk *w, u64 seen, const u8 *regs, unsigned count, struct host_reg *file)
{
    for (unsigned n = 0; n < count && seen; n++) {
        unsigned best = (unsigned)__builtin_ctzll(seen);
        for (u64 m = seen & (seen - 1); m; m &= m - 1) {
            unsigned slot = (unsigned)__builtin_ctzll(m);
            if (w->score[slot] > w->score[best]) best = slot;
        }
        if (w->score[best] < 2) return;
        seen &= ~(UINT64_C(1) << best);
        w->g->pin[best] = regs[n];
        w->g->pinned |= UINT64_C(1) << best;
        file[regs[n]].slot = (u8)best;
        *(file == w->g->gpr ? &w->g->gpr_temps : &w->g->xmm_temps) &= ~(1u << regs[n]);
    }
}

static void walk_all(struct gen *g, struct block_facts *facts)
{
    const struct ir_func *f = g->f;
    u32 *weight = arena_alloc(g->arena, f->block_count * sizeof(*weight));
    struct walk w = {.g = g};
    weigh_blocks(g, weight);
    for (u32 b = 0; b < f->block_count; b++) {
        w.facts = &facts[b];
        w.weight = weight[b];
        walk_block(&w, &f->block[b]);
    }
    g->gpr_temps = 0xffff & ~(1u << X64_RAX | 1u << X64_RCX | 1u << X64_RSP | 1u << X64_RBP);
    g->xmm_temps = 0xffff & ~3u;
    choose(&w, w.seen & 0xffffffff, gpr_pins, ARRAY_SIZE(gpr_pins), g->gpr);
    choose(&w, w.seen & ~UINT64_C(0xffffffff), xmm_pins, ARRAY_SIZE(xmm_pins), g->xmm);
}

/* --- NZCV ------------------------------------------------------------------------------------- */

static bool live_out(const struct gen *g, const struct ir_block *b)
{
    u32 to[2];
    unsigned n = ir_successors(g->f, b, to);
    for (unsigned k = 0; k < n; k++)
        if (g->block_nz[to[k]]) return true;
    return false;
}

static void find_nzcv(struct gen *g, const struct block_facts *facts)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            bool live = facts[b].effect == NZ_USE ||
                        (facts[b].effect == NZ_PASS && live_out(g, &f->block[b]));
            if (live == g->block_nz[b]) continue;
            g->block_nz[b] = live;
            changed = f->block_count > 1;
        }
    }
    for (u32 b = 0; b < f->block_count; b++) {
        bool live = live_out(g, &f->block[b]);
        for (ir_ref r = f->block[b].end; r-- > f->block[b].first;) {
            enum nz_effect e = nz_effect(&f->inst[r]);
            if (e != NZ_PASS) live = e == NZ_USE;
            g->nz_live[r] = live;
        }
    }
}

/* --- what is dirty ---------------------------------------------------------------------------- */

static void find_dirty(struct gen *g, const struct block_facts *facts)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 to[2];
            unsigned n = ir_successors(f, &f->block[b], to);
            for (unsigned k = 0; k < n; k++) {
                u64 dirty = g->block_dirty[to[k]] | g->block_dirty[b] | (facts[b].sets & g->pinned);
                if (dirty == g->block_dirty[to[k]]) continue;
                g->block_dirty[to[k]] = dirty;
                changed = true;
            }
        }
    }
}

void gen_plan(struct gen *g)
{
    struct block_facts *facts = arena_zalloc(g->arena, g->f->block_count * sizeof(*facts));
    walk_all(g, facts);
    find_nzcv(g, facts);
    find_dirty(g, facts);
    g->lazy = g->f->block_count == 1 && !g->f->block[0].preds;
}
