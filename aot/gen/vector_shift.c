/*
 * Shifts of vector elements.
 *
 * By an immediate: bytes are shifted as parts of wider elements and masked; a signed shift of v by
 * n is ((v >> n) ^ s) - s with s the sign bit moved along. There is no signed shift of 64-bit
 * elements either.
 *
 * By a vector: the host's variable shifts (AVX2; 32 and 64 bits) give 0 for counts from the width
 * up. With n the signed low byte of a count element, n & 255 is a count that is right for n >= 0
 * and gives 0 for n < 0, and -n & 255 is right for n <= 0 and gives 0 for n > 0.
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

/* (a >> n) + (the last bit shifted out) */
void vec_round_shift(struct gen *g, ir_ref r, const struct ir_inst *i)
{
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

/* --- by a vector ------------------------------------------------------------------------------ */

/* dst = n & 255 in each element, or -n & 255. */
static void count(struct gen *g, unsigned esz, unsigned dst, unsigned b, bool negated)
{
    u64 mask = vec_splat(esz, 0xff);
    if (negated) {
        vec_zero(g, dst);
        vec_op2(g, esz == 3 ? X64_PSUBQ : X64_PSUBD, dst, dst, b);
        b = dst;
    }
    vec_op2c(g, X64_PAND, dst, b, mask, mask);
}

static void shift_unsigned(struct gen *g, unsigned esz, struct vec_args v)
{
    count(g, esz, X0, v.b, false);
    count(g, esz, X1, v.b, true);
    vec_op2(g, esz == 3 ? X64_VPSLLVQ : X64_VPSLLVD, X0, v.a, X0);
    vec_op2(g, esz == 3 ? X64_VPSRLVQ : X64_VPSRLVD, X1, v.a, X1);
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

/* The sign of n decides between left and right. */
static void shift_signed(struct gen *g, unsigned esz, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    count(g, esz, X0, v.b, true);
    if (esz == 3) { /* with the sign taken out and put back the logical shift will do */
        vec_sign64(g, t, v.a);
        vec_op2(g, X64_PXOR, X1, v.a, t);
        vec_op2(g, X64_VPSRLVQ, X1, X1, X0);
        vec_op2(g, X64_PXOR, X1, X1, t);
    } else {
        vec_op2(g, X64_VPSRAVD, X1, v.a, X0);
    }
    count(g, esz, X0, v.b, false);
    vec_op2(g, esz == 3 ? X64_VPSLLVQ : X64_VPSLLVD, X0, v.a, X0);
    vec_imm(g, esz == 3 ? X64_PSLLQ_I : X64_PSLLD_I, t, v.b, esz == 3 ? 56 : 24);
    vec_select(g, esz, v.dst, X0, X1, t);
}

void vec_shift_by_vector(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!g->avx || i->esz < 2) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->op == IR_VUSHL)
        shift_unsigned(g, i->esz, v);
    else
        shift_signed(g, i->esz, v);
}
