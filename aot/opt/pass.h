/*
 * Private to the passes: replacing and dropping values.
 *
 * While instructions are simplified, in order, inst[r].note is the value that stands for r: r
 * itself, or an earlier one that it was found to equal.
 */
#ifndef AOT_OPT_PASS_H
#define AOT_OPT_PASS_H

#include "aot/abi/slots.h"
#include "aot/ir/ir.h"

/* Operations that may go when nobody uses their value. */
static inline bool opt_is_pure(unsigned op)
{
    return ir_op_effect[op] == IR_EFFECT_NONE;
}

/* Guest state must be exact here: what may leave the region, or look at or change the slots. */
static inline bool opt_observes_state(unsigned op)
{
    return ir_op_effect[op] == IR_EFFECT_POINT || ir_has(op, IR_FL_END) || op == IR_GUARD ||
           op == IR_EXITIF || op == IR_HELPER;
}

/* The instruction goes; uses are kept. */
static inline void opt_drop(struct ir_func *f, struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) f->inst[i->arg[k]].uses--;
    *i = (struct ir_inst){.op = IR_NOP, .note = i->note};
}

/* --- what is known of slots (slots.c) ------------------------------------------------------------
 */

struct opt_fact {
    ir_ref value;
    u8 type;    /* the value's */
    bool whole; /* it says all of the slot: it was set, the rest is zero */
};

/* Facts of one block, valid where `has` has the slot's bit: nothing to clear at a block's start.
 * The FPSR slot is never in it: operations raise flags behind its back. */
struct opt_facts {
    u64 has[2];
    struct opt_fact of[SLOT_COUNT];
};

/* GET r: replaced by the known value, made an operation on it, or learnt from. */
void opt_forward_get(struct ir_func *f, ir_ref r, struct opt_facts *k);

/* SET r: its value is the slot's. */
void opt_learn_set(const struct ir_func *f, ir_ref r, struct opt_facts *k);

/* Behind a HELPER. */
void opt_forget_helper(struct opt_facts *k);

/* --- one instruction (fold.c) --------------------------------------------------------------------
 */

/* Constants, algebra, addresses. Keeps uses. */
void opt_fold_inst(struct ir_func *f, ir_ref r);

/* --- passes --------------------------------------------------------------------------------------
 */

/*
 * Simplifies every instruction (simplify.c) and counts uses. False when a value is used in the
 * array before its definition (from a block further down); the function is good still, but the
 * other passes don't take it, and uses are not counted.
 */
bool opt_simplify(struct ir_func *f);

/* Drops SETs that nothing sees and values that nobody uses. Keeps uses. */
void opt_dead(struct ir_func *f);

#endif
