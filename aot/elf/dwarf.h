/*
 * A module's DWARF by libdwarf, in the child of apart.h.
 */
#ifndef AOT_ELF_DWARF_H
#define AOT_ELF_DWARF_H

#include <libdwarf/dwarf.h>
#include <libdwarf/libdwarf.h>

#include "aot/elf/apart.h"
#include "aot/elf/internal.h"

/* The file that has the DWARF: the debug file or the module's own; NULL: neither has. */
const struct elf_file *file_with_dwarf(const struct module_files *files);

/* Calls `visit` with the top DIE of each compilation unit. Everything is the child's, which frees
 * nothing. False: damaged, and the rest was not seen. */
typedef void unit_visitor(void *context, Dwarf_Debug debug, Dwarf_Die unit);
bool for_each_unit(const struct elf_file *f, unit_visitor *visit, void *context);

#endif
