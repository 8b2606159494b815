/*
 * A host frame of translated code is a return address and nothing else, everywhere in the text: so
 * one description (FDE) of all of it is enough, and it changes nowhere.
 *
 * Formats: Linux Standard Base Core 5.0, 10.6 (.eh_frame, .eh_frame_hdr, DW_EH_PE_*); DWARF 4, 6.4
 * (call frame information); System V ABI, AMD64 supplement, 3.7 (register numbers).
 */
#include "aot/image/unwind.h"

#include <libdwarf/dwarf.h>
#include <stddef.h>
#include <string.h>

enum { REG_RSP = 7, REG_RETURN = 16, RETURN_SIZE = 8 };

#define RELATIVE (DW_EH_PE_pcrel | DW_EH_PE_sdata4)

struct cie {
    u32 length; /* of what follows this field, as in fde */
    u32 id;
    u8 version;
    char augmentation[3]; /* its data: how addresses are written in an fde */
    u8 code_align, data_align, return_register;
    u8 augmentation_size, address_encoding;
    u8 instructions[7];
};

struct fde {
    u32 length;
    u32 cie;  /* from this field back */
    s32 text; /* from this field */
    u32 size;
    u8 augmentation_size;
    u8 padding[3]; /* DW_CFA_nop */
};

struct header { /* .eh_frame_hdr: a sorted table of all fdes, here one */
    u8 version, frames_encoding, count_encoding, table_encoding;
    s32 frames; /* from this field */
    u32 count;
    s32 text, fde; /* from the header */
};

struct frames {
    struct cie cie;
    struct fde fde;
    u32 end; /* a length of 0 */
};

_Static_assert(sizeof(struct header) == UNWIND_HEADER_SIZE, "a size in unwind.h");
_Static_assert(sizeof(struct frames) == UNWIND_FRAMES_SIZE, "a size in unwind.h");

static const struct cie cie = {
    .length = sizeof cie - 4,
    .version = 1,
    .augmentation = "zR",
    .code_align = 1,
    .data_align = -RETURN_SIZE & 0x7f, /* SLEB128 */
    .return_register = REG_RETURN,
    .augmentation_size = 1,
    .address_encoding = RELATIVE,
    .instructions = {DW_CFA_def_cfa, REG_RSP, RETURN_SIZE, DW_CFA_offset | REG_RETURN, 1},
};

void image_unwind(u8 out[UNWIND_SIZE], u32 at, u32 text, u32 size)
{
    u32 frames_at = at + UNWIND_HEADER_SIZE, fde_at = frames_at + (u32)sizeof cie;
    struct frames frames = {.cie = cie};
    struct header header = {
        .version = 1,
        .frames_encoding = RELATIVE,
        .count_encoding = DW_EH_PE_udata4,
        .table_encoding = DW_EH_PE_datarel | DW_EH_PE_sdata4,
        .frames = (s32)(frames_at - (at + offsetof(struct header, frames))),
        .count = 1,
        .text = (s32)(text - at),
        .fde = (s32)(fde_at - at),
    };
    frames.fde = (struct fde){
        .length = sizeof frames.fde - 4,
        .cie = (u32)(sizeof cie + offsetof(struct fde, cie)),
        .text = (s32)(text - (fde_at + offsetof(struct fde, text))),
        .size = size,
    };
    memcpy(out, &header, sizeof header);
    memcpy(out + sizeof header, &frames, sizeof frames);
}
