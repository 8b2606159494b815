/*
 * Private to the widening of loops (widen.c): what several turns of a loop compute, as a graph.
 */
#ifndef AOT_OPT_WIDEN_H
#define AOT_OPT_WIDEN_H

#include "aot/abi/slots.h"
#include "aot/ir/ir.h"

#define WIDEN_LANES  4  /* 32-bit elements of a vector */
#define WIDEN_MEMORY 32 /* elements that are gone through at once, about */
#define WIDEN_TURNS  (WIDEN_MEMORY + 1)
#define WIDEN_NODES  4096
#define WIDEN_SLOTS  (SLOT_V0 + 1) /* general registers, and NZCV */
#define WIDEN_NZCV   SLOT_V0

enum widen_kind {
    WIDEN_ENTRY, /* what a slot holds when the turns begin */
    WIDEN_OUTER, /* a value of a block around */
    WIDEN_SUM,   /* one of those and a constant */
    WIDEN_LOAD,  /* at arg[0] + (arg[1] << mod) + imm, the arguments being of those too */
    WIDEN_OP     /* any other operation */
};

/* Equal values of different turns are one node. Number 0 is none. */
struct widen_node {
    u8 kind, type; /* enum widen_kind; enum ir_type of the value */
    u32 head;      /* LOAD, OP: of the instruction */
    s64 imm;       /* ENTRY: number of the slot; OUTER: the value; SUM: what is added */
    u32 arg[3];
    u32 next;   /* of the same hash */
    ir_ref ref; /* the value, where it has been emitted, for the block `emitted` */
    u32 emitted;
    u32 pack; /* 1 + the number of a pack that has it, or 0 */
    u8 lane;
    bool prepared; /* widen_emit_turns has been here */
    u8 stream;     /* 1 + the number of the stream that it is an element of, or 0 */
    s32 position;  /* in the stream */
};

/* Accesses with the same base and index: displacements of those of all turns. */
struct widen_range {
    u32 base, index;
    u8 mod;
    bool loads, stores;
    bool stores_first;                            /* in the first turn too */
    s64 load_from, load_to, store_from, store_to; /* in bytes; up to, not including */
};

/*
 * Elements that a loop goes through, some each turn: nodes, or 0. Filters have some in registers
 * when the turns begin, of which they may load others again. Packs take them as loaded, where they
 * are loaded, or as registers have them.
 */
#define WIDEN_ELEMENTS 256
enum widen_choice { WIDEN_LOADED_FIRST, WIDEN_REGISTER_FIRST, WIDEN_CHOICES };
struct widen_stream {
    u32 base, index;
    u8 mod;
    s64 from, each; /* displacement of element 0; bytes that a turn goes on by */
    u32 element[WIDEN_CHOICES][WIDEN_ELEMENTS]; /* from -WIDEN_ELEMENTS / 2 on */
    ir_ref chunk[WIDEN_CHOICES][WIDEN_ELEMENTS / WIDEN_LANES];
};

struct widen_store {
    u32 base, index, value; /* nodes */
    u32 number;             /* in the loop's order */
    u8 mod;
    s64 imm;
};

/* Lanes that are one vector value. */
struct widen_pack {
    u32 lane[WIDEN_LANES];
    ir_ref ref;
};

#define WIDEN_RANGES  6
#define WIDEN_STREAMS 6
#define WIDEN_STORES  128
#define WIDEN_PACKS   1024

/* Blocks of f that are run one after the other, and round again; branches may lead out. */
#define WIDEN_BLOCKS 6
struct widen_loop {
    u32 block[WIDEN_BLOCKS], count; /* the first is the head */
    u32 leaves;                     /* bits of those that end in a branch that may lead out */
    u32 stays;    /* bits of those that it leads out of where its condition doesn't
                     hold */
    bool entered; /* ways lead to others than the head, or to that from outside of the region */
};

struct widen {
    const struct ir_func *f;
    struct widen_loop loop;
    struct arena *arena;

    struct widen_node *node;
    u32 count, hash[1024];
    u32 now[WIDEN_SLOTS];                    /* what the slots hold, or 0: what they held */
    u32 start[WIDEN_TURNS + 1][WIDEN_SLOTS]; /* the same at each turn's start */
    u32 condition[2][WIDEN_BLOCKS];          /* of branches that lead out, in the first two turns */
    u32 *value;                              /* of f's instructions in this turn, the loop's */
    u32 turns;
    u32 follows[WIDEN_SLOTS]; /* 1 + the slot that this one has a fixed distance to from the second
                                 turn on; in the first that has to be checked */
    s64 distance[WIDEN_SLOTS];
    struct widen_store store[WIDEN_STORES];
    u32 store_count;
    bool in_order; /* the vectors of stores can be stored one after the other (widen_stores.c) */
    struct widen_range range[WIDEN_RANGES];
    u32 range_count;

    struct ir_func *to;
    const ir_ref *map; /* from values of f to those of `to` */
    u32 emitted;       /* the block of `to` */
    struct widen_stream *stream;
    u32 stream_count;
    struct widen_pack *pack;
    u32 pack_count;
    struct widen_count {
        u32 by; /* node */
        ir_ref ref;
    } shift; /* of the last shift by no constant: in all lanes */
    bool failed;
};

/* How the loop goes round: while i compares so with the bound. */
struct widen_trip {
    u8 cmp;       /* enum ir_cmp: never EQ */
    u32 i, bound; /* nodes of the first turn */
    s64 step;     /* that i goes on by at each turn; towards the bound */
};

/* --- widen_turns.c -----------------------------------------------------------------------------
 */

/* Evaluates so many turns of the block into nodes. False: it does what no vector does. */
bool widen_evaluate(struct widen *w, u32 turns);

/* How the loop goes round, by its block number `leaves`. False: it is none of the ways that are
 * known.
 */
bool widen_find_trip(const struct widen *w, unsigned leaves, struct widen_trip *trip);

/* The node's value is the same in all turns, and comes from nothing in memory. */
bool widen_is_fixed(const struct widen *w, u32 n);

/* The node of a slot's value when the turns begin. */
u32 widen_entry(struct widen *w, unsigned type, unsigned slot);

static inline bool widen_is(const struct widen *w, u32 n, unsigned op)
{
    const struct widen_node *node = &w->node[n];
    return node->kind == WIDEN_OP && (node->head & 0xff) == op;
}

/* --- widen_stores.c ----------------------------------------------------------------------------
 */

/* Puts w->store in the order in which they are stored, four neighbours after the other, and sets
 * w->in_order. False: they can't be. */
bool widen_group_stores(struct widen *w);

/* That with the number in the loop's order. */
const struct widen_store *widen_store_of(const struct widen *w, u32 number);

/* --- widen_pack.c ------------------------------------------------------------------------------
 */

/* A block of w->to begins: nothing has been emitted there yet. */
void widen_begin(struct widen *w, u64 pc);

/* Emits the node's value. */
ir_ref widen_scalar(struct widen *w, u32 n);

/* Emits all turns at once, without an end. False: it can't be done, or isn't worth it. */
bool widen_emit_turns(struct widen *w);

#endif
