/*
 * What the floating-point and Advanced SIMD lifters share: operands, results, FPSR.QC.
 *
 * Element sizes (esz) are log2 of bytes throughout. Vector forms with Q = 0 compute in 128 bits and
 * drop the upper half of the result. Where an operation may raise a floating-point exception, its
 * operands have their upper halves cleared (or set to something harmless) first.
 */
#ifndef AOT_LIFT_SIMD_H
#define AOT_LIFT_SIMD_H

#include "aot/a64/a64.h"
#include "aot/lift/lift.h"

/* --- registers -------------------------------------------------------------------------------- */

static inline ir_ref simd_low(struct lifter *l, ir_ref v)
{
    return ir_op1(l->f, IR_VLOW, IR_V128, v);
}

/* The result of a vector form: with Q = 0 its upper half is cleared. */
static inline void simd_set_q(struct lifter *l, u32 w, ir_ref v)
{
    lift_set_q(l, a64_rd(w), a64_Q(w), v);
}

/* The result of a narrowing form: the low half, or with Q = 1 the high half below which the old low
 * half stays. v has zeros above its low half. */
void simd_set_narrow(struct lifter *l, u32 w, ir_ref v);

/* The low 2^esz bytes of a register with zeros above. */
ir_ref simd_get_scalar(struct lifter *l, unsigned reg, unsigned esz);

/* Sets a register to the low 2^esz bytes of v. */
void simd_set_scalar(struct lifter *l, unsigned reg, unsigned esz, ir_ref v);

/* The same for Rd and doublewords. */
static inline void simd_set_double(struct lifter *l, u32 w, ir_ref v)
{
    simd_set_scalar(l, a64_rd(w), 3, v);
}

/* --- operations ------------------------------------------------------------------------------- */

static inline ir_ref simd_op1(struct lifter *l, unsigned op, unsigned esz, ir_ref a)
{
    return ir_opx(l->f, op, IR_V128, esz, 0, 0, a, IR_NONE, IR_NONE);
}

static inline ir_ref simd_op2(struct lifter *l, unsigned op, unsigned esz, ir_ref a, ir_ref b)
{
    return ir_opx(l->f, op, IR_V128, esz, 0, 0, a, b, IR_NONE);
}

static inline ir_ref simd_op3(struct lifter *l, unsigned op, unsigned esz, ir_ref a, ir_ref b,
                              ir_ref c)
{
    return ir_opx(l->f, op, IR_V128, esz, 0, 0, a, b, c);
}

/* op(Rn, Rm) */
static inline ir_ref simd_nm(struct lifter *l, u32 w, unsigned op, unsigned esz)
{
    ir_ref n = lift_get_v(l, a64_rn(w)), m = lift_get_v(l, a64_rm(w));
    return simd_op2(l, op, esz, n, m);
}

/* A shift by an immediate, or anything else with one vector and imm. */
static inline ir_ref simd_imm(struct lifter *l, unsigned op, unsigned esz, s64 imm, ir_ref a)
{
    return ir_opx(l->f, op, IR_V128, esz, 0, imm, a, IR_NONE, IR_NONE);
}

/* A widening operation on the low (high = 0) or high (1) halves of a and b (b may be IR_NONE). */
static inline ir_ref simd_widen(struct lifter *l, unsigned op, unsigned esz, unsigned high,
                                ir_ref a, ir_ref b)
{
    return ir_opx(l->f, op, IR_V128, esz, high, 0, a, b, IR_NONE);
}

/* Lane `lane` in all lanes. */
static inline ir_ref simd_dup(struct lifter *l, unsigned esz, unsigned lane, ir_ref v)
{
    return simd_imm(l, IR_VDUPL, esz, lane, v);
}

/* Lane `lane` as an integer; op: IR_VGET or IR_VGETS (sign-extended). */
static inline ir_ref simd_get_lane(struct lifter *l, unsigned op, unsigned type, unsigned esz,
                                   unsigned lane, ir_ref v)
{
    return ir_opx(l->f, op, type, esz, 0, lane, v, IR_NONE, IR_NONE);
}

/* v with lane `lane` replaced by an integer. */
static inline ir_ref simd_set_lane(struct lifter *l, unsigned esz, unsigned lane, ir_ref v,
                                   ir_ref value)
{
    return ir_opx(l->f, IR_VSETI, IR_V128, esz, 0, lane, v, value, IR_NONE);
}

/* A 128-bit constant. */
ir_ref simd_const(struct lifter *l, u64 low, u64 high);

/* A constant of equal elements: the low 2^esz bytes of value. */
ir_ref simd_splat(struct lifter *l, unsigned esz, u64 value);

/* The most negative element. */
static inline ir_ref simd_splat_min(struct lifter *l, unsigned esz)
{
    return simd_splat(l, esz, UINT64_C(1) << ((8u << esz) - 1));
}

/* Low halves of a and b side by side: the operand of a pairwise form with Q = 0. */
static inline ir_ref simd_pair(struct lifter *l, ir_ref a, ir_ref b)
{
    return ir_op2(l->f, IR_VPAIR, IR_V128, a, b);
}

/* Adjacent elements of b:a combined by op, as ADDP does; for Q = 0 the result's upper half is
 * a copy of the lower. */
ir_ref simd_pairwise(struct lifter *l, u32 w, unsigned op, unsigned esz, ir_ref a, ir_ref b);

/* FPSR.QC becomes set when any bit of v is. */
void simd_or_qc(struct lifter *l, ir_ref v);

/* As above, for the lanes that a form with this Q has. */
void simd_or_qc_q(struct lifter *l, u32 w, ir_ref v);

/* --- fields ----------------------------------------------------------------------------------- */

/* Element size and amount of a shift by immediate: immh's highest set bit gives the size. */
static inline unsigned simd_shift_esz(u32 w)
{
    return 31 - (unsigned)__builtin_clz(a64_immh(w));
}

/* Left shifts: 0 to width - 1. */
static inline unsigned simd_shift_left(u32 w)
{
    return (a64_immh(w) << 3 | a64_immb(w)) - (8u << simd_shift_esz(w));
}

/* Right shifts and fraction bits: 1 to width. */
static inline unsigned simd_shift_right(u32 w)
{
    return (16u << simd_shift_esz(w)) - (a64_immh(w) << 3 | a64_immb(w));
}

/* The indexed element of a form with elements of 2^esz bytes: esz 1 has index H:L:M and register
 * rm4, esz 2 index H:L and register M:rm4, esz 3 index H and register M:rm4. */
static inline unsigned simd_elem_index(u32 w, unsigned esz)
{
    unsigned hl = a64_H(w) << 1 | a64_L(w);
    return esz == 1 ? hl << 1 | a64_M(w) : esz == 2 ? hl : a64_H(w);
}

static inline unsigned simd_elem_reg(u32 w, unsigned esz)
{
    return esz == 1 ? a64_rm4(w) : a64_M(w) << 4 | a64_rm4(w);
}

/* The indexed element in all lanes. */
static inline ir_ref simd_elem(struct lifter *l, u32 w, unsigned esz)
{
    return simd_dup(l, esz, simd_elem_index(w, esz), lift_get_v(l, simd_elem_reg(w, esz)));
}

/* Element size and lane of a copy: imm5's lowest set bit gives the size. */
static inline unsigned simd_copy_esz(u32 w)
{
    return (unsigned)__builtin_ctz(a64_imm5(w));
}

static inline unsigned simd_copy_lane(u32 w)
{
    return a64_imm5(w) >> (simd_copy_esz(w) + 1);
}

/* Elements of floats: sz 0 single, 1 double. */
static inline unsigned simd_sz(u32 w)
{
    return 2 + a64_sz(w);
}

/* Scalar floats: ftype 0 single, 1 double, 3 half. */
static inline unsigned fp_esz(u32 w)
{
    return a64_ftype(w) == 3 ? 1 : 2 + a64_ftype(w);
}

/* The value of an FMOV immediate, as the bits of a float of 2^esz bytes (VFPExpandImm). */
u64 fp_expand_imm(unsigned imm8, unsigned esz);

/* Defines the lifter of a row as one call. */
#define LIFT(row, call)                                                                            \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        call;                                                                                      \
    }

#endif
