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

/* A GET of a slot of which something is known. True: it is done with. */
static bool use_fact(struct ir_func *f, struct ir_inst *i, const struct ir_fact *k)
{
    if (i->type == k->type) {
        i->note = k->value;
    } else if (i->type == IR_I32 && k->type == IR_I64) {
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

void opt_forget_helper(struct ir_func *f, ir_ref r)
{
    (void)r;
    f->facts->has[1] &= ~(slot_bit(SLOT_NZCV) | slot_bit(SLOT_QC) | slot_bit(SLOT_FPCR));
}

void opt_learn_set(struct ir_func *f, ir_ref r)
{
    const struct ir_inst *i = &f->inst[r];
    ir_learn(f->facts, (unsigned)i->imm, (struct ir_fact){i->arg[0], i->type, true});
}

void opt_forward_get(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    struct ir_facts *k = f->facts;
    unsigned slot = (unsigned)i->imm;
    if (!ir_knows(k, slot) || (!use_fact(f, i, &k->of[slot]) && !k->of[slot].whole))
        ir_learn(k, slot, (struct ir_fact){r, i->type, false});
    if (i->op == IR_TRUNC) opt_fold_trunc(f, r);
    if (i->op == IR_ZEXT) opt_fold_zext(f, r);
}
