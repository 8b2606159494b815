/*
 * Images of guest modules: found in the caches when a module is mapped, mapped at their distance from
 * it, and handed to the engine.
 */
#ifndef RT_IMAGE_H
#define RT_IMAGE_H

#include "aot/base/types.h"

struct image_header;

/* Once, after translate_init. */
void image_init(void);

/* A module's image that has been found but not mapped. */
struct image_file {
    int fd; /* -1: none */
    u64 total;    /* its bytes in memory */
    s64 distance; /* where it wants to be, from the module's start */
};

/* The image of the ELF file fd, or f->fd = -1. `length`: how much is mapped of the file; only a
 * mapping of the whole module has use for an image. */
void image_find(struct image_file *f, int fd, u64 length);

/* Maps the image of the module that has been mapped at `start`, and closes f. Where its place is taken
 * a private copy of it goes elsewhere. */
void image_map(struct image_file *f, u64 start);

/* mmap for the guest: as mm_map, and the image that goes with what is mapped. */
s64 image_map_file(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset);

#endif
