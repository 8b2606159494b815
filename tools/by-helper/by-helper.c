/*
 * by-helper [-c] [WORDS]
 *
 * Lists the IR operations that generated code leaves to the helper IR_OP, with the instructions
 * that they come from, for hosts from full features down to plain SSE2. Nothing here knows what the
 * generator can do: each row of the decode table is translated with random fields (WORDS words,
 * default 300), and the host code is searched for calls of the helper, whose descriptor says which
 * operation it was.
 *
 * A line is: operation, type (of vectors: element size in bits), mod, the least host that has it
 * inline or why no host has, and the instructions. With -c the exit status is 1 when an operation
 * has no inline form on a full host and no reason below.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aot/a64/a64.h"
#include "aot/abi/state.h"
#include "aot/ir/ir.h"
#include "aot/lift/lift.h"
#include "aot/x64/disasm.h"
#include "aot/x64/features.h"
#include "aot/x64/x64.h"
#include "aot/xlat.h"

#define PC        0x10000
#define MAX_FOUND 4096

/* --- hosts ------------------------------------------------------------------------------------ */

#define SSSE3  (X64_HAS_SSE3 | X64_HAS_SSSE3)
#define SSE41  (SSSE3 | X64_HAS_SSE41)
#define CRYPTO (SSE41 | X64_HAS_SSE42 | X64_HAS_POPCNT | X64_HAS_PCLMUL | X64_HAS_AES)
#define AVX2                                                                                       \
    (CRYPTO | X64_HAS_AVX | X64_HAS_AVX2 | X64_HAS_FMA | X64_HAS_F16C | X64_HAS_BMI1 |             \
     X64_HAS_BMI2 | X64_HAS_LZCNT | X64_HAS_MOVBE | X64_HAS_CX16 | X64_HAS_LAHF)

/* From the newest down; each has what those behind it have. */
static const struct host {
    const char *name;
    u32 features;
} hosts[] = {
    {"full", UINT32_MAX}, {"avx2, fma, f16c", AVX2}, {"sse4.2, pclmul, aes", CRYPTO},
    {"sse4.1", SSE41},    {"ssse3", SSSE3},          {"sse2", 0},
};

#define HOSTS ARRAY_SIZE(hosts)

/* --- reasons ---------------------------------------------------------------------------------- */

/* Why an operation has no inline form even on a full host: that on halves, or any. */
static const struct reason {
    u8 op;
    bool half;
    const char *text;
} reasons[] = {
    {IR_FRECPE, true, "estimates of halves: too rare for code of their own"},
    {IR_FRSQRTE, true, "estimates of halves: too rare for code of their own"},
    {IR_FRECPX, true, "estimates of halves: too rare for code of their own"},
    {IR_FRECPS, true, "fused: by way of single it would be rounded twice"},
    {IR_FRSQRTS, true, "fused: by way of single it would be rounded twice"},
    {IR_ICVTF, true, "with fraction bits: by way of single it would be rounded twice"},
    {IR_VBFDOT, false, "rounds to odd after each product: no host does"},
    {IR_VBFMMLA, false, "rounds to odd after each product: no host does"},
    {IR_BFCVTN, false, "bfloat16: too rare for code of its own"},
    {IR_SM3SS1, false, "SM3: too rare for code of its own"},
    {IR_SM3TT, false, "SM3: too rare for code of its own"},
    {IR_SM3PARTW1, false, "SM3: too rare for code of its own"},
    {IR_SM3PARTW2, false, "SM3: too rare for code of its own"},
    {IR_SM4E, false, "SM4: too rare for code of its own"},
    {IR_SM4EKEY, false, "SM4: too rare for code of its own"},
};

static const char *reason_for(u8 op, u8 type, u8 esz)
{
    bool half = type == IR_F16 || (type == IR_V128 && esz == 1);
    for (size_t n = 0; n < ARRAY_SIZE(reasons); n++)
        if (reasons[n].op == op && reasons[n].half <= half) return reasons[n].text;
    return NULL;
}

/* --- what is found ---------------------------------------------------------------------------- */

struct found {
    u32 descriptor;
    u16 row;   /* enum a64_row */
    u16 hosts; /* 1 << index: by helper there */
};

static struct found found[MAX_FOUND];
static unsigned found_count;
static unsigned calls; /* in all translations so far */

static void note(u32 descriptor, enum a64_row row, unsigned host)
{
    unsigned n = 0;
    while (n < found_count && (found[n].descriptor != descriptor || found[n].row != row)) n++;
    if (n == MAX_FOUND) return;
    if (n == found_count) found[found_count++] = (struct found){descriptor, (u16)row, 0};
    found[n].hosts |= (u16)(1u << host);
}

/* Where the helper's address lies, from the register of the state. */
#define HELPER_AT ((s32)(offsetof(struct guest_state, helper) + 8 * HELPER_IR_OP) - STATE_BIAS)

static bool is_helper_call(const struct x64_insn *insn)
{
    const struct x64_operand *o = &insn->operands[0];
    return !strcmp(insn->name, "call") && o->kind == X64_OPERAND_MEM && o->mem.base == X64_RBP &&
           o->mem.disp == HELPER_AT;
}

/* Whether a call's bytes are in the code: most has none, and to decode it all takes most of the
 * time. */
static bool may_call_helper(const struct translation *t)
{
    u8 bytes[64];
    struct x64_buf call;
    x64_init(&call, bytes, sizeof bytes, NULL, 0);
    x64_call_m(&call, x64_mem_b(X64_RBP, HELPER_AT));
    return memmem(t->code, t->code_size, bytes, x64_pos(&call)) != NULL;
}

/* The descriptor is the constant that RSI had last. */
static void search(const struct translation *t, enum a64_row row, unsigned host)
{
    u32 descriptor = 0;
    struct x64_insn insn;
    if (!may_call_helper(t)) return;
    for (u32 at = 0; at < t->code_size; at += insn.length) {
        if (!x64_decode(t->code + at, t->code_size - at, &insn)) return;
        const struct x64_operand *o = insn.operands;
        if (!strcmp(insn.name, "mov") && o[0].kind == X64_OPERAND_REG && o[0].reg == X64_RSI &&
            o[1].kind == X64_OPERAND_IMM)
            descriptor = (u32)o[1].value;
        if (!is_helper_call(&insn)) continue;
        note(descriptor, row, host);
        calls++;
    }
}

/* --- every instruction ------------------------------------------------------------------------ */

static u32 the_word;

static size_t read_word(void *context, u64 pc, u32 *out, size_t max)
{
    (void)context;
    if (pc != PC || !max) return 0;
    *out = the_word;
    return 1;
}

static u64 random64(void) /* splitmix64 */
{
    static u64 seed = 1;
    u64 z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void translate(struct arena *arena, enum a64_row row, unsigned host)
{
    static const struct code_view view = {.read = read_word};
    struct xlat_options options = {.host_features = hosts[host].features, .max_insts = 1};
    struct translation t;
    arena_reset(arena);
    if (xlat_translate(arena, &options, &view, PC, &t) == XLAT_OK) search(&t, row, host);
}

static void translate_all(unsigned words)
{
    struct arena arena;
    arena_init(&arena);
    for (unsigned row = 1; row < A64_ROW_COUNT; row++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)row);
        if (!lift_has_feature(info->feature)) continue;
        for (unsigned n = 0; n < words; n++) {
            the_word = ((u32)random64() & ~info->mask) | info->value;
            if (a64_decode(the_word) != (enum a64_row)row) continue;
            for (unsigned h = 0; h < HOSTS; h++) translate(&arena, (enum a64_row)row, h);
        }
    }
    arena_free(&arena);
}

/* --- files ------------------------------------------------------------------------------------ */

struct use {
    u64 words, of_row[A64_ROW_COUNT][HOSTS];
};

static void count_words(struct use *use, struct arena *arena, const u32 *words, size_t count,
                        const u16 hosts_of_row[A64_ROW_COUNT])
{
    use->words += count;
    for (size_t n = 0; n < count; n++) {
        enum a64_row row = a64_decode(words[n]);
        the_word = words[n];
        for (unsigned h = 0; h < HOSTS; h++) {
            unsigned before = calls;
            if (!(hosts_of_row[row] >> h & 1)) continue;
            translate(arena, row, h);
            use->of_row[row][h] += calls != before;
        }
    }
}

static void count_file(struct use *use, struct arena *arena, const char *name,
                       const u16 hosts_of_row[A64_ROW_COUNT])
{
    struct stat st;
    int fd = open(name, O_RDONLY);
    if (fd < 0 || fstat(fd, &st) || st.st_size < (off_t)sizeof(Elf64_Ehdr)) {
        fprintf(stderr, "by-helper: %s: cannot be read\n", name);
        exit(2);
    }
    size_t size = (size_t)st.st_size;
    const u8 *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    const Elf64_Ehdr *e = (const void *)at;
    close(fd);
    if (at == MAP_FAILED || memcmp(e->e_ident, ELFMAG, SELFMAG) || e->e_machine != EM_AARCH64 ||
        e->e_phoff + e->e_phnum * sizeof(Elf64_Phdr) > size) {
        fprintf(stderr, "by-helper: %s: no arm64 ELF file\n", name);
        exit(2);
    }
    const Elf64_Phdr *ph = (const void *)(at + e->e_phoff);
    for (unsigned n = 0; n < e->e_phnum; n++)
        if (ph[n].p_type == PT_LOAD && ph[n].p_flags & PF_X &&
            ph[n].p_offset + ph[n].p_filesz <= size)
            count_words(use, arena, (const void *)(at + ph[n].p_offset), ph[n].p_filesz / 4,
                        hosts_of_row);
    munmap((void *)(uintptr_t)at, size);
}

static void count_files(char **names)
{
    static struct use use;
    static u16 hosts_of_row[A64_ROW_COUNT];
    struct arena arena;
    arena_init(&arena);
    for (unsigned n = 0; n < found_count; n++) hosts_of_row[found[n].row] |= found[n].hosts;
    for (; *names; names++) count_file(&use, &arena, *names, hosts_of_row);
    arena_free(&arena);
    printf("%llu words; by helper:\n%-14s", (unsigned long long)use.words, "");
    for (unsigned h = 0; h < HOSTS; h++) printf(" %10.*s", 10, hosts[h].name);
    putchar('\n');
    for (unsigned row = 0; row < A64_ROW_COUNT; row++) {
        bool any = false;
        for (unsigned h = 0; h < HOSTS; h++) any |= use.of_row[row][h] != 0;
        if (!any) continue;
        printf("%-14s", a64_row_info((enum a64_row)row)->name);
        for (unsigned h = 0; h < HOSTS; h++)
            printf(" %10llu", (unsigned long long)use.of_row[row][h]);
        putchar('\n');
    }
}

/* --- printing --------------------------------------------------------------------------------- */

static int by_descriptor(const void *a, const void *b)
{
    const struct found *x = a, *y = b;
    if (x->descriptor != y->descriptor) return x->descriptor < y->descriptor ? -1 : 1;
    return x->row - y->row;
}

/* Prints the group that starts at `first`; returns its end. */
static unsigned print_group(unsigned first, bool *unexplained)
{
    u32 d = found[first].descriptor;
    u8 op = (u8)d, type = (u8)(d >> 8), esz = (u8)(d >> 16);
    unsigned end = first, mask = 0, least = 0;
    char form[24];
    for (; end < found_count && found[end].descriptor == d; end++) mask |= found[end].hosts;
    while (least + 1 < HOSTS && !(mask >> (least + 1) & 1)) least++;
    snprintf(form, sizeof form, type == IR_V128 ? "%s %u" : "%s", ir_type_name(type), 8u << esz);
    const char *why = hosts[least].name;
    if (mask & 1) {
        why = reason_for(op, type, esz);
        if (!why) why = "NO REASON GIVEN", *unexplained = true;
    }
    printf("%-9s %-8s mod %-2u  %s%s\n   ", ir_op_info(op)->name, form, d >> 24,
           mask & 1 ? "never inline: " : "inline from: ", why);
    for (unsigned n = first; n < end; n++)
        printf(" %s", a64_row_info((enum a64_row)found[n].row)->name);
    putchar('\n');
    return end;
}

int main(int argc, char **argv)
{
    bool check = false, unexplained = false;
    unsigned words = 300;
    int option;
    while ((option = getopt(argc, argv, "cn:")) != -1) {
        switch (option) {
        case 'c': check = true; break;
        case 'n': words = (unsigned)strtoul(optarg, NULL, 0); break;
        default: fprintf(stderr, "usage: by-helper [-c] [-n WORDS] [FILE...]\n"); return 2;
        }
    }
    translate_all(words);
    if (optind < argc) {
        count_files(argv + optind);
        return 0;
    }
    qsort(found, found_count, sizeof(*found), by_descriptor);
    for (unsigned n = 0; n < found_count;) n = print_group(n, &unexplained);
    return check && unexplained;
}
