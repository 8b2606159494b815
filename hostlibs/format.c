/*
 * Arguments whose types a format says (printf's, and its relatives' in libraries): read from the
 * guest's registers or its va_list (AAPCS64, appendix B), laid out as the host's va_list (System V
 * ABI AMD64 3.5.7) with all of them in the overflow area.
 */
#include "hostlibs/hostlibs.h"

#include <string.h>

#define GP_END 48u  /* nothing left in general registers */
#define FP_END 176u /* nor in vector registers */

/* The guest's va_list. */
struct guest_list {
    u64 stack, gr_top, vr_top;
    s32 gr_offs, vr_offs;
};

static const char *skip(const char *f, const char *set)
{
    return f + strspn(f, set);
}

/* Takes one conversion behind its '%' apart; kinds of what it takes go to out. */
static const char *conversion(const char *f, u8 *out, u32 *count, u32 room)
{
    const char *length;
    bool wide;

#define TAKES(kind)                                                                                \
    if (*count < room) out[(*count)++] = (kind)
    f = skip(f, "-+ #0'I,!");
    if (*f == '*') {
        TAKES(FORMAT_WORD);
        f++;
    }
    f = skip(f, "0123456789");
    if (*f == '$') return NULL;
    if (*f == '.') f++;
    if (*f == '*') {
        TAKES(FORMAT_WORD);
        f++;
    }
    f = skip(f, "0123456789");
    length = f;
    f = skip(f, "hlqjtL");
    if (*f == 'z' && strchr("diouxXn", f[1]) != NULL && f[1] != '\0') f++; /* else a conversion */
    wide = memchr(length, 'L', (size_t)(f - length)) != NULL;
    if (*f == '\0') return f;
    if (strchr("eEfFgGaA", *f) != NULL) {
        TAKES(wide ? FORMAT_LONG_DOUBLE : FORMAT_DOUBLE);
    } else if (*f != '%' && *f != 'm') {
        TAKES(FORMAT_WORD);
    }
#undef TAKES
    return f + 1;
}

bool format_kinds(const char *format, u8 *out, u32 *count)
{
    *count = 0;
    while (format != NULL && (format = strchr(format, '%')) != NULL) {
        format = conversion(format + 1, out, count, FORMAT_ARGUMENTS);
        if (format == NULL) return false;
    }
    return *count < FORMAT_ARGUMENTS;
}

/* --- the guest's side
 * ----------------------------------------------------------------------------- */

static u64 from_stack(struct guest_list *l, u32 size, u32 align)
{
    u64 at = ALIGN_UP(l->stack, (u64)align);

    l->stack = at + size;
    return at;
}

/* Where the next argument of that kind is. */
static const void *next(struct guest_list *l, u8 kind)
{
    s32 *offset = kind == FORMAT_WORD ? &l->gr_offs : &l->vr_offs, was = *offset;
    u32 size = kind == FORMAT_LONG_DOUBLE ? 16 : 8;

    if (was < 0) {
        *offset += kind == FORMAT_WORD ? 8 : 16;
        if (*offset <= 0)
            return (const void *)((kind == FORMAT_WORD ? l->gr_top : l->vr_top) + (u64)(s64)was);
    }
    return (const void *)from_stack(l, size, size);
}

/* --- the host's
 * ----------------------------------------------------------------------------------- */

static void put(struct host_list *h, u32 *used, u8 kind, const void *value)
{
    if (kind == FORMAT_LONG_DOUBLE) {
        __float128 exact;
        long double near;

        *used = ALIGN_UP(*used, 2u);
        memcpy(&exact, value, sizeof(exact));
        near = (long double)exact;
        memcpy(&h->word[*used], &near, 10);
        *used += 2;
    } else {
        memcpy(&h->word[(*used)++], value, 8);
    }
}

bool format_list(u64 guest, const char *format, struct host_list *h)
{
    struct guest_list l;
    u8 kind[FORMAT_ARGUMENTS];
    u32 count, used = 0;

    if (!format_kinds(format, kind, &count)) return false;
    memcpy(&l, (const void *)guest, sizeof(l));
    for (u32 i = 0; i < count; i++) put(h, &used, kind[i], next(&l, kind[i]));
    h->gp_offset = GP_END;
    h->fp_offset = FP_END;
    h->overflow = h->word;
    h->save = NULL;
    return true;
}

bool format_arguments(const struct guest_state *s, const struct aapcs *a, const char *format,
                      struct format_values *out)
{
    struct guest_list l = {.stack = s->sp + a->nsaa,
                           .gr_top = (u64)&s->x[8],
                           .vr_top = (u64)&s->v[8],
                           .gr_offs = -8 * (s32)(8 - a->ngrn),
                           .vr_offs = -16 * (s32)(8 - a->nsrn)};

    if (!format_kinds(format, out->kind, &out->count)) return false;
    for (u32 i = 0; i < out->count; i++) {
        const void *value = next(&l, out->kind[i]);

        if (out->kind[i] == FORMAT_LONG_DOUBLE) return false;
        memcpy(&out->word[i], value, 8);
    }
    return true;
}
