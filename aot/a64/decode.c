/*
 * The decoder: walks the generated decision tree, then checks the few rows that are left in full.
 * See gen_decode.c for the tree.
 */
#include "aot/a64/a64.h"

#include "aot/a64/decode.inc"

static enum a64_row decode_among(const u16 *candidate, u32 w)
{
    for (; *candidate; candidate++) {
        enum a64_row row = (enum a64_row)(*candidate & (CONSTRAINED - 1));
        if ((w & patterns[row].mask) != patterns[row].value) continue;
        if (!(*candidate & CONSTRAINED) || constraint_holds(row, w)) return row;
    }
    return A64_UNALLOCATED;
}

enum a64_row a64_decode(u32 w)
{
    unsigned entry = slots[ROOT_NODE_BASE + (w >> ROOT_LO)];
    while (!(entry & LEAF))
        entry = slots[nodes[entry].base + ((w >> nodes[entry].lo) & nodes[entry].mask)];
    const u16 *candidate = &leaf_rows[entry & (LEAF - 1)];
    /* Nearly always the first it is, without a constraint. */
    unsigned first = *candidate;
    if (first < CONSTRAINED && (w & patterns[first].mask) == patterns[first].value)
        return (enum a64_row)first;
    return decode_among(candidate, w);
}

const struct a64_row_info *a64_row_info(enum a64_row row)
{
    return &row_info[row < A64_ROW_COUNT ? row : A64_UNALLOCATED];
}

const struct a64_field *a64_row_field(const struct a64_row_info *info, unsigned i)
{
    return &field_info[row_fields[info->first_field + i]];
}

enum a64_feature a64_word_feature(enum a64_row row, u32 w)
{
    const struct a64_row_info *info = a64_row_info(row);
    if (info->feature_depends && !needs_feature(row, w)) return A64_FEATURE_base;
    return info->feature;
}

const char *a64_feature_name(enum a64_feature feature)
{
    switch (feature) {
#define NAME(f)                                                                                    \
    case A64_FEATURE_##f: return #f;
        A64_FEATURES(NAME)
#undef NAME
    default: return "unknown";
    }
}

const char *a64_group_name(enum a64_group group)
{
    switch (group) {
#define NAME(g)                                                                                    \
    case A64_GROUP_##g: return #g;
        A64_GROUPS(NAME)
#undef NAME
    default: return "";
    }
}
