/*
 * A digest for what must be read whole before it may be used: some 10 GB/s, where BLAKE2b takes a
 * second for each. Eight lanes of 64 bits take the bytes in turn, by steps that lose nothing
 * (exclusive or, rotation, product with an odd number), so that a change to one word always changes
 * its lane; BLAKE2b of the lanes is the result. It finds damage. It is no proof against somebody
 * who wants two contents to have one digest.
 */
#ifndef AOT_BASE_CHECKSUM_H
#define AOT_BASE_CHECKSUM_H

#include "aot/base/blake2b.h"

struct digest checksum_of(const void *data, u64 size);

#endif
