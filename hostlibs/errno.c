/*
 * errno: each side has one of its own for each thread. What a host function leaves in the host's is
 * carried to the guest's, which the guest's C library has the address of.
 */
#include "hostlibs/hostlibs.h"

#include <string.h>

static u64 errno_address(struct guest_state *s)
{
    static u64 function;
    static __thread u64 owner, address; /* of the guest's thread, by its thread pointer */
    u64 x[18];
    u8 v[8][16];

    if (address != 0 && owner == s->tpidr) return address;
    if (function == 0) function = policy_guest_function("__errno_location");
    if (function == 0) return 0;
    memcpy(x, s->x, sizeof(x)); /* results are there already */
    memcpy(v, s->v, sizeof(v));
    native_run(s, function, NULL, 0);
    owner = s->tpidr;
    address = s->x[0];
    memcpy(s->x, x, sizeof(x));
    memcpy(s->v, v, sizeof(v));
    return address;
}

void errno_to_guest(struct guest_state *s, int value)
{
    u64 at = errno_address(s);

    if (at != 0) memcpy((void *)at, &value, sizeof(value));
}
