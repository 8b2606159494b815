/*
 * A module's DWARF by libdwarf, in the child of apart.h.
 */
#ifndef AOT_ELF_DWARF_H
#define AOT_ELF_DWARF_H

#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>

#include "aot/elf/apart.h"
#include "aot/elf/internal.h"

/* What libdwarf may need for a file of that size, in bytes: the file's own pages when they are
 * expanded, its sections expanded, and 160 bytes for each row of a unit's lines (measured). */
static inline u64 dwarf_memory(u64 file_size)
{
    return (UINT64_C(256) << 20) + 16 * file_size;
}

/* The file that has the DWARF: the debug file or the module's own; NULL: neither has. */
const struct elf_file *file_with_dwarf(const struct module_files *files);

/* Calls `visit` with the top DIE of each compilation unit. Everything is the child's, which frees
 * nothing. False: damaged, and the rest was not seen. */
typedef void unit_visitor(void *context, Dwarf_Debug debug, Dwarf_Die unit);
bool for_each_unit(const struct elf_file *f, unit_visitor *visit, void *context);

#endif
