/*
 * Descriptors of the runtime's own, which it has only when it can't do without: the guest neither
 * uses nor closes them (syscall/fd.c), and they get out of the way when it wants their number.
 */
#ifndef RT_HIDDEN_H
#define RT_HIDDEN_H

#include "aot/base/types.h"

enum hidden {
    HIDDEN_LOG,  /* a copy of the error descriptor, when a log channel is on */
    HIDDEN_SELF, /* Ferry's own file, when there may be no other way to it (after chroot) */
    HIDDEN_COUNT
};

/* A copy of fd, closed by exec, at a number that programs seldom use, but not at `taken` (-1: any
 * will do); -1: none. */
int hidden_copy(int fd, int taken);

#endif
