/*
 * Offsets in struct guest_state for assembly, proven against the C struct by offsets.c.
 * This header is included by .S files: nothing but defines.
 */
#ifndef AOT_ABI_OFFSETS_H
#define AOT_ABI_OFFSETS_H

#define STATE_X 0
#define STATE_SP 248
#define STATE_PC 256
#define STATE_MXCSR 284
#define STATE_TRAP_ARG 856
#define STATE_JUMP_CACHE 848

#endif
