/*
 * Loops that go through arrays of words, widened: several turns at once in vector registers.
 *
 * A loop of one way round whose turns do the same to neighbouring words (widen_turns.c) gets, in
 * front of it, blocks of checks and one that does `turns` of its turns (widen_pack.c). While more
 * turns than that are to come, what is stored lies apart from all else that the loop touches, and
 * registers have the distances that they have from the second turn on, that block is taken; else
 * the loop itself. Ways to the loop from elsewhere lead to the checks; what enters it from outside
 * of the region comes to the loop itself.
 *
 * Exact state. The block is one instruction at the loop's address: its accesses come before all
 * SETs, loads before stores. So where one faults nothing has happened but stores that the loop,
 * which goes on from its start, repeats (they are apart from what it loads, and come before the one
 * that faults, widen_stores.c): it will fault by itself where it does, with its own registers. Who
 * handles faults has to know: a fault that the instruction at the state's PC doesn't cause is none.
 *
 * Memory order. The architecture lets plain accesses to different places happen in any order, and
 * a later load have what an earlier one of the same place read: there is no barrier, acquire or
 * dependent load in such a loop, and a block comes to its end. Elements are aligned words where
 * they have to be single-copy atomic, and those the host does not tear in wider accesses.
 *
 * Places. The checks compare addresses. Where some memory is at two (a ring that is mapped twice in
 * a row) loops that store and access something else are left alone: SLOT_ALIASED is one of the
 * checks.
 */
#include "aot/opt/opt.h"

#include "aot/opt/pass.h"
#include "aot/opt/widen.h"

#define LONGEST    160 /* instructions of a loop */
#define MAX_CHECKS 12
#define PAGE       4096 /* bytes */

struct check {
    u8 kind;  /* enum check_kind */
    u32 a, b; /* nodes, or ranges for APART */
    s64 value;
    u8 cmp;
};

enum check_kind {
    CHECK_PLACES,   /* no memory is at two addresses */
    CHECK_HOLDS,    /* a, or not: value */
    CHECK_COMPARE,  /* a cmp b */
    CHECK_DISTANCE, /* a - b cmp value, all without sign */
    CHECK_FOLLOWS,  /* slot a is slot b and value */
    CHECK_APART,    /* what is stored in range a is none of range b */
    CHECK_PAGE      /* what is stored in range a is all in one page */
};

struct pass {
    struct widen w;
    const struct ir_func *f;
    struct ir_func *to;
    ir_ref *map;
    u32 *way;    /* per block of f: where ways to it lead in `to` */
    u32 *copy;   /* where it is itself */
    u32 *source; /* per block of `to`: 1 + the block of f that it is a copy of, or 0 */
    u32 *head;   /* per block of f: 1 + the head of the widened loop that it is part of, whose ways
                    back don't lead to the checks again; or 0 */
    u32 sources;
    bool *done; /* per block of f: it is part of a loop that has been widened */
    struct check check[MAX_CHECKS];
    u32 checks;
};

/* --- which loops ---------------------------------------------------------------------------------
 */

/* Words are accessed, and the rest are plain values. */
static bool may_widen_block(const struct ir_func *f, const struct ir_block *b, u32 *insts)
{
    for (ir_ref r = b->first; r < b->end; r++) {
        const struct ir_inst *i = &f->inst[r];
        bool access = i->op == IR_LOAD || i->op == IR_STORE;
        if (access && (i->type != IR_I32 || i->esz != 2)) return false;
        if (!access && (ir_op_kind[i->op] == IR_KIND_POINT || ir_op_kind[i->op] == IR_KIND_OTHER))
            return false;
        *insts += i->op != IR_NOP && i->op != IR_INSN;
    }
    return true;
}

/* Follows ways on from b, the loop's last block so far, back to the head. */
static bool follow(const struct ir_func *f, struct widen_loop *l, u32 b)
{
    u32 own[2], last = l->count - 1;
    unsigned n;
    const struct ir_block *block = &f->block[b];
    const struct ir_inst *end = &f->inst[block->end - 1];
    if (end->op != IR_JUMP && end->op != IR_BR) return false;
    const u32 *to = ir_successors(f, block, own, &n);
    for (unsigned k = 0; k < n; k++) {
        l->leaves = (l->leaves & ((1u << last) - 1)) | (u32)(n == 2) << last;
        l->stays = (l->stays & ((1u << last) - 1)) | (u32)(n == 2 && !k) << last;
        if (to[k] == l->block[0]) return l->leaves != 0;
        bool known = false;
        for (u32 m = 1; m < l->count; m++) known |= l->block[m] == to[k];
        if (known || l->count == WIDEN_BLOCKS) continue;
        l->block[l->count++] = to[k];
        if (follow(f, l, to[k])) return true;
        l->count--;
    }
    return false;
}

/* A loop whose head is b that may be widened. */
static bool find_loop(const struct ir_func *f, u32 b, bool has_samples, struct widen_loop *l)
{
    u32 insts = 0, samples = 0;
    if (f->block[b].preds < 2) return false;
    *l = (struct widen_loop){.block = {b}, .count = 1, .entered = f->block[b].entry};
    if (!follow(f, l, b)) return false;
    for (u32 n = 0; n < l->count; n++) {
        const struct ir_block *block = &f->block[l->block[n]];
        if (!may_widen_block(f, block, &insts)) return false;
        l->entered |= n && (block->preds != 1 || block->entry || block->target);
        samples += block->samples != 0;
    }
    return insts <= LONGEST && (samples || !has_samples);
}

static bool find_any(const struct ir_func *f, bool *has_samples)
{
    struct widen_loop l;
    *has_samples = false;
    for (u32 b = 0; b < f->block_count; b++) *has_samples |= f->block[b].samples != 0;
    for (u32 b = 0; b < f->block_count; b++)
        if (find_loop(f, b, *has_samples, &l)) return true;
    return false;
}

/* --- what has to hold ----------------------------------------------------------------------------
 */

static void add_check(struct pass *p, struct check c)
{
    if (p->checks == MAX_CHECKS)
        p->w.failed = true;
    else
        p->check[p->checks++] = c;
}

/* More turns are to come than are done at once. The condition compares what i is at the end of a
 * turn: in the first turn i, then so many steps more. */
static void check_trip(struct pass *p, const struct widen_trip *t)
{
    u64 size = (u64)(t->step < 0 ? -t->step : t->step);
    u32 low = t->step < 0 ? t->bound : t->i, high = t->step < 0 ? t->i : t->bound;
    bool equal = t->cmp == IR_ULE || t->cmp == IR_UGE || t->cmp == IR_SLE || t->cmp == IR_SGE;
    if (t->cmp != IR_NE)
        add_check(p,
                  (struct check){.kind = CHECK_COMPARE, .a = t->i, .b = t->bound, .cmp = t->cmp});
    add_check(p, (struct check){.kind = CHECK_DISTANCE,
                                .a = high,
                                .b = low,
                                .value = (s64)(size * (p->w.turns - 1)),
                                .cmp = equal ? IR_UGE : IR_UGT});
}

/* Of the branches that lead out one is the loop's; the others do as they do in the first turn. */
static bool check_branches(struct pass *p)
{
    struct widen *w = &p->w;
    struct widen_trip trip;
    bool found = false;
    for (u32 n = 0; n < w->loop.count; n++) {
        u32 holds = w->condition[0][n];
        if (!(w->loop.leaves >> n & 1)) continue;
        if (!found && widen_find_trip(w, n, &trip)) {
            check_trip(p, &trip);
            found = true;
        } else if (holds == w->condition[1][n] && widen_is_fixed(w, holds)) {
            add_check(p, (struct check){
                             .kind = CHECK_HOLDS, .a = holds, .value = w->loop.stays >> n & 1});
        } else {
            return false;
        }
    }
    return found;
}

static void check_followers(struct pass *p)
{
    for (unsigned s = 0; s < SLOT_V0; s++)
        if (p->w.follows[s])
            add_check(p, (struct check){.kind = CHECK_FOLLOWS,
                                        .a = s,
                                        .b = p->w.follows[s] - 1,
                                        .value = p->w.distance[s]});
}

/* That a's stores and b's accesses are apart is said by what is checked of b's stores and a's. */
static bool is_said_by_other(const struct widen_range *a, const struct widen_range *b, bool first)
{
    return b->stores && !b->loads && (a->loads || !first);
}

static void check_stores(struct pass *p)
{
    struct widen *w = &p->w;
    for (u32 a = 0; a < w->range_count; a++) {
        const struct widen_range *r = &w->range[a];
        if (!r->stores) continue;
        for (u32 b = 0; b < w->range_count; b++)
            if (b != a && !is_said_by_other(r, &w->range[b], a < b))
                add_check(p, (struct check){.kind = CHECK_APART, .a = a, .b = b});
    }
}

/* What is stored by one address isn't loaded, nor stored, by another that the other checks take to
 * be another place. */
static void check_places(struct pass *p)
{
    const struct widen *w = &p->w;
    bool apart = w->range_count > 1 || (w->range_count && w->range[0].loads);
    if (w->store_count && apart) add_check(p, (struct check){.kind = CHECK_PLACES});
}

/* Stores that are not in order have to fault in the first turn, if they do (widen_stores.c). */
static void check_pages(struct pass *p)
{
    struct widen *w = &p->w;
    for (u32 a = 0; a < w->range_count && !w->in_order; a++) {
        if (!w->range[a].stores) continue;
        w->failed |= !w->range[a].stores_first;
        add_check(p, (struct check){.kind = CHECK_PAGE, .a = a});
    }
}

/* --- checks, emitted -----------------------------------------------------------------------------
 */

static ir_ref constant(struct ir_func *f, unsigned type, s64 value)
{
    return ir_const(f, type, type == IR_I32 ? (s64)(u32)value : value);
}

static ir_ref place_in(struct pass *p, const struct widen_range *r, s64 displacement)
{
    struct ir_func *f = p->to;
    ir_ref a = widen_scalar(&p->w, r->base);
    if (r->index) {
        ir_ref index = widen_scalar(&p->w, r->index);
        if (r->mod) index = ir_op2(f, IR_SHL, IR_I64, index, ir_const(f, IR_I64, r->mod));
        a = ir_op2(f, IR_ADD, IR_I64, a, index);
    }
    return displacement ? ir_op2(f, IR_ADD, IR_I64, a, ir_const(f, IR_I64, displacement)) : a;
}

/* From `start` on so many bytes none of those of the other; one is stored to, the other may be. */
static ir_ref apart(struct pass *p, const struct widen_range *stored, const struct widen_range *r)
{
    struct ir_func *f = p->to;
    s64 from = r->loads ? r->load_from : r->store_from, to = r->loads ? r->load_to : r->store_to;
    if (r->loads && r->stores) {
        from = r->store_from < from ? r->store_from : from;
        to = r->store_to > to ? r->store_to : to;
    }
    s64 size = stored->store_to - stored->store_from;
    ir_ref a = place_in(p, stored, stored->store_from + size - 1), b = place_in(p, r, from);
    ir_ref d = ir_op2(f, IR_SUB, IR_I64, a, b);
    return ir_opx(f, IR_ICMP, IR_I64, 0, IR_UGE, 0, d, ir_const(f, IR_I64, to - from + size - 1),
                  IR_NONE);
}

static ir_ref in_one_page(struct pass *p, const struct widen_range *stored)
{
    struct ir_func *f = p->to;
    ir_ref first = place_in(p, stored, stored->store_from);
    ir_ref last = place_in(p, stored, stored->store_to - 1);
    ir_ref differ = ir_op2(f, IR_XOR, IR_I64, first, last);
    return ir_opx(f, IR_ICMP, IR_I64, 0, IR_ULT, 0, differ, ir_const(f, IR_I64, PAGE), IR_NONE);
}

static ir_ref emit_check(struct pass *p, const struct check *c)
{
    struct ir_func *f = p->to;
    struct widen *w = &p->w;
    if (c->kind == CHECK_PLACES) {
        ir_ref aliased = ir_get(f, IR_I32, SLOT_ALIASED);
        return ir_opx(f, IR_ICMP, IR_I32, 0, IR_EQ, 0, aliased, ir_const(f, IR_I32, 0), IR_NONE);
    }
    if (c->kind == CHECK_PAGE) return in_one_page(p, &w->range[c->a]);
    if (c->kind == CHECK_APART) return apart(p, &w->range[c->a], &w->range[c->b]);
    if (c->kind == CHECK_FOLLOWS) {
        ir_ref of = ir_get(f, IR_I64, c->b), is = ir_get(f, IR_I64, c->a);
        if (c->value) of = ir_op2(f, IR_ADD, IR_I64, of, ir_const(f, IR_I64, c->value));
        return ir_opx(f, IR_ICMP, IR_I64, 0, IR_EQ, 0, is, of, IR_NONE);
    }
    if (c->kind == CHECK_HOLDS) {
        ir_ref holds = widen_scalar(w, c->a);
        return c->value ? holds : ir_op1(f, IR_BNOT, IR_BOOL, holds);
    }
    unsigned type = w->node[c->a].type;
    ir_ref a = widen_scalar(w, c->a), b = widen_scalar(w, c->b);
    if (c->kind == CHECK_COMPARE) return ir_opx(f, IR_ICMP, type, 0, c->cmp, 0, a, b, IR_NONE);
    ir_ref d = ir_op2(f, IR_SUB, type, a, b);
    return ir_opx(f, IR_ICMP, type, 0, c->cmp, 0, d, constant(f, type, c->value), IR_NONE);
}

static void note_block(struct pass *p, u32 source)
{
    p->source[p->sources++] = source;
}

/* A block for each check, which leads to the next or to the loop; then the widened block. */
static void emit_checks(struct pass *p, u32 b)
{
    struct ir_func *f = p->to;
    u32 wide = f->block_count + p->checks, loop = wide + 1;
    u64 pc = p->f->block[b].pc;
    for (u32 n = 0; n < p->checks; n++) {
        widen_begin(&p->w, pc);
        u32 next = f->block_count;
        ir_ref holds = emit_check(p, &p->check[n]);
        ir_opx(f, IR_BR, IR_VOID, 0, 0, next, holds, loop, IR_NONE);
        ir_end_block(f);
        f->block[next - 1].samples = p->f->block[b].samples;
        note_block(p, 0);
    }
}

/* --- one loop ------------------------------------------------------------------------------------
 */

static u32 count_in_turn(const struct widen *w, unsigned op)
{
    u32 count = 0;
    for (u32 n = 0; n < w->loop.count; n++) {
        const struct ir_block *b = &w->f->block[w->loop.block[n]];
        for (ir_ref r = b->first; r < b->end; r++) count += w->f->inst[r].op == op;
    }
    return count;
}

/* Something is stored where the turns load too. */
static bool is_in_place(const struct widen *w)
{
    for (u32 n = 0; n < w->range_count; n++) {
        const struct widen_range *r = &w->range[n];
        bool both = r->loads && r->stores;
        if (both && r->load_from < r->store_to && r->store_from < r->load_to) return true;
    }
    return false;
}

/* Evaluates the loop, as many turns as are good. Sums have a last turn by itself; what changes its
 * input has but one store, so that a fault finds all done or nothing. */
static bool evaluate(struct widen *w)
{
    u32 stores = count_in_turn(w, IR_STORE), words = stores ? stores : count_in_turn(w, IR_LOAD);
    if (!words) return false;
    u32 turns = words > WIDEN_MEMORY / 2 ? 2 : WIDEN_MEMORY / words;
    if (!widen_evaluate(w, stores ? turns : turns + 1)) return false;
    if (!is_in_place(w)) return true;
    turns = WIDEN_LANES / stores;
    return stores * turns == WIDEN_LANES && turns > 1 && widen_evaluate(w, turns);
}

static bool prepare(struct pass *p)
{
    p->w.failed = false;
    p->checks = 0;
    if (!evaluate(&p->w) || !check_branches(p) || !widen_group_stores(&p->w)) return false;
    check_followers(p);
    check_pages(p);
    check_places(p);
    check_stores(p);
    return !p->w.failed;
}

/* Emits what goes in front of the loop with head b. False: nothing does. */
static bool widen_loop(struct pass *p, u32 b)
{
    struct ir_func *f = p->to;
    u32 blocks = f->block_count, sources = p->sources;
    ir_ref count = f->count;
    if (!prepare(p)) return false;
    emit_checks(p, b);
    if (!widen_emit_turns(&p->w)) {
        f->count = count;
        f->block_count = blocks;
        p->sources = sources;
        return false;
    }
    ir_opx(f, IR_JUMP, IR_VOID, 0, 0, blocks, IR_NONE, IR_NONE, IR_NONE);
    ir_end_block(f);
    f->block[f->block_count - 1].samples = p->f->block[b].samples;
    note_block(p, 0);
    bool again = p->w.loop.entered; /* or there are checks that may hold later */
    for (u32 n = 0; n < p->checks; n++)
        again |= p->check[n].kind == CHECK_FOLLOWS || p->check[n].kind == CHECK_PAGE;
    for (u32 n = 0; n < p->w.loop.count; n++) {
        p->done[p->w.loop.block[n]] = true;
        if (!again) p->head[p->w.loop.block[n]] = b + 1;
    }
    return true;
}

/* --- the function --------------------------------------------------------------------------------
 */

static void copy_block(struct pass *p, u32 b)
{
    const struct ir_block *from = &p->f->block[b];
    u32 n = ir_begin_block(p->to, from->pc);
    p->to->block[n].entry = from->entry;
    p->to->block[n].target = from->target;
    p->to->block[n].samples = from->samples;
    p->copy[b] = n;
    for (ir_ref r = from->first; r < from->end; r++) {
        const struct ir_inst *i = &p->f->inst[r];
        struct ir_inst *c = ir_append(p->to, i->op, i->type);
        *c = *i;
        for (unsigned k = 0; k < ir_op_args[i->op]; k++) c->arg[k] = p->map[i->arg[k]];
        p->map[r] = ir_ref_of(p->to, c);
    }
    ir_end_block(p->to);
    note_block(p, b + 1);
}

static u32 new_target(const struct pass *p, u32 from, u32 to)
{
    return p->head[from] == to + 1 ? p->copy[to] : p->way[to];
}

static void lead_on(struct pass *p)
{
    for (u32 n = 0; n < p->to->block_count; n++) {
        struct ir_inst *end = &p->to->inst[p->to->block[n].end - 1];
        u32 from = p->source[n] - 1;
        if (!p->source[n] || (end->op != IR_JUMP && end->op != IR_BR)) continue;
        end->imm = new_target(p, from, (u32)end->imm);
        if (end->op == IR_BR) end->arg[1] = new_target(p, from, end->arg[1]);
    }
}

static struct pass *start(const struct ir_func *f)
{
    struct arena *a = f->arena;
    struct pass *p = arena_zalloc(a, sizeof *p);
    struct widen *w = &p->w;
    u32 most = f->block_count * (MAX_CHECKS + 2);
    p->f = w->f = f;
    p->to = w->to = ir_new(a, 2 * f->count);
    p->to->pc = f->pc;
    p->map = arena_zalloc(a, f->count * sizeof *p->map);
    p->way = arena_zalloc(a, f->block_count * sizeof *p->way);
    p->copy = arena_zalloc(a, f->block_count * sizeof *p->copy);
    p->head = arena_zalloc(a, f->block_count * sizeof *p->head);
    p->done = arena_zalloc(a, f->block_count);
    p->source = arena_zalloc(a, most * sizeof *p->source);
    w->arena = a;
    w->map = p->map;
    w->value = arena_alloc(a, f->count * sizeof *w->value);
    w->node = arena_alloc(a, WIDEN_NODES * sizeof *w->node);
    w->stream = arena_alloc(a, WIDEN_STREAMS * sizeof *w->stream);
    w->pack = arena_alloc(a, WIDEN_PACKS * sizeof *w->pack);
    return p;
}

struct ir_func *opt_widen(struct ir_func *f)
{
    bool has_samples, any = false;
    if (!f->merged || !find_any(f, &has_samples)) return f;
    struct pass *p = start(f);
    for (u32 b = 0; b < f->block_count; b++) {
        p->way[b] = p->to->block_count;
        any |= !p->done[b] && find_loop(f, b, has_samples, &p->w.loop) && widen_loop(p, b);
        copy_block(p, b);
    }
    if (!any) return f;
    lead_on(p);
    ir_link_blocks(p->to);
    return p->to;
}
