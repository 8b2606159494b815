/*
 * FPCR.FZ in running programs, which crtfastmath sets at start: what is flushed, and what FPSR says
 * of it (Arm ARM, FPUnpack and FPRound), over many turns of a loop, in signal handlers and threads,
 * and with the mode switched on and off around the same code.
 */
#include "check.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

enum { IOC = 1, DZC = 2, UFC = 8, IXC = 16, IDC = 128 };

#define FZ       (UINT64_C(1) << 24)
#define UP       (UINT64_C(1) << 22)
#define DENORMAL UINT64_C(0x000fedcba9876543)
#define SMALLEST UINT64_C(0x0010000000000000)
#define ONE      UINT64_C(0x3ff0000000000000)
#define THREE    UINT64_C(0x4008000000000000)
#define QNAN     UINT64_C(0x7ff8000000001234)

static void set_fpcr(uint64_t v)
{
    __asm__ volatile("msr fpcr, %0" ::"r"(v) : "memory");
}

static uint64_t get_fpcr(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, fpcr" : "=r"(v)::"memory");
    return v;
}

static void set_fpsr(uint64_t v)
{
    __asm__ volatile("msr fpsr, %0" ::"r"(v) : "memory");
}

static uint64_t get_fpsr(void)
{
    uint64_t v;
    __asm__ volatile("mrs %0, fpsr" : "=r"(v)::"memory");
    return v;
}

/* Each gives the bits of its result. */
#define TWO(name, text)                                                                            \
    static __attribute__((noinline)) uint64_t name(uint64_t x, uint64_t y)                         \
    {                                                                                              \
        __asm__ volatile("fmov d0, %0\n\tfmov d1, %1\n\t" text                                     \
                         : "+r"(x)                                                                 \
                         : "r"(y)                                                                  \
                         : "v0", "v1", "cc", "memory");                                            \
        return x;                                                                                  \
    }
TWO(add, "fadd d0, d0, d1\n\tfmov %0, d0")
TWO(mul, "fmul d0, d0, d1\n\tfmov %0, d0")
TWO(divide, "fdiv d0, d0, d1\n\tfmov %0, d0")
TWO(fused, "fmadd d0, d0, d1, d1\n\tfmov %0, d0")
TWO(largest, "fmax d0, d0, d1\n\tfmov %0, d0")
TWO(root, "fsqrt d0, d0\n\tfmov %0, d0")
TWO(round_up, "frintp d0, d0\n\tfmov %0, d0")
TWO(to_int_up, "fcvtps %0, d0")
TWO(to_int, "fcvtzs %0, d0")
TWO(narrow, "fcvt s0, d0\n\tfmov %w0, s0")
TWO(is_greater, "fcmp d0, d1\n\tcset %0, gt")
TWO(from_int, "scvtf d0, %1\n\tfmov %0, d0")

typedef uint64_t two_fn(uint64_t x, uint64_t y);

static const struct line {
    const char *text;
    two_fn *fn;
    uint64_t x, y, result, flags;
} lines[] = {
    {"denormal + 1", add, DENORMAL, ONE, ONE, IDC},
    {"denormal + NaN", add, DENORMAL, QNAN, QNAN, IDC},
    {"exact and tiny", add, SMALLEST | 1, SMALLEST | UINT64_C(1) << 63, 0, UFC},
    {"inexact and tiny", mul, SMALLEST | 1, ONE - 3, 0, UFC},
    {"tiny before rounding", mul, SMALLEST | 1, UINT64_C(0x3feffffffffffffe), 0, UFC},
    {"inexact", mul, THREE | 1, THREE | 1, UINT64_C(0x4022000000000002), IXC},
    {"denormal / 0", divide, DENORMAL, 0, UINT64_C(0x7ff8000000000000), IOC | IDC},
    {"1 / denormal", divide, ONE, DENORMAL, UINT64_C(0x7ff0000000000000), DZC | IDC},
    {"tiny quotient", divide, SMALLEST, THREE, 0, UFC},
    {"denormal * 1 + 1", fused, DENORMAL, ONE, ONE, IDC},
    {"max", largest, DENORMAL, UINT64_C(1) << 63, 0, IDC},
    {"sqrt", root, DENORMAL, 0, 0, IDC},
    {"frintp", round_up, DENORMAL, 0, 0, IDC},
    {"fcvtps", to_int_up, DENORMAL, 0, 0, IDC},
    {"fcvtzs", to_int, DENORMAL, 0, 0, IDC},
    {"fcvtzs 1.x", to_int, ONE | 1, 0, 1, IXC},
    {"fcvt of tiny", narrow, UINT64_C(0x380fffffffffffff), 0, 0, UFC},
    {"fcmp", is_greater, DENORMAL, 0, 0, IDC},
    {"scvtf", from_int, 0, UINT64_C(0x7ffffffffffffc01), UINT64_C(0x43dfffffffffffff), IXC},
};

static void every_line(uint64_t before)
{
    for (unsigned n = 0; n < sizeof(lines) / sizeof(lines[0]); n++) {
        const struct line *l = &lines[n];
        set_fpcr(FZ);
        set_fpsr(before);
        uint64_t result = l->fn(l->x, l->y), flags = get_fpsr();
        set_fpcr(0);
        if (result != l->result || flags != (before | l->flags))
            printf("%s: %llx, FPSR %llx\n", l->text, (unsigned long long)result,
                   (unsigned long long)flags);
        CHECK(result == l->result && flags == (before | l->flags));
    }
}

/* Long enough for every line's site to be superseded, on the way and at the end. */
static void lines_again_and_again(void)
{
    for (int n = 0; n < 12; n++) every_line(n & 1 ? 0 : n & 2 ? IXC : DZC);
}

/* The same code with and without, in turns. */
static void switched(void)
{
    for (int n = 0; n < 20; n++) {
        set_fpcr(n & 1 ? FZ : 0);
        uint64_t sum = add(DENORMAL, 0);
        set_fpcr(n & 1 ? FZ | UP : UP);
        uint64_t up = add(ONE, 1);
        set_fpcr(0);
        CHECK(sum == (n & 1 ? 0 : DENORMAL));
        CHECK(up == (n & 1 ? ONE : ONE + 1));
    }
}

static double seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           1e-6 * (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec);
}

/* A loop that meets denormals all the time doesn't trap all the time: that would take a second for
 * every hundred thousand turns or so. */
static void loop(void)
{
    uint64_t bits, turns = 500000;
    double start = seconds();
    set_fpcr(FZ);
    set_fpsr(0);
    __asm__ volatile("fmov d0, %2\n\tfmov d1, %3\n"
                     "0:\tfmul d2, d0, d1\n\tfadd d3, d2, d1\n\tsub %1, %1, #1\n\tcbnz %1, 0b\n\t"
                     "fmov %0, d3"
                     : "=&r"(bits), "+&r"(turns)
                     : "r"(DENORMAL), "r"(ONE)
                     : "v0", "v1", "v2", "v3", "memory");
    CHECK(bits == ONE && get_fpsr() == IDC && get_fpcr() == FZ);
    set_fpcr(0);
    CHECK(seconds() - start < 4);
}

/* Nor does one that clears FPSR each time. */
static void cleared(void)
{
    uint64_t flags, turns = 1000000;
    double start = seconds();
    set_fpcr(FZ);
    __asm__ volatile("fmov d0, %2\n\tfmov d1, %3\n"
                     "0:\tmsr fpsr, xzr\n\tfdiv d2, d0, d1\n\tmrs %0, fpsr\n\t"
                     "sub %1, %1, #1\n\tcbnz %1, 0b"
                     : "=&r"(flags), "+&r"(turns)
                     : "r"(ONE), "r"(THREE)
                     : "v0", "v1", "v2", "memory");
    set_fpcr(0);
    CHECK(flags == IXC && seconds() - start < 4);
}

static volatile uint64_t in_handler, handler_fpcr;

static void handler(int sig)
{
    (void)sig;
    handler_fpcr = get_fpcr();
    set_fpsr(0);
    in_handler = mul(SMALLEST | 1, ONE - 3);
    set_fpcr(0);
}

static void signals(void)
{
    signal(SIGUSR1, handler);
    for (int n = 0; n < 5; n++) {
        set_fpcr(FZ);
        set_fpsr(n & 1 ? IXC : 0);
        in_handler = 1;
        raise(SIGUSR1);
        CHECK(get_fpcr() == FZ && get_fpsr() == (n & 1 ? IXC : 0u));
        CHECK(add(DENORMAL, ONE) == ONE && get_fpsr() == (n & 1 ? IDC | IXC : IDC));
        CHECK(handler_fpcr == FZ && in_handler == 0);
        set_fpcr(0);
    }
}

static void *in_thread(void *arg)
{
    (void)arg;
    set_fpcr(FZ);
    every_line(0);
    set_fpcr(FZ);
    return NULL;
}

static void threads(void)
{
    pthread_t t[3];
    set_fpcr(FZ);
    for (int n = 0; n < 3; n++) CHECK(pthread_create(&t[n], NULL, in_thread, NULL) == 0);
    for (int n = 0; n < 3; n++) CHECK(pthread_join(t[n], NULL) == 0);
    CHECK(get_fpcr() == FZ && add(DENORMAL, 0) == 0);
    set_fpcr(0);
}

int main(void)
{
    lines_again_and_again();
    switched();
    loop();
    cleared();
    signals();
    threads();
    return done();
}
