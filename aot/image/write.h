/*
 * An image as an ELF shared object, written with libelf.
 */
#ifndef AOT_IMAGE_WRITE_H
#define AOT_IMAGE_WRITE_H

#include "aot/abi/image.h"
#include "aot/base/arena.h"

/* A guest function, for the symbol table: of entry `entry` and those behind it that are its. */
struct image_symbol {
    const char *name;
    u32 entry;  /* its first entry */
    u32 behind; /* the first entry that isn't its any more */
};

/*
 * Writes the image to the open, empty file fd: `bytes` and *header as image_lay_out made them (key,
 * translator and features set), and symbols. Sets header->file_size and contents. 0 or an errno.
 */
int image_write(int fd, struct image_header *header, u8 *bytes, const struct image_symbol *symbol,
                u32 symbol_count);

#endif
