/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

#include "aot/opt/pass.h"

void opt_quick(struct ir_func *f)
{
    bool in_order = opt_slots_forward(f);
    ir_count_uses(f);
    if (in_order) {
        opt_fold(f);
        opt_slots_dead(f);
        opt_dce(f);
        f->merged = true;
    }
    ir_link_blocks(f);
}
