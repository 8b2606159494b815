/*
 * Unicorn as the oracle of instruction tests: one instruction on the guest of guest.h.
 */
#ifndef TESTS_INSN_ORACLE_H
#define TESTS_INSN_ORACLE_H

#include "tests/insn/guest.h"

/* Opens Unicorn on the guest's memory, which it shares. After guest_open. */
void oracle_open(void);

/* Before the first step of a case: now and then Unicorn begins anew, and its monitor is lost. */
void oracle_begin_case(void);

/*
 * Runs one instruction from *state (registers, flags, FPCR, FPSR; state->fpsr is the whole FPSR)
 * and stores what it left there. GUEST_TRAPPED: any exception but a data abort, reason UNDEFINED.
 */
struct guest_outcome oracle_step(struct guest_state *state, u32 word);

#endif
