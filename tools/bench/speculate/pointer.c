/* Elements of an array through a function that is called by pointer, as by libraries that take one. */
#include <stdio.h>
#include <stdlib.h>

#define ELEMENTS 4096

typedef unsigned (*function)(unsigned, unsigned);

static unsigned scale(unsigned a, unsigned b)
{
    return a * 3 + b;
}

static unsigned mix(unsigned a, unsigned b)
{
    return (a ^ b) + 7;
}

static const function functions[2] = {scale, mix};

__attribute__((noinline)) static void apply(unsigned *v, size_t n, function f)
{
    for (size_t i = 0; i < n; i++) v[i] = f(v[i], 5);
}

int main(int argc, char **argv)
{
    static unsigned v[ELEMENTS];
    unsigned sum = 0, turns = argc > 1 ? (unsigned)atoi(argv[1]) : 200000;
    function f = functions[argc > 2];
    for (unsigned k = 0; k < turns; k++) {
        apply(v, ELEMENTS, f);
        sum += v[k % ELEMENTS];
    }
    printf("%u\n", sum);
    return 0;
}
