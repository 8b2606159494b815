/*
 * Conversions between floating-point formats and integers, and rounding to integral values.
 *
 * To integers the host's truncating conversions are used: out of range they raise invalid
 * operation and nothing else, as the guest's do. Other roundings come first, without the inexact
 * flag; a truncating conversion of the original raises that afterwards, when the range is known to
 * be right. Scaling by a power of two is exact because what would overflow is limited before it to
 * values that are out of range all the same. Negative values that become unsigned zeros are left
 * to the evaluator.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

enum { UNSIGNED = 8 };   /* in mod of conversions */
enum { NO_INEXACT = 8 }; /* in the host's rounding immediate */

/* The host's rounding immediates, by enum ir_round; away is made of others. */
static const u8 round_imm[] = {
    [IR_ROUND_NEAREST] = 0, [IR_ROUND_UP] = 2,   [IR_ROUND_DOWN] = 1,
    [IR_ROUND_ZERO] = 3,    [IR_ROUND_AWAY] = 3, [IR_ROUND_FPCR] = 4,
};

static bool is_scalar_form(enum float_form f)
{
    return f >= FORM_SS;
}

/* --- between formats -------------------------------------------------------------------------- */

/* float_check_tiny for halves: those found equal fill 32 bits. */
static void check_tiny_half(struct gen *g, unsigned reg)
{
    u64 smallest = vec_splat(1, 0x0400);
    vec_op2c(g, X64_PAND, X1, reg, vec_splat(1, 0x7fff), vec_splat(1, 0x7fff));
    vec_op2c(g, X64_PCMPEQW, X1, X1, smallest, smallest);
    vec_op2(g, X64_PUNPCKLWD, X1, X1, X1);
    gen_fault_point(g);
    gen_vec_rrri(g, X64_CMPPS, X1, X1, X1, 1);
}

void float_to_half_exact(struct gen *g, unsigned reg)
{
    gen_fault_point(g);
    vec_imm(g, X64_VCVTPS2PH, reg, reg, round_imm[IR_ROUND_FPCR]);
}

void float_to_half(struct gen *g, unsigned reg)
{
    float_to_half_exact(g, reg);
    check_tiny_half(g, reg);
}

void float_round_to_odd(struct gen *g, unsigned dst, unsigned a)
{
    u64 rest = (UINT64_C(1) << 29) - 1;
    vec_op2c(g, X64_PAND, X1, a, rest, rest);
    vec_op2c(g, X64_PADDQ, X1, X1, rest, rest);
    vec_op2(g, X64_POR, X1, X1, a);
    vec_op2c(g, X64_PAND, dst, X1, ~rest, ~rest);
}

/* Rounded to odd first, so that the halves' rounding is the only one that counts. */
static void double_to_half(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    float_round_to_odd(g, X1, v.a);
    vec_zero(g, X0);
    gen_fault_point(g);
    gen_vec_rrr(g, X64_CVTSD2SS, X0, X0, X1);
    float_to_half(g, X0);
    vec_move(g, v.dst, X0);
}

/* To and from halves by way of F16C, which takes four at a time: those above must be zeros. */
static void convert_half(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz == 3) {
        double_to_half(g, r, i);
        return;
    }
    bool narrow = float_is_narrow(g, i->arg[0]);
    struct vec_args v = vec_args(g, r, i);
    unsigned a = narrow ? v.a : X0;
    if (!narrow) gen_narrow_xmm(g, i->esz == 1 ? IR_F16 : IR_F32, X0, v.a);
    if (i->esz == 2) {
        vec_move(g, X0, a);
        float_to_half(g, X0);
        vec_move(g, v.dst, X0);
        return;
    }
    gen_fault_point(g);
    if (i->type == IR_F32) {
        vec_op1(g, X64_VCVTPH2PS, v.dst, a);
    } else {
        vec_op1(g, X64_VCVTPH2PS, X0, a);
        gen_vec_rrr(g, X64_CVTSS2SD, v.dst, X0, X0);
    }
}

/* esz is the source's. */
void float_convert(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool widen = i->esz == 2 && i->type == IR_F64, narrow = i->esz == 3 && i->type == IR_F32;
    bool half = i->esz == 1 || i->type == IR_F16;
    if (half && vec_can(g, X64_VCVTPH2PS)) {
        convert_half(g, r, i);
        return;
    }
    if (!widen && !narrow) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    enum x64_vec op = widen ? X64_CVTSS2SD : X64_CVTSD2SS;
    float_flush_operands(g, widen ? FORM_SS : FORM_SD, v.a, v.a);
    vec_zero(g, X0);
    gen_fault_point(g);
    if (g->avx && widen) {
        gen_vec_rrr(g, op, v.dst, X0, v.a);
        return;
    }
    gen_vec_rrr(g, op, X0, X0, v.a);
    if (narrow) float_check_tiny(g, FORM_SS, X0);
    vec_move(g, v.dst, X0);
}

static bool can_convert_lanes(const struct gen *g, const struct ir_inst *i)
{
    return i->esz == 2 || vec_can(g, X64_VCVTPH2PS);
}

void float_widen(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!can_convert_lanes(g, i)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    unsigned a = v.a;
    if (i->mod & 1) {
        vec_imm(g, X64_PSHUFD, X0, v.a, 0xee);
        a = X0;
    }
    if (i->esz == 2) float_flush_operands(g, FORM_PS, a, a);
    gen_fault_point(g);
    vec_op1(g, i->esz == 2 ? X64_CVTPS2PD : X64_VCVTPH2PS, v.dst, a);
}

/*
 * FCVTXN. Zeros and what is normal in both formats; then nothing is to be raised but inexact, which
 * a number that is inexact does where bits were lost. All else traps.
 */
static void narrow_to_odd(struct gen *g, struct vec_args v)
{
    enum { LESS = 1, NOT_EQUAL = 4, NOT_LESS = 5 };
    unsigned t = gen_temp_xmm(g), u = gen_temp_xmm(g);
    u64 inexact = float_power(FORM_PD, 0) | 1;
    float_logic(g, X64_ANDPS, FORM_PD, u, v.a, float_sign(FORM_PD) - 1);
    float_compare_c(g, FORM_PD, X0, u, float_power(FORM_PD, 128), NOT_LESS);
    float_compare_c(g, FORM_PD, t, u, float_power(FORM_PD, -126), LESS);
    float_compare_c(g, FORM_PD, X1, u, 0, NOT_EQUAL);
    vec_op2(g, X64_ANDPS, t, t, X1);
    vec_op2(g, X64_ORPS, X0, X0, t);
    float_check_nan(g, FORM_PD, X0);
    float_round_to_odd(g, t, v.a);
    vec_move(g, X0, t);
    gen_vec_rrri(g, X64_CMPPD, X0, X0, v.a, NOT_EQUAL);
    float_logic(g, X64_ANDPS, FORM_PD, X0, X0, inexact);
    vec_op1(g, X64_CVTPD2PS, X0, X0);
    vec_op1(g, X64_CVTPD2PS, v.dst, t);
}

void float_narrow(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!can_convert_lanes(g, i)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->mod & 1) {
        narrow_to_odd(g, v);
        return;
    }
    if (i->esz == 2) {
        float_flush_operands(g, FORM_PD, v.a, v.a);
        gen_fault_point(g);
        vec_op1(g, X64_CVTPD2PS, X0, v.a);
        float_check_tiny(g, FORM_PS, X0);
    } else {
        vec_move(g, X0, v.a);
        float_to_half(g, X0);
    }
    vec_move(g, v.dst, X0);
}

/* --- to integral values ----------------------------------------------------------------------- */

static void host_round(struct gen *g, enum float_form f, unsigned dst, unsigned a, unsigned imm)
{
    static const u16 op[4] = {X64_ROUNDPS, X64_ROUNDPD, X64_ROUNDSS, X64_ROUNDSD};
    if (is_scalar_form(f)) {
        float_op2i(g, op[f], dst, a, a, imm);
    } else {
        gen_fault_point(g);
        vec_imm(g, op[f], dst, a, imm);
    }
}

/* X1 = |a| rounded, ties away from zero: cut off, plus 1 when a half or more went. X0 is used. */
static void round_away(struct gen *g, enum float_form f, unsigned a)
{
    static const u16 sub[4] = {X64_SUBPS, X64_SUBPD, X64_SUBSS, X64_SUBSD};
    static const u16 add[4] = {X64_ADDPS, X64_ADDPD, X64_ADDSS, X64_ADDSD};
    static const u16 cmp[4] = {X64_CMPPS, X64_CMPPD, X64_CMPSS, X64_CMPSD};
    enum { NOT_LESS = 5 };
    u64 half = float_power(f, -1);
    struct x64_mem halves;
    if (is_scalar_form(f))
        halves = gen_pool(g, half, 0);
    else
        halves = gen_pool(g, vec_splat(f == FORM_PS ? 2 : 3, half),
                          vec_splat(f == FORM_PS ? 2 : 3, half));
    float_logic(g, X64_ANDPS, f, X0, a, float_sign(f) - 1);
    host_round(g, f, X1, X0, 3 | NO_INEXACT);
    float_op2(g, sub[f], X0, X0, X1);
    gen_fault_point(g);
    gen_vec_rrmi(g, cmp[f], X0, X0, halves, NOT_LESS);
    float_logic(g, X64_ANDPS, f, X0, X0, float_power(f, 0));
    vec_op2(g, add[f], X1, X1, X0);
}

void float_round_value(struct gen *g, enum float_form f, unsigned mod, unsigned dst, unsigned a)
{
    unsigned mode = mod & 7;
    if (mode != IR_ROUND_AWAY) {
        host_round(g, f, dst, a, round_imm[mode] | (mod & 8 ? 0u : NO_INEXACT));
        return;
    }
    round_away(g, f, a);
    float_logic(g, X64_ANDPS, f, X0, a, float_sign(f));
    vec_op2(g, X64_ORPS, dst, X0, X1);
}

void float_round(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum float_form f = float_form(i);
    bool away = (i->mod & 7) == IR_ROUND_AWAY;
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    if (!vec_can(g, X64_ROUNDPS) || (away && i->mod & 8)) {
        gen_by_helper(g, r, i);
        return;
    }
    bool narrow = float_is_narrow(g, i->arg[0]);
    struct vec_args v = vec_args(g, r, i);
    float_flush_operands(g, f, v.a, v.a);
    float_round_value(g, f, i->mod, v.dst, v.a);
    if (is_scalar_form(f) && !away) g->val[r].narrow = narrow;
}

/* FRINT32, FRINT64: the size is in mod. What does not fit it, NaNs included, traps. */
void float_round_to_size(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum { LESS = 1, NOT_LESS = 5 };
    enum float_form f = float_form(i);
    int bits = i->mod & 1 ? 63 : 31;
    unsigned mode = round_imm[i->mod & 2 ? IR_ROUND_ZERO : IR_ROUND_FPCR];
    if (f == FORM_NONE || !vec_can(g, X64_ROUNDPS)) {
        gen_by_helper(g, r, i);
        return;
    }
    bool narrow = float_is_narrow(g, i->arg[0]);
    struct vec_args v = vec_args(g, r, i);
    host_round(g, f, X0, v.a, mode | NO_INEXACT);
    float_compare_c(g, f, X1, X0, float_power(f, bits), NOT_LESS);
    float_compare_c(g, f, X0, X0, float_power(f, bits) | float_sign(f), LESS);
    vec_op2(g, X64_ORPS, X0, X0, X1);
    float_check_nan(g, f, X0);
    host_round(g, f, v.dst, v.a, mode);
    if (is_scalar_form(f)) g->val[r].narrow = narrow;
}

/* --- to integers ------------------------------------------------------------------------------ */

/* A scalar in an xmm register on its way to an integer of `size` bytes in a general one. */
struct to_int {
    enum float_form f; /* of what is converted now */
    unsigned mode;     /* enum ir_round */
    bool is_unsigned;
    unsigned size;
    unsigned a;     /* the value */
    unsigned value; /* the value, rounded */
    unsigned dst;   /* may be RAX */
};

static bool can_convert(const struct gen *g, enum float_form f, unsigned mode)
{
    if (f == FORM_NONE || mode == IR_ROUND_FPCR) return false;
    return mode == IR_ROUND_ZERO || vec_can(g, X64_ROUNDPS);
}

/* X0 = the value times 2^bits, as a double. */
static void scale(struct gen *g, struct to_int *t, unsigned bits)
{
    if (t->f == FORM_SS) {
        vec_zero(g, X0);
        gen_fault_point(g);
        vec_op2(g, X64_CVTSS2SD, X0, X0, t->a);
        t->f = FORM_SD;
    } else {
        float_op2c(g, X64_MINSD, FORM_SD, X0, t->a, float_power(FORM_SD, 64));
        float_op2c(g, X64_MAXSD, FORM_SD, X0, X0, float_power(FORM_SD, 64) | float_sign(FORM_SD));
    }
    float_op2c(g, X64_MULSD, FORM_SD, X0, X0, float_power(FORM_SD, (int)bits));
    t->a = X0;
}

static void truncate(struct gen *g, const struct to_int *t, unsigned dst, unsigned a, bool wide)
{
    gen_fault_point(g);
    if (t->f == FORM_SS)
        vec_op1(g, wide ? X64_CVTTSS2SIQ : X64_CVTTSS2SI, dst, a);
    else
        vec_op1(g, wide ? X64_CVTTSD2SIQ : X64_CVTTSD2SI, dst, a);
}

/* Raises inexact when the rounding was. RCX is used. */
static void raise_inexact(struct gen *g, const struct to_int *t, bool wide)
{
    if (t->value != t->a) truncate(g, t, X64_RCX, t->a, wide);
}

/* Compares the value's bits, as an unsigned number, with those of 2^exponent. */
static void compare_bits(struct gen *g, const struct to_int *t, int exponent)
{
    u64 bits = float_power(t->f, exponent);
    if (t->f == FORM_SS) {
        vec_op1(g, X64_MOVD_RX, X64_RAX, t->value);
        x64_alu_ri(B, X64_CMP, 4, X64_RAX, (s32)bits);
    } else {
        vec_op1(g, X64_MOVQ_RX, X64_RAX, t->value);
        x64_mov_ri(B, X64_RCX, bits);
        x64_alu_rr(B, X64_CMP, 8, X64_RAX, X64_RCX);
    }
}

/* Traps unless the value is positive, or +0, and below 2^exponent. */
static void require_below(struct gen *g, const struct to_int *t, int exponent)
{
    compare_bits(g, t, exponent);
    u32 fits = x64_jcc_skip(B, X64_CC_B);
    float_deoptimise(g);
    x64_land(B, fits);
}

static void to_unsigned64(struct gen *g, const struct to_int *t)
{
    require_below(g, t, 64);
    compare_bits(g, t, 63);
    u32 big = x64_jcc_skip(B, X64_CC_AE);
    truncate(g, t, t->dst, t->value, true);
    raise_inexact(g, t, true);
    u32 done = x64_jmp_skip(B);
    x64_land(B, big); /* what has the top bit has no fraction */
    struct x64_mem top = gen_pool(g, float_power(t->f, 63), 0);
    gen_vec_rrm(g, t->f == FORM_SS ? X64_SUBSS : X64_SUBSD, X1, t->value, top);
    truncate(g, t, t->dst, X1, true);
    x64_bit_ri(B, X64_BTS, 8, t->dst, 63);
    x64_land(B, done);
}

/* dst = the integer. X0, X1, RAX and RCX are used, EFLAGS for unsigned. Under fp_flush the inexact
 * flag may trap behind the conversion: dst, which may be pinned, is written last. */
static void to_int(struct gen *g, struct to_int t, unsigned fraction_bits)
{
    unsigned dst = t.dst;
    if (g->options->fp_flush) t.dst = X64_RAX;
    float_flush_operands(g, t.f, t.a, t.a);
    if (fraction_bits) scale(g, &t, fraction_bits);
    t.value = t.a;
    if (t.mode != IR_ROUND_ZERO) {
        float_round_value(g, t.f, t.mode, X1, t.a);
        t.value = X1;
    }
    if (!t.is_unsigned) {
        truncate(g, &t, t.dst, t.value, t.size == 8);
        raise_inexact(g, &t, t.size == 8);
    } else if (t.size == 4) {
        require_below(g, &t, 32);
        truncate(g, &t, t.dst, t.value, true);
        raise_inexact(g, &t, true);
    } else {
        to_unsigned64(g, &t);
    }
    if (t.dst != dst) x64_mov_rr(B, t.size, dst, t.dst);
}

static struct to_int to_int_of(const struct ir_inst *i, unsigned esz, unsigned size)
{
    return (struct to_int){.f = float_form_of(true, esz),
                           .mode = i->mod & 7,
                           .is_unsigned = (i->mod & UNSIGNED) != 0,
                           .size = size};
}

void float_to_int(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool half = i->esz == 1;
    struct to_int t = to_int_of(i, half ? 2 : i->esz, gen_size(i->type));
    if (!can_convert(g, t.f, t.mode) || (half && !float_can_half(g))) {
        gen_by_helper(g, r, i);
        return;
    }
    if (t.is_unsigned) gen_clobber_flags(g);
    bool narrow = float_is_narrow(g, i->arg[0]);
    t.a = gen_use_xmm(g, i->arg[0]);
    gen_consume(g, i);
    t.dst = gen_def_gpr(g, r, NO_REG);
    if (half) {
        unsigned single = gen_temp_xmm(g);
        float_half_to_single(g, single, t.a, narrow);
        t.a = single;
    }
    to_int(g, t, (unsigned)i->imm);
}

/* In range the same as a truncation; beyond, the evaluator's. */
void float_to_int_js(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct to_int t = {.f = FORM_SD, .mode = IR_ROUND_ZERO, .size = 4};
    t.a = gen_use_xmm(g, i->arg[0]);
    gen_consume(g, i);
    t.dst = gen_def_gpr(g, r, NO_REG);
    to_int(g, t, 0);
}

/* One lane after the other, by way of RAX. */
static void to_int_scalars(struct gen *g, ir_ref r, const struct ir_inst *i, unsigned esz)
{
    bool both = i->type == IR_V128;
    struct to_int t = to_int_of(i, esz, 1u << esz);
    if (t.is_unsigned) gen_clobber_flags(g);
    struct vec_args v = vec_args(g, r, i);
    t.a = v.a;
    t.dst = X64_RAX;
    to_int(g, t, (unsigned)i->imm);
    if (!both) {
        vec_op1(g, esz == 3 ? X64_MOVQ_XR : X64_MOVD_XR, v.dst, X64_RAX);
        return;
    }
    unsigned low = gen_temp_xmm(g), high = gen_temp_xmm(g);
    vec_op1(g, X64_MOVQ_XR, low, X64_RAX);
    vec_imm(g, X64_PSHUFD, high, v.a, 0xee);
    t.a = high;
    to_int(g, t, (unsigned)i->imm);
    vec_op1(g, X64_MOVQ_XR, X0, X64_RAX);
    vec_op2(g, X64_PUNPCKLQDQ, v.dst, low, X0);
}

/* X0 = the lanes times 2^bits; what would overflow is out of range before. */
static void scale_lanes(struct gen *g, unsigned a, unsigned bits)
{
    float_op2c(g, X64_MINPS, FORM_PS, X0, a, float_power(FORM_PS, 32));
    float_op2c(g, X64_MAXPS, FORM_PS, X0, X0, float_power(FORM_PS, 32) | float_sign(FORM_PS));
    float_op2c(g, X64_MULPS, FORM_PS, X0, X0, float_power(FORM_PS, (int)bits));
}

static void to_signed32_lanes(struct gen *g, struct vec_args v, unsigned mode, unsigned bits)
{
    unsigned a = v.a;
    float_flush_operands(g, FORM_PS, a, a);
    if (bits) {
        scale_lanes(g, a, bits);
        a = X0;
    }
    if (mode == IR_ROUND_ZERO) {
        gen_fault_point(g);
        vec_op1(g, X64_CVTTPS2DQ, v.dst, a);
        return;
    }
    float_round_value(g, FORM_PS, mode, X1, a);
    gen_fault_point(g);
    vec_op1(g, X64_CVTTPS2DQ, X1, X1);
    gen_fault_point(g);
    vec_op1(g, X64_CVTTPS2DQ, X0, a); /* for the inexact flag */
    vec_move(g, v.dst, X1);
}

/* Elements from 2^31 up are converted less 2^31. Negative ones, and those from 2^32 up, trap. */
static void to_unsigned32_lanes(struct gen *g, struct vec_args v, unsigned mode, unsigned bits)
{
    u64 below = float_power(FORM_PS, 31) - 1, top = float_sign(FORM_PS);
    unsigned a = v.a;
    float_flush_operands(g, FORM_PS, a, a);
    if (bits || mode != IR_ROUND_ZERO) {
        a = gen_temp_xmm(g);
        if (bits)
            scale_lanes(g, v.a, bits);
        else
            float_round_value(g, FORM_PS, mode, a, v.a);
        if (bits) vec_move(g, a, X0);
    }
    vec_move(g, X1, a);
    float_logic(g, X64_PCMPGTD, FORM_PS, X1, X1, float_power(FORM_PS, 32) - 1);
    vec_op2(g, X64_POR, X1, X1, a);
    vec_op1(g, X64_MOVMSKPS, X64_RAX, X1);
    x64_test_rr(B, 4, X64_RAX, X64_RAX);
    u32 fits = x64_jcc_skip(B, X64_CC_E);
    float_deoptimise(g);
    x64_land(B, fits);
    float_flush_point(g);
    if (mode != IR_ROUND_ZERO) vec_imm(g, X64_ROUNDPS, X0, v.a, 3); /* for the inexact flag */
    vec_move(g, X1, a);
    float_logic(g, X64_PCMPGTD, FORM_PS, X1, X1, below);
    float_logic(g, X64_PAND, FORM_PS, X1, X1, below + 1);
    float_op2(g, X64_SUBPS, X0, a, X1);
    float_flush_point(g);
    vec_op1(g, X64_CVTTPS2DQ, X0, X0);
    vec_imm(g, X64_PSLLD_I, X1, X1, 1);
    float_logic(g, X64_PAND, FORM_PS, X1, X1, top);
    vec_op2(g, X64_PXOR, v.dst, X0, X1);
}

/* A scalar of 32 bits with zeros above is a vector of them, and stays one: for signed integers that
 * is shorter. */
static enum float_form lanes_form(const struct gen *g, const struct ir_inst *i, unsigned esz)
{
    bool as_vector = esz == 2 && !(i->mod & UNSIGNED) && float_is_narrow(g, i->arg[0]);
    return float_form_of(i->type != IR_V128 && !as_vector, esz);
}

void float_to_int_lanes(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool scalar = i->type != IR_V128, is_unsigned = (i->mod & UNSIGNED) != 0;
    unsigned esz = scalar ? i->type - IR_F16 + 1u : i->esz, mode = i->mod & 7;
    enum float_form f = lanes_form(g, i, esz);
    bool lanes32 = f == FORM_PS;
    if (f == FORM_NONE) {
        float_half(g, r, i);
    } else if (!can_convert(g, f, mode)) {
        gen_by_helper(g, r, i);
    } else if (!lanes32) {
        to_int_scalars(g, r, i, esz);
    } else if (is_unsigned) {
        gen_clobber_flags(g);
        to_unsigned32_lanes(g, vec_args(g, r, i), mode, (unsigned)i->imm);
    } else {
        to_signed32_lanes(g, vec_args(g, r, i), mode, (unsigned)i->imm);
    }
}

/* --- from integers ---------------------------------------------------------------------------- */

/* dst (an xmm register, apart from pinned operands) = the integer in a general register. RAX and
 * RCX are used, EFLAGS for unsigned 64-bit ones. Raises inexact only. */
static void from_int(struct gen *g, enum float_form f, unsigned size, bool is_unsigned,
                     unsigned fraction_bits, unsigned dst, unsigned reg)
{
    bool single = f == FORM_SS;
    enum x64_vec op = single ? X64_CVTSI2SS : X64_CVTSI2SD;
    enum x64_vec wide = single ? X64_CVTSI2SSQ : X64_CVTSI2SDQ;
    vec_zero(g, dst);
    if (size == 4 && is_unsigned) {
        x64_mov_rr(B, 4, X64_RAX, reg);
        float_flush_point(g);
        vec_op1(g, wide, dst, X64_RAX);
    } else if (!is_unsigned) {
        float_flush_point(g);
        vec_op1(g, size == 8 ? wide : op, dst, reg);
    } else { /* with the top bit: half of it, the lost bit kept as a sticky one, doubled */
        x64_test_rr(B, 8, reg, reg);
        u32 big = x64_jcc_skip(B, X64_CC_S);
        float_flush_point(g);
        vec_op1(g, wide, dst, reg);
        u32 done = x64_jmp_skip(B);
        x64_land(B, big);
        x64_mov_rr(B, 4, X64_RCX, reg);
        x64_alu_ri(B, X64_AND, 4, X64_RCX, 1);
        if (reg != X64_RAX) x64_mov_rr(B, 8, X64_RAX, reg);
        x64_shift_ri(B, X64_SHR, 8, X64_RAX, 1);
        x64_alu_rr(B, X64_OR, 8, X64_RAX, X64_RCX);
        float_flush_point(g);
        vec_op1(g, wide, dst, X64_RAX);
        vec_op1(g, single ? X64_ADDSS : X64_ADDSD, dst, dst);
        x64_land(B, done);
    }
    if (fraction_bits)
        float_logic(g, single ? X64_MULSS : X64_MULSD, f, dst, dst,
                    float_power(f, -(int)fraction_bits));
}

void float_from_int(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_unsigned = (i->mod & UNSIGNED) != 0, half = i->type == IR_F16;
    enum float_form f = half ? FORM_SS : float_form(i);
    if (half && (i->imm || !float_can_half(g))) { /* a fraction would be rounded twice */
        gen_by_helper(g, r, i);
        return;
    }
    if (is_unsigned && i->esz == 3) gen_clobber_flags(g);
    unsigned reg = gen_use_gpr(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, NO_REG), single = half || g->options->fp_flush ? X0 : dst;
    from_int(g, f, 1u << i->esz, is_unsigned, (unsigned)i->imm, single, reg);
    if (half) float_to_half_exact(g, X0);
    vec_move(g, dst, single);
}

static void from_int_scalars(struct gen *g, ir_ref r, const struct ir_inst *i, unsigned esz)
{
    bool is_unsigned = (i->mod & UNSIGNED) != 0;
    enum float_form f = float_form_of(true, esz);
    unsigned size = 1u << esz, bits = (unsigned)i->imm;
    if (is_unsigned && esz == 3) gen_clobber_flags(g);
    struct vec_args v = vec_args(g, r, i);
    vec_op1(g, esz == 3 ? X64_MOVQ_RX : X64_MOVD_RX, X64_RAX, v.a);
    if (i->type != IR_V128) {
        unsigned dst = g->options->fp_flush ? X0 : v.dst;
        from_int(g, f, size, is_unsigned, bits, dst, X64_RAX);
        vec_move(g, v.dst, dst);
        return;
    }
    from_int(g, f, size, is_unsigned, bits, X1, X64_RAX);
    vec_imm(g, X64_PSHUFD, X0, v.a, 0xee);
    vec_op1(g, X64_MOVQ_RX, X64_RAX, X0);
    from_int(g, f, size, is_unsigned, bits, X0, X64_RAX);
    vec_op2(g, X64_PUNPCKLQDQ, v.dst, X1, X0);
}

void float_from_int_lanes(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool scalar = i->type != IR_V128;
    unsigned esz = scalar ? i->type - IR_F16 + 1u : i->esz;
    enum float_form f = lanes_form(g, i, esz);
    if (f == FORM_NONE) {
        float_half(g, r, i);
        return;
    }
    if (f != FORM_PS) {
        from_int_scalars(g, r, i, esz);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->mod & UNSIGNED) { /* halves are exact; their sum is rounded once */
        vec_imm(g, X64_PSRLD_I, X1, v.a, 16);
        float_logic(g, X64_PAND, FORM_PS, X0, v.a, 0xffff);
        vec_op1(g, X64_CVTDQ2PS, X1, X1);
        vec_op1(g, X64_CVTDQ2PS, X0, X0);
        float_logic(g, X64_MULPS, FORM_PS, X1, X1, float_power(FORM_PS, 16));
        unsigned sum = g->options->fp_flush ? X1 : v.dst;
        float_flush_point(g);
        vec_op2(g, X64_ADDPS, sum, X1, X0);
        vec_move(g, v.dst, sum);
    } else {
        float_flush_point(g);
        vec_op1(g, X64_CVTDQ2PS, v.dst, v.a);
    }
    if (i->imm)
        float_logic(g, X64_MULPS, FORM_PS, v.dst, v.dst, float_power(FORM_PS, -(int)i->imm));
}
