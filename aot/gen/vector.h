/*
 * Private to the selection of vector, floating-point and cryptography operations.
 *
 * Registers. XMM0 and XMM1 are scratch. With three operands and a result in temps no further temp
 * is sure to exist; with two operands one is, with one operand two are.
 *
 * An emit function works in scratch and writes its result's register last, because that may be
 * any operand's register. vec_op2 and its kin take care of the last step: in the legacy form, when
 * dst is the second source of an operation that cannot swap, the work is done in scratch (the
 * first source if that is scratch, else XMM0) and moved.
 */
#ifndef AOT_GEN_VECTOR_H
#define AOT_GEN_VECTOR_H

#include "aot/gen/upper.h"

/* The host has the operation in the form in use. */
bool vec_can(const struct gen *g, enum x64_vec op);

/* dst = op(a); dst = op(a, imm) */
static inline void vec_op1(struct gen *g, enum x64_vec op, unsigned dst, unsigned a)
{
    gen_vec_rr(g, op, dst, a);
}

static inline void vec_imm(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned imm)
{
    gen_vec_rri(g, op, dst, a, (u8)imm);
}

static inline void vec_move(struct gen *g, unsigned dst, unsigned src)
{
    if (dst != src) vec_op1(g, X64_MOVAPS, dst, src);
}

static inline void vec_zero(struct gen *g, unsigned dst)
{
    gen_vec_rrr(g, X64_PXOR, dst, dst, dst);
}

static inline void vec_ones(struct gen *g, unsigned dst)
{
    gen_vec_ones(g, dst);
}

/* dst = op(a, b), any coincidence of registers; and with an immediate. */
void vec_op2(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b);
void vec_op2i(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b, unsigned imm);

/* dst = op(a, constant hi:lo) */
void vec_op2c(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, u64 lo, u64 hi);

/* dst = by bits, what the table says (bit 4a + 2b + c of it); where struct gen.upper is set. */
void vec_ternary(struct gen *g, unsigned dst, unsigned a, unsigned b, unsigned c, u8 table);

/* dst = constant hi:lo */
void vec_load(struct gen *g, unsigned dst, u64 lo, u64 hi);

/* The low bits of value in each element of esz of 64 bits. */
u64 vec_splat(unsigned esz, u64 value);

/* The most negative element, in all lanes of 64 bits. */
u64 vec_top_bits(unsigned esz);

/* XMM0 = a > b, unsigned. XMM1 is used; a is not XMM1, b neither. */
void vec_greater_unsigned(struct gen *g, unsigned esz, unsigned a, unsigned b);

/* True when r is a vector or floating-point constant. */
bool vec_const(const struct gen *g, ir_ref r, u64 *lo, u64 *hi);

/* dst = a shifted by imm: X64_SHL, SHR or SAR of elements; 0 to width. May use XMM1; dst may be
 * XMM0 or a's register, a is not XMM1 when dst is not. */
void vec_shift(struct gen *g, enum x64_shift kind, unsigned esz, unsigned dst, unsigned a,
               unsigned imm);

/* dst = b where the mask's element signs are set, else a: elements of esz 2 or 3. mask is XMM0, dst
 * apart from it unless AVX. Needs SSE4.1. */
void vec_select(struct gen *g, unsigned esz, unsigned dst, unsigned a, unsigned b, unsigned mask);

/* dst = all ones where an element of esz 3 is negative. dst may be a. */
void vec_sign64(struct gen *g, unsigned dst, unsigned a);

struct vec_args {
    unsigned a, b, c, dst;
};

/* Steps 1 to 3 of the protocol for vector operands and result; unused fields are NO_REG. */
struct vec_args vec_args(struct gen *g, ir_ref r, const struct ir_inst *i);

/* The whole of r = op(a, b), where an operand is in memory; false: none is. */
bool vec_op2_memory(struct gen *g, ir_ref r, const struct ir_inst *i, enum x64_vec op,
                    bool commutes);

/* An operand of something that can have it in memory: in m if reg is NO_REG. */
struct vec_source {
    unsigned reg;
    struct x64_mem m;
};

/* Step 1 of the protocol for such an operand. */
struct vec_source vec_source(struct gen *g, ir_ref r);

/* dst = op(a); dst = op(a, imm); dst = op(a, b) */
void vec_op1_of(struct gen *g, enum x64_vec op, unsigned dst, struct vec_source a);
void vec_imm_of(struct gen *g, enum x64_vec op, unsigned dst, struct vec_source a, unsigned imm);
void vec_op2_of(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, struct vec_source b);

/* How many temps gen_temp_xmm can still give. */
unsigned vec_temps_left(const struct gen *g);

/* --- what emit functions leave to other files ------------------------------------------------- */

/* vector_int.c */
gen_fn vec_mul, vec_min_max, vec_compare_equal64, vec_compare_greater64, vec_saturating_add;

/* vector_saturate.c */
gen_fn vec_round_shift_by_vector64;

/* float_half.c: operations on halves */
gen_fn float_half;

/* vector_move.c */

/* The load and the operation behind it, if that puts what is loaded into lanes; false: it doesn't,
 * and nothing was done. */
bool vec_load_lane(struct gen *g, ir_ref r, const struct ir_inst *i);

/* --- rounds of SHA without the host's instructions (crypto_rounds.c) -------------------------- */

/* Four rounds; then the halves of the result: a to d first. EFLAGS are used, and temps. */
void crypto_sha256_rounds(struct gen *g, unsigned abcd, unsigned efgh, unsigned w);
void crypto_sha256_result(struct gen *g, unsigned dst, bool first);

/* SHA256SU0, SHA256SU1; SHA1C, SHA1P, SHA1M as function 0, 1, 2. The first two need SSSE3. */
void crypto_sha256_schedule0(struct gen *g, struct vec_args v);
void crypto_sha256_schedule1(struct gen *g, struct vec_args v);
void crypto_sha1_rounds(struct gen *g, unsigned function, struct vec_args v);

/* --- floating point (float.c) ----------------------------------------------------------------- */

/*
 * Invalid operation traps: the runtime then does the whole guest instruction again in the
 * evaluator, from the frame state at the host instruction. So each host instruction that may raise
 * it comes right behind a fault point, before anything was written to a pinned register, and must
 * raise no other flag that the guest's instruction would not. Whatever the host's units get wrong
 * is made to raise it too. (The runtime drops the host's own IE flag at the trap: the evaluator
 * says whether the guest's is raised.)
 *
 * Under fp_flush denormal operands, tiny results and inexact ones trap the same way: float_flush.c.
 */

/* Forms of an operation, as indices of tables {PS, PD, SS, SD}. */
enum float_form { FORM_PS, FORM_PD, FORM_SS, FORM_SD, FORM_NONE };

/* The form for elements or scalars of 2^esz bytes: FORM_NONE for halves. */
static inline enum float_form float_form_of(bool scalar, unsigned esz)
{
    return esz == 2   ? scalar ? FORM_SS : FORM_PS
           : esz == 3 ? scalar ? FORM_SD : FORM_PD
                      : FORM_NONE;
}

/* The form of an instruction whose type is its operands'. */
enum float_form float_form(const struct ir_inst *i);

/* dst = op(a, b) behind a fault point. dst may be pinned and any operand's register. */
void float_op2(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b);
void float_op2i(struct gen *g, enum x64_vec op, unsigned dst, unsigned a, unsigned b, unsigned imm);
/* dst = op(a, constant), the bits in each element of the form (of a scalar: in the lowest). */
void float_op2c(struct gen *g, enum x64_vec op, enum float_form f, unsigned dst, unsigned a,
                u64 bits);
/* The same, for what raises nothing. */
void float_logic(struct gen *g, enum x64_vec op, enum float_form f, unsigned dst, unsigned a,
                 u64 bits);

/* dst = the compare of a with a constant by the host's predicate, behind a fault point: a mask, of
 * a scalar in the lowest element. */
void float_compare_c(struct gen *g, enum float_form f, unsigned dst, unsigned a, u64 bits,
                     unsigned predicate);

/* Traps when an element of the form in reg is a NaN, or a mask of all ones. XMM1 is used. */
void float_check_nan(struct gen *g, enum float_form f, unsigned reg);

/* The sign bit, and the bits of a power of two, in the form's format. */
u64 float_sign(enum float_form f);
u64 float_power(enum float_form f, int exponent);

/* Traps when a result in reg, which is in no pinned register yet, is plus or minus the smallest
 * normal number: it may have been tiny before rounding. XMM1 is used. */
void float_check_tiny(struct gen *g, enum float_form f, unsigned reg);

/* Raises invalid operation. XMM1 is used. */
void float_deoptimise(struct gen *g);

/* dst = the doubles of a, rounded to odd with single's precision. XMM1 is used, may be dst. */
void float_round_to_odd(struct gen *g, unsigned dst, unsigned a);

/* The four singles in reg, scratch or a temp, to halves in its low 64 bits. XMM1 is used by the
 * first, which traps where a result may have been tiny before rounding. Needs F16C. */
void float_to_half(struct gen *g, unsigned reg);
void float_to_half_exact(struct gen *g, unsigned reg); /* for what can't round to normal */

/* Halves can be converted. */
bool float_can_half(const struct gen *g);

/* dst, scratch or a temp, = the half in a as a single, zeros above; narrow: a has zeros above. */
void float_half_to_single(struct gen *g, unsigned dst, unsigned a, bool narrow);

/* dst = a rounded to integral values by an FRINT's mod (away: without the inexact flag). XMM0 and
 * XMM1 are used; a is neither when the rounding is away. dst may be pinned. Needs SSE4.1. */
void float_round_value(struct gen *g, enum float_form f, unsigned mod, unsigned dst, unsigned a);

/*
 * Under fp_flush (float_flush.c), else nothing. Traps when an element of an operand is denormal or
 * a NaN; XMM1, which b is not, is used.
 */
void float_flush_operands(struct gen *g, enum float_form f, unsigned a, unsigned b);
void float_flush_operand_m(struct gen *g, enum float_form f, unsigned a, struct x64_mem m);

/* A fault point for what may be inexact, which traps in this mode alone. */
void float_flush_point(struct gen *g);

/* Bits above the scalar r are known to be zero. */
static inline bool float_is_narrow(const struct gen *g, ir_ref r)
{
    return g->val[r].narrow || g->val[r].place == VAL_CONST;
}

#endif
