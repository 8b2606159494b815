/*
 * Functions that the host does: a call of a helper and a return.
 */
#include "aot/lift/lift.h"

struct ir_func *lift_known(struct arena *arena, u64 pc, enum helper id)
{
    struct ir_func *f = ir_new(arena, 16);
    f->pc = pc;
    u32 block = ir_begin_block(f, pc); /* which may move the blocks */
    f->block[block].entry = true;
    ir_insn(f, pc);
    ir_ref a = ir_get(f, IR_I64, 0), b = ir_get(f, IR_I64, 1), c = ir_get(f, IR_I64, 2);
    ir_ref result = ir_opx(f, IR_HELPER, IR_I64, 0, 0, (s64)id, a, b, c);
    ir_set(f, IR_I64, 0, result);
    ir_ref link = ir_get(f, IR_I64, SLOT_LR);
    ir_opx(f, IR_EXITIND, IR_VOID, 0, IR_EXIT_RETURN, 0, link, IR_NONE, IR_NONE);
    ir_end_block(f);
    ir_link_blocks(f);
    return f;
}
