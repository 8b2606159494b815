/*
 * ir_eval_op: finds an operation in the tables of eval_ops.h and applies it.
 */
#include "aot/ir/eval_ops.h"

#include <assert.h>

static const struct eval_entry *find(u8 op)
{
    static const struct eval_entry *const tables[] = {
        eval_vec_lane_table,  eval_vec_shape_table,  eval_fp_arith_table,    eval_vec_shift_table,
        eval_vec_wide_table,  eval_fp_convert_table, eval_fp_estimate_table, eval_crypto_table,
        eval_fp_narrow_table, eval_crypto_sm_table,
    };

    for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
        if (tables[i][op].lane || tables[i][op].whole) return &tables[i][op];
    }
    return NULL;
}

static bool is_scalar(u8 type)
{
    return type == IR_F16 || type == IR_F32 || type == IR_F64;
}

/* out may be an operand: a lane's result depends on that lane alone. */
static void map_lanes(const struct eval_entry *e, struct eval_op *o, const ir_value *const v[3],
                      ir_value *out)
{
    unsigned esz = o->esz;

    for (unsigned i = 0; i < 16u >> esz; i++) {
        eval_set(
            out, esz, i,
            e->lane(o, eval_get(v[0], esz, i), eval_get(v[1], esz, i), eval_get(v[2], esz, i)));
    }
}

static void low_lane(const struct eval_entry *e, struct eval_op *o, const ir_value *const v[3],
                     ir_value *out)
{
    u64 r =
        e->lane(o, eval_get(v[0], o->esz, 0), eval_get(v[1], o->esz, 0), eval_get(v[2], o->esz, 0));

    out->d[0] = r & UINT64_MAX >> (64 - o->width);
    out->d[1] = 0;
}

static void whole(const struct eval_entry *e, struct eval_op *o, const ir_value *const v[3],
                  ir_value *out)
{
    ir_value result = {.d = {0, 0}};

    e->whole(o, v[0], v[1], v[2], &result);
    *out = result;
}

bool ir_eval_has_op(u8 op)
{
    return op < IR_OP_COUNT && find(op) != NULL;
}

void ir_eval_op(u8 op, u8 type, u8 esz, u8 mod, s64 imm, const ir_value *a, const ir_value *b,
                const ir_value *c, u32 fpcr, u32 *fpsr, ir_value *out)
{
    static const ir_value zero;
    const ir_value *v[3] = {a ? a : &zero, b ? b : &zero, c ? c : &zero};
    struct eval_op o = {.type = type, .esz = esz, .mod = mod, .imm = imm, .fpcr = fpcr};
    const struct eval_entry *e = find(op);

    assert(e);
    if (e->lane && is_scalar(type)) o.esz = (u8)(type - IR_F16 + 1);
    if (e->fixed) o.esz = (u8)(e->fixed - 1);
    o.width = 8u << o.esz;
    if (e->host && eval_fp_host(e->host, &o, v[0], v[1], out)) {
        /* done */
    } else if (e->whole) {
        whole(e, &o, v, out);
    } else if (is_scalar(type)) {
        low_lane(e, &o, v, out);
    } else {
        map_lanes(e, &o, v, out);
    }
    *fpsr |= o.flags;
}
