/*
 * The optimiser: passes over IR, one file each, and the columns of passes that the tiers run.
 */
#ifndef AOT_OPT_OPT_H
#define AOT_OPT_OPT_H

#include "aot/ir/ir.h"

/* The quick tier's passes. Blocks' preds and loop_head are right afterwards. */
void opt_quick(struct ir_func *f);

/* A copy of f in which every address loses its tag (bits 63 to 56) before the access. Runs before
 * the column of passes. */
struct ir_func *opt_untag(const struct ir_func *f);

#endif
