/*
 * Operands for and comparison of the evaluator's operations with an oracle: see diff.h.
 */
#include "tests/fp/diff.h"
#include "aot/abi/fp_state.h"

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

/* splitmix64 */
static u64 next(u64 *seed)
{
    u64 z = *seed += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

struct format {
    unsigned frac, expw;
};

/* By log2 of a lane's bytes, and bfloat16. */
enum { BFLOAT16 = 4 };
static const struct format formats[5] = {{3, 4}, {10, 5}, {23, 8}, {52, 11}, {7, 8}};

/* An integer lane: small, near a limit, or anything. */
static u64 integer_lane(unsigned width, u64 *seed)
{
    u64 r = next(seed), near = next(seed) & 3;

    switch (r & 7) {
    case 0: return near;
    case 1: return -near;
    case 2: return (UINT64_C(1) << (width - 1)) + near - 2;
    case 3: return (UINT64_C(1) << (r >> 8) % width) - (near & 1);
    case 4: return (u64)((s64)next(seed) >> (r >> 8 & 63));
    default: return next(seed);
    }
}

static u64 special_float(const struct format *f, u64 r)
{
    u64 one = UINT64_C(1) << f->frac, infinity = ((UINT64_C(1) << f->expw) - 1) * one;
    u64 bias = infinity / 2 & -one, payload = (r >> 32) & (one / 2 - 1);

    switch (r & 15) {
    case 0: return 0;
    case 1: return infinity;
    case 2: return infinity | one / 2 | payload;    /* quiet */
    case 3: return infinity | payload | 1;          /* signaling */
    case 4: return infinity - 1;                    /* the largest number */
    case 5: return one;                             /* the smallest normal one */
    case 6: return one + (r >> 20 & 7) - 4;         /* around it */
    case 7: return 1 + (r >> 20 & 3);               /* the smallest denormals */
    case 8: return payload;                         /* denormal */
    case 9: return payload >> (r >> 20) % f->frac;  /* smaller denormal */
    case 10: return bias;                           /* 1 */
    case 11: return bias + one;                     /* 2 */
    case 12: return bias + one / 2;                 /* 1.5 */
    case 13: return bias - one + (r >> 20 & 3) - 2; /* around 1/2 */
    case 14: return infinity - one * (r >> 20 & 3) - (r >> 24 & 3);
    default: return bias / 2 + (payload << 1);
    }
}

/* A floating-point lane: special, few significant bits near 1, around an integer limit, random. */
static u64 float_lane(unsigned esz, u64 *seed)
{
    const struct format *f = &formats[esz];
    u64 r = next(seed), frac = next(seed) & ((UINT64_C(1) << f->frac) - 1);
    u64 bias = (UINT64_C(1) << (f->expw - 1)) - 1;
    u64 sign = (r >> 63) << (f->frac + f->expw), exp;

    switch (r & 7) {
    case 0:
    case 1: return sign | special_float(f, next(seed));
    case 2: /* sums and products of these are often exact, ties or zero */
        exp = bias - 4 + (r >> 8) % 8;
        frac = frac >> (f->frac - 4) << (f->frac - 4);
        break;
    case 3: /* rounding to integers */
        exp = bias - 2 + (r >> 8) % (f->frac + 4);
        frac = frac >> (r >> 20) % f->frac << (r >> 20) % f->frac;
        break;
    case 4: exp = bias + 14 + (r >> 8) % 52; break; /* integer limits */
    case 5: exp = bias / 2 + (r >> 8) % 8; break;   /* products and quotients near the smallest */
    case 6: exp = bias - 32 + (r >> 8) % 64; break;
    default: exp = r >> 8; break;
    }
    if (r >> 40 & 1) frac = -(frac & 7); /* long runs of ones */
    exp &= (UINT64_C(1) << f->expw) - 1;
    frac &= (UINT64_C(1) << f->frac) - 1;
    return sign | exp << f->frac | frac;
}

static void fill_vector(ir_value *v, unsigned format, bool floats, u64 *seed)
{
    unsigned esz = format == BFLOAT16 ? 1 : format;

    for (unsigned i = 0; i < 16u >> esz; i++) {
        u64 lane = floats && format ? float_lane(format, seed) : integer_lane(8u << esz, seed);

        memcpy(&v->b[i << esz], &lane, (size_t)1 << esz);
    }
}

static u32 random_fpcr(u64 *seed)
{
    u64 r = next(seed);

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
    unsigned n = bfloat16 ? (unsigned)BFLOAT16 : source_size(row);
    unsigned d = bfloat16 || row->op == IR_FMLAL ? 2 : n;

    memset(cases, 0, count * sizeof(*cases));
    for (unsigned i = 0; i < count; i++) {
        struct fp_case *c = &cases[i];
        u64 kind = next(seed);

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
        c->x = integer_lane(kind & 16 ? 64 : 32, seed);
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
