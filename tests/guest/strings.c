/*
 * memcpy and its like, which an image may have the host do: each beside a copy of its own code, which
 * no image knows. Results, memory, faults with all registers, and signals that interrupt them.
 */
#include "check.h"

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define PAGE   4096
#define PAGES  3
#define SIZE   (PAGES * PAGE)
#define ROUNDS 1000
#define FAULTS 150

typedef uint64_t call(uint64_t, uint64_t, uint64_t);
typedef uint64_t pair __attribute__((vector_size(16), may_alias));

enum shape { MOVE, SET, COMPARE, FIND, LENGTH, LENGTH_N, STRING_FIND, STRING_COMPARE };

static struct function {
    const char *name;
    void *address;
    enum shape shape;
    call *original, *copy;
} functions[] = {
    {"memcpy", (void *)memcpy, MOVE, 0, 0},
    {"memmove", (void *)memmove, MOVE, 0, 0},
    {"memset", (void *)memset, SET, 0, 0},
    {"memcmp", (void *)memcmp, COMPARE, 0, 0},
    {"memchr", (void *)memchr, FIND, 0, 0},
    {"memrchr", (void *)memrchr, FIND, 0, 0},
    {"strlen", (void *)strlen, LENGTH, 0, 0},
    {"strnlen", (void *)strnlen, LENGTH_N, 0, 0},
    {"strchr", (void *)strchr, STRING_FIND, 0, 0},
    {"strchrnul", (void *)strchrnul, STRING_FIND, 0, 0},
    {"strrchr", (void *)strrchr, STRING_FIND, 0, 0},
    {"strcmp", (void *)strcmp, STRING_COMPARE, 0, 0},
    {"strncmp", (void *)strncmp, COMPARE, 0, 0},
};
#define FUNCTIONS (sizeof functions / sizeof *functions)

static uint64_t seed = 1;

static uint64_t below(uint64_t n)
{
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    return (seed >> 33) % n;
}

/* What an entry of the procedure linkage table leads to: ADRP X16 and LDR X17 say where it stands. */
static void *behind_plt(void *address)
{
    const uint32_t *insn = address;
    if ((insn[0] & 0x9f00001f) != 0x90000010 || (insn[1] & 0xffc003ff) != 0xf9400211) return address;
    int64_t page = (int64_t)((uint64_t)(insn[0] >> 5 & 0x7ffff) << 45) >> 43 | (insn[0] >> 29 & 3);
    uint64_t slot = ((uint64_t)address & ~(uint64_t)(PAGE - 1)) + ((uint64_t)page << 12) +
                    (insn[1] >> 10 & 0xfff) * 8;
    return *(void **)slot;
}

/* The code that is mapped around the address. */
static void find_code(uint64_t address, uint64_t *start, uint64_t *end)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[256];
    CHECK(maps != NULL);
    while (fgets(line, sizeof line, maps) != NULL)
        if (sscanf(line, "%lx-%lx", start, end) == 2 && address >= *start && address < *end) break;
    fclose(maps);
}

/* With what is around it, which it may branch to. */
static call *copy_of(void *address)
{
    uint64_t around = 1 << 16, from = ((uint64_t)address & ~(uint64_t)(PAGE - 1)) - around;
    uint64_t end = (uint64_t)address + around, first, last;
    find_code((uint64_t)address, &first, &last);
    if (from < first) from = first;
    if (end > last) end = last;
    char *code = mmap(NULL, end - from, PROT_READ | PROT_WRITE | PROT_EXEC,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    for (uint64_t n = 0; n < end - from; n += 8) /* not memcpy, which may be what is looked at */
        *(volatile uint64_t *)(code + n) = *(const uint64_t *)(from + n);
    __builtin___clear_cache(code, code + (end - from));
    return (call *)(code + ((uint64_t)address - from));
}

/* --- arguments -----------------------------------------------------------------------------------
 */

static unsigned char *area[2]; /* SIZE bytes each, nothing before and behind */

static void make_areas(void)
{
    for (unsigned n = 0; n < 2; n++) {
        char *all = mmap(NULL, SIZE + 2 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(all != MAP_FAILED);
        area[n] = (unsigned char *)all + PAGE;
        CHECK(mprotect(area[n], SIZE, PROT_READ | PROT_WRITE) == 0);
    }
}

/* Mostly short; now and then long. */
static uint64_t some_length(void)
{
    switch (below(8)) {
    case 0: return below(SIZE / 2);
    case 1: return below(600);
    case 2: return below(140);
    default: return below(40);
    }
}

static void fill(uint64_t kind)
{
    volatile unsigned char *a = area[0], *b = area[1];
    for (unsigned n = 0; n < SIZE; n++) {
        a[n] = (unsigned char)(kind == 0 ? 'x' : below(kind == 1 ? 3 : 256));
        b[n] = below(200) ? a[n] : (unsigned char)below(256);
    }
    for (unsigned n = 0; n < 30; n++) a[below(SIZE)] = 0;
}

struct arguments {
    uint64_t a, b, n;
};

/* May reach beyond an area by up to `beyond` bytes. */
static struct arguments choose(const struct function *f, uint64_t beyond)
{
    bool is_string = f->shape == LENGTH || f->shape == STRING_FIND || f->shape == STRING_COMPARE;
    uint64_t n = some_length() + is_string, room = SIZE - n + beyond;
    bool at_edge = !below(3);
    struct arguments r = {(uint64_t)area[0] + (at_edge ? room - below(3) * (room > 3) : below(room)),
                          (uint64_t)area[below(2)] + (at_edge ? room : below(room)), n};
    switch (f->shape) {
    case MOVE:
        if (!below(3)) r.b = r.a + below(100) - 50; /* they overlap */
        if (r.b - (uint64_t)area[0] > SIZE - n + beyond && r.b - (uint64_t)area[1] > SIZE - n + beyond)
            r.b = (uint64_t)area[1];
        break;
    case SET:
    case FIND: r.b = below(3) ? below(4) : below(1 << 20); break;
    case STRING_FIND: r.b = below(3) ? below(4) : 'x' + (below(4) << 8); break;
    case LENGTH_N: r.b = r.n; break;
    case COMPARE:
    case STRING_COMPARE:
        if (below(4)) r.b = (uint64_t)area[1] + (r.a - (uint64_t)area[0]);
        break;
    case LENGTH: break;
    }
    return r;
}

/* --- results -------------------------------------------------------------------------------------
 */

static bool same(const unsigned char *a, const unsigned char *b)
{
    pair differ = {0, 0};
    for (unsigned n = 0; n < SIZE; n += 16)
        differ |= *(const volatile pair *)(a + n) ^ *(const volatile pair *)(b + n);
    return !(differ[0] | differ[1]);
}

static unsigned char saved[2][SIZE] __attribute__((aligned(16)));
static unsigned char after[2][SIZE] __attribute__((aligned(16)));

static void keep(unsigned char to[2][SIZE])
{
    for (unsigned k = 0; k < 2; k++)
        for (unsigned n = 0; n < SIZE; n += 16)
            *(volatile pair *)(to[k] + n) = *(volatile pair *)(area[k] + n);
}

static void put_back(void)
{
    for (unsigned k = 0; k < 2; k++)
        for (unsigned n = 0; n < SIZE; n += 16)
            *(volatile pair *)(area[k] + n) = *(volatile pair *)(saved[k] + n);
}

static bool writes(const struct function *f)
{
    return f->shape == MOVE || f->shape == SET;
}

/* Strings end in their areas. */
static void end_strings(void)
{
    for (unsigned n = 0; n < 2; n++) *(volatile unsigned char *)(area[n] + SIZE - 1) = 0;
}

static void check_results(const struct function *f)
{
    for (unsigned n = 0; n < (writes(f) ? ROUNDS / 2 : ROUNDS); n++) {
        if (n % 100 == 0) fill(n / 100 % 3);
        end_strings();
        struct arguments r = choose(f, 0);
        if (!writes(f)) {
            uint64_t want = f->copy(r.a, r.b, r.n), got = f->original(r.a, r.b, r.n);
            CHECK(want == got);
            if (want != got) printf("%s(%lx, %lx, %lu)\n", f->name, r.a, r.b, r.n);
            continue;
        }
        if (n % 8) r.n %= 200;
        keep(saved);
        uint64_t want = f->copy(r.a, r.b, r.n);
        keep(after);
        put_back();
        CHECK(f->original(r.a, r.b, r.n) == want);
        bool good = same(area[0], after[0]) && same(area[1], after[1]);
        CHECK(good);
        if (!good) printf("%s(%lx, %lx, %lu)\n", f->name, r.a, r.b, r.n);
    }
}

/* --- faults --------------------------------------------------------------------------------------
 */

static sigjmp_buf out;
static uint64_t fault_address, fault_pc, fault_x[31];

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;
    (void)sig;
    fault_address = (uint64_t)info->si_addr;
    fault_pc = uc->uc_mcontext.pc;
    for (unsigned n = 0; n < 30; n++) fault_x[n] = uc->uc_mcontext.regs[n];
    siglongjmp(out, 1);
}

/* All that the function may look at, and what it may leave alone, is the same each time. */
static uint64_t call_plainly(call *f, const struct arguments *r)
{
    register uint64_t x0 __asm__("x0") = r->a, x1 __asm__("x1") = r->b, x2 __asm__("x2") = r->n;
    register call *x16 __asm__("x16") = f;
    __asm__ volatile("mov x3, 0; mov x4, 0; mov x5, 0; mov x6, 0; mov x7, 0; mov x8, 0; mov x9, 0\n"
                     "mov x10, 0; mov x11, 0; mov x12, 0; mov x13, 0; mov x14, 0; mov x15, 0\n"
                     "mov x17, 0; blr x16"
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x16)
                     :
                     : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
                       "x17", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v16", "v17", "v18",
                       "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30",
                       "v31", "cc", "memory");
    return x0;
}

static bool faults(call *f, const struct arguments *r, uint64_t *result)
{
    if (sigsetjmp(out, 1)) return true;
    *result = call_plainly(f, r);
    return false;
}

static void check_faults(const struct function *f)
{
    unsigned count = 0;
    fill(0);
    for (unsigned n = 0; n < SIZE; n++) /* none ends */
        if (!area[0][n]) *(volatile unsigned char *)(area[0] + n) = 'x';
    for (unsigned n = 0; n < FAULTS; n++) {
        struct arguments r = choose(f, 64);
        uint64_t want = 0, got = 0, x[31];
        keep(saved);
        bool expected = faults(f->copy, &r, &want);
        uint64_t address = fault_address, pc = fault_pc - (uint64_t)f->copy;
        for (unsigned k = 0; k < 30; k++) x[k] = fault_x[k];
        keep(after);
        put_back();
        bool did = faults(f->original, &r, &got);
        CHECK(did == expected);
        CHECK(same(area[0], after[0]) && same(area[1], after[1]));
        if (!did) {
            CHECK(got == want);
            continue;
        }
        count++;
        CHECK(fault_address == address);
        CHECK(fault_pc - (uint64_t)f->original == pc);
        for (unsigned k = 0; k < 16; k++) CHECK(fault_x[k] == x[k]);
        put_back();
    }
    CHECK(count > FAULTS / 20);
}

/* A handler that makes the page accessible and goes on: nothing is moved twice. */
static void on_watched(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)context;
    uint64_t page = (uint64_t)info->si_addr & ~(uint64_t)(PAGE - 1);
    CHECK(mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE) == 0);
}

static void check_watched(const struct function *f)
{
    install(SIGSEGV, on_watched, SA_NODEFER);
    fill(2);
    for (unsigned n = 0; n < FAULTS; n++) {
        struct arguments r = choose(f, 0);
        if (f->shape == MOVE && below(2)) r.b = r.a + below(2 * PAGE) - PAGE;
        if (f->shape == MOVE && r.b - (uint64_t)area[0] > SIZE - r.n && r.b - (uint64_t)area[1] > SIZE - r.n)
            continue;
        keep(saved);
        f->copy(r.a, r.b, r.n);
        keep(after);
        put_back();
        unsigned page = (unsigned)below(PAGES);
        CHECK(mprotect(area[0] + page * PAGE, PAGE, below(2) ? PROT_READ : PROT_NONE) == 0);
        f->original(r.a, r.b, r.n);
        CHECK(mprotect(area[0], SIZE, PROT_READ | PROT_WRITE) == 0);
        bool good = same(area[0], after[0]) && same(area[1], after[1]);
        CHECK(good);
        if (!good) printf("%s(%lx, %lx, %lu), page %u\n", f->name, r.a, r.b, r.n, page);
    }
}

/* --- signals -------------------------------------------------------------------------------------
 */

static volatile unsigned alarms;

static void on_alarm(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    alarms = alarms + 1;
}

static void check_signals(void)
{
    const size_t size = 1 << 20;
    unsigned char *from = malloc(size), *to = malloc(size);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    for (size_t n = 0; n < size; n++) from[n] = (unsigned char)(n * 7 + (n >> 11));
    install(SIGALRM, on_alarm, SA_RESTART);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (unsigned n = 0; n < 20 || alarms < 10; n++) {
        memset(to, (int)n, size);
        CHECK(to[0] == (unsigned char)n && to[size - 1] == (unsigned char)n);
        memcpy(to, from, size);
        CHECK(memcmp(to, from, size) == 0);
        memmove(to + 1, to, size - 1);
        CHECK(memcmp(to + 1, from, size - 1) == 0);
        CHECK(memchr(to + size - 1, from[size - 2], 1) == to + size - 1);
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    free(from);
    free(to);
}

int main(void)
{
    make_areas();
    install(SIGSEGV, on_fault, 0);
    for (unsigned n = 0; n < FUNCTIONS; n++) {
        struct function *f = &functions[n];
        void *address = behind_plt(f->address);
        f->original = (call *)address;
        f->copy = copy_of(address);
        check_results(f);
        install(SIGSEGV, on_fault, 0);
        check_faults(f);
        if (writes(f)) check_watched(f);
    }
    check_signals();
    return done();
}
