/*
 * What calls cost: of a function as small as strlen, of one with seventeen arguments of all kinds,
 * some of them on the stack, and of a comparison that is called back. Prints nanoseconds for each.
 */
#include "faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static unsigned long comparisons;

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    comparisons++;
    return x < y ? -1 : x > y;
}

static double length_cost(void)
{
    enum { CALLS = 2000000 };
    static const char *const text[] = {"a", "twelve chars", "some text of thirty characters"};
    unsigned long sum = 0;
    double start = now();

    for (unsigned i = 0; i < CALLS; i++) sum += length(text[i % 3]);
    if (sum == 0) abort();
    return (now() - start) / CALLS;
}

static double weigh_cost(void)
{
    enum { CALLS = 1000000 };
    double start = now(), sum = 0;

    for (int i = 0; i < CALLS; i++)
        sum += weigh(1, 2, i, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17);
    if (sum == 0) abort();
    return (now() - start) / CALLS;
}

static double compare_cost(void)
{
    enum { COUNT = 50000 };
    static int value[COUNT];
    unsigned random = 1;
    double start;

    for (int i = 0; i < COUNT; i++) value[i] = (int)((random = random * 1103515245 + 12345) >> 8);
    comparisons = 0;
    start = now();
    sort(value, COUNT, sizeof *value, ascending);
    return (now() - start) / (double)comparisons;
}

static double best_of(double (*cost)(void))
{
    double best = 1e9;

    for (int i = 0; i < 3; i++) {
        double ns = cost();

        if (ns < best) best = ns;
    }
    return best;
}

int main(void)
{
    printf("%.1f %.1f %.1f\n", best_of(length_cost), best_of(weigh_cost), best_of(compare_cost));
    return 0;
}
