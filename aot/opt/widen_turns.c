/*
 * What several turns of a loop compute (widen.h).
 *
 * The block is evaluated turn by turn on nodes in place of values. Sums of a constant and what is
 * there from the start are kept as such, so that addresses of different turns differ by a constant
 * that can be seen; equal nodes are one, so that what doesn't change is the same in all turns.
 *
 * A pointer that is another one of the turn before has no fixed distance to it in the first turn,
 * though it mostly has: that is taken for granted here and checked where the loop begins.
 */
#include "aot/opt/widen.h"

#include <string.h>

#define HASHES ((u32)(sizeof((struct widen *)0)->hash / sizeof(u32)))

/* --- nodes ---------------------------------------------------------------------------------------
 */

static u32 hash_of(const struct widen_node *n)
{
    u64 h = n->kind + (u64)n->type * 31 + (u64)n->head * 131 + (u64)n->imm * 0x9e3779b97f4a7c15u;
    for (unsigned k = 0; k < 3; k++) h = (h ^ n->arg[k]) * 0x9e3779b97f4a7c15u;
    return (u32)(h >> 40) % HASHES;
}

static bool is_same(const struct widen_node *a, const struct widen_node *b)
{
    return a->kind == b->kind && a->type == b->type && a->head == b->head && a->imm == b->imm &&
           memcmp(a->arg, b->arg, sizeof a->arg) == 0;
}

static u32 find_node(struct widen *w, struct widen_node n)
{
    u32 *bucket = &w->hash[hash_of(&n)];
    for (u32 k = *bucket; k; k = w->node[k].next)
        if (is_same(&w->node[k], &n)) return k;
    if (w->count == WIDEN_NODES) {
        w->failed = true;
        return 1;
    }
    n.next = *bucket;
    w->node[w->count] = n;
    return *bucket = w->count++;
}

/* Something has read what the slot holds when the turns begin. */
static bool is_read(const struct widen *w, unsigned slot)
{
    for (u32 n = 1; n < w->count; n++)
        if (w->node[n].kind == WIDEN_ENTRY && w->node[n].imm == slot) return true;
    return false;
}

u32 widen_entry(struct widen *w, unsigned type, unsigned slot)
{
    return find_node(w, (struct widen_node){.kind = WIDEN_ENTRY, .type = (u8)type, .imm = slot});
}

static bool is_start(const struct widen *w, u32 n)
{
    return w->node[n].kind == WIDEN_ENTRY || w->node[n].kind == WIDEN_OUTER;
}

static bool is_constant(const struct widen *w, u32 n)
{
    return n && widen_is(w, n, IR_CONST);
}

/* x and a constant, where that is a sum; else 0. */
static u32 sum(struct widen *w, u32 x, s64 more)
{
    unsigned type = w->node[x].type;
    if (w->node[x].kind == WIDEN_SUM) {
        more = (s64)((u64)more + (u64)w->node[x].imm);
        x = w->node[x].arg[0];
    }
    if (!is_start(w, x)) return 0;
    if (type == IR_I32) more = (s32)more;
    if (!more) return x;
    return find_node(
        w, (struct widen_node){.kind = WIDEN_SUM, .type = (u8)type, .imm = more, .arg = {x}});
}

/* The low half of x, where that is a slot's and a constant; else 0. */
static u32 low_half(struct widen *w, u32 x)
{
    u32 of = w->node[x].kind == WIDEN_SUM ? w->node[x].arg[0] : x;
    if (w->node[of].kind != WIDEN_ENTRY) return 0;
    u32 low = widen_entry(w, IR_I32, (unsigned)w->node[of].imm);
    return of == x ? low : sum(w, low, w->node[x].imm);
}

static u32 operation(struct widen *w, const struct ir_inst *i, unsigned type, const u32 arg[3])
{
    u32 folded = 0;
    if (i->op == IR_TRUNC) folded = low_half(w, arg[0]);
    if (i->op == IR_ADD && is_constant(w, arg[1])) folded = sum(w, arg[0], w->node[arg[1]].imm);
    if (i->op == IR_ADD && is_constant(w, arg[0])) folded = sum(w, arg[1], w->node[arg[0]].imm);
    if (i->op == IR_SUB && is_constant(w, arg[1]))
        folded = sum(w, arg[0], (s64) - (u64)w->node[arg[1]].imm);
    if (folded) return folded;
    return find_node(w, (struct widen_node){.kind = WIDEN_OP,
                                            .type = (u8)type,
                                            .head = i->head,
                                            .imm = i->imm,
                                            .arg = {arg[0], arg[1], arg[2]}});
}

/* --- one turn ------------------------------------------------------------------------------------
 */

static bool is_inside(const struct widen *w, ir_ref r)
{
    for (u32 n = 0; n < w->loop.count; n++) {
        const struct ir_block *b = &w->f->block[w->loop.block[n]];
        if (r >= b->first && r < b->end) return true;
    }
    return false;
}

static u32 value_of(struct widen *w, ir_ref r)
{
    if (r == IR_NONE) return 0;
    if (is_inside(w, r)) return w->value[r];
    unsigned type = ir_value_type(&w->f->inst[r]);
    return find_node(w, (struct widen_node){.kind = WIDEN_OUTER, .type = (u8)type, .imm = r});
}

static int slot_number(const struct ir_inst *i)
{
    return i->imm < SLOT_V0 ? (int)i->imm : i->imm == SLOT_NZCV ? WIDEN_NZCV : -1;
}

/* What a GET of that type gives of a slot that holds n. */
static u32 as_type(struct widen *w, u32 n, unsigned type)
{
    unsigned has = w->node[n].type;
    struct ir_inst widened = {.op = IR_ZEXT, .type = IR_I64, .esz = 2};
    struct ir_inst low = {.op = IR_TRUNC, .type = IR_I32};
    if (has == type) return n;
    if (has == IR_I32 && type == IR_I64) return operation(w, &widened, type, (u32[3]){n});
    if (has == IR_I64 && type == IR_I32) return operation(w, &low, type, (u32[3]){n});
    w->failed = true;
    return n;
}

static u32 get(struct widen *w, const struct ir_inst *i)
{
    int slot = slot_number(i);
    if (slot < 0 || (slot == WIDEN_NZCV && !w->now[slot])) {
        w->failed = true;
        return 0;
    }
    return w->now[slot] ? as_type(w, w->now[slot], i->type)
                        : widen_entry(w, i->type, (unsigned)slot);
}

static void set(struct widen *w, const struct ir_inst *i)
{
    int slot = slot_number(i);
    if (slot < 0 || (i->type != IR_I32 && i->type != IR_I64 && i->type != IR_FLAGS))
        w->failed = true;
    else
        w->now[slot] = value_of(w, i->arg[0]);
}

static struct widen_range *range_of(struct widen *w, u32 base, u32 index, u8 mod)
{
    for (u32 n = 0; n < w->range_count; n++) {
        struct widen_range *r = &w->range[n];
        if (r->base == base && r->index == index && r->mod == mod) return r;
    }
    if (w->range_count == WIDEN_RANGES) {
        w->failed = true;
        return &w->range[0];
    }
    w->range[w->range_count] = (struct widen_range){.base = base, .index = index, .mod = mod};
    return &w->range[w->range_count++];
}

static void reach(bool *any, s64 *from, s64 *to, s64 at)
{
    s64 end = at + 4;
    if (!*any || at < *from) *from = at;
    if (!*any || end > *to) *to = end;
    *any = true;
}

/* Where the access is: base, index and displacement, without the constants in them. */
static struct widen_store address(struct widen *w, const struct ir_inst *i)
{
    struct widen_store s = {.base = value_of(w, i->arg[0]),
                            .index = value_of(w, i->arg[1]),
                            .mod = i->mod,
                            .imm = i->imm};
    if (w->node[s.base].kind == WIDEN_SUM) {
        s.imm = (s64)((u64)s.imm + (u64)w->node[s.base].imm);
        s.base = w->node[s.base].arg[0];
    }
    if (s.index && w->node[s.index].kind == WIDEN_SUM) {
        s.imm = (s64)((u64)s.imm + ((u64)w->node[s.index].imm << s.mod));
        s.index = w->node[s.index].arg[0];
    }
    bool near = s.imm > INT32_MIN / 2 && s.imm < INT32_MAX / 2;
    if (!near || !(is_start(w, s.base) || widen_is(w, s.base, IR_GADDR)) ||
        (s.index && !is_start(w, s.index)))
        w->failed = true;
    return s;
}

/* It reads what an earlier store has written. */
static bool is_stored(const struct widen *w, const struct widen_store *at)
{
    for (u32 n = 0; n < w->store_count; n++) {
        const struct widen_store *s = &w->store[n];
        bool same = s->base == at->base && s->index == at->index && s->mod == at->mod;
        if (same && s->imm < at->imm + 4 && at->imm < s->imm + 4) return true;
    }
    return false;
}

static u32 load(struct widen *w, const struct ir_inst *i)
{
    struct widen_store s = address(w, i);
    if (i->type != IR_I32 || i->esz != 2 || w->failed || is_stored(w, &s)) {
        w->failed = true;
        return 0;
    }
    struct widen_range *r = range_of(w, s.base, s.index, s.mod);
    reach(&r->loads, &r->load_from, &r->load_to, s.imm);
    return find_node(w, (struct widen_node){.kind = WIDEN_LOAD,
                                            .type = IR_I32,
                                            .head = i->head,
                                            .imm = s.imm,
                                            .arg = {s.base, s.index}});
}

static void store(struct widen *w, const struct ir_inst *i)
{
    struct widen_store s = address(w, i);
    s.value = value_of(w, i->arg[2]);
    s.number = w->store_count;
    if (i->type != IR_I32 || i->esz != 2 || w->store_count == WIDEN_STORES || w->failed) {
        w->failed = true;
        return;
    }
    struct widen_range *r = range_of(w, s.base, s.index, s.mod);
    reach(&r->stores, &r->store_from, &r->store_to, s.imm);
    w->store[w->store_count++] = s;
}

static bool is_plain(const struct ir_inst *i)
{
    unsigned type = ir_value_type(i);
    bool integer = type == IR_I32 || type == IR_I64 || type == IR_BOOL || type == IR_FLAGS;
    return ir_op_kind[i->op] == IR_KIND_VALUE && integer;
}

/* The value that an instruction has, or 0. */
static u32 instruction(struct widen *w, const struct ir_inst *i)
{
    switch (i->op) {
    case IR_NOP:
    case IR_INSN:
    case IR_JUMP:
    case IR_BR: return 0;
    case IR_GET: return get(w, i);
    case IR_SET: set(w, i); return 0;
    case IR_LOAD: return load(w, i);
    case IR_STORE: store(w, i); return 0;
    default:
        if (!is_plain(i)) {
            w->failed = true;
            return 0;
        }
        return operation(
            w, i, ir_value_type(i),
            (u32[3]){value_of(w, i->arg[0]), value_of(w, i->arg[1]), value_of(w, i->arg[2])});
    }
}

static void turn(struct widen *w, u32 number)
{
    memcpy(w->start[number], w->now, sizeof w->now);
    for (u32 n = 0; n < w->loop.count; n++) {
        const struct ir_block *b = &w->f->block[w->loop.block[n]];
        for (ir_ref r = b->first; r < b->end && !w->failed; r++)
            w->value[r] = instruction(w, &w->f->inst[r]);
        if (w->loop.leaves >> n & 1 && number < 2 && !w->failed)
            w->condition[number][n] = value_of(w, w->f->inst[b->end - 1].arg[0]);
    }
}

/* --- all turns -----------------------------------------------------------------------------------
 */

static void forget(struct widen *w)
{
    memset(w->hash, 0, sizeof w->hash);
    memset(w->now, 0, sizeof w->now);
    w->node[0] = (struct widen_node){.kind = WIDEN_OUTER};
    w->count = 1;
    w->store_count = w->range_count = 0;
}

/* The slot that n is a sum of, and the constant. */
static bool from_slot(const struct widen *w, u32 n, unsigned *slot, s64 *more)
{
    const struct widen_node *node = &w->node[n];
    *more = node->kind == WIDEN_SUM ? node->imm : 0;
    if (node->kind == WIDEN_SUM) node = &w->node[node->arg[0]];
    if (!n || node->kind != WIDEN_ENTRY || node->type != IR_I64) return false;
    *slot = (unsigned)node->imm;
    return true;
}

/* The first slot that gets the same word each turn, if it is read too; else s. */
static unsigned twin_of(const struct widen *w, unsigned s)
{
    u32 n = w->now[s];
    if (!n || w->node[n].type != IR_I32 || w->node[n].kind == WIDEN_ENTRY) return s;
    for (unsigned t = 0; t < s; t++)
        if (w->now[t] == n && is_read(w, t)) return t;
    return s;
}

/* After one turn: slots that are others of the turn before, or the same. */
static void find_followers(struct widen *w)
{
    for (unsigned s = 0; s < SLOT_V0; s++) {
        unsigned of, itself;
        s64 more, step;
        w->follows[s] = 0;
        if (!is_read(w, s)) continue;
        if (twin_of(w, s) != s) {
            w->follows[s] = twin_of(w, s) + 1;
            w->distance[s] = 0;
            continue;
        }
        if (!from_slot(w, w->now[s], &of, &more) || of == s) continue;
        if (!from_slot(w, w->now[of], &itself, &step) || itself != of || !step) continue;
        w->follows[s] = of + 1;
        w->distance[s] = (s64)((u64)more - (u64)step);
    }
}

bool widen_evaluate(struct widen *w, u32 turns)
{
    w->turns = turns;
    forget(w);
    turn(w, 0);
    if (w->failed) return false;
    find_followers(w);
    forget(w);
    for (unsigned s = 0; s < SLOT_V0; s++)
        if (w->follows[s])
            w->now[s] = sum(w, widen_entry(w, IR_I64, w->follows[s] - 1), w->distance[s]);
    for (u32 n = 0; n < turns && !w->failed; n++) {
        turn(w, n);
        for (u32 r = 0; !n && r < w->range_count; r++)
            w->range[r].stores_first = w->range[r].stores;
    }
    memcpy(w->start[turns], w->now, sizeof w->now);
    return !w->failed;
}

/* --- how it goes round ---------------------------------------------------------------------------
 */

static const u8 negated[] = {
    [IR_EQ] = IR_NE,   [IR_NE] = IR_EQ,   [IR_ULT] = IR_UGE, [IR_ULE] = IR_UGT, [IR_UGT] = IR_ULE,
    [IR_UGE] = IR_ULT, [IR_SLT] = IR_SGE, [IR_SLE] = IR_SGT, [IR_SGT] = IR_SLE, [IR_SGE] = IR_SLT};
static const u8 swapped[] = {
    [IR_EQ] = IR_EQ,   [IR_NE] = IR_NE,   [IR_ULT] = IR_UGT, [IR_ULE] = IR_UGE, [IR_UGT] = IR_ULT,
    [IR_UGE] = IR_ULE, [IR_SLT] = IR_SGT, [IR_SLE] = IR_SGE, [IR_SGT] = IR_SLT, [IR_SGE] = IR_SLE};

/* What a condition on the flags of a subtraction says of its operands; -1: nothing so simple. */
static int compare_of(unsigned cc)
{
    switch (cc) {
    case IR_CC_EQ: return IR_EQ;
    case IR_CC_NE: return IR_NE;
    case IR_CC_CS: return IR_UGE;
    case IR_CC_CC: return IR_ULT;
    case IR_CC_HI: return IR_UGT;
    case IR_CC_LS: return IR_ULE;
    case IR_CC_GE: return IR_SGE;
    case IR_CC_LT: return IR_SLT;
    case IR_CC_GT: return IR_SGT;
    case IR_CC_LE: return IR_SLE;
    default: return -1;
    }
}

/* The condition as a comparison of two nodes. */
static bool comparison(const struct widen *w, u32 n, int *cmp, u32 *a, u32 *b)
{
    bool negate = false;
    for (; n && widen_is(w, n, IR_BNOT); n = w->node[n].arg[0]) negate = !negate;
    const struct widen_node *c = &w->node[n];
    if (n && widen_is(w, n, IR_COND) && widen_is(w, c->arg[0], IR_FLSUB)) {
        *cmp = compare_of(c->head >> 24);
        c = &w->node[c->arg[0]];
    } else if (n && widen_is(w, n, IR_ICMP)) {
        *cmp = (int)(c->head >> 24);
    } else {
        return false;
    }
    if (*cmp < 0) return false;
    if (negate) *cmp = negated[*cmp];
    *a = c->arg[0];
    *b = c->arg[1];
    return true;
}

/* How much the second is more than the first. */
static bool step_between(const struct widen *w, u32 one, u32 other, s64 *step)
{
    const struct widen_node *a = &w->node[one], *b = &w->node[other];
    u32 from = a->kind == WIDEN_SUM ? a->arg[0] : one,
        to = b->kind == WIDEN_SUM ? b->arg[0] : other;
    *step =
        (s64)((u64)(b->kind == WIDEN_SUM ? b->imm : 0) - (u64)(a->kind == WIDEN_SUM ? a->imm : 0));
    return from == to && (one == other || is_start(w, from));
}

bool widen_is_fixed(const struct widen *w, u32 n)
{
    const struct widen_node *node = &w->node[n];
    if (!n || node->kind == WIDEN_OUTER) return true;
    if (node->kind == WIDEN_ENTRY) return !w->now[node->imm] || w->now[node->imm] == n;
    if (node->kind == WIDEN_LOAD) return false;
    for (unsigned k = 0; k < 3; k++)
        if (!widen_is_fixed(w, node->arg[k])) return false;
    return true;
}

bool widen_find_trip(const struct widen *w, unsigned leaves, struct widen_trip *trip)
{
    u32 left[2], right[2];
    s64 step[2];
    int cmp[2];
    for (unsigned n = 0; n < 2; n++)
        if (!comparison(w, w->condition[n][leaves], &cmp[n], &left[n], &right[n])) return false;
    if (!step_between(w, left[0], left[1], &step[0]) ||
        !step_between(w, right[0], right[1], &step[1]) || !step[0] == !step[1])
        return false;
    unsigned side = step[0] ? 0 : 1;
    unsigned is = w->loop.stays >> leaves & 1 ? (unsigned)cmp[0] : negated[cmp[0]];
    if (side) is = swapped[is];
    *trip = (struct widen_trip){(u8)is, side ? right[0] : left[0], side ? left[0] : right[0],
                                step[side]};
    bool up = is == IR_ULT || is == IR_ULE || is == IR_SLT || is == IR_SLE;
    bool down = is == IR_UGT || is == IR_UGE || is == IR_SGT || is == IR_SGE;
    s64 size = trip->step < 0 ? -trip->step : trip->step;
    return size < 65536 && (is == IR_NE || (up && trip->step > 0) || (down && trip->step < 0));
}
