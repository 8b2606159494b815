/*
 * Code memory (rt/jit/code.c) with made-up translations: publishing, lookup, links, invalidation,
 * eviction, fork.
 *
 * A made-up region is `mov eax, VALUE; ret`, or a jump through a cell whose stub returns the cell's
 * address as a link's does. They are called as C functions.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rt/jit/image.h"
#include "rt/jit/jit.h"
#include "rt/log.h"
#include "rt/options.h"
#include "rt/stats.h"
#include "rt/translate.h"
#include "tests/lib/check.h"

/* --- what code.c needs of the runtime ------------------------------------------------------------
 */

struct options options = {.warm = 50};
const char engine_leave_indirect[1]; /* nothing is entered by it here */
u32 log_mask;
u64 log_start, log_end;
u64 stats[STAT_COUNT];
bool stats_on;
static struct jit_thread jits[2];
static struct thread threads[2]; /* the address space's two threads */
static unsigned kicks;

void log_line(enum log_channel c, const char *format, ...)
{
    (void)c;
    (void)format;
}

void thread_each(void (*visit)(struct thread *t, void *context), void *context)
{
    for (size_t n = 0; n < ARRAY_SIZE(threads); n++) visit(&threads[n], context);
}

struct options options; /* none is set */

/* No images here. */
u8 *image_code(u64 pc)
{
    (void)pc;
    return NULL;
}

bool image_divert(const u8 *at, image_detour_fn *detour)
{
    (void)at;
    (void)detour;
    return false;
}

void image_reset_cells(void) {}
bool image_fill_cells(u64 address)
{
    return address == 0;
}

void image_give_back(u32 oldest)
{
    (void)oldest;
}

bool image_evict(u64 start, u64 end, u32 generation, image_kill_fn *kill)
{
    (void)start;
    (void)end;
    (void)generation;
    (void)kill;
    return false;
}

bool image_invalidate(u64 start, u64 end, u32 generation, image_kill_fn *kill)
{
    (void)start;
    (void)end;
    (void)generation;
    (void)kill;
    return false;
}

bool image_has_cache(u64 address)
{
    (void)address;
    return false;
}

u32 translate_detour(u8 *to, u64 pc)
{
    (void)to;
    (void)pc;
    return 0;
}

void jit_kick_all(void)
{
    kicks++;
}

/* --- made-up translations ------------------------------------------------------------------------
 */

#define CELL_JUMP 6 /* bytes of jmp [rip + cell] */

static u8 code[1 << 16];
static struct reloc relocs[2];
static struct cell cell;
static struct entry entry;
static struct guest_range range;
static u8 side[16];

static struct translation make(u64 pc, u32 size)
{
    entry = (struct entry){pc, 0};
    range = (struct guest_range){pc, pc + 16};
    memset(code, 0x90, sizeof code);
    memset(side, (int)(pc >> 2), sizeof side);
    return (struct translation){.code = code,
                                .code_size = size,
                                .insn_count = 4,
                                .entries = &entry,
                                .entry_count = 1,
                                .ranges = &range,
                                .range_count = 1,
                                .side = side,
                                .side_size = sizeof side};
}

/* Returns value. */
static struct region *publish_value(u64 pc, u32 value, u8 mode, u32 size)
{
    struct translation t = make(pc, size);
    code[0] = 0xb8;
    memcpy(code + 1, &value, 4);
    code[5] = 0xc3;
    struct code_stamp since = code_stamp();
    since.published = 0; /* begun before all others */
    return code_publish(&t, mode, since);
}

/* Jumps through its cell; the stub, where it leads at first, returns the cell's address. */
static struct region *publish_link(u64 pc)
{
    static const u8 bytes[] = {0xff, 0x25, 0, 0, 0, 0, 0x48, 0x8d, 0x05, 0, 0, 0, 0, 0xc3};
    struct translation t = make(pc, sizeof bytes);
    memcpy(code, bytes, sizeof bytes);
    relocs[0] = (struct reloc){.offset = 2, .kind = RELOC_CELL};
    relocs[1] = (struct reloc){.offset = CELL_JUMP + 3, .kind = RELOC_CELL};
    cell = (struct cell){.stub = CELL_JUMP, .target = pc + 16};
    t.relocs = relocs;
    t.reloc_count = 2;
    t.cells = &cell;
    t.cell_count = 1;
    return code_publish(&t, 0, code_stamp());
}

static u64 call(const struct region *r)
{
    u64 (*function)(void);
    memcpy(&function, &r->code, sizeof function);
    return function();
}

/* What the runtime does when a link is taken for the first time. */
static struct cell_slot *cell_of(const struct region *r)
{
    u64 address = call(r);
    struct cell_slot *slot;
    memcpy(&slot, &address, sizeof slot);
    return slot;
}

static void setup(void)
{
    for (size_t n = 0; n < ARRAY_SIZE(threads); n++) {
        threads[n].engine = &jits[n];
        jits[n].outside = 1;
    }
}

/* --- tests ---------------------------------------------------------------------------------------
 */

START_TEST(what_is_published_is_found_and_runs)
{
    struct region *r[100];
    for (u32 n = 0; n < 100; n++) {
        r[n] = publish_value(0x10000 + 64 * n, n, 0, 6 + n);
        ck_assert_ptr_nonnull(r[n]);
    }
    for (u32 n = 0; n < 100; n++) {
        u64 at = (u64)r[n]->code;
        ck_assert_uint_eq(call(r[n]), n);
        ck_assert_ptr_eq(code_find(0x10000 + 64 * n, 0), r[n]);
        ck_assert_ptr_eq(code_region_at(at), r[n]);
        ck_assert_ptr_eq(code_region_at(at + 5 + n), r[n]);
        ck_assert_ptr_ne(code_region_at(at + 6 + n), r[n]);
        ck_assert_uint_eq(r[n]->side_size, sizeof side);
        ck_assert_uint_eq(r[n]->side[3], (u8)((0x10000 + 64 * n) >> 2));
    }
    ck_assert_ptr_null(code_find(0x10004, 0));
    ck_assert_ptr_null(code_region_at((u64)&code));
    ck_assert_ptr_null(code_region_at(0));
}
END_TEST

START_TEST(one_region_for_each_address_and_mode)
{
    struct region *a = publish_value(0x10000, 1, 0, 6);
    struct region *b = publish_value(0x10000, 2, MODE_FPCR, 6);
    ck_assert_ptr_ne(a, b);
    ck_assert_ptr_eq(publish_value(0x10000, 3, 0, 6), a); /* another thread was faster */
    ck_assert_ptr_eq(code_find(0x10000, MODE_FPCR), b);
    ck_assert_uint_eq(call(code_find(0x10000, 0)), 1);
    ck_assert_uint_eq(call(code_find(0x10000, MODE_FPCR)), 2);
}
END_TEST

START_TEST(no_page_is_writable_and_executable)
{
    char line[256], permissions[5];
    unsigned long start, end;
    bool found = false;
    struct region *r = publish_value(0x10000, 1, 0, 6);
    FILE *maps = fopen("/proc/self/maps", "r");
    ck_assert_ptr_nonnull(maps);
    while (fgets(line, sizeof line, maps)) {
        ck_assert_int_eq(sscanf(line, "%lx-%lx %4s", &start, &end, permissions), 3);
        ck_assert(permissions[1] != 'w' || permissions[2] != 'x');
        if ((u64)r->code < start || (u64)r->code >= end) continue;
        ck_assert_str_eq(permissions, "r-xs");
        found = true;
    }
    fclose(maps);
    ck_assert(found);
}
END_TEST

START_TEST(links_lead_to_a_region_until_it_dies)
{
    struct region *from = publish_link(0x10000), *to = publish_value(0x20000, 7, 0, 6);
    struct cell_slot *slot = cell_of(from);
    code_link(slot, to);
    ck_assert_uint_eq(call(from), 7);
    ck_assert(!code_invalidate(0x20010, 0x30000));
    ck_assert(!code_invalidate(0x1fff0, 0x20000));
    ck_assert_uint_eq(call(from), 7);
    ck_assert(code_invalidate(0x2000f, 0x20010));
    ck_assert_ptr_eq(cell_of(from), slot);
    ck_assert_ptr_null(code_find(0x20000, 0));
    ck_assert(to->dead);
    ck_assert_uint_eq(call(to), 7); /* a thread may be in it still */
    ck_assert_ptr_eq(code_region_at((u64)to->code), to);
    code_link(slot, to); /* too late */
    ck_assert_ptr_eq(cell_of(from), slot);
    to = publish_value(0x20000, 8, 0, 6);
    code_link(slot, to);
    ck_assert_uint_eq(call(from), 8);
}
END_TEST

/* Returns 40 where it is entered at 0x20000, 41 at 0x20008. */
static struct region *publish_warm(void)
{
    static const u8 bytes[] = {0xb8, 40, 0, 0, 0, 0xc3, 0xb8, 41, 0, 0, 0, 0xc3};
    static struct entry entries[] = {{0x20000, 0}, {0x20008, 6}};
    struct translation t = make(0x20000, sizeof bytes);
    memcpy(code, bytes, sizeof bytes);
    t.entries = entries;
    t.entry_count = 2;
    return code_publish_warm(&t, code_stamp());
}

START_TEST(a_warm_region_takes_the_place_of_others)
{
    struct region *from = publish_link(0x10000), *old = publish_value(0x20008, 7, 0, 6);
    struct cell_slot *slot = cell_of(from);
    code_link(slot, old);
    ck_assert_int_eq(old->heat, 50 * HEAT_OF_ENTRY);
    code_set_heat(0x20008, 1000);
    ck_assert(old->heat == 1000 && !code_is_warm(0x20008));
    ck_assert_ptr_nonnull(publish_warm());
    ck_assert_int_eq(old->heat, 0); /* who turns in a loop of it leaves soon */
    ck_assert(code_is_warm(0x20008) && code_is_warm(0x20000));
    code_set_heat(0x20008, 1000);
    ck_assert_int_ne(code_find(0x20008, 0)->heat, 1000);
    ck_assert_uint_eq(call(code_find(0x20000, 0)), 40);
    ck_assert_uint_eq(call(code_find(0x20008, 0)), 41);
    ck_assert(code_find(0x20008, 0)->warm && !old->warm && !old->dead);
    ck_assert_uint_eq(call(from), 41);
    ck_assert_uint_eq(call(old), 7);
    ck_assert_ptr_eq(code_region_at((u64)code_find(0x20008, 0)->code), code_find(0x20000, 0));
    ck_assert(code_invalidate(0x2000c, 0x2000d));
    ck_assert_ptr_null(code_find(0x20000, 0));
    ck_assert_ptr_null(code_find(0x20008, 0));
    ck_assert(old->dead);
    ck_assert_ptr_eq(cell_of(from), slot);
}
END_TEST

/* What needs a translation of its own is in no other. */
START_TEST(no_warm_region_of_what_has_a_mode)
{
    struct region *old = publish_value(0x20008, 7, 0, 6);
    code_supersede(old, MODE_UNTAG_SITE);
    ck_assert_ptr_null(publish_warm());
}
END_TEST

START_TEST(what_was_read_before_an_invalidation_is_not_published)
{
    struct translation t = make(0x10000, 6);
    struct code_stamp before = code_stamp();
    ck_assert(!code_invalidate(0x50000, 0x51000));
    ck_assert_ptr_null(code_publish(&t, 0, before));
    ck_assert_ptr_nonnull(code_publish(&t, 0, code_stamp()));
    ck_assert(!code_invalidate(0x10008, 0x10008)); /* nothing */
    ck_assert(code_invalidate(0, UINT64_MAX));
    ck_assert_ptr_null(code_find(0x10000, 0));
}
END_TEST

START_TEST(a_superseded_address_is_remembered)
{
    struct region *r = publish_value(0x10000, 1, 0, 6);
    ck_assert_uint_eq(code_site_mode(0x10000), 0);
    code_supersede(r, MODE_FP_SITE);
    code_supersede(r, MODE_FP_SITE);
    ck_assert_uint_eq(code_site_mode(0x10000), MODE_FP_SITE);
    ck_assert_ptr_null(code_find(0x10000, 0));
    ck_assert_ptr_nonnull(publish_value(0x10000, 2, MODE_FP_SITE, 6));
}
END_TEST

/* Memory goes back only when no thread can be in it. */
START_TEST(a_flush_waits_for_all_threads)
{
    struct region *r = publish_value(0x10000, 5, 0, 6);
    u64 at = (u64)r->code;
    code_acknowledge(&jits[0]);
    code_acknowledge(&jits[1]);
    jits[0].outside = jits[1].outside = 0;
    code_flush();
    ck_assert_uint_eq(kicks, 1);
    ck_assert_ptr_null(code_find(0x10000, 0));
    ck_assert_ptr_eq(code_region_at(at), r);
    code_acknowledge(&jits[0]);
    ck_assert_ptr_eq(code_region_at(at), r);
    ck_assert_uint_eq(call(r), 5); /* the second thread is in it */
    struct region *again = publish_value(0x10000, 6, 0, 6);
    ck_assert_ptr_ne(again, r);
    code_acknowledge(&jits[1]);
    ck_assert_ptr_null(code_region_at(at));
    ck_assert_uint_eq(call(again), 6);
    ck_assert_ptr_eq(code_find(0x10000, 0), again);
}
END_TEST

START_TEST(code_memory_is_bounded)
{
    u64 bytes = 0, pc = 0x10000;
    for (int round = 0; round < 2; round++) {
        for (bytes = 0; publish_value(pc, 1, 0, sizeof code); pc += 64) bytes += sizeof code;
        ck_assert_uint_ge(bytes, 64u << 20);
        ck_assert_uint_le(bytes, 1u << 30);
        code_flush();
        code_acknowledge(&jits[0]);
    }
    ck_assert_ptr_nonnull(publish_value(pc, 1, 0, 6));
}
END_TEST

/* --- fork
 * ----------------------------------------------------------------------------------------- */

static bool distant(const struct region *a, const struct region *b)
{
    s64 distance = a->code - b->code;
    return distance > 4096 || distance < -4096;
}

/* In the child: links of its own, and code that the parent doesn't see. 0 is good. */
static int child_side(struct region *from, struct region *to, struct cell_slot *slot)
{
    code_after_fork(true);
    if (call(to) != 7) return 1;
    struct region *mine = publish_value(0x30000, 11, 0, 6);
    if (!mine || call(mine) != 11 || !distant(mine, to)) return 2;
    code_link(slot, mine);
    if (call(from) != 11) return 3;
    if (!code_invalidate(0x20000, 0x20010) || code_find(0x20000, 0)) return 4;
    return 0;
}

START_TEST(fork_seals_code_memory)
{
    int status;
    struct region *from = publish_link(0x10000), *to = publish_value(0x20000, 7, 0, 6);
    struct cell_slot *slot = cell_of(from);
    code_before_fork();
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (!child) _exit(child_side(from, to, slot));
    code_after_fork(false);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    ck_assert_ptr_eq(cell_of(from), slot); /* cells are private */
    ck_assert_ptr_eq(code_find(0x20000, 0), to);
    struct region *later = publish_value(0x30000, 9, 0, 6);
    ck_assert(distant(later, to));
    code_link(slot, later);
    ck_assert_uint_eq(call(from), 9);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("jit_code");
    TCase *t = tcase_create("code");
    tcase_add_checked_fixture(t, setup, NULL);
    tcase_add_test(t, what_is_published_is_found_and_runs);
    tcase_add_test(t, one_region_for_each_address_and_mode);
    tcase_add_test(t, no_page_is_writable_and_executable);
    tcase_add_test(t, links_lead_to_a_region_until_it_dies);
    tcase_add_test(t, a_warm_region_takes_the_place_of_others);
    tcase_add_test(t, no_warm_region_of_what_has_a_mode);
    tcase_add_test(t, what_was_read_before_an_invalidation_is_not_published);
    tcase_add_test(t, a_superseded_address_is_remembered);
    tcase_add_test(t, a_flush_waits_for_all_threads);
    tcase_add_test(t, code_memory_is_bounded);
    tcase_add_test(t, fork_seals_code_memory);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
