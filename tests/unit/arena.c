/*
 * The arena: alignment, no overlap, memory that is kept over a reset.
 */
#include <stdlib.h>
#include <string.h>

#include "aot/base/arena.h"
#include "tests/lib/check.h"

#define COUNT 4000

static struct arena a;

static void setup(void)
{
    arena_init(&a);
}

static void teardown(void)
{
    arena_free(&a);
}

static bool all_are(const u8 *p, size_t size, u8 value)
{
    for (size_t n = 0; n < size; n++)
        if (p[n] != value) return false;
    return true;
}

START_TEST(allocations_are_aligned_and_apart)
{
    static u8 *at[COUNT];
    static size_t size[COUNT];
    u32 random = 1;
    for (size_t n = 0; n < COUNT; n++) {
        random = random * 1664525 + 1013904223;
        size[n] = random >> 20 & 0x3ff;
        if (n % 500 == 499) size[n] = 700000; /* more than a block */
        at[n] = arena_alloc(&a, size[n]);
        ck_assert_uint_eq((u64)at[n] % 16, 0);
        memset(at[n], (int)n, size[n]);
    }
    for (size_t n = 0; n < COUNT; n++) ck_assert(all_are(at[n], size[n], (u8)n));
}
END_TEST

START_TEST(cleared_memory_is_clear_when_used_again)
{
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 1000; n++) {
            u8 *p = arena_zalloc(&a, 333);
            ck_assert(all_are(p, 333, 0));
            memset(p, 0xa5, 333);
        }
        arena_reset(&a);
    }
}
END_TEST

/* The same allocations after a reset come from blocks that are there already. */
START_TEST(a_reset_keeps_the_memory)
{
    u8 *blocks[8];
    size_t known = 0;
    for (int round = 0; round < 5; round++) {
        for (size_t n = 0; n < 7; n++) {
            u8 *p = arena_alloc(&a, 200000); /* one a block */
            bool seen = false;
            for (size_t k = 0; k < known; k++) seen |= blocks[k] == p;
            ck_assert(seen || round == 0);
            if (!seen) blocks[known++] = p;
        }
        arena_reset(&a);
    }
    ck_assert_uint_eq(known, 7);
}
END_TEST

START_TEST(an_empty_arena)
{
    arena_reset(&a);
    arena_free(&a);
    arena_free(&a);
    ck_assert_ptr_nonnull(arena_alloc(&a, 0));
    ck_assert_ptr_nonnull(arena_alloc(&a, 1));
}
END_TEST

int main(void)
{
    Suite *s = suite_create("arena");
    TCase *t = tcase_create("arena");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, allocations_are_aligned_and_apart);
    tcase_add_test(t, cleared_memory_is_clear_when_used_again);
    tcase_add_test(t, a_reset_keeps_the_memory);
    tcase_add_test(t, an_empty_arena);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
