/*
 * Hostile profiles: files whose records are made at random, or whole ones that were damaged, with a
 * checksum that fits or not. What is taken of them must be in order, each thing once; adding to
 * them must leave a file that is taken.
 *
 *   profile_damaged SECONDS [SEED]
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "aot/image/profile.h"

#define MOST 64 /* records */

/* As in aot/image/records.c. */
static struct file {
    char magic[8];
    u32 version, count;
    struct digest module, check;
    struct profile_record record[MOST];
} file;

static char dir[] = "/tmp/ferry-fuzz-XXXXXX", path[128];
static struct digest module;
static u64 seed;
static unsigned long total, taken;

static u32 below(u32 n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (u32)(seed >> 33) % n;
}

static u64 number(void)
{
    static const u64 edges[] = {0, 1, 4, UINT32_MAX, UINT64_MAX, UINT64_MAX - 3};
    return below(4) ? 4 * below(32) : edges[below(ARRAY_SIZE(edges))];
}

static int by_kind(const void *a, const void *b)
{
    const struct profile_record *x = a, *y = b;
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->pc != y->pc) return x->pc < y->pc ? -1 : 1;
    return x->to < y->to ? -1 : x->to > y->to;
}

static struct profile_record record(void)
{
    struct profile_record r = {
        .pc = number(), .count = (u32)number(), .kind = (u8)below(PROFILE_KIND_COUNT + 1)};
    if (r.kind == PROFILE_CALL || r.kind == PROFILE_GUARD) r.to = number();
    if (!profile_is_about_tiers(&r)) return r;
    if (below(8)) r.pc = r.kind == PROFILE_TIER ? below(PROFILE_SLICES + 1) : 0;
    r.to = profile_tier_of(below(PROFILE_IMAGE_COUNT + !below(8)),
                           r.kind == PROFILE_TIER ? below(TIER_COUNT + !below(8)) : 0);
    if (!below(32)) r.to = number();
    return r;
}

static void make_file(void)
{
    memcpy(file.magic, "FERRYPRF", 8);
    file.version = 1;
    file.count = below(below(2) ? 6 : MOST); /* of many records one makes no sense */
    file.module = module;
    for (u32 n = 0; n < file.count; n++) file.record[n] = record();
    if (below(8)) qsort(file.record, file.count, sizeof *file.record, by_kind);
    if (!below(8)) ((u8 *)&file)[below(sizeof file)] ^= 1u << below(8);
    if (!below(16)) file.count = (u32)number();
    size_t size = file.count < MOST ? file.count * sizeof *file.record : 0;
    if (below(16)) file.check = blake2b_of(file.record, size);
    size += offsetof(struct file, record);
    if (!below(16)) size = below((u32)sizeof file);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    if (fd < 0 || write(fd, &file, size) != (ssize_t)size) abort();
    close(fd);
}

/* Of all that is about tiers nothing is lost. */
static void check_tiers(const struct profile_read *r)
{
    struct profile_tiers tiers;
    u64 sum = 0;
    profile_tiers(r, &tiers);
    for (u32 image = 0; image < PROFILE_IMAGE_COUNT; image++) {
        sum += tiers.processes[image];
        for (u32 n = 0; n < TIER_COUNT * PROFILE_SLICES; n++)
            sum += tiers.samples[image][n / PROFILE_SLICES][n % PROFILE_SLICES];
    }
    for (u32 n = 0; n < r->count; n++) {
        const struct profile_record *x = &r->record[n];
        if (profile_is_about_tiers(x)) sum -= x->count;
    }
    if (sum) abort();
}

static void check_sound(const struct profile_read *r)
{
    const struct profile *p = &r->profile;
    u64 samples = 0;
    for (u32 n = 0; n < p->weight_count; n++) {
        samples += p->weight[n].samples;
        if (p->weight[n].pc % 4 || (n && p->weight[n].pc <= p->weight[n - 1].pc)) abort();
    }
    for (u32 n = 1; n < p->call_count; n++) {
        const struct profile_call *a = &p->call[n - 1], *b = a + 1;
        if (a->from > b->from || (a->from == b->from && a->to >= b->to)) abort();
    }
    if (samples != p->samples) abort();
    check_tiers(r);
}

static void try_one(struct arena *arena)
{
    struct profile_record more = {.pc = 8, .count = 1, .kind = PROFILE_WEIGHT};
    struct profile_read r;
    const char *why;
    make_file();
    if (cache_profile(arena, dir, &module, &r, &why)) {
        taken++;
        check_sound(&r);
    }
    if (!cache_note_profile(dir, &module, &more, 1, &why)) abort();
    if (!cache_profile(arena, dir, &module, &r, &why)) abort();
    check_sound(&r);
    arena_reset(arena);
    total++;
}

int main(int argc, char **argv)
{
    struct arena arena;
    char name[33];
    time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 10);
    seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL);
    printf("profile_damaged: seed %" PRIu64 "\n", seed);
    fflush(stdout);
    if (!mkdtemp(dir)) return 1;
    module = blake2b_of("a module", 8);
    digest_text(&module, name, 32);
    snprintf(path, sizeof path, "%s/profile", dir);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/profile/%s", dir, name);
    arena_init(&arena);
    while (time(NULL) < end) try_one(&arena);
    arena_free(&arena);
    unlink(path);
    *strrchr(path, '/') = '\0';
    rmdir(path);
    rmdir(dir);
    printf("profile_damaged: %lu files, %lu of them taken\n", total, taken);
    return 0;
}
