/*
 * What may go wrong, or be out of the common, in calls of a native library and in callbacks. Each
 * test is a word on the command line; status 0 is right. It holds natively as well.
 */
#include "check.h"
#include "faults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <unwind.h>

static int times(int n, void *user)
{
    return n * *(int *)user;
}

/* --- errno ------------------------------------------------------------------------------------ */

static int sees_errno(int n, void *user)
{
    CHECK(errno == n);
    errno = *(int *)user;
    return 0;
}

static void *errno_thread(void *argument)
{
    int own = (int)(long)argument;

    for (int i = 0; i < 2000; i++) {
        int after = own + 1000;

        errno = own;
        CHECK(see_errno() == own && errno == own);
        CHECK(set_errno(own + 100) == own && errno == own + 100);
        CHECK(set_errno(0) == own + 100 && errno == 0);
        CHECK(set_errno_call(own + 500, sees_errno, &after) == after && errno == after);
    }
    return NULL;
}

static void in_threads(int count, void *(*f)(void *))
{
    pthread_t thread[16];

    for (long i = 0; i < count; i++)
        CHECK(pthread_create(&thread[i], NULL, f, (void *)(i + 1)) == 0);
    for (int i = 0; i < count; i++) CHECK(pthread_join(thread[i], NULL) == 0);
}

static void test_errno(void)
{
    errno_thread((void *)50);
    in_threads(8, errno_thread);
}

/* --- faults ----------------------------------------------------------------------------------- */

static sigjmp_buf back;
static volatile int faults, steps;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)context;
    CHECK(sig == SIGSEGV && (unsigned long)info->si_addr == 16);
    faults++;
    siglongjmp(back, 1);
}

static void handle(int sig, void (*f)(int, siginfo_t *, void *))
{
    struct sigaction action = {.sa_flags = SA_SIGINFO, .sa_sigaction = f};

    CHECK(sigaction(sig, &action, NULL) == 0);
}

static void test_crash_handled(void)
{
    handle(SIGSEGV, on_fault);
    for (volatile int i = 0; i < 1000; i++) {
        int three = 3;

        if (sigsetjmp(back, 1) == 0) read_int((int *)16);
        CHECK(faults == i + 1);
        CHECK(call(times, 5, &three) == 16);
    }
}

static void test_crash(void)
{
    read_int((int *)16);
}

/* In a callback, the fault is the guest's own. */
static int reads_bad(int n, void *user)
{
    return n + *(volatile int *)user;
}

static void test_crash_in_callback(void)
{
    handle(SIGSEGV, on_fault);
    for (volatile int i = 0; i < 1000; i++) {
        if (sigsetjmp(back, 1) == 0) call(reads_bad, 1, (void *)16);
        CHECK(faults == i + 1);
    }
    CHECK(add_ints(2, 3) == 5);
}

static void on_fetch(int sig, siginfo_t *info, void *context)
{
    (void)info, (void)context;
    CHECK(sig == SIGSEGV);
    siglongjmp(back, 1);
}

static void test_plugin(void)
{
    void *module = dlopen("./libplugin.so", RTLD_NOW);
    void (*plug)(void);

    CHECK(module != NULL);
    *(void **)&plug = dlsym(module, "plug");
    plug();
    CHECK(call_kept(4, NULL) == 9);
    CHECK(dlclose(module) == 0);
    handle(SIGSEGV, on_fetch);
    if (sigsetjmp(back, 1) == 0) {
        call_kept(4, NULL);
        CHECK(!"called after its module went");
    }
    CHECK(add_ints(2, 3) == 5);
}

/* --- ends of processes ------------------------------------------------------------------------ */

static void at_exit(void)
{
    if (add_ints(20, 22) != 42) _exit(1);
}

static int exits(int n, void *user)
{
    (void)user;
    exit(n);
}

static void test_exit(void)
{
    CHECK(atexit(at_exit) == 0);
    call(exits, 0, NULL);
    abort();
}

static int forks(int n, void *user)
{
    *(pid_t *)user = fork();
    return n;
}

static void test_fork(void)
{
    for (int i = 0; i < 20; i++) {
        pid_t child;
        int status, r = call(forks, i, &child), three = 3;

        CHECK(r == i + 1 && child >= 0);
        CHECK(call(times, 5, &three) == 16);
        if (child == 0) _exit(i);
        CHECK(waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == i);
    }
}

/* --- threads ---------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return x < y ? -1 : x > y;
}

static void *busy_thread(void *argument)
{
    unsigned random = (unsigned)(long)argument;

    for (int i = 0; i < 300; i++) {
        int value[50], factor = i;

        for (int k = 0; k < 50; k++) value[k] = (int)((random = random * 1103515245 + 12345) >> 8);
        sort(value, 50, sizeof *value, ascending);
        for (int k = 1; k < 50; k++) CHECK(value[k - 1] <= value[k]);
        CHECK(call(times, 7, &factor) == 7 * i + 1);
        CHECK(length("five!") == 5);
    }
    return NULL;
}

static void test_threads(void)
{
    in_threads(16, busy_thread);
}

/* --- signals ---------------------------------------------------------------------------------- */

static volatile int flag, ticks, armed; /* armed: the next handler leaves by siglongjmp */

static void timer(int microseconds)
{
    struct itimerval every = {{0, microseconds}, {0, microseconds}};

    CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
}

static void on_tick(int sig, siginfo_t *info, void *context)
{
    int saved = errno, three = 3;

    (void)sig, (void)info, (void)context;
    ticks++;
    CHECK(call(times, 5, &three) == 16);
    CHECK(set_errno(77) == saved && errno == 77);
    flag = ticks;
    errno = saved;
    if (armed) {
        armed = 0;
        siglongjmp(back, 1);
    }
}

static int counts(int n, void *user)
{
    ++*(int *)user;
    for (volatile int i = 0; i < 200; i++) continue;
    return n;
}

/* A native function turns until the guest's handler has run; so does one that calls back. */
static void test_signals(void)
{
    handle(SIGALRM, on_tick);
    timer(1000);
    for (int i = 0; i < 300; i++) {
        int called = 0, was = ticks;

        errno = i;
        flag = 0;
        CHECK(spin((volatile int *)&flag) > was && errno == i);
        flag = 0;
        CHECK(spin_calling((volatile int *)&flag, counts, &called) == called && errno == i);
    }
    timer(0);
    CHECK(ticks >= 600);
}

/* The handler leaves by siglongjmp, out of native code and out of callbacks. */
static void test_signals_jump(void)
{
    handle(SIGALRM, on_tick);
    timer(1000);
    for (volatile int i = 0; i < 400; i++) {
        static volatile int never;
        int called = 0;

        if (sigsetjmp(back, 1) == 0) {
            armed = 1;
            if (i % 2 == 0)
                spin(&never);
            else
                spin_calling(&never, counts, &called);
        }
        CHECK(ticks >= i + 1);
    }
    timer(0);
}

/* While threads call and are called. */
static void test_signals_threads(void)
{
    handle(SIGALRM, on_tick);
    timer(1000);
    in_threads(4, busy_thread);
    timer(0);
    CHECK(ticks > 0);
}

/* --- depth ------------------------------------------------------------------------------------ */

static int deeper(const void *a, const void *b)
{
    static int depth;
    int pair[2] = {2, 1};

    if (depth < 1000) {
        depth++;
        sort(pair, 2, sizeof *pair, deeper);
        CHECK(pair[0] == 1);
        depth--;
    }
    return ascending(a, b);
}

static void *nest_thread(void *argument)
{
    int pair[2] = {7, 5};

    sort(pair, 2, sizeof *pair, deeper);
    CHECK(pair[0] == 5 && pair[1] == 7);
    return argument;
}

static void test_nest(void)
{
    nest_thread(NULL);
    in_threads(1, nest_thread);
}

static int leaves(int n, void *user)
{
    steps++;
    if (n > 0) call(leaves, n - 1, user);
    longjmp(*(jmp_buf *)user, 1);
}

/* From one callback, and from some within each other. */
static void *longjmp_thread(void *argument)
{
    jmp_buf buffer;
    int three = 3;

    for (volatile int i = 0; i < 100000; i++)
        if (setjmp(buffer) == 0) call(leaves, i % 3, &buffer);
    CHECK(call(times, 5, &three) == 16);
    return argument;
}

static void test_longjmp(void)
{
    longjmp_thread(NULL);
    CHECK(steps == 199999);
    in_threads(1, longjmp_thread);
}

/* --- exceptions ------------------------------------------------------------------------------- */

/* Nobody beyond native code catches: the unwinder comes back (for C++ to call std::terminate, which
 * says what was thrown). What it returns then is anything, with this libgcc. */
static int throws(int n, void *user)
{
    static struct _Unwind_Exception exception;

    _Unwind_RaiseException(&exception);
    *(int *)user = 1;
    return n;
}

static void test_exception(void)
{
    int ended = 0;

    CHECK(call(throws, 5, &ended) == 6 && ended == 1);
}

/* --- */

/* --- threads that the library makes ----------------------------------------------------------- */

static __thread int own = 7; /* its threads are the guest's own, as far as it can see */

static int in_their_thread(int n, void *user)
{
    CHECK(own == 7);
    own = n;
    errno = n;
    for (int i = 0; i < 1000; i++) free(malloc(64));
    CHECK(own == n && errno == n);
    return call(times, n, user);
}

static void test_foreign(void)
{
    int three = 3;

    for (int i = 0; i < 20; i++) CHECK(call_in_threads(in_their_thread, 8, &three) == 8 + 3 * 28);
    CHECK(own == 7);
}

/* --- functions that lie deep ------------------------------------------------------------------ */

static int get_mine(struct deep *d, int n)
{
    return d->value + n;
}

static const char *name_mine(struct deep *d)
{
    return d->value == 5 ? "five" : "?";
}

static void test_deep(void)
{
    struct methods mine = {get_mine, name_mine};
    struct deep d = {5, &mine}, *theirs = make_deep(12);

    for (int i = 0; i < 100; i++) {
        CHECK(call_deep(&d, i) == 5 + i + 4);
        CHECK(call_deep(theirs, i) == 12 * i + 4);
        CHECK(theirs->methods->get(theirs, i) == 12 * i);
        CHECK(strcmp(theirs->methods->name(theirs), "much") == 0);
    }
    mine = *theirs->methods; /* theirs on mine */
    CHECK(call_deep(&d, 3) == 15 + 6 && mine.get(&d, 4) == 20);
    free(theirs);
}

/* --- one heap --------------------------------------------------------------------------------- */

static void test_heap(void)
{
    char *p, *kept[100];

    for (int i = 0; i < 2000; i++) {
        p = give_memory(100 + i);
        CHECK(p[0] == 'm' && p[99 + i] == 'm');
        if (i % 3 == 0) p = realloc(p, 5000);
        CHECK(p[99] == 'm');
        free(p);
        p = i % 2 != 0 ? malloc(200) : aligned_alloc(64, 256);
        if (kept[i % 100] = p, i % 100 == 99)
            for (int k = 0; k < 100; k++) take_memory(kept[k]);
    }
    p = strdup("of the C library");
    take_memory(p);
}

/* --- streams, formats, names of files --------------------------------------------------------- */

static int list(FILE *f, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = print_list(f, format, list);
    va_end(list);
    return n;
}

static void test_streams(void)
{
    static const char expected[] = "a 1 2.500 -3 abc 0x00ff %% 1e+10 9 8 7 6 5 4 3 2 1.5\n";
    char line[200], *all = NULL;
    size_t size = 0;
    FILE *f = fopen("/streams", "w+"), *memory = open_memstream(&all, &size);

    CHECK(f != NULL && memory != NULL);
    fputs("first, ", f);
    CHECK(print_to(f, "%s %d %.*f %lld %.3s %#06x %%%% %g %d %d %d %d %d %d %d %d %.1f\n", "a", 1,
                   3, 2.5, -3ll, "abcdef", 255, 1e10, 9, 8, 7, 6, 5, 4, 3, 2,
                   1.5) == sizeof(expected) - 1);
    CHECK(ftell(f) == (long)sizeof(expected) - 1 + 7);
    rewind(f);
    CHECK(fgets(line, sizeof(line), f) != NULL && strncmp(line, "first, ", 7) == 0 &&
          strcmp(line + 7, expected) == 0);
    fclose(f);
    CHECK(first_line("/streams", line, sizeof(line)) == (int)sizeof(expected) - 1 + 7);
    CHECK(strcmp(line + 7, expected) == 0);
    CHECK(first_line("/nosuch", line, sizeof(line)) == -1 && errno == ENOENT);
    CHECK(list(memory, "%5d|%-5s|%c|%f|%p|%zu", 42, "x", 'y', 0.25, NULL, sizeof(int)) == 30);
    fclose(memory);
    CHECK(strcmp(all, "   42|x    |y|0.250000|(nil)|4") == 0 && size == 30);
    free(all);
    remove("/streams");
}

/* --- floating point --------------------------------------------------------------------------- */

static volatile double zero, one = 1, three = 3;

static unsigned long bits_of(double d)
{
    unsigned long n;

    memcpy(&n, &d, sizeof(n));
    return n;
}

static int flags(void)
{
    int now = fetestexcept(FE_ALL_EXCEPT);

    feclearexcept(FE_ALL_EXCEPT);
    return now;
}

static int sets_rounding(int n, void *user)
{
    return fesetround(*(int *)user) + n;
}

static int divides_by_zero(int n, void *user)
{
    *(volatile double *)user = one / zero;
    return n;
}

/* Both sides round alike, and raise the same flags, which the guest sees. */
static void check_floats(void)
{
    volatile double third, result;
    int up = FE_UPWARD;

    CHECK(divide(one, three) != 0 && flags() == FE_INEXACT);
    CHECK(divide(one, zero) != 0 && flags() == FE_DIVBYZERO);
    CHECK(isnan(divide(zero, zero)) && flags() == FE_INVALID);
    CHECK(bits_of(zero / zero) << 1 >> 1 == 0x7ff8000000000000 && flags() == FE_INVALID);
    CHECK(isnan(divide_quietly(zero, zero)) && flags() == 0);
    CHECK(isnan(divide_in_thread(zero, zero)) && flags() == 0);
    CHECK(divide_after(divides_by_zero, (void *)&result, 4, 2) == 2 && isinf(result));
    CHECK(flags() == FE_DIVBYZERO);

    third = one / three;
    CHECK(divide(one, three) == third);
    CHECK(divide_after(sets_rounding, &up, one, three) > third && fegetround() == up);
    CHECK(one / three > third && divide(one, three) == one / three);
    CHECK(divide(-one, three) == -third && divide_in_thread(one, three) > third);
    CHECK(isnan(divide(zero, zero)) && divide(one, three) > third);
    fesetround(FE_TONEAREST);
    CHECK(divide(one, three) == third && one / three == third);
    flags();
}

/* Leaves the floating-point state behind changed in every way. */
static void on_float_tick(int sig, siginfo_t *info, void *context)
{
    (void)sig, (void)info, (void)context;
    fesetround(FE_UPWARD);
    CHECK(isnan(divide(zero, zero)) && isinf(one / zero));
    flag = ++ticks;
}

static int sums(int n, void *user)
{
    *(volatile double *)user += n / three;
    return n;
}

/* What a handler does to it is undone, whatever it has interrupted. */
static void test_floats_signals(void)
{
    double below;

    fesetround(FE_DOWNWARD);
    below = one / three;
    handle(SIGALRM, on_float_tick);
    timer(1000);
    for (int i = 0; i < 200; i++) {
        volatile double sum = 0;

        feclearexcept(FE_ALL_EXCEPT);
        flag = 0;
        spin((volatile int *)&flag);
        CHECK(fegetround() == FE_DOWNWARD && flags() == 0);
        CHECK(divide(one, three) == below && divide(-one, three) < -below);
        flag = 0;
        spin_calling((volatile int *)&flag, sums, (void *)&sum);
        CHECK(fegetround() == FE_DOWNWARD && flags() == FE_INEXACT);
        for (flag = 0; flag == 0;) CHECK(divide(one, three) == below && one / three == below);
        CHECK(flags() == FE_INEXACT);
    }
    timer(0);
    CHECK(ticks >= 600);
}

static void test_floats(void)
{
    for (int i = 0; i < 20; i++) check_floats();
    CHECK(weigh(-1, 2, -3, 4, 65535, -6, 7, 4000000000u, -9, 10, 11, 12, -13, 14, 15, 16, 17) ==
          -1 + 4 - 9 + 16 + 5 * 65535.0 - 36 + 49 + 8 * 4000000000.0 - 81 + 100 + 121 + 144 - 169 +
              196 + 225 + 256 + 289);
}

/* Whether the library prints what the C library does, given arguments and given a list. */
#define PRINTS_ALIKE(...)                                                                          \
    do {                                                                                           \
        char expected[6000], *text = NULL;                                                         \
        size_t length = (size_t)snprintf(expected, sizeof(expected), __VA_ARGS__), size = 0;       \
        FILE *memory = open_memstream(&text, &size);                                               \
                                                                                                   \
        CHECK(print_to(memory, __VA_ARGS__) == (int)length);                                       \
        CHECK(list(memory, __VA_ARGS__) == (int)length);                                           \
        fclose(memory);                                                                            \
        CHECK(size == 2 * length && memcmp(text, expected, length) == 0 &&                         \
              memcmp(text + length, expected, length) == 0);                                       \
        free(text);                                                                                \
    } while (0)

static void test_formats(void)
{
    long double third = 1 / (long double)three, large = third * 1e400L;

    PRINTS_ALIKE("%d %s %.3f %c%%\n", -1, "text", 2.5, 'x');
    PRINTS_ALIKE("%2$s %1$d %3$.2f %1$x %2$.2s", 255, "text", 0.125);
    PRINTS_ALIKE("%3$*1$.*2$f|%4$-*1$d|", 12, 3, 2.0 / 3, 42);
    PRINTS_ALIKE("%.40Lf %Lg %d", third, third, 7);
    PRINTS_ALIKE("%s %*.*Le %-50.33Lg|%d", "a", 60, 36, third, -third, 1);
    PRINTS_ALIKE("%2$.35Lf %1$d %3$*1$.3Lf", 5, third, 2 * third);
    PRINTS_ALIKE("%Lf", large);
    PRINTS_ALIKE("%d %d %d %d %d %d %d %d %f %f %f %f %f %f %f %f %f %.33Lf %d %La", 1, 2, 3, 4, 5,
                 6, 7, 8, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, third, 9, third);
}

/* --- words ------------------------------------------------------------------------------------ */

static int doubles(int n, void *user)
{
    return 2 * n + (user != NULL);
}

static void test_words(void)
{
    CHECK(add_words(0) == 0 && add_words(1, 5L) == 5);
    CHECK(add_words(9, 1L, 20L, 300L, 4000L, 50000L, 600000L, 7000000L, 80000000L, 900000000L) ==
          987654321);
    CHECK(add_words(2, -1, 3) == 2);
    CHECK(set_option(1, 42L) == 42 && set_option(99, -1L) == -1);
    CHECK(set_option(100, doubles) == 200 && set_option(199, doubles) == 398);
}

static void test_shared(void)
{
    struct shared s = {.value = 42};

    CHECK(read_shared(&s) == 42);
    CHECK(add_ints(40, 2) == 42);
}

static const struct {
    const char *name;
    void (*test)(void);
} tests[] = {
    {"shared", test_shared},
    {"errno", test_errno},
    {"floats", test_floats},
    {"floats-signals", test_floats_signals},
    {"crash", test_crash},
    {"crash-handled", test_crash_handled},
    {"crash-in-callback", test_crash_in_callback},
    {"plugin", test_plugin},
    {"exit", test_exit},
    {"fork", test_fork},
    {"threads", test_threads},
    {"signals", test_signals},
    {"signals-jump", test_signals_jump},
    {"signals-threads", test_signals_threads},
    {"nest", test_nest},
    {"longjmp", test_longjmp},
    {"exception", test_exception},
    {"foreign", test_foreign},
    {"deep", test_deep},
    {"heap", test_heap},
    {"streams", test_streams},
    {"formats", test_formats},
    {"words", test_words},
};

int main(int argc, char **argv)
{
    CHECK(argc == 3);
    CHECK(faults_is_host() == (strcmp(argv[2], "host") == 0));
    for (unsigned i = 0; i < sizeof tests / sizeof *tests; i++) {
        if (strcmp(argv[1], tests[i].name) != 0) continue;
        tests[i].test();
        return 0;
    }
    return 2;
}
