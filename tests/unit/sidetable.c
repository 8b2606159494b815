/*
 * Side tables: what was written is read back at each point, and a damaged table is never read
 * outside its bounds (it lies against a page that cannot be touched). FERRY_CASES, FERRY_SEED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/lib/setting.h"
#include "tests/lib/splitmix.h"
#include "aot/abi/convention.h"
#include "aot/abi/sidetable.h"
#include "tests/lib/check.h"

#define START_PC   UINT64_C(0x400000)
#define MAX_POINTS 40
#define ROOM       65536

static u64 seed;

static u64 next(void)
{
    return splitmix(&seed);
}

static u64 below(u64 n)
{
    return next() % n;
}

struct point {
    u32 offset;
    u8 kind;
    u64 pc;
    struct loc loc[SLOT_COUNT];
};

static u8 *end_of_room; /* a page behind it cannot be read */

static void open_room(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    u8 *p = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(p != MAP_FAILED);
    ck_assert_int_eq(mprotect(p + ROOM, page, PROT_NONE), 0);
    end_of_room = p + ROOM;
}

/* Where a register's value can be; NZCV has places of its own. */
static struct loc random_loc(unsigned slot)
{
    static const u8 integer[] = {LOC_HOME, LOC_GPR, LOC_GPR32, LOC_CONST, LOC_SCRATCH};
    static const u8 vector[] = {LOC_HOME,  LOC_XMM,       LOC_XMM64,
                                LOC_XMM32, LOC_XMM_UPPER, LOC_SCRATCH};
    static const u8 flags[] = {LOC_HOME, LOC_EFLAGS, LOC_EFLAGS_BORROW, LOC_EFLAGS_FCMP};
    struct loc loc = {0, (u8)below(16), 0};
    if (slot == SLOT_NZCV)
        loc.kind = flags[below(ARRAY_SIZE(flags))];
    else if (slot_info(slot)->kind == SLOT_VEC128)
        loc.kind = vector[below(ARRAY_SIZE(vector))];
    else
        loc.kind = integer[below(ARRAY_SIZE(integer))];
    if (loc.kind == LOC_CONST) loc.value = next() >> below(64);
    if (loc.kind == LOC_SCRATCH) loc.value = below(64);
    return loc;
}

/* Where everything is at region borders. */
static void start_places(struct loc loc[SLOT_COUNT])
{
    memset(loc, 0, SLOT_COUNT * sizeof *loc);
#define CARRY(slot, number, name) loc[slot] = (struct loc){LOC_GPR, number, 0};
    CARRIED_SLOTS(CARRY)
#undef CARRY
}

/* Writes a table of random records; its size. Points get what must be found. */
static size_t write_table(u8 *room, size_t size, struct point *points, unsigned *count)
{
    struct side_writer w;
    struct loc loc[SLOT_COUNT];
    u32 offset = 0;
    u64 pc = START_PC;
    start_places(loc);
    side_start(&w, room, size, START_PC);
    for (*count = 0; *count < MAX_POINTS;) {
        for (u64 n = below(6); n > 0; n--) {
            unsigned slot = (unsigned)below(SLOT_COUNT);
            loc[slot] = random_loc(slot);
            side_place(&w, slot, loc[slot]);
        }
        if (below(8) == 0) {
            start_places(loc);
            side_home(&w);
        }
        offset += (u32)(1 + below(below(4) ? 12 : 100000));
        pc += below(4) ? 4 : (below(2000) - 1000) * 4;
        struct point *p = &points[(*count)++];
        *p = (struct point){.offset = offset, .kind = (u8)below(2), .pc = pc};
        memcpy(p->loc, loc, sizeof loc);
        side_point(&w, p->kind, offset, pc);
    }
    ck_assert(!w.overflow);
    return (size_t)(w.at - room);
}

static void check_point(const u8 *side, size_t size, const struct point *p)
{
    struct frame_state fs;
    ck_assert(side_find(side, size, START_PC, p->kind, p->offset, &fs));
    ck_assert_uint_eq(fs.pc, p->pc);
    ck_assert_uint_eq(fs.kind, p->kind);
    for (unsigned s = 0; s < SLOT_COUNT; s++) {
        ck_assert_msg(fs.loc[s].kind == p->loc[s].kind && fs.loc[s].value == p->loc[s].value,
                      "%s is in place %u, not %u", slot_info(s)->name, fs.loc[s].kind,
                      p->loc[s].kind);
        if (p->loc[s].kind != LOC_HOME) ck_assert_uint_eq(fs.loc[s].reg, p->loc[s].reg);
    }
    ck_assert(!side_find(side, size, START_PC, !p->kind, p->offset, &fs));
}

START_TEST(what_is_written_is_read)
{
    static u8 room[ROOM];
    static struct point points[MAX_POINTS];
    unsigned count;
    for (u64 n = test_cases(300); n > 0; n--) {
        size_t size = write_table(room, sizeof room, points, &count);
        u8 *side = end_of_room - size;
        memcpy(side, room, size);
        for (unsigned k = 0; k < count; k++) check_point(side, size, &points[k]);
    }
}
END_TEST

START_TEST(both_kinds_of_point_at_one_offset)
{
    u8 room[256];
    struct side_writer w;
    struct frame_state fs;
    side_start(&w, room, sizeof room, START_PC);
    side_place(&w, 3, (struct loc){LOC_GPR, 5, 0});
    side_point(&w, POINT_SAFEPOINT, 7, START_PC + 8);
    side_place(&w, 3, (struct loc){LOC_CONST, 0, 99});
    side_point(&w, POINT_FAULT, 7, START_PC + 4);
    size_t size = (size_t)(w.at - room);
    ck_assert(side_find(room, size, START_PC, POINT_SAFEPOINT, 7, &fs));
    ck_assert(fs.pc == START_PC + 8 && fs.loc[3].kind == LOC_GPR && fs.loc[3].reg == 5);
    ck_assert(side_find(room, size, START_PC, POINT_FAULT, 7, &fs));
    ck_assert(fs.pc == START_PC + 4 && fs.loc[3].kind == LOC_CONST && fs.loc[3].value == 99);
    ck_assert(!side_find(room, size, START_PC, POINT_FAULT, 6, &fs));
    ck_assert(!side_find(room, size, START_PC, POINT_FAULT, 8, &fs));
    ck_assert(!side_find(room, 0, START_PC, POINT_FAULT, 0, &fs));
}
END_TEST

static struct nzcv_operand random_operand(unsigned slots)
{
    unsigned kind = (unsigned)below(4);
    if (kind == NZCV_SUM) slots = SLOT_V0;
    return (struct nzcv_operand){.kind = (u8)kind,
                                 .n = (u8)(kind == NZCV_CONST ? 0 : below(slots)),
                                 .value = kind == NZCV_CONST || kind == NZCV_SUM ? (s64)next() : 0};
}

static bool same_operand(const struct nzcv_operand *a, const struct nzcv_operand *b)
{
    return a->kind == b->kind && a->n == b->n && a->value == b->value;
}

static struct nzcv_expr random_expr(void)
{
    u8 kind = (u8)(NZCV_OF_SUB + below(NZCV_OF_FCMP));
    unsigned slots = kind == NZCV_OF_FCMP ? SLOT_REGISTERS : SLOT_V0;
    return (struct nzcv_expr){.kind = kind,
                              .wide = below(2),
                              .mark = (u8)below(256),
                              .a = random_operand(slots),
                              .b = random_operand(slots)};
}

static bool same_expr(const struct nzcv_expr *x, const struct nzcv_expr *y)
{
    return x->kind == y->kind && x->wide == y->wide && x->mark == y->mark &&
           same_operand(&x->a, &y->a) && same_operand(&x->b, &y->b);
}

START_TEST(flags_as_expressions)
{
    for (unsigned n = 0; n < 1000; n++) {
        u8 room[256];
        struct side_writer w;
        struct frame_state fs;
        struct nzcv_ways ways = {.count = (u16)(1 + below(NZCV_WAYS))};
        for (u32 k = 0; k < ways.count; k++) ways.x[k] = random_expr();
        side_start(&w, room, sizeof room, START_PC);
        side_place_flags(&w, &ways);
        side_point(&w, POINT_FAULT, 5, START_PC);
        ck_assert(side_find(room, (size_t)(w.at - room), START_PC, POINT_FAULT, 5, &fs));
        ck_assert(fs.loc[SLOT_NZCV].kind == LOC_FLAGS && fs.nzcv.count == ways.count);
        for (u32 k = 0; k < ways.count; k++) ck_assert(same_expr(&fs.nzcv.x[k], &ways.x[k]));
    }
}
END_TEST

/* Numbers in ascending order; the last are NaNs. */
START_TEST(flags_of_floating_point_compares)
{
    static const u64 wide[] = {
        0xfff0000000000000, 0xbff0000000000000, 0x8000000000000001, 0, 1, 0x3ff0000000000000,
        0x7ff0000000000000, 0x7ff8000000000000, 0xfff8000000000001};
    static const u32 narrow[] = {0xff800000, 0xbf800000, 0x80000001, 0,         1,
                                 0x3f800000, 0x7f800000, 0x7fc00000, 0xffc00001};
    unsigned count = ARRAY_SIZE(wide), numbers = count - 2;
    for (unsigned a = 0; a < count; a++) {
        for (unsigned b = 0; b < count; b++) {
            u32 expected = a >= numbers || b >= numbers ? NZCV_C | NZCV_V
                           : a == b                     ? NZCV_Z | NZCV_C
                           : a < b                      ? NZCV_N
                                                        : NZCV_C;
            struct nzcv_expr x = {.kind = NZCV_OF_FCMP, .wide = true};
            ck_assert_uint_eq(nzcv_of(&x, wide[a], wide[b]), expected);
            x.wide = false; /* what is above doesn't count */
            u64 high = next() << 32;
            ck_assert_uint_eq(nzcv_of(&x, high | narrow[a], narrow[b]), expected);
        }
    }
    struct nzcv_expr x = {.kind = NZCV_OF_FCMP, .wide = true};
    ck_assert_uint_eq(nzcv_of(&x, UINT64_C(1) << 63, 0), NZCV_Z | NZCV_C);
    x.wide = false;
    ck_assert_uint_eq(nzcv_of(&x, 0, UINT64_C(1) << 31), NZCV_Z | NZCV_C);
}
END_TEST

/* Nothing is written past the room, whatever its size, and the lack of it is told. */
START_TEST(a_writer_keeps_to_its_room)
{
    for (size_t size = 0; size < 200; size++) {
        struct side_writer w;
        u8 *room = end_of_room - size;
        unsigned places = 0;
        side_start(&w, room, size, START_PC);
        for (; !w.overflow && places < 100; places++) {
            side_place(&w, places % SLOT_COUNT, (struct loc){LOC_CONST, 0, next()});
            if (places % 3 == 0) side_point(&w, POINT_FAULT, places * 1000, next());
            if (places % 5 == 0) side_home(&w);
        }
        ck_assert(w.overflow);
        ck_assert(w.at >= room && w.at <= end_of_room);
    }
}
END_TEST

static void damage(u8 *side, size_t size)
{
    for (u64 n = 1 + below(4); n > 0; n--) {
        u8 *byte = &side[below(size)];
        switch (below(3)) {
        case 0: *byte ^= (u8)(1u << below(8)); break;
        case 1: *byte = (u8)next(); break;
        default: *byte = 0xff; break;
        }
    }
}

START_TEST(a_damaged_table_is_read_inside_its_bounds)
{
    static u8 room[ROOM];
    static struct point points[MAX_POINTS];
    struct frame_state fs;
    unsigned count;
    for (u64 n = test_cases(300) * 10; n > 0; n--) {
        size_t whole = write_table(room, sizeof room, points, &count);
        size_t size = below(3) ? whole : 1 + below(whole);
        u8 *side = end_of_room - size;
        memcpy(side, room, size);
        damage(side, size);
        for (unsigned k = 0; k < count; k += 7)
            side_find(side, size, START_PC, points[k].kind, points[k].offset, &fs);
        side_find(side, size, START_PC, POINT_FAULT, UINT32_MAX, &fs);
    }
}
END_TEST

/* A table cut off gives the points before the cut and no others. */
START_TEST(a_table_that_is_cut_off)
{
    static u8 room[ROOM];
    static struct point points[MAX_POINTS];
    struct frame_state fs;
    unsigned count;
    size_t whole = write_table(room, sizeof room, points, &count);
    const struct point *last = &points[count - 1];
    for (size_t size = 0; size < whole; size++) {
        u8 *side = end_of_room - size;
        memcpy(side, room, size);
        ck_assert(!side_find(side, size, START_PC, last->kind, last->offset, &fs));
    }
}
END_TEST

static void setup(void)
{
    seed = test_setting("FERRY_SEED", 1);
    open_room();
}

int main(void)
{
    Suite *s = suite_create("sidetable");
    TCase *t = tcase_create("tables");
    tcase_set_timeout(t, 60);
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, what_is_written_is_read);
    tcase_add_test(t, both_kinds_of_point_at_one_offset);
    tcase_add_test(t, flags_as_expressions);
    tcase_add_test(t, flags_of_floating_point_compares);
    tcase_add_test(t, a_writer_keeps_to_its_room);
    tcase_add_test(t, a_damaged_table_is_read_inside_its_bounds);
    tcase_add_test(t, a_table_that_is_cut_off);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
