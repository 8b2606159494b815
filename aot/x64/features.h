/*
 * What the host's processor can do beyond x86-64 as it was first defined (SSE2), as one bit mask.
 */
#ifndef AOT_X64_FEATURES_H
#define AOT_X64_FEATURES_H

#include "aot/base/types.h"

/* name, text. AVX, AVX2, FMA and F16C imply that the system saves YMM. AVX512 is what Ice Lake and
 * Zen 4 have: F, BW, DQ, VL, VAES and VPCLMULQDQ, and a system that saves all that goes with them;
 * not Skylake-X, whose AESENC reaches no more than 16 registers. */
#define X64_FEATURES(F)                                                                            \
    F(SSE3, "sse3")                                                                                \
    F(SSSE3, "ssse3")                                                                              \
    F(SSE41, "sse4.1")                                                                             \
    F(SSE42, "sse4.2")                                                                             \
    F(POPCNT, "popcnt")                                                                            \
    F(LZCNT, "lzcnt")                                                                              \
    F(BMI1, "bmi1")                                                                                \
    F(BMI2, "bmi2")                                                                                \
    F(AVX, "avx")                                                                                  \
    F(AVX2, "avx2")                                                                                \
    F(FMA, "fma")                                                                                  \
    F(F16C, "f16c")                                                                                \
    F(AES, "aes")                                                                                  \
    F(PCLMUL, "pclmul")                                                                            \
    F(SHA, "sha")                                                                                  \
    F(MOVBE, "movbe")                                                                              \
    F(GFNI, "gfni")                                                                                \
    F(CX16, "cx16")                                                                                \
    F(ADX, "adx")                                                                                  \
    F(LAHF, "lahf")                                                                                \
    F(AVX512, "avx512")

enum x64_feature_bit {
#define F(name, text) X64_FEATURE_BIT_##name,
    X64_FEATURES(F)
#undef F
        X64_N_FEATURES
};

enum x64_feature {
    X64_HAS_BASE = 0,
#define F(name, text) X64_HAS_##name = 1 << X64_FEATURE_BIT_##name,
    X64_FEATURES(F)
#undef F
};

/* The features of the processor this runs on (enum x64_feature, or-ed), by CPUID, and XGETBV for
 * those that need the system's help. Costs some microseconds under a hypervisor: ask once. */
u32 x64_host_features(void);

/* The name of one feature bit (enum x64_feature_bit). */
const char *x64_feature_name(unsigned bit);

#endif
