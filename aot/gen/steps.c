/*
 * Steps: which guest instruction host code is of, for line tables (struct code_step).
 */
#include "aot/gen/internal.h"

static void make_room(struct gen *g)
{
    u32 max = 2 * g->step_max + 256;
    struct code_step *more = arena_alloc(g->arena, max * sizeof *more);
    if (g->step_count) memcpy(more, g->steps, g->step_count * sizeof *more);
    g->steps = more;
    g->step_max = max;
}

void gen_step(struct gen *g, u64 pc)
{
    u32 here = x64_pos(&g->b);
    if (!g->options->steps) return;
    /* An instruction without code of its own gives way to the next. */
    if (g->step_count && g->steps[g->step_count - 1].offset == here) g->step_count--;
    if (g->step_count && g->steps[g->step_count - 1].pc == pc) return;
    if (g->step_count == g->step_max) make_room(g);
    g->steps[g->step_count++] = (struct code_step){pc, here};
}
