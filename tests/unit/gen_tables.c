/*
 * The generator's table of tables: every operation that some file of emit functions has is found by
 * its group, so that none goes to the helper unseen.
 */
#include <stdlib.h>

#include "aot/gen/internal.h"
#include "tests/lib/check.h"

START_TEST(every_emit_function_is_found)
{
    static gen_fn *const *const tables[] = {gen_state_ops,  gen_int_ops,     gen_memory_ops,
                                            gen_flag_ops,   gen_control_ops, gen_helper_ops,
                                            gen_vector_ops, gen_float_ops,   gen_crypto_ops};
    unsigned found = 0;
    for (unsigned op = 0; op < IR_OP_COUNT; op++)
        for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
            if (!tables[t][op]) continue;
            ck_assert_msg(gen_emitter(op) == tables[t][op], "%s: not in its group's table",
                          ir_op_info(op)->name);
            found++;
        }
    ck_assert_uint_gt(found, 100);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("gen_tables");
    TCase *t = tcase_create("tables");
    tcase_add_test(t, every_emit_function_is_found);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
