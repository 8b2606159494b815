/*
 * What an AArch64 ELF file says about itself: segments, and which of its addresses are code, by
 * symbols, debug information, unwind tables, relocations and initialisers. Read with libelf and
 * libdwarf; the file is taken for hostile input.
 *
 * All addresses are the file's own (unbiased, of the link).
 */
#ifndef AOT_ELF_MODULE_H
#define AOT_ELF_MODULE_H

#include "aot/abi/evidence.h"
#include "aot/abi/translation.h"
#include "aot/base/arena.h"

struct module_segment { /* PT_LOAD */
    u64 vaddr, offset, filesz, memsz;
    u32 flags; /* PF_R, PF_W, PF_X */
};

struct module_entry {
    u64 pc;           /* a multiple of 4, in the file's bytes of an executable segment */
    u64 size;         /* bytes of the function that starts there; 0: not known, or no function */
    const char *name; /* of a symbol or subprogram; NULL: none */
    u8 evidence;      /* enum evidence, the strongest */
};

/* data_range: what of the executable segments is no code for certain: $d symbols and objects among
 * the code, sections that aren't executable, tables that the file's headers name. */
struct module {
    const char *path;
    const u8 *data; /* the whole file, mapped read-only */
    u64 size;
    u16 type;      /* ET_EXEC or ET_DYN */
    u64 low, high; /* page-rounded span of the segments */
    struct module_segment *segment;
    u32 segment_count;
    struct module_entry *entry; /* ascending pc, one for each pc */
    u32 entry_count;
    struct guest_range *data_range; /* ascending, disjoint; see above */
    u32 data_range_count;
    bool text_relocations; /* DT_TEXTREL: its code is changed when it is loaded */
    const char *soname, *interp, *rpath, *runpath; /* NULL: none */
    const char **needed;
    u32 needed_count;
    u8 build_id[64];
    u32 build_id_size;
    const char *debug_path; /* of the separate debug file that was read; NULL: none */
    struct module_files *files;
};

enum module_status {
    MODULE_OK,
    MODULE_NOT_GUEST, /* no 64-bit little-endian AArch64 ELF executable or shared object */
    MODULE_BROKEN,    /* it says it is, but can't be loaded */
    MODULE_IO,        /* it can't be read: errno */
    MODULE_NO_MEMORY,
};

/* Where separate debug files are looked for besides the file's own folder: `debug_root`, such as
 * "/usr/lib/debug" or the sysroot's; NULL: nowhere. `why` (or ""), at most 160 bytes, says what is
 * wrong; with MODULE_OK too, when debug information was left out. What `out` points to lives in the
 * arena or in the file's mapping until module_close. */
enum module_status module_open(struct arena *arena, const char *path, const char *debug_root,
                               struct module *out, char why[160]);

/* The same without any look at evidence: segments, and what the dynamic section and the program
 * headers say in words; debug_path is set. Fast. */
enum module_status module_open_brief(struct arena *arena, const char *path, const char *debug_root,
                                     struct module *out, char why[160]);
void module_close(struct module *m);

/* One row of the line tables of the file or its debug file. */
struct module_line {
    u64 pc;
    u32 file; /* number of its path, from 1; 0: this row ends a sequence */
    u32 line;
};

struct module_lines {
    struct module_line *row; /* ascending by sequence as they are in the file */
    u32 row_count;
    const char **path; /* some may be there more than once; path[0] is "" */
    u32 path_count;
};

/* All rows; none when some can't be read, or when they are more than code of this size can have.
 * What `out` points to lives in the arena. */
void module_lines(const struct module *m, struct arena *arena, struct module_lines *out);

#endif
