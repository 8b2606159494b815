/*
 * The generator's inside: values, host registers, pins, and what the selection files share.
 *
 * How it works. One forward walk over the IR emits code at once; a look back before it
 * (ir_look_back) has found where NZCV is live and which values are better computed into their
 * slots, and plan.c has chosen pins.
 *
 * Pins. Some guest registers are pinned: slot s lives in one host register. Which ones is the same
 * throughout a zone (zones.c): general registers are those of the boundary convention but for loops
 * that would rather have others. A GET of a pinned slot emits nothing: its value is the host
 * register, an alias, until the slot is SET. A value that is going to be SET to a pinned slot is
 * computed right into the pin when nothing in between could see the difference (its hint). All
 * other values live in the remaining registers, the temps, and die with their block.
 *
 * Memory. A GET of a slot without a pin emits nothing either: its value is at home until the slot
 * is SET, and where an instruction can have its operand in memory it is taken from there. The same
 * goes for scratch memory, where a temp's values go when the register is needed, if it is the last
 * use or no temp is empty; else the value is read into a temp first, and the copy in memory is
 * kept. A register is freed whose values are needed last; what is in memory anyway isn't stored.
 *
 * A SET of a general slot without a pin need not store: the temp with the value owes it to the
 * home, until it is handed out or a way needs it there, and passes it on to the blocks behind
 * (copies.c).
 *
 * State. `loaded`: pinned slots whose host register holds the guest register. `dirty`: those whose
 * home is out of date, or may be; what the convention has in its register always may. At a block's
 * start those pins are loaded that plan.c says, temps are empty,
 * and NZCV is where nzcv_flow.c says. Exits store what is dirty and not carried on in a register,
 * in cold code behind the region.
 *
 * Registers. RBP is the state, RSP the stack, RAX and RCX are scratch of the single emit function:
 * no value ever lives there. XMM0 and XMM1 likewise (XMM0 is also what legacy blends want). Where
 * the host has 32 vector registers, values and pins are in the upper half too (upper.h).
 *
 * Flags. A flags value is computed where it is defined and lives in the host's EFLAGS until an
 * instruction is about to clobber them; then it is saved if anyone needs it still (flags.c).
 *
 * Protocol of an emit function, in this order:
 *   1. gen_use_gpr / gen_use_xmm / gen_const for every operand: registers are locked;
 *   2. gen_consume(g, i): the operands' use counts drop; registers that nobody needs become free,
 *      but stay locked, so that gen_temp_* does not hand them out;
 *   3. gen_def_gpr / gen_def_xmm (g, r, prefer): the result's register; `prefer` is an operand's
 *      register that may be reused when it is free (or NO_REG). The result may equal any operand's
 *      register, so an emit function must be right for each such coincidence;
 *   4. emit. gen_clobber_flags(g) comes before step 1 when the code will change EFLAGS.
 * After each instruction all locks are released.
 */
#ifndef AOT_GEN_INTERNAL_H
#define AOT_GEN_INTERNAL_H

#include "aot/abi/exits.h"
#include "aot/abi/sidetable.h"
#include "aot/abi/state.h"
#include "aot/gen/emitters.h"
#include "aot/gen/gen.h"
#include "aot/ir/loops.h"
#include "aot/x64/features.h"
#include "aot/x64/x64.h"

/* For the longer ways: kept out of the short ones, which then save no registers. */
#define GEN_APART __attribute__((noinline))

#define GEN_LONG_BLOCK 200 /* IR instructions */

#define HOST_VECTORS 32 /* at most; general registers are fewer, in arrays of the same size */

#define NO_REG  255u
#define NO_SLOT 255u

enum val_place {
    VAL_NONE,     /* not computed yet, or dead */
    VAL_CONST,    /* an IR constant: made when needed */
    VAL_GPR,      /* in host general register `reg` */
    VAL_XMM,      /* in host vector register `reg` */
    VAL_SCRATCH,  /* where its copy is: a scratch word of guest state */
    VAL_VSCRATCH, /* the same, one of vscratch */
    VAL_HOME,     /* at the home of slot `reg`, which has no pin */
    VAL_LATER,    /* a bool: computed by its users from its operands */
    VAL_EFLAGS,   /* a flags value: in EFLAGS, see struct gen.eflags */
    VAL_NZCV_HOME /* a flags value: at SLOT_NZCV's home */
};

struct val {
    u8 place; /* enum val_place */
    u8 reg;
    u8 narrow : 1; /* bits above the type are known to be zero (i32 in 64, scalars in 128) */
    u8 copy : 7;   /* 1 + the scratch word or vscratch that has it too, or 0 */
    u8 slot;       /* 1 + the slot that holds the value while its version is `version`, or 0 */
    u32 version;
    u32 used;    /* uses that are over */
    ir_ref next; /* next value in the same register, or at the same home */
};

/*
 * Blocks with the same pins. Zone 0 is what the convention says. Pins of vector registers are the
 * same in all zones of a region.
 */
struct zone {
    u64 pinned;   /* slots with a pin */
    u64 in_place; /* those that are where the convention has them: loaded, and taken for dirty */
    u32 gpr_temps;
    u8 pin[SLOT_REGISTERS]; /* slot -> host register, or NO_REG */
    u8 slot[16];            /* host general register -> pinned slot, or NO_SLOT */
};

/* A register file. */
struct host_regs {
    ir_ref head[HOST_VECTORS]; /* values that live in each register, linked by val.next */
    u8 slot[HOST_VECTORS];     /* pinned slot, or NO_SLOT */
    u32 free;                  /* registers in which no value lives */
};

/* Temps that hold what the home of a slot without a pin does (copies.c): general registers by their
 * numbers, vector registers from COPY_XMM on. */
#define COPY_XMM 16
struct home_copies {
    u64 regs;
    u32 owed; /* general registers among them whose slot's home is out of date */
    u8 slot[COPY_XMM + HOST_VECTORS];
    u8 bytes[COPY_XMM + HOST_VECTORS]; /* that are the same; of fewer than the slot has those above
                                          are zero */
};

/* Homes that are out of date, for code in the cold part: the registers, and their slots. */
struct owed_homes {
    u16 regs;
    u8 slot[16];
};

/* What EFLAGS hold, as a way to read NZCV from them. */
enum eflags_kind {
    EF_NONE,
    EF_SUB,  /* subtraction: C is the complement of CF */
    EF_ADD,  /* addition or logic: C is CF */
    EF_FCMP, /* UCOMISx a, b */
};

/* Flags and the expression that gives them again (nzcv.c). */
struct nzcv_pending {
    ir_ref of;     /* the flags value */
    ir_ref result; /* the integer value computed with them, or IR_NONE */
    bool logic;
    struct nzcv_expr x; /* NZCV_NONE: there is none any more */
};

/* A host condition: cc, and what to do with PF when the flags are EF_FCMP's. */
struct host_cond {
    u8 cc;
    u8 parity; /* 0: ignore; 1: and not PF; 2: or PF */
};

/* A way out in the cold part, with the state at its branch. */
struct cold_exit {
    u32 label;
    u8 door;   /* enum leave_door */
    u8 eflags; /* enum eflags_kind of NZCV pending at the branch, EF_NONE: at home or dead */
    const struct nzcv_ways *flags; /* NZCV pending as expressions, or NULL */
    u64 loaded;                    /* pins whose register holds the slot */
    u8 zone;
    u8 arg_place; /* where trap_arg is: VAL_NONE, VAL_GPR, VAL_CONST */
    u8 arg_reg;
    u16 code; /* LEAVE_TRAP: enum trap_reason */
    u64 arg;
    u64 pc;    /* guest address */
    u64 from;  /* that of the branch, for steps */
    u64 dirty; /* pinned slots to store */
    struct owed_homes owed;
    struct cold_exit *next;
};

/* What only the taken way of a branch between blocks has to do, in the cold part. */
struct cold_edge {
    u32 label, target;             /* labels */
    u64 stores, loads;             /* pinned slots */
    u8 zone, to_zone;              /* those that they are pinned in */
    u8 eflags;                     /* enum eflags_kind of NZCV that has to go home, or EF_NONE */
    u8 mark;                       /* what NZCV's home gets, or 0 */
    const struct nzcv_ways *flags; /* likewise NZCV as expressions, or NULL */
    u64 loaded;                    /* pins whose register holds the slot */
    u64 from;                      /* as above */
    struct owed_homes owed;
    struct cold_edge *next;
};

/* Code behind the cold exits that stores the flags of several of them. */
struct flag_store {
    u32 label;
    u8 zone;
    u64 loaded; /* pinned slots whose register holds an operand */
    const struct nzcv_ways *ways;
    struct flag_store *next;
};

/* A call through the jump cache whose target isn't there, in the cold part. */
struct cold_call {
    u32 miss, back; /* labels */
    u64 from;       /* as in cold_exit */
    struct cold_call *next;
};

struct pool_entry {
    u64 lo, hi;
    u32 label;
};

struct gen {
    const struct ir_func *f;
    const struct ir_inst *inst; /* f's */
    struct arena *arena;
    const struct gen_options *options;
    u32 has;    /* host features */
    bool avx;   /* VEX forms */
    bool upper; /* EVEX forms too: XMM16 to XMM31 are in use (upper.h) */
    bool failed;
    bool needs_temps; /* registers were too few with as many pins as there can be, or a plan of
                         NZCV's did not hold */

    struct val *val;
    struct ir_loops loops;
    struct zone *zones; /* by number */
    u8 *block_zone;     /* per block, or NULL: there is but zone 0 */
    u8 zone;            /* of the code being emitted */
    u64 *block_dirty;   /* per block: pinned slots that may be dirty at its start */
    u64 *block_loaded;  /* per block: pinned slots that are loaded at its start */
    u64 *block_wanted;  /* per block: slots whose value at its start is looked at before a SET, on
                           ways on by which copies are passed */
    const struct nzcv_ways **block_nzcv; /* per block: NZCV at its start, NULL: at home; or NULL */
    u16 *goes_home;  /* per block: how likely NZCV goes home behind its start (nzcv_flow.c) */
    u32 block_label; /* the first block's label; the others' follow */

    u32 gpr_temps, xmm_temps;   /* host registers that values may live in */
    u32 gpr_locked, xmm_locked; /* in use by the instruction being emitted */
    u64 pinned, in_place;       /* the zone's */
    u64 loaded, dirty;
    u64 ahead;       /* the pin already holds the value of a SET to come */
    bool multiplies; /* products have been seen: RDX is given out last */
    bool lazy;       /* one block that no branch leads to: there is nothing to plan */
    u64 scratch_used;
    u32 vscratch_used;
    u64 scratch_read; /* by the instruction being emitted: not to be given out yet */
    u32 vscratch_read;
    u64 at_home;                        /* slots at whose home values are (home_head) */
    struct block_copies **block_copies; /* per block, or NULL; NULL: none have been noted */

    /* NZCV. */
    u8 eflags;                   /* enum eflags_kind: what EFLAGS hold */
    bool ordered;                /* EF_FCMP: no operand was a NaN, which would have trapped */
    ir_ref eflags_of;            /* the flags value in EFLAGS, or IR_NONE */
    ir_ref nzcv;                 /* the value that the slot logically holds but its home does not */
    ir_ref nzcv_at_home;         /* the value whose copy is at home, or IR_NONE */
    u32 version[SLOT_REGISTERS]; /* how often each slot was SET */

    /* Vector slots, from bit 0, that hold a scalar with zeros above: in 128 bits above 32, 64. */
    struct zeros_above {
        u32 single, wide;
    } zeros, *block_zeros; /* now, and at block starts (NULL: nothing is known) */

    /* The results of a pair of SHA256H and SHA256H2 in the host's form (crypto.c), or nothing. */
    struct sha256_state {
        ir_ref first, second; /* the pair */
        ir_ref abef, cdgh;    /* what stands for the two halves */
    } sha256;

    ir_ref at;      /* instruction being emitted */
    ir_ref emitted; /* one to come that an earlier one has done along with itself */
    u32 block;      /* block being emitted */
    struct cold_exit *cold, **cold_tail;
    struct cold_edge *cold_edges; /* last first */
    struct cold_call *cold_calls; /* last first */
    struct flag_store *flag_stores;
    u32 last_return, last_return_at; /* label and offset of the last RET's return; 0: none yet */
    u32 last_check, last_check_at;   /* likewise of the last branch to a return behind a call */
    u32 return_label;                /* of the return behind the code */
    bool return_wanted;
    u32 table_label, not_there_label; /* JUMPIND's; 0 unless there is one */
    u64 table_loaded;                 /* pins that it has in registers */

    u32 stretch, stretch_count; /* offsets: of code being counted, or 0; of where its count goes */

    u32 fault_at;                /* offset of the last fault point */
    u8 *side_room;               /* where the table starts */
    u64 side_placed;             /* slots that the table has said to be in the pin */
    u8 side_zone;                /* of which zone */
    struct owed_homes side_owed; /* as the table has said it */
    u64 side_moved;              /* those of them that it has put aside since */
    u8 aside;     /* 1 + the slot whose value XMM0 holds for now, its pin does no longer; or 0 */
    u8 side_nzcv; /* enum loc_kind last recorded for NZCV */

    struct reloc *relocs;
    u32 reloc_count, reloc_max;
    struct cell *cells;
    u32 cell_count, cell_max;
    struct guard *guards;
    u32 guard_count, guard_max;
    struct entry *entries;
    u32 entry_count;
    struct code_step *steps;
    u32 step_count, step_max;
    struct pool_entry *pool; /* 16-byte constants */
    u32 pool_count, pool_max;

    /* From here on new_gen and forget_values set everything; before, all starts as zero. */
    struct x64_buf b;
    struct host_regs gpr, xmm;
    ir_ref home_head[SLOT_REGISTERS]; /* values at home, linked by val.next */
    u8 pin[SLOT_REGISTERS];           /* slot -> host register, or NO_REG */
    struct home_copies copies;
    u64 copies_wanted;             /* slots, behind the block */
    struct nzcv_pending candidate; /* of the flags in EFLAGS */
    struct nzcv_pending pending;   /* of nzcv, if the block has computed it */
    struct nzcv_ways ways;         /* of nzcv, if it is NZCV_ENTRY */
    struct side_writer side;
    struct nzcv_ways side_ways; /* for side_nzcv LOC_FLAGS */
};

typedef void gen_fn(struct gen *g, ir_ref r, const struct ir_inst *i);

/* Emit functions: each is an operation's or several ones'. */
#define X(operation, function) gen_fn function;
GEN_EMITTERS(X)
#undef X

/* --- plan.c ----------------------------------------------------------------------------------- */

/* Chooses pins, and finds what is dirty at block starts. */
void gen_plan(struct gen *g);

/* --- zones.c -----------------------------------------------------------------------------------
 */

/* Slots of the boundary convention. */
u64 gen_carried(void);

/* The block may be worth pins of its own. */
static inline bool gen_is_long(const struct ir_block *b)
{
    return b->end - b->first >= GEN_LONG_BLOCK;
}

/* Finds zones; vector registers get the pins that xmm says. */
void gen_plan_zones(struct gen *g, const u8 vector_pin[SLOT_REGISTERS], u64 vectors);

/* Code from here on is of that zone. */
void gen_enter_zone(struct gen *g, unsigned zone);

static inline unsigned gen_zone_of(const struct gen *g, u32 block)
{
    return g->block_zone ? g->block_zone[block] : 0;
}

/* Slots whose pin is the same in both zones. */
u64 gen_stay(const struct gen *g, unsigned one, unsigned other);

/* --- zeros.c: what is above scalars ------------------------------------------------------------
 */

/* Finds block_zeros. */
void gen_plan_zeros(struct gen *g);

/* What is known behind a SET of a vector register. */
void gen_zeros_after(const struct ir_func *f, const struct ir_inst *set, struct zeros_above *z);

/* The vector slot holds a scalar of the type with zeros above. */
static inline bool gen_zeros_above(const struct gen *g, unsigned slot, unsigned type)
{
    u32 known = type == IR_F32 ? g->zeros.single : type == IR_F64 ? g->zeros.wide : 0;
    return known >> (slot - SLOT_V0) & 1;
}

/* --- regs.c ----------------------------------------------------------------------------------- */

static inline const struct ir_inst *gen_inst(const struct gen *g, ir_ref r)
{
    return &g->inst[r];
}

/* A value's type, which need not be that of the instruction (STOREX). */
static inline unsigned gen_type(const struct gen *g, ir_ref r)
{
    return ir_value_type(&g->inst[r]);
}

/* Uses of a value that are still to come. */
static inline u32 gen_left(const struct gen *g, ir_ref r)
{
    return g->inst[r].uses - g->val[r].used;
}

/* NZCV may be seen at the current instruction or behind, before it is SET. */
static inline bool gen_nzcv_live(const struct gen *g)
{
    return ir_sees_nzcv(&g->inst[g->at]);
}

/* Guest address of the current instruction: its INSN's, mostly right before it. */
static inline u64 gen_pc(const struct gen *g)
{
    const struct ir_block *b = &g->f->block[g->block];
    const struct ir_inst *first = &g->inst[b->first];
    for (const struct ir_inst *i = &g->inst[g->at]; i >= first; i--)
        if (i->op == IR_INSN) return (u64)i->imm;
    return b->pc;
}

/* The same for steps; 0 if they aren't wanted, which spares the way to it. */
static inline u64 gen_step_pc(const struct gen *g)
{
    return g->options->steps ? gen_pc(g) : 0;
}

static inline bool gen_has(const struct gen *g, enum x64_feature feature)
{
    return (g->has & (u32)feature) != 0;
}

/* The home of a slot, or another field of guest state, as a memory operand. */
static inline struct x64_mem gen_state(size_t offset)
{
    return x64_mem_b(X64_RBP, (s32)offset - STATE_BIAS);
}

static inline struct x64_mem gen_home(unsigned slot)
{
    return gen_state(slot_info(slot)->offset);
}

/* The same as what the x64_*_frame functions take. */
static inline s32 gen_frame(size_t offset)
{
    return (s32)offset - STATE_BIAS;
}

static inline s32 gen_home_frame(unsigned slot)
{
    return gen_frame(slot_info(slot)->offset);
}

/* Operand size in bytes of an integer type. */
static inline unsigned gen_size(unsigned type)
{
    return type == IR_I64 ? 8 : 4;
}

/* True when r is an integer constant; it may be one that the walk has not come to yet. */
bool gen_is_const(const struct gen *g, ir_ref r, s64 *value);

/* The same for an operand. */
static inline bool gen_const(const struct gen *g, ir_ref r, s64 *value)
{
    return g->val[r].place == VAL_CONST && gen_is_const(g, r, value);
}

/* True when the operand r is an integer constant (sign-extended per its type) that fits 32 signed
 * bits. */
static inline bool gen_imm32(const struct gen *g, ir_ref r, s32 *imm)
{
    s64 value;
    if (!gen_const(g, r, &value) || value != (s32)value) return false;
    *imm = (s32)value;
    return true;
}

/* The value, which is in no register, in one, locked. */
unsigned gen_fetch_gpr(struct gen *g, ir_ref r);

/* The value in a register, locked. i32 values may have garbage above unless val.narrow. */
static inline unsigned gen_use_gpr(struct gen *g, ir_ref r)
{
    const struct val *v = &g->val[r];
    if (v->place != VAL_GPR) return gen_fetch_gpr(g, r);
    g->gpr_locked |= 1u << v->reg;
    return v->reg;
}

unsigned gen_use_xmm(struct gen *g, ir_ref r);

/* The vector or floating-point constant into the register. */
void gen_constant_xmm(struct gen *g, ir_ref r, unsigned reg);

/*
 * True when r is in memory, and either stays there whatever happens (at home), or there is no temp
 * for it, or its last `uses` uses are the operands of the instruction being emitted: then that is
 * its operand, until the instruction's end. Changes nothing but that.
 */
bool gen_in_memory(struct gen *g, ir_ref r, unsigned uses, struct x64_mem *m);

/* What scratch memory has of r is no longer what its register has: its bits above the type are
 * zero. */
void gen_forget_copy(struct gen *g, ir_ref r);

/* r is what the slot, which has no pin, holds: it is read from its home when it is needed. */
void gen_leave_at_home(struct gen *g, ir_ref r, unsigned slot);

/* Before the home of a slot without a pin is overwritten: values that are there move. Keeps EFLAGS;
 * uses RAX and XMM0. */
void gen_vacate_home(struct gen *g, unsigned slot);

/* One use of a value is over; after the last its place is free. */
void gen_consume_one(struct gen *g, ir_ref r);

/* The operands' use counts drop; what nobody needs any more is free (but still locked). */
void gen_consume(struct gen *g, const struct ir_inst *i);

/*
 * The register for result r: its hint's pin if that is possible, else `prefer` if it is a temp
 * that holds nothing any more, else a free temp. Locked. narrow as given.
 */
unsigned gen_def_gpr(struct gen *g, ir_ref r, unsigned prefer);
unsigned gen_def_xmm(struct gen *g, ir_ref r, unsigned prefer);

/* A temp for this instruction only; locked, unlocked at the instruction's end. */
unsigned gen_temp_gpr(struct gen *g);
unsigned gen_temp_xmm(struct gen *g);

/* Moves whatever lives in a temp register elsewhere and locks it (RDX for multiplications...). */
void gen_take_gpr(struct gen *g, unsigned reg);

/* The value, which is no constant, lives in the temp register after this, locked. */
void gen_move_gpr(struct gen *g, ir_ref r, unsigned reg);

/* r becomes another name of the value v, which must be in a register (v keeps its own uses). */
void gen_alias(struct gen *g, ir_ref r, ir_ref v);

/* r lives in the register, besides what is there; r no longer lives in its register. */
void gen_bind_gpr(struct gen *g, ir_ref r, unsigned reg);
void gen_bind_xmm(struct gen *g, ir_ref r, unsigned reg);
void gen_unbind_gpr(struct gen *g, ir_ref r);
void gen_unbind_xmm(struct gen *g, ir_ref r);

/* Unlocks everything. */
static inline void gen_unlock(struct gen *g)
{
    g->gpr_locked = g->xmm_locked = 0;
    g->scratch_read = g->vscratch_read = 0;
}

/* Pinned slot's register holds the guest register after this (emits a load in lazy regions). */
void gen_load_pin(struct gen *g, unsigned slot);

/* Emits stores of the pinned slots in mask to their homes. Changes no state of g. */
void gen_store_pins(struct gen *g, u64 mask);
/* Loads pinned slots, loaded or not; in the zone that is entered. */
void gen_load_pins(struct gen *g, u64 mask);
void gen_load_pins_of(struct gen *g, unsigned zone, u64 mask);

/* Before a SET of a pinned slot by other means: values that live in the pin move to temps. */
void gen_evacuate_pin(struct gen *g, unsigned slot);

/*
 * Around a call of C code: stores dirty pins and live temps that the call would lose; afterwards
 * the pins are loaded again. No register but the callee-saved pins survives in between.
 */
void gen_before_call(struct gen *g);
void gen_after_call(struct gen *g);

/* A 128-bit constant in the pool behind the code. */
struct x64_mem gen_pool(struct gen *g, u64 lo, u64 hi);

/* The value's guest address constant into a register (RELOC_GUEST in images). Keeps EFLAGS. */
void gen_guest_address(struct gen *g, unsigned reg, u64 address);

/* dst = src with everything above the scalar type cleared (V128: a plain move); dst may be src. */
void gen_narrow_xmm(struct gen *g, unsigned type, unsigned dst, unsigned src);

/* --- copies.c: homes in temps -------------------------------------------------------------------
 */

/* Homes that are out of date get what these registers hold, which stay copies. Keeps EFLAGS. */
void gen_settle(struct gen *g, u32 regs);

/* The same for the homes of slots. */
void gen_settle_slots(struct gen *g, u64 slots);

static inline void gen_settle_all(struct gen *g)
{
    if (g->copies.owed) gen_settle(g, g->copies.owed);
}

/* The register is about to be written. */
static inline void gen_drop_copy(struct gen *g, unsigned reg)
{
    if (reg < COPY_XMM && g->copies.owed >> reg & 1) gen_settle(g, 1u << reg);
    g->copies.regs &= ~(UINT64_C(1) << reg);
}

/* The value of the slot, a general register without a pin, is in this temp, all 64 bits: its home
 * need not have it yet. */
void gen_owe(struct gen *g, unsigned reg, unsigned slot);

/* The register that holds what the slot's home is owed, or NO_REG. */
unsigned gen_owing(const struct gen *g, unsigned slot);

/* Those of the registers that a block behind a way to it can't take over. */
u32 gen_owed_at(const struct gen *g, u32 to);

/* Those that owe the homes of slots. */
u32 gen_owed_for(const struct gen *g, u64 slots);

/* What is owed in these registers; and the code that pays it. */
struct owed_homes gen_owed_homes(const struct gen *g, u32 regs);
void gen_pay(struct gen *g, const struct owed_homes *owed);

/* The register, if it is a temp, holds so many bytes of the slot's home, and zeros above: noted if
 * a block behind may look for it. */
void gen_note_copy(struct gen *g, unsigned reg, unsigned slot, unsigned bytes);

/* The home is written, or about to be: what it was is of no interest. */
void gen_forget_copies(struct gen *g, unsigned slot);

/* A register with at least so many bytes of the slot's home, or NO_REG. */
unsigned gen_find_copy(const struct gen *g, unsigned slot, unsigned bytes);

/* Slots whose copies the blocks behind that one may look for. */
u64 gen_wanted_behind(const struct gen *g, u32 block);

/* On the way to a block, behind the last code that could hand out a temp. */
void gen_pass_copies(struct gen *g, u32 to);

/* At a block's start. */
void gen_receive_copies(struct gen *g, u32 block);

/* --- side tables (side.c) --------------------------------------------------------------------- */

/* Call right before a host instruction that may fault for the current guest instruction. */
void gen_fault_point(struct gen *g);
/* The two expressions are one, marks apart. */
bool gen_same_expr(const struct nzcv_expr *x, const struct nzcv_expr *y);
/* The same expressions with the same marks. */
bool gen_same_ways(const struct nzcv_ways *x, const struct nzcv_ways *y);
/* A safepoint at guest address pc with the present state. */
void gen_safepoint(struct gen *g, u64 pc);
/* The same where all is as at region borders. */
void gen_safepoint_home(struct gen *g, u64 pc);

/* --- steps.c ---------------------------------------------------------------------------------- */

/* Code from here on is of the guest instruction at pc. Nothing happens if steps aren't wanted. */
void gen_step(struct gen *g, u64 pc);

/* --- count.c ---------------------------------------------------------------------------------- */

/* All three do nothing unless options->count. At a block's start: EFLAGS go. */
void gen_count_block(struct gen *g, const struct ir_block *b);
/* Code from here on may run without that before it. RAX goes, EFLAGS stay. */
void gen_count_stretch(struct gen *g);
/* What follows is no code, or counts by itself. */
void gen_count_end(struct gen *g);

/* --- flags.c ---------------------------------------------------------------------------------- */

/* Call before emitting anything that changes EFLAGS. */
void gen_clobber_flags(struct gen *g);
/* What EFLAGS hold is saved if it is needed; then nothing is said to be in them. With keep, they
 * stay as they are. */
void gen_forget_eflags(struct gen *g, bool keep);
/* A saved flags value, back from where a spill has put it. */
struct val *gen_unspilled(struct gen *g, ir_ref r);
/* True when a clobber would cost something: choose LEA and the like. */
bool gen_flags_busy(const struct gen *g);
/* EFLAGS now hold flags value r. */
void gen_flags_in(struct gen *g, ir_ref r, enum eflags_kind kind);
/* NZCV at home if it is live and pending; EFLAGS and their kind stay as they are. */
void gen_flush_nzcv(struct gen *g);
/* Stores NZCV from EFLAGS of that kind to home; uses RAX; keeps EFLAGS if told to. */
void gen_store_nzcv(struct gen *g, enum eflags_kind kind, bool keep);

/* GET and SET of the NZCV slot. */
void gen_get_nzcv(struct gen *g, ir_ref r);
void gen_set_nzcv(struct gen *g, const struct ir_inst *i);

/* Evaluates bool r into EFLAGS and says which condition means true. */
struct host_cond gen_cond(struct gen *g, ir_ref r);

/* A comparison of floats that an FLSELECT right behind it stands for, with its operands: FCCMP. */
bool gen_is_conditional(const struct gen *g, ir_ref compare);
struct host_cond gen_not(struct host_cond c);
/* Bool as 0 or 1 in a register's low 32 bits, upper bits zero. Keeps EFLAGS. dst not EFLAGS-bound.
 */
void gen_setcc(struct gen *g, struct host_cond c, unsigned dst);
void gen_jcc(struct gen *g, struct host_cond c, u32 label);

/* --- sum.c ------------------------------------------------------------------------------------ */

/* ADD, SUB, ADC, SBC together with a flags operation on the same operands behind it; false: there
 * is none, and nothing was done (ADD and SUB only). */
bool gen_with_flags(struct gen *g, ir_ref r, const struct ir_inst *i);

/* --- multiply.c: products by MULX ---------------------------------------------------------------
 */

/* The factors of a product that MULX takes: one in RDX, the other in a register or memory. */
struct gen_factors {
    unsigned reg; /* NO_REG: m */
    struct x64_mem m;
};

/* MUL, MULHU: false: another way is better, and nothing was done. */
bool gen_mulx(struct gen *g, ir_ref r, const struct ir_inst *i);

/* The value is a product that will be left to its users, and takes no register; before code of its
 * block, g->block, is emitted. */
bool gen_leaves_product(const struct gen *g, ir_ref r);

/* The value is a product that is left to its only users, which are an addition and its flags. */
static inline bool gen_is_product(const struct gen *g, ir_ref r)
{
    return g->val[r].place == VAL_LATER && (g->inst[r].op == IR_MUL || g->inst[r].op == IR_MULHU);
}

/* For such a value; before other operands: locks registers, among them RDX. Keeps EFLAGS. */
struct gen_factors gen_factors(struct gen *g, const struct ir_inst *product);

/* The product in RCX; uses RAX. Keeps EFLAGS. */
void gen_product(struct gen *g, ir_ref product, struct gen_factors f);

/* --- memory.c --------------------------------------------------------------------------------- */

/* Address operand of a LOAD or STORE form: a + (b << mod) + imm; locks registers. */
struct x64_mem gen_address(struct gen *g, const struct ir_inst *i);

/* --- control.c -------------------------------------------------------------------------------- */

/* A cold exit with the present state, but for NZCV if that is dead; for LEAVE_TRAP the caller sets
 * the code. */
struct cold_exit *gen_cold_exit(struct gen *g, enum leave_door d, u64 pc, bool nzcv_dead);

/* The cold code: exits with their stores, then the stubs of links. */
void gen_cold_exits(struct gen *g);
/* Emits what branches have left to their taken ways. */
void gen_cold_edges(struct gen *g);
void gen_cold_calls(struct gen *g);
void gen_jump_table(struct gen *g);

/* A region's border is as the block wants it. */
bool gen_is_entry(const struct gen *g, u32 block);
/* From a region's border to where the block wants everything. */
void gen_come_in(struct gen *g, u32 block);

/* At the region's entry or a loop's head at pc, where EFLAGS holds nothing: see gen_options.heat.
 */
void gen_count_down(struct gen *g, u64 pc, s32 heat);

/* Records a relocation of the 32-bit field that the last instruction left at disp_at. */
void gen_reloc(struct gen *g, enum reloc_kind kind, u64 value);

/* --- check.c ---------------------------------------------------------------------------------- */

/* Emits what compares the guest's bytes with options->source. */
void gen_check_source(struct gen *g);

/* --- helper.c --------------------------------------------------------------------------------- */

/* Any vector or floating-point operation through HELPER_IR_OP. */
void gen_by_helper(struct gen *g, ir_ref r, const struct ir_inst *i);

/* The operation's inline form does for gen_options.fp_flush too (float_flush.c). */
bool float_can_flush(const struct ir_inst *i);

/* The generator refuses: defect. */
void gen_fail(struct gen *g);

#endif
