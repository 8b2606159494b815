/*
 * The A64 decoder: which row of the decode tables an instruction word is, what the row is called
 * and needs, and the word's text.
 *
 * Fields are read with the generated accessors a64_NAME(word); a field's position does not depend
 * on the row. The tables (aot/a64/?*.dec) follow the groups of the Arm Architecture Reference
 * Manual.
 */
#ifndef AOT_A64_A64_H
#define AOT_A64_A64_H

#include "aot/base/types.h"
#include "aot/a64/rows.h"

struct a64_field {
    char name[A64_FIELD_NAME_SIZE];
    u8 lo, width;
};

struct a64_row_info {
    char name[A64_ROW_NAME_SIZE]; /* as in the table, without A64_ */
    enum a64_group group;         /* the table */
    u32 mask, value;              /* the fixed bits */
    enum a64_feature feature;
    bool feature_depends; /* some words of the row need only A64_FEATURE_base */
    u16 first_field;      /* for a64_row_field */
    u8 field_count;
};

/* The row that a word belongs to; A64_UNALLOCATED if none does or its constraint fails. */
enum a64_row a64_decode(u32 word);

/* Never NULL; for A64_UNALLOCATED a row without fields and fixed bits. */
const struct a64_row_info *a64_row_info(enum a64_row row);

/* The i-th field of a row, i < field_count, from bit 31 down. */
const struct a64_field *a64_row_field(const struct a64_row_info *info, unsigned i);

/* The feature that words of the row need (some of them, perhaps); the base's for the unallocated.
 */
extern const u8 a64_row_feature[A64_ROW_COUNT];

/* What a word of the given row needs beside Armv8.0; A64_FEATURE_base if nothing. */
enum a64_feature a64_word_feature(enum a64_row row, u32 word);

/* The feature's name in the tables. */
const char *a64_feature_name(enum a64_feature feature);

/* The table's name: base, branch, ldst, fp, simd, simd_scalar, crypto; "" for A64_GROUP_NONE. */
const char *a64_group_name(enum a64_group group);

/*
 * The word's text as GNU objdump writes it (mnemonic, tab, operands, preferred aliases; branch
 * targets as absolute hexadecimal addresses), cut to size and closed with a NUL. Unallocated words
 * give ".inst\t0x%08x ; undefined". Returns the text's full length.
 */
size_t a64_disasm(u32 word, u64 pc, char *buf, size_t size);

#endif
