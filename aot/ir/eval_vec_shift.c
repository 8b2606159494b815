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

EVAL_LANE(shli, o->imm > 63 ? 0 : a << o->imm)
EVAL_LANE(shri, shift(a, -(int)o->imm, false))
EVAL_LANE(sari, shift(sx(o, a), -(int)o->imm, false))
EVAL_LANE(roli, a << o->imm | a >> (o->width - o->imm))
EVAL_LANE(rshri, shift(a, -(int)o->imm, true))
EVAL_LANE(rsari, shift(sx(o, a), -(int)o->imm, true))
EVAL_LANE(sshl, shift(sx(o, a), N, false))
EVAL_LANE(ushl, shift(a, N, false))
EVAL_LANE(shlv, b > LIMIT ? 0 : shift(a, (int)b, false))
EVAL_LANE(shrv, b > LIMIT ? 0 : shift(a, -(int)b, false))
EVAL_LANE(sarv, shift(sx(o, a), b > LIMIT ? -LIMIT : -(int)b, false))
EVAL_LANE(srshl, shift(sx(o, a), N, true))
EVAL_LANE(urshl, shift(a, N, true))
EVAL_LANE(sqshl, saturate_signed(o, shift_exact(o, sx(o, a), N, false)))
EVAL_LANE(uqshl, eval_sat_unsigned(shift_exact(o, a, N, false), o->width))
EVAL_LANE(sqrshl, saturate_signed(o, shift_exact(o, sx(o, a), N, true)))
EVAL_LANE(uqrshl, eval_sat_unsigned(shift_exact(o, a, N, true), o->width))
EVAL_LANE(sqshlu, eval_sat_unsigned(shift_exact(o, sx(o, a), N, false), o->width))

const struct eval_entry eval_vec_shift_table[IR_OP_COUNT] = {
    [IR_VSHLI] = {.lane = shli},     [IR_VSHRI] = {.lane = shri},
    [IR_VSARI] = {.lane = sari},     [IR_VRSHRI] = {.lane = rshri},
    [IR_VRSARI] = {.lane = rsari},   [IR_VSSHL] = {.lane = sshl},
    [IR_VUSHL] = {.lane = ushl},     [IR_VSRSHL] = {.lane = srshl},
    [IR_VURSHL] = {.lane = urshl},   [IR_VSQSHL] = {.lane = sqshl},
    [IR_VUQSHL] = {.lane = uqshl},   [IR_VSQRSHL] = {.lane = sqrshl},
    [IR_VUQRSHL] = {.lane = uqrshl}, [IR_VSQSHLU] = {.lane = sqshlu},
    [IR_VROLI] = {.lane = roli},     [IR_VSHLV] = {.lane = shlv},
    [IR_VSHRV] = {.lane = shrv},     [IR_VSARV] = {.lane = sarv},
};
