/*
 * Slices (slice.h). What the instructions on the way do is followed with symbolic values. What
 * isn't followed (memory but for what is stored and loaded with the same register and offset, other
 * ways) makes a wrong value possible. That is good enough, for everything found so is looked at by
 * itself before it is believed, and code that is translated in vain does no harm.
 *
 * A comparison and the branch behind it give a number its range. So do masks and narrow loads. When
 * the base of a table comes from in front of the way, it is looked for there.
 */
#include "aot/disc/slice.h"

#include "aot/a64/flow.h"
#include "aot/disc/way.h"

#define REGS    32 /* 31: SP; where it is ZR, it is not looked up */
#define ZR      WAY_ZR
#define NUMBERS (1 + REGS + 3 * WAY_MAX + 1) /* first none, and those of registers at the start */
#define SLOTS   32

struct slot { /* memory at number + offset */
    u16 number;
    u64 offset;
    struct value value;
};

struct machine {
    struct value reg[REGS];
    struct number {
        struct number_range range, own; /* as comparisons show; as the number was made */
        struct number_entry entry;
        u16 slot_base; /* read at slot_base + slot_at, which was stored in front of the way; or 0 */
        u64 slot_at;
    } number[NUMBERS];
    unsigned numbers;
    struct slot slot[SLOTS];
    unsigned slots;
    struct value compared; /* not constant: the flags are those of its comparison with `with` */
    s64 with;
    struct way way;
};

/* --- values -------------------------------------------------------------------------------------
 */

static struct value constant(u64 v)
{
    return (struct value){.base = v};
}

static struct value fresh_in(struct machine *m, s64 low, s64 high, enum range_strength strength)
{
    u16 number = (u16)(m->numbers < NUMBERS - 1 ? m->numbers++ : NUMBERS - 1);
    struct number_range range = {low, high, (u8)strength};
    m->number[number] = (struct number){.range = range, .own = range};
    return (struct value){.number = number};
}

static struct value fresh(struct machine *m)
{
    return fresh_in(m, 0, 0, RANGE_UNKNOWN);
}

static bool is_constant(const struct value *v)
{
    return !v->number;
}

/* base + number */
static bool is_plain(const struct value *v)
{
    return v->number && !v->shift && !v->negative;
}

static bool is_entry(const struct machine *m, const struct value *v)
{
    return m->number[v->number].entry.size;
}

/* The highest and lowest of a plain value, when known. */
static struct number_range range_of(const struct machine *m, const struct value *v)
{
    struct number_range r = {0, 0, RANGE_UNKNOWN};
    if (!is_plain(v) || !m->number[v->number].range.strength) return r;
    r = m->number[v->number].range;
    r.low = (s64)((u64)r.low + v->base);
    r.high = (s64)((u64)r.high + v->base);
    return r;
}

static struct value shifted(struct machine *m, struct value v, unsigned by)
{
    if (v.shift + by > 63) return fresh(m);
    v.base <<= by;
    if (!is_constant(&v)) v.shift = (u8)(v.shift + by);
    return v;
}

/* The low `width` bits of v, extended. A number that isn't an entry is thought to fit. */
static struct value extended(struct machine *m, struct value v, unsigned width, bool is_signed)
{
    if (width >= 64) return v;
    if (is_constant(&v))
        return constant(is_signed ? (u64)sign_extend(v.base, width) : bits(v.base, 0, width));
    if (v.placed) return v;
    if (is_entry(m, &v) && !v.base && !v.shift && !v.negative) {
        unsigned size = 8u * m->number[v.number].entry.size;
        if (width == size) v.is_signed = is_signed;
        if (width >= size) return v;
    }
    struct number_range r = range_of(m, &v);
    s64 high = (s64)bits(UINT64_MAX, 0, is_signed ? width - 1 : width);
    if (width >= 32 || (r.strength && r.low >= 0 && r.high <= high)) return v;
    return is_signed ? fresh(m) : fresh_in(m, 0, high, RANGE_STRONG);
}

/* Puts the address that was made in front of the way in place of a register's value at its start,
 * or of what was stored on the stack. */
static void look_far(const struct machine *m, struct value *v)
{
    const struct number *n = &m->number[v->number];
    u64 far;
    if (!is_plain(v) || v->placed) return;
    if (v->number <= REGS) {
        if (!way_find_made(m->way.view, m->way.start, v->number - 1u, &far)) return;
    } else if (!n->slot_base ||
               !way_find_spilled(m->way.view, m->way.start, n->slot_base - 1u, n->slot_at, &far)) {
        return;
    }
    *v = constant(far + v->base);
    v->placed = true;
}

static struct value negated(struct value v)
{
    v.base = 0 - v.base;
    if (!is_constant(&v)) v.negative = !v.negative;
    return v;
}

static struct value sum(struct machine *m, struct value a, struct value b)
{
    if (is_entry(m, &b)) look_far(m, &a);
    if (is_entry(m, &a) && !b.negative) look_far(m, &b);
    if (!is_constant(&a) && !is_constant(&b)) return fresh(m);
    struct value v = is_constant(&a) ? b : a;
    v.base = a.base + b.base;
    v.placed = a.placed || b.placed;
    return v;
}

/* The value as an instruction with 32-bit operands gives it; small negative offsets stay so. */
static struct value narrow(struct value v, bool wide)
{
    if (wide || v.placed) return v;
    v.base = is_constant(&v) ? (u32)v.base : (u64)(s64)(s32)v.base;
    return v;
}

/* --- registers and flags ------------------------------------------------------------------------
 */

static struct value get(const struct machine *m, unsigned reg)
{
    return reg == ZR ? constant(0) : m->reg[reg];
}

static void set(struct machine *m, unsigned reg, struct value v)
{
    if (reg != ZR) m->reg[reg] = v;
}

static void compare(struct machine *m, struct value a, struct value b)
{
    m->compared = is_plain(&a) && is_constant(&b) ? a : constant(0);
    m->with = (s64)b.base;
}

/* The number that was compared is known to lie in [low, high] - compared.base. The comparison that
 * is nearest to the end of the way counts, for an earlier one may be of this way alone. */
static void restrict_to(struct machine *m, s64 low, s64 high, enum range_strength strength)
{
    struct number *n = &m->number[m->compared.number];
    if (strength < n->range.strength) return;
    low = (s64)((u64)low - m->compared.base);
    high = (s64)((u64)high - m->compared.base);
    if (n->own.strength) {
        if (n->own.low > low) low = n->own.low;
        if (n->own.high < high) high = n->own.high;
    }
    if (low <= high) n->range = (struct number_range){low, high, (u8)strength};
}

enum { CC = 3, LS = 9, LT = 11, LE = 13 }; /* conditions */

/* Condition `cond` holds for what was compared. */
static void assume(struct machine *m, unsigned cond)
{
    if (!is_plain(&m->compared) || m->with < 0) return;
    switch (cond) {
    case LS: restrict_to(m, 0, m->with, RANGE_STRONG); break;
    case CC: restrict_to(m, 0, m->with - 1, RANGE_STRONG); break;
    case LE: restrict_to(m, 0, m->with, RANGE_WEAK); break;
    case LT: restrict_to(m, 0, m->with - 1, RANGE_WEAK); break;
    default: break;
    }
}

/* --- instructions -------------------------------------------------------------------------------
 */

static void add_immediate(struct machine *m, u32 w, bool subtract, bool flags)
{
    struct value a = m->reg[a64_rn(w)], b = constant((u64)a64_imm12(w) << (a64_sh(w) ? 12 : 0));
    struct value v = narrow(sum(m, a, subtract ? negated(b) : b), a64_sf(w));
    if (flags) compare(m, a, subtract ? b : constant(UINT64_MAX));
    if (flags)
        set(m, a64_rd(w), v);
    else
        m->reg[a64_rd(w)] = v;
}

/* Less a number is another number, unless the sum is an address. */
static void add_registers(struct machine *m, u32 w, struct value b, bool subtract, bool flags)
{
    struct value a = get(m, a64_rn(w));
    if (is_entry(m, &b)) look_far(m, &a);
    struct value v = narrow(sum(m, a, subtract ? negated(b) : b), a64_sf(w));
    if (v.negative && !v.placed) v = fresh(m);
    if (flags) compare(m, a, subtract ? b : constant(UINT64_MAX));
    set(m, a64_rd(w), v);
}

static struct value shifted_operand(struct machine *m, u32 w)
{
    struct value b = get(m, a64_rm(w));
    if (!a64_shift(w)) return shifted(m, b, a64_imm6(w));
    return a64_imm6(w) ? fresh(m) : b;
}

static struct value extended_operand(struct machine *m, u32 w)
{
    unsigned option = a64_option(w);
    struct value b = extended(m, get(m, a64_rm(w)), 8u << (option & 3), option & 4);
    return shifted(m, b, a64_imm3(w));
}

/* The mask of a logical immediate, if it is a row of low bits; else 0. */
static u64 low_mask(u32 w)
{
    unsigned imms = a64_imms(w);
    bool whole = a64_N(w) || (!a64_sf(w) && imms < 31);
    return whole && !a64_immr(w) && imms < 63 ? bits(UINT64_MAX, 0, imms + 1) : 0;
}

static void mask(struct machine *m, u32 w, struct value v, u64 with)
{
    struct number_range r = range_of(m, &v);
    bool low_bits = with && !(with & (with + 1)) && with <= INT64_MAX;
    if (is_constant(&v))
        v = constant(v.base & with);
    else if (is_entry(m, &v))
        v = low_bits ? extended(m, v, (unsigned)__builtin_popcountll(with), false) : fresh(m);
    else if (!low_bits)
        v = fresh(m);
    else if (!r.strength || r.low < 0 || r.high > (s64)with)
        v = fresh_in(m, 0, (s64)with, RANGE_STRONG);
    set(m, a64_rd(w), v);
}

/* UBFM and SBFM: shifts left, extensions and fields. */
static void bit_field(struct machine *m, u32 w, bool is_signed)
{
    unsigned immr = a64_immr(w), imms = a64_imms(w), size = a64_sf(w) ? 64 : 32;
    struct value v = get(m, a64_rn(w));
    if (!immr)
        v = imms == size - 1 ? v : extended(m, v, imms + 1, is_signed);
    else if (imms < immr) /* bits imms..0 go to size - immr */
        v = shifted(m, imms + 1 + (size - immr) == size ? v : extended(m, v, imms + 1, is_signed),
                    size - immr);
    else if (!is_signed && imms - immr < 31)
        v = fresh_in(m, 0, (s64)bits(UINT64_MAX, 0, imms - immr + 1), RANGE_STRONG);
    else
        v = fresh(m);
    set(m, a64_rd(w), v);
}

static void move_wide(struct machine *m, u32 w, enum a64_row row)
{
    unsigned at = 16 * a64_hw(w);
    u64 v = (u64)a64_imm16(w) << at;
    struct value old = get(m, a64_rd(w));
    if (row == A64_MOVN) v = a64_sf(w) ? ~v : (u32)~v;
    if (row == A64_MOVK) {
        if (!is_constant(&old)) {
            set(m, a64_rd(w), fresh(m));
            return;
        }
        v |= old.base & ~(UINT64_C(0xffff) << at);
    }
    set(m, a64_rd(w), constant(v));
}

/* A number that is compared and replaced by a constant when it is too large has a bound as well. */
static void select(struct machine *m, u32 w)
{
    struct value n = get(m, a64_rn(w)), other = get(m, a64_rm(w));
    unsigned cond = a64_cond(w);
    if (is_constant(&n)) {
        struct value swap = n;
        n = other;
        other = swap;
        cond ^= 1;
    }
    struct value v = fresh(m);
    if (is_plain(&n) && is_plain(&m->compared) && n.number == m->compared.number &&
        n.base == m->compared.base && is_constant(&other) && (s64)other.base >= 0 &&
        (cond == CC || cond == LS)) {
        s64 high = cond == CC ? m->with - 1 : m->with;
        if (high < (s64)other.base) high = (s64)other.base;
        m->number[v.number].range = (struct number_range){0, high, RANGE_STRONG};
    }
    set(m, a64_rd(w), v);
}

/* --- memory -------------------------------------------------------------------------------------
 */

static struct slot *slot_of(struct machine *m, const struct value *address)
{
    for (unsigned i = 0; i < SLOTS && i < m->slots; i++)
        if (m->slot[i].number == address->number && m->slot[i].offset == address->base)
            return &m->slot[i];
    return NULL;
}

static void remember(struct machine *m, const struct value *address, struct value v)
{
    if (!is_plain(address)) return;
    struct slot *s = slot_of(m, address);
    if (!s) s = &m->slot[m->slots++ % SLOTS];
    *s = (struct slot){address->number, address->base, v};
}

/* What a load of 1 << size bytes gives. */
static struct value loaded(struct machine *m, const struct value *address, unsigned size,
                           bool is_signed)
{
    struct slot *s = is_plain(address) ? slot_of(m, address) : NULL;
    if (s) return s->value;
    struct value v =
        size >= 2 || is_signed ? fresh(m) : fresh_in(m, 0, size ? 0xffff : 0xff, RANGE_WEAK);
    struct number *n = &m->number[v.number];
    if (address->placed && !is_constant(address) && !address->negative) {
        n->entry = (struct number_entry){.at = address->base,
                                         .label = address->base,
                                         .index = address->number,
                                         .stride = address->shift,
                                         .size = (u8)(1 << size)};
        v.is_signed = is_signed;
    } else if (is_plain(address) && address->number <= REGS && size == 3) {
        n->slot_base = address->number;
        n->slot_at = address->base;
    }
    remember(m, address, v);
    return v;
}

/* The index of a table is a number. One that is constant on this way need not be so on others. */
static void load_register(struct machine *m, u32 w, bool is_signed)
{
    struct value base = m->reg[a64_rn(w)], index = get(m, a64_rm(w));
    unsigned option = a64_option(w), size = a64_lsize(w);
    index = extended(m, index, option & 1 ? 64 : 32, option & 4);
    if (is_constant(&index) && base.placed) index = fresh(m);
    index = shifted(m, index, a64_S(w) ? size : 0);
    if (!is_constant(&index) && !index.placed) look_far(m, &base);
    struct value address = sum(m, base, index);
    struct value v = loaded(m, &address, size, is_signed);
    if (is_constant(&base)) m->number[v.number].entry.label = base.base;
    set(m, a64_rt(w), v);
}

static struct value at_offset(const struct machine *m, u32 w, s64 offset)
{
    struct value address = m->reg[a64_rn(w)];
    address.base += (u64)offset;
    return address;
}

static s64 pair_offset(u32 w)
{
    return sign_extend(a64_imm7(w), 7) * (a64_lopc(w) ? 8 : 4);
}

/* Loads and stores of one register. True: it was one. */
static bool single_access(struct machine *m, u32 w, enum a64_row row)
{
    struct value address;
    s64 offset = sign_extend(a64_imm9(w), 9), scaled = (s64)((u64)a64_imm12(w) << a64_lsize(w));
    bool is_signed = row == A64_LDRS_u || row == A64_LDURS;
    switch (row) {
    case A64_LDR_u:
    case A64_LDRS_u: address = at_offset(m, w, scaled); break;
    case A64_LDUR:
    case A64_LDURS: address = at_offset(m, w, offset); break;
    case A64_STR_u:
        address = at_offset(m, w, scaled);
        remember(m, &address, get(m, a64_rt(w)));
        return true;
    case A64_STUR:
        address = at_offset(m, w, offset);
        remember(m, &address, get(m, a64_rt(w)));
        return true;
    case A64_LDR_post:
    case A64_LDRS_post:
    case A64_LDR_pre:
    case A64_LDRS_pre:
        set(m, a64_rt(w), loaded(m, &(struct value){0}, a64_lsize(w), row == A64_LDRS_post));
        m->reg[a64_rn(w)].base += (u64)offset;
        return true;
    case A64_STR_post:
    case A64_STR_pre: m->reg[a64_rn(w)].base += (u64)offset; return true;
    case A64_LDR_reg: load_register(m, w, false); return true;
    case A64_LDRS_reg: load_register(m, w, true); return true;
    default: return false;
    }
    set(m, a64_rt(w), loaded(m, &address, a64_lsize(w), is_signed));
    return true;
}

static bool other_access(struct machine *m, u32 w, enum a64_row row)
{
    struct value address = at_offset(m, w, pair_offset(w));
    switch (row) {
    case A64_STP_off:
        if (!a64_lopc(w)) return true;
        remember(m, &address, get(m, a64_rt(w)));
        address.base += 8;
        remember(m, &address, get(m, a64_rt2(w)));
        return true;
    case A64_STP_pre:
    case A64_STP_post:
    case A64_STP_pre_v:
    case A64_STP_post_v: m->reg[a64_rn(w)].base += (u64)pair_offset(w); return true;
    case A64_LDP_post:
    case A64_LDP_pre: m->reg[a64_rn(w)].base += (u64)pair_offset(w); /* fall through */
    case A64_LDP_off:
    case A64_LDNP:
    case A64_LDPSW_off:
        set(m, a64_rt(w), fresh(m));
        set(m, a64_rt2(w), fresh(m));
        return true;
    case A64_LDR_lit:
    case A64_LDRSW_lit:
    case A64_LDXR:
    case A64_LDAXR:
    case A64_LDAR:
    case A64_LDAPR:
    case A64_LDADD:
    case A64_SWP:
    case A64_MRS: set(m, a64_rt(w), fresh(m)); return true;
    default: return false;
    }
}

/* --- the way forwards ---------------------------------------------------------------------------
 */

static bool arithmetic(struct machine *m, u32 w, enum a64_row row)
{
    switch (row) {
    case A64_ADD_imm: add_immediate(m, w, false, false); return true;
    case A64_SUB_imm: add_immediate(m, w, true, false); return true;
    case A64_ADDS_imm: add_immediate(m, w, false, true); return true;
    case A64_SUBS_imm: add_immediate(m, w, true, true); return true;
    case A64_ADD_shift: add_registers(m, w, shifted_operand(m, w), false, false); return true;
    case A64_SUB_shift: add_registers(m, w, shifted_operand(m, w), true, false); return true;
    case A64_ADDS_shift: add_registers(m, w, shifted_operand(m, w), false, true); return true;
    case A64_SUBS_shift: add_registers(m, w, shifted_operand(m, w), true, true); return true;
    case A64_ADD_ext: add_registers(m, w, extended_operand(m, w), false, false); return true;
    case A64_SUB_ext: add_registers(m, w, extended_operand(m, w), true, false); return true;
    case A64_ADDS_ext: add_registers(m, w, extended_operand(m, w), false, true); return true;
    case A64_SUBS_ext: add_registers(m, w, extended_operand(m, w), true, true); return true;
    default: return false;
    }
}

static bool logic(struct machine *m, u32 w, enum a64_row row)
{
    struct value b;
    switch (row) {
    case A64_ANDS_imm: m->compared = constant(0); /* fall through */
    case A64_AND_imm: mask(m, w, get(m, a64_rn(w)), low_mask(w)); return true;
    case A64_ANDS_shift: m->compared = constant(0); /* fall through */
    case A64_AND_shift:
        b = shifted_operand(m, w);
        mask(m, w, get(m, a64_rn(w)), is_constant(&b) ? b.base : 0);
        return true;
    case A64_ORR_shift:
        b = a64_rn(w) == ZR ? shifted_operand(m, w) : fresh(m);
        set(m, a64_rd(w), narrow(b, a64_sf(w)));
        return true;
    case A64_UBFM: bit_field(m, w, false); return true;
    case A64_SBFM: bit_field(m, w, true); return true;
    case A64_CSEL: select(m, w); return true;
    default: return false;
    }
}

static void forget_call(struct machine *m)
{
    for (unsigned r = 0; r <= 18; r++) m->reg[r] = fresh(m);
    m->reg[30] = fresh(m);
    m->compared = constant(0);
}

static void branch(struct machine *m, const struct way_step *s, enum a64_row row)
{
    u64 target = 0;
    switch (a64_flow(row, s->word, s->pc, &target)) {
    case A64_FLOW_CALL:
    case A64_FLOW_INDIRECT_CALL: forget_call(m); break;
    case A64_FLOW_CONDITIONAL:
        if (row == A64_B_cond) assume(m, a64_bcond(s->word) ^ !s->taken);
        break;
    default: break;
    }
}

static void execute(struct machine *m, const struct way_step *s)
{
    u32 w = s->word;
    enum a64_row row = a64_decode(w);
    switch (row) {
    case A64_ADR:
    case A64_ADRP:
        set(m, a64_rd(w), (struct value){.base = way_adr_value(w, s->pc), .placed = true});
        return;
    case A64_MOVZ:
    case A64_MOVN:
    case A64_MOVK: move_wide(m, w, row); return;
    case A64_CCMP_imm: compare(m, get(m, a64_rn(w)), constant(a64_imm5(w))); return;
    case A64_CCMP_reg: compare(m, get(m, a64_rn(w)), get(m, a64_rm(w))); return;
    case A64_CCMN_imm:
    case A64_CCMN_reg: m->compared = constant(0); return;
    default: break;
    }
    if (arithmetic(m, w, row) || logic(m, w, row) || single_access(m, w, row) ||
        other_access(m, w, row))
        return;
    if (a64_row_flow[row] != A64_FLOW_NEXT)
        branch(m, s, row);
    else if (a64_row_info(row)->group == A64_GROUP_base)
        set(m, a64_rd(w), fresh(m));
}

bool disc_slice(const struct disc_view *view, u64 pc, unsigned reg, unsigned detour,
                struct slice *out)
{
    struct machine m = {.numbers = REGS + 1};
    if (!way_back(view, pc, detour, &m.way)) return false;
    for (unsigned r = 0; r < REGS; r++) m.reg[r] = (struct value){.number = (u16)(r + 1)};
    for (unsigned i = WAY_MAX - m.way.count; i < WAY_MAX; i++) execute(&m, &m.way.step[i]);
    out->value = get(&m, reg);
    const struct number *n = &m.number[out->value.number];
    out->entry = n->entry;
    out->range = n->entry.size ? m.number[n->entry.index].range : n->range;
    return true;
}
