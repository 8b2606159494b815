/*
 * ir_eval_op: finds an operation's function in the list of eval_ops.h and applies it.
 */
#include "aot/ir/eval_ops.h"

#include <assert.h>

static bool is_scalar(u8 type)
{
    return type == IR_F16 || type == IR_F32 || type == IR_F64;
}

static u8 lane_size(u8 type, u8 esz)
{
    return is_scalar(type) ? (u8)(type - IR_F16 + 1) : esz;
}

static void set_size(struct eval_op *o, u8 esz)
{
    o->esz = esz;
    o->width = 8u << esz;
}

/* out may be an operand: a lane's result depends on that lane alone. */
static void map_lanes(eval_lane_fn *fn, struct eval_op *o, const ir_value *const v[3],
                      ir_value *out)
{
    unsigned esz = o->esz;

    for (unsigned i = 0; i < 16u >> esz; i++) {
        eval_set(out, esz, i,
                 fn(o, eval_get(v[0], esz, i), eval_get(v[1], esz, i), eval_get(v[2], esz, i)));
    }
}

static void low_lane(eval_lane_fn *fn, struct eval_op *o, const ir_value *const v[3], ir_value *out)
{
    u64 r = fn(o, eval_get(v[0], o->esz, 0), eval_get(v[1], o->esz, 0), eval_get(v[2], o->esz, 0));

    out->d[0] = r & UINT64_MAX >> (64 - o->width);
    out->d[1] = 0;
}

static void by_lane(eval_lane_fn *fn, struct eval_op *o, const ir_value *const v[3], ir_value *out)
{
    if (is_scalar(o->type))
        low_lane(fn, o, v, out);
    else
        map_lanes(fn, o, v, out);
}

static void whole(eval_whole_fn *fn, struct eval_op *o, const ir_value *const v[3], ir_value *out)
{
    ir_value result = {.d = {0, 0}};

    fn(o, v[0], v[1], v[2], &result);
    *out = result;
}

#define KNOWN(op, ...)                                                                             \
    case IR_##op: return true;

bool ir_eval_has_op(u8 op)
{
    switch (op) {
        EVAL_OPS(KNOWN, KNOWN, KNOWN, KNOWN)
    default: return false;
    }
}

#define LANE(op)                                                                                   \
    case IR_##op:                                                                                  \
        set_size(&o, lane_size(type, esz));                                                        \
        by_lane(eval_##op, &o, v, out);                                                            \
        break;
#define FIXED(op, size)                                                                            \
    case IR_##op:                                                                                  \
        set_size(&o, size);                                                                        \
        by_lane(eval_##op, &o, v, out);                                                            \
        break;
#define HOST(op, operation)                                                                        \
    case IR_##op:                                                                                  \
        set_size(&o, lane_size(type, esz));                                                        \
        if (!eval_fp_host(EVAL_HOST_##operation, &o, v[0], v[1], out))                             \
            by_lane(eval_##op, &o, v, out);                                                        \
        break;
#define WHOLE(op)                                                                                  \
    case IR_##op: whole(eval_##op, &o, v, out); break;

void ir_eval_op(u8 op, u8 type, u8 esz, u8 mod, s64 imm, const ir_value *a, const ir_value *b,
                const ir_value *c, u32 fpcr, u32 *fpsr, ir_value *out)
{
    static const ir_value zero;
    const ir_value *v[3] = {a ? a : &zero, b ? b : &zero, c ? c : &zero};
    struct eval_op o = {
        .type = type, .esz = esz, .mod = mod, .imm = imm, .width = 8u << esz, .fpcr = fpcr};

    switch (op) {
        EVAL_OPS(LANE, FIXED, HOST, WHOLE)
    default: assert(false);
    }
    *fpsr |= o.flags;
}
