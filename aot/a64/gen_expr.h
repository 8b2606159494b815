/*
 * Constraint expressions of the decode tables: C's integer operators over field names and numbers.
 */
#ifndef AOT_A64_GEN_EXPR_H
#define AOT_A64_GEN_EXPR_H

#include <stdint.h>
#include <stdio.h>

struct expr;

/* Looks up a field; returns its index or -1. */
typedef int (*expr_field_fn)(const char *name);
/* The value of a field in a word. */
typedef uint32_t (*expr_value_fn)(int field, uint32_t word);
/* The name of a field. */
typedef const char *(*expr_name_fn)(int field);

/*
 * Parses the longest expression at *text and moves *text behind it. Returns NULL on an error, with
 * a message in error. Expressions are never freed: the generator is short-lived.
 */
struct expr *expr_parse(const char **text, expr_field_fn field, char *error, size_t error_size);

int64_t expr_eval(const struct expr *e, expr_value_fn value, uint32_t word);

/* Writes C text, each field F as a64_F(w), fully parenthesised. */
void expr_print(FILE *out, const struct expr *e, expr_name_fn name);

/* Adds the fields that e reads to the bit set fields (bit i of fields[i / 64]). */
void expr_fields(const struct expr *e, uint64_t *fields);

#endif
