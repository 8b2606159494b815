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
#include "aot/lift/lift.h"
#include "tests/insn/guest.h"
#include "tests/insn/oracle.h"
#include "tests/insn/random.h"

/* --- one case ----------------------------------------------------------------------------------
 */

static u8 data_before[GUEST_DATA_SIZE], data_after[GUEST_DATA_SIZE];
static unsigned undefined_words, compared_words;
static unsigned compared_of_row[A64_ROW_COUNT];

static void *data(void)
{
    return (void *)(uintptr_t)GUEST_DATA;
}

static void label_of(char label[100], const char *row, u32 word, u64 pc)
{
    char text[64];
    xlat_disassemble(word, pc, text, sizeof text);
    snprintf(label, 100, "%-12s %08x %-40s", row, word, text);
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

static void run_case(enum a64_row row, u32 word)
{
    const struct a64_row_info *info = a64_row_info(row);
    static struct guest_state start, ours, theirs;
    char label[100];
    random_state(&start);
    if (is_memory_row(row)) { /* mostly a base that can be accessed, with a small index */
        if (a64_rm(word) != 31) start.x[a64_rm(word)] = below(64) - 16;
        if (a64_rn(word) != 31 && below(8)) start.x[a64_rn(word)] = random_pointer();
    }
    /* To Unicorn this address is the mark of an open monitor, and stores to it go ahead. */
    if (start.x[a64_rn(word) % 31] == ~UINT64_C(0)) start.x[a64_rn(word) % 31] = 8;
    label_of(label, info->name, word, start.pc);
    ours = theirs = start;

    random_data(data_before);
    memcpy(data(), data_before, GUEST_DATA_SIZE);
    struct guest_outcome expected = oracle_step(&theirs, word);
    memcpy(data_after, data(), GUEST_DATA_SIZE);
    memcpy(data(), data_before, GUEST_DATA_SIZE);
    struct guest_outcome got = guest_evaluate(&ours, 1);

    if (got.end == GUEST_REFUSED) {
        differ(label, got.refusal, 0, 0);
        return;
    }
    if (got.end == GUEST_TRAPPED) {
        undefined_words += got.reason == TRAP_UNDEFINED;
        if (got.reason == TRAP_ALIGN && ours.trap_arg % 16 == 0)
            differ(label, "aligned", ours.trap_arg, 0);
        theirs = start; /* only that nothing has changed */
    } else {
        compared_words++;
        compared_of_row[row]++;
        if (got.end != expected.end) differ(label, "end", got.end, expected.end);
        if (got.end == GUEST_FAULTED) theirs = start;
        if (got.end == GUEST_WENT_ON && !oracle_memory_is_wrong(row) &&
            memcmp(data(), data_after, GUEST_DATA_SIZE))
            differ(label, "memory", 0, 0);
    }
    if (oracle_nzcv_is_wrong(row, &start)) theirs.nzcv = ours.nzcv;
    if (oracle_fpsr_is_wrong(row, word)) theirs.fpsr = guest_fpsr(&ours);
    if (compare_states(label, &ours, &theirs)) show_operands(word, &start);
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

START_TEST(every_row_agrees_with_the_oracle)
{
    const char *only = getenv("FERRY_ROW");
    u64 cases = test_setting("FERRY_CASES", 30);
    random_seed = test_setting("FERRY_SEED", 1);
    guest_open();
    oracle_open();
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        if (oracle_skips((enum a64_row)row) || (only && strcmp(only, info->name))) continue;
        for (u64 n = 0; n < cases; n++) {
            u32 word = random_word((enum a64_row)row);
            if (word) run_case((enum a64_row)row, word);
        }
    }
    printf("%u words compared, %u undefined, %u differences\n", compared_words, undefined_words,
           differences);
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
