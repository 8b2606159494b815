/* The library of the tests in faults_program.c, for the host and for the guest. */
#include "faults.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static step *kept;

int faults_is_host(void)
{
#ifdef __x86_64__
    return 1;
#else
    return 0;
#endif
}

unsigned long length(const char *s)
{
    return strlen(s);
}

#ifndef WITHOUT_ADD_INTS
int add_ints(int a, int b)
{
    return a + b;
}
#endif

int set_errno(int value)
{
    int was = errno;

    errno = value;
    return was;
}

int see_errno(void)
{
    return errno;
}

int set_errno_call(int value, step *f, void *user)
{
    errno = value;
    f(value, user);
    return errno;
}

int call(step *f, int n, void *user)
{
    return f(n, user) + 1;
}

void keep(step *f)
{
    kept = f;
}

int call_kept(int n, void *user)
{
    return kept(n, user) + 1;
}

void sort(void *base, unsigned long count, unsigned long size, order *compare)
{
    qsort(base, count, size, compare);
}

int spin(volatile int *flag)
{
    while (*flag == 0) continue;
    return *flag;
}

int spin_calling(volatile int *flag, step *f, void *user)
{
    int sum = 0;

    while (*flag == 0) sum += f(1, user);
    return sum;
}

int read_int(const int *p)
{
    return *p;
}

int read_shared(const struct shared *s)
{
    return s->value;
}

void write_int(int *p, int value)
{
    *p = value;
}
