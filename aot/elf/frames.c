#include "aot/elf/internal.h"
void read_frames(struct reader *r)
{
    (void)r;
}
