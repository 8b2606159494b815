/*
 * Private to the evaluator: how the vector, floating-point and cryptography operations are put
 * together from tables.
 *
 * Each eval_*.c file of the group has one table indexed by operation. An operation is either a
 * function of one lane, applied to all lanes (or to lane 0 alone when the instruction's type is a
 * scalar one), or a function of whole values. A lane's value is zero-extended to 64 bits; of a
 * result only the low bits of the lane's width count.
 */
#ifndef AOT_IR_EVAL_OPS_H
#define AOT_IR_EVAL_OPS_H

#include "aot/ir/eval.h"

/* The instruction being evaluated. */
struct eval_op {
    u8 type, esz, mod; /* esz: for lane functions that of the lane, scalar types included */
    s64 imm;
    unsigned width; /* bits of an element of esz */
    u32 fpcr;
    u32 flags; /* cumulative floating-point flags raised so far: FPSR_* */
};

typedef u64 (*eval_lane_fn)(struct eval_op *o, u64 a, u64 b, u64 c);
typedef void (*eval_whole_fn)(struct eval_op *o, const ir_value *a, const ir_value *b,
                              const ir_value *c, ir_value *out);

/* Operations that the host's units can do in the common case. */
enum eval_host {
    EVAL_HOST_NONE,
    EVAL_HOST_ADD,
    EVAL_HOST_SUB,
    EVAL_HOST_MUL,
    EVAL_HOST_DIV,
    EVAL_HOST_SQRT
};

struct eval_entry {
    eval_lane_fn lane;   /* or */
    eval_whole_fn whole; /* out is zero on entry and no alias of a, b, c */
    u8 fixed;            /* lane size where the operation has one of its own: 1 + esz */
    u8 host;             /* enum eval_host: tried before the lane function */
};

/* False when the operands or the result aren't ordinary enough; nothing is changed then. */
bool eval_fp_host(enum eval_host operation, struct eval_op *o, const ir_value *a, const ir_value *b,
                  ir_value *out);

extern const struct eval_entry eval_vec_lane_table[IR_OP_COUNT];
extern const struct eval_entry eval_vec_shift_table[IR_OP_COUNT];
extern const struct eval_entry eval_vec_shape_table[IR_OP_COUNT];
extern const struct eval_entry eval_vec_wide_table[IR_OP_COUNT];
extern const struct eval_entry eval_fp_arith_table[IR_OP_COUNT];
extern const struct eval_entry eval_fp_convert_table[IR_OP_COUNT];
extern const struct eval_entry eval_fp_estimate_table[IR_OP_COUNT];
extern const struct eval_entry eval_fp_narrow_table[IR_OP_COUNT];
extern const struct eval_entry eval_crypto_table[IR_OP_COUNT];
extern const struct eval_entry eval_crypto_sm_table[IR_OP_COUNT];

/*
 * Defines lane function `name` as an expression of o, a, b and c.
 */
#define EVAL_LANE(name, expression)                                                                \
    static u64 name(struct eval_op *o, u64 a, u64 b, u64 c)                                        \
    {                                                                                              \
        (void)o, (void)a, (void)b, (void)c;                                                        \
        return (u64)(expression);                                                                  \
    }

/* Heads of functions on whole values: not each uses all its arguments. */
#define EVAL_WHOLE(name)                                                                           \
    static void name(struct eval_op *o __attribute__((unused)),                                    \
                     const ir_value *a __attribute__((unused)),                                    \
                     const ir_value *b __attribute__((unused)),                                    \
                     const ir_value *c __attribute__((unused)), ir_value *out)

static inline u64 eval_get(const ir_value *v, unsigned esz, unsigned lane)
{
    switch (esz) {
    case 0: return v->b[lane];
    case 1: return v->h[lane];
    case 2: return v->s[lane];
    default: return v->d[lane];
    }
}

static inline void eval_set(ir_value *v, unsigned esz, unsigned lane, u64 value)
{
    switch (esz) {
    case 0: v->b[lane] = (u8)value; break;
    case 1: v->h[lane] = (u16)value; break;
    case 2: v->s[lane] = (u32)value; break;
    default: v->d[lane] = value; break;
    }
}

static inline s64 eval_get_signed(const ir_value *v, unsigned esz, unsigned lane)
{
    return sign_extend(eval_get(v, esz, lane), 8u << esz);
}

/* v limited to what `width` bits (up to 64) hold, signed or unsigned. */
static inline s64 eval_sat_signed(s128 v, unsigned width)
{
    s128 max = ((s128)1 << (width - 1)) - 1;

    return (s64)(v > max ? max : v < -max - 1 ? -max - 1 : v);
}

static inline u64 eval_sat_unsigned(s128 v, unsigned width)
{
    s128 max = ((s128)1 << width) - 1;

    return (u64)(v > max ? max : v < 0 ? 0 : v);
}

/* All ones for true. */
static inline u64 eval_mask(bool b)
{
    return b ? ~UINT64_C(0) : 0;
}

#endif
