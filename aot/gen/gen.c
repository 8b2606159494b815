/*
 * The generator's driver: plan, walk, cold code, constants, and the translation that comes of it.
 * For images all that is done twice: the second time knows which branches reach in two bytes.
 */
#include "aot/gen/nzcv.h"

#include <string.h>

#define MAX_LABELS_PER_INST 4

/* Room per IR instruction, beyond which a region is too big. */
#define CODE_PER_INST 80
#define SIDE_PER_INST 24

#define FIRST_RELOCS 16
#define FIRST_CELLS  8

/* What every translation needs, in one piece. */
struct room {
    struct reloc relocs[FIRST_RELOCS];
    struct cell cells[FIRST_CELLS];
    struct x64_label labels[]; /* then code, then side table */
};

/* Room for all entries; the function's start is the first. */
static void start_entries(struct gen *g)
{
    u32 count = 1;
    for (u32 n = 1; n < g->f->block_count; n++) count += g->f->block[n].entry;
    g->entries = arena_alloc(g->arena, count * sizeof(*g->entries));
    g->entries[0] = (struct entry){g->f->pc, 0};
    g->entry_count = 1;
}

static struct gen *new_gen(struct arena *arena, const struct ir_func *f,
                           const struct gen_options *options)
{
    size_t values = f->count * sizeof(struct val), blocks = 3 * f->block_count * sizeof(u64);
    struct gen *g = arena_alloc_cleared(arena, sizeof(*g), offsetof(struct gen, b));
    u32 labels = MAX_LABELS_PER_INST * f->count + f->block_count + 16;
    size_t code = (size_t)CODE_PER_INST * f->count + 4096;
    size_t side = (size_t)SIDE_PER_INST * f->count + 1024;
    g->f = f;
    g->inst = f->inst;
    g->arena = arena;
    g->options = options;
    g->has = options->host_features;
    g->avx = gen_has(g, X64_HAS_AVX) && gen_has(g, X64_HAS_AVX2);
    g->upper = g->avx && gen_has(g, X64_HAS_AVX512);
    g->block_dirty = arena_zalloc(arena, blocks + values);
    g->block_loaded = g->block_dirty + f->block_count;
    g->block_wanted = g->block_loaded + f->block_count;
    g->val = (struct val *)(g->block_wanted + f->block_count);
    g->cold_tail = &g->cold;
    g->side_placed = gen_carried();
    memset(g->xmm.slot, NO_SLOT, sizeof(g->xmm.slot));
    g->reloc_max = FIRST_RELOCS;
    g->cell_max = FIRST_CELLS;
    struct room *room =
        arena_alloc(arena, sizeof(*room) + labels * sizeof(*room->labels) + code + side);
    g->relocs = room->relocs;
    g->cells = room->cells;
    u8 *bytes = (u8 *)(room->labels + labels);
    x64_init(&g->b, bytes, code, room->labels, labels);
    side_start(&g->side, bytes + code, side, f->pc);
    return g;
}

static gen_fn *const emitters[IR_OP_COUNT] = {
#define X(operation, function) [IR_##operation] = function,
    GEN_EMITTERS(X)
#undef X
};

static gen_fn *emitter(unsigned op)
{
    gen_fn *fn = emitters[op];
    return fn ? fn : gen_by_helper;
}

static bool is_by_helper(const struct gen *g, const struct ir_inst *i)
{
    if (g->options->fp_flush && !float_can_flush(i)) return true;
    return g->options->fp_checked && ir_has(i->op, IR_FL_FP);
}

/* For IR in which some values have no use, which is what the optimiser's look back drops, for
 * checked or flushing floating point, and for steps. */
static void emit_with_care(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    gen_step(g, gen_step_pc(g));
    if (!i->uses && ir_op_kind[i->op] <= IR_KIND_GET && g->val[r].place == VAL_NONE)
        gen_consume(g, i);
    else if (is_by_helper(g, i))
        gen_by_helper(g, r, i);
    else
        emitter(i->op)(g, r, i);
}

/* Values live in their block only. */
static void forget_values(struct gen *g)
{
    memset(g->gpr.head, 0, sizeof(g->gpr.head)); /* IR_NONE */
    memset(g->xmm.head, 0, sizeof(g->xmm.head));
    g->gpr.free = 0xffff;
    g->xmm.free = ~0u;
    g->scratch_used = 0;
    g->vscratch_used = 0;
    g->at_home = 0;
    g->eflags = EF_NONE;
    g->eflags_of = g->nzcv = g->nzcv_at_home = IR_NONE;
    g->ahead = 0;
    g->sha256.first = IR_NONE;
    g->candidate = g->pending = (struct nzcv_pending){0};
}

static inline __attribute__((always_inline)) void emit_block(struct gen *g, u32 n, bool careful)
{
    const struct ir_block *b = &g->f->block[n];
    forget_values(g);
    if (g->block_nzcv) gen_receive_nzcv(g, n);
    g->zeros = g->block_zeros ? g->block_zeros[n] : (struct zeros_above){0};
    g->block = n;
    gen_enter_zone(g, gen_zone_of(g, n));
    gen_receive_copies(g, n);
    g->dirty = g->block_dirty[n];
    g->loaded = g->block_loaded[n];
    x64_bind(&g->b, g->block_label + n);
    /* Not at the branch that leads back: that would look at NZCV again, which may be dead here. */
    bool entered_here = n && b->entry && gen_is_entry(g, n); /* else by an entry stub */
    if (b->loop_head || b->target || entered_here) gen_safepoint(g, b->pc);
    if (b->loop_head && g->options->heat) gen_count_down(g, b->pc, HEAT_OF_TURN);
    gen_count_block(g, b);
    const struct ir_inst *i;
    for (ir_ref r = b->work, end = b->end; r < end; r += ir_distance(i)) {
        i = gen_inst(g, r);
        g->at = r;
        if (careful)
            emit_with_care(g, r, i);
        else
            emitter(i->op)(g, r, i);
        gen_unlock(g);
    }
}

static void emit_blocks(struct gen *g)
{
    u32 count = g->f->block_count;
    const struct gen_options *o = g->options;
    if (o->fp_checked || o->fp_flush || o->steps || !g->f->merged)
        for (u32 n = 0; n < count; n++) emit_block(g, n, true);
    else
        for (u32 n = 0; n < count; n++) emit_block(g, n, false);
}

static void prologue(struct gen *g)
{
    gen_step(g, g->f->pc);
    gen_safepoint_home(g, g->f->pc);
    gen_count_stretch(g);
    gen_check_source(g);
    if (g->options->heat) gen_count_down(g, g->f->pc, HEAT_OF_ENTRY);
    gen_come_in(g, 0);
}

/* Entries that want something loaded have it done here, behind the code. */
static void entry_stubs(struct gen *g)
{
    for (u32 n = 1; n < g->f->block_count; n++) {
        const struct ir_block *b = &g->f->block[n];
        if (!b->entry) continue;
        struct entry *e = &g->entries[g->entry_count++];
        *e = (struct entry){b->pc, (u32)x64_label_pos(&g->b, g->block_label + n)};
        if (gen_is_entry(g, n)) continue;
        e->offset = x64_pos(&g->b);
        gen_step(g, b->pc);
        gen_safepoint_home(g, b->pc);
        gen_count_stretch(g);
        gen_come_in(g, n);
        x64_jmp(&g->b, g->block_label + n);
    }
}

static void emit_pool(struct gen *g)
{
    if (!g->pool_count) return;
    while (x64_pos(&g->b) & 15 && !g->b.overflow) x64_data(&g->b, "\xcc", 1);
    for (u32 n = 0; n < g->pool_count; n++) {
        x64_bind(&g->b, g->pool[n].label);
        x64_data(&g->b, &g->pool[n].lo, 8);
        x64_data(&g->b, &g->pool[n].hi, 8);
    }
}

static bool has_fp(const struct ir_func *f)
{
    for (ir_ref r = 1; r < f->count; r++)
        if (ir_has(f->inst[r].op, IR_FL_FP)) return true;
    return false;
}

static void deliver(struct gen *g, struct translation *out)
{
    *out = (struct translation){0};
    out->code = g->b.start;
    out->code_size = x64_pos(&g->b);
    out->code_align = g->pool_count ? 16 : 1;
    out->has_fp = g->options->image && has_fp(g->f);
    out->relocs = g->relocs;
    out->reloc_count = g->reloc_count;
    out->cells = g->cells;
    out->cell_count = g->cell_count;
    out->guards = g->guards;
    out->guard_count = g->guard_count;
    out->entries = g->entries;
    out->entry_count = g->entry_count;
    out->steps = g->steps;
    out->step_count = g->step_count;
    out->side_size = (u32)(g->side.at - g->side_room);
    out->side = g->side_room;
}

/* Emits everything, with the notes of branches if there are any. */
static enum gen_status emit(struct gen *g, struct x64_jumps *jumps)
{
    g->b.jumps = jumps;
    g->side_room = g->side.at;
    gen_plan(g);
    g->copies.regs = g->copies.owed = 0;
    g->block_label = x64_labels_new(&g->b, g->f->block_count);
    start_entries(g);
    prologue(g);
    emit_blocks(g);
    g->copies.regs = g->copies.owed = 0;
    gen_cold_edges(g);
    gen_cold_calls(g);
    entry_stubs(g);
    gen_cold_exits(g);
    gen_count_end(g);
    gen_jump_table(g);
    emit_pool(g);
    if (g->failed) return GEN_INVALID;
    return g->b.overflow || g->side.overflow ? GEN_TOO_BIG : GEN_OK;
}

/* Once more, with short branches wherever they reach; the first code if that fails. */
static void emit_shorter(struct gen **g, const struct gen_options *options, struct x64_jumps *jumps)
{
    struct arena *arena = (*g)->arena;
    x64_jumps_again(&(*g)->b, jumps, arena_alloc(arena, jumps->count));
    struct gen *shorter = new_gen(arena, (*g)->f, options);
    shorter->needs_temps = (*g)->needs_temps;
    shorter->loops = (*g)->loops;
    if (emit(shorter, jumps) == GEN_OK && x64_jumps_end(&shorter->b)) *g = shorter;
}

enum gen_status gen_translate(struct arena *arena, struct ir_func *f,
                              const struct gen_options *options, struct translation *out)
{
    struct gen *g = new_gen(arena, f, options);
    struct x64_jumps jumps = {.max = options->image ? f->count + 64 : 0};
    if (!f->looked) ir_look_back(f, false);
    if (options->image) jumps.jump = arena_alloc(arena, jumps.max * sizeof *jumps.jump);
    enum gen_status status = emit(g, options->image ? &jumps : NULL);
    if (g->failed) {
        g = new_gen(arena, f, options);
        g->needs_temps = true;
        jumps.count = 0;
        status = emit(g, options->image ? &jumps : NULL);
    }
    if (status != GEN_OK) return status;
    if (options->image) emit_shorter(&g, options, &jumps);
    deliver(g, out);
    return GEN_OK;
}
