/*
 * Moves between lanes, and between lanes and general registers.
 */
#include "aot/gen/vector.h"

#define B  (&g->b)
#define X0 X64_XMM0
#define X1 X64_XMM1

static const u16 pinsr[4] = {X64_PINSRB, X64_PINSRW, X64_PINSRD, X64_PINSRQ};
static const u16 broadcast[4] = {X64_VPBROADCASTB, X64_VPBROADCASTW, X64_VPBROADCASTD,
                                 X64_VPBROADCASTQ};

/* --- lane to general register ----------------------------------------------------------------- */

/* dst = the lane, zero-extended. */
static void extract(struct gen *g, unsigned esz, unsigned lane, unsigned dst, unsigned a)
{
    if (esz >= 2 && lane == 0) {
        vec_op1(g, esz == 3 ? X64_MOVQ_RX : X64_MOVD_RX, dst, a);
    } else if (esz == 1) {
        vec_imm(g, X64_PEXTRW, dst, a, lane);
    } else if (gen_has(g, X64_HAS_SSE41)) {
        static const u16 pextr[4] = {X64_PEXTRB, 0, X64_PEXTRD, X64_PEXTRQ};
        vec_imm(g, pextr[esz], dst, a, lane);
    } else if (esz == 0) {
        vec_imm(g, X64_PEXTRW, dst, a, lane / 2);
        if (lane & 1)
            x64_shift_ri(B, X64_SHR, 4, dst, 8);
        else
            x64_movzx_rr(B, 1, dst, dst);
    } else {
        vec_imm(g, X64_PSHUFD, X0, a, esz == 3 ? 0xee : lane);
        vec_op1(g, esz == 3 ? X64_MOVQ_RX : X64_MOVD_RX, dst, X0);
    }
}

static struct x64_mem lane_at(struct x64_mem m, unsigned esz, unsigned lane)
{
    m.disp += (s32)(lane << esz);
    return m;
}

/* A lane of what is in memory. */
static bool get_memory(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned size = gen_size(i->type), bytes = 1u << i->esz;
    struct x64_mem m;
    if (!gen_in_memory(g, i->arg[0], 1, &m)) return false;
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, NO_REG);
    m = lane_at(m, i->esz, (unsigned)i->imm);
    if (bytes >= 4 && (bytes >= size || i->op == IR_VGET))
        x64_mov_rm(B, bytes, dst, m);
    else if (i->op == IR_VGET)
        x64_movzx_rm(B, bytes, dst, m);
    else
        x64_movsx_rm(B, size, bytes, dst, m);
    return true;
}

void vec_get(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (get_memory(g, r, i)) return;
    if (i->esz == 0 && !gen_has(g, X64_HAS_SSE41)) gen_clobber_flags(g);
    unsigned a = gen_use_xmm(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_gpr(g, r, NO_REG), size = gen_size(i->type);
    extract(g, i->esz, (unsigned)i->imm, dst, a);
    if (i->op == IR_VGETS && (1u << i->esz) < size) x64_movsx_rr(B, size, 1u << i->esz, dst, dst);
}

/* --- general register to lane ----------------------------------------------------------------- */

/* dst = a with the lane := the low bits of a general register; SSE2. RAX and RCX are used. */
static void insert_words(struct gen *g, unsigned esz, unsigned lane, unsigned dst, unsigned a,
                         unsigned reg)
{
    if (esz == 1) {
        gen_vec_rrri(g, X64_PINSRW, dst, a, reg, (u8)lane);
    } else if (esz == 2) {
        x64_mov_rr(B, 4, X64_RAX, reg);
        gen_vec_rrri(g, X64_PINSRW, dst, a, X64_RAX, (u8)(2 * lane));
        x64_shift_ri(B, X64_SHR, 4, X64_RAX, 16);
        gen_vec_rrri(g, X64_PINSRW, dst, dst, X64_RAX, (u8)(2 * lane + 1));
    } else if (esz == 3) {
        vec_op1(g, X64_MOVQ_XR, X0, reg);
        if (lane)
            vec_op2(g, X64_PUNPCKLQDQ, dst, a, X0);
        else
            vec_op2i(g, X64_SHUFPD, dst, X0, a, 2);
    } else {
        unsigned high = lane & 1 ? 0xffu : 0xff00u;
        x64_movzx_rr(B, 1, X64_RCX, reg);
        vec_imm(g, X64_PEXTRW, X64_RAX, a, lane / 2);
        x64_alu_ri(B, X64_AND, 4, X64_RAX, (s32)high);
        if (lane & 1) x64_shift_ri(B, X64_SHL, 4, X64_RCX, 8);
        x64_alu_rr(B, X64_OR, 4, X64_RAX, X64_RCX);
        gen_vec_rrri(g, X64_PINSRW, dst, a, X64_RAX, (u8)(lane / 2));
    }
}

/* The same, in the best form. */
static void insert(struct gen *g, unsigned esz, unsigned lane, unsigned dst, unsigned a,
                   unsigned reg)
{
    if (gen_has(g, X64_HAS_SSE41) || g->avx)
        gen_vec_rrri(g, pinsr[esz], dst, a, reg, (u8)lane);
    else
        insert_words(g, esz, lane, dst, a, reg);
}

/* The instruction behind the load r that puts what is loaded, and nobody else wants, into lanes; or
 * IR_NONE. */
static ir_ref user_of_lane(const struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref next = r + ir_distance(i);
    if (i->uses != 1 || next >= g->f->block[g->block].end) return IR_NONE;
    const struct ir_inst *n = gen_inst(g, next);
    bool alike = n->op == IR_VDUP || (n->op == IR_VDUPL && !n->imm);
    bool uses = (n->op == IR_VSETI && n->arg[1] == r) || (alike && n->arg[0] == r);
    return uses && n->esz == i->esz ? next : IR_NONE;
}

/* VEX forms only: others have a move first, and then may fault. */
bool vec_load_lane(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref user = user_of_lane(g, r, i);
    if (!user || !g->avx) return false;
    const struct ir_inst *n = gen_inst(g, user);
    bool one = n->op == IR_VSETI;
    struct x64_mem m = gen_address(g, i);
    unsigned a = one ? gen_use_xmm(g, n->arg[0]) : NO_REG;
    gen_consume_one(g, i->arg[0]);
    if (i->arg[1]) gen_consume_one(g, i->arg[1]);
    if (one) gen_consume_one(g, n->arg[0]);
    gen_consume_one(g, r);
    unsigned dst = gen_def_xmm(g, user, a);
    gen_fault_point(g);
    if (one)
        gen_vec_rrmi(g, pinsr[n->esz], dst, a, m, (u8)n->imm);
    else
        gen_vec_rm(g, broadcast[n->esz], dst, m);
    g->emitted = user;
    return true;
}

void vec_set(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->emitted == r) return;
    if (!gen_has(g, X64_HAS_SSE41)) gen_clobber_flags(g);
    unsigned a = gen_use_xmm(g, i->arg[0]), reg = gen_use_gpr(g, i->arg[1]);
    gen_consume(g, i);
    insert(g, i->esz, (unsigned)i->imm, gen_def_xmm(g, r, a), a, reg);
}

void vec_dup(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->emitted == r) return;
    unsigned reg = gen_use_gpr(g, i->arg[0]);
    gen_consume(g, i);
    unsigned dst = gen_def_xmm(g, r, NO_REG);
    vec_op1(g, i->esz == 3 ? X64_MOVQ_XR : X64_MOVD_XR, X0, reg);
    if (g->avx) {
        vec_op1(g, broadcast[i->esz], dst, X0);
    } else if (i->esz == 3) {
        vec_imm(g, X64_PSHUFD, dst, X0, 0x44);
    } else {
        if (i->esz == 0) vec_op2(g, X64_PUNPCKLBW, X0, X0, X0);
        if (i->esz < 2) vec_imm(g, X64_PSHUFLW, X0, X0, 0);
        vec_imm(g, X64_PSHUFD, dst, X0, 0);
    }
}

/* --- lane to lane ----------------------------------------------------------------------------- */

static void insert64(struct gen *g, struct vec_args v, unsigned to, unsigned from)
{
    if (to)
        vec_op2i(g, X64_SHUFPD, v.dst, v.a, v.b, from << 1);
    else
        vec_op2i(g, X64_SHUFPD, v.dst, v.b, v.a, from | 2);
}

void vec_insert(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    unsigned to = i->imm & 15, from = i->imm >> 4 & 15;
    bool by_words = !gen_has(g, X64_HAS_SSE41);
    if (by_words && i->esz != 1 && i->esz != 3) gen_clobber_flags(g);
    struct vec_args v = vec_args(g, r, i);
    if (i->esz == 3) {
        insert64(g, v, to, from);
    } else if (i->esz == 2 && !by_words) {
        vec_op2i(g, X64_INSERTPS, v.dst, v.a, v.b, from << 6 | to << 4);
    } else {
        if (by_words && i->esz == 0) {
            extract(g, 0, from, X64_RCX, v.b);
            vec_move(g, X1, v.a);
            insert_words(g, 0, to, X1, X1, X64_RCX);
            vec_move(g, v.dst, X1);
        } else {
            extract(g, i->esz, from, X64_RAX, v.b);
            insert(g, i->esz, to, v.dst, v.a, X64_RAX);
        }
    }
}

/* SSE2: the lane's 16 bits to all of its half, and that to both. */
static void dup_word(struct gen *g, unsigned lane, unsigned dst, unsigned a)
{
    unsigned to_all = (lane & 3) * 0x55;
    vec_imm(g, lane < 4 ? X64_PSHUFLW : X64_PSHUFHW, X0, a, to_all);
    vec_imm(g, X64_PSHUFD, dst, X0, lane < 4 ? 0x00 : 0xaa);
}

/* The product behind it, of even words, that the lane is a factor of and nothing else: the host has
 * both in one. What it reads behind the lane is guest state too. */
static ir_ref product_of(const struct gen *g, ir_ref r, const struct ir_inst *i)
{
    ir_ref next = r + ir_distance(i);
    if (!g->upper || i->uses != 1 || next >= g->f->block[g->block].end) return IR_NONE;
    const struct ir_inst *n = gen_inst(g, next);
    bool product = n->op == IR_VUMULL && n->mod == 2 && n->esz == 2 && i->esz == 2;
    return product && (n->arg[0] == r || n->arg[1] == r) ? next : IR_NONE;
}

/* A lane of what is in memory to all. */
static bool dup_memory(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct x64_mem m;
    if (!g->avx || !gen_in_memory(g, i->arg[0], 1, &m)) return false;
    m = lane_at(m, i->esz, (unsigned)i->imm);
    ir_ref product = product_of(g, r, i);
    if (product) {
        ir_ref factor = gen_inst(g, product)->arg[gen_inst(g, product)->arg[0] == r];
        unsigned a = gen_use_xmm(g, factor);
        gen_consume(g, i);
        gen_consume(g, gen_inst(g, product));
        x64_vec_rrb(B, X64_PMULUDQ, gen_def_xmm(g, product, a), a, m);
        g->emitted = product;
        return true;
    }
    gen_consume(g, i);
    gen_vec_rm(g, broadcast[i->esz], gen_def_xmm(g, r, NO_REG), m);
    return true;
}

void vec_dup_lane(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    if (g->emitted == r || dup_memory(g, r, i)) return;
    struct vec_args v = vec_args(g, r, i);
    unsigned lane = (unsigned)i->imm;
    if (i->esz == 3) {
        vec_imm(g, X64_PSHUFD, v.dst, v.a, lane ? 0xee : 0x44);
    } else if (i->esz == 2) {
        vec_imm(g, X64_PSHUFD, v.dst, v.a, lane * 0x55);
    } else if (g->avx && lane == 0) {
        vec_op1(g, i->esz ? X64_VPBROADCASTW : X64_VPBROADCASTB, v.dst, v.a);
    } else if (vec_can(g, X64_PSHUFB)) {
        u64 index = i->esz ? vec_splat(1, (2 * lane + 1) << 8 | 2 * lane) : vec_splat(0, lane);
        vec_op2c(g, X64_PSHUFB, v.dst, v.a, index, index);
    } else if (i->esz == 1) {
        dup_word(g, lane, v.dst, v.a);
    } else {
        vec_op2(g, lane < 8 ? X64_PUNPCKLBW : X64_PUNPCKHBW, X1, v.a, v.a);
        dup_word(g, lane & 7, v.dst, X1);
    }
}

/* --- halves ----------------------------------------------------------------------------------- */

void vec_low(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op1(g, X64_MOVQ, v.dst, v.a);
}

void vec_pair(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_op2(g, X64_PUNPCKLQDQ, v.dst, v.a, v.b);
}

void vec_high(struct gen *g, ir_ref r, const struct ir_inst *i)
{
    struct vec_args v = vec_args(g, r, i);
    vec_imm(g, X64_PSRLDQ, v.dst, v.a, 8);
}
