/*
 * errno: each side has one of its own for each thread, and the guest's C library has the address of
 * its. Wherever control passes from one side to the other, the value goes with it.
 */
#include "hostlibs/hostlibs.h"

#include <errno.h>
#include <string.h>

/* The calling thread's two, and whose the guest's is, by its thread pointer. */
static __thread struct {
    u64 owner;
    int *guest, *host;
} both;

u64 guest_call(struct guest_state *s, u64 function, const u64 *integer, u32 count,
               const void *vector)
{
    u64 x[18], result;
    u8 v[8][16];

    memcpy(x, s->x, sizeof(x));
    memcpy(v, s->v, sizeof(v));
    if (count != 0) memcpy(s->x, integer, count * sizeof(*integer));
    if (vector != NULL) memcpy(s->v[0], vector, sizeof(s->v[0]));
    native_run(s, function, NULL, 0);
    result = s->x[0];
    memcpy(s->x, x, sizeof(x));
    memcpy(s->v, v, sizeof(v));
    return result;
}

/* A signal's handler may come in between, and finds them for itself. */
static void find_both(struct guest_state *s)
{
    static u64 function;
    int *guest = &errno; /* of a program that has none */

    if (function == 0) function = policy_guest_function("__errno_location");
    if (function != 0) guest = (int *)guest_call(s, function, NULL, 0, NULL);
    both.guest = guest;
    both.host = &errno;
    both.owner = s->tpidr;
}

void errno_to_host(struct guest_state *s)
{
    if (both.host == NULL || both.owner != s->tpidr) find_both(s);
    *both.host = *both.guest;
}

void errno_to_guest(struct guest_state *s)
{
    if (both.host == NULL || both.owner != s->tpidr) {
        int value = errno;

        find_both(s);
        errno = value;
    }
    *both.guest = *both.host;
}
