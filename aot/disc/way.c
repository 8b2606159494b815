/*
 * The way back (way.h) goes to the instruction before as long as that one goes on, and where it
 * doesn't, to a branch that leads here. It is one way of perhaps many.
 *
 * Compilers move the address of a table out of loops, and then perhaps to the stack. It is looked
 * for straight backwards, without regard to branches: what is found that way needn't be what the
 * register has, so a table there has to prove itself.
 */
#include "aot/disc/way.h"

#include "aot/a64/flow.h"

#define DETOUR_MAX 24   /* instructions before pc at which a detour may begin */
#define JUMPS_MAX  6    /* branches that the way comes from */
#define FAR_MAX    4096 /* instructions looked at for an address */
#define PIECE      64   /* words read at a time */

/* --- the way back -------------------------------------------------------------------------------
 */

struct reader {
    const struct disc_view *view;
    u64 start;
    u32 count;
    u32 word[PIECE];
};

/* Reads the words up to and with the one at pc, as many as there are in one piece. */
static bool read_before(struct reader *r, u64 pc)
{
    for (u32 n = PIECE; n; n /= 2) {
        r->start = pc - 4 * (u64)(n - 1);
        r->count = (u32)r->view->code.read(r->view->code.context, r->start, r->word, n);
        if (r->count == n) return true;
    }
    return false;
}

static bool word_at(struct reader *r, u64 pc, u32 *word)
{
    if (pc - r->start >= 4 * (u64)r->count && !read_before(r, pc)) return false;
    *word = r->word[(pc - r->start) / 4];
    return true;
}

bool way_goes_on(u32 word, u64 pc)
{
    u64 target;
    if (!a64_may_branch(word)) return true;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_JUMP:
    case A64_FLOW_INDIRECT:
    case A64_FLOW_RETURN:
    case A64_FLOW_TRAP: return false;
    default: return true;
    }
}

/* Where an indirect branch leads is known to the view alone. */
static bool leads_to(u32 word, u64 pc, u64 to)
{
    u64 target = 0;
    switch (a64_flow(a64_decode(word), word, pc, &target)) {
    case A64_FLOW_JUMP:
    case A64_FLOW_CONDITIONAL: return target == to;
    case A64_FLOW_INDIRECT: return true;
    default: return false;
    }
}

bool way_back(const struct disc_view *view, u64 pc, unsigned detour, struct way *out)
{
    struct reader r = {.view = view};
    unsigned jumps = 0;
    out->view = view;
    out->count = 0;
    while (out->count < WAY_MAX) {
        struct way_step *s = &out->step[WAY_MAX - 1 - out->count];
        u64 from = 0;
        *s = (struct way_step){.pc = pc - 4};
        bool straight = word_at(&r, s->pc, &s->word) && way_goes_on(s->word, s->pc);
        if (!straight || (detour && out->count < DETOUR_MAX))
            from = view->branch_to(view->context, pc);
        if (straight && from && --detour) from = 0;
        if (from && jumps < JUMPS_MAX) {
            *s = (struct way_step){.pc = from, .taken = true};
            if (!word_at(&r, from, &s->word) || !leads_to(s->word, from, pc)) break;
            jumps++;
        } else if (!straight) {
            break;
        }
        out->count++;
        pc = s->pc;
    }
    out->start = pc;
    return !detour;
}

/* --- addresses made far in front ----------------------------------------------------------------
 */

u64 way_adr_value(u32 w, u64 pc)
{
    u64 imm = (u64)sign_extend((u64)a64_immhi(w) << 2 | a64_immlo(w), 21);
    return w >> 31 ? ALIGN_DOWN(pc, UINT64_C(4096)) + (imm << 12) : pc + imm;
}

bool way_find_made(const struct disc_view *view, u64 pc, unsigned reg, u64 *value)
{
    struct reader r = {.view = view};
    u64 add = 0, low = view->function(view->context, pc).start;
    for (unsigned n = 0; n < FAR_MAX && pc > low; n++) {
        u32 word;
        pc -= 4;
        if (!word_at(&r, pc, &word) || (word & 31) != reg) continue;
        if (way_is_adr(word)) {
            *value = way_adr_value(word, pc) + add;
            return true;
        }
        if (way_is_add(word) && a64_rn(word) < WAY_ZR) {
            add += a64_imm12(word);
            reg = a64_rn(word);
        }
    }
    return false;
}

/* The register that a word stores at [base + offset], or -1. */
static int stored_register(u32 w, unsigned base, u64 offset)
{
    if (a64_rn(w) != base) return -1;
    if ((w & 0xffc00000) == 0xf9000000) /* STR Xt, [Xn, #imm] */
        return 8 * (u64)a64_imm12(w) == offset ? (int)a64_rt(w) : -1;
    if ((w & 0xffe00c00) == 0xf8000000) /* STUR */
        return (u64)sign_extend(a64_imm9(w), 9) == offset ? (int)a64_rt(w) : -1;
    if ((w & 0xffc00000) != 0xa9000000) return -1; /* STP Xt, Xt2, [Xn, #imm] */
    u64 first = (u64)(sign_extend(a64_imm7(w), 7) * 8);
    if (first == offset) return (int)a64_rt(w);
    return first + 8 == offset ? (int)a64_rt2(w) : -1;
}

bool way_find_spilled(const struct disc_view *view, u64 pc, unsigned base, u64 offset, u64 *value)
{
    struct reader r = {.view = view};
    u64 low = view->function(view->context, pc).start;
    for (unsigned n = 0; n < FAR_MAX && pc > low; n++) {
        u32 word;
        pc -= 4;
        int reg = word_at(&r, pc, &word) ? stored_register(word, base, offset) : -1;
        if (reg >= 0 && reg < WAY_ZR) return way_find_made(view, pc, (unsigned)reg, value);
    }
    return false;
}
