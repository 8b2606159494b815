/*
 * Estimates of reciprocals and of reciprocal square roots, and FRECPX.
 *
 * The guest's tables are closed formulas (RecipEstimate, RecipSqrtEstimate in the architecture
 * manual): of 512 / m or 512 / sqrt(m) the nearest integer, 256 to 511, with m the middle of the
 * operand's step of 1/256. Single precision finds it under every rounding mode: no quotient comes
 * closer to the middle between two integers than 0.002. What these raise on the way is undone with
 * MXCSR. Floating-point operands other than zeros and normal numbers whose result is normal trap.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

#define FORMS(name)                                                                                \
    {                                                                                              \
        X64_##name##PS, X64_##name##PD, X64_##name##SS, X64_##name##SD                             \
    }

static const u16 add_of[4] = FORMS(ADD), div_of[4] = FORMS(DIV), sqrt_of[4] = FORMS(SQRT);

/* Where MXCSR waits. */
static struct x64_mem saved_mxcsr(void)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 3 * 16);
}

static void constant_to(struct gen *g, enum float_form f, unsigned dst, u64 bits)
{
    bool scalar = f >= FORM_SS, is_double = f == FORM_PD || f == FORM_SD;
    u64 lo = scalar || is_double ? bits : vec_splat(2, bits);
    vec_load(g, dst, lo, scalar ? 0 : lo);
}

static void square_root(struct gen *g, enum float_form f, unsigned reg)
{
    if (f < FORM_SS)
        vec_op1(g, sqrt_of[f], reg, reg);
    else
        gen_vec_rrr(g, sqrt_of[f], reg, reg, reg);
}

/* reg = the nearest integer to numerator / X0, as integers in the lanes of the form. */
static void nearest_quotient(struct gen *g, enum float_form f, unsigned reg, int log2_numerator)
{
    constant_to(g, f, reg, float_power(f, log2_numerator));
    vec_op2(g, div_of[f], reg, reg, X0);
    float_logic(g, add_of[f], f, reg, reg, float_power(f, -1));
    if (f == FORM_PS || f == FORM_SS) {
        vec_op1(g, X64_CVTTPS2DQ, reg, reg);
        return;
    }
    vec_op1(g, X64_CVTTPD2DQ, reg, reg);
    vec_zero(g, X0);
    vec_op2(g, X64_PUNPCKLDQ, reg, reg, X0);
}

/* --- of floating-point numbers ---------------------------------------------------------------- */

/* What of a form the steps need. */
struct format {
    enum float_form f;
    bool root;
    unsigned fraction; /* bits */
    int bias;
    u64 exponents; /* the exponent field's bits */
};

static struct format format_of(enum float_form f, bool root)
{
    if (f == FORM_PS || f == FORM_SS) return (struct format){f, root, 23, 127, 0x7f800000};
    return (struct format){f, root, 52, 1023, UINT64_C(0x7ff) << 52};
}

/*
 * w = the operand, of which no sign counts, with zeros replaced by a number whose result's bits are
 * some of infinity's; u = infinity for zeros, which raise division by zero, else 0. Operands out of
 * range trap.
 */
static void sort_out(struct gen *g, const struct format *o, unsigned w, unsigned u, unsigned a)
{
    enum { EQUAL = 0, LESS = 1, NOT_LESS = 5 };
    enum float_form f = o->f;
    u64 one = float_power(f, 0);
    u64 instead = float_power(f, o->root ? -1 : 0) | UINT64_C(0xff) << (o->fraction - 8);
    int beyond = o->root ? o->bias + 1 : o->bias - 1;
    float_compare_c(g, f, u, a, 0, EQUAL);
    vec_move(g, w, u);
    vec_op2(g, X64_PANDN, w, w, a);
    if (!o->root) float_logic(g, X64_ANDPS, f, w, w, float_sign(f) - 1);
    float_logic(g, X64_ANDPS, f, X0, u, instead);
    vec_op2(g, X64_ORPS, w, w, X0);
    float_compare_c(g, f, X0, w, float_power(f, 1 - o->bias), LESS);
    float_compare_c(g, f, X1, w, float_power(f, beyond), NOT_LESS);
    vec_op2(g, X64_ORPS, X0, X0, X1);
    float_check_nan(g, f, X0);
    float_logic(g, X64_ANDPS, f, X0, u, one);
    float_logic(g, X64_ANDNPS, f, u, u, one);
    vec_op2(g, div_of[f], X0, X0, u); /* 1 / 0 or 0 / 1 */
    vec_move(g, u, X0);
}

/* X0 = the middle of w's step, from 1 to 4. */
static void take_middle(struct gen *g, const struct format *o, unsigned w)
{
    u64 one = float_power(o->f, 0), lowest = UINT64_C(1) << o->fraction, step = lowest >> 9;
    if (!o->root) {
        float_logic(g, X64_ANDPS, o->f, X0, w, lowest - 2 * step);
        float_logic(g, X64_ORPS, o->f, X0, X0, one | step);
        return;
    }
    /* Steps of 1/128, doubled when the exponent is odd: its field is even then. */
    float_logic(g, X64_ANDPS, o->f, X0, w, 2 * lowest - 4 * step);
    float_logic(g, X64_XORPS, o->f, X0, X0, lowest);
    float_logic(g, o->fraction == 23 ? X64_PADDD : X64_PADDQ, o->f, X0, X0, one + 2 * step);
}

/* X1 = the result without its sign. With e w's exponent field, that of the result is 2 * bias - 1 -
 * e, or half of 3 * bias - 1 - e; one less here, as the estimate has its leading bit. */
static void estimate(struct gen *g, const struct format *o, unsigned w)
{
    bool is_double = o->fraction == 52;
    u64 from = (u64)(o->root ? 3 * o->bias - 3 : 2 * o->bias - 2) << o->fraction;
    take_middle(g, o, w);
    if (o->root) square_root(g, o->f, X0);
    nearest_quotient(g, o->f, X1, 9);
    vec_imm(g, is_double ? X64_PSLLQ_I : X64_PSLLD_I, X1, X1, o->fraction - 8);
    float_logic(g, X64_ANDPS, o->f, w, w, o->exponents);
    constant_to(g, o->f, X0, from);
    vec_op2(g, is_double ? X64_PSUBQ : X64_PSUBD, X0, X0, w);
    if (o->root) {
        vec_imm(g, is_double ? X64_PSRLQ_I : X64_PSRLD_I, X0, X0, 1);
        float_logic(g, X64_ANDPS, o->f, X0, X0, o->exponents);
    }
    vec_op2(g, is_double ? X64_PADDQ : X64_PADDD, X1, X1, X0);
}

void float_estimate(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        gen_by_helper(g, r, i);
        return;
    }
    struct format o = format_of(f, i->op == IR_FRSQRTE);
    struct vec_args v = vec_args(g, r, i);
    unsigned w = gen_temp_xmm(g), u = gen_temp_xmm(g);
    sort_out(g, &o, w, u, v.a);
    x64_plain_m(B, X64_STMXCSR, saved_mxcsr());
    estimate(g, &o, w);
    x64_plain_m(B, X64_LDMXCSR, saved_mxcsr());
    vec_op2(g, X64_ORPS, X1, X1, u);
    float_logic(g, X64_ANDPS, f, X0, v.a, float_sign(f));
    vec_op2(g, X64_ORPS, X1, X1, X0);
    gen_narrow_xmm(g, i->type, v.dst, X1);
}

/* --- of integers ------------------------------------------------------------------------------ */

/*
 * 32 bits as a fraction. a, the top 9 bits, stands for the middle of its step, 2a + 1 or, for the
 * wider steps of roots, 2(a | 1); the results are of 2^18 / middle or 2^13 / sqrt(middle). What is
 * below the table's range gives all ones.
 */
void vec_estimate(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool root = i->op == IR_VURSQRTE;
    u64 index = vec_splat(2, 0x3fe), one = vec_splat(2, 1);
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSRLD_I, X0, v.a, 22);
    vec_op2c(g, X64_PAND, X0, X0, index, index);
    if (root) {
        vec_imm(g, X64_PSRLD_I, X1, v.a, 31);
        vec_op2c(g, X64_PADDD, X1, X1, one, one);
        vec_op2(g, X64_POR, X0, X0, X1);
    } else {
        vec_op2c(g, X64_POR, X0, X0, one, one);
    }
    x64_plain_m(B, X64_STMXCSR, saved_mxcsr());
    vec_op1(g, X64_CVTDQ2PS, X0, X0);
    if (root) square_root(g, FORM_PS, X0);
    nearest_quotient(g, FORM_PS, X1, root ? 13 : 18);
    x64_plain_m(B, X64_LDMXCSR, saved_mxcsr());
    vec_imm(g, X64_PSLLD_I, X1, X1, 23);
    vec_imm(g, X64_PSRLD_I, X0, v.a, root ? 30 : 31);
    vec_zero(g, t);
    vec_op2(g, X64_PCMPEQD, t, t, X0);
    vec_op2(g, X64_POR, v.dst, X1, t);
}

/* --- exponents -------------------------------------------------------------------------------- */

/* The exponent field's complement, but one less for zeros and denormals; NaNs trap. */
void float_reciprocal_exponent(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum { LESS = 1 };
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        gen_by_helper(g, r, i);
        return;
    }
    struct format o = format_of(f, false);
    struct vec_args v = vec_args(g, r, i);
    float_logic(g, X64_ANDPS, f, X0, v.a, float_sign(f) - 1);
    float_compare_c(g, f, X0, X0, float_power(f, 1 - o.bias), LESS);
    float_logic(g, X64_ANDPS, f, X0, X0, UINT64_C(1) << o.fraction);
    float_logic(g, X64_ANDPS, f, X1, v.a, o.exponents);
    float_logic(g, X64_XORPS, f, X1, X1, o.exponents);
    vec_op2(g, f == FORM_SD ? X64_PSUBQ : X64_PSUBD, X1, X1, X0);
    float_logic(g, X64_ANDPS, f, X0, v.a, float_sign(f));
    vec_op2(g, X64_ORPS, X1, X1, X0);
    gen_narrow_xmm(g, i->type, v.dst, X1);
}
