/*
 * Calls and returns that don't pair up, and jump tables: what a translator that returns by the
 * host's own return must still get right.
 */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

static volatile uint64_t sink;

/* --- depth --------------------------------------------------------------------------------------
 */

__attribute__((noinline)) static uint64_t sum_to(uint64_t n)
{
    uint64_t rest = n ? sum_to(n - 1) : 0;
    sink = n; /* no tail call */
    return n + rest;
}

static void *deep(void *arg)
{
    uint64_t n = 200000;
    *(uint64_t *)arg = sum_to(n) + sum_to(n);
    return NULL;
}

static void deeper_than_any_stack_of_frames(void)
{
    pthread_t thread;
    pthread_attr_t attr;
    uint64_t sum = 0;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 64 << 20);
    CHECK(pthread_create(&thread, &attr, deep, &sum) == 0);
    pthread_join(thread, NULL);
    CHECK(sum == 2 * (200000ull * 200001 / 2));
}

/* --- ways out of many frames --------------------------------------------------------------------
 */

static jmp_buf out;

__attribute__((noinline)) static int descend(int n)
{
    if (n < 0) return 0;
    if (!n) longjmp(out, 7);
    int r = descend(n - 1);
    sink = (uint64_t)n;
    return r + 1;
}

static void longjmp_drops_frames(void)
{
    volatile int caught = 0;
    for (volatile int i = 0; i < 2000; i++) {
        int r = setjmp(out);
        if (!r)
            descend(i % 100);
        else
            caught += r;
    }
    CHECK(caught == 7 * 2000);
    CHECK(sum_to(100) == 5050);
}

/* --- stacks that take turns ---------------------------------------------------------------------
 */

#define TASKS 5

static ucontext_t tasks[TASKS], scheduler;
static uint64_t turns[TASKS];

__attribute__((noinline)) static void take_turn(int task, int depth)
{
    if (depth) {
        take_turn(task, depth - 1);
        sink = (uint64_t)depth;
        return;
    }
    turns[task]++;
    swapcontext(&tasks[task], &scheduler);
}

static void run_task(int task)
{
    for (int i = 0; i < 200; i++) take_turn(task, i % 17 + task);
}

static void coroutines_return_to_their_own(void)
{
    static char stacks[TASKS][64 << 10];
    for (int i = 0; i < TASKS; i++) {
        getcontext(&tasks[i]);
        tasks[i].uc_stack.ss_sp = stacks[i];
        tasks[i].uc_stack.ss_size = sizeof stacks[i];
        tasks[i].uc_link = &scheduler;
        makecontext(&tasks[i], (void (*)(void))run_task, 1, i);
    }
    for (int round = 0; round < 201; round++)
        for (int i = 0; i < TASKS; i++) swapcontext(&scheduler, &tasks[i]);
    for (int i = 0; i < TASKS; i++) CHECK(turns[i] == 200);
}

/* --- return addresses that aren't the call's ----------------------------------------------------
 */

uint64_t skip_one(void), twice(void), call_by_jump(void), odd_link(uint64_t), get_pc(void);

__asm__("   .text\n"
        "skip:  add x30, x30, #4\n"
        "       ret\n"
        /* The callee returns behind the instruction that follows the call. */
        "   .globl skip_one\n"
        "skip_one:\n"
        "       mov x9, x30\n"
        "       mov x0, #1\n"
        "       bl skip\n"
        "       mov x0, #2\n"
        "       ret x9\n"
        /* One call, two returns to behind it. */
        "again: mov x10, x30\n"
        "       mov x0, #0\n"
        "       ret\n"
        "   .globl twice\n"
        "twice: mov x9, x30\n"
        "       mov x11, #0\n"
        "       bl again\n"
        "       add x11, x11, #1\n"
        "       cmp x11, #2\n"
        "       b.ge 1f\n"
        "       mov x30, x10\n"
        "       ret\n"
        "1:     mov x0, x11\n"
        "       ret x9\n"
        /* A call made of ADR and B. */
        "inner: mov x0, #42\n"
        "       br x30\n"
        "   .globl call_by_jump\n"
        "call_by_jump:\n"
        "       mov x9, x30\n"
        "       adr x30, 2f\n"
        "       b inner\n"
        "       mov x0, #0\n"
        "2:     br x9\n"
        /* BLR by the link register itself, and a tag in the address that is returned to. */
        "   .globl odd_link\n"
        "odd_link:\n"
        "       mov x9, x30\n"
        "       adr x30, 3f\n"
        "       blr x30\n"
        "       movk x9, #0x5500, lsl #48\n"
        "       ret x9\n"
        "3:     add x0, x0, #5\n"
        "       ret\n"
        /* A call that is only there for the address. */
        "   .globl get_pc\n"
        "get_pc:\n"
        "       mov x9, x30\n"
        "       bl 4f\n"
        "4:     mov x0, x30\n"
        "       adr x1, 4b\n"
        "       sub x0, x0, x1\n"
        "       ret x9\n");

static void odd_returns(void)
{
    for (int i = 0; i < 1000; i++) {
        CHECK(skip_one() == 1);
        CHECK(twice() == 2);
        CHECK(call_by_jump() == 42);
        CHECK(odd_link(37) == 42);
        CHECK(get_pc() == 0);
    }
}

/* --- where no code is ---------------------------------------------------------------------------
 */

static sigjmp_buf astray;
static volatile uintptr_t astray_at;

static void note_astray(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    astray_at = ((ucontext_t *)context)->uc_mcontext.pc;
    siglongjmp(astray, 1);
}

/* As a procedure linkage table does it, to any address. */
static void linkage_to_nowhere(void)
{
    install(SIGBUS, note_astray, 0);
    install(SIGSEGV, note_astray, 0);
    for (volatile uintptr_t to = 0; to < 9; to++) {
        astray_at = 77;
        if (!sigsetjmp(astray, 1)) __asm__ volatile("mov x17, %0\n br x17" ::"r"(to) : "x17");
        CHECK(astray_at == to);
    }
    signal(SIGBUS, SIG_DFL);
    signal(SIGSEGV, SIG_DFL);
}

/* --- signals in the middle ----------------------------------------------------------------------
 */

static volatile int ticks;
static sigjmp_buf from_handler;
static volatile int leave_by_jump;

static void tick(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)info;
    (void)context;
    ticks++;
    CHECK(sum_to(20) == 210);
    if (!leave_by_jump) return;
    leave_by_jump = 0;
    siglongjmp(from_handler, 1);
}

static void signals_while_calls_nest(void)
{
    struct itimerval every = {{0, 500}, {0, 500}}, never = {{0, 0}, {0, 0}};
    install(SIGALRM, tick, SA_NODEFER);
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; ticks < 100 && i < 1000000; i++) CHECK(sum_to(500) == 500 * 501 / 2);
    for (volatile int i = 0; i < 50; i++)
        if (!sigsetjmp(from_handler, 1))
            for (leave_by_jump = 1;;) sum_to(300);
    setitimer(ITIMER_REAL, &never, NULL);
    leave_by_jump = 0;
    CHECK(ticks >= 150);
}

/* However deep calls nest, a signal is not long in coming through. */
static void signals_while_many_return(void)
{
    struct itimerval every = {{0, 1000}, {0, 1000}}, never = {{0, 0}, {0, 0}};
    ticks = 0;
    setitimer(ITIMER_REAL, &every, NULL);
    for (int i = 0; i < 200; i++) CHECK(sum_to(20000) == 20000ull * 20001 / 2);
    for (volatile int i = 0; i < 100; i++)
        if (!setjmp(out)) descend(20000);
    CHECK(sum_to(1000) == 1000 * 1001 / 2);
    setitimer(ITIMER_REAL, &never, NULL);
}

/* --- code that goes away under its callers ------------------------------------------------------
 */

typedef uint64_t call_fn(uint64_t (*)(void *), void *, uint64_t);

static uint32_t *code;

static void write_code(uint32_t value)
{
    /* stp x29, x30, [sp, #-32]!; str x2, [sp, #16]; mov x3, x0; mov x0, x1; blr x3; ldr x2, [sp,
     * #16]; add x0, x2, #value; ldp x29, x30, [sp], #32; ret */
    const uint32_t words[] = {0xa9be7bfd,
                              0xf9000be2,
                              0xaa0003e3,
                              0xaa0103e0,
                              0xd63f0060,
                              0xf9400be2,
                              0x91000040 | value << 10,
                              0xa8c27bfd,
                              0xd65f03c0};
    memcpy(code, words, sizeof words);
    __builtin___clear_cache((char *)code, (char *)code + sizeof words);
}

static uint64_t change_caller(void *arg)
{
    write_code((uint32_t)(uintptr_t)arg);
    return 0;
}

static uint64_t nothing(void *arg)
{
    return (uintptr_t)arg;
}

/* What is behind the call is what was written while the call was under way. */
static void callers_that_change(void)
{
    code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    call_fn *call = (call_fn *)(void *)code;
    write_code(1);
    for (uintptr_t i = 2; i < 200; i++) {
        CHECK(call(nothing, NULL, 10) == 10 + i - 1);
        CHECK(call(change_caller, (void *)i, 10) == 10 + i);
    }
}

static void write_value(uint32_t *at, uint32_t value)
{
    at[0] = 0xd2800000 | value << 5; /* mov x0, #value; ret */
    at[1] = 0xd65f03c0;
    __builtin___clear_cache((char *)at, (char *)(at + 2));
}

/* Private code that goes on, or leads, into shared code, which another process changes. */
static void shared_code_behind(void)
{
    const size_t page = 65536;
    char *both = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    uint32_t *shared = (uint32_t *)(void *)(both + page), *before = shared - 16;
    const int all = PROT_READ | PROT_WRITE | PROT_EXEC;
    CHECK(mmap(shared, page, all, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == shared);
    for (int i = 0; i < 15; i++) before[i] = 0xd503201f; /* nop; b to the shared code; nop */
    before[7] = 0x14000009;
    before[15] = 0xd503201f;
    __builtin___clear_cache((char *)before, (char *)shared);
    CHECK(mprotect(both, page, PROT_READ | PROT_EXEC) == 0);
    uint64_t (*leads)(void) = (void *)before, (*goes_on)(void) = (void *)(before + 8);
    uint64_t (*itself)(void) = (void *)shared;
    write_value(shared, 7);
    for (int i = 0; i < 3000; i++) CHECK(leads() == 7 && goes_on() == 7 && itself() == 7);
    for (uint32_t value = 8; value < 12; value++) {
        pid_t child = fork();
        if (!child) {
            write_value(shared, value);
            _exit(0);
        }
        CHECK(waitpid(child, NULL, 0) == child);
        CHECK(leads() == value && goes_on() == value && itself() == value);
    }
}

/* --- jump tables --------------------------------------------------------------------------------
 */

/* A machine whose dispatch is a table of labels, and whose state stays in registers. */
__attribute__((noinline)) static uint64_t interpret(const uint8_t *program, uint64_t x)
{
    static const void *const label[] = {&&add, &&mul, &&xor, &&call, &&jump_back, &&stop};
    uint64_t y = 1, left = 3;
    goto *label[*program++];
add:
    x += y;
    goto *label[*program++];
mul:
    x *= 3;
    y += x;
    goto *label[*program++];
    xor : x ^= y << 7;
    goto *label[*program++];
call:
    y += sum_to(x & 7);
    goto *label[*program++];
jump_back:
    if (left) left--, program -= 5;
    goto *label[*program++];
stop:
    return x + y;
}

__attribute__((noinline)) static uint64_t step(unsigned op, uint64_t x)
{
    switch (op) {
    case 0: return x + 1;
    case 1: return x * 5;
    case 2: return x ^ 0x5555;
    case 3: return x >> 3;
    case 4: return sum_to(x & 15);
    case 5: return ~x;
    case 6: return x << 2;
    case 7: return x - 99;
    case 11: return x + op;
    default: return x;
    }
}

__attribute__((noinline)) static uint64_t step_by_tests(unsigned op, uint64_t x)
{
    if (op == 0) return x + 1;
    if (op == 1) return x * 5;
    if (op == 2) return x ^ 0x5555;
    if (op == 3) return x >> 3;
    if (op == 4) return sum_to(x & 15);
    if (op == 5) return ~x;
    if (op == 6) return x << 2;
    if (op == 7) return x - 99;
    return op == 11 ? x + op : x;
}

/* What interpret() does, without a table. */
__attribute__((noinline)) static uint64_t interpret_by_tests(const uint8_t *program, uint64_t x)
{
    uint64_t y = 1, left = 3;
    for (;; program++) {
        if (*program == 0)
            x += y;
        else if (*program == 1)
            x *= 3, y += x;
        else if (*program == 2)
            x ^= y << 7;
        else if (*program == 3)
            y += sum_to(x & 7);
        else if (*program != 4)
            return x + y;
        else if (left)
            left--, program -= 5;
    }
}

static void tables(void)
{
    static const uint8_t program[] = {0, 1, 2, 3, 0, 1, 2, 4, 1, 3, 5};
    uint64_t x = 12345, y = x;
    for (int i = 0; i < 1000; i++) x = interpret(program, x), y = interpret_by_tests(program, y);
    CHECK(x == y);
    x = y = 1;
    for (unsigned i = 0; i < 100000; i++) x = step(i % 13, x), y = step_by_tests(i % 13, y);
    CHECK(x == y);
}

int main(void)
{
    deeper_than_any_stack_of_frames();
    longjmp_drops_frames();
    coroutines_return_to_their_own();
    odd_returns();
    linkage_to_nowhere();
    signals_while_calls_nest();
    signals_while_many_return();
    callers_that_change();
    shared_code_behind();
    tables();
    return done();
}
