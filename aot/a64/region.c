/*
 * Lookup in a region: blocks are ascending by address.
 */
#include "aot/a64/region.h"

/* Block n of `count` ascending ones: of the region's own, or from `first` on. */
static u32 number(const u32 *own, u32 first, u32 n)
{
    return own ? own[n] : first + n;
}

static int search(const struct a64_region *region, const u32 *own, u32 first, u32 count, u64 pc)
{
    u32 low = 0, high = count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (region->block[number(own, first, middle)].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == count) return -1;
    u32 found = number(own, first, low);
    return region->block[found].pc == pc ? (int)found : -1;
}

int a64_region_block_at(const struct a64_region *region, u64 pc)
{
    u64 first = region->block[0].pc;
    if (pc < first) return -1;
    return region->own ? search(region, region->own, 0, region->own_count, pc)
                       : search(region, NULL, 0, region->block_count, pc);
}

int a64_region_copy_at(const struct a64_region *region, const struct a64_inlined *call, u64 pc)
{
    return search(region, NULL, call->first, call->count, pc);
}
