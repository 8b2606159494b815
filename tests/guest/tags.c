/*
 * Top byte ignore: accesses through tagged pointers work, si_addr has no tag, branches drop it.
 */
#include "check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define TAG (0x5aul << 56)

static sigjmp_buf out;
static void *fault_address;

static void on_fault(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    fault_address = info->si_addr;
    siglongjmp(out, 1);
}

static int three(void)
{
    return 3;
}

int main(void)
{
    char *plain = malloc(4096);
    char *tagged = (char *)((unsigned long)plain | TAG);
    long sum = 0;
    memset(plain, 0, 4096);
    for (int k = 0; k < 1000; k++) {
        tagged[k] = (char)k;
        sum += tagged[k];
        *(volatile long *)(tagged + 2000) += k;
    }
    CHECK(*(long *)(plain + 2000) == 499500);
    CHECK(plain[300] == (char)300);
    memset(tagged + 100, 1, 500);
    CHECK(plain[599] == 1 && plain[600] == (char)600);
    CHECK(sum == 124716);

    install(SIGSEGV, on_fault, SA_NODEFER);
    if (!sigsetjmp(out, 1)) *(volatile int *)(0x123ul | TAG) = 1;
    CHECK(fault_address == (void *)0x123);

    int (*call)(void) = (int (*)(void))((unsigned long)three | TAG);
    CHECK(call() == 3);
    return done();
}
