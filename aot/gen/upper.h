/*
 * Vector instructions on any of the host's registers.
 *
 * XMM16 to XMM31 can be named by EVEX forms alone (Intel SDM volume 2, 2.7). Where struct gen.upper
 * says that the host has them, guest registers live in them like in the others, and emit functions
 * need not know: what has no EVEX form (comparisons, blends, AESIMC, SHA; vecops.h says which) is
 * done on copies, for which the generator keeps two registers below 16. A copy is a move of
 * registers, which costs the host a slot in its front end and no time.
 *
 * Operands are as x64.h has them. A fault point right before one of these calls is that of the
 * instruction, behind the copies.
 */
#ifndef AOT_GEN_UPPER_H
#define AOT_GEN_UPPER_H

#include "aot/gen/internal.h"

#define UPPER_FIRST 16

/* Registers below 16 for copies, which hold nothing else when struct gen.upper is set. */
enum { UPPER_COPY0 = X64_XMM14, UPPER_COPY1 };

/* Those for values then: all but these and scratch. */
#define UPPER_VALUES (~(3u << UPPER_COPY0) & ~3u)

/* The same functions, when a register is one of XMM16 to XMM31 and the operation has no EVEX form.
 * There is none for loads, stores and what has an immediate and one source: all of these that the
 * generator uses have EVEX forms, and the encoder asserts it. */
void gen_upper_rr(struct gen *g, enum x64_vec op, unsigned dst, unsigned src);
void gen_upper_rrr(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src);
void gen_upper_rrm(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m);
void gen_upper_rrri(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src, u8 imm);
void gen_upper_rrmi(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m,
                    u8 imm);
void gen_upper_blendv(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned src,
                      unsigned mask);

/* The host can't do the operation on these registers, or-ed. */
static inline bool gen_out_of_reach(enum x64_vec op, unsigned regs)
{
    return __builtin_expect(regs >= UPPER_FIRST, 0) && !x64_vec_reaches(op);
}

static inline void gen_vec_rr(struct gen *g, enum x64_vec op, unsigned dst, unsigned src)
{
    if (gen_out_of_reach(op, dst | src))
        gen_upper_rr(g, op, dst, src);
    else
        x64_vec_rr(&g->b, g->avx, op, dst, src);
}

static inline void gen_vec_rm(struct gen *g, enum x64_vec op, unsigned dst, struct x64_mem m)
{
    x64_vec_rm(&g->b, g->avx, op, dst, m);
}

static inline void gen_vec_mr(struct gen *g, enum x64_vec op, struct x64_mem m, unsigned src)
{
    x64_vec_mr(&g->b, g->avx, op, m, src);
}

static inline void gen_vec_rrr(struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                               unsigned src)
{
    if (gen_out_of_reach(op, dst | a | src))
        gen_upper_rrr(g, op, dst, a, src);
    else
        x64_vec_rrr(&g->b, g->avx, op, dst, a, src);
}

static inline void gen_vec_rrm(struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                               struct x64_mem m)
{
    if (gen_out_of_reach(op, dst | a))
        gen_upper_rrm(g, op, dst, a, m);
    else
        x64_vec_rrm(&g->b, g->avx, op, dst, a, m);
}

static inline void gen_vec_rri(struct gen *g, enum x64_vec op, unsigned dst, unsigned src, u8 imm)
{
    x64_vec_rri(&g->b, g->avx, op, dst, src, imm);
}

static inline void gen_vec_rmi(struct gen *g, enum x64_vec op, unsigned dst, struct x64_mem m,
                               u8 imm)
{
    x64_vec_rmi(&g->b, g->avx, op, dst, m, imm);
}

static inline void gen_vec_rrri(struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                                unsigned src, u8 imm)
{
    if (gen_out_of_reach(op, dst | a | src))
        gen_upper_rrri(g, op, dst, a, src, imm);
    else
        x64_vec_rrri(&g->b, g->avx, op, dst, a, src, imm);
}

static inline void gen_vec_rrmi(struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                                struct x64_mem m, u8 imm)
{
    if (gen_out_of_reach(op, dst | a))
        gen_upper_rrmi(g, op, dst, a, m, imm);
    else
        x64_vec_rrmi(&g->b, g->avx, op, dst, a, m, imm);
}

/* dst = all ones. */
static inline void gen_vec_ones(struct gen *g, unsigned dst)
{
    if (dst < UPPER_FIRST)
        x64_vec_rrr(&g->b, g->avx, X64_PCMPEQD, dst, dst, dst);
    else
        x64_vec_rrri(&g->b, true, X64_VPTERNLOGD, dst, dst, dst, 0xff);
}

static inline void gen_vec_blendv(struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                                  unsigned src, unsigned mask)
{
    if (gen_out_of_reach(op, dst | a | src | mask))
        gen_upper_blendv(g, op, dst, a, src, mask);
    else
        x64_vec_blendv(&g->b, g->avx, op, dst, a, src, mask);
}

#endif
