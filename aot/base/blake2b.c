/*
 * BLAKE2b, straight from RFC 7693: sections 2.7 (the message schedule), 3.1 (mixing), 3.2
 * (compression).
 */
#include "aot/base/blake2b.h"

#include <string.h>

static const u64 iv[8] = {0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b,
                          0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f,
                          0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

static const u8 sigma[10][16] = {{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
                                 {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
                                 {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
                                 {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
                                 {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
                                 {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
                                 {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
                                 {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
                                 {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
                                 {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0}};

static inline u64 rotate(u64 x, unsigned n)
{
    return x >> n | x << (64 - n);
}

#define MIX(a, b, c, d, x, y)                                                                      \
    do {                                                                                           \
        a += b + (x);                                                                              \
        d = rotate(d ^ a, 32);                                                                     \
        c += d;                                                                                    \
        b = rotate(b ^ c, 24);                                                                     \
        a += b + (y);                                                                              \
        d = rotate(d ^ a, 16);                                                                     \
        c += d;                                                                                    \
        b = rotate(b ^ c, 63);                                                                     \
    } while (0)

/* The block's bytes are the last of `length`; `last` marks the end of the message. */
static void compress(struct blake2b *s, const u8 *block, bool last)
{
    u64 v[16], m[16];
    memcpy(m, block, sizeof m); /* words are little-endian, as the host's */
    memcpy(v, s->h, sizeof s->h);
    memcpy(v + 8, iv, sizeof iv);
    v[12] ^= s->length;
    if (last) v[14] = ~v[14];
    for (unsigned round = 0; round < 12; round++) {
        const u8 *o = sigma[round % 10];
        MIX(v[0], v[4], v[8], v[12], m[o[0]], m[o[1]]);
        MIX(v[1], v[5], v[9], v[13], m[o[2]], m[o[3]]);
        MIX(v[2], v[6], v[10], v[14], m[o[4]], m[o[5]]);
        MIX(v[3], v[7], v[11], v[15], m[o[6]], m[o[7]]);
        MIX(v[0], v[5], v[10], v[15], m[o[8]], m[o[9]]);
        MIX(v[1], v[6], v[11], v[12], m[o[10]], m[o[11]]);
        MIX(v[2], v[7], v[8], v[13], m[o[12]], m[o[13]]);
        MIX(v[3], v[4], v[9], v[14], m[o[14]], m[o[15]]);
    }
    for (unsigned i = 0; i < 8; i++) s->h[i] ^= v[i] ^ v[i + 8];
}

void blake2b_start(struct blake2b *s)
{
    memcpy(s->h, iv, sizeof iv);
    s->h[0] ^= 0x01010000 ^ DIGEST_SIZE; /* no key, one leaf (RFC 7693, 2.5) */
    s->length = 0;
    s->used = 0;
}

void blake2b_add(struct blake2b *s, const void *data, size_t size)
{
    const u8 *at = data;
    while (size) {
        if (s->used == sizeof s->block) { /* more follows, so it isn't the last */
            s->length += sizeof s->block;
            compress(s, s->block, false);
            s->used = 0;
        }
        if (!s->used && size > sizeof s->block) {
            s->length += sizeof s->block;
            compress(s, at, false);
            at += sizeof s->block;
            size -= sizeof s->block;
            continue;
        }
        size_t n = sizeof s->block - s->used;
        if (n > size) n = size;
        memcpy(s->block + s->used, at, n);
        s->used += (u32)n;
        at += n;
        size -= n;
    }
}

struct digest blake2b_end(struct blake2b *s)
{
    struct digest d;
    memset(s->block + s->used, 0, sizeof s->block - s->used);
    s->length += s->used;
    compress(s, s->block, true);
    memcpy(d.byte, s->h, sizeof d.byte);
    return d;
}

struct digest blake2b_of(const void *data, size_t size)
{
    struct blake2b s;
    blake2b_start(&s);
    blake2b_add(&s, data, size);
    return blake2b_end(&s);
}

void digest_text(const struct digest *d, char *text, unsigned digits)
{
    static const char hex[] = "0123456789abcdef";
    for (unsigned i = 0; i < digits; i++) text[i] = hex[d->byte[i / 2] >> (i % 2 ? 0 : 4) & 15];
    text[digits] = '\0';
}
