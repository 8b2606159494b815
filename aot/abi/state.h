/*
 * Guest CPU state: one struct per guest thread, its biased pointer in a fixed host register while
 * translated code runs. C, assembly and generated code share these offsets (see offsets.h).
 *
 * Every guest register has its home here. Between regions all guest state is at home but for the
 * registers of the boundary convention (convention.h); inside a region the side table (sidetable.h)
 * says where it is.
 */
#ifndef AOT_ABI_STATE_H
#define AOT_ABI_STATE_H

#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"

/*
 * Host register that holds (u8 *)state + STATE_BIAS in translated code: RBP. The bias brings into
 * reach of one-byte displacements (-128 to 127): x3 to x30 and SP (x0 to x2 are hardly ever at
 * home, see convention.h), NZCV, and two words of scratch.
 */
#define STATE_BIAS 152

#define JUMP_CACHE_BITS 14 /* entries of the jump cache: 2^14, so that an index is 16 bits of pc   \
                            */
#define SCRATCH_COUNT  64  /* 64-bit scratch words for values that are no guest register's */
#define VSCRATCH_COUNT 32  /* 128-bit ones: as many as there are vector registers */

/*
 * One entry of a thread's private cache of indirect branch targets. Index: (pc >> 2) mod size.
 * An empty entry has a pc that belongs to another index: 0, but for the first one.
 *
 * Translated code takes four times the low 16 bits of pc for the distance of an entry. One that is
 * no multiple of 4 then is compared with what is in no entry's `pc`: with the host's address of
 * code, where the guest has none, or with parts of two words of which that is one.
 */
#define JUMP_CACHE_EMPTY_FIRST 4
struct jump_cache_entry {
    u64 pc;     /* guest address */
    void *host; /* region entry */
};

#define JUMP_CACHE_BYTES ((u64)sizeof(struct jump_cache_entry) << JUMP_CACHE_BITS)

struct guest_state {
    u64 x[31];
    u64 sp;
    u32 nzcv; /* low 16 bits: slots.h's home format */
    u32 fpcr;
    u64 scratch[SCRATCH_COUNT];
    u64 pc;    /* exact only while translated code isn't running */
    u64 tpidr; /* TPIDR_EL0 */
    u32 fpsr;  /* cumulative flags collected so far, QC excluded */
    u32 mxcsr; /* host MXCSR for translated code: guest rounding, invalid operation unmasked;
                  its sticky flags belong to the guest's FPSR too */
    u8 qc[16] __attribute__((aligned(16)));
    u8 v[32][16] __attribute__((aligned(16)));

    /* Exclusive monitor: armed when excl_size is not 0. */
    u64 excl_addr;   /* address of the load */
    u64 excl_val[2]; /* what it loaded, low address first */
    u64 excl_size;   /* bytes (1, 2, 4, 8, 16); 0: open */

    u64 trap_arg; /* a trap's operand: see exits.h */

    /* For the switch between C and translated code (the runtime's enter.S). */
    void *host_sp;       /* C stack to return to */
    void *translated_sp; /* top of translated code's stack, while that isn't running */
    u32 host_mxcsr;      /* C's MXCSR */
    u32 in_translated;   /* 1 from the switch into translated code to the switch out of it */
    u32 door;            /* by which door it was left last */
    u32 pstate;          /* SLOT_PSTATE */
    void *lookup;        /* the runtime's table behind the jump cache, or an empty one */

    void *helper[HELPER_COUNT]; /* helpers.h: called by `call [state + offset]` */
    void *leave[4];             /* exits.h: enum leave_door; jumped to by `jmp [state + offset]` */

    u8 vscratch[VSCRATCH_COUNT][16] __attribute__((aligned(16)));

    /* Of code that counts: guest instructions of images and of others, host instructions of both.
     */
    u64 executed[4];

    u32 aliased; /* SLOT_ALIASED: set by the runtime, at any time */
};

/* The cache lies in front of the state: its last byte is the one before it. */
static inline struct jump_cache_entry *jump_cache_of(struct guest_state *s)
{
    return (struct jump_cache_entry *)(void *)((u8 *)s - JUMP_CACHE_BYTES);
}

static inline struct jump_cache_entry *jump_cache_entry_of(struct guest_state *s, u64 pc)
{
    return &jump_cache_of(s)[pc >> 2 & ((1u << JUMP_CACHE_BITS) - 1)];
}

#endif
