/*
 * What the generator knows before it emits, beside what ir_look_back has left in the IR: pins, and
 * which pinned slots may be dirty at block starts.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/upper.h"

#include <string.h>

#define GENERAL 0xffffffffu /* slots of general registers */

/* --- pins of vector registers -------------------------------------------------------------------
 */

/* Host registers that they may be in, the lower half first. The lowest are temps at any rate, and
 * upper.h keeps two. */
struct vector_pins {
    u8 count, low; /* all, and those below UPPER_FIRST */
    u8 reg[24];
};

static const struct vector_pins below = {10, 10, {6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
static const struct vector_pins all = {24, 8, {6,  7,  8,  9,  10, 11, 12, 13, 16, 17, 18, 19,
                                               20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}};
static const struct vector_pins above = {
    12, 0, {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27}}; /* for options->upper_first */

/* Some instruction that the host does it by, on its operands or its result, has no EVEX form
 * (upper.h): a product and a sum are compared. */
static bool stays_below(unsigned op)
{
    switch (op) {
    case IR_VCMPEQ:
    case IR_VCMPGTS:
    case IR_VCMPGES:
    case IR_VCMPGTU:
    case IR_VCMPGEU:
    case IR_VTST:
    case IR_FCMPEQ:
    case IR_FCMPGT:
    case IR_FCMPGE:
    case IR_FMA:
    case IR_AESIMC:
    case IR_SHA1R:
    case IR_SHA256H:
    case IR_SHA256H2:
    case IR_SHA256SU0:
    case IR_SHA256SU1: return true;
    default: return false;
    }
}

/* How often such operations take each slot's value, or give it. */
static void count_low_uses(const struct gen *g, u32 uses[SLOT_REGISTERS])
{
    memset(uses, 0, SLOT_REGISTERS * sizeof *uses);
    for (u32 b = 0; b < g->f->block_count; b++) {
        const struct ir_block *block = &g->f->block[b];
        u32 weight = g->loops.frequency ? g->loops.frequency[b] : 1;
        for (ir_ref r = block->first; r < block->end; r++) {
            const struct ir_inst *i = gen_inst(g, r);
            if (!stays_below(i->op)) continue;
            if (ir_hint(i)) uses[ir_hint(i) - 1] += weight;
            for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
                const struct ir_inst *a = gen_inst(g, i->arg[k]);
                if (a->op == IR_GET && a->imm < SLOT_REGISTERS) uses[a->imm] += weight;
            }
        }
    }
}

/* The slot of `among` with most accesses. */
static unsigned most_accessed(u64 among, const u32 *accesses)
{
    unsigned best = (unsigned)__builtin_ctzll(among);
    for (u64 m = among & (among - 1); m; m &= m - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(m);
        if (accesses[slot] > accesses[best]) best = slot;
    }
    return best;
}

/* Those of the slots that would be copied most come first in the order, as many as there are
 * registers for. */
static void prefer_low(const struct gen *g, u64 slots, unsigned room, u8 *order)
{
    u32 uses[SLOT_REGISTERS];
    count_low_uses(g, uses);
    for (unsigned n = 0; n < room; n++) {
        unsigned slot = most_accessed(slots, uses), at = n;
        if (!uses[slot]) break;
        while (order[at] != slot) at++;
        memmove(&order[n + 1], &order[n], at - n);
        order[n] = (u8)slot;
        slots &= ~(UINT64_C(1) << slot);
    }
}

/* The vector registers with most accesses get pins; general ones by zones. */
static void choose_pins(struct gen *g)
{
    const struct vector_pins *pins = !g->upper ? &below : g->options->upper_first ? &above : &all;
    const u32 *accesses = g->f->look.accesses;
    u64 often = g->f->look.often & ~UINT64_C(0) << SLOT_V0, pinned = 0;
    u8 pin[SLOT_REGISTERS], order[ARRAY_SIZE(pins->reg)];
    unsigned count = 0;
    for (; count < pins->count && often; count++) {
        order[count] = (u8)most_accessed(often, accesses);
        often &= ~(UINT64_C(1) << order[count]);
        pinned |= UINT64_C(1) << order[count];
    }
    if (pins->low && count > pins->low) prefer_low(g, pinned, pins->low, order);
    memset(pin, NO_REG, sizeof pin);
    g->xmm_temps = pins == &below ? 0xffff & ~3u : pins == &above ? 0xffff0000 : UPPER_VALUES;
    for (unsigned n = 0; n < count; n++) {
        unsigned reg = pins->reg[n];
        pin[order[n]] = (u8)reg;
        g->xmm.slot[reg] = order[n];
        g->xmm_temps &= ~(1u << reg);
    }
    gen_plan_zones(g, pin, pinned);
}

/* --- block borders ------------------------------------------------------------------------------
 *
 * At a block's start a set of pins is loaded, the same whichever way leads there. General
 * registers: in a loop with pins of its own all of these, elsewhere those of the convention. Vector
 * registers: those that all ways from before it have in registers anyway and that are accessed from
 * there on; at a loop's head, and where only ways back lead to (a loop that is entered at its
 * condition has the code before that first), also those that the loop accesses: what it only SETs
 * would be stored at every turn. An edge loads what its target wants and stores what is dirty and
 * not wanted. Where an entry block wants something loaded, those who enter come by way of loads.
 */

struct border {
    u64 uses; /* slots accessed in the block; then from its start on */
    u64 here; /* slots accessed in the block */
    u64 sets; /* slots SET in the block */
    u64 gets; /* slots whose value at the block's start is looked at here */
    u64 must; /* slots that all edges from before have loaded */
    u64 have; /* slots in registers at the block's end */
};

static void look_at_block(const struct gen *g, u32 n, struct border *of)
{
    const struct ir_block *b = &g->f->block[n];
    u64 pinned = g->zones[gen_zone_of(g, n)].pinned;
    u64 set = 0;
    *of = (struct border){0};
    for (ir_ref r = b->first; r < b->end; r++) {
        const struct ir_inst *i = gen_inst(g, r);
        if ((i->op != IR_GET && i->op != IR_SET) || i->imm >= SLOT_REGISTERS) continue;
        u64 bit = UINT64_C(1) << i->imm;
        if (i->op == IR_GET) of->gets |= bit & ~set;
        if (i->op == IR_SET) set |= bit;
        of->here |= bit & pinned;
    }
    of->sets = set & pinned;
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

/* What a loop accesses is wanted where it begins, `at_head`, and perhaps in its blocks, `inside`;
 * not where each turn goes by a table to other code, which accesses little of it. */
static void want_in_loop(const struct gen *g, const struct border *border, const struct ir_loop *l,
                         u64 *at_head, u64 *inside)
{
    u64 here = 0;
    for (u32 b = 0; b < g->f->block_count; b++) {
        if (!ir_in_loop(l, b)) continue;
        if (g->f->block[b].target) return;
        here |= border[b].here;
    }
    for (u32 b = 0; b < g->f->block_count; b++)
        if (ir_in_loop(l, b)) inside[b] = here;
    at_head[l->head] = here;
}

/* Slots with the same pin in both blocks. */
static u64 stay(const struct gen *g, u32 from, u32 to)
{
    unsigned a = gen_zone_of(g, from), b = gen_zone_of(g, to);
    return a == b ? g->zones[a].pinned : gen_stay(g, a, b);
}

/* The sets of all blocks, where targets of JUMPINDs have `targets`. */
static void find_loaded(struct gen *g, struct border *border, u64 targets)
{
    const struct ir_func *f = g->f;
    bool *reached = arena_zalloc(g->arena, f->block_count);
    u64 *wanted = arena_zalloc(g->arena, 2 * f->block_count * sizeof *wanted);
    u64 *inside = wanted + f->block_count;
    for (u32 n = 0; n < g->loops.count; n++)
        want_in_loop(g, border, &g->loops.loop[n], wanted, inside);
    for (u32 b = 0; b < f->block_count; b++) border[b].must = ~UINT64_C(0);
    for (u32 b = 0; b < f->block_count; b++) {
        struct border *of = &border[b];
        const struct zone *z = &g->zones[gen_zone_of(g, b)];
        bool only_back = !reached[b] && !f->block[b].entry && !f->block[b].target;
        u64 loaded = f->block[b].target ? targets : reached[b] ? of->must & of->uses : 0;
        u32 own[2];
        loaded |= of->uses & (only_back ? inside[b] : wanted[b]);
        loaded = (loaded & z->pinned) | (gen_zone_of(g, b) ? z->pinned & GENERAL : z->in_place);
        g->block_loaded[b] = loaded;
        of->have = loaded | of->here;
        if (ir_jumps_by_table(f, &f->block[b])) continue;
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++) {
            if (to[k] <= b) continue;
            border[to[k]].must &= of->have & stay(g, b, to[k]);
            reached[to[k]] = true;
        }
    }
}

static s64 frequency(const struct gen *g, u32 b)
{
    return g->loops.frequency ? g->loops.frequency[b] : 1;
}

/*
 * Which slots JUMPINDs carry along in registers, the same whichever of them leads to whichever
 * target: those that targets access at once more often than JUMPINDs would have to load. A slot
 * that is SET before one would have to be stored there as well.
 */
static u64 carried(const struct gen *g, const struct border *border)
{
    const struct ir_func *f = g->f;
    u64 set = 0;
    for (u64 m = g->pinned & ~g->in_place; m; m &= m - 1) {
        u64 bit = m & -m;
        s64 gain = 0;
        for (u32 n = 0; n < f->target_count; n++)
            gain += border[f->target[n]].here & bit ? frequency(g, f->target[n]) : 0;
        for (u32 b = 0; b < f->block_count; b++)
            if (ir_jumps_by_table(f, &f->block[b]))
                gain += (!!(border[b].sets & bit) - !(border[b].have & bit)) * frequency(g, b);
        if (gain > 0) set |= bit;
    }
    return set;
}

static void find_dirty(struct gen *g, const struct border *border)
{
    const struct ir_func *f = g->f;
    for (u32 b = 0; b < f->block_count; b++) {
        unsigned zone = gen_zone_of(g, b);
        u64 from_outside = b && !f->block[b].entry ? 0 : gen_stay(g, 0, zone) & gen_carried();
        g->block_dirty[b] = g->zones[zone].in_place | (from_outside & g->block_loaded[b]);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 own[2];
            unsigned n;
            const u32 *to = ir_successors(f, &f->block[b], own, &n);
            for (unsigned k = 0; k < n; k++) {
                u64 *at = &g->block_dirty[to[k]];
                u64 here = (g->block_dirty[b] | border[b].sets) & stay(g, b, to[k]);
                u64 dirty = *at | (here & g->block_loaded[to[k]]);
                changed |= dirty != *at;
                *at = dirty;
            }
        }
    }
}

/* Once backward: copies of homes go no other way (copies.c). */
static void find_wanted(struct gen *g, const struct border *border)
{
    const struct ir_func *f = g->f;
    for (u32 b = f->block_count; b-- > 0;)
        g->block_wanted[b] = border[b].gets | (gen_wanted_behind(g, b) & ~f->block[b].sets);
}

static void plan_borders(struct gen *g)
{
    struct border *border = arena_alloc(g->arena, g->f->block_count * sizeof *border);
    for (u32 b = 0; b < g->f->block_count; b++) look_at_block(g, b, &border[b]);
    look_ahead(g, border);
    find_loaded(g, border, 0);
    if (g->f->target_count) find_loaded(g, border, carried(g, border));
    find_dirty(g, border);
    find_wanted(g, border);
}

void gen_plan(struct gen *g)
{
    const struct ir_block *first = &g->f->block[0];
    g->lazy = g->f->block_count == 1 && !first->preds && !gen_is_long(first);
    if (!g->lazy && !g->loops.count) g->loops = ir_find_loops(g->f, g->arena);
    choose_pins(g);
    g->block_loaded[0] = g->block_dirty[0] = g->in_place;
    if (g->lazy) return;
    plan_borders(g);
    gen_plan_nzcv(g);
    gen_plan_zeros(g);
}
