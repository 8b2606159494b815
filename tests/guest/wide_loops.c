/*
 * Loops over words, which the translator may do several turns of at once: each has a twin with an
 * instruction that keeps it from that. What a handler of faults sees, registers, flags, place and
 * memory, wherever the fault is, and what is there at the end, must be the same for both.
 */
#include "check.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#define TURNS 70
#define MOST  44  /* elements in front of a fault */
#define USED  110 /* elements on each side of the middle */
#define PAGE  4096
#define SPAN  (4 * PAGE)
#define TAG   (0x5aul << 56)

/* x0, x4: what is stored; x1 and x4: what is loaded; x2: turns; w3, w9 to w12: values; x7: index.
 * The head is the second instruction. */
#define LOOP(name, body, branch)                                                                   \
    ONE_LOOP("fast_" #name, body, "", branch)                                                      \
    ONE_LOOP("slow_" #name, body, "ldr x16, [sp]\n", branch)                                       \
    void fast_##name(void);                                                                        \
    void slow_##name(void)
#define ONE_LOOP(name, body, more, branch)                                                         \
    __asm__(".text\n.type " name ", %function\n.globl " name "\n" name ":\nmov x16, #0\n"          \
            "1:\n" body more branch " 1b\nret\n.size " name ", . - " name "\n");

LOOP(add, "ldr w5, [x1], #4\nadd w5, w5, w3\nstr w5, [x0], #4\nsubs x2, x2, #1\n", "b.ne");
LOOP(fill, "str w3, [x0], #4\nsubs x2, x2, #1\n", "b.ne");
LOOP(two,
     "ldr w5, [x1], #4\neor w5, w5, w3\nstr w5, [x0], #4\nmul w8, w5, w9\nstr w8, [x4], #4\n"
     "subs x2, x2, #1\n",
     "b.ne");
LOOP(down, "ldr w5, [x1, #-4]!\nsub w5, w5, w3\nstr w5, [x0, #-4]!\nsubs x2, x2, #1\n", "b.ne");
LOOP(down_two,
     "ldr w5, [x1, #-4]!\nsub w5, w5, w3\nstr w5, [x4, #-4]!\nstr w5, [x0, #-4]!\n"
     "subs x2, x2, #1\n",
     "b.ne");
LOOP(sums,
     "ldr w5, [x1], #4\nldr w8, [x4], #4\nadd w6, w6, w5\nsub w5, w5, w3\nadd w9, w9, w5\n"
     "eor w8, w8, w3\nadd w10, w10, w8\nsubs x2, x2, #1\n",
     "b.ne");
LOOP(index,
     "ldr w5, [x1, x7, lsl #2]\nldr w8, [x4, x7, lsl #2]\nadd w5, w5, w8\n"
     "str w5, [x0, x7, lsl #2]\nadd x7, x7, #1\ncmp x7, x2\n",
     "b.lo");
LOOP(filter,
     "mul w5, w9, w3\nmadd w5, w10, w12, w5\nmov w10, w9\nldr w9, [x1], #4\n"
     "asr w5, w5, #3\nsub w5, w9, w5\nstr w5, [x0], #4\nsubs x2, x2, #1\n",
     "b.ne");
LOOP(pairs,
     "ldr w5, [x1, #4]\nldr w8, [x1], #8\nadd w5, w5, w3\nstr w5, [x0, #4]\n"
     "add w8, w8, w3\nstr w8, [x0], #8\nsubs x2, x2, #2\n",
     "b.ne");
LOOP(ahead,
     "ldr w5, [x0, #80]\nadd w5, w5, w3\nstr w5, [x0], #4\nstr w3, [x4], #4\n"
     "subs x2, x2, #1\n",
     "b.ne");

LOOP(in_place, "ldr w5, [x0]\nadd w5, w5, w3\nstr w5, [x0], #4\nsubs x2, x2, #1\n", "b.ne");
LOOP(closer,
     "ldr w5, [x0, #4]\nldr w8, [x1], #4\neor w5, w5, w8\nstr w5, [x0], #4\n"
     "subs x2, x2, #1\n",
     "b.ne");
LOOP(lower, "ldr w5, [x0, #-4]!\nmul w5, w5, w9\nstr w5, [x0]\nsubs x2, x2, #1\n", "b.ne");
LOOP(both,
     "ldp w5, w8, [x0]\nadd w5, w5, w3\nsub w8, w8, w3\nstr w5, [x0], #4\nstr w8, [x0], #4\n"
     "subs x2, x2, #2\n",
     "b.ne");

static const struct loop {
    const char *name;
    void (*way[2])(void);
    int down;
} loops[] = {{"add", {fast_add, slow_add}, 0},
             {"fill", {fast_fill, slow_fill}, 0},
             {"two", {fast_two, slow_two}, 0},
             {"down", {fast_down, slow_down}, 1},
             {"down_two", {fast_down_two, slow_down_two}, 1},
             {"sums", {fast_sums, slow_sums}, 0},
             {"index", {fast_index, slow_index}, 0},
             {"filter", {fast_filter, slow_filter}, 0},
             {"pairs", {fast_pairs, slow_pairs}, 0},
             {"ahead", {fast_ahead, slow_ahead}, 0},
             {"in_place", {fast_in_place, slow_in_place}, 0},
             {"closer", {fast_closer, slow_closer}, 0},
             {"lower", {fast_lower, slow_lower}, 1},
             {"both", {fast_both, slow_both}, 0}};
#define LOOPS (sizeof loops / sizeof loops[0])

struct registers {
    uint64_t x[16], nzcv;
};

/* Calls a loop with these registers, and leaves there what it leaves. */
void call(void (*loop)(void), struct registers *r);
__asm__(
    ".text\n.type call, %function\ncall:\nstp x29, x30, [sp, #-32]!\nstr x1, [sp, #16]\n"
    "mov x17, x0\nmov x16, x1\nldp x0, x1, [x16]\nldp x2, x3, [x16, #16]\n"
    "ldp x4, x5, [x16, #32]\nldp x6, x7, [x16, #48]\nldp x8, x9, [x16, #64]\n"
    "ldp x10, x11, [x16, #80]\nldp x12, x13, [x16, #96]\nldp x14, x15, [x16, #112]\n"
    "blr x17\nldr x16, [sp, #16]\nstp x0, x1, [x16]\nstp x2, x3, [x16, #16]\n"
    "stp x4, x5, [x16, #32]\nstp x6, x7, [x16, #48]\nstp x8, x9, [x16, #64]\n"
    "stp x10, x11, [x16, #80]\nstp x12, x13, [x16, #96]\nstp x14, x15, [x16, #112]\n"
    "mrs x17, nzcv\nstr x17, [x16, #128]\nldp x29, x30, [sp], #32\nret\n.size call, . - call\n");

/* Arrays, which can be seen by another way too. The loops go over the middle, from below or above.
 */
static struct area {
    int fd;
    char *base, *shadow;
    long size; /* bytes that the file has */
} areas[3];
static int fresh[3][2 * USED];
static const unsigned area_of[3] = {0, 1, 4}; /* the register that has it */

/* What a handler, or the end, sees. */
static struct event {
    struct registers r;
    uint64_t pc, address, memory;
    int signo, code;
} events[2][4];
static unsigned happened[2], way;
static void (*running)(void);
static sigjmp_buf out;
static int jumps; /* out of handlers of faults */
static int near;  /* the half that the loop starts in is the one with faults */

static uint64_t hash_memory(void)
{
    uint64_t h = 1;
    for (int a = 0; a < 3; a++) {
        const uint64_t *p = (uint64_t *)(areas[a].shadow + SPAN / 2);
        long end = areas[a].size < SPAN ? 0 : USED / 2;
        for (long k = -USED / 2; k < end; k++) h = (h ^ p[k]) * 0x9e3779b97f4a7c15u;
    }
    return h;
}

static struct event *new_event(void)
{
    struct event *e = &events[way][happened[way] < 3 ? happened[way] : 3];
    happened[way]++;
    memset(e, 0, sizeof *e);
    e->memory = hash_memory();
    return e;
}

static void allow_all(void)
{
    for (int a = 0; a < 3; a++) {
        struct area *area = &areas[a];
        if (area->size < SPAN) {
            area->size = SPAN;
            if (ftruncate(area->fd, SPAN)) abort();
        } else if (mprotect(area->base, SPAN, PROT_READ | PROT_WRITE)) {
            abort();
        }
    }
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    struct event *e = new_event();
    memcpy(e->r.x, m->regs, sizeof e->r.x);
    e->r.nzcv = m->pstate & 0xf0000000;
    e->pc = m->pc - (uintptr_t)running;
    e->address = (uintptr_t)info->si_addr;
    e->signo = sig;
    e->code = info->si_code;
    allow_all();
    if (jumps) siglongjmp(out, 1);
}

/* One way of the loop, from fresh memory, with the area's far half as `set` makes it. */
enum what { NOTHING, NO_ACCESS, READ_ONLY, NO_FILE };
static void run(const struct loop *l, unsigned which, struct registers r, unsigned a,
                enum what what)
{
    way = which;
    happened[way] = 0;
    for (int k = 0; k < 3; k++) memcpy(areas[k].shadow + SPAN / 2 - 4 * USED, fresh[k], 8 * USED);
    char *half = areas[a].base + (l->down != near ? 0 : SPAN / 2);
    int access = what == READ_ONLY ? PROT_READ : PROT_NONE;
    if (what == NO_FILE && (areas[a].size = SPAN / 2, ftruncate(areas[a].fd, SPAN / 2))) abort();
    if ((what == NO_ACCESS || what == READ_ONLY) && mprotect(half, SPAN / 2, access)) abort();
    running = l->way[way];
    if (!jumps || !sigsetjmp(out, 1)) call(running, &r);
    if (what != NOTHING) allow_all();
    struct event *e = new_event();
    if (!jumps || happened[way] == 1) e->r = r;
}

static struct registers arguments(const struct loop *l, const long first[3])
{
    struct registers r = {
        .x = {[2] = TURNS, [3] = 77, [6] = 5, [9] = 3, [10] = 0x80000001, [12] = 9}};
    long end = (long)strlen(l->name) & 1; /* some other bits above those of words */
    for (int a = 0; a < 3; a++)
        r.x[area_of[a]] = (uintptr_t)(areas[a].base + SPAN / 2 + 4 * first[a]);
    r.x[5] = 0xabcd00000000 * (unsigned long)end;
    return r;
}

static int is_same(void)
{
    return happened[0] == happened[1] &&
           !memcmp(events[0], events[1], happened[0] * sizeof events[0][0]);
}

static void compare(const struct loop *l, struct registers r, unsigned a, enum what what, long at)
{
    for (unsigned k = 0; k < 2; k++) run(l, k, r, a, what);
    CHECK(is_same());
    if (!is_same())
        printf("%s: area %u, %d, near %d, jumps %d, at %ld: %u and %u events, the first at +%lx "
               "and +%lx\n",
               l->name, a, what, near, jumps, at, happened[0], happened[1], events[0][0].pc,
               events[1][0].pc);
}

/* Faults from each number of elements on, or in so many first ones. */
static void test_faults(const struct loop *l)
{
    unsigned faults = 0;
    for (unsigned a = 0; a < 3; a++)
        for (int what = NO_ACCESS; what <= NO_FILE; what++)
            for (long at = 0; at < MOST; at++) {
                long first[3];
                if (what == NO_FILE && l->down != near) continue;
                for (unsigned k = 0; k < 3; k++)
                    first[k] = (k == a   ? at + near
                                : at & 1 ? 60 + at / 2
                                         : USED) *
                               (l->down ? 1 : -1);
                jumps = (int)(at + what) & 1;
                compare(l, arguments(l, first), a, what, at);
                jumps ^= 1;
                compare(l, arguments(l, first), a, what, at);
                faults += happened[0] > 1;
            }
    CHECK(faults > 30);
    jumps = 0;
}

/* Each distance between what is stored and what is loaded. */
static void test_overlaps(const struct loop *l)
{
    for (long at = -40; at <= 40; at++) {
        struct registers r = arguments(l, (long[3]){0, 0, 0});
        long side = l->down ? 40 : -40;
        r.x[0] = (uintptr_t)(areas[0].base + SPAN / 2 + 4 * side);
        r.x[1] = r.x[0] + (uintptr_t)(4 * at);
        compare(l, r, 0, NOTHING, at);
        r.x[1] = (uintptr_t)(areas[1].base + SPAN / 2 + 4 * side);
        r.x[4] = r.x[0] + (uintptr_t)(4 * at);
        compare(l, r, 0, NOTHING, at);
        r.x[4] = r.x[1] + (uintptr_t)(4 * at + (at & 2 ? 2 : 0));
        compare(l, r, 0, NOTHING, at);
    }
}

static void test_tags(const struct loop *l)
{
    long middle = l->down ? 40 : -40;
    for (unsigned which = 1; which < 8; which++) {
        struct registers r = arguments(l, (long[3]){middle, middle, middle});
        for (unsigned a = 0; a < 3; a++) r.x[area_of[a]] |= which >> a & 1 ? TAG : 0;
        compare(l, r, 0, NOTHING, which);
        r.x[4] = (r.x[0] ^ TAG) + 20;
        compare(l, r, 0, NOTHING, which);
    }
}

/* --- signals from outside ------------------------------------------------------------------------
 */

#define LONG_TURNS 20000
static int from[LONG_TURNS], to[LONG_TURNS + 64];
static int seen, wrong;

/* In the loop `add`, which made `to` from `from`: as much is done as registers say. */
static void on_alarm(int sig, siginfo_t *info, void *context)
{
    const mcontext_t *m = &((ucontext_t *)context)->uc_mcontext;
    uint64_t at = m->pc - (uintptr_t)fast_add;
    (void)sig;
    (void)info;
    if (at < 4 || at > 20) return;
    long done = ((long)m->regs[0] - (long)to) / 4, left = (long)m->regs[2];
    seen++;
    if (done + left != LONG_TURNS + (at == 16)) wrong++;
    if (done && to[done - 1] != from[done - 1] + (int)m->regs[3]) wrong++;
    for (long k = done; k < done + 40; k++)
        wrong += to[k] == from[k % LONG_TURNS] + (int)m->regs[3];
    long loaded = ((long)m->regs[1] - (long)from) / 4;
    if (loaded != done + (at == 8 || at == 12)) wrong++;
}

static void test_timer(void)
{
    struct itimerval often = {{0, 100}, {0, 100}}, never = {{0, 0}, {0, 0}};
    install(SIGALRM, on_alarm, SA_RESTART);
    for (int k = 0; k < LONG_TURNS; k++) from[k] = k * 3;
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    for (int round = 1; round < 3000 && seen < 50; round++) {
        struct registers r = {.x = {(uintptr_t)to, (uintptr_t)from, LONG_TURNS, (unsigned)round}};
        call(fast_add, &r);
        CHECK(to[LONG_TURNS - 1] == from[LONG_TURNS - 1] + round);
    }
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    CHECK(seen && !wrong);
    if (wrong) printf("%d of %d seen\n", wrong, seen);
}

/* --- another thread ------------------------------------------------------------------------------
 */

static int stop;

static void *change(void *unused)
{
    (void)unused;
    for (int v = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); v ^= 0x01020304)
        for (int k = 0; k < 400; k++) __atomic_store_n(&from[k], v, __ATOMIC_RELAXED);
    return NULL;
}

static void test_threads(void)
{
    pthread_t other;
    CHECK(pthread_create(&other, NULL, change, NULL) == 0);
    for (int round = 0; round < 500; round++) {
        struct registers r = {.x = {(uintptr_t)to, (uintptr_t)from, 400}};
        call(fast_add, &r);
        int bad = 0;
        for (int k = 0; k < 400; k++) bad += to[k] && to[k] != 0x01020304;
        if (round)
            CHECK(!bad);
        else
            memset(from, 0, sizeof from);
    }
    __atomic_store_n(&stop, 1, __ATOMIC_RELAXED);
    CHECK(pthread_join(other, NULL) == 0);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int a = 0; a < 3; a++) {
        for (int k = 0; k < 2 * USED; k++) fresh[a][k] = k * 1234567 - 135000000 + a;
        areas[a].fd = memfd_create("area", 0);
        areas[a].size = SPAN;
        CHECK(ftruncate(areas[a].fd, SPAN) == 0);
        areas[a].base = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, areas[a].fd, 0);
        areas[a].shadow = mmap(NULL, SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, areas[a].fd, 0);
    }
    install(SIGSEGV, on_fault, SA_NODEFER);
    install(SIGBUS, on_fault, SA_NODEFER);
    for (int round = 0; round < 2; round++) { /* what becomes hot is translated meanwhile */
        for (unsigned n = 0; n < LOOPS; n++) test_overlaps(&loops[n]);
        usleep(100000);
    }
    for (unsigned n = 0; n < LOOPS; n++)
        for (near = 0; near < 2; near++) test_faults(&loops[n]);
    near = 0;
    test_timer();
    test_threads();
    for (unsigned n = 0; n < LOOPS; n++) test_tags(&loops[n]);
    return done();
}
