/*
 * Private to the evaluator: the machine that runs a function, and its operations on integers,
 * bools, flags and memory: IR_OP is the function eval_OP. Vector, floating-point and cryptography
 * operations are eval_ops.h's.
 */
#ifndef AOT_IR_EVAL_RUN_H
#define AOT_IR_EVAL_RUN_H

#include "aot/ir/eval.h"

struct eval_run {
    const struct ir_func *f;
    struct guest_state *state;
    ir_value *v;
    u64 *budget;
    ir_ref next; /* instruction to go on with */
    bool left;   /* exit holds why */
    struct ir_eval_exit exit;
};

typedef void eval_inst_fn(struct eval_run *e, const struct ir_inst *i, ir_value *out);

/* clang-format off */
#define EVAL_INST_OPS(X)                                                                          \
    /* eval_int.c */                                                                              \
    X(ADD) X(SUB) X(ADC) X(SBC) X(MUL) X(MULHU) X(MULHS) X(UDIV) X(SDIV) X(NEG) X(ABS) X(NOT)     \
    X(AND) X(OR) X(XOR) X(ANDN) X(ORN) X(SHL) X(SHR) X(SAR) X(ROR) X(EXTR) X(CLZ) X(CTZ) X(CLS)   \
    X(RBIT) X(BSWAP) X(SEXT) X(ZEXT) X(TRUNC) X(SELECT) X(ICMP) X(BNOT) X(BAND) X(BOR) X(BINT)    \
    X(COND) X(FLADD) X(FLSUB) X(FLADC) X(FLSBC) X(FLLOGIC) X(FLSELECT) X(FLCONST) X(FLUNPACK)     \
    X(FLPACK)                                                                                     \
    /* eval_memory.c */                                                                           \
    X(FENCE) X(LOAD) X(LOADS) X(STORE) X(LOADACQ) X(STOREREL) X(LOADX) X(STOREX) X(CLREX) X(CAS)  \
    X(RMW)
/* clang-format on */

#define X(op) eval_inst_fn eval_##op;
EVAL_INST_OPS(X)
#undef X

/* The head of such a function. */
#define EVAL_INST(op) void eval_##op(struct eval_run *e, const struct ir_inst *i, ir_value *out)

/* An integer operand as its type has it: i32 zero-extended. */
static inline u64 eval_arg(const struct eval_run *e, const struct ir_inst *i, unsigned n)
{
    return e->v[i->arg[n]].d[0];
}

#endif
