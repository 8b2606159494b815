/*
 * Every row of the decode table with random words and states: evaluator and generated code, all
 * ways of ways.h, against Unicorn. Compared: all registers, flags, FPSR, memory, and whether and
 * where the instruction faulted.
 *
 * FERRY_CASES sets the number of words per row, FERRY_SEED the seed, FERRY_ROW one row's name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/a64/a64.h"
#include "aot/a64/flow.h"
#include "aot/lift/lift.h"
#include "tests/insn/guest.h"
#include "tests/insn/oracle.h"
#include "tests/insn/random.h"
#include "tests/lib/check.h"

/* --- one case ----------------------------------------------------------------------------------
 */

static u8 data_before[GUEST_DATA_SIZE];
static unsigned undefined_words, compared_words;
static unsigned compared_of_row[A64_ROW_COUNT];

static void *data(void)
{
    return (void *)(uintptr_t)GUEST_DATA;
}

static void label_of(char label[120], const char *row, u32 word, u64 pc, const struct way *way)
{
    char text[64];
    xlat_disassemble(word, pc, text, sizeof text);
    snprintf(label, 120, "%-12s %08x %-40s (%s)", row, word, text, way->name);
}

static void show_operands(u32 word, const struct guest_state *s)
{
    if (differences > MAX_REPORTS) return;
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

static void random_start(struct guest_state *start, enum a64_row row, u32 word)
{
    random_state(start);
    if (is_memory_row(row)) { /* mostly a base that can be accessed, with a small index */
        if (a64_rm(word) != 31) start->x[a64_rm(word)] = below(64) - 16;
        if (a64_rn(word) != 31 && below(8)) start->x[a64_rn(word)] = random_pointer();
    }
    /* To Unicorn this address is the mark of an open monitor, and stores to it go ahead. */
    if (start->x[a64_rn(word) % 31] == ~UINT64_C(0)) start->x[a64_rn(word) % 31] = 8;
}

/* From the state `e` has, the oracle's result; memory is left as it was. */
static void ask_oracle(struct expected *e, u32 word)
{
    memcpy(data(), data_before, GUEST_DATA_SIZE);
    e->state.fpsr = guest_fpsr(&e->state);
    oracle_begin_case();
    e->outcome = oracle_step(&e->state, word);
    memcpy(e->data, data(), GUEST_DATA_SIZE);
    memcpy(data(), data_before, GUEST_DATA_SIZE);
}

static void nothing_done(struct expected *e, const struct guest_state *start)
{
    e->state = *start;
    e->state.fpsr = guest_fpsr(start);
    memcpy(e->data, data_before, GUEST_DATA_SIZE);
}

/* Takes from the evaluator's result what the oracle can't say, or is known to have wrong. */
static void complete(struct expected *e, enum a64_row row, u32 word,
                     const struct guest_state *start, const struct guest_outcome *got,
                     const struct guest_state *state)
{
    if (got->end == GUEST_TRAPPED) { /* why is Ferry's own matter; only that nothing has changed */
        bool has = lift_has_feature(a64_word_feature(row, word));
        if (e->outcome.end == GUEST_TRAPPED || got->reason != TRAP_UNDEFINED || !has)
            e->outcome = *got;
        nothing_done(e, start);
        e->state.trap_arg = state->trap_arg;
    }
    if (got->end == GUEST_FAULTED) nothing_done(e, start);
    if (oracle_nzcv_is_wrong(row, start)) e->state.nzcv = state->nzcv;
    if (oracle_fpsr_is_wrong(row, word)) e->state.fpsr = guest_fpsr(state);
    if (oracle_memory_is_wrong(row)) memcpy(e->data, data(), GUEST_DATA_SIZE);
}

static void count_case(enum a64_row row, const char *label, const struct guest_outcome *got,
                       const struct guest_state *state)
{
    if (got->end == GUEST_REFUSED) return;
    if (got->end == GUEST_TRAPPED) {
        undefined_words += got->reason == TRAP_UNDEFINED;
        if (got->reason == TRAP_ALIGN && state->trap_arg % 16 == 0)
            differ(label, "aligned", state->trap_arg, 0);
        return;
    }
    compared_words++;
    compared_of_row[row]++;
}

static void run_case(enum a64_row row, u32 word)
{
    static struct guest_state start, state;
    static struct expected expected;
    char label[120];
    random_start(&start, row, word);
    random_data(data_before);
    expected.state = start;
    ask_oracle(&expected, word);
    for (const struct way *way = ways; way < ways + WAYS; way++) {
        label_of(label, a64_row_info(row)->name, word, start.pc, way);
        state = start;
        memcpy(data(), data_before, GUEST_DATA_SIZE);
        struct guest_outcome got = way_run(way, &state, 1);
        if (way->evaluator) {
            complete(&expected, row, word, &start, &got, &state);
            count_case(row, label, &got, &state);
        }
        if (compare_result(label, &got, &state, &expected)) show_operands(word, &start);
    }
    guest_set_code(start.pc, &(u32){0}, 1); /* what lies behind an exit must not hide flags */
}

/* --- the test -----------------------------------------------------------------------------------
 */

/* Every row that the lifter says it has must have run, and not only trapped. */
static unsigned rows_that_never_ran(void)
{
    unsigned count = 0;
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        if (oracle_skips((enum a64_row)row) || !lift_has_feature(info->feature)) continue;
        if (compared_of_row[row]) continue;
        printf("%s never ran\n", info->name);
        count++;
    }
    return count;
}

/* Which would never end. */
static bool branches_to_itself(enum a64_row row, u32 word)
{
    u64 target = 0;
    enum a64_flow flow = a64_flow(row, word, GUEST_CODE, &target);
    bool direct = flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP || flow == A64_FLOW_CALL;
    return direct && target == GUEST_CODE;
}

START_TEST(every_row_agrees_with_the_oracle)
{
    const char *only = getenv("FERRY_ROW");
    u64 cases = test_cases(100);
    random_seed = test_setting("FERRY_SEED", 1);
    ways_open();
    oracle_open();
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        if (oracle_skips((enum a64_row)row) || (only && strcmp(only, info->name))) continue;
        for (u64 n = 0; n < cases; n++) {
            u32 word = random_word((enum a64_row)row);
            if (word && !branches_to_itself((enum a64_row)row, word))
                run_case((enum a64_row)row, word);
        }
    }
    printf("%u words compared, each in %u ways, %u undefined, %u differences\n", compared_words,
           WAYS, undefined_words, differences);
    ck_assert_uint_eq(differences, 0);
    if (!only) ck_assert_uint_eq(rows_that_never_ran(), 0);
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
