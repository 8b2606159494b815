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
 * Whoever reads a table believes it after bundle_check only. Whether contents and images are those
 * that were written, the checksums of their chunks say (aot/base/checksum.h): a chunk is checked
 * before it is first used, so that the time to start doesn't grow with what is in a bundle.
 */
#ifndef AOT_ABI_BUNDLE_H
#define AOT_ABI_BUNDLE_H

#include "aot/base/checksum.h"
#include "aot/base/types.h"

#define BUNDLE_FORMAT   1
#define BUNDLE_PAGE     4096u
#define BUNDLE_CHUNK    65536u
#define BUNDLE_PATH_MAX 4096u /* bytes of a guest path with its NUL */

/* In the runtime's read-only data, once. */
#define BUNDLE_MARK "\177Ferry\r\n\032bundle" /* and its NUL: 16 bytes */
struct bundle_mark {
    char magic[16];
    u64 file_size; /* of the whole bundle; 0: this is no bundle */
    u64 at;        /* where this mark is */
    u64 runtime;   /* bytes of the runtime, in whole pages, what is behind it zeroes */
    u64 table, table_size;
    struct digest before, behind; /* the runtime's bytes before and behind the mark */
    struct digest contents;       /* the table */
    struct digest self;           /* this mark, but for this field */
};

enum bundle_flag {
    BUNDLE_WHOLE = 1, /* a directory that was bundled with all that is in it: the host's of that
                         name is not looked at */
};

/* Bytes in the file, in chunks of BUNDLE_CHUNK bytes; the last ends with its last page. */
struct bundle_stretch {
    u64 at, size;
    u32 digest; /* number of its first chunk's */
    u32 reserved;
};

struct bundle_entry {
    u32 name; /* string; the root's is "" */
    u32 parent;
    u32 mode; /* as st_mode: S_IFDIR, S_IFREG or S_IFLNK, and permissions */
    u32 flags;
    u32 first, count;               /* a directory's children */
    u32 link, link_size;            /* a link's text: string */
    s64 mtime;                      /* ns */
    struct bundle_stretch contents; /* a file's */
    struct bundle_stretch image;    /* that goes with an ELF file; size 0: none */
};

struct bundle_table {
    char magic[8]; /* "FERRYBDL" */
    u32 format, header_size, entry_size, entry_count;
    u32 program;                    /* string: guest path of what the bundle runs */
    u32 digest_count, strings_size; /* digests lie behind the entries, strings behind those */
    u32 reserved;
};

#define BUNDLE_TABLE_MAGIC "FERRYBDL"

static inline const struct bundle_entry *bundle_entries(const struct bundle_table *t)
{
    return (const struct bundle_entry *)(const void *)(t + 1);
}

static inline const struct digest *bundle_digests(const struct bundle_table *t)
{
    return (const struct digest *)(const void *)(bundle_entries(t) + t->entry_count);
}

static inline const char *bundle_string(const struct bundle_table *t, u64 at)
{
    return (const char *)(bundle_digests(t) + t->digest_count) + at;
}

static inline u64 bundle_chunks(const struct bundle_stretch *s)
{
    return (s->size + BUNDLE_CHUNK - 1) / BUNDLE_CHUNK;
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

/* The checksum of chunk n of a stretch of `size` bytes, which lies at `bytes`. */
struct digest bundle_chunk_digest(u64 size, u64 n, const u8 *bytes);

/* Whether that is what was written. */
bool bundle_chunk_is_whole(const struct bundle_table *t, const struct bundle_stretch *s, u64 n,
                           const u8 *bytes);

/* Writes an entry's absolute path; false: it is too long. */
bool bundle_path(const struct bundle_table *t, const struct bundle_entry *e, char *out,
                 size_t size);

#endif
