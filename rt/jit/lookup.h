/*
 * The table behind the jump caches, as enter.S reads it: by guest address, a chain of struct regions
 * for 16 bytes of code, which seldom have two entries. It begins small and grows with what is in it,
 * since a process pays for each page that it touches. Before the table's heads is its mask. code.c
 * proves the offsets. Nothing but defines: assembly includes this.
 */
#ifndef RT_JIT_LOOKUP_H
#define RT_JIT_LOOKUP_H

#define LOOKUP_SHIFT    4 /* of the guest address */
#define LOOKUP_MASK_AT  -8
#define REGION_PC       0
#define REGION_CODE     8
#define JUMP_CACHE_MASK (0x3fff << 2) /* of the guest address: state.h's JUMP_CACHE_BITS */
#define JUMP_CACHE_SIZE 0x40000       /* bytes: state.h's JUMP_CACHE_BYTES */

#endif
