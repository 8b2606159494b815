/*
 * The code generator: optimised IR in, x86-64 translation out.
 */
#ifndef AOT_GEN_GEN_H
#define AOT_GEN_GEN_H

#include "aot/abi/translation.h"
#include "aot/base/arena.h"
#include "aot/ir/ir.h"

/* Guest bytes that the code is made from. */
struct gen_source {
    u64 start; /* guest address, a multiple of 4 */
    const u32 *word;
    u32 count; /* words */
};

struct gen_options {
    u32 host_features;         /* enum x64_feature bits; 0: plain SSE2 */
    bool image;                /* guest addresses PC-relative, by RELOC_GUEST */
    bool fp_checked;           /* floating point by helper */
    bool steps;                /* translation.steps are wanted */
    bool count;                /* each block counts its guest instructions (state.executed) */
    u64 count_low, count_high; /* if high: only those at [low, high) */
    bool heat;        /* entries and turns of loops count RELOC_HEAT down, and what gets it below 0
                         leaves by LEAVE_WARM, its place for guest address */
    bool fp_near;     /* exact tests for the smallest normal number */
    bool fp_flush;    /* FPCR.FZ: denormal operands, underflow and inexact trap */
    bool upper_first; /* for tests: XMM16 to XMM31, if the host has them, before those below */
    /* At entry the code compares these with what is there, and leaves by TRAP_STALE when they
     * differ; none: it doesn't. */
    const struct gen_source *source;
    u32 source_count;
};

enum gen_status {
    GEN_OK,
    GEN_TOO_BIG, /* code, side table or label room ran out: translate fewer instructions */
    GEN_INVALID, /* IR that the generator doesn't take: a defect */
};

/*
 * Generates code for f, whose uses are counted; looks it over (ir_look_back) if the optimiser
 * hasn't. What `out` points to lives in the arena; out->ranges and insn_count are
 * left to the caller.
 */
enum gen_status gen_translate(struct arena *arena, struct ir_func *f,
                              const struct gen_options *options, struct translation *out);

/*
 * A link by an inline cache, for images. cell_at and *guest_at: offsets of 32-bit distances from
 * the end of each field to cell and guest address, the caller's to fill in. Its size, 0 when there
 * is no room (96 bytes are enough).
 */
u32 gen_link_stub(u8 *code, u32 size, u32 cell_at[2], u32 *guest_at);

/* A jump through a cell, for images; *cell_at as above. */
u32 gen_cell_jump(u8 *code, u32 size, u32 *cell_at);

/* Code that goes on at guest address pc by LEAVE_INDIRECT, state being as at region borders. Its
 * size, 0 when there is no room (64 bytes are enough). */
u32 gen_detour(u8 *code, u32 size, u64 pc);

/* The guest address that the code behind a guest call, where its host call returns to, takes to be
 * returned to. False: it isn't such code, of which 10 bytes may be read. */
bool gen_return_target(const u8 *code, u64 *pc);

#endif
