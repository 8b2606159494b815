/*
 * The strace-like line of one call: name, arguments by the table's letters, result.
 */
#include "rt/syscall/syscall.h"

#include "rt/log.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct text {
    char buf[700];
    size_t used;
};

static void __attribute__((format(printf, 2, 3))) add(struct text *x, const char *format, ...)
{
    va_list ap;
    int n;

    va_start(ap, format);
    n = vsnprintf(x->buf + x->used, sizeof(x->buf) - x->used, format, ap);
    va_end(ap);
    if (n > 0) x->used += (size_t)n;
    if (x->used >= sizeof(x->buf)) x->used = sizeof(x->buf) - 1;
}

/* A guest string or buffer, escaped, cut at 64 bytes. */
static void add_bytes(struct text *x, u64 address, size_t size, bool cut)
{
    char bytes[64];

    if (!guest_read(bytes, address, size)) {
        add(x, "0x%llx", (unsigned long long)address);
        return;
    }
    add(x, "\"");
    for (size_t i = 0; i < size; i++) {
        char one[5];
        size_t n = log_escape(one, &bytes[i], 1);

        add(x, "%s%.*s", bytes[i] == '"' || bytes[i] == '\\' ? "\\" : "", (int)n, one);
    }
    add(x, cut ? "\"..." : "\"");
}

static void add_string(struct text *x, u64 address)
{
    s64 n = address != 0 ? guard_strnlen((const char *)address, 65) : -1;

    if (n < 0)
        add(x, "0x%llx", (unsigned long long)address);
    else
        add_bytes(x, address, n > 64 ? 64 : (size_t)n, n > 64);
}

static void add_argument(struct text *x, char kind, const u64 *a, s64 result)
{
    switch (kind) {
    case 'd':
    case 't':
        add(x, "%lld", (long long)(s32)*a == (long long)*a ? (long long)*a : (long long)(s64)*a);
        break;
    case 'u': add(x, "%llu", (unsigned long long)*a); break;
    case 'o': add(x, "0%llo", (unsigned long long)*a); break;
    case 'f':
        if ((s32)*a == AT_FDCWD)
            add(x, "AT_FDCWD");
        else
            add(x, "%d", (s32)*a);
        break;
    case 's':
    case 'l':
    case 'e':
    case 'n': add_string(x, *a); break;
    case 'b':
        if (result >= 0)
            add_bytes(x, *a, result > 64 ? 64 : (size_t)result, result > 64);
        else
            add(x, "0x%llx", (unsigned long long)*a);
        break;
    default:
        if (*a == 0 && kind == 'p')
            add(x, "NULL");
        else
            add(x, "0x%llx", (unsigned long long)*a);
        break;
    }
}

/* Calls whose pointers are worth showing as text. */
static char kind_for(const char *name, const char *args, unsigned i)
{
    if (i == 1 && (strcmp(name, "openat") == 0 || strcmp(name, "openat2") == 0 ||
                   strcmp(name, "readlinkat") == 0 || strcmp(name, "execveat") == 0))
        return 's';
    if (i == 0 && strcmp(name, "execve") == 0) return 's';
    return args[i];
}

void trace_call(struct thread *t, const char *name, const char *args, const u64 *a, s64 result)
{
    struct text x = {.used = 0};

    add(&x, "[%d] %s(", t->tid, name);
    for (unsigned i = 0; args[i] != '\0'; i++) {
        add(&x, "%s", i > 0 ? ", " : "");
        if (i == 1 && strcmp(name, "write") == 0)
            add_bytes(&x, a[1], a[2] > 64 ? 64 : (size_t)a[2], a[2] > 64);
        else
            add_argument(&x, kind_for(name, args, i), &a[i], result);
    }
    if (result == SYSCALL_NO_RESULT)
        add(&x, ") = ?");
    else if (result == -RESTART_SYS || result == -RESTART_AGAIN)
        add(&x, ") = ? (a signal came; to be restarted)");
    else if (result < 0 && result > -4096)
        add(&x, ") = -1 %s",
            strerrorname_np((int)-result) != NULL ? strerrorname_np((int)-result) : "errno");
    else if (result > 0xffff)
        add(&x, ") = 0x%llx", (unsigned long long)result);
    else
        add(&x, ") = %lld", (long long)result);
    log_line(LOG_SYSCALL, "%s", x.buf);
}
