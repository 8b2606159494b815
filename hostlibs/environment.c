/*
 * The environment that the host's libraries see is the guest's, as its C library has it now.
 */
#include "hostlibs/hostlibs.h"
#include "hostlibs/interpose.h"

#include <errno.h>
#include <stdlib.h>

/* The guest's function `name` of up to three arguments; *function: where it is, once that is known.
 */
static u64 call_guest(const char *name, u64 *function, u64 a, u64 b, u64 c)
{
    struct guest_state *s = native_self();
    int was = errno;

    if (*function == 0) *function = policy_guest_function(name);
    if (*function == 0) native_fatal("the guest has no %s", name);
    s->x[0] = a;
    s->x[1] = b;
    s->x[2] = c;
    native_run(s, *function, NULL, 0);
    errno = was;
    return s->x[0];
}

char *getenv(const char *name)
{
    REAL(getenv);
    static u64 function;

    if (native_is_called()) return (char *)call_guest("getenv", &function, (u64)name, 0, 0);
    return real(name);
}

/* A program that is trusted with more than its user is can't be run by Ferry. */
char *secure_getenv(const char *name)
{
    return getenv(name);
}

int setenv(const char *name, const char *value, int replace)
{
    REAL(setenv);
    static u64 function;

    if (native_is_called())
        return (int)call_guest("setenv", &function, (u64)name, (u64)value, (u64)replace);
    return real(name, value, replace);
}

int unsetenv(const char *name)
{
    REAL(unsetenv);
    static u64 function;

    if (native_is_called()) return (int)call_guest("unsetenv", &function, (u64)name, 0, 0);
    return real(name);
}
