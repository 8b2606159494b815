/*
 * The rows that the lifter's floating-point, Advanced SIMD and cryptography files implement, and
 * the architecture's optional features among them. Each ROW has a function lift_ROW.
 */
#ifndef AOT_LIFT_ROWS_FP_H
#define AOT_LIFT_ROWS_FP_H

/* clang-format off */
#define LIFT_FP_ROWS(X)                                                                           \
    /* fp.dec */                                                                                  \
    X(FMOV_f) X(FABS_f) X(FNEG_f) X(FSQRT_f) X(FCVT_f) X(FRINTN_f) X(FRINTP_f) X(FRINTM_f)        \
    X(FRINTZ_f) X(FRINTA_f) X(FRINTX_f) X(FRINTI_f) X(FRINT32Z_f) X(FRINT32X_f) X(FRINT64Z_f)     \
    X(FRINT64X_f) X(FMUL_f) X(FDIV_f) X(FADD_f) X(FSUB_f) X(FMAX_f) X(FMIN_f) X(FMAXNM_f)         \
    X(FMINNM_f) X(FNMUL_f) X(FMADD_f) X(FMSUB_f) X(FNMADD_f) X(FNMSUB_f) X(FCMP) X(FCMP_zero)     \
    X(FCMPE) X(FCMPE_zero) X(FCCMP) X(FCCMPE) X(FCSEL) X(FMOV_imm) X(SCVTF_gfix) X(UCVTF_gfix)    \
    X(FCVTZS_gfix) X(FCVTZU_gfix) X(FCVTNS_gen) X(FCVTNU_gen) X(SCVTF_gen) X(UCVTF_gen)           \
    X(FCVTAS_gen) X(FCVTAU_gen) X(FCVTPS_gen) X(FCVTPU_gen) X(FCVTMS_gen) X(FCVTMU_gen)           \
    X(FCVTZS_gen) X(FCVTZU_gen) X(FJCVTZS) X(FMOV_to_gen) X(FMOV_from_gen) X(FMOV_to_gen_top)     \
    X(FMOV_from_gen_top)                                                                          \
    /* simd.dec */                                                                                \
    X(SHADD_v) X(SQADD_v) X(SRHADD_v) X(SHSUB_v) X(SQSUB_v) X(CMGT_v) X(CMGE_v) X(SSHL_v)         \
    X(SQSHL_v) X(SRSHL_v) X(SQRSHL_v) X(SMAX_v) X(SMIN_v) X(SABD_v) X(SABA_v) X(ADD_v)            \
    X(CMTST_v) X(MLA_v) X(MUL_v) X(SMAXP_v) X(SMINP_v) X(SQDMULH_v) X(ADDP_v) X(UHADD_v)          \
    X(UQADD_v) X(URHADD_v) X(UHSUB_v) X(UQSUB_v) X(CMHI_v) X(CMHS_v) X(USHL_v) X(UQSHL_v)         \
    X(URSHL_v) X(UQRSHL_v) X(UMAX_v) X(UMIN_v) X(UABD_v) X(UABA_v) X(SUB_v) X(CMEQ_v) X(MLS_v)    \
    X(PMUL_v) X(UMAXP_v) X(UMINP_v) X(SQRDMULH_v) X(AND_v) X(BIC_v) X(ORR_v) X(ORN_v) X(EOR_v)    \
    X(BSL_v) X(BIT_v) X(BIF_v) X(FMAXNM_v) X(FMLA_v) X(FADD_v) X(FMULX_v) X(FCMEQ_v) X(FMAX_v)    \
    X(FRECPS_v) X(FMINNM_v) X(FMLS_v) X(FSUB_v) X(FMIN_v) X(FRSQRTS_v) X(FMAXNMP_v) X(FADDP_v)    \
    X(FMUL_v) X(FCMGE_v) X(FACGE_v) X(FMAXP_v) X(FDIV_v) X(FMINNMP_v) X(FABD_v) X(FCMGT_v)        \
    X(FACGT_v) X(FMINP_v) X(FMAXNM_vh) X(FMLA_vh) X(FADD_vh) X(FMULX_vh) X(FCMEQ_vh) X(FMAX_vh)   \
    X(FRECPS_vh) X(FMINNM_vh) X(FMLS_vh) X(FSUB_vh) X(FMIN_vh) X(FRSQRTS_vh) X(FMAXNMP_vh)        \
    X(FADDP_vh) X(FMUL_vh) X(FCMGE_vh) X(FACGE_vh) X(FMAXP_vh) X(FDIV_vh) X(FMINNMP_vh)           \
    X(FABD_vh) X(FCMGT_vh) X(FACGT_vh) X(FMINP_vh) X(SQRDMLAH_v) X(SQRDMLSH_v) X(SDOT_v)          \
    X(UDOT_v) X(USDOT_v) X(SMMLA_v) X(UMMLA_v) X(USMMLA_v) X(FCMLA_v) X(FCADD_v) X(SADDL_v)       \
    X(SSUBL_v) X(SABAL_v) X(SABDL_v) X(SMLAL_v) X(SQDMLAL_v) X(SMLSL_v) X(SQDMLSL_v) X(SMULL_v)   \
    X(SQDMULL_v) X(PMULL_v) X(UADDL_v) X(USUBL_v) X(UABAL_v) X(UABDL_v) X(UMLAL_v) X(UMLSL_v)     \
    X(UMULL_v) X(SADDW_v) X(SSUBW_v) X(UADDW_v) X(USUBW_v) X(ADDHN_v) X(SUBHN_v) X(RADDHN_v)      \
    X(RSUBHN_v) X(REV64_v) X(REV16_v) X(SADDLP_v) X(SUQADD_v) X(CLS_v) X(CNT_v) X(SADALP_v)       \
    X(SQABS_v) X(CMGT0_v) X(CMEQ0_v) X(CMLT0_v) X(ABS_v) X(XTN_v) X(SQXTN_v) X(REV32_v)           \
    X(UADDLP_v) X(USQADD_v) X(CLZ_v) X(NOT_v) X(RBIT_v) X(UADALP_v) X(SQNEG_v) X(CMGE0_v)         \
    X(CMLE0_v) X(NEG_v) X(SQXTUN_v) X(SHLL_v) X(UQXTN_v) X(FCVTN_v) X(FCVTL_v) X(FRINTN_v)        \
    X(FRINTM_v) X(FCVTNS_v) X(FCVTMS_v) X(FCVTAS_v) X(SCVTF_v) X(FRINT32Z_v) X(FRINT64Z_v)        \
    X(FCMGT0_v) X(FCMEQ0_v) X(FCMLT0_v) X(FABS_v) X(FRINTP_v) X(FRINTZ_v) X(FCVTPS_v)             \
    X(FCVTZS_v) X(URECPE_v) X(FRECPE_v) X(FCVTXN_v) X(FRINTA_v) X(FRINTX_v) X(FCVTNU_v)           \
    X(FCVTMU_v) X(FCVTAU_v) X(UCVTF_v) X(FRINT32X_v) X(FRINT64X_v) X(FCMGE0_v) X(FCMLE0_v)        \
    X(FNEG_v) X(FRINTI_v) X(FCVTPU_v) X(FCVTZU_v) X(URSQRTE_v) X(FRSQRTE_v) X(FSQRT_v)            \
    X(FRINTN_vh) X(FRINTM_vh) X(FCVTNS_vh) X(FCVTMS_vh) X(FCVTAS_vh) X(SCVTF_vh) X(FCMGT0_vh)     \
    X(FCMEQ0_vh) X(FCMLT0_vh) X(FABS_vh) X(FRINTP_vh) X(FRINTZ_vh) X(FCVTPS_vh) X(FCVTZS_vh)      \
    X(FRECPE_vh) X(FRINTA_vh) X(FRINTX_vh) X(FCVTNU_vh) X(FCVTMU_vh) X(FCVTAU_vh) X(UCVTF_vh)     \
    X(FCMGE0_vh) X(FCMLE0_vh) X(FNEG_vh) X(FRINTI_vh) X(FCVTPU_vh) X(FCVTZU_vh) X(FRSQRTE_vh)     \
    X(FSQRT_vh) X(SADDLV_v) X(SMAXV_v) X(SMINV_v) X(ADDV_v) X(UADDLV_v) X(UMAXV_v) X(UMINV_v)     \
    X(FMAXNMV_vh) X(FMAXV_vh) X(FMINNMV_vh) X(FMINV_vh) X(FMAXNMV_v) X(FMAXV_v) X(FMINNMV_v)      \
    X(FMINV_v) X(DUP_ve) X(DUP_gen) X(INS_gen) X(SMOV) X(UMOV) X(INS_ve) X(UZP1_v) X(TRN1_v)      \
    X(ZIP1_v) X(UZP2_v) X(TRN2_v) X(ZIP2_v) X(EXT_v) X(TBL_v) X(TBX_v) X(MOVI) X(MVNI) X(ORR_vi)  \
    X(BIC_vi) X(FMOV_vi) X(FMOV_vih) X(SSHR_v) X(SSRA_v) X(SRSHR_v) X(SRSRA_v) X(SHL_v)           \
    X(SQSHL_vi) X(SHRN_v) X(RSHRN_v) X(SQSHRN_v) X(SQRSHRN_v) X(SSHLL_v) X(SCVTF_vfix)            \
    X(FCVTZS_vfix) X(USHR_v) X(USRA_v) X(URSHR_v) X(URSRA_v) X(SRI_v) X(SLI_v) X(SQSHLU_vi)       \
    X(UQSHL_vi) X(SQSHRUN_v) X(SQRSHRUN_v) X(UQSHRN_v) X(UQRSHRN_v) X(USHLL_v) X(UCVTF_vfix)      \
    X(FCVTZU_vfix) X(SMLAL_ve) X(SQDMLAL_ve) X(SMLSL_ve) X(SQDMLSL_ve) X(MUL_ve) X(SMULL_ve)      \
    X(SQDMULL_ve) X(SQDMULH_ve) X(SQRDMULH_ve) X(MLA_ve) X(UMLAL_ve) X(MLS_ve) X(UMLSL_ve)        \
    X(UMULL_ve) X(SQRDMLAH_ve) X(SQRDMLSH_ve) X(SDOT_ve) X(UDOT_ve) X(SUDOT_ve) X(USDOT_ve)       \
    X(FMLA_ve) X(FMLS_ve) X(FMUL_ve) X(FMULX_ve) X(FMLA_veh) X(FMLS_veh) X(FMUL_veh)              \
    X(FMULX_veh) X(FCMLA_ve)                                                                      \
    /* simd_scalar.dec */                                                                         \
    X(SQADD_s) X(SQSUB_s) X(CMGT_s) X(CMGE_s) X(SSHL_s) X(SQSHL_s) X(SRSHL_s) X(SQRSHL_s)         \
    X(ADD_s) X(CMTST_s) X(SQDMULH_s) X(UQADD_s) X(UQSUB_s) X(CMHI_s) X(CMHS_s) X(USHL_s)          \
    X(UQSHL_s) X(URSHL_s) X(UQRSHL_s) X(SUB_s) X(CMEQ_s) X(SQRDMULH_s) X(SQRDMLAH_s)              \
    X(SQRDMLSH_s) X(FMULX_s) X(FCMEQ_s) X(FRECPS_s) X(FRSQRTS_s) X(FCMGE_s) X(FACGE_s) X(FABD_s)  \
    X(FCMGT_s) X(FACGT_s) X(FMULX_sh) X(FCMEQ_sh) X(FRECPS_sh) X(FRSQRTS_sh) X(FCMGE_sh)          \
    X(FACGE_sh) X(FABD_sh) X(FCMGT_sh) X(FACGT_sh) X(SQDMLAL_s) X(SQDMLSL_s) X(SQDMULL_s)         \
    X(SUQADD_s) X(SQABS_s) X(CMGT0_s) X(CMEQ0_s) X(CMLT0_s) X(ABS_s) X(SQXTN_s) X(USQADD_s)       \
    X(SQNEG_s) X(CMGE0_s) X(CMLE0_s) X(NEG_s) X(SQXTUN_s) X(UQXTN_s) X(FCVTNS_s) X(FCVTMS_s)      \
    X(FCVTAS_s) X(SCVTF_s) X(FCMGT0_s) X(FCMEQ0_s) X(FCMLT0_s) X(FCVTPS_s) X(FCVTZS_s)            \
    X(FRECPE_s) X(FRECPX_s) X(FCVTXN_s) X(FCVTNU_s) X(FCVTMU_s) X(FCVTAU_s) X(UCVTF_s)            \
    X(FCMGE0_s) X(FCMLE0_s) X(FCVTPU_s) X(FCVTZU_s) X(FRSQRTE_s) X(FCVTNS_sh) X(FCVTMS_sh)        \
    X(FCVTAS_sh) X(SCVTF_sh) X(FCMGT0_sh) X(FCMEQ0_sh) X(FCMLT0_sh) X(FCVTPS_sh) X(FCVTZS_sh)     \
    X(FRECPE_sh) X(FRECPX_sh) X(FCVTNU_sh) X(FCVTMU_sh) X(FCVTAU_sh) X(UCVTF_sh) X(FCMGE0_sh)     \
    X(FCMLE0_sh) X(FCVTPU_sh) X(FCVTZU_sh) X(FRSQRTE_sh) X(ADDP_s) X(FMAXNMP_sh) X(FADDP_sh)      \
    X(FMAXP_sh) X(FMINNMP_sh) X(FMINP_sh) X(FMAXNMP_s) X(FADDP_s) X(FMAXP_s) X(FMINNMP_s)         \
    X(FMINP_s) X(DUP_se) X(SSHR_s) X(SSRA_s) X(SRSHR_s) X(SRSRA_s) X(SHL_s) X(SQSHL_si)           \
    X(SQSHRN_s) X(SQRSHRN_s) X(SCVTF_sfix) X(FCVTZS_sfix) X(USHR_s) X(USRA_s) X(URSHR_s)          \
    X(URSRA_s) X(SRI_s) X(SLI_s) X(SQSHLU_si) X(UQSHL_si) X(SQSHRUN_s) X(SQRSHRUN_s) X(UQSHRN_s)  \
    X(UQRSHRN_s) X(UCVTF_sfix) X(FCVTZU_sfix) X(SQDMLAL_se) X(SQDMLSL_se) X(SQDMULL_se)           \
    X(SQDMULH_se) X(SQRDMULH_se) X(SQRDMLAH_se) X(SQRDMLSH_se) X(FMLA_se) X(FMLS_se) X(FMUL_se)   \
    X(FMULX_se) X(FMLA_seh) X(FMLS_seh) X(FMUL_seh) X(FMULX_seh)                                  \
    /* crypto.dec */                                                                              \
    X(AESE) X(AESD) X(AESMC) X(AESIMC) X(SHA1C) X(SHA1P) X(SHA1M) X(SHA1SU0) X(SHA256H)           \
    X(SHA256H2) X(SHA256SU1) X(SHA1H) X(SHA1SU1) X(SHA256SU0) X(SHA512H) X(SHA512H2)              \
    X(SHA512SU1) X(SHA512SU0) X(RAX1) X(XAR) X(EOR3) X(BCAX) X(SM3SS1) X(SM3TT1A) X(SM3TT1B)      \
    X(SM3TT2A) X(SM3TT2B) X(SM3PARTW1) X(SM3PARTW2) X(SM4E) X(SM4EKEY)                            \
    /* fhm, bf16 */                                                                               \
    X(FMLAL_v) X(FMLSL_v) X(FMLAL2_v) X(FMLSL2_v) X(FMLAL_ve) X(FMLSL_ve) X(FMLAL2_ve)            \
    X(FMLSL2_ve) X(BFCVT) X(BFCVTN_v) X(BFDOT_v) X(BFDOT_ve) X(BFMMLA_v) X(BFMLAL_v) X(BFMLAL_ve) \
    /* ldst.dec */                                                                                \
    X(ST_multi) X(LD_multi) X(ST_multi_post) X(LD_multi_post) X(ST_single) X(LD_single)           \
    X(LD_rep) X(ST_single_post) X(LD_single_post) X(LD_rep_post)

/* X(feature of aot/a64/fields.dec); words that need a feature not listed are undefined */
#define LIFT_FP_FEATURES(X)                                                                       \
    X(aes)                                                                                        \
    X(pmull)                                                                                      \
    X(sha1)                                                                                       \
    X(sha256)                                                                                     \
    X(sha512)                                                                                     \
    X(sha3)                                                                                       \
    X(rdm)                                                                                        \
    X(dotprod)                                                                                    \
    X(i8mm)                                                                                       \
    X(fp16)                                                                                       \
    X(fcma)                                                                                       \
    X(jscvt)                                                                                      \
    X(frintts)                                                                                    \
    X(sm3)                                                                                        \
    X(sm4)                                                                                        \
    X(fhm)                                                                                        \
    X(bf16)

/* clang-format on */

#endif
