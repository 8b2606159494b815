/*
 * From a host context and a side table's frame state to exact guest state.
 */
#include "rt/jit/frame.h"

#include <cpuid.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Of the area that fpregs points to, in bytes: the kernel's mark that there is an extended part
 * (asm/sigcontext.h), and the header of that; its bit for XMM16 to XMM31. */
#define XSAVE_SW_MAGIC   464
#define XSAVE_HEADER     512
#define XSAVE_ZMM_UPPER  (UINT64_C(1) << 7)
#define FP_XSTATE_MAGIC1 0x46505853u

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

/*
 * XMM16 to XMM31 are in the extended part, in the standard form of XSAVE (Intel SDM volume 1,
 * 13.4): all bits of a register are zero if the header says that it was so in its initial state.
 * The processor says where they are; it is asked once.
 */
static const u64 *xmm_upper(const ucontext_t *uc, unsigned reg)
{
    static const u64 zero[2];
    static _Atomic u32 where;
    const u8 *area = (const void *)uc->uc_mcontext.fpregs;
    u32 offset = atomic_load_explicit(&where, memory_order_relaxed), magic, eax, ecx, edx;
    u64 present;

    memcpy(&magic, area + XSAVE_SW_MAGIC, sizeof(magic));
    memcpy(&present, area + XSAVE_HEADER, sizeof(present));
    if (magic != FP_XSTATE_MAGIC1) abort(); /* no such kernel runs code that uses them */
    if (!(present & XSAVE_ZMM_UPPER)) return zero;
    if (offset == 0) {
        __cpuid_count(0xd, 7, eax, offset, ecx, edx);
        atomic_store_explicit(&where, offset, memory_order_relaxed);
    }
    return (const u64 *)(const void *)(area + offset + 64 * reg);
}

/* --- one slot
 * ------------------------------------------------------------------------------------- */

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

static u64 slot_value(const struct guest_state *s, unsigned slot)
{
    return *(const u64 *)(const void *)((const u8 *)s + slot_info(slot)->offset);
}

static u64 operand(const struct guest_state *s, unsigned kind, const struct nzcv_operand *o)
{
    u64 low;
    switch (o->kind) {
    case NZCV_SLOT: return slot_value(s, o->n);
    case NZCV_SUM: return slot_value(s, o->n) + (u64)o->value;
    case NZCV_SCRATCH:
        if (kind != NZCV_OF_FCMP) return s->scratch[o->n % SCRATCH_COUNT];
        memcpy(&low, s->vscratch[o->n % VSCRATCH_COUNT], 8);
        return low;
    default: return (u64)o->value;
    }
}

static bool holds(const struct guest_state *s, const struct nzcv_expr *x)
{
    if (x->mark >= NZCV_LATER_A)
        return operand(s, x->kind, nzcv_turn(x)) != s->scratch[NZCV_FIRST_TURN];
    return !x->mark || (s->nzcv & 0xff) == x->mark;
}

static void recover_by_expression(struct guest_state *s, const struct nzcv_ways *ways)
{
    for (const struct nzcv_expr *x = ways->x; x < ways->x + ways->count; x++) {
        if (!holds(s, x)) continue;
        s->nzcv = nzcv_of(x, operand(s, x->kind, &x->a), operand(s, x->kind, &x->b));
        return;
    }
}

/* After all other slots: an expression reads them. */
static void recover_nzcv(struct guest_state *s, const struct frame_state *fs, const ucontext_t *uc)
{
    u64 eflags = (u64)uc->uc_mcontext.gregs[REG_EFL];
    switch (fs->loc[SLOT_NZCV].kind) {
    case LOC_EFLAGS: s->nzcv = nzcv_from_eflags(eflags, false); break;
    case LOC_EFLAGS_BORROW: s->nzcv = nzcv_from_eflags(eflags, true); break;
    case LOC_EFLAGS_FCMP: s->nzcv = nzcv_from_ucomis(eflags); break;
    case LOC_FLAGS: recover_by_expression(s, &fs->nzcv); break;
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
    case LOC_XMM_UPPER: memcpy(home, xmm_upper(uc, l->reg), 16); break;
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

void frame_recover(struct guest_state *s, const struct frame_state *fs, const ucontext_t *uc)
{
    for (unsigned slot = 0; slot < SLOT_COUNT; slot++) {
        if (slot != SLOT_NZCV && fs->loc[slot].kind != LOC_HOME)
            recover_slot(s, slot, &fs->loc[slot], uc);
    }
    recover_nzcv(s, fs, uc);
    s->pc = fs->pc;
    s->mxcsr = uc->uc_mcontext.fpregs->mxcsr;
}
