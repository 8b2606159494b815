/*
 * Names of exits.h's list.
 */
#include "aot/abi/exits.h"

#include <string.h>

static const char *const names[TRAP_COUNT] = {
#define X(name, text) [TRAP_##name] = text,
    TRAP_REASONS(X)
#undef X
};

const char *trap_name(unsigned reason)
{
    return reason < TRAP_COUNT ? names[reason] : "?";
}

int trap_by_name(const char *name)
{
    for (int i = 0; i < TRAP_COUNT; i++)
        if (!strcmp(names[i], name)) return i;
    return -1;
}
