/*
 * What runs have shown of a module's code: samples of where its threads spend CPU time, taken at
 * equal distances of it. Addresses are unbiased, as in the module's file.
 */
#ifndef AOT_ABI_PROFILE_H
#define AOT_ABI_PROFILE_H

#include "aot/base/types.h"

/* Samples that found a thread at the guest instruction at pc, or shortly before. */
struct profile_weight {
    u64 pc;
    u32 samples;
};

/* Samples that found a thread in the function `to` of the module, which the call at `from` had
 * called and which had not returned; of what `to` has called itself there are none in it. */
struct profile_call {
    u64 from, to;
    u32 samples;
};

struct profile {
    const struct profile_weight *weight; /* ascending pc, each once */
    u32 weight_count;
    const struct profile_call *call; /* ascending from, then to */
    u32 call_count;
    u64 samples; /* all of the module's */
};

#endif
