/*
 * For guest test programs: CHECK counts, says what failed, and goes on. A program ends with
 * `return done();`.
 */
#ifndef TESTS_GUEST_CHECK_H
#define TESTS_GUEST_CHECK_H

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int check_failures, check_count;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        __atomic_add_fetch(&check_count, 1, __ATOMIC_RELAXED);                                     \
        if (!(condition)) {                                                                        \
            __atomic_add_fetch(&check_failures, 1, __ATOMIC_RELAXED);                              \
            printf("%s:%d: %s (errno %d %s)\n", __FILE__, __LINE__, #condition, errno,             \
                   strerror(errno));                                                               \
            fflush(stdout);                                                                        \
        }                                                                                          \
    } while (0)

/* A call that is to fail with that errno. */
#define CHECK_ERRNO(call, expected)                                                                \
    do {                                                                                           \
        errno = 0;                                                                                 \
        CHECK((call) == -1 && errno == (expected));                                                \
    } while (0)

/* A handler that blocks no signals but its own. */
static inline void install(int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags};

    sigemptyset(&sa.sa_mask);
    CHECK(sigaction(sig, &sa, NULL) == 0);
}

static inline int done(void)
{
    printf("%d checks, %d failed\n", check_count, check_failures);
    return check_failures != 0;
}

#endif
