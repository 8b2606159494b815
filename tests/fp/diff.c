/*
 * Operands for and comparison of the evaluator's operations with an oracle: see diff.h.
 */
#include "tests/fp/diff.h"
#include "aot/abi/fp_state.h"
#include "tests/lib/random_lanes.h"

#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct fp_case) == 112 && offsetof(struct fp_case, x) == 48 &&
                   offsetof(struct fp_case, v) == 64 && offsetof(struct fp_case, fpsr) == 96,
               "the guest loop has these offsets");

const struct fp_row *fp_row(unsigned i)
{
    if (i < fp_rows_vec_count) return &fp_rows_vec[i];
    i -= fp_rows_vec_count;
    if (i < fp_rows_fp_count) return &fp_rows_fp[i];
    i -= fp_rows_fp_count;
    return i < fp_rows_bf16_count ? &fp_rows_bf16[i] : NULL;
}

void fp_code(const struct fp_row *row, u32 code[FP_CODE_WORDS])
{
    static const u32 loop[FP_CODE_WORDS] = {
        0xad400540, /* ldp q0, q1, [x10] */
        0x3dc00942, /* ldr q2, [x10, #32] */
        0xa9430941, /* ldp x1, x2, [x10, #48] */
        0xd51b4402, /* msr fpcr, x2 */
        0xd51b443f, /* msr fpsr, xzr */
        0xd2800000, /* mov x0, #0 */
        0xd503201f, /* the instruction */
        0x3d801140, /* str q0, [x10, #64] */
        0xd53b4203, /* mrs x3, nzcv */
        0xa9050d40, /* stp x0, x3, [x10, #80] */
        0xd53b4424, /* mrs x4, fpsr */
        0xf9003144, /* str x4, [x10, #96] */
        0x9101c14a, /* add x10, x10, #112 */
        0xf100056b, /* subs x11, x11, #1 */
        0x54fffe41, /* b.ne, to the start */
        0xd65f03c0, /* ret */
    };

    memcpy(code, loop, sizeof(loop));
    code[6] = row->word;
}

/* --- operands -----------------------------------------------------------------------------------
 */

static void fill_vector(ir_value *v, unsigned format, bool floats, u64 *seed)
{
    if (floats && format)
        random_floats(v->b, format, seed);
    else
        random_integers(v->b, format == RANDOM_BFLOAT16 ? 1 : format, seed);
}

static u32 random_fpcr(u64 *seed)
{
    u64 r = splitmix64(seed);

    switch (r & 3) {
    case 0: return 0;
    case 1: return (u32)(r >> 8 & 3) << FPCR_RMODE_SHIFT;
    default: return (u32)(r >> 8) & FPCR_WRITABLE;
    }
}

/* Size of the lanes that operands are made of. */
static unsigned source_size(const struct fp_row *row)
{
    bool wide = row->op == IR_FCVTN || row->op == IR_VXTN || row->op == IR_VSQXTN ||
                row->op == IR_VUQXTN || row->op == IR_VSQXTUN;

    if (row->op == IR_FJCVTZS) return 3;
    if (row->type >= IR_F16 && row->type <= IR_F64 && row->op != IR_FCVT)
        return row->type - IR_F16 + 1u;
    return row->esz + wide;
}

void fp_fill(const struct fp_row *row, struct fp_case *cases, unsigned count, u64 *seed)
{
    bool bfloat16 = row->op == IR_VBFDOT || row->op == IR_VBFMMLA;
    bool floats = ir_has(row->op, IR_FL_FP) || bfloat16;
    unsigned n = bfloat16 ? (unsigned)RANDOM_BFLOAT16 : source_size(row);
    unsigned d = bfloat16 || row->op == IR_FMLAL ? 2 : n;

    memset(cases, 0, count * sizeof(*cases));
    for (unsigned i = 0; i < count; i++) {
        struct fp_case *c = &cases[i];
        u64 kind = splitmix64(seed);

        fill_vector(&c->d, d, floats, seed);
        fill_vector(&c->n, n, floats, seed);
        fill_vector(&c->m, n, floats, seed);
        if ((kind & 15) == 0) c->m = c->n;
        if ((kind & 15) == 1) c->d = c->n;
        if ((kind & 15) == 2) { /* one unit apart, perhaps of opposite sign */
            c->m = c->n;
            c->m.b[0] ^= 1;
            c->m.b[15] ^= (u8)(kind >> 8 & 0x80);
        }
        c->x = random_integer(kind & 16 ? 64 : 32, seed);
        c->fpcr = floats ? random_fpcr(seed) : 0;
    }
}

/* --- comparison
 * ----------------------------------------------------------------------------------- */

/* A scalar argument has zeros above. */
static ir_value argument(const struct fp_row *row, const struct fp_case *c, char letter)
{
    ir_value v = {.d = {0, 0}};
    bool by_size = row->op == IR_FCVT || row->op == IR_FCVTI || row->op == IR_FTOI;

    switch (letter) {
    case 'd': v = c->d; break;
    case 'n': v = c->n; break;
    case 'm': v = c->m; break;
    case 'i':
        for (unsigned i = 0; i < 16; i++) v.b[i] = (u8)row->imm;
        return v;
    default: v.d[0] = c->x; return v;
    }
    if (by_size || (row->type >= IR_F16 && row->type <= IR_F64)) {
        unsigned size = 1u << (by_size ? row->esz : row->type - IR_F16 + 1);

        memset(&v.b[size], 0, 16 - size);
    }
    return v;
}

bool fp_agrees(const struct fp_row *row, const struct fp_case *c, char *message, size_t size)
{
    ir_value arg[3], result, expected = {.d = {0, 0}}, *out;
    unsigned count = (unsigned)strlen(row->signature) - 1;
    u32 fpsr = 0;

    /*
     * A defect of QEMU 5.0 (Unicorn 2.0.1) to 7.2: the scalar FCVTZS Hd, Hn, #fbits leaves the sign
     * in bits 31 to 16 of the vector register, which the architecture clears.
     */
    bool sign_left = row->op == IR_VFCVTI && row->type == IR_F16;

    for (unsigned i = 0; i < count; i++) arg[i] = argument(row, c, row->signature[i + 1]);
    /* Half of the time in place, as the helper for translated code does it. */
    out = c->n.b[0] & 1 ? &arg[0] : &result;
    ir_eval_op(row->op, row->type, row->esz, row->mod, row->imm, &arg[0],
               count > 1 ? &arg[1] : NULL, count > 2 ? &arg[2] : NULL, (u32)c->fpcr, &fpsr, out);
    result = *out;
    switch (row->signature[0]) {
    case 'v':
        expected = c->v;
        if (sign_left) expected.d[0] = expected.h[0];
        break;
    case 'f':
        expected.d[0] = c->nzcv;
        result.d[0] = nzcv_to_pstate((u32)result.d[0]);
        break;
    default: expected.d[0] = c->r; break;
    }
    if (memcmp(&result, &expected, sizeof(result)) == 0 && fpsr == (c->fpsr & FPSR_FLAGS))
        return true;
    snprintf(message, size,
             "%s: d %016llx:%016llx n %016llx:%016llx m %016llx:%016llx x %016llx fpcr %08x\n"
             "    evaluator %016llx:%016llx fpsr %02x, oracle %016llx:%016llx fpsr %02x",
             row->text, (long long)c->d.d[1], (long long)c->d.d[0], (long long)c->n.d[1],
             (long long)c->n.d[0], (long long)c->m.d[1], (long long)c->m.d[0], (long long)c->x,
             (u32)c->fpcr, (long long)result.d[1], (long long)result.d[0], fpsr,
             (long long)expected.d[1], (long long)expected.d[0], (u32)(c->fpsr & FPSR_FLAGS));
    return false;
}
