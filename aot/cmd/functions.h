/*
 * A module's addresses by the names of its functions, and its functions by what runs sampled.
 */
#ifndef AOT_CMD_FUNCTIONS_H
#define AOT_CMD_FUNCTIONS_H

#include "aot/abi/profile.h"
#include "aot/base/arena.h"
#include "aot/elf/module.h"

struct functions {
    struct module m;
    bool known; /* m is open; where it isn't, addresses have no names */
};

void functions_open(struct functions *f, struct arena *arena, const char *file);
void functions_close(struct functions *f);

/* Address pc in words, fit to be printed: NAME, NAME+0xOFFSET or 0xADDRESS. */
const char *functions_name(struct arena *arena, const struct functions *f, u64 pc);

struct hot_function {
    u64 pc; /* where it begins; of what is in none, itself */
    u64 samples;
};

/* The functions that were sampled, those with most samples first; how many. */
u32 functions_by_samples(struct arena *arena, const struct functions *f, const struct profile *p,
                         struct hot_function **out);

#endif
