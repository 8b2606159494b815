/*
 * See hidden.h.
 */
#include "rt/hidden.h"

#include <fcntl.h>

int hidden_copy(int fd, int taken)
{
    static const int from[] = {1000, 100, 3};
    int copy = -1;

    for (size_t i = 0; i < ARRAY_SIZE(from) && copy < 0; i++)
        copy = fcntl(fd, F_DUPFD_CLOEXEC, taken >= from[i] ? taken + 1 : from[i]);
    return copy;
}
