/*
 * Host registers: where values live, pins, spills. The rules are at the head of internal.h.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/upper.h"

#define MAX_LOOK_AHEAD       100
#define FIRST_SPILL_VSCRATCH 6 /* those before belong to HELPER_IR_OP, emit functions, nzcv.c */
#define FIRST_SPILL_SCRATCH  (NZCV_FIRST_TURN + 1)

/* Host registers that C code may change. */
#define GPR_VOLATILE                                                                               \
    (1u << X64_RAX | 1u << X64_RCX | 1u << X64_RDX | 1u << X64_RSI | 1u << X64_RDI | 0xfu << 8)

void gen_fail(struct gen *g)
{
    g->failed = true;
}

static unsigned lowest(u32 mask)
{
    return (unsigned)__builtin_ctz(mask);
}

/* One of several empty registers. RDX last where products want it; copies of homes stay. */
static inline unsigned pick(const struct gen *g, u32 empty)
{
    u32 others = empty & ~(u32)(g->multiplies << X64_RDX);
    if (!others) others = empty;
    u32 nothing = others & ~(u32)g->copies.regs, nothing_owed = others & ~g->copies.owed;
    return lowest(nothing ? nothing : nothing_owed ? nothing_owed : others);
}

static unsigned pick_xmm(const struct gen *g, u32 empty)
{
    u32 nothing = empty & ~(u32)(g->copies.regs >> COPY_XMM);
    return lowest(nothing ? nothing : empty);
}

/* In general registers, when not at home: all but vectors and floats. */
static inline bool is_general(const struct gen *g, ir_ref r)
{
    return gen_type(g, r) < IR_F16;
}

/* --- values in registers ---------------------------------------------------------------------- */

static inline void bind(struct gen *g, struct host_regs *file, ir_ref r, enum val_place place,
                        unsigned reg)
{
    struct val *v = &g->val[r];
    v->place = (u8)place;
    v->reg = (u8)reg;
    v->next = file->head[reg];
    file->head[reg] = r;
    file->free &= ~(1u << reg);
}

/* One of several values of a register, not the newest. */
static GEN_APART void unlink_older(struct gen *g, struct host_regs *file, ir_ref r)
{
    ir_ref *p = &file->head[g->val[r].reg];
    while (*p != r) {
        if (*p == IR_NONE) return; /* only after gen_fail, when nothing is kept in order any more */
        p = &g->val[*p].next;
    }
    *p = g->val[r].next;
}

/* The value is nowhere any more. */
static inline void unbind(struct gen *g, struct host_regs *file, ir_ref r)
{
    struct val *v = &g->val[r];
    unsigned reg = v->reg;
    v->place = VAL_NONE;
    if (file->head[reg] != r) {
        unlink_older(g, file, r);
        return;
    }
    file->head[reg] = v->next;
    if (!v->next) file->free |= 1u << reg;
}

void gen_bind_gpr(struct gen *g, ir_ref r, unsigned reg)
{
    bind(g, &g->gpr, r, VAL_GPR, reg);
}

void gen_bind_xmm(struct gen *g, ir_ref r, unsigned reg)
{
    bind(g, &g->xmm, r, VAL_XMM, reg);
}

void gen_unbind_gpr(struct gen *g, ir_ref r)
{
    unbind(g, &g->gpr, r);
}

void gen_unbind_xmm(struct gen *g, ir_ref r)
{
    unbind(g, &g->xmm, r);
}

/* --- copies in scratch memory ----------------------------------------------------------------- */

/* Of a value in a register: its copy in scratch memory is given up. True: there was one. */
static bool release_copy(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    if (!v->copy) return false;
    if (is_general(g, r))
        g->scratch_used &= ~(UINT64_C(1) << (v->copy - 1));
    else
        g->vscratch_used &= ~(1u << (v->copy - 1));
    v->copy = 0;
    return true;
}

void gen_forget_copy(struct gen *g, ir_ref r)
{
    release_copy(g, r);
}

/* --- values at home --------------------------------------------------------------------------- */

void gen_leave_at_home(struct gen *g, ir_ref r, unsigned slot)
{
    struct val *v = &g->val[r];
    u64 bit = UINT64_C(1) << slot;
    bool narrow = gen_inst(g, r)->type != IR_I64; /* as read */
    if (narrow && !v->narrow) gen_forget_copy(g, r);
    v->place = VAL_HOME;
    v->reg = (u8)slot;
    v->narrow = narrow;
    v->next = g->at_home & bit ? g->home_head[slot] : IR_NONE;
    g->home_head[slot] = r;
    g->at_home |= bit;
}

/* The value is nowhere any more. */
static void leave_home(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    ir_ref *p = &g->home_head[v->reg];
    v->place = VAL_NONE;
    while (*p != r) {
        if (*p == IR_NONE) return; /* as in unlink_older */
        p = &g->val[*p].next;
    }
    *p = v->next;
    if (!g->home_head[v->reg]) g->at_home &= ~(UINT64_C(1) << v->reg);
}

/* The slot without a pin at whose home the value is too, or NO_SLOT. */
static unsigned home_of(const struct gen *g, ir_ref r)
{
    const struct val *v = &g->val[r];
    if (!v->slot) return NO_SLOT;
    unsigned slot = v->slot - 1u, type = gen_type(g, r);
    bool same = g->version[slot] == v->version && g->pin[slot] == NO_REG;
    return same && type != IR_F16 ? slot : NO_SLOT;
}

static void free_place(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    if (v->place == VAL_XMM)
        unbind(g, &g->xmm, r);
    else if (v->place == VAL_HOME)
        leave_home(g, r);
    v->place = VAL_NONE;
}

/* For all but values in general registers and constants. */
static GEN_APART void drop_other(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    if (v->place == VAL_LATER) {
        v->place = VAL_NONE;
        gen_consume(g, gen_inst(g, r)); /* a deferred value kept its operands alive */
    } else if (v->place != VAL_EFLAGS && v->place != VAL_NZCV_HOME) {
        free_place(g, r);
    }
}

void gen_consume_one(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    u32 uses = gen_inst(g, r)->uses;
    if (++v->used < uses) return;
    v->used = uses;
    if (v->copy) release_copy(g, r);
    if (v->place == VAL_GPR)
        unbind(g, &g->gpr, r);
    else if (v->place != VAL_CONST)
        drop_other(g, r);
}

void gen_consume(struct gen *g, const struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    if (n > 0 && i->arg[0]) gen_consume_one(g, i->arg[0]);
    if (n > 1 && i->arg[1]) gen_consume_one(g, i->arg[1]);
    if (n > 2 && i->arg[2]) gen_consume_one(g, i->arg[2]);
}

void gen_alias(struct gen *g, ir_ref r, ir_ref v)
{
    bool xmm = g->val[v].place == VAL_XMM;
    if (!gen_left(g, r)) return;
    bind(g, xmm ? &g->xmm : &g->gpr, r, xmm ? VAL_XMM : VAL_GPR, g->val[v].reg);
}

/* --- spills ----------------------------------------------------------------------------------- */

/* One copy less. False: there was none. */
static GEN_APART bool release_any_copy(struct gen *g, const struct host_regs *file)
{
    for (unsigned reg = 0; reg < HOST_VECTORS; reg++)
        for (ir_ref r = file->head[reg]; r; r = g->val[r].next)
            if (release_copy(g, r)) return true;
    return false;
}

static unsigned free_scratch(struct gen *g)
{
    const u64 all = ~UINT64_C(0) << FIRST_SPILL_SCRATCH;
    u64 empty = all & ~(g->scratch_used | g->scratch_read);
    while (!empty && release_any_copy(g, &g->gpr))
        empty = all & ~(g->scratch_used | g->scratch_read);
    if (!empty) {
        gen_fail(g);
        return FIRST_SPILL_SCRATCH;
    }
    g->scratch_used |= empty & -empty;
    return (unsigned)__builtin_ctzll(empty);
}

static unsigned free_vscratch(struct gen *g)
{
    const u32 all = ~0u << FIRST_SPILL_VSCRATCH;
    u32 empty = all & ~(g->vscratch_used | g->vscratch_read);
    while (!empty && release_any_copy(g, &g->xmm))
        empty = all & ~(g->vscratch_used | g->vscratch_read);
    if (!empty) {
        gen_fail(g);
        return FIRST_SPILL_VSCRATCH;
    }
    g->vscratch_used |= empty & -empty;
    return lowest(empty);
}

static struct x64_mem scratch_at(unsigned n)
{
    return gen_state(offsetof(struct guest_state, scratch) + 8 * n);
}

static struct x64_mem vscratch_at(unsigned n)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 16 * n);
}

static struct x64_mem copy_of(const struct gen *g, ir_ref r)
{
    unsigned n = g->val[r].copy - 1u;
    return is_general(g, r) ? scratch_at(n) : vscratch_at(n);
}

/* The value gives up its register if a home has it too. */
static bool leave_for_home(struct gen *g, struct host_regs *file, ir_ref r)
{
    unsigned slot = home_of(g, r), owing;
    if (slot == NO_SLOT) return false;
    unbind(g, file, r);
    owing = file == &g->gpr ? gen_owing(g, slot) : NO_REG;
    if (owing == NO_REG) {
        gen_leave_at_home(g, r, slot);
    } else {
        gen_bind_gpr(g, r, owing);
        g->val[r].narrow = false;
    }
    return true;
}

/* The pin that holds the value too, or NO_REG. */
static unsigned pin_of(const struct gen *g, ir_ref r)
{
    const struct val *v = &g->val[r];
    if (!v->slot) return NO_REG;
    unsigned slot = v->slot - 1u;
    bool same = g->version[slot] == v->version && ((g->loaded & ~g->ahead) >> slot & 1);
    return same ? g->pin[slot] : NO_REG;
}

/* Values of the register that a home or a pin has too are there only. True: that was all. */
static bool leave_for_guest(struct gen *g, unsigned reg)
{
    ir_ref next;
    for (ir_ref r = g->gpr.head[reg]; r; r = next) {
        next = g->val[r].next;
        unsigned pin = pin_of(g, r);
        if (pin != NO_REG && pin != reg) {
            unbind(g, &g->gpr, r);
            gen_bind_gpr(g, r, pin);
            g->val[r].narrow = false; /* the guest register may be wider than the value */
        } else {
            leave_for_home(g, &g->gpr, r);
        }
    }
    return !g->gpr.head[reg];
}

/* The value is in scratch memory only. */
static void leave_for_copy(struct gen *g, struct host_regs *file, ir_ref r)
{
    struct val *v = &g->val[r];
    unbind(g, file, r);
    v->place = file == &g->gpr ? VAL_SCRATCH : VAL_VSCRATCH;
}

static void store_copy(struct gen *g, ir_ref r, unsigned reg)
{
    bool gpr = is_general(g, r);
    g->val[r].copy = ((gpr ? free_scratch(g) : free_vscratch(g)) + 1) & 127;
    if (gpr)
        x64_mov_mr(&g->b, 8, copy_of(g, r), reg);
    else
        gen_vec_mr(g, X64_MOVAPS_ST, copy_of(g, r), reg);
}

/* Every value of the register goes to scratch memory of its own, or is in memory anyway. */
static void spill(struct gen *g, struct host_regs *file, unsigned reg)
{
    if (file == &g->gpr) gen_settle(g, 1u << reg & g->copies.owed);
    while (file->head[reg]) {
        ir_ref r = file->head[reg];
        if (leave_for_home(g, file, r)) continue;
        if (!g->val[r].copy) store_copy(g, r, reg);
        leave_for_copy(g, file, r);
    }
}

/* Of several registers the one whose values are needed last. */
static unsigned needed_last(const struct gen *g, enum val_place place, u32 regs)
{
    ir_ref end = g->f->block[g->block].end;
    if (end > g->at + MAX_LOOK_AHEAD) end = g->at + MAX_LOOK_AHEAD;
    for (ir_ref n = g->at; n < end; n++) {
        const struct ir_inst *i = gen_inst(g, n);
        for (unsigned k = 0; k < ir_op_args[i->op]; k++) {
            const struct val *v = &g->val[i->arg[k]];
            if (v->place != place || !(regs >> v->reg & 1)) continue;
            if (!(regs & (regs - 1))) return lowest(regs);
            regs &= ~(1u << v->reg);
        }
    }
    return lowest(regs);
}

static unsigned free_gpr(struct gen *g)
{
    u32 spillable = g->gpr_temps & ~g->gpr_locked;
    unsigned reg;
    if (spillable & g->gpr.free) {
        reg = pick(g, spillable & g->gpr.free);
    } else if (spillable) {
        reg = needed_last(g, VAL_GPR, spillable);
        spill(g, &g->gpr, reg);
    } else {
        gen_fail(g);
        reg = lowest(g->gpr_temps);
    }
    gen_drop_copy(g, reg);
    return reg;
}

static unsigned free_xmm(struct gen *g)
{
    u32 spillable = g->xmm_temps & ~g->xmm_locked;
    unsigned reg;
    if (spillable & g->xmm.free) {
        reg = pick_xmm(g, spillable & g->xmm.free);
    } else if (spillable) {
        reg = needed_last(g, VAL_XMM, spillable);
        spill(g, &g->xmm, reg);
    } else {
        gen_fail(g);
        reg = lowest(g->xmm_temps);
    }
    gen_drop_copy(g, COPY_XMM + reg);
    return reg;
}

unsigned gen_temp_gpr(struct gen *g)
{
    unsigned reg = free_gpr(g);
    g->gpr_locked |= 1u << reg;
    return reg;
}

unsigned gen_temp_xmm(struct gen *g)
{
    unsigned reg = free_xmm(g);
    g->xmm_locked |= 1u << reg;
    return reg;
}

/* All values of a register move to another, which must be empty. */
static void rename_all(struct gen *g, struct host_regs *file, unsigned from, unsigned to)
{
    for (ir_ref r = file->head[from]; r; r = g->val[r].next) g->val[r].reg = (u8)to;
    file->head[to] = file->head[from];
    file->head[from] = IR_NONE;
    file->free = (file->free & ~(1u << to)) | 1u << from;
}

void gen_take_gpr(struct gen *g, unsigned reg)
{
    bool was_locked = g->gpr_locked >> reg & 1;
    g->gpr_locked |= 1u << reg;
    gen_drop_copy(g, reg);
    if (!g->gpr.head[reg]) return;
    /* An operand of this very instruction (its user reads it before), or nowhere else to go. */
    if (was_locked || (g->gpr_temps & ~g->gpr_locked) == 0) {
        spill(g, &g->gpr, reg);
        return;
    }
    if (leave_for_guest(g, reg)) return;
    unsigned to = free_gpr(g);
    x64_mov_rr(&g->b, 8, to, reg);
    rename_all(g, &g->gpr, reg, to);
}

/* --- operands --------------------------------------------------------------------------------- */

bool gen_is_const(const struct gen *g, ir_ref r, s64 *value)
{
    const struct ir_inst *i = gen_inst(g, r);
    if (i->op == IR_GADDR && !g->options->image) {
        *value = i->imm;
        return true;
    }
    if (i->op != IR_CONST || (i->type != IR_I32 && i->type != IR_I64)) return false;
    *value = i->type == IR_I32 ? (s32)i->imm : i->imm;
    return true;
}

static unsigned use_constant_gpr(struct gen *g, ir_ref r)
{
    s64 value = 0;
    unsigned reg = gen_temp_gpr(g);
    if (!gen_is_const(g, r, &value)) gen_fail(g);
    x64_mov_ri(&g->b, reg, gen_type(g, r) == IR_I32 ? (u32)value : (u64)value);
    return reg;
}

static unsigned materialise_bool(struct gen *g, ir_ref r)
{
    struct host_cond c = gen_cond(g, r);
    unsigned reg = gen_temp_gpr(g);
    gen_setcc(g, c, reg);
    g->val[r].place = VAL_NONE;
    gen_consume(g, gen_inst(g, r));
    bind(g, &g->gpr, r, VAL_GPR, reg);
    g->val[r].narrow = true;
    return reg;
}

/* The value, which is at a home, is read from there, and is there no more. */
static void read_home_gpr(struct gen *g, ir_ref r, unsigned reg)
{
    struct val *v = &g->val[r];
    unsigned size = gen_size(gen_type(g, r));
    x64_load_frame(&g->b, size, reg, gen_home_frame(v->reg));
    gen_note_copy(g, reg, v->reg, size);
    leave_home(g, r);
}

void gen_move_gpr(struct gen *g, ir_ref r, unsigned reg)
{
    struct val *v = &g->val[r];
    u32 locked = g->gpr_locked;
    switch (v->place) {
    case VAL_GPR:
        if (v->reg == reg) break;
        g->gpr_locked |= 1u << v->reg; /* for the time being */
        gen_take_gpr(g, reg);
        x64_mov_rr(&g->b, 8, reg, v->reg);
        unbind(g, &g->gpr, r);
        gen_bind_gpr(g, r, reg);
        g->gpr_locked = locked;
        break;
    case VAL_HOME:
        gen_take_gpr(g, reg);
        read_home_gpr(g, r, reg);
        gen_bind_gpr(g, r, reg);
        break;
    case VAL_SCRATCH:
        gen_take_gpr(g, reg);
        x64_mov_rm(&g->b, 8, reg, copy_of(g, r));
        gen_bind_gpr(g, r, reg);
        break;
    default: gen_fail(g);
    }
    g->gpr_locked |= 1u << reg;
}

static void read_home_xmm(struct gen *g, ir_ref r, unsigned reg)
{
    struct val *v = &g->val[r];
    unsigned type = gen_type(g, r);
    enum x64_vec op = type == IR_F32 ? X64_MOVSS : type == IR_F64 ? X64_MOVSD : X64_MOVAPS;
    gen_vec_rm(g, op, reg, gen_home(v->reg));
    gen_note_copy(g, COPY_XMM + reg, v->reg, type == IR_F32 ? 4 : type == IR_F64 ? 8 : 16);
    leave_home(g, r);
}

/* To a register, or to scratch memory. */
static void move_from_home(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    bool gpr = is_general(g, r);
    if (v->copy) {
        leave_home(g, r);
        v->place = gpr ? VAL_SCRATCH : VAL_VSCRATCH;
        return;
    }
    u32 empty = gpr ? g->gpr_temps & g->gpr.free & ~g->gpr_locked
                    : g->xmm_temps & g->xmm.free & ~g->xmm_locked;
    unsigned reg = !empty ? 0 : gpr ? pick(g, empty) : pick_xmm(g, empty); /* 0: RAX or XMM0 */
    if (empty) gen_drop_copy(g, gpr ? reg : COPY_XMM + reg);
    if (gpr)
        read_home_gpr(g, r, reg);
    else
        read_home_xmm(g, r, reg);
    if (empty) {
        bind(g, gpr ? &g->gpr : &g->xmm, r, gpr ? VAL_GPR : VAL_XMM, reg);
        return;
    }
    v->place = gpr ? VAL_SCRATCH : VAL_VSCRATCH;
    store_copy(g, r, reg);
}

void gen_vacate_home(struct gen *g, unsigned slot)
{
    while (g->at_home >> slot & 1) move_from_home(g, g->home_head[slot]);
}

bool gen_in_memory(struct gen *g, ir_ref r, unsigned uses, struct x64_mem *m)
{
    const struct val *v = &g->val[r];
    if (v->place == VAL_HOME) {
        *m = gen_home(v->reg);
        return true;
    }
    bool last = gen_left(g, r) == uses;
    switch (v->place) {
    case VAL_SCRATCH:
        if (!last && g->gpr_temps & g->gpr.free & ~g->gpr_locked) return false;
        g->scratch_read |= UINT64_C(1) << (v->copy - 1);
        break;
    case VAL_VSCRATCH:
        if (!last && g->xmm_temps & g->xmm.free & ~g->xmm_locked) return false;
        g->vscratch_read |= 1u << (v->copy - 1);
        break;
    default: return false;
    }
    *m = copy_of(g, r);
    return true;
}

unsigned gen_fetch_gpr(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    unsigned reg;
    switch (v->place) {
    case VAL_CONST: return use_constant_gpr(g, r);
    case VAL_LATER: return materialise_bool(g, r);
    case VAL_SCRATCH:
        reg = free_gpr(g);
        x64_mov_rm(&g->b, 8, reg, copy_of(g, r));
        bind(g, &g->gpr, r, VAL_GPR, reg);
        break;
    case VAL_HOME:
        reg = free_gpr(g);
        read_home_gpr(g, r, reg);
        bind(g, &g->gpr, r, VAL_GPR, reg);
        break;
    default: gen_fail(g); return X64_RAX;
    }
    g->gpr_locked |= 1u << reg;
    return reg;
}

void gen_constant_xmm(struct gen *g, ir_ref r, unsigned reg)
{
    const struct ir_inst *i = gen_inst(g, r);
    u64 lo = (u64)i->imm, hi = i->type == IR_V128 ? lo : 0;
    if (i->op == IR_VCONST2) hi = i->arg[0] | (u64)i->arg[1] << 32;
    if (!lo && !hi)
        gen_vec_rrr(g, X64_PXOR, reg, reg, reg);
    else if (!~lo && !~hi)
        gen_vec_ones(g, reg);
    else
        gen_vec_rm(g, X64_MOVAPS, reg, gen_pool(g, lo, hi));
}

static unsigned use_constant_xmm(struct gen *g, ir_ref r)
{
    unsigned reg = gen_temp_xmm(g);
    gen_constant_xmm(g, r, reg);
    return reg;
}

unsigned gen_use_xmm(struct gen *g, ir_ref r)
{
    struct val *v = &g->val[r];
    unsigned reg;
    switch (v->place) {
    case VAL_XMM: reg = v->reg; break;
    case VAL_CONST: return use_constant_xmm(g, r);
    case VAL_VSCRATCH:
        reg = free_xmm(g);
        gen_vec_rm(g, X64_MOVAPS, reg, copy_of(g, r));
        bind(g, &g->xmm, r, VAL_XMM, reg);
        break;
    case VAL_HOME:
        reg = free_xmm(g);
        read_home_xmm(g, r, reg);
        bind(g, &g->xmm, r, VAL_XMM, reg);
        break;
    default: gen_fail(g); return 0;
    }
    g->xmm_locked |= 1u << reg;
    return reg;
}

/* --- results ---------------------------------------------------------------------------------- */

/* The pin of a slot into which r may be computed, if nothing else lives there any more; else
 * NO_REG. */
static unsigned hinted(struct gen *g, struct host_regs *file, ir_ref r, unsigned slot)
{
    unsigned pin = g->pin[slot];
    if (pin == NO_REG || !gen_left(g, r)) return NO_REG;
    if (file->head[pin]) return NO_REG;
    gen_slot_changes(g, slot, r);
    g->ahead |= UINT64_C(1) << slot;
    g->loaded |= UINT64_C(1) << slot; /* flags may be those of what is there now */
    return pin;
}

static inline unsigned define_gpr(struct gen *g, ir_ref r, unsigned reg)
{
    gen_drop_copy(g, reg);
    g->gpr_locked |= 1u << reg;
    g->val[r].narrow = gen_inst(g, r)->type == IR_I32;
    if (gen_left(g, r)) bind(g, &g->gpr, r, VAL_GPR, reg);
    return reg;
}

/* A temp for r: `prefer` if that is one and empty, or any; NO_REG when a spill is needed. */
static inline unsigned empty_temp(const struct gen *g, unsigned prefer)
{
    u32 empty = g->gpr_temps & g->gpr.free, others = empty & ~g->gpr_locked;
    bool reuse = prefer < 16 && empty >> prefer & 1;
    bool copy = reuse && g->copies.regs >> prefer & 1 && others & ~(u32)g->copies.regs;
    if (reuse && !copy) return prefer;
    return others ? pick(g, others) : NO_REG;
}

/* Where operands have taken all temps, the result gets an operand's, whose value goes to memory. */
static GEN_APART unsigned operand_gpr(struct gen *g)
{
    u32 taken = g->gpr_temps & ~g->gpr.free;
    unsigned reg = lowest(taken ? taken : g->gpr_temps);
    if (!taken) gen_fail(g);
    spill(g, &g->gpr, reg);
    return reg;
}

static GEN_APART unsigned def_hinted_gpr(struct gen *g, ir_ref r, unsigned prefer)
{
    unsigned hint = ir_hint(gen_inst(g, r)), reg = hint ? hinted(g, &g->gpr, r, hint - 1) : NO_REG;
    if (reg == NO_REG) reg = empty_temp(g, prefer);
    if (reg == NO_REG) reg = g->gpr_temps & ~g->gpr_locked ? free_gpr(g) : operand_gpr(g);
    return define_gpr(g, r, reg);
}

unsigned gen_def_gpr(struct gen *g, ir_ref r, unsigned prefer)
{
    unsigned reg = empty_temp(g, prefer);
    unsigned hint = ir_hint(gen_inst(g, r));
    bool may_be_pin = hint && g->pin[hint - 1] != NO_REG;
    if (reg == NO_REG || may_be_pin) return def_hinted_gpr(g, r, prefer);
    return define_gpr(g, r, reg);
}

unsigned gen_def_xmm(struct gen *g, ir_ref r, unsigned prefer)
{
    unsigned hint = ir_hint(gen_inst(g, r)), reg = hint ? hinted(g, &g->xmm, r, hint - 1) : NO_REG;
    if (reg == NO_REG) {
        bool reuse = prefer != NO_REG && (g->xmm_temps & g->xmm.free) >> prefer & 1;
        reg = reuse ? prefer : free_xmm(g);
    }
    gen_drop_copy(g, COPY_XMM + reg);
    g->xmm_locked |= 1u << reg;
    g->val[r].narrow = true;
    if (gen_left(g, r)) bind(g, &g->xmm, r, VAL_XMM, reg);
    return reg;
}

/* --- pins ------------------------------------------------------------------------------------- */

void gen_evacuate_pin(struct gen *g, unsigned slot)
{
    unsigned reg = g->pin[slot];
    if (slot >= SLOT_V0) {
        if (!g->xmm.head[reg]) return;
        unsigned to = gen_temp_xmm(g);
        gen_vec_rr(g, X64_MOVAPS, to, reg);
        rename_all(g, &g->xmm, reg, to);
    } else {
        if (!g->gpr.head[reg]) return;
        unsigned to = gen_temp_gpr(g);
        x64_mov_rr(&g->b, 8, to, reg);
        rename_all(g, &g->gpr, reg, to);
    }
}

/* --- calls ------------------------------------------------------------------------------------ */

/* Pinned slots whose registers C code may change. */
static u64 volatile_pins(const struct gen *g)
{
    u64 mask = g->pinned & ~UINT64_C(0) << SLOT_V0;
    for (u64 m = g->pinned & 0xffffffff; m; m &= m - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(m);
        if (GPR_VOLATILE >> g->pin[slot] & 1) mask |= UINT64_C(1) << slot;
    }
    return mask;
}

/*
 * A value that was computed into a volatile pin ahead of its SET is spilled like a temp. What the
 * slot held before is dead: nothing looks at it until the SET, but flags that are known by it.
 */
static void spill_ahead(struct gen *g, u64 pins)
{
    for (; pins; pins &= pins - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(pins), reg = g->pin[slot];
        gen_slot_changes(g, slot, IR_NONE);
        if (slot >= SLOT_V0)
            spill(g, &g->xmm, reg);
        else
            spill(g, &g->gpr, reg);
    }
}

void gen_before_call(struct gen *g)
{
    u64 pins = volatile_pins(g);
    gen_clobber_flags(g);
    spill_ahead(g, pins & g->ahead);
    g->dirty &= ~(pins & g->ahead);
    g->ahead &= ~pins;
    gen_store_pins(g, g->dirty & pins);
    g->dirty &= ~pins;
    for (u32 m = g->gpr_temps; m; m &= m - 1) spill(g, &g->gpr, lowest(m));
    for (u32 m = g->xmm_temps; m; m &= m - 1) spill(g, &g->xmm, lowest(m));
    g->copies.regs = g->copies.owed = 0;
}

void gen_after_call(struct gen *g)
{
    gen_load_pins(g, volatile_pins(g) & g->loaded);
}
