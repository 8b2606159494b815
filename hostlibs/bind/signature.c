/*
 * Signatures from types: text in binding.h's letters, or the reason why there is none.
 *
 * Pointers to functions are what needs care, since neither side can call the other's code as it is.
 * The runtime knows of them where they are parameters, or members of a structure that a parameter
 * points to; anywhere else they refuse the function.
 */
#include "hostlibs/bind/bind.h"
#include "hostlibs/binding.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define MAX_FIELDS 256

/* Refuses; false where the annotation accepts what there is against the function. */
static bool refuse_unless_accepted(struct derivation *d, const char *why)
{
    if (d->accept) return false;
    if (!d->refusal) d->refusal = why;
    return true;
}

static void refuse(struct derivation *d, const char *why)
{
    if (!d->refusal) d->refusal = why;
}

/* The text's number among its kind; texts are few. */
static u32 number_of(struct derivation *d, struct numbered *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (!strcmp(list->item[i].text, text)) return (u32)i;
    list->item = grow(list->item, list->count, sizeof(*list->item));
    list->item[list->count] = (struct numbered_text){copy_string(text), d->order++};
    return (u32)list->count++;
}

/* --- values that hold no function ------------------------------------------------------------- */

/* A scalar, a structure by value, or a pointer below which there is no function. */
static void put_plain(struct derivation *d, FILE *out, struct ctype *t, const char *place)
{
    struct ctype *plain = bare(t);
    const char *why = function_below(d->annotation, t);
    if (why &&
        refuse_unless_accepted(d, format("%s reaches pointers to functions: %s", place, why)))
        return;
    if (plain->kind == CTYPE_STRUCT || plain->kind == CTYPE_UNION) {
        if (!value_leaves(out, plain, &why)) refuse(d, why);
        return;
    }
    char letter = scalar_letter(plain);
    if (letter)
        fputc(letter, out);
    else
        refuse(d, format("%s by value", type_name(plain)));
}

static void put_result(struct derivation *d, FILE *out, struct ctype *t)
{
    if (bare(t)->kind == CTYPE_VOID)
        fputc(TYPE_VOID, out);
    else
        put_plain(d, out, t, "its result");
}

static bool points_to_record(struct ctype *t)
{
    struct ctype *b = bare(t);
    if (b->kind != CTYPE_POINTER) return false;
    b = bare(b->target);
    return b->kind == CTYPE_STRUCT && !b->incomplete;
}

/* --- functions -------------------------------------------------------------------------------- */

static bool is_callable(struct derivation *d, const struct ctype *f, const char *what)
{
    if (!f->prototyped)
        refuse(d, format("%s has no prototype", what));
    else if (f->count > BINDING_MAX_PARAMS)
        refuse(d, format("%s has more than %u parameters", what, BINDING_MAX_PARAMS));
    else
        return true;
    return false;
}

/* Libraries pass functions of any type as void (*)(void). One whose parameters are all whole words,
 * of which there are up to BINDING_WORDS, can be called with so many: those that it doesn't have
 * come from registers and stack that it doesn't look at. */
static const char any_words[] = "l(llllllllllll)";

static void put_pointer(struct derivation *d, FILE *out, struct ctype *pointer);

static void put_callback_parameter(struct derivation *d, FILE *out, struct ctype *t)
{
    if (d->fills && points_to_record(t))
        put_pointer(d, out, t);
    else
        put_plain(d, out, t, "a callback's parameter");
}

/* The number of the callback's type. */
static u32 callback_number(struct derivation *d, struct ctype *f)
{
    char *text;
    size_t size;
    if (!is_callable(d, f, "a callback")) return 0;
    if (f->variadic && d->words) return number_of(d, &d->callback, any_words);
    if (f->variadic) {
        refuse(d, "a variadic callback");
        return 0;
    }
    if (!f->count && bare(f->target)->kind == CTYPE_VOID) {
        if (d->words) return number_of(d, &d->callback, any_words);
        if (refuse_unless_accepted(d, "a callback of type void (void), which may stand for others"))
            return 0;
    }
    FILE *out = open_memstream(&text, &size);
    if (!out) die("out of memory");
    put_result(d, out, f->target);
    fputc('(', out);
    for (u32 i = 0; i < f->count; i++) put_callback_parameter(d, out, f->member[i].type);
    fputc(')', out);
    fclose(out);
    return d->refusal ? 0 : number_of(d, &d->callback, text);
}

/* The function that a pointer points to; NULL: it points to something else. */
static struct ctype *function_of(struct ctype *t)
{
    t = bare(t);
    if (t->kind != CTYPE_POINTER) return NULL;
    t = bare(t->target);
    return t->kind == CTYPE_FUNCTION ? t : NULL;
}

/* --- records ---------------------------------------------------------------------------------- */

/* Writes the pointers to functions in the structure; how many there are. */
static u32 put_fields(struct derivation *d, FILE *out, struct ctype *t, u64 offset, u32 depth)
{
    struct ctype *f = function_of(t);
    u32 count = 0;
    if (f) {
        fprintf(out, " %u:F%u.", (u32)offset, callback_number(d, f));
        return 1;
    }
    struct ctype *b = bare(t);
    if (b->kind == CTYPE_ARRAY && b->elements <= MAX_FIELDS) {
        for (u64 i = 0; i < b->elements && !d->refusal; i++)
            count += put_fields(d, out, b->target, offset + i * bare(b->target)->size, depth);
    } else if (b->kind == CTYPE_STRUCT && !b->incomplete) {
        for (u32 i = 0; i < b->count && !d->refusal; i++)
            count +=
                put_fields(d, out, b->member[i].type, offset + b->member[i].bit / 8, depth + 1);
    } else {
        const char *why = function_below(d->annotation, t);
        if (why)
            refuse_unless_accepted(d, format("a structure reaches pointers to functions: %s", why));
    }
    return count;
}

static bool is_constant(const struct ctype *t)
{
    for (; t->kind >= CTYPE_TYPEDEF; t = t->target)
        if (t->kind == CTYPE_CONST) return true;
    return false;
}

/* A pointer to a structure: a record where it has functions as members. */
static void put_pointer(struct derivation *d, FILE *out, struct ctype *pointer)
{
    struct ctype *t = bare(pointer)->target;
    char *text;
    size_t size;
    FILE *record = open_memstream(&text, &size);
    if (!record) die("out of memory");
    fprintf(record, "%u", (u32)bare(t)->size);
    u32 count = put_fields(d, record, t, 0, 0);
    fclose(record);
    if (d->refusal) return;
    if (count)
        fprintf(out, "%c%u.", is_constant(t) ? TYPE_CONST_RECORD : TYPE_RECORD,
                number_of(d, &d->record, text));
    else
        fputc(TYPE_POINTER, out);
}

static void put_parameter(struct derivation *d, FILE *out, struct ctype *t)
{
    struct ctype *b = bare(t), *f = function_of(t);
    if (is_stream(t)) {
        fputc(TYPE_STREAM, out);
    } else if (is_va_list(t)) {
        fputc(TYPE_VA_LIST, out);
        if (!d->format) refuse(d, "va_list");
    } else if (b->kind != CTYPE_POINTER) {
        put_plain(d, out, t, "a parameter");
    } else if (is_opaque(d->annotation, t) || is_opaque(d->annotation, b->target)) {
        fputc(TYPE_POINTER, out);
    } else if (f) {
        fprintf(out, "F%u.", callback_number(d, f));
    } else if (points_to_record(t)) {
        put_pointer(d, out, t);
    } else {
        put_plain(d, out, t, "a parameter");
    }
}

/* `words NAME functions P LOW HIGH`: when parameter P, from 0, is in that range, what follows the
 * parameters is a function. */
static void put_functions(struct derivation *d, FILE *out, u32 count)
{
    u32 parameter, low, high, never = 0;
    if (strncmp(d->words->text, "functions ", 10) || !isdigit(d->words->text[10])) return;
    if (sscanf(d->words->text + 10, "%u %u %u not %u", &parameter, &low, &high, &never) < 3 ||
        parameter >= count)
        die("%s:%u: functions of which parameter, from what to what?", d->annotation->path,
            d->words->line);
    fprintf(out, "[%u,%u-%u,F%u.,%u]", parameter, low, high, number_of(d, &d->callback, any_words),
            never);
}

const char *derive_signature(struct derivation *d, const char *name, struct ctype *host,
                             struct ctype *guest)
{
    char *text;
    size_t size;
    struct numbered callbacks = d->callback, records = d->record;
    d->refusal = NULL;
    d->accept = annotation_find(d->annotation, RULE_ACCEPT, name) != NULL;
    d->words = annotation_find(d->annotation, RULE_WORDS, name);
    d->format = annotation_find(d->annotation, RULE_FORMAT, name) != NULL;
    d->fills = annotation_find(d->annotation, RULE_FILLS, name) != NULL;
    const char *why = compare_types(d->annotation, host, guest);
    if (why && refuse_unless_accepted(d, why)) return NULL;
    if (!is_callable(d, host, "it")) return NULL;
    FILE *out = open_memstream(&text, &size);
    if (!out) die("out of memory");
    if (function_of(host->target))
        fprintf(out, "F%u.", callback_number(d, function_of(host->target)));
    else
        put_result(d, out, host->target);
    fputc('(', out);
    for (u32 i = 0; i < host->count && !d->refusal; i++)
        put_parameter(d, out, host->member[i].type);
    if (host->variadic) {
        fputc(d->format ? '%' : '.', out);
        if (!d->words && !d->format) refuse(d, "variadic");
        if (d->words) put_functions(d, out, host->count);
    }
    fputc(')', out);
    fclose(out);
    if (!d->refusal) return text;
    d->callback.count = callbacks.count; /* what only a refused function has is of no use */
    d->record.count = records.count;
    return NULL;
}
