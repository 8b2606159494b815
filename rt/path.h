/*
 * Guest paths. An absolute path is looked up in the sysroot first, component by component, so that
 * absolute links inside the sysroot stay inside; what isn't there is the host's. What is no system
 * directory (/proc, /dev, /tmp, /home, a user's own) is the other way round: the host's first.
 *
 * /usr, /bin, /sbin and /lib of a complete sysroot are its own: what is missing there is missing.
 * A name that exists nowhere goes to the host, unless only the sysroot has its directory.
 *
 * In a bundle, its tree comes first in the same way; what becomes of it is a bundled name
 * (bundle.h).
 */
#ifndef RT_PATH_H
#define RT_PATH_H

#include "aot/base/types.h"

#include <limits.h>

struct thread;

/* What becomes of a link at the end. PATH_NOFOLLOW: it is followed where a slash is behind it;
 * PATH_ENTRY: not even then, as by calls that make, remove or rename it. */
enum path_last { PATH_FOLLOW, PATH_NOFOLLOW, PATH_ENTRY };

struct path {
    char host[PATH_MAX];
    s64 error;     /* -ENOENT or -ENOTDIR where the kernel has just said so; 0 else */
    bool existing; /* path_resolve_existing() */
};

/*
 * The host path of the guest path at guest address `guest`, relative to descriptor dirfd, which
 * stays what it is for the caller. 0, or -EFAULT, -ENAMETOOLONG, -ELOOP. Empty paths pass.
 */
s64 path_resolve(struct thread *t, s64 dirfd, u64 guest, enum path_last last, struct path *out);

/* The same for a call that makes nothing: of what is on neither side, the host path may be
 * either's, which takes less to find out. */
s64 path_resolve_existing(struct thread *t, s64 dirfd, u64 guest, enum path_last last,
                          struct path *out);

/* As path_resolve(), for text in the runtime's own memory. */
s64 path_resolve_text(struct thread *t, s64 dirfd, const char *guest, enum path_last last,
                      struct path *out);

/* The guest's name of a host path: without the sysroot, or a bundled name's. Points into `host`, or
 * to "/". */
const char *path_to_guest(const char *host);

/* True when the host path lies in the sysroot. */
bool path_in_sysroot(const char *host);

#endif
