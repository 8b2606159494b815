/*
 * Threads that the host's libraries make.
 *
 * They aren't the guest's, so they have no guest state to run its functions with, and take none of
 * its signals. When one is made on the guest's behalf, the guest makes a thread of its own beside
 * it, by its C library's pthread_create, so that thread-local storage is as it should be: the
 * proxy, which waits in native code and runs what the host's thread calls back.
 */
#include "hostlibs/hostlibs.h"

#include "aot/abi/fp_state.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/futex.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <xmmintrin.h>

enum proxy_state { PROXY_IDLE, PROXY_WORK, PROXY_END };

struct proxy {
    u32 state; /* enum proxy_state: a futex */
    void (*run)(void *context);
    void *context;
};

/* Of a thread that a library has made. */
struct start {
    void *(*run)(void *);
    void *argument;
    struct proxy *proxy;
};

static __thread struct proxy *my_proxy;

static void wait_while(u32 *word, u32 value)
{
    while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
        syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, value, NULL, NULL, 0);
}

static void set(u32 *word, u32 value)
{
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
    syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, INT_MAX, NULL, NULL, 0);
}

/* Native code of the guest's own thread. */
static void *proxy_main(void *argument)
{
    struct proxy *p = argument;

    for (;;) {
        wait_while(&p->state, PROXY_IDLE);
        if (__atomic_load_n(&p->state, __ATOMIC_ACQUIRE) == PROXY_END) break;
        p->run(p->context);
        set(&p->state, PROXY_IDLE);
    }
    free(p);
    return NULL;
}

/* On a guest thread in native code: a proxy, or NULL. */
static struct proxy *make_proxy(void)
{
    static const struct type pointer = {.kind = TYPE_POINTER, .size = 8, .align = 8};
    static const struct signature signature = {
        .result = {.kind = TYPE_POINTER, .size = 8, .align = 8}, .count = 1, .param = &pointer};
    static const struct binding none = {.soname = "libpthread"};
    static u64 create, detach;
    struct guest_state *s = native_self();
    struct proxy *p = calloc(1, sizeof(*p));
    u64 id = 0;

    if (create == 0) create = policy_guest_function("pthread_create");
    if (detach == 0) detach = policy_guest_function("pthread_detach");
    if (create == 0 || detach == 0 || p == NULL) return NULL;
    s->x[0] = (u64)&id;
    s->x[1] = 0;
    s->x[2] = callback_stub_for((void *)proxy_main, &none, &signature);
    s->x[3] = (u64)p;
    native_run(s, create, NULL, 0);
    if ((u32)s->x[0] != 0) {
        free(p);
        return NULL;
    }
    s->x[0] = id;
    native_run(s, detach, NULL, 0);
    return p;
}

static void make_for(void *context)
{
    *(struct proxy **)context = make_proxy();
}

bool foreign_run(void (*run)(void *context), void *context)
{
    struct proxy *p = my_proxy;

    if (p == NULL) return false;
    p->run = run;
    p->context = context;
    set(&p->state, PROXY_WORK);
    wait_while(&p->state, PROXY_WORK);
    return true;
}

static void foreign_end(void *proxy)
{
    struct proxy *p = proxy;

    my_proxy = NULL;
    if (p != NULL) set(&p->state, PROXY_END);
}

static void *foreign_main(void *argument)
{
    struct start start = *(struct start *)argument;
    void *result;

    free(argument);
    my_proxy = start.proxy;
    pthread_cleanup_push(foreign_end, start.proxy);
    result = start.run(start.argument);
    pthread_cleanup_pop(1);
    return result;
}

typedef int create_function(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* In place of the C library's, for the libraries; the runtime's own threads go through. */
int pthread_create(pthread_t *id, const pthread_attr_t *attr, void *(*run)(void *), void *argument)
{
    static create_function *real;
    struct start *start;
    u32 mxcsr = _mm_getcsr();
    sigset_t all, was;
    int r;

    if (real == NULL) *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    if (native_makes_thread()) return real(id, attr, run, argument);
    start = malloc(sizeof(*start));
    if (start == NULL) return EAGAIN;
    *start = (struct start){run, argument, NULL};
    if (native_is_called())
        start->proxy = make_proxy();
    else if (my_proxy != NULL)
        (void)foreign_run(make_for, &start->proxy);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &was);
    _mm_setcsr(mxcsr | MXCSR_ALL_MASKED); /* the thread inherits it, and is to take no SIGFPE */
    r = real(id, attr, foreign_main, start);
    _mm_setcsr(mxcsr);
    pthread_sigmask(SIG_SETMASK, &was, NULL);
    if (r != 0) {
        foreign_end(start->proxy);
        free(start);
    }
    return r;
}
