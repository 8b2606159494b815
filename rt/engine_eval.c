/*
 * The evaluator as an engine: lifts a region once, keeps its IR, and evaluates it. It is the slow
 * thing behind the fast ones, and right by construction: guest state is exact at every instruction.
 *
 * Regions hang in one hash table by guest address. A region that was invalidated leaves the table
 * but keeps its memory, since other threads may be in it; it costs some kilobytes each time. Each
 * thread has a small direct-mapped cache in front of the table, dropped when the epoch moves.
 * Lifting is done without the lock (it reads the guest's map, whose lock comes first), in an arena
 * of the thread's that outlives it; the result counts only if no invalidation came in between.
 */
#include "rt/engine.h"

#include "aot/abi/translation.h"
#include "rt/lock.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/stats.h"
#include "rt/thread.h"
#include "rt/translate.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS     65536u
#define CACHE_SIZE  1024u
#define TURN_BUDGET 20000u /* guest instructions between two looks at attention */

struct eval_region {
    u64 pc;
    struct guest_range range;
    struct ir_func *func;
    struct eval_region *next;
};

struct eval_thread {
    struct arena scratch;
    struct arena lifted; /* regions; never freed */
    struct arena once;   /* a region that isn't kept */
    sigjmp_buf out;
    bool evaluating; /* a fault now is the guest's */
    struct engine_exit exit;
    u32 epoch;
    struct eval_region *cache[CACHE_SIZE];
};

static struct lock lock; /* LOCK_TRANSLATE */
static struct eval_region *bucket[BUCKETS];
static u32 epoch;                                        /* invalidations that hit a region */
static u32 invalidations;                                /* all of them */
static u64 translated_low = UINT64_MAX, translated_high; /* span of all regions */

static struct eval_region **bucket_of(u64 pc)
{
    return &bucket[(pc >> 2 ^ pc >> 18) % BUCKETS];
}

static bool eval_init(void)
{
    return true;
}

static bool eval_thread_init(struct thread *t)
{
    struct eval_thread *e = calloc(1, sizeof(*e));

    if (e == NULL) return false;
    arena_init(&e->scratch);
    arena_init(&e->lifted);
    arena_init(&e->once);
    t->engine = e;
    return true;
}

static void eval_thread_exit(struct thread *t)
{
    struct eval_thread *e = t->engine;

    t->engine = NULL;
    if (e == NULL) return;
    arena_free(&e->scratch);
    arena_free(&e->once);
    free(e);
}

static struct eval_region *look_up(u64 pc)
{
    struct eval_region *r = *bucket_of(pc);

    while (r != NULL && r->pc != pc) r = r->next;
    return r;
}

/* Enters a region unless another thread has, or code has changed since; the one that counts. */
static struct eval_region *publish(struct eval_region *r, u32 seen)
{
    struct eval_region *there;

    lock_take(&lock);
    there = look_up(r->pc);
    if (there == NULL && seen == invalidations) {
        r->next = *bucket_of(r->pc);
        *bucket_of(r->pc) = there = r;
        if (r->range.start < translated_low) translated_low = r->range.start;
        if (r->range.end > translated_high) translated_high = r->range.end;
        stats_add(STAT_REGIONS, 1);
    }
    lock_drop(&lock);
    return there;
}

static struct eval_region *find(u64 pc)
{
    struct eval_region *r;

    lock_take(&lock);
    r = look_up(pc);
    lock_drop(&lock);
    return r;
}

static struct eval_region *find_or_lift(struct eval_thread *e, u64 pc,
                                        enum translate_status *status)
{
    struct eval_region *r = find(pc);
    u32 limit = 0;

    while (r == NULL) {
        u32 seen = __atomic_load_n(&invalidations, __ATOMIC_ACQUIRE);
        struct eval_region *made = arena_zalloc(&e->lifted, sizeof(*made));

        made->pc = pc;
        *status = translate_lift_range(&e->lifted, pc, limit, &made->func, &made->range);
        if (*status == TRANSLATE_OK)
            r = publish(made, seen);
        else if (*status != TRANSLATE_TOO_BIG || limit == 1)
            return NULL;
        else
            limit = limit == 0 ? 32 : limit / 2;
    }
    return r;
}

/* Code that may change unseen is lifted anew each time. */
static struct eval_region *lift_once(struct eval_thread *e, u64 pc, enum translate_status *status)
{
    arena_reset(&e->once);
    struct eval_region *r = arena_zalloc(&e->once, sizeof(*r));

    r->pc = pc;
    *status = translate_lift_range(&e->once, pc, 0, &r->func, &r->range);
    return *status == TRANSLATE_OK ? r : NULL;
}

static struct eval_region *region_at(struct thread *t, u64 pc, enum translate_status *status)
{
    struct eval_thread *e = t->engine;
    struct eval_region **cached = &e->cache[(pc >> 2) % CACHE_SIZE], *r;

    if (e->epoch != __atomic_load_n(&epoch, __ATOMIC_ACQUIRE)) {
        memset(e->cache, 0, sizeof(e->cache));
        e->epoch = __atomic_load_n(&epoch, __ATOMIC_ACQUIRE);
    }
    if (*cached != NULL && (*cached)->pc == pc) return *cached;
    if (mm_code_is_shared(pc)) return lift_once(e, pc, status);
    r = find_or_lift(e, pc, status);
    if (r != NULL) *cached = r;
    return r;
}

static u64 drop_tag(u64 pc)
{
    return bits(pc, 55, 1) != 0 ? pc | UINT64_C(0xff) << 56 : pc & ~(UINT64_C(0xff) << 56);
}

static struct engine_exit trap_exit(enum trap_reason reason, u16 imm)
{
    return (struct engine_exit){.kind = ENGINE_TRAP, .reason = (u8)reason, .imm = imm};
}

/* Evaluates from state.pc; false when *exit is set. */
static bool turn(struct thread *t, struct engine_exit *out)
{
    struct eval_thread *e = t->engine;
    enum translate_status status = TRANSLATE_OK;
    u64 budget = TURN_BUDGET;
    struct translate_exit x;
    struct eval_region *r;

    t->state.pc = drop_tag(t->state.pc);
    r = region_at(t, t->state.pc, &status);
    if (r == NULL) {
        *out = trap_exit(status == TRANSLATE_DEFECT ? TRAP_UNDEFINED : TRAP_FETCH, 0);
        return false;
    }
    arena_reset(&e->scratch);
    e->evaluating = true;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    x = translate_evaluate(r->func, &t->state, &e->scratch, &budget);
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    e->evaluating = false;
    if (x.reason == TRAP_NONE || x.reason == TRAP_LIMIT || x.reason == TRAP_FPCR) return true;
    *out = trap_exit((enum trap_reason)x.reason, x.imm);
    return false;
}

static struct engine_exit eval_run(struct thread *t)
{
    struct eval_thread *e = t->engine;
    struct engine_exit out;

    if (sigsetjmp(e->out, 0) != 0) {
        stats_add(STAT_FAULTS, 1);
        return e->exit;
    }
    for (;;) {
        if ((__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) != 0)
            return (struct engine_exit){.kind = ENGINE_ATTENTION};
        if (!turn(t, &out)) return out;
    }
}

/* Where a host handler sends the thread after a guest fault. */
static void leave_evaluator(struct eval_thread *e)
{
    siglongjmp(e->out, 1);
}

static bool eval_fault(struct thread *t, int sig, siginfo_t *info, ucontext_t *uc)
{
    struct eval_thread *e = t->engine;
    greg_t *reg = uc->uc_mcontext.gregs;

    if (e == NULL || !e->evaluating || (sig != SIGSEGV && sig != SIGBUS)) return false;
    e->evaluating = false;
    e->exit = (struct engine_exit){
        .kind = ENGINE_FAULT, .signo = sig, .code = info->si_code, .address = (u64)info->si_addr};
    if (info->si_code == SI_KERNEL) /* a non-canonical address: no Linux/arm64 mapping is there */
        e->exit.code = SEGV_MAPERR;
    reg[REG_RDI] = (greg_t)e;
    reg[REG_RIP] = (greg_t)leave_evaluator;
    reg[REG_RSP] = (greg_t)(ALIGN_DOWN((u64)reg[REG_RSP] - 256, (u64)16) - 8);
    return true;
}

static void eval_interrupt(struct thread *t, ucontext_t *uc)
{
    (void)t;
    (void)uc; /* run() looks often enough */
}

static void eval_invalidate(u64 start, u64 end)
{
    bool hit = false;

    lock_take(&lock);
    __atomic_add_fetch(&invalidations, 1, __ATOMIC_RELEASE);
    for (u32 i = 0; i < BUCKETS && end > translated_low && start < translated_high; i++) {
        struct eval_region **link = &bucket[i];

        while (*link != NULL) {
            if ((*link)->range.start < end && (*link)->range.end > start) {
                *link = (*link)->next;
                hit = true;
            } else {
                link = &(*link)->next;
            }
        }
    }
    if (hit) {
        stats_add(STAT_INVALIDATIONS, 1);
        __atomic_add_fetch(&epoch, 1, __ATOMIC_RELEASE);
    }
    lock_drop(&lock);
}

static void eval_before_fork(struct thread *t)
{
    (void)t;
    lock_take(&lock);
}

static void eval_after_fork(struct thread *t, bool child)
{
    (void)t;
    if (child)
        lock_reset(&lock);
    else
        lock_drop(&lock);
}

const struct engine engine_eval = {
    .name = "eval",
    .init = eval_init,
    .thread_init = eval_thread_init,
    .thread_exit = eval_thread_exit,
    .run = eval_run,
    .fault = eval_fault,
    .interrupt = eval_interrupt,
    .invalidate = eval_invalidate,
    .before_fork = eval_before_fork,
    .after_fork = eval_after_fork,
};
