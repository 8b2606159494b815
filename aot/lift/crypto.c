/*
 * Cryptographic extensions: AES, SHA-1, SHA-256, and what of SHA-512 and SHA-3 is made of plain
 * vector operations. (Arm ARM C4.1.97: cryptographic groups.) PMULL is in simd_wide.c.
 */
#include "aot/lift/simd.h"

static ir_ref reg_d(struct lifter *l, u32 w)
{
    return lift_get_v(l, a64_rd(w));
}

static ir_ref reg_n(struct lifter *l, u32 w)
{
    return lift_get_v(l, a64_rn(w));
}

static ir_ref reg_m(struct lifter *l, u32 w)
{
    return lift_get_v(l, a64_rm(w));
}

static void set(struct lifter *l, u32 w, ir_ref v)
{
    lift_set_v(l, a64_rd(w), v);
}

/* Rd = op(Rn) */
static void unary(struct lifter *l, u32 w, unsigned op)
{
    set(l, w, ir_op1(l->f, op, IR_V128, reg_n(l, w)));
}

/* Rd = op(Rd, Rn) */
static void update(struct lifter *l, u32 w, unsigned op)
{
    ir_ref d = reg_d(l, w);
    set(l, w, ir_op2(l->f, op, IR_V128, d, reg_n(l, w)));
}

/* Rd = op(Rd, Rn, Rm) */
static void update3(struct lifter *l, u32 w, unsigned op, unsigned mod)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), m = reg_m(l, w);
    set(l, w, ir_opx(l->f, op, IR_V128, 0, mod, 0, d, n, m));
}

LIFT(AESE, update(l, w, IR_AESE))
LIFT(AESD, update(l, w, IR_AESD))
LIFT(AESMC, unary(l, w, IR_AESMC))
LIFT(AESIMC, unary(l, w, IR_AESIMC))
LIFT(SHA1C, update3(l, w, IR_SHA1R, 0))
LIFT(SHA1P, update3(l, w, IR_SHA1R, 1))
LIFT(SHA1M, update3(l, w, IR_SHA1R, 2))
LIFT(SHA1SU0, update3(l, w, IR_SHA1SU0, 0))
LIFT(SHA1SU1, update(l, w, IR_SHA1SU1))
LIFT(SHA256H, update3(l, w, IR_SHA256H, 0))
LIFT(SHA256H2, update3(l, w, IR_SHA256H2, 0))
LIFT(SHA256SU0, update(l, w, IR_SHA256SU0))
LIFT(SHA256SU1, update3(l, w, IR_SHA256SU1, 0))

void lift_SHA1H(struct lifter *l, u32 w)
{
    simd_set_scalar(l, a64_rd(w), 2, ir_op1(l->f, IR_SHA1H, IR_V128, reg_n(l, w)));
}

/* --- SHA-3: 64-bit lanes ---------------------------------------------------------------------- */

static ir_ref xor
    (struct lifter * l, ir_ref a, ir_ref b) { return ir_op2(l->f, IR_VXOR, IR_V128, a, b); }

    static ir_ref rotated_right(struct lifter *l, ir_ref v, unsigned by)
{
    if (!by) return v;
    ir_ref high = simd_imm(l, IR_VSHLI, 3, 64 - by, v);
    return ir_op2(l->f, IR_VOR, IR_V128, simd_imm(l, IR_VSHRI, 3, by, v), high);
}

void lift_EOR3(struct lifter *l, u32 w)
{
    ir_ref v = simd_nm(l, w, IR_VXOR, 0);
    set(l, w, xor(l, v, lift_get_v(l, a64_ra(w))));
}

void lift_BCAX(struct lifter *l, u32 w)
{
    ir_ref n = reg_n(l, w), m = reg_m(l, w), a = lift_get_v(l, a64_ra(w));
    set(l, w, xor(l, n, ir_op2(l->f, IR_VANDN, IR_V128, m, a)));
}

void lift_RAX1(struct lifter *l, u32 w)
{
    ir_ref n = reg_n(l, w), m = reg_m(l, w);
    set(l, w, xor(l, n, rotated_right(l, m, 63)));
}

void lift_XAR(struct lifter *l, u32 w)
{
    set(l, w, rotated_right(l, simd_nm(l, w, IR_VXOR, 0), a64_imm6(w)));
}
