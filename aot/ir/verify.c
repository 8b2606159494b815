/*
 * The verifier: what must hold of every function between passes.
 *
 * Structure: blocks are ranges of the array, in order, that together hold all of it but NOPs; each
 * has one END operation, its last; jumps name blocks. Arguments: a value is used behind its
 * definition in the same block, or in a block that its block dominates. Precise state (ir.h):
 * within one guest instruction, what may fault, guards, and what may raise a floating-point
 * exception come before the first SET, and no SET follows an EXITIF.
 *
 * Dominators are looked for only if a value is used outside its block: Cooper, Harvey and Kennedy,
 * "A simple, fast dominance algorithm" (2001), from a virtual root above all entries.
 */
#include "aot/ir/verify.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct check {
    const struct ir_func *f;
    char *message;
    size_t size;
    u32 block;
    u32 *idom; /* immediate dominators, numbered by `rank`; NULL until needed */
    u32 *rank; /* block -> position in reverse postorder from 1; the root is 0 */
};

__attribute__((format(printf, 3, 4))) static bool fail(struct check *c, ir_ref r,
                                                       const char *format, ...)
{
    char line[120], what[100];
    va_list args;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (r) {
        ir_print_inst(c->f, r, line, sizeof line);
        snprintf(c->message, c->size, "block %u, instruction %u: %s: %s", c->block, r, what, line);
    } else {
        snprintf(c->message, c->size, "block %u: %s", c->block, what);
    }
    return false;
}

/* --- structure -------------------------------------------------------------------------------- */

static bool check_gap(struct check *c, ir_ref from, ir_ref to)
{
    for (ir_ref r = from; r < to; r++)
        if (c->f->inst[r].op != IR_NOP) return fail(c, r, "outside the blocks");
    return true;
}

static bool check_end(struct check *c, const struct ir_block *b)
{
    const struct ir_inst *end = &c->f->inst[b->end - 1];
    u32 own[2];
    if (end->op >= IR_OP_COUNT || !ir_has(end->op, IR_FL_END))
        return fail(c, b->end - 1, "the block does not end here");
    if ((end->op == IR_JUMP || end->op == IR_BR) && (u64)end->imm >= c->f->block_count)
        return fail(c, b->end - 1, "no such block");
    unsigned n;
    const u32 *to = ir_successors(c->f, b, own, &n);
    for (unsigned k = 0; k < n; k++)
        if (to[k] >= c->f->block_count) return fail(c, b->end - 1, "no such block");
    return true;
}

static bool check_structure(struct check *c)
{
    const struct ir_func *f = c->f;
    ir_ref at = 1;
    if (!f->count || f->inst[0].op != IR_NOP) return fail(c, 0, "value 0 is not a NOP");
    if (!f->block_count) return fail(c, 0, "the function has no blocks");
    for (c->block = 0; c->block < f->block_count; c->block++) {
        const struct ir_block *b = &f->block[c->block];
        if (b->first < at || b->end <= b->first || b->end > f->count)
            return fail(c, 0, "instructions %u to %u are no block", b->first, b->end);
        if (!check_gap(c, at, b->first) || !check_end(c, b)) return false;
        at = b->end;
    }
    c->block = f->block_count - 1;
    return check_gap(c, at, f->count);
}

/* --- dominators ------------------------------------------------------------------------------- */

/* Numbers blocks in reverse postorder from 1, and lists them; blocks that nothing leads to count
 * as entries. */
static void number_blocks(struct check *c, u32 *order)
{
    const struct ir_func *f = c->f;
    u32 n = f->block_count, next = n;
    u32 *stack = arena_alloc(f->arena, (n + 1) * sizeof(*stack));
    u32 *seen = arena_zalloc(f->arena, (n + 1) * sizeof *seen); /* 1 + successors visited */
    for (unsigned pass = 0; pass < 2; pass++) {
        for (u32 root = n; root-- > 0;) {
            u32 depth = 0;
            if (seen[root] || (pass == 0 && !f->block[root].entry)) continue;
            seen[root] = 1;
            stack[depth++] = root;
            while (depth) {
                u32 b = stack[depth - 1], own[2];
                unsigned count;
                const u32 *to = ir_successors(f, &f->block[b], own, &count);
                u32 k = seen[b] - 1;
                if (k < count) {
                    seen[b]++;
                    if (!seen[to[k]]) seen[to[k]] = 1, stack[depth++] = to[k];
                    continue;
                }
                c->rank[b] = next;
                order[next--] = b;
                depth--;
            }
        }
    }
}

static u32 meet(const u32 *idom, u32 a, u32 b)
{
    while (a != b) {
        while (a > b) a = idom[a];
        while (b > a) b = idom[b];
    }
    return a;
}

/*
 * idom by forward propagation along the edges. Every block has a predecessor with a lower rank or
 * is one that depth-first search started from; those hang from the root.
 */
static void find_dominators(struct check *c)
{
    const struct ir_func *f = c->f;
    u32 n = f->block_count, none = ~0u;
    u32 *order = arena_alloc(f->arena, (n + 1) * sizeof(*order));
    bool *has_pred = arena_zalloc(f->arena, n + 1);
    c->rank = arena_alloc(f->arena, (n + 1) * sizeof(*c->rank));
    c->idom = arena_alloc(f->arena, (n + 1) * sizeof(*c->idom));
    number_blocks(c, order);
    for (u32 b = 0; b < n; b++) {
        u32 own[2];
        unsigned count;
        const u32 *to = ir_successors(f, &f->block[b], own, &count);
        for (unsigned k = 0; k < count; k++)
            if (c->rank[b] < c->rank[to[k]]) has_pred[to[k]] = true;
    }
    c->idom[0] = 0;
    for (u32 r = 1; r <= n; r++)
        c->idom[r] = f->block[order[r]].entry || !has_pred[order[r]] ? 0 : none;
    for (bool changed = true; changed;) {
        changed = false;
        for (u32 r = 1; r <= n; r++) {
            u32 own[2];
            unsigned count;
            const u32 *to = ir_successors(f, &f->block[order[r]], own, &count);
            for (unsigned k = 0; k < count; k++) {
                u32 s = c->rank[to[k]];
                u32 now = c->idom[s] == none ? r : meet(c->idom, c->idom[s], r);
                if (now == c->idom[s]) continue;
                c->idom[s] = now;
                changed = true;
            }
        }
    }
}

static bool dominates(struct check *c, u32 a, u32 b)
{
    if (!c->idom) find_dominators(c);
    u32 x = c->rank[a], y = c->rank[b];
    while (y > x) y = c->idom[y];
    return x == y;
}

static u32 block_of(const struct ir_func *f, ir_ref r)
{
    u32 lo = 0, hi = f->block_count;
    while (hi - lo > 1) {
        u32 mid = lo + (hi - lo) / 2;
        if (f->block[mid].first <= r)
            lo = mid;
        else
            hi = mid;
    }
    return lo;
}

/* --- instructions ----------------------------------------------------------------------------- */

static bool check_argument(struct check *c, ir_ref r, unsigned k)
{
    const struct ir_inst *i = &c->f->inst[r];
    const struct ir_block *b = &c->f->block[c->block];
    ir_ref v = i->arg[k];
    if (v == IR_NONE)
        return verify_argument_optional(i, k) || fail(c, r, "argument %u is missing", k + 1);
    if (v >= c->f->count) return fail(c, r, "there is no value %%%u", v);
    const struct ir_inst *def = &c->f->inst[v];
    if (def->op >= IR_OP_COUNT || ir_value_type(def) == IR_VOID || def->op == IR_NOP)
        return fail(c, r, "%%%u has no value", v);
    if (v >= b->first && v < b->end) {
        if (v >= r) return fail(c, r, "%%%u is used before it is defined", v);
    } else if (!dominates(c, block_of(c->f, v), c->block)) {
        return fail(c, r, "%%%u does not dominate its use", v);
    }
    if (!verify_argument_type(i, k, ir_value_type(def)))
        return fail(c, r, "argument %u is %s", k + 1, ir_type_name(ir_value_type(def)));
    return true;
}

/* What has happened since the last INSN. */
struct progress {
    bool insn, set, left;
};

static bool check_precise_state(struct check *c, ir_ref r, struct progress *p)
{
    unsigned op = c->f->inst[r].op;
    bool faults = ir_has(op, IR_FL_FAULT | IR_FL_FP) || op == IR_GUARD;
    if (op == IR_INSN) *p = (struct progress){.insn = true};
    if (faults && !p->insn) return fail(c, r, "no guest instruction to report");
    if (faults && p->set) return fail(c, r, "may fault, behind a set");
    if (op == IR_SET && p->left) return fail(c, r, "set behind exitif");
    if (op == IR_SET) p->set = true;
    if (op == IR_EXITIF) p->left = true;
    return true;
}

static bool check_instruction(struct check *c, ir_ref r, struct progress *p)
{
    const struct ir_inst *i = &c->f->inst[r];
    if (i->op >= IR_OP_COUNT) return fail(c, r, "no such operation");
    if (ir_has(i->op, IR_FL_END) && r + 1 != c->f->block[c->block].end)
        return fail(c, r, "the block goes on behind it");
    const char *wrong = verify_fields(i);
    if (wrong) return fail(c, r, "%s", wrong);
    for (unsigned k = 0; k < ir_op_info(i->op)->args && i->op != IR_NOP; k++)
        if (!check_argument(c, r, k)) return false;
    return check_precise_state(c, r, p);
}

bool ir_verify(const struct ir_func *f, char *message, size_t size)
{
    struct check c = {.f = f, .message = message, .size = size};
    if (!check_structure(&c)) return false;
    for (c.block = 0; c.block < f->block_count; c.block++) {
        struct progress p = {.insn = false};
        for (ir_ref r = f->block[c.block].first; r < f->block[c.block].end; r++)
            if (!check_instruction(&c, r, &p)) return false;
    }
    return true;
}
