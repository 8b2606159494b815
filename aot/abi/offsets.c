/*
 * Proof that offsets.h, which assembly reads, is what the C struct says.
 */
#include "aot/abi/offsets.h"

#include "aot/abi/state.h"

#define PROVE(name, field)                                                                         \
    _Static_assert(name == offsetof(struct guest_state, field), "offsets.h disagrees: " #name)

PROVE(STATE_X, x);
PROVE(STATE_SP, sp);
PROVE(STATE_PC, pc);
PROVE(STATE_MXCSR, mxcsr);
PROVE(STATE_HOST_SP, host_sp);
PROVE(STATE_TRANSLATED_SP, translated_sp);
PROVE(STATE_HOST_MXCSR, host_mxcsr);
PROVE(STATE_IN_TRANSLATED, in_translated);
PROVE(STATE_DOOR, door);
PROVE(STATE_LOOKUP, lookup);
_Static_assert(STATE_RBP_BIAS == STATE_BIAS, "offsets.h disagrees: STATE_RBP_BIAS");
