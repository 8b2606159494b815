/* A module of the guest's that gives the library a function, and goes. */
#include "faults.h"

static int plugged(int n, void *user)
{
    (void)user;
    return n * 2;
}

void plug(void);
void plug(void)
{
    keep(plugged);
}
