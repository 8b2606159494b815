/*
 * The rows that the lifter's base files implement (integer, branches, loads and stores, system),
 * and the architecture's optional features among them. Each ROW has a function lift_ROW.
 */
#ifndef AOT_LIFT_ROWS_BASE_H
#define AOT_LIFT_ROWS_BASE_H

#define LIFT_INTEGER_ROWS(X)                                                                       \
    X(ADR)                                                                                         \
    X(ADRP)                                                                                        \
    X(ADD_imm)                                                                                     \
    X(ADDS_imm)                                                                                    \
    X(SUB_imm)                                                                                     \
    X(SUBS_imm)                                                                                    \
    X(AND_imm) X(ORR_imm) X(EOR_imm) X(ANDS_imm) X(MOVN) X(MOVZ) X(MOVK) X(SBFM) X(BFM) X(UBFM)    \
        X(EXTR) X(AND_shift) X(BIC_shift) X(ORR_shift) X(ORN_shift) X(EOR_shift) X(EON_shift)      \
            X(ANDS_shift) X(BICS_shift) X(ADD_shift) X(ADDS_shift) X(SUB_shift) X(SUBS_shift)      \
                X(ADD_ext) X(ADDS_ext) X(SUB_ext) X(SUBS_ext) X(ADC) X(ADCS) X(SBC) X(SBCS)        \
                    X(CCMN_reg) X(CCMP_reg) X(CCMN_imm) X(CCMP_imm) X(CSEL) X(CSINC) X(CSINV)      \
                        X(CSNEG) X(UDIV) X(SDIV) X(LSLV) X(LSRV) X(ASRV) X(RORV) X(CRC32) X(RBIT)  \
                            X(REV16) X(REV_w) X(REV32) X(REV_x) X(CLZ) X(CLS) X(MADD) X(MSUB)      \
                                X(SMADDL) X(SMSUBL) X(SMULH) X(UMADDL) X(UMSUBL) X(UMULH) X(RMIF)  \
                                    X(SETF8) X(SETF16) X(CFINV) X(XAFLAG) X(AXFLAG)

#define LIFT_BRANCH_ROWS(X) X(B) X(BL) X(B_cond) X(CBZ) X(CBNZ) X(TBZ) X(TBNZ) X(BR) X(BLR) X(RET)

#define LIFT_MEMORY_ROWS(X)                                                                        \
    X(LDR_lit)                                                                                     \
    X(LDRSW_lit)                                                                                   \
    X(PRFM_lit)                                                                                    \
    X(LDR_lit_v)                                                                                   \
    X(STNP)                                                                                        \
    X(LDNP)                                                                                        \
    X(STP_post) X(LDP_post) X(STP_off) X(LDP_off) X(STP_pre) X(LDP_pre) X(LDPSW_post) X(LDPSW_off) \
        X(LDPSW_pre) X(STNP_v) X(LDNP_v) X(STP_post_v) X(LDP_post_v) X(STP_off_v) X(LDP_off_v)     \
            X(STP_pre_v) X(LDP_pre_v) X(STUR) X(LDUR) X(LDURS) X(PRFUM) X(STUR_v) X(LDUR_v)        \
                X(STR_post) X(LDR_post) X(LDRS_post) X(STR_post_v) X(LDR_post_v) X(STR_pre)        \
                    X(LDR_pre) X(LDRS_pre) X(STR_pre_v) X(LDR_pre_v) X(STTR) X(LDTR) X(LDTRS)      \
                        X(STR_reg) X(LDR_reg) X(LDRS_reg) X(PRFM_reg) X(STR_reg_v) X(LDR_reg_v)    \
                            X(STR_u) X(LDR_u) X(LDRS_u) X(PRFM_u) X(STR_u_v) X(LDR_u_v)

#define LIFT_ORDERED_ROWS(X)                                                                       \
    X(STXR)                                                                                        \
    X(STLXR)                                                                                       \
    X(LDXR)                                                                                        \
    X(LDAXR)                                                                                       \
    X(STXP)                                                                                        \
    X(STLXP)                                                                                       \
    X(LDXP) X(LDAXP) X(STLLR) X(STLR) X(LDLAR) X(LDAR) X(CASP) X(CAS) X(LDADD) X(LDCLR) X(LDEOR)   \
        X(LDSET) X(LDSMAX) X(LDSMIN) X(LDUMAX) X(LDUMIN) X(SWP) X(LDAPR) X(STLUR) X(LDAPUR)        \
            X(LDAPURS)

#define LIFT_SYSTEM_ROWS(X)                                                                        \
    X(UDF)                                                                                         \
    X(SVC)                                                                                         \
    X(BRK)                                                                                         \
    X(HLT)                                                                                         \
    X(HINT)                                                                                        \
    X(NOP)                                                                                         \
    X(YIELD)                                                                                       \
    X(WFE) X(WFI) X(SEV) X(SEVL) X(XPACLRI) X(PACIA1716) X(PACIB1716) X(AUTIA1716) X(AUTIB1716)    \
        X(ESB) X(PSB_CSYNC) X(TSB_CSYNC) X(CSDB) X(PACIAZ) X(PACIASP) X(PACIBZ) X(PACIBSP)         \
            X(AUTIAZ) X(AUTIASP) X(AUTIBZ) X(AUTIBSP) X(BTI) X(CLREX) X(DSB) X(DMB) X(ISB) X(SB)   \
                X(MSR_DIT) X(MSR_SSBS) X(SYS) X(MSR_reg) X(MRS)

#define LIFT_BASE_ROWS(X)                                                                          \
    LIFT_INTEGER_ROWS(X)                                                                           \
    LIFT_BRANCH_ROWS(X)                                                                            \
    LIFT_MEMORY_ROWS(X)                                                                            \
    LIFT_ORDERED_ROWS(X)                                                                           \
    LIFT_SYSTEM_ROWS(X)

/* X(feature of aot/a64/fields.dec) */
#define LIFT_BASE_FEATURES(X)                                                                      \
    X(base)                                                                                        \
    X(hint)                                                                                        \
    X(crc32)                                                                                       \
    X(lse)                                                                                         \
    X(rcpc)                                                                                        \
    X(rcpc2)                                                                                       \
    X(lor)                                                                                         \
    X(flagm)                                                                                       \
    X(flagm2)                                                                                      \
    X(sb)                                                                                          \
    X(dit)                                                                                         \
    X(ssbs)

#endif
