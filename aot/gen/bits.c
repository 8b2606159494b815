/*
 * Counting and reversing bits and bytes.
 */
#include "aot/gen/internal.h"

#define B (&g->b)

void gen_leading_zeros(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type), width = size * 8;
    unsigned a = gen_use_gpr(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    if (i->op == IR_CLS) { /* CLS(a) = CLZ(a ^ a sar 1), the sign bit itself never set: minus 1 */
        x64_mov_rr(B, size, X64_RAX, a);
        x64_shift_ri(B, X64_SAR, size, X64_RAX, (u8)(width - 1));
        x64_alu_rr(B, X64_XOR, size, X64_RAX, a);
        x64_alu_rr(B, X64_ADD, size, X64_RAX, X64_RAX);
        x64_alu_ri(B, X64_OR, size, X64_RAX, 1);
    } else {
        x64_mov_rr(B, size, X64_RAX, a);
    }
    if (gen_has(g, X64_HAS_LZCNT)) {
        x64_gp_rr(B, X64_LZCNT, size, dst, X64_RAX);
        return;
    }
    x64_mov_ri(B, X64_RCX, 2 * width - 1); /* BSR of 0 gives this: 2w-1 ^ w-1 = w */
    x64_gp_rr(B, X64_BSR, size, X64_RAX, X64_RAX);
    x64_cmov_rr(B, X64_CC_E, size, X64_RAX, X64_RCX);
    x64_alu_ri(B, X64_XOR, size, X64_RAX, (s32)width - 1);
    x64_mov_rr(B, size, dst, X64_RAX);
}

void gen_trailing_zeros(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    unsigned a = gen_use_gpr(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    if (gen_has(g, X64_HAS_BMI1)) {
        x64_gp_rr(B, X64_TZCNT, size, dst, a);
        return;
    }
    x64_mov_ri(B, X64_RCX, 8 * size);
    x64_gp_rr(B, X64_BSF, size, X64_RAX, a);
    x64_cmov_rr(B, X64_CC_E, size, X64_RAX, X64_RCX);
    x64_mov_rr(B, size, dst, X64_RAX);
}

/* dst = (dst >> n & mask) | (dst & mask) << n, mask repeated over the width. */
static void swap_bits(struct gen *g, unsigned size, u64 mask, u8 n)
{
    if (size == 4) mask &= 0xffffffff;
    x64_mov_rr(B, size, X64_RCX, X64_RAX);
    unsigned t = gen_temp_gpr(g);
    x64_mov_ri(B, t, mask);
    x64_shift_ri(B, X64_SHR, size, X64_RAX, n);
    x64_alu_rr(B, X64_AND, size, X64_RAX, t);
    x64_alu_rr(B, X64_AND, size, X64_RCX, t);
    x64_shift_ri(B, X64_SHL, size, X64_RCX, n);
    x64_alu_rr(B, X64_OR, size, X64_RAX, X64_RCX);
    g->gpr_locked &= ~(1u << t);
}

void gen_reverse_bits(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    unsigned a = gen_use_gpr(g, i->arg[0]);
    gen_clobber_flags(g);
    gen_consume(g, i);
    x64_mov_rr(B, size, X64_RAX, a);
    x64_bswap(B, size, X64_RAX);
    swap_bits(g, size, UINT64_C(0x0f0f0f0f0f0f0f0f), 4);
    swap_bits(g, size, UINT64_C(0x3333333333333333), 2);
    swap_bits(g, size, UINT64_C(0x5555555555555555), 1);
    x64_mov_rr(B, size, gen_def_gpr(g, r, a), X64_RAX);
}

void gen_swap_bytes(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type);
    unsigned a = gen_use_gpr(g, i->arg[0]);
    if (i->esz == 1 || (size == 8 && i->esz == 2)) gen_clobber_flags(g);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, a);
    if (i->esz == 1) { /* bytes of each half-word */
        x64_mov_rr(B, size, X64_RAX, a);
        swap_bits(g, size, UINT64_C(0x00ff00ff00ff00ff), 8);
        x64_mov_rr(B, size, dst, X64_RAX);
        return;
    }
    if (dst != a) x64_mov_rr(B, size, dst, a);
    x64_bswap(B, size, dst);
    if (size == 8 && i->esz == 2) x64_shift_ri(B, X64_ROR, 8, dst, 32);
}
