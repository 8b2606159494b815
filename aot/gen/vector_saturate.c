/*
 * Saturating additions of mixed signs, shifts that round or saturate, and rounding doubling
 * products with an addend.
 *
 * Shifts. An element that a shift to the left changes in value saturates: shifted back it differs.
 * A shift to the right never does. By a vector (AVX2), with n the signed low byte of a count
 * element, both are done and the sign of n picks one. Bytes and halves are shifted one after the
 * other at the top of 32 bits, where the left shift overflows as it does in their own width, and
 * the bits that a right shift moves out stay to be rounded.
 *
 * Three registers don't do for this, and no more are sure to exist: vscratch takes the rest.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

static const u16 add_of[4] = {X64_PADDB, X64_PADDW, X64_PADDD, X64_PADDQ};
static const u16 equal_of[4] = {X64_PCMPEQB, X64_PCMPEQW, X64_PCMPEQD, X64_PCMPEQQ};

static struct x64_mem scratch(unsigned n)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 16 * n);
}

static void put(struct gen *g, unsigned n, unsigned reg)
{
    gen_vec_mr(g, X64_MOVAPS_ST, scratch(n), reg);
}

static void take(struct gen *g, unsigned reg, unsigned n)
{
    gen_vec_rm(g, X64_MOVAPS, reg, scratch(n));
}

/* dst = op(dst, scratch n) */
static void with(struct gen *g, enum x64_vec op, unsigned dst, unsigned n)
{
    gen_vec_rrm(g, op, dst, dst, scratch(n));
}

/* dst = op(a, constant) */
static void with_constant(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, u64 value)
{
    vec_op2c(g, op, dst, a, value, value);
}

/* dst = all ones where an element of a is negative. dst is apart from a. */
static void sign_of(struct gen *g, unsigned esz, unsigned dst, unsigned a)
{
    if (esz == 0) {
        vec_zero(g, dst);
        vec_op2(g, X64_PCMPGTB, dst, dst, a);
    } else if (esz == 3) {
        vec_sign64(g, dst, a);
    } else {
        vec_imm(g, esz == 1 ? X64_PSRAW_I : X64_PSRAD_I, dst, a, (8u << esz) - 1);
    }
}

/* --- additions of mixed signs ----------------------------------------------------------------- */

/* Signed a and unsigned b: with a's sign flipped an unsigned sum, which can't fall below. */
static void add_unsigned(struct gen *g, unsigned esz, struct vec_args v)
{
    u64 top = vec_top_bits(esz);
    with_constant(g, X64_PXOR, X0, v.a, top);
    if (esz < 2) {
        vec_op2(g, esz ? X64_PADDUSW : X64_PADDUSB, X0, X0, v.b);
    } else { /* it wrapped if it is below a */
        unsigned t = gen_temp_xmm(g);
        vec_op2(g, add_of[esz], X0, X0, v.b);
        with_constant(g, X64_PXOR, t, X0, top);
        vec_move(g, X1, v.a);
        vec_op2(g, esz == 3 ? X64_PCMPGTQ : X64_PCMPGTD, X1, X1, t);
        vec_op2(g, X64_POR, X0, X0, X1);
    }
    with_constant(g, X64_PXOR, v.dst, X0, top);
}

/* Unsigned a and signed b: what is positive added, what is negative subtracted. */
static void add_signed(struct gen *g, unsigned esz, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    sign_of(g, esz, X1, v.b);
    vec_move(g, X0, X1);
    vec_op2(g, X64_PANDN, X0, X0, v.b);
    vec_op2(g, esz ? X64_PADDUSW : X64_PADDUSB, X0, X0, v.a);
    vec_zero(g, t);
    vec_op2(g, esz ? X64_PSUBW : X64_PSUBB, t, t, v.b);
    vec_op2(g, X64_PAND, t, t, X1);
    vec_op2(g, esz ? X64_PSUBUSW : X64_PSUBUSB, v.dst, X0, t);
}

/* The same of wide elements: c, the sum is below a, says overflow for b >= 0, and none below. */
static void add_signed_wide(struct gen *g, unsigned esz, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    vec_op2(g, add_of[esz], t, v.a, v.b);
    vec_greater_unsigned(g, esz, v.a, t);
    vec_move(g, X1, X0);
    vec_op2(g, X64_PAND, X1, X1, t);
    vec_op2(g, X64_POR, t, t, X0);
    vec_move(g, X0, v.b);
    vec_select(g, esz, t, t, X1, X0);
    vec_move(g, v.dst, t);
}

void vec_saturating_mixed(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_signed = i->op == IR_VSUQADD;
    bool wide = i->esz >= 2, can = !wide || gen_has(g, X64_HAS_SSE41);
    if (!can || (i->esz == 3 && !vec_can(g, X64_PCMPGTQ)))
        gen_by_helper(g, r, i);
    else if (is_signed)
        add_unsigned(g, i->esz, vec_args(g, r, i));
    else
        (wide ? add_signed_wide : add_signed)(g, i->esz, vec_args(g, r, i));
}

/* --- saturating shifts by an immediate -------------------------------------------------------- */

enum bound {
    NO_BOUND,
    BOUND_SIGNED,   /* signed to signed */
    BOUND_UNSIGNED, /* unsigned to unsigned */
    BOUND_POSITIVE  /* signed to unsigned */
};

/* The shift by n from 1 to width - 1. */
static void shift_left(struct gen *g, enum bound bound, unsigned esz, struct vec_args v, unsigned n)
{
    unsigned t = gen_temp_xmm(g);
    vec_shift(g, X64_SHL, esz, X0, v.a, n);
    vec_move(g, t, X0);
    vec_shift(g, bound == BOUND_SIGNED ? X64_SAR : X64_SHR, esz, t, t, n);
    vec_op2(g, equal_of[esz], t, t, v.a);
    if (bound == BOUND_UNSIGNED) {
        vec_ones(g, X1);
        vec_op2(g, X64_PXOR, t, t, X1);
    } else {
        vec_op2(g, X64_PAND, X0, X0, t);
        sign_of(g, esz, X1, v.a);
        with_constant(g, X64_PXOR, X1, X1,
                      bound == BOUND_SIGNED ? ~vec_top_bits(esz) : ~UINT64_C(0));
        vec_op2(g, X64_PANDN, t, t, X1);
    }
    vec_op2(g, X64_POR, v.dst, X0, t);
}

static void shift_by_number(struct gen *g, enum bound bound, unsigned esz, struct vec_args v,
                            unsigned n)
{
    if (n) {
        shift_left(g, bound, esz, v, n);
    } else if (bound == BOUND_POSITIVE) {
        sign_of(g, esz, X0, v.a);
        vec_op2(g, X64_PANDN, v.dst, X0, v.a);
    } else {
        vec_move(g, v.dst, v.a);
    }
}

/* True when all elements of r are the same n, from 0 to width - 1. */
static bool is_number(const struct gen *g, ir_ref r, unsigned esz, unsigned *n)
{
    u64 lo, hi;
    if (!vec_const(g, r, &lo, &hi)) return false;
    *n = (unsigned)(lo & 0xff);
    return lo == hi && lo == vec_splat(esz, *n) && *n < 8u << esz;
}

/* --- by a vector, up to 32 bits --------------------------------------------------------------- */

struct shift {
    enum bound bound;
    bool is_signed, rounds;
    unsigned esz, part; /* element number `part` of each 32 bits */
    unsigned a, b, t;   /* operands, a temp */
};

enum { COUNT, VALUE, SUM, LEFT = COUNT }; /* places in vscratch; LEFT of 64-bit shifts */

/* The bits of an element at the top of 32. */
static u64 top_part(unsigned esz)
{
    return vec_splat(2, esz == 0 ? 0xff000000 : 0xffff0000);
}

/* The part's counts and elements to scratch. */
static void take_part(struct gen *g, const struct shift *s)
{
    unsigned below = s->part << s->esz << 3, bits = 8u << s->esz, from = s->b;
    if (below < 24) {
        vec_imm(g, X64_PSLLD_I, X0, from, 24 - below);
        from = X0;
    }
    vec_imm(g, X64_PSRAD_I, X0, from, 24);
    put(g, COUNT, X0);
    if (s->esz == 2) {
        put(g, VALUE, s->a);
        return;
    }
    from = s->a;
    if (below + bits < 32) {
        vec_imm(g, X64_PSLLD_I, X1, from, 32 - bits - below);
        from = X1;
    }
    with_constant(g, X64_PAND, X1, from, top_part(s->esz));
    put(g, VALUE, X1);
}

/* t = the elements shifted to the left. */
static void left32(struct gen *g, const struct shift *s)
{
    unsigned t = s->t;
    take(g, X0, COUNT);
    take(g, X1, VALUE);
    vec_op2(g, X64_VPSLLVD, t, X1, X0);
    vec_op2(g, s->is_signed ? X64_VPSRAVD : X64_VPSRLVD, X1, t, X0);
    with(g, X64_PCMPEQD, X1, VALUE);
    if (s->is_signed) {
        take(g, X0, VALUE);
        vec_imm(g, X64_PSRAD_I, X0, X0, 31);
        with_constant(g, X64_PXOR, X0, X0, vec_splat(2, INT32_MAX));
        vec_op2(g, X64_PAND, t, t, X1);
        vec_op2(g, X64_PANDN, X1, X1, X0);
    } else {
        vec_ones(g, X0);
        vec_op2(g, X64_PXOR, X1, X1, X0);
    }
    vec_op2(g, X64_POR, t, t, X1);
}

/*
 * X1 = the elements shifted to the right by k = -n. Rounded, at full width: y - (y >> 1) with
 * y = value >> (k - 1), and k - 1 = ~n; else by adding a half to the bits moved out.
 */
static void right32(struct gen *g, const struct shift *s)
{
    bool full = s->rounds && s->esz == 2;
    if (full)
        vec_ones(g, X0);
    else
        vec_zero(g, X0);
    with(g, full ? X64_PXOR : X64_PSUBD, X0, COUNT);
    take(g, X1, VALUE);
    vec_op2(g, s->is_signed ? X64_VPSRAVD : X64_VPSRLVD, X1, X1, X0);
    if (full) {
        vec_imm(g, s->is_signed ? X64_PSRAD_I : X64_PSRLD_I, X0, X1, 1);
        vec_op2(g, X64_PSUBD, X1, X1, X0);
    } else if (s->rounds) {
        with_constant(g, X64_PADDD, X1, X1, vec_splat(2, s->esz ? 0x8000 : 0x800000));
    }
}

static void shift_parts(struct gen *g, struct vec_args v, struct shift s)
{
    unsigned bits = 8u << s.esz, parts = 4u >> s.esz;
    for (s.part = 0; s.part < parts; s.part++) {
        unsigned down = 32 - bits * (s.part + 1);
        take_part(g, &s);
        left32(g, &s);
        right32(g, &s);
        take(g, X0, COUNT);
        vec_select(g, 2, X1, s.t, X1, X0);
        if (s.esz < 2) with_constant(g, X64_PAND, X1, X1, top_part(s.esz));
        if (down) vec_imm(g, X64_PSRLD_I, X1, X1, down);
        if (s.part) with(g, X64_POR, X1, SUM);
        if (s.part + 1 < parts) put(g, SUM, X1);
    }
    vec_move(g, v.dst, X1);
}

/* --- by a vector, 64 bits --------------------------------------------------------------------- */

/* X1, shifted by X0 from a, becomes the bound where it does not come back; t is used. */
static void saturate64(struct gen *g, const struct shift *s)
{
    unsigned t = s->t;
    put(g, LEFT, X1);
    if (!s->is_signed) {
        vec_op2(g, X64_VPSRLVQ, X1, X1, X0);
        vec_op2(g, X64_PCMPEQQ, X1, X1, s->a);
        vec_ones(g, t);
        vec_op2(g, X64_PXOR, X1, X1, t);
        with(g, X64_POR, X1, LEFT);
        return;
    }
    vec_sign64(g, t, X1);
    vec_op2(g, X64_PXOR, X1, X1, t);
    vec_op2(g, X64_VPSRLVQ, X1, X1, X0);
    vec_op2(g, X64_PXOR, X1, X1, t);
    vec_op2(g, X64_PCMPEQQ, X1, X1, s->a);
    vec_sign64(g, t, s->a);
    with_constant(g, X64_PXOR, t, t, INT64_MAX);
    vec_op2(g, X64_PANDN, t, X1, t);
    with(g, X64_PAND, X1, LEFT);
    vec_op2(g, X64_POR, X1, X1, t);
}

/* X1 = a shifted to the right, by its magnitude (or its complement's) with the sign put back. */
static void right64(struct gen *g, const struct shift *s)
{
    unsigned from = s->a;
    if (s->rounds)
        vec_ones(g, X0);
    else
        vec_zero(g, X0);
    vec_op2(g, s->rounds ? X64_PXOR : X64_PSUBQ, X0, X0, s->b);
    with_constant(g, X64_PAND, X0, X0, 0xff);
    if (s->is_signed) {
        vec_sign64(g, s->t, s->a);
        vec_op2(g, X64_PXOR, X1, s->a, s->t);
        from = X1;
    }
    vec_op2(g, X64_VPSRLVQ, X1, from, X0);
    if (s->rounds) {
        vec_imm(g, X64_PSRLQ_I, X0, X1, 1);
        vec_op2(g, X64_PSUBQ, X1, X1, X0);
    }
    if (s->is_signed) vec_op2(g, X64_PXOR, X1, X1, s->t);
    if (s->is_signed && s->rounds) vec_op2(g, X64_PSUBQ, X1, X1, s->t);
}

static void shift64(struct gen *g, struct vec_args v, const struct shift *s)
{
    with_constant(g, X64_PAND, X0, s->b, 0xff);
    vec_op2(g, X64_VPSLLVQ, X1, s->a, X0);
    if (s->bound) saturate64(g, s);
    put(g, LEFT, X1);
    right64(g, s);
    vec_imm(g, X64_PSLLQ_I, X0, s->b, 56);
    take(g, s->t, LEFT);
    vec_select(g, 3, v.dst, s->t, X1, X0);
}

void vec_round_shift_by_vector64(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    struct shift s = {.rounds = true, .is_signed = i->op == IR_VSRSHL, .a = v.a, .b = v.b};
    s.t = gen_temp_xmm(g);
    shift64(g, v, &s);
}

void vec_saturating_shift(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool rounds = i->op == IR_VSQRSHL || i->op == IR_VUQRSHL;
    enum bound bound = i->op == IR_VSQSHLU                         ? BOUND_POSITIVE
                       : i->op == IR_VSQSHL || i->op == IR_VSQRSHL ? BOUND_SIGNED
                                                                   : BOUND_UNSIGNED;
    unsigned n;
    bool number = is_number(g, i->arg[1], i->esz, &n) && vec_can(g, equal_of[i->esz]);
    if (!number && (!g->avx || bound == BOUND_POSITIVE)) {
        gen_by_helper(g, r, i);
        return;
    }
    if (number) {
        struct vec_args v = {.a = gen_use_xmm(g, i->arg[0])};
        gen_consume(g, i);
        v.dst = gen_def_xmm(g, r, v.a);
        shift_by_number(g, bound, i->esz, v, n);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    struct shift s = {.bound = bound,
                      .rounds = rounds,
                      .is_signed = bound == BOUND_SIGNED,
                      .esz = i->esz,
                      .a = v.a,
                      .b = v.b};
    s.t = gen_temp_xmm(g);
    if (i->esz == 3)
        shift64(g, v, &s);
    else
        shift_parts(g, v, s);
}

/* --- rounding doubling products with an addend ------------------------------------------------ */

/* X0 = half of the elements' a * 2^16 + 2 * b * c + 2^15, which 32 bits hold; cut to 17 bits. */
static void accumulate16_half(struct gen *g, struct vec_args v, bool add, bool high)
{
    enum x64_vec unpack = high ? X64_PUNPCKHWD : X64_PUNPCKLWD;
    u64 half = vec_splat(2, 1 << 14);
    vec_op2(g, X64_PMULLW, X0, v.b, v.c);
    vec_op2(g, X64_PMULHW, X1, v.b, v.c);
    vec_op2(g, unpack, X0, X0, X1);
    vec_zero(g, X1);
    vec_op2(g, unpack, X1, X1, v.a);
    vec_imm(g, X64_PSRAD_I, X1, X1, 1);
    vec_op2(g, add ? X64_PADDD : X64_PSUBD, X1, X1, X0);
    with_constant(g, X64_PADDD, X1, X1, half);
    vec_imm(g, X64_PSRAD_I, X0, X1, 15);
}

static void accumulate16(struct gen *g, struct vec_args v, bool add)
{
    accumulate16_half(g, v, add, true);
    put(g, SUM, X0);
    accumulate16_half(g, v, add, false);
    gen_vec_rrm(g, X64_PACKSSDW, X0, X0, scratch(SUM));
    vec_move(g, v.dst, X0);
}

/* dst (X0 or X1; the other is used) = a * 2^31 + b * c + 2^30 of two elements in 64 bits. */
static void accumulate32_half(struct gen *g, struct vec_args v, bool add, bool odd, unsigned dst)
{
    unsigned p = dst == X0 ? X1 : X0, a = v.a, b = v.b, c = v.c;
    u64 half = UINT64_C(1) << 30;
    if (odd) {
        vec_imm(g, X64_PSRLQ_I, p, b, 32);
        vec_imm(g, X64_PSRLQ_I, dst, c, 32);
        b = p;
        c = dst;
    }
    vec_op2(g, X64_PMULDQ, p, b, c);
    if (odd) {
        vec_imm(g, X64_PSRLQ_I, dst, a, 32);
        a = dst;
    }
    with_constant(g, X64_PMULDQ, dst, a, half);
    vec_op2(g, X64_PADDQ, dst, dst, dst);
    vec_op2(g, add ? X64_PADDQ : X64_PSUBQ, dst, dst, p);
    with_constant(g, X64_PADDQ, dst, dst, half);
}

/* Doubled, the high halves are the result where their signs stayed; else the sign gives a bound. */
static void accumulate32(struct gen *g, struct vec_args v, bool add)
{
    enum { ODD = 0, EVEN = 1, TOP = 2, HIGH_HALVES = 0xdd, IN_ORDER = 0xd8 };
    accumulate32_half(g, v, add, true, X0);
    put(g, ODD, X0);
    accumulate32_half(g, v, add, false, X1);
    put(g, EVEN, X1);
    gen_vec_rrmi(g, X64_SHUFPS, X1, X1, scratch(ODD), HIGH_HALVES);
    put(g, TOP, X1);
    take(g, X1, EVEN);
    take(g, X0, ODD);
    vec_op2(g, X64_PADDQ, X1, X1, X1);
    vec_op2(g, X64_PADDQ, X0, X0, X0);
    vec_op2i(g, X64_SHUFPS, X1, X1, X0, HIGH_HALVES);
    put(g, ODD, X1);
    take(g, X0, TOP);
    vec_op2(g, X64_PXOR, X0, X0, X1);
    vec_imm(g, X64_PSRAD_I, X0, X0, 31); /* overflow */
    take(g, X1, TOP);
    vec_imm(g, X64_PSRAD_I, X1, X1, 31);
    with_constant(g, X64_PXOR, X1, X1, vec_splat(2, INT32_MAX));
    vec_op2(g, X64_PAND, X1, X1, X0);
    with(g, X64_PANDN, X0, ODD);
    vec_op2(g, X64_POR, X0, X0, X1);
    vec_imm(g, X64_PSHUFD, v.dst, X0, IN_ORDER);
}

void vec_multiply_accumulate_high(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool add = i->op == IR_VSQRDMLAH;
    if (i->esz == 2 && !vec_can(g, X64_PMULDQ)) {
        gen_by_helper(g, r, i);
        return;
    }
    (i->esz == 1 ? accumulate16 : accumulate32)(g, vec_args(g, r, i), add);
}
