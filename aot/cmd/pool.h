/*
 * Work in processes of its own, several at a time: what goes wrong with one piece is its own
 * affair. How many: --jobs, or GNU make's jobserver.
 */
#ifndef AOT_CMD_POOL_H
#define AOT_CMD_POOL_H

#include "aot/base/types.h"

/* How the process of one piece of work ended. */
struct pool_end {
    const void *result; /* what it left, NULL: it died before it could */
    int status;         /* of waitpid */
    u64 memory;         /* most that it had, bytes */
};

struct pool {
    u32 jobs;  /* at a time; 0: as make says, or one for each processor */
    u32 count; /* of pieces */
    size_t result_size;
    u64 memory; /* bytes that all processes may have by what `need` says; 0: no matter */
    void *context;
    /* What piece n may need, perhaps NULL. */
    u64 (*need)(void *context, u32 n);
    /* In the process: piece n; its outcome goes to `result`, zeroes at first. */
    void (*run)(void *context, u32 n, void *result);
    /* In this process, when piece n has ended. False: begin no more. */
    bool (*done)(void *context, u32 n, const struct pool_end *end);
    /* Now and then, perhaps NULL. */
    void (*tick)(void *context);
};

/* Runs all pieces, in order as far as they begin. 0, or the signal (SIGINT and the like) that ended
 * it: then every process is gone, and so are their temporary files. -1: no memory, no processes. */
int pool_run(struct pool *p);

#endif
