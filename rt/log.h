/*
 * Log channels: text for the people who look into a run. One line per event, written by one
 * write(2) to the log's descriptor, "ferry: " and the channel first. No channel is on by default
 * but ERROR.
 */
#ifndef RT_LOG_H
#define RT_LOG_H

#include "aot/base/types.h"

#include <stdarg.h>

/* X(NAME, text): text is what --log=CHANNEL says. */
#define LOG_CHANNELS(X)                                                                            \
    X(ERROR, "error")     /* what users must know; always on */                                    \
    X(DECODE, "decode")   /* guest instructions of each region */                                  \
    X(IR, "ir")           /* lifted */                                                             \
    X(OPT, "opt")         /* optimised */                                                          \
    X(CODE, "code")       /* host code */                                                          \
    X(LINK, "link")       /* cells, lookups, invalidation */                                       \
    X(SYSCALL, "syscall") /* as --trace=syscalls */                                                \
    X(SIGNAL, "signal")   /* arrival and delivery */                                               \
    X(LOADER, "loader")   /* programs and their segments */                                        \
    X(MM, "mm")           /* the guest's map */                                                    \
    X(PATH, "path")       /* where guest paths were found */                                       \
    X(THREAD, "thread")   /* threads and processes */                                              \
    X(IMAGE, "image")     /* which images are used, and which not */                               \
    X(ENGINE, "engine")   /* what fell back and why */                                             \
    X(NATIVE, "native")   /* libraries: which are the host's, and which not and why */

enum log_channel {
#define X(name, text) LOG_##name,
    LOG_CHANNELS(X)
#undef X
        LOG_COUNT
};

/* Bit per channel, and the guest address range of --log=CHANNEL,START-END. */
extern u32 log_mask;
extern u64 log_start, log_end;

static inline bool log_on(enum log_channel c)
{
    return (log_mask >> c & 1) != 0;
}

/* On, and pc inside the range asked for. */
static inline bool log_on_at(enum log_channel c, u64 pc)
{
    return log_on(c) && pc >= log_start && pc < log_end;
}

/* One line (a newline is added; bytes that aren't printable ASCII are escaped; too long a line is
 * cut). Safe in signal handlers: formats on the stack, one write. */
void log_line(enum log_channel c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies n bytes to out (4 * n bytes), what isn't printable ASCII as \n, \t or \xNN; the length. */
size_t log_escape(char *out, const char *text, size_t n);

/* A name of somebody else's for a line that says more: cut, so that the rest has room. */
#define LOG_SHOWN 256
struct log_shown {
    char text[LOG_SHOWN + 4];
};
const char *log_shown(struct log_shown *s, const char *text);

/* Text of several lines, as it is. */
void log_text(enum log_channel c, const char *text, size_t length);

/* Turns on the channels of a --log argument; false: no such channel, or no range. */
bool log_enable(const char *argument);

/* Copies the error descriptor out of the guest's way when a channel is on: returns it, or -1. */
int log_protect(void);

/* The guest wants the log's number for itself: moves it; the new one, or -1. */
int log_move(void);

/* "ferry: ..." and exit(status), for the time before the guest runs. */
void log_fatal(int status, const char *format, ...) __attribute__((format(printf, 2, 3), noreturn));

#endif
