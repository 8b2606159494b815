/*
 * A bundle's table as hostile input: what bundle_check lets through can be looked up, followed and
 * printed without a step outside. Under ASan, a step outside ends the test.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "aot/abi/bundle.h"
#include "tests/lib/check.h"

#define FILE_SIZE (64 * BUNDLE_PAGE)

#define ENTRIES 6

static const char strings[] = "\0usr\0link\0usr/bin\0bin\0data\0prog\0/usr/bin/prog";
enum { S_ROOT = 0, S_USR = 1, S_LINK = 5, S_TEXT = 10, S_BIN = 18, S_DATA = 22, S_PROG = 27 };
#define S_PROGRAM 32

struct small {
    struct bundle_table table;
    struct bundle_entry entry[ENTRIES];
    struct digest digest[4];
    char strings[sizeof strings];
};

/* "link" comes before "usr" in the root. */
static struct small valid(void)
{
    struct small s = {
        .table = {.format = BUNDLE_FORMAT,
                  .header_size = sizeof(struct bundle_table),
                  .entry_size = sizeof(struct bundle_entry),
                  .entry_count = ENTRIES,
                  .program = S_PROGRAM,
                  .digest_count = 4,
                  .strings_size = sizeof strings},
        .entry = {
            [0] = {.name = S_ROOT, .mode = S_IFDIR | 0755, .first = 1, .count = 2},
            [1] = {.name = S_LINK, .mode = S_IFLNK | 0777, .link = S_TEXT, .link_size = 7},
            [2] = {.name = S_USR, .mode = S_IFDIR | 0755, .first = 3, .count = 2},
            [3] = {.name = S_BIN, .parent = 2, .mode = S_IFDIR | 0755, .first = 5, .count = 1},
            [4] = {.name = S_DATA,
                   .parent = 2,
                   .mode = S_IFREG | 0644,
                   .contents = {2 * BUNDLE_PAGE, 10, 0, 0}},
            [5] = {.name = S_PROG,
                   .parent = 3,
                   .mode = S_IFREG | 0755,
                   .contents = {4 * BUNDLE_PAGE, BUNDLE_CHUNK + 1, 1, 0},
                   .image = {40 * BUNDLE_PAGE, BUNDLE_PAGE, 3, 0}}}};
    memcpy(s.table.magic, BUNDLE_TABLE_MAGIC, sizeof s.table.magic);
    memcpy(s.strings, strings, sizeof strings);
    return s;
}

#define SIZE (offsetof(struct small, strings) + sizeof strings)

START_TEST(what_is_there_is_found)
{
    struct small s = valid();
    const struct bundle_entry *nearest;
    char path[64];

    ck_assert_ptr_null(bundle_check(&s.table, SIZE, FILE_SIZE));
    ck_assert_ptr_eq(bundle_lookup(&s.table, "/usr/bin/prog", NULL), &s.entry[5]);
    ck_assert_ptr_eq(bundle_lookup(&s.table, "//usr//data/", NULL), &s.entry[4]);
    ck_assert_ptr_eq(bundle_lookup(&s.table, "/link", NULL), &s.entry[1]);
    ck_assert_ptr_eq(bundle_lookup(&s.table, "/", NULL), &s.entry[0]);
    ck_assert_ptr_null(bundle_lookup(&s.table, "/usr/bin/program", &nearest));
    ck_assert_ptr_eq(nearest, &s.entry[3]);
    ck_assert_ptr_null(bundle_lookup(&s.table, "/usr/bi", &nearest));
    ck_assert_ptr_eq(nearest, &s.entry[2]);
    ck_assert_ptr_null(bundle_lookup(&s.table, "/usr/data/x", &nearest));
    ck_assert_ptr_eq(nearest, &s.entry[4]);
    ck_assert(bundle_path(&s.table, &s.entry[5], path, sizeof path));
    ck_assert_str_eq(path, "/usr/bin/prog");
    ck_assert(!bundle_path(&s.table, &s.entry[5], path, 13));
    ck_assert(bundle_path(&s.table, &s.entry[0], path, sizeof path));
    ck_assert_str_eq(path, "/");
}
END_TEST

/* Each of these alone makes the table one that can't be used. */
START_TEST(places_outside_are_refused)
{
#define REFUSED(change)                                                                            \
    do {                                                                                           \
        struct small s = valid();                                                                  \
        change;                                                                                    \
        ck_assert_msg(bundle_check(&s.table, SIZE, FILE_SIZE) != NULL, "%s", #change);             \
    } while (0)
    REFUSED(s.table.magic[0] = 'X');
    REFUSED(s.table.format++);
    REFUSED(s.table.entry_count++);
    REFUSED(s.table.entry_count = UINT32_MAX);
    REFUSED(s.table.digest_count = UINT32_MAX);
    REFUSED(s.table.strings_size++);
    REFUSED(s.table.program = sizeof strings);
    REFUSED(s.table.program = S_USR);
    REFUSED(s.strings[sizeof strings - 1] = 'x');
    REFUSED(s.strings[S_USR] = '/');
    REFUSED(s.entry[4].name = sizeof strings);
    REFUSED(s.entry[4].name = S_ROOT);
    REFUSED(s.entry[4].name = S_BIN);
    REFUSED(s.entry[5].parent = 5);
    REFUSED(s.entry[5].parent = 2);
    REFUSED(s.entry[2].first = 1);
    REFUSED(s.entry[2].count = UINT32_MAX);
    REFUSED(s.entry[3].count = 2);
    REFUSED(s.entry[0].mode = S_IFREG);
    REFUSED(s.entry[4].mode = S_IFIFO);
    REFUSED(s.entry[4].contents.at++);
    REFUSED(s.entry[4].contents.at = FILE_SIZE);
    REFUSED(s.entry[4].contents.at = UINT64_MAX - BUNDLE_PAGE + 1);
    REFUSED(s.entry[4].contents.size = UINT64_MAX);
    REFUSED(s.entry[4].contents.size = FILE_SIZE);
    REFUSED(s.entry[4].contents.digest = 4);
    REFUSED(s.entry[5].contents.digest = 3);
    REFUSED(s.entry[5].image.at = FILE_SIZE);
    REFUSED(s.entry[5].image.size = 65 * BUNDLE_PAGE);
    REFUSED(s.entry[1].link = sizeof strings);
    REFUSED(s.entry[1].link_size = 8);
    REFUSED(s.entry[1].link_size = 0);
#undef REFUSED
    ck_assert_ptr_nonnull(bundle_check(&(struct small){0}.table, 3, FILE_SIZE));
}
END_TEST

/* Reads all that a table leads to. */
static void walk(const struct bundle_table *t)
{
    for (u32 n = 0; n < t->entry_count; n++) {
        const struct bundle_entry *e = &bundle_entries(t)[n];
        char path[BUNDLE_PATH_MAX];

        if (!bundle_path(t, e, path, sizeof path)) continue;
        ck_assert_ptr_nonnull(bundle_lookup(t, path, NULL));
        if (S_ISLNK(e->mode)) ck_assert_uint_eq(strlen(bundle_string(t, e->link)), e->link_size);
        if (!S_ISREG(e->mode)) continue;
        ck_assert(e->contents.size == 0 || e->contents.at + e->contents.size <= FILE_SIZE);
        ck_assert(e->image.size == 0 || e->image.at + e->image.size <= FILE_SIZE);
        ck_assert(e->contents.digest + bundle_chunks(&e->contents) <= t->digest_count ||
                  e->contents.size == 0);
    }
}

START_TEST(changed_tables_are_refused_or_safe)
{
    u32 passed = 0;

    srand(1);
    for (int i = 0; i < 100000; i++) {
        struct small s = valid();
        u8 *heap = malloc(SIZE);

        memcpy(heap, &s, SIZE);
        for (int changes = rand() % 4; changes >= 0; changes--) {
            u8 *at = heap + rand() % (int)SIZE;

            *at = rand() % 2 ? (u8)rand() : (u8)(*at + rand() % 5 - 2);
        }
        if (bundle_check((void *)heap, SIZE, FILE_SIZE) == NULL) {
            walk((void *)heap);
            passed++;
        }
        free(heap);
    }
    ck_assert_uint_gt(passed, 1000);
}
END_TEST

/* Any byte that is different makes another checksum. */
START_TEST(checksums_see_every_byte)
{
    u8 data[300];
    struct digest before;

    for (size_t n = 0; n < sizeof data; n++) data[n] = (u8)(n * 7);
    for (size_t size = 0; size < sizeof data; size += 37) {
        before = checksum_of(data, size);
        for (size_t n = 0; n < size; n++) {
            struct digest d;

            data[n] ^= 1u << n % 8;
            d = checksum_of(data, size);
            ck_assert_int_ne(memcmp(&d, &before, sizeof d), 0);
            data[n] ^= 1u << n % 8;
        }
        ck_assert_int_ne(memcmp(&before, &(struct digest){0}, sizeof before), 0);
    }
}
END_TEST

int main(void)
{
    Suite *s = suite_create("bundle_table");
    TCase *t = tcase_create("bundle");
    tcase_add_test(t, what_is_there_is_found);
    tcase_add_test(t, places_outside_are_refused);
    tcase_add_test(t, changed_tables_are_refused_or_safe);
    tcase_add_test(t, checksums_see_every_byte);
    tcase_set_timeout(t, 60);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
