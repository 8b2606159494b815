/*
 * An image as an ELF shared object, written with libelf.
 */
#ifndef AOT_IMAGE_WRITE_H
#define AOT_IMAGE_WRITE_H

#include "aot/abi/image.h"
#include "aot/base/arena.h"

struct profile_record;

/* A guest function, for the symbol table. */
struct image_symbol {
    const char *name;
    u32 at;  /* offset in text of its code */
    u32 end; /* of the region that has the last of it, whose end is code that no entry leads to */
};

/* From offset `at` of the text to the next one's, code is of that guest line. */
struct image_line {
    u32 at;
    u32 file; /* number of its path, from 1; 0: nobody knows of what line it is */
    u32 line;
};

/* Both limits keep the line table's length, 40 bytes for a line at most, below 4 GiB. */
#define IMAGE_LINES_MAX (1u << 25)
#define IMAGE_PATHS_MAX (1u << 28) /* bytes */

/* What debuggers and profilers read. */
struct image_debug {
    struct image_symbol *symbol;
    u32 symbol_count;
    const char *unit;  /* what the lines' one compilation unit is called */
    const char **path; /* all different, none of them ""; those of a directory side by side */
    u32 path_count;
    struct image_line *line;              /* ascending */
    u32 line_count;                       /* 0: no line tables are written */
    const struct profile_record *profile; /* that the image was made by */
    u32 profile_count;
};

/*
 * Writes the image to the open, empty file fd: `bytes` and *header as image_lay_out made them (key,
 * translator and features set), and what debuggers read. Sets header->file_size and contents. 0 or
 * an errno.
 */
int image_write(int fd, struct image_header *header, u8 *bytes, const struct image_debug *debug);

#endif
