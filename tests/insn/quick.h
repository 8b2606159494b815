/*
 * Generated code on the guest of guest.h.
 */
#ifndef TESTS_INSN_QUICK_H
#define TESTS_INSN_QUICK_H

#include "tests/insn/guest.h"

/* After guest_open. */
void quick_open(void);

struct quick_how {
    u64 features; /* of the host */
    bool image;   /* as for images */
    bool full;    /* function-shaped regions */
    bool fp_checked;
    bool fp_near;
    bool upper_first; /* XMM16 to XMM31 before the others */
};

/*
 * As guest_evaluate, in generated code. In modes of FPCR that
 * the host hasn't, and from where it reports an invalid operation, that is code with checked
 * floating point, as in the runtime.
 */
struct guest_outcome quick_run(struct guest_state *state, u32 insts, struct quick_how how);

#endif
