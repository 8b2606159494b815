/*
 * Inlining: functions that call nobody, and that are small or that a profile shows to be hot, get a
 * copy in the region behind each such call (region.h). Small ones need not be hot: what they take
 * is too short to be found by a few thousand samples, and comes to much.
 *
 * A copy saves the call, the return and its check, and what both need in its place: the state in
 * the registers of the convention. In a loop there is no call left then, and its pins are its own.
 * A callee must return by RET to where it was called from, whichever way it takes: it must not
 * write x30, nor leave by a branch.
 *
 * So with an indirect call, or one by way of a linkage table, of which a profile shows most samples
 * below one function. Its copy is behind a guard; where that fails, the call is made as such, and
 * counted (translation.h), by the block behind the copies. That runs call something else there
 * shows in the next profile.
 */
#include "aot/disc/disc.h"

#include "aot/a64/flow.h"
#include "aot/disc/known.h"

#include <string.h>

#define MOST_PLAIN  16   /* of any that is called as such, whatever is known of runs; and, where */
#define MOST_VECTOR 64   /* three of four are vectors' (x264 -2 %): they are at home at calls */
#define HOT         2000 /* of so many samples of the module one is in it, at least */
#define GROWTH      2    /* copies make a region longer by at most one part in so many, and: */
#define GROWTH_FREE 64   /* instructions */

#define STUB    5 /* instructions of a procedure linkage table's stub, at most */
#define BTI_C   0xd503245f
#define BR_X17  0xd61f0220
#define BLR_X17 0xd63f0220

struct stub {
    u64 pc;
    u32 count; /* words; 0: there is none */
    u32 word[STUB];
};

struct callee {
    u64 pc;
    u32 available; /* words that can be read and are not too many */
    u32 size;      /* words, with gaps */
    u32 insns;
    u32 word[COPIED_MOST];
    u16 row[COPIED_MOST];
    bool seen[COPIED_MOST],
        leads[COPIED_MOST]; /* an instruction that runs; one that a block begins with */
};

/* Arm ARM C4.1: floating point and SIMD, but for their loads and stores. */
static bool is_vectors(u32 word)
{
    return (word >> 25 & 7) == 7;
}

/* Of those, what writes a general register: conversions from and to fixed point and integers, SMOV
 * and UMOV. */
static bool is_to_general(u32 word)
{
    return (word & 0x5f200000) == 0x1e000000 || (word & 0x5f20fc00) == 0x1e200000 ||
           (word & 0xbfe0ec00) == 0x0e002c00;
}

/* Perhaps: register 30 is in one of the fields that name what is written. */
static bool may_write_link(u32 word)
{
    if (is_vectors(word)) return is_to_general(word) && (word & 31) == 30;
    bool memory = (word >> 25 & 5) == 4;                /* Arm ARM C4.1: loads and stores */
    bool exclusive = (word & 0x3f000000) == 0x08000000; /* status, or compare and swap */
    return (word & 31) == 30 || (word >> 5 & 31) == 30 || (memory && (word >> 10 & 31) == 30) ||
           (exclusive && (word >> 16 & 31) == 30);
}

/* The instruction may run. False: it is not in the callee's reach. */
static bool reach(struct callee *c, u64 pc, bool leads, bool *changed)
{
    u64 at = (pc - c->pc) / 4;
    if (pc < c->pc || at >= c->available) return false;
    *changed |= !c->seen[at] || (leads && !c->leads[at]);
    c->seen[at] = true;
    c->leads[at] |= leads;
    return true;
}

/* What instruction `at` leads to. False: it is none that can be inlined. */
static bool follow(struct callee *c, u32 at, bool *changed)
{
    u64 pc = c->pc + 4 * (u64)at, target = 0;
    switch (a64_flow((enum a64_row)c->row[at], c->word[at], pc, &target)) {
    case A64_FLOW_NEXT: return !may_write_link(c->word[at]) && reach(c, pc + 4, false, changed);
    case A64_FLOW_CONDITIONAL:
        return reach(c, target, true, changed) && reach(c, pc + 4, true, changed);
    case A64_FLOW_JUMP: return reach(c, target, true, changed);
    case A64_FLOW_RETURN: return c->row[at] == A64_RET && (c->word[at] >> 5 & 31) == 30;
    default: return false;
    }
}

/* Finds out what runs of the function at pc. False: it can't be inlined. */
static bool explore(struct callee *c, const struct code_view *view, u64 pc, u32 limit)
{
    memset(c, 0, sizeof *c);
    c->pc = pc;
    c->available = (u32)view->read(view->context, pc, c->word, limit);
    bool changed = false;
    if (!reach(c, pc, true, &changed)) return false;
    while (changed) {
        changed = false;
        c->insns = 0;
        for (u32 at = 0; at < c->available; at++) {
            if (!c->seen[at]) continue;
            c->row[at] = (u16)a64_decode(c->word[at]);
            if (!follow(c, at, &changed)) return false;
            c->insns++;
            c->size = at + 1;
        }
    }
    return true;
}

/* What is added to a region. */
struct addition {
    struct a64_region *to;
    u32 insns;
};

/* The call of block `from` as it is where the guard of its copies has failed; one by way of a stub
 * is to where that would have led. */
static void add_failed(struct addition *a, const struct a64_block *from)
{
    static const u32 by_x17 = BLR_X17;
    static const u16 row = A64_BLR;
    u32 last = from->count - 1;
    bool direct = from->row[last] == A64_BL;
    a->to->block[a->to->block_count++] =
        (struct a64_block){.pc = from->pc + 4 * (u64)last,
                           .count = 1,
                           .word = direct ? &by_x17 : from->word + last,
                           .row = direct ? &row : from->row + last,
                           .calls = a->to->inlined_count,
                           .failed = true};
    a->insns++;
}

static void add_stub(struct addition *a, struct arena *arena, const struct stub *stub)
{
    u32 number = a->to->inlined_count;
    u16 *row = arena_alloc(arena, sizeof stub->word / 4 * sizeof *row);
    u32 *word = arena_alloc(arena, sizeof stub->word);
    memcpy(word, stub->word, sizeof stub->word);
    for (u32 n = 0; n < stub->count; n++) row[n] = (u16)a64_decode(word[n]);
    a->to->block[a->to->block_count++] = (struct a64_block){.pc = stub->pc,
                                                            .word = word,
                                                            .row = row,
                                                            .count = stub->count,
                                                            .calls = number,
                                                            .of = number};
    a->insns += stub->count;
}

/* For the call at the end of block `from`, the region's last so far. */
static void copy(struct addition *a, struct arena *arena, const struct a64_block *from,
                 const struct stub *stub, const struct callee *c)
{
    struct a64_region *to = a->to;
    struct a64_inlined *call = &to->inlined[to->inlined_count++];
    bool guarded = stub->count || from->row[from->count - 1] != A64_BL;
    u32 start = to->block_count;
    if (stub->count) add_stub(a, arena, stub);
    u32 *word = arena_alloc(arena, c->size * (sizeof *word + sizeof(u16)));
    u16 *row = (u16 *)(word + c->size);
    memcpy(word, c->word, c->size * sizeof *word);
    memcpy(row, c->row, c->size * sizeof *row);
    *call = (struct a64_inlined){
        .first = to->block_count, .start = start, .guarded = guarded, .assumed = c->pc};
    to->block[start - 1].calls = to->inlined_count;
    for (u32 at = 0; at < c->size; at++) {
        if (!c->seen[at]) continue;
        if (c->leads[at] || !c->seen[at - 1])
            to->block[to->block_count++] = (struct a64_block){.pc = c->pc + 4 * (u64)at,
                                                              .word = word + at,
                                                              .row = row + at,
                                                              .of = to->inlined_count};
        to->block[to->block_count - 1].count++;
    }
    call->count = to->block_count - call->first;
    a->insns += c->insns;
    if (guarded) add_failed(a, from);
}

/* The stub of a procedure linkage table at pc, if there is one: it goes where a word says. */
static void read_stub(const struct code_view *view, u64 pc, struct stub *stub)
{
    u32 n = (u32)view->read(view->context, pc, stub->word, STUB), at = n && stub->word[0] == BTI_C;
    const u32 *w = stub->word + at;
    bool is_stub = n >= at + 4 && (w[0] & 0x9f00001f) == 0x90000010 && /* ADRP X16 */
                   (w[1] & 0xffc003ff) == 0xf9400211 &&                /* LDR X17, [X16, #imm] */
                   (w[2] & 0xff8003ff) == 0x91000210 &&                /* ADD X16, X16, #imm */
                   w[3] == BR_X17;
    stub->pc = pc;
    stub->count = is_stub ? at + 4 : 0;
}

/* The target of the call that a block ends with, of an indirect one what it usually calls; false:
 * it ends otherwise, or nobody knows. stub: by way of which it is, or with count 0. */
static bool ends_in_call(const struct code_view *view, const struct profile *p,
                         const struct a64_block *b, struct stub *stub, u64 *target)
{
    u32 last = b->count - 1;
    u64 pc = b->pc + 4 * (u64)last;
    stub->count = 0;
    if (!b->count) return false;
    if (b->row[last] == A64_BL) {
        a64_flow(A64_BL, b->word[last], pc, target);
        if (p) read_stub(view, *target, stub);
        return !stub->count || (disc_usual_target(p, pc, target) && *target != stub->pc);
    }
    if (b->row[last] != A64_BLR || (b->word[last] >> 5 & 31) == 30 || !p) return false;
    return disc_usual_target(p, pc, target);
}

static u32 calls(const struct a64_region *region)
{
    u32 count = 0;
    for (u32 n = 0; n < region->block_count; n++) {
        const struct a64_block *b = &region->block[n];
        count += b->count && (b->row[b->count - 1] == A64_BL || b->row[b->count - 1] == A64_BLR);
    }
    return count;
}

static void set_returns(const struct code_view *view, struct a64_region *region)
{
    for (u32 n = 0; n < region->block_count; n++) {
        const struct a64_block *b = &region->block[n];
        if (!b->calls) continue;
        struct a64_inlined *call = &region->inlined[b->calls - 1];
        if (b->failed) continue;
        call->behind = call->first + call->count + call->guarded;
        struct a64_block *behind = &region->block[call->behind];
        if (call->guarded) continue; /* others return there */
        if (!view->is_return || view->is_return(view->context, behind->pc)) behind->entry = false;
    }
}

static bool works_on_vectors(const struct callee *c)
{
    u32 vectors = 0;
    for (u32 at = 0; at < c->size; at++) vectors += c->seen[at] && is_vectors(c->word[at]);
    return 4 * vectors >= 3 * c->insns;
}

/* The host has the function: its own is better than a copy. */
static bool is_known(const struct code_view *view, u64 pc)
{
    u32 word[DISC_KNOWN_MAX], count;
    enum helper id;
    return disc_known(view, pc, word, &count, &id);
}

/* Runs spend time in the callee when it is called from this block: either calls from there show
 * that, or, once it has a copy there and is called no more, that both are run. */
static bool is_hot(const struct profile *p, const struct a64_block *from, const struct callee *c)
{
    u64 behind = from->pc + 4 * (u64)from->count;
    if (!p || !p->samples) return false;
    if (disc_call_samples(p, behind - 4, c->pc) * HOT >= p->samples) return true;
    return disc_samples(p, from->pc, behind) * HOT >= p->samples &&
           disc_samples(p, c->pc, c->pc + 4 * (u64)c->size) * HOT >= p->samples;
}

void disc_inline(struct arena *arena, const struct code_view *view, const struct profile *profile,
                 struct a64_region *region)
{
    u32 count = calls(region), limit = region->insn_count / GROWTH + GROWTH_FREE;
    if (!count || region->insn_count < 2) return;
    struct a64_region out = *region;
    struct addition a = {.to = &out};
    struct callee *c = arena_alloc(arena, sizeof *c);
    u32 *own = arena_alloc(arena, region->block_count * sizeof *own);
    out.inlined = arena_alloc(arena, count * sizeof *out.inlined);
    out.block = arena_alloc(arena, (region->block_count + limit + 2 * count) * sizeof *out.block);
    out.block_count = 0;
    for (u32 n = 0; n < region->block_count; n++) {
        const struct a64_block *b = &region->block[n];
        u64 target, behind = b->pc + 4 * (u64)b->count;
        struct stub stub;
        own[n] = out.block_count;
        out.block[out.block_count++] = *b;
        if (!ends_in_call(view, profile, b, &stub, &target) || n + 1 == region->block_count ||
            b[1].pc != behind)
            continue;
        bool good = explore(c, view, target, profile ? COPIED_MOST : MOST_VECTOR) &&
                    a.insns + c->insns <= limit && !is_known(view, target);
        bool small = b->row[b->count - 1] == A64_BL && !stub.count &&
                     c->size <= (works_on_vectors(c) ? MOST_VECTOR : MOST_PLAIN);
        if (good && (small || is_hot(profile, b, c))) copy(&a, arena, b, &stub, c);
    }
    if (!out.inlined_count) return;
    out.insn_count += a.insns;
    out.copied = a.insns;
    out.own = own;
    out.own_count = region->block_count;
    set_returns(view, &out);
    *region = out;
}
