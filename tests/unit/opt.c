/*
 * The optimiser's passes by example: tests/ir/PASS-TOPIC.ir holds a function and, behind a line
 * `---`, what the pass makes of it. The verifier runs before and after, and use counts must be
 * right. `make bless` writes the results into the files.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/ir/ir.h"
#include "aot/opt/opt.h"
#include "aot/opt/pass.h"
#include "tests/lib/check.h"

#define FOLDER   "tests/ir/"
#define DIVISION "---\n"

static struct arena arena;

static struct ir_func *run_simplify(struct ir_func *f)
{
    ck_assert(opt_simplify(f));
    return f;
}

static struct ir_func *run_dead(struct ir_func *f)
{
    ir_count_uses(f);
    ir_look_back(f, true);
    return f;
}

static struct ir_func *run_order(struct ir_func *f)
{
    run_dead(f);
    opt_order(f);
    return f;
}

static struct ir_func *run_quick(struct ir_func *f)
{
    opt_quick(f);
    return f;
}

/* As the full tier does (xlat.c). */
static struct ir_func *run_widen(struct ir_func *f)
{
    struct ir_func *wide = opt_widen(run_quick(f));
    return wide == f ? f : run_quick(wide);
}

static const struct pass {
    const char *name;
    struct ir_func *(*run)(struct ir_func *f);
} passes[] = {{"simplify", run_simplify},
              {"dead", run_dead},
              {"order", run_order},
              {"quick", run_quick},
              {"widen", run_widen}};

static const struct pass *pass_of(const char *path)
{
    const char *name = path + strlen(FOLDER);
    for (size_t n = 0; n < ARRAY_SIZE(passes); n++) {
        size_t length = strlen(passes[n].name);
        if (!strncmp(name, passes[n].name, length) && name[length] == '-') return &passes[n];
    }
    ck_abort_msg("%s: no such pass", path);
}

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    char *text = calloc(1, 65536);
    size_t n = fread(text, 1, 65535, in);
    ck_assert_msg(n < 65535, "%s is too long", path);
    fclose(in);
    return text;
}

static void check_verified(const char *path, const struct ir_func *f, const char *when)
{
    char message[200];
    ck_assert_msg(ir_verify(f, message, sizeof message), "%s, %s the pass: %s", path, when,
                  message);
}

static void check_uses(const char *path, struct ir_func *f)
{
    u32 *uses = arena_alloc(&arena, f->count * sizeof(*uses));
    for (ir_ref r = 1; r < f->count; r++) uses[r] = f->inst[r].uses;
    ir_count_uses(f);
    for (ir_ref r = 1; r < f->count; r++)
        ck_assert_msg(uses[r] == f->inst[r].uses, "%s: %%%u has %u uses, not %u", path, r,
                      f->inst[r].uses, uses[r]);
}

static void bless(const char *path, const char *input, const char *result)
{
    FILE *out = fopen(path, "w");
    ck_assert_msg(out != NULL, "%s", path);
    fprintf(out, "%s" DIVISION "%s", input, result);
    ck_assert_int_eq(fclose(out), 0);
}

static void check_file(const char *path)
{
    const struct pass *pass = pass_of(path);
    struct ir_text_error error;
    char *text = read_file(path), *result = NULL, *expected = strstr(text, DIVISION);
    size_t length = 0;
    if (expected) {
        *expected = 0;
        expected += strlen(DIVISION);
    }
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "%s:%u: %s", path, error.line, error.message);
    check_verified(path, f, "before");
    f = pass->run(f);
    check_verified(path, f, "after");
    check_uses(path, f);
    ir_print(f, &result, &length);
    if (getenv("FERRY_BLESS"))
        bless(path, text, result);
    else
        ck_assert_msg(expected && !strcmp(expected, result), "%s: the result is\n%s", path, result);
    free(result);
    free(text);
}

START_TEST(examples)
{
    glob_t files;
    ck_assert_int_eq(glob(FOLDER "*.ir", 0, NULL, &files), 0);
    ck_assert_uint_gt(files.gl_pathc, 10);
    for (size_t n = 0; n < files.gl_pathc; n++) {
        arena_reset(&arena);
        check_file(files.gl_pathv[n]);
    }
    globfree(&files);
}
END_TEST

/* A value used in a block that comes before its own in the array: nothing is changed. */
START_TEST(values_out_of_order_are_left_alone)
{
    static const char text[] = "func pc=0x1000\n"
                               "block 0 pc=0x1000 entry\n"
                               "  insn 0x1000\n"
                               "  jump 2\n"
                               "block 1 pc=0x1004\n"
                               "  insn 0x1004\n"
                               "  set.i64 x1, %7\n"
                               "  exit 0x2000 jump\n"
                               "block 2 pc=0x1008\n"
                               "  insn 0x1008\n"
                               "  %7 = const.i64 1\n"
                               "  jump 1\n";
    struct ir_text_error error;
    char *result = NULL;
    size_t length = 0;
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "%u: %s", error.line, error.message);
    check_verified("text", f, "before");
    opt_quick(f);
    check_verified("text", f, "after");
    check_uses("text", f);
    ir_print(f, &result, &length);
    ck_assert_str_eq(result, text);
    free(result);
}
END_TEST

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

int main(void)
{
    Suite *s = suite_create("opt");
    TCase *t = tcase_create("passes");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, examples);
    tcase_add_test(t, values_out_of_order_are_left_alone);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
