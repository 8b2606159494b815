/*
 * The look back over a function (ir.h, struct ir_look): one walk backward through each block finds
 * what nobody sees, which the optimiser drops, and what a generator wants to know before it goes
 * forward.
 *
 * Who sees what. A SET goes when another SET of the slot follows and nothing in between can see the
 * slots. NZCV is followed across blocks too, and exits may say that its value is dead. A value goes
 * when it has no uses left; loads stay, since they may fault, and so does what may raise a
 * floating-point exception.
 *
 * Hints. A value that is SET to a slot may be computed right into the place of the slot when, from
 * its definition to the SET, nothing reads or writes the slot and no operation that needs exact
 * state could see it half-way. The SET, which the walk meets first, leaves its number in the note
 * of the value; when the walk comes to the definition, it finds out whether that holds. A SET that
 * goes because another follows leaves that one's number: what the slot holds until then nobody
 * sees, so its place is free for the value, as it was for the guest. A hint goes on to an
 * operand that is wanted for nothing else.
 */
#include "aot/ir/ir.h"

#include <assert.h>

#define LOOP_WEIGHT 8 /* an access in a loop counts as this many */
#define MAX_WEIGHT  512

/* --- NZCV across blocks --------------------------------------------------------------------------
 */

enum nzcv { NZCV_PASSES, NZCV_SEEN, NZCV_DIES };

static inline enum nzcv nzcv_effect(const struct ir_inst *i)
{
    bool dead = i->mod & IR_EXIT_NZCV_DEAD;
    switch (ir_op_kind[i->op]) {
    case IR_KIND_GET: return i->imm == SLOT_NZCV ? NZCV_SEEN : NZCV_PASSES;
    case IR_KIND_SET: return i->imm == SLOT_NZCV ? NZCV_DIES : NZCV_PASSES;
    case IR_KIND_POINT: return NZCV_SEEN;
    case IR_KIND_EXIT_IF: return dead ? NZCV_PASSES : NZCV_SEEN;
    case IR_KIND_END:
        if (i->op == IR_JUMP || i->op == IR_BR) return NZCV_PASSES;
        return i->op != IR_TRAP && dead ? NZCV_DIES : NZCV_SEEN;
    default: return NZCV_PASSES;
    }
}

/* The first thing that happens to NZCV in a block. */
static enum nzcv block_effect(const struct ir_func *f, const struct ir_block *b)
{
    enum nzcv effect = NZCV_PASSES;
    for (ir_ref r = b->first; r < b->end && effect == NZCV_PASSES; r++)
        effect = nzcv_effect(&f->inst[r]);
    return effect;
}

static bool seen_behind(const struct ir_func *f, const struct ir_block *b)
{
    u32 own[2];
    unsigned n;
    const u32 *to = ir_successors(f, b, own, &n);
    for (unsigned k = 0; k < n; k++)
        if (f->block[to[k]].sees_nzcv) return true;
    return false;
}

/* Whether NZCV may be seen on a way from the start of a block before it is SET: where a block does
 * so itself, and from there to predecessors that pass it on. */
static void find_nzcv(struct ir_func *f)
{
    u8 *effect = arena_alloc(f->arena, f->block_count);
    for (u32 b = 0; b < f->block_count; b++) {
        effect[b] = (u8)block_effect(f, &f->block[b]);
        f->block[b].sees_nzcv = effect[b] == NZCV_SEEN;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            struct ir_block *block = &f->block[b];
            if (block->sees_nzcv || effect[b] != NZCV_PASSES || !seen_behind(f, block)) continue;
            block->sees_nzcv = changed = true;
        }
    }
}

/* --- the walk ------------------------------------------------------------------------------------
 */

struct walk {
    struct ir_func *f;
    struct ir_look *look;
    bool drop;
    bool dropped_nzcv; /* a GET of NZCV has been dropped */
    u32 weight;        /* of an access in this block */
    u64 in_loop;       /* all ones when that is more than one, else 0 */
    ir_ref first;      /* of the block */
    bool sees_nzcv;    /* by what is behind, before it is SET */
    u64 doomed[2];     /* slots that will be SET before anything sees them, NZCV apart */
    u64 sets;          /* register slots that the block SETs */
    ir_ref next;       /* the nearest instruction behind that has something to do */
    ir_ref next_point; /* the nearest behind that needs exact state */
    ir_ref next_access[SLOT_REGISTERS]; /* likewise of the slot's GETs and SETs; may be another
                                           block's */
};

/* The instruction goes; uses are kept. */
static void drop(struct ir_func *f, struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) f->inst[i->arg[k]].uses--;
    *i = (struct ir_inst){.op = IR_NOP};
}

static inline void count_access(struct walk *w, ir_ref r, unsigned slot)
{
    struct ir_look *l = w->look;
    u64 bit = UINT64_C(1) << slot;
    w->next_access[slot] = r;
    l->accesses[slot] += w->weight;
    l->often |= (l->seen | w->in_loop) & bit;
    l->seen |= bit;
}

static inline void look_at_get(struct walk *w, ir_ref r, unsigned slot)
{
    if (slot == SLOT_NZCV) {
        w->sees_nzcv = true;
        return;
    }
    w->doomed[slot >> 6] &= ~(UINT64_C(1) << (slot & 63));
    if (slot < SLOT_REGISTERS) count_access(w, r, slot);
}

/* What takes a place of its own: not what may be had for nothing as another name of its operand,
 * and no scalar, which would have to be cleared above. */
static inline bool takes_a_place(unsigned op)
{
    return (op >= IR_ADD && op < IR_ZEXT) || op == IR_LOAD || (op >= IR_VSETI && op < IR_FADD) ||
           op >= IR_AESE;
}

/* The value's place may be that of the slot up to the SET of another value. */
static inline void wish_for_doomed(const struct walk *w, ir_ref v, unsigned slot)
{
    struct ir_inst *i = &w->f->inst[v];
    if (v >= w->first && takes_a_place(i->op) && !i->note) i->note = w->next_access[slot];
}

/* False: nobody sees it, and nothing was done. */
static inline bool look_at_set(struct walk *w, ir_ref r, const struct ir_inst *i)
{
    unsigned slot = (unsigned)i->imm;
    u64 bit = UINT64_C(1) << (slot & 63);
    if (slot == SLOT_NZCV) {
        bool seen = w->sees_nzcv || !w->drop;
        w->sees_nzcv = false;
        return seen;
    }
    if (w->drop && w->doomed[slot >> 6] & bit) {
        if (slot < SLOT_REGISTERS) wish_for_doomed(w, i->arg[0], slot);
        return false;
    }
    w->doomed[slot >> 6] |= bit;
    if (slot >= SLOT_REGISTERS) return true;
    if (i->arg[0] >= w->first) w->f->inst[i->arg[0]].note = r;
    w->sets |= bit;
    count_access(w, r, slot);
    return true;
}

/* Control leaves, or may: what it does to NZCV is the exit's to say. */
static inline void look_at_exit(struct walk *w, const struct ir_inst *i)
{
    enum nzcv effect = nzcv_effect(i);
    w->doomed[0] = w->doomed[1] = 0;
    if (effect != NZCV_PASSES) w->sees_nzcv = effect == NZCV_SEEN;
}

static inline void look_at_point(struct walk *w, ir_ref r)
{
    w->doomed[0] = w->doomed[1] = 0;
    w->sees_nzcv = true;
    w->next_point = r;
}

/* The slot that the value may be computed into, plus 1, or 0: its note is the wish of a SET. */
static inline unsigned hint(const struct walk *w, const struct ir_inst *i)
{
    ir_ref set = i->note;
    unsigned slot = (unsigned)w->f->inst[set].imm;
    return w->next_point < set || w->next_access[slot] != set ? 0 : slot + 1;
}

/* The value may be computed into the slot of the SET: it has such a place, and one use. */
static inline bool may_pass(const struct walk *w, ir_ref v, ir_ref set)
{
    const struct ir_inst *i = &w->f->inst[v];
    if (v < w->first || i->uses != 1 || !takes_a_place(i->op)) return false;
    bool general = i->op == IR_LOAD ? i->type < IR_F16 : i->op < IR_ZEXT;
    return general == (w->f->inst[set].imm < SLOT_V0);
}

/* What i is computed from, where that is wanted for nothing else, may have the same place before;
 * but sums, whose three places may differ on most hosts. `set` is the SET that the place is of. */
static inline void pass_on(const struct walk *w, const struct ir_inst *i, ir_ref set)
{
    if (!ir_op_args[i->op] || i->op == IR_ADD) return;
    if (may_pass(w, i->arg[0], set))
        w->f->inst[i->arg[0]].note = set;
    else if (ir_has(i->op, IR_FL_COMM) && may_pass(w, i->arg[1], set))
        w->f->inst[i->arg[1]].note = set;
}

/* Looks at instruction r; false: nobody sees it. */
static inline bool look_at(struct walk *w, ir_ref r, const struct ir_inst *i, unsigned kind)
{
    switch (kind) {
    case IR_KIND_VALUE: return i->uses || !w->drop;
    case IR_KIND_GET:
        if (!i->uses && w->drop) {
            w->dropped_nzcv |= i->imm == SLOT_NZCV;
            return false;
        }
        look_at_get(w, r, (unsigned)i->imm);
        return true;
    case IR_KIND_SET: return look_at_set(w, r, i);
    case IR_KIND_POINT: look_at_point(w, r); return true;
    case IR_KIND_EXIT_IF: w->next_point = r; /* fallthrough */
    case IR_KIND_END: look_at_exit(w, i); return true;
    default: return true;
    }
}

static void look_at_block(struct walk *w, struct ir_block *b)
{
    struct ir_inst *inst = w->f->inst, *first = &inst[b->first];
    w->first = b->first;
    w->doomed[0] = w->doomed[1] = w->sets = 0;
    w->next_point = UINT32_MAX;
    ir_ref next = b->end, r = b->end;
    for (struct ir_inst *i = &inst[b->end]; i-- != first;) {
        unsigned kind = ir_op_kind[i->op];
        r--;
        if (kind == IR_KIND_NOTHING) continue;
        ir_ref set = i->note;
        unsigned into = set ? hint(w, i) : 0;
        if (!look_at(w, r, i, kind)) {
            drop(w->f, i);
            continue;
        }
        if (into) pass_on(w, i, set);
        i->note = ir_look_note(into, w->sees_nzcv, next - r);
        next = r;
    }
    b->work = next;
    b->sets = w->sets;
}

/* --- the whole -----------------------------------------------------------------------------------
 */

static void weigh(u32 *weight, u32 first, u32 last)
{
    for (u32 b = first; b <= last; b++)
        if (weight[b] < MAX_WEIGHT) weight[b] *= LOOP_WEIGHT;
}

static bool ends_by(const struct ir_func *f, u32 b, unsigned op)
{
    return f->inst[f->block[b].end - 1].op == op;
}

/* What JUMPINDs lead around in is one loop. */
static void weigh_blocks(const struct ir_func *f, u32 *weight)
{
    u32 last = 0;
    for (u32 b = 0; b < f->block_count; b++) weight[b] = 1;
    for (u32 b = 0; b < f->block_count; b++) {
        if (ends_by(f, b, IR_JUMPIND)) {
            last = b;
            continue;
        }
        u32 own[2];
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        for (unsigned k = 0; k < n; k++)
            if (to[k] <= b) weigh(weight, to[k], b);
    }
    if (f->target_count && f->target[0] <= last) weigh(weight, f->target[0], last);
}

static void look_at_blocks(struct walk *w)
{
    struct ir_func *f = w->f;
    u32 *weight = arena_alloc(f->arena, f->block_count * sizeof(*weight));
    weigh_blocks(f, weight);
    find_nzcv(f);
    for (u32 b = f->block_count; b-- > 0;) {
        w->weight = weight[b];
        w->in_loop = weight[b] > 1 ? ~UINT64_C(0) : 0;
        w->sees_nzcv = seen_behind(f, &f->block[b]);
        look_at_block(w, &f->block[b]);
    }
}

/* True: NZCV must be looked at again. What was dropped in one block may have been all that another
 * kept it for. */
static bool walk(struct ir_func *f, bool drop_dead)
{
    struct walk w; /* most of it needs no value before it gets one */
    bool single = f->block_count == 1 && !f->block[0].preds;
    w.f = f;
    w.look = &f->look;
    w.drop = drop_dead;
    w.dropped_nzcv = w.sees_nzcv = false;
    w.weight = 1;
    w.in_loop = 0;
    if (single)
        look_at_block(&w, &f->block[0]);
    else
        look_at_blocks(&w);
    return !single && w.dropped_nzcv;
}

/* Hints are wishes again: some of the SETs that they came from are gone. */
static void forget_block(struct ir_func *f, const struct ir_block *b)
{
    ir_ref set[SLOT_REGISTERS] = {IR_NONE};
    for (ir_ref r = b->end; r-- > b->first;) {
        struct ir_inst *i = &f->inst[r];
        unsigned into = ir_hint(i);
        i->note = into ? set[into - 1] : IR_NONE;
        if (i->op == IR_SET && i->imm < SLOT_REGISTERS) set[i->imm] = r;
    }
}

static void forget(struct ir_func *f)
{
    for (u32 b = 0; b < f->block_count; b++) forget_block(f, &f->block[b]);
    f->look = (struct ir_look){0};
}

void ir_look_back(struct ir_func *f, bool drop_dead)
{
    assert(f->count < IR_LOOK_MAX);
    if (f->looked) forget(f);
    f->looked = true;
    if (walk(f, drop_dead)) {
        forget(f);
        walk(f, false);
    }
}
