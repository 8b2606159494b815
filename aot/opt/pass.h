/*
 * Private to the passes: replacing and dropping values.
 *
 * While a pass walks forward, inst[r].note is the value that stands for r: r itself, or an earlier
 * one that it was found to equal. opt_resolve puts it into an instruction's arguments; so a pass
 * calls it for every instruction, in order, and a replacement is complete at the walk's end. This
 * asks for values to be defined before they are used in the array's order (opt_slots
 * finds out).
 */
#ifndef AOT_OPT_PASS_H
#define AOT_OPT_PASS_H

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

/* The instruction's arguments become what stands for them, and it stands for itself. */
static inline void opt_resolve(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) i->arg[k] = f->inst[i->arg[k]].note;
    i->note = r;
}

/* The instruction goes; uses are kept. */
static inline void opt_drop(struct ir_func *f, struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) f->inst[i->arg[k]].uses--;
    *i = (struct ir_inst){.op = IR_NOP, .note = i->note};
}

/*
 * Replaces GETs by the value that the slot is known to hold, and counts uses. False when a value is
 * used in the array before its definition (from a block further down); the function is good still,
 * but the other passes don't take it, and uses are not counted.
 */
bool opt_slots(struct ir_func *f);

/* Constants, algebra, addresses. Keeps uses. */
void opt_fold(struct ir_func *f);

/* Drops SETs that nothing sees and values that nobody uses. Keeps uses. */
void opt_dead(struct ir_func *f);

#endif
