/* The generated library (see generate), for the host and for the guest. */
#include <stdarg.h>

#include "value.h"

#include "conform.h"

#define FUNCTION static __attribute__((noinline, unused))
#include "values.h"

static u64 last;

#define NAME(n)     f##n
#define KEPT(n)     kept##n
#define SET_HASH(h) last = (h)
#include "bodies.h"

#include "refused.h"

/* Of the arguments of the function that has ended last. */
u64 conform_hash(void)
{
    return last;
}

int conform_is_host(void)
{
#ifdef __x86_64__
    return 1;
#else
    return 0;
#endif
}
