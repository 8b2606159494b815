/*
 * The decoder: prefixes, then the row whose opcode matches, then ModRM and immediates as the row's
 * operand pattern says. General rows are in the table below, partly made from ops.h; vector rows
 * are those of vecops.h. Searches are linear: this serves people, not the translator.
 */
#include "aot/x64/disasm.h"
#include "aot/x64/vecinfo.h"

#include <stdio.h>
#include <string.h>

/* What has been read of one instruction. */
struct reader {
    const u8 *p, *end;
    bool truncated;
    bool vex, evex;    /* vex: either of them */
    bool broadcast;    /* EVEX.b: of an element in memory */
    bool operand_size; /* prefix 66 */
    u8 rep;            /* F2, F3 or 0 */
    u8 rex;            /* WRXB */
    bool has_rex;
    u8 vvvv, prefix, map, opcode;
    u8 upper_reg;    /* 16 or 0: EVEX.R' */
    u8 unit;         /* binary logarithm of what a displacement of one byte counts in */
    u8 mod, reg, rm; /* reg and rm with their prefixes' bits */
    struct x64_mem mem;
};

/*
 * One general instruction.
 *  - name: %a and %e stand for the ALU operation by opcode and by ModRM.reg, %s for the shift by
 *    ModRM.reg, %c for the condition by opcode, %w for 8b or 16b by REX.W.
 *  - ops: two letters an operand. First: E ModRM.rm, M the same but memory only, G ModRM.reg,
 *    B VEX.vvvv, Z the register in the opcode, A RAX, C CL, 1 the number, I an immediate, S one of
 *    a byte, sign-extended, J a branch distance. Second, its size: b w d q; v 2, 4 or 8 by the
 *    prefixes; z the same, an immediate of at most four bytes; y 4 or 8 and u 8 or 16 by REX.W;
 *    0 none.
 */
struct row {
    u16 opcode; /* X64_OPCODE */
    u8 mask;    /* of the opcode byte */
    s8 ext;     /* ModRM.reg, or -1 for any */
    bool vex;
    char name[12], ops[8];
};

/* clang-format off */
#define ONE(byte, mask, ext, name, ops) {byte, mask, ext, false, name, ops}
#define TWO(byte, mask, ext, name, ops)                                                            \
    {X64_OPCODE(X64_PFX_NP, X64_MAP_0F, byte), mask, ext, false, name, ops}
#define THREE(pfx, byte, name, ops)                                                                \
    {X64_OPCODE(X64_PFX_##pfx, X64_MAP_0F38, byte), 0xff, -1, false, name, ops}
#define VEX(pfx, map, byte, ext, name, ops)                                                        \
    {X64_OPCODE(X64_PFX_##pfx, X64_MAP_##map, byte), 0xff, ext, true, name, ops}
/* A byte form and the form of the other sizes one opcode higher. */
#define ONE_BV(byte, ext, name, b_ops, v_ops)                                                      \
    ONE(byte, 0xff, ext, name, b_ops), ONE((byte) + 1, 0xff, ext, name, v_ops)
#define TWO_BV(byte, ext, name, b_ops, v_ops)                                                      \
    TWO(byte, 0xff, ext, name, b_ops), TWO((byte) + 1, 0xff, ext, name, v_ops)

static const struct row rows[] = {
    ONE(0x00, 0xc7, -1, "%a", "EbGb"),
    ONE(0x01, 0xc7, -1, "%a", "EvGv"),
    ONE(0x02, 0xc7, -1, "%a", "GbEb"),
    ONE(0x03, 0xc7, -1, "%a", "GvEv"),
    ONE(0x04, 0xc7, -1, "%a", "AbIb"),
    ONE(0x05, 0xc7, -1, "%a", "AvIz"),
    ONE(0x50, 0xf8, -1, "push", "Zq"),
    ONE(0x58, 0xf8, -1, "pop", "Zq"),
    ONE(0x63, 0xff, -1, "movsxd", "GvEd"),
    ONE(0x68, 0xff, -1, "push", "Iq"),
    ONE(0x69, 0xff, -1, "imul", "GvEvIz"),
    ONE(0x6a, 0xff, -1, "push", "Sq"),
    ONE(0x6b, 0xff, -1, "imul", "GvEvSv"),
    ONE(0x70, 0xf0, -1, "j%c", "Jb"),
    ONE(0x80, 0xff, -1, "%e", "EbIb"),
    ONE(0x81, 0xff, -1, "%e", "EvIz"),
    ONE(0x83, 0xff, -1, "%e", "EvSv"),
    ONE_BV(0x84, -1, "test", "EbGb", "EvGv"),
    ONE_BV(0x86, -1, "xchg", "EbGb", "EvGv"),
    ONE_BV(0x88, -1, "mov", "EbGb", "EvGv"),
    ONE_BV(0x8a, -1, "mov", "GbEb", "GvEv"),
    ONE(0x8d, 0xff, -1, "lea", "GvM0"),
    ONE(0x8f, 0xff, 0, "pop", "Eq"),
    ONE(0x90, 0xf8, -1, "xchg", "ZvAv"),
    ONE_BV(0xa8, -1, "test", "AbIb", "AvIz"),
    ONE(0xb8, 0xf8, -1, "mov", "ZvIv"),
    ONE_BV(0xc0, -1, "%s", "EbIb", "EvIb"),
    ONE(0xc2, 0xff, -1, "ret", "Iw"),
    ONE(0xc3, 0xff, -1, "ret", ""),
    ONE_BV(0xc6, 0, "mov", "EbIb", "EvIz"),
    ONE_BV(0xd0, -1, "%s", "Eb1b", "Ev1b"),
    ONE_BV(0xd2, -1, "%s", "EbCb", "EvCb"),
    ONE(0xe8, 0xff, -1, "call", "Jd"),
    ONE(0xe9, 0xff, -1, "jmp", "Jd"),
    ONE(0xeb, 0xff, -1, "jmp", "Jb"),
    ONE_BV(0xf6, 0, "test", "EbIb", "EvIz"),
    ONE_BV(0xf6, 2, "not", "Eb", "Ev"),
    ONE_BV(0xf6, 3, "neg", "Eb", "Ev"),
    ONE_BV(0xf6, 4, "mul", "Eb", "Ev"),
    ONE_BV(0xf6, 5, "imul", "Eb", "Ev"),
    ONE_BV(0xf6, 6, "div", "Eb", "Ev"),
    ONE_BV(0xf6, 7, "idiv", "Eb", "Ev"),
    ONE_BV(0xfe, 0, "inc", "Eb", "Ev"),
    ONE_BV(0xfe, 1, "dec", "Eb", "Ev"),
    ONE(0xff, 0xff, 2, "call", "Eq"),
    ONE(0xff, 0xff, 4, "jmp", "Eq"),
    ONE(0xff, 0xff, 6, "push", "Eq"),
    TWO(0x1f, 0xff, 0, "nop", "Ev"),
    TWO(0x40, 0xf0, -1, "cmov%c", "GvEv"),
    TWO(0x80, 0xf0, -1, "j%c", "Jd"),
    TWO(0x90, 0xf0, -1, "set%c", "Eb"),
    TWO(0xa3, 0xff, -1, "bt", "EvGv"),
    TWO(0xab, 0xff, -1, "bts", "EvGv"),
    TWO(0xb3, 0xff, -1, "btr", "EvGv"),
    TWO(0xbb, 0xff, -1, "btc", "EvGv"),
    TWO(0xba, 0xff, 4, "bt", "EvIb"),
    TWO(0xba, 0xff, 5, "bts", "EvIb"),
    TWO(0xba, 0xff, 6, "btr", "EvIb"),
    TWO(0xba, 0xff, 7, "btc", "EvIb"),
    TWO(X64_SHLD, 0xff, -1, "shld", "EvGvIb"),
    TWO(X64_SHLD + 1, 0xff, -1, "shld", "EvGvCb"),
    TWO(X64_SHRD, 0xff, -1, "shrd", "EvGvIb"),
    TWO(X64_SHRD + 1, 0xff, -1, "shrd", "EvGvCb"),
    TWO(0xaf, 0xff, -1, "imul", "GvEv"),
    TWO_BV(0xb0, -1, "cmpxchg", "EbGb", "EvGv"),
    TWO(0xb6, 0xff, -1, "movzx", "GvEb"),
    TWO(0xb7, 0xff, -1, "movzx", "GvEw"),
    TWO(0xbe, 0xff, -1, "movsx", "GvEb"),
    TWO(0xbf, 0xff, -1, "movsx", "GvEw"),
    TWO_BV(0xc0, -1, "xadd", "EbGb", "EvGv"),
    TWO(0xc7, 0xff, 1, "cmpxchg%w", "Mu"),
    TWO(0xc8, 0xf8, -1, "bswap", "Zv"),
    THREE(NP, 0xf0, "movbe", "GvMv"),
    THREE(NP, 0xf1, "movbe", "MvGv"),
    THREE(F2, 0xf0, "crc32", "GyEb"),
    THREE(F2, 0xf1, "crc32", "GyEv"),
    VEX(NP, 0F38, 0xf3, X64_BLSR, "blsr", "ByEy"),
    VEX(NP, 0F38, 0xf3, X64_BLSMSK, "blsmsk", "ByEy"),
    VEX(NP, 0F38, 0xf3, X64_BLSI, "blsi", "ByEy"),
    VEX(F2, 0F3A, 0xf0, -1, "rorx", "GyEyIb"),
#define GP_OPS_0F   "GvEv"
#define GP_OPS_0F38 "GyEy"
#define G(name, text, pfx, map, byte)                                                              \
    {X64_OPCODE(X64_PFX_##pfx, X64_MAP_##map, byte), 0xff, -1, false, text, GP_OPS_##map},
    X64_GP_OPS(G)
#undef G
#define BMI_OPS_1   "GyByEy"
#define BMI_OPS_0   "GyEyBy"
#define B(name, text, pfx, map, byte, rm_last)                                                     \
    VEX(pfx, map, byte, -1, text, BMI_OPS_##rm_last),
    X64_BMI_OPS(B)
#undef B
#define M_OPS_4     "Md"
#define M_OPS_1     "Mb"
#define M(name, text, byte, ext, bytes) TWO(byte, 0xff, ext, text, M_OPS_##bytes),
    X64_PLAIN_M_OPS(M)
#undef M
};
/* clang-format on */

/* How a vector row's registers and memory are shown. */
struct vec_text {
    char name[20];
    u8 reg_gp; /* size of a general register in ModRM.reg, 0 for xmm */
    u8 rm_gp;  /* the same for ModRM.rm */
    u8 bytes;  /* of memory */
};

#define REG_X   0
#define REG_R4  4
#define REG_R8  8
#define RM_X    0, 16
#define RM_X1   0, 1
#define RM_X2   0, 2
#define RM_X4   0, 4
#define RM_X8   0, 8
#define RM_X16  0, 16
#define RM_R4   4, 4
#define RM_R8   8, 8
#define RM_R4M1 4, 1
#define RM_R4M2 4, 2
#define RM_M2   0, 2
#define RM_M4   0, 4
#define RM_M8   0, 8
#define RM_M16  0, 16

#define V(op, text, ...) _Static_assert(sizeof(text) <= sizeof((struct vec_text){0}.name), text);
X64_VEC_OPS(V)
#undef V

static const struct vec_text vec_texts[X64_N_VEC] = {
#define V(name, text, kind, pfx, map, byte, w, reg, rm, ext, forms, evex, need)                    \
    {text, REG_##reg, RM_##rm},
    X64_VEC_OPS(V)
#undef V
};

/* --- reading --------------------------------------------------------------------------------- */

static u8 read8(struct reader *r)
{
    if (r->p >= r->end) {
        r->truncated = true;
        return 0;
    }
    return *r->p++;
}

/* A little-endian number of `size` bytes, sign-extended. */
static s64 read_signed(struct reader *r, unsigned size)
{
    u64 v = 0;
    for (unsigned i = 0; i < size; i++) v |= (u64)read8(r) << i * 8;
    return sign_extend(v, size * 8);
}

static void read_vex(struct reader *r, u8 first)
{
    u8 second = read8(r), last = second;
    r->vex = true;
    r->map = X64_MAP_0F;
    r->rex = second & 0x80 ? 0 : 4;
    if (first == 0xc4) {
        last = read8(r);
        r->map = second & 31;
        r->rex = (u8)((~second >> 5 & 7) | (last >> 4 & 8));
    }
    r->vvvv = ~last >> 3 & 15;
    r->prefix = last & 3;
    if (last & 4 || r->map > X64_MAP_0F3A) r->truncated = true; /* 256 bits: not ours */
    r->opcode = read8(r);
}

/* What the encoder makes: 128 bits, no mask, one element of memory perhaps. */
static void read_evex(struct reader *r)
{
    u8 first = read8(r), second = read8(r), third = read8(r);
    r->vex = r->evex = true;
    r->map = first & 7;
    r->rex = (u8)((~first >> 5 & 7) | (second >> 4 & 8));
    r->vvvv = (~second >> 3 & 15) | (~third & 8) << 1;
    r->upper_reg = first & 0x10 ? 0 : 16;
    r->broadcast = third & 0x10;
    r->prefix = second & 3;
    if (first & 8 || !(second & 4) || third & ~0x18 || !r->map || r->map > X64_MAP_0F3A)
        r->truncated = true;
    r->opcode = read8(r);
}

/* Prefixes, map and opcode byte. */
static void read_opcode(struct reader *r, bool *lock)
{
    u8 byte = read8(r);
    for (;; byte = read8(r)) {
        if (byte == 0x66)
            r->operand_size = true;
        else if (byte == 0xf2 || byte == 0xf3)
            r->rep = byte;
        else if (byte == 0xf0)
            *lock = true;
        else
            break;
    }
    if (byte == 0xc4 || byte == 0xc5) {
        read_vex(r, byte);
        return;
    }
    if (byte == 0x62) {
        read_evex(r);
        return;
    }
    if ((byte & 0xf0) == 0x40) {
        r->has_rex = true;
        r->rex = byte & 15;
        byte = read8(r);
    }
    if (byte == 0x0f) {
        byte = read8(r);
        r->map = X64_MAP_0F;
        if (byte == 0x38 || byte == 0x3a) {
            r->map = byte == 0x38 ? X64_MAP_0F38 : X64_MAP_0F3A;
            byte = read8(r);
        }
    }
    r->opcode = byte;
    r->prefix = r->rep == 0xf3    ? X64_PFX_F3
                : r->rep == 0xf2  ? X64_PFX_F2
                : r->operand_size ? X64_PFX_66
                                  : X64_PFX_NP;
}

/* ModRM, SIB and displacement. */
static void read_modrm(struct reader *r)
{
    u8 modrm = read8(r);
    r->mod = modrm >> 6;
    r->reg = (u8)((modrm >> 3 & 7) | (r->rex & 4) << 1 | r->upper_reg);
    r->rm = (u8)((modrm & 7) | (r->rex & 1) << 3);
    if (r->mod == 3) {
        if (r->evex) r->rm |= (r->rex & 2) << 3;
        return;
    }
    r->mem = x64_mem_b(r->rm, 0);
    if (r->mod == 0 && (modrm & 7) == 5) {
        r->mem = x64_mem_rip((s32)read_signed(r, 4));
        return;
    }
    bool wide = r->mod == 2;
    if ((modrm & 7) == 4) {
        u8 sib = read8(r);
        int index = (sib >> 3 & 7) | (r->rex & 2) << 2, base = (sib & 7) | (r->rex & 1) << 3;
        bool no_base = r->mod == 0 && (sib & 7) == 5;
        r->mem = x64_mem_bi(no_base ? -1 : base, index == X64_RSP ? -1 : index, sib >> 6, 0);
        wide |= no_base;
    }
    if (wide)
        r->mem.disp = (s32)read_signed(r, 4);
    else if (r->mod != 0)
        r->mem.disp = (s32)((u32)read_signed(r, 1) << r->unit);
}

/* --- operands -------------------------------------------------------------------------------- */

static struct x64_operand *add_operand(struct x64_insn *insn, unsigned kind, unsigned reg,
                                       unsigned size)
{
    struct x64_operand *o = &insn->operands[insn->n_operands++];
    *o = (struct x64_operand){.kind = (u8)kind, .reg = (u8)reg, .size = (u8)size};
    return o;
}

static void add_imm(struct reader *r, struct x64_insn *insn, unsigned encoded, unsigned size)
{
    add_operand(insn, X64_OPERAND_IMM, 0, size)->value = read_signed(r, encoded);
}

static void add_rm(struct reader *r, struct x64_insn *insn, unsigned reg_kind, unsigned reg_size,
                   unsigned bytes)
{
    if (r->mod == 3)
        add_operand(insn, reg_kind, r->rm, reg_size);
    else
        add_operand(insn, X64_OPERAND_MEM, 0, bytes)->mem = r->mem;
}

/* The size that the second letter of an operand stands for. */
static unsigned size_of(const struct reader *r, char letter)
{
    bool wide = r->rex & 8;
    switch (letter) {
    case 'b': return 1;
    case 'w': return 2;
    case 'd': return 4;
    case 'q': return 8;
    case 'y': return wide ? 8 : 4;
    case 'u': return wide ? 16 : 8;
    case '0': return 0;
    default: return wide ? 8 : r->operand_size ? 2 : 4;
    }
}

/* False if the row wants memory and there is none. */
static bool add_gp_operand(struct reader *r, struct x64_insn *insn, const char *op)
{
    unsigned size = size_of(r, op[1]);
    switch (op[0]) {
    case 'M':
        if (r->mod == 3) return false;
        /* fall through */
    case 'E': add_rm(r, insn, X64_OPERAND_REG, size, size); break;
    case 'G': add_operand(insn, X64_OPERAND_REG, r->reg, size); break;
    case 'B': add_operand(insn, X64_OPERAND_REG, r->vvvv, size); break;
    case 'Z': add_operand(insn, X64_OPERAND_REG, (r->opcode & 7) | (r->rex & 1) << 3, size); break;
    case 'A': add_operand(insn, X64_OPERAND_REG, X64_RAX, size); break;
    case 'C': add_operand(insn, X64_OPERAND_REG, X64_RCX, 1); break;
    case '1': add_operand(insn, X64_OPERAND_IMM, 0, 1)->value = 1; break;
    case 'I': add_imm(r, insn, size == 8 && op[1] != 'v' ? 4 : size, size); break;
    case 'S': add_imm(r, insn, 1, size); break;
    default: add_operand(insn, X64_OPERAND_TARGET, 0, 8)->value = read_signed(r, size);
    }
    return true;
}

/* Byte registers 4 to 7 without REX are AH to BH, which the encoder has no use for. */
static bool has_high_byte(const struct reader *r, const struct x64_insn *insn)
{
    for (unsigned i = 0; i < insn->n_operands; i++) {
        const struct x64_operand *o = &insn->operands[i];
        if (o->kind == X64_OPERAND_REG && o->size == 1 && (o->reg & 12) == 4 && !r->has_rex)
            return true;
    }
    return false;
}

/* --- general rows ---------------------------------------------------------------------------- */

static const struct row *find_row(const struct reader *r, unsigned prefix)
{
    unsigned key = X64_OPCODE(prefix, r->map, 0u);
    int ext = r->p < r->end ? *r->p >> 3 & 7 : 0;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        const struct row *row = &rows[i];
        if (row->opcode == (key | (r->opcode & row->mask)) && row->vex == r->vex &&
            (row->ext < 0 || row->ext == ext))
            return row;
    }
    return NULL;
}

static void set_name(struct x64_insn *insn, const char *name, const struct reader *r)
{
    static const char *const alu[] = {"add", "or", "adc", "sbb", "and", "sub", "xor", "cmp"};
    static const char *const shift[] = {"rol", "ror", "rcl", "rcr", "shl", "shr", "shl", "sar"};
    static const char *const cc[] = {"o", "no", "b", "ae", "e", "ne", "be", "a",
                                     "s", "ns", "p", "np", "l", "ge", "le", "g"};
    const char *mark = strchr(name, '%'), *tail = "";
    int length = mark ? (int)(mark - name) : (int)strlen(name);
    switch (mark ? mark[1] : 0) {
    case 'a': tail = alu[r->opcode >> 3 & 7]; break;
    case 'e': tail = alu[r->reg & 7]; break;
    case 's': tail = shift[r->reg & 7]; break;
    case 'c': tail = cc[r->opcode & 15]; break;
    case 'w': tail = r->rex & 8 ? "16b" : "8b"; break;
    }
    snprintf(insn->name, sizeof insn->name, "%.*s%s", length, name, tail);
}

static bool decode_general(struct reader *r, const struct row *row, struct x64_insn *insn)
{
    if (row->ext >= 0 || strpbrk(row->ops, "EGM")) read_modrm(r);
    for (const char *op = row->ops; *op; op += 2)
        if (!add_gp_operand(r, insn, op)) return false;
    set_name(insn, row->name, r);
    if (row->opcode == 0xb8 && insn->operands[1].size == 8) strcpy(insn->name, "movabs");
    return !has_high_byte(r, insn);
}

/* --- vector rows ----------------------------------------------------------------------------- */

static bool vec_row_matches(const struct reader *r, const struct x64_vec_info *i)
{
    unsigned w_flag = r->evex ? X64_VEC_W_EVEX : r->vex ? X64_VEC_W_VEX : X64_VEC_W_LEGACY;
    unsigned missing = r->vex ? X64_VEC_LEGACY_ONLY : X64_VEC_VEX_ONLY;
    bool other = r->evex ? !(i->flags & X64_VEC_EVEX) : i->flags & X64_VEC_EVEX_ONLY;
    u8 modrm = r->p < r->end ? *r->p : 0;
    bool is_memory = modrm < 0xc0;
    return i->opcode == X64_OPCODE((unsigned)r->prefix, (unsigned)r->map, (unsigned)r->opcode) &&
           !(i->flags & missing) && !other && !(i->flags & w_flag) == !(r->rex & 8) &&
           (is_memory ? i->flags & X64_VEC_MEM : !(i->flags & X64_VEC_MEM_ONLY)) &&
           (i->kind != X64_KIND_SHI || i->ext == (modrm >> 3 & 7));
}

static void add_vec_operands(struct reader *r, struct x64_insn *insn, unsigned kind,
                             const struct vec_text *t)
{
    unsigned reg_kind = t->reg_gp ? X64_OPERAND_REG : X64_OPERAND_XMM;
    unsigned rm_kind = t->rm_gp ? X64_OPERAND_REG : X64_OPERAND_XMM;
    bool to_rm = kind == X64_KIND_MR || kind == X64_KIND_MRI;
    bool three = kind == X64_KIND_NDS || kind == X64_KIND_NDSI || kind == X64_KIND_IS4 ||
                 (kind == X64_KIND_NDSL && r->mod == 3);
    if (kind == X64_KIND_SHI) {
        if (r->vex) add_operand(insn, X64_OPERAND_XMM, r->vvvv, 16);
    } else if (!to_rm) {
        add_operand(insn, reg_kind, r->reg, t->reg_gp);
    }
    if (r->vex && three) add_operand(insn, X64_OPERAND_XMM, r->vvvv, 16);
    add_rm(r, insn, rm_kind, t->rm_gp, t->bytes);
    if (to_rm) add_operand(insn, reg_kind, r->reg, t->reg_gp);
    if (kind == X64_KIND_IS4)
        add_operand(insn, X64_OPERAND_XMM, read8(r) >> 4, 16);
    else if (kind >= X64_KIND_SHI)
        add_imm(r, insn, 1, 1);
}

/* What EVEX forms have behind their names. */
static const char *evex_tail(unsigned op)
{
    switch (op) {
    case X64_MOVDQA:
    case X64_MOVDQA_ST:
    case X64_MOVDQU:
    case X64_MOVDQU_ST: return "32";
    case X64_PAND:
    case X64_PANDN:
    case X64_POR:
    case X64_PXOR: return "d";
    default: return "";
    }
}

/* ROUNDxx is another instruction there, which does the same for immediates below 16. */
static const char *evex_name(unsigned op)
{
    switch (op) {
    case X64_ROUNDPS: return "rndscaleps";
    case X64_ROUNDPD: return "rndscalepd";
    case X64_ROUNDSS: return "rndscaless";
    case X64_ROUNDSD: return "rndscalesd";
    default: return vec_texts[op].name;
    }
}

static void set_vec_name(struct x64_insn *insn, const struct reader *r, unsigned op)
{
    snprintf(insn->name, sizeof insn->name, "%s%s%s", r->vex ? "v" : "",
             r->evex ? evex_name(op) : vec_texts[op].name, r->evex ? evex_tail(op) : "");
}

static bool decode_vector(struct reader *r, struct x64_insn *insn)
{
    for (unsigned op = 0; op < X64_N_VEC; op++) {
        if (!vec_row_matches(r, &x64_vec_infos[op])) continue;
        struct vec_text t = vec_texts[op];
        r->unit = r->evex ? x64_vec_infos[op].bytes : 0;
        if (r->broadcast) r->unit = r->rex & 8 ? 3 : 2;
        read_modrm(r);
        if (r->broadcast && (r->mod == 3 || t.bytes != 16)) return false;
        if (r->broadcast) t.bytes = 1u << r->unit;
        insn->broadcast = r->broadcast;
        add_vec_operands(r, insn, x64_vec_infos[op].kind, &t);
        set_vec_name(insn, r, op);
        return true;
    }
    return false;
}

/* --- whole instructions ---------------------------------------------------------------------- */

/* Fixed byte strings, and nop. */
static unsigned decode_plain(const u8 *code, size_t size, struct x64_insn *insn)
{
    static const struct {
        const char *name;
        u32 op;
    } plain[] = {{"nop", 1u << 24 | 0x90},
#define P(name, text, length, bytes) {text, X64_##name},
                 X64_PLAIN_OPS(P)
#undef P
    };
    for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
        u8 bytes[4];
        unsigned length = plain[i].op >> 24;
        memcpy(bytes, &plain[i].op, 4);
        if (length > size || memcmp(bytes, code, length) != 0) continue;
        strcpy(insn->name, plain[i].name);
        return length;
    }
    return 0;
}

unsigned x64_decode(const u8 *code, size_t size, struct x64_insn *insn)
{
    *insn = (struct x64_insn){0};
    unsigned plain = decode_plain(code, size, insn);
    if (plain) return insn->length = (u8)plain;

    struct reader r = {.p = code, .end = code + (size < 15 ? size : 15)};
    read_opcode(&r, &insn->lock);
    if (r.truncated) return 0;
    const struct row *row = r.evex ? NULL : find_row(&r, r.prefix);
    if (!row && !r.vex && r.prefix == X64_PFX_66) row = find_row(&r, X64_PFX_NP);
    bool known = row ? decode_general(&r, row, insn) : decode_vector(&r, insn);
    if (!known || r.truncated) return 0;
    insn->length = (u8)(r.p - code);
    for (unsigned i = 0; i < insn->n_operands; i++)
        if (insn->operands[i].kind == X64_OPERAND_TARGET) insn->operands[i].value += insn->length;
    return insn->length;
}
