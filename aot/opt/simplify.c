/*
 * Simplification: known values for GETs, constants, algebra, addresses; one instruction at a time,
 * in order. The same step serves two ways:
 *
 *  - At birth: the lifter's instructions are simplified as they are appended, so that what is not
 *    needed never exists. This is what translating costs least with.
 *  - As a walk over a function that is there already.
 */
#include "aot/opt/opt.h"
#include "aot/opt/pass.h"

static inline void count_uses(struct ir_inst *inst, unsigned op, ir_ref a, ir_ref b, ir_ref c)
{
    unsigned n = ir_op_args[op];
    if (n > 0) inst[a].uses++;
    if (n > 1) inst[b].uses++;
    if (n > 2) inst[c].uses++;
}

static opt_rule_fn *const rule_of[IR_OP_COUNT] = {
    [IR_GET] = opt_forward_get,     [IR_SET] = opt_learn_set,       [IR_HELPER] = opt_forget_helper,
    [IR_ADD] = opt_fold_add,        [IR_SUB] = opt_fold_difference, [IR_MUL] = opt_fold_multiply,
    [IR_NEG] = opt_fold_plain,      [IR_ABS] = opt_fold_plain,      [IR_NOT] = opt_fold_plain,
    [IR_AND] = opt_fold_and,        [IR_OR] = opt_fold_or,          [IR_XOR] = opt_fold_difference,
    [IR_ANDN] = opt_fold_plain,     [IR_ORN] = opt_fold_plain,      [IR_SHL] = opt_fold_shift,
    [IR_SHR] = opt_fold_shift,      [IR_SAR] = opt_fold_shift,      [IR_ROR] = opt_fold_shift,
    [IR_CLZ] = opt_fold_clz,        [IR_ZEXT] = opt_fold_zext,      [IR_SEXT] = opt_fold_sext,
    [IR_TRUNC] = opt_fold_trunc,    [IR_SELECT] = opt_fold_select,  [IR_ICMP] = opt_fold_icmp,
    [IR_BNOT] = opt_fold_bnot,      [IR_FLADD] = opt_fold_flags,    [IR_LOAD] = opt_fold_address,
    [IR_LOADS] = opt_fold_address,  [IR_STORE] = opt_fold_address,  [IR_VDUP] = opt_fold_dup,
    [IR_VDUPL] = opt_fold_dup_lane, [IR_VLOW] = opt_fold_low,       [IR_VCMPEQ] = opt_fold_equal,
    [IR_VAND] = opt_fold_and_lanes, [IR_VZIP1] = opt_fold_low_half, [IR_VTOF] = opt_fold_low_half,
    [IR_VPAIR] = opt_fold_pair,     [IR_VUXL] = opt_fold_widened,   [IR_VSXL] = opt_fold_widened,
    [IR_VINS] = opt_fold_insert,    [IR_VUMULL] = opt_fold_half,    [IR_VSMULL] = opt_fold_half,
    [IR_VSQDMULL] = opt_fold_half,  [IR_VOR] = opt_fold_or_lanes,   [IR_VUABD] = opt_use_again,
    [IR_VSABD] = opt_use_again,     [IR_VUQADD] = opt_fold_index,
};

/* --- at birth ------------------------------------------------------------------------------------
 */

static ir_emit_fn emit_simplified;

static __attribute__((noinline)) ir_ref grow_and_emit(struct ir_func *f, u32 head, s64 imm,
                                                      ir_ref a, ir_ref b, ir_ref c)
{
    ir_grow(f);
    return emit_simplified(f, head, imm, a, b, c);
}

/* SETs never come here, and GETs only when something is known of the slot (ir_get, ir_set). */
static ir_ref emit_simplified(struct ir_func *f, u32 head, s64 imm, ir_ref a, ir_ref b, ir_ref c)
{
    if (ir_is_full(f)) return grow_and_emit(f, head, imm, a, b, c);
    ir_ref r = f->count++;
    ir_write(f, r, head, imm, a, b, c);
    count_uses(f->inst, head & 0xff, a, b, c);
    opt_rule_fn *rule = rule_of[head & 0xff];
    return rule ? rule(f, r) : r;
}

void opt_at_birth(struct ir_func *f)
{
    f->facts = arena_alloc(f->arena, sizeof(*f->facts));
    f->emit = emit_simplified;
}

/* --- as a walk -----------------------------------------------------------------------------------
 */

/* Arguments become what stands for them. False: one is defined further down. */
static bool resolve(struct ir_func *f, ir_ref r)
{
    struct ir_inst *i = &f->inst[r];
    unsigned n = ir_op_args[i->op];
    i->note = r;
    i->uses = 0;
    for (unsigned k = 0; k < n; k++) {
        if (i->arg[k] >= r) return false;
        i->arg[k] = f->inst[i->arg[k]].note;
    }
    return true;
}

static bool simplify_block(struct ir_func *f, const struct ir_block *b)
{
    f->facts->has[0] = f->facts->has[1] = 0;
    for (ir_ref r = b->first; r < b->end; r++) {
        if (!resolve(f, r)) return false;
        const struct ir_inst *i = &f->inst[r];
        count_uses(f->inst, i->op, i->arg[0], i->arg[1], i->arg[2]);
        opt_rule_fn *rule = rule_of[i->op];
        if (rule) f->inst[r].note = rule(f, r);
    }
    return true;
}

bool opt_simplify(struct ir_func *f)
{
    struct ir_facts known;
    bool done = true;
    f->facts = &known;
    f->inst[0].note = f->inst[0].uses = 0;
    for (u32 b = 0; b < f->block_count && done; b++) done = simplify_block(f, &f->block[b]);
    f->facts = NULL;
    for (ir_ref r = 0; r < f->count; r++) f->inst[r].note = 0;
    return done;
}
