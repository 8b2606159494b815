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

static void find_dirty(struct gen *g)
{
    const struct ir_func *f = g->f;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 to[2];
            unsigned n = ir_successors(f, &f->block[b], to);
            for (unsigned k = 0; k < n; k++) {
                u64 sets = f->block[b].sets & g->pinned;
                u64 dirty = g->block_dirty[to[k]] | g->block_dirty[b] | sets;
                if (dirty == g->block_dirty[to[k]]) continue;
                g->block_dirty[to[k]] = dirty;
                changed = true;
            }
        }
    }
}

void gen_plan(struct gen *g)
{
    g->lazy = g->f->block_count == 1 && !g->f->block[0].preds;
    choose_pins(g);
    if (g->lazy) return;
    find_dirty(g);
    gen_plan_nzcv(g);
}
