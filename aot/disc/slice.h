/*
 * What a register holds at an instruction, in terms of what it came from: private to aot/disc.
 */
#ifndef AOT_DISC_SLICE_H
#define AOT_DISC_SLICE_H

#include "aot/disc/disc.h"

/* What a register holds is base ± (number << shift), or base alone when the number is 0. */
struct value {
    u64 base;
    u16 number;
    u8 shift;
    bool negative;
    bool is_signed; /* where the number is an entry's: it is sign-extended */
    bool placed;    /* base has an address that the code made relative to itself */
};

enum range_strength {
    RANGE_UNKNOWN,
    RANGE_WEAK,   /* by its type */
    RANGE_STRONG, /* the code compares or masks it */
};

struct number_range { /* low to high, both included */
    s64 low, high;
    u8 strength; /* enum range_strength */
};

/* Where a number was read from: `size` bytes at at + (index << stride); size 0: from no table. */
struct number_entry {
    u64 at;
    u64 label; /* the address that the code made, where the table should begin */
    u16 index; /* number of that */
    u8 stride, size;
};

struct slice {
    struct value value;
    struct number_entry entry; /* the value's number */
    struct number_range
        range; /* of the entry's index, or of the value's number when there is none */
};

/* The value of register `reg` before the instruction at pc, as a way to it (way.h) shows. False:
 * there is no such detour. */
bool disc_slice(const struct disc_view *view, u64 pc, unsigned reg, unsigned detour,
                struct slice *out);

/* Whether instructions could be at pc: the first few, or those up to one that doesn't go on, are
 * allocated and none is for the kernel alone. */
bool disc_looks_like_code(const struct disc_view *view, u64 pc, unsigned insts);

#endif
