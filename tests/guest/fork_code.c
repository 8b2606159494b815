/*
 * Forks between the first run of code and the first use of its branches: what has been translated
 * stays usable in both processes, however often that happens.
 */
#include "check.h"

#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define ROUNDS 300
#define APART  (1 << 19) /* bytes between a branch and its target */

static uint32_t *code;

/* cbz x0, target; mov x0, #1; ret; far away: mov x0, #n; ret */
static void write_round(unsigned n)
{
    uint32_t *near = code + 16 * n, *far = near + APART / 4;
    near[0] = 0xb4000000 | (APART / 4 & 0x7ffff) << 5;
    near[1] = 0xd2800020;
    near[2] = 0xd65f03c0;
    far[0] = 0xd2800000 | n << 5;
    far[1] = 0xd65f03c0;
}

static long call(unsigned n, long argument)
{
    long (*f)(long) = (long (*)(long))(void *)(code + 16 * n);
    return f(argument);
}

static void one_round(unsigned n)
{
    int status = 0;
    CHECK(call(n, 7) == 1);
    pid_t child = fork();
    if (child == 0) _exit(call(n, 0) == (long)n && call(n, 1) == 1 ? 0 : 1);
    CHECK(call(n, 0) == (long)n);
    CHECK(waitpid(child, &status, 0) == child && status == 0);
}

int main(void)
{
    code = mmap(NULL, 2 * APART, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(code != MAP_FAILED);
    for (unsigned n = 0; n < ROUNDS; n++) write_round(n);
    CHECK(mprotect(code, 2 * APART, PROT_READ | PROT_EXEC) == 0);
    __builtin___clear_cache((char *)code, (char *)code + 2 * APART);
    for (unsigned n = 0; n < ROUNDS; n++) one_round(n);
    return done();
}
