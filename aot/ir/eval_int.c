/*
 * The evaluator: integer, bool and flags operations. i32 values are kept zero-extended, flags in
 * the home format of slots.h.
 */
#include "aot/ir/eval_run.h"

#define A eval_arg(e, i, 0)
#define B eval_arg(e, i, 1)
#define C eval_arg(e, i, 2)

static unsigned width_of(const struct ir_inst *i)
{
    return i->type == IR_I64 ? 64 : 32;
}

/* v cut to the instruction's type. */
static void give(const struct ir_inst *i, ir_value *out, u64 v)
{
    out->d[0] = width_of(i) == 64 ? v : (u32)v;
}

static s64 as_signed(const struct ir_inst *i, u64 v)
{
    return sign_extend(v, width_of(i));
}

/* Two-operand operations that wrap. */
#define BINARY(op, expression)                                                                     \
    EVAL_INST(op)                                                                                  \
    {                                                                                              \
        u64 a = A, b = B;                                                                          \
        give(i, out, expression);                                                                  \
    }

BINARY(ADD, a + b)
BINARY(SUB, a - b)
BINARY(MUL, a *b)
BINARY(AND, a &b)
BINARY(OR, a | b)
BINARY(XOR, a ^ b)
BINARY(ANDN, a & ~b)
BINARY(ORN, a | ~b)
BINARY(SHL, a << (b & (width_of(i) - 1)))
BINARY(SHR, a >> (b & (width_of(i) - 1)))
BINARY(SAR, (u64)(as_signed(i, a) >> (b & (width_of(i) - 1))))
BINARY(MULHU, (u64)((u128)a *b >> 64))
BINARY(MULHS, (u64)((s128)(s64)a *(s64)b >> 64))

EVAL_INST(ROR)
{
    unsigned w = width_of(i), n = (unsigned)(B & (w - 1));
    give(i, out, n ? A >> n | A << (w - n) : A);
}

EVAL_INST(EXTR)
{
    unsigned w = width_of(i), n = (unsigned)i->imm & (w - 1);
    give(i, out, n ? B >> n | A << (w - n) : B);
}

EVAL_INST(ADC)
{
    give(i, out, A + B + C);
}

EVAL_INST(SBC)
{
    give(i, out, A + ~B + C);
}

EVAL_INST(UDIV)
{
    give(i, out, B ? A / B : 0);
}

EVAL_INST(SDIV)
{
    s64 a = as_signed(i, A), b = as_signed(i, B);
    give(i, out, !b ? 0 : b == -1 ? -(u64)a : (u64)(a / b));
}

EVAL_INST(NEG)
{
    give(i, out, -A);
}

EVAL_INST(ABS)
{
    give(i, out, as_signed(i, A) < 0 ? -A : A);
}

EVAL_INST(NOT)
{
    give(i, out, ~A);
}

static unsigned leading_zeros(u64 v, unsigned width)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - width) : width;
}

EVAL_INST(CLZ)
{
    give(i, out, leading_zeros(A, width_of(i)));
}

EVAL_INST(CTZ)
{
    unsigned width = width_of(i);
    u64 x = A;
    if (width == 32) x = (u32)x;
    give(i, out, x ? (u64)__builtin_ctzll(x) : width);
}

EVAL_INST(CLS)
{
    s64 a = as_signed(i, A);
    u64 x = (u64)(a ^ a >> 63);
    give(i, out, (x ? (unsigned)__builtin_clzll(x) : 64) - (64 - width_of(i)) - 1);
}

EVAL_INST(RBIT)
{
    u64 v = A, r = 0;
    for (unsigned n = 0; n < width_of(i); n++, v >>= 1) r = r << 1 | (v & 1);
    give(i, out, r);
}

EVAL_INST(BSWAP)
{
    u64 a = A;
    if (i->esz == 3)
        a = __builtin_bswap64(a);
    else if (i->esz == 2)
        a = (u64)__builtin_bswap32((u32)(a >> 32)) << 32 | __builtin_bswap32((u32)a);
    else
        a = (a & UINT64_C(0x00ff00ff00ff00ff)) << 8 | (a >> 8 & UINT64_C(0x00ff00ff00ff00ff));
    give(i, out, a);
}

EVAL_INST(SEXT)
{
    give(i, out, (u64)sign_extend(A, 8u << i->esz));
}

EVAL_INST(ZEXT)
{
    give(i, out, i->esz >= 3 ? A : bits(A, 0, 8u << i->esz));
}

EVAL_INST(TRUNC)
{
    out->d[0] = (u32)A;
}

EVAL_INST(SELECT)
{
    *out = e->v[A & 1 ? i->arg[1] : i->arg[2]];
}

/* --- bools
 * ---------------------------------------------------------------------------------------- */

EVAL_INST(ICMP)
{
    u64 a = A, b = B;
    s64 sa = as_signed(i, a), sb = as_signed(i, b);
    bool r = false;
    switch (i->mod) {
    case IR_EQ: r = a == b; break;
    case IR_NE: r = a != b; break;
    case IR_ULT: r = a < b; break;
    case IR_ULE: r = a <= b; break;
    case IR_UGT: r = a > b; break;
    case IR_UGE: r = a >= b; break;
    case IR_SLT: r = sa < sb; break;
    case IR_SLE: r = sa <= sb; break;
    case IR_SGT: r = sa > sb; break;
    case IR_SGE: r = sa >= sb; break;
    default: break;
    }
    out->d[0] = r;
}

EVAL_INST(BNOT)
{
    out->d[0] = !(A & 1);
}

EVAL_INST(BAND)
{
    out->d[0] = A & B & 1;
}

EVAL_INST(BOR)
{
    out->d[0] = (A | B) & 1;
}

EVAL_INST(BINT)
{
    out->d[0] = A & 1;
}

static bool holds(u32 flags, unsigned cond)
{
    bool n = flags & NZCV_N, z = flags & NZCV_Z, c = flags & NZCV_C, v = flags & NZCV_V, r = true;
    switch (cond >> 1) {
    case 0: r = z; break;
    case 1: r = c; break;
    case 2: r = n; break;
    case 3: r = v; break;
    case 4: r = c && !z; break;
    case 5: r = n == v; break;
    case 6: r = n == v && !z; break;
    default: return true;
    }
    return r != (cond & 1);
}

EVAL_INST(COND)
{
    out->d[0] = holds((u32)A, i->mod);
}

/* --- flags
 * ---------------------------------------------------------------------------------------- */

/* NZCV of a + b + carry in the type's width. */
static void flags_of_sum(const struct ir_inst *i, u64 a, u64 b, u64 carry, ir_value *out)
{
    unsigned w = width_of(i);
    if (w == 32) a = (u32)a, b = (u32)b;
    u128 wide = (u128)a + b + carry;
    u64 r = w == 64 ? (u64)wide : (u32)wide;
    u32 flags = 0;
    if (r >> (w - 1)) flags |= NZCV_N;
    if (!r) flags |= NZCV_Z;
    if (wide >> w) flags |= NZCV_C;
    if (((a ^ r) & (b ^ r)) >> (w - 1) & 1) flags |= NZCV_V;
    out->d[0] = flags;
}

EVAL_INST(FLADD)
{
    flags_of_sum(i, A, B, 0, out);
}

EVAL_INST(FLSUB)
{
    flags_of_sum(i, A, ~B, 1, out);
}

EVAL_INST(FLADC)
{
    flags_of_sum(i, A, B, C & 1, out);
}

EVAL_INST(FLSBC)
{
    flags_of_sum(i, A, ~B, C & 1, out);
}

EVAL_INST(FLLOGIC)
{
    u64 a = A;
    out->d[0] = (a >> (width_of(i) - 1) & 1 ? NZCV_N : 0) | (a ? 0 : NZCV_Z);
}

EVAL_INST(FLSELECT)
{
    out->d[0] = A & 1 ? B : C;
}

EVAL_INST(FLCONST)
{
    (void)e;
    out->d[0] = nzcv_from_pstate((u32)i->imm << 28);
}

EVAL_INST(FLUNPACK)
{
    out->d[0] = nzcv_from_pstate((u32)A);
}

EVAL_INST(FLPACK)
{
    out->d[0] = nzcv_to_pstate((u32)A);
}
