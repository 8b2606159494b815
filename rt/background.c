/*
 * The compiler thread's life, and its queue. See background.h.
 *
 * `id` is the kernel's word: it is set before clone returns and cleared when the task no longer
 * uses its stack (CLONE_CHILD_CLEARTID). A moment later the task has left the process, which is
 * when its id is no longer found.
 */
#include "rt/background.h"

#include "rt/guard.h"
#include "rt/host_tls.h"
#include "rt/lock.h"
#include "rt/options.h"
#include "rt/stats.h"
#include "rt/thread.h"

#include <linux/futex.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define QUEUE       64
#define STACK       (512u << 10) /* as a guest thread has for the translator */
#define GUARD       4096u
#define MOST_YIELDS 10000
#define NS_PER_SEC  UINT64_C(1000000000)

#define THREAD_FLAGS                                                                               \
    (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM |            \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)

/* All under the lock, but for `id`. */
static struct {
    struct lock lock;
    background_work *work;
    u64 queue[QUEUE]; /* ring */
    u32 first, count;
    u64 current;  /* what is being done; 0: nothing */
    bool running; /* the thread will look at the queue once more */
    bool given_up;
    u32 held;
    u32 id;   /* futex */
    u32 last; /* the id that it had, until it is known to be gone */
    u8 *stack;
    void *tls;
    u64 spent[BACKGROUND_TIMES]; /* ns, of threads that have ended */
    u64 seen[BACKGROUND_TIMES];  /* the most that the guest has seen */
} bg;

static u64 clock_ns(clockid_t clock)
{
    struct timespec ts;

    if (host_syscall(SYS_clock_gettime, (u64)clock, (u64)&ts, 0, 0, 0, 0) != 0) return 0;
    return (u64)ts.tv_sec * NS_PER_SEC + (u64)ts.tv_nsec;
}

static u64 timeval_ns(const struct timeval *tv)
{
    return (u64)tv->tv_sec * NS_PER_SEC + (u64)tv->tv_usec * 1000;
}

/* --- on the thread
 * -------------------------------------------------------------------------------- */

/* Lock held. */
static void account(void)
{
    struct rusage usage;
    u64 all = clock_ns(CLOCK_THREAD_CPUTIME_ID);

    host_syscall(SYS_getrusage, RUSAGE_THREAD, (u64)&usage, 0, 0, 0, 0);
    bg.spent[BACKGROUND_ALL] += all;
    bg.spent[BACKGROUND_USER] += timeval_ns(&usage.ru_utime);
    bg.spent[BACKGROUND_SYSTEM] += timeval_ns(&usage.ru_stime);
    stats_add(STAT_BACKGROUND_NS, all);
}

/* The next address to work at; 0: there is none, and the thread is to end. */
static u64 take(void)
{
    u64 pc = 0;

    lock_take(&bg.lock);
    if (bg.count != 0 && bg.held == 0) {
        pc = bg.queue[bg.first];
        bg.first = (bg.first + 1) % QUEUE;
        bg.count--;
    } else {
        bg.running = false;
        account();
    }
    bg.current = pc;
    lock_drop(&bg.lock);
    return pc;
}

static void __attribute__((noreturn)) run(void *argument)
{
    background_work *work = *(background_work **)argument;
    u64 pc;

    host_tls_begin();
    while ((pc = take()) != 0) work(pc);
    for (;;) host_syscall(SYS_exit, 0, 0, 0, 0, 0, 0);
}

/* --- its beginning and end
 * ------------------------------------------------------------------------ */

/* Its stack is free, and the process hasn't got it any more. The kernel's own wake-up of `id` is
 * for shared futexes. If the thread has ended long ago, its id may be a guest thread's by now. */
static void wait_until_gone(void)
{
    u32 id, last = __atomic_load_n(&bg.last, __ATOMIC_ACQUIRE);

    while ((id = __atomic_load_n(&bg.id, __ATOMIC_ACQUIRE)) != 0)
        host_syscall(SYS_futex, (u64)&bg.id, FUTEX_WAIT, id, 0, 0, 0);
    if (last == 0 || thread_self->process->borrowed) return;
    for (unsigned n = 0; n < MOST_YIELDS; n++) {
        if (host_syscall(SYS_tgkill, (u64)getpid(), last, 0, 0, 0, 0) != 0) break;
        sched_yield();
    }
    __atomic_compare_exchange_n(&bg.last, &last, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
}

static bool make_room(void)
{
    if (bg.tls == NULL) bg.tls = host_tls_new();
    if (bg.stack == NULL) {
        void *p = mmap(NULL, GUARD + STACK, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p == MAP_FAILED) return false;
        mprotect(p, GUARD, PROT_NONE);
        bg.stack = p;
    }
    return bg.tls != NULL;
}

/* Lock held. The thread before may be on its way out still. */
static bool start(void)
{
    sigset64 all = ~UINT64_C(0), was;
    s64 id;

    if (bg.given_up || thread_self->process->borrowed || !make_room()) return false;
    while ((id = __atomic_load_n(&bg.id, __ATOMIC_ACQUIRE)) != 0)
        host_syscall(SYS_futex, (u64)&bg.id, FUTEX_WAIT, (u64)id, 0, 0, 0);
    bg.running = true;
    host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&all, (u64)&was, sizeof(all), 0, 0);
    id = host_clone(THREAD_FLAGS, bg.stack + GUARD + STACK, (u64)&bg.id, (u64)&bg.id, bg.tls, run,
                    &bg.work);
    host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&was, 0, sizeof(was), 0, 0);
    if (id > 0)
        __atomic_store_n(&bg.last, (u32)id, __ATOMIC_RELEASE);
    else
        bg.running = false;
    return id > 0;
}

/* --- for guest threads
 * ---------------------------------------------------------------------------- */

static bool is_known(u64 pc)
{
    bool known = bg.current == pc;

    for (u32 n = 0; n < bg.count; n++) known |= bg.queue[(bg.first + n) % QUEUE] == pc;
    return known;
}

/* Lock held. */
static enum background_answer put(u64 pc)
{
    if (is_known(pc)) return BACKGROUND_TAKEN;
    if (bg.count == QUEUE) {
        stats_add(STAT_BACKGROUND_DROPPED, 1);
        return BACKGROUND_FULL;
    }
    bg.queue[(bg.first + bg.count++) % QUEUE] = pc;
    stats_most(STAT_BACKGROUND_QUEUE, bg.count);
    return BACKGROUND_TAKEN;
}

/* Lock held. What nobody is going to do is forgotten: it will be asked for again. */
static bool go_on(void)
{
    if (bg.running || bg.held != 0 || bg.count == 0 || start()) return true;
    bg.count = 0;
    return false;
}

enum background_answer background_ask(background_work *work, u64 pc)
{
    enum background_answer answer = BACKGROUND_REFUSED;

    lock_take(&bg.lock);
    bg.work = work;
    if (!bg.given_up) answer = put(pc);
    if (!go_on()) answer = BACKGROUND_REFUSED;
    lock_drop(&bg.lock);
    return answer;
}

void background_hold(void)
{
    lock_take(&bg.lock);
    bg.held++;
    lock_drop(&bg.lock);
    wait_until_gone();
}

void background_release(void)
{
    lock_take(&bg.lock);
    bg.held--;
    (void)go_on();
    lock_drop(&bg.lock);
}

void background_give_up(void)
{
    background_hold();
    lock_take(&bg.lock);
    bg.given_up = true;
    bg.count = 0;
    bg.held--;
    lock_drop(&bg.lock);
}

void background_keep_away(struct thread *t)
{
    if (!t->keeps_away) background_hold();
    t->keeps_away = true;
}

bool background_is_there(void)
{
    return __atomic_load_n(&bg.id, __ATOMIC_ACQUIRE) != 0;
}

bool background_is(pid_t id)
{
    return id > 0 && (u32)id == __atomic_load_n(&bg.id, __ATOMIC_ACQUIRE);
}

/* The processor time of a thread (the kernel's posix-timers.h: CPUCLOCK_PERTHREAD, CPUCLOCK_SCHED).
 */
static clockid_t clock_of(u32 id)
{
    return (clockid_t)(~id << 3 | 4 | 2);
}

/* While it runs, all that it has used counts as user time. */
u64 background_less(enum background_time kind, u64 all)
{
    u64 spent, left;

    lock_take(&bg.lock);
    spent = bg.spent[kind];
    if (bg.running && kind != BACKGROUND_SYSTEM) spent += clock_ns(clock_of(bg.last));
    left = all > spent ? all - spent : 0;
    if (left > bg.seen[kind]) bg.seen[kind] = left;
    left = bg.seen[kind];
    lock_drop(&bg.lock);
    return left;
}

void background_before_fork(void)
{
    lock_take(&bg.lock);
}

/* What was asked for is asked for in the child as well; other threads' holds are not its own. */
void background_after_fork(bool child)
{
    if (!child) {
        lock_drop(&bg.lock);
        return;
    }
    bg.held = 1;
    bg.last = 0;
    memset(bg.spent, 0, sizeof(bg.spent));
    memset(bg.seen, 0, sizeof(bg.seen));
    lock_reset(&bg.lock);
}
