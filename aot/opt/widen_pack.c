/*
 * Several turns of a loop in vector registers (widen.h).
 *
 * What four neighbouring elements are computed by in the same way is one vector value, a pack: its
 * operands are packs again, down to elements in memory, values that are the same for all four, or
 * what has to be put together lane by lane (Larsen and Amarasinghe, "Exploiting superword level
 * parallelism with multimedia instruction sets", 2000). Packs start from what is stored and from
 * sums over all turns.
 *
 * Elements in memory are loaded once, in chunks of a grid. Filters have the last elements in
 * registers, which move on by one each turn: such a register's value comes to be that of an element
 * loaded some turns later than where it stands for one in front of the first; so it has its place
 * on the grid too, and a pack of neighbours is cut out of two chunks.
 */
#include "aot/opt/widen.h"

#include <string.h>

#define MIDDLE (WIDEN_ELEMENTS / 2)

/* Costs, in host instructions, about. */
#define COST_GET    2
#define COST_INSERT 2
#define COST_MUL    2

/* --- scalars -------------------------------------------------------------------------------------
 */

void widen_begin(struct widen *w, u64 pc)
{
    ir_begin_block(w->to, pc);
    w->emitted++;
}

static ir_ref done(struct widen *w, u32 n, ir_ref r)
{
    w->node[n].ref = r;
    w->node[n].emitted = w->emitted;
    return r;
}

static ir_ref emit_operation(struct widen *w, const struct widen_node *n)
{
    ir_ref a[3];
    for (unsigned k = 0; k < 3; k++) a[k] = n->arg[k] ? widen_scalar(w, n->arg[k]) : IR_NONE;
    return ir_emit(w->to, n->head, n->imm, a[0], a[1], a[2]);
}

static ir_ref emit_load(struct widen *w, const struct widen_node *n)
{
    ir_ref base = widen_scalar(w, n->arg[0]);
    ir_ref index = n->arg[1] ? widen_scalar(w, n->arg[1]) : IR_NONE;
    return ir_emit(w->to, n->head, n->imm, base, index, IR_NONE);
}

/* The home of a slot number of struct widen. */
static unsigned slot_of(u32 number)
{
    return number == WIDEN_NZCV ? SLOT_NZCV : number;
}

ir_ref widen_scalar(struct widen *w, u32 number)
{
    const struct widen_node *n = &w->node[number];
    struct ir_func *f = w->to;
    if (n->emitted == w->emitted) return n->ref;
    if (n->pack) {
        ir_ref v = w->pack[n->pack - 1].ref;
        return done(w, number, ir_opx(f, IR_VGET, IR_I32, 2, 0, n->lane, v, IR_NONE, IR_NONE));
    }
    switch (n->kind) {
    case WIDEN_ENTRY: return done(w, number, ir_get(f, n->type, slot_of((u32)n->imm)));
    case WIDEN_OUTER: w->failed |= !w->map[n->imm]; return done(w, number, w->map[n->imm]);
    case WIDEN_SUM: {
        ir_ref x = widen_scalar(w, n->arg[0]);
        s64 more = n->type == IR_I32 ? (s64)(u32)n->imm : n->imm;
        return done(w, number, ir_op2(f, IR_ADD, n->type, x, ir_const(f, n->type, more)));
    }
    case WIDEN_LOAD: return done(w, number, emit_load(w, n));
    default: return done(w, number, emit_operation(w, n));
    }
}

/* --- packs ---------------------------------------------------------------------------------------
 */

static ir_ref vector(struct widen *w, const u32 lane[WIDEN_LANES]);

/* The pack of these lanes, if there is one already, or IR_NONE. */
static ir_ref find(const struct widen *w, const u32 lane[WIDEN_LANES])
{
    for (u32 n = w->pack_count; n-- > 0;)
        if (memcmp(w->pack[n].lane, lane, sizeof w->pack[n].lane) == 0) return w->pack[n].ref;
    return IR_NONE;
}

static bool is_uniform(const u32 lane[WIDEN_LANES])
{
    return lane[0] == lane[1] && lane[0] == lane[2] && lane[0] == lane[3];
}

static ir_ref remember(struct widen *w, const u32 lane[WIDEN_LANES], ir_ref v)
{
    if (!v || w->pack_count == WIDEN_PACKS) {
        w->failed = true;
        return IR_NONE;
    }
    struct widen_pack *p = &w->pack[w->pack_count++];
    memcpy(p->lane, lane, sizeof p->lane);
    p->ref = v;
    if (is_uniform(lane)) return v;
    for (u8 k = 0; k < WIDEN_LANES; k++) {
        struct widen_node *n = &w->node[lane[k]];
        bool computed = n->kind == WIDEN_OP || n->kind == WIDEN_LOAD;
        if (!lane[k] || n->pack || !computed || n->emitted == w->emitted) continue;
        n->pack = w->pack_count;
        n->lane = k;
    }
    return v;
}

static ir_ref same_in_all(struct widen *w, u32 n)
{
    if (widen_is(w, n, IR_CONST)) {
        u64 c = (u32)w->node[n].imm;
        return ir_const(w->to, IR_V128, (s64)(c | c << 32));
    }
    ir_ref x = widen_scalar(w, n);
    return ir_opx(w->to, IR_VDUP, IR_V128, 2, 0, 0, x, IR_NONE, IR_NONE);
}

/* Lane by lane; 0 stands for a lane that nobody looks at. */
static ir_ref put_together(struct widen *w, const u32 lane[WIDEN_LANES])
{
    ir_ref v = IR_NONE;
    for (unsigned k = 0; k < WIDEN_LANES; k++) {
        if (!lane[k]) continue;
        ir_ref x = widen_scalar(w, lane[k]);
        if (!v && !k)
            v = ir_op1(w->to, IR_ITOF, IR_V128, x);
        else if (!v)
            v = ir_opx(w->to, IR_VDUP, IR_V128, 2, 0, 0, x, IR_NONE, IR_NONE);
        else
            v = ir_opx(w->to, IR_VSETI, IR_V128, 2, 0, k, v, x, IR_NONE);
    }
    return v;
}

/* --- elements ------------------------------------------------------------------------------------
 */

/* Chunk c of the grid: elements 4 c to 4 c + 3. */
static ir_ref chunk(struct widen *w, struct widen_stream *s, enum widen_choice choice, s32 c)
{
    const u32 *lane = &s->element[choice][MIDDLE + WIDEN_LANES * c];
    ir_ref *ref = &s->chunk[choice][MIDDLE / WIDEN_LANES + c];
    bool loads = true;
    if (!*ref) *ref = find(w, lane);
    if (*ref) return *ref;
    for (unsigned k = 0; k < WIDEN_LANES; k++)
        loads &= lane[k] && w->node[lane[k]].kind == WIDEN_LOAD;
    if (loads) {
        const struct widen_node *first = &w->node[lane[0]];
        ir_ref base = widen_scalar(w, first->arg[0]);
        ir_ref index = first->arg[1] ? widen_scalar(w, first->arg[1]) : IR_NONE;
        *ref = ir_opx(w->to, IR_LOAD, IR_V128, 4, s->mod, first->imm, base, index, IR_NONE);
    } else {
        *ref = put_together(w, lane);
    }
    return remember(w, lane, *ref);
}

/* The lanes are neighbours on a grid: by which choice; or WIDEN_CHOICES. */
static enum widen_choice are_neighbours(const struct widen *w, const u32 lane[WIDEN_LANES])
{
    const struct widen_node *first = &w->node[lane[0]];
    enum widen_choice choice;
    if (!first->stream) return WIDEN_CHOICES;
    const struct widen_stream *s = &w->stream[first->stream - 1];
    for (choice = 0; choice < WIDEN_CHOICES; choice++)
        if (memcmp(&s->element[choice][MIDDLE + first->position], lane, WIDEN_LANES * 4) == 0)
            break;
    return choice;
}

static ir_ref neighbours(struct widen *w, const u32 lane[WIDEN_LANES], enum widen_choice choice)
{
    struct widen_stream *s = &w->stream[w->node[lane[0]].stream - 1];
    s32 at = w->node[lane[0]].position, part = at & (WIDEN_LANES - 1);
    s32 c = (at - part) / WIDEN_LANES;
    ir_ref low = chunk(w, s, choice, c);
    if (!part || w->failed) return low;
    ir_ref high = chunk(w, s, choice, c + 1);
    return ir_opx(w->to, IR_VEXT, IR_V128, 0, 0, 4 * part, low, high, IR_NONE);
}

/* --- operations ----------------------------------------------------------------------------------
 */

static unsigned vector_operation(unsigned op)
{
    switch (op) {
    case IR_ADD: return IR_VADD;
    case IR_SUB: return IR_VSUB;
    case IR_MUL: return IR_VMUL;
    case IR_NEG: return IR_VNEG;
    case IR_ABS: return IR_VABS;
    case IR_NOT: return IR_VNOT;
    case IR_AND: return IR_VAND;
    case IR_OR: return IR_VOR;
    case IR_XOR: return IR_VXOR;
    case IR_ANDN: return IR_VANDN;
    case IR_ORN: return IR_VORN;
    default: return IR_NOP;
    }
}

/* By a constant, or by a value that is the same in all lanes; modulo the width, as scalars are. */
static ir_ref shifted(struct widen *w, unsigned op, ir_ref v, u32 by)
{
    struct ir_func *f = w->to;
    unsigned to = op == IR_SHL ? IR_VSHLV : op == IR_SHR ? IR_VSHRV : IR_VSARV;
    if (widen_is(w, by, IR_CONST)) {
        to = op == IR_SHL ? IR_VSHLI : op == IR_SHR ? IR_VSHRI : IR_VSARI;
        return ir_opx(f, to, IR_V128, 2, 0, w->node[by].imm & 31, v, IR_NONE, IR_NONE);
    }
    if (w->node[by].type != IR_I32) return IR_NONE;
    if (w->shift.by != by) {
        ir_ref n = ir_op2(f, IR_AND, IR_I32, widen_scalar(w, by), ir_const(f, IR_I32, 31));
        n = ir_opx(f, IR_VDUP, IR_V128, 2, 0, 0, n, IR_NONE, IR_NONE);
        w->shift = (struct widen_count){by, n};
    }
    return ir_opx(f, to, IR_V128, 2, 0, 0, v, w->shift.ref, IR_NONE);
}

/* Nodes that look alike from outside. */
static bool are_alike(const struct widen *w, u32 a, u32 b)
{
    const struct widen_node *x = &w->node[a], *y = &w->node[b];
    bool element = x->stream && x->stream == y->stream;
    if (a == b || element) return true;
    return x->kind == y->kind && x->kind == WIDEN_OP && x->head == y->head;
}

/* The operands of all lanes; those of an operation that commutes in the first lane's order. */
static void operands(const struct widen *w, const u32 lane[WIDEN_LANES], u32 a[WIDEN_LANES],
                     u32 b[WIDEN_LANES])
{
    const struct widen_node *first = &w->node[lane[0]];
    bool commutes = ir_has(first->head & 0xff, IR_FL_COMM);
    for (unsigned k = 0; k < WIDEN_LANES; k++) {
        const struct widen_node *n = &w->node[lane[k]];
        bool straight =
            are_alike(w, n->arg[0], first->arg[0]) && are_alike(w, n->arg[1], first->arg[1]);
        bool crossed =
            are_alike(w, n->arg[1], first->arg[0]) && are_alike(w, n->arg[0], first->arg[1]);
        bool swap = commutes && !straight && crossed;
        a[k] = n->arg[swap];
        b[k] = n->arg[!swap];
    }
}

static ir_ref operation(struct widen *w, const u32 lane[WIDEN_LANES])
{
    const struct widen_node *first = &w->node[lane[0]];
    unsigned op = first->head & 0xff, to = vector_operation(op);
    bool shift = op == IR_SHL || op == IR_SHR || op == IR_SAR;
    u32 a[WIDEN_LANES], b[WIDEN_LANES];
    for (unsigned k = 0; k < WIDEN_LANES; k++) {
        const struct widen_node *n = &w->node[lane[k]];
        if (n->kind != WIDEN_OP || n->type != IR_I32 || n->head != first->head) return IR_NONE;
    }
    if (to == IR_NOP && !shift) return IR_NONE;
    operands(w, lane, a, b);
    if (shift && !is_uniform(b)) return IR_NONE;
    ir_ref x = vector(w, a);
    if (w->failed) return IR_NONE;
    if (shift) return shifted(w, op, x, b[0]);
    ir_ref y = ir_op_args[op] > 1 ? vector(w, b) : IR_NONE;
    if (w->failed) return IR_NONE;
    return ir_opx(w->to, to, IR_V128, ir_has(to, IR_FL_LANES) ? 2 : 0, 0, 0, x, y, IR_NONE);
}

/* The vector whose lanes are the nodes. */
static ir_ref vector(struct widen *w, const u32 lane[WIDEN_LANES])
{
    if (w->failed) return IR_NONE;
    ir_ref v = find(w, lane);
    if (v) return v;
    enum widen_choice choice = are_neighbours(w, lane);
    if (is_uniform(lane))
        v = same_in_all(w, lane[0]);
    else if (choice != WIDEN_CHOICES)
        v = neighbours(w, lane, choice);
    else
        v = operation(w, lane);
    return remember(w, lane, v);
}

/* --- grids ---------------------------------------------------------------------------------------
 */

static struct widen_stream *stream_of(struct widen *w, const struct widen_node *load)
{
    for (u32 n = 0; n < w->stream_count; n++) {
        struct widen_stream *s = &w->stream[n];
        if (s->base == load->arg[0] && s->index == load->arg[1] && s->mod == load->head >> 24)
            return s;
    }
    return NULL;
}

/* Gives the node its place; a node or a place that has one keeps it. */
static void place(struct widen *w, struct widen_stream *s, enum widen_choice choice, u32 n,
                  s64 displacement)
{
    s64 at = (displacement - s->from) / 4;
    bool fits = (displacement - s->from) % 4 == 0 && at > -MIDDLE + WIDEN_LANES &&
                at < MIDDLE - 2 * WIDEN_LANES;
    if (!fits || s->element[choice][MIDDLE + at] || w->node[n].stream) return;
    s->element[choice][MIDDLE + at] = n;
    w->node[n].stream = (u8)(1 + (s - w->stream));
    w->node[n].position = (s32)at;
}

/* By how much the turns move on along a base or index. */
static s64 step_of(const struct widen *w, u32 n)
{
    const struct widen_node *entry = &w->node[n];
    if (!n || entry->kind != WIDEN_ENTRY) return 0;
    u32 next = w->start[1][entry->imm];
    if (!next) return 0;
    const struct widen_node *x = &w->node[next];
    return x->kind == WIDEN_SUM && x->arg[0] == n ? x->imm : 0;
}

static void make_streams(struct widen *w)
{
    for (u32 n = 0; n < w->range_count; n++) {
        const struct widen_range *r = &w->range[n];
        s64 each = step_of(w, r->base) + (s64)((u64)step_of(w, r->index) << r->mod);
        if (!r->loads || !each || each % 4 || w->stream_count == WIDEN_STREAMS) continue;
        w->stream[w->stream_count++] = (struct widen_stream){
            .base = r->base, .index = r->index, .mod = r->mod, .from = r->load_from, .each = each};
    }
    for (u32 n = 1; n < w->count; n++) {
        if (w->node[n].kind != WIDEN_LOAD) continue;
        struct widen_stream *s = stream_of(w, &w->node[n]);
        if (s) place(w, s, WIDEN_LOADED_FIRST, n, w->node[n].imm);
    }
}

/* Registers that hold earlier elements. */
static void place_registers(struct widen *w)
{
    for (u32 n = 1; n < w->count; n++) {
        if (w->node[n].kind != WIDEN_ENTRY || w->node[n].type != IR_I32) continue;
        for (u32 t = 1; t <= w->turns; t++) {
            u32 later = w->start[t][w->node[n].imm];
            const struct widen_node *l = &w->node[later];
            if (!later || l->kind != WIDEN_LOAD) continue;
            struct widen_stream *s = stream_of(w, l);
            if (s) place(w, s, WIDEN_REGISTER_FIRST, n, l->imm - (s64)t * s->each);
            break;
        }
    }
}

/* Where there is no first choice, there is the other. */
static void complete_choices(struct widen_stream *s)
{
    for (u32 n = 0; n < WIDEN_ELEMENTS; n++) {
        u32 loaded = s->element[WIDEN_LOADED_FIRST][n], held = s->element[WIDEN_REGISTER_FIRST][n];
        if (!loaded) s->element[WIDEN_LOADED_FIRST][n] = held;
        if (!held) s->element[WIDEN_REGISTER_FIRST][n] = loaded;
    }
}

/* --- sums over all turns -------------------------------------------------------------------------
 */

struct sum {
    const struct widen *w;
    u32 from; /* the node that it starts with */
    u32 found;
    u32 term[WIDEN_STORES];
    u32 terms;
};

static void collect(struct sum *s, u32 n, unsigned depth)
{
    if (s->found > 1 || s->terms > WIDEN_STORES) return;
    if (n == s->from) {
        s->found++;
    } else if (widen_is(s->w, n, IR_ADD) && s->w->node[n].type == IR_I32 && depth < 40) {
        collect(s, s->w->node[n].arg[0], depth + 1);
        collect(s, s->w->node[n].arg[1], depth + 1);
    } else {
        if (s->terms < WIDEN_STORES) s->term[s->terms] = n;
        s->terms++;
    }
}

/* A place in memory that goes into the node, for an order. */
static s64 order_of(const struct widen *w, u32 n)
{
    for (unsigned depth = 0; n && depth < 8; depth++) {
        if (w->node[n].kind == WIDEN_LOAD) return w->node[n].imm;
        if (w->node[n].kind != WIDEN_OP) break;
        n = w->node[n].arg[0];
    }
    return 0;
}

static void put_in_order(struct sum *s, u32 from)
{
    for (u32 n = from + 1; n < s->terms; n++) {
        u32 t = s->term[n], k = n;
        for (; k > from && order_of(s->w, s->term[k - 1]) > order_of(s->w, t); k--)
            s->term[k] = s->term[k - 1];
        s->term[k] = t;
    }
}

/* The last turn's terms are needed one by one, but what is computed for each of them is computed for
 * four at once all the same. */
static void pack_last(struct widen *w, unsigned slot, u32 each)
{
    struct sum s = {.w = w, .from = w->start[w->turns - 1][slot]};
    collect(&s, w->start[w->turns][slot], 0);
    if (s.found != 1 || s.terms != each || each % WIDEN_LANES) return;
    put_in_order(&s, 0);
    for (u32 n = 0; n < each && !w->failed; n += WIDEN_LANES)
        if (w->node[s.term[n]].kind == WIDEN_OP) vector(w, &s.term[n]);
}

/* Emits what the slot holds after all turns but the last, if it is a sum over them. */
static bool emit_sum(struct widen *w, unsigned slot)
{
    struct sum s = {.w = w};
    u32 last = w->turns - 1, each = 0;
    for (u32 t = 0; t < last; t++) {
        u32 from = s.terms;
        s.from = t ? w->start[t][slot] : widen_entry(w, IR_I32, slot);
        s.found = 0;
        if (w->node[w->start[t + 1][slot]].type != IR_I32) return false;
        collect(&s, w->start[t + 1][slot], 0);
        if (s.found != 1 || s.terms > WIDEN_STORES || s.terms == from) return false;
        if (!t) each = s.terms;
        if (s.terms != each * (t + 1)) return false;
        put_in_order(&s, from);
    }
    if (!s.terms || s.terms % WIDEN_LANES) return false;
    ir_ref all = IR_NONE;
    for (u32 n = 0; n < s.terms; n += WIDEN_LANES) {
        ir_ref v = vector(w, &s.term[n]);
        if (w->failed) return false;
        all = all ? ir_opx(w->to, IR_VADD, IR_V128, 2, 0, 0, all, v, IR_NONE) : v;
    }
    all = ir_opx(w->to, IR_VADDV, IR_V128, 2, 4, 0, all, IR_NONE, IR_NONE);
    all = ir_opx(w->to, IR_VGET, IR_I32, 2, 0, 0, all, IR_NONE, IR_NONE);
    ir_ref first = widen_scalar(w, widen_entry(w, IR_I32, slot));
    done(w, w->start[last][slot], ir_op2(w->to, IR_ADD, IR_I32, first, all));
    pack_last(w, slot, each);
    return true;
}

/* --- all -----------------------------------------------------------------------------------------
 */

/* Emits the vectors that are stored, a store's at its first element. */
static bool emit_stored(struct widen *w, ir_ref value[WIDEN_STORES])
{
    for (u32 n = 0; n < w->store_count; n += WIDEN_LANES) {
        u32 lane[WIDEN_LANES];
        for (u32 k = 0; k < WIDEN_LANES; k++) lane[k] = w->store[n + k].value;
        value[n] = vector(w, lane);
        if (w->failed) return false;
    }
    return true;
}

static void emit_store(struct widen *w, const struct widen_store *s, bool vector, ir_ref value)
{
    ir_ref base = widen_scalar(w, s->base);
    ir_ref index = s->index ? widen_scalar(w, s->index) : IR_NONE;
    ir_opx(w->to, IR_STORE, vector ? IR_V128 : IR_I32, vector ? 4 : 2, s->mod, s->imm, base, index,
           value);
}

/* Where vectors are not in order, the first turn's stores come by themselves, and what their
 * vectors have else: nothing is stored twice. */
static void emit_stores(struct widen *w, const ir_ref value[WIDEN_STORES])
{
    u32 single = w->in_order ? 0 : w->store_count / w->turns;
    for (u32 number = 0; number < single; number++) {
        const struct widen_store *s = widen_store_of(w, number);
        emit_store(w, s, false, widen_scalar(w, s->value));
    }
    for (u32 n = 0; n < w->store_count; n += WIDEN_LANES) {
        const struct widen_store *s = &w->store[n];
        bool whole = true;
        for (u32 k = 0; k < WIDEN_LANES; k++) whole &= s[k].number >= single;
        if (whole) emit_store(w, s, true, value[n]);
        for (u32 k = 0; k < WIDEN_LANES && !whole; k++)
            if (s[k].number >= single) emit_store(w, &s[k], false, widen_scalar(w, s[k].value));
    }
}

/* What the node's value comes from is there before anything is stored or SET. */
static void prepare(struct widen *w, u32 number)
{
    struct widen_node *n = &w->node[number];
    if (!number || n->emitted == w->emitted || n->pack || n->prepared || w->failed) return;
    n->prepared = true;
    if (n->kind == WIDEN_LOAD && n->stream) {
        struct widen_stream *s = &w->stream[n->stream - 1];
        s32 part = n->position & (WIDEN_LANES - 1);
        chunk(w, s, WIDEN_LOADED_FIRST, (n->position - part) / WIDEN_LANES);
    } else if (n->kind != WIDEN_OP && n->kind != WIDEN_SUM) {
        widen_scalar(w, number);
    } else {
        for (unsigned k = 0; k < 3; k++) prepare(w, n->arg[k]);
    }
}

/* A word that is set again as it was is one: above it the slot becomes 0. */
static bool is_changed(const struct widen *w, u32 slot)
{
    const struct widen_node *n = &w->node[w->now[slot]];
    return w->now[slot] && !(n->kind == WIDEN_ENTRY && n->imm == slot && n->type == IR_I64);
}

/* What an instruction costs, roughly. */
static u32 cost_of(const struct ir_inst *i)
{
    switch (i->op) {
    case IR_NOP:
    case IR_INSN:
    case IR_GET:
    case IR_SET:
    case IR_CONST: return 0;
    case IR_VGET: return COST_GET;
    case IR_VSETI: return COST_INSERT;
    case IR_VMUL: return COST_MUL;
    default: return 1;
    }
}

static u32 cost(const struct ir_func *f, ir_ref first, ir_ref end)
{
    u32 all = 0;
    for (ir_ref r = first; r < end; r++) all += cost_of(&f->inst[r]);
    return all;
}

static u32 cost_of_turn(const struct widen *w)
{
    u32 all = 0;
    for (u32 n = 0; n < w->loop.count; n++) {
        const struct ir_block *b = &w->f->block[w->loop.block[n]];
        all += cost(w->f, b->first, b->end);
    }
    return all;
}

/* The INSNs of a turn; in the first the head's is there. */
static void emit_insns(struct widen *w, bool first)
{
    for (u32 n = 0; n < w->loop.count; n++) {
        const struct ir_block *b = &w->f->block[w->loop.block[n]];
        for (ir_ref r = b->first; r < b->end; r++) {
            const struct ir_inst *i = &w->f->inst[r];
            if (i->op != IR_INSN) continue;
            if (!first) ir_insn(w->to, (u64)i->imm);
            first = false;
        }
    }
}

bool widen_emit_turns(struct widen *w)
{
    u64 pc = w->f->block[w->loop.block[0]].pc;
    ir_ref value[WIDEN_STORES], begin = w->to->count;
    bool sums = false;
    w->stream_count = w->pack_count = 0;
    w->shift.by = 0;
    make_streams(w);
    place_registers(w);
    for (u32 n = 0; n < w->stream_count; n++) complete_choices(&w->stream[n]);
    widen_begin(w, pc);
    ir_insn(w->to, pc);
    for (unsigned s = 0; s < SLOT_V0 && !w->failed; s++)
        if (w->start[1][s] && w->start[w->turns][s]) sums |= emit_sum(w, s);
    if (w->failed || !emit_stored(w, value) || (!sums && !w->store_count)) return false;
    for (unsigned s = 0; s < WIDEN_SLOTS; s++)
        if (is_changed(w, s)) prepare(w, w->now[s]);
    for (u32 n = 0; n < w->store_count && !w->in_order; n++) prepare(w, w->store[n].value);
    if (w->failed) return false;
    emit_stores(w, value);
    for (unsigned s = 0; s < WIDEN_SLOTS; s++)
        if (is_changed(w, s))
            ir_set(w->to, w->node[w->now[s]].type, slot_of(s), widen_scalar(w, w->now[s]));
    u32 before = w->turns * cost_of_turn(w), after = cost(w->to, begin, w->to->count);
    for (u32 t = 0; t < w->turns; t++) emit_insns(w, !t);
    return !w->failed && after < before - before / 3;
}
