/*
 * Side tables as images hold them: what sidetable.h says of points and places, in a tenth of the
 * room, for one group of regions (those of INDEX_SIDE_CLUSTERS clusters of the index) after the
 * other. A group is read from its start, so finding a point takes some ten microseconds.
 *
 * What is not said because it follows from something else: a safepoint that is an entry (the index
 * has it) with all registers at home; one in front of a branch that leads to an entry, where there
 * is another; a point behind another of its kind at the same place, which nobody could find.
 *
 * The rest is a string of records, coded by an adaptive arithmetic coder (coder.h): each number
 * with odds that depend on what came before it. At a group's start the odds are those that images
 * of large programs have on average (sidepack_odds.h).
 */
#ifndef AOT_ABI_SIDEPACK_H
#define AOT_ABI_SIDEPACK_H

#include "aot/abi/coder.h"
#include "aot/abi/image_index.h"
#include "aot/abi/sidetable.h"
#include "aot/abi/translation.h"

/* Odds, by what they are about. Trees (coder_number) have an odd that is never used. */
struct side_odds {
    coder_odds tag[22][16];
    coder_odds pc[4][32], pc_back[1], pc_far[CODER_LENGTHS];
    coder_odds offset[9][64], offset_far[CODER_LENGTHS];
    coder_odds slot[2][32], pin_is_same[1], pin[32][16];
    coder_odds goes_home[SLOT_COUNT];
    coder_odds flags[32], operand_kind[2][4], operand_number[2][64];
    coder_odds constant_sign[1], constant[CODER_LENGTHS];
    coder_odds any_slot[128], any_kind[16], any_reg[16];
};

struct side_packer {
    struct coder coder;
    u8 *room; /* where the group begins, when packing */
    struct side_odds odds;
    /* What both sides know. */
    u8 last;           /* tag of the last record */
    u8 pin[32];        /* where each general register was last; 16: nowhere yet */
    u64 away;          /* slots below 64 that are not at home */
    u8 away_above;     /* the others */
    u64 at_pc;         /* of the last point */
    u32 at;            /* its offset in the region's code */
    bool at_start;     /* there was no point yet */
};

/* A region to pack. */
struct side_region {
    const u8 *side; /* as the generator wrote it */
    u32 side_size;
    u64 pc;
    const u32 *link; /* ascending offsets in its code of branches to entries */
    u32 link_count;
    const struct entry *entry; /* those in the index, ascending offsets */
    u32 entry_count;
};

/* A group into room of the caller's. */
void side_pack_start(struct side_packer *p, u8 *room, size_t size);
void side_pack_region(struct side_packer *p, const struct side_region *r);
/* Bytes of the group; 0: there was no room. */
size_t side_pack_end(struct side_packer *p);

/*
 * The frame state of the point of that kind at `offset` of the image's text, in the group
 * [side, end) of the regions that `c` is before. False: there is none, or a table is damaged.
 * `region` is the point's. The state's PC is in bytes from the image's first word of code.
 */
bool side_pack_find(const u8 *side, const u8 *end, struct index_cursor *c, enum point_kind kind,
                    u32 offset, struct frame_state *out);

#endif
