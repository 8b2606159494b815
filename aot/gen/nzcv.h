/*
 * NZCV as expressions, inside a block (nzcv.c) and from block to block (nzcv_flow.c).
 */
#ifndef AOT_GEN_NZCV_H
#define AOT_GEN_NZCV_H

#include "aot/gen/internal.h"

/* --- nzcv.c: flags as expressions ---------------------------------------------------------------
 */

/* Words of guest state's scratch, and of vscratch, that hold the operands a and b when their slots
 * change; of the n-th of several expressions that a block began with from SCRATCH_WAYS + 2 n on. */
enum { SCRATCH_A, SCRATCH_B, SCRATCH_WAYS, VSCRATCH_A = 4, VSCRATCH_B };
_Static_assert(NZCV_FIRST_TURN == SCRATCH_WAYS + 2 * NZCV_WAYS, "it has a word of its own");

/* Value r is now in the slot (GET, SET). */
static inline void gen_in_slot(struct gen *g, ir_ref r, unsigned slot)
{
    g->val[r].slot = (u8)(slot + 1);
    g->val[r].version = g->version[slot];
}

/* r is v by another name or width. */
void gen_same_slot(struct gen *g, ir_ref r, ir_ref v);

/* `flags`, which EFLAGS are about to hold, are those of `kind` on i's operands (or of result). */
void gen_flags_expr(struct gen *g, ir_ref flags, enum nzcv_kind kind, const struct ir_inst *i,
                    ir_ref result);

/* The slot that the operand is of, as a bit, or 0. */
static inline u64 gen_slot_of(const struct nzcv_operand *o)
{
    return o->kind == NZCV_SLOT || o->kind == NZCV_SUM ? UINT64_C(1) << o->n : 0;
}

/* v is one of the slot's value and a constant: that. `wide`: of all 64 bits. */
bool gen_is_step(const struct gen *g, ir_ref v, bool wide, ir_ref *of, s64 *by);

/* Some flags may be known by the registers that they come from. */
static inline bool gen_flags_pending(const struct gen *g)
{
    return (g->candidate.of | g->nzcv) != 0;
}

/* Flags, in EFLAGS or not, follow the slot's change to v, or keep its old value. */
void gen_flags_follow(struct gen *g, unsigned slot, ir_ref v);

/* The slot's register or home is about to be overwritten with v. Call before, leaves EFLAGS alone;
 * may use RAX if the slot has no pin. */
static inline void gen_slot_changes(struct gen *g, unsigned slot, ir_ref v)
{
    if (gen_flags_pending(g)) gen_flags_follow(g, slot, v);
}

/* NZCV is pending, and not in EFLAGS. */
bool gen_nzcv_is_expr(const struct gen *g);

/* The expressions of NZCV, which is pending and not in EFLAGS. */
const struct nzcv_ways *gen_nzcv_ways(const struct gen *g, struct nzcv_ways *room);

void gen_copy_ways(struct nzcv_ways *to, const struct nzcv_ways *from);

/* The same, to keep. */
struct nzcv_ways *gen_keep_ways(const struct gen *g);

/* The slots of general registers that the expressions are of. */
u64 gen_slots_of(const struct nzcv_ways *ways);

/* Emits what stores the flags of the expression that holds to home. RAX, RCX, XMM0 and EFLAGS go.
 */
void gen_store_ways(struct gen *g, const struct nzcv_ways *ways, u64 loaded);

/* A loop begins whose later turns will be told from the first by the operand (NZCV_LATER_A). Keeps
 * EFLAGS; RAX goes. */
void gen_note_first_turn(struct gen *g, const struct nzcv_operand *o);

/* NZCV, pending as an expression, is in EFLAGS after this, as value r. False: nothing was done. */
bool gen_flags_again(struct gen *g, ir_ref r);

/* --- nzcv_flow.c: from block to block -----------------------------------------------------------
 */

/* Stands for the flags that a block begins with, when they are an expression. */
#define NZCV_ENTRY UINT32_MAX

/* Which expression blocks with several predecessors expect. */
void gen_plan_nzcv(struct gen *g);

/* At a block's start. */
void gen_receive_nzcv(struct gen *g, u32 block);

/* Before the jump to one or two blocks: NZCV is where they expect it. Keeps EFLAGS. */
void gen_pass_nzcv(struct gen *g, u32 to);

/* What a branch's condition says of NZCV: where it holds (or doesn't), flags are these, which need
 * no operands. */
struct known_flags {
    struct nzcv_ways *ways; /* NULL: nothing */
    bool when;
};

void gen_equal_flags(const struct gen *g, ir_ref condition, struct known_flags *known);

/* What is left to do on each way of a branch. */
struct nzcv_split {
    u8 home;    /* bits: NZCV goes home there */
    u8 mark[2]; /* that goes home, or 0 */
};

/* The same as gen_pass_nzcv before a branch to one of two blocks (the first: its condition holds),
 * but for what is to be done on one of the ways only. apart: the first has code of its own anyway.
 */
struct nzcv_split gen_split_nzcv(struct gen *g, const u32 *to, unsigned count, bool apart,
                                 const struct known_flags *known);

#endif
