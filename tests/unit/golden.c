/*
 * Host code by example: tests/golden/GROUP.txt holds regions of guest code and what the quick tier
 * (the full one, where GROUP begins with full-) makes of them for a host with AVX2, or with AVX-512
 * where it ends with -avx512. `make bless` writes the files anew, so that a change of the generator
 * shows what it does to the code.
 *
 * A region is a run of lines "WORD  text", followed by indented lines of host code; blank lines and
 * lines that begin with # stay as they are. The text behind a word is written by bless too. In host
 * code:
 *   [x3] [v1] [nzcv] [helper ir_op] [leave 0] [state+N]   what lies in guest state
 *   [cell 10008]   a link's cell, with the guest address that it leads to
 *   [constant]     data behind the code
 *   L1:            labels, instead of offsets
 * The stubs of links are left out: they are all alike; so is what fills up the room before
 * constants.
 */
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/x64/disasm.h"
#include "aot/x64/features.h"
#include "aot/xlat.h"
#include "tests/lib/check.h"

#define FIRST_PC   0x10000
#define MAX_WORDS  64
#define MAX_CODE   16384
#define MIN_SHOWN  300 /* regions in all files: the suite must not shrink unseen */
#define STUB_INSNS 3   /* of a link's stub: address of the cell, guest address, jump */

#define FEATURES                                                                                   \
    ((u64)X64_HAS_SSE3 | X64_HAS_SSSE3 | X64_HAS_SSE41 | X64_HAS_SSE42 | X64_HAS_POPCNT |          \
     X64_HAS_LZCNT | X64_HAS_BMI1 | X64_HAS_BMI2 | X64_HAS_AVX | X64_HAS_AVX2 | X64_HAS_FMA |      \
     X64_HAS_F16C | X64_HAS_AES | X64_HAS_PCLMUL | X64_HAS_MOVBE | X64_HAS_CX16 | X64_HAS_LAHF)

static struct arena arena;

struct words {
    u32 word[MAX_WORDS];
    size_t count;
};

static size_t read_words(void *context, u64 pc, u32 *out, size_t max)
{
    const struct words *w = context;
    u64 index = (pc - FIRST_PC) / 4;
    if (pc < FIRST_PC || index >= w->count) return 0;
    size_t n = w->count - index < max ? w->count - index : max;
    memcpy(out, w->word + index, 4 * n);
    return n;
}

static bool entered_nowhere_else(void *context, u64 pc)
{
    (void)context;
    (void)pc;
    return false;
}

/* --- printing host code -------------------------------------------------------------------------
 */

enum mark { MARK_LABEL = 1, MARK_STUB = 2, MARK_START = 4 };

struct listing {
    FILE *out;
    const struct translation *t;
    u8 mark[MAX_CODE];   /* enum mark bits of each offset */
    u32 label[MAX_CODE]; /* number */
};

/* The cell that the field in [at, at + length) is relocated to, or NULL. */
static const struct cell *cell_of(const struct translation *t, u32 at, u32 length)
{
    for (u32 n = 0; n < t->reloc_count; n++) {
        const struct reloc *r = &t->relocs[n];
        if (r->kind == RELOC_CELL && r->offset >= at && r->offset < at + length)
            return &t->cells[r->value];
    }
    return NULL;
}

static bool is_branch(const struct x64_insn *insn, s64 *distance)
{
    for (unsigned n = 0; n < insn->n_operands; n++) {
        if (insn->operands[n].kind != X64_OPERAND_TARGET) continue;
        *distance = insn->operands[n].value;
        return true;
    }
    return false;
}

/* Constants begin here or later, as far as the instruction at `at` knows. */
static u32 constants_from(const struct translation *t, u32 at, const struct x64_insn *insn)
{
    for (unsigned n = 0; n < insn->n_operands; n++) {
        const struct x64_operand *o = &insn->operands[n];
        if (o->kind == X64_OPERAND_MEM && o->mem.kind == X64_MEM_RIP &&
            !cell_of(t, at, insn->length))
            return at + insn->length + (u32)o->mem.disp;
    }
    return t->code_size;
}

/* Finds instructions, labels and stubs. Ends where constants begin. */
static void mark_code(struct listing *l)
{
    const struct translation *t = l->t;
    struct x64_insn insn;
    u32 at = 0, length, labels = 0, end = t->code_size;
    s64 distance;
    ck_assert_uint_lt(t->code_size, MAX_CODE);
    for (u32 n = 0; n < t->cell_count; n++) {
        u32 stub = t->cells[n].stub;
        for (unsigned k = 0; k < STUB_INSNS; k++) {
            l->mark[stub] |= MARK_STUB;
            length = x64_decode(t->code + stub, t->code_size - stub, &insn);
            ck_assert_uint_gt(length, 0);
            stub += length;
        }
    }
    for (; at < end; at += length) {
        length = x64_decode(t->code + at, t->code_size - at, &insn);
        if (!length) break;
        l->mark[at] |= MARK_START;
        u32 constants = constants_from(t, at, &insn);
        if (constants < end) end = constants;
        if (!is_branch(&insn, &distance)) continue;
        ck_assert(at + distance >= 0 && at + distance < t->code_size);
        l->mark[at + distance] |= MARK_LABEL;
    }
    for (at = 0; at < t->code_size; at++)
        if (l->mark[at] & MARK_LABEL) l->label[at] = ++labels;
}

static void print_state(FILE *out, s64 disp)
{
    s64 offset = disp + STATE_BIAS, part;
    for (unsigned s = 0; s < SLOT_COUNT; s++) {
        const struct slot_info *slot = slot_info(s);
        part = offset - slot->offset;
        if (part < 0 || part >= (slot->kind == SLOT_VEC128 ? 16 : slot->kind == SLOT_INT64 ? 8 : 4))
            continue;
        fprintf(out, part ? "[%s+%lld]" : "[%s]", slot->name, (long long)part);
        return;
    }
    part = offset - (s64)offsetof(struct guest_state, helper);
    if (part >= 0 && part < HELPER_COUNT * 8)
        fprintf(out, "[helper %s]", helper_name((unsigned)part / 8));
    else if (offset >= (s64)offsetof(struct guest_state, leave) &&
             offset < (s64)offsetof(struct guest_state, scratch))
        fprintf(out, "[leave %lld]",
                (long long)(offset - (s64)offsetof(struct guest_state, leave)) / 8);
    else
        fprintf(out, "[state+%lld]", (long long)offset);
}

/* Text of one instruction with its memory operand and target replaced by names. */
static void print_insn(const struct listing *l, u32 at, const struct x64_insn *insn)
{
    char text[128];
    s64 distance;
    const struct x64_mem *mem = NULL;
    x64_print(insn, at, text, sizeof text);
    for (unsigned n = 0; n < insn->n_operands; n++)
        if (insn->operands[n].kind == X64_OPERAND_MEM) mem = &insn->operands[n].mem;
    if (is_branch(insn, &distance)) {
        fprintf(l->out, "%s L%u", insn->name, l->label[at + distance]);
        return;
    }
    char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
    const struct cell *cell = cell_of(l->t, at, insn->length);
    bool state = mem && mem->kind == X64_MEM_BASE && mem->base == X64_RBP && mem->index < 0;
    if (!mem || !close || (!state && mem->kind == X64_MEM_BASE)) {
        fputs(text, l->out);
        return;
    }
    fprintf(l->out, "%.*s", (int)(open - text), text);
    if (state)
        print_state(l->out, mem->disp);
    else if (cell)
        fprintf(l->out, "[cell %llx]", (unsigned long long)cell->target);
    else
        fputs("[constant]", l->out);
    /* What follows a [rip+...] ends with a remark on the address. */
    char *remark = strchr(close, '#');
    if (remark) *remark = 0;
    size_t rest = strlen(close + 1);
    while (rest && isspace((unsigned char)close[rest])) rest--;
    fprintf(l->out, "%.*s", (int)rest, close + 1);
}

static void print_code(FILE *out, const struct translation *t)
{
    static struct listing l;
    struct x64_insn insn;
    memset(&l, 0, sizeof l);
    l.out = out;
    l.t = t;
    mark_code(&l);
    for (u32 at = 0; at < t->code_size; at++) {
        if (!(l.mark[at] & MARK_START) || l.mark[at] & MARK_STUB) continue;
        x64_decode(t->code + at, t->code_size - at, &insn);
        if (!strcmp(insn.name, "int3")) continue;
        if (l.label[at]) fprintf(out, "  L%u:\n", l.label[at]);
        fputs("    ", out);
        print_insn(&l, at, &insn);
        fputc('\n', out);
    }
}

/* --- files --------------------------------------------------------------------------------------
 */

static void print_region(FILE *out, struct words *w, const char *where)
{
    bool full = strstr(where, "full-"), avx512 = strstr(where, "-avx512");
    struct xlat_options options = {.tier = full ? XLAT_FULL : XLAT_QUICK,
                                   .host_features = FEATURES | (avx512 ? X64_HAS_AVX512 : 0),
                                   .inlines = full,
                                   .verify = true,
                                   .max_insts = (u32)w->count};
    struct code_view view = {.read = read_words, .is_entry = entered_nowhere_else, .context = w};
    struct translation t;
    char text[128];
    for (size_t n = 0; n < w->count; n++) {
        xlat_disassemble(w->word[n], FIRST_PC + 4 * n, text, sizeof text);
        for (char *c = text; *c; c++)
            if (*c == '\t') *c = ' ';
        fprintf(out, "%08x  %s\n", w->word[n], text);
    }
    arena_reset(&arena);
    enum xlat_status status = xlat_translate(&arena, &options, &view, FIRST_PC, &t);
    ck_assert_msg(status == XLAT_OK, "%s: status %d", where, (int)status);
    ck_assert_msg(t.insn_count == w->count, "%s: %u of %zu instructions translated", where,
                  t.insn_count, w->count);
    print_code(out, &t);
}

/* What a file should hold, from what it does. Counts its regions. Not inlined: the compiler takes
 * the stream's buffer for the pointer to it. */
__attribute__((noinline)) static char *regenerate(const char *path, unsigned *regions)
{
    char line[256], *result = NULL;
    size_t length = 0;
    struct words w = {.count = 0};
    FILE *in = fopen(path, "r"), *out = open_memstream(&result, &length);
    ck_assert_msg(in && out, "%s", path);
    for (bool more = true; more;) {
        more = fgets(line, sizeof line, in) != NULL;
        if (more && isxdigit((unsigned char)line[0])) {
            ck_assert_msg(w.count < MAX_WORDS, "%s: too many words", path);
            w.word[w.count++] = (u32)strtoul(line, NULL, 16);
            continue;
        }
        if (w.count) {
            print_region(out, &w, path);
            w.count = 0;
            ++*regions;
        }
        if (more && line[0] != ' ') fputs(line, out);
    }
    fclose(in);
    ck_assert_int_eq(fclose(out), 0);
    return result;
}

static char *read_file(const char *path)
{
    FILE *in = fopen(path, "r");
    ck_assert_msg(in != NULL, "%s", path);
    char *text = calloc(1, 1 << 18);
    ck_assert_uint_lt(fread(text, 1, 1 << 18, in), 1 << 18);
    fclose(in);
    return text;
}

static void write_file(const char *path, const char *text)
{
    FILE *out = fopen(path, "w");
    ck_assert_msg(out != NULL, "%s", path);
    fputs(text, out);
    ck_assert_int_eq(fclose(out), 0);
}

/* Shows the first difference with the region it is in; false: there is none. */
static bool differ(const char *path, const char *stored, const char *made)
{
    size_t same = 0, from;
    unsigned line = 1;
    if (!strcmp(stored, made)) return false;
    while (stored[same] && stored[same] == made[same]) line += stored[same++] == '\n';
    for (from = same; from && !(stored[from - 1] == '\n' && stored[from] == '\n'); from--) continue;
    const char *ends[2] = {strstr(stored + from + 1, "\n\n"), strstr(made + from + 1, "\n\n")};
    int lengths[2] = {ends[0] ? (int)(ends[0] - stored - from) : -1,
                      ends[1] ? (int)(ends[1] - made - from) : -1};
    printf("%s:%u: the code is another. Stored:%.*s\nMade now:%.*s\n", path, line, lengths[0],
           stored + from, lengths[1], made + from);
    return true;
}

START_TEST(host_code_is_as_stored)
{
    glob_t files;
    unsigned regions = 0, different = 0;
    ck_assert_int_eq(glob("tests/golden/*.txt", 0, NULL, &files), 0);
    for (size_t n = 0; n < files.gl_pathc; n++) {
        const char *path = files.gl_pathv[n];
        char *stored = read_file(path), *made = regenerate(path, &regions);
        if (getenv("FERRY_BLESS"))
            write_file(path, made);
        else
            different += differ(path, stored, made);
        free(stored);
        free(made);
    }
    globfree(&files);
    ck_assert_uint_ge(regions, MIN_SHOWN);
    ck_assert_msg(!different, "%u files differ; make bless && git diff tests/golden", different);
}
END_TEST

static void setup(void)
{
    arena_init(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
}

int main(void)
{
    Suite *s = suite_create("golden");
    TCase *t = tcase_create("code");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, host_code_is_as_stored);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
