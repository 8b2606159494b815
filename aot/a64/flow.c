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

enum a64_flow a64_flow(enum a64_row row, u32 w, u64 pc, u64 *target)
{
    switch (row) {
    case A64_B: *target = branch_target(pc, a64_imm26(w), 26); return A64_FLOW_JUMP;
    case A64_BL: *target = branch_target(pc, a64_imm26(w), 26); return A64_FLOW_CALL;
    case A64_B_cond:
        *target = branch_target(pc, a64_imm19(w), 19);
        return a64_bcond(w) >= 14 ? A64_FLOW_JUMP : A64_FLOW_CONDITIONAL;
    case A64_CBZ:
    case A64_CBNZ: *target = branch_target(pc, a64_imm19(w), 19); return A64_FLOW_CONDITIONAL;
    case A64_TBZ:
    case A64_TBNZ: *target = branch_target(pc, a64_imm14(w), 14); return A64_FLOW_CONDITIONAL;
    case A64_BR:
    case A64_BRAA:
    case A64_BRAB:
    case A64_BRAAZ:
    case A64_BRABZ: return A64_FLOW_INDIRECT;
    case A64_BLR:
    case A64_BLRAA:
    case A64_BLRAB:
    case A64_BLRAAZ:
    case A64_BLRABZ: return A64_FLOW_INDIRECT_CALL;
    case A64_RET:
    case A64_RETAA:
    case A64_RETAB: return A64_FLOW_RETURN;
    case A64_SVC:
    case A64_WFE:
    case A64_WFI:
    case A64_ISB: return A64_FLOW_STOP;
    case A64_MSR_reg: return a64_sysreg(w) == A64_SYSREG_FPCR ? A64_FLOW_STOP : A64_FLOW_NEXT;
    case A64_SYS: return is_cache_flush(w) ? A64_FLOW_STOP : A64_FLOW_NEXT;
    case A64_UNALLOCATED:
    case A64_UDF:
    case A64_BRK:
    case A64_HLT:
    case A64_HVC:
    case A64_SMC:
    case A64_DCPS1:
    case A64_DCPS2:
    case A64_DCPS3:
    case A64_ERET:
    case A64_ERETAA:
    case A64_ERETAB:
    case A64_DRPS: return A64_FLOW_TRAP;
    default: return A64_FLOW_NEXT;
    }
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
