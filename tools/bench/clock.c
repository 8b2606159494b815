/* Prints the rate of the processor's clock in GHz, for machines without counters of cycles: a chain
 * of multiplications, each of which waits for the one before, takes three cycles each on every
 * x86-64 processor since 2008. The best of some rounds, in CPU time: others may want the processor
 * too.
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define ROUNDS  20
#define CHAIN   INT64_C(2000000) /* of ten */
#define LATENCY 3                /* cycles of imul */

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

int main(void)
{
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t n = CHAIN, x = 3;
        double start = seconds(), rate;
        __asm__ volatile("1: .rept 10\n imul %1, %1\n .endr\n dec %0\n jnz 1b" : "+r"(n), "+r"(x));
        rate = 10.0 * LATENCY * CHAIN / (seconds() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    printf("%.2f\n", best);
    return 0;
}
