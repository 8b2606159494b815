/*
 * How control leaves translated code for the runtime.
 *
 * Four doors, reached by `jmp [state + offset of leave[door]]`, all guest state where the boundary
 * convention has it (convention.h), RBP the biased state. The stack of translated code holds
 * nothing but the return addresses of its calls, the last of which is the runtime's own: a return
 * there, with the guest target in the link register, is for none of the others.
 *
 * LEAVE_LINK: RAX = address of the link cell whose first use this is, RCX = guest target. The
 *     runtime finds or makes the target's translation, may store its address into the cell (one
 *     8-byte store), and goes on there. Until then the cell holds the address of the stub that
 *     jumps to this door.
 *     With bit 0 of RAX set the cell is an inline cache (translation.h), and RCX another address
 * than its record's, tag bits not yet dropped. LEAVE_INDIRECT: RCX = guest target, which missed the
 * jump cache (tag bits not yet dropped). LEAVE_WARM: RCX = the guest address of the region or of a
 * loop's head in it: it has been entered often, and nothing is done yet. LEAVE_TRAP: EAX = enum
 * trap_reason | 16-bit immediate << 8, RCX = guest PC the trap reports; state.trap_arg is set for
 * the reasons that say so.
 */
#ifndef AOT_ABI_EXITS_H
#define AOT_ABI_EXITS_H

#include "aot/base/types.h"

enum leave_door { LEAVE_LINK, LEAVE_INDIRECT, LEAVE_TRAP, LEAVE_WARM, LEAVE_DOORS };

/*
 * X(NAME, text)
 *
 * SVC: PC is the next instruction; immediate: the SVC's.
 * BRK, HLT: PC is the instruction's own; immediate: its own.
 * UNDEFINED: not allocated or not supported: SIGILL at PC.
 * ALIGN: SIGBUS/BUS_ADRALN at PC; trap_arg = address.
 * SP_ALIGN: SP is misaligned; SIGBUS at PC; trap_arg = SP.
 * PC_ALIGN: branch target not a multiple of 4; PC is the target; SIGBUS.
 * FETCH: PC can't be read or isn't executable: SIGSEGV at PC.
 * CACHE_FLUSH: IC IVAU of trap_arg done; go on at PC (the next instruction).
 * FPCR: FPCR was written; go on at PC, perhaps with other translations.
 * YIELD: WFE, WFI, YIELD hint that asks for the processor to be given up; go on at PC.
 * SP_ODD: SP is not a multiple of 16, which translated code takes it to be; go on at PC by another
 *     way until it is.
 * STALE: the guest's bytes at PC are no longer those that the region was made from; go on at PC
 * with another translation. LIMIT: the region's instruction limit was reached; go on at PC. DC_CVA:
 * cache maintenance by address, trap_arg = address: only checks that it may be read.
 */
#define TRAP_REASONS(X)                                                                            \
    X(NONE, "none")                                                                                \
    X(SVC, "svc")                                                                                  \
    X(BRK, "brk")                                                                                  \
    X(HLT, "hlt")                                                                                  \
    X(UNDEFINED, "undefined")                                                                      \
    X(ALIGN, "align")                                                                              \
    X(SP_ALIGN, "sp_align")                                                                        \
    X(PC_ALIGN, "pc_align")                                                                        \
    X(FETCH, "fetch")                                                                              \
    X(CACHE_FLUSH, "cache_flush")                                                                  \
    X(FPCR, "fpcr")                                                                                \
    X(SP_ODD, "sp_odd")                                                                            \
    X(STALE, "stale")                                                                              \
    X(YIELD, "yield")                                                                              \
    X(LIMIT, "limit")                                                                              \
    X(DC_CVA, "dc_cva")

enum trap_reason {
#define X(name, text) TRAP_##name,
    TRAP_REASONS(X)
#undef X
        TRAP_COUNT
};

/* The reason's name as logs and IR text write it. */
const char *trap_name(unsigned reason);

/* The reason of that name, or -1. */
int trap_by_name(const char *name);

#endif
