/* The library of the tests in faults_program.c. */
#ifndef TESTS_NATIVE_FAULTS_H
#define TESTS_NATIVE_FAULTS_H

#include <stdarg.h>
#include <stdio.h>

typedef int step(int n, void *user);
typedef int order(const void *a, const void *b);

struct shared {
#ifdef OTHER_LAYOUT
    long more;
#endif
    int value;
};

/* Functions deeper than the runtime looks: in a structure that a structure points to. */
struct deep;
struct methods {
    int (*get)(struct deep *d, int n);
    const char *(*name)(struct deep *d);
};
struct deep {
    int value;
    struct methods *methods;
};

int faults_is_host(void);
unsigned long length(const char *s);
int add_ints(int a, int b);

int newer(void); /* not there yet when the binding was made */

/* errno becomes the value; what it was before. */
int set_errno(int value);
int see_errno(void);
/* The same around a callback; what errno is after it. */
int set_errno_call(int value, step *f, void *user);

/* Calls f(n, user) and adds 1 to what it returns. */
int call(step *f, int n, void *user);
/* Keeps f, and calls it. */
void keep(step *f);
int call_kept(int n, void *user);
/* The same from `count` threads of its own, n from 0; the sum. */
int call_in_threads(step *f, int count, void *user);
/* d->methods->get(d, n) and the length of its name. */
int call_deep(struct deep *d, int n);
/* One with functions of the library's. */
struct deep *make_deep(int value);

/* What malloc gave, and what free takes. */
char *give_memory(unsigned long size);
void take_memory(char *p);

int print_to(FILE *f, const char *format, ...);
int print_list(FILE *f, const char *format, va_list list);
/* The file's first line; -1: there is none. */
int first_line(const char *path, char *line, int size);

void sort(void *base, unsigned long count, unsigned long size, order *compare);

/* Objects that both sides change: 40 at first; one that gives n * 2. */
extern int shared_count;
extern step *shared_step;
int count_up(void); /* adds 1 to it */
int call_shared(int n, void *user);

/* Throws what nobody catches; comes back if the unwinder does. */
int throw_host(void);

/* Turns until *flag isn't 0; so it is. */
int spin(volatile int *flag);
int spin_calling(volatile int *flag, step *f, void *user);
/* The sum of n longs, or ints. */
long add_words(int n, ...);
/* What is set; with option 100 to 199 it is a step, and the result what that returns. */
int set_option(int option, ...);

/* a / b; the same without a trace in the flags, from a thread of its own, and after f(0, user). */
double divide(double a, double b);
double divide_quietly(double a, double b);
double divide_in_thread(double a, double b);
double divide_after(step *f, void *user, double a, double b);
/* The sum of all, each times its number from 1. */
double weigh(signed char a, double b, int c, float d, unsigned short e, long f, double g,
             unsigned h, signed char i, double j, double k, double l, short m, double n, double o,
             float p, double q);

/* The int at p. */
int read_int(const int *p);
int read_shared(const struct shared *s);
void write_int(int *p, int value);

#endif
