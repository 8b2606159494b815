/*
 * FPCR, FPSR and MXCSR: see fp_state.h.
 */
#include "aot/abi/fp_state.h"

#include <string.h>

u32 fp_mxcsr(u32 fpcr)
{
    /* FPCR's modes: nearest, up, down, zero; the host's: nearest, down, up, zero. */
    static const u8 rounding[4] = {0, 2, 1, 3};

    u32 traps = MXCSR_MASK_INVALID;

    if (fp_flushes_only(fpcr)) traps |= MXCSR_MASK_FLUSHES | MXCSR_MASK_INEXACT;
    return (MXCSR_ALL_MASKED & ~traps) | (u32)rounding[fpcr >> FPCR_RMODE_SHIFT & 3] << 13;
}

u32 fp_mxcsr_with(u32 fpcr, u32 fpsr)
{
    return fp_mxcsr(fpcr) | (fpsr & FPSR_IXC ? MXCSR_MASK_INEXACT : 0);
}

u32 fp_drop_trapped(u32 mxcsr)
{
    return mxcsr & ~(~mxcsr >> MXCSR_MASK_SHIFT & MXCSR_STICKY);
}

u32 fp_fpsr_of_mxcsr(u32 mxcsr)
{
    /* Both have invalid in bit 0; the host's denormal flag sits between it and the others. */
    return (mxcsr & 1) | (mxcsr >> 1 & (FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC));
}

u32 fp_read_fpsr(u32 fpsr, u32 mxcsr, const u8 qc[16])
{
    u64 saturated[2];

    memcpy(saturated, qc, sizeof(saturated));
    return (fpsr & FPSR_FLAGS) | fp_fpsr_of_mxcsr(mxcsr) |
           (saturated[0] | saturated[1] ? FPSR_QC : 0);
}

void fp_write_fpsr(u32 value, u32 *fpsr, u32 *mxcsr, u8 qc[16])
{
    *fpsr = value & FPSR_FLAGS;
    *mxcsr &= ~MXCSR_STICKY;
    memset(qc, value & FPSR_QC ? 0xff : 0, 16);
}

void fp_write_fpcr(u32 value, u32 *fpcr, u32 *mxcsr)
{
    *fpcr = value & FPCR_WRITABLE;
    *mxcsr = (*mxcsr & MXCSR_STICKY) | fp_mxcsr(*fpcr);
}
