/* How values pass: letters of scalars, the scalar parts of structures. */
#include "hostlibs/bind/bind.h"
#include "hostlibs/binding.h"

#include <libdwarf/dwarf.h>
#include <stdlib.h>

#define MAX_LEAVES 256

struct leaves {
    struct leaf at[MAX_LEAVES];
    u32 count;
    bool empty;    /* there is an array without elements */
    u32 eightbyte; /* the first ones that have parts, as bits */
    const char *why;
};

static char integer(u64 size, bool is_signed)
{
    switch (size) {
    case 1: return is_signed ? TYPE_S8 : TYPE_U8;
    case 2: return is_signed ? TYPE_S16 : TYPE_U16;
    case 4: return is_signed ? TYPE_S32 : TYPE_U32;
    case 8: return is_signed ? TYPE_S64 : TYPE_U64;
    default: return 0;
    }
}

/* Those of 16 bytes take more of a register than libffi passes; the one of a single double has no
 * register of its own on the host. */
static char vector(const struct ctype *t)
{
    const struct ctype *of = bare(t->target);
    return t->size == 8 && !(of->size == 8 && of->encoding == DW_ATE_float) ? TYPE_VECTOR8 : 0;
}

/* Host and guest may differ in plain char's sign; the letter is the host's. */
char scalar_letter(struct ctype *t)
{
    t = bare(t);
    if (t->kind == CTYPE_POINTER) return TYPE_POINTER;
    if (t->kind == CTYPE_VECTOR) return vector(t);
    if (t->kind != CTYPE_BASE && t->kind != CTYPE_ENUM) return 0;
    switch (t->encoding) {
    case DW_ATE_boolean: return t->size == 1 ? TYPE_BOOL : 0;
    case DW_ATE_float: return t->size == 4 ? TYPE_FLOAT : t->size == 8 ? TYPE_DOUBLE : 0;
    case DW_ATE_signed:
    case DW_ATE_signed_char: return integer(t->size, true);
    case DW_ATE_unsigned:
    case DW_ATE_unsigned_char:
    case DW_ATE_UTF: return integer(t->size, false);
    default: return 0;
    }
}

static void add_leaf(struct leaves *l, u64 offset, u64 size, char kind)
{
    if (offset < 16) l->eightbyte |= 1u << offset / 8 | 1u << (offset + size - 1) / 8;
    for (u32 i = 0; i < l->count; i++)
        if (l->at[i].offset == offset && l->at[i].kind == kind) return;
    if (l->count == MAX_LEAVES) {
        l->why = format("a structure by value with more than %u parts", MAX_LEAVES);
        return;
    }
    l->at[l->count++] = (struct leaf){(u32)offset, (u8)kind};
}

/* A bit-field is an integer to both standards, wherever it lies: of the bytes that have its bits.
 */
static void add_bits(struct leaves *l, u64 bit, u32 width)
{
    for (u64 at = bit / 8; at <= (bit + width - 1) / 8; at++) add_leaf(l, at, 1, TYPE_U8);
}

static void flatten(struct leaves *l, struct ctype *t, u64 offset)
{
    t = bare(t);
    if (l->why) return;
    if (t->kind == CTYPE_ARRAY && !t->elements) l->empty = true;
    if (t->kind == CTYPE_ARRAY) {
        for (u64 i = 0; i < t->elements && !l->why; i++)
            flatten(l, t->target, offset + i * bare(t->target)->size);
        return;
    }
    if (t->kind != CTYPE_STRUCT && t->kind != CTYPE_UNION) {
        char kind = scalar_letter(t);
        if (kind)
            add_leaf(l, offset, t->size, kind);
        else
            l->why = format("%s by value", type_name(t));
        return;
    }
    for (u32 i = 0; i < t->count; i++) {
        const struct cmember *m = &t->member[i];
        if (m->width)
            add_bits(l, offset * 8 + m->bit, m->width);
        else
            flatten(l, m->type, offset + m->bit / 8);
    }
}

static int by_offset(const void *a, const void *b)
{
    const struct leaf *x = a, *y = b;
    return x->offset < y->offset ? -1 : x->offset > y->offset ? 1 : x->kind - y->kind;
}

static bool all_float(const struct leaves *l)
{
    for (u32 i = 0; i < l->count; i++)
        if (l->at[i].kind != TYPE_FLOAT && l->at[i].kind != TYPE_DOUBLE &&
            l->at[i].kind != TYPE_VECTOR8)
            return false;
    return true;
}

/* What the parts don't tell: whether alignment is the structure's or a member's, of what type an
 * empty array is (which may keep a structure out of vector registers), and what padding is. */
static const char *objection(const struct leaves *l, const struct ctype *t)
{
    if (t->align > 8) return format("%s by value, aligned to %u bytes", type_name(t), t->align);
    if (l->empty && all_float(l)) return format("%s by value, with an empty array", type_name(t));
    for (u64 at = 0; t->size <= 16 && at < t->size; at += 8)
        if (!(l->eightbyte >> at / 8 & 1))
            return format("%s by value, with eight bytes of padding", type_name(t));
    return NULL;
}

bool value_leaves(FILE *out, struct ctype *t, const char **why)
{
    struct leaves l = {.count = 0};
    t = bare(t);
    if (t->incomplete || !t->size)
        l.why = format("%s by value, of no known size", type_name(t));
    else
        flatten(&l, t, 0);
    if (!l.why) l.why = objection(&l, t);
    *why = l.why;
    if (l.why) return false;
    qsort(l.at, l.count, sizeof(l.at[0]), by_offset);
    fprintf(out, "{%u,%u:", (u32)t->size, t->align);
    for (u32 i = 0; i < l.count; i++)
        fprintf(out, "%s%u%c", i ? "," : "", l.at[i].offset, l.at[i].kind);
    fputc('}', out);
    return true;
}
