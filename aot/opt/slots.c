/*
 * Guest state within a block: a GET of a slot whose value is known from a SET or an earlier GET
 * becomes that value. It is known until the next SET, so no value outlives its register for it; the
 * generator pays nothing. A narrower GET is cut from it, a wider one completed, where one operation
 * does it.
 */
#include "aot/opt/pass.h"

static bool is_float(unsigned type)
{
    return type == IR_F16 || type == IR_F32 || type == IR_F64;
}

/* Makes a GET an operation on the known value. */
static void become(struct ir_func *f, struct ir_inst *i, unsigned op, unsigned esz, ir_ref value)
{
    f->inst[value].uses++;
    i->op = (u8)op;
    i->esz = (u8)esz;
    i->imm = 0;
    i->arg[0] = value;
}

/* A GET of a slot of which something is known, in another type: true if it has become an operation
 * on that. */
static bool use_fact(struct ir_func *f, struct ir_inst *i, const struct ir_fact *k)
{
    if (i->type == IR_I32 && k->type == IR_I64) {
        become(f, i, IR_TRUNC, 0, k->value);
    } else if (i->type == IR_I64 && k->type == IR_I32 && k->whole) {
        become(f, i, IR_ZEXT, 2, k->value);
    } else if (is_float(i->type) && k->type == IR_V128) {
        become(f, i, IR_VTOF, 0, k->value);
    } else if (i->type == IR_V128 && is_float(k->type) && k->whole) {
        become(f, i, IR_FTOV, 0, k->value);
    } else {
        return false;
    }
    return true;
}

static u64 slot_bit(unsigned slot)
{
    return UINT64_C(1) << (slot & 63);
}

ir_ref opt_forget_helper(struct ir_func *f, ir_ref r)
{
    f->facts->has[1] &= ~(slot_bit(SLOT_NZCV) | slot_bit(SLOT_QC) | slot_bit(SLOT_FPCR));
    return r;
}

ir_ref opt_learn_set(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    ir_learn(f->facts, (unsigned)i->imm, (struct ir_fact){i->arg[0], i->type, true});
    return r;
}

ir_ref opt_forward_get(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    unsigned slot = (unsigned)i->imm;
    const struct ir_fact *known = ir_knows(f->facts, slot) ? &f->facts->of[slot] : NULL;
    if (known && known->type == i->type) {
        opt_take_back(f, r);
        return known->value;
    }
    if (!known || (!use_fact(f, i, known) && !known->whole))
        ir_learn(f->facts, slot, (struct ir_fact){r, i->type, false});
    switch (i->op) {
    case IR_TRUNC: return opt_fold_trunc(f, r);
    case IR_ZEXT: return opt_fold_zext(f, r);
    case IR_VTOF: return opt_fold_low_half(f, r);
    default: return r;
    }
}
