/* A heap that a program brings with it: what is freed isn't used again. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static char heap[64 << 20];
static size_t used;

void *malloc(size_t size);
void free(void *p);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);

void *malloc(size_t size)
{
    size_t *p =
        (size_t *)(heap + __atomic_fetch_add(&used, (size + 31) & ~(size_t)15, __ATOMIC_RELAXED));

    *p = size;
    return (char *)p + 16;
}

void free(void *p)
{
    (void)p;
}

void *calloc(size_t count, size_t size)
{
    return malloc(count * size);
}

void *realloc(void *p, size_t size)
{
    char *q = malloc(size);

    if (p != NULL) {
        size_t was = *(size_t *)((char *)p - 16);

        memcpy(q, p, was < size ? was : size);
    }
    return q;
}
