/*
 * Quick regions (disc.h): one pass decodes until the run ends, one marks the targets of branches
 * inside it, one cuts the run into blocks. A branch that stays inside ends its block, so the
 * instruction behind it starts one as well; a branch that leaves the run doesn't.
 *
 * Code is translated when it is first reached, so most of what a long run takes along would never
 * run, or be translated again when it is reached by another way. Hence a run has an end after a few
 * conditional branches, and where another translation starts. Loops would pay for that at
 * every turn, so behind an end the branches are looked at: one that leads back into the run makes
 * all before it part of the run.
 */
#include "aot/disc/disc.h"

#include "aot/a64/flow.h"

#define MAX_CONDITIONAL 3  /* branches of a run that closes no loop */
#define MAX_TRIAL       32 /* instructions looked at behind an end */
#define PIECE           16 /* words read at a time */

struct branch {
    u32 at; /* index of the instruction */
    u64 target;
};

struct run {
    u64 pc;
    u32 count;
    u32 available, max; /* words read so far, and that may be read */
    u32 *word;
    u16 *row;
    u8 *leader;
    struct branch *branch; /* those with a fixed target that aren't calls */
    u32 branches;
};

/* Runs are mostly short, so words come in pieces. A view may give less than asked for at a time. */
static bool read_more(struct run *run, const struct code_view *view)
{
    u32 piece = run->max - run->available;
    if (piece > PIECE) piece = PIECE;
    if (!piece) return false;
    size_t n = view->read(view->context, run->pc + 4 * (u64)run->available,
                          run->word + run->available, piece);
    run->available += (u32)n;
    return n > 0;
}

/* Sees to it that word i, the next one, is there. */
static inline bool read_to(struct run *run, const struct code_view *view, u32 i)
{
    return i < run->available || read_more(run, view);
}

static bool goes_on(enum a64_flow flow)
{
    return flow == A64_FLOW_NEXT || flow == A64_FLOW_CONDITIONAL;
}

static enum a64_flow note_branch(struct run *run, u32 i, enum a64_row row)
{
    u64 target;
    enum a64_flow flow = a64_flow(row, run->word[i], run->pc + 4 * (u64)i, &target);
    if (flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP)
        run->branch[run->branches++] = (struct branch){i, target};
    return flow;
}

/* Decodes instruction i and gives its flow; notes it if it is a branch that may stay inside. */
static inline enum a64_flow decode_one(struct run *run, u32 i)
{
    enum a64_row row = a64_decode(run->word[i]);
    run->row[i] = (u16)row;
    return a64_row_flow[row] == A64_FLOW_NEXT ? A64_FLOW_NEXT : note_branch(run, i, row);
}

static bool some_branch_leads_to(const struct run *run, u64 pc)
{
    for (u32 b = 0; b < run->branches; b++)
        if (run->branch[b].target == pc) return true;
    return false;
}

/* Decodes from instruction i to where the run may end, which it returns; *dead: nothing goes on
 * there, and nothing in the run leads there. */
static u32 decode_part(struct run *run, const struct code_view *view, u32 i, bool *dead)
{
    u32 conditional = 0;
    while (read_to(run, view, i)) {
        enum a64_flow flow = decode_one(run, i++);
        u64 behind = run->pc + 4 * (u64)i;
        if (!goes_on(flow)) {
            *dead = !some_branch_leads_to(run, behind);
            return i;
        }
        if (flow == A64_FLOW_CONDITIONAL && ++conditional == MAX_CONDITIONAL) return i;
        if (view->is_entry && view->is_entry(view->context, behind)) return i;
    }
    *dead = true;
    return i;
}

/* Looks behind instruction `end` for a branch that leads back before it: the number of instructions
 * up to that branch, or 0. */
static u32 find_loop(struct run *run, const struct code_view *view, u32 end)
{
    u32 branches = run->branches, found = 0;
    for (u32 i = end; !found && i < end + MAX_TRIAL && read_to(run, view, i); i++) {
        if (!a64_may_branch(run->word[i])) continue;
        u32 before = run->branches;
        enum a64_flow flow = decode_one(run, i);
        if (run->branches > before && run->branch[before].target - run->pc < 4 * (u64)end)
            found = i + 1;
        else if (!goes_on(flow) && !some_branch_leads_to(run, run->pc + 4 * (u64)i + 4))
            break;
    }
    run->branches = branches;
    return found;
}

static void decode_run(struct run *run, const struct code_view *view)
{
    bool dead = false;
    u32 end = decode_part(run, view, 0, &dead), loop;
    while (!dead && (loop = find_loop(run, view, end)) != 0) {
        while (end < loop) decode_one(run, end++);
        end = decode_part(run, view, end, &dead);
    }
    run->count = end;
}

/* Index of pc in the run, or its count when it isn't inside. */
static u32 index_in(const struct run *run, u64 pc)
{
    u64 distance = pc - run->pc;
    return distance < 4 * (u64)run->count ? (u32)(distance / 4) : run->count;
}

static u32 mark(struct run *run, u32 index)
{
    if (index >= run->count || run->leader[index]) return 0;
    run->leader[index] = 1;
    return 1;
}

/* Returns the number of blocks. */
static u32 mark_leaders(struct run *run)
{
    u32 blocks = mark(run, 0);
    for (u32 b = 0; b < run->branches; b++) {
        u32 to = index_in(run, run->branch[b].target);
        if (to == run->count) continue;
        blocks += mark(run, to) + mark(run, run->branch[b].at + 1);
    }
    return blocks;
}

/* Cuts the run at its leaders. */
static void cut(struct arena *arena, struct run *run, struct a64_region *out)
{
    run->leader = arena_zalloc(arena, run->count);
    u32 blocks = mark_leaders(run);
    struct a64_block *block = arena_zalloc(arena, blocks * sizeof *block);
    struct a64_block *at = block - 1;
    for (u32 i = 0; i < run->count; i++) {
        if (run->leader[i])
            *++at = (struct a64_block){.pc = run->pc + 4 * (u64)i,
                                       .word = run->word + i,
                                       .row = run->row + i,
                                       .entry = i == 0};
        at->count++;
    }
    out->block = block;
    out->block_count = blocks;
}

static bool some_branch_stays(const struct run *run)
{
    for (u32 b = 0; b < run->branches; b++)
        if (index_in(run, run->branch[b].target) < run->count) return true;
    return false;
}

bool disc_quick(struct arena *arena, const struct code_view *view, u64 pc, u32 max_insts,
                struct a64_region *out)
{
    u32 max = max_insts ? max_insts : DISC_QUICK_INSTS;
    if (max > DISC_MAX_INSTS) max = DISC_MAX_INSTS;
    struct run run = {.pc = pc, .max = max};
    run.branch =
        arena_alloc(arena, max * (sizeof *run.branch + sizeof *run.word + sizeof *run.row));
    run.word = (u32 *)(run.branch + max);
    run.row = (u16 *)(run.word + max);
    if (!read_to(&run, view, 0)) return false;
    decode_run(&run, view);
    *out = (struct a64_region){.pc = pc, .insn_count = run.count};
    if (some_branch_stays(&run)) {
        cut(arena, &run, out);
        return true;
    }
    out->block = arena_alloc(arena, sizeof *out->block);
    out->block_count = 1;
    out->straight = true;
    out->block[0] = (struct a64_block){
        .pc = pc, .count = run.count, .word = run.word, .row = run.row, .entry = true};
    return true;
}
