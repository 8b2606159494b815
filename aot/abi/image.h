/*
 * Images on disk: the translation of one guest module, an x86-64 ELF shared object.
 *
 * The file begins with the ELF and program headers; struct image_header is at IMAGE_HEADER_AT. All
 * offsets in it are both file offsets and addresses from the image's start. What the runtime maps:
 *
 *     [0, text)            headers and tables, read-only
 *     [text, map_size)     code, read-only and executable; needs no relocation; and the sites
 *     [cells, total_size)  private pages, filled in when the image is mapped or, if they are many,
 *                          when they are first used
 *
 * Behind that in the file are sections that only tools read: symbols, and DWARF with the guest's
 * lines (aot/image/lines.h), and the profile that the image was made by. Unwind tables are mapped,
 * as those of all shared objects are.
 *
 * The image lies at a fixed distance from its module, so code finds guest addresses relative to
 * itself: close below, where a loader that goes downwards has just found free room and no break
 * grows; that of a program linked to its address above, beyond the room for its break. Mapped
 * elsewhere (as a private copy), each site has to be changed.
 *
 * An entry is a guest address at which translated code may be entered, guest state being as at
 * region borders. Code goes from entry to entry directly. Only what has floating point, which may
 * have to be replaced by a translation that checks more, is entered through a cell, an 8-byte word
 * with its host address.
 *
 * A region is the code of some entries, in one piece. Which regions and entries there are, the
 * index says (image_index.h), and how to leave them in the middle, the side tables (sidepack.h).
 *
 * An external is a guest address of the module that some exit leads to and that has no entry. It
 * has a stub in code with an inline cache (translation.h). The caches' cells are behind the others:
 * first the externals', then those of the code's own.
 *
 * A guard is a place in code that relies on what a call was seen to call (translation.h). Behind
 * the caches is a word for each that counts its failures.
 *
 * A site is a place in code that says how far it is from a guest address: the 32-bit field of an
 * operand relative to RIP. Nearly all such fields that lead into the module are sites, and few
 * others look like one, so what is stored is which of those that look like it are sites:
 * aot/abi/sites.h.
 */
#ifndef AOT_ABI_IMAGE_H
#define AOT_ABI_IMAGE_H

#include "aot/abi/evidence.h"
#include "aot/base/blake2b.h"
#include "aot/base/types.h"

#define IMAGE_HEADER_AT 0x200
#define IMAGE_MAGIC     "FERRYIMG"
#define IMAGE_FORMAT    10
#define IMAGE_COUNTED   (UINT64_C(1) << 63) /* in features: its code counts what it executes */
#define EVIDENCE_ROOM   16

/* The call's place and that of what it was assumed to call, in words from code_low. */
struct image_guard {
    u32 from, to;
};

struct image_header {
    char magic[8];
    u32 format;
    u32 header_size;
    struct digest translator; /* translator_id() of the Ferry that made it */
    struct digest module;     /* the guest file's contents */
    struct digest key;        /* of all that went into the image */
    struct digest contents;   /* of the whole image file, this field taken as zeroes */
    u64 file_size;            /* of the image */
    u64 module_size;          /* of the guest file */
    u64 low, span;            /* the module's page-rounded place, unbiased, and its length */
    s64 distance;             /* image start less the module's start */
    u64 features;             /* enum x64_feature bits that code may use */
    u64 profile_samples;      /* of the profile that was used; 0: none was */
    u64 profile_ever;         /* that had ever been added to it */
    u64 profile_at;           /* the profile, in the file: struct profile_record each */
    u64 profile_size;
    struct digest rest; /* the key of an image of the same without a profile */
    u64 code_low;       /* guest address of bit 0, unbiased */
    u32 code_words;     /* guest instruction words that have a bit */
    u32 entry_count, region_count, cell_count, external_count;
    u32 cache_count; /* inline caches, the externals' included */
    u32 guard_count;
    u32 guest_insts; /* guest instructions translated */
    /* Places. */
    u32 cluster_count; /* of regions, for the index */
    u32 hot_clusters;  /* the first of these: regions that a profile shows to be hot */
    u32 cluster_pc;    /* u32 each: its first guest address, in words from code_low */
    u32 cluster_code;  /* u32 each: offset in text */
    u32 cluster_at;    /* u32 each: offset in the index; one more: its end */
    u32 index;         /* image_index.h */
    u32 index_size;
    u32 side_groups; /* of points, for the side tables */
    u32 side_code;   /* u32 each: offset in text */
    u32 side_at;     /* u32 each: offset in side; one more: its end */
    u32 side;        /* sidepack.h */
    u32 side_size;
    u32 cell_code; /* LEB128 each: offset in text of the code that it leads to, less the last one's
                    */
    u32 cell_code_size;
    u32 guards; /* struct image_guard each */
    u32 unwind; /* .eh_frame_hdr and .eh_frame, which nobody here reads */
    u32 text, text_size;
    u32 sites; /* sites.h; behind all code */
    u32 sites_size;
    u32 map_size; /* page-rounded end of that */
    u32 cells;    /* u64 each */
    u32 caches;   /* u64 each, right behind them */
    u32 failed;   /* u64 each, of guards, right behind these */
    u32 total_size;
    /* What became of the module's code, for reports: guest bytes, counts. */
    u32 functions;                 /* known to begin somewhere, by name or size */
    u32 refused;                   /* addresses that the translator would not take */
    u32 inlined;                   /* calls with a copy of what they call in their place */
    u32 missed;                    /* addresses that runs had missed, taken as entries */
    u32 code_bytes;                /* in executable segments */
    u32 regions_by[EVIDENCE_ROOM]; /* by enum evidence */
    u32 bytes_by[EVIDENCE_ROOM];
    u32 entries_by[EVIDENCE_ROOM];
};

_Static_assert(EVIDENCE_COUNT <= EVIDENCE_ROOM, "an image's header has room for all evidence");

#endif
