/*
 * Calls every function of the generated library (see generate) with known values, and beside it the
 * same function compiled into the program: hashes of arguments, results, what was written through
 * pointers and what callbacks saw must be the same.
 *
 *   conform ROUNDS host|guest     whose library it is to be
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "value.h"

#include "conform.h"

#define FUNCTION static __attribute__((noinline, unused))
#include "values.h"

static u64 model_hash;

#define NAME(n)     m##n
#define KEPT(n)     kept##n
#define SET_HASH(h) model_hash = (h)
#include "bodies.h"

/* --- what is seen ------------------------------------------------------------------------------
 */

/* Of callbacks: a digest of their arguments, and how many there were. */
static struct trace {
    u64 hash, calls;
} now;

struct seen {
    struct trace outer, real;
    u64 hash;
};

static u64 functions, callbacks, wrong;
static int depth;

static void nest(u64 h);

/* Some callbacks call the library again, and are called back. */
static u64 was_called(u64 h)
{
    now.hash = mix(now.hash, h);
    now.calls++;
    if (h % 8 == 0 && depth < 3) nest(h / 8);
    return h;
}

/* Whatever is called or taken as it is here, compilers don't know. */
static __attribute__((noinline)) void *opaque(void *p)
{
    __asm__("" : "+r"(p));
    return p;
}

static void begin(struct seen *s)
{
    s->outer = now;
    now = (struct trace){0};
}

static void between(struct seen *s, u64 hash)
{
    s->real = now;
    s->hash = hash;
    now = (struct trace){0};
}

static void end(struct seen *s, unsigned number, int good)
{
    functions++;
    callbacks += s->real.calls;
    if (!good || s->hash != model_hash || now.hash != s->real.hash || now.calls != s->real.calls) {
        wrong++;
        printf("f%u: %s%s%s\n", number, s->hash != model_hash ? "arguments " : "",
               now.hash != s->real.hash ? "callbacks' arguments " : "", good ? "" : "results");
    }
    now = s->outer;
}

#include "calls.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void nest(u64 h)
{
    depth++;
    calls_with_callbacks[h % COUNT(calls_with_callbacks)](h);
    depth--;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    int host = argc > 2 && strcmp(argv[2], "host") == 0;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (conform_is_host() != host) {
        printf("the library is the %s's\n", host ? "guest" : "host");
        return 1;
    }
    for (unsigned r = 0; r < rounds; r++)
        for (unsigned i = 0; i < COUNT(calls); i++) calls[i](mix(r, i));
    printf("conform: %u functions, %llu calls, %llu callbacks, %llu wrong\n",
           (unsigned)COUNT(calls), functions, callbacks, wrong);
    return wrong != 0;
}
