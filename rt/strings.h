/*
 * Host code for hot functions of the guest's C library: memcpy and its like. Where an image has known
 * such a function by its bytes (aot/disc/known.h), its entry calls one of these instead.
 *
 * They behave as the guest's function does: result, memory, the order of what is stored last. What
 * AAPCS64 lets a function destroy stays as it was.
 *
 * A fault in one of them is none of the guest's yet. Nothing has been stored by then, so the guest's
 * own code runs from its entry, and faults, or copes, as it would have.
 */
#ifndef RT_STRINGS_H
#define RT_STRINGS_H

#include "aot/abi/state.h"

#include <ucontext.h>

/* Enters them in the state's table of helpers. */
void strings_init(struct guest_state *s);

/* The rest is for signal handlers. True when ip is in one of them. */
bool strings_hold(u64 ip);

/* Out of the one that uc is in, at once: where it would have returned to, if it wasn't let finish
 * (then return_to). */
u64 strings_leave(ucontext_t *uc, u64 return_to);

/*
 * The one that uc is in is to be done first: it returns to an instruction that traps, and *return_to
 * is where it would have returned to. strings_came_back: true when uc is behind that trap; it goes on
 * at return_to.
 */
void strings_let_finish(ucontext_t *uc, u64 *return_to);
bool strings_came_back(ucontext_t *uc, u64 return_to);

#endif
