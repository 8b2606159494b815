/*
 * What the generator knows before it emits: use counts, pins, hints, liveness of NZCV, and which
 * pinned slots may be dirty at block starts. One walk backward over the region, and for regions of
 * several blocks two small fixpoints over these.
 */
#include "aot/gen/internal.h"

#include <string.h>

#define LOOP_WEIGHT 8 /* an access in a loop counts as this many */

/* Pins in the order in which they are given out: registers that C calls keep come first. */
static const u8 gpr_pins[] = {X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15, X64_R8, X64_R9, X64_R10};
static const u8 xmm_pins[] = {6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

enum nz_effect { NZ_PASS, NZ_USE, NZ_KILL };

/* Guest state must be exact there: frame states, calls out, exits in the middle. */
static bool is_point(unsigned op)
{
    return ir_op_effect[op] == IR_EFFECT_POINT || op == IR_GUARD || op == IR_EXITIF ||
           op == IR_HELPER;
}

/* What an operation does to NZCV, SET and GET of other slots apart. */
static enum nz_effect nz_effect(const struct ir_inst *i)
{
    if (ir_op_effect[i->op] == IR_EFFECT_POINT) return NZ_USE;
    switch (i->op) {
    case IR_SET: return i->imm == SLOT_NZCV ? NZ_KILL : NZ_PASS;
    case IR_GET: return i->imm == SLOT_NZCV ? NZ_USE : NZ_PASS;
    case IR_EXIT:
    case IR_EXITIND: return i->mod & IR_EXIT_NZCV_DEAD ? NZ_KILL : NZ_USE;
    case IR_EXITIF: return i->mod & IR_EXIT_NZCV_DEAD ? NZ_PASS : NZ_USE;
    case IR_TRAP: return NZ_USE;
    default: return is_point(i->op) ? NZ_USE : NZ_PASS;
    }
}

/* --- blocks: weight, and NZCV at their ends ------------------------------------------------------
 */

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

static bool live_out(const struct gen *g, const struct ir_block *b)
{
    u32 to[2];
    unsigned n = ir_successors(g->f, b, to);
    for (unsigned k = 0; k < n; k++)
        if (g->block_nz[to[k]]) return true;
    return false;
}

/* The first thing that happens to NZCV in a block. */
static enum nz_effect block_effect(const struct gen *g, const struct ir_block *b)
{
    enum nz_effect effect = NZ_PASS;
    for (ir_ref r = b->first; r < b->end && effect == NZ_PASS; r++)
        effect = nz_effect(gen_inst(g, r));
    return effect;
}

/* Whether NZCV is live at the starts of blocks: where one sees it, and from there to predecessors
 * that pass it on. */
static void find_nzcv(struct gen *g)
{
    const struct ir_func *f = g->f;
    u8 *effect = arena_alloc(g->arena, f->block_count);
    for (u32 b = 0; b < f->block_count; b++) {
        effect[b] = (u8)block_effect(g, &f->block[b]);
        g->block_nz[b] = effect[b] == NZ_USE;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            if (g->block_nz[b] || effect[b] != NZ_PASS || !live_out(g, &f->block[b])) continue;
            g->block_nz[b] = changed = true;
        }
    }
}

/* --- the walk over instructions
 * ------------------------------------------------------------------- */

/* What the walk, backward through a block, carries along. */
struct walk {
    struct gen *g;
    u32 weight;
    u64 sets;                           /* register slots that the block SETs */
    ir_ref next_point;                  /* the nearest operation behind that needs exact state */
    ir_ref next_access[SLOT_REGISTERS]; /* likewise of the slot's GETs and SETs; may be another
                                           block's */
    u32 score[SLOT_REGISTERS];          /* of those seen */
    u64 seen;                           /* slots that were accessed */
};

static void count_access(struct walk *w, ir_ref r, unsigned slot)
{
    w->next_access[slot] = r;
    u64 bit = UINT64_C(1) << slot;
    w->score[slot] = w->seen & bit ? w->score[slot] + w->weight : w->weight;
    w->seen |= bit;
}

/*
 * A value that is SET to a slot may be computed into the slot's pin when, from its definition to
 * the SET, nothing reads or writes the slot and no point could see the pin half-way. The SET, which
 * the walk meets first, says which slot; the definition finds out whether that holds.
 */
static void settle_hint(const struct walk *w, struct val *v)
{
    ir_ref set = v->next;
    if (w->next_point < set || w->next_access[v->hint - 1] != set) v->hint = 0;
    v->next = IR_NONE;
}

static void wish_hint(struct walk *w, ir_ref r, const struct ir_inst *i)
{
    struct val *v = &w->g->val[i->arg[0]];
    v->hint = (u8)(i->imm + 1);
    v->next = r;
    w->sets |= UINT64_C(1) << i->imm;
}

static void walk_block(struct walk *w, const struct ir_block *b)
{
    struct gen *g = w->g;
    bool live = live_out(g, b);
    w->sets = 0;
    w->next_point = UINT32_MAX;
    const struct ir_inst *inst = g->f->inst;
    for (ir_ref r = b->end; r-- > b->first;) {
        const struct ir_inst *i = &inst[r];
        struct val *v = &g->val[r];
        if (i->op <= IR_CONST || i->op == IR_INSN) continue; /* half of them all */
        v->left = i->uses;
        if (v->hint) settle_hint(w, v);
        if (i->op == IR_GET || i->op == IR_SET) {
            if (i->imm < SLOT_REGISTERS) {
                if (i->op == IR_SET && i->arg[0] >= b->first) wish_hint(w, r, i);
                count_access(w, r, (unsigned)i->imm);
            } else if (i->imm == SLOT_NZCV) {
                live = i->op == IR_GET;
            }
        } else if (ir_op_effect[i->op] != IR_EFFECT_NONE) {
            enum nz_effect e = nz_effect(i);
            if (e != NZ_PASS) live = e == NZ_USE;
            if (is_point(i->op)) w->next_point = r;
        }
        g->nz_live[r] = live;
    }
}

/* Gives the best slots of `seen` the registers of `regs`. */
static void choose(struct walk *w, u64 seen, const u8 *regs, unsigned count, struct host_regs *file)
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
        file->slot[regs[n]] = (u8)best;
        *(file == &w->g->gpr ? &w->g->gpr_temps : &w->g->xmm_temps) &= ~(1u << regs[n]);
    }
}

static void walk_all(struct gen *g, u64 *sets)
{
    const struct ir_func *f = g->f;
    u32 *weight = arena_alloc(g->arena, f->block_count * sizeof(*weight));
    struct walk w; /* most of it needs no value before it gets one */
    w.g = g;
    w.seen = 0;
    weigh_blocks(g, weight);
    for (u32 b = f->block_count; b-- > 0;) {
        w.weight = weight[b];
        walk_block(&w, &f->block[b]);
        sets[b] = w.sets;
    }
    g->gpr_temps = 0xffff & ~(1u << X64_RAX | 1u << X64_RCX | 1u << X64_RSP | 1u << X64_RBP);
    g->xmm_temps = 0xffff & ~3u;
    choose(&w, w.seen & 0xffffffff, gpr_pins, ARRAY_SIZE(gpr_pins), &g->gpr);
    choose(&w, w.seen & ~UINT64_C(0xffffffff), xmm_pins, ARRAY_SIZE(xmm_pins), &g->xmm);
}

/* --- what is dirty ---------------------------------------------------------------------------- */

static void find_dirty(struct gen *g, const u64 *sets)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 to[2];
            unsigned n = ir_successors(f, &f->block[b], to);
            for (unsigned k = 0; k < n; k++) {
                u64 dirty = g->block_dirty[to[k]] | g->block_dirty[b] | (sets[b] & g->pinned);
                if (dirty == g->block_dirty[to[k]]) continue;
                g->block_dirty[to[k]] = dirty;
                changed = true;
            }
        }
    }
}

void gen_plan(struct gen *g)
{
    u64 *sets = arena_alloc(g->arena, g->f->block_count * sizeof(*sets));
    g->lazy = g->f->block_count == 1 && !g->f->block[0].preds;
    if (!g->lazy) find_nzcv(g);
    walk_all(g, sets);
    if (!g->lazy) find_dirty(g, sets);
}
