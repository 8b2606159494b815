/*
 * Advanced SIMD on integers: element by element, pairwise, across lanes, logical, compares.
 * (Arm ARM C4.1.97: three same, two-register miscellaneous, across lanes, pairwise, and their
 * scalar forms. What saturates is in simd_sat.c, widening and narrowing in simd_wide.c.)
 */
#include "aot/lift/simd.h"

/* --- three registers -------------------------------------------------------------------------- */

static void binary(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    simd_set_q(l, w, simd_nm(l, w, op, esz));
}

/* Rd = acc(Rd, op(Rn, Rm)). */
static void accumulate(struct lifter *l, u32 w, unsigned acc, unsigned op)
{
    unsigned esz = a64_size(w);
    ir_ref v = simd_nm(l, w, op, esz);
    simd_set_q(l, w, simd_op2(l, acc, esz, lift_get_v(l, a64_rd(w)), v));
}

static void pairwise(struct lifter *l, u32 w, unsigned op)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    simd_set_q(l, w, simd_pairwise(l, w, op, a64_size(w), n, m));
}

static void scalar_binary(struct lifter *l, u32 w, unsigned op)
{
    simd_set_double(l, w, simd_nm(l, w, op, 3));
}

LIFT(ADD_v, binary(l, w, IR_VADD, a64_size(w)))
LIFT(SUB_v, binary(l, w, IR_VSUB, a64_size(w)))
LIFT(MUL_v, binary(l, w, IR_VMUL, a64_size(w)))
LIFT(PMUL_v, binary(l, w, IR_VPMUL, 0))
LIFT(SHADD_v, binary(l, w, IR_VSHADD, a64_size(w)))
LIFT(UHADD_v, binary(l, w, IR_VUHADD, a64_size(w)))
LIFT(SRHADD_v, binary(l, w, IR_VSRHADD, a64_size(w)))
LIFT(URHADD_v, binary(l, w, IR_VURHADD, a64_size(w)))
LIFT(SHSUB_v, binary(l, w, IR_VSHSUB, a64_size(w)))
LIFT(UHSUB_v, binary(l, w, IR_VUHSUB, a64_size(w)))
LIFT(SMAX_v, binary(l, w, IR_VSMAX, a64_size(w)))
LIFT(SMIN_v, binary(l, w, IR_VSMIN, a64_size(w)))
LIFT(UMAX_v, binary(l, w, IR_VUMAX, a64_size(w)))
LIFT(UMIN_v, binary(l, w, IR_VUMIN, a64_size(w)))
LIFT(SABD_v, binary(l, w, IR_VSABD, a64_size(w)))
LIFT(UABD_v, binary(l, w, IR_VUABD, a64_size(w)))
LIFT(CMGT_v, binary(l, w, IR_VCMPGTS, a64_size(w)))
LIFT(CMGE_v, binary(l, w, IR_VCMPGES, a64_size(w)))
LIFT(CMHI_v, binary(l, w, IR_VCMPGTU, a64_size(w)))
LIFT(CMHS_v, binary(l, w, IR_VCMPGEU, a64_size(w)))
LIFT(CMEQ_v, binary(l, w, IR_VCMPEQ, a64_size(w)))
LIFT(CMTST_v, binary(l, w, IR_VTST, a64_size(w)))
LIFT(SSHL_v, binary(l, w, IR_VSSHL, a64_size(w)))
LIFT(USHL_v, binary(l, w, IR_VUSHL, a64_size(w)))
LIFT(SRSHL_v, binary(l, w, IR_VSRSHL, a64_size(w)))
LIFT(URSHL_v, binary(l, w, IR_VURSHL, a64_size(w)))

LIFT(MLA_v, accumulate(l, w, IR_VADD, IR_VMUL))
LIFT(MLS_v, accumulate(l, w, IR_VSUB, IR_VMUL))
LIFT(SABA_v, accumulate(l, w, IR_VADD, IR_VSABD))
LIFT(UABA_v, accumulate(l, w, IR_VADD, IR_VUABD))

LIFT(ADDP_v, pairwise(l, w, IR_VADD))
LIFT(SMAXP_v, pairwise(l, w, IR_VSMAX))
LIFT(SMINP_v, pairwise(l, w, IR_VSMIN))
LIFT(UMAXP_v, pairwise(l, w, IR_VUMAX))
LIFT(UMINP_v, pairwise(l, w, IR_VUMIN))

LIFT(ADD_s, scalar_binary(l, w, IR_VADD))
LIFT(SUB_s, scalar_binary(l, w, IR_VSUB))
LIFT(CMGT_s, scalar_binary(l, w, IR_VCMPGTS))
LIFT(CMGE_s, scalar_binary(l, w, IR_VCMPGES))
LIFT(CMHI_s, scalar_binary(l, w, IR_VCMPGTU))
LIFT(CMHS_s, scalar_binary(l, w, IR_VCMPGEU))
LIFT(CMEQ_s, scalar_binary(l, w, IR_VCMPEQ))
LIFT(CMTST_s, scalar_binary(l, w, IR_VTST))
LIFT(SSHL_s, scalar_binary(l, w, IR_VSSHL))
LIFT(USHL_s, scalar_binary(l, w, IR_VUSHL))
LIFT(SRSHL_s, scalar_binary(l, w, IR_VSRSHL))
LIFT(URSHL_s, scalar_binary(l, w, IR_VURSHL))

void lift_ADDP_s(struct lifter *l, u32 w)
{
    ir_ref v = lift_get_v(l, a64_rn(w));
    v = simd_op2(l, IR_VADD, 3, v, ir_op1(l->f, IR_VHIGH, IR_V128, v));
    simd_set_double(l, w, v);
}

/* --- logical ---------------------------------------------------------------------------------- */

/* A select under mask `mask` between `yes` and `no`. */
static void bit_select(struct lifter *l, u32 w, unsigned mask, unsigned yes, unsigned no)
{
    ir_ref m = lift_get_v(l, mask), y = lift_get_v(l, yes), n = lift_get_v(l, no);
    simd_set_q(l, w, ir_op3(l->f, IR_VBSL, IR_V128, m, y, n));
}

void lift_ORR_v(struct lifter *l, u32 w)
{
    if (a64_rn(w) == a64_rm(w))
        simd_set_q(l, w, lift_get_v(l, a64_rn(w))); /* MOV */
    else
        binary(l, w, IR_VOR, 0);
}

LIFT(AND_v, binary(l, w, IR_VAND, 0))
LIFT(BIC_v, binary(l, w, IR_VANDN, 0))
LIFT(ORN_v, binary(l, w, IR_VORN, 0))
LIFT(EOR_v, binary(l, w, IR_VXOR, 0))
LIFT(BSL_v, bit_select(l, w, a64_rd(w), a64_rn(w), a64_rm(w)))
LIFT(BIT_v, bit_select(l, w, a64_rm(w), a64_rn(w), a64_rd(w)))
LIFT(BIF_v, bit_select(l, w, a64_rm(w), a64_rd(w), a64_rn(w)))

/* --- two registers ---------------------------------------------------------------------------- */

static void unary(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    simd_set_q(l, w, simd_op1(l, op, esz, lift_get_v(l, a64_rn(w))));
}

static void reverse(struct lifter *l, u32 w, unsigned container)
{
    ir_ref v = lift_get_v(l, a64_rn(w));
    v = ir_opx(l->f, IR_VREV, IR_V128, a64_size(w), container, 0, v, IR_NONE, IR_NONE);
    simd_set_q(l, w, v);
}

/* Rn > bound, or bound > Rn when swapped. */
static ir_ref compared(struct lifter *l, u32 w, s64 bound, bool swapped)
{
    unsigned esz = a64_size(w);
    ir_ref n = lift_get_v(l, a64_rn(w)), b = simd_splat(l, esz, (u64)bound);
    return simd_op2(l, IR_VCMPGTS, esz, swapped ? b : n, swapped ? n : b);
}

static ir_ref equal_to_zero(struct lifter *l, u32 w)
{
    ir_ref n = lift_get_v(l, a64_rn(w));
    return simd_op2(l, IR_VCMPEQ, a64_size(w), n, simd_const(l, 0, 0));
}

static void scalar_unary(struct lifter *l, u32 w, unsigned op)
{
    simd_set_double(l, w, simd_op1(l, op, 3, lift_get_v(l, a64_rn(w))));
}

/* Adjacent elements added into elements twice as wide, accumulated. */
static void add_pairs_to(struct lifter *l, u32 w, unsigned op)
{
    unsigned esz = a64_size(w);
    ir_ref sums = simd_op1(l, op, esz, lift_get_v(l, a64_rn(w)));
    simd_set_q(l, w, simd_op2(l, IR_VADD, esz + 1, lift_get_v(l, a64_rd(w)), sums));
}

LIFT(ABS_v, unary(l, w, IR_VABS, a64_size(w)))
LIFT(NEG_v, unary(l, w, IR_VNEG, a64_size(w)))
LIFT(CLS_v, unary(l, w, IR_VCLS, a64_size(w)))
LIFT(CLZ_v, unary(l, w, IR_VCLZ, a64_size(w)))
LIFT(CNT_v, unary(l, w, IR_VCNT, 0))
LIFT(NOT_v, unary(l, w, IR_VNOT, 0))
LIFT(RBIT_v, unary(l, w, IR_VRBIT, 0))
LIFT(SADDLP_v, unary(l, w, IR_VSADDLP, a64_size(w)))
LIFT(UADDLP_v, unary(l, w, IR_VUADDLP, a64_size(w)))
LIFT(SADALP_v, add_pairs_to(l, w, IR_VSADDLP))
LIFT(UADALP_v, add_pairs_to(l, w, IR_VUADDLP))
LIFT(REV64_v, reverse(l, w, 3))
LIFT(REV32_v, reverse(l, w, 2))
LIFT(REV16_v, reverse(l, w, 1))
LIFT(URECPE_v, unary(l, w, IR_VURECPE, 2))
LIFT(URSQRTE_v, unary(l, w, IR_VURSQRTE, 2))

LIFT(CMGT0_v, simd_set_q(l, w, compared(l, w, 0, false)))
LIFT(CMGE0_v, simd_set_q(l, w, compared(l, w, -1, false)))
LIFT(CMEQ0_v, simd_set_q(l, w, equal_to_zero(l, w)))
LIFT(CMLE0_v, simd_set_q(l, w, compared(l, w, 1, true)))
LIFT(CMLT0_v, simd_set_q(l, w, compared(l, w, 0, true)))

LIFT(ABS_s, scalar_unary(l, w, IR_VABS))
LIFT(NEG_s, scalar_unary(l, w, IR_VNEG))
LIFT(CMGT0_s, simd_set_double(l, w, compared(l, w, 0, false)))
LIFT(CMGE0_s, simd_set_double(l, w, compared(l, w, -1, false)))
LIFT(CMEQ0_s, simd_set_double(l, w, equal_to_zero(l, w)))
LIFT(CMLE0_s, simd_set_double(l, w, compared(l, w, 1, true)))
LIFT(CMLT0_s, simd_set_double(l, w, compared(l, w, 0, true)))

/* --- across lanes ----------------------------------------------------------------------------- */

static void across(struct lifter *l, u32 w, unsigned op)
{
    ir_ref v = lift_get_v(l, a64_rn(w));
    v = ir_opx(l->f, op, IR_V128, a64_size(w), 3 + a64_Q(w), 0, v, IR_NONE, IR_NONE);
    lift_set_v(l, a64_rd(w), v);
}

LIFT(ADDV_v, across(l, w, IR_VADDV))
LIFT(SADDLV_v, across(l, w, IR_VSADDLV))
LIFT(UADDLV_v, across(l, w, IR_VUADDLV))
LIFT(SMAXV_v, across(l, w, IR_VSMAXV))
LIFT(SMINV_v, across(l, w, IR_VSMINV))
LIFT(UMAXV_v, across(l, w, IR_VUMAXV))
LIFT(UMINV_v, across(l, w, IR_VUMINV))
