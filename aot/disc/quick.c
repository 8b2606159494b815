/*
 * Quick regions (disc.h): one pass decodes until the run ends, one marks the targets of branches
 * inside it, one cuts the run into blocks. A branch that stays inside ends its block, so the
 * instruction behind it starts one as well; a branch that leaves the run doesn't.
 *
 * Code is translated when it is first reached, so most of what a long run takes along would never
 * run, or be translated again when it is reached by another way. Hence a run has an end after a few
 * conditional branches, and where another translation starts. Loops pay for that at
 * every turn, so decoding goes on for trial behind an end: a branch from there back into the run
 * makes what was on trial part of it; if none comes soon, it is dropped.
 */
#include "aot/disc/disc.h"

#include "aot/a64/flow.h"

#define MAX_CONDITIONAL 3  /* branches of a run that closes no loop */
#define MAX_TRIAL       32 /* instructions on trial */
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

/* Sees to it that word i of the run is there; runs are mostly short, so words come in pieces. A
 * view may give less than asked for at a time. */
static bool read_to(struct run *run, const struct code_view *view, u32 i)
{
    while (run->available <= i && run->available < run->max) {
        u32 piece = run->max - run->available;
        size_t n = view->read(view->context, run->pc + 4 * (u64)run->available,
                              run->word + run->available, piece < PIECE ? piece : PIECE);
        if (!n) break;
        run->available += (u32)n;
    }
    return i < run->available;
}

static bool goes_on(enum a64_flow flow)
{
    return flow == A64_FLOW_NEXT || flow == A64_FLOW_CONDITIONAL;
}

/* Decodes instruction i; its flow, and its target if it is a branch that may stay inside. */
static enum a64_flow decode_one(struct run *run, u32 i)
{
    u64 target;
    enum a64_row row = a64_decode(run->word[i]);
    enum a64_flow flow = a64_flow(row, run->word[i], run->pc + 4 * (u64)i, &target);
    run->row[i] = (u16)row;
    if (flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP)
        run->branch[run->branches++] = (struct branch){i, target};
    return flow;
}

static bool some_branch_leads_to(const struct run *run, u64 pc)
{
    for (u32 b = 0; b < run->branches; b++)
        if (run->branch[b].target == pc) return true;
    return false;
}

/* How a run's end is found. */
struct search {
    u32 end;         /* on trial: instructions that are part of the run for sure */
    u32 conditional; /* branches in that part */
    bool trial;
};

/* The run may end before instruction `end`. */
static void try_beyond(struct search *s, u32 end)
{
    if (!s->trial) s->end = end;
    s->trial = true;
}

/* If the last branch, instruction i - 1, leads back into the part that is for sure, that includes
 * it from now on. */
static void close_loop(const struct run *run, struct search *s, u32 i)
{
    u32 sure = s->trial ? s->end : i;
    const struct branch *last = &run->branch[run->branches - 1];
    if (last->target - run->pc < 4 * (u64)sure) *s = (struct search){0};
}

static void decode_run(struct run *run, const struct code_view *view)
{
    struct search s = {0};
    u32 i = 0;
    while (!(s.trial && i - s.end >= MAX_TRIAL) && read_to(run, view, i)) {
        u64 behind = run->pc + 4 * (u64)i + 4;
        enum a64_flow flow = decode_one(run, i++);
        if (flow == A64_FLOW_CONDITIONAL || flow == A64_FLOW_JUMP) close_loop(run, &s, i);
        s.conditional += flow == A64_FLOW_CONDITIONAL;
        if (!goes_on(flow)) {
            try_beyond(&s, i);
            if (!some_branch_leads_to(run, behind)) break;
        } else if (s.conditional == MAX_CONDITIONAL ||
                   (view->is_entry && view->is_entry(view->context, behind))) {
            try_beyond(&s, i);
        }
    }
    run->count = s.trial ? s.end : i;
    while (run->branches && run->branch[run->branches - 1].at >= run->count) run->branches--;
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

bool disc_quick(struct arena *arena, const struct code_view *view, u64 pc, u32 max_insts,
                struct a64_region *out)
{
    u32 max = max_insts ? max_insts : DISC_QUICK_INSTS;
    if (max > DISC_MAX_INSTS) max = DISC_MAX_INSTS;
    struct run run = {.pc = pc, .max = max, .word = arena_alloc(arena, 4 * max)};
    if (!read_to(&run, view, 0)) return false;

    run.row = arena_alloc(arena, 2 * max);
    run.branch = arena_alloc(arena, max * sizeof *run.branch);
    decode_run(&run, view);
    run.leader = arena_zalloc(arena, run.count);
    u32 blocks = mark_leaders(&run);

    struct a64_block *block = arena_zalloc(arena, blocks * sizeof *block);
    struct a64_block *at = block - 1;
    for (u32 i = 0; i < run.count; i++) {
        if (run.leader[i])
            *++at = (struct a64_block){
                .pc = pc + 4 * (u64)i, .word = run.word + i, .row = run.row + i, .entry = i == 0};
        at->count++;
    }
    *out = (struct a64_region){
        .pc = pc, .block = block, .block_count = blocks, .insn_count = run.count};
    return true;
}
