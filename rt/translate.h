/*
 * The runtime's one use of the translator: its options, the guest map as code view, the stages'
 * text as log lines, and the helpers' table. No other file of rt includes aot/xlat.h.
 */
#ifndef RT_TRANSLATE_H
#define RT_TRANSLATE_H

#include "aot/abi/exits.h"
#include "aot/abi/state.h"
#include "aot/abi/translation.h"
#include "aot/base/arena.h"
#include "aot/base/blake2b.h"

struct ir_func;

enum translate_status {
    TRANSLATE_OK,
    TRANSLATE_NO_CODE, /* pc can't be read or isn't executable: ENGINE_TRAP with TRAP_FETCH */
    TRANSLATE_TOO_BIG, /* ask again with fewer instructions */
    TRANSLATE_DEFECT,  /* said in the log with its address; the evaluator may still do it */
};

/* Once, at start, after the options were read. */
void translate_init(void);

/* True for a --cpu-features list whose every word is known. */
bool translate_knows_features(const char *list);

/* What a region needs beyond the usual: see fp_checked, fp_near, fp_flush and untag of
 * xlat_options. The evaluator always drops tags. */
enum translate_how {
    TRANSLATE_FP_CHECKED = 1,
    TRANSLATE_UNTAG = 2,
    TRANSLATE_FP_NEAR = 4,
    TRANSLATE_FP_FLUSH = 8,
};

/* The function-shaped region around pc, which quick ones have found warm; is_entry: likewise. */
enum translate_status translate_warm(struct arena *arena, u64 pc,
                                     bool (*is_entry)(void *context, u64 pc),
                                     struct translation *out);

/*
 * Translates the region at pc. how: bits of enum translate_how. max_insts: 0 is the tier's default.
 * is_entry: see code_view. What out points to lives in the arena. Counts into --stats.
 */
enum translate_status translate_region(struct arena *arena, u64 pc, unsigned how, u32 max_insts,
                                       bool (*is_entry)(void *context, u64 pc),
                                       struct translation *out);

/* The region's IR, and its evaluation: see xlat_evaluate. */
enum translate_status translate_lift(struct arena *arena, u64 pc, u32 max_insts,
                                     struct ir_func **out);

/* The same, and which guest bytes were looked at. */
enum translate_status translate_lift_range(struct arena *arena, u64 pc, u32 max_insts,
                                           struct ir_func **out, struct guest_range *range);

struct translate_exit {
    u8 reason; /* enum trap_reason; NONE: go on at state->pc */
    u16 imm;
};
struct translate_exit translate_evaluate(const struct ir_func *f, struct guest_state *state,
                                         struct arena *scratch, u64 *budget);

/* Text of the guest instruction word at pc. */
size_t translate_disassemble(u32 word, u64 pc, char *buf, size_t size);

/* Fills state->helper, the counter's scale and the fixed parts of a fresh guest state (FPCR 0). */
void translate_state_init(struct guest_state *state);

/* Bits of enum x64_feature in use. */
u64 translate_host_features(void);

/* What images may have in their features (aot/abi/image.h). */
u64 translate_image_features(void);

/* Which translator this is (xlat_id). */
struct digest translate_id(void);

/* Code that jumps to the guest's pc by LEAVE_INDIRECT; its size. */
#define TRANSLATE_DETOUR_SIZE 64
u32 translate_detour(u8 *code, u64 pc);

/* The guest address that the code behind a host call is about to be returned to from; false: it
 * isn't behind a call. */
bool translate_return_target(const u8 *code, u64 *pc);

/* AT_HWCAP and AT_HWCAP2. */
u64 translate_hwcap(void);
u64 translate_hwcap2(void);

#endif
