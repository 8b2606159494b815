/*
 * Calls of C helpers from generated code, and the operations that have no inline form.
 */
#include "aot/abi/vector_op.h"
#include "aot/gen/upper.h"

#define B (&g->b)

static struct x64_mem vscratch_at(unsigned n)
{
    return gen_state(offsetof(struct guest_state, vscratch) + 16 * n);
}

static bool is_integer(unsigned type)
{
    return type == IR_I32 || type == IR_I64 || type == IR_BOOL;
}

/* On C's stack: the translated code's holds return addresses only. */
static void call(struct gen *g, enum helper id)
{
    x64_lea(B, 8, X64_RDI, x64_mem_b(X64_RBP, -STATE_BIAS));
    x64_mov_mr(B, 8, gen_state(offsetof(struct guest_state, translated_sp)), X64_RSP);
    x64_mov_rm(B, 8, X64_RSP, gen_state(offsetof(struct guest_state, host_sp)));
    x64_call_m(B, gen_state(offsetof(struct guest_state, helper) + 8 * (unsigned)id));
    x64_mov_rm(B, 8, X64_RSP, gen_state(offsetof(struct guest_state, translated_sp)));
}

static void put_operand(struct gen *g, ir_ref r, unsigned n)
{
    if (is_integer(gen_type(g, r))) {
        unsigned reg = gen_use_gpr(g, r);
        if (gen_type(g, r) == IR_I32) { /* the helper wants clean upper bits */
            x64_mov_rr(B, 4, X64_RAX, reg);
            reg = X64_RAX;
        }
        x64_mov_mr(B, 8, vscratch_at(n), reg);
    } else {
        unsigned reg = gen_use_xmm(g, r), type = gen_type(g, r);
        if (type != IR_V128 && g->val[r].place != VAL_CONST && !g->val[r].narrow) {
            gen_narrow_xmm(g, type, 0, reg);
            reg = 0;
        }
        gen_vec_mr(g, X64_MOVAPS_ST, vscratch_at(n), reg);
    }
    gen_unlock(g);
}

void gen_by_helper(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned n = ir_op_info(i->op)->args;
    for (unsigned k = 0; k < n; k++)
        if (i->arg[k]) put_operand(g, i->arg[k], k);
    gen_consume(g, i);
    gen_before_call(g);
    x64_mov_ri(B, X64_RSI, vector_op_descriptor(i->op, i->type, i->esz, i->mod));
    x64_mov_ri(B, X64_RDX, (u64)i->imm);
    call(g, HELPER_IR_OP);
    gen_after_call(g);
    if (!gen_left(g, r)) return;
    if (is_integer(i->type)) {
        x64_mov_rm(B, gen_size(i->type), gen_def_gpr(g, r, NO_REG), vscratch_at(0));
    } else if (i->op == IR_FLFCMP) {
        unsigned t = gen_temp_gpr(g);
        x64_movzx_rm(B, 2, t, vscratch_at(0));
        gen_bind_gpr(g, r, t);
    } else {
        gen_vec_rm(g, X64_MOVAPS, gen_def_xmm(g, r, NO_REG), vscratch_at(0));
    }
}

/* A helper for strings leaves guest registers alone. The point for its faults is behind the call.
 */
static void string_helper(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    gen_clobber_flags(g);
    gen_move_gpr(g, i->arg[0], X64_RSI);
    gen_move_gpr(g, i->arg[1], X64_RDX);
    x64_mov_rr(B, 8, X64_RCX, gen_use_gpr(g, i->arg[2]));
    gen_settle_all(g);
    g->copies.regs = 0;
    x64_call_m(B, gen_state(offsetof(struct guest_state, helper) + 8 * (unsigned)i->imm));
    gen_fault_point(g);
    gen_consume(g, i);
    x64_mov_rr(B, 8, gen_def_gpr(g, r, NO_REG), X64_RAX);
}

/* HELPER: up to three integers by way of scratch memory, which nothing in between disturbs. */
void emit_helper(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    static const u8 to[3] = {X64_RSI, X64_RDX, X64_RCX};
    if (HELPER_IS_STRING(i->imm)) {
        string_helper(g, r, i);
        return;
    }
    for (unsigned k = 0; k < 3; k++)
        if (i->arg[k]) put_operand(g, i->arg[k], k);
    gen_consume(g, i);
    gen_before_call(g);
    for (unsigned k = 0; k < 3; k++)
        if (i->arg[k]) x64_mov_rm(B, 8, to[k], vscratch_at(k));
    call(g, (enum helper)i->imm);
    gen_after_call(g);
    if (i->type != IR_VOID && gen_left(g, r)) x64_mov_rr(B, 8, gen_def_gpr(g, r, NO_REG), X64_RAX);
}
