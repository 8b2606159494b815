/*
 * Private to the evaluator: the machine that runs a function, and the tables of its operations by
 * group. Vector, floating-point and cryptography operations are eval_ops.h's.
 */
#ifndef AOT_IR_EVAL_RUN_H
#define AOT_IR_EVAL_RUN_H

#include "aot/ir/eval.h"

struct eval_run {
    const struct ir_func *f;
    struct guest_state *state;
    ir_value *v;
    u64 *budget;
    ir_ref next; /* instruction to go on with */
    bool left;   /* exit holds why */
    struct ir_eval_exit exit;
};

typedef void eval_fn(struct eval_run *e, const struct ir_inst *i, ir_value *out);

extern eval_fn *const eval_int_table[IR_OP_COUNT];    /* integers, bools and flags */
extern eval_fn *const eval_memory_table[IR_OP_COUNT]; /* loads, stores, atomics */

/* An integer operand as its type has it: i32 zero-extended. */
static inline u64 eval_arg(const struct eval_run *e, const struct ir_inst *i, unsigned n)
{
    return e->v[i->arg[n]].d[0];
}

#endif
