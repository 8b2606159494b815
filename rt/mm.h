/*
 * The guest's memory map: every guest mapping with the protection the guest asked for, so that
 * execute permission (which host pages never get), /proc/self/maps and free addresses are known.
 *
 * Guest addresses are host addresses. The guest's window is [mm_low(), mm_high()): the runtime
 * chooses all its addresses there, and nothing of the host's own lies in it. One map per address
 * space; a fork's child gets its copy with the rest of memory.
 */
#ifndef RT_MM_H
#define RT_MM_H

#include "aot/base/types.h"

#define GUEST_PAGE 4096u

struct mm_area {
    u64 start, end;
    u32 prot;  /* the guest's PROT_ bits */
    u32 flags; /* MAP_SHARED or MAP_PRIVATE, MAP_ANONYMOUS, MAP_GROWSDOWN, MAP_STACK... */
    u64 offset;
    u64 dev, ino; /* of the file, 0 for anonymous memory */
    u8 label;     /* enum mm_label */
};

/* MM_IMAGE: not the guest's, who doesn't see it; a hole to it, which gives way when it maps there.
 */
enum mm_label { MM_PLAIN, MM_HEAP, MM_STACK, MM_VDSO, MM_VVAR, MM_IMAGE };

/* Finds the windows. Once, at start. */
void mm_init(void);
u64 mm_low(void);
u64 mm_high(void);

/* --- queries: lock-free for the engine's sake where it says so ---------------------------------
 */

/* The area that holds addr; false: none. Takes LOCK_MM. */
bool mm_find(u64 addr, struct mm_area *out);

/* As struct code_view's read: copies up to max instruction words from executable guest memory at
 * pc; not across a border between shared mappings and others. Takes LOCK_MM; never faults (0 when the
 * page can't be read). */
size_t mm_read_code(void *context, u64 pc, u32 *words, size_t max);

/* True when pc is executable. */
bool mm_code_at(u64 pc);

/* The lowest address where the start of the file is mapped; 0: none. Takes LOCK_MM. */
u64 mm_file_base(u64 dev, u64 ino);

/* Counts executable areas that have gone: what is known of the file behind one may be stale. */
u32 mm_code_removals(void);

/* True when the executable memory at pc is a shared mapping: its bytes may change unseen. */
bool mm_code_is_shared(u64 pc);

/* True when a mapping has been writable and executable at once: then calls that fill memory must
 * say so by mm_written. */
bool mm_has_writable_code(void);
void mm_written(u64 start, u64 end);

/* True when some memory has been at two addresses: a shared mapping of a file beside another mapping
 * of the same part of it. Threads' SLOT_ALIASED says so to translated code; who begins to run some
 * sets it. */
bool mm_has_aliases(void);

/* Invalidates what other mappings of the file pages behind [start, end) were translated to. */
void mm_flush_aliases(u64 start, u64 end);

/* --- changes: errors are -errno ----------------------------------------------------------------
 */

/* mmap of Linux/arm64; the address or -errno. fd is the guest's (= host's) descriptor. */
s64 mm_map(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset);
s64 mm_unmap(u64 addr, u64 length);
s64 mm_protect(u64 addr, u64 length, u32 prot);
s64 mm_remap(u64 addr, u64 old_length, u64 length, u32 flags, u64 to);
s64 mm_brk(u64 addr);

/* shmat and shmdt (mm_shm.c). */
s64 mm_attach(int id, u64 addr, u32 flags);
s64 mm_detach(u64 addr);

/* As mm_map of anonymous memory at a place of the runtime's choice, which the map shows under a
 * label. */
s64 mm_map_label(u64 addr, u64 length, u32 prot, enum mm_label label);

/* Unmaps what was mapped under MM_IMAGE. */
void mm_unmap_image(u64 addr, u64 length);

/* Where the program break starts. */
void mm_set_brk(u64 start);

/* A free range of the window, aligned (power of 2); at hint if that is free. 0: none. The caller
 * holds no lock and maps it at once with MAP_FIXED_NOREPLACE. */
u64 mm_choose(u64 hint, u64 length, u64 align);

/* A free range that begins at most `distance` bytes below or above addr; below if there is one. 0:
 * none. As mm_choose otherwise. */
u64 mm_choose_near(u64 addr, u64 length, u64 distance);

/* Writes the host's text `host` (/proc/self/maps, smaps) as the guest is to see it to descriptor
 * fd. */
void mm_print(int fd, const char *host);

/* Around fork. */
void mm_before_fork(void);
void mm_after_fork(bool child);

#endif
