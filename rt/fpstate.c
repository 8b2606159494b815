/*
 * FPSR and FPCR as the guest reads and writes them. While translated code runs, the host's MXCSR is
 * the guest's; outside it is C's, and state.mxcsr holds the guest's.
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
    if (s->in_translated) _mm_setcsr(_mm_getcsr() & ~MXCSR_STICKY);
}

void fpcr_write(struct guest_state *s, u32 value)
{
    u32 live = s->in_translated ? _mm_getcsr() : s->mxcsr;

    fp_write_fpcr(value, &s->fpcr, &live);
    s->mxcsr = live;
    if (s->in_translated) _mm_setcsr(live);
}

void fpstate_init(struct guest_state *s)
{
    s->fpcr = 0;
    s->fpsr = 0;
    s->mxcsr = fp_mxcsr(0);
    memset(s->qc, 0, sizeof(s->qc));
}
