/*
 * Line tables of an image, as DWARF.
 */
#ifndef AOT_IMAGE_LINES_H
#define AOT_IMAGE_LINES_H

#include "aot/image/write.h"

/* A growing section; starts out as zeroes. */
struct section_bytes {
    u8 *at;
    u64 size, room;
    bool no_memory; /* and what came since is missing */
};

struct line_sections {
    struct section_bytes info, abbrev, line;
};

/* Makes .debug_info, .debug_abbrev and .debug_line of the image's lines. False: no memory. Either
 * way image_lines_free gives it back. */
bool image_lines(const struct image_header *h, const struct image_debug *d,
                 struct line_sections *out);
void image_lines_free(struct line_sections *s);

#endif
