/*
 * Exact guest state from the host's registers, as the side table says where each guest register is.
 */
#ifndef RT_JIT_FRAME_H
#define RT_JIT_FRAME_H

#include "aot/abi/sidetable.h"
#include "aot/abi/state.h"

#include <ucontext.h>

/* All guest registers go to their homes in s; s->pc and s->mxcsr (sticky flags included) too. For
 * signal handlers: uc is what the host interrupted at the frame state's point. */
void frame_recover(struct guest_state *s, const struct frame_state *fs, const ucontext_t *uc);

#endif
