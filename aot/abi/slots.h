/*
 * Slots: the numbered pieces of guest state that translations read and write.
 *
 * The IR, the optimiser and the generator see guest state only as typed slots at fixed offsets in
 * struct guest_state (state.h); which guest register a slot is, only the lifter and the runtime
 * know. Slots 0 to 63 are the ones that a generator may keep in host registers, so sets of them
 * are 64-bit masks.
 */
#ifndef AOT_ABI_SLOTS_H
#define AOT_ABI_SLOTS_H

#include "aot/base/types.h"

enum slot {
    SLOT_X0 = 0, /* X0 to X30 */
    SLOT_LR = 30,
    SLOT_SP = 31,
    SLOT_V0 = 32, /* V0 to V31 */
    SLOT_NZCV = 64,
    SLOT_QC,    /* 128 bits; FPSR.QC is set when any of them is */
    SLOT_TPIDR, /* TPIDR_EL0 */
    SLOT_FPCR,
    SLOT_FPSR,    /* without QC and without what the host's MXCSR still holds: read by helper */
    SLOT_PSTATE,  /* PSTATE_DIT and PSTATE_SSBS, which change nothing here */
    SLOT_ALIASED, /* not 0: some memory may be at two addresses. Read only */
    SLOT_COUNT
};

#define SLOT_REGISTERS 64 /* slots below may live in host registers */

enum slot_kind { SLOT_INT64, SLOT_INT32, SLOT_VEC128, SLOT_FLAGS };

struct slot_info {
    char name[8]; /* "x0", "sp", "v31", "nzcv", ... */
    u8 kind;      /* enum slot_kind */
    u16 offset;   /* byte offset in struct guest_state */
};

extern const struct slot_info slot_table[SLOT_COUNT];

/* Facts of slot s (below SLOT_COUNT). */
static inline const struct slot_info *slot_info(unsigned s)
{
    return &slot_table[s];
}

/* The slot of that name, or -1. */
int slot_by_name(const char *name);

/*
 * Home format of SLOT_NZCV, a 16-bit word: what LAHF and SETO give on the host, so that saving and
 * restoring flags takes three instructions. C is the guest's (no borrow = 1 after a subtraction).
 * All other bits are zero or undefined: test only these four.
 */
#define NZCV_N (1u << 15)
#define NZCV_Z (1u << 14)
#define NZCV_C (1u << 8)
#define NZCV_V (1u << 0)
/* In the low byte, plus a number below NZCV_MARKS, and only inside a region: what the home holds is
 * out of date, and the frame state's expression of that mark is right (struct nzcv_expr). */
#define NZCV_MARK  0x80u
#define NZCV_MARKS 0x80u
#define NZCV_MASK  (NZCV_N | NZCV_Z | NZCV_C | NZCV_V)

/* PSTATE's bits that programs may change besides NZCV, where SPSR (and signal frames) have them. */
#define PSTATE_DIT  (1u << 24)
#define PSTATE_SSBS (1u << 12)

/* Between the home format and bits 31 to 28 of the architecture's NZCV and PSTATE. */
static inline u32 nzcv_to_pstate(u32 home)
{
    return (home & (NZCV_N | NZCV_Z)) << 16 | (home & NZCV_C) << 21 | (home & NZCV_V) << 28;
}

static inline u32 nzcv_from_pstate(u32 pstate)
{
    return (pstate >> 16 & (NZCV_N | NZCV_Z)) | (pstate >> 21 & NZCV_C) | (pstate >> 28 & NZCV_V);
}

#endif
