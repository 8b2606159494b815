/*
 * Building functions: append-only, one array, grown by doubling inside the arena.
 */
#include "aot/ir/ir.h"

#include <string.h>

#define FIRST_BLOCKS 16

struct ir_func *ir_new(struct arena *a, u32 insts)
{
    size_t blocks = FIRST_BLOCKS * sizeof(struct ir_block);
    struct ir_func *f = arena_alloc_cleared(a, sizeof(*f) + blocks, sizeof(*f));
    f->arena = a;
    f->capacity = insts < 64 ? 64 : insts;
    f->inst = arena_alloc(a, f->capacity * sizeof(*f->inst));
    f->inst[0] = (struct ir_inst){.op = IR_NOP};
    f->count = 1;
    f->emit = ir_emit;
    f->block_capacity = FIRST_BLOCKS;
    f->block = (struct ir_block *)(f + 1);
    return f;
}

u32 ir_begin_block(struct ir_func *f, u64 pc)
{
    if (f->block_count == f->block_capacity) {
        struct ir_block *more = arena_alloc(f->arena, 2 * f->block_capacity * sizeof(*more));
        memcpy(more, f->block, f->block_count * sizeof(*more));
        f->block = more;
        f->block_capacity *= 2;
    }
    if (f->facts) f->facts->has[0] = f->facts->has[1] = 0;
    f->block[f->block_count] = (struct ir_block){.first = f->count, .end = f->count, .pc = pc};
    return f->block_count++;
}

void ir_end_block(struct ir_func *f)
{
    f->block[f->block_count - 1].end = f->count;
}

void ir_grow(struct ir_func *f)
{
    struct ir_inst *more = arena_alloc(f->arena, 2 * f->capacity * sizeof(*more));
    memcpy(more, f->inst, f->count * sizeof(*more));
    f->inst = more;
    f->capacity *= 2;
}

/* In all that appends, growing is a call of its own behind which it starts again: so the way that
 * is always taken keeps nothing across a call. */

static __attribute__((noinline)) ir_ref grow_and_emit(struct ir_func *f, u32 head, s64 imm,
                                                      ir_ref a, ir_ref b, ir_ref c)
{
    ir_grow(f);
    return ir_emit(f, head, imm, a, b, c);
}

static inline ir_ref emit(struct ir_func *f, u32 head, s64 imm, ir_ref a, ir_ref b, ir_ref c)
{
    if (ir_is_full(f)) return grow_and_emit(f, head, imm, a, b, c);
    ir_write(f, f->count, head, imm, a, b, c);
    return f->count++;
}

ir_ref ir_emit(struct ir_func *f, u32 head, s64 imm, ir_ref a, ir_ref b, ir_ref c)
{
    return emit(f, head, imm, a, b, c);
}

/* A GET of a slot of which nothing is known, or that has another type. */
static __attribute__((noinline)) ir_ref append_get(struct ir_func *f, unsigned type, unsigned slot)
{
    struct ir_facts *k = f->facts;
    u32 head = ir_head(IR_GET, type, 0, 0);
    if (k && ir_knows(k, slot)) return f->emit(f, head, slot, IR_NONE, IR_NONE, IR_NONE);
    if (k) ir_learn(k, slot, (struct ir_fact){f->count, (u8)type, false});
    return emit(f, head, slot, IR_NONE, IR_NONE, IR_NONE);
}

ir_ref ir_get(struct ir_func *f, unsigned type, unsigned slot)
{
    const struct ir_facts *k = f->facts;
    bool known = k && ir_knows(k, slot) && k->of[slot].type == type;
    return known ? k->of[slot].value : append_get(f, type, slot);
}

void ir_set(struct ir_func *f, unsigned type, unsigned slot, ir_ref v)
{
    if (f->facts) {
        f->inst[v].uses++;
        ir_learn(f->facts, slot, (struct ir_fact){v, (u8)type, true});
    }
    emit(f, ir_head(IR_SET, type, 0, 0), slot, v, IR_NONE, IR_NONE);
}

void ir_count_uses(struct ir_func *f)
{
    for (u32 r = 0; r < f->count; r++) f->inst[r].uses = 0;
    for (u32 r = 1; r < f->count; r++) {
        unsigned n = ir_op_info(f->inst[r].op)->args;
        for (unsigned k = 0; k < n; k++) f->inst[f->inst[r].arg[k]].uses++;
    }
}

const u32 *ir_successors(const struct ir_func *f, const struct ir_block *b, u32 own[2],
                         unsigned *count)
{
    const struct ir_inst *end = &f->inst[b->end - 1];
    *count = 0;
    if (b->end == b->first) return own;
    if (end->op == IR_JUMPIND) {
        *count = f->target_count;
        return f->target;
    }
    if (end->op == IR_JUMP || end->op == IR_BR) {
        own[0] = (u32)end->imm;
        own[1] = end->arg[1];
        *count = end->op == IR_BR ? 2 : 1;
    }
    return own;
}

static void list_targets(struct ir_func *f)
{
    f->target_count = 0;
    for (u32 b = 0; b < f->block_count; b++) f->target_count += f->block[b].target;
    if (!f->target_count) return;
    u32 *to = f->target = arena_alloc(f->arena, f->target_count * sizeof *f->target);
    for (u32 b = 0; b < f->block_count; b++)
        if (f->block[b].target) *to++ = b;
}

/* JUMPINDs lead back too, but what is in a loop by them is not this loop or that. */
void ir_link_blocks(struct ir_func *f)
{
    list_targets(f);
    for (u32 b = 0; b < f->block_count; b++) {
        f->block[b].preds = 0;
        f->block[b].loop_head = false;
    }
    for (u32 b = 0; b < f->block_count; b++) {
        u32 own[2];
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        bool many = ir_jumps_by_table(f, &f->block[b]);
        for (unsigned k = 0; k < n; k++) {
            f->block[to[k]].preds++;
            if (to[k] <= b && !many) f->block[to[k]].loop_head = true;
        }
    }
}
