/*
 * The table behind the jump caches, as enter.S reads it: direct-mapped by guest address, one
 * pointer to a struct region each. code.c proves the offsets. Nothing but defines: assembly
 * includes this.
 */
#ifndef RT_JIT_LOOKUP_H
#define RT_JIT_LOOKUP_H

#define LOOKUP_BITS     17
#define LOOKUP_MASK     ((1 << LOOKUP_BITS) - 1) /* of the guest address / 4 */
#define REGION_PC       0
#define REGION_CODE     8
#define JUMP_CACHE_MASK (0x3fff << 2) /* of the guest address: state.h's JUMP_CACHE_BITS */

#endif
