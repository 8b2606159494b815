/*
 * An image's index. A cluster's bits are:
 *
 *     regions less one                                                   golomb(2)
 *     for each region:
 *       words from the last region's start                               golomb(5); the first: 0
 *       code from there, less GROWTH for each word, zigzag               golomb(7); the first: 0
 *       entries                                                          golomb(2)
 *       bits that follow for them                                        golomb(5)
 *       for each entry, in the order of code:
 *         1: the region's start (first only)
 *         0 1: words back from the last entry, or from the region's start    golomb(4)
 *           code from the last entry                                         golomb(5)
 *         0 0: words forward, less one                                       golomb(2)
 *           code from the last entry, less GROWTH for each word, zigzag      golomb(5)
 *
 * The parameters are those with which the images of Debian's largest libraries are smallest.
 */
#include "aot/abi/image_index.h"

#include <string.h>

#define GROWTH 10 /* bytes of code for a word of the guest's */

enum {
    K_REGIONS = 2,
    K_REGION_PC = 5,
    K_REGION_CODE = 7,
    K_ENTRIES = 2,
    K_ENTRY_BITS = 5,
    K_BACK = 4,
    K_BACK_CODE = 5,
    K_FORWARD = 2,
    K_FORWARD_CODE = 5,
    LENGTH_MAX = 31, /* set bits before a number */
    WINDOW = 56,
    REGION_BITS_MAX = 7 + 5 * 64,
    ENTRY_BITS_MAX = 2 + 2 * 64,
};

/* --- reading ------------------------------------------------------------------------------------
 */

static const struct image_header *header_of(const u8 *base)
{
    return (const void *)(base + IMAGE_HEADER_AT);
}

static const u32 *table(const u8 *base, u32 at)
{
    return (const u32 *)(const void *)(base + at);
}

/* The next 56 bits or more, the first the lowest; what is behind the end is anything (the index has
 * room behind it: INDEX_SLACK). */
static u64 look(const struct index_cursor *c)
{
    u64 window;
    memcpy(&window, c->bits + c->bit / 8, 8);
    return window >> c->bit % 8;
}

static void skip(struct index_cursor *c, unsigned bits)
{
    c->bit += bits;
    if (c->bit <= c->end_bit) return;
    c->failed = true;
    c->bit = c->end_bit;
}

static u32 get_bits(struct index_cursor *c, unsigned bits)
{
    u32 number = (u32)(look(c) & ((UINT64_C(1) << bits) - 1));
    skip(c, bits);
    return number;
}

static u32 get_golomb(struct index_cursor *c, unsigned k)
{
    u64 window = look(c);
    unsigned length = (unsigned)__builtin_ctzll(~window | UINT64_C(1) << LENGTH_MAX);
    if (length == LENGTH_MAX) c->failed = true;
    window >>= length + 1;
    if (2 * length + 1 + k > WINDOW) { /* numbers of more than 24 bits, which are hardly any */
        skip(c, length + 1);
        u32 high = (1u << length | get_bits(c, length)) - 1;
        return high << k | get_bits(c, k);
    }
    skip(c, 2 * length + 1 + k);
    u32 high = (u32)(1u << length | (window & ((UINT64_C(1) << length) - 1))) - 1;
    return high << k | (u32)(window >> length & ((UINT64_C(1) << k) - 1));
}

static u32 get_signed(struct index_cursor *c, unsigned k)
{
    u32 zigzag = get_golomb(c, k);
    return zigzag >> 1 ^ -(zigzag & 1);
}

void index_start(struct index_cursor *c, const u8 *base, u32 n, u32 count)
{
    *c = (struct index_cursor){
        .base = base, .bits = base + header_of(base)->index, .cluster = n, .clusters = count};
}

/* Opens the next cluster. */
static bool next_cluster(struct index_cursor *c)
{
    const struct image_header *h = header_of(c->base);
    if (!c->clusters) return false;
    const u32 *at = table(c->base, h->cluster_at) + c->cluster;
    if (at[0] > at[1] || at[1] > h->index_size) return false;
    c->bit = UINT64_C(8) * at[0];
    c->end_bit = UINT64_C(8) * at[1];
    c->region.pc = table(c->base, h->cluster_pc)[c->cluster];
    c->region.code = table(c->base, h->cluster_code)[c->cluster];
    c->regions_left = get_golomb(c, K_REGIONS) + 1;
    c->cluster++;
    c->clusters--;
    return true;
}

bool index_next_region(struct index_cursor *c)
{
    if (c->entries_left) {
        c->bit = c->entries_end;
        c->entries_left = 0;
    }
    if (c->failed || (!c->regions_left && !next_cluster(c))) return false;
    c->regions_left--;
    u32 words = get_golomb(c, K_REGION_PC);
    c->region.pc += words;
    c->region.code += GROWTH * words + get_signed(c, K_REGION_CODE);
    c->entries_left = get_golomb(c, K_ENTRIES);
    u32 bits = get_golomb(c, K_ENTRY_BITS);
    c->entries_end = c->bit + bits;
    if (c->entries_end > c->end_bit) c->failed = true;
    c->entry = c->region;
    c->first = true;
    return !c->failed;
}

static void read_entry(struct index_cursor *c)
{
    bool first = c->first;
    c->first = false;
    if (first && get_bits(c, 1)) return;
    if (get_bits(c, 1)) {
        c->entry.pc -= get_golomb(c, K_BACK);
        c->entry.code += get_golomb(c, K_BACK_CODE);
    } else {
        u32 words = get_golomb(c, K_FORWARD) + 1;
        c->entry.pc += words;
        c->entry.code += GROWTH * words + get_signed(c, K_FORWARD_CODE);
    }
}

bool index_next_entry(struct index_cursor *c)
{
    const struct image_header *h = header_of(c->base);
    if (c->failed || !c->entries_left) return false;
    c->entries_left--;
    read_entry(c);
    if (c->entry.code >= h->text_size || c->entry.pc >= h->code_words) c->failed = true;
    return !c->failed;
}

u32 index_last_of(const u32 *numbers, u32 count, u32 number)
{
    u32 low = 0, high = count;
    while (high - low > 1) {
        u32 middle = (low + high) / 2;
        if (numbers[middle] <= number)
            low = middle;
        else
            high = middle;
    }
    return low;
}

bool index_cluster_of_pc(const u8 *base, bool hot, u32 pc, u32 *cluster)
{
    const struct image_header *h = header_of(base);
    u32 first = hot ? 0 : h->hot_clusters;
    u32 count = hot ? h->hot_clusters : h->cluster_count - first;
    *cluster = first + index_last_of(table(base, h->cluster_pc) + first, count, pc);
    return count;
}

static u32 find_among(const u8 *base, bool hot, u32 pc)
{
    struct index_cursor c, in;
    u32 cluster;
    if (!index_cluster_of_pc(base, hot, pc, &cluster)) return UINT32_MAX;
    index_start(&c, base, cluster, 1);
    in = c;
    while (index_next_region(&c) && c.region.pc <= pc) in = c;
    while (index_next_entry(&in))
        if (in.entry.pc == pc) return in.entry.code;
    return UINT32_MAX;
}

u32 index_find(const u8 *base, u32 pc)
{
    u32 code = find_among(base, true, pc);
    return code != UINT32_MAX ? code : find_among(base, false, pc);
}

u32 index_cluster_of_code(const u8 *base, u32 offset)
{
    const struct image_header *h = header_of(base);
    return index_last_of(table(base, h->cluster_code), h->cluster_count, offset);
}

bool index_region_of_code(const u8 *base, u32 offset, struct index_place *region, u32 *end)
{
    const struct image_header *h = header_of(base);
    struct index_cursor c;
    bool found = false;
    if (!h->cluster_count) return false;
    u32 n = index_cluster_of_code(base, offset);
    index_start(&c, base, n, 1);
    *end = n + 1 < h->cluster_count ? table(base, h->cluster_code)[n + 1] : h->text_size;
    while (index_next_region(&c)) {
        if (c.region.code > offset) {
            *end = c.region.code;
            break;
        }
        *region = c.region;
        found = true;
    }
    return found && offset < *end && *end <= h->text_size;
}

/* --- writing ------------------------------------------------------------------------------------
 */

u64 index_room(u64 regions, u64 entries)
{
    return (REGION_BITS_MAX * regions + ENTRY_BITS_MAX * entries) / 8 + INDEX_SLACK;
}

static void put_bits(struct index_writer *w, u64 bits, unsigned count)
{
    for (unsigned n = 0; n < count; n++, w->bit++)
        if (w->bytes) w->bytes[w->bit / 8] |= (u8)((bits >> n & 1) << w->bit % 8);
}

static void put_golomb(struct index_writer *w, unsigned k, u32 number)
{
    u32 high = (number >> k) + 1;
    unsigned length = 31 - (unsigned)__builtin_clz(high);
    put_bits(w, (UINT64_C(1) << length) - 1, length + 1);
    put_bits(w, high, length);
    put_bits(w, number, k);
}

static void put_signed(struct index_writer *w, unsigned k, u32 number)
{
    put_golomb(w, k, number << 1 ^ (u32)((s32)number >> 31));
}

u32 index_write_cluster(struct index_writer *w, u32 regions, struct index_place place)
{
    w->bit = ALIGN_UP(w->bit, UINT64_C(8));
    w->region = place;
    u32 at = (u32)(w->bit / 8);
    put_golomb(w, K_REGIONS, regions - 1);
    return at;
}

static void write_entry(struct index_writer *w, struct index_place entry)
{
    struct index_place last = w->entry;
    bool first = w->first, start = entry.pc == last.pc && entry.code == last.code;
    w->first = false;
    w->entry = entry;
    if (first) put_bits(w, start, 1);
    if (first && start) return;
    put_bits(w, entry.pc <= last.pc, 1);
    if (entry.pc <= last.pc) {
        put_golomb(w, K_BACK, last.pc - entry.pc);
        put_golomb(w, K_BACK_CODE, entry.code - last.code);
        return;
    }
    u32 words = entry.pc - last.pc;
    put_golomb(w, K_FORWARD, words - 1);
    put_signed(w, K_FORWARD_CODE, entry.code - last.code - GROWTH * words);
}

static void write_entries(struct index_writer *w, struct index_place region,
                          const struct index_place *entry, u32 count)
{
    w->region = w->entry = region;
    w->first = true;
    for (u32 n = 0; n < count; n++) write_entry(w, entry[n]);
}

void index_write_region(struct index_writer *w, struct index_place region,
                        const struct index_place *entry, u32 count)
{
    u32 words = region.pc - w->region.pc;
    struct index_writer measured = {.bytes = NULL};
    write_entries(&measured, region, entry, count);
    put_golomb(w, K_REGION_PC, words);
    put_signed(w, K_REGION_CODE, region.code - w->region.code - GROWTH * words);
    put_golomb(w, K_ENTRIES, count);
    put_golomb(w, K_ENTRY_BITS, (u32)measured.bit);
    write_entries(w, region, entry, count);
}
