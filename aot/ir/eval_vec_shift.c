/*
 * Shifts of vector elements, by an immediate and by the elements of a second vector.
 *
 * All are computed in 128 bits. A right shift is a negative amount; amounts beyond the width give
 * the same as any larger ones, so they are limited to keep the C shifts defined.
 */
#include "aot/ir/eval_ops.h"

enum { LIMIT = 66 }; /* more than width + 1 for the widest element */

static s64 sx(const struct eval_op *o, u64 v)
{
    return sign_extend(v, o->width);
}

/* v >> n, n >= 0; rounded: half up. v is below 2^64 in magnitude. */
static s128 shift_right(s128 v, unsigned n, bool rounded)
{
    if (n > LIMIT) n = LIMIT;
    if (rounded && n) v += (s128)1 << (n - 1);
    return v >> n;
}

/* v << n or v >> -n, wrapping at 64 bits. */
static u64 shift(s128 v, int n, bool rounded)
{
    if (n < 0) return (u64)shift_right(v, (unsigned)-n, rounded);
    return n > 63 ? 0 : (u64)v << n;
}

/* The same without wrapping, but for the width's limits: right for what saturates. */
static s128 shift_exact(const struct eval_op *o, s128 v, int n, bool rounded)
{
    if (n < 0) return shift_right(v, (unsigned)-n, rounded);
    if (n > (int)o->width) n = (int)o->width; /* saturates all but 0 */
    if (n < 64) return v * ((s128)1 << n);    /* below 2^127, as v is below 2^64 */
    return v == 0 ? 0 : v > 0 ? (s128)1 << 100 : -((s128)1 << 100);
}

static u64 saturate_signed(const struct eval_op *o, s128 v)
{
    return (u64)eval_sat_signed(v, o->width);
}

#define N ((s8)b)

EVAL_LANE(VSHLI, o->imm > 63 ? 0 : a << o->imm)
EVAL_LANE(VSHRI, shift(a, -(int)o->imm, false))
EVAL_LANE(VSARI, shift(sx(o, a), -(int)o->imm, false))
EVAL_LANE(VROLI, a << o->imm | a >> (o->width - o->imm))
EVAL_LANE(VRSHRI, shift(a, -(int)o->imm, true))
EVAL_LANE(VRSARI, shift(sx(o, a), -(int)o->imm, true))
EVAL_LANE(VSSHL, shift(sx(o, a), N, false))
EVAL_LANE(VUSHL, shift(a, N, false))
EVAL_LANE(VSHLV, b > LIMIT ? 0 : shift(a, (int)b, false))
EVAL_LANE(VSHRV, b > LIMIT ? 0 : shift(a, -(int)b, false))
EVAL_LANE(VSARV, shift(sx(o, a), b > LIMIT ? -LIMIT : -(int)b, false))
EVAL_LANE(VSRSHL, shift(sx(o, a), N, true))
EVAL_LANE(VURSHL, shift(a, N, true))
EVAL_LANE(VSQSHL, saturate_signed(o, shift_exact(o, sx(o, a), N, false)))
EVAL_LANE(VUQSHL, eval_sat_unsigned(shift_exact(o, a, N, false), o->width))
EVAL_LANE(VSQRSHL, saturate_signed(o, shift_exact(o, sx(o, a), N, true)))
EVAL_LANE(VUQRSHL, eval_sat_unsigned(shift_exact(o, a, N, true), o->width))
EVAL_LANE(VSQSHLU, eval_sat_unsigned(shift_exact(o, sx(o, a), N, false), o->width))
