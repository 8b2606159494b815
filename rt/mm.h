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
    u64 dev, ino;    /* of the file, 0 for anonymous memory */
    u32 name;        /* index for mm_name(): path, "[heap]", "[stack]", "[vdso]"; 0: none */
};

/* Finds the windows. Once, at start. */
void mm_init(void);
u64 mm_low(void);
u64 mm_high(void);

/* --- queries: lock-free for the engine's sake where it says so --------------------------------- */

/* The area that holds addr; false: none. Takes LOCK_MM. */
bool mm_find(u64 addr, struct mm_area *out);

/* As struct code_view's read: copies up to max instruction words from executable guest memory at
 * pc. Takes LOCK_MM; never faults (0 when the page can't be read). */
size_t mm_read_code(void *context, u64 pc, u32 *words, size_t max);

/* True when code at addr can change without notice: a shared writable mapping, or one whose file
 * page another writable mapping shows. Takes LOCK_MM. */
bool mm_code_may_change(u64 addr);

/* Calls visit for the guest ranges that show the same file pages as [start, end). LOCK_MM held. */
void mm_each_alias(u64 start, u64 end, void (*visit)(u64 start, u64 end));

/* --- changes: errors are -errno ---------------------------------------------------------------- */

/* mmap of Linux/arm64; the address or -errno. fd is the guest's (= host's) descriptor. */
s64 mm_map(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset);
s64 mm_unmap(u64 addr, u64 length);
s64 mm_protect(u64 addr, u64 length, u32 prot);
s64 mm_remap(u64 addr, u64 old_length, u64 length, u32 flags, u64 to);
s64 mm_brk(u64 addr);

/* A mapping that the loader made by itself in the window gets its row. name: NULL or a text that
 * is copied. */
void mm_note(u64 start, u64 end, u32 prot, u32 flags, u64 offset, u64 dev, u64 ino,
             const char *name);

/* Where the program break starts. */
void mm_set_brk(u64 start);

/* A free range of the window, aligned (power of 2); at hint if that is free. 0: none. The caller
 * holds no lock and maps it at once with MAP_FIXED_NOREPLACE. */
u64 mm_choose(u64 hint, u64 length, u64 align);

/* Text of /proc/self/maps for the guest: calls line for each. */
void mm_print(void (*line)(void *context, const char *text, size_t length), void *context);

/* Around fork. */
void mm_before_fork(void);
void mm_after_fork(bool child);

#endif
