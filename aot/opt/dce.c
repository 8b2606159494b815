/*
 * Dead code: one walk backwards, so that what a dropped value used is seen with its count lowered.
 * Loads stay, since they may fault, and so does what may raise a floating-point exception.
 */
#include "aot/opt/pass.h"

void opt_dce(struct ir_func *f)
{
    for (ir_ref r = f->count; r-- > 1;) {
        struct ir_inst *i = &f->inst[r];
        if (!i->uses && opt_is_pure(i->op)) opt_drop(f, i);
    }
}
