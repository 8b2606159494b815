/*
 * Writing into a cache (aot/image/cache.h) so that at any moment, whoever dies or writes at the
 * same time, every name in it has whole contents.
 */
#ifndef AOT_CMD_PUBLISH_H
#define AOT_CMD_PUBLISH_H

#include <sys/stat.h>

#include "aot/convert.h"

#include <limits.h>

/* Makes the directory (and those above it) if it isn't there. NULL, or why it is no cache that
 * images could be published in. */
const char *store_prepare(const char *dir);

/*
 * Publishes an image in the cache `dir`, which is prepared, and tells the index of its module. 0 or
 * an errno. The image's header is completed by this; name is the image's in the cache.
 */
int publish_image(const char *dir, const struct digest *fingerprint, struct converted *c,
                  const struct stat *module, const char *path, char name[]);

/* Writes an image to a file of any name: all of it, or nothing. A link's target is replaced, not
 * the link; what is no regular file is written into. */
int publish_file(const char *file, struct converted *c);

/* Text to a file in the same way. */
int publish_text(const char *file, const char *text, size_t size);

/* Removes the temporary file that this process is writing, if any. Safe in a signal handler. */
void publish_abandon(void);

/* The lock of a cache: shared by publishers, exclusive by who removes. -1: there is none, or (when
 * exclusive) somebody has it. close() gives it back, as does death. */
int store_lock(const char *dir, bool exclusive);

#endif
