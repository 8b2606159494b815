/*
 * Offsets in struct guest_state for assembly, proven against the C struct by offsets.c.
 * This header is included by .S files: nothing but defines.
 */
#ifndef AOT_ABI_OFFSETS_H
#define AOT_ABI_OFFSETS_H

#define STATE_X             0
#define STATE_SP            248
#define STATE_PC            776
#define STATE_MXCSR         796
#define STATE_HOST_SP       1368
#define STATE_TRANSLATED_SP 1376
#define STATE_HOST_MXCSR    1384
#define STATE_IN_TRANSLATED 1388
#define STATE_DOOR          1392
#define STATE_LOOKUP        1400

/* state.h's STATE_BIAS, which assembly can't include. */
#define STATE_RBP_BIAS 152

#endif
