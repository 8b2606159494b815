/*
 * Host features. Facts: Intel SDM volume 2 (CPUID leaves 1, 7, 80000001H) and volume 1,
 * chapters 14.3 and 15.2 (AVX is usable if OSXSAVE is set and XCR0 has the SSE and AVX state bits,
 * AVX-512 if it has those of opmasks and ZMM registers too). The C library has asked the processor
 * at its start; each CPUID leaves a virtual machine for some microseconds, at every start of a
 * program.
 */
#include "aot/x64/features.h"

#include <sys/platform/x86.h>

struct cpuid_bit {
    u8 word; /* index into words[] below */
    u8 bit;
    u8 feature; /* enum x64_feature_bit */
};

enum { LEAF1_ECX, LEAF7_EBX, LEAF7_ECX, EXT1_ECX, N_WORDS };

#define OSXSAVE  (1u << 27)
#define YMM_XCR0 6u
#define ZMM_XCR0 0xe6u

/* Leaf 7: AVX512F, DQ, BW and VL in EBX; VAES and VPCLMULQDQ in ECX. */
#define AVX512_EBX (1u << 16 | 1u << 17 | 1u << 30 | 1u << 31)
#define AVX512_ECX (1u << 9 | 1u << 10)

static const struct cpuid_bit cpuid_bits[] = {
    {LEAF1_ECX, 0, X64_FEATURE_BIT_SSE3},    {LEAF1_ECX, 9, X64_FEATURE_BIT_SSSE3},
    {LEAF1_ECX, 19, X64_FEATURE_BIT_SSE41},  {LEAF1_ECX, 20, X64_FEATURE_BIT_SSE42},
    {LEAF1_ECX, 23, X64_FEATURE_BIT_POPCNT}, {EXT1_ECX, 5, X64_FEATURE_BIT_LZCNT},
    {LEAF7_EBX, 3, X64_FEATURE_BIT_BMI1},    {LEAF7_EBX, 8, X64_FEATURE_BIT_BMI2},
    {LEAF1_ECX, 28, X64_FEATURE_BIT_AVX},    {LEAF7_EBX, 5, X64_FEATURE_BIT_AVX2},
    {LEAF1_ECX, 12, X64_FEATURE_BIT_FMA},    {LEAF1_ECX, 29, X64_FEATURE_BIT_F16C},
    {LEAF1_ECX, 25, X64_FEATURE_BIT_AES},    {LEAF1_ECX, 1, X64_FEATURE_BIT_PCLMUL},
    {LEAF7_EBX, 29, X64_FEATURE_BIT_SHA},    {LEAF1_ECX, 22, X64_FEATURE_BIT_MOVBE},
    {LEAF7_ECX, 8, X64_FEATURE_BIT_GFNI},    {LEAF1_ECX, 13, X64_FEATURE_BIT_CX16},
    {LEAF7_EBX, 19, X64_FEATURE_BIT_ADX},    {EXT1_ECX, 0, X64_FEATURE_BIT_LAHF},
    {LEAF7_EBX, 31, X64_FEATURE_BIT_AVX512},
};

static u32 xcr0_low(void)
{
    u32 eax, edx;
    __asm__ volatile("xgetbv" : "=a"(eax), "=d"(edx) : "c"(0));
    return eax;
}

static u32 word_of_leaf(unsigned leaf, enum cpuid_register_index word)
{
    return __x86_get_cpuid_feature_leaf(leaf)->cpuid_array[word];
}

u32 x64_host_features(void)
{
    u32 words[N_WORDS] = {
        [LEAF1_ECX] = word_of_leaf(CPUID_INDEX_1, cpuid_register_index_ecx),
        [LEAF7_EBX] = word_of_leaf(CPUID_INDEX_7, cpuid_register_index_ebx),
        [LEAF7_ECX] = word_of_leaf(CPUID_INDEX_7, cpuid_register_index_ecx),
        [EXT1_ECX] = word_of_leaf(CPUID_INDEX_80000001, cpuid_register_index_ecx),
    };
    u32 features = 0;
    for (size_t i = 0; i < ARRAY_SIZE(cpuid_bits); i++)
        features |= (words[cpuid_bits[i].word] >> cpuid_bits[i].bit & 1) << cpuid_bits[i].feature;

    u32 saved = words[LEAF1_ECX] & OSXSAVE ? xcr0_low() : 0;
    bool avx = (saved & YMM_XCR0) == YMM_XCR0 && (features & X64_HAS_AVX);
    if (!avx) features &= ~(u32)(X64_HAS_AVX | X64_HAS_AVX2 | X64_HAS_FMA | X64_HAS_F16C);
    bool avx512 = (saved & ZMM_XCR0) == ZMM_XCR0 && !(~words[LEAF7_EBX] & AVX512_EBX) &&
                  !(~words[LEAF7_ECX] & AVX512_ECX);
    if (!avx || !avx512) features &= ~(u32)X64_HAS_AVX512;
    return features;
}

const char *x64_feature_name(unsigned bit)
{
    static const char *const names[] = {
#define F(name, text) text,
        X64_FEATURES(F)
#undef F
    };
    return bit < X64_N_FEATURES ? names[bit] : "?";
}
