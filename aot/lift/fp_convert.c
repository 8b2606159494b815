/*
 * Scalar floating point: conversions between formats, and to and from general registers. (Arm ARM
 * C4.1.97: floating-point data-processing (1 source), conversions to and from integers and fixed
 * point.)
 */
#include "aot/lift/simd.h"

enum { UNSIGNED = 8 }; /* in mod of FCVTI and ICVTF */

void lift_FCVT_f(struct lifter *l, u32 w)
{
    unsigned from = fp_esz(w), to = a64_fopc(w) == 3 ? 1 : 2 + a64_fopc(w);
    ir_ref v = lift_get_fp(l, a64_rn(w), lift_ftype(from));
    v = ir_opx(l->f, IR_FCVT, lift_ftype(to), from, 0, 0, v, IR_NONE, IR_NONE);
    lift_set_fp(l, a64_rd(w), lift_ftype(to), v);
}

/* --- integers and fixed point in general registers -------------------------------------------- */

static void to_integer(struct lifter *l, u32 w, unsigned mod, unsigned bits)
{
    unsigned esz = fp_esz(w);
    bool sf = a64_sf(w);
    ir_ref v = lift_get_fp(l, a64_rn(w), lift_ftype(esz));
    v = ir_opx(l->f, IR_FCVTI, lift_itype(sf), esz, mod, bits, v, IR_NONE, IR_NONE);
    lift_set_x(l, a64_rd(w), sf, v);
}

static void from_integer(struct lifter *l, u32 w, unsigned mod, unsigned bits)
{
    unsigned type = lift_ftype(fp_esz(w));
    bool sf = a64_sf(w);
    ir_ref v = lift_get_x(l, a64_rn(w), sf);
    v = ir_opx(l->f, IR_ICVTF, type, 2 + sf, mod, bits, v, IR_NONE, IR_NONE);
    lift_set_fp(l, a64_rd(w), type, v);
}

static unsigned fraction_bits(u32 w)
{
    return 64 - a64_fscale(w);
}

LIFT(FCVTNS_gen, to_integer(l, w, IR_ROUND_NEAREST, 0))
LIFT(FCVTNU_gen, to_integer(l, w, IR_ROUND_NEAREST | UNSIGNED, 0))
LIFT(FCVTPS_gen, to_integer(l, w, IR_ROUND_UP, 0))
LIFT(FCVTPU_gen, to_integer(l, w, IR_ROUND_UP | UNSIGNED, 0))
LIFT(FCVTMS_gen, to_integer(l, w, IR_ROUND_DOWN, 0))
LIFT(FCVTMU_gen, to_integer(l, w, IR_ROUND_DOWN | UNSIGNED, 0))
LIFT(FCVTAS_gen, to_integer(l, w, IR_ROUND_AWAY, 0))
LIFT(FCVTAU_gen, to_integer(l, w, IR_ROUND_AWAY | UNSIGNED, 0))
LIFT(FCVTZS_gen, to_integer(l, w, IR_ROUND_ZERO, 0))
LIFT(FCVTZU_gen, to_integer(l, w, IR_ROUND_ZERO | UNSIGNED, 0))
LIFT(SCVTF_gen, from_integer(l, w, 0, 0))
LIFT(UCVTF_gen, from_integer(l, w, UNSIGNED, 0))
LIFT(FCVTZS_gfix, to_integer(l, w, IR_ROUND_ZERO, fraction_bits(w)))
LIFT(FCVTZU_gfix, to_integer(l, w, IR_ROUND_ZERO | UNSIGNED, fraction_bits(w)))
LIFT(SCVTF_gfix, from_integer(l, w, 0, fraction_bits(w)))
LIFT(UCVTF_gfix, from_integer(l, w, UNSIGNED, fraction_bits(w)))

static ir_ref flags_const(struct lifter *l, unsigned nzcv)
{
    return ir_opx(l->f, IR_FLCONST, IR_FLAGS, 0, 0, nzcv, IR_NONE, IR_NONE, IR_NONE);
}

/* Z says that the result is the operand's exact value, the sign of zero included: that is, it
 * converts back to the same bits. So Z is 0 for a denormal that FZ flushes, too: FPToFixedJS asks
 * for it by name (value is 0.0 and op<51:0> is not), though QEMU gives 1. */
void lift_FJCVTZS(struct lifter *l, u32 w)
{
    ir_ref v = lift_get_fp(l, a64_rn(w), IR_F64);
    ir_ref result = ir_op1(l->f, IR_FJCVTZS, IR_I32, v);
    ir_ref back = ir_opx(l->f, IR_ICVTF, IR_F64, 2, 0, 0, result, IR_NONE, IR_NONE);
    ir_ref bits = ir_op1(l->f, IR_FTOI, IR_I64, v);
    back = ir_op1(l->f, IR_FTOI, IR_I64, back);
    ir_ref exact = ir_opx(l->f, IR_ICMP, IR_I64, 0, IR_EQ, 0, bits, back, IR_NONE);
    ir_ref z = flags_const(l, 4), none = flags_const(l, 0);
    lift_set_nzcv(l, ir_op3(l->f, IR_FLSELECT, IR_FLAGS, exact, z, none));
    lift_set_x(l, a64_rd(w), false, result);
}

/* --- moves of bits ---------------------------------------------------------------------------- */

void lift_FMOV_to_gen(struct lifter *l, u32 w)
{
    unsigned esz = fp_esz(w);
    ir_ref v = lift_get_fp(l, a64_rn(w), lift_ftype(esz));
    /* A half's bits come as i32; a W result clears the upper half of X all the same. */
    lift_set_x(l, a64_rd(w), esz == 3, ir_op1(l->f, IR_FTOI, lift_itype(esz == 3), v));
}

void lift_FMOV_from_gen(struct lifter *l, u32 w)
{
    unsigned type = lift_ftype(fp_esz(w));
    ir_ref v = lift_get_x(l, a64_rn(w), type == IR_F64);
    lift_set_fp(l, a64_rd(w), type, ir_op1(l->f, IR_ITOF, type, v));
}

void lift_FMOV_to_gen_top(struct lifter *l, u32 w)
{
    ir_ref v = lift_get_v(l, a64_rn(w));
    lift_set_x(l, a64_rd(w), true, simd_get_lane(l, IR_VGET, IR_I64, 3, 1, v));
}

void lift_FMOV_from_gen_top(struct lifter *l, u32 w)
{
    ir_ref d = lift_get_v(l, a64_rd(w)), v = lift_get_x(l, a64_rn(w), true);
    lift_set_v(l, a64_rd(w), simd_set_lane(l, 3, 1, d, v));
}
