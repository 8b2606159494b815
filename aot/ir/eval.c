/*
 * The evaluator's loop: control, slots, and the way to the functions of the other operations.
 */
#include "aot/ir/eval.h"

#include "aot/ir/eval_run.h"

#include <string.h>
#include <x86intrin.h>

static void *slot_at(struct eval_run *e, s64 slot)
{
    return (u8 *)e->state + slot_info((unsigned)slot)->offset;
}

static void get_slot(struct eval_run *e, const struct ir_inst *i, ir_value *out)
{
    const void *slot = slot_at(e, i->imm); /* integer slots are less aligned than ir_value */
    out->d[0] = 0;
    switch (i->type) {
    case IR_FLAGS: out->d[0] = e->state->nzcv & NZCV_MASK; break;
    case IR_F16: memcpy(out, slot, 2); break;
    case IR_I32:
    case IR_F32: memcpy(out, slot, 4); break;
    case IR_I64:
    case IR_F64: memcpy(out, slot, 8); break;
    default: memcpy(out, slot, 16);
    }
}

static void set_slot(struct eval_run *e, const struct ir_inst *i)
{
    void *slot = slot_at(e, i->imm);
    const ir_value *v = &e->v[i->arg[0]];
    switch (slot_info((unsigned)i->imm)->kind) {
    case SLOT_FLAGS: e->state->nzcv = (u32)v->d[0]; break;
    case SLOT_INT32: memcpy(slot, v, 4); break;
    case SLOT_INT64: memcpy(slot, v, 8); break;
    default: memcpy(slot, v, 16); /* scalars have zeros above */
    }
}

static void leave(struct eval_run *e, u64 pc, unsigned reason, unsigned imm, unsigned kind)
{
    e->state->pc = pc;
    e->left = true;
    e->exit = (struct ir_eval_exit){.reason = reason, .imm = (u16)imm, .kind = (u8)kind};
}

/* Here, and not at an INSN, a merged function may stop. */
static void go_to(struct eval_run *e, u32 block)
{
    const struct ir_block *b = &e->f->block[block];
    e->next = b->first;
    if (e->f->merged && !*e->budget) leave(e, b->pc, TRAP_LIMIT, 0, 0);
}

static void call_helper(struct eval_run *e, const struct ir_inst *i, ir_value *out)
{
    u64 (*helper)(struct guest_state *, u64, u64, u64) = NULL;
    *(void **)&helper = e->state->helper[i->imm];
    out->d[0] = helper(e->state, eval_arg(e, i, 0), eval_arg(e, i, 1), eval_arg(e, i, 2));
}

static void start_instruction(struct eval_run *e, const struct ir_inst *i)
{
    e->state->pc = (u64)i->imm;
    if (*e->budget)
        --*e->budget;
    else if (!e->f->merged)
        leave(e, (u64)i->imm, TRAP_LIMIT, 0, 0);
}

static void jump_indirect(struct eval_run *e, u64 pc)
{
    for (u32 n = 0; n < e->f->target_count; n++)
        if (e->f->block[e->f->target[n]].pc == pc) {
            go_to(e, e->f->target[n]);
            return;
        }
    leave(e, pc, TRAP_NONE, 0, IR_EXIT_JUMP);
}

/* Everything that steers; false: not one of these. */
static bool control(struct eval_run *e, const struct ir_inst *i)
{
    u64 a = ir_op_info(i->op)->args ? eval_arg(e, i, 0) : 0;
    switch (i->op) {
    case IR_NOP:
    case IR_FAILED: return true;
    case IR_INSN: start_instruction(e, i); return true;
    case IR_JUMP: go_to(e, (u32)i->imm); return true;
    case IR_BR: go_to(e, a & 1 ? (u32)i->imm : i->arg[1]); return true;
    case IR_JUMPIND: jump_indirect(e, a); return true;
    case IR_EXIT: leave(e, (u64)i->imm, TRAP_NONE, 0, i->mod & 0x7f); return true;
    case IR_EXITIF:
        if (a & 1) leave(e, (u64)i->imm, TRAP_NONE, 0, IR_EXIT_JUMP);
        return true;
    case IR_EXITIND: leave(e, a, TRAP_NONE, 0, i->mod & 0x7f); return true;
    case IR_TRAP:
        if (i->arg[0]) e->state->trap_arg = a;
        leave(e, (u64)i->imm, i->mod, i->arg[1], 0);
        return true;
    case IR_GUARD:
        if (!(a & 1)) return true;
        if (i->arg[1]) e->state->trap_arg = eval_arg(e, i, 1);
        leave(e, e->state->pc, i->mod, 0, 0);
        return true;
    default: return false;
    }
}

#define DELEGATE(op)                                                                               \
    case IR_##op: eval_##op(e, i, out); return;

/* State, constants, and what delegates. */
static void compute(struct eval_run *e, const struct ir_inst *i, ir_value *out)
{
    *out = (ir_value){.d = {0, 0}};
    switch (i->op) {
        EVAL_INST_OPS(DELEGATE)
    case IR_CONST:
        out->d[0] = i->type == IR_I32 ? (u32)i->imm : (u64)i->imm;
        if (i->type == IR_V128) out->d[1] = out->d[0];
        return;
    case IR_VCONST2:
        out->d[0] = (u64)i->imm;
        out->d[1] = i->arg[0] | (u64)i->arg[1] << 32;
        return;
    case IR_GADDR: out->d[0] = (u64)i->imm; return;
    case IR_GET: get_slot(e, i, out); return;
    case IR_SET: set_slot(e, i); return;
    case IR_HELPER: call_helper(e, i, out); return;
    default: break;
    }
    ir_eval_op(i->op, i->type, i->esz, i->mod, i->imm, &e->v[i->arg[0]], &e->v[i->arg[1]],
               &e->v[i->arg[2]], e->state->fpcr, &e->state->fpsr, out);
    if (i->op == IR_FLFCMP || i->type == IR_I32) out->d[1] = 0;
}

struct ir_eval_exit ir_eval(const struct ir_func *f, u32 block, struct guest_state *state,
                            ir_value *values, u64 *budget)
{
    struct eval_run e = {.f = f, .state = state, .v = values, .budget = budget};
    values[0] = (ir_value){.d = {0, 0}};
    go_to(&e, block);
    while (!e.left) {
        ir_ref r = e.next++;
        const struct ir_inst *i = &f->inst[r];
        if (!control(&e, i)) compute(&e, i, &values[r]);
    }
    return e.exit;
}
