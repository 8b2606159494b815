/*
 * Half precision by way of single, with F16C (and so AVX).
 *
 * A result of one operation on halves, rounded to single's 24 bits and then to half's 11 or fewer,
 * is rounded as if once: 24 >= 2 * 11 + 2. It is exact in single when it is in half, so the
 * inexact flag is right too, and single neither overflows nor underflows. Products are exact; fused
 * sums are made of them in double precision, which only an addend too small to matter to a half's
 * rounding is cut off in, and go by way of a single rounded to odd.
 *
 * Vectors are done in two halves of four; vscratch[0] has the first.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

#define PS_SS(name)                                                                                \
    {                                                                                              \
        X64_##name##PS, X64_##name##SS                                                             \
    }

enum { EQUAL = 0, LESS = 1, LESS_EQUAL = 2, NOT_LESS = 5 }; /* the host's predicates */

bool float_can_half(const struct gen *g)
{
    return vec_can(g, X64_VCVTPH2PS);
}

static struct x64_mem scratch(unsigned n, unsigned offset)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 16 * n + offset);
}

/* One turn: of a scalar, or of a vector's low or high four elements. */
struct turn {
    bool scalar, high;
    enum float_form f;
    unsigned reg[3]; /* operands */
    bool narrow[3];  /* a scalar with zeros above */
};

void float_half_to_single(struct gen *g, unsigned dst, unsigned a, bool narrow)
{
    if (!narrow) {
        gen_narrow_xmm(g, IR_F16, dst, a);
        a = dst;
    }
    gen_fault_point(g);
    vec_op1(g, X64_VCVTPH2PS, dst, a);
}

/* Operand n's halves alone, in the low half of the register that is returned: dst or its own. */
static unsigned take_halves(struct gen *g, const struct turn *t, unsigned dst, unsigned n)
{
    if (t->scalar && !t->narrow[n])
        gen_narrow_xmm(g, IR_F16, dst, t->reg[n]);
    else if (t->high)
        vec_imm(g, X64_PSHUFD, dst, t->reg[n], 0xee);
    else
        return t->reg[n];
    return dst;
}

static void take_singles(struct gen *g, const struct turn *t, unsigned dst, unsigned n)
{
    unsigned halves = take_halves(g, t, dst, n);
    gen_fault_point(g);
    vec_op1(g, X64_VCVTPH2PS, dst, halves);
}

/* Computes the turn's result into X0: halves in its low 64 bits, zeros above. */
typedef void turn_fn(struct gen *g, const struct ir_inst *i, const struct turn *t);

static void by_turns(struct gen *g, ir_ref r, const struct ir_inst *i, turn_fn *fn)
{
    struct turn t = {.scalar = i->type != IR_V128};
    for (unsigned n = 0; n < 3; n++) t.narrow[n] = i->arg[n] && float_is_narrow(g, i->arg[n]);
    struct vec_args v = vec_args(g, r, i);
    u32 locked = g->xmm_locked;
    t.f = t.scalar ? FORM_SS : FORM_PS;
    t.reg[0] = v.a;
    t.reg[1] = v.b;
    t.reg[2] = v.c;
    fn(g, i, &t);
    if (t.scalar) {
        vec_move(g, v.dst, X0);
        return;
    }
    gen_vec_mr(g, X64_MOVAPS_ST, scratch(0, 0), X0);
    g->xmm_locked = locked; /* temps of the first turn */
    t.high = true;
    fn(g, i, &t);
    gen_vec_rm(g, X64_MOVAPS, X1, scratch(0, 0));
    vec_op2(g, X64_PUNPCKLQDQ, v.dst, X1, X0);
}

/* --- arithmetic ------------------------------------------------------------------------------- */

static void two_operands(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    static const u16 add[2] = PS_SS(ADD), sub[2] = PS_SS(SUB), mul[2] = PS_SS(MUL),
                     div[2] = PS_SS(DIV);
    bool product = i->op == IR_FMUL || i->op == IR_FMULX;
    const u16 *op = i->op == IR_FADD ? add : i->op == IR_FDIV ? div : product ? mul : sub;
    take_singles(g, t, X0, 0);
    take_singles(g, t, X1, 1);
    float_op2(g, op[t->scalar], X0, X0, X1);
    (product ? float_to_half : float_to_half_exact)(g, X0);
    if (i->op == IR_FABD) vec_op2c(g, X64_PAND, X0, X0, vec_splat(1, 0x7fff), 0);
}

static void square_root(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    (void)i;
    take_singles(g, t, X0, 0);
    gen_fault_point(g);
    if (t->scalar)
        gen_vec_rrr(g, X64_SQRTSS, X0, X0, X0);
    else
        vec_op1(g, X64_SQRTPS, X0, X0);
    float_to_half_exact(g, X0);
}

/* As in float.c: in both orders, merged. */
static void extreme(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    static const u16 min[2] = PS_SS(MIN), max[2] = PS_SS(MAX);
    bool is_max = i->op == IR_FMAX || i->op == IR_FMAXNM;
    enum x64_vec op = (is_max ? max : min)[t->scalar];
    unsigned other = gen_temp_xmm(g);
    take_singles(g, t, X0, 0);
    take_singles(g, t, X1, 1);
    float_op2(g, op, other, X0, X1);
    vec_op2(g, op, X1, X1, X0);
    vec_op2(g, is_max ? X64_ANDPS : X64_ORPS, X0, other, X1);
    float_to_half_exact(g, X0);
}

static void rounding(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    unsigned a = gen_temp_xmm(g);
    take_singles(g, t, a, 0);
    float_round_value(g, t->f, i->mod, X0, a);
    float_to_half_exact(g, X0);
}

/* a + b * c. NaNs trap: which one comes out differs. */
static void fused(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    enum float_form wide = t->scalar ? FORM_SD : FORM_PD;
    take_singles(g, t, X0, 1);
    take_singles(g, t, X1, 2);
    float_op2(g, t->scalar ? X64_MULSS : X64_MULPS, X0, X0, X1);
    if (i->mod & 1) float_logic(g, X64_XORPS, t->f, X0, X0, float_sign(t->f));
    take_singles(g, t, X1, 0);
    if (i->mod & 2) float_logic(g, X64_XORPS, t->f, X1, X1, float_sign(t->f));
    gen_vec_mr(g, X64_MOVAPS_ST, scratch(1, 0), X0);
    gen_vec_mr(g, X64_MOVAPS_ST, scratch(2, 0), X1);
    for (unsigned half = 0; half < (t->scalar ? 1 : 2); half++) {
        gen_vec_rm(g, X64_CVTPS2PD, X0, scratch(1, 8 * half));
        gen_vec_rm(g, X64_CVTPS2PD, X1, scratch(2, 8 * half));
        float_op2(g, X64_ADDPD, X0, X0, X1);
        float_check_nan(g, wide, X0);
        float_round_to_odd(g, X0, X0);
        vec_op1(g, X64_CVTPD2PS, X0, X0);
        if (!t->scalar && !half) gen_vec_mr(g, X64_MOVAPS_ST, scratch(3, 0), X0);
    }
    if (!t->scalar) {
        gen_vec_rm(g, X64_MOVAPS, X1, scratch(3, 0));
        vec_op2(g, X64_PUNPCKLQDQ, X0, X1, X0);
    }
    float_to_half(g, X0);
}

/* --- compares --------------------------------------------------------------------------------- */

static void compare(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    enum x64_vec op = t->scalar ? X64_CMPSS : X64_CMPPS;
    take_singles(g, t, X0, 0);
    take_singles(g, t, X1, 1);
    if (i->op == IR_FCMPEQ)
        float_op2i(g, op, X0, X0, X1, EQUAL);
    else
        float_op2i(g, op, X0, X1, X0, i->op == IR_FCMPGT ? LESS : LESS_EQUAL);
    vec_zero(g, X1);
    vec_op2(g, X64_PACKSSDW, X0, X0, X1);
}

/* --- integers --------------------------------------------------------------------------------- */

/* What is out of range traps, before any flag is raised. */
static void to_integers(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    bool is_unsigned = (i->mod & 8) != 0;
    u64 least = is_unsigned ? 0 : float_power(FORM_PS, 15) | float_sign(FORM_PS);
    unsigned a = gen_temp_xmm(g), rounded = gen_temp_xmm(g);
    take_singles(g, t, a, 0);
    if (i->imm) float_logic(g, X64_MULPS, FORM_PS, a, a, float_power(FORM_PS, (int)i->imm));
    float_round_value(g, FORM_PS, i->mod & 7, rounded, a);
    float_compare_c(g, FORM_PS, X0, rounded, float_power(FORM_PS, is_unsigned ? 16 : 15), NOT_LESS);
    float_compare_c(g, FORM_PS, X1, rounded, least, LESS);
    vec_op2(g, X64_ORPS, X0, X0, X1);
    float_check_nan(g, FORM_PS, X0);
    vec_imm(g, X64_ROUNDPS, X0, a, 3); /* for the inexact flag */
    vec_op1(g, X64_CVTTPS2DQ, X0, rounded);
    vec_zero(g, X1);
    vec_op2(g, is_unsigned ? X64_PACKUSDW : X64_PACKSSDW, X0, X0, X1);
}

/* All exact but the last step, and that when the result is tiny. */
static void from_integers(struct gen *g, const struct ir_inst *i, const struct turn *t)
{
    unsigned a = take_halves(g, t, X0, 0);
    vec_op1(g, i->mod & 8 ? X64_PMOVZXWD : X64_PMOVSXWD, X0, a);
    vec_op1(g, X64_CVTDQ2PS, X0, X0);
    if (i->imm) float_logic(g, X64_MULPS, FORM_PS, X0, X0, float_power(FORM_PS, -(int)i->imm));
    float_to_half_exact(g, X0);
}

/* --- the operations --------------------------------------------------------------------------- */

static turn_fn *turn_of(unsigned op)
{
    switch (op) {
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FMULX:
    case IR_FDIV:
    case IR_FABD: return two_operands;
    case IR_FSQRT: return square_root;
    case IR_FMIN:
    case IR_FMAX:
    case IR_FMINNM:
    case IR_FMAXNM: return extreme;
    case IR_FMA: return fused;
    case IR_FRINT: return rounding;
    case IR_FCMPEQ:
    case IR_FCMPGT:
    case IR_FCMPGE: return compare;
    case IR_VFCVTI: return to_integers;
    case IR_VICVTF: return from_integers;
    default: return NULL;
    }
}

void float_half(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    turn_fn *fn = turn_of(i->op);
    if (fn && float_can_half(g))
        by_turns(g, r, i, fn);
    else
        gen_by_helper(g, r, i);
}
