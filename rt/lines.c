/*
 * See lines.h.
 */
#include "rt/lines.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

bool lines_open(struct lines *l, const char *path)
{
    l->have = l->at = 0;
    l->fd = open(path, O_RDONLY | O_CLOEXEC);
    return l->fd >= 0;
}

void lines_close(struct lines *l)
{
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}

char *lines_next(struct lines *l)
{
    for (;;) {
        char *line = l->buf + l->at, *newline = memchr(line, '\n', l->have - l->at);
        ssize_t n;

        if (newline == NULL && l->have - l->at == sizeof(l->buf) - 1) newline = l->buf + l->have;
        if (newline != NULL) {
            *newline = '\0';
            l->at = (size_t)(newline - l->buf) + (newline < l->buf + l->have);
            return line;
        }
        memmove(l->buf, line, l->have - l->at);
        l->have -= l->at;
        l->at = 0;
        n = l->fd >= 0 ? read(l->fd, l->buf + l->have, sizeof(l->buf) - 1 - l->have) : 0;
        if (n > 0) {
            l->have += (size_t)n;
            continue;
        }
        lines_close(l);
        if (l->have == 0) return NULL;
        l->buf[l->have] = '\0';
        l->at = l->have;
        return l->buf;
    }
}
