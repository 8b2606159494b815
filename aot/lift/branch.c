/*
 * Branches (Arm ARM C4.1.94). Branches inside the region are jumps between blocks; conditional
 * ones that leave it are EXITIF, and the block goes on behind them. So are calls that are inlined,
 * and their returns (region.h).
 */
#include "aot/a64/flow.h"
#include "aot/lift/lift.h"

static void exit_if(struct lifter *l, ir_ref cond, u64 target)
{
    ir_opx(l->f, IR_EXITIF, IR_VOID, 0, IR_EXIT_JUMP | lift_nzcv_dead(l, target), (s64)target, cond,
           IR_NONE, IR_NONE);
}

static void jump_block(struct lifter *l, int block)
{
    ir_opx(l->f, IR_JUMP, IR_VOID, 0, 0, block, IR_NONE, IR_NONE, IR_NONE);
    l->ended = true;
}

static void branch_if(struct lifter *l, ir_ref cond, u64 target)
{
    int taken = lift_block_at(l, target);
    int next = lift_block_at(l, l->pc + 4);
    if (taken < 0) {
        exit_if(l, cond, target);
    } else if (taken == next) {
        jump_block(l, next);
    } else if (next < 0) {
        exit_if(l, ir_op1(l->f, IR_BNOT, IR_BOOL, cond), l->pc + 4);
        jump_block(l, taken);
    } else {
        ir_opx(l->f, IR_BR, IR_VOID, 0, 0, taken, cond, (ir_ref)next, IR_NONE);
        l->ended = true;
    }
}

static u64 target_of(struct lifter *l, enum a64_row row, u32 w)
{
    u64 target = 0;
    a64_flow(row, w, l->pc, &target);
    return target;
}

void lift_B(struct lifter *l, u32 w)
{
    lift_goto(l, target_of(l, A64_B, w));
}

void lift_B_cond(struct lifter *l, u32 w)
{
    u64 target = target_of(l, A64_B_cond, w);
    if (a64_bcond(w) >= IR_CC_AL)
        lift_goto(l, target);
    else
        branch_if(l, lift_cond(l, a64_bcond(w)), target);
}

static void compare_branch(struct lifter *l, u32 w, enum ir_cmp cmp)
{
    ir_ref v = lift_get_x(l, a64_rt(w), a64_sf(w));
    ir_ref cond = ir_opx(l->f, IR_ICMP, lift_itype(a64_sf(w)), 0, (u8)cmp, 0, v,
                         lift_const(l, a64_sf(w), 0), IR_NONE);
    branch_if(l, cond, target_of(l, A64_CBZ, w));
}

void lift_CBZ(struct lifter *l, u32 w)
{
    compare_branch(l, w, IR_EQ);
}

void lift_CBNZ(struct lifter *l, u32 w)
{
    compare_branch(l, w, IR_NE);
}

static void test_branch(struct lifter *l, u32 w, enum ir_cmp cmp)
{
    bool high = a64_b5(w);
    unsigned type = lift_itype(high);
    u64 mask = UINT64_C(1) << (a64_b5(w) << 5 | a64_b40(w));
    ir_ref bit =
        ir_op2(l->f, IR_AND, type, lift_get_x(l, a64_rt(w), high), lift_const(l, high, mask));
    ir_ref cond = ir_opx(l->f, IR_ICMP, type, 0, (u8)cmp, 0, bit, lift_const(l, high, 0), IR_NONE);
    branch_if(l, cond, target_of(l, A64_TBZ, w));
}

void lift_TBZ(struct lifter *l, u32 w)
{
    test_branch(l, w, IR_EQ);
}

void lift_TBNZ(struct lifter *l, u32 w)
{
    test_branch(l, w, IR_NE);
}

static void set_link(struct lifter *l)
{
    ir_ref link = ir_opx(l->f, IR_GADDR, IR_I64, 0, 0, (s64)(l->pc + 4), IR_NONE, IR_NONE, IR_NONE);
    ir_set(l->f, IR_I64, SLOT_LR, link);
}

static void exit_indirect(struct lifter *l, ir_ref target, enum ir_exit kind)
{
    ir_opx(l->f, IR_EXITIND, IR_VOID, 0, (u8)kind, 0, target, IR_NONE, IR_NONE);
    l->ended = true;
}

void lift_BL(struct lifter *l, u32 w)
{
    u64 target = target_of(l, A64_BL, w);
    u32 inlined = l->block->calls;
    set_link(l);
    if (inlined) {
        jump_block(l, (int)l->region->inlined[inlined - 1].start);
        return;
    }
    ir_opx(l->f, IR_EXIT, IR_VOID, 0, IR_EXIT_CALL | lift_nzcv_dead(l, target), (s64)target,
           IR_NONE, IR_NONE, IR_NONE);
    l->ended = true;
}

/* To the copy of the callee if that is it; else to the block behind that, which makes the call. */
static void call_as_assumed(struct lifter *l, ir_ref target, const struct a64_inlined *call)
{
    ir_ref assumed =
        ir_opx(l->f, IR_GADDR, IR_I64, 0, 0, (s64)call->assumed, IR_NONE, IR_NONE, IR_NONE);
    ir_ref holds = ir_opx(l->f, IR_ICMP, IR_I64, 0, IR_EQ, 0, target, assumed, IR_NONE);
    ir_opx(l->f, IR_BR, IR_VOID, 0, 0, call->first, holds, (ir_ref)(call->first + call->count),
           IR_NONE);
    l->ended = true;
}

void lift_BLR(struct lifter *l, u32 w)
{
    ir_ref target = lift_get_x(l, a64_rn(w), true);
    u32 inlined = l->block->calls;
    if (inlined && l->block->failed) {
        ir_opx(l->f, IR_FAILED, IR_VOID, 0, 0, (s64)l->region->inlined[inlined - 1].assumed,
               IR_NONE, IR_NONE, IR_NONE);
        exit_indirect(l, target, IR_EXIT_CALL);
        return;
    }
    set_link(l);
    if (inlined)
        call_as_assumed(l, target, &l->region->inlined[inlined - 1]);
    else
        exit_indirect(l, target, IR_EXIT_CALL);
}

/* A branch of code that linkers make, procedure linkage tables and veneers: by X16 or X17 (AAPCS64,
 * 6.1.1), right behind the ADD that makes X16 an address. Compilers use these registers too, for
 * what is called last and is not always the same. */
static bool is_linkage(const struct lifter *l, unsigned reg)
{
    u64 at = (l->pc - l->block->pc) / 4;
    if ((reg != 16 && reg != 17) || !at) return false;
    return (l->block->word[at - 1] & 0xff8003ff) == 0x91000210; /* ADD X16, X16, #imm */
}

void lift_BR(struct lifter *l, u32 w)
{
    ir_ref target = lift_get_x(l, a64_rn(w), true);
    bool linkage = is_linkage(l, a64_rn(w));
    if (l->block->of && l->block->calls) {
        call_as_assumed(l, target, &l->region->inlined[l->block->calls - 1]);
        return;
    }
    if (linkage || !l->region->has_targets) {
        exit_indirect(l, target, linkage ? IR_EXIT_STEADY : IR_EXIT_JUMP);
        return;
    }
    ir_op1(l->f, IR_JUMPIND, IR_VOID, target);
    l->ended = true;
}

void lift_RET(struct lifter *l, u32 w)
{
    if (l->block->of) {
        jump_block(l, (int)l->region->inlined[l->block->of - 1].behind);
        return;
    }
    exit_indirect(l, lift_get_x(l, a64_rn(w), true), IR_EXIT_RETURN);
}
