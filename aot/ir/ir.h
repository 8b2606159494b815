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

/* EXIT and EXITIND: what the guest meant; IR_EXIT_NZCV_DEAD may be or'ed in: the target sets NZCV
 * before it reads it. */
enum ir_exit { IR_EXIT_JUMP, IR_EXIT_CALL, IR_EXIT_RETURN, IR_EXIT_NZCV_DEAD = 0x80 };

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
    u8 op;   /* enum ir_op */
    u8 type; /* enum ir_type of the result, or of the operands where the table says so */
    u8 esz;  /* log2 of a size in bytes */
    u8 mod;
    ir_ref arg[3];
    s64 imm;
    u32 uses; /* set by ir_count_uses and kept by passes that need it */
    u32 note; /* free for the pass that runs; undefined between passes */
};

struct ir_block {
    ir_ref first, end; /* instructions [first, end); the last one is an END op */
    u64 pc;            /* guest address the block starts at */
    u32 preds;         /* predecessors inside the function, entries not counted */
    bool entry;        /* may be entered from outside */
    bool loop_head;    /* target of a back edge */
};

struct ir_func;

/*
 * Called for instruction r, just appended, by the builder's functions but ir_append: gives the
 * value that stands for it, r or an earlier one. In the latter case it may take r back off the end.
 * Earlier instructions stay what they are, since the caller may hold their numbers.
 */
typedef ir_ref ir_birth_fn(struct ir_func *f, ir_ref r);

struct ir_func {
    struct arena *arena;
    struct ir_inst *inst;
    u32 count, capacity; /* inst[0] is a NOP */
    struct ir_block *block;
    u32 block_count, block_capacity;
    u64 pc;             /* guest address of the region's first instruction */
    ir_birth_fn *birth; /* or NULL */
    void *birth_state;  /* its own */
    bool merged; /* optimised across guest instructions: the slots are the guest's state at points
                    (FAULT, FP, GUARD, EXITIF, HELPER, END) and at block starts, no longer at each
                    INSN; NZCV is not where it is dead */
};

struct ir_op_info {
    const char *name;
    const char *signature;
    u16 flags; /* enum ir_flag */
    u8 args;   /* number of value arguments, optional ones included */
};

extern const struct ir_op_info ir_op_table[IR_OP_COUNT];

/* The same facts by the byte, for walks that look at every instruction. */
enum ir_effect {
    IR_EFFECT_NONE,  /* a value of other values; GET too */
    IR_EFFECT_POINT, /* FAULT or FP: guest state must be exact there */
    IR_EFFECT_OTHER, /* SIDE or END */
};

extern const u8 ir_op_args[IR_OP_COUNT];
extern const u8 ir_op_effect[IR_OP_COUNT];

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

/* Makes room for more instructions. Private to ir_append. */
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

/* Appends an instruction and gives its value. */
static inline ir_ref ir_opx(struct ir_func *f, unsigned op, unsigned type, unsigned esz,
                            unsigned mod, s64 imm, ir_ref a, ir_ref b, ir_ref c)
{
    struct ir_inst *i = ir_append(f, op, type);
    i->esz = (u8)esz;
    i->mod = (u8)mod;
    i->imm = imm;
    i->arg[0] = a;
    i->arg[1] = b;
    i->arg[2] = c;
    return f->birth ? f->birth(f, f->count - 1) : f->count - 1;
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

static inline ir_ref ir_get(struct ir_func *f, unsigned type, unsigned slot)
{
    return ir_opx(f, IR_GET, type, 0, 0, slot, IR_NONE, IR_NONE, IR_NONE);
}

static inline void ir_set(struct ir_func *f, unsigned type, unsigned slot, ir_ref v)
{
    ir_opx(f, IR_SET, type, 0, 0, slot, v, IR_NONE, IR_NONE);
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

/* Successor blocks of a block: 0, 1 or 2 numbers. */
unsigned ir_successors(const struct ir_func *f, const struct ir_block *b, u32 out[2]);

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
