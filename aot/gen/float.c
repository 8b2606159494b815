/*
 * Floating-point arithmetic, compares, minimum and maximum. vector.h says how exceptions work.
 *
 * NaNs. The host returns the first operand that is a NaN, made quiet; so does the guest, but for
 * signaling ones, which trap. Fused operations choose otherwise: a NaN result is compared with
 * itself by a predicate that signals. The host's minimum and maximum signal on every NaN, and of
 * two zeros give the second operand: done in both orders and merged they give the guest's answer.
 *
 * Tininess: the host finds it after rounding, the guest before. Products and fused sums that come
 * out as the smallest normal number, where that makes a difference, are made to trap: two
 * instructions, which do it for others of the smallest exponent as well, or three that are exact,
 * where these turn up (fp_near). Sums are exact when they are tiny. A quotient of numbers of p bits
 * is no closer to a power of two below it than 2^-p of it, and there it has p bits itself: no
 * rounding to p bits reaches the power.
 */
#include "aot/gen/nzcv.h"
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

/* Predicates of CMPxx. LT and LE signal on quiet NaNs; the last is "equal or unordered" (AVX). */
enum { CMP_EQ, CMP_LT, CMP_LE, CMP_EQ_UQ = 8 };

#define FORMS(name)                                                                                \
    {                                                                                              \
        X64_##name##PS, X64_##name##PD, X64_##name##SS, X64_##name##SD                             \
    }

static const u16 cmp_of[4] = FORMS(CMP);

/* --- shared ----------------------------------------------------------------------------------- */

enum float_form float_form(const struct ir_inst *i)
{
    if (i->type == IR_V128) return float_form_of(false, i->esz);
    return float_form_of(true, i->type - IR_F16 + 1u);
}

/* Where the legacy form of dst = op(a, b) can be computed: dst, unless writing a to it first would
 * lose b or a guest register. Brings a there. */
static unsigned begin(struct gen *g, unsigned dst, unsigned a, unsigned b)
{
    if (g->avx || dst == a) return dst;
    unsigned work = dst == b || g->xmm.slot[dst] != NO_SLOT ? X0 : dst;
    if (work == b) work = X1; /* operands in scratch, first source never X1 then */
    vec_move(g, work, a);
    return work;
}

void float_op2(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b)
{
    unsigned work = begin(g, dst, a, b);
    gen_fault_point(g);
    gen_vec_rrr(g, op, work, g->avx ? a : work, b);
    vec_move(g, dst, work);
}

void float_op2i(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b, unsigned imm)
{
    unsigned work = begin(g, dst, a, b);
    gen_fault_point(g);
    gen_vec_rrri(g, op, work, g->avx ? a : work, b, (u8)imm);
    vec_move(g, dst, work);
}

static struct x64_mem constant(struct gen *g, enum float_form f, u64 bits)
{
    switch (f) {
    case FORM_PS: return gen_pool(g, vec_splat(2, bits), vec_splat(2, bits));
    case FORM_PD: return gen_pool(g, bits, bits);
    default: return gen_pool(g, bits, 0);
    }
}

static void float_op2m(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m)
{
    unsigned work = begin(g, dst, a, NO_REG);
    gen_fault_point(g);
    gen_vec_rrm(g, op, work, g->avx ? a : work, m);
    vec_move(g, dst, work);
}

void float_op2c(struct gen *g, enum x64_vec op, enum float_form f, unsigned dst, unsigned a,
                u64 bits)
{
    float_op2m(g, op, dst, a, constant(g, f, bits));
}

void float_logic(struct gen *g, enum x64_vec op, enum float_form f, unsigned dst, unsigned a,
                 u64 bits)
{
    gen_vec_rrm(g, op, dst, a, constant(g, f, bits));
}

u64 float_sign(enum float_form f)
{
    return f == FORM_PS || f == FORM_SS ? UINT64_C(1) << 31 : UINT64_C(1) << 63;
}

u64 float_power(enum float_form f, int exponent)
{
    if (f == FORM_PS || f == FORM_SS) return (u64)(exponent + 127) << 23;
    return (u64)(exponent + 1023) << 52;
}

void float_deoptimise(struct gen *g)
{
    vec_zero(g, X1);
    gen_fault_point(g);
    gen_vec_rrr(g, X64_DIVSS, X1, X1, X1);
}

void float_compare_c(struct gen *g, enum float_form f, unsigned dst, unsigned a, u64 bits,
                     unsigned predicate)
{
    unsigned work = begin(g, dst, a, NO_REG);
    struct x64_mem m = constant(g, f, bits);
    gen_fault_point(g);
    gen_vec_rrmi(g, cmp_of[f], work, g->avx ? a : work, m, (u8)predicate);
    vec_move(g, dst, work);
}

void float_check_nan(struct gen *g, enum float_form f, unsigned reg)
{
    if (!g->avx) vec_move(g, X1, reg);
    gen_fault_point(g);
    gen_vec_rrri(g, cmp_of[f], X1, g->avx ? reg : X1, reg, CMP_LT);
}

static bool is_double(enum float_form f)
{
    return f == FORM_PD || f == FORM_SD;
}

/* The smallest normal number, and infinity. */
static u64 smallest(enum float_form f)
{
    return float_power(f, is_double(f) ? -1022 : -126);
}

static u64 infinity(enum float_form f)
{
    return float_power(f, is_double(f) ? 1024 : 128);
}

/* Traps when an element is plus or minus the smallest normal number, or as the predicate says
 * besides: the mask of all ones that a true comparison gives is a NaN. */
static void check_exactly(struct gen *g, enum float_form f, unsigned reg, unsigned predicate)
{
    float_logic(g, X64_ANDPS, f, X1, reg, float_sign(f) - 1);
    gen_vec_rrmi(g, cmp_of[f], X1, X1, constant(g, f, smallest(f)), (u8)predicate);
    float_check_nan(g, f, X1);
}

/* Infinity minus infinity: an integer is added that makes infinity of the smallest normal number.
 * It makes signaling NaNs of those up to half as large again, which trap for nothing; with
 * denormals flushed, so do those whose exponent is the next. The host has units for this that do no
 * products, and so are free where there is much to check. */
void float_check_tiny(struct gen *g, enum float_form f, unsigned reg)
{
    static const u16 sub[4] = FORMS(SUB);
    if (g->options->fp_near) {
        check_exactly(g, f, reg, CMP_EQ);
        return;
    }
    float_logic(g, is_double(f) ? X64_PADDQ : X64_PADDD, f, X1, reg, infinity(f) - smallest(f));
    float_op2(g, sub[f], X1, X1, X1);
}

/* The same, and for every NaN. An integer is added that makes NaNs of numbers whose exponent is the
 * smallest, and of NaNs other numbers. */
static void check_fused(struct gen *g, enum float_form f, unsigned reg)
{
    if (g->options->fp_near) {
        check_exactly(g, f, reg, CMP_EQ_UQ);
        return;
    }
    u64 to_nan = infinity(f) + 1 - smallest(f);
    float_logic(g, is_double(f) ? X64_PADDQ : X64_PADDD, f, X1, reg, to_nan);
    float_op2i(g, cmp_of[f], X1, X1, reg, CMP_LT);
}

/*
 * A scalar's operation takes the upper bits from its first operand. If they may be other than zero
 * and the result is going to be a guest register, they are cleared on the way from X0 to there.
 */
struct scalar_target {
    unsigned work; /* where to compute */
    unsigned dst;
    bool clears, narrow;
};

static struct scalar_target scalar_target(struct gen *g, ir_ref r, unsigned dst, bool narrow)
{
    bool scalar = gen_inst(g, r)->type != IR_V128;
    bool clears = scalar && !narrow && ir_hint(gen_inst(g, r));
    return (struct scalar_target){clears ? X0 : dst, dst, clears, narrow || clears || !scalar};
}

static void scalar_finish(struct gen *g, ir_ref r, struct scalar_target t)
{
    if (t.clears)
        gen_narrow_xmm(g, gen_inst(g, r)->type, t.dst, t.work);
    else
        vec_move(g, t.dst, t.work);
    g->val[r].narrow = t.narrow;
}

/* The register is no pin, or that of what r's guest instruction SETs to it and doesn't read: a
 * check behind the operation, which has the instruction done again, may find the result there. */
static bool may_write_early(const struct gen *g, ir_ref r, unsigned reg)
{
    unsigned slot = g->xmm.slot[reg];
    if (slot == NO_SLOT) return true;
    for (const struct ir_inst *i = gen_inst(g, r) + 1; i->op != IR_INSN; i++) {
        if (i->op == IR_SET && i->imm == slot) return i->arg[0] == r && i->mod;
        if (ir_has(i->op, IR_FL_END)) break;
    }
    return false;
}

/* --- arithmetic ------------------------------------------------------------------------------- */

void float_arithmetic(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u16 add[4] = FORMS(ADD), sub[4] = FORMS(SUB), mul[4] = FORMS(MUL),
                     div[4] = FORMS(DIV);
    enum float_form f = float_form(i);
    u64 lo, hi;
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    enum x64_vec op = (i->op == IR_FADD   ? add
                       : i->op == IR_FSUB ? sub
                       : i->op == IR_FDIV ? div
                                          : mul)[f];
    bool narrow = float_is_narrow(g, i->arg[0]), constant = vec_const(g, i->arg[1], &lo, &hi);
    struct x64_mem m;
    bool memory = !constant && gen_in_memory(g, i->arg[1], 1, &m);
    unsigned a = gen_use_xmm(g, i->arg[0]);
    unsigned b = constant || memory ? NO_REG : gen_use_xmm(g, i->arg[1]);
    gen_consume(g, i);
    struct scalar_target t = scalar_target(g, r, gen_def_xmm(g, r, a), narrow);
    bool may_be_tiny = i->op == IR_FMUL || i->op == IR_FMULX;
    if (may_be_tiny && !may_write_early(g, r, t.work)) t.work = X0;
    if (constant) m = gen_pool(g, lo, hi);
    if (constant || memory) {
        float_flush_operand_m(g, f, a, m);
        float_op2m(g, op, t.work, a, m);
    } else {
        float_flush_operands(g, f, a, b);
        float_op2(g, op, t.work, a, b);
    }
    if (may_be_tiny) float_check_tiny(g, f, t.work);
    scalar_finish(g, r, t);
}

void float_square_root(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    bool narrow = float_is_narrow(g, i->arg[0]);
    struct vec_args v = vec_args(g, r, i);
    float_flush_operands(g, f, v.a, v.a);
    if (f < FORM_SS) {
        gen_fault_point(g);
        vec_op1(g, f == FORM_PS ? X64_SQRTPS : X64_SQRTPD, v.dst, v.a);
        return;
    }
    struct scalar_target t = scalar_target(g, r, v.dst, narrow);
    float_op2(g, f == FORM_SS ? X64_SQRTSS : X64_SQRTSD, t.work, v.a, v.a);
    scalar_finish(g, r, t);
}

void float_difference(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u16 sub[4] = FORMS(SUB);
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    float_flush_operands(g, f, v.a, v.b);
    float_op2(g, sub[f], X0, v.a, v.b);
    float_logic(g, X64_ANDPS, f, v.dst, X0, float_sign(f) - 1);
}

/* FNEG, FABS: the sign bit alone, of halves too. */
void float_change_sign(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool negate = i->op == IR_FNEG, scalar = i->type != IR_V128;
    unsigned esz = scalar ? i->type - IR_F16 + 1u : i->esz;
    u64 sign = UINT64_C(1) << ((8u << esz) - 1), bits = negate ? sign : sign - 1;
    bool narrow = !negate || float_is_narrow(g, i->arg[0]);
    u64 lo = scalar ? bits : vec_splat(esz, bits);
    struct vec_args v = vec_args(g, r, i);
    vec_op2c(g, negate ? X64_XORPS : X64_ANDPS, v.dst, v.a, lo, scalar ? 0 : lo);
    g->val[r].narrow = narrow;
}

void float_extreme(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u16 min[4] = FORMS(MIN), max[4] = FORMS(MAX);
    bool is_max = i->op == IR_FMAX || i->op == IR_FMAXNM;
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    bool narrow_a = float_is_narrow(g, i->arg[0]), narrow_b = float_is_narrow(g, i->arg[1]);
    bool narrow = is_max ? narrow_a || narrow_b : narrow_a && narrow_b;
    struct vec_args v = vec_args(g, r, i);
    enum x64_vec op = (is_max ? max : min)[f];
    float_flush_operands(g, f, v.a, v.b);
    float_op2(g, op, X0, v.a, v.b);
    vec_op2(g, op, X1, v.b, v.a);
    struct scalar_target t = scalar_target(g, r, v.dst, narrow);
    vec_op2(g, is_max ? X64_ANDPS : X64_ORPS, t.work, X0, X1);
    scalar_finish(g, r, t);
}

/* --- fused ------------------------------------------------------------------------------------ */

/* By FORM, then mod: b * c + a, -b * c + a, b * c - a, -b * c - a. */
static const u16 fused_231[4][4] = {
    {X64_VFMADD231PS, X64_VFNMADD231PS, X64_VFMSUB231PS, X64_VFNMSUB231PS},
    {X64_VFMADD231PD, X64_VFNMADD231PD, X64_VFMSUB231PD, X64_VFNMSUB231PD},
    {X64_VFMADD231SS, X64_VFNMADD231SS, X64_VFMSUB231SS, X64_VFNMSUB231SS},
    {X64_VFMADD231SD, X64_VFNMADD231SD, X64_VFMSUB231SD, X64_VFNMSUB231SD},
};

/* The same where the first operand is a factor: a * b + c and so on. */
static const u16 fused_213[4][4] = {
    {X64_VFMADD213PS, X64_VFNMADD213PS, X64_VFMSUB213PS, X64_VFNMSUB213PS},
    {X64_VFMADD213PD, X64_VFNMADD213PD, X64_VFMSUB213PD, X64_VFNMSUB213PD},
    {X64_VFMADD213SS, X64_VFNMADD213SS, X64_VFMSUB213SS, X64_VFNMSUB213SS},
    {X64_VFMADD213SD, X64_VFNMADD213SD, X64_VFMSUB213SD, X64_VFNMSUB213SD},
};

static bool can_fuse(const struct gen *g)
{
    return g->avx && gen_has(g, X64_HAS_FMA);
}

/* The pinned register is going to be overwritten before it is certain that this is right. */
static void put_aside(struct gen *g, unsigned reg)
{
    unsigned slot = g->xmm.slot[reg];
    g->aside = (u8)(slot + 1);
    if (g->dirty >> slot & 1) vec_move(g, X0, reg);
}

/* One of two registers that is an empty temp, or NO_REG. */
static unsigned empty_temp(const struct gen *g, unsigned one, unsigned other)
{
    u32 empty = g->xmm_temps & g->xmm.free;
    return empty >> one & 1 ? one : empty >> other & 1 ? other : NO_REG;
}

/* The result takes the place of factor dst, as polynomials have it; which of two NaNs the host
 * prefers doesn't matter, since both trap. */
static void fuse_into_factor(struct gen *g, unsigned op, enum float_form f, unsigned dst,
                             unsigned factor, unsigned a)
{
    if (g->xmm.slot[dst] != NO_SLOT) put_aside(g, dst);
    gen_fault_point(g);
    gen_vec_rrr(g, op, dst, factor, a);
    check_fused(g, f, dst);
    g->aside = 0;
}

static void fuse_into_sum(struct gen *g, unsigned op, enum float_form f, unsigned work, unsigned a,
                          unsigned b, struct vec_source c)
{
    vec_move(g, work, a);
    gen_fault_point(g);
    if (c.reg == NO_REG)
        gen_vec_rrm(g, op, work, b, c.m);
    else
        gen_vec_rrr(g, op, work, b, c.reg);
    check_fused(g, f, work);
    g->aside = 0;
}

void float_fused(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    if (!can_fuse(g)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_source c = {.reg = NO_REG};
    bool third = gen_in_memory(g, i->arg[2], 1, &c.m);
    bool memory = third || gen_in_memory(g, i->arg[1], 1, &c.m);
    ir_ref first = i->arg[memory && !third ? 2 : 1];
    unsigned a = gen_use_xmm(g, i->arg[0]), b = gen_use_xmm(g, first);
    if (!memory) c.reg = gen_use_xmm(g, i->arg[2]);
    bool narrow = float_is_narrow(g, i->arg[0]), narrow_b = float_is_narrow(g, first);
    bool narrow_c = float_is_narrow(g, i->arg[2]);
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, memory ? a : empty_temp(g, a, b));
    bool is_factor = !memory && dst != a && (dst == b || dst == c.reg);
    bool stays = dst == b ? narrow_b : narrow_c; /* bits above come from the first operand */
    struct scalar_target t = scalar_target(g, r, dst, is_factor && stays ? stays : narrow);
    if (is_factor && !t.clears && (stays || i->type == IR_V128)) {
        fuse_into_factor(g, fused_213[f][i->mod & 3], f, dst, dst == b ? c.reg : b, a);
    } else {
        bool apart = dst == a || (dst != b && dst != c.reg);
        if (!apart) t.work = X0;
        if (!may_write_early(g, r, t.work)) put_aside(g, t.work);
        fuse_into_sum(g, fused_231[f][i->mod & 3], f, t.work, a, b, c);
    }
    scalar_finish(g, r, t);
}

/* FMLAL: singles of a, halves of b and c, whose product single holds exactly. */
void float_fused_halves(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem scratch = gen_state(offsetof(struct guest_state, vscratch));
    if (!can_fuse(g) || !float_can_half(g)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    unsigned half[2] = {v.b, v.c};
    for (unsigned n = 0; n < 2; n++) {
        unsigned to = n ? X1 : X0;
        if (i->mod & 2) vec_imm(g, X64_PSHUFD, to, half[n], 0xee);
        gen_fault_point(g);
        vec_op1(g, X64_VCVTPH2PS, to, i->mod & 2 ? to : half[n]);
    }
    gen_vec_mr(g, X64_MOVAPS_ST, scratch, X0);
    vec_move(g, X0, v.a);
    gen_fault_point(g);
    gen_vec_rrm(g, fused_231[FORM_PS][i->mod & 1], X0, X1, scratch);
    check_fused(g, FORM_PS, X0);
    vec_move(g, v.dst, X0);
}

/* 2 - a * b; NaNs and infinity times zero are the evaluator's. */
void float_reciprocal_step(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    if (f == FORM_NONE || !can_fuse(g)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    float_flush_operands(g, f, v.a, v.b);
    gen_vec_rm(g, X64_MOVAPS, X0, constant(g, f, float_power(f, 1)));
    gen_fault_point(g);
    gen_vec_rrr(g, fused_231[f][1], X0, v.a, v.b);
    float_check_nan(g, f, X0);
    vec_move(g, v.dst, X0);
}

/*
 * (3 - a * b) / 2 as 1.5 - (a / 2) * b, which overflows only when the result does. Half of a is
 * exact from twice the smallest normal number up; below, the evaluator does it.
 */
void float_root_step(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u16 mul[4] = FORMS(MUL);
    enum float_form f = float_form(i);
    if (f == FORM_NONE || !can_fuse(g)) {
        gen_by_helper(g, r, i);
        return;
    }
    int least = is_double(f) ? -1021 : -125;
    u64 half = UINT64_C(1) << (is_double(f) ? 51 : 22); /* the fraction's */
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    float_logic(g, X64_ANDPS, f, X1, v.a, float_sign(f) - 1);
    struct x64_mem bound = constant(g, f, float_power(f, least));
    gen_fault_point(g);
    gen_vec_rrmi(g, cmp_of[f], X1, X1, bound, CMP_LT);
    float_check_nan(g, f, X1);
    float_op2c(g, mul[f], f, X0, v.a, float_power(f, -1));
    gen_vec_rm(g, X64_MOVAPS, t, constant(g, f, float_power(f, 0) | half));
    gen_fault_point(g);
    gen_vec_rrr(g, fused_231[f][1], t, X0, v.b);
    float_check_nan(g, f, t);
    vec_move(g, v.dst, t);
}

/* --- compares --------------------------------------------------------------------------------- */

void float_compare(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    bool equal = i->op == IR_FCMPEQ;
    bool narrow = float_is_narrow(g, i->arg[equal ? 0 : 1]);
    struct vec_args v = vec_args(g, r, i);
    struct scalar_target t = scalar_target(g, r, v.dst, narrow);
    float_flush_operands(g, f, v.a, v.b);
    if (equal)
        float_op2i(g, cmp_of[f], t.work, v.a, v.b, CMP_EQ);
    else
        float_op2i(g, cmp_of[f], t.work, v.b, v.a, i->op == IR_FCMPGT ? CMP_LT : CMP_LE);
    scalar_finish(g, r, t);
}

void float_compare_to_flags(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool half = i->type == IR_F16;
    if (gen_is_conditional(g, r)) {
        g->val[r].place = VAL_LATER;
        return;
    }
    if (half && !float_can_half(g)) {
        gen_by_helper(g, r, i);
        return;
    }
    bool wide = i->type == IR_F64, signals = i->mod & 1;
    enum x64_vec quiet = wide ? X64_UCOMISD : X64_UCOMISS;
    enum x64_vec op = signals ? wide ? X64_COMISD : X64_COMISS : quiet;
    gen_clobber_flags(g);
    bool narrow_a = float_is_narrow(g, i->arg[0]), narrow_b = float_is_narrow(g, i->arg[1]);
    unsigned a = gen_use_xmm(g, i->arg[0]);
    struct vec_source b = {.reg = NO_REG};
    if (half || g->options->fp_flush)
        b.reg = gen_use_xmm(g, i->arg[1]);
    else
        b = vec_source(g, i->arg[1]);
    gen_consume(g, i);
    if (half) {
        float_half_to_single(g, X0, a, narrow_a);
        float_half_to_single(g, X1, b.reg, narrow_b);
        a = X0;
        b.reg = X1;
    } else {
        float_flush_operands(g, wide ? FORM_SD : FORM_SS, a, b.reg);
    }
    gen_fault_point(g);
    vec_op1_of(g, op, a, b);
    if (!gen_left(g, r)) return;
    gen_flags_in(g, r, EF_FCMP);
    g->ordered = signals;
    gen_flags_expr(g, r, half ? NZCV_NONE : NZCV_OF_FCMP, i, IR_NONE);
}
