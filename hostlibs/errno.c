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

/* A signal's handler may come in between, and finds them for itself. */
static void find_both(struct guest_state *s)
{
    static u64 function;
    int *guest = &errno; /* of a program that has none */
    u64 x[18];
    u8 v[8][16];

    if (function == 0) function = policy_guest_function("__errno_location");
    if (function != 0) {
        memcpy(x, s->x, sizeof(x)); /* arguments are there */
        memcpy(v, s->v, sizeof(v));
        native_run(s, function, NULL, 0);
        guest = (int *)s->x[0];
        memcpy(s->x, x, sizeof(x));
        memcpy(s->v, v, sizeof(v));
    }
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
