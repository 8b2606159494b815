/*
 * What the generator knows before it emits, beside what ir_look_back has left in the IR: pins, and
 * which pinned slots may be dirty at block starts.
 */
#include "aot/gen/internal.h"

#include <string.h>

/* Pins in the order in which they are given out: registers that C calls keep come first. */
static const u8 gpr_pins[] = {X64_RBX, X64_R12, X64_R13, X64_R14, X64_R15, X64_R8, X64_R9, X64_R10};
static const u8 xmm_pins[] = {6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

/* Gives the slots of `often` with most accesses the registers of `regs`. */
static void choose(struct gen *g, u64 often, const u8 *regs, unsigned count, struct host_regs *file,
                   u32 *temps)
{
    const u32 *accesses = g->f->look.accesses;
    for (unsigned n = 0; n < count && often; n++) {
        unsigned best = (unsigned)__builtin_ctzll(often);
        for (u64 m = often & (often - 1); m; m &= m - 1) {
            unsigned slot = (unsigned)__builtin_ctzll(m);
            if (accesses[slot] > accesses[best]) best = slot;
        }
        often &= ~(UINT64_C(1) << best);
        g->pin[best] = regs[n];
        g->pinned |= UINT64_C(1) << best;
        file->slot[regs[n]] = (u8)best;
        *temps &= ~(1u << regs[n]);
    }
}

static void choose_pins(struct gen *g)
{
    u64 often = g->f->look.often;
    u64 general = often & 0xffffffff, vector = often & ~UINT64_C(0xffffffff);
    g->gpr_temps = 0xffff & ~(1u << X64_RAX | 1u << X64_RCX | 1u << X64_RSP | 1u << X64_RBP);
    g->xmm_temps = 0xffff & ~3u;
    if (!often) return;
    choose(g, general, gpr_pins, ARRAY_SIZE(gpr_pins), &g->gpr, &g->gpr_temps);
    choose(g, vector, xmm_pins, ARRAY_SIZE(xmm_pins), &g->xmm, &g->xmm_temps);
}

/* --- block borders ------------------------------------------------------------------------------
 *
 * At a block's start a set of pins is loaded, the same whichever way leads there: those that all
 * ways from before it have in registers anyway and that are accessed from there on; at a loop's
 * head also those that the loop accesses: what it only SETs would be stored at every turn. An edge
 * loads what its target wants and stores what is dirty and not wanted. Where an entry block wants
 * something loaded, those who enter come by way of loads.
 */

struct border {
    u64 uses; /* slots accessed in the block; then from its start on */
    u64 here; /* slots accessed in the block */
    u64 sets; /* slots SET in the block */
    u64 must; /* slots that all edges from before have loaded */
    u64 have; /* slots in registers at the block's end */
};

static void look_at_block(const struct gen *g, const struct ir_block *b, struct border *of)
{
    *of = (struct border){0};
    for (ir_ref r = b->first; r < b->end; r++) {
        const struct ir_inst *i = gen_inst(g, r);
        if ((i->op != IR_GET && i->op != IR_SET) || i->imm >= SLOT_REGISTERS) continue;
        u64 bit = UINT64_C(1) << i->imm & g->pinned;
        if (i->op == IR_SET) of->sets |= bit;
        of->here |= bit;
    }
    of->uses = of->here;
}

/* Backward: what is accessed from each block's start on. */
static void look_ahead(const struct gen *g, struct border *border)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            struct border *of = &border[b];
            u64 uses = of->uses;
            u32 own[2];
            unsigned n;
            const u32 *to = ir_successors(f, &f->block[b], own, &n);
            for (unsigned k = 0; k < n; k++) uses |= border[to[k]].uses;
            changed |= uses != of->uses;
            of->uses = uses;
        }
    }
}

/* Slots accessed between a loop's head and the last block that leads back to it. */
static u64 loop_accesses(const struct ir_func *f, const struct border *border, u32 head)
{
    u32 last = head, own[2];
    u64 here = 0;
    for (u32 b = head; b < f->block_count; b++) {
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++)
            if (to[k] == head) last = b;
    }
    for (u32 b = head; b <= last; b++) here |= border[b].here;
    return here;
}

static bool jumps_by_table(const struct ir_func *f, u32 b)
{
    return f->inst[f->block[b].end - 1].op == IR_JUMPIND;
}

/* The sets of all blocks, where targets of JUMPINDs have `targets`. */
static void find_loaded(struct gen *g, struct border *border, u64 targets)
{
    const struct ir_func *f = g->f;
    bool *reached = arena_zalloc(g->arena, f->block_count);
    for (u32 b = 0; b < f->block_count; b++) border[b].must = ~UINT64_C(0);
    for (u32 b = 0; b < f->block_count; b++) {
        struct border *of = &border[b];
        u64 loaded = f->block[b].target ? targets : reached[b] ? of->must & of->uses : 0;
        u32 own[2];
        if (f->block[b].loop_head) loaded |= of->uses & loop_accesses(f, border, b);
        g->block_loaded[b] = loaded;
        of->have = loaded | of->here;
        if (jumps_by_table(f, b)) continue;
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++) {
            if (to[k] <= b) continue;
            border[to[k]].must &= of->have;
            reached[to[k]] = true;
        }
    }
}

/*
 * Which slots JUMPINDs carry along in registers, the same whichever of them leads to whichever
 * target: those that more targets access at once than JUMPINDs would have to load. A slot that is
 * SET before one would have to be stored there as well.
 */
static u64 carried(const struct gen *g, const struct border *border)
{
    const struct ir_func *f = g->f;
    u64 set = 0;
    for (u64 m = g->pinned; m; m &= m - 1) {
        u64 bit = m & -m;
        s32 gain = 0;
        for (u32 n = 0; n < f->target_count; n++) gain += !!(border[f->target[n]].here & bit);
        for (u32 b = 0; b < f->block_count; b++)
            if (jumps_by_table(f, b)) gain += !!(border[b].sets & bit) - !(border[b].have & bit);
        if (gain > 0) set |= bit;
    }
    return set;
}

static void find_dirty(struct gen *g, const struct border *border)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 own[2];
            unsigned n;
            const u32 *to = ir_successors(f, &f->block[b], own, &n);
            for (unsigned k = 0; k < n; k++) {
                u64 *at = &g->block_dirty[to[k]];
                u64 dirty = *at | ((g->block_dirty[b] | border[b].sets) & g->block_loaded[to[k]]);
                changed |= dirty != *at;
                *at = dirty;
            }
        }
    }
}

static void plan_borders(struct gen *g)
{
    struct border *border = arena_alloc(g->arena, g->f->block_count * sizeof *border);
    for (u32 b = 0; b < g->f->block_count; b++) look_at_block(g, &g->f->block[b], &border[b]);
    look_ahead(g, border);
    find_loaded(g, border, 0);
    if (g->f->target_count) find_loaded(g, border, carried(g, border));
    find_dirty(g, border);
}

void gen_plan(struct gen *g)
{
    g->lazy = g->f->block_count == 1 && !g->f->block[0].preds;
    choose_pins(g);
    if (g->lazy) return;
    plan_borders(g);
    gen_plan_nzcv(g);
    gen_plan_zeros(g);
}
