/*
 * See checksum.h.
 */
#include "aot/base/checksum.h"

#include <string.h>

#define LANES 8
#define BLOCK (LANES * sizeof(u64))

static void take(u64 *lane, const u8 *block)
{
    u64 word[LANES];

    memcpy(word, block, sizeof word);
    for (unsigned n = 0; n < LANES; n++) {
        u64 v = lane[n] ^ word[n];
        lane[n] = (v << 29 | v >> 35) * UINT64_C(0x9e3779b97f4a7c15);
    }
}

struct digest checksum_of(const void *data, u64 size)
{
    const u8 *at = data, *end = at + size;
    u64 state[LANES + 1];
    u8 last[BLOCK] = {0};

    for (unsigned n = 0; n < LANES; n++) state[n] = (n + 1) * UINT64_C(0xd1b54a32d192ed03);
    for (; (u64)(end - at) >= BLOCK; at += BLOCK) take(state, at);
    memcpy(last, at, (size_t)(end - at));
    take(state, last);
    state[LANES] = size;
    return blake2b_of(state, sizeof state);
}
