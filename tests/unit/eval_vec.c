/*
 * ir_eval_op against Unicorn: each A64 instruction that is one IR operation (tests/fp).
 *
 * EVAL_VEC_CASES: cases per instruction. EVAL_VEC_SEED: another stream of operands.
 */
#include "tests/fp/diff.h"
#include "tests/lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicorn/unicorn.h>

enum { CODE = 0x10000, DATA = 0x100000, MOST_CASES = 4096 };

static uc_engine *engine;
static struct fp_case cases[MOST_CASES];

static void open_engine(void)
{
    ck_assert_int_eq(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine), UC_ERR_OK);
    ck_assert_int_eq(uc_ctl_set_cpu_model(engine, UC_CPU_ARM64_MAX), UC_ERR_OK);
    ck_assert_int_eq(uc_mem_map(engine, CODE, 0x10000, UC_PROT_ALL), UC_ERR_OK);
    ck_assert_int_eq(uc_mem_map(engine, DATA, 0x100000, UC_PROT_ALL), UC_ERR_OK);
}

static void close_engine(void)
{
    uc_close(engine);
}

/* Every row has its own code address, so that nothing stale is run. */
static void run(unsigned row, unsigned count)
{
    u64 pc = CODE + row % 512 * 64, data = DATA, left = count;
    u32 code[FP_CODE_WORDS];

    fp_code(fp_row(row), code);
    ck_assert_int_eq(uc_mem_write(engine, pc, code, sizeof(code)), UC_ERR_OK);
    ck_assert_int_eq(uc_ctl_remove_cache(engine, pc, pc + sizeof(code)), UC_ERR_OK);
    ck_assert_int_eq(uc_mem_write(engine, DATA, cases, count * sizeof(cases[0])), UC_ERR_OK);
    uc_reg_write(engine, UC_ARM64_REG_X10, &data);
    uc_reg_write(engine, UC_ARM64_REG_X11, &left);
    ck_assert_msg(uc_emu_start(engine, pc, pc + sizeof(code) - 4, 0, 0) == UC_ERR_OK, "%s",
                  fp_row(row)->text);
    ck_assert_int_eq(uc_mem_read(engine, DATA, cases, count * sizeof(cases[0])), UC_ERR_OK);
}

static u64 number_from(const char *name, u64 otherwise)
{
    const char *text = getenv(name);

    return text ? strtoull(text, NULL, 0) : otherwise;
}

static void compare_rows(unsigned first, unsigned end)
{
    unsigned count = (unsigned)number_from("EVAL_VEC_CASES", 300), bad_rows = 0;
    u64 seed = number_from("EVAL_VEC_SEED", 1);

    if (count > MOST_CASES) count = MOST_CASES;
    for (unsigned i = first; i < end; i++) {
        char message[600];
        unsigned bad = 0;

        fp_fill(fp_row(i), cases, count, &seed);
        run(i, count);
        for (unsigned j = 0; j < count; j++) {
            if (!fp_agrees(fp_row(i), &cases[j], message, sizeof(message)) && bad++ < 2)
                fprintf(stderr, "%s\n", message);
        }
        bad_rows += bad != 0;
    }
    ck_assert_msg(bad_rows == 0, "%u instructions differ from Unicorn", bad_rows);
}

START_TEST(integer_and_crypto_instructions)
{
    compare_rows(0, fp_rows_vec_count);
}
END_TEST

START_TEST(floating_point_instructions)
{
    compare_rows(fp_rows_vec_count, fp_rows_vec_count + fp_rows_fp_count);
}
END_TEST

/* No instruction is one of these alone: passes make them, or the lifter as part of one (TBL). The
 * host's code for them is compared with the evaluator (gen_vector). */
static bool is_no_instruction(unsigned op)
{
    return op == IR_VSHLV || op == IR_VSHRV || op == IR_VSARV || op == IR_VTBL || op == IR_VORX;
}

/* Each operation of the evaluator has at least one instruction it is compared with. */
START_TEST(every_operation_has_a_row)
{
    bool seen[IR_OP_COUNT] = {false};

    for (unsigned i = 0; fp_row(i); i++) seen[fp_row(i)->op] = true;
    for (unsigned op = 0; op < IR_OP_COUNT; op++)
        ck_assert_msg((seen[op] || is_no_instruction(op)) == ir_eval_has_op((u8)op), "%s",
                      ir_op_info(op)->name);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eval_vec");
    TCase *t = tcase_create("unicorn");
    SRunner *r;
    int failed;

    tcase_add_checked_fixture(t, open_engine, close_engine);
    tcase_set_timeout(t, 100);
    tcase_add_test(t, integer_and_crypto_instructions);
    tcase_add_test(t, floating_point_instructions);
    tcase_add_test(t, every_operation_has_a_row);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
