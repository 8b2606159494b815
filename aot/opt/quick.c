/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

#include "aot/opt/pass.h"

void opt_quick(struct ir_func *f)
{
    if (f->facts || opt_simplify(f)) {
        ir_look_back(f, true);
        if (opt_order(f)) ir_look_back(f, false);
        f->merged = true;
    } else {
        ir_count_uses(f);
    }
}
