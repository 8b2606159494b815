/*
 * The places in an image's code that have to be changed when it is mapped elsewhere: 32-bit fields
 * that say how far it is to a guest address. They are found again by their looks. A field looks
 * like a site if the byte before it is the ModRM byte of an operand relative to RIP and if it leads
 * to about where the module's guest code and data are. Going through the code, from one byte to the
 * next, behind a site to what follows it, the table says in turns how many that look like it are
 * sites and how many are not, in LEB128 numbers; behind these come sites that don't look like it,
 * each with its distance from the last.
 */
#ifndef AOT_ABI_SITES_H
#define AOT_ABI_SITES_H

#include "aot/abi/image.h"

#define SITE_SIZE 4

/* Reads a table of sites. */
struct site_reader {
    const struct image_header *header;
    u8 *code; /* what may hold sites: from the image's text on */
    u32 size;
    const u8 *in, *end; /* the rest of the table */
    u32 at;             /* in code */
    u64 run;            /* as many more look like sites and all are sites, or all are not */
    bool sites;
    bool odd; /* what doesn't look like it is left */
    bool failed;
};

void sites_start(struct site_reader *r, u8 *image);

/* The next site in code, which may be changed; NULL: there is none, or the table is damaged. */
u8 *sites_next(struct site_reader *r);

/* Writes the table for these sites (ascending offsets in text) of an image with that header and
 * text; returns its size, which may be more than the room. */
u32 sites_write(const struct image_header *h, const u8 *text, const u32 *site, u32 count, u8 *room,
                u32 size);

#endif
