/*
 * Reading unwind tables byte by byte: a cursor that knows the address of what it reads, and the
 * pointer encodings of the LSB (DW_EH_PE).
 */
#ifndef AOT_ELF_CURSOR_H
#define AOT_ELF_CURSOR_H

#include "aot/elf/internal.h"

struct cursor {
    struct span rest;
    u64 vaddr; /* of rest.at */
    bool bad;  /* something was read behind the end: from then on all is 0 */
};

/* What relative pointers are relative to. */
struct pointer_bases {
    const struct module *m; /* where indirect ones are read */
    u64 data;               /* DW_EH_PE_datarel: .eh_frame_hdr */
    u64 function;           /* DW_EH_PE_funcrel */
};

#define POINTER_OMITTED 0xff

static inline struct cursor cursor_at(struct span s, u64 vaddr)
{
    return (struct cursor){s, vaddr, false};
}

/* Skips `size` bytes. */
void cursor_skip(struct cursor *c, u64 size);
/* A little-endian number of 1, 2, 4 or 8 bytes. */
u64 cursor_fixed(struct cursor *c, unsigned size);
u64 cursor_uleb(struct cursor *c);
s64 cursor_sleb(struct cursor *c);
/* A number in the format of an encoded pointer (its low four bits), nothing added. */
u64 cursor_encoded_number(struct cursor *c, u8 encoding);
/* An encoded pointer; 0 for a null pointer of any kind, for an omitted one, and if it can't be had.
 */
u64 cursor_pointer(struct cursor *c, u8 encoding, const struct pointer_bases *bases);

#endif
