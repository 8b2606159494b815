/*
 * Jump tables (disc.h): the forms that compilers and people give an indirect branch,
 *
 *     ldr x, [table, index, lsl #3]; br x                      addresses
 *     ldrsw/ldrh/ldrb x, [table, index]; add x, base, x, lsl #2; br x
 *     ldrh x, [table, index]; sub x, base, x; br x             offsets from a place in the code
 *     add x, base, index, lsl #n; br x                         pieces of code of one size
 *
 * all of them base ± (something << shift): see slice.h. The bound comes from the index's range.
 * Where the code checks it, every entry has to lead to an instruction, or the table is not
 * understood; where it doesn't, entries count up to the first that can't be one.
 */
#include "aot/a64/flow.h"
#include "aot/disc/slice.h"
#include "aot/disc/way.h"

#define MAX_UNBOUNDED 1024 /* entries of a table that is read until one looks wrong */
#define MAX_PADDING   16   /* NOPs in front of a block */
#define MAX_PIECES    1024 /* of code of one size */
#define DETOURS       4    /* ways tried besides the straight one */
#define CHUNK         256  /* bytes read at a time */

static u64 target_of(const struct disc_table *t, u64 entry)
{
    u64 v = entry;
    if (t->size && t->is_signed) v = (u64)sign_extend(entry, 8u * t->size);
    v <<= t->shift;
    return t->negative ? t->base - v : t->base + v;
}

bool disc_table_target(const struct disc_view *view, const struct disc_table *t, u32 n, u64 *target)
{
    u64 entry = 0;
    if (!t->size)
        entry = (u64)n << t->stride;
    else if (view->read(view->context, t->at + ((u64)n << t->stride), &entry, t->size) != t->size)
        return false;
    *target = target_of(t, entry);
    return true;
}

bool disc_looks_like_code(const struct disc_view *view, u64 pc, unsigned insts)
{
    u32 word[16];
    if (insts > ARRAY_SIZE(word)) insts = ARRAY_SIZE(word);
    size_t n = view->code.read(view->code.context, pc, word, insts);
    for (size_t i = 0; i < n; i++) {
        enum a64_row row = a64_decode(word[i]);
        if (row == A64_UNALLOCATED || row == A64_UDF ||
            a64_word_feature(row, word[i]) == A64_FEATURE_el1)
            return false;
        switch (a64_row_flow[row]) {
        case A64_FLOW_JUMP:
        case A64_FLOW_INDIRECT:
        case A64_FLOW_RETURN:
        case A64_FLOW_TRAP: return true;
        default: break;
        }
    }
    return n > 0;
}

static bool may_lead_to(const struct disc_view *view, u64 pc)
{
    return view->is_code(view->context, pc) && disc_looks_like_code(view, pc, 1);
}

/* Whether a block begins at pc, as far as it shows: nothing goes on to it but perhaps padding, or a
 * branch leads there. */
static bool starts_block(const struct disc_view *view, u64 pc)
{
    u32 word;
    if (view->branch_to(view->context, pc)) return true;
    for (unsigned n = 1; n <= MAX_PADDING; n++) {
        if (view->code.read(view->code.context, pc - 4 * (u64)n, &word, 1) != 1) return true;
        enum a64_row row = a64_decode(word);
        if (row != A64_NOP) return a64_row_flow[row] >= A64_FLOW_JUMP && !way_goes_on(word, pc);
    }
    return true;
}

/* Entries of a table, read in pieces. */
struct entries {
    const struct disc_view *view;
    const struct disc_table *table;
    u64 from, size; /* of the bytes read */
    u8 bytes[CHUNK];
};

static bool read_entry(struct entries *e, u32 n, u64 *target)
{
    const struct disc_table *t = e->table;
    u64 at = t->at + ((u64)n << t->stride), entry = 0;
    if (at - e->from + t->size > e->size) {
        e->from = at;
        e->size = e->view->read(e->view->context, at, e->bytes, sizeof e->bytes);
        if (e->size < t->size) return false;
    }
    for (unsigned i = t->size; i-- > 0;) entry = entry << 8 | e->bytes[at - e->from + i];
    *target = target_of(t, entry);
    return true;
}

/* How many of up to `max` entries lead to instructions in `within`. When nothing else bounds them,
 * most have to lead to where blocks begin; but not those that count backwards, which are people's,
 * who jump into unrolled loops. */
static u32 count_entries(const struct disc_view *view, const struct disc_table *t, u32 max,
                         const struct guest_range *within, bool bounded)
{
    struct entries e = {.view = view, .table = t};
    u64 end = UINT64_MAX; /* a table is in front of the code behind it that it leads to */
    u32 doubtful = 0, sure = 0;
    for (u32 n = 0; n < max; n++) {
        u64 target;
        if (t->at + ((u64)n << t->stride) + t->size > end || !read_entry(&e, n, &target) ||
            target < within->start || target >= within->end || !may_lead_to(view, target))
            return n;
        if (target > t->at && target < end) end = target;
        if (bounded || t->negative || starts_block(view, target))
            sure = n + 1;
        else if (++doubtful > 2 + n / 8)
            return sure;
    }
    return max;
}

/* Entries that the code checks for; false: not all lead to code. */
static bool read_bounded(const struct disc_view *view, const struct number_range *range,
                         struct disc_table *t)
{
    struct guest_range all = {0, UINT64_MAX};
    u64 size = (u64)range->high - (u64)range->low + 1, at = t->at;
    if (range->strength != RANGE_STRONG || size > DISC_MAX_ENTRIES) return false;
    t->at += (u64)range->low << t->stride;
    t->count = count_entries(view, t, (u32)size, &all, true);
    t->bounded = t->count == size;
    if (!t->bounded) t->at = at;
    return t->bounded;
}

/* Entries from the label on, as many as look right; no more than the index's type has. */
static bool read_unbounded(const struct disc_view *view, u64 pc, const struct slice *s,
                           struct disc_table *t)
{
    struct guest_range within = {0, UINT64_MAX};
    u64 max = MAX_UNBOUNDED;
    if (s->range.strength) {
        u64 last = t->at + ((u64)s->range.high << t->stride);
        u64 size = ((last - s->entry.label) >> t->stride) + 1;
        if (size < max) max = size;
    }
    t->at = s->entry.label;
    if (t->size < 8) within = view->function(view->context, pc);
    t->count = count_entries(view, t, (u32)max, &within, false);
    return t->count > 0;
}

static bool read_pieces(const struct disc_view *view, const struct number_range *range,
                        struct disc_table *t)
{
    if (range->strength != RANGE_STRONG || range->high - range->low >= MAX_PIECES) return false;
    t->base = target_of(t, (u64)range->low << t->stride);
    t->count = (u32)(range->high - range->low + 1);
    t->bounded = true;
    for (u32 n = 0; n < t->count; n++)
        if (!may_lead_to(view, target_of(t, (u64)n << t->stride))) return false;
    return true;
}

/* What the slice says, as a table. */
static bool read_slice(const struct disc_view *view, u64 pc, const struct slice *slice,
                       struct disc_table *out)
{
    struct value v = slice->value;
    *out = (struct disc_table){.base = v.base, .negative = v.negative};
    if (!v.number) {
        out->count = 1;
        out->bounded = true;
        return v.placed && may_lead_to(view, v.base);
    }
    if (slice->range.strength &&
        (slice->range.low > slice->range.high || slice->range.low < INT32_MIN))
        return false;
    if (!slice->entry.size) {
        out->stride = v.shift;
        return v.placed && read_pieces(view, &slice->range, out);
    }
    if (!v.placed && (slice->entry.size < 8 || v.base || v.shift)) return false;
    out->at = slice->entry.at;
    out->size = slice->entry.size;
    out->stride = slice->entry.stride;
    out->shift = v.shift;
    out->is_signed = v.is_signed;
    return read_bounded(view, &slice->range, out) || read_unbounded(view, pc, slice, out);
}

bool disc_find_table(const struct disc_view *view, u64 pc, struct disc_table *out)
{
    u32 word;
    struct slice s;
    struct disc_table table;
    bool found = false;
    if (view->code.read(view->code.context, pc, &word, 1) != 1) return false;
    if (a64_row_flow[a64_decode(word)] != A64_FLOW_INDIRECT) return false;
    for (unsigned detour = 0; detour <= DETOURS; detour++) {
        if (!disc_slice(view, pc, a64_rn(word), detour, &s)) break;
        if (!read_slice(view, pc, &s, &table) || (found && !table.bounded)) continue;
        *out = table;
        found = true;
        if (table.bounded) break;
    }
    return found;
}
