/*
 * Instructions by example: runs the lines of tests/semantic/?*.txt in the evaluator and in
 * generated code for several hosts; one test is one file in one way (ways.h).
 *
 *   WORD[ WORD...]  BEFORE => AFTER  ; text
 *
 * Words are hexadecimal and run from CODE as one region; BEFORE and AFTER are lists of
 *   x0..x30, sp, pc, nzcv, fpcr, fpsr, tpidr = VALUE     v0..v31 = HIGH:LOW (or LOW)
 *   [VALUE] = VALUE, with .1 .2 .4 behind the bracket for fewer than eight bytes
 * and AFTER also of  trap=REASON[:IMM]  fault=ADDRESS  arg=TRAP_ARG.
 * A VALUE is NUMBER, or CODE, DATA, RO (guest.h) with +NUMBER or -NUMBER behind it. nzcv is the
 * four bits as letters, NzCv. What AFTER doesn't name must be as before; pc unnamed is the one
 * behind the words, or CODE after a trap or fault. Registers unnamed in BEFORE hold numbers that
 * tell them apart.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/a64.h"
#include "aot/abi/fp_state.h"
#include "aot/lift/rows_base.h"
#include "aot/lift/rows_fp.h"
#include "tests/insn/guest.h"
#include "tests/insn/ways.h"
#include "tests/lib/check.h"

#define MAX_WORDS 64
#define LINE_SIZE 1000

static u32 lines_of_row[A64_ROW_COUNT]; /* in all ways */

struct line {
    const struct way *way;
    const char *file;
    unsigned number;
    u32 word[MAX_WORDS];
    size_t words;
    unsigned failures;
};

static void complain(struct line *line, const char *what, const char *detail)
{
    printf("%s:%u: (%s) %s %s\n", line->file, line->number, line->way->name, what, detail);
    line->failures++;
}

/* NUMBER or NAME[+-NUMBER]. */
static u64 value(struct line *line, const char *text)
{
    static const struct {
        const char *name;
        u64 address;
    } names[] = {{"CODE", GUEST_CODE}, {"DATA", GUEST_DATA}, {"RO", GUEST_RO}};
    u64 base = 0;
    char *end;
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        size_t n = strlen(names[i].name);
        if (strncmp(text, names[i].name, n)) continue;
        base = names[i].address;
        text += n;
        if (!*text) return base;
    }
    u64 v = *text == '-' || *text == '+' ? (u64)strtoll(text, &end, 0) : strtoull(text, &end, 0);
    if (*end || end == text) complain(line, "bad value", text);
    return base + v;
}

static u32 flags(const char *text)
{
    return (text[0] == 'N' ? NZCV_N : 0) | (text[1] == 'Z' ? NZCV_Z : 0) |
           (text[2] == 'C' ? NZCV_C : 0) | (text[3] == 'V' ? NZCV_V : 0);
}

static void set_memory(struct line *line, char *name, u64 v)
{
    char *close = strchr(name, ']');
    size_t size = 8;
    if (!close) {
        complain(line, "bad address", name);
        return;
    }
    *close = 0;
    if (close[1] == '.') size = (size_t)atoi(close + 2);
    memcpy((void *)(uintptr_t)value(line, name + 1), &v, size <= 8 ? size : 8);
}

static void set_vector(struct line *line, u8 v[16], char *text)
{
    u64 d[2] = {0, 0};
    char *colon = strchr(text, ':');
    if (colon) {
        *colon = 0;
        d[1] = value(line, text);
        text = colon + 1;
    }
    d[0] = value(line, text);
    memcpy(v, d, 16);
}

/* NAME=TEXT applied to a state and memory. */
static void assign(struct line *line, struct guest_state *s, char *name, char *text)
{
    char *end = name;
    unsigned long n = name[0] == 'x' || name[0] == 'v' ? strtoul(name + 1, &end, 10) : 0;
    if (name[0] == '[')
        set_memory(line, name, value(line, text));
    else if (name[0] == 'x' && !*end && n < 31)
        s->x[n] = value(line, text);
    else if (name[0] == 'v' && !*end && n < 32)
        set_vector(line, s->v[n], text);
    else if (!strcmp(name, "sp"))
        s->sp = value(line, text);
    else if (!strcmp(name, "pc"))
        s->pc = value(line, text);
    else if (!strcmp(name, "nzcv") && strlen(text) == 4)
        s->nzcv = flags(text);
    else if (!strcmp(name, "fpcr"))
        fp_write_fpcr((u32)value(line, text), &s->fpcr, &s->mxcsr);
    else if (!strcmp(name, "fpsr"))
        fp_write_fpsr((u32)value(line, text), &s->fpsr, &s->mxcsr, s->qc);
    else if (!strcmp(name, "tpidr"))
        s->tpidr = value(line, text);
    else
        complain(line, "unknown name", name);
}

struct expected {
    struct guest_state state;
    char trap[32];
    long imm;
    bool faults, has_arg;
    u64 fault, arg;
};

static void expect(struct line *line, struct expected *e, char *name, char *text)
{
    if (!strcmp(name, "trap")) {
        char *colon = strchr(text, ':');
        e->imm = colon ? strtol(colon + 1, NULL, 0) : 0;
        snprintf(e->trap, sizeof e->trap, "%.*s", (int)(colon ? colon - text : 31), text);
    } else if (!strcmp(name, "fault")) {
        e->faults = true;
        e->fault = value(line, text);
    } else if (!strcmp(name, "arg")) {
        e->has_arg = true;
        e->arg = value(line, text);
    } else {
        assign(line, &e->state, name, text);
    }
}

/* Each NAME=VALUE of a list. */
static void each(struct line *line, char *list, struct guest_state *before, struct expected *after)
{
    char *save = NULL;
    for (char *item = strtok_r(list, " \t\n", &save); item; item = strtok_r(NULL, " \t\n", &save)) {
        char *equals = strchr(item, '=');
        if (!equals) {
            complain(line, "no value for", item);
            continue;
        }
        *equals = 0;
        if (after)
            expect(line, after, item, equals + 1);
        else
            assign(line, before, item, equals + 1);
    }
}

static void check_u64(struct line *line, const char *name, u64 got, u64 want)
{
    char text[80];
    if (got == want) return;
    snprintf(text, sizeof text, "is 0x%llx, not 0x%llx", (unsigned long long)got,
             (unsigned long long)want);
    complain(line, name, text);
}

static void check_state(struct line *line, const struct guest_state *got,
                        const struct guest_state *want)
{
    char name[16];
    for (int i = 0; i < 31; i++) {
        snprintf(name, sizeof name, "x%d", i);
        check_u64(line, name, got->x[i], want->x[i]);
    }
    for (int i = 0; i < 32; i++) {
        u64 g[2], w[2];
        memcpy(g, got->v[i], 16);
        memcpy(w, want->v[i], 16);
        snprintf(name, sizeof name, "v%d", i);
        check_u64(line, name, g[0], w[0]);
        strcat(name, "hi");
        check_u64(line, name, g[1], w[1]);
    }
    check_u64(line, "sp", got->sp, want->sp);
    check_u64(line, "pc", got->pc, want->pc);
    check_u64(line, "nzcv", nzcv_to_pstate(got->nzcv), nzcv_to_pstate(want->nzcv));
    check_u64(line, "fpcr", got->fpcr, want->fpcr);
    check_u64(line, "fpsr", guest_fpsr(got), guest_fpsr(want));
    check_u64(line, "tpidr", got->tpidr, want->tpidr);
}

static void check_outcome(struct line *line, const struct guest_outcome *got,
                          const struct guest_state *state, const struct expected *e)
{
    if (got->end == GUEST_REFUSED) complain(line, "refused", got->refusal);
    check_u64(line, "faults", got->end == GUEST_FAULTED, e->faults);
    if (e->faults) check_u64(line, "fault address", got->address, e->fault);
    const char *trap = got->end == GUEST_TRAPPED ? trap_name(got->reason) : "";
    if (strcmp(trap, e->trap)) complain(line, "wrong trap:", trap);
    if (e->trap[0]) check_u64(line, "immediate", got->imm, (u64)e->imm);
    if (e->has_arg) check_u64(line, "arg", state->trap_arg, e->arg);
}

static bool read_words(struct line *line, char **text)
{
    while (**text) {
        while (isspace((unsigned char)**text)) ++*text;
        if (strspn(*text, "0123456789abcdef") != 8 || line->words == MAX_WORDS) break;
        line->word[line->words++] = (u32)strtoul(*text, text, 16);
    }
    return line->words > 0;
}

static void distinct_state(struct guest_state *s)
{
    guest_state_init(s);
    for (u64 i = 0; i < 31; i++) s->x[i] = UINT64_C(0x1010101010101010) + i;
    for (u64 i = 0; i < 32; i++) {
        u64 d[2] = {UINT64_C(0x2020202020202000) + i, UINT64_C(0x3030303030303000) + i};
        memcpy(s->v[i], d, 16);
    }
    s->sp = GUEST_DATA + 0x2000;
    s->pc = GUEST_CODE;
    s->tpidr = 0x7777;
}

static u8 memory_got[GUEST_DATA_SIZE];

/* The state and memory that BEFORE describes; the list is kept. */
static void set_up(struct line *line, const char *list, struct guest_state *state)
{
    char copy[LINE_SIZE];
    snprintf(copy, sizeof copy, "%s", list);
    memset((void *)(uintptr_t)GUEST_DATA, 0, GUEST_DATA_SIZE);
    distinct_state(state);
    each(line, copy, state, NULL);
}

static void run_line(struct line *line, char *text)
{
    void *data = (void *)(uintptr_t)GUEST_DATA;
    struct guest_state state;
    struct expected e = {.imm = 0};
    text[strcspn(text, ";\n")] = 0;
    char *after = strstr(text, "=>");
    if (!line->way->evaluator && strstr(text, "trap=limit")) return; /* of the evaluator only */
    if (!after || !read_words(line, &text)) {
        complain(line, "not a test:", text);
        return;
    }
    *after = 0;
    for (size_t n = 0; n < line->words; n++) lines_of_row[a64_decode(line->word[n])]++;
    set_up(line, text, &state);
    guest_set_code(GUEST_CODE, line->word, MAX_WORDS); /* nothing of the line before behind it */
    struct guest_outcome got = way_run(line->way, &state, (u32)line->words);
    memcpy(memory_got, data, GUEST_DATA_SIZE);

    set_up(line, text, &e.state);
    e.state.pc += got.end == GUEST_WENT_ON ? 4 * line->words : 0;
    each(line, after + 2, NULL, &e);
    if (memcmp(memory_got, data, GUEST_DATA_SIZE)) complain(line, "memory", "differs");
    check_outcome(line, &got, &state, &e);
    check_state(line, &state, &e.state);
}

static glob_t files;

START_TEST(file_of_examples)
{
    const struct way *way = &ways[(size_t)_i / files.gl_pathc];
    const char *path = files.gl_pathv[(size_t)_i % files.gl_pathc];
    char text[LINE_SIZE];
    unsigned failures = 0, number = 0;
    FILE *in = fopen(path, "r");
    ck_assert_ptr_nonnull(in);
    while (fgets(text, sizeof text, in)) {
        struct line line = {.way = way, .file = path, .number = ++number};
        if (text[0] == '#' || text[strspn(text, " \t\n")] == 0) continue;
        run_line(&line, text);
        failures += line.failures;
    }
    fclose(in);
    ck_assert_uint_eq(failures, 0);
}
END_TEST

/* Runs after the files: `FERRY_ROWS=1 build/tests/semantic` prints the lines of each row. */
START_TEST(every_row_has_an_example)
{
    static const u16 rows[] = {
#define ROW(row) A64_##row,
        LIFT_BASE_ROWS(ROW) LIFT_FP_ROWS(ROW)
#undef ROW
    };
    unsigned missing = 0;
    for (size_t n = 0; n < ARRAY_SIZE(rows); n++) {
        u32 lines = lines_of_row[rows[n]] / WAYS;
        const char *name = a64_row_info((enum a64_row)rows[n])->name;
        if (getenv("FERRY_ROWS")) printf("%4u %s\n", lines, name);
        if (!lines_of_row[rows[n]]) printf("no example: %s\n", name);
        missing += !lines_of_row[rows[n]];
    }
    printf("%zu of %zu rows have examples\n", ARRAY_SIZE(rows) - missing, ARRAY_SIZE(rows));
    ck_assert_uint_eq(missing, 0);
}
END_TEST

int main(void)
{
    ways_open();
    if (glob("tests/semantic/*.txt", 0, NULL, &files)) {
        fprintf(stderr, "no tests/semantic/*.txt: run at the top of the tree\n");
        return 1;
    }
    Suite *suite = suite_create("semantic");
    TCase *tc = tcase_create("semantic");
    tcase_add_loop_test(tc, file_of_examples, 0, (int)(files.gl_pathc * WAYS));
    tcase_add_test(tc, every_row_has_an_example);
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    globfree(&files);
    return failed != 0;
}
