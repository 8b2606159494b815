/*
 * Integer vector arithmetic and compares that take more than one host instruction.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

static const u16 add_of[4] = {X64_PADDB, X64_PADDW, X64_PADDD, X64_PADDQ};
static const u16 sub_of[4] = {X64_PSUBB, X64_PSUBW, X64_PSUBD, X64_PSUBQ};
static const u16 equal_of[4] = {X64_PCMPEQB, X64_PCMPEQW, X64_PCMPEQD, X64_PCMPEQQ};
static const u16 greater_of[4] = {X64_PCMPGTB, X64_PCMPGTW, X64_PCMPGTD, X64_PCMPGTQ};
static const u16 smin_of[4] = {X64_PMINSB, X64_PMINSW, X64_PMINSD, 0};
static const u16 smax_of[4] = {X64_PMAXSB, X64_PMAXSW, X64_PMAXSD, 0};
static const u16 umin_of[4] = {X64_PMINUB, X64_PMINUW, X64_PMINUD, 0};
static const u16 umax_of[4] = {X64_PMAXUB, X64_PMAXUW, X64_PMAXUD, 0};

static bool can(const struct gen *g, const u16 ops[4], unsigned esz)
{
    return ops[esz] && vec_can(g, ops[esz]);
}

u64 vec_top_bits(unsigned esz)
{
    return vec_splat(esz, UINT64_C(1) << ((8u << esz) - 1));
}

static void xor_constant(struct gen *g, unsigned dst, unsigned a, u64 value)
{
    vec_op2c(g, X64_PXOR, dst, a, value, value);
}

static void and_constant(struct gen *g, unsigned dst, unsigned a, u64 value)
{
    vec_op2c(g, X64_PAND, dst, a, value, value);
}

static void invert(struct gen *g, unsigned dst, unsigned a)
{
    unsigned ones = a == X1 ? X0 : X1;
    if (g->upper) {
        gen_vec_rrri(g, X64_VPTERNLOGD, dst, a, a, 0x55);
        return;
    }
    vec_ones(g, ones);
    vec_op2(g, X64_PXOR, dst, a, ones);
}

/* --- products --------------------------------------------------------------------------------- */

static void mul_bytes(struct gen *g, struct vec_args v)
{
    vec_imm(g, X64_PSRLW_I, X0, v.a, 8);
    vec_imm(g, X64_PSRLW_I, X1, v.b, 8);
    vec_op2(g, X64_PMULLW, X0, X0, X1);
    vec_imm(g, X64_PSLLW_I, X0, X0, 8);
    vec_op2(g, X64_PMULLW, X1, v.a, v.b);
    and_constant(g, X1, X1, vec_splat(1, 0xff));
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

static void mul_words32(struct gen *g, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSRLQ_I, X0, v.a, 32);
    vec_imm(g, X64_PSRLQ_I, t, v.b, 32);
    vec_op2(g, X64_PMULUDQ, X0, X0, t);
    vec_op2(g, X64_PMULUDQ, X1, v.a, v.b);
    vec_imm(g, X64_PSHUFD, X0, X0, 0x08);
    vec_imm(g, X64_PSHUFD, X1, X1, 0x08);
    vec_op2(g, X64_PUNPCKLDQ, v.dst, X1, X0);
}

void vec_mul(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz == 0)
        mul_bytes(g, vec_args(g, r, i));
    else if (i->esz == 2)
        mul_words32(g, vec_args(g, r, i));
    else
        gen_by_helper(g, r, i);
}

/* The 64-bit products of 32-bit elements, even ones in X0, odd ones in X1; doubled. */
static void doubled_products(struct gen *g, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSRLQ_I, X1, v.a, 32);
    vec_imm(g, X64_PSRLQ_I, t, v.b, 32);
    vec_op2(g, X64_PMULDQ, X1, X1, t);
    vec_op2(g, X64_PMULDQ, X0, v.a, v.b);
    vec_op2(g, X64_PADDQ, X0, X0, X0);
    vec_op2(g, X64_PADDQ, X1, X1, X1);
}

/* Only the most negative squared gives the most negative: it saturates. */
static void saturate_square(struct gen *g, unsigned esz, unsigned dst)
{
    vec_load(g, X1, vec_top_bits(esz), vec_top_bits(esz));
    vec_op2(g, equal_of[esz], X1, X1, X0);
    vec_op2(g, X64_PXOR, dst, X0, X1);
}

static void multiply_high16(struct gen *g, struct vec_args v, bool rounded)
{
    if (rounded) {
        vec_op2(g, X64_PMULHRSW, X0, v.a, v.b);
    } else {
        vec_op2(g, X64_PMULHW, X0, v.a, v.b);
        vec_op2(g, X64_PMULLW, X1, v.a, v.b);
        vec_op2(g, X64_PADDW, X0, X0, X0);
        vec_imm(g, X64_PSRLW_I, X1, X1, 15);
        vec_op2(g, X64_POR, X0, X0, X1);
    }
    saturate_square(g, 1, v.dst);
}

/* Constant factors c of a doubling multiply: 2c of 16 bits, and where that is 2^16 too small.
 * False: one is negative and out of range, or the most negative, which may saturate. */
static bool doubled(u64 c, u64 *twice, u64 *wrapped)
{
    *twice = *wrapped = 0;
    for (unsigned at = 0; at < 64; at += 16) {
        s64 factor = sign_extend(c >> at, 16);
        if (factor < -0x4000) return false;
        *twice |= bits((u64)factor * 2, 0, 16) << at;
        if (factor >= 0x4000) *wrapped |= UINT64_C(0xffff) << at;
    }
    return true;
}

/* The high half of a * 2c, with a itself added where 2c has lost 2^16. */
static bool multiply_high_constant(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    u64 lo, hi, twice[2], wrapped[2];
    if (i->esz != 1 || !vec_const(g, i->arg[1], &lo, &hi)) return false;
    if (!doubled(lo, &twice[0], &wrapped[0]) || !doubled(hi, &twice[1], &wrapped[1])) return false;
    unsigned a = gen_use_xmm(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, a);
    if (i->op == IR_VSQRDMULH) {
        vec_op2c(g, X64_PMULHRSW, dst, a, lo, hi);
    } else if (!wrapped[0] && !wrapped[1]) {
        vec_op2c(g, X64_PMULHW, dst, a, twice[0], twice[1]);
    } else {
        vec_op2c(g, X64_PMULHW, X0, a, twice[0], twice[1]);
        vec_op2c(g, X64_PAND, X1, a, wrapped[0], wrapped[1]);
        vec_op2(g, X64_PADDW, dst, X0, X1);
    }
    return true;
}

void vec_multiply_high(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool rounded = i->op == IR_VSQRDMULH;
    if ((!rounded || vec_can(g, X64_PMULHRSW)) && multiply_high_constant(g, r, i)) return;
    if (i->esz == 1 && (!rounded || vec_can(g, X64_PMULHRSW))) {
        multiply_high16(g, vec_args(g, r, i), rounded);
        return;
    }
    if (i->esz != 2 || !vec_can(g, X64_PMULDQ)) {
        gen_by_helper(g, r, i);
        return;
    }
    u64 half = UINT64_C(1) << 31, high = UINT64_C(0xffffffff) << 32;
    struct vec_args v = vec_args(g, r, i);
    doubled_products(g, v);
    if (rounded) {
        vec_op2c(g, X64_PADDQ, X0, X0, half, half);
        vec_op2c(g, X64_PADDQ, X1, X1, half, half);
    }
    vec_imm(g, X64_PSRLQ_I, X0, X0, 32);
    and_constant(g, X1, X1, high);
    vec_op2(g, X64_POR, X0, X0, X1);
    saturate_square(g, 2, v.dst);
}

/* --- signs ------------------------------------------------------------------------------------ */

void vec_neg(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_zero(g, X0);
    vec_op2(g, sub_of[i->esz], v.dst, X0, v.a);
}

/* dst = |a|; X0 and X1 are used. */
static void absolute_value(struct gen *g, unsigned esz, unsigned dst, unsigned a)
{
    static const u16 abs_of[4] = {X64_PABSB, X64_PABSW, X64_PABSD, 0};
    if (can(g, abs_of, esz)) {
        vec_op1(g, abs_of[esz], dst, a);
    } else if (esz < 2) { /* the larger (unsigned: the smaller) of a and -a */
        vec_zero(g, X0);
        vec_op2(g, sub_of[esz], X0, X0, a);
        vec_op2(g, esz ? X64_PMAXSW : X64_PMINUB, dst, X0, a);
    } else {
        if (esz == 2)
            vec_imm(g, X64_PSRAD_I, X1, a, 31);
        else
            vec_sign64(g, X1, a);
        vec_op2(g, X64_PXOR, X0, a, X1);
        vec_op2(g, sub_of[esz], dst, X0, X1);
    }
}

void vec_abs(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    absolute_value(g, i->esz, v.dst, v.a);
}

/* -a and |a| are the most negative element only where a was: all its bits turn over then. */
void vec_saturating_unary(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool absolute = i->op == IR_VSQABS;
    if (!can(g, equal_of, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    u64 least = vec_top_bits(i->esz);
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    if (absolute)
        absolute_value(g, i->esz, t, v.a);
    else
        vec_zero(g, t);
    if (!absolute) vec_op2(g, sub_of[i->esz], t, t, v.a);
    vec_load(g, X0, least, least);
    vec_op2(g, equal_of[i->esz], X0, X0, t);
    vec_op2(g, X64_PXOR, v.dst, X0, t);
}

/* --- logic ------------------------------------------------------------------------------------ */

#define SELECT 0xca /* vec_ternary's table of a ? b : c */

void vec_not(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    invert(g, v.dst, v.a);
}

void vec_or_not(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    if (g->upper) {
        vec_ternary(g, v.dst, v.a, v.b, v.b, 0xf3);
        return;
    }
    vec_ones(g, X0);
    vec_op2(g, X64_PXOR, X0, X0, v.b);
    vec_op2(g, X64_POR, v.dst, X0, v.a);
}

void vec_bsl(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    if (g->upper) {
        vec_ternary(g, v.dst, v.a, v.b, v.c, SELECT);
        return;
    }
    vec_op2(g, X64_PAND, X1, v.a, v.b);
    vec_op2(g, X64_PANDN, X0, v.a, v.c);
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

void vec_or_difference(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m;
    if (!g->upper && gen_in_memory(g, i->arg[0], 1, &m)) {
        unsigned b = gen_use_xmm(g, i->arg[1]), c = gen_use_xmm(g, i->arg[2]);
        gen_consume(g, i);
        vec_op2(g, X64_PXOR, X0, b, c);
        gen_vec_rrm(g, X64_POR, gen_def_xmm(g, r, b), X0, m);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (g->upper) {
        vec_ternary(g, v.dst, v.a, v.b, v.c, 0xf6);
        return;
    }
    vec_op2(g, X64_PXOR, X0, v.b, v.c);
    vec_op2(g, X64_POR, v.dst, X0, v.a);
}

void vec_test(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!can(g, equal_of, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    vec_op2(g, X64_PAND, X0, v.a, v.b);
    vec_zero(g, X1);
    vec_op2(g, equal_of[i->esz], X0, X0, X1);
    invert(g, v.dst, X0);
}

/* --- minimum, maximum, compares --------------------------------------------------------------- */

/* dst = mask ? a : b; the mask in X0. */
static void choose(struct gen *g, unsigned dst, unsigned a, unsigned b)
{
    if (g->upper) {
        vec_ternary(g, dst, X0, a, b, SELECT);
        return;
    }
    vec_op2(g, X64_PAND, X1, X0, a);
    vec_op2(g, X64_PANDN, X0, X0, b);
    vec_op2(g, X64_POR, dst, X0, X1);
}

/* Both with their signs flipped, compared as signed. */
void vec_greater_unsigned(struct gen *g, unsigned esz, unsigned a, unsigned b)
{
    xor_constant(g, X0, a, vec_top_bits(esz));
    xor_constant(g, X1, b, vec_top_bits(esz));
    vec_op2(g, greater_of[esz], X0, X0, X1);
}

void vec_min_max(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool min = i->op == IR_VSMIN || i->op == IR_VUMIN;
    if (!can(g, greater_of, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->op == IR_VUMIN || i->op == IR_VUMAX)
        vec_greater_unsigned(g, i->esz, v.a, v.b);
    else
        vec_op2(g, greater_of[i->esz], X0, v.a, v.b);
    choose(g, v.dst, min ? v.b : v.a, min ? v.a : v.b);
}

/* Both halves of an element are equal. */
void vec_compare_equal64(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op2(g, X64_PCMPEQD, X0, v.a, v.b);
    vec_imm(g, X64_PSHUFD, X1, X0, 0xb1);
    vec_op2(g, X64_PAND, v.dst, X0, X1);
}

/* The sign of b - a says b < a, but when the signs differ: (b & ~a) | (~(a ^ b) & (b - a)). */
void vec_compare_greater64(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    vec_op2(g, X64_PXOR, X0, v.a, v.b);
    vec_move(g, X1, v.b);
    vec_op2(g, X64_PSUBQ, X1, X1, v.a);
    vec_op2(g, X64_PANDN, X0, X0, X1);
    vec_move(g, t, v.a);
    vec_op2(g, X64_PANDN, t, t, v.b);
    vec_op2(g, X64_POR, X0, X0, t);
    vec_sign64(g, v.dst, X0);
}

void vec_compare_ge(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_signed = i->op == IR_VCMPGES;
    const u16 *max = is_signed ? smax_of : umax_of;
    if (can(g, max, i->esz)) {
        struct vec_args v = vec_args(g, r, i);
        vec_op2(g, max[i->esz], X0, v.a, v.b);
        vec_op2(g, equal_of[i->esz], v.dst, X0, v.a);
        return;
    }
    if (!can(g, greater_of, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (is_signed)
        vec_op2(g, greater_of[i->esz], X0, v.b, v.a);
    else
        vec_greater_unsigned(g, i->esz, v.b, v.a);
    invert(g, v.dst, X0);
}

void vec_compare_unsigned(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!can(g, greater_of, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    vec_greater_unsigned(g, i->esz, v.a, v.b);
    vec_move(g, v.dst, X0);
}

void vec_difference(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    const u16 *max = i->op == IR_VSABD ? smax_of : umax_of;
    const u16 *min = i->op == IR_VSABD ? smin_of : umin_of;
    bool by_saturation = i->op == IR_VUABD && i->esz < 2;
    if (!by_saturation && !can(g, max, i->esz)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (by_saturation) {
        enum x64_vec sub = i->esz ? X64_PSUBUSW : X64_PSUBUSB;
        vec_op2(g, sub, X0, v.a, v.b);
        vec_op2(g, sub, X1, v.b, v.a);
        vec_op2(g, X64_POR, v.dst, X0, X1);
    } else {
        vec_op2(g, max[i->esz], X0, v.a, v.b);
        vec_op2(g, min[i->esz], X1, v.a, v.b);
        vec_op2(g, sub_of[i->esz], v.dst, X0, X1);
    }
}

/* --- halving ---------------------------------------------------------------------------------- */

/*
 * Bytes have no shifts, but a rounding average, and words an unsigned one. With s the signs
 * flipped for signed elements:
 *   rounded average of s, s flipped back; its difference to (a ^ b) & 1: the average rounded down;
 *   a - rounded average: half the difference, rounded down.
 * Wider ones: a + b = 2 (a & b) + (a ^ b) = 2 (a | b) - (a ^ b).
 */
static void average(struct gen *g, unsigned esz, struct vec_args v, bool is_signed, bool rounded)
{
    enum x64_vec avg = esz ? X64_PAVGW : X64_PAVGB;
    unsigned a = v.a, b = v.b;
    if (is_signed) {
        xor_constant(g, X0, a, vec_top_bits(esz));
        xor_constant(g, X1, b, vec_top_bits(esz));
        a = X0;
        b = X1;
    }
    if (rounded) {
        vec_op2(g, avg, X0, a, b);
    } else {
        unsigned t = gen_temp_xmm(g);
        vec_op2(g, X64_PXOR, t, a, b);
        and_constant(g, t, t, vec_splat(esz, 1));
        vec_op2(g, avg, X0, a, b);
        vec_op2(g, sub_of[esz], X0, X0, t);
    }
    if (is_signed) xor_constant(g, X0, X0, vec_top_bits(esz));
}

static void average_by_shift(struct gen *g, unsigned esz, struct vec_args v, bool is_signed,
                             bool rounded)
{
    vec_op2(g, X64_PXOR, X1, v.a, v.b);
    vec_imm(g, is_signed ? esz == 1 ? X64_PSRAW_I : X64_PSRAD_I : X64_PSRLD_I, X1, X1, 1);
    vec_op2(g, rounded ? X64_POR : X64_PAND, X0, v.a, v.b);
    vec_op2(g, rounded ? sub_of[esz] : add_of[esz], X0, X0, X1);
}

void vec_halve(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool subtract = i->op == IR_VSHSUB || i->op == IR_VUHSUB;
    bool is_signed = i->op == IR_VSHADD || i->op == IR_VSHSUB || i->op == IR_VSRHADD;
    bool rounded = subtract || i->op == IR_VSRHADD || i->op == IR_VURHADD;
    if (i->esz > 2) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 0 || (i->esz == 1 && !is_signed))
        average(g, i->esz, v, is_signed, rounded);
    else
        average_by_shift(g, i->esz, v, is_signed, rounded);
    if (!subtract) {
        vec_move(g, v.dst, X0);
    } else {
        vec_move(g, X1, v.a);
        vec_op2(g, sub_of[i->esz], v.dst, X1, X0);
    }
}

/* --- saturating addition of wide elements ----------------------------------------------------- */

/* a + min(b, ~a); max(a, b) - b. */
static void saturating_unsigned32(struct gen *g, struct vec_args v, bool add)
{
    if (add) {
        vec_ones(g, X0);
        vec_op2(g, X64_PXOR, X0, X0, v.a);
        vec_op2(g, X64_PMINUD, X0, X0, v.b);
        vec_op2(g, X64_PADDD, v.dst, X0, v.a);
    } else {
        vec_op2(g, X64_PMAXUD, X0, v.a, v.b);
        vec_op2(g, X64_PSUBD, v.dst, X0, v.b);
    }
}

/*
 * The sum overflows when its sign differs from both operands' (the difference: from a's, which
 * differs from b's); then a's sign picks the bound.
 */
static void saturating_signed(struct gen *g, unsigned esz, struct vec_args v, bool add)
{
    unsigned t = gen_temp_xmm(g);
    u64 most = ~vec_top_bits(esz);
    vec_op2(g, add ? add_of[esz] : sub_of[esz], X1, v.a, v.b);
    vec_op2(g, X64_PXOR, X0, X1, v.a);
    vec_op2(g, X64_PXOR, t, add ? X1 : v.a, v.b);
    vec_op2(g, X64_PAND, X0, X0, t);
    if (esz == 2)
        vec_imm(g, X64_PSRAD_I, t, v.a, 31);
    else
        vec_sign64(g, t, v.a);
    xor_constant(g, t, t, most);
    vec_select(g, esz, X1, X1, t, X0);
    vec_move(g, v.dst, X1);
}

/* A sum that is below an operand wrapped; so did a difference of a smaller and a larger one. */
static void saturating_unsigned64(struct gen *g, struct vec_args v, bool add)
{
    unsigned t = gen_temp_xmm(g);
    vec_op2(g, add ? X64_PADDQ : X64_PSUBQ, t, v.a, v.b);
    vec_greater_unsigned(g, 3, add ? v.a : v.b, add ? t : v.a);
    vec_op2(g, add ? X64_POR : X64_PANDN, v.dst, X0, t);
}

void vec_saturating_add(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool add = i->op == IR_VSQADD || i->op == IR_VUQADD;
    bool is_signed = i->op == IR_VSQADD || i->op == IR_VSQSUB;
    bool can_compare = is_signed || i->esz < 3 || vec_can(g, X64_PCMPGTQ);
    if (i->esz < 2 || !gen_has(g, X64_HAS_SSE41) || !can_compare)
        gen_by_helper(g, r, i);
    else if (is_signed)
        saturating_signed(g, i->esz, vec_args(g, r, i), add);
    else if (i->esz == 2)
        saturating_unsigned32(g, vec_args(g, r, i), add);
    else
        saturating_unsigned64(g, vec_args(g, r, i), add);
}

/* --- bits set --------------------------------------------------------------------------------- */

/* SSE2: pairs, fours, eights. */
static void count_by_sums(struct gen *g, struct vec_args v)
{
    u64 pairs = vec_splat(0, 0x55), fours = vec_splat(0, 0x33), eights = vec_splat(0, 0x0f);
    vec_imm(g, X64_PSRLW_I, X1, v.a, 1);
    and_constant(g, X1, X1, pairs);
    vec_move(g, X0, v.a);
    vec_op2(g, X64_PSUBB, X0, X0, X1);
    vec_imm(g, X64_PSRLW_I, X1, X0, 2);
    and_constant(g, X1, X1, fours);
    and_constant(g, X0, X0, fours);
    vec_op2(g, X64_PADDB, X0, X0, X1);
    vec_imm(g, X64_PSRLW_I, X1, X0, 4);
    vec_op2(g, X64_PADDB, X0, X0, X1);
    and_constant(g, v.dst, X0, eights);
}

void vec_count(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    if (!vec_can(g, X64_PSHUFB)) {
        count_by_sums(g, v);
        return;
    }
    unsigned t = gen_temp_xmm(g);
    u64 table_lo = 0x0302020102010100, table_hi = 0x0403030203020201;
    vec_imm(g, X64_PSRLW_I, X1, v.a, 4);
    and_constant(g, X0, v.a, vec_splat(0, 0x0f));
    and_constant(g, X1, X1, vec_splat(0, 0x0f));
    vec_load(g, t, table_lo, table_hi);
    if (g->avx) {
        vec_op2(g, X64_PSHUFB, X0, t, X0);
        vec_op2(g, X64_PSHUFB, X1, t, X1);
        vec_op2(g, X64_PADDB, v.dst, X0, X1);
    } else {
        unsigned u = gen_temp_xmm(g);
        vec_op2(g, X64_PSHUFB, u, t, X0);
        vec_op2(g, X64_PSHUFB, t, t, X1);
        vec_op2(g, X64_PADDB, v.dst, u, t);
    }
}

/* --- leading bits ----------------------------------------------------------------------------- */

/* X0 = leading zeros of each byte of X0: those of its high half, and when that is 0 also those of
 * its low half. */
static void leading_zeros8(struct gen *g, unsigned t, unsigned u)
{
    u64 low = vec_splat(0, 0x0f);
    vec_imm(g, X64_PSRLW_I, X1, X0, 4);
    and_constant(g, X1, X1, low);
    and_constant(g, X0, X0, low);
    vec_load(g, t, 0x0101010102020304, 0);
    vec_move(g, u, t);
    vec_op2(g, X64_PSHUFB, t, t, X0);
    vec_op2(g, X64_PSHUFB, u, u, X1);
    vec_zero(g, X0);
    vec_op2(g, X64_PCMPEQB, X1, X1, X0);
    vec_op2(g, X64_PAND, t, t, X1);
    vec_move(g, X0, t);
    vec_op2(g, X64_PADDB, X0, X0, u);
}

/* X0 = leading zeros of each element of esz, from those of its halves. */
static void join_halves(struct gen *g, unsigned esz, unsigned t)
{
    unsigned half = 4u << esz;
    u64 width = vec_splat(esz, half), low = vec_splat(esz, (UINT64_C(1) << half) - 1);
    vec_shift(g, X64_SHR, esz, X1, X0, half);
    and_constant(g, X0, X0, low);
    vec_load(g, t, width, width);
    vec_op2(g, equal_of[esz], t, t, X1);
    vec_op2(g, X64_PAND, X0, X0, t);
    vec_op2(g, add_of[esz], X0, X0, X1);
}

/* The bits that equal the sign are the leading zeros of a ^ (a >> 1), but for the sign. */
void vec_leading(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz > 2 || !vec_can(g, X64_PSHUFB)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g), u = gen_temp_xmm(g);
    if (i->op == IR_VCLS) {
        vec_shift(g, X64_SAR, i->esz, X0, v.a, 1);
        vec_op2(g, X64_PXOR, X0, X0, v.a);
    } else {
        vec_move(g, X0, v.a);
    }
    leading_zeros8(g, t, u);
    for (unsigned esz = 1; esz <= i->esz; esz++) join_halves(g, esz, t);
    if (i->op == IR_VCLS) {
        vec_ones(g, X1);
        vec_op2(g, add_of[i->esz], X0, X0, X1);
    }
    vec_move(g, v.dst, X0);
}
