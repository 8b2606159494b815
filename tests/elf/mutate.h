/*
 * Damaged ELF files, and what must hold of a module whatever the file was.
 */
#ifndef TESTS_ELF_MUTATE_H
#define TESTS_ELF_MUTATE_H

#include "aot/elf/module.h"

struct elf_image {
    char *name;
    u8 *bytes;
    size_t size;
};

/* Reads a whole file; false when it can't be had or is larger than `most`. */
bool elf_image_read(struct elf_image *image, const char *path, size_t most);

/* A copy of `image` with damage made from `seed`: places in the headers and in each section are as
 * likely as others are. Returns a descriptor (a memfd, to be closed); its name is in `path`. */
int elf_image_damaged(const struct elf_image *image, u64 seed, char path[64]);

/* NULL, or what is wrong with the module that module_open gave for some file. */
const char *module_fault(const struct module *m);

#endif
