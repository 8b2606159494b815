/*
 * Permutes of vectors, and sums and extremes across lanes.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

/* --- reversal --------------------------------------------------------------------------------- */

/* Byte n of the index vector: n with the elements' order within containers reversed. */
static u64 reversal(unsigned esz, unsigned container, unsigned first)
{
    unsigned flip = (1u << container) - (1u << esz);
    u64 index = 0;
    for (unsigned n = 0; n < 8; n++) index |= (u64)((first + n) ^ flip) << 8 * n;
    return index;
}

/* SSE2: 16-bit elements within 32 or 64 bits. */
static void reverse_words(struct gen *g, unsigned container, unsigned dst, unsigned a)
{
    unsigned order = container == 2 ? 0xb1 : 0x1b;
    vec_imm(g, X64_PSHUFLW, X0, a, order);
    vec_imm(g, X64_PSHUFHW, dst, X0, order);
}

void vec_reverse(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned container = i->mod;
    if (i->esz == 2) {
        vec_imm(g, X64_PSHUFD, v.dst, v.a, 0xb1);
    } else if (vec_can(g, X64_PSHUFB)) {
        vec_op2c(g, X64_PSHUFB, v.dst, v.a, reversal(i->esz, container, 0),
                 reversal(i->esz, container, 8));
    } else if (i->esz == 1) {
        reverse_words(g, container, v.dst, v.a);
    } else {
        vec_imm(g, X64_PSLLW_I, X0, v.a, 8);
        vec_imm(g, X64_PSRLW_I, X1, v.a, 8);
        vec_op2(g, X64_POR, X1, X1, X0);
        if (container == 1)
            vec_move(g, v.dst, X1);
        else
            reverse_words(g, container, v.dst, X1);
    }
}

/* Each half-byte's reversal from a table. */
void vec_reverse_bits(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!vec_can(g, X64_PSHUFB)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    u64 low = vec_splat(0, 0x0f);
    if (vec_can(g, X64_GF2P8AFFINEQB)) { /* the matrix that mirrors */
        u64 mirror = 0x8040201008040201;
        vec_load(g, X0, mirror, mirror);
        vec_op2i(g, X64_GF2P8AFFINEQB, v.dst, v.a, X0, 0);
        return;
    }
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSRLW_I, X1, v.a, 4);
    vec_op2c(g, X64_PAND, X1, X1, low, low);
    vec_op2c(g, X64_PAND, X0, v.a, low, low);
    vec_load(g, t, 0x0e060a020c040800, 0x0f070b030d050901);
    vec_op2(g, X64_PSHUFB, t, t, X1);
    vec_load(g, X1, 0xe060a020c0408000, 0xf070b030d0509010);
    vec_op2(g, X64_PSHUFB, X1, X1, X0);
    vec_op2(g, X64_POR, v.dst, t, X1);
}

/* --- two vectors ------------------------------------------------------------------------------ */

/* Elements of 2^esz bytes that are zero-extended: a pack that takes them for signed and saturates
 * to unsigned changes none. */
static bool has_unsigned_pack(const struct gen *g, unsigned esz)
{
    return !esz || vec_can(g, X64_PACKUSDW);
}

/* dst = the chosen elements of a as twice as wide ones that a pack does not change. */
static void keep_parts(struct gen *g, unsigned esz, bool odd, unsigned dst, unsigned a)
{
    unsigned width = 8u << esz;
    u64 mask = vec_splat(esz + 1, (1u << width) - 1);
    if (has_unsigned_pack(g, esz)) {
        if (odd)
            vec_imm(g, esz ? X64_PSRLD_I : X64_PSRLW_I, dst, a, width);
        else
            vec_op2c(g, X64_PAND, dst, a, mask, mask);
        return;
    }
    if (!odd) {
        vec_imm(g, X64_PSLLD_I, dst, a, 16);
        a = dst;
    }
    vec_imm(g, X64_PSRAD_I, dst, a, 16);
}

static void unzip_packed(struct gen *g, unsigned esz, struct vec_args v, bool odd)
{
    enum x64_vec pack = !esz                        ? X64_PACKUSWB
                        : has_unsigned_pack(g, esz) ? X64_PACKUSDW
                                                    : X64_PACKSSDW;
    keep_parts(g, esz, odd, X0, v.a);
    if (v.b != v.a) keep_parts(g, esz, odd, X1, v.b);
    vec_op2(g, pack, v.dst, X0, v.b != v.a ? X1 : X0);
}

void vec_unzip(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool odd = i->op == IR_VUZP2;
    struct vec_args v = vec_args(g, r, i);
    if (i->esz < 2)
        unzip_packed(g, i->esz, v, odd);
    else if (i->esz == 2)
        vec_op2i(g, X64_SHUFPS, v.dst, v.a, v.b, odd ? 0xdd : 0x88);
    else
        vec_op2(g, odd ? X64_PUNPCKHQDQ : X64_PUNPCKLQDQ, v.dst, v.a, v.b);
}

/* Even elements are the first operand's, odd ones the second's, once those of one have moved. */
static void transpose_by_blend(struct gen *g, unsigned esz, struct vec_args v, bool odd)
{
    bool wide = esz == 2, upper = (v.dst | v.a | v.b) >= UPPER_FIRST;
    unsigned from = odd ? v.a : v.b, to = odd ? v.b : v.a;
    unsigned moved = !upper || v.dst == to ? X0 : v.dst;
    if (wide)
        vec_imm(g, X64_PSHUFD, moved, from, odd ? 0xf5 : 0xa0);
    else
        vec_imm(g, odd ? X64_PSRLD_I : X64_PSLLD_I, moved, from, 16);
    if (upper) { /* there is no blend */
        u64 low = wide ? 0xffffffff : 0x0000ffff0000ffff, mask = odd ? ~low : low;
        gen_vec_rrmi(g, X64_VPTERNLOGD, moved, to, gen_pool(g, mask, mask), 0xd8); /* c ? b : a */
        vec_move(g, v.dst, moved);
        return;
    }
    vec_op2i(g, X64_PBLENDW, v.dst, odd ? moved : to, odd ? to : moved, wide ? 0xcc : 0xaa);
}

void vec_transpose(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool odd = i->op == IR_VTRN2;
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 3) {
        vec_op2(g, odd ? X64_PUNPCKHQDQ : X64_PUNPCKLQDQ, v.dst, v.a, v.b);
        return;
    }
    unsigned bits = 8u << i->esz;
    if (i->esz && vec_can(g, X64_PBLENDW)) {
        transpose_by_blend(g, i->esz, v, odd);
        return;
    }
    if (i->esz == 2) {
        vec_op2i(g, X64_SHUFPS, X0, v.a, v.b, odd ? 0xdd : 0x88);
        vec_imm(g, X64_PSHUFD, v.dst, X0, 0xd8);
        return;
    }
    u64 low = vec_splat(i->esz + 1u, (1u << bits) - 1);
    if (odd) { /* a's high parts moved down, b's kept */
        vec_imm(g, i->esz ? X64_PSRLD_I : X64_PSRLW_I, X0, v.a, bits);
        vec_op2c(g, X64_PAND, X1, v.b, ~low, ~low);
    } else {
        vec_op2c(g, X64_PAND, X0, v.a, low, low);
        vec_imm(g, i->esz ? X64_PSLLD_I : X64_PSLLW_I, X1, v.b, bits);
    }
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

void vec_extract(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned by = (unsigned)i->imm;
    if (by == 0) {
        vec_move(g, v.dst, v.a);
    } else if (by % 4 == 0 && v.a == v.b) {
        static const u8 turned[] = {0xe4, 0x39, 0x4e, 0x93};
        vec_imm(g, X64_PSHUFD, v.dst, v.a, turned[by / 4]);
    } else if (by == 8) {
        vec_op2i(g, X64_SHUFPD, v.dst, v.a, v.b, 1);
    } else if (vec_can(g, X64_PALIGNR)) {
        vec_op2i(g, X64_PALIGNR, v.dst, v.b, v.a, by);
    } else {
        vec_imm(g, X64_PSRLDQ, X0, v.a, by);
        vec_imm(g, X64_PSLLDQ, X1, v.b, 16 - by);
        vec_op2(g, X64_POR, v.dst, X0, X1);
    }
}

void vec_table(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    u64 lo, hi;
    if (!vec_can(g, X64_PSHUFB)) {
        gen_by_helper(g, r, i);
        return;
    }
    if (vec_const(g, i->arg[1], &lo, &hi)) {
        unsigned a = gen_use_xmm(g, i->arg[0]);
        gen_consume(g, i);
        vec_op2c(g, X64_PSHUFB, gen_def_xmm(g, r, a), a, lo, hi);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    vec_op2(g, X64_PSHUFB, v.dst, v.a, v.b);
}

/* --- across lanes ----------------------------------------------------------------------------- */

/* dst = the lowest 2^esz bytes of a. */
static void keep_lane0(struct gen *g, unsigned esz, unsigned dst, unsigned a)
{
    if (esz == 3)
        vec_op1(g, X64_MOVQ, dst, a);
    else
        vec_op2c(g, X64_PAND, dst, a, (UINT64_C(1) << (8u << esz)) - 1, 0);
}

/* X0's lane 0 = op over the lanes of X0's low 2^bytes bytes; X1 is used. */
static void fold(struct gen *g, enum x64_vec op, unsigned esz, unsigned bytes)
{
    for (unsigned step = bytes; step-- > esz;) {
        switch (step) {
        case 3: vec_imm(g, X64_PSHUFD, X1, X0, 0x4e); break;
        case 2: vec_imm(g, X64_PSHUFD, X1, X0, 0xb1); break;
        case 1: vec_imm(g, X64_PSHUFLW, X1, X0, 0xb1); break;
        default: vec_imm(g, X64_PSRLW_I, X1, X0, 8);
        }
        vec_op2(g, op, X0, X0, X1);
    }
}

/* X0 = the sum of a's bytes (of its low half: wide false), unsigned. */
static void sum_bytes(struct gen *g, unsigned a, bool wide)
{
    vec_zero(g, X1);
    vec_op2(g, X64_PSADBW, X0, a, X1);
    if (!wide) {
        vec_op1(g, X64_MOVQ, X0, X0);
        return;
    }
    vec_imm(g, X64_PSRLDQ, X1, X0, 8);
    vec_op2(g, X64_PADDD, X0, X0, X1);
}

void vec_sum(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 0) {
        sum_bytes(g, v.a, i->mod == 4);
    } else {
        static const u16 add_of[4] = {0, X64_PADDW, X64_PADDD, X64_PADDQ};
        vec_move(g, X0, v.a);
        fold(g, add_of[i->esz], i->esz, i->mod);
    }
    keep_lane0(g, i->esz, v.dst, X0);
}

/* Signed bytes are summed with their signs flipped: 128 too much each. */
static void sum_long_bytes(struct gen *g, const struct ir_inst *i, struct vec_args v)
{
    if (i->op == IR_VUADDLV) {
        sum_bytes(g, v.a, i->mod == 4);
        keep_lane0(g, 1, v.dst, X0);
        return;
    }
    u64 flip = vec_splat(0, 0x80), excess = 128u << i->mod;
    vec_op2c(g, X64_PXOR, X0, v.a, flip, flip);
    sum_bytes(g, X0, i->mod == 4);
    vec_op2c(g, X64_PSUBW, X0, X0, excess, 0);
    keep_lane0(g, 1, v.dst, X0);
}

/* Four words, signed ones with their signs flipped: 2^31 too much each. */
static void sum_long_words32(struct gen *g, bool is_signed, struct vec_args v)
{
    u64 flip = vec_splat(2, 0x80000000), low = UINT32_MAX, excess = UINT64_C(4) << 31;
    unsigned a = v.a;
    if (is_signed) {
        vec_op2c(g, X64_PXOR, X0, a, flip, flip);
        a = X0;
    }
    vec_imm(g, X64_PSRLQ_I, X1, a, 32);
    vec_op2c(g, X64_PAND, X0, a, low, low);
    vec_op2(g, X64_PADDQ, X0, X0, X1);
    fold(g, X64_PADDQ, 3, 4);
    if (is_signed) {
        vec_load(g, X1, excess, 0);
        vec_op2(g, X64_PSUBQ, X0, X0, X1);
    }
    keep_lane0(g, 3, v.dst, X0);
}

static void sum_long_words16(struct gen *g, bool is_signed, unsigned bytes, struct vec_args v)
{
    u64 low = vec_splat(2, 0xffff), ones = vec_splat(1, 1);
    if (is_signed) {
        vec_op2c(g, X64_PMADDWD, X0, v.a, ones, ones);
    } else {
        vec_op2c(g, X64_PAND, X0, v.a, low, low);
        vec_imm(g, X64_PSRLD_I, X1, v.a, 16);
        vec_op2(g, X64_PADDD, X0, X0, X1);
    }
    fold(g, X64_PADDD, 2, bytes);
    keep_lane0(g, 2, v.dst, X0);
}

void vec_sum_long(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_signed = i->op == IR_VSADDLV;
    if (i->esz > 2 || (i->esz == 2 && i->mod != 4)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 0)
        sum_long_bytes(g, i, v);
    else if (i->esz == 1)
        sum_long_words16(g, is_signed, i->mod, v);
    else
        sum_long_words32(g, is_signed, v);
}

void vec_extreme(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u16 ops[4][3] = {{X64_PMINSB, X64_PMINSW, X64_PMINSD},
                                  {X64_PMAXSB, X64_PMAXSW, X64_PMAXSD},
                                  {X64_PMINUB, X64_PMINUW, X64_PMINUD},
                                  {X64_PMAXUB, X64_PMAXUW, X64_PMAXUD}};
    unsigned which = i->op == IR_VSMINV ? 0 : i->op == IR_VSMAXV ? 1 : i->op == IR_VUMINV ? 2 : 3;
    if (i->esz > 2 || !vec_can(g, ops[which][i->esz])) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    vec_move(g, X0, v.a);
    fold(g, ops[which][i->esz], i->esz, i->mod);
    keep_lane0(g, i->esz, v.dst, X0);
}

/* --- pairs into twice as wide elements -------------------------------------------------------- */

static void sum_pairs_unsigned(struct gen *g, unsigned esz, struct vec_args v)
{
    static const u16 right[3] = {X64_PSRLW_I, X64_PSRLD_I, X64_PSRLQ_I};
    static const u16 add[3] = {X64_PADDW, X64_PADDD, X64_PADDQ};
    unsigned bits = 8u << esz;
    u64 low = vec_splat(esz + 1, (UINT64_C(1) << bits) - 1);
    vec_op2c(g, X64_PAND, X0, v.a, low, low);
    vec_imm(g, right[esz], X1, v.a, bits);
    vec_op2(g, add[esz], v.dst, X0, X1);
}

void vec_sum_pairs(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool is_signed = i->op == IR_VSADDLP;
    struct vec_args v = vec_args(g, r, i);
    if (is_signed && i->esz == 1) {
        vec_op2c(g, X64_PMADDWD, v.dst, v.a, vec_splat(1, 1), vec_splat(1, 1));
    } else if (i->esz == 0 && vec_can(g, X64_PMADDUBSW)) {
        if (is_signed) { /* the first operand is the unsigned one */
            vec_load(g, X0, vec_splat(0, 1), vec_splat(0, 1));
            vec_op2(g, X64_PMADDUBSW, v.dst, X0, v.a);
        } else {
            vec_op2c(g, X64_PMADDUBSW, v.dst, v.a, vec_splat(0, 1), vec_splat(0, 1));
        }
    } else if (!is_signed) {
        sum_pairs_unsigned(g, i->esz, v);
    } else if (i->esz == 0) {
        vec_imm(g, X64_PSLLW_I, X0, v.a, 8);
        vec_imm(g, X64_PSRAW_I, X0, X0, 8);
        vec_imm(g, X64_PSRAW_I, X1, v.a, 8);
        vec_op2(g, X64_PADDW, v.dst, X0, X1);
    } else { /* with 2^31 more each, unsigned */
        u64 flip = vec_splat(2, 0x80000000), excess = UINT64_C(1) << 32;
        vec_op2c(g, X64_PXOR, X0, v.a, flip, flip);
        vec_imm(g, X64_PSRLQ_I, X1, X0, 32);
        vec_op2c(g, X64_PAND, X0, X0, 0xffffffff, 0xffffffff);
        vec_op2(g, X64_PADDQ, X0, X0, X1);
        vec_load(g, X1, excess, excess);
        vec_op2(g, X64_PSUBQ, v.dst, X0, X1);
    }
}
