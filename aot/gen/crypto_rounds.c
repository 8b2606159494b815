/*
 * SHA-1 and SHA-256 on hosts without instructions for them: rounds in general registers, with the
 * working variables in vscratch. No variable moves to become the next: a round's new values
 * overwrite what it is the last to use, and its successor counts places from one further. After
 * four rounds the variables lie in order again, where this says.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

static struct x64_mem scratch(unsigned byte)
{
    return gen_state(offsetof(struct guest_state, vscratch) + byte);
}

/* Working variable `place`, and an element of the schedule. */
static struct x64_mem variable(unsigned place)
{
    return scratch(4 * place);
}

static struct x64_mem schedule(unsigned n)
{
    return scratch(32 + 4 * n);
}

static void put(struct gen *g, unsigned byte, unsigned reg)
{
    gen_vec_mr(g, X64_MOVAPS_ST, scratch(byte), reg);
}

static void load(struct gen *g, unsigned reg, struct x64_mem m)
{
    x64_mov_rm(B, 4, reg, m);
}

/* reg = reg op memory */
static void with(struct gen *g, enum x64_alu op, unsigned reg, struct x64_mem m)
{
    x64_alu_rm(B, op, 4, reg, m);
}

static void rotate_right(struct gen *g, unsigned dst, unsigned src, unsigned n)
{
    if (gen_has(g, X64_HAS_BMI2)) {
        x64_rorx_rri(B, 4, dst, src, (u8)n);
        return;
    }
    x64_mov_rr(B, 4, dst, src);
    x64_shift_ri(B, X64_ROR, 4, dst, (u8)n);
}

/* dst = src rotated by the three numbers, combined; t is used. */
static void three_rotations(struct gen *g, unsigned dst, unsigned src, const u8 n[3], unsigned t)
{
    rotate_right(g, dst, src, n[0]);
    rotate_right(g, t, src, n[1]);
    x64_alu_rr(B, X64_XOR, 4, dst, t);
    rotate_right(g, t, src, n[2]);
    x64_alu_rr(B, X64_XOR, 4, dst, t);
}

/* dst = bits of y where x has ones, else of z */
static void choose(struct gen *g, unsigned dst, unsigned x, struct x64_mem y, struct x64_mem z)
{
    load(g, dst, y);
    with(g, X64_XOR, dst, z);
    x64_alu_rr(B, X64_AND, 4, dst, x);
    with(g, X64_XOR, dst, z);
}

/* dst = the bits that two of x, y and z have; t is used. */
static void majority(struct gen *g, unsigned dst, unsigned x, struct x64_mem y, struct x64_mem z,
                     unsigned t)
{
    x64_mov_rr(B, 4, dst, x);
    x64_mov_rr(B, 4, t, x);
    with(g, X64_OR, dst, y);
    with(g, X64_AND, t, y);
    with(g, X64_AND, dst, z);
    x64_alu_rr(B, X64_OR, 4, dst, t);
}

/* --- SHA-256 ---------------------------------------------------------------------------------- */

/* Place of variable a + n, h being a + 7, in round `round`. */
static struct x64_mem of_round(unsigned n, unsigned round)
{
    return variable((n - round) & 7);
}

/* The registers hold a and e, before and after. RAX and RCX are used. */
static void sha256_round(struct gen *g, unsigned round, unsigned a, unsigned e, unsigned t)
{
    static const u8 sum0[3] = {2, 13, 22}, sum1[3] = {6, 11, 25};
    enum { A, BB, C, D, E, F, G, H };
    three_rotations(g, X64_RAX, e, sum1, X64_RCX);
    choose(g, X64_RCX, e, of_round(F, round), of_round(G, round));
    x64_alu_rr(B, X64_ADD, 4, X64_RAX, X64_RCX);
    with(g, X64_ADD, X64_RAX, of_round(H, round));
    with(g, X64_ADD, X64_RAX, schedule(round));
    load(g, e, of_round(D, round));
    x64_alu_rr(B, X64_ADD, 4, e, X64_RAX);
    x64_mov_mr(B, 4, of_round(D, round), e);
    majority(g, X64_RCX, a, of_round(BB, round), of_round(C, round), t);
    x64_alu_rr(B, X64_ADD, 4, X64_RAX, X64_RCX);
    three_rotations(g, X64_RCX, a, sum0, t);
    x64_alu_rr(B, X64_ADD, 4, X64_RAX, X64_RCX);
    x64_mov_rr(B, 4, a, X64_RAX);
    x64_mov_mr(B, 4, of_round(H, round), a);
}

/* Both halves change places: the new e to h are where a to d were. */
void crypto_sha256_rounds(struct gen *g, unsigned abcd, unsigned efgh, unsigned w)
{
    unsigned a = gen_temp_gpr(g), e = gen_temp_gpr(g), t = gen_temp_gpr(g);
    put(g, 0, abcd);
    put(g, 16, efgh);
    put(g, 32, w);
    load(g, a, variable(0));
    load(g, e, variable(4));
    for (unsigned round = 0; round < 4; round++) sha256_round(g, round, a, e, t);
}

void crypto_sha256_result(struct gen *g, unsigned dst, bool first)
{
    gen_vec_rm(g, X64_MOVAPS, dst, scratch(first ? 16 : 0));
}

/* a + sigma0 of the elements one up in b:a. */
void crypto_sha256_schedule0(struct gen *g, struct vec_args v)
{
    static const struct {
        u16 op;
        u8 by;
    } parts[] = {{X64_PSRLD_I, 7}, {X64_PSLLD_I, 25}, {X64_PSRLD_I, 18}, {X64_PSLLD_I, 14}};
    unsigned t = gen_temp_xmm(g);
    vec_op2i(g, X64_PALIGNR, X0, v.b, v.a, 4);
    vec_imm(g, X64_PSRLD_I, X1, X0, 3);
    for (unsigned n = 0; n < ARRAY_SIZE(parts); n++) {
        vec_imm(g, parts[n].op, t, X0, parts[n].by);
        vec_op2(g, X64_PXOR, X1, X1, t);
    }
    vec_op2(g, X64_PADDD, v.dst, X1, v.a);
}

/* X1's low two elements = sigma1 of X0's even ones, which must be doubled; others 0. */
static void sigma1(struct gen *g)
{
    vec_imm(g, X64_PSRLD_I, X1, X0, 10);
    vec_imm(g, X64_PSRLQ_I, X0, X0, 17);
    vec_op2(g, X64_PXOR, X1, X1, X0);
    vec_imm(g, X64_PSRLQ_I, X0, X0, 2);
    vec_op2(g, X64_PXOR, X1, X1, X0);
    vec_imm(g, X64_PSHUFD, X1, X1, 0x08);
    vec_op1(g, X64_MOVQ, X1, X1);
}

/* a + (the elements one up in c:b) + sigma1 of c's upper two, and of the first two results. */
void crypto_sha256_schedule1(struct gen *g, struct vec_args v)
{
    vec_op2i(g, X64_PALIGNR, X0, v.c, v.b, 4);
    vec_op2(g, X64_PADDD, X0, X0, v.a);
    put(g, 0, X0);
    vec_imm(g, X64_PSHUFD, X0, v.c, 0xfa);
    sigma1(g);
    gen_vec_rrm(g, X64_PADDD, X1, X1, scratch(0));
    put(g, 0, X1);
    vec_imm(g, X64_PSHUFD, X0, X1, 0x50);
    sigma1(g);
    vec_imm(g, X64_PSLLDQ, X1, X1, 8);
    gen_vec_rrm(g, X64_PADDD, X1, X1, scratch(0));
    vec_move(g, v.dst, X1);
}

/* --- SHA-1 ------------------------------------------------------------------------------------ */

/* Place of variable a + n, e being a + 4, in round `round`. */
static struct x64_mem of_round1(unsigned n, unsigned round)
{
    return variable((n + 5 - round) % 5);
}

static void sha1_round(struct gen *g, unsigned function, unsigned round, unsigned a, unsigned t)
{
    enum { A, BB, C, D, E };
    unsigned b = X64_RCX;
    load(g, b, of_round1(BB, round));
    if (function == 0) {
        choose(g, X64_RAX, b, of_round1(C, round), of_round1(D, round));
    } else if (function == 1) {
        load(g, X64_RAX, of_round1(C, round));
        with(g, X64_XOR, X64_RAX, of_round1(D, round));
        x64_alu_rr(B, X64_XOR, 4, X64_RAX, b);
    } else {
        majority(g, X64_RAX, b, of_round1(C, round), of_round1(D, round), t);
    }
    with(g, X64_ADD, X64_RAX, of_round1(E, round));
    with(g, X64_ADD, X64_RAX, schedule(round));
    x64_shift_ri(B, X64_ROR, 4, b, 2);
    x64_mov_mr(B, 4, of_round1(BB, round), b);
    rotate_right(g, t, a, 27);
    x64_alu_rr(B, X64_ADD, 4, X64_RAX, t);
    x64_mov_rr(B, 4, a, X64_RAX);
    x64_mov_mr(B, 4, of_round1(E, round), a);
}

/* Each round's a goes where e was: in the end a to d lie one place further. */
void crypto_sha1_rounds(struct gen *g, unsigned function, struct vec_args v)
{
    unsigned a = gen_temp_gpr(g), t = gen_temp_gpr(g);
    put(g, 0, v.a);
    put(g, 16, v.b);
    put(g, 32, v.c);
    load(g, a, variable(0));
    for (unsigned round = 0; round < 4; round++) sha1_round(g, function, round, a, t);
    gen_vec_rm(g, X64_MOVUPS, v.dst, variable(1));
}
