/*
 * Windows, free addresses and queries of the guest's map.
 *
 * The guest's window is everything below the lowest thing that the host put into the address
 * space: the kernel places the runtime, its stack, its break and later mappings above (or, in the
 * legacy layout, upwards from) a base that the guest's window ends below.
 */
#include "rt/mm.h"

#include "rt/engine.h"
#include "rt/guard.h"
#include "rt/log.h"
#include "rt/mm_table.h"
#include "rt/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define GIB    (UINT64_C(1) << 30)
#define LOWEST UINT64_C(0x10000) /* vm.mmap_min_addr of all common kernels */

static u64 window_end;
static u64 mmap_base; /* mmap addresses are chosen downwards from here */

extern const char __ehdr_start[];

static u64 lower(u64 a, u64 b)
{
    return b != 0 && b < a ? b : a;
}

void mm_init(void)
{
    u64 low = (u64)__builtin_frame_address(0), random = 0;
    void *probe = mmap(NULL, GUEST_PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    const u8 *bytes = (const u8 *)getauxval(AT_RANDOM);

    low = lower(low, (u64)__ehdr_start);
    low = lower(low, (u64)sbrk(0));
    low = lower(low, getauxval(AT_SYSINFO_EHDR));
    if (probe != MAP_FAILED) {
        low = lower(low, (u64)probe);
        munmap(probe, GUEST_PAGE);
    }
    window_end = ALIGN_DOWN(low - GIB, GIB);
    if (low < 4 * GIB)
        log_fatal(126, "the host's own mappings leave no room for the guest (lowest at 0x%llx)",
                  (unsigned long long)low);
    if (bytes != NULL) memcpy(&random, bytes + 8, 4);
    mmap_base = window_end - 16 * GIB - ((random & 0xfffff) << 12);
}

u64 mm_low(void)
{
    return LOWEST;
}

u64 mm_high(void)
{
    return window_end;
}

/* Highest gap below `below` that takes length; 0: none. */
static u64 gap_below(u64 below, u64 length, u64 align)
{
    size_t i = mm_index(below);
    u64 top = below;

    if (i < mm_table.count && mm_table.area[i].start < below) top = mm_table.area[i].start;
    for (;;) {
        u64 bottom = i > 0 ? mm_table.area[i - 1].end : LOWEST;

        if (top > bottom && top - bottom >= length) {
            u64 at = ALIGN_DOWN(top - length, align);

            if (at >= bottom) return at;
        }
        if (i == 0) return 0;
        top = mm_table.area[--i].start;
    }
}

u64 mm_choose_locked(u64 hint, u64 length, u64 align)
{
    u64 at;

    hint = ALIGN_DOWN(hint, align);
    if (hint >= LOWEST && hint < window_end && length <= window_end - hint &&
        mm_is_free(hint, hint + length))
        return hint;
    if (length >= window_end) return 0;
    at = gap_below(mmap_base, length, align);
    return at != 0 ? at : gap_below(window_end, length, align);
}

u64 mm_choose(u64 hint, u64 length, u64 align)
{
    u64 at;

    lock_take(&mm_lock);
    at = mm_choose_locked(hint, length, align);
    lock_drop(&mm_lock);
    return at;
}

/* Lowest gap from `from` on that takes length; 0: none below `end`. */
static u64 gap_above(u64 from, u64 length, u64 end)
{
    for (size_t i = mm_index(from); from + length <= end; i++) {
        if (i == mm_table.count || mm_table.area[i].start >= from + length) return from;
        from = mm_table.area[i].end;
    }
    return 0;
}

u64 mm_choose_near(u64 addr, u64 length, u64 distance)
{
    u64 at, end = addr + distance + length;

    lock_take(&mm_lock);
    at = gap_below(addr, length, GUEST_PAGE);
    if (at == 0 || addr - at > distance)
        at = gap_above(addr, length, end < window_end ? end : window_end);
    lock_drop(&mm_lock);
    return at;
}

/* Maps at an address that the runtime chooses; host mappings that lie in the window all the same
 * (someone else's, such as a preloaded library's) are walked round. */
s64 mm_map_chosen(u64 hint, u64 length, u32 host_prot, u32 flags, int fd, u64 offset)
{
    u64 below, at = mm_choose_locked(hint, length, GUEST_PAGE);

    for (int tries = 0; at != 0 && tries < 64; tries++) {
        s64 r = host_syscall(SYS_mmap, at, length, host_prot, flags | MAP_FIXED_NOREPLACE,
                             (u64)(s64)fd, offset);

        if (r != -EEXIST) return r;
        below = ALIGN_DOWN(at, GIB) - (GIB << (tries / 4));
        if (below > window_end) break;
        at = gap_below(below, length, GUEST_PAGE);
    }
    return -ENOMEM;
}

bool mm_find(u64 addr, struct mm_area *out)
{
    bool found;
    size_t i;

    lock_take(&mm_lock);
    i = mm_index(addr);
    found = i < mm_table.count && mm_table.area[i].start <= addr;
    if (found) *out = mm_table.area[i];
    lock_drop(&mm_lock);
    return found;
}

/* The executable bytes that a thread met last. */
struct code_range {
    u64 start, end;
    u32 generation; /* of the map; good as long as that is the map's */
    bool shared;    /* it is a shared mapping; all of it, or nothing */
};

static __thread struct code_range code_range;

/* Looks for executable bytes from pc on, up to `end` if they go that far. */
static struct code_range find_code(u64 pc, u64 end)
{
    struct code_range r = {pc, pc, 0, false};

    lock_take(&mm_lock);
    r.generation = mm_table.generation;
    for (size_t i = mm_index(pc); i < mm_table.count && r.end < end; i++) {
        const struct mm_area *a = &mm_table.area[i];

        bool shared = (a->flags & MAP_SHARED) != 0;

        if (a->start > r.end || (a->prot & PROT_EXEC) == 0) break;
        if (r.end > pc && shared != r.shared) break;
        if (a->start < r.start) r.start = a->start;
        r.end = a->end;
        r.shared = shared;
    }
    lock_drop(&mm_lock);
    return r;
}

/* The executable bytes around pc, up to `end` if they go that far. */
static struct code_range code_at(u64 pc, u64 end)
{
    struct code_range r = code_range;

    if (pc < r.start || end > r.end ||
        r.generation != __atomic_load_n(&mm_table.generation, __ATOMIC_ACQUIRE))
        code_range = r = find_code(pc, end);
    return r;
}

/* The bytes at `from` that can be read, as far as they go without a gap. */
static size_t copy_code(void *to, u64 from, size_t n)
{
    struct iovec here = {to, n}, there = {(void *)from, n};
    s64 got;

    if (thread_self != NULL) return n - guard_copy(to, (const void *)from, n);
    /* The compiler thread's faults would end the process. */
    got = host_syscall(SYS_process_vm_readv, (u64)getpid(), (u64)&here, 1, (u64)&there, 1, 0);
    return got > 0 ? (size_t)got : 0;
}

size_t mm_read_code(void *context, u64 pc, u32 *words, size_t max)
{
    u64 end = pc + max * 4;
    struct code_range r;

    (void)context;
    if (end < pc) return 0;
    r = code_at(pc, end);
    if (end > r.end) end = r.end;
    if (end <= pc) return 0;
    return copy_code(words, pc, end - pc) / 4;
}

bool mm_code_at(u64 pc)
{
    struct code_range r = code_at(pc, pc + 4);

    return pc >= r.start && pc + 4 <= r.end;
}

u64 mm_file_base(u64 dev, u64 ino)
{
    u64 base = 0;

    lock_take(&mm_lock);
    for (size_t i = 0; i < mm_table.count && base == 0; i++) {
        const struct mm_area *a = &mm_table.area[i];

        if (a->ino == ino && a->dev == dev && a->offset == 0) base = a->start;
    }
    lock_drop(&mm_lock);
    return base;
}

u32 mm_code_removals(void)
{
    return __atomic_load_n(&mm_table.code_removals, __ATOMIC_ACQUIRE);
}

bool mm_code_is_shared(u64 pc)
{
    return code_at(pc, pc + 4).shared;
}

bool mm_has_writable_code(void)
{
    return mm_table.writable_code;
}

bool mm_has_aliases(void)
{
    return __atomic_load_n(&mm_table.aliased, __ATOMIC_RELAXED);
}

void mm_written(u64 start, u64 end)
{
    bool executable = false;

    lock_take(&mm_lock);
    for (size_t i = mm_index(start); i < mm_table.count && mm_table.area[i].start < end; i++)
        executable |= (mm_table.area[i].prot & PROT_EXEC) != 0;
    lock_drop(&mm_lock);
    if (executable) engine->invalidate(start, end);
}

/* Lock held: what other areas show of area a's bytes [from, to). */
static void flush_others(const struct mm_area *a, u64 from, u64 to)
{
    u64 low = a->offset + (from - a->start), high = low + (to - from);

    for (size_t i = 0; i < mm_table.count; i++) {
        const struct mm_area *b = &mm_table.area[i];
        u64 end = b->offset + (b->end - b->start);
        u64 x = low > b->offset ? low : b->offset, y = high < end ? high : end;

        if (b != a && b->ino == a->ino && b->dev == a->dev && (b->prot & PROT_EXEC) != 0 && x < y)
            engine->invalidate(b->start + (x - b->offset), b->start + (y - b->offset));
    }
}

void mm_flush_aliases(u64 start, u64 end)
{
    lock_take(&mm_lock);
    for (size_t i = mm_index(start); i < mm_table.count && mm_table.area[i].start < end; i++) {
        const struct mm_area *a = &mm_table.area[i];

        if (a->ino != 0 && (a->flags & MAP_SHARED) != 0)
            flush_others(a, start > a->start ? start : a->start, end < a->end ? end : a->end);
    }
    lock_drop(&mm_lock);
}

void mm_before_fork(void)
{
    lock_take(&mm_lock);
}

void mm_after_fork(bool child)
{
    if (child)
        lock_reset(&mm_lock);
    else
        lock_drop(&mm_lock);
}
