/*
 * Unwind tables of guest code that is made here: what .eh_frame_hdr and .eh_frame would hold for
 * one piece of it, in one structure (DWARF 5, section 6.4; LSB 5.0 core, 10.6).
 */
#ifndef AOT_ABI_GUEST_UNWIND_H
#define AOT_ABI_GUEST_UNWIND_H

#include "aot/base/types.h"

struct guest_unwind {
    u8 version, frame_encoding, count_encoding, table_encoding;
    s32 frame; /* to `common`, from here */
    u32 count;
    s32 code, description; /* from the start */
    struct {
        u32 length, id;
        u8 version;
        char augmentation[3];
        u8 code_factor, data_factor, link_register, augmentation_size, encoding, nop[3];
    } common;
    struct {
        u32 length, common; /* to that, backwards from here */
        s32 code;           /* from here */
        u32 size;
        u8 augmentation_size, rule[7];
    } one;
    u32 end;
};

/* Where the caller's frame is while such code runs. */
enum guest_frame {
    GUEST_FRAME_NONE,   /* a leaf: at SP, and it goes on at the link register */
    GUEST_FRAME_RECORD, /* above the frame record that the frame pointer leads to */
};

/* For `size` bytes of code, `code` bytes from the structure. */
void guest_unwind_make(struct guest_unwind *u, s64 code, u32 size, enum guest_frame frame);

#endif
