/*
 * Scalar floating point: arithmetic, compares, selects, immediates. (Arm ARM C4.1.97:
 * floating-point data-processing, compare, conditional compare, conditional select, immediate.)
 */
#include "aot/lift/simd.h"

static unsigned type_of(u32 w)
{
    return lift_ftype(fp_esz(w));
}

static ir_ref get(struct lifter *l, u32 w, unsigned reg)
{
    return lift_get_fp(l, reg, type_of(w));
}

static void set(struct lifter *l, u32 w, ir_ref v)
{
    lift_set_fp(l, a64_rd(w), type_of(w), v);
}

/* --- arithmetic ------------------------------------------------------------------------------- */

static void unary(struct lifter *l, u32 w, unsigned op, unsigned mod)
{
    ir_ref n = get(l, w, a64_rn(w));
    set(l, w, ir_opx(l->f, op, type_of(w), 0, mod, 0, n, IR_NONE, IR_NONE));
}

static ir_ref binary(struct lifter *l, u32 w, unsigned op)
{
    ir_ref n = get(l, w, a64_rn(w)), m = get(l, w, a64_rm(w));
    return ir_op2(l->f, op, type_of(w), n, m);
}

static bool reads_factor(u32 w, unsigned reg)
{
    return reg == a64_rn(w) || reg == a64_rm(w);
}

static void multiply(struct lifter *l, u32 w)
{
    set(l, w, binary(l, w, IR_FMUL));
    if (!reads_factor(w, a64_rd(w))) ir_unread(l->f);
}

/* mod as in the FMA operation: 1 negates the product, 2 the addend. */
static void multiply_add(struct lifter *l, u32 w, unsigned mod)
{
    ir_ref a = get(l, w, a64_ra(w)), n = get(l, w, a64_rn(w)), m = get(l, w, a64_rm(w));
    set(l, w, ir_opx(l->f, IR_FMA, type_of(w), 0, mod, 0, a, n, m));
    if (a64_rd(w) != a64_ra(w) && !reads_factor(w, a64_rd(w))) ir_unread(l->f);
}

LIFT(FMOV_f, set(l, w, get(l, w, a64_rn(w))))
LIFT(FABS_f, unary(l, w, IR_FABS, 0))
LIFT(FNEG_f, unary(l, w, IR_FNEG, 0))
LIFT(FSQRT_f, unary(l, w, IR_FSQRT, 0))
LIFT(FRINTN_f, unary(l, w, IR_FRINT, IR_ROUND_NEAREST))
LIFT(FRINTP_f, unary(l, w, IR_FRINT, IR_ROUND_UP))
LIFT(FRINTM_f, unary(l, w, IR_FRINT, IR_ROUND_DOWN))
LIFT(FRINTZ_f, unary(l, w, IR_FRINT, IR_ROUND_ZERO))
LIFT(FRINTA_f, unary(l, w, IR_FRINT, IR_ROUND_AWAY))
LIFT(FRINTX_f, unary(l, w, IR_FRINT, IR_ROUND_FPCR | 8))
LIFT(FRINTI_f, unary(l, w, IR_FRINT, IR_ROUND_FPCR))
LIFT(FRINT32X_f, unary(l, w, IR_FRINTN, 0))
LIFT(FRINT64X_f, unary(l, w, IR_FRINTN, 1))
LIFT(FRINT32Z_f, unary(l, w, IR_FRINTN, 2))
LIFT(FRINT64Z_f, unary(l, w, IR_FRINTN, 3))
LIFT(FADD_f, set(l, w, binary(l, w, IR_FADD)))
LIFT(FSUB_f, set(l, w, binary(l, w, IR_FSUB)))
LIFT(FMUL_f, multiply(l, w))
LIFT(FDIV_f, set(l, w, binary(l, w, IR_FDIV)))
LIFT(FMAX_f, set(l, w, binary(l, w, IR_FMAX)))
LIFT(FMIN_f, set(l, w, binary(l, w, IR_FMIN)))
LIFT(FMAXNM_f, set(l, w, binary(l, w, IR_FMAXNM)))
LIFT(FMINNM_f, set(l, w, binary(l, w, IR_FMINNM)))
LIFT(FNMUL_f, set(l, w, ir_op1(l->f, IR_FNEG, type_of(w), binary(l, w, IR_FMUL))))
LIFT(FMADD_f, multiply_add(l, w, 0))
LIFT(FMSUB_f, multiply_add(l, w, 1))
LIFT(FNMADD_f, multiply_add(l, w, 3))
LIFT(FNMSUB_f, multiply_add(l, w, 2))

/* --- compare, select, immediate --------------------------------------------------------------- */

/* signalling: a quiet NaN raises invalid operation too. */
static ir_ref compared(struct lifter *l, u32 w, bool signalling, ir_ref n, ir_ref m)
{
    return ir_opx(l->f, IR_FLFCMP, type_of(w), 0, signalling, 0, n, m, IR_NONE);
}

static void compare(struct lifter *l, u32 w, bool signalling)
{
    ir_ref n = get(l, w, a64_rn(w)), m = get(l, w, a64_rm(w));
    lift_set_nzcv(l, compared(l, w, signalling, n, m));
}

static void compare_zero(struct lifter *l, u32 w, bool signalling)
{
    ir_ref zero = ir_const(l->f, type_of(w), 0);
    lift_set_nzcv(l, compared(l, w, signalling, get(l, w, a64_rn(w)), zero));
}

/* Where the condition fails the operands are not compared, so must not raise anything: zeros take
 * their place. */
static void conditional_compare(struct lifter *l, u32 w, bool signalling)
{
    ir_ref otherwise =
        ir_opx(l->f, IR_FLCONST, IR_FLAGS, 0, 0, a64_nzcv(w), IR_NONE, IR_NONE, IR_NONE);
    ir_ref n = get(l, w, a64_rn(w)), m = get(l, w, a64_rm(w));
    if (a64_cond(w) >= IR_CC_AL) {
        lift_set_nzcv(l, compared(l, w, signalling, n, m));
        return;
    }
    ir_ref holds = lift_cond(l, a64_cond(w)), zero = ir_const(l->f, type_of(w), 0);
    n = ir_op3(l->f, IR_SELECT, type_of(w), holds, n, zero);
    m = ir_op3(l->f, IR_SELECT, type_of(w), holds, m, zero);
    ir_ref flags = compared(l, w, signalling, n, m);
    lift_set_nzcv(l, ir_op3(l->f, IR_FLSELECT, IR_FLAGS, holds, flags, otherwise));
}

LIFT(FCMP, compare(l, w, false))
LIFT(FCMPE, compare(l, w, true))
LIFT(FCMP_zero, compare_zero(l, w, false))
LIFT(FCMPE_zero, compare_zero(l, w, true))
LIFT(FCCMP, conditional_compare(l, w, false))
LIFT(FCCMPE, conditional_compare(l, w, true))

void lift_FCSEL(struct lifter *l, u32 w)
{
    ir_ref n = get(l, w, a64_rn(w));
    if (a64_cond(w) < IR_CC_AL && a64_rn(w) != a64_rm(w)) {
        ir_ref m = get(l, w, a64_rm(w));
        n = ir_op3(l->f, IR_SELECT, type_of(w), lift_cond(l, a64_cond(w)), n, m);
    }
    set(l, w, n);
}

LIFT(FMOV_imm, set(l, w, ir_const(l->f, type_of(w), (s64)fp_expand_imm(a64_imm8(w), fp_esz(w)))))
