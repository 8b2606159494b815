/*
 * `ferry convert --handed-over`: the one converter of a cache that works in the background.
 */
#ifndef AOT_CMD_HANDED_OVER_H
#define AOT_CMD_HANDED_OVER_H

#include "aot/cmd/options.h"

/* Converts what runs have handed over to the cache (aot/image/handover.h) until nothing is left,
 * unless another process does so. The exit status. */
int convert_handed_over(const struct command_options *o);

/* Converts these files, host paths that end in newlines; the text is changed (convert.c). The exit
 * status. */
int convert_files(const struct command_options *o, char *lines);

#endif
