/*
 * Names under /proc: which process's which file a path means, and what program runs there.
 */
#ifndef RT_PROC_NAME_H
#define RT_PROC_NAME_H

#include "aot/base/types.h"

#include <sys/types.h>

struct proc_file {
    pid_t pid;        /* process */
    pid_t tid;        /* its thread; pid when the path names none */
    const char *name; /* what follows: "exe", "fd/3" */
};

/* Takes "/proc/self/NAME", "/proc/PID/task/TID/NAME" and the like apart; false: no such path. */
bool proc_parse(const char *path, struct proc_file *out);

/* When the path is /proc's link to a program that this or another Ferry runs: its host path
 * (PATH_MAX bytes). */
bool proc_program(const char *path, char *host);

#endif
