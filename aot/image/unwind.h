/*
 * Unwind tables of an image: how debuggers and profilers find a frame's caller.
 */
#ifndef AOT_IMAGE_UNWIND_H
#define AOT_IMAGE_UNWIND_H

#include "aot/base/types.h"

/* Sections .eh_frame_hdr and .eh_frame, the one behind the other. */
#define UNWIND_HEADER_SIZE 20
#define UNWIND_FRAMES_SIZE 48
#define UNWIND_SIZE        (UNWIND_HEADER_SIZE + UNWIND_FRAMES_SIZE)

/* Writes them to `out`, for code at addresses [text, text + size); `at` is their own address, a
 * multiple of 4. */
void image_unwind(u8 out[UNWIND_SIZE], u32 at, u32 text, u32 size);

#endif
