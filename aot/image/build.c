/*
 * From translations to the bytes of an image: regions in the order of their guest addresses, but
 * first those that a profile shows to be hot, so that runs touch few pages and lines; their links
 * bound to cells, tables in front of the code. Nothing here depends on anything but the
 * translations, so that an image made again is the same byte for byte.
 */
#include "aot/image/build.h"

#include <stdlib.h>
#include <string.h>

#include "aot/abi/image_index.h"
#include "aot/abi/sites.h"
#include "aot/image/layout.h"
#include "aot/image/unwind.h"
#include "aot/xlat.h"

#define PAGE      4096u
#define REACH     (UINT64_C(64) << 20)  /* how far outside the module code may point */
#define MAX_BYTES (UINT64_C(896) << 20) /* of an image: all of it reaches all of its module */
#define FAR       (UINT64_C(2) << 30)   /* a fixed module's image ends before that: room for brk */
#define NEAR      (UINT64_C(64) << 10)  /* the others are this far apart, and aligned to it */
#define PADDING   0xcc                  /* INT3 */
#define HOT_ALIGN 32                    /* of hot regions, at least; 64 gained no more */

/* Bytes for the table of sites, by that of code; and besides. */
#define SITES_SHARE 2048
#define SITES_ROOM  64

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
        if (out[n].kind == RELOC_FAILED) continue;
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

bool image_add(struct image_builder *b, const struct translation *t, const s8 *evidence, bool hot)
{
    struct reloc *reloc = arena_alloc(b->arena, t->reloc_count * sizeof *reloc);
    for (u32 n = 0; n < t->entry_count; n++)
        if (!is_in_code(b, t->entries[n].pc)) return false;
    if (!copy_relocs(b, t, reloc)) return false;
    for (u32 n = 0; n < t->guard_count; n++)
        if (!is_in_code(b, t->guards[n].pc) || !is_in_code(b, t->guards[n].to)) return false;
    add_entries(b, t, evidence);
    b->region = grown(b->arena, b->region, b->region_count, &b->region_max, sizeof *b->region);
    b->region[b->region_count] = (struct image_region){
        .pc = t->entries[0].pc,
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
        .hot = hot,
        .caches = caches_before(t, t->cell_count),
        .guard = copy(b->arena, t->guards, t->guard_count * sizeof *t->guards),
        .guard_count = t->guard_count};
    b->region_count++;
    b->hot_count += hot;
    return true;
}

/* --- layout -------------------------------------------------------------------------------------
 */

/* Hot ones come first; and one that was put in before another that starts where it does. */
static int by_place(const void *a, const void *b)
{
    const struct image_region *x = a, *y = b;
    if (x->hot != y->hot) return x->hot ? -1 : 1;
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

/* Keeps the entries that the index can say: those of the last region, hot or not as theirs, that
 * begins at or before them. (In practice no others are there.) */
static void keep_findable(struct image_builder *b)
{
    const u32 end[] = {b->hot_count, b->region_count};
    u32 kept = 0, last[] = {0, b->hot_count};
    for (u32 n = 0; n < b->entry_count; n++) {
        const struct image_entry *e = &b->entry[n];
        unsigned part = e->region >= b->hot_count;
        while (last[part] + 1 < end[part] && b->region[last[part] + 1].pc <= e->pc) last[part]++;
        if (e->region == last[part]) b->entry[kept++] = *e;
    }
    b->entry_count = kept;
}

/* Regions in the order that their code gets, entries in that of their addresses. */
static void sort(struct image_builder *b)
{
    u32 *place = arena_alloc(b->arena, b->region_count * sizeof *place);
    qsort(b->region, b->region_count, sizeof *b->region, by_place);
    qsort(b->entry, b->entry_count, sizeof *b->entry, by_pc);
    for (u32 n = 0; n < b->region_count; n++) place[b->region[n].at] = n;
    for (u32 n = 0; n < b->entry_count; n++) b->entry[n].region = place[b->entry[n].region];
    keep_findable(b);
}

/* Entries in the order of their code: by region, then by offset. */
static void order_by_code(struct layout *l)
{
    struct image_builder *b = l->b;
    u64 *key = arena_alloc(b->arena, b->entry_count * sizeof *key);
    l->by_code = arena_alloc(b->arena, b->entry_count * sizeof *l->by_code);
    for (u32 n = 0; n < b->region_count; n++) b->region[n].entry_count = 0;
    for (u32 n = 0; n < b->entry_count; n++) b->region[b->entry[n].region].entry_count++;
    for (u32 n = 0, first = 0; n < b->region_count; n++) {
        b->region[n].first_entry = first;
        first += b->region[n].entry_count;
        b->region[n].entry_count = 0;
    }
    for (u32 n = 0; n < b->entry_count; n++) {
        struct image_region *r = &b->region[b->entry[n].region];
        key[r->first_entry + r->entry_count++] = (u64)b->entry[n].offset << 32 | n;
    }
    for (u32 n = 0; n < b->region_count; n++)
        qsort(key + b->region[n].first_entry, b->region[n].entry_count, sizeof *key, by_value);
    for (u32 n = 0; n < b->entry_count; n++) l->by_code[n] = (u32)key[n];
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

static void number_guards(struct layout *l)
{
    for (u32 n = 0; n < l->b->region_count; n++) {
        l->b->region[n].first_guard = l->guard_count;
        l->guard_count += l->b->region[n].guard_count;
    }
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

/* Bytes of code: regions, behind them jumps through cells and stubs. */
static u64 place_regions(struct layout *l)
{
    struct image_builder *b = l->b;
    u64 at = 0;
    for (u32 n = 0; n < b->region_count; n++) {
        u32 align = b->region[n].code_align;
        if (b->region[n].hot && align < HOT_ALIGN) align = HOT_ALIGN;
        at = ALIGN_UP(at, (u64)align);
        b->region[n].at = (u32)at;
        at += b->region[n].code_size;
    }
    l->h->text_size = (u32)at;
    for (u32 n = 0; n < b->entry_count; n++) {
        struct image_entry *e = &b->entry[l->by_code[n]];
        e->door = has_cell(b, e) ? (u32)at : b->region[e->region].at + e->offset;
        if (has_cell(b, e)) at += l->jump_size;
    }
    l->stubs = (u32)at;
    return at + (u64)l->external_count * l->stub_size;
}

/* Gives the tables their places. */
static void place_tables(struct layout *l)
{
    struct image_header *h = l->h;
    l->at = IMAGE_HEADER_AT + sizeof *h;
    h->cluster_count = l->cluster_count;
    h->hot_clusters = l->hot_clusters;
    h->cluster_pc = take(l, 4 * (u64)l->cluster_count, 4);
    h->cluster_code = take(l, 4 * (u64)l->cluster_count, 4);
    h->cluster_at = take(l, 4 * ((u64)l->cluster_count + 1), 4);
    h->side_groups = l->side_groups;
    h->side_code = take(l, 4 * (u64)l->side_groups, 4);
    h->side_at = take(l, 4 * ((u64)l->side_groups + 1), 4);
    h->cell_code = take(l, l->cell_code_size, 1);
    h->cell_code_size = (u32)l->cell_code_size;
    h->index = take(l, l->index_size + INDEX_SLACK, 1);
    h->index_size = (u32)l->index_size;
    h->side = take(l, l->side_size, 1);
    h->side_size = (u32)l->side_size;
    h->guards = take(l, (u64)l->guard_count * sizeof(struct image_guard), 4);
    h->unwind = take(l, UNWIND_SIZE, 8);
}

/* Gives every part its place. False: too big. */
static bool place(struct layout *l)
{
    struct image_builder *b = l->b;
    struct image_header *h = l->h;
    h->code_words = (u32)((b->module.code_high - b->module.code_low) / 4);
    h->entry_count = b->entry_count;
    h->region_count = b->region_count;
    h->cell_count = l->cell_count;
    h->external_count = l->external_count;
    h->cache_count = l->cache_count;
    h->guard_count = l->guard_count;
    place_tables(l);
    h->text = take(l, l->code_size, PAGE);
    h->sites = take(l, l->site_room, 1);
    h->map_size = (u32)ALIGN_UP(l->at, (u64)PAGE);
    h->cells = h->map_size;
    h->caches = h->cells + 8 * h->cell_count;
    h->failed = h->caches + 8 * h->cache_count;
    h->total_size = (u32)ALIGN_UP(h->failed + 8 * (u64)h->guard_count, (u64)PAGE);
    u64 size = ALIGN_UP((u64)h->total_size, NEAR);
    b->distance = b->module.fixed ? (s64)(FAR - 2 * REACH - size) : -(s64)(size + NEAR);
    h->distance = b->distance;
    return b->module.span + h->total_size <= MAX_BYTES;
}

/* --- contents -----------------------------------------------------------------------------------
 */

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

static void fill_regions(const struct layout *l, u32 *site)
{
    for (u32 n = 0; n < l->b->region_count; n++) {
        const struct image_region *r = &l->b->region[n];
        u32 at = l->h->text + r->at;
        memcpy(l->bytes + at, r->code, r->code_size);
        for (u32 k = 0; k < r->reloc_count; k++) {
            const struct reloc *reloc = &r->reloc[k];
            u64 to = reloc->kind == RELOC_LINK   ? link_place(l, reloc->value)
                     : reloc->kind == RELOC_CELL ? cache_place(l, r->caches + reloc->value)
                     : reloc->kind == RELOC_FAILED
                         ? l->h->failed + 8 * (r->first_guard + reloc->value)
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
    u32 cell = 0;
    for (u32 n = 0; n < l->b->entry_count; n++) {
        const struct image_entry *e = &l->b->entry[l->by_code[n]];
        u32 cell_at, at = l->h->text + e->door;
        if (!has_cell(l->b, e)) continue;
        xlat_cell_jump(l->bytes + at, XLAT_STUB_SIZE, &cell_at);
        put_distance(l, at + cell_at, 0, l->h->cells + 8 * (u64)cell++);
    }
}

static void fill_stubs(const struct layout *l, u32 *site)
{
    for (u32 n = 0; n < l->external_count; n++) {
        u32 cell_at[2], guest_at, at = l->h->text + l->stubs + n * l->stub_size;
        xlat_link_stub(l->bytes + at, XLAT_STUB_SIZE, cell_at, &guest_at);
        for (unsigned k = 0; k < 2; k++) put_distance(l, at + cell_at[k], 0, cache_place(l, n));
        put_distance(l, at + guest_at, 0, guest_place(l, l->external[n]));
        *site++ = at + guest_at - l->h->text;
    }
}

static int by_number(const void *a, const void *b)
{
    u32 x = *(const u32 *)a, y = *(const u32 *)b;
    return x < y ? -1 : x > y;
}

/* All that is executed. */
static void fill_code(const struct layout *l)
{
    u32 count = l->site_count + l->external_count;
    fill_regions(l, l->site);
    fill_doors(l);
    fill_stubs(l, l->site + l->site_count);
    qsort(l->site, count, sizeof *l->site, by_number);
}

/*
 * Lays out all parts and fills in the code and the table of its sites, whose size depends on how
 * the code looks, which depends a little on how far it is from the module, and so on all sizes. So
 * there is room for as many as are to be expected; if that is not enough, for more.
 */
static bool lay_out_code(struct layout *l)
{
    struct image_header *h = l->h;
    l->site_room = l->code_size / SITES_SHARE + SITES_ROOM;
    do {
        if (!place(l)) return false;
        l->bytes = arena_alloc(l->b->arena, h->map_size + XLAT_STUB_SIZE);
        memset(l->bytes, 0, h->text);
        memset(l->bytes + h->text, PADDING, l->code_size + XLAT_STUB_SIZE);
        fill_code(l);
        memset(l->bytes + h->sites, 0, h->map_size - h->sites);
        h->sites_size =
            sites_write(h, l->bytes + h->text, l->site, l->site_count + l->external_count,
                        l->bytes + h->sites, l->site_room);
        if (h->sites_size <= l->site_room) return true;
        l->site_room = h->sites_size + h->sites_size / 4;
    } while (l->site_room < MAX_BYTES);
    return false;
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
    order_by_code(&l);
    measure_stubs(&l);
    find_externals(&l);
    number_caches(&l);
    number_guards(&l);
    u64 code = place_regions(&l);
    if (code > MAX_BYTES || !image_make_tables(&l)) return false;
    l.code_size = (u32)code;
    l.site = arena_alloc(b->arena, ((u64)l.site_count + l.external_count) * sizeof *l.site);
    if (!lay_out_code(&l)) return false;
    for (u32 n = 0; n < b->region_count; n++) header->guest_insts += b->region[n].insts;
    for (u32 n = 0; n < b->entry_count; n++) header->entries_by[b->entry[n].evidence]++;
    image_put_tables(&l);
    image_unwind(l.bytes + header->unwind, header->unwind, header->text, l.code_size);
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

u32 image_entries_below(const struct image_builder *b, u64 pc)
{
    u32 low = 0, high = b->entry_count;
    while (low < high) {
        u32 middle = (low + high) / 2;
        if (b->entry[middle].pc < pc)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool image_entry_is_hot(const struct image_builder *b, u32 n)
{
    return b->region[b->entry[n].region].hot;
}

u32 image_entry_code(const struct image_builder *b, u32 n)
{
    return b->region[b->entry[n].region].at + b->entry[n].offset;
}

u32 image_entry_code_end(const struct image_builder *b, u32 n)
{
    u32 next = b->entry[n].region + 1;
    return next < b->region_count ? b->region[next].at
                                  : b->region[next - 1].at + b->region[next - 1].code_size;
}
