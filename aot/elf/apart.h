/*
 * Work done in a process of its own, whose end by a signal costs nothing but its results.
 *
 * libelf and libdwarf read what this tree doesn't read itself (compressed sections, DWARF). They
 * are not made for hostile files: on damaged ones Debian 12's libdwarf ends in abort(). So they run
 * in a child that sends records through a pipe, and whose time, memory and output are limited.
 */
#ifndef AOT_ELF_APART_H
#define AOT_ELF_APART_H

#include <stdio.h>

#include "aot/base/types.h"

struct record {
    u64 first, second; /* what these and kind mean, worker and taker agree upon */
    u32 third;
    u16 kind;   /* below UINT16_MAX */
    u16 length; /* of the text that follows; the taker gets it with a 0 behind it */
};

struct work {
    /* In the child; sends records by send_record. False: not all was found. */
    bool (*run)(void *context, FILE *out);
    /* In the parent, in order. It must believe nothing in a record. */
    void (*take)(void *context, const struct record *r, const char *text);
    void *context;
    u64 most_records;
    u64 most_memory; /* that the child may take, in bytes; what it has from its parent is extra */
};

/* Text longer than a record holds, and NULL, are sent as none. */
void send_record(FILE *out, struct record r, const char *text);

/* Returns whether the child came to its end and says that it found all; else, some records may have
 * been taken. */
bool do_apart(const struct work *w);

#endif
