/*
 * Emit functions of the general-purpose operations. Each computes an opcode and its operands'
 * places and leaves the bytes to two helpers: put_rr (register in ModRM.rm) and put_rm (memory).
 */
#include "aot/x64/encode.h"

#define MAP_0F(byte)   X64_OPCODE(X64_PFX_NP, X64_MAP_0F, byte)
#define MAP_0F38(byte) X64_OPCODE(X64_PFX_NP, X64_MAP_0F38, byte)

/* Opcodes of byte operations are even, the form for the other sizes is one higher. */
static inline u32 sized(u32 opcode, unsigned size)
{
    assert(size == 1 || size == 2 || size == 4 || size == 8);
    return opcode + (size != 1);
}

/* Up to the opcode. byte_regs: the registers used as bytes, or-ed; SPL, BPL, SIL and DIL (bit 2
 * set) need a REX prefix, or they would be AH, CH, DH and BH. */
static inline u8 *put_head(u8 *p, u32 opcode, unsigned size, unsigned rex, unsigned byte_regs)
{
    *p = 0x66;
    p += size == 2;
    return x64_put_opcode(p, opcode, rex | (size == 8) << 3, byte_regs & 4);
}

/* REX, if one is needed, and an opcode of one byte; operands of 4 or 8 bytes. */
static inline u8 *put_short(u8 *p, u8 opcode, unsigned size, unsigned rex)
{
    rex |= size & 8;
    *p = (u8)(0x40 | rex);
    p += rex != 0;
    *p = opcode;
    return p + 1;
}

static inline bool has_short_form(u32 opcode, unsigned size)
{
    return opcode < 0x100 && size >= 4;
}

static inline u8 *put_rr(struct x64_buf *b, u32 opcode, unsigned size, unsigned reg, unsigned rm,
                         unsigned byte_regs)
{
    assert(reg < 16 && rm < 16);
    unsigned rex = x64_rex_rr(reg, rm);
    u8 *p = x64_begin(b);
    p = has_short_form(opcode, size) ? put_short(p, (u8)opcode, size, rex)
                                     : put_head(p, opcode, size, rex, byte_regs);
    return x64_put_modrm_rr(p, reg, rm);
}

static inline __attribute__((always_inline)) u8 *put_rm(struct x64_buf *b, u32 opcode,
                                                        unsigned size, unsigned reg,
                                                        struct x64_mem m, unsigned byte_regs,
                                                        unsigned after)
{
    assert(reg < 16);
    u8 *p = put_head(x64_begin(b), opcode, size, x64_rex_rm(reg, m), byte_regs);
    return x64_put_modrm_rm(b, p, reg, m, after, 0);
}

/* The registers of an operation whose operands are all of `size` bytes. */
static inline unsigned byte_regs(unsigned size, unsigned regs)
{
    return size == 1 ? regs : 0;
}

/* An immediate as the operation sees it. */
static inline s32 truncate_imm(unsigned size, s32 imm)
{
    return size == 1 ? (s8)imm : size == 2 ? (s16)imm : imm;
}

/* A whole instruction with a memory operand and no immediate. Out of line, so that the short ways
 * past it save no registers. */
static __attribute__((noinline)) void emit_rm(struct x64_buf *b, u32 opcode, unsigned size,
                                              unsigned reg, struct x64_mem m, unsigned byte_regs)
{
    if (has_short_form(opcode, size)) {
        u8 *p = put_short(x64_begin(b), (u8)opcode, size, x64_rex_rm(reg, m));
        x64_end(b, x64_put_modrm_rm(b, p, reg, m, 0, 0));
    } else {
        x64_end(b, put_rm(b, opcode, size, reg, m, byte_regs, 0));
    }
}

/*
 * The bulk of all code: an operation of 4 or 8 bytes, opcode of one byte, between a register and
 * [base + disp]. False: not of that shape, nothing was done.
 */
static inline bool put_simple(struct x64_buf *b, u8 opcode, unsigned size, unsigned reg,
                              struct x64_mem m)
{
    unsigned base = (unsigned)m.base & 7;
    if (size < 4 || m.kind != X64_MEM_BASE || m.base < 0 || m.index >= 0 || base == X64_RSP)
        return false;
    assert(size <= 8 && reg < 16);
    u8 *p = put_short(x64_begin(b), opcode, size, (reg >> 3) << 2 | (unsigned)m.base >> 3);
    unsigned has_disp = (m.disp != 0) | (base == X64_RBP);
    unsigned mod = has_disp << (m.disp != (s8)m.disp);
    *p = (u8)(mod << 6 | (reg & 7) << 3 | base);
    x64_put32(p + 1, (u32)m.disp);
    x64_end(b, p + 1 + (mod & 1) + (mod & 2) * 2);
    return true;
}

/* --- frame and instruction pointer --------------------------------------------------------------
 */

/* ModRM and displacement of [rbp + disp], behind the opcode byte. */
static inline u8 *put_frame(u8 *p, u8 opcode, unsigned reg, s32 disp)
{
    bool is_short = disp == (s8)disp;
    x64_put16(p, opcode | ((is_short ? 0x45u : 0x85u) | (reg & 7) << 3) << 8);
    x64_put32(p + 2, (u32)disp);
    return p + (is_short ? 3 : 6);
}

static inline u8 *put_rex(u8 *p, unsigned size, unsigned reg)
{
    unsigned rex = (size & 8) | (reg & 8) >> 1;
    *p = (u8)(0x40 | rex);
    return p + (rex != 0);
}

void x64_load_frame(struct x64_buf *b, unsigned size, unsigned dst, s32 disp)
{
    x64_end(b, put_frame(put_rex(x64_begin(b), size, dst), 0x8b, dst, disp));
}

void x64_store_frame(struct x64_buf *b, unsigned size, s32 disp, unsigned src)
{
    u8 *p = x64_begin(b);
    if (size == 2) *p++ = 0x66;
    x64_end(b, put_frame(put_rex(p, size, src), 0x89, src, disp));
}

void x64_store_frame_i(struct x64_buf *b, unsigned size, s32 disp, s32 imm)
{
    u8 *p = put_frame(put_rex(x64_begin(b), size, 0), 0xc7, 0, disp);
    x64_end(b, x64_put32(p, (u32)imm));
}

void x64_jmp_frame(struct x64_buf *b, s32 disp)
{
    x64_end(b, put_frame(x64_begin(b), 0xff, 4, disp));
}

void x64_lea_rip(struct x64_buf *b, unsigned dst)
{
    u8 *p = put_rex(x64_begin(b), 8, dst);
    p = x64_put16(p, 0x8d | (5 | (dst & 7) << 3) << 8);
    x64_end(b, x64_put_slot(b, p, 0));
}

void x64_jmp_rip(struct x64_buf *b)
{
    x64_end(b, x64_put_slot(b, x64_put16(x64_begin(b), 0x25ff), 0));
}

/* --- moves ----------------------------------------------------------------------------------- */

void x64_mov_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src)
{
    x64_end(b, put_rr(b, sized(0x88, size), size, src, dst, byte_regs(size, src | dst)));
}

void x64_mov_ri(struct x64_buf *b, unsigned dst, u64 imm)
{
    assert(dst < 16);
    u8 *p = x64_begin(b);
    if (imm <= UINT32_MAX) {
        p = x64_put_opcode(p, 0xb8 | (dst & 7), dst >> 3, false);
        p = x64_put32(p, (u32)imm);
    } else if ((s64)imm == (s32)imm) {
        p = x64_put_opcode(p, 0xc7, X64_REX_W | dst >> 3, false);
        p = x64_put_modrm_rr(p, 0, dst);
        p = x64_put32(p, (u32)imm);
    } else {
        p = x64_put_opcode(p, 0xb8 | (dst & 7), X64_REX_W | dst >> 3, false);
        p = x64_put64(p, imm);
    }
    x64_end(b, p);
}

void x64_zero(struct x64_buf *b, unsigned dst)
{
    x64_alu_rr(b, X64_XOR, 4, dst, dst);
}

void x64_movabs(struct x64_buf *b, unsigned dst, u64 imm)
{
    assert(dst < 16);
    u8 *p = x64_put_opcode(x64_begin(b), 0xb8 | (dst & 7), X64_REX_W | dst >> 3, false);
    b->disp_at = b->overflow ? 0 : (u32)(p - b->start);
    x64_end(b, x64_put64(p, imm));
}

void x64_mov_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    if (put_simple(b, 0x8b, size, dst, m)) return;
    emit_rm(b, sized(0x8a, size), size, dst, m, byte_regs(size, dst));
}

void x64_mov_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src)
{
    if (put_simple(b, 0x89, size, src, m)) return;
    emit_rm(b, sized(0x88, size), size, src, m, byte_regs(size, src));
}

void x64_mov_mi(struct x64_buf *b, unsigned size, struct x64_mem m, s32 imm)
{
    u8 *p = put_rm(b, sized(0xc6, size), size, 0, m, 0, size > 4 ? 4 : size);
    x64_end(b, x64_put_imm(p, size, imm));
}

void x64_movzx_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src)
{
    if (size >= 4) {
        x64_mov_rr(b, size, dst, src);
        return;
    }
    x64_end(b, put_rr(b, sized(MAP_0F(0xb6), size), 4, dst, src, byte_regs(size, src)));
}

void x64_movzx_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    if (size >= 4) {
        x64_mov_rm(b, size, dst, m);
        return;
    }
    x64_end(b, put_rm(b, sized(MAP_0F(0xb6), size), 4, dst, m, 0, 0));
}

void x64_movsx_rr(struct x64_buf *b, unsigned to_size, unsigned size, unsigned dst, unsigned src)
{
    assert(size < to_size);
    u32 opcode = size == 4 ? 0x63 : sized(MAP_0F(0xbe), size);
    x64_end(b, put_rr(b, opcode, to_size, dst, src, byte_regs(size, src)));
}

void x64_movsx_rm(struct x64_buf *b, unsigned to_size, unsigned size, unsigned dst,
                  struct x64_mem m)
{
    assert(size < to_size);
    u32 opcode = size == 4 ? 0x63 : sized(MAP_0F(0xbe), size);
    x64_end(b, put_rm(b, opcode, to_size, dst, m, 0, 0));
}

void x64_lea(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    assert(size == 4 || size == 8);
    if (put_simple(b, 0x8d, size, dst, m)) return;
    emit_rm(b, 0x8d, size, dst, m, 0);
}

void x64_push_r(struct x64_buf *b, unsigned reg)
{
    x64_end(b, x64_put_opcode(x64_begin(b), 0x50 | (reg & 7), reg >> 3, false));
}

void x64_push_i(struct x64_buf *b, s32 imm)
{
    u8 *p = x64_begin(b);
    bool is_short = imm == (s8)imm;
    *p = is_short ? 0x6a : 0x68;
    x64_end(b, x64_put_imm(p + 1, is_short ? 1 : 4, imm));
}

void x64_push_m(struct x64_buf *b, struct x64_mem m)
{
    x64_end(b, put_rm(b, 0xff, 4, 6, m, 0, 0));
}

void x64_pop_r(struct x64_buf *b, unsigned reg)
{
    x64_end(b, x64_put_opcode(x64_begin(b), 0x58 | (reg & 7), reg >> 3, false));
}

void x64_pop_m(struct x64_buf *b, struct x64_mem m)
{
    x64_end(b, put_rm(b, 0x8f, 4, 0, m, 0, 0));
}

void x64_cmov_rr(struct x64_buf *b, unsigned cc, unsigned size, unsigned dst, unsigned src)
{
    assert(size > 1);
    x64_end(b, put_rr(b, MAP_0F(0x40 | cc), size, dst, src, 0));
}

void x64_cmov_rm(struct x64_buf *b, unsigned cc, unsigned size, unsigned dst, struct x64_mem m)
{
    assert(size > 1);
    x64_end(b, put_rm(b, MAP_0F(0x40 | cc), size, dst, m, 0, 0));
}

void x64_setcc_r(struct x64_buf *b, unsigned cc, unsigned dst)
{
    x64_end(b, put_rr(b, MAP_0F(0x90 | cc), 1, 0, dst, dst));
}

void x64_setcc_m(struct x64_buf *b, unsigned cc, struct x64_mem m)
{
    x64_end(b, put_rm(b, MAP_0F(0x90 | cc), 1, 0, m, 0, 0));
}

void x64_bswap(struct x64_buf *b, unsigned size, unsigned reg)
{
    assert(size == 4 || size == 8);
    x64_end(b, put_head(x64_begin(b), MAP_0F(0xc8 | (reg & 7)), size, reg >> 3, 0));
}

void x64_movbe_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    assert(size > 1);
    x64_end(b, put_rm(b, MAP_0F38(0xf0), size, dst, m, 0, 0));
}

void x64_movbe_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src)
{
    assert(size > 1);
    x64_end(b, put_rm(b, MAP_0F38(0xf1), size, src, m, 0, 0));
}

/* --- integer arithmetic ---------------------------------------------------------------------- */

void x64_alu_rr(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, unsigned src)
{
    x64_end(b, put_rr(b, sized((u32)op << 3, size), size, src, dst, byte_regs(size, src | dst)));
}

void x64_alu_ri(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, s32 imm)
{
    imm = truncate_imm(size, imm);
    u8 *p;
    if (size != 1 && imm == (s8)imm) {
        p = put_rr(b, 0x83, size, op, dst, 0);
        *p++ = (u8)imm;
    } else if (dst == X64_RAX) {
        p = put_head(x64_begin(b), sized((u32)op << 3 | 4, size), size, 0, 0);
        p = x64_put_imm(p, size, imm);
    } else {
        p = put_rr(b, sized(0x80, size), size, op, dst, byte_regs(size, dst));
        p = x64_put_imm(p, size, imm);
    }
    x64_end(b, p);
}

void x64_alu_rm(struct x64_buf *b, enum x64_alu op, unsigned size, unsigned dst, struct x64_mem m)
{
    u32 opcode = sized((u32)op << 3 | 2, size);
    x64_end(b, put_rm(b, opcode, size, dst, m, byte_regs(size, dst), 0));
}

void x64_alu_mr(struct x64_buf *b, enum x64_alu op, unsigned size, struct x64_mem m, unsigned src)
{
    x64_end(b, put_rm(b, sized((u32)op << 3, size), size, src, m, byte_regs(size, src), 0));
}

void x64_alu_mi(struct x64_buf *b, enum x64_alu op, unsigned size, struct x64_mem m, s32 imm)
{
    imm = truncate_imm(size, imm);
    unsigned imm_size = imm == (s8)imm ? 1 : size > 4 ? 4 : size;
    u32 opcode = size == 1 ? 0x80 : imm_size == 1 ? 0x83 : 0x81;
    u8 *p = put_rm(b, opcode, size, op, m, 0, imm_size);
    x64_end(b, x64_put_imm(p, imm_size, imm));
}

void x64_test_rr(struct x64_buf *b, unsigned size, unsigned a, unsigned src)
{
    x64_end(b, put_rr(b, sized(0x84, size), size, src, a, byte_regs(size, src | a)));
}

void x64_test_ri(struct x64_buf *b, unsigned size, unsigned a, s32 imm)
{
    u8 *p = a == X64_RAX ? put_head(x64_begin(b), sized(0xa8, size), size, 0, 0)
                         : put_rr(b, sized(0xf6, size), size, 0, a, byte_regs(size, a));
    x64_end(b, x64_put_imm(p, size, imm));
}

void x64_test_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src)
{
    x64_end(b, put_rm(b, sized(0x84, size), size, src, m, byte_regs(size, src), 0));
}

void x64_test_mi(struct x64_buf *b, unsigned size, struct x64_mem m, s32 imm)
{
    u8 *p = put_rm(b, sized(0xf6, size), size, 0, m, 0, size > 4 ? 4 : size);
    x64_end(b, x64_put_imm(p, size, imm));
}

void x64_un_r(struct x64_buf *b, enum x64_un op, unsigned size, unsigned reg)
{
    u32 opcode = sized(op >= X64_INC ? 0xfe : 0xf6, size);
    x64_end(b, put_rr(b, opcode, size, op & 7, reg, byte_regs(size, reg)));
}

void x64_un_m(struct x64_buf *b, enum x64_un op, unsigned size, struct x64_mem m)
{
    u32 opcode = sized(op >= X64_INC ? 0xfe : 0xf6, size);
    x64_end(b, put_rm(b, opcode, size, op & 7, m, 0, 0));
}

void x64_imul_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src)
{
    assert(size > 1);
    x64_end(b, put_rr(b, MAP_0F(0xaf), size, dst, src, 0));
}

void x64_imul_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    assert(size > 1);
    x64_end(b, put_rm(b, MAP_0F(0xaf), size, dst, m, 0, 0));
}

void x64_imul_rri(struct x64_buf *b, unsigned size, unsigned dst, unsigned src, s32 imm)
{
    assert(size > 1);
    imm = truncate_imm(size, imm);
    bool is_short = imm == (s8)imm;
    u8 *p = put_rr(b, is_short ? 0x6b : 0x69, size, dst, src, 0);
    x64_end(b, x64_put_imm(p, is_short ? 1 : size, imm));
}

void x64_imul_rmi(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m, s32 imm)
{
    assert(size > 1);
    imm = truncate_imm(size, imm);
    unsigned imm_size = imm == (s8)imm ? 1 : size > 4 ? 4 : size;
    u8 *p = put_rm(b, imm_size == 1 ? 0x6b : 0x69, size, dst, m, 0, imm_size);
    x64_end(b, x64_put_imm(p, imm_size, imm));
}

void x64_cdq(struct x64_buf *b, unsigned size)
{
    x64_plain(b, size == 8 ? X64_CQO : X64_CDQ);
}

void x64_shift_ri(struct x64_buf *b, enum x64_shift op, unsigned size, unsigned dst, u8 count)
{
    u8 *p = put_rr(b, sized(count == 1 ? 0xd0 : 0xc0, size), size, op, dst, byte_regs(size, dst));
    *p = count;
    x64_end(b, p + (count != 1));
}

void x64_shift_mi(struct x64_buf *b, enum x64_shift op, unsigned size, struct x64_mem m, u8 count)
{
    u8 *p = put_rm(b, sized(count == 1 ? 0xd0 : 0xc0, size), size, op, m, 0, count != 1);
    *p = count;
    x64_end(b, p + (count != 1));
}

void x64_shift_rc(struct x64_buf *b, enum x64_shift op, unsigned size, unsigned dst)
{
    x64_end(b, put_rr(b, sized(0xd2, size), size, op, dst, byte_regs(size, dst)));
}

void x64_shift_mc(struct x64_buf *b, enum x64_shift op, unsigned size, struct x64_mem m)
{
    x64_end(b, put_rm(b, sized(0xd2, size), size, op, m, 0, 0));
}

void x64_shiftd_rri(struct x64_buf *b, enum x64_shiftd op, unsigned size, unsigned dst,
                    unsigned src, u8 count)
{
    assert(size > 1);
    u8 *p = put_rr(b, MAP_0F(op), size, src, dst, 0);
    *p = count;
    x64_end(b, p + 1);
}

void x64_shiftd_rrc(struct x64_buf *b, enum x64_shiftd op, unsigned size, unsigned dst,
                    unsigned src)
{
    assert(size > 1);
    x64_end(b, put_rr(b, MAP_0F(op + 1), size, src, dst, 0));
}

void x64_bit_rr(struct x64_buf *b, enum x64_bit op, unsigned size, unsigned dst, unsigned bit)
{
    assert(size > 1);
    x64_end(b, put_rr(b, MAP_0F(0x83 + op * 8), size, bit, dst, 0));
}

void x64_bit_ri(struct x64_buf *b, enum x64_bit op, unsigned size, unsigned dst, u8 bit)
{
    assert(size > 1);
    u8 *p = put_rr(b, MAP_0F(0xba), size, op, dst, 0);
    *p = bit;
    x64_end(b, p + 1);
}

void x64_bit_mr(struct x64_buf *b, enum x64_bit op, unsigned size, struct x64_mem m, unsigned bit)
{
    assert(size > 1);
    x64_end(b, put_rm(b, MAP_0F(0x83 + op * 8), size, bit, m, 0, 0));
}

void x64_bit_mi(struct x64_buf *b, enum x64_bit op, unsigned size, struct x64_mem m, u8 bit)
{
    assert(size > 1);
    u8 *p = put_rm(b, MAP_0F(0xba), size, op, m, 0, 1);
    *p = bit;
    x64_end(b, p + 1);
}

void x64_gp_rr(struct x64_buf *b, enum x64_gp op, unsigned size, unsigned dst, unsigned src)
{
    assert(size > 1);
    x64_end(b, put_rr(b, op, size, dst, src, 0));
}

void x64_gp_rm(struct x64_buf *b, enum x64_gp op, unsigned size, unsigned dst, struct x64_mem m)
{
    assert(size > 1);
    x64_end(b, put_rm(b, op, size, dst, m, 0, 0));
}

#define CRC32 X64_OPCODE(X64_PFX_F2, X64_MAP_0F38, 0xf0)

void x64_crc32_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src)
{
    x64_end(b, put_rr(b, sized(CRC32, size), size, dst, src, byte_regs(size, src)));
}

void x64_crc32_rm(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m)
{
    x64_end(b, put_rm(b, sized(CRC32, size), size, dst, m, 0, 0));
}

/* --- BMI1 and BMI2 ---------------------------------------------------------------------------- */

static inline u8 *put_vex_rr(struct x64_buf *b, u32 opcode, unsigned size, unsigned reg,
                             unsigned vvvv, unsigned rm)
{
    assert((size == 4 || size == 8) && reg < 16 && vvvv < 16 && rm < 16);
    u8 *p = x64_put_vex(x64_begin(b), opcode, x64_rex_rr(reg, rm) | (size == 8) << 3, vvvv);
    return x64_put_modrm_rr(p, reg, rm);
}

static inline u8 *put_vex_rm(struct x64_buf *b, u32 opcode, unsigned size, unsigned reg,
                             unsigned vvvv, struct x64_mem m, unsigned after)
{
    assert((size == 4 || size == 8) && reg < 16 && vvvv < 16);
    u8 *p = x64_put_vex(x64_begin(b), opcode, x64_rex_rm(reg, m) | (size == 8) << 3, vvvv);
    return x64_put_modrm_rm(b, p, reg, m, after, 0);
}

void x64_bmi_rrr(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, unsigned a,
                 unsigned src)
{
    bool rm_last = op & X64_BMI_RM_LAST;
    x64_end(b, put_vex_rr(b, op, size, dst, rm_last ? a : src, rm_last ? src : a));
}

void x64_bmi_rrm(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, unsigned a,
                 struct x64_mem m)
{
    assert(op & X64_BMI_RM_LAST);
    x64_end(b, put_vex_rm(b, op, size, dst, a, m, 0));
}

void x64_bmi_rmr(struct x64_buf *b, enum x64_bmi op, unsigned size, unsigned dst, struct x64_mem m,
                 unsigned src)
{
    assert(!(op & X64_BMI_RM_LAST));
    x64_end(b, put_vex_rm(b, op, size, dst, src, m, 0));
}

void x64_bls_rr(struct x64_buf *b, enum x64_bls op, unsigned size, unsigned dst, unsigned src)
{
    x64_end(b, put_vex_rr(b, MAP_0F38(0xf3), size, op, dst, src));
}

void x64_bls_rm(struct x64_buf *b, enum x64_bls op, unsigned size, unsigned dst, struct x64_mem m)
{
    x64_end(b, put_vex_rm(b, MAP_0F38(0xf3), size, op, dst, m, 0));
}

#define RORX X64_OPCODE(X64_PFX_F2, X64_MAP_0F3A, 0xf0)

void x64_rorx_rri(struct x64_buf *b, unsigned size, unsigned dst, unsigned src, u8 count)
{
    u8 *p = put_vex_rr(b, RORX, size, dst, 0, src);
    *p = count;
    x64_end(b, p + 1);
}

void x64_rorx_rmi(struct x64_buf *b, unsigned size, unsigned dst, struct x64_mem m, u8 count)
{
    u8 *p = put_vex_rm(b, RORX, size, dst, 0, m, 1);
    *p = count;
    x64_end(b, p + 1);
}

/* --- atomics and the rest -------------------------------------------------------------------- */

void x64_lock(struct x64_buf *b)
{
    u8 *p = x64_begin(b);
    *p = 0xf0;
    x64_end(b, p + 1);
}

void x64_xchg_rr(struct x64_buf *b, unsigned size, unsigned dst, unsigned src)
{
    /* The short form with RAX; not for RAX twice: 90 is a nop, which leaves the upper half alone.
     */
    if (size != 1 && (dst == X64_RAX) != (src == X64_RAX)) {
        unsigned reg = dst | src;
        x64_end(b, put_head(x64_begin(b), 0x90 | (reg & 7), size, reg >> 3, 0));
        return;
    }
    x64_end(b, put_rr(b, sized(0x86, size), size, src, dst, byte_regs(size, src | dst)));
}

void x64_xchg_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned reg)
{
    x64_end(b, put_rm(b, sized(0x86, size), size, reg, m, byte_regs(size, reg), 0));
}

void x64_cmpxchg_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned src)
{
    x64_end(b, put_rm(b, sized(MAP_0F(0xb0), size), size, src, m, byte_regs(size, src), 0));
}

void x64_cmpxchg_pair(struct x64_buf *b, unsigned size, struct x64_mem m)
{
    assert(size == 8 || size == 16);
    x64_end(b, put_rm(b, MAP_0F(0xc7), size / 2, 1, m, 0, 0));
}

void x64_xadd_mr(struct x64_buf *b, unsigned size, struct x64_mem m, unsigned reg)
{
    x64_end(b, put_rm(b, sized(MAP_0F(0xc0), size), size, reg, m, byte_regs(size, reg), 0));
}

void x64_plain(struct x64_buf *b, enum x64_plain op)
{
    u8 *p = x64_begin(b);
    x64_put32(p, op);
    x64_end(b, p + (op >> 24));
}

void x64_plain_m(struct x64_buf *b, enum x64_plain_m op, struct x64_mem m)
{
    x64_end(b, put_rm(b, MAP_0F(op & 0xff), 4, op >> 8, m, 0, 0));
}

/* --- indirect jumps, calls, returns ----------------------------------------------------------- */

void x64_jmp_r(struct x64_buf *b, unsigned reg)
{
    x64_end(b, put_rr(b, 0xff, 4, 4, reg, 0));
}

void x64_jmp_m(struct x64_buf *b, struct x64_mem m)
{
    if (put_simple(b, 0xff, 4, 4, m)) return;
    emit_rm(b, 0xff, 4, 4, m, 0);
}

void x64_call_r(struct x64_buf *b, unsigned reg)
{
    x64_end(b, put_rr(b, 0xff, 4, 2, reg, 0));
}

void x64_call_m(struct x64_buf *b, struct x64_mem m)
{
    x64_end(b, put_rm(b, 0xff, 4, 2, m, 0, 0));
}

void x64_ret(struct x64_buf *b, u16 pop)
{
    u8 *p = x64_begin(b);
    *p++ = pop ? 0xc2 : 0xc3;
    x64_put16(p, pop);
    x64_end(b, p + (pop ? 2 : 0));
}
