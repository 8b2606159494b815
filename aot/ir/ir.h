/*
 * The intermediate representation: typed SSA over guest state slots.
 *
 * A function is one array of instructions; a value is the index of the instruction that defines
 * it. Blocks are ranges of that array, in order. A value may be used in its own block and in the
 * blocks that its block dominates. State that lives across blocks otherwise goes through GET and
 * SET.
 *
 * Precise state: within one guest instruction (from one INSN to the next) the lifter puts all that
 * may fault, and every GUARD, before the first SET. So at every FAULT, GUARD, EXITIF and END
 * operation the slots hold exactly the guest's state at its INSN (or behind the whole instruction
 * for exits). Passes keep that.
 */
#ifndef AOT_IR_IR_H
#define AOT_IR_IR_H

#include <assert.h>

#include "aot/abi/slots.h"
#include "aot/base/arena.h"
#include "aot/base/types.h"
#include "aot/ir/ops.h"

enum ir_op {
#define X(name, text, signature, flags) IR_##name,
    IR_OPS(X)
#undef X
        IR_OP_COUNT
};

enum ir_type {
    IR_VOID,
    IR_BOOL,
    IR_FLAGS,
    IR_I32,
    IR_I64,
    IR_F16,
    IR_F32,
    IR_F64,
    IR_V128,
    IR_TYPE_COUNT
};

/* Flags of the ops table. */
enum ir_flag {
    IR_FL_FAULT = 1,
    IR_FL_READ = 2,
    IR_FL_WRITE = 4,
    IR_FL_SIDE = 8,
    IR_FL_END = 16,
    IR_FL_FP = 32,
    IR_FL_COMM = 64,
    IR_FL_LANES = 128,
    IR_FL_SIZED = 256
};

enum ir_cmp { IR_EQ, IR_NE, IR_ULT, IR_ULE, IR_UGT, IR_UGE, IR_SLT, IR_SLE, IR_SGT, IR_SGE };

/* Conditions on NZCV, the architecture's numbering; the odd ones negate (AL and NV both hold). */
enum ir_cond {
    IR_CC_EQ,
    IR_CC_NE,
    IR_CC_CS,
    IR_CC_CC,
    IR_CC_MI,
    IR_CC_PL,
    IR_CC_VS,
    IR_CC_VC,
    IR_CC_HI,
    IR_CC_LS,
    IR_CC_GE,
    IR_CC_LT,
    IR_CC_GT,
    IR_CC_LE,
    IR_CC_AL,
    IR_CC_NV
};

/* EXIT and EXITIND: what the guest meant (STEADY: a jump that leads to the same place nearly every
 * time, EXITIND only); IR_EXIT_NZCV_DEAD may be or'ed in: the target sets NZCV
 * before it reads it. */
enum ir_exit {
    IR_EXIT_JUMP,
    IR_EXIT_CALL,
    IR_EXIT_RETURN,
    IR_EXIT_STEADY,
    IR_EXIT_NZCV_DEAD = 0x80
};

enum ir_fence { IR_FENCE_FULL, IR_FENCE_LOAD, IR_FENCE_STORE, IR_FENCE_ISB };

enum ir_rmw {
    IR_RMW_ADD,
    IR_RMW_CLR,
    /* old & ~b */ IR_RMW_EOR,
    IR_RMW_SET,
    IR_RMW_SMAX,
    IR_RMW_SMIN,
    IR_RMW_UMAX,
    IR_RMW_UMIN,
    IR_RMW_SWP
};

enum ir_round {
    IR_ROUND_NEAREST,
    IR_ROUND_UP,
    IR_ROUND_DOWN,
    IR_ROUND_ZERO,
    IR_ROUND_AWAY, /* ties away */
    IR_ROUND_FPCR  /* the current mode */
};

typedef u32 ir_ref;
#define IR_NONE 0u /* no value: instruction 0 is always a NOP */

struct ir_inst {
    union {
        struct {
            u8 op;   /* enum ir_op */
            u8 type; /* enum ir_type of the result, or of the operands where the table says so */
            u8 esz;  /* log2 of a size in bytes */
            u8 mod;
        };
        u32 head; /* the four in one: ir_head */
    };
    ir_ref arg[3];
    s64 imm;
    u32 uses; /* set by ir_count_uses and kept by passes that need it */
    u32 note; /* free for the pass that runs; between passes 0, or what ir_look_back has left */
};

struct ir_block {
    ir_ref first, end; /* instructions [first, end); the last one is an END op */
    u64 pc;            /* guest address the block starts at */
    u32 preds;         /* predecessors inside the function, entries not counted */
    bool entry;        /* may be entered from outside */
    bool target;       /* where JUMPINDs may lead */
    bool loop_head;    /* target of a back edge */
    u32 samples;       /* by a profile: how often runs were found here */
    /* By ir_look_back: */
    bool sees_nzcv; /* NZCV may be seen behind the start before it is SET (functions of one block:
                       not set) */
    ir_ref work;    /* the first instruction that has something to do, or end */
    u64 sets;       /* register slots that are SET here */
};

/* What ir_look_back finds about the function's slots, those that may live in host registers. */
struct ir_look {
    u64 seen, often;              /* slots with accesses; with more than one, or in a loop */
    u32 accesses[SLOT_REGISTERS]; /* GETs and SETs, those in loops counted several times */
};

struct ir_func;

/* The first four bytes of an instruction, op the lowest. */
static inline u32 ir_head(unsigned op, unsigned type, unsigned esz, unsigned mod)
{
    return op | type << 8 | esz << 16 | mod << 24;
}

/*
 * Appends an instruction and gives the value that stands for it: itself or an earlier one. Earlier
 * instructions stay what they are, since the caller may hold their numbers. The arguments are what
 * fits in registers: building is a good part of what translation costs.
 */
typedef ir_ref ir_emit_fn(struct ir_func *f, u32 head, s64 imm, ir_ref a, ir_ref b, ir_ref c);

/*
 * What is known of slots at one place of a block: a value that a GET would give, from a SET or an
 * earlier GET. Valid where `has` has the slot's bit: there is nothing else to clear at a block's
 * start. The FPSR slot is never in it: operations raise flags behind its back.
 */
struct ir_facts {
    u64 has[2];
    struct ir_fact {
        ir_ref value;
        u8 type;    /* the value's */
        bool whole; /* it says all of the slot: it was set, the rest is zero */
    } of[SLOT_COUNT];
};

static inline bool ir_knows(const struct ir_facts *k, unsigned slot)
{
    return k->has[slot >> 6] >> (slot & 63) & 1;
}

static inline void ir_learn(struct ir_facts *k, unsigned slot, struct ir_fact fact)
{
    k->has[slot >> 6] |= (u64)(slot != SLOT_FPSR) << (slot & 63);
    k->of[slot] = fact;
}

struct ir_func {
    struct arena *arena;
    struct ir_inst *inst;
    u32 count, capacity; /* inst[0] is a NOP */
    struct ir_block *block;
    u32 block_count, block_capacity;
    u32 *target; /* the target blocks, ascending: any JUMPIND may lead to any of them */
    u32 target_count;
    u64 pc;                 /* guest address of the region's first instruction */
    ir_emit_fn *emit;       /* how ir_opx appends: ir_emit, or a pass that simplifies at birth */
    struct ir_facts *facts; /* NULL, or what is known of the current block's slots; then the uses of
                               all that is appended are counted too */
    bool looked;            /* ir_look_back has been here, and nothing has changed since */
    struct ir_look look;    /* what it has found; else zero */
    bool merged; /* optimised across guest instructions: the slots are the guest's state at points
                    (FAULT, FP, GUARD, EXITIF, HELPER, END) and at block starts, no longer at each
                    INSN; NZCV is not where it is dead */
};

struct ir_op_info {
    char name[12];
    char signature[5];
    u8 args;   /* number of value arguments, optional ones included */
    u16 flags; /* enum ir_flag */
};

extern const struct ir_op_info ir_op_table[IR_OP_COUNT];

/* The same facts by the byte, for walks that look at every instruction: what an operation has to do
 * with guest state. */
enum ir_kind {
    IR_KIND_NOTHING, /* NOP, INSN */
    IR_KIND_VALUE,   /* nothing: a value of other values */
    IR_KIND_GET,
    IR_KIND_SET,
    IR_KIND_POINT,   /* it must be exact: FAULT, FP, GUARD, HELPER */
    IR_KIND_EXIT_IF, /* likewise, and then control may leave */
    IR_KIND_END,     /* control goes elsewhere, and takes all slots along */
    IR_KIND_OTHER    /* nothing, but it has another effect */
};

extern const u8 ir_op_args[IR_OP_COUNT];
extern const u8 ir_op_kind[IR_OP_COUNT]; /* enum ir_kind */

static inline const struct ir_op_info *ir_op_info(unsigned op)
{
    return &ir_op_table[op];
}

const char *ir_type_name(unsigned type);

/* The type of the value that an instruction defines; IR_VOID: none. */
static inline unsigned ir_value_type(const struct ir_inst *i)
{
    switch (ir_op_table[i->op].signature[0]) {
    case 'b': return IR_BOOL;
    case 'f': return IR_FLAGS;
    case 'w': return IR_I32;
    case 'l': return IR_I64;
    case 'v': return IR_V128;
    case 't':
    case 'T': return i->type;
    default: return IR_VOID;
    }
}

static inline bool ir_has(unsigned op, unsigned flag)
{
    return (ir_op_info(op)->flags & flag) != 0;
}

/* --- building (build.c) ----------------------------------------------------------------------- */

/* An empty function in the arena, with room for about `insts` instructions. */
struct ir_func *ir_new(struct arena *a, u32 insts);

/* Opens a block at guest address pc and returns its number; instructions go to the last block. */
u32 ir_begin_block(struct ir_func *f, u64 pc);

/* Closes the current block: the last instruction must be an END op. */
void ir_end_block(struct ir_func *f);

/* Makes room for more instructions. Private to what appends. */
void ir_grow(struct ir_func *f);

/* Appends an instruction and returns it for the caller to fill what the arguments don't. Building
 * is a good part of what translation costs: hence inline. */
static inline struct ir_inst *ir_append(struct ir_func *f, unsigned op, unsigned type)
{
    if (__builtin_expect(f->count == f->capacity, 0)) ir_grow(f);
    struct ir_inst *i = &f->inst[f->count++];
    *i = (struct ir_inst){.op = (u8)op, .type = (u8)type};
    return i;
}

static inline ir_ref ir_ref_of(const struct ir_func *f, const struct ir_inst *i)
{
    return (ir_ref)(i - f->inst);
}

/* The plain way to append. */
ir_emit_fn ir_emit;

/* Appends an instruction and gives its value, by the function's own way. */
static inline ir_ref ir_opx(struct ir_func *f, unsigned op, unsigned type, unsigned esz,
                            unsigned mod, s64 imm, ir_ref a, ir_ref b, ir_ref c)
{
    return f->emit(f, ir_head(op, type, esz, mod), imm, a, b, c);
}

/* Writes instruction r, for which there is room. */
static inline void ir_write(struct ir_func *f, ir_ref r, u32 head, s64 imm, ir_ref a, ir_ref b,
                            ir_ref c)
{
    f->inst[r] = (struct ir_inst){.head = head, .arg = {a, b, c}, .imm = imm};
}

static inline bool ir_is_full(const struct ir_func *f)
{
    return __builtin_expect(f->count == f->capacity, 0);
}

/* A GET, or the value that is known to be in the slot; a SET. */
ir_ref ir_get(struct ir_func *f, unsigned type, unsigned slot);
void ir_set(struct ir_func *f, unsigned type, unsigned slot, ir_ref v);

/* The SET just made is of a slot that its guest instruction doesn't read: who does that again from
 * its start may find anything there. */
static inline void ir_unread(struct ir_func *f)
{
    assert(f->inst[f->count - 1].op == IR_SET);
    f->inst[f->count - 1].mod = 1;
}

/* Short forms. Constants and INSNs are what they are: nothing is done at their birth. */
static inline ir_ref ir_const(struct ir_func *f, unsigned type, s64 value)
{
    ir_append(f, IR_CONST, type)->imm = value;
    return f->count - 1;
}

static inline void ir_insn(struct ir_func *f, u64 pc)
{
    ir_append(f, IR_INSN, IR_VOID)->imm = (s64)pc;
}

static inline ir_ref ir_op1(struct ir_func *f, unsigned op, unsigned type, ir_ref a)
{
    return ir_opx(f, op, type, 0, 0, 0, a, IR_NONE, IR_NONE);
}

static inline ir_ref ir_op2(struct ir_func *f, unsigned op, unsigned type, ir_ref a, ir_ref b)
{
    return ir_opx(f, op, type, 0, 0, 0, a, b, IR_NONE);
}

static inline ir_ref ir_op3(struct ir_func *f, unsigned op, unsigned type, ir_ref a, ir_ref b,
                            ir_ref c)
{
    return ir_opx(f, op, type, 0, 0, 0, a, b, c);
}

/* Fills uses of every instruction; fills preds and loop_head of every block. */
void ir_count_uses(struct ir_func *f);
void ir_link_blocks(struct ir_func *f);

/*
 * A walk backward (look.c). With drop_dead, SETs that nothing sees and values that nobody uses
 * become NOPs. Every instruction that has something to do gets a note: where the next one in its
 * block is (NOPs and INSNs are skipped), and what the functions below read from it. Wants uses
 * counted, and keeps them.
 */
void ir_look_back(struct ir_func *f, bool drop_dead);

#define IR_LOOK_MAX (1u << 24) /* instructions of a function, for a note's sake */

static inline u32 ir_look_note(unsigned hint, bool sees_nzcv, u32 distance)
{
    return hint | (u32)sees_nzcv << 7 | distance << 8;
}

/* 1 + the slot into whose place the value may be computed: it is SET there, and nobody could see
 * the difference in between. 0: none. */
static inline unsigned ir_hint(const struct ir_inst *i)
{
    return i->note & 0x7f;
}

/* NZCV's slot is read or may be seen here or behind, before it is SET. */
static inline bool ir_sees_nzcv(const struct ir_inst *i)
{
    return i->note >> 7 & 1;
}

/* How far the next instruction that has something to do is away; behind the last it is the block's
 * end. */
static inline u32 ir_distance(const struct ir_inst *i)
{
    return i->note >> 8;
}

/* Successor blocks of a block: 0, 1 or 2 numbers. */
const u32 *ir_successors(const struct ir_func *f, const struct ir_block *b, u32 own[2],
                         unsigned *count);

/* The block ends in a jump by table, which leads to any of the function's targets. */
static inline bool ir_jumps_by_table(const struct ir_func *f, const struct ir_block *b)
{
    return f->inst[b->end - 1].op == IR_JUMPIND;
}

/* --- text (print.c, parse.c) ------------------------------------------------------------------ */

struct ir_text_error {
    unsigned line; /* from 1 */
    char message[120];
};

/* Appends to a malloc'ed string at *text (grown as needed). */
void ir_print(const struct ir_func *f, char **text, size_t *length);

/* One instruction as text. */
void ir_print_inst(const struct ir_func *f, ir_ref r, char *buf, size_t size);

/* NULL and *error on bad text. */
struct ir_func *ir_parse(struct arena *a, const char *text, struct ir_text_error *error);

/* --- checking (verify.c) ---------------------------------------------------------------------- */

/* True when types, dominance, block structure and the precise-state rule hold; else one line in
 * message. */
bool ir_verify(const struct ir_func *f, char *message, size_t size);

#endif
