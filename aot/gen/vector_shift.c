/*
 * Shifts of vector elements.
 *
 * By an immediate: bytes are shifted as parts of wider elements and masked; a signed shift of v by
 * n is ((v >> n) ^ s) - s with s the sign bit moved along. There is no signed shift of 64-bit
 * elements either.
 *
 * By a vector: the host's variable shifts (AVX2; 32 and 64 bits) give 0, signed ones the sign, for
 * counts from the width up. With n the signed low byte of a count element, the shift to the left
 * by n gives 0 for n < 0, and the one to the right by -n for n > 0, as their counts are too large
 * then. Bytes and halves are shifted as parts of 32 bits.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

/* --- by an immediate -------------------------------------------------------------------------- */

static void shift_bytes(struct gen *g, enum x64_shift kind, unsigned dst, unsigned a, unsigned imm)
{
    u64 mask = vec_splat(0, kind == X64_SHL ? 0xffu << imm : 0xffu >> imm);
    u64 sign = vec_splat(0, 0x80u >> imm);
    if (kind == X64_SAR && imm >= 7) { /* all sign */
        vec_zero(g, X1);
        vec_op2(g, X64_PCMPGTB, X1, X1, a);
        vec_move(g, dst, X1);
        return;
    }
    vec_imm(g, kind == X64_SHL ? X64_PSLLW_I : X64_PSRLW_I, dst, a, imm);
    vec_op2c(g, X64_PAND, dst, dst, mask, mask);
    if (kind != X64_SAR) return;
    vec_load(g, X1, sign, sign);
    vec_op2(g, X64_PXOR, dst, dst, X1);
    vec_op2(g, X64_PSUBB, dst, dst, X1);
}

static void shift_sar64(struct gen *g, unsigned dst, unsigned a, unsigned imm)
{
    if (imm >= 63) {
        vec_sign64(g, dst, a);
        return;
    }
    vec_sign64(g, X1, a);
    vec_imm(g, X64_PSRLQ_I, dst, a, imm);
    vec_imm(g, X64_PSLLQ_I, X1, X1, 64 - imm);
    vec_op2(g, X64_POR, dst, dst, X1);
}

void vec_shift(struct gen *g, enum x64_shift kind, unsigned esz, unsigned dst, unsigned a,
               unsigned imm)
{
    static const u16 left[4] = {0, X64_PSLLW_I, X64_PSLLD_I, X64_PSLLQ_I};
    static const u16 right[4] = {0, X64_PSRLW_I, X64_PSRLD_I, X64_PSRLQ_I};
    static const u16 arithmetic[4] = {0, X64_PSRAW_I, X64_PSRAD_I, 0};
    if (imm == 0)
        vec_move(g, dst, a);
    else if (esz == 0)
        shift_bytes(g, kind, dst, a, imm);
    else if (kind == X64_SAR && esz == 3)
        shift_sar64(g, dst, a, imm);
    else
        vec_imm(g,
                (kind == X64_SHL   ? left
                 : kind == X64_SHR ? right
                                   : arithmetic)[esz],
                dst, a, imm);
}

void vec_shift_by_imm(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_shift kind = i->op == IR_VSHLI ? X64_SHL : i->op == IR_VSHRI ? X64_SHR : X64_SAR;
    struct vec_args v = vec_args(g, r, i);
    vec_shift(g, kind, i->esz, v.dst, v.a, (unsigned)i->imm);
}

/* Which byte of an element each of the eight from `first` on comes from, as PSHUFB wants it. */
static u64 byte_rotation(unsigned esz, unsigned bytes, unsigned first)
{
    u64 from = 0, last = (1u << esz) - 1;
    for (unsigned n = first; n < first + 8; n++)
        from |= ((n & ~last) | ((n - bytes) & last)) << (8 * (n - first));
    return from;
}

void vec_rotate(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned by = (unsigned)i->imm;
    if (i->esz >= 2 && vec_can(g, X64_VPROLD_I)) {
        vec_imm(g, i->esz == 2 ? X64_VPROLD_I : X64_VPROLQ_I, v.dst, v.a, by);
        return;
    }
    if (by % 8 == 0 && vec_can(g, X64_PSHUFB)) {
        vec_op2c(g, X64_PSHUFB, v.dst, v.a, byte_rotation(i->esz, by / 8, 0),
                 byte_rotation(i->esz, by / 8, 8));
        return;
    }
    vec_shift(g, X64_SHR, i->esz, X0, v.a, (8u << i->esz) - by);
    vec_shift(g, X64_SHL, i->esz, v.dst, v.a, by);
    vec_op2(g, X64_POR, v.dst, v.dst, X0);
}

/* (a >> n) + (the last bit shifted out) */
/* Words: PMULHRSW by a power of two rounds as the shift does, and PAVGW with 0 adds the last bit.
 */
static bool round_shift_words(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned imm = (unsigned)i->imm;
    bool is_signed = i->op == IR_VRSARI;
    if (i->esz != 1 || imm > 15 || (is_signed && !vec_can(g, X64_PMULHRSW))) return false;
    struct vec_args v = vec_args(g, r, i);
    if (is_signed) {
        u64 factor = vec_splat(1, UINT64_C(1) << (15 - imm));
        vec_op2c(g, X64_PMULHRSW, v.dst, v.a, factor, factor);
    } else {
        vec_shift(g, X64_SHR, 1, X0, v.a, imm - 1);
        vec_zero(g, X1);
        vec_op2(g, X64_PAVGW, v.dst, X0, X1);
    }
    return true;
}

void vec_round_shift(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (round_shift_words(g, r, i)) return;
    static const u16 add_of[4] = {X64_PADDB, X64_PADDW, X64_PADDD, X64_PADDQ};
    enum x64_shift kind = i->op == IR_VRSHRI ? X64_SHR : X64_SAR;
    unsigned imm = (unsigned)i->imm;
    u64 one = vec_splat(i->esz, 1);
    struct vec_args v = vec_args(g, r, i);
    vec_shift(g, X64_SHR, i->esz, X0, v.a, imm - 1);
    vec_op2c(g, X64_PAND, X0, X0, one, one);
    vec_shift(g, kind, i->esz, v.dst, v.a, imm);
    vec_op2(g, add_of[i->esz], v.dst, v.dst, X0);
}

/* --- by a vector, up to 32 bits ----------------------------------------------------------------
 */

struct shift {
    bool is_signed, rounds;
    unsigned esz, part; /* element number `part` of each 32 bits */
    unsigned a, b, t;   /* operands, a temp */
};

/* X0 = n of each element of the part. */
static void take_count(struct gen *g, const struct shift *s)
{
    unsigned up = 24 - (s->part << s->esz << 3);
    unsigned from = s->b;
    if (up) {
        vec_imm(g, X64_PSLLD_I, X0, from, up);
        from = X0;
    }
    vec_imm(g, X64_PSRAD_I, X0, from, 24);
}

/* X1 = the elements of the part, extended to 32 bits. */
static void take_value(struct gen *g, const struct shift *s)
{
    unsigned bits = 8u << s->esz, up = 32 - bits - (s->part << s->esz << 3);
    unsigned from = s->a;
    if (up) {
        vec_imm(g, X64_PSLLD_I, X1, from, up);
        from = X1;
    }
    if (bits < 32)
        vec_imm(g, s->is_signed ? X64_PSRAD_I : X64_PSRLD_I, X1, from, 32 - bits);
    else
        vec_move(g, X1, from);
}

/*
 * X1 shifted by X0. To the right by k = -n, rounded, is y - (y >> 1) with y = X1 >> (k - 1), and
 * k - 1 = ~n.
 */
static void shift32(struct gen *g, const struct shift *s)
{
    if (s->rounds) {
        vec_ones(g, s->t);
        vec_op2(g, X64_PXOR, s->t, s->t, X0);
    } else {
        vec_zero(g, s->t);
        vec_op2(g, X64_PSUBD, s->t, s->t, X0);
    }
    vec_op2(g, s->is_signed ? X64_VPSRAVD : X64_VPSRLVD, s->t, X1, s->t);
    vec_op2(g, X64_VPSLLVD, X1, X1, X0);
    if (s->rounds) {
        vec_imm(g, s->is_signed ? X64_PSRAD_I : X64_PSRLD_I, X0, s->t, 1);
        vec_op2(g, X64_PSUBD, s->t, s->t, X0);
    }
    if (s->is_signed) { /* counts out of range give signs, not zeros: n decides */
        if (s->rounds) take_count(g, s);
        vec_select(g, 2, X1, X1, s->t, X0);
    } else {
        vec_op2(g, X64_POR, X1, X1, s->t);
    }
}

/* Part by part, each back to its place. */
static void shift_parts(struct gen *g, struct vec_args v, struct shift s)
{
    unsigned bits = 8u << s.esz, parts = 4u >> s.esz;
    bool apart = v.dst != v.a && v.dst != v.b;
    unsigned sum = apart || parts == 1 ? v.dst : gen_temp_xmm(g);
    for (s.part = 0; s.part < parts; s.part++) {
        unsigned up = 32 - bits, down = 32 - bits * (s.part + 1);
        take_count(g, &s);
        take_value(g, &s);
        shift32(g, &s);
        if (up) vec_imm(g, X64_PSLLD_I, X1, X1, up);
        if (down) vec_imm(g, X64_PSRLD_I, X1, X1, down);
        if (s.part)
            vec_op2(g, X64_POR, sum, sum, X1);
        else
            vec_move(g, sum, X1);
    }
    vec_move(g, v.dst, sum);
}

/* --- by a vector, 64 bits -----------------------------------------------------------------------
 */

/* dst = n & 255 in each element, or -n & 255. */
static void count64(struct gen *g, unsigned dst, unsigned b, bool negated)
{
    if (negated) {
        vec_zero(g, dst);
        vec_op2(g, X64_PSUBQ, dst, dst, b);
        b = dst;
    }
    vec_op2c(g, X64_PAND, dst, b, 0xff, 0xff);
}

static void shift_unsigned64(struct gen *g, struct vec_args v)
{
    count64(g, X0, v.b, false);
    count64(g, X1, v.b, true);
    vec_op2(g, X64_VPSLLVQ, X0, v.a, X0);
    vec_op2(g, X64_VPSRLVQ, X1, v.a, X1);
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

/* With the sign taken out and put back the logical shift will do. */
static void shift_signed64(struct gen *g, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    count64(g, X0, v.b, true);
    vec_sign64(g, t, v.a);
    vec_op2(g, X64_PXOR, X1, v.a, t);
    vec_op2(g, X64_VPSRLVQ, X1, X1, X0);
    vec_op2(g, X64_PXOR, X1, X1, t);
    count64(g, X0, v.b, false);
    vec_op2(g, X64_VPSLLVQ, X0, v.a, X0);
    vec_imm(g, X64_PSLLQ_I, t, v.b, 56);
    vec_select(g, 3, v.dst, X0, X1, t);
}

void vec_shift_as_host(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_vec op = i->op == IR_VSHLV   ? X64_VPSLLVD
                      : i->op == IR_VSHRV ? X64_VPSRLVD
                                          : X64_VPSRAVD;
    if (!vec_can(g, op)) {
        gen_by_helper(g, r, i);
    } else if (!vec_op2_memory(g, r, i, op, false)) {
        struct vec_args v = vec_args(g, r, i);
        vec_op2(g, op, v.dst, v.a, v.b);
    }
}

void vec_shift_by_vector(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct shift s = {.is_signed = i->op == IR_VSSHL || i->op == IR_VSRSHL,
                      .rounds = i->op == IR_VSRSHL || i->op == IR_VURSHL,
                      .esz = i->esz};
    if (!g->avx) {
        gen_by_helper(g, r, i);
        return;
    }
    if (i->esz == 3 && s.rounds) {
        vec_round_shift_by_vector64(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 3) {
        (s.is_signed ? shift_signed64 : shift_unsigned64)(g, v);
        return;
    }
    s.a = v.a;
    s.b = v.b;
    s.t = gen_temp_xmm(g);
    shift_parts(g, v, s);
}
