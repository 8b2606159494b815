/*
 * Which functions get copies where they are called (aot/disc/inline.c).
 */
#include "aot/disc/disc.h"
#include "tests/lib/check.h"

#include <stdlib.h>
#include <string.h>

#define BASE      UINT64_C(0x10000)
#define MAX_WORDS 256

#define BL(words)   (0x94000000 | ((u32)(words)&0x3ffffff))
#define B(words)    (0x14000000 | ((u32)(words)&0x3ffffff))
#define CBNZ(words) (0xb5000000 | ((u32)(words)&0x7ffff) << 5) /* x0 */
#define BLR_X1      0xd63f0020
#define BLR_LINK    0xd63f03c0
#define BLR_X17     0xd63f0220
#define ADRP_X16    0x90000010
#define LDR_X17     0xf9400611 /* ldr x17, [x16, #8] */
#define ADD_X16     0x91002210
#define BR_X17      0xd61f0220
#define RET         0xd65f03c0
#define RET_X1      0xd65f0020
#define NOP         0xd503201f
#define ADD         0x91000400 /* add x0, x0, #1 */
#define MOV_LINK    0xaa0003fe /* mov x30, x0 */
#define LDP_LINK    0xa9407bfd /* ldp x29, x30, [sp] */
#define CAS_LINK    0x88be7c01 /* cas w30, w1, [x0] */
#define STXR_LINK   0x881e7c01 /* stxr w30, w1, [x0] */
#define SVC         0xd4000001
#define ADD_V30     0x4ebe87de /* add v30.4s, v30.4s, v30.4s */
#define FADD_D30    0x1e7e2bde /* fadd d30, d30, d30 */
#define FMOV_LINK   0x9e66001e /* fmov x30, d0 */
#define FCVTZS_LINK 0x9e78001e /* fcvtzs x30, d0 */
#define FIXED_LINK  0x9e58fc1e /* fcvtzs x30, d0, #1 */
#define UMOV_LINK   0x4e083c1e /* umov x30, v0.d[0] */
#define SMOV_LINK   0x4e042c1e /* smov x30, v0.s[0] */
#define BR          0xd61f0000
#define BRK         0xd4200000

struct text {
    u32 word[MAX_WORDS];
    u32 count;
    u64 returns; /* is_return is false for this one */
};

static u32 low; /* so many of a text's last words are at address 0 too */

static struct arena arena;
static struct a64_region region;

static void setup(void)
{
    arena_init(&arena);
    low = 0;
}

static void teardown(void)
{
    arena_free(&arena);
}

static size_t read_text(void *context, u64 pc, u32 *words, size_t max)
{
    const struct text *t = context;
    u64 at = pc < 4 * (u64)low ? t->count - low + pc / 4 : (pc - BASE) / 4;
    if ((pc < BASE && pc >= 4 * (u64)low) || at >= t->count) return 0;
    if (t->count - at < max) max = t->count - at;
    memcpy(words, t->word + at, max * sizeof *words);
    return max;
}

static bool is_entry(void *context, u64 pc)
{
    (void)context;
    (void)pc;
    return false;
}

static bool is_return(void *context, u64 pc)
{
    return pc != ((const struct text *)context)->returns;
}

/* Inlines in the region at BASE; the number of calls that got copies. */
static u32 inlined_by(struct text *t, const struct profile *p)
{
    struct code_view view = {
        .read = read_text, .is_entry = is_entry, .is_return = is_return, .context = t};
    ck_assert(disc_function(&arena, &view, BASE, &region));
    disc_inline(&arena, &view, p, &region);
    return region.inlined_count;
}

static u32 inlined(struct text *t)
{
    return inlined_by(t, NULL);
}

START_TEST(each_call_has_a_copy_of_its_own)
{
    struct text t = {{BL(4), BL(3), NOP, RET, ADD, RET}, 6, 0};
    ck_assert_uint_eq(inlined(&t), 2);
    ck_assert_uint_eq(region.block_count, 5);
    ck_assert_uint_eq(region.insn_count, 8);
    ck_assert_uint_eq(region.copied, 4);
    static const u64 pc[] = {0, 16, 4, 16, 8};
    static const u32 calls[] = {1, 0, 2, 0, 0}, of[] = {0, 1, 0, 2, 0};
    for (u32 n = 0; n < 5; n++) {
        ck_assert_uint_eq(region.block[n].pc, BASE + pc[n]);
        ck_assert_uint_eq(region.block[n].calls, calls[n]);
        ck_assert_uint_eq(region.block[n].of, of[n]);
        ck_assert_int_eq(region.block[n].entry, n == 0);
    }
    ck_assert_uint_eq(region.inlined[0].first, 1);
    ck_assert_uint_eq(region.inlined[0].behind, 2);
    ck_assert_uint_eq(region.inlined[1].behind, 4);
    ck_assert_int_eq(a64_region_block_at(&region, BASE + 4), 2);
    ck_assert_int_eq(a64_region_block_at(&region, BASE + 16), -1);
    ck_assert_int_eq(a64_region_copy_at(&region, &region.inlined[1], BASE + 16), 3);
    ck_assert_int_eq(a64_region_copy_at(&region, &region.inlined[1], BASE + 4), -1);
}
END_TEST

START_TEST(branches_stay_in_the_copy)
{
    struct text t = {{BL(2), RET, CBNZ(3), ADD, RET, ADD, CBNZ(-1), RET}, 8, 0};
    ck_assert_uint_eq(inlined(&t), 1);
    ck_assert_uint_eq(region.inlined[0].count, 4);
    ck_assert_int_eq(a64_region_copy_at(&region, &region.inlined[0], BASE + 20), 3);
}
END_TEST

START_TEST(what_others_lead_to_stays_an_entry)
{
    struct text t = {{BL(2), RET, ADD, RET}, 4, BASE + 4};
    ck_assert_uint_eq(inlined(&t), 1);
    ck_assert(region.block[2].entry);
}
END_TEST

static const struct text left_alone[] = {
    {{BL(2), RET, BL(2), RET, RET}, 5, 0}, /* calls */
    {{BL(2), RET, MOV_LINK, RET}, 4, 0},   /* writes x30 */
    {{BL(2), RET, LDP_LINK, RET}, 4, 0},   /* likewise */
    {{BL(2), RET, CAS_LINK, RET}, 4, 0},   /* what was there */
    {{BL(2), RET, STXR_LINK, RET}, 4, 0},  /* whether it stored */
    {{BL(2), RET, RET_X1}, 3, 0},          /* returns elsewhere */
    {{BL(2), RET, ADD, B(-2)}, 4, 0},      /* leaves, into the region */
    {{BL(2), RET, CBNZ(100), RET}, 4, 0},  /* leaves, perhaps */
    {{BL(2), RET, ADD, BR}, 4, 0},         /* leaves to anywhere */
    {{BL(2), RET, SVC, RET}, 4, 0},        /* a system call */
    {{BL(2), RET, ADD, BRK}, 4, 0},        /* never returns */
    {{BL(2), RET, ADD, ADD}, 4, 0},        /* its end can't be read */
    {{BL(100), RET}, 2, 0},                /* nor its start */
    {{BL(0), RET}, 2, 0},                  /* itself */
    {{B(2), RET, BL(-1)}, 3, 0},           /* nothing is behind the call */
};

START_TEST(others_are_left_alone)
{
    struct text t = left_alone[_i];
    ck_assert_uint_eq(inlined(&t), 0);
    ck_assert_ptr_null(region.own);
}
END_TEST

START_TEST(long_ones_are_left_alone)
{
    struct text t = {{BL(2), RET}, 2, 0};
    while (t.count < 17) t.word[t.count++] = ADD;
    t.word[t.count++] = RET;
    ck_assert_uint_eq(inlined(&t), 1);
    t.word[t.count - 1] = ADD;
    t.word[t.count++] = RET;
    ck_assert_uint_eq(inlined(&t), 0);
}
END_TEST

/* Of a thousand samples one is in the callee: enough for a longer one, if it was called from here.
 */
START_TEST(hot_ones_may_be_longer)
{
    struct code_view view = {.read = read_text, .is_entry = is_entry};
    struct text t = {{BL(2), RET}, 2, 0};
    while (t.count < 60) t.word[t.count++] = ADD;
    t.word[t.count++] = RET;
    view.context = &t;
    static const struct profile_weight weight[] = {{BASE, 7}, {BASE + 8, 2}, {BASE + 40, 3}},
                                       elsewhere[] = {{BASE + 400, 12}};
    struct profile_call call[] = {{BASE, BASE + 4, 9}, {BASE, BASE + 8, 1}, {BASE + 4, BASE, 9}};
    struct profile p = {elsewhere, 1, call, 3, 1000};
    for (unsigned hot = 0; hot < 2; hot++) {
        call[1].samples = hot;
        ck_assert(disc_function(&arena, &view, BASE, &region));
        disc_inline(&arena, &view, &p, &region);
        ck_assert_uint_eq(region.inlined_count, hot);
    }
    call[1].samples = 0; /* once it has a copy, that both run is as good */
    struct profile_weight both[] = {{BASE, 1}, {BASE + 8, 1}};
    struct profile later = {both, 2, call, 3, 1000};
    for (unsigned hot = 0; hot < 2; hot++) {
        both[1].samples = hot;
        ck_assert(disc_function(&arena, &view, BASE, &region));
        disc_inline(&arena, &view, &later, &region);
        ck_assert_uint_eq(region.inlined_count, hot);
    }
    p.weight = weight;
    p.weight_count = 3;
    disc_weigh(&p, &region);
    ck_assert_uint_eq(region.block[0].samples, 7);
    ck_assert_uint_eq(region.block[1].samples, 5);
    ck_assert_uint_eq(region.block[2].samples, 0);
}
END_TEST

/* Of which a profile says nothing: those that are called as such do without one, too. */
START_TEST(small_ones_need_not_be_hot)
{
    struct text direct = {{BL(2), RET, ADD, RET}, 4, 0};
    struct text indirect = {{BLR_X1, NOP, RET, ADD, RET}, 5, 0};
    struct profile_weight elsewhere[] = {{BASE + 400, 10000}};
    struct profile_call call[] = {{BASE, BASE + 12, 1}};
    struct profile p = {elsewhere, 1, call, 1, 10000};
    ck_assert_uint_eq(inlined_by(&direct, &p), 1);
    ck_assert_uint_eq(inlined_by(&indirect, &p), 0);
}
END_TEST

/* A call to so many of a vector's instructions and so many others. */
static u32 inlined_of_vectors(u32 vectors, u32 others, u32 vector)
{
    struct text t = {{BL(102), RET}, 2, 0};
    while (t.count < 102) t.word[t.count++] = NOP;
    for (u32 n = 0; n < vectors; n++) t.word[t.count++] = vector;
    for (u32 n = 0; n < others; n++) t.word[t.count++] = ADD;
    t.word[t.count++] = RET;
    return inlined_by(&t, NULL);
}

START_TEST(small_ones_of_vectors_may_be_longer)
{
    ck_assert_uint_eq(inlined_of_vectors(15, 0, ADD_V30), 1);
    ck_assert_uint_eq(inlined_of_vectors(63, 0, ADD_V30), 1);
    ck_assert_uint_eq(inlined_of_vectors(63, 0, FADD_D30), 1);
    ck_assert_uint_eq(inlined_of_vectors(64, 0, ADD_V30), 0);
    ck_assert_uint_eq(inlined_of_vectors(30, 9, ADD_V30), 1);
    ck_assert_uint_eq(inlined_of_vectors(30, 10, ADD_V30), 0);
}
END_TEST

START_TEST(those_that_write_the_link_are_left_alone)
{
    static const u32 word[] = {FMOV_LINK, FCVTZS_LINK, FIXED_LINK, UMOV_LINK, SMOV_LINK};
    for (size_t n = 0; n < ARRAY_SIZE(word); n++)
        ck_assert_uint_eq(inlined_of_vectors(1, 0, word[n]), 0);
}
END_TEST

START_TEST(an_indirect_call_has_a_guard)
{
    struct text t = {{BLR_X1, NOP, RET, ADD, RET}, 5, 0};
    struct profile_call call[] = {{BASE, BASE + 8, 1}, {BASE, BASE + 12, 3}};
    struct profile p = {NULL, 0, call, 2, 1000};
    ck_assert_uint_eq(inlined(&t), 0);
    ck_assert_uint_eq(inlined_by(&t, &p), 1);
    static const u64 pc[] = {0, 12, 0, 4};
    ck_assert_uint_eq(region.block_count, 4);
    for (u32 n = 0; n < 4; n++) {
        ck_assert_uint_eq(region.block[n].pc, BASE + pc[n]);
        ck_assert_uint_eq(region.block[n].calls, n == 0 || n == 2);
        ck_assert_uint_eq(region.block[n].of, n == 1);
        ck_assert_int_eq(region.block[n].failed, n == 2);
        ck_assert_int_eq(region.block[n].entry, n == 0 || n == 3); /* others return there */
    }
    ck_assert_uint_eq(region.block[2].count, 1);
    ck_assert_uint_eq(region.block[2].word[0], BLR_X1);
    ck_assert_uint_eq(region.copied, 3);
    ck_assert_uint_eq(region.insn_count, 6);
    ck_assert_uint_eq(region.inlined[0].first, 1);
    ck_assert_uint_eq(region.inlined[0].count, 1);
    ck_assert_uint_eq(region.inlined[0].behind, 3);
    ck_assert_uint_eq(region.inlined[0].assumed, BASE + 12);
    ck_assert_int_eq(a64_region_block_at(&region, BASE + 4), 3);
}
END_TEST

START_TEST(a_call_by_a_stub_has_a_guard)
{
    struct text t = {{BL(3), NOP, RET, ADRP_X16, LDR_X17, ADD_X16, BR_X17, ADD, RET}, 9, 0};
    struct profile_call call[] = {{BASE, BASE + 28, 5}};
    struct profile p = {NULL, 0, call, 1, 1000};
    ck_assert_uint_eq(inlined(&t), 0);
    ck_assert_uint_eq(inlined_by(&t, &p), 1);
    static const u64 pc[] = {0, 12, 28, 0, 4};
    ck_assert_uint_eq(region.block_count, 5);
    for (u32 n = 0; n < 5; n++) {
        ck_assert_uint_eq(region.block[n].pc, BASE + pc[n]);
        ck_assert_uint_eq(region.block[n].calls, n < 4 && n != 2);
        ck_assert_uint_eq(region.block[n].of, n == 1 || n == 2);
        ck_assert_int_eq(region.block[n].failed, n == 3);
    }
    ck_assert_uint_eq(region.block[1].count, 4);
    ck_assert_uint_eq(region.block[3].word[0], BLR_X17);
    ck_assert_uint_eq(region.inlined[0].start, 1);
    ck_assert_uint_eq(region.inlined[0].first, 2);
    ck_assert_uint_eq(region.inlined[0].behind, 4);
    ck_assert_uint_eq(region.insn_count, 10);
    call[0].to = BASE + 12; /* the stub itself */
    ck_assert_uint_eq(inlined_by(&t, &p), 0);
}
END_TEST

START_TEST(so_has_one_of_what_is_at_address_0)
{
    struct text t = {{BLR_X1, NOP, RET, ADD, RET}, 5, 0};
    struct profile_call call[] = {{BASE, 0, 3}};
    struct profile p = {NULL, 0, call, 1, 1000};
    low = 2;
    ck_assert_uint_eq(inlined_by(&t, &p), 1);
    ck_assert(region.inlined[0].guarded);
    ck_assert_uint_eq(region.inlined[0].behind, 3);
    ck_assert(region.block[2].failed && region.block[3].entry);
}
END_TEST

START_TEST(what_calls_this_and_that_has_none)
{
    struct text t = {{BLR_X1, NOP, RET, ADD, RET}, 5, 0};
    struct profile_call call[] = {{BASE, BASE + 8, 2}, {BASE, BASE + 12, 5}};
    struct profile p = {NULL, 0, call, 2, 1000};
    ck_assert_uint_eq(inlined_by(&t, &p), 0);
    call[1].samples = 6;
    ck_assert_uint_eq(inlined_by(&t, &p), 1);
    t.word[0] = BLR_LINK; /* the call itself overwrites where it goes */
    ck_assert_uint_eq(inlined_by(&t, &p), 0);
}
END_TEST

START_TEST(a_region_grows_only_so_much)
{
    struct text t = {{0}, 0, 0};
    u32 calls = 40;
    for (u32 n = 0; n < calls; n++, t.count++) t.word[n] = BL(calls + 1 - n);
    t.word[t.count++] = RET;
    for (u32 n = 0; n < 15; n++) t.word[t.count++] = ADD;
    t.word[t.count++] = RET;
    u32 count = inlined(&t);
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_lt(count, calls);
    ck_assert_uint_eq(region.insn_count, calls + 1 + 16 * count);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("disc_inline");
    TCase *tc = tcase_create("all");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, each_call_has_a_copy_of_its_own);
    tcase_add_test(tc, branches_stay_in_the_copy);
    tcase_add_test(tc, what_others_lead_to_stays_an_entry);
    tcase_add_loop_test(tc, others_are_left_alone, 0, (int)ARRAY_SIZE(left_alone));
    tcase_add_test(tc, long_ones_are_left_alone);
    tcase_add_test(tc, hot_ones_may_be_longer);
    tcase_add_test(tc, small_ones_need_not_be_hot);
    tcase_add_test(tc, small_ones_of_vectors_may_be_longer);
    tcase_add_test(tc, those_that_write_the_link_are_left_alone);
    tcase_add_test(tc, an_indirect_call_has_a_guard);
    tcase_add_test(tc, a_call_by_a_stub_has_a_guard);
    tcase_add_test(tc, so_has_one_of_what_is_at_address_0);
    tcase_add_test(tc, what_calls_this_and_that_has_none);
    tcase_add_test(tc, a_region_grows_only_so_much);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
