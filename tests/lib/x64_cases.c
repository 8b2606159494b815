/*
 * Cases against GNU as, and what their operands are called.
 */
#include "tests/lib/x64_cases.h"

#include "aot/x64/disasm.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLOT      32 /* bytes a case has: two instructions at most */
#define MAX_CASES 60000
#define FILLER    0xcc

static u8 code[MAX_CASES * SLOT + X64_SLACK];
static struct {
    char text[120];
    u8 length;
} cases[MAX_CASES];
static unsigned n_cases;
struct x64_buf buf;

void golden_start(void)
{
    memset(code, FILLER, sizeof code);
    n_cases = 0;
    x64_init(&buf, code, sizeof code, NULL, 0);
}

void golden(const char *format, ...)
{
    va_list args;
    ck_assert(n_cases < MAX_CASES);
    va_start(args, format);
    int n = vsnprintf(cases[n_cases].text, sizeof cases[0].text, format, args);
    va_end(args);
    ck_assert_int_lt(n, (int)sizeof cases[0].text);
    u32 length = x64_pos(&buf) - n_cases * SLOT;
    ck_assert_msg(length <= SLOT, "%s", cases[n_cases].text);
    cases[n_cases].length = (u8)length;
    n_cases++;
    /* The encoder stores whole words and leaves rubbish beyond the instruction. */
    memset(buf.at, FILLER, SLOT - length);
    buf.at = code + n_cases * SLOT;
}

/* Assemble `text` (one .s file) and read its .text section. Returns its size. */
static size_t assemble(const char *text, u8 *out, size_t out_size)
{
    char dir[] = P_tmpdir "/x64-XXXXXX", command[400], path[64];
    ck_assert_ptr_nonnull(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/t.s", dir);
    FILE *f = fopen(path, "w");
    ck_assert_ptr_nonnull(f);
    fputs(text, f);
    fclose(f);
    snprintf(command, sizeof command,
             "cd %s && as --64 -o t.o t.s 2>err && objcopy -O binary -j .text t.o t.bin || "
             "head -20 err >&2",
             dir);
    int status = system(command);
    snprintf(path, sizeof path, "%s/t.bin", dir);
    f = fopen(path, "r");
    size_t size = f ? fread(out, 1, out_size, f) : 0;
    if (f) fclose(f);
    snprintf(command, sizeof command, "rm -r %s", dir);
    ck_assert_int_eq(system(command), 0);
    ck_assert_msg(status == 0 && size > 0, "GNU as refused the text");
    return size;
}

static void print_bytes(const u8 *p)
{
    for (unsigned i = 0; i < 20; i++) fprintf(stderr, " %02x", p[i]);
}

/* Assemble one line per case, aligned to slots; report the cases whose bytes differ from `code`. */
static void compare(char *(*line)(unsigned i, char *at))
{
    static u8 theirs[MAX_CASES * SLOT];
    char *text = malloc((size_t)n_cases * 300 + 100), *at = text;
    at += sprintf(at, ".intel_syntax noprefix\n");
    for (unsigned i = 0; i < n_cases; i++) {
        at = line(i, at);
        at += sprintf(at, "\n.balign %d, 0x%x\n", SLOT, FILLER);
    }
    size_t size = assemble(text, theirs, sizeof theirs);
    free(text);
    unsigned bad = 0;
    for (unsigned i = 0; i < n_cases; i++) {
        if (memcmp(code + i * SLOT, theirs + i * SLOT, SLOT) == 0) continue;
        if (bad++ >= 20) continue;
        fprintf(stderr, "%s\n  encoder:", cases[i].text);
        print_bytes(code + i * SLOT);
        fprintf(stderr, "\n  as:     ");
        print_bytes(theirs + i * SLOT);
        fprintf(stderr, "\n");
    }
    ck_assert_msg(bad == 0, "%u of %u cases differ", bad, n_cases);
    ck_assert_uint_eq(size, n_cases * SLOT);
}

static char *line_of_case(unsigned i, char *at)
{
    return stpcpy(at, cases[i].text);
}

/* The hint of the case is repeated; a lock prefix goes before 66, where the encoder puts it. */
static char *line_of_disasm(unsigned i, char *at)
{
    const char *hint = strchr(cases[i].text, '{'), *hint_end = strchr(cases[i].text, '}');
    unsigned pos = 0;
    while (pos < cases[i].length) {
        char text[100];
        unsigned n = x64_disasm(code + i * SLOT + pos, cases[i].length - pos, 0, text, sizeof text);
        ck_assert_msg(strcmp(text, "(bad)") != 0, "no decoding: %s", cases[i].text);
        char *comment = strchr(text, '#');
        if (comment) *comment = 0;
        bool lock = strncmp(text, "lock ", 5) == 0;
        if (lock) at = stpcpy(at, "lock; ");
        if (hint) at += sprintf(at, "%.*s ", (int)(hint_end + 1 - hint), hint);
        at += sprintf(at, "%s;", text + (lock ? 5 : 0));
        pos += n;
    }
    ck_assert_uint_eq(pos, cases[i].length);
    return at;
}

void golden_compare(void)
{
    ck_assert(!buf.overflow);
    compare(line_of_case);
    compare(line_of_disasm);
}

int golden_run(const char *suite, const TTest *const *tests, size_t count)
{
    Suite *s = suite_create(suite);
    for (size_t i = 0; i < count; i++) {
        TCase *tc = tcase_create(tests[i]->name);
        tcase_set_timeout(tc, 120);
        tcase_add_test(tc, tests[i]);
        suite_add_tcase(s, tc);
    }
    SRunner *sr = srunner_create(s);
    srunner_run_all(sr, CK_ENV);
    int failed = srunner_ntests_failed(sr);
    srunner_free(sr);
    return failed != 0;
}

/* --- operands --------------------------------------------------------------------------------- */

const struct x64_mem mems[22] = {
    {X64_RAX, -1, 0, X64_MEM_BASE, 0},
    {X64_RSP, -1, 0, X64_MEM_BASE, 0},
    {X64_RBP, -1, 0, X64_MEM_BASE, 0},
    {X64_R12, -1, 0, X64_MEM_BASE, 0},
    {X64_R13, -1, 0, X64_MEM_BASE, 0},
    {X64_RBX, -1, 0, X64_MEM_BASE, 127},
    {X64_RBX, -1, 0, X64_MEM_BASE, -128},
    {X64_R9, -1, 0, X64_MEM_BASE, 128},
    {X64_RDI, -1, 0, X64_MEM_BASE, -129},
    {X64_RSP, -1, 0, X64_MEM_BASE, 0x10},
    {X64_R12, -1, 0, X64_MEM_BASE, 0x1000},
    {X64_RBP, X64_R13, 3, X64_MEM_BASE, 0},
    {X64_R13, X64_RAX, 1, X64_MEM_BASE, 5},
    {X64_RAX, X64_R12, 2, X64_MEM_BASE, -0x1000},
    {X64_R14, X64_RBP, 0, X64_MEM_BASE, 0x12345678},
    {X64_RSP, X64_R15, 0, X64_MEM_BASE, 0},
    {-1, X64_RSI, 2, X64_MEM_BASE, 0x100},
    {-1, X64_R12, 3, X64_MEM_BASE, 0},
    {-1, -1, 0, X64_MEM_BASE, 0x12345678},
    {-1, -1, 0, X64_MEM_BASE, INT32_MIN},
    {-1, -1, 0, X64_MEM_RIP, 0x1000},
    {-1, -1, 0, X64_MEM_RIP, -0x20},
};

const char *rn(unsigned reg, unsigned size)
{
    static const char *const names[] = {"ax", "cx", "dx", "bx", "sp", "bp", "si", "di"};
    static char ring[8][8];
    static unsigned next;
    char *s = ring[next++ % 8];
    if (size == 16)
        sprintf(s, "xmm%u", reg);
    else if (reg >= 8)
        sprintf(s, "r%u%s", reg, size == 8 ? "" : size == 4 ? "d" : size == 2 ? "w" : "b");
    else if (size == 1)
        sprintf(s, reg < 4 ? "%.1sl" : "%.2sl", names[reg]);
    else
        sprintf(s, "%s%s", size == 8 ? "r" : size == 4 ? "e" : "", names[reg]);
    return s;
}

const char *mn(unsigned size, struct x64_mem m)
{
    static char s[64];
    const char *type = size == 1    ? "BYTE PTR "
                       : size == 2  ? "WORD PTR "
                       : size == 4  ? "DWORD PTR "
                       : size == 8  ? "QWORD PTR "
                       : size == 16 ? "XMMWORD PTR "
                                    : "";
    if (m.kind == X64_MEM_RIP)
        sprintf(s, "%s[rip%+d]", type, m.disp);
    else if (m.base < 0 && m.index < 0)
        sprintf(s, "%sds:%d", type, m.disp);
    else if (m.base < 0)
        sprintf(s, "%s[%s*%d%+d]", type, rn(m.index, 8), 1 << m.scale, m.disp);
    else if (m.index < 0)
        sprintf(s, "%s[%s%+d]", type, rn(m.base, 8), m.disp);
    else
        sprintf(s, "%s[%s+%s*%d%+d]", type, rn(m.base, 8), rn(m.index, 8), 1 << m.scale, m.disp);
    return s;
}
