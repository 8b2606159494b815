/*
 * a64info [options] WORD...
 *
 * Shows what becomes of A64 instruction words: the decode table's row with its fields, the text,
 * the IR before and after optimisation, and the host's code. Each word is a region of its own;
 * with -r all of them are one region.
 *
 *   -r            the words follow one another
 *   -p ADDRESS    of the first word (default 0x10000)
 *   -f MASK       host features (enum x64_feature bits) instead of this host's; 0 is plain SSE2
 *   -t            by the full tier, as functions in images
 *   -c            floating point by helpers, as for FPCR modes that the host doesn't have
 *   -s STAGES     of the letters d (decode) i (IR) o (optimised) c (code); default all
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aot/a64/a64.h"
#include "aot/xlat.h"

#define MAX_WORDS 4096

struct words {
    u64 pc;
    u32 word[MAX_WORDS];
    size_t count;
};

static size_t read_words(void *context, u64 pc, u32 *out, size_t max)
{
    const struct words *w = context;
    u64 index = (pc - w->pc) / 4;
    if (pc < w->pc || index >= w->count) return 0;
    size_t n = w->count - index < max ? w->count - index : max;
    memcpy(out, w->word + index, 4 * n);
    return n;
}

static void show_stage(void *context, enum xlat_stage stage, u64 pc, const char *text,
                       size_t length)
{
    static const char *const titles[XLAT_STAGES] = {"decoded", "IR", "optimised", "host code"};
    (void)context;
    (void)pc;
    printf("%s\n%.*s", titles[stage], (int)length, text);
    if (length && text[length - 1] != '\n') putchar('\n');
}

static void show_row(u32 word, u64 pc)
{
    char text[128];
    enum a64_row row = a64_decode(word);
    const struct a64_row_info *info = a64_row_info(row);
    a64_disasm(word, pc, text, sizeof text);
    printf("%08x  %s\n", word, text);
    if (row == A64_UNALLOCATED) {
        printf("row       unallocated\n");
        return;
    }
    printf("row       %s (%s), fixed bits %08x of %08x, needs %s\n", info->name,
           a64_group_name(info->group), info->value, info->mask,
           a64_feature_name(a64_word_feature(row, word)));
    printf("fields   ");
    for (unsigned i = 0; i < info->field_count; i++) {
        const struct a64_field *f = a64_row_field(info, i);
        printf(" %s[%u:%u]=%llu", f->name, f->lo + f->width - 1u, f->lo,
               (unsigned long long)bits(word, f->lo, f->width));
    }
    putchar('\n');
}

static bool is_entered(void *context, u64 pc)
{
    const struct words *w = context;
    return pc == w->pc;
}

static void extent(void *context, u64 pc, u64 *low, u64 *high)
{
    const struct words *w = context;
    (void)pc;
    *low = w->pc;
    *high = w->pc + 4 * w->count;
}

static bool show_region(struct words *words, const struct xlat_options *options)
{
    static const char *const errors[] = {"", "no code", "too big", "refused by the verifier"};
    struct code_view view = {
        .read = read_words, .is_entry = is_entered, .extent = extent, .context = words};
    struct translation t;
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < words->count; i++) show_row(words->word[i], words->pc + 4 * i);
    enum xlat_status status = xlat_translate(&arena, options, &view, words->pc, &t);
    if (status == XLAT_OK)
        printf("%zu guest bytes, %u host bytes, side table %u bytes\n", 4 * words->count,
               t.code_size, t.side_size);
    else
        printf("not translated: %s\n", errors[status]);
    arena_free(&arena);
    return status == XLAT_OK;
}

static u32 stage_mask(const char *letters)
{
    u32 mask = 0;
    for (; *letters; letters++) {
        const char *all = "dioc", *at = strchr(all, *letters);
        if (at) mask |= 1u << (at - all);
    }
    return mask;
}

static void usage(void)
{
    fprintf(stderr, "usage: a64info [-r] [-t] [-c] [-p ADDRESS] [-f MASK] [-s dioc] WORD...\n");
    exit(2);
}

static u64 number(const char *text, int base)
{
    char *end;
    errno = 0;
    u64 v = strtoull(text, &end, base);
    if (end == text || *end || errno) {
        fprintf(stderr, "a64info: %s: not a number\n", text);
        exit(2);
    }
    return v;
}

int main(int argc, char **argv)
{
    static struct words words = {.pc = 0x10000};
    struct xlat_options options = {.host_features = xlat_host_features(),
                                   .verify = true,
                                   .dump = show_stage,
                                   .dump_stages = stage_mask("dioc"),
                                   .max_insts = MAX_WORDS};
    bool one_region = false, good = true;
    int option;
    while ((option = getopt(argc, argv, "rtcp:f:s:")) != -1) {
        switch (option) {
        case 'r': one_region = true; break;
        case 't': options.tier = XLAT_FULL; break;
        case 'c': options.fp_checked = true; break;
        case 'p': words.pc = number(optarg, 0); break;
        case 'f': options.host_features = number(optarg, 0); break;
        case 's': options.dump_stages = stage_mask(optarg); break;
        default: usage();
        }
    }
    if (optind == argc || argc - optind > MAX_WORDS) usage();
    for (int i = optind; i < argc; i++) {
        words.word[words.count++] = (u32)number(argv[i], 16);
        if (one_region && i + 1 < argc) continue;
        good &= show_region(&words, &options);
        words.count = 0;
        if (i + 1 < argc) putchar('\n');
    }
    return !good;
}
