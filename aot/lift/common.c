/*
 * What all lifter files share: registers, flags, addresses, guards and ways out. See lift.h.
 *
 * SP alignment: Linux has the alignment check of SP-based accesses on at EL0. Translated code runs
 * only while SP is aligned: behind a write that may misalign it stands a guard, which leaves for
 * the evaluator until SP is aligned again. What the evaluator gets checks before each SP-based
 * access, until a check has passed or SP is written anew.
 */
#include "aot/lift/lift.h"

#include "aot/a64/flow.h"

void lift_sp_kept_aligned(struct lifter *l, bool unsure)
{
    l->sp_unsure = unsure;
}

ir_ref lift_get_v(struct lifter *l, unsigned n)
{
    return ir_get(l->f, IR_V128, SLOT_V0 + n);
}

void lift_set_v(struct lifter *l, unsigned n, ir_ref v)
{
    ir_set(l->f, IR_V128, SLOT_V0 + n, v);
}

void lift_set_q(struct lifter *l, unsigned n, bool q, ir_ref v)
{
    lift_set_v(l, n, q ? v : ir_op1(l->f, IR_VLOW, IR_V128, v));
}

ir_ref lift_get_fp(struct lifter *l, unsigned n, unsigned type)
{
    return ir_get(l->f, type, SLOT_V0 + n);
}

void lift_set_fp(struct lifter *l, unsigned n, unsigned type, ir_ref v)
{
    ir_set(l->f, type, SLOT_V0 + n, v);
}

ir_ref lift_get_nzcv(struct lifter *l)
{
    return ir_get(l->f, IR_FLAGS, SLOT_NZCV);
}

void lift_set_nzcv(struct lifter *l, ir_ref flags)
{
    ir_set(l->f, IR_FLAGS, SLOT_NZCV, flags);
    l->sets_nzcv = true;
}

ir_ref lift_cond(struct lifter *l, unsigned cond)
{
    return ir_opx(l->f, IR_COND, IR_BOOL, 0, (u8)cond, 0, lift_get_nzcv(l), IR_NONE, IR_NONE);
}

static ir_ref any_bit_set(struct lifter *l, ir_ref v, u64 mask)
{
    ir_ref low = ir_op2(l->f, IR_AND, IR_I64, v, lift_const(l, true, mask));
    return ir_opx(l->f, IR_ICMP, IR_I64, 0, IR_NE, 0, low, lift_const(l, true, 0), IR_NONE);
}

static void guard(struct lifter *l, ir_ref fails, enum trap_reason reason, ir_ref arg)
{
    ir_opx(l->f, IR_GUARD, IR_VOID, 0, (u8)reason, 0, fails, arg, IR_NONE);
}

void lift_guard_sp_even(struct lifter *l)
{
    guard(l, any_bit_set(l, lift_get_xsp(l, 31, true), 15), TRAP_SP_ODD, IR_NONE);
    l->sp_unsure = false;
}

void lift_guard_sp(struct lifter *l, ir_ref sp)
{
    guard(l, any_bit_set(l, sp, 15), TRAP_SP_ALIGN, sp);
    l->sp_unsure = false;
}

ir_ref lift_load(struct lifter *l, unsigned type, unsigned esz, ir_ref base, s64 offset)
{
    return ir_opx(l->f, IR_LOAD, type, (u8)esz, 0, offset, base, IR_NONE, IR_NONE);
}

void lift_store(struct lifter *l, unsigned type, unsigned esz, ir_ref base, s64 offset, ir_ref v)
{
    ir_opx(l->f, IR_STORE, type, (u8)esz, 0, offset, base, IR_NONE, v);
}

ir_ref lift_extend(struct lifter *l, unsigned n, bool sf, unsigned option, unsigned amount)
{
    unsigned type = lift_itype(sf), esz = option & 3;
    bool whole = esz == 3 || (esz == 2 && !sf);
    ir_ref v = lift_get_x(l, n, whole && sf);
    if (!whole && n != 31)
        v = ir_opx(l->f, option & 4 ? IR_SEXT : IR_ZEXT, type, (u8)esz, 0, 0, v, IR_NONE, IR_NONE);
    else if (!whole)
        v = lift_const(l, sf, 0);
    return amount ? ir_op2(l->f, IR_SHL, type, v, lift_const(l, sf, amount)) : v;
}

void lift_guard_aligned(struct lifter *l, ir_ref addr, unsigned esz)
{
    if (esz) guard(l, any_bit_set(l, addr, (1u << esz) - 1), TRAP_ALIGN, addr);
}

void lift_trap(struct lifter *l, enum trap_reason reason, u64 pc, u16 imm, ir_ref arg)
{
    ir_opx(l->f, IR_TRAP, IR_VOID, 0, (u8)reason, (s64)pc, arg, imm, IR_NONE);
    l->ended = true;
}

void lift_unsupported(struct lifter *l, u32 w)
{
    (void)w;
    lift_trap(l, TRAP_UNDEFINED, l->pc, 0, IR_NONE);
}

u8 lift_nzcv_dead(struct lifter *l, u64 target)
{
    struct lift_look *look = l->look;
    if (l->region->straight && !l->sets_nzcv) return 0; /* no matter: they are what they were */
    if (!look || look->count == look->capacity) return 0;
    unsigned n = a64_nzcv_dead(look->view, target);
    if (!n) return 0;
    look->range[look->count++] = (struct guest_range){target, target + 4 * (u64)n};
    return IR_EXIT_NZCV_DEAD;
}

int lift_block_at(const struct lifter *l, u64 pc)
{
    u32 of = l->block->of;
    return of ? a64_region_copy_at(l->region, &l->region->inlined[of - 1], pc)
              : a64_region_block_at(l->region, pc);
}

void lift_goto(struct lifter *l, u64 target)
{
    int block = lift_block_at(l, target);
    if (block >= 0)
        ir_opx(l->f, IR_JUMP, IR_VOID, 0, 0, block, IR_NONE, IR_NONE, IR_NONE);
    else
        ir_opx(l->f, IR_EXIT, IR_VOID, 0, IR_EXIT_JUMP | lift_nzcv_dead(l, target), (s64)target,
               IR_NONE, IR_NONE, IR_NONE);
    l->ended = true;
}
