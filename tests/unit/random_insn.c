/*
 * Every row of the decode table with random words and states: the evaluator against Unicorn.
 * Compared: all registers, flags, FPSR, memory, and whether the instruction faulted.
 *
 * FERRY_CASES sets the number of words per row, FERRY_SEED the seed, FERRY_ROW one row's name.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/a64.h"
#include "aot/abi/fp_state.h"
#include "tests/insn/guest.h"
#include "tests/insn/oracle.h"

#define MAX_REPORTS 40

/* --- random choices -----------------------------------------------------------------------------
 */

static u64 seed;

static u64 random64(void) /* splitmix64 */
{
    u64 z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static u64 below(u64 n)
{
    return random64() % n;
}

static u64 random_pointer(void)
{
    u64 at = GUEST_DATA + below(GUEST_DATA_SIZE + GUEST_RO_SIZE);
    return below(3) ? at & ~UINT64_C(15) : at;
}

static u64 random_value(void)
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

/* Elements of one size: what matters to floating point, to saturation and to table lookups. */
static void random_vector(u8 v[16])
{
    static const u64 singles[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                                  0xff800000, 0x7fc00000, 0x7f800001, 0xffc12345, 0x00000001,
                                  0x807fffff, 0x00800000, 0x7f7fffff, 0x4f000000, 0xcf000000,
                                  0x3effffff, 0x40490fdb};
    static const u64 doubles[] = {0,
                                  UINT64_C(0x8000000000000000),
                                  UINT64_C(0x3ff0000000000000),
                                  UINT64_C(0xc000000000000000),
                                  UINT64_C(0x7ff0000000000000),
                                  UINT64_C(0xfff0000000000000),
                                  UINT64_C(0x7ff8000000000000),
                                  UINT64_C(0x7ff0000000000001),
                                  UINT64_C(0x0000000000000001),
                                  UINT64_C(0x0010000000000000),
                                  UINT64_C(0x7fefffffffffffff),
                                  UINT64_C(0x43e0000000000000),
                                  UINT64_C(0xc1e0000000000000)};
    u64 d[2] = {random64(), random64()};
    u32 s[4];
    switch (below(5)) {
    case 0:
        for (int i = 0; i < 4; i++) s[i] = (u32)singles[below(ARRAY_SIZE(singles))];
        memcpy(d, s, sizeof d);
        break;
    case 1:
        for (int i = 0; i < 2; i++) d[i] = doubles[below(ARRAY_SIZE(doubles))];
        break;
    case 2:
        for (int i = 0; i < 2; i++) d[i] = random_value();
        break;
    case 3: /* singles near one another */
        for (int i = 0; i < 4; i++) s[i] = 0x3f000000 + (u32)below(0x2000000);
        memcpy(d, s, sizeof d);
        break;
    default: break;
    }
    memcpy(v, d, sizeof d);
}

static void random_state(struct guest_state *state, u32 word, bool memory)
{
    guest_state_init(state);
    for (int i = 0; i < 31; i++) state->x[i] = random_value();
    for (int i = 0; i < 32; i++) random_vector(state->v[i]);
    state->sp = GUEST_DATA + 16 * below(GUEST_DATA_SIZE / 16);
    if (memory) { /* mostly a base that can be accessed, with a small index */
        if (a64_rm(word) != 31) state->x[a64_rm(word)] = below(64) - 16;
        if (a64_rn(word) != 31 && below(8)) state->x[a64_rn(word)] = random_pointer();
    }
    state->nzcv = nzcv_from_pstate((u32)random64());
    if (below(4) == 0)
        fp_write_fpcr((u32)random64() & (FPCR_WRITABLE & ~FPCR_FZ16), &state->fpcr, &state->mxcsr);
    state->pc = GUEST_CODE + 4 * below(GUEST_CODE_SIZE / 4);
}

/* --- what is not compared -----------------------------------------------------------------------
 */

/* Rows that the oracle hasn't, or whose effect it has differently because it runs at EL1 with
 * everything enabled. */
static bool is_skipped(enum a64_row row)
{
    if (a64_row_info(row)->feature == A64_FEATURE_i8mm) return true;
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
    case A64_MRS:
    case A64_MSR_reg:
    case A64_MSR_imm:
    case A64_SYS:
    case A64_SYSL: return true;
    default: return false;
    }
}

/*
 * Where the oracle is known to be wrong: its LDSMAX and LDSMIN compare narrow values zero-extended
 * (corrected in QEMU 5.2); FCMLA by element raises flags for lanes that a 64-bit form hasn't; a
 * scalar half converted to a signed fixed-point number is sign-extended into the next half.
 */
static bool oracle_memory_is_wrong(enum a64_row row)
{
    return row == A64_LDSMAX || row == A64_LDSMIN;
}

static bool oracle_fpsr_is_wrong(enum a64_row row, u32 word)
{
    return row == A64_FCMLA_ve && !a64_Q(word);
}

/* ... and where the architecture lets implementations differ: a pair loaded to one register. */
static bool is_loose(enum a64_row row, u32 word)
{
    bool one_register = a64_rt(word) == a64_rt2(word);
    switch (row) {
    case A64_FCVTZS_sfix: return a64_immh(word) < 4;
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

/* --- one case -----------------------------------------------------------------------------------
 */

static u8 data_before[GUEST_DATA_SIZE], data_after[GUEST_DATA_SIZE];
static unsigned reports, undefined_words, compared_words;

static void *data(void)
{
    return (void *)(uintptr_t)GUEST_DATA;
}

static void differ(const char *row, u32 word, u64 pc, const char *what, u64 ours, u64 theirs)
{
    char text[100];
    if (++reports > MAX_REPORTS) return;
    xlat_disassemble(word, pc, text, sizeof text);
    printf("%-12s %08x %-40s %s: %016llx, oracle %016llx\n", row, word, text, what,
           (unsigned long long)ours, (unsigned long long)theirs);
}

static unsigned compare(const char *row, u32 word, u64 pc, const struct guest_state *a,
                        const struct guest_state *b)
{
    unsigned before = reports;
    char name[8];
    for (int i = 0; i < 31; i++) {
        snprintf(name, sizeof name, "x%d", i);
        if (a->x[i] != b->x[i]) differ(row, word, pc, name, a->x[i], b->x[i]);
    }
    if (a->sp != b->sp) differ(row, word, pc, "sp", a->sp, b->sp);
    if (a->pc != b->pc) differ(row, word, pc, "pc", a->pc, b->pc);
    if ((a->nzcv & NZCV_MASK) != (b->nzcv & NZCV_MASK))
        differ(row, word, pc, "nzcv", nzcv_to_pstate(a->nzcv), nzcv_to_pstate(b->nzcv));
    if (guest_fpsr(a) != b->fpsr) differ(row, word, pc, "fpsr", guest_fpsr(a), b->fpsr);
    for (int i = 0; i < 32; i++) {
        u64 va[2], vb[2];
        memcpy(va, a->v[i], 16);
        memcpy(vb, b->v[i], 16);
        snprintf(name, sizeof name, "v%d", i);
        if (va[0] != vb[0]) differ(row, word, pc, name, va[0], vb[0]);
        strcat(name, "hi");
        if (va[1] != vb[1]) differ(row, word, pc, name, va[1], vb[1]);
    }
    return reports - before;
}

static void show_operands(u32 word, const struct guest_state *s)
{
    if (reports > MAX_REPORTS) return;
    unsigned n = a64_rn(word), m = a64_rm(word), d = a64_rd(word);
    u64 v[3][2];
    memcpy(v[0], s->v[d], 16);
    memcpy(v[1], s->v[n], 16);
    memcpy(v[2], s->v[m], 16);
    printf("    before: x%u %llx x%u %llx x%u %llx sp %llx nzcv %x fpcr %x\n"
           "            v%u %016llx%016llx v%u %016llx%016llx v%u %016llx%016llx\n",
           d, (unsigned long long)s->x[d % 31], n, (unsigned long long)s->x[n % 31], m,
           (unsigned long long)s->x[m % 31], (unsigned long long)s->sp,
           nzcv_to_pstate(s->nzcv) >> 28, s->fpcr, d, (unsigned long long)v[0][1],
           (unsigned long long)v[0][0], n, (unsigned long long)v[1][1], (unsigned long long)v[1][0],
           m, (unsigned long long)v[2][1], (unsigned long long)v[2][0]);
}

static void run_case(enum a64_row row, u32 word)
{
    const struct a64_row_info *info = a64_row_info(row);
    static struct guest_state start, ours, theirs;
    random_state(&start, word, !strcmp(info->group, "ldst"));
    ours = theirs = start;

    for (size_t i = 0; i < sizeof data_before / 8; i++) {
        u64 r = below(16) ? random64() : random_value();
        memcpy(data_before + 8 * i, &r, 8);
        if (i % 64 == 0) i += 56; /* enough to tell, not all of it */
    }
    memcpy(data(), data_before, GUEST_DATA_SIZE);
    struct guest_outcome expected = oracle_step(&theirs, word);
    memcpy(data_after, data(), GUEST_DATA_SIZE);
    memcpy(data(), data_before, GUEST_DATA_SIZE);
    struct guest_outcome got = guest_evaluate(&ours, 1);

    if (got.end == GUEST_REFUSED) {
        differ(info->name, word, start.pc, got.refusal, 0, 0);
        return;
    }
    if (got.end == GUEST_TRAPPED) {
        undefined_words += got.reason == TRAP_UNDEFINED;
        if (got.reason == TRAP_ALIGN && ours.trap_arg % 16 == 0)
            differ(info->name, word, start.pc, "aligned", ours.trap_arg, 0);
        theirs = start; /* only that nothing has changed */
    } else {
        compared_words++;
        if (got.end != expected.end)
            differ(info->name, word, start.pc, "end", got.end, expected.end);
        if (got.end == GUEST_FAULTED) theirs = start;
        if (got.end == GUEST_WENT_ON && !oracle_memory_is_wrong(row) &&
            memcmp(data(), data_after, GUEST_DATA_SIZE))
            differ(info->name, word, start.pc, "memory", 0, 0);
    }
    if (oracle_fpsr_is_wrong(row, word)) theirs.fpsr = guest_fpsr(&ours);
    if (compare(info->name, word, start.pc, &ours, &theirs)) show_operands(word, &start);
}

/* --- the test -----------------------------------------------------------------------------------
 */

static u64 setting(const char *name, u64 value)
{
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 0) : value;
}

START_TEST(every_row_agrees_with_the_oracle)
{
    const char *only = getenv("FERRY_ROW");
    u64 cases = setting("FERRY_CASES", 30);
    seed = setting("FERRY_SEED", 1);
    guest_open();
    oracle_open();
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        if (is_skipped((enum a64_row)row) || (only && strcmp(only, info->name))) continue;
        for (u64 done = 0, tries = 0; done < cases && tries < 100 * cases; tries++) {
            u32 word = ((u32)random64() & ~info->mask) | info->value;
            if (a64_decode(word) != row || is_loose((enum a64_row)row, word)) continue;
            run_case((enum a64_row)row, word);
            done++;
        }
    }
    printf("%u words compared, %u undefined, %u differences\n", compared_words, undefined_words,
           reports);
    ck_assert_uint_eq(reports, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random_insn");
    TCase *tc = tcase_create("random_insn");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, every_row_agrees_with_the_oracle);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
