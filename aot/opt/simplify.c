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

struct simplifier {
    struct opt_facts known;
    u32 block; /* at birth: how many blocks had begun when the facts were learnt */
};

static void count_uses(struct ir_func *f, const struct ir_inst *i)
{
    unsigned n = ir_op_args[i->op];
    for (unsigned k = 0; k < n; k++) f->inst[i->arg[k]].uses++;
}

/* Arguments are what stands for them; i->note is r and i->uses 0. */
static void simplify_inst(struct ir_func *f, ir_ref r, struct opt_facts *known)
{
    struct ir_inst *i = &f->inst[r];
    switch (i->op) {
    case IR_NOP:
    case IR_INSN:
    case IR_CONST: return;
    case IR_GET:
        opt_forward_get(f, r, known);
        if (i->note == r && i->op != IR_GET) opt_fold_inst(f, r);
        return;
    case IR_SET:
        count_uses(f, i);
        opt_learn_set(f, r, known);
        return;
    case IR_HELPER: opt_forget_helper(known); break;
    default: break;
    }
    count_uses(f, i);
    opt_fold_inst(f, r);
}

/* --- at birth ------------------------------------------------------------------------------------
 */

static ir_ref at_birth(struct ir_func *f, ir_ref r)
{
    struct simplifier *s = f->birth_state;
    struct ir_inst *i = &f->inst[r];
    if (s->block != f->block_count) {
        s->known.has[0] = s->known.has[1] = 0;
        s->block = f->block_count;
    }
    i->note = r;
    simplify_inst(f, r, &s->known);
    if (i->note == r) return r;
    f->count = r;
    return i->note;
}

void opt_at_birth(struct ir_func *f)
{
    struct simplifier *s = arena_alloc(f->arena, sizeof(*s));
    s->block = 0;
    f->birth = at_birth;
    f->birth_state = s;
}

/* --- as a walk -----------------------------------------------------------------------------------
 */

/* False: an argument is defined further down. */
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

bool opt_simplify(struct ir_func *f)
{
    struct opt_facts known;
    f->inst[0].note = f->inst[0].uses = 0;
    for (u32 b = 0; b < f->block_count; b++) {
        known.has[0] = known.has[1] = 0;
        for (ir_ref r = f->block[b].first; r < f->block[b].end; r++) {
            if (!resolve(f, r)) return false;
            simplify_inst(f, r, &known);
        }
    }
    return true;
}
