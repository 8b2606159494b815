/*
 * Vector operations: the table, what one host instruction does, and what the other files share.
 */
#include "aot/gen/vector.h"

#define B (&g->b)

/* --- shared ----------------------------------------------------------------------------------- */

bool vec_can(const struct gen *g, enum x64_vec op)
{
    u32 need = x64_vec_need(op, g->avx);
    if (need & X64_HAS_AVX && !g->avx) return false;
    return !(need & ~g->has);
}

/* Where the legacy form of dst = op(a, b) is computed. */
static unsigned workplace(const struct gen *g, enum x64_vec op, unsigned dst, unsigned a,
                          unsigned b)
{
    if (g->avx || dst != b || dst == a || !x64_vec_clobbers(op)) return dst;
    return a <= X64_XMM1 ? a : X64_XMM0;
}

void vec_op2(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b)
{
    unsigned work = workplace(g, op, dst, a, b);
    gen_vec_rrr(g, op, work, a, b);
    vec_move(g, dst, work);
}

void vec_op2i(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b, unsigned imm)
{
    unsigned work = workplace(g, op, dst, a, b);
    gen_vec_rrri(g, op, work, a, b, (u8)imm);
    vec_move(g, dst, work);
}

void vec_op2c(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, u64 lo, u64 hi)
{
    gen_vec_rrm(g, op, dst, a, gen_pool(g, lo, hi));
}

/* The table with operands one and other (bits of an index: a is 4, b 2, c 1) in each other's place.
 */
static u8 exchange(u8 table, unsigned one, unsigned other)
{
    unsigned result = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned to = n & ~(one | other);
        if (n & one) to |= other;
        if (n & other) to |= one;
        result |= (table >> n & 1u) << to;
    }
    return (u8)result;
}

void vec_ternary(struct gen *g, unsigned dst, unsigned a, unsigned b, unsigned c, u8 table)
{
    if (dst != a && dst == b) {
        b = a;
        table = exchange(table, 4, 2);
    } else if (dst != a && dst == c) {
        c = a;
        table = exchange(table, 4, 1);
    } else {
        vec_move(g, dst, a);
    }
    gen_vec_rrri(g, X64_VPTERNLOGD, dst, b, c, table);
}

void vec_load(struct gen *g, unsigned dst, u64 lo, u64 hi)
{
    gen_vec_rm(g, X64_MOVAPS, dst, gen_pool(g, lo, hi));
}

u64 vec_splat(unsigned esz, u64 value)
{
    static const u64 ones[4] = {0x0101010101010101, 0x0001000100010001, 0x0000000100000001, 1};
    u64 mask = esz == 3 ? ~UINT64_C(0) : (UINT64_C(1) << (8u << esz)) - 1;
    return ones[esz] * (value & mask);
}

bool vec_const(const struct gen *g, ir_ref r, u64 *lo, u64 *hi)
{
    const struct ir_inst *i = gen_inst(g, r);
    if (g->val[r].place != VAL_CONST) return false;
    *lo = *hi = (u64)i->imm;
    if (i->op == IR_VCONST2)
        *hi = i->arg[0] | (u64)i->arg[1] << 32;
    else if (i->type != IR_V128)
        *hi = 0;
    return true;
}

void vec_select(struct gen *g, unsigned esz, unsigned dst, unsigned a, unsigned b, unsigned mask)
{
    gen_vec_blendv(g, esz == 2 ? X64_BLENDVPS : X64_BLENDVPD, dst, a, b, mask);
}

void vec_sign64(struct gen *g, unsigned dst, unsigned a)
{
    vec_imm(g, X64_PSRAD_I, dst, a, 31);
    vec_imm(g, X64_PSHUFD, dst, dst, 0xf5);
}

struct vec_args vec_args(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = {gen_use_xmm(g, i->arg[0]), NO_REG, NO_REG, NO_REG};
    if (i->arg[1]) v.b = gen_use_xmm(g, i->arg[1]);
    if (i->arg[2]) v.c = gen_use_xmm(g, i->arg[2]);
    gen_consume(g, i);
    v.dst = gen_def_xmm(g, r, v.a);
    return v;
}

bool vec_op2_memory(struct gen *g, ir_ref r, const struct ir_inst *i, enum x64_vec op,
                    bool commutes)
{
    struct x64_mem m;
    bool second = gen_in_memory(g, i->arg[1], 1, &m);
    if (!second && !(commutes && gen_in_memory(g, i->arg[0], 1, &m))) return false;
    unsigned a = gen_use_xmm(g, i->arg[second ? 0 : 1]);
    gen_consume(g, i);
    gen_vec_rrm(g, op, gen_def_xmm(g, r, a), a, m);
    return true;
}

struct vec_source vec_source(struct gen *g, ir_ref r)
{
    struct vec_source a = {.reg = NO_REG};
    u64 lo, hi;
    if (vec_const(g, r, &lo, &hi))
        a.m = gen_pool(g, lo, hi);
    else if (!gen_in_memory(g, r, 1, &a.m))
        a.reg = gen_use_xmm(g, r);
    return a;
}

void vec_op1_of(struct gen *g, enum x64_vec op, unsigned dst, struct vec_source a)
{
    if (a.reg == NO_REG)
        gen_vec_rm(g, op, dst, a.m);
    else
        vec_op1(g, op, dst, a.reg);
}

void vec_op2_of(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct vec_source b)
{
    if (b.reg == NO_REG)
        gen_vec_rrm(g, op, dst, a, b.m);
    else
        vec_op2(g, op, dst, a, b.reg);
}

void vec_imm_of(struct gen *g, enum x64_vec op, unsigned dst, struct vec_source a, unsigned imm)
{
    if (a.reg == NO_REG)
        gen_vec_rmi(g, op, dst, a.m, (u8)imm);
    else
        vec_imm(g, op, dst, a.reg, imm);
}

unsigned vec_temps_left(const struct gen *g)
{
    return (unsigned)__builtin_popcount(g->xmm_temps & ~g->xmm_locked);
}

/* --- one host instruction --------------------------------------------------------------------- */

#define ALL(op)                                                                                    \
    {                                                                                              \
        op, op, op, op                                                                             \
    }

/* By element size; 0 (MOVAPS): there is none. */
static const u16 direct[IR_OP_COUNT][4] = {
    [IR_VADD] = {X64_PADDB, X64_PADDW, X64_PADDD, X64_PADDQ},
    [IR_VSUB] = {X64_PSUBB, X64_PSUBW, X64_PSUBD, X64_PSUBQ},
    [IR_VMUL] = {0, X64_PMULLW, X64_PMULLD, 0},
    [IR_VAND] = ALL(X64_PAND),
    [IR_VOR] = ALL(X64_POR),
    [IR_VXOR] = ALL(X64_PXOR),
    [IR_VANDN] = ALL(X64_PANDN),
    [IR_VSMIN] = {X64_PMINSB, X64_PMINSW, X64_PMINSD, 0},
    [IR_VSMAX] = {X64_PMAXSB, X64_PMAXSW, X64_PMAXSD, 0},
    [IR_VUMIN] = {X64_PMINUB, X64_PMINUW, X64_PMINUD, 0},
    [IR_VUMAX] = {X64_PMAXUB, X64_PMAXUW, X64_PMAXUD, 0},
    [IR_VCMPEQ] = {X64_PCMPEQB, X64_PCMPEQW, X64_PCMPEQD, X64_PCMPEQQ},
    [IR_VCMPGTS] = {X64_PCMPGTB, X64_PCMPGTW, X64_PCMPGTD, X64_PCMPGTQ},
    [IR_VSQADD] = {X64_PADDSB, X64_PADDSW, 0, 0},
    [IR_VSQSUB] = {X64_PSUBSB, X64_PSUBSW, 0, 0},
    [IR_VUQADD] = {X64_PADDUSB, X64_PADDUSW, 0, 0},
    [IR_VUQSUB] = {X64_PSUBUSB, X64_PSUBUSW, 0, 0},
    [IR_VURHADD] = {X64_PAVGB, X64_PAVGW, 0, 0},
    [IR_VZIP1] = {X64_PUNPCKLBW, X64_PUNPCKLWD, X64_PUNPCKLDQ, X64_PUNPCKLQDQ},
    [IR_VZIP2] = {X64_PUNPCKHBW, X64_PUNPCKHWD, X64_PUNPCKHDQ, X64_PUNPCKHQDQ},
};

/* What to do when there is none. */
static void several_instructions(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    switch (i->op) {
    case IR_VMUL: vec_mul(g, r, i); return;
    case IR_VSMIN:
    case IR_VSMAX:
    case IR_VUMIN:
    case IR_VUMAX: vec_min_max(g, r, i); return;
    case IR_VCMPEQ: vec_compare_equal64(g, r, i); return;
    case IR_VCMPGTS: vec_compare_greater64(g, r, i); return;
    case IR_VURHADD: vec_halve(g, r, i); return;
    case IR_VSQADD:
    case IR_VSQSUB:
    case IR_VUQADD:
    case IR_VUQSUB: vec_saturating_add(g, r, i); return;
    default: gen_by_helper(g, r, i);
    }
}

static bool commutes(unsigned op)
{
    switch (op) {
    case IR_VSUB:
    case IR_VCMPGTS:
    case IR_VSQSUB:
    case IR_VUQSUB:
    case IR_VZIP1:
    case IR_VZIP2: return false;
    default: return true;
    }
}

void vec_one_instruction(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    enum x64_vec op = direct[i->op][i->esz];
    u64 lo, hi;
    if (!op || !vec_can(g, op)) {
        several_instructions(g, r, i);
        return;
    }
    bool constant = vec_const(g, i->arg[1], &lo, &hi);
    if (i->op == IR_VANDN) {
        if (constant) { /* a & ~constant */
            unsigned a = gen_use_xmm(g, i->arg[0]);
            gen_consume(g, i);
            vec_op2c(g, X64_PAND, gen_def_xmm(g, r, a), a, ~lo, ~hi);
            return;
        }
        struct vec_args v = vec_args(g, r, i);
        vec_op2(g, op, v.dst, v.b, v.a);
    } else if (constant && (lo || hi) && (~lo || ~hi)) {
        unsigned a = gen_use_xmm(g, i->arg[0]);
        gen_consume(g, i);
        vec_op2c(g, op, gen_def_xmm(g, r, a), a, lo, hi);
    } else if (!vec_op2_memory(g, r, i, op, commutes(i->op))) {
        struct vec_args v = vec_args(g, r, i);
        vec_op2(g, op, v.dst, v.a, v.b);
    }
}
