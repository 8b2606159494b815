/*
 * Random sequences of instructions: generated code against the evaluator. Compared: all registers,
 * flags, FPSR, memory, the exit, and at a fault the exact state. An invalid operation that traps on
 * the host is finished by the evaluator, as the runtime does it.
 *
 * FERRY_CASES sets the number of sequences, FERRY_SEED the seed, FERRY_GROUP one decode table,
 * FERRY_ROW one row, FERRY_LENGTH the longest sequence.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/a64/a64.h"
#include "aot/a64/flow.h"
#include "aot/abi/fp_state.h"
#include "aot/x64/features.h"
#include "tests/insn/guest.h"
#include "tests/lib/run_code.h"
#include "tests/lib/check.h"

#define MAX_LENGTH  40
#define MAX_REPORTS 10
#define DATA        ((void *)(uintptr_t)GUEST_DATA)

static u64 seed;
static unsigned reports;
static u32 words[MAX_LENGTH];
static unsigned length;
static struct arena arena;

static u64 random64(void) /* splitmix64 */
{
    u64 z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static u64 below(u64 n)
{
    return random64() % n;
}

/* --- words
 * ---------------------------------------------------------------------------------------- */

/* Few registers, so that instructions depend on each other; loads and stores mostly by X28, X29. */
static u32 tame(u32 word, const struct a64_row_info *info)
{
    static const u8 regs[] = {0, 1, 2, 3, 4, 5, 6, 19, 20, 30, 31};
    u32 w = word;
    if (below(4)) {
        w = (w & ~0x1fu) | regs[below(ARRAY_SIZE(regs))];
        w = (w & ~(0x1fu << 16)) | (u32)regs[below(ARRAY_SIZE(regs))] << 16;
        u32 n = info->group == A64_GROUP_ldst ? 28 + (u32)below(2) : regs[below(ARRAY_SIZE(regs))];
        w = (w & ~(0x1fu << 5)) | n << 5;
    }
    return (w & ~info->mask) | info->value;
}

static bool wanted(const struct a64_row_info *info)
{
    const char *group = getenv("FERRY_GROUP"), *row = getenv("FERRY_ROW");
    if (row) return !strcmp(row, info->name);
    return !group || !strcmp(group, a64_group_name(info->group));
}

static bool unwanted_row(enum a64_row row)
{
    return row == A64_MRS || row == A64_MSR_reg || row == A64_SYS || row == A64_SYSL ||
           row == A64_MSR_imm;
}

static u32 random_word(void)
{
    for (;;) {
        enum a64_row row = (enum a64_row)(1 + below(A64_ROW_COUNT - 1));
        const struct a64_row_info *info = a64_row_info(row);
        if (!wanted(info) || unwanted_row(row)) continue;
        if (info->group == A64_GROUP_branch && below(4) && !getenv("FERRY_ROW")) continue;
        u32 word = tame(((u32)random64() & ~info->mask) | info->value, info);
        if (a64_decode(word) == row) return word;
    }
}

/* A word that leaves X27, the loop counter, alone. */
static u32 loop_word(void)
{
    for (;;) {
        u32 w = random_word();
        bool touches =
            (w & 31) == 27 || (w >> 5 & 31) == 27 || (w >> 10 & 31) == 27 || (w >> 16 & 31) == 27;
        const struct a64_row_info *info = a64_row_info(a64_decode(w));
        if (!touches && info->group != A64_GROUP_branch) return w;
    }
}

/* B.cond, CBZ, CBNZ, TBZ or TBNZ over `over` - 1 instructions. */
static u32 forward_branch(unsigned over)
{
    u32 reg = (u32)below(7);
    switch (below(3)) {
    case 0: return 0x54000000 | over << 5 | (u32)below(14);
    case 1: return 0x34000000 | (u32)below(2) << 31 | (u32)below(2) << 24 | over << 5 | reg;
    default:
        return 0x36000000 | (u32)below(2) << 31 | (u32)below(2) << 24 | (u32)below(32) << 19 |
               over << 5 | reg;
    }
}

/* MOV X27, #n; body with branches forward; SUBS X27, X27, #1; B.NE body. */
static void make_loop(void)
{
    length += 4;
    words[0] = 0xd280001b | (u32)(1 + below(4)) << 5;
    for (unsigned n = 1; n < length - 2; n++) {
        bool branch = below(4) == 0 && n + 2 < length - 2;
        words[n] = branch ? forward_branch(1 + (unsigned)below(length - 2 - n)) : loop_word();
    }
    words[length - 2] = 0xf100077b;
    words[length - 1] = 0x54000001 | (0x7ffff & (1 - (length - 1))) << 5;
}

/* --- states
 * --------------------------------------------------------------------------------------- */

static u64 random_value(void)
{
    static const u64 corners[] = {0,         1,          UINT64_MAX, UINT64_C(1) << 63,
                                  INT64_MAX, 0x80000000, 0x7fffffff, 0xffffffff,
                                  64,        63,         32};
    switch (below(4)) {
    case 0: return corners[below(ARRAY_SIZE(corners))];
    case 1: return random64() >> below(64);
    default: return random64();
    }
}

static void random_vector(u8 v[16])
{
    static const u64 doubles[] = {0,
                                  UINT64_C(1) << 63,
                                  UINT64_C(0x3ff0000000000000),
                                  UINT64_C(0x7ff0000000000000),
                                  UINT64_C(0x7ff8000000000001),
                                  UINT64_C(0x4000000000000000),
                                  UINT64_C(0x3f8000003f800000),
                                  UINT64_C(0x7fc0000140000000),
                                  UINT64_C(0x0010000000000000)};
    u64 d[2] = {random64(), random64()};
    switch (below(4)) {
    case 0:
        d[0] = doubles[below(ARRAY_SIZE(doubles))];
        d[1] = doubles[below(ARRAY_SIZE(doubles))];
        break;
    case 1:
        for (int n = 0; n < 2; n++) {
            double x = (double)(s64)random64() / (double)(1 + below(1000000));
            memcpy(&d[n], &x, 8);
        }
        break;
    case 2:
        for (int n = 0; n < 2; n++) {
            float x[2] = {(float)(s32)random64() / 77.0f, (float)(s32)random64() * 3.0f};
            memcpy(&d[n], x, 8);
        }
        break;
    default: break;
    }
    memcpy(v, d, 16);
}

static bool flush; /* the case's states have FPCR.FZ, its code is for that */

static void random_state(struct guest_state *s)
{
    guest_state_init(s);
    for (int n = 0; n < 31; n++) s->x[n] = random_value();
    for (int n = 0; n < 32; n++) random_vector(s->v[n]);
    s->x[28] = GUEST_DATA + 0x1000 + 16 * below(0x100);
    s->x[29] = GUEST_DATA + 0x2000 + below(0x1000);
    if (below(8) == 0) s->x[29] = GUEST_DATA + GUEST_DATA_SIZE - below(32);
    for (int n = 0; n < 7; n += 3) s->x[n] = below(64);
    s->sp = GUEST_DATA + 0x1000 + 16 * below(0x100);
    s->nzcv = nzcv_from_pstate((u32)random64());
    if (below(4) == 0) fp_write_fpcr((u32)below(4) << FPCR_RMODE_SHIFT, &s->fpcr, &s->mxcsr);
    flush = below(4) == 0;
    if (flush) { /* where FPSR has it, inexact doesn't trap */
        fp_write_fpcr(FPCR_FZ | (u32)below(4) << FPCR_RMODE_SHIFT, &s->fpcr, &s->mxcsr);
        s->fpsr |= below(4) ? FPSR_IXC : 0;
    }
    s->pc = GUEST_CODE;
}

/* --- running
 * -------------------------------------------------------------------------------------- */

static size_t read_code(void *context, u64 pc, u32 *out, size_t max)
{
    (void)context;
    u64 offset = pc - GUEST_CODE;
    if (offset >= GUEST_CODE_SIZE) return 0;
    if (max > (GUEST_CODE_SIZE - offset) / 4) max = (GUEST_CODE_SIZE - offset) / 4;
    memcpy(out, (const void *)(uintptr_t)pc, 4 * max);
    return max;
}

static const struct code_view view = {.read = read_code};

static void print_text(void *context, enum xlat_stage stage, u64 pc, const char *text, size_t n)
{
    (void)context;
    (void)stage;
    (void)pc;
    fwrite(text, 1, n, stdout);
}

static bool upper_first; /* xlat_options has it */

static enum xlat_status make(u64 pc, u64 features, bool show, struct translation *tr)
{
    struct xlat_options o = {.host_features = features,
                             .fp_flush = flush,
                             .verify = true,
                             .upper_first = upper_first,
                             .max_insts = length};
    if (show) {
        o.dump = print_text;
        o.dump_stages = 1 << XLAT_STAGE_DECODE | 1 << XLAT_STAGE_OPT | 1 << XLAT_STAGE_CODE;
    }
    arena_reset(&arena);
    return xlat_translate(&arena, &o, &view, pc, tr);
}

struct end {
    enum guest_end end;
    enum trap_reason reason;
    u64 address;
};

static struct end in_evaluator(struct guest_state *s)
{
    struct guest_outcome o = guest_evaluate(s, length);
    return (struct end){o.end, o.end == GUEST_TRAPPED ? o.reason : TRAP_NONE,
                        o.end == GUEST_FAULTED ? o.address : 0};
}

/* After an invalid operation, or with SP misaligned: instruction by instruction to where the
 * reference ended. */
static struct end finish(struct guest_state *s, u64 pc, enum guest_end end)
{
    struct guest_outcome o = {0};
    for (unsigned n = 0; n < 8 * MAX_LENGTH; n++) {
        o = guest_evaluate(s, 1);
        if (o.end != GUEST_WENT_ON || (end == GUEST_WENT_ON && s->pc == pc)) break;
    }
    return (struct end){o.end, o.end == GUEST_TRAPPED ? o.reason : TRAP_NONE,
                        o.end == GUEST_FAULTED ? o.address : 0};
}

static struct end in_code(struct guest_state *s, const struct translation *tr, u64 pc,
                          enum guest_end end)
{
    struct run_result r = run_code(tr, s);
    if (r.kind == RUN_LOST) {
        printf("lost: signal %d at host offset %x\n", r.signo, r.offset);
        return (struct end){GUEST_REFUSED, TRAP_NONE, 0};
    }
    if (r.kind == RUN_FAULT && r.signo == SIGFPE) {
        s->mxcsr = fp_mxcsr(s->fpcr);
        return finish(s, pc, end);
    }
    if (r.kind == RUN_FAULT) return (struct end){GUEST_FAULTED, TRAP_NONE, r.address};
    if (r.door == LEAVE_TRAP && r.reason == TRAP_SP_ODD) {
        bool behind = end == GUEST_WENT_ON && s->pc == pc; /* the last instruction did it */
        return behind ? (struct end){GUEST_WENT_ON, TRAP_NONE, 0} : finish(s, pc, end);
    }
    if (r.door == LEAVE_TRAP) return (struct end){GUEST_TRAPPED, r.reason, 0};
    return (struct end){GUEST_WENT_ON, TRAP_NONE, 0};
}

/* --- comparing
 * ------------------------------------------------------------------------------------ */

static void differ(const char *what, u64 code, u64 evaluator)
{
    printf("  %s: code %016llx, evaluator %016llx\n", what, (unsigned long long)code,
           (unsigned long long)evaluator);
}

/* NZCV doesn't count where the code behind sets it: regions that end early there don't store it. */
static unsigned compare(const struct guest_state *a, const struct guest_state *b)
{
    unsigned n = 0;
    char name[16];
    for (int k = 0; k < 32; k++) {
        const u64 *xa = k < 31 ? &a->x[k] : &a->sp, *xb = k < 31 ? &b->x[k] : &b->sp;
        snprintf(name, sizeof name, k < 31 ? "x%d" : "sp", k);
        if (*xa != *xb) differ(name, *xa, *xb), n++;
        u64 va[2], vb[2];
        memcpy(va, a->v[k], 16);
        memcpy(vb, b->v[k], 16);
        snprintf(name, sizeof name, "v%d", k);
        if (va[0] != vb[0]) differ(name, va[0], vb[0]), n++;
        strcat(name, "hi");
        if (va[1] != vb[1]) differ(name, va[1], vb[1]), n++;
    }
    if (a->pc != b->pc) differ("pc", a->pc, b->pc), n++;
    if (((a->nzcv ^ b->nzcv) & NZCV_MASK) && !a64_nzcv_dead(&view, a->pc))
        differ("nzcv", nzcv_to_pstate(a->nzcv) >> 28, nzcv_to_pstate(b->nzcv) >> 28), n++;
    if (guest_fpsr(a) != guest_fpsr(b)) differ("fpsr", guest_fpsr(a), guest_fpsr(b)), n++;
    if (a->excl_size != b->excl_size) differ("monitor", a->excl_size, b->excl_size), n++;
    return n;
}

static bool agree(struct end a, struct end b, struct guest_state *ours, struct guest_state *ref)
{
    unsigned n = 0;
    if (a.end != b.end) differ("end", a.end, b.end), n++;
    if (a.reason != b.reason) differ("reason", a.reason, b.reason), n++;
    if (a.address != b.address) differ("address", a.address, b.address), n++;
    return !(n + compare(ours, ref));
}

static void run_case(u64 features, u64 number)
{
    static struct guest_state start, ref, ours;
    static u8 before[GUEST_DATA_SIZE], after[GUEST_DATA_SIZE];
    struct translation tr;
    u64 case_seed = seed;
    random_state(&start);
    length = 1 + (unsigned)below(test_setting("FERRY_LENGTH", 12));
    const char *group = getenv("FERRY_GROUP");
    if (length > 2 && below(3) == 0 && !(group && !strcmp(group, "branch")))
        make_loop();
    else
        for (unsigned n = 0; n < length; n++) words[n] = random_word();
    static u32 page[GUEST_CODE_SIZE / 4]; /* what follows is undefined: there NZCV is looked at */
    memcpy(page, words, sizeof words);
    memset(page + length, 0, sizeof page - 4 * length);
    guest_set_code(GUEST_CODE, page, GUEST_CODE_SIZE / 4);
    for (size_t n = 0; n < sizeof before; n++) before[n] = (u8)(n * 7 + n / 256);
    enum xlat_status status = make(start.pc, features, false, &tr);
    if (status != XLAT_OK) {
        printf("case %llu seed %llu: status %d\n", (unsigned long long)number,
               (unsigned long long)case_seed, status);
        make(start.pc, features, true, &tr);
        reports++;
        return;
    }
    ref = ours = start;
    memcpy(DATA, before, sizeof before);
    struct end b = in_evaluator(&ref);
    memcpy(after, DATA, sizeof after);
    memcpy(DATA, before, sizeof before);
    make(start.pc, features, false, &tr);
    struct end a = in_code(&ours, &tr, ref.pc, b.end);
    bool good = agree(a, b, &ours, &ref);
    if (memcmp(after, DATA, sizeof after)) {
        printf("  memory\n");
        good = false;
    }
    if (good) return;
    reports++;
    printf("^ case %llu seed %llu features %llx\n", (unsigned long long)number,
           (unsigned long long)case_seed, (unsigned long long)features);
    make(start.pc, features, true, &tr);
}

static void run_cases(u64 features)
{
    u64 cases = test_cases(20000);
    seed = test_setting("FERRY_SEED", 1);
    guest_open();
    run_code_init();
    arena_init(&arena);
    for (u64 n = 0; n < cases && reports < MAX_REPORTS; n++) run_case(features, n);
    ck_assert_uint_eq(reports, 0);
}

START_TEST(code_of_this_host_agrees_with_the_evaluator)
{
    run_cases(xlat_host_features());
}
END_TEST

START_TEST(code_on_upper_registers_agrees_with_the_evaluator)
{
    upper_first = true;
    run_cases(xlat_host_features());
}
END_TEST

START_TEST(code_without_avx512_agrees_with_the_evaluator)
{
    run_cases(xlat_host_features() & ~(u64)X64_HAS_AVX512);
}
END_TEST

START_TEST(code_without_avx_agrees_with_the_evaluator)
{
    u32 none = X64_HAS_AVX | X64_HAS_AVX2 | X64_HAS_FMA | X64_HAS_F16C | X64_HAS_AVX512;
    run_cases(xlat_host_features() & ~(u64)none);
}
END_TEST

START_TEST(code_for_plain_sse2_agrees_with_the_evaluator)
{
    run_cases(0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gen_random");
    TCase *tc = tcase_create("gen_random");
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, code_of_this_host_agrees_with_the_evaluator);
    tcase_add_test(tc, code_on_upper_registers_agrees_with_the_evaluator);
    tcase_add_test(tc, code_without_avx512_agrees_with_the_evaluator);
    tcase_add_test(tc, code_without_avx_agrees_with_the_evaluator);
    tcase_add_test(tc, code_for_plain_sse2_agrees_with_the_evaluator);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
