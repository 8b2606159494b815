/* Binary searches with a function that compares, as bsearch() has it: found by halves, by pointer. */
#include <stdio.h>
#include <stdlib.h>

#define ELEMENTS 1024

typedef int (*comparison)(const void *, const void *);

static int by_value(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
    return (x > y) - (x < y);
}

static int by_last_digit(const void *a, const void *b)
{
    unsigned x = *(const unsigned *)a % 10, y = *(const unsigned *)b % 10;
    return (x > y) - (x < y);
}

static const comparison comparisons[2] = {by_value, by_last_digit};

__attribute__((noinline)) static size_t find(const unsigned *v, size_t n, unsigned key, comparison f)
{
    size_t low = 0;
    while (n) {
        size_t half = n / 2;
        if (f(&v[low + half], &key) < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

int main(int argc, char **argv)
{
    static unsigned v[ELEMENTS];
    unsigned seed = 1, turns = argc > 1 ? (unsigned)atoi(argv[1]) : 20000000;
    comparison f = comparisons[argc > 2];
    size_t sum = 0;
    for (unsigned i = 0; i < ELEMENTS; i++) v[i] = i * 4194304;
    for (unsigned k = 0; k < turns; k++) {
        seed = seed * 1664525 + 1013904223;
        sum += find(v, ELEMENTS, seed, f);
    }
    printf("%zu\n", sum);
    return 0;
}
