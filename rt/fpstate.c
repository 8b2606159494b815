/*
 * FPSR and FPCR as the guest reads and writes them. While translated code runs, and a native
 * library's (native.c), the host's MXCSR is the guest's; outside it is C's, and state.mxcsr holds
 * the guest's.
 */
#include "rt/kernel.h"

#include "aot/abi/fp_state.h"

#include <string.h>
#include <xmmintrin.h>

u32 fpsr_read(struct guest_state *s)
{
    return fp_read_fpsr(s->fpsr, s->in_translated ? _mm_getcsr() : s->mxcsr, s->qc);
}

void fpsr_write(struct guest_state *s, u32 value)
{
    fp_write_fpsr(value, &s->fpsr, &s->mxcsr, s->qc);
    s->mxcsr = fp_mxcsr_with(s->fpcr, s->fpsr);
    if (s->in_translated) _mm_setcsr(s->mxcsr);
}

void fpcr_write(struct guest_state *s, u32 value)
{
    u32 live = s->in_translated ? _mm_getcsr() : s->mxcsr;

    /* What is sticky is collected: it must not be there when its exception traps. */
    s->fpsr |= fp_fpsr_of_mxcsr(live);
    fp_write_fpcr(value, &s->fpcr, &live);
    s->mxcsr = fp_mxcsr_with(s->fpcr, s->fpsr);
    if (s->in_translated) _mm_setcsr(s->mxcsr);
}

void fpstate_settle(struct guest_state *s)
{
    if (s->fpsr & FPSR_IXC) s->mxcsr |= MXCSR_MASK_INEXACT;
}

void fpstate_init(struct guest_state *s)
{
    s->fpcr = 0;
    s->fpsr = 0;
    s->mxcsr = fp_mxcsr(0);
    memset(s->qc, 0, sizeof(s->qc));
}
