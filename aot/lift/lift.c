/*
 * The walk over a region: block by block, row function by row function. Block n of the function is
 * block n of the region; what a region's block has behind an instruction that ended the block is
 * dropped.
 */
#include "aot/lift/lift.h"

static const bool feature_is_lifted[A64_FEATURE_COUNT] = {
#define FEATURE(f) [A64_FEATURE_##f] = true,
    LIFT_BASE_FEATURES(FEATURE) LIFT_FP_FEATURES(FEATURE)
#undef FEATURE
};

bool lift_has_feature(enum a64_feature feature)
{
    return feature < A64_FEATURE_COUNT && feature_is_lifted[feature];
}

static bool is_supported(enum a64_row row, u32 word)
{
    return a64_row_feature[row] == A64_FEATURE_base ||
           lift_has_feature(a64_word_feature(row, word));
}

#define ROW(row)                                                                                   \
    case A64_##row: lift_##row(l, word); return;

/* A table of functions would have to be relocated at each start of a program. */
static void lift_row(struct lifter *l, enum a64_row row, u32 word)
{
    switch (row) {
        LIFT_ROWS(ROW)
    default: lift_unsupported(l, word);
    }
}

static inline void lift_instruction(struct lifter *l, enum a64_row row, u32 word)
{
    ir_insn(l->f, l->pc);
    lift_check_sp(l);
    if (is_supported(row, word))
        lift_row(l, row, word);
    else
        lift_unsupported(l, word);
}

static void lift_block(struct lifter *l, const struct a64_block *block)
{
    u32 n = ir_begin_block(l->f, block->pc);
    l->f->block[n].entry = block->entry;
    l->f->block[n].target = block->target;
    l->f->block[n].samples = block->samples;
    l->ended = false;
    l->sp_unsure = l->sp_any;
    l->pc = block->pc;
    l->block = block;
    for (u32 i = 0; i < block->count && !l->ended; i++, l->pc += 4)
        lift_instruction(l, (enum a64_row)block->row[i], block->word[i]);
    if (!l->ended) {
        if (l->sp_unsure && !l->sp_any) ir_insn(l->f, l->pc); /* the check is that one's */
        lift_check_sp(l);
        lift_goto(l, l->pc);
    }
    ir_end_block(l->f);
}

struct ir_func *lift_region(struct arena *arena, const struct a64_region *region,
                            const struct lift_how *how)
{
    struct lifter l = {.region = region, .look = how->look, .sp_any = how->sp_any};
    l.f = ir_new(arena, 8 * region->insn_count + 16);
    l.f->pc = region->pc;
    if (how->prepare) how->prepare(l.f);
    for (u32 n = 0; n < region->block_count; n++) lift_block(&l, &region->block[n]);
    ir_link_blocks(l.f);
    return l.f;
}
