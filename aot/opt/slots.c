/*
 * Guest state within a block: a GET of a slot whose value is known from a SET or an earlier GET
 * becomes that value. It is known until the next SET, so no value outlives its register for it; the
 * generator pays nothing. A narrower GET is cut from it, a wider one completed, where one operation
 * does it.
 */
#include "aot/opt/pass.h"

#include "aot/abi/slots.h"

/* What is known of a slot. */
struct fact {
    ir_ref value;
    u8 type;    /* the value's */
    bool whole; /* it says all of the slot: it was set, the rest is zero */
};

/* Facts of one block, valid where `has` has the slot's bit: nothing to clear at a block's start.
 * The FPSR slot is never in it: operations raise flags behind its back. */
struct facts {
    u64 has[2];
    struct fact of[SLOT_COUNT];
};

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
static bool use_fact(struct ir_func *f, struct ir_inst *i, const struct fact *k)
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

static u64 slot_bit(s64 slot)
{
    return UINT64_C(1) << (slot & 63);
}

static void forget_helper_slots(struct facts *k)
{
    k->has[1] &= ~(slot_bit(SLOT_NZCV) | slot_bit(SLOT_QC) | slot_bit(SLOT_FPCR));
}

static void learn(struct facts *k, s64 slot, struct fact fact)
{
    if (slot == SLOT_FPSR) return;
    k->has[slot >> 6] |= slot_bit(slot);
    k->of[slot] = fact;
}

static void forward_get(struct ir_func *f, ir_ref r, struct facts *k)
{
    struct ir_inst *i = &f->inst[r];
    s64 slot = i->imm;
    bool known = k->has[slot >> 6] & slot_bit(slot);
    if (!known || (!use_fact(f, i, &k->of[slot]) && !k->of[slot].whole))
        learn(k, slot, (struct fact){r, i->type, false});
}

/* As opt_resolve, and counts uses. False: an argument is defined further down. */
static bool resolve_and_count(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    unsigned n = ir_op_args[i->op];
    i->note = r;
    i->uses = 0;
    for (unsigned k = 0; k < n; k++) {
        if (i->arg[k] >= r) return false;
        i->arg[k] = f->inst[i->arg[k]].note;
        f->inst[i->arg[k]].uses++;
    }
    return true;
}

/* False when an argument is defined further down. One look at the operation decides for the most
 * frequent ones: this walk's time is that of mispredicted branches. */
static bool forward(struct ir_func *f, ir_ref r, struct facts *k)
{
    struct ir_inst *i = &f->inst[r];
    switch (i->op) {
    case IR_INSN:
    case IR_CONST:
        i->note = r;
        i->uses = 0;
        return true;
    case IR_GET:
        i->note = r;
        i->uses = 0;
        forward_get(f, r, k);
        return true;
    case IR_SET:
        if (!resolve_and_count(f, r)) return false;
        learn(k, i->imm, (struct fact){i->arg[0], i->type, true});
        return true;
    case IR_HELPER: forget_helper_slots(k); return resolve_and_count(f, r);
    default: return resolve_and_count(f, r);
    }
}

bool opt_slots(struct ir_func *f)
{
    struct facts known;
    f->inst[0].note = f->inst[0].uses = 0;
    for (u32 b = 0; b < f->block_count; b++) {
        known.has[0] = known.has[1] = 0;
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++)
            if (!forward(f, r, &known)) return false;
    }
    return true;
}
