/*
 * What a profile says of a region: samples of its blocks and of its calls.
 */
#include "aot/disc/disc.h"

#include <stddef.h>
#include <string.h>

#define USUALLY 4 /* of as many samples below an indirect call all but one */

_Static_assert(offsetof(struct profile_weight, pc) == 0 && offsetof(struct profile_call, from) == 0,
               "first_at reads what a record begins with");

/* Of `count` records, ascending by the address that each begins with, the first at pc or behind. */
static u32 first_at(const void *record, u32 count, size_t size, u64 pc)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        u64 address;
        memcpy(&address, (const u8 *)record + middle * size, sizeof address);
        if (address < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

u64 disc_samples(const struct profile *p, u64 low, u64 high)
{
    u64 samples = 0;
    u32 n = first_at(p->weight, p->weight_count, sizeof *p->weight, low);
    for (; n < p->weight_count && p->weight[n].pc < high; n++) samples += p->weight[n].samples;
    return samples;
}

void disc_weigh(const struct profile *p, struct a64_region *region)
{
    for (u32 b = 0; b < region->block_count; b++) {
        struct a64_block *block = &region->block[b];
        if (block->failed) continue; /* what is seen there is seen of the call as such */
        u64 samples = disc_samples(p, block->pc, block->pc + 4 * (u64)block->count);
        block->samples = samples < UINT32_MAX ? (u32)samples : UINT32_MAX;
    }
}

bool disc_usual_target(const struct profile *p, u64 from, u64 *target)
{
    u64 most = 0, all = 0;
    u32 n = first_at(p->call, p->call_count, sizeof *p->call, from);
    for (; n < p->call_count && p->call[n].from == from; n++) {
        all += p->call[n].samples;
        if (p->call[n].samples <= most) continue;
        most = p->call[n].samples;
        *target = p->call[n].to;
    }
    return most && USUALLY * most >= (USUALLY - 1) * all;
}

u64 disc_call_samples(const struct profile *p, u64 from, u64 to)
{
    u32 n = first_at(p->call, p->call_count, sizeof *p->call, from);
    for (; n < p->call_count && p->call[n].from == from; n++)
        if (p->call[n].to == to) return p->call[n].samples;
    return 0;
}
