/*
 * `ferry cache verify`.
 */
#ifndef AOT_CMD_VERIFY_H
#define AOT_CMD_VERIFY_H

#include "aot/cmd/options.h"

/* Checks all images of the cache, or only those that a file is: an image, or a module that has
 * some. The exit status. */
int verify_images(const struct command_options *o, int count, char **files);

#endif
