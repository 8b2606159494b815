/*
 * Advanced SIMD loads and stores of structures: LD1 to LD4, ST1 to ST4, of whole registers, of one
 * lane, and to all lanes. (Arm ARM C4.1.95.)
 *
 * Structures of whole registers are read and written in chunks of 16 bytes (the last one may have
 * 8) in memory order, and taken apart or put together by ZIP and UZP where these do it in few
 * steps, by table look-ups elsewhere.
 */
#include "aot/lift/simd.h"

/* An access to `count` registers from Rt on, `bytes` in memory. */
struct group {
    unsigned rt, count, bytes;
    ir_ref base;
};

static unsigned reg_at(const struct group *g, unsigned i)
{
    return (g->rt + i) & 31;
}

/* Post-index: Rn plus Rm, or plus the bytes accessed when Rm is 31. */
static void write_back(struct lifter *l, u32 w, const struct group *g)
{
    bool by_bytes = a64_rm(w) == 31, unsure = l->sp_unsure;
    ir_ref by = by_bytes ? lift_const(l, true, g->bytes) : lift_get_x(l, a64_rm(w), true);
    lift_set_xsp(l, a64_rn(w), true, ir_op2(l->f, IR_ADD, IR_I64, g->base, by));
    if (by_bytes && g->bytes % 16 == 0) lift_sp_kept_aligned(l, unsure);
}

/* --- multiple structures ---------------------------------------------------------------------- */

/* mopc's registers and elements in a structure. */
static unsigned multi_count(u32 w)
{
    static const u8 count[16] = {[0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};
    return count[a64_mopc(w)];
}

static bool is_interleaved(u32 w)
{
    return !(a64_mopc(w) & 3);
}

static struct group multi_group(struct lifter *l, u32 w)
{
    unsigned count = multi_count(w);
    return (struct group){a64_rt(w), count, count * (a64_Q(w) ? 16 : 8), lift_base(l, a64_rn(w))};
}

/* Log2 of the bytes of chunk i. */
static unsigned chunk_esz(const struct group *g, unsigned i)
{
    return g->bytes - 16 * i >= 16 ? 4 : 3;
}

/* The 16 bytes at places from[0..15] of the sources side by side; above 0x7f gives 0. */
static ir_ref gather(struct lifter *l, const ir_ref *source, unsigned count, const u8 from[16])
{
    ir_ref result = IR_NONE;
    for (unsigned s = 0; s < count; s++) {
        u64 index[2] = {0, 0};
        bool any = false;
        for (unsigned i = 0; i < 16; i++) {
            bool here = from[i] >> 4 == s;
            any |= here;
            index[i / 8] |= (u64)(here ? from[i] & 15 : 0xff) << (i % 8 * 8);
        }
        if (!any) continue;
        ir_ref table = simd_const(l, index[0], index[1]);
        ir_ref part = simd_op2(l, IR_VTBL, 0, source[s], table);
        result = result ? ir_op2(l->f, IR_VOR, IR_V128, result, part) : part;
    }
    return result;
}

/* Register r of structures of three: each third element. */
static ir_ref third(struct lifter *l, u32 w, const ir_ref chunk[3], unsigned r)
{
    unsigned esz = a64_msize(w), size = a64_Q(w) ? 16 : 8;
    u8 from[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned element = (i >> esz) * 3 + r;
        from[i] = i < size ? (u8)(element << esz | (i & ((1u << esz) - 1))) : 0xff;
    }
    return gather(l, chunk, a64_Q(w) ? 3 : 2, from);
}

/* Chunk number c of structures of three. */
static ir_ref thirds_joined(struct lifter *l, u32 w, const ir_ref reg[3], unsigned c)
{
    unsigned esz = a64_msize(w), total = a64_Q(w) ? 48 : 24;
    u8 from[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned place = 16 * c + i, element = place >> esz;
        unsigned in_lane = place & ((1u << esz) - 1);
        from[i] = place < total ? (u8)(element % 3 << 4 | element / 3 << esz | in_lane) : 0xff;
    }
    return gather(l, reg, 3, from);
}

/* A chunk of structures of `count` elements with the elements of each register side by side. */
static ir_ref grouped(struct lifter *l, unsigned esz, unsigned count, ir_ref chunk)
{
    u8 from[16];
    for (unsigned i = 0; i < 16; i++) {
        unsigned r = i / (16 / count), element = i % (16 / count) >> esz;
        from[i] = (u8)((element * count + r) << esz | (i & ((1u << esz) - 1)));
    }
    return gather(l, &chunk, 1, from);
}

static void zip(struct lifter *l, unsigned esz, ir_ref a, ir_ref b, ir_ref *low, ir_ref *high)
{
    *low = simd_op2(l, IR_VZIP1, esz, a, b);
    *high = simd_op2(l, IR_VZIP2, esz, a, b);
}

static void halves(struct lifter *l, ir_ref v, ir_ref *low, ir_ref *high)
{
    *low = simd_low(l, v);
    *high = ir_op1(l->f, IR_VHIGH, IR_V128, v);
}

static void split2(struct lifter *l, u32 w, const ir_ref *chunk, ir_ref *reg)
{
    unsigned esz = a64_msize(w);
    if (!a64_Q(w)) {
        halves(l, grouped(l, esz, 2, chunk[0]), &reg[0], &reg[1]);
    } else if (esz < 2) {
        ir_ref first = grouped(l, esz, 2, chunk[0]);
        zip(l, 3, first, grouped(l, esz, 2, chunk[1]), &reg[0], &reg[1]);
    } else {
        reg[0] = simd_op2(l, IR_VUZP1, esz, chunk[0], chunk[1]);
        reg[1] = simd_op2(l, IR_VUZP2, esz, chunk[0], chunk[1]);
    }
}

/* Each chunk as one word of each register, then four by four words transposed. */
static void split4(struct lifter *l, u32 w, const ir_ref *chunk, ir_ref *reg)
{
    unsigned esz = a64_msize(w), chunks = a64_Q(w) ? 4 : 2;
    ir_ref word[4], first[2], second[2];
    if (esz == 3) {
        zip(l, 3, chunk[0], chunk[2], &reg[0], &reg[1]);
        zip(l, 3, chunk[1], chunk[3], &reg[2], &reg[3]);
        return;
    }
    for (unsigned i = 0; i < chunks; i++)
        word[i] = esz < 2 ? grouped(l, esz, 4, chunk[i]) : chunk[i];
    zip(l, 2, word[0], word[1], &first[0], &first[1]);
    if (chunks == 2) {
        halves(l, first[0], &reg[0], &reg[1]);
        halves(l, first[1], &reg[2], &reg[3]);
        return;
    }
    zip(l, 2, word[2], word[3], &second[0], &second[1]);
    zip(l, 3, first[0], second[0], &reg[0], &reg[1]);
    zip(l, 3, first[1], second[1], &reg[2], &reg[3]);
}

/* Chunks to registers, zeros above 64-bit ones. */
static void deinterleave(struct lifter *l, u32 w, unsigned count, const ir_ref *chunk, ir_ref *reg)
{
    if (count == 2)
        split2(l, w, chunk, reg);
    else if (count == 4)
        split4(l, w, chunk, reg);
    else
        for (unsigned r = 0; r < 3; r++) reg[r] = third(l, w, chunk, r);
}

/* Registers to chunks; with Q = 0 only the chunks that are stored are right. */
static void interleave(struct lifter *l, u32 w, unsigned count, const ir_ref *reg, ir_ref *chunk)
{
    unsigned esz = a64_msize(w);
    ir_ref even[2], odd[2];
    if (count == 2) {
        zip(l, esz, reg[0], reg[1], &chunk[0], &chunk[1]);
    } else if (count == 3) {
        for (unsigned c = 0; c < (a64_Q(w) ? 3 : 2); c++) chunk[c] = thirds_joined(l, w, reg, c);
    } else if (esz == 3) {
        zip(l, esz, reg[0], reg[1], &chunk[0], &chunk[2]);
        zip(l, esz, reg[2], reg[3], &chunk[1], &chunk[3]);
    } else {
        zip(l, esz, reg[0], reg[2], &even[0], &even[1]);
        zip(l, esz, reg[1], reg[3], &odd[0], &odd[1]);
        zip(l, esz, even[0], odd[0], &chunk[0], &chunk[1]);
        if (a64_Q(w)) zip(l, esz, even[1], odd[1], &chunk[2], &chunk[3]);
    }
}

static void load_multi(struct lifter *l, u32 w, bool post)
{
    struct group g = multi_group(l, w);
    ir_ref chunk[4], reg[4];
    unsigned each = a64_Q(w) ? 4 : 3;
    if (is_interleaved(w)) {
        for (unsigned i = 0; 16 * i < g.bytes; i++)
            chunk[i] = lift_load(l, IR_V128, chunk_esz(&g, i), g.base, 16 * i);
        deinterleave(l, w, g.count, chunk, reg);
    } else {
        for (unsigned i = 0; i < g.count; i++)
            reg[i] = lift_load(l, IR_V128, each, g.base, i << each);
    }
    if (post) write_back(l, w, &g);
    for (unsigned i = 0; i < g.count; i++) lift_set_v(l, reg_at(&g, i), reg[i]);
}

static void store_multi(struct lifter *l, u32 w, bool post)
{
    struct group g = multi_group(l, w);
    ir_ref chunk[4], reg[4];
    unsigned each = a64_Q(w) ? 4 : 3;
    for (unsigned i = 0; i < g.count; i++) reg[i] = lift_get_v(l, reg_at(&g, i));
    if (is_interleaved(w)) {
        interleave(l, w, g.count, reg, chunk);
        for (unsigned i = 0; 16 * i < g.bytes; i++)
            lift_store(l, IR_V128, chunk_esz(&g, i), g.base, 16 * i, chunk[i]);
    } else {
        for (unsigned i = 0; i < g.count; i++)
            lift_store(l, IR_V128, each, g.base, i << each, reg[i]);
    }
    if (post) write_back(l, w, &g);
}

LIFT(LD_multi, load_multi(l, w, false))
LIFT(LD_multi_post, load_multi(l, w, true))
LIFT(ST_multi, store_multi(l, w, false))
LIFT(ST_multi_post, store_multi(l, w, true))

/* --- single structures ------------------------------------------------------------------------ */

/* A lane's element size and number, from Q, sopc, S and msize. */
static unsigned lane_esz(u32 w)
{
    unsigned scale = a64_sopc(w) >> 1;
    return scale == 2 ? 2 + (a64_msize(w) & 1) : scale;
}

static unsigned lane_number(u32 w)
{
    return (a64_Q(w) << 3 | a64_S(w) << 2 | a64_msize(w)) >> lane_esz(w);
}

static struct group single_group(struct lifter *l, u32 w, unsigned esz)
{
    unsigned count = ((a64_sopc(w) & 1) << 1 | a64_sR(w)) + 1;
    return (struct group){a64_rt(w), count, count << esz, lift_base(l, a64_rn(w))};
}

static void load_lane(struct lifter *l, u32 w, bool post)
{
    unsigned esz = lane_esz(w), lane = lane_number(w);
    struct group g = single_group(l, w, esz);
    ir_ref value[4];
    for (unsigned i = 0; i < g.count; i++) { /* the load right before what may take it along */
        ir_ref v = lift_get_v(l, reg_at(&g, i));
        ir_ref element = lift_load(l, lift_itype(esz == 3), esz, g.base, i << esz);
        value[i] = simd_set_lane(l, esz, lane, v, element);
    }
    if (post) write_back(l, w, &g);
    for (unsigned i = 0; i < g.count; i++) lift_set_v(l, reg_at(&g, i), value[i]);
}

static void store_lane(struct lifter *l, u32 w, bool post)
{
    unsigned esz = lane_esz(w), lane = lane_number(w), type = lift_itype(esz == 3);
    struct group g = single_group(l, w, esz);
    for (unsigned i = 0; i < g.count; i++) {
        ir_ref v = lift_get_v(l, reg_at(&g, i));
        if (lane == 0)
            lift_store(l, IR_V128, esz, g.base, i << esz, v);
        else
            lift_store(l, type, esz, g.base, i << esz,
                       simd_get_lane(l, IR_VGET, type, esz, lane, v));
    }
    if (post) write_back(l, w, &g);
}

static void load_all_lanes(struct lifter *l, u32 w, bool post)
{
    unsigned esz = a64_msize(w);
    struct group g = single_group(l, w, esz);
    ir_ref value[4];
    for (unsigned i = 0; i < g.count; i++)
        value[i] = simd_dup(l, esz, 0, lift_load(l, IR_V128, esz, g.base, i << esz));
    if (post) write_back(l, w, &g);
    for (unsigned i = 0; i < g.count; i++) lift_set_q(l, reg_at(&g, i), a64_Q(w), value[i]);
}

LIFT(LD_single, load_lane(l, w, false))
LIFT(LD_single_post, load_lane(l, w, true))
LIFT(ST_single, store_lane(l, w, false))
LIFT(ST_single_post, store_lane(l, w, true))
LIFT(LD_rep, load_all_lanes(l, w, false))
LIFT(LD_rep_post, load_all_lanes(l, w, true))
