/*
 * The decode tables in memory: what gen_table.c reads and checks and gen_decode.c turns into C.
 */
#ifndef AOT_A64_GEN_TABLE_H
#define AOT_A64_GEN_TABLE_H

#include "aot/a64/gen_expr.h"

enum {
    MAX_FIELDS = 256,
    MAX_FEATURES = 64,
    MAX_ROWS = 2048,
    MAX_ROW_FIELDS = 12,
    MAX_OVERRIDES = 4
};

struct gen_field {
    char *name;
    unsigned lo, width;
    int used;
    const char *file;
    int line;
};

struct gen_feature {
    char *name;
    int used;
    const char *file;
    int line;
};

struct gen_row {
    char *name, *group;
    const char *file;
    int line;
    uint32_t mask, value; /* the fixed bits */
    int fields[MAX_ROW_FIELDS];
    int field_count;
    struct expr *where;      /* NULL: always allocated */
    int feature;             /* needed where feature_if holds; else feature 0 */
    struct expr *feature_if; /* NULL: always */
    char *text; /* operands, or mnemonic and operands with "\t" between; NULL: none given */
    char *overrides[MAX_OVERRIDES];
    int override_count;
};

struct gen_table {
    struct gen_field fields[MAX_FIELDS];
    struct gen_feature features[MAX_FEATURES];
    struct gen_row rows[MAX_ROWS];
    int field_count, feature_count, row_count;
};

extern struct gen_table table;

/* Reads one file into the table; prints FILE:LINE: error: ... and exits with status 1 on an error.
 */
void table_read(const char *path);

/* Checks what needs the whole table: overlaps, unused declarations. Exits likewise. */
void table_check(void);

/*
 * Whether a row's constraint holds in words of the row that have the given values of known bits:
 * 1 in all, 0 in none, -1 in some or unknown.
 */
int table_constraint_holds(const struct gen_row *row, uint32_t known, uint32_t value);

uint32_t table_field_value(int field, uint32_t word);
const char *table_field_name(int field);

#endif
