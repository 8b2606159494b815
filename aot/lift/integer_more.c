/*
 * Data processing of the general registers: selects, conditional compares, multiplies, divides,
 * variable shifts, bit counts, CRC and flag manipulation (Arm ARM C4.1.95).
 */
#include "aot/lift/lift.h"

/* --- conditional --------------------------------------------------------------------------------
 */

static void conditional_compare(struct lifter *l, u32 w, unsigned flag_op, ir_ref b)
{
    unsigned type = lift_itype(a64_sf(w));
    ir_ref a = lift_get_x(l, a64_rn(w), a64_sf(w));
    ir_ref flags = ir_op2(l->f, flag_op, type, a, b);
    if (a64_cond(w) < IR_CC_AL) {
        ir_ref other =
            ir_opx(l->f, IR_FLCONST, IR_FLAGS, 0, 0, a64_nzcv(w), IR_NONE, IR_NONE, IR_NONE);
        flags = ir_op3(l->f, IR_FLSELECT, IR_FLAGS, lift_cond(l, a64_cond(w)), flags, other);
    }
    lift_set_nzcv(l, flags);
}

void lift_CCMP_reg(struct lifter *l, u32 w)
{
    conditional_compare(l, w, IR_FLSUB, lift_get_x(l, a64_rm(w), a64_sf(w)));
}

void lift_CCMN_reg(struct lifter *l, u32 w)
{
    conditional_compare(l, w, IR_FLADD, lift_get_x(l, a64_rm(w), a64_sf(w)));
}

void lift_CCMP_imm(struct lifter *l, u32 w)
{
    conditional_compare(l, w, IR_FLSUB, lift_const(l, a64_sf(w), a64_imm5(w)));
}

void lift_CCMN_imm(struct lifter *l, u32 w)
{
    conditional_compare(l, w, IR_FLADD, lift_const(l, a64_sf(w), a64_imm5(w)));
}

/* rd = cond ? rn : other. */
static void select(struct lifter *l, u32 w, ir_ref other)
{
    bool sf = a64_sf(w);
    ir_ref v = lift_get_x(l, a64_rn(w), sf);
    if (a64_cond(w) < IR_CC_AL)
        v = ir_op3(l->f, IR_SELECT, lift_itype(sf), lift_cond(l, a64_cond(w)), v, other);
    lift_set_x(l, a64_rd(w), sf, v);
}

void lift_CSEL(struct lifter *l, u32 w)
{
    select(l, w, lift_get_x(l, a64_rm(w), a64_sf(w)));
}

/* CSET and CSETM: both sources are the zero register. */
static bool is_set_form(u32 w)
{
    return a64_rn(w) == 31 && a64_rm(w) == 31 && a64_cond(w) < IR_CC_AL;
}

static ir_ref inverse_as_int(struct lifter *l, u32 w)
{
    return ir_op1(l->f, IR_BINT, lift_itype(a64_sf(w)), lift_cond(l, a64_cond(w) ^ 1));
}

void lift_CSINC(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    if (is_set_form(w))
        lift_set_x(l, a64_rd(w), sf, inverse_as_int(l, w));
    else
        select(l, w,
               ir_op2(l->f, IR_ADD, lift_itype(sf), lift_get_x(l, a64_rm(w), sf),
                      lift_const(l, sf, 1)));
}

void lift_CSINV(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    if (is_set_form(w))
        lift_set_x(l, a64_rd(w), sf, ir_op1(l->f, IR_NEG, lift_itype(sf), inverse_as_int(l, w)));
    else
        select(l, w, ir_op1(l->f, IR_NOT, lift_itype(sf), lift_get_x(l, a64_rm(w), sf)));
}

void lift_CSNEG(struct lifter *l, u32 w)
{
    bool sf = a64_sf(w);
    select(l, w, ir_op1(l->f, IR_NEG, lift_itype(sf), lift_get_x(l, a64_rm(w), sf)));
}

/* --- two sources --------------------------------------------------------------------------------
 */

static void two_sources(struct lifter *l, u32 w, unsigned op)
{
    bool sf = a64_sf(w);
    ir_ref a = lift_get_x(l, a64_rn(w), sf), b = lift_get_x(l, a64_rm(w), sf);
    lift_set_x(l, a64_rd(w), sf, ir_op2(l->f, op, lift_itype(sf), a, b));
}

void lift_UDIV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_UDIV);
}

void lift_SDIV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_SDIV);
}

void lift_LSLV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_SHL);
}

void lift_LSRV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_SHR);
}

void lift_ASRV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_SAR);
}

void lift_RORV(struct lifter *l, u32 w)
{
    two_sources(l, w, IR_ROR);
}

void lift_CRC32(struct lifter *l, u32 w)
{
    ir_ref sum = lift_get_x(l, a64_rn(w), false), data = lift_get_x(l, a64_rm(w), a64_sf(w));
    ir_ref v =
        ir_opx(l->f, IR_CRC32, IR_I32, (u8)a64_csz(w), (u8)a64_crc_c(w), 0, sum, data, IR_NONE);
    lift_set_x(l, a64_rd(w), false, v);
}

/* --- one source ---------------------------------------------------------------------------------
 */

static void one_source(struct lifter *l, u32 w, bool sf, unsigned op, unsigned esz)
{
    ir_ref v = ir_opx(l->f, op, lift_itype(sf), (u8)esz, 0, 0, lift_get_x(l, a64_rn(w), sf),
                      IR_NONE, IR_NONE);
    lift_set_x(l, a64_rd(w), sf, v);
}

void lift_RBIT(struct lifter *l, u32 w)
{
    one_source(l, w, a64_sf(w), IR_RBIT, 0);
}

void lift_REV16(struct lifter *l, u32 w)
{
    one_source(l, w, a64_sf(w), IR_BSWAP, 1);
}

void lift_REV_w(struct lifter *l, u32 w)
{
    one_source(l, w, false, IR_BSWAP, 2);
}

void lift_REV32(struct lifter *l, u32 w)
{
    one_source(l, w, true, IR_BSWAP, 2);
}

void lift_REV_x(struct lifter *l, u32 w)
{
    one_source(l, w, true, IR_BSWAP, 3);
}

void lift_CLZ(struct lifter *l, u32 w)
{
    one_source(l, w, a64_sf(w), IR_CLZ, 0);
}

void lift_CLS(struct lifter *l, u32 w)
{
    one_source(l, w, a64_sf(w), IR_CLS, 0);
}

/* --- multiplies ---------------------------------------------------------------------------------
 */

/* ra op product; with ra the zero register the product or its negative. */
static void accumulate(struct lifter *l, u32 w, bool sf, unsigned op, ir_ref product)
{
    unsigned type = lift_itype(sf);
    ir_ref v = product;
    if (a64_ra(w) != 31)
        v = ir_op2(l->f, op, type, lift_get_x(l, a64_ra(w), sf), product);
    else if (op == IR_SUB)
        v = ir_op1(l->f, IR_NEG, type, product);
    lift_set_x(l, a64_rd(w), sf, v);
}

static ir_ref product(struct lifter *l, u32 w, unsigned op)
{
    bool sf = a64_sf(w);
    ir_ref a = lift_get_x(l, a64_rn(w), sf), b = lift_get_x(l, a64_rm(w), sf);
    return ir_op2(l->f, op, lift_itype(sf), a, b);
}

void lift_MADD(struct lifter *l, u32 w)
{
    accumulate(l, w, a64_sf(w), IR_ADD, product(l, w, IR_MUL));
}

void lift_MSUB(struct lifter *l, u32 w)
{
    accumulate(l, w, a64_sf(w), IR_SUB, product(l, w, IR_MUL));
}

/* 32 by 32 bits; option is the extension of both: UXTW 2 or SXTW 6. */
static ir_ref long_product(struct lifter *l, u32 w, unsigned option)
{
    ir_ref a = lift_extend(l, a64_rn(w), true, option, 0);
    ir_ref b = lift_extend(l, a64_rm(w), true, option, 0);
    return ir_op2(l->f, IR_MUL, IR_I64, a, b);
}

void lift_SMADDL(struct lifter *l, u32 w)
{
    accumulate(l, w, true, IR_ADD, long_product(l, w, 6));
}

void lift_SMSUBL(struct lifter *l, u32 w)
{
    accumulate(l, w, true, IR_SUB, long_product(l, w, 6));
}

void lift_UMADDL(struct lifter *l, u32 w)
{
    accumulate(l, w, true, IR_ADD, long_product(l, w, 2));
}

void lift_UMSUBL(struct lifter *l, u32 w)
{
    accumulate(l, w, true, IR_SUB, long_product(l, w, 2));
}

void lift_SMULH(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), true, product(l, w, IR_MULHS));
}

void lift_UMULH(struct lifter *l, u32 w)
{
    lift_set_x(l, a64_rd(w), true, product(l, w, IR_MULHU));
}

/* --- flag manipulation --------------------------------------------------------------------------
 */
/* In these, flags are worked on as an i32 with N Z C V at bits 31 to 28. */

static ir_ref word_const(struct lifter *l, u32 value)
{
    return lift_const(l, false, value);
}

static ir_ref word_op(struct lifter *l, unsigned op, ir_ref a, ir_ref b)
{
    return ir_op2(l->f, op, IR_I32, a, b);
}

static ir_ref packed_flags(struct lifter *l)
{
    return ir_op1(l->f, IR_FLPACK, IR_I32, lift_get_nzcv(l));
}

static void set_packed_flags(struct lifter *l, ir_ref v)
{
    lift_set_nzcv(l, ir_op1(l->f, IR_FLUNPACK, IR_FLAGS, v));
}

/* The bits of `mask` (over bits 31 to 28) from v, the others from the current flags. */
static void merge_flags(struct lifter *l, ir_ref v, u32 mask)
{
    ir_ref keep = word_op(l, IR_AND, packed_flags(l), word_const(l, ~mask));
    set_packed_flags(l, word_op(l, IR_OR, keep, word_op(l, IR_AND, v, word_const(l, mask))));
}

void lift_RMIF(struct lifter *l, u32 w)
{
    ir_ref v = lift_get_x(l, a64_rn(w), true);
    /* Bits 3 to 0 after the rotation go to 31 to 28: rotate by four less. */
    unsigned rotate = (a64_rimm6(w) + 64 - 28) % 64;
    if (rotate) v = ir_op2(l->f, IR_ROR, IR_I64, v, lift_const(l, true, rotate));
    merge_flags(l, ir_op1(l->f, IR_TRUNC, IR_I32, v), a64_rmask(w) << 28);
}

/* N from the top bit, Z from the low `width` bits, V from the top bit and the one above. */
static void set_from_small(struct lifter *l, u32 w, unsigned width)
{
    ir_ref top = word_op(l, IR_SHL, lift_get_x(l, a64_rn(w), false), word_const(l, 32 - width));
    ir_ref above = word_op(l, IR_SHR, lift_get_x(l, a64_rn(w), false), word_const(l, 1));
    ir_ref differ = word_op(l, IR_XOR, above, lift_get_x(l, a64_rn(w), false));
    ir_ref v = word_op(l, IR_SHL, differ, word_const(l, 29 - width));
    ir_ref zero = ir_opx(l->f, IR_ICMP, IR_I32, 0, IR_EQ, 0, top, word_const(l, 0), IR_NONE);
    ir_ref z = word_op(l, IR_SHL, ir_op1(l->f, IR_BINT, IR_I32, zero), word_const(l, 30));
    ir_ref all = word_op(l, IR_AND, top, word_const(l, 1u << 31));
    all = word_op(l, IR_OR, all, z);
    all = word_op(l, IR_OR, all, word_op(l, IR_AND, v, word_const(l, 1u << 28)));
    merge_flags(l, all, 0xd0000000);
}

void lift_SETF8(struct lifter *l, u32 w)
{
    set_from_small(l, w, 8);
}

void lift_SETF16(struct lifter *l, u32 w)
{
    set_from_small(l, w, 16);
}

void lift_CFINV(struct lifter *l, u32 w)
{
    (void)w;
    set_packed_flags(l, word_op(l, IR_XOR, packed_flags(l), word_const(l, 1u << 29)));
}

/* The bit `from` of v moved to bit `to`. */
static ir_ref moved_bit(struct lifter *l, ir_ref v, unsigned from, unsigned to)
{
    ir_ref bit = word_op(l, IR_AND, v, word_const(l, 1u << from));
    if (from == to) return bit;
    return word_op(l, from < to ? IR_SHL : IR_SHR, bit,
                   word_const(l, from < to ? to - from : from - to));
}

void lift_AXFLAG(struct lifter *l, u32 w)
{
    (void)w;
    ir_ref p = packed_flags(l), not_v = ir_op1(l->f, IR_NOT, IR_I32, p);
    ir_ref z = word_op(l, IR_OR, moved_bit(l, p, 30, 30), moved_bit(l, p, 28, 30));
    ir_ref c = word_op(l, IR_AND, moved_bit(l, p, 29, 29), moved_bit(l, not_v, 28, 29));
    set_packed_flags(l, word_op(l, IR_OR, z, c));
}

void lift_XAFLAG(struct lifter *l, u32 w)
{
    (void)w;
    ir_ref p = packed_flags(l), inverse = ir_op1(l->f, IR_NOT, IR_I32, p);
    ir_ref no_c_no_z =
        word_op(l, IR_AND, moved_bit(l, inverse, 29, 31), moved_bit(l, inverse, 30, 31));
    ir_ref z_c = word_op(l, IR_AND, moved_bit(l, p, 30, 30), moved_bit(l, p, 29, 30));
    ir_ref c_or_z = word_op(l, IR_OR, moved_bit(l, p, 29, 29), moved_bit(l, p, 30, 29));
    ir_ref no_c_z = word_op(l, IR_AND, moved_bit(l, inverse, 29, 28), moved_bit(l, p, 30, 28));
    ir_ref v = word_op(l, IR_OR, no_c_no_z, z_c);
    set_packed_flags(l, word_op(l, IR_OR, v, word_op(l, IR_OR, c_or_z, no_c_z)));
}
