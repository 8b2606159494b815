/*
 * Side tables: the byte stream of sidetable.h.
 *
 * Record tags: 0x00 to 0x3f PLACE of slot = tag (the pinnable ones); 0x40 PLACE of the slot in the
 * next byte; 0x41 HOME; 0x80 + kind POINT. A location is a byte kind | reg << 4, LOC_CONST followed
 * by 8 bytes, LOC_FLAGS by the number of expressions and these: kind | wide << 7, mark, and two
 * operands: kind | n << 2, and 8 bytes for a constant or a sum.
 */
#include "aot/abi/sidetable.h"

#include "aot/abi/convention.h"

#include <string.h>

enum { TAG_SLOT = 0x40, TAG_HOME = 0x41 };

/* --- writing ---------------------------------------------------------------------------------- */

void side_start(struct side_writer *w, u8 *room, size_t size, u64 pc)
{
    w->at = room;
    w->end = room + size;
    w->overflow = false;
    w->last_offset = 0;
    w->last_pc = pc;
}

static u8 *put_uleb(u8 *at, u64 v)
{
    while (v >= 0x80) {
        *at++ = (u8)(v | 0x80);
        v >>= 7;
    }
    *at++ = (u8)v;
    return at;
}

void side_place(struct side_writer *w, unsigned slot, struct loc loc)
{
    if (!side_room_for(w, 12)) return;
    if (slot < SLOT_REGISTERS) {
        *w->at++ = (u8)slot;
    } else {
        *w->at++ = TAG_SLOT;
        *w->at++ = (u8)slot;
    }
    *w->at++ = (u8)(loc.kind | loc.reg << 4);
    if (loc.kind == LOC_CONST) {
        memcpy(w->at, &loc.value, 8);
        w->at += 8;
    }
    if (loc.kind == LOC_SCRATCH) *w->at++ = (u8)(loc.value);
}

static void put_operand(struct side_writer *w, const struct nzcv_operand *o)
{
    *w->at++ = (u8)(o->kind | o->n << 2);
    if (o->kind != NZCV_CONST && o->kind != NZCV_SUM) return;
    memcpy(w->at, &o->value, 8);
    w->at += 8;
}

void side_place_flags(struct side_writer *w, const struct nzcv_ways *ways)
{
    if (!side_room_for(w, 4 + 20 * ways->count)) return;
    *w->at++ = TAG_SLOT;
    *w->at++ = SLOT_NZCV;
    *w->at++ = LOC_FLAGS;
    *w->at++ = (u8)ways->count;
    for (const struct nzcv_expr *x = ways->x; x < ways->x + ways->count; x++) {
        *w->at++ = (u8)(x->kind | x->wide << 7);
        *w->at++ = x->mark;
        put_operand(w, &x->a);
        put_operand(w, &x->b);
    }
}

void side_home(struct side_writer *w)
{
    if (side_room_for(w, 1)) *w->at++ = TAG_HOME;
}

void side_point_far(struct side_writer *w, enum point_kind kind, u64 forward, u64 zigzag)
{
    *w->at++ = (u8)(SIDE_TAG_POINT + kind);
    w->at = put_uleb(put_uleb(w->at, forward), zigzag);
}

/* --- flags ------------------------------------------------------------------------------------ */

/* NZCV of a + b + carry in 32 or 64 bits. */
static u32 flags_of_sum(bool wide, u64 a, u64 b, bool carry)
{
    unsigned w = wide ? 64 : 32;
    if (!wide) a = (u32)a, b = (u32)b;
    u128 sum = (u128)a + b + carry;
    u64 r = wide ? (u64)sum : (u32)sum;
    return (r >> (w - 1) ? NZCV_N : 0) | (r ? 0 : NZCV_Z) | (sum >> w ? NZCV_C : 0) |
           (((a ^ r) & (b ^ r)) >> (w - 1) & 1 ? NZCV_V : 0);
}

static u32 flags_of_logic(bool wide, u64 r)
{
    if (!wide) r = (u32)r;
    return (r >> (wide ? 63 : 31) ? NZCV_N : 0) | (r ? 0 : NZCV_Z);
}

/* The bits of a floating-point number as a key that orders like it; zeros are equal. */
static s64 order_key(bool wide, u64 v)
{
    s64 s = wide ? (s64)v : (s32)(u32)v, sign = wide ? INT64_MIN : INT32_MIN;
    return s < 0 ? (s64)((u64)sign - (u64)s) : s;
}

static bool is_nan(bool wide, u64 v)
{
    return wide ? v << 1 > UINT64_C(0x7ff) << 53 : (u32)v << 1 > 0xffu << 24;
}

static u32 flags_of_fcmp(bool wide, u64 a, u64 b)
{
    if (is_nan(wide, a) || is_nan(wide, b)) return NZCV_C | NZCV_V;
    s64 x = order_key(wide, a), y = order_key(wide, b);
    return x == y ? NZCV_Z | NZCV_C : x < y ? NZCV_N : NZCV_C;
}

u32 nzcv_of(const struct nzcv_expr *x, u64 a, u64 b)
{
    switch (x->kind) {
    case NZCV_OF_SUB: return flags_of_sum(x->wide, a, ~b, true);
    case NZCV_OF_ADD: return flags_of_sum(x->wide, a, b, false);
    case NZCV_OF_AND: return flags_of_logic(x->wide, a & b);
    case NZCV_SUB_RESULT: return flags_of_sum(x->wide, a + b, ~b, true);
    case NZCV_ADD_RESULT: return flags_of_sum(x->wide, a - b, b, false);
    case NZCV_RESULT: return flags_of_logic(x->wide, a);
    case NZCV_OF_FCMP: return flags_of_fcmp(x->wide, a, b);
    default: return 0;
    }
}

/* --- reading ---------------------------------------------------------------------------------- */

static bool get_uleb(struct side_reader *r, u64 *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        u8 byte = *r->at++;
        *v |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool get_operand(struct side_reader *r, struct nzcv_operand *o)
{
    if (r->at == r->end) return false;
    *o = (struct nzcv_operand){*r->at & 3, *r->at >> 2, 0};
    r->at++;
    if (o->kind == NZCV_SLOT) return o->n < SLOT_REGISTERS;
    if (o->kind == NZCV_SCRATCH) return true;
    if (o->kind == NZCV_SUM && o->n >= SLOT_V0) return false;
    if (r->end - r->at < 8) return false;
    memcpy(&o->value, r->at, 8);
    r->at += 8;
    return true;
}

static bool get_expr(struct side_reader *r, struct nzcv_expr *x)
{
    if (r->end - r->at < 2) return false;
    x->kind = *r->at & 0x7f;
    x->wide = *r->at++ >> 7;
    x->mark = *r->at++;
    return get_operand(r, &x->a) && get_operand(r, &x->b);
}

static bool get_flags(struct side_reader *r, struct nzcv_ways *ways)
{
    if (r->at == r->end || *r->at > NZCV_WAYS) return false;
    ways->count = *r->at++;
    for (u32 n = 0; n < ways->count; n++)
        if (!get_expr(r, &ways->x[n])) return false;
    return true;
}

static bool get_place(struct side_reader *r, unsigned slot, struct side_record *out)
{
    if (slot >= SLOT_COUNT || r->at == r->end) return false;
    struct loc loc = {*r->at & 15, *r->at >> 4, 0};
    r->at++;
    if (loc.kind == LOC_CONST) {
        if (r->end - r->at < 8) return false;
        memcpy(&loc.value, r->at, 8);
        r->at += 8;
    }
    if (loc.kind == LOC_SCRATCH) {
        if (r->at == r->end) return false;
        loc.value = *r->at++;
    }
    out->kind = SIDE_PLACE;
    out->slot = (u8)slot;
    out->loc = loc;
    return loc.kind != LOC_FLAGS || get_flags(r, &out->nzcv);
}

static bool get_point(struct side_reader *r, enum point_kind kind, struct side_record *out)
{
    u64 offset, delta;
    if (!get_uleb(r, &offset) || !get_uleb(r, &delta)) return false;
    r->offset += (u32)offset;
    r->pc += ((delta >> 1) ^ -(delta & 1)) * 4;
    out->kind = SIDE_POINT;
    out->point = (u8)kind;
    out->offset = r->offset;
    out->pc = r->pc;
    return true;
}

bool side_next(struct side_reader *r, struct side_record *out)
{
    if (r->at == r->end) return false;
    unsigned tag = *r->at++;
    if (tag < SLOT_REGISTERS) return get_place(r, tag, out);
    if (tag == TAG_SLOT && r->at < r->end) {
        unsigned slot = *r->at++;
        return get_place(r, slot, out);
    }
    if (tag == SIDE_TAG_POINT + POINT_FAULT || tag == SIDE_TAG_POINT + POINT_SAFEPOINT)
        return get_point(r, (enum point_kind)(tag - SIDE_TAG_POINT), out);
    out->kind = SIDE_HOME;
    return tag == TAG_HOME;
}

void side_at_border(struct frame_state *fs)
{
    memset(fs->loc, 0, sizeof(fs->loc));
#define CARRY(slot, number, name) fs->loc[slot] = (struct loc){LOC_GPR, number, 0};
    CARRIED_SLOTS(CARRY)
#undef CARRY
}

void side_apply(const struct side_record *record, struct frame_state *fs)
{
    if (record->kind == SIDE_HOME) {
        side_at_border(fs);
    } else if (record->kind == SIDE_PLACE) {
        fs->loc[record->slot] = record->loc;
        if (record->loc.kind == LOC_FLAGS) fs->nzcv = record->nzcv;
    } else {
        fs->kind = record->point;
        fs->pc = record->pc;
    }
}

bool side_find(const u8 *side, size_t size, u64 pc, enum point_kind kind, u32 offset,
               struct frame_state *out)
{
    struct side_reader r = {side, side + size, 0, pc};
    struct side_record record = {0};
    side_at_border(out);
    while (side_next(&r, &record)) {
        side_apply(&record, out);
        if (record.kind != SIDE_POINT) continue;
        if (record.offset == offset && record.point == kind) return true;
        if (record.offset > offset) return false;
    }
    return false;
}
