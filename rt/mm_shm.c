/*
 * System V shared memory in the guest's map.
 */
#include "rt/mm.h"

#include "rt/engine.h"
#include "rt/guard.h"
#include "rt/mm_table.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#define SHM_DEVICE UINT64_MAX /* dev of these areas; ino is the segment's id plus 1 */

s64 mm_attach(int id, u64 addr, u32 flags)
{
    struct mm_area a = {
        .prot = PROT_READ, .flags = MAP_SHARED, .dev = SHM_DEVICE, .ino = (u64)id + 1};
    struct shmid_ds ds;
    u64 length;
    s64 r = host_syscall(SYS_shmctl, (u64)id, IPC_STAT, (u64)&ds, 0, 0, 0);

    if (r < 0) return r;
    length = ALIGN_UP((u64)ds.shm_segsz, (u64)GUEST_PAGE);
    if ((flags & SHM_RDONLY) == 0) a.prot |= PROT_WRITE;
    if ((flags & SHM_EXEC) != 0) a.prot |= PROT_EXEC;
    if ((flags & SHM_RND) != 0) addr = ALIGN_DOWN(addr, (u64)GUEST_PAGE);
    if ((addr & (GUEST_PAGE - 1)) != 0 || (addr == 0 && (flags & SHM_REMAP) != 0) ||
        (addr != 0 && (addr >= mm_high() || length > mm_high() - addr)))
        return -EINVAL;
    lock_take(&mm_lock);
    if (addr == 0)
        addr = mm_choose_locked(0, length, GUEST_PAGE);
    else if ((flags & SHM_REMAP) == 0 && !mm_is_free(addr, addr + length))
        addr = 0;
    r = addr == 0
            ? -EINVAL
            : host_syscall(SYS_shmat, (u64)id, addr, flags & ~(u32)(SHM_EXEC | SHM_RND), 0, 0, 0);
    if (r >= 0) {
        a.start = (u64)r;
        a.end = a.start + length;
        if (mm_remove(a.start, a.end)) engine->invalidate(a.start, a.end);
        mm_insert(&a);
    }
    lock_drop(&mm_lock);
    return r;
}

s64 mm_detach(u64 addr)
{
    size_t i;
    s64 r;

    lock_take(&mm_lock);
    i = mm_index(addr);
    if (i == mm_table.count || mm_table.area[i].start != addr ||
        mm_table.area[i].dev != SHM_DEVICE) {
        lock_drop(&mm_lock);
        return -EINVAL;
    }
    r = host_syscall(SYS_shmdt, addr, 0, 0, 0, 0, 0);
    if (r == 0) {
        u64 ino = mm_table.area[i].ino, end = addr;

        while (i < mm_table.count && mm_table.area[i].start == end &&
               mm_table.area[i].dev == SHM_DEVICE && mm_table.area[i].ino == ino)
            end = mm_table.area[i++].end;
        if (mm_remove(addr, end)) engine->invalidate(addr, end);
    }
    lock_drop(&mm_lock);
    return r;
}
