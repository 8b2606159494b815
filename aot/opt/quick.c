/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

#include "aot/opt/pass.h"

void opt_quick(struct ir_func *f)
{
    if (opt_slots(f)) {
        opt_fold(f);
        opt_dead(f);
        f->merged = true;
    } else {
        ir_count_uses(f);
    }
}
