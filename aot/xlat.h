/*
 * The translator's one door: guest code in, translation out.
 *
 * No globals, locks, system calls or environment: options come in as a struct, code through a
 * callback, memory from an arena, errors go out as codes.
 */
#ifndef AOT_XLAT_H
#define AOT_XLAT_H

#include "aot/abi/code_view.h"
#include "aot/abi/exits.h"
#include "aot/abi/state.h"
#include "aot/abi/translation.h"
#include "aot/base/arena.h"
#include "aot/base/blake2b.h"

struct ir_func;
struct profile;

enum xlat_tier { XLAT_QUICK, XLAT_FULL };

/* Stages whose text can be asked for. */
enum xlat_stage { XLAT_STAGE_DECODE, XLAT_STAGE_IR, XLAT_STAGE_OPT, XLAT_STAGE_CODE, XLAT_STAGES };

struct xlat_options {
    enum xlat_tier tier;
    u64 host_features; /* bits of enum x64_feature; 0: plain SSE2 */
    bool image;        /* guest addresses PC-relative (RELOC_GUEST) */
    bool fp_checked;   /* every floating-point operation by helper: for FPCR modes and sites that
                          the host's units don't fit */
    bool fp_near;      /* results near the smallest normal number are common: tests for it that trap
                          for no other */
    bool fp_flush;     /* FPCR.FZ alone: MXCSR is as fp_state.h says */
    bool check;        /* the code compares guest bytes at entry: they may change unseen */
    bool heat;         /* entries of the region are counted: gen_options.heat */
    bool count;        /* code counts the guest instructions that it executes (state.executed) */
    u64 count_low, count_high; /* if high: only those at [low, high) */
    bool steps;                /* translation.steps are wanted, for line tables */
    bool untag;                /* addresses lose their top byte before each access */
    bool known;   /* functions of the C library that are known by their bytes call the host's */
    bool inlines; /* the full tier's regions have copies of functions that they call */
    const struct profile *profile; /* what runs have shown of the module's code, or NULL */
    bool verify;                   /* IR verifier after every pass */
    bool upper_first;              /* for tests: gen_options.upper_first */
    u32 max_insts;                 /* guest instructions in a region; 0: the tier's default */
    /* Text of a stage, when not NULL. */
    void (*dump)(void *context, enum xlat_stage stage, u64 pc, const char *text, size_t length);
    void *dump_context;
    u32 dump_stages; /* 1 << enum xlat_stage */
};

enum xlat_status {
    XLAT_OK,
    XLAT_NO_CODE, /* nothing readable at pc */
    XLAT_TOO_BIG, /* the region outgrew the generator's limits: ask for fewer instructions */
    XLAT_INVALID, /* the verifier or an internal limit refused it: a defect; text in the dump */
};

/*
 * Translates the region that starts at pc. What `out` points to lives in the arena.
 * A first instruction that is no valid encoding still gives a translation: one that traps.
 */
enum xlat_status xlat_translate(struct arena *arena, const struct xlat_options *options,
                                const struct code_view *view, u64 pc, struct translation *out);

/* Lifted and optimised IR of the region at pc, for the evaluator; SP need not be aligned, which it
 * must be where translations are entered. */
enum xlat_status xlat_lift(struct arena *arena, const struct xlat_options *options,
                           const struct code_view *view, u64 pc, struct ir_func **out);

struct xlat_exit {
    enum trap_reason reason; /* TRAP_NONE: go on at state->pc */
    u16 imm;
};

/* Evaluates lifted IR from its start (eval.h); *budget counts guest instructions down. */
struct xlat_exit xlat_evaluate(const struct ir_func *f, struct guest_state *state,
                               struct arena *scratch, u64 *budget);

/* HELPER_IR_OP (vector_op.h), for the runtime's helper table. */
void xlat_helper_ir_op(struct guest_state *state, u32 descriptor, s64 imm);

/* A link by an inline cache, for images: gen.h's gen_link_stub. */
#define XLAT_STUB_SIZE 96 /* enough room for it */
u32 xlat_link_stub(u8 *code, u32 size, u32 cell_at[2], u32 *guest_at);

/* A jump through a cell, for images: gen.h's gen_cell_jump. */
u32 xlat_cell_jump(u8 *code, u32 size, u32 *cell_at);

/* Code that goes on at a guest address: gen.h's gen_detour. */
u32 xlat_detour(u8 *code, u32 size, u64 pc);

/* Where code behind a host call in a translation is to be returned to from: gen.h's
 * gen_return_target. */
bool xlat_return_target(const u8 *code, u64 *pc);

/* Guest text of one instruction word at pc, for logs. */
size_t xlat_disassemble(u32 word, u64 pc, char *buf, size_t size);

/* Features of this host as enum x64_feature bits (CPUID). */
u64 xlat_host_features(void);

/* The name of feature bit number `bit` ("avx2"), or NULL when there is no such bit. */
const char *xlat_feature_name(unsigned bit);

/* The set that a list such as "avx2,fma" names; "all" is every bit, "none" none. False: there is
 * something else in it. */
bool xlat_features_of(const char *list, u64 *set);

/* Which translator this is: what another one has made isn't used. */
struct digest xlat_id(void);

/* HWCAP and HWCAP2 of what the lifter implements (AT_HWCAP, AT_HWCAP2 of Linux/arm64). */
u64 xlat_hwcap(void);
u64 xlat_hwcap2(void);

#endif
