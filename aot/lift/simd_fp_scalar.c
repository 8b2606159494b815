/*
 * Advanced SIMD floating point, scalar forms. (Arm ARM C4.1.97: scalar three same, scalar
 * two-register miscellaneous, scalar pairwise, scalar by indexed element.) Conversions are in
 * simd_convert.c.
 */
#include "aot/lift/simd.h"

static ir_ref get(struct lifter *l, unsigned reg, unsigned esz)
{
    return lift_get_fp(l, reg, lift_ftype(esz));
}

static void set(struct lifter *l, u32 w, unsigned esz, ir_ref v)
{
    lift_set_fp(l, a64_rd(w), lift_ftype(esz), v);
}

/* Lane `lane` of a register. */
static ir_ref get_lane(struct lifter *l, unsigned reg, unsigned esz, unsigned lane)
{
    if (!lane) return get(l, reg, esz);
    return ir_op1(l->f, IR_VTOF, lift_ftype(esz), simd_dup(l, esz, lane, lift_get_v(l, reg)));
}

static ir_ref get_elem(struct lifter *l, u32 w, unsigned esz)
{
    return get_lane(l, simd_elem_reg(w, esz), esz, simd_elem_index(w, esz));
}

/* --- three registers -------------------------------------------------------------------------- */

static void binary(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = get(l, a64_rn(w), esz), m = get(l, a64_rm(w), esz);
    set(l, w, esz, ir_op2(l->f, op, lift_ftype(esz), n, m));
}

static void compare_absolute(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    unsigned type = lift_ftype(esz);
    ir_ref n = ir_op1(l->f, IR_FABS, type, get(l, a64_rn(w), esz));
    ir_ref m = ir_op1(l->f, IR_FABS, type, get(l, a64_rm(w), esz));
    set(l, w, esz, ir_op2(l->f, op, type, n, m));
}

LIFT(FMULX_s, binary(l, w, IR_FMULX, simd_sz(w)))
LIFT(FABD_s, binary(l, w, IR_FABD, simd_sz(w)))
LIFT(FRECPS_s, binary(l, w, IR_FRECPS, simd_sz(w)))
LIFT(FRSQRTS_s, binary(l, w, IR_FRSQRTS, simd_sz(w)))
LIFT(FCMEQ_s, binary(l, w, IR_FCMPEQ, simd_sz(w)))
LIFT(FCMGE_s, binary(l, w, IR_FCMPGE, simd_sz(w)))
LIFT(FCMGT_s, binary(l, w, IR_FCMPGT, simd_sz(w)))
LIFT(FACGE_s, compare_absolute(l, w, IR_FCMPGE, simd_sz(w)))
LIFT(FACGT_s, compare_absolute(l, w, IR_FCMPGT, simd_sz(w)))
LIFT(FMULX_sh, binary(l, w, IR_FMULX, 1))
LIFT(FABD_sh, binary(l, w, IR_FABD, 1))
LIFT(FRECPS_sh, binary(l, w, IR_FRECPS, 1))
LIFT(FRSQRTS_sh, binary(l, w, IR_FRSQRTS, 1))
LIFT(FCMEQ_sh, binary(l, w, IR_FCMPEQ, 1))
LIFT(FCMGE_sh, binary(l, w, IR_FCMPGE, 1))
LIFT(FCMGT_sh, binary(l, w, IR_FCMPGT, 1))
LIFT(FACGE_sh, compare_absolute(l, w, IR_FCMPGE, 1))
LIFT(FACGT_sh, compare_absolute(l, w, IR_FCMPGT, 1))

/* --- two registers ---------------------------------------------------------------------------- */

static void unary(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    set(l, w, esz, ir_op1(l->f, op, lift_ftype(esz), get(l, a64_rn(w), esz)));
}

/* op(Rn, 0.0), or op(0.0, Rn) when swapped. */
static void compare_zero(struct lifter *l, u32 w, unsigned op, bool swapped, unsigned esz)
{
    unsigned type = lift_ftype(esz);
    ir_ref n = get(l, a64_rn(w), esz), zero = ir_const(l->f, type, 0);
    set(l, w, esz, ir_op2(l->f, op, type, swapped ? zero : n, swapped ? n : zero));
}

LIFT(FRECPE_s, unary(l, w, IR_FRECPE, simd_sz(w)))
LIFT(FRSQRTE_s, unary(l, w, IR_FRSQRTE, simd_sz(w)))
LIFT(FRECPX_s, unary(l, w, IR_FRECPX, simd_sz(w)))
LIFT(FCMEQ0_s, compare_zero(l, w, IR_FCMPEQ, false, simd_sz(w)))
LIFT(FCMGE0_s, compare_zero(l, w, IR_FCMPGE, false, simd_sz(w)))
LIFT(FCMGT0_s, compare_zero(l, w, IR_FCMPGT, false, simd_sz(w)))
LIFT(FCMLE0_s, compare_zero(l, w, IR_FCMPGE, true, simd_sz(w)))
LIFT(FCMLT0_s, compare_zero(l, w, IR_FCMPGT, true, simd_sz(w)))
LIFT(FRECPE_sh, unary(l, w, IR_FRECPE, 1))
LIFT(FRSQRTE_sh, unary(l, w, IR_FRSQRTE, 1))
LIFT(FRECPX_sh, unary(l, w, IR_FRECPX, 1))
LIFT(FCMEQ0_sh, compare_zero(l, w, IR_FCMPEQ, false, 1))
LIFT(FCMGE0_sh, compare_zero(l, w, IR_FCMPGE, false, 1))
LIFT(FCMGT0_sh, compare_zero(l, w, IR_FCMPGT, false, 1))
LIFT(FCMLE0_sh, compare_zero(l, w, IR_FCMPGE, true, 1))
LIFT(FCMLT0_sh, compare_zero(l, w, IR_FCMPGT, true, 1))

/* --- pairwise: elements 0 and 1 of one register ----------------------------------------------- */

static void pairwise(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref low = get(l, a64_rn(w), esz), high = get_lane(l, a64_rn(w), esz, 1);
    set(l, w, esz, ir_op2(l->f, op, lift_ftype(esz), low, high));
}

LIFT(FADDP_s, pairwise(l, w, IR_FADD, simd_sz(w)))
LIFT(FMAXP_s, pairwise(l, w, IR_FMAX, simd_sz(w)))
LIFT(FMINP_s, pairwise(l, w, IR_FMIN, simd_sz(w)))
LIFT(FMAXNMP_s, pairwise(l, w, IR_FMAXNM, simd_sz(w)))
LIFT(FMINNMP_s, pairwise(l, w, IR_FMINNM, simd_sz(w)))
LIFT(FADDP_sh, pairwise(l, w, IR_FADD, 1))
LIFT(FMAXP_sh, pairwise(l, w, IR_FMAX, 1))
LIFT(FMINP_sh, pairwise(l, w, IR_FMIN, 1))
LIFT(FMAXNMP_sh, pairwise(l, w, IR_FMAXNM, 1))
LIFT(FMINNMP_sh, pairwise(l, w, IR_FMINNM, 1))

/* --- by element ------------------------------------------------------------------------------- */

static void multiply_element(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = get(l, a64_rn(w), esz), m = get_elem(l, w, esz);
    set(l, w, esz, ir_op2(l->f, op, lift_ftype(esz), n, m));
}

static void multiply_add_element(struct lifter *l, u32 w, bool negated, unsigned esz)
{
    ir_ref d = get(l, a64_rd(w), esz), n = get(l, a64_rn(w), esz), m = get_elem(l, w, esz);
    set(l, w, esz, ir_opx(l->f, IR_FMA, lift_ftype(esz), 0, negated, 0, d, n, m));
}

LIFT(FMUL_se, multiply_element(l, w, IR_FMUL, simd_sz(w)))
LIFT(FMULX_se, multiply_element(l, w, IR_FMULX, simd_sz(w)))
LIFT(FMLA_se, multiply_add_element(l, w, false, simd_sz(w)))
LIFT(FMLS_se, multiply_add_element(l, w, true, simd_sz(w)))
LIFT(FMUL_seh, multiply_element(l, w, IR_FMUL, 1))
LIFT(FMULX_seh, multiply_element(l, w, IR_FMULX, 1))
LIFT(FMLA_seh, multiply_add_element(l, w, false, 1))
LIFT(FMLS_seh, multiply_add_element(l, w, true, 1))
