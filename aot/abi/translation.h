/*
 * A translation: what the generator makes of one region, the same in memory and in images.
 *
 * Code is position-independent but for its relocations. Constants that it reads are part of it
 * (behind the instructions). Cells are 8-byte words in writable memory within 2 GiB of the code.
 */
#ifndef AOT_ABI_TRANSLATION_H
#define AOT_ABI_TRANSLATION_H

#include "aot/base/types.h"

enum reloc_kind {
    RELOC_CELL,   /* 32-bit: address of cell `value` minus the address behind the field */
    RELOC_GUEST,  /* 32-bit: guest address `value` minus the address behind the field (images) */
    RELOC_HEAT,   /* 32-bit: address of the region's 32-bit count of what is to come, likewise */
    RELOC_FAILED, /* 32-bit: address of the 64-bit count of guard `value`'s failures, likewise */
    RELOC_LINK, /* 32-bit: where code for cell `value`'s target is entered, minus the address behind
                   the field (images, which bind their links ahead) */
};

/* What an entry of the region and a turn of a loop in it weigh in that count. Loops of quick
 * regions are not bad, so an entry is worth more to be rid of. */
enum { HEAT_OF_TURN = 1, HEAT_OF_ENTRY = 8 };

struct reloc {
    u32 offset; /* of the field in code */
    u8 kind;
    u8 tail; /* bytes between the field's end and the instruction's end (immediates) */
    u64 value;
};

/* A cell starts out with the address of its stub: code + stub. In code made for images
 * these are the targets of RELOC_LINK. */
struct cell {
    u32 stub;   /* offset in code */
    u64 target; /* guest address that the link leads to, or CELL_RECORD */
};

/* As a cell's target: it is an inline cache, and holds the address of a record that doesn't change,
 * a struct jump_cache_entry (state.h); at first one that is for no address. Code made for images
 * has such cells of its own (RELOC_CELL). */
#define CELL_RECORD UINT64_MAX

/* The call at guest address pc has the code of the function `to`, which it was assumed to call, in
 * its place, behind a guard. */
struct guard {
    u64 pc, to;
};

/* Instructions that the code of a function has at most that is in the place of a call. */
#define COPIED_MOST 128

struct entry {
    u64 pc;     /* guest address */
    u32 offset; /* in code */
};

/* Guest bytes that were read to make the translation: [start, end). */
struct guest_range {
    u64 start, end;
};

/* From `offset` to the next step's, code is of the guest instruction at pc; more or less, for
 * values are computed where they are used. */
struct code_step {
    u64 pc;
    u32 offset;
};

struct translation {
    u8 *code;
    u32 code_size;
    bool has_fp;    /* floating point that may trap (set for images only) */
    u32 code_align; /* what the code's address must be a multiple of */
    u32 insn_count; /* guest instructions translated */
    u32 copied;     /* of these, how many are copies of other regions' */
    u32 inlined;    /* calls that the copies are in place of */
    struct reloc *relocs;
    u32 reloc_count;
    struct cell *cells;
    u32 cell_count;
    struct entry *entries; /* ascending pc; never empty */
    u32 entry_count;
    struct guard *guards;
    u32 guard_count;
    struct guest_range *ranges; /* ascending, disjoint */
    u32 range_count;
    u8 *side; /* side table, sidetable.h */
    u32 side_size;
    struct code_step *steps; /* ascending offset; none unless asked for */
    u32 step_count;
};

#endif
