/*
 * The procedure call standard for AArch64 (AAPCS64, IHI 0055, 6.8.2), as Linux uses it: where
 * arguments and results are. Stage C's rules carry their names.
 */
#include "hostlibs/hostlibs.h"

#include <string.h>

#define REGISTERS 8u

static bool is_float(u8 kind)
{
    return kind == TYPE_FLOAT || kind == TYPE_DOUBLE || kind == TYPE_VECTOR8 ||
           kind == TYPE_VECTOR16;
}

/* Members of a homogeneous aggregate of floating-point values or short vectors; 0: it is none. */
static u32 homogeneous(const struct type *t, u32 *element)
{
    u8 kind = t->leaf[0].kind;
    u32 size = type_scalar_size(kind);

    if (!is_float(kind) || t->size % size != 0 || t->size / size > 4) return 0;
    if (t->leaf_count != t->size / size) return 0; /* there is padding */
    for (u32 i = 0; i < t->leaf_count; i++)
        if (t->leaf[i].kind != kind || t->leaf[i].offset % size != 0) return 0;
    *element = size;
    return t->size / size;
}

/* C.14 and on: the stack. */
static struct place stacked(struct aapcs *a, u32 size, u32 align, u8 kind)
{
    struct place p = {.kind = kind};

    a->nsaa = ALIGN_UP(a->nsaa, (u64)(align > 8 ? align : 8));
    p.offset = (u32)a->nsaa;
    a->nsaa += ALIGN_UP(size, 8u);
    return p;
}

/* C.1 to C.6. */
static struct place vector_argument(struct aapcs *a, const struct type *t, u32 count, u32 element)
{
    struct place p = {.kind = PLACE_V, .count = (u8)count, .element = (u8)element};

    if (a->nsrn + count <= REGISTERS) {
        p.first = (u8)a->nsrn;
        a->nsrn += count;
        return p;
    }
    a->nsrn = REGISTERS;
    return stacked(a, t->size, t->align, PLACE_STACK);
}

/* C.9 to C.13. */
static struct place general_argument(struct aapcs *a, u32 size, u32 align, bool reference)
{
    u32 count = (size + 7) / 8;
    struct place p = {.kind = reference ? PLACE_REFERENCE_X : PLACE_X, .count = (u8)count};

    if (align == 16) a->ngrn = ALIGN_UP(a->ngrn, 2u);
    if (a->ngrn + count <= REGISTERS) {
        p.first = (u8)a->ngrn;
        a->ngrn += count;
        return p;
    }
    a->ngrn = REGISTERS;
    return stacked(a, size, align, reference ? PLACE_REFERENCE_STACK : PLACE_STACK);
}

struct place aapcs_argument(struct aapcs *a, const struct type *t)
{
    u32 count, element;

    if (is_float(t->kind)) return vector_argument(a, t, 1, t->size);
    if (t->kind != TYPE_STRUCT) return general_argument(a, t->size, t->align, false);
    count = homogeneous(t, &element);
    if (count != 0) return vector_argument(a, t, count, element);
    if (t->size > 16) return general_argument(a, 8, 8, true); /* B.4 */
    return general_argument(a, t->size, t->align, false);
}

struct place aapcs_result(const struct type *t)
{
    struct aapcs a = {0};
    struct place p = {.kind = PLACE_X};

    if (t->kind == TYPE_VOID) return p;
    p = aapcs_argument(&a, t);
    if (p.kind == PLACE_REFERENCE_X) p.first = 8;
    return p;
}

void aapcs_read(const struct guest_state *s, const struct place *p, const struct type *t,
                const u8 *stack, void *to)
{
    u64 at;

    switch ((enum place_kind)p->kind) {
    case PLACE_X: memcpy(to, &s->x[p->first], t->size); break;
    case PLACE_V:
        for (u32 i = 0; i < p->count; i++)
            memcpy((u8 *)to + i * p->element, s->v[p->first + i], p->element);
        break;
    case PLACE_STACK: memcpy(to, stack + p->offset, t->size); break;
    case PLACE_REFERENCE_X: memcpy(to, (const void *)s->x[p->first], t->size); break;
    case PLACE_REFERENCE_STACK:
        memcpy(&at, stack + p->offset, sizeof(at));
        memcpy(to, (const void *)at, t->size);
        break;
    }
}

/* Integers are extended to a whole register, which the standard doesn't ask for but compilers take.
 */
static u64 extended(u8 kind, const void *from, u32 size)
{
    u64 v = 0;

    memcpy(&v, from, size);
    switch (kind) {
    case TYPE_S8: return (u64)(s64)(s8)v;
    case TYPE_S16: return (u64)(s64)(s16)v;
    case TYPE_S32: return (u64)(s64)(s32)v;
    default: return v;
    }
}

void aapcs_write(struct guest_state *s, const struct place *p, const struct type *t, u8 *stack,
                 const void *from)
{
    u64 word;

    switch ((enum place_kind)p->kind) {
    case PLACE_X:
        if (t->size <= 8) {
            s->x[p->first] = extended(t->kind, from, t->size);
        } else {
            memcpy(&s->x[p->first], from, 8);
            word = 0;
            memcpy(&word, (const u8 *)from + 8, t->size - 8);
            s->x[p->first + 1] = word;
        }
        break;
    case PLACE_V:
        for (u32 i = 0; i < p->count; i++) {
            memset(s->v[p->first + i], 0, 16);
            memcpy(s->v[p->first + i], (const u8 *)from + i * p->element, p->element);
        }
        break;
    case PLACE_STACK:
        word = t->size <= 8 ? extended(t->kind, from, t->size) : 0;
        memcpy(stack + p->offset, t->size <= 8 ? (const void *)&word : from,
               t->size <= 8 ? 8 : t->size);
        break;
    case PLACE_REFERENCE_X: memcpy((void *)s->x[p->first], from, t->size); break;
    case PLACE_REFERENCE_STACK:
        memcpy(&word, stack + p->offset, sizeof(word));
        memcpy((void *)word, from, t->size);
        break;
    }
}
