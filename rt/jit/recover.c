/*
 * Out of the middle of translated code, in host signal handlers: all guest registers go home
 * (frame.c), and the context is changed so that the handler's
 * return lands in engine_leave_recovered, which brings run() back with exact state.
 *
 * Asynchronous signals want a safepoint. If the interrupted instruction isn't one, the processor
 * single-steps (TF) until it comes to one: region entries, links, loop heads and where calls come
 * back are safepoints, so that takes a few dozen steps, in a widened loop some hundreds; helper
 * functions on the way are stepped through, but those for strings, which may take long, are left to
 * the guest's own code.
 * Returns that nobody expected could go on from frame to frame without one: so the frames are
 * dropped first, which are no more than hints.
 */
#include "rt/jit/frame.h"
#include "rt/jit/image.h"
#include "rt/jit/jit.h"

#include "aot/abi/fp_state.h"
#include "rt/log.h"
#include "rt/stats.h"
#include "rt/strings.h"

#include <string.h>

#define EFLAGS_TF (1u << 8)

static void return_to_run(struct thread *t, ucontext_t *uc)
{
    jit_of(t)->stepping = false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)engine_leave_recovered;
    uc->uc_mcontext.gregs[REG_RBP] = (greg_t)((u64)&t->state + STATE_BIAS);
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFLAGS_TF;
}

/* --- asynchronous
 * --------------------------------------------------------------------------------- */

/* The frame state of a point in code memory or in an image; and the address of its region, and the
 * region's mode and tier. */
struct found_point {
    struct frame_state fs;
    u64 pc;
    u8 mode;
    bool full; /* by the full tier */
};

static bool find_point(u64 ip, enum point_kind kind, struct found_point *out)
{
    const struct region *r = code_region_at(ip);
    out->mode = r ? r->mode : 0;
    out->full = !r || r->warm;
    if (!r) return image_find_point(ip, kind, &out->pc, &out->fs);
    out->pc = r->pc;
    return side_find(r->side, r->side_size, r->pc, kind, (u32)(ip - (u64)r->code), &out->fs);
}

/* True when uc is at a safepoint: everything is prepared for run() to return. */
static bool stop_here(struct thread *t, ucontext_t *uc)
{
    struct found_point p;
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    if (image_is_between(ip, &jit_of(t)->near) || !find_point(ip, POINT_SAFEPOINT, &p))
        return false;
    frame_recover(&t->state, &p.fs, uc);
    jit_of(t)->exit = (struct engine_exit){.kind = ENGINE_ATTENTION};
    return_to_run(t, uc);
    return true;
}

/* A helper for strings has not begun; the instruction at the guest function's entry is evaluated, and
 * its own code goes on from there. */
static bool leave_string(struct thread *t, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    struct found_point p;
    if (!strings_hold((u64)uc->uc_mcontext.gregs[REG_RIP])) return false;
    if (!find_point(strings_leave(uc), POINT_FAULT, &p)) return false;
    if ((u64)uc->uc_mcontext.gregs[REG_RSP] - (u64)j->stack < 2 * GUARD_SIZE) /* no room to return */
        uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(u64)j->last_frame;
    frame_recover(&t->state, &p.fs, uc);
    j->at_pc = p.pc;
    j->at_mode = p.mode;
    j->finish = true;
    j->exit = (struct engine_exit){.kind = ENGINE_FAULT};
    return_to_run(t, uc);
    return true;
}

static void step(struct thread *t, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    u64 sp = (u64)uc->uc_mcontext.gregs[REG_RSP];
    if (!j->stepping && sp >= (u64)j->stack && sp < (u64)j->last_frame)
        uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(u64)j->last_frame;
    j->stepping = true;
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TF;
}

void jit_interrupt(struct thread *t, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    if (!t->state.in_translated) return;
    if (!j->stepping) j->near.in.from = j->near.in.to = 0;
    if (!stop_here(t, uc) && !leave_string(t, uc)) step(t, uc);
}

/* A trap of our own single-stepping. */
static void stepped(struct thread *t, ucontext_t *uc)
{
    if (t->state.in_translated) {
        if (!stop_here(t, uc) && !leave_string(t, uc)) step(t, uc);
        return;
    }
    jit_of(t)->stepping = false; /* it left by itself; run() looks at t->attention */
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFLAGS_TF;
}

/* --- synchronous
 * ---------------------------------------------------------------------------------- */

static bool out_of_evaluator(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    if (sig != SIGSEGV && sig != SIGBUS) return false;
    j->exit = (struct engine_exit){
        .kind = ENGINE_FAULT, .signo = sig, .code = info->si_code, .address = (u64)info->si_addr};
    j->evaluating = false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)siglongjmp;
    uc->uc_mcontext.gregs[REG_RDI] = (greg_t)(u64)j->fault_out;
    uc->uc_mcontext.gregs[REG_RSI] = 1;
    uc->uc_mcontext.gregs[REG_RSP] = (uc->uc_mcontext.gregs[REG_RSP] - 256) & ~15;
    uc->uc_mcontext.gregs[REG_RSP] -= 8; /* as behind a call */
    return true;
}

/* A call that the stack has no room for: it is done again on an empty one, and what the frames
 * knew is found without them. */
static bool out_of_frames(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    u64 address = (u64)info->si_addr;
    bool pushing = address + 8 == (u64)uc->uc_mcontext.gregs[REG_RSP];
    if (sig != SIGSEGV || !t->state.in_translated || !pushing ||
        address - (u64)jit_of(t)->stack >= GUARD_SIZE)
        return false;
    uc->uc_mcontext.gregs[REG_RSP] = (greg_t)(u64)jit_of(t)->last_frame;
    return true;
}

/* An image's code, which holds no lock, came to cells that weren't filled in. */
static bool fill_cells(u64 ip, u64 address)
{
    if (!image_holds(ip)) return false;
    lock_take(&code_lock);
    bool filled = image_fill_cells(address);
    lock_drop(&code_lock);
    return filled;
}

bool jit_fault(struct thread *t, int sig, siginfo_t *info, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    if (!j) return false;
    if (sig == SIGSEGV && fill_cells(ip, (u64)info->si_addr)) return true;
    if (sig == SIGTRAP && info->si_code == TRAP_TRACE && j->stepping) {
        stepped(t, uc);
        return true;
    }
    if (j->evaluating) return out_of_evaluator(t, sig, info, uc);
    if (out_of_frames(t, sig, info, uc)) return true;
    if (leave_string(t, uc)) {
        j->exit.signo = sig;
        j->exit.code = info->si_code;
        return true;
    }
    struct found_point p;
    if (!find_point(ip, POINT_FAULT, &p)) return false;
    frame_recover(&t->state, &p.fs, uc);
    bool tagged = sig == SIGSEGV && info->si_code == SI_KERNEL;
    j->at_pc = p.pc;
    j->at_mode = p.mode;
    j->finish = sig == SIGFPE || tagged;
    j->again = p.full && !j->finish;
    /* The evaluator raises what is to be raised. */
    if (sig == SIGFPE) t->state.mxcsr = fp_drop_trapped(t->state.mxcsr);
    j->exit = (struct engine_exit){
        .kind = ENGINE_FAULT, .signo = sig, .code = info->si_code, .address = (u64)info->si_addr};
    return_to_run(t, uc);
    return true;
}
