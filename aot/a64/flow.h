/*
 * Control flow of A64 instructions, and what they do to NZCV: the little that discovery and the
 * look behind exits must know without lifting.
 */
#ifndef AOT_A64_FLOW_H
#define AOT_A64_FLOW_H

#include "aot/a64/a64.h"
#include "aot/abi/code_view.h"

/* The field sysreg of MRS and MSR: o0 (op0 less 2), op1, CRn, CRm, op2. */
#define A64_SYSREG(op0, op1, CRn, CRm, op2)                                                        \
    ((u32)((op0)-2) << 14 | (op1) << 11 | (CRn) << 7 | (CRm) << 3 | (op2))
#define A64_SYSREG_NZCV A64_SYSREG(3, 3, 4, 2, 0)
#define A64_SYSREG_FPCR A64_SYSREG(3, 3, 4, 4, 0)
#define A64_SYSREG_FPSR A64_SYSREG(3, 3, 4, 4, 1)

enum a64_flow {
    A64_FLOW_NEXT,          /* goes on behind it (or faults) */
    A64_FLOW_CONDITIONAL,   /* to its target or on */
    A64_FLOW_JUMP,          /* to its target */
    A64_FLOW_CALL,          /* to its target; returns behind it */
    A64_FLOW_INDIRECT,      /* to a register's value */
    A64_FLOW_INDIRECT_CALL, /* to a register's value; returns behind it */
    A64_FLOW_RETURN,        /* to a register's value */
    A64_FLOW_STOP,          /* goes on behind it, but only by way of the runtime */
    A64_FLOW_TRAP,          /* never goes on by itself: BRK, undefined words */
};

/* False: surely no branch, nor anything else that changes control flow but an undefined word (Arm
 * ARM C4.1: group "branches, exception generating and system instructions"). */
static inline bool a64_may_branch(u32 word)
{
    return (word >> 26 & 7) == 5;
}

/* A row's flow (enum a64_flow), where it isn't NEXT for some words of the row. */
extern const u8 a64_row_flow[A64_ROW_COUNT];

/* *target is set for CONDITIONAL, JUMP and CALL. */
enum a64_flow a64_flow(enum a64_row row, u32 word, u64 pc, u64 *target);

/*
 * When code at pc sets all of NZCV before anything can see it (before an instruction that reads
 * it, may fault, traps or branches): the number of instructions that show it. Looks at a few
 * only; 0 means "perhaps not".
 */
unsigned a64_nzcv_dead(const struct code_view *view, u64 pc);

#endif
