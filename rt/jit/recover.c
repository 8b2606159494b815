/*
 * Out of the middle of translated code, in host signal handlers: the side table of the region says
 * where each guest register is; all go home, and the context is changed so that the handler's
 * return lands in engine_leave_recovered, which brings run() back with exact state.
 *
 * Asynchronous signals want a safepoint. If the interrupted instruction isn't one, the processor
 * single-steps (TF) until it comes to one: region entries, links and loop branches are safepoints,
 * so that takes at most a few dozen steps; helper functions on the way are stepped through.
 */
#include "rt/jit/jit.h"

#include "aot/abi/sidetable.h"
#include "rt/log.h"
#include "rt/stats.h"

#include <string.h>

#define EFLAGS_TF (1u << 8)
#define EFLAGS_CF (1u << 0)
#define EFLAGS_PF (1u << 2)
#define EFLAGS_ZF (1u << 6)
#define EFLAGS_SF (1u << 7)
#define EFLAGS_OF (1u << 11)

/* Host register numbers of the generator to the kernel's order in gregs. */
static const u8 greg_of[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                               REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                               REG_R12, REG_R13, REG_R14, REG_R15};

static u64 greg(const ucontext_t *uc, unsigned reg)
{
    return (u64)uc->uc_mcontext.gregs[greg_of[reg]];
}

static const u64 *xmm(const ucontext_t *uc, unsigned reg)
{
    return (const u64 *)(const void *)&uc->uc_mcontext.fpregs->_xmm[reg];
}

/* --- one slot ------------------------------------------------------------------------------------- */

static u32 nzcv_from_eflags(u64 eflags, bool borrow)
{
    bool carry = eflags & EFLAGS_CF;
    return (eflags & EFLAGS_SF ? NZCV_N : 0) | (eflags & EFLAGS_ZF ? NZCV_Z : 0) |
           (carry != borrow ? NZCV_C : 0) | (eflags & EFLAGS_OF ? NZCV_V : 0);
}

static u32 nzcv_from_ucomis(u64 eflags)
{
    if (eflags & EFLAGS_PF) return NZCV_C | NZCV_V;
    if (eflags & EFLAGS_ZF) return NZCV_Z | NZCV_C;
    return eflags & EFLAGS_CF ? NZCV_N : NZCV_C;
}

static void recover_nzcv(struct guest_state *s, const struct loc *l, const ucontext_t *uc)
{
    u64 eflags = (u64)uc->uc_mcontext.gregs[REG_EFL];
    switch (l->kind) {
    case LOC_EFLAGS: s->nzcv = nzcv_from_eflags(eflags, false); break;
    case LOC_EFLAGS_BORROW: s->nzcv = nzcv_from_eflags(eflags, true); break;
    case LOC_EFLAGS_FCMP: s->nzcv = nzcv_from_ucomis(eflags); break;
    case LOC_AX_HOME: s->nzcv = (u32)greg(uc, l->reg) & NZCV_MASK; break;
    default: break;
    }
}

static void recover_slot(struct guest_state *s, unsigned slot, const struct loc *l,
                         const ucontext_t *uc)
{
    u64 *home = (u64 *)(void *)((u8 *)s + slot_info(slot)->offset);
    bool vector = slot_info(slot)->kind == SLOT_VEC128;
    switch (l->kind) {
    case LOC_GPR: home[0] = greg(uc, l->reg); break;
    case LOC_GPR32: home[0] = (u32)greg(uc, l->reg); break;
    case LOC_XMM: memcpy(home, xmm(uc, l->reg), 16); break;
    case LOC_XMM64:
        home[0] = xmm(uc, l->reg)[0];
        home[1] = 0;
        break;
    case LOC_XMM32:
        home[0] = (u32)xmm(uc, l->reg)[0];
        home[1] = 0;
        break;
    case LOC_CONST:
        home[0] = l->value;
        if (vector) home[1] = 0;
        break;
    case LOC_SCRATCH:
        if (vector)
            memcpy(home, s->vscratch[l->value % VSCRATCH_COUNT], 16);
        else
            home[0] = s->scratch[l->value % SCRATCH_COUNT];
        break;
    default: break;
    }
}

/* All guest state goes home. */
static void recover(struct thread *t, const struct frame_state *fs, const ucontext_t *uc)
{
    struct guest_state *s = &t->state;
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        if (slot == SLOT_NZCV)
            recover_nzcv(s, &fs->loc[slot], uc);
        else if (fs->loc[slot].kind != LOC_HOME)
            recover_slot(s, slot, &fs->loc[slot], uc);
    }
    s->pc = fs->pc;
    s->mxcsr = uc->uc_mcontext.fpregs->mxcsr;
}

static void return_to_run(struct thread *t, ucontext_t *uc)
{
    jit_of(t)->stepping = false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)engine_leave_recovered;
    uc->uc_mcontext.gregs[REG_RBP] = (greg_t)((u64)&t->state + STATE_BIAS);
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFLAGS_TF;
}

/* --- asynchronous --------------------------------------------------------------------------------- */

static bool at_safepoint(const struct region *r, u64 ip, struct frame_state *fs)
{
    u32 offset = (u32)(ip - (u64)r->code);
    return side_find(r->side, r->side_size, r->pc, offset, fs) && fs->kind == POINT_SAFEPOINT;
}

/* True when uc is at a safepoint: everything is prepared for run() to return. */
static bool stop_here(struct thread *t, ucontext_t *uc)
{
    struct frame_state fs;
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    const struct region *r = code_region_at(ip);
    if (!r || !at_safepoint(r, ip, &fs)) return false;
    recover(t, &fs, uc);
    jit_of(t)->exit = (struct engine_exit){.kind = ENGINE_ATTENTION};
    return_to_run(t, uc);
    return true;
}

static void step(struct thread *t, ucontext_t *uc)
{
    jit_of(t)->stepping = true;
    uc->uc_mcontext.gregs[REG_EFL] |= EFLAGS_TF;
}

void jit_interrupt(struct thread *t, ucontext_t *uc)
{
    if (!t->state.in_translated) return;
    if (!stop_here(t, uc)) step(t, uc);
}

/* A trap of our own single-stepping. */
static void stepped(struct thread *t, ucontext_t *uc)
{
    if (t->state.in_translated) {
        if (!stop_here(t, uc)) step(t, uc);
        return;
    }
    jit_of(t)->stepping = false; /* it left by itself; run() looks at t->attention */
    uc->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)EFLAGS_TF;
}

/* --- synchronous ---------------------------------------------------------------------------------- */

static bool out_of_evaluator(struct thread *t, int sig, const siginfo_t *info, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    if (sig != SIGSEGV && sig != SIGBUS) return false;
    j->exit = (struct engine_exit){.kind = ENGINE_FAULT,
                                   .signo = sig,
                                   .code = info->si_code,
                                   .address = (u64)info->si_addr};
    j->evaluating = false;
    uc->uc_mcontext.gregs[REG_RIP] = (greg_t)(u64)siglongjmp;
    uc->uc_mcontext.gregs[REG_RDI] = (greg_t)(u64)j->fault_out;
    uc->uc_mcontext.gregs[REG_RSI] = 1;
    uc->uc_mcontext.gregs[REG_RSP] = (uc->uc_mcontext.gregs[REG_RSP] - 256) & ~15;
    uc->uc_mcontext.gregs[REG_RSP] -= 8; /* as behind a call */
    return true;
}

bool jit_fault(struct thread *t, int sig, siginfo_t *info, ucontext_t *uc)
{
    struct jit_thread *j = jit_of(t);
    struct frame_state fs;
    u64 ip = (u64)uc->uc_mcontext.gregs[REG_RIP];
    if (!j) return false;
    if (sig == SIGTRAP && info->si_code == TRAP_TRACE && j->stepping) {
        stepped(t, uc);
        return true;
    }
    if (j->evaluating) return out_of_evaluator(t, sig, info, uc);
    struct region *r = code_region_at(ip);
    if (!r || !side_find(r->side, r->side_size, r->pc, (u32)(ip - (u64)r->code), &fs))
        return false;
    recover(t, &fs, uc);
    bool tagged = sig == SIGSEGV && info->si_code == SI_KERNEL;
    j->at = r;
    j->finish = sig == SIGFPE || tagged;
    if (sig == SIGFPE) t->state.mxcsr &= ~1u; /* the evaluator raises what is to be raised */
    j->exit = (struct engine_exit){.kind = ENGINE_FAULT,
                                   .signo = sig,
                                   .code = info->si_code,
                                   .address = (u64)info->si_addr};
    return_to_run(t, uc);
    return true;
}
