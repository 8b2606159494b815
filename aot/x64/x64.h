/*
 * The x86-64 encoder: the public face of aot/x64. Three layers: facts (ops.h, vecops.h: one row per
 * operation), the byte encoder (encode.h, private), and the typed emit functions declared here.
 * The facts come from the Intel SDM, volume 2, and the AMD64 manual, volumes 3 and 4.
 *
 * Conventions
 *  - Every emit function appends exactly one instruction, unless its comment says otherwise.
 *  - `size` is the operand size in bytes: 1, 2, 4 or 8. Size 4 on a register clears its upper half,
 *    as the hardware does. Byte registers are always the low ones (SPL, not AH).
 *  - Operands follow Intel's order, destination first. A suffix names their kinds: r a register,
 *    m memory, i an immediate, c the register CL.
 *  - Registers are plain unsigned numbers (enum x64_reg, enum x64_xmm).
 *  - Operands that no encoding exists for (RSP as an index, a memory form of a register-only
 *    operation) are programmer errors and caught by assert().
 *
 * Overflow: nothing is ever written past x64_buf.end. Once less than X64_SLACK bytes are left, the
 * buffer's `overflow` flag is set, `at` stays where it is and all later emits have no effect. So a
 * caller emits a whole region and looks at the flag once; what was emitted must then be dropped.
 */
#ifndef AOT_X64_X64_H
#define AOT_X64_X64_H

#include "aot/base/types.h"
#include "aot/x64/ops.h"

enum x64_reg {
    X64_RAX,
    X64_RCX,
    X64_RDX,
    X64_RBX,
    X64_RSP,
    X64_RBP,
    X64_RSI,
    X64_RDI,
    X64_R8,
    X64_R9,
    X64_R10,
    X64_R11,
    X64_R12,
    X64_R13,
    X64_R14,
    X64_R15,
};

enum x64_xmm {
    X64_XMM0,
    X64_XMM1,
    X64_XMM2,
    X64_XMM3,
    X64_XMM4,
    X64_XMM5,
    X64_XMM6,
    X64_XMM7,
    X64_XMM8,
    X64_XMM9,
    X64_XMM10,
    X64_XMM11,
    X64_XMM12,
    X64_XMM13,
    X64_XMM14,
    X64_XMM15,
    X64_XMM16, /* from here on: by EVEX alone, which needs X64_HAS_AVX512 */
};

/* Condition codes in the hardware's numbering; cc ^ 1 is the opposite condition. */
enum x64_cc {
    X64_CC_O,
    X64_CC_NO,
    X64_CC_B,
    X64_CC_AE,
    X64_CC_E,
    X64_CC_NE,
    X64_CC_BE,
    X64_CC_A,
    X64_CC_S,
    X64_CC_NS,
    X64_CC_P,
    X64_CC_NP,
    X64_CC_L,
    X64_CC_GE,
    X64_CC_LE,
    X64_CC_G,
    X64_CC_C = X64_CC_B,
    X64_CC_NC = X64_CC_AE,
    X64_CC_Z = X64_CC_E,
    X64_CC_NZ = X64_CC_NE,
};

/* --- memory operands ------------------------------------------------------------------------- */

enum x64_mem_kind {
    X64_MEM_BASE,  /* base + (index << scale) + disp; base and index may each be -1 (none) */
    X64_MEM_RIP,   /* end of instruction + disp; the slot's offset is left in x64_buf.disp_at */
    X64_MEM_LABEL, /* relative to the instruction pointer, to the label whose number is in disp */
};

struct x64_mem {
    s8 base, index;
    u8 scale; /* log2 of the factor, 0 to 3 */
    u8 kind;  /* enum x64_mem_kind */
    s32 disp;
};

/* [base + disp] */
static inline struct x64_mem x64_mem_b(unsigned base, s32 disp)
{
    return (struct x64_mem){(s8)base, -1, 0, X64_MEM_BASE, disp};
}

/* [base + (index << scale) + disp]; base or index may be -1. */
static inline struct x64_mem x64_mem_bi(int base, int index, unsigned scale, s32 disp)
{
    return (struct x64_mem){(s8)base, (s8)index, (u8)scale, X64_MEM_BASE, disp};
}

/* [one + other]. RBP and R13 would need a displacement as bases, which is slower too. */
static inline struct x64_mem x64_mem_sum(unsigned one, unsigned other)
{
    bool swap = (one & 7) == X64_RBP;
    return x64_mem_bi((int)(swap ? other : one), (int)(swap ? one : other), 0, 0);
}

/* [disp], an absolute address in the low or the high 2 GiB. */
static inline struct x64_mem x64_mem_abs(s32 disp)
{
    return (struct x64_mem){-1, -1, 0, X64_MEM_BASE, disp};
}

/* [rip + disp], for a relocation that the caller records: see x64_buf.disp_at. */
static inline struct x64_mem x64_mem_rip(s32 disp)
{
    return (struct x64_mem){-1, -1, 0, X64_MEM_RIP, disp};
}

/* [rip + label], bound or not yet bound. */
static inline struct x64_mem x64_mem_label(u32 label)
{
    return (struct x64_mem){-1, -1, 0, X64_MEM_LABEL, (s32)label};
}

/* --- buffer and labels ----------------------------------------------------------------------- */

/* The end of a buffer that is never used: whole words are stored and the position moved by less. */
#define X64_SLACK 32

/* A position in the code. Unbound references form a chain through their own 32-bit slots. */
struct x64_label {
    s32 pos;  /* offset from the buffer's start, or -1 while unbound */
    u32 link; /* the last reference's slot (see label.c), or 0 */
};

/* A branch to a label: where it ends, and to which; NO_JUMP: it needs nothing. */
struct x64_jump {
    u32 end, label;
};

/*
 * Branches to labels in the order in which they are emitted. Code that is emitted twice in the same
 * way gets two-byte branches where the first time has shown that they reach.
 */
struct x64_jumps {
    struct x64_jump *jump; /* room of the caller's for `max` */
    u32 count, max;
    bool again; /* the second time: those that are `near` are short */
    u8 *near;
};

struct x64_buf {
    u8 *start, *at, *end;
    u8 *limit; /* the last place where an instruction may begin */
    struct x64_label *labels;
    u32 n_labels, max_labels;
    /* Offset of the last 4- or 8-byte slot written for x64_mem_rip, x64_*_rel32 or x64_movabs. A
     * relative slot counts from the end of its instruction: read x64_pos() after the emit. */
    u32 disp_at;
    bool overflow;
    struct x64_jumps *jumps; /* or NULL */
    u8 spill[X64_SLACK];     /* where emits go after an overflow */
};

/* Start writing at `start`, `size` bytes of it; `labels` has room for max_labels labels (it may be
 * NULL if that is 0) and belongs to the caller, who keeps it as long as the buffer is used. */
void x64_init(struct x64_buf *b, void *start, size_t size, struct x64_label *labels,
              u32 max_labels);

/* The offset of the next instruction from the buffer's start. */
static inline u32 x64_pos(const struct x64_buf *b)
{
    return (u32)(b->at - b->start);
}

/* A fresh label, unbound. With no room for one the buffer overflows, and the number is still one
 * that every other function accepts. Labels are numbered from 0 upwards in order of creation. */
u32 x64_label_new(struct x64_buf *b);

/* `count` fresh labels with consecutive numbers; returns the first. */
u32 x64_labels_new(struct x64_buf *b, u32 count);

/* Bind the label to the present position and patch all references to it. A label is bound once. */
void x64_bind(struct x64_buf *b, u32 label);

/* Code has been emitted once into b, with all labels bound: finds out which branches reach. `near`
 * has room for as many bytes as there are branches. For the second time give `jumps` to a fresh
 * buffer. */
void x64_jumps_again(const struct x64_buf *b, struct x64_jumps *jumps, u8 *near);

/* At the end of the second time: short branches get their distances. False: one doesn't reach. */
bool x64_jumps_end(struct x64_buf *b);

/* The offset a label is bound to, or -1. */
s32 x64_label_pos(const struct x64_buf *b, u32 label);

/* Append raw data, of any length (a constant pool, for example). */
void x64_data(struct x64_buf *b, const void *data, size_t length);
/* Pad with nops so that the offset becomes a multiple of `to`, a power of two up to 64. */
void x64_align(struct x64_buf *b, unsigned to);

/* --- branches -------------------------------------------------------------------------------- */

/* To a label: 8-bit form if it is bound and near, 32-bit form otherwise. */
void x64_jmp(struct x64_buf *b, u32 label);
void x64_jcc(struct x64_buf *b, unsigned cc, u32 label);
void x64_call(struct x64_buf *b, u32 label);
/* Always 5 (6 for jcc) bytes; the slot's offset is left in disp_at for a relocation. */
void x64_jmp_rel32(struct x64_buf *b, s32 disp);
void x64_jcc_rel32(struct x64_buf *b, unsigned cc, s32 disp);
void x64_call_rel32(struct x64_buf *b, s32 disp);
/* A two-byte forward branch over at most 127 bytes; give the result to x64_land at its target. */
u32 x64_jmp_skip(struct x64_buf *b);
u32 x64_jcc_skip(struct x64_buf *b, unsigned cc);
void x64_land(struct x64_buf *b, u32 skip);
void x64_jmp_r(struct x64_buf *b, unsigned reg);
void x64_jmp_m(struct x64_buf *b, struct x64_mem m);
void x64_call_r(struct x64_buf *b, unsigned reg);
void x64_call_m(struct x64_buf *b, struct x64_mem m);
/* ret; with pop != 0, ret pop. */
void x64_ret(struct x64_buf *b, u16 pop);

/* --- moves ----------------------------------------------------------------------------------- */

void x64_mov_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src);
/* The 64-bit register becomes imm, in the shortest form that keeps the flags (5, 7 or 10 bytes). */
void x64_mov_ri(struct x64_buf *b, unsigned dst, u64 imm);
/* The register becomes 0 by xor: two or three bytes, but the flags are lost. */
void x64_zero(struct x64_buf *b, unsigned dst);
/* Always the 10-byte form; the immediate's offset is left in disp_at. */
void x64_movabs(struct x64_buf *b, unsigned dst, u64 imm);
/* Sizes 1 and 2 keep the other bits of dst: for zero extension see x64_movzx_rm. */
void x64_mov_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);
void x64_mov_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src);
/* With size 8 the immediate is sign-extended. */
void x64_mov_mi(struct x64_buf *b, unsigned size, struct x64_mem m, s32 imm);
/* The whole 64-bit dst becomes the zero-extended source of `size` bytes (4 and 8: a plain mov). */
void x64_movzx_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src);
void x64_movzx_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);
/* dst of to_size (4 or 8; 2 with a byte source) becomes the sign-extended source of `size` bytes,
 * smaller than to_size. */
void x64_movsx_rr(struct x64_buf *b, unsigned to_size, unsigned size, unsigned dst, unsigned src);
void x64_movsx_rm(struct x64_buf *b, unsigned to_size, unsigned size, unsigned dst,
                  struct x64_mem m);
/* size 4 or 8 */
void x64_lea(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);
/* The same bytes as x64_mov_rm, x64_mov_mr, x64_mov_mi and x64_jmp_m make of [rbp + disp], and
 * x64_lea and x64_jmp_m of [rip], sooner: they are the bulk of all code. Sizes 4 and 8, and 2 for
 * x64_store_frame. */
void x64_load_frame(struct x64_buf *b, unsigned size, unsigned dst, s32 disp);
void x64_store_frame(struct x64_buf *b, unsigned size, s32 disp, unsigned src);
void x64_store_frame_i(struct x64_buf *b, unsigned size, s32 disp, s32 imm);
void x64_jmp_frame(struct x64_buf *b, s32 disp);
void x64_lea_rip(struct x64_buf *b, unsigned dst);
void x64_jmp_rip(struct x64_buf *b);
void x64_push_r(struct x64_buf *b, unsigned reg);
void x64_push_i(struct x64_buf *b, s32 imm);
void x64_push_m(struct x64_buf *b, struct x64_mem m);
void x64_pop_r(struct x64_buf *b, unsigned reg);
void x64_pop_m(struct x64_buf *b, struct x64_mem m);
void x64_cmov_rr(struct x64_buf *b, unsigned cc, unsigned size, unsigned dst, unsigned src);
void x64_cmov_rm(struct x64_buf *b, unsigned cc, unsigned size, unsigned dst, struct x64_mem m);
/* The low byte of dst becomes 0 or 1. */
void x64_setcc_r(struct x64_buf *b, unsigned cc, unsigned dst);
void x64_setcc_m(struct x64_buf *b, unsigned cc, struct x64_mem m);
void x64_bswap(struct x64_buf *b, unsigned size, unsigned reg); /* size 4 or 8 */
void x64_movbe_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);
void x64_movbe_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src);

/* --- integer arithmetic ---------------------------------------------------------------------- */

/* X64_ADD, OR, ADC, SBB, AND, SUB, XOR, CMP. Immediates take the 8-bit form where they fit; with
 * size 8 they are sign-extended, with smaller sizes only the low bytes count. */
void x64_alu_rr(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, unsigned src);
void x64_alu_ri(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, s32 imm);
void x64_alu_rm(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, struct x64_mem m);
void x64_alu_mr(struct x64_buf *b, enum x64_alu op, unsigned size, struct x64_mem m, unsigned src);
void x64_alu_mi(struct x64_buf *b, enum x64_alu op, unsigned size, struct x64_mem m, s32 imm);
void x64_test_rr(struct x64_buf *b, unsigned size, unsigned a, unsigned src);
void x64_test_ri(struct x64_buf *b, unsigned size, unsigned a, s32 imm);
void x64_test_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src);
void x64_test_mi(struct x64_buf *b, unsigned size, struct x64_mem m, s32 imm);
/* X64_INC, DEC, NOT, NEG; X64_MUL, IMUL, DIV, IDIV on RDX:RAX (AX for size 1). */
void x64_un_r(struct x64_buf *b, enum x64_un op, unsigned size, unsigned reg);
void x64_un_m(struct x64_buf *b, enum x64_un op, unsigned size, struct x64_mem m);
/* Sizes 2, 4 and 8. */
void x64_imul_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src);
void x64_imul_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);
void x64_imul_rri(struct x64_buf *b, unsigned size, unsigned dst, unsigned src, s32 imm);
void x64_imul_rmi(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m, s32 imm);
/* Sign of (E/R)AX into (E/R)DX: cdq for size 4, cqo for size 8. */
void x64_cdq(struct x64_buf *b, unsigned size);
/* X64_ROL, ROR, RCL, RCR, SHL, SHR, SAR. A count of 1 takes the short form. */
void x64_shift_ri(struct x64_buf *b, enum x64_shift op, unsigned size, unsigned dst, u8 count);
void x64_shift_mi(struct x64_buf *b, enum x64_shift op, unsigned size, struct x64_mem m, u8 count);
void x64_shift_rc(struct x64_buf *b, enum x64_shift op, unsigned size, unsigned dst);
void x64_shift_mc(struct x64_buf *b, enum x64_shift op, unsigned size, struct x64_mem m);
/* X64_SHLD, X64_SHRD: dst shifted, filled with bits of src. */
void x64_shiftd_rri(struct x64_buf *b, enum x64_shiftd op, unsigned size, unsigned dst,
                    unsigned src, u8 count);
void x64_shiftd_rrc(struct x64_buf *b, enum x64_shiftd op, unsigned size, unsigned dst,
                    unsigned src);
/* X64_BT, BTS, BTR, BTC; sizes 2, 4, 8. The mr form reaches beyond the operand, as the hardware's.
 */
void x64_bit_rr(struct x64_buf *b, enum x64_bit op, unsigned size, unsigned dst, unsigned bit);
void x64_bit_ri(struct x64_buf *b, enum x64_bit op, unsigned size, unsigned dst, u8 bit);
void x64_bit_mr(struct x64_buf *b, enum x64_bit op, unsigned size, struct x64_mem m, unsigned bit);
void x64_bit_mi(struct x64_buf *b, enum x64_bit op, unsigned size, struct x64_mem m, u8 bit);
/* X64_BSF, BSR, LZCNT, TZCNT, POPCNT, ADCX, ADOX; sizes 2, 4, 8 (ADCX, ADOX: 4, 8). */
void x64_gp_rr(struct x64_buf *b, enum x64_gp op, unsigned size, unsigned dst, unsigned src);
void x64_gp_rm(struct x64_buf *b, enum x64_gp op, unsigned size, unsigned dst, struct x64_mem m);
/* CRC32C of dst (32 bits) and a source of `size` bytes. */
void x64_crc32_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src);
void x64_crc32_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m);

/* BMI1 and BMI2, sizes 4 and 8, in Intel's operand order:
 *   X64_ANDN dst = ~a & src; X64_PDEP, X64_PEXT dst = a by the mask src;
 *   X64_MULX dst:a = RDX * src (dst the high, a the low half);
 *   X64_SHLX, SHRX, SARX, BEXTR, BZHI dst = a by the count or control src. */
void x64_bmi_rrr(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, unsigned a,
                 unsigned src);
/* X64_ANDN, PDEP, PEXT, MULX only. */
void x64_bmi_rrm(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, unsigned a,
                 struct x64_mem m);
/* X64_SHLX, SHRX, SARX, BEXTR, BZHI only. */
void x64_bmi_rmr(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, struct x64_mem m,
                 unsigned src);
/* X64_BLSR, BLSMSK, BLSI. */
void x64_bls_rr(struct x64_buf *b, enum x64_bls op, unsigned size, unsigned dst, unsigned src);
void x64_bls_rm(struct x64_buf *b, enum x64_bls op, unsigned size, unsigned dst, struct x64_mem m);
void x64_rorx_rri(struct x64_buf *b, unsigned size, unsigned dst, unsigned src, u8 count);
void x64_rorx_rmi(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m, u8 count);

/* --- atomics and the rest -------------------------------------------------------------------- */

/* The lock prefix, for the instruction emitted next. */
void x64_lock(struct x64_buf *b);
void x64_xchg_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src);
/* Locked with or without the prefix. */
void x64_xchg_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned reg);
void x64_cmpxchg_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src);
/* size 8: cmpxchg8b, 16: cmpxchg16b */
void x64_cmpxchg_pair(struct x64_buf *b, unsigned size, struct x64_mem m);
void x64_xadd_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned reg);
/* X64_LAHF, SAHF, CMC, STC, CLC, PUSHF, POPF, INT3, UD2, MFENCE, PAUSE, RDTSC, ... (ops.h). */
void x64_plain(struct x64_buf *b, enum x64_plain op);
/* X64_LDMXCSR, STMXCSR, PREFETCH...: one memory operand, no other (ops.h). */
void x64_plain_m(struct x64_buf *b, enum x64_plain_m op, struct x64_mem m);
/* Exactly `length` bytes (0 to 64) of multi-byte nops: one or more instructions. */
void x64_nop(struct x64_buf *b, unsigned length);

/* --- vectors --------------------------------------------------------------------------------- */

/*
 * One function per operand pattern, for all rows of vecops.h. `avx` chooses the VEX form; without
 * it the legacy form is taken, which overwrites its first source, so that
 *   - if dst != a, a movaps dst, a is emitted first;
 *   - if dst == src != a, a commutative operation swaps its sources (only rows marked so: integer
 *     and bitwise ones; floating point keeps its order for NaNs), anything else is an assert: the
 *     caller keeps dst apart from src (x64_vec_clobbers() tells).
 * Rows that exist in one form only (marked VEX or LEGACY) take it whatever `avx` says. Operands are
 * xmm registers, or general ones where the row says so. 128-bit and scalar only. Where one is XMM16
 * to XMM31 the EVEX form is taken, which the row must have (x64_vec_reaches() tells), whatever
 * `avx` says.
 *
 *   rr    dst = op(src); for three-operand rows dst = op(dst, src)
 *   rrr   dst = op(a, src)
 *   rri   dst = op(src, imm); for three-operand rows dst = op(dst, src, imm). Shifts by an
 *         immediate and extracts (dst a general register) are of this form
 *   mr    stores (rows named _ST, X64_MOVD_RX, X64_MOVQ_RX), mri extracts to memory
 * and m in the place of the last r is a memory source.
 */
void x64_vec_rr(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned src);
void x64_vec_rm(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, struct x64_mem m);
void x64_vec_mr(struct x64_buf *b, bool avx, enum x64_vec op, struct x64_mem m, unsigned src);
void x64_vec_rrr(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                 unsigned src);
void x64_vec_rrm(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                 struct x64_mem m);
/* dst = op(a, the element in memory in all lanes): of 8 bytes where EVEX.W is set, else of 4. For
 * rows that work on such elements alone. Needs X64_HAS_AVX512. */
void x64_vec_rrb(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m);
void x64_vec_rri(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned src, u8 imm);
void x64_vec_rmi(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, struct x64_mem m,
                 u8 imm);
void x64_vec_mri(struct x64_buf *b, bool avx, enum x64_vec op, struct x64_mem m, unsigned src,
                 u8 imm);
void x64_vec_rrri(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                  unsigned src, u8 imm);
void x64_vec_rrmi(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                  struct x64_mem m, u8 imm);
/* X64_PBLENDVB, BLENDVPS, BLENDVPD: dst = a, or src where the mask's sign bits are set. The legacy
 * form needs the mask in XMM0, and dst apart from it. */
void x64_vec_blendv(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                    unsigned src, unsigned mask);

/* True if the row's operands may be XMM16 to XMM31, given X64_HAS_AVX512. */
bool x64_vec_reaches(enum x64_vec op);

/* True if the legacy form of a three-operand row cannot have dst == src (unless dst == a). */
bool x64_vec_clobbers(enum x64_vec op);

/* The host features (enum x64_feature, or-ed) that the row's form for this `avx` needs. */
u32 x64_vec_need(enum x64_vec op, bool avx);

/* The same with the form fixed. */
static inline void x64_sse_rr(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned src)
{
    x64_vec_rr(b, false, op, dst, src);
}

static inline void x64_sse_rm(struct x64_buf *b, enum x64_vec op, unsigned dst, struct x64_mem m)
{
    x64_vec_rm(b, false, op, dst, m);
}

static inline void x64_sse_rri(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned src,
                               u8 imm)
{
    x64_vec_rri(b, false, op, dst, src, imm);
}

static inline void x64_avx_rrr(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned a,
                               unsigned src)
{
    x64_vec_rrr(b, true, op, dst, a, src);
}

static inline void x64_avx_rrm(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned a,
                               struct x64_mem m)
{
    x64_vec_rrm(b, true, op, dst, a, m);
}

static inline void x64_avx_rrri(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned a,
                                unsigned src, u8 imm)
{
    x64_vec_rrri(b, true, op, dst, a, src, imm);
}

#endif
