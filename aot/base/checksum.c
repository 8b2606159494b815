/*
 * See checksum.h.
 */
#include "aot/base/checksum.h"

#include <string.h>

#define LANES 8
#define BLOCK (LANES * sizeof(u64))

static inline u64 step(u64 lane, const u8 *at)
{
    u64 word, v;

    memcpy(&word, at, sizeof word);
    v = lane ^ word;
    return (v << 29 | v >> 35) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Whole blocks; the lanes are variables so that they are in registers throughout. */
static void take(u64 *lane, const u8 *at, const u8 *end)
{
    u64 a = lane[0], b = lane[1], c = lane[2], d = lane[3];
    u64 e = lane[4], f = lane[5], g = lane[6], h = lane[7];

    for (; at < end; at += BLOCK) {
        a = step(a, at);
        b = step(b, at + 8);
        c = step(c, at + 16);
        d = step(d, at + 24);
        e = step(e, at + 32);
        f = step(f, at + 40);
        g = step(g, at + 48);
        h = step(h, at + 56);
    }
    memcpy(lane, (u64[LANES]){a, b, c, d, e, f, g, h}, LANES * sizeof *lane);
}

struct digest checksum_of(const void *data, u64 size)
{
    const u8 *at = data, *end = at + size / BLOCK * BLOCK;
    u64 state[LANES + 1];
    u8 last[BLOCK] = {0};

    for (unsigned n = 0; n < LANES; n++) state[n] = (n + 1) * UINT64_C(0xd1b54a32d192ed03);
    take(state, at, end);
    memcpy(last, end, (size_t)(size % BLOCK));
    take(state, last, last + BLOCK);
    state[LANES] = size;
    return blake2b_of(state, sizeof state);
}
