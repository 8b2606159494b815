/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

#include "aot/opt/pass.h"

void opt_quick(struct ir_func *f)
{
    if (f->birth || opt_simplify(f)) {
        opt_dead(f);
        f->merged = true;
    } else {
        ir_count_uses(f);
    }
}
