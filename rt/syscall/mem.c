/*
 * Memory: everything that changes the guest's map goes through mm.h.
 */
#include "rt/syscall/syscall.h"

#include "rt/image.h"
#include "rt/mm.h"

#include <sys/mman.h>
#include <sys/shm.h>

s64 sys_mmap(struct thread *t, const u64 *a)
{
    (void)t;
    return image_map_file(a[0], a[1], (u32)a[2], (u32)a[3], (s32)a[4], a[5]);
}

s64 sys_munmap(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_unmap(a[0], a[1]);
}

s64 sys_mprotect(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_protect(a[0], a[1], (u32)a[2]);
}

/* Protection keys: none exist, so only the key that means "as mprotect". */
s64 sys_pkey_mprotect(struct thread *t, const u64 *a)
{
    (void)t;
    return (s32)a[3] == -1 ? mm_protect(a[0], a[1], (u32)a[2]) : -EINVAL;
}

s64 sys_mremap(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_remap(a[0], a[1], a[2], (u32)a[3], a[4]);
}

s64 sys_brk(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_brk(a[0]);
}

s64 sys_madvise(struct thread *t, const u64 *a)
{
    s64 r;

    if (a[0] >= mm_high() || a[1] > mm_high() - a[0])
        return (a[0] & (GUEST_PAGE - 1)) != 0 ? -EINVAL : -ENOMEM;
    r = guest_syscall(t, SYS_madvise, a[0], a[1], a[2], 0, 0, 0);
    if (r == 0 &&
        ((s32)a[2] == MADV_DONTNEED || (s32)a[2] == MADV_REMOVE || (s32)a[2] == MADV_FREE))
        written_by_kernel(a[0], (s64)a[1]);
    return r;
}

void written_by_kernel(u64 address, s64 length)
{
    if (mm_has_writable_code()) mm_written(address, address + (u64)length);
}

s64 sys_shmat(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_attach((s32)a[0], a[1], (u32)a[2]);
}

s64 sys_shmdt(struct thread *t, const u64 *a)
{
    (void)t;
    return mm_detach(a[0]);
}
