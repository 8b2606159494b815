/*
 * The guest's files as the guest sees them: its paths in the sysroot, programs in PATH, scripts.
 * What isn't in the sysroot is the host's, by the rules of rt/path.h, a little simplified: names
 * are looked up in the sysroot first, all of them.
 */
#ifndef AOT_CMD_GUESTFS_H
#define AOT_CMD_GUESTFS_H

#include "aot/base/arena.h"

#include <limits.h>

struct guest_file {
    char host[PATH_MAX];  /* absolute, without links */
    char guest[PATH_MAX]; /* what the guest calls it, without links */
};

/* The file of an absolute guest path, or of a host's path relative to the working directory; `root`
 * is the sysroot, "" for none. Links are followed inside the sysroot. False: there is none. */
bool guest_find(const char *root, const char *path, struct guest_file *out);

/* Whether the file is in the sysroot. */
bool guest_is_inside(const char *root, const char *host);

enum file_kind {
    KIND_GUEST,  /* an AArch64 ELF program or shared object */
    KIND_SCRIPT, /* begins with #! */
    KIND_NATIVE, /* an ELF file of another machine or kind */
    KIND_OTHER,  /* some other file */
    KIND_NONE,   /* no regular file, or it can't be read: errno */
};

/* What a file is by its first bytes; those go to `head` (NULL: not wanted), with a NUL behind them.
 */
#define KIND_HEAD 256
enum file_kind file_kind(const char *host, char head[KIND_HEAD + 1]);

/*
 * The programs that running `word` starts: the file itself, looked up in PATH unless it has a
 * slash, and where that is a script the interpreters it leads to. Up to `max`, in `out`; their
 * number. 0: *why says what is wrong.
 */
u32 guest_programs(const char *root, const char *word, struct guest_file *out, u32 max,
                   const char **why);

#endif
