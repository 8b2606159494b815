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

/* Operations at which guest state must be exact: frame states, calls out, exits in the middle. */
static bool is_point(unsigned op)
{
    return ir_has(op, IR_FL_FAULT | IR_FL_FP) || op == IR_GUARD || op == IR_EXITIF ||
           op == IR_HELPER;
}

static void count_uses(struct gen *g)
{
    const struct ir_func *f = g->f;
    for (u32 r = 1; r < f->count; r++) {
        const struct ir_inst *i = &f->inst[r];
        unsigned n = ir_op_info(i->op)->args;
        g->val[r].hint = g->val[r].slot = NO_SLOT;
        for (unsigned k = 0; k < n; k++)
            if (i->arg[k]) g->val[i->arg[k]].left++;
    }
}

/* --- pins ------------------------------------------------------------------------------------- */

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

static void weigh_slots(const struct gen *g, const u32 *weight, u32 *score)
{
    const struct ir_func *f = g->f;
    for (u32 b = 0; b < f->block_count; b++) {
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++) {
            const struct ir_inst *i = &f->inst[r];
            if ((i->op == IR_GET || i->op == IR_SET) && i->imm < SLOT_REGISTERS)
                score[i->imm] += weight[b];
        }
    }
}

/* Gives the best slots of [first, first + 32) the registers of `regs`. */
static void choose(struct gen *g, u32 *score, unsigned first, const u8 *regs, unsigned count,
                   struct host_reg *file)
{
    for (unsigned n = 0; n < count; n++) {
        unsigned best = first;
        for (unsigned s = first + 1; s < first + 32; s++)
            if (score[s] > score[best]) best = s;
        if (score[best] < 2) return;
        score[best] = 0;
        g->pin[best] = regs[n];
        g->pinned |= UINT64_C(1) << best;
        file[regs[n]].slot = (u8)best;
    }
}

static void choose_pins(struct gen *g)
{
    u32 *weight = arena_alloc(g->arena, g->f->block_count * sizeof(*weight));
    u32 score[SLOT_REGISTERS] = {0};
    weigh_blocks(g, weight);
    weigh_slots(g, weight, score);
    choose(g, score, SLOT_X0, gpr_pins, ARRAY_SIZE(gpr_pins), g->gpr);
    choose(g, score, SLOT_V0, xmm_pins, ARRAY_SIZE(xmm_pins), g->xmm);
    g->gpr_temps = 0xffff & ~(1u << X64_RAX | 1u << X64_RCX | 1u << X64_RSP | 1u << X64_RBP);
    g->xmm_temps = 0xffff & ~3u;
    for (unsigned r = 0; r < 16; r++) {
        if (g->gpr[r].slot != NO_SLOT) g->gpr_temps &= ~(1u << r);
        if (g->xmm[r].slot != NO_SLOT) g->xmm_temps &= ~(1u << r);
    }
}

/*
 * A value that is SET to a pinned slot may be computed into the pin when, from its definition to
 * the SET, nothing reads or writes the slot and no point could see the pin half-way.
 */
static void find_hints(struct gen *g)
{
    const struct ir_func *f = g->f;
    for (u32 b = 0; b < f->block_count; b++) {
        ir_ref last_access[SLOT_REGISTERS] = {0}, last_point = 0;
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++) {
            const struct ir_inst *i = &f->inst[r];
            if ((i->op == IR_GET || i->op == IR_SET) && i->imm < SLOT_REGISTERS) {
                ir_ref v = i->arg[0];
                if (i->op == IR_SET && (g->pinned >> i->imm & 1) && v >= f->block[b].first &&
                    last_point <= v && last_access[i->imm] < v && g->val[v].hint == NO_SLOT)
                    g->val[v].hint = (u8)i->imm;
                last_access[i->imm] = r;
            }
            if (is_point(i->op)) last_point = r;
        }
    }
}

/* --- NZCV ------------------------------------------------------------------------------------- */

enum nz_effect { NZ_PASS, NZ_USE, NZ_KILL };

static enum nz_effect nz_effect(const struct ir_inst *i)
{
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

static enum nz_effect block_effect(const struct gen *g, const struct ir_block *b)
{
    for (ir_ref r = b->first; r < b->end; r++) {
        enum nz_effect e = nz_effect(&g->f->inst[r]);
        if (e != NZ_PASS) return e;
    }
    return NZ_PASS;
}

static bool live_out(const struct gen *g, const struct ir_block *b)
{
    u32 to[2];
    unsigned n = ir_successors(g->f, b, to);
    for (unsigned k = 0; k < n; k++)
        if (g->block_nz[to[k]]) return true;
    return false;
}

static void find_nzcv(struct gen *g)
{
    const struct ir_func *f = g->f;
    u8 *effect = arena_alloc(g->arena, f->block_count);
    for (u32 b = 0; b < f->block_count; b++) effect[b] = (u8)block_effect(g, &f->block[b]);
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            bool live = effect[b] == NZ_USE || (effect[b] == NZ_PASS && live_out(g, &f->block[b]));
            if (live == g->block_nz[b]) continue;
            g->block_nz[b] = live;
            changed = true;
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

static void find_dirty(struct gen *g)
{
    const struct ir_func *f = g->f;
    u64 *sets = arena_zalloc(g->arena, f->block_count * sizeof(*sets));
    for (u32 b = 0; b < f->block_count; b++)
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++)
            if (f->inst[r].op == IR_SET && f->inst[r].imm < SLOT_REGISTERS)
                sets[b] |= UINT64_C(1) << f->inst[r].imm & g->pinned;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 to[2];
            unsigned n = ir_successors(f, &f->block[b], to);
            for (unsigned k = 0; k < n; k++) {
                u64 dirty = g->block_dirty[to[k]] | g->block_dirty[b] | sets[b];
                if (dirty == g->block_dirty[to[k]]) continue;
                g->block_dirty[to[k]] = dirty;
                changed = true;
            }
        }
    }
}

static bool has_loop_to(const struct gen *g, u32 target)
{
    for (u32 b = 0; b < g->f->block_count; b++) {
        u32 to[2];
        unsigned n = ir_successors(g->f, &g->f->block[b], to);
        for (unsigned k = 0; k < n; k++)
            if (to[k] == target) return true;
    }
    return false;
}

void gen_plan(struct gen *g)
{
    count_uses(g);
    choose_pins(g);
    find_hints(g);
    find_nzcv(g);
    find_dirty(g);
    g->lazy = g->f->block_count == 1 && !has_loop_to(g, 0);
}
