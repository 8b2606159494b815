/*
 * Hostile ELF and DWARF: damaged copies of real files are opened, and what comes out must be sound.
 * The files are those named, or a few small ones of the sysroot and this machine's cross compiler.
 * Crashes of libdwarf, which runs in a child, are counted, not failures.
 *
 *   elf_damaged SECONDS [SEED [FILE...]]      with FERRY_CASES, one seed is the first of so many
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "tests/elf/mutate.h"

#define LARGEST      (1 << 20)
#define MOST_IMAGES  64
#define SLOW_SECONDS 10

static struct elf_image image[MOST_IMAGES];
static size_t image_count;
static unsigned long total, opened, left_out, rows;
static double slowest;
static u64 slowest_seed;

static void add_image(const char *path)
{
    if (image_count < MOST_IMAGES && elf_image_read(&image[image_count], path, LARGEST))
        image_count++;
}

/* A line of the shell's for each file. */
static void add_listed(const char *command)
{
    char line[4096];
    FILE *f = popen(command, "r");
    while (f && fgets(line, sizeof(line), f)) {
        line[strcspn(line, "\n")] = 0;
        add_image(line);
    }
    if (f) pclose(f);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Of this process and its ended children, in seconds: others may be busy on this machine. */
static double processor_time(void)
{
    double sum = 0;
    for (int who = 0; who < 2; who++) {
        struct rusage u;
        getrusage(who ? RUSAGE_CHILDREN : RUSAGE_SELF, &u);
        sum += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
    }
    return sum;
}

static void die(const char *what, const struct elf_image *of, u64 seed)
{
    printf("%s: %s; seed %" PRIu64 "\n", of->name, what, seed);
    exit(1);
}

static void one_case(u64 seed)
{
    const struct elf_image *of = &image[seed % image_count];
    struct arena arena;
    struct module m;
    struct module_lines lines = {0};
    char why[160], path[64];
    int fd = elf_image_damaged(of, seed, path);
    double start = processor_time();
    arena_init(&arena);
    enum module_status status = module_open(&arena, path, NULL, &m, why);
    if (status && (!*why || m.files)) die("refused without a reason", of, seed);
    if (!status) {
        const char *fault = module_fault(&m);
        if (fault) die(fault, of, seed);
        opened++;
        left_out += *why != 0;
        if (seed / image_count % 4 == 0) module_lines(&m, &arena, &lines);
        rows += lines.row_count;
        module_close(&m);
    }
    arena_free(&arena);
    close(fd);
    double seconds = processor_time() - start;
    if (seconds > SLOW_SECONDS) die("too slow", of, seed);
    if (seconds > slowest) {
        slowest = seconds;
        slowest_seed = seed;
    }
    total++;
}

int main(int argc, char **argv)
{
    double end = now() + (argc > 1 ? atof(argv[1]) : 10);
    u64 first = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL) * 1000000;
    const char *cases = getenv("FERRY_CASES");
    u64 count = cases ? strtoull(cases, NULL, 0) : argc == 3 ? 1 : ~UINT64_C(0);
    for (int i = 3; i < argc; i++) add_image(argv[i]);
    if (argc < 4) {
        add_listed("find ${SYSROOT_ARM64:-build/sysroot/arm64}/usr/bin -type f -size -200k | sort "
                   "| head -300"
                   " | awk 'NR % 20 == 0'");
        add_listed("ls ${SYSROOT_ARM64:-build/sysroot/arm64}/usr/lib/aarch64-linux-gnu/lib*.so.?"
                   " | awk 'NR % 30 == 0'");
        add_listed("tests/elf/samples ${BUILD:-build}/fuzz/elf");
    }
    if (!image_count) {
        puts("no files to damage");
        return 1;
    }
    for (u64 n = 0; n < count && now() < end; n++) one_case(first + n);
    printf(
        "%zu files, %lu cases, %lu opened, %lu with damaged debug information, %lu rows, slowest "
        "%.0f ms (seed %" PRIu64 ")\n",
        image_count, total, opened, left_out, rows, slowest * 1e3, slowest_seed);
    return 0;
}
