/*
 * Loops by dominance, and how often blocks run: see loops.h.
 */
#include "aot/ir/loops.h"

#include <string.h>

#define ONE        IR_SURE
#define LEAVES     7864u       /* that a branch leaves its loop: 0.12 */
#define CALLS      14417u      /* that it leads to a call that the other way hasn't: 0.22 */
#define RETURNS    18350u      /* that it leads to a return: 0.28 */
#define ENOUGH     24u         /* samples around a branch to go by */
#define SELDOM     (ONE / 100) /* what they never show to be taken is taken so often */
#define UNSEEN     8u          /* of jumps by table one in so many leads where none was seen */
#define MOST_TURNS 32u
#define PASSED     3u
#define MOST       (UINT64_C(1) << 40) /* of a frequency: once is ONE */

/* Loops times blocks: a function with more is taken to have none, since what follows looks at each
 * block of each loop. */
#define MOST_WORK (4u << 20)

#define NOTHING UINT32_MAX

/*
 * Nodes are the blocks and one more, the table: JUMPINDs lead there, and from there to all targets.
 */

/* Ways between blocks, against their direction: those to block b come from
 * from[first[b]] to from[first[b + 1] - 1]. */
struct ways {
    u32 *first, *from;
};

struct search {
    const struct ir_func *f;
    struct ways back;
    u32 table; /* node */
    u32 *todo; /* nodes */
    u32 todo_count;
    u32 *order; /* nodes such that ways lead to later ones, but for those back */
    u32 *place; /* per node: where it is in the order */
    u32 *root;  /* per node: the first of 0 and what is only entered from outside that leads there;
                   ways from what others lead to are no ways into a loop */
    u32 *over;  /* per node: place of the one that all ways to it pass last (its immediate
                   dominator), or NOTHING */
    u32 *innermost; /* per block: 1 + the number of the smallest loop around it, or 0 */
    u64 *frequency; /* per node: ONE is once */
    u32 *again;     /* per loop head: the probability that it is come back to */
    u32 *first_way; /* per block: see loops.h */
    u32 *share;     /* per target of JUMPINDs: how likely they lead there, or NULL: all the same */
};

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
    return ir_jumps_by_table(f, block) ? own : ir_successors(f, block, own, n);
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

/* The nodes that this one leads to, one or more times each. */
static const u32 *all_successors(const struct search *s, u32 node, u32 own[2], unsigned *n)
{
    const struct ir_func *f = s->f;
    if (node == s->table) {
        *n = f->target_count;
        return f->target;
    }
    if (!ir_jumps_by_table(f, &f->block[node])) return successors(f, node, own, n);
    own[0] = s->table;
    *n = 1;
    return own;
}

/* --- order and dominance ------------------------------------------------------------------------
 */

static bool has(const u64 *set, u32 node)
{
    return set[node / 64] >> (node & 63) & 1;
}

/* The node is in the set from now on. */
static void reach(struct search *s, u64 *set, u32 node)
{
    if (has(set, node)) return;
    set[node / 64] |= UINT64_C(1) << (node & 63);
    s->todo[s->todo_count++] = node;
}

/* Puts what is reached from the node in front of what the order has from *end on. */
static void walk(struct search *s, u32 from, u32 *next, u64 *seen, u32 *end)
{
    u32 own[2];
    reach(s, seen, from);
    while (s->todo_count) {
        u32 node = s->todo[s->todo_count - 1];
        unsigned n;
        const u32 *to = all_successors(s, node, own, &n);
        while (next[node] < n && has(seen, to[next[node]])) next[node]++;
        if (next[node] < n) {
            reach(s, seen, to[next[node]]);
            continue;
        }
        s->todo_count--;
        s->root[node] = from;
        s->order[--*end] = node;
    }
}

static void put_in_order(struct search *s, struct arena *arena)
{
    u32 nodes = s->f->block_count + 1, end = nodes;
    u32 *next = arena_zalloc(arena, nodes * sizeof *next);
    u64 *seen = arena_zalloc(arena, (nodes + 63) / 64 * sizeof *seen);
    for (u32 b = 0; b < nodes; b++)
        if (!has(seen, b)) walk(s, b, next, seen, &end);
    for (u32 n = 0; n < nodes; n++) s->place[s->order[n]] = n;
}

/* The last place that is over both. */
static u32 meet(const struct search *s, u32 a, u32 b)
{
    while (a != b && a != NOTHING && b != NOTHING) {
        if (a > b)
            a = s->over[s->order[a]];
        else
            b = s->over[s->order[b]];
    }
    return a == b ? a : NOTHING;
}

/* Cooper, Harvey and Kennedy, "A simple, fast dominance algorithm", 2001. */
static void find_dominance(struct search *s, struct arena *arena)
{
    const struct ir_func *f = s->f;
    u32 nodes = f->block_count + 1;
    bool *known = arena_zalloc(arena, nodes * sizeof *known);
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 n = 0; n < nodes; n++) {
            u32 node = s->order[n], over = NOTHING;
            bool any = false;
            u32 first = node == s->table ? 0 : s->back.first[node];
            u32 last = node == s->table ? f->block_count : s->back.first[node + 1];
            for (u32 k = first; k < last; k++) {
                u32 from = node == s->table ? k : s->back.from[k];
                if (node == s->table && !ir_jumps_by_table(f, &f->block[k])) continue;
                if (!known[from] || s->root[from] != s->root[node]) continue;
                over = any ? meet(s, over, s->place[from]) : s->place[from];
                any = true;
            }
            bool by_table = node != s->table && f->block[node].target && known[s->table];
            if (by_table && s->root[s->table] == s->root[node]) {
                over = any ? meet(s, over, s->place[s->table]) : s->place[s->table];
                any = true;
            }
            if (node == s->root[node]) over = NOTHING;
            if (known[node] && s->over[node] == over) continue;
            known[node] = changed = true;
            s->over[node] = over;
        }
    }
}

static bool dominates(const struct search *s, u32 head, u32 b)
{
    u32 place = s->place[head], at = s->place[b];
    while (at != NOTHING && at > place) at = s->over[s->order[at]];
    return at == place;
}

/* --- which blocks a loop has --------------------------------------------------------------------
 */

/* The blocks that lead back to the head without passing it. Gives their number; 0: there are none.
 */
static u32 find_loop(struct search *s, u32 head, u64 *set)
{
    const struct ways *w = &s->back;
    u32 count = 1;
    bool any = false;
    set[head / 64] |= UINT64_C(1) << (head & 63);
    for (u32 k = w->first[head]; k < w->first[head + 1]; k++) {
        if (!dominates(s, head, w->from[k])) continue;
        reach(s, set, w->from[k]);
        any = true;
    }
    while (s->todo_count) {
        u32 b = s->todo[--s->todo_count];
        count++;
        for (u32 k = w->first[b]; k < w->first[b + 1]; k++)
            if (s->root[w->from[k]] == s->root[head]) reach(s, set, w->from[k]);
    }
    return any ? count : 0;
}

static bool is_head(const struct search *s, u32 b)
{
    const struct ways *w = &s->back;
    for (u32 k = w->first[b]; k < w->first[b + 1]; k++)
        if (s->place[w->from[k]] >= s->place[b] && dominates(s, b, w->from[k])) return true;
    return false;
}

static bool comes_before(const struct ir_loop *a, const struct ir_loop *b)
{
    return a->count != b->count ? a->count > b->count : a->head < b->head;
}

/* There are few, and the C library's own sorting may allocate. */
static void sort_by_size(struct ir_loops *l)
{
    for (u32 n = 1; n < l->count; n++) {
        struct ir_loop loop = l->loop[n];
        u32 at = n;
        for (; at && comes_before(&loop, &l->loop[at - 1]); at--) l->loop[at] = l->loop[at - 1];
        l->loop[at] = loop;
    }
}

static void find_members(struct search *s, struct arena *arena, struct ir_loops *l)
{
    const struct ir_func *f = s->f;
    size_t bytes = (f->block_count + 63) / 64 * sizeof(u64);
    u32 heads = 0;
    for (u32 b = 0; b < f->block_count; b++) heads += is_head(s, b);
    l->loop = arena_alloc(arena, heads * sizeof *l->loop);
    for (u32 b = 0; b < f->block_count; b++) {
        if (!is_head(s, b)) continue;
        struct ir_loop loop = {.head = b, .member = arena_zalloc(arena, bytes)};
        loop.count = find_loop(s, b, loop.member);
        l->loop[l->count++] = loop;
    }
    sort_by_size(l);
    for (u32 n = 0; n < l->count; n++)
        for (u32 b = 0; b < f->block_count; b++)
            if (ir_in_loop(&l->loop[n], b)) s->innermost[b] = n + 1;
}

/* --- how often they run -------------------------------------------------------------------------
 */

/* How a block's way ends, seen from its start: passes of less than PASSED blocks are followed. */
enum ending { GOES_ON, ENDS_IN_CALL, ENDS_IN_RETURN };

static enum ending ending_of(const struct ir_func *f, u32 b)
{
    for (unsigned n = 0; n < PASSED; n++) {
        const struct ir_block *block = &f->block[b];
        const struct ir_inst *last = &f->inst[block->end - 1];
        if (is_call(f, block)) return ENDS_IN_CALL;
        if (last->op == IR_EXIT || last->op == IR_EXITIND || last->op == IR_TRAP)
            return ENDS_IN_RETURN;
        if (last->op != IR_JUMP || (u32)last->imm <= b) break;
        b = (u32)last->imm;
    }
    return GOES_ON;
}

/* Samples for each instruction, about, in 1/256. Values stand for instructions. */
static u64 heat_of(const struct ir_func *f, u32 b)
{
    const struct ir_block *block = &f->block[b];
    return ((u64)block->samples << 8) / (block->end - block->first);
}

/* By samples, how likely the first way is: what is only come to by one of the two ways runs as
 * often as that is taken. 0: there are too few. */
static u32 first_by_samples(const struct ir_func *f, u32 from, const u32 *to)
{
    const struct ir_block *b = f->block;
    u64 all = (u64)b[from].samples + b[to[0]].samples + b[to[1]].samples;
    bool alone[] = {b[to[0]].preds == 1, b[to[1]].preds == 1};
    if (all < ENOUGH || (!alone[0] && !alone[1])) return 0;
    u64 first = heat_of(f, to[0]), second = heat_of(f, to[1]), before = heat_of(f, from);
    if (!alone[0]) first = before > second ? before - second : 0;
    if (!alone[1]) second = before > first ? before - first : 0;
    u64 likely = first + second ? first * ONE / (first + second) : ONE / 2;
    return likely < SELDOM ? SELDOM : likely > ONE - SELDOM ? ONE - SELDOM : (u32)likely;
}

static u32 first_of_two(const struct search *s, const struct ir_loops *l, u32 from, const u32 *to)
{
    static const u32 likely[] = {
        [GOES_ON] = ONE / 2, [ENDS_IN_CALL] = CALLS, [ENDS_IN_RETURN] = RETURNS};
    if (to[0] == to[1]) return ONE / 2;
    u32 known = first_by_samples(s->f, from, to);
    if (known) return known;
    if (s->innermost[from]) {
        const struct ir_loop *around = &l->loop[s->innermost[from] - 1];
        bool stays[] = {ir_in_loop(around, to[0]), ir_in_loop(around, to[1])};
        if (stays[0] != stays[1]) return stays[0] ? ONE - LEAVES : LEAVES;
    }
    enum ending first = ending_of(s->f, to[0]), second = ending_of(s->f, to[1]);
    if (first == second) return ONE / 2;
    if (first != GOES_ON && second != GOES_ON) return ONE / 2;
    return first != GOES_ON ? likely[first] : ONE - likely[second];
}

static void find_first_ways(struct search *s, const struct ir_loops *l, struct arena *arena)
{
    const struct ir_func *f = s->f;
    s->first_way = arena_alloc(arena, f->block_count * sizeof *s->first_way);
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n = 0;
        const u32 *to = ir_jumps_by_table(f, &f->block[b]) ? own : successors(f, b, own, &n);
        s->first_way[b] = n == 2 ? first_of_two(s, l, b, to) : ONE;
    }
}

/* By samples, if there are enough. A part is for those that have none. What comes to a target by
 * other ways is taken for the table's too. */
static void find_shares(struct search *s, struct arena *arena)
{
    const struct ir_func *f = s->f;
    u64 samples = 0, heat = 0;
    for (u32 k = 0; k < f->target_count; k++) {
        samples += f->block[f->target[k]].samples;
        heat += heat_of(f, f->target[k]);
    }
    if (samples < ENOUGH || !heat) return;
    s->share = arena_alloc(arena, f->target_count * sizeof *s->share);
    for (u32 k = 0; k < f->target_count; k++)
        s->share[k] = (u32)(ONE / UNSEEN / f->target_count +
                            heat_of(f, f->target[k]) * (ONE - ONE / UNSEEN) / heat);
}

/* What the block hands on, among the given blocks; to the head it gives the part that comes back.
 */
static void hand_on(struct search *s, u32 b, u32 head, const struct ir_loop *among)
{
    u32 own[2];
    unsigned n;
    const u32 *all = all_successors(s, b, own, &n);
    for (unsigned k = 0; k < n; k++) {
        u32 to = all[k];
        u32 likely = b == s->table && s->share ? s->share[k]
                     : b == s->table || n != 2 ? ONE / n
                     : k                       ? ONE - s->first_way[b]
                                               : s->first_way[b];
        u64 part = s->frequency[b] * likely / ONE;
        if (among && to == head)
            s->again[head] += (u32)part;
        else if ((!among || (to != s->table && ir_in_loop(among, to))) &&
                 s->place[to] > s->place[b])
            s->frequency[to] += part;
    }
}

static u64 with_turns(const struct search *s, u32 b)
{
    u32 most = ONE - ONE / MOST_TURNS, again = s->again[b] < most ? s->again[b] : most;
    u64 frequency = s->frequency[b] < MOST ? s->frequency[b] : MOST;
    return frequency * ONE / (ONE - again);
}

/* The loop's blocks where the head runs once; those inside it are known. */
static void run_loop(struct search *s, const struct ir_loop *loop)
{
    u32 left = loop->count;
    for (u32 n = 0; n < s->f->block_count; n++)
        if (ir_in_loop(loop, n)) s->frequency[n] = 0;
    s->frequency[loop->head] = ONE;
    for (u32 n = s->place[loop->head]; left && n <= s->f->block_count; n++) {
        u32 b = s->order[n];
        if (b == s->table || !ir_in_loop(loop, b)) continue;
        if (b != loop->head) s->frequency[b] = with_turns(s, b);
        hand_on(s, b, loop->head, loop);
        left--;
    }
}

static u32 rounded(u64 frequency)
{
    u64 often = frequency * IR_ONCE / ONE;
    return often < 1 ? 1 : often > IR_FREQUENT ? IR_FREQUENT : (u32)often;
}

static void find_frequencies(struct search *s, struct arena *arena, struct ir_loops *l)
{
    const struct ir_func *f = s->f;
    find_first_ways(s, l, arena);
    find_shares(s, arena);
    l->first_way = s->first_way;
    for (u32 n = l->count; n-- > 0;) run_loop(s, &l->loop[n]);
    for (u32 b = 0; b <= f->block_count; b++) s->frequency[b] = 0;
    s->frequency[0] = ONE;
    l->frequency = arena_alloc(arena, f->block_count * sizeof *l->frequency);
    u64 *entered = arena_zalloc(arena, f->block_count * sizeof *entered);
    for (u32 n = 0; n <= f->block_count; n++) {
        u32 b = s->order[n];
        if (b == s->table) {
            hand_on(s, b, NOTHING, NULL);
            continue;
        }
        if (!s->frequency[b] && f->block[b].entry) s->frequency[b] = ONE;
        entered[b] = s->frequency[b];
        s->frequency[b] = with_turns(s, b);
        hand_on(s, b, NOTHING, NULL);
        l->frequency[b] = rounded(s->frequency[b]);
    }
    for (u32 n = 0; n < l->count; n++) l->loop[n].entered = rounded(entered[l->loop[n].head]);
}

/* A jump by table may lead back: what it leads around in has no head. */
static bool goes_back_by_table(const struct ir_func *f)
{
    for (u32 b = f->target_count ? f->target[0] : f->block_count; b < f->block_count; b++)
        if (ir_jumps_by_table(f, &f->block[b])) return true;
    return false;
}

struct ir_loops ir_find_loops(const struct ir_func *f, struct arena *arena)
{
    struct ir_loops l = {0};
    u32 heads = 0, nodes = f->block_count + 1;
    for (u32 b = 0; b < f->block_count; b++) heads += f->block[b].loop_head;
    bool by_table = goes_back_by_table(f);
    if ((!heads && !by_table) || (u64)heads * f->block_count > MOST_WORK) return l;
    struct search s = {.f = f, .back = ways_back(f, arena), .table = f->block_count};
    u32 *room = arena_zalloc(arena, 7 * nodes * sizeof *room);
    s.todo = room;
    s.innermost = room + nodes;
    s.order = room + 2 * nodes;
    s.place = room + 3 * nodes;
    s.again = room + 4 * nodes;
    s.over = room + 5 * nodes;
    s.root = room + 6 * nodes;
    s.frequency = arena_zalloc(arena, nodes * sizeof *s.frequency);
    put_in_order(&s, arena);
    find_dominance(&s, arena);
    find_members(&s, arena, &l);
    if (l.count || by_table) find_frequencies(&s, arena, &l);
    return l;
}
