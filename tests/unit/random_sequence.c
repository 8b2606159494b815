/*
 * Random sequences of instructions as one region, in evaluator and generated code (all ways of
 * ways.h), against Unicorn instruction by instruction. What single instructions (random_insn.c)
 * can't show: blocks, values carried from one instruction to the next, dead flags, and exact state
 * at a fault or trap in the middle. Branches go forward only, so that no instruction runs twice.
 *
 * FERRY_CASES sets the number of sequences, FERRY_SEED the seed.
 */
#include <stdio.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/a64/flow.h"
#include "tests/insn/guest.h"
#include "tests/insn/oracle.h"
#include "tests/insn/random.h"
#include "tests/lib/check.h"

#define MAX_LENGTH    16
#define BASE_REGISTER 20

static u32 words[MAX_LENGTH];
static unsigned length;
static unsigned faults, traps;

static void *data(void)
{
    return (void *)(uintptr_t)GUEST_DATA;
}

/* --- sequences ----------------------------------------------------------------------------------
 */

/* Which have words of their own here. */
static bool is_exclusive(enum a64_row row)
{
    switch (row) {
    case A64_LDXR:
    case A64_LDAXR:
    case A64_STXR:
    case A64_STLXR:
    case A64_LDXP:
    case A64_LDAXP:
    case A64_STXP:
    case A64_STLXP: return true;
    default: return false;
    }
}

/* Rows whose words may all be compared, with everything that a sequence of them leaves. */
static bool is_usable(enum a64_row row)
{
    enum a64_feature feature = a64_row_info(row)->feature;
    switch (feature) { /* undefined, so they end the sequence */
    case A64_FEATURE_el1:
    case A64_FEATURE_pauth: return below(64) == 0;
    default: break;
    }
    return !oracle_skips(row) && !oracle_memory_is_wrong(row) && !is_exclusive(row) &&
           row != A64_FJCVTZS && row != A64_FCMLA_ve;
}

/*
 * Some sequences have a theme: mostly words of a few rows that the generator puts together, which
 * would hardly ever meet by chance.
 */
static const u16 long_arithmetic[] = {
    A64_ADDS_shift, A64_SUBS_shift, A64_ADCS,      A64_SBCS,      A64_ADC,       A64_SBC,
    A64_MADD,       A64_UMULH,      A64_ADD_shift, A64_SUB_shift, A64_SUBS_imm,  A64_CSEL,
    A64_LDR_u,      A64_STR_u,      A64_ADDS_imm,  A64_EXTR,      A64_UBFM,      A64_UMULH,
    A64_MADD,       A64_ADCS,       A64_ADCS,      A64_UMULH,     A64_ORR_shift, A64_MADD};
static const u16 ciphers[] = {A64_AESE,      A64_AESE,      A64_AESMC,   A64_AESMC,
                              A64_AESD,      A64_AESIMC,    A64_SHA256H, A64_SHA256H2,
                              A64_SHA256SU0, A64_SHA256SU1, A64_ORR_v,   A64_LDR_u_v};

/* Flags whose operands change by constants before anyone looks. */
static const u16 counters[] = {A64_ADD_imm,    A64_ADD_imm,    A64_SUB_imm,  A64_SUBS_imm,
                               A64_SUBS_shift, A64_SUBS_shift, A64_ADDS_imm, A64_ANDS_shift,
                               A64_CSEL,       A64_CCMP_imm,   A64_LDR_u,    A64_STR_u,
                               A64_SUB_imm,    A64_ADDS_shift, A64_CSINC,    A64_MADD};

static const struct theme {
    const u16 *rows;
    unsigned count;
    unsigned registers; /* how many different ones */
} plain = {NULL, 0, 6},
  themes[] = {{long_arithmetic, ARRAY_SIZE(long_arithmetic), 14},
              {ciphers, ARRAY_SIZE(ciphers), 3},
              {counters, ARRAY_SIZE(counters), 4}},
  *theme = &plain;

static void choose_theme(void)
{
    theme = below(4) ? &plain : &themes[below(ARRAY_SIZE(themes))];
}

/* A step of one register, a comparison. */
static u32 to_counters(enum a64_row row, u32 word)
{
    if (row == A64_ADD_imm || row == A64_SUB_imm) return (word & ~0x1fu) | (word >> 5 & 0x1f);
    if (row == A64_SUBS_imm || row == A64_SUBS_shift) return word | 0x1f;
    return word;
}

/* Fields that a theme has mostly one way: 64 bits, MUL. */
static u32 to_theme(enum a64_row row, u32 word)
{
    if (theme->rows == counters && below(4)) return to_counters(row, word);
    if (theme->rows != long_arithmetic || below(8) == 0) return word;
    if (row == A64_MADD) word |= 31u << 10;
    return a64_row_info(row)->group != A64_GROUP_ldst ? word | 1u << 31 : word;
}

/* A word with few different registers, so that instructions depend on one another; accesses mostly
 * by a base that only write-back changes. */
static u32 with_few_registers(enum a64_row row, u32 word)
{
    const struct a64_row_info *info = a64_row_info(row);
    if (row == A64_MRS || row == A64_MSR_reg) return (word & ~0x1fu) | (u32)below(6);
    u32 few = word & ~0x001f03ffu;
    u32 n = theme->registers;
    u32 rn = below(8) && info->group == A64_GROUP_ldst ? BASE_REGISTER : (u32)below(n);
    few |= (u32)below(n) | rn << 5 | (u32)below(n) << 16;
    few = (few & ~info->mask) | info->value;
    return few;
}

static bool led_to[MAX_LENGTH + 1]; /* by a branch before it */

static u32 conditional_branch(unsigned at)
{
    u32 distance = 1 + (u32)below(length - at), reg = (u32)below(6);
    led_to[at + distance] = true;
    switch (below(4)) {
    case 0: return 0x54000000 | distance << 5 | (u32)below(14);
    case 1: return 0x34000000 | (u32)below(2) << 31 | (u32)below(2) << 24 | distance << 5 | reg;
    case 2: return 0x36000000 | (u32)below(2) << 24 | (u32)below(32) << 19 | distance << 5 | reg;
    default: return 0x14000000 | distance;
    }
}

/* Mostly what sets, keeps and reads flags; mostly integer. */
static enum a64_row random_row(void)
{
    static const u16 common[] = {A64_ADDS_shift, A64_SUBS_imm, A64_ANDS_shift, A64_ADCS, A64_SBCS,
                                 A64_CSEL,       A64_CSINC,    A64_CCMP_imm,   A64_ADC,  A64_LDR_u,
                                 A64_STR_u,      A64_LDP_post, A64_STP_pre,    A64_MOVZ, A64_MOVK,
                                 A64_ADD_shift,  A64_SUB_ext,  A64_UBFM,       A64_BFM,  A64_FCMP,
                                 A64_MRS,        A64_MSR_reg};
    if (theme->count && below(8)) return (enum a64_row)theme->rows[below(theme->count)];
    if (below(2)) return (enum a64_row)common[below(ARRAY_SIZE(common))];
    for (;;) {
        enum a64_row row = (enum a64_row)(1 + below(A64_ROW_COUNT - 1));
        if (is_usable(row) && a64_row_info(row)->group != A64_GROUP_branch) return row;
    }
}

/* Whether the sequence has exclusives, and which: all of one size, for others than the loaded one
 * the architecture lets implementations differ. */
static struct {
    bool any, pair;
    u32 size; /* bits 30 and 31 */
} exclusives;

#define CLREX 0xd503305f

static void choose_exclusives(void)
{
    exclusives.any = below(6) == 0;
    exclusives.pair = below(3) == 0;
    exclusives.size = (u32)(exclusives.pair ? 2 + below(2) : below(4)) << 30;
}

/* A load or store with and without acquire or release. */
static u32 exclusive_word(void)
{
    u32 rt = (u32)below(6), status = (rt + 1 + (u32)below(5)) % 6;
    u32 rt2 = (rt + 1 + (u32)below(5)) % 6; /* loads: another register */
    bool load = below(2);
    u32 word = 0x08000000 | exclusives.size | (u32)below(2) << 15 | BASE_REGISTER << 5 | rt;
    if (load) word |= 1u << 22;
    if (exclusives.pair) word |= 1u << 21;
    while (exclusives.pair && !load && rt2 == status) rt2 = (u32)below(6);
    return word | (load ? 31 : status) << 16 | (exclusives.pair ? rt2 : 31) << 10;
}

/*
 * Indirect branches: ADR and BR beside one another, always forward. No other branch leads between
 * the two, so all of them end.
 */
#define TARGET_REGISTER 7

static u32 address_word(unsigned at)
{
    u32 distance = 2 + (u32)below(length - at - 1);
    led_to[at + distance] = true;
    return 0x10000000 | distance << 5 | TARGET_REGISTER;
}

static bool is_address_word(u32 word)
{
    return (word & 0x9f00001f) == (0x10000000 | TARGET_REGISTER);
}

static u32 next_word(unsigned at)
{
    if (exclusives.any && at == 0)
        return CLREX; /* the oracle's monitor is as the last case left it */
    if (at && is_address_word(words[at - 1])) return 0xd61f0000 | TARGET_REGISTER << 5;
    if (at + 2 < length && !led_to[at + 1] && below(16) == 0) return address_word(at);
    if (exclusives.any && below(4) == 0) return exclusive_word();
    if (at + 1 < length && below(8) == 0) return conditional_branch(at);
    for (;;) {
        enum a64_row row = random_row();
        u32 word = random_word(row);
        if (!word) continue;
        u32 few = to_theme(row, with_few_registers(row, word));
        if (a64_decode(few) == row && !oracle_may_differ(row, few)) return few;
    }
}

/* --- one sequence -------------------------------------------------------------------------------
 */

static bool is_inside(u64 pc)
{
    return pc - GUEST_CODE < 4 * (u64)length;
}

/* Region by region: an unconditional branch ends one. Some go on to the undefined word behind the
 * sequence, which is no part of it. */
static struct guest_outcome run_ours(const struct way *way, struct guest_state *ours)
{
    struct guest_outcome outcome = {.end = GUEST_WENT_ON};
    while (outcome.end == GUEST_WENT_ON && is_inside(ours->pc))
        outcome = way_run(way, ours, length);
    if (outcome.end == GUEST_TRAPPED && !is_inside(ours->pc)) outcome.end = GUEST_WENT_ON;
    return outcome;
}

static struct guest_outcome run_oracle(struct guest_state *theirs, u64 stop_at)
{
    struct guest_outcome outcome = {.end = GUEST_WENT_ON};
    while (theirs->pc != stop_at && is_inside(theirs->pc)) {
        outcome = oracle_step(theirs, words[(theirs->pc - GUEST_CODE) / 4]);
        if (outcome.end != GUEST_WENT_ON) break;
    }
    return outcome;
}

static void show_sequence(const struct guest_state *s)
{
    char text[80];
    for (unsigned i = 0; i < length; i++) {
        xlat_disassemble(words[i], GUEST_CODE + 4 * i, text, sizeof text);
        printf("    %8llx  %08x  %s\n", (unsigned long long)(GUEST_CODE + 4 * i), words[i], text);
    }
    for (int i = 0; i < 6; i++) printf("    x%d %llx", i, (unsigned long long)s->x[i]);
    printf("  nzcv %x fpcr %x\n", nzcv_to_pstate(s->nzcv) >> 28, s->fpcr);
}

static void random_sequence(struct guest_state *start)
{
    u32 page[MAX_LENGTH + 8] = {0};
    length = 2 + (unsigned)below(MAX_LENGTH - 1);
    choose_exclusives();
    choose_theme();
    memset(led_to, 0, sizeof led_to);
    for (unsigned i = 0; i < length; i++) words[i] = next_word(i);
    random_state(start);
    for (int i = 0; i < 6; i++) start->x[i] = below(3) ? below(256) : random_value();
    start->x[BASE_REGISTER] = GUEST_DATA + GUEST_DATA_SIZE / 2 + 16 * below(64);
    start->pc = GUEST_CODE;
    memcpy(page, words, 4 * length);
    guest_set_code(GUEST_CODE, page, ARRAY_SIZE(page));
}

/* Where the evaluator was stopped for good (an undefined word, a misaligned access) the oracle
 * stops too: why is Ferry's own matter. */
static void ask_oracle(struct expected *e, const u8 *before)
{
    static struct guest_state state;
    state = e->state;
    memcpy(data(), before, GUEST_DATA_SIZE);
    struct guest_outcome got = run_ours(&ways[0], &state);
    bool trapped = got.end == GUEST_TRAPPED;
    faults += got.end == GUEST_FAULTED;
    traps += trapped;
    memcpy(data(), before, GUEST_DATA_SIZE);
    e->state.fpsr = guest_fpsr(&e->state);
    oracle_begin_case();
    e->outcome = run_oracle(&e->state, trapped ? state.pc : 0);
    memcpy(e->data, data(), GUEST_DATA_SIZE);
    if (!trapped || e->outcome.end != GUEST_WENT_ON) return;
    e->outcome = got;
    e->state.trap_arg = state.trap_arg;
}

static void run_sequence(u64 number)
{
    static struct guest_state start, state;
    static struct expected expected;
    static u8 before[GUEST_DATA_SIZE];
    char label[64];
    unsigned differed = differences;
    random_sequence(&start);
    random_data(before);
    expected.state = start;
    ask_oracle(&expected, before);
    for (const struct way *way = ways; way < ways + WAYS && differences == differed; way++) {
        snprintf(label, sizeof label, "sequence %llu (%s)", (unsigned long long)number, way->name);
        state = start;
        memcpy(data(), before, GUEST_DATA_SIZE);
        struct guest_outcome got = run_ours(way, &state);
        compare_result(label, &got, &state, &expected);
    }
    if (differences != differed) show_sequence(&start);
}

START_TEST(sequences_agree_with_the_oracle)
{
    u64 cases = test_cases(20000);
    random_seed = test_setting("FERRY_SEED", 1);
    ways_open();
    oracle_open();
    u64 n = 0;
    for (; n < cases && differences < MAX_REPORTS; n++) run_sequence(n);
    printf("%llu sequences, each in %u ways, %u faults, %u traps, %u differences\n",
           (unsigned long long)n, WAYS, faults, traps, differences);
    ck_assert_uint_eq(differences, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("random_sequence");
    TCase *tc = tcase_create("random_sequence");
    tcase_set_timeout(tc, 100);
    tcase_add_test(tc, sequences_agree_with_the_oracle);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
