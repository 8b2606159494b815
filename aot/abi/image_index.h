/*
 * An image's index: which regions it has, where they begin, and their entries. It is read seldom:
 * code goes from entry to entry by itself, and what has once been looked up is remembered. So it
 * is small rather than fast, about two bytes for an entry.
 *
 * Regions are in the order of their code: first those that a profile shows to be hot, then the
 * others, both in the order of their addresses in the guest. Some that follow each other make a
 * cluster, hot ones or others, whose first region is in tables that are searched by bisection
 * (image.h: cluster_pc, cluster_code); all else is a string of bits in the index, which begins at a
 * byte of its own for each cluster. An entry belongs to the last hot region that begins at or
 * before it in the guest, or to the last other one.
 *
 * Numbers are exponential Golomb codes: k low bits of the number and a code for the rest, r: as
 * many set bits as r + 1 has bits behind its first, a clear bit, then these bits.
 */
#ifndef AOT_ABI_IMAGE_INDEX_H
#define AOT_ABI_IMAGE_INDEX_H

#include "aot/abi/image.h"

#define INDEX_SLACK 8 /* bytes behind the index that are read and don't matter */

/* A guest address as the index has it, in words from the image's code_low; and where its code is
 * in the image's text. */
struct index_place {
    u32 pc, code;
};

/* --- reading ------------------------------------------------------------------------------------
 */

/* Walks regions of some clusters, and their entries. Never reads outside the tables. */
struct index_cursor {
    const u8 *base; /* the image; its header has been checked */
    const u8 *bits; /* its index */
    u32 cluster, clusters;
    u64 bit, end_bit, entries_end; /* in the index */
    u32 regions_left, entries_left;
    struct index_place region, entry;
    bool first;  /* no entry of the region has been read */
    bool failed; /* the index is damaged */
};

/* Before the first region of cluster n; the walk ends behind the last of `count` clusters. */
void index_start(struct index_cursor *c, const u8 *base, u32 n, u32 count);

/* On to the next region; false: there is none. */
bool index_next_region(struct index_cursor *c);

/* On to the region's next entry, in the order of code; false: there is none. */
bool index_next_entry(struct index_cursor *c);

/* The code of the entry at pc (in words from code_low); UINT32_MAX: there is no such entry. */
u32 index_find(const u8 *base, u32 pc);

/* The last of `count` ascending numbers that is not above `number`; 0 if there is none. */
u32 index_last_of(const u32 *numbers, u32 count, u32 number);

/* Of the hot clusters, or of the others, the one that has the region that pc may belong to, as with
 * index_find. False: there are none. */
bool index_cluster_of_pc(const u8 *base, bool hot, u32 pc, u32 *cluster);

/* The cluster that has the code at that offset of the text. */
u32 index_cluster_of_code(const u8 *base, u32 offset);

/* The region that has the code at that offset of the text, and the end of its code. False: there is
 * none. */
bool index_region_of_code(const u8 *base, u32 offset, struct index_place *region, u32 *end);

/* --- writing ------------------------------------------------------------------------------------
 */

struct index_writer {
    u8 *bytes; /* zeroes at first; NULL: only counts */
    u64 bit;
    struct index_place region, entry;
    bool first;
};

/* Room that is enough for so many regions and entries. */
u64 index_room(u64 regions, u64 entries);

/* Starts a cluster of so many regions at the next byte, which is returned. `place`: its first
 * region. */
u32 index_write_cluster(struct index_writer *w, u32 regions, struct index_place place);
/* With its entries, in the order of code. */
void index_write_region(struct index_writer *w, struct index_place region,
                        const struct index_place *entry, u32 count);

#endif
