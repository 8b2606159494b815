/*
 * From translations to the bytes of an image: regions in the order of their guest addresses, their
 * links bound to cells, tables in front of the code. Nothing here depends on anything but the
 * translations, so that an image made again is the same byte for byte.
 */
#include "aot/image/build.h"

#include <stdlib.h>
#include <string.h>

#include "aot/image/unwind.h"
#include "aot/xlat.h"

#define PAGE      4096u
#define REACH     (UINT64_C(64) << 20)  /* how far outside the module code may point */
#define MAX_BYTES (UINT64_C(896) << 20) /* of an image: all of it reaches all of its module */
#define FAR       (UINT64_C(2) << 30)   /* a fixed module's image ends before that: room for brk */
#define NEAR      (UINT64_C(64) << 10)  /* the others are this far apart, and aligned to it */
#define PADDING   0xcc                  /* INT3 */

struct image_region {
    u64 pc;
    u8 *code;
    u8 *side;
    struct reloc *reloc; /* RELOC_LINK: value is the target's guest address; RELOC_CELL: the number
                            of one of the region's caches */
    struct code_step *step;
    u32 code_size, code_align, side_size, reloc_count, step_count;
    u32 insts;
    bool has_fp;
    u32 at;     /* offset in text */
    u32 caches; /* of its own; then the number of its first */
};

struct image_entry {
    u64 pc;
    u32 region; /* as it was put in; then in the order of the regions' addresses */
    u32 offset; /* in the region's code */
    u8 evidence;
    u32 door; /* offset in text of where links lead: the code, or a jump through its cell */
};

void image_begin(struct image_builder *b, struct arena *arena, const struct image_module *module)
{
    *b = (struct image_builder){.arena = arena, .module = *module};
}

static bool is_in_reach(const struct image_builder *b, u64 pc)
{
    return pc + REACH - b->module.low < b->module.span + 2 * REACH;
}

static bool is_in_code(const struct image_builder *b, u64 pc)
{
    return pc >= b->module.code_low && pc < b->module.code_high && pc % 4 == 0;
}

/* Of the translation's first n cells those that are inline caches. */
static u32 caches_before(const struct translation *t, u64 n)
{
    u32 count = 0;
    for (u64 k = 0; k < n; k++) count += t->cells[k].target == CELL_RECORD;
    return count;
}

static bool copy_relocs(const struct image_builder *b, const struct translation *t,
                        struct reloc *out)
{
    for (u32 n = 0; n < t->reloc_count; n++) {
        out[n] = t->relocs[n];
        bool is_link = out[n].kind == RELOC_LINK;
        if (out[n].kind == RELOC_CELL) {
            out[n].value = caches_before(t, out[n].value);
            continue;
        }
        if (is_link) out[n].value = t->cells[out[n].value].target;
        if (is_link ? !is_in_code(b, out[n].value) : !is_in_reach(b, out[n].value)) return false;
    }
    return true;
}

static void *copy(struct arena *arena, const void *data, size_t size)
{
    return size ? memcpy(arena_alloc(arena, size), data, size) : NULL;
}

/* Room for one more of an array that lives in the arena. */
static void *grown(struct arena *arena, void *array, u32 count, u32 *max, size_t size)
{
    if (count < *max) return array;
    u32 more = *max ? 2 * *max : 1024;
    void *bigger = arena_alloc(arena, more * size);
    if (count) memcpy(bigger, array, count * size);
    *max = more;
    return bigger;
}

static void add_entries(struct image_builder *b, const struct translation *t, const s8 *evidence)
{
    for (u32 n = 0; n < t->entry_count; n++) {
        if (evidence[n] < 0) continue;
        b->entry = grown(b->arena, b->entry, b->entry_count, &b->entry_max, sizeof *b->entry);
        b->entry[b->entry_count++] = (struct image_entry){.pc = t->entries[n].pc,
                                                          .region = b->region_count,
                                                          .offset = t->entries[n].offset,
                                                          .evidence = (u8)evidence[n]};
    }
}

bool image_add(struct image_builder *b, const struct translation *t, const s8 *evidence)
{
    struct reloc *reloc = arena_alloc(b->arena, t->reloc_count * sizeof *reloc);
    for (u32 n = 0; n < t->entry_count; n++)
        if (!is_in_code(b, t->entries[n].pc)) return false;
    if (!copy_relocs(b, t, reloc)) return false;
    add_entries(b, t, evidence);
    b->region = grown(b->arena, b->region, b->region_count, &b->region_max, sizeof *b->region);
    b->region[b->region_count] =
        (struct image_region){.pc = t->entries[0].pc,
                              .at = b->region_count,
                              .code = copy(b->arena, t->code, t->code_size),
                              .side = copy(b->arena, t->side, t->side_size),
                              .reloc = reloc,
                              .step = copy(b->arena, t->steps, t->step_count * sizeof *t->steps),
                              .step_count = t->step_count,
                              .reloc_count = t->reloc_count,
                              .code_size = t->code_size,
                              .code_align = t->code_align,
                              .side_size = t->side_size,
                              .insts = t->insn_count,
                              .has_fp = t->has_fp,
                              .caches = caches_before(t, t->cell_count)};
    b->region_count++;
    return true;
}

/* --- layout -------------------------------------------------------------------------------------
 */

struct layout {
    struct image_builder *b;
    struct image_header *h;
    u64 *external; /* guest addresses, ascending */
    u32 external_count;
    u8 *bytes;
    u64 at; /* next free offset */
    u32 site_count, cell_count, cache_count;
    u32 stub_size, jump_size; /* of a link stub, a jump through a cell */
    u32 stubs;                /* offset in text of externals' stubs, behind the cells' jumps */
};

/* One that was put in before another starts where it does comes first. */
static int by_place(const void *a, const void *b)
{
    const struct image_region *x = a, *y = b;
    if (x->pc != y->pc) return x->pc < y->pc ? -1 : 1;
    return x->at < y->at ? -1 : x->at > y->at;
}

static int by_pc(const void *a, const void *b)
{
    const struct image_entry *x = a, *y = b;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static int by_value(const void *a, const void *b)
{
    u64 x = *(const u64 *)a, y = *(const u64 *)b;
    return x < y ? -1 : x > y;
}

/* The entry at pc, or -1. */
static s64 entry_at(const struct image_builder *b, u64 pc)
{
    struct image_entry key = {.pc = pc};
    const struct image_entry *e = bsearch(&key, b->entry, b->entry_count, sizeof key, by_pc);
    return e ? e - b->entry : -1;
}

static bool has_cell(const struct image_builder *b, const struct image_entry *e)
{
    return b->region[e->region].has_fp;
}

/* Regions in the order of their addresses, entries likewise. */
static void sort(struct image_builder *b)
{
    u32 *place = arena_alloc(b->arena, b->region_count * sizeof *place);
    qsort(b->region, b->region_count, sizeof *b->region, by_place);
    qsort(b->entry, b->entry_count, sizeof *b->entry, by_pc);
    for (u32 n = 0; n < b->region_count; n++) place[b->region[n].at] = n;
    for (u32 n = 0; n < b->entry_count; n++) b->entry[n].region = place[b->entry[n].region];
}

/* Guest addresses that exits lead to and that are no entries; and counts. */
static void find_externals(struct layout *l)
{
    struct image_builder *b = l->b;
    size_t count = 0, kept = 0;
    for (u32 n = 0; n < b->region_count; n++) count += b->region[n].reloc_count;
    for (u32 n = 0; n < b->entry_count; n++) l->cell_count += has_cell(b, &b->entry[n]);
    l->external = arena_alloc(b->arena, count * sizeof *l->external);
    count = 0;
    for (u32 n = 0; n < b->region_count; n++)
        for (u32 k = 0; k < b->region[n].reloc_count; k++) {
            const struct reloc *r = &b->region[n].reloc[k];
            l->site_count += r->kind == RELOC_GUEST;
            if (r->kind == RELOC_LINK && entry_at(b, r->value) < 0) l->external[count++] = r->value;
        }
    qsort(l->external, count, sizeof *l->external, by_value);
    for (size_t n = 0; n < count; n++)
        if (!n || l->external[n] != l->external[n - 1]) l->external[kept++] = l->external[n];
    l->external_count = (u32)kept;
}

/* The externals' are the first. */
static void number_caches(struct layout *l)
{
    l->cache_count = l->external_count;
    for (u32 n = 0; n < l->b->region_count; n++) {
        u32 own = l->b->region[n].caches;
        l->b->region[n].caches = l->cache_count;
        l->cache_count += own;
    }
}

/* Room for `size` bytes at an offset that is a multiple of `align`. */
static u32 take(struct layout *l, u64 size, u64 align)
{
    l->at = ALIGN_UP(l->at, align);
    u64 at = l->at;
    l->at += size;
    return (u32)at;
}

static u64 side_total(const struct image_builder *b)
{
    u64 size = 0;
    for (u32 n = 0; n < b->region_count; n++) size += b->region[n].side_size;
    return size;
}

/* Bytes of code: regions, behind them jumps through cells and stubs. */
static u64 place_regions(struct layout *l)
{
    struct image_builder *b = l->b;
    u64 at = 0;
    for (u32 n = 0; n < b->region_count; n++) {
        at = ALIGN_UP(at, (u64)b->region[n].code_align);
        b->region[n].at = (u32)at;
        at += b->region[n].code_size;
    }
    l->h->text_size = (u32)at;
    for (u32 n = 0; n < b->entry_count; n++) {
        struct image_entry *e = &b->entry[n];
        e->door = has_cell(b, e) ? (u32)at : b->region[e->region].at + e->offset;
        if (has_cell(b, e)) at += l->jump_size;
    }
    l->stubs = (u32)at;
    return at + (u64)l->external_count * l->stub_size;
}

/* Gives every part its place. False: too big. */
static bool place(struct layout *l)
{
    struct image_builder *b = l->b;
    struct image_header *h = l->h;
    u64 words = (b->module.code_high - b->module.code_low) / 4, bit_words = (words + 63) / 64;
    u64 side = side_total(b), code = place_regions(l);
    if (code + side + words > MAX_BYTES) return false;
    h->code_words = (u32)words;
    h->entry_count = b->entry_count;
    h->region_count = b->region_count;
    h->cell_count = l->cell_count;
    h->external_count = l->external_count;
    h->cache_count = l->cache_count;
    h->site_count = l->site_count + l->external_count;
    l->at = IMAGE_HEADER_AT + sizeof *h;
    h->bits = take(l, 8 * bit_words, 8);
    h->ranks = take(l, 4 * bit_words, 4);
    h->entry_code = take(l, 4 * (u64)b->entry_count, 4);
    h->region_code = take(l, 4 * ((u64)b->region_count + 1), 4);
    h->region_pc = take(l, 4 * (u64)b->region_count, 4);
    h->region_side = take(l, 4 * ((u64)b->region_count + 1), 4);
    h->cell_entry = take(l, 4 * (u64)l->cell_count, 4);
    h->external_pc = take(l, 4 * (u64)l->external_count, 4);
    h->sites = take(l, 4 * (u64)h->site_count, 4);
    h->evidence = take(l, b->entry_count, 1);
    h->side = take(l, side, 1);
    h->side_size = (u32)side;
    h->unwind = take(l, UNWIND_SIZE, 8);
    h->text = take(l, code, PAGE);
    h->map_size = (u32)ALIGN_UP(l->at, (u64)PAGE);
    h->cells = h->map_size;
    h->caches = h->cells + 8 * h->cell_count;
    h->total_size = (u32)ALIGN_UP(h->caches + 8 * (u64)h->cache_count, (u64)PAGE);
    u64 size = ALIGN_UP((u64)h->total_size, NEAR);
    b->distance = b->module.fixed ? (s64)(FAR - 2 * REACH - size) : -(s64)(size + NEAR);
    h->distance = b->distance;
    return b->module.span + h->total_size <= MAX_BYTES;
}

/* --- contents -----------------------------------------------------------------------------------
 */

static u32 *table(const struct layout *l, u32 at)
{
    return (u32 *)(void *)(l->bytes + at);
}

static void fill_bits(const struct layout *l)
{
    u64 *bit = (u64 *)(void *)(l->bytes + l->h->bits);
    u32 *rank = table(l, l->h->ranks), before = 0;
    for (u32 n = 0; n < l->b->entry_count; n++) {
        u64 word = (l->b->entry[n].pc - l->b->module.code_low) / 4;
        bit[word / 64] |= UINT64_C(1) << word % 64;
    }
    for (u64 n = 0; n < (l->h->code_words + UINT64_C(63)) / 64; n++) {
        rank[n] = before;
        before += (u32)__builtin_popcountll(bit[n]);
    }
}

static void fill_regions(const struct layout *l)
{
    const struct image_builder *b = l->b;
    u8 *side = l->bytes + l->h->side;
    u32 *code = table(l, l->h->region_code), *pc = table(l, l->h->region_pc);
    u32 *side_at = table(l, l->h->region_side), at = 0;
    for (u32 n = 0; n < b->region_count; n++) {
        const struct image_region *r = &b->region[n];
        code[n] = r->at;
        pc[n] = (u32)((r->pc - b->module.code_low) / 4);
        side_at[n] = at;
        memcpy(side + at, r->side, r->side_size);
        at += r->side_size;
    }
    code[b->region_count] = l->h->text_size;
    side_at[b->region_count] = at;
}

static void fill_entries(const struct layout *l)
{
    const struct image_builder *b = l->b;
    u32 *code = table(l, l->h->entry_code);
    u8 *evidence = l->bytes + l->h->evidence;
    for (u32 n = 0; n < b->entry_count; n++) {
        code[n] = b->region[b->entry[n].region].at + b->entry[n].offset;
        evidence[n] = b->entry[n].evidence;
    }
}

static void put_distance(const struct layout *l, u32 field, u8 tail, u64 to)
{
    s32 distance = (s32)(to - (field + UINT64_C(4) + tail));
    memcpy(l->bytes + field, &distance, 4);
}

/* Guest addresses as the image sees them: relative to its own start. */
static u64 guest_place(const struct layout *l, u64 pc)
{
    return pc - l->b->module.low - (u64)l->b->distance;
}

static u32 external_number(const struct layout *l, u64 pc)
{
    const u64 *found = bsearch(&pc, l->external, l->external_count, sizeof pc, by_value);
    return (u32)(found - l->external);
}

/* Where a link to pc leads: offset in the image. */
static u64 link_place(const struct layout *l, u64 pc)
{
    s64 entry = entry_at(l->b, pc);
    return l->h->text + (entry >= 0 ? l->b->entry[entry].door
                                    : l->stubs + external_number(l, pc) * l->stub_size);
}

static u64 cache_place(const struct layout *l, u64 n)
{
    return l->h->caches + 8 * n;
}

static void fill_code(const struct layout *l, u32 *site)
{
    for (u32 n = 0; n < l->b->region_count; n++) {
        const struct image_region *r = &l->b->region[n];
        u32 at = l->h->text + r->at;
        memcpy(l->bytes + at, r->code, r->code_size);
        for (u32 k = 0; k < r->reloc_count; k++) {
            const struct reloc *reloc = &r->reloc[k];
            u64 to = reloc->kind == RELOC_LINK   ? link_place(l, reloc->value)
                     : reloc->kind == RELOC_CELL ? cache_place(l, r->caches + reloc->value)
                                                 : guest_place(l, reloc->value);
            put_distance(l, at + reloc->offset, reloc->tail, to);
            if (reloc->kind == RELOC_GUEST) *site++ = r->at + reloc->offset;
        }
    }
}

/* The doors of entries with cells. They and the stubs come behind the code: they are no entries,
 * and no side table tells of them. */
static void fill_doors(const struct layout *l)
{
    u32 *cell_entry = table(l, l->h->cell_entry), cell = 0;
    for (u32 n = 0; n < l->b->entry_count; n++) {
        const struct image_entry *e = &l->b->entry[n];
        u32 cell_at, at = l->h->text + e->door;
        if (!has_cell(l->b, e)) continue;
        xlat_cell_jump(l->bytes + at, XLAT_STUB_SIZE, &cell_at);
        put_distance(l, at + cell_at, 0, l->h->cells + 8 * (u64)cell);
        cell_entry[cell++] = n;
    }
}

static void fill_stubs(const struct layout *l, u32 *site)
{
    u32 *pc = table(l, l->h->external_pc);
    for (u32 n = 0; n < l->external_count; n++) {
        u32 cell_at[2], guest_at, at = l->h->text + l->stubs + n * l->stub_size;
        xlat_link_stub(l->bytes + at, XLAT_STUB_SIZE, cell_at, &guest_at);
        for (unsigned k = 0; k < 2; k++) put_distance(l, at + cell_at[k], 0, cache_place(l, n));
        put_distance(l, at + guest_at, 0, guest_place(l, l->external[n]));
        pc[n] = (u32)((l->external[n] - l->b->module.code_low) / 4);
        *site++ = at + guest_at - l->h->text;
    }
}

static void measure_stubs(struct layout *l)
{
    u8 scratch[XLAT_STUB_SIZE];
    u32 unused, two[2];
    l->stub_size = xlat_link_stub(scratch, sizeof scratch, two, &unused);
    l->jump_size = xlat_cell_jump(scratch, sizeof scratch, &unused);
}

bool image_lay_out(struct image_builder *b, struct image_header *header, u8 **bytes)
{
    struct layout l = {.b = b, .h = header};
    *header = (struct image_header){.format = IMAGE_FORMAT,
                                    .header_size = sizeof *header,
                                    .module = b->module.digest,
                                    .module_size = b->module.size,
                                    .low = b->module.low,
                                    .span = b->module.span,
                                    .code_low = b->module.code_low};
    memcpy(header->magic, IMAGE_MAGIC, sizeof header->magic);
    sort(b);
    measure_stubs(&l);
    find_externals(&l);
    number_caches(&l);
    if (!place(&l)) return false;
    for (u32 n = 0; n < b->region_count; n++) header->guest_insts += b->region[n].insts;
    l.bytes = arena_alloc(b->arena, header->map_size + XLAT_STUB_SIZE);
    memset(l.bytes, 0, header->text);
    memset(l.bytes + header->text, PADDING, header->map_size + XLAT_STUB_SIZE - header->text);
    fill_bits(&l);
    fill_regions(&l);
    fill_entries(&l);
    u32 *sites = table(&l, header->sites);
    fill_code(&l, sites);
    fill_doors(&l);
    fill_stubs(&l, sites + l.site_count);
    image_unwind(l.bytes + header->unwind, header->unwind, header->text,
                 header->map_size - header->text);
    *bytes = l.bytes;
    return true;
}

void image_for_each_step(const struct image_builder *b, image_step_visitor *visit, void *context)
{
    for (u32 n = 0; n < b->region_count; n++) {
        const struct image_region *r = &b->region[n];
        for (u32 k = 0; k < r->step_count; k++)
            visit(context, r->at + r->step[k].offset, r->step[k].pc);
    }
}
