/*
 * The evaluator's integers, flags, slots and control, by example: IR text with the result that
 * ops.h (and behind it the architecture) asks for. Memory is eval_memory's, vectors and floating
 * point are eval_vec's and eval_fp's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/ir/eval.h"
#include "tests/lib/check.h"

static struct arena arena;
static struct guest_state state;
static ir_value values[256];

static struct ir_func *parse(const char *text)
{
    struct ir_text_error error;
    char message[200];
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "line %u: %s\n%s", error.line, error.message, text);
    ck_assert_msg(ir_verify(f, message, sizeof message), "%s", message);
    ck_assert_uint_le(f->count, ARRAY_SIZE(values));
    return f;
}

static struct ir_eval_exit run(const struct ir_func *f, u64 budget)
{
    return ir_eval(f, 0, &state, values, &budget);
}

/* --- one operation ------------------------------------------------------------------------------
 */

/* %2 %3 %4: a, b, c as i64; %5 %6 as i32; %9: c is not 0; %10: C and V. %20 is the result. */
#define OPERANDS                                                                                   \
    "func pc=0x1000\nblock 0 pc=0x1000 entry\n  insn 0x1000\n"                                     \
    "  %%2 = get.i64 x1\n  %%3 = get.i64 x2\n  %%4 = get.i64 x3\n"                                 \
    "  %%5 = get.i32 x1\n  %%6 = get.i32 x2\n  %%8 = const.i64 0\n"                                \
    "  %%9 = icmp.i64 ne %%4, %%8\n  %%10 = get.flags nzcv\n"                                      \
    "  %%11 = flconst.flags 0\n"

#define N        (1ull << 31)
#define Z        (1ull << 30)
#define C        (1ull << 29)
#define V        (1ull << 28)
#define HIGH_BIT 0x8000000000000000ull
#define ONES     0xffffffffffffffffull

static const struct operation {
    const char *text;
    u64 a, b, c, want;
} operations[] = {
    {"add.i64 %2, %3", ONES, 2, 0, 1},
    {"add.i32 %5, %6", 0xffffffff, 2, 0, 1},
    {"sub.i64 %2, %3", 1, 2, 0, ONES},
    {"sub.i32 %5, %6", 1, 2, 0, 0xffffffff},
    {"adc.i64 %2, %3, %9", ONES, 0, 1, 0},
    {"adc.i32 %5, %6, %9", 5, 6, 0, 11},
    {"sbc.i64 %2, %3, %9", 5, 3, 1, 2},
    {"sbc.i32 %5, %6, %9", 3, 3, 0, 0xffffffff},
    {"mul.i32 %5, %6", 0x10001, 0x10001, 0, 0x20001},
    {"mulhu.i64 %2, %3", ONES, ONES, 0, 0xfffffffffffffffe},
    {"mulhs.i64 %2, %3", ONES, ONES, 0, 0},
    {"mulhs.i64 %2, %3", HIGH_BIT, 2, 0, ONES},
    {"udiv.i64 %2, %3", 7, 0, 0, 0},
    {"udiv.i32 %5, %6", 0x80000000, 0xffffffff, 0, 0},
    {"sdiv.i32 %5, %6", 0x80000000, 0xffffffff, 0, 0x80000000},
    {"sdiv.i64 %2, %3", HIGH_BIT, ONES, 0, HIGH_BIT},
    {"sdiv.i64 %2, %3", (u64)-7, 2, 0, (u64)-3},
    {"sdiv.i64 %2, %3", 7, 0, 0, 0},
    {"neg.i32 %5", 1, 0, 0, 0xffffffff},
    {"not.i32 %5", 1, 0, 0, 0xfffffffe},
    {"andn.i64 %2, %3", 0xff, 0x0f, 0, 0xf0},
    {"orn.i32 %5, %6", 1, 0xffffff00, 0, 0xff},
    {"xor.i64 %2, %3", 6, 3, 0, 5},
    {"shl.i32 %5, %6", 3, 33, 0, 6},
    {"shl.i64 %2, %3", 3, 63, 0, HIGH_BIT},
    {"shr.i32 %5, %6", 0x80000000, 31, 0, 1},
    {"sar.i32 %5, %6", 0x80000000, 31, 0, 0xffffffff},
    {"sar.i64 %2, %3", HIGH_BIT, 64, 0, HIGH_BIT},
    {"ror.i32 %5, %6", 1, 1, 0, 0x80000000},
    {"ror.i32 %5, %6", 0x12345678, 32, 0, 0x12345678},
    {"ror.i64 %2, %3", 1, 4, 0, 0x1000000000000000},
    {"extr.i64 %2, %3 imm=4", 0xf, 0x10, 0, 0xf000000000000001},
    {"extr.i32 %5, %6 imm=8", 0xab, 0x12345678, 0, 0xab123456},
    {"extr.i32 %5, %6", 0xab, 0x12345678, 0, 0x12345678},
    {"clz.i32 %5", 0, 0, 0, 32},
    {"clz.i64 %2", 1, 0, 0, 63},
    {"cls.i32 %5", 0, 0, 0, 31},
    {"cls.i32 %5", 0xc0000000, 0, 0, 1},
    {"cls.i64 %2", ONES, 0, 0, 63},
    {"rbit.i32 %5", 1, 0, 0, 0x80000000},
    {"rbit.i64 %2", 2, 0, 0, 0x4000000000000000},
    {"bswap.i64 8 %2", 0x0102030405060708, 0, 0, 0x0807060504030201},
    {"bswap.i64 4 %2", 0x0102030405060708, 0, 0, 0x0403020108070605},
    {"bswap.i64 2 %2", 0x0102030405060708, 0, 0, 0x0201040306050807},
    {"bswap.i32 4 %5", 0x01020304, 0, 0, 0x04030201},
    {"sext.i64 1 %5", 0x180, 0, 0, (u64)-128},
    {"sext.i32 2 %2", 0x18000, 0, 0, 0xffff8000},
    {"sext.i64 4 %2", 0x80000000, 0, 0, 0xffffffff80000000},
    {"zext.i64 2 %2", ONES, 0, 0, 0xffff},
    {"zext.i64 4 %5", ONES, 0, 0, 0xffffffff},
    {"trunc.i32 %2", ONES, 0, 0, 0xffffffff},
    {"select.i64 %9, %2, %3", 1, 2, 1, 1},
    {"select.i32 %9, %5, %6", 1, 2, 0, 2},
    {"crc32.i32 1 %5, %6 mod=0", 0, 0x61, 0, 0x3ab551ce},
    {"crc32.i32 4 %5, %6 mod=1", 0xffffffff, 0, 0, 0xb798b438},
    {"crc32.i32 8 %5, %3", 0xffffffff, 0, 0, 0x9add2096},
    {"bint.i64 %9", 0, 0, 5, 1},
    {"flpack.i32 %10", 0, 0, 0, C | V},
    {"const.i32 -1", 0, 0, 0, 0xffffffff},
    {"gaddr.i64 0x123456789", 0, 0, 0, 0x123456789},
    {"icmp.i32 ult %5, %6", 0x1ffffffff, 0x100000000, 0, 0},
    {"icmp.i32 slt %5, %6", 0xffffffff, 0, 0, 1},
    {"icmp.i64 slt %2, %3", 0xffffffff, 0, 0, 0},
    {"icmp.i64 sge %2, %3", HIGH_BIT, HIGH_BIT, 0, 1},
    {"icmp.i64 uge %2, %3", 1, 2, 0, 0},
    {"bnot.bool %9", 0, 0, 1, 0},
    {"band.bool %9, %9", 0, 0, 1, 1},
    {"bor.bool %9, %9", 0, 0, 0, 0},
    {"fladd.i32 %5, %6", 0x7fffffff, 1, 0, N | V},
    {"fladd.i64 %2, %3", ONES, 1, 0, Z | C},
    {"flsub.i32 %5, %6", 0x80000000, 1, 0, C | V},
    {"flsub.i64 %2, %3", 0x80000000, 0x80000000, 0, Z | C},
    {"flsub.i64 %2, %3", 1, 2, 0, N},
    {"fladc.i64 %2, %3, %9", ONES, 0, 1, Z | C},
    {"fladc.i32 %5, %6, %9", 0x7fffffff, 0x80000000, 1, Z | C},
    {"flsbc.i64 %2, %3, %9", 3, 3, 0, N},
    {"flsbc.i32 %5, %6, %9", 3, 3, 1, Z | C},
    {"fllogic.i32 %5", 0x80000000, 0, 0, N},
    {"fllogic.i32 %5", 0x100000000, 0, 0, Z},
    {"flselect.flags %9, %10, %11", 0, 0, 1, C | V},
    {"flconst.flags 10", 0, 0, 0, N | C},
    {"flunpack.flags %5", Z | V | 0xfff, 0, 0, Z | V},
};

/* The result as an integer: bools as 0 or 1, flags as in PSTATE. */
static u64 evaluate(const struct operation *o)
{
    char text[1024];
    const char *name = o->text;
    const char *convert = !strncmp(name, "fl", 2) && strncmp(name, "flpack", 6) ? "flpack.i64 %20"
                          : strstr(name, ".bool") || !strncmp(name, "icmp", 4)  ? "bint.i64 %20"
                          : strstr(name, ".i64")                                ? NULL
                                                                                : "zext.i64 4 %20";
    snprintf(text, sizeof text,
             OPERANDS "  %%20 = %s\n%s%s\n  set.i64 x0, %s\n  exit 0x1004 jump\n", name,
             convert ? "  %21 = " : "", convert ? convert : "", convert ? "%21" : "%20");
    state.x[0] = ONES;
    state.x[1] = o->a;
    state.x[2] = o->b;
    state.x[3] = o->c;
    state.nzcv = NZCV_C | NZCV_V;
    run(parse(text), 10);
    return state.x[0];
}

START_TEST(integers_and_flags)
{
    const struct operation *o = &operations[_i];
    u64 got = evaluate(o);
    ck_assert_msg(got == o->want, "%s: %#llx, not %#llx", o->text, (unsigned long long)got,
                  (unsigned long long)o->want);
}
END_TEST

/* Each condition and its opposite, on all flags: (Arm ARM C1.2.4). */
START_TEST(conditions)
{
    for (unsigned pstate = 0; pstate < 16; pstate++) {
        bool n = pstate & 8, z = pstate & 4, c = pstate & 2, v = pstate & 1;
        const bool holds[] = {z, c, n, v, c && !z, n == v, !z && n == v, true};
        for (unsigned cond = 0; cond < 16; cond++) {
            struct ir_func *f = ir_new(&arena, 8);
            ir_begin_block(f, 0);
            ir_ref flags = ir_opx(f, IR_FLCONST, IR_FLAGS, 0, 0, pstate, 0, 0, 0);
            ir_ref b = ir_opx(f, IR_COND, IR_BOOL, 0, cond, 0, flags, 0, 0);
            ir_set(f, IR_I64, SLOT_X0, ir_op1(f, IR_BINT, IR_I64, b));
            ir_opx(f, IR_EXIT, IR_VOID, 0, 0, 0, 0, 0, 0);
            ir_end_block(f);
            run(f, 10);
            ck_assert_uint_eq(state.x[0], holds[cond / 2] ^ (cond & 1 && cond < 15));
        }
    }
}
END_TEST

/* --- control ------------------------------------------------------------------------------------
 */

/* Sums x1 + ... + 1 into x0, then leaves in one of several ways, by x2. */
static const char loop[] = "func pc=0x1000\n"
                           "block 0 pc=0x1000 entry\n"
                           "  insn 0x1000\n"
                           "  %2 = get.i64 x0\n"
                           "  %3 = get.i64 x1\n"
                           "  %4 = add.i64 %2, %3\n"
                           "  set.i64 x0, %4\n"
                           "  insn 0x1004\n"
                           "  %7 = const.i64 1\n"
                           "  %8 = sub.i64 %3, %7\n"
                           "  set.i64 x1, %8\n"
                           "  %10 = const.i64 0\n"
                           "  %11 = icmp.i64 ne %8, %10\n"
                           "  br %11, 0, 1\n"
                           "block 1 pc=0x1008\n"
                           "  insn 0x1008\n"
                           "  %14 = get.i64 x2\n"
                           "  %15 = icmp.i64 eq %14, %7\n"
                           "  exitif 0x3000 %15 jump\n"
                           "  insn 0x100c\n"
                           "  %18 = const.i64 2\n"
                           "  %19 = icmp.i64 eq %14, %18\n"
                           "  guard align %19, %14\n"
                           "  insn 0x1010\n"
                           "  %22 = const.i64 3\n"
                           "  %23 = icmp.i64 eq %14, %22\n"
                           "  br %23, 2, 3\n"
                           "block 2 pc=0x1014\n"
                           "  trap svc 0x1018 77 -\n"
                           "block 3 pc=0x1018\n"
                           "  insn 0x1018\n"
                           "  exitind %14 return nzcv-dead\n";

static struct ir_eval_exit run_loop(u64 count, u64 way, u64 budget)
{
    memset(&state, 0, sizeof state);
    state.x[1] = count;
    state.x[2] = way;
    return run(parse(loop), budget);
}

START_TEST(loop_and_exits)
{
    struct ir_eval_exit e = run_loop(10, 0x4444, 100);
    ck_assert_uint_eq(state.x[0], 55);
    ck_assert_uint_eq(state.pc, 0x4444);
    ck_assert_int_eq(e.reason, TRAP_NONE);
    ck_assert_int_eq(e.kind, IR_EXIT_RETURN);
    e = run_loop(1, 1, 100);
    ck_assert_uint_eq(state.pc, 0x3000);
    ck_assert_int_eq(e.reason, TRAP_NONE);
    ck_assert_int_eq(e.kind, IR_EXIT_JUMP);
    e = run_loop(1, 2, 100);
    ck_assert_int_eq(e.reason, TRAP_ALIGN);
    ck_assert_uint_eq(state.pc, 0x100c);
    ck_assert_uint_eq(state.trap_arg, 2);
    e = run_loop(1, 3, 100);
    ck_assert_int_eq(e.reason, TRAP_SVC);
    ck_assert_uint_eq(e.imm, 77);
    ck_assert_uint_eq(state.pc, 0x1018);
}
END_TEST

/* The budget ends a run before an instruction, in a merged function before a block. */
START_TEST(budget)
{
    struct ir_func *f = parse(loop);
    for (unsigned merged = 0; merged < 2; merged++) {
        u64 left = 3;
        f->merged = merged;
        memset(&state, 0, sizeof state);
        state.x[1] = 10;
        struct ir_eval_exit e = ir_eval(f, 0, &state, values, &left);
        ck_assert_int_eq(e.reason, TRAP_LIMIT);
        ck_assert_uint_eq(left, 0);
        ck_assert_uint_eq(state.pc, merged ? 0x1000 : 0x1004);
        ck_assert_uint_eq(state.x[0], 19);
        ck_assert_uint_eq(state.x[1], merged ? 8 : 9);
    }
}
END_TEST

static u64 helper(struct guest_state *s, u64 a, u64 b, u64 c)
{
    ck_assert_ptr_eq(s, &state);
    return a * 100 + b * 10 + c;
}

START_TEST(helpers)
{
    state.helper[HELPER_RANDOM] = (void *)(uintptr_t)helper;
    state.x[1] = 1;
    state.x[2] = 2;
    run(parse("func pc=0\nblock 0 pc=0 entry\n  insn 0\n  %2 = get.i64 x1\n  %3 = get.i64 x2\n"
              "  %4 = helper.i64 random, %2, %3, %3\n  helper random\n  set.i64 x0, %4\n"
              "  exit 4 jump\n"),
        10);
    ck_assert_uint_eq(state.x[0], 122);
}
END_TEST

/* A narrow SET clears the rest of its slot, a narrow GET looks at the low bits. */
START_TEST(slots)
{
    memset(&state, 0xff, sizeof state.x);
    memset(state.v, 0xee, sizeof state.v);
    run(parse("func pc=0\nblock 0 pc=0 entry\n  insn 0\n  %2 = get.i32 x1\n  set.i32 x0, %2\n"
              "  %4 = get.f16 v1\n  set.f16 v0, %4\n  %6 = get.f64 v1\n  set.f64 v2, %6\n"
              "  %8 = const.i32 5\n  set.i32 fpcr, %8\n  exit 4 jump\n"),
        10);
    ck_assert_uint_eq(state.x[0], 0xffffffff);
    for (unsigned n = 0; n < 16; n++) {
        ck_assert_uint_eq(state.v[0][n], n < 2 ? 0xee : 0);
        ck_assert_uint_eq(state.v[2][n], n < 8 ? 0xee : 0);
    }
    ck_assert_uint_eq(state.fpcr, 5);
    ck_assert_uint_eq(state.fpsr, 0);
}
END_TEST

static void setup(void)
{
    arena_init(&arena);
    memset(&state, 0, sizeof state);
}

static void teardown(void)
{
    arena_free(&arena);
}

int main(void)
{
    Suite *s = suite_create("eval");
    TCase *t = tcase_create("operations");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_loop_test(t, integers_and_flags, 0, ARRAY_SIZE(operations));
    tcase_add_test(t, conditions);
    tcase_add_test(t, loop_and_exits);
    tcase_add_test(t, budget);
    tcase_add_test(t, helpers);
    tcase_add_test(t, slots);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
