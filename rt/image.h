/*
 * Images of guest modules: found in the caches when a module is mapped, mapped at their distance
 * from it, and handed to the engine.
 */
#ifndef RT_IMAGE_H
#define RT_IMAGE_H

#include "aot/base/types.h"

#include <ucontext.h>

struct image_header;
struct bundle_entry;
struct thread;

/* Once, after translate_init. */
void image_init(void);

/* A module's image that has been found but not mapped. */
struct image_file {
    int fd;                             /* -1: none */
    u64 base;                           /* where it begins in fd */
    const struct bundle_entry *bundled; /* it is this entry's; NULL: a cache's */
    u64 text, map_size, total;          /* where its code begins and ends; its bytes in memory */
    s64 distance;                       /* where it wants to be, from the module's start */
};

/* The image of the ELF file fd, which is a bundle's entry or not (NULL), or f->fd = -1. `length`:
 * how much is mapped of the file; only a mapping of the whole module has use for an image. */
void image_find(struct image_file *f, int fd, const struct bundle_entry *bundled, u64 length);

/* Maps the image of the module that has been mapped at `start`, and closes f. Where its place is
 * taken a private copy of it goes elsewhere. */
void image_map(struct image_file *f, u64 start);

/* In a host handler of SIGSEGV: true when what faulted at `address` was a bundle's translated code
 * that hadn't been checked. It is now, and the host goes on. */
bool image_fault(u64 address, ucontext_t *uc);

/* Side tables of the image at `at` are about to be read: `size` bytes from offset `from` on. Safe
 * in signal handlers. */
void image_side_used(u64 at, u64 from, u64 size);

/* The image at `at` is about to be unmapped. */
void image_unmapped(u64 at);

/* The thread's process becomes another program: notes what images have missed, and what was
 * profiled. True: that is an error
 * (--require-image). */
bool image_leave(const struct thread *t);

/* The same when the process ends, which is when --auto-convert does its work. */
bool image_end(const struct thread *t);

/* mmap for the guest: as mm_map, and the image that goes with what is mapped. */
s64 image_map_file(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset);

#endif
