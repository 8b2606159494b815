/*
 * The evaluator: the meaning of every IR operation, in C. It is a mode of the runtime, the fallback
 * behind everything, and the reference that generated code is tested against.
 */
#ifndef AOT_IR_EVAL_H
#define AOT_IR_EVAL_H

#include "aot/abi/exits.h"
#include "aot/abi/state.h"
#include "aot/ir/ir.h"

union ir_vec {
    u8 b[16];
    u16 h[8];
    u32 s[4];
    u64 d[2];
    s8 sb[16];
    s16 sh[8];
    s32 ss[4];
    s64 sd[2];
} __attribute__((aligned(16)));

/* Any value: integers and bools in d[0] (i32 zero-extended), flags in home format in d[0], floats
 * in the low lane with zeros above. */
typedef union ir_vec ir_value;

struct ir_eval_exit {
    enum trap_reason reason; /* TRAP_NONE: go on at state->pc */
    u16 imm;                 /* the trap's immediate */
    u8 kind;                 /* enum ir_exit when reason is TRAP_NONE */
};

/*
 * Runs the function from block `block` on `state` until it leaves; state->pc is then where to go
 * on (or what the trap reports). values: room for f->count values, the caller's.
 *
 * Memory is touched directly: when an access faults, the caller's signal handler jumps out; state
 * is then exactly the guest's at state->pc (kept up to date by INSN).
 * `budget` counts down by guest instruction; at 0 the run stops before the next one with
 * TRAP_LIMIT; if the function is merged (ir.h), before the next block.
 */
struct ir_eval_exit ir_eval(const struct ir_func *f, u32 block, struct guest_state *state,
                            ir_value *values, u64 *budget);

/*
 * One vector or floating-point operation, without memory or slots (any op whose arguments and
 * result are x, v, i, w, l or b). fpcr: the guest's. *fpsr: cumulative flags are or'ed in
 * (IOC 1, DZC 2, OFC 4, UFC 8, IXC 16, IDC 128). The host's MXCSR is left as it was.
 * Absent arguments may be NULL; out may be one of them.
 */
void ir_eval_op(u8 op, u8 type, u8 esz, u8 mod, s64 imm, const ir_value *a, const ir_value *b,
                const ir_value *c, u32 fpcr, u32 *fpsr, ir_value *out);

/* True for the operations that ir_eval_op knows. */
bool ir_eval_has_op(u8 op);

#endif
