/*
 * What the generator writes into side tables: the difference to what the table said last.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/upper.h"

static void place(struct gen *g, unsigned slot, enum loc_kind kind, unsigned reg)
{
    side_place(&g->side, slot, (struct loc){(u8)kind, (u8)reg, 0});
}

static void place_pin(struct gen *g, unsigned slot)
{
    unsigned reg = g->pin[slot];
    if (slot < SLOT_V0)
        place(g, slot, LOC_GPR, reg);
    else
        place(g, slot, reg < UPPER_FIRST ? LOC_XMM : LOC_XMM_UPPER, reg % UPPER_FIRST);
}

static enum loc_kind nzcv_place(const struct gen *g)
{
    if (!g->nzcv) return LOC_HOME;
    if (gen_nzcv_is_expr(g)) return LOC_FLAGS;
    switch (g->eflags) {
    case EF_SUB: return LOC_EFLAGS_BORROW;
    case EF_ADD: return LOC_EFLAGS;
    case EF_FCMP: return LOC_EFLAGS_FCMP;
    default: return LOC_HOME;
    }
}

/* By the fields: what is between them is anything. */
static bool is_same_operand(const struct nzcv_operand *a, const struct nzcv_operand *b)
{
    return a->kind == b->kind && a->n == b->n && a->value == b->value;
}

bool gen_same_expr(const struct nzcv_expr *x, const struct nzcv_expr *y)
{
    return x->kind == y->kind && x->wide == y->wide && is_same_operand(&x->a, &y->a) &&
           is_same_operand(&x->b, &y->b);
}

bool gen_same_ways(const struct nzcv_ways *x, const struct nzcv_ways *y)
{
    if (x->count != y->count) return false;
    for (u32 n = 0; n < x->count; n++)
        if (x->x[n].mark != y->x[n].mark || !gen_same_expr(&x->x[n], &y->x[n])) return false;
    return true;
}

/* Slots whose homes are owed, by register: where the table says so of others no more, or anew. */
static void take_back_owed(struct gen *g)
{
    struct owed_homes *said = &g->side_owed;
    for (u32 m = said->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        bool still = g->copies.owed >> reg & 1 && g->copies.slot[reg] == said->slot[reg];
        if (still) continue;
        place(g, said->slot[reg], LOC_HOME, NO_REG);
        said->regs &= (u16) ~(1u << reg);
    }
}

static void say_owed(struct gen *g)
{
    struct owed_homes *said = &g->side_owed;
    for (u32 m = g->copies.owed & ~said->regs; m; m &= m - 1) {
        unsigned reg = (unsigned)__builtin_ctz(m);
        place(g, g->copies.slot[reg], LOC_GPR, reg);
        said->slot[reg] = g->copies.slot[reg];
    }
    said->regs = (u16)g->copies.owed;
}

/* What differs from what the table said last. */
static void say_changes(struct gen *g)
{
    take_back_owed(g);
    u64 here = g->dirty, change = (here ^ g->side_placed) | g->side_moved;
    if (g->zone != g->side_zone) change |= (here & g->side_placed) & 0xffffffff;
    g->side_moved = 0;
    g->side_zone = g->zone;
    if (change && !g->zone && here == g->in_place) {
        side_home(&g->side);
        g->side_nzcv = LOC_HOME;
        g->side_owed.regs = 0;
        change = 0;
    }
    for (; change; change &= change - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(change);
        if (here >> slot & 1)
            place_pin(g, slot);
        else
            place(g, slot, LOC_HOME, NO_REG);
    }
    g->side_placed = here;
    say_owed(g);
    enum loc_kind nzcv = nzcv_place(g);
    if (nzcv == LOC_FLAGS) {
        struct nzcv_ways room;
        const struct nzcv_ways *ways = gen_nzcv_ways(g, &room);
        bool same = g->side_nzcv == LOC_FLAGS && gen_same_ways(&g->side_ways, ways);
        if (!same) side_place_flags(&g->side, ways);
        if (!same) gen_copy_ways(&g->side_ways, ways);
    } else if (nzcv != g->side_nzcv) {
        place(g, SLOT_NZCV, nzcv, 0);
    }
    g->side_nzcv = (u8)nzcv;
}

/* Nothing differs, but for what is aside. */
static inline bool is_said(const struct gen *g)
{
    return g->dirty == g->side_placed && g->zone == g->side_zone && !g->nzcv &&
           g->side_nzcv == LOC_HOME && !g->side_owed.regs && !g->copies.owed;
}

static inline void say_places(struct gen *g)
{
    if (g->side_moved || !is_said(g)) say_changes(g);
}

/* The slot's value is in XMM0, as the table may say since the last time; other slots may have
 * changed in between. */
static GEN_APART void say_aside(struct gen *g, unsigned slot)
{
    u64 bit = UINT64_C(1) << slot;
    if (g->side_moved & bit && is_said(g)) return;
    say_places(g);
    if (!(g->dirty & bit)) return;
    place(g, slot, LOC_XMM, X64_XMM0);
    g->side_moved |= bit;
}

void gen_fault_point(struct gen *g)
{
    if (g->aside)
        say_aside(g, g->aside - 1u);
    else
        say_places(g);
    g->fault_at = x64_pos(&g->b);
    side_point(&g->side, POINT_FAULT, g->fault_at, gen_pc(g));
}

void gen_safepoint(struct gen *g, u64 pc)
{
    say_places(g);
    side_point(&g->side, POINT_SAFEPOINT, x64_pos(&g->b), pc);
}

void gen_safepoint_home(struct gen *g, u64 pc)
{
    bool same = g->side_placed == gen_carried() && !g->side_zone && !g->side_moved;
    same &= !g->side_owed.regs;
    if (!same || g->side_nzcv != LOC_HOME) side_home(&g->side);
    g->side_placed = gen_carried();
    g->side_moved = 0;
    g->side_zone = 0;
    g->side_owed.regs = 0;
    g->side_nzcv = LOC_HOME;
    side_point(&g->side, POINT_SAFEPOINT, x64_pos(&g->b), pc);
}
