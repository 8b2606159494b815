# gcc and g++: compile, link and run; diagnostics; assembler and linker tools.
# limit: 180
cat >a.c <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <setjmp.h>
#include <signal.h>
#include <complex.h>
static atomic_int n; static _Thread_local int tl; static sigjmp_buf env;
static void *work(void *p) { for (int i = 0; i < 10000; i++) n++; tl = (int)(long)p; return (void *)(long)(tl * 2); }
static int cmp(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
static void handler(int s, siginfo_t *i, void *u) { (void)u; printf("signal %d at %p\n", s, i->si_addr); fflush(stdout); siglongjmp(env, 1); }
int helper(int);
int main(int argc, char **argv) {
    pthread_t t[4]; long sum = 0; void *r; for (long i = 0; i < 4; i++) pthread_create(&t[i], 0, work, (void *)i); for (int i = 0; i < 4; i++) { pthread_join(t[i], &r); sum += (long)r; }
    printf("%d %ld %d %s\n", n, sum, argc, argv[1]); int a[100]; for (int i = 0; i < 100; i++) a[i] = i * 7919 % 101; qsort(a, 100, sizeof *a, cmp); printf("%d %d %d\n", a[0], a[50], a[99]);
    double s = 0; for (int i = 1; i < 100000; i++) s += sin(i) / i; printf("%.15g %.10f %a %Lg\n", s, cabs(csqrt(-2 + I)), 0.1, (long double)1 / 3); float f[256]; for (int i = 0; i < 256; i++) f[i] = i * 0.5f; float d = 0; for (int i = 0; i < 256; i++) d += f[i] * f[255 - i]; printf("%g %d\n", d, helper(20));
    struct sigaction sa = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO | SA_NODEFER}; sigaction(SIGSEGV, &sa, 0); if (!sigsetjmp(env, 1)) *(volatile int *)16 = 1; printf("%s %zu\n", strerror(2), strlen(getenv("HOME")) > 0 ? (size_t)1 : 0); unsigned __int128 x = (unsigned __int128)1 << 100; printf("%llx %d\n", (unsigned long long)(x / 1000003), __builtin_popcountll(0xf0f0f0f0)); abort(); }
END
cat >h.c <<'END'
int helper(int n) { return n < 2 ? n : helper(n - 1) + helper(n - 2); }
END
for o in -O0 '-O2 -g' '-O3 -flto' '-Os -static' '-O2 -fPIE -pie -fsanitize=undefined -fno-sanitize=null -fno-sanitize-recover=alignment'; do gcc $o -Wall -o a a.c h.c -lm -lpthread && ./a arg 2>&1; echo "$o $?"; done
cat >b.cc <<'END'
#include <iostream>
#include <vector>
#include <map>
#include <string>
#include <algorithm>
#include <numeric>
#include <memory>
#include <thread>
#include <mutex>
#include <stdexcept>
#include <sstream>
#include <optional>
#include <functional>
struct B { virtual ~B() { std::cout << "~B "; } virtual int f() const = 0; }; struct D : B { int v; explicit D(int x) : v(x) {} int f() const override { return v * v; } ~D() override { std::cout << "~D "; } };
template <int N> struct Fib { static constexpr long v = Fib<N - 1>::v + Fib<N - 2>::v; }; template <> struct Fib<0> { static constexpr long v = 0; }; template <> struct Fib<1> { static constexpr long v = 1; };
int deep(int n) { struct G { int n; ~G() { if (n % 50 == 0) std::cout << n << ' '; } } g{n}; if (!n) throw std::runtime_error("bottom"); return deep(n - 1) + 1; }
int main() { std::map<std::string, int> m; std::istringstream is("the cat and the dog and the bird"); for (std::string w; is >> w;) m[w]++; for (auto &[k, v] : m) std::cout << k << '=' << v << ' '; std::vector<std::unique_ptr<B>> v; for (int i = 0; i < 3; i++) v.push_back(std::make_unique<D>(i)); std::cout << std::accumulate(v.begin(), v.end(), 0, [](int a, auto &p) { return a + p->f(); }) << ' ' << Fib<60>::v << '\n';
 try { deep(100); } catch (const std::exception &e) { std::cout << e.what() << '\n'; } std::mutex mu; long t = 0; std::vector<std::thread> ts; for (int i = 0; i < 4; i++) ts.emplace_back([&, i] { for (int j = 0; j < 1000; j++) { std::lock_guard l(mu); t += i; } try { throw i; } catch (int x) { std::lock_guard l(mu); t += x; } }); for (auto &x : ts) x.join(); std::cout << t << ' ' << dynamic_cast<D *>(v[1].get())->v << ' ' << std::optional<int>{}.value_or(9) << '\n'; std::function<int(int)> f = [&f](int n) { return n < 2 ? 1 : n * f(n - 1); }; std::cout << f(10) << std::endl; try { std::vector<int>().at(3); } catch (std::out_of_range &) { std::cout << "range\n"; } v.clear(); std::cout << std::endl; throw 5; }
END
g++ -std=c++20 -O2 -o b b.cc -pthread && ./b; echo $?
gcc -c -o bad.o -xc - 2>&1 <<'END' | sed 's/(.*)//'
int f(void) { int x = "s"; return y; }
END
gcc -shared -fPIC -o libh.so h.c; cat >c.c <<'END'
#include <dlfcn.h>
#include <stdio.h>
int main(void) { void *h = dlopen("./libh.so", RTLD_NOW); int (*f)(int) = (int (*)(int))dlsym(h, "helper"); printf("%d %d\n", f(10), dlsym(h, "none") == 0); return !!dlclose(h); }
END
gcc -o c c.c && ./c; gcc -c h.c && ar rcs l.a h.o && nm l.a | tail -1 | cut -d' ' -f2- && ranlib l.a && ar t l.a; gcc -o a a.c l.a -lm && ./a x 2>/dev/null | head -1; gcc -o n a.c 2>&1 | grep -c 'undefined reference'; gcc -E -dM - </dev/null | grep -E '__(GNUC|CHAR_BIT|SIZEOF_LONG)__' | sort; strip -o s a && ./s x 2>/dev/null | head -1; strings s | grep -c 'signal %d'; echo 'int x = 1' | gcc -xc -fsyntax-only - 2>&1 | head -1; gcc nosuch.c 2>&1; echo $?; readelf -s h.o | grep helper | awk '{ print $4, $5, $8 }'; objdump -d h.o | grep -c helper; gcc --version | head -1; as --version | head -1 | cut -d' ' -f1-2; c++ -dumpversion; cc -print-prog-name=cc1 | sed 's|.*/||'
