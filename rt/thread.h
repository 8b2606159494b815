/*
 * A guest thread and what the kernel keeps for it.
 *
 * Guest state comes first, so that a pointer to it is a pointer to the thread. What Linux shares or
 * copies by clone flags (sighand, fs, files, mm) hangs from the thread as counted objects: a vfork
 * child shares mm but has its own of the rest. "Process" below means a Linux thread group; two of
 * them in one address space are possible (vfork), so what is per process is in struct process.
 */
#ifndef RT_THREAD_H
#define RT_THREAD_H

#include "aot/abi/state.h"
#include "aot/base/types.h"
#include "rt/engine.h"
#include "rt/hidden.h"
#include "rt/lock.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/types.h>

#define GUEST_NSIG 64

/* A guest signal set, and the host's as the kernel sees it: bit n - 1 is signal n. */
typedef u64 sigset64;

#define SIGBIT(sig) (UINT64_C(1) << ((sig)-1))
/* Synchronous signals: never blocked on the host, their host handlers always the runtime's. */
#define SIGS_SYNCHRONOUS                                                                           \
    (SIGBIT(SIGSEGV) | SIGBIT(SIGBUS) | SIGBIT(SIGILL) | SIGBIT(SIGFPE) | SIGBIT(SIGTRAP))

/* struct sigaction of Linux/arm64. */
struct guest_sigaction {
    u64 handler; /* 0 default, 1 ignore */
    u64 flags;
    u64 restorer;
    sigset64 mask;
};

/* CLONE_SIGHAND shares it. */
struct sighand {
    u32 count;
    struct lock lock;
    struct guest_sigaction action[GUEST_NSIG + 1]; /* by signal number */
};

/* CLONE_FS shares it. The kernel keeps cwd and umask; here is what it doesn't know. */
struct fs {
    u32 count;
    bool cwd_in_sysroot; /* relative paths may meet absolute links of the sysroot */
    bool has_own_root;   /* after chroot: guest paths are host paths, there is no sysroot */
    u32 bundle_cwd;      /* the bundle's directory that is the working directory (its number + 1);
                            0: the host's alone is */
};

/* CLONE_FILES shares it. Descriptors are the kernel's; these are hidden from the guest. */
struct files {
    u32 count;
    int hidden[HIDDEN_COUNT]; /* -1: none */
};

/* One per thread group. */
struct process {
    u32 count; /* threads */
    pid_t pid;
    bool borrowed; /* shares memory with its parent (vfork) */
};

/* Bits of thread.attention. */
enum attention {
    ATTENTION_SIGNAL = 1, /* `pending` or `held` has a signal */
    ATTENTION_ENGINE = 2, /* the engine's: stale code; the engine clears it */
};

struct alt_stack {
    u64 sp;
    u64 size;
    u32 flags;
};

struct thread {
    struct guest_state state; /* first: &t->state == (void *)t */

    /* Why the thread should come out of guest code; read by the stub that makes blocking system
     * calls and by the engine. Set by host signal handlers and by other threads (atomically). */
    u32 attention;

    void *engine; /* the engine's own per-thread data */

    /* Signals. While `pending` holds a signal all signals but the synchronous ones are blocked on
     * the host, so one place is enough; the kernel keeps the rest. */
    sigset64 sigmask;       /* the guest's mask; the host's is the same but for SIGS_SYNCHRONOUS */
    sigset64 saved_sigmask; /* what rt_sigsuspend, ppoll ... put back */
    bool restore_sigmask;
    bool restart_if_asked; /* pc is back at an interrupted SVC; without SA_RESTART it is EINTR */
    s32 pending;           /* signal number, 0: none */
    siginfo_t pending_info;
    sigset64 held; /* synchronous signals sent by kill(), waiting for delivery */
    siginfo_t held_info[5];
    struct alt_stack altstack;
    bool in_fault;   /* the frame being made is a fault's: address and syndrome go into it */
    bool keeps_away; /* the compiler thread, until its system call has ended (background.h) */
    u64 fault_address;
    u64 syndrome; /* ESR of the last fault, as arm64 would have it; 0: not a data abort */

    /* Native code on this thread (native.c). */
    struct native_name *calling; /* what runs; NULL: none does */
    struct native_run *run;      /* the innermost run of the guest on top of some */
    u32 native_hold;             /* not to be interrupted now */
    bool makes_thread;           /* of the guest's, by pthread_create */
    sigjmp_buf loop;             /* where the guest goes on that has left all its runs */
    const u8 *loop_frame;        /* the C stack there */
    bool without_restart;        /* a handler without SA_RESTART has been called */
    struct {
        s32 signo, code;
        u64 address;
    } native_fault; /* to be delivered on top of it; signo 0: none */

    /* Counted, shared by the clone flags. */
    struct process *process;
    struct sighand *sighand;
    struct fs *fs;
    struct files *files;

    pid_t tid;
    u32 until_sampled;          /* system calls to come until there is one; 0: none is planned */
    s32 sampler;                /* the timer for its profile */
    bool has_sampler;           /* there is one */
    u64 clear_child_tid;        /* guest address or 0 */
    u64 robust_list;            /* guest address of its head, or 0 */
    struct thread *next, *prev; /* list of all threads in this address space; LOCK_THREADS */

    /* The host side. */
    sigjmp_buf end; /* where a pthread's function returns */
    bool is_pthread;
    bool clear_handlers; /* a child's first act, by CLONE_CLEAR_SIGHAND */
    void *host_stack;    /* of a child that shares memory, or NULL */
    void *host_tls;
    void *signal_stack; /* host signal handlers run here */
    void *exec_block;   /* arguments of an execve under way: freed with the thread when a child
                           that shares memory has used them */
    size_t exec_size;
};

/* The calling thread; NULL before the first one is made. Safe in signal handlers. */
extern __thread struct thread *thread_self;

#define THREAD_OF(guest_state_pointer) ((struct thread *)(guest_state_pointer))

/* A thread that shares or copies `like`'s objects by clone flags (like NULL: the first one), with
 * engine data, not yet running; NULL: no memory. */
struct thread *thread_new(struct thread *like, u64 clone_flags);

/* unshare(flags): the thread gets its own copy of what the flags name; false: no memory. */
bool thread_unshare(struct thread *t, u64 flags);

/* Drops the thread's objects and memory. On another thread or on the signal stack's owner itself
 * after thread_self is cleared. */
void thread_free(struct thread *t);

/* Calls visit for every thread in this address space, LOCK_THREADS held. */
void thread_each(void (*visit)(struct thread *t, void *context), void *context);

/* Sets bits of t->attention and makes sure that t, when it runs guest code, leaves it soon. Any
 * thread; a thread in a blocking system call is left alone. */
void thread_kick(struct thread *t, u32 attention);

/* LOCK_THREADS, for fork. */
extern struct lock thread_lock;

/* After a fork: t is the only thread left; its objects are its own. */
void thread_after_fork(struct thread *t);

/* One turn of it: runs the guest until it leaves, and does what it left for. */
void thread_turn(struct thread *t);

/* Does what the guest has left for. */
void thread_serve(struct thread *t, const struct engine_exit *e);

/* The kernel side's loop: runs the guest from t->state until the thread ends. */
void thread_loop(struct thread *t) __attribute__((noreturn));

#endif
