/*
 * GNU make's jobserver (its manual, "POSIX Jobserver Interaction"): a pipe or FIFO of tokens, one
 * byte each. Whoever make starts may run one job; each more takes a token, and gives back the same.
 */
#ifndef AOT_CMD_JOBSERVER_H
#define AOT_CMD_JOBSERVER_H

#include "aot/base/types.h"

#define JOBSERVER_MAX 4096

struct jobserver {
    int from, to; /* -1: there is none */
    u8 token[JOBSERVER_MAX];
    u32 count; /* tokens taken */
};

/* By MAKEFLAGS. False: make speaks of a jobserver that this process has no part in, which means one
 * job at a time. */
bool jobserver_open(struct jobserver *j);

/* Takes a token if one is there now. */
bool jobserver_take(struct jobserver *j);
void jobserver_give(struct jobserver *j);

/* Gives all back. */
void jobserver_close(struct jobserver *j);

#endif
