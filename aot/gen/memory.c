/*
 * Loads, stores, atomics, exclusives.
 *
 * Each host instruction that touches guest memory is preceded by a fault point. Plain accesses are
 * plain; LOADACQ is a plain load and STOREREL an exchange (DESIGN: the guest's order is weaker than
 * the host's). Atomics are single locked instructions where the host has one, else a
 * compare-and-exchange loop.
 */
#include "aot/gen/vector.h"

#define B (&g->b)

static struct x64_mem state_field(size_t offset)
{
    return gen_state(offset);
}

#define FIELD(name) state_field(offsetof(struct guest_state, name))

static GEN_APART struct x64_mem general_address(struct gen *g, const struct ir_inst *i)
{
    s64 disp = i->imm, value;
    int base, index = -1;
    if (i->arg[1]) index = (int)gen_use_gpr(g, i->arg[1]);
    if (gen_const(g, i->arg[0], &value) && value + disp == (s32)(value + disp))
        return x64_mem_bi(-1, index, index < 0 ? 0 : i->mod, (s32)(value + disp));
    base = (int)gen_use_gpr(g, i->arg[0]);
    if (disp != (s32)disp) {
        x64_mov_ri(B, X64_RCX, (u64)disp);
        x64_lea(B, 8, X64_RCX, x64_mem_bi(X64_RCX, base, 0, 0));
        base = X64_RCX;
        disp = 0;
    }
    if (index >= 0 && !i->mod && !disp) return x64_mem_sum((unsigned)base, (unsigned)index);
    return x64_mem_bi(base, index, index < 0 ? 0 : i->mod, (s32)disp);
}

struct x64_mem gen_address(struct gen *g, const struct ir_inst *i)
{
    const struct val *base = &g->val[i->arg[0]];
    if (i->arg[1] || base->place != VAL_GPR || i->imm != (s32)i->imm) return general_address(g, i);
    g->gpr_locked |= 1u << base->reg;
    return x64_mem_b(base->reg, (s32)i->imm);
}

/* The same for operations whose arg[0] alone is the address. */
static struct x64_mem plain_address(struct gen *g, const struct ir_inst *i)
{
    return x64_mem_b(gen_use_gpr(g, i->arg[0]), 0);
}

/* --- plain
 * ---------------------------------------------------------------------------------------- */

static void load_vector(struct gen *g, ir_ref r, const struct ir_inst *i, struct x64_mem m)
{
    unsigned dst = gen_def_xmm(g, r, NO_REG);
    gen_fault_point(g);
    switch (i->esz) {
    case 0:
    case 1:
        x64_movzx_rm(B, 1u << i->esz, X64_RAX, m);
        gen_vec_rr(g, X64_MOVD_XR, dst, X64_RAX);
        break;
    case 2: gen_vec_rm(g, X64_MOVSS, dst, m); break;
    case 3: gen_vec_rm(g, X64_MOVSD, dst, m); break;
    default: gen_vec_rm(g, X64_MOVUPS, dst, m);
    }
}

/* A temp of the address that nobody needs any more, or NO_REG. */
static unsigned address_register(const struct gen *g, struct x64_mem m)
{
    u32 free = g->gpr_temps & g->gpr.free;
    if (m.base >= 0 && free >> m.base & 1) return (unsigned)m.base;
    return m.index >= 0 && free >> m.index & 1 ? (unsigned)m.index : NO_REG;
}

void emit_load(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->op == IR_LOAD && vec_load_lane(g, r, i)) return;
    struct x64_mem m = i->op == IR_LOADACQ ? plain_address(g, i) : gen_address(g, i);
    gen_consume_one(g, i->arg[0]);
    if (i->arg[1]) gen_consume_one(g, i->arg[1]);
    if (i->type != IR_I32 && i->type != IR_I64) {
        load_vector(g, r, i, m);
        return;
    }
    unsigned dst = gen_def_gpr(g, r, address_register(g, m));
    unsigned size = gen_size(i->type), from = 1u << i->esz;
    gen_fault_point(g);
    if (i->op == IR_LOADS && from < size)
        x64_movsx_rm(B, size, from, dst, m);
    else if (from < 4)
        x64_movzx_rm(B, from, dst, m);
    else
        x64_mov_rm(B, from, dst, m);
}

static void store_vector(struct gen *g, const struct ir_inst *i, struct x64_mem m)
{
    unsigned v = gen_use_xmm(g, i->arg[2]);
    gen_consume(g, i);
    if (i->esz < 2) gen_vec_rr(g, X64_MOVD_RX, X64_RAX, v);
    gen_fault_point(g);
    switch (i->esz) {
    case 0:
    case 1: x64_mov_mr(B, 1u << i->esz, m, X64_RAX); break;
    case 2: gen_vec_mr(g, X64_MOVSS_ST, m, v); break;
    case 3: gen_vec_mr(g, X64_MOVSD_ST, m, v); break;
    default: gen_vec_mr(g, X64_MOVUPS_ST, m, v);
    }
}

/* The value to be stored in a register: RAX where the address has taken all others. */
static unsigned stored_value(struct gen *g, ir_ref v)
{
    struct x64_mem m;
    if (g->gpr_temps & ~g->gpr_locked || !gen_in_memory(g, v, 1, &m)) return gen_use_gpr(g, v);
    x64_mov_rm(B, gen_size(gen_type(g, v)), X64_RAX, m);
    return X64_RAX;
}

void emit_store(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m = gen_address(g, i);
    unsigned size = 1u << i->esz;
    s32 imm;
    (void)r;
    if (i->type != IR_I32 && i->type != IR_I64) {
        store_vector(g, i, m);
        return;
    }
    if (gen_imm32(g, i->arg[2], &imm)) {
        gen_consume(g, i);
        gen_fault_point(g);
        x64_mov_mi(B, size, m, size == 1 ? (s8)imm : size == 2 ? (s16)imm : imm);
        return;
    }
    unsigned v = stored_value(g, i->arg[2]);
    gen_consume(g, i);
    gen_fault_point(g);
    x64_mov_mr(B, size, m, v);
}

void emit_store_release(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m = plain_address(g, i);
    unsigned v = gen_use_gpr(g, i->arg[1]);
    (void)r;
    gen_consume(g, i);
    x64_mov_rr(B, 8, X64_RAX, v);
    gen_fault_point(g);
    x64_xchg_mr(B, 1u << i->esz, m, X64_RAX);
}

/* --- exclusives
 * ----------------------------------------------------------------------------------- */

static void arm_monitor(struct gen *g, unsigned address, unsigned bytes)
{
    x64_mov_mr(B, 8, FIELD(excl_addr), address);
    x64_mov_mi(B, 8, FIELD(excl_size), (s32)bytes);
}

void emit_load_exclusive(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m = plain_address(g, i);
    gen_consume(g, i);
    unsigned size = 1u << i->esz, address = (unsigned)m.base;
    if (i->esz == 4) {
        gen_fault_point(g);
        gen_vec_rm(g, X64_MOVUPS, 0, m);
        gen_vec_mr(g, X64_MOVUPS_ST, FIELD(excl_val), 0);
        arm_monitor(g, address, size);
        unsigned dst = gen_def_xmm(g, r, NO_REG);
        gen_vec_rr(g, X64_MOVAPS, dst, 0);
        return;
    }
    gen_fault_point(g);
    if (size < 4)
        x64_movzx_rm(B, size, X64_RAX, m);
    else
        x64_mov_rm(B, size, X64_RAX, m);
    x64_mov_mr(B, 8, FIELD(excl_val), X64_RAX);
    arm_monitor(g, address, size);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    x64_mov_rr(B, 8, dst, X64_RAX);
}

/*
 * RBX may be a pin, whose frame state must stay right while CMPXCHG16B wants another value there:
 * the pin goes home first, so that the side table says "home" at the fault point.
 */
static void free_rbx(struct gen *g)
{
    unsigned slot = g->gpr.slot[X64_RBX];
    if (slot == NO_SLOT) {
        gen_take_gpr(g, X64_RBX);
        return;
    }
    u64 bit = UINT64_C(1) << slot;
    if (g->loaded & bit && !(g->ahead & bit)) {
        gen_store_pins(g, bit & g->dirty);
        g->dirty &= ~bit;
    }
}

static void restore_rbx(struct gen *g)
{
    unsigned slot = g->gpr.slot[X64_RBX];
    if (slot != NO_SLOT && (g->loaded >> slot & 1)) x64_mov_rm(B, 8, X64_RBX, gen_home(slot));
}

/* RCX:RBX = the 128 bits of `value`; `address` is moved out of the way of all four registers. */
static unsigned pair_operands(struct gen *g, unsigned address, unsigned value)
{
    unsigned m = address;
    g->gpr_locked |= 1u << X64_RBX;
    if (address == X64_RBX || address == X64_RDX) {
        m = gen_temp_gpr(g);
        if (m == X64_RDX) m = gen_temp_gpr(g);
        x64_mov_rr(B, 8, m, address);
    }
    free_rbx(g);
    gen_take_gpr(g, X64_RDX);
    gen_vec_mr(g, X64_MOVUPS_ST, FIELD(vscratch[0]), value);
    x64_mov_rm(B, 8, X64_RBX, FIELD(vscratch[0]));
    struct x64_mem high = FIELD(vscratch[0]);
    high.disp += 8;
    x64_mov_rm(B, 8, X64_RCX, high);
    return m;
}

static void store_pair_exclusive(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned address = gen_use_gpr(g, i->arg[0]), value = gen_use_xmm(g, i->arg[1]);
    gen_clobber_flags(g);
    unsigned m = pair_operands(g, address, value);
    gen_consume(g, i);
    u32 fail = x64_label_new(B), done = x64_label_new(B);
    x64_alu_mr(B, X64_CMP, 8, FIELD(excl_addr), m);
    x64_jcc(B, X64_CC_NE, fail);
    x64_alu_mi(B, X64_CMP, 8, FIELD(excl_size), 16);
    x64_jcc(B, X64_CC_NE, fail);
    x64_mov_rm(B, 8, X64_RAX, FIELD(excl_val[0]));
    x64_mov_rm(B, 8, X64_RDX, FIELD(excl_val[1]));
    gen_fault_point(g);
    x64_lock(B);
    x64_cmpxchg_pair(B, 16, x64_mem_b(m, 0));
    x64_setcc_r(B, X64_CC_NE, X64_RAX);
    x64_movzx_rr(B, 1, X64_RAX, X64_RAX);
    x64_jmp(B, done);
    x64_bind(B, fail);
    x64_mov_ri(B, X64_RAX, 1);
    x64_bind(B, done);
    x64_mov_mi(B, 8, FIELD(excl_size), 0);
    restore_rbx(g);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    x64_mov_rr(B, 4, dst, X64_RAX);
}

void emit_store_exclusive(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz == 4) {
        store_pair_exclusive(g, r, i);
        return;
    }
    struct x64_mem m = plain_address(g, i);
    unsigned size = 1u << i->esz, v = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    u32 fail = x64_label_new(B), done = x64_label_new(B);
    x64_alu_mr(B, X64_CMP, 8, FIELD(excl_addr), (unsigned)m.base);
    x64_jcc(B, X64_CC_NE, fail);
    x64_alu_mi(B, X64_CMP, 8, FIELD(excl_size), (s32)size);
    x64_jcc(B, X64_CC_NE, fail);
    x64_mov_rm(B, 8, X64_RAX, FIELD(excl_val[0]));
    gen_fault_point(g);
    x64_lock(B);
    x64_cmpxchg_mr(B, size, m, v);
    x64_setcc_r(B, X64_CC_NE, X64_RAX);
    x64_movzx_rr(B, 1, X64_RAX, X64_RAX);
    x64_jmp(B, done);
    x64_bind(B, fail);
    x64_mov_ri(B, X64_RAX, 1);
    x64_bind(B, done);
    x64_mov_mi(B, 8, FIELD(excl_size), 0);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    x64_mov_rr(B, 4, dst, X64_RAX);
}

void emit_clear_exclusive(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    (void)i;
    x64_mov_mi(B, 8, FIELD(excl_size), 0);
}

/* --- atomics
 * -------------------------------------------------------------------------------------- */

static void zero_extend_rax(struct gen *g, unsigned dst, unsigned size)
{
    if (size < 4)
        x64_movzx_rr(B, size, dst, X64_RAX);
    else
        x64_mov_rr(B, size, dst, X64_RAX);
}

static void compare_and_swap_pair(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned address = gen_use_gpr(g, i->arg[0]);
    unsigned expected = gen_use_xmm(g, i->arg[1]), value = gen_use_xmm(g, i->arg[2]);
    gen_clobber_flags(g);
    unsigned m = pair_operands(g, address, value);
    struct x64_mem low = FIELD(vscratch[1]), high = low;
    high.disp += 8;
    gen_vec_mr(g, X64_MOVUPS_ST, low, expected);
    x64_mov_rm(B, 8, X64_RAX, low);
    x64_mov_rm(B, 8, X64_RDX, high);
    gen_consume(g, i);
    gen_fault_point(g);
    x64_lock(B);
    x64_cmpxchg_pair(B, 16, x64_mem_b(m, 0));
    x64_mov_mr(B, 8, low, X64_RAX);
    x64_mov_mr(B, 8, high, X64_RDX);
    restore_rbx(g);
    gen_vec_rm(g, X64_MOVAPS, gen_def_xmm(g, r, NO_REG), low);
}

void emit_compare_and_swap(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz == 4) {
        compare_and_swap_pair(g, r, i);
        return;
    }
    struct x64_mem m = plain_address(g, i);
    unsigned size = 1u << i->esz;
    unsigned expected = gen_use_gpr(g, i->arg[1]), value = gen_use_gpr(g, i->arg[2]);
    gen_clobber_flags(g);
    x64_mov_rr(B, 8, X64_RAX, expected);
    gen_consume(g, i);
    gen_fault_point(g);
    x64_lock(B);
    x64_cmpxchg_mr(B, size, m, value);
    gen_unlock(g); /* there may be no register but the operands' */
    zero_extend_rax(g, gen_def_gpr(g, r, NO_REG), size);
}

/* RAX holds the old value; RCX becomes the new one. */
static void combine(struct gen *g, const struct ir_inst *i, unsigned size, unsigned v)
{
    unsigned op_size = size < 4 ? 4 : size;
    static const u8 keep_old[] = {[IR_RMW_SMAX] = X64_CC_GE,
                                  [IR_RMW_SMIN] = X64_CC_LE,
                                  [IR_RMW_UMAX] = X64_CC_AE,
                                  [IR_RMW_UMIN] = X64_CC_BE,
                                  [IR_RMW_SWP] = 0};
    x64_mov_rr(B, 8, X64_RCX, v);
    switch (i->mod) {
    case IR_RMW_ADD: x64_alu_rr(B, X64_ADD, op_size, X64_RCX, X64_RAX); return;
    case IR_RMW_EOR: x64_alu_rr(B, X64_XOR, op_size, X64_RCX, X64_RAX); return;
    case IR_RMW_SET: x64_alu_rr(B, X64_OR, op_size, X64_RCX, X64_RAX); return;
    case IR_RMW_CLR:
        x64_un_r(B, X64_NOT, op_size, X64_RCX);
        x64_alu_rr(B, X64_AND, op_size, X64_RCX, X64_RAX);
        return;
    default: break;
    }
    x64_alu_rr(B, X64_CMP, size, X64_RAX, X64_RCX);
    x64_cmov_rr(B, keep_old[i->mod], op_size, X64_RCX, X64_RAX);
}

void emit_read_modify_write(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m = plain_address(g, i);
    unsigned size = 1u << i->esz, v = gen_use_gpr(g, i->arg[1]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    if (i->mod == IR_RMW_ADD || i->mod == IR_RMW_SWP) {
        x64_mov_rr(B, 8, X64_RAX, v);
        gen_fault_point(g);
        if (i->mod == IR_RMW_ADD) {
            x64_lock(B);
            x64_xadd_mr(B, size, m, X64_RAX);
        } else {
            x64_xchg_mr(B, size, m, X64_RAX);
        }
    } else if (!gen_left(g, r) && (i->mod == IR_RMW_EOR || i->mod == IR_RMW_SET)) {
        gen_fault_point(g);
        x64_lock(B);
        x64_alu_mr(B, i->mod == IR_RMW_EOR ? X64_XOR : X64_OR, size, m, v);
        return;
    } else {
        gen_fault_point(g);
        if (size < 4)
            x64_movzx_rm(B, size, X64_RAX, m);
        else
            x64_mov_rm(B, size, X64_RAX, m);
        u32 again = x64_label_new(B);
        x64_bind(B, again);
        combine(g, i, size, v);
        gen_fault_point(g);
        x64_lock(B);
        x64_cmpxchg_mr(B, size, m, X64_RCX);
        x64_jcc(B, X64_CC_NE, again);
    }
    zero_extend_rax(g, gen_def_gpr(g, r, NO_REG), size);
}

void emit_fence(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    (void)r;
    if (i->mod != IR_FENCE_FULL) return;
    gen_clobber_flags(g);
    x64_lock(B);
    x64_alu_mi(B, X64_OR, 4, FIELD(trap_arg), 0);
}
