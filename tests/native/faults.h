/* The library of the tests in faults_program.c. */
#ifndef TESTS_NATIVE_FAULTS_H
#define TESTS_NATIVE_FAULTS_H

typedef int step(int n, void *user);
typedef int order(const void *a, const void *b);

struct shared {
#ifdef OTHER_LAYOUT
    long more;
#endif
    int value;
};

int faults_is_host(void);
unsigned long length(const char *s);
int add_ints(int a, int b);

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
void sort(void *base, unsigned long count, unsigned long size, order *compare);

/* Turns until *flag isn't 0; so it is. */
int spin(volatile int *flag);
int spin_calling(volatile int *flag, step *f, void *user);
/* The int at p. */
int read_int(const int *p);
int read_shared(const struct shared *s);
void write_int(int *p, int value);

#endif
