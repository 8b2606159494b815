/*
 * Preferred aliases: words that are shown by another name than their row's (Arm ARM, "alias
 * conditions" of the single instruction pages), and the names of system registers and operations.
 */
#include "aot/a64/text.h"

static bool rd31(u32 w)
{
    return a64_rd(w) == 31;
}

static bool rn31(u32 w)
{
    return a64_rn(w) == 31;
}

/* Whether a MOVZ or MOVN could load a logical immediate, and is preferred then. */
static bool is_wide_immediate(u64 value, bool sf)
{
    u64 mask = sf ? UINT64_MAX : UINT32_MAX;
    for (unsigned i = 0; i < (sf ? 64u : 32u); i += 16) {
        u64 other = ~(UINT64_C(0xffff) << i) & mask;
        if (!(value & other) || !(~value & other)) return true;
    }
    return false;
}

static const char *alias_immediate(enum a64_row row, u32 w)
{
    bool hides_zero = !a64_imm16(w) && a64_hw(w);
    switch (row) {
    case A64_ADD_imm:
        if (!a64_imm12(w) && !a64_sh(w) && (rd31(w) || rn31(w))) return "mov\t{Rd|sp}, {Rn|sp}";
        return NULL;
    case A64_ADDS_imm: return rd31(w) ? "cmn\t{Rn|sp}, {:imm12}" : NULL;
    case A64_SUBS_imm: return rd31(w) ? "cmp\t{Rn|sp}, {:imm12}" : NULL;
    case A64_ANDS_imm: return rd31(w) ? "tst\t{Rn}, {:bitmask}" : NULL;
    case A64_ORR_imm:
        /* A MOVZ can't write SP, so nothing else is preferred for it. */
        if (rn31(w) && (rd31(w) || !is_wide_immediate(text_bitmask(w), a64_sf(w))))
            return "mov\t{Rd|sp}, {:bitmask}";
        return NULL;
    case A64_MOVZ: return hides_zero ? NULL : "mov\t{Rd}, {:wide}";
    case A64_MOVN:
        if (hides_zero || (!a64_sf(w) && a64_imm16(w) == 0xffff)) return NULL;
        return "mov\t{Rd}, {:wide}";
    default: return NULL;
    }
}

static const char *alias_signed_field(u32 w)
{
    u32 immr = a64_immr(w), imms = a64_imms(w);
    if (imms == (a64_sf(w) ? 63u : 31u)) return "asr\t{Rd}, {Rn}, {%immr}";
    if (imms < immr) return "sbfiz\t{Rd}, {Rn}, {:insert_position}";
    if (immr == 0 && imms == 7) return "sxtb\t{Rd}, {Wn}";
    if (immr == 0 && imms == 15) return "sxth\t{Rd}, {Wn}";
    if (immr == 0 && imms == 31) return "sxtw\t{Rd}, {Wn}";
    return "sbfx\t{Rd}, {Rn}, {:width_to_imms}";
}

static const char *alias_unsigned_field(u32 w)
{
    u32 immr = a64_immr(w), imms = a64_imms(w);
    if (imms == (a64_sf(w) ? 63u : 31u)) return "lsr\t{Rd}, {Rn}, {%immr}";
    if (imms + 1 == immr) return "lsl\t{Rd}, {Rn}, {:left_shift}";
    if (imms < immr) return "ubfiz\t{Rd}, {Rn}, {:insert_position}";
    if (!a64_sf(w) && immr == 0 && imms == 7) return "uxtb\t{Wd}, {Wn}";
    if (!a64_sf(w) && immr == 0 && imms == 15) return "uxth\t{Wd}, {Wn}";
    return "ubfx\t{Rd}, {Rn}, {:width_to_imms}";
}

static const char *alias_field(enum a64_row row, u32 w)
{
    switch (row) {
    case A64_SBFM: return alias_signed_field(w);
    case A64_UBFM: return alias_unsigned_field(w);
    case A64_BFM:
        if (a64_imms(w) >= a64_immr(w)) return "bfxil\t{Rd}, {Rn}, {:width_to_imms}";
        return rn31(w) ? "bfc\t{Rd}, {:insert_position}" : "bfi\t{Rd}, {Rn}, {:insert_position}";
    case A64_EXTR: return a64_rn(w) == a64_rm(w) ? "ror\t{Rd}, {Rn}, {%imms}" : NULL;
    default: return NULL;
    }
}

static const char *alias_register(enum a64_row row, u32 w)
{
    switch (row) {
    case A64_ORR_shift: return rn31(w) && !a64_shift(w) && !a64_imm6(w) ? "mov\t{Rd}, {Rm}" : NULL;
    case A64_ORN_shift: return rn31(w) ? "mvn\t{Rd}, {Rm}{:shift}" : NULL;
    case A64_ANDS_shift: return rd31(w) ? "tst\t{Rn}, {Rm}{:shift}" : NULL;
    case A64_ADDS_shift: return rd31(w) ? "cmn\t{Rn}, {Rm}{:shift}" : NULL;
    case A64_SUB_shift: return rn31(w) ? "neg\t{Rd}, {Rm}{:shift}" : NULL;
    case A64_SUBS_shift:
        if (rd31(w)) return "cmp\t{Rn}, {Rm}{:shift}";
        return rn31(w) ? "negs\t{Rd}, {Rm}{:shift}" : NULL;
    case A64_ADDS_ext: return rd31(w) ? "cmn\t{Rn|sp}, {:extended}" : NULL;
    case A64_SUBS_ext: return rd31(w) ? "cmp\t{Rn|sp}, {:extended}" : NULL;
    case A64_SBC: return rn31(w) ? "ngc\t{Rd}, {Rm}" : NULL;
    case A64_SBCS: return rn31(w) ? "ngcs\t{Rd}, {Rm}" : NULL;
    default: return NULL;
    }
}

static const char *alias_select(enum a64_row row, u32 w)
{
    bool same = a64_rn(w) == a64_rm(w) && a64_cond(w) < 14;
    if (!same) return NULL;
    switch (row) {
    case A64_CSINC:
        return rn31(w) ? "cset\t{Rd}, {:inverted_cond}" : "cinc\t{Rd}, {Rn}, {:inverted_cond}";
    case A64_CSINV:
        return rn31(w) ? "csetm\t{Rd}, {:inverted_cond}" : "cinv\t{Rd}, {Rn}, {:inverted_cond}";
    case A64_CSNEG: return "cneg\t{Rd}, {Rn}, {:inverted_cond}";
    default: return NULL;
    }
}

static const char *alias_multiply(enum a64_row row, u32 w)
{
    if (a64_ra(w) != 31) return NULL;
    switch (row) {
    case A64_MADD: return "mul\t{Rd}, {Rn}, {Rm}";
    case A64_MSUB: return "mneg\t{Rd}, {Rn}, {Rm}";
    case A64_SMADDL: return "smull\t{Xd}, {Wn}, {Wm}";
    case A64_SMSUBL: return "smnegl\t{Xd}, {Wn}, {Wm}";
    case A64_UMADDL: return "umull\t{Xd}, {Wn}, {Wm}";
    case A64_UMSUBL: return "umnegl\t{Xd}, {Wn}, {Wm}";
    default: return NULL;
    }
}

/* Cache operations that user space may issue, and a few neighbours. */
static const char *alias_system(u32 w)
{
    switch (w & ~UINT32_C(31)) {
    case 0xd50b7420: return "dc\tzva, {Xt}";
    case 0xd50b7a20: return "dc\tcvac, {Xt}";
    case 0xd50b7b20: return "dc\tcvau, {Xt}";
    case 0xd50b7c20: return "dc\tcvap, {Xt}";
    case 0xd50b7d20: return "dc\tcvadp, {Xt}";
    case 0xd50b7e20: return "dc\tcivac, {Xt}";
    case 0xd5087620: return "dc\tivac, {Xt}";
    case 0xd5087640: return "dc\tisw, {Xt}";
    case 0xd5087a40: return "dc\tcsw, {Xt}";
    case 0xd5087e40: return "dc\tcisw, {Xt}";
    case 0xd50b7520: return "ic\tivau, {Xt}";
    case 0xd5087500: return a64_rt(w) == 31 ? "ic\tiallu" : NULL;
    case 0xd5087100: return a64_rt(w) == 31 ? "ic\tialluis" : NULL;
    default: return NULL;
    }
}

static const char *alias_store_atomic(enum a64_row row, u32 w)
{
    if (a64_rt(w) != 31 || a64_A(w)) return NULL;
    switch (row) {
    case A64_LDADD: return "stadd{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDCLR: return "stclr{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDEOR: return "steor{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDSET: return "stset{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDSMAX: return "stsmax{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDSMIN: return "stsmin{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDUMAX: return "stumax{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    case A64_LDUMIN: return "stumin{:order}{:bh}\t{Ls}, [{Xn|sp}]";
    default: return NULL;
    }
}

static const char *alias_simd(enum a64_row row, u32 w)
{
    bool whole_element = !a64_immb(w) && !(a64_immh(w) & (a64_immh(w) - 1));
    switch (row) {
    case A64_ORR_v: return a64_rn(w) == a64_rm(w) ? "mov\t{vd.b}, {vn.b}" : NULL;
    case A64_SSHLL_v: return whole_element ? "sxtl{:2}\t{vd.J}, {vn.I}" : NULL;
    case A64_USHLL_v: return whole_element ? "uxtl{:2}\t{vd.J}, {vn.I}" : NULL;
    default: return NULL;
    }
}

static const char *alias_other(enum a64_row row, u32 w)
{
    switch (row) {
    case A64_RET: return a64_rn(w) == 30 ? "ret" : NULL;
    case A64_DSB:
        if (a64_CRm(w) == 0) return "ssbb";
        return a64_CRm(w) == 4 ? "pssbb" : NULL;
    case A64_DCPS1: return a64_imm16(w) ? NULL : "dcps1";
    case A64_DCPS2: return a64_imm16(w) ? NULL : "dcps2";
    case A64_DCPS3: return a64_imm16(w) ? NULL : "dcps3";
    case A64_CLREX: return a64_CRm(w) == 15 ? "clrex" : NULL;
    case A64_ISB: return a64_CRm(w) == 15 ? "isb" : NULL;
    case A64_BTI: return a64_btype(w) ? NULL : "bti";
    case A64_SYS: return alias_system(w);
    default: return NULL;
    }
}

const char *text_alias(enum a64_row row, u32 w)
{
    static const char *(*const finders[])(enum a64_row, u32) = {
        alias_immediate, alias_field,        alias_register, alias_select,
        alias_multiply,  alias_store_atomic, alias_simd,     alias_other,
    };
    for (unsigned i = 0; i < ARRAY_SIZE(finders); i++) {
        const char *text = finders[i](row, w);
        if (text) return text;
    }
    return NULL;
}

/* o0:op1:CRn:CRm:op2 as the field sysreg has it. */
#define SYSREG(op0, op1, crn, crm, op2)                                                            \
    (((op0)&1) << 14 | (op1) << 11 | (crn) << 7 | (crm) << 3 | (op2))

/* Those that user space can reach or that Linux emulates for it. */
const char *text_system_register(u32 sysreg)
{
    switch (sysreg) {
    case SYSREG(3, 3, 4, 2, 0): return "nzcv";
    case SYSREG(3, 3, 4, 2, 1): return "daif";
    case SYSREG(3, 3, 4, 2, 5): return "dit";
    case SYSREG(3, 3, 4, 2, 6): return "ssbs";
    case SYSREG(3, 3, 4, 2, 7): return "tco";
    case SYSREG(3, 3, 4, 4, 0): return "fpcr";
    case SYSREG(3, 3, 4, 4, 1): return "fpsr";
    case SYSREG(3, 3, 2, 4, 0): return "rndr";
    case SYSREG(3, 3, 2, 4, 1): return "rndrrs";
    case SYSREG(3, 3, 0, 0, 1): return "ctr_el0";
    case SYSREG(3, 3, 0, 0, 7): return "dczid_el0";
    case SYSREG(3, 3, 13, 0, 2): return "tpidr_el0";
    case SYSREG(3, 3, 13, 0, 3): return "tpidrro_el0";
    case SYSREG(3, 3, 14, 0, 0): return "cntfrq_el0";
    case SYSREG(3, 3, 14, 0, 1): return "cntpct_el0";
    case SYSREG(3, 3, 14, 0, 2): return "cntvct_el0";
    case SYSREG(3, 3, 14, 0, 5): return "cntpctss_el0";
    case SYSREG(3, 3, 14, 0, 6): return "cntvctss_el0";
    case SYSREG(3, 3, 9, 13, 0): return "pmccntr_el0";
    case SYSREG(3, 0, 0, 0, 0): return "midr_el1";
    case SYSREG(3, 0, 0, 0, 5): return "mpidr_el1";
    case SYSREG(3, 0, 0, 0, 6): return "revidr_el1";
    case SYSREG(3, 0, 0, 4, 0): return "id_aa64pfr0_el1";
    case SYSREG(3, 0, 0, 4, 1): return "id_aa64pfr1_el1";
    case SYSREG(3, 0, 0, 4, 4): return "id_aa64zfr0_el1";
    case SYSREG(3, 0, 0, 4, 5): return "id_aa64smfr0_el1";
    case SYSREG(3, 0, 0, 5, 0): return "id_aa64dfr0_el1";
    case SYSREG(3, 0, 0, 5, 1): return "id_aa64dfr1_el1";
    case SYSREG(3, 0, 0, 5, 4): return "id_aa64afr0_el1";
    case SYSREG(3, 0, 0, 5, 5): return "id_aa64afr1_el1";
    case SYSREG(3, 0, 0, 6, 0): return "id_aa64isar0_el1";
    case SYSREG(3, 0, 0, 6, 1): return "id_aa64isar1_el1";
    case SYSREG(3, 0, 0, 6, 2): return "id_aa64isar2_el1";
    case SYSREG(3, 0, 0, 7, 0): return "id_aa64mmfr0_el1";
    case SYSREG(3, 0, 0, 7, 1): return "id_aa64mmfr1_el1";
    case SYSREG(3, 0, 0, 7, 2): return "id_aa64mmfr2_el1";
    default: return NULL;
    }
}
