/*
 * The buffer, labels and branches.
 *
 * References to an unbound label form a chain through their own 4-byte slots: a slot holds the
 * chain's next link, the label the first. A link is (offset of the slot + 1) << 3 | bytes between
 * the slot and the end of its instruction (an immediate: 0, 1, 2 or 4), 0 ends the chain; so a
 * buffer may be 512 MiB long. Binding walks the chain and replaces each link by the distance.
 */
#include "aot/x64/encode.h"

#define NO_JUMP    UINT32_MAX
#define MAX_BUFFER (UINT32_C(1) << 29)

void x64_init(struct x64_buf *b, void *start, size_t size, struct x64_label *labels, u32 max_labels)
{
    assert(size < MAX_BUFFER);
    b->start = b->at = start;
    b->end = b->start + size;
    b->limit = size >= X64_SLACK ? b->end - X64_SLACK : NULL;
    b->labels = labels;
    b->n_labels = 0;
    b->max_labels = max_labels;
    b->disp_at = 0;
    b->overflow = false;
    b->jumps = NULL;
}

/* --- labels ---------------------------------------------------------------------------------- */

u32 x64_labels_new(struct x64_buf *b, u32 count)
{
    u32 first = b->n_labels;
    if (count > b->max_labels - first) {
        b->overflow = true;
        return 0;
    }
    for (u32 i = 0; i < count; i++) b->labels[first + i] = (struct x64_label){-1, 0};
    b->n_labels += count;
    return first;
}

u32 x64_label_new(struct x64_buf *b)
{
    return x64_labels_new(b, 1);
}

void x64_bind(struct x64_buf *b, u32 label)
{
    if (b->overflow) return;
    assert(label < b->n_labels && b->labels[label].pos < 0);
    struct x64_label *l = &b->labels[label];
    u32 pos = x64_pos(b);
    for (u32 link = l->link; link != 0;) {
        u32 at = (link >> 3) - 1, after = link & 7;
        u8 *slot = b->start + at;
        memcpy(&link, slot, 4);
        x64_put32(slot, pos - (at + 4 + after));
    }
    l->pos = (s32)pos;
    l->link = 0;
}

s32 x64_label_pos(const struct x64_buf *b, u32 label)
{
    return label < b->n_labels ? b->labels[label].pos : -1;
}

u8 *x64_put_label(struct x64_buf *b, u8 *p, u32 label, unsigned after)
{
    if (b->overflow) return p + 4;
    assert(label < b->n_labels);
    struct x64_label *l = &b->labels[label];
    u32 at = (u32)(p - b->start);
    if (l->pos >= 0) return x64_put32(p, (u32)l->pos - (at + 4 + after));
    x64_put32(p, l->link);
    l->link = (at + 1) << 3 | after;
    return p + 4;
}

/* --- branches -------------------------------------------------------------------------------- */

/* True if the label is bound and a two-byte branch from here reaches it. */
static inline bool is_near(const struct x64_buf *b, u32 label)
{
    if (b->overflow) return false;
    assert(label < b->n_labels);
    s32 pos = b->labels[label].pos;
    return pos >= 0 && pos - (s32)(x64_pos(b) + 2) >= -128;
}

static void jump_near(struct x64_buf *b, u32 label, u8 opcode)
{
    u8 *p = x64_begin(b);
    p[0] = opcode;
    p[1] = (u8)(b->labels[label].pos - (s32)(x64_pos(b) + 2));
    x64_end(b, p + 2);
}

/* Counts a branch that ends at `end`. */
static void note_jump(struct x64_jumps *j, u32 end, u32 label)
{
    if (j->count < j->max) j->jump[j->count] = (struct x64_jump){end, label};
    j->count++;
}

/* After a branch of full length. */
static void note_far(struct x64_buf *b, u32 label)
{
    if (!b->jumps || b->overflow) return;
    bool forward = b->labels[label].pos < 0 && !b->jumps->again;
    note_jump(b->jumps, x64_pos(b), forward ? label : NO_JUMP);
}

/* The next branch is known to reach: emitted in two bytes. */
static bool jump_again(struct x64_buf *b, u32 label, u8 opcode)
{
    struct x64_jumps *j = b->jumps;
    if (!j || !j->again || b->overflow || j->count >= j->max || !j->near[j->count]) return false;
    u8 *p = x64_begin(b);
    p[0] = opcode;
    p[1] = 0;
    x64_end(b, p + 2);
    note_jump(j, x64_pos(b), label);
    return true;
}

void x64_jumps_again(const struct x64_buf *b, struct x64_jumps *j, u8 *near)
{
    if (j->count > j->max) j->count = j->max;
    for (u32 n = 0; n < j->count; n++) {
        const struct x64_jump *jump = &j->jump[n];
        near[n] = jump->label != NO_JUMP && b->labels[jump->label].pos - (s32)jump->end <= 127;
    }
    j->near = near;
    j->max = j->count;
    j->count = 0;
    j->again = true;
}

bool x64_jumps_end(struct x64_buf *b)
{
    const struct x64_jumps *j = b->jumps;
    if (b->overflow) return false;
    for (u32 n = 0; n < j->count && n < j->max; n++) {
        const struct x64_jump *jump = &j->jump[n];
        if (jump->label == NO_JUMP || !j->near[n]) continue;
        s32 distance = b->labels[jump->label].pos - (s32)jump->end;
        if (distance < 0 || distance > 127) return false;
        b->start[jump->end - 1] = (u8)distance;
    }
    return true;
}

void x64_jmp(struct x64_buf *b, u32 label)
{
    if (is_near(b, label)) {
        jump_near(b, label, 0xeb);
        if (b->jumps) note_jump(b->jumps, 0, NO_JUMP);
        return;
    }
    if (jump_again(b, label, 0xeb)) return;
    u8 *p = x64_begin(b);
    *p = 0xe9;
    x64_end(b, x64_put_label(b, p + 1, label, 0));
    note_far(b, label);
}

void x64_jcc(struct x64_buf *b, unsigned cc, u32 label)
{
    if (is_near(b, label)) {
        jump_near(b, label, (u8)(0x70 | cc));
        if (b->jumps) note_jump(b->jumps, 0, NO_JUMP);
        return;
    }
    if (jump_again(b, label, (u8)(0x70 | cc))) return;
    u8 *p = x64_begin(b);
    x64_put16(p, 0x800f | cc << 8);
    x64_end(b, x64_put_label(b, p + 2, label, 0));
    note_far(b, label);
}

void x64_call(struct x64_buf *b, u32 label)
{
    u8 *p = x64_begin(b);
    *p = 0xe8;
    x64_end(b, x64_put_label(b, p + 1, label, 0));
}

void x64_jmp_rel32(struct x64_buf *b, s32 disp)
{
    u8 *p = x64_begin(b);
    *p = 0xe9;
    x64_end(b, x64_put_slot(b, p + 1, disp));
}

void x64_jcc_rel32(struct x64_buf *b, unsigned cc, s32 disp)
{
    u8 *p = x64_begin(b);
    x64_put16(p, 0x800f | cc << 8);
    x64_end(b, x64_put_slot(b, p + 2, disp));
}

void x64_call_rel32(struct x64_buf *b, s32 disp)
{
    u8 *p = x64_begin(b);
    *p = 0xe8;
    x64_end(b, x64_put_slot(b, p + 1, disp));
}

static u32 skip(struct x64_buf *b, u8 opcode)
{
    u8 *p = x64_begin(b);
    x64_put16(p, opcode);
    x64_end(b, p + 2);
    return x64_pos(b);
}

u32 x64_jmp_skip(struct x64_buf *b)
{
    return skip(b, 0xeb);
}

u32 x64_jcc_skip(struct x64_buf *b, unsigned cc)
{
    return skip(b, (u8)(0x70 | cc));
}

void x64_land(struct x64_buf *b, u32 after)
{
    if (b->overflow) return;
    u32 distance = x64_pos(b) - after;
    assert(distance <= 127);
    b->start[after - 1] = (u8)distance;
}

/* --- data and padding ------------------------------------------------------------------------ */

void x64_data(struct x64_buf *b, const void *data, size_t length)
{
    if (b->overflow || (size_t)(b->end - b->at) < length) {
        b->overflow = true;
        return;
    }
    memcpy(b->at, data, length);
    b->at += length;
}

void x64_nop(struct x64_buf *b, unsigned length)
{
    /* The forms that the SDM recommends (volume 2, NOP), 66 prefixes above 8 bytes. */
    static const u8 forms[9][9] = {
        {0x90},
        {0x66, 0x90},
        {0x0f, 0x1f, 0x00},
        {0x0f, 0x1f, 0x40, 0x00},
        {0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
        {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
        {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
        {0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
    };
    assert(length <= 64);
    while (length > 0) {
        unsigned n = length < 9 ? length : 9;
        u8 *p = x64_begin(b);
        memcpy(p, forms[n - 1], 9);
        x64_end(b, p + n);
        length -= n;
    }
}

void x64_align(struct x64_buf *b, unsigned to)
{
    assert(to != 0 && to <= 64 && (to & (to - 1)) == 0);
    x64_nop(b, -x64_pos(b) & (to - 1));
}

/* --- the rarer memory operands --------------------------------------------------------------- */

u8 *x64_put_modrm_other(struct x64_buf *b, u8 *p, unsigned reg, struct x64_mem m, unsigned after)
{
    if (m.kind == X64_MEM_BASE) {
        unsigned index = m.index < 0 ? X64_RSP : m.index & 7;
        *p++ = (u8)(reg | 4);
        *p++ = (u8)(m.scale << 6 | index << 3 | 5);
        return x64_put32(p, (u32)m.disp);
    }
    *p++ = (u8)(reg | 5);
    if (m.kind == X64_MEM_LABEL) return x64_put_label(b, p, (u32)m.disp, after);
    return x64_put_slot(b, p, m.disp);
}
