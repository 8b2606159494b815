/*
 * Which translator this is: a digest of its sources and of how they were compiled, made by the
 * Makefile. Images made by another are not used.
 */
#include "aot/xlat.h"

#include <string.h>

static const u8 id[] = {
#include "xlat_id.inc"
};

struct digest xlat_id(void)
{
    struct digest d;
    _Static_assert(sizeof id == sizeof d.byte, "a SHA-256 sum");
    memcpy(d.byte, id, sizeof d.byte);
    return d;
}
