/*
 * The evaluator's memory: plain accesses of each size and alignment, exact state at faults,
 * ordered accesses, the exclusive monitor, compare-and-exchange and read-modify-write, alone and
 * between threads. Functions are IR text; x0 to x3 go in and out.
 */
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "aot/ir/eval.h"
#include "tests/lib/check.h"

#define MAX_VALUES 64
#define PAGE       4096

static struct arena arena;
static u8 *page; /* one page that can be used, one behind it that can't */
static sigjmp_buf fault_return;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(fault_return, 1);
}

static void fill_page(void)
{
    for (unsigned n = 0; n < PAGE; n++) page[n] = (u8)(0x81 + 7 * n);
}

static void setup(void)
{
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    arena_init(&arena);
    page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(page != MAP_FAILED);
    ck_assert_int_eq(mprotect(page + PAGE, PAGE, PROT_NONE), 0);
    fill_page();
}

static void teardown(void)
{
    arena_free(&arena);
    munmap(page, 2 * PAGE);
}

static struct ir_func *parse(const char *body)
{
    struct ir_text_error error = {0, ""};
    char text[2000], message[200];
    snprintf(text, sizeof(text), "func pc=0x1000\nblock 0 pc=0x1000 entry\n%s", body);
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "line %u: %s\n%s", error.line, error.message, text);
    ck_assert_msg(ir_verify(f, message, sizeof(message)), "%s\n%s", message, text);
    ck_assert_uint_le(f->count, MAX_VALUES);
    return f;
}

/* False: it faulted. */
static bool evaluate(const struct ir_func *f, struct guest_state *s)
{
    ir_value values[MAX_VALUES];
    u64 budget = 1000;
    if (sigsetjmp(fault_return, 0)) return false;
    struct ir_eval_exit e = ir_eval(f, 0, s, values, &budget);
    ck_assert_int_eq(e.reason, TRAP_NONE);
    return true;
}

static bool run(const char *body, struct guest_state *s)
{
    return evaluate(parse(body), s);
}

static u64 address(const void *p)
{
    return (u64)(uintptr_t)p;
}

static u64 bytes_at(const void *p, unsigned size)
{
    u64 v = 0;
    memcpy(&v, p, size);
    return v;
}

/* --- plain accesses --------------------------------------------------------------------------- */

/* Loads a value of `size` bytes at x0 + 3 and stores it at x1 - 5 through index x2. */
static const char copy_text[] = "  insn 0x1000\n"
                                "  %%2 = get.i64 x0\n"
                                "  %%3 = %s.%s %u [%%2 + 3]\n"
                                "  %%4 = get.i64 x1\n"
                                "  %%5 = get.i64 x2\n"
                                "  store.%s %u [%%4 + %%5 << %u - 5], %%3\n"
                                "  set.%s %s, %%3\n"
                                "  exit 0x1004 jump\n";

static void copy(const char *op, const char *type, const char *slot, unsigned size, unsigned shift,
                 struct guest_state *s)
{
    char body[1000];
    fill_page();
    memset(s, 0, sizeof(*s));
    s->x[0] = address(page);
    s->x[1] = address(page + 512);
    s->x[2] = (u64)-4;
    snprintf(body, sizeof(body), copy_text, op, type, size, type, size, shift, type, slot);
    ck_assert(run(body, s));
    ck_assert(!memcmp(page + 3, page + 512 - (4 << shift) - 5, size));
    ck_assert_uint_eq(page[512 - (4 << shift) - 5 + size],
                      (u8)(0x81 + 7 * (512 - (4u << shift) - 5 + size)));
}

START_TEST(loads_extend_and_stores_cut)
{
    static const char *const types[] = {"i32", "i64"};
    struct guest_state s;
    for (unsigned esz = 0; esz < 4; esz++) {
        for (unsigned wide = esz == 3; wide < 2; wide++) {
            unsigned size = 1u << esz;
            u64 plain = bytes_at(page + 3, size);
            s64 extended = sign_extend(plain, 8 * size);
            copy("load", types[wide], "x3", size, esz, &s);
            ck_assert_uint_eq(s.x[3], plain);
            copy("loads", types[wide], "x3", size, esz, &s);
            ck_assert_uint_eq(s.x[3], wide ? (u64)extended : (u32)extended);
        }
    }
}
END_TEST

START_TEST(vector_registers_are_cleared_above)
{
    static const struct {
        const char *type;
        unsigned size;
    } cases[] = {{"f16", 2},  {"f32", 4},  {"f64", 8},  {"v128", 1},
                 {"v128", 2}, {"v128", 4}, {"v128", 8}, {"v128", 16}};
    struct guest_state s;
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        u8 expected[16] = {0};
        memcpy(expected, page + 3, cases[n].size);
        copy("load", cases[n].type, "v7", cases[n].size, 2, &s);
        ck_assert_msg(!memcmp(s.v[7], expected, 16), "%s %u", cases[n].type, cases[n].size);
    }
}
END_TEST

/* --- faults ----------------------------------------------------------------------------------- */

START_TEST(a_fault_leaves_the_state_of_its_instruction)
{
    struct guest_state s = {.x = {address(page + PAGE - 8), 5}};
    ck_assert(!run("  insn 0x1000\n"
                   "  %2 = get.i64 x1\n"
                   "  %3 = add.i64 %2, %2\n"
                   "  set.i64 x1, %3\n"
                   "  %5 = fladd.i64 %2, %2\n"
                   "  set.flags nzcv, %5\n"
                   "  insn 0x1004\n"
                   "  %8 = get.i64 x0\n"
                   "  store.i64 8 [%8], %8\n"
                   "  store.i64 8 [%8 + 8], %8\n"
                   "  set.i64 x0, %3\n"
                   "  exit 0x1008 jump\n",
                   &s));
    ck_assert_uint_eq(s.pc, 0x1004);
    ck_assert_uint_eq(s.x[0], address(page + PAGE - 8));
    ck_assert_uint_eq(s.x[1], 10);
    ck_assert_uint_eq(s.nzcv & NZCV_MASK, 0);
    ck_assert_uint_eq(bytes_at(page + PAGE - 8, 8), address(page + PAGE - 8));
}
END_TEST

/* A store that lies on both pages does nothing. */
START_TEST(a_store_across_the_edge_is_whole_or_nothing)
{
    static const char *const types[] = {"i32 2", "i32 4", "i64 8", "v128 16"};
    for (unsigned n = 0; n < ARRAY_SIZE(types); n++) {
        char body[300], type[8] = "", size[8] = "";
        u8 before[16];
        struct guest_state s = {.x = {address(page + PAGE - 1)}};
        sscanf(types[n], "%7s %7s", type, size);
        snprintf(body, sizeof(body),
                 "  insn 0x1000\n  %%2 = get.i64 x0\n  %%3 = const.%s 0\n"
                 "  store.%s %s [%%2], %%3\n  exit 0x1004 jump\n",
                 type, type, size);
        memcpy(before, page + PAGE - 16, 16);
        ck_assert(!run(body, &s));
        ck_assert(!memcmp(before, page + PAGE - 16, 16));
    }
}
END_TEST

START_TEST(atomics_fault_before_they_change_anything)
{
    struct guest_state s = {.x = {address(page + PAGE), 7}, .excl_size = 8, .excl_addr = 1};
    ck_assert(!run("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = get.i64 x1\n"
                   "  %4 = rmw.i64 8 add %2, %3\n  set.i64 x1, %4\n  exit 0x1004 jump\n",
                   &s));
    ck_assert_uint_eq(s.x[1], 7);
    ck_assert(!run("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = loadx.i64 8 %2\n"
                   "  set.i64 x1, %3\n  exit 0x1004 jump\n",
                   &s));
    ck_assert_uint_eq(s.x[1], 7);
    ck_assert_uint_eq(s.excl_size, 8);
    ck_assert_uint_eq(s.excl_addr, 1);
}
END_TEST

/* --- ordered and exclusive -------------------------------------------------------------------- */

START_TEST(acquire_and_release_are_plain_to_one_thread)
{
    struct guest_state s = {.x = {address(page + 64), 0x1122334455667788}};
    ck_assert(run("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = get.i64 x1\n"
                  "  storerel.i64 4 %2, %3\n  %5 = loadacq.i64 2 %2\n  fence full\n"
                  "  set.i64 x2, %5\n  exit 0x1004 jump\n",
                  &s));
    ck_assert_uint_eq(s.x[2], 0x7788);
    ck_assert_uint_eq(bytes_at(page + 64, 4), 0x55667788);
    ck_assert_uint_eq(page[68], (u8)(0x81 + 7 * 68));
}
END_TEST

static const char load_exclusive[] = "  insn 0x1000\n  %2 = get.i64 x0\n"
                                     "  %3 = loadx.i64 8 %2\n  set.i64 x1, %3\n"
                                     "  exit 0x1004 jump\n";
static const char store_exclusive[] = "  insn 0x1004\n  %2 = get.i64 x0\n  %3 = get.i64 x2\n"
                                      "  %4 = storex.i64 8 %2, %3\n  set.i32 x3, %4\n"
                                      "  exit 0x1008 jump\n";

static struct guest_state armed(void)
{
    struct guest_state s = {.x = {address(page + 128), 0, 99, 7}};
    ck_assert(run(load_exclusive, &s));
    ck_assert_uint_eq(s.x[1], bytes_at(page + 128, 8));
    return s;
}

START_TEST(a_store_exclusive_behind_its_load_succeeds_once)
{
    struct guest_state s = armed();
    ck_assert(run(store_exclusive, &s));
    ck_assert_uint_eq(s.x[3], 0);
    ck_assert_uint_eq(bytes_at(page + 128, 8), 99);
    s.x[2] = 100;
    ck_assert(run(store_exclusive, &s));
    ck_assert_uint_eq(s.x[3], 1);
    ck_assert_uint_eq(bytes_at(page + 128, 8), 99);
}
END_TEST

START_TEST(a_store_exclusive_fails_when_something_differs)
{
    struct guest_state s = armed();
    page[128]++; /* the value */
    ck_assert(run(store_exclusive, &s));
    ck_assert_uint_eq(s.x[3], 1);

    s = armed(); /* the address */
    s.x[0] += 8;
    ck_assert(run(store_exclusive, &s));
    ck_assert_uint_eq(s.x[3], 1);

    s = armed(); /* the size */
    ck_assert(run("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = get.i32 x2\n"
                  "  %4 = storex.i32 4 %2, %3\n  set.i32 x3, %4\n  exit 0x1004 jump\n",
                  &s));
    ck_assert_uint_eq(s.x[3], 1);

    s = armed(); /* the monitor was opened */
    ck_assert(run("  insn 0x1000\n  clrex\n  exit 0x1004 jump\n", &s));
    ck_assert(run(store_exclusive, &s));
    ck_assert_uint_eq(s.x[3], 1);
}
END_TEST

START_TEST(pairs_of_doublewords_are_exclusive_too)
{
    static const char body[] = "  insn 0x1000\n  %2 = get.i64 x0\n  %3 = loadx.v128 16 %2\n"
                               "  set.v128 v0, %3\n"
                               "  insn 0x1004\n  %6 = get.i64 x0\n  %7 = get.v128 v1\n"
                               "  %8 = storex.v128 16 %6, %7\n  set.i32 x3, %8\n"
                               "  exit 0x1008 jump\n";
    struct guest_state s = {.x = {address(page + 256), 0, 0, 7}};
    u8 before[16];
    memcpy(before, page + 256, 16);
    memset(s.v[1], 0x5a, 16);
    ck_assert(run(body, &s));
    ck_assert_uint_eq(s.x[3], 0);
    ck_assert(!memcmp(s.v[0], before, 16));
    ck_assert(!memcmp(s.v[1], page + 256, 16));
}
END_TEST

/* --- compare and exchange, read-modify-write -------------------------------------------------- */

START_TEST(compare_and_exchange_gives_the_old_value)
{
    static const char body[] = "  insn 0x1000\n  %2 = get.i64 x0\n  %3 = get.i32 x1\n"
                               "  %4 = get.i32 x2\n  %5 = cas.i32 2 %2, %3, %4\n"
                               "  set.i32 x3, %5\n  exit 0x1004 jump\n";
    struct guest_state s = {.x = {address(page + 32), 0xffff1234, 0xffffabcd}};
    page[32] = 0x34;
    page[33] = 0x12;
    page[34] = 0x77;
    ck_assert(run(body, &s));
    ck_assert_uint_eq(s.x[3], 0x1234);
    ck_assert_uint_eq(bytes_at(page + 32, 3), 0x77abcd);
    s.x[2] = 1;
    ck_assert(run(body, &s)); /* what is there now is not what is expected */
    ck_assert_uint_eq(s.x[3], 0xabcd);
    ck_assert_uint_eq(bytes_at(page + 32, 3), 0x77abcd);
}
END_TEST

START_TEST(read_modify_write_operations)
{
    static const struct {
        const char *op;
        unsigned size;
        u64 old, with, result;
    } cases[] = {
        {"add", 1, 0xff, 2, 1},
        {"add", 8, 5, (u64)-6, (u64)-1},
        {"clr", 4, 0xff00ff00, 0x0f000f00, 0xf000f000},
        {"eor", 2, 0xaaaa, 0xffff, 0x5555},
        {"set", 8, 1, UINT64_C(1) << 63, UINT64_C(1) << 63 | 1},
        {"smax", 1, 0x80, 0x7f, 0x7f},
        {"smax", 4, 0xffffffff, 0, 0},
        {"smin", 1, 0x80, 0x7f, 0x80},
        {"smin", 8, 3, (u64)-3, (u64)-3},
        {"umax", 2, 0x8000, 0x17fff, 0x8000},
        {"umin", 2, 0x8000, 0x17fff, 0x7fff},
        {"umin", 8, 3, (u64)-3, 3},
        {"swp", 4, 1, UINT64_C(0x1234567890), 0x34567890},
    };
    for (unsigned n = 0; n < ARRAY_SIZE(cases); n++) {
        char body[300];
        struct guest_state s = {.x = {address(page + 16), cases[n].with}};
        memset(page + 16, 0xee, 16);
        memcpy(page + 16, &cases[n].old, cases[n].size);
        snprintf(body, sizeof(body),
                 "  insn 0x1000\n  %%2 = get.i64 x0\n  %%3 = get.i64 x1\n"
                 "  %%4 = rmw.i64 %u %s %%2, %%3\n  set.i64 x2, %%4\n  exit 0x1004 jump\n",
                 cases[n].size, cases[n].op);
        ck_assert(run(body, &s));
        ck_assert_msg(s.x[2] == cases[n].old, "%s %u: old value", cases[n].op, cases[n].size);
        ck_assert_msg(bytes_at(page + 16, cases[n].size) == cases[n].result, "%s %u", cases[n].op,
                      cases[n].size);
        ck_assert_uint_eq(page[16 + cases[n].size], 0xee);
    }
}
END_TEST

/* --- threads ---------------------------------------------------------------------------------- */

#define ROUNDS 20000

struct work {
    const struct ir_func *f;
    u64 counter;
};

/* Adds 1 to the counter ROUNDS times; x3 says when it has to be tried again. */
static void *count_up(void *argument)
{
    const struct work *w = argument;
    struct guest_state s = {.x = {w->counter}};
    ir_value values[MAX_VALUES];
    for (unsigned n = 0; n < ROUNDS; n++) {
        do {
            u64 budget = 1000;
            ir_eval(w->f, 0, &s, values, &budget);
        } while (s.x[3]);
    }
    return NULL;
}

static void count_with(const char *body)
{
    struct work w = {parse(body), address(page + 64)};
    pthread_t other;
    memset(page + 64, 0, 16);
    ck_assert_int_eq(pthread_create(&other, NULL, count_up, &w), 0);
    count_up(&w);
    pthread_join(other, NULL);
    ck_assert_uint_eq(bytes_at(page + 64, 8), 2 * ROUNDS);
}

START_TEST(threads_count_by_read_modify_write)
{
    count_with("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = const.i64 1\n"
               "  %4 = rmw.i64 8 add %2, %3\n  exit 0x1004 jump\n");
}
END_TEST

START_TEST(threads_count_by_exclusives)
{
    count_with("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = loadx.i64 8 %2\n  set.i64 x1, %3\n"
               "  insn 0x1004\n  %6 = get.i64 x0\n  %7 = get.i64 x1\n  %8 = const.i64 1\n"
               "  %9 = add.i64 %7, %8\n  %10 = storex.i64 8 %6, %9\n  set.i32 x3, %10\n"
               "  exit 0x1008 jump\n");
}
END_TEST

START_TEST(threads_count_by_pairs)
{
    count_with("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = loadx.v128 16 %2\n  set.v128 v0, %3\n"
               "  insn 0x1004\n  %6 = get.i64 x0\n  %7 = get.v128 v0\n"
               "  %8 = vconst2.v128 1 0\n  %9 = vadd.v128.2d %7, %8\n"
               "  %10 = storex.v128 16 %6, %9\n  set.i32 x3, %10\n  exit 0x1008 jump\n");
}
END_TEST

START_TEST(threads_count_by_compare_and_exchange)
{
    count_with("  insn 0x1000\n  %2 = get.i64 x0\n  %3 = load.i64 8 [%2]\n  %4 = const.i64 1\n"
               "  %5 = add.i64 %3, %4\n  %6 = cas.i64 8 %2, %3, %5\n"
               "  %7 = icmp.i64 ne %6, %3\n  %8 = bint.i64 %7\n  set.i64 x3, %8\n"
               "  exit 0x1004 jump\n");
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eval_memory");
    TCase *t = tcase_create("memory");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, loads_extend_and_stores_cut);
    tcase_add_test(t, vector_registers_are_cleared_above);
    tcase_add_test(t, a_fault_leaves_the_state_of_its_instruction);
    tcase_add_test(t, a_store_across_the_edge_is_whole_or_nothing);
    tcase_add_test(t, atomics_fault_before_they_change_anything);
    tcase_add_test(t, acquire_and_release_are_plain_to_one_thread);
    tcase_add_test(t, a_store_exclusive_behind_its_load_succeeds_once);
    tcase_add_test(t, a_store_exclusive_fails_when_something_differs);
    tcase_add_test(t, pairs_of_doublewords_are_exclusive_too);
    tcase_add_test(t, compare_and_exchange_gives_the_old_value);
    tcase_add_test(t, read_modify_write_operations);
    tcase_add_test(t, threads_count_by_read_modify_write);
    tcase_add_test(t, threads_count_by_exclusives);
    tcase_add_test(t, threads_count_by_pairs);
    tcase_add_test(t, threads_count_by_compare_and_exchange);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
