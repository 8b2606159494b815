/*
 * Loops in which all vector registers live, more than a host may have: what a handler sees of them
 * must be exact, at a load that faults in the middle of a turn as where a timer interrupts, and
 * what it changes must be there behind it.
 *
 * Register n counts by n + 1 in each of its lanes, from n << 16, once a turn; the turn's additions
 * are in the order of the registers, with a load behind some of them.
 */
#include "check.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>

#define REGISTERS 31 /* v31 is what is added, lane by lane: 1, 2, 3, 4 */
#define LOADS     4
#define TURNS     2000
#define CHANGED   13 /* the handler gives this register another value */
#define CHANGE    0x01000000u

struct fpsimd {
    uint32_t magic, size, fpsr, fpcr;
    uint32_t v[32][4];
};

static struct fpsimd *vectors_of(ucontext_t *uc)
{
    uint8_t *at = (uint8_t *)uc->uc_mcontext.__reserved;

    for (;; at += ((struct fpsimd *)at)->size) {
        struct fpsimd *fp = (struct fpsimd *)at;

        if (fp->magic == 0x46508001) return fp;
        if (fp->magic == 0) return NULL;
    }
}

/* Sets out from a state by vector registers, adds for x0 turns, and stores what is there at the
 * end. x1: where loads are from; x2: the state, x3: the additions of one turn in memory. The loads'
 * addresses are load_1 and so on, behind additions 7, 15, 23 and 31. */
#define ADD(n)                    "add v" #n ".4s, v" #n ".4s, v31.4s\n"
#define ADD8(a, b, c, d, e, f, g) ADD(a) ADD(b) ADD(c) ADD(d) ADD(e) ADD(f) ADD(g)
#define PAIRS(op)                                                                                  \
    op " q0, q1, [x2]\n" op " q2, q3, [x2, #32]\n" op " q4, q5, [x2, #64]\n" op                    \
       " q6, q7, [x2, #96]\n" op " q8, q9, [x2, #128]\n" op " q10, q11, [x2, #160]\n" op           \
       " q12, q13, [x2, #192]\n" op " q14, q15, [x2, #224]\n" op " q16, q17, [x2, #256]\n" op      \
       " q18, q19, [x2, #288]\n" op " q20, q21, [x2, #320]\n" op " q22, q23, [x2, #352]\n" op      \
       " q24, q25, [x2, #384]\n" op " q26, q27, [x2, #416]\n" op " q28, q29, [x2, #448]\n" op      \
       " q30, q31, [x2, #480]\n"

#define LOOP(name, load)                                                                           \
    __asm__(".globl " name "\n"                                                                    \
            ".type " name ", %function\n" name                                                     \
            ":\n" PAIRS("ldp") "1:\n"                                                              \
                               "add x4, x4, #1\n" ADD8(0, 1, 2, 3, 4, 5, 6) ADD(7) load("1")       \
                                   ADD8(8, 9, 10, 11, 12, 13, 14) ADD(15) load("2")                \
                                       ADD8(16, 17, 18, 19, 20, 21, 22) ADD(23) load("3")          \
                                           ADD8(24, 25, 26, 27, 28, 29, 30)                        \
                                               load("4") "subs x0, x0, #1\n"                       \
                                                         "b.ne 1b\n" PAIRS("stp") "ret\n")

#define LOAD(n)    "faulting_load_" n ": ldr w5, [x1]\n"
#define NO_LOAD(n) "\n"

LOOP("faulting", LOAD);
LOOP("plain", NO_LOAD);

void faulting(uint64_t turns, const void *from, uint32_t state[32][4], uint64_t, uint64_t turn);
void plain(uint64_t turns, const void *from, uint32_t state[32][4], uint64_t, uint64_t turn);
extern const uint8_t faulting_load_1[], faulting_load_2[], faulting_load_3[], faulting_load_4[];

static uint32_t start_of(unsigned n, unsigned lane)
{
    return n << 16 | lane << 8;
}

/* The registers as they are when register n has been added to `turns` times below `first`, and once
 * less from there on. */
static bool holds(const uint32_t v[32][4], uint64_t turns, unsigned first, uint32_t changed)
{
    for (unsigned n = 0; n < REGISTERS; n++)
        for (unsigned lane = 0; lane < 4; lane++) {
            uint64_t times = n < first ? turns : turns - 1;
            uint32_t want = start_of(n, lane) + (uint32_t)times * (lane + 1);

            if (n == CHANGED) want += changed;
            if (v[n][lane] != want) return false;
        }
    return true;
}

static volatile unsigned hits, inside, wrong; /* inside: ticks in the loop */
static volatile uint32_t changes;

static void check_fault(int sig, siginfo_t *info, void *context)
{
    static const uint8_t *const load[LOADS] = {faulting_load_1, faulting_load_2, faulting_load_3,
                                               faulting_load_4};
    ucontext_t *uc = context;
    struct fpsimd *fp = vectors_of(uc);
    unsigned at = hits++ % LOADS;

    (void)sig;
    (void)info;
    if (uc->uc_mcontext.pc != (uint64_t)load[at]) wrong++;
    if (!holds(fp->v, uc->uc_mcontext.regs[4], 8 * (at + 1), changes)) wrong++;
    for (unsigned lane = 0; lane < 4; lane++) fp->v[CHANGED][lane] += CHANGE;
    changes += CHANGE;
    uc->uc_mcontext.pc += 4;
}

static void check_tick(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    struct fpsimd *fp = vectors_of(uc);
    uint64_t offset = uc->uc_mcontext.pc - (uint64_t)plain;

    (void)sig;
    (void)info;
    if (offset > 400) return; /* elsewhere */
    hits++;
    /* Sixteen loads come before the loop, and the turn's count before its additions. */
    if (offset < 64 || offset > 64 + 4 * (REGISTERS + 2)) return;
    unsigned at = (unsigned)(offset - 64) / 4;
    uint64_t turns = uc->uc_mcontext.regs[4];
    bool right = at == 0 ? holds(fp->v, turns + 1, 0, 0) : holds(fp->v, turns, at - 1, 0);
    inside++;
    if (!right) wrong++;
}

static void set_out(uint32_t state[32][4])
{
    for (unsigned n = 0; n < REGISTERS; n++)
        for (unsigned lane = 0; lane < 4; lane++) state[n][lane] = start_of(n, lane);
    for (unsigned lane = 0; lane < 4; lane++) state[31][lane] = lane + 1;
}

int main(void)
{
    static uint32_t state[32][4];
    void *none = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    install(SIGSEGV, check_fault, 0);
    set_out(state);
    faulting(TURNS, none, state, 0, 0);
    CHECK(hits == LOADS * TURNS && wrong == 0);
    CHECK(holds(state, TURNS, REGISTERS, changes));

    hits = wrong = 0;
    install(SIGALRM, check_tick, 0);
    struct itimerval often = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    uint64_t turns = 0;
    setitimer(ITIMER_REAL, &often, NULL);
    while (hits < 200 && turns < UINT64_C(1) << 30) {
        set_out(state);
        plain(200000, NULL, state, 0, 0);
        turns += 200000;
        if (!holds(state, 200000, REGISTERS, 0)) wrong++;
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(hits >= 200 && inside > hits / 2 && wrong == 0);
    return done();
}
