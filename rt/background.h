/*
 * The compiler thread: work that no guest thread waits for. It exists only while there is work.
 *
 * Rules
 *  - It is a bare task of the kernel's with a stack and thread-local storage made here; thread_self
 *    is NULL in it. The host's C library doesn't know it, which may therefore take the process to
 *    have one thread: the work calls neither malloc nor what does, and no stdio.
 *  - It blocks all signals, the synchronous ones too: a SIGSEGV that somebody sends to the process
 *    is for the guest. So it touches guest memory only by way of the kernel (mm_peek_code).
 *  - It takes the runtime's locks one at a time in the usual order and holds none while it works.
 *    The queue's own lock, which comes before all others, is never held by it in the work.
 *  - It shares what the guest thread had that started it (file system, descriptors, credentials,
 *    affinity). Who is about to fork, or to change what Linux keeps per thread, keeps it away with
 *    background_hold, which waits for the piece of work that is under way: about a millisecond.
 *    exit_group and execve wait for nothing, the kernel ends it.
 *  - The guest doesn't see it: its id is nobody's (background_is), what lists threads is read while
 *    it is kept away, and its time is taken off the process's (background_less).
 */
#ifndef RT_BACKGROUND_H
#define RT_BACKGROUND_H

#include "aot/base/types.h"

#include <sys/types.h>

struct thread;

/* Does one piece of work, which is about a guest address. On the compiler thread. */
typedef void background_work(u64 pc);

enum background_answer {
    BACKGROUND_TAKEN,   /* it will be done, or is just being done */
    BACKGROUND_FULL,    /* there is too much to do: ask again later */
    BACKGROUND_REFUSED, /* there can't be such a thread now: the caller does the work himself */
};

/* Asks for work at pc; all callers name the same function. A guest thread, which holds no lock. */
enum background_answer background_ask(background_work *work, u64 pc);

/* The thread doesn't exist, nor starts, from when hold returns until as many calls of release. A
 * guest thread, which holds no lock. Nothing happens in a process that borrows its memory. */
void background_hold(void);
void background_release(void);

/* From now on there is no such thread: processor time is going to be measured by the kernel for the
 * guest. */
void background_give_up(void);

/* Keeps it away until the guest thread's system call has ended (syscall_do). */
void background_keep_away(struct thread *t);

bool background_is_there(void);

/* True for the id of the thread that is there at the moment. */
bool background_is(pid_t id);

/* Processor time of the process as the guest is to see it: `all` ns, as the kernel has just said,
 * without the thread's, and never less than before. */
enum background_time { BACKGROUND_ALL, BACKGROUND_USER, BACKGROUND_SYSTEM, BACKGROUND_TIMES };
u64 background_less(enum background_time kind, u64 all);

/* The lock around fork, between hold and release. */
void background_before_fork(void);
void background_after_fork(bool child);

#endif
