/*
 * Profiles on disk: counts add up, fade, have a bound, are whole or not there, whoever writes at
 * the same time or dies while writing.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aot/image/profile.h"
#include "tests/lib/check.h"

static char dir[] = "/tmp/ferry-profile-XXXXXX";
static struct digest module;
static struct arena arena;
static const char *why;

static void setup(void)
{
    strcpy(dir, "/tmp/ferry-profile-XXXXXX");
    ck_assert(mkdtemp(dir) != NULL);
    module = blake2b_of("a module", 8);
    arena_init(&arena);
}

static void teardown(void)
{
    char command[PATH_MAX];
    arena_free(&arena);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    ck_assert_int_eq(system(command), 0);
}

static void file_path(char *path)
{
    char name[33];
    digest_text(&module, name, 32);
    snprintf(path, PATH_MAX, "%s/profile/%s", dir, name);
}

static struct profile_record weight(u64 pc, u32 count)
{
    return (struct profile_record){.pc = pc, .count = count, .kind = PROFILE_WEIGHT};
}

static bool add(u64 pc, u32 count)
{
    struct profile_record r = weight(pc, count);
    return cache_note_profile(dir, &module, &r, 1, &why);
}

static bool get(struct profile_read *out)
{
    return cache_profile(&arena, dir, &module, out, &why);
}

START_TEST(counts_add_up)
{
    struct profile_record r[] = {
        weight(0x800, 3),
        {.pc = 0x104, .to = 0x800, .count = 2, .kind = PROFILE_CALL},
        weight(0x100, 1),
        weight(0x800, 4),
        weight(0x802, 9), /* no address of code */
        {.pc = 0x10, .count = 7, .kind = PROFILE_INVALID},
        {.pc = 1000, .count = 1, .kind = PROFILE_EVER},
    };
    struct profile_read got;
    ck_assert(!get(&got));
    ck_assert_ptr_eq(why, NULL);
    for (u32 n = 1; n <= 2; n++) {
        ck_assert(cache_note_profile(dir, &module, r, ARRAY_SIZE(r), &why));
        ck_assert_ptr_eq(why, NULL);
        ck_assert(get(&got));
        const struct profile *p = &got.profile;
        ck_assert_uint_eq(got.ever, 8 * n);
        ck_assert_uint_eq(p->samples, 8 * n);
        ck_assert_uint_eq(p->weight_count, 2);
        ck_assert_uint_eq(p->weight[0].pc, 0x100);
        ck_assert_uint_eq(p->weight[1].samples, 7 * n);
        ck_assert_uint_eq(p->call_count, 1);
        ck_assert_uint_eq(p->call[0].to, 0x800);
        ck_assert_uint_eq(p->call[0].samples, 2 * n);
        ck_assert_uint_eq(got.record[got.count - 1].kind, PROFILE_INVALID);
        ck_assert_uint_eq(got.record[got.count - 1].count, 7 * n);
    }
    ck_assert(!cache_note_profile("/no/such/place", &module, r, 1, &why));
    ck_assert(cache_note_profile("/no/such/place", &module, r, 0, &why));
}
END_TEST

static struct profile_record tier(u64 slice, u64 to, u32 count)
{
    return (struct profile_record){.pc = slice, .to = to, .count = count, .kind = PROFILE_TIER};
}

START_TEST(tiers_add_up)
{
    const u64 quick = profile_tier_of(PROFILE_IMAGE_NONE, TIER_QUICK);
    const u64 image = profile_tier_of(PROFILE_IMAGE_GUIDED, TIER_IMAGE);
    struct profile_record r[] = {
        tier(PROFILE_SLICES - 1, image, 5),
        tier(0, quick, 3),
        tier(0, quick, 1),
        tier(PROFILE_SLICES, quick, 9),
        tier(0, TIER_COUNT, 9),
        tier(0, profile_tier_of(PROFILE_IMAGE_COUNT, TIER_IMAGE), 9),
        tier(UINT64_MAX, UINT64_MAX, UINT32_MAX),
        {.to = profile_tier_of(PROFILE_IMAGE_GUIDED, 0), .count = 1, .kind = PROFILE_PROCESS},
        {.to = quick, .count = 9, .kind = PROFILE_PROCESS},
        {.pc = 0x10, .to = 0x800, .count = 7, .kind = PROFILE_GUARD},
    };
    struct profile_read got;
    struct profile_tiers t;
    for (u32 n = 1; n <= 2; n++) {
        ck_assert(cache_note_profile(dir, &module, r, ARRAY_SIZE(r), &why) && get(&got));
        ck_assert_uint_eq(got.count, 5);
        ck_assert_uint_eq(got.profile.samples, 0);
        profile_tiers(&got, &t);
        ck_assert_uint_eq(t.samples[PROFILE_IMAGE_NONE][TIER_QUICK][0], 4 * n);
        ck_assert_uint_eq(t.samples[PROFILE_IMAGE_GUIDED][TIER_IMAGE][PROFILE_SLICES - 1], 5 * n);
        ck_assert_uint_eq(t.processes[PROFILE_IMAGE_GUIDED], n);
        ck_assert_uint_eq(t.processes[PROFILE_IMAGE_NONE], 0);
    }
    ck_assert(add(0x100, PROFILE_SAMPLES) && add(0x100, 1) && get(&got));
    profile_tiers(&got, &t); /* they fade as samples do */
    ck_assert_uint_eq(t.samples[PROFILE_IMAGE_NONE][TIER_QUICK][0], 4);
}
END_TEST

START_TEST(slices_double)
{
    ck_assert_uint_eq(profile_slice(0), 0);
    for (u32 n = 0; n < PROFILE_SLICES - 1; n++) {
        ck_assert_uint_eq(profile_slice(profile_slice_end(n) - 1), n);
        ck_assert_uint_eq(profile_slice(profile_slice_end(n)), n + 1);
        ck_assert_uint_eq(profile_slice_end(n + 1), 2 * profile_slice_end(n));
    }
    ck_assert_uint_eq(profile_slice(UINT64_MAX), PROFILE_SLICES - 1);
}
END_TEST

START_TEST(what_is_packed_comes_back)
{
    struct profile_read a, b;
    u32 count;
    ck_assert(add(0x100, 5) && add(0x200, 6) && get(&a));
    struct profile_record *r = profile_pack(&arena, &a.profile, a.ever, &count);
    ck_assert(profile_of_records(&arena, r, count * sizeof *r, &b));
    ck_assert_uint_eq(b.ever, 11);
    struct digest x = profile_digest(&a.profile), y = profile_digest(&b.profile);
    ck_assert_mem_eq(&x, &y, sizeof x);
    ck_assert(!profile_of_records(&arena, r, count * sizeof *r - 1, &b));
    r[1].pc = 0x300; /* out of order */
    ck_assert(!profile_of_records(&arena, r, count * sizeof *r, &b));
    ck_assert(add(0x200, 1) && get(&b));
    y = profile_digest(&b.profile);
    ck_assert_mem_ne(&x, &y, sizeof x);
}
END_TEST

START_TEST(old_samples_fade)
{
    struct profile_read got;
    ck_assert(add(0x100, PROFILE_SAMPLES) && add(0x300, 1));
    ck_assert(get(&got));
    ck_assert_uint_eq(got.profile.weight[0].samples, PROFILE_SAMPLES / 2);
    ck_assert_uint_eq(got.ever, PROFILE_SAMPLES + 1);
    ck_assert(add(0x200, PROFILE_SAMPLES / 2));
    ck_assert(get(&got)); /* what had been seen once is gone */
    ck_assert_uint_eq(got.profile.weight_count, 2);
    ck_assert_uint_eq(got.profile.weight[0].samples, PROFILE_SAMPLES / 4);
    ck_assert_uint_eq(got.ever, PROFILE_SAMPLES / 2 * 3 + 1);
    for (u32 n = 0; n < 40; n++) ck_assert(add(0x200, PROFILE_SAMPLES));
    ck_assert(get(&got));
    ck_assert_uint_eq(got.profile.weight_count, 1);
}
END_TEST

START_TEST(the_heaviest_are_kept)
{
    enum { HALF = PROFILE_RECORDS / 4 * 3 };
    struct profile_record *r = calloc(HALF, sizeof *r);
    struct profile_read got;
    for (u32 k = 0; k < 2; k++) {
        for (u32 n = 0; n < HALF; n++) r[n] = weight(4 * (u64)(2 * n + k), 1 + n % 5);
        ck_assert(cache_note_profile(dir, &module, r, HALF, &why));
    }
    ck_assert(get(&got));
    ck_assert_uint_le(got.count, PROFILE_RECORDS);
    ck_assert_uint_gt(got.count, PROFILE_RECORDS / 4);
    for (u32 n = 0; n < got.profile.weight_count; n++)
        ck_assert_uint_gt(got.profile.weight[n].samples, 1);
    free(r);
}
END_TEST

START_TEST(a_damaged_profile_counts_as_none)
{
    char path[PATH_MAX];
    u8 saved[1024], bad[1024];
    struct profile_read got;
    for (u64 pc = 0; pc < 40; pc += 4) ck_assert(add(pc, 2));
    file_path(path);
    int fd = open(path, O_RDWR);
    ssize_t size = read(fd, saved, sizeof saved);
    ck_assert_int_gt(size, 264);
    for (ssize_t at = 0; at < size; at++) {
        memcpy(bad, saved, sizeof bad);
        bad[at] ^= 0x11;
        ck_assert_int_eq(pwrite(fd, bad, (size_t)size, 0), size);
        ck_assert(!get(&got) && why != NULL);
    }
    ck_assert_int_eq(pwrite(fd, saved, (size_t)size, 0), size);
    ck_assert(get(&got) && why == NULL);
    ck_assert_int_eq(fchmod(fd, 0664), 0); /* others may have written it */
    ck_assert(!get(&got) && why != NULL);
    ck_assert_int_eq(fchmod(fd, 0644), 0);
    for (ssize_t at = size; at-- > 0;) {
        ck_assert_int_eq(ftruncate(fd, at), 0);
        ck_assert(!get(&got) && why != NULL);
    }
    close(fd);
    ck_assert(add(0x100, 2)); /* and is written anew */
    ck_assert_ptr_ne(why, NULL);
    ck_assert(get(&got) && got.ever == 2);
}
END_TEST

START_TEST(a_full_disk_changes_nothing)
{
    const struct rlimit small = {100, 100}; /* to write more is death */
    struct profile_read got;
    int status;
    ck_assert(add(0x100, 2));
    if (fork() == 0) _exit(setrlimit(RLIMIT_FSIZE, &small) || add(0x100, 2));
    ck_assert(wait(&status) > 0 && status == 0);
    ck_assert(get(&got) && got.ever == 2);
}
END_TEST

/* Some are killed, perhaps in the middle: what the others add is there, and the file is whole. */
START_TEST(writers_lose_nothing_of_each_other)
{
    enum { WRITERS = 4, EACH = 25 };
    struct profile_read got;
    pid_t victim;
    for (u64 n = 0; n < WRITERS; n++)
        if (fork() == 0) {
            for (u64 k = 0; k < EACH; k++)
                if (!add(4 * k, 1)) _exit(1);
            _exit(0);
        }
    for (u32 n = 0; n < 20; n++) {
        if ((victim = fork()) == 0)
            for (;;) (void)add(0x10000, 1);
        usleep(2000);
        kill(victim, SIGKILL);
        ck_assert_int_eq(waitpid(victim, NULL, 0), victim);
    }
    for (int status; wait(&status) > 0;) ck_assert_int_eq(status, 0);
    ck_assert(get(&got) && why == NULL);
    for (u32 n = 0; n < EACH; n++) ck_assert_uint_eq(got.profile.weight[n].samples, WRITERS);
}
END_TEST

/* Another cache. */
static void make_other(char other[PATH_MAX])
{
    snprintf(other, PATH_MAX, "%s/other", dir);
    ck_assert_int_eq(mkdir(other, 0755), 0);
}

START_TEST(caches_merge_and_are_cleared)
{
    char other[PATH_MAX], junk[PATH_MAX + 16];
    struct digest second = blake2b_of("b", 1);
    struct profile_record r = weight(0x40, 4);
    struct profile_read got;
    u32 modules;
    bool left_out;
    make_other(other);
    ck_assert(add(0x40, 3));
    ck_assert(cache_note_profile(other, &module, &r, 1, &why));
    ck_assert(cache_note_profile(other, &second, &r, 1, &why));
    snprintf(junk, sizeof junk, "%s/profile/junk", other);
    close(open(junk, O_WRONLY | O_CREAT, 0644));
    ck_assert(cache_merge_profiles(dir, other, &modules, &left_out));
    ck_assert_uint_eq(modules, 2);
    ck_assert(!left_out);
    ck_assert(get(&got) && got.ever == 7 && got.profile.weight[0].samples == 7);
    ck_assert_uint_eq(cache_clear_profiles(dir, &module), 1);
    ck_assert(!get(&got) && why == NULL);
    ck_assert_uint_eq(cache_clear_profiles(dir, NULL), 1);
    ck_assert_uint_eq(cache_clear_profiles(dir, NULL), 0);
    ck_assert_uint_eq(cache_clear_profiles(other, NULL), 2); /* and nothing else is touched */
    ck_assert_int_eq(access(junk, F_OK), 0);
}
END_TEST

START_TEST(what_others_can_write_is_not_merged)
{
    char other[PATH_MAX], name[33], path[PATH_MAX + 64];
    struct profile_record r = weight(0x40, 4);
    struct profile_read got;
    u32 modules;
    bool left_out;
    make_other(other);
    ck_assert(cache_merge_profiles(dir, other, &modules, &left_out) && !left_out);
    ck_assert(cache_note_profile(other, &module, &r, 1, &why));
    digest_text(&module, name, 32);
    snprintf(path, sizeof path, "%s/profile/%s", other, name);
    ck_assert_int_eq(chmod(path, 0666), 0);
    ck_assert(cache_merge_profiles(dir, other, &modules, &left_out));
    ck_assert(left_out && modules == 0 && !get(&got));
    *strrchr(path, '/') = '\0';
    ck_assert_int_eq(chmod(path, 0777), 0);
    ck_assert(cache_merge_profiles(dir, other, &modules, &left_out) && left_out);
}
END_TEST

/* Of two that have as many samples as there may be, neither is lost. */
START_TEST(full_profiles_merge)
{
    char other[PATH_MAX];
    struct profile_record r = weight(0x40, PROFILE_SAMPLES);
    struct profile_read got;
    u32 modules;
    bool left_out;
    make_other(other);
    ck_assert(add(0x80, PROFILE_SAMPLES));
    ck_assert(cache_note_profile(other, &module, &r, 1, &why));
    ck_assert(cache_merge_profiles(dir, other, &modules, &left_out) && get(&got));
    ck_assert_uint_eq(got.ever, 2 * PROFILE_SAMPLES);
    ck_assert_uint_eq(got.profile.weight_count, 2);
    ck_assert_uint_eq(got.profile.weight[0].samples, PROFILE_SAMPLES / 2);
    ck_assert_uint_eq(got.profile.weight[1].samples, PROFILE_SAMPLES / 2);
}
END_TEST

/* More than a file holds of what has no samples, and so doesn't fade. */
START_TEST(the_largest_counts_have_a_bound)
{
    enum { COUNT = PROFILE_RECORDS - 1 };
    struct profile_record *r = calloc(COUNT, sizeof *r);
    struct profile_read got;
    for (u32 k = 0; k < 2; k++) {
        for (u32 n = 0; n < COUNT; n++)
            r[n] = (struct profile_record){
                .pc = 4 * (u64)(2 * n + k), .count = UINT32_MAX, .kind = PROFILE_INVALID};
        ck_assert(cache_note_profile(dir, &module, r, COUNT, &why));
    }
    ck_assert(get(&got));
    ck_assert_uint_le(got.count, PROFILE_RECORDS);
    free(r);
}
END_TEST

/* They are of the whole module, however many of its addresses are rarely seen. */
START_TEST(tiers_are_kept)
{
    enum { COUNT = PROFILE_RECORDS - 1 };
    struct profile_record *r = calloc(COUNT, sizeof *r), one = tier(3, TIER_IMAGE, 1);
    struct profile_read got;
    struct profile_tiers t;
    ck_assert(cache_note_profile(dir, &module, &one, 1, &why));
    for (u32 n = 0; n < COUNT; n++) r[n] = weight(4 * (u64)n, 5);
    ck_assert(cache_note_profile(dir, &module, r, COUNT, &why) && get(&got));
    profile_tiers(&got, &t);
    ck_assert_uint_eq(t.samples[PROFILE_IMAGE_NONE][TIER_IMAGE][3], 1);
    free(r);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("profile");
    TCase *t = tcase_create("all");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 60);
    tcase_add_test(t, counts_add_up);
    tcase_add_test(t, tiers_add_up);
    tcase_add_test(t, slices_double);
    tcase_add_test(t, what_is_packed_comes_back);
    tcase_add_test(t, old_samples_fade);
    tcase_add_test(t, the_heaviest_are_kept);
    tcase_add_test(t, a_damaged_profile_counts_as_none);
    tcase_add_test(t, a_full_disk_changes_nothing);
    tcase_add_test(t, writers_lose_nothing_of_each_other);
    tcase_add_test(t, caches_merge_and_are_cleared);
    tcase_add_test(t, what_others_can_write_is_not_merged);
    tcase_add_test(t, full_profiles_merge);
    tcase_add_test(t, the_largest_counts_have_a_bound);
    tcase_add_test(t, tiers_are_kept);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_NORMAL);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
