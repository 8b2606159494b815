/*
 * The order of long stretches in which few values live at once.
 *
 * Compilers and hand-written loops interleave independent computations, as many as the guest has
 * registers for: 32 vectors where this host has 16. A stretch holds nothing but values, and GETs
 * and SETs of registers: nothing in it may fault, leave, raise an exception or touch memory, so
 * nobody can tell in which order its instructions run. They are emitted one computation after the
 * other, each being what has values in common, GETs and constants apart; in it for each SET, in
 * their order, what its value needs, depth first, operands that take more registers to compute
 * first (Sethi and Ullman, The generation of optimal code for arithmetic expressions, 1970).
 *
 * A SET follows as soon as its value is there and all that the stretch GETs from the slot has been
 * used: then the value may be computed right into the slot's place, and GETs are read where they
 * are needed. What computes flags or uses them stays where it is: the host's flags last from one
 * instruction to the next. So does what is behind the last INSN, which belongs to that.
 *
 * A stretch gets the new order where that takes clearly less registers. Else its own is the better
 * one: compilers have arranged it so that results are waited for as little as possible.
 */
#include "aot/opt/pass.h"

#include <string.h>

#define LONG 100 /* instructions of a stretch; shorter ones are not looked at */

/* Registers that a host may have for values. */
#define GENERAL 12
#define VECTORS 14

struct order {
    struct ir_func *f;
    ir_ref first, end;          /* the stretch */
    ir_ref set[SLOT_REGISTERS]; /* by slot: the stretch's SET, or IR_NONE */
    u32 reads[SLOT_REGISTERS];  /* uses to come of what the stretch GETs from the slot */
    ir_ref *sequence;           /* the new order so far */
    u32 count;
    struct stream {
        ir_ref *set, *stack; /* SETs whose values are to be placed; what waits for operands */
        u32 sets, next, depth;
        u32 values, placed; /* instructions: all, and those that have their places */
    } stream[2];            /* of vectors alone: 1; of the rest: 0 */
    struct node {
        ir_ref place; /* in the new order, or IR_NONE */
        ir_ref sets; /* of a value: its first SET in the stretch; of a SET: the next of its value */
        ir_ref root; /* an earlier one of the same computation, or itself if it is the first */
        u32 size;    /* of a root: the computation's instructions */
        u8 kinds;    /* of a root: bits of what it computes, general 0, vectors 1 */
        bool queued; /* of a root: it belongs to a stream */
        u32 left;    /* uses to come */
        u32 need;    /* registers that it takes to compute the value */
    } * node;        /* by instruction, from the stretch's first */
};

static struct node *node_of(const struct order *o, ir_ref r)
{
    return &o->node[r - o->first];
}

static bool inside(const struct order *o, ir_ref r)
{
    return r >= o->first && r < o->end;
}

/* Computed by an instruction of the stretch: it takes a register. */
static bool is_computed(const struct order *o, ir_ref r)
{
    return inside(o, r) && ir_op_args[o->f->inst[r].op];
}

static bool is_vector(const struct order *o, ir_ref r)
{
    return ir_value_type(&o->f->inst[r]) >= IR_F16;
}

/* --- stretches -----------------------------------------------------------------------------------
 */

static bool is_flag(const struct ir_inst *i)
{
    unsigned type = ir_value_type(i);
    return type == IR_BOOL || type == IR_FLAGS;
}

static bool is_movable(const struct ir_func *f, const struct ir_inst *i)
{
    switch (ir_op_kind[i->op]) {
    case IR_KIND_NOTHING: return true;
    case IR_KIND_GET:
    case IR_KIND_SET: return i->imm < SLOT_REGISTERS;
    case IR_KIND_VALUE: break;
    default: return false;
    }
    for (unsigned k = 0; k < ir_op_args[i->op]; k++)
        if (is_flag(&f->inst[i->arg[k]])) return false;
    return !is_flag(i);
}

/* The end of the stretch that begins at r, and in *next where another may begin. Nothing accesses
 * a slot behind its SET. */
static ir_ref find_end(const struct ir_func *f, ir_ref r, ir_ref end, ir_ref *next)
{
    ir_ref last = r;
    u64 sets = 0;
    for (; r < end && is_movable(f, &f->inst[r]); r++) {
        const struct ir_inst *i = &f->inst[r];
        if (i->op == IR_INSN) last = r;
        if (i->op != IR_GET && i->op != IR_SET) continue;
        if (sets >> i->imm & 1) break;
        if (i->op == IR_SET) sets |= UINT64_C(1) << i->imm;
    }
    *next = r < end && is_movable(f, &f->inst[r]) ? r : r + 1;
    return last;
}

/* --- what it takes -------------------------------------------------------------------------------
 */

/* Of the operands that need most one is computed first, then held while the next is, and so on. */
static u32 need_of(const struct order *o, const struct ir_inst *i)
{
    u32 need[3] = {0, 0, 0};
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
        u32 n = is_computed(o, i->arg[k]) ? node_of(o, i->arg[k])->need : 0;
        for (unsigned m = 0; m < 3; m++) {
            u32 lower = need[m];
            if (n <= lower) continue;
            need[m] = n;
            n = lower;
        }
    }
    u32 most = need[0] ? need[0] : 1;
    for (u32 m = 1; m < 3; m++)
        if (need[m] && need[m] + m > most) most = need[m] + m;
    return most;
}

/* The first instruction of the computation that r is part of. */
static ir_ref root_of(const struct order *o, ir_ref r)
{
    for (; node_of(o, r)->root != r; r = node_of(o, r)->root)
        node_of(o, r)->root = node_of(o, node_of(o, r)->root)->root;
    return r;
}

/* What r computes from is of the same computation. */
static void join_operands(const struct order *o, ir_ref r)
{
    const struct ir_inst *i = &o->f->inst[r];
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
        if (!is_computed(o, i->arg[k])) continue;
        ir_ref a = root_of(o, i->arg[k]), b = root_of(o, r);
        node_of(o, a < b ? b : a)->root = a < b ? a : b;
    }
}

static void look_at(struct order *o, ir_ref r)
{
    const struct ir_inst *i = &o->f->inst[r];
    struct node *n = node_of(o, r);
    *n = (struct node){.root = r, .left = i->uses, .need = need_of(o, i)};
    join_operands(o, r);
    if (i->op == IR_GET) o->reads[i->imm] += i->uses;
    if (i->op != IR_SET) return;
    o->set[i->imm] = r;
    if (!inside(o, i->arg[0])) return;
    n->sets = node_of(o, i->arg[0])->sets;
    node_of(o, i->arg[0])->sets = r;
}

/* How many values there are above those that registers can hold, summed over all places between
 * instructions. */
static u64 excess(const struct order *o, const ir_ref *sequence, u32 count)
{
    static const u32 room[2] = {GENERAL, VECTORS};
    u32 live[2] = {0, 0};
    u64 sum = 0;
    for (ir_ref r = o->first; r < o->end; r++) node_of(o, r)->left = o->f->inst[r].uses;
    for (u32 n = 0; n < count; n++) {
        ir_ref r = sequence ? sequence[n] : o->first + n;
        const struct ir_inst *i = &o->f->inst[r];
        for (unsigned k = 0; k < ir_op_args[i->op]; k++)
            if (is_computed(o, i->arg[k]) && !--node_of(o, i->arg[k])->left)
                live[is_vector(o, i->arg[k])]--;
        if (i->op != IR_SET && is_computed(o, r)) live[is_vector(o, r)]++;
        for (unsigned kind = 0; kind < 2; kind++)
            if (live[kind] > room[kind]) sum += live[kind] - room[kind];
    }
    return sum;
}

/* --- the new order -------------------------------------------------------------------------------
 */

static void place(struct order *o, ir_ref r)
{
    node_of(o, r)->place = o->first + o->count;
    o->sequence[o->count++] = r;
}

/* The guest instruction that r is of comes first, so that a line table finds it. */
static void place_insn(struct order *o, ir_ref r)
{
    while (r > o->first && o->f->inst[r].op != IR_INSN) r--;
    if (o->f->inst[r].op == IR_INSN && !node_of(o, r)->place) place(o, r);
}

static void place_set(struct order *o, ir_ref set)
{
    const struct ir_inst *i = &o->f->inst[set];
    if (node_of(o, set)->place || o->reads[i->imm]) return;
    if (inside(o, i->arg[0]) && !node_of(o, i->arg[0])->place) return;
    place_insn(o, set);
    place(o, set);
}

/* Operands are there. SETs that have waited for this follow. */
static void place_value(struct order *o, ir_ref r)
{
    const struct ir_inst *i = &o->f->inst[r];
    place_insn(o, r);
    place(o, r);
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
        const struct ir_inst *a = &o->f->inst[i->arg[k]];
        if (!inside(o, i->arg[k]) || a->op != IR_GET) continue;
        if (!--o->reads[a->imm] && o->set[a->imm]) place_set(o, o->set[a->imm]);
    }
    for (ir_ref set = node_of(o, r)->sets; set; set = node_of(o, set)->sets) place_set(o, set);
}

/* Of the operands that are still to be computed the one that takes most, or IR_NONE. */
static ir_ref next_operand(const struct order *o, ir_ref r)
{
    const struct ir_inst *i = &o->f->inst[r];
    ir_ref next = IR_NONE;
    for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
        ir_ref a = i->arg[k];
        if (!inside(o, a) || node_of(o, a)->place) continue;
        if (!next || node_of(o, a)->need > node_of(o, next)->need) next = a;
    }
    return next;
}

/* Places the stream's next value, and what it may still need first. False: all are placed. */
static bool advance(struct order *o, struct stream *s)
{
    while (s->depth || s->next < s->sets) {
        if (!s->depth) {
            ir_ref set = s->set[s->next++];
            place_set(o, set);
            s->stack[s->depth++] = o->f->inst[set].arg[0];
        }
        ir_ref r = s->stack[s->depth - 1];
        if (!inside(o, r) || node_of(o, r)->place) {
            s->depth--;
            continue;
        }
        ir_ref operand = next_operand(o, r);
        if (operand) {
            s->stack[s->depth++] = operand;
            continue;
        }
        s->depth--;
        place_value(o, r);
        s->placed++;
        return true;
    }
    return false;
}

/* What the SETs of r's computation need, SET by SET. */
static void queue_computation(struct order *o, ir_ref r)
{
    ir_ref root = root_of(o, r);
    struct stream *s = &o->stream[node_of(o, root)->kinds == 1 << 1];
    node_of(o, root)->queued = true;
    for (; r < o->end; r++)
        if (o->f->inst[r].op == IR_SET && root_of(o, r) == root) s->set[s->sets++] = r;
}

static void queue_all(struct order *o)
{
    for (ir_ref r = o->first; r < o->end; r++) {
        if (!is_computed(o, r) || o->f->inst[r].op == IR_SET) continue;
        struct node *root = node_of(o, root_of(o, r));
        root->kinds |= 1 << is_vector(o, r);
        root->size++;
    }
    for (ir_ref r = o->first; r < o->end; r++) {
        struct node *root = node_of(o, root_of(o, r));
        if (o->f->inst[r].op != IR_SET || root->queued) continue;
        queue_computation(o, r);
        o->stream[root->kinds == 1 << 1].values += root->size;
    }
}

/* Each stream is as far as the other, by its length. */
static void place_streams(struct order *o)
{
    struct stream *a = &o->stream[0], *b = &o->stream[1];
    for (bool more = true; more;) {
        bool behind = (u64)a->placed * b->values <= (u64)b->placed * a->values;
        more = advance(o, behind ? a : b) || advance(o, behind ? b : a);
    }
}

static void place_all(struct order *o)
{
    const struct ir_inst *inst = o->f->inst;
    queue_all(o);
    place_streams(o);
    for (ir_ref r = o->first; r < o->end; r++) {
        if (ir_op_kind[inst[r].op] != IR_KIND_VALUE && inst[r].op != IR_GET) continue;
        o->stream[0].stack[o->stream[0].depth++] = r;
        while (advance(o, &o->stream[0])) {
        }
    }
    for (ir_ref r = o->first; r < o->end; r++)
        if (!node_of(o, r)->place) place(o, r);
}

/* All that refers to the stretch comes behind it, or in it. */
static void move_all(struct order *o)
{
    struct ir_func *f = o->f;
    u32 size = o->end - o->first;
    struct ir_inst *old = arena_alloc(f->arena, size * sizeof *old);
    memcpy(old, &f->inst[o->first], size * sizeof *old);
    for (u32 n = 0; n < size; n++) f->inst[o->first + n] = old[o->sequence[n] - o->first];
    for (ir_ref r = o->first; r < f->count; r++) {
        struct ir_inst *i = &f->inst[r];
        for (unsigned k = 0; k < ir_op_args[i->op]; k++)
            if (inside(o, i->arg[k])) i->arg[k] = node_of(o, i->arg[k])->place;
    }
}

/* True: the stretch has a new order. */
static bool order_stretch(struct ir_func *f, ir_ref first, ir_ref end)
{
    u32 size = end - first;
    struct order o = {.f = f, .first = first, .end = end};
    o.node = arena_alloc(f->arena, size * sizeof *o.node);
    for (ir_ref r = first; r < end; r++) look_at(&o, r);
    u64 before = excess(&o, NULL, size);
    if (before < size / 4) return false;
    o.sequence = arena_alloc(f->arena, 5 * size * sizeof *o.sequence);
    for (unsigned k = 0; k < 2; k++) {
        o.stream[k].set = o.sequence + (2 * k + 1) * size;
        o.stream[k].stack = o.sequence + (2 * k + 2) * size;
    }
    place_all(&o);
    if (excess(&o, o.sequence, size) > before / 2) return false;
    move_all(&o);
    return true;
}

bool opt_order(struct ir_func *f)
{
    bool changed = false;
    for (u32 b = 0; b < f->block_count; b++) {
        ir_ref end = f->block[b].end, next;
        if (end - f->block[b].first < LONG) continue;
        for (ir_ref r = f->block[b].first; r < end; r = next) {
            ir_ref last = find_end(f, r, end, &next);
            if (last - r >= LONG) changed |= order_stretch(f, r, last);
        }
    }
    return changed;
}
