/*
 * Names of helpers.h's list.
 */
#include "aot/abi/helpers.h"

#include <string.h>

static const char *const names[HELPER_COUNT] = {
#define X(name, text) [HELPER_##name] = text,
    HELPERS(X)
#undef X
};

const char *helper_name(unsigned id)
{
    return id < HELPER_COUNT ? names[id] : "?";
}

int helper_by_name(const char *name)
{
    for (int i = 0; i < HELPER_COUNT; i++)
        if (!strcmp(names[i], name)) return i;
    return -1;
}
