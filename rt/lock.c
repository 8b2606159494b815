/*
 * Futex locks: three states, as in U. Drepper's "Futexes Are Tricky" (mutex 2).
 */
#include "rt/lock.h"

#include "rt/guard.h"

#include <linux/futex.h>
#include <sys/syscall.h>

void lock_take(struct lock *l)
{
    u32 seen = 0;

    if (__atomic_compare_exchange_n(&l->word, &seen, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    if (seen != 2) seen = __atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE);
    while (seen != 0) {
        host_syscall(SYS_futex, (u64)&l->word, FUTEX_WAIT_PRIVATE, 2, 0, 0, 0);
        seen = __atomic_exchange_n(&l->word, 2, __ATOMIC_ACQUIRE);
    }
}

void lock_drop(struct lock *l)
{
    if (__atomic_exchange_n(&l->word, 0, __ATOMIC_RELEASE) == 2)
        host_syscall(SYS_futex, (u64)&l->word, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
}
