/*
 * Private to aot/x64: how prefixes, opcode, ModRM, SIB and displacement are laid down (Intel SDM
 * volume 2, chapter 2). Stores are unconditional and the position moves by what is wanted, which is
 * what X64_SLACK is for: no branch mispredicts on the shape of an instruction.
 */
#ifndef AOT_X64_ENCODE_H
#define AOT_X64_ENCODE_H

#include <assert.h>
#include <string.h>

#include "aot/x64/x64.h"

/* Bits of a REX prefix. */
enum { X64_REX_B = 1, X64_REX_X = 2, X64_REX_R = 4, X64_REX_W = 8 };

/* Where the next instruction goes. */
static inline u8 *x64_begin(struct x64_buf *b)
{
    if (__builtin_expect(b->at > b->limit, 0)) {
        b->overflow = true;
        return b->spill;
    }
    return b->at;
}

/* The instruction ends at p. */
static inline void x64_end(struct x64_buf *b, u8 *p)
{
    if (__builtin_expect(!b->overflow, 1)) b->at = p;
}

static inline u8 *x64_put16(u8 *p, u32 v)
{
    u16 v16 = (u16)v;
    memcpy(p, &v16, 2);
    return p + 2;
}

static inline u8 *x64_put32(u8 *p, u32 v)
{
    memcpy(p, &v, 4);
    return p + 4;
}

static inline u8 *x64_put64(u8 *p, u64 v)
{
    memcpy(p, &v, 8);
    return p + 8;
}

/* An immediate of an operation of `size` bytes: 1, 2 or 4 bytes. */
static inline u8 *x64_put_imm(u8 *p, unsigned size, s32 imm)
{
    x64_put32(p, (u32)imm);
    return p + (size > 4 ? 4 : size);
}

/* A 4-byte slot that a relocation may want. */
static inline u8 *x64_put_slot(struct x64_buf *b, u8 *p, s32 v)
{
    b->disp_at = b->overflow ? 0 : (u32)(p - b->start);
    return x64_put32(p, (u32)v);
}

/* A 4-byte slot relative to the end of its instruction, which is `after` bytes after the slot. */
u8 *x64_put_label(struct x64_buf *b, u8 *p, u32 label, unsigned after);

/* Mandatory prefix, REX (WRXB bits, or forced empty), map and opcode byte of an X64_OPCODE. */
static inline u8 *x64_put_opcode(u8 *p, u32 opcode, unsigned rex, bool force_rex)
{
    unsigned map = opcode >> 8 & 3, prefix = opcode >> 10 & 3;
    *p = (u8)(0xf2f36600u >> prefix * 8);
    p += prefix != 0;
    *p = (u8)(0x40 | rex);
    p += (rex | force_rex) != 0;
    *p = 0x0f;
    p += map != X64_MAP_1;
    *p = map == X64_MAP_0F38 ? 0x38 : 0x3a;
    p += map >= X64_MAP_0F38;
    *p = (u8)opcode;
    return p + 1;
}

/* In the last byte of an EVEX prefix: memory is one element, for all lanes. */
enum { X64_EVEX_BROADCAST = 0x10 };

/* VEX.128 prefix and opcode byte; the two-byte prefix where it can say it. */
static inline u8 *x64_put_vex(u8 *p, u32 opcode, unsigned rex, unsigned vvvv)
{
    unsigned map = opcode >> 8 & 3, prefix = opcode >> 10 & 3;
    unsigned low = (~vvvv & 15) << 3 | prefix;
    if (map == X64_MAP_0F && !(rex & (X64_REX_W | X64_REX_X | X64_REX_B))) {
        p[0] = 0xc5;
        p[1] = (u8)(low | (rex & X64_REX_R ? 0 : 0x80));
        p[2] = (u8)opcode;
        return p + 3;
    }
    p[0] = 0xc4;
    p[1] = (u8)((~rex & 7) << 5 | map);
    p[2] = (u8)(low | (rex & X64_REX_W) << 4);
    p[3] = (u8)opcode;
    return p + 4;
}

/* The same with an EVEX prefix: 128 bits, no mask (SDM volume 2, 2.7). vvvv is below 32; upper_reg
 * is bit 4 of ModRM.reg. Bit 4 of a register in ModRM.rm is X64_REX_X. */
static inline u8 *x64_put_evex(u8 *p, u32 opcode, unsigned rex, unsigned vvvv, unsigned upper_reg)
{
    unsigned map = opcode >> 8 & 3, prefix = opcode >> 10 & 3;
    p[0] = 0x62;
    p[1] = (u8)((~rex & 7) << 5 | (upper_reg ^ 1) << 4 | map);
    p[2] = (u8)((rex & X64_REX_W) << 4 | (~vvvv & 15) << 3 | 4 | prefix);
    p[3] = (u8)(vvvv & 16 ? 0 : 8);
    p[4] = (u8)opcode;
    return p + 5;
}

/* REX.R and REX.B of two registers. */
static inline unsigned x64_rex_rr(unsigned reg, unsigned rm)
{
    return (reg >> 3) << 2 | rm >> 3;
}

/* REX.R, X and B of a register and a memory operand. */
static inline unsigned x64_rex_rm(unsigned reg, struct x64_mem m)
{
    return (reg >> 3) << 2 | (m.index > 7) << 1 | (m.base > 7);
}

static inline u8 *x64_put_modrm_rr(u8 *p, unsigned reg, unsigned rm)
{
    *p = (u8)(0xc0 | (reg & 7) << 3 | (rm & 7));
    return p + 1;
}

/* The rarer shapes of x64_put_modrm_rm: relative to the instruction pointer, and no base. */
u8 *x64_put_modrm_other(struct x64_buf *b, u8 *p, unsigned reg, struct x64_mem m, unsigned after);

/* ModRM, SIB and displacement; `after` is the size of the immediate that follows. A displacement of
 * one byte counts in units of 1 << unit bytes. */
static inline __attribute__((always_inline)) u8 *x64_put_modrm_rm(struct x64_buf *b, u8 *p,
                                                                  unsigned reg, struct x64_mem m,
                                                                  unsigned after, unsigned unit)
{
    assert(m.index != X64_RSP);
    reg = (reg & 7) << 3;
    if (__builtin_expect(m.base < 0, 0)) return x64_put_modrm_other(b, p, reg, m, after);
    /* RBP and R13 have no form without a displacement; RSP and R12 none without SIB. */
    unsigned base = m.base & 7;
    unsigned has_disp = (m.disp != 0) | (base == X64_RBP);
    s32 units = m.disp >> unit;
    bool is_short = units == (s8)units && (unit == 0 || (s32)((u32)units << unit) == m.disp);
    unsigned mod = has_disp << !is_short; /* 0 none, 1 a byte, 2 four bytes */
    unsigned has_sib = (m.index >= 0) | (base == X64_RSP);
    unsigned index = m.index < 0 ? X64_RSP : m.index & 7;
    p[0] = (u8)(mod << 6 | reg | (has_sib ? X64_RSP : base));
    p[1] = (u8)(m.scale << 6 | index << 3 | base);
    p += 1 + has_sib;
    x64_put32(p, (u32)(is_short ? units : m.disp));
    return p + (0x040100u >> mod * 8 & 0xff);
}

#endif
