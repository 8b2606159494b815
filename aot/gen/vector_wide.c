/*
 * Vector operations whose result has wider or narrower elements than their sources.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

static const u16 unpack_low[3] = {X64_PUNPCKLBW, X64_PUNPCKLWD, X64_PUNPCKLDQ};
static const u16 unpack_high[3] = {X64_PUNPCKHBW, X64_PUNPCKHWD, X64_PUNPCKHDQ};
static const u16 pmovsx[3] = {X64_PMOVSXBW, X64_PMOVSXWD, X64_PMOVSXDQ};
static const u16 pmovzx[3] = {X64_PMOVZXBW, X64_PMOVZXWD, X64_PMOVZXDQ};

/* --- widening --------------------------------------------------------------------------------- */

/* dst = elements of the high or low half of a, widened; t is a scratch apart from a, may be dst. */
static void widen(struct gen *g, unsigned esz, bool is_signed, bool high, unsigned dst, unsigned a,
                  unsigned t)
{
    enum x64_vec unpack = (high ? unpack_high : unpack_low)[esz];
    if (!high && vec_can(g, pmovsx[esz])) {
        vec_op1(g, (is_signed ? pmovsx : pmovzx)[esz], dst, a);
    } else if (!is_signed) {
        vec_op2c(g, unpack, dst, a, 0, 0);
    } else if (esz == 2) {
        vec_imm(g, X64_PSRAD_I, t, a, 31);
        if (g->avx || dst != t) {
            vec_op2(g, unpack, dst, a, t);
        } else {
            vec_op2(g, unpack, t, t, a);
            vec_imm(g, X64_PSHUFD, dst, t, 0xb1);
        }
    } else {
        vec_op2(g, unpack, t, a, a);
        vec_imm(g, esz ? X64_PSRAD_I : X64_PSRAW_I, dst, t, 8u << esz);
    }
}

/* PMOVSX and PMOVZX read either half from memory. */
static bool widen_memory(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_vec op = (i->op == IR_VSXL ? pmovsx : pmovzx)[i->esz];
    struct x64_mem m;
    if (!vec_can(g, op) || !gen_in_memory(g, i->arg[0], 1, &m)) return false;
    m.disp += i->mod & 1 ? 8 : 0;
    gen_consume(g, i);
    gen_vec_rm(g, op, gen_def_xmm(g, r, NO_REG), m);
    return true;
}

void vec_widen(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (widen_memory(g, r, i)) return;
    struct vec_args v = vec_args(g, r, i);
    widen(g, i->esz, i->op == IR_VSXL, i->mod & 1, v.dst, v.a, X0);
}

/* --- products --------------------------------------------------------------------------------- */

/* A factor's elements of 32 bits, of one half, at the even places, where the host multiplies. */
static unsigned spread(struct gen *g, ir_ref factor, struct vec_source a, bool high,
                       unsigned scratch)
{
    const struct ir_inst *i = gen_inst(g, factor);
    bool all_alike = (i->op == IR_VDUP || i->op == IR_VDUPL) && i->esz == 2;
    if (all_alike && a.reg != NO_REG) return a.reg;
    vec_imm_of(g, X64_PSHUFD, scratch, a, high ? 0xfa : 0x50);
    return scratch;
}

static void multiply_even(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_vec op = i->op == IR_VSMULL ? X64_PMULDQ : X64_PMULUDQ;
    if (vec_op2_memory(g, r, i, op, true)) return;
    struct vec_args v = vec_args(g, r, i);
    vec_op2(g, op, v.dst, v.a, v.b);
}

/* Products of 16 bits, or signed ones of 32. dst NO_REG: the result's register. That is returned.
 */
static unsigned multiply_long(struct gen *g, ir_ref r, const struct ir_inst *i, bool is_signed,
                              unsigned dst)
{
    u64 lo, hi;
    bool high = i->mod & 1, swap = vec_const(g, i->arg[0], &lo, &hi);
    ir_ref first = i->arg[swap], second = i->arg[!swap];
    struct vec_source a = {.reg = NO_REG};
    if (i->esz == 2)
        a = vec_source(g, first);
    else
        a.reg = gen_use_xmm(g, first);
    struct vec_source b = vec_source(g, second);
    gen_consume(g, i);
    unsigned result = gen_def_xmm(g, r, a.reg);
    if (dst == NO_REG) dst = result;
    if (i->esz == 2) {
        unsigned x = spread(g, first, a, high, X0), y = spread(g, second, b, high, X1);
        vec_op2(g, X64_PMULDQ, dst, x, y);
    } else {
        vec_op2_of(g, X64_PMULLW, X0, a.reg, b);
        vec_op2_of(g, is_signed ? X64_PMULHW : X64_PMULHUW, X1, a.reg, b);
        vec_op2(g, high ? X64_PUNPCKHWD : X64_PUNPCKLWD, dst, X0, X1);
    }
    return result;
}

void vec_multiply_long(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->emitted == r) return; /* with the lane before it */
    bool is_signed = i->op == IR_VSMULL;
    if (i->esz == 1)
        multiply_long(g, r, i, is_signed, NO_REG);
    else if (i->mod == 2 && (!is_signed || vec_can(g, X64_PMULDQ)))
        multiply_even(g, r, i);
    else
        gen_by_helper(g, r, i);
}

/* Only the most negative squared, doubled, overflows: to the most negative. */
void vec_multiply_long_doubling(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool halves = i->esz == 1;
    if (!halves && (i->esz != 2 || !vec_can(g, X64_PMULDQ) || !vec_can(g, X64_PCMPEQQ))) {
        gen_by_helper(g, r, i);
        return;
    }
    u64 least = vec_splat(i->esz + 1u, UINT64_C(1) << ((16u << i->esz) - 1));
    unsigned dst = multiply_long(g, r, i, true, X0);
    vec_op2(g, halves ? X64_PADDD : X64_PADDQ, X0, X0, X0);
    vec_load(g, X1, least, least);
    vec_op2(g, halves ? X64_PCMPEQD : X64_PCMPEQQ, X1, X1, X0);
    vec_op2(g, X64_PXOR, dst, X0, X1);
}

/*
 * dst = polynomial products of a's elements, a scratch register that changes, and those at
 * vscratch[0], cut to esz: bit by bit. X0 and X1 are used.
 */
static void polynomial(struct gen *g, unsigned esz, unsigned dst, unsigned a)
{
    struct x64_mem b = gen_state(offsetof(struct guest_state, vscratch));
    enum x64_vec equal = esz ? X64_PCMPEQW : X64_PCMPEQB, add = esz ? X64_PADDW : X64_PADDB;
    vec_zero(g, X0);
    for (unsigned bit = 0; bit < 8; bit++) {
        u64 mask = vec_splat(esz, 1u << bit);
        vec_load(g, X1, mask, mask);
        gen_vec_rrm(g, X64_PAND, X1, X1, b);
        vec_op2c(g, equal, X1, X1, mask, mask);
        vec_op2(g, X64_PAND, X1, X1, a);
        vec_op2(g, X64_PXOR, bit == 7 ? dst : X0, X0, X1);
        if (bit < 7) vec_op2(g, add, a, a, a);
    }
}

void vec_polynomial(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    gen_vec_mr(g, X64_MOVAPS_ST, gen_state(offsetof(struct guest_state, vscratch)), v.b);
    vec_move(g, t, v.a);
    polynomial(g, 0, v.dst, t);
}

void vec_polynomial_long(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (i->esz == 0) {
        struct vec_args v = vec_args(g, r, i);
        unsigned t = gen_temp_xmm(g);
        widen(g, 0, false, i->mod & 1, t, v.a, t);
        widen(g, 0, false, i->mod & 1, X0, v.b, X0);
        gen_vec_mr(g, X64_MOVAPS_ST, gen_state(offsetof(struct guest_state, vscratch)), X0);
        polynomial(g, 1, v.dst, t);
        return;
    }
    if (i->esz != 3 || !vec_can(g, X64_PCLMULQDQ)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    vec_op2i(g, X64_PCLMULQDQ, v.dst, v.a, v.b, i->mod & 1 ? 0x11 : 0x00);
}

/* dst = the even or odd bytes of a, extended to 16 bits. */
static void take_bytes(struct gen *g, bool is_signed, bool odd, unsigned dst, unsigned a)
{
    if (!odd && !is_signed) {
        vec_op2c(g, X64_PAND, dst, a, vec_splat(1, 0xff), vec_splat(1, 0xff));
        return;
    }
    if (!odd) {
        vec_imm(g, X64_PSLLW_I, dst, a, 8);
        a = dst;
    }
    vec_imm(g, is_signed ? X64_PSRAW_I : X64_PSRLW_I, dst, a, 8);
}

void vec_dot(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_signed = i->op == IR_VSDOT;
    struct vec_args v = vec_args(g, r, i);
    bool apart = v.dst != v.a && v.dst != v.b && v.dst != v.c;
    unsigned t = apart ? v.dst : gen_temp_xmm(g);
    take_bytes(g, is_signed, false, X0, v.b);
    take_bytes(g, is_signed, false, X1, v.c);
    vec_op2(g, X64_PMADDWD, X0, X0, X1);
    take_bytes(g, is_signed, true, X1, v.b);
    take_bytes(g, is_signed, true, t, v.c);
    vec_op2(g, X64_PMADDWD, X1, X1, t);
    vec_op2(g, X64_PADDD, X0, X0, X1);
    vec_op2(g, X64_PADDD, v.dst, X0, v.a);
}

/* --- narrowing -------------------------------------------------------------------------------- */

/* Index of the low parts of elements; bit 7: a zero. */
static u64 low_parts(unsigned esz)
{
    static const u64 index[3] = {0x0e0c0a0806040200, 0x0d0c090805040100, 0x0b0a090803020100};
    return index[esz];
}

void vec_narrow(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    if (vec_can(g, X64_PSHUFB)) {
        vec_op2c(g, X64_PSHUFB, v.dst, v.a, low_parts(i->esz), ~UINT64_C(0));
    } else if (i->esz == 2) {
        vec_imm(g, X64_PSHUFD, X0, v.a, 0x08);
        vec_op1(g, X64_MOVQ, v.dst, X0);
    } else {
        if (i->esz == 0) {
            vec_op2c(g, X64_PAND, X0, v.a, vec_splat(1, 0xff), vec_splat(1, 0xff));
        } else {
            vec_imm(g, X64_PSLLD_I, X0, v.a, 16);
            vec_imm(g, X64_PSRAD_I, X0, X0, 16);
        }
        vec_zero(g, X1);
        vec_op2(g, i->esz ? X64_PACKSSDW : X64_PACKUSWB, v.dst, X0, X1);
    }
}

/* X0 = a limited to what the narrow unsigned element holds, so that no pack saturates it. */
static void limit_unsigned(struct gen *g, unsigned esz, unsigned a)
{
    u64 most = vec_splat(esz + 1, (UINT64_C(1) << (8u << esz)) - 1);
    if (esz == 0) {
        vec_op2c(g, X64_PSUBUSW, X1, a, most, most);
        vec_move(g, X0, a);
        vec_op2(g, X64_PSUBW, X0, X0, X1);
    } else {
        vec_op2c(g, X64_PMINUD, X0, a, most, most);
    }
}

/*
 * 64 bits to 32: x is replaced by the bound in each element that does not fit, which shows in its
 * high half: for unsigned it is not 0, for signed not the low half's sign.
 */
static void narrow64(struct gen *g, unsigned op, struct vec_args v)
{
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSHUFD, X0, v.a, 0x08); /* low halves */
    vec_imm(g, X64_PSHUFD, X1, v.a, 0x0d); /* high halves */
    if (op == IR_VSQXTN) {
        vec_imm(g, X64_PSRAD_I, t, X0, 31);
        vec_op2(g, X64_PCMPEQD, t, t, X1);
        vec_imm(g, X64_PSRAD_I, X1, X1, 31);
        vec_op2(g, X64_PAND, X0, X0, t);
        vec_op2c(g, X64_PXOR, X1, X1, vec_splat(2, 0x7fffffff), vec_splat(2, 0x7fffffff));
        vec_op2(g, X64_PANDN, t, t, X1);
        vec_op2(g, X64_POR, X0, X0, t);
    } else {
        vec_zero(g, t);
        vec_op2(g, X64_PCMPEQD, t, t, X1); /* fits */
        if (op == IR_VSQXTUN) vec_imm(g, X64_PSRAD_I, X1, X1, 31);
        vec_op2(g, X64_PAND, X0, X0, t);
        if (op == IR_VUQXTN) vec_zero(g, X1);
        vec_op2(g, X64_POR, t, t, X1); /* fits, or negative: no bits added */
        vec_ones(g, X1);
        vec_op2(g, X64_PXOR, t, t, X1);
        vec_op2(g, X64_POR, X0, X0, t);
    }
    vec_op1(g, X64_MOVQ, v.dst, X0);
}

void vec_narrow_saturating(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool from_unsigned = i->op == IR_VUQXTN, to_unsigned = i->op != IR_VSQXTN;
    if (i->esz > 2 || (i->esz == 1 && to_unsigned && !vec_can(g, X64_PACKUSDW))) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 2) {
        narrow64(g, i->op, v);
        return;
    }
    unsigned a = from_unsigned ? X0 : v.a;
    if (from_unsigned) limit_unsigned(g, i->esz, v.a);
    vec_zero(g, X1);
    if (to_unsigned)
        vec_op2(g, i->esz ? X64_PACKUSDW : X64_PACKUSWB, v.dst, a, X1);
    else
        vec_op2(g, i->esz ? X64_PACKSSDW : X64_PACKSSWB, v.dst, a, X1);
}
