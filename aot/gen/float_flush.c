/*
 * FPCR.FZ: denormal operands and tiny results are zeros to the guest. The host has them trap
 * (abi/fp_state.h): the guest instruction is then the evaluator's, as it is with whatever else
 * traps, and no other instruction does anything different for the mode.
 *
 * Not all of the host's instructions tell of denormals: those that round and convert to integers
 * don't, and no arithmetic does beside a NaN, or in a division by zero. A signaling compare of the
 * operands comes first, which traps for denormals and NaNs alike. Fused sums trap for both as they
 * are. What else floating point has, and halves, go by helper; so do estimates of integers, whose
 * way through the host's units raises inexact.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X1 X64_XMM1

enum { LESS = 1 };

static const u16 cmp_of[4] = {X64_CMPPS, X64_CMPPD, X64_CMPSS, X64_CMPSD};

bool float_can_flush(const struct ir_inst *i)
{
    switch (i->op) {
    case IR_FADD:
    case IR_FSUB:
    case IR_FMUL:
    case IR_FMULX:
    case IR_FDIV:
    case IR_FABD:
    case IR_FSQRT:
    case IR_FMIN:
    case IR_FMAX:
    case IR_FMINNM:
    case IR_FMAXNM:
    case IR_FMA:
    case IR_FCMPEQ:
    case IR_FCMPGT:
    case IR_FCMPGE:
    case IR_FLFCMP:
    case IR_FRINT:
    case IR_FRECPS:
    case IR_ICVTF:
    case IR_VICVTF:
    case IR_VFCVTI: return float_form(i) != FORM_NONE;
    case IR_FCVTI: return i->esz >= 2;
    case IR_FCVT: return i->esz >= 2 && i->type != IR_F16;
    case IR_FCVTL: return i->esz == 2;
    case IR_FCVTN: return i->esz == 2 && !(i->mod & 1);
    case IR_VURECPE:
    case IR_VURSQRTE: return false;
    default: return !ir_has(i->op, IR_FL_FP);
    }
}

void float_flush_operands(struct gen *g, enum float_form f, unsigned a, unsigned b)
{
    if (!g->options->fp_flush) return;
    if (!g->avx) vec_move(g, X1, a);
    gen_fault_point(g);
    gen_vec_rrri(g, cmp_of[f], X1, g->avx ? a : X1, b, LESS);
}

void float_flush_operand_m(struct gen *g, enum float_form f, unsigned a, struct x64_mem m)
{
    if (!g->options->fp_flush) return;
    if (!g->avx) vec_move(g, X1, a);
    gen_fault_point(g);
    gen_vec_rrmi(g, cmp_of[f], X1, g->avx ? a : X1, m, LESS);
}

void float_flush_point(struct gen *g)
{
    if (g->options->fp_flush) gen_fault_point(g);
}
