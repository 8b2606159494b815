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
 * What is SET goes to the home when its register is needed for something else, when a way leads to
 * a block that can't take it over, or never, if it is SET again before: until then the home is
 * owed, and frame states know the register. A block takes over what is owed if one way alone leads
 * there. Owing is for general registers.
 */
#include "aot/gen/internal.h"

/* What the ways to a block that have been emitted have in common. */
struct block_copies {
    u32 ways;
    struct home_copies of;
};

static u64 temps(u32 gpr, u32 xmm)
{
    return gpr | (u64)xmm << COPY_XMM;
}

static void note(struct home_copies *c, unsigned reg, unsigned slot, unsigned bytes)
{
    c->regs |= UINT64_C(1) << reg;
    c->slot[reg] = (u8)slot;
    c->bytes[reg] = (u8)bytes;
}

void gen_note_copy(struct gen *g, unsigned reg, unsigned slot, unsigned bytes)
{
    bool is_temp = temps(g->gpr_temps, g->xmm_temps) >> reg & 1;
    if (g->copies_wanted >> slot & 1 && is_temp) note(&g->copies, reg, slot, bytes);
}

void gen_forget_copies(struct gen *g, unsigned slot)
{
    struct home_copies *c = &g->copies;
    for (u64 m = c->regs; m; m &= m - 1)
        if (c->slot[__builtin_ctzll(m)] == slot) c->regs &= ~(m & -m);
    c->owed &= (u32)c->regs;
}

unsigned gen_find_copy(const struct gen *g, unsigned slot, unsigned bytes)
{
    const struct home_copies *c = &g->copies;
    for (u64 m = c->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(m);
        if (c->slot[reg] == slot && c->bytes[reg] >= bytes) return reg;
    }
    return NO_REG;
}

/* --- what is owed -------------------------------------------------------------------------------
 */

void gen_owe(struct gen *g, unsigned reg, unsigned slot)
{
    gen_drop_copy(g, reg);
    gen_forget_copies(g, slot);
    note(&g->copies, reg, slot, 8);
    g->copies.owed |= 1u << reg;
}

unsigned gen_owing(const struct gen *g, unsigned slot)
{
    for (u32 m = g->copies.owed; m; m &= m - 1)
        if (g->copies.slot[__builtin_ctz(m)] == slot) return (unsigned)__builtin_ctz(m);
    return NO_REG;
}

struct owed_homes gen_owed_homes(const struct gen *g, u32 regs)
{
    struct owed_homes o = {.regs = (u16)(g->copies.owed & regs)};
    for (u32 m = o.regs; m; m &= m - 1) o.slot[__builtin_ctz(m)] = g->copies.slot[__builtin_ctz(m)];
    return o;
}

void gen_pay(struct gen *g, const struct owed_homes *owed)
{
    for (u32 m = owed->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        x64_store_frame(&g->b, 8, gen_home_frame(owed->slot[reg]), reg);
    }
}

void gen_settle(struct gen *g, u32 regs)
{
    const struct owed_homes owed = gen_owed_homes(g, regs);
    gen_pay(g, &owed);
    g->copies.owed &= ~regs;
}

u32 gen_owed_for(const struct gen *g, u64 slots)
{
    u32 regs = 0;
    for (u32 m = g->copies.owed; m; m &= m - 1)
        if (slots >> g->copies.slot[__builtin_ctz(m)] & 1) regs |= m & -m;
    return regs;
}

void gen_settle_slots(struct gen *g, u64 slots)
{
    gen_settle(g, gen_owed_for(g, slots));
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

/* Those of these slots that are copies in the block's zone too. */
static u64 that_stay(const struct gen *g, u32 to, u64 slots)
{
    const struct home_copies *c = &g->copies;
    const struct zone *z = &g->zones[gen_zone_of(g, to)];
    u64 stay = c->regs & temps(z->gpr_temps, g->xmm_temps);
    slots &= ~z->pinned;
    for (u64 m = stay; m; m &= m - 1)
        if (!(slots >> c->slot[__builtin_ctzll(m)] & 1)) stay &= ~(m & -m);
    return stay;
}

static void keep_common(struct home_copies *c, const struct home_copies *other)
{
    c->regs &= other->regs;
    for (u64 m = c->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctzll(m);
        bool same = c->slot[reg] == other->slot[reg] && c->bytes[reg] == other->bytes[reg];
        if (!same) c->regs &= ~(m & -m);
    }
}

u32 gen_owed_at(const struct gen *g, u32 to)
{
    bool one_way = takes_copies(g->f, g->block, to) && g->f->block[to].preds == 1;
    return g->copies.owed & ~(one_way ? (u32)that_stay(g, to, ~UINT64_C(0)) : 0);
}

void gen_pass_copies(struct gen *g, u32 to)
{
    if (!g->copies.regs || !takes_copies(g->f, g->block, to)) return;
    struct home_copies here = g->copies;
    here.owed &= ~gen_owed_at(g, to);
    here.regs = that_stay(g, to, g->block_wanted[to]) | here.owed;
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
        g->copies.regs = g->copies.owed = 0;
    g->copies_wanted = g->lazy ? 0 : gen_wanted_behind(g, block);
}
