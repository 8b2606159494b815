/*
 * Pins between registers and homes, and the pool of constants.
 */
#include "aot/gen/upper.h"

#include <string.h>

static void load_home(struct gen *g, unsigned slot, unsigned reg)
{
    if (slot >= SLOT_V0)
        gen_vec_rm(g, X64_MOVAPS, reg, gen_home(slot));
    else
        x64_load_frame(&g->b, 8, reg, gen_home_frame(slot));
}

void gen_load_pin(struct gen *g, unsigned slot)
{
    if (g->loaded >> slot & 1) return;
    load_home(g, slot, g->pin[slot]);
    g->loaded |= UINT64_C(1) << slot;
}

void gen_load_pins(struct gen *g, u64 mask)
{
    g->loaded |= mask;
    gen_load_pins_of(g, g->zone, mask);
}

void gen_load_pins_of(struct gen *g, unsigned zone, u64 mask)
{
    for (; mask; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(mask);
        load_home(g, slot, g->zones[zone].pin[slot]);
    }
}

void gen_store_pins(struct gen *g, u64 mask)
{
    for (; mask; mask &= mask - 1) {
        unsigned slot = (unsigned)__builtin_ctzll(mask);
        if (slot >= SLOT_V0)
            gen_vec_mr(g, X64_MOVAPS_ST, gen_home(slot), g->pin[slot]);
        else
            x64_store_frame(&g->b, 8, gen_home_frame(slot), g->pin[slot]);
    }
}

struct x64_mem gen_pool(struct gen *g, u64 lo, u64 hi)
{
    for (u32 n = 0; n < g->pool_count; n++)
        if (g->pool[n].lo == lo && g->pool[n].hi == hi) return x64_mem_label(g->pool[n].label);
    if (g->pool_count == g->pool_max) {
        struct pool_entry *more =
            arena_alloc(g->arena, 2 * (g->pool_max + 8) * sizeof(struct pool_entry));
        if (g->pool_count) memcpy(more, g->pool, g->pool_count * sizeof(*more));
        g->pool = more;
        g->pool_max = 2 * (g->pool_max + 8);
    }
    u32 label = x64_label_new(&g->b);
    g->pool[g->pool_count++] = (struct pool_entry){lo, hi, label};
    return x64_mem_label(label);
}
