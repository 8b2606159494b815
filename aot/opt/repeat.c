/*
 * Operations on vectors that are computed again shortly behind: the earlier value stands for them.
 *
 * Guests widen the low and the high half by two instructions, each of which names the operation
 * that comes before (UABAL, UABAL2), and multiply several vectors by one element of another
 * (FMLA by element), which this host has to duplicate first, or by one with narrow elements
 * (UMLAL), which it has to widen. Only what is near is looked at: a value that is kept for long
 * takes a register that others want. The index of a table (TBL), which has to be made fit for the
 * host, is looked for further away: where there is one again, there are many.
 */
#include "aot/opt/pass.h"

/* Instructions, from where the earlier value is computed or used. */
#define NEAR       20
#define INDEX_NEAR 150

/* Each use of a constant has one of its own. */
static bool is_same_argument(const struct ir_func *f, ir_ref a, ir_ref b)
{
    const struct ir_inst *x = &f->inst[a], *y = &f->inst[b];
    return a == b || (x->op == IR_CONST && x->head == y->head && x->imm == y->imm);
}

static bool is_same(const struct ir_func *f, const struct ir_inst *a, const struct ir_inst *b)
{
    return a->head == b->head && a->imm == b->imm && a->arg[0] == b->arg[0] &&
           is_same_argument(f, a->arg[1], b->arg[1]);
}

/* Among the arguments of n one that is the same as i, or IR_NONE. */
static ir_ref among_arguments(const struct ir_func *f, const struct ir_inst *n,
                              const struct ir_inst *i)
{
    for (unsigned k = 0; k < ir_op_args[n->op]; k++)
        if (is_same(f, &f->inst[n->arg[k]], i)) return n->arg[k];
    return IR_NONE;
}

ir_ref opt_use_again(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    ir_ref near = i->op == IR_VUQADD ? INDEX_NEAR : NEAR;
    ir_ref last = r > near ? r - near : 1;
    for (ir_ref n = r - 1; n >= last; n--) {
        const struct ir_inst *before = &f->inst[n];
        if (ir_op_kind[before->op] == IR_KIND_END) break;
        ir_ref same = is_same(f, before, i) ? n : among_arguments(f, before, i);
        if (same) return opt_replace(f, r, same);
    }
    return r;
}
