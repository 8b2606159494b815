/*
 * What a profile says of a region: samples of its blocks and of its calls.
 */
#include "aot/disc/disc.h"

/* The first weight at pc or behind. */
static u32 first_weight(const struct profile *p, u64 pc)
{
    u32 low = 0, high = p->weight_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (p->weight[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

u64 disc_samples(const struct profile *p, u64 low, u64 high)
{
    u64 samples = 0;
    for (u32 n = first_weight(p, low); n < p->weight_count && p->weight[n].pc < high; n++)
        samples += p->weight[n].samples;
    return samples;
}

void disc_weigh(const struct profile *p, struct a64_region *region)
{
    for (u32 b = 0; b < region->block_count; b++) {
        struct a64_block *block = &region->block[b];
        u64 samples = disc_samples(p, block->pc, block->pc + 4 * (u64)block->count);
        block->samples = samples < UINT32_MAX ? (u32)samples : UINT32_MAX;
    }
}

u64 disc_call_samples(const struct profile *p, u64 from, u64 to)
{
    u32 low = 0, high = p->call_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (p->call[middle].from < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < p->call_count && p->call[low].from == from; low++)
        if (p->call[low].to == to) return p->call[low].samples;
    return 0;
}
