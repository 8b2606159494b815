/*
 * The table behind the jump caches, as enter.S reads it: direct-mapped by guest address, one
 * pointer to a struct region for 16 bytes of code, which seldom have two entries: the fewer pages of
 * it a small program touches, the sooner it has started. Before it is a byte for each page of it, not
 * 0 when something was put there: most targets have no region, and pages of the table that are empty
 * aren't touched for them. code.c proves the offsets. Nothing but defines: assembly includes this.
 */
#ifndef RT_JIT_LOOKUP_H
#define RT_JIT_LOOKUP_H

#define LOOKUP_BITS     16
#define LOOKUP_SHIFT    4 /* of the guest address */
#define LOOKUP_MASK     ((1 << LOOKUP_BITS) - 1)
#define LOOKUP_PAGES    (1 << (LOOKUP_BITS + 3 - 12))
#define REGION_PC       0
#define REGION_CODE     8
#define JUMP_CACHE_MASK (0x3fff << 2) /* of the guest address: state.h's JUMP_CACHE_BITS */
#define JUMP_CACHE_SIZE 0x40000       /* bytes: state.h's JUMP_CACHE_BYTES */

#endif
