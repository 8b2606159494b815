/*
 * The arithmetic coder: what was written is read back, in about as many bits as it should take, and
 * reading goes on harmlessly behind the end and in damage. FERRY_SEED.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "tests/lib/splitmix.h"
#include "aot/abi/coder.h"
#include "tests/lib/check.h"

#define NUMBERS 20000
#define ROOM    (NUMBERS * 10)

static u64 seed = 1;

static u64 next(void)
{
    return splitmix(&seed);
}

struct odds {
    coder_odds bit[4], small[16], length[CODER_LENGTHS];
};

static void even(struct odds *o)
{
    coder_odds *at = (coder_odds *)o;
    for (size_t n = 0; n < sizeof *o / sizeof *at; n++) at[n] = CODER_EVEN;
}

static u8 room[ROOM];
static u64 number[NUMBERS];

/* One number of each kind in turn. */
static u64 code(struct coder *c, struct odds *o, unsigned n, u64 value)
{
    switch (n % 4) {
    case 0: return coder_bit(c, &o->bit[n / 4 % 4], value & 1);
    case 1: return coder_even_bit(c, value & 1);
    case 2: return coder_number(c, o->small, 4, (u32)value & 15);
    default: return coder_any(c, o->length, value);
    }
}

static u64 value_for(unsigned n)
{
    static const u64 mask[] = {1, 1, 15, UINT64_MAX};
    return number[n] & mask[n % 4];
}

START_TEST(comes_back)
{
    seed = test_setting("FERRY_SEED", 1);
    for (u64 tries = test_cases(50); tries > 0; tries--) {
        struct coder c;
        struct odds o;
        unsigned count = (unsigned)(next() % NUMBERS);
        for (unsigned n = 0; n < count; n++) number[n] = tries % 2 ? next() >> next() % 64 : 0;
        even(&o);
        coder_write(&c, room, sizeof room);
        for (unsigned n = 0; n < count; n++)
            ck_assert_uint_eq(code(&c, &o, n, number[n]), value_for(n));
        coder_end(&c);
        ck_assert(!c.overflow);
        const u8 *end = c.out;
        even(&o);
        coder_read(&c, room, end);
        for (unsigned n = 0; n < count; n++) ck_assert_uint_eq(code(&c, &o, n, 0), value_for(n));
        ck_assert(!c.overflow);
    }
}
END_TEST

START_TEST(takes_little_room)
{
    struct coder c;
    coder_odds odds = CODER_EVEN;
    unsigned set = 0;
    coder_write(&c, room, sizeof room);
    for (unsigned n = 0; n < 80000; n++) set += coder_bit(&c, &odds, next() % 10 == 0);
    coder_end(&c);
    /* A bit that is set in one of ten cases is worth 0.469 bits. */
    ck_assert(set > 7600 && set < 8400);
    ck_assert_int_lt(c.out - room, 80000 * 0.49 / 8);
}
END_TEST

START_TEST(ends_are_safe)
{
    struct coder c;
    struct odds o;
    even(&o);
    coder_write(&c, room, 4);
    for (unsigned n = 0; n < 100; n++) code(&c, &o, n, next());
    coder_end(&c);
    ck_assert(c.overflow);
    ck_assert(c.out <= room + 4);
    for (unsigned tries = 0; tries < 1000; tries++) {
        for (unsigned n = 0; n < 16; n++) room[n] = (u8)next();
        even(&o);
        coder_read(&c, room, room + next() % 16);
        unsigned n = 0;
        while (n < 100000 && !c.overflow) code(&c, &o, n++, 0);
        ck_assert(c.overflow);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("coder");
    TCase *tests = tcase_create("coder");
    tcase_add_test(tests, comes_back);
    tcase_add_test(tests, takes_little_room);
    tcase_add_test(tests, ends_are_safe);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
