/*
 * System instructions and registers as Linux/arm64 lets programs at EL0 use them (Arm ARM C4.1.94,
 * C5, D17; Linux: Documentation/arch/arm64/cpu-feature-registers.rst).
 *
 * Pointer authentication is not offered, so its hint forms do nothing. Registers that EL0 may not
 * touch are undefined. The identification registers read as Linux emulates them: features that are
 * not lifted read as absent.
 */
#include "aot/a64/flow.h"
#include "aot/abi/helpers.h"
#include "aot/lift/lift.h"

/* --- exceptions ---------------------------------------------------------------------------------
 */

void lift_UDF(struct lifter *l, u32 w)
{
    lift_unsupported(l, w);
}

void lift_SVC(struct lifter *l, u32 w)
{
    lift_trap(l, TRAP_SVC, l->pc + 4, (u16)a64_imm16(w), IR_NONE);
}

void lift_BRK(struct lifter *l, u32 w)
{
    lift_trap(l, TRAP_BRK, l->pc, (u16)a64_imm16(w), IR_NONE);
}

/* Undefined without an external debugger, but for what the runtime has put there itself. */
void lift_HLT(struct lifter *l, u32 w)
{
    lift_trap(l, TRAP_HLT, l->pc, (u16)a64_imm16(w), IR_NONE);
}

/* --- hints and barriers -------------------------------------------------------------------------
 */

#define NOP_ROW(row)                                                                               \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        (void)l;                                                                                   \
        (void)w;                                                                                   \
    }

/* clang-format off */
NOP_ROW(HINT) NOP_ROW(NOP) NOP_ROW(YIELD) NOP_ROW(SEV) NOP_ROW(SEVL) NOP_ROW(XPACLRI)
NOP_ROW(PACIA1716) NOP_ROW(PACIB1716) NOP_ROW(AUTIA1716) NOP_ROW(AUTIB1716) NOP_ROW(ESB)
NOP_ROW(PSB_CSYNC) NOP_ROW(TSB_CSYNC) NOP_ROW(CSDB) NOP_ROW(PACIAZ) NOP_ROW(PACIASP)
NOP_ROW(PACIBZ) NOP_ROW(PACIBSP) NOP_ROW(AUTIAZ) NOP_ROW(AUTIASP) NOP_ROW(AUTIBZ) NOP_ROW(AUTIBSP)
NOP_ROW(BTI) NOP_ROW(SB)
    /* clang-format on */

    void lift_WFE(struct lifter *l, u32 w)
{
    (void)w;
    lift_trap(l, TRAP_YIELD, l->pc + 4, 0, IR_NONE);
}

void lift_WFI(struct lifter *l, u32 w)
{
    lift_WFE(l, w);
}

void lift_CLREX(struct lifter *l, u32 w)
{
    (void)w;
    ir_opx(l->f, IR_CLREX, IR_VOID, 0, 0, 0, IR_NONE, IR_NONE, IR_NONE);
}

static void fence(struct lifter *l, enum ir_fence kind)
{
    ir_opx(l->f, IR_FENCE, IR_VOID, 0, (u8)kind, 0, IR_NONE, IR_NONE, IR_NONE);
}

/* The low two bits of CRm: 1 orders loads against what follows, 2 stores against stores. */
void lift_DMB(struct lifter *l, u32 w)
{
    unsigned types = a64_CRm(w) & 3;
    fence(l, types == 1 ? IR_FENCE_LOAD : types == 2 ? IR_FENCE_STORE : IR_FENCE_FULL);
}

void lift_DSB(struct lifter *l, u32 w)
{
    lift_DMB(l, w);
}

/* Ends the region: what other threads changed of the code behind it must be seen. */
void lift_ISB(struct lifter *l, u32 w)
{
    (void)w;
    fence(l, IR_FENCE_ISB);
    lift_goto(l, l->pc + 4);
}

/* --- cache maintenance --------------------------------------------------------------------------
 */

#define SYS(op1, CRn, CRm, op2) ((op1) << 11 | (CRn) << 7 | (CRm) << 3 | (op2))

#define ZERO_BLOCK 64 /* bytes; DCZID_EL0 says so */

static void zero_block(struct lifter *l, ir_ref address)
{
    ir_ref base =
        ir_op2(l->f, IR_AND, IR_I64, address, lift_const(l, true, ~(u64)(ZERO_BLOCK - 1)));
    ir_ref zero = ir_const(l->f, IR_V128, 0);
    for (s64 i = 0; i < ZERO_BLOCK; i += 16) lift_store(l, IR_V128, 4, base, i, zero);
}

void lift_SYS(struct lifter *l, u32 w)
{
    ir_ref address = lift_get_x(l, a64_rt(w), true);
    switch (SYS(a64_op1(w), a64_CRn(w), a64_CRm(w), a64_op2(w))) {
    case SYS(3, 7, 4, 1): /* DC ZVA */ zero_block(l, address); break;
    case SYS(3, 7, 10, 1): /* DC CVAC, CVAU, CIVAC: fault where the address can't be read */
    case SYS(3, 7, 11, 1):
    case SYS(3, 7, 12, 1): /* and CVAP */
    case SYS(3, 7, 14, 1): lift_load(l, IR_I32, 0, address, 0); break;
    case SYS(3, 7, 5, 1): /* IC IVAU */
        lift_trap(l, TRAP_CACHE_FLUSH, l->pc + 4, 0, address);
        break;
    default: lift_unsupported(l, w);
    }
}

/* --- registers ----------------------------------------------------------------------------------
 */

#define COUNTER_HZ 1000000000u /* CNTVCT_EL0 counts nanoseconds */
/* Bit 31 is one; 64-byte lines of both caches (no IDC, no DIC: IC IVAU is needed), physically
 * tagged instruction cache; write-back and exclusives granules of 64 bytes. */
#define CTR_VALUE   0x8444c004u
#define DCZID_VALUE 4u /* log2 of words */
/* A Neoverse N1 r3p1: C libraries choose string functions by it, and the ones for this core (wide
 * vector copies) suit x86-64 hosts. */
#define MIDR_VALUE  0x413fd0c1u
#define MPIDR_VALUE 0x80000000u

/* What is no matter of decoding: RNDR and RNDRRS, DC CVAP. */
#define RNDR_PRESENT (UINT64_C(1) << 60) /* ID_AA64ISAR0_EL1 */
#define DPB_PRESENT  UINT64_C(1)         /* ID_AA64ISAR1_EL1 */

static u64 field(enum a64_feature feature, u64 value, unsigned at)
{
    return lift_has_feature(feature) ? value << at : 0;
}

static u64 isar0(void)
{
    u64 aes = lift_has_feature(A64_FEATURE_pmull) ? 2 : 1;
    u64 sha2 = lift_has_feature(A64_FEATURE_sha512) ? 2 : 1;
    u64 ts = lift_has_feature(A64_FEATURE_flagm2) ? 2 : 1;
    return field(A64_FEATURE_aes, aes, 4) | field(A64_FEATURE_sha1, 1, 8) |
           field(A64_FEATURE_sha256, sha2, 12) | field(A64_FEATURE_crc32, 1, 16) |
           field(A64_FEATURE_lse, 2, 20) | field(A64_FEATURE_rdm, 1, 28) |
           field(A64_FEATURE_sha3, 1, 32) | field(A64_FEATURE_sm3, 1, 36) |
           field(A64_FEATURE_sm4, 1, 40) | field(A64_FEATURE_dotprod, 1, 44) |
           field(A64_FEATURE_fhm, 1, 48) | field(A64_FEATURE_flagm, ts, 52) | RNDR_PRESENT;
}

static u64 isar1(void)
{
    u64 lrcpc = lift_has_feature(A64_FEATURE_rcpc2) ? 2 : 1;
    return DPB_PRESENT | field(A64_FEATURE_jscvt, 1, 12) | field(A64_FEATURE_fcma, 1, 16) |
           field(A64_FEATURE_rcpc, lrcpc, 20) | field(A64_FEATURE_frintts, 1, 32) |
           field(A64_FEATURE_sb, 1, 36) | field(A64_FEATURE_bf16, 1, 44) |
           field(A64_FEATURE_i8mm, 1, 52);
}

/* EL0 and EL1 are AArch64 only; floating point and Advanced SIMD, with halves or without. */
static u64 pfr0(void)
{
    return 0x11 | field(A64_FEATURE_fp16, 1, 16) | field(A64_FEATURE_fp16, 1, 20) |
           field(A64_FEATURE_dit, 1, 48);
}

/* SSBS with its instructions. */
static u64 pfr1(void)
{
    return field(A64_FEATURE_ssbs, 2, 4);
}

/* Registers op0 3, op1 0, CRn 0: what Linux emulates for EL0. False: undefined. */
static bool identification(u32 reg, u64 *value)
{
    unsigned CRm = (unsigned)bits(reg, 3, 4);
    if (reg >> 7 != A64_SYSREG(3, 0, 0, 0, 0) >> 7) return false;
    *value = 0;
    switch (reg) {
    case A64_SYSREG(3, 0, 0, 0, 0): *value = MIDR_VALUE; return true;
    case A64_SYSREG(3, 0, 0, 0, 5): *value = MPIDR_VALUE; return true;
    case A64_SYSREG(3, 0, 0, 0, 6): return true; /* REVIDR */
    case A64_SYSREG(3, 0, 0, 4, 0): *value = pfr0(); return true;
    case A64_SYSREG(3, 0, 0, 4, 1): *value = pfr1(); return true;
    case A64_SYSREG(3, 0, 0, 5, 0): *value = 6; return true; /* DFR0: Armv8 debug */
    case A64_SYSREG(3, 0, 0, 6, 0): *value = isar0(); return true;
    case A64_SYSREG(3, 0, 0, 6, 1): *value = isar1(); return true;
    default: return CRm >= 2 && CRm <= 7;
    }
}

static bool constant_register(u32 reg, u64 *value)
{
    switch (reg) {
    case A64_SYSREG(3, 3, 14, 0, 0): *value = COUNTER_HZ; return true;
    case A64_SYSREG(3, 3, 0, 0, 1): *value = CTR_VALUE; return true;
    case A64_SYSREG(3, 3, 0, 0, 7): *value = DCZID_VALUE; return true;
    case A64_SYSREG(3, 3, 13, 0, 3): *value = 0; return true; /* TPIDRRO_EL0 */
    default: return identification(reg, value);
    }
}

#define SYSREG_TPIDR  A64_SYSREG(3, 3, 13, 0, 2)
#define SYSREG_CNTVCT A64_SYSREG(3, 3, 14, 0, 2)
#define SYSREG_DIT    A64_SYSREG(3, 3, 4, 2, 5)
#define SYSREG_SSBS   A64_SYSREG(3, 3, 4, 2, 6)
#define SYSREG_RNDR   A64_SYSREG(3, 3, 2, 4, 0)
#define SYSREG_RNDRRS A64_SYSREG(3, 3, 2, 4, 1)

static ir_ref helper(struct lifter *l, unsigned type, enum helper id, ir_ref argument)
{
    return ir_opx(l->f, IR_HELPER, type, 0, 0, id, argument, IR_NONE, IR_NONE);
}

/* RNDR, RNDRRS: 0 and Z when there is no number to be had. A genuine 0 counts as that. */
static ir_ref random_number(struct lifter *l)
{
    ir_ref v = helper(l, IR_I64, HELPER_RANDOM, IR_NONE);
    ir_ref none = ir_opx(l->f, IR_ICMP, IR_I64, 0, IR_EQ, 0, v, lift_const(l, true, 0), IR_NONE);
    ir_ref z = ir_opx(l->f, IR_FLCONST, IR_FLAGS, 0, 0, 4, IR_NONE, IR_NONE, IR_NONE);
    ir_ref clear = ir_opx(l->f, IR_FLCONST, IR_FLAGS, 0, 0, 0, IR_NONE, IR_NONE, IR_NONE);
    lift_set_nzcv(l, ir_op3(l->f, IR_FLSELECT, IR_FLAGS, none, z, clear));
    return v;
}

/* --- PSTATE.DIT and PSTATE.SSBS: kept, without effect --------------------------------------------
 */

static ir_ref get_pstate(struct lifter *l, u32 bit)
{
    ir_ref v = ir_get(l->f, IR_I32, SLOT_PSTATE);
    return ir_op2(l->f, IR_AND, IR_I32, v, lift_const(l, false, bit));
}

/* The bit becomes that of v, an i32. */
static void set_pstate(struct lifter *l, u32 bit, ir_ref v)
{
    ir_ref others = get_pstate(l, (PSTATE_DIT | PSTATE_SSBS) & ~bit);
    v = ir_op2(l->f, IR_AND, IR_I32, v, lift_const(l, false, bit));
    ir_set(l->f, IR_I32, SLOT_PSTATE, ir_op2(l->f, IR_OR, IR_I32, others, v));
}

void lift_MSR_DIT(struct lifter *l, u32 w)
{
    set_pstate(l, PSTATE_DIT, lift_const(l, false, a64_CRm(w) & 1 ? PSTATE_DIT : 0));
}

void lift_MSR_SSBS(struct lifter *l, u32 w)
{
    set_pstate(l, PSTATE_SSBS, lift_const(l, false, a64_CRm(w) & 1 ? PSTATE_SSBS : 0));
}

/* --- MRS and MSR ---------------------------------------------------------------------------------
 */

void lift_MRS(struct lifter *l, u32 w)
{
    bool sf = true;
    u64 value;
    ir_ref v;
    switch (a64_sysreg(w)) {
    case SYSREG_TPIDR: v = ir_get(l->f, IR_I64, SLOT_TPIDR); break;
    case A64_SYSREG_NZCV: v = ir_op1(l->f, IR_FLPACK, IR_I64, lift_get_nzcv(l)); break;
    case A64_SYSREG_FPCR:
        v = ir_get(l->f, IR_I32, SLOT_FPCR);
        sf = false;
        break;
    case A64_SYSREG_FPSR: v = helper(l, IR_I64, HELPER_READ_FPSR, IR_NONE); break;
    case SYSREG_RNDR:
    case SYSREG_RNDRRS: v = random_number(l); break;
    case SYSREG_DIT:
        v = get_pstate(l, PSTATE_DIT);
        sf = false;
        break;
    case SYSREG_SSBS:
        v = get_pstate(l, PSTATE_SSBS);
        sf = false;
        break;
    case SYSREG_CNTVCT:
        v = helper(l, IR_I64, HELPER_COUNTER, IR_NONE);
        break;
    default:
        if (!constant_register(a64_sysreg(w), &value)) {
            lift_unsupported(l, w);
            return;
        }
        v = lift_const(l, true, value);
    }
    lift_set_x(l, a64_rt(w), sf, v);
}

void lift_MSR_reg(struct lifter *l, u32 w)
{
    ir_ref v = lift_get_x(l, a64_rt(w), true);
    switch (a64_sysreg(w)) {
    case SYSREG_TPIDR: ir_set(l->f, IR_I64, SLOT_TPIDR, v); break;
    case A64_SYSREG_NZCV: lift_set_nzcv(l, ir_op1(l->f, IR_FLUNPACK, IR_FLAGS, v)); break;
    case A64_SYSREG_FPSR: helper(l, IR_VOID, HELPER_WRITE_FPSR, v); break;
    case SYSREG_DIT: set_pstate(l, PSTATE_DIT, lift_get_x(l, a64_rt(w), false)); break;
    case SYSREG_SSBS: set_pstate(l, PSTATE_SSBS, lift_get_x(l, a64_rt(w), false)); break;
    case A64_SYSREG_FPCR:
        helper(l, IR_VOID, HELPER_WRITE_FPCR, v);
        lift_trap(l, TRAP_FPCR, l->pc + 4, 0, IR_NONE);
        break;
    default: lift_unsupported(l, w);
    }
}
