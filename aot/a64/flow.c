/*
 * Control flow and NZCV effects by row: see flow.h. A row that the tables here don't name goes on
 * behind it, and is taken to see the flags, which is always safe.
 */
#include "aot/a64/flow.h"

#define LOOK_AHEAD 8 /* instructions */

static u64 branch_target(u64 pc, u64 field, unsigned width)
{
    return pc + (u64)(sign_extend(field, width) * 4);
}

/* IC IVAU: op1 3, CRn 7, CRm 5, op2 1. */
static bool is_cache_flush(u32 w)
{
    return a64_op1(w) == 3 && a64_CRn(w) == 7 && a64_CRm(w) == 5 && a64_op2(w) == 1;
}

const u8 a64_row_flow[A64_ROW_COUNT] = {
    [A64_B_cond] = A64_FLOW_CONDITIONAL,
    [A64_CBZ] = A64_FLOW_CONDITIONAL,
    [A64_CBNZ] = A64_FLOW_CONDITIONAL,
    [A64_TBZ] = A64_FLOW_CONDITIONAL,
    [A64_TBNZ] = A64_FLOW_CONDITIONAL,
    [A64_B] = A64_FLOW_JUMP,
    [A64_BL] = A64_FLOW_CALL,
    [A64_BR] = A64_FLOW_INDIRECT,
    [A64_BRAA] = A64_FLOW_INDIRECT,
    [A64_BRAB] = A64_FLOW_INDIRECT,
    [A64_BRAAZ] = A64_FLOW_INDIRECT,
    [A64_BRABZ] = A64_FLOW_INDIRECT,
    [A64_BLR] = A64_FLOW_INDIRECT_CALL,
    [A64_BLRAA] = A64_FLOW_INDIRECT_CALL,
    [A64_BLRAB] = A64_FLOW_INDIRECT_CALL,
    [A64_BLRAAZ] = A64_FLOW_INDIRECT_CALL,
    [A64_BLRABZ] = A64_FLOW_INDIRECT_CALL,
    [A64_RET] = A64_FLOW_RETURN,
    [A64_RETAA] = A64_FLOW_RETURN,
    [A64_RETAB] = A64_FLOW_RETURN,
    [A64_SVC] = A64_FLOW_STOP,
    [A64_WFE] = A64_FLOW_STOP,
    [A64_WFI] = A64_FLOW_STOP,
    [A64_ISB] = A64_FLOW_STOP,
    [A64_MSR_reg] = A64_FLOW_STOP, /* FPCR only: see below */
    [A64_SYS] = A64_FLOW_STOP,     /* IC IVAU only */
    [A64_UNALLOCATED] = A64_FLOW_TRAP,
    [A64_UDF] = A64_FLOW_TRAP,
    [A64_BRK] = A64_FLOW_TRAP,
    [A64_HLT] = A64_FLOW_TRAP,
    [A64_HVC] = A64_FLOW_TRAP,
    [A64_SMC] = A64_FLOW_TRAP,
    [A64_DCPS1] = A64_FLOW_TRAP,
    [A64_DCPS2] = A64_FLOW_TRAP,
    [A64_DCPS3] = A64_FLOW_TRAP,
    [A64_ERET] = A64_FLOW_TRAP,
    [A64_ERETAA] = A64_FLOW_TRAP,
    [A64_ERETAB] = A64_FLOW_TRAP,
    [A64_DRPS] = A64_FLOW_TRAP,
};

enum a64_flow a64_flow(enum a64_row row, u32 w, u64 pc, u64 *target)
{
    enum a64_flow flow = (enum a64_flow)a64_row_flow[row];
    if (flow == A64_FLOW_NEXT) return flow;
    switch (row) {
    case A64_B:
    case A64_BL: *target = branch_target(pc, a64_imm26(w), 26); break;
    case A64_B_cond:
        *target = branch_target(pc, a64_imm19(w), 19);
        if (a64_bcond(w) >= 14) return A64_FLOW_JUMP; /* AL, NV */
        break;
    case A64_CBZ:
    case A64_CBNZ: *target = branch_target(pc, a64_imm19(w), 19); break;
    case A64_TBZ:
    case A64_TBNZ: *target = branch_target(pc, a64_imm14(w), 14); break;
    case A64_MSR_reg: return a64_sysreg(w) == A64_SYSREG_FPCR ? flow : A64_FLOW_NEXT;
    case A64_SYS: return is_cache_flush(w) ? flow : A64_FLOW_NEXT;
    default: break;
    }
    return flow;
}

enum nzcv_effect { SEES, KEEPS, SETS };

/* What Armv8.0's own integer instructions do; words of optional features are never KEEPS. */
static const u8 effects[A64_ROW_COUNT] = {
#define KEEP(row) [A64_##row] = KEEPS,
#define SET(row)  [A64_##row] = SETS,
    /* clang-format off */
    KEEP(ADR) KEEP(ADRP) KEEP(ADD_imm) KEEP(SUB_imm) KEEP(AND_imm) KEEP(ORR_imm) KEEP(EOR_imm)
    KEEP(MOVN) KEEP(MOVZ) KEEP(MOVK) KEEP(SBFM) KEEP(BFM) KEEP(UBFM) KEEP(EXTR)
    KEEP(AND_shift) KEEP(BIC_shift) KEEP(ORR_shift) KEEP(ORN_shift) KEEP(EOR_shift)
    KEEP(EON_shift) KEEP(ADD_shift) KEEP(SUB_shift) KEEP(ADD_ext) KEEP(SUB_ext)
    KEEP(UDIV) KEEP(SDIV) KEEP(LSLV) KEEP(LSRV) KEEP(ASRV) KEEP(RORV)
    KEEP(RBIT) KEEP(REV16) KEEP(REV_w) KEEP(REV32) KEEP(REV_x) KEEP(CLZ) KEEP(CLS)
    KEEP(MADD) KEEP(MSUB) KEEP(SMADDL) KEEP(SMSUBL) KEEP(SMULH) KEEP(UMADDL) KEEP(UMSUBL)
    KEEP(UMULH) KEEP(NOP) KEEP(HINT) KEEP(BTI) KEEP(PACIASP) KEEP(AUTIASP)
    SET(ADDS_imm) SET(SUBS_imm) SET(ANDS_imm) SET(ANDS_shift) SET(BICS_shift) SET(ADDS_shift)
    SET(SUBS_shift) SET(ADDS_ext) SET(SUBS_ext) SET(FCMP) SET(FCMP_zero) SET(FCMPE)
    SET(FCMPE_zero)
/* clang-format on */
#undef KEEP
#undef SET
};

unsigned a64_nzcv_dead(const struct code_view *view, u64 pc)
{
    u32 word[LOOK_AHEAD];
    if (pc % 4) return 0;
    size_t n = view->read(view->context, pc, word, LOOK_AHEAD);
    for (unsigned i = 0; i < n; i++) {
        enum a64_row row = a64_decode(word[i]);
        if (effects[row] == SEES) return 0;
        if (effects[row] == SETS)
            return a64_word_feature(row, word[i]) == A64_FEATURE_base ? i + 1 : 0;
    }
    return 0;
}
