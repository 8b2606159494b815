/*
 * Functions of guests' C libraries that are known by their bytes. Hand-written for the architecture,
 * these are the same in every build of a version.
 */
#ifndef AOT_DISC_KNOWN_H
#define AOT_DISC_KNOWN_H

#include "aot/abi/code_view.h"
#include "aot/abi/helpers.h"

#define DISC_KNOWN_MAX 128 /* words of a function */

/* True when a known function is at pc: *id says which helper does the same, *count is how many
 * instructions it has, and word[] has them. */
bool disc_known(const struct code_view *view, u64 pc, u32 word[DISC_KNOWN_MAX], u32 *count,
                enum helper *id);

#endif
