/* Every kind of type that a library's functions may have; tests/bind/types.expected has what
 * becomes of each. */
#ifndef TYPES_H
#define TYPES_H

#include <complex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <wchar.h>

/* --- scalars --- */
void a_nothing(void);
bool a_bool(bool b);
char a_char(char c);
signed char a_schar(signed char c);
unsigned char a_uchar(unsigned char c);
short a_short(short s);
unsigned short a_ushort(unsigned short s);
int a_int(int i);
unsigned a_unsigned(unsigned u);
long a_long(long l);
unsigned long long a_ulong(unsigned long long l);
float a_float(float f);
double a_double(double d);
wchar_t a_wchar(wchar_t c, const wchar_t *s);
const char *a_pointer(void *p, const int *restrict q, char **r);
size_t a_array(int a[4], const double b[]);
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
int a_old(); /* no prototype, as in old libraries */
_Noreturn void a_noreturn(void);

enum small { SMALL_ZERO, SMALL_ONE };
enum negative { NEGATIVE = -1, POSITIVE = 1 };
enum wide { WIDE = 0x100000000 };
enum small a_enum(enum negative n, enum wide w);
typedef enum { DIFFERENT_ZERO, DIFFERENT = sizeof(char) + ((char)-1 < 0) } different_enum;
void a_different_enum(different_enum d);

/* --- vectors --- */
typedef float vector8 __attribute__((vector_size(8)));
typedef int vector16 __attribute__((vector_size(16)));
typedef int vector32 __attribute__((vector_size(32)));
vector8 v_short(vector16 v);
void v_long(vector32 v);

/* --- structures by value --- */
struct pair {
    int first;
    double second;
};
struct nested {
    char c;
    struct pair pair[2];
    union {
        float f;
        long l;
    } either;
};
struct bits {
    unsigned a : 3, b : 7;
    unsigned long c : 40;
    signed char d : 2;
};
struct __attribute__((packed)) packed {
    char c;
    int i;
};
struct aligned {
    _Alignas(16) long l;
};
struct vectors {
    vector16 v;
    vector8 w;
};
struct big {
    char bytes[65];
};
union whole {
    int i;
    double d;
    char c[3];
};
struct pair s_pair(struct pair p);
void s_nested(struct nested n);
void s_bits(struct bits b);
void s_packed(struct packed p);
void s_aligned(struct aligned a);
struct vectors s_vectors(struct vectors v);
void s_big(struct big b);
union whole s_union(union whole w);
struct empty {
};
void s_empty(struct empty e);

/* --- structures by pointer --- */
struct list {
    struct list *next;
    const char *name;
    struct tm *when;
};
struct differs {
    long same;
#ifdef __aarch64__
    int moved;
    long tail;
#else
    long moved;
    long tail;
#endif
};
struct leads {
    struct list *list;
    struct differs *far;
};
struct unknown;
struct flexible {
    int n;
    struct pair tail[];
};
struct list *p_list(struct list *l);
void p_differs(const struct differs *d);
void p_leads(struct leads **l);
struct unknown *p_unknown(struct unknown *u);
void p_flexible(struct flexible *f);
void p_stat(struct stat *s);
void p_file(FILE *f);
void p_jump(jmp_buf *j);

/* --- what has no place in the other side's registers --- */
long double x_long(int i);
void x_long_pointer(long double *p);
void x_list(const char *format, va_list ap);
int x_variadic(const char *format, ...);
int x_words(int command, ...);
double complex x_complex(double d);
void x_complex_pointer(double complex *p);
__int128 x_wide(int i);
void x_many(int a, int b, int c, int d, int e, int f, int g, int h, int i, int j, int k, int l,
            int m, int n, int o, int p, int q, int r, int s, int t, int u, int v, int w, int x,
            int y, int z, int a1, int b1, int c1, int d1, int e1, int f1, int g1);

/* --- pointers to functions --- */
typedef int compare(const void *a, const void *b);
typedef void (*notify)(struct list *l, double d, struct pair p);
struct hooks {
    void *context;
    notify note;
    struct {
        compare *order[2];
    } inner;
};
struct deep {
    struct hooks *hooks;
    int n;
};
struct seen {
    struct deep *deep;
};
struct itself {
    struct itself *next;
    void (*free)(struct itself *i);
};
void f_callback(compare *c, notify n);
void f_record(struct hooks *h);
void f_const_record(const struct hooks *h, struct hooks *g);
void f_deep(struct deep *d);
void f_deep_accepted(struct deep *d);
void f_deep_type(struct seen *s);
void f_itself(struct itself *i);
void f_value(struct hooks h);
compare *f_result(int n);
compare *f_result_accepted(int n);
void f_out(compare **c);
void f_any(void (*f)(void));
void f_any_accepted(void (*f)(void));
void f_any_words(int which, void (*f)(void));
void f_variadic(void (*f)(const char *format, ...));
void f_higher(void (*f)(compare *c));
void f_filled(void (*f)(struct hooks *h));
struct closed {
    struct hooks **hooks;
};
void f_opaque(struct closed *c);
union choice {
    compare *c;
    long l;
};
void f_union(union choice *c);
/* Deep functions that don't take words alone. */
typedef double scale(double x);
struct scaled {
    struct inner {
        scale *f;
    } *inner;
};
void f_deep_double(struct scaled *s);
void f_out_double(scale **f);
void f_higher_double(void (*f)(struct scaled *s));
int f_format(const char *format, ...);
int f_list(const char *format, va_list list);

/* --- names --- */
#define n_macro(x)   n_other(x)
#define n_renamed    n_target
#define n_defined(x) ((x) + 1)
int n_macro(int x);
int n_renamed(int x);
#undef n_defined
int n_defined(int x);
#define n_defined(x) ((x) + 1)
void n_refused(void);
void n_prefixed_one(void);
void n_not_in_host(void);
#ifdef __aarch64__
int n_guest_only(void);
#else
int n_host_only(void);
#endif
#ifdef TYPES_MORE
int n_more(int x);
#endif

extern const char d_text[6];
extern int d_variable;
extern const char *const d_table[2];

#endif
