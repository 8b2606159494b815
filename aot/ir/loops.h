/*
 * Natural loops: a head, which all ways to the loop pass, and the blocks on ways from there back to
 * it. A call leads to the block behind it. Ways back by JUMPIND are left out: what is in a loop by
 * them is not this loop or that.
 */
#ifndef AOT_IR_LOOPS_H
#define AOT_IR_LOOPS_H

#include "aot/ir/ir.h"

/* How often a block runs, at most IR_FREQUENT; what is entered from outside does so IR_ONCE times.
 */
#define IR_ONCE     1024u
#define IR_FREQUENT (1u << 26)
#define IR_SURE     65536u /* a probability */

struct ir_loop {
    u32 head;
    u32 count;   /* of blocks */
    u32 entered; /* how often, as a block's frequency */
    u64 *member; /* one bit per block */
};

struct ir_loops {
    u32 count;
    struct ir_loop *loop; /* outer ones before those inside */
    u32 *frequency;       /* per block, at least 1; NULL where there are neither loops nor
                             jumps by table that lead back */
    u32 *first_way;       /* per block with two ways on: how likely the first is, of IR_SURE */
};

/*
 * All of the function's loops, after ir_link_blocks (none, where they are so many that to look at
 * them would take long), with what the structure lets one expect of frequencies: of two ways one
 * that leaves the innermost loop is seldom taken, and one that calls or returns less often than the
 * other (Wu and Larus, "Static branch frequency and program profile analysis", 1994, with the
 * figures of Ball and Larus, "Branch prediction for free", 1993). Everything lies in the arena.
 */
struct ir_loops ir_find_loops(const struct ir_func *f, struct arena *arena);

static inline bool ir_in_loop(const struct ir_loop *l, u32 block)
{
    return l->member[block / 64] >> (block & 63) & 1;
}

/* How often way k of the n on from a block is taken, as a block's frequency; ways by table
 * excepted. */
static inline u32 ir_way_frequency(const struct ir_loops *l, u32 block, unsigned k, unsigned n)
{
    u64 likely = n != 2 ? IR_SURE : k ? IR_SURE - l->first_way[block] : l->first_way[block];
    return (u32)(l->frequency[block] * likely / IR_SURE);
}

#endif
