/*
 * The vector operations: one row each, for the legacy (SSE), the VEX (AVX) and the EVEX (AVX-512)
 * form of 128 bits. The encoder, the decoder and the golden test all read this table. Facts: Intel SDM volume 2.
 *
 * Columns
 *   name, text    enum X64_name; the mnemonic, to which the VEX form adds a "v". Rows named V...
 *                 have no legacy form. _ST is a store, _I a form with an immediate, _XR and _RX a
 *                 move to an xmm register from a general one and back
 *   kind          RM    dst in ModRM.reg, src in ModRM.rm
 *                 NDS   dst in reg, first source in VEX.vvvv (legacy: is dst), second in rm
 *                 NDSL  NDS with registers, RM with memory (the loads movss, movsd)
 *                 MR    dst in rm, src in reg
 *                 SHI   dst in vvvv (legacy: the same as src), src in rm, ModRM.reg = ext, imm8
 *                 RMI, NDSI, MRI: the same with imm8
 *                 IS4   NDS, and a fourth register in the high half of an imm8
 *   prefix, map, byte  the opcode
 *   W             0, 1, or V: 1 in the VEX form only
 *   reg           what ModRM.reg names: X an xmm register, R4, R8 a general one
 *   rm            what ModRM.rm names: X an xmm register only; Xn xmm or n bytes of memory;
 *                 Rn a general register or n bytes; R4Mn a general register of 4 bytes or n bytes
 *                 of memory; Mn memory only
 *   ext           ModRM.reg of SHI rows
 *   forms         BOTH; COMM both, and the sources may be swapped (bit for bit, so never floating
 *                 point arithmetic); VEX, LEGACY only this one; EVEX likewise
 *   evex          W of the EVEX form, of 128 bits and without mask, which can name XMM16 to XMM31;
 *                 N: there is none
 *   need          what the host must have for the legacy form (or the only one); the VEX form of
 *                 the others needs AVX besides, the EVEX form AVX512
 */
#ifndef AOT_X64_VECOPS_H
#define AOT_X64_VECOPS_H

/* clang-format off */
#define X64_VEC_OPS(V)                                                                             \
    /* moves */                                                                                    \
    V(MOVAPS, "movaps", RM, NP, 0F, 0x28, 0, X, X16, 0, BOTH, 0, BASE)                             \
    V(MOVAPS_ST, "movaps", MR, NP, 0F, 0x29, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(MOVUPS, "movups", RM, NP, 0F, 0x10, 0, X, X16, 0, BOTH, 0, BASE)                             \
    V(MOVUPS_ST, "movups", MR, NP, 0F, 0x11, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(MOVAPD, "movapd", RM, 66, 0F, 0x28, 0, X, X16, 0, BOTH, 1, BASE)                             \
    V(MOVAPD_ST, "movapd", MR, 66, 0F, 0x29, 0, X, X16, 0, BOTH, 1, BASE)                          \
    V(MOVUPD, "movupd", RM, 66, 0F, 0x10, 0, X, X16, 0, BOTH, 1, BASE)                             \
    V(MOVUPD_ST, "movupd", MR, 66, 0F, 0x11, 0, X, X16, 0, BOTH, 1, BASE)                          \
    V(MOVDQA, "movdqa", RM, 66, 0F, 0x6f, 0, X, X16, 0, BOTH, 0, BASE)                             \
    V(MOVDQA_ST, "movdqa", MR, 66, 0F, 0x7f, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(MOVDQU, "movdqu", RM, F3, 0F, 0x6f, 0, X, X16, 0, BOTH, 0, BASE)                             \
    V(MOVDQU_ST, "movdqu", MR, F3, 0F, 0x7f, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(MOVSS, "movss", NDSL, F3, 0F, 0x10, 0, X, X4, 0, BOTH, 0, BASE)                              \
    V(MOVSS_ST, "movss", MR, F3, 0F, 0x11, 0, X, M4, 0, BOTH, 0, BASE)                             \
    V(MOVSD, "movsd", NDSL, F2, 0F, 0x10, 0, X, X8, 0, BOTH, 1, BASE)                              \
    V(MOVSD_ST, "movsd", MR, F2, 0F, 0x11, 0, X, M8, 0, BOTH, 1, BASE)                             \
    V(MOVD_XR, "movd", RM, 66, 0F, 0x6e, 0, X, R4, 0, BOTH, 0, BASE)                               \
    V(MOVQ_XR, "movq", RM, 66, 0F, 0x6e, 1, X, R8, 0, BOTH, 1, BASE)                               \
    V(MOVD_RX, "movd", MR, 66, 0F, 0x7e, 0, X, R4, 0, BOTH, 0, BASE)                               \
    V(MOVQ_RX, "movq", MR, 66, 0F, 0x7e, 1, X, R8, 0, BOTH, 1, BASE)                               \
    V(MOVQ, "movq", RM, F3, 0F, 0x7e, 0, X, X8, 0, BOTH, 1, BASE)                                  \
    V(MOVQ_ST, "movq", MR, 66, 0F, 0xd6, 0, X, M8, 0, BOTH, 1, BASE)                               \
    V(MOVHLPS, "movhlps", NDS, NP, 0F, 0x12, 0, X, X, 0, BOTH, 0, BASE)                            \
    V(MOVLHPS, "movlhps", NDS, NP, 0F, 0x16, 0, X, X, 0, BOTH, 0, BASE)                            \
    V(MOVLPS, "movlps", NDS, NP, 0F, 0x12, 0, X, M8, 0, BOTH, 0, BASE)                             \
    V(MOVLPS_ST, "movlps", MR, NP, 0F, 0x13, 0, X, M8, 0, BOTH, 0, BASE)                           \
    V(MOVHPS, "movhps", NDS, NP, 0F, 0x16, 0, X, M8, 0, BOTH, 0, BASE)                             \
    V(MOVHPS_ST, "movhps", MR, NP, 0F, 0x17, 0, X, M8, 0, BOTH, 0, BASE)                           \
    V(MOVLPD, "movlpd", NDS, 66, 0F, 0x12, 0, X, M8, 0, BOTH, 1, BASE)                             \
    V(MOVLPD_ST, "movlpd", MR, 66, 0F, 0x13, 0, X, M8, 0, BOTH, 1, BASE)                           \
    V(MOVHPD, "movhpd", NDS, 66, 0F, 0x16, 0, X, M8, 0, BOTH, 1, BASE)                             \
    V(MOVHPD_ST, "movhpd", MR, 66, 0F, 0x17, 0, X, M8, 0, BOTH, 1, BASE)                           \
    V(MOVDDUP, "movddup", RM, F2, 0F, 0x12, 0, X, X8, 0, BOTH, 1, SSE3)                            \
    V(MOVSLDUP, "movsldup", RM, F3, 0F, 0x12, 0, X, X16, 0, BOTH, 0, SSE3)                         \
    V(MOVSHDUP, "movshdup", RM, F3, 0F, 0x16, 0, X, X16, 0, BOTH, 0, SSE3)                         \
    V(LDDQU, "lddqu", RM, F2, 0F, 0xf0, 0, X, M16, 0, BOTH, N, SSE3)                               \
    V(MOVNTPS_ST, "movntps", MR, NP, 0F, 0x2b, 0, X, M16, 0, BOTH, 0, BASE)                        \
    V(MOVNTDQ_ST, "movntdq", MR, 66, 0F, 0xe7, 0, X, M16, 0, BOTH, 0, BASE)                        \
    V(MOVNTDQA, "movntdqa", RM, 66, 0F38, 0x2a, 0, X, M16, 0, BOTH, 0, SSE41)                      \
    V(MOVMSKPS, "movmskps", RM, NP, 0F, 0x50, 0, R4, X, 0, BOTH, N, BASE)                          \
    V(MOVMSKPD, "movmskpd", RM, 66, 0F, 0x50, 0, R4, X, 0, BOTH, N, BASE)                          \
    V(PMOVMSKB, "pmovmskb", RM, 66, 0F, 0xd7, 0, R4, X, 0, BOTH, N, BASE)                          \
    /* floating point: arithmetic, in all four forms */                                            \
    V(SQRTPS, "sqrtps", RM, NP, 0F, 0x51, 0, X, X16, 0, BOTH, 0, BASE)                             \
    V(SQRTPD, "sqrtpd", RM, 66, 0F, 0x51, 0, X, X16, 0, BOTH, 1, BASE)                             \
    V(SQRTSS, "sqrtss", NDS, F3, 0F, 0x51, 0, X, X4, 0, BOTH, 0, BASE)                             \
    V(SQRTSD, "sqrtsd", NDS, F2, 0F, 0x51, 0, X, X8, 0, BOTH, 1, BASE)                             \
    V(ADDPS, "addps", NDS, NP, 0F, 0x58, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(ADDPD, "addpd", NDS, 66, 0F, 0x58, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(ADDSS, "addss", NDS, F3, 0F, 0x58, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(ADDSD, "addsd", NDS, F2, 0F, 0x58, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(MULPS, "mulps", NDS, NP, 0F, 0x59, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(MULPD, "mulpd", NDS, 66, 0F, 0x59, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(MULSS, "mulss", NDS, F3, 0F, 0x59, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(MULSD, "mulsd", NDS, F2, 0F, 0x59, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(SUBPS, "subps", NDS, NP, 0F, 0x5c, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(SUBPD, "subpd", NDS, 66, 0F, 0x5c, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(SUBSS, "subss", NDS, F3, 0F, 0x5c, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(SUBSD, "subsd", NDS, F2, 0F, 0x5c, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(MINPS, "minps", NDS, NP, 0F, 0x5d, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(MINPD, "minpd", NDS, 66, 0F, 0x5d, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(MINSS, "minss", NDS, F3, 0F, 0x5d, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(MINSD, "minsd", NDS, F2, 0F, 0x5d, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(DIVPS, "divps", NDS, NP, 0F, 0x5e, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(DIVPD, "divpd", NDS, 66, 0F, 0x5e, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(DIVSS, "divss", NDS, F3, 0F, 0x5e, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(DIVSD, "divsd", NDS, F2, 0F, 0x5e, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(MAXPS, "maxps", NDS, NP, 0F, 0x5f, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(MAXPD, "maxpd", NDS, 66, 0F, 0x5f, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(MAXSS, "maxss", NDS, F3, 0F, 0x5f, 0, X, X4, 0, BOTH, 0, BASE)                               \
    V(MAXSD, "maxsd", NDS, F2, 0F, 0x5f, 0, X, X8, 0, BOTH, 1, BASE)                               \
    V(CMPPS, "cmpps", NDSI, NP, 0F, 0xc2, 0, X, X16, 0, BOTH, N, BASE)                             \
    V(CMPPD, "cmppd", NDSI, 66, 0F, 0xc2, 0, X, X16, 0, BOTH, N, BASE)                             \
    V(CMPSS, "cmpss", NDSI, F3, 0F, 0xc2, 0, X, X4, 0, BOTH, N, BASE)                              \
    V(CMPSD, "cmpsd", NDSI, F2, 0F, 0xc2, 0, X, X8, 0, BOTH, N, BASE)                              \
    V(UCOMISS, "ucomiss", RM, NP, 0F, 0x2e, 0, X, X4, 0, BOTH, 0, BASE)                            \
    V(UCOMISD, "ucomisd", RM, 66, 0F, 0x2e, 0, X, X8, 0, BOTH, 1, BASE)                            \
    V(COMISS, "comiss", RM, NP, 0F, 0x2f, 0, X, X4, 0, BOTH, 0, BASE)                              \
    V(COMISD, "comisd", RM, 66, 0F, 0x2f, 0, X, X8, 0, BOTH, 1, BASE)                              \
    V(ANDPS, "andps", NDS, NP, 0F, 0x54, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(ANDPD, "andpd", NDS, 66, 0F, 0x54, 0, X, X16, 0, COMM, 1, BASE)                              \
    V(ANDNPS, "andnps", NDS, NP, 0F, 0x55, 0, X, X16, 0, BOTH, 0, BASE)                            \
    V(ANDNPD, "andnpd", NDS, 66, 0F, 0x55, 0, X, X16, 0, BOTH, 1, BASE)                            \
    V(ORPS, "orps", NDS, NP, 0F, 0x56, 0, X, X16, 0, COMM, 0, BASE)                                \
    V(ORPD, "orpd", NDS, 66, 0F, 0x56, 0, X, X16, 0, COMM, 1, BASE)                                \
    V(XORPS, "xorps", NDS, NP, 0F, 0x57, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(XORPD, "xorpd", NDS, 66, 0F, 0x57, 0, X, X16, 0, COMM, 1, BASE)                              \
    V(UNPCKLPS, "unpcklps", NDS, NP, 0F, 0x14, 0, X, X16, 0, BOTH, 0, BASE)                        \
    V(UNPCKLPD, "unpcklpd", NDS, 66, 0F, 0x14, 0, X, X16, 0, BOTH, 1, BASE)                        \
    V(UNPCKHPS, "unpckhps", NDS, NP, 0F, 0x15, 0, X, X16, 0, BOTH, 0, BASE)                        \
    V(UNPCKHPD, "unpckhpd", NDS, 66, 0F, 0x15, 0, X, X16, 0, BOTH, 1, BASE)                        \
    V(SHUFPS, "shufps", NDSI, NP, 0F, 0xc6, 0, X, X16, 0, BOTH, 0, BASE)                           \
    V(SHUFPD, "shufpd", NDSI, 66, 0F, 0xc6, 0, X, X16, 0, BOTH, 1, BASE)                           \
    V(HADDPS, "haddps", NDS, F2, 0F, 0x7c, 0, X, X16, 0, BOTH, N, SSE3)                            \
    V(HADDPD, "haddpd", NDS, 66, 0F, 0x7c, 0, X, X16, 0, BOTH, N, SSE3)                            \
    V(HSUBPS, "hsubps", NDS, F2, 0F, 0x7d, 0, X, X16, 0, BOTH, N, SSE3)                            \
    V(HSUBPD, "hsubpd", NDS, 66, 0F, 0x7d, 0, X, X16, 0, BOTH, N, SSE3)                            \
    V(ADDSUBPS, "addsubps", NDS, F2, 0F, 0xd0, 0, X, X16, 0, BOTH, N, SSE3)                        \
    V(ADDSUBPD, "addsubpd", NDS, 66, 0F, 0xd0, 0, X, X16, 0, BOTH, N, SSE3)                        \
    V(ROUNDPS, "roundps", RMI, 66, 0F3A, 0x08, 0, X, X16, 0, BOTH, 0, SSE41)                       \
    V(ROUNDPD, "roundpd", RMI, 66, 0F3A, 0x09, 0, X, X16, 0, BOTH, 1, SSE41)                       \
    V(ROUNDSS, "roundss", NDSI, 66, 0F3A, 0x0a, 0, X, X4, 0, BOTH, 0, SSE41)                       \
    V(ROUNDSD, "roundsd", NDSI, 66, 0F3A, 0x0b, 0, X, X8, 0, BOTH, 1, SSE41)                       \
    V(BLENDPS, "blendps", NDSI, 66, 0F3A, 0x0c, 0, X, X16, 0, BOTH, N, SSE41)                      \
    V(BLENDPD, "blendpd", NDSI, 66, 0F3A, 0x0d, 0, X, X16, 0, BOTH, N, SSE41)                      \
    V(DPPS, "dpps", NDSI, 66, 0F3A, 0x40, 0, X, X16, 0, BOTH, N, SSE41)                            \
    V(DPPD, "dppd", NDSI, 66, 0F3A, 0x41, 0, X, X16, 0, BOTH, N, SSE41)                            \
    V(INSERTPS, "insertps", NDSI, 66, 0F3A, 0x21, 0, X, X4, 0, BOTH, 0, SSE41)                     \
    V(EXTRACTPS, "extractps", MRI, 66, 0F3A, 0x17, 0, X, R4, 0, BOTH, 0, SSE41)                    \
    /* floating point: conversions; a Q at the end is the form with a 64-bit general register */   \
    V(CVTSI2SS, "cvtsi2ss", NDS, F3, 0F, 0x2a, 0, X, R4, 0, BOTH, 0, BASE)                         \
    V(CVTSI2SSQ, "cvtsi2ss", NDS, F3, 0F, 0x2a, 1, X, R8, 0, BOTH, 1, BASE)                        \
    V(CVTTSS2SI, "cvttss2si", RM, F3, 0F, 0x2c, 0, R4, X4, 0, BOTH, 0, BASE)                       \
    V(CVTTSS2SIQ, "cvttss2si", RM, F3, 0F, 0x2c, 1, R8, X4, 0, BOTH, 1, BASE)                      \
    V(CVTSS2SI, "cvtss2si", RM, F3, 0F, 0x2d, 0, R4, X4, 0, BOTH, 0, BASE)                         \
    V(CVTSS2SIQ, "cvtss2si", RM, F3, 0F, 0x2d, 1, R8, X4, 0, BOTH, 1, BASE)                        \
    V(CVTSI2SD, "cvtsi2sd", NDS, F2, 0F, 0x2a, 0, X, R4, 0, BOTH, 0, BASE)                         \
    V(CVTSI2SDQ, "cvtsi2sd", NDS, F2, 0F, 0x2a, 1, X, R8, 0, BOTH, 1, BASE)                        \
    V(CVTTSD2SI, "cvttsd2si", RM, F2, 0F, 0x2c, 0, R4, X8, 0, BOTH, 0, BASE)                       \
    V(CVTTSD2SIQ, "cvttsd2si", RM, F2, 0F, 0x2c, 1, R8, X8, 0, BOTH, 1, BASE)                      \
    V(CVTSD2SI, "cvtsd2si", RM, F2, 0F, 0x2d, 0, R4, X8, 0, BOTH, 0, BASE)                         \
    V(CVTSD2SIQ, "cvtsd2si", RM, F2, 0F, 0x2d, 1, R8, X8, 0, BOTH, 1, BASE)                        \
    V(CVTPS2PD, "cvtps2pd", RM, NP, 0F, 0x5a, 0, X, X8, 0, BOTH, 0, BASE)                          \
    V(CVTPD2PS, "cvtpd2ps", RM, 66, 0F, 0x5a, 0, X, X16, 0, BOTH, 1, BASE)                         \
    V(CVTSS2SD, "cvtss2sd", NDS, F3, 0F, 0x5a, 0, X, X4, 0, BOTH, 0, BASE)                         \
    V(CVTSD2SS, "cvtsd2ss", NDS, F2, 0F, 0x5a, 0, X, X8, 0, BOTH, 1, BASE)                         \
    V(CVTDQ2PS, "cvtdq2ps", RM, NP, 0F, 0x5b, 0, X, X16, 0, BOTH, 0, BASE)                         \
    V(CVTPS2DQ, "cvtps2dq", RM, 66, 0F, 0x5b, 0, X, X16, 0, BOTH, 0, BASE)                         \
    V(CVTTPS2DQ, "cvttps2dq", RM, F3, 0F, 0x5b, 0, X, X16, 0, BOTH, 0, BASE)                       \
    V(CVTTPD2DQ, "cvttpd2dq", RM, 66, 0F, 0xe6, 0, X, X16, 0, BOTH, 1, BASE)                       \
    V(CVTDQ2PD, "cvtdq2pd", RM, F3, 0F, 0xe6, 0, X, X8, 0, BOTH, 0, BASE)                          \
    V(CVTPD2DQ, "cvtpd2dq", RM, F2, 0F, 0xe6, 0, X, X16, 0, BOTH, 1, BASE)                         \
    V(VCVTPH2PS, "cvtph2ps", RM, 66, 0F38, 0x13, 0, X, X8, 0, VEX, 0, F16C)                        \
    V(VCVTPS2PH, "cvtps2ph", MRI, 66, 0F3A, 0x1d, 0, X, X8, 0, VEX, 0, F16C)                       \
    /* integer: two sources */                                                                     \
    V(PUNPCKLBW, "punpcklbw", NDS, 66, 0F, 0x60, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PUNPCKLWD, "punpcklwd", NDS, 66, 0F, 0x61, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PUNPCKLDQ, "punpckldq", NDS, 66, 0F, 0x62, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PACKSSWB, "packsswb", NDS, 66, 0F, 0x63, 0, X, X16, 0, BOTH, 0, BASE)                        \
    V(PCMPGTB, "pcmpgtb", NDS, 66, 0F, 0x64, 0, X, X16, 0, BOTH, N, BASE)                          \
    V(PCMPGTW, "pcmpgtw", NDS, 66, 0F, 0x65, 0, X, X16, 0, BOTH, N, BASE)                          \
    V(PCMPGTD, "pcmpgtd", NDS, 66, 0F, 0x66, 0, X, X16, 0, BOTH, N, BASE)                          \
    V(PACKUSWB, "packuswb", NDS, 66, 0F, 0x67, 0, X, X16, 0, BOTH, 0, BASE)                        \
    V(PUNPCKHBW, "punpckhbw", NDS, 66, 0F, 0x68, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PUNPCKHWD, "punpckhwd", NDS, 66, 0F, 0x69, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PUNPCKHDQ, "punpckhdq", NDS, 66, 0F, 0x6a, 0, X, X16, 0, BOTH, 0, BASE)                      \
    V(PACKSSDW, "packssdw", NDS, 66, 0F, 0x6b, 0, X, X16, 0, BOTH, 0, BASE)                        \
    V(PUNPCKLQDQ, "punpcklqdq", NDS, 66, 0F, 0x6c, 0, X, X16, 0, BOTH, 1, BASE)                    \
    V(PUNPCKHQDQ, "punpckhqdq", NDS, 66, 0F, 0x6d, 0, X, X16, 0, BOTH, 1, BASE)                    \
    V(PCMPEQB, "pcmpeqb", NDS, 66, 0F, 0x74, 0, X, X16, 0, COMM, N, BASE)                          \
    V(PCMPEQW, "pcmpeqw", NDS, 66, 0F, 0x75, 0, X, X16, 0, COMM, N, BASE)                          \
    V(PCMPEQD, "pcmpeqd", NDS, 66, 0F, 0x76, 0, X, X16, 0, COMM, N, BASE)                          \
    V(PSRLW, "psrlw", NDS, 66, 0F, 0xd1, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSRLD, "psrld", NDS, 66, 0F, 0xd2, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSRLQ, "psrlq", NDS, 66, 0F, 0xd3, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(PADDQ, "paddq", NDS, 66, 0F, 0xd4, 0, X, X16, 0, COMM, 1, BASE)                              \
    V(PMULLW, "pmullw", NDS, 66, 0F, 0xd5, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PSUBUSB, "psubusb", NDS, 66, 0F, 0xd8, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(PSUBUSW, "psubusw", NDS, 66, 0F, 0xd9, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(PMINUB, "pminub", NDS, 66, 0F, 0xda, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PAND, "pand", NDS, 66, 0F, 0xdb, 0, X, X16, 0, COMM, 0, BASE)                                \
    V(PADDUSB, "paddusb", NDS, 66, 0F, 0xdc, 0, X, X16, 0, COMM, 0, BASE)                          \
    V(PADDUSW, "paddusw", NDS, 66, 0F, 0xdd, 0, X, X16, 0, COMM, 0, BASE)                          \
    V(PMAXUB, "pmaxub", NDS, 66, 0F, 0xde, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PANDN, "pandn", NDS, 66, 0F, 0xdf, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PAVGB, "pavgb", NDS, 66, 0F, 0xe0, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(PSRAW, "psraw", NDS, 66, 0F, 0xe1, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSRAD, "psrad", NDS, 66, 0F, 0xe2, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PAVGW, "pavgw", NDS, 66, 0F, 0xe3, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(PMULHUW, "pmulhuw", NDS, 66, 0F, 0xe4, 0, X, X16, 0, COMM, 0, BASE)                          \
    V(PMULHW, "pmulhw", NDS, 66, 0F, 0xe5, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PSUBSB, "psubsb", NDS, 66, 0F, 0xe8, 0, X, X16, 0, BOTH, 0, BASE)                            \
    V(PSUBSW, "psubsw", NDS, 66, 0F, 0xe9, 0, X, X16, 0, BOTH, 0, BASE)                            \
    V(PMINSW, "pminsw", NDS, 66, 0F, 0xea, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(POR, "por", NDS, 66, 0F, 0xeb, 0, X, X16, 0, COMM, 0, BASE)                                  \
    V(PADDSB, "paddsb", NDS, 66, 0F, 0xec, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PADDSW, "paddsw", NDS, 66, 0F, 0xed, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PMAXSW, "pmaxsw", NDS, 66, 0F, 0xee, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PXOR, "pxor", NDS, 66, 0F, 0xef, 0, X, X16, 0, COMM, 0, BASE)                                \
    V(PSLLW, "psllw", NDS, 66, 0F, 0xf1, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSLLD, "pslld", NDS, 66, 0F, 0xf2, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSLLQ, "psllq", NDS, 66, 0F, 0xf3, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(PMULUDQ, "pmuludq", NDS, 66, 0F, 0xf4, 0, X, X16, 0, COMM, 1, BASE)                          \
    V(PMADDWD, "pmaddwd", NDS, 66, 0F, 0xf5, 0, X, X16, 0, COMM, 0, BASE)                          \
    V(PSADBW, "psadbw", NDS, 66, 0F, 0xf6, 0, X, X16, 0, COMM, 0, BASE)                            \
    V(PSUBB, "psubb", NDS, 66, 0F, 0xf8, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSUBW, "psubw", NDS, 66, 0F, 0xf9, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSUBD, "psubd", NDS, 66, 0F, 0xfa, 0, X, X16, 0, BOTH, 0, BASE)                              \
    V(PSUBQ, "psubq", NDS, 66, 0F, 0xfb, 0, X, X16, 0, BOTH, 1, BASE)                              \
    V(PADDB, "paddb", NDS, 66, 0F, 0xfc, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(PADDW, "paddw", NDS, 66, 0F, 0xfd, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(PADDD, "paddd", NDS, 66, 0F, 0xfe, 0, X, X16, 0, COMM, 0, BASE)                              \
    V(PSHUFB, "pshufb", NDS, 66, 0F38, 0x00, 0, X, X16, 0, BOTH, 0, SSSE3)                         \
    V(PHADDW, "phaddw", NDS, 66, 0F38, 0x01, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PHADDD, "phaddd", NDS, 66, 0F38, 0x02, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PHADDSW, "phaddsw", NDS, 66, 0F38, 0x03, 0, X, X16, 0, BOTH, N, SSSE3)                       \
    V(PMADDUBSW, "pmaddubsw", NDS, 66, 0F38, 0x04, 0, X, X16, 0, BOTH, 0, SSSE3)                   \
    V(PHSUBW, "phsubw", NDS, 66, 0F38, 0x05, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PHSUBD, "phsubd", NDS, 66, 0F38, 0x06, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PHSUBSW, "phsubsw", NDS, 66, 0F38, 0x07, 0, X, X16, 0, BOTH, N, SSSE3)                       \
    V(PSIGNB, "psignb", NDS, 66, 0F38, 0x08, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PSIGNW, "psignw", NDS, 66, 0F38, 0x09, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PSIGND, "psignd", NDS, 66, 0F38, 0x0a, 0, X, X16, 0, BOTH, N, SSSE3)                         \
    V(PMULHRSW, "pmulhrsw", NDS, 66, 0F38, 0x0b, 0, X, X16, 0, COMM, 0, SSSE3)                     \
    V(PMULDQ, "pmuldq", NDS, 66, 0F38, 0x28, 0, X, X16, 0, COMM, 1, SSE41)                         \
    V(PCMPEQQ, "pcmpeqq", NDS, 66, 0F38, 0x29, 0, X, X16, 0, COMM, N, SSE41)                       \
    V(PACKUSDW, "packusdw", NDS, 66, 0F38, 0x2b, 0, X, X16, 0, BOTH, 0, SSE41)                     \
    V(PMINSB, "pminsb", NDS, 66, 0F38, 0x38, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMINSD, "pminsd", NDS, 66, 0F38, 0x39, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMINUW, "pminuw", NDS, 66, 0F38, 0x3a, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMINUD, "pminud", NDS, 66, 0F38, 0x3b, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMAXSB, "pmaxsb", NDS, 66, 0F38, 0x3c, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMAXSD, "pmaxsd", NDS, 66, 0F38, 0x3d, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMAXUW, "pmaxuw", NDS, 66, 0F38, 0x3e, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMAXUD, "pmaxud", NDS, 66, 0F38, 0x3f, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PMULLD, "pmulld", NDS, 66, 0F38, 0x40, 0, X, X16, 0, COMM, 0, SSE41)                         \
    V(PCMPGTQ, "pcmpgtq", NDS, 66, 0F38, 0x37, 0, X, X16, 0, BOTH, N, SSE42)                       \
    V(VPSRLVD, "psrlvd", NDS, 66, 0F38, 0x45, 0, X, X16, 0, VEX, 0, AVX2)                          \
    V(VPSRLVQ, "psrlvq", NDS, 66, 0F38, 0x45, 1, X, X16, 0, VEX, 1, AVX2)                          \
    V(VPSRAVD, "psravd", NDS, 66, 0F38, 0x46, 0, X, X16, 0, VEX, 0, AVX2)                          \
    V(VPSLLVD, "psllvd", NDS, 66, 0F38, 0x47, 0, X, X16, 0, VEX, 0, AVX2)                          \
    V(VPSLLVQ, "psllvq", NDS, 66, 0F38, 0x47, 1, X, X16, 0, VEX, 1, AVX2)                          \
    V(VPERMILPS, "permilps", NDS, 66, 0F38, 0x0c, 0, X, X16, 0, VEX, 0, AVX)                       \
    V(VPERMILPD, "permilpd", NDS, 66, 0F38, 0x0d, 0, X, X16, 0, VEX, 1, AVX)                       \
    /* integer: shifts by an immediate; the column before the last but one is ModRM /n */          \
    V(PSRLW_I, "psrlw", SHI, 66, 0F, 0x71, 0, X, X, 2, BOTH, 0, BASE)                              \
    V(PSRAW_I, "psraw", SHI, 66, 0F, 0x71, 0, X, X, 4, BOTH, 0, BASE)                              \
    V(PSLLW_I, "psllw", SHI, 66, 0F, 0x71, 0, X, X, 6, BOTH, 0, BASE)                              \
    V(PSRLD_I, "psrld", SHI, 66, 0F, 0x72, 0, X, X, 2, BOTH, 0, BASE)                              \
    V(PSRAD_I, "psrad", SHI, 66, 0F, 0x72, 0, X, X, 4, BOTH, 0, BASE)                              \
    V(PSLLD_I, "pslld", SHI, 66, 0F, 0x72, 0, X, X, 6, BOTH, 0, BASE)                              \
    V(PSRLQ_I, "psrlq", SHI, 66, 0F, 0x73, 0, X, X, 2, BOTH, 1, BASE)                              \
    V(PSRLDQ, "psrldq", SHI, 66, 0F, 0x73, 0, X, X, 3, BOTH, 0, BASE)                              \
    V(PSLLQ_I, "psllq", SHI, 66, 0F, 0x73, 0, X, X, 6, BOTH, 1, BASE)                              \
    V(VPROLD_I, "prold", SHI, 66, 0F, 0x72, 0, X, X, 1, EVEX, 0, AVX512)                         \
    V(VPROLQ_I, "prolq", SHI, 66, 0F, 0x72, 0, X, X, 1, EVEX, 1, AVX512)                         \
    V(PSLLDQ, "pslldq", SHI, 66, 0F, 0x73, 0, X, X, 7, BOTH, 0, BASE)                              \
    /* integer: one source */                                                                      \
    V(PABSB, "pabsb", RM, 66, 0F38, 0x1c, 0, X, X16, 0, BOTH, 0, SSSE3)                            \
    V(PABSW, "pabsw", RM, 66, 0F38, 0x1d, 0, X, X16, 0, BOTH, 0, SSSE3)                            \
    V(PABSD, "pabsd", RM, 66, 0F38, 0x1e, 0, X, X16, 0, BOTH, 0, SSSE3)                            \
    V(PMOVSXBW, "pmovsxbw", RM, 66, 0F38, 0x20, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PMOVSXBD, "pmovsxbd", RM, 66, 0F38, 0x21, 0, X, X4, 0, BOTH, 0, SSE41)                       \
    V(PMOVSXBQ, "pmovsxbq", RM, 66, 0F38, 0x22, 0, X, X2, 0, BOTH, 0, SSE41)                       \
    V(PMOVSXWD, "pmovsxwd", RM, 66, 0F38, 0x23, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PMOVSXWQ, "pmovsxwq", RM, 66, 0F38, 0x24, 0, X, X4, 0, BOTH, 0, SSE41)                       \
    V(PMOVSXDQ, "pmovsxdq", RM, 66, 0F38, 0x25, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXBW, "pmovzxbw", RM, 66, 0F38, 0x30, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXBD, "pmovzxbd", RM, 66, 0F38, 0x31, 0, X, X4, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXBQ, "pmovzxbq", RM, 66, 0F38, 0x32, 0, X, X2, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXWD, "pmovzxwd", RM, 66, 0F38, 0x33, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXWQ, "pmovzxwq", RM, 66, 0F38, 0x34, 0, X, X4, 0, BOTH, 0, SSE41)                       \
    V(PMOVZXDQ, "pmovzxdq", RM, 66, 0F38, 0x35, 0, X, X8, 0, BOTH, 0, SSE41)                       \
    V(PHMINPOSUW, "phminposuw", RM, 66, 0F38, 0x41, 0, X, X16, 0, BOTH, N, SSE41)                  \
    V(PTEST, "ptest", RM, 66, 0F38, 0x17, 0, X, X16, 0, BOTH, N, SSE41)                            \
    V(VTESTPS, "testps", RM, 66, 0F38, 0x0e, 0, X, X16, 0, VEX, N, AVX)                            \
    V(VTESTPD, "testpd", RM, 66, 0F38, 0x0f, 0, X, X16, 0, VEX, N, AVX)                            \
    V(VBROADCASTSS, "broadcastss", RM, 66, 0F38, 0x18, 0, X, X4, 0, VEX, 0, AVX2)                  \
    V(VPBROADCASTB, "pbroadcastb", RM, 66, 0F38, 0x78, 0, X, X1, 0, VEX, 0, AVX2)                  \
    V(VPBROADCASTW, "pbroadcastw", RM, 66, 0F38, 0x79, 0, X, X2, 0, VEX, 0, AVX2)                  \
    V(VPBROADCASTD, "pbroadcastd", RM, 66, 0F38, 0x58, 0, X, X4, 0, VEX, 0, AVX2)                  \
    V(VPBROADCASTQ, "pbroadcastq", RM, 66, 0F38, 0x59, 0, X, X8, 0, VEX, 1, AVX2)                  \
    /* integer: with an immediate */                                                               \
    V(PSHUFD, "pshufd", RMI, 66, 0F, 0x70, 0, X, X16, 0, BOTH, 0, BASE)                            \
    V(PSHUFHW, "pshufhw", RMI, F3, 0F, 0x70, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(PSHUFLW, "pshuflw", RMI, F2, 0F, 0x70, 0, X, X16, 0, BOTH, 0, BASE)                          \
    V(VPERMILPS_I, "permilps", RMI, 66, 0F3A, 0x04, 0, X, X16, 0, VEX, 0, AVX)                     \
    V(VPERMILPD_I, "permilpd", RMI, 66, 0F3A, 0x05, 0, X, X16, 0, VEX, 1, AVX)                     \
    V(PALIGNR, "palignr", NDSI, 66, 0F3A, 0x0f, 0, X, X16, 0, BOTH, 0, SSSE3)                      \
    V(PBLENDW, "pblendw", NDSI, 66, 0F3A, 0x0e, 0, X, X16, 0, BOTH, N, SSE41)                      \
    V(VPTERNLOGD, "pternlogd", NDSI, 66, 0F3A, 0x25, 0, X, X16, 0, EVEX, 0, AVX512)                \
    V(VPBLENDD, "pblendd", NDSI, 66, 0F3A, 0x02, 0, X, X16, 0, VEX, N, AVX2)                       \
    V(MPSADBW, "mpsadbw", NDSI, 66, 0F3A, 0x42, 0, X, X16, 0, BOTH, N, SSE41)                      \
    V(PINSRB, "pinsrb", NDSI, 66, 0F3A, 0x20, 0, X, R4M1, 0, BOTH, 0, SSE41)                       \
    V(PINSRW, "pinsrw", NDSI, 66, 0F, 0xc4, 0, X, R4M2, 0, BOTH, 0, BASE)                          \
    V(PINSRD, "pinsrd", NDSI, 66, 0F3A, 0x22, 0, X, R4, 0, BOTH, 0, SSE41)                         \
    V(PINSRQ, "pinsrq", NDSI, 66, 0F3A, 0x22, 1, X, R8, 0, BOTH, 1, SSE41)                         \
    V(PEXTRB, "pextrb", MRI, 66, 0F3A, 0x14, 0, X, R4M1, 0, BOTH, 0, SSE41)                        \
    V(PEXTRW, "pextrw", RMI, 66, 0F, 0xc5, 0, R4, X, 0, BOTH, 0, BASE)                             \
    V(PEXTRW_ST, "pextrw", MRI, 66, 0F3A, 0x15, 0, X, M2, 0, BOTH, 0, SSE41)                       \
    V(PEXTRD, "pextrd", MRI, 66, 0F3A, 0x16, 0, X, R4, 0, BOTH, 0, SSE41)                          \
    V(PEXTRQ, "pextrq", MRI, 66, 0F3A, 0x16, 1, X, R8, 0, BOTH, 1, SSE41)                          \
    V(PCMPESTRM, "pcmpestrm", RMI, 66, 0F3A, 0x60, 0, X, X16, 0, BOTH, N, SSE42)                   \
    V(PCMPESTRI, "pcmpestri", RMI, 66, 0F3A, 0x61, 0, X, X16, 0, BOTH, N, SSE42)                   \
    V(PCMPISTRM, "pcmpistrm", RMI, 66, 0F3A, 0x62, 0, X, X16, 0, BOTH, N, SSE42)                   \
    V(PCMPISTRI, "pcmpistri", RMI, 66, 0F3A, 0x63, 0, X, X16, 0, BOTH, N, SSE42)                   \
    /* blends by a mask (legacy: XMM0); x64_vec_blendv relies on the order */                      \
    V(PBLENDVB, "pblendvb", NDS, 66, 0F38, 0x10, 0, X, X16, 0, LEGACY, N, SSE41)                   \
    V(BLENDVPS, "blendvps", NDS, 66, 0F38, 0x14, 0, X, X16, 0, LEGACY, N, SSE41)                   \
    V(BLENDVPD, "blendvpd", NDS, 66, 0F38, 0x15, 0, X, X16, 0, LEGACY, N, SSE41)                   \
    V(VPBLENDVB, "pblendvb", IS4, 66, 0F3A, 0x4c, 0, X, X16, 0, VEX, N, AVX)                       \
    V(VBLENDVPS, "blendvps", IS4, 66, 0F3A, 0x4a, 0, X, X16, 0, VEX, N, AVX)                       \
    V(VBLENDVPD, "blendvpd", IS4, 66, 0F3A, 0x4b, 0, X, X16, 0, VEX, N, AVX)                       \
    /* fused multiply-add */                                                                       \
    V(VFMADD132PS, "fmadd132ps", NDS, 66, 0F38, 0x98, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMADD132PD, "fmadd132pd", NDS, 66, 0F38, 0x98, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMADD132SS, "fmadd132ss", NDS, 66, 0F38, 0x99, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMADD132SD, "fmadd132sd", NDS, 66, 0F38, 0x99, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFMADD213PS, "fmadd213ps", NDS, 66, 0F38, 0xa8, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMADD213PD, "fmadd213pd", NDS, 66, 0F38, 0xa8, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMADD213SS, "fmadd213ss", NDS, 66, 0F38, 0xa9, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMADD213SD, "fmadd213sd", NDS, 66, 0F38, 0xa9, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFMADD231PS, "fmadd231ps", NDS, 66, 0F38, 0xb8, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMADD231PD, "fmadd231pd", NDS, 66, 0F38, 0xb8, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMADD231SS, "fmadd231ss", NDS, 66, 0F38, 0xb9, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMADD231SD, "fmadd231sd", NDS, 66, 0F38, 0xb9, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFMSUB132PS, "fmsub132ps", NDS, 66, 0F38, 0x9a, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMSUB132PD, "fmsub132pd", NDS, 66, 0F38, 0x9a, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMSUB132SS, "fmsub132ss", NDS, 66, 0F38, 0x9b, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMSUB132SD, "fmsub132sd", NDS, 66, 0F38, 0x9b, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFMSUB213PS, "fmsub213ps", NDS, 66, 0F38, 0xaa, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMSUB213PD, "fmsub213pd", NDS, 66, 0F38, 0xaa, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMSUB213SS, "fmsub213ss", NDS, 66, 0F38, 0xab, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMSUB213SD, "fmsub213sd", NDS, 66, 0F38, 0xab, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFMSUB231PS, "fmsub231ps", NDS, 66, 0F38, 0xba, 0, X, X16, 0, VEX, 0, FMA)                   \
    V(VFMSUB231PD, "fmsub231pd", NDS, 66, 0F38, 0xba, 1, X, X16, 0, VEX, 1, FMA)                   \
    V(VFMSUB231SS, "fmsub231ss", NDS, 66, 0F38, 0xbb, 0, X, X4, 0, VEX, 0, FMA)                    \
    V(VFMSUB231SD, "fmsub231sd", NDS, 66, 0F38, 0xbb, 1, X, X8, 0, VEX, 1, FMA)                    \
    V(VFNMADD132PS, "fnmadd132ps", NDS, 66, 0F38, 0x9c, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMADD132PD, "fnmadd132pd", NDS, 66, 0F38, 0x9c, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMADD132SS, "fnmadd132ss", NDS, 66, 0F38, 0x9d, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMADD132SD, "fnmadd132sd", NDS, 66, 0F38, 0x9d, 1, X, X8, 0, VEX, 1, FMA)                  \
    V(VFNMADD213PS, "fnmadd213ps", NDS, 66, 0F38, 0xac, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMADD213PD, "fnmadd213pd", NDS, 66, 0F38, 0xac, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMADD213SS, "fnmadd213ss", NDS, 66, 0F38, 0xad, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMADD213SD, "fnmadd213sd", NDS, 66, 0F38, 0xad, 1, X, X8, 0, VEX, 1, FMA)                  \
    V(VFNMADD231PS, "fnmadd231ps", NDS, 66, 0F38, 0xbc, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMADD231PD, "fnmadd231pd", NDS, 66, 0F38, 0xbc, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMADD231SS, "fnmadd231ss", NDS, 66, 0F38, 0xbd, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMADD231SD, "fnmadd231sd", NDS, 66, 0F38, 0xbd, 1, X, X8, 0, VEX, 1, FMA)                  \
    V(VFNMSUB132PS, "fnmsub132ps", NDS, 66, 0F38, 0x9e, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMSUB132PD, "fnmsub132pd", NDS, 66, 0F38, 0x9e, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMSUB132SS, "fnmsub132ss", NDS, 66, 0F38, 0x9f, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMSUB132SD, "fnmsub132sd", NDS, 66, 0F38, 0x9f, 1, X, X8, 0, VEX, 1, FMA)                  \
    V(VFNMSUB213PS, "fnmsub213ps", NDS, 66, 0F38, 0xae, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMSUB213PD, "fnmsub213pd", NDS, 66, 0F38, 0xae, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMSUB213SS, "fnmsub213ss", NDS, 66, 0F38, 0xaf, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMSUB213SD, "fnmsub213sd", NDS, 66, 0F38, 0xaf, 1, X, X8, 0, VEX, 1, FMA)                  \
    V(VFNMSUB231PS, "fnmsub231ps", NDS, 66, 0F38, 0xbe, 0, X, X16, 0, VEX, 0, FMA)                 \
    V(VFNMSUB231PD, "fnmsub231pd", NDS, 66, 0F38, 0xbe, 1, X, X16, 0, VEX, 1, FMA)                 \
    V(VFNMSUB231SS, "fnmsub231ss", NDS, 66, 0F38, 0xbf, 0, X, X4, 0, VEX, 0, FMA)                  \
    V(VFNMSUB231SD, "fnmsub231sd", NDS, 66, 0F38, 0xbf, 1, X, X8, 0, VEX, 1, FMA)                  \
    /* cryptography; the SHA rows exist in the legacy form only, sha256rnds2 reads XMM0 */         \
    V(AESENC, "aesenc", NDS, 66, 0F38, 0xdc, 0, X, X16, 0, BOTH, 0, AES)                           \
    V(AESENCLAST, "aesenclast", NDS, 66, 0F38, 0xdd, 0, X, X16, 0, BOTH, 0, AES)                   \
    V(AESDEC, "aesdec", NDS, 66, 0F38, 0xde, 0, X, X16, 0, BOTH, 0, AES)                           \
    V(AESDECLAST, "aesdeclast", NDS, 66, 0F38, 0xdf, 0, X, X16, 0, BOTH, 0, AES)                   \
    V(AESIMC, "aesimc", RM, 66, 0F38, 0xdb, 0, X, X16, 0, BOTH, N, AES)                            \
    V(AESKEYGENASSIST, "aeskeygenassist", RMI, 66, 0F3A, 0xdf, 0, X, X16, 0, BOTH, N, AES)         \
    V(PCLMULQDQ, "pclmulqdq", NDSI, 66, 0F3A, 0x44, 0, X, X16, 0, BOTH, 0, PCLMUL)                 \
    V(SHA1NEXTE, "sha1nexte", NDS, NP, 0F38, 0xc8, 0, X, X16, 0, LEGACY, N, SHA)                   \
    V(SHA1MSG1, "sha1msg1", NDS, NP, 0F38, 0xc9, 0, X, X16, 0, LEGACY, N, SHA)                     \
    V(SHA1MSG2, "sha1msg2", NDS, NP, 0F38, 0xca, 0, X, X16, 0, LEGACY, N, SHA)                     \
    V(SHA256RNDS2, "sha256rnds2", NDS, NP, 0F38, 0xcb, 0, X, X16, 0, LEGACY, N, SHA)               \
    V(SHA256MSG1, "sha256msg1", NDS, NP, 0F38, 0xcc, 0, X, X16, 0, LEGACY, N, SHA)                 \
    V(SHA256MSG2, "sha256msg2", NDS, NP, 0F38, 0xcd, 0, X, X16, 0, LEGACY, N, SHA)                 \
    V(SHA1RNDS4, "sha1rnds4", NDSI, NP, 0F3A, 0xcc, 0, X, X16, 0, LEGACY, N, SHA)                  \
    V(GF2P8MULB, "gf2p8mulb", NDS, 66, 0F38, 0xcf, 0, X, X16, 0, COMM, 0, GFNI)                    \
    V(GF2P8AFFINEQB, "gf2p8affineqb", NDSI, 66, 0F3A, 0xce, V, X, X16, 0, BOTH, 1, GFNI)           \
    V(GF2P8AFFINEINVQB, "gf2p8affineinvqb", NDSI, 66, 0F3A, 0xcf, V, X, X16, 0, BOTH, 1, GFNI)
/* clang-format on */

#endif
