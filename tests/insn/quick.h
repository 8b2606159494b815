/*
 * Generated code on the guest of guest.h.
 */
#ifndef TESTS_INSN_QUICK_H
#define TESTS_INSN_QUICK_H

#include "tests/insn/guest.h"

/* After guest_open. */
void quick_open(void);

/*
 * As guest_evaluate, in generated code for a host with these features. In modes of FPCR that
 * the host hasn't, and from where it reports an invalid operation, that is code with checked
 * floating point, as in the runtime.
 */
struct guest_outcome quick_run(struct guest_state *state, u32 insts, u64 features, bool fp_checked);

#endif
