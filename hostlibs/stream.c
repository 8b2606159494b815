/*
 * FILE: the guest's stream as one of the host's. What the host writes or reads goes through the
 * guest's own functions, without a buffer, so both see one position; so does what it puts back or
 * flushes. Streams are kept: the host may have kept the pointer, too. What the host's libraries
 * know as stdin and stdout is the guest's.
 */
#include "hostlibs/hostlibs.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct stream {
    struct stream *next;
    u64 guest;
    FILE *host;
};

static struct stream *streams;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

enum stdio {
    GUEST_FREAD,
    GUEST_FWRITE,
    GUEST_FERROR,
    GUEST_FSEEKO,
    GUEST_FTELLO,
    GUEST_FCLOSE,
    GUEST_FFLUSH,
    GUEST_UNGETC,
    GUEST_COUNT
};

static u64 call_stdio(enum stdio which, u64 a, u64 b, u64 c, u64 d)
{
    static const char *const names[GUEST_COUNT] = {"fread",  "fwrite", "ferror", "fseeko",
                                                   "ftello", "fclose", "fflush", "ungetc"};
    static u64 function[GUEST_COUNT];
    struct guest_state *s = native_self();

    if (function[which] == 0) function[which] = policy_guest_function(names[which]);
    if (function[which] == 0 || s == NULL) native_fatal("the guest's stdio can't be reached");
    errno_to_guest(s);
    s->x[0] = a;
    s->x[1] = b;
    s->x[2] = c;
    s->x[3] = d;
    native_run(s, function[which], NULL, 0);
    errno_to_host(s);
    return s->x[0];
}

static ssize_t read_cookie(void *cookie, char *buf, size_t n)
{
    const struct stream *f = cookie;
    u64 got = call_stdio(GUEST_FREAD, (u64)buf, 1, n, f->guest);

    return got == 0 && (u32)call_stdio(GUEST_FERROR, f->guest, 0, 0, 0) != 0 ? -1 : (ssize_t)got;
}

static ssize_t write_cookie(void *cookie, const char *buf, size_t n)
{
    const struct stream *f = cookie;

    return (ssize_t)call_stdio(GUEST_FWRITE, (u64)buf, 1, n, f->guest);
}

static int seek_cookie(void *cookie, off64_t *offset, int whence)
{
    const struct stream *f = cookie;

    if ((u32)call_stdio(GUEST_FSEEKO, f->guest, (u64)*offset, (u64)whence, 0) != 0) return -1;
    *offset = (off64_t)call_stdio(GUEST_FTELLO, f->guest, 0, 0, 0);
    return *offset < 0 ? -1 : 0;
}

/* The host has closed it, and so the guest's. Who may still look at the list isn't known: it stays
 * there, for no stream. */
static int close_cookie(void *cookie)
{
    struct stream *f = cookie;
    u64 guest = __atomic_exchange_n(&f->guest, 0, __ATOMIC_ACQ_REL);

    return (int)call_stdio(GUEST_FCLOSE, guest, 0, 0, 0);
}

static struct stream *find(u64 guest)
{
    struct stream *f = __atomic_load_n(&streams, __ATOMIC_ACQUIRE);

    while (f != NULL && f->guest != guest) f = f->next;
    return f;
}

static struct stream *make(u64 guest)
{
    static const cookie_io_functions_t io = {
        .read = read_cookie, .write = write_cookie, .seek = seek_cookie, .close = close_cookie};
    struct stream *f = calloc(1, sizeof(*f));

    if (f != NULL) f->host = fopencookie(f, "r+", io);
    if (f == NULL || f->host == NULL) native_fatal("no memory for a stream");
    setvbuf(f->host, NULL, _IONBF, 0);
    f->guest = guest;
    f->next = streams;
    __atomic_store_n(&streams, f, __ATOMIC_RELEASE);
    return f;
}

void *stream_to_host(u64 guest)
{
    struct stream *f = guest != 0 ? find(guest) : NULL;

    if (guest == 0) return NULL;
    if (f == NULL) {
        pthread_mutex_lock(&lock);
        f = find(guest);
        if (f == NULL) f = make(guest);
        pthread_mutex_unlock(&lock);
    }
    clearerr_unlocked(f->host); /* what the guest has cleared, or moved away from */
    return f->host;
}

u64 stream_behind(const void *host)
{
    struct stream *f = __atomic_load_n(&streams, __ATOMIC_ACQUIRE);

    while (f != NULL && f->host != host) f = f->next;
    return f != NULL ? f->guest : 0;
}

size_t stream_read(void *to, size_t size, size_t n, u64 guest)
{
    return call_stdio(GUEST_FREAD, (u64)to, size, n, guest);
}

bool stream_failed(u64 guest)
{
    return (u32)call_stdio(GUEST_FERROR, guest, 0, 0, 0) != 0;
}

int stream_flush(u64 guest)
{
    return (int)call_stdio(GUEST_FFLUSH, guest, 0, 0, 0);
}

int stream_unget(int c, u64 guest)
{
    return (int)call_stdio(GUEST_UNGETC, (u64)(s64)c, guest, 0, 0);
}

void stream_standard(void)
{
    u64 in = policy_guest_function("_IO_2_1_stdin_"),
        out = policy_guest_function("_IO_2_1_stdout_");

    if (in != 0) stdin = stream_to_host(in);
    if (out != 0) stdout = stream_to_host(out);
}
