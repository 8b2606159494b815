/*
 * Whether a value means the same on both sides: the types are walked in step, through pointers,
 * until they differ or a type comes that can't pass at all.
 *
 * What may differ is plain char's sign, and wchar_t's: conversions see to the first, and neither
 * changes what memory holds.
 */
#include "hostlibs/bind/bind.h"
#include "hostlibs/binding.h"

#include <libdwarf/dwarf.h>
#include <string.h>

struct walk {
    struct annotation *annotation;
    u32 mark, depth;
    bool placed; /* the reason says where in a structure it is */
};

#define MAX_DEPTH 1000

static u32 last_mark;

static const char *walk(struct walk *w, struct ctype *h, struct ctype *g);

/* Types that are a library's own business, whatever is in them. */
static const char *forbidden(const struct ctype *t)
{
    static const char *const names[][2] = {
        {"__va_list_tag", "va_list"}, {"__va_list", "va_list"},         {"_IO_FILE", "FILE"},
        {"__jmp_buf_tag", "jmp_buf"}, {"__builtin_va_list", "va_list"},
    };
    if (is_wide_float(t)) return t->name;
    for (size_t i = 0; t->kind == CTYPE_STRUCT && i < ARRAY_SIZE(names); i++)
        if (!strcmp(t->name, names[i][0])) return names[i][1];
    return NULL;
}

static bool is_char(const struct ctype *t)
{
    return t->encoding == DW_ATE_signed_char || t->encoding == DW_ATE_unsigned_char;
}

static bool named_through(struct ctype *t, const char *name)
{
    for (; t->kind >= CTYPE_TYPEDEF; t = t->target)
        if (t->kind == CTYPE_TYPEDEF && !strcmp(t->name, name)) return true;
    return false;
}

static const char *compare_base(struct ctype *h, struct ctype *g, const char *named)
{
    if (h->size == g->size && h->encoding == g->encoding) return NULL;
    if (h->size == g->size && is_char(h) && is_char(g) && !strcmp(h->name, "char")) return NULL;
    return format("%s differs", named);
}

static const char *member_differs(const struct ctype *t, u32 i)
{
    const char *name = t->member[i].name;
    return format("%s differs: %s %s", type_name(t), t->kind == CTYPE_ENUM ? "constant" : "member",
                  *name ? name : format("%u", i));
}

static const char *compare_members(struct walk *w, struct ctype *h, struct ctype *g)
{
    for (u32 i = 0; i < h->count && i < g->count; i++) {
        const struct cmember *m = &h->member[i], *n = &g->member[i];
        if (strcmp(m->name, n->name) || m->bit != n->bit || m->width != n->width ||
            m->value != n->value)
            return member_differs(h, i);
    }
    if (h->count != g->count)
        return member_differs(h->count > g->count ? h : g,
                              h->count > g->count ? g->count : h->count);
    for (u32 i = 0; h->kind != CTYPE_ENUM && i < h->count; i++) {
        const char *why = walk(w, h->member[i].type, g->member[i].type);
        if (why && !w->placed)
            why = format("%s: member %s: %s", type_name(h), h->member[i].name, why);
        if (why) w->placed = true;
        if (why) return why;
        if (h->member[i].type->size != g->member[i].type->size) return member_differs(h, i);
    }
    if (h->size != g->size) return format("%s differs in size", type_name(h));
    return NULL;
}

static const char *compare_functions(struct walk *w, struct ctype *h, struct ctype *g)
{
    const char *why = walk(w, h->target, g->target);
    if (!why && (h->count != g->count || h->variadic != g->variadic)) why = "a function differs";
    for (u32 i = 0; !why && i < h->count; i++) why = walk(w, h->member[i].type, g->member[i].type);
    return why;
}

static const char *compare_bare(struct walk *w, struct ctype *h, struct ctype *g)
{
    if (h->kind == CTYPE_STRUCT || h->kind == CTYPE_UNION) {
        if (h->incomplete != g->incomplete || strcmp(h->name, g->name))
            return format("%s differs", type_name(h));
        return h->incomplete ? NULL : compare_members(w, h, g);
    }
    switch (h->kind) {
    case CTYPE_ENUM: return compare_members(w, h, g);
    case CTYPE_POINTER: return walk(w, h->target, g->target);
    case CTYPE_FUNCTION: return compare_functions(w, h, g);
    case CTYPE_ARRAY:
    case CTYPE_VECTOR:
        if (h->elements != g->elements) return "an array's length differs";
        return walk(w, h->target, g->target);
    default: return NULL;
    }
}

/* What the annotation says of the type, by its tag or a typedef. */
static u8 judgement(struct annotation *a, struct ctype *t)
{
    if (!t->judged) {
        t->judged = JUDGED;
        if (*t->name && annotation_find(a, RULE_OPAQUE, t->name)) t->judged |= JUDGED_OPAQUE;
        if (*t->name && annotation_find(a, RULE_DEEP, t->name)) t->judged |= JUDGED_DEEP;
        if (t->kind >= CTYPE_TYPEDEF) t->judged |= judgement(a, t->target);
    }
    return t->judged;
}

bool is_opaque(struct annotation *a, struct ctype *t)
{
    return judgement(a, t) & JUDGED_OPAQUE;
}

static const char *walk(struct walk *w, struct ctype *h, struct ctype *g)
{
    if (is_opaque(w->annotation, h)) return NULL;
    bool wide_char = named_through(h, "wchar_t") && named_through(g, "wchar_t");
    const char *named = type_name(h), *why;
    h = bare(h);
    g = bare(g);
    if ((why = forbidden(h)) != NULL || (why = forbidden(g)) != NULL) return why;
    if (h->kind != g->kind) return format("%s differs", named);
    if (h->kind == CTYPE_BASE) return wide_char ? NULL : compare_base(h, g, named);
    if (h->mark == w->mark && h->partner == g) return NULL;
    h->mark = w->mark;
    h->partner = g;
    if (w->depth++ > MAX_DEPTH) return "types too deep";
    why = compare_bare(w, h, g);
    w->depth--;
    return why;
}

static bool is_struct_named(struct ctype *t, const char *name)
{
    t = bare(t);
    return t->kind == CTYPE_STRUCT && !strcmp(t->name, name);
}

bool is_stream(struct ctype *t)
{
    t = bare(t);
    return t->kind == CTYPE_POINTER && is_struct_named(t->target, "_IO_FILE");
}

bool is_va_list(struct ctype *t)
{
    t = bare(t);
    return t->kind == CTYPE_POINTER ? is_struct_named(t->target, "__va_list_tag")
                                    : is_struct_named(t, "__va_list");
}

/* As compare_functions; the runtime converts streams and lists that are parameters. */
static const char *compare_called(struct walk *w, struct ctype *h, struct ctype *g)
{
    const char *why = walk(w, h->target, g->target);
    if (!why && (h->count != g->count || h->variadic != g->variadic)) why = "a function differs";
    for (u32 i = 0; !why && i < h->count; i++) {
        struct ctype *x = h->member[i].type, *y = g->member[i].type;
        if (!(is_stream(x) && is_stream(y)) && !(is_va_list(x) && is_va_list(y)))
            why = walk(w, x, y);
    }
    return why;
}

const char *compare_types(struct annotation *a, struct ctype *host, struct ctype *guest)
{
    struct walk w = {.annotation = a, .mark = ++last_mark};
    if (host->kind == CTYPE_FUNCTION && guest->kind == CTYPE_FUNCTION)
        return compare_called(&w, host, guest);
    return walk(&w, host, guest);
}

/* --- pointers to functions that can't be called wherever they are found
 * ------------------------------------------------------------------- */

/* Takes and gives whole words alone, as many as the runtime passes to a function that it doesn't
 * know: such a one can be called wherever its pointer came from. */
static bool is_of_words(const struct ctype *f)
{
    if (!f->prototyped || f->variadic || f->count > BINDING_WORDS) return false;
    if (!f->count && bare(f->target)->kind == CTYPE_VOID) return false; /* may stand for others */
    for (u32 i = 0; i <= f->count; i++) {
        struct ctype *t = bare(i < f->count ? f->member[i].type : f->target);
        char letter = scalar_letter(t);
        if (i == f->count && t->kind == CTYPE_VOID) continue;
        if (!letter || strchr("fdwW", letter)) return false;
        if (i < f->count && t->size < 4) return false; /* the host's callee wants it extended */
    }
    return true;
}

static const char *below(struct annotation *a, struct ctype *t, u32 depth)
{
    const char *found = NULL, *named = t->kind == CTYPE_TYPEDEF ? t->name : NULL;
    if (judgement(a, t) & (JUDGED_OPAQUE | JUDGED_DEEP)) return NULL;
    t = bare(t);
    if (t->kind == CTYPE_FUNCTION) return is_of_words(t) ? NULL : named ? named : "a function";
    if (t->mark == last_mark || depth > MAX_DEPTH) return NULL;
    t->mark = last_mark;
    if (t->kind == CTYPE_POINTER || t->kind == CTYPE_ARRAY) {
        found = below(a, t->target, depth + 1);
        return found && named ? named : found;
    }
    if (t->kind != CTYPE_STRUCT && t->kind != CTYPE_UNION) return NULL;
    for (u32 i = 0; !found && i < t->count; i++) {
        found = below(a, t->member[i].type, depth + 1);
        if (found && !strchr(found, '.')) found = format("%s.%s", type_name(t), t->member[i].name);
    }
    return found;
}

const char *function_below(struct annotation *a, struct ctype *t)
{
    last_mark++;
    return below(a, t, 0);
}
