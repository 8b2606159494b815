/*
 * Advanced SIMD floating-point arithmetic and compares, vector forms. (Arm ARM C4.1.97: three same,
 * three same FP16, two-register miscellaneous, across lanes, by indexed element, complex numbers.)
 *
 * Lanes that a form does not have must not raise exceptions. With Q = 0 operands are taken with
 * zeros above, which raise nothing in any operation but division and the reciprocal estimates: the
 * upper half is 1.0 there.
 */
#include "aot/lift/simd.h"

/* The lanes of a register that the form has. */
static ir_ref get_lanes(struct lifter *l, u32 w, unsigned reg)
{
    ir_ref v = lift_get_v(l, reg);
    return a64_Q(w) ? v : simd_low(l, v);
}

/* The same with 1.0 in the other lanes. */
static ir_ref get_lanes_or_one(struct lifter *l, u32 w, unsigned reg, unsigned esz)
{
    ir_ref v = lift_get_v(l, reg);
    if (a64_Q(w)) return v;
    return simd_pair(l, v, simd_splat(l, esz, fp_expand_imm(0x70, esz)));
}

static ir_ref get_elem(struct lifter *l, u32 w, unsigned esz)
{
    ir_ref v = simd_elem(l, w, esz);
    return a64_Q(w) ? v : simd_low(l, v);
}

/* Operations whose result is +0 in lanes where all operands are, in every rounding mode. */
static bool keeps_zeros(unsigned op)
{
    switch (op) {
    case IR_FADD:
    case IR_FMUL:
    case IR_FMULX:
    case IR_FABD:
    case IR_FMAX:
    case IR_FMIN:
    case IR_FMAXNM:
    case IR_FMINNM:
    case IR_FMA:
    case IR_FSQRT:
    case IR_FRINT:
    case IR_FRINTN: return true;
    default: return false;
    }
}

/* The result of op on operands from get_lanes: often its upper half is clear already. */
static void set_lanes(struct lifter *l, u32 w, unsigned op, ir_ref v)
{
    lift_set_q(l, a64_rd(w), a64_Q(w) || keeps_zeros(op), v);
}

/* --- three registers -------------------------------------------------------------------------- */

static void binary(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = get_lanes(l, w, a64_rn(w)), m = get_lanes(l, w, a64_rm(w));
    set_lanes(l, w, op, simd_op2(l, op, esz, n, m));
    if (a64_rd(w) != a64_rn(w) && a64_rd(w) != a64_rm(w)) ir_unread(l->f);
}

static void divide(struct lifter *l, u32 w, unsigned esz)
{
    ir_ref n = get_lanes(l, w, a64_rn(w)), m = get_lanes_or_one(l, w, a64_rm(w), esz);
    simd_set_q(l, w, simd_op2(l, IR_FDIV, esz, n, m));
}

static void compare_absolute(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = simd_op1(l, IR_FABS, esz, get_lanes(l, w, a64_rn(w)));
    ir_ref m = simd_op1(l, IR_FABS, esz, get_lanes(l, w, a64_rm(w)));
    simd_set_q(l, w, simd_op2(l, op, esz, n, m));
}

static void pairwise(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    simd_set_q(l, w, simd_pairwise(l, w, op, esz, n, m));
}

/* Rd + Rn * m, or Rd - Rn * m when negated. */
static void multiply_add(struct lifter *l, u32 w, bool negated, unsigned esz, ir_ref m)
{
    ir_ref d = get_lanes(l, w, a64_rd(w)), n = get_lanes(l, w, a64_rn(w));
    set_lanes(l, w, negated ? IR_NOP : IR_FMA,
              ir_opx(l->f, IR_FMA, IR_V128, esz, negated, 0, d, n, m));
}

static void by_element(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = get_lanes(l, w, a64_rn(w)), m = get_elem(l, w, esz);
    set_lanes(l, w, op, simd_op2(l, op, esz, n, m));
    if (a64_rd(w) != a64_rn(w) && a64_rd(w) != simd_elem_reg(w, esz)) ir_unread(l->f);
}

LIFT(FADD_v, binary(l, w, IR_FADD, simd_sz(w)))
LIFT(FSUB_v, binary(l, w, IR_FSUB, simd_sz(w)))
LIFT(FMUL_v, binary(l, w, IR_FMUL, simd_sz(w)))
LIFT(FDIV_v, divide(l, w, simd_sz(w)))
LIFT(FMULX_v, binary(l, w, IR_FMULX, simd_sz(w)))
LIFT(FABD_v, binary(l, w, IR_FABD, simd_sz(w)))
LIFT(FMAX_v, binary(l, w, IR_FMAX, simd_sz(w)))
LIFT(FMIN_v, binary(l, w, IR_FMIN, simd_sz(w)))
LIFT(FMAXNM_v, binary(l, w, IR_FMAXNM, simd_sz(w)))
LIFT(FMINNM_v, binary(l, w, IR_FMINNM, simd_sz(w)))
LIFT(FRECPS_v, binary(l, w, IR_FRECPS, simd_sz(w)))
LIFT(FRSQRTS_v, binary(l, w, IR_FRSQRTS, simd_sz(w)))
LIFT(FCMEQ_v, binary(l, w, IR_FCMPEQ, simd_sz(w)))
LIFT(FCMGE_v, binary(l, w, IR_FCMPGE, simd_sz(w)))
LIFT(FCMGT_v, binary(l, w, IR_FCMPGT, simd_sz(w)))
LIFT(FACGE_v, compare_absolute(l, w, IR_FCMPGE, simd_sz(w)))
LIFT(FACGT_v, compare_absolute(l, w, IR_FCMPGT, simd_sz(w)))
LIFT(FADDP_v, pairwise(l, w, IR_FADD, simd_sz(w)))
LIFT(FMAXP_v, pairwise(l, w, IR_FMAX, simd_sz(w)))
LIFT(FMINP_v, pairwise(l, w, IR_FMIN, simd_sz(w)))
LIFT(FMAXNMP_v, pairwise(l, w, IR_FMAXNM, simd_sz(w)))
LIFT(FMINNMP_v, pairwise(l, w, IR_FMINNM, simd_sz(w)))
LIFT(FMLA_v, multiply_add(l, w, false, simd_sz(w), get_lanes(l, w, a64_rm(w))))
LIFT(FMLS_v, multiply_add(l, w, true, simd_sz(w), get_lanes(l, w, a64_rm(w))))
LIFT(FMLA_ve, multiply_add(l, w, false, simd_sz(w), get_elem(l, w, simd_sz(w))))
LIFT(FMLS_ve, multiply_add(l, w, true, simd_sz(w), get_elem(l, w, simd_sz(w))))
LIFT(FMUL_ve, by_element(l, w, IR_FMUL, simd_sz(w)))
LIFT(FMULX_ve, by_element(l, w, IR_FMULX, simd_sz(w)))

LIFT(FADD_vh, binary(l, w, IR_FADD, 1))
LIFT(FSUB_vh, binary(l, w, IR_FSUB, 1))
LIFT(FMUL_vh, binary(l, w, IR_FMUL, 1))
LIFT(FDIV_vh, divide(l, w, 1))
LIFT(FMULX_vh, binary(l, w, IR_FMULX, 1))
LIFT(FABD_vh, binary(l, w, IR_FABD, 1))
LIFT(FMAX_vh, binary(l, w, IR_FMAX, 1))
LIFT(FMIN_vh, binary(l, w, IR_FMIN, 1))
LIFT(FMAXNM_vh, binary(l, w, IR_FMAXNM, 1))
LIFT(FMINNM_vh, binary(l, w, IR_FMINNM, 1))
LIFT(FRECPS_vh, binary(l, w, IR_FRECPS, 1))
LIFT(FRSQRTS_vh, binary(l, w, IR_FRSQRTS, 1))
LIFT(FCMEQ_vh, binary(l, w, IR_FCMPEQ, 1))
LIFT(FCMGE_vh, binary(l, w, IR_FCMPGE, 1))
LIFT(FCMGT_vh, binary(l, w, IR_FCMPGT, 1))
LIFT(FACGE_vh, compare_absolute(l, w, IR_FCMPGE, 1))
LIFT(FACGT_vh, compare_absolute(l, w, IR_FCMPGT, 1))
LIFT(FADDP_vh, pairwise(l, w, IR_FADD, 1))
LIFT(FMAXP_vh, pairwise(l, w, IR_FMAX, 1))
LIFT(FMINP_vh, pairwise(l, w, IR_FMIN, 1))
LIFT(FMAXNMP_vh, pairwise(l, w, IR_FMAXNM, 1))
LIFT(FMINNMP_vh, pairwise(l, w, IR_FMINNM, 1))
LIFT(FMLA_vh, multiply_add(l, w, false, 1, get_lanes(l, w, a64_rm(w))))
LIFT(FMLS_vh, multiply_add(l, w, true, 1, get_lanes(l, w, a64_rm(w))))
LIFT(FMLA_veh, multiply_add(l, w, false, 1, get_elem(l, w, 1)))
LIFT(FMLS_veh, multiply_add(l, w, true, 1, get_elem(l, w, 1)))
LIFT(FMUL_veh, by_element(l, w, IR_FMUL, 1))
LIFT(FMULX_veh, by_element(l, w, IR_FMULX, 1))

/* --- two registers ---------------------------------------------------------------------------- */

static void unary(struct lifter *l, u32 w, unsigned op, unsigned esz, unsigned mod)
{
    ir_ref n = get_lanes(l, w, a64_rn(w));
    set_lanes(l, w, op, ir_opx(l->f, op, IR_V128, esz, mod, 0, n, IR_NONE, IR_NONE));
}

static void estimate(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    simd_set_q(l, w, simd_op1(l, op, esz, get_lanes_or_one(l, w, a64_rn(w), esz)));
}

/* op(Rn, 0.0), or op(0.0, Rn) when swapped. */
static void compare_zero(struct lifter *l, u32 w, unsigned op, bool swapped, unsigned esz)
{
    ir_ref n = get_lanes(l, w, a64_rn(w)), zero = simd_const(l, 0, 0);
    simd_set_q(l, w, simd_op2(l, op, esz, swapped ? zero : n, swapped ? n : zero));
}

LIFT(FABS_v, unary(l, w, IR_FABS, simd_sz(w), 0))
LIFT(FNEG_v, unary(l, w, IR_FNEG, simd_sz(w), 0))
LIFT(FSQRT_v, unary(l, w, IR_FSQRT, simd_sz(w), 0))
LIFT(FRECPE_v, estimate(l, w, IR_FRECPE, simd_sz(w)))
LIFT(FRSQRTE_v, estimate(l, w, IR_FRSQRTE, simd_sz(w)))
LIFT(FRINTN_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_NEAREST))
LIFT(FRINTP_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_UP))
LIFT(FRINTM_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_DOWN))
LIFT(FRINTZ_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_ZERO))
LIFT(FRINTA_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_AWAY))
LIFT(FRINTX_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_FPCR | 8))
LIFT(FRINTI_v, unary(l, w, IR_FRINT, simd_sz(w), IR_ROUND_FPCR))
LIFT(FRINT32X_v, unary(l, w, IR_FRINTN, simd_sz(w), 0))
LIFT(FRINT64X_v, unary(l, w, IR_FRINTN, simd_sz(w), 1))
LIFT(FRINT32Z_v, unary(l, w, IR_FRINTN, simd_sz(w), 2))
LIFT(FRINT64Z_v, unary(l, w, IR_FRINTN, simd_sz(w), 3))
LIFT(FCMEQ0_v, compare_zero(l, w, IR_FCMPEQ, false, simd_sz(w)))
LIFT(FCMGE0_v, compare_zero(l, w, IR_FCMPGE, false, simd_sz(w)))
LIFT(FCMGT0_v, compare_zero(l, w, IR_FCMPGT, false, simd_sz(w)))
LIFT(FCMLE0_v, compare_zero(l, w, IR_FCMPGE, true, simd_sz(w)))
LIFT(FCMLT0_v, compare_zero(l, w, IR_FCMPGT, true, simd_sz(w)))

LIFT(FABS_vh, unary(l, w, IR_FABS, 1, 0))
LIFT(FNEG_vh, unary(l, w, IR_FNEG, 1, 0))
LIFT(FSQRT_vh, unary(l, w, IR_FSQRT, 1, 0))
LIFT(FRECPE_vh, estimate(l, w, IR_FRECPE, 1))
LIFT(FRSQRTE_vh, estimate(l, w, IR_FRSQRTE, 1))
LIFT(FRINTN_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_NEAREST))
LIFT(FRINTP_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_UP))
LIFT(FRINTM_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_DOWN))
LIFT(FRINTZ_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_ZERO))
LIFT(FRINTA_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_AWAY))
LIFT(FRINTX_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_FPCR | 8))
LIFT(FRINTI_vh, unary(l, w, IR_FRINT, 1, IR_ROUND_FPCR))
LIFT(FCMEQ0_vh, compare_zero(l, w, IR_FCMPEQ, false, 1))
LIFT(FCMGE0_vh, compare_zero(l, w, IR_FCMPGE, false, 1))
LIFT(FCMGT0_vh, compare_zero(l, w, IR_FCMPGT, false, 1))
LIFT(FCMLE0_vh, compare_zero(l, w, IR_FCMPGE, true, 1))
LIFT(FCMLT0_vh, compare_zero(l, w, IR_FCMPGT, true, 1))

/* --- across lanes ----------------------------------------------------------------------------- */

/* The architecture combines halves of halves: so adjacent pairs, until one element is left. Every
 * step's vector repeats its results, which repeats its exceptions, and those are sticky. */
static void across(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref v = lift_get_v(l, a64_rn(w));
    unsigned size = 4;
    if (esz == 1 && !a64_Q(w)) {
        v = simd_pair(l, v, v);
        size = 3;
    }
    for (; size > esz; size--) {
        ir_ref even = simd_op2(l, IR_VUZP1, esz, v, v);
        v = simd_op2(l, op, esz, even, simd_op2(l, IR_VUZP2, esz, v, v));
    }
    simd_set_scalar(l, a64_rd(w), esz, v);
}

LIFT(FMAXV_v, across(l, w, IR_FMAX, 2))
LIFT(FMINV_v, across(l, w, IR_FMIN, 2))
LIFT(FMAXNMV_v, across(l, w, IR_FMAXNM, 2))
LIFT(FMINNMV_v, across(l, w, IR_FMINNM, 2))
LIFT(FMAXV_vh, across(l, w, IR_FMAX, 1))
LIFT(FMINV_vh, across(l, w, IR_FMIN, 1))
LIFT(FMAXNMV_vh, across(l, w, IR_FMAXNM, 1))
LIFT(FMINNMV_vh, across(l, w, IR_FMINNM, 1))

/* --- complex numbers -------------------------------------------------------------------------- */

/* Real and imaginary parts exchanged. */
static ir_ref exchanged(struct lifter *l, unsigned esz, ir_ref v)
{
    if (esz == 3) return ir_opx(l->f, IR_VEXT, IR_V128, 0, 0, 8, v, v, IR_NONE);
    return ir_opx(l->f, IR_VREV, IR_V128, esz, esz + 1, 0, v, IR_NONE, IR_NONE);
}

/* Signs of the real and the imaginary parts inverted where asked. */
static ir_ref negated_parts(struct lifter *l, unsigned esz, bool real, bool imaginary, ir_ref v)
{
    if (!real && !imaginary) return v;
    u64 sign = UINT64_C(1) << ((8u << esz) - 1);
    ir_ref mask;
    if (esz == 3)
        mask = simd_const(l, real ? sign : 0, imaginary ? sign : 0);
    else
        mask = simd_splat(l, esz + 1, (real ? sign : 0) | (imaginary ? sign << (8u << esz) : 0));
    return ir_op2(l->f, IR_VXOR, IR_V128, v, mask);
}

void lift_FCADD_v(struct lifter *l, u32 w)
{
    unsigned esz = a64_size(w);
    bool by_270 = a64_rot1(w);
    ir_ref m = exchanged(l, esz, get_lanes(l, w, a64_rm(w)));
    m = negated_parts(l, esz, !by_270, by_270, m);
    simd_set_q(l, w, simd_op2(l, IR_FADD, esz, get_lanes(l, w, a64_rn(w)), m));
}

/* Rn's real (rotation by 0 and 180 degrees) or imaginary parts times m, turned, added to Rd. */
static void complex_multiply_add(struct lifter *l, u32 w, unsigned esz, unsigned turns, ir_ref m)
{
    ir_ref n = get_lanes(l, w, a64_rn(w)), d = get_lanes(l, w, a64_rd(w));
    n = simd_op2(l, turns & 1 ? IR_VTRN2 : IR_VTRN1, esz, n, n);
    if (turns & 1) m = exchanged(l, esz, m);
    m = negated_parts(l, esz, turns == 1 || turns == 2, turns >= 2, m);
    simd_set_q(l, w, ir_opx(l->f, IR_FMA, IR_V128, esz, 0, 0, d, n, m));
}

void lift_FCMLA_v(struct lifter *l, u32 w)
{
    complex_multiply_add(l, w, a64_size(w), a64_rot(w), get_lanes(l, w, a64_rm(w)));
}

void lift_FCMLA_ve(struct lifter *l, u32 w)
{
    unsigned esz = a64_size(w);
    unsigned index = esz == 1 ? a64_H(w) << 1 | a64_L(w) : a64_H(w);
    ir_ref m = simd_dup(l, esz + 1, index, lift_get_v(l, a64_M(w) << 4 | a64_rm4(w)));
    complex_multiply_add(l, w, esz, a64_rote(w), a64_Q(w) ? m : simd_low(l, m));
}
