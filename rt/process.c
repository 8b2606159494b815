/*
 * clone in its three shapes, and the ends of threads and processes.
 *
 *   CLONE_THREAD: a pthread, which gives the host's side its stack and TLS.
 *   CLONE_VM without it (vfork, posix_spawn): the host's clone with a stack and TLS made here,
 * since the child runs the runtime beside its parent in the same memory. neither: the C library's
 * fork, which keeps its own locks in order; the raw call when flags are wanted that fork can't
 * pass, or when the caller is a vfork child: the C library doesn't know its stack and TLS, and fork
 * would unlink them from lists that they aren't on.
 */
#include "rt/kernel.h"

#include "rt/auto_convert.h"
#include "rt/background.h"
#include "rt/bundle.h"
#include "rt/host_tls.h"
#include "rt/image.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/native_run.h"
#include "rt/profile.h"
#include "rt/stats.h"

#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef CLONE_PIDFD
#define CLONE_PIDFD 0x1000
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND UINT64_C(0x100000000)
#endif

#define THREAD_STACK (512u << 10) /* the runtime's and the translator's C code */
#define CHILD_STACK  (512u << 10)

static void wake(u64 address)
{
    host_syscall(SYS_futex, address, FUTEX_WAKE, INT_MAX, 0, 0, 0);
}

/* What the child finds in its registers and memory, whichever shape it has. */
static void set_child_state(struct thread *n, const struct clone_args_guest *args)
{
    n->state.x[0] = 0;
    if (args->stack != 0) n->state.sp = args->stack;
    if ((args->flags & CLONE_SETTLS) != 0) n->state.tpidr = args->tls;
    if ((args->flags & CLONE_CHILD_CLEARTID) != 0) n->clear_child_tid = args->child_tid;
}

static void clear_handlers(struct thread *n)
{
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        struct guest_sigaction *a = &n->sighand->action[sig];

        if (a->handler > 1) {
            memset(a, 0, sizeof(*a));
            signal_set_host(sig, a);
        }
    }
}

/* --- threads -----------------------------------------------------------------------------------
 */

struct start {
    struct thread *t;
    const struct clone_args_guest *args;
    u32 ready; /* futex: the child has its id and no longer needs this struct */
    pid_t tid;
};

static void write_tids(const struct clone_args_guest *args, s32 tid)
{
    if ((args->flags & CLONE_CHILD_SETTID) != 0)
        (void)guest_write(args->child_tid, &tid, sizeof(tid));
    if ((args->flags & CLONE_PARENT_SETTID) != 0)
        (void)guest_write(args->parent_tid, &tid, sizeof(tid));
}

static void *thread_main(void *argument)
{
    struct start *start = argument;
    struct thread *t = start->t;

    thread_self = t;
    t->tid = (pid_t)host_syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
    write_tids(start->args, t->tid);
    if (!signal_stack_set(t)) log_fatal(134, "no memory for a thread's signal stack");
    start->tid = t->tid;
    __atomic_store_n(&start->ready, 1, __ATOMIC_RELEASE);
    host_syscall(SYS_futex, (u64)&start->ready, FUTEX_WAKE_PRIVATE, 1, 0, 0, 0);
    if (sigsetjmp(t->end, 0) == 0) {
        signal_apply_mask(t);
        profile_start(t);
        thread_loop(t);
    }
    thread_self = NULL;
    thread_free(t);
    return NULL;
}

static bool create_pthread(struct start *start)
{
    static bool handlers_taken;
    pthread_attr_t attr;
    pthread_t id;
    bool ok;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, native_available() ? NATIVE_STACK : THREAD_STACK);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    thread_self->makes_thread = true;
    ok = pthread_create(&id, &attr, thread_main, start) == 0;
    thread_self->makes_thread = false;
    pthread_attr_destroy(&attr);
    if (ok && !handlers_taken) {
        /* The C library installs a handler for its own use of signal 33 with the first thread. The
         * caller shares the guest's with the new thread, which may have ended. */
        handlers_taken = true;
        signal_reinstall(thread_self, 33);
    }
    return ok;
}

/* The compiler thread counts, where there is a limit; false: it can't be the reason. */
static bool leave_room(struct thread *t)
{
    bool more = !t->keeps_away && !t->process->borrowed;

    if (more) background_keep_away(t);
    return more;
}

static s64 start_thread(struct thread *t, const struct clone_args_guest *args)
{
    struct start start = {.args = args};

    if ((args->flags & (CLONE_VM | CLONE_SIGHAND)) != (CLONE_VM | CLONE_SIGHAND)) return -EINVAL;
    start.t = thread_new(t, args->flags);
    if (start.t == NULL) return -ENOMEM;
    set_child_state(start.t, args);
    start.t->is_pthread = true;
    signal_block_host();
    if (!create_pthread(&start) && (!leave_room(t) || !create_pthread(&start))) {
        thread_free(start.t);
        signal_apply_mask(t);
        return -EAGAIN;
    }
    while (__atomic_load_n(&start.ready, __ATOMIC_ACQUIRE) == 0)
        host_syscall(SYS_futex, (u64)&start.ready, FUTEX_WAIT_PRIVATE, 0, 0, 0, 0);
    stats_add(STAT_THREADS, 1);
    if (t->pending == 0) signal_apply_mask(t);
    return start.tid;
}

/* --- children that share memory
 * -------------------------------------------------------------------- */

static void __attribute__((noreturn)) child_main(void *argument)
{
    struct thread *t = argument;

    host_tls_begin();
    thread_self = t;
    t->tid = t->process->pid = getpid();
    if (t->clear_handlers) clear_handlers(t);
    if (!signal_stack_set(t)) _exit(127);
    signal_apply_mask(t);
    thread_loop(t);
}

static void free_child(struct thread *n)
{
    if (n->host_stack != NULL) munmap(n->host_stack, CHILD_STACK);
    if (n->host_tls != NULL) host_tls_free(n->host_tls);
    thread_free(n);
}

/* Flags that the kernel itself sees to for a child of the host's clone. */
#define CHILD_FLAGS                                                                                \
    (CLONE_VM | CLONE_VFORK | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_PARENT |              \
     CLONE_PTRACE | CLONE_SYSVSEM | CLONE_IO | CLONE_PARENT_SETTID | CLONE_CHILD_SETTID |          \
     CLONE_CHILD_CLEARTID | CLONE_PIDFD | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS |           \
     CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET | CLONE_UNTRACED)

/* The third argument of clone serves two flags. */
static u64 parent_word(const struct clone_args_guest *args)
{
    return (args->flags & CLONE_PIDFD) != 0 ? args->pidfd : args->parent_tid;
}

static u64 host_flags(const struct clone_args_guest *args)
{
    u64 flags = args->flags & CHILD_FLAGS;

    if ((args->flags & CLONE_PIDFD) != 0) flags &= ~(u64)CLONE_PARENT_SETTID;
    return flags | args->exit_signal;
}

static void write_parent_tid(const struct clone_args_guest *args, s64 pid)
{
    s32 tid = (s32)pid;

    if (pid > 0 && (args->flags & CLONE_PIDFD) != 0 && (args->flags & CLONE_PARENT_SETTID) != 0)
        (void)guest_write(args->parent_tid, &tid, sizeof(tid));
}

static s64 start_child(struct thread *t, const struct clone_args_guest *args)
{
    struct thread *n = thread_new(t, args->flags);
    s64 pid;

    if (n == NULL) return -ENOMEM;
    n->process->borrowed = true;
    n->host_tls = host_tls_new();
    n->host_stack = mmap(NULL, CHILD_STACK, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (n->host_stack == MAP_FAILED) n->host_stack = NULL;
    if (n->host_tls == NULL || n->host_stack == NULL) {
        free_child(n);
        return -ENOMEM;
    }
    set_child_state(n, args);
    n->clear_child_tid = 0; /* the kernel's, by its own flag */
    n->clear_handlers = (args->flags & CLONE_CLEAR_SIGHAND) != 0;
    if ((args->flags & CLONE_VFORK) != 0) n->altstack = t->altstack;
    signal_block_host();
    do
        pid = host_clone(host_flags(args) | CLONE_SETTLS, (u8 *)n->host_stack + CHILD_STACK,
                         parent_word(args), args->child_tid, n->host_tls, child_main, n);
    while (pid == -EAGAIN && leave_room(t));
    if (pid < 0 || (args->flags & CLONE_VFORK) != 0) free_child(n); /* it has executed or is gone */
    write_parent_tid(args, pid);
    if (t->pending == 0) signal_apply_mask(t);
    return pid;
}

/* --- fork
 * ------------------------------------------------------------------------------------------ */

void locks_take_all(struct thread *t)
{
    background_before_fork();
    bundle_before_fork();
    mm_before_fork();
    engine->before_fork(t);
    lock_take(&thread_lock);
    lock_take(&t->sighand->lock);
}

void locks_drop_all(struct thread *t, bool child)
{
    if (child) {
        lock_reset(&t->sighand->lock);
        lock_reset(&thread_lock);
    } else {
        lock_drop(&t->sighand->lock);
        lock_drop(&thread_lock);
    }
    engine->after_fork(t, child);
    mm_after_fork(child);
    bundle_after_fork(child);
    background_after_fork(child);
    if (child) auto_convert_after_fork();
}

static void become_child(struct thread *t, const struct clone_args_guest *args)
{
    thread_after_fork(t);
    t->robust_list = 0;
    t->clear_child_tid = 0;
    t->pending = 0;
    t->held = 0;
    __atomic_and_fetch(&t->attention, ~(u32)ATTENTION_SIGNAL, __ATOMIC_RELAXED);
    t->is_pthread = false;
    set_child_state(t, args);
    t->state.excl_size = 0;
    if ((args->flags & CLONE_CLEAR_SIGHAND) != 0) clear_handlers(t);
    profile_after_fork(t);
}

/* Flags that fork() of the C library stands for. */
#define FORK_FLAGS (CLONE_PARENT_SETTID | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | CLONE_SETTLS)

static s64 call_fork(const struct thread *t, const struct clone_args_guest *args)
{
    s64 pid;

    if ((args->flags & ~(u64)FORK_FLAGS & ~CLONE_CLEAR_SIGHAND) == 0 &&
        args->exit_signal == SIGCHLD && t->host_tls == NULL) {
        pid = fork();
        return pid < 0 ? -errno : pid;
    }
    return host_syscall(SYS_clone,
                        host_flags(args) & ~(u64)(CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID), 0,
                        parent_word(args), 0, 0, 0);
}

static s64 fork_process(struct thread *t, const struct clone_args_guest *args)
{
    s64 pid;
    s32 tid;

    background_keep_away(t);
    signal_block_host();
    locks_take_all(t);
    pid = call_fork(t, args);
    locks_drop_all(t, pid == 0);
    if (pid == 0) {
        become_child(t, args);
        tid = t->tid;
        if ((args->flags & CLONE_CHILD_SETTID) != 0)
            (void)guest_write(args->child_tid, &tid, sizeof(tid));
    } else if (pid > 0 && (args->flags & CLONE_PARENT_SETTID) != 0) {
        tid = (s32)pid;
        (void)guest_write(args->parent_tid, &tid, sizeof(tid));
    }
    if (t->pending == 0) signal_apply_mask(t);
    return pid;
}

s64 process_clone(struct thread *t, const struct clone_args_guest *args)
{
    u64 known = CHILD_FLAGS | CLONE_THREAD | CLONE_SETTLS | CLONE_DETACHED | CLONE_CLEAR_SIGHAND;

    if ((args->flags & CLONE_NEWTIME) != 0 || (args->flags & ~known) != 0 ||
        args->set_tid_size != 0) {
        log_line(LOG_ERROR, "clone: flags 0x%llx are not supported",
                 (unsigned long long)(args->flags & ~known));
        return -EINVAL;
    }
    if ((args->flags & CLONE_SIGHAND) != 0 && (args->flags & CLONE_VM) == 0) return -EINVAL;
    log_line(LOG_THREAD, "%d: clone 0x%llx", t->tid, (unsigned long long)args->flags);
    if ((args->flags & CLONE_THREAD) != 0) return start_thread(t, args);
    if ((args->flags & CLONE_VM) != 0) return start_child(t, args);
    return fork_process(t, args);
}

/* --- ends
 * ------------------------------------------------------------------------------------------ */

/* struct robust_list_head; what exit_robust_list of the kernel does. It has to be done before the
 * thread's id is cleared, since whoever waits for that may unmap the list. */
static void release_robust(struct thread *t)
{
    struct {
        u64 next;
        s64 offset;
        u64 op_pending;
    } head;
    u64 at, next;

    if (t->robust_list == 0 || !guest_read(&head, t->robust_list, sizeof(head))) return;
    at = head.next;
    for (unsigned i = 0; i <= 2048; i++) {
        u64 word_at = ((at != t->robust_list ? at : head.op_pending) & ~UINT64_C(1));
        bool last = at == t->robust_list;
        u32 word;

        if (last && word_at == 0) break;
        word_at += (u64)head.offset;
        next = 0;
        if (!last && !guest_read(&next, at & ~UINT64_C(1), 8)) break;
        if (guest_read(&word, word_at, 4) && (word & FUTEX_TID_MASK) == (u32)t->tid) {
            guard_store32((u32 *)word_at, (word & FUTEX_WAITERS) | FUTEX_OWNER_DIED);
            if ((word & FUTEX_WAITERS) != 0)
                host_syscall(SYS_futex, word_at, FUTEX_WAKE, 1, 0, 0, 0);
        }
        if (last) break;
        at = next;
    }
    host_syscall(SYS_set_robust_list, 0, 24, 0, 0, 0, 0);
}

void process_exit(struct thread *t, int status)
{
    stats_report();
    if (image_end(t)) status = 126;
    for (;;) host_syscall(SYS_exit_group, (u64)status, 0, 0, 0, 0, 0);
}

void thread_exit(struct thread *t, int status)
{
    if (__atomic_load_n(&t->process->count, __ATOMIC_ACQUIRE) == 1 && !t->process->borrowed) {
        background_hold(); /* the process ends with its last thread */
        stats_report();
        if (image_end(t)) status = 126;
    }
    signal_block_host();
    profile_stop(t);
    release_robust(t);
    if (t->clear_child_tid != 0) {
        if (guard_store32((u32 *)t->clear_child_tid, 0)) wake(t->clear_child_tid);
    }
    if (t->is_pthread) siglongjmp(t->end, 1);
    __atomic_sub_fetch(&t->process->count, 1, __ATOMIC_ACQ_REL);
    for (;;) host_syscall(SYS_exit, (u64)status, 0, 0, 0, 0, 0);
}
