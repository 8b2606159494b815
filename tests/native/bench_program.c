/*
 * What calls cost: of a function as small as strlen, and of a comparison that is called back.
 * Prints nanoseconds for each.
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

static double compare_cost(void)
{
    enum { COUNT = 50000 };
    static int value[COUNT];
    unsigned random = 1;
    double start;

    for (int i = 0; i < COUNT; i++) value[i] = (int)((random = random * 1103515245 + 12345) >> 8);
    start = now();
    sort(value, COUNT, sizeof *value, ascending);
    return (now() - start) / (double)comparisons;
}

int main(void)
{
    double best_length = 1e9, best_compare = 1e9;

    for (int i = 0; i < 3; i++) {
        double a = length_cost(), b = compare_cost();

        comparisons = 0;
        if (a < best_length) best_length = a;
        if (b < best_compare) best_compare = b;
    }
    printf("%.1f %.1f\n", best_length, best_compare);
    return 0;
}
