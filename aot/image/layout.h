/*
 * An image while it is laid out: for build.c, and tables.c, which makes what isn't code.
 */
#ifndef AOT_IMAGE_LAYOUT_H
#define AOT_IMAGE_LAYOUT_H

#include "aot/image/build.h"

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
    bool hot;
    u32 at;     /* offset in text */
    u32 caches; /* of its own; then the number of its first */
    struct guard *guard;
    u32 guard_count, first_guard;
    u32 first_entry, entry_count; /* in layout.by_code */
};

struct image_entry {
    u64 pc;
    u32 region; /* as it was put in; then in the order of their code */
    u32 offset; /* in the region's code */
    u8 evidence;
    u32 door; /* offset in text of where links lead: the code, or a jump through its cell */
};

struct layout {
    struct image_builder *b;
    struct image_header *h;
    u64 *external; /* guest addresses, ascending */
    u32 external_count;
    u32 *by_code; /* entries in the order of their code */
    u8 *bytes;
    u64 at;    /* next free offset */
    u32 *site; /* offsets in text */
    u32 site_count, site_room, cell_count, cache_count, guard_count;
    u32 stub_size, jump_size; /* of a link stub, a jump through a cell */
    u32 stubs;                /* offset in text of externals' stubs, behind the cells' jumps */
    u32 code_size;            /* of all that is in text but the table of sites */
    /* Made by image_make_tables. */
    u32 cluster_count, hot_clusters, *cluster_pc, *cluster_code, *cluster_at;
    u32 side_groups, *side_code, *side_at;
    u8 *index, *side, *cell_code;
    u64 index_size, side_size, cell_code_size;
};

/* Offset in text of an entry's code. */
static inline u32 layout_code_of(const struct layout *l, u32 entry)
{
    const struct image_entry *e = &l->b->entry[entry];
    return l->b->region[e->region].at + e->offset;
}

/* Index, side tables and the cells' table: all but their places. by_code, and code's places, are
 * known. False: the side tables are too big. */
bool image_make_tables(struct layout *l);

/* Copies them to their places in the image. */
void image_put_tables(const struct layout *l);

#endif
