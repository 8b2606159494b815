/*
 * Side tables: the byte stream of sidetable.h.
 *
 * Record tags: 0x00 to 0x3f PLACE of slot = tag (the pinnable ones); 0x40 PLACE of the slot in the
 * next byte; 0x41 HOME; 0x80 + kind POINT. A location is a byte kind | reg << 4, LOC_CONST followed
 * by 8 bytes.
 */
#include "aot/abi/sidetable.h"

#include <string.h>

enum { TAG_SLOT = 0x40, TAG_HOME = 0x41, TAG_POINT = 0x80 };

/* --- writing ---------------------------------------------------------------------------------- */

void side_start(struct side_writer *w, u8 *room, size_t size, u64 pc)
{
    w->at = room;
    w->end = room + size;
    w->overflow = false;
    w->last_offset = 0;
    w->last_pc = pc;
}

/* True when `size` more bytes fit. */
static bool room_for(struct side_writer *w, size_t size)
{
    if ((size_t)(w->end - w->at) >= size) return true;
    w->overflow = true;
    return false;
}

static void put_uleb(struct side_writer *w, u64 v)
{
    while (v >= 0x80) {
        *w->at++ = (u8)(v | 0x80);
        v >>= 7;
    }
    *w->at++ = (u8)v;
}

void side_place(struct side_writer *w, unsigned slot, struct loc loc)
{
    if (!room_for(w, 12)) return;
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

void side_home(struct side_writer *w)
{
    if (room_for(w, 1)) *w->at++ = TAG_HOME;
}

void side_point(struct side_writer *w, enum point_kind kind, u32 offset, u64 pc)
{
    if (!room_for(w, 24)) return;
    s64 delta = (s64)(pc - w->last_pc) / 4;
    *w->at++ = (u8)(TAG_POINT + kind);
    put_uleb(w, offset - w->last_offset);
    put_uleb(w, (u64)delta << 1 ^ (u64)(delta >> 63));
    w->last_offset = offset;
    w->last_pc = pc;
}

/* --- reading ---------------------------------------------------------------------------------- */

struct reader {
    const u8 *at, *end;
    u32 offset;
    u64 pc;
};

static bool get_uleb(struct reader *r, u64 *v)
{
    *v = 0;
    for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
        u8 byte = *r->at++;
        *v |= (u64)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

static bool get_place(struct reader *r, unsigned slot, struct frame_state *fs)
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
    fs->loc[slot] = loc;
    return true;
}

/* Applies records up to and including the next POINT. False at the end or on damage. */
static bool next_point(struct reader *r, struct frame_state *fs)
{
    while (r->at < r->end) {
        unsigned tag = *r->at++;
        if (tag == TAG_HOME) {
            memset(fs->loc, 0, sizeof(fs->loc));
        } else if (tag < SLOT_REGISTERS) {
            if (!get_place(r, tag, fs)) return false;
        } else if (tag == TAG_SLOT) {
            if (r->at == r->end) return false;
            unsigned slot = *r->at++;
            if (!get_place(r, slot, fs)) return false;
        } else if (tag == TAG_POINT + POINT_FAULT || tag == TAG_POINT + POINT_SAFEPOINT) {
            u64 offset, delta;
            if (!get_uleb(r, &offset) || !get_uleb(r, &delta)) return false;
            r->offset += (u32)offset;
            r->pc += ((delta >> 1) ^ -(delta & 1)) * 4;
            fs->kind = (u8)(tag - TAG_POINT);
            fs->pc = r->pc;
            return true;
        } else {
            return false;
        }
    }
    return false;
}

bool side_find(const u8 *side, size_t size, u64 pc, enum point_kind kind, u32 offset,
               struct frame_state *out)
{
    struct reader r = {side, side + size, 0, pc};
    memset(out, 0, sizeof(*out));
    while (next_point(&r, out)) {
        if (r.offset == offset && out->kind == kind) return true;
        if (r.offset > offset) return false;
    }
    return false;
}
