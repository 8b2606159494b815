/*
 * What the readers of aot/elf share: a mapped file, bytes with a length, and the lists that become
 * module.entry and module.data_range.
 *
 * The file is taken for hostile. Headers and tables are read here and not by libelf, since what the
 * kernel loads must be read even where libelf refuses (stale section headers, for one). Rules:
 * nothing is read but through a span or a cursor; structs are copied out, for nothing need be
 * aligned; no table is read twice because of another one's contents, so that time is linear in the
 * file's size.
 */
#ifndef AOT_ELF_INTERNAL_H
#define AOT_ELF_INTERNAL_H

#include <elf.h>
#include <string.h>

#include "aot/elf/module.h"

/* --- bytes --------------------------------------------------------------------------------------
 */

struct span { /* size 0: at is not to be read */
    const u8 *at;
    u64 size;
};

/* The part [offset, offset + size) of s; empty when not all of it is there. */
static inline struct span span_part(struct span s, u64 offset, u64 size)
{
    if (!size || offset > s.size || size > s.size - offset) return (struct span){NULL, 0};
    return (struct span){s.at + offset, size};
}

/* Copies item `index` of a table; index < s.size / size. */
static inline void span_item(struct span s, u64 index, void *item, size_t size)
{
    memcpy(item, s.at + index * size, size);
}

/* A table of strings without what follows its last one's end: any offset in it is a string then. */
static inline struct span span_strings(struct span s)
{
    const u8 *last = s.size ? memrchr(s.at, 0, s.size) : NULL;
    return (struct span){s.at, last ? (u64)(last + 1 - s.at) : 0};
}

/* The string at `offset` of what span_strings gave; NULL when it is empty or not there. */
static inline const char *span_string(struct span strings, u64 offset)
{
    return offset < strings.size && strings.at[offset] ? (const char *)strings.at + offset : NULL;
}

/* --- files --------------------------------------------------------------------------------------
 */

struct elf_file {
    struct span bytes; /* the whole file, mapped; page-aligned */
    Elf64_Ehdr ehdr;
    struct span phdrs; /* whole Elf64_Phdr */
    struct span shdrs; /* whole Elf64_Shdr; empty: none, or damaged */
    struct span section_names;
    u64 device, inode;
};

struct module_files {
    struct elf_file own, debug; /* debug.bytes.at NULL: no debug file */
};

/* Maps `path` and checks that it is a 64-bit little-endian AArch64 ELF file. */
enum module_status elf_file_open(struct elf_file *f, const char *path, char why[160]);
void elf_file_close(struct elf_file *f);

static inline u32 elf_phdr_count(const struct elf_file *f)
{
    return (u32)(f->phdrs.size / sizeof(Elf64_Phdr));
}

static inline u32 elf_shdr_count(const struct elf_file *f)
{
    return (u32)(f->shdrs.size / sizeof(Elf64_Shdr));
}

Elf64_Phdr elf_phdr(const struct elf_file *f, u32 index);
Elf64_Shdr elf_shdr(const struct elf_file *f, u32 index);
/* A section's bytes in the file as they are; empty for SHT_NOBITS and what isn't all there. */
struct span elf_section(const struct elf_file *f, const Elf64_Shdr *s);
const char *elf_section_name(const struct elf_file *f, const Elf64_Shdr *s); /* "": none */
/* The number of the first section of that name; 0: none. */
u32 elf_find_section(const struct elf_file *f, const char *name, Elf64_Shdr *out);
/* The build-id note (NT_GNU_BUILD_ID) in segments or sections; empty: none. */
struct span elf_build_id(const struct elf_file *f);

/* --- reading a module ----------------------------------------------------------------------------
 */

struct found { /* evidence before it is sorted */
    u64 pc, size;
    const char *name;
    u8 evidence;
    u8 rank; /* of symbols: the lowest of several for one address gives name and size */
};

struct range_list {
    struct guest_range *at;
    size_t count, room;
};

struct symbol_table {
    struct span symbols; /* Elf64_Sym */
    struct span strings;
};

struct dynamic { /* of the dynamic section; 0 or empty: not there */
    struct symbol_table table;
    struct span rela, jmprel, relr;
    u64 hash, gnu_hash, symtab, strtab, strsz, init, fini, tlsdesc_plt;
    struct guest_range arrays[3]; /* DT_INIT_ARRAY, DT_FINI_ARRAY, DT_PREINIT_ARRAY */
    bool present;
};

struct reader {
    struct arena *arena;
    struct module *m;
    const struct elf_file *own, *debug;
    bool sections_trusted;
    struct range_list code; /* what may be code: ascending, disjoint, in the bytes of the file */
    struct range_list data; /* what isn't; in any order until the end */
    struct guest_range
        described; /* from the first function with an unwind table to the last's end */
    struct dynamic dynamic;
    struct found *found;
    size_t found_count, found_room;
    u64 name_bytes_left; /* of DWARF names: they are copied, and could be one long one each time */
    bool long_names;     /* a table of names has one that is too long */
    bool dwarf_damaged;
    bool no_memory; /* of the lists above; sticky */
};

/* The bytes of the file from a virtual address to the end of its segment's; empty: none. */
struct span module_at(const struct module *m, u64 vaddr);
/* `size` bytes at a virtual address; empty when not all are in one segment's file bytes. */
struct span module_bytes(const struct module *m, u64 vaddr, u64 size);

/* Without section headers, data in an executable segment is told only by what the unwind tables
 * describe: whether a weakly attested address may be code. */
static inline bool is_near_code(const struct reader *r, u64 pc)
{
    return r->sections_trusted || !r->described.end ||
           (pc >= r->described.start && pc < r->described.end);
}
/* Calls `visit` with each part of the file's bytes of segments with these flags that can't be code.
 */
typedef void data_part_visitor(struct reader *r, u64 start, u64 end);
void for_each_data_part(struct reader *r, u32 flags, data_part_visitor *visit);

/* entries.c */
void add_range(struct reader *r, struct range_list *list, u64 start, u64 end);
/* Sorts and joins. */
void tidy_ranges(struct range_list *list);
/* The range of a tidy list that holds `at`; NULL: none. */
const struct guest_range *range_of(const struct range_list *list, u64 at);
/* Takes the address for an entry if it can be one; the rest is seen to by finish_entries. */
void add_entry(struct reader *r, u64 pc, enum evidence evidence);
void add_function(struct reader *r, u64 pc, u64 size, const char *name, enum evidence evidence,
                  unsigned rank);
/* To be told of each table of names that add_function is given some of. */
void note_long_names(struct reader *r, struct span strings);
/* Fills in entry and data_range of the module from the lists. */
void finish_entries(struct reader *r);

/* The readers, each one kind of evidence. */
void read_dynamic(struct reader *r);
void read_symbols(struct reader *r);
void read_relocations(struct reader *r);
void read_plt(struct reader *r);
void read_frames(struct reader *r);
void read_dwarf(struct reader *r);
/* Maps the debug file, if there is one, and names it in the module. */
void find_debug_file(struct reader *r, struct elf_file *debug, const char *debug_root);

#endif
