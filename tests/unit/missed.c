/*
 * Lists of missed addresses: merged, bounded, whole or not there, whoever writes at the same time.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aot/image/missed.h"
#include "tests/lib/check.h"

static char dir[] = "/tmp/ferry-missed-XXXXXX";
static struct digest module;

static void setup(void)
{
    strcpy(dir, "/tmp/ferry-missed-XXXXXX");
    ck_assert(mkdtemp(dir) != NULL);
    module = blake2b_of("a module", 8);
}

static void teardown(void)
{
    char command[PATH_MAX];
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

/* The path of the module's list. */
static void list_path(char *path)
{
    char name[33];
    digest_text(&module, name, 32);
    snprintf(path, PATH_MAX, "%s/missed/%s", dir, name);
}

static void note(u64 pc, u8 kind)
{
    struct missed m = {.pc = pc, .kind = kind};
    ck_assert(cache_note_missed(dir, &module, &m, 1));
}

START_TEST(addresses_come_back_in_order_each_once)
{
    struct missed m[] = {{.pc = 0x900, .kind = MISSED_RETURN},
                         {.pc = 0x100, .kind = MISSED_DIRECT},
                         {.pc = 0x900, .kind = MISSED_RETURN},
                         {.pc = 0x502}};
    struct missed *got;
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 0);
    ck_assert_ptr_eq(got, NULL);
    ck_assert(cache_note_missed(dir, &module, m, 4));
    note(0x500, 200);
    note(0x100, MISSED_OTHER);
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 3); /* 0x502 is no address of code */
    ck_assert_uint_eq(got[0].pc, 0x100);
    ck_assert_uint_eq(got[0].runs, 2);
    ck_assert_uint_eq(got[0].kind, MISSED_DIRECT);
    ck_assert_uint_eq(got[1].pc, 0x500);
    ck_assert_uint_eq(got[1].kind, MISSED_OTHER);
    ck_assert_uint_eq(got[2].pc, 0x900);
    ck_assert_uint_eq(got[2].runs, 1);
    missed_free(got, 3);
    struct digest other = blake2b_of("another", 7);
    ck_assert_uint_eq(cache_missed(dir, &other, &got), 0);
    ck_assert(cache_note_missed("/no/such/place", &module, m, 0));
    ck_assert(!cache_note_missed("/no/such/place", &module, m, 4));
}
END_TEST

START_TEST(a_damaged_list_counts_as_none)
{
    char path[PATH_MAX], saved[512], bad[512];
    struct missed *got;
    for (u64 pc = 0; pc < 40; pc += 4) note(pc, 0);
    list_path(path);
    int fd = open(path, O_RDWR);
    ssize_t size = read(fd, saved, sizeof saved);
    ck_assert_int_gt(size, 160);
    for (ssize_t at = 0; at < size; at++) {
        memcpy(bad, saved, sizeof bad);
        bad[at] ^= 0x11;
        ck_assert_int_eq(pwrite(fd, bad, (size_t)size, 0), size);
        ck_assert_uint_eq(cache_missed(dir, &module, &got), 0);
    }
    ck_assert_int_eq(pwrite(fd, saved, (size_t)size, 0), size);
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 10);
    missed_free(got, 10);
    ck_assert_int_eq(fchmod(fd, 0666), 0); /* anybody may have written it */
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 0);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    ck_assert_int_eq(ftruncate(fd, size - 1), 0);
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 0);
    close(fd);
    note(0x1000, 0); /* and is written anew */
    ck_assert_uint_eq(cache_missed(dir, &module, &got), 1);
    missed_free(got, 1);
}
END_TEST

START_TEST(a_list_has_a_bound)
{
    struct missed *many = calloc(MISSED_MAX + 100, sizeof *many), *got;
    for (u32 n = 0; n < MISSED_MAX + 100; n++) many[n].pc = 8 * (u64)(MISSED_MAX + 100 - n);
    ck_assert(cache_note_missed(dir, &module, many, 50000));
    ck_assert(cache_note_missed(dir, &module, many + 50000, MISSED_MAX - 49900));
    u32 count = cache_missed(dir, &module, &got);
    ck_assert_uint_eq(count, MISSED_MAX);
    for (u32 n = 1; n < count; n++) ck_assert(got[n].pc > got[n - 1].pc);
    missed_free(got, count);
    free(many);
}
END_TEST

START_TEST(writers_lose_nothing_of_each_other)
{
    enum { WRITERS = 4, EACH = 25 };
    struct missed *got;
    for (u64 n = 0; n < WRITERS; n++)
        if (fork() == 0) {
            for (u64 k = 0; k < EACH; k++) {
                struct missed m = {.pc = 4 * (n * EACH + k)};
                if (!cache_note_missed(dir, &module, &m, 1)) _exit(1);
            }
            _exit(0);
        }
    for (int n = 0, status; n < WRITERS; n++) {
        ck_assert_int_gt(wait(&status), 0);
        ck_assert_int_eq(status, 0);
    }
    ck_assert_uint_eq(cache_missed(dir, &module, &got), WRITERS * EACH);
    missed_free(got, WRITERS * EACH);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("missed");
    TCase *t = tcase_create("missed");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, addresses_come_back_in_order_each_once);
    tcase_add_test(t, a_damaged_list_counts_as_none);
    tcase_add_test(t, a_list_has_a_bound);
    tcase_add_test(t, writers_lose_nothing_of_each_other);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
