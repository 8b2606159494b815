/*
 * The evaluator: integer, bool and flags operations. i32 values are kept zero-extended, flags in
 * the home format of slots.h.
 */
#include "aot/ir/eval_run.h"

#define EVAL(name) static void name(struct eval_run *e, const struct ir_inst *i, ir_value *out)

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
#define BINARY(name, expression)                                                                   \
    EVAL(name)                                                                                     \
    {                                                                                              \
        u64 a = A, b = B;                                                                          \
        give(i, out, expression);                                                                  \
    }

BINARY(op_add, a + b)
BINARY(op_sub, a - b)
BINARY(op_mul, a *b)
BINARY(op_and, a &b)
BINARY(op_or, a | b)
BINARY(op_xor, a ^ b)
BINARY(op_andn, a & ~b)
BINARY(op_orn, a | ~b)
BINARY(op_shl, a << (b & (width_of(i) - 1)))
BINARY(op_shr, a >> (b & (width_of(i) - 1)))
BINARY(op_sar, (u64)(as_signed(i, a) >> (b & (width_of(i) - 1))))
BINARY(op_mulhu, (u64)((u128)a *b >> 64))
BINARY(op_mulhs, (u64)((s128)(s64)a *(s64)b >> 64))

EVAL(op_ror)
{
    unsigned w = width_of(i), n = (unsigned)(B & (w - 1));
    give(i, out, n ? A >> n | A << (w - n) : A);
}

EVAL(op_extr)
{
    unsigned w = width_of(i), n = (unsigned)i->imm & (w - 1);
    give(i, out, n ? B >> n | A << (w - n) : B);
}

EVAL(op_adc)
{
    give(i, out, A + B + C);
}

EVAL(op_sbc)
{
    give(i, out, A + ~B + C);
}

EVAL(op_udiv)
{
    give(i, out, B ? A / B : 0);
}

EVAL(op_sdiv)
{
    s64 a = as_signed(i, A), b = as_signed(i, B);
    give(i, out, !b ? 0 : b == -1 ? -(u64)a : (u64)(a / b));
}

EVAL(op_neg)
{
    give(i, out, -A);
}

EVAL(op_abs)
{
    give(i, out, as_signed(i, A) < 0 ? -A : A);
}

EVAL(op_not)
{
    give(i, out, ~A);
}

static unsigned leading_zeros(u64 v, unsigned width)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - width) : width;
}

EVAL(op_clz)
{
    give(i, out, leading_zeros(A, width_of(i)));
}

EVAL(op_ctz)
{
    unsigned width = width_of(i);
    u64 x = A;
    if (width == 32) x = (u32)x;
    give(i, out, x ? (u64)__builtin_ctzll(x) : width);
}

EVAL(op_cls)
{
    s64 a = as_signed(i, A);
    u64 x = (u64)(a ^ a >> 63);
    give(i, out, (x ? (unsigned)__builtin_clzll(x) : 64) - (64 - width_of(i)) - 1);
}

EVAL(op_rbit)
{
    u64 v = A, r = 0;
    for (unsigned n = 0; n < width_of(i); n++, v >>= 1) r = r << 1 | (v & 1);
    give(i, out, r);
}

EVAL(op_bswap)
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

EVAL(op_sext)
{
    give(i, out, (u64)sign_extend(A, 8u << i->esz));
}

EVAL(op_zext)
{
    give(i, out, i->esz >= 3 ? A : bits(A, 0, 8u << i->esz));
}

EVAL(op_trunc)
{
    out->d[0] = (u32)A;
}

EVAL(op_select)
{
    *out = e->v[A & 1 ? i->arg[1] : i->arg[2]];
}

/* --- bools
 * ---------------------------------------------------------------------------------------- */

EVAL(op_icmp)
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

EVAL(op_bnot)
{
    out->d[0] = !(A & 1);
}

EVAL(op_band)
{
    out->d[0] = A & B & 1;
}

EVAL(op_bor)
{
    out->d[0] = (A | B) & 1;
}

EVAL(op_bint)
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

EVAL(op_cond)
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

EVAL(op_fladd)
{
    flags_of_sum(i, A, B, 0, out);
}

EVAL(op_flsub)
{
    flags_of_sum(i, A, ~B, 1, out);
}

EVAL(op_fladc)
{
    flags_of_sum(i, A, B, C & 1, out);
}

EVAL(op_flsbc)
{
    flags_of_sum(i, A, ~B, C & 1, out);
}

EVAL(op_fllogic)
{
    u64 a = A;
    out->d[0] = (a >> (width_of(i) - 1) & 1 ? NZCV_N : 0) | (a ? 0 : NZCV_Z);
}

EVAL(op_flselect)
{
    out->d[0] = A & 1 ? B : C;
}

EVAL(op_flconst)
{
    (void)e;
    out->d[0] = nzcv_from_pstate((u32)i->imm << 28);
}

EVAL(op_flunpack)
{
    out->d[0] = nzcv_from_pstate((u32)A);
}

EVAL(op_flpack)
{
    out->d[0] = nzcv_to_pstate((u32)A);
}

eval_fn *const eval_int_table[IR_OP_COUNT] = {
    [IR_ADD] = op_add,           [IR_SUB] = op_sub,         [IR_ADC] = op_adc,
    [IR_SBC] = op_sbc,           [IR_MUL] = op_mul,         [IR_MULHU] = op_mulhu,
    [IR_MULHS] = op_mulhs,       [IR_UDIV] = op_udiv,       [IR_SDIV] = op_sdiv,
    [IR_NEG] = op_neg,           [IR_ABS] = op_abs,         [IR_NOT] = op_not,
    [IR_AND] = op_and,           [IR_OR] = op_or,           [IR_XOR] = op_xor,
    [IR_ANDN] = op_andn,         [IR_ORN] = op_orn,         [IR_SHL] = op_shl,
    [IR_SHR] = op_shr,           [IR_SAR] = op_sar,         [IR_ROR] = op_ror,
    [IR_EXTR] = op_extr,         [IR_CLZ] = op_clz,         [IR_CTZ] = op_ctz,
    [IR_CLS] = op_cls,           [IR_RBIT] = op_rbit,       [IR_BSWAP] = op_bswap,
    [IR_SEXT] = op_sext,         [IR_ZEXT] = op_zext,       [IR_TRUNC] = op_trunc,
    [IR_SELECT] = op_select,     [IR_ICMP] = op_icmp,       [IR_BNOT] = op_bnot,
    [IR_BAND] = op_band,         [IR_BOR] = op_bor,         [IR_BINT] = op_bint,
    [IR_COND] = op_cond,         [IR_FLADD] = op_fladd,     [IR_FLSUB] = op_flsub,
    [IR_FLADC] = op_fladc,       [IR_FLSBC] = op_flsbc,     [IR_FLLOGIC] = op_fllogic,
    [IR_FLSELECT] = op_flselect, [IR_FLCONST] = op_flconst, [IR_FLUNPACK] = op_flunpack,
    [IR_FLPACK] = op_flpack,
};
