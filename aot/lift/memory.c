/*
 * Loads and stores of general and vector registers, without structures, exclusives and ordered
 * accesses (Arm ARM C4.1.96).
 *
 * Every row is one access or a pair, described by struct transfer; what differs between rows is
 * how the address comes about and whether the base is written back. Where the architecture leaves
 * the result open (write-back to a loaded register), the write-back wins.
 */
#include "aot/lift/lift.h"

struct transfer {
    u8 esz;      /* log2 of bytes */
    u8 type;     /* enum ir_type of the register's value */
    bool vector; /* a vector register */
    bool sign;   /* sign-extending load */
};

static struct transfer general(unsigned esz)
{
    return (struct transfer){.esz = (u8)esz, .type = esz == 3 ? IR_I64 : IR_I32};
}

static struct transfer signed_load(u32 w)
{
    return (struct transfer){
        .esz = (u8)a64_lsize(w), .type = a64_sx32(w) ? IR_I32 : IR_I64, .sign = true};
}

static struct transfer vector(unsigned esz)
{
    static const u8 types[] = {IR_V128, IR_F16, IR_F32, IR_F64, IR_V128};
    return (struct transfer){.esz = (u8)esz, .type = types[esz], .vector = true};
}

/* Vector transfers of one register: lsize, or 16 bytes with vq. */
static struct transfer vector_single(u32 w)
{
    return vector(a64_vq(w) ? 4 : a64_lsize(w));
}

struct address {
    ir_ref base, index;
    u8 shift;
    s64 offset;
};

static ir_ref load(struct lifter *l, struct transfer t, struct address a)
{
    return ir_opx(l->f, t.sign ? IR_LOADS : IR_LOAD, t.type, t.esz, a.shift, a.offset, a.base,
                  a.index, IR_NONE);
}

static void set_register(struct lifter *l, struct transfer t, unsigned n, ir_ref v)
{
    if (t.vector)
        ir_set(l->f, t.type, SLOT_V0 + n, v);
    else
        lift_set_x(l, n, t.type == IR_I64, v);
}

static void store(struct lifter *l, struct transfer t, unsigned n, struct address a)
{
    ir_ref v = t.vector ? ir_get(l->f, t.type, SLOT_V0 + n) : lift_get_x(l, n, t.type == IR_I64);
    ir_opx(l->f, IR_STORE, t.type, t.esz, a.shift, a.offset, a.base, a.index, v);
}

static void write_back(struct lifter *l, unsigned n, ir_ref base, s64 offset)
{
    bool unsure = l->sp_unsure;
    ir_ref v = offset ? ir_op2(l->f, IR_ADD, IR_I64, base, lift_const(l, true, (u64)offset)) : base;
    lift_set_xsp(l, n, true, v);
    if (offset % 16 == 0) lift_sp_kept_aligned(l, unsure);
}

enum mode { OFFSET, PRE, POST };

static struct address base_and(struct lifter *l, u32 w, s64 offset)
{
    return (struct address){.base = lift_base(l, a64_rn(w)), .offset = offset};
}

static void load_one(struct lifter *l, u32 w, struct transfer t, s64 offset, enum mode mode)
{
    struct address a = base_and(l, w, mode == POST ? 0 : offset);
    ir_ref v = load(l, t, a);
    set_register(l, t, a64_rt(w), v);
    if (mode != OFFSET) write_back(l, a64_rn(w), a.base, offset);
}

static void store_one(struct lifter *l, u32 w, struct transfer t, s64 offset, enum mode mode)
{
    struct address a = base_and(l, w, mode == POST ? 0 : offset);
    store(l, t, a64_rt(w), a);
    if (mode != OFFSET) write_back(l, a64_rn(w), a.base, offset);
}

/* One function per row: the transfer, the offset, the mode. */
#define LOAD_ROW(row, transfer, offset, mode)                                                      \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        load_one(l, w, transfer, offset, mode);                                                    \
    }
#define STORE_ROW(row, transfer, offset, mode)                                                     \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        store_one(l, w, transfer, offset, mode);                                                   \
    }

static s64 unscaled(u32 w)
{
    return sign_extend(a64_imm9(w), 9);
}

static s64 scaled(u32 w, struct transfer t)
{
    return (s64)a64_imm12(w) << t.esz;
}

/* clang-format off */
LOAD_ROW(LDUR, general(a64_lsize(w)), unscaled(w), OFFSET)
LOAD_ROW(LDTR, general(a64_lsize(w)), unscaled(w), OFFSET)
LOAD_ROW(LDR_post, general(a64_lsize(w)), unscaled(w), POST)
LOAD_ROW(LDR_pre, general(a64_lsize(w)), unscaled(w), PRE)
LOAD_ROW(LDR_u, general(a64_lsize(w)), scaled(w, general(a64_lsize(w))), OFFSET)
LOAD_ROW(LDURS, signed_load(w), unscaled(w), OFFSET)
LOAD_ROW(LDTRS, signed_load(w), unscaled(w), OFFSET)
LOAD_ROW(LDRS_post, signed_load(w), unscaled(w), POST)
LOAD_ROW(LDRS_pre, signed_load(w), unscaled(w), PRE)
LOAD_ROW(LDRS_u, signed_load(w), scaled(w, signed_load(w)), OFFSET)
LOAD_ROW(LDUR_v, vector_single(w), unscaled(w), OFFSET)
LOAD_ROW(LDR_post_v, vector_single(w), unscaled(w), POST)
LOAD_ROW(LDR_pre_v, vector_single(w), unscaled(w), PRE)
LOAD_ROW(LDR_u_v, vector_single(w), scaled(w, vector_single(w)), OFFSET)

STORE_ROW(STUR, general(a64_lsize(w)), unscaled(w), OFFSET)
STORE_ROW(STTR, general(a64_lsize(w)), unscaled(w), OFFSET)
STORE_ROW(STR_post, general(a64_lsize(w)), unscaled(w), POST)
STORE_ROW(STR_pre, general(a64_lsize(w)), unscaled(w), PRE)
STORE_ROW(STR_u, general(a64_lsize(w)), scaled(w, general(a64_lsize(w))), OFFSET)
STORE_ROW(STUR_v, vector_single(w), unscaled(w), OFFSET)
STORE_ROW(STR_post_v, vector_single(w), unscaled(w), POST)
STORE_ROW(STR_pre_v, vector_single(w), unscaled(w), PRE)
STORE_ROW(STR_u_v, vector_single(w), scaled(w, vector_single(w)), OFFSET)
/* clang-format on */

/* --- register offset ----------------------------------------------------------------------------
 */

static struct address register_offset(struct lifter *l, u32 w, struct transfer t)
{
    unsigned shift = a64_S(w) ? t.esz : 0;
    ir_ref base = lift_base(l, a64_rn(w));
    if (shift > 3) /* beyond what every host can scale by */
        return (struct address){.base = base,
                                .index = lift_extend(l, a64_rm(w), true, a64_option(w), shift)};
    return (struct address){.base = base,
                            .index = lift_extend(l, a64_rm(w), true, a64_option(w), 0),
                            .shift = (u8)shift};
}

static void load_indexed(struct lifter *l, u32 w, struct transfer t)
{
    set_register(l, t, a64_rt(w), load(l, t, register_offset(l, w, t)));
}

static void store_indexed(struct lifter *l, u32 w, struct transfer t)
{
    store(l, t, a64_rt(w), register_offset(l, w, t));
}

void lift_LDR_reg(struct lifter *l, u32 w)
{
    load_indexed(l, w, general(a64_lsize(w)));
}

void lift_LDRS_reg(struct lifter *l, u32 w)
{
    load_indexed(l, w, signed_load(w));
}

void lift_LDR_reg_v(struct lifter *l, u32 w)
{
    load_indexed(l, w, vector_single(w));
}

void lift_STR_reg(struct lifter *l, u32 w)
{
    store_indexed(l, w, general(a64_lsize(w)));
}

void lift_STR_reg_v(struct lifter *l, u32 w)
{
    store_indexed(l, w, vector_single(w));
}

/* --- literal ------------------------------------------------------------------------------------
 */

static void load_literal(struct lifter *l, u32 w, struct transfer t)
{
    u64 address = l->pc + (u64)(sign_extend(a64_imm19(w), 19) * 4);
    ir_ref base = ir_opx(l->f, IR_GADDR, IR_I64, 0, 0, (s64)address, IR_NONE, IR_NONE, IR_NONE);
    ir_ref v = load(l, t, (struct address){.base = base});
    set_register(l, t, a64_rt(w), v);
}

void lift_LDR_lit(struct lifter *l, u32 w)
{
    load_literal(l, w, general(2 + a64_psz(w)));
}

void lift_LDRSW_lit(struct lifter *l, u32 w)
{
    load_literal(l, w, (struct transfer){.esz = 2, .type = IR_I64, .sign = true});
}

void lift_LDR_lit_v(struct lifter *l, u32 w)
{
    load_literal(l, w, vector(2 + a64_lopc(w)));
}

/* --- pairs --------------------------------------------------------------------------------------
 */

static struct transfer general_pair(u32 w)
{
    return general(2 + (a64_lopc(w) >> 1));
}

static struct transfer vector_pair(u32 w)
{
    return vector(2 + a64_lopc(w));
}

static struct transfer signed_pair(u32 w)
{
    (void)w;
    return (struct transfer){.esz = 2, .type = IR_I64, .sign = true};
}

static s64 pair_offset(u32 w, struct transfer t)
{
    return sign_extend(a64_imm7(w), 7) * (1 << t.esz);
}

/* Both loads come before the first register is written: the second may fault. */
static void load_pair(struct lifter *l, u32 w, struct transfer t, enum mode mode)
{
    s64 offset = pair_offset(w, t);
    struct address a = base_and(l, w, mode == POST ? 0 : offset), b = a;
    b.offset += 1 << t.esz;
    ir_ref first = load(l, t, a), second = load(l, t, b);
    set_register(l, t, a64_rt(w), first);
    set_register(l, t, a64_rt2(w), second);
    if (mode != OFFSET) write_back(l, a64_rn(w), a.base, offset);
}

static void store_pair(struct lifter *l, u32 w, struct transfer t, enum mode mode)
{
    s64 offset = pair_offset(w, t);
    struct address a = base_and(l, w, mode == POST ? 0 : offset), b = a;
    b.offset += 1 << t.esz;
    store(l, t, a64_rt(w), a);
    store(l, t, a64_rt2(w), b);
    if (mode != OFFSET) write_back(l, a64_rn(w), a.base, offset);
}

#define LOAD_PAIR_ROW(row, transfer, mode)                                                         \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        load_pair(l, w, transfer(w), mode);                                                        \
    }
#define STORE_PAIR_ROW(row, transfer, mode)                                                        \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        store_pair(l, w, transfer(w), mode);                                                       \
    }

/* clang-format off */
LOAD_PAIR_ROW(LDNP, general_pair, OFFSET)
LOAD_PAIR_ROW(LDP_off, general_pair, OFFSET)
LOAD_PAIR_ROW(LDP_pre, general_pair, PRE)
LOAD_PAIR_ROW(LDP_post, general_pair, POST)
LOAD_PAIR_ROW(LDPSW_off, signed_pair, OFFSET)
LOAD_PAIR_ROW(LDPSW_pre, signed_pair, PRE)
LOAD_PAIR_ROW(LDPSW_post, signed_pair, POST)
LOAD_PAIR_ROW(LDNP_v, vector_pair, OFFSET)
LOAD_PAIR_ROW(LDP_off_v, vector_pair, OFFSET)
LOAD_PAIR_ROW(LDP_pre_v, vector_pair, PRE)
LOAD_PAIR_ROW(LDP_post_v, vector_pair, POST)
STORE_PAIR_ROW(STNP, general_pair, OFFSET)
STORE_PAIR_ROW(STP_off, general_pair, OFFSET)
STORE_PAIR_ROW(STP_pre, general_pair, PRE)
STORE_PAIR_ROW(STP_post, general_pair, POST)
STORE_PAIR_ROW(STNP_v, vector_pair, OFFSET)
STORE_PAIR_ROW(STP_off_v, vector_pair, OFFSET)
STORE_PAIR_ROW(STP_pre_v, vector_pair, PRE)
STORE_PAIR_ROW(STP_post_v, vector_pair, POST)
/* clang-format on */

/* --- prefetches do nothing ----------------------------------------------------------------------
 */

#define PREFETCH_ROW(row)                                                                          \
    void lift_##row(struct lifter *l, u32 w)                                                       \
    {                                                                                              \
        (void)l;                                                                                   \
        (void)w;                                                                                   \
    }

/* clang-format off */
PREFETCH_ROW(PRFM_lit)
PREFETCH_ROW(PRFM_reg)
PREFETCH_ROW(PRFM_u)
PREFETCH_ROW(PRFUM)
/* clang-format on */
