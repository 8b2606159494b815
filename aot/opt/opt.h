/*
 * The optimiser: passes over IR, one file each, and the columns of passes that the tiers run.
 */
#ifndef AOT_OPT_OPT_H
#define AOT_OPT_OPT_H

#include "aot/ir/ir.h"

/* Has the empty function f simplify its instructions as they are appended: the first of the quick
 * tier's passes, without a walk of its own. */
void opt_at_birth(struct ir_func *f);

/* The quick tier's passes; after opt_at_birth, the rest of them. */
void opt_quick(struct ir_func *f);

/* f, which has been through opt_quick, or a copy of it with loops widened (widen.c) that has still to
 * go through it. A fault in such a loop, at the address of the loop's first instruction, may not be
 * that one's: then nothing has happened, and the loop's own code goes on from there. */
struct ir_func *opt_widen(struct ir_func *f);

/* A copy of f in which every address loses its tag (bits 63 to 56) before the access. Runs before
 * the column of passes. */
struct ir_func *opt_untag(const struct ir_func *f);

#endif
