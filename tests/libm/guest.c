/*
 * Every function of the guest's libm on special and random arguments, in three formats, and what
 * printf and strtod make of numbers: for each a line with a digest of all results' bits and of the
 * floating-point flags raised. The output under Ferry must be that under another implementation.
 *
 *   guest [COUNT [FUNCTION]]     with a function's name: one line for each argument
 */
#include <complex.h>
#include <fenv.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t random_state, digest;
static int shown;
static unsigned count = 10000;

static uint64_t random64(void)
{
    uint64_t z = random_state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static void add(const void *p, size_t n)
{
    const unsigned char *b = p;
    for (size_t i = 0; i < n; i++) digest = (digest ^ b[i]) * UINT64_C(0x100000001b3);
    if (!shown) return;
    for (size_t i = n; i-- > 0;) printf("%02x", b[i]);
    printf(" ");
}

/* --- arguments -----------------------------------------------------------------------------------
 */

static const double special[] = {0.0,
                                 1.0,
                                 0.5,
                                 2.0,
                                 1.5,
                                 M_PI,
                                 M_PI_2,
                                 INFINITY,
                                 NAN,
                                 1e308,
                                 5e-324,
                                 2.2250738585072014e-308,
                                 1e-310,
                                 0.1,
                                 10.0,
                                 100.0,
                                 709.78,
                                 -745.2,
                                 88.72,
                                 1e22,
                                 1e15 + 0.5,
                                 4503599627370497.5,
                                 1e-8,
                                 0x1p-1074,
                                 0x1p1023,
                                 3.0,
                                 1.0 / 3,
                                 171.6,
                                 24.0,
                                 1e5,
                                 0x1.fffffep127,
                                 0x1p-149};

static double argument(void)
{
    uint64_t r = random64();
    double d;
    switch (r & 7) {
    case 0:
    case 1: d = special[(r >> 8) % (sizeof special / sizeof *special)]; break;
    case 2:
        r = random64();
        memcpy(&d, &r, 8);
        break;
    case 3: d = ldexp((double)(r >> 11) * 0x1p-53, (int)(random64() % 40) - 20); break;
    case 4: d = (double)((int64_t)(r >> 8) % 1000); break;
    case 5: d = (double)(r >> 11) * 0x1p-53; break;
    default: d = ((double)(r >> 11) * 0x1p-53 - 0.5) * 200;
    }
    return r & 64 ? -d : d;
}

static float argument_f(void)
{
    uint32_t r = (uint32_t)random64();
    float f;
    if (r & 7) return (float)argument();
    r = (uint32_t)random64();
    memcpy(&f, &r, 4);
    return f;
}

static long double argument_l(void)
{
    long double l = argument();
    return random64() & 1 ? l + l * 0x1p-70L * (long double)(random64() & 0xffff) : l;
}

/* --- functions -----------------------------------------------------------------------------------
 */

static void begin(const char *name)
{
    random_state = digest = 0x5eed;
    feclearexcept(FE_ALL_EXCEPT);
    if (shown) printf("%s\n", name);
}

static void end(const char *name)
{
    int flags = fetestexcept(FE_ALL_EXCEPT);
    add(&flags, sizeof flags);
    printf("%-14s %016llx\n", name, (unsigned long long)digest);
}

static const char *only;
static int wanted(const char *name)
{
    shown = only != NULL;
    return only == NULL || strcmp(only, name) == 0;
}

/* A binary128 has no padding; one result, and the flags that this call raised. */
#define RESULT(T, expression)                                                                      \
    do {                                                                                           \
        feclearexcept(FE_ALL_EXCEPT);                                                              \
        T result_ = (expression);                                                                  \
        int flags_ = fetestexcept(FE_ALL_EXCEPT);                                                  \
        add(&result_, sizeof result_);                                                             \
        add(&flags_, 1);                                                                           \
        if (shown) printf("\n");                                                                   \
    } while (0)

#define CASE(name, T, ...)                                                                         \
    if (wanted(#name)) {                                                                           \
        begin(#name);                                                                              \
        for (unsigned i = 0; i < count; i++) __VA_ARGS__;                                          \
        end(#name);                                                                                \
    }

#define ONE(F)                                                                                     \
    CASE(F, double, {                                                                              \
        volatile double x = argument();                                                            \
        if (shown) printf("%a ", x);                                                               \
        RESULT(double, F(x));                                                                      \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f();                                                           \
        if (shown) printf("%a ", x);                                                               \
        RESULT(float, F##f(x));                                                                    \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l();                                                     \
        RESULT(long double, F##l(x));                                                              \
    })
#define TWO(F)                                                                                     \
    CASE(F, double, {                                                                              \
        volatile double x = argument(), y = argument();                                            \
        if (shown) printf("%a %a ", x, y);                                                         \
        RESULT(double, F(x, y));                                                                   \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f(), y = argument_f();                                         \
        RESULT(float, F##f(x, y));                                                                 \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l(), y = argument_l();                                   \
        RESULT(long double, F##l(x, y));                                                           \
    })
#define THREE(F)                                                                                   \
    CASE(F, double, {                                                                              \
        volatile double x = argument(), y = argument(), z = argument();                            \
        RESULT(double, F(x, y, z));                                                                \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f(), y = argument_f(), z = argument_f();                       \
        RESULT(float, F##f(x, y, z));                                                              \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l(), y = argument_l(), z = argument_l();                 \
        RESULT(long double, F##l(x, y, z));                                                        \
    })
#define TO_INTEGER(F, T)                                                                           \
    CASE(F, double, {                                                                              \
        volatile double x = argument();                                                            \
        RESULT(T, F(x));                                                                           \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f();                                                           \
        RESULT(T, F##f(x));                                                                        \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l();                                                     \
        RESULT(T, F##l(x));                                                                        \
    })
#define COMPLEX(F)                                                                                 \
    CASE(F, double, {                                                                              \
        volatile double x = argument(), y = argument();                                            \
        RESULT(double complex, F(CMPLX(x, y)));                                                    \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f(), y = argument_f();                                         \
        RESULT(float complex, F##f(CMPLXF(x, y)));                                                 \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l(), y = argument_l();                                   \
        RESULT(long double complex, F##l(CMPLXL(x, y)));                                           \
    })
#define COMPLEX_TO_REAL(F)                                                                         \
    CASE(F, double, {                                                                              \
        volatile double x = argument(), y = argument();                                            \
        RESULT(double, F(CMPLX(x, y)));                                                            \
    })                                                                                             \
    CASE(F##f, float, {                                                                            \
        volatile float x = argument_f(), y = argument_f();                                         \
        RESULT(float, F##f(CMPLXF(x, y)));                                                         \
    })                                                                                             \
    CASE(F##l, long double, {                                                                      \
        volatile long double x = argument_l(), y = argument_l();                                   \
        RESULT(long double, F##l(CMPLXL(x, y)));                                                   \
    })

/* Those of which each format is a line of its own: F the function, T its format, A what gives its
 * arguments. */

/* F(x, integer of type I). */
#define SCALE_(F, T, A, I)                                                                         \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        I n = exponent();                                                                          \
        RESULT(T, F(x, n));                                                                        \
    })
/* F(order, x). */
#define BESSEL_(F, T, A)                                                                           \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        int n = (int)(random64() % 6);                                                             \
        RESULT(T, F(n, x));                                                                        \
    })
/* F(x, &out), which returns an R and stores an O. */
#define AND_OUT_(F, T, A, R, O)                                                                    \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        O out = 0;                                                                                 \
        RESULT(R, F(x, &out));                                                                     \
        add(&out, sizeof out);                                                                     \
    })
#define REMQUO_(F, T, A)                                                                           \
    CASE(F, T, {                                                                                   \
        volatile T x = A(), y = A();                                                               \
        int q = 0;                                                                                 \
        RESULT(T, F(x, y, &q));                                                                    \
        add(&q, sizeof q);                                                                         \
    })
#define SINCOS_(F, T, A)                                                                           \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        T sine;                                                                                    \
        T cosine;                                                                                  \
        RESULT(int, (F(x, &sine, &cosine), 0));                                                    \
        add(&sine, sizeof sine);                                                                   \
        add(&cosine, sizeof cosine);                                                               \
    })
/* R = F(&x) and int = F(&x, &y). */
#define OF_POINTER_(F, T, A)                                                                       \
    CASE(F, T, {                                                                                   \
        T x = A();                                                                                 \
        RESULT(T, F(&x));                                                                          \
    })
#define ORDER_(F, T, A)                                                                            \
    CASE(F, T, {                                                                                   \
        T x = A();                                                                                 \
        T y = random64() & 3 ? A() : x;                                                            \
        RESULT(int, F(&x, &y));                                                                    \
    })
#define CANONICALIZE_(F, T, A)                                                                     \
    CASE(F, T, {                                                                                   \
        T x = A();                                                                                 \
        T out = 0;                                                                                 \
        RESULT(int, F(&out, &x));                                                                  \
        add(&out, sizeof out);                                                                     \
    })
#define SET_PAYLOAD_(F, T, A)                                                                      \
    CASE(F, T, {                                                                                   \
        volatile T x = (T)(random64() >> random64() % 64);                                         \
        T out = 0;                                                                                 \
        RESULT(int, F(&out, random64() & 3 ? x : A()));                                            \
        add(&out, sizeof out);                                                                     \
    })
/* F(x, rounding, width). */
#define FROM_FP_(F, T, A)                                                                          \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        int rounding = (int)(random64() % 5);                                                      \
        RESULT(intmax_t, F(x, rounding, (unsigned)(random64() % 66)));                             \
    })
#define COMPARE_(F, T, A)                                                                          \
    CASE(F, T, {                                                                                   \
        volatile T x = A(), y = random64() & 3 ? A() : x;                                          \
        RESULT(int, F(x, y));                                                                      \
    })
#define NEXT_TOWARD_(F, T, A)                                                                      \
    CASE(F, T, {                                                                                   \
        volatile T x = A();                                                                        \
        volatile long double y = argument_l();                                                     \
        RESULT(T, F(x, y));                                                                        \
    })
/* Operations on T that round once, to the narrower R: R##add and so on with the suffix S. */
#define NARROWING_(P, S, R, T, A)                                                                  \
    NARROW_TWO_(P##add##S, R, T, A)                                                                \
    NARROW_TWO_(P##sub##S, R, T, A)                                                                \
    NARROW_TWO_(P##mul##S, R, T, A)                                                                \
    NARROW_TWO_(P##div##S, R, T, A)                                                                \
    CASE(P##sqrt##S, T, {                                                                          \
        volatile T x = A();                                                                        \
        RESULT(R, P##sqrt##S(x));                                                                  \
    })                                                                                             \
    CASE(P##fma##S, T, {                                                                           \
        volatile T x = A(), y = A(), z = A();                                                      \
        RESULT(R, P##fma##S(x, y, z));                                                             \
    })
#define NARROW_TWO_(F, R, T, A)                                                                    \
    CASE(F, T, {                                                                                   \
        volatile T x = A(), y = A();                                                               \
        RESULT(R, F(x, y));                                                                        \
    })
#define COMPLEX_TWO_(F, T, A, C)                                                                   \
    CASE(F, T, {                                                                                   \
        volatile T x = A(), y = A(), z = A(), w = A();                                             \
        RESULT(T complex, F(C(x, y), C(z, w)));                                                    \
    })

/* A macro of the above for all three formats. */
#define EACH(M, F)                                                                                 \
    M(F, double, argument) M(F##f, float, argument_f) M(F##l, long double, argument_l)
#define EACH_WITH(M, F, X)                                                                         \
    M(F, double, argument, X) M(F##f, float, argument_f, X) M(F##l, long double, argument_l, X)

static int exponent(void)
{
    uint64_t r = random64();
    return r & 1 ? (int)(r >> 1 & 0xfff) - 2048 : (int)(r >> 1 & 0xffff) - 32768;
}

/* Lists of names. clang-format takes them for expressions. */
/* clang-format off */

static void functions_of_one(void)
{
    ONE(acos) ONE(asin) ONE(atan) ONE(cos) ONE(sin) ONE(tan)
    ONE(acosh) ONE(asinh) ONE(atanh) ONE(cosh) ONE(sinh) ONE(tanh)
    ONE(exp) ONE(exp2) ONE(exp10) ONE(expm1) ONE(log) ONE(log10) ONE(log1p) ONE(log2) ONE(logb)
    ONE(fabs) ONE(cbrt) ONE(sqrt) ONE(erf) ONE(erfc) ONE(lgamma) ONE(tgamma) ONE(gamma)
    ONE(ceil) ONE(floor) ONE(nearbyint) ONE(rint) ONE(round) ONE(roundeven) ONE(trunc)
    ONE(j0) ONE(j1) ONE(y0) ONE(y1) ONE(significand) ONE(nextup) ONE(nextdown)
    EACH(BESSEL_, jn) EACH(BESSEL_, yn) EACH(SINCOS_, sincos)
    AND_OUT_(frexp, double, argument, double, int)
    AND_OUT_(frexpf, float, argument_f, float, int)
    AND_OUT_(frexpl, long double, argument_l, long double, int)
    AND_OUT_(modf, double, argument, double, double)
    AND_OUT_(modff, float, argument_f, float, float)
    AND_OUT_(modfl, long double, argument_l, long double, long double)
    AND_OUT_(lgamma_r, double, argument, double, int)
    AND_OUT_(lgammaf_r, float, argument_f, float, int)
    AND_OUT_(lgammal_r, long double, argument_l, long double, int)
}

static void functions_of_more(void)
{
    TWO(atan2) TWO(pow) TWO(hypot) TWO(fmod) TWO(remainder) TWO(drem) TWO(copysign) TWO(nextafter)
    TWO(fdim) TWO(fmax) TWO(fmin) TWO(fmaxmag) TWO(fminmag) TWO(scalb) THREE(fma)
    TWO(fmaximum) TWO(fmaximum_num) TWO(fmaximum_mag) TWO(fmaximum_mag_num)
    TWO(fminimum) TWO(fminimum_num) TWO(fminimum_mag) TWO(fminimum_mag_num)
    EACH_WITH(SCALE_, ldexp, int) EACH_WITH(SCALE_, scalbn, int) EACH_WITH(SCALE_, scalbln, long)
    EACH(REMQUO_, remquo) EACH(NEXT_TOWARD_, nexttoward)
    NARROWING_(f, , float, double, argument)
    NARROWING_(f, l, float, long double, argument_l)
    NARROWING_(d, l, double, long double, argument_l)
}

static void functions_to_integers(void)
{
    TO_INTEGER(ilogb, int) TO_INTEGER(llogb, long) TO_INTEGER(lrint, long)
    TO_INTEGER(llrint, long long) TO_INTEGER(lround, long) TO_INTEGER(llround, long long)
    TO_INTEGER(__fpclassify, int) TO_INTEGER(__issignaling, int) TO_INTEGER(__signbit, int)
    TO_INTEGER(finite, int)
    EACH(FROM_FP_, fromfp) EACH(FROM_FP_, fromfpx) EACH(FROM_FP_, ufromfp) EACH(FROM_FP_, ufromfpx)
    EACH(COMPARE_, __iseqsig) EACH(ORDER_, totalorder) EACH(ORDER_, totalordermag)
    EACH(CANONICALIZE_, canonicalize) EACH(OF_POINTER_, getpayload)
    EACH(SET_PAYLOAD_, setpayload) EACH(SET_PAYLOAD_, setpayloadsig)
}

static void functions_of_complex(void)
{
    COMPLEX(cexp) COMPLEX(clog) COMPLEX(clog10) COMPLEX(csqrt) COMPLEX(csin) COMPLEX(ccos)
    COMPLEX(ctan) COMPLEX(csinh) COMPLEX(ccosh) COMPLEX(ctanh) COMPLEX(cacos) COMPLEX(casin)
    COMPLEX(catan) COMPLEX(cacosh) COMPLEX(casinh) COMPLEX(catanh) COMPLEX(conj) COMPLEX(cproj)
    COMPLEX_TO_REAL(cabs) COMPLEX_TO_REAL(carg) COMPLEX_TO_REAL(creal) COMPLEX_TO_REAL(cimag)
    COMPLEX_TWO_(cpow, double, argument, CMPLX)
    COMPLEX_TWO_(cpowf, float, argument_f, CMPLXF)
    COMPLEX_TWO_(cpowl, long double, argument_l, CMPLXL)
}

/* The basic ones. */
static void functions_that_round(void)
{
    ONE(sqrt) ONE(rint) ONE(nearbyint) ONE(exp) ONE(sin) TWO(pow) THREE(fma)
    TO_INTEGER(lrint, long)
    NARROWING_(f, , float, double, argument)
    NARROWING_(f, l, float, long double, argument_l)
    NARROWING_(d, l, double, long double, argument_l)
}

/* clang-format on */

/* --- text ----------------------------------------------------------------------------------------
 */

static void text(void)
{
    static const char *const formats[] = {"%.17g", "%a", "%.0f", "%.3e", "%.50g", "%+.1f", "%#.0e"};
    char buffer[6000];
    CASE(printf, double, {
        double x = argument();
        int n = snprintf(buffer, sizeof buffer, formats[random64() % 7], x);
        add(buffer, (size_t)n);
    })
    CASE(printf_long, long double, {
        long double x = argument_l();
        int n = snprintf(buffer, sizeof buffer, random64() & 1 ? "%.40Lg" : "%La", x);
        add(buffer, (size_t)n);
    })
    CASE(strtod, double, {
        snprintf(buffer, sizeof buffer, "%.*g", (int)(random64() % 30), argument());
        RESULT(double, strtod(buffer, NULL));
    })
    CASE(strtof, float, {
        snprintf(buffer, sizeof buffer, "%.*g", (int)(random64() % 30), argument());
        RESULT(float, strtof(buffer, NULL));
    })
    CASE(strtold, long double, {
        snprintf(buffer, sizeof buffer, "%.*Lg", (int)(random64() % 45), argument_l());
        RESULT(long double, strtold(buffer, NULL));
    })
}

int main(int argc, char **argv)
{
    static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    if (argc > 1) count = (unsigned)atoi(argv[1]);
    if (argc > 2) only = argv[2];
    functions_of_one();
    functions_of_more();
    functions_to_integers();
    functions_of_complex();
    text();
    for (unsigned m = 1; m < 4; m++) {
        fesetround(modes[m]);
        printf("mode %u\n", m);
        functions_that_round();
    }
    return 0;
}
