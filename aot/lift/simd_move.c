/*
 * Advanced SIMD that moves elements and makes constants: copies, permutes, EXT, table look-ups,
 * modified immediates. (Arm ARM C4.1.97: copy, permute, extract, table lookup, modified immediate.)
 */
#include "aot/lift/simd.h"

/* --- copies ----------------------------------------------------------------------------------- */

static ir_ref get_for_lane(struct lifter *l, u32 w)
{
    return lift_get_x(l, a64_rn(w), simd_copy_esz(w) == 3);
}

static void get_lane(struct lifter *l, u32 w, unsigned op)
{
    bool q = a64_Q(w);
    ir_ref v = lift_get_v(l, a64_rn(w));
    v = simd_get_lane(l, op, lift_itype(q), simd_copy_esz(w), simd_copy_lane(w), v);
    lift_set_x(l, a64_rd(w), q, v);
}

void lift_DUP_ve(struct lifter *l, u32 w)
{
    simd_set_q(l, w, simd_dup(l, simd_copy_esz(w), simd_copy_lane(w), lift_get_v(l, a64_rn(w))));
}

void lift_DUP_gen(struct lifter *l, u32 w)
{
    simd_set_q(l, w, simd_op1(l, IR_VDUP, simd_copy_esz(w), get_for_lane(l, w)));
}

void lift_DUP_se(struct lifter *l, u32 w)
{
    unsigned esz = simd_copy_esz(w), lane = simd_copy_lane(w);
    ir_ref v = lift_get_v(l, a64_rn(w));
    if (esz == 3 && lane == 1) {
        lift_set_v(l, a64_rd(w), ir_op1(l->f, IR_VHIGH, IR_V128, v));
        return;
    }
    simd_set_scalar(l, a64_rd(w), esz, lane ? simd_dup(l, esz, lane, v) : v);
}

void lift_INS_gen(struct lifter *l, u32 w)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), value = get_for_lane(l, w);
    lift_set_v(l, a64_rd(w), simd_set_lane(l, simd_copy_esz(w), simd_copy_lane(w), d, value));
}

void lift_INS_ve(struct lifter *l, u32 w)
{
    unsigned esz = simd_copy_esz(w);
    unsigned lanes = simd_copy_lane(w) | a64_imm4(w) >> esz << 4;
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    lift_set_v(l, a64_rd(w), ir_opx(l->f, IR_VINS, IR_V128, esz, 0, lanes, d, n, IR_NONE));
}

LIFT(UMOV, get_lane(l, w, IR_VGET))
LIFT(SMOV, get_lane(l, w, IR_VGETS))

/* --- permutes --------------------------------------------------------------------------------- */

static ir_ref permuted(struct lifter *l, u32 w, unsigned op)
{
    return simd_nm(l, w, op, a64_size(w));
}

/* UZP1, UZP2: with Q = 0 both operands are in one vector's halves. */
static void unzip(struct lifter *l, u32 w, unsigned op)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    if (!a64_Q(w)) n = m = simd_pair(l, n, m);
    simd_set_q(l, w, simd_op2(l, op, a64_size(w), n, m));
}

void lift_ZIP2_v(struct lifter *l, u32 w)
{
    ir_ref v = permuted(l, w, a64_Q(w) ? IR_VZIP2 : IR_VZIP1);
    lift_set_v(l, a64_rd(w), a64_Q(w) ? v : ir_op1(l->f, IR_VHIGH, IR_V128, v));
}

LIFT(ZIP1_v, simd_set_q(l, w, permuted(l, w, IR_VZIP1)))
LIFT(TRN1_v, simd_set_q(l, w, permuted(l, w, IR_VTRN1)))
LIFT(TRN2_v, simd_set_q(l, w, permuted(l, w, IR_VTRN2)))
LIFT(UZP1_v, unzip(l, w, IR_VUZP1))
LIFT(UZP2_v, unzip(l, w, IR_VUZP2))

void lift_EXT_v(struct lifter *l, u32 w)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    if (!a64_Q(w)) n = m = simd_pair(l, n, m);
    simd_set_q(l, w, ir_opx(l->f, IR_VEXT, IR_V128, 0, 0, a64_imm4(w), n, m, IR_NONE));
}

/* --- tables ----------------------------------------------------------------------------------- */

/* Bytes of the table of len + 1 registers from Rn on; 0 where the index is beyond it. Each register
 * is asked for index - 16 * its number: what is not its own is above 15 there (modulo 256), which a
 * sum that saturates gives a top bit. */
static ir_ref looked_up(struct lifter *l, u32 w, ir_ref index)
{
    ir_ref result = IR_NONE;
    for (unsigned i = 0; i <= a64_len(w); i++) {
        ir_ref from = i ? simd_op2(l, IR_VSUB, 0, index, simd_splat(l, 0, 16 * i)) : index;
        ir_ref lane = simd_op2(l, IR_VUQADD, 0, from, simd_splat(l, 0, 0x70));
        ir_ref part = simd_op2(l, IR_VTBL, 0, lift_get_v(l, (a64_rn(w) + i) & 31), lane);
        result = i ? ir_op2(l->f, IR_VOR, IR_V128, result, part) : part;
    }
    return result;
}

void lift_TBL_v(struct lifter *l, u32 w)
{
    simd_set_q(l, w, looked_up(l, w, lift_get_v(l, a64_rm(w))));
}

void lift_TBX_v(struct lifter *l, u32 w)
{
    ir_ref index = lift_get_v(l, a64_rm(w)), found = looked_up(l, w, index);
    ir_ref size = simd_splat(l, 0, 16 * (a64_len(w) + 1));
    ir_ref inside = simd_op2(l, IR_VCMPGTU, 0, size, index);
    simd_set_q(l, w, ir_op3(l->f, IR_VBSL, IR_V128, inside, found, lift_get_v(l, a64_rd(w))));
}

/* --- modified immediates ---------------------------------------------------------------------- */

/* AdvSIMDExpandImm but for FMOV and the complement of MVNI. */
static u64 expand_imm(u32 w)
{
    unsigned cmode = a64_cmode(w);
    u64 imm = a64_abc(w) << 5 | a64_defgh(w);
    if (cmode < 8) return (imm << (cmode >> 1) * 8) * UINT64_C(0x0000000100000001);
    if (cmode < 12) return (imm << (cmode >> 1 & 1) * 8) * UINT64_C(0x0001000100010001);
    if (cmode == 12) return (imm << 8 | 0xff) * UINT64_C(0x0000000100000001);
    if (cmode == 13) return (imm << 16 | 0xffff) * UINT64_C(0x0000000100000001);
    if (!a64_op(w)) return imm * UINT64_C(0x0101010101010101);
    u64 mask = 0; /* each bit becomes a byte */
    for (unsigned i = 0; i < 8; i++)
        if (imm >> i & 1) mask |= UINT64_C(0xff) << 8 * i;
    return mask;
}

static void set_constant(struct lifter *l, u32 w, u64 value)
{
    if (a64_Q(w) || !value)
        lift_set_v(l, a64_rd(w), simd_const(l, value, value));
    else
        lift_set_fp(l, a64_rd(w), IR_F64, ir_const(l->f, IR_F64, (s64)value));
}

static void with_constant(struct lifter *l, u32 w, unsigned op)
{
    u64 value = expand_imm(w);
    ir_ref d = lift_get_v(l, a64_rd(w));
    simd_set_q(l, w, ir_op2(l->f, op, IR_V128, d, simd_const(l, value, value)));
}

/* Elements of FMOV: single, or double when op is set. */
static u64 fp_elements(u32 w, unsigned esz, u64 ones)
{
    return fp_expand_imm(a64_abc(w) << 5 | a64_defgh(w), esz) * ones;
}

void lift_FMOV_vi(struct lifter *l, u32 w)
{
    u64 ones = a64_op(w) ? 1 : UINT64_C(0x0000000100000001);
    set_constant(l, w, fp_elements(w, 2 + a64_op(w), ones));
}

LIFT(FMOV_vih, set_constant(l, w, fp_elements(w, 1, UINT64_C(0x0001000100010001))))
LIFT(MOVI, set_constant(l, w, expand_imm(w)))
LIFT(MVNI, set_constant(l, w, ~expand_imm(w)))
LIFT(ORR_vi, with_constant(l, w, IR_VOR))
LIFT(BIC_vi, with_constant(l, w, IR_VANDN))
