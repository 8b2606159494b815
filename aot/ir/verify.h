/*
 * Private to the verifier: what verify.c (structure, dominance, precise state) asks verify_op.c
 * (one operation by itself: types, sizes, ranges).
 */
#ifndef AOT_IR_VERIFY_H
#define AOT_IR_VERIFY_H

#include "aot/ir/ir.h"

/*
 * True when argument k of an instruction of the ops table may be of type `type`. Absent arguments
 * aren't asked about.
 */
bool verify_argument_type(const struct ir_inst *i, unsigned k, unsigned type);

/* True when argument k may be absent. */
bool verify_argument_optional(const struct ir_inst *i, unsigned k);

/* What is wrong with the instruction's own fields (type, esz, mod, imm, raw numbers in arg[]),
 * the blocks it names aside, or NULL. */
const char *verify_fields(const struct ir_inst *i);

#endif
