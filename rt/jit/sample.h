/* Samples for profiles, of engine_jit: the engine's `sample` and `place` (rt/engine.h). */
#ifndef RT_JIT_SAMPLE_H
#define RT_JIT_SAMPLE_H

#include "aot/base/types.h"

#include <ucontext.h>

struct thread;
struct profile_sample;
struct profile_place;

bool jit_sample(struct thread *t, const ucontext_t *uc, struct profile_sample *out);
bool jit_place(const struct profile_sample *s, struct profile_place *out);

#endif
