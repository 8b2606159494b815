/* The library of the tests in faults_program.c, for the host and for the guest. */
#include "faults.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unwind.h>

static step *kept;

int faults_is_host(void)
{
#ifdef __x86_64__
    return 1;
#else
    return 0;
#endif
}

unsigned long length(const char *s)
{
    return strlen(s);
}

#ifndef WITHOUT_ADD_INTS
int add_ints(int a, int b)
{
    return a + b;
}
#endif

#ifdef NEWER
int newer(void)
{
    return 12;
}
#endif

int set_errno(int value)
{
    int was = errno;

    errno = value;
    return was;
}

int see_errno(void)
{
    return errno;
}

int set_errno_call(int value, step *f, void *user)
{
    errno = value;
    f(value, user);
    return errno;
}

int call(step *f, int n, void *user)
{
    return f(n, user) + 1;
}

void keep(step *f)
{
    kept = f;
}

int call_kept(int n, void *user)
{
    return kept(n, user) + 1;
}

struct job {
    step *f;
    int n, result;
    void *user;
};

static void *run_job(void *argument)
{
    struct job *j = argument;

    j->result = j->f(j->n, j->user);
    return NULL;
}

int call_in_threads(step *f, int count, void *user)
{
    pthread_t thread[16];
    struct job job[16];
    int sum = 0;

    for (int i = 0; i < count; i++) {
        job[i] = (struct job){f, i, 0, user};
        if (pthread_create(&thread[i], NULL, run_job, &job[i]) != 0) return -1;
    }
    for (int i = 0; i < count; i++) {
        pthread_join(thread[i], NULL);
        sum += job[i].result;
    }
    return sum;
}

int call_deep(struct deep *d, int n)
{
    return d->methods->get(d, n) + (int)strlen(d->methods->name(d));
}

static int get(struct deep *d, int n)
{
    return d->value * n;
}

static const char *name(struct deep *d)
{
    return d->value > 10 ? "much" : "little";
}

struct deep *make_deep(int value)
{
    static struct methods methods = {get, name};
    struct deep *d = malloc(sizeof(*d));

    *d = (struct deep){value, &methods};
    return d;
}

char *give_memory(unsigned long size)
{
    char *p = malloc(size);

    memset(p, 'm', size);
    return p;
}

void take_memory(char *p)
{
    free(p);
}

int print_list(FILE *f, const char *format, va_list list)
{
    int n = vfprintf(f, format, list);

    fflush(f);
    return n;
}

int print_to(FILE *f, const char *format, ...)
{
    va_list list;
    int n;

    va_start(list, format);
    n = print_list(f, format, list);
    va_end(list);
    return n;
}

int first_line(const char *path, char *line, int size)
{
    FILE *f = fopen(path, "r");
    int n = f != NULL && fgets(line, size, f) != NULL ? (int)strlen(line) : -1;

    if (f != NULL) fclose(f);
    return n;
}

void sort(void *base, unsigned long count, unsigned long size, order *compare)
{
    qsort(base, count, size, compare);
}

static int twice(int n, void *user)
{
    (void)user;
    return 2 * n;
}

int shared_count = 40;
step *shared_step = twice;

int count_up(void)
{
    return ++shared_count;
}

int call_shared(int n, void *user)
{
    return shared_step(n, user);
}

int throw_host(void)
{
    static struct _Unwind_Exception exception;

    return (int)_Unwind_RaiseException(&exception);
}

int spin(volatile int *flag)
{
    while (*flag == 0) continue;
    return *flag;
}

int spin_calling(volatile int *flag, step *f, void *user)
{
    int sum = 0;

    while (*flag == 0) sum += f(1, user);
    return sum;
}

long add_words(int n, ...)
{
    va_list list;
    long sum = 0;

    va_start(list, n);
    while (n-- != 0) sum += (int)va_arg(list, long);
    va_end(list);
    return sum;
}

int set_option(int option, ...)
{
    va_list list;
    int result;

    va_start(list, option);
    if (option >= 100 && option < 200)
        result = va_arg(list, step *)(option, NULL);
    else
        result = (int)va_arg(list, long);
    va_end(list);
    return result;
}

double divide(double a, double b)
{
    return a / b;
}

double divide_quietly(double a, double b)
{
    fenv_t env;
    volatile double r;

    feholdexcept(&env);
    r = a / b;
    fesetenv(&env);
    return r;
}

static void *divide_both(void *argument)
{
    volatile double *v = argument;

    v[0] = v[0] / v[1];
    return NULL;
}

double divide_in_thread(double a, double b)
{
    double v[2] = {a, b};
    pthread_t thread;

    if (pthread_create(&thread, NULL, divide_both, v) != 0) return -1;
    pthread_join(thread, NULL);
    return v[0];
}

double divide_after(step *f, void *user, double a, double b)
{
    f(0, user);
    return a / b;
}

double weigh(signed char a, double b, int c, float d, unsigned short e, long f, double g,
             unsigned h, signed char i, double j, double k, double l, short m, double n, double o,
             float p, double q)
{
    return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * (double)f + 7 * g + 8 * (double)h + 9 * i +
           10 * j + 11 * k + 12 * l + 13 * m + 14 * n + 15 * o + 16 * p + 17 * q;
}

int read_int(const int *p)
{
    return *p;
}

int read_shared(const struct shared *s)
{
    return s->value;
}

void write_int(int *p, int value)
{
    *p = value;
}
