/*
 * Log lines: formatted on the stack, one write each, to a copy of the error descriptor that the
 * guest can't reach (see hidden.h).
 */
#include "rt/log.h"

#include "rt/guard.h"
#include "rt/hidden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

u32 log_mask = 1u << LOG_ERROR;
u64 log_start, log_end = UINT64_MAX;

static int log_fd = 2;

static const char *const channel_names[] = {
#define X(name, text) text,
    LOG_CHANNELS(X)
#undef X
};

static void put(const char *text, size_t length)
{
    host_syscall(SYS_write, (u64)log_fd, (u64)text, length, 0, 0, 0);
}

static void put_line(const char *prefix, const char *format, va_list ap)
{
    char line[1024];
    int n = snprintf(line, sizeof(line) - 1, "ferry: %s", prefix);
    int m = vsnprintf(line + n, sizeof(line) - 1 - (size_t)n, format, ap);

    n += m < 0 ? 0 : m;
    if (n > (int)sizeof(line) - 2) n = (int)sizeof(line) - 2;
    line[n++] = '\n';
    put(line, (size_t)n);
}

void log_line(enum log_channel c, const char *format, ...)
{
    char prefix[16] = "";
    va_list ap;

    if (!log_on(c)) return;
    if (c != LOG_ERROR) snprintf(prefix, sizeof(prefix), "%s: ", channel_names[c]);
    va_start(ap, format);
    put_line(prefix, format, ap);
    va_end(ap);
}

void log_text(enum log_channel c, const char *text, size_t length)
{
    if (log_on(c)) put(text, length);
}

static bool parse_range(const char *text)
{
    char *end;

    log_start = strtoull(text, &end, 0);
    if (end == text) return false;
    log_end = log_start + 4;
    if (*end == '-') {
        text = end + 1;
        log_end = strtoull(text, &end, 0);
    }
    return *end == '\0' && end != text;
}

bool log_enable(const char *argument)
{
    while (*argument != '\0') {
        size_t n = strcspn(argument, ",");
        unsigned c;

        if (argument[0] >= '0' && argument[0] <= '9') return parse_range(argument);
        for (c = 0; c < LOG_COUNT; c++)
            if (strlen(channel_names[c]) == n && memcmp(channel_names[c], argument, n) == 0) break;
        if (c == LOG_COUNT) return false;
        log_mask |= 1u << c;
        argument += n + (argument[n] == ',');
    }
    return true;
}

int log_protect(void)
{
    int fd = hidden_copy(2, -1);

    if (fd >= 0) log_fd = fd;
    return fd;
}

int log_move(void)
{
    int fd = hidden_copy(log_fd, log_fd);

    log_fd = fd >= 0 ? fd : 2;
    return fd;
}

void log_fatal(int status, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    put_line("", format, ap);
    va_end(ap);
    _exit(status);
}
