/*
 * The TSC's scale, from the first that knows it: CPUID leaf 15h (Intel SDM vol. 2A), the
 * hypervisors' leaf 40000010h (kHz), the kernel's own through a perf page (perf_event_open(2),
 * cap_user_time), or a measurement of a tenth of a millisecond against CLOCK_MONOTONIC_RAW: at the
 * first read, since few programs make one. The offset makes the counter agree with CLOCK_BOOTTIME
 * then.
 */
#include "rt/counter.h"

#include "rt/guard.h"

#include <cpuid.h>
#include <linux/perf_event.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#define NS_PER_S   UINT64_C(1000000000)
#define MEASURE_NS 100000u /* some 100 ppm */

static u64 scale, offset; /* 0: not known yet */

static u64 clock_ns(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (u64)ts.tv_sec * NS_PER_S + (u64)ts.tv_nsec;
}

static u64 scale_of(u64 hz)
{
    return (u64)(((u128)NS_PER_S << 32) / hz);
}

static u64 scale_by_cpuid(void)
{
    u32 a, b, c, d;

    if (__get_cpuid_max(0, NULL) >= 0x15) {
        __cpuid_count(0x15, 0, a, b, c, d);
        if (a != 0 && b != 0 && c != 0) return scale_of((u64)c * b / a);
    }
    __cpuid(0x40000000, a, b, c, d);
    if (a >= 0x40000010 && a < 0x40001000) {
        __cpuid(0x40000010, a, b, c, d);
        if (a != 0) return scale_of((u64)a * 1000);
    }
    return 0;
}

static u64 scale_by_perf(void)
{
    struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE,
                                   .size = sizeof(attr),
                                   .config = PERF_COUNT_SW_DUMMY,
                                   .exclude_kernel = 1,
                                   .exclude_hv = 1,
                                   .disabled = 1};
    int fd = (int)host_syscall(SYS_perf_event_open, (u64)&attr, 0, (u64)-1, (u64)-1,
                               PERF_FLAG_FD_CLOEXEC, 0);
    struct perf_event_mmap_page *page;
    u64 scale_found = 0;

    if (fd < 0) return 0;
    page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
    if (page != MAP_FAILED) {
        if (page->cap_user_time && page->time_shift <= 32)
            scale_found = (u64)page->time_mult << (32 - page->time_shift);
        munmap(page, 4096);
    }
    close(fd);
    return scale_found;
}

/* A TSC value and the clock at the same moment: the closest of a few tries. */
static u64 sample(clockid_t id, u64 *tsc)
{
    u64 best = UINT64_MAX, at = 0;

    *tsc = 0;
    for (unsigned i = 0; i < 5; i++) {
        u64 before = __rdtsc(), now = clock_ns(id), after = __rdtsc();

        if (after - before < best) {
            best = after - before;
            *tsc = before + best / 2;
            at = now;
        }
    }
    return at;
}

static u64 scale_by_clock(void)
{
    u64 tsc0, tsc1, ns0 = sample(CLOCK_MONOTONIC_RAW, &tsc0), ns1;

    do ns1 = sample(CLOCK_MONOTONIC_RAW, &tsc1);
    while (ns1 - ns0 < MEASURE_NS);
    return (u64)(((u128)(ns1 - ns0) << 32) / (tsc1 - tsc0));
}

static u64 find_scale(void)
{
    u64 found = scale_by_cpuid();

    if (found == 0) found = scale_by_perf();
    return found != 0 ? found : scale_by_clock();
}

static u64 count_at(u64 tsc, u64 per_tick)
{
    return (u64)((u128)tsc * per_tick >> 32);
}

/* Without a lock, which a fork's child could find taken: of threads that are first at once, one
 * decides. */
static void decide(u64 *number, u64 value)
{
    u64 none = 0;

    __atomic_compare_exchange_n(number, &none, value, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}

u64 counter_read(struct guest_state *s)
{
    (void)s;
    if (__atomic_load_n(&offset, __ATOMIC_ACQUIRE) == 0) {
        u64 tsc, ns;

        if (__atomic_load_n(&scale, __ATOMIC_ACQUIRE) == 0) decide(&scale, find_scale());
        ns = sample(CLOCK_BOOTTIME, &tsc);
        decide(&offset, (ns - count_at(tsc, scale)) | 1);
    }
    _mm_lfence(); /* RDTSC doesn't wait for loads before it, as a read behind ISB does */
    return count_at(__rdtsc(), scale) + offset;
}
