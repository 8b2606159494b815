/*
 * Bundles on disk: what `ferry bundle` writes behind a copy of the static runtime, and what that
 * finds there when it starts.
 *
 *     the runtime          its bundle_mark filled in: where the table is, how long the file is
 *     contents and images  each at a page, the rest of its last page zeroes
 *     the table            struct bundle_table, its entries, their strings
 *
 * An entry is a file, directory or symbolic link of the guest's. Entry 0 is the root; the children
 * of a directory lie together, in the order of their names' bytes, behind those of the directories
 * before it. Places in the file are of its beginning, places of strings of the strings'.
 *
 * Whoever reads a table believes it after bundle_check only; whether contents are those that were
 * written, their checksum says (aot/base/checksum.h).
 */
#ifndef AOT_ABI_BUNDLE_H
#define AOT_ABI_BUNDLE_H

#include "aot/base/checksum.h"
#include "aot/base/types.h"

#define BUNDLE_FORMAT   1
#define BUNDLE_PAGE     4096u
#define BUNDLE_PATH_MAX 4096u /* bytes of a guest path with its NUL */

/* In the runtime's read-only data, once. Checksums here and below go to the end of the last page.
 */
#define BUNDLE_MARK                                                                                \
    "\x7f"                                                                                         \
    "Ferry\r\n\x1a"                                                                                \
    "bundle" /* and its NUL: 16 bytes */
struct bundle_mark {
    char magic[16];
    u64 file_size; /* of the whole bundle; 0: this is no bundle */
    u64 at;        /* where this mark is */
    u64 runtime;   /* bytes of the runtime, in whole pages */
    u64 table, table_size;
    struct digest before, behind; /* the runtime's bytes before and behind the mark */
    struct digest contents;       /* the table; its length is no whole number of pages */
    struct digest self;           /* this mark, but for this field */
};

enum bundle_flag {
    BUNDLE_WHOLE = 1, /* a directory that was bundled with all that is in it: the host's of that
                         name is not looked at */
};

struct bundle_entry {
    u32 name; /* string; the root's is "" */
    u32 parent;
    u32 mode; /* as st_mode: S_IFDIR, S_IFREG or S_IFLNK, and permissions */
    u32 flags;
    u32 first, count;      /* a directory's children */
    u64 size;              /* of contents, of a link's text */
    u64 at;                /* contents; a link's text: string */
    s64 mtime;             /* ns */
    u64 image, image_size; /* the image that goes with an ELF file; 0: none */
    struct digest contents, image_contents;
};

struct bundle_table {
    char magic[8]; /* "FERRYBDL" */
    u32 format, header_size, entry_size, entry_count;
    u32 program;      /* string: guest path of what the bundle runs */
    u32 strings_size; /* the strings lie behind the entries */
};

#define BUNDLE_TABLE_MAGIC "FERRYBDL"

static inline const struct bundle_entry *bundle_entries(const struct bundle_table *t)
{
    return (const struct bundle_entry *)(const void *)(t + 1);
}

static inline const char *bundle_string(const struct bundle_table *t, u64 at)
{
    return (const char *)(bundle_entries(t) + t->entry_count) + at;
}

/* The mark's `self`. */
struct digest bundle_mark_digest(const struct bundle_mark *m);

/* NULL, or what is wrong with the bundle at `file`, `size` bytes of memory: its mark, runtime,
 * table. Contents and images are not looked at. */
const char *bundle_check_file(const struct bundle_mark *m, const u8 *file, u64 size);

/* NULL, or what is wrong with the table: `size` bytes of a bundle of file_size bytes. */
const char *bundle_check(const struct bundle_table *t, u64 size, u64 file_size);

/* The child of a directory that has this name of n bytes; NULL: none. */
const struct bundle_entry *bundle_child(const struct bundle_table *t,
                                        const struct bundle_entry *directory, const char *name,
                                        size_t n);

/*
 * The entry of an absolute path, links not followed. NULL: there is none, and *nearest (unless
 * nearest is NULL) is the last one on the way to it.
 */
const struct bundle_entry *bundle_lookup(const struct bundle_table *t, const char *path,
                                         const struct bundle_entry **nearest);

/* Whether an entry's contents, or its image, are those that were written. */
bool bundle_contents_are_whole(const struct bundle_entry *e, const u8 *file);
bool bundle_image_is_whole(const struct bundle_entry *e, const u8 *file);

/* Writes an entry's absolute path; false: it is too long. */
bool bundle_path(const struct bundle_table *t, const struct bundle_entry *e, char *out,
                 size_t size);

#endif
