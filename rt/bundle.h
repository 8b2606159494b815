/*
 * The bundle that this program is, if it is one (aot/abi/bundle.h): a tree of guest files that
 * comes before the host's.
 *
 * Bundled names are known by their host path, BUNDLE_ROOT and the guest's path: no such file can
 * be, so a system call that nobody has thought of gives ENOTDIR. path_resolve makes such paths.
 * Missing ones among them are names that only the bundle could have.
 *
 * An open bundled file is a sealed memory file with a copy of its contents; a directory an empty
 * one, whose file offset is the place in its list. The entry that one is of is written in its
 * modification time, which outlives dup, fork and exec.
 */
#ifndef RT_BUNDLE_H
#define RT_BUNDLE_H

#include "aot/abi/bundle.h"
#include "aot/base/types.h"

#include <sys/stat.h>

struct fs;

/* This program is a bundle; constant once the guest runs. */
extern bool bundle_on;

/* Looks for the bundle. `own` is a descriptor of this program's file, -1: there is none. One that
 * is damaged: one line and status 126. Before anything is mapped for the guest. */
void bundle_start(int own);

/* The guest path of the program that the bundle runs. */
const char *bundle_program(void);

/* The entry whose contents lie at an offset of the bundle's file, if `ino` is that file's inode;
 * NULL: none. */
const struct bundle_entry *bundle_at(u64 ino, u64 offset);

/* A descriptor of the bundle's file, closed by exec, the caller's to close; or -errno. */
s64 bundle_file(void);

#define BUNDLE_ROOT "/proc/self/exe/"

/* The guest path of a bundled name's host path; NULL: it is no bundled name. */
const char *bundle_inside(const char *host);

/* The entry of a bundled name. NULL: there is none, *error (unless error is NULL) says why. */
const struct bundle_entry *bundle_find(const char *inside, s64 *error);

/* An entry by its number, and back. */
const struct bundle_entry *bundle_entry_at(u32 index);
u32 bundle_index(const struct bundle_entry *e);

/* The directory of the bundle that is the working directory; NULL: none. */
const struct bundle_entry *bundle_cwd(const struct fs *fs);

/* In place of such a number: the bundle's tree isn't seen any more (chroot). */
#define BUNDLE_HIDDEN UINT32_MAX

/* Makes it that by its number as struct fs has it, or whichever the kernel's is (0). */
void bundle_set_cwd(struct fs *fs, u32 number);

/* Its guest path (PATH_MAX bytes). */
void bundle_name(const struct bundle_entry *e, char *out);

/* Its host path (PATH_MAX bytes). */
void bundle_host_name(const struct bundle_entry *e, char *out);

/* Its contents or its image, of which [from, from + size) has been checked; damaged: one line, and
 * the process ends with status 126. Safe in signal handlers. */
const u8 *bundle_contents(const struct bundle_entry *e, u64 from, u64 size);
const u8 *bundle_image(const struct bundle_entry *e, u64 from, u64 size);

/* Checks [from, from + size) of its image, of which the first `mapped` bytes are mapped at `at` as
 * well, where they are going to be used. */
void bundle_check_mapped(const struct bundle_entry *e, u64 from, u64 size, const u8 *at,
                         u64 mapped);

/* --- paths (for path.c) -------------------------------------------------------------------------
 */

/* As readlink(2) of a guest path without links in it but for the last component: of the bundle, or
 * of the host where the bundle has no say. -1 and errno. */
s64 bundle_readlink(const char *path, char *target, size_t size);

/* Writes the host path of a walked guest path: a bundled name, or the host's (PATH_MAX bytes). */
void bundle_choose(const char *path, char *host);

/* --- open files (bundle_files.c) ----------------------------------------------------------------
 */

/* The entry that a descriptor is open on; NULL: none of the bundle's. *st (unless NULL) is as
 * bundle_stat has it. */
const struct bundle_entry *bundle_of_fd(s64 fd, struct stat *st);

/* The same, if st is what the kernel says of the descriptor. */
const struct bundle_entry *bundle_of_stat(const struct stat *st);

/* What stat says of an entry. */
void bundle_stat(const struct bundle_entry *e, struct stat *st);

/* Its modification time as the memory file has it, whose nanoseconds are the entry's number. A
 * directory's memory file has this mode bit, a file's not. */
s64 bundle_seconds(const struct bundle_entry *e);
#define BUNDLE_DIRECTORY_MARK 01000u

/* open(2) of the bundled name `inside`, flags the host's. */
s64 bundle_open(const char *inside, u64 flags);

/* How many open files wait for their contents (bundle_open.c). A system call that may need them, or
 * give the file to somebody else, has them filled first. */
extern u32 bundle_waiting;
void bundle_fill_waiting(void);

/* The file that is closed needn't be filled any more. */
void bundle_closed(s64 fd);

/* Around fork. */
void bundle_before_fork(void);
void bundle_after_fork(bool child);

/* True when a file that waits has what is to be read of fd at `from` (-1: at its offset). */
bool bundle_reads_first_part(s64 fd, s64 from, u64 size);

/* getdents64 of a bundled directory that fd is open on, to the guest's buffer. */
s64 bundle_getdents(const struct bundle_entry *e, s64 fd, u64 buffer, u64 size);

/* As mm_map, of an entry that fd is open on: from the bundle's own file, whose pages are shared
 * with whoever runs it. */
s64 bundle_map(const struct bundle_entry *e, u64 addr, u64 length, u32 prot, u32 flags, int fd,
               u64 offset);

#endif
