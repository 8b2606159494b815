/*
 * Runs the functions that flow-generate makes, each from several random states, and prints a digest
 * of all that a program can see: at each fault the signal frame's registers, NZCV and vectors, at
 * the end those and memory. A handler leaves the function, goes on behind the faulting instruction,
 * or changes registers and NZCV and has it tried again.
 *
 *   guest [FUNCTION [RUN]]    with arguments: only these, and all that is digested is shown
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#define RUNS       9
#define MAX_FAULTS 60
#define MEMORY     0x10000000u
#define SIZE       (3u * 4096)
#define AROUND     0x10000u /* bytes before and behind that are there, but for nobody */

struct registers {
    uint64_t x[29], x30, nzcv, unused;
    uint64_t v[32][2];
};

void flow_enter(struct registers *r, void (*function)(void));
void flow_exit(void);
extern void (*const flow_functions[])(void);
extern const uint32_t flow_count;

/* flow_enter loads everything and jumps; flow_exit stores it and returns. */
asm(".text\n"
    ".global flow_enter, flow_exit\n"
    "flow_enter:\n"
    " stp x29, x30, [sp, #-176]!\n stp x19, x20, [sp, #16]\n stp x21, x22, [sp, #32]\n"
    " stp x23, x24, [sp, #48]\n stp x25, x26, [sp, #64]\n stp x27, x28, [sp, #80]\n"
    " stp d8, d9, [sp, #96]\n stp d10, d11, [sp, #112]\n stp d12, d13, [sp, #128]\n"
    " stp d14, d15, [sp, #144]\n stp x0, x1, [sp, #160]\n"
    " mov x29, x0\n ldr x1, [x29, #240]\n msr nzcv, x1\n"
    " ldp q0, q1, [x29, #256]\n ldp q2, q3, [x29, #288]\n"
    " ldp q4, q5, [x29, #320]\n ldp q6, q7, [x29, #352]\n"
    " ldp q8, q9, [x29, #384]\n ldp q10, q11, [x29, #416]\n"
    " ldp q12, q13, [x29, #448]\n ldp q14, q15, [x29, #480]\n"
    " ldp q16, q17, [x29, #512]\n ldp q18, q19, [x29, #544]\n"
    " ldp q20, q21, [x29, #576]\n ldp q22, q23, [x29, #608]\n"
    " ldp q24, q25, [x29, #640]\n ldp q26, q27, [x29, #672]\n"
    " ldp q28, q29, [x29, #704]\n ldp q30, q31, [x29, #736]\n"
    " ldp x2, x3, [x29, #16]\n ldp x4, x5, [x29, #32]\n"
    " ldp x6, x7, [x29, #48]\n ldp x8, x9, [x29, #64]\n ldp x10, x11, [x29, #80]\n"
    " ldp x12, x13, [x29, #96]\n ldp x14, x15, [x29, #112]\n ldp x16, x17, [x29, #128]\n"
    " ldp x18, x19, [x29, #144]\n ldp x20, x21, [x29, #160]\n ldp x22, x23, [x29, #176]\n"
    " ldp x24, x25, [x29, #192]\n ldp x26, x27, [x29, #208]\n ldp x28, x30, [x29, #224]\n"
    " ldp x0, x1, [x29]\n ldr x29, [sp, #168]\n br x29\n"
    "flow_exit:\n"
    " ldr x29, [sp, #160]\n stp x0, x1, [x29]\n stp x2, x3, [x29, #16]\n"
    " stp x4, x5, [x29, #32]\n stp x6, x7, [x29, #48]\n stp x8, x9, [x29, #64]\n"
    " stp x10, x11, [x29, #80]\n stp x12, x13, [x29, #96]\n stp x14, x15, [x29, #112]\n"
    " stp x16, x17, [x29, #128]\n stp x18, x19, [x29, #144]\n stp x20, x21, [x29, #160]\n"
    " stp x22, x23, [x29, #176]\n stp x24, x25, [x29, #192]\n stp x26, x27, [x29, #208]\n"
    " stp x28, x30, [x29, #224]\n mrs x1, nzcv\n str x1, [x29, #240]\n"
    " stp q0, q1, [x29, #256]\n stp q2, q3, [x29, #288]\n"
    " stp q4, q5, [x29, #320]\n stp q6, q7, [x29, #352]\n"
    " stp q8, q9, [x29, #384]\n stp q10, q11, [x29, #416]\n"
    " stp q12, q13, [x29, #448]\n stp q14, q15, [x29, #480]\n"
    " stp q16, q17, [x29, #512]\n stp q18, q19, [x29, #544]\n"
    " stp q20, q21, [x29, #576]\n stp q22, q23, [x29, #608]\n"
    " stp q24, q25, [x29, #640]\n stp q26, q27, [x29, #672]\n"
    " stp q28, q29, [x29, #704]\n stp q30, q31, [x29, #736]\n"
    " ldp x19, x20, [sp, #16]\n ldp x21, x22, [sp, #32]\n"
    " ldp x23, x24, [sp, #48]\n ldp x25, x26, [sp, #64]\n ldp x27, x28, [sp, #80]\n"
    " ldp d8, d9, [sp, #96]\n ldp d10, d11, [sp, #112]\n ldp d12, d13, [sp, #128]\n"
    " ldp d14, d15, [sp, #144]\n ldp x29, x30, [sp], #176\n ret\n");

static uint64_t seed, digest;
static unsigned faults, way;
static uint64_t start; /* of the function */
static int shows;

static uint64_t next(void)
{
    uint64_t z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void see(const char *what, uint64_t value)
{
    digest = (digest ^ value) * UINT64_C(0x100000001b3);
    digest ^= digest >> 29;
    if (shows && what) printf(" %s %" PRIx64, what, value);
}

static void see_numbered(char kind, unsigned n, uint64_t value)
{
    char name[8];
    snprintf(name, sizeof name, "%c%u", kind, n);
    see(name, value);
}

/* --- faults -------------------------------------------------------------------------------------
 */

static void see_frame(int sig, const ucontext_t *uc)
{
    const struct fpsimd_context *f = (const void *)uc->uc_mcontext.__reserved;
    /* That the PC is misaligned has precedence over what lies there (Arm ARM, prioritization of
     * synchronous exceptions): SIGBUS. qemu looks there first. */
    see("signal", uc->uc_mcontext.pc % 4 ? SIGBUS : (uint64_t)sig);
    see("pc", uc->uc_mcontext.pc - start);
    see("nzcv", uc->uc_mcontext.pstate >> 28 & 15);
    for (unsigned n = 0; n < 31; n++)
        if (n != 29) see_numbered('x', n, uc->uc_mcontext.regs[n]);
    for (unsigned n = 0; n < 32; n++) {
        see_numbered('d', n, (uint64_t)f->vregs[n]);
        see_numbered('h', n, (uint64_t)(f->vregs[n] >> 64));
    }
    if (shows) putchar('\n');
}

static void repair(ucontext_t *uc)
{
    for (unsigned n = 24; n < 27; n++) {
        uint64_t v = uc->uc_mcontext.regs[n];
        if (v < MEMORY + 64 || v > MEMORY + SIZE - 256)
            uc->uc_mcontext.regs[n] = MEMORY + 64 + (faults * 264 + n * 40) % (SIZE - 512);
    }
    if (faults % 5 == 0) uc->uc_mcontext.pstate ^= (uint64_t)(faults / 5 % 16) << 28;
    if (faults % 7 == 0) uc->uc_mcontext.regs[faults % 20] ^= 1;
    if (faults % 3 == 0) uc->uc_mcontext.pc += 4;
}

static void handler(int sig, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    (void)info;
    faults++;
    see_frame(sig, uc);
    if (way == 0 || faults > MAX_FAULTS)
        uc->uc_mcontext.pc = (uint64_t)flow_exit;
    else if (way == 1)
        uc->uc_mcontext.pc += 4;
    else
        repair(uc);
}

static void catch_faults(void)
{
    static char stack[1 << 16];
    const stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    const struct sigaction action = {.sa_sigaction = handler,
                                     .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigaltstack(&alternate, NULL);
    sigaction(SIGSEGV, &action, NULL);
    sigaction(SIGBUS, &action, NULL);
    sigaction(SIGILL, &action, NULL);
}

/* --- runs ---------------------------------------------------------------------------------------
 */

static uint64_t *make_memory(void)
{
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
    void *around = mmap((void *)(MEMORY - AROUND), SIZE + 2 * AROUND, PROT_NONE, flags, -1, 0);
    void *memory = mmap((void *)MEMORY, SIZE, PROT_READ | PROT_WRITE, flags, -1, 0);
    if (around == MAP_FAILED || memory == MAP_FAILED) exit(1);
    return memory;
}

static void random_registers(struct registers *r)
{
    static const uint64_t often[16] = {
        0,          1,         2,          3,           5,  8,   UINT64_MAX, UINT64_MAX - 1,
        0x80000000, INT32_MAX, UINT32_MAX, 0x100000000, 64, 255, 1,          2};
    static const double numbers[8] = {0, -0.0, 1, 2, -1, 3.5, 1e300, 0.0 / 0.0};
    for (unsigned n = 0; n < 24; n++) r->x[n] = next() % 4 ? often[next() % 16] : next();
    for (unsigned n = 24; n < 27; n++)
        r->x[n] = MEMORY + 64 + 8 * (next() % 40) + (next() % 2 ? SIZE - 448 : 0);
    if (next() % 2) r->x[20] = r->x[24];
    if (next() % 2) r->x[5] = r->x[25] + 64;
    r->x[27] = MEMORY + SIZE / 2;
    r->x[28] = 20 + next() % 60;
    r->x30 = 0x1234567;
    r->nzcv = next() % 16 << 28;
    for (unsigned n = 0; n < 32; n++) {
        r->v[n][0] = r->v[n][1] = next() >> next() % 64;
        if (n < 8) memcpy(&r->v[n][0], &numbers[next() % 8], 8);
        if (n < 8) r->v[n][1] = 0;
    }
}

static void run(uint32_t function, uint32_t number, uint64_t *memory)
{
    struct registers r = {0};
    seed = function * UINT64_C(1000003) + number;
    way = number % 3;
    digest = UINT64_C(0xcbf29ce484222325);
    faults = 0;
    start = (uint64_t)flow_functions[function];
    for (unsigned n = 0; n < SIZE / 8; n++) memory[n] = next() % 4 ? next() % 8 : next();
    random_registers(&r);
    flow_enter(&r, flow_functions[function]);
    for (unsigned n = 0; n < 29; n++) see_numbered('x', n, r.x[n]);
    see("x30", r.x30);
    see("nzcv", r.nzcv >> 28);
    for (unsigned n = 0; n < 32; n++) {
        see_numbered('d', n, r.v[n][0]);
        see_numbered('h', n, r.v[n][1]);
    }
    for (unsigned n = 0; n < SIZE / 8; n++) see(NULL, memory[n]);
    printf("%s%u %u: %u faults, %016" PRIx64 "\n", shows ? "\n" : "", function, number, faults,
           digest);
}

int main(int argc, char **argv)
{
    uint64_t *memory = make_memory();
    catch_faults();
    shows = argc > 1;
    for (uint32_t f = 0; f < flow_count; f++)
        for (uint32_t n = 0; n < RUNS; n++) {
            if (argc > 1 && f != strtoul(argv[1], NULL, 0)) continue;
            if (argc > 2 && n != strtoul(argv[2], NULL, 0)) continue;
            run(f, n, memory);
        }
    return 0;
}
