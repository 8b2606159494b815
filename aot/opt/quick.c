/*
 * The quick tier's column of passes.
 */
#include "aot/opt/opt.h"

void opt_quick(struct ir_func *f)
{
    ir_link_blocks(f);
}
