/*
 * Text of the commands' own: names of files, messages.
 */
#ifndef AOT_BASE_TEXT_H
#define AOT_BASE_TEXT_H

/* Text by printf's format, to be freed; never NULL: the program ends with a line and status 1 when the
 * host has no memory left. */
char *format(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
