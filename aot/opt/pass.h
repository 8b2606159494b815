/*
 * Private to the passes: replacing and dropping values.
 *
 * In a walk that simplifies instructions, in order, inst[r].note is the value that stands for r: r
 * itself, or an earlier one that it was found to equal.
 */
#ifndef AOT_OPT_PASS_H
#define AOT_OPT_PASS_H

#include "aot/abi/slots.h"
#include "aot/ir/ir.h"

/* The instruction goes; uses are kept. */
static inline void opt_drop(struct ir_func *f, struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) f->inst[i->arg[k]].uses--;
    *i = (struct ir_inst){.op = IR_NOP, .note = i->note};
}

/* r, for which another value stands, goes if it has just been appended. In a walk it stays: what is
 * last there is an END. */
static inline void opt_take_back(struct ir_func *f, ir_ref r)
{
    if (r + 1 == f->count) f->count = r;
}

/* r is replaced by v, a value of the same type. */
static inline ir_ref opt_replace(struct ir_func *f, ir_ref r, ir_ref v)
{
    struct ir_inst *i = &f->inst[r];
    f->inst[v].uses += i->uses;
    opt_drop(f, i);
    opt_take_back(f, r);
    return v;
}

/* --- rules for one operation ---------------------------------------------------------------------
 *
 * Arguments are what stands for them, uses counted. A rule gives the value that stands for r, r
 * itself or an earlier one, and keeps uses and f->facts right.
 */
typedef ir_ref opt_rule_fn(struct ir_func *f, ir_ref r);

/* What is known of slots (slots.c). GET: replaced by the known value, made an operation on it, or
 * learnt from; SET: learnt from; HELPER: what it may change is no longer known. */
opt_rule_fn opt_forward_get, opt_learn_set, opt_forget_helper;

/* Constants, algebra, addresses (fold.c). */
opt_rule_fn opt_fold_add, opt_fold_difference, opt_fold_multiply, opt_fold_plain, opt_fold_clz,
    opt_fold_and, opt_fold_or, opt_fold_shift, opt_fold_zext, opt_fold_sext, opt_fold_trunc,
    opt_fold_select, opt_fold_icmp, opt_fold_bnot, opt_fold_flags, opt_fold_address;

/* Vectors of constants, and with zeros above (fold_vector.c). low_half: of operations that look at
 * low halves; half: of those that look at them or not, by mod. */
opt_rule_fn opt_fold_dup, opt_fold_dup_lane, opt_fold_low, opt_fold_equal, opt_fold_and_lanes,
    opt_fold_or_lanes, opt_fold_low_half, opt_fold_half, opt_fold_widened, opt_fold_pair,
    opt_fold_insert;

/* Vectors that have been computed shortly before (repeat.c). */
opt_rule_fn opt_use_again, opt_fold_index;

/* --- passes --------------------------------------------------------------------------------------
 */

/*
 * Simplifies every instruction (simplify.c) and counts uses. False when a value is used in the
 * array before its definition (from a block further down); the function is good still, but the
 * other passes don't take it, and uses are not counted.
 */
bool opt_simplify(struct ir_func *f);

/* Long stretches get the order in which few values live at once (order.c). Wants uses counted, and
 * SETs that nobody sees gone. True: there was one, and the function must be looked at again. */
bool opt_order(struct ir_func *f);

#endif
