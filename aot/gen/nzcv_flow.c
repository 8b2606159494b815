/*
 * NZCV from block to block (nzcv.c has the idea).
 *
 * A block with one predecessor, before it, gets what that has in the end, whatever that is. A block
 * where ways meet must know before: the blocks before it are emitted first, but of a loop's head
 * one is behind. So the plan looks at the IR for what each of its predecessors will have, and gives
 * each expression of the region a mark. Nothing depends on the guess being right: where the present
 * expression is none of those expected, NZCV goes home.
 */
#include "aot/gen/nzcv.h"

#include <string.h>

static const struct ir_inst *in(const struct ir_func *f, ir_ref r)
{
    return &f->inst[r];
}

/* --- what a block has in the end ----------------------------------------------------------------
 */

/* Another name of the value: what its low bits are of. */
static ir_ref whole(const struct ir_func *f, ir_ref r)
{
    return in(f, r)->op == IR_TRUNC || in(f, r)->op == IR_VTOF ? in(f, r)->arg[0] : r;
}

/* The slot that holds v in front of `end`, seen from there back to the block's start; NO_SLOT. */
static unsigned slot_of(const struct ir_func *f, const struct ir_block *b, ir_ref v, ir_ref end)
{
    ir_ref other = whole(f, v);
    u64 gone = 0;
    for (ir_ref r = end; r-- > b->first;) {
        const struct ir_inst *i = in(f, r);
        bool set = i->op == IR_SET;
        if ((!set && i->op != IR_GET) || i->imm >= SLOT_REGISTERS) continue;
        ir_ref here = set ? i->arg[0] : r;
        if ((here == v || here == other) && !(gone >> i->imm & 1)) return (unsigned)i->imm;
        if (set) gone |= UINT64_C(1) << i->imm;
    }
    return NO_SLOT;
}

/* The slot, which holds `was` in front of instruction `from`, goes on by constants: *by is their
 * sum at the block's end. False: it gets another value. */
static bool goes_on(const struct gen *g, const struct ir_block *b, unsigned slot, ir_ref was,
                    ir_ref from, bool wide, s64 *by)
{
    const struct ir_func *f = g->f;
    *by = 0;
    for (ir_ref r = from; r < b->end; r++) {
        const struct ir_inst *i = in(f, r);
        ir_ref of;
        s64 step;
        if (i->op == IR_GET && i->imm == slot) was = r;
        if (i->op != IR_SET || i->imm != slot) continue;
        if (!gen_is_step(g, i->arg[0], wide, &of, &step) || whole(f, of) != whole(f, was))
            return false;
        was = i->arg[0];
        *by += step;
        if (*by != (s32)*by || *by == INT32_MIN) return false;
    }
    return true;
}

/* Where operand v of flags will be at the block's end: a constant, in a guest register or the value
 * of one less a constant, or where nzcv.c saves what was in one, which is word n of scratch. */
static bool at_end(const struct gen *g, const struct ir_block *b, ir_ref flags, ir_ref v,
                   unsigned n, struct nzcv_operand *o)
{
    const struct ir_func *f = g->f;
    const struct ir_inst *i = in(f, v);
    s64 by;
    *o = (struct nzcv_operand){.kind = NZCV_CONST};
    if (i->op == IR_CONST) {
        o->value = i->type == IR_I32 ? (s32)i->imm : i->imm;
        return true;
    }
    unsigned slot = slot_of(f, b, v, b->end);
    o->kind = slot == NO_SLOT ? NZCV_SCRATCH : NZCV_SLOT;
    o->n = (u8)(slot == NO_SLOT ? n : slot);
    if (slot != NO_SLOT || !flags) return slot != NO_SLOT;
    slot = slot_of(f, b, v, flags);
    if (slot == NO_SLOT) return false;
    bool wide = in(f, flags)->type == IR_I64;
    if (slot < SLOT_V0 && goes_on(g, b, slot, v, flags, wide, &by))
        *o = (struct nzcv_operand){.kind = NZCV_SUM, .n = (u8)slot, .value = -by};
    return true;
}

/* The value computed beside the flags of the same operands, or IR_NONE. */
static ir_ref value_beside(const struct ir_func *f, const struct ir_block *b, ir_ref flags,
                           unsigned op)
{
    const struct ir_inst *i = in(f, flags);
    for (ir_ref r = flags > b->first + 3 ? flags - 3 : b->first; r < b->end && r <= flags + 3; r++)
        if (in(f, r)->op == op && in(f, r)->arg[0] == i->arg[0] && in(f, r)->arg[1] == i->arg[1])
            return r;
    return IR_NONE;
}

static bool binary(const struct gen *g, const struct ir_block *b, ir_ref flags,
                   const struct ir_inst *i, unsigned kind, struct nzcv_expr *x)
{
    bool vector = kind == NZCV_OF_FCMP;
    x->kind = (u8)kind;
    return at_end(g, b, flags, i->arg[0], vector ? VSCRATCH_A : SCRATCH_A, &x->a) &&
           at_end(g, b, flags, i->arg[1], vector ? VSCRATCH_B : SCRATCH_B, &x->b);
}

/* A sum or difference whose first operand may have become the result. */
static bool sum(const struct gen *g, const struct ir_block *b, ir_ref flags, struct nzcv_expr *x)
{
    const struct ir_inst *i = in(g->f, flags);
    bool is_sub = i->op == IR_FLSUB;
    if (binary(g, b, IR_NONE, i, is_sub ? NZCV_OF_SUB : NZCV_OF_ADD, x)) return true;
    ir_ref value = value_beside(g->f, b, flags, is_sub ? IR_SUB : IR_ADD);
    x->kind = is_sub ? NZCV_SUB_RESULT : NZCV_ADD_RESULT;
    if (value && at_end(g, b, IR_NONE, value, SCRATCH_A, &x->a) &&
        at_end(g, b, IR_NONE, i->arg[1], SCRATCH_B, &x->b))
        return true;
    return binary(g, b, flags, i, is_sub ? NZCV_OF_SUB : NZCV_OF_ADD, x);
}

static bool logic(const struct gen *g, const struct ir_block *b, ir_ref flags, struct nzcv_expr *x)
{
    const struct ir_inst *i = in(g->f, flags), *value = in(g->f, i->arg[0]);
    x->kind = NZCV_RESULT;
    x->b = (struct nzcv_operand){.kind = NZCV_CONST};
    if (at_end(g, b, IR_NONE, i->arg[0], SCRATCH_A, &x->a) && x->a.kind == NZCV_SLOT) return true;
    return value->op == IR_AND && binary(g, b, flags, value, NZCV_OF_AND, x);
}

/* The expression of a flags value at the block's end. */
static struct nzcv_expr expression(const struct gen *g, const struct ir_block *b, ir_ref flags)
{
    const struct ir_inst *i = in(g->f, flags);
    struct nzcv_expr x = {.wide = i->type == IR_I64 || i->type == IR_F64};
    bool known = false;
    switch (i->op) {
    case IR_FLSUB:
    case IR_FLADD: known = sum(g, b, flags, &x); break;
    case IR_FLLOGIC: known = logic(g, b, flags, &x); break;
    case IR_FLFCMP: known = i->type != IR_F16 && binary(g, b, flags, i, NZCV_OF_FCMP, &x); break;
    default: break;
    }
    return known ? x : (struct nzcv_expr){0};
}

static bool is_nzcv(const struct ir_inst *i, unsigned op)
{
    return i->op == op && i->imm == SLOT_NZCV;
}

/* --- the plan ------------------------------------------------------------------------------------
 *
 * Sets of expressions by their numbers: what each block may begin with, followed along the ways
 * until nothing changes any more. What a block SETs NZCV to has a mark of its own. A block that
 * only overwrites operands passes another expression on, which has the same mark, since that is
 * what the home has; where the two meet only one is expected.
 */

#define UNKNOWN   0xfeu            /* not looked for yet */
#define NOTHING   0xffu            /* NZCV SET to something that is no expression */
#define PASSES    0xfdu            /* not SET */
#define MAX_EXPRS (NZCV_MARKS - 3) /* numbers below those */
#define FAR       4096             /* by such steps a 64-bit number comes back after weeks */

struct set {
    u8 count;
    u8 number[NZCV_WAYS];
};

struct flow {
    struct gen *g;
    struct nzcv_expr *x; /* by number */
    u32 count;
    u8 *own;         /* per block: the number of what it SETs NZCV to, or one of the above */
    u8 *later;       /* per block: NZCV_LATER_A or _B, or 0 */
    struct set *set; /* per block: at its start */
};

/* The number of an expression; NOTHING when there are too many. mark: the one that the home has
 * where it holds, or 0: it has one of its own. */
static u8 number_of(struct flow *w, const struct nzcv_expr *x, u8 mark)
{
    for (u32 n = 0; n < w->count; n++) {
        bool own = w->x[n].mark == NZCV_MARK + n;
        if ((mark ? w->x[n].mark == mark : own) && gen_same_expr(&w->x[n], x)) return (u8)n;
    }
    if (w->count == MAX_EXPRS) return NOTHING;
    w->x[w->count] = *x;
    w->x[w->count].mark = mark ? mark : (u8)(NZCV_MARK + w->count);
    return (u8)w->count++;
}

static u8 own_of(struct flow *w, u32 n)
{
    const struct ir_func *f = w->g->f;
    const struct ir_block *b = &f->block[n];
    if (w->own[n] != UNKNOWN) return w->own[n];
    w->own[n] = PASSES;
    for (ir_ref r = b->end; r-- > b->first;) {
        if (!is_nzcv(in(f, r), IR_SET)) continue;
        struct nzcv_expr x = expression(w->g, b, in(f, r)->arg[0]);
        w->own[n] = x.kind ? number_of(w, &x, 0) : NOTHING;
        break;
    }
    return w->own[n];
}

/* Of floating-point compares only one: their operands have one place when they are saved. */
static bool fits(const struct flow *w, const struct set *s, u8 number)
{
    bool is_fcmp = w->x[number].kind == NZCV_OF_FCMP;
    for (u32 n = 0; n < s->count; n++)
        if (is_fcmp && w->x[s->number[n]].kind == NZCV_OF_FCMP) return false;
    return s->count < NZCV_WAYS;
}

/* True: it wasn't in the set and is now. Nothing else there has its mark. */
static bool add(const struct flow *w, struct set *s, u8 number)
{
    for (u32 n = 0; n < s->count; n++)
        if (w->x[s->number[n]].mark == w->x[number].mark) return false;
    if (!fits(w, s, number)) return false;
    s->number[s->count++] = number;
    return true;
}

/* The operand behind block b, which has it in front: word n of scratch keeps what the block
 * overwrites (NO_SLOT: there is none). */
static bool operand_behind(const struct gen *g, const struct ir_block *b, bool wide, unsigned n,
                           struct nzcv_operand *o)
{
    s64 by;
    if (!(b->sets & gen_slot_of(o))) return true;
    if (o->n < SLOT_V0 && goes_on(g, b, o->n, IR_NONE, b->first, wide, &by)) {
        by -= o->kind == NZCV_SUM ? o->value : 0;
        if (by != (s32)by || by == INT32_MIN) return false;
        *o = (struct nzcv_operand){.kind = by ? NZCV_SUM : NZCV_SLOT, .n = o->n, .value = -by};
        return true;
    }
    *o = (struct nzcv_operand){.kind = NZCV_SCRATCH, .n = (u8)n};
    return n != NO_SLOT;
}

/* The expression behind a block that may begin with `count`, of which this is one. False: it can't
 * be told where its operands are saved. */
static bool behind(const struct gen *g, const struct ir_block *b, u32 count, struct nzcv_expr *x)
{
    bool vector = x->kind == NZCV_OF_FCMP;
    unsigned first = vector ? VSCRATCH_A : count == 1 ? SCRATCH_A : NO_SLOT;
    unsigned second = first == NO_SLOT ? NO_SLOT : first + 1;
    return operand_behind(g, b, x->wide, first, &x->a) &&
           operand_behind(g, b, x->wide, second, &x->b);
}

static bool reads_nzcv(const struct ir_func *f, const struct ir_block *b)
{
    for (ir_ref r = b->first; r < b->end; r++) {
        if (is_nzcv(in(f, r), IR_SET)) return false;
        if (is_nzcv(in(f, r), IR_GET)) return true;
    }
    return false;
}

/* The operand is another 64-bit number at each turn of a loop that the block is. */
static bool changes(const struct gen *g, const struct ir_block *b, const struct nzcv_operand *o)
{
    s64 by;
    return gen_slot_of(o) && o->n < SLOT_V0 && goes_on(g, b, o->n, IR_NONE, b->first, true, &by) &&
           by && by <= FAR && by >= -FAR;
}

/* How the block, if it is a loop that leaves an expression to its next turn, knows later turns from
 * the first; 0: it doesn't, and the expression has its mark. */
static u8 later_turns(struct flow *w, u32 n)
{
    const struct ir_func *f = w->g->f;
    const struct ir_block *b = &f->block[n];
    u32 own[2], count, to_itself = 0;
    const u32 *to = ir_successors(f, b, own, &count);
    for (u32 k = 0; k < count; k++) to_itself |= to[k] == n;
    bool is_loop = to_itself && n && !b->entry && !b->target;
    if (!is_loop || !b->sees_nzcv || reads_nzcv(f, b) || own_of(w, n) >= MAX_EXPRS) return 0;
    const struct nzcv_expr *x = &w->x[w->own[n]];
    return changes(w->g, b, &x->a) ? NZCV_LATER_A : changes(w->g, b, &x->b) ? NZCV_LATER_B : 0;
}

/* All of these. They have one word for their first turns, so no block leads to two. */
static void find_later_turns(struct flow *w)
{
    const struct ir_func *f = w->g->f;
    for (u32 b = 0; b < f->block_count; b++) w->later[b] = later_turns(w, b);
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2], n, one = b;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (u32 k = 0; k < n; k++) {
            if (!w->later[one]) one = to[k];
            if (to[k] != one) w->later[to[k]] = 0;
        }
    }
}

/* What block n has in the end may be what block `to` begins with. */
static bool flows(struct flow *w, u32 n, u32 to)
{
    const struct set *from = &w->set[n];
    bool changed = false;
    u8 own = own_of(w, n);
    if (own < MAX_EXPRS) return !(n == to && w->later[n]) && add(w, &w->set[to], own);
    if (own == NOTHING || n == to) return false;
    for (u32 k = 0; k < from->count; k++) {
        struct nzcv_expr x = w->x[from->number[k]];
        if (!behind(w->g, &w->g->f->block[n], from->count, &x)) continue;
        u8 number = number_of(w, &x, x.mark);
        changed |= number != NOTHING && add(w, &w->set[to], number);
    }
    return changed;
}

/* --- where expressions are no use ---------------------------------------------------------------
 *
 * A way out of the region wants NZCV at home. Where ways meet from which one such is often taken,
 * NZCV comes home before: there it is known which expression holds, and EFLAGS may have it. (With a
 * quarter for "often" fewest instructions run: 1 to 2.5 percent less in gzip, bzip2, sort, python3,
 * perl and lua than with marks wherever not three ways meet.)
 */

#define SOMETIMES UINT32_MAX
#define ALWAYS    256u
#define SURELY    240u
#define OFTEN     64u

/* How likely NZCV goes home behind the block's start; SOMETIMES: that is up to those behind it. */
static u32 going_home(const struct ir_func *f, const struct ir_block *b)
{
    const struct ir_inst *end = in(f, b->end - 1);
    if (!b->sees_nzcv) return 0;
    for (ir_ref r = b->first; r < b->end; r++)
        if (is_nzcv(in(f, r), IR_SET) || is_nzcv(in(f, r), IR_GET)) return 0;
    if (end->op == IR_EXIT || end->op == IR_EXITIND)
        return end->mod & IR_EXIT_NZCV_DEAD ? 0 : ALWAYS;
    if (end->op == IR_JUMPIND) return ir_sees_nzcv(end) ? ALWAYS : 0;
    return SOMETIMES;
}

/* lost: bits of the ways on which it surely does, or NULL. */
static u16 mean_behind(const struct gen *g, u32 b, const u8 *lost)
{
    u32 own[2];
    u64 sum = 0, all = 0;
    unsigned n;
    const u32 *to = ir_successors(g->f, &g->f->block[b], own, &n);
    for (unsigned k = 0; k < n; k++) {
        u64 often = g->loops.frequency ? ir_way_frequency(&g->loops, b, k, n) + 1 : 1;
        bool surely = lost && lost[b] >> k & 1;
        sum += often * (surely ? ALWAYS : g->goes_home[to[k]]);
        all += often;
    }
    return (u16)(n ? sum / all : 0);
}

static void find_home(struct gen *g, const u8 *lost)
{
    const struct ir_func *f = g->f;
    u32 *open = arena_alloc(g->arena, f->block_count * sizeof *open), count = 0;
    for (u32 b = f->block_count; b-- > 0;) {
        u32 likely = going_home(f, &f->block[b]);
        if (likely == SOMETIMES)
            open[count++] = b;
        else
            g->goes_home[b] = (u16)likely;
    }
    for (unsigned round = 0; round < 4; round++)
        for (u32 n = 0; n < count; n++) g->goes_home[open[n]] = mean_behind(g, open[n], lost);
}

/* One way leads to the block, and that from before it. */
static bool has_one_way(const struct gen *g, u32 from, u32 to)
{
    return to > from && g->f->block[to].preds == 1 && !g->f->block[to].entry;
}

/* One walk along all ways. */
static bool flow(struct flow *w)
{
    const struct ir_func *f = w->g->f;
    bool changed = false;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++) {
            const struct ir_block *t = &f->block[to[k]];
            if (!t->sees_nzcv) continue;
            if (!has_one_way(w->g, b, to[k]) && reads_nzcv(f, t)) continue;
            changed |= flows(w, b, to[k]);
        }
    }
    return changed;
}

/* The block passes on what it may begin with to one where ways meet, which doesn't expect all of
 * it: on that way it would have to be found out which it is. */
static bool is_lost(struct flow *w, u32 b, u32 to)
{
    const struct ir_func *f = w->g->f;
    const struct set *from = &w->set[b], *there = &w->set[to];
    if (own_of(w, b) != PASSES || !from->count || !f->block[to].sees_nzcv) return false;
    if (has_one_way(w->g, b, to)) return false;
    if (w->g->goes_home[to] >= OFTEN) return true;
    for (u32 k = 0; k < from->count; k++) {
        struct nzcv_expr x = w->x[from->number[k]];
        if (!behind(w->g, &f->block[b], from->count, &x)) return true;
        bool expected = false;
        for (u32 n = 0; n < there->count; n++) {
            const struct nzcv_expr *y = &w->x[there->number[n]];
            expected |= y->mark == x.mark && gen_same_expr(y, &x);
        }
        if (!expected) return true;
    }
    return false;
}

/* Where ways meet from which such a way is often taken, NZCV comes home before as well. */
static void find_lost(struct flow *w)
{
    const struct ir_func *f = w->g->f;
    u8 *lost = arena_zalloc(w->g->arena, f->block_count);
    bool any = false;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n && n <= 2; k++)
            lost[b] |= (u8)((unsigned)is_lost(w, b, to[k]) << k);
        any |= lost[b] != 0;
    }
    if (any) find_home(w->g, lost);
}

/* A block where ways meet begins with these; NULL: NZCV is at home. */
static const struct nzcv_ways *as_ways(const struct flow *w, u32 block)
{
    const struct set *s = &w->set[block];
    size_t size = offsetof(struct nzcv_ways, x) + (s->count + 1) * sizeof(struct nzcv_expr);
    struct nzcv_ways *ways = arena_zalloc(w->g->arena, size);
    if (w->later[block]) {
        ways->x[0] = w->x[w->own[block]];
        ways->x[0].mark = w->later[block];
        ways->count = 1;
    }
    for (u32 n = 0; n < s->count && ways->count < NZCV_WAYS; n++)
        ways->x[ways->count++] = w->x[s->number[n]];
    return ways->count ? ways : NULL;
}

void gen_plan_nzcv(struct gen *g)
{
    const struct ir_func *f = g->f;
    u32 count = f->block_count;
    bool meet = false;
    g->block_nzcv = arena_zalloc(g->arena, count * sizeof(*g->block_nzcv));
    g->goes_home = arena_zalloc(g->arena, count * sizeof *g->goes_home);
    find_home(g, NULL);
    for (u32 b = 0; b < count; b++) meet |= f->block[b].sees_nzcv && !has_one_way(g, 0, b);
    if (!meet) return;
    struct flow w = {.g = g,
                     .x = arena_alloc(g->arena, MAX_EXPRS * sizeof *w.x),
                     .own = arena_alloc(g->arena, count),
                     .later = arena_alloc(g->arena, count),
                     .set = arena_zalloc(g->arena, count * sizeof *w.set)};
    memset(w.own, UNKNOWN, count);
    find_later_turns(&w);
    while (flow(&w)) continue;
    find_lost(&w);
    for (u32 b = 0; b < count; b++)
        if (g->goes_home[b] < OFTEN && f->block[b].sees_nzcv &&
            (b == 0 || f->block[b].preds != 1 || f->block[b].entry || f->block[b].loop_head))
            g->block_nzcv[b] = as_ways(&w, b);
}

/* --- on the way ----------------------------------------------------------------------------------
 */

void gen_receive_nzcv(struct gen *g, u32 block)
{
    const struct nzcv_ways *ways = g->block_nzcv[block];
    if (!ways) return;
    g->nzcv = NZCV_ENTRY;
    g->pending = (struct nzcv_pending){.of = NZCV_ENTRY};
    gen_copy_ways(&g->ways, ways);
}

/* The expression of those, best with the same mark, or NULL. */
static const struct nzcv_expr *find(const struct nzcv_ways *ways, const struct nzcv_expr *x)
{
    const struct nzcv_expr *found = NULL;
    for (u32 n = 0; ways && n < ways->count; n++) {
        if (ways->x[n].mark >= NZCV_LATER_A) continue;
        if (!gen_same_expr(&ways->x[n], x)) continue;
        if (!found || ways->x[n].mark == x->mark) found = &ways->x[n];
    }
    return found;
}

/* The block is a loop that tells later turns from the first by x. */
static const struct nzcv_expr *later_turn(const struct gen *g, u32 block)
{
    const struct nzcv_ways *ways = g->block_nzcv ? g->block_nzcv[block] : NULL;
    bool later = ways && !ways->certain && ways->x[0].mark >= NZCV_LATER_A;
    return later && !has_one_way(g, g->block, block) ? &ways->x[0] : NULL;
}

/* This is the way back to such a loop, and NZCV is what later turns were said to begin with. */
static bool goes_on_turning(const struct gen *g, u32 to)
{
    const struct nzcv_expr *x = to == g->block ? later_turn(g, to) : NULL;
    struct nzcv_ways room;
    if (!x || !g->nzcv) return false;
    const struct nzcv_ways *now = gen_nzcv_ways(g, &room);
    return now->certain && gen_same_expr(&now->x[0], x);
}

/* In front of the ways to blocks: first turns are noted. */
static void note_turns(struct gen *g, const u32 *to, unsigned count)
{
    for (unsigned k = 0; k < count; k++) {
        const struct nzcv_expr *x = later_turn(g, to[k]);
        if (x && !goes_on_turning(g, to[k])) gen_note_first_turn(g, nzcv_turn(x));
    }
}

/* The block expects whatever holds of these. *mark: what the home must have for that, and hasn't.
 */
static bool expects(const struct gen *g, u32 block, const struct nzcv_ways *now, u8 *mark)
{
    if (goes_on_turning(g, block)) return true;
    for (u32 n = 0; n < now->count; n++) {
        const struct nzcv_expr *x = find(g->block_nzcv[block], &now->x[n]);
        if (!x || (!now->certain && now->x[n].mark != x->mark)) return false;
        if (now->x[n].mark != x->mark) *mark = x->mark;
    }
    return true;
}

/* A block with one way gets these expressions. */
static void hand_on(struct gen *g, u32 to, struct nzcv_ways *ways)
{
    if (g->f->block[to].sees_nzcv && has_one_way(g, g->block, to)) g->block_nzcv[to] = ways;
}

/* The block wants NZCV at home. */
static bool wants_home(const struct gen *g, u32 to, const struct nzcv_ways *now, u8 *mark)
{
    if (!g->f->block[to].sees_nzcv) return false;
    if (now->x[0].kind == NZCV_NONE) return true;
    return !has_one_way(g, g->block, to) && !expects(g, to, now, mark);
}

/* The condition, or its opposite (*when false), says that NZCV is of equal operands, or of a result
 * that is zero: *kind of operands that are zero. */
static bool says_equal(const struct gen *g, ir_ref r, bool *when, u8 *kind)
{
    const struct ir_inst *c = gen_inst(g, r);
    if (g->nzcv == NZCV_ENTRY) return false;
    for (*when = true; c->op == IR_BNOT; c = gen_inst(g, c->arg[0])) *when = !*when;
    const struct ir_inst *flags = gen_inst(g, g->nzcv);
    bool logic = flags->op == IR_FLLOGIC;
    *kind = logic ? NZCV_RESULT : NZCV_OF_SUB;
    if (c->op == IR_COND && c->arg[0] == g->nzcv && c->mod >> 1 == IR_CC_EQ >> 1) {
        if (c->mod != IR_CC_EQ) *when = !*when;
        return logic || flags->op == IR_FLSUB || flags->op == IR_FLFCMP;
    }
    if (c->op != IR_ICMP || (c->mod != IR_EQ && c->mod != IR_NE)) return false;
    if (c->mod != IR_EQ) *when = !*when;
    s64 zero;
    if (c->type != flags->type || c->arg[0] != flags->arg[0]) return false;
    if (logic) return gen_is_const(g, c->arg[1], &zero) && !zero;
    return flags->op == IR_FLSUB && c->arg[1] == flags->arg[1];
}

void gen_equal_flags(const struct gen *g, ir_ref condition, struct known_flags *known)
{
    const struct nzcv_operand zero = {.kind = NZCV_CONST};
    bool when;
    u8 kind;
    *known = (struct known_flags){0};
    if (!g->nzcv || !gen_nzcv_live(g) || !says_equal(g, condition, &when, &kind)) return;
    struct nzcv_ways *ways = arena_zalloc(g->arena, offsetof(struct nzcv_ways, x[1]));
    ways->count = ways->certain = 1;
    ways->x[0] = (struct nzcv_expr){.kind = kind, .a = zero, .b = zero};
    known->ways = ways;
    known->when = when;
}

/* NZCV is in EFLAGS, and will almost surely go home on the way to that block, where it is not. */
static bool goes_early(const struct gen *g, u32 to)
{
    if (goes_on_turning(g, to)) return false;
    return g->eflags_of == g->nzcv && g->f->block[to].sees_nzcv && g->goes_home[to] >= SURELY;
}

/* The block relies on the home's mark. */
static bool wants_mark(const struct gen *g, u32 to)
{
    return g->f->block[to].sees_nzcv && !has_one_way(g, g->block, to);
}

/* What the first way alone needs is done there if it has code apart anyway, or is taken less often
 * than what leads to it; and if the other way wants the mark that is there. */
static bool marks_apart(const struct gen *g, const u32 *to, const struct nzcv_split *s, bool apart)
{
    const u32 *frequency = g->loops.frequency;
    if (s->mark[1] || (!(s->home & 2) && wants_mark(g, to[1]))) return true;
    bool rare = frequency && frequency[to[0]] < frequency[g->block];
    return to[0] > g->block && (apart || rare);
}

/* Marks before the branch what it can: s->mark[k] stays for what is to be done on way k alone.
 * Gives the mark, or 0. */
static u8 mark_early(struct gen *g, const u32 *to, unsigned count, bool apart, struct nzcv_split *s)
{
    u8 mark = s->mark[0];
    bool both = count == 1 || mark == s->mark[1];
    if (!mark || (!both && marks_apart(g, to, s, apart))) return 0;
    x64_mov_mi(&g->b, 1, gen_home(SLOT_NZCV), (s8)mark);
    s->mark[0] = s->mark[1] = 0;
    return mark;
}

struct nzcv_split gen_split_nzcv(struct gen *g, const u32 *to, unsigned count, bool apart,
                                 const struct known_flags *known)
{
    struct nzcv_ways room;
    struct nzcv_split split = {0};
    note_turns(g, to, count);
    if (!g->nzcv || !gen_nzcv_live(g)) return split;
    const struct nzcv_ways *now = gen_nzcv_ways(g, &room);
    for (u32 k = 0; k < count; k++) {
        bool is_known = known->ways && k == !known->when && has_one_way(g, g->block, to[k]);
        if (is_known) continue;
        bool goes_home = wants_home(g, to[k], now, &split.mark[k]) || goes_early(g, to[k]);
        split.home |= (u8)((unsigned)goes_home << k);
        if (goes_home) split.mark[k] = 0;
    }
    if (split.home == (1u << count) - 1) {
        gen_flush_nzcv(g);
        return (struct nzcv_split){0};
    }
    u8 early = mark_early(g, to, count, apart, &split);
    for (unsigned k = 0; k < count; k++) {
        if (split.home >> k & 1 || !has_one_way(g, g->block, to[k])) continue;
        bool is_known = known->ways && k == !known->when;
        struct nzcv_ways *ways = is_known ? known->ways : gen_keep_ways(g);
        if (early && !is_known) ways->x[0].mark = early;
        hand_on(g, to[k], ways);
    }
    return split;
}

void gen_pass_nzcv(struct gen *g, u32 to)
{
    gen_split_nzcv(g, &to, 1, false, &(struct known_flags){0});
}
