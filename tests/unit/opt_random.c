/*
 * The optimiser against itself: random functions, evaluated as they are and after opt_quick, must
 * leave the same guest state and memory by the same exit. Functions are made operation by
 * operation, short ones and long ones, or lifted from random words without memory accesses.
 *
 * OPT_RANDOM_CASES: functions of each kind; OPT_RANDOM_SEED: another stream.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/ir/eval.h"
#include "aot/lift/lift.h"
#include "aot/opt/opt.h"
#include "tests/lib/check.h"

#define BUFFER_SIZE 512
#define POOL        24
#define MAX_VALUES  4096

/* --- random numbers --------------------------------------------------------------------------- */

static u64 random_state;

static u64 random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() >> 33) % n;
}

/* Small numbers, masks, bounds, noise. */
static u64 random_number(void)
{
    switch (below(6)) {
    case 0: return below(66);
    case 1: return UINT64_C(1) << below(64);
    case 2: return (UINT64_C(1) << below(64)) - 1;
    case 3: return -(u64)below(66);
    case 4: return random64() >> below(64);
    default: return 0;
    }
}

/* --- making functions ---------------------------------------------------------------------------
 */

struct maker {
    struct ir_func *f;
    ir_ref pool[IR_TYPE_COUNT][POOL]; /* values of this block by type */
    unsigned count[IR_TYPE_COUNT];
    u64 pc;
};

static ir_ref keep(struct maker *m, ir_ref r)
{
    unsigned t = ir_value_type(&m->f->inst[r]);
    m->pool[t][m->count[t]++ % POOL] = r;
    return r;
}

/* Slots of a value of the type: a few, so that they meet often. X20 to X23 point into memory. */
static unsigned slot_for(unsigned type)
{
    if (type == IR_FLAGS) return SLOT_NZCV;
    if (type == IR_I32 || type == IR_I64) return below(16) ? SLOT_X0 + below(5) : SLOT_TPIDR;
    return below(16) ? SLOT_V0 + below(4) : SLOT_QC;
}

static ir_ref value(struct maker *m, unsigned type)
{
    unsigned n = m->count[type] < POOL ? m->count[type] : POOL;
    if (n && below(4)) return m->pool[type][below(n)];
    if (type == IR_BOOL) {
        ir_ref flags = value(m, IR_FLAGS);
        return keep(m, ir_opx(m->f, IR_COND, IR_BOOL, 0, below(16), 0, flags, 0, 0));
    }
    if (type == IR_FLAGS || below(2)) return keep(m, ir_get(m->f, type, slot_for(type)));
    u64 mask = type == IR_I32 || type == IR_F32 ? UINT32_MAX : UINT64_MAX;
    return keep(m, ir_const(m->f, type, (s64)(random_number() & mask)));
}

static unsigned integer_type(void)
{
    return below(2) ? IR_I32 : IR_I64;
}

static void arithmetic(struct maker *m)
{
    static const u8 ops[] = {IR_ADD,  IR_SUB, IR_MUL, IR_AND,  IR_OR,  IR_XOR, IR_ANDN,
                             IR_ORN,  IR_SHL, IR_SHR, IR_SAR,  IR_ROR, IR_NEG, IR_ABS,
                             IR_NOT,  IR_ADD, IR_AND, IR_SHL,  IR_SHR, IR_CLZ, IR_UDIV,
                             IR_SDIV, IR_CLS, IR_CLZ, IR_RBIT, IR_SAR};
    unsigned op = ops[below(ARRAY_SIZE(ops))], type = integer_type();
    ir_ref a = value(m, type), b = ir_op_info(op)->args > 1 ? value(m, type) : IR_NONE;
    keep(m, ir_op2(m->f, op, type, a, b));
}

/* Pairs of shifts by the same amount, as bit field moves are. */
static void field(struct maker *m)
{
    unsigned type = integer_type(), op = below(2) ? IR_SHR : IR_SAR;
    ir_ref n = ir_const(m->f, type, below(8) ? 8 * below(8) : below(64));
    ir_ref a = ir_op2(m->f, IR_SHL, type, value(m, type), n);
    if (!below(4)) keep(m, a);
    keep(m, ir_op2(m->f, op, type, a, n));
}

static void extend(struct maker *m)
{
    unsigned type = integer_type(), from = integer_type();
    unsigned esz = below(type == IR_I64 && from == IR_I64 ? 4 : 3);
    if (!below(4))
        keep(m, ir_op1(m->f, IR_TRUNC, IR_I32, value(m, IR_I64)));
    else
        keep(m, ir_opx(m->f, below(2) ? IR_SEXT : IR_ZEXT, type, esz, 0, 0, value(m, from), 0, 0));
}

static void booleans(struct maker *m)
{
    unsigned type = integer_type();
    switch (below(5)) {
    case 0:
    case 1: {
        ir_ref a = value(m, type);
        keep(m, ir_opx(m->f, IR_ICMP, type, 0, below(10), 0, a, value(m, type), 0));
        break;
    }
    case 2: keep(m, ir_op1(m->f, IR_BNOT, IR_BOOL, value(m, IR_BOOL))); break;
    case 3: keep(m, ir_op1(m->f, IR_BINT, type, value(m, IR_BOOL))); break;
    default: {
        ir_ref b = value(m, IR_BOOL), x = value(m, type);
        keep(m, ir_op3(m->f, IR_SELECT, type, b, x, value(m, type)));
    }
    }
}

static void flags(struct maker *m)
{
    static const u8 ops[] = {IR_FLADD, IR_FLSUB, IR_FLLOGIC};
    unsigned type = integer_type(), op = ops[below(ARRAY_SIZE(ops))];
    ir_ref a = value(m, type);
    keep(m, ir_op2(m->f, op, type, a, op == IR_FLLOGIC ? IR_NONE : value(m, type)));
}

static void vectors(struct maker *m)
{
    static const u8 types[] = {IR_F32, IR_F64, IR_V128};
    unsigned t = types[below(3)];
    switch (below(4)) {
    case 0: keep(m, ir_op1(m->f, IR_VTOF, types[below(2)], value(m, IR_V128))); break;
    case 1: keep(m, ir_op1(m->f, IR_FTOV, IR_V128, value(m, types[below(2)]))); break;
    case 2: {
        ir_ref a = value(m, t);
        keep(m, ir_opx(m->f, IR_FADD, t, t == IR_V128 ? 2 : 0, 0, 0, a, value(m, t), 0));
        break;
    }
    default: {
        ir_ref a = value(m, IR_V128);
        keep(m, ir_opx(m->f, IR_VADD, IR_V128, below(4), 0, 0, a, value(m, IR_V128), 0));
    }
    }
}

/* Two shifts that are a rotation, or nearly. */
static ir_ref rotation(struct maker *m, ir_ref v)
{
    unsigned esz = below(4), width = 8u << esz, n = 1 + below(width - 1);
    ir_ref left = ir_opx(m->f, IR_VSHLI, IR_V128, esz, 0, n, v, 0, 0);
    if (!below(4)) n--;
    if (!below(4)) v = value(m, IR_V128);
    ir_ref right = ir_opx(m->f, IR_VSHRI, IR_V128, esz, 0, width - n, v, 0, 0);
    bool swapped = below(2);
    return ir_op2(m->f, IR_VOR, IR_V128, swapped ? right : left, swapped ? left : right);
}

/* An address inside the buffer, as a sum of one of the forms that become memory operands. */
static ir_ref address(struct maker *m, ir_ref *index, unsigned *shift, s64 *imm)
{
    struct ir_func *f = m->f;
    ir_ref a = ir_get(f, IR_I64, SLOT_X0 + 20 + below(4));
    *index = IR_NONE;
    *shift = 0;
    *imm = (s64)below(64) - 32;
    for (unsigned n = below(3); n-- > 0;) {
        ir_ref small = ir_op2(f, IR_AND, IR_I64, value(m, IR_I64), ir_const(f, IR_I64, 7));
        ir_ref scaled = ir_op2(f, IR_SHL, IR_I64, small, ir_const(f, IR_I64, below(4)));
        switch (below(4)) {
        case 0: a = ir_op2(f, IR_ADD, IR_I64, a, ir_const(f, IR_I64, (s64)below(40) - 20)); break;
        case 1: a = ir_op2(f, IR_ADD, IR_I64, a, small); break;
        case 2: a = ir_op2(f, IR_ADD, IR_I64, a, scaled); break;
        default: *index = below(2) ? small : scaled; *shift = below(2);
        }
    }
    return a;
}

static void memory(struct maker *m)
{
    static const u8 types[] = {IR_I32, IR_I64, IR_F32, IR_F64, IR_V128};
    static const u8 sizes[] = {2, 3, 2, 3, 4};
    unsigned n = below(5), type = types[n], shift;
    unsigned esz = n < 2 ? below(sizes[n] + 1u) : sizes[n];
    s64 imm;
    ir_ref index, v = value(m, type), a = address(m, &index, &shift, &imm);
    if (below(2))
        ir_opx(m->f, IR_STORE, type, esz, shift, imm, a, index, v);
    else
        keep(m, ir_opx(m->f, n < 2 && below(2) ? IR_LOADS : IR_LOAD, type, esz, shift, imm, a,
                       index, 0));
    if (!below(4)) ir_set(m->f, IR_I64, SLOT_X0 + 19, a); /* as writing back does */
}

/* Where the state must be exact. NZCV-dead exits have an odd address, so that the check knows. */
static void point(struct maker *m)
{
    unsigned dead = below(2);
    if (below(2))
        ir_opx(m->f, IR_GUARD, IR_VOID, 0, TRAP_ALIGN, 0, value(m, IR_BOOL), value(m, IR_I64), 0);
    else if (below(2))
        keep(m, ir_opx(m->f, IR_HELPER, IR_I64, 0, 0, HELPER_READ_FPSR, value(m, IR_I64), 0, 0));
    else
        ir_opx(m->f, IR_EXITIF, IR_VOID, 0, dead ? IR_EXIT_NZCV_DEAD : 0,
               (s64)(0x8000 + 4 * below(0x1000) + dead), value(m, IR_BOOL), 0, 0);
}

static void set_something(struct maker *m)
{
    static const u8 types[] = {IR_I32,   IR_I64, IR_I64,  IR_I32,  IR_F32,
                               IR_FLAGS, IR_F64, IR_V128, IR_FLAGS};
    unsigned type = types[below(ARRAY_SIZE(types))];
    ir_ref v = value(m, type);
    ir_set(m->f, type, slot_for(type), v);
}

/* One guest instruction: computation, at most one point, sets. */
static void instruction(struct maker *m)
{
    static void (*const kinds[])(struct maker *) = {arithmetic, arithmetic, arithmetic, field,
                                                    extend,     booleans,   flags,      extend};
    ir_opx(m->f, IR_INSN, IR_VOID, 0, 0, (s64)m->pc, 0, 0, 0);
    m->pc += 4;
    u32 before = m->f->count;
    if (!below(6)) memory(m);
    bool has_set = false;
    for (u32 r = before; r < m->f->count; r++) has_set |= m->f->inst[r].op == IR_SET;
    if (!has_set && !below(6)) vectors(m);
    bool left = false;
    if (!has_set && !below(8)) {
        point(m);
        left = m->f->inst[m->f->count - 1].op == IR_EXITIF;
    }
    for (unsigned n = below(4); n-- > 0;) kinds[below(ARRAY_SIZE(kinds))](m);
    for (unsigned n = below(3); n-- > 0 && !left;) set_something(m);
}

static void end_block(struct maker *m, u32 number, u32 blocks)
{
    unsigned dead = below(2);
    u32 ahead = blocks - number - 1;
    if (ahead && below(4)) {
        u32 to = number + 1 + below(ahead), other = number + 1 + below(ahead);
        if (below(2))
            ir_opx(m->f, IR_JUMP, IR_VOID, 0, 0, to, 0, 0, 0);
        else
            ir_opx(m->f, IR_BR, IR_VOID, 0, 0, to, value(m, IR_BOOL), other, 0);
    } else {
        ir_opx(m->f, IR_EXIT, IR_VOID, 0, IR_EXIT_JUMP | (dead ? IR_EXIT_NZCV_DEAD : 0),
               (s64)(0x4000 + 4 * number + dead), 0, 0, 0);
    }
    ir_end_block(m->f);
}

static struct ir_func *make(struct arena *arena)
{
    struct maker m = {.f = ir_new(arena, 64), .pc = 0x1000};
    u32 blocks = 1 + below(4);
    for (u32 b = 0; b < blocks; b++) {
        memset(m.count, 0, sizeof m.count);
        m.f->block[ir_begin_block(m.f, m.pc)].entry = b == 0;
        for (unsigned n = 1 + below(12); n-- > 0;) instruction(&m);
        end_block(&m, b, blocks);
    }
    ir_link_blocks(m.f);
    return m.f;
}

/* The next value of a computation, from its last, and sometimes another's. */
static ir_ref go_on(struct maker *m, ir_ref last, ir_ref other)
{
    static const u8 ops[] = {IR_ADD, IR_SUB, IR_XOR, IR_ROR, IR_ANDN, IR_MUL};
    unsigned type = ir_value_type(&m->f->inst[last]);
    if (ir_value_type(&m->f->inst[other]) != type || below(8)) other = value(m, type);
    if (type == IR_V128 && below(2)) return rotation(m, last);
    unsigned op = type == IR_V128 ? IR_VSUB : ops[below(ARRAY_SIZE(ops))];
    if (below(2)) return ir_op2(m->f, op, type, last, other);
    return ir_op2(m->f, op, type, other, last);
}

/* A long block: many computations, an instruction of each in turn, and now and then something
 * else. */
static struct ir_func *make_long(struct arena *arena)
{
    struct maker m = {.f = ir_new(arena, 64), .pc = 0x1000};
    unsigned count = 2 + below(40), others = 30 + below(500);
    ir_ref at[48];
    m.f->block[ir_begin_block(m.f, m.pc)].entry = true;
    for (unsigned k = 0; k < count; k++)
        at[k] = below(2) ? ir_get(m.f, IR_V128, SLOT_V0 + k % 32)
                         : ir_get(m.f, IR_I64, SLOT_X0 + k % 19);
    for (unsigned n = 100 + below(300); n-- > 0;) {
        unsigned k = n % count;
        if (!below(others)) instruction(&m);
        ir_insn(m.f, m.pc += 4);
        at[k] = go_on(&m, at[k], at[below(count)]);
        unsigned type = ir_value_type(&m.f->inst[at[k]]);
        if (!below(10))
            ir_set(m.f, type, type == IR_V128 ? SLOT_V0 + k % 32 : SLOT_X0 + k % 19, at[k]);
    }
    for (unsigned k = 0; k < count; k++) {
        bool vector = ir_value_type(&m.f->inst[at[k]]) == IR_V128;
        ir_insn(m.f, m.pc += 4);
        ir_set(m.f, vector ? IR_V128 : IR_I64, vector ? SLOT_V0 + k % 32 : SLOT_X0 + k % 19, at[k]);
    }
    end_block(&m, 0, 1);
    ir_link_blocks(m.f);
    return m.f;
}

/* --- lifted functions ---------------------------------------------------------------------------
 */

/* A word that computes. */
static u32 random_word(enum a64_row *row)
{
    for (;;) {
        *row = (enum a64_row)(1 + below(A64_ROW_COUNT - 1));
        const struct a64_row_info *info = a64_row_info(*row);
        u32 w = ((u32)random64() & ~info->mask) | info->value;
        if (info->group == A64_GROUP_ldst || a64_decode(w) != *row) continue;
        /* registers that meet often */
        u32 close = (w & ~(0x18u | 0x18u << 5 | 0x18u << 16)) | (info->value & info->mask);
        if (a64_decode(close) == *row && below(8)) w = close;
        return w;
    }
}

/* True when evaluating it touches only slots. */
static bool is_calm(const struct ir_func *f)
{
    for (u32 r = 1; r < f->count; r++) {
        unsigned op = f->inst[r].op;
        if (ir_has(op, IR_FL_FAULT) || op == IR_HELPER) return false;
        if (op == IR_SET && f->inst[r].imm == SLOT_FPCR) return false;
    }
    return true;
}

/* True when the word can be evaluated and, unless it is the last, goes on behind itself. */
static bool fits(struct arena *arena, u32 word, u16 row, bool last)
{
    struct a64_block block = {.pc = 0x1000, .count = 1, .word = &word, .row = &row, .entry = true};
    struct a64_region region = {.pc = 0x1000, .block = &block, .block_count = 1, .insn_count = 1};
    const struct ir_func *f = lift_region(arena, &region, &(struct lift_how){0});
    const struct ir_inst *end = &f->inst[f->count - 1];
    return is_calm(f) && (last || (end->op == IR_EXIT && end->imm == 0x1004));
}

static struct ir_func *lift_words(struct arena *arena)
{
    u32 word[24], count = 2 + below(ARRAY_SIZE(word) - 2);
    u16 row[ARRAY_SIZE(word)];
    for (u32 n = 0; n < count; n++) {
        do {
            enum a64_row r;
            word[n] = random_word(&r);
            row[n] = (u16)r;
        } while (!fits(arena, word[n], row[n], n + 1 == count));
    }
    struct a64_block block = {
        .pc = 0x1000, .count = count, .word = word, .row = row, .entry = true};
    struct a64_region region = {
        .pc = 0x1000, .block = &block, .block_count = 1, .insn_count = count};
    return lift_region(arena, &region, &(struct lift_how){0});
}

/* --- comparing
 * ------------------------------------------------------------------------------------ */

static u8 buffer[BUFFER_SIZE], first_buffer[BUFFER_SIZE];
static ir_value values[MAX_VALUES];

/* Changes what a helper may change, and sees everything. */
static u64 helper(struct guest_state *s, u64 a, u64 b, u64 c)
{
    (void)b;
    (void)c;
    s->nzcv = (s->nzcv ^ (u32)(a * 0x4101)) & NZCV_MASK;
    s->qc[3] ^= 1;
    u64 seen = a * 3 + s->fpsr + s->nzcv;
    for (unsigned n = 0; n < 5; n++) seen = seen * 31 + s->x[n] + s->v[n][1];
    return seen;
}

static void fill(struct guest_state *s)
{
    memset(s, 0, sizeof *s);
    for (unsigned n = 0; n < 31; n++) s->x[n] = random_number();
    for (unsigned n = 20; n < 24; n++) s->x[n] = (u64)(uintptr_t)buffer + BUFFER_SIZE / 2;
    for (unsigned n = 0; n < 32; n++)
        for (unsigned k = 0; k < 16; k++) s->v[n][k] = (u8)random64();
    s->sp = random64();
    s->tpidr = random64();
    s->nzcv = nzcv_from_pstate((u32)random64());
    s->helper[HELPER_READ_FPSR] = (void *)(uintptr_t)helper;
    for (unsigned n = 0; n < BUFFER_SIZE; n++) first_buffer[n] = (u8)random64();
}

static struct ir_eval_exit run(const struct ir_func *f, struct guest_state *s)
{
    u64 budget = 1000;
    ck_assert_uint_le(f->count, MAX_VALUES);
    memcpy(buffer, first_buffer, BUFFER_SIZE);
    return ir_eval(f, 0, s, values, &budget);
}

static void fail_with(const struct ir_func *f, const char *before, u64 seed, const char *what)
{
    char *after = NULL;
    size_t length = 0;
    ir_print(f, &after, &length);
    printf("%s\n--- optimised\n%s", before, after);
    fflush(stdout);
    ck_abort_msg("OPT_RANDOM_SEED=%#llx OPT_RANDOM_CASES=1: %s", (unsigned long long)seed, what);
}

static const char *difference(const struct guest_state *a, const struct guest_state *b)
{
    if (a->pc != b->pc) return "pc";
    if (memcmp(a->x, b->x, sizeof a->x) || a->sp != b->sp || a->tpidr != b->tpidr) return "x";
    if (memcmp(a->v, b->v, sizeof a->v)) return "v";
    if (!(a->pc & 1) && ((a->nzcv ^ b->nzcv) & NZCV_MASK)) return "nzcv";
    if (a->fpsr != b->fpsr || memcmp(a->qc, b->qc, sizeof a->qc)) return "fpsr or qc";
    return a->trap_arg != b->trap_arg ? "trap_arg" : NULL;
}

static void check_uses(const struct ir_func *f, const char *before, u64 seed)
{
    static u32 uses[MAX_VALUES];
    struct ir_func copy = *f;
    for (u32 r = 1; r < f->count; r++) uses[r] = f->inst[r].uses;
    ir_count_uses(&copy);
    for (u32 r = 1; r < f->count; r++)
        if (uses[r] != f->inst[r].uses) fail_with(f, before, seed, "uses");
}

static void compare(struct ir_func *f, u64 seed)
{
    static struct guest_state start, plain, optimised;
    static u8 plain_buffer[BUFFER_SIZE];
    char message[200], *before = NULL;
    size_t length = 0;
    ir_print(f, &before, &length);
    if (!ir_verify(f, message, sizeof message)) fail_with(f, before, seed, message);
    fill(&start);
    plain = optimised = start;
    struct ir_eval_exit want = run(f, &plain);
    memcpy(plain_buffer, buffer, BUFFER_SIZE);
    opt_quick(f);
    if (!ir_verify(f, message, sizeof message)) fail_with(f, before, seed, message);
    check_uses(f, before, seed);
    struct ir_eval_exit got = run(f, &optimised);
    const char *what = difference(&plain, &optimised);
    if (want.reason != got.reason || want.kind != got.kind) what = "exit";
    if (memcmp(plain_buffer, buffer, BUFFER_SIZE)) what = "memory";
    if (what) fail_with(f, before, seed, what);
    free(before);
}

static void compare_many(struct ir_func *(*source)(struct arena *), u64 cases)
{
    struct arena arena;
    u64 seed = test_setting("OPT_RANDOM_SEED", 0x5eed);
    arena_init(&arena);
    cases = test_setting("OPT_RANDOM_CASES", test_cases(cases));
    for (u64 n = 0; n < cases; n++) {
        random_state = (seed + n) * UINT64_C(0x9e3779b97f4a7c15) | 1;
        arena_reset(&arena);
        compare(source(&arena), seed + n);
    }
    arena_free(&arena);
}

START_TEST(random_functions)
{
    compare_many(make, 20000);
}
END_TEST

START_TEST(long_functions)
{
    compare_many(make_long, 2000);
}
END_TEST

START_TEST(lifted_words)
{
    compare_many(lift_words, 6000);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("opt_random");
    TCase *t = tcase_create("same");
    tcase_set_timeout(t, 100);
    tcase_add_test(t, random_functions);
    tcase_add_test(t, long_functions);
    tcase_add_test(t, lifted_words);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
