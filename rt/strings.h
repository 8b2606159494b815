/*
 * Host code for hot functions of the guest's C library: memcpy and its like. Where an image has known
 * such a function by its bytes (aot/disc/known.h), its entry calls one of these instead.
 *
 * Result and memory are as the guest's function leaves them. What AAPCS64 lets a function destroy
 * stays as it was.
 *
 * A fault in one of them is none of the guest's yet. As a rule nothing has been stored by then, and
 * if a page has changed meanwhile, all can be stored again: what is copied doesn't overlap. So the
 * guest's own code runs from its entry, and faults, or copes, as it would have. The same goes for
 * what arrives from outside, since these may take long.
 */
#ifndef RT_STRINGS_H
#define RT_STRINGS_H

#include "aot/abi/state.h"

#include <ucontext.h>

/* Enters them in the state's table of helpers. */
void strings_init(struct guest_state *s);

/* The rest is for signal handlers. True when ip is in one of them. */
bool strings_hold(u64 ip);

/* Out of the one that uc is in, to where it was called: what it would have returned to. */
u64 strings_leave(ucontext_t *uc);

#endif
