/*
 * Slots: guest state within a block.
 *
 * Forward, a GET of a slot whose value is known from a SET or an earlier GET becomes that value. It
 * is known until the next SET, so no value outlives its register for it; the generator pays
 * nothing. A narrower GET is cut from it, a wider one completed, where one operation does it.
 *
 * Backward, a SET goes when another SET of the slot follows and nothing in between can see the
 * slots (pass.h). NZCV is followed across blocks too, and exits may say that its value is dead.
 */
#include "aot/opt/pass.h"

#include "aot/abi/slots.h"

/* The FPSR slot is not forwarded: operations raise flags behind its back. */
struct known {
    ir_ref value; /* IR_NONE: not known */
    u8 type;      /* the value's */
    bool whole;   /* it says all of the slot: it was set, the rest is zero */
};

static bool is_float(unsigned type)
{
    return type == IR_F16 || type == IR_F32 || type == IR_F64;
}

/* Makes a GET an operation on the known value. */
static void become(struct ir_inst *i, unsigned op, unsigned esz, ir_ref value)
{
    i->op = (u8)op;
    i->esz = (u8)esz;
    i->imm = 0;
    i->arg[0] = value;
}

/* A GET of a slot of which something is known. True: it is done with. */
static bool forward_get(struct ir_inst *i, const struct known *k)
{
    if (i->type == k->type) {
        i->note = k->value;
    } else if (i->type == IR_I32 && k->type == IR_I64) {
        become(i, IR_TRUNC, 0, k->value);
    } else if (i->type == IR_I64 && k->type == IR_I32 && k->whole) {
        become(i, IR_ZEXT, 2, k->value);
    } else if (is_float(i->type) && k->type == IR_V128) {
        become(i, IR_VTOF, 0, k->value);
    } else if (i->type == IR_V128 && is_float(k->type) && k->whole) {
        become(i, IR_FTOV, 0, k->value);
    } else {
        return false;
    }
    return true;
}

static void forget_helper_slots(struct known *known)
{
    known[SLOT_NZCV].value = IR_NONE;
    known[SLOT_QC].value = IR_NONE;
    known[SLOT_FPCR].value = IR_NONE;
}

static void forward_access(struct ir_func *f, ir_ref r, struct known *known)
{
    struct ir_inst *i = &f->inst[r];
    struct known *k = &known[i->imm];
    if (i->op == IR_SET) {
        *k = (struct known){i->arg[0], i->type, true};
        return;
    }
    if (i->imm == SLOT_FPSR || (k->value && forward_get(i, k))) return;
    if (!k->value || !k->whole) *k = (struct known){r, i->type, false};
}

/* True when the arguments are defined before it. */
static bool is_in_order(const struct ir_inst *i, ir_ref r)
{
    unsigned n = ir_op_info(i->op)->args;
    for (unsigned k = 0; k < n; k++)
        if (i->arg[k] >= r) return false;
    return true;
}

bool opt_slots_forward(struct ir_func *f)
{
    f->inst[0].note = 0;
    for (u32 b = 0; b < f->block_count; b++) {
        struct known known[SLOT_COUNT] = {{IR_NONE, 0, false}};
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++) {
            struct ir_inst *i = &f->inst[r];
            if (!is_in_order(i, r)) return false;
            opt_resolve(f, r);
            if (i->op == IR_GET || i->op == IR_SET)
                forward_access(f, r, known);
            else if (i->op == IR_HELPER)
                forget_helper_slots(known);
        }
    }
    return true;
}

/* --- dead SETs
 * ------------------------------------------------------------------------------------ */

/* Slots that will be SET before anything sees them. */
struct doomed {
    u64 registers; /* slots below 64 */
    bool nzcv;
};

/* What an operation does with NZCV, looking backward: 1 it dies, -1 it is seen, 0 neither. */
static int nzcv_effect(const struct ir_inst *i)
{
    switch (i->op) {
    case IR_SET: return i->imm == SLOT_NZCV;
    case IR_GET: return i->imm == SLOT_NZCV ? -1 : 0;
    case IR_EXIT:
    case IR_EXITIND: return i->mod & IR_EXIT_NZCV_DEAD ? 1 : -1;
    case IR_EXITIF: return i->mod & IR_EXIT_NZCV_DEAD ? 0 : -1;
    case IR_JUMP:
    case IR_BR: return 0;
    default: return opt_observes_state(i->op) ? -1 : 0;
    }
}

/* The first thing that happens to NZCV in a block. */
static int block_effect(const struct ir_func *f, const struct ir_block *b)
{
    int effect = 0;
    for (ir_ref r = b->first; r < b->end && !effect; r++) effect = nzcv_effect(&f->inst[r]);
    return effect;
}

static bool dies_behind(const struct ir_func *f, const struct ir_block *b, const s8 *at_start)
{
    u32 to[2];
    unsigned n = ir_successors(f, b, to);
    for (unsigned k = 0; k < n; k++)
        if (at_start[to[k]] < 0) return false;
    return n != 0;
}

/*
 * For each block -1 when NZCV may be seen on a way from its start before it is SET. From the blocks
 * that say so by themselves this spreads to their predecessors; the walk is repeated only as long
 * as something changes (loops).
 */
static void find_nzcv(const struct ir_func *f, s8 *at_start)
{
    bool changed = f->block_count > 1;
    for (u32 b = f->block_count; b-- > 0;) at_start[b] = (s8)block_effect(f, &f->block[b]);
    while (changed) {
        changed = false;
        for (u32 b = f->block_count; b-- > 0;) {
            if (at_start[b] || dies_behind(f, &f->block[b], at_start)) continue;
            at_start[b] = -1;
            changed = true;
        }
    }
}

static void drop_dead(struct ir_func *f, const struct ir_block *b, struct doomed d)
{
    for (ir_ref r = b->end; r-- > b->first;) {
        struct ir_inst *i = &f->inst[r];
        int nzcv = nzcv_effect(i);
        bool is_nzcv = i->imm == SLOT_NZCV;
        u64 bit = (u64)i->imm < SLOT_REGISTERS ? UINT64_C(1) << i->imm : 0;
        if (i->op == IR_SET) {
            if (is_nzcv ? d.nzcv : (d.registers & bit) != 0)
                opt_drop(f, i);
            else
                d.registers |= bit;
        } else if (i->op == IR_GET) {
            d.registers &= ~bit;
        } else if (opt_observes_state(i->op)) {
            d.registers = 0;
        }
        if (nzcv) d.nzcv = nzcv > 0;
    }
}

void opt_slots_dead(struct ir_func *f)
{
    s8 *at_start = arena_alloc(f->arena, f->block_count);
    find_nzcv(f, at_start);
    for (u32 b = 0; b < f->block_count; b++) {
        struct doomed d = {0, dies_behind(f, &f->block[b], at_start)};
        drop_dead(f, &f->block[b], d);
    }
}
