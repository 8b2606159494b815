/*
 * See text.h.
 */
#include "aot/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

char *format(const char *fmt, ...)
{
    va_list ap;
    char *s;
    int n;

    va_start(ap, fmt);
    n = vasprintf(&s, fmt, ap);
    va_end(ap);
    if (n >= 0) return s;
    fputs("ferry: out of memory\n", stderr);
    exit(1);
}
