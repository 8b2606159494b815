/*
 * Side tables as images hold them: what sidetable.h says of points and places, in a tenth of the
 * room, in groups of some hundred points. A group begins at an entry, or at a region's start, goes
 * on to the next group's, and is read from its start: finding a point takes some ten microseconds.
 *
 * What is not said because it follows from something else: a safepoint that is an entry (the index
 * has it) with all registers where they are at region borders (convention.h); one in front of a
 * branch that leads to an entry, where there is another; a point behind another of its kind at the
 * same place, which nobody could find.
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
    coder_odds tag[22][10];
    coder_odds pc_near[4][4], pc[32], pc_back[1], pc_far[CODER_LENGTHS];
    coder_odds offset[9][64], offset_far[CODER_LENGTHS];
    coder_odds slot[2][32], pin_is_same[1], pin[32][16];
    coder_odds goes_back[SLOT_COUNT];
    coder_odds stored[32], ways[8], flags[16], mark[256], is_known[1], operand_kind[2][4],
        operand_number[2][64];
    coder_odds constant_sign[1], constant[CODER_LENGTHS];
    coder_odds any_slot[128], any_kind[16], any_reg[16];
};

#define MARKS_KNOWN 32

struct side_packer {
    struct coder coder;
    struct side_odds odds;
    /* What both sides know. */
    u8 last;    /* tag of the last record */
    u8 pin[32]; /* where each general register was last; 16: nowhere yet */
    struct nzcv_expr marked[MARKS_KNOWN]; /* the last of each mark, more or less */
    u64 away;                             /* slots below 64 that are elsewhere than at borders */
    u8 away_above;                        /* the others */
    bool at_start;                        /* of a region: there was no point yet */
    u32 at;                               /* offset of the last point in the region's code */
    u64 at_pc;                            /* its guest address */
    /* When packing. */
    u8 *out, *out_end;          /* room for groups to come */
    u32 points;                 /* in this group */
    u32 *group_code, *group_at; /* of each group: offset in text of its start, and in the tables */
    u32 group_count, group_max;
    u8 *room;
};

/* A region to pack. */
struct side_region {
    const u8 *side; /* as the generator wrote it */
    u32 side_size;
    u32 code; /* offset of its code in text */
    u64 pc;
    const u32 *link; /* ascending offsets in its code of branches to entries */
    u32 link_count;
    const struct entry *entry; /* those in the index, ascending offsets */
    u32 entry_count;
};

/* Packs regions, in the order of their code, into room of the caller's: p->out is the end of what
 * is written. group_code and group_at have room for group_max groups. False: there was too little
 * room. */
void side_pack_start(struct side_packer *p, u8 *room, size_t size, u32 *group_code, u32 *group_at,
                     u32 group_max);
void side_pack_region(struct side_packer *p, const struct side_region *r);
bool side_pack_end(struct side_packer *p);

/*
 * The frame state of the point of that kind at `offset` of the text of an image (whose header has
 * been checked), and its region. False: there is none, or a table is damaged. The state's PC is in
 * bytes from the image's first word of code.
 */
bool side_pack_find(const u8 *image, enum point_kind kind, u32 offset, struct frame_state *out,
                    struct index_place *region);

/* The guest address, in bytes from the image's first word of code, of the last point at or before
 * `offset` of the text, or of its region's start; and the region. For profiles. False as above. */
bool side_pack_near(const u8 *image, u32 offset, u64 *pc, struct index_place *region);

/* The code of the region that pc (in words from the image's first) belongs to does that guest
 * instruction, or one of the few in front of it: there is a point of it. */
bool side_pack_covers(const u8 *image, u32 pc);

/* pc lies between the region's start and a point of it. */
bool side_pack_spans(const u8 *image, u32 pc);

/* The safepoints of the group that has that offset of the text, ascending, for who goes from one
 * instruction to the next and looks for one: [from, to) of the text has no others. from is to if
 * there are none because a table is damaged. */
#define SIDE_SAFEPOINTS 192
struct side_safepoints {
    u32 from, to, count;
    u32 offset[SIDE_SAFEPOINTS];
};
void side_pack_safepoints(const u8 *image, u32 offset, struct side_safepoints *out);

/* The group that has that offset of the text: its table in the image, for who has to check that
 * first. False: there is none. */
bool side_pack_group(const u8 *image, u32 offset, u32 *at, u32 *size);

#endif
