/*
 * Zeros above scalars. Writing a scalar register clears what is above it, and the host's scalar
 * operations copy that from their first operand: where it is known to be zero already, nothing need
 * be done. Within a block values know it (val.narrow); this is about slots at block starts, so that
 * loops profit, whose sums and products would take a cycle more each otherwise.
 */
#include "aot/gen/internal.h"

static u64 high_half(const struct ir_inst *i)
{
    return i->op == IR_VCONST2 ? i->arg[0] | (u64)i->arg[1] << 32 : (u64)i->imm;
}

void gen_zeros_after(const struct ir_func *f, const struct ir_inst *set, struct zeros_above *z)
{
    const struct ir_inst *v = &f->inst[set->arg[0]];
    unsigned type = set->type;
    u32 bit = 1u << (set->imm - SLOT_V0);
    z->single &= ~bit;
    z->wide &= ~bit;
    if (v->op == IR_FTOV) type = ir_value_type(&f->inst[v->arg[0]]);
    bool constant = v->op == IR_CONST || v->op == IR_VCONST2;
    if (type == IR_V128 && constant && !high_half(v)) type = (u64)v->imm >> 32 ? IR_F64 : IR_F32;
    if (type == IR_F32 || type == IR_F16) z->single |= bit;
    if (type != IR_V128) z->wide |= bit;
}

/* What a block's own SETs leave known. */
static struct zeros_above own_zeros(const struct ir_func *f, const struct ir_block *b)
{
    struct zeros_above z = {0, 0};
    if (!(b->sets >> SLOT_V0)) return z;
    const struct ir_inst *i;
    for (ir_ref r = b->work; r < b->end; r += ir_distance(i)) {
        i = &f->inst[r];
        if (i->op == IR_SET && i->imm >= SLOT_V0 && i->imm < SLOT_REGISTERS)
            gen_zeros_after(f, i, &z);
    }
    return z;
}

/* Both must hold. True: that changed a. */
static bool meet(struct zeros_above *a, struct zeros_above b)
{
    struct zeros_above old = *a;
    a->single &= b.single;
    a->wide &= b.wide;
    return a->single != old.single || a->wide != old.wide;
}

void gen_plan_zeros(struct gen *g)
{
    const struct ir_func *f = g->f;
    if (!(f->look.seen >> SLOT_V0)) return;
    struct zeros_above *at = arena_alloc(g->arena, 2 * f->block_count * sizeof *at);
    struct zeros_above *own = at + f->block_count;
    for (u32 b = 0; b < f->block_count; b++) {
        u32 all = f->block[b].entry ? 0 : ~0u;
        at[b] = (struct zeros_above){all, all};
        own[b] = own_zeros(f, &f->block[b]);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 b = 0; b < f->block_count; b++) {
            u32 kept = ~(u32)(f->block[b].sets >> SLOT_V0), few[2];
            unsigned n;
            const u32 *to = ir_successors(f, &f->block[b], few, &n);
            struct zeros_above z = {(at[b].single & kept) | own[b].single,
                                    (at[b].wide & kept) | own[b].wide};
            for (unsigned k = 0; k < n; k++) changed |= meet(&at[to[k]], z);
        }
    }
    g->block_zeros = at;
}
