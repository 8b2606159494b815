/*
 * Corners of floating point, derived by hand from the architecture manual's pseudocode; and the
 * mapping of FPCR and FPSR to the host's MXCSR. The bulk of ir_eval_op is compared with other
 * implementations in eval_vec.
 */
#include "aot/abi/fp_state.h"
#include "aot/abi/vector_op.h"
#include "aot/ir/eval.h"
#include "aot/xlat.h"
#include "tests/lib/check.h"

#include <string.h>
#include <xmmintrin.h>

enum {
    IOC = FPSR_IOC,
    DZC = FPSR_DZC,
    OFC = FPSR_OFC,
    UFC = FPSR_UFC,
    IXC = FPSR_IXC,
    IDC = FPSR_IDC,
    UP = 1 << FPCR_RMODE_SHIFT,
    DOWN = 2 << FPCR_RMODE_SHIFT,
    ZERO = 3 << FPCR_RMODE_SHIFT
};

struct corner {
    u8 op, type, esz, mod;
    u32 fpcr;
    u64 a, b, c;
    u64 result;
    u32 flags;
};

#define F64(op, mod, fpcr, a, b, c, result, flags)                                                 \
    {                                                                                              \
        IR_##op, IR_F64, 3, mod, fpcr, a, b, c, result, flags                                      \
    }
#define F32(op, mod, fpcr, a, b, c, result, flags)                                                 \
    {                                                                                              \
        IR_##op, IR_F32, 2, mod, fpcr, a, b, c, result, flags                                      \
    }
#define F16(op, mod, fpcr, a, b, c, result, flags)                                                 \
    {                                                                                              \
        IR_##op, IR_F16, 1, mod, fpcr, a, b, c, result, flags                                      \
    }

static void check_all(const struct corner *corners, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct corner *t = &corners[i];
        ir_value a = {.d = {t->a}}, b = {.d = {t->b}}, c = {.d = {t->c}}, r;
        u32 flags = 0;

        ir_eval_op(t->op, t->type, t->esz, t->mod, 0, &a, &b, &c, t->fpcr, &flags, &r);
        ck_assert_msg(r.d[0] == t->result && r.d[1] == 0 && flags == t->flags,
                      "corner %zu: got %016llx, flags %02x", i, (unsigned long long)r.d[0], flags);
    }
}

/* clang-format off */
START_TEST(nans)
{
    static const struct corner corners[] = {
        /* the first signaling one wins over an earlier quiet one, and is quieted */
        F32(FADD, 0, 0, 0x7fc00001, 0xffa00002, 0, 0xffe00002, IOC),
        F32(FADD, 0, 0, 0x7fc00001, 0xffc00002, 0, 0x7fc00001, 0),
        F32(FSUB, 0, 0, 0x3f800000, 0x7fc00002, 0, 0x7fc00002, 0),
        F32(FADD, 0, FPCR_DN, 0xffc00001, 0, 0, 0x7fc00000, 0),
        F32(FADD, 0, 0, 0x7f800000, 0xff800000, 0, 0x7fc00000, IOC),
        F32(FSUB, 0, 0, 0x7f800000, 0x7f800000, 0, 0x7fc00000, IOC),
        F32(FABD, 0, 0, 0xffc00001, 0, 0, 0x7fc00001, 0),
        /* infinity times zero plus a NaN: quiet gives the default NaN, signaling itself */
        F32(FMA, 0, 0, 0xffc00005, 0x7f800000, 0, 0x7fc00000, IOC),
        F32(FMA, 0, 0, 0xff800005, 0x7f800000, 0, 0xffc00005, IOC),
        F32(FMA, 0, 0, 0x7fc00003, 0x7fc00001, 0x7fc00002, 0x7fc00003, 0),
        /* a negated operand's NaN is negated */
        F32(FMA, 1, 0, 0, 0x7fc00001, 0, 0xffc00001, 0),
        F32(FMA, 2, 0, 0x7fc00001, 0, 0, 0xffc00001, 0),
        F32(FRECPS, 0, 0, 0x7fc00001, 0, 0, 0xffc00001, 0),
        F64(FSQRT, 0, 0, UINT64_C(0xbff0000000000000), 0, 0, UINT64_C(0x7ff8000000000000), IOC),
        F64(FSQRT, 0, 0, UINT64_C(0x8000000000000000), 0, 0, UINT64_C(0x8000000000000000), 0),
        /* conversions keep the top of the payload */
        {IR_FCVT, IR_F32, 3, 0, 0, UINT64_C(0xfff4000020000000), 0, 0, 0xffe00001, IOC},
        {IR_FCVT, IR_F64, 2, 0, 0, 0x7f800001, 0, 0, UINT64_C(0x7ff8000020000000), IOC},
        {IR_FCVT, IR_F16, 2, 0, FPCR_AHP, 0xffc00000, 0, 0, 0x8000, IOC},
        {IR_FCVT, IR_F16, 2, 0, FPCR_AHP, 0xff800000, 0, 0, 0xffff, IOC},
        {IR_FCVT, IR_F32, 1, 0, FPCR_AHP, 0x7c01, 0, 0, 0x47802000, 0},
    };

    check_all(corners, ARRAY_SIZE(corners));
}
END_TEST

START_TEST(minimum_and_maximum)
{
    static const struct corner corners[] = {
        F32(FMIN, 0, 0, 0, 0x80000000, 0, 0x80000000, 0),
        F32(FMAX, 0, 0, 0x80000000, 0, 0, 0, 0),
        F32(FMIN, 0, 0, 0x7fc00001, 0xff800000, 0, 0x7fc00001, 0),
        F32(FMINNM, 0, 0, 0x7fc00001, 0x40000000, 0, 0x40000000, 0),
        F32(FMAXNM, 0, 0, 0xff800000, 0x7fc00001, 0, 0xff800000, 0),
        F32(FMAXNM, 0, 0, 0x7fc00001, 0x7f800001, 0, 0x7fc00001, IOC),
        F32(FMINNM, 0, 0, 0x7fc00001, 0xffc00002, 0, 0x7fc00001, 0),
        /* a flushed denormal is a zero, and FZ doesn't concern halves */
        F32(FMAX, 0, FPCR_FZ, 0x00000001, 0xbf800000, 0, 0, IDC),
        F16(FMAX, 0, FPCR_FZ, 0x0001, 0xbc00, 0, 0x0001, 0),
        F16(FMAX, 0, FPCR_FZ16, 0x0001, 0xbc00, 0, 0, 0),
    };

    check_all(corners, ARRAY_SIZE(corners));
}
END_TEST

START_TEST(rounding_and_range)
{
    static const struct corner corners[] = {
        /* exact zero sums */
        F64(FADD, 0, DOWN, UINT64_C(0x3ff0000000000000), UINT64_C(0xbff0000000000000), 0,
            UINT64_C(0x8000000000000000), 0),
        F64(FADD, 0, ZERO, UINT64_C(0x3ff0000000000000), UINT64_C(0xbff0000000000000), 0, 0, 0),
        F64(FADD, 0, 0, UINT64_C(0x8000000000000000), UINT64_C(0x8000000000000000), 0,
            UINT64_C(0x8000000000000000), 0),
        /* overflow by mode */
        F32(FMUL, 0, 0, 0x7f000000, 0x7f000000, 0, 0x7f800000, OFC | IXC),
        F32(FMUL, 0, ZERO, 0x7f000000, 0xff000000, 0, 0xff7fffff, OFC | IXC),
        F32(FMUL, 0, UP, 0x7f000000, 0xff000000, 0, 0xff7fffff, OFC | IXC),
        F32(FADD, 0, UP, 0x7f7fffff, 0x00000001, 0, 0x7f800000, OFC | IXC),
        /* tiny before rounding, the smallest normal number after it: underflow */
        F32(FMUL, 0, 0, 0x3f7fffff, 0x00800000, 0, 0x00800000, UFC | IXC),
        F32(FMUL, 0, FPCR_FZ, 0x3f7fffff, 0x00800000, 0, 0, UFC),
        F32(FMUL, 0, FPCR_FZ, 0xbf000000, 0x00800000, 0, 0x80000000, UFC),
        F32(FMUL, 0, 0, 0x3f000000, 0x00800000, 0, 0x00400000, 0),
        F32(FADD, 0, FPCR_FZ, 0x00000001, 0x3f800000, 0, 0x3f800000, IDC),
        F32(FDIV, 0, 0, 0x3f800000, 0x80000000, 0, 0xff800000, DZC),
        F32(FDIV, 0, 0, 0, 0x80000000, 0, 0x7fc00000, IOC),
        F32(FDIV, 0, FPCR_FZ, 0x3f800000, 0x00000001, 0, 0x7f800000, DZC | IDC),
        F32(FMULX, 0, 0, 0x80000000, 0x7f800000, 0, 0xc0000000, 0),
        /* one rounding: 1 + 2^-24 + 2^-25 style ties broken by the product's tail */
        F32(FMA, 0, 0, 0x3f800000, 0x33800000, 0x3f800001, 0x3f800001, IXC),
        F32(FMA, 0, 0, 0x3f800000, 0x33800000, 0x3f800000, 0x3f800000, IXC),
        F16(FADD, 0, 0, 0x7bff, 0x4c00, 0, 0x7c00, OFC | IXC),
        F16(FMUL, 0, FPCR_FZ16, 0x0400, 0x3800, 0, 0, UFC),
        /* to half, and round to odd */
        {IR_FCVT, IR_F16, 3, 0, 0, UINT64_C(0x3ff0020000000001), 0, 0, 0x3c01, IXC},
        {IR_FCVT, IR_F16, 2, 0, FPCR_FZ16, 0x33800000, 0, 0, 0x0001, 0},
        {IR_FCVTN, IR_V128, 2, 1, 0, UINT64_C(0x3ff0000000000001), 0, 0, 0x3f800001, IXC},
        {IR_FCVTN, IR_V128, 2, 1, 0, UINT64_C(0x7fefffffffffffff), 0, 0, 0x7f7fffff, OFC | IXC},
    };

    check_all(corners, ARRAY_SIZE(corners));
}
END_TEST

START_TEST(integers)
{
    static const struct corner corners[] = {
        {IR_FCVTI, IR_I32, 3, IR_ROUND_ZERO, 0, UINT64_C(0x41e0000000000000), 0, 0, 0x7fffffff, IOC},
        {IR_FCVTI, IR_I32, 3, IR_ROUND_ZERO, 0, UINT64_C(0xc1e0000000100000), 0, 0, 0x80000000, IXC},
        {IR_FCVTI, IR_I32, 3, IR_ROUND_ZERO | 8, 0, UINT64_C(0xbfe0000000000000), 0, 0, 0, IXC},
        {IR_FCVTI, IR_I32, 3, IR_ROUND_ZERO | 8, 0, UINT64_C(0xbff0000000000000), 0, 0, 0, IOC},
        {IR_FCVTI, IR_I64, 3, IR_ROUND_ZERO, 0, UINT64_C(0x7ff8000000000000), 0, 0, 0, IOC},
        {IR_FCVTI, IR_I64, 2, IR_ROUND_AWAY, 0, 0xc0200000, 0, 0, (u64)-3, IXC},
        {IR_FCVTI, IR_I64, 2, IR_ROUND_NEAREST, 0, 0xc0200000, 0, 0, (u64)-2, IXC},
        {IR_FJCVTZS, IR_I32, 3, 0, 0, UINT64_C(0x41f0000000100000), 0, 0, 1, IOC},
        {IR_FJCVTZS, IR_I32, 3, 0, 0, UINT64_C(0xc1f0000000100000), 0, 0, 0xffffffff, IOC},
        {IR_FJCVTZS, IR_I32, 3, 0, 0, UINT64_C(0x7ff0000000000000), 0, 0, 0, IOC},
        {IR_ICVTF, IR_F32, 3, 8, UP, UINT64_C(0xffffffffffffffff), 0, 0, 0x5f800000, IXC},
        F32(FRINT, IR_ROUND_NEAREST, 0, 0xbf000000, 0, 0, 0x80000000, 0),
        F32(FRINT, IR_ROUND_FPCR | 8, UP, 0x3f000000, 0, 0, 0x3f800000, IXC),
        F32(FRINTN, 2, 0, 0x4f000000, 0, 0, 0xcf000000, IOC),
    };

    check_all(corners, ARRAY_SIZE(corners));
}
END_TEST

START_TEST(estimates)
{
    static const struct corner corners[] = {
        F32(FRECPE, 0, 0, 0x3f800000, 0, 0, 0x3f7f8000, 0),
        F32(FRECPE, 0, 0, 0x80000000, 0, 0, 0xff800000, DZC),
        F32(FRECPE, 0, ZERO, 0x00000001, 0, 0, 0x7f7fffff, OFC | IXC),
        F32(FRECPE, 0, FPCR_FZ, 0x7e800000, 0, 0, 0, UFC),
        F32(FRSQRTE, 0, 0, 0x3f800000, 0, 0, 0x3f7f8000, 0),
        F32(FRSQRTE, 0, 0, 0xbf800000, 0, 0, 0x7fc00000, IOC),
        F32(FRECPX, 0, 0, 0x80000001, 0, 0, 0xff000000, 0),
        F32(FRECPX, 0, 0, 0x7f800000, 0, 0, 0, 0),
        F32(FRECPS, 0, 0, 0x7f800000, 0, 0, 0x40000000, 0),
        F32(FRSQRTS, 0, 0, 0x7f800000, 0, 0, 0x3fc00000, 0),
        F32(FRECPS, 0, DOWN, 0x3f800000, 0x40000000, 0, 0x80000000, 0),
    };

    check_all(corners, ARRAY_SIZE(corners));
}
END_TEST
/* clang-format on */

START_TEST(status_and_control)
{
    u8 qc[16] = {0};
    u32 fpsr = FPSR_IDC, fpcr = 0, mxcsr = 0;

    ck_assert_uint_eq(fp_mxcsr(0), 0x1f00);
    ck_assert_uint_eq(fp_mxcsr(UP), 0x5f00);
    ck_assert_uint_eq(fp_mxcsr(DOWN), 0x3f00);
    ck_assert_uint_eq(fp_mxcsr(ZERO | FPCR_DN), 0x7f00);
    ck_assert_uint_eq(fp_fpsr_of_mxcsr(0x1f80 | 0x3d), IOC | DZC | OFC | UFC | IXC);
    ck_assert_uint_eq(fp_fpsr_of_mxcsr(0x1f80 | 0x02), 0);
    ck_assert_uint_eq(fp_read_fpsr(fpsr, 0x1f24, qc), IDC | DZC | IXC);
    qc[13] = 4;
    ck_assert_uint_eq(fp_read_fpsr(fpsr, 0x1f00, qc), IDC | FPSR_QC);

    mxcsr = 0x5f3f;
    fp_write_fpsr(0xffffffff & ~FPSR_QC, &fpsr, &mxcsr, qc);
    ck_assert_uint_eq(fpsr, FPSR_FLAGS);
    ck_assert_uint_eq(mxcsr, 0x5f00);
    ck_assert_uint_eq(fp_read_fpsr(fpsr, mxcsr, qc), FPSR_FLAGS);
    fp_write_fpsr(FPSR_QC, &fpsr, &mxcsr, qc);
    ck_assert_uint_eq(fp_read_fpsr(fpsr, mxcsr, qc), FPSR_QC);

    mxcsr = 0x1f21;
    fp_write_fpcr(0xffffffff, &fpcr, &mxcsr);
    ck_assert_uint_eq(fpcr, 0x07c80000);
    ck_assert_uint_eq(mxcsr, 0x7f21);
}
END_TEST

/* The helper keeps MXCSR, sticky flags and the unmasked exception included. */
START_TEST(helper)
{
    static struct guest_state state;
    const u32 live = fp_mxcsr(DOWN) | 0x20;
    u32 saved = _mm_getcsr(), after;
    const double zero = 0;

    memset(&state, 0, sizeof(state));
    state.fpsr = FPSR_OFC;
    memcpy(state.vscratch[0], &zero, sizeof(zero));
    memcpy(state.vscratch[1], &zero, sizeof(zero));
    memset(state.vscratch[0] + 8, 0xff, 8);
    _mm_setcsr(live);
    xlat_helper_ir_op(&state, vector_op_descriptor(IR_FDIV, IR_F64, 3, 0), 0);
    after = _mm_getcsr();
    _mm_setcsr(saved);
    ck_assert_uint_eq(after, live);
    ck_assert_uint_eq(state.fpsr, FPSR_OFC | FPSR_IOC);
    ck_assert_mem_eq(state.vscratch[0], "\0\0\0\0\0\0\xf8\x7f\0\0\0\0\0\0\0", 16);
}
END_TEST

int main(void)
{
    Suite *s = suite_create("eval_fp");
    TCase *t = tcase_create("corners");
    SRunner *r;
    int failed;

    tcase_add_test(t, nans);
    tcase_add_test(t, minimum_and_maximum);
    tcase_add_test(t, rounding_and_range);
    tcase_add_test(t, integers);
    tcase_add_test(t, estimates);
    tcase_add_test(t, status_and_control);
    tcase_add_test(t, helper);
    suite_add_tcase(s, t);
    r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
