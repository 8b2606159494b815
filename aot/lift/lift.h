/*
 * The lifter: decoded AArch64 instructions to IR, one function lift_ROW per row of the decode
 * table. A row function appends the instruction's operations to l->f; lift.c has put the INSN
 * operation before it, and closes the block behind it unless the row did (l->ended).
 *
 * Rules for row functions:
 * - All operations that may fault and all guards come before the first SET (ir.h, precise state).
 * - Register number 31 is the zero register in _x functions and SP in _xsp ones.
 * - W results need no extension: a SET of type i32 clears the upper half of the slot.
 * - Vector results of 64 bits or less clear the rest of the register: lift_set_q with q false, or
 *   lift_set_fp.
 * - What the row doesn't implement (a reserved value, an absent feature) is
 *   lift_unsupported(l, w) and nothing else.
 */
#ifndef AOT_LIFT_LIFT_H
#define AOT_LIFT_LIFT_H

#include "aot/a64/a64.h"
#include "aot/a64/region.h"
#include "aot/abi/code_view.h"
#include "aot/abi/exits.h"
#include "aot/abi/helpers.h"
#include "aot/abi/slots.h"
#include "aot/abi/translation.h"
#include "aot/ir/ir.h"
#include "aot/lift/rows_base.h"
#include "aot/lift/rows_fp.h"

/*
 * Looks at code behind the region's exits, to see whether flags are dead there. What was relied on
 * is part of what the translation was made from, so it is written down: room for `capacity` ranges
 * is the caller's; when it is full, no more is looked at.
 */
struct lift_look {
    const struct code_view *view;
    struct guest_range *range;
    u32 count, capacity;
};

struct lifter {
    struct ir_func *f;
    u64 pc;     /* of the instruction in work */
    bool ended; /* the instruction has closed its block with an END operation */
    const struct a64_region *region;
    const struct a64_block *block; /* in work */
    struct lift_look *look;        /* or NULL */
    bool sp_any;                   /* as struct lift_how's */
    bool sp_unsure;                /* SP may be misaligned here */
    bool sets_nzcv;                /* some instruction so far SETs NZCV */
};

typedef void lift_fn(struct lifter *l, u32 w);

/* All rows that are lifted. */
#define LIFT_ROWS(X) LIFT_BASE_ROWS(X) LIFT_FP_ROWS(X)

#define LIFT_DECLARE(row) lift_fn lift_##row;
LIFT_ROWS(LIFT_DECLARE)
#undef LIFT_DECLARE

/* How a region is lifted; all zero is good. */
struct lift_how {
    struct lift_look *look; /* NULL: flags are exact at every exit */
    /* Called with the empty function, to set what is done to instructions at their birth; or NULL.
     */
    void (*prepare)(struct ir_func *f);
    /* SP may be misaligned at entry, and accesses through it check. Without it SP is aligned, and
     * the function leaves by TRAP_SP_ODD behind an instruction that makes it otherwise. */
    bool sp_any;
};

/* A function at pc that is known to do no more than that helper: HELPER_IS_STRING, of x0 to x2. */
struct ir_func *lift_known(struct arena *arena, u64 pc, enum helper id);

/* Lifts a whole region. Block n of the function is block n of the region. */
struct ir_func *lift_region(struct arena *arena, const struct a64_region *region,
                            const struct lift_how *how);

/* True if words that need the feature are lifted: what HWCAP is made from. */
bool lift_has_feature(enum a64_feature feature);

/* --- helpers for row functions (common.c) ----------------------------------------------------- */

/* The instruction is not allocated or not supported: SIGILL at its PC. Ends the block. */
void lift_unsupported(struct lifter *l, u32 w);

static inline unsigned lift_itype(bool sf)
{
    return sf ? IR_I64 : IR_I32;
}

/* f16, f32 or f64 for 1, 2, 3. */
static inline unsigned lift_ftype(unsigned log2_size)
{
    return IR_F16 + log2_size - 1;
}

/* Constant of type i64 (sf) or i32. */
static inline ir_ref lift_const(struct lifter *l, bool sf, u64 value)
{
    return ir_const(l->f, lift_itype(sf), sf ? (s64)value : (s64)(u32)value);
}

/* General registers; sf selects i64 or i32. Reading 31 with _x gives zero, writing it nothing. */
static inline ir_ref lift_get_xsp(struct lifter *l, unsigned n, bool sf)
{
    return ir_get(l->f, lift_itype(sf), SLOT_X0 + n);
}

static inline ir_ref lift_get_x(struct lifter *l, unsigned n, bool sf)
{
    return n == 31 ? lift_const(l, sf, 0) : lift_get_xsp(l, n, sf);
}

static inline void lift_set_xsp(struct lifter *l, unsigned n, bool sf, ir_ref v)
{
    ir_set(l->f, lift_itype(sf), SLOT_X0 + n, v);
    if (n == 31) l->sp_unsure = true;
}

static inline void lift_set_x(struct lifter *l, unsigned n, bool sf, ir_ref v)
{
    if (n != 31) ir_set(l->f, lift_itype(sf), SLOT_X0 + n, v);
}

/* All 128 bits of a vector register. */
ir_ref lift_get_v(struct lifter *l, unsigned n);
void lift_set_v(struct lifter *l, unsigned n, ir_ref v);

/* A v128 result of 128 bits (q) or of its low 64, the rest cleared. */
void lift_set_q(struct lifter *l, unsigned n, bool q, ir_ref v);

/* A scalar of type f16, f32 or f64 in a vector register; a write clears what is above it. */
ir_ref lift_get_fp(struct lifter *l, unsigned n, unsigned type);
void lift_set_fp(struct lifter *l, unsigned n, unsigned type, ir_ref v);

/* Flags as a value of type flags. */
ir_ref lift_get_nzcv(struct lifter *l);
void lift_set_nzcv(struct lifter *l, ir_ref flags);

/* The condition (0 to 15, AL and NV always hold) on the current flags, as bool. */
ir_ref lift_cond(struct lifter *l, unsigned cond);

/* A trap unless SP, which is what `sp` says, is a multiple of 16. */
void lift_guard_sp(struct lifter *l, ir_ref sp);

/*
 * Base register of a memory access: SP when n is 31, as i64. The access itself is
 * ir_opx(l->f, IR_LOAD, type, esz, shift, offset, base, index, IR_NONE), and for stores
 * ir_opx(l->f, IR_STORE, type, esz, shift, offset, base, index, value).
 */
static inline ir_ref lift_base(struct lifter *l, unsigned n)
{
    ir_ref base = lift_get_xsp(l, n, true);
    if (n == 31 && l->sp_unsure) lift_guard_sp(l, base);
    return base;
}

ir_ref lift_load(struct lifter *l, unsigned type, unsigned esz, ir_ref base, s64 offset);
void lift_store(struct lifter *l, unsigned type, unsigned esz, ir_ref base, s64 offset, ir_ref v);

/* Extended or shifted register operand: option and amount as in ADD (extended register). */
ir_ref lift_extend(struct lifter *l, unsigned n, bool sf, unsigned option, unsigned amount);

/* SIGBUS unless addr is a multiple of 2^esz. */
void lift_guard_aligned(struct lifter *l, ir_ref addr, unsigned esz);

/* Ends the block with a trap that reports `pc`; arg is trap_arg or IR_NONE. */
void lift_trap(struct lifter *l, enum trap_reason reason, u64 pc, u16 imm, ir_ref arg);

/* SP has changed from one multiple of 16 to another if it was one: undoes what lift_set_xsp took
 * for granted. Call with the l->sp_unsure from before the write. */
void lift_sp_kept_aligned(struct lifter *l, bool unsure);

/* Leaves by TRAP_SP_ODD, between two instructions, if SP is misaligned: always checks; where it may
 * be. */
void lift_guard_sp_even(struct lifter *l);

static inline void lift_check_sp(struct lifter *l)
{
    if (l->sp_unsure && !l->sp_any) lift_guard_sp_even(l);
}

/* The number of the block that a branch to that address leads to, or -1: it leaves the region. */
int lift_block_at(const struct lifter *l, u64 pc);

/* Goes on at a fixed address: a jump when a block of the region starts there, else an exit. */
void lift_goto(struct lifter *l, u64 target);

/* IR_EXIT_NZCV_DEAD when nothing at the target can see NZCV, else 0; 0 too when the region has left
 * NZCV alone on the way there. */
u8 lift_nzcv_dead(struct lifter *l, u64 target);

#endif
