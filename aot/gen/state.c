/*
 * Guest state and constants: GET, SET, constants; moves between the register files.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/upper.h"

#define B (&g->b)

static bool is_float(unsigned type)
{
    return type == IR_F16 || type == IR_F32 || type == IR_F64;
}

void emit_constant(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)i;
    g->val[r].place = VAL_CONST;
    g->val[r].narrow = true;
}

void gen_guest_address(struct gen *g, unsigned reg, u64 address)
{
    if (!g->options->image) {
        x64_mov_ri(B, reg, address);
        return;
    }
    x64_lea_rip(B, reg);
    gen_reloc(g, RELOC_GUEST, address);
}

void emit_address(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->options->image)
        gen_guest_address(g, gen_def_gpr(g, r, NO_REG), (u64)i->imm);
    else
        emit_constant(g, r, i);
}

/* --- GET
 * ------------------------------------------------------------------------------------------ */

static GEN_APART void get_home_xmm(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem home = gen_home((unsigned)i->imm);
    switch (i->type) {
    case IR_F16: {
        unsigned dst = gen_def_xmm(g, r, NO_REG);
        x64_movzx_rm(B, 2, X64_RAX, home);
        gen_vec_rr(g, X64_MOVD_XR, dst, X64_RAX);
        break;
    }
    case IR_F32: gen_vec_rm(g, X64_MOVSS, gen_def_xmm(g, r, NO_REG), home); break;
    case IR_F64: gen_vec_rm(g, X64_MOVSD, gen_def_xmm(g, r, NO_REG), home); break;
    default: gen_vec_rm(g, X64_MOVAPS, gen_def_xmm(g, r, NO_REG), home);
    }
}

/* The value goes to a pinned slot: into the pin at once. */
static bool to_pin(const struct gen *g, const struct ir_inst *i)
{
    unsigned hint = ir_hint(i);
    return hint && g->pin[hint - 1] != NO_REG;
}

/* The slot's value is in a temp as well: it is taken from there. */
static bool get_copy(struct gen *g, ir_ref r, unsigned slot, unsigned type)
{
    unsigned bytes = type == IR_V128 ? 16 : type == IR_I64 || type == IR_F64 ? 8 : 4;
    unsigned reg = gen_find_copy(g, slot, bytes);
    if (reg == NO_REG) return false;
    bool whole = g->copies.bytes[reg] == bytes;
    if (slot >= SLOT_V0)
        gen_bind_xmm(g, r, reg - COPY_XMM);
    else
        gen_bind_gpr(g, r, reg);
    g->val[r].narrow = whole || (slot >= SLOT_V0 && gen_zeros_above(g, slot, type));
    bool again = g->copies_wanted >> slot & 1 || g->copies.owed >> reg & 1;
    if (!again) gen_drop_copy(g, reg); /* the block won't look again */
    return true;
}

static GEN_APART void get_home(struct gen *g, ir_ref r, const struct ir_inst *i, unsigned slot)
{
    if (slot < SLOT_REGISTERS && i->type != IR_F16 && g->copies.regs && !to_pin(g, i) &&
        get_copy(g, r, slot, i->type))
        return;
    if (slot < SLOT_REGISTERS && i->type != IR_F16 && !to_pin(g, i)) {
        gen_leave_at_home(g, r, slot);
        return;
    }
    if (i->type != IR_I32 && i->type != IR_I64) {
        get_home_xmm(g, r, i);
        return;
    }
    unsigned size = gen_size(i->type), dst = gen_def_gpr(g, r, NO_REG);
    unsigned copy = gen_find_copy(g, slot, size);
    if (copy == NO_REG)
        x64_load_frame(B, size, dst, gen_home_frame(slot));
    else
        x64_mov_rr(B, size, dst, copy);
}

void emit_get(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned slot = (unsigned)i->imm;
    if (!gen_left(g, r)) return;
    if (slot == SLOT_NZCV) {
        gen_get_nzcv(g, r);
        return;
    }
    if (slot < SLOT_REGISTERS) gen_in_slot(g, r, slot);
    if (slot >= SLOT_REGISTERS || g->pin[slot] == NO_REG) {
        get_home(g, r, i, slot);
        return;
    }
    if (!(g->loaded >> slot & 1)) gen_load_pin(g, slot);
    g->val[r].narrow = slot >= SLOT_V0 && gen_zeros_above(g, slot, i->type);
    if (slot >= SLOT_V0)
        gen_bind_xmm(g, r, g->pin[slot]);
    else
        gen_bind_gpr(g, r, g->pin[slot]);
}

/* --- SET
 * ------------------------------------------------------------------------------------------ */

/* dst = src with everything above the scalar type cleared. dst may be src. */
void gen_narrow_xmm(struct gen *g, unsigned type, unsigned dst, unsigned src)
{
    switch (type) {
    case IR_F64: gen_vec_rr(g, X64_MOVQ, dst, src); break;
    case IR_F32:
        if (gen_has(g, X64_HAS_SSE41)) {
            gen_vec_rrri(g, X64_INSERTPS, dst, src, src, 0x0e);
        } else {
            gen_vec_rr(g, X64_MOVD_RX, X64_RAX, src);
            gen_vec_rr(g, X64_MOVD_XR, dst, X64_RAX);
        }
        break;
    case IR_F16:
        gen_vec_rr(g, X64_MOVD_RX, X64_RAX, src);
        x64_movzx_rr(B, 2, X64_RAX, X64_RAX);
        gen_vec_rr(g, X64_MOVD_XR, dst, X64_RAX);
        break;
    default:
        if (dst != src) gen_vec_rr(g, X64_MOVAPS, dst, src);
    }
}

static void mark_set(struct gen *g, unsigned slot)
{
    u64 bit = UINT64_C(1) << slot;
    g->loaded |= bit;
    g->dirty |= bit;
    g->ahead &= ~bit;
}

/* Zero is shorter where EFLAGS may go. */
static void move_constant(struct gen *g, unsigned reg, u64 value)
{
    if (!value && !gen_flags_busy(g)) {
        gen_clobber_flags(g);
        x64_zero(B, reg);
    } else {
        x64_mov_ri(B, reg, value);
    }
}

/* The value is elsewhere, or has garbage above. It moves, so that no temp is held for it. */
static GEN_APART void move_to_pin(struct gen *g, const struct ir_inst *i, unsigned slot, bool clean)
{
    ir_ref v = i->arg[0];
    unsigned pin = g->pin[slot];
    s64 value;
    if (gen_const(g, v, &value)) {
        gen_evacuate_pin(g, slot);
        move_constant(g, pin, i->type == IR_I32 ? (u32)value : (u64)value);
        gen_consume_one(g, v);
    } else {
        unsigned reg = gen_use_gpr(g, v);
        gen_consume_one(g, v);
        gen_evacuate_pin(g, slot);
        x64_mov_rr(B, clean ? 8 : 4, pin, reg);
        if (gen_left(g, v) && g->gpr.slot[reg] == NO_SLOT) {
            gen_unbind_gpr(g, v);
            gen_bind_gpr(g, v, pin);
            if (!clean) gen_forget_copy(g, v);
            g->val[v].narrow |= i->type == IR_I32;
        }
    }
    mark_set(g, slot);
}

static void set_gpr_pin(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    const struct val *v = &g->val[i->arg[0]];
    bool ready = v->place == VAL_GPR && v->reg == g->pin[slot];
    bool clean = i->type == IR_I64 || v->narrow;
    if (!ready || !clean) {
        move_to_pin(g, i, slot, clean);
        return;
    }
    mark_set(g, slot);
    gen_consume_one(g, i->arg[0]);
}

static GEN_APART void set_xmm_pin(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    ir_ref v = i->arg[0];
    unsigned pin = g->pin[slot];
    bool ready = g->val[v].place == VAL_XMM && g->val[v].reg == pin;
    bool clean = !is_float(i->type) || g->val[v].narrow;
    if (ready && clean) {
        gen_consume_one(g, v);
    } else if (g->val[v].place == VAL_CONST) {
        gen_consume_one(g, v);
        gen_evacuate_pin(g, slot);
        gen_constant_xmm(g, v, pin);
    } else {
        unsigned reg = gen_use_xmm(g, v);
        gen_consume_one(g, v);
        gen_evacuate_pin(g, slot);
        gen_narrow_xmm(g, clean ? IR_V128 : i->type, pin, reg);
        if (gen_left(g, v) && g->val[v].place == VAL_XMM && g->xmm.slot[reg] == NO_SLOT) {
            gen_unbind_xmm(g, v);
            gen_bind_xmm(g, v, pin);
            if (!clean) gen_forget_copy(g, v);
            g->val[v].narrow = true;
        }
    }
    mark_set(g, slot);
}

/* Values are at the home that is about to be overwritten. Called again when the new value is in its
 * register: another may have given that up and be left there since. */
static inline void vacate(struct gen *g, unsigned slot)
{
    if (slot < SLOT_REGISTERS && g->at_home >> slot & 1) gen_vacate_home(g, slot);
}

/* The home has been written: it is what the register holds. */
static void stored(struct gen *g, unsigned reg, unsigned slot, unsigned bytes)
{
    if (slot >= SLOT_REGISTERS) return;
    gen_forget_copies(g, slot);
    gen_note_copy(g, reg, slot, bytes);
}

static GEN_APART void set_home_xmm(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    ir_ref v = i->arg[0];
    unsigned reg = gen_use_xmm(g, v);
    vacate(g, slot);
    if (is_float(i->type) && g->val[v].place != VAL_CONST && !g->val[v].narrow) {
        gen_narrow_xmm(g, i->type, 0, reg);
        reg = 0;
    }
    gen_vec_mr(g, X64_MOVAPS_ST, gen_home(slot), reg);
    stored(g, COPY_XMM + reg, slot, 16);
    gen_consume_one(g, v);
}

/* The value, in a temp, is what the slot is to hold: its home is owed. False: it isn't in a temp,
 * or has garbage above, and others know it by that. */
static bool owe_home(struct gen *g, ir_ref v, unsigned type, unsigned reg, unsigned slot)
{
    struct val *value = &g->val[v];
    bool clean = type == IR_I64 || value->place == VAL_CONST || value->narrow;
    bool alone = value->place == VAL_GPR && g->gpr.head[reg] == v && !value->next;
    if (g->lazy || slot >= SLOT_V0 || !(g->gpr_temps >> reg & 1) || (!clean && !alone))
        return false;
    if (!clean) {
        gen_drop_copy(g, reg);
        gen_forget_copy(g, v);
        x64_mov_rr(B, 4, reg, reg);
        value->narrow = true;
    }
    gen_owe(g, reg, slot);
    return true;
}

static GEN_APART void set_home(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    ir_ref v = i->arg[0];
    unsigned size = slot_info(slot)->kind == SLOT_INT32 ? 4 : 8;
    s32 imm;
    vacate(g, slot);
    if (i->type != IR_I32 && i->type != IR_I64) {
        set_home_xmm(g, i, slot);
        return;
    }
    struct x64_mem m;
    unsigned reg = X64_RAX;
    if (gen_imm32(g, v, &imm) && (i->type == IR_I64 || imm >= 0)) {
        x64_store_frame_i(B, size, gen_home_frame(slot), imm);
    } else if (gen_in_memory(g, v, 1, &m)) {
        x64_mov_rm(B, gen_size(i->type), X64_RAX, m);
        x64_store_frame(B, size, gen_home_frame(slot), X64_RAX);
    } else {
        reg = gen_use_gpr(g, v);
        vacate(g, slot);
        if (size == 8 && owe_home(g, v, i->type, reg, slot)) {
            gen_consume_one(g, v);
            return;
        }
        if (i->type == IR_I32 && size == 8 && g->val[v].place != VAL_CONST && !g->val[v].narrow) {
            x64_mov_rr(B, 4, X64_RAX, reg);
            reg = X64_RAX;
        }
        x64_store_frame(B, size, gen_home_frame(slot), reg);
    }
    stored(g, reg, slot, 8);
    gen_consume_one(g, v);
}

/* SET of a general register, which pending flags don't mind. */
static void set_general(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    if (g->pin[slot] == NO_REG)
        set_home(g, i, slot);
    else
        set_gpr_pin(g, i, slot);
    g->version[slot]++;
    gen_in_slot(g, i->arg[0], slot);
}

static GEN_APART void set_with_flags(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    gen_flags_follow(g, slot, i->arg[0]);
    set_general(g, i, slot);
}

static GEN_APART void set_other(struct gen *g, const struct ir_inst *i, unsigned slot)
{
    if (slot == SLOT_NZCV) {
        gen_set_nzcv(g, i);
        return;
    }
    if (slot < SLOT_REGISTERS) gen_slot_changes(g, slot, i->arg[0]);
    if (slot >= SLOT_REGISTERS || g->pin[slot] == NO_REG)
        set_home(g, i, slot);
    else
        set_xmm_pin(g, i, slot);
    if (slot >= SLOT_REGISTERS) return;
    gen_zeros_after(g->f, i, &g->zeros);
    g->version[slot]++;
    gen_in_slot(g, i->arg[0], slot);
}

void emit_set(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned slot = (unsigned)i->imm;
    (void)r;
    if (slot >= SLOT_V0)
        set_other(g, i, slot);
    else if (gen_flags_pending(g))
        set_with_flags(g, i, slot);
    else
        set_general(g, i, slot);
}

/* --- between register files
 * ----------------------------------------------------------------------- */

void emit_float_bits(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned a = gen_use_xmm(g, i->arg[0]);
    unsigned from = gen_type(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    gen_vec_rr(g, from == IR_F64 || i->type == IR_I64 ? X64_MOVQ_RX : X64_MOVD_RX, dst, a);
    if (from == IR_F16) x64_movzx_rr(B, 2, dst, dst);
}

void emit_float_of_bits(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned a = gen_use_gpr(g, i->arg[0]);
    bool wide = gen_type(g, i->arg[0]) == IR_I64;
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, NO_REG);
    if (i->type == IR_F16) {
        x64_movzx_rr(B, 2, X64_RAX, a);
        a = X64_RAX;
    }
    bool q = wide && (i->type == IR_F64 || i->type == IR_V128);
    gen_vec_rr(g, q ? X64_MOVQ_XR : X64_MOVD_XR, dst, a);
}

/* The low lane as a scalar: another name of the same register. */
void emit_float_of_vector(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned a = gen_use_xmm(g, i->arg[0]);
    if (g->val[i->arg[0]].place == VAL_XMM) {
        gen_alias(g, r, i->arg[0]);
        gen_same_slot(g, r, i->arg[0]);
        gen_consume(g, i);
    } else {
        gen_consume(g, i);
        gen_vec_rr(g, X64_MOVAPS, gen_def_xmm(g, r, NO_REG), a);
    }
    g->val[r].narrow = false;
}

void emit_vector_of_float(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref v = i->arg[0];
    unsigned a = gen_use_xmm(g, v), type = gen_type(g, v);
    bool clean = g->val[v].place == VAL_CONST || g->val[v].narrow;
    if (clean && g->val[v].place == VAL_XMM) {
        gen_alias(g, r, v);
        gen_consume(g, i);
        return;
    }
    gen_consume(g, i);
    gen_narrow_xmm(g, clean ? IR_V128 : type, gen_def_xmm(g, r, a), a);
}
