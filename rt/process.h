/*
 * The program that runs: its names, and how Ferry starts itself again for the next one.
 */
#ifndef RT_PROCESS_H
#define RT_PROCESS_H

#include "aot/base/types.h"
#include "rt/path.h"

/* Of the program that this process runs; constant once the guest runs. */
extern char process_exe[PATH_MAX];  /* host path of what /proc/self/exe leads to */
extern char process_self[PATH_MAX]; /* Ferry's own file, or empty */

/* The path of the program ferry-NAME that belongs to this Ferry. False: there is none. */
bool process_helper(const char *name, char *path, size_t size);

/* The variable that carries options and program names from execve to the Ferry it starts. */
#define EXEC_VARIABLE "FERRY_EXEC="

/* Between what the variable holds; no such byte is in a path that matters. */
#define EXEC_SEPARATOR '\x1e'

struct thread;

/* The way to Ferry's own file may be about to go (chroot): keeps it open, for execve. */
void process_keep_self(struct thread *t);

/* The descriptor that the Ferry before this one kept; -1: none. */
void process_take_self(struct thread *t, int fd);

/* Where a program is that came as a descriptor. */
#define FD_PATH "/proc/self/fd/"

/* Opens a program's file to read, closed by exec; one named by FD_PATH without /proc too. Sets
 * errno. */
int process_open(const char *host);

#define EXEC_PREFIX_ARGS 3 /* #! interpreter, its argument, the script's name */

/* What an execve of a path comes to, scripts followed. */
struct exec_target {
    bool native;           /* a program of the host's */
    struct path host;      /* file to run */
    char guest[PATH_MAX];  /* its guest name */
    char name[PATH_MAX];   /* the guest's word for the program or script: AT_EXECFN, the process's
                              name */
    unsigned prefix_count; /* words before argv[1] in place of argv[0]; 0: argv as it is */
    char *prefix[4 * EXEC_PREFIX_ARGS];
    size_t text_used;
    char text[4 * (PATH_MAX + 512)]; /* the prefix's words */
};

/*
 * Finds out what `guest` (a guest path, relative to dirfd) runs. 0 or -errno. *why, when not NULL,
 * gets a reason beyond the errno's for people.
 */
s64 exec_resolve(struct thread *t, s64 dirfd, const char *guest, u64 flags,
                 struct exec_target *target, const char **why);

#endif
