/*
 * The canonical name of a file.
 */
#ifndef AOT_BASE_REALNAME_H
#define AOT_BASE_REALNAME_H

#include "aot/base/types.h"

#include <limits.h>

/* As realpath(3), which asks the kernel for each directory on the way: most names are canonical
 * already, and that takes one question. False: errno says why. */
bool real_name(const char *name, char out[PATH_MAX]);

#endif
