/*
 * a64_objdump [-s SEED] [-l LINES] [-a] [-n WORDS | SECONDS]
 *
 * Compares the decoder and the disassembler with GNU objdump, for so many seconds or words. One
 * word in four is uniformly random; the others are a row's fixed bits with random fields, some of
 * these with one bit flipped, so that the neighbours of allocated encodings are tried too.
 *
 * tests/a64/objdump_differences.txt lists what may differ; a line is
 *     unallocated MASK VALUE REASON...    only objdump says that the word is allocated
 *     allocated MASK VALUE REASON...      only the decoder does
 *     text MASK VALUE REASON...           the texts differ
 * and explains the words with word & MASK == VALUE. Prints unexplained differences, at most LINES
 * of them, and counts; the exit status is 1 if there are any, 77 if there is no objdump. -a prints
 * explained ones as well.
 */
#include "aot/a64/a64.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_REASONS = 200, TEXT_SIZE = 256, BATCH = 100000 };

#define OBJDUMP     "aarch64-linux-gnu-objdump"
#define DIFFERENCES "tests/a64/objdump_differences.txt"

enum difference { SAME, UNALLOCATED, ALLOCATED, TEXT };

static const char *const difference_names[] = {"same", "unallocated", "allocated", "text"};

static struct reason {
    enum difference difference;
    u32 mask, value;
    char text[TEXT_SIZE];
    unsigned long used;
} reasons[MAX_REASONS];
static unsigned reason_count;

static u64 random_state;

static u64 random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state * UINT64_C(0x2545f4914f6cdd1d) >> 16;
}

static u32 random_word(void)
{
    u32 word = (u32)random_bits();
    unsigned how = random_bits() % 32;
    if (how < 8) return word;
    const struct a64_row_info *row =
        a64_row_info((enum a64_row)(1 + random_bits() % (A64_ROW_COUNT - 1)));
    word = (word & ~row->mask) | row->value;
    if (how < 11) word ^= UINT32_C(1) << random_bits() % 32;
    return word;
}

static void fail(const char *what)
{
    perror(what);
    exit(2);
}

static enum difference difference_named(const char *name)
{
    for (unsigned i = UNALLOCATED; i <= TEXT; i++)
        if (!strcmp(difference_names[i], name)) return (enum difference)i;
    return SAME;
}

static void read_reasons(const char *path)
{
    char line[512], kind[16];
    FILE *f = fopen(path, "r");
    if (!f) fail(path);
    while (fgets(line, sizeof line, f)) {
        struct reason *r = &reasons[reason_count];
        int end = 0;
        if (line[0] == '#' || line[0] == '\n') continue;
        if (reason_count == MAX_REASONS ||
            sscanf(line, "%15s %x %x %n", kind, &r->mask, &r->value, &end) != 3 || !end ||
            !difference_named(kind)) {
            fprintf(stderr, "%s: bad line: %s", path, line);
            exit(2);
        }
        r->difference = difference_named(kind);
        snprintf(r->text, sizeof r->text, "%.*s", (int)strcspn(line + end, "\n"), line + end);
        reason_count++;
    }
    fclose(f);
}

static struct reason *find_reason(u32 word, enum difference difference)
{
    for (unsigned i = 0; i < reason_count; i++) {
        struct reason *r = &reasons[i];
        if (r->difference == difference && (word & r->mask) == r->value) return r;
    }
    return NULL;
}

/* Starts objdump on a file of words; its output is one line per word behind a few others. */
static FILE *start_objdump(const u32 *words, size_t count, char *path)
{
    char command[256];
    int fd = mkstemp(path);
    if (fd < 0) fail(path);
    FILE *f = fdopen(fd, "wb");
    if (!f || fwrite(words, sizeof *words, count, f) != count || fclose(f)) fail(path);
    snprintf(command, sizeof command, OBJDUMP " -D -z -b binary -m aarch64 %s", path);
    f = popen(command, "r");
    if (!f) fail("objdump");
    return f;
}

/* Cuts objdump's remarks: "// ..." and "<label>" behind an address. */
static void trim(char *text)
{
    text[strcspn(text, "\n")] = 0;
    char *end = strstr(text, "  //");
    if (end && strncmp(text, ".inst", 5)) *end = 0;
    end = strstr(text, "\t//");
    if (end) *end = 0;
    end = strstr(text, " <");
    if (end) *end = 0;
    size_t n = strlen(text);
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t')) text[--n] = 0;
}

static unsigned long compared, differences, explained, printed, print_limit = 50;
static bool print_all;

static enum difference find_difference(u32 word, const char *ours, const char *theirs)
{
    bool we_allocate = a64_decode(word) != A64_UNALLOCATED;
    bool they_allocate = strncmp(theirs, ".inst", 5) != 0;
    if (we_allocate != they_allocate) return we_allocate ? ALLOCATED : UNALLOCATED;
    return !we_allocate || !strcmp(ours, theirs) ? SAME : TEXT;
}

static void compare(u32 word, u64 pc, const char *theirs)
{
    char ours[TEXT_SIZE];
    a64_disasm(word, pc, ours, sizeof ours);
    enum difference difference = find_difference(word, ours, theirs);
    compared++;
    if (difference == SAME) return;
    struct reason *r = find_reason(word, difference);
    if (r) {
        r->used++;
        explained++;
    } else {
        differences++;
    }
    if ((!r || print_all) && printed++ < print_limit)
        printf("%s %08x %s\n    ours:   %s\n    theirs: %s\n", difference_names[difference], word,
               r ? r->text : "", ours, theirs);
}

static void run(size_t count)
{
    char line[1024], path[] = "/tmp/a64-words-XXXXXX";
    u32 *words = malloc(count * sizeof *words);
    if (!words) fail("malloc");
    for (size_t i = 0; i < count; i++) words[i] = random_word();
    FILE *f = start_objdump(words, count, path);
    size_t seen = 0;
    while (fgets(line, sizeof line, f)) {
        unsigned long address;
        unsigned word;
        int end = 0;
        if (sscanf(line, " %lx: %8x %n", &address, &word, &end) != 2 || !end) continue;
        if (address != seen * 4 || word != words[seen]) {
            fprintf(stderr, "objdump's line %zu isn't the expected word: %s", seen, line);
            exit(2);
        }
        trim(line + end);
        compare(word, address, line + end);
        seen++;
    }
    pclose(f);
    unlink(path);
    free(words);
    if (seen != count) {
        fprintf(stderr, "objdump gave %zu lines for %zu words\n", seen, count);
        exit(2);
    }
}

static void summarize(u64 seed)
{
    for (unsigned i = 0; i < reason_count; i++)
        if (reasons[i].used)
            printf("%8lu %s %08x %08x %s\n", reasons[i].used,
                   difference_names[reasons[i].difference], reasons[i].mask, reasons[i].value,
                   reasons[i].text);
    printf("%lu words, seed %llu: %lu differences, %lu explained\n", compared,
           (unsigned long long)seed, differences, explained);
}

int main(int argc, char **argv)
{
    size_t count = 0;
    u64 seed = (u64)time(NULL);
    int option;
    while ((option = getopt(argc, argv, "n:s:l:a")) > 0) {
        switch (option) {
        case 'n': count = strtoul(optarg, NULL, 0); break;
        case 's': seed = strtoull(optarg, NULL, 0); break;
        case 'l': print_limit = strtoul(optarg, NULL, 0); break;
        case 'a': print_all = true; break;
        default: return 2;
        }
    }
    time_t end = time(NULL) + (optind < argc ? atoi(argv[optind]) : 0);
    if (system("command -v " OBJDUMP " >/dev/null")) {
        printf(OBJDUMP " is not installed\n");
        return 77;
    }
    read_reasons(DIFFERENCES);
    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;
    for (unsigned i = 0; i < 16; i++) random_bits();
    while (compared < count || time(NULL) < end)
        run(count - compared < BATCH && count > compared ? count - compared : BATCH);
    summarize(seed);
    return differences != 0;
}
