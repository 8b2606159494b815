/*
 * realname.h. openat2(2), Linux 5.6 on: RESOLVE_NO_SYMLINKS.
 */
#include "aot/base/realname.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An absolute name that has no ".", "..", or slash too many. */
static bool is_straight(const char *name)
{
    if (name[0] != '/' || name[1] == '\0') return false;
    while (*name != '\0') {
        size_t n = strcspn(++name, "/");

        if (n == 0 || (n == 1 && name[0] == '.') || (n == 2 && name[0] == '.' && name[1] == '.'))
            return false;
        name += n;
    }
    return true;
}

static bool meets_no_link(const char *name)
{
    const struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_NO_SYMLINKS};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, name, &how, sizeof(how));

    if (fd >= 0) close(fd);
    return fd >= 0;
}

bool real_name(const char *name, char out[PATH_MAX])
{
    size_t n = strlen(name);

    if (n >= PATH_MAX || !is_straight(name) || !meets_no_link(name))
        return realpath(name, out) != NULL;
    memcpy(out, name, n + 1);
    return true;
}
