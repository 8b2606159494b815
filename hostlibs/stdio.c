/*
 * Streams that come to the host's libraries unseen, in structures or as words: the C library's
 * functions on streams, which know a guest's by where its table of functions lies, and take the
 * host's stream over it (stream.c) instead.
 */
#include "hostlibs/hostlibs.h"
#include "hostlibs/interpose.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TABLE_AT 216 /* struct _IO_FILE_plus: vtable; the same on both sides */

static FILE *host_stream(FILE *f)
{
    u64 table;

    if (f == NULL || !native_is_called()) return f;
    memcpy(&table, (const char *)f + TABLE_AT, sizeof(table));
    return native_is_guest(table) ? stream_to_host((u64)f) : f;
}

#define STREAM(type, function, parameters, ...)                                                    \
    type function parameters                                                                       \
    {                                                                                              \
        REAL(function);                                                                            \
        f = host_stream(f);                                                                        \
        return real(__VA_ARGS__);                                                                  \
    }

#undef putc
#undef getc

/* clang-format off */
STREAM(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f), p, size, n, f)
STREAM(int, fputs, (const char *s, FILE *f), s, f)
STREAM(int, fputc, (int c, FILE *f), c, f)
STREAM(int, putc, (int c, FILE *f), c, f)
STREAM(int, fgetc, (FILE *f), f)
STREAM(int, getc, (FILE *f), f)
STREAM(char *, fgets, (char *s, int n, FILE *f), s, n, f)
STREAM(int, fclose, (FILE *f), f)
STREAM(int, feof, (FILE *f), f)
STREAM(int, ferror, (FILE *f), f)
STREAM(int, fseek, (FILE *f, long offset, int whence), f, offset, whence)
STREAM(int, fseeko, (FILE *f, off_t offset, int whence), f, offset, whence)
STREAM(int, fseeko64, (FILE *f, off64_t offset, int whence), f, offset, whence)
STREAM(long, ftell, (FILE *f), f)
STREAM(off_t, ftello, (FILE *f), f)
STREAM(off64_t, ftello64, (FILE *f), f)
STREAM(void, rewind, (FILE *f), f)
STREAM(void, clearerr, (FILE *f), f)
STREAM(int, vfprintf, (FILE *f, const char *format, va_list list), f, format, list)
/* clang-format on */

/* Whole blocks, not byte by byte as a stream without a buffer reads. */
size_t fread(void *p, size_t size, size_t n, FILE *f)
{
    REAL(fread);
    u64 guest;
    size_t got;

    f = host_stream(f);
    guest = native_is_called() ? stream_behind(f) : 0;
    if (guest == 0) return real(p, size, n, f);
    got = stream_read(p, size, n, guest);
    if (got < n) f->_flags |= stream_failed(guest) ? 0x20 : 0x10; /* _IO_ERR_SEEN, _IO_EOF_SEEN */
    return got;
}

int fflush(FILE *f)
{
    REAL(fflush);
    bool called = native_is_called();
    u64 guest;
    int r;

    f = host_stream(f);
    guest = f != NULL && called ? stream_behind(f) : 0;
    r = real(f);
    if (guest != 0 || (f == NULL && called)) r |= stream_flush(guest);
    return r;
}

int ungetc(int c, FILE *f)
{
    REAL(ungetc);
    u64 guest;

    f = host_stream(f);
    guest = native_is_called() ? stream_behind(f) : 0;
    if (guest == 0) return real(c, f);
    if (c != EOF) clearerr_unlocked(f);
    return stream_unget(c, guest);
}

int fprintf(FILE *f, const char *format, ...)
{
    va_list list;
    int r;

    va_start(list, format);
    r = vfprintf(f, format, list);
    va_end(list);
    return r;
}

/* As programs that check for buffer overflows call them. */
int __fprintf_chk(FILE *f, int flag, const char *format, ...);
int __vfprintf_chk(FILE *f, int flag, const char *format, va_list list);

int __vfprintf_chk(FILE *f, int flag, const char *format, va_list list)
{
    (void)flag;
    return vfprintf(f, format, list);
}

int __fprintf_chk(FILE *f, int flag, const char *format, ...)
{
    va_list list;
    int r;

    (void)flag;
    va_start(list, format);
    r = vfprintf(f, format, list);
    va_end(list);
    return r;
}
