/*
 * Makes lines for tests/semantic: words of rows of the decode table with registers V0 to V3 and X0
 * to X3, operands at random and often special, results from qemu-aarch64.
 *
 *   semantic_lines [--flush] GROUP|ROW...     (groups: fp simd simd_scalar crypto ldst base)
 *
 * With --flush FPCR.FZ is set, and only what flushed something gives a line.
 *
 * Only what matters is named: registers, flags and memory words whose change changes the result.
 */
#include "tests/semantic_lines/case.h"

#include "aot/a64/a64.h"
#include "aot/lift/lift.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES 4000

static int to_guest, from_guest;
static u64 random_state = 0x5eed;
static bool flush;

#define FZ   (UINT64_C(1) << 24)
#define TINY UINT64_C(0x88) /* of FPSR: UFC, IDC */

static u64 random64(void)
{
    u64 z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void start_guest(const char *self)
{
    int in[2], out[2];
    char guest[4096];
    const char *slash = strrchr(self, '/');
    snprintf(guest, sizeof guest, "%.*s/line-guest", slash ? (int)(slash - self) : 1,
             slash ? self : ".");
    if (pipe(in) || pipe(out)) exit(1);
    if (!fork()) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execlp("qemu-aarch64-static", "qemu-aarch64-static", "-cpu", "max", guest, (char *)NULL);
        _exit(127);
    }
    to_guest = in[1];
    from_guest = out[0];
}

static struct line_case run(struct line_case c)
{
    if (write(to_guest, &c, sizeof c) != sizeof c || read(from_guest, &c, sizeof c) != sizeof c) {
        fprintf(stderr, "semantic_lines: qemu-aarch64-static or its program is gone\n");
        exit(1);
    }
    return c;
}

/* --- operands ------------------------------------------------------------------------------------
 */

/* A number whose halves, singles and doubles are often special floats, or small. */
static u64 operand(void)
{
    static const u64 special[] = {0,
                                  UINT64_C(0x3c003f8000003ff0),
                                  UINT64_C(0x7ff0000000000000),
                                  UINT64_C(0x7f8000007f800001),
                                  UINT64_C(0x7c007e01fc00fd55),
                                  UINT64_C(0x8000000000000000),
                                  UINT64_C(0x0000000180000001),
                                  UINT64_C(0x7fff80007fffffff),
                                  UINT64_C(0x4008000000000000),
                                  UINT64_C(0xbf80000040490fdb),
                                  UINT64_C(0x3ff8000000000000),
                                  UINT64_C(0x00017f80ff7f0080)};
    u64 r = random64();
    if (flush && r >> 32 & 1) /* doubles, singles: denormal, or that and the smallest exponents */
        return random64() &
               (r >> 33 & 1 ? UINT64_C(0x803fffffffffffff) : UINT64_C(0x80ffffff80ffffff));
    switch (r & 3) {
    case 0: return special[(r >> 8) % ARRAY_SIZE(special)];
    case 1: return random64() & UINT64_C(0x4fff4fff4fff4fff);
    default: return random64();
    }
}

static bool has_field(const struct a64_row_info *info, const char *name)
{
    for (unsigned i = 0; i < info->field_count; i++)
        if (!strcmp(a64_row_field(info, i)->name, name)) return true;
    return false;
}

/* A word of the row that uses registers 0 to 3; 0: none found. */
static u32 word_of(enum a64_row row)
{
    static const struct {
        const char *name;
        unsigned lo, value;
        u32 mask;
    } registers[] = {{"rd", 0, 0, 31},  {"rt", 0, 0, 31},   {"rn", 5, 1, 31},   {"rm", 16, 2, 31},
                     {"ra", 10, 3, 31}, {"rm4", 16, 2, 15}, {"rt2", 10, 3, 31}, {"M", 20, 0, 0}};
    const struct a64_row_info *info = a64_row_info(row);
    for (unsigned n = 0; n < TRIES; n++) {
        u32 w = ((u32)random64() & ~info->mask) | info->value;
        for (size_t i = 0; i < ARRAY_SIZE(registers); i++)
            if (has_field(info, registers[i].name))
                w = (w & ~(registers[i].mask << registers[i].lo)) | registers[i].value
                                                                        << registers[i].lo;
        if (has_field(info, "rm4") && has_field(info, "M") && !strchr("h", info->name[0]) &&
            a64_decode(w & ~(1u << 20)) == row)
            w &= ~(1u << 20); /* M is a register's bit, or an index's: V2 in any case */
        if (a64_decode(w) == row && lift_has_feature(a64_word_feature(row, w))) return w;
    }
    return 0;
}

static bool is_memory(const struct a64_row_info *info)
{
    return info->group == A64_GROUP_ldst;
}

static struct line_case random_case(const struct a64_row_info *info, u32 word)
{
    struct line_case c = {.word = word, .nzcv = random64() & 0xf0000000};
    for (unsigned i = 0; i < 8; i++) c.v[i / 2][i % 2] = operand();
    for (unsigned i = 0; i < 4; i++) c.x[i] = operand();
    for (unsigned i = 0; i < LINE_WORDS; i++) c.memory[i] = random64();
    if (is_memory(info)) {
        c.x[1] = LINE_DATA + LINE_WINDOW + 8 * LINE_WORDS / 2;
        c.x[2] = random64() % 8;
    }
    if (random64() % 4 == 0) c.fpcr = (random64() & 3) << 22;
    if (flush) c.fpcr |= FZ;
    return c;
}

/* --- what matters --------------------------------------------------------------------------------
 */

/* The case's words that a line may name, as one array. */
enum { VECTORS = 0, GENERAL = 8, FLAGS = 12, MODE = 13, MEMORY = 16, WORDS = MEMORY + LINE_WORDS };

static u64 *word_at(struct line_case *c, unsigned n)
{
    if (n < GENERAL) return &c->v[n / 2][n % 2];
    if (n < FLAGS) return &c->x[n - GENERAL];
    if (n == FLAGS) return &c->nzcv;
    if (n == MODE) return &c->fpcr;
    return &c->memory[n - MEMORY];
}

/* True when other results come of another value of word n: all results but that word itself, which
 * may have stayed as it is. */
static bool matters(struct line_case before, struct line_case after, unsigned n)
{
    if (n == MODE) return before.fpcr != 0;
    for (unsigned tries = 0; tries < 12; tries++) {
        struct line_case other = before;
        u64 bit = UINT64_C(1) << random64() % 64, change = tries % 2 ? bit : random64();
        if (n == FLAGS) change &= 0xf0000000;
        *word_at(&other, n) ^= change;
        struct line_case result = run(other);
        if (result.signal) continue;
        if (*word_at(&result, n) == *word_at(&other, n) &&
            *word_at(&after, n) == *word_at(&before, n))
            *word_at(&result, n) = *word_at(&after, n);
        result.word = after.word;
        if (memcmp(&result, &after, sizeof result)) return true;
    }
    return false;
}

/* True when the instruction gives word n a value, perhaps the one that it had. */
static bool is_written(struct line_case before, struct line_case after, unsigned n)
{
    if (*word_at(&after, n) != *word_at(&before, n)) return true;
    struct line_case other = before;
    u64 change = n == FLAGS    ? 0xf0000000
                 : n >= MEMORY ? ~UINT64_C(0)
                               : UINT64_C(0x5555555555555555);
    if (n == MODE) return false;
    *word_at(&other, n) ^= change;
    struct line_case result = run(other);
    return !result.signal && *word_at(&result, n) != *word_at(&other, n);
}

/* --- text ----------------------------------------------------------------------------------------
 */

static void print_general(unsigned n, u64 value)
{
    if (value - LINE_DATA < LINE_DATA_SIZE)
        printf(" x%u=DATA+%llu", n, (unsigned long long)(value - LINE_DATA));
    else
        printf(" x%u=0x%llx", n, (unsigned long long)value);
}

static void print_flags(u64 nzcv)
{
    printf(" nzcv=%c%c%c%c", nzcv >> 31 & 1 ? 'N' : 'n', nzcv >> 30 & 1 ? 'Z' : 'z',
           nzcv >> 29 & 1 ? 'C' : 'c', nzcv >> 28 & 1 ? 'V' : 'v');
}

static void print_words(struct line_case *c, const bool *named)
{
    for (unsigned i = 0; i < 4; i++)
        if (named[2 * i] || named[2 * i + 1])
            printf(" v%u=0x%llx:0x%llx", i, (unsigned long long)c->v[i][1],
                   (unsigned long long)c->v[i][0]);
    for (unsigned i = 0; i < 4; i++)
        if (named[GENERAL + i]) print_general(i, c->x[i]);
    if (named[FLAGS]) print_flags(c->nzcv);
    if (named[MODE]) printf(" fpcr=0x%llx", (unsigned long long)c->fpcr);
    for (unsigned i = 0; i < LINE_WORDS; i++)
        if (named[MEMORY + i])
            printf(" [DATA+%u]=0x%llx", LINE_WINDOW + 8 * i, (unsigned long long)c->memory[i]);
}

/* Operands that are named though other values might give the same result. */
static bool is_operand(const struct a64_row_info *info, unsigned n)
{
    bool rm = has_field(info, "rm") || has_field(info, "rm4");
    if (is_memory(info))
        return (n == GENERAL + 1) || (n == GENERAL + 2 && rm && strstr(info->name, "reg"));
    if (info->group == A64_GROUP_base) return false;
    return (n / 2 == 1 && has_field(info, "rn")) || (n / 2 == 2 && rm && n < GENERAL) ||
           (n / 2 == 3 && has_field(info, "ra") && n < GENERAL);
}

static bool any(const bool *named, unsigned first)
{
    for (unsigned n = first; n < WORDS; n++)
        if (named[n]) return true;
    return false;
}

static bool print_line(const struct a64_row_info *info, u32 word)
{
    struct line_case before = random_case(info, word), after = run(before);
    bool input[WORDS] = {false}, output[WORDS] = {false};
    char text[128];
    if (after.signal || (flush && !(after.fpsr & TINY))) return false;
    for (unsigned n = 0; n < WORDS; n++) {
        if (n > MODE && n < MEMORY) continue;
        input[n] = matters(before, after, n) || is_operand(info, n);
        output[n] = is_written(before, after, n);
    }
    /* An access must lie in the window. */
    if (is_memory(info) && !strstr(info->name, "PRF") && !any(input, MEMORY) &&
        !any(output, MEMORY))
        return false;
    for (unsigned i = 0; i < 4; i++) /* a vector is named whole */
        if (output[2 * i] || output[2 * i + 1])
            for (unsigned k = 0; k < 2; k++)
                if (!output[2 * i + k]) input[2 * i + k] = true;
    a64_disasm(word, 0x60000000, text, sizeof text);
    for (char *t = text; *t; t++)
        if (*t == '\t') *t = ' ';
    printf("%08x ", word);
    print_words(&before, input);
    printf(" =>");
    print_words(&after, output);
    if (after.fpsr & 0x0800009f)
        printf(" fpsr=0x%llx", (unsigned long long)(after.fpsr & 0x0800009f));
    printf("  ; %s\n", text);
    return true;
}

static void print_row(enum a64_row row)
{
    const struct a64_row_info *info = a64_row_info(row);
    unsigned lines = is_memory(info) || info->group == A64_GROUP_crypto ? 1 : 2;
    for (unsigned n = 0, done = 0; n < 40 && done < lines; n++) {
        u32 word = word_of(row);
        done += word && print_line(info, word);
    }
}

int main(int argc, char **argv)
{
    static const u16 rows[] = {
#define ROW(row) A64_##row,
        LIFT_ROWS(ROW)
#undef ROW
    };
    start_guest(argv[0]);
    flush = argc > 1 && !strcmp(argv[1], "--flush");
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct a64_row_info *info = a64_row_info((enum a64_row)rows[i]);
        for (int k = 1 + flush; k < argc; k++)
            if (!strcmp(argv[k], a64_group_name(info->group)) || !strcmp(argv[k], info->name))
                print_row((enum a64_row)rows[i]);
    }
    return 0;
}
