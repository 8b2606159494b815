/*
 * Cryptographic extensions: AES, SHA-1, SHA-256, SM3 and SM4 as operations of their own; SHA-512
 * and SHA-3 from plain ones. (Arm ARM C4.1.97: cryptographic groups.) PMULL is in simd_wide.c.
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

LIFT(SM3PARTW1, update3(l, w, IR_SM3PARTW1, 0))
LIFT(SM3PARTW2, update3(l, w, IR_SM3PARTW2, 0))
LIFT(SM4E, update(l, w, IR_SM4E))
LIFT(SM4EKEY, set(l, w, simd_nm(l, w, IR_SM4EKEY, 0)))

void lift_SM3SS1(struct lifter *l, u32 w)
{
    ir_ref n = reg_n(l, w), m = reg_m(l, w);
    set(l, w, ir_op3(l->f, IR_SM3SS1, IR_V128, n, m, lift_get_v(l, a64_ra(w))));
}

static void sm3_round(struct lifter *l, u32 w, unsigned mod)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), m = reg_m(l, w);
    set(l, w, ir_opx(l->f, IR_SM3TT, IR_V128, 0, mod, a64_imm2(w), d, n, m));
}

LIFT(SM3TT1A, sm3_round(l, w, 0))
LIFT(SM3TT1B, sm3_round(l, w, 1))
LIFT(SM3TT2A, sm3_round(l, w, 2))
LIFT(SM3TT2B, sm3_round(l, w, 3))

/* --- SHA-512: two rounds or message words at a time, on 64-bit integers ----------------------- */

/* Doubleword `lane` of a register. */
static ir_ref word_of(struct lifter *l, ir_ref v, unsigned lane)
{
    return simd_get_lane(l, IR_VGET, IR_I64, 3, lane, v);
}

static ir_ref op64(struct lifter *l, unsigned op, ir_ref a, ir_ref b)
{
    return ir_op2(l->f, op, IR_I64, a, b);
}

/* a rotated by r1 ^ rotated by r2 ^ rotated (shifted when `shift`) by r3. */
static ir_ref sigma(struct lifter *l, ir_ref a, unsigned r1, unsigned r2, unsigned r3, bool shift)
{
    ir_ref x = op64(l, IR_ROR, a, lift_const(l, true, r1));
    ir_ref y = op64(l, IR_ROR, a, lift_const(l, true, r2));
    ir_ref z = op64(l, shift ? IR_SHR : IR_ROR, a, lift_const(l, true, r3));
    return op64(l, IR_XOR, op64(l, IR_XOR, x, y), z);
}

/* a ? b : c, bit by bit. */
static ir_ref choose(struct lifter *l, ir_ref a, ir_ref b, ir_ref c)
{
    ir_ref differing = op64(l, IR_AND, op64(l, IR_XOR, b, c), a);
    return op64(l, IR_XOR, differing, c);
}

static ir_ref majority(struct lifter *l, ir_ref a, ir_ref b, ir_ref c)
{
    return choose(l, op64(l, IR_XOR, a, b), c, a);
}

static void set_words(struct lifter *l, u32 w, ir_ref low, ir_ref high)
{
    ir_ref v = ir_op1(l->f, IR_ITOF, IR_V128, low);
    set(l, w, simd_set_lane(l, 3, 1, v, high));
}

void lift_SHA512H(struct lifter *l, u32 w)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), m = reg_m(l, w);
    ir_ref n0 = word_of(l, n, 0), n1 = word_of(l, n, 1);
    ir_ref m0 = word_of(l, m, 0), m1 = word_of(l, m, 1);
    ir_ref d0 = word_of(l, d, 0), d1 = word_of(l, d, 1);
    ir_ref high = op64(l, IR_ADD, choose(l, m1, n0, n1), d1);
    high = op64(l, IR_ADD, high, sigma(l, m1, 14, 18, 41, false));
    ir_ref e = op64(l, IR_ADD, high, m0);
    ir_ref low = op64(l, IR_ADD, choose(l, e, m1, n0), d0);
    set_words(l, w, op64(l, IR_ADD, low, sigma(l, e, 14, 18, 41, false)), high);
}

void lift_SHA512H2(struct lifter *l, u32 w)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), m = reg_m(l, w);
    ir_ref n0 = word_of(l, n, 0), m0 = word_of(l, m, 0), m1 = word_of(l, m, 1);
    ir_ref d0 = word_of(l, d, 0), d1 = word_of(l, d, 1);
    ir_ref high = op64(l, IR_ADD, majority(l, n0, m1, m0), d1);
    high = op64(l, IR_ADD, high, sigma(l, m0, 28, 34, 39, false));
    ir_ref low = op64(l, IR_ADD, majority(l, high, m0, m1), d0);
    set_words(l, w, op64(l, IR_ADD, low, sigma(l, high, 28, 34, 39, false)), high);
}

void lift_SHA512SU0(struct lifter *l, u32 w)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), d0 = word_of(l, d, 0), d1 = word_of(l, d, 1);
    ir_ref low = op64(l, IR_ADD, d0, sigma(l, d1, 1, 8, 7, true));
    ir_ref high = sigma(l, word_of(l, n, 0), 1, 8, 7, true);
    set_words(l, w, low, op64(l, IR_ADD, d1, high));
}

void lift_SHA512SU1(struct lifter *l, u32 w)
{
    ir_ref d = reg_d(l, w), n = reg_n(l, w), m = reg_m(l, w);
    ir_ref sum = simd_op2(l, IR_VADD, 3, d, m);
    ir_ref low = sigma(l, word_of(l, n, 0), 19, 61, 6, true);
    ir_ref high = sigma(l, word_of(l, n, 1), 19, 61, 6, true);
    low = op64(l, IR_ADD, low, word_of(l, sum, 0));
    set_words(l, w, low, op64(l, IR_ADD, high, word_of(l, sum, 1)));
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
