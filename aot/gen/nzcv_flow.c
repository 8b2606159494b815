/*
 * NZCV from block to block (nzcv.c has the idea).
 *
 * A block with one predecessor, before it, gets what that has in the end, whatever that is. A block
 * where ways meet must know before: the blocks before it are emitted first, but of a loop's head
 * one is behind. So the plan looks at the IR for what the last of its predecessors will have, and
 * marks that. Nothing depends on the guess being right: where the present expression isn't the one
 * expected, NZCV goes home.
 */
#include "aot/gen/internal.h"

static const struct ir_inst *in(const struct ir_func *f, ir_ref r)
{
    return &f->inst[r];
}

/* --- what a block has in the end ----------------------------------------------------------------
 */

/* Another name of the value: what its low bits are of. */
static ir_ref whole(const struct ir_func *f, ir_ref r)
{
    return in(f, r)->op == IR_TRUNC || in(f, r)->op == IR_VTOF ? in(f, r)->arg[0] : r;
}

/* The guest register that holds v at the block's end, or a constant. */
static bool at_end(const struct ir_func *f, const struct ir_block *b, ir_ref v,
                   struct nzcv_operand *o)
{
    const struct ir_inst *i = in(f, v);
    ir_ref other = whole(f, v);
    u64 gone = 0;
    *o = (struct nzcv_operand){.kind = NZCV_CONST};
    if (i->op == IR_CONST) {
        o->value = i->type == IR_I32 ? (s32)i->imm : i->imm;
        return true;
    }
    o->kind = NZCV_SLOT;
    for (ir_ref r = b->end; r-- > b->first;) {
        i = in(f, r);
        bool set = i->op == IR_SET;
        if ((!set && i->op != IR_GET) || i->imm >= SLOT_REGISTERS) continue;
        ir_ref here = set ? i->arg[0] : r;
        if ((here == v || here == other) && !(gone >> i->imm & 1)) {
            o->n = (u8)i->imm;
            return true;
        }
        if (set) gone |= UINT64_C(1) << i->imm;
    }
    return false;
}

/* The value computed beside the flags of the same operands, or IR_NONE. */
static ir_ref value_beside(const struct ir_func *f, const struct ir_block *b, ir_ref flags,
                           unsigned op)
{
    const struct ir_inst *i = in(f, flags);
    for (ir_ref r = flags > b->first + 3 ? flags - 3 : b->first; r < b->end && r <= flags + 3; r++)
        if (in(f, r)->op == op && in(f, r)->arg[0] == i->arg[0] && in(f, r)->arg[1] == i->arg[1])
            return r;
    return IR_NONE;
}

static bool binary(const struct ir_func *f, const struct ir_block *b, const struct ir_inst *i,
                   unsigned kind, struct nzcv_expr *x)
{
    x->kind = (u8)kind;
    return at_end(f, b, i->arg[0], &x->a) && at_end(f, b, i->arg[1], &x->b);
}

/* A sum or difference whose first operand may have become the result. */
static bool sum(const struct ir_func *f, const struct ir_block *b, ir_ref flags,
                struct nzcv_expr *x)
{
    const struct ir_inst *i = in(f, flags);
    bool is_sub = i->op == IR_FLSUB;
    if (binary(f, b, i, is_sub ? NZCV_OF_SUB : NZCV_OF_ADD, x)) return true;
    ir_ref value = value_beside(f, b, flags, is_sub ? IR_SUB : IR_ADD);
    x->kind = is_sub ? NZCV_SUB_RESULT : NZCV_ADD_RESULT;
    return value && at_end(f, b, value, &x->a) && at_end(f, b, i->arg[1], &x->b);
}

static bool logic(const struct ir_func *f, const struct ir_block *b, const struct ir_inst *i,
                  struct nzcv_expr *x)
{
    const struct ir_inst *value = in(f, i->arg[0]);
    x->kind = NZCV_RESULT;
    x->b = (struct nzcv_operand){.kind = NZCV_CONST};
    if (at_end(f, b, i->arg[0], &x->a) && x->a.kind == NZCV_SLOT) return true;
    return value->op == IR_AND && binary(f, b, value, NZCV_OF_AND, x);
}

/* The expression of a flags value at the block's end. */
static struct nzcv_expr expression(const struct ir_func *f, const struct ir_block *b, ir_ref flags)
{
    const struct ir_inst *i = in(f, flags);
    struct nzcv_expr x = {.wide = i->type == IR_I64 || i->type == IR_F64};
    bool known = false;
    switch (i->op) {
    case IR_FLSUB:
    case IR_FLADD: known = sum(f, b, flags, &x); break;
    case IR_FLLOGIC: known = logic(f, b, i, &x); break;
    case IR_FLFCMP: known = i->type != IR_F16 && binary(f, b, i, NZCV_OF_FCMP, &x); break;
    default: break;
    }
    return known ? x : (struct nzcv_expr){0};
}

static bool is_nzcv(const struct ir_inst *i, unsigned op)
{
    return i->op == op && i->imm == SLOT_NZCV;
}

static bool is_set(const struct ir_block *b, const struct nzcv_operand *o)
{
    return o->kind == NZCV_SLOT && (b->sets >> o->n & 1);
}

/* What block n has in the end: its own, or what it begins with if that is planned already, which is
 * so where a loop leads back to it, and its registers stay. */
static struct nzcv_expr expression_of(const struct gen *g, u32 n)
{
    const struct ir_func *f = g->f;
    const struct ir_block *b = &f->block[n];
    for (ir_ref r = b->end; r-- > b->first;)
        if (is_nzcv(in(f, r), IR_SET)) return expression(f, b, in(f, r)->arg[0]);
    const struct nzcv_expr *x = &g->block_nzcv[n];
    bool stays = x->kind && !is_set(b, &x->a) && !is_set(b, &x->b);
    return stays ? *x : (struct nzcv_expr){0};
}

/* --- the plan ------------------------------------------------------------------------------------
 */

static bool reads_nzcv(const struct ir_func *f, const struct ir_block *b)
{
    for (ir_ref r = b->first; r < b->end; r++) {
        if (is_nzcv(in(f, r), IR_SET)) return false;
        if (is_nzcv(in(f, r), IR_GET)) return true;
    }
    return false;
}

/* One way leads to the block, and that from before it. */
static bool has_one_way(const struct gen *g, u32 from, u32 to)
{
    return to > from && g->f->block[to].preds == 1 && !g->f->block[to].entry;
}

void gen_plan_nzcv(struct gen *g)
{
    const struct ir_func *f = g->f;
    g->block_nzcv = arena_zalloc(g->arena, f->block_count * sizeof(*g->block_nzcv));
    for (u32 b = f->block_count; b-- > 0;) {
        u32 own[2];
        unsigned n;
        const u32 *to = ir_successors(f, &f->block[b], own, &n);
        struct nzcv_expr x = {0};
        bool looked = false;
        for (unsigned k = 0; k < n; k++) {
            const struct ir_block *t = &f->block[to[k]];
            if (!t->sees_nzcv || g->block_nzcv[to[k]].kind || has_one_way(g, b, to[k])) continue;
            if (!looked) x = expression_of(g, b);
            looked = true;
            if (!x.kind || reads_nzcv(f, t)) continue;
            g->block_nzcv[to[k]] = x;
            g->block_nzcv[to[k]].marked = true;
        }
    }
}

/* --- on the way ----------------------------------------------------------------------------------
 */

void gen_receive_nzcv(struct gen *g, u32 block)
{
    const struct nzcv_expr *x = &g->block_nzcv[block];
    if (x->kind == NZCV_NONE) return;
    g->nzcv = NZCV_ENTRY;
    g->pending = (struct nzcv_pending){.of = NZCV_ENTRY, .x = *x};
}

/* The block expects this expression, or NZCV at home. */
static bool expects(const struct gen *g, u32 block, struct nzcv_expr x)
{
    x.marked = true;
    return gen_same_expr(&g->block_nzcv[block], &x);
}

void gen_pass_nzcv(struct gen *g, const u32 *to, unsigned count)
{
    const struct nzcv_expr *x = &g->pending.x;
    bool home = x->kind == NZCV_NONE, mark = false;
    if (!g->nzcv || !gen_nzcv_live(g)) return;
    for (unsigned k = 0; k < count; k++) {
        if (!g->f->block[to[k]].sees_nzcv || has_one_way(g, g->block, to[k])) continue;
        if (expects(g, to[k], *x))
            mark = !x->marked;
        else
            home = true;
    }
    if (home) {
        gen_flush_nzcv(g);
        return;
    }
    if (mark) x64_mov_mi(&g->b, 1, gen_home(SLOT_NZCV), (s8)NZCV_MARK);
    for (unsigned k = 0; k < count; k++)
        if (g->f->block[to[k]].sees_nzcv && has_one_way(g, g->block, to[k]))
            g->block_nzcv[to[k]] = *x;
}
