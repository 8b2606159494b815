#include "aot/ir/loops.h"

#include <stdlib.h>
#include <string.h>

#define ONE        65536u /* probability */
#define LEAVES     7864u  /* that a branch leaves its loop: 0.12 */
#define MOST_TURNS 32u

/* Ways between blocks, against their direction: those to block b come from
 * from[first[b]] to from[first[b + 1] - 1]. */
struct ways {
    u32 *first, *from;
};

struct search {
    const struct ir_func *f;
    struct ways back;
    u32 *todo; /* blocks */
    u32 todo_count;
    u32 *innermost; /* per block: 1 + the number of the smallest loop around it, or 0 */
    u32 *order;     /* blocks such that ways lead to later ones, but for those back */
    u32 order_count;
    u32 *place;     /* per block: where it is in the order */
    u64 *frequency; /* ONE is once */
    u32 *again;     /* per loop head: the probability that it is come back to */
};

static bool is_table(const struct ir_func *f, const struct ir_block *b)
{
    return f->inst[b->end - 1].op == IR_JUMPIND;
}

static bool is_call(const struct ir_func *f, const struct ir_block *b)
{
    const struct ir_inst *i = &f->inst[b->end - 1];
    return (i->op == IR_EXIT || i->op == IR_EXITIND) &&
           (i->mod & ~IR_EXIT_NZCV_DEAD) == IR_EXIT_CALL;
}

static const u32 *successors(const struct ir_func *f, u32 b, u32 own[2], unsigned *n)
{
    const struct ir_block *block = &f->block[b];
    *n = 0;
    if (is_call(f, block) && b + 1 < f->block_count && f->block[b + 1].entry) {
        own[0] = b + 1;
        *n = 1;
        return own;
    }
    return is_table(f, block) ? own : ir_successors(f, block, own, n);
}

static struct ways ways_back(const struct ir_func *f, struct arena *arena)
{
    u32 count = f->block_count, own[2];
    unsigned n;
    struct ways w = {arena_zalloc(arena, (count + 2) * sizeof *w.first),
                     arena_alloc(arena, 2 * count * sizeof *w.from)};
    for (u32 b = 0; b < count; b++) {
        const u32 *to = successors(f, b, own, &n);
        for (unsigned k = 0; k < n; k++) w.first[to[k] + 2]++;
    }
    for (u32 b = 0; b <= count; b++) w.first[b + 1] += w.first[b];
    for (u32 b = 0; b < count; b++) {
        const u32 *to = successors(f, b, own, &n);
        for (unsigned k = 0; k < n; k++) w.from[w.first[to[k] + 1]++] = b;
    }
    return w;
}

/* --- which blocks a loop has --------------------------------------------------------------------
 */

static bool has(const u64 *set, u32 b)
{
    return set[b / 64] >> (b & 63) & 1;
}

/* The block is in the set from now on. */
static void reach(struct search *s, u64 *set, u32 b)
{
    if (has(set, b)) return;
    set[b / 64] |= UINT64_C(1) << (b & 63);
    s->todo[s->todo_count++] = b;
}

/* Blocks that lead to the head's back edges without passing it. */
static void look_back(struct search *s, u32 head, u64 *set)
{
    const struct ways *w = &s->back;
    set[head / 64] |= UINT64_C(1) << (head & 63);
    for (u32 k = w->first[head]; k < w->first[head + 1]; k++)
        if (w->from[k] >= head) reach(s, set, w->from[k]);
    while (s->todo_count) {
        u32 b = s->todo[--s->todo_count];
        for (u32 k = w->first[b]; k < w->first[b + 1]; k++) reach(s, set, w->from[k]);
    }
}

/* Of those, the ones that the head leads to. Gives their number; 0: none of them leads back. */
static u32 look_ahead(struct search *s, u32 head, const u64 *among, u64 *set)
{
    u32 count = 0, own[2];
    bool back = false;
    reach(s, set, head);
    while (s->todo_count) {
        u32 b = s->todo[--s->todo_count];
        unsigned n;
        const u32 *to = successors(s->f, b, own, &n);
        count++;
        for (unsigned k = 0; k < n; k++) {
            back |= to[k] == head;
            if (has(among, to[k])) reach(s, set, to[k]);
        }
    }
    return back ? count : 0;
}

static int by_size(const void *x, const void *y)
{
    const struct ir_loop *a = x, *b = y;
    if (a->count != b->count) return a->count < b->count ? 1 : -1;
    return (a->head > b->head) - (a->head < b->head);
}

static void find_members(struct search *s, struct arena *arena, struct ir_loops *l)
{
    const struct ir_func *f = s->f;
    size_t bytes = (f->block_count + 63) / 64 * sizeof(u64);
    u64 *behind = arena_alloc(arena, bytes);
    for (u32 b = 0; b < f->block_count; b++) {
        if (!f->block[b].loop_head) continue;
        struct ir_loop loop = {.head = b, .member = arena_zalloc(arena, bytes)};
        memset(behind, 0, bytes);
        look_back(s, b, behind);
        loop.count = look_ahead(s, b, behind, loop.member);
        if (loop.count) l->loop[l->count++] = loop;
    }
    qsort(l->loop, l->count, sizeof *l->loop, by_size);
    for (u32 n = 0; n < l->count; n++)
        for (u32 b = 0; b < f->block_count; b++)
            if (ir_in_loop(&l->loop[n], b)) s->innermost[b] = n + 1;
}

/* --- how often they run -------------------------------------------------------------------------
 */

/* The blocks that this one leads to by a table or otherwise, each once or more. */
static const u32 *all_successors(const struct search *s, u32 b, u32 own[2], unsigned *n)
{
    const struct ir_block *block = &s->f->block[b];
    return is_table(s->f, block) ? ir_successors(s->f, block, own, n)
                                 : successors(s->f, b, own, n);
}

/* Puts what is reached from the block in order, from the end of the list on. */
static void walk(struct search *s, u32 from, u32 *next, u64 *seen)
{
    u32 own[2];
    s->todo_count = 0;
    reach(s, seen, from);
    while (s->todo_count) {
        u32 b = s->todo[s->todo_count - 1];
        unsigned n;
        const u32 *to = all_successors(s, b, own, &n);
        while (next[b] < n && has(seen, to[next[b]])) next[b]++;
        if (next[b] < n) {
            reach(s, seen, to[next[b]]);
            continue;
        }
        s->todo_count--;
        s->order[--s->order_count] = b;
    }
}

static void put_in_order(struct search *s, struct arena *arena)
{
    u32 count = s->f->block_count;
    u32 *next = arena_zalloc(arena, count * sizeof *next);
    u64 *seen = arena_zalloc(arena, (count + 63) / 64 * sizeof *seen);
    s->order_count = count;
    /* What is entered from outside only comes first in the end. */
    walk(s, 0, next, seen);
    for (u32 b = 1; b < count; b++)
        if (!has(seen, b)) walk(s, b, next, seen);
    for (u32 n = 0; n < count; n++) s->place[s->order[n]] = n;
}

/* The probability of the way from one block to another of its successors. */
static u32 probability(const struct search *s, const struct ir_loops *l, u32 from, u32 to,
                       const u32 *all, unsigned n)
{
    if (n != 2 || all[0] == all[1] || !s->innermost[from]) return ONE / n;
    const struct ir_loop *around = &l->loop[s->innermost[from] - 1];
    u32 other = all[all[0] == to];
    bool stays = ir_in_loop(around, to);
    if (stays == ir_in_loop(around, other)) return ONE / 2;
    return stays ? ONE - LEAVES : LEAVES;
}

/* What the block hands on, among the given blocks; to the head it gives the part that comes back.
 */
static void hand_on(struct search *s, const struct ir_loops *l, u32 b, u32 head,
                    const struct ir_loop *among)
{
    u32 own[2];
    unsigned n;
    const u32 *all = all_successors(s, b, own, &n);
    for (unsigned k = 0; k < n; k++) {
        u32 to = all[k];
        u64 part = s->frequency[b] * probability(s, l, b, to, all, n) / ONE;
        if (among && to == head)
            s->again[head] += (u32)part;
        else if ((!among || ir_in_loop(among, to)) && s->place[to] > s->place[b])
            s->frequency[to] += part;
    }
}

static u64 with_turns(const struct search *s, u32 b)
{
    u32 most = ONE - ONE / MOST_TURNS, again = s->again[b] < most ? s->again[b] : most;
    return s->frequency[b] * ONE / (ONE - again);
}

/* The loop's blocks where the head runs once; those inside it are known. */
static void run_loop(struct search *s, const struct ir_loops *l, const struct ir_loop *loop)
{
    u32 left = loop->count;
    for (u32 n = 0; n < s->f->block_count; n++)
        if (ir_in_loop(loop, n)) s->frequency[n] = 0;
    s->frequency[loop->head] = ONE;
    for (u32 n = s->place[loop->head]; left && n < s->f->block_count; n++) {
        u32 b = s->order[n];
        if (!ir_in_loop(loop, b)) continue;
        if (b != loop->head) s->frequency[b] = with_turns(s, b);
        hand_on(s, l, b, loop->head, loop);
        left--;
    }
}

static void find_frequencies(struct search *s, struct arena *arena, struct ir_loops *l)
{
    const struct ir_func *f = s->f;
    for (u32 n = l->count; n-- > 0;) run_loop(s, l, &l->loop[n]);
    for (u32 b = 0; b < f->block_count; b++) s->frequency[b] = 0;
    s->frequency[0] = ONE;
    l->frequency = arena_alloc(arena, f->block_count * sizeof *l->frequency);
    u64 *entered = arena_zalloc(arena, f->block_count * sizeof *entered);
    for (u32 n = 0; n < f->block_count; n++) {
        u32 b = s->order[n];
        if (!s->frequency[b] && f->block[b].entry) s->frequency[b] = ONE;
        entered[b] = s->frequency[b];
        s->frequency[b] = with_turns(s, b);
        hand_on(s, l, b, b, NULL);
        u64 often = s->frequency[b] * IR_ONCE / ONE;
        l->frequency[b] = often < 1 ? 1 : often > IR_FREQUENT ? IR_FREQUENT : (u32)often;
    }
    for (u32 n = 0; n < l->count; n++) {
        u64 often = entered[l->loop[n].head] * IR_ONCE / ONE;
        l->loop[n].entered = often < 1 ? 1 : often > IR_FREQUENT ? IR_FREQUENT : (u32)often;
    }
}

struct ir_loops ir_find_loops(const struct ir_func *f, struct arena *arena)
{
    struct ir_loops l = {0};
    u32 heads = 0, count = f->block_count;
    for (u32 b = 0; b < count; b++) heads += f->block[b].loop_head;
    if (!heads) return l;
    struct search s = {.f = f, .back = ways_back(f, arena)};
    u32 *room = arena_zalloc(arena, 5 * count * sizeof *room);
    s.todo = room;
    s.innermost = room + count;
    s.order = room + 2 * count;
    s.place = room + 3 * count;
    s.again = room + 4 * count;
    s.frequency = arena_alloc(arena, count * sizeof *s.frequency);
    l.loop = arena_alloc(arena, heads * sizeof *l.loop);
    find_members(&s, arena, &l);
    if (!l.count) return l;
    put_in_order(&s, arena);
    find_frequencies(&s, arena, &l);
    return l;
}
