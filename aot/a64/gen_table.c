/*
 * Reads and checks the decode tables.
 *
 * A table is lines of text; '#' starts a comment and a '\' at the end joins the next line.
 *   field NAME LO WIDTH
 *   feature NAME                        (the first one declared is the default)
 *   text "OPERANDS"                     (the text of the file's rows from here on)
 *   ROW TOKEN... [where EXPR] [feature NAME [if EXPR]] [overrides ROW]... [text "TEXT"]
 * A text with \t in it brings its own mnemonic, in which a leading '*' stands for the row's name in
 * lower case and up to a '_'; other texts are operands only. What their {directives} mean is the
 * disassembler's matter.
 * A row's tokens are runs of 0 and 1 or NAME[:WIDTH] of declared fields, from bit 31 down to bit 0.
 *
 * Two rows may both match a word only if one overrides the other, which takes more fixed bits that
 * include the other's, or if no word in their intersection meets both constraints; the latter is
 * tried with all values of the fields that the constraints read.
 */
#include "aot/a64/gen_table.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct gen_table table;

/* More free bits than this in two constraints and their disjointness is not tried. */
enum { MAX_TRIED_BITS = 20 };

/* The same for a leaf of the decision tree, of which there are many. */
enum { MAX_TREE_BITS = 10 };

__attribute__((noreturn, format(printf, 3, 4))) static void die(const char *file, int line,
                                                                const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: error: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    exit(1);
}

static char *copy(const char *s)
{
    char *c = strdup(s);
    if (!c) abort();
    return c;
}

static int find_field(const char *name)
{
    for (int i = 0; i < table.field_count; i++)
        if (!strcmp(table.fields[i].name, name)) return i;
    return -1;
}

static int find_feature(const char *name)
{
    for (int i = 0; i < table.feature_count; i++)
        if (!strcmp(table.features[i].name, name)) return i;
    return -1;
}

static struct gen_row *find_row(const char *name)
{
    for (int i = 0; i < table.row_count; i++)
        if (!strcmp(table.rows[i].name, name)) return &table.rows[i];
    return NULL;
}

uint32_t table_field_value(int field, uint32_t word)
{
    const struct gen_field *f = &table.fields[field];
    return (uint32_t)((word >> f->lo) & ((UINT64_C(1) << f->width) - 1));
}

const char *table_field_name(int field)
{
    return table.fields[field].name;
}

static uint32_t field_mask(int field)
{
    const struct gen_field *f = &table.fields[field];
    return (uint32_t)(((UINT64_C(1) << f->width) - 1) << f->lo);
}

/* The next word of a line; NULL at its end. */
static char *next_word(const char **text, char *word, size_t size)
{
    while (isspace((unsigned char)**text)) (*text)++;
    size_t n = 0;
    while (**text && !isspace((unsigned char)**text) && n + 1 < size) word[n++] = *(*text)++;
    word[n] = 0;
    return n ? word : NULL;
}

/* A quoted string; NULL if there is none. */
static char *next_string(const char **text)
{
    char string[256];
    while (isspace((unsigned char)**text)) (*text)++;
    const char *end = **text == '"' ? strchr(*text + 1, '"') : NULL;
    if (!end) return NULL;
    snprintf(string, sizeof string, "%.*s", (int)(end - *text - 1), *text + 1);
    *text = end + 1;
    return copy(string);
}

static void read_field(const char *file, int line, const char *text)
{
    char name[64];
    int lo, width, end = 0;
    if (sscanf(text, "%63s %d %d %n", name, &lo, &width, &end) != 3 || text[end])
        die(file, line, "expected 'field NAME LO WIDTH'");
    if (lo < 0 || width < 1 || lo + width > 32)
        die(file, line, "field '%s' lies outside of the word", name);
    if (find_field(name) >= 0) die(file, line, "field '%s' is declared twice", name);
    if (table.field_count == MAX_FIELDS) die(file, line, "too many fields");
    table.fields[table.field_count++] =
        (struct gen_field){copy(name), (unsigned)lo, (unsigned)width, 0, file, line};
}

static void read_feature(const char *file, int line, const char *text)
{
    char name[64];
    if (!next_word(&text, name, sizeof name)) die(file, line, "expected 'feature NAME'");
    if (find_feature(name) >= 0) die(file, line, "feature '%s' is declared twice", name);
    if (table.feature_count == MAX_FEATURES) die(file, line, "too many features");
    /* The default feature counts as used. */
    table.features[table.feature_count] =
        (struct gen_feature){copy(name), table.feature_count == 0, file, line};
    table.feature_count++;
}

static void add_fixed(struct gen_row *row, const char *token, int *top)
{
    for (; *token; token++) {
        if (--*top < 0) die(row->file, row->line, "row '%s' has more than 32 bits", row->name);
        row->mask |= UINT32_C(1) << *top;
        row->value |= (uint32_t)(*token - '0') << *top;
    }
}

static void add_field(struct gen_row *row, char *token, int *top)
{
    char *colon = strchr(token, ':');
    if (colon) *colon = 0;
    int i = find_field(token);
    if (i < 0) die(row->file, row->line, "row '%s' uses undeclared field '%s'", row->name, token);
    struct gen_field *f = &table.fields[i];
    if (colon && strtol(colon + 1, NULL, 10) != (long)f->width)
        die(row->file, row->line, "row '%s' gives field '%s' a width of %s, declared is %u",
            row->name, token, colon + 1, f->width);
    *top -= (int)f->width;
    if (*top < 0) die(row->file, row->line, "row '%s' has more than 32 bits", row->name);
    if (*top != (int)f->lo)
        die(row->file, row->line, "row '%s' has field '%s' at bit %d, declared is bit %u",
            row->name, token, *top, f->lo);
    if (row->field_count == MAX_ROW_FIELDS)
        die(row->file, row->line, "row '%s' has too many fields", row->name);
    row->fields[row->field_count++] = i;
    f->used = 1;
}

/* An expression of a row may read the row's own fields only. */
static struct expr *read_expr(struct gen_row *row, const char **text)
{
    char error[200];
    uint64_t read[MAX_FIELDS / 64] = {0};
    struct expr *e = expr_parse(text, find_field, error, sizeof error);
    if (!e) die(row->file, row->line, "row '%s': %s", row->name, error);
    expr_fields(e, read);
    for (int i = 0; i < row->field_count; i++)
        read[row->fields[i] / 64] &= ~(UINT64_C(1) << (row->fields[i] % 64));
    for (int i = 0; i < table.field_count; i++)
        if (read[i / 64] >> (i % 64) & 1)
            die(row->file, row->line, "row '%s' has a constraint on '%s', which is not its field",
                row->name, table.fields[i].name);
    return e;
}

static void read_clauses(struct gen_row *row, const char *word, const char **text)
{
    char next[64];
    do {
        if (!strcmp(word, "where") && !row->where) {
            row->where = read_expr(row, text);
        } else if (!strcmp(word, "feature") && !row->feature) {
            if (!next_word(text, next, sizeof next) || find_feature(next) < 0)
                die(row->file, row->line, "row '%s' names an undeclared feature '%s'", row->name,
                    next);
            row->feature = find_feature(next);
            table.features[row->feature].used = 1;
        } else if (!strcmp(word, "if") && row->feature && !row->feature_if) {
            row->feature_if = read_expr(row, text);
        } else if (!strcmp(word, "text")) {
            row->text = next_string(text);
            if (!row->text) die(row->file, row->line, "row '%s' has a bad text", row->name);
        } else if (!strcmp(word, "overrides") && row->override_count < MAX_OVERRIDES) {
            if (!next_word(text, next, sizeof next))
                die(row->file, row->line, "row '%s' overrides no row", row->name);
            row->overrides[row->override_count++] = copy(next);
        } else {
            die(row->file, row->line, "row '%s' has an unexpected '%s'", row->name, word);
        }
    } while ((word = next_word(text, next, sizeof next)));
}

static int is_keyword(const char *word)
{
    return !strcmp(word, "where") || !strcmp(word, "feature") || !strcmp(word, "if") ||
           !strcmp(word, "overrides") || !strcmp(word, "text");
}

static void read_row(const char *file, int line, const char *name, const char *group,
                     const char *text, char *default_text)
{
    char word[128];
    if (find_row(name)) die(file, line, "row '%s' is defined twice", name);
    if (table.row_count == MAX_ROWS) die(file, line, "too many rows");
    struct gen_row *row = &table.rows[table.row_count];
    *row = (struct gen_row){
        .name = copy(name), .group = copy(group), .file = file, .line = line, .text = default_text};
    int top = 32;
    char *w;
    while ((w = next_word(&text, word, sizeof word)) && !is_keyword(w)) {
        if (strspn(w, "01") == strlen(w))
            add_fixed(row, w, &top);
        else
            add_field(row, w, &top);
    }
    if (top) die(file, line, "row '%s' has %d bits, not 32", name, 32 - top);
    if (w) read_clauses(row, w, &text);
    table.row_count++;
}

static void group_name(const char *path, char *group, size_t size)
{
    const char *base = strrchr(path, '/');
    snprintf(group, size, "%s", base ? base + 1 : path);
    char *dot = strrchr(group, '.');
    if (dot) *dot = 0;
}

/* The length of a line without its comment. */
static size_t line_length(const char *line)
{
    size_t n = 0;
    for (bool quoted = false; line[n] && line[n] != '\n'; n++) {
        if (line[n] == '"') quoted = !quoted;
        if (line[n] == '#' && !quoted) break;
    }
    return n;
}

void table_read(const char *path)
{
    char line[4096], word[128], group[64];
    int number = 0;
    FILE *f = fopen(path, "r");
    if (!f) die(path, 0, "cannot be opened");
    group_name(path, group, sizeof group);
    size_t length = 0;
    char *default_text = NULL;
    while (fgets(line + length, (int)(sizeof line - length), f)) {
        number++;
        length += line_length(line + length);
        line[length] = 0;
        if (length && line[length - 1] == '\\') {
            length--;
            continue;
        }
        length = 0;
        const char *text = line;
        if (!next_word(&text, word, sizeof word)) continue;
        if (!strcmp(word, "field"))
            read_field(path, number, text);
        else if (!strcmp(word, "feature"))
            read_feature(path, number, text);
        else if (strcmp(word, "text"))
            read_row(path, number, word, group, text, default_text);
        else if (!(default_text = next_string(&text)))
            die(path, number, "expected 'text \"TEXT\"'");
    }
    if (length) die(path, number, "the last line goes on nowhere");
    fclose(f);
}

static uint32_t expr_mask(const struct expr *e)
{
    uint64_t read[MAX_FIELDS / 64] = {0};
    uint32_t mask = 0;
    expr_fields(e, read);
    for (int i = 0; i < table.field_count; i++)
        if (read[i / 64] >> (i % 64) & 1) mask |= field_mask(i);
    return mask;
}

static int allows(const struct gen_row *row, uint32_t word)
{
    return !row->where || expr_eval(row->where, table_field_value, word) != 0;
}

/* Whether a word exists that both rows match; -1 if there is too much to try. */
static int both_match(const struct gen_row *a, const struct gen_row *b)
{
    uint32_t fixed = a->value | b->value;
    uint32_t free = (expr_mask(a->where) | expr_mask(b->where)) & ~(a->mask | b->mask);
    if (__builtin_popcount(free) > MAX_TRIED_BITS) return -1;
    uint32_t sub = 0;
    do {
        if (allows(a, fixed | sub) && allows(b, fixed | sub)) return 1;
        sub = (sub - free) & free; /* the next subset of free */
    } while (sub);
    return 0;
}

int table_constraint_holds(const struct gen_row *row, uint32_t known, uint32_t value)
{
    uint32_t fixed = row->value | (value & known & ~row->mask);
    uint32_t free = expr_mask(row->where) & ~(row->mask | known), sub = 0;
    int held = 0, failed = 0;
    if (__builtin_popcount(free) > MAX_TREE_BITS) return -1;
    do {
        int holds = allows(row, fixed | sub);
        held |= holds;
        failed |= !holds;
        sub = (sub - free) & free;
    } while (sub);
    return held && failed ? -1 : held;
}

static int overrides(const struct gen_row *a, const struct gen_row *b)
{
    for (int i = 0; i < a->override_count; i++)
        if (!strcmp(a->overrides[i], b->name)) return 1;
    return 0;
}

static void check_override(const struct gen_row *row, const char *name)
{
    const struct gen_row *other = find_row(name);
    if (!other) die(row->file, row->line, "row '%s' overrides unknown row '%s'", row->name, name);
    if ((row->value ^ other->value) & row->mask & other->mask)
        die(row->file, row->line, "row '%s' overrides '%s', but they never overlap", row->name,
            name);
    if ((row->mask & other->mask) != other->mask || row->mask == other->mask)
        die(row->file, row->line, "row '%s' overrides '%s', but is not more specific", row->name,
            name);
}

static void check_pair(const struct gen_row *a, const struct gen_row *b)
{
    if ((a->value ^ b->value) & a->mask & b->mask) return;
    if (overrides(a, b) || overrides(b, a)) return;
    switch (both_match(a, b)) {
    case 0: return;
    case 1: die(b->file, b->line, "rows '%s' and '%s' overlap", a->name, b->name);
    default:
        die(b->file, b->line, "rows '%s' and '%s' overlap; their constraints are too wide to try",
            a->name, b->name);
    }
}

void table_check(void)
{
    for (int i = 0; i < table.row_count; i++) {
        const struct gen_row *row = &table.rows[i];
        for (int j = 0; j < row->override_count; j++) check_override(row, row->overrides[j]);
        if (!both_match(row, row))
            die(row->file, row->line, "row '%s' has a constraint that is never met", row->name);
        for (int j = 0; j < i; j++) check_pair(&table.rows[j], row);
    }
    for (int i = 0; i < table.field_count; i++)
        if (!table.fields[i].used)
            die(table.fields[i].file, table.fields[i].line, "field '%s' is not used by any row",
                table.fields[i].name);
    for (int i = 0; i < table.feature_count; i++)
        if (!table.features[i].used)
            die(table.features[i].file, table.features[i].line,
                "feature '%s' is not used by any row", table.features[i].name);
}
