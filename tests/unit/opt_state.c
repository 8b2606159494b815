/*
 * The precise-state rule through the optimiser: random functions with loads and stores that may
 * fault, guards, exits in the middle, helpers, floating-point flags and loops (tests/ir) are
 * evaluated as they are and after opt_quick. Guest state, memory and exit must be the same, at
 * faults too. NZCV is not compared where the exit says that it is dead.
 *
 * FERRY_CASES sets the number of functions, FERRY_SEED the first seed; each is run from several
 * states.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/lib/setting.h"
#include "aot/abi/fp_state.h"
#include "aot/ir/eval.h"
#include "aot/opt/opt.h"
#include "tests/ir/random_ir.h"
#include "tests/lib/check.h"

#define STATES 4
#define AROUND 65536 /* unmapped bytes on either side: an access that goes too far faults */

struct outcome {
    struct guest_state state;
    struct ir_eval_exit exit;
    bool faulted;
    u8 memory[RANDOM_IR_DATA];
};

static u8 *memory;
static struct arena arena;
static sigjmp_buf fault_return;
static unsigned faults, exits;

static void on_fault(int number)
{
    (void)number;
    siglongjmp(fault_return, 1);
}

/* --- running ---------------------------------------------------------------------------------- */

static u64 read_fpsr(struct guest_state *state)
{
    return fp_read_fpsr(state->fpsr, state->mxcsr, state->qc);
}

static void write_fpsr(struct guest_state *state, u64 value)
{
    fp_write_fpsr((u32)value, &state->fpsr, &state->mxcsr, state->qc);
}

static u64 random_value(u64 *seed)
{
    static const u64 corners[] = {0, 1, UINT64_MAX, INT64_MAX, 0x80000000, 0xffffffff, 64, 0xff};
    u64 v = random_ir_number(seed);
    if (v % 4 == 0) return corners[v / 4 % ARRAY_SIZE(corners)];
    return v % 4 == 1 ? v >> (v >> 2 & 63) : random_ir_number(seed);
}

static void start(struct outcome *o, u64 seed)
{
    struct guest_state *s = &o->state;
    memset(o, 0, sizeof(*o));
    for (int n = 0; n < 31; n++) s->x[n] = random_value(&seed);
    for (int n = 0; n < 32; n++) {
        u64 d[2] = {random_value(&seed), random_value(&seed)};
        memcpy(s->v[n], d, sizeof(d));
    }
    s->x[27] = random_ir_number(&seed) % 4;
    s->x[28] = (u64)(uintptr_t)memory + RANDOM_IR_DATA / 2;
    s->sp = random_value(&seed);
    s->tpidr = random_value(&seed);
    s->nzcv = nzcv_from_pstate((u32)random_ir_number(&seed));
    s->mxcsr = fp_mxcsr(0);
    s->helper[HELPER_READ_FPSR] = (void *)read_fpsr;
    s->helper[HELPER_WRITE_FPSR] = (void *)write_fpsr;
    for (size_t n = 0; n < RANDOM_IR_DATA; n++) memory[n] = (u8)(n * 37 + seed);
}

static void run(const struct ir_func *f, u64 seed, struct outcome *o)
{
    u64 budget = 100000;
    ir_value *values = arena_zalloc(&arena, (f->count + 1) * sizeof(*values));
    start(o, seed);
    if (sigsetjmp(fault_return, 0))
        o->faulted = true;
    else
        o->exit = ir_eval(f, 0, &o->state, values, &budget);
    ck_assert(o->exit.reason != TRAP_LIMIT || o->faulted);
    o->state.nzcv &= NZCV_MASK;
    if (!o->faulted && o->exit.reason == TRAP_NONE && o->state.pc & RANDOM_IR_NZCV_DEAD)
        o->state.nzcv = 0;
    memcpy(o->memory, memory, RANDOM_IR_DATA);
    faults += o->faulted;
    exits += !o->faulted;
}

/* --- comparing -------------------------------------------------------------------------------- */

static const char *different_slot(const struct guest_state *a, const struct guest_state *b)
{
    static char text[80];
    static const u8 size[] = {
        [SLOT_INT64] = 8, [SLOT_INT32] = 4, [SLOT_VEC128] = 16, [SLOT_FLAGS] = 2};
    for (unsigned s = 0; s < SLOT_COUNT; s++) {
        const struct slot_info *i = slot_info(s);
        const u8 *p = (const u8 *)a + i->offset, *q = (const u8 *)b + i->offset;
        u64 was, is;
        if (!memcmp(p, q, size[i->kind])) continue;
        memcpy(&was, p, 8);
        memcpy(&is, q, 8);
        snprintf(text, sizeof(text), "%s: %" PRIx64 " is %" PRIx64, i->name, was, is);
        return text;
    }
    return NULL;
}

static const char *difference(const struct outcome *a, const struct outcome *b)
{
    if (a->faulted != b->faulted) return "one faults";
    if (a->exit.reason != b->exit.reason || a->exit.imm != b->exit.imm) return "other exit";
    if (a->exit.kind != b->exit.kind) return "other kind of exit";
    if (a->state.pc != b->state.pc) return "other pc";
    if (a->state.trap_arg != b->state.trap_arg) return "trap_arg";
    if (a->state.excl_size != b->state.excl_size) return "monitor";
    if (memcmp(a->memory, b->memory, RANDOM_IR_DATA)) return "memory";
    return different_slot(&a->state, &b->state);
}

static struct ir_func *copy_of(const struct ir_func *f)
{
    struct ir_func *c = arena_alloc(&arena, sizeof(*c));
    *c = *f;
    c->inst = arena_alloc(&arena, f->capacity * sizeof(*c->inst));
    memcpy(c->inst, f->inst, f->count * sizeof(*c->inst));
    c->block = arena_alloc(&arena, f->block_capacity * sizeof(*c->block));
    memcpy(c->block, f->block, f->block_count * sizeof(*c->block));
    return c;
}

static void report(const struct ir_func *before, const struct ir_func *after, const char *why,
                   u64 seed)
{
    char *text = NULL;
    size_t length = 0;
    ir_print(before, &text, &length);
    ir_print(after, &text, &length);
    fprintf(stderr, "%s\n%s\nFERRY_SEED=%" PRIu64 " FERRY_CASES=1\n", text, why, seed);
    free(text);
}

static bool verified(const struct ir_func *before, const struct ir_func *f, u64 seed)
{
    char message[200];
    if (ir_verify(f, message, sizeof(message))) return true;
    report(before, f, message, seed);
    return false;
}

static bool same_meaning(u64 seed)
{
    static struct outcome a, b;
    arena_reset(&arena);
    struct ir_func *f = random_ir(&arena, seed), *optimised = copy_of(f);
    if (!verified(f, f, seed)) return false;
    opt_quick(optimised);
    if (!verified(f, optimised, seed)) return false;
    for (u64 n = 0; n < STATES; n++) {
        run(f, seed + n, &a);
        run(optimised, seed + n, &b);
        const char *why = difference(&a, &b);
        if (!why) continue;
        report(f, optimised, why, seed);
        fprintf(stderr, "state %" PRIu64 "\n", n);
        return false;
    }
    return true;
}

static void map_memory(void)
{
    u8 *all =
        mmap(NULL, RANDOM_IR_DATA + 2 * AROUND, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert(all != MAP_FAILED);
    memory = all + AROUND;
    ck_assert_int_eq(mprotect(memory, RANDOM_IR_DATA, PROT_READ | PROT_WRITE), 0);
}

START_TEST(state_is_exact_wherever_it_shows)
{
    u64 seed = test_setting("FERRY_SEED", 1), count = test_cases(30000);
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = SA_NODEFER};
    sigaction(SIGSEGV, &action, NULL);
    map_memory();
    arena_init(&arena);
    for (u64 n = 0; n < count; n++) ck_assert(same_meaning(seed + n));
    arena_free(&arena);
    if (count > 100) ck_assert(faults > count / 10 && exits > count / 10);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("opt_state");
    TCase *t = tcase_create("random");
    tcase_add_test(t, state_is_exact_wherever_it_shows);
    tcase_set_timeout(t, 100);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
