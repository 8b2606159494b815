/*
 * Advanced SIMD with saturation, and FPSR.QC.
 *
 * The evaluator and the generator give saturated values only; QC is found from values here. Each
 * rule gives a vector that is non-zero in exactly the lanes that saturated:
 * - add, subtract, negate, absolute value: the saturated result differs from the wrapped one. (When
 *   the exact value v does not fit, v modulo 2^n never equals the bound it saturates to.)
 * - narrowing: the result, widened again, differs from the operand.
 * - shift left by an immediate: the result, shifted back, differs from the operand.
 * - shift by a register: see shift_register.
 * - doubling multiply: only most negative times most negative saturates. The widening form then
 *   gives its maximum, the only odd result it has.
 * - SQRDMLAH, SQRDMLSH: see rounded_accumulate.
 * Scalar forms compute on vectors with zeros above the element; no zero lane ever saturates.
 */
#include "aot/lift/simd.h"

/* A form's result and the lanes of it that saturated. */
struct sat {
    ir_ref value, lost;
};

static void set_vector(struct lifter *l, u32 w, struct sat r)
{
    simd_or_qc_q(l, w, r.lost);
    simd_set_q(l, w, r.value);
}

static void set_scalar(struct lifter *l, u32 w, unsigned esz, struct sat r)
{
    simd_or_qc(l, r.lost);
    simd_set_scalar(l, a64_rd(w), esz, r.value);
}

static ir_ref differs(struct lifter *l, ir_ref a, ir_ref b)
{
    return ir_op2(l->f, IR_VXOR, IR_V128, a, b);
}

/* --- add, subtract, negate, absolute value ---------------------------------------------------- */

static struct sat binary(struct lifter *l, unsigned op, unsigned plain, unsigned esz, ir_ref a,
                         ir_ref b)
{
    ir_ref v = simd_op2(l, op, esz, a, b);
    return (struct sat){v, differs(l, v, simd_op2(l, plain, esz, a, b))};
}

static void vector_binary(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    set_vector(l, w, binary(l, op, plain, a64_size(w), n, m));
}

static void scalar_binary(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    unsigned esz = a64_size(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz), m = simd_get_scalar(l, a64_rm(w), esz);
    set_scalar(l, w, esz, binary(l, op, plain, esz, n, m));
}

/* SUQADD, USQADD: Rd + Rn of the other signedness. */
static void vector_mixed(struct lifter *l, u32 w, unsigned op)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    set_vector(l, w, binary(l, op, IR_VADD, a64_size(w), d, n));
}

static void scalar_mixed(struct lifter *l, u32 w, unsigned op)
{
    unsigned esz = a64_size(w);
    ir_ref d = simd_get_scalar(l, a64_rd(w), esz), n = simd_get_scalar(l, a64_rn(w), esz);
    set_scalar(l, w, esz, binary(l, op, IR_VADD, esz, d, n));
}

static struct sat unary(struct lifter *l, unsigned op, unsigned plain, unsigned esz, ir_ref a)
{
    ir_ref v = simd_op1(l, op, esz, a);
    return (struct sat){v, differs(l, v, simd_op1(l, plain, esz, a))};
}

static void vector_unary(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    set_vector(l, w, unary(l, op, plain, a64_size(w), lift_get_v(l, a64_rn(w))));
}

static void scalar_unary(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    unsigned esz = a64_size(w);
    set_scalar(l, w, esz, unary(l, op, plain, esz, simd_get_scalar(l, a64_rn(w), esz)));
}

LIFT(SQADD_v, vector_binary(l, w, IR_VSQADD, IR_VADD))
LIFT(UQADD_v, vector_binary(l, w, IR_VUQADD, IR_VADD))
LIFT(SQSUB_v, vector_binary(l, w, IR_VSQSUB, IR_VSUB))
LIFT(UQSUB_v, vector_binary(l, w, IR_VUQSUB, IR_VSUB))
LIFT(SUQADD_v, vector_mixed(l, w, IR_VSUQADD))
LIFT(USQADD_v, vector_mixed(l, w, IR_VUSQADD))
LIFT(SQABS_v, vector_unary(l, w, IR_VSQABS, IR_VABS))
LIFT(SQNEG_v, vector_unary(l, w, IR_VSQNEG, IR_VNEG))
LIFT(SQADD_s, scalar_binary(l, w, IR_VSQADD, IR_VADD))
LIFT(UQADD_s, scalar_binary(l, w, IR_VUQADD, IR_VADD))
LIFT(SQSUB_s, scalar_binary(l, w, IR_VSQSUB, IR_VSUB))
LIFT(UQSUB_s, scalar_binary(l, w, IR_VUQSUB, IR_VSUB))
LIFT(SUQADD_s, scalar_mixed(l, w, IR_VSUQADD))
LIFT(USQADD_s, scalar_mixed(l, w, IR_VUSQADD))
LIFT(SQABS_s, scalar_unary(l, w, IR_VSQABS, IR_VABS))
LIFT(SQNEG_s, scalar_unary(l, w, IR_VSQNEG, IR_VNEG))

/* --- shifts by a register --------------------------------------------------------------------- */

/*
 * plain is the shift that wraps. Unsigned saturation gives all ones, and a wrapped left shift is
 * even, so the two differ exactly when it saturates. The same holds for the signed upper bound. A
 * value that saturates to the lower bound may wrap to just that, so it is looked at once more as
 * its complement, which is not negative: it saturates to the upper bound exactly when the value
 * does to the lower, but for shifts by the width or more, where the wrapped result is 0.
 */
static struct sat shift_register(struct lifter *l, unsigned op, unsigned plain, unsigned esz,
                                 ir_ref a, ir_ref by)
{
    struct sat r = binary(l, op, plain, esz, a, by);
    if (op == IR_VSQSHL || op == IR_VSQRSHL) {
        ir_ref sign = simd_imm(l, IR_VSARI, esz, (8 << esz) - 1, a);
        ir_ref magnitude = ir_op2(l->f, IR_VXOR, IR_V128, a, sign);
        struct sat m = binary(l, IR_VSQSHL, IR_VSSHL, esz, magnitude, by);
        r.lost = ir_op2(l->f, IR_VOR, IR_V128, r.lost, m.lost);
    }
    return r;
}

static void vector_shift(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    set_vector(l, w, shift_register(l, op, plain, a64_size(w), n, m));
}

static void scalar_shift(struct lifter *l, u32 w, unsigned op, unsigned plain)
{
    unsigned esz = a64_size(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz), m = simd_get_scalar(l, a64_rm(w), esz);
    set_scalar(l, w, esz, shift_register(l, op, plain, esz, n, m));
}

LIFT(SQSHL_v, vector_shift(l, w, IR_VSQSHL, IR_VSSHL))
LIFT(UQSHL_v, vector_shift(l, w, IR_VUQSHL, IR_VUSHL))
LIFT(SQRSHL_v, vector_shift(l, w, IR_VSQRSHL, IR_VSRSHL))
LIFT(UQRSHL_v, vector_shift(l, w, IR_VUQRSHL, IR_VURSHL))
LIFT(SQSHL_s, scalar_shift(l, w, IR_VSQSHL, IR_VSSHL))
LIFT(UQSHL_s, scalar_shift(l, w, IR_VUQSHL, IR_VUSHL))
LIFT(SQRSHL_s, scalar_shift(l, w, IR_VSQRSHL, IR_VSRSHL))
LIFT(UQRSHL_s, scalar_shift(l, w, IR_VUQRSHL, IR_VURSHL))

/* --- shifts by an immediate ------------------------------------------------------------------- */

static struct sat shift_left(struct lifter *l, u32 w, unsigned op, unsigned back, ir_ref a)
{
    unsigned esz = simd_shift_esz(w), by = simd_shift_left(w);
    ir_ref v = simd_op2(l, op, esz, a, simd_splat(l, esz, by));
    return (struct sat){v, differs(l, simd_imm(l, back, esz, by, v), a)};
}

static void vector_shift_left(struct lifter *l, u32 w, unsigned op, unsigned back)
{
    set_vector(l, w, shift_left(l, w, op, back, lift_get_v(l, a64_rn(w))));
}

static void scalar_shift_left(struct lifter *l, u32 w, unsigned op, unsigned back)
{
    unsigned esz = simd_shift_esz(w);
    set_scalar(l, w, esz, shift_left(l, w, op, back, simd_get_scalar(l, a64_rn(w), esz)));
}

LIFT(SQSHL_vi, vector_shift_left(l, w, IR_VSQSHL, IR_VSARI))
LIFT(UQSHL_vi, vector_shift_left(l, w, IR_VUQSHL, IR_VSHRI))
LIFT(SQSHLU_vi, vector_shift_left(l, w, IR_VSQSHLU, IR_VSHRI))
LIFT(SQSHL_si, scalar_shift_left(l, w, IR_VSQSHL, IR_VSARI))
LIFT(UQSHL_si, scalar_shift_left(l, w, IR_VUQSHL, IR_VSHRI))
LIFT(SQSHLU_si, scalar_shift_left(l, w, IR_VSQSHLU, IR_VSHRI))

/* --- narrowing -------------------------------------------------------------------------------- */

/* a has elements of esz + 1. */
static struct sat narrow(struct lifter *l, unsigned op, unsigned esz, ir_ref a)
{
    ir_ref v = simd_op1(l, op, esz, a);
    unsigned widen = op == IR_VSQXTN ? IR_VSXL : IR_VUXL;
    return (struct sat){v, differs(l, simd_widen(l, widen, esz, 0, v, IR_NONE), a)};
}

static void set_narrow(struct lifter *l, u32 w, struct sat r)
{
    simd_or_qc(l, r.lost);
    simd_set_narrow(l, w, r.value);
}

static void vector_narrow(struct lifter *l, u32 w, unsigned op)
{
    set_narrow(l, w, narrow(l, op, a64_size(w), lift_get_v(l, a64_rn(w))));
}

static void scalar_narrow(struct lifter *l, u32 w, unsigned op)
{
    unsigned esz = a64_size(w);
    set_scalar(l, w, esz, narrow(l, op, esz, simd_get_scalar(l, a64_rn(w), esz + 1)));
}

static struct sat shift_narrow(struct lifter *l, u32 w, unsigned shift, unsigned op, ir_ref a)
{
    unsigned esz = simd_shift_esz(w);
    return narrow(l, op, esz, simd_imm(l, shift, esz + 1, simd_shift_right(w), a));
}

static void vector_shift_narrow(struct lifter *l, u32 w, unsigned shift, unsigned op)
{
    set_narrow(l, w, shift_narrow(l, w, shift, op, lift_get_v(l, a64_rn(w))));
}

static void scalar_shift_narrow(struct lifter *l, u32 w, unsigned shift, unsigned op)
{
    unsigned esz = simd_shift_esz(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz + 1);
    set_scalar(l, w, esz, shift_narrow(l, w, shift, op, n));
}

LIFT(SQXTN_v, vector_narrow(l, w, IR_VSQXTN))
LIFT(UQXTN_v, vector_narrow(l, w, IR_VUQXTN))
LIFT(SQXTUN_v, vector_narrow(l, w, IR_VSQXTUN))
LIFT(SQXTN_s, scalar_narrow(l, w, IR_VSQXTN))
LIFT(UQXTN_s, scalar_narrow(l, w, IR_VUQXTN))
LIFT(SQXTUN_s, scalar_narrow(l, w, IR_VSQXTUN))
LIFT(SQSHRN_v, vector_shift_narrow(l, w, IR_VSARI, IR_VSQXTN))
LIFT(UQSHRN_v, vector_shift_narrow(l, w, IR_VSHRI, IR_VUQXTN))
LIFT(SQSHRUN_v, vector_shift_narrow(l, w, IR_VSARI, IR_VSQXTUN))
LIFT(SQRSHRN_v, vector_shift_narrow(l, w, IR_VRSARI, IR_VSQXTN))
LIFT(UQRSHRN_v, vector_shift_narrow(l, w, IR_VRSHRI, IR_VUQXTN))
LIFT(SQRSHRUN_v, vector_shift_narrow(l, w, IR_VRSARI, IR_VSQXTUN))
LIFT(SQSHRN_s, scalar_shift_narrow(l, w, IR_VSARI, IR_VSQXTN))
LIFT(UQSHRN_s, scalar_shift_narrow(l, w, IR_VSHRI, IR_VUQXTN))
LIFT(SQSHRUN_s, scalar_shift_narrow(l, w, IR_VSARI, IR_VSQXTUN))
LIFT(SQRSHRN_s, scalar_shift_narrow(l, w, IR_VRSARI, IR_VSQXTN))
LIFT(UQRSHRN_s, scalar_shift_narrow(l, w, IR_VRSHRI, IR_VUQXTN))
LIFT(SQRSHRUN_s, scalar_shift_narrow(l, w, IR_VRSARI, IR_VSQXTUN))

/* --- doubling multiplies ---------------------------------------------------------------------- */

/* Where a and b are both the most negative element. */
static ir_ref both_min(struct lifter *l, unsigned esz, ir_ref a, ir_ref b)
{
    ir_ref min = simd_splat_min(l, esz);
    return ir_op2(l->f, IR_VAND, IR_V128, simd_op2(l, IR_VCMPEQ, esz, a, min),
                  simd_op2(l, IR_VCMPEQ, esz, b, min));
}

static struct sat multiply_high(struct lifter *l, unsigned op, unsigned esz, ir_ref a, ir_ref b)
{
    return (struct sat){simd_op2(l, op, esz, a, b), both_min(l, esz, a, b)};
}

/* Widening; esz is the narrow element. acc: IR_VSQADD or IR_VSQSUB to accumulate on d, else 0. */
static struct sat multiply_long(struct lifter *l, unsigned acc, unsigned esz, unsigned high,
                                ir_ref d, ir_ref a, ir_ref b)
{
    ir_ref product = simd_widen(l, IR_VSQDMULL, esz, high, a, b);
    ir_ref lost = ir_op2(l->f, IR_VAND, IR_V128, product, simd_splat(l, esz + 1, 1));
    if (!acc) return (struct sat){product, lost};
    struct sat sum = binary(l, acc, acc == IR_VSQADD ? IR_VADD : IR_VSUB, esz + 1, d, product);
    sum.lost = ir_op2(l->f, IR_VOR, IR_V128, sum.lost, lost);
    return sum;
}

/* By vector: the second operand is Rm; by element: Rm's element in all lanes. */
static ir_ref operand_m(struct lifter *l, u32 w, bool element)
{
    return element ? simd_elem(l, w, a64_size(w)) : lift_get_v(l, a64_rm(w));
}

/* The same for scalar forms: in lane 0, zeros above. */
static ir_ref scalar_operand_m(struct lifter *l, u32 w, bool element)
{
    unsigned esz = a64_size(w);
    if (!element) return simd_get_scalar(l, a64_rm(w), esz);
    unsigned index = simd_elem_index(w, esz), reg = simd_elem_reg(w, esz);
    if (index == 0) return simd_get_scalar(l, reg, esz);
    ir_ref v = simd_dup(l, esz, index, lift_get_v(l, reg));
    return ir_op1(l->f, IR_FTOV, IR_V128, ir_op1(l->f, IR_VTOF, lift_ftype(esz), v));
}

static void vector_multiply_high(struct lifter *l, u32 w, unsigned op, bool element)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = operand_m(l, w, element);
    set_vector(l, w, multiply_high(l, op, a64_size(w), n, m));
}

static void scalar_multiply_high(struct lifter *l, u32 w, unsigned op, bool element)
{
    unsigned esz = a64_size(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz), m = scalar_operand_m(l, w, element);
    set_scalar(l, w, esz, multiply_high(l, op, esz, n, m));
}

static void vector_multiply_long(struct lifter *l, u32 w, unsigned acc, bool element)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = operand_m(l, w, element);
    ir_ref d = acc ? lift_get_v(l, a64_rd(w)) : IR_NONE;
    struct sat r = multiply_long(l, acc, a64_size(w), a64_Q(w), d, n, m);
    simd_or_qc(l, r.lost);
    lift_set_v(l, a64_rd(w), r.value);
}

static void scalar_multiply_long(struct lifter *l, u32 w, unsigned acc, bool element)
{
    unsigned esz = a64_size(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz), m = scalar_operand_m(l, w, element);
    ir_ref d = acc ? simd_get_scalar(l, a64_rd(w), esz + 1) : IR_NONE;
    set_scalar(l, w, esz + 1, multiply_long(l, acc, esz, 0, d, n, m));
}

LIFT(SQDMULH_v, vector_multiply_high(l, w, IR_VSQDMULH, false))
LIFT(SQRDMULH_v, vector_multiply_high(l, w, IR_VSQRDMULH, false))
LIFT(SQDMULH_ve, vector_multiply_high(l, w, IR_VSQDMULH, true))
LIFT(SQRDMULH_ve, vector_multiply_high(l, w, IR_VSQRDMULH, true))
LIFT(SQDMULH_s, scalar_multiply_high(l, w, IR_VSQDMULH, false))
LIFT(SQRDMULH_s, scalar_multiply_high(l, w, IR_VSQRDMULH, false))
LIFT(SQDMULH_se, scalar_multiply_high(l, w, IR_VSQDMULH, true))
LIFT(SQRDMULH_se, scalar_multiply_high(l, w, IR_VSQRDMULH, true))
LIFT(SQDMULL_v, vector_multiply_long(l, w, 0, false))
LIFT(SQDMLAL_v, vector_multiply_long(l, w, IR_VSQADD, false))
LIFT(SQDMLSL_v, vector_multiply_long(l, w, IR_VSQSUB, false))
LIFT(SQDMULL_ve, vector_multiply_long(l, w, 0, true))
LIFT(SQDMLAL_ve, vector_multiply_long(l, w, IR_VSQADD, true))
LIFT(SQDMLSL_ve, vector_multiply_long(l, w, IR_VSQSUB, true))
LIFT(SQDMULL_s, scalar_multiply_long(l, w, 0, false))
LIFT(SQDMLAL_s, scalar_multiply_long(l, w, IR_VSQADD, false))
LIFT(SQDMLSL_s, scalar_multiply_long(l, w, IR_VSQSUB, false))
LIFT(SQDMULL_se, scalar_multiply_long(l, w, 0, true))
LIFT(SQDMLAL_se, scalar_multiply_long(l, w, IR_VSQADD, true))
LIFT(SQDMLSL_se, scalar_multiply_long(l, w, IR_VSQSUB, true))

/* --- rounding doubling multiply-accumulate ---------------------------------------------------- */

/*
 * With p = 2ab and h = 2^(n-1), the exact results before saturation are integers away from d:
 *   SQRDMLAH: d + floor((p + h) / 2^n)      = d + q
 *   SQRDMLSH: d + floor((h - p) / 2^n)      = d - q + [p mod 2^n = h]
 * where q is SQRDMULH's value; only for a = b = -2^(n-1) that one saturates, to h - 1 in place of
 * h, which wraps to the complement. So the wrapped result can be had, and compared.
 */
static struct sat rounded_accumulate(struct lifter *l, unsigned op, unsigned esz, ir_ref d,
                                     ir_ref a, ir_ref b)
{
    ir_ref v = simd_op3(l, op, esz, d, a, b);
    ir_ref q = simd_op2(l, IR_VSQRDMULH, esz, a, b);
    q = ir_op2(l->f, IR_VXOR, IR_V128, q, both_min(l, esz, a, b));
    if (op == IR_VSQRDMLAH) return (struct sat){v, differs(l, v, simd_op2(l, IR_VADD, esz, d, q))};
    ir_ref low = simd_imm(l, IR_VSHLI, esz, 1, simd_op2(l, IR_VMUL, esz, a, b));
    ir_ref tie = simd_op2(l, IR_VCMPEQ, esz, low, simd_splat_min(l, esz));
    ir_ref plain = simd_op2(l, IR_VSUB, esz, simd_op2(l, IR_VSUB, esz, d, q), tie);
    return (struct sat){v, differs(l, v, plain)};
}

static void vector_rounded(struct lifter *l, u32 w, unsigned op, bool element)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = operand_m(l, w, element);
    set_vector(l, w, rounded_accumulate(l, op, a64_size(w), lift_get_v(l, a64_rd(w)), n, m));
}

static void scalar_rounded(struct lifter *l, u32 w, unsigned op, bool element)
{
    unsigned esz = a64_size(w);
    ir_ref n = simd_get_scalar(l, a64_rn(w), esz), m = scalar_operand_m(l, w, element);
    ir_ref d = simd_get_scalar(l, a64_rd(w), esz);
    set_scalar(l, w, esz, rounded_accumulate(l, op, esz, d, n, m));
}

LIFT(SQRDMLAH_v, vector_rounded(l, w, IR_VSQRDMLAH, false))
LIFT(SQRDMLSH_v, vector_rounded(l, w, IR_VSQRDMLSH, false))
LIFT(SQRDMLAH_ve, vector_rounded(l, w, IR_VSQRDMLAH, true))
LIFT(SQRDMLSH_ve, vector_rounded(l, w, IR_VSQRDMLSH, true))
LIFT(SQRDMLAH_s, scalar_rounded(l, w, IR_VSQRDMLAH, false))
LIFT(SQRDMLSH_s, scalar_rounded(l, w, IR_VSQRDMLSH, false))
LIFT(SQRDMLAH_se, scalar_rounded(l, w, IR_VSQRDMLAH, true))
LIFT(SQRDMLSH_se, scalar_rounded(l, w, IR_VSQRDMLSH, true))
