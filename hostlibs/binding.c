/*
 * Reading a binding's text (binding.h). One pass counts lines of each kind, a second one fills
 * tables that lie in memory of one arena; words are cut out of the text where they stand.
 */
#include "hostlibs/binding.h"

#include "aot/base/arena.h"
#include "aot/base/checksum.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LEAVES 4096u
#define MAX_NUMBER 1000000u

#define KNOWN 256u

/* A function's signature that has been read: thousands of functions have hundreds of them. */
struct known {
    const char *text;
    size_t size;
    const struct signature *signature;
};

struct reader {
    char *at, *end; /* of the line, or of the word that is read */
    struct arena *arena;
    struct binding *b;
    bool bad;
    struct known known[KNOWN]; /* by the text's hash, the last one */
};

struct binding_memory {
    struct binding binding;
    struct arena arena;
    char *text;
};

u32 type_scalar_size(u8 kind)
{
    switch (kind) {
    case TYPE_BOOL:
    case TYPE_S8:
    case TYPE_U8: return 1;
    case TYPE_S16:
    case TYPE_U16: return 2;
    case TYPE_S32:
    case TYPE_U32:
    case TYPE_FLOAT: return 4;
    case TYPE_S64:
    case TYPE_U64:
    case TYPE_DOUBLE:
    case TYPE_POINTER:
    case TYPE_VECTOR8: return 8;
    case TYPE_VECTOR16: return 16;
    default: return 0;
    }
}

static void *take(struct reader *r, size_t size)
{
    return arena_zalloc(r->arena, size);
}

/* The next word of the line, made a string; NULL: there is none. */
static const char *word(struct reader *r)
{
    char *start = r->at, *stop = memchr(start, ' ', (size_t)(r->end - start));

    r->at = stop != NULL ? stop + 1 : r->end;
    if (stop == NULL) stop = r->end;
    if (stop == start) return NULL;
    *stop = '\0';
    return start;
}

/* The rest of the line. */
static const char *rest(struct reader *r)
{
    char *start = r->at;

    r->at = r->end;
    *r->end = '\0';
    return start;
}

static u32 number(struct reader *r)
{
    u32 n = 0;
    char *start = r->at;

    while (r->at < r->end && *r->at >= '0' && *r->at <= '9' && n <= MAX_NUMBER)
        n = n * 10 + (u32)(*r->at++ - '0');
    if (r->at == start || n > MAX_NUMBER) r->bad = true;
    return n;
}

static bool expect(struct reader *r, char c)
{
    bool there = r->at < r->end && *r->at == c;

    if (there)
        r->at++;
    else
        r->bad = true;
    return there;
}

/* --- types
 * ---------------------------------------------------------------------------------------- */

static void read_struct(struct reader *r, struct type *t)
{
    u32 count = 1;
    struct leaf *leaf;
    const char *p;

    t->size = number(r);
    expect(r, ',');
    t->align = number(r);
    expect(r, ':');
    for (p = r->at; p < r->end && *p != '}'; p++) count += *p == ',';
    if (r->bad || count > MAX_LEAVES || t->size == 0 || t->align == 0 || t->align > 16 ||
        (t->align & (t->align - 1)) != 0) {
        r->bad = true;
        return;
    }
    leaf = take(r, count * sizeof(*leaf));
    for (u32 i = 0; i < count && !r->bad; i++) {
        if (i != 0) expect(r, ',');
        leaf[i].offset = number(r);
        leaf[i].kind = r->at < r->end ? (u8)*r->at++ : 0;
        if (type_scalar_size(leaf[i].kind) == 0 ||
            leaf[i].offset + type_scalar_size(leaf[i].kind) > t->size)
            r->bad = true;
    }
    expect(r, '}');
    t->leaf = leaf;
    t->leaf_count = count;
}

static void read_type(struct reader *r, struct type *t, bool result)
{
    if (r->at >= r->end) {
        r->bad = true;
        return;
    }
    t->kind = (u8)*r->at++;
    switch (t->kind) {
    case TYPE_STRUCT: read_struct(r, t); break;
    case TYPE_FUNCTION:
    case TYPE_RECORD:
    case TYPE_CONST_RECORD:
        t->number = number(r);
        expect(r, '.');
        t->size = t->align = 8;
        if (t->number >= (t->kind == TYPE_FUNCTION ? r->b->callback_count : r->b->record_count))
            r->bad = true;
        break;
    case TYPE_VOID:
        if (!result) r->bad = true;
        break;
    case TYPE_STREAM:
        t->size = t->align = 8;
        if (result) r->bad = true;
        break;
    case TYPE_VA_LIST: /* the guest's structure of 32 bytes, by reference */
        t->size = t->align = 8;
        if (result) r->bad = true;
        break;
    default:
        t->size = t->align = type_scalar_size(t->kind);
        if (t->size == 0) r->bad = true;
        break;
    }
}

/* [P,LOW-HIGH,F<n>.] */
static void read_functions(struct reader *r, struct signature *s)
{
    struct type t = {0};

    expect(r, '[');
    s->functions.param = number(r);
    expect(r, ',');
    s->functions.low = number(r);
    expect(r, '-');
    s->functions.high = number(r);
    expect(r, ',');
    read_type(r, &t, false);
    expect(r, ',');
    s->functions.never = number(r);
    expect(r, ']');
    if (t.kind != TYPE_FUNCTION || s->functions.param >= s->count) r->bad = true;
    s->functions.callback = t.number;
    s->has_functions = true;
}

static void read_signature(struct reader *r, struct signature *s)
{
    struct type param[BINDING_MAX_PARAMS], *kept;

    read_type(r, &s->result, true);
    expect(r, '(');
    while (!r->bad && r->at < r->end && *r->at != ')') {
        if (*r->at == '.' || *r->at == '%') {
            s->variadic = *r->at++;
            if (r->at < r->end && *r->at == '[') read_functions(r, s);
            break;
        }
        if (s->count == BINDING_MAX_PARAMS) {
            r->bad = true;
            return;
        }
        param[s->count] = (struct type){0};
        read_type(r, &param[s->count++], false);
    }
    expect(r, ')');
    if (s->variadic == '%' && (s->count == 0 || param[s->count - 1].kind != TYPE_POINTER))
        r->bad = true;
    for (u32 i = 0; i < s->count; i++)
        if (param[i].kind == TYPE_VA_LIST && (i == 0 || param[i - 1].kind != TYPE_POINTER))
            r->bad = true;
    kept = take(r, s->count * sizeof(*kept));
    memcpy(kept, param, s->count * sizeof(*kept));
    s->param = kept;
}

static const struct signature *function_signature(struct reader *r)
{
    const char *text = r->at;
    size_t size = (size_t)(r->end - text);
    u32 hash = 0;
    struct signature *s;
    struct known *k;

    for (size_t i = 0; i < size; i++) hash = hash * 31 + (u8)text[i];
    k = &r->known[hash % KNOWN];
    if (k->text != NULL && k->size == size && memcmp(k->text, text, size) == 0) {
        r->at = r->end;
        return k->signature;
    }
    s = take(r, sizeof(*s));
    read_signature(r, s);
    if (!r->bad && r->at == r->end) *k = (struct known){text, size, s};
    return s;
}

/* --- lines
 * ---------------------------------------------------------------------------------------- */

struct counts {
    u32 function, callback, record, shared;
};

static void read_record(struct reader *r, struct record *out)
{
    u32 count = 0;
    struct record_field *field;

    out->size = number(r);
    for (const char *p = r->at; p < r->end; p++) count += *p == ':';
    field = take(r, count * sizeof(*field));
    for (u32 i = 0; i < count && !r->bad; i++) {
        struct type t = {0};

        expect(r, ' ');
        field[i].offset = number(r);
        expect(r, ':');
        read_type(r, &t, false);
        field[i].callback = t.number;
        if (t.kind != TYPE_FUNCTION || field[i].offset + 8 > out->size) r->bad = true;
    }
    out->field = field;
    out->count = count;
}

static void read_symbol(struct reader *r, bool refused)
{
    struct bound_symbol *s = &r->b->function[r->b->function_count];
    const char *version;

    s->name = word(r);
    version = word(r);
    if (s->name == NULL || version == NULL) {
        r->bad = true;
        return;
    }
    s->version = strcmp(version, "-") == 0 ? "" : version;
    if (refused)
        s->reason = rest(r);
    else
        s->signature = function_signature(r);
    r->b->function_count++;
}

static void read_shared(struct reader *r)
{
    struct shared *c = &r->b->shared[r->b->shared_count++];

    c->name = word(r);
    c->version = word(r);
    c->size = number(r);
    if (c->name == NULL || c->version == NULL) r->bad = true;
}

/* Numbers come in order. */
static bool in_order(struct reader *r, u32 next)
{
    if (number(r) != next || !expect(r, ' ')) r->bad = true;
    return !r->bad;
}

/* The text's own digest has been looked at by then. */
static void read_end(struct reader *r)
{
    r->b->stub = word(r);
    (void)word(r);
}

static void read_line(struct reader *r)
{
    struct binding *b = r->b;
    const char *what = word(r);

    if (what == NULL) return;
    if (strcmp(what, "soname") == 0)
        b->soname = word(r);
    else if (strcmp(what, "host-id") == 0)
        b->host_id = word(r);
    else if (strcmp(what, "group") == 0)
        b->group = word(r);
    else if (strcmp(what, "file") == 0)
        b->file = rest(r);
    else if (strcmp(what, "code") == 0)
        b->code = number(r);
    else if (strcmp(what, "heap") == 0)
        b->heap = true;
    else if (strcmp(what, "callback") == 0 && in_order(r, b->callback_count))
        read_signature(r, &b->callback[b->callback_count++]);
    else if (strcmp(what, "record") == 0 && in_order(r, b->record_count))
        read_record(r, &b->record[b->record_count++]);
    else if (strcmp(what, "function") == 0)
        read_symbol(r, false);
    else if (strcmp(what, "refused") == 0)
        read_symbol(r, true);
    else if (strcmp(what, "share") == 0)
        read_shared(r);
    else if (strcmp(what, "data") == 0)
        r->at = r->end;
    else if (strcmp(what, "end") == 0)
        read_end(r);
    else
        r->bad = true;
    if (r->at != r->end || b->soname == NULL) r->bad = true;
}

static bool starts(const char *line, const char *end, const char *what)
{
    size_t n = strlen(what);

    return (size_t)(end - line) > n && memcmp(line, what, n) == 0 && line[n] == ' ';
}

static struct counts count_lines(const char *text, size_t size)
{
    struct counts c = {0};
    const char *end = text + size;

    for (const char *line = text; line < end;) {
        const char *stop = memchr(line, '\n', (size_t)(end - line));

        if (stop == NULL) stop = end;
        c.function += starts(line, stop, "function") || starts(line, stop, "refused");
        c.callback += starts(line, stop, "callback");
        c.record += starts(line, stop, "record");
        c.shared += starts(line, stop, "share");
        line = stop + 1;
    }
    return c;
}

static struct binding *make(size_t size, char *text, struct reader *r)
{
    struct binding_memory *m = calloc(1, sizeof(*m));
    struct counts c = count_lines(text, size);

    if (m == NULL) return NULL;
    arena_init(&m->arena);
    m->text = text;
    r->arena = &m->arena;
    r->b = &m->binding;
    m->binding.memory = m;
    m->binding.group = "";
    m->binding.host_id = "";
    m->binding.function = take(r, c.function * sizeof(*m->binding.function));
    m->binding.callback = take(r, c.callback * sizeof(*m->binding.callback));
    m->binding.shared = take(r, c.shared * sizeof(*m->binding.shared));
    m->binding.record = take(r, c.record * sizeof(*m->binding.record));
    return &m->binding;
}

/* The digest at the end is that of what is before it. */
static bool is_as_written(const char *text, size_t size)
{
    char digits[BINDING_DIGITS + 1];
    struct digest d;

    if (size <= BINDING_DIGITS || text[size - 1] != '\n') return false;
    size -= BINDING_DIGITS + 1;
    d = checksum_of(text, size);
    digest_text(&d, digits, BINDING_DIGITS);
    return memcmp(digits, text + size, BINDING_DIGITS) == 0;
}

static bool read_lines(struct reader *r, char *text, size_t size, u32 *line)
{
    static const char first[] = "ferry-binding 2\n";
    char *end = text + size;

    if (size < strlen(first) || memcmp(text, first, strlen(first)) != 0) r->bad = true;
    for (char *at = text + strlen(first); !r->bad && at < end; at = r->end + 1) {
        char *stop = memchr(at, '\n', (size_t)(end - at));

        ++*line;
        r->at = at;
        r->end = stop;
        if (stop == NULL) /* cut off */
            r->bad = true;
        else if (stop > at)
            read_line(r);
    }
    return !r->bad && r->b->soname != NULL && r->b->stub != NULL && r->b->host_id != NULL &&
           r->b->group != NULL;
}

struct binding *binding_parse(char *text, size_t size, u32 *line)
{
    struct reader r = {0};
    struct binding *b = is_as_written(text, size) ? make(size, text, &r) : NULL;

    *line = 0;
    if (b == NULL) {
        free(text);
        return NULL;
    }
    *line = 1;
    if (read_lines(&r, text, size, line)) return b;
    binding_free(b);
    return NULL;
}

void binding_free(struct binding *b)
{
    struct binding_memory *m = b != NULL ? b->memory : NULL;

    if (m == NULL) return;
    arena_free(&m->arena);
    free(m->text);
    free(m);
}
