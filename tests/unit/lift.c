/*
 * Discovery and lifting: what becomes of a region's shape. What instructions compute is the
 * business of semantic.c and random_insn.c.
 */
#include <stdlib.h>
#include <string.h>

#include "aot/a64/flow.h"
#include "aot/disc/disc.h"
#include "aot/lift/lift.h"
#include "tests/lib/check.h"

#define BASE UINT64_C(0x10000)

#define ADD  0x8b020020 /* add x0, x1, x2 */
#define CMP  0xeb02003f /* cmp x1, x2 */
#define LDR  0xf9400020 /* ldr x0, [x1] */
#define CSET 0x9a9f17e0 /* cset x0, eq */
#define CCMP 0xfa420820 /* ccmp x1, x2, #0, eq */
#define RET  0xd65f03c0

struct text {
    const u32 *word;
    size_t count;
};

static size_t read_text(void *context, u64 pc, u32 *words, size_t max)
{
    const struct text *t = context;
    u64 index = (pc - BASE) / 4;
    if (pc < BASE || index >= t->count) return 0;
    size_t n = t->count - index;
    if (n > max) n = max;
    if (n > 3) n = 3; /* short answers are allowed */
    memcpy(words, t->word + index, 4 * n);
    return n;
}

static struct arena arena;
static struct a64_region region;
static struct guest_range ranges[8];
static struct lift_look look;

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

static struct ir_func *lift(struct text *text, u64 pc, u32 max)
{
    struct code_view view = {.read = read_text, .context = text};
    look = (struct lift_look){.view = &view, .range = ranges, .capacity = ARRAY_SIZE(ranges)};
    char message[200];
    ck_assert(disc_quick(&arena, &view, pc, max, &region));
    struct ir_func *f = lift_region(&arena, &region, &(struct lift_how){.look = &look});
    ck_assert_msg(ir_verify(f, message, sizeof message), "%s", message);
    return f;
}

/* The last instruction of block n. */
static const struct ir_inst *end_of(const struct ir_func *f, u32 n)
{
    ck_assert_uint_lt(n, f->block_count);
    return &f->inst[f->block[n].end - 1];
}

static const struct ir_inst *find(const struct ir_func *f, unsigned op)
{
    for (u32 i = 1; i < f->count; i++)
        if (f->inst[i].op == op) return &f->inst[i];
    return NULL;
}

#define TEXT(...)                                                                                  \
    const u32 words[] = {__VA_ARGS__};                                                             \
    struct text text = {words, ARRAY_SIZE(words)}

START_TEST(a_run_ends_where_code_ends)
{
    TEXT(0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f); /* nop */
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 5);
    ck_assert_uint_eq(f->block_count, 1);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_EXIT);
    ck_assert_uint_eq((u64)end_of(f, 0)->imm, BASE + 20);
}
END_TEST

START_TEST(a_run_has_a_limit)
{
    TEXT(0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f, 0xd503201f);
    struct ir_func *f = lift(&text, BASE + 4, 2);
    ck_assert_uint_eq(region.insn_count, 2);
    ck_assert_uint_eq((u64)end_of(f, 0)->imm, BASE + 12);
}
END_TEST

START_TEST(nothing_readable_is_no_region)
{
    TEXT(0xd503201f);
    struct code_view view = {.read = read_text, .context = &text};
    ck_assert(!disc_quick(&arena, &view, BASE + 4, 0, &region));
}
END_TEST

START_TEST(a_branch_out_leaves_the_block_whole)
{
    TEXT(0x54000800 /* b.eq +0x100 */, 0xd503201f, 0xd65f03c0 /* ret */, 0xd503201f);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(f->block_count, 1);
    ck_assert_uint_eq(region.insn_count, 3);
    ck_assert_uint_eq((u64)find(f, IR_EXITIF)->imm, BASE + 0x100);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_EXITIND);
    ck_assert_uint_eq(end_of(f, 0)->mod, IR_EXIT_RETURN);
}
END_TEST

START_TEST(a_loop_stays_inside)
{
    TEXT(0xd503201f, 0xd1000421 /* sub x1, x1, #1 */, 0xb5ffffe1 /* cbnz x1, -4 */,
         0xd65f03c0 /* ret */);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(f->block_count, 3);
    ck_assert(f->block[0].entry && !f->block[1].entry && !f->block[2].entry);
    ck_assert(f->block[1].loop_head);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_JUMP);
    ck_assert_uint_eq(end_of(f, 1)->op, IR_BR);
    ck_assert_uint_eq(end_of(f, 1)->imm, 1);
    ck_assert_uint_eq(end_of(f, 1)->arg[1], 2);
}
END_TEST

START_TEST(a_back_branch_at_the_limit_leaves_on_the_other_side)
{
    TEXT(0xd1000421 /* sub x1, x1, #1 */, 0xb5ffffe1 /* cbnz x1, -4 */, 0xd65f03c0);
    struct ir_func *f = lift(&text, BASE, 2);
    ck_assert_uint_eq(f->block_count, 1);
    ck_assert_uint_eq((u64)find(f, IR_EXITIF)->imm, BASE + 8);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_JUMP);
    ck_assert_uint_eq(end_of(f, 0)->imm, 0);
}
END_TEST

START_TEST(a_loop_with_two_ways_stays_inside)
{
    TEXT(0xb4000061 /* cbz x1, +12 */, 0xd1000421 /* sub x1, x1, #1 */, 0x14000002 /* b +8 */,
         0xd503201f, 0xb5ffff82 /* cbnz x2, -16 */, RET);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 6);
    ck_assert_uint_eq(f->block_count, 5);
    ck_assert_uint_eq(end_of(f, 1)->op, IR_JUMP);
    ck_assert_uint_eq(end_of(f, 1)->imm, 3);
    ck_assert_uint_eq(end_of(f, 3)->op, IR_BR);
}
END_TEST

START_TEST(a_loop_with_a_call_on_one_side_stays_inside)
{
    TEXT(0xb4000041 /* cbz x1, +8 */, 0x94000040 /* bl */, 0xd1000421,
         0xb5ffffa1 /* cbnz x1, -12 */, 0x94000040);
    lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 5);
}
END_TEST

START_TEST(two_ways_without_a_loop_end_at_the_first)
{
    TEXT(0xb4000061 /* cbz x1, +12 */, 0xd1000421, 0x14000002 /* b +8 */, 0xd503201f, 0xd503201f,
         0xb5ffffe2 /* cbnz x2, -4 */, RET);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 3);
    ck_assert_uint_eq((u64)find(f, IR_EXITIF)->imm, BASE + 12);
    ck_assert_uint_eq((u64)end_of(f, 0)->imm, BASE + 16);
}
END_TEST

START_TEST(a_jump_back_is_a_loop)
{
    TEXT(0xb4000041 /* cbz x1, +8 */, 0x17ffffff /* b -4 */, 0xd65f03c0);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 2);
    ck_assert_uint_eq(f->block_count, 1);
    ck_assert_uint_eq((u64)find(f, IR_EXITIF)->imm, BASE + 8);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_JUMP);
    ck_assert_uint_eq(end_of(f, 0)->imm, 0);
}
END_TEST

START_TEST(a_call_sets_the_link_and_leaves)
{
    TEXT(0x94000040 /* bl +0x100 */, 0xd503201f);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 1);
    ck_assert_uint_eq((u64)find(f, IR_GADDR)->imm, BASE + 4);
    ck_assert_uint_eq(end_of(f, 0)->mod, IR_EXIT_CALL);
    ck_assert_uint_eq((u64)end_of(f, 0)->imm, BASE + 0x100);
}
END_TEST

START_TEST(only_linkers_code_leads_to_the_same_each_time)
{
    static const struct {
        u32 before, branch, kind;
    } is[] = {
        {0x91006210 /* add x16, x16, #0x18 */, 0xd61f0220 /* br x17 */, IR_EXIT_STEADY},
        {0x91006210, 0xd61f0200 /* br x16 */, IR_EXIT_STEADY},
        {0x91006210, 0xd61f0240 /* br x18 */, IR_EXIT_JUMP},
        {0xf9400c50 /* ldr x16, [x2, #24] */, 0xd61f0200, IR_EXIT_JUMP},
        {0x91006230 /* add x16, x17, #0x18 */, 0xd61f0200, IR_EXIT_JUMP},
    };
    for (u32 n = 0; n < ARRAY_SIZE(is); n++) {
        TEXT(is[n].before, is[n].branch);
        ck_assert_uint_eq(end_of(lift(&text, BASE, 0), 0)->mod, is[n].kind);
        ck_assert_uint_eq(end_of(lift(&text, BASE + 4, 0), 0)->mod, IR_EXIT_JUMP);
    }
}
END_TEST

START_TEST(an_undefined_word_ends_with_a_trap)
{
    TEXT(0xd503201f, 0x00000000, 0xd503201f);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(region.insn_count, 2);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_TRAP);
    ck_assert_uint_eq(end_of(f, 0)->mod, TRAP_UNDEFINED);
    ck_assert_uint_eq((u64)end_of(f, 0)->imm, BASE + 4);
}
END_TEST

/* Flags of a CMP at the target of `b +8` behind it, whose words these are from BASE + 12. */
static bool dead_at_target(u32 a, u32 b, u32 c)
{
    TEXT(CMP, 0x14000002, 0xd503201f, a, b, c);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert_uint_eq(end_of(f, 0)->op, IR_EXIT);
    bool dead = end_of(f, 0)->mod & IR_EXIT_NZCV_DEAD;
    ck_assert_uint_eq(look.count, dead);
    if (dead) ck_assert_uint_eq(ranges[0].start, BASE + 12);
    return dead;
}

START_TEST(dead_flags_at_a_target_are_seen)
{
    ck_assert(dead_at_target(CMP, RET, RET));
    ck_assert(dead_at_target(ADD, ADD, CMP));
    ck_assert_uint_eq(ranges[0].end, BASE + 24);
    ck_assert(!dead_at_target(ADD, ADD, ADD));
    ck_assert(!dead_at_target(LDR, CMP, RET));
    ck_assert(!dead_at_target(CSET, CMP, RET));
    ck_assert(!dead_at_target(CCMP, CMP, RET));
    ck_assert(!dead_at_target(RET, CMP, RET));
    ck_assert(!dead_at_target(0, CMP, RET));
}
END_TEST

/* It would make no difference. */
START_TEST(flags_that_nothing_has_set_are_not_looked_for)
{
    TEXT(0xd503201f, 0x14000002, 0xd503201f, CMP, RET);
    struct ir_func *f = lift(&text, BASE, 0);
    ck_assert(!(end_of(f, 0)->mod & IR_EXIT_NZCV_DEAD));
    ck_assert_uint_eq(look.count, 0);
}
END_TEST

START_TEST(without_a_place_to_note_it_nothing_is_looked_at)
{
    TEXT(0x14000002, 0xd503201f, CMP, RET);
    struct code_view view = {.read = read_text, .context = &text};
    ck_assert(disc_quick(&arena, &view, BASE, 0, &region));
    struct ir_func *f = lift_region(&arena, &region, &(struct lift_how){0});
    ck_assert_uint_eq(end_of(f, 0)->mod, IR_EXIT_JUMP);
}
END_TEST

START_TEST(the_stack_pointer_is_checked_only_behind_odd_writes)
{
    TEXT(0xd10083ff /* sub sp, sp, #32 */, 0xf90003e0 /* str x0, [sp] */,
         0x9100003f /* mov sp, x1 */, 0xf90003e0, 0xf90007e0 /* str x0, [sp, #8] */, RET);
    struct ir_func *f = lift(&text, BASE, 0);
    unsigned guards = 0;
    for (u32 i = 1; i < f->count; i++)
        guards += f->inst[i].op == IR_GUARD && f->inst[i].mod == TRAP_SP_ODD;
    ck_assert_uint_eq(guards, 1);
}
END_TEST

/* What a check has done again from its start may have overwritten what isn't read. */
START_TEST(products_say_whether_their_register_is_read)
{
    static const struct {
        u32 word;
        bool unread;
    } of[] = {
        {0x1e620820, true},  /* fmul d0, d1, d2 */
        {0x1e620800, false}, /* fmul d0, d0, d2 */
        {0x1e600820, false}, /* fmul d0, d1, d0 */
        {0x1f420c20, true},  /* fmadd d0, d1, d2, d3 */
        {0x1f420020, false}, /* fmadd d0, d1, d2, d0 */
        {0x1f430800, false}, /* fmadd d0, d0, d3, d2 */
        {0x6e22dc20, true},  /* fmul v0.4s, v1.4s, v2.4s */
        {0x6e20dc20, false}, /* fmul v0.4s, v1.4s, v0.4s */
        {0x4fa29020, true},  /* fmul v0.4s, v1.4s, v2.s[1] */
        {0x4fa09020, false}, /* fmul v0.4s, v1.4s, v0.s[1] */
    };
    for (size_t n = 0; n < ARRAY_SIZE(of); n++) {
        struct text text = {(u32[]){of[n].word, RET}, 2};
        const struct ir_inst *set = find(lift(&text, BASE, 8), IR_SET);
        ck_assert_uint_eq(set->mod, of[n].unread);
    }
}
END_TEST

START_TEST(blocks_are_found_by_address)
{
    struct a64_block blocks[] = {{.pc = 8}, {.pc = 16}, {.pc = 64}};
    struct a64_region r = {.block = blocks, .block_count = 3};
    ck_assert_int_eq(a64_region_block_at(&r, 8), 0);
    ck_assert_int_eq(a64_region_block_at(&r, 16), 1);
    ck_assert_int_eq(a64_region_block_at(&r, 64), 2);
    ck_assert_int_eq(a64_region_block_at(&r, 12), -1);
    ck_assert_int_eq(a64_region_block_at(&r, 0), -1);
    ck_assert_int_eq(a64_region_block_at(&r, 68), -1);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lift");
    TCase *tc = tcase_create("lift");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, a_run_ends_where_code_ends);
    tcase_add_test(tc, a_run_has_a_limit);
    tcase_add_test(tc, nothing_readable_is_no_region);
    tcase_add_test(tc, a_branch_out_leaves_the_block_whole);
    tcase_add_test(tc, a_loop_stays_inside);
    tcase_add_test(tc, a_back_branch_at_the_limit_leaves_on_the_other_side);
    tcase_add_test(tc, a_loop_with_two_ways_stays_inside);
    tcase_add_test(tc, a_loop_with_a_call_on_one_side_stays_inside);
    tcase_add_test(tc, two_ways_without_a_loop_end_at_the_first);
    tcase_add_test(tc, a_jump_back_is_a_loop);
    tcase_add_test(tc, a_call_sets_the_link_and_leaves);
    tcase_add_test(tc, only_linkers_code_leads_to_the_same_each_time);
    tcase_add_test(tc, an_undefined_word_ends_with_a_trap);
    tcase_add_test(tc, dead_flags_at_a_target_are_seen);
    tcase_add_test(tc, flags_that_nothing_has_set_are_not_looked_for);
    tcase_add_test(tc, without_a_place_to_note_it_nothing_is_looked_at);
    tcase_add_test(tc, the_stack_pointer_is_checked_only_behind_odd_writes);
    tcase_add_test(tc, products_say_whether_their_register_is_read);
    tcase_add_test(tc, blocks_are_found_by_address);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
