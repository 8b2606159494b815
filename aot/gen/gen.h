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
    u32 host_features; /* enum x64_feature bits; 0: plain SSE2 */
    bool image;        /* guest addresses PC-relative, by RELOC_GUEST */
    bool fp_checked;   /* floating point by helper */
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

#endif
