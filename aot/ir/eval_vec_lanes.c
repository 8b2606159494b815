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

EVAL_LANE(add, a + b)
EVAL_LANE(sub, a - b)
EVAL_LANE(mul, a *b)
EVAL_LANE(neg, -a)
EVAL_LANE(absolute, A < 0 ? -a : a)
EVAL_LANE(and, a &b)
EVAL_LANE(or, a | b)
EVAL_LANE(xor, a ^ b)
EVAL_LANE(andn, a & ~b)
EVAL_LANE(orn, a | ~b)
EVAL_LANE(not, ~a)
EVAL_LANE(bsl, (a & b) | (~a & c))

EVAL_LANE(smin, A < B ? a : b)
EVAL_LANE(smax, A > B ? a : b)
EVAL_LANE(umin, a < b ? a : b)
EVAL_LANE(umax, a > b ? a : b)

EVAL_LANE(cmpeq, eval_mask(a == b))
EVAL_LANE(cmpgts, eval_mask(A > B))
EVAL_LANE(cmpges, eval_mask(A >= B))
EVAL_LANE(cmpgtu, eval_mask(a > b))
EVAL_LANE(cmpgeu, eval_mask(a >= b))
EVAL_LANE(tst, eval_mask((a & b) != 0))

EVAL_LANE(sabd, A > B ? A - B : B - A)
EVAL_LANE(uabd, a > b ? a - b : b - a)
EVAL_LANE(shadd, (A + B) >> 1)
EVAL_LANE(uhadd, ((u128)a + b) >> 1)
EVAL_LANE(shsub, (A - B) >> 1)
EVAL_LANE(uhsub, ((s128)a - b) >> 1)
EVAL_LANE(srhadd, (A + B + 1) >> 1)
EVAL_LANE(urhadd, ((u128)a + b + 1) >> 1)

EVAL_LANE(sqadd, eval_sat_signed(A + B, o->width))
EVAL_LANE(uqadd, eval_sat_unsigned((s128)a + b, o->width))
EVAL_LANE(sqsub, eval_sat_signed(A - B, o->width))
EVAL_LANE(uqsub, eval_sat_unsigned((s128)a - b, o->width))
EVAL_LANE(suqadd, eval_sat_signed(A + b, o->width))
EVAL_LANE(usqadd, eval_sat_unsigned(a + B, o->width))
EVAL_LANE(sqneg, eval_sat_signed(-A, o->width))
EVAL_LANE(sqabs, eval_sat_signed(A < 0 ? -A : A, o->width))

/* The doubled product's high half; elements of up to 32 bits. */
static u64 doubling_high(const struct eval_op *o, s128 product, s128 addend, bool rounded)
{
    s128 sum = addend * ((s128)1 << o->width) + 2 * product;

    if (rounded) sum += (s128)1 << (o->width - 1);
    return (u64)eval_sat_signed(sum >> o->width, o->width);
}

EVAL_LANE(sqdmulh, doubling_high(o, A *B, 0, false))
EVAL_LANE(sqrdmulh, doubling_high(o, A *B, 0, true))
EVAL_LANE(sqrdmlah, doubling_high(o, B *C, A, true))
EVAL_LANE(sqrdmlsh, doubling_high(o, -(B *C), A, true))

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

EVAL_LANE(cnt, __builtin_popcountll(a))
EVAL_LANE(clz, leading_zeros(a, o->width))
EVAL_LANE(cls, leading_zeros(A < 0 ? (u64)~sx(o, a) : a, o->width) - 1)
EVAL_LANE(rbit, reverse_bits((u8)a))
EVAL_LANE(pmul, polynomial_low(a, b))

enum { BYTES = 1, DOUBLES = 4 }; /* eval_entry.fixed */

const struct eval_entry eval_vec_lane_table[IR_OP_COUNT] = {
    [IR_VADD] = {.lane = add},
    [IR_VSUB] = {.lane = sub},
    [IR_VMUL] = {.lane = mul},
    [IR_VNEG] = {.lane = neg},
    [IR_VABS] = {.lane = absolute},
    [IR_VAND] = {.lane = and, .fixed = DOUBLES},
    [IR_VOR] = {.lane = or, .fixed = DOUBLES},
    [IR_VXOR] = {.lane = xor, .fixed = DOUBLES},
    [IR_VANDN] = {.lane = andn, .fixed = DOUBLES},
    [IR_VORN] = {.lane = orn, .fixed = DOUBLES},
    [IR_VNOT] = {.lane = not, .fixed = DOUBLES},
    [IR_VBSL] = {.lane = bsl, .fixed = DOUBLES},
    [IR_VSMIN] = {.lane = smin},
    [IR_VSMAX] = {.lane = smax},
    [IR_VUMIN] = {.lane = umin},
    [IR_VUMAX] = {.lane = umax},
    [IR_VCMPEQ] = {.lane = cmpeq},
    [IR_VCMPGTS] = {.lane = cmpgts},
    [IR_VCMPGES] = {.lane = cmpges},
    [IR_VCMPGTU] = {.lane = cmpgtu},
    [IR_VCMPGEU] = {.lane = cmpgeu},
    [IR_VTST] = {.lane = tst},
    [IR_VSABD] = {.lane = sabd},
    [IR_VUABD] = {.lane = uabd},
    [IR_VSHADD] = {.lane = shadd},
    [IR_VUHADD] = {.lane = uhadd},
    [IR_VSHSUB] = {.lane = shsub},
    [IR_VUHSUB] = {.lane = uhsub},
    [IR_VSRHADD] = {.lane = srhadd},
    [IR_VURHADD] = {.lane = urhadd},
    [IR_VSQADD] = {.lane = sqadd},
    [IR_VUQADD] = {.lane = uqadd},
    [IR_VSQSUB] = {.lane = sqsub},
    [IR_VUQSUB] = {.lane = uqsub},
    [IR_VSUQADD] = {.lane = suqadd},
    [IR_VUSQADD] = {.lane = usqadd},
    [IR_VSQNEG] = {.lane = sqneg},
    [IR_VSQABS] = {.lane = sqabs},
    [IR_VSQDMULH] = {.lane = sqdmulh},
    [IR_VSQRDMULH] = {.lane = sqrdmulh},
    [IR_VSQRDMLAH] = {.lane = sqrdmlah},
    [IR_VSQRDMLSH] = {.lane = sqrdmlsh},
    [IR_VCNT] = {.lane = cnt, .fixed = BYTES},
    [IR_VCLZ] = {.lane = clz},
    [IR_VCLS] = {.lane = cls},
    [IR_VRBIT] = {.lane = rbit, .fixed = BYTES},
    [IR_VPMUL] = {.lane = pmul, .fixed = BYTES},
};
