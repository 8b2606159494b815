/*
 * The x86-64 encoder and decoder against GNU as.
 *
 * Golden cases: every emit function over a grid of registers and memory shapes, each into a slot of
 * its own, beside the text that GNU as is given for it; the slots must have equal bytes. The same
 * bytes are then decoded, printed, assembled again, and must be the same once more. Where an
 * instruction has two encodings of registers, {load} or {store} tells the assembler which.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aot/x64/disasm.h"
#include "aot/x64/x64.h"
#include "tests/lib/check.h"

/* --- golden cases ---------------------------------------------------------------------------- */

#define SLOT      32 /* bytes a case has: two instructions at most */
#define MAX_CASES 60000
#define FILLER    0xcc

static u8 code[MAX_CASES * SLOT + X64_SLACK];
static struct {
    char text[120];
    u8 length;
} cases[MAX_CASES];
static unsigned n_cases;
static struct x64_buf buf;

static void golden_start(void)
{
    memset(code, FILLER, sizeof code);
    n_cases = 0;
    x64_init(&buf, code, sizeof code, NULL, 0);
}

/* The instructions emitted since the last call are what GNU as makes of this text. */
static void __attribute__((format(printf, 1, 2))) golden(const char *format, ...)
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

static void golden_compare(void)
{
    ck_assert(!buf.overflow);
    compare(line_of_case);
    compare(line_of_disasm);
}

/* --- the grid -------------------------------------------------------------------------------- */

static const unsigned regs[] = {0, 3, 4, 5, 6, 8, 12, 13, 15};
static const unsigned few_regs[] = {0, 4, 7, 8, 13};
static const unsigned sizes[] = {1, 2, 4, 8};
static const s32 imms[] = {0, 1, -1, 127, -128, 128, -129, 0x7fff, -0x8000, 0x12345678, INT32_MIN};

#define EACH(v, array)                                                                             \
    for (const __typeof__((array)[0]) *each_##v = (array),                                         \
                                      *end_##v = each_##v + ARRAY_SIZE(array);                     \
         each_##v < end_##v; each_##v++)                                                           \
        for (__typeof__(*each_##v) v = *each_##v, *once_##v = &v; once_##v; once_##v = NULL)

static const struct x64_mem mems[] = {
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

/* A register's name; size 16 is an xmm register. The results live until 8 more are made. */
static const char *rn(unsigned reg, unsigned size)
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

/* A memory operand's text; size 0 has no type. Valid until the next call. */
static const char *mn(unsigned size, struct x64_mem m)
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

/* An immediate as an operation of `size` bytes sees it. */
static s32 seen(s32 imm, unsigned size)
{
    return size == 1 ? (s8)imm : size == 2 ? (s16)imm : imm;
}

static const char *const alu_names[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
static const char *const shift_names[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", NULL, "sar"};
static const char *const cc_names[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                       "s", "ns", "p", "np", "l", "ge", "le", "g"};

START_TEST(moves)
{
    golden_start();
    EACH(d, regs)
    {
        EACH(s, regs)
        {
            EACH(size, sizes)
            {
                x64_mov_rr(&buf, size, d, s), golden("mov %s,%s", rn(d, size), rn(s, size));
                x64_movzx_rr(&buf, size, d, s);
                golden("%s %s,%s", size < 4 ? "movzx" : "mov", rn(d, size == 8 ? 8 : 4),
                       rn(s, size));
                for (unsigned to = size == 1 ? 2 : 4; to <= 8; to *= 2) {
                    if (to <= size) continue;
                    x64_movsx_rr(&buf, to, size, d, s);
                    golden("%s %s,%s", size < 4 ? "movsx" : "movsxd", rn(d, to), rn(s, size));
                }
                if (size > 1)
                    x64_cmov_rr(&buf, s, size, d, s),
                        golden("cmov%s %s,%s", cc_names[s], rn(d, size), rn(s, size));
            }
        }
        x64_mov_ri(&buf, d, 0x80000000), golden("mov %s,0x80000000", rn(d, 4));
        x64_mov_ri(&buf, d, 0), golden("mov %s,0", rn(d, 4));
        x64_mov_ri(&buf, d, (u64)-5), golden("mov %s,-5", rn(d, 8));
        x64_mov_ri(&buf, d, 0x123456789a), golden("movabs %s,0x123456789a", rn(d, 8));
        x64_movabs(&buf, d, 7), golden("movabs %s,7", rn(d, 8));
        x64_zero(&buf, d), golden("xor %s,%s", rn(d, 4), rn(d, 4));
        x64_push_r(&buf, d), golden("push %s", rn(d, 8));
        x64_pop_r(&buf, d), golden("pop %s", rn(d, 8));
        x64_bswap(&buf, 4, d), golden("bswap %s", rn(d, 4));
        x64_bswap(&buf, 8, d), golden("bswap %s", rn(d, 8));
        for (unsigned cc = 0; cc < 16; cc++)
            x64_setcc_r(&buf, cc, d), golden("set%s %s", cc_names[cc], rn(d, 1));
        x64_jmp_r(&buf, d), golden("jmp %s", rn(d, 8));
        x64_call_r(&buf, d), golden("call %s", rn(d, 8));
    }
    EACH(imm, imms) x64_push_i(&buf, imm), golden("push %d", imm);
    golden_compare();
}
END_TEST

START_TEST(moves_memory)
{
    golden_start();
    EACH(m, mems)
    {
        EACH(r, few_regs) EACH(size, sizes)
        {
            x64_mov_rm(&buf, size, r, m);
            golden(size == 8 || r ? "mov %s,%s" : "{load} mov %s,%s", rn(r, size), mn(size, m));
            x64_mov_mr(&buf, size, m, r), golden("mov %s,%s", mn(size, m), rn(r, size));
            x64_movzx_rm(&buf, size, r, m);
            golden("%s %s,%s", size < 4 ? "movzx" : "mov", rn(r, size == 8 ? 8 : 4), mn(size, m));
            for (unsigned to = size == 1 ? 2 : 4; to <= 8; to *= 2) {
                if (to <= size) continue;
                x64_movsx_rm(&buf, to, size, r, m);
                golden("%s %s,%s", size < 4 ? "movsx" : "movsxd", rn(r, to), mn(size, m));
            }
            if (size > 1) {
                x64_cmov_rm(&buf, r, size, r, m),
                    golden("cmov%s %s,%s", cc_names[r], rn(r, size), mn(size, m));
                x64_movbe_rm(&buf, size, r, m), golden("movbe %s,%s", rn(r, size), mn(size, m));
                x64_movbe_mr(&buf, size, m, r), golden("movbe %s,%s", mn(size, m), rn(r, size));
            }
            if (size > 2) x64_lea(&buf, size, r, m), golden("lea %s,%s", rn(r, size), mn(0, m));
        }
        EACH(imm, imms)
        EACH(size, sizes)
        x64_mov_mi(&buf, size, m, imm), golden("mov %s,%d", mn(size, m), seen(imm, size));
        x64_setcc_m(&buf, 4, m), golden("sete %s", mn(1, m));
        x64_push_m(&buf, m), golden("push %s", mn(8, m));
        x64_pop_m(&buf, m), golden("pop %s", mn(8, m));
        x64_jmp_m(&buf, m), golden("jmp %s", mn(8, m));
        x64_call_m(&buf, m), golden("call %s", mn(8, m));
    }
    golden_compare();
}
END_TEST

START_TEST(alu)
{
    golden_start();
    for (unsigned op = 0; op < 8; op++) EACH(size, sizes)
        {
            const char *name = alu_names[op];
            EACH(d, regs)
            {
                EACH(s, regs)
                x64_alu_rr(&buf, op, size, d, s),
                    golden("%s %s,%s", name, rn(d, size), rn(s, size));
                EACH(imm, imms)
                x64_alu_ri(&buf, op, size, d, imm),
                    golden("%s %s,%d", name, rn(d, size), seen(imm, size));
            }
            EACH(m, mems)
            {
                EACH(r, few_regs)
                {
                    x64_alu_rm(&buf, op, size, r, m),
                        golden("%s %s,%s", name, rn(r, size), mn(size, m));
                    x64_alu_mr(&buf, op, size, m, r),
                        golden("%s %s,%s", name, mn(size, m), rn(r, size));
                }
                EACH(imm, imms)
                x64_alu_mi(&buf, op, size, m, imm),
                    golden("%s %s,%d", name, mn(size, m), seen(imm, size));
            }
        }
    golden_compare();
}
END_TEST

static void unary_and_multiply(unsigned size)
{
    static const char *const un_names[] = {
        [X64_NOT] = "not", [X64_NEG] = "neg",   [X64_MUL] = "mul", [X64_IMUL] = "imul",
        [X64_DIV] = "div", [X64_IDIV] = "idiv", [X64_INC] = "inc", [X64_DEC] = "dec"};
    for (unsigned op = X64_NOT; op <= X64_DEC; op++) {
        EACH(r, regs) x64_un_r(&buf, op, size, r), golden("%s %s", un_names[op], rn(r, size));
        EACH(m, mems) x64_un_m(&buf, op, size, m), golden("%s %s", un_names[op], mn(size, m));
    }
    EACH(a, regs)
    {
        EACH(s, regs) x64_test_rr(&buf, size, a, s), golden("test %s,%s", rn(a, size), rn(s, size));
        EACH(imm, imms)
        x64_test_ri(&buf, size, a, imm), golden("test %s,%d", rn(a, size), seen(imm, size));
        EACH(m, mems) x64_test_mr(&buf, size, m, a), golden("test %s,%s", mn(size, m), rn(a, size));
    }
    EACH(m, mems)
    EACH(imm, imms)
    x64_test_mi(&buf, size, m, imm), golden("test %s,%d", mn(size, m), seen(imm, size));
    if (size == 1) return;
    EACH(d, few_regs)
    {
        EACH(s, regs)
        {
            x64_imul_rr(&buf, size, d, s), golden("imul %s,%s", rn(d, size), rn(s, size));
            EACH(imm, imms)
            x64_imul_rri(&buf, size, d, s, imm),
                golden("imul %s,%s,%d", rn(d, size), rn(s, size), seen(imm, size));
        }
        EACH(m, mems)
        {
            x64_imul_rm(&buf, size, d, m), golden("imul %s,%s", rn(d, size), mn(size, m));
            EACH(imm, imms)
            x64_imul_rmi(&buf, size, d, m, imm),
                golden("imul %s,%s,%d", rn(d, size), mn(size, m), seen(imm, size));
        }
    }
}

START_TEST(unary)
{
    golden_start();
    EACH(size, sizes) unary_and_multiply(size);
    golden_compare();
}
END_TEST

static void double_shifts_and_bits(unsigned size)
{
    static const char *const bit_names[] = {
        [X64_BT] = "bt", [X64_BTS] = "bts", [X64_BTR] = "btr", [X64_BTC] = "btc"};
    EACH(d, regs) EACH(s, regs)
    {
        x64_shiftd_rri(&buf, X64_SHLD, size, d, s, 9),
            golden("shld %s,%s,9", rn(d, size), rn(s, size));
        x64_shiftd_rri(&buf, X64_SHRD, size, d, s, 63),
            golden("shrd %s,%s,63", rn(d, size), rn(s, size));
        x64_shiftd_rrc(&buf, X64_SHLD, size, d, s),
            golden("shld %s,%s,cl", rn(d, size), rn(s, size));
        x64_shiftd_rrc(&buf, X64_SHRD, size, d, s),
            golden("shrd %s,%s,cl", rn(d, size), rn(s, size));
    }
    for (unsigned op = X64_BT; op <= X64_BTC; op++) {
        EACH(d, regs)
        {
            EACH(s, regs)
            x64_bit_rr(&buf, op, size, d, s),
                golden("%s %s,%s", bit_names[op], rn(d, size), rn(s, size));
            x64_bit_ri(&buf, op, size, d, 13), golden("%s %s,13", bit_names[op], rn(d, size));
        }
        EACH(m, mems)
        {
            x64_bit_mr(&buf, op, size, m, 9),
                golden("%s %s,%s", bit_names[op], mn(size, m), rn(9, size));
            x64_bit_mi(&buf, op, size, m, 5), golden("%s %s,5", bit_names[op], mn(size, m));
        }
    }
}

START_TEST(shifts)
{
    static const u8 counts[] = {0, 1, 2, 63};
    golden_start();
    EACH(size, sizes) for (unsigned op = 0; op < 8; op++)
    {
        const char *name = shift_names[op];
        if (!name) continue;
        EACH(r, regs)
        {
            EACH(n, counts)
            {
                x64_shift_ri(&buf, op, size, r, n);
                golden("%s %s,%u", name, rn(r, size), n);
            }
            x64_shift_rc(&buf, op, size, r), golden("%s %s,cl", name, rn(r, size));
        }
        EACH(m, mems)
        {
            EACH(n, counts)
            x64_shift_mi(&buf, op, size, m, n), golden("%s %s,%u", name, mn(size, m), n);
            x64_shift_mc(&buf, op, size, m), golden("%s %s,cl", name, mn(size, m));
        }
    }
    EACH(size, sizes) if (size > 1) double_shifts_and_bits(size);
    golden_compare();
}
END_TEST

static void bit_manipulation(unsigned size)
{
    static const struct {
        unsigned op;
        const char *name;
    } bmi[] = {
#define B(name, text, ...) {X64_##name, text},
        X64_BMI_OPS(B)
#undef B
    };
    static const char *const bls[] = {"", "blsr", "blsmsk", "blsi"};
    for (unsigned i = 0; i < ARRAY_SIZE(bmi); i++) {
        EACH(d, few_regs) EACH(a, few_regs) EACH(s, few_regs)
        {
            x64_bmi_rrr(&buf, bmi[i].op, size, d, a, s);
            golden("%s %s,%s,%s", bmi[i].name, rn(d, size), rn(a, size), rn(s, size));
        }
        EACH(m, mems)
        {
            if (bmi[i].op & X64_BMI_RM_LAST) {
                x64_bmi_rrm(&buf, bmi[i].op, size, 9, 3, m),
                    golden("%s %s,%s,%s", bmi[i].name, rn(9, size), rn(3, size), mn(size, m));
            } else {
                x64_bmi_rmr(&buf, bmi[i].op, size, 3, m, 9),
                    golden("%s %s,%s,%s", bmi[i].name, rn(3, size), mn(size, m), rn(9, size));
            }
        }
    }
    for (unsigned op = X64_BLSR; op <= X64_BLSI; op++) {
        EACH(d, regs)
        EACH(s, regs)
        x64_bls_rr(&buf, op, size, d, s), golden("%s %s,%s", bls[op], rn(d, size), rn(s, size));
        EACH(m, mems)
        x64_bls_rm(&buf, op, size, 11, m), golden("%s %s,%s", bls[op], rn(11, size), mn(size, m));
    }
    EACH(d, regs)
    EACH(s, regs)
    x64_rorx_rri(&buf, size, d, s, 31), golden("rorx %s,%s,31", rn(d, size), rn(s, size));
    EACH(m, mems)
    x64_rorx_rmi(&buf, size, 12, m, 7), golden("rorx %s,%s,7", rn(12, size), mn(size, m));
}

START_TEST(bits_and_crc)
{
    static const struct {
        unsigned op;
        const char *name;
        unsigned min;
    } gp[] = {{X64_BSF, "bsf", 2},     {X64_BSR, "bsr", 2},       {X64_TZCNT, "tzcnt", 2},
              {X64_LZCNT, "lzcnt", 2}, {X64_POPCNT, "popcnt", 2}, {X64_ADCX, "adcx", 4},
              {X64_ADOX, "adox", 4}};
    golden_start();
    EACH(size, sizes)
    {
        for (unsigned i = 0; i < ARRAY_SIZE(gp); i++) {
            if (size < gp[i].min) continue;
            EACH(d, regs)
            EACH(s, regs)
            x64_gp_rr(&buf, gp[i].op, size, d, s),
                golden("%s %s,%s", gp[i].name, rn(d, size), rn(s, size));
            EACH(m, mems)
            x64_gp_rm(&buf, gp[i].op, size, 10, m),
                golden("%s %s,%s", gp[i].name, rn(10, size), mn(size, m));
        }
        unsigned to = size == 8 ? 8 : 4;
        EACH(d, regs)
        EACH(s, regs) x64_crc32_rr(&buf, size, d, s), golden("crc32 %s,%s", rn(d, to), rn(s, size));
        EACH(m, mems) x64_crc32_rm(&buf, size, 9, m), golden("crc32 %s,%s", rn(9, to), mn(size, m));
        if (size >= 4) bit_manipulation(size);
    }
    golden_compare();
}
END_TEST

START_TEST(atomics_and_plain)
{
    golden_start();
    EACH(size, sizes)
    {
        EACH(d, regs)
        EACH(s, regs)
        {
            if (d == X64_RAX && s == X64_RAX) continue; /* as makes it a nop */
            x64_xchg_rr(&buf, size, d, s), golden("xchg %s,%s", rn(d, size), rn(s, size));
        }
        EACH(m, mems) EACH(r, few_regs)
        {
            x64_xchg_mr(&buf, size, m, r), golden("xchg %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_cmpxchg_mr(&buf, size, m, r),
                golden("lock; cmpxchg %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_xadd_mr(&buf, size, m, r),
                golden("lock; xadd %s,%s", mn(size, m), rn(r, size));
            x64_lock(&buf), x64_alu_mi(&buf, X64_OR, size, m, 0),
                golden("lock; or %s,0", mn(size, m));
        }
    }
    EACH(m, mems)
    {
        x64_lock(&buf), x64_cmpxchg_pair(&buf, 8, m), golden("lock; cmpxchg8b %s", mn(8, m));
        x64_lock(&buf), x64_cmpxchg_pair(&buf, 16, m), golden("lock; cmpxchg16b %s", mn(16, m));
#define M(name, text, byte, ext, bytes)                                                            \
    x64_plain_m(&buf, X64_##name, m), golden("%s %s", text, mn(bytes, m));
        X64_PLAIN_M_OPS(M)
#undef M
    }
#define P(name, text, length, bytes) x64_plain(&buf, X64_##name), golden("%s", text);
    X64_PLAIN_OPS(P)
#undef P
    x64_cdq(&buf, 4), golden("cdq");
    x64_cdq(&buf, 8), golden("cqo");
    x64_ret(&buf, 0), golden("ret");
    x64_ret(&buf, 16), golden("ret 16");
    golden_compare();
}
END_TEST

/* --- vectors: every row, from the table's own columns ----------------------------------------- */

struct vec_row {
    enum x64_vec op;
    const char *name, *text, *kind, *reg, *rm, *forms, *evex;
};

static const struct vec_row vec_rows[] = {
#define V(name, text, kind, pfx, map, byte, w, reg, rm, ext, forms, evex, need)                    \
    {X64_##name, #name, text, #kind, #reg, #rm, #forms, #evex},
    X64_VEC_OPS(V)
#undef V
};

enum vec_form { LEGACY, VEX, EVEX };

/* One row in one form, and what its columns say about operands. */
struct vec_case {
    const struct vec_row *row;
    bool avx, evex, has_reg, has_mem, three;
    unsigned r3, r7, r9, r12; /* registers beside those in xmms */
    unsigned reg_size, rm_size, mem_size;
    char name[40]; /* mnemonic with the hint */
};

static unsigned xmms[4];

/* What as calls the EVEX form. */
static const char *evex_text(const char *text)
{
    static const char *const others[][2] = {{"movdqa", "movdqa32"},    {"movdqu", "movdqu32"},
                                            {"pand", "pandd"},         {"pandn", "pandnd"},
                                            {"por", "pord"},           {"pxor", "pxord"},
                                            {"roundps", "rndscaleps"}, {"roundpd", "rndscalepd"},
                                            {"roundss", "rndscaless"}, {"roundsd", "rndscalesd"}};
    for (size_t i = 0; i < ARRAY_SIZE(others); i++)
        if (strcmp(text, others[i][0]) == 0) return others[i][1];
    return text;
}

static struct vec_case vec_case(const struct vec_row *row, enum vec_form form)
{
    const char *m = strchr(row->rm, 'M');
    bool avx = form != LEGACY, evex = form == EVEX;
    unsigned upper = evex ? 16 : 0;
    struct vec_case c = {.row = row,
                         .avx = avx,
                         .evex = evex,
                         .has_reg = row->rm[0] != 'M',
                         .r3 = 3 + upper,
                         .r7 = 7 + upper,
                         .r9 = row->reg[0] == 'R' ? 9 : 9 + upper,
                         .r12 = 12 + upper};
    c.reg_size = row->reg[0] == 'R' ? (unsigned)atoi(row->reg + 1) : 16;
    c.rm_size = row->rm[0] == 'R' ? (unsigned)atoi(row->rm + 1) : 16;
    c.mem_size = (unsigned)atoi(m ? m + 1 : row->rm + 1);
    c.three = strncmp(row->kind, "NDS", 3) == 0;
    /* Moves of 8 bytes between xmm and memory have two encodings; as prefers one of them, by EVEX
     * the other. */
    bool two = evex ? row->op == X64_MOVQ || row->op == X64_MOVQ_ST
                    : row->op == X64_MOVQ_XR || row->op == X64_MOVQ_RX;
    c.has_mem = c.mem_size != 0 && !two;
    const char *hint = row->kind[0] == 'M' ? (c.rm_size == 16 ? "{store} " : "") : "{load} ";
    snprintf(c.name, sizeof c.name, "%s%s%s", hint, avx ? "v" : "",
             evex ? evex_text(row->text) : row->text);
    return c;
}

/* The register, or a general one instead; there is none from 16 on. */
static unsigned reg_of(unsigned xmm, unsigned size)
{
    return size == 16 ? xmm : xmm & 15;
}

/* Rows without an immediate. */
static void vec_plain(const struct vec_case *c)
{
    const struct vec_row *row = c->row;
    bool store = strcmp(row->kind, "MR") == 0, avx = c->avx, nds = c->three;
    EACH(xd, xmms) EACH(xs, xmms)
    {
        if (!c->has_reg) break;
        unsigned to = store ? c->rm_size : c->reg_size, from = store ? c->reg_size : c->rm_size;
        unsigned d = reg_of(xd, to), s = reg_of(xs, from);
        x64_vec_rr(&buf, avx, row->op, d, s);
        if (nds && avx)
            golden("%s %s,%s,%s", c->name, rn(d, 16), rn(d, 16), rn(s, from));
        else
            golden("%s %s,%s", c->name, rn(d, to), rn(s, from));
        EACH(a, xmms)
        {
            if (!nds) break;
            bool clash = !avx && d == s && d != a && c->rm_size == 16;
            if (clash && strcmp(row->forms, "COMM") != 0) continue;
            x64_vec_rrr(&buf, avx, row->op, d, a, s);
            if (avx)
                golden("%s %s,%s,%s", c->name, rn(d, 16), rn(a, 16), rn(s, from));
            else if (clash)
                golden("%s %s,%s", c->name, rn(d, 16), rn(a, from));
            else if (d == a)
                golden("%s %s,%s", c->name, rn(d, 16), rn(s, from));
            else
                golden("movaps %s,%s; %s %s,%s", rn(d, 16), rn(a, 16), c->name, rn(d, 16),
                       rn(s, from));
        }
    }
    EACH(m, mems)
    {
        if (!c->has_mem) break;
        const char *mem = mn(c->mem_size, m);
        if (store) {
            x64_vec_mr(&buf, avx, row->op, m, c->r9),
                golden("%s %s,%s", c->name, mem, rn(c->r9, c->reg_size));
            continue;
        }
        x64_vec_rm(&buf, avx, row->op, c->r9, m);
        if (avx && strcmp(row->kind, "NDS") == 0)
            golden("%s %s,%s,%s", c->name, rn(c->r9, 16), rn(c->r9, 16), mem);
        else
            golden("%s %s,%s", c->name, rn(c->r9, c->reg_size), mem);
        if (strcmp(row->kind, "NDS") != 0) continue;
        x64_vec_rrm(&buf, avx, row->op, c->r3, c->r12, m);
        if (avx)
            golden("%s %s,%s,%s", c->name, rn(c->r3, 16), rn(c->r12, 16), mem);
        else
            golden("movaps xmm3,xmm12; %s xmm3,%s", c->name, mem);
    }
}

static void vec_shift(const struct vec_case *c)
{
    EACH(d, xmms) EACH(s, xmms)
    {
        x64_vec_rri(&buf, c->avx, c->row->op, d, s, 11);
        if (c->avx)
            golden("%s %s,%s,11", c->name, rn(d, 16), rn(s, 16));
        else if (d == s)
            golden("%s %s,11", c->name, rn(d, 16));
        else
            golden("movaps %s,%s; %s %s,11", rn(d, 16), rn(s, 16), c->name, rn(d, 16));
    }
}

/* Rows with an immediate and a ModRM.rm source or destination. */
static void vec_imm(const struct vec_case *c)
{
    const struct vec_row *row = c->row;
    bool store = strcmp(row->kind, "MRI") == 0, avx = c->avx;
    EACH(xd, xmms) EACH(xs, xmms)
    {
        if (!c->has_reg) break;
        unsigned to = store ? c->rm_size : c->reg_size, from = store ? c->reg_size : c->rm_size;
        unsigned d = reg_of(xd, to), s = reg_of(xs, from);
        x64_vec_rri(&buf, avx, row->op, d, s, 3);
        if (c->three && avx)
            golden("%s %s,%s,%s,3", c->name, rn(d, 16), rn(d, 16), rn(s, from));
        else
            golden("%s %s,%s,3", c->name, rn(d, to), rn(s, from));
        if (!c->three || (!avx && d == s && c->rm_size == 16)) continue;
        x64_vec_rrri(&buf, avx, row->op, d, c->r7, s, 2);
        if (avx)
            golden("%s %s,%s,%s,2", c->name, rn(d, 16), rn(c->r7, 16), rn(s, from));
        else
            golden("movaps %s,xmm7; %s %s,%s,2", rn(d, 16), c->name, rn(d, 16), rn(s, from));
    }
    EACH(m, mems)
    {
        if (!c->has_mem) break;
        const char *mem = mn(c->mem_size, m);
        if (store) {
            x64_vec_mri(&buf, avx, row->op, m, c->r9, 1),
                golden("%s %s,%s,1", c->name, mem, rn(c->r9, 16));
            continue;
        }
        const char *r9 = rn(c->r9, 16);
        x64_vec_rmi(&buf, avx, row->op, c->r9, m, 1);
        golden("%s %s%s%s,%s,1", c->name, r9, c->three && avx ? "," : "", c->three && avx ? r9 : "",
               mem);
        if (!c->three) continue;
        x64_vec_rrmi(&buf, avx, row->op, c->r3, c->r12, m, 1);
        if (avx)
            golden("%s %s,%s,%s,1", c->name, rn(c->r3, 16), rn(c->r12, 16), mem);
        else
            golden("movaps xmm3,xmm12; %s xmm3,%s,1", c->name, mem);
    }
}

static void vec_all(enum vec_form form)
{
    static const unsigned registers[][4] = {
        [LEGACY] = {0, 5, 8, 15}, [VEX] = {0, 5, 8, 15}, [EVEX] = {16, 21, 24, 31}};
    bool avx = form != LEGACY;
    memcpy(xmms, registers[form], sizeof xmms);
    golden_start();
    for (unsigned i = 0; i < ARRAY_SIZE(vec_rows); i++) {
        const struct vec_row *row = &vec_rows[i];
        const char *other = avx ? "LEGACY" : strcmp(row->forms, "EVEX") == 0 ? "EVEX" : "VEX";
        if (strcmp(row->forms, other) == 0 || strcmp(row->kind, "IS4") == 0) continue;
        if (form == EVEX && strcmp(row->evex, "N") == 0) continue;
        struct vec_case c = vec_case(row, form);
        if (strcmp(row->kind, "SHI") == 0)
            vec_shift(&c);
        else if (row->kind[strlen(row->kind) - 1] == 'I')
            vec_imm(&c);
        else
            vec_plain(&c);
    }
    EACH(d, xmms) EACH(s, xmms) EACH(mask, xmms)
    {
        if (form != VEX) break;
        x64_vec_blendv(&buf, true, X64_PBLENDVB, d, 3, s, mask),
            golden("vpblendvb %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
        x64_vec_blendv(&buf, true, X64_BLENDVPS, d, 3, s, mask),
            golden("vblendvps %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
        x64_vec_blendv(&buf, true, X64_BLENDVPD, d, 3, s, mask),
            golden("vblendvpd %s,xmm3,%s,%s", rn(d, 16), rn(s, 16), rn(mask, 16));
    }
    golden_compare();
}

START_TEST(vectors_legacy)
{
    vec_all(LEGACY);
}
END_TEST

START_TEST(vectors_avx)
{
    vec_all(VEX);
}
END_TEST

START_TEST(vectors_evex)
{
    vec_all(EVEX);
    golden_start();
    /* one register from 16 on, the others not; displacements that are no multiple of the size */
    x64_vec_rrr(&buf, true, X64_PADDD, 31, 2, 9), golden("vpaddd xmm31,xmm2,xmm9");
    x64_vec_rrr(&buf, true, X64_PADDD, 1, 22, 9), golden("vpaddd xmm1,xmm22,xmm9");
    x64_vec_rrr(&buf, true, X64_PADDD, 1, 12, 29), golden("vpaddd xmm1,xmm12,xmm29");
    for (s32 disp = -0x810; disp <= 0x810; disp += 8) {
        struct x64_mem m = {X64_RBP, -1, 0, X64_MEM_BASE, disp};
        x64_vec_rm(&buf, true, X64_MOVAPS, 17, m), golden("vmovaps xmm17,%s", mn(16, m));
        x64_vec_mr(&buf, true, X64_MOVSD_ST, m, 17), golden("vmovsd %s,xmm17", mn(8, m));
    }
    golden_compare();
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        moves,          moves_memory, alu,         unary, shifts, bits_and_crc, atomics_and_plain,
        vectors_legacy, vectors_avx,  vectors_evex};
    Suite *s = suite_create("x64_golden");
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
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
