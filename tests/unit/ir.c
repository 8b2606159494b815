/*
 * The IR's text and verifier: what is printed is parsed back exactly, bad text is refused with its
 * line, any bytes are survived, and the verifier names what is wrong.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/ir/ir.h"
#include "aot/lift/lift.h"
#include "tests/lib/check.h"

static struct arena arena;

static u64 random_state = 88172645463325252;

static u64 random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static char *text_of(const struct ir_func *f)
{
    char *text = NULL;
    size_t length = 0;
    ir_print(f, &text, &length);
    ck_assert_uint_eq(length, strlen(text));
    return text;
}

/* --- round trip ---------------------------------------------------------------------------------
 */

static void check_round_trip(const struct ir_func *f)
{
    struct ir_text_error error;
    char *first = text_of(f);
    struct ir_func *g = ir_parse(&arena, first, &error);
    ck_assert_msg(g != NULL, "line %u: %s\n%s", error.line, error.message, first);
    char *second = text_of(g);
    ck_assert_str_eq(first, second);
    ck_assert_uint_eq(f->count, g->count);
    for (ir_ref r = 0; r < f->count; r++)
        ck_assert_msg(!memcmp(&f->inst[r], &g->inst[r], offsetof(struct ir_inst, uses)),
                      "%%%u of\n%s", r, first);
    free(first);
    free(second);
}

/* Every row of the decode table, as lifted. */
START_TEST(lifted_words_come_back)
{
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        u16 rows[1] = {(u16)row};
        for (unsigned n = 0; n < 8; n++) {
            u32 word = ((u32)random64() & ~info->mask) | info->value;
            struct a64_block block = {.pc = 0x10000, .count = 1, .word = &word, .row = rows};
            struct a64_region region = {
                .pc = 0x10000, .block = &block, .block_count = 1, .insn_count = 1};
            char message[200];
            if (a64_decode(word) != (enum a64_row)row) continue;
            arena_reset(&arena);
            block.entry = true;
            struct ir_func *f = lift_region(&arena, &region, &(struct lift_how){0});
            ck_assert_msg(ir_verify(f, message, sizeof message), "%08x: %s", word, message);
            check_round_trip(f);
        }
    }
}
END_TEST

/* Fields at random in instructions of every operation: what is wrong is printed and parsed too. */
START_TEST(anything_comes_back)
{
    for (u64 rounds = test_cases(20000); rounds > 0; rounds--) {
        arena_reset(&arena);
        struct ir_func *f = ir_new(&arena, 64);
        f->pc = random64();
        f->block[ir_begin_block(f, random64())].entry = rounds & 1;
        unsigned op = (unsigned)(1 + rounds % (IR_OP_COUNT - 1)), args = ir_op_info(op)->args;
        ir_ref v = ir_const(f, IR_I64, (s64)(random64() >> random64() % 64));
        struct ir_inst *i = ir_append(f, op, (unsigned)(random64() % (IR_TYPE_COUNT + 2)));
        i->esz = (u8)(random64() % 7);
        i->mod = (u8)(random64() >> (random64() & 1 ? 8 : 60));
        i->imm = (s64)(random64() >> random64() % 64);
        if (op == IR_JUMP || op == IR_BR) i->imm = 0;
        for (unsigned k = 0; k < args; k++) i->arg[k] = random64() & 3 ? v : IR_NONE;
        if (op == IR_VCONST2) i->arg[0] = (u32)random64();
        if (op == IR_TRAP || op == IR_VCONST2) i->arg[1] = (u32)random64();
        ir_end_block(f);
        check_round_trip(f);
    }
}
END_TEST

/* --- bad text -----------------------------------------------------------------------------------
 */

#define HEAD "func pc=0x1000\nblock 0 pc=0x1000 entry\n"

static const struct {
    const char *text, *message;
    unsigned line;
} bad_text[] = {
    {"", "no blocks", 1},
    {"func pc=0x1000\n", "no blocks", 2},
    {"func 0x1000\n", "pc= expected", 1},
    {"block 1 pc=0\n", "blocks go on with 0", 1},
    {"block 0 pc=0 entrance\n", "unexpected text 'entrance'", 1},
    {"  nop\n", "a block expected", 1},
    {HEAD "  frobnicate\n", "no operation 'frobnicate'", 3},
    {HEAD "  %1 = const.i65 1\n", "no type 'i65'", 3},
    {HEAD "  %1 = const.i64 0x10000000000000000\n", "number too large", 3},
    {HEAD "  %1 = const.i64 five\n", "a number expected", 3},
    {HEAD "  %1 = const.i64 1\n  %1 = const.i64 1\n", "values go on with %2", 4},
    {HEAD "  %9999999 = const.i64 1\n", "number out of range", 3},
    {HEAD "  %0 = const.i64 1\n", "values start with %1", 3},
    {HEAD "  const.i64 1\n", "const gives a value", 3},
    {HEAD "  %1 = insn 1\n", "insn gives no value", 3},
    {HEAD "  %1 = get.i64 x31\n", "no slot 'x31'", 3},
    {HEAD "  helper memory\n", "no helper 'memory'", 3},
    {HEAD "  %1 = icmp.i64 less %1, %1\n", "'less' is nothing for icmp", 3},
    {HEAD "  %1 = load.i64 3 [%1]\n", "size is no power of 2", 3},
    {HEAD "  %1 = load.i64 8 %1\n", "'[' expected", 3},
    {HEAD "  %1 = load.i64 8 [%1 + %1 < 3]\n", "'<' expected", 3},
    {HEAD "  exit 0x1000\n", "jump, call or return expected", 3},
    {HEAD "  exit 0x1000 jump 5\n", "unexpected text '5'", 3},
    {HEAD "  %1 = const.i64 1\n  %2 = add.i64 %1, %3\n", "there is no value %3", 4},
    {HEAD "  jump 1\n", "there is no such block", 3},
    {HEAD "  br -, 0, 7\n", "there is no block 7", 3},
};

START_TEST(bad_text_is_refused)
{
    struct ir_text_error error;
    ck_assert_ptr_null(ir_parse(&arena, bad_text[_i].text, &error));
    ck_assert_str_eq(error.message, bad_text[_i].message);
    ck_assert_uint_eq(error.line, bad_text[_i].line);
}
END_TEST

static const char sample[] = "func pc=0x1000\n"
                             "block 0 pc=0x1000 entry ; a comment\n"
                             "  insn 0x1000\n"
                             "  %2 = get.i64 x1\n"
                             "  %3 = load.v128 16 [%2 + %2 << 3 - 16]\n"
                             "  %4 = vadd.v128.4s %3, %3\n"
                             "  %5 = vsqrdmlah.v128.8h %3, %4, %4\n"
                             "  store.v128 16 [%2 + 0x12345], %5\n"
                             "  %7 = icmp.i64 ult %2, %2\n"
                             "  guard align %7, %2\n"
                             "  exitif 0x2000 %7 jump nzcv-dead\n"
                             "  %10 = vgets.i32.8h %3 imm=7\n"
                             "  br %7, 1, 0\n"
                             "block 1 pc=0x1004\n"
                             "  insn 0x1004\n"
                             "  %13 = helper.i64 read_fpsr, %2, -, %2\n"
                             "  %14 = vconst2.v128 0x1 0x8000000000000000\n"
                             "  %15 = fcvti.i32 8 zero|8 %20 imm=3\n"
                             "  %20 = get.f64 v3\n"
                             "  %21 = rmw.i64 8 umax %2, %2\n"
                             "  fence full\n"
                             "  trap svc 0x1008 7 %2\n";

/* Bytes changed, dropped and doubled: no crash, and what is accepted can be checked and printed. */
START_TEST(hostile_text_is_survived)
{
    static const char odd[] = "%#-+[].,=<>|;\n 0x9fz\t\xff";
    char text[2 * sizeof sample];
    unsigned accepted = 0;
    for (u64 rounds = test_cases(30000); rounds > 0; rounds--) {
        char message[200];
        struct ir_text_error error;
        size_t length = sizeof sample - 1;
        memcpy(text, sample, sizeof sample);
        for (u64 edits = random64() % 4; edits-- > 0;) {
            size_t at = random64() % length, from = random64() % length;
            size_t size = random64() % (length - (at > from ? at : from));
            switch (random64() % 4) {
            case 0: text[at] = odd[random64() % (sizeof odd - 1)]; break;
            case 1: text[at] = sample[from]; break;
            case 2: memmove(text + at, text + from, size); break;
            default: text[at] = (char)random64();
            }
        }
        arena_reset(&arena);
        struct ir_func *f = ir_parse(&arena, text, &error);
        if (!f) {
            ck_assert_uint_gt(error.line, 0);
            ck_assert_str_ne(error.message, "");
            continue;
        }
        accepted++;
        ir_verify(f, message, sizeof message);
        ir_count_uses(f);
        free(text_of(f));
    }
    ck_assert_uint_gt(accepted, 100);
}
END_TEST

/* --- the verifier -------------------------------------------------------------------------------
 */

#define INSN HEAD "  insn 0x1000\n  %2 = get.i64 x1\n  %3 = get.i32 x2\n  %4 = get.v128 v0\n"
#define END  "  exit 0x2000 jump\n"

static const struct {
    const char *text, *message; /* the message has this part; NULL: all is well */
} verified[] = {
    {INSN END, NULL},
    {INSN, "the block does not end here"},
    {HEAD END "  insn 0x1000\n" END, "the block goes on behind it"},
    {INSN "  %5 = add.i64 %2, %3\n" END, "argument 2 is i32"},
    {INSN "  %5 = add.i64 %2\n" END, "argument 2 is missing"},
    {INSN "  %5 = add.i64 %2, %6\n  %6 = add.i64 %2, %2\n" END, "used before it is defined"},
    {INSN "  %5 = add.f64 %2, %2\n" END, "no such type"},
    {INSN "  %5 = zext.i64 8 %3\n" END, "argument 1 is i32"},
    {INSN "  %5 = zext.i32 8 %2\n" END, "bad element or access size"},
    {INSN "  %5 = load.i32 8 [%2]\n" END, "bad element or access size"},
    {INSN "  %5 = load.i64 8 [%2 + %2 << 4]\n" END, "bad mod"},
    {INSN "  %5 = load.i64 8 [%3]\n" END, "argument 1 is i32"},
    {INSN "  %5 = vadd.v128.1q %4, %4\n" END, "bad element or access size"},
    {INSN "  %5 = vget.i64.2d %4 imm=2\n" END, "immediate out of range"},
    {INSN "  %5 = vshli.v128.4s %4 imm=32\n" END, "immediate out of range"},
    {INSN "  %5 = vshri.v128.4s %4 imm=32\n" END, NULL},
    {INSN "  %5 = fcvt.f64 4 %4\n" END, "argument 1 is v128"},
    {INSN "  %5 = get.f64 x3\n" END, "the slot has another type"},
    {INSN "  set.i64 fpcr, %2\n" END, "the slot has another type"},
    {INSN "  %5 = const.f32 0x123456789\n" END, "immediate out of range"},
    {INSN "  guard #99 -\n" END, "bad mod"},
    {INSN "  trap svc 0x1004 65536\n", "number in an argument"},
    {INSN "  set.i64 x1, %2\n  %6 = load.i64 8 [%2]\n" END, "may fault, behind a set"},
    {INSN "  set.i64 x1, %2\n  insn 0x1004\n  %7 = load.i64 8 [%2]\n" END, NULL},
    {INSN "  set.v128 v1, %4\n  %6 = fadd.v128.4s %4, %4\n" END, "may fault, behind a set"},
    {INSN "  set.v128 v1, %4\n  %6 = fneg.v128.4s %4\n" END, NULL},
    {INSN "  %5 = icmp.i64 eq %2, %2\n  exitif 0x20 %5 jump\n  set.i64 x1, %2\n" END,
     "set behind exitif"},
    {HEAD "  %1 = get.i64 x1\n  %2 = load.i64 8 [%1]\n" END, "no guest instruction to report"},
    {INSN "  jump 1\nblock 1 pc=0x1004\n  set.i64 x0, %2\n" END, NULL},
    {INSN "  jump 1\nblock 1 pc=0x1004 entry\n  set.i64 x0, %2\n" END, "does not dominate"},
    {INSN "  %5 = icmp.i64 eq %2, %2\n  br %5, 1, 2\nblock 1 pc=4\n  %7 = const.i64 1\n  jump 2\n"
          "block 2 pc=8\n  set.i64 x0, %7\n" END,
     "does not dominate"},
    {INSN "  %5 = icmp.i64 eq %2, %2\n  br %5, 1, 2\nblock 1 pc=4\n  %7 = const.i64 1\n  jump 2\n"
          "block 2 pc=8\n  set.i64 x0, %2\n  br %5, 0, 1\n",
     NULL},
    {INSN "  jump 2\nblock 1 pc=4\n  set.i64 x0, %7\n" END "block 2 pc=8\n  insn 8\n"
          "  %9 = const.i64 1\n  jump 1\n",
     "has no value"},
    {INSN "  jump 2\nblock 1 pc=4\n  set.i64 x0, %9\n" END "block 2 pc=8\n  insn 8\n"
          "  %9 = const.i64 1\n  jump 1\n",
     NULL},
};

START_TEST(verifier)
{
    struct ir_text_error error;
    char message[200] = "";
    const char *want = verified[_i].message;
    struct ir_func *f = ir_parse(&arena, verified[_i].text, &error);
    ck_assert_msg(f != NULL, "line %u: %s", error.line, error.message);
    bool right = ir_verify(f, message, sizeof message);
    ck_assert_msg(right == !want, "%s\n%s", message, verified[_i].text);
    if (want) ck_assert_msg(strstr(message, want) != NULL, "%s", message);
}
END_TEST

/* What text cannot say. */
START_TEST(verifier_of_broken_arrays)
{
    char message[200];
    struct ir_func *f = ir_new(&arena, 64);
    ck_assert(!ir_verify(f, message, sizeof message));
    ir_begin_block(f, 0x1000);
    ck_assert(!ir_verify(f, message, sizeof message)); /* empty block */
    ir_opx(f, IR_EXIT, IR_VOID, 0, 0, 0, IR_NONE, IR_NONE, IR_NONE);
    ir_end_block(f);
    ck_assert_msg(ir_verify(f, message, sizeof message), "%s", message);
    f->inst[1].arg[2] = 5;
    ck_assert(!ir_verify(f, message, sizeof message));
    f->inst[1].arg[2] = 0;
    f->inst[1].type = 200;
    ck_assert(!ir_verify(f, message, sizeof message));
    f->inst[1].type = IR_VOID;
    f->block[0].end = 9;
    ck_assert(!ir_verify(f, message, sizeof message));
    f->block[0].end = 2;
    ir_const(f, IR_I64, 1);
    ck_assert(!ir_verify(f, message, sizeof message)); /* outside the blocks */
    f->inst[2].op = IR_OP_COUNT;
    ck_assert(!ir_verify(f, message, sizeof message));
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
    Suite *s = suite_create("ir");
    TCase *t = tcase_create("text and verifier");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, lifted_words_come_back);
    tcase_add_test(t, anything_comes_back);
    tcase_add_loop_test(t, bad_text_is_refused, 0, ARRAY_SIZE(bad_text));
    tcase_add_test(t, hostile_text_is_survived);
    tcase_add_loop_test(t, verifier, 0, ARRAY_SIZE(verified));
    tcase_add_test(t, verifier_of_broken_arrays);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
