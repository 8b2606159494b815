/*
 * Runs one translation inside a test program, as the runtime would: real entry and exits, faults
 * recovered through the side table.
 */
#ifndef TESTS_LIB_RUN_CODE_H
#define TESTS_LIB_RUN_CODE_H

#include "aot/abi/exits.h"
#include "aot/abi/state.h"
#include "aot/abi/translation.h"

enum run_kind {
    RUN_EXIT,  /* left through a door: state.pc is where to go on (or the trap's pc) */
    RUN_FAULT, /* a host fault at a recorded point: state is exact at state.pc */
    RUN_LOST,  /* a host fault at no recorded point: a defect */
};

struct run_result {
    enum run_kind kind;
    enum leave_door door;
    enum trap_reason reason; /* LEAVE_TRAP */
    u16 imm;
    int signo;   /* RUN_FAULT, RUN_LOST */
    int code;    /* si_code */
    u64 address; /* si_addr */
    u32 offset;  /* host offset in the code */
};

/* Once: signal handlers (those installed before get the faults of other code), code memory. */
void run_code_init(void);

/*
 * Runs the translation's first entry on the state, whose helper table the caller has filled. FPCR's
 * rounding goes to MXCSR with invalid operation unmasked. FPSR ends up complete in state->fpsr.
 * SIGFPE comes back as RUN_FAULT.
 */
struct run_result run_code(const struct translation *tr, struct guest_state *state);

#endif
