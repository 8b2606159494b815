/*
 * Offsets in struct guest_state for assembly, proven against the C struct by offsets.c.
 * This header is included by .S files: nothing but defines.
 */
#ifndef AOT_ABI_OFFSETS_H
#define AOT_ABI_OFFSETS_H

#define STATE_X             0
#define STATE_SP            248
#define STATE_PC            256
#define STATE_MXCSR         284
#define STATE_HOST_SP       880
#define STATE_TRANSLATED_SP 888
#define STATE_HOST_MXCSR    896
#define STATE_IN_TRANSLATED 900
#define STATE_DOOR          904
#define STATE_LOOKUP        912
#define STATE_JUMP_CACHE    848

/* state.h's STATE_BIAS, which assembly can't include. */
#define STATE_RBP_BIAS 128

#endif
