/*
 * System V semaphores: x86-64 has its own struct semid64_ds; arm64's is asm-generic's. Queues and
 * shared memory have the same structs on both.
 */
#include "rt/syscall/syscall.h"

#include <string.h>
#include <sys/sem.h>

#ifndef SEM_STAT_ANY
#define SEM_STAT_ANY 20
#endif

#define PERM_SIZE 48 /* struct ipc64_perm */

struct guest_semid {
    u8 perm[PERM_SIZE];
    u64 otime, ctime, nsems, unused[2];
};

struct host_semid {
    u8 perm[PERM_SIZE];
    u64 otime, unused1, ctime, unused2, nsems, unused[2];
};

s64 sys_semctl(struct thread *t, const u64 *a)
{
    struct guest_semid g;
    struct host_semid h;
    s64 r;

    switch ((s32)a[2]) {
    case IPC_SET:
        if (!guest_read(&g, a[3], sizeof(g))) return -EFAULT;
        memset(&h, 0, sizeof(h));
        memcpy(h.perm, g.perm, PERM_SIZE);
        return guest_syscall(t, SYS_semctl, a[0], a[1], a[2], (u64)&h, 0, 0);
    case IPC_STAT:
    case SEM_STAT:
    case SEM_STAT_ANY:
        r = guest_syscall(t, SYS_semctl, a[0], a[1], a[2], (u64)&h, 0, 0);
        if (r < 0) return r;
        memset(&g, 0, sizeof(g));
        memcpy(g.perm, h.perm, PERM_SIZE);
        g.otime = h.otime;
        g.ctime = h.ctime;
        g.nsems = h.nsems;
        return guest_write(a[3], &g, sizeof(g)) ? r : -EFAULT;
    default: return guest_syscall(t, SYS_semctl, a[0], a[1], a[2], a[3], 0, 0);
    }
}
