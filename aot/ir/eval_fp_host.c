/*
 * The common case of addition, subtraction, multiplication, division and square root in single and
 * double precision, by the host's units.
 *
 * Taken only when every operand lane is normal (or zero, where that can't be an exception of its
 * own) and every result lane is normal, not with the smallest exponent: then result and inexact
 * flag are the same under every FPCR, as nothing is a NaN, is flushed, overflows, or is tiny before
 * or after rounding. All else, zero results and their signs included, is the soft-float core's.
 */
#include "aot/ir/eval_fp.h"

#if defined(__x86_64__)

#include <emmintrin.h>

typedef u32 (*host_fn)(u32 mode, __m128i *x, __m128i y);

/* x = x op y under `mode`, an MXCSR; gives the MXCSR after it and puts the caller's back. One asm
 * block, so that the compiler can't move the operation out of it. */
#define HOST(mnemonic)                                                                             \
    static u32 host_##mnemonic(u32 mode, __m128i *x, __m128i y)                                    \
    {                                                                                              \
        u32 saved, after;                                                                          \
                                                                                                   \
        __asm__ volatile("stmxcsr %[saved]\n\t"                                                    \
                         "ldmxcsr %[mode]\n\t" #mnemonic " %[y], %[x]\n\t"                         \
                         "stmxcsr %[after]\n\t"                                                    \
                         "ldmxcsr %[saved]"                                                        \
                         : [x] "+x"(*x), [saved] "=m"(saved), [after] "=m"(after)                  \
                         : [y] "x"(y), [mode] "m"(mode));                                          \
        return after;                                                                              \
    }

#define HOST_FORMS(op) HOST(op##ss) HOST(op##sd) HOST(op##ps) HOST(op##pd)

HOST_FORMS(add)
HOST_FORMS(sub)
HOST_FORMS(mul)
HOST_FORMS(div)
HOST_FORMS(sqrt)

/* By operation; then scalar or vector; then single or double. */
static const host_fn host_forms[][2][2] = {
    [EVAL_HOST_ADD] = {{host_addss, host_addsd}, {host_addps, host_addpd}},
    [EVAL_HOST_SUB] = {{host_subss, host_subsd}, {host_subps, host_subpd}},
    [EVAL_HOST_MUL] = {{host_mulss, host_mulsd}, {host_mulps, host_mulpd}},
    [EVAL_HOST_DIV] = {{host_divss, host_divsd}, {host_divps, host_divpd}},
    [EVAL_HOST_SQRT] = {{host_sqrtss, host_sqrtsd}, {host_sqrtps, host_sqrtpd}},
};

/* True when each lane is a number whose exponent field is at least `least`, or an allowed zero. */
static bool lanes_are_normal(const ir_value *v, unsigned esz, unsigned lanes, u64 least, bool zero)
{
    const struct fp_format *f = &fp_formats[esz];
    u64 top = (UINT64_C(1) << f->expw) - 1;

    for (unsigned i = 0; i < lanes; i++) {
        u64 bits = eval_get(v, esz, i), exp = bits >> f->frac & top;

        if ((exp < least || exp == top) && !(zero && (bits & ~fp_sign_bit(esz)) == 0)) return false;
    }
    return true;
}

bool eval_fp_host(enum eval_host operation, struct eval_op *o, const ir_value *a, const ir_value *b,
                  ir_value *out)
{
    bool vector = o->type == IR_V128;
    bool zero = operation != EVAL_HOST_DIV && operation != EVAL_HOST_SQRT;
    unsigned lanes = vector ? 16u >> o->esz : 1;
    const ir_value *y = operation == EVAL_HOST_SQRT ? a : b;
    ir_value r;
    __m128i x;
    u32 after;

    if (o->esz < 2 || !lanes_are_normal(a, o->esz, lanes, 1, zero) ||
        !lanes_are_normal(y, o->esz, lanes, 1, zero))
        return false;
    x = _mm_load_si128((const __m128i *)a);
    after = host_forms[operation][vector][o->esz == 3](fp_mxcsr(o->fpcr) | MXCSR_ALL_MASKED, &x,
                                                       _mm_load_si128((const __m128i *)y));
    _mm_store_si128((__m128i *)&r, x);
    if ((fp_fpsr_of_mxcsr(after) & ~FPSR_IXC) || !lanes_are_normal(&r, o->esz, lanes, 2, false))
        return false;
    o->flags |= fp_fpsr_of_mxcsr(after);
    if (!vector) x = o->esz == 3 ? _mm_move_epi64(x) : _mm_and_si128(x, _mm_cvtsi32_si128(-1));
    _mm_store_si128((__m128i *)out, x);
    return true;
}

#else

bool eval_fp_host(enum eval_host operation, struct eval_op *o, const ir_value *a, const ir_value *b,
                  ir_value *out)
{
    (void)operation, (void)o, (void)a, (void)b, (void)out;
    return false;
}

#endif
