/*
 * The heap of the dynamic program, of the host's libraries in it and, by the stub library
 * libferry-heap.so, of the guest: the C library's, under these names. A guest's signal handler may
 * make the runtime allocate on top of what it has interrupted, so handlers wait while one of these
 * runs (a few nanoseconds, but for requests to the kernel).
 */
#include "rt/native.h"

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t size);
extern void *__libc_memalign(size_t align, size_t size);
extern void __libc_free(void *p);

void *malloc(size_t size)
{
    void *p;

    native_hold();
    p = __libc_malloc(size);
    native_release();
    return p;
}

void *calloc(size_t count, size_t size)
{
    void *p;

    native_hold();
    p = __libc_calloc(count, size);
    native_release();
    return p;
}

void *realloc(void *old, size_t size)
{
    void *p;

    native_hold();
    p = __libc_realloc(old, size);
    native_release();
    return p;
}

void free(void *p)
{
    native_hold();
    __libc_free(p);
    native_release();
}

static void *aligned(size_t align, size_t size)
{
    void *p;

    native_hold();
    p = __libc_memalign(align, size);
    native_release();
    return p;
}

void *memalign(size_t align, size_t size)
{
    return aligned(align, size);
}

void *aligned_alloc(size_t align, size_t size)
{
    return aligned(align, size);
}

int posix_memalign(void **out, size_t align, size_t size)
{
    int was = errno;
    void *p;

    if (align % sizeof(void *) != 0 || align == 0 || (align & (align - 1)) != 0) return EINVAL;
    p = aligned(align, size);
    errno = was;
    if (p == NULL) return ENOMEM;
    *out = p;
    return 0;
}

void *valloc(size_t size)
{
    return aligned((size_t)getpagesize(), size);
}

void *pvalloc(size_t size)
{
    size_t page = (size_t)getpagesize();

    if (size > SIZE_MAX - page) {
        errno = ENOMEM;
        return NULL;
    }
    return aligned(page, ALIGN_UP(size, page));
}
