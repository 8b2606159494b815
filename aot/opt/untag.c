/*
 * Top byte ignore, the expensive way: every address loses its tag before the access. For regions in
 * which tagged addresses were seen; the others leave it to the fault handler.
 *
 * The function is copied, because each access gains instructions before it: the address as one
 * value, and its bits 55 to 0.
 */
#include "aot/opt/opt.h"

#define ADDRESS_BITS UINT64_C(0x00ffffffffffffff)

struct copy {
    struct ir_func *to;
    const struct ir_func *from;
    ir_ref *now; /* old value -> new value */
};

static ir_ref whole_address(struct copy *c, const struct ir_inst *i)
{
    ir_ref a = c->now[i->arg[0]];
    bool form = i->op == IR_LOAD || i->op == IR_LOADS || i->op == IR_STORE;
    if (form && i->arg[1]) {
        ir_ref index = c->now[i->arg[1]];
        if (i->mod) index = ir_op2(c->to, IR_SHL, IR_I64, index, ir_const(c->to, IR_I64, i->mod));
        a = ir_op2(c->to, IR_ADD, IR_I64, a, index);
    }
    if (form && i->imm) a = ir_op2(c->to, IR_ADD, IR_I64, a, ir_const(c->to, IR_I64, i->imm));
    return ir_op2(c->to, IR_AND, IR_I64, a, ir_const(c->to, IR_I64, (s64)ADDRESS_BITS));
}

static void copy_inst(struct copy *c, ir_ref r)
{
    const struct ir_inst *i = &c->from->inst[r];
    unsigned args = ir_op_info(i->op)->args;
    bool access = ir_has(i->op, IR_FL_FAULT);
    ir_ref address = access ? whole_address(c, i) : IR_NONE;
    struct ir_inst *n = ir_append(c->to, i->op, i->type);
    *n = *i;
    for (unsigned k = 0; k < args; k++) n->arg[k] = c->now[i->arg[k]];
    if (access) n->arg[0] = address;
    if (i->op == IR_LOAD || i->op == IR_LOADS || i->op == IR_STORE) {
        n->arg[1] = IR_NONE;
        n->mod = 0;
        n->imm = 0;
    }
    c->now[r] = ir_ref_of(c->to, n);
}

struct ir_func *opt_untag(const struct ir_func *f)
{
    struct copy c = {ir_new(f->arena, 2 * f->count), f, NULL};
    c.now = arena_zalloc(f->arena, f->count * sizeof(*c.now));
    c.to->pc = f->pc;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 n = ir_begin_block(c.to, f->block[b].pc);
        c.to->block[n].entry = f->block[b].entry;
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++) copy_inst(&c, r);
        ir_end_block(c.to);
    }
    ir_link_blocks(c.to);
    return c.to;
}
