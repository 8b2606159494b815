/*
 * The translator as a column of calls: discover, lift, optimise, generate, with the text of each
 * stage for whoever asks. See xlat.h.
 */
#include "aot/xlat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aot/a64/a64.h"
#include "aot/disc/disc.h"
#include "aot/disc/known.h"
#include "aot/gen/gen.h"
#include "aot/ir/eval.h"
#include "aot/ir/ir.h"
#include "aot/lift/lift.h"
#include "aot/opt/opt.h"
#include "aot/x64/disasm.h"
#include "aot/x64/features.h"

#define MAX_LOOKED 64 /* exits of a region whose targets are looked at */

/* --- text of the stages -------------------------------------------------------------------------
 */

static bool wants(const struct xlat_options *o, enum xlat_stage stage)
{
    return o->dump && (o->dump_stages >> stage & 1);
}

static void dump_decode(const struct xlat_options *o, const struct a64_region *region)
{
    char *text = NULL, line[128];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out) return;
    for (u32 b = 0; b < region->block_count; b++) {
        const struct a64_block *block = &region->block[b];
        for (u32 i = 0; i < block->count; i++) {
            u64 pc = block->pc + 4 * (u64)i;
            a64_disasm(block->word[i], pc, line, sizeof line);
            fprintf(out, "%c %12llx  %08x  %s\n",
                    i              ? ' '
                    : block->entry ? '>'
                                   : '-',
                    (unsigned long long)pc, block->word[i], line);
        }
    }
    if (fclose(out) == 0) o->dump(o->dump_context, XLAT_STAGE_DECODE, region->pc, text, length);
    free(text);
}

static void dump_ir(const struct xlat_options *o, enum xlat_stage stage, const struct ir_func *f)
{
    char *text = NULL;
    size_t length = 0;
    ir_print(f, &text, &length);
    if (text) o->dump(o->dump_context, stage, f->pc, text, length);
    free(text);
}

static void dump_code(const struct xlat_options *o, u64 pc, const struct translation *t)
{
    char *text = NULL, line[128];
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    if (!out) return;
    for (u32 at = 0; at < t->code_size;) {
        for (u32 e = 0; e < t->entry_count; e++)
            if (t->entries[e].offset == at)
                fprintf(out, "%llx:\n", (unsigned long long)t->entries[e].pc);
        u32 n = x64_disasm(t->code + at, t->code_size - at, at, line, sizeof line);
        fprintf(out, "  %5x  %s\n", at, line);
        at += n ? n : 1;
    }
    if (fclose(out) == 0) o->dump(o->dump_context, XLAT_STAGE_CODE, pc, text, length);
    free(text);
}

/* --- stages -------------------------------------------------------------------------------------
 */

static bool show_and_verify(const struct xlat_options *o, enum xlat_stage stage,
                            const struct ir_func *f)
{
    char message[160], text[240];
    if (wants(o, stage)) dump_ir(o, stage, f);
    if (!o->verify || ir_verify(f, message, sizeof message)) return true;
    int n = snprintf(text, sizeof text, "verifier: %s\n", message);
    if (o->dump) o->dump(o->dump_context, stage, f->pc, text, (size_t)n);
    return false;
}

/* Shows the function after a stage and, if asked to, checks it. */
static inline bool stage_done(const struct xlat_options *o, enum xlat_stage stage,
                              const struct ir_func *f)
{
    return (!o->dump && !o->verify) || show_and_verify(o, stage, f);
}

/* A branch to an address that is no multiple of 4. */
static struct ir_func *misaligned(struct arena *arena, u64 pc)
{
    struct ir_func *f = ir_new(arena, 8);
    f->pc = pc;
    u32 block = ir_begin_block(f, pc); /* which may move the blocks */
    f->block[block].entry = true;
    ir_insn(f, pc);
    ir_opx(f, IR_TRAP, IR_VOID, 0, TRAP_PC_ALIGN, (s64)pc, IR_NONE, 0, IR_NONE);
    ir_end_block(f);
    ir_link_blocks(f);
    return f;
}

/* The IR of a known function at pc, or NULL. */
static struct ir_func *known(struct arena *arena, const struct code_view *view, u64 pc,
                             struct a64_region *region)
{
    u32 *word = arena_alloc(arena, DISC_KNOWN_MAX * sizeof *word), count;
    enum helper id;
    if (!disc_known(view, pc, word, &count, &id)) return NULL;
    region->block = arena_zalloc(arena, sizeof *region->block);
    region->block[0] = (struct a64_block){.pc = pc, .word = word, .count = count, .entry = true};
    region->block_count = 1;
    region->insn_count = 1; /* of the whole: the others are translated too */
    return lift_known(arena, pc, id);
}

static enum xlat_status to_ir(struct arena *arena, const struct xlat_options *o,
                              const struct code_view *view, u64 pc, struct lift_how how,
                              struct a64_region *region, struct ir_func **out)
{
    /* Who wants to see or check the lifter's own work gets it before anything is done to it. */
    if (!o->verify && !o->untag && !wants(o, XLAT_STAGE_IR)) how.prepare = opt_at_birth;
    struct ir_func *f = NULL;
    *region = (struct a64_region){.pc = pc};
    if (pc % 4)
        f = misaligned(arena, pc);
    else if (o->known)
        f = known(arena, view, pc, region);
    if (!f) {
        bool found = o->tier == XLAT_FULL ? disc_function(arena, view, pc, region)
                                          : disc_quick(arena, view, pc, o->max_insts, region);
        if (!found) return XLAT_NO_CODE;
        if (o->inlines) disc_inline(arena, view, o->profile, region);
        if (o->profile) disc_weigh(o->profile, region);
        if (wants(o, XLAT_STAGE_DECODE)) dump_decode(o, region);
        f = lift_region(arena, region, &how);
    }
    if (!stage_done(o, XLAT_STAGE_IR, f)) return XLAT_INVALID;
    if (o->untag) f = opt_untag(f);
    opt_quick(f);
    if (o->tier == XLAT_FULL && !o->untag && o->host_features & X64_HAS_AVX2) {
        struct ir_func *wide = opt_widen(f);
        if (wide != f) opt_quick(f = wide);
    }
    if (!stage_done(o, XLAT_STAGE_OPT, f)) return XLAT_INVALID;
    *out = f;
    return XLAT_OK;
}

enum xlat_status xlat_lift(struct arena *arena, const struct xlat_options *options,
                           const struct code_view *view, u64 pc, struct ir_func **out)
{
    struct a64_region region;
    return to_ir(arena, options, view, pc, (struct lift_how){.sp_any = true}, &region, out);
}

/* Adds a range, keeping them ascending and apart; there are few, and most come in order. */
static void add_range(struct translation *t, struct guest_range range)
{
    u32 at = t->range_count;
    if (!at || t->ranges[at - 1].end < range.start) {
        t->ranges[t->range_count++] = range;
        return;
    }
    while (at && t->ranges[at - 1].start > range.end) at--;
    while (at && t->ranges[at - 1].end >= range.start) { /* touches the one before: one range */
        struct guest_range *before = &t->ranges[--at];
        if (before->start < range.start) range.start = before->start;
        if (before->end > range.end) range.end = before->end;
        memmove(before, before + 1, (--t->range_count - at) * sizeof range);
    }
    memmove(t->ranges + at + 1, t->ranges + at, (t->range_count++ - at) * sizeof range);
    t->ranges[at] = range;
}

/* The guest bytes that the translation was made from: the region's, and those looked at. */
static void set_ranges(struct arena *arena, const struct a64_region *region,
                       const struct lift_look *look, struct translation *out)
{
    out->insn_count = region->insn_count;
    out->copied = region->copied;
    out->inlined = region->inlined_count;
    out->ranges = arena_alloc(arena, (region->block_count + look->count + 1) * sizeof *out->ranges);
    out->range_count = 0;
    for (u32 b = 0; b < region->block_count; b++) {
        u64 start = region->block[b].pc;
        add_range(out, (struct guest_range){start, start + 4 * (u64)region->block[b].count});
    }
    if (!region->block_count) { /* a misaligned address: no words, but a place */
        u64 start = region->pc & ~UINT64_C(3);
        add_range(out, (struct guest_range){start, start + 4});
    }
    for (u32 i = 0; i < look->count; i++) add_range(out, look->range[i]);
}

/* What the code compares at entry. */
static void set_source(struct arena *arena, const struct a64_region *region,
                       struct gen_options *gen)
{
    struct gen_source *source = arena_alloc(arena, region->block_count * sizeof *source);
    for (u32 b = 0; b < region->block_count; b++) {
        const struct a64_block *block = &region->block[b];
        source[b] = (struct gen_source){block->pc, block->word, block->count};
    }
    gen->source = source;
    gen->source_count = region->block_count;
}

enum xlat_status xlat_translate(struct arena *arena, const struct xlat_options *options,
                                const struct code_view *view, u64 pc, struct translation *out)
{
    struct gen_options gen = {.host_features = (u32)options->host_features,
                              .image = options->image,
                              .fp_checked = options->fp_checked,
                              .fp_near = options->fp_near,
                              .fp_flush = options->fp_flush,
                              .heat = options->heat,
                              .steps = options->steps,
                              .count = options->count,
                              .upper_first = options->upper_first,
                              .count_low = options->count_low,
                              .count_high = options->count_high};
    struct guest_range looked[MAX_LOOKED];
    /* What may change unseen is not relied on behind exits either. */
    struct lift_look look = {
        .view = view, .range = looked, .capacity = options->check ? 0 : MAX_LOOKED};
    struct a64_region region;
    struct ir_func *f;
    enum xlat_status status =
        to_ir(arena, options, view, pc, (struct lift_how){.look = &look}, &region, &f);
    if (status != XLAT_OK) return status;
    if (options->check) set_source(arena, &region, &gen);
    switch (gen_translate(arena, f, &gen, out)) {
    case GEN_OK: break;
    case GEN_TOO_BIG: return XLAT_TOO_BIG;
    case GEN_INVALID: return XLAT_INVALID;
    }
    set_ranges(arena, &region, &look, out);
    if (wants(options, XLAT_STAGE_CODE)) dump_code(options, pc, out);
    return XLAT_OK;
}

/* --- evaluation ---------------------------------------------------------------------------------
 */

struct xlat_exit xlat_evaluate(const struct ir_func *f, struct guest_state *state,
                               struct arena *scratch, u64 *budget)
{
    ir_value *values = arena_alloc(scratch, f->count * sizeof *values);
    struct ir_eval_exit e = ir_eval(f, 0, state, values, budget);
    return (struct xlat_exit){.reason = e.reason, .imm = e.imm};
}

u32 xlat_link_stub(u8 *code, u32 size, u32 cell_at[2], u32 *guest_at)
{
    return gen_link_stub(code, size, cell_at, guest_at);
}

u32 xlat_cell_jump(u8 *code, u32 size, u32 *cell_at)
{
    return gen_cell_jump(code, size, cell_at);
}

u32 xlat_detour(u8 *code, u32 size, u64 pc)
{
    return gen_detour(code, size, pc);
}

bool xlat_return_target(const u8 *code, u64 *pc)
{
    return gen_return_target(code, pc);
}

/* --- facts --------------------------------------------------------------------------------------
 */

size_t xlat_disassemble(u32 word, u64 pc, char *buf, size_t size)
{
    return a64_disasm(word, pc, buf, size);
}

u64 xlat_host_features(void)
{
    return x64_host_features();
}

const char *xlat_feature_name(unsigned bit)
{
    return bit < X64_N_FEATURES ? x64_feature_name(bit) : NULL;
}

bool xlat_features_of(const char *list, u64 *set)
{
    *set = strcmp(list, "all") == 0 ? UINT64_MAX : 0;
    if (*set || strcmp(list, "none") == 0) return true;
    do {
        size_t n = strcspn(list, ",");
        unsigned bit;
        for (bit = 0; bit < X64_N_FEATURES; bit++) {
            const char *name = x64_feature_name(bit);
            if (strlen(name) == n && memcmp(name, list, n) == 0) break;
        }
        if (bit == X64_N_FEATURES) return false;
        *set |= UINT64_C(1) << bit;
        list += n;
    } while (*list++ == ',');
    return true;
}

struct hwcap {
    u8 feature; /* enum a64_feature */
    u8 bit;
};

/* Bits of Linux's arch/arm64/include/uapi/asm/hwcap.h. */
static const struct hwcap hwcaps[] = {
    {A64_FEATURE_base, 0}, /* FP */
    {A64_FEATURE_base, 1}, /* ASIMD */
    {A64_FEATURE_aes, 3},      {A64_FEATURE_pmull, 4},   {A64_FEATURE_sha1, 5},
    {A64_FEATURE_sha256, 6},   {A64_FEATURE_crc32, 7},   {A64_FEATURE_lse, 8},
    {A64_FEATURE_fp16, 9},     {A64_FEATURE_fp16, 10}, /* FPHP, ASIMDHP */
    {A64_FEATURE_base, 11}, /* CPUID: the identification registers can be read */
    {A64_FEATURE_rdm, 12},     {A64_FEATURE_jscvt, 13},  {A64_FEATURE_fcma, 14},
    {A64_FEATURE_rcpc, 15},    {A64_FEATURE_base, 16}, /* DCPOP */
    {A64_FEATURE_sha3, 17},    {A64_FEATURE_sm3, 18},    {A64_FEATURE_sm4, 19},
    {A64_FEATURE_dotprod, 20}, {A64_FEATURE_sha512, 21}, {A64_FEATURE_fhm, 23},
    {A64_FEATURE_dit, 24},     {A64_FEATURE_rcpc2, 26},  {A64_FEATURE_flagm, 27},
    {A64_FEATURE_ssbs, 28},    {A64_FEATURE_sb, 29},
};

static const struct hwcap hwcaps2[] = {
    {A64_FEATURE_flagm2, 7}, {A64_FEATURE_frintts, 8}, {A64_FEATURE_i8mm, 13},
    {A64_FEATURE_bf16, 14},  {A64_FEATURE_base, 16}, /* RNG */
};

static u64 hwcap_bits(const struct hwcap *caps, size_t count)
{
    u64 mask = 0;
    for (size_t i = 0; i < count; i++)
        if (lift_has_feature((enum a64_feature)caps[i].feature)) mask |= UINT64_C(1) << caps[i].bit;
    return mask;
}

u64 xlat_hwcap(void)
{
    return hwcap_bits(hwcaps, ARRAY_SIZE(hwcaps));
}

u64 xlat_hwcap2(void)
{
    return hwcap_bits(hwcaps2, ARRAY_SIZE(hwcaps2));
}
