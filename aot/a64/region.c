/*
 * Lookup in a region: blocks are ascending by address.
 */
#include "aot/a64/region.h"

int a64_region_search(const struct a64_region *region, u64 pc)
{
    u32 low = 0, high = region->block_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (region->block[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low < region->block_count && region->block[low].pc == pc ? (int)low : -1;
}
