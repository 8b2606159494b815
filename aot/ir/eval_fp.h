/*
 * Private to the evaluator: the soft-float core.
 *
 * Every operation on every format is unpack, exact arithmetic on sign, exponent and significand,
 * round and pack. "Exact" may mean that bits below those that decide the rounding are replaced by
 * one sticky bit. Rules and names are those of the architecture manual's shared pseudocode
 * (FPUnpack, FPProcessNaNs, FPRound, ...).
 */
#ifndef AOT_IR_EVAL_FP_H
#define AOT_IR_EVAL_FP_H

#include "aot/abi/fp_state.h"
#include "aot/ir/eval_ops.h"

enum fp_class { FP_ZERO, FP_FINITE, FP_INF, FP_QNAN, FP_SNAN };

/* A number: value = sig * 2^(exp - 63), bit 63 of sig set, when cls is FP_FINITE. */
struct fp_value {
    u8 cls;
    bool sign;
    s32 exp;
    u64 sig;
};

/* A sum's term: value = sig * 2^(exp - 126), bit 126 of sig set or sig 0. */
struct fp_term {
    bool sign;
    s32 exp;
    u128 sig;
};

struct fp_format {
    u8 frac;  /* fraction bits */
    u8 expw;  /* exponent bits */
    s16 emin; /* exponent of the smallest normal number */
};

/* Rounding modes beyond enum ir_round's. */
enum { FP_ROUND_ODD = 6 };

/*
 * Arithmetic ignores AHP; conversions between formats obey it and ignore FZ16 (the manual's
 * FPUnpackCV and FPRoundCV).
 */
enum fp_rules { FP_ARITH, FP_CONVERT };

extern const struct fp_format fp_formats[4]; /* by esz, 1 to 3 */

static inline bool fp_is_nan(const struct fp_value *v)
{
    return v->cls >= FP_QNAN;
}

static inline unsigned fp_mode(const struct eval_op *o)
{
    return o->fpcr >> FPCR_RMODE_SHIFT & 3; /* enum ir_round has FPCR's numbering */
}

static inline u64 fp_sign_bit(unsigned esz)
{
    return UINT64_C(1) << ((8u << esz) - 1);
}

static inline u64 fp_zero(unsigned esz, bool sign)
{
    return sign ? fp_sign_bit(esz) : 0;
}

static inline u64 fp_infinity(unsigned esz, bool sign)
{
    const struct fp_format *f = &fp_formats[esz];

    return fp_zero(esz, sign) | ((UINT64_C(1) << f->expw) - 1) << f->frac;
}

/* The largest finite number. */
static inline u64 fp_max_normal(unsigned esz, bool sign)
{
    return fp_infinity(esz, sign) - 1;
}

static inline u64 fp_default_nan(unsigned esz)
{
    return fp_infinity(esz, false) | UINT64_C(1) << (fp_formats[esz].frac - 1);
}

/* The number of format esz in `bits`. Raises IDC for an input flushed to zero. */
struct fp_value fp_unpack(struct eval_op *o, unsigned esz, u64 bits, enum fp_rules rules);

/* Rounds a finite nonzero value to format esz and raises what comes of it; bit 63 of sig is set,
 * bit 0 is sticky. rounding: enum ir_round (not FPCR) or FP_ROUND_ODD. */
u64 fp_round(struct eval_op *o, unsigned esz, bool sign, s32 exp, u64 sig, unsigned rounding,
             enum fp_rules rules);

/*
 * The same for any format, without its sign and without the look at what is too large: exponent
 * field and fraction as one number, which may be that of infinity or above. flush: what is tiny
 * becomes 0.
 */
u64 fp_round_magnitude(struct eval_op *o, const struct fp_format *f, bool flush, bool sign, s32 exp,
                       u64 sig, unsigned rounding);

/* The result of an operation whose operand `bits` is a NaN. */
u64 fp_process_nan(struct eval_op *o, unsigned esz, const struct fp_value *v, u64 bits);

/* True and *result when an operand is a NaN: the first signaling one, else the first quiet one. */
bool fp_process_nans(struct eval_op *o, unsigned esz, const struct fp_value *x, u64 x_bits,
                     const struct fp_value *y, u64 y_bits, u64 *result);

/* The default NaN, raising IOC. */
u64 fp_invalid(struct eval_op *o, unsigned esz);

/* What an overflowing result becomes: infinity or the largest number. */
u64 fp_overflow(unsigned esz, bool sign, unsigned rounding);

/* Exact products and copies as terms. */
struct fp_term fp_term_of(const struct fp_value *v);
struct fp_term fp_product(const struct fp_value *x, const struct fp_value *y);

/* (x + y) * 2^scale, rounded; a zero sum gets its sign from the rounding mode. */
u64 fp_sum(struct eval_op *o, unsigned esz, struct fp_term x, struct fp_term y, int scale,
           unsigned rounding);

/* FPMulAdd: v[0] + v[1] * v[2] in format esz, rounded once by FPCR. bits: what a NaN among them is
 * in that format. */
u64 fp_multiply_add(struct eval_op *o, unsigned esz, const struct fp_value v[3], const u64 bits[3]);

/* v >> n with the bits shifted out collected in bit 0. */
static inline u64 fp_shift_jam(u64 v, unsigned n)
{
    if (n == 0) return v;
    if (n > 63) return v != 0;
    return v >> n | ((v << (64 - n)) != 0);
}

/* -1, 0 or 1 as x is below, equal to or above y; neither is a NaN. */
int fp_compare(const struct fp_value *x, const struct fp_value *y);

#endif
