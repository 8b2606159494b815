/*
 * FPCR and FPSR of the guest, and how they map to the host's MXCSR.
 *
 * Translated code runs with the guest's rounding mode, all exceptions but invalid operation
 * masked, and no flushing (flush modes take other translations). The host's sticky flags belong to
 * the guest's FPSR until they are collected.
 *
 * FPCR.FZ alone has a mode of its own: what would be flushed traps, as denormal operand or
 * underflow, and the evaluator does it; the host's units do all else. A tiny result that traps may
 * have raised inexact on the host, which a flushed one doesn't on the guest: so inexact traps too
 * until FPSR has it.
 */
#ifndef AOT_ABI_FP_STATE_H
#define AOT_ABI_FP_STATE_H

#include "aot/base/types.h"

/* FPCR (Arm ARM D19.2). */
#define FPCR_FZ16        (1u << 19)
#define FPCR_RMODE_SHIFT 22 /* 0 nearest, 1 up, 2 down, 3 toward zero */
#define FPCR_FZ          (1u << 24)
#define FPCR_DN          (1u << 25)
#define FPCR_AHP         (1u << 26)
/* What can be written: trapped exceptions, vector lengths and alternate behaviours don't exist. */
#define FPCR_WRITABLE (FPCR_AHP | FPCR_DN | FPCR_FZ | 3u << FPCR_RMODE_SHIFT | FPCR_FZ16)
/* Modes that the host's units don't have. */
#define FPCR_CHECKED (FPCR_AHP | FPCR_DN | FPCR_FZ | FPCR_FZ16)

/* The one of these modes that the host's exceptions make up for. */
static inline bool fp_flushes_only(u32 fpcr)
{
    return (fpcr & FPCR_CHECKED) == FPCR_FZ;
}

/* FPSR: cumulative flags and saturation. */
#define FPSR_IOC   (1u << 0)
#define FPSR_DZC   (1u << 1)
#define FPSR_OFC   (1u << 2)
#define FPSR_UFC   (1u << 3)
#define FPSR_IXC   (1u << 4)
#define FPSR_IDC   (1u << 7)
#define FPSR_QC    (1u << 27)
#define FPSR_FLAGS (FPSR_IOC | FPSR_DZC | FPSR_OFC | FPSR_UFC | FPSR_IXC | FPSR_IDC)

/* Host MXCSR. */
#define MXCSR_STICKY       0x3fu
#define MXCSR_MASK_SHIFT   7 /* from a sticky flag to its mask */
#define MXCSR_MASK_INVALID (1u << 7)
#define MXCSR_MASK_FLUSHES (1u << 8 | 1u << 11) /* denormal operand, underflow */
#define MXCSR_MASK_INEXACT (1u << 12)
#define MXCSR_ALL_MASKED   0x1f80u /* the value at reset: nearest, nothing unmasked */

/* MXCSR for translated code under this FPCR, nothing in FPSR: no sticky flags, invalid operation
 * unmasked. */
u32 fp_mxcsr(u32 fpcr);

/* The same when FPSR has these flags. */
u32 fp_mxcsr_with(u32 fpcr, u32 fpsr);

/* An MXCSR as a trap found it, without what the trapped instruction may have raised that its guest
 * instruction does not: flags of unmasked exceptions, which no other has set. */
u32 fp_drop_trapped(u32 mxcsr);

/* FPSR's cumulative flags for MXCSR's sticky ones. The host's denormal flag has no counterpart:
 * IDC is raised only for inputs flushed to zero. */
u32 fp_fpsr_of_mxcsr(u32 mxcsr);

/* The guest's view of FPSR: collected flags, the live MXCSR, and whether a saturation happened. */
u32 fp_read_fpsr(u32 fpsr, u32 mxcsr, const u8 qc[16]);

/* Sets all three from a value written to FPSR. */
void fp_write_fpsr(u32 value, u32 *fpsr, u32 *mxcsr, u8 qc[16]);

/* A value written to FPCR: *fpcr keeps what exists, *mxcsr the new rounding and its sticky flags.
 */
void fp_write_fpcr(u32 value, u32 *fpcr, u32 *mxcsr);

#endif
