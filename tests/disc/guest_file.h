/*
 * A small linked guest file with its local labels, and discovery's view of it.
 */
#ifndef TESTS_DISC_GUEST_FILE_H
#define TESTS_DISC_GUEST_FILE_H

#include <elf.h>

#include "aot/disc/disc.h"

struct guest_file {
    u8 *data;
    size_t size;
    const Elf64_Sym *symbol;
    u32 symbol_count;
    const char *names;
    struct guest_range text;
    bool relocatable; /* ET_DYN: pointers in it have no value yet */
    struct disc_view view;
};

/* Ends the test when the file can't be read. */
void guest_file_open(struct guest_file *f, const char *path);
void guest_file_close(struct guest_file *f);

/* The address of a symbol; 0: there is none. */
u64 guest_symbol(const struct guest_file *f, const char *name);

#endif
