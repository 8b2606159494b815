/*
 * errno: each side has one of its own for each thread, and the guest's C library has the address of
 * its. Wherever control passes from one side to the other, the value goes with it.
 */
#include "hostlibs/hostlibs.h"

#include <errno.h>
#include <string.h>

static u64 errno_address(struct guest_state *s)
{
    static u64 function;
    static bool looked;
    static __thread u64 owner, address; /* of the guest's thread, by its thread pointer */
    u64 x[18];
    u8 v[8][16];

    if (address != 0 && owner == s->tpidr) return address;
    if (!looked) function = policy_guest_function("__errno_location");
    looked = true;
    if (function == 0) return 0;
    memcpy(x, s->x, sizeof(x)); /* arguments are there */
    memcpy(v, s->v, sizeof(v));
    native_run(s, function, NULL, 0);
    owner = s->tpidr;
    address = s->x[0];
    memcpy(s->x, x, sizeof(x));
    memcpy(s->v, v, sizeof(v));
    return address;
}

void errno_to_host(struct guest_state *s)
{
    u64 at = errno_address(s);

    errno = at != 0 ? *(const int *)at : 0;
}

void errno_to_guest(struct guest_state *s)
{
    int value = errno;
    u64 at = errno_address(s);

    if (at != 0) *(int *)at = value;
}
