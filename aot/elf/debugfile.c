#include "aot/elf/internal.h"
void find_debug_file(struct reader *r, struct elf_file *debug, const char *debug_root)
{
    (void)r;
    (void)debug;
    (void)debug_root;
}
