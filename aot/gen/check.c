/*
 * The check at the entry of regions whose guest bytes may change unseen (DESIGN: changed code):
 * they are compared with the bytes that the region was made from. Guest state is as at all borders.
 */
#include "aot/gen/internal.h"

#include <string.h>

#define B (&g->b)

/* [RCX + offset] differs from the next `size` bytes of the source: leave. */
static void compare(struct gen *g, u32 label, s32 offset, const void *bytes, unsigned size)
{
    u64 value = 0;
    memcpy(&value, bytes, size);
    x64_mov_ri(B, X64_RAX, value);
    gen_fault_point(g);
    x64_alu_mr(B, X64_CMP, size, x64_mem_b(X64_RCX, offset), X64_RAX);
    x64_jcc(B, X64_CC_NE, label);
}

void gen_check_source(struct gen *g)
{
    if (!g->options->source_count) return;
    struct cold_exit *stale = gen_cold_exit(g, LEAVE_TRAP, g->f->pc, true);
    stale->code = TRAP_STALE;
    for (u32 n = 0; n < g->options->source_count; n++) {
        const struct gen_source *s = &g->options->source[n];
        gen_guest_address(g, X64_RCX, s->start);
        for (u32 i = 0; i < s->count; i += 2)
            compare(g, stale->label, (s32)(4 * i), s->word + i, i + 1 < s->count ? 8 : 4);
    }
}
