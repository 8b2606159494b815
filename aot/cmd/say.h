/*
 * What the commands say: one line for each error, sizes in words, a progress bar.
 */
#ifndef AOT_CMD_SAY_H
#define AOT_CMD_SAY_H

#include "aot/base/arena.h"
#include "aot/base/types.h"

/* "ferry: FILE: what" on standard error. Unprintable bytes of the file's name are escaped. */
void complain(const char *file, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same without a file. */
void complain_all(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A name fit for a terminal: unprintable bytes as \xNN. */
struct shown {
    char text[4 * 256 + 4];
};
const char *shown(struct shown *s, const char *name);

/* "17 bytes", "1.5 KiB", "3.2 MiB". */
struct size_text {
    char text[24];
};
const char *size_text(struct size_text *s, u64 bytes);

/* Of nothing it is 0. */
double percent(u64 part, u64 whole);

/* printf into the arena. */
char *format_text(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A bar on the last line of standard error, when that is a terminal. */
struct progress {
    bool on;
    u64 done, all; /* units of work */
    u32 files, of; /* done, and all */
};
void progress_show(struct progress *p, const char *name);
/* Takes the bar away, so that a line can be printed. Safe at any time. */
void progress_clear(void);

#endif
