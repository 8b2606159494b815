/*
 * Arguments whose types a format says (printf's, and its relatives' in libraries): read from the
 * guest's registers or its va_list (AAPCS64, appendix B), laid out as the host's va_list (System V
 * ABI AMD64 3.5.7) with all of them in the overflow area.
 *
 * The guest's long double is binary128, which the host's printf doesn't know. The guest's own
 * snprintf makes text of it, by the conversion as it stands; the host gets the text, and %s.
 */
#include "hostlibs/hostlibs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GP_END 48u  /* nothing left in general registers */
#define FP_END 176u /* nor in vector registers */

#define NO_ARGUMENT UINT32_MAX

/* The guest's va_list. */
struct guest_list {
    u64 stack, gr_top, vr_top;
    s32 gr_offs, vr_offs;
};

/* --- the format
 * ----------------------------------------------------------------------------------- */

struct conversion {
    const char *start, *end;     /* its '%', and behind its letter */
    u32 width, precision, value; /* numbers of the arguments that these are, or NO_ARGUMENT */
    bool numbered;               /* the format says so */
    u8 kind;                     /* of the value */
};

static const char *skip(const char *f, const char *set)
{
    return f + strspn(f, set);
}

static const char *const digits = "0123456789";

/* The number N of "N$", from 0; else NO_ARGUMENT, and *f is as before. */
static u32 numbered(const char **f)
{
    const char *end = skip(*f, digits);
    u32 n;

    if (end == *f || *end != '$') return NO_ARGUMENT;
    n = (u32)strtoul(*f, NULL, 10) - 1;
    *f = end + 1;
    return n < FORMAT_ARGUMENTS ? n : FORMAT_ARGUMENTS;
}

/* A width or precision. */
static u32 star(const char **f, u32 *next)
{
    u32 n;

    if (**f != '*') {
        *f = skip(*f, digits);
        return NO_ARGUMENT;
    }
    ++*f;
    n = numbered(f);
    return n != NO_ARGUMENT ? n : (*next)++;
}

/* The next conversion in f; false: there is none. *next: the next argument without a number. */
static bool find_conversion(const char *f, struct conversion *c, u32 *next)
{
    const char *length;
    bool wide;
    u32 n;

    c->start = f != NULL ? strchr(f, '%') : NULL;
    if (c->start == NULL) return false;
    f = c->start + 1;
    n = numbered(&f);
    c->numbered = n != NO_ARGUMENT;
    f = skip(f, "-+ #0'I,!");
    c->width = star(&f, next);
    c->precision = *f == '.' ? (f++, star(&f, next)) : NO_ARGUMENT;
    length = f;
    f = skip(f, "hlqjtL");
    if (*f == 'z' && strchr("diouxXn", f[1]) != NULL && f[1] != '\0') f++; /* else a conversion */
    wide = memchr(length, 'L', (size_t)(f - length)) != NULL;
    c->end = *f != '\0' ? f + 1 : f;
    c->kind = FORMAT_WORD;
    c->value = NO_ARGUMENT;
    if (*f == '\0' || *f == '%' || *f == 'm') return true;
    if (strchr("eEfFgGaA", *f) != NULL) c->kind = wide ? FORMAT_LONG_DOUBLE : FORMAT_DOUBLE;
    c->value = c->numbered ? n : (*next)++;
    return true;
}

static bool note(struct format_values *v, u32 n, u8 kind)
{
    if (n == NO_ARGUMENT) return true;
    if (n >= FORMAT_ARGUMENTS) return false;
    v->kind[n] = kind;
    if (n >= v->count) v->count = n + 1;
    return true;
}

/* What the format takes, in order; false: too many. */
static bool find_kinds(struct format_values *v)
{
    struct conversion c;
    u32 next = 0;

    v->count = 0;
    v->has_text = false;
    memset(v->kind, FORMAT_WORD, sizeof(v->kind));
    for (const char *f = v->format; find_conversion(f, &c, &next); f = c.end) {
        if (!note(v, c.width, FORMAT_WORD) || !note(v, c.precision, FORMAT_WORD) ||
            !note(v, c.value, c.kind))
            return false;
        v->has_text |= c.kind == FORMAT_LONG_DOUBLE;
    }
    return true;
}

/* --- the guest's arguments
 * ------------------------------------------------------------------------ */

static u64 from_stack(struct guest_list *l, u32 size, u32 align)
{
    u64 at = ALIGN_UP(l->stack, (u64)align);

    l->stack = at + size;
    return at;
}

/* Where the next argument of that kind is. */
static const void *next_argument(struct guest_list *l, u8 kind)
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

/* --- long doubles
 * --------------------------------------------------------------------------------- */

struct wide {
    u8 byte[16];
};

/* The conversion without numbers, as snprintf is to get its arguments in order; to be freed. */
static char *without_numbers(const struct conversion *c)
{
    char *copy = strndup(c->start, (size_t)(c->end - c->start)), *to = copy;

    for (const char *f = copy; f != NULL && *f != '\0';) {
        const char *number = f;

        if (numbered(&number) != NO_ARGUMENT)
            f = number;
        else
            *to++ = *f++;
    }
    if (to != NULL) *to = '\0';
    return copy;
}

/* What the guest's printf makes of it; to be freed. NULL: it can't. */
static char *text_of(struct guest_state *s, const struct conversion *c,
                     const struct format_values *v, const struct wide *value)
{
    static u64 snprintf_at;
    char *piece = without_numbers(c), *text = NULL;
    u64 x[5];
    u32 count = 3;
    size_t size = 64;
    int n = -1;

    if (snprintf_at == 0) snprintf_at = policy_guest_function("snprintf");
    if (c->width != NO_ARGUMENT) x[count++] = v->word[c->width];
    if (c->precision != NO_ARGUMENT) x[count++] = v->word[c->precision];
    for (; snprintf_at != 0 && piece != NULL; size = (size_t)n + 1) {
        free(text);
        text = malloc(size);
        if (text == NULL) break;
        x[0] = (u64)text;
        x[1] = size;
        x[2] = (u64)piece;
        n = (int)guest_call(s, snprintf_at, x, count, value);
        if (n < (int)size) break;
    }
    free(piece);
    if (n >= 0) return text;
    free(text);
    return NULL;
}

/* Width and precision are in the text already; those without numbers are no arguments any more. */
static void drop_stars(struct format_values *v, const struct conversion *c)
{
    if (c->numbered) return;
    if (c->width != NO_ARGUMENT) v->kind[c->width] = FORMAT_GONE;
    if (c->precision != NO_ARGUMENT) v->kind[c->precision] = FORMAT_GONE;
}

/* Text for each long double, and a format for it. */
static bool make_text(struct guest_state *s, struct format_values *v, const struct wide *wide)
{
    char *copy = malloc(strlen(v->format) + 1), *to = copy;
    const char *from = v->format;
    struct conversion c;
    u32 next = 0;
    bool good = copy != NULL;

    for (u32 i = 0; i < v->count; i++)
        if (v->kind[i] == FORMAT_LONG_DOUBLE) v->word[i] = 0;
    for (; good && find_conversion(from, &c, &next); from = c.end) {
        size_t before = (size_t)(c.start - from);

        memcpy(to, from, before);
        to += before;
        if (c.kind == FORMAT_LONG_DOUBLE) {
            good = v->kind[c.value] == c.kind && v->word[c.value] == 0;
            if (!good) break;
            v->word[c.value] = (u64)text_of(s, &c, v, &wide[c.value]);
            good = v->word[c.value] != 0;
            drop_stars(v, &c);
            to += c.numbered ? sprintf(to, "%%%u$s", c.value + 1) : sprintf(to, "%%s");
        } else {
            memcpy(to, c.start, (size_t)(c.end - c.start));
            to += c.end - c.start;
        }
    }
    if (good) strcpy(to, from);
    v->format = good ? copy : NULL;
    if (!good) free(copy);
    return good;
}

void format_free(struct format_values *v)
{
    if (!v->has_text) return;
    for (u32 i = 0; i < v->count; i++)
        if (v->kind[i] == FORMAT_LONG_DOUBLE) free((void *)v->word[i]);
    free((void *)(u64)v->format);
}

/* --- the host's
 * ----------------------------------------------------------------------------------- */

static bool take_values(struct guest_state *s, struct guest_list *l, const char *format,
                        struct format_values *v)
{
    struct wide wide[FORMAT_ARGUMENTS];

    v->format = format;
    if (!find_kinds(v)) return false;
    for (u32 i = 0; i < v->count; i++) {
        const void *value = next_argument(l, v->kind[i]);

        if (v->kind[i] == FORMAT_LONG_DOUBLE)
            memcpy(&wide[i], value, sizeof(wide[i]));
        else
            memcpy(&v->word[i], value, 8);
    }
    return !v->has_text || make_text(s, v, wide);
}

bool format_list(struct guest_state *s, u64 guest, const char *format, struct host_list *h)
{
    struct guest_list l;
    u32 used = 0;

    memcpy(&l, (const void *)guest, sizeof(l));
    if (!take_values(s, &l, format, &h->values)) return false;
    for (u32 i = 0; i < h->values.count; i++)
        if (h->values.kind[i] != FORMAT_GONE) h->word[used++] = h->values.word[i];
    h->gp_offset = GP_END;
    h->fp_offset = FP_END;
    h->overflow = h->word;
    h->save = NULL;
    return true;
}

bool format_arguments(struct guest_state *s, const struct aapcs *a, const char *format,
                      struct format_values *out)
{
    struct guest_list l = {.stack = s->sp + a->nsaa,
                           .gr_top = (u64)&s->x[8],
                           .vr_top = (u64)&s->v[8],
                           .gr_offs = -8 * (s32)(8 - a->ngrn),
                           .vr_offs = -16 * (s32)(8 - a->nsrn)};

    return take_values(s, &l, format, out);
}
