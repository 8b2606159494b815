/*
 * Natural loops and frequencies: of graphs drawn by hand, and of random ones against the
 * definition.
 */
#include <stdio.h>
#include <string.h>

#include "aot/ir/loops.h"
#include "tests/lib/setting.h"
#include "tests/lib/splitmix.h"
#include "tests/lib/check.h"

#define MAX_BLOCKS 24

/* Blocks as they follow; to: -1 is a return, and of a call whose return point is the next block. */
struct node {
    int to[2];
    bool call, entry;
};

#define GO(a, b)                                                                                   \
    {                                                                                              \
        .to = { a, b }                                                                             \
    }

static struct arena arena;

static struct ir_func *func_of(const struct node *node, unsigned count)
{
    static char text[MAX_BLOCKS * 256];
    struct ir_text_error error;
    unsigned at = 0, ref = 1;
    at += (unsigned)sprintf(text + at, "func pc=0x1000\n");
    for (unsigned n = 0; n < count; n++) {
        const struct node *o = &node[n];
        bool entry = n == 0 || o->entry || node[n - 1].call;
        at += (unsigned)sprintf(text + at, "block %u pc=0x%x%s\n  insn 0x%x\n", n, 0x1000 + 4 * n,
                                entry ? " entry" : "", 0x1000 + 4 * n);
        ref++;
        if (o->call) {
            at += (unsigned)sprintf(text + at, "  exit 0x2000 call\n");
        } else if (o->to[0] < 0) {
            at += (unsigned)sprintf(text + at, "  exit 0x3000 jump\n");
        } else if (o->to[1] < 0) {
            at += (unsigned)sprintf(text + at, "  jump %d\n", o->to[0]);
        } else {
            at += (unsigned)sprintf(text + at,
                                    "  %%%u = get.i64 x1\n  %%%u = icmp.i64 eq %%%u, %%%u\n"
                                    "  br %%%u, %d, %d\n",
                                    ref, ref + 1, ref, ref, ref + 1, o->to[0], o->to[1]);
            ref += 2;
        }
        ref++;
    }
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "line %u: %s\n%s", error.line, error.message, text);
    ir_link_blocks(f);
    return f;
}

static const struct ir_loop *loop_of(const struct ir_loops *l, u32 head)
{
    for (u32 n = 0; n < l->count; n++)
        if (l->loop[n].head == head) return &l->loop[n];
    return NULL;
}

static u32 members(const struct ir_loop *l, unsigned count)
{
    u32 set = 0;
    for (u32 b = 0; b < count; b++) set |= (u32)ir_in_loop(l, b) << b;
    return set;
}

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

/* Two nested loops; block 5, behind both, belongs to the inner one; 6 is the way out. */
START_TEST(nested)
{
    static const struct node node[] = {
        GO(1, -1), GO(2, -1), GO(3, 5), GO(2, 4), GO(1, 6), GO(3, -1), GO(-1, -1),
    };
    struct ir_loops l = ir_find_loops(func_of(node, 7), &arena);
    ck_assert_uint_eq(l.count, 2);
    const struct ir_loop *outer = loop_of(&l, 1), *inner = loop_of(&l, 2);
    ck_assert_ptr_eq(outer, l.loop);
    ck_assert_uint_eq(members(outer, 7), 0x3e);
    ck_assert_uint_eq(members(inner, 7), 0x2c);
    ck_assert_uint_eq(outer->count, 5);
    ck_assert_uint_eq(outer->entered, IR_ONCE);
    ck_assert_uint_eq(inner->entered, l.frequency[1]);
    ck_assert_uint_eq(l.frequency[0], IR_ONCE);
    /* 1 / 0.12 turns each. */
    ck_assert_uint_gt(l.frequency[1], 8 * IR_ONCE);
    ck_assert_uint_lt(l.frequency[1], 9 * IR_ONCE);
    ck_assert_uint_gt(l.frequency[2], 8 * l.frequency[1]);
    ck_assert_uint_lt(l.frequency[2], 9 * l.frequency[1]);
    ck_assert_uint_eq(l.frequency[5], l.frequency[2] / 2);
    ck_assert_uint_ge(l.frequency[6], IR_ONCE - 8);
    ck_assert_uint_le(l.frequency[6], IR_ONCE);
}
END_TEST

/* Many ways out of a loop: it hardly runs twice. */
START_TEST(many_exits)
{
    static const struct node node[] = {
        GO(1, -1), GO(2, 9), GO(3, 9), GO(4, 9), GO(5, 9),
        GO(6, 9),  GO(7, 9), GO(8, 9), GO(1, 9), GO(-1, -1),
    };
    struct ir_loops l = ir_find_loops(func_of(node, 10), &arena);
    ck_assert_uint_eq(l.count, 1);
    ck_assert_uint_lt(l.frequency[1], 2 * IR_ONCE);
    ck_assert_uint_lt(l.frequency[8], l.frequency[1] / 2);
}
END_TEST

/* What is behind a call belongs to the loop around it, and what comes in by another way doesn't. */
START_TEST(calls_and_entries)
{
    static const struct node node[] = {
        GO(1, -1), {.call = true}, GO(1, 4), {.to = {2, -1}, .entry = true}, GO(-1, -1),
    };
    struct ir_loops l = ir_find_loops(func_of(node, 5), &arena);
    ck_assert_uint_eq(l.count, 1);
    ck_assert_uint_eq(members(loop_of(&l, 1), 5), 0x6);
}
END_TEST

/* A way that calls, or returns, is taken less often than one that doesn't. */
START_TEST(calls_and_returns)
{
    static const struct node node[] = {
        GO(1, -1), GO(2, 4), {.call = true}, GO(4, -1), GO(5, 6), GO(-1, -1), GO(1, 7), GO(-1, -1),
    };
    struct ir_loops l = ir_find_loops(func_of(node, 8), &arena);
    ck_assert_uint_eq(l.count, 1);
    ck_assert_uint_eq(l.first_way[1], IR_SURE * 22 / 100);
    ck_assert_uint_lt(l.first_way[4], IR_SURE / 3);
    ck_assert_uint_eq(ir_way_frequency(&l, 0, 0, 1), l.frequency[0]);
    u32 both = ir_way_frequency(&l, 1, 0, 2) + ir_way_frequency(&l, 1, 1, 2);
    ck_assert_uint_ge(both + 1, l.frequency[1]);
    ck_assert_uint_lt(l.frequency[2], l.frequency[1] / 4);
}
END_TEST

/* A loop whose body has a branch; samples say where it goes, where enough were taken. */
START_TEST(samples)
{
    static const struct node node[] = {GO(1, -1), GO(3, 2), GO(4, -1),
                                       GO(4, -1), GO(1, 5), GO(-1, -1)};
    static const struct {
        u32 first, second, likely; /* samples of both ways; hundredths */
    } want[] = {{0, 0, 50}, {5, 0, 50}, {300, 100, 75}, {0, 500, 1}, {500, 0, 99}};
    for (unsigned n = 0; n < sizeof want / sizeof want[0]; n++) {
        struct ir_func *f = func_of(node, 6);
        f->block[3].samples = want[n].first;
        f->block[2].samples = want[n].second;
        struct ir_loops l = ir_find_loops(f, &arena);
        u32 hundredths = (l.first_way[1] * 100 + IR_SURE / 2) / IR_SURE;
        ck_assert_uint_eq(hundredths, want[n].likely);
    }
    struct ir_func *f =
        func_of(node, 6); /* out of the loop: both its end and its head have others */
    f->block[4].samples = 400 * 4;
    f->block[5].samples = 40 * 2;
    struct ir_loops l = ir_find_loops(f, &arena);
    ck_assert_uint_gt(l.first_way[4], IR_SURE * 85 / 100);
    ck_assert_uint_lt(l.first_way[4], IR_SURE * 95 / 100);
}
END_TEST

START_TEST(none)
{
    static const struct node node[] = {GO(1, 2), GO(2, -1), GO(-1, -1)};
    struct ir_loops l = ir_find_loops(func_of(node, 3), &arena);
    ck_assert_uint_eq(l.count, 0);
    ck_assert_ptr_null(l.frequency);
}
END_TEST

/* Pieces of code that go on by a table each: no loop has a head there. */
START_TEST(by_table)
{
    static const char text[] = "func pc=0x1000\n"
                               "block 0 pc=0x1000 entry\n  insn 0x1000\n"
                               "  %2 = get.i64 x1\n  jumpind %2\n"
                               "block 1 pc=0x1004 target\n  insn 0x1004\n"
                               "  %5 = get.i64 x2\n  jumpind %5\n"
                               "block 2 pc=0x1008 target\n  insn 0x1008\n  exit 0x3000 jump\n";
    struct ir_text_error error;
    struct ir_func *f = ir_parse(&arena, text, &error);
    ck_assert_msg(f != NULL, "line %u: %s", error.line, error.message);
    ir_link_blocks(f);
    struct ir_loops l = ir_find_loops(f, &arena);
    ck_assert_uint_eq(l.count, 0);
    ck_assert_ptr_nonnull(l.frequency);
    ck_assert_uint_eq(l.frequency[0], IR_ONCE);
    ck_assert_uint_eq(l.frequency[1], IR_ONCE / 2);
    ck_assert_uint_eq(l.frequency[2], IR_ONCE / 2);
    f->block[1].samples = 100; /* an eighth is for what has none */
    l = ir_find_loops(f, &arena);
    ck_assert_uint_gt(l.frequency[1], 10 * l.frequency[2]);
    ck_assert_uint_gt(l.frequency[2], 0);
}
END_TEST

/* What is reached from the set along ways of `edge`, which gives a set per block, inside `among`.
 */
static u32 closure(const u32 *edge, u32 set, u32 among)
{
    for (u32 last = ~set; last != set;) {
        last = set;
        for (unsigned b = 0; b < MAX_BLOCKS; b++)
            if (set >> b & 1) set |= edge[b] & among;
    }
    return set;
}

START_TEST(random_graphs)
{
    u64 seed = test_setting("FERRY_SEED", 20261128) + (u64)_i;
    printf("seed %llu\n", (unsigned long long)seed - (u64)_i);
    for (u64 round = test_cases(5000); round > 0; round--) {
        struct node node[MAX_BLOCKS] = {0};
        u32 to[MAX_BLOCKS] = {0}, from[MAX_BLOCKS] = {0};
        unsigned count = 2 + (unsigned)(splitmix(&seed) % (MAX_BLOCKS - 1));
        arena_reset(&arena);
        for (unsigned n = 0; n < count; n++) {
            struct node *o = &node[n];
            u64 r = splitmix(&seed);
            o->call = r % 16 == 0 && n + 1 < count;
            o->to[0] = r % 16 == 1 ? -1 : (int)(splitmix(&seed) % count);
            o->to[1] = r % 3 ? (int)(splitmix(&seed) % count) : -1;
            if (o->call) o->to[0] = (int)n + 1;
            if (o->call || o->to[0] < 0) o->to[1] = -1;
            for (unsigned k = 0; k < 2; k++) {
                if (o->to[k] < 0) continue;
                to[n] |= 1u << o->to[k];
                from[o->to[k]] |= 1u << n;
            }
        }
        struct ir_loops l = ir_find_loops(func_of(node, count), &arena);
        u32 before = UINT32_MAX, all = (u32)((UINT64_C(1) << count) - 1), seen = 0;
        u32 root[MAX_BLOCKS],
            tree[MAX_BLOCKS]; /* per block: what the root that leads there leads to */
        for (unsigned n = 0; n < count; n++) {
            u32 more = seen >> n & 1 ? 0 : closure(to, 1u << n, all & ~seen);
            for (unsigned b = 0; b < count; b++)
                if (more >> b & 1) tree[b] = more, root[b] = 1u << n;
            seen |= more;
        }
        for (unsigned h = 0; h < count; h++) {
            u32 head = 1u << h, without = closure(to, root[h] & ~head, tree[h] & ~head);
            u32 back = from[h] & ~without & tree[h];
            const struct ir_loop *loop = loop_of(&l, h);
            if (!back) {
                ck_assert_ptr_null(loop);
                continue;
            }
            u32 expected = head | closure(from, back & ~head, tree[h] & ~head);
            ck_assert_ptr_nonnull(loop);
            ck_assert_uint_eq(members(loop, count), expected);
            ck_assert_uint_eq(loop->count, (u32)__builtin_popcount(expected));
        }
        for (u32 n = 0; n < l.count; n++) {
            ck_assert_uint_le(l.loop[n].count, before);
            before = l.loop[n].count;
            ck_assert_uint_ge(l.loop[n].entered, 1);
        }
        for (u32 b = 0; l.count && b < count; b++) {
            ck_assert_uint_ge(l.frequency[b], 1);
            ck_assert_uint_le(l.frequency[b], IR_FREQUENT);
        }
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("loops");
    TCase *c = tcase_create("loops");
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_test(c, nested);
    tcase_add_test(c, many_exits);
    tcase_add_test(c, calls_and_entries);
    tcase_add_test(c, calls_and_returns);
    tcase_add_test(c, samples);
    tcase_add_test(c, none);
    tcase_add_test(c, by_table);
    tcase_add_test(c, random_graphs);
    suite_add_tcase(s, c);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
