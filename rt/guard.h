/*
 * Touching guest memory from C where the pointer is the guest's word: a fault ends the access and
 * becomes EFAULT, never a crash. Also the one place from which system calls that may block are
 * made. Both are assembly (access.S) whose addresses the host signal handlers know.
 */
#ifndef RT_GUARD_H
#define RT_GUARD_H

#include "aot/base/types.h"

#include <ucontext.h>

/* Results of guest_syscall that no kernel gives to programs. */
#define RESTART_SYS   512 /* -: interrupted; the kernel would restart it under SA_RESTART */
#define RESTART_AGAIN 513 /* -: not begun, a signal came first: make it anew after delivery */

/* Copies; the number of bytes that could not be copied (0: all done). */
size_t guard_copy(void *to, const void *from, size_t n);

/* Stores a word as one access; false: the address faulted. */
bool guard_store32(u32 *to, u32 value);

/* As strnlen; -1 on a fault. */
s64 guard_strnlen(const char *s, size_t max);

static inline bool guest_read(void *to, u64 from, size_t n)
{
    return guard_copy(to, (const void *)from, n) == 0;
}

static inline bool guest_write(u64 to, const void *from, size_t n)
{
    return guard_copy((void *)to, from, n) == 0;
}

/*
 * The host system call nr, unless *attention has ATTENTION_SIGNAL set: the kernel's result as it
 * is (-errno), or -RESTART_SYS or -RESTART_AGAIN when a guest signal waits for delivery. No
 * signal is lost between the check and the call. guest_syscall (kernel.h) is its short form.
 */
s64 guard_syscall(u32 *attention, long nr, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* The host system call nr, nothing looked at: for calls that don't block. Never sets errno. */
s64 host_syscall(long nr, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4, u64 a5);

/* The host's clone: the child runs run(arg), which never returns, on the stack that ends at
 * stack. The child's id or -errno. */
s64 host_clone(u64 flags, void *stack, u64 ptid, u64 ctid, void *tls, void (*run)(void *arg),
               void *arg);

/* In a host handler of a synchronous signal: true when uc was inside a guarded access, which now
 * goes on as failed. */
bool guard_fault(ucontext_t *uc);

/* In a host handler of any other signal, after ATTENTION_SIGNAL was set: when uc is at a blocking
 * system call that has not begun (or is to be restarted), the call comes back as interrupted. */
void guard_interrupt(ucontext_t *uc);

/* The same for a signal that the guest must not notice, and while ATTENTION_SIGNAL is not set: a
 * call that has come back because of it is made again. */
void guard_again(ucontext_t *uc);

#endif
