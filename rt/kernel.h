/*
 * Inside the kernel side: what system calls, signals and threads offer each other.
 */
#ifndef RT_KERNEL_H
#define RT_KERNEL_H

#include "aot/base/types.h"
#include "rt/guard.h"
#include "rt/thread.h"

#include <errno.h>
#include <sys/syscall.h>
#include <time.h>

/* A host system call that may block, with signals in mind: see guard_syscall. */
static inline s64 guest_syscall(struct thread *t, long nr, u64 a0, u64 a1, u64 a2, u64 a3, u64 a4,
                                u64 a5)
{
    return guard_syscall(&t->attention, nr, a0, a1, a2, a3, a4, a5);
}

/* --- system calls (syscall/) -------------------------------------------------------------------
 */

/* Carries out the call in x8 with its arguments in x0 to x5; state.pc is behind the SVC. */
void syscall_do(struct thread *t);

/* --- signals (signal*.c) ------------------------------------------------------------------------
 */

/* Host handlers for the synchronous signals; the first thread's mask and the dispositions that it
 * inherited. */
void signal_init(struct thread *t);

/* The calling host thread gets its handlers' stack (t->signal_stack). */
bool signal_stack_set(struct thread *t);

/* Puts the host's mask where t->sigmask says. */
void signal_apply_mask(struct thread *t);

/* Blocks all but the synchronous signals on the host. */
void signal_block_host(void);

/* Delivers what waits: builds frames for handlers, or dies, stops, ignores. */
void signal_deliver(struct thread *t);

/* The guest has a handler for the signal. */
bool signal_is_handled(const struct thread *t, int sig);

/* A synchronous signal of the guest's own making: delivered even when blocked or ignored (then by
 * its default action). */
void signal_force(struct thread *t, int sig, int code, u64 address);

/* Host disposition of sig for an action of the guest's. */
void signal_set_host(int sig, const struct guest_sigaction *action);

/* After host code may have taken over handlers of the C library's own signals. */
void signal_reinstall(struct thread *t, int sig);

/* Around a call with a mask of its own (ppoll, rt_sigsuspend): begin sets t->sigmask and gives the
 * host's mask; end takes the call's result. */
sigset64 signal_mask_begin(struct thread *t, sigset64 mask);
s64 signal_mask_end(struct thread *t, s64 result);

/* Sets the guest's mask (SIGKILL and SIGSTOP can't be) and the host's. */
void signal_set_mask(struct thread *t, sigset64 mask);

/* Ends the process as the signal's default action does. */
void signal_die(struct thread *t, int sig) __attribute__((noreturn));

/* The C library's view of a disposition: default, or ignore; for exec and death. */
void signal_default_host(int sig, bool ignore);

/* Gives the handlers' stack back. */
void signal_stack_free(struct thread *t);

/* SS_DISABLE, SS_ONSTACK or 0 for the guest's alternate stack now. */
u32 altstack_flags(const struct thread *t);
#define SS_AUTODISARM_BIT (1u << 31)

/* Builds a frame for handler `action` of info; false: the stack can't take it (signal_frame.c). */
bool frame_push(struct thread *t, const struct guest_sigaction *action, const siginfo_t *info,
                sigset64 saved_mask);
/* rt_sigreturn; false: bad frame. */
bool frame_pop(struct thread *t);

/* FPSR and FPCR as the guest reads and writes them, outside translated code (fpstate.c). */
u32 fpsr_read(struct guest_state *s);
void fpsr_write(struct guest_state *s, u32 value);
void fpcr_write(struct guest_state *s, u32 value);

/* Outside translated code: what FPSR has by now no longer traps (fp_state.h). */
void fpstate_settle(struct guest_state *s);
void fpstate_init(struct guest_state *s);

/* The host's clock as the guest is to see it; -errno (syscall/time.c). */
s64 clock_for_guest(clockid_t id, struct timespec *ts);

/* The time functions of the guest's vDSO; false: not one of its instructions. */
bool vdso_hypercall(struct thread *t);

/* --- threads and processes -----------------------------------------------------------------------
 */

/* clone in all its forms. */
struct clone_args_guest {
    u64 flags; /* without the exit signal */
    u64 pidfd, child_tid, parent_tid, exit_signal, stack, tls, set_tid, set_tid_size, cgroup;
};
s64 process_clone(struct thread *t, const struct clone_args_guest *args);

/* The calling thread's end; the process's, with its statistics. */
void thread_exit(struct thread *t, int status) __attribute__((noreturn));
void process_exit(struct thread *t, int status) __attribute__((noreturn));

/* execve and execveat; returns on errors only. argv and envp: guest addresses. */
s64 process_exec(struct thread *t, s64 dirfd, u64 path, u64 argv, u64 envp, u64 flags);

/* All locks in order, for fork. */
void locks_take_all(struct thread *t);
void locks_drop_all(struct thread *t, bool child);

#endif
