/*
 * Acquire and release, exclusives, and the atomics of LSE (Arm ARM C4.1.96, C6.2).
 *
 * All of these check alignment as the architecture does without LSE2. On this IR every atomic and
 * every exclusive is sequentially consistent, so the acquire and release variants need nothing of
 * their own. Where the architecture leaves the result open (STXR with Ws = Wt or Xn), the
 * instruction does what its pseudocode reads like.
 */
#include "aot/lift/lift.h"

static unsigned value_type(unsigned esz)
{
    return esz == 3 ? IR_I64 : IR_I32;
}

static ir_ref aligned_base(struct lifter *l, u32 w, unsigned esz)
{
    ir_ref base = lift_base(l, a64_rn(w));
    lift_guard_aligned(l, base, esz);
    return base;
}

/* --- acquire and release ------------------------------------------------------------------------
 */

void lift_LDAR(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w), type = value_type(esz);
    ir_ref base = aligned_base(l, w, esz);
    ir_ref v = ir_opx(l->f, IR_LOADACQ, type, (u8)esz, 0, 0, base, IR_NONE, IR_NONE);
    lift_set_x(l, a64_rt(w), esz == 3, v);
}

void lift_LDLAR(struct lifter *l, u32 w)
{
    lift_LDAR(l, w);
}

void lift_LDAPR(struct lifter *l, u32 w)
{
    lift_LDAR(l, w);
}

void lift_STLR(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w), type = value_type(esz);
    ir_ref base = aligned_base(l, w, esz);
    ir_opx(l->f, IR_STOREREL, type, (u8)esz, 0, 0, base, lift_get_x(l, a64_rt(w), esz == 3),
           IR_NONE);
}

void lift_STLLR(struct lifter *l, u32 w)
{
    lift_STLR(l, w);
}

static ir_ref aligned_unscaled(struct lifter *l, u32 w)
{
    u64 offset = (u64)sign_extend(a64_imm9(w), 9);
    ir_ref address = lift_base(l, a64_rn(w));
    if (offset) address = ir_op2(l->f, IR_ADD, IR_I64, address, lift_const(l, true, offset));
    lift_guard_aligned(l, address, a64_lsize(w));
    return address;
}

void lift_STLUR(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w);
    ir_ref address = aligned_unscaled(l, w);
    ir_opx(l->f, IR_STOREREL, value_type(esz), (u8)esz, 0, 0, address,
           lift_get_x(l, a64_rt(w), esz == 3), IR_NONE);
}

static ir_ref load_acquire_unscaled(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w);
    return ir_opx(l->f, IR_LOADACQ, value_type(esz), (u8)esz, 0, 0, aligned_unscaled(l, w), IR_NONE,
                  IR_NONE);
}

void lift_LDAPUR(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rt(w), a64_lsize(w) == 3, load_acquire_unscaled(l, w));
}

void lift_LDAPURS(struct lifter *l, u32 w)
{
    bool sf = !a64_sx32(w);
    ir_ref v = load_acquire_unscaled(l, w);
    v = ir_opx(l->f, IR_SEXT, lift_itype(sf), (u8)a64_lsize(w), 0, 0, v, IR_NONE, IR_NONE);
    lift_set_x(l, a64_rt(w), sf, v);
}

/* --- pairs of registers as one value ------------------------------------------------------------
 */

/* Low register's value below the high one's: i64 from two words, v128 from two doublewords. */
static ir_ref joined(struct lifter *l, bool sf, unsigned low, unsigned high)
{
    ir_ref a = lift_get_x(l, low, sf), b = lift_get_x(l, high, sf);
    if (sf) {
        a = ir_op1(l->f, IR_ITOF, IR_V128, a);
        return ir_opx(l->f, IR_VSETI, IR_V128, 3, 0, 1, a, b, IR_NONE);
    }
    a = ir_opx(l->f, IR_ZEXT, IR_I64, 2, 0, 0, a, IR_NONE, IR_NONE);
    b = ir_opx(l->f, IR_ZEXT, IR_I64, 2, 0, 0, b, IR_NONE, IR_NONE);
    b = ir_op2(l->f, IR_SHL, IR_I64, b, lift_const(l, true, 32));
    return ir_op2(l->f, IR_OR, IR_I64, a, b);
}

static void set_split(struct lifter *l, bool sf, unsigned low, unsigned high, ir_ref v)
{
    ir_ref a, b;
    if (sf) {
        a = ir_opx(l->f, IR_VGET, IR_I64, 3, 0, 0, v, IR_NONE, IR_NONE);
        b = ir_opx(l->f, IR_VGET, IR_I64, 3, 0, 1, v, IR_NONE, IR_NONE);
    } else {
        a = ir_op1(l->f, IR_TRUNC, IR_I32, v);
        b = ir_op2(l->f, IR_SHR, IR_I64, v, lift_const(l, true, 32));
        b = ir_op1(l->f, IR_TRUNC, IR_I32, b);
    }
    lift_set_x(l, low, sf, a);
    lift_set_x(l, high, sf, b);
}

static unsigned pair_esz(u32 w)
{
    return 3 + a64_psz(w);
}

static unsigned pair_type(u32 w)
{
    return a64_psz(w) ? IR_V128 : IR_I64;
}

/* --- exclusives ---------------------------------------------------------------------------------
 */

static ir_ref load_exclusive(struct lifter *l, u32 w, unsigned type, unsigned esz)
{
    ir_ref base = aligned_base(l, w, esz);
    return ir_opx(l->f, IR_LOADX, type, (u8)esz, 0, 0, base, IR_NONE, IR_NONE);
}

static void store_exclusive(struct lifter *l, u32 w, unsigned type, unsigned esz, ir_ref base,
                            ir_ref v)
{
    ir_ref failed = ir_opx(l->f, IR_STOREX, type, (u8)esz, 0, 0, base, v, IR_NONE);
    lift_set_x(l, a64_rs(w), false, failed);
}

void lift_LDXR(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w);
    lift_set_x(l, a64_rt(w), esz == 3, load_exclusive(l, w, value_type(esz), esz));
}

void lift_LDAXR(struct lifter *l, u32 w)
{
    lift_LDXR(l, w);
}

void lift_STXR(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w);
    ir_ref base = aligned_base(l, w, esz);
    store_exclusive(l, w, value_type(esz), esz, base, lift_get_x(l, a64_rt(w), esz == 3));
}

void lift_STLXR(struct lifter *l, u32 w)
{
    lift_STXR(l, w);
}

void lift_LDXP(struct lifter *l, u32 w)
{
    ir_ref v = load_exclusive(l, w, pair_type(w), pair_esz(w));
    set_split(l, a64_psz(w), a64_rt(w), a64_rt2(w), v);
}

void lift_LDAXP(struct lifter *l, u32 w)
{
    lift_LDXP(l, w);
}

void lift_STXP(struct lifter *l, u32 w)
{
    ir_ref base = aligned_base(l, w, pair_esz(w));
    ir_ref v = joined(l, a64_psz(w), a64_rt(w), a64_rt2(w));
    store_exclusive(l, w, pair_type(w), pair_esz(w), base, v);
}

void lift_STLXP(struct lifter *l, u32 w)
{
    lift_STXP(l, w);
}

/* --- LSE ----------------------------------------------------------------------------------------
 */

static void atomic(struct lifter *l, u32 w, enum ir_rmw op)
{
    unsigned esz = a64_lsize(w);
    ir_ref base = aligned_base(l, w, esz);
    ir_ref old = ir_opx(l->f, IR_RMW, value_type(esz), (u8)esz, (u8)op, 0, base,
                        lift_get_x(l, a64_rs(w), esz == 3), IR_NONE);
    lift_set_x(l, a64_rt(w), esz == 3, old);
}

#define ATOMIC_ROW(row, op)                                                                        \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        atomic(l, w, IR_RMW_##op);                                                                 \
    }

/* clang-format off */
ATOMIC_ROW(LDADD, ADD)
ATOMIC_ROW(LDCLR, CLR)
ATOMIC_ROW(LDEOR, EOR)
ATOMIC_ROW(LDSET, SET)
ATOMIC_ROW(LDSMAX, SMAX)
ATOMIC_ROW(LDSMIN, SMIN)
ATOMIC_ROW(LDUMAX, UMAX)
ATOMIC_ROW(LDUMIN, UMIN)
ATOMIC_ROW(SWP, SWP)
/* clang-format on */

void lift_CAS(struct lifter *l, u32 w)
{
    unsigned esz = a64_lsize(w);
    ir_ref base = aligned_base(l, w, esz);
    ir_ref old = ir_opx(l->f, IR_CAS, value_type(esz), (u8)esz, 0, 0, base,
                        lift_get_x(l, a64_rs(w), esz == 3), lift_get_x(l, a64_rt(w), esz == 3));
    lift_set_x(l, a64_rs(w), esz == 3, old);
}

void lift_CASP(struct lifter *l, u32 w)
{
    bool sf = a64_psz(w);
    unsigned s = a64_rs(w), t = a64_rt(w);
    ir_ref base = aligned_base(l, w, pair_esz(w));
    ir_ref expected = joined(l, sf, s, s + 1), desired = joined(l, sf, t, t + 1);
    ir_ref old = ir_opx(l->f, IR_CAS, pair_type(w), (u8)pair_esz(w), 0, 0, base, expected, desired);
    set_split(l, sf, s, s + 1, old);
}
