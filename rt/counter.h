/*
 * CNTVCT_EL0: nanoseconds since boot (CNTFRQ_EL0 says 1 GHz), computed from the host's TSC.
 */
#ifndef RT_COUNTER_H
#define RT_COUNTER_H

#include "aot/abi/state.h"

/* HELPER_COUNTER. The same counter for all threads of a process. */
u64 counter_read(struct guest_state *s);

#endif
