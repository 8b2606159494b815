/*
 * Private to the generator: which function emits an operation, by the functions' files. What isn't
 * here is left to the evaluator, by a helper. One list for all, as each pointer of a table has to
 * be relocated at each start of a program.
 */
#ifndef AOT_GEN_EMITTERS_H
#define AOT_GEN_EMITTERS_H

/* X(operation, function) */
/* clang-format off */
#define GEN_EMITTERS(X)                                                                           \
    /* state.c */                                                                                 \
    X(CONST, emit_constant) X(VCONST2, emit_constant) X(GADDR, emit_address) X(GET, emit_get)     \
    X(SET, emit_set) X(FTOI, emit_float_bits) X(ITOF, emit_float_of_bits)                         \
    X(VTOF, emit_float_of_vector) X(FTOV, emit_vector_of_float)                                   \
    /* int.c */                                                                                   \
    X(ADD, emit_add) X(SUB, emit_sub) X(ADC, emit_add_carry) X(SBC, emit_add_carry)               \
    X(MUL, emit_multiply) X(MULHU, emit_multiply_high) X(MULHS, emit_multiply_high)               \
    X(UDIV, emit_divide) X(SDIV, emit_divide) X(NEG, emit_unary) X(ABS, emit_absolute)            \
    X(NOT, emit_unary) X(AND, emit_logic) X(OR, emit_logic) X(XOR, emit_logic)                    \
    X(ANDN, emit_logic_not) X(ORN, emit_logic_not) X(SHL, emit_shift) X(SHR, emit_shift)          \
    X(SAR, emit_shift) X(ROR, emit_shift) X(EXTR, emit_extract) X(SEXT, emit_sign_extension)      \
    X(ZEXT, emit_zero_extension) X(TRUNC, emit_truncation) X(SELECT, emit_selection)              \
    X(CRC32, emit_checksum) X(BINT, emit_bool_to_int)                                             \
    /* bits.c */                                                                                  \
    X(CLZ, gen_leading_zeros) X(CTZ, gen_trailing_zeros) X(CLS, gen_leading_zeros)                \
    X(RBIT, gen_reverse_bits) X(BSWAP, gen_swap_bytes)                                            \
    /* flags.c */                                                                                 \
    X(ICMP, emit_later) X(BNOT, emit_later) X(BAND, emit_later) X(BOR, emit_later)                \
    X(COND, emit_later) X(FLLOGIC, emit_flags_logic) X(FLSELECT, emit_flags_select)               \
    X(FLCONST, emit_flags_constant) X(FLUNPACK, emit_flags_unpack) X(FLPACK, emit_flags_pack)     \
    /* sum.c */                                                                                   \
    X(FLADD, gen_flags_op) X(FLSUB, gen_flags_op) X(FLADC, gen_flags_op) X(FLSBC, gen_flags_op)   \
    /* control.c */                                                                               \
    X(JUMP, emit_jump) X(BR, emit_branch) X(JUMPIND, emit_jump_by_table)                          \
    X(EXIT, emit_exit_direct) X(EXITIF, emit_exit_if) X(EXITIND, emit_exit_indirect)              \
    X(TRAP, emit_trap) X(GUARD, emit_guard) X(FAILED, emit_failed)                                \
    /* helper.c */                                                                                \
    X(HELPER, emit_helper)                                                                        \
    /* memory.c */                                                                                \
    X(FENCE, emit_fence) X(LOAD, emit_load) X(LOADS, emit_load) X(STORE, emit_store)              \
    X(LOADACQ, emit_load) X(STOREREL, emit_store_release) X(LOADX, emit_load_exclusive)           \
    X(STOREX, emit_store_exclusive) X(CLREX, emit_clear_exclusive) X(CAS, emit_compare_and_swap)  \
    X(RMW, emit_read_modify_write)                                                                \
    /* vector.c */                                                                                \
    X(VADD, vec_one_instruction) X(VSUB, vec_one_instruction) X(VMUL, vec_one_instruction)        \
    X(VAND, vec_one_instruction) X(VOR, vec_one_instruction) X(VXOR, vec_one_instruction)         \
    X(VANDN, vec_one_instruction) X(VSMIN, vec_one_instruction) X(VSMAX, vec_one_instruction)     \
    X(VUMIN, vec_one_instruction) X(VUMAX, vec_one_instruction) X(VCMPEQ, vec_one_instruction)    \
    X(VCMPGTS, vec_one_instruction) X(VURHADD, vec_one_instruction)                               \
    X(VSQADD, vec_one_instruction) X(VUQADD, vec_one_instruction) X(VSQSUB, vec_one_instruction)  \
    X(VUQSUB, vec_one_instruction) X(VZIP1, vec_one_instruction) X(VZIP2, vec_one_instruction)    \
    /* vector_int.c */                                                                            \
    X(VNEG, vec_neg) X(VABS, vec_abs) X(VORN, vec_or_not) X(VNOT, vec_not) X(VBSL, vec_bsl)       \
    X(VORX, vec_or_difference)                                                                    \
    X(VCMPGES, vec_compare_ge) X(VCMPGTU, vec_compare_unsigned) X(VCMPGEU, vec_compare_ge)        \
    X(VTST, vec_test) X(VSABD, vec_difference) X(VUABD, vec_difference) X(VSHADD, vec_halve)      \
    X(VUHADD, vec_halve) X(VSHSUB, vec_halve) X(VUHSUB, vec_halve) X(VSRHADD, vec_halve)          \
    X(VSQNEG, vec_saturating_unary) X(VSQABS, vec_saturating_unary)                               \
    X(VSQDMULH, vec_multiply_high) X(VSQRDMULH, vec_multiply_high) X(VCNT, vec_count)             \
    X(VCLZ, vec_leading) X(VCLS, vec_leading)                                                     \
    /* vector_move.c */                                                                           \
    X(VGET, vec_get) X(VGETS, vec_get) X(VSETI, vec_set) X(VINS, vec_insert) X(VDUP, vec_dup)     \
    X(VDUPL, vec_dup_lane) X(VLOW, vec_low) X(VPAIR, vec_pair) X(VHIGH, vec_high)                 \
    /* vector_permute.c */                                                                        \
    X(VRBIT, vec_reverse_bits) X(VREV, vec_reverse) X(VUZP1, vec_unzip) X(VUZP2, vec_unzip)       \
    X(VTRN1, vec_transpose) X(VTRN2, vec_transpose) X(VEXT, vec_extract) X(VTBL, vec_table)       \
    X(VADDV, vec_sum) X(VSADDLV, vec_sum_long) X(VUADDLV, vec_sum_long) X(VSMINV, vec_extreme)    \
    X(VSMAXV, vec_extreme) X(VUMINV, vec_extreme) X(VUMAXV, vec_extreme)                          \
    X(VSADDLP, vec_sum_pairs) X(VUADDLP, vec_sum_pairs)                                           \
    /* vector_saturate.c */                                                                       \
    X(VSUQADD, vec_saturating_mixed) X(VUSQADD, vec_saturating_mixed)                             \
    X(VSQSHL, vec_saturating_shift) X(VUQSHL, vec_saturating_shift)                               \
    X(VSQRSHL, vec_saturating_shift) X(VUQRSHL, vec_saturating_shift)                             \
    X(VSQSHLU, vec_saturating_shift) X(VSQRDMLAH, vec_multiply_accumulate_high)                   \
    X(VSQRDMLSH, vec_multiply_accumulate_high)                                                    \
    /* vector_shift.c */                                                                          \
    X(VSHLI, vec_shift_by_imm) X(VSHRI, vec_shift_by_imm) X(VSARI, vec_shift_by_imm)              \
    X(VROLI, vec_rotate) X(VRSHRI, vec_round_shift) X(VRSARI, vec_round_shift)                    \
    X(VSSHL, vec_shift_by_vector) X(VUSHL, vec_shift_by_vector) X(VSHLV, vec_shift_as_host)       \
    X(VSHRV, vec_shift_as_host) X(VSARV, vec_shift_as_host) X(VSRSHL, vec_shift_by_vector)        \
    X(VURSHL, vec_shift_by_vector)                                                                \
    /* vector_wide.c */                                                                           \
    X(VSXL, vec_widen) X(VUXL, vec_widen) X(VSMULL, vec_multiply_long)                            \
    X(VUMULL, vec_multiply_long) X(VPMULL, vec_polynomial_long) X(VPMUL, vec_polynomial)          \
    X(VSQDMULL, vec_multiply_long_doubling) X(VXTN, vec_narrow) X(VSQXTN, vec_narrow_saturating)  \
    X(VUQXTN, vec_narrow_saturating) X(VSQXTUN, vec_narrow_saturating) X(VSDOT, vec_dot)          \
    X(VUDOT, vec_dot)                                                                             \
    /* float.c */                                                                                 \
    X(FLFCMP, float_compare_to_flags) X(FADD, float_arithmetic) X(FSUB, float_arithmetic)         \
    X(FMUL, float_arithmetic) X(FDIV, float_arithmetic) X(FMULX, float_arithmetic)                \
    X(FMA, float_fused) X(FMIN, float_extreme) X(FMAX, float_extreme) X(FMINNM, float_extreme)    \
    X(FMAXNM, float_extreme) X(FNEG, float_change_sign) X(FABS, float_change_sign)                \
    X(FABD, float_difference) X(FSQRT, float_square_root) X(FCMPEQ, float_compare)                \
    X(FCMPGT, float_compare) X(FCMPGE, float_compare) X(FRECPS, float_reciprocal_step)            \
    X(FRSQRTS, float_root_step) X(FMLAL, float_fused_halves)                                      \
    /* float_convert.c */                                                                         \
    X(FRINT, float_round) X(FRINTN, float_round_to_size) X(FCVT, float_convert)                   \
    X(FCVTL, float_widen) X(FCVTN, float_narrow) X(FCVTI, float_to_int)                           \
    X(VFCVTI, float_to_int_lanes) X(FJCVTZS, float_to_int_js) X(ICVTF, float_from_int)            \
    X(VICVTF, float_from_int_lanes)                                                               \
    /* float_estimate.c */                                                                        \
    X(VURECPE, vec_estimate) X(VURSQRTE, vec_estimate) X(FRECPE, float_estimate)                  \
    X(FRSQRTE, float_estimate) X(FRECPX, float_reciprocal_exponent)                               \
    /* crypto.c */                                                                                \
    X(AESE, emit_aes_round) X(AESD, emit_aes_round) X(AESMC, emit_aes_mix)                        \
    X(AESIMC, emit_aes_mix) X(SHA1H, emit_sha1_hash) X(SHA1R, emit_sha1_rounds)                   \
    X(SHA1SU0, emit_sha1_schedule0) X(SHA1SU1, emit_sha1_schedule1) X(SHA256H, emit_sha256_hash)  \
    X(SHA256H2, emit_sha256_hash) X(SHA256SU0, emit_sha256_schedule0)                             \
    X(SHA256SU1, emit_sha256_schedule1)
/* clang-format on */

#endif
