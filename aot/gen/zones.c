/*
 * Zones: where in a region general registers have which pins.
 *
 * Outside of loops the pins are those of the boundary convention, so that calls, returns and exits
 * find everything in place. A loop, or the part of it that leaves to no other region in its middle,
 * whose instructions would rather have other guest registers at hand, is a zone of its own: pins go
 * to the registers that it accesses most. What the convention has and the loop accesses keeps its
 * register; what it doesn't need makes room. The ways in and out pay for that with a store and a
 * load each (control.c). Where a block computes many values for a register, of which only the last
 * is SET, each of them counts: they are what would be spilled.
 *
 * So is a long block outside of loops, where that saves more than the ways in and out cost.
 *
 * Jumps by table go around too, in an interpreter without any loop that has a head: all their
 * targets have the same pins, and with them the blocks on ways from there to the next such jump.
 *
 * A loop inside such a loop may have other pins than that, and any set of blocks may be a zone.
 */
#include "aot/gen/internal.h"

#include "aot/abi/convention.h"

#include <string.h>

#define GENERAL     0xffffffffu
#define MAX_ZONES   200
#define WORTH_IT    2 /* accesses that make it worth while to give a register a pin */
#define WAYS_COST   6 /* accesses that a long block's pin must save beside the one it replaces */
#define CROWDED     6 /* values of a block for slots that get others in the end */
#define LOOP_COST   3 /* the same of a loop's, each time that it is entered */
#define LEAST_TURNS 4 /* that a loop is taken to make if nothing is known of one inside it */

u64 gen_carried(void)
{
    u64 carried = 0;
#define CARRY(slot, number, name) carried |= UINT64_C(1) << (slot);
    CARRIED_SLOTS(CARRY)
#undef CARRY
    return carried;
}

void gen_enter_zone(struct gen *g, unsigned zone)
{
    const struct zone *z = &g->zones[zone];
    if (g->zone == zone) return;
    g->zone = (u8)zone;
    g->pinned = z->pinned;
    g->in_place = z->in_place;
    g->gpr_temps = z->gpr_temps;
    memcpy(g->pin, z->pin, sizeof g->pin);
    memcpy(g->gpr.slot, z->slot, sizeof g->gpr.slot);
}

u64 gen_stay(const struct gen *g, unsigned one, unsigned other)
{
    const struct zone *a = &g->zones[one], *b = &g->zones[other];
    u64 both = a->pinned & b->pinned;
    for (u64 m = both & GENERAL; m; m &= m - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(m);
        if (a->pin[slot] != b->pin[slot]) both &= ~(m & -m);
    }
    return both;
}

/* --- one zone ----------------------------------------------------------------------------------
 */

static void pin(struct zone *z, unsigned slot, unsigned reg)
{
    z->pin[slot] = (u8)reg;
    z->slot[reg] = (u8)slot;
    z->pinned |= UINT64_C(1) << slot;
}

static void unpin(struct zone *z, unsigned slot)
{
    z->slot[z->pin[slot]] = NO_SLOT;
    z->pin[slot] = NO_REG;
    z->pinned &= ~(UINT64_C(1) << slot);
    z->in_place &= ~(UINT64_C(1) << slot);
}

static void start_zone(struct zone *z, const u8 *vector_pin, u64 vectors)
{
    z->gpr_temps = 0xffff & ~(1u << X64_RAX | 1u << X64_RCX | 1u << X64_RSP | 1u << X64_RBP);
    memcpy(z->pin, vector_pin, sizeof z->pin);
    memset(z->slot, NO_SLOT, sizeof z->slot);
    z->pinned = vectors;
#define CARRY(slot, number, name)                                                                  \
    pin(z, slot, number);                                                                          \
    z->gpr_temps &= ~(1u << (number));
    CARRIED_SLOTS(CARRY)
#undef CARRY
    z->in_place = gen_carried();
}

/* The slot of `among` with most accesses, or least. */
static unsigned extreme(u64 among, const u64 *accesses, bool least)
{
    unsigned best = (unsigned)__builtin_ctzll(among);
    for (u64 m = among & (among - 1); m; m &= m - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(m);
        if (least ? accesses[slot] < accesses[best] : accesses[slot] > accesses[best]) best = slot;
    }
    return best;
}

/* Slots that are accessed more often than others, by so much, take their pins; one more may have a
 * temp's register. True: it is a zone of its own. */
static bool choose(struct zone *z, const u64 *accesses, u64 by, bool may_have_more)
{
    bool own = false;
    u64 others = GENERAL & ~z->pinned, stays = 0;
    while (others && z->pinned & GENERAL & ~stays) {
        unsigned more = extreme(others, accesses, false);
        unsigned less = extreme(z->pinned & GENERAL & ~stays, accesses, true);
        if (accesses[more] < WORTH_IT || accesses[more] <= accesses[less] + by) break;
        unsigned reg = z->pin[less];
        unpin(z, less);
        pin(z, more, reg);
        others &= ~(UINT64_C(1) << more);
        stays |= UINT64_C(1) << more;
        own = true;
    }
    if (may_have_more && others && z->gpr_temps >> X64_RDI & 1) {
        unsigned more = extreme(others, accesses, false);
        if (accesses[more] < WORTH_IT || accesses[more] <= 2 * by) return own;
        pin(z, more, X64_RDI);
        z->gpr_temps &= ~(1u << X64_RDI);
        own = true;
    }
    return own;
}

/* --- loops -------------------------------------------------------------------------------------
 */

static bool stays_inside(const struct ir_func *f, const struct ir_block *b)
{
    const struct ir_inst *i = &f->inst[b->end - 1];
    bool calls =
        (i->op == IR_EXIT || i->op == IR_EXITIND) && (i->mod & ~IR_EXIT_NZCV_DEAD) == IR_EXIT_CALL;
    return !b->target && !ir_jumps_by_table(f, b) && !calls;
}

/* All users are products, which take the value from memory or have it in RDX. */
static bool only_factor(const struct ir_func *f, ir_ref r, ir_ref end)
{
    u32 left = f->inst[r].uses;
    for (ir_ref n = r + 1; n < end && left; n++) {
        const struct ir_inst *i = &f->inst[n];
        if (i->op != IR_MUL && i->op != IR_MULHU) continue;
        left -= (i->arg[0] == r) + (i->arg[1] == r);
    }
    return !left;
}

/* What it is worth to have r computed right into the place of a slot. A chain of carries waits for
 * its links. */
static u32 worth(const struct gen *g, ir_ref r)
{
    const struct ir_inst *i = &g->f->inst[r];
    if (i->op == IR_ADC || i->op == IR_SBC) return 2;
    return !gen_leaves_product(g, r);
}

/* Accesses of each slot in a block: GETs, and SETs or values that may be computed into its place
 * although another is SET in the end. Gives how many of the latter there are. */
static u32 count_in_block(struct gen *g, const struct ir_block *b, u32 *accesses)
{
    const struct ir_func *f = g->f;
    u32 hints[SLOT_V0] = {0}, sets[SLOT_V0] = {0}, more = 0;
    bool multiplies = false;
    for (ir_ref r = b->end; r-- > b->first;) {
        const struct ir_inst *i = &f->inst[r];
        unsigned hint = ir_hint(i);
        multiplies |= i->op == IR_MUL || i->op == IR_MULHU;
        if (hint && hint - 1 < SLOT_V0) hints[hint - 1] += worth(g, r);
        if (i->op == IR_SET && i->imm < SLOT_V0) sets[i->imm]++;
        if (i->op == IR_GET && i->imm < SLOT_V0)
            accesses[i->imm] += !(multiplies && only_factor(f, r, b->end));
    }
    for (unsigned s = 0; s < SLOT_V0; s++) {
        u32 above = hints[s] > sets[s] ? hints[s] - sets[s] : 0;
        accesses[s] += sets[s] + above;
        more += above;
    }
    return more;
}

/* The same of a loop. True: a block of it has so many values on their way that temps count for more
 * than one more pin. */
static bool count_accesses(struct gen *g, const struct ir_loop *l, u64 *accesses)
{
    bool crowded = false;
    for (u32 b = 0; b < g->f->block_count; b++) {
        u32 here[SLOT_V0] = {0};
        if (!ir_in_loop(l, b)) continue;
        g->block = b;
        crowded |= count_in_block(g, &g->f->block[b], here) >= CROWDED;
        for (unsigned s = 0; s < SLOT_V0; s++) accesses[s] += (u64)here[s] * g->loops.frequency[b];
    }
    return crowded;
}

/* --- the part of a loop that goes round by itself
 * --------------------------------------------------
 *
 * A loop with calls in it, or other ways out, has a part without: blocks on ways from the head back
 * to it that pass none. Mostly it is what is hot (calls are for what is rare), and only ways
 * between it and the rest have to pay.
 */

static bool is_whole(const struct ir_func *f, const struct ir_loop *l)
{
    for (u32 b = 0; b < f->block_count; b++)
        if (ir_in_loop(l, b) && !stays_inside(f, &f->block[b])) return false;
    return true;
}

static void add(u64 *set, u32 b)
{
    set[b / 64] |= UINT64_C(1) << (b & 63);
}

static bool has(const u64 *set, u32 b)
{
    return set[b / 64] >> (b & 63) & 1;
}

/* How often the part, whose blocks all stay inside, is entered: what its blocks run more often than
 * others of it lead to them. */
static u32 entered(const struct gen *g, const struct ir_loop *part)
{
    const struct ir_func *f = g->f;
    u64 run = 0, led = 0;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n;
        if (!ir_in_loop(part, b)) continue;
        run += g->loops.frequency[b];
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++)
            if (ir_in_loop(part, to[k])) led += ir_way_frequency(&g->loops, b, k, n);
    }
    return run > led ? (u32)(run - led) : 0;
}

static u64 *new_set(const struct gen *g)
{
    return arena_zalloc(g->arena, (g->f->block_count + 63) / 64 * sizeof(u64));
}

/* Blocks that are reached from those without leaving: the loop, or, where that is NULL, by a call.
 */
static u64 *reached_from(const struct gen *g, const u64 *from, const struct ir_loop *l)
{
    const struct ir_func *f = g->f;
    u64 *set = new_set(g);
    memcpy(set, from, (f->block_count + 63) / 64 * sizeof *set);
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 own[2];
            unsigned n = 0;
            const u32 *to = has(set, b) ? ir_successors(f, &f->block[b], own, &n) : own;
            for (unsigned k = 0; k < n; k++) {
                if (has(set, to[k])) continue;
                if (l && (!ir_in_loop(l, to[k]) || !stays_inside(f, &f->block[to[k]]))) continue;
                add(set, to[k]);
                changed = true;
            }
        }
    }
    return set;
}

/* Those among the blocks that lead to one of `goal` by others of them. */
static u64 *lead_to(const struct gen *g, const u64 *goal, const u64 *among)
{
    const struct ir_func *f = g->f;
    u64 *set = new_set(g);
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            u32 own[2];
            unsigned n;
            if (!has(among, b) || has(set, b)) continue;
            const u32 *to = ir_successors(f, &f->block[b], own, &n);
            for (unsigned k = 0; k < n && !has(set, b); k++) {
                if (!has(goal, to[k]) && !has(set, to[k])) continue;
                add(set, b);
                changed = true;
            }
        }
    }
    return set;
}

/* The part of the loop that goes round by itself, perhaps all. False: there is none. */
static bool find_part(const struct gen *g, const struct ir_loop *l, struct ir_loop *part)
{
    *part = *l;
    if (is_whole(g->f, l)) return true;
    if (!stays_inside(g->f, &g->f->block[l->head])) return false;
    u64 *head = new_set(g);
    add(head, l->head);
    part->member = lead_to(g, head, reached_from(g, head, l));
    if (!ir_in_loop(part, l->head)) return false;
    part->entered = entered(g, part);
    return true;
}

/* --- loops with two entries ----------------------------------------------------------------------
 */

static bool is_head(const struct gen *g, u32 b)
{
    for (u32 n = 0; n < g->loops.count; n++)
        if (g->loops.loop[n].head == b) return true;
    return false;
}

/* A way back in it leads to no loop's head: to a loop that is entered in its middle too, of which
 * blocks' frequencies know nothing. */
static bool has_unknown(const struct gen *g, const struct ir_loop *l)
{
    const struct ir_func *f = g->f;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n = 0;
        const u32 *to = ir_in_loop(l, b) ? ir_successors(f, &f->block[b], own, &n) : own;
        for (unsigned k = 0; k < n; k++)
            if (to[k] <= b && ir_in_loop(l, to[k]) && !is_head(g, to[k])) return true;
    }
    return false;
}

static u32 times_entered(const struct gen *g, const struct ir_loop *l)
{
    u32 most = g->loops.frequency[l->head] / LEAST_TURNS;
    return l->entered > most && has_unknown(g, l) ? most : l->entered;
}

/* --- jumps by table ------------------------------------------------------------------------------
 *
 * Where pieces of code end by further jumps of their own, the structure doesn't show how often they
 * run, but how often each beside the others does.
 */

/* Targets and what leads from there to further jumps without a call. False: nothing does. */
static bool find_table_part(const struct gen *g, struct ir_loop *part)
{
    const struct ir_func *f = g->f;
    u64 *targets = new_set(g);
    for (u32 n = 0; n < f->target_count; n++) add(targets, f->target[n]);
    *part = (struct ir_loop){.member = lead_to(g, targets, reached_from(g, targets, NULL))};
    bool goes_round = false;
    for (u32 b = 0; b < f->block_count; b++)
        goes_round |= ir_in_loop(part, b) && ir_jumps_by_table(f, &f->block[b]);
    for (u32 n = 0; n < f->target_count; n++) add(part->member, f->target[n]);
    return goes_round;
}

/* How often ways lead out of the part, and as often back into it: what its blocks run more often
 * than they lead to others of it. */
static u32 times_left(const struct gen *g, const struct ir_loop *part)
{
    const struct ir_func *f = g->f;
    u64 out = 0;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n;
        u64 stays = 0;
        if (!ir_in_loop(part, b) || ir_jumps_by_table(f, &f->block[b])) continue;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++)
            if (ir_in_loop(part, to[k])) stays += ir_way_frequency(&g->loops, b, k, n);
        if (g->loops.frequency[b] > stays) out += g->loops.frequency[b] - stays;
    }
    return out < UINT32_MAX ? (u32)out : UINT32_MAX;
}

/* Without the loops inside, which choose for themselves. */
static struct ir_loop without_loops(const struct gen *g, const struct ir_loop *part)
{
    const struct ir_func *f = g->f;
    struct ir_loop rest = {.member = new_set(g)};
    for (u32 b = 0; b < f->block_count; b++)
        if (ir_in_loop(part, b)) add(rest.member, b);
    for (u32 n = 0; n < g->loops.count; n++) {
        const struct ir_loop *l = &g->loops.loop[n];
        bool inside = true;
        for (u32 b = 0; b < f->block_count && inside; b++)
            inside =
                !ir_in_loop(l, b) || (!f->block[b].target && !ir_jumps_by_table(f, &f->block[b]));
        for (u32 w = 0; w < (f->block_count + 63) / 64 && inside; w++)
            rest.member[w] &= ~l->member[w];
    }
    return rest;
}

static void put_in_zone(struct gen *g, const struct ir_loop *part, unsigned zone)
{
    for (u32 b = 0; b < g->f->block_count; b++)
        if (ir_in_loop(part, b)) g->block_zone[b] = (u8)zone;
}

/* Gives the number of zones, of which there is one before. */
static unsigned plan_table(struct gen *g)
{
    struct ir_loop part;
    if (!g->f->target_count || !find_table_part(g, &part)) return 1;
    struct zone *z = &g->zones[1];
    u64 accesses[SLOT_V0] = {0};
    *z = g->zones[0];
    const struct ir_loop rest = without_loops(g, &part);
    bool one_more = !count_accesses(g, &rest, accesses) && !g->needs_temps;
    if (!choose(z, accesses, (u64)LOOP_COST * times_left(g, &part), one_more)) return 1;
    put_in_zone(g, &part, 1);
    return 2;
}

/* --- all ---------------------------------------------------------------------------------------
 */

/* Gives the number of zones. Outer loops come first; what a loop inside one would rather have
 * differs from that one's pins. */
static unsigned plan_loops(struct gen *g)
{
    const struct ir_func *f = g->f;
    g->block_zone = arena_zalloc(g->arena, f->block_count);
    unsigned count = plan_table(g);
    for (u32 n = 0; n < g->loops.count && count < MAX_ZONES; n++) {
        const struct ir_loop *l = &g->loops.loop[n];
        unsigned around = g->block_zone[l->head];
        struct ir_loop part;
        if (!find_part(g, l, &part)) continue;
        struct zone z = g->zones[around];
        u64 accesses[SLOT_V0] = {0};
        bool one_more = !count_accesses(g, &part, accesses) && !g->needs_temps;
        u64 by = (u64)LOOP_COST * times_entered(g, &part);
        if (!choose(&z, accesses, by, one_more)) continue;
        g->zones[count] = z;
        put_in_zone(g, &part, count++);
    }
    return count;
}

/* A value that may be computed into its place wants that to be a pin as much as an access does. */
static void count_wishes(const struct ir_func *f, const struct ir_block *b, u64 *accesses)
{
    for (ir_ref r = b->work; r < b->end; r += ir_distance(&f->inst[r])) {
        const struct ir_inst *i = &f->inst[r];
        unsigned hint = ir_hint(i);
        if (hint && hint - 1 < SLOT_V0) accesses[hint - 1]++;
        if ((i->op == IR_GET || i->op == IR_SET) && i->imm < SLOT_V0) accesses[i->imm]++;
    }
}

static void plan_long_blocks(struct gen *g, unsigned count)
{
    const struct ir_func *f = g->f;
    if (!g->block_zone) g->block_zone = arena_zalloc(g->arena, f->block_count);
    for (u32 b = 0; b < f->block_count && count < MAX_ZONES; b++) {
        const struct ir_block *block = &f->block[b];
        if (g->block_zone[b] || !gen_is_long(block) || !stays_inside(f, block)) continue;
        struct zone z = g->zones[0];
        u64 accesses[SLOT_V0] = {0};
        count_wishes(f, block, accesses);
        if (!choose(&z, accesses, WAYS_COST, false)) continue;
        g->zones[count] = z;
        g->block_zone[b] = (u8)count++;
    }
}

void gen_plan_zones(struct gen *g, const u8 vector_pin[SLOT_REGISTERS], u64 vectors)
{
    u32 blocks = 0;
    for (u32 b = 0; b < g->f->block_count; b++) blocks += gen_is_long(&g->f->block[b]);
    u32 wanted = 1 + g->loops.count + blocks, most = wanted < MAX_ZONES ? wanted : MAX_ZONES;
    g->zones = arena_alloc(g->arena, (most + 1) * sizeof *g->zones);
    start_zone(&g->zones[0], vector_pin, vectors);
    g->zone = NO_REG;
    gen_enter_zone(g, 0);
    unsigned count = g->loops.frequency ? plan_loops(g) : 1;
    if (blocks) plan_long_blocks(g, count);
}
