/*
 * HELPER_IR_OP: one IR operation on the vector scratch area, for translated code.
 *
 * It is entered with the guest's MXCSR: invalid operation unmasked, sticky flags that belong to the
 * guest. C runs masked; the flags that the operation raises go to the state's FPSR, those that
 * MXCSR held stay there.
 */
#include "aot/abi/fp_state.h"
#include "aot/ir/eval.h"
#include "aot/xlat.h"

#include <string.h>
#include <xmmintrin.h>

void xlat_helper_ir_op(struct guest_state *state, u32 descriptor, s64 imm)
{
    u32 mxcsr = _mm_getcsr();
    ir_value v[3];

    _mm_setcsr(MXCSR_ALL_MASKED);
    memcpy(v, state->vscratch, sizeof(v));
    ir_eval_op((u8)descriptor, (u8)(descriptor >> 8), (u8)(descriptor >> 16),
               (u8)(descriptor >> 24), imm, &v[0], &v[1], &v[2], state->fpcr, &state->fpsr, &v[0]);
    memcpy(state->vscratch[0], &v[0], sizeof(v[0]));
    /* What FPSR has by now no longer traps (fp_state.h). */
    _mm_setcsr(mxcsr | (state->fpsr & FPSR_IXC ? MXCSR_MASK_INEXACT : 0));
}
