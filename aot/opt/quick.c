/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

void opt_quick(struct ir_func *f)
{
    opt_begin(f);
    opt_slots(f);
    opt_nzcv(f);
    opt_dead(f);
    opt_fold(f);
    opt_dead(f);
    opt_compact(f);
    ir_link_blocks(f);
    f->merged = true;
}
