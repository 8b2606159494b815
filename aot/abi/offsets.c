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
PROVE(STATE_TRAP_ARG, trap_arg);
PROVE(STATE_JUMP_CACHE, jump_cache);
