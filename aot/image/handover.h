/*
 * Modules that runs hand over to be converted in the background (`ferry run --auto-convert`, `ferry
 * convert --handed-over`): the folder handover of a cache, with
 *
 *   queue   host paths, a line each, as runs append them
 *   taken   the same, while a converter works on them; one that died leaves it to the next
 *   tried   a line for each module that was ever handed over, and when: once a day is enough
 *   lock    held (flock) by the one converter of the cache
 *
 * Nothing here is needed by anybody: what can't be read or written is left. Files that are not the
 * user's own are not trusted (cache.h).
 */
#ifndef AOT_IMAGE_HANDOVER_H
#define AOT_IMAGE_HANDOVER_H

#include "aot/base/blake2b.h"
#include "aot/base/types.h"

#include <stddef.h>

#define HANDOVER_QUEUE 65536  /* bytes; what would make it longer is left out */
#define HANDOVER_TRIED 262144 /* bytes; then it is begun anew */

/*
 * Appends to the cache's queue those of the modules, absolute host paths, which this translator
 * hasn't tried today; their number. Uses no heap and leaves no descriptor open.
 */
u32 handover_add(const char *dir, const struct digest *translator, const char *const *path,
                 u32 count);

/* A converter is at work, or there is nothing for one to do. */
bool handover_is_served(const char *dir);

/* Becomes the cache's converter: a descriptor to be closed in the end, or -1: there is one. */
int handover_begin(const char *dir);

/*
 * For the converter: what to convert next, lines of host paths with a zero at the end, from malloc;
 * NULL: nothing. They are forgotten by handover_done.
 */
char *handover_take(const char *dir);
void handover_done(const char *dir);

#endif
