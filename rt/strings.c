/*
 * See strings.h. Built so that it uses RAX, RCX, RDX, RSI, RDI and vector registers only, and no
 * stack but the red zone: guest registers stay in the others (module.mk has the options,
 * tests/checks/strings looks). Clang can't be told to: what it builds leaves every call to the
 * guest's own code.
 *
 * Vectors are read where at least one of their bytes is wanted. At least what the guest's function
 * would read is read too, so what makes that fault does so here. Before anything is stored, all is
 * tried: see the header for why.
 */
#include "rt/strings.h"

#include <stdint.h>

extern const char __start_strings_text[], __stop_strings_text[]; /* by the linker */

#ifndef __clang__
#include <emmintrin.h>

#define PAGE 4096u
#define W    16u   /* bytes of a vector */
#define LONG 2048u /* bytes from which on the processor's own string instructions pay */

typedef u16 u16_any __attribute__((may_alias, aligned(1)));
typedef u32 u32_any __attribute__((may_alias, aligned(1)));
typedef u64 u64_any __attribute__((may_alias, aligned(1)));

#define ROUTINE(name)                                                                              \
    __attribute__((section("strings_text"))) static u64 name(struct guest_state *s, u64 a, u64 b, \
                                                              u64 n)
#define INLINE static inline __attribute__((always_inline))

/* --- vectors -------------------------------------------------------------------------------------
 */

INLINE __m128i load(u64 at)
{
    return _mm_loadu_si128((const __m128i *)at);
}

INLINE void store(u64 at, __m128i v)
{
    _mm_storeu_si128((__m128i *)at, v);
}

INLINE __m128i splat(u64 byte)
{
    return _mm_set1_epi8((char)byte);
}

/* Bit k: byte k of v is all ones. */
INLINE u32 mask_of(__m128i v)
{
    return (u32)_mm_movemask_epi8(v);
}

INLINE u32 equal(__m128i a, __m128i b)
{
    return mask_of(_mm_cmpeq_epi8(a, b));
}

INLINE u32 zeros(__m128i a)
{
    return equal(a, _mm_setzero_si128());
}

INLINE u32 first(u32 mask)
{
    return (u32)__builtin_ctz(mask);
}

INLINE u32 last(u32 mask)
{
    return 31 - (u32)__builtin_clz(mask);
}

/* --- copying -------------------------------------------------------------------------------------
 */

/* The byte's page can be written, or this faults. */
INLINE void touch(u64 at)
{
    __asm__ volatile("lock orb $0, %0" : "+m"(*(u8 *)at) : : "cc");
}

/* All of it can be written, or this faults: in one page the first store does. */
INLINE void touch_all(u64 at, u64 n)
{
    u64 end = at + n - 1;
    if (__builtin_expect(at % PAGE + n <= PAGE, 1)) return;
    for (touch(end); at / PAGE != end / PAGE; at += PAGE) touch(at);
}

INLINE void read_all(u64 at, u64 n)
{
    u64 end = at + n - 1;
    for (*(volatile u8 *)end; at / PAGE != end / PAGE; at += PAGE) *(volatile u8 *)at;
}

INLINE void copy_small(u64 to, u64 from, u64 n)
{
    if (n >= 8) {
        u64 x = *(u64_any *)from, y = *(u64_any *)(from + n - 8);
        *(u64_any *)to = x;
        *(u64_any *)(to + n - 8) = y;
    } else if (n >= 4) {
        u32 x = *(u32_any *)from, y = *(u32_any *)(from + n - 4);
        *(u32_any *)to = x;
        *(u32_any *)(to + n - 4) = y;
    } else if (n >= 2) {
        u16 x = *(u16_any *)from, y = *(u16_any *)(from + n - 2);
        *(u16_any *)to = x;
        *(u16_any *)(to + n - 2) = y;
    } else {
        *(u8 *)to = *(u8 *)from;
    }
}

/* 2 to 8 vectors, all read before the first is stored. */
INLINE void copy_some(u64 to, u64 from, u64 n)
{
    __m128i a = load(from), z = load(from + n - W);
    if (n > 2 * W) {
        __m128i b = load(from + W), y = load(from + n - 2 * W);
        if (n > 4 * W) {
            __m128i c = load(from + 2 * W), d = load(from + 3 * W);
            __m128i w = load(from + n - 4 * W), x = load(from + n - 3 * W);
            store(to + 2 * W, c);
            store(to + 3 * W, d);
            store(to + n - 4 * W, w);
            store(to + n - 3 * W, x);
        }
        store(to + W, b);
        store(to + n - 2 * W, y);
    }
    store(to, a);
    store(to + n - W, z);
}

INLINE void copy_up(u64 to, u64 from, u64 n)
{
    u64 end = to + n - 4 * W;
    __m128i w = load(from + n - 4 * W), x = load(from + n - 3 * W), y = load(from + n - 2 * W),
            z = load(from + n - W);
    for (; to < end; to += 4 * W, from += 4 * W) {
        __m128i a = load(from), b = load(from + W), c = load(from + 2 * W), d = load(from + 3 * W);
        store(to, a);
        store(to + W, b);
        store(to + 2 * W, c);
        store(to + 3 * W, d);
    }
    store(end, w);
    store(end + W, x);
    store(end + 2 * W, y);
    store(end + 3 * W, z);
}

/* No address space is that large, and sums might wrap. */
#define TOO_MUCH (UINT64_C(1) << 48)

/* What overlaps, and isn't at the same place, is the guest's to copy: that can't be done again. */
ROUTINE(copy)
{
    (void)s;
    if (!n) return a;
    if (a != b && (a - b < n || b - a < n || n > TOO_MUCH)) __builtin_trap();
    touch_all(a, n);
    if (n <= 8 * W) {
        if (n < W)
            copy_small(a, b, n);
        else
            copy_some(a, b, n);
        return a;
    }
    if (a == b) return a;
    read_all(b, n);
    if (n < LONG) {
        copy_up(a, b, n);
    } else {
        u64 to = a;
        __asm__ volatile("rep movsb" : "+D"(to), "+S"(b), "+c"(n) : : "memory");
    }
    return a;
}

ROUTINE(set)
{
    (void)s;
    u64 bytes = (b & 0xff) * UINT64_C(0x0101010101010101);
    if (!n) return a;
    if (n > TOO_MUCH) __builtin_trap();
    touch_all(a, n);
    if (n < W) {
        if (n >= 8) {
            *(u64_any *)a = bytes;
            *(u64_any *)(a + n - 8) = bytes;
        } else if (n >= 4) {
            *(u32_any *)a = (u32)bytes;
            *(u32_any *)(a + n - 4) = (u32)bytes;
        } else if (n >= 2) {
            *(u16_any *)a = (u16)bytes;
            *(u16_any *)(a + n - 2) = (u16)bytes;
        } else {
            *(u8 *)a = (u8)bytes;
        }
        return a;
    }
    if (n < LONG) {
        __m128i v = splat(b);
        u64 end = a + n - W;
        for (u64 at = a; at < end; at += W) store(at, v);
        store(end, v);
    } else {
        u64 to = a;
        __asm__ volatile("rep stosb" : "+D"(to), "+c"(n) : "a"(bytes) : "memory");
    }
    return a;
}

/* --- comparing -----------------------------------------------------------------------------------
 */

INLINE u64 sign(bool less)
{
    return less ? UINT32_MAX : 1;
}

INLINE u64 compare_small(u64 a, u64 b, u64 n)
{
    if (n >= 8) {
        u64 x = *(u64_any *)a, y = *(u64_any *)b;
        u64 last_x = *(volatile u64_any *)(a + n - 8), last_y = *(volatile u64_any *)(b + n - 8);
        if (x == y) x = last_x, y = last_y;
        return x == y ? 0 : sign(__builtin_bswap64(x) < __builtin_bswap64(y));
    }
    if (n >= 4) {
        u32 x = *(u32_any *)a, y = *(u32_any *)b;
        u32 last_x = *(volatile u32_any *)(a + n - 4), last_y = *(volatile u32_any *)(b + n - 4);
        if (x == y) x = last_x, y = last_y;
        return x == y ? 0 : sign(__builtin_bswap32(x) < __builtin_bswap32(y));
    }
    if (n >= 2) {
        u16 x = *(u16_any *)a, y = *(u16_any *)b;
        if (x != y) return sign(__builtin_bswap16(x) < __builtin_bswap16(y));
    }
    return n & 1 ? (u32)(*(u8 *)(a + n - 1) - *(u8 *)(b + n - 1)) : 0;
}

/*
 * The order of the first bytes that differ as 1 or -1 of 32 bits; of the last one of at most three
 * the difference. Of long ones glibc's function reads blocks before it looks at them.
 */
#define BLOCK      64u
#define BLOCK_FROM 160u

ROUTINE(compare)
{
    (void)s;
    if (n < W) return compare_small(a, b, n);
    u64 end = a + n, ahead = n < BLOCK_FROM ? 0 : BLOCK;
    for (;;) {
        u32 differ = equal(load(a), load(b)) ^ 0xffff;
        if (differ) {
            a += first(differ);
            b += first(differ);
            if (ahead > end - 1 - a) ahead = end - 1 - a;
            *(volatile u8 *)(a + ahead);
            *(volatile u8 *)(b + ahead);
            return sign(*(u8 *)a < *(u8 *)b);
        }
        u64 left = end - a - W, step = left < W ? left : W;
        if (!left) return 0;
        a += step;
        b += step;
    }
}

INLINE u64 load8(u64 at)
{
    return *(u64_any *)at;
}

/* The top bit of the lowest byte that is zero, and perhaps of some behind it. */
INLINE u64 zero_byte(u64 v)
{
    return (v - UINT64_C(0x0101010101010101)) & ~(v | UINT64_C(0x7f7f7f7f7f7f7f7f));
}

/* The difference of eight bits of both, from the first on where they differ or that `stop` has. */
INLINE u64 difference(u64 x, u64 y, u64 stop)
{
    int from = __builtin_clzll(__builtin_bswap64((x ^ y) | stop));
    return (__builtin_bswap64(x) << from >> 56) - (__builtin_bswap64(y) << from >> 56);
}

/*
 * What glibc's strcmp(a, b) gives for AArch64, where the strings differ or end at `at` and
 * at + (b - a). It compares eight bytes at a time, those of a aligned, and what it gives has bits of
 * the byte behind too: as zeros where it has seen b's end in b's own aligned bytes.
 */
INLINE u64 string_difference(u64 a, u64 b, u64 at)
{
    u64 apart = b - a, word = at & -UINT64_C(8), x = load8(word), skip = 8 * ((word + apart) % 8);
    if (!skip) {
        u64 y = load8(word + apart);
        if (word < a) {
            u64 before = (UINT64_C(1) << 8 * (a - word)) - 1;
            x |= before;
            y |= before;
        }
        return difference(x, y, zero_byte(x));
    }
    if (word < a) return (u64)*(u8 *)at - *(u8 *)(at + apart);
    u64 aligned = (word + apart) & -UINT64_C(8), y = load8(aligned);
    u64 end = zero_byte(y | ((UINT64_C(1) << skip) - 1));
    if (end) return difference(x, y >> skip, end >> skip);
    return difference(x, load8(word + apart), zero_byte(load8(aligned + 8)) << (64 - skip));
}

ROUTINE(string_compare)
{
    (void)s, (void)n;
    u64 at = a, apart = b - a;
    for (;;) {
        if (at % PAGE <= PAGE - W && (at + apart) % PAGE <= PAGE - W) {
            __m128i x = load(at);
            /* Zero where it ends, or where the strings differ. */
            u32 stop = zeros(_mm_min_epu8(_mm_cmpeq_epi8(x, load(at + apart)), x));
            if (stop) return string_difference(a, b, at + first(stop));
            at += W;
        } else {
            if (!*(u8 *)at || *(u8 *)at != *(u8 *)(at + apart)) return string_difference(a, b, at);
            at++;
        }
    }
}

/* --- searching -----------------------------------------------------------------------------------
 */

/* Bits of bytes from address a on, in the vector that holds it. */
INLINE u32 from(u64 a)
{
    return ~0u << a % W;
}

/* a: memory, b: byte; 0 if it isn't there */
INLINE u64 find(u64 a, u64 b, u64 n)
{
    u64 at = a & -(u64)W, left = n + a % W;
    if (!n) return 0;
    if (left < n) left = UINT64_MAX;
    for (u32 found = equal(load(at), splat(b)) & from(a);; found = equal(load(at), splat(b))) {
        if (found) return first(found) < left ? at + first(found) : 0;
        if (left <= W) return 0;
        at += W;
        left -= W;
    }
}

ROUTINE(find_byte)
{
    (void)s;
    return find(a, b, n);
}

ROUTINE(find_last_byte)
{
    (void)s;
    if (!n) return 0;
    u64 end = a + n - 1, at = end & -(u64)W;
    u32 found = equal(load(at), splat(b)) & (0xffffu >> (W - 1 - end % W));
    for (;; found = equal(load(at), splat(b))) {
        if (found) return at + last(found) >= a ? at + last(found) : 0;
        if (at <= a) return 0;
        at -= W;
    }
}

ROUTINE(length)
{
    (void)s, (void)b, (void)n;
    u64 at = a & -(u64)W;
    u32 end = zeros(load(at)) & from(a);
    while (!end) end = zeros(load(at += W));
    return at + first(end) - a;
}

ROUTINE(length_n)
{
    (void)s, (void)n;
    u64 end = find(a, 0, b);
    return end ? end - a : b;
}

/* The first byte that is b, or the string's end. */
INLINE u64 find_or_end(u64 a, u64 b)
{
    u64 at = a & -(u64)W;
    __m128i v = load(at);
    u32 stop = (equal(v, splat(b)) | zeros(v)) & from(a);
    while (!stop) {
        v = load(at += W);
        stop = equal(v, splat(b)) | zeros(v);
    }
    return at + first(stop);
}

ROUTINE(string_find)
{
    (void)s, (void)n;
    u64 at = find_or_end(a, b);
    return *(u8 *)at == (u8)b ? at : 0;
}

ROUTINE(string_find_or_end)
{
    (void)s, (void)n;
    return find_or_end(a, b);
}

ROUTINE(string_find_last)
{
    (void)s, (void)n;
    u64 at = a & -(u64)W, best = 0;
    __m128i v = load(at);
    u32 found = equal(v, splat(b)) & from(a), end = zeros(v) & from(a);
    while (!end) {
        if (found) best = at + last(found);
        v = load(at += W);
        found = equal(v, splat(b));
        end = zeros(v);
    }
    found &= end ^ (end - 1); /* up to the end, with it */
    return found ? at + last(found) : best;
}

/* --- the table -----------------------------------------------------------------------------------
 */

void strings_init(struct guest_state *s)
{
    s->helper[HELPER_MEMCPY] = (void *)copy;
    s->helper[HELPER_MEMSET] = (void *)set;
    s->helper[HELPER_MEMCMP] = (void *)compare;
    s->helper[HELPER_MEMCHR] = (void *)find_byte;
    s->helper[HELPER_MEMRCHR] = (void *)find_last_byte;
    s->helper[HELPER_STRLEN] = (void *)length;
    s->helper[HELPER_STRNLEN] = (void *)length_n;
    s->helper[HELPER_STRCHR] = (void *)string_find;
    s->helper[HELPER_STRCHRNUL] = (void *)string_find_or_end;
    s->helper[HELPER_STRRCHR] = (void *)string_find_last;
    s->helper[HELPER_STRCMP] = (void *)string_compare;
}

#else

extern const char strings_give_up[];

__asm__(".section strings_text, \"ax\"\nstrings_give_up: ud2\n.text\n");

void strings_init(struct guest_state *s)
{
    for (unsigned id = HELPER_MEMCPY; id < HELPER_COUNT; id++)
        s->helper[id] = (void *)(uintptr_t)strings_give_up;
}

#endif

/* --- for signal handlers -------------------------------------------------------------------------
 */

bool strings_hold(u64 ip)
{
    return ip >= (u64)__start_strings_text && ip < (u64)__stop_strings_text;
}

u64 strings_leave(ucontext_t *uc)
{
    u64 return_to = *(u64 *)uc->uc_mcontext.gregs[REG_RSP];
    uc->uc_mcontext.gregs[REG_RSP] += 8;
    return return_to;
}
