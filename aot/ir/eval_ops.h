/*
 * Private to the evaluator: how the vector, floating-point and cryptography operations are put
 * together.
 *
 * Operation IR_OP is the function eval_OP. It is either a function of one lane, applied to all
 * lanes (or to lane 0 alone when the instruction's type is a scalar one), or a function of whole
 * values. A lane's value is zero-extended to 64 bits; of a result only the low bits of the lane's
 * width count.
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

typedef u64 eval_lane_fn(struct eval_op *o, u64 a, u64 b, u64 c);

/* out is zero on entry and no alias of a, b, c. */
typedef void eval_whole_fn(struct eval_op *o, const ir_value *a, const ir_value *b,
                           const ir_value *c, ir_value *out);

/*
 * LANE(OP)             a function of one lane
 * FIXED(OP, esz)       the same, and its lanes are always of that size
 * HOST(OP, operation)  the same as LANE, but eval_fp_host is tried first
 * WHOLE(OP)            a function of whole values
 */
/* clang-format off */
#define EVAL_OPS(LANE, FIXED, HOST, WHOLE)                                                        \
    /* eval_vec_lanes.c */                                                                        \
    LANE(VADD) LANE(VSUB) LANE(VMUL) LANE(VNEG) LANE(VABS) FIXED(VAND, 3) FIXED(VOR, 3)           \
    FIXED(VXOR, 3) FIXED(VANDN, 3) FIXED(VORN, 3) FIXED(VNOT, 3) FIXED(VBSL, 3) FIXED(VORX, 3)    \
    LANE(VSMIN)                                                                                   \
    LANE(VSMAX) LANE(VUMIN) LANE(VUMAX) LANE(VCMPEQ) LANE(VCMPGTS) LANE(VCMPGES) LANE(VCMPGTU)    \
    LANE(VCMPGEU) LANE(VTST) LANE(VSABD) LANE(VUABD) LANE(VSHADD) LANE(VUHADD) LANE(VSHSUB)       \
    LANE(VUHSUB) LANE(VSRHADD) LANE(VURHADD) LANE(VSQADD) LANE(VUQADD) LANE(VSQSUB) LANE(VUQSUB)  \
    LANE(VSUQADD) LANE(VUSQADD) LANE(VSQNEG) LANE(VSQABS) LANE(VSQDMULH) LANE(VSQRDMULH)          \
    LANE(VSQRDMLAH) LANE(VSQRDMLSH) FIXED(VCNT, 0) LANE(VCLZ) LANE(VCLS) FIXED(VRBIT, 0)          \
    FIXED(VPMUL, 0)                                                                               \
    /* eval_vec_shift.c */                                                                        \
    LANE(VSHLI) LANE(VSHRI) LANE(VSARI) LANE(VROLI) LANE(VRSHRI) LANE(VRSARI) LANE(VSSHL)         \
    LANE(VUSHL) LANE(VSHLV) LANE(VSHRV) LANE(VSARV) LANE(VSRSHL) LANE(VURSHL) LANE(VSQSHL)        \
    LANE(VUQSHL) LANE(VSQRSHL) LANE(VUQRSHL) LANE(VSQSHLU)                                        \
    /* eval_vec_shape.c */                                                                        \
    WHOLE(FTOI) WHOLE(ITOF) WHOLE(VTOF) WHOLE(FTOV) WHOLE(VGET) WHOLE(VGETS) WHOLE(VSETI)         \
    WHOLE(VINS) WHOLE(VDUP) WHOLE(VDUPL) WHOLE(VLOW) WHOLE(VPAIR) WHOLE(VHIGH) WHOLE(VREV)        \
    WHOLE(VZIP1) WHOLE(VZIP2) WHOLE(VUZP1) WHOLE(VUZP2) WHOLE(VTRN1) WHOLE(VTRN2) WHOLE(VEXT)     \
    WHOLE(VTBL) WHOLE(VADDV) WHOLE(VSADDLV) WHOLE(VUADDLV) WHOLE(VSMINV) WHOLE(VSMAXV)            \
    WHOLE(VUMINV) WHOLE(VUMAXV)                                                                   \
    /* eval_vec_wide.c */                                                                         \
    WHOLE(VSXL) WHOLE(VUXL) WHOLE(VSMULL) WHOLE(VUMULL) WHOLE(VPMULL) WHOLE(VSQDMULL) WHOLE(VXTN) \
    WHOLE(VSQXTN) WHOLE(VUQXTN) WHOLE(VSQXTUN) WHOLE(VSADDLP) WHOLE(VUADDLP) WHOLE(VSDOT)         \
    WHOLE(VUDOT) LANE(VURECPE) LANE(VURSQRTE)                                                     \
    /* eval_fp_arith.c */                                                                         \
    WHOLE(FLFCMP) HOST(FADD, ADD) HOST(FSUB, SUB) HOST(FMUL, MUL) HOST(FDIV, DIV) LANE(FMULX)     \
    LANE(FMA) LANE(FMIN) LANE(FMAX) LANE(FMINNM) LANE(FMAXNM) LANE(FNEG) LANE(FABS) LANE(FABD)    \
    HOST(FSQRT, SQRT) LANE(FCMPEQ) LANE(FCMPGT) LANE(FCMPGE)                                      \
    /* eval_fp_convert.c */                                                                       \
    LANE(FRINT) LANE(FRINTN) WHOLE(FCVT) WHOLE(FCVTL) WHOLE(FCVTN) WHOLE(FCVTI) LANE(VFCVTI)      \
    WHOLE(FJCVTZS) WHOLE(ICVTF) LANE(VICVTF)                                                      \
    /* eval_fp_estimate.c */                                                                      \
    LANE(FRECPE) LANE(FRSQRTE) LANE(FRECPX) LANE(FRECPS) LANE(FRSQRTS)                            \
    /* eval_fp_narrow.c */                                                                        \
    WHOLE(VBFDOT) WHOLE(VBFMMLA) WHOLE(BFCVTN) WHOLE(FMLAL)                                       \
    /* eval_crypto.c */                                                                           \
    WHOLE(CRC32) WHOLE(AESE) WHOLE(AESD) WHOLE(AESMC) WHOLE(AESIMC) WHOLE(SHA1H) WHOLE(SHA1R)     \
    WHOLE(SHA1SU0) WHOLE(SHA1SU1) WHOLE(SHA256H) WHOLE(SHA256H2) WHOLE(SHA256SU0)                 \
    WHOLE(SHA256SU1)                                                                              \
    /* eval_crypto_sm.c */                                                                        \
    WHOLE(SM3SS1) WHOLE(SM3TT) WHOLE(SM3PARTW1) WHOLE(SM3PARTW2) WHOLE(SM4E) WHOLE(SM4EKEY)
/* clang-format on */

#define LANE(op, ...) eval_lane_fn eval_##op;
#define WHOLE(op)     eval_whole_fn eval_##op;
EVAL_OPS(LANE, LANE, LANE, WHOLE)
#undef LANE
#undef WHOLE

/* Operations that the host's units can do in the common case. */
enum eval_host { EVAL_HOST_ADD, EVAL_HOST_SUB, EVAL_HOST_MUL, EVAL_HOST_DIV, EVAL_HOST_SQRT };

/* False when the operands or the result aren't ordinary enough; nothing is changed then. */
bool eval_fp_host(enum eval_host operation, struct eval_op *o, const ir_value *a, const ir_value *b,
                  ir_value *out);

/* Defines the lane function of an operation as an expression of o, a, b and c. */
#define EVAL_LANE(op, expression)                                                                  \
    u64 eval_##op(struct eval_op *o, u64 a, u64 b, u64 c)                                          \
    {                                                                                              \
        (void)o, (void)a, (void)b, (void)c;                                                        \
        return (u64)(expression);                                                                  \
    }

/* Heads of functions on whole values: not each uses all its arguments. */
#define EVAL_WHOLE(op)                                                                             \
    void eval_##op(struct eval_op *o __attribute__((unused)),                                      \
                   const ir_value *a __attribute__((unused)),                                      \
                   const ir_value *b __attribute__((unused)),                                      \
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
