/*
 * The jobserver's client: see jobserver.h. Pipes are opened anew, by /proc, so that not blocking is
 * our affair alone.
 */
#include "aot/cmd/jobserver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *last_word(const char *flags, const char *word)
{
    const char *found = NULL;
    for (const char *at = flags; (at = strstr(at, word)) != NULL; at++) found = at + strlen(word);
    return found;
}

static bool is_fifo(int fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode);
}

static int reopen(int fd, int mode)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return is_fifo(fd) ? open(path, mode | O_NONBLOCK | O_CLOEXEC) : -1;
}

static void open_pipe(struct jobserver *j, const char *value)
{
    int from, to;
    if (sscanf(value, "%d,%d", &from, &to) != 2 || from < 0 || to < 0) return;
    j->from = reopen(from, O_RDONLY);
    j->to = reopen(to, O_WRONLY);
}

static void open_fifo(struct jobserver *j, const char *value)
{
    char path[4096];
    snprintf(path, sizeof path, "%.*s", (int)strcspn(value, " "), value);
    j->from = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (j->from >= 0 && is_fifo(j->from)) j->to = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC);
}

bool jobserver_open(struct jobserver *j)
{
    const char *flags = getenv("MAKEFLAGS"), *value = NULL;
    j->from = j->to = -1;
    j->count = 0;
    if (flags) value = last_word(flags, "--jobserver-auth=");
    if (flags && !value) value = last_word(flags, "--jobserver-fds=");
    if (!value) return true;
    if (!strncmp(value, "fifo:", 5))
        open_fifo(j, value + 5);
    else
        open_pipe(j, value);
    if (j->from >= 0 && j->to >= 0) return true;
    jobserver_close(j);
    return false;
}

bool jobserver_take(struct jobserver *j)
{
    if (j->from < 0 || j->count == JOBSERVER_MAX) return false;
    if (read(j->from, &j->token[j->count], 1) != 1) return false;
    j->count++;
    return true;
}

void jobserver_give(struct jobserver *j)
{
    ssize_t n;
    if (!j->count) return;
    j->count--;
    do n = write(j->to, &j->token[j->count], 1);
    while (n < 0 && errno == EINTR);
}

void jobserver_close(struct jobserver *j)
{
    while (j->count) jobserver_give(j);
    if (j->from >= 0) close(j->from);
    if (j->to >= 0) close(j->to);
    j->from = j->to = -1;
}
