/*
 * The table behind mm.h: areas in ascending order, never overlapping, neighbours that continue
 * each other merged. Private to mm*.c; LOCK_MM held throughout.
 */
#ifndef RT_MM_TABLE_H
#define RT_MM_TABLE_H

#include "rt/lock.h"
#include "rt/mm.h"

extern struct lock mm_lock;

struct mm_table {
    struct mm_area *area;
    size_t count, capacity;
    u64 brk_start, brk;
    u32 generation;     /* counts mm_changed */
    u32 code_removals;  /* counts executable areas that have gone, or may have */
    bool writable_code; /* there has been a mapping both writable and executable */
    bool aliased;       /* some memory has been at two addresses */
};

extern struct mm_table mm_table;

/* Areas or their permissions have changed: what threads remember of the map is stale. */
static inline void mm_changed(void)
{
    __atomic_store_n(&mm_table.generation, mm_table.generation + 1, __ATOMIC_RELEASE);
}

/* Index of the first area that ends after addr (count if none). */
size_t mm_index(u64 addr);

/* True when [start, end) meets no area. */
bool mm_is_free(u64 start, u64 end);

/* How far areas of the guest's go from start on without a hole, up to end. */
u64 mm_covered_to(u64 start, u64 end);

/* True when an image lies in [start, end). */
bool mm_has_image(u64 start, u64 end);

/* Forgets [start, end), splitting areas at its ends. True: some of it was executable. */
bool mm_remove(u64 start, u64 end);

/* Puts in an area; its place must be free. */
void mm_insert(const struct mm_area *area);

/* Some memory is at two addresses: all threads' code gets to know. */
void mm_note_alias(void);

/* Does that if some of the area's memory is; the area may be one of the table. */
void mm_look_for_alias(const struct mm_area *area);

/* Makes start and end area boundaries where areas lie there. */
void mm_split(u64 at);

/* Merges neighbours around [start, end). */
void mm_merge(u64 start, u64 end);

/* mm_choose with the lock held. */
u64 mm_choose_locked(u64 hint, u64 length, u64 align);

/* The host's mmap at an address that the runtime chooses; the address or -errno. */
s64 mm_map_chosen(u64 hint, u64 length, u32 host_prot, u32 flags, int fd, u64 offset);

#endif
