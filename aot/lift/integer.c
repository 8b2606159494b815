/*
 * Data processing of the general registers with an immediate or a register operand: arithmetic,
 * logic, moves, bit fields (Arm ARM C4.1.92, C4.1.95). Selects, multiplies and the one- and
 * two-source operations are in integer_more.c.
 */
#include "aot/lift/lift.h"

static unsigned width_of(bool sf)
{
    return sf ? 64 : 32;
}

static u64 ones(unsigned n)
{
    return n == 64 ? ~UINT64_C(0) : (UINT64_C(1) << n) - 1;
}

static ir_ref guest_address(struct lifter *l, u64 address)
{
    return ir_opx(l->f, IR_GADDR, IR_I64, 0, 0, (s64)address, IR_NONE, IR_NONE, IR_NONE);
}

void lift_ADR(struct lifter *l, u32 w)
{
    u64 offset = (u64)sign_extend(a64_immhi(w) << 2 | a64_immlo(w), 21);
    lift_set_x(l, a64_rd(w), true, guest_address(l, l->pc + offset));
}

void lift_ADRP(struct lifter *l, u32 w)
{
    u64 offset = (u64)sign_extend(a64_immhi(w) << 2 | a64_immlo(w), 21) << 12;
    lift_set_x(l, a64_rd(w), true, guest_address(l, (l->pc & ~UINT64_C(0xfff)) + offset));
}

/* --- add and subtract --------------------------------------------------------------------------
 */

/* Rd (31: none) and NZCV of a op b. Value and flags stand side by side: the generator makes one
 * instruction of them. */
static void set_with_flags(struct lifter *l, unsigned rd, bool sf, unsigned op, unsigned flag_op,
                           ir_ref a, ir_ref b)
{
    ir_ref v = rd != 31 ? ir_op2(l->f, op, lift_itype(sf), a, b) : IR_NONE;
    ir_ref flags = ir_op2(l->f, flag_op, lift_itype(sf), a, b);
    if (v) lift_set_x(l, rd, sf, v);
    lift_set_nzcv(l, flags);
}

/* ADD, SUB immediate: register 31 is SP on both sides. */
static void add_imm(struct lifter *l, u32 w, unsigned op)
{
    bool sf = a64_sf(w), unsure = l->sp_unsure;
    u64 imm = (u64)a64_imm12(w) << (a64_sh(w) ? 12 : 0);
    ir_ref a = lift_get_xsp(l, a64_rn(w), sf);
    ir_ref v = imm ? ir_op2(l->f, op, lift_itype(sf), a, lift_const(l, sf, imm)) : a;
    lift_set_xsp(l, a64_rd(w), sf, v);
    if (a64_rn(w) == 31 && imm % 16 == 0) lift_sp_kept_aligned(l, unsure);
}

static void adds_imm(struct lifter *l, u32 w, unsigned op, unsigned flag_op)
{
    bool sf = a64_sf(w);
    ir_ref a = lift_get_xsp(l, a64_rn(w), sf);
    ir_ref b = lift_const(l, sf, (u64)a64_imm12(w) << (a64_sh(w) ? 12 : 0));
    set_with_flags(l, a64_rd(w), sf, op, flag_op, a, b);
}

void lift_ADD_imm(struct lifter *l, u32 w)
{
    add_imm(l, w, IR_ADD);
}

void lift_SUB_imm(struct lifter *l, u32 w)
{
    add_imm(l, w, IR_SUB);
}

void lift_ADDS_imm(struct lifter *l, u32 w)
{
    adds_imm(l, w, IR_ADD, IR_FLADD);
}

void lift_SUBS_imm(struct lifter *l, u32 w)
{
    adds_imm(l, w, IR_SUB, IR_FLSUB);
}

/* Shifted register operand: shift by imm6 of type LSL, LSR, ASR, ROR. */
static ir_ref shifted(struct lifter *l, u32 w)
{
    static const u8 shift_op[] = {IR_SHL, IR_SHR, IR_SAR, IR_ROR};
    bool sf = a64_sf(w);
    ir_ref v = lift_get_x(l, a64_rm(w), sf);
    if (!a64_imm6(w) || a64_rm(w) == 31) return v;
    return ir_op2(l->f, shift_op[a64_shift(w)], lift_itype(sf), v, lift_const(l, sf, a64_imm6(w)));
}

static void add_shift(struct lifter *l, u32 w, unsigned op, unsigned flag_op)
{
    bool sf = a64_sf(w);
    unsigned type = lift_itype(sf);
    ir_ref b = shifted(l, w);
    if (op == IR_SUB && a64_rn(w) == 31 && !flag_op) {
        lift_set_x(l, a64_rd(w), sf, ir_op1(l->f, IR_NEG, type, b));
        return;
    }
    ir_ref a = lift_get_x(l, a64_rn(w), sf);
    if (flag_op)
        set_with_flags(l, a64_rd(w), sf, op, flag_op, a, b);
    else if (a64_rd(w) != 31)
        lift_set_x(l, a64_rd(w), sf, ir_op2(l->f, op, type, a, b));
}

void lift_ADD_shift(struct lifter *l, u32 w)
{
    add_shift(l, w, IR_ADD, 0);
}

void lift_SUB_shift(struct lifter *l, u32 w)
{
    add_shift(l, w, IR_SUB, 0);
}

void lift_ADDS_shift(struct lifter *l, u32 w)
{
    add_shift(l, w, IR_ADD, IR_FLADD);
}

void lift_SUBS_shift(struct lifter *l, u32 w)
{
    add_shift(l, w, IR_SUB, IR_FLSUB);
}

/* Extended register: rn may be SP; so may rd, but of the flag-setting forms. */
static void add_ext(struct lifter *l, u32 w, unsigned op, unsigned flag_op)
{
    bool sf = a64_sf(w);
    ir_ref a = lift_get_xsp(l, a64_rn(w), sf);
    ir_ref b = lift_extend(l, a64_rm(w), sf, a64_option(w), a64_imm3(w));
    if (!flag_op) {
        lift_set_xsp(l, a64_rd(w), sf, ir_op2(l->f, op, lift_itype(sf), a, b));
        return;
    }
    set_with_flags(l, a64_rd(w), sf, op, flag_op, a, b);
}

void lift_ADD_ext(struct lifter *l, u32 w)
{
    add_ext(l, w, IR_ADD, 0);
}

void lift_SUB_ext(struct lifter *l, u32 w)
{
    add_ext(l, w, IR_SUB, 0);
}

void lift_ADDS_ext(struct lifter *l, u32 w)
{
    add_ext(l, w, IR_ADD, IR_FLADD);
}

void lift_SUBS_ext(struct lifter *l, u32 w)
{
    add_ext(l, w, IR_SUB, IR_FLSUB);
}

static void add_carry(struct lifter *l, u32 w, unsigned op, unsigned flag_op)
{
    bool sf = a64_sf(w);
    unsigned type = lift_itype(sf);
    ir_ref a = lift_get_x(l, a64_rn(w), sf), b = lift_get_x(l, a64_rm(w), sf);
    ir_ref carry = lift_cond(l, IR_CC_CS);
    ir_ref v = ir_op3(l->f, op, type, a, b, carry);
    ir_ref flags = flag_op ? ir_op3(l->f, flag_op, type, a, b, carry) : IR_NONE;
    lift_set_x(l, a64_rd(w), sf, v);
    if (flags) lift_set_nzcv(l, flags);
}

void lift_ADC(struct lifter *l, u32 w)
{
    add_carry(l, w, IR_ADC, 0);
}

void lift_ADCS(struct lifter *l, u32 w)
{
    add_carry(l, w, IR_ADC, IR_FLADC);
}

void lift_SBC(struct lifter *l, u32 w)
{
    add_carry(l, w, IR_SBC, 0);
}

void lift_SBCS(struct lifter *l, u32 w)
{
    add_carry(l, w, IR_SBC, IR_FLSBC);
}

/* --- logic --------------------------------------------------------------------------------------
 */

/* DecodeBitMasks of the manual, for an allocated N:immr:imms. */
static u64 logical_immediate(u32 w)
{
    unsigned key = a64_N(w) << 6 | (~a64_imms(w) & 63);
    unsigned esize = 1u << (31 - __builtin_clz(key));
    unsigned run = (a64_imms(w) & (esize - 1)) + 1, rotate = a64_immr(w) & (esize - 1);
    u64 element = ones(run);
    if (rotate) element = (element >> rotate | element << (esize - rotate)) & ones(esize);
    for (; esize < 64; esize *= 2) element |= element << esize;
    return element;
}

static void logic_imm(struct lifter *l, u32 w, unsigned op)
{
    bool sf = a64_sf(w), unsure = l->sp_unsure;
    u64 imm = logical_immediate(w);
    ir_ref v = lift_const(l, sf, imm);
    if (op != IR_OR || a64_rn(w) != 31)
        v = ir_op2(l->f, op, lift_itype(sf), lift_get_x(l, a64_rn(w), sf), v);
    lift_set_xsp(l, a64_rd(w), sf, v);
    if (op == IR_AND && imm % 16 == 0) lift_sp_kept_aligned(l, unsure);
}

void lift_AND_imm(struct lifter *l, u32 w)
{
    logic_imm(l, w, IR_AND);
}

void lift_ORR_imm(struct lifter *l, u32 w)
{
    logic_imm(l, w, IR_OR);
}

void lift_EOR_imm(struct lifter *l, u32 w)
{
    logic_imm(l, w, IR_XOR);
}

static void set_logic_flags(struct lifter *l, u32 w, ir_ref v)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), v);
    lift_set_nzcv(l, ir_op1(l->f, IR_FLLOGIC, lift_itype(a64_sf(w)), v));
}

void lift_ANDS_imm(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    ir_ref a = lift_get_x(l, a64_rn(w), sf);
    set_logic_flags(
        l, w, ir_op2(l->f, IR_AND, lift_itype(sf), a, lift_const(l, sf, logical_immediate(w))));
}

/* rn op rm, where op is what the row's name says; MOV and MVN have the zero register for rn. */
static ir_ref logic_shift(struct lifter *l, u32 w, unsigned op)
{
    bool sf = a64_sf(w);
    ir_ref b = shifted(l, w);
    if (a64_rn(w) == 31 && op == IR_OR) return b;
    if (a64_rn(w) == 31 && op == IR_ORN) return ir_op1(l->f, IR_NOT, lift_itype(sf), b);
    ir_ref a = lift_get_x(l, a64_rn(w), sf);
    return ir_op2(l->f, op, lift_itype(sf), a, b);
}

void lift_AND_shift(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), logic_shift(l, w, IR_AND));
}

void lift_BIC_shift(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), logic_shift(l, w, IR_ANDN));
}

void lift_ORR_shift(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), logic_shift(l, w, IR_OR));
}

void lift_ORN_shift(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), logic_shift(l, w, IR_ORN));
}

void lift_EOR_shift(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w), logic_shift(l, w, IR_XOR));
}

void lift_EON_shift(struct lifter *l, u32 w)
{
    ir_ref v = logic_shift(l, w, IR_XOR);
    lift_set_x(l, a64_rd(w), a64_sf(w), ir_op1(l->f, IR_NOT, lift_itype(a64_sf(w)), v));
}

void lift_ANDS_shift(struct lifter *l, u32 w)
{
    set_logic_flags(l, w, logic_shift(l, w, IR_AND));
}

void lift_BICS_shift(struct lifter *l, u32 w)
{
    set_logic_flags(l, w, logic_shift(l, w, IR_ANDN));
}

/* --- moves --------------------------------------------------------------------------------------
 */

void lift_MOVZ(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w),
               lift_const(l, a64_sf(w), (u64)a64_imm16(w) << (16 * a64_hw(w))));
}

void lift_MOVN(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), a64_sf(w),
               lift_const(l, a64_sf(w), ~((u64)a64_imm16(w) << (16 * a64_hw(w)))));
}

void lift_MOVK(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    unsigned type = lift_itype(sf), at = 16 * a64_hw(w);
    ir_ref keep = ir_op2(l->f, IR_AND, type, lift_get_x(l, a64_rd(w), sf),
                         lift_const(l, sf, ~(UINT64_C(0xffff) << at)));
    ir_ref put = lift_const(l, sf, (u64)a64_imm16(w) << at);
    lift_set_x(l, a64_rd(w), sf, ir_op2(l->f, IR_OR, type, keep, put));
}

/* --- bit fields ---------------------------------------------------------------------------------
 */

static ir_ref shift_by(struct lifter *l, bool sf, unsigned op, ir_ref v, unsigned amount)
{
    return amount ? ir_op2(l->f, op, lift_itype(sf), v, lift_const(l, sf, amount)) : v;
}

static ir_ref mask_by(struct lifter *l, bool sf, ir_ref v, u64 mask)
{
    return ir_op2(l->f, IR_AND, lift_itype(sf), v, lift_const(l, sf, mask));
}

/* log2 of the bytes of a field of `top + 1` bits when that is 8, 16 or 32, else -1. */
static int whole_bytes(unsigned top)
{
    return top == 7 ? 0 : top == 15 ? 1 : top == 31 ? 2 : -1;
}

static ir_ref extend_field(struct lifter *l, u32 w, unsigned op, int esz)
{
    ir_ref v = lift_get_x(l, a64_rn(w), false);
    return ir_opx(l->f, op, lift_itype(a64_sf(w)), (u8)esz, 0, 0, v, IR_NONE, IR_NONE);
}

void lift_UBFM(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    unsigned r = a64_immr(w), s = a64_imms(w), width = width_of(sf);
    ir_ref v;
    if (r == 0 && s < width - 1 && whole_bytes(s) >= 0) {
        v = extend_field(l, w, IR_ZEXT, whole_bytes(s));
    } else if (s >= r) {
        v = shift_by(l, sf, IR_SHR, lift_get_x(l, a64_rn(w), sf), r);
        if (s != width - 1) v = mask_by(l, sf, v, ones(s - r + 1));
    } else {
        v = lift_get_x(l, a64_rn(w), sf);
        if (s + 1 != r) v = mask_by(l, sf, v, ones(s + 1));
        v = shift_by(l, sf, IR_SHL, v, width - r);
    }
    lift_set_x(l, a64_rd(w), sf, v);
}

void lift_SBFM(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    unsigned r = a64_immr(w), s = a64_imms(w), width = width_of(sf);
    ir_ref v;
    if (r == 0 && s < width - 1 && whole_bytes(s) >= 0) {
        v = extend_field(l, w, IR_SEXT, whole_bytes(s));
    } else {
        v = shift_by(l, sf, IR_SHL, lift_get_x(l, a64_rn(w), sf), width - 1 - s);
        v = shift_by(l, sf, IR_SAR, v, s >= r ? width - 1 - s + r : r - 1 - s);
    }
    lift_set_x(l, a64_rd(w), sf, v);
}

void lift_BFM(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    unsigned r = a64_immr(w), s = a64_imms(w), width = width_of(sf);
    ir_ref v = lift_get_x(l, a64_rn(w), sf);
    u64 mask;
    if (s >= r) { /* bits s to r go to the bottom */
        mask = ones(s - r + 1);
        v = shift_by(l, sf, IR_SHR, v, r);
        if (s != width - 1) v = mask_by(l, sf, v, mask);
    } else { /* bits s to 0 go to width - r */
        mask = ones(s + 1) << (width - r);
        if (s + 1 != r) v = mask_by(l, sf, v, ones(s + 1));
        v = shift_by(l, sf, IR_SHL, v, width - r);
    }
    if (mask != ones(width))
        v = ir_op2(l->f, IR_OR, lift_itype(sf), mask_by(l, sf, lift_get_x(l, a64_rd(w), sf), ~mask),
                   v);
    lift_set_x(l, a64_rd(w), sf, v);
}

void lift_EXTR(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    unsigned type = lift_itype(sf), at = a64_imms(w);
    ir_ref low = lift_get_x(l, a64_rm(w), sf), v;
    if (at == 0)
        v = low;
    else if (a64_rn(w) == a64_rm(w))
        v = shift_by(l, sf, IR_ROR, low, at);
    else
        v = ir_opx(l->f, IR_EXTR, type, 0, 0, at, lift_get_x(l, a64_rn(w), sf), low, IR_NONE);
    lift_set_x(l, a64_rd(w), sf, v);
}
