/*
 * What an image holds besides code: which regions and entries there are (image_index.h), the side
 * tables (sidepack.h), and where cells lead.
 */
#include "aot/image/layout.h"

#include <string.h>

#include "aot/abi/image_index.h"
#include "aot/abi/sidepack.h"

/* A cluster takes regions until it has so many entries: the more, the smaller the image and the
 * slower the search. */
#define CLUSTER_ENTRIES 12

/* Room for packed side tables beyond as much as they have unpacked. */
#define SIDE_ROOM 4096

/* --- index --------------------------------------------------------------------------------------
 */

static struct index_place place_of(const struct layout *l, u64 pc, u32 code)
{
    return (struct index_place){(u32)((pc - l->b->module.code_low) / 4), code};
}

/* `places`: room for its entries. */
static void put_region(const struct layout *l, struct index_writer *w, const struct image_region *r,
                       struct index_place *places)
{
    for (u32 n = 0; n < r->entry_count; n++) {
        u32 entry = l->by_code[r->first_entry + n];
        places[n] = place_of(l, l->b->entry[entry].pc, layout_code_of(l, entry));
    }
    index_write_region(w, place_of(l, r->pc, r->at), places, r->entry_count);
}

/* The region behind the cluster that begins with region n. */
static u32 cluster_end(const struct image_builder *b, u32 n)
{
    u32 behind = n < b->hot_count ? b->hot_count : b->region_count;
    for (u32 entries = 0; n < behind && entries < CLUSTER_ENTRIES; n++)
        entries += b->region[n].entry_count;
    return n;
}

static void make_index(struct layout *l)
{
    const struct image_builder *b = l->b;
    struct index_writer w = {0};
    u32 room = b->region_count + 1;
    w.bytes = arena_zalloc(b->arena, index_room(b->region_count, b->entry_count));
    struct index_place *places = arena_alloc(b->arena, (b->entry_count + 1) * sizeof(*places));
    l->cluster_pc = arena_alloc(b->arena, 3 * (size_t)room * sizeof(u32));
    l->cluster_code = l->cluster_pc + room;
    l->cluster_at = l->cluster_code + room;
    for (u32 n = 0, end; n < b->region_count; n = end) {
        struct index_place first = place_of(l, b->region[n].pc, b->region[n].at);
        end = cluster_end(b, n);
        l->hot_clusters += n < b->hot_count;
        l->cluster_pc[l->cluster_count] = first.pc;
        l->cluster_code[l->cluster_count] = first.code;
        l->cluster_at[l->cluster_count++] = index_write_cluster(&w, end - n, first);
        for (; n < end; n++) put_region(l, &w, &b->region[n], places);
    }
    l->index = w.bytes;
    l->index_size = (w.bit + 7) / 8;
    l->cluster_at[l->cluster_count] = (u32)l->index_size;
}

/* --- side tables --------------------------------------------------------------------------------
 */

static void pack_region(const struct layout *l, struct side_packer *p, const struct image_region *r,
                        struct arena *work)
{
    const struct image_builder *b = l->b;
    u32 *link = arena_alloc(work, r->reloc_count * sizeof *link), links = 0;
    struct entry *entry = arena_alloc(work, r->entry_count * sizeof *entry);
    for (u32 n = 0; n < r->reloc_count; n++)
        if (r->reloc[n].kind == RELOC_LINK) link[links++] = r->reloc[n].offset - 1;
    for (u32 n = 0; n < r->entry_count; n++) {
        const struct image_entry *e = &b->entry[l->by_code[r->first_entry + n]];
        entry[n] = (struct entry){e->pc, e->offset};
    }
    side_pack_region(p, &(struct side_region){.side = r->side,
                                              .side_size = r->side_size,
                                              .code = r->at,
                                              .pc = r->pc,
                                              .link = link,
                                              .link_count = links,
                                              .entry = entry,
                                              .entry_count = r->entry_count});
    arena_reset(work);
}

static bool make_side(struct layout *l)
{
    const struct image_builder *b = l->b;
    struct side_packer *p = arena_alloc(b->arena, sizeof *p);
    u64 room = SIDE_ROOM, groups = b->region_count + b->entry_count;
    struct arena work;
    for (u32 n = 0; n < b->region_count; n++) room += b->region[n].side_size;
    l->side = arena_alloc(b->arena, room);
    l->side_code = arena_alloc(b->arena, (2 * groups + 1) * sizeof(u32));
    l->side_at = l->side_code + groups;
    side_pack_start(p, l->side, room, l->side_code, l->side_at, (u32)groups);
    arena_init(&work);
    for (u32 n = 0; n < b->region_count; n++) pack_region(l, p, &b->region[n], &work);
    arena_free(&work);
    bool good = side_pack_end(p);
    l->side_groups = p->group_count;
    l->side_size = (u64)(p->out - l->side);
    l->side_at[l->side_groups] = (u32)l->side_size;
    return good;
}

/* --- cells --------------------------------------------------------------------------------------
 */

static u8 *put_leb(u8 *at, u32 number)
{
    for (; number >= 0x80; number >>= 7) *at++ = (u8)(number | 0x80);
    *at++ = (u8)number;
    return at;
}

static void make_cell_code(struct layout *l)
{
    const struct image_builder *b = l->b;
    u8 *at = arena_alloc(b->arena, 5 * (size_t)l->cell_count);
    u32 last = 0;
    l->cell_code = at;
    for (u32 n = 0; n < b->entry_count; n++) {
        u32 code = layout_code_of(l, l->by_code[n]);
        if (!b->region[b->entry[l->by_code[n]].region].has_fp) continue;
        at = put_leb(at, code - last);
        last = code;
    }
    l->cell_code_size = (u64)(at - l->cell_code);
}

/* --- all ----------------------------------------------------------------------------------------
 */

bool image_make_tables(struct layout *l)
{
    make_index(l);
    make_cell_code(l);
    return make_side(l);
}

void image_put_tables(const struct layout *l)
{
    const struct image_header *h = l->h;
    size_t clusters = l->cluster_count * sizeof(u32), groups = l->side_groups * sizeof(u32);
    memcpy(l->bytes + h->cluster_pc, l->cluster_pc, clusters);
    memcpy(l->bytes + h->cluster_code, l->cluster_code, clusters);
    memcpy(l->bytes + h->cluster_at, l->cluster_at, clusters + sizeof(u32));
    memcpy(l->bytes + h->index, l->index, l->index_size);
    memcpy(l->bytes + h->side_code, l->side_code, groups);
    memcpy(l->bytes + h->side_at, l->side_at, groups + sizeof(u32));
    memcpy(l->bytes + h->side, l->side, l->side_size);
    memcpy(l->bytes + h->cell_code, l->cell_code, l->cell_code_size);
    struct image_guard *guard = (struct image_guard *)(l->bytes + h->guards);
    for (u32 n = 0; n < l->b->region_count; n++) {
        const struct image_region *r = &l->b->region[n];
        for (u32 k = 0; k < r->guard_count; k++)
            *guard++ = (struct image_guard){(u32)((r->guard[k].pc - h->code_low) / 4),
                                            (u32)((r->guard[k].to - h->code_low) / 4)};
    }
}
