/*
 * A small guest for instruction tests: a page of code and some pages of data at fixed addresses,
 * with unmapped space around them, and ways to run the code from a given state. Guest addresses
 * are host addresses.
 */
#ifndef TESTS_INSN_GUEST_H
#define TESTS_INSN_GUEST_H

#include "aot/abi/exits.h"
#include "aot/abi/state.h"
#include "aot/xlat.h"

#define GUEST_CODE      UINT64_C(0x60000000) /* readable */
#define GUEST_CODE_SIZE 0x1000
#define GUEST_DATA      UINT64_C(0x60010000) /* readable and writable */
#define GUEST_DATA_SIZE 0x4000
#define GUEST_RO        (GUEST_DATA + GUEST_DATA_SIZE) /* a read-only page right behind */
#define GUEST_RO_SIZE   0x1000

/* Maps the guest; further calls do nothing. */
void guest_open(void);

void guest_set_code(u64 pc, const u32 *words, size_t count);

/* The page of code where it can be written. */
void *guest_code_room(void);

enum guest_end { GUEST_WENT_ON, GUEST_TRAPPED, GUEST_FAULTED, GUEST_REFUSED };

struct guest_outcome {
    enum guest_end end;
    enum trap_reason reason; /* GUEST_TRAPPED */
    u16 imm;
    u64 address; /* GUEST_FAULTED: si_addr */
    const char *refusal;
};

/* All zero but what a translation needs: helpers. */
void guest_state_init(struct guest_state *state);

/*
 * Runs the region of at most `insts` instructions at state->pc in the evaluator, once, and leaves
 * what the guest would see in *state. GUEST_REFUSED: the translator reported a defect.
 */
struct guest_outcome guest_evaluate(struct guest_state *state, u32 insts);

/* FPSR as the guest would read it. */
u32 guest_fpsr(const struct guest_state *state);

#endif
