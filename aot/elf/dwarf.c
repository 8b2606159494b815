/*
 * Opening DWARF: libdwarf sees a handful of sections by its object interface, never the file.
 *
 * Compressed sections are expanded by libelf. What a section says of its expanded size is believed
 * within the limits of the compression (zlib's is 1032 to 1), and all together to 32 times the
 * file.
 */
#include "aot/elf/dwarf.h"

#include <libelf.h>
#include <sys/mman.h>

#define BEST_COMPRESSION 1032
#define EXPANSION        32

static const char *const wanted[] = {
    ".debug_info",   ".debug_abbrev",   ".debug_line", ".debug_str",         ".debug_line_str",
    ".debug_ranges", ".debug_rnglists", ".debug_addr", ".debug_str_offsets",
};

struct dwarf_section {
    const char *name;
    struct span bytes;
};

struct dwarf_sections { /* 0 is unnamed and empty, as in ELF; the others aren't empty */
    struct dwarf_section at[1 + ARRAY_SIZE(wanted)];
    size_t count;
};

const struct elf_file *file_with_dwarf(const struct module_files *files)
{
    Elf64_Shdr s;
    if (elf_find_section(&files->debug, ".debug_info", &s)) return &files->debug;
    if (elf_find_section(&files->own, ".debug_info", &s)) return &files->own;
    return NULL;
}

/* --- sections --------------------------------------------------------------------------------- */

static struct span expand(Elf *elf, u32 index, struct span packed, u64 *left)
{
    Elf64_Chdr head;
    Elf_Scn *section = elf ? elf_getscn(elf, index) : NULL;
    if (!section || packed.size < sizeof(head)) return (struct span){NULL, 0};
    span_item(packed, 0, &head, sizeof(head));
    if (head.ch_size / BEST_COMPRESSION > packed.size || head.ch_size > *left ||
        elf_compress(section, 0, 0) < 0)
        return (struct span){NULL, 0};
    Elf_Data *data = elf_getdata(section, NULL);
    if (!data || !data->d_buf) return (struct span){NULL, 0};
    *left -= data->d_size;
    return (struct span){data->d_buf, data->d_size};
}

/* The first section of each wanted name. */
static void load_sections(const struct elf_file *f, struct dwarf_sections *out)
{
    void *image = (void *)(uintptr_t)f->bytes.at;
    Elf *elf = NULL;
    elf_version(EV_CURRENT);
    /* elf_compress changes the section header in place. The mapping is private, and the child's. */
    if (!mprotect(image, f->bytes.size, PROT_READ | PROT_WRITE))
        elf = elf_memory(image, f->bytes.size);
    u64 left = f->bytes.size * EXPANSION;
    out->at[0] = (struct dwarf_section){"", {NULL, 0}};
    out->count = 1;
    for (size_t k = 0; k < ARRAY_SIZE(wanted); k++) {
        Elf64_Shdr s;
        u32 index = elf_find_section(f, wanted[k], &s);
        struct span bytes = index ? elf_section(f, &s) : (struct span){NULL, 0};
        if (bytes.size && s.sh_flags & SHF_COMPRESSED) bytes = expand(elf, index, bytes, &left);
        if (bytes.size) out->at[out->count++] = (struct dwarf_section){wanted[k], bytes};
    }
}

/* --- libdwarf's object interface -------------------------------------------------------------- */

static int section_info(void *object, Dwarf_Half index, Dwarf_Obj_Access_Section *out, int *error)
{
    (void)error;
    struct dwarf_sections *s = object;
    if (index >= s->count) return DW_DLV_NO_ENTRY;
    *out = (Dwarf_Obj_Access_Section){
        .type = SHT_PROGBITS, .size = s->at[index].bytes.size, .name = s->at[index].name};
    return DW_DLV_OK;
}

static Dwarf_Endianness byte_order(void *object)
{
    (void)object;
    return DW_OBJECT_LSB;
}

static Dwarf_Small length_size(void *object)
{
    (void)object;
    return 4;
}

static Dwarf_Small pointer_size(void *object)
{
    (void)object;
    return 8;
}

static Dwarf_Unsigned section_count(void *object)
{
    return ((struct dwarf_sections *)object)->count;
}

static int load_section(void *object, Dwarf_Half index, Dwarf_Small **out, int *error)
{
    (void)error;
    struct dwarf_sections *s = object;
    if (!index || index >= s->count) return DW_DLV_NO_ENTRY;
    *out = (Dwarf_Small *)(uintptr_t)s->at[index].bytes.at;
    return DW_DLV_OK;
}

static const Dwarf_Obj_Access_Methods methods = {
    section_info, byte_order, length_size, pointer_size, section_count, load_section, NULL,
};

bool for_each_unit(const struct elf_file *f, unit_visitor *visit, void *context)
{
    struct dwarf_sections sections = {0};
    Dwarf_Obj_Access_Interface object = {&sections, &methods};
    Dwarf_Debug debug;
    Dwarf_Error error;
    load_sections(f, &sections);
    dwarf_set_de_alloc_flag(0); /* the child's end frees all; keeping track costs much */
    int status = dwarf_object_init_b(&object, NULL, NULL, DW_GROUPNUMBER_ANY, &debug, &error);
    if (status) return status == DW_DLV_NO_ENTRY;
    u64 left = f->bytes.size * EXPANSION; /* a header that leads backwards must not loop */
    while (left--) {
        Dwarf_Unsigned length, type_offset, next;
        Dwarf_Off abbreviations;
        Dwarf_Half version, address_size, offset_size, extension_size, kind;
        Dwarf_Sig8 signature;
        Dwarf_Die unit;
        status = dwarf_next_cu_header_d(debug, true, &length, &version, &abbreviations,
                                        &address_size, &offset_size, &extension_size, &signature,
                                        &type_offset, &next, &kind, &error);
        if (status) return status == DW_DLV_NO_ENTRY;
        if (dwarf_siblingof_b(debug, NULL, true, &unit, &error)) continue;
        visit(context, debug, unit);
        dwarf_dealloc_die(unit);
    }
    return false;
}
