/*
 * What nobody sees: one walk backward through each block.
 *
 * A SET goes when another SET of the slot follows and nothing in between can see the slots
 * (pass.h). NZCV is followed across blocks too, and exits may say that its value is dead. A value
 * goes when it has no uses left; loads stay, since they may fault, and so does what may raise a
 * floating-point exception.
 */
#include "aot/opt/pass.h"

#include "aot/abi/slots.h"

/* Slots that will be SET before anything sees them; NZCV by itself. */
struct doomed {
    u64 slots[2];
    bool nzcv;
};

/* What an operation does with NZCV, looking backward: 1 it dies, -1 it is seen, 0 neither. */
static int nzcv_effect(const struct ir_inst *i)
{
    switch (i->op) {
    case IR_INSN: return 0;
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
    bool changed = true;
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

static bool is_doomed(const struct doomed *d, s64 slot)
{
    return slot == SLOT_NZCV ? d->nzcv : d->slots[slot >> 6] >> (slot & 63) & 1;
}

/* A GET that stays: its slot is seen. */
static void read_slot(struct doomed *d, s64 slot)
{
    if (slot == SLOT_NZCV)
        d->nzcv = false;
    else
        d->slots[slot >> 6] &= ~(UINT64_C(1) << (slot & 63));
}

/* A SET that stays: what the slot held before is doomed. */
static void write_slot(struct doomed *d, s64 slot)
{
    if (slot == SLOT_NZCV)
        d->nzcv = true;
    else
        d->slots[slot >> 6] |= UINT64_C(1) << (slot & 63);
}

/* Something else that stays. */
static void observe(struct doomed *d, const struct ir_inst *i)
{
    if (!opt_observes_state(i->op)) return;
    int nzcv = nzcv_effect(i);
    d->slots[0] = d->slots[1] = 0;
    if (nzcv) d->nzcv = nzcv > 0;
}

static void drop_dead(struct ir_func *f, const struct ir_block *b, struct doomed d)
{
    for (ir_ref r = b->end; r-- > b->first;) {
        struct ir_inst *i = &f->inst[r];
        if (i->op <= IR_CONST || i->op == IR_INSN) continue; /* costs nothing where it is */
        if (opt_is_pure(i->op)) {
            if (!i->uses)
                opt_drop(f, i);
            else if (i->op == IR_GET)
                read_slot(&d, i->imm);
        } else if (i->op != IR_SET) {
            observe(&d, i);
        } else if (is_doomed(&d, i->imm)) {
            opt_drop(f, i);
        } else {
            write_slot(&d, i->imm);
        }
    }
}

void opt_dead(struct ir_func *f)
{
    s8 *at_start = NULL;
    if (f->block_count > 1) {
        at_start = arena_alloc(f->arena, f->block_count);
        find_nzcv(f, at_start);
    }
    for (u32 b = f->block_count; b-- > 0;) {
        struct doomed d = {{0, 0}, at_start && dies_behind(f, &f->block[b], at_start)};
        drop_dead(f, &f->block[b], d);
    }
}
