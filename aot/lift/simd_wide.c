/*
 * Advanced SIMD whose results are wider or narrower than their operands, and shifts by an
 * immediate. (Arm ARM C4.1.97: three different, shift by immediate, by indexed element, XTN and
 * SHLL.) With Q = 1 widening forms take the high halves of their narrow operands, and narrowing
 * forms write the high half of the result.
 */
#include "aot/lift/simd.h"

/* --- widening, three registers ---------------------------------------------------------------- */

/* Rd = op(widened Rn, widened Rm). */
static void long_binary(struct lifter *l, u32 w, unsigned op, unsigned widen)
{
    unsigned esz = a64_size(w), q = a64_Q(w);
    ir_ref n = simd_widen(l, widen, esz, q, lift_get_v(l, a64_rn(w)), IR_NONE);
    ir_ref m = simd_widen(l, widen, esz, q, lift_get_v(l, a64_rm(w)), IR_NONE);
    lift_set_v(l, a64_rd(w), simd_op2(l, op, esz + 1, n, m));
}

/* Rd = op(Rn, widened Rm). */
static void wide_binary(struct lifter *l, u32 w, unsigned op, unsigned widen)
{
    unsigned esz = a64_size(w);
    ir_ref m = simd_widen(l, widen, esz, a64_Q(w), lift_get_v(l, a64_rm(w)), IR_NONE);
    lift_set_v(l, a64_rd(w), simd_op2(l, op, esz + 1, lift_get_v(l, a64_rn(w)), m));
}

/* The absolute difference of signed elements fits an unsigned one of the same size. */
static ir_ref long_difference(struct lifter *l, u32 w, unsigned op)
{
    unsigned esz = a64_size(w);
    return simd_widen(l, IR_VUXL, esz, a64_Q(w), simd_nm(l, w, op, esz), IR_NONE);
}

static ir_ref polynomial(struct lifter *l, u32 w)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    return simd_widen(l, IR_VPMULL, a64_size(w), a64_Q(w), n, m);
}

/* Factors of bytes are widened first, those of 32 bits put at the even places: code that multiplies
 * one of them by several others has that done once. An element in all lanes is at the even ones. */
static ir_ref long_product(struct lifter *l, u32 w, bool is_signed, bool element)
{
    unsigned esz = a64_size(w), op = is_signed ? IR_VSMULL : IR_VUMULL;
    unsigned widen = is_signed && !esz ? IR_VSXL : IR_VUXL;
    ir_ref n = lift_get_v(l, a64_rn(w));
    if (esz != 1) n = simd_widen(l, widen, esz, a64_Q(w), n, IR_NONE);
    ir_ref m = element ? simd_elem(l, w, esz) : lift_get_v(l, a64_rm(w)); /* right before its use */
    if (esz == 1) return simd_widen(l, op, esz, a64_Q(w), n, m);
    if (!element) m = simd_widen(l, widen, esz, a64_Q(w), m, IR_NONE);
    return esz ? simd_widen(l, op, esz, 2, n, m) : simd_op2(l, IR_VMUL, 1, n, m);
}

/* Rd = acc(Rd, v); acc 0: Rd = v. */
static void set_accumulated(struct lifter *l, u32 w, unsigned acc, ir_ref v)
{
    unsigned rd = a64_rd(w);
    lift_set_v(l, rd, acc ? simd_op2(l, acc, a64_size(w) + 1, lift_get_v(l, rd), v) : v);
}

LIFT(SADDL_v, long_binary(l, w, IR_VADD, IR_VSXL))
LIFT(UADDL_v, long_binary(l, w, IR_VADD, IR_VUXL))
LIFT(SSUBL_v, long_binary(l, w, IR_VSUB, IR_VSXL))
LIFT(USUBL_v, long_binary(l, w, IR_VSUB, IR_VUXL))
LIFT(SADDW_v, wide_binary(l, w, IR_VADD, IR_VSXL))
LIFT(UADDW_v, wide_binary(l, w, IR_VADD, IR_VUXL))
LIFT(SSUBW_v, wide_binary(l, w, IR_VSUB, IR_VSXL))
LIFT(USUBW_v, wide_binary(l, w, IR_VSUB, IR_VUXL))
LIFT(SABDL_v, set_accumulated(l, w, 0, long_difference(l, w, IR_VSABD)))
LIFT(UABDL_v, set_accumulated(l, w, 0, long_difference(l, w, IR_VUABD)))
LIFT(SABAL_v, set_accumulated(l, w, IR_VADD, long_difference(l, w, IR_VSABD)))
LIFT(UABAL_v, set_accumulated(l, w, IR_VADD, long_difference(l, w, IR_VUABD)))
LIFT(PMULL_v, set_accumulated(l, w, 0, polynomial(l, w)))
LIFT(SMULL_v, set_accumulated(l, w, 0, long_product(l, w, true, false)))
LIFT(UMULL_v, set_accumulated(l, w, 0, long_product(l, w, false, false)))
LIFT(SMLAL_v, set_accumulated(l, w, IR_VADD, long_product(l, w, true, false)))
LIFT(UMLAL_v, set_accumulated(l, w, IR_VADD, long_product(l, w, false, false)))
LIFT(SMLSL_v, set_accumulated(l, w, IR_VSUB, long_product(l, w, true, false)))
LIFT(UMLSL_v, set_accumulated(l, w, IR_VSUB, long_product(l, w, false, false)))
LIFT(SMULL_ve, set_accumulated(l, w, 0, long_product(l, w, true, true)))
LIFT(UMULL_ve, set_accumulated(l, w, 0, long_product(l, w, false, true)))
LIFT(SMLAL_ve, set_accumulated(l, w, IR_VADD, long_product(l, w, true, true)))
LIFT(UMLAL_ve, set_accumulated(l, w, IR_VADD, long_product(l, w, false, true)))
LIFT(SMLSL_ve, set_accumulated(l, w, IR_VSUB, long_product(l, w, true, true)))
LIFT(UMLSL_ve, set_accumulated(l, w, IR_VSUB, long_product(l, w, false, true)))

/* --- by element, same size -------------------------------------------------------------------- */

/* Rd = acc(Rd, Rn * element); acc 0: the product. */
static void multiply_element(struct lifter *l, u32 w, unsigned acc)
{
    unsigned esz = a64_size(w);
    ir_ref n = lift_get_v(l, a64_rn(w));
    ir_ref v = simd_op2(l, IR_VMUL, esz, n, simd_elem(l, w, esz));
    simd_set_q(l, w, acc ? simd_op2(l, acc, esz, lift_get_v(l, a64_rd(w)), v) : v);
}

LIFT(MUL_ve, multiply_element(l, w, 0))
LIFT(MLA_ve, multiply_element(l, w, IR_VADD))
LIFT(MLS_ve, multiply_element(l, w, IR_VSUB))

/* --- dot products ----------------------------------------------------------------------------- */

static void dot(struct lifter *l, u32 w, unsigned op, bool element)
{
    ir_ref m = element ? simd_elem(l, w, 2) : lift_get_v(l, a64_rm(w));
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    simd_set_q(l, w, ir_op3(l->f, op, IR_V128, d, n, m));
}

/* d + dot products of unsigned bytes u and signed bytes s: u is a signed byte plus 128. */
static ir_ref mixed_dot(struct lifter *l, ir_ref d, ir_ref u, ir_ref s)
{
    ir_ref less_128 = ir_op2(l->f, IR_VXOR, IR_V128, u, simd_splat(l, 0, 0x80));
    ir_ref zero = simd_const(l, 0, 0), ones = simd_splat(l, 0, 1);
    ir_ref sums = ir_op3(l->f, IR_VSDOT, IR_V128, zero, ones, s);
    d = simd_op2(l, IR_VADD, 2, d, simd_imm(l, IR_VSHLI, 2, 7, sums));
    return ir_op3(l->f, IR_VSDOT, IR_V128, d, less_128, s);
}

static void dot_unsigned_signed(struct lifter *l, u32 w, bool element)
{
    ir_ref m = element ? simd_elem(l, w, 2) : lift_get_v(l, a64_rm(w));
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    simd_set_q(l, w, mixed_dot(l, d, n, m));
}

void lift_SUDOT_ve(struct lifter *l, u32 w)
{
    ir_ref m = simd_elem(l, w, 2), d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    simd_set_q(l, w, mixed_dot(l, d, m, n));
}

/* Half `half` of Rn times both halves of Rm, as four sums of four products; op 0: n unsigned, m
 * signed. */
static ir_ref row_times_matrix(struct lifter *l, unsigned op, unsigned half, ir_ref n, ir_ref m)
{
    ir_ref zero = simd_const(l, 0, 0), row = simd_dup(l, 3, half, n);
    return op ? ir_op3(l->f, op, IR_V128, zero, row, m) : mixed_dot(l, zero, row, m);
}

/* Rd + Rn * transposed Rm: 2 x 8 bytes each, row by row. */
static void multiply_matrices(struct lifter *l, u32 w, unsigned op)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    ir_ref first = row_times_matrix(l, op, 0, n, m), second = row_times_matrix(l, op, 1, n, m);
    ir_ref sums = simd_pairwise(l, w, IR_VADD, 2, first, second); /* the Q bit is always set */
    lift_set_v(l, a64_rd(w), simd_op2(l, IR_VADD, 2, lift_get_v(l, a64_rd(w)), sums));
}

LIFT(USDOT_v, dot_unsigned_signed(l, w, false))
LIFT(USDOT_ve, dot_unsigned_signed(l, w, true))
LIFT(SMMLA_v, multiply_matrices(l, w, IR_VSDOT))
LIFT(UMMLA_v, multiply_matrices(l, w, IR_VUDOT))
LIFT(USMMLA_v, multiply_matrices(l, w, 0))
LIFT(SDOT_v, dot(l, w, IR_VSDOT, false))
LIFT(UDOT_v, dot(l, w, IR_VUDOT, false))
LIFT(SDOT_ve, dot(l, w, IR_VSDOT, true))
LIFT(UDOT_ve, dot(l, w, IR_VUDOT, true))

/* --- narrowing -------------------------------------------------------------------------------- */

/* The high halves of op(Rn, Rm), rounded when `rounding`. */
static void narrow_high(struct lifter *l, u32 w, unsigned op, bool rounding)
{
    unsigned esz = a64_size(w), bits = 8u << esz;
    ir_ref v = simd_nm(l, w, op, esz + 1);
    if (rounding)
        v = simd_op2(l, IR_VADD, esz + 1, v, simd_splat(l, esz + 1, UINT64_C(1) << (bits - 1)));
    v = simd_imm(l, IR_VSHRI, esz + 1, bits, v);
    simd_set_narrow(l, w, simd_op1(l, IR_VXTN, esz, v));
}

/* What carries out of a rounding addition is never among the bits that are left. */
static void shift_right_narrow(struct lifter *l, u32 w, bool rounding)
{
    unsigned esz = simd_shift_esz(w), by = simd_shift_right(w);
    ir_ref v = lift_get_v(l, a64_rn(w));
    if (rounding)
        v = simd_op2(l, IR_VADD, esz + 1, v, simd_splat(l, esz + 1, UINT64_C(1) << (by - 1)));
    v = simd_imm(l, IR_VSHRI, esz + 1, by, v);
    simd_set_narrow(l, w, simd_op1(l, IR_VXTN, esz, v));
}

LIFT(ADDHN_v, narrow_high(l, w, IR_VADD, false))
LIFT(SUBHN_v, narrow_high(l, w, IR_VSUB, false))
LIFT(RADDHN_v, narrow_high(l, w, IR_VADD, true))
LIFT(RSUBHN_v, narrow_high(l, w, IR_VSUB, true))
LIFT(SHRN_v, shift_right_narrow(l, w, false))
LIFT(RSHRN_v, shift_right_narrow(l, w, true))
LIFT(XTN_v, simd_set_narrow(l, w, simd_op1(l, IR_VXTN, a64_size(w), lift_get_v(l, a64_rn(w)))))

/* --- shifts by an immediate ------------------------------------------------------------------- */

static ir_ref shifted_right(struct lifter *l, u32 w, unsigned op)
{
    return simd_imm(l, op, simd_shift_esz(w), simd_shift_right(w), lift_get_v(l, a64_rn(w)));
}

/* Rd + Rn shifted right. */
static ir_ref shifted_added(struct lifter *l, u32 w, unsigned op)
{
    ir_ref v = shifted_right(l, w, op);
    return simd_op2(l, IR_VADD, simd_shift_esz(w), lift_get_v(l, a64_rd(w)), v);
}

static ir_ref shifted_left(struct lifter *l, u32 w)
{
    unsigned by = simd_shift_left(w);
    ir_ref v = lift_get_v(l, a64_rn(w));
    return by ? simd_imm(l, IR_VSHLI, simd_shift_esz(w), by, v) : v;
}

/* The bits of Rd in `keep` of each element, v elsewhere. */
static ir_ref inserted(struct lifter *l, u32 w, u64 keep, ir_ref v)
{
    ir_ref old = lift_get_v(l, a64_rd(w));
    old = ir_op2(l->f, IR_VAND, IR_V128, old, simd_splat(l, simd_shift_esz(w), keep));
    return ir_op2(l->f, IR_VOR, IR_V128, old, v);
}

static ir_ref inserted_left(struct lifter *l, u32 w)
{
    return inserted(l, w, (UINT64_C(1) << simd_shift_left(w)) - 1, shifted_left(l, w));
}

static ir_ref inserted_right(struct lifter *l, u32 w)
{
    unsigned bits = 8u << simd_shift_esz(w), by = simd_shift_right(w);
    u64 keep = ~UINT64_C(0) << (bits - by); /* bits - by is 0 to 63 */
    return inserted(l, w, keep, shifted_right(l, w, IR_VSHRI));
}

LIFT(SSHR_v, simd_set_q(l, w, shifted_right(l, w, IR_VSARI)))
LIFT(USHR_v, simd_set_q(l, w, shifted_right(l, w, IR_VSHRI)))
LIFT(SRSHR_v, simd_set_q(l, w, shifted_right(l, w, IR_VRSARI)))
LIFT(URSHR_v, simd_set_q(l, w, shifted_right(l, w, IR_VRSHRI)))
LIFT(SSRA_v, simd_set_q(l, w, shifted_added(l, w, IR_VSARI)))
LIFT(USRA_v, simd_set_q(l, w, shifted_added(l, w, IR_VSHRI)))
LIFT(SRSRA_v, simd_set_q(l, w, shifted_added(l, w, IR_VRSARI)))
LIFT(URSRA_v, simd_set_q(l, w, shifted_added(l, w, IR_VRSHRI)))
LIFT(SHL_v, simd_set_q(l, w, shifted_left(l, w)))
LIFT(SLI_v, simd_set_q(l, w, inserted_left(l, w)))
LIFT(SRI_v, simd_set_q(l, w, inserted_right(l, w)))
LIFT(SSHR_s, simd_set_double(l, w, shifted_right(l, w, IR_VSARI)))
LIFT(USHR_s, simd_set_double(l, w, shifted_right(l, w, IR_VSHRI)))
LIFT(SRSHR_s, simd_set_double(l, w, shifted_right(l, w, IR_VRSARI)))
LIFT(URSHR_s, simd_set_double(l, w, shifted_right(l, w, IR_VRSHRI)))
LIFT(SSRA_s, simd_set_double(l, w, shifted_added(l, w, IR_VSARI)))
LIFT(USRA_s, simd_set_double(l, w, shifted_added(l, w, IR_VSHRI)))
LIFT(SRSRA_s, simd_set_double(l, w, shifted_added(l, w, IR_VRSARI)))
LIFT(URSRA_s, simd_set_double(l, w, shifted_added(l, w, IR_VRSHRI)))
LIFT(SHL_s, simd_set_double(l, w, shifted_left(l, w)))
LIFT(SLI_s, simd_set_double(l, w, inserted_left(l, w)))
LIFT(SRI_s, simd_set_double(l, w, inserted_right(l, w)))

/* SSHLL, USHLL: by 0 to width - 1; SHLL: by the width. */
static void shift_long(struct lifter *l, u32 w, unsigned widen, unsigned esz, unsigned by)
{
    ir_ref v = simd_widen(l, widen, esz, a64_Q(w), lift_get_v(l, a64_rn(w)), IR_NONE);
    lift_set_v(l, a64_rd(w), by ? simd_imm(l, IR_VSHLI, esz + 1, by, v) : v);
}

LIFT(SSHLL_v, shift_long(l, w, IR_VSXL, simd_shift_esz(w), simd_shift_left(w)))
LIFT(USHLL_v, shift_long(l, w, IR_VUXL, simd_shift_esz(w), simd_shift_left(w)))
LIFT(SHLL_v, shift_long(l, w, IR_VUXL, a64_size(w), 8u << a64_size(w)))
