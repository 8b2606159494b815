/*
 * Cursors. The encodings are those of the Linux Standard Base, 10.5.1; DW_EH_PE_aligned is an
 * absolute pointer at the next multiple of 8. On AArch64 nothing is relative to text.
 */
#include "aot/elf/cursor.h"

enum {
    FORMAT_ULEB = 0x01,
    FORMAT_U2 = 0x02,
    FORMAT_U4 = 0x03,
    FORMAT_U8 = 0x04,
    FORMAT_SLEB = 0x09,
    FORMAT_S2 = 0x0a,
    FORMAT_S4 = 0x0b,
    FORMAT_S8 = 0x0c,
    RELATIVE_PC = 0x10,
    RELATIVE_DATA = 0x30,
    RELATIVE_FUNCTION = 0x40,
    ALIGNED = 0x50,
    INDIRECT = 0x80,
};

void cursor_skip(struct cursor *c, u64 size)
{
    if (size > c->rest.size) {
        size = c->rest.size;
        c->bad = true;
    }
    if (!size) return;
    c->rest.at += size;
    c->rest.size -= size;
    c->vaddr += size;
}

u64 cursor_fixed(struct cursor *c, unsigned size)
{
    u64 v = 0;
    if (size <= c->rest.size) memcpy(&v, c->rest.at, size);
    cursor_skip(c, size);
    return v;
}

#define LONGEST_LEB 16 /* bytes; a longer one is damage, and could be as long as the file */

static u64 leb(struct cursor *c, bool is_signed)
{
    u64 v = 0;
    for (unsigned shift = 0; shift < 7 * LONGEST_LEB; shift += 7) {
        u8 byte = (u8)cursor_fixed(c, 1);
        if (shift < 64) v |= (u64)(byte & 0x7f) << shift;
        if (byte & 0x80) continue;
        if (is_signed && byte & 0x40 && shift + 7 < 64) v |= ~UINT64_C(0) << (shift + 7);
        return v;
    }
    c->bad = true;
    return 0;
}

u64 cursor_uleb(struct cursor *c)
{
    return leb(c, false);
}

s64 cursor_sleb(struct cursor *c)
{
    return (s64)leb(c, true);
}

u64 cursor_encoded_number(struct cursor *c, u8 encoding)
{
    switch (encoding & 0x0f) {
    case FORMAT_ULEB: return cursor_uleb(c);
    case FORMAT_SLEB: return (u64)cursor_sleb(c);
    case FORMAT_U2: return cursor_fixed(c, 2);
    case FORMAT_U4: return cursor_fixed(c, 4);
    case FORMAT_S2: return (u64)sign_extend(cursor_fixed(c, 2), 16);
    case FORMAT_S4: return (u64)sign_extend(cursor_fixed(c, 4), 32);
    case 0:
    case FORMAT_U8:
    case FORMAT_S8: return cursor_fixed(c, 8);
    default: c->bad = true; return 0;
    }
}

u64 cursor_pointer(struct cursor *c, u8 encoding, const struct pointer_bases *bases)
{
    if (encoding == POINTER_OMITTED) return 0;
    if (encoding == ALIGNED) {
        cursor_skip(c, -c->vaddr % 8);
        return cursor_fixed(c, 8);
    }
    u64 field = c->vaddr;
    u64 v = cursor_encoded_number(c, encoding);
    if (!v || c->bad) return 0;
    switch (encoding & 0x70) {
    case 0: break;
    case RELATIVE_PC: v += field; break;
    case RELATIVE_DATA: v += bases->data; break;
    case RELATIVE_FUNCTION: v += bases->function; break;
    default: return 0;
    }
    if (encoding & INDIRECT) {
        struct span word = module_bytes(bases->m, v, 8);
        if (!word.size) return 0;
        memcpy(&v, word.at, 8);
    }
    return v;
}
