/*
 * NZCV as an expression. Most flags that the guest computes are looked at by the next branch only;
 * what else could see them is a signal handler (the faulting instructions behind them), or an exit
 * that can't prove them dead. For these it is enough to know how to compute them again: from guest
 * registers that still hold the operands, or the result. So nothing is emitted when EFLAGS are
 * clobbered; the side table and cold exits get the expression (struct nzcv_expr).
 *
 * An expression lives while its operands' slots are not SET. When one is: if the new value is the
 * flags' own result (SUBS x0, x0, #1), the expression changes to one of the result; if it is the
 * old one and a constant (the step of a loop's counter or pointer), the operand is the new value
 * less that; else, if the flags are already gone from EFLAGS, or would be expensive to store
 * (UCOMISx), the old operand is saved to scratch, one store. The pin of an operand's slot may have
 * got its next value before the SET (g->ahead): nothing looks at the guest's state until then, and
 * the expression is the SET's.
 *
 * From block to block (nzcv_flow.c) an expression goes on where no other way leads. Where several
 * meet, the block expects some, and the others bring NZCV home. Each of these has its mark, a
 * number, and holds where the home's low byte is that. So flags cost one store of a byte. In a
 * loop of one block even that is spared where an operand changes at every turn (NZCV_LATER_A).
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/vector.h"

#include <string.h>

#define B  (&g->b)
#define X0 X64_XMM0

#define LOOK_AHEAD 30 /* IR instructions */

static struct x64_mem scratch_at(unsigned n)
{
    return gen_state(offsetof(struct guest_state, scratch) + 8 * n);
}

static struct x64_mem vscratch_at(unsigned n)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 16 * n);
}

/* --- where values are ---------------------------------------------------------------------------
 */

void gen_same_slot(struct gen *g, ir_ref r, ir_ref v)
{
    g->val[r].slot = g->val[v].slot;
    g->val[r].version = g->val[v].version;
}

static bool operand(const struct gen *g, ir_ref r, struct nzcv_operand *o)
{
    const struct val *v = &g->val[r];
    u64 high;
    *o = (struct nzcv_operand){.kind = NZCV_CONST};
    if (gen_const(g, r, &o->value) || vec_const(g, r, (u64 *)&o->value, &high)) return true;
    o->kind = NZCV_SLOT;
    if (!v->slot) return false;
    o->n = (u8)(v->slot - 1);
    return v->version == g->version[o->n];
}

/* --- candidates ---------------------------------------------------------------------------------
 */

static bool uses(const struct nzcv_operand *o, unsigned slot)
{
    return gen_slot_of(o) >> slot & 1;
}

static bool depends(const struct nzcv_pending *p, unsigned slot)
{
    return p->x.kind != NZCV_NONE && (uses(&p->x.a, slot) || uses(&p->x.b, slot));
}

/* The slot, which the expression is of, only gets the flags' own result for good. */
static bool is_of_result(const struct nzcv_pending *p, unsigned slot, ir_ref v)
{
    bool of_result =
        p->x.kind == NZCV_SUB_RESULT || p->x.kind == NZCV_ADD_RESULT || p->x.kind == NZCV_RESULT;
    return of_result && p->result && p->result == v && uses(&p->x.a, slot) &&
           p->x.a.kind == NZCV_SLOT;
}

/* The slot becomes v; the expression follows, or ends. */
static void follow(struct nzcv_pending *p, unsigned slot, ir_ref v)
{
    bool mine = p->result && p->result == v;
    if (is_of_result(p, slot, v)) return;
    if (mine && p->logic) {
        p->x.kind = NZCV_RESULT;
        p->x.a = (struct nzcv_operand){.kind = NZCV_SLOT, .n = (u8)slot};
        p->x.b = (struct nzcv_operand){.kind = NZCV_CONST};
    } else if (mine && depends(p, slot) && uses(&p->x.a, slot) && !uses(&p->x.b, slot) &&
               (p->x.kind == NZCV_OF_SUB || p->x.kind == NZCV_OF_ADD)) {
        p->x.kind = p->x.kind == NZCV_OF_SUB ? NZCV_SUB_RESULT : NZCV_ADD_RESULT;
        p->x.a = (struct nzcv_operand){.kind = NZCV_SLOT, .n = (u8)slot};
    } else if (depends(p, slot)) {
        p->x.kind = NZCV_NONE;
    }
}

/* The pin of an operand's slot may hold the slot's next value already. */
static void follow_ahead(const struct gen *g, struct nzcv_pending *p, unsigned slot)
{
    if (!depends(p, slot) || !(g->ahead >> slot & 1)) return;
    const struct val *v = &g->val[p->result];
    bool is_result = p->result && v->place == VAL_GPR && v->reg == g->pin[slot];
    follow(p, slot, is_result ? p->result : IR_NONE);
}

void gen_flags_expr(struct gen *g, ir_ref flags, enum nzcv_kind kind, const struct ir_inst *i,
                    ir_ref result)
{
    struct nzcv_pending *p = &g->candidate;
    *p = (struct nzcv_pending){.of = flags, .result = result};
    p->x.wide = i->type == IR_I64 || i->type == IR_F64;
    p->x.b.kind = NZCV_CONST;
    bool binary = kind != NZCV_RESULT && kind != NZCV_NONE;
    if (binary && operand(g, i->arg[0], &p->x.a) && operand(g, i->arg[1], &p->x.b))
        p->x.kind = (u8)kind;
    else if (kind == NZCV_RESULT && operand(g, result, &p->x.a))
        p->x.kind = NZCV_RESULT;
    p->logic = kind == NZCV_OF_AND || kind == NZCV_RESULT;
    if (!g->ahead) return;
    follow_ahead(g, p, p->x.a.n);
    follow_ahead(g, p, p->x.b.n);
}

static void save_vector(struct gen *g, struct nzcv_operand *o, unsigned slot, unsigned n)
{
    unsigned reg = g->pin[slot];
    if (reg == NO_REG) {
        reg = X0;
        gen_vec_rm(g, X64_MOVAPS, reg, gen_home(slot));
    } else {
        gen_load_pin(g, slot);
    }
    gen_vec_mr(g, X64_MOVAPS_ST, vscratch_at(n), reg);
    *o = (struct nzcv_operand){.kind = NZCV_SCRATCH, .n = (u8)n};
}

bool gen_is_step(const struct gen *g, ir_ref v, bool wide, ir_ref *of, s64 *by)
{
    const struct ir_inst *i = gen_inst(g, v);
    if ((i->op != IR_ADD && i->op != IR_SUB) || (wide && i->type != IR_I64)) return false;
    *of = i->arg[0];
    if (!gen_is_const(g, i->arg[1], by)) return false;
    if (i->op == IR_SUB) *by = (s64)(0 - (u64)*by);
    return *by == (s32)*by;
}

/* The slot's value v is the old one and a constant: so is the operand the new one and another. */
static bool step(const struct gen *g, struct nzcv_operand *o, unsigned slot, ir_ref v, bool wide)
{
    ir_ref of;
    s64 by;
    if (!gen_is_step(g, v, wide, &of, &by)) return false;
    const struct val *new = &g->val[v], *old = &g->val[of];
    bool is_there = new->place == VAL_GPR &&new->reg == g->pin[slot];
    if (is_there && (g->ahead >> slot & 1)) return true; /* followed when the pin got v */
    if (old->slot != slot + 1 || old->version != g->version[slot]) return false;
    if (o->kind == NZCV_SUM) by -= o->value;
    if (by != (s32)by || by == INT32_MIN) return false;
    *o = (struct nzcv_operand){.kind = by ? NZCV_SUM : NZCV_SLOT, .n = (u8)slot, .value = -by};
    return true;
}

/* The old value of the slot is kept in scratch, unless it comes from its new value v. Leaves EFLAGS
 * alone, and RAX if the slot has a pin: a result may be there. */
static void save_operand(struct gen *g, const struct nzcv_expr *x, struct nzcv_operand *o,
                         unsigned slot, ir_ref v, unsigned n)
{
    unsigned reg = g->pin[slot];
    if (!uses(o, slot) || (slot < SLOT_V0 && step(g, o, slot, v, x->wide))) return;
    if (slot >= SLOT_V0) {
        save_vector(g, o, slot, n - SCRATCH_A + VSCRATCH_A);
        return;
    }
    if (reg == NO_REG) {
        gen_settle_slots(g, UINT64_C(1) << slot);
        reg = X64_RAX;
        x64_mov_rm(B, 8, reg, gen_home(slot));
    } else {
        gen_load_pin(g, slot);
    }
    s32 more = o->kind == NZCV_SUM ? (s32)o->value : 0;
    if (more) x64_lea(B, 8, reg, x64_mem_b(reg, more));
    x64_mov_mr(B, 8, scratch_at(n), reg);
    if (more) x64_lea(B, 8, reg, x64_mem_b(reg, -more));
    *o = (struct nzcv_operand){.kind = NZCV_SCRATCH, .n = (u8)n};
}

/* Flags that are nowhere but in an expression. */
bool gen_nzcv_is_expr(const struct gen *g)
{
    return g->nzcv && g->eflags_of != g->nzcv;
}

/* The slot, of which expressions may be that a block began with, changes to v. */
static void ways_follow(struct gen *g, unsigned slot, ir_ref v)
{
    struct nzcv_ways *w = &g->ways;
    for (u32 n = 0; n < w->count; n++) {
        bool vector = w->x[n].kind == NZCV_OF_FCMP;
        unsigned first = w->count == 1 || vector ? SCRATCH_A : SCRATCH_WAYS + 2 * n;
        if (!uses(&w->x[n].a, slot) && !uses(&w->x[n].b, slot)) continue;
        save_operand(g, &w->x[n], &w->x[n].a, slot, v, first);
        save_operand(g, &w->x[n], &w->x[n].b, slot, v, first + 1);
    }
}

static void save_operands(struct gen *g, struct nzcv_expr *x, unsigned slot, ir_ref v)
{
    save_operand(g, x, &x->a, slot, v, SCRATCH_A);
    save_operand(g, x, &x->b, slot, v, SCRATCH_B);
}

/* The instruction changes no EFLAGS when they are wanted (gen_flags_busy). */
static bool leaves_eflags(const struct gen *g, const struct ir_inst *i)
{
    switch (i->op) {
    case IR_INSN:
    case IR_CONST:
    case IR_TRUNC:
    case IR_ZEXT:
    case IR_SEXT:
    case IR_LOAD:
    case IR_LOADS:
    case IR_STORE: return true;
    case IR_GET:
    case IR_SET: return i->imm < SLOT_REGISTERS;
    case IR_ADD: return true;
    case IR_SUB: return gen_inst(g, i->arg[1])->op == IR_CONST;
    case IR_COND: return i->arg[0] == g->nzcv;
    case IR_SELECT: {
        const struct ir_inst *c = gen_inst(g, i->arg[0]);
        return c->op == IR_COND && c->arg[0] == g->nzcv;
    }
    default: return false;
    }
}

/* EFLAGS last until NZCV is SET again. */
static bool eflags_last(const struct gen *g)
{
    ir_ref end = g->f->block[g->block].end;
    if (end > g->at + LOOK_AHEAD) end = g->at + LOOK_AHEAD;
    ir_ref r = g->at + ir_distance(gen_inst(g, g->at));
    for (const struct ir_inst *i; r < end; r += ir_distance(i)) {
        i = gen_inst(g, r);
        if (i->op == IR_FLSUB || i->op == IR_FLADD || i->op == IR_FLLOGIC) return true;
        if (!leaves_eflags(g, i)) return false;
    }
    return false;
}

/* Flags in EFLAGS: rather a store or two of operands than one of the flags, if they are seen at
 * all and not only there. */
static void save_or_follow(struct gen *g, unsigned slot, ir_ref v)
{
    struct nzcv_pending *p = &g->pending;
    bool mine = p->result && p->result == v;
    if (mine || !depends(p, slot) || !gen_nzcv_live(g) || eflags_last(g)) {
        follow(p, slot, v);
        return;
    }
    save_operands(g, &p->x, slot, v);
}

/* The current instruction, a load, is the last one to see NZCV before it is SET: it changes the pin
 * that it loads, and only if it doesn't fault. */
static bool seen_last(const struct gen *g)
{
    const struct ir_inst *i = gen_inst(g, g->at);
    if (i->op != IR_LOAD && i->op != IR_LOADS) return false;
    ir_ref next = g->at + ir_distance(i);
    return next < g->f->block[g->block].end && !ir_sees_nzcv(gen_inst(g, next));
}

void gen_flags_follow(struct gen *g, unsigned slot, ir_ref v)
{
    bool kept = gen_nzcv_is_expr(g) || (g->nzcv && g->pending.x.kind == NZCV_OF_FCMP);
    if (kept && !gen_nzcv_live(g)) {
        if (gen_nzcv_is_expr(g)) g->nzcv = IR_NONE;
        g->pending.x.kind = NZCV_NONE;
    } else if (kept && slot < SLOT_V0 && seen_last(g)) {
        /* what holds in front of it does for what it may be seen by */
    } else if (g->nzcv == NZCV_ENTRY) {
        ways_follow(g, slot, v);
    } else if (kept && !is_of_result(&g->pending, slot, v)) {
        save_operands(g, &g->pending.x, slot, v);
    } else if (!kept && g->nzcv) {
        save_or_follow(g, slot, v);
    }
    follow(&g->candidate, slot, v);
}

/* --- computing them after all -------------------------------------------------------------------
 */

/* Where an operand is: a register, or memory. */
static unsigned operand_reg(const struct gen *g, const struct nzcv_operand *o, u64 loaded)
{
    bool pinned = o->kind == NZCV_SLOT && g->pin[o->n] != NO_REG && (loaded >> o->n & 1);
    return pinned ? g->pin[o->n] : NO_REG;
}

/* For all but constants and sums. */
static struct x64_mem operand_mem(const struct nzcv_operand *o)
{
    return o->kind == NZCV_SCRATCH ? scratch_at(o->n) : gen_home(o->n);
}

static void load_sum(struct gen *g, unsigned to, const struct nzcv_operand *o, u64 loaded)
{
    unsigned reg = to;
    if (g->pin[o->n] != NO_REG && (loaded >> o->n & 1))
        reg = g->pin[o->n];
    else
        x64_mov_rm(B, 8, to, gen_home(o->n));
    x64_lea(B, 8, to, x64_mem_b(reg, (s32)o->value));
}

static void load(struct gen *g, unsigned to, const struct nzcv_operand *o, u64 loaded)
{
    unsigned reg = operand_reg(g, o, loaded);
    if (o->kind == NZCV_SUM)
        load_sum(g, to, o, loaded);
    else if (o->kind == NZCV_CONST)
        x64_mov_ri(B, to, (u64)o->value);
    else if (reg != NO_REG)
        x64_mov_rr(B, 8, to, reg);
    else
        x64_mov_rm(B, 8, to, operand_mem(o));
}

/* a op b, to a's register. */
static void apply_to(struct gen *g, unsigned a, enum x64_alu op, const struct nzcv_expr *x,
                     u64 loaded)
{
    unsigned size = x->wide ? 8 : 4, reg = operand_reg(g, &x->b, loaded);
    s64 value = x->wide ? x->b.value : (s32)x->b.value;
    if (op == X64_CMP && x->b.kind == NZCV_CONST && !value) {
        x64_test_rr(B, size, a, a);
    } else if (x->b.kind == NZCV_CONST && value == (s32)value) {
        x64_alu_ri(B, op, size, a, (s32)value);
    } else if (x->b.kind == NZCV_CONST || x->b.kind == NZCV_SUM) {
        load(g, X64_RCX, &x->b, loaded);
        x64_alu_rr(B, op, size, a, X64_RCX);
    } else if (reg != NO_REG) {
        x64_alu_rr(B, op, size, a, reg);
    } else {
        x64_alu_rm(B, op, size, a, operand_mem(&x->b));
    }
}

/* RAX = RAX op b. */
static void apply(struct gen *g, enum x64_alu op, const struct nzcv_expr *x, u64 loaded)
{
    apply_to(g, X64_RAX, op, x, loaded);
}

/* The floating-point operand in memory. */
static struct x64_mem vector_mem(struct gen *g, const struct nzcv_operand *o)
{
    if (o->kind == NZCV_CONST) return gen_pool(g, (u64)o->value, 0);
    return o->kind == NZCV_SCRATCH ? vscratch_at(o->n) : gen_home(o->n);
}

static void compare_again(struct gen *g, const struct nzcv_expr *x, u64 loaded)
{
    enum x64_vec load = x->wide ? X64_MOVSD : X64_MOVSS;
    enum x64_vec compare = x->wide ? X64_UCOMISD : X64_UCOMISS;
    unsigned a = operand_reg(g, &x->a, loaded), b = operand_reg(g, &x->b, loaded);
    if (a == NO_REG) {
        gen_vec_rm(g, load, X0, vector_mem(g, &x->a));
        a = X0;
    }
    if (b == NO_REG)
        gen_vec_rm(g, compare, a, vector_mem(g, &x->b));
    else
        vec_op1(g, compare, a, b);
}

/* EFLAGS are the expression's after this. RAX, RCX and XMM0 go. */
static enum eflags_kind evaluate(struct gen *g, const struct nzcv_expr *x, u64 loaded)
{
    if (x->kind == NZCV_OF_FCMP) {
        compare_again(g, x, loaded);
        return EF_FCMP;
    }
    unsigned a = operand_reg(g, &x->a, loaded);
    if (a != NO_REG && x->kind == NZCV_OF_SUB) {
        apply_to(g, a, X64_CMP, x, loaded);
        return EF_SUB;
    }
    if (a != NO_REG && x->kind == NZCV_RESULT) {
        x64_test_rr(B, x->wide ? 8 : 4, a, a);
        return EF_ADD;
    }
    load(g, X64_RAX, &x->a, loaded);
    switch (x->kind) {
    case NZCV_OF_SUB: apply(g, X64_CMP, x, loaded); return EF_SUB;
    case NZCV_OF_ADD: apply(g, X64_ADD, x, loaded); return EF_ADD;
    case NZCV_OF_AND: apply(g, X64_AND, x, loaded); return EF_ADD;
    case NZCV_SUB_RESULT:
        apply(g, X64_ADD, x, loaded);
        apply(g, X64_CMP, x, loaded);
        return EF_SUB;
    case NZCV_ADD_RESULT:
        apply(g, X64_SUB, x, loaded);
        apply(g, X64_ADD, x, loaded);
        return EF_ADD;
    default: x64_test_rr(B, x->wide ? 8 : 4, X64_RAX, X64_RAX); return EF_ADD;
    }
}

void gen_copy_ways(struct nzcv_ways *to, const struct nzcv_ways *from)
{
    memcpy(to, from, offsetof(struct nzcv_ways, x) + from->count * sizeof *from->x);
}

const struct nzcv_ways *gen_nzcv_ways(const struct gen *g, struct nzcv_ways *room)
{
    if (g->nzcv == NZCV_ENTRY) return &g->ways;
    room->count = room->certain = 1;
    room->x[0] = g->pending.x;
    return room;
}

struct nzcv_ways *gen_keep_ways(const struct gen *g)
{
    struct nzcv_ways room;
    const struct nzcv_ways *now = gen_nzcv_ways(g, &room);
    size_t size = offsetof(struct nzcv_ways, x) + now->count * sizeof *now->x;
    struct nzcv_ways *kept = arena_alloc(g->arena, size);
    gen_copy_ways(kept, now);
    return kept;
}

void gen_note_first_turn(struct gen *g, const struct nzcv_operand *o)
{
    unsigned reg = operand_reg(g, o, g->loaded);
    gen_settle_slots(g, gen_slot_of(o));
    if (reg == NO_REG) {
        reg = X64_RAX;
        load(g, reg, o, g->loaded);
    }
    x64_mov_mr(B, 8, scratch_at(NZCV_FIRST_TURN), reg);
}

/* Jumps unless the expression holds. */
static void unless_it_holds(struct gen *g, const struct nzcv_expr *x, u64 loaded, u32 other)
{
    bool later = x->mark >= NZCV_LATER_A;
    if (later) {
        load(g, X64_RAX, nzcv_turn(x), loaded);
        x64_alu_rm(B, X64_CMP, 8, X64_RAX, scratch_at(NZCV_FIRST_TURN));
    } else {
        x64_alu_mi(B, X64_CMP, 1, gen_home(SLOT_NZCV), (s8)x->mark);
    }
    x64_jcc(B, later ? X64_CC_E : X64_CC_NE, other);
    gen_count_stretch(g);
}

static void store_flags_of(struct gen *g, const struct nzcv_expr *x, u64 loaded)
{
    if (x->a.kind == NZCV_CONST && x->b.kind == NZCV_CONST)
        x64_mov_mi(B, 4, gen_home(SLOT_NZCV), (s32)nzcv_of(x, (u64)x->a.value, (u64)x->b.value));
    else
        gen_store_nzcv(g, evaluate(g, x, loaded), false);
}

u64 gen_slots_of(const struct nzcv_ways *ways)
{
    u64 slots = 0;
    for (const struct nzcv_expr *x = ways->x; x < ways->x + ways->count; x++)
        slots |= gen_slot_of(&x->a) | gen_slot_of(&x->b);
    return slots;
}

/* Operands are read from their homes. */
void gen_store_ways(struct gen *g, const struct nzcv_ways *ways, u64 loaded)
{
    u32 done = x64_label_new(B);
    if (g->copies.owed) gen_settle_slots(g, gen_slots_of(ways));
    for (u32 n = 0; n < ways->count; n++) {
        const struct nzcv_expr *x = &ways->x[n];
        bool last = n + 1 == ways->count;
        u32 other = last ? done : x64_label_new(B);
        if (!ways->certain) unless_it_holds(g, x, loaded, other);
        store_flags_of(g, x, loaded);
        if (last) break;
        x64_jmp(B, done);
        x64_bind(B, other);
        gen_count_stretch(g);
    }
    x64_bind(B, done);
    if (!ways->certain) gen_count_stretch(g);
}

bool gen_flags_again(struct gen *g, ir_ref r)
{
    bool entry = g->nzcv == NZCV_ENTRY;
    if (!gen_nzcv_is_expr(g) || (entry && !g->ways.certain)) return false;
    struct nzcv_expr x = entry ? g->ways.x[0] : g->pending.x;
    gen_clobber_flags(g);
    gen_settle_slots(g, gen_slot_of(&x.a) | gen_slot_of(&x.b));
    g->candidate = g->pending = (struct nzcv_pending){.of = r, .x = x};
    gen_flags_in(g, r, evaluate(g, &x, g->loaded));
    g->nzcv = r;
    return true;
}
