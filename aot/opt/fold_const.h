/*
 * Private to folding: integer operations on constants.
 */
#ifndef AOT_OPT_FOLD_CONST_H
#define AOT_OPT_FOLD_CONST_H

#include "aot/ir/ir.h"

/*
 * The value of an instruction whose arguments are the constants a and b, as a CONST of the
 * instruction's type has it (i32 zero-extended). False: it is left to run.
 */
bool fold_const(const struct ir_inst *i, s64 a, s64 b, s64 *result);

#endif
