/*
 * The facts of the general-purpose operations, and the enums that name all operations. Opcodes that
 * follow a rule of the hardware (the eight ALU operations, shifts, bit tests) are enum values in
 * the hardware's numbering; the rest are rows. The vector rows are in vecops.h.
 *
 * An opcode is one number: the opcode byte, the map in bits 8-9 (0 one-byte, 1 0F, 2 0F38, 3 0F3A)
 * and the mandatory prefix in bits 10-11 (0 none, 1 66, 2 F3, 3 F2): the fields of a VEX prefix.
 */
#ifndef AOT_X64_OPS_H
#define AOT_X64_OPS_H

#include "aot/x64/vecops.h"

#define X64_OPCODE(prefix, map, byte) ((prefix) << 10 | (map) << 8 | (byte))

enum { X64_PFX_NP, X64_PFX_66, X64_PFX_F3, X64_PFX_F2 };
enum { X64_MAP_1, X64_MAP_0F, X64_MAP_0F38, X64_MAP_0F3A };

/* Hardware numbering: the ModRM /n of opcodes 80, 81, 83. */
enum x64_alu { X64_ADD, X64_OR, X64_ADC, X64_SBB, X64_AND, X64_SUB, X64_XOR, X64_CMP };

/* Hardware numbering: /n of F6 and F7; 8 and 9 are /0 and /1 of FE and FF. */
enum x64_un {
    X64_NOT = 2,
    X64_NEG,
    X64_MUL,
    X64_IMUL,
    X64_DIV,
    X64_IDIV,
    X64_INC,
    X64_DEC,
};

/* Hardware numbering: /n of C0, C1, D0 to D3. */
enum x64_shift {
    X64_ROL,
    X64_ROR,
    X64_RCL,
    X64_RCR,
    X64_SHL,
    X64_SHR,
    X64_SAR = 7,
};

/* The opcode byte (map 0F) of the form with an immediate; the CL form is one higher. */
enum x64_shiftd { X64_SHLD = 0xa4, X64_SHRD = 0xac };

/* Hardware numbering: /n of 0F BA; the register form is 0F 83 + 8n. */
enum x64_bit { X64_BT = 4, X64_BTS, X64_BTR, X64_BTC };

/* dst = op(r/m), or dst = op(dst, r/m): name, prefix, map, opcode byte */
#define X64_GP_OPS(G)                                                                              \
    G(BSF, "bsf", NP, 0F, 0xbc)                                                                    \
    G(BSR, "bsr", NP, 0F, 0xbd)                                                                    \
    G(TZCNT, "tzcnt", F3, 0F, 0xbc)                                                                \
    G(LZCNT, "lzcnt", F3, 0F, 0xbd)                                                                \
    G(POPCNT, "popcnt", F3, 0F, 0xb8)                                                              \
    G(ADCX, "adcx", 66, 0F38, 0xf6)                                                                \
    G(ADOX, "adox", F3, 0F38, 0xf6)

#define G(name, text, prefix, map, byte)                                                           \
    X64_##name = X64_OPCODE(X64_PFX_##prefix, X64_MAP_##map, byte),
enum x64_gp { X64_GP_OPS(G) };
#undef G

/* VEX-coded, general registers; the last column: 1 if the last operand is r/m and the middle one in
 * VEX.vvvv, 0 the other way round */
#define X64_BMI_OPS(B)                                                                             \
    B(ANDN, "andn", NP, 0F38, 0xf2, 1)                                                             \
    B(PDEP, "pdep", F2, 0F38, 0xf5, 1)                                                             \
    B(PEXT, "pext", F3, 0F38, 0xf5, 1)                                                             \
    B(MULX, "mulx", F2, 0F38, 0xf6, 1)                                                             \
    B(BZHI, "bzhi", NP, 0F38, 0xf5, 0)                                                             \
    B(BEXTR, "bextr", NP, 0F38, 0xf7, 0)                                                           \
    B(SHLX, "shlx", 66, 0F38, 0xf7, 0)                                                             \
    B(SARX, "sarx", F3, 0F38, 0xf7, 0)                                                             \
    B(SHRX, "shrx", F2, 0F38, 0xf7, 0)

#define X64_BMI_RM_LAST 0x1000
#define B(name, text, prefix, map, byte, rm_last)                                                  \
    X64_##name = X64_OPCODE(X64_PFX_##prefix, X64_MAP_##map, byte) | (rm_last)*X64_BMI_RM_LAST,
enum x64_bmi { X64_BMI_OPS(B) };
#undef B

/* Hardware numbering: /n of VEX.0F38 F3. */
enum x64_bls { X64_BLSR = 1, X64_BLSMSK, X64_BLSI };

/* Fixed byte strings: name, text, length, bytes as a little-endian number */
#define X64_PLAIN_OPS(P)                                                                           \
    P(CMC, "cmc", 1, 0xf5)                                                                         \
    P(CLC, "clc", 1, 0xf8)                                                                         \
    P(STC, "stc", 1, 0xf9)                                                                         \
    P(CLD, "cld", 1, 0xfc)                                                                         \
    P(LAHF, "lahf", 1, 0x9f)                                                                       \
    P(SAHF, "sahf", 1, 0x9e)                                                                       \
    P(PUSHF, "pushf", 1, 0x9c)                                                                     \
    P(POPF, "popf", 1, 0x9d)                                                                       \
    P(INT3, "int3", 1, 0xcc)                                                                       \
    P(LEAVE, "leave", 1, 0xc9)                                                                     \
    P(UD2, "ud2", 2, 0x0b0f)                                                                       \
    P(PAUSE, "pause", 2, 0x90f3)                                                                   \
    P(RDTSC, "rdtsc", 2, 0x310f)                                                                   \
    P(CPUID, "cpuid", 2, 0xa20f)                                                                   \
    P(SYSCALL, "syscall", 2, 0x050f)                                                               \
    P(RDTSCP, "rdtscp", 3, 0xf9010f)                                                               \
    P(LFENCE, "lfence", 3, 0xe8ae0f)                                                               \
    P(MFENCE, "mfence", 3, 0xf0ae0f)                                                               \
    P(SFENCE, "sfence", 3, 0xf8ae0f)                                                               \
    P(CDQ, "cdq", 1, 0x99)                                                                         \
    P(CQO, "cqo", 2, 0x9948)                                                                       \
    P(CWDE, "cwde", 1, 0x98)                                                                       \
    P(CDQE, "cdqe", 2, 0x9848)                                                                     \
    P(VZEROUPPER, "vzeroupper", 3, 0x77f8c5)

#define P(name, text, length, bytes) X64_##name = (length) << 24 | (bytes),
enum x64_plain { X64_PLAIN_OPS(P) };
#undef P

/* One memory operand (map 0F, no prefix): name, text, opcode byte, /n, bytes of memory (0 any) */
#define X64_PLAIN_M_OPS(M)                                                                         \
    M(LDMXCSR, "ldmxcsr", 0xae, 2, 4)                                                              \
    M(STMXCSR, "stmxcsr", 0xae, 3, 4)                                                              \
    M(CLFLUSH, "clflush", 0xae, 7, 1)                                                              \
    M(PREFETCHNTA, "prefetchnta", 0x18, 0, 1)                                                      \
    M(PREFETCHT0, "prefetcht0", 0x18, 1, 1)                                                        \
    M(PREFETCHT1, "prefetcht1", 0x18, 2, 1)                                                        \
    M(PREFETCHT2, "prefetcht2", 0x18, 3, 1)                                                        \
    M(PREFETCHW, "prefetchw", 0x0d, 1, 1)

#define M(name, text, byte, ext, bytes) X64_##name = (ext) << 8 | (byte),
enum x64_plain_m { X64_PLAIN_M_OPS(M) };
#undef M

/* The vector operations: one value per row of vecops.h. */
#define V(name, ...) X64_##name,
enum x64_vec { X64_VEC_OPS(V) X64_N_VEC };
#undef V

#endif
