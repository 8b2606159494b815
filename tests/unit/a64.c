/*
 * The decoder: its generator refuses bad tables, every row can be reached and has its text, fields
 * lie where the row says, and objdump agrees on random words.
 *
 * tests/a64/bad/?*.dec are tables with one error each, which their first line names.
 * tests/a64/rows.txt has words of every row with their text, a line ROW WORD TEXT each; FERRY_BLESS
 * rewrites the texts of the words that are there and adds words for rows that have none.
 */
#include "tests/lib/setting.h"
#include "aot/a64/a64.h"
#include "tests/lib/check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROWS_FILE  "tests/a64/rows.txt"
#define BAD_TABLES "tests/a64/bad"

/* The folder above the one that this program is in. */
static const char *build_dir(void)
{
    static char dir[4096];
    ssize_t n = readlink("/proc/self/exe", dir, sizeof dir - 1);
    ck_assert_int_gt(n, 0);
    dir[n] = 0;
    for (int i = 0; i < 2; i++) *strrchr(dir, '/') = 0;
    return dir;
}

static u64 random_state = 1;

static u32 random_word(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (u32)(random_state >> 32);
}

/* A random word with a row's fixed bits; it need not decode to the row. */
static u32 random_word_of(const struct a64_row_info *info)
{
    return (random_word() & ~info->mask) | info->value;
}

/* --- the generator --- */

static void run_generator(const char *table, char *output, size_t size)
{
    char command[8192];
    snprintf(command, sizeof command, "%s/a64/gen_decode - %s/%s 2>&1", build_dir(), BAD_TABLES,
             table);
    FILE *f = popen(command, "r");
    ck_assert_ptr_nonnull(f);
    size_t n = fread(output, 1, size - 1, f);
    output[n] = 0;
    int status = pclose(f);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 1, "%s: status %d", table, status);
}

static void read_first_line(const char *table, char *line, size_t size)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", BAD_TABLES, table);
    FILE *f = fopen(path, "r");
    ck_assert_ptr_nonnull(f);
    ck_assert_ptr_nonnull(fgets(line, (int)size, f));
    fclose(f);
}

START_TEST(generator_refuses_bad_tables)
{
    DIR *dir = opendir(BAD_TABLES);
    ck_assert_ptr_nonnull(dir);
    unsigned tables = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        char expected[512], output[1024];
        if (!strstr(e->d_name, ".dec")) continue;
        read_first_line(e->d_name, expected, sizeof expected);
        ck_assert_msg(!strncmp(expected, "# error: ", 9), "%s: no '# error:' line", e->d_name);
        run_generator(e->d_name, output, sizeof output);
        const char *error = strstr(output, ": error: ");
        ck_assert_msg(error && !strcmp(error + 9, expected + 9), "%s:\nexpected %sgot %s",
                      e->d_name, expected + 9, output);
        tables++;
    }
    closedir(dir);
    ck_assert_uint_ge(tables, 30);
}
END_TEST

/* --- rows and fields --- */

START_TEST(fields_lie_in_their_rows)
{
    for (int row = A64_UNALLOCATED + 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        u32 seen = info->mask;
        ck_assert_uint_eq(info->value & ~info->mask, 0);
        for (unsigned i = 0; i < info->field_count; i++) {
            const struct a64_field *f = a64_row_field(info, i);
            u32 mask = (u32)(((UINT64_C(1) << f->width) - 1) << f->lo);
            ck_assert_msg(!(seen & mask), "%s: field %s overlaps", info->name, f->name);
            seen |= mask;
        }
        ck_assert_msg(seen == UINT32_MAX, "%s leaves bits out: %08x", info->name, ~seen);
    }
}
END_TEST

START_TEST(accessors_read_their_fields)
{
    ck_assert_uint_eq(a64_rd(0xffffffe3), 3);
    ck_assert_uint_eq(a64_rn(0xfffffc5f), 2);
    ck_assert_uint_eq(a64_rm(0xffe1ffff), 1);
    ck_assert_uint_eq(a64_sf(0x7fffffff), 0);
    ck_assert_uint_eq(a64_imm26(0xffffffff), 0x3ffffff);
    ck_assert_uint_eq(a64_imm12(0x00048c00), 0x123);
    ck_assert_uint_eq(a64_sysreg(0xd53bd041), 0x5e82);
}
END_TEST

START_TEST(decoded_words_have_their_rows_bits)
{
    for (u64 n = test_cases(1000000); n > 0; n--) {
        u32 word = random_word();
        const struct a64_row_info *info = a64_row_info(a64_decode(word));
        ck_assert_uint_eq(word & info->mask, info->value);
    }
}
END_TEST

START_TEST(more_specific_rows_win)
{
    ck_assert_int_eq(a64_decode(0xd503201f), A64_NOP);
    ck_assert_int_eq(a64_decode(0xd50324df), A64_BTI);
    ck_assert_int_eq(a64_decode(0xd503251f), A64_HINT);
    ck_assert_int_eq(a64_decode(0xd500401f), A64_CFINV);
    ck_assert_int_eq(a64_decode(0xd503415f), A64_MSR_DIT);
    ck_assert_int_eq(a64_decode(0x69400000), A64_LDPSW_off);
    ck_assert_int_eq(a64_decode(0xf8a06800), A64_PRFM_reg);
    ck_assert_int_eq(a64_decode(0x1e634000), A64_BFCVT);
    ck_assert_int_eq(a64_decode(0x0d40c000), A64_LD_rep);
    ck_assert_int_eq(a64_decode(0x6f00e400), A64_MOVI);
    ck_assert_int_eq(a64_decode(0x2f000400), A64_MVNI);
    ck_assert_int_eq(a64_decode(0x6f00f400), A64_FMOV_vi);
    ck_assert_int_eq(a64_decode(0x6f080400), A64_USHR_v);
}
END_TEST

START_TEST(reserved_words_are_unallocated)
{
    static const u32 words[] = {
        0x12400000,              /* AND_imm, 32 bits with N */
        0x9240fc00,              /* AND_imm, all ones */
        0x1200f800,              /* AND_imm, element of one bit */
        0x12c00000,              /* MOVN, 32 bits shifted by 32 */
        0x13008000,              /* SBFM, 32 bits with imms 32 */
        0x0ac00000 | 0x8000,     /* AND_shift, 32 bits shifted by 32 */
        0x0bc00000,              /* ADD_shift with ROR */
        0x0b201400,              /* ADD_ext shifted by 5 */
        0x1ac04c00,              /* CRC32X, 32 bits */
        0x48217c00,              /* CASP of an odd register */
        0xb8c00000 | 0x00400000, /* LDURSW to a W register */
        0x1e804000,              /* FMOV of type 2 */
        0x1e224000,              /* FCVT from single to single */
        0x0ee08400,              /* ADD of one 64-bit lane */
        0x0e200400 | 0x00c00000, /* SHADD of 64-bit lanes */
        0x2f00f400,              /* FMOV of one 64-bit lane */
        0x04000000,              /* SVE */
        0x80000000,              /* SME */
        0xd9200800,              /* MTE */
        0x19010440,              /* MOPS */
        0x54000010,              /* BC.cond */
    };
    for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
        char text[64], expected[64];
        ck_assert_msg(a64_decode(words[i]) == A64_UNALLOCATED, "%08x is %s", words[i],
                      a64_row_info(a64_decode(words[i]))->name);
        a64_disasm(words[i], 0, text, sizeof text);
        snprintf(expected, sizeof expected, ".inst\t0x%08x ; undefined", words[i]);
        ck_assert_str_eq(text, expected);
    }
}
END_TEST

START_TEST(features_depend_on_the_word)
{
    ck_assert_int_eq(a64_word_feature(A64_FADD_f, 0x1e222820), A64_FEATURE_base);
    ck_assert_int_eq(a64_word_feature(A64_FADD_f, 0x1ee22820), A64_FEATURE_fp16);
    ck_assert_int_eq(a64_word_feature(A64_PMULL_v, 0x0e22e020), A64_FEATURE_base);
    ck_assert_int_eq(a64_word_feature(A64_PMULL_v, 0x0ee2e020), A64_FEATURE_pmull);
    ck_assert_int_eq(a64_word_feature(A64_SCVTF_vfix, 0x4f10e420), A64_FEATURE_fp16);
    ck_assert_int_eq(a64_word_feature(A64_SCVTF_vfix, 0x4f20e420), A64_FEATURE_base);
    ck_assert_int_eq(a64_word_feature(A64_LDADD, 0xb8220020), A64_FEATURE_lse);
    ck_assert_int_eq(a64_word_feature(A64_UNALLOCATED, 0), A64_FEATURE_base);
    ck_assert_str_eq(a64_feature_name(A64_FEATURE_dotprod), "dotprod");
}
END_TEST

/* --- texts --- */

START_TEST(texts_are_cut_to_size)
{
    char buf[32];
    size_t full = strlen("add\tx0, x1, #0x2");
    memset(buf, 'z', sizeof buf);
    ck_assert_uint_eq(a64_disasm(0x91000820, 0, buf, sizeof buf), full);
    ck_assert_str_eq(buf, "add\tx0, x1, #0x2");
    for (size_t size = 1; size <= full; size++) {
        memset(buf, 'z', sizeof buf);
        ck_assert_uint_eq(a64_disasm(0x91000820, 0, buf, size), full);
        ck_assert_uint_eq(strlen(buf), size - 1);
        ck_assert_int_eq(buf[size], 'z');
    }
    memset(buf, 'z', sizeof buf);
    ck_assert_uint_eq(a64_disasm(0x91000820, 0, buf, 0), full);
    ck_assert_int_eq(buf[0], 'z');
}
END_TEST

START_TEST(targets_are_absolute)
{
    static const struct {
        u32 word;
        const char *text;
    } cases[] = {
        {0x14000001, "b\t0x7f0000001004"},           {0x97ffffff, "bl\t0x7f0000000ffc"},
        {0x54800000, "b.eq\t0x7efffff01000"},        {0xb4000040, "cbz\tx0, 0x7f0000001008"},
        {0x36080020, "tbz\tw0, #1, 0x7f0000001004"}, {0x10000020, "adr\tx0, 0x7f0000001004"},
        {0xb0000000, "adrp\tx0, 0x7f0000002000"},    {0x58000020, "ldr\tx0, 0x7f0000001004"},
    };
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[64];
        a64_disasm(cases[i].word, UINT64_C(0x7f0000001000), text, sizeof text);
        ck_assert_str_eq(text, cases[i].text);
    }
}
END_TEST

START_TEST(no_text_has_an_unknown_directive)
{
    for (int row = A64_UNALLOCATED + 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        for (unsigned i = 0; i < 200; i++) {
            char text[128];
            u32 word = random_word_of(info);
            if (a64_decode(word) != (enum a64_row)row) continue;
            size_t n = a64_disasm(word, 0, text, sizeof text);
            ck_assert_msg(n < sizeof text && !strchr(text, '?') && !strstr(text, "{:"),
                          "%s %08x %s", info->name, word, text);
        }
    }
}
END_TEST

static bool row_seen[A64_ROW_COUNT];

static void write_line(FILE *out, u32 word)
{
    char text[128];
    a64_disasm(word, 0, text, sizeof text);
    fprintf(out, "%s %08x %s\n", a64_row_info(a64_decode(word))->name, word, text);
}

/* Adds four words of each row that has none. */
static void add_missing_rows(FILE *out)
{
    for (int row = A64_UNALLOCATED + 1; row < A64_ROW_COUNT; row++) {
        if (row_seen[row]) continue;
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        unsigned tries = info->field_count ? 10000 : 1, words = 0;
        for (unsigned i = 0; i < tries && words < 4; i++) {
            u32 word = random_word_of(info);
            if (a64_decode(word) != (enum a64_row)row) continue;
            write_line(out, word);
            words++;
        }
    }
}

START_TEST(every_row_has_its_text)
{
    char line[256], path[] = ROWS_FILE ".blessed";
    FILE *f = fopen(ROWS_FILE, "r");
    FILE *out = getenv("FERRY_BLESS") ? fopen(path, "w") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        char name[64], text[128];
        u32 word;
        int end = 0;
        line[strcspn(line, "\n")] = 0;
        ck_assert_msg(sscanf(line, "%63s %x %n", name, &word, &end) == 2 && end, "%s", line);
        row_seen[a64_decode(word)] = true;
        if (out) {
            write_line(out, word);
            continue;
        }
        a64_disasm(word, 0, text, sizeof text);
        ck_assert_str_eq(a64_row_info(a64_decode(word))->name, name);
        ck_assert_str_eq(text, line + end);
    }
    if (f) fclose(f);
    if (out) {
        add_missing_rows(out);
        fclose(out);
        ck_assert_int_eq(rename(path, ROWS_FILE), 0);
        return;
    }
    for (int row = A64_UNALLOCATED + 1; row < A64_ROW_COUNT; row++)
        ck_assert_msg(row_seen[row], "%s has no line in " ROWS_FILE,
                      a64_row_info((enum a64_row)row)->name);
}
END_TEST

START_TEST(objdump_agrees)
{
    char command[8192];
    snprintf(command, sizeof command, "%s/fuzz/a64_objdump -n 300000", build_dir());
    int status = system(command);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 77, "see the log");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("a64");
    TCase *generator = tcase_create("generator");
    tcase_add_test(generator, generator_refuses_bad_tables);
    suite_add_tcase(suite, generator);

    TCase *decoder = tcase_create("decoder");
    tcase_add_test(decoder, fields_lie_in_their_rows);
    tcase_add_test(decoder, accessors_read_their_fields);
    tcase_add_test(decoder, decoded_words_have_their_rows_bits);
    tcase_add_test(decoder, more_specific_rows_win);
    tcase_add_test(decoder, reserved_words_are_unallocated);
    tcase_add_test(decoder, features_depend_on_the_word);
    suite_add_tcase(suite, decoder);

    TCase *texts = tcase_create("texts");
    tcase_set_timeout(texts, 60);
    tcase_add_test(texts, texts_are_cut_to_size);
    tcase_add_test(texts, targets_are_absolute);
    tcase_add_test(texts, no_text_has_an_unknown_directive);
    tcase_add_test(texts, every_row_has_its_text);
    tcase_add_test(texts, objdump_agrees);
    suite_add_tcase(suite, texts);

    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
