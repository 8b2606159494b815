/* A module of the guest's that gives the library a function, and goes; it calls it as it comes. */
#include "faults.h"

static int plugged(int n, void *user)
{
    (void)user;
    return n * 2;
}

static void __attribute__((constructor)) come(void)
{
    if (add_ints(3, 4) != 7) __builtin_trap();
}

void *its_add(void);
void *its_add(void)
{
    return (void *)add_ints;
}

void plug(void);
void plug(void)
{
    keep(plugged);
}
