/*
 * Signal frames of Linux/arm64, as arch/arm64/kernel/signal.c and uapi/asm/sigcontext.h have them:
 *
 *   struct rt_sigframe { siginfo, ucontext { ..., sigcontext { fault_address, x0..x30, sp, pc,
 *   pstate, records of 4096 bytes } } }, below a frame record { fp, lr } that continues the chain.
 *
 * Records: fpsimd_context always, esr_context for faults, and an empty one at the end.
 */
#include "rt/kernel.h"

#include "rt/loader.h"

#include <string.h>

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u

#define PSTATE_USER       0xf0000000u /* NZCV: the rest is the kernel's word */
#define ARM64_SA_RESTORER 0x04000000u

struct guest_stack {
    u64 sp;
    s32 flags;
    u32 pad;
    u64 size;
};

struct record {
    u32 magic, size;
};

struct fpsimd_record {
    struct record head;
    u32 fpsr, fpcr;
    u8 v[32][16];
};

struct esr_record {
    struct record head;
    u64 esr;
};

struct guest_sigcontext {
    u64 fault_address;
    u64 regs[31];
    u64 sp, pc, pstate;
    u8 reserved[4096] __attribute__((aligned(16)));
};

struct guest_ucontext {
    u64 flags, link;
    struct guest_stack stack;
    sigset64 sigmask;
    u8 unused[120];
    struct guest_sigcontext mcontext;
};

struct sigframe {
    siginfo_t info;
    struct guest_ucontext uc;
};

struct frame_record {
    u64 fp, lr;
};

_Static_assert(offsetof(struct guest_ucontext, mcontext) == 176, "uapi/asm/ucontext.h");
_Static_assert(offsetof(struct guest_sigcontext, reserved) == 288, "uapi/asm/sigcontext.h");
_Static_assert(sizeof(struct sigframe) == 4688, "uapi/asm/sigcontext.h");
_Static_assert(sizeof(struct fpsimd_record) == 0x210, "uapi/asm/sigcontext.h");

static bool on_altstack(const struct alt_stack *a, u64 sp)
{
    return (a->flags & SS_AUTODISARM_BIT) == 0 && sp > a->sp && sp - a->sp <= a->size;
}

u32 altstack_flags(const struct thread *t)
{
    const struct alt_stack *a = &t->altstack;

    if (a->size == 0) return SS_DISABLE;
    return on_altstack(a, t->state.sp) ? SS_ONSTACK : 0;
}

/* Everything but info and stack; nothing here is read back as sparse: all of it is zeroed first. */
static void fill_context(struct thread *t, struct guest_sigcontext *c)
{
    struct fpsimd_record *fp = (struct fpsimd_record *)c->reserved;
    struct esr_record *esr = (struct esr_record *)(fp + 1);
    struct guest_state *s = &t->state;

    memcpy(c->regs, s->x, sizeof(c->regs));
    c->sp = s->sp;
    c->pc = s->pc;
    c->pstate = nzcv_to_pstate(s->nzcv) | s->pstate;
    *fp = (struct fpsimd_record){
        .head = {FPSIMD_MAGIC, sizeof(*fp)}, .fpsr = fpsr_read(s), .fpcr = s->fpcr};
    memcpy(fp->v, s->v, sizeof(fp->v));
    if (t->in_fault) {
        c->fault_address = t->fault_address;
        if (t->syndrome != 0) *esr = (struct esr_record){{ESR_MAGIC, sizeof(*esr)}, t->syndrome};
    }
}

/* Linux takes a copy of the altstack's setting, then disarms it if asked to. */
static void fill_stack(struct thread *t, struct guest_stack *st)
{
    st->sp = t->altstack.sp;
    st->size = t->altstack.size;
    st->flags = (s32)(altstack_flags(t) | t->altstack.flags);
    if ((t->altstack.flags & SS_AUTODISARM_BIT) != 0) t->altstack = (struct alt_stack){0};
}

/* Linux/arm64 doesn't ask whether a frame runs over the alternate stack's end (x86 does). */
bool frame_push(struct thread *t, const struct guest_sigaction *action, const siginfo_t *info,
                sigset64 saved_mask)
{
    struct guest_state *s = &t->state;
    struct frame_record link = {s->x[29], s->x[30]};
    struct sigframe f;
    u64 sp = s->sp, frame;

    memset(&f, 0, sizeof(f));
    if ((action->flags & SA_ONSTACK) != 0 && t->altstack.size != 0 &&
        !on_altstack(&t->altstack, sp))
        sp = t->altstack.sp + t->altstack.size;
    sp = ALIGN_DOWN(sp - sizeof(link), (u64)16);
    frame = ALIGN_DOWN(sp - sizeof(f), (u64)16);
    f.info = *info;
    f.uc.sigmask = saved_mask;
    fill_stack(t, &f.uc.stack);
    fill_context(t, &f.uc.mcontext);
    if (!guest_write(frame, &f, sizeof(f)) || !guest_write(sp, &link, sizeof(link))) return false;
    s->x[0] = (u64)info->si_signo;
    if ((action->flags & SA_SIGINFO) != 0) {
        s->x[1] = frame + offsetof(struct sigframe, info);
        s->x[2] = frame + offsetof(struct sigframe, uc);
    }
    s->sp = frame;
    s->x[29] = sp;
    s->x[30] = (action->flags & ARM64_SA_RESTORER) != 0 ? action->restorer : vdso_sigreturn();
    s->pc = action->handler;
    return true;
}

/* The fpsimd record; false: missing or out of shape. */
static bool restore_records(struct guest_state *s, const struct guest_sigcontext *c)
{
    size_t at = 0;
    bool found = false;

    while (at + sizeof(struct record) <= sizeof(c->reserved)) {
        struct record r;
        struct fpsimd_record fp;

        memcpy(&r, c->reserved + at, sizeof(r));
        if (r.magic == 0) return r.size == 0 && found;
        if (r.size < sizeof(r) || (r.size & 15) != 0 || r.size > sizeof(c->reserved) - at)
            return false;
        if (r.magic == FPSIMD_MAGIC) {
            if (r.size != sizeof(fp) || found) return false;
            memcpy(&fp, c->reserved + at, sizeof(fp));
            memcpy(s->v, fp.v, sizeof(fp.v));
            fpcr_write(s, fp.fpcr);
            fpsr_write(s, fp.fpsr);
            found = true;
        } else if (r.magic != ESR_MAGIC) {
            return false;
        }
        at += r.size;
    }
    return false;
}

bool frame_pop(struct thread *t)
{
    struct guest_state *s = &t->state;
    struct sigframe f;

    s->excl_size = 0;
    if ((s->sp & 15) != 0 || !guest_read(&f, s->sp, sizeof(f))) return false;
    memcpy(s->x, f.uc.mcontext.regs, sizeof(s->x));
    s->sp = f.uc.mcontext.sp;
    s->pc = f.uc.mcontext.pc;
    s->nzcv = nzcv_from_pstate((u32)f.uc.mcontext.pstate & PSTATE_USER);
    s->pstate = (u32)f.uc.mcontext.pstate & (PSTATE_DIT | PSTATE_SSBS);
    if (!restore_records(s, &f.uc.mcontext)) return false;
    signal_set_mask(t, f.uc.sigmask);
    if ((f.uc.stack.flags & SS_DISABLE) != 0)
        t->altstack = (struct alt_stack){0};
    else if (!on_altstack(&t->altstack, s->sp))
        t->altstack = (struct alt_stack){f.uc.stack.sp, f.uc.stack.size,
                                         (u32)f.uc.stack.flags & SS_AUTODISARM_BIT};
    return true;
}
