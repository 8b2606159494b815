/*
 * Lines of a host text file, without malloc: also for children that share memory.
 */
#ifndef RT_LINES_H
#define RT_LINES_H

#include "aot/base/types.h"

struct lines {
    int fd;
    size_t have, at;
    char buf[8192];
};

/* Opens the file; false: can't be. */
bool lines_open(struct lines *l, const char *path);

/* The next line without its newline, cut at the buffer's size, valid up to the next call; NULL at
 * the end, when the file is closed. */
char *lines_next(struct lines *l);

/* Closes it before the end. */
void lines_close(struct lines *l);

#endif
