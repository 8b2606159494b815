/*
 * Random words and states for instruction tests, and what the oracle is known to have otherwise.
 */
#include "tests/insn/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "aot/abi/fp_state.h"
#include "tests/lib/random_lanes.h"

#define MAX_ACCESS 64 /* bytes of one instruction's access: ST4 */

/* --- random choices -----------------------------------------------------------------------------
 */

u64 random_seed;

u64 random64(void)
{
    return splitmix64(&random_seed);
}

u64 below(u64 n)
{
    return random64() % n;
}

u64 random_pointer(void)
{
    u64 at = GUEST_DATA + below(GUEST_DATA_SIZE + GUEST_RO_SIZE);
    return below(3) ? at & ~UINT64_C(15) : at;
}

u64 random_value(void)
{
    static const u64 corners[] = {0,
                                  1,
                                  UINT64_C(0xffffffffffffffff),
                                  UINT64_C(0x8000000000000000),
                                  UINT64_C(0x7fffffffffffffff),
                                  UINT64_C(0x80000000),
                                  UINT64_C(0x7fffffff),
                                  UINT64_C(0xffffffff),
                                  UINT64_C(0xffffffff80000000),
                                  0x80,
                                  0x7fff,
                                  0x8000};
    switch (below(8)) {
    case 0:
    case 1: return corners[below(ARRAY_SIZE(corners))];
    case 2:
    case 3: return random_pointer();
    case 4: return below(256);
    case 5: return random64() >> below(64);
    default: return random64();
    }
}

/* Mostly of one format, which a state's registers share for the most part. */
static void random_vector(u8 v[16], unsigned usual)
{
    unsigned format = below(4) ? usual : 1 + (unsigned)below(3);
    u64 d[2] = {random64(), random64()};
    switch (below(8)) {
    case 0: memcpy(v, d, sizeof d); break;
    case 1:
        for (int i = 0; i < 2; i++) d[i] = random_value();
        memcpy(v, d, sizeof d);
        break;
    case 2: random_integers(v, (unsigned)below(4), &random_seed); break;
    default: random_floats(v, format, &random_seed);
    }
}

void random_state(struct guest_state *state)
{
    unsigned format = 1 + (unsigned)below(3);
    guest_state_init(state);
    for (int i = 0; i < 31; i++) state->x[i] = random_value();
    for (int i = 0; i < 32; i++) random_vector(state->v[i], format);
    for (int n = 0; n < 4; n++) { /* pairs whose sums cancel, or nearly */
        u8 *v = state->v[below(32)];
        memmove(v, state->v[below(32)], 16);
        v[0] ^= (u8)below(2);
        v[15] ^= (u8)(below(2) << 7);
    }
    state->sp = GUEST_DATA + 16 * below(GUEST_DATA_SIZE / 16);
    state->nzcv = nzcv_from_pstate((u32)random64());
    if (below(4) == 0) fp_write_fpcr((u32)random64(), &state->fpcr, &state->mxcsr);
    if (below(4) == 0) fp_write_fpsr((u32)random64(), &state->fpsr, &state->mxcsr, state->qc);
    if (below(4) == 0) { /* flushing alone; where FPSR has it, inexact doesn't trap */
        fp_write_fpcr(FPCR_FZ | (u32)below(4) << FPCR_RMODE_SHIFT, &state->fpcr, &state->mxcsr);
        state->fpsr |= below(2) ? FPSR_IXC : 0;
    }
    state->pc = GUEST_CODE + 4 * below(GUEST_CODE_SIZE / 4);
}

/* --- the oracle's differences
 * -----------------------------------------------------------------------
 */

/* Rows that the oracle hasn't, or whose effect it has differently because it runs at EL1 with
 * everything enabled. */
bool oracle_skips(enum a64_row row)
{
    switch (a64_row_info(row)->feature) {
    case A64_FEATURE_i8mm:
    case A64_FEATURE_bf16:
    case A64_FEATURE_dit:
    case A64_FEATURE_ssbs: return true;
    default: break;
    }
    switch (row) {
    case A64_SVC:
    case A64_HVC:
    case A64_SMC:
    case A64_BRK:
    case A64_HLT:
    case A64_UDF:
    case A64_ERET:
    case A64_DRPS:
    case A64_WFE:
    case A64_WFI:
    case A64_YIELD:
    case A64_MSR_imm:
    case A64_SYS:
    case A64_SYSL: return true;
    default: return false;
    }
}

/*
 * Where the oracle is known to be wrong: its atomic maxima and minima compare narrow values with
 * what is above them (corrected in QEMU 5.2); FCMLA by element raises flags for lanes that a 64-bit
 * form hasn't; a scalar half converted to a signed fixed-point number is sign-extended into the
 * next half.
 */
bool oracle_memory_is_wrong(enum a64_row row)
{
    return row == A64_LDSMAX || row == A64_LDSMIN || row == A64_LDUMAX || row == A64_LDUMIN;
}

/* FJCVTZS clears Z for a denormal that FPCR.FZ flushes; the oracle takes it as a plain zero. */
bool oracle_nzcv_is_wrong(enum a64_row row, const struct guest_state *before)
{
    return row == A64_FJCVTZS && (before->fpcr & FPCR_FZ);
}

bool oracle_fpsr_is_wrong(enum a64_row row, u32 word)
{
    return row == A64_FCMLA_ve && !a64_Q(word);
}

/* Of the system registers only those that say how computing goes: others are the semantic tests'
 * matter. A write of FPCR leaves for the runtime. */
static const u16 status_registers[] = {A64_SYSREG_NZCV, A64_SYSREG_FPSR, A64_SYSREG_FPCR};

static bool is_status_access(enum a64_row row, u32 word)
{
    u32 sysreg = a64_sysreg(word);
    return sysreg == A64_SYSREG_NZCV || sysreg == A64_SYSREG_FPSR ||
           (sysreg == A64_SYSREG_FPCR && row == A64_MRS);
}

/* ... and where the architecture lets implementations differ: a pair loaded to one register. */
bool oracle_may_differ(enum a64_row row, u32 word)
{
    bool one_register = a64_rt(word) == a64_rt2(word);
    switch (row) {
    case A64_FCVTZS_sfix: return a64_immh(word) < 4;
    case A64_MRS:
    case A64_MSR_reg: return !is_status_access(row, word);
    case A64_LDPSW_off:
    case A64_LDPSW_pre:
    case A64_LDPSW_post:
    case A64_LDP_off:
    case A64_LDP_pre:
    case A64_LDP_post:
    case A64_LDNP:
    case A64_LDXP:
    case A64_LDAXP:
    case A64_LDP_off_v:
    case A64_LDP_pre_v:
    case A64_LDP_post_v:
    case A64_LDNP_v: return one_register;
    default: return false;
    }
}

/* --- words --------------------------------------------------------------------------------------
 */

u32 random_word(enum a64_row row)
{
    const struct a64_row_info *info = a64_row_info(row);
    for (unsigned tries = 0; tries < 1000; tries++) {
        u32 word = ((u32)random64() & ~info->mask) | info->value;
        if (row == A64_MRS || row == A64_MSR_reg)
            word = (word & ~(0x7fffu << 5)) | (u32)status_registers[below(3)] << 5;
        if (a64_decode(word) == row && !oracle_may_differ(row, word)) return word;
    }
    return 0;
}

bool is_memory_row(enum a64_row row)
{
    return a64_row_info(row)->group == A64_GROUP_ldst;
}

/* --- comparing ----------------------------------------------------------------------------------
 */

unsigned differences;

void differ(const char *label, const char *what, u64 ours, u64 theirs)
{
    if (++differences > MAX_REPORTS) return;
    printf("%s %s: %016llx, oracle %016llx\n", label, what, (unsigned long long)ours,
           (unsigned long long)theirs);
}

static void compare_states(const char *label, const struct guest_state *a,
                           const struct guest_state *b)
{
    char name[16];
    for (int i = 0; i < 31; i++) {
        if (a->x[i] == b->x[i]) continue;
        snprintf(name, sizeof name, "x%d", i);
        differ(label, name, a->x[i], b->x[i]);
    }
    if (a->sp != b->sp) differ(label, "sp", a->sp, b->sp);
    if (a->pc != b->pc) differ(label, "pc", a->pc, b->pc);
    if ((a->nzcv & NZCV_MASK) != (b->nzcv & NZCV_MASK))
        differ(label, "nzcv", nzcv_to_pstate(a->nzcv), nzcv_to_pstate(b->nzcv));
    if (guest_fpsr(a) != b->fpsr) differ(label, "fpsr", guest_fpsr(a), b->fpsr);
    if (a->fpcr != b->fpcr) differ(label, "fpcr", a->fpcr, b->fpcr);
    for (int i = 0; i < 32; i++) {
        u64 va[2], vb[2];
        memcpy(va, a->v[i], 16);
        memcpy(vb, b->v[i], 16);
        snprintf(name, sizeof name, "v%d", i);
        if (va[0] != vb[0]) differ(label, name, va[0], vb[0]);
        strcat(name, "hi");
        if (va[1] != vb[1]) differ(label, name, va[1], vb[1]);
    }
}

/* x86-64 doesn't tell the addresses that no page can have; of an access to two pages that may not
 * reach the second one the oracle sometimes tells a later byte than the first there. */
static bool same_fault(u64 host, u64 oracle)
{
    bool in_no_page = (u64)((s64)(oracle << 16) >> 16) != oracle;
    return host == (in_no_page ? 0 : oracle) || (host % 4096 == 0 && oracle - host < MAX_ACCESS);
}

static void compare_outcomes(const char *label, const struct guest_outcome *a,
                             const struct guest_outcome *b)
{
    if (a->end == GUEST_REFUSED) differ(label, a->refusal, 0, 0);
    if (a->end != b->end) differ(label, "end", a->end, b->end);
    if (a->end != b->end) return;
    if (a->end == GUEST_TRAPPED && (a->reason != b->reason || a->imm != b->imm))
        differ(label, "trap", a->reason | (u64)a->imm << 8, b->reason | (u64)b->imm << 8);
    if (a->end == GUEST_FAULTED && !same_fault(a->address, b->address))
        differ(label, "fault address", a->address, b->address);
}

/* An access that faults because part of it lies behind the end of the data may have stored the
 * other part, or not. */
static void compare_data(const char *label, const struct expected *expected)
{
    const u8 *data = (const u8 *)(uintptr_t)GUEST_DATA;
    size_t edge = expected->outcome.end == GUEST_FAULTED ? MAX_ACCESS : 0;
    if (!memcmp(data + edge, expected->data + edge, GUEST_DATA_SIZE - 2 * edge)) return;
    for (size_t n = edge; n < GUEST_DATA_SIZE - edge; n++)
        if (data[n] != expected->data[n]) {
            differ(label, "memory at", GUEST_DATA + n, GUEST_DATA + n);
            return;
        }
}

unsigned compare_result(const char *label, const struct guest_outcome *got,
                        const struct guest_state *state, const struct expected *expected)
{
    unsigned before = differences;
    compare_outcomes(label, got, &expected->outcome);
    compare_states(label, state, &expected->state);
    compare_data(label, expected);
    if (got->end == GUEST_TRAPPED && (got->reason == TRAP_ALIGN || got->reason == TRAP_SP_ALIGN) &&
        state->trap_arg != expected->state.trap_arg)
        differ(label, "trap_arg", state->trap_arg, expected->state.trap_arg);
    return differences - before;
}

void random_data(u8 *data)
{
    for (size_t i = 0; i < GUEST_DATA_SIZE / 8; i++) {
        u64 r = below(16) ? random64() : random_value();
        memcpy(data + 8 * i, &r, 8);
        if (i % 64 == 0) i += 56; /* enough to tell, not all of it */
    }
}
