/*
 * A native library used in ways that few programs use one: by its symbols' addresses, from
 * constructors and vfork's child, left by unwinding and cancellation. Each test is a word on the
 * command line; status 0 is right. It holds natively as well.
 */
#include "check.h"
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <unwind.h>

static int adds(int n, void *user)
{
    return n + *(int *)user;
}

/* The status of a child that runs f. */
static int in_child(void (*f)(void))
{
    pid_t child = fork();
    int status;

    CHECK(child >= 0);
    if (child == 0) {
        f();
        _exit(0);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

/* --- symbols ---------------------------------------------------------------------------------- */

extern int not_there(int) __attribute__((weak));
extern int see_errno(void) __attribute__((weak));

static void test_symbols(void)
{
    int (*add)(int, int);
    void *library = dlopen("libfaults.so.1", RTLD_NOW | RTLD_NOLOAD), *plugin;
    void *(*their_add)(void);
    Dl_info info;

    CHECK(library != NULL);
    *(void **)&add = dlsym(library, "add_ints");
    CHECK(add == add_ints && add(2, 3) == 5);
    *(void **)&add = dlsym(RTLD_DEFAULT, "add_ints");
    CHECK(add == add_ints);
    CHECK(dlsym(library, "add_nothing") == NULL && dlerror() != NULL);
    CHECK(dladdr((void *)add_ints, &info) != 0 && strcmp(info.dli_sname, "add_ints") == 0);
    CHECK(strstr(info.dli_fname, "libfaults.so.1") != NULL && info.dli_saddr == (void *)add_ints);
    CHECK(not_there == NULL && see_errno != NULL && see_errno() == errno);
    plugin = dlopen("./libplugin.so", RTLD_NOW);
    CHECK(plugin != NULL);
    *(void **)&their_add = dlsym(plugin, "its_add");
    CHECK(their_add() == (void *)add_ints);
    CHECK(dlclose(plugin) == 0 && dlclose(library) == 0 && add_ints(2, 3) == 5);
}

/* The program of another version of the library: alone in calling newer(). */
static void test_newer(void)
{
#ifdef NEWER
    CHECK(newer() == 12);
#endif
    CHECK(add_ints(40, 2) == 42);
}

/* Functions and data of the library's have one address each, whoever asks, and one value. */
static void test_objects(void)
{
    int *count = dlsym(RTLD_DEFAULT, "shared_count"), three = 3;

    CHECK(count == &shared_count && shared_count == 40);
    CHECK(count_up() == 41 && shared_count == 41);
    shared_count = 70;
    CHECK(count_up() == 71);
    CHECK(shared_step(5, NULL) == 10); /* the library's own */
    shared_step = adds;
    CHECK(call_shared(5, &three) == 8);
    CHECK(shared_step(6, &three) == 9);
    CHECK(dlopen("/lib/aarch64-linux-gnu/libfaults.so.1", RTLD_NOW) != NULL);
    CHECK(add_ints(2, 3) == 5); /* there may be two stubs now: each is as good */
    if (fork() == 0) _exit(count_up() != 72);
    CHECK(wait(&three) > 0 && three == 0 && shared_count == 71);
}

/* The program again, with a library before it that has functions of the same names. */
static void test_preload(void)
{
    char *side = getenv("SIDE");

    if (getenv("LD_PRELOAD") == NULL) {
        setenv("LD_PRELOAD", "./libpreload.so", 1);
        execl("/proc/self/exe", "unusual", "preload", side, NULL);
        CHECK(!"no exec");
    }
    CHECK(add_ints(2, 3) == 1005);          /* the one before adds 1000 */
    CHECK(length("abc") == 3);              /* and leaves this as it is */
    CHECK(call(adds, 1, &(int){2}) == 104); /* 100 to the result */
}

static int constructed;

static void __attribute__((constructor)) construct(void)
{
    int three = 3;

    constructed = call(adds, 4, &three);
}

static void __attribute__((destructor)) destruct(void)
{
    if (constructed != 8 && constructed != 108) _exit(99); /* test_preload */
    if (length("ab") != 2) _exit(98);
}

static void test_constructor(void)
{
    CHECK(constructed == 8);
}

/* --- processes -------------------------------------------------------------------------------- */

static void test_vfork(void)
{
    for (int i = 0; i < 50; i++) {
        volatile int seen = 0;
        int three = 3, status;
        pid_t child = vfork();

        CHECK(child >= 0);
        if (child == 0) {
            seen = call(adds, i, &three);
            _exit(0);
        }
        CHECK(waitpid(child, &status, 0) == child && status == 0 && seen == i + 4);
        CHECK(call(adds, i, &three) == i + 4);
    }
}

static int executes(int n, void *user)
{
    (void)n;
    execl("/proc/self/exe", "unusual", "constructor", (char *)user, NULL);
    return 0;
}

static void run_executes(void)
{
    call(executes, 0, getenv("SIDE"));
    _exit(1);
}

static void spin_for_ever(void)
{
    static volatile int never;

    alarm(1);
    spin(&never);
}

static int quick(int n, void *user)
{
    (void)user;
    _exit(n);
}

static void run_quick(void)
{
    call(quick, 9, NULL);
}

static void *spins(void *flag)
{
    spin(flag);
    return NULL;
}

static int exits(int n, void *user)
{
    (void)user;
    exit(n);
}

static void *exits_there(void *unused)
{
    (void)unused;
    call(exits, 5, NULL);
    return NULL;
}

static void run_exits_of_many(void)
{
    static volatile int no;
    pthread_t thread;

    for (int i = 0; i < 8; i++) pthread_create(&thread, NULL, spins, (void *)&no);
    pthread_create(&thread, NULL, exits_there, NULL);
    spin(&no);
}

/* exec in a callback; death by a signal while native code runs; _exit in a callback; exit in a
 * thread's callback, with others in native code. */
static void test_ends(void)
{
    CHECK(in_child(run_exits_of_many) == 5 << 8);
    CHECK(in_child(run_executes) == 0);
    CHECK(in_child(spin_for_ever) == SIGALRM);
    CHECK(in_child(run_quick) == 9 << 8);
}

/* --- depth ------------------------------------------------------------------------------------ */

static volatile int depth;

static int falls(int n, void *user)
{
    depth++;
    return call(falls, n, user) + 1;
}

static void run_falls(void)
{
    call(falls, 0, NULL);
}

static void *falls_there(void *unused)
{
    run_falls();
    return unused;
}

static void run_falls_there(void)
{
    pthread_t thread;

    CHECK(pthread_create(&thread, NULL, falls_there, NULL) == 0);
    pthread_join(thread, NULL);
}

static sigjmp_buf back;

static void jumps_back(int sig)
{
    CHECK(sig == SIGSEGV);
    siglongjmp(back, 1);
}

/* Recursion through native code ends as it does without: the stack overflows, here or there. */
static void test_overflow(void)
{
    static char other[65536];
    stack_t stack = {.ss_sp = other, .ss_size = sizeof(other)};
    struct sigaction action = {.sa_handler = jumps_back, .sa_flags = SA_ONSTACK};
    int three = 3;

    CHECK(in_child(run_falls) == SIGSEGV && in_child(run_falls_there) == SIGSEGV);
    CHECK(sigaltstack(&stack, NULL) == 0 && sigaction(SIGSEGV, &action, NULL) == 0);
    for (volatile int i = 0; i < 3; i++) {
        if (sigsetjmp(back, 1) == 0) run_falls();
        CHECK(depth > 1000 && call(adds, 4, &three) == 8);
    }
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return x < y ? -1 : x > y;
}

static void test_large(void)
{
    int many[1 << 18];

    for (int i = 0; i < 1 << 18; i++) many[i] = (int)((unsigned)i * 2654435761u >> 1);
    sort(many, 1 << 18, sizeof *many, ascending);
    for (int i = 1; i < 1 << 18; i++) CHECK(many[i - 1] <= many[i]);
}

/* --- unwinding -------------------------------------------------------------------------------- */

static int cleaned;

static void clean(int *by)
{
    cleaned += *by;
}

static _Unwind_Reason_Code stops(int version, _Unwind_Action action, _Unwind_Exception_Class kind,
                                 struct _Unwind_Exception *e, struct _Unwind_Context *context,
                                 void *target)
{
    (void)version, (void)kind, (void)e, (void)context;
    CHECK((action & _UA_END_OF_STACK) == 0);
    if (cleaned == 111) siglongjmp(*(sigjmp_buf *)target, 1);
    return _URC_NO_REASON;
}

static int unwinds(int n, void *user)
{
    static struct _Unwind_Exception exception;
    int by __attribute__((cleanup(clean))) = 1;

    if (n > 0) {
        int more __attribute__((cleanup(clean))) = n == 2 ? 100 : 10;

        return call(unwinds, n - 1, user) + by;
    }
    _Unwind_ForcedUnwind(&exception, stops, user);
    abort();
}

static void unwind_through(void)
{
    int more __attribute__((cleanup(clean))) = 100 - 2;

    call(unwinds, 1, &back); /* 1 + 10 + 1 and what is above */
}

static void test_unwind(void)
{
    for (volatile int i = 0; i < 400; i++) {
        cleaned = 1;
        if (sigsetjmp(back, 1) == 0) unwind_through();
        CHECK(cleaned == 111);
    }
}

static int traces(int n, void *user)
{
    void *frame[64];
    int count = backtrace(frame, 64);
    Dl_info info;

    for (int i = 0; i < count; i++)
        if (dladdr(frame[i], &info) != 0 && info.dli_sname != NULL &&
            strcmp(info.dli_sname, "trace_from_here") == 0)
            ++*(int *)user;
    return n;
}

int trace_from_here(int *found);
int __attribute__((noinline)) trace_from_here(int *found)
{
    return call(traces, 0, found) + *found;
}

static void test_backtrace(void)
{
    int found = 0;

    CHECK(trace_from_here(&found) == 2 && found == 1);
}

static int throws_theirs(int n, void *user)
{
    (void)user;
    return throw_host() + n;
}

static void test_host_exception(void)
{
    call(throws_theirs, 0, NULL);
}

/* --- threads that end ------------------------------------------------------------------------- */

static volatile int inside, ended;

static void note_end(void *by)
{
    __atomic_add_fetch(&ended, *(int *)by, __ATOMIC_SEQ_CST);
}

static int leaves_thread(int n, void *user)
{
    (void)n;
    pthread_exit(user);
}

static void *exiting(void *own)
{
    int two = 2;

    pthread_cleanup_push(note_end, &two);
    call(leaves_thread, 0, own);
    pthread_cleanup_pop(0);
    return NULL;
}

static int tests_cancel(int n, void *user)
{
    (void)user;
    inside = 1;
    pthread_testcancel();
    return n;
}

static volatile int never;

static void *cancelled(void *argument)
{
    int one = 1;

    pthread_cleanup_push(note_end, &one);
    if (argument != NULL) CHECK(pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL) == 0);
    if (argument == NULL) spin_calling(&never, tests_cancel, NULL);
    inside = 1;
    spin(&never);
    pthread_cleanup_pop(0);
    return NULL;
}

static void test_cancel(void)
{
    static int own;
    pthread_t thread;
    void *result;

    for (int i = 0; i < 20; i++) {
        ended = inside = 0;
        CHECK(pthread_create(&thread, NULL, cancelled, i % 2 == 0 ? NULL : &own) == 0);
        while (!inside) sched_yield();
        CHECK(pthread_cancel(thread) == 0 && pthread_join(thread, &result) == 0);
        CHECK(result == PTHREAD_CANCELED && ended == 1);
        CHECK(pthread_create(&thread, NULL, exiting, &own) == 0);
        CHECK(pthread_join(thread, &result) == 0 && result == &own && ended == 3);
    }
}

/* --- coroutines ------------------------------------------------------------------------------- */

static ucontext_t outer, inner[2];
static int switches;

static int switches_out(int n, void *user)
{
    switches++;
    CHECK(swapcontext(user, &outer) == 0);
    return n;
}

static void coroutine(int number)
{
    for (int i = 0; i < 3; i++) {
        CHECK(call(adds, i, &number) == i + number + 1);
        CHECK(swapcontext(&inner[number], &outer) == 0);
    }
    CHECK(call(switches_out, 5, &inner[number]) == 6);
}

static void start_coroutine(int number)
{
    static char stack[2][1 << 18];

    CHECK(getcontext(&inner[number]) == 0);
    inner[number].uc_stack.ss_sp = stack[number];
    inner[number].uc_stack.ss_size = sizeof(stack[number]);
    inner[number].uc_link = &outer;
    makecontext(&inner[number], (void (*)(void))coroutine, 1, number);
}

/* They switch between calls, and last out of a callback each. */
static void run_coroutines(void)
{
    start_coroutine(0);
    start_coroutine(1);
    for (int i = 0; i < 4; i++) {
        CHECK(swapcontext(&outer, &inner[0]) == 0);
        CHECK(swapcontext(&outer, &inner[1]) == 0);
    }
    CHECK(switches == 2);
}

/* The callbacks end in order, the last first. */
static void test_coroutines(void)
{
    run_coroutines();
    CHECK(swapcontext(&outer, &inner[1]) == 0);
    CHECK(swapcontext(&outer, &inner[0]) == 0);
}

/* The other order: the native frames of one are gone with those of the other, below it. */
static void test_disorder(void)
{
    run_coroutines();
    CHECK(swapcontext(&outer, &inner[0]) == 0);
    CHECK(swapcontext(&outer, &inner[1]) == 0);
}

/* --- streams ---------------------------------------------------------------------------------- */

/* Both sides write to standard output, each behind the other. */
static void test_output(void)
{
    int both[2], was = dup(1);
    char text[200];
    ssize_t n;

    CHECK(pipe(both) == 0 && dup2(both[1], 1) == 1);
    printf("one ");
    print_to(stdout, "%s ", "two");
    fputs("three ", stdout);
    print_to(stdout, "%d ", 4);
    fflush(stdout);
    CHECK(write(1, "five", 4) == 4);
    n = read(both[0], text, sizeof(text));
    dup2(was, 1);
    CHECK(n == 20 && memcmp(text, "one two three 4 five", 20) == 0);
}

static const struct {
    const char *name;
    void (*test)(void);
} tests[] = {
    {"symbols", test_symbols},
    {"newer", test_newer},
    {"objects", test_objects},
    {"preload", test_preload},
    {"constructor", test_constructor},
    {"vfork", test_vfork},
    {"ends", test_ends},
    {"overflow", test_overflow},
    {"large", test_large},
    {"unwind", test_unwind},
    {"backtrace", test_backtrace},
    {"host-exception", test_host_exception},
    {"cancel", test_cancel},
    {"coroutines", test_coroutines},
    {"disorder", test_disorder},
    {"output", test_output},
};

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    CHECK(faults_is_host() == (strcmp(argv[2], "host") == 0));
    setenv("SIDE", argv[2], 1);
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strcmp(argv[1], tests[i].name) != 0) continue;
        tests[i].test();
        return 0;
    }
    return 2;
}
