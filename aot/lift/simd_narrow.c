/*
 * Halves and bfloat16 whose products are single floats: FMLAL and FMLSL, the bfloat16 instructions.
 * (Arm ARM C4.1.97: three same, three same extra, by indexed element, two-register miscellaneous.)
 */
#include "aot/lift/simd.h"

enum { NEGATED = 1, HIGH = 2 }; /* in mod of FMLAL */

/* --- FMLAL, FMLSL: with Q = 0 two lanes, whose halves come from the low word (or the one above)
 * --- */

/* The halves at the place that the operation takes them from, zeros elsewhere: lanes that the form
 * hasn't got raise nothing. */
static ir_ref halves(struct lifter *l, u32 w, unsigned mod, ir_ref v)
{
    if (a64_Q(w)) return v;
    if (mod & HIGH) v = simd_imm(l, IR_VSHRI, 3, 32, v);
    return ir_op2(l->f, IR_VAND, IR_V128, v, simd_const(l, 0xffffffff, 0));
}

static void multiply_add_long(struct lifter *l, u32 w, unsigned mod, ir_ref m)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    n = halves(l, w, mod, n);
    if (!a64_Q(w)) {
        d = simd_low(l, d);
        mod &= NEGATED;
    }
    simd_set_q(l, w, ir_opx(l->f, IR_FMLAL, IR_V128, 0, mod, 0, d, n, m));
}

static void by_vector(struct lifter *l, u32 w, unsigned mod)
{
    multiply_add_long(l, w, mod, halves(l, w, mod, lift_get_v(l, a64_rm(w))));
}

static void by_element(struct lifter *l, u32 w, unsigned mod)
{
    multiply_add_long(l, w, mod, halves(l, w, mod, simd_elem(l, w, 1)));
}

LIFT(FMLAL_v, by_vector(l, w, 0))
LIFT(FMLSL_v, by_vector(l, w, NEGATED))
LIFT(FMLAL2_v, by_vector(l, w, HIGH))
LIFT(FMLSL2_v, by_vector(l, w, NEGATED | HIGH))
LIFT(FMLAL_ve, by_element(l, w, 0))
LIFT(FMLSL_ve, by_element(l, w, NEGATED))
LIFT(FMLAL2_ve, by_element(l, w, HIGH))
LIFT(FMLSL2_ve, by_element(l, w, NEGATED | HIGH))

/* --- bfloat16 -----------------------------------------------------------------------------------
 */

static ir_ref accumulated(struct lifter *l, u32 w, unsigned op, ir_ref m)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), n = lift_get_v(l, a64_rn(w));
    return ir_op3(l->f, op, IR_V128, d, n, m);
}

LIFT(BFDOT_v, simd_set_q(l, w, accumulated(l, w, IR_VBFDOT, lift_get_v(l, a64_rm(w)))))
LIFT(BFDOT_ve, simd_set_q(l, w, accumulated(l, w, IR_VBFDOT, simd_elem(l, w, 2))))
LIFT(BFMMLA_v, lift_set_v(l, a64_rd(w), accumulated(l, w, IR_VBFMMLA, lift_get_v(l, a64_rm(w)))))

/* The even (BFMLALB) or odd (BFMLALT) elements as single floats: Q tells the two apart. */
static ir_ref widened(struct lifter *l, u32 w, ir_ref v)
{
    if (!a64_Q(w)) return simd_imm(l, IR_VSHLI, 2, 16, v);
    return ir_op2(l->f, IR_VAND, IR_V128, v, simd_splat(l, 2, 0xffff0000));
}

static void multiply_add(struct lifter *l, u32 w, ir_ref m)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), n = widened(l, w, lift_get_v(l, a64_rn(w)));
    lift_set_v(l, a64_rd(w), simd_op3(l, IR_FMA, 2, d, n, m));
}

LIFT(BFMLAL_v, multiply_add(l, w, widened(l, w, lift_get_v(l, a64_rm(w)))))

void lift_BFMLAL_ve(struct lifter *l, u32 w)
{
    ir_ref element = simd_elem(l, w, 1); /* in all halves */
    multiply_add(l, w, ir_op2(l->f, IR_VAND, IR_V128, element, simd_splat(l, 2, 0xffff0000)));
}

LIFT(BFCVTN_v, simd_set_narrow(l, w, ir_op1(l->f, IR_BFCVTN, IR_V128, lift_get_v(l, a64_rn(w)))))

void lift_BFCVT(struct lifter *l, u32 w)
{
    ir_ref v = ir_op1(l->f, IR_BFCVTN, IR_V128, simd_get_scalar(l, a64_rn(w), 2));
    simd_set_scalar(l, a64_rd(w), 1, v);
}
