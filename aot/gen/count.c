/*
 * Counting, for --count: each block adds its guest instructions to state.executed, and each stretch
 * of host code that runs as a whole its own, but for those that count.
 */
#include "aot/gen/internal.h"

#include "aot/x64/disasm.h"

#include <string.h>

#define B (&g->b)

static struct x64_mem counter(const struct gen *g, unsigned n)
{
    unsigned of = 2 * n + (g->options->image ? 0 : 1);
    return gen_state(offsetof(struct guest_state, executed) + 8 * of);
}

void gen_count_end(struct gen *g)
{
    s32 count = 0;
    struct x64_insn insn;
    u32 at = g->stretch, end = x64_pos(B);
    if (!at || B->overflow) return;
    while (at < end) {
        unsigned length = x64_decode(B->start + at, end - at, &insn);
        if (!length) gen_fail(g);
        at += length ? length : end - at;
        count++;
    }
    memcpy(B->start + g->stretch_count, &count, sizeof count);
    g->stretch = 0;
}

void gen_count_stretch(struct gen *g)
{
    if (!g->options->count) return;
    gen_count_end(g);
    x64_mov_rm(B, 8, X64_RAX, counter(g, 1));
    x64_lea(B, 8, X64_RAX, x64_mem_b(X64_RAX, INT32_MAX));
    g->stretch_count = x64_pos(B) - 4;
    x64_mov_mr(B, 8, counter(g, 1), X64_RAX);
    g->stretch = x64_pos(B);
}

static bool is_counted(const struct gen *g, const struct ir_inst *i)
{
    u64 pc = (u64)i->imm, low = g->options->count_low, high = g->options->count_high;
    return i->op == IR_INSN && (!high || (pc >= low && pc < high));
}

void gen_count_block(struct gen *g, const struct ir_block *b)
{
    s32 count = 0;
    if (!g->options->count) return;
    gen_count_end(g);
    for (ir_ref r = b->first; r < b->end; r++) {
        const struct ir_inst *i = gen_inst(g, r);
        count += is_counted(g, i);
        if (i->op == IR_FAILED) count = 0; /* the call alone, counted in front of its guard */
    }
    x64_alu_mi(B, X64_ADD, 8, counter(g, 0), count);
    gen_count_stretch(g);
}
