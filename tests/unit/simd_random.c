/*
 * The floating-point, Advanced SIMD and cryptography lifters against Unicorn: random words of every
 * row that they implement, on random and special operands in several FPCR modes; each word is
 * lifted alone and evaluated. Vector and general registers, NZCV, FPSR and memory must agree.
 *
 * SIMD_RANDOM_WORDS: words per row; SIMD_RANDOM_SEED: another stream; SIMD_RANDOM_ROW: one row
 * only.
 */
#include "tests/lib/setting.h"
#include "aot/a64/a64.h"
#include "aot/ir/eval.h"
#include "aot/lift/lift.h"
#include "tests/lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unicorn/unicorn.h>

enum {
    CODE = 0x10000,
    CODE_SIZE = 0x100000,
    DATA = 0x20000000, /* guest and host address of the memory that structures are in */
    DATA_SIZE = 0x1000,
    WINDOW = 512, /* bytes in its middle that are filled and compared */
    RUNS = 5,     /* operand sets per word */
    REPORTS = 12  /* disagreements described */
};

#define FPSR_SEEN 0x0800009fu /* QC, IDC, IXC, UFC, OFC, DZC, IOC */

struct regs {
    u64 v[32][2];
    u64 x[31], sp;
    u64 nzcv; /* as in PSTATE */
    u64 fpsr, fpcr;
    u8 memory[WINDOW];
};

/* --- random numbers and operands -------------------------------------------------------------- */

static u64 random_state;

static u64 random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * UINT64_C(2685821657736338717);
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() >> 33) % n;
}

static const u16 special_half[] = {
    0x0000, 0x8000, 0x0001, 0x8001, 0x03ff, 0x0400, 0x8400, 0x0401, 0x3c00, 0xbc00, 0x3c01, 0x3800,
    0xb800, 0x3bff, 0x4000, 0x4200, 0x7bff, 0xfbff, 0x7c00, 0xfc00, 0x7c01, 0xfd55, 0x7e00, 0xfe12,
    0x7fff, 0x63ff, 0x6400, 0x5640, 0x77ff, 0x7800, 0xf800, 0x4900, 0x4b80, 0x1400};

static const u32 special_single[] = {
    0x00000000, 0x80000000, 0x00000001, 0x80000001, 0x007fffff, 0x00800000, 0x80800000, 0x00800001,
    0x3f800000, 0xbf800000, 0x3f800001, 0x3f7fffff, 0x3f000000, 0xbf000000, 0x3effffff, 0x40000000,
    0x40200000, 0xc0600000, 0x7f7fffff, 0xff7fffff, 0x7f800000, 0xff800000, 0x7f800001, 0xffa12345,
    0x7fc00000, 0xffc00123, 0x7fffffff, 0x4effffff, 0x4f000000, 0xcf000000, 0xcf000001, 0x4f7fffff,
    0x4f800000, 0x5f000000, 0xdf000000, 0x5f800000, 0x33000000, 0x33000001, 0x38800000, 0x387fffff,
    0x477fe000, 0x477ff000, 0x47800000, 0x20000000, 0x1fffffff, 0x5f7fffff, 0x0c800000, 0x46fffe00,
    0x47000000, 0x4b000001, 0xcb000001, 0x4affffff};

static const u64 special_double[] = {
    0x0000000000000000, 0x8000000000000000, 0x0000000000000001, 0x8000000000000001,
    0x000fffffffffffff, 0x0010000000000000, 0x8010000000000000, 0x0010000000000001,
    0x3ff0000000000000, 0xbff0000000000000, 0x3ff0000000000001, 0x3fefffffffffffff,
    0x3fe0000000000000, 0xbfe0000000000000, 0x3fdfffffffffffff, 0x4000000000000000,
    0x4004000000000000, 0xc00c000000000000, 0x7fefffffffffffff, 0xffefffffffffffff,
    0x7ff0000000000000, 0xfff0000000000000, 0x7ff0000000000001, 0xfff4567812345678,
    0x7ff8000000000000, 0xfff8000000000123, 0x7fffffffffffffff, 0x41dfffffffc00000,
    0x41dfffffffe00000, 0x41e0000000000000, 0xc1e0000000000000, 0xc1e0000000200000,
    0x41efffffffe00000, 0x41f0000000000000, 0x43dfffffffffffff, 0x43e0000000000000,
    0xc3e0000000000000, 0xc3e0000000000001, 0x43efffffffffffff, 0x43f0000000000000,
    0x36a0000000000000, 0x3690000000000000, 0x3690000000000001, 0x380fffffffffffff,
    0x3810000000000000, 0x380fffffe0000000, 0x380ffffff0000000, 0x47efffffe0000000,
    0x47effffff0000000, 0x47efffffefffffff, 0x3f10000000000000, 0x3e70000000000000,
    0x40efffffffffffff, 0x4330000000000001, 0x1ff0000000000000, 0x2000000000000000,
    0x41d0000000000000, 0xc202a05f20000000};

static const u64 special_integer[] = {
    0,      1,      2,          0x7f,       0x80,       0xff, 0x100, 0x7fff, 0x8000, 0xffff,
    0x8080, 0x8001, 0x7fffffff, 0x80000000, 0xffffffff, 7,    8,     0x1f,   0x20,   0xc0};

/* One element of 2^esz bytes. */
static u64 random_float(unsigned esz)
{
    u64 r = random64();
    switch (esz) {
    case 1: return r & 3 ? special_half[below(ARRAY_SIZE(special_half))] : (u16)(r >> 8);
    case 2:
        if (r & 3) return special_single[below(ARRAY_SIZE(special_single))];
        /* exponents about 0, so that sums and products are finite */
        return (u32)((r >> 8 & 0x807fffff) | (u64)(0x7f - 24 + below(48)) << 23);
    default:
        if (r & 3) return special_double[below(ARRAY_SIZE(special_double))];
        return (r & 0x800ffffffffffff8) | (u64)(0x3ff - 53 + below(106)) << 52;
    }
}

static u64 random_integer(unsigned esz)
{
    u64 v = special_integer[below(ARRAY_SIZE(special_integer))];
    switch (below(6)) {
    case 0: v = ~v; break;
    case 1: v = UINT64_C(1) << below(8u << esz); break;
    case 2: v = (UINT64_C(1) << below(8u << esz)) - 1; break;
    case 3: v = (UINT64_C(1) << ((8u << esz) - 1)) + (u64)(s64)(int)(below(3) - 1); break;
    default: break;
    }
    return v;
}

/* The bounds of signed and unsigned elements, and their neighbours. */
static u64 random_bound(unsigned esz)
{
    u64 min = UINT64_C(1) << ((8u << esz) - 1);
    const u64 bounds[] = {min, min, min, min - 1, min + 1, 0, 1, UINT64_MAX, min - 2};
    return bounds[below(ARRAY_SIZE(bounds))];
}

/* Random bits, FLOATS + esz, INTEGERS + esz, BOUNDS + esz, all lanes alike. */
enum { BITS, FLOATS = 0, INTEGERS = 4, BOUNDS = 8, ALIKE = 12, KINDS = 16 };

static void random_vector(u64 v[2], unsigned kind)
{
    unsigned esz = kind & 3;
    u64 first = below(2) ? random_integer(esz) : random_bound(esz);
    v[0] = random64();
    v[1] = random64();
    if (kind == BITS) return;
    for (unsigned at = 0; at < 16; at += 1u << esz) {
        u64 e = first;
        if (kind < INTEGERS)
            e = random_float(esz);
        else if (kind < BOUNDS)
            e = below(4) ? random_integer(esz) : random64();
        else if (kind < ALIKE)
            e = random_bound(esz);
        memcpy((u8 *)v + at, &e, 1u << esz);
    }
}

static u32 random_fpcr(void)
{
    static const u32 bits[] = {0, 1u << 24, 1u << 25, 3u << 24, 1u << 19, 1u << 26};
    u32 fpcr = below(4) << 22; /* rounding */
    return below(2) ? 0 : fpcr | bits[below(ARRAY_SIZE(bits))];
}

/* floats: the kind that suits the instruction, or BITS. */
static void random_regs(struct regs *r, unsigned floats)
{
    unsigned kind = floats && below(4) ? floats : below(KINDS);
    for (unsigned i = 0; i < 32; i++) random_vector(r->v[i], below(4) ? kind : below(KINDS));
    for (unsigned i = 0; i < 31; i++) {
        r->x[i] = random64();
        if (!below(3)) r->x[i] = random_integer(3);
        if (!below(6)) r->x[i] = random_float(3);
        if (!below(6)) r->x[i] = random_float(2);
    }
    r->sp = DATA + DATA_SIZE / 2;
    r->nzcv = (u64)below(16) << 28;
    r->fpcr = random_fpcr();
    r->fpsr = below(4) ? 0 : random64() & FPSR_SEEN;
    for (unsigned i = 0; i < WINDOW; i++) r->memory[i] = (u8)random64();
}

/* --- memory, the same for both sides ---------------------------------------------------------- */

static u8 *const window = (u8 *)(uintptr_t)(DATA + (DATA_SIZE - WINDOW) / 2);

static void map_memory(void)
{
    void *wanted = (void *)(uintptr_t)DATA;
    void *got = mmap(wanted, DATA_SIZE, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    ck_assert_ptr_eq(got, wanted);
}

/* --- Unicorn ---------------------------------------------------------------------------------- */

static uc_engine *engine;
static u64 code_at;

static int uc_regs[32 + 31 + 4];
static void *uc_values[ARRAY_SIZE(uc_regs)];

static void open_engine(void)
{
    ck_assert_int_eq(uc_open(UC_ARCH_ARM64, UC_MODE_ARM, &engine), UC_ERR_OK);
    ck_assert_int_eq(uc_ctl_set_cpu_model(engine, UC_CPU_ARM64_MAX), UC_ERR_OK);
    ck_assert_int_eq(uc_mem_map(engine, CODE, CODE_SIZE, UC_PROT_ALL), UC_ERR_OK);
    ck_assert_int_eq(uc_mem_map_ptr(engine, DATA, DATA_SIZE, UC_PROT_READ | UC_PROT_WRITE,
                                    (void *)(uintptr_t)DATA),
                     UC_ERR_OK);
    u64 cpacr = 3u << 20;
    uc_reg_write(engine, UC_ARM64_REG_CPACR_EL1, &cpacr);
    code_at = CODE;
}

static void list_regs(struct regs *r)
{
    unsigned n = 0;
    for (unsigned i = 0; i < 32; i++, n++) {
        uc_regs[n] = (int)(UC_ARM64_REG_V0 + i);
        uc_values[n] = r->v[i];
    }
    for (unsigned i = 0; i < 31; i++, n++) {
        uc_regs[n] = i < 29 ? (int)(UC_ARM64_REG_X0 + i) : (int)(UC_ARM64_REG_X29 + (i - 29));
        uc_values[n] = &r->x[i];
    }
    uc_regs[n] = UC_ARM64_REG_SP, uc_values[n++] = &r->sp;
    uc_regs[n] = UC_ARM64_REG_FPCR, uc_values[n++] = &r->fpcr;
    uc_regs[n] = UC_ARM64_REG_FPSR, uc_values[n++] = &r->fpsr;
    uc_regs[n] = UC_ARM64_REG_NZCV, uc_values[n] = &r->nzcv;
}

/* Each word gets an address of its own, so that no stale translation is run. */
static u64 place_word(u32 w)
{
    u32 code[2] = {w, 0xd503201f};
    code_at += 16;
    if (code_at + 16 > CODE + CODE_SIZE) {
        uc_close(engine);
        open_engine();
        code_at += 16;
    }
    ck_assert_int_eq(uc_mem_write(engine, code_at, code, sizeof code), UC_ERR_OK);
    return code_at;
}

static bool run_unicorn(u64 pc, struct regs *r)
{
    list_regs(r);
    memcpy(window, r->memory, WINDOW);
    uc_reg_write_batch(engine, uc_regs, uc_values, (int)ARRAY_SIZE(uc_regs));
    if (uc_emu_start(engine, pc, pc + 4, 0, 0) != UC_ERR_OK) return false;
    uc_reg_read_batch(engine, uc_regs, uc_values, (int)ARRAY_SIZE(uc_regs));
    memcpy(r->memory, window, WINDOW);
    r->fpsr &= FPSR_SEEN;
    return true;
}

/* --- lifting and evaluation ------------------------------------------------------------------- */

static struct arena arena;

static struct ir_func *lift_word(u64 pc, u32 w)
{
    u16 row = (u16)a64_decode(w);
    struct a64_block block = {.pc = pc, .count = 1, .word = &w, .row = &row, .entry = true};
    struct a64_region region = {.pc = pc, .block = &block, .block_count = 1, .insn_count = 1};
    arena_reset(&arena);
    return lift_region(&arena, &region, &(struct lift_how){.sp_any = true});
}

static bool run_evaluator(const struct ir_func *f, struct regs *r)
{
    static struct guest_state g;
    ir_value *values = arena_alloc(&arena, f->count * sizeof(ir_value));
    u64 budget = 10;

    memset(&g, 0, sizeof g);
    memcpy(g.v, r->v, sizeof g.v);
    memcpy(g.x, r->x, sizeof g.x);
    g.sp = r->sp;
    g.nzcv = nzcv_from_pstate((u32)r->nzcv);
    g.fpcr = (u32)r->fpcr;
    g.fpsr = (u32)r->fpsr & 0x9f;
    if (r->fpsr >> 27 & 1) g.qc[3] = 1;
    g.pc = f->pc;
    memcpy(window, r->memory, WINDOW);
    struct ir_eval_exit e = ir_eval(f, 0, &g, values, &budget);
    memcpy(r->v, g.v, sizeof g.v);
    memcpy(r->x, g.x, sizeof g.x);
    r->sp = g.sp;
    r->nzcv = nzcv_to_pstate(g.nzcv);
    r->fpsr = g.fpsr;
    for (unsigned i = 0; i < 16; i++)
        if (g.qc[i]) r->fpsr |= 1u << 27;
    memcpy(r->memory, window, WINDOW);
    return e.reason == TRAP_NONE && g.pc == f->pc + 4;
}

/* --- what Unicorn 2.0.1 doesn't know: 8-bit matrix multiplication ----------------------------- */

static int byte_at(const u64 v[2], unsigned i, bool is_signed)
{
    u8 byte = ((const u8 *)v)[i];
    return is_signed ? (s8)byte : byte;
}

/* The sum of `count` products of bytes from n[ni] and m[mi] on. */
static u32 dot(const u64 n[2], unsigned ni, bool ns, const u64 m[2], unsigned mi, bool ms,
               unsigned count)
{
    int sum = 0;
    for (unsigned i = 0; i < count; i++) sum += byte_at(n, ni + i, ns) * byte_at(m, mi + i, ms);
    return (u32)sum;
}

static bool run_i8mm(enum a64_row row, u32 w, struct regs *r)
{
    bool matrix = row == A64_SMMLA_v || row == A64_UMMLA_v || row == A64_USMMLA_v;
    bool element = row == A64_SUDOT_ve || row == A64_USDOT_ve;
    bool ns = row == A64_SMMLA_v || row == A64_SUDOT_ve;
    bool ms = row != A64_UMMLA_v && row != A64_SUDOT_ve;
    unsigned index = a64_H(w) << 1 | a64_L(w);
    u64 n[2], m[2];
    memcpy(n, r->v[a64_rn(w)], 16);
    memcpy(m, r->v[a64_rm(w)], 16); /* M:rm4 are the same bits */
    u32 d[4];
    memcpy(d, r->v[a64_rd(w)], 16);
    for (unsigned i = 0; i < 4; i++)
        d[i] += matrix ? dot(n, i / 2 * 8, ns, m, i % 2 * 8, ms, 8)
                       : dot(n, i * 4, ns, m, (element ? index : i) * 4, ms, 4);
    if (!a64_Q(w)) d[2] = d[3] = 0;
    memcpy(r->v[a64_rd(w)], d, 16);
    return true;
}

/* --- comparing -------------------------------------------------------------------------------- */

static void print_v(const char *what, unsigned n, const u64 v[2])
{
    printf("    %s v%-2u %016llx_%016llx\n", what, n, (unsigned long long)v[1],
           (unsigned long long)v[0]);
}

static void describe(u32 w, const struct regs *in, const struct regs *want, const struct regs *got)
{
    char text[120];
    a64_disasm(w, 0, text, sizeof text);
    printf("%08x %s %s  fpcr %08llx fpsr %08llx nzcv %llx\n", w, a64_row_info(a64_decode(w))->name,
           text, (unsigned long long)in->fpcr, (unsigned long long)in->fpsr,
           (unsigned long long)in->nzcv >> 28);
    unsigned regs[] = {a64_rn(w), a64_rm(w), a64_ra(w), a64_rd(w)};
    for (unsigned i = 0; i < 4; i++) print_v("in  ", regs[i], in->v[regs[i]]);
    printf("    in   x%u %llx\n", a64_rn(w), (unsigned long long)in->x[a64_rn(w) % 31]);
    for (unsigned i = 0; i < 32; i++)
        if (memcmp(want->v[i], got->v[i], 16)) {
            print_v("want", i, want->v[i]);
            print_v("got ", i, got->v[i]);
        }
    for (unsigned i = 0; i < 31; i++)
        if (want->x[i] != got->x[i])
            printf("    want x%u %llx, got %llx\n", i, (unsigned long long)want->x[i],
                   (unsigned long long)got->x[i]);
    if (want->sp != got->sp)
        printf("    want sp %llx, got %llx\n", (unsigned long long)want->sp,
               (unsigned long long)got->sp);
    if (want->nzcv != got->nzcv || want->fpsr != got->fpsr)
        printf("    want nzcv %llx fpsr %08llx, got nzcv %llx fpsr %08llx\n",
               (unsigned long long)want->nzcv >> 28, (unsigned long long)want->fpsr,
               (unsigned long long)got->nzcv >> 28, (unsigned long long)got->fpsr);
    for (unsigned i = 0; i < WINDOW; i++)
        if (want->memory[i] != got->memory[i])
            printf("    memory %+d want %02x, got %02x\n", (int)i - WINDOW / 2, want->memory[i],
                   got->memory[i]);
}

/*
 * Undoes what Unicorn 2.0.1 (QEMU 5.0) does wrong:
 * - FCVTZS Hd, Hn, #fbits leaves the sign in bits 31 to 16 of the register.
 * - FCMLA by element on four halves computes on eight, and raises the exceptions of them all.
 * - FJCVTZS of a subnormal that FZ flushes gives Z = 1; FPToFixedJS gives 0 as the operand is no
 * zero.
 */
static void correct(enum a64_row row, u32 w, const struct regs *in, struct regs *want,
                    const struct regs *got)
{
    if (row == A64_FCVTZS_sfix && a64_immh(w) < 4) want->v[a64_rd(w)][0] &= 0xffff;
    if (row == A64_FCMLA_ve && !a64_Q(w)) want->fpsr = got->fpsr;
    if (row == A64_FJCVTZS && (in->fpcr >> 24 & 1) && (in->v[a64_rn(w)][0] << 1) >> 53 == 0 &&
        in->v[a64_rn(w)][0] << 12)
        want->nzcv = 0;
}

static bool agree(const struct regs *a, const struct regs *b)
{
    return !memcmp(a->v, b->v, sizeof a->v) && !memcmp(a->x, b->x, sizeof a->x) && a->sp == b->sp &&
           a->nzcv == b->nzcv && a->fpsr == b->fpsr && !memcmp(a->memory, b->memory, WINDOW);
}

/* --- words ------------------------------------------------------------------------------------ */

static bool is_structure(enum a64_row row)
{
    return a64_row_info(row)->group == A64_GROUP_ldst;
}

static bool is_post_index(enum a64_row row)
{
    const char *name = a64_row_info(row)->name;
    return strlen(name) > 5 && !strcmp(name + strlen(name) - 5, "_post");
}

/* A word of the row that its constraint allows and the lifter has the feature for; false if none
 * turns up. */
static bool random_word(enum a64_row row, u32 *w)
{
    const struct a64_row_info *info = a64_row_info(row);
    for (unsigned i = 0; i < 2000; i++) {
        u32 r = (u32)random64();
        if (!below(8)) r = (r & ~0x3e0u) | (r & 31) << 5;           /* rn = rd */
        if (!below(8)) r = (r & ~0x1f0000u) | (r >> 5 & 31) << 16;  /* rm = rn */
        if (!below(8)) r = (r & ~0x7f0000u) | 8u << below(4) << 16; /* shift by 0 or the width */
        *w = info->value | (r & ~info->mask);
        if (a64_decode(*w) == row && lift_has_feature(a64_word_feature(row, *w))) return true;
    }
    return false;
}

/* Points a structure's base into the window. */
static void aim(enum a64_row row, u32 w, struct regs *r)
{
    if (!is_structure(row)) return;
    if (is_post_index(row) && a64_rm(w) != 31) r->x[a64_rm(w)] = below(64);
    if (a64_rn(w) != 31) r->x[a64_rn(w)] = DATA + DATA_SIZE / 2 + below(64);
}

/* The kind of a floating-point row's operands, BITS for others. */
static unsigned float_kind(enum a64_row row, u32 w)
{
    const struct a64_row_info *info = a64_row_info(row);
    size_t length = strlen(info->name);
    if (info->group == A64_GROUP_fp) return FLOATS + (a64_ftype(w) == 3 ? 1 : 2 + a64_ftype(w));
    if (info->name[0] != 'F') return BITS;
    if (strstr(info->name, "FCMLA") || strstr(info->name, "FCADD")) return FLOATS + a64_size(w);
    return FLOATS + (info->name[length - 1] == 'h' ? 1 : 2 + a64_sz(w));
}

struct tally {
    unsigned runs, failures;
};

static void run_word(enum a64_row row, u32 w, struct tally *t)
{
    static struct regs in, want, got;
    u64 pc = place_word(w);
    struct ir_func *f = lift_word(pc, w);
    unsigned floats = float_kind(row, w);
    char message[200];
    ck_assert_msg(ir_verify(f, message, sizeof message), "%08x: %s", w, message);
    for (unsigned i = 0; i < RUNS; i++) {
        random_regs(&in, floats);
        aim(row, w, &in);
        want = got = in;
        bool i8mm = a64_row_info(row)->feature == A64_FEATURE_i8mm;
        bool ran = i8mm ? run_i8mm(row, w, &want) : run_unicorn(pc, &want);
        bool evaluated = run_evaluator(f, &got);
        correct(row, w, &in, &want, &got);
        t->runs++;
        if (ran && evaluated && agree(&want, &got)) continue;
        if (t->failures++ < 1) {
            if (!ran) printf("unicorn refuses: ");
            if (!evaluated) printf("the evaluator traps: ");
            describe(w, &in, &want, &got);
        }
    }
}

static const u16 rows[] = {
#define ROW(row) A64_##row,
    LIFT_FP_ROWS(ROW)
#undef ROW
};

static void run_group(enum a64_group group)
{
    unsigned words = (unsigned)test_setting("SIMD_RANDOM_WORDS", test_cases(100)), bad_rows = 0;
    const char *only = getenv("SIMD_RANDOM_ROW");
    random_state = UINT64_C(0x9e3779b97f4a7c15) ^ test_setting("SIMD_RANDOM_SEED", 1);
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct a64_row_info *info = a64_row_info(rows[i]);
        struct tally t = {0, 0};
        if (info->group != group || (only && strcmp(only, info->name))) continue;
        if (info->feature == A64_FEATURE_bf16) continue; /* Unicorn hasn't got it: semantic tests */
        for (unsigned n = 0; n < words; n++) {
            u32 w;
            ck_assert_msg(random_word(rows[i], &w), "no word of row %s", info->name);
            run_word(rows[i], w, &t);
        }
        if (t.failures) printf("%s: %u of %u differ\n", info->name, t.failures, t.runs);
        bad_rows += t.failures != 0;
    }
    ck_assert_msg(!bad_rows, "%u rows differ", bad_rows);
}

START_TEST(scalar_floating_point)
{
    run_group(A64_GROUP_fp);
}
END_TEST

START_TEST(vector_forms)
{
    run_group(A64_GROUP_simd);
}
END_TEST

START_TEST(scalar_forms)
{
    run_group(A64_GROUP_simd_scalar);
}
END_TEST

START_TEST(cryptography)
{
    run_group(A64_GROUP_crypto);
}
END_TEST

START_TEST(structures)
{
    run_group(A64_GROUP_ldst);
}
END_TEST

static void setup(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    map_memory();
    open_engine();
    arena_init(&arena);
}

static void teardown(void)
{
    arena_free(&arena);
    uc_close(engine);
    munmap((void *)(uintptr_t)DATA, DATA_SIZE);
}

int main(void)
{
    Suite *s = suite_create("simd_random");
    TCase *t = tcase_create("against unicorn");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_set_timeout(t, 300);
    tcase_add_test(t, scalar_floating_point);
    tcase_add_test(t, vector_forms);
    tcase_add_test(t, scalar_forms);
    tcase_add_test(t, cryptography);
    tcase_add_test(t, structures);
    suite_add_tcase(s, t);
    SRunner *runner = srunner_create(s);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
