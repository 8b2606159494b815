/*
 * Vector, floating-point and cryptography operations: the generated code of each, alone, against
 * ir_eval_op, on random and special operands, for several sets of host features.
 *
 * A function is: the operands from slots, the operation, its result to a slot; which slots, and
 * whether operands are constants or live on, varies. Where the code traps (invalid operation), the
 * recovered state must be the one at the start, and no flag may be raised that the operation does
 * not raise.
 *
 * FERRY_CASES: operand sets per function. FERRY_SEED: another stream. FERRY_OP: one operation's
 * text. FERRY_TRAPS: print how often each operation trapped though it is valid.
 */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/setting.h"
#include "aot/abi/fp_state.h"
#include "aot/gen/gen.h"
#include "aot/ir/eval.h"
#include "aot/x64/features.h"
#include "aot/xlat.h"
#include "tests/lib/run_code.h"
#include "tests/lib/check.h"

#define PC          0x400000
#define MAX_REPORTS 12

/* --- what is tested --------------------------------------------------------------------------- */

/* Types of the operation. */
enum { V = 1, S = 2, D = 4, W = 8, X = 16, H = 32 };

/* One row: element sizes as a mask, the mods, the range of imm ("width" for shifts). */
struct row {
    u8 op, types, sizes;
    u8 mods[14]; /* ended by END, which alone means 0 */
    s8 first, last;
};

enum { END = 255, WIDTH = 100, LANES = 101, LANE_PAIRS = 102, WIDTH1 = 103 };

#define INT(op, sizes)                                                                             \
    {                                                                                              \
        IR_##op, V, sizes, {END}, 0, 0                                                             \
    }
#define IMM(op, sizes, a, z)                                                                       \
    {                                                                                              \
        IR_##op, V, sizes, {END}, a, z                                                             \
    }
#define HALF(op, sizes)                                                                            \
    {                                                                                              \
        IR_##op, V, sizes, {0, 1, END}, 0, 0                                                       \
    }
#define FLOAT(op)                                                                                  \
    {                                                                                              \
        IR_##op, V | S | D | H, 14, {END}, 0, 0                                                    \
    }

static const struct row rows[] = {
    INT(VADD, 15),
    INT(VSUB, 15),
    INT(VMUL, 7),
    INT(VNEG, 15),
    INT(VABS, 15),
    INT(VAND, 1),
    INT(VOR, 1),
    INT(VXOR, 1),
    INT(VANDN, 1),
    INT(VORN, 1),
    INT(VNOT, 1),
    INT(VBSL, 1),
    INT(VORX, 1),
    INT(VSMIN, 7),
    INT(VSMAX, 7),
    INT(VUMIN, 7),
    INT(VUMAX, 7),
    INT(VCMPEQ, 15),
    INT(VCMPGTS, 15),
    INT(VCMPGES, 15),
    INT(VCMPGTU, 15),
    INT(VCMPGEU, 15),
    INT(VTST, 15),
    INT(VSABD, 7),
    INT(VUABD, 7),
    INT(VSHADD, 7),
    INT(VUHADD, 7),
    INT(VSHSUB, 7),
    INT(VUHSUB, 7),
    INT(VSRHADD, 7),
    INT(VURHADD, 7),
    INT(VSQADD, 15),
    INT(VUQADD, 15),
    INT(VSQSUB, 15),
    INT(VUQSUB, 15),
    INT(VSUQADD, 15),
    INT(VUSQADD, 15),
    INT(VSSHL, 15),
    INT(VUSHL, 15),
    INT(VSHLV, 4),
    INT(VSHRV, 4),
    INT(VSARV, 4),
    INT(VSRSHL, 15),
    INT(VURSHL, 15),
    INT(VSQSHL, 15),
    INT(VUQSHL, 15),
    INT(VSQRSHL, 15),
    INT(VUQRSHL, 15),
    INT(VSQSHLU, 15),
    INT(VSQNEG, 15),
    INT(VSQABS, 15),
    INT(VSQDMULH, 6),
    INT(VSQRDMULH, 6),
    INT(VSQRDMLAH, 6),
    INT(VSQRDMLSH, 6),
    INT(VCNT, 1),
    INT(VCLZ, 7),
    INT(VCLS, 7),
    INT(VRBIT, 1),
    INT(VXTN, 7),
    INT(VSQXTN, 7),
    INT(VUQXTN, 7),
    INT(VSQXTUN, 7),
    INT(VZIP1, 15),
    INT(VZIP2, 15),
    INT(VUZP1, 15),
    INT(VUZP2, 15),
    INT(VTRN1, 15),
    INT(VTRN2, 15),
    INT(VTBL, 1),
    INT(VSADDLP, 7),
    INT(VUADDLP, 7),
    INT(VSDOT, 1),
    INT(VUDOT, 1),
    INT(VURECPE, 4),
    INT(VURSQRTE, 4),
    INT(VPMUL, 1),
    INT(VLOW, 1),
    INT(VPAIR, 1),
    INT(VHIGH, 1),
    INT(VDUP, 15),
    IMM(VSHLI, 15, 0, WIDTH1),
    IMM(VSHRI, 15, 0, WIDTH),
    IMM(VROLI, 15, 1, WIDTH1),
    IMM(VSARI, 15, 0, WIDTH),
    IMM(VRSHRI, 15, 1, WIDTH),
    IMM(VRSARI, 15, 1, WIDTH),
    IMM(VEXT, 1, 0, 15),
    IMM(VSETI, 15, 0, LANES),
    IMM(VDUPL, 15, 0, LANES),
    IMM(VINS, 15, 0, LANE_PAIRS),
    HALF(VSXL, 7),
    HALF(VUXL, 7),
    HALF(VSMULL, 7),
    HALF(VUMULL, 7),
    {IR_VSMULL, V, 4, {2, END}, 0, 0},
    {IR_VUMULL, V, 4, {2, END}, 0, 0},
    HALF(VPMULL, 9),
    HALF(VSQDMULL, 6),
    {IR_VGET, W | X, 15, {END}, 0, LANES},
    {IR_VGETS, W | X, 15, {END}, 0, LANES},
    {IR_VREV, V, 1, {1, 2, 3, END}, 0, 0},
    {IR_VREV, V, 2, {2, 3, END}, 0, 0},
    {IR_VREV, V, 4, {3, END}, 0, 0},
    {IR_VADDV, V, 7, {3, 4, END}, 0, 0},
    {IR_VSADDLV, V, 7, {3, 4, END}, 0, 0},
    {IR_VUADDLV, V, 7, {3, 4, END}, 0, 0},
    {IR_VSMINV, V, 7, {3, 4, END}, 0, 0},
    {IR_VSMAXV, V, 7, {3, 4, END}, 0, 0},
    {IR_VUMINV, V, 7, {3, 4, END}, 0, 0},
    {IR_VUMAXV, V, 7, {3, 4, END}, 0, 0},

    FLOAT(FADD),
    FLOAT(FSUB),
    FLOAT(FMUL),
    FLOAT(FDIV),
    FLOAT(FMULX),
    FLOAT(FMIN),
    FLOAT(FMAX),
    FLOAT(FMINNM),
    FLOAT(FMAXNM),
    FLOAT(FNEG),
    FLOAT(FABS),
    FLOAT(FABD),
    FLOAT(FSQRT),
    FLOAT(FCMPEQ),
    FLOAT(FCMPGT),
    FLOAT(FCMPGE),
    FLOAT(FRECPE),
    FLOAT(FRSQRTE),
    {IR_FRECPX, S | D | H, 14, {END}, 0, 0},
    FLOAT(FRECPS),
    FLOAT(FRSQRTS),
    {IR_FMA, V | S | D | H, 14, {0, 1, 2, 3, END}, 0, 0},
    {IR_FMLAL, V, 1, {0, 1, 2, 3, END}, 0, 0},
    {IR_FRINT, V | S | D | H, 14, {0, 1, 2, 3, 4, 5, 13, END}, 0, 0},
    {IR_FRINTN, V | S | D, 12, {0, 1, 2, 3, END}, 0, 0},
    {IR_FLFCMP, S | D | H, 1, {0, 1, END}, 0, 0},
    {IR_FJCVTZS, W, 8, {END}, 0, 0},
    {IR_FCVT, S, 10, {END}, 0, 0},
    {IR_FCVT, D, 6, {END}, 0, 0},
    {IR_FCVT, H, 12, {END}, 0, 0},
    HALF(FCVTL, 6),
    {IR_FCVTN, V, 6, {0, END}, 0, 0},
    {IR_FCVTN, V, 4, {1, END}, 0, 0},
    {IR_FCVTI, W | X, 14, {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, END}, 0, 0},
    {IR_FCVTI, W, 12, {3, 11, END}, 1, 32},
    {IR_FCVTI, X, 12, {3, 11, END}, 1, 64},
    {IR_VFCVTI, V | S | D, 12, {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, END}, 0, 0},
    {IR_VFCVTI, V | S, 4, {3, 11, END}, 1, 32},
    {IR_VFCVTI, V | H, 2, {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, END}, 0, 0},
    {IR_VFCVTI, V | H, 2, {3, 11, END}, 1, 16},
    {IR_VICVTF, V | H, 2, {0, 8, END}, 0, 16},
    {IR_FCVTI, W | X, 2, {0, 1, 2, 3, 4, 8, 9, 10, 11, 12, END}, 0, 0},
    {IR_FCVTI, W | X, 2, {3, 11, END}, 1, 32},
    {IR_VFCVTI, V | D, 8, {3, 11, END}, 1, 64},
    {IR_ICVTF, S | D | H, 12, {0, 8, END}, 0, 32},
    {IR_VICVTF, V | S | D, 12, {0, 8, END}, 0, 32},

    {IR_CRC32, W, 15, {0, 1, END}, 0, 0},
    INT(AESE, 1),
    INT(AESD, 1),
    INT(AESMC, 1),
    INT(AESIMC, 1),
    INT(SHA1H, 1),
    {IR_SHA1R, V, 1, {0, 1, 2, END}, 0, 0},
    INT(SHA1SU0, 1),
    INT(SHA1SU1, 1),
    INT(SHA256H, 1),
    INT(SHA256H2, 1),
    INT(SHA256SU0, 1),
    INT(SHA256SU1, 1),
};

/* --- randomness ------------------------------------------------------------------------------- */

static u64 seed;
static unsigned reports;
static struct arena arena;

static u64 random64(void) /* splitmix64 */
{
    u64 z = seed += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned below(unsigned n)
{
    return (unsigned)(random64() % n);
}

/* Close to the middle between two halves, or to a half: what is rounded twice shows there. */
static double close_to_half(void)
{
    double step = ldexp(1, -11), off = ldexp(below(2) ? 1 : -1, -12 - (int)below(42));
    double d = 1 + (double)below(2048) * step + (below(3) ? off : 0);
    return ldexp(below(2) ? d : -d, (int)below(44) - 27);
}

static u64 random_double(bool nans)
{
    static const double special[] = {0.0,
                                     -0.0,
                                     0.5,
                                     -0.5,
                                     1.0,
                                     -1.0,
                                     1.5,
                                     2.5,
                                     3e9,
                                     -3e9,
                                     2147483647.0,
                                     2147483648.0,
                                     -2147483648.0,
                                     -2147483649.0,
                                     4294967295.5,
                                     4294967296.0,
                                     9223372036854775808.0,
                                     18446744073709551616.0,
                                     4503599627370497.5,
                                     0x1p-1022,
                                     0x1.fffffffffffffp-1,
                                     0x1.fffffffffffffp-127,
                                     0x1p-14,
                                     0x1.fffffep-15,
                                     1e308,
                                     5e-324};
    static const u64 rare[] = {0x7ff0000000000000, 0xfff0000000000000, 0x7ff8000000000000,
                               0xfff8000000012345, 0x7ff0000000000001, 0x0010000000000000,
                               0x000fffffffffffff, 0x7ff8abcdef012345};
    u64 bits;
    double d;
    switch (below(nans ? 7 : 5)) {
    case 0: d = special[below(ARRAY_SIZE(special))]; break;
    case 1: d = (double)(s64)random64() / (double)(1 + (random64() >> below(64))); break;
    case 2: d = (double)(s32)random64() / 8; break;
    case 3: d = (double)((s32)random64() >> below(32)) / 4; break;
    case 4: d = close_to_half(); break;
    case 5: return rare[below(ARRAY_SIZE(rare))];
    default: return random64();
    }
    memcpy(&bits, &d, 8);
    return bits;
}

static u32 random_single(bool nans)
{
    static const u32 edge[] = {0x00800000, 0x3f7fffff, 0x387fffff, 0x38800000};
    static const u32 rare[] = {0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345, 0x7f800001,
                               0x00800000, 0x007fffff, 0x7fdabcde, 0x80000000};
    u64 bits = random_double(nans);
    double d;
    u32 single;
    if (below(8) == 0) return edge[below(ARRAY_SIZE(edge))];
    if (nans && below(6) == 0) return rare[below(ARRAY_SIZE(rare))];
    if (nans && below(6) == 0) return (u32)random64();
    memcpy(&d, &bits, 8);
    float f = (float)d;
    memcpy(&single, &f, 4);
    return single;
}

static u16 random_half(bool nans)
{
    static const u16 special[] = {0,      0x8000, 0x3c00, 0xbc00, 0x3800, 0x4000, 0x7bff, 0xfbff,
                                  0x0400, 0x03ff, 0x0001, 0x8001, 0x7800, 0x1400, 0x3c01, 0x77ff};
    static const u16 rare[] = {0x7c00, 0xfc00, 0x7e00, 0x7e55, 0xfd01, 0x7c01};
    switch (below(nans ? 6 : 4)) {
    case 0: return special[below(ARRAY_SIZE(special))];
    case 1: /* numbers of about the same size */
    case 2: return (u16)((0x3000 + below(0x1000)) | below(2) << 15);
    case 3: return (u16)(below(0x7c00) | below(2) << 15);
    case 4: return rare[below(ARRAY_SIZE(rare))];
    default: return (u16)random64();
    }
}

/* Of random shape; fp: 0 integers, else log2 of the bytes of a float. */
static ir_value random_vector(unsigned fp)
{
    ir_value v = {.d = {random64(), random64()}};
    bool nans = below(3) == 0;
    unsigned shape = fp == 3 ? 3 : fp == 2 ? 2 : below(fp ? 8 : 5);
    switch (shape) {
    case 5:
    case 6:
    case 7:
        for (int n = 0; n < 8; n++) v.h[n] = random_half(nans);
        break;
    case 2:
        for (int n = 0; n < 4; n++) v.s[n] = random_single(nans);
        break;
    case 3:
        for (int n = 0; n < 2; n++) v.d[n] = random_double(nans);
        break;
    case 4: /* elements at their limits */
        for (int n = 0; n < 16; n++)
            if (below(2)) v.b[n] = (u8[]){0, 1, 0x7f, 0x80, 0xff}[below(5)];
        break;
    case 1: /* small elements */
        for (int n = 0; n < 8; n++) v.h[n] = (u16)((s16)v.h[n] >> below(16));
        break;
    case 0:
        if (below(2)) v.d[below(2)] = (u64[]){0, ~UINT64_C(0), 0x8000000080000000}[below(3)];
        break;
    default: break;
    }
    return v;
}

/* --- building --------------------------------------------------------------------------------- */

struct trial {
    u8 op, type, esz, mod;
    s64 imm;
    u8 arg_type[3]; /* IR_VOID: none */
    u8 slot[3];
    ir_value constant[3];
    bool is_constant[3];
    u8 result_type, result_slot;
    bool lives_on; /* operand 0 is used again */
    struct translation code;
};

static unsigned count_args(const struct trial *t)
{
    unsigned n = 0;
    while (n < 3 && t->arg_type[n] != IR_VOID) n++;
    return n;
}

static u8 type_of_size(unsigned esz)
{
    return (u8)(IR_F16 + esz - 1);
}

static u8 type_of_arg(const struct trial *t, char kind)
{
    switch (kind) {
    case 'v': return IR_V128;
    case 'w': return IR_I32;
    case 'i': return t->esz == 3 ? IR_I64 : IR_I32;
    case 'x':
        return t->op == IR_FCVT || t->op == IR_FCVTI || t->op == IR_FJCVTZS ? type_of_size(t->esz)
                                                                            : t->type;
    default: return IR_VOID;
    }
}

static bool is_vector_type(u8 type)
{
    return type >= IR_F16;
}

/* A small number in all elements: what shifts by an immediate have. */
static ir_value splat(unsigned esz, unsigned number)
{
    ir_value v = {.d = {0, 0}};
    for (unsigned n = 0; n < 16; n += 1u << esz) v.b[n] = (u8)number;
    return v;
}

static void choose_operands(struct trial *t)
{
    const char *signature = ir_op_info(t->op)->signature;
    for (unsigned n = 0; n < 3; n++) {
        t->arg_type[n] =
            signature[1] && signature[1 + n] ? type_of_arg(t, signature[1 + n]) : IR_VOID;
        if (!signature[1 + n]) break;
        t->slot[n] = (u8)((is_vector_type(t->arg_type[n]) ? SLOT_V0 : SLOT_X0) + below(4));
        t->is_constant[n] = is_vector_type(t->arg_type[n]) && below(6) == 0;
        t->constant[n] = random_vector(t->esz);
        if (!t->is_constant[n]) continue;
        if (below(3) == 0) t->constant[n] = splat(t->esz, below(3) ? below(8u << t->esz) : 0);
    }
    struct ir_inst i = {.op = t->op, .type = t->type};
    t->result_type = (u8)ir_value_type(&i);
    t->result_slot = t->result_type == IR_FLAGS       ? SLOT_NZCV
                     : is_vector_type(t->result_type) ? (u8)(SLOT_V0 + below(5))
                                                      : (u8)(SLOT_X0 + below(5));
    t->lives_on = below(3) == 0;
}

static ir_ref operand(struct ir_func *f, const struct trial *t, unsigned n)
{
    const ir_value *c = &t->constant[n];
    if (!t->is_constant[n]) return ir_get(f, t->arg_type[n], t->slot[n]);
    if (t->arg_type[n] != IR_V128)
        return ir_const(
            f, t->arg_type[n],
            (s64)(c->d[0] & (UINT64_MAX >> (64 - (8u << (t->arg_type[n] - IR_F16 + 1))))));
    return ir_opx(f, IR_VCONST2, IR_V128, 0, 0, (s64)c->d[0], (u32)c->d[1], (u32)(c->d[1] >> 32),
                  IR_NONE);
}

static bool upper_first; /* gen_options has it */

static enum gen_status build(struct trial *t, u32 features)
{
    struct gen_options options = {.host_features = features, .upper_first = upper_first};
    ir_ref arg[3] = {0};
    arena_reset(&arena);
    struct ir_func *f = ir_new(&arena, 32);
    f->pc = PC;
    ir_begin_block(f, PC);
    ir_append(f, IR_INSN, IR_VOID)->imm = PC;
    for (unsigned n = 0; n < count_args(t); n++) arg[n] = operand(f, t, n);
    ir_ref r = ir_opx(f, t->op, t->type, t->esz, t->mod, t->imm, arg[0], arg[1], arg[2]);
    if (t->lives_on)
        ir_set(f, t->arg_type[0], is_vector_type(t->arg_type[0]) ? SLOT_V0 + 6 : SLOT_X0 + 6,
               arg[0]);
    ir_set(f, t->result_type, t->result_slot, r);
    ir_append(f, IR_EXIT, IR_VOID)->imm = PC + 4;
    ir_end_block(f);
    ir_count_uses(f);
    ir_link_blocks(f);
    return gen_translate(&arena, f, &options, &t->code);
}

/* --- running ---------------------------------------------------------------------------------- */

/* Size of the elements that matter in the operands; 0: none of floating point. */
static unsigned element_of(const struct trial *t)
{
    if (!ir_has(t->op, IR_FL_FP)) return 0;
    if (t->type == IR_F16 && t->op != IR_FCVT) return 1;
    if (t->op == IR_FCVTN) return t->esz + 1u;
    if (t->op == IR_FMLAL) return 1 + below(2);
    return t->type == IR_F32 ? 2 : t->type == IR_F64 ? 3 : t->esz;
}

/*
 * Halves whose fused sum is next to the middle between two others (a's last bit is set, and b * c
 * is 1 - 2^-20 times half of it), or whose product is next to the smallest normal number.
 */
static void set_close(struct guest_state *s, const struct trial *t)
{
    for (unsigned n = 0; n < 8; n++) {
        unsigned exponent = 13 + below(17), sign = below(2) << 15;
        u16 sum[3] = {(u16)(exponent << 10 | below(1024) | 1 | sign), 0x3c01,
                      (u16)((exponent - 12) << 10 | 0x3fe | below(2) << 15)};
        u16 product[2] = {(u16)(0x3c00 + below(2)), (u16)(0x3ff | sign)};
        for (unsigned k = 0; k < count_args(t); k++)
            memcpy(&s->v[t->slot[k] - SLOT_V0][2 * n], t->op == IR_FMA ? &sum[k] : &product[k], 2);
    }
}

static void fill_state(struct guest_state *s, const struct trial *t)
{
    memset(s, 0, sizeof(*s));
    s->helper[HELPER_IR_OP] = (void *)xlat_helper_ir_op;
    for (int n = 0; n < 31; n++) s->x[n] = random64() >> (below(2) ? below(64) : 0);
    for (int n = 0; n < 32; n++) {
        ir_value v = random_vector(element_of(t));
        memcpy(s->v[n], &v, 16);
    }
    bool close = t->op == IR_FMA || t->op == IR_FMUL || t->op == IR_FMULX;
    if (close && element_of(t) == 1 && below(4) == 0) set_close(s, t);
    s->nzcv = nzcv_from_pstate((u32)random64());
    s->fpcr = below(3) ? 0 : below(4) << FPCR_RMODE_SHIFT;
    s->pc = PC;
}

static u64 low_bits(u64 v, u8 type)
{
    return type == IR_F16 ? (u16)v : type == IR_F32 || type == IR_I32 ? (u32)v : v;
}

static ir_value read_slot(const struct guest_state *s, u8 slot, u8 type)
{
    ir_value v = {.d = {0, 0}};
    if (slot < SLOT_V0)
        v.d[0] = s->x[slot];
    else
        memcpy(&v, s->v[slot - SLOT_V0], 16);
    if (type != IR_V128) v = (ir_value){.d = {low_bits(v.d[0], type), 0}};
    return v;
}

static void write_slot(struct guest_state *s, u8 slot, ir_value v)
{
    if (slot == SLOT_NZCV)
        s->nzcv = (u32)v.d[0];
    else if (slot < SLOT_V0)
        s->x[slot] = v.d[0];
    else
        memcpy(s->v[slot - SLOT_V0], &v, 16);
}

/* What the operation is to leave. */
static void refer(const struct trial *t, struct guest_state *s, ir_value arg[3], ir_value *out)
{
    for (unsigned n = 0; n < count_args(t); n++) {
        arg[n] = read_slot(s, t->slot[n], t->arg_type[n]);
        if (t->is_constant[n]) arg[n] = t->constant[n];
        if (t->is_constant[n] && t->arg_type[n] != IR_V128)
            arg[n] = (ir_value){.d = {low_bits(arg[n].d[0], t->arg_type[n]), 0}};
    }
    ir_eval_op(t->op, t->type, t->esz, t->mod, t->imm, &arg[0], &arg[1], &arg[2], s->fpcr, &s->fpsr,
               out);
    if (t->lives_on)
        write_slot(s, is_vector_type(t->arg_type[0]) ? SLOT_V0 + 6 : SLOT_X0 + 6, arg[0]);
    write_slot(s, t->result_slot, *out);
}

static bool same_registers(const struct guest_state *a, const struct guest_state *b)
{
    return !memcmp(a->x, b->x, sizeof(a->x)) && !memcmp(a->v, b->v, sizeof(a->v)) &&
           !((a->nzcv ^ b->nzcv) & NZCV_MASK);
}

static void report(const struct trial *t, const char *what, u32 features, const ir_value arg[3],
                   const ir_value *out, const struct guest_state *ours,
                   const struct guest_state *ref)
{
    ir_value got = read_slot(ours, t->result_slot == SLOT_NZCV ? 0 : t->result_slot, IR_V128);
    printf("%s: %s type %s esz %u mod %u imm %lld features %x fpcr %x\n", what,
           ir_op_info(t->op)->name, ir_type_name(t->type), t->esz, t->mod, (long long)t->imm,
           features, ref->fpcr);
    for (unsigned n = 0; n < count_args(t); n++)
        printf("  slot %u%s: %016llx %016llx\n", t->slot[n], t->is_constant[n] ? " (constant)" : "",
               (unsigned long long)arg[n].d[1], (unsigned long long)arg[n].d[0]);
    printf("  to slot %u: want %016llx %016llx, got %016llx %016llx; fpsr want %x got %x; nzcv %x "
           "%x\n",
           t->result_slot, (unsigned long long)out->d[1], (unsigned long long)out->d[0],
           (unsigned long long)got.d[1], (unsigned long long)got.d[0], ref->fpsr, ours->fpsr,
           ref->nzcv, ours->nzcv);
    reports++;
}

static unsigned traps, runs;

static void run_once(const struct trial *t, u32 features)
{
    static struct guest_state start, ours, ref;
    ir_value arg[3], out;
    fill_state(&start, t);
    ours = ref = start;
    refer(t, &ref, arg, &out);
    struct run_result r = run_code(&t->code, &ours);
    runs++;
    if (r.kind == RUN_LOST) {
        report(t, "lost", features, arg, &out, &ours, &ref);
    } else if (r.kind == RUN_FAULT) {
        if (!(ref.fpsr & FPSR_IOC)) traps++;
        if (r.signo != SIGFPE || !same_registers(&ours, &start) || ours.pc != PC)
            report(t, "state at the trap", features, arg, &out, &ours, &ref);
        else if (ours.fpsr & ~(ref.fpsr | FPSR_IOC))
            report(t, "flags at the trap", features, arg, &out, &ours, &ref);
    } else if (!same_registers(&ours, &ref)) {
        report(t, "result", features, arg, &out, &ours, &ref);
    } else if (ours.fpsr != ref.fpsr) {
        report(t, "flags", features, arg, &out, &ours, &ref);
    }
}

/* --- the walk over all rows ------------------------------------------------------------------- */

static void run_trial(struct trial *t, u32 features)
{
    unsigned cases = (unsigned)test_cases(12);
    for (unsigned shape = 0; shape < 3 && reports < MAX_REPORTS; shape++) {
        choose_operands(t);
        enum gen_status status = build(t, features);
        ck_assert_msg(status == GEN_OK, "%s: status %d", ir_op_info(t->op)->name, status);
        for (unsigned n = 0; n < cases && reports < MAX_REPORTS; n++) run_once(t, features);
    }
}

static s64 last_imm(const struct row *row, unsigned esz)
{
    switch (row->last) {
    case WIDTH: return 8 << esz;
    case WIDTH1: return (8 << esz) - 1;
    case LANES: return (16 >> esz) - 1;
    default: return row->last;
    }
}

static void run_imms(const struct row *row, struct trial *t, u32 features)
{
    if (row->last == LANE_PAIRS) {
        unsigned lanes = 16u >> t->esz;
        for (unsigned n = 0; n < 20; n++) {
            t->imm = below(lanes) | below(lanes) << 4;
            run_trial(t, features);
        }
        return;
    }
    s64 last = last_imm(row, t->esz), step = last - row->first > 33 ? 5 : 1;
    for (t->imm = row->first; t->imm <= last; t->imm += step) run_trial(t, features);
}

static void run_mods(const struct row *row, u8 type, u8 esz, u32 features)
{
    for (unsigned n = 0; n == 0 || row->mods[n] != END; n++) {
        struct trial t = {.op = row->op, .type = type, .esz = esz};
        if (row->mods[n] != END) t.mod = row->mods[n];
        run_imms(row, &t, features);
        if (row->mods[n] == END) break;
    }
}

/* Scalars of same-type operations have no element size. */
static bool fits(const struct row *row, u8 type, unsigned esz)
{
    bool scalar = type == IR_F16 || type == IR_F32 || type == IR_F64;
    bool own_size = row->op == IR_FCVT || row->op == IR_ICVTF;
    if (row->op == IR_VGETS && type == IR_I32 && esz > 2) return false;
    if (row->op == IR_VGET && type == IR_I32 && esz == 3) return false;
    return !scalar || own_size || type == type_of_size(esz) || row->sizes == 1;
}

static void run_row(const struct row *row, u32 features)
{
    static const u8 types[] = {IR_V128, IR_F32, IR_F64, IR_I32, IR_I64, IR_F16};
    traps = runs = 0;
    for (unsigned k = 0; k < ARRAY_SIZE(types); k++)
        for (u8 esz = 0; esz < 4; esz++)
            if (row->types >> k & 1 && row->sizes >> esz & 1 && fits(row, types[k], esz))
                run_mods(row, types[k], esz, features);
    if (getenv("FERRY_TRAPS") && traps)
        printf("%s: %u of %u trapped\n", ir_op_info(row->op)->name, traps, runs);
}

static void run_rows(u32 features)
{
    const char *only = getenv("FERRY_OP");
    seed = test_setting("FERRY_SEED", 1);
    run_code_init();
    arena_init(&arena);
    reports = 0;
    for (size_t n = 0; n < ARRAY_SIZE(rows) && reports < MAX_REPORTS; n++)
        if (!only || !strcmp(only, ir_op_info(rows[n].op)->name)) run_row(&rows[n], features);
    ck_assert_uint_eq(reports, 0);
}

/* Sets of features that processors came with, as far as this host has them. */
static const u32 feature_sets[] = {
    UINT32_MAX,
    0,
    X64_HAS_SSE3 | X64_HAS_SSSE3,
    X64_HAS_SSE3 | X64_HAS_SSSE3 | X64_HAS_SSE41,
    X64_HAS_SSE3 | X64_HAS_SSSE3 | X64_HAS_SSE41 | X64_HAS_SSE42 | X64_HAS_POPCNT | X64_HAS_AES |
        X64_HAS_PCLMUL | X64_HAS_SHA,
    ~(u32)(X64_HAS_FMA | X64_HAS_GFNI | X64_HAS_SHA | X64_HAS_F16C | X64_HAS_AVX512),
    ~(u32)(X64_HAS_GFNI | X64_HAS_AVX512),
};

/* The last time on upper registers. */
START_TEST(each_operation_agrees_with_the_evaluator)
{
    upper_first = _i == (int)ARRAY_SIZE(feature_sets);
    run_rows((upper_first ? UINT32_MAX : feature_sets[_i]) & (u32)xlat_host_features());
}
END_TEST

/* --- operations that are made together -------------------------------------------------------- */

static struct translation build_pair(u8 first, u8 second, u32 features)
{
    struct gen_options options = {.host_features = features, .upper_first = upper_first};
    struct translation tr;
    arena_reset(&arena);
    struct ir_func *f = ir_new(&arena, 32);
    bool rounds = first == IR_SHA256H;
    f->pc = PC;
    ir_begin_block(f, PC);
    ir_append(f, IR_INSN, IR_VOID)->imm = PC;
    ir_ref x = ir_get(f, IR_V128, SLOT_V0), y = ir_get(f, IR_V128, SLOT_V0 + 1);
    ir_ref z = ir_get(f, IR_V128, SLOT_V0 + 2);
    ir_ref a = ir_op3(f, first, IR_V128, x, y, rounds ? z : IR_NONE);
    if (rounds) ir_set(f, IR_V128, SLOT_V0, a);
    ir_append(f, IR_INSN, IR_VOID)->imm = PC + 4;
    ir_ref b = rounds ? ir_op3(f, second, IR_V128, y, x, z) : ir_op1(f, second, IR_V128, a);
    ir_set(f, IR_V128, SLOT_V0 + 1, b);
    ir_append(f, IR_EXIT, IR_VOID)->imm = PC + 8;
    ir_end_block(f);
    ir_count_uses(f);
    ir_link_blocks(f);
    ck_assert_int_eq(gen_translate(&arena, f, &options, &tr), GEN_OK);
    return tr;
}

static void check_pair(u8 first, u8 second, u32 features)
{
    static struct guest_state ours, ref;
    struct trial none = {.op = first};
    u32 fpsr = 0;
    struct translation tr = build_pair(first, second, features);
    for (unsigned n = 0; n < 20; n++) {
        ir_value v[3], a, b;
        fill_state(&ours, &none);
        memcpy(v, ours.v, sizeof(v));
        ref = ours;
        ir_eval_op(first, IR_V128, 0, 0, 0, &v[0], &v[1], &v[2], 0, &fpsr, &a);
        if (first == IR_SHA256H) {
            write_slot(&ref, SLOT_V0, a);
            ir_eval_op(second, IR_V128, 0, 0, 0, &v[1], &v[0], &v[2], 0, &fpsr, &b);
        } else {
            ir_eval_op(second, IR_V128, 0, 0, 0, &a, NULL, NULL, 0, &fpsr, &b);
        }
        write_slot(&ref, SLOT_V0 + 1, b);
        ck_assert_int_eq(run_code(&tr, &ours).kind, RUN_EXIT);
        ck_assert_msg(same_registers(&ours, &ref), "%s", ir_op_info(first)->name);
    }
}

START_TEST(pairs_of_operations_agree)
{
    u32 features = feature_sets[_i] & (u32)xlat_host_features();
    run_code_init();
    arena_init(&arena);
    check_pair(IR_AESE, IR_AESMC, features);
    check_pair(IR_AESD, IR_AESIMC, features);
    check_pair(IR_SHA256H, IR_SHA256H2, features);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("gen_vector");
    TCase *tc = tcase_create("gen_vector");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, each_operation_agrees_with_the_evaluator, 0,
                        (int)ARRAY_SIZE(feature_sets) + 1);
    tcase_add_loop_test(tc, pairs_of_operations_agree, 0, (int)ARRAY_SIZE(feature_sets));
    suite_add_tcase(suite, tc);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
