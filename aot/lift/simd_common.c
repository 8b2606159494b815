/*
 * The pieces that the Advanced SIMD lifters are made of: see simd.h.
 */
#include "aot/lift/simd.h"

void simd_set_narrow(struct lifter *l, u32 w, ir_ref v)
{
    unsigned rd = a64_rd(w);
    lift_set_v(l, rd, a64_Q(w) ? simd_pair(l, lift_get_v(l, rd), v) : v);
}

ir_ref simd_get_scalar(struct lifter *l, unsigned reg, unsigned esz)
{
    if (esz == 0) {
        ir_ref v = lift_get_v(l, reg);
        return ir_op2(l->f, IR_VAND, IR_V128, v, simd_const(l, 0xff, 0));
    }
    return ir_op1(l->f, IR_FTOV, IR_V128, lift_get_fp(l, reg, lift_ftype(esz)));
}

void simd_set_scalar(struct lifter *l, unsigned reg, unsigned esz, ir_ref v)
{
    if (esz == 0)
        lift_set_v(l, reg, ir_op2(l->f, IR_VAND, IR_V128, v, simd_const(l, 0xff, 0)));
    else
        lift_set_fp(l, reg, lift_ftype(esz), ir_op1(l->f, IR_VTOF, lift_ftype(esz), v));
}

ir_ref simd_const(struct lifter *l, u64 low, u64 high)
{
    if (low == high) return ir_const(l->f, IR_V128, (s64)low);
    return ir_opx(l->f, IR_VCONST2, IR_V128, 0, 0, (s64)low, (u32)high, (u32)(high >> 32), IR_NONE);
}

ir_ref simd_splat(struct lifter *l, unsigned esz, u64 value)
{
    for (unsigned bits = 8u << esz; bits < 64; bits *= 2)
        value = (value & ((UINT64_C(1) << bits) - 1)) | value << bits;
    return ir_const(l->f, IR_V128, (s64)value);
}

ir_ref simd_pairwise(struct lifter *l, u32 w, unsigned op, unsigned esz, ir_ref a, ir_ref b)
{
    if (!a64_Q(w)) a = b = simd_pair(l, a, b);
    ir_ref even = simd_op2(l, IR_VUZP1, esz, a, b);
    return simd_op2(l, op, esz, even, simd_op2(l, IR_VUZP2, esz, a, b));
}

void simd_or_qc(struct lifter *l, ir_ref v)
{
    const struct ir_inst *i = &l->f->inst[v];
    if (i->op == IR_CONST && !i->imm) return; /* it can't saturate */
    ir_ref qc = ir_get(l->f, IR_V128, SLOT_QC);
    i = &l->f->inst[v];
    bool difference = i->op == IR_VXOR; /* which nobody else wants, as a rule */
    ir_set(l->f, IR_V128, SLOT_QC,
           difference ? ir_op3(l->f, IR_VORX, IR_V128, qc, i->arg[0], i->arg[1])
                      : ir_op2(l->f, IR_VOR, IR_V128, qc, v));
}

void simd_or_qc_q(struct lifter *l, u32 w, ir_ref v)
{
    simd_or_qc(l, a64_Q(w) ? v : simd_low(l, v));
}

u64 fp_expand_imm(unsigned imm8, unsigned esz)
{
    /* sign, not(b), b repeated, the two low exponent bits, four bits of fraction */
    static const unsigned exponent_bits[] = {0, 5, 8, 11};
    unsigned width = 8u << esz, e = exponent_bits[esz], f = width - e - 1;
    u64 b = imm8 >> 6 & 1;
    u64 exp = (b ^ 1) << (e - 1) | (b ? ((UINT64_C(1) << (e - 3)) - 1) << 2 : 0) | (imm8 >> 4 & 3);
    return (u64)(imm8 >> 7) << (width - 1) | exp << f | (u64)(imm8 & 15) << (f - 4);
}
