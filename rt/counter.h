/*
 * CNTVCT_EL0: nanoseconds since boot (CNTFRQ_EL0 says 1 GHz), computed from the host's TSC by
 * translated code itself.
 */
#ifndef RT_COUNTER_H
#define RT_COUNTER_H

#include "aot/abi/state.h"

/* Fills counter_scale and counter_offset; the same values for all threads of a process. */
void counter_init(struct guest_state *s);

#endif
