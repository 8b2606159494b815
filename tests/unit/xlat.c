/*
 * The translator's door: statuses, ranges, the stages' text, what it says of itself. What the
 * translations compute is tested elsewhere (semantic.c, gen_random.c).
 */
#include <string.h>

#include "aot/ir/ir.h"
#include "aot/xlat.h"
#include "tests/lib/check.h"

#define BASE UINT64_C(0x10000)
#define NOP  0xd503201f
#define RET  0xd65f03c0
#define CMP  0xeb02003f /* cmp x1, x2 */

struct text {
    u32 word[16];
    size_t count;
};

static size_t read_text(void *context, u64 pc, u32 *words, size_t max)
{
    const struct text *t = context;
    u64 index = (pc - BASE) / 4;
    if (pc < BASE || index >= t->count) return 0;
    size_t n = t->count - index < max ? t->count - index : max;
    memcpy(words, t->word + index, 4 * n);
    return n;
}

static struct arena arena;
static struct xlat_options options;
static char seen[XLAT_STAGES][4096];

static void keep_text(void *context, enum xlat_stage stage, u64 pc, const char *text, size_t length)
{
    (void)context;
    (void)pc;
    ck_assert_uint_lt(length, sizeof seen[stage]);
    memcpy(seen[stage], text, length);
    seen[stage][length] = 0;
}

static void setup(void)
{
    arena_init(&arena);
    options = (struct xlat_options){.verify = true};
}

static void teardown(void)
{
    arena_free(&arena);
}

static enum xlat_status translate(struct text *text, u64 pc, struct translation *t)
{
    struct code_view view = {.read = read_text, .context = text};
    return xlat_translate(&arena, &options, &view, pc, t);
}

START_TEST(what_cannot_be_read_is_no_code)
{
    struct text text = {{NOP}, 1};
    struct translation t;
    ck_assert_int_eq(translate(&text, BASE + 4, &t), XLAT_NO_CODE);
}
END_TEST

START_TEST(a_translation_has_an_entry_and_its_range)
{
    struct text text = {{NOP, NOP, RET, NOP}, 4};
    struct translation t;
    ck_assert_int_eq(translate(&text, BASE, &t), XLAT_OK);
    ck_assert_uint_eq(t.insn_count, 3);
    ck_assert_uint_eq(t.entry_count, 1);
    ck_assert_uint_eq(t.entries[0].pc, BASE);
    ck_assert_uint_eq(t.range_count, 1);
    ck_assert_uint_eq(t.ranges[0].start, BASE);
    ck_assert_uint_eq(t.ranges[0].end, BASE + 12);
}
END_TEST

START_TEST(code_looked_at_behind_exits_is_in_the_ranges)
{
    /* cmp; b +12, to cmp; then nothing between is part of it */
    struct text text = {{CMP, 0x14000003, NOP, NOP, CMP, RET}, 6};
    struct translation t;
    ck_assert_int_eq(translate(&text, BASE, &t), XLAT_OK);
    ck_assert_uint_eq(t.range_count, 2);
    ck_assert_uint_eq(t.ranges[0].end, BASE + 8);
    ck_assert_uint_eq(t.ranges[1].start, BASE + 16);
    ck_assert_uint_eq(t.ranges[1].end, BASE + 20);
}
END_TEST

START_TEST(ranges_that_touch_or_come_in_any_order_are_joined)
{
    /* b.eq to the cmp at +20, b.ne to the cmp at +12, which lies right behind the region */
    struct text text = {{CMP, 0x54000080, 0x54000021, CMP, NOP, CMP, RET}, 7};
    struct translation t;
    options.max_insts = 3;
    ck_assert_int_eq(translate(&text, BASE, &t), XLAT_OK);
    ck_assert_uint_eq(t.range_count, 2);
    ck_assert_uint_eq(t.ranges[0].start, BASE);
    ck_assert_uint_eq(t.ranges[0].end, BASE + 16);
    ck_assert_uint_eq(t.ranges[1].start, BASE + 20);
    ck_assert_uint_eq(t.ranges[1].end, BASE + 24);
}
END_TEST

START_TEST(an_odd_address_gives_a_translation_that_traps)
{
    struct text text = {{NOP}, 1};
    struct code_view view = {.read = read_text, .context = &text};
    struct translation t;
    struct ir_func *f;
    ck_assert_int_eq(translate(&text, BASE + 2, &t), XLAT_OK);
    ck_assert_int_eq(xlat_lift(&arena, &options, &view, BASE + 2, &f), XLAT_OK);
    const struct ir_inst *end = &f->inst[f->block[0].end - 1];
    ck_assert_uint_eq(end->op, IR_TRAP);
    ck_assert_uint_eq(end->mod, TRAP_PC_ALIGN);
    ck_assert_uint_eq((u64)end->imm, BASE + 2);
}
END_TEST

START_TEST(stages_are_shown_as_text)
{
    struct text text = {{0x8b020020 /* add x0, x1, x2 */, RET}, 2};
    struct translation t;
    options.dump = keep_text;
    options.dump_stages = (1u << XLAT_STAGES) - 1;
    ck_assert_int_eq(translate(&text, BASE, &t), XLAT_OK);
    ck_assert_ptr_nonnull(strstr(seen[XLAT_STAGE_DECODE], "10000  8b020020  add\tx0, x1, x2"));
    ck_assert_ptr_nonnull(strstr(seen[XLAT_STAGE_IR], "add"));
    ck_assert_ptr_nonnull(strstr(seen[XLAT_STAGE_OPT], "add"));
    ck_assert_ptr_nonnull(strstr(seen[XLAT_STAGE_CODE], "10000:"));
}
END_TEST

START_TEST(a_budget_stops_the_evaluator_between_blocks)
{
    struct text text = {{0x91000400 /* add x0, x0, #1 */, 0x17ffffff /* b -4 */}, 2};
    struct code_view view = {.read = read_text, .context = &text};
    struct guest_state state;
    struct ir_func *f;
    u64 budget = 101;
    memset(&state, 0, sizeof state);
    ck_assert_int_eq(xlat_lift(&arena, &options, &view, BASE, &f), XLAT_OK);
    struct xlat_exit e = xlat_evaluate(f, &state, &arena, &budget);
    ck_assert_int_eq(e.reason, TRAP_LIMIT);
    ck_assert_uint_eq(state.x[0], 51);
    ck_assert_uint_eq(state.pc, BASE);
    ck_assert_uint_eq(budget, 0);
}
END_TEST

START_TEST(capabilities_say_what_debian_needs)
{
    u64 caps = xlat_hwcap();
    ck_assert_uint_eq(caps & 0x3, 0x3);        /* FP, ASIMD */
    ck_assert_uint_eq(caps & 0x1f8, 0x1f8);    /* AES to ATOMICS */
    ck_assert_uint_eq(caps >> 11 & 1, 1);      /* CPUID */
    ck_assert_uint_eq(caps >> 22 & 1, 0);      /* no SVE */
    ck_assert_uint_eq(caps >> 30 & 3, 0);      /* no pointer authentication */
    ck_assert_uint_eq(xlat_hwcap2(), 0x16180); /* FLAGM2, FRINT, I8MM, BF16, RNG */
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("xlat");
    TCase *tc = tcase_create("xlat");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, what_cannot_be_read_is_no_code);
    tcase_add_test(tc, a_translation_has_an_entry_and_its_range);
    tcase_add_test(tc, code_looked_at_behind_exits_is_in_the_ranges);
    tcase_add_test(tc, ranges_that_touch_or_come_in_any_order_are_joined);
    tcase_add_test(tc, an_odd_address_gives_a_translation_that_traps);
    tcase_add_test(tc, stages_are_shown_as_text);
    tcase_add_test(tc, a_budget_stops_the_evaluator_between_blocks);
    tcase_add_test(tc, capabilities_say_what_debian_needs);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
