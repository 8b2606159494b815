/*
 * Copies of homes: a temp that has loaded or stored a slot without a pin holds what the home does,
 * until one of the two is written. A GET of the slot finds it there and needs no load, which would
 * wait for the store before it.
 *
 * Within a block the IR's own values serve that; copies are for the blocks behind it. On each way
 * to a block further on the copies at the branch are noted, and the block begins with those that
 * all its ways have, so long as none leads there from elsewhere: from outside, by table, back from
 * behind. The code of an edge writes only scratch registers and pins of the block's zone, and what
 * is a pin there is no copy.
 *
 * The home is as right as ever: frame states say nothing of copies.
 */
#include "aot/gen/internal.h"

/* What the ways to a block that have been emitted have in common. */
struct block_copies {
    u32 ways;
    struct home_copies of;
};

static u32 temps(u32 gpr, u32 xmm)
{
    return gpr | xmm << COPY_XMM;
}

void gen_note_copy(struct gen *g, unsigned reg, unsigned slot, unsigned bytes)
{
    struct home_copies *c = &g->copies;
    u32 bit = 1u << reg;
    if (!(g->copies_wanted >> slot & 1) || !(temps(g->gpr_temps, g->xmm_temps) & bit)) return;
    c->regs |= bit;
    c->slot[reg] = (u8)slot;
    c->bytes[reg] = (u8)bytes;
}

void gen_forget_copies(struct gen *g, unsigned slot)
{
    struct home_copies *c = &g->copies;
    for (u32 m = c->regs; m; m &= m - 1)
        if (c->slot[__builtin_ctz(m)] == slot) c->regs &= ~(m & -m);
}

unsigned gen_find_copy(const struct gen *g, unsigned slot, unsigned bytes)
{
    const struct home_copies *c = &g->copies;
    for (u32 m = c->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        if (c->slot[reg] == slot && c->bytes[reg] >= bytes) return reg;
    }
    return NO_REG;
}

/* --- from block to block ------------------------------------------------------------------------
 */

/* Copies may be passed to the block. */
static bool takes_copies(const struct ir_func *f, u32 from, u32 to)
{
    return to > from && !f->block[to].entry && !f->block[to].target;
}

u64 gen_wanted_behind(const struct gen *g, u32 block)
{
    u64 wanted = 0;
    u32 own[2];
    unsigned n;
    const u32 *to = ir_successors(g->f, &g->f->block[block], own, &n);
    for (unsigned k = 0; k < n; k++)
        if (takes_copies(g->f, block, to[k])) wanted |= g->block_wanted[to[k]];
    return wanted;
}

/* Those that the block wants and that are copies in its zone too. */
static u32 that_stay(const struct gen *g, u32 to)
{
    const struct home_copies *c = &g->copies;
    const struct zone *z = &g->zones[gen_zone_of(g, to)];
    u64 slots = g->block_wanted[to] & ~z->pinned;
    u32 stay = c->regs & temps(z->gpr_temps, g->xmm_temps);
    for (u32 m = stay; m; m &= m - 1)
        if (!(slots >> c->slot[__builtin_ctz(m)] & 1)) stay &= ~(m & -m);
    return stay;
}

static void keep_common(struct home_copies *c, const struct home_copies *other)
{
    c->regs &= other->regs;
    for (u32 m = c->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        bool same = c->slot[reg] == other->slot[reg] && c->bytes[reg] == other->bytes[reg];
        if (!same) c->regs &= ~(m & -m);
    }
}

void gen_pass_copies(struct gen *g, u32 to)
{
    if (!g->copies.regs || !takes_copies(g->f, g->block, to)) return;
    struct home_copies here = g->copies;
    here.regs = that_stay(g, to);
    if (!here.regs) return;
    if (!g->block_copies)
        g->block_copies = arena_zalloc(g->arena, g->f->block_count * sizeof *g->block_copies);
    struct block_copies **at = &g->block_copies[to];
    if (!*at) {
        *at = arena_alloc(g->arena, sizeof **at);
        **at = (struct block_copies){.of = here};
    }
    keep_common(&(*at)->of, &here);
    (*at)->ways++;
}

void gen_receive_copies(struct gen *g, u32 block)
{
    const struct block_copies *b = g->block_copies ? g->block_copies[block] : NULL;
    if (b && b->ways == g->f->block[block].preds)
        g->copies = b->of;
    else
        g->copies.regs = 0;
    g->copies_wanted = g->lazy ? 0 : gen_wanted_behind(g, block);
}
