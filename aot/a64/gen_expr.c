/*
 * Constraint expressions of the decode tables: parsed by precedence climbing, evaluated by the
 * generator when it proves rows disjoint, and printed as C for the decoder.
 */
#include "aot/a64/gen_expr.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum expr_kind { EXPR_NUMBER, EXPR_FIELD, EXPR_NOT, EXPR_BINARY, EXPR_SELECT };

struct expr {
    enum expr_kind kind;
    int op;        /* EXPR_BINARY: index into operators */
    int64_t value; /* number, or field index */
    struct expr *a, *b, *c;
};

static const struct {
    const char *text;
    int precedence;
} operators[] = {
    {"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7},
    {"<", 7},  {">", 7},  {"|", 3},  {"^", 4},  {"&", 5},  {"+", 9},  {"-", 9},
};

struct parser {
    const char *text;
    expr_field_fn field;
    char *error;
    size_t error_size;
};

static struct expr *make(enum expr_kind kind, struct expr *a, struct expr *b, struct expr *c)
{
    struct expr *e = calloc(1, sizeof *e);
    if (!e) abort();
    *e = (struct expr){.kind = kind, .a = a, .b = b, .c = c};
    return e;
}

static void skip_space(struct parser *p)
{
    while (isspace((unsigned char)*p->text)) p->text++;
}

static struct expr *fail(struct parser *p, const char *what, const char *detail)
{
    if (!*p->error) snprintf(p->error, p->error_size, "%s '%s'", what, detail);
    return NULL;
}

static struct expr *parse_select(struct parser *p);

static struct expr *parse_unary(struct parser *p)
{
    skip_space(p);
    if (*p->text == '!') {
        p->text++;
        struct expr *a = parse_unary(p);
        return a ? make(EXPR_NOT, a, NULL, NULL) : NULL;
    }
    if (*p->text == '(') {
        p->text++;
        struct expr *a = parse_select(p);
        skip_space(p);
        if (a && *p->text != ')') return fail(p, "missing ')' in expression before", p->text);
        p->text++;
        return a;
    }
    if (isdigit((unsigned char)*p->text)) {
        char *end;
        struct expr *e = make(EXPR_NUMBER, NULL, NULL, NULL);
        e->value = strtol(p->text, &end, 0);
        p->text = end;
        return e;
    }
    char name[64];
    size_t n = 0;
    while (n + 1 < sizeof name && (isalnum((unsigned char)p->text[n]) || p->text[n] == '_')) {
        name[n] = p->text[n];
        n++;
    }
    name[n] = 0;
    if (!n) return fail(p, "expression expected before", p->text);
    struct expr *e = make(EXPR_FIELD, NULL, NULL, NULL);
    e->value = p->field(name);
    if (e->value < 0) return fail(p, "expression names an undeclared field", name);
    p->text += n;
    return e;
}

static int peek_operator(struct parser *p)
{
    skip_space(p);
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (!strncmp(p->text, operators[i].text, strlen(operators[i].text))) return (int)i;
    return -1;
}

static struct expr *parse_binary(struct parser *p, int min_precedence)
{
    struct expr *a = parse_unary(p);
    while (a) {
        int op = peek_operator(p);
        if (op < 0 || operators[op].precedence < min_precedence) break;
        p->text += strlen(operators[op].text);
        struct expr *b = parse_binary(p, operators[op].precedence + 1);
        if (!b) return NULL;
        a = make(EXPR_BINARY, a, b, NULL);
        a->op = op;
    }
    return a;
}

static struct expr *parse_select(struct parser *p)
{
    struct expr *a = parse_binary(p, 1);
    skip_space(p);
    if (!a || *p->text != '?') return a;
    p->text++;
    struct expr *b = parse_select(p);
    skip_space(p);
    if (b && *p->text != ':') return fail(p, "missing ':' in expression before", p->text);
    if (!b) return NULL;
    p->text++;
    struct expr *c = parse_select(p);
    return c ? make(EXPR_SELECT, a, b, c) : NULL;
}

struct expr *expr_parse(const char **text, expr_field_fn field, char *error, size_t error_size)
{
    struct parser p = {*text, field, error, error_size};
    *error = 0;
    struct expr *e = parse_select(&p);
    *text = p.text;
    return e;
}

static int64_t apply(int op, int64_t a, int64_t b)
{
    const char *t = operators[op].text;
    switch (t[0]) {
    case '|': return a | b; /* || is handled before, with its short cut */
    case '^': return a ^ b;
    case '&': return a & b;
    case '+': return a + b;
    case '-': return a - b;
    case '=': return a == b;
    case '!': return a != b;
    case '<': return t[1] == '<' ? a << b : t[1] == '=' ? a <= b : a < b;
    default: return t[1] == '>' ? a >> b : t[1] == '=' ? a >= b : a > b;
    }
}

int64_t expr_eval(const struct expr *e, expr_value_fn value, uint32_t word)
{
    switch (e->kind) {
    case EXPR_NUMBER: return e->value;
    case EXPR_FIELD: return value((int)e->value, word);
    case EXPR_NOT: return !expr_eval(e->a, value, word);
    case EXPR_SELECT: return expr_eval(expr_eval(e->a, value, word) ? e->b : e->c, value, word);
    case EXPR_BINARY: break;
    }
    int64_t a = expr_eval(e->a, value, word);
    if (!strcmp(operators[e->op].text, "||")) return a || expr_eval(e->b, value, word);
    if (!strcmp(operators[e->op].text, "&&")) return a && expr_eval(e->b, value, word);
    return apply(e->op, a, expr_eval(e->b, value, word));
}

void expr_print(FILE *out, const struct expr *e, expr_name_fn name)
{
    switch (e->kind) {
    case EXPR_NUMBER: fprintf(out, "%d", (int)e->value); return;
    case EXPR_FIELD: fprintf(out, "a64_%s(w)", name((int)e->value)); return;
    case EXPR_NOT:
        fputs("!(", out);
        expr_print(out, e->a, name);
        break;
    case EXPR_BINARY:
        fputc('(', out);
        expr_print(out, e->a, name);
        fprintf(out, " %s ", operators[e->op].text);
        expr_print(out, e->b, name);
        break;
    case EXPR_SELECT:
        fputc('(', out);
        expr_print(out, e->a, name);
        fputs(" ? ", out);
        expr_print(out, e->b, name);
        fputs(" : ", out);
        expr_print(out, e->c, name);
        break;
    }
    fputc(')', out);
}

void expr_fields(const struct expr *e, uint64_t *fields)
{
    if (!e) return;
    if (e->kind == EXPR_FIELD) fields[e->value / 64] |= UINT64_C(1) << (e->value % 64);
    expr_fields(e->a, fields);
    expr_fields(e->b, fields);
    expr_fields(e->c, fields);
}
