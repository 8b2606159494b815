/*
 * Jump tables and addresses of code: what discovery makes of switches that two compilers have
 * translated, against what the assembly says; and input that no compiler makes.
 */
#include "tests/lib/setting.h"
#include "aot/disc/disc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aot/a64/flow.h"
#include "tests/disc/guest_file.h"
#include "tests/lib/check.h"

enum { MAX_TABLES = 128, MAX_ROWS = 256, LABEL = 32 };

struct expected {
    char label[LABEL];
    char target[MAX_ROWS][LABEL];
    u32 count;
};

static const char *const files[] = {
    "gcc-O0-pic",     "gcc-O1-pic",   "gcc-O2-pic",     "gcc-Os-pic",     "gcc-O0-fixed",
    "gcc-O1-fixed",   "gcc-O2-fixed", "gcc-Os-fixed",   "clang-O0-pic",   "clang-O1-pic",
    "clang-O2-pic",   "clang-Os-pic", "clang-O0-fixed", "clang-O1-fixed", "clang-O2-fixed",
    "clang-Os-fixed", "forms",
};
enum { COMPILED = ARRAY_SIZE(files) - 1, FORMS = COMPILED };

static struct guest_file file;
static struct expected table[MAX_TABLES];
static u32 tables;

/* --- what the assembly says ---------------------------------------------------------------------
 */

static bool is_data_directive(const char *line)
{
    static const char *const directive[] = {"\t.byte\t",  "\t.hword\t", "\t.2byte\t", "\t.word\t",
                                            "\t.4byte\t", "\t.xword\t", "\t.8byte\t"};
    for (u32 i = 0; i < ARRAY_SIZE(directive); i++)
        if (!strncmp(line, directive[i], strlen(directive[i]))) return true;
    return false;
}

/* A table is a label with rows of data behind it that begin with a label of code. */
static void read_assembly(const char *path)
{
    char line[512], label[LABEL] = "", target[LABEL];
    struct expected *t = NULL;
    FILE *in = fopen(path, "r");
    ck_assert_msg(in, "%s", path);
    tables = 0;
    while (fgets(line, sizeof line, in)) {
        const char *at = strstr(line, ".L");
        if (line[0] != '\t') {
            t = NULL;
            if (sscanf(line, "%31[^: \n]:", label) != 1) label[0] = 0;
        } else if (is_data_directive(line) && at && sscanf(at, "%31[.A-Za-z0-9_]", target) == 1) {
            if (!t) {
                ck_assert_uint_lt(tables, MAX_TABLES);
                t = &table[tables++];
                t->count = 0;
                strcpy(t->label, label);
            }
            ck_assert_uint_lt(t->count, MAX_ROWS);
            strcpy(t->target[t->count++], target);
        }
    }
    fclose(in);
}

static void open_file(int number)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 64);
    ck_assert_int_gt(n, 0);
    path[n] = 0;
    sprintf(strrchr(path, '/'), "/disc/%s", files[number]);
    guest_file_open(&file, path);
    strcat(path, ".s");
    read_assembly(path);
}

/* --- compiled code ------------------------------------------------------------------------------
 */

static const struct expected *table_at(u64 at)
{
    for (u32 i = 0; i < tables; i++)
        if (guest_symbol(&file, table[i].label) == at) return &table[i];
    return NULL;
}

/* A table that nothing bounds may seem to go on into its neighbour. */
static void compare(const struct expected *e, u64 pc, const struct disc_table *t)
{
    if (t->bounded)
        ck_assert_msg(t->count <= e->count, "%s: %u of %u", e->label, t->count, e->count);
    for (u32 n = 0; n < e->count && n < t->count; n++) {
        u64 target = 0, wanted = guest_symbol(&file, e->target[n]);
        ck_assert(disc_table_target(&file.view, t, n, &target));
        ck_assert_msg(target == wanted, "%s, branch at %llx, entry %u: %llx, not %llx", e->label,
                      (unsigned long long)pc, n, (unsigned long long)target,
                      (unsigned long long)wanted);
    }
}

/* Pointers in a file that is yet to be relocated can't be read. */
static bool can_be_read(const struct expected *e)
{
    u64 entry = 0, at = guest_symbol(&file, e->label);
    return !file.relocatable || (file.view.read(&file, at, &entry, 8) == 8 && entry);
}

START_TEST(tables_are_what_the_assembly_says)
{
    bool seen[MAX_TABLES] = {false};
    open_file(_i);
    ck_assert_uint_gt(tables, 5);
    for (u64 pc = file.text.start; pc < file.text.end; pc += 4) {
        struct disc_table t;
        if (!disc_find_table(&file.view, pc, &t)) continue;
        if (!t.size) continue;
        const struct expected *e = table_at(t.at);
        ck_assert_msg(e, "%s: branch at %llx: no table at %llx", files[_i], (unsigned long long)pc,
                      (unsigned long long)t.at);
        compare(e, pc, &t);
        if (t.count >= e->count) seen[e - table] = true;
    }
    for (u32 i = 0; i < tables; i++)
        ck_assert_msg(seen[i] || !can_be_read(&table[i]), "%s: table %s was not found", files[_i],
                      table[i].label);
    guest_file_close(&file);
}
END_TEST

/* All but those whose index is unchecked have bounds. */
START_TEST(bounds_are_found)
{
    u32 bounded = 0;
    open_file(_i);
    for (u64 pc = file.text.start; pc < file.text.end; pc += 4) {
        struct disc_table t;
        if (!disc_find_table(&file.view, pc, &t) || !table_at(t.at)) continue;
        u64 name = file.view.function(&file, pc).start;
        if (name == guest_symbol(&file, "unchecked") || name == guest_symbol(&file, "threaded") ||
            name == guest_symbol(&file, "direct"))
            continue;
        ck_assert_msg(t.bounded, "%s: branch at %llx", files[_i], (unsigned long long)pc);
        bounded++;
    }
    ck_assert_uint_ge(bounded, 14);
    guest_file_close(&file);
}
END_TEST

START_TEST(functions_whose_address_is_taken_are_found)
{
    u64 leaf2, found = 0;
    open_file(_i);
    leaf2 = guest_symbol(&file, "leaf2");
    struct guest_range pick = file.view.function(&file, guest_symbol(&file, "pick"));
    for (u64 pc = file.text.start; pc < file.text.end; pc += 4) {
        u64 target;
        if (!disc_find_address(&file.view, pc, &target)) continue;
        ck_assert(file.view.is_code(&file, target));
        if (pc >= pick.start && pc < pick.end) found = target;
    }
    if (!file.relocatable) ck_assert_uint_eq(found, leaf2); /* else it is in the GOT */
    guest_file_close(&file);
}
END_TEST

/* --- code by hand -------------------------------------------------------------------------------
 */

START_TEST(pieces_of_code_are_counted)
{
    struct disc_table t;
    open_file(FORMS);
    u64 pc = guest_symbol(&file, "pieces_branch");
    ck_assert(disc_find_table(&file.view, pc, &t));
    ck_assert(t.bounded && !t.size && t.count == 4);
    for (u32 n = 0; n < 4; n++) {
        u64 target;
        ck_assert(disc_table_target(&file.view, &t, n, &target));
        ck_assert_uint_eq(target, pc + 4 + 8 * (u64)n);
    }
    guest_file_close(&file);
}
END_TEST

START_TEST(a_table_that_the_file_cuts_off_has_what_is_there)
{
    struct disc_table t;
    open_file(FORMS);
    ck_assert(disc_find_table(&file.view, guest_symbol(&file, "cut_branch"), &t));
    ck_assert(!t.bounded);
    ck_assert_uint_eq(t.count, 2);
    guest_file_close(&file);
}
END_TEST

/* --- hostile input ------------------------------------------------------------------------------
 */

#define SEED UINT64_C(0x9e3779b97f4a7c15)

enum { BASE = 0x10000, WORDS = 96, ROUNDS = 60000 };

/* Words of code, all of them data too, in a piece of memory that ends with them. */
struct words {
    u32 *at;
    u32 count;
};

static u64 random_state;

static u64 random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static size_t words_bytes(void *context, u64 at, void *bytes, size_t size)
{
    const struct words *w = context;
    if (at - BASE >= 4 * (u64)w->count) return 0;
    u64 n = 4 * (u64)w->count - (at - BASE);
    if (n > size) n = size;
    memcpy(bytes, (const u8 *)w->at + (at - BASE), n);
    return n;
}

static size_t words_read(void *context, u64 pc, u32 *words, size_t max)
{
    ck_assert_uint_eq(pc % 4, 0);
    return words_bytes(context, pc, words, 4 * max) / 4;
}

static bool words_is_code(void *context, u64 pc)
{
    const struct words *w = context;
    return pc % 4 == 0 && pc - BASE < 4 * (u64)w->count;
}

static u64 words_branch_to(void *context, u64 pc)
{
    const struct words *w = context;
    for (u32 i = 0; i < w->count; i++) {
        u64 at = BASE + 4 * (u64)i, target = 0;
        enum a64_flow flow = a64_flow(a64_decode(w->at[i]), w->at[i], at, &target);
        if ((flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP) && target == pc) return at;
    }
    return 0;
}

static struct guest_range words_function(void *context, u64 pc)
{
    const struct words *w = context;
    (void)pc;
    return (struct guest_range){BASE, BASE + 4 * (u64)w->count};
}

/* Whatever is said of them must hold: targets are instructions, and entries can be read. */
static void look_at_words(struct words *w)
{
    struct disc_view view = {{words_read, NULL, NULL, NULL, NULL, w},
                             words_bytes,
                             words_is_code,
                             words_branch_to,
                             words_function,
                             w};
    for (u32 i = 0; i < w->count; i++) {
        struct disc_table t;
        u64 pc = BASE + 4 * (u64)i, target;
        if (disc_find_table(&view, pc, &t)) {
            ck_assert(t.count && t.count <= DISC_MAX_ENTRIES);
            for (u32 n = 0; n < t.count; n++) {
                ck_assert(disc_table_target(&view, &t, n, &target));
                ck_assert(words_is_code(w, target));
            }
        }
        if (disc_find_address(&view, pc, &target)) ck_assert(words_is_code(w, target));
    }
}

/* Words of the rows that slices follow, with small fields so that they meet. */
static u32 random_word(void)
{
    static const enum a64_row rows[] = {
        A64_ADR,       A64_ADRP,    A64_ADD_imm,  A64_SUB_imm,    A64_SUBS_imm, A64_ADD_shift,
        A64_SUB_shift, A64_ADD_ext, A64_SUB_ext,  A64_UBFM,       A64_SBFM,     A64_AND_imm,
        A64_MOVZ,      A64_MOVN,    A64_MOVK,     A64_ORR_shift,  A64_CSEL,     A64_LDR_reg,
        A64_LDRS_reg,  A64_LDR_u,   A64_STR_u,    A64_STP_off,    A64_B_cond,   A64_B,
        A64_BL,        A64_BR,      A64_CCMP_imm, A64_SUBS_shift, A64_LDUR,     A64_LDR_post,
    };
    u32 word = (u32)random_bits();
    unsigned how = random_bits() % 16;
    if (how == 0) return word;
    const struct a64_row_info *info = a64_row_info(rows[random_bits() % ARRAY_SIZE(rows)]);
    if (how < 12) word &= ~UINT32_C(0x001c739c); /* registers 0 to 3, small immediates */
    if (how < 4) word &= ~UINT32_C(0x00fc0000);
    return (word & ~info->mask) | info->value;
}

START_TEST(random_words_do_no_harm)
{
    u64 first = test_setting("FERRY_SEED", SEED), end = first + test_cases(ROUNDS / WORDS);
    for (u64 seed = first; seed < end; seed++) {
        struct words w = {.count = 1 + (u32)(seed % WORDS)};
        random_state = seed * 2 + 1;
        w.at = malloc(4 * w.count);
        ck_assert(w.at != NULL);
        for (u32 i = 0; i < w.count; i++) w.at[i] = random_word();
        look_at_words(&w);
        free(w.at);
    }
}
END_TEST

/* Compiled code with a few bits changed. */
START_TEST(damaged_code_does_no_harm)
{
    open_file(_i);
    random_state = test_setting("FERRY_SEED", SEED);
    for (u64 rounds = test_cases(150); rounds > 0; rounds--) {
        struct words w = {.count = WORDS * 4};
        u32 words = (u32)((file.text.end - file.text.start) / 4);
        u64 from = file.text.start + 4 * (random_bits() % words);
        w.at = malloc(4 * w.count);
        ck_assert(w.at != NULL);
        w.count = (u32)file.view.code.read(&file, from, w.at, w.count);
        for (u32 n = 0; n < w.count / 16; n++)
            w.at[random_bits() % w.count] ^= UINT32_C(1) << random_bits() % 32;
        look_at_words(&w);
        free(w.at);
    }
    guest_file_close(&file);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("disc_tables");
    TCase *t = tcase_create("tables");
    tcase_set_timeout(t, 60);
    tcase_add_loop_test(t, tables_are_what_the_assembly_says, 0, COMPILED + 1);
    tcase_add_loop_test(t, bounds_are_found, 0, COMPILED);
    tcase_add_loop_test(t, functions_whose_address_is_taken_are_found, 0, COMPILED);
    tcase_add_test(t, pieces_of_code_are_counted);
    tcase_add_test(t, a_table_that_the_file_cuts_off_has_what_is_there);
    tcase_add_test(t, random_words_do_no_harm);
    tcase_add_loop_test(t, damaged_code_does_no_harm, 0, COMPILED);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
