/*
 * Integer vector operations that work lane by lane, shifts excepted.
 */
#include "aot/ir/eval_ops.h"

static s64 sx(const struct eval_op *o, u64 v)
{
    return sign_extend(v, o->width);
}

/* Signed values of 64 bits, so that sums and products of two are exact in 128. */
#define A ((s128)sx(o, a))
#define B ((s128)sx(o, b))
#define C ((s128)sx(o, c))

EVAL_LANE(VADD, a + b)
EVAL_LANE(VSUB, a - b)
EVAL_LANE(VMUL, a *b)
EVAL_LANE(VNEG, -a)
EVAL_LANE(VABS, A < 0 ? -a : a)
EVAL_LANE(VAND, a &b)
EVAL_LANE(VOR, a | b)
EVAL_LANE(VXOR, a ^ b)
EVAL_LANE(VANDN, a & ~b)
EVAL_LANE(VORN, a | ~b)
EVAL_LANE(VNOT, ~a)
EVAL_LANE(VBSL, (a & b) | (~a & c))
EVAL_LANE(VORX, a | (b ^ c))

EVAL_LANE(VSMIN, A < B ? a : b)
EVAL_LANE(VSMAX, A > B ? a : b)
EVAL_LANE(VUMIN, a < b ? a : b)
EVAL_LANE(VUMAX, a > b ? a : b)

EVAL_LANE(VCMPEQ, eval_mask(a == b))
EVAL_LANE(VCMPGTS, eval_mask(A > B))
EVAL_LANE(VCMPGES, eval_mask(A >= B))
EVAL_LANE(VCMPGTU, eval_mask(a > b))
EVAL_LANE(VCMPGEU, eval_mask(a >= b))
EVAL_LANE(VTST, eval_mask((a & b) != 0))

EVAL_LANE(VSABD, A > B ? A - B : B - A)
EVAL_LANE(VUABD, a > b ? a - b : b - a)
EVAL_LANE(VSHADD, (A + B) >> 1)
EVAL_LANE(VUHADD, ((u128)a + b) >> 1)
EVAL_LANE(VSHSUB, (A - B) >> 1)
EVAL_LANE(VUHSUB, ((s128)a - b) >> 1)
EVAL_LANE(VSRHADD, (A + B + 1) >> 1)
EVAL_LANE(VURHADD, ((u128)a + b + 1) >> 1)

EVAL_LANE(VSQADD, eval_sat_signed(A + B, o->width))
EVAL_LANE(VUQADD, eval_sat_unsigned((s128)a + b, o->width))
EVAL_LANE(VSQSUB, eval_sat_signed(A - B, o->width))
EVAL_LANE(VUQSUB, eval_sat_unsigned((s128)a - b, o->width))
EVAL_LANE(VSUQADD, eval_sat_signed(A + b, o->width))
EVAL_LANE(VUSQADD, eval_sat_unsigned(a + B, o->width))
EVAL_LANE(VSQNEG, eval_sat_signed(-A, o->width))
EVAL_LANE(VSQABS, eval_sat_signed(A < 0 ? -A : A, o->width))

/* The doubled product's high half; elements of up to 32 bits. */
static u64 doubling_high(const struct eval_op *o, s128 product, s128 addend, bool rounded)
{
    s128 sum = addend * ((s128)1 << o->width) + 2 * product;

    if (rounded) sum += (s128)1 << (o->width - 1);
    return (u64)eval_sat_signed(sum >> o->width, o->width);
}

EVAL_LANE(VSQDMULH, doubling_high(o, A *B, 0, false))
EVAL_LANE(VSQRDMULH, doubling_high(o, A *B, 0, true))
EVAL_LANE(VSQRDMLAH, doubling_high(o, B *C, A, true))
EVAL_LANE(VSQRDMLSH, doubling_high(o, -(B *C), A, true))

static unsigned leading_zeros(u64 v, unsigned width)
{
    return v ? (unsigned)__builtin_clzll(v) - (64 - width) : width;
}

static u8 reverse_bits(u8 v)
{
    v = (u8)(v >> 4 | v << 4);
    v = (u8)((v & 0xcc) >> 2 | (v & 0x33) << 2);
    return (u8)((v & 0xaa) >> 1 | (v & 0x55) << 1);
}

static u64 polynomial_low(u64 a, u64 b)
{
    u64 r = 0;

    for (unsigned i = 0; i < 8; i++) r ^= b >> i & 1 ? a << i : 0;
    return r;
}

EVAL_LANE(VCNT, __builtin_popcountll(a))
EVAL_LANE(VCLZ, leading_zeros(a, o->width))
EVAL_LANE(VCLS, leading_zeros(A < 0 ? (u64)~sx(o, a) : a, o->width) - 1)
EVAL_LANE(VRBIT, reverse_bits((u8)a))
EVAL_LANE(VPMUL, polynomial_low(a, b))
