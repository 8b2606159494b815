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
 * Where the next such pair takes both results, the host's form of them stays in two registers: so
 * the shuffles between the forms are not on the way from rounds to rounds, and what the guest's
 * registers hold is only for those who look.
 *
 * SHA-1. The host's four rounds add the round constant, which the guest has added already, and
 * count lanes from the top.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

#define ROUND_DISTANCE 128 /* instructions from a round to the next */

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

void emit_aes_round(struct gen *g, ir_ref r, const struct ir_inst *i)
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

void emit_aes_mix(struct gen *g, ir_ref r, const struct ir_inst *i)
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

/* The SHA256H2 close behind that does the same rounds, or IR_NONE: its place may be taken now. */
static ir_ref other_half(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref end = g->f->block[g->block].end;
    u64 accessed = 0;
    for (ir_ref n = r + 1; n < end && n < r + 8; n++) {
        const struct ir_inst *o = gen_inst(g, n);
        unsigned kind = ir_op_kind[o->op], hint = ir_hint(o);
        if (o->op == IR_SHA256H2) {
            bool same = o->arg[0] == i->arg[1] && o->arg[1] == i->arg[0] && o->arg[2] == i->arg[2];
            bool apart = hint && accessed >> (hint - 1) & 1;
            return same && !apart && gen_left(g, n) ? n : IR_NONE;
        }
        if (kind >= IR_KIND_POINT) accessed = ~UINT64_C(0);
        if ((kind == IR_KIND_GET || kind == IR_KIND_SET) && o->imm < SLOT_REGISTERS)
            accessed |= UINT64_C(1) << o->imm;
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
    gen_vec_rr(g, X64_SHA256RNDS2, X1, work);
    vec_imm(g, X64_PSHUFD, X0, X0, 0x0e);
    gen_vec_rr(g, X64_SHA256RNDS2, work, X1);
}

/* The other half, if there is one and room for it, is in this register; else NO_REG. */
static unsigned bind_other(struct gen *g, ir_ref other)
{
    if (!other || !vec_temps_left(g)) return NO_REG;
    unsigned reg = gen_temp_xmm(g);
    gen_consume(g, gen_inst(g, other));
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

/* The instruction's guest instruction, whose place in g->val is nobody's. */
static ir_ref insn_of(const struct gen *g, ir_ref r)
{
    ir_ref first = g->f->block[g->block].first;
    while (r > first && gen_inst(g, r)->op != IR_INSN) r--;
    return r;
}

/* The rounds of r and `other` go on with those of another pair. */
static bool rounds_go_on(const struct gen *g, ir_ref r, ir_ref other)
{
    ir_ref end = g->f->block[g->block].end;
    for (ir_ref n = other + 1; n < end && n < other + ROUND_DISTANCE; n++) {
        const struct ir_inst *i = gen_inst(g, n);
        if (i->op == IR_SHA256H) return i->arg[0] == r && i->arg[1] == other;
    }
    return false;
}

static void forget_state(struct gen *g)
{
    if (!g->sha256.first) return;
    gen_consume_one(g, g->sha256.abef);
    gen_consume_one(g, g->sha256.cdgh);
    g->sha256.first = IR_NONE;
}

static void keep_state(struct gen *g, ir_ref r, ir_ref other, unsigned abef, unsigned cdgh)
{
    struct sha256_state s = {r, other, insn_of(g, r), insn_of(g, other)};
    if (gen_inst(g, s.abef)->op != IR_INSN || s.abef == s.cdgh) return;
    g->sha256 = s;
    gen_bind_xmm(g, s.abef, abef);
    gen_bind_xmm(g, s.cdgh, cdgh);
}

/* The host's form of the operands is at hand. What is in memory is of no use. */
static bool state_is_kept(struct gen *g, const struct ir_inst *i)
{
    const struct sha256_state *s = &g->sha256;
    if (!s->first) return false;
    bool kept = s->first == i->arg[0] && s->second == i->arg[1] &&
                g->val[s->abef].place == VAL_XMM && g->val[s->cdgh].place == VAL_XMM;
    if (!kept) forget_state(g);
    return kept;
}

static unsigned is_outside_pins(const struct gen *g, ir_ref r)
{
    return g->val[r].place != VAL_XMM || g->xmm.slot[g->val[r].reg] == NO_SLOT;
}

/* A pair, both results at once. False: that could take more registers than there are. */
static bool sha256_pair(struct gen *g, ir_ref r, ir_ref other, const struct ir_inst *i)
{
    bool kept = state_is_kept(g, i);
    unsigned need = 4 + is_outside_pins(g, i->arg[2]);
    if (!kept) need += is_outside_pins(g, i->arg[0]) + is_outside_pins(g, i->arg[1]);
    if (vec_temps_left(g) < need) return false;
    unsigned abef, cdgh, w = gen_use_xmm(g, i->arg[2]);
    if (kept) {
        abef = gen_use_xmm(g, g->sha256.abef);
        cdgh = gen_use_xmm(g, g->sha256.cdgh);
    } else {
        unsigned a = gen_use_xmm(g, i->arg[0]), b = gen_use_xmm(g, i->arg[1]);
        abef = gen_temp_xmm(g);
        cdgh = gen_temp_xmm(g);
        vec_op2i(g, X64_SHUFPS, cdgh, b, a, 0xbb);
        vec_op2i(g, X64_SHUFPS, abef, b, a, 0x11);
    }
    vec_move(g, X0, w);
    gen_vec_rr(g, X64_SHA256RNDS2, cdgh, abef);
    vec_imm(g, X64_PSHUFD, X0, X0, 0x0e);
    gen_vec_rr(g, X64_SHA256RNDS2, abef, cdgh);
    forget_state(g);
    gen_consume(g, i);
    gen_consume(g, gen_inst(g, other));
    unsigned first = gen_def_xmm(g, r, NO_REG), second = gen_def_xmm(g, other, NO_REG);
    vec_op2i(g, X64_SHUFPS, first, abef, cdgh, 0xbb);
    vec_op2i(g, X64_SHUFPS, second, abef, cdgh, 0x11);
    if (rounds_go_on(g, r, other)) keep_state(g, r, other, abef, cdgh);
    return true;
}

void emit_sha256_hash(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    bool first = i->op == IR_SHA256H;
    if (g->val[r].place != VAL_NONE) return; /* made with the other half */
    ir_ref other = first ? other_half(g, r, i) : IR_NONE;
    if (!gen_has(g, X64_HAS_SHA)) {
        sha256_by_integers(g, r, i, other);
        return;
    }
    if (other && sha256_pair(g, r, other, i)) return;
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

void emit_sha256_schedule0(struct gen *g, ir_ref r, const struct ir_inst *i)
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
    gen_vec_rr(g, X64_SHA256MSG1, X0, v.b);
    vec_move(g, v.dst, X0);
}

/* a + (the elements one up in c:b), then the host's second half. */
void emit_sha256_schedule1(struct gen *g, ir_ref r, const struct ir_inst *i)
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
    gen_vec_rr(g, X64_SHA256MSG2, X0, v.c);
    vec_move(g, v.dst, X0);
}

/* --- SHA-1 ------------------------------------------------------------------------------------ */

void emit_sha1_rounds(struct gen *g, ir_ref r, const struct ir_inst *i)
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
    gen_vec_rri(g, X64_SHA1RNDS4, X1, X0, i->mod);
    vec_imm(g, X64_PSHUFD, v.dst, X1, 0x1b);
}

/* Lane 0 rotated left by 30, zeros above. */
void emit_sha1_hash(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op2c(g, X64_PAND, X0, v.a, UINT32_MAX, 0);
    vec_imm(g, X64_PSLLD_I, X1, X0, 30);
    vec_imm(g, X64_PSRLD_I, X0, X0, 2);
    vec_op2(g, X64_POR, v.dst, X0, X1);
}

void emit_sha1_schedule0(struct gen *g, ir_ref r, const struct ir_inst *i)
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
void emit_sha1_schedule1(struct gen *g, ir_ref r, const struct ir_inst *i)
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
