/*
 * BLAKE2b with a result of 32 bytes (RFC 7693): what the cache names contents by. The runtime links
 * nothing but libc, which has no such function.
 */
#ifndef AOT_BASE_BLAKE2B_H
#define AOT_BASE_BLAKE2B_H

#include "aot/base/types.h"

#define DIGEST_SIZE 32

struct digest {
    u8 byte[DIGEST_SIZE];
};

struct blake2b {
    u64 h[8];
    u64 length; /* bytes taken in and compressed so far */
    u8 block[128];
    u32 used; /* bytes of block */
};

void blake2b_start(struct blake2b *s);
void blake2b_add(struct blake2b *s, const void *data, size_t size);
struct digest blake2b_end(struct blake2b *s);

/* Of one piece. */
struct digest blake2b_of(const void *data, size_t size);

/* The first `digits` (even, up to 64) hexadecimal digits and a NUL. */
void digest_text(const struct digest *d, char *text, unsigned digits);

#endif
