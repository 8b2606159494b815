/*
 * mmap, munmap, mprotect, mremap and brk on the guest's map: each checks and rounds as Linux does,
 * asks the host for the same, and writes down what became of it. Host pages never get execute
 * permission; executable ones are readable, so that they can be translated.
 */
#include "rt/mm.h"

#include "rt/engine.h"
#include "rt/guard.h"
#include "rt/log.h"
#include "rt/mm_table.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#ifndef MAP_32BIT
#define MAP_32BIT 0x40
#endif
#define ARM64_PROT_BTI 0x10u
#define ARM64_PROT_MTE 0x20u
#define PROT_RWX       ((u32)(PROT_READ | PROT_WRITE | PROT_EXEC))

static u32 host_prot(u32 prot)
{
    u32 p = prot & (u32)(PROT_READ | PROT_WRITE);

    return (prot & PROT_EXEC) != 0 ? p | PROT_READ : p;
}

static bool in_window(u64 addr, u64 length)
{
    return addr < mm_high() && length <= mm_high() - addr;
}

static void forget(u64 start, u64 end)
{
    if (!mm_remove(start, end)) return;
    __atomic_add_fetch(&mm_table.code_removals, 1, __ATOMIC_ACQ_REL);
    engine->invalidate(start, end);
}

static void identify(int fd, struct mm_area *a)
{
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0) {
        a->dev = st.st_dev;
        a->ino = st.st_ino;
    }
}

/* The host's mmap for checked arguments. */
static s64 map_host(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset)
{
    u32 kept = flags & ~(u32)(MAP_32BIT | MAP_GROWSDOWN | MAP_FIXED | MAP_FIXED_NOREPLACE);

    if ((flags & MAP_FIXED_NOREPLACE) == MAP_FIXED_NOREPLACE) {
        if (!in_window(addr, length)) return -ENOMEM;
        if (!mm_is_free(addr, addr + length)) return -EEXIST;
        return host_syscall(SYS_mmap, addr, length, host_prot(prot), kept | MAP_FIXED_NOREPLACE,
                            (u64)(s64)fd, offset);
    }
    if ((flags & MAP_FIXED) != 0) {
        if (!in_window(addr, length) || mm_has_image(addr, addr + length)) return -ENOMEM;
        return host_syscall(SYS_mmap, addr, length, host_prot(prot), kept | MAP_FIXED, (u64)(s64)fd,
                            offset);
    }
    return mm_map_chosen(ALIGN_DOWN(addr, (u64)GUEST_PAGE), length, host_prot(prot), kept, fd,
                         offset);
}

/* The guest wants [start, end) for itself: images there give way. No lock held. */
static void evict_images(u64 start, u64 end)
{
    bool any;

    lock_take(&mm_lock);
    any = mm_has_image(start, end);
    lock_drop(&mm_lock);
    if (any) (void)engine->image_evict(start, end);
}

s64 mm_map(u64 addr, u64 length, u32 prot, u32 flags, int fd, u64 offset)
{
    struct mm_area a = {.prot = prot & PROT_RWX, .offset = offset};
    s64 at;

    if (length == 0 || (offset & (GUEST_PAGE - 1)) != 0) return -EINVAL;
    if ((flags & (u32)(MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0 && (addr & (GUEST_PAGE - 1)) != 0)
        return -EINVAL;
    length = ALIGN_UP(length, (u64)GUEST_PAGE);
    if (length == 0) return -ENOMEM;
    a.flags = flags & (u32)(MAP_TYPE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK | MAP_LOCKED);
    if ((flags & MAP_ANONYMOUS) == 0) identify(fd, &a);
    if ((flags & (u32)(MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0 && in_window(addr, length))
        evict_images(addr, addr + length);
    lock_take(&mm_lock);
    at = map_host(addr, length, prot, flags, fd, offset);
    if (at >= 0) {
        a.start = (u64)at;
        a.end = (u64)at + length;
        forget(a.start, a.end);
        mm_insert(&a);
    }
    lock_drop(&mm_lock);
    return at;
}

s64 mm_map_label(u64 addr, u64 length, u32 prot, enum mm_label label)
{
    u32 flags = MAP_PRIVATE | MAP_ANONYMOUS | (addr != 0 ? MAP_FIXED_NOREPLACE : 0);
    struct mm_area a = {.prot = prot, .flags = MAP_PRIVATE | MAP_ANONYMOUS, .label = (u8)label};
    s64 at;

    if (label == MM_STACK || label == MM_IMAGE) flags |= MAP_NORESERVE;
    lock_take(&mm_lock);
    at = map_host(addr, length, prot, flags, -1, 0);
    if (at >= 0) {
        a.start = (u64)at;
        a.end = (u64)at + length;
        mm_insert(&a);
    }
    lock_drop(&mm_lock);
    return at;
}

/* Lock held: unmaps what is the guest's of [start, end), around images. */
static s64 unmap_around(u64 start, u64 end)
{
    s64 r = 0;

    while (r == 0 && start < end) {
        size_t i = mm_index(start);
        u64 to = end, next = end;

        while (i < mm_table.count && mm_table.area[i].label != MM_IMAGE) i++;
        if (i < mm_table.count && mm_table.area[i].start < end) {
            to = mm_table.area[i].start;
            next = mm_table.area[i].end;
        }
        if (to > start) {
            r = host_syscall(SYS_munmap, start, to - start, 0, 0, 0, 0);
            if (r == 0) forget(start, to);
        }
        start = next;
    }
    return r;
}

s64 mm_unmap(u64 addr, u64 length)
{
    s64 r;

    length = ALIGN_UP(length, (u64)GUEST_PAGE);
    if ((addr & (GUEST_PAGE - 1)) != 0 || length == 0 || !in_window(addr, length)) return -EINVAL;
    lock_take(&mm_lock);
    r = unmap_around(addr, addr + length);
    lock_drop(&mm_lock);
    return r;
}

void mm_unmap_image(u64 addr, u64 length)
{
    lock_take(&mm_lock);
    if (host_syscall(SYS_munmap, addr, length, 0, 0, 0, 0) == 0) mm_remove(addr, addr + length);
    lock_drop(&mm_lock);
}

/* Gives areas of [start, end) their protection; true: some lost execute permission. */
static bool set_prot(u64 start, u64 end, u32 prot)
{
    bool lost = false;

    mm_table.writable_code |= (prot & (PROT_WRITE | PROT_EXEC)) == (PROT_WRITE | PROT_EXEC);
    mm_split(start);
    mm_split(end);
    for (size_t i = mm_index(start); i < mm_table.count && mm_table.area[i].start < end; i++) {
        lost |= (mm_table.area[i].prot & ~prot & PROT_EXEC) != 0;
        mm_table.area[i].prot = prot;
        mm_changed();
    }
    mm_merge(start, end);
    return lost;
}

s64 mm_protect(u64 addr, u64 length, u32 prot)
{
    u32 grows = prot & (u32)(PROT_GROWSDOWN | PROT_GROWSUP);
    u64 end, covered;
    s64 r;

    prot &= ~grows;
    if ((addr & (GUEST_PAGE - 1)) != 0 || grows == (u32)(PROT_GROWSDOWN | PROT_GROWSUP))
        return -EINVAL;
    length = ALIGN_UP(length, (u64)GUEST_PAGE);
    end = addr + length;
    if (length == 0) return 0;
    if ((prot & ~(PROT_RWX | 8 /* PROT_SEM */ | ARM64_PROT_BTI)) != 0) return -EINVAL;
    if (!in_window(addr, length)) return -ENOMEM;
    lock_take(&mm_lock);
    if (grows == PROT_GROWSDOWN) {
        size_t i = mm_index(addr);

        if (i < mm_table.count && mm_table.area[i].label == MM_STACK) addr = mm_table.area[i].start;
    }
    /* What lies before a hole is changed all the same, as Linux does it. */
    covered = mm_covered_to(addr, end);
    r = covered == addr
            ? 0
            : host_syscall(SYS_mprotect, addr, covered - addr, host_prot(prot), 0, 0, 0);
    if (r == 0 && covered != addr && set_prot(addr, covered, prot & PROT_RWX))
        engine->invalidate(addr, covered);
    lock_drop(&mm_lock);
    return r == 0 && covered != end ? -ENOMEM : r;
}

static void moved(const struct mm_area *old, u64 addr, u64 old_length, u64 to, u64 length,
                  u32 flags)
{
    struct mm_area a = *old;

    a.offset = old->ino != 0 ? old->offset + (addr - old->start) : 0;
    a.start = to;
    a.end = to + length;
    forget(to, to + length);
    if ((flags & MREMAP_DONTUNMAP) == 0) forget(addr, addr + old_length);
    mm_insert(&a);
}

static s64 remap_locked(u64 addr, u64 old_length, u64 length, u32 flags, u64 to)
{
    size_t i = mm_index(addr);
    struct mm_area old;
    s64 r;

    if (i == mm_table.count || mm_table.area[i].start > addr ||
        mm_table.area[i].label == MM_IMAGE || mm_table.area[i].end < addr + old_length)
        return -EFAULT;
    if ((flags & MREMAP_FIXED) != 0 && mm_has_image(to, to + length)) return -ENOMEM;
    old = mm_table.area[i];
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) == 0 && old_length != 0) {
        if (length <= old_length) {
            r = host_syscall(SYS_munmap, addr + length, old_length - length, 0, 0, 0, 0);
            if (length < old_length && r == 0) forget(addr + length, addr + old_length);
            return length < old_length && r < 0 ? r : (s64)addr;
        }
        if (addr + old_length == old.end && in_window(addr, length) &&
            mm_is_free(addr + old_length, addr + length)) {
            r = host_syscall(SYS_mremap, addr, old_length, length, 0, 0, 0);
            if (r >= 0) {
                mm_table.area[i].end = addr + length;
                mm_look_for_alias(&mm_table.area[i]);
                mm_merge(addr, addr + length);
                return r;
            }
        }
        if ((flags & MREMAP_MAYMOVE) == 0) return -ENOMEM;
    }
    if ((flags & MREMAP_FIXED) == 0) to = mm_choose_locked(0, length, GUEST_PAGE);
    if (to == 0) return -ENOMEM;
    r = host_syscall(SYS_mremap, addr, old_length, length,
                     (flags & MREMAP_DONTUNMAP) | MREMAP_MAYMOVE | MREMAP_FIXED, to, 0);
    if (r >= 0)
        moved(&old, addr, old_length, (u64)r, length, old_length == 0 ? MREMAP_DONTUNMAP : flags);
    if (r >= 0 && old_length == 0) mm_note_alias();
    return r;
}

s64 mm_remap(u64 addr, u64 old_length, u64 length, u32 flags, u64 to)
{
    s64 r;

    old_length = ALIGN_UP(old_length, (u64)GUEST_PAGE);
    length = ALIGN_UP(length, (u64)GUEST_PAGE);
    if ((flags & ~(u32)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 || length == 0 ||
        (addr & (GUEST_PAGE - 1)) != 0)
        return -EINVAL;
    if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 && (flags & MREMAP_MAYMOVE) == 0)
        return -EINVAL;
    if ((flags & MREMAP_DONTUNMAP) != 0 && old_length != length) return -EINVAL;
    if (!in_window(addr, old_length)) return -EFAULT;
    if ((flags & MREMAP_FIXED) != 0 && ((to & (GUEST_PAGE - 1)) != 0 || !in_window(to, length) ||
                                        (to < addr + old_length && addr < to + length)))
        return -EINVAL;
    if ((flags & MREMAP_FIXED) != 0) evict_images(to, to + length);
    lock_take(&mm_lock);
    r = remap_locked(addr, old_length, length, flags, to);
    lock_drop(&mm_lock);
    return r;
}

void mm_set_brk(u64 start)
{
    mm_table.brk_start = mm_table.brk = start;
}

static bool brk_move(u64 from, u64 to)
{
    struct mm_area a = {.start = from,
                        .end = to,
                        .prot = PROT_READ | PROT_WRITE,
                        .flags = MAP_PRIVATE | MAP_ANONYMOUS,
                        .label = MM_HEAP};

    if (to < from) {
        if (host_syscall(SYS_munmap, to, from - to, 0, 0, 0, 0) != 0) return false;
        forget(to, from);
        return true;
    }
    if (to > mm_high() || !mm_is_free(from, to) ||
        host_syscall(SYS_mmap, from, to - from, a.prot,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, (u64)-1, 0) < 0)
        return false;
    mm_insert(&a);
    return true;
}

s64 mm_brk(u64 addr)
{
    struct mm_table *m = &mm_table;
    u64 from, to;
    s64 r;

    if (addr > m->brk && addr < mm_high()) evict_images(m->brk, addr);
    lock_take(&mm_lock);
    from = ALIGN_UP(m->brk, (u64)GUEST_PAGE);
    to = ALIGN_UP(addr, (u64)GUEST_PAGE);
    if (addr >= m->brk_start && addr < mm_high() && (from == to || brk_move(from, to)))
        m->brk = addr;
    r = (s64)m->brk;
    lock_drop(&mm_lock);
    return r;
}
