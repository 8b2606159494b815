/*
 * AES, SHA-1 and SHA-256 by the host's instructions; what SHA hosts without them have instead is in
 * crypto_rounds.c.
 *
 * AES. The guest's AESE is ShiftRows and SubBytes of a ^ key: the host's last round with a key of
 * zero. MixColumns alone is a whole host round behind an inverse last round. A pair of AESE and
 * AESMC, or of AESD and AESIMC, is one host round.
 *
 * The guest adds a round's key before it, the host behind it. So where only another round wants the
 * result of a pair, the host's round waits for that: until then the result's register holds what
 * goes into it, and the next round's key completes it.
 *
 * SHA-256. Host registers hold a, b, e, f and c, d, g, h, from the highest lane down; the guest's
 * hold a to d and e to h, from the lowest up. Both of the guest's instructions do four rounds, of
 * which each keeps half: a SHA256H2 that does the rounds of the SHA256H before it is made with it.
 *
 * SHA-1. The host's four rounds add the round constant, which the guest has added already, and
 * count lanes from the top.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

/* --- AES -------------------------------------------------------------------------------------- */

/* The next instruction behind r that does something, in the block or at its end. */
static ir_ref next_behind(const struct gen *g, ir_ref r)
{
    ir_ref n = r + 1, end = g->f->block[g->block].end;
    while (n < end && (gen_inst(g, n)->op == IR_NOP || gen_inst(g, n)->op == IR_INSN)) n++;
    return n;
}

/* The instruction `op` on r next behind it, when it is r's only user. */
static ir_ref sole_user_behind(struct gen *g, ir_ref r, unsigned op)
{
    ir_ref n = next_behind(g, r), end = g->f->block[g->block].end;
    if (n >= end || gen_inst(g, n)->op != op || gen_inst(g, n)->arg[0] != r) return IR_NONE;
    return gen_left(g, r) == 1 && gen_left(g, n) ? n : IR_NONE;
}

#define ROUND_DISTANCE 128 /* instructions from a round to the next */

static unsigned mix_of(unsigned op)
{
    return op == IR_AESE ? IR_AESMC : IR_AESIMC;
}

/* Round n takes the result of `mix`, and nobody else does. By the IR only: asked at both. */
static bool continues(const struct gen *g, ir_ref mix, ir_ref n)
{
    const struct ir_inst *m = gen_inst(g, mix), *i = gen_inst(g, n);
    unsigned k = i->arg[0] == mix ? 0 : 1;
    if ((i->op != IR_AESE && i->op != IR_AESD) || m->op != mix_of(i->op)) return false;
    if (i->arg[k] != mix || gen_inst(g, i->arg[!k])->op == m->op) return false;
    const struct ir_inst *before = gen_inst(g, m->arg[0]);
    if (m->uses != 1 || before->op != i->op || before->uses != 1) return false;
    return next_behind(g, m->arg[0]) == mix && n - mix < ROUND_DISTANCE;
}

static bool has_next_round(const struct gen *g, ir_ref mix)
{
    ir_ref end = g->f->block[g->block].end;
    for (ir_ref n = mix + 1; n < end && n - mix < ROUND_DISTANCE; n++)
        if (continues(g, mix, n)) return true;
    return false;
}

static void aes_round(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool encrypt = i->op == IR_AESE;
    if (!gen_has(g, X64_HAS_AES)) {
        gen_by_helper(g, r, i);
        return;
    }
    ir_ref mix = sole_user_behind(g, r, mix_of(i->op));
    enum x64_vec last = encrypt ? X64_AESENCLAST : X64_AESDECLAST;
    enum x64_vec whole = encrypt ? X64_AESENC : X64_AESDEC;
    unsigned k = continues(g, i->arg[1], r); /* the state's argument */
    enum x64_vec add_key = k || continues(g, i->arg[0], r) ? whole : X64_PXOR;
    struct vec_args v = {gen_use_xmm(g, i->arg[k]), gen_use_xmm(g, i->arg[!k]), NO_REG, NO_REG};
    gen_consume(g, i);
    v.dst = gen_def_xmm(g, mix ? mix : r, v.a);
    if (mix && has_next_round(g, mix)) {
        vec_op2(g, add_key, v.dst, v.a, v.b);
        return;
    }
    vec_op2(g, add_key, X0, v.a, v.b);
    vec_zero(g, X1);
    vec_op2(g, mix ? whole : last, v.dst, X0, X1);
}

static void aes_mix(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!gen_has(g, X64_HAS_AES)) {
        gen_by_helper(g, r, i);
        return;
    }
    if (g->val[r].place == VAL_XMM) { /* made with the round before it */
        gen_consume(g, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (i->op == IR_AESIMC) {
        vec_op1(g, X64_AESIMC, v.dst, v.a);
        return;
    }
    vec_zero(g, X1);
    vec_op2(g, X64_AESDECLAST, X0, v.a, X1);
    vec_op2(g, X64_AESENC, v.dst, X0, X1);
}

/* --- SHA-256 ---------------------------------------------------------------------------------- */

/* The SHA256H2 close behind that does the same rounds, or IR_NONE. */
static ir_ref other_half(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref end = g->f->block[g->block].end;
    for (ir_ref n = r + 1; n < end && n < r + 8; n++) {
        const struct ir_inst *o = gen_inst(g, n);
        if (o->op != IR_SHA256H2) continue;
        bool same = o->arg[0] == i->arg[1] && o->arg[1] == i->arg[0] && o->arg[2] == i->arg[2];
        return same && gen_left(g, n) ? n : IR_NONE;
    }
    return IR_NONE;
}

/* Four rounds: `work` and X1 become the two state registers. work is apart from the operands or,
 * with AVX, anything but c. */
static void sha256_rounds(struct gen *g, unsigned abcd, unsigned efgh, unsigned w, unsigned work)
{
    vec_op2i(g, X64_SHUFPS, X1, efgh, abcd, 0xbb);
    vec_op2i(g, X64_SHUFPS, work, efgh, abcd, 0x11);
    vec_move(g, X0, w);
    x64_vec_rr(B, false, X64_SHA256RNDS2, X1, work);
    vec_imm(g, X64_PSHUFD, X0, X0, 0x0e);
    x64_vec_rr(B, false, X64_SHA256RNDS2, work, X1);
}

/* The other half, if there is one and room for it, is in this register; else NO_REG. */
static unsigned bind_other(struct gen *g, ir_ref other)
{
    if (!other || !vec_temps_left(g)) return NO_REG;
    unsigned reg = gen_temp_xmm(g);
    gen_bind_xmm(g, other, reg);
    g->val[other].narrow = true;
    return reg;
}

static void sha256_by_integers(struct gen *g, ir_ref r, const struct ir_inst *i, ir_ref other)
{
    bool first = i->op == IR_SHA256H;
    gen_clobber_flags(g);
    struct vec_args v = vec_args(g, r, i);
    crypto_sha256_rounds(g, first ? v.a : v.b, first ? v.b : v.a, v.c);
    crypto_sha256_result(g, v.dst, first);
    unsigned reg = bind_other(g, other);
    if (reg != NO_REG) crypto_sha256_result(g, reg, false);
}

static void sha256_hash(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool first = i->op == IR_SHA256H;
    if (g->val[r].place == VAL_XMM) { /* made with the other half */
        gen_consume(g, i);
        return;
    }
    ir_ref other = first ? other_half(g, r, i) : IR_NONE;
    if (!gen_has(g, X64_HAS_SHA)) {
        sha256_by_integers(g, r, i, other);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    bool apart = v.dst != v.a && v.dst != v.b && v.dst != v.c;
    unsigned work = apart ? v.dst : gen_temp_xmm(g);
    if (first)
        sha256_rounds(g, v.a, v.b, v.c, work);
    else
        sha256_rounds(g, v.b, v.a, v.c, work);
    unsigned reg = bind_other(g, other);
    if (reg != NO_REG) vec_op2i(g, X64_SHUFPS, reg, work, X1, 0x11);
    vec_op2i(g, X64_SHUFPS, v.dst, work, X1, first ? 0xbb : 0x11);
}

static void sha256_schedule0(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!vec_can(g, X64_PALIGNR)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (!gen_has(g, X64_HAS_SHA)) {
        crypto_sha256_schedule0(g, v);
        return;
    }
    vec_move(g, X0, v.a);
    x64_vec_rr(B, false, X64_SHA256MSG1, X0, v.b);
    vec_move(g, v.dst, X0);
}

/* a + (the elements one up in c:b), then the host's second half. */
static void sha256_schedule1(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (!vec_can(g, X64_PALIGNR)) {
        gen_by_helper(g, r, i);
        return;
    }
    struct vec_args v = vec_args(g, r, i);
    if (!gen_has(g, X64_HAS_SHA)) {
        crypto_sha256_schedule1(g, v);
        return;
    }
    vec_op2i(g, X64_PALIGNR, X0, v.c, v.b, 4);
    vec_op2(g, X64_PADDD, X0, X0, v.a);
    x64_vec_rr(B, false, X64_SHA256MSG2, X0, v.c);
    vec_move(g, v.dst, X0);
}

/* --- SHA-1 ------------------------------------------------------------------------------------ */

static void sha1_rounds(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u32 constant[3] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc};
    if (!gen_has(g, X64_HAS_SHA)) {
        gen_clobber_flags(g);
        crypto_sha1_rounds(g, i->mod, vec_args(g, r, i));
        return;
    }
    u64 k = vec_splat(2, constant[i->mod]);
    struct vec_args v = vec_args(g, r, i);
    vec_op2c(g, X64_PSUBD, X0, v.c, k, k);
    vec_imm(g, X64_PSHUFD, X0, X0, 0x1b);
    vec_imm(g, X64_PSLLDQ, X1, v.b, 12);
    vec_op2(g, X64_PADDD, X0, X0, X1);
    vec_imm(g, X64_PSHUFD, X1, v.a, 0x1b);
    x64_vec_rri(B, false, X64_SHA1RNDS4, X1, X0, i->mod);
    vec_imm(g, X64_PSHUFD, v.dst, X1, 0x1b);
}

/* Lane 0 rotated left by 30, zeros above. */
static void sha1_hash(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op2c(g, X64_PAND, X0, v.a, UINT32_MAX, 0);
    vec_imm(g, X64_PSLLD_I, X1, X0, 30);
    vec_imm(g, X64_PSRLD_I, X0, X0, 2);
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

static void sha1_schedule0(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op2i(g, X64_SHUFPD, X0, v.a, v.b, 1);
    vec_op2(g, X64_PXOR, X0, X0, v.a);
    vec_op2(g, X64_PXOR, v.dst, X0, v.c);
}

/* dst = each element rotated left by 1; a is a scratch register that changes. */
static void rotate1(struct gen *g, unsigned a, unsigned t)
{
    vec_imm(g, X64_PSRLD_I, t, a, 31);
    vec_op2(g, X64_PADDD, a, a, a);
    vec_op2(g, X64_POR, a, a, t);
}

/* The top element also wants what the lowest has become, rotated once more. */
static void sha1_schedule1(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    unsigned t = gen_temp_xmm(g);
    vec_imm(g, X64_PSRLDQ, X0, v.b, 4);
    vec_op2(g, X64_PXOR, X0, X0, v.a);
    rotate1(g, X0, X1);
    vec_imm(g, X64_PSLLDQ, X1, X0, 12);
    rotate1(g, X1, t);
    vec_op2(g, X64_PXOR, v.dst, X0, X1);
}

gen_fn *const gen_crypto_ops[IR_OP_COUNT] = {
    [IR_AESE] = aes_round,
    [IR_AESD] = aes_round,
    [IR_AESMC] = aes_mix,
    [IR_AESIMC] = aes_mix,
    [IR_SHA1H] = sha1_hash,
    [IR_SHA1R] = sha1_rounds,
    [IR_SHA1SU0] = sha1_schedule0,
    [IR_SHA1SU1] = sha1_schedule1,
    [IR_SHA256H] = sha256_hash,
    [IR_SHA256H2] = sha256_hash,
    [IR_SHA256SU0] = sha256_schedule0,
    [IR_SHA256SU1] = sha256_schedule1,
};
