/*
 * The widening of loops against the loops themselves: random loops over words, evaluated as they
 * are and widened, must leave the same guest state and memory. What they load and store lies apart,
 * overlaps by some elements, or is the same; they go round in all ways that the pass knows, from
 * where numbers wrap too; registers have fixed distances or don't.
 *
 * OPT_WIDEN_CASES: how many; OPT_WIDEN_SEED: the first one's number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/ir/eval.h"
#include "aot/opt/opt.h"
#include "tests/ir/random_ir.h"
#include "tests/lib/check.h"
#include "tests/lib/setting.h"

#define WORDS    8192 /* of memory */
#define POINTERS 4    /* x0 to x3; x4 is an index */
#define DATA     5    /* x5 on: words */
#define DATAS    6
#define COUNTER  11
#define BOUND    12
#define FOLLOWER 13
#define MOST     150 /* turns */
#define VALUES   40000

static u64 seed;

static unsigned below(unsigned n)
{
    return (unsigned)(random_ir_number(&seed) >> 20) % n;
}

/* --- making loops --------------------------------------------------------------------------------
 */

struct maker {
    struct ir_func *f;
    u64 pc;
    s64 step[POINTERS + 1]; /* words that pointers, and the index, go on by in a turn */
    unsigned inputs, outputs, words;
    ir_ref word[64]; /* of this turn */
    unsigned type;   /* of the counter */
    s64 by;          /* what it goes on by */
    u8 cmp;          /* with which it stays in the loop */
    /* Values of the block in front, or none: a word, the bound, pointers. */
    ir_ref outer_word, outer_bound, outer[POINTERS];
};

static void insn(struct maker *m)
{
    ir_insn(m->f, m->pc);
    m->pc += 4;
}

static ir_ref keep(struct maker *m, ir_ref r)
{
    if (m->words < ARRAY_SIZE(m->word)) m->word[m->words++] = r;
    return r;
}

static ir_ref a_word(struct maker *m)
{
    if (m->words && below(8)) return m->word[below(m->words)];
    if (m->outer_word && below(2)) return m->outer_word;
    if (below(3)) return keep(m, ir_get(m->f, IR_I32, SLOT_X0 + DATA + below(DATAS)));
    return keep(m,
                ir_const(m->f, IR_I32, (s64)(u32)(below(2) ? below(40) : random_ir_number(&seed))));
}

/* The operands of an access by pointer p, of the element so far away. */
static void access(struct maker *m, unsigned p, s64 away, ir_ref *base, ir_ref *index, s64 *imm)
{
    *base = m->outer[p] && !m->step[p] ? m->outer[p] : ir_get(m->f, IR_I64, SLOT_X0 + p);
    *index = m->step[p] ? IR_NONE : ir_get(m->f, IR_I64, SLOT_X0 + POINTERS);
    *imm = 4 * away;
}

/* Of an input, or of an output, out of reach of what is stored in some turns. */
static void load(struct maker *m)
{
    ir_ref base, index;
    s64 imm, away = below(2) ? 0 : (s64)below(8) - 4;
    unsigned p = below(m->inputs);
    if (!below(8)) {
        p = POINTERS - 1;
        away = (s64)(17 + below(20)) * (below(4) ? 1 : -1);
    }
    access(m, p, away, &base, &index, &imm);
    keep(m, ir_opx(m->f, IR_LOAD, IR_I32, 2, index ? 2 : 0, imm, base, index, IR_NONE));
    insn(m);
}

static void compute(struct maker *m)
{
    static const u8 ops[] = {IR_ADD, IR_SUB, IR_MUL, IR_AND, IR_OR,  IR_XOR, IR_ANDN,
                             IR_ORN, IR_NEG, IR_ABS, IR_NOT, IR_SHL, IR_SHR, IR_SAR};
    unsigned op = ops[below(ARRAY_SIZE(ops))];
    bool shift = op == IR_SHL || op == IR_SHR || op == IR_SAR;
    ir_ref a = a_word(m), b = IR_NONE;
    if (shift)
        b = below(2) ? ir_const(m->f, IR_I32, below(32))
                     : ir_get(m->f, IR_I32, SLOT_X0 + BOUND + 2);
    else if (ir_op_args[op] > 1)
        b = a_word(m);
    keep(m, ir_op2(m->f, op, IR_I32, a, b));
    insn(m);
}

/* Words that are handed on to the next turn: as they are, moved on by a register, or sums. */
static void hand_on(struct maker *m)
{
    unsigned slot = SLOT_X0 + DATA + below(DATAS);
    ir_ref v = m->word[below(m->words)];
    if (below(2)) v = ir_op2(m->f, IR_ADD, IR_I32, ir_get(m->f, IR_I32, slot), v);
    if (!below(3)) v = ir_get(m->f, IR_I32, SLOT_X0 + DATA + below(DATAS));
    ir_set(m->f, IR_I32, slot, v);
    insn(m);
}

static void store(struct maker *m, unsigned p)
{
    ir_ref base, index;
    s64 imm, words = m->step[p] ? llabs(m->step[p]) : llabs(m->step[POINTERS]);
    for (s64 k = 0; k < words; k++) {
        access(m, p, k, &base, &index, &imm);
        ir_opx(m->f, IR_STORE, IR_I32, 2, index ? 2 : 0, imm, base, index,
               m->word[m->words - 1 - below(m->words < 3 ? 1 : 3)]);
        insn(m);
    }
}

static void go_on(struct maker *m)
{
    if (!below(4)) ir_set(m->f, IR_I64, SLOT_X0 + FOLLOWER, ir_get(m->f, IR_I64, SLOT_X0));
    for (unsigned p = 0; p <= POINTERS; p++) {
        if (!m->step[p]) continue;
        ir_ref by = ir_const(m->f, IR_I64, p == POINTERS ? m->step[p] : 4 * m->step[p]);
        ir_set(m->f, IR_I64, SLOT_X0 + p,
               ir_op2(m->f, IR_ADD, IR_I64, ir_get(m->f, IR_I64, SLOT_X0 + p), by));
        insn(m);
    }
}

static const u8 up[] = {IR_NE, IR_ULT, IR_ULE, IR_SLT, IR_SLE};
static const u8 down[] = {IR_NE, IR_UGT, IR_UGE, IR_SGT, IR_SGE};
static const u8 code_of[] = {[IR_NE] = IR_CC_NE,  [IR_ULT] = IR_CC_CC, [IR_ULE] = IR_CC_LS,
                             [IR_SLT] = IR_CC_LT, [IR_SLE] = IR_CC_LE, [IR_UGT] = IR_CC_HI,
                             [IR_UGE] = IR_CC_CS, [IR_SGT] = IR_CC_GT, [IR_SGE] = IR_CC_GE};

/* The counter goes on, and the way to `again` or `out`. */
static void count(struct maker *m, u32 again, u32 out)
{
    struct ir_func *f = m->f;
    ir_ref i = ir_get(f, m->type, SLOT_X0 + COUNTER), bound = m->outer_bound;
    if (!bound) bound = ir_get(f, m->type, SLOT_X0 + BOUND);
    s64 by = m->type == IR_I32 ? (s64)(u32)m->by : m->by;
    ir_ref next = ir_op2(f, IR_ADD, m->type, i, ir_const(f, m->type, by)), stay;
    ir_set(f, m->type, SLOT_X0 + COUNTER, next);
    insn(m);
    if (below(3)) {
        ir_ref flags = ir_op2(f, IR_FLSUB, m->type, next, bound);
        ir_set(f, IR_FLAGS, SLOT_NZCV, flags);
        stay = ir_opx(f, IR_COND, IR_BOOL, 0, code_of[m->cmp], 0, flags, IR_NONE, IR_NONE);
    } else {
        stay = ir_opx(f, IR_ICMP, m->type, 0, m->cmp, 0, next, bound, IR_NONE);
    }
    if (below(2)) {
        stay = ir_op1(f, IR_BNOT, IR_BOOL, stay);
        ir_opx(f, IR_BR, IR_VOID, 0, 0, out, stay, again, IR_NONE);
    } else {
        ir_opx(f, IR_BR, IR_VOID, 0, 0, again, stay, out, IR_NONE);
    }
    ir_end_block(f);
}

static void choose(struct maker *m)
{
    s64 step = below(4) ? 1 : below(2) ? 2 : -1;
    s64 all = below(4) ? step : 0; /* 0: they have the index */
    for (unsigned p = 0; p < POINTERS; p++) m->step[p] = below(8) ? all : (s64)below(5) - 2;
    m->step[POINTERS] = step;
    m->inputs = 1 + below(2);
    m->outputs = below(4) ? 1 : 2 * below(2);
    m->type = below(2) ? IR_I32 : IR_I64;
    m->by = (s64)(1 + below(2) * below(8)) * (below(2) ? 1 : -1);
    m->cmp = m->by > 0 ? up[below(5)] : down[below(5)];
}

static void body(struct maker *m)
{
    m->words = 0;
    insn(m);
    for (unsigned n = 1 + below(3); n-- > 0;) load(m);
    for (unsigned n = below(6); n-- > 0;) compute(m);
    if (!m->words) load(m);
    for (unsigned n = below(4); n-- > 0;) hand_on(m);
    if (m->outputs == 1 && !below(4))
        store(m, 0); /* in place */
    else
        for (unsigned n = 0; n < m->outputs; n++) store(m, POINTERS - 1 - n);
}

static void in_front(struct maker *m)
{
    insn(m);
    if (below(2)) m->outer_word = ir_get(m->f, IR_I32, SLOT_X0 + 15);
    if (below(2)) m->outer_bound = ir_get(m->f, m->type, SLOT_X0 + BOUND);
    for (unsigned p = 0; p < POINTERS; p++)
        if (below(2)) m->outer[p] = ir_get(m->f, IR_I64, SLOT_X0 + p);
}

static void jump(struct maker *m, u32 to)
{
    ir_opx(m->f, IR_JUMP, IR_VOID, 0, 0, to, IR_NONE, IR_NONE, IR_NONE);
    ir_end_block(m->f);
    ir_begin_block(m->f, m->pc);
}

/* The loop, from block 1 on: in one block, in two, or with the way out in the middle of three; or
 * with another way out, which no turn changes. */
static void make_loop(struct maker *m)
{
    switch (below(4)) {
    case 0:
        body(m);
        go_on(m);
        count(m, 1, 2);
        break;
    case 1:
        body(m);
        jump(m, 2);
        insn(m);
        go_on(m);
        count(m, 1, 3);
        break;
    case 2: {
        insn(m);
        ir_ref word = ir_get(m->f, IR_I32, SLOT_X0 + 16);
        ir_ref zero = ir_const(m->f, IR_I32, 0);
        ir_ref way = ir_opx(m->f, IR_ICMP, IR_I32, 0, IR_NE, 0, word, zero, IR_NONE);
        bool swap = below(2);
        ir_opx(m->f, IR_BR, IR_VOID, 0, 0, swap ? 3 : 2, way, swap ? 2 : 3, IR_NONE);
        ir_end_block(m->f);
        ir_begin_block(m->f, m->pc);
        body(m);
        go_on(m);
        count(m, 1, 3);
        break;
    }
    default:
        insn(m);
        load(m);
        if (below(2)) hand_on(m);
        count(m, 2, 4);
        ir_begin_block(m->f, m->pc);
        body(m);
        jump(m, 3);
        insn(m);
        go_on(m);
        jump(m, 1);
        return;
    }
    ir_begin_block(m->f, m->pc);
}

static struct ir_func *make(struct maker *m, struct arena *arena)
{
    struct ir_func *f = m->f = ir_new(arena, 64);
    f->pc = m->pc = 0x1000;
    f->block[ir_begin_block(f, m->pc)].entry = true;
    in_front(m);
    jump(m, 1);
    make_loop(m);
    insn(m);
    ir_opx(f, IR_EXIT, IR_VOID, 0, IR_EXIT_JUMP, 0x4000, IR_NONE, IR_NONE, IR_NONE);
    ir_end_block(f);
    ir_link_blocks(f);
    return f;
}

/* --- states --------------------------------------------------------------------------------------
 */

static u32 memory[WORDS], first_memory[WORDS];
static ir_value values[VALUES];

static bool stays(u8 cmp, unsigned type, u64 a, u64 b)
{
    s64 x = type == IR_I32 ? (s32)a : (s64)a, y = type == IR_I32 ? (s32)b : (s64)b;
    switch (cmp) {
    case IR_NE: return a != b;
    case IR_ULT: return a < b;
    case IR_ULE: return a <= b;
    case IR_UGT: return a > b;
    case IR_UGE: return a >= b;
    case IR_SLT: return x < y;
    case IR_SLE: return x <= y;
    case IR_SGT: return x > y;
    default: return x >= y;
    }
}

/* A counter and a bound between which there are at most MOST turns. */
static void choose_trip(const struct maker *m, struct guest_state *s)
{
    static const u64 edges[] = {0,          1,         INT32_MAX,         (u64)INT32_MAX + 1,
                                UINT32_MAX, INT64_MAX, (u64)INT64_MAX + 1};
    u64 mask = m->type == IR_I32 ? UINT32_MAX : UINT64_MAX;
    for (;;) {
        u64 i = (edges[below(ARRAY_SIZE(edges))] + below(1000) - 500) & mask, turns = 0;
        u64 bound = (i + (u64)m->by * below(120) + (m->cmp == IR_NE ? 0 : below(3))) & mask;
        s->x[COUNTER] = i;
        s->x[BOUND] = bound;
        do {
            i = (i + (u64)m->by) & mask;
        } while (turns++ < MOST && stays(m->cmp, m->type, i, bound));
        if (turns < MOST) break;
    }
    if (m->type == IR_I32 && !below(3)) s->x[COUNTER] |= 5ull << 32;
    if (m->type == IR_I32 && !below(3)) s->x[BOUND] |= random_ir_number(&seed) << 32;
}

static void choose_state(const struct maker *m, struct guest_state *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < 31; n++)
        s->x[n] = below(2) ? (u32)random_ir_number(&seed) : below(500);
    if (!below(4))
        s->x[DATA + below(DATAS)] |= 1ull << 40; /* a word's register may hold anything */
    for (unsigned p = 0; p < POINTERS; p++) {
        s64 near = (s64)below(120) - 60, at = (s64)(p * 1700) + 1400 + near;
        if (p && !below(4)) at = (s64)((s->x[below(p)] - (u64)(uintptr_t)memory) / 4) + near;
        s->x[p] = (u64)(uintptr_t)(memory + at) + (below(50) ? 0 : 1);
    }
    s->x[POINTERS] = below(20);
    s->x[16] = below(2) ? below(3) : 0;
    s->x[FOLLOWER] = s->x[0] - (u64)(4 * (below(4) ? m->step[0] : 1));
    choose_trip(m, s);
    s->nzcv = nzcv_from_pstate((u32)random_ir_number(&seed));
    for (unsigned n = 0; n < WORDS; n++) first_memory[n] = (u32)random_ir_number(&seed);
}

static struct ir_eval_exit run(const struct ir_func *f, struct guest_state *s)
{
    u64 budget = 1000000;
    ck_assert_uint_le(f->count, VALUES);
    memcpy(memory, first_memory, sizeof memory);
    return ir_eval(f, 0, s, values, &budget);
}

static void fail_with(const struct ir_func *f, const struct ir_func *wide, u64 number,
                      const char *what)
{
    char *text[2] = {NULL};
    size_t length = 0;
    ir_print(f, &text[0], &length);
    ir_print(wide, &text[1], &length);
    printf("%s\n--- widened\n%s", text[0], text[1]);
    fflush(stdout);
    ck_abort_msg("OPT_WIDEN_SEED=%llu OPT_WIDEN_CASES=1: %s", (unsigned long long)number, what);
}

static void compare(const struct maker *m, const struct ir_func *f, const struct ir_func *wide,
                    u64 number)
{
    static struct guest_state start, plain, widened;
    static u32 plain_memory[WORDS];
    choose_state(m, &start);
    plain = widened = start;
    struct ir_eval_exit want = run(f, &plain);
    memcpy(plain_memory, memory, sizeof memory);
    struct ir_eval_exit got = run(wide, &widened);
    if (want.reason != got.reason || want.kind != got.kind || plain.pc != widened.pc)
        fail_with(f, wide, number, "exit");
    if (memcmp(plain.x, widened.x, sizeof plain.x)) fail_with(f, wide, number, "registers");
    if ((plain.nzcv ^ widened.nzcv) & NZCV_MASK) fail_with(f, wide, number, "flags");
    if (memcmp(plain_memory, memory, sizeof memory)) fail_with(f, wide, number, "memory");
}

START_TEST(random_loops)
{
    u64 first = test_setting("OPT_WIDEN_SEED", 1),
        cases = test_setting("OPT_WIDEN_CASES", test_cases(6000));
    u64 widened = 0;
    struct arena arena;
    arena_init(&arena);
    for (u64 n = first; n < first + cases; n++) {
        struct maker m = {0};
        char message[200];
        arena_reset(&arena);
        seed = n * UINT64_C(0x9e3779b97f4a7c15);
        choose(&m);
        struct ir_func *f = make(&m, &arena);
        opt_quick(f);
        struct ir_func *wide = opt_widen(f);
        if (wide == f) continue;
        widened++;
        if (!ir_verify(wide, message, sizeof message)) fail_with(f, wide, n, message);
        opt_quick(wide);
        if (!ir_verify(wide, message, sizeof message)) fail_with(f, wide, n, message);
        for (unsigned k = 0; k < 5; k++) compare(&m, f, wide, n);
    }
    arena_free(&arena);
    if (cases > 100) ck_assert_uint_gt(widened, cases / 10);
    printf("%llu of %llu loops were widened\n", (unsigned long long)widened,
           (unsigned long long)cases);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("opt_widen");
    TCase *t = tcase_create("same");
    tcase_set_timeout(t, 100);
    tcase_add_test(t, random_loops);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
