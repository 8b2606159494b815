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

size_t log_escape(char *out, const char *text, size_t n)
{
    static const char digit[] = "0123456789abcdef";
    char *at = out;

    for (; n-- > 0; text++) {
        u8 c = (u8)*text;

        if (c >= 32 && c < 127) {
            *at++ = (char)c;
            continue;
        }
        *at++ = '\\';
        if (c == '\n' || c == '\t') {
            *at++ = c == '\n' ? 'n' : 't';
            continue;
        }
        *at++ = 'x';
        *at++ = digit[c >> 4];
        *at++ = digit[c & 15];
    }
    return (size_t)(at - out);
}

const char *log_shown(struct log_shown *s, const char *text)
{
    size_t n = strnlen(text, LOG_SHOWN + 1);

    snprintf(s->text, sizeof(s->text), "%.*s%s", LOG_SHOWN, text, n > LOG_SHOWN ? "..." : "");
    return s->text;
}

/* What a guest or a user has put into a line can't drive a terminal. */
static void put_line(const char *prefix, const char *format, va_list ap)
{
    char text[1024], line[4 * sizeof(text)];
    int n = snprintf(text, sizeof(text), "ferry: %s", prefix);
    int m = vsnprintf(text + n, sizeof(text) - (size_t)n, format, ap);
    size_t length;

    n += m < 0 ? 0 : m;
    if (n >= (int)sizeof(text)) {
        n = (int)sizeof(text) - 1;
        memcpy(text + n - 3, "...", 3);
    }
    length = log_escape(line, text, (size_t)n);
    line[length++] = '\n';
    put(line, length);
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
    return *end == '\0' && end != text && log_end > log_start;
}

bool log_enable(const char *argument)
{
    if (*argument == '\0') return false;
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
