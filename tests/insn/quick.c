/*
 * Generated code on the small guest: see quick.h.
 */
#include "tests/insn/quick.h"

#include <signal.h>
#include <string.h>

#include "aot/abi/fp_state.h"
#include "tests/lib/run_code.h"

#define GUEST_REACH (UINT64_C(1) << 30) /* bytes around the guest's code */

void quick_open(void)
{
    run_code_init();
}

static size_t read_code(void *context, u64 pc, u32 *words, size_t max)
{
    (void)context;
    u64 offset = pc - GUEST_CODE;
    if (offset >= GUEST_CODE_SIZE) return 0;
    if (max > (GUEST_CODE_SIZE - offset) / 4) max = (GUEST_CODE_SIZE - offset) / 4;
    memcpy(words, (const void *)(uintptr_t)pc, 4 * max);
    return max;
}

/* Extents and entries of function-shaped regions: from where it is asked for, for so many
 * instructions; every third word may be entered from elsewhere, every sixth by
 * the region's own indirect branches. */
static u64 extent_low, extent_high;

static void extent(void *context, u64 pc, u64 *low, u64 *high)
{
    (void)context;
    (void)pc;
    *low = extent_low;
    *high = extent_high;
}

static bool is_entry(void *context, u64 pc)
{
    (void)context;
    return pc / 4 % 3 == 0;
}

static bool is_target(void *context, u64 pc)
{
    (void)context;
    return pc / 4 % 6 == 0;
}

/* Images take no region that leads or points far away (aot/image/build.c). */
static bool fits_image(const struct translation *t)
{
    for (u32 n = 0; n < t->reloc_count; n++) {
        const struct reloc *r = &t->relocs[n];
        if (r->kind == RELOC_CELL) continue;
        u64 to = r->kind == RELOC_LINK ? t->cells[r->value].target : r->value;
        if (to - GUEST_CODE + GUEST_REACH >= 2 * GUEST_REACH) return false;
    }
    return true;
}

/* The rest is checked; or with flushing, where more than one trap is usual, the one instruction is
 * evaluated, as the runtime does, and the rest goes on as it was. */
static struct guest_outcome after_trap(struct guest_state *state, u32 insts, struct quick_how how,
                                       bool flush)
{
    u32 done = (u32)(state->pc - GUEST_CODE) / 4;
    if (flush) {
        struct guest_outcome o = guest_evaluate(state, 1);
        if (o.end != GUEST_WENT_ON || ++done >= insts) return o;
        how.fp_near = !how.fp_near;
    } else {
        how.fp_checked = true;
    }
    state->mxcsr = fp_mxcsr_with(state->fpcr, state->fpsr);
    return quick_run(state, insts > done ? insts - done : 1, how);
}

struct guest_outcome quick_run(struct guest_state *state, u32 insts, struct quick_how how)
{
    static struct arena arena;
    static unsigned runs; /* every other one is checked, which is done in a walk of its own */
    static const struct code_view quick = {.read = read_code}, full = {.read = read_code,
                                                                       .is_entry = is_entry,
                                                                       .extent = extent,
                                                                       .is_target = is_target};
    bool flush = fp_flushes_only(state->fpcr);
    const struct code_view *view = how.full ? &full : &quick;
    struct xlat_options options = {.tier = how.full ? XLAT_FULL : XLAT_QUICK,
                                   .host_features = how.features,
                                   .image = how.image,
                                   .inlines = how.full,
                                   .fp_checked =
                                       how.fp_checked || (state->fpcr & FPCR_CHECKED && !flush),
                                   .fp_near = how.fp_near,
                                   .upper_first = how.upper_first,
                                   .fp_flush = flush,
                                   .verify = runs++ % 2,
                                   .max_insts = insts};
    struct translation t;

    if (state->sp % 16) return guest_evaluate(state, insts); /* as the runtime does */
    if (!arena.blocks) arena_init(&arena);
    arena_reset(&arena);
    extent_low = state->pc;
    extent_high = state->pc + 4 * (u64)insts;
    enum xlat_status status = xlat_translate(&arena, &options, view, state->pc, &t);
    if (status == XLAT_NO_CODE)
        return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = TRAP_FETCH};
    if (status != XLAT_OK)
        return (struct guest_outcome){.end = GUEST_REFUSED, .refusal = "translation"};
    if (how.image && !fits_image(&t)) {
        how.image = false;
        return quick_run(state, insts, how);
    }

    struct run_result r = run_code(&t, state);
    if (r.kind == RUN_LOST)
        return (struct guest_outcome){.end = GUEST_REFUSED, .refusal = "fault at no known point"};
    if (r.kind == RUN_FAULT && r.signo == SIGFPE) return after_trap(state, insts, how, flush);
    if (r.kind == RUN_FAULT)
        return (struct guest_outcome){.end = GUEST_FAULTED, .address = r.address};
    if (r.door == LEAVE_TRAP && r.reason == TRAP_SP_ODD) {
        u32 done = (u32)(state->pc - GUEST_CODE) / 4;
        return insts > done ? guest_evaluate(state, insts - done)
                            : (struct guest_outcome){.end = GUEST_WENT_ON};
    }
    if (r.door == LEAVE_TRAP)
        return (struct guest_outcome){.end = GUEST_TRAPPED, .reason = r.reason, .imm = r.imm};
    return (struct guest_outcome){.end = GUEST_WENT_ON};
}
