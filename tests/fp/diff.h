/*
 * Differential test of ir_eval_op: A64 instructions that are one IR operation, run by an oracle on
 * operands of every interesting kind and compared with the evaluator, FPSR included.
 *
 * The oracle runs a small loop (fp_code) over an array of cases and fills their result fields. It
 * is Unicorn in the unit test and qemu-aarch64 in the fuzzer.
 */
#ifndef TESTS_FP_DIFF_H
#define TESTS_FP_DIFF_H

#include "aot/ir/eval.h"

struct fp_row {
    u32 word; /* the instruction: V0 destination, V1 and V2 (or V0 too) sources, X0 and X1 likewise
               */
    const char *text;
    u8 op, type, esz, mod;
    s16 imm;
    /* Result (v vector register, w or x general register, f flags), then the operation's arguments
     * (d n m: V0 V1 V2 before, x: X1, i: a vector with imm in each lane). */
    const char *signature;
};

/* One run of an instruction. The guest loop knows these offsets. */
struct fp_case {
    ir_value d, n, m;
    u64 x, fpcr;
    ir_value v; /* results: V0, X0, NZCV, FPSR */
    u64 r, nzcv, fpsr;
    u64 unused;
};

#define FP_CODE_WORDS 16

extern const struct fp_row fp_rows_vec[], fp_rows_fp[], fp_rows_bf16[];
extern const unsigned fp_rows_vec_count, fp_rows_fp_count, fp_rows_bf16_count;

/* Row i of the tables one after the other, NULL past the end. */
const struct fp_row *fp_row(unsigned i);

/* A function for the guest: X10 = cases, X11 = their count (not 0); returns by RET. */
void fp_code(const struct fp_row *row, u32 code[FP_CODE_WORDS]);

/* Fills operands and FPCR. *seed moves on. */
void fp_fill(const struct fp_row *row, struct fp_case *cases, unsigned count, u64 *seed);

/* True when the evaluator agrees with the oracle's results; else a description. */
bool fp_agrees(const struct fp_row *row, const struct fp_case *c, char *message, size_t size);

#endif
