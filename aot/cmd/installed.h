/*
 * The other programs of this build or installation.
 */
#ifndef AOT_CMD_INSTALLED_H
#define AOT_CMD_INSTALLED_H

#include "aot/base/types.h"

/* For a program in libexec/ferry: the path of ferry, or whatever lies beside it. False: it isn't
 * there, the path is where it should be, or empty if there is no /proc to say where this program
 * is. */
bool installed_find(const char *name, char *path, size_t size);

#endif
