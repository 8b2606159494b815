/*
 * Emit functions of the vector operations: one per operand pattern, for every row of vecops.h.
 */
#include "aot/x64/encode.h"
#include "aot/x64/features.h"
#include "aot/x64/vecinfo.h"

/* The three W columns: set in the legacy form, set in the VEX form. */
enum { W_0 = 0, W_1 = X64_VEC_W_LEGACY | X64_VEC_W_VEX, W_V = X64_VEC_W_VEX };
enum {
    FORMS_BOTH = 0,
    FORMS_COMM = X64_VEC_COMM,
    FORMS_VEX = X64_VEC_VEX_ONLY,
    FORMS_EVEX = X64_VEC_VEX_ONLY | X64_VEC_EVEX_ONLY,
    FORMS_LEGACY = X64_VEC_LEGACY_ONLY
};

/* The EVEX column. */
enum { EVEX_N = 0, EVEX_0 = X64_VEC_EVEX, EVEX_1 = X64_VEC_EVEX | X64_VEC_W_EVEX };

/* What ModRM.rm may name, as flags; and the binary logarithm of the bytes of memory. */
enum {
    RM_X = 0,
    RM_X1 = X64_VEC_MEM,
    RM_X2 = RM_X1,
    RM_X4 = RM_X1,
    RM_X8 = RM_X1,
    RM_X16 = RM_X1,
    RM_R4 = X64_VEC_MEM | X64_VEC_RM_GP,
    RM_R8 = RM_R4,
    RM_R4M1 = RM_R4,
    RM_R4M2 = RM_R4,
    RM_M2 = X64_VEC_MEM | X64_VEC_MEM_ONLY,
    RM_M4 = RM_M2,
    RM_M8 = RM_M2,
    RM_M16 = RM_M2,
};
enum {
    BYTES_X = 0,
    BYTES_X1 = 0,
    BYTES_X2 = 1,
    BYTES_X4 = 2,
    BYTES_X8 = 3,
    BYTES_X16 = 4,
    BYTES_R4 = 2,
    BYTES_R8 = 3,
    BYTES_R4M1 = 0,
    BYTES_R4M2 = 1,
    BYTES_M2 = 1,
    BYTES_M4 = 2,
    BYTES_M8 = 3,
    BYTES_M16 = 4,
};

const struct x64_vec_info x64_vec_infos[X64_N_VEC] = {
#define V(name, text, kind, prefix, map, byte, w, reg, rm, ext, forms, evex, need)                 \
    {X64_OPCODE(X64_PFX_##prefix, X64_MAP_##map, byte), X64_KIND_##kind, ext,                      \
     W_##w | FORMS_##forms | EVEX_##evex | RM_##rm, BYTES_##rm},
    X64_VEC_OPS(V)
#undef V
};

static const u32 needs[X64_N_VEC] = {
#define V(name, text, kind, prefix, map, byte, w, reg, rm, ext, forms, evex, need) X64_HAS_##need,
    X64_VEC_OPS(V)
#undef V
};

static inline const struct x64_vec_info *info_of(enum x64_vec op)
{
    assert(op < X64_N_VEC);
    return &x64_vec_infos[op];
}

/* True if this emit takes the VEX form, or the EVEX one. */
static inline bool takes_vex(const struct x64_vec_info *i, bool avx)
{
    return (avx || (i->flags & X64_VEC_VEX_ONLY)) && !(i->flags & X64_VEC_LEGACY_ONLY);
}

/* With one of these registers it must be the EVEX form. */
static inline bool takes_evex(const struct x64_vec_info *i, unsigned regs)
{
    assert(regs < 16 || (regs < 32 && i->flags & X64_VEC_EVEX));
    return regs > 15 || i->flags & X64_VEC_EVEX_ONLY;
}

static inline u8 *put_head(u8 *p, const struct x64_vec_info *i, bool vex, unsigned rex,
                           unsigned vvvv)
{
    if (vex) return x64_put_vex(p, i->opcode, rex | (i->flags & X64_VEC_W_VEX ? 8 : 0), vvvv);
    return x64_put_opcode(p, i->opcode, rex | (i->flags & X64_VEC_W_LEGACY ? 8 : 0), false);
}

/* `upper` are bit 4 of ModRM.reg, and of ModRM.rm where that is a register. */
static inline u8 *put_evex_head(u8 *p, const struct x64_vec_info *i, unsigned rex, unsigned vvvv,
                                unsigned upper)
{
    unsigned w = i->flags & X64_VEC_W_EVEX ? 8 : 0;
    return x64_put_evex(p, i->opcode, rex | w, vvvv, upper);
}

static inline u8 *put_rr(struct x64_buf *b, const struct x64_vec_info *i, bool vex, unsigned reg,
                         unsigned vvvv, unsigned rm)
{
    assert(!(i->flags & X64_VEC_MEM_ONLY));
    u8 *p = x64_begin(b);
    unsigned rex = x64_rex_rr(reg & 15, rm & 15);
    if (takes_evex(i, reg | vvvv | rm))
        p = put_evex_head(p, i, rex | (rm >> 4) << 1, vvvv, reg >> 4);
    else
        p = put_head(p, i, vex, rex, vvvv);
    return x64_put_modrm_rr(p, reg, rm);
}

static inline __attribute__((always_inline)) u8 *put_rm(struct x64_buf *b,
                                                        const struct x64_vec_info *i, bool vex,
                                                        unsigned reg, unsigned vvvv,
                                                        struct x64_mem m, unsigned after)
{
    assert(i->flags & X64_VEC_MEM);
    u8 *p = x64_begin(b);
    unsigned rex = x64_rex_rm(reg & 15, m);
    if (takes_evex(i, reg | vvvv)) {
        p = put_evex_head(p, i, rex, vvvv, reg >> 4);
        return x64_put_modrm_rm(b, p, reg, m, after, i->bytes);
    }
    p = put_head(p, i, vex, rex, vvvv);
    return x64_put_modrm_rm(b, p, reg, m, after, 0);
}

/* Append the imm8 and close the instruction. */
static inline void end_imm(struct x64_buf *b, u8 *p, u8 imm)
{
    *p = imm;
    x64_end(b, p + 1);
}

static inline bool is_nds(const struct x64_vec_info *i)
{
    return i->kind == X64_KIND_NDS || i->kind == X64_KIND_NDSL || i->kind == X64_KIND_NDSI;
}

u32 x64_vec_need(enum x64_vec op, bool avx)
{
    return needs[op] | (takes_vex(info_of(op), avx) ? X64_HAS_AVX : 0);
}

bool x64_vec_reaches(enum x64_vec op)
{
    return info_of(op)->flags & X64_VEC_EVEX;
}

bool x64_vec_clobbers(enum x64_vec op)
{
    const struct x64_vec_info *i = info_of(op);
    return is_nds(i) && !(i->flags & (X64_VEC_COMM | X64_VEC_VEX_ONLY | X64_VEC_RM_GP));
}

/* Legacy form of dst = op(a, src): bring a into dst. Returns the register to be the second source.
 */
static unsigned move_first(struct x64_buf *b, const struct x64_vec_info *i, unsigned dst,
                           unsigned a, unsigned src)
{
    if (dst == a) return src;
    if (dst == src && !(i->flags & X64_VEC_RM_GP)) {
        assert(i->flags & X64_VEC_COMM);
        return a;
    }
    x64_sse_rr(b, X64_MOVAPS, dst, a);
    return src;
}

/* --- registers only -------------------------------------------------------------------------- */

void x64_vec_rr(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned src)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    switch (i->kind) {
    case X64_KIND_MR: x64_end(b, put_rr(b, i, vex, src, 0, dst)); break;
    case X64_KIND_RM: x64_end(b, put_rr(b, i, vex, dst, 0, src)); break;
    default:
        assert(i->kind == X64_KIND_NDS || i->kind == X64_KIND_NDSL);
        x64_end(b, put_rr(b, i, vex, dst, dst, src));
    }
}

void x64_vec_rrr(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                 unsigned src)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    assert(i->kind == X64_KIND_NDS || i->kind == X64_KIND_NDSL);
    if (!vex) src = move_first(b, i, dst, a, src);
    x64_end(b, put_rr(b, i, vex, dst, a, src));
}

void x64_vec_rri(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned src, u8 imm)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    switch (i->kind) {
    case X64_KIND_SHI:
        if (!vex && dst != src) {
            x64_sse_rr(b, X64_MOVAPS, dst, src);
            src = dst;
        }
        end_imm(b, put_rr(b, i, vex, i->ext, dst, src), imm);
        break;
    case X64_KIND_MRI: end_imm(b, put_rr(b, i, vex, src, 0, dst), imm); break;
    case X64_KIND_RMI: end_imm(b, put_rr(b, i, vex, dst, 0, src), imm); break;
    default: assert(i->kind == X64_KIND_NDSI); end_imm(b, put_rr(b, i, vex, dst, dst, src), imm);
    }
}

void x64_vec_rrri(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                  unsigned src, u8 imm)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    assert(i->kind == X64_KIND_NDSI);
    if (!vex) src = move_first(b, i, dst, a, src);
    end_imm(b, put_rr(b, i, vex, dst, a, src), imm);
}

void x64_vec_blendv(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                    unsigned src, unsigned mask)
{
    static_assert(X64_VPBLENDVB - X64_PBLENDVB == X64_VBLENDVPS - X64_BLENDVPS &&
                      X64_VPBLENDVB - X64_PBLENDVB == X64_VBLENDVPD - X64_BLENDVPD,
                  "the VEX rows follow the legacy rows in the same order");
    assert(op == X64_PBLENDVB || op == X64_BLENDVPS || op == X64_BLENDVPD);
    if (!avx) {
        assert(mask == X64_XMM0 && (dst != mask || dst == a));
        x64_vec_rrr(b, false, op, dst, a, src);
        return;
    }
    const struct x64_vec_info *i = info_of(op + (X64_VPBLENDVB - X64_PBLENDVB));
    end_imm(b, put_rr(b, i, true, dst, a, src), (u8)(mask << 4));
}

/* --- with memory ----------------------------------------------------------------------------- */

void x64_vec_rm(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, struct x64_mem m)
{
    const struct x64_vec_info *i = info_of(op);
    assert(i->kind == X64_KIND_RM || i->kind == X64_KIND_NDS || i->kind == X64_KIND_NDSL);
    unsigned vvvv = i->kind == X64_KIND_NDS ? dst : 0;
    x64_end(b, put_rm(b, i, takes_vex(i, avx), dst, vvvv, m, 0));
}

void x64_vec_mr(struct x64_buf *b, bool avx, enum x64_vec op, struct x64_mem m, unsigned src)
{
    const struct x64_vec_info *i = info_of(op);
    assert(i->kind == X64_KIND_MR);
    x64_end(b, put_rm(b, i, takes_vex(i, avx), src, 0, m, 0));
}

void x64_vec_rrm(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                 struct x64_mem m)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    assert(i->kind == X64_KIND_NDS);
    if (!vex && dst != a) x64_sse_rr(b, X64_MOVAPS, dst, a);
    x64_end(b, put_rm(b, i, vex, dst, a, m, 0));
}

void x64_vec_rrb(struct x64_buf *b, enum x64_vec op, unsigned dst, unsigned a, struct x64_mem m)
{
    const struct x64_vec_info *i = info_of(op);
    assert(i->kind == X64_KIND_NDS && i->flags & X64_VEC_EVEX && i->bytes == 4);
    bool wide = i->flags & X64_VEC_W_EVEX;
    u8 *head = x64_begin(b), *p = put_evex_head(head, i, x64_rex_rm(dst & 15, m), a, dst >> 4);
    head[3] |= X64_EVEX_BROADCAST;
    x64_end(b, x64_put_modrm_rm(b, p, dst, m, 0, wide ? 3 : 2));
}

void x64_vec_rmi(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, struct x64_mem m,
                 u8 imm)
{
    const struct x64_vec_info *i = info_of(op);
    assert(i->kind == X64_KIND_RMI || i->kind == X64_KIND_NDSI);
    unsigned vvvv = i->kind == X64_KIND_NDSI ? dst : 0;
    end_imm(b, put_rm(b, i, takes_vex(i, avx), dst, vvvv, m, 1), imm);
}

void x64_vec_mri(struct x64_buf *b, bool avx, enum x64_vec op, struct x64_mem m, unsigned src,
                 u8 imm)
{
    const struct x64_vec_info *i = info_of(op);
    assert(i->kind == X64_KIND_MRI);
    end_imm(b, put_rm(b, i, takes_vex(i, avx), src, 0, m, 1), imm);
}

void x64_vec_rrmi(struct x64_buf *b, bool avx, enum x64_vec op, unsigned dst, unsigned a,
                  struct x64_mem m, u8 imm)
{
    const struct x64_vec_info *i = info_of(op);
    bool vex = takes_vex(i, avx);
    assert(i->kind == X64_KIND_NDSI);
    if (!vex && dst != a) x64_sse_rr(b, X64_MOVAPS, dst, a);
    end_imm(b, put_rm(b, i, vex, dst, a, m, 1), imm);
}
