/*
 * Side tables: for each point of a region's code at which control can leave in the middle, the
 * guest PC and the place of every guest register that isn't where it is at region borders: those
 * of the boundary convention in their registers (convention.h), all others at home.
 *
 * A table is a byte stream, read only when it is needed: a signal, a fault, a failed guard. The
 * reader keeps a current map from slot to location (that of region borders at the start) and
 * applies records in the order of host offsets until it has passed the point it looks for. Records:
 *
 *   POINT  kind, host offset delta (uleb), guest PC delta / 4 (sleb): the current map holds at this
 *          offset. FAULT: an instruction that may fault starts here. SAFEPOINT: all guest
 *          instructions before the PC are done and none after it has begun.
 *   PLACE  slot, location: the slot moves to a location.
 *   HOME   all slots are where they are at region borders again.
 */
#ifndef AOT_ABI_SIDETABLE_H
#define AOT_ABI_SIDETABLE_H

#include "aot/abi/slots.h"

#include <string.h>

enum loc_kind {
    LOC_HOME,
    LOC_GPR,           /* host general register `reg` holds the 64-bit value */
    LOC_GPR32,         /* its low 32 bits, upper half of the guest register zero */
    LOC_XMM,           /* host vector register `reg` holds all 128 bits */
    LOC_XMM64,         /* its low 64 bits, the rest zero */
    LOC_XMM32,         /* its low 32 bits, the rest zero */
    LOC_XMM_UPPER,     /* host vector register 16 + `reg` holds all 128 bits */
    LOC_CONST,         /* `value` */
    LOC_SCRATCH,       /* scratch[value] of guest state (vscratch[value] for a vector slot) */
    LOC_EFLAGS,        /* NZCV only: in the host's EFLAGS as an addition or logic left them */
    LOC_EFLAGS_BORROW, /* NZCV only: EFLAGS after a subtraction: C is the complement of CF */
    LOC_EFLAGS_FCMP,   /* NZCV only: EFLAGS after UCOMISx a, b */
    LOC_FLAGS,         /* NZCV only: struct nzcv_ways says how it comes from guest registers */
};

/*
 * NZCV as an expression, for flags that nobody but a handler will ever look at. Operands are guest
 * registers as the same frame state has them.
 */
enum nzcv_kind {
    NZCV_NONE,
    NZCV_OF_SUB,     /* a - b */
    NZCV_OF_ADD,     /* a + b */
    NZCV_OF_AND,     /* a & b; C and V clear */
    NZCV_SUB_RESULT, /* a is the difference of some x - b */
    NZCV_ADD_RESULT, /* a is the sum of some x + b */
    NZCV_RESULT,     /* a is the result of a logic operation */
    NZCV_OF_FCMP,    /* floating-point compare of a with b, no signaling NaNs; wide: doubles */
};

enum nzcv_operand_kind { NZCV_SLOT, NZCV_CONST, NZCV_SCRATCH, NZCV_SUM };

struct nzcv_operand {
    u8 kind;   /* enum nzcv_operand_kind */
    u8 n;      /* slot, or scratch word (vscratch for NZCV_OF_FCMP) */
    s64 value; /* NZCV_CONST; NZCV_SUM: what is to be added to the general register */
};

struct nzcv_expr {
    u8 kind;   /* enum nzcv_kind */
    bool wide; /* 64 bits, else 32 */
    u8 mark;   /* 0, or: it holds only where that is the low byte of NZCV's home (slots.h), or: */
    struct nzcv_operand a, b;
};

/*
 * Marks that aren't in the home. The expression is what a loop's turn leaves to the next, whose
 * first turn began with another value of operand a, or b, which changes at every turn: it holds
 * unless scratch[NZCV_FIRST_TURN] is the operand. That costs nothing in the loop.
 */
#define NZCV_LATER_A 0xfeu
#define NZCV_LATER_B 0xffu

#define NZCV_FIRST_TURN 14

/* For those: which operand. */
static inline const struct nzcv_operand *nzcv_turn(const struct nzcv_expr *x)
{
    return x->mark == NZCV_LATER_A ? &x->a : &x->b;
}

#define NZCV_WAYS 6

/*
 * Expressions of which one holds, each by its mark; where none does the home is right. Of one that
 * is alone it may be certain that it holds.
 */
struct nzcv_ways {
    u16 count;
    bool certain;
    struct nzcv_expr x[NZCV_WAYS];
};

/* NZCV in home format for operand values a and b. */
u32 nzcv_of(const struct nzcv_expr *x, u64 a, u64 b);

struct loc {
    u8 kind;
    u8 reg;
    u64 value; /* LOC_CONST, LOC_SCRATCH */
};

enum point_kind { POINT_FAULT, POINT_SAFEPOINT };

/* --- writing: the generator ------------------------------------------------------------------- */

struct side_writer {
    u8 *at, *end; /* room of the caller's; nothing is written past end */
    bool overflow;
    u32 last_offset;
    u64 last_pc;
};

/* Starts a table for a region whose first guest address is pc. */
void side_start(struct side_writer *w, u8 *room, size_t size, u64 pc);
void side_place(struct side_writer *w, unsigned slot, struct loc loc);
/* NZCV is at LOC_FLAGS. */
void side_place_flags(struct side_writer *w, const struct nzcv_ways *x);
/* Everything is where it is at region borders. */
void side_home(struct side_writer *w);

#define SIDE_TAG_POINT 0x80 /* plus the kind: see sidetable.c */

/* True when `size` more bytes fit; else the table has overflowed. */
static inline bool side_room_for(struct side_writer *w, size_t size)
{
    if ((size_t)(w->end - w->at) >= size) return true;
    w->overflow = true;
    return false;
}

/* A POINT whose numbers need more than a byte each. Private to side_point. */
void side_point_far(struct side_writer *w, enum point_kind kind, u64 forward, u64 zigzag);

/* Offsets must not decrease. Inline: there is nearly one for each guest instruction. */
static inline void side_point(struct side_writer *w, enum point_kind kind, u32 offset, u64 pc)
{
    if (!side_room_for(w, 24)) return;
    s64 delta = (s64)(pc - w->last_pc) >> 2; /* a multiple of 4 */
    u64 forward = offset - w->last_offset, zigzag = (u64)delta << 1 ^ (u64)(delta >> 63);
    w->last_offset = offset;
    w->last_pc = pc;
    if ((forward | zigzag) >= 0x80) {
        side_point_far(w, kind, forward, zigzag);
        return;
    }
    u32 record = (u32)(SIDE_TAG_POINT + kind) | (u32)forward << 8 | (u32)zigzag << 16;
    memcpy(w->at, &record, 4);
    w->at += 3;
}

/* --- reading -----------------------------------------------------------------------------------
 */

enum side_record_kind { SIDE_POINT, SIDE_PLACE, SIDE_HOME };

struct side_record {
    u8 kind;  /* enum side_record_kind */
    u8 point; /* SIDE_POINT: enum point_kind */
    u8 slot;  /* SIDE_PLACE */
    u32 offset;
    u64 pc;
    struct loc loc;
    struct nzcv_ways nzcv; /* for LOC_FLAGS */
};

struct side_reader {
    const u8 *at, *end;
    u32 offset;
    u64 pc;
};

/* The next record of a table for a region that starts at pc, read with {side, side + size, 0, pc}.
 * False: there is none, or the table is damaged. */
bool side_next(struct side_reader *r, struct side_record *out);

struct frame_state {
    u64 pc;
    u8 kind; /* enum point_kind */
    struct loc loc[SLOT_COUNT];
    struct nzcv_ways nzcv; /* for LOC_FLAGS */
};

/* Every slot is where it is at region borders. */
void side_at_border(struct frame_state *fs);

/* What the record says of the state. */
void side_apply(const struct side_record *record, struct frame_state *fs);

/*
 * The frame state of the point of that kind at exactly host offset `offset` of a region that starts
 * at guest address pc: the first, if there are several. False: no such point, or a damaged table.
 * Never reads outside [side, side + size).
 */
bool side_find(const u8 *side, size_t size, u64 pc, enum point_kind kind, u32 offset,
               struct frame_state *out);

#endif
