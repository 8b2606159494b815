/*
 * The pool's loop: start what may be started, wait for an end, a token, or a signal. Results come
 * through shared memory, so that nothing has to be read while a process runs.
 *
 * A process asks to be killed with its parent, and is what the kernel kills first when memory is
 * short. SIGINT, SIGTERM and SIGHUP here are passed on to all, who remove their temporary files.
 */
#include "aot/cmd/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aot/cmd/jobserver.h"
#include "aot/cmd/publish.h"

#define TICK 200 /* ms */

struct worker {
    pid_t pid; /* 0: free */
    u32 piece;
    bool has_token;
    u64 need;
};

struct running {
    struct pool *p;
    struct worker *worker;
    struct jobserver make;
    u8 *results; /* one for each worker, a byte before it: it is there */
    size_t stride;
    u32 limit, active, next;
    u64 needed;     /* bytes, by all that run */
    bool free_slot; /* the job that needs no token is free */
    bool stopped;   /* no more are begun */
};

static const int endings[] = {SIGINT, SIGTERM, SIGHUP};
static int wake[2] = {-1, -1}; /* a pipe that signals write to */
static volatile sig_atomic_t ended_by;

static void on_signal(int number)
{
    int error = errno;
    if (number != SIGCHLD) ended_by = number;
    if (write(wake[1], "", 1) < 0) errno = error; /* full is good enough */
    errno = error;
}

static void on_end(int number)
{
    publish_abandon();
    signal(number, SIG_DFL);
    raise(number);
}

/* Handlers in place; those of before in `old`. What was ignored (nohup) stays so. */
static void set_handlers(struct sigaction *old)
{
    struct sigaction a = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &a, &old[0]);
    for (size_t n = 0; n < ARRAY_SIZE(endings); n++) {
        sigaction(endings[n], NULL, &old[n + 1]);
        if (old[n + 1].sa_handler != SIG_IGN) sigaction(endings[n], &a, NULL);
    }
}

static void restore_handlers(const struct sigaction *old)
{
    sigaction(SIGCHLD, &old[0], NULL);
    for (size_t n = 0; n < ARRAY_SIZE(endings); n++) sigaction(endings[n], &old[n + 1], NULL);
}

/* --- a process ----------------------------------------------------------------------------------
 */

static u8 *result_of(const struct running *r, u32 worker)
{
    return r->results + worker * r->stride;
}

static void volunteer(void)
{
    int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (write(fd, "500", 3) < 0) errno = 0; /* as good without */
    close(fd);
}

static _Noreturn void work(struct running *r, u32 worker, u32 piece, pid_t parent)
{
    struct sigaction a = {.sa_handler = on_end, .sa_flags = (int)SA_RESETHAND}, old;
    sigset_t none;
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent) _exit(1);
    signal(SIGCHLD, SIG_DFL);
    for (size_t n = 0; n < ARRAY_SIZE(endings); n++) {
        sigaction(endings[n], NULL, &old);
        if (old.sa_handler != SIG_IGN) sigaction(endings[n], &a, NULL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    volunteer();
    u8 *result = result_of(r, worker);
    r->p->run(r->p->context, piece, result + 16);
    result[0] = 1;
    _exit(0);
}

static u64 need_of_next(const struct running *r)
{
    return r->p->need ? r->p->need(r->p->context, r->next) : 0;
}

static bool start(struct running *r, bool has_token)
{
    sigset_t all, old;
    u32 n = 0;
    pid_t parent = getpid();
    while (r->worker[n].pid) n++;
    memset(result_of(r, n), 0, r->stride);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old); /* until the process has its own handlers */
    pid_t pid = fork();
    if (!pid) work(r, n, r->next, parent);
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0) return false;
    r->worker[n] = (struct worker){pid, r->next, has_token, need_of_next(r)};
    r->needed += r->worker[n].need;
    r->next++;
    if (!has_token) r->free_slot = false;
    r->active++;
    return true;
}

/* --- the loop -----------------------------------------------------------------------------------
 */

static void free_worker(struct running *r, struct worker *w)
{
    if (w->has_token)
        jobserver_give(&r->make);
    else
        r->free_slot = true;
    w->pid = 0;
    r->needed -= w->need;
    r->active--;
}

/* Takes note of all that have ended. */
static void reap(struct running *r)
{
    for (u32 n = 0; n < r->limit; n++) {
        struct worker *w = &r->worker[n];
        struct rusage usage;
        struct pool_end end;
        if (!w->pid || wait4(w->pid, &end.status, WNOHANG, &usage) != w->pid) continue;
        const u8 *result = result_of(r, n);
        end.result = result[0] ? result + 16 : NULL;
        end.memory = (u64)usage.ru_maxrss * 1024;
        u32 piece = w->piece;
        free_worker(r, w);
        if (!ended_by && !r->p->done(r->p->context, piece, &end)) r->stopped = true;
    }
}

static void end_all(struct running *r)
{
    for (u32 n = 0; n < r->limit; n++)
        if (r->worker[n].pid) kill(r->worker[n].pid, SIGTERM);
    for (u32 n = 0; n < r->limit; n++) {
        struct worker *w = &r->worker[n];
        if (!w->pid) continue;
        while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) continue;
        free_worker(r, w);
    }
}

static void wait_for_something(struct running *r, bool wants_token)
{
    struct pollfd fds[2] = {{wake[0], POLLIN, 0}, {r->make.from, POLLIN, 0}};
    char drained[64];
    poll(fds, wants_token ? 2 : 1, TICK);
    while (read(wake[0], drained, sizeof drained) > 0) continue;
    if (r->p->tick) r->p->tick(r->p->context);
}

static bool may_start(const struct running *r)
{
    if (ended_by || r->stopped || r->next == r->p->count || r->active == r->limit) return false;
    return !r->active || !r->p->memory || r->needed + need_of_next(r) <= r->p->memory;
}

/* False: no process could be started though none runs. */
static bool loop(struct running *r)
{
    for (;;) {
        while (may_start(r)) {
            bool counted = r->make.from >= 0 && !r->free_slot;
            bool token = counted && jobserver_take(&r->make);
            if (counted && !token) break;
            if (start(r, token)) continue;
            if (token) jobserver_give(&r->make);
            if (!r->active) return false;
            break;
        }
        if (ended_by) end_all(r);
        if (!r->active) return true;
        wait_for_something(r, may_start(r) && r->make.from >= 0);
        reap(r);
    }
}

static u32 processors(void)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > JOBSERVER_MAX ? JOBSERVER_MAX : (u32)n;
}

static bool prepare(struct running *r)
{
    struct pool *p = r->p;
    bool usable = jobserver_open(&r->make);
    r->limit = p->jobs ? p->jobs : r->make.from >= 0 ? JOBSERVER_MAX : usable ? processors() : 1;
    if (r->limit > p->count) r->limit = p->count ? p->count : 1;
    r->stride = ALIGN_UP(p->result_size + 16, (size_t)64);
    r->worker = calloc(r->limit, sizeof *r->worker);
    r->results =
        mmap(NULL, r->limit * r->stride, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return r->worker && r->results != MAP_FAILED && !pipe2(wake, O_CLOEXEC | O_NONBLOCK);
}

int pool_run(struct pool *p)
{
    struct running r = {.p = p, .free_slot = true};
    struct sigaction old[1 + ARRAY_SIZE(endings)];
    bool good = prepare(&r);
    if (good) {
        set_handlers(old);
        good = loop(&r);
        restore_handlers(old);
        close(wake[0]);
        close(wake[1]);
    }
    jobserver_close(&r.make);
    if (r.results && r.results != MAP_FAILED) munmap(r.results, r.limit * r.stride);
    free(r.worker);
    return good ? ended_by : -1;
}
