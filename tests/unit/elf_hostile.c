/*
 * Damaged files: a few hundred of those that tests/fuzz/elf_damaged makes without end. FERRY_CASES,
 * FERRY_SEED.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/lib/setting.h"
#include "tests/elf/mutate.h"
#include "tests/lib/check.h"

static void open_damaged(const struct elf_image *image, u64 seed)
{
    struct arena arena;
    struct module m;
    struct module_lines lines;
    char why[160], path[64];
    int fd = elf_image_damaged(image, seed, path);
    arena_init(&arena);
    enum module_status status = module_open(&arena, path, NULL, &m, why);
    ck_assert_msg(!status || *why, "%s, seed %lu: no reason", image->name, (unsigned long)seed);
    if (!status) {
        const char *fault = module_fault(&m);
        ck_assert_msg(!fault, "%s, seed %lu: %s", image->name, (unsigned long)seed, fault);
        module_lines(&m, &arena, &lines);
    }
    module_close(&m);
    arena_free(&arena);
    close(fd);
}

START_TEST(damaged_files)
{
    u64 cases = test_cases(40), seed = test_setting("FERRY_SEED", 1);
    const char *build = getenv("BUILD");
    char line[2048];
    snprintf(line, sizeof(line), "tests/elf/samples '%s/tests/elf-%d'", build ? build : "build",
             getpid());
    FILE *f = popen(line, "r");
    ck_assert(f != NULL);
    while (fgets(line, sizeof(line), f)) {
        struct elf_image image;
        line[strcspn(line, "\n")] = 0;
        ck_assert_msg(elf_image_read(&image, line, 1 << 20), "%s", line);
        for (u64 n = 0; n < cases; n++) open_damaged(&image, seed + n);
        free(image.bytes);
        free(image.name);
    }
    pclose(f);
    snprintf(line, sizeof(line), "rm -rf '%s/tests/elf-%d'", build ? build : "build", getpid());
    ck_assert_int_eq(system(line), 0);
}
END_TEST

int main(void)
{
    TCase *t = tcase_create("hostile");
    tcase_set_timeout(t, 600);
    tcase_add_test(t, damaged_files);
    Suite *suite = suite_create("elf_hostile");
    suite_add_tcase(suite, t);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
