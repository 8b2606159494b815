/*
 * Locks of the runtime: a futex word, without an owner, so that they work in a process that shares
 * memory with its parent (vfork) and can be made free again in a fork's child.
 *
 * Order in which they are taken (never the other way round): background.c's, LOCK_MM,
 * LOCK_TRANSLATE (engine), LOCK_CODE (engine), the image table's (engine), LOCK_THREADS,
 * LOCK_SIGHAND, LOCK_LOG. fork takes all of them in this order. Host signal handlers take none of
 * them. Nobody holds one while the guest runs or while a system call may block.
 */
#ifndef RT_LOCK_H
#define RT_LOCK_H

#include "aot/base/types.h"

struct lock {
    u32 word; /* 0 free, 1 held, 2 held and waited for */
};

void lock_take(struct lock *l);
void lock_drop(struct lock *l);

/* In a fork's child: the lock is free, whoever held it in the parent. */
static inline void lock_reset(struct lock *l)
{
    l->word = 0;
}

#endif
