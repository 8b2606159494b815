/*
 * The translating engine: run(), which looks up or translates regions, enters them, and serves the
 * doors by which they leave.
 */
#include "rt/jit/image.h"
#include "rt/jit/jit.h"
#include "rt/jit/sample.h"

#include "aot/abi/fp_state.h"
#include "aot/abi/slots.h"
#include "rt/kernel.h"
#include "rt/loader.h"
#include "rt/log.h"
#include "rt/missed.h"
#include "rt/mm.h"
#include "rt/native_run.h"
#include "rt/options.h"
#include "rt/profile.h"
#include "rt/stats.h"
#include "rt/translate.h"

#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <xmmintrin.h>

/* What traps weigh, and from where on a site is superseded. Under FPCR.FZ the first inexact result
 * since FPSR was cleared is hardly the site's fault. */
#define WEIGHT_OF_TRAP      32
#define WEIGHT_OF_INEXACT   1
#define WEIGHT_TO_SUPERSEDE (3 * WEIGHT_OF_TRAP)

#define EARLY_HYPERCALLS 64
#define ASKED_BITS       10

/* --- threads
 * -------------------------------------------------------------------------------------- */

/* No address of code is kept: neither targets of indirect branches nor where calls return to. */
static void forget_code(struct thread *t)
{
    t->state.translated_sp = jit_of(t)->last_frame;
    memset(jump_cache_of(&t->state), 0, JUMP_CACHE_BYTES);
    jump_cache_of(&t->state)->pc = JUMP_CACHE_EMPTY_FIRST;
}

static bool jit_thread_init(struct thread *t)
{
    size_t size = ALIGN_UP(sizeof(struct jit_thread), (size_t)4096);
    u8 *place = mmap(NULL, GUARD_SIZE + STACK_SIZE + size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) return false;
    mprotect(place, GUARD_SIZE, PROT_NONE);
    /* Even a small program touches most of its first thread's cache; others may be many. */
    if (!thread_self) madvise(jump_cache_of(&t->state), JUMP_CACHE_BYTES, MADV_POPULATE_WRITE);
    struct jit_thread *j = (void *)(place + GUARD_SIZE + STACK_SIZE);
    memset(j, 0, sizeof(*j));
    arena_init(&j->arena);
    j->stack = place;
    j->outside = 1;
    t->engine = j;
    j->last_frame = (void **)(void *)(place + GUARD_SIZE + STACK_SIZE - 64);
    *(const void **)j->last_frame = engine_return_last;
    t->state.translated_sp = j->last_frame;
    code_choose_lookup(&t->state, 0);
    jump_cache_of(&t->state)->pc = JUMP_CACHE_EMPTY_FIRST;
    t->state.host_mxcsr = 0x1f80;
    *(const void **)&t->state.leave[LEAVE_LINK] = engine_leave_link;
    *(const void **)&t->state.leave[LEAVE_INDIRECT] = engine_leave_indirect;
    *(const void **)&t->state.leave[LEAVE_TRAP] = engine_leave_trap;
    *(const void **)&t->state.leave[LEAVE_WARM] = engine_leave_warm;
    return true;
}

static void take_counts(struct thread *t)
{
    u64 *executed = t->state.executed;
    stats_add(STAT_IMAGE_INSNS, executed[0]);
    stats_add(STAT_JIT_INSNS, executed[1]);
    stats_add(STAT_IMAGE_HOST_INSNS, executed[2]);
    stats_add(STAT_JIT_HOST_INSNS, executed[3]);
    memset(executed, 0, sizeof t->state.executed);
}

static void jit_thread_exit(struct thread *t)
{
    struct jit_thread *j = jit_of(t);
    size_t size = ALIGN_UP(sizeof(struct jit_thread), (size_t)4096);
    t->engine = NULL;
    if (!j) return;
    take_counts(t);
    arena_free(&j->arena);
    munmap(j->stack, GUARD_SIZE + STACK_SIZE + size);
}

/* --- translating
 * ---------------------------------------------------------------------------------- */

static u8 fpcr_mode_of(u32 fpcr)
{
    return fp_flushes_only(fpcr) ? MODE_FLUSH : fpcr & FPCR_CHECKED ? MODE_FPCR : 0;
}

static u8 mode_of(const struct thread *t)
{
    return fpcr_mode_of(t->state.fpcr) | code_site_mode(t->state.pc);
}

static u64 now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (u64)ts.tv_sec * 1000000000 + (u64)ts.tv_nsec;
}

static unsigned how_of(u8 mode)
{
    return (mode & (MODE_FPCR | MODE_FP_SITE) ? TRANSLATE_FP_CHECKED : 0) |
           (mode & MODE_FLUSH ? TRANSLATE_FP_FLUSH : 0) |
           (mode & MODE_FP_NEAR_SITE ? TRANSLATE_FP_NEAR : 0) |
           (mode & MODE_UNTAG_SITE ? TRANSLATE_UNTAG : 0);
}

static void flush(struct jit_thread *j)
{
    code_flush();
    code_acknowledge(j);
}

/* A new translation of pc, or NULL and *status. */
static struct region *translate(struct thread *t, u64 pc, u8 mode, enum translate_status *status)
{
    struct jit_thread *j = jit_of(t);
    struct region *r = NULL;
    u64 start = stats_on ? now_ns() : 0;
    u32 limit = 0;
    for (unsigned tries = 0; tries < 16 && !r; tries++) {
        struct translation tr;
        struct code_stamp stamp = code_stamp();
        arena_reset(&j->arena);
        *status = translate_region(&j->arena, pc, how_of(mode), limit, code_is_entry, &tr);
        if (*status == TRANSLATE_TOO_BIG && limit != 1)
            limit = limit ? limit / 2 : 16;
        else if (*status != TRANSLATE_OK)
            break;
        else if (!(r = code_publish(&tr, mode, stamp)) && stamp.epoch == code_stamp().epoch)
            flush(j);
    }
    if (stats_on) stats_add(STAT_TRANSLATE_NS, now_ns() - start);
    return r;
}

/* Where a signal's handler goes back into the middle of a region, the next conversion makes no
 * entry (missed.h). But where the image has no code, that is the only thing that tells of it. From
 * what is translated there, direct exits lead to more of the region: to what the image itself leads
 * to, it has entries. */
static void note_miss(const struct jit_thread *j, u64 pc)
{
    u64 unbiased = pc;
    const struct digest *module = image_without(pc, &unbiased);
    enum missed_kind kind = j->asked_for;
    if (module && kind == MISSED_RESUME && !image_covers(pc))
        kind = MISSED_OTHER;
    else if (module && kind == MISSED_DIRECT && image_spans(pc))
        kind = MISSED_RESUME;
    missed_note(module, pc, unbiased, kind);
}

/* The region at state.pc, made if need be; NULL: it can't be translated, see *status. */
static struct region *region_for(struct thread *t, enum translate_status *status)
{
    u64 pc = t->state.pc;
    u8 mode = mode_of(t);
    *status = TRANSLATE_OK;
    struct region *r = code_find(pc, mode);
    if (!r && !mode && image_has(pc) && mm_code_at(pc)) r = code_from_image(pc);
    if (!r && !mode && !options.no_cache) note_miss(jit_of(t), pc);
    return r ? r : translate(t, pc, mode, status);
}

/* --- the evaluator behind it
 * ---------------------------------------------------------------------- */

/* Evaluates `limit` instructions at state.pc (0: a region). False: *exit is to be returned. */
static bool evaluate(struct thread *t, u32 limit, struct engine_exit *out)
{
    struct jit_thread *j = jit_of(t);
    struct ir_func *f;
    u64 budget = limit ? limit : 1000;
    arena_reset(&j->arena);
    enum translate_status status = translate_lift(&j->arena, t->state.pc, limit, &f);
    if (status != TRANSLATE_OK) {
        *out = (struct engine_exit){.kind = ENGINE_TRAP, .reason = TRAP_FETCH};
        return false;
    }
    stats_add(STAT_EVALUATED, 1);
    if (sigsetjmp(j->fault_out, 0)) {
        *out = j->exit;
        return false;
    }
    j->evaluating = true;
    struct translate_exit e = translate_evaluate(f, &t->state, &j->arena, &budget);
    j->evaluating = false;
    if (options.count) stats_add(STAT_EVALUATED_INSNS, (limit ? limit : 1000) - budget);
    if (e.reason == TRAP_NONE || e.reason == TRAP_LIMIT) return true;
    *out = (struct engine_exit){.kind = ENGINE_TRAP, .reason = e.reason, .imm = e.imm};
    return false;
}

/* What helps against a floating-point trap in a region of that mode: first the tests that trap
 * without need in few cases, then none. */
static u8 float_site(u8 mode)
{
    return mode & MODE_FP_NEAR_SITE ? MODE_FP_SITE : MODE_FP_NEAR_SITE;
}

/* A helper for strings only has to be left alone: code with any mode isn't from an image. */
static u8 site_for(const struct jit_thread *j)
{
    if (j->exit.signo == SIGFPE) return float_site(j->at_mode);
    return j->exit.code == SI_KERNEL ? MODE_UNTAG_SITE : MODE_FP_NEAR_SITE;
}

/* For the module's profile. */
static void count(u64 pc, enum profile_kind kind)
{
    u64 unbiased;
    const struct digest *module = image_without(pc, &unbiased);
    profile_note(module, unbiased, kind);
}

static enum profile_kind kind_of_repair(const struct engine_exit *e)
{
    if (e->signo == SIGFPE) return e->code == FPE_FLTRES ? PROFILE_INEXACT : PROFILE_INVALID;
    return e->code == SI_KERNEL ? PROFILE_TAG : PROFILE_STRING;
}

/* A site that keeps trapping for one reason gets a translation that copes with it. */
static void note_trap(u64 pc, u8 mode, u8 site, unsigned weight)
{
    struct region *r = code_find(pc, mode);
    if (!r && !mode && image_has(pc)) r = code_from_image(pc); /* so far it was linked directly */
    if (!r || (r->mode & site)) return;
    r->traps = (u16)(r->traps + weight);
    if (r->traps < WEIGHT_TO_SUPERSEDE) return;
    count(pc, PROFILE_SUPERSEDED);
    code_supersede(r, site);
    jit_kick_all();
}

/* --- code that is no more
 * --------------------------------------------------------------------------- */

static void kick(struct thread *t, void *context)
{
    if (t != context) thread_kick(t, ATTENTION_ENGINE);
}

void jit_kick_all(void)
{
    if (!thread_self) return;
    __atomic_or_fetch(&thread_self->attention, ATTENTION_ENGINE, __ATOMIC_ACQ_REL);
    thread_each(kick, thread_self);
}

static void jit_invalidate(u64 start, u64 end)
{
    if (code_invalidate(start, end)) jit_kick_all();
}

/* --- serving the doors
 * ---------------------------------------------------------------------------- */

static u64 drop_tag(u64 pc)
{
    return bits(pc, 55, 1) ? pc | UINT64_C(0xff) << 56 : pc & ~(UINT64_C(0xff) << 56);
}

/* What the next turn of run() enters. */
struct turn {
    u8 *next;  /* code; NULL: look at state.pc */
    bool done; /* exit is what run() returns */
    struct engine_exit exit;
};

/* Code for state.pc from an image, without a region to stand for it: most targets of indirect
 * branches are asked for once. What is asked for again, by whichever thread, gets a region, which
 * the jump cache's misses find by themselves (enter.S). */
static u8 *code_in_image(struct thread *t)
{
    static u32 asked_for[1 << ASKED_BITS]; /* low halves of addresses */
    u64 pc = t->state.pc;
    /* Mixed: two that are in each other's way in the jump cache are not here. */
    u32 *asked = &asked_for[(u32)(pc / 4) * 0x9e3779b1u >> (32 - ASKED_BITS)];
    bool again = __atomic_exchange_n(asked, (u32)pc, __ATOMIC_RELAXED) == (u32)pc;
    return again || mode_of(t) || !image_has(pc) || !mm_code_at(pc) ? NULL : image_code(pc);
}

/* An inline cache has another address, or none. What is asked for once gets no region. */
static void serve_cache(struct thread *t, struct turn *turn, struct left left)
{
    enum translate_status status;
    u32 generation = jit_of(t)->generation;
    t->state.pc = drop_tag(left.rcx);
    jit_of(t)->asked_for = MISSED_INDIRECT;
    if ((turn->next = code_in_image(t)) != NULL) return;
    struct region *r = region_for(t, &status);
    if (!r) return;
    if (generation == jit_of(t)->generation) code_link_record((void **)(left.rax - 1), r);
    turn->next = r->code;
}

static void serve_link(struct thread *t, struct turn *turn, struct left left)
{
    enum translate_status status;
    u32 generation = jit_of(t)->generation;
    stats_add(STAT_LEAVE_LINK, 1);
    if (left.rax & 1) {
        serve_cache(t, turn, left);
        return;
    }
    t->state.pc = left.rcx;
    jit_of(t)->asked_for = MISSED_DIRECT;
    struct region *r = region_for(t, &status);
    if (!r) return;
    /* If the translation needed the room of all others, the cell is gone with them. */
    if (generation == jit_of(t)->generation) code_link((struct cell_slot *)left.rax, r);
    turn->next = r->code;
}

static bool is_hlt(u32 insn)
{
    return (insn & 0xffe0001f) == 0xd4400000;
}

/* Functions of the vDSO begin with a hypercall. Most programs make few of them and need no other
 * translation, the first of which takes as long as thousands of calls. */
static bool is_early_hypercall(struct thread *t)
{
    static u32 count;
    u64 pc = t->state.pc;
    if (!vdso_owns(pc) || !mm_code_at(pc) || !is_hlt(*(const u32 *)pc)) return false;
    return __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) < EARLY_HYPERCALLS;
}

/* The jump cache leads from state.pc to the code. */
static void remember(struct thread *t, u8 *code)
{
    *jump_cache_entry_of(&t->state, t->state.pc) = (struct jump_cache_entry){t->state.pc, code};
}

static void serve_indirect(struct thread *t, struct turn *turn, struct left left)
{
    enum translate_status status;
    struct region *r;
    stats_add(STAT_LEAVE_INDIRECT, 1);
    t->state.pc = drop_tag(left.rcx);
    jit_of(t)->asked_for = MISSED_INDIRECT;
    code_choose_lookup(&t->state, jit_of(t)->fpcr_mode); /* it may have grown */
    turn->next = code_in_image(t);
    turn->done = !turn->next && is_early_hypercall(t);
    if (turn->done) turn->exit = (struct engine_exit){.kind = ENGINE_TRAP, .reason = TRAP_HLT};
    if (!turn->next && !turn->done && (r = region_for(t, &status)) != NULL) turn->next = r->code;
    if (turn->next) remember(t, turn->next);
}

static void serve_warm(struct thread *t, struct turn *turn, struct left left)
{
    enum translate_status status;
    t->state.pc = left.rcx;
    jit_of(t)->asked_for = MISSED_RESUME;
    struct region *r = region_for(t, &status);
    if (!r) return;
    r = warm_region(&jit_of(t)->arena, r);
    remember(t, r->code); /* what led to the old one may be the jump cache */
    turn->next = r->code;
}

static void serve_trap(struct thread *t, struct turn *turn, struct left left)
{
    u8 reason = (u8)left.rax;
    t->state.pc = left.rcx;
    if (reason == TRAP_FPCR || reason == TRAP_LIMIT || reason == TRAP_SP_ODD) return;
    if (reason == TRAP_STALE) {
        jit_invalidate(t->state.pc, t->state.pc + 4);
        return;
    }
    stats_add(STAT_LEAVE_TRAP, 1);
    turn->done = true;
    turn->exit =
        (struct engine_exit){.kind = ENGINE_TRAP, .reason = reason, .imm = (u16)(left.rax >> 8)};
}

static void serve_recovered(struct thread *t, struct turn *turn)
{
    struct jit_thread *j = jit_of(t);
    if (j->exit.kind == ENGINE_FAULT && j->finish) {
        j->finish = false;
        bool inexact = j->exit.signo == SIGFPE && j->exit.code == FPE_FLTRES;
        if (j->exit.signo) count(t->state.pc, kind_of_repair(&j->exit));
        if (j->exit.signo)
            note_trap(j->at_pc, j->at_mode, site_for(j),
                      inexact ? WEIGHT_OF_INEXACT : WEIGHT_OF_TRAP);
        turn->done = !evaluate(t, 1, &turn->exit);
        return;
    }
    turn->done = j->exit.kind == ENGINE_FAULT;
    turn->exit = j->exit;
    if (turn->done && j->again) turn->done = !evaluate(t, 1, &turn->exit);
    if (turn->done) stats_add(STAT_FAULTS, 1);
}

/* Nothing to enter at state.pc: no code there, or none that the translator can make. */
static void without_region(struct thread *t, struct turn *turn, enum translate_status status)
{
    if (status == TRANSLATE_NO_CODE) {
        turn->done = true;
        turn->exit = (struct engine_exit){.kind = ENGINE_TRAP, .reason = TRAP_FETCH};
    } else {
        turn->done = !evaluate(t, 0, &turn->exit);
    }
}

/* The engine's own reason for attention: stale entries go. */
static void settle_attention(struct thread *t)
{
    __atomic_and_fetch(&t->attention, ~(u32)ATTENTION_ENGINE, __ATOMIC_ACQ_REL);
    forget_code(t);
    code_acknowledge(jit_of(t));
}

/* FPCR may have changed where no translated code said so: sigreturn, the evaluator. */
static void settle_mode(struct thread *t)
{
    struct jit_thread *j = jit_of(t);
    u8 mode = fpcr_mode_of(t->state.fpcr);
    if (mode == MODE_FLUSH) fpstate_settle(&t->state);
    if (mode == j->fpcr_mode) return;
    j->fpcr_mode = mode;
    forget_code(t);
    code_choose_lookup(&t->state, mode);
}

_Static_assert(TRAP_HLT == 3 && NATIVE_HLT_CALL == 0xfd00, "enter.S");

const u32 *engine_native(struct guest_state *s)
{
    struct thread *t = THREAD_OF(s);
    struct jit_thread *j = jit_of(t);
    __atomic_store_n(&j->outside, 1, __ATOMIC_RELEASE);
    bool called = native_call_with_float(t);
    __atomic_store_n(&j->outside, 0, __ATOMIC_SEQ_CST);
    return called ? &t->attention : NULL;
}

/* By a call that has left otherwise meanwhile, or elsewhere than it was to. */
static void serve_returned(struct thread *t, struct left left)
{
    _mm_setcsr(MXCSR_ALL_MASKED);
    t->state.pc = drop_tag(left.rcx);
}

static void serve(struct thread *t, struct turn *turn, struct left left)
{
    switch (t->state.door) {
    case LEAVE_LINK: serve_link(t, turn, left); break;
    case LEAVE_INDIRECT: serve_indirect(t, turn, left); break;
    case LEAVE_WARM: serve_warm(t, turn, left); break;
    case LEAVE_TRAP: serve_trap(t, turn, left); break;
    case DOOR_RECOVERED: serve_recovered(t, turn); break;
    case DOOR_RETURNED: serve_returned(t, left); break;
    default: break; /* attention, before anything ran: state.pc stands */
    }
}

/* Turns until one is done. */
static struct engine_exit run_turns(struct thread *t, struct turn turn)
{
    struct jit_thread *j = jit_of(t);
    while (!turn.done) {
        u32 attention = __atomic_load_n(&t->attention, __ATOMIC_ACQUIRE);
        if (attention & ATTENTION_ENGINE) {
            settle_attention(t);
            turn.next = NULL;
        }
        if (attention & ATTENTION_SIGNAL) {
            turn.exit = (struct engine_exit){.kind = ENGINE_ATTENTION};
            break;
        }
        settle_mode(t);
        if (t->state.sp % 16) { /* translations take it to be aligned */
            turn.next = NULL;
            turn.done = !evaluate(t, 1, &turn.exit);
            continue;
        }
        enum translate_status status = TRANSLATE_OK;
        j->asked_for = MISSED_RESUME;
        struct region *r = turn.next ? NULL : region_for(t, &status);
        u8 *code = r ? r->code : turn.next;
        turn.next = NULL;
        if (!code) {
            without_region(t, &turn, status);
            continue;
        }
        struct left left = engine_enter(&t->state, code, &t->attention);
        serve(t, &turn, left);
    }
    __atomic_store_n(&j->outside, 1, __ATOMIC_RELEASE);
    return turn.exit;
}

static struct engine_exit jit_run(struct thread *t)
{
    if (mm_has_aliases()) t->state.aliased = 1;
    __atomic_store_n(&jit_of(t)->outside, 0, __ATOMIC_SEQ_CST);
    return run_turns(t, (struct turn){0});
}

/* What the jump cache has for state.pc, if that can be entered as it is. */
static u8 *code_at_once(struct thread *t)
{
    u64 pc = t->state.pc;
    const struct jump_cache_entry *e = jump_cache_entry_of(&t->state, pc);
    bool plain = (fpcr_mode_of(t->state.fpcr) | jit_of(t)->fpcr_mode) == 0;
    return plain && e->pc == pc && t->state.sp % 16 == 0 ? e->host : NULL;
}

/* code_at_once finds it from now on. */
static void remember_region(struct thread *t)
{
    enum translate_status status;
    jit_of(t)->asked_for = MISSED_INDIRECT;
    struct region *r = region_for(t, &status);
    if (r) remember(t, r->code);
}

static bool jit_call(struct thread *t, struct engine_exit *out)
{
    struct jit_thread *j = jit_of(t);
    struct turn turn = {0};
    u64 link = t->state.x[30];
    __atomic_store_n(&j->outside, 0, __ATOMIC_SEQ_CST);
    u8 *code = code_at_once(t);
    if (!code) {
        _mm_setcsr(MXCSR_ALL_MASKED);
        remember_region(t);
        *out = run_turns(t, turn);
        return false;
    }
    struct left left = engine_call(&t->state, code, &t->attention);
    if (t->state.door == DOOR_RETURNED && left.rcx == link) {
        t->state.pc = link;
        __atomic_store_n(&j->outside, 1, __ATOMIC_RELEASE);
        return true;
    }
    serve(t, &turn, left);
    *out = run_turns(t, turn);
    return false;
}

/* --- the rest of the door
 * ------------------------------------------------------------------------- */

static void jit_before_fork(struct thread *t)
{
    (void)t;
    code_before_fork();
    image_before_fork();
}

static void jit_after_fork(struct thread *t, bool child)
{
    (void)t;
    image_after_fork(child);
    code_after_fork(child);
}

static bool jit_init(void)
{
    return true;
}

static void take_counts_of(struct thread *t, void *context)
{
    (void)context;
    take_counts(t);
}

/* --count: what share of the guest's instructions came from where. */
static void jit_stats(void)
{
    if (!options.count) return;
    thread_each(take_counts_of, NULL);
    u64 image = stats[STAT_IMAGE_INSNS], jit = stats[STAT_JIT_INSNS];
    u64 evaluated = stats[STAT_EVALUATED_INSNS], all = image + jit + evaluated;
    stats_print("guest instructions executed, from images", image);
    stats_print("guest instructions executed, translated as they came", jit);
    stats_print("guest instructions executed, evaluated", evaluated);
    stats_print("host instructions executed of images", stats[STAT_IMAGE_HOST_INSNS]);
    stats_print("host instructions executed, translated as it came", stats[STAT_JIT_HOST_INSNS]);
    if (all && !options.count_rest)
        stats_print("of 10,000 instructions were from images", (u64)((u128)image * 10000 / all));
}

const struct engine engine_jit = {
    .name = "quick",
    .init = jit_init,
    .thread_init = jit_thread_init,
    .thread_exit = jit_thread_exit,
    .run = jit_run,
    .call = jit_call,
    .fault = jit_fault,
    .interrupt = jit_interrupt,
    .sample = jit_sample,
    .place = jit_place,
    .guards = image_failed_guards,
    .invalidate = jit_invalidate,
    .stats = jit_stats,
    .image_mapped = image_add,
    .image_evict = code_evict_images,
    .before_fork = jit_before_fork,
    .after_fork = jit_after_fork,
};
