/*
 * Advanced SIMD conversions between floating-point formats, and to and from integers and fixed
 * point; vector and scalar forms. (Arm ARM C4.1.97: two-register miscellaneous and shift by
 * immediate.)
 */
#include "aot/lift/simd.h"

enum { UNSIGNED = 8 }; /* in mod of VFCVTI and VICVTF */

/* --- to and from integers of the same size ---------------------------------------------------- */

/* Vector form; a lane of zeros converts to zeros without an exception. */
static void vector(struct lifter *l, u32 w, unsigned op, unsigned esz, unsigned mod, unsigned bits)
{
    ir_ref n = lift_get_v(l, a64_rn(w));
    if (!a64_Q(w)) n = simd_low(l, n);
    lift_set_v(l, a64_rd(w), ir_opx(l->f, op, IR_V128, esz, mod, bits, n, IR_NONE, IR_NONE));
}

static void scalar(struct lifter *l, u32 w, unsigned op, unsigned esz, unsigned mod, unsigned bits)
{
    unsigned type = lift_ftype(esz);
    ir_ref n = lift_get_fp(l, a64_rn(w), type);
    n = ir_opx(l->f, op, type, esz, mod, bits, n, IR_NONE, IR_NONE);
    lift_set_fp(l, a64_rd(w), type, n);
}

LIFT(FCVTNS_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_NEAREST, 0))
LIFT(FCVTNU_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_NEAREST | UNSIGNED, 0))
LIFT(FCVTPS_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_UP, 0))
LIFT(FCVTPU_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_UP | UNSIGNED, 0))
LIFT(FCVTMS_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_DOWN, 0))
LIFT(FCVTMU_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_DOWN | UNSIGNED, 0))
LIFT(FCVTAS_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_AWAY, 0))
LIFT(FCVTAU_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_AWAY | UNSIGNED, 0))
LIFT(FCVTZS_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_ZERO, 0))
LIFT(FCVTZU_v, vector(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_ZERO | UNSIGNED, 0))
LIFT(SCVTF_v, vector(l, w, IR_VICVTF, simd_sz(w), 0, 0))
LIFT(UCVTF_v, vector(l, w, IR_VICVTF, simd_sz(w), UNSIGNED, 0))

LIFT(FCVTNS_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_NEAREST, 0))
LIFT(FCVTNU_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_NEAREST | UNSIGNED, 0))
LIFT(FCVTPS_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_UP, 0))
LIFT(FCVTPU_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_UP | UNSIGNED, 0))
LIFT(FCVTMS_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_DOWN, 0))
LIFT(FCVTMU_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_DOWN | UNSIGNED, 0))
LIFT(FCVTAS_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_AWAY, 0))
LIFT(FCVTAU_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_AWAY | UNSIGNED, 0))
LIFT(FCVTZS_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_ZERO, 0))
LIFT(FCVTZU_vh, vector(l, w, IR_VFCVTI, 1, IR_ROUND_ZERO | UNSIGNED, 0))
LIFT(SCVTF_vh, vector(l, w, IR_VICVTF, 1, 0, 0))
LIFT(UCVTF_vh, vector(l, w, IR_VICVTF, 1, UNSIGNED, 0))

LIFT(FCVTNS_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_NEAREST, 0))
LIFT(FCVTNU_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_NEAREST | UNSIGNED, 0))
LIFT(FCVTPS_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_UP, 0))
LIFT(FCVTPU_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_UP | UNSIGNED, 0))
LIFT(FCVTMS_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_DOWN, 0))
LIFT(FCVTMU_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_DOWN | UNSIGNED, 0))
LIFT(FCVTAS_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_AWAY, 0))
LIFT(FCVTAU_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_AWAY | UNSIGNED, 0))
LIFT(FCVTZS_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_ZERO, 0))
LIFT(FCVTZU_s, scalar(l, w, IR_VFCVTI, simd_sz(w), IR_ROUND_ZERO | UNSIGNED, 0))
LIFT(SCVTF_s, scalar(l, w, IR_VICVTF, simd_sz(w), 0, 0))
LIFT(UCVTF_s, scalar(l, w, IR_VICVTF, simd_sz(w), UNSIGNED, 0))

LIFT(FCVTNS_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_NEAREST, 0))
LIFT(FCVTNU_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_NEAREST | UNSIGNED, 0))
LIFT(FCVTPS_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_UP, 0))
LIFT(FCVTPU_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_UP | UNSIGNED, 0))
LIFT(FCVTMS_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_DOWN, 0))
LIFT(FCVTMU_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_DOWN | UNSIGNED, 0))
LIFT(FCVTAS_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_AWAY, 0))
LIFT(FCVTAU_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_AWAY | UNSIGNED, 0))
LIFT(FCVTZS_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_ZERO, 0))
LIFT(FCVTZU_sh, scalar(l, w, IR_VFCVTI, 1, IR_ROUND_ZERO | UNSIGNED, 0))
LIFT(SCVTF_sh, scalar(l, w, IR_VICVTF, 1, 0, 0))
LIFT(UCVTF_sh, scalar(l, w, IR_VICVTF, 1, UNSIGNED, 0))

/* --- fixed point ------------------------------------------------------------------------------ */

static void vector_fixed(struct lifter *l, u32 w, unsigned op, unsigned mod)
{
    vector(l, w, op, simd_shift_esz(w), mod, simd_shift_right(w));
}

static void scalar_fixed(struct lifter *l, u32 w, unsigned op, unsigned mod)
{
    scalar(l, w, op, simd_shift_esz(w), mod, simd_shift_right(w));
}

LIFT(FCVTZS_vfix, vector_fixed(l, w, IR_VFCVTI, IR_ROUND_ZERO))
LIFT(FCVTZU_vfix, vector_fixed(l, w, IR_VFCVTI, IR_ROUND_ZERO | UNSIGNED))
LIFT(SCVTF_vfix, vector_fixed(l, w, IR_VICVTF, 0))
LIFT(UCVTF_vfix, vector_fixed(l, w, IR_VICVTF, UNSIGNED))
LIFT(FCVTZS_sfix, scalar_fixed(l, w, IR_VFCVTI, IR_ROUND_ZERO))
LIFT(FCVTZU_sfix, scalar_fixed(l, w, IR_VFCVTI, IR_ROUND_ZERO | UNSIGNED))
LIFT(SCVTF_sfix, scalar_fixed(l, w, IR_VICVTF, 0))
LIFT(UCVTF_sfix, scalar_fixed(l, w, IR_VICVTF, UNSIGNED))

/* --- between floating-point formats ----------------------------------------------------------- */

/* Narrow esz; odd: round to odd. */
static ir_ref narrowed(struct lifter *l, unsigned esz, bool odd, ir_ref v)
{
    return ir_opx(l->f, IR_FCVTN, IR_V128, esz, odd, 0, v, IR_NONE, IR_NONE);
}

void lift_FCVTL_v(struct lifter *l, u32 w)
{
    ir_ref n = lift_get_v(l, a64_rn(w));
    lift_set_v(l, a64_rd(w), simd_widen(l, IR_FCVTL, 1 + a64_sz(w), a64_Q(w), n, IR_NONE));
}

LIFT(FCVTN_v, simd_set_narrow(l, w, narrowed(l, 1 + a64_sz(w), false, lift_get_v(l, a64_rn(w)))))
LIFT(FCVTXN_v, simd_set_narrow(l, w, narrowed(l, 2, true, lift_get_v(l, a64_rn(w)))))
LIFT(FCVTXN_s,
     simd_set_scalar(l, a64_rd(w), 2, narrowed(l, 2, true, simd_get_scalar(l, a64_rn(w), 3))))
