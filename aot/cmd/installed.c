/*
 * Where the programs are that this one comes with. An installation has them in bin beside libexec,
 * a build folder right beside it.
 */
#include "aot/cmd/installed.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool installed_find(const char *name, char *path, size_t size)
{
    static const char *const places[] = {"../../bin", "../.."};
    char self[PATH_MAX], *slash;
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    path[0] = '\0';
    if (!slash) return false;
    *slash = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        snprintf(path, size, "%s/%s/%s", self, places[i], name);
        if (access(path, X_OK) == 0) return true;
    }
    return false;
}
