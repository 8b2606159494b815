/*
 * Sampling. Each thread has a timer of its own processor time that sends it SIGTRAP, which the
 * runtime never blocks; the first time only after a while, so that short runs never see it. The
 * handler looks up in a table what it found before, by host addresses; only what is new is
 * translated to guest addresses, which takes some ten microseconds. So nothing has to be looked up
 * later, when the code may be gone.
 *
 * The kernel sends the signal when the thread is about to return to user mode, as a rule (since
 * Linux 5.11), else where its clock ticks: a system call may come back interrupted. It is made
 * again then (guard_again), as if nothing had happened.
 */
#include "rt/profile.h"

#include "rt/bundle.h"
#include "rt/kernel.h"
#include "rt/log.h"
#include "rt/native_run.h"
#include "rt/options.h"
#include "rt/profile_files.h"
#include "rt/stats.h"

#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

/* Nanoseconds. The kernel looks at such timers when its clock ticks, 100 to 1000 times a second.
 * A little less than 4 ms is each tick of most kernels, each fourth of the fastest; a signal counts
 * for all the intervals that have gone by. */
#define FIRST      15000000
#define INTERVAL   PROFILE_INTERVAL_NS
#define MOST_TIMES 100

/* Before a process that another has made is sampled: most that do nothing make fewer, and a timer
 * costs them a hundredth or two. */
#define SYSTEM_CALLS 60

#define COOKIE ((void *)0x4672727922)

#define SEEN_BITS   12
#define SEEN        (1u << SEEN_BITS)
#define PROBES      32
#define MAX_MODULES 64
#define MAX_TIMERS  64 /* each takes one of the signals that the user may have pending */
#define MOST_YIELDS 1000
#define WORTH_IT    8 /* samples; with fewer, writing would cost more than a hundredth */

/* Since Linux 6.15: timer_create takes the id that its caller wants. */
#ifndef PR_TIMER_CREATE_RESTORE_IDS
#define PR_TIMER_CREATE_RESTORE_IDS 77
#endif
#define FIRST_ID 0x40000000

#define NO_MODULE 0xffff

/* What was found, and how often. For what isn't a sample: pc is `ip`, and `back` the kind. */
static struct seen {
    struct profile_sample sample;
    u64 pc, from, to;
    u32 count; /* 0: free */
    u16 module;
    u8 kind;
    u8 image; /* enum profile_image */
} * seen;

/* Of each of them, how often it was in which slice; behind them, so that who looks through them
 * touches less memory. */
static u32 (*in_slice)[PROFILE_SLICES];

#define TABLE_SIZE (SEEN * (sizeof(*seen) + sizeof(*in_slice)))

#define TIER_RECORDS (PROFILE_IMAGE_COUNT * (TIER_COUNT * PROFILE_SLICES + 1))

static struct digest modules[MAX_MODULES];
static u32 module_count;
static u32 sample_count; /* of modules with images */
static u32 file_samples; /* elsewhere */
static u32 run_samples;  /* all of the process, the runtime's too: they are its clock */
static u32 busy;         /* the table is being looked at */
static u32 timers;
static struct lock timer_lock; /* the kernel's way of numbering timers is the process's */
static u32 next_id;            /* of the guest's timers */
static bool on;

void profile_init(void)
{
    on = !options.no_profile && !options.no_cache && options.cache != NULL && !bundle_on &&
         engine->sample != NULL && !native_available();
}

/* --- timers -------------------------------------------------------------------------------------
 */

/* Since Linux 6.15 a process may choose ids. Before that the guest's follow ours. */
static bool choose_ids(bool choose)
{
    return host_syscall(SYS_prctl, PR_TIMER_CREATE_RESTORE_IDS, choose, 0, 0, 0, 0) == 0;
}

/* With an id that no guest will come to. */
static bool make_timer(struct thread *t)
{
    struct sigevent event;
    s32 id = FIRST_ID + (t->tid & (FIRST_ID - 1));
    s64 r;

    memset(&event, 0, sizeof(event));
    event.sigev_notify = SIGEV_THREAD_ID;
    event.sigev_signo = SIGTRAP;
    event.sigev_value.sival_ptr = COOKIE;
    event._sigev_un._tid = t->tid;
    lock_take(&timer_lock);
    (void)choose_ids(true);
    r = host_syscall(SYS_timer_create, CLOCK_THREAD_CPUTIME_ID, (u64)&event, (u64)&id, 0, 0, 0);
    (void)choose_ids(false);
    lock_drop(&timer_lock);
    t->sampler = id;
    return r == 0;
}

/* The kernel's counter is behind ours by now, so the guest's is kept here. */
static s64 create_with_id(const u64 *a)
{
    s32 id;
    s64 r;

    do {
        id = (s32)(next_id++ & (FIRST_ID - 1));
        r = host_syscall(SYS_timer_create, a[0], a[1], (u64)&id, 0, 0, 0);
    } while (r == -EBUSY);
    if (r == 0 && !guest_write(a[2], &id, sizeof(id))) {
        host_syscall(SYS_timer_delete, (u64)id, 0, 0, 0, 0, 0);
        r = -EFAULT;
    }
    return r;
}

s64 profile_timer_create(const u64 *a)
{
    bool chosen;
    s64 r;

    lock_take(&timer_lock);
    chosen = on && choose_ids(true);
    r = chosen ? create_with_id(a) : host_syscall(SYS_timer_create, a[0], a[1], a[2], 0, 0, 0);
    if (chosen) (void)choose_ids(false);
    lock_drop(&timer_lock);
    return r;
}

void profile_start(struct thread *t)
{
    const struct itimerspec when = {{0, INTERVAL}, {0, FIRST}};

    if (!on || t->process->borrowed || t->has_sampler) return;
    if (__atomic_add_fetch(&timers, 1, __ATOMIC_RELAXED) <= MAX_TIMERS && make_timer(t)) {
        t->has_sampler = true;
        host_syscall(SYS_timer_settime, (u64)t->sampler, 0, (u64)&when, 0, 0, 0);
    } else {
        __atomic_sub_fetch(&timers, 1, __ATOMIC_RELAXED);
    }
}

void profile_start_later(struct thread *t)
{
    if (on) t->until_sampled = SYSTEM_CALLS;
}

void profile_system_call(struct thread *t)
{
    if (--t->until_sampled == 0) profile_start(t);
}

void profile_stop(struct thread *t)
{
    if (!t->has_sampler) return;
    t->has_sampler = false;
    host_syscall(SYS_timer_delete, (u64)t->sampler, 0, 0, 0, 0, 0);
    __atomic_sub_fetch(&timers, 1, __ATOMIC_RELAXED);
}

static void stop(struct thread *t, void *context)
{
    (void)context;
    profile_stop(t);
}

void profile_stop_all(const struct thread *t)
{
    if (on && !t->process->borrowed) thread_each(stop, NULL);
}

bool profile_is_tick(const siginfo_t *info)
{
    return info->si_signo == SIGTRAP && info->si_code == SI_TIMER &&
           info->si_value.sival_ptr == COOKIE;
}

/* --- the table ----------------------------------------------------------------------------------
 */

/* Handlers of several threads may meet here; none waits for another for long. */
static bool take_table(void)
{
    for (unsigned tries = 0; __atomic_exchange_n(&busy, 1, __ATOMIC_ACQUIRE) != 0; tries++)
        if (tries == 100) return false;
    if (seen == NULL) {
        void *p = mmap(NULL, TABLE_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (p != MAP_FAILED) {
            seen = p;
            in_slice = (void *)(seen + SEEN);
        }
    }
    if (seen != NULL) return true;
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
    return false;
}

static void drop_table(void)
{
    __atomic_store_n(&busy, 0, __ATOMIC_RELEASE);
}

static u16 number_of(const struct digest *module)
{
    u32 n = 0;

    if (module == NULL) return NO_MODULE;
    while (n < module_count && memcmp(&modules[n], module, sizeof(*module)) != 0) n++;
    if (n == MAX_MODULES) return NO_MODULE;
    if (n == module_count) modules[module_count++] = *module;
    return (u16)n;
}

/* The place of what was seen; *is_new: it is empty. NULL: there is no room. */
static struct seen *find(const struct profile_sample *s, bool *is_new)
{
    u64 mixed = (s->ip ^ s->back * 3 ^ s->code * 5) * UINT64_C(0x9e3779b97f4a7c15);
    u32 at = (u32)(mixed >> (64 - SEEN_BITS));

    for (unsigned n = 0; n < PROBES; n++, at = (at + 1) & (SEEN - 1)) {
        *is_new = seen[at].count == 0;
        if (*is_new || memcmp(&seen[at].sample, s, sizeof(*s)) == 0) return &seen[at];
    }
    return NULL;
}

static enum profile_image image_of(const struct profile_place *p)
{
    return !p->module ? PROFILE_IMAGE_NONE : p->guided ? PROFILE_IMAGE_GUIDED : PROFILE_IMAGE_PLAIN;
}

static void count_sample(const struct profile_sample *s, u32 times, u32 slice)
{
    struct profile_place place = {0};
    bool is_new;
    struct seen *e = find(s, &is_new);

    if (e == NULL) {
        stats_add(STAT_SAMPLES_LOST, times);
        return;
    }
    if (is_new) {
        if (!engine->place(s, &place)) place = (struct profile_place){0};
        *e = (struct seen){.sample = *s, .kind = PROFILE_WEIGHT, .image = (u8)image_of(&place)};
        if (s->tier == TIER_RUNTIME) e->kind = PROFILE_TIER;
        e->pc = place.pc;
        e->from = place.from;
        e->to = place.to;
        e->module = number_of(place.module);
    }
    e->count += times;
    in_slice[e - seen][slice] += times;
    if (e->kind == PROFILE_TIER) return;
    if (e->module == NO_MODULE) {
        stats_add(STAT_SAMPLES_ELSEWHERE, times);
        file_samples += times;
    } else {
        sample_count += times;
    }
}

/* Intervals that have gone by since the last one. */
static u32 times_of(const siginfo_t *info)
{
    u32 more = (u32)info->si_overrun;

    return 1 + (more < MOST_TIMES ? more : 0);
}

bool profile_tick(struct thread *t, const siginfo_t *info, ucontext_t *uc)
{
    struct profile_sample s;
    u32 times, before;
    bool found;

    if (!profile_is_tick(info)) return false;
    times = times_of(info);
    before = __atomic_fetch_add(&run_samples, times, __ATOMIC_RELAXED);
    stats_add(STAT_SAMPLES, times);
    found = on && engine->sample(t, uc, &s);
    if (!found || s.tier == TIER_RUNTIME) stats_add(STAT_SAMPLES_RUNTIME, times);
    if (found && take_table()) {
        count_sample(&s, times, profile_slice(before));
        drop_table();
    } else if (found) {
        stats_add(STAT_SAMPLES_LOST, times);
    }
    if ((__atomic_load_n(&t->attention, __ATOMIC_RELAXED) & ATTENTION_SIGNAL) == 0) guard_again(uc);
    return true;
}

void profile_note(const struct digest *module, u64 unbiased, enum profile_kind kind)
{
    struct profile_sample key = {.ip = unbiased, .back = kind};
    bool is_new = false;
    struct seen *e;

    if (!on || module == NULL || !take_table()) return;
    key.code = 1 + number_of(module);
    e = find(&key, &is_new);
    if (e != NULL && is_new) {
        *e = (struct seen){.sample = key, .pc = unbiased, .kind = (u8)kind};
        e->module = (u16)(key.code - 1);
    }
    if (e != NULL) e->count++;
    drop_table();
}

/* --- the end ------------------------------------------------------------------------------------
 */

static u32 add_records(const struct seen *e, bool call, struct profile_record *out)
{
    if (e->kind == PROFILE_TIER) return 0; /* of the runtime's time there is no more to say */
    out[0] = (struct profile_record){.pc = e->pc, .count = e->count, .kind = e->kind};
    if (e->kind == PROFILE_GUARD) out[0].to = e->to;
    if (call)
        out[1] = (struct profile_record){
            .pc = e->from, .to = e->to, .count = e->count, .kind = PROFILE_CALL};
    return 1 + call;
}

struct tier_sums {
    u32 samples[PROFILE_IMAGE_COUNT][TIER_COUNT][PROFILE_SLICES];
};

static void add_to_sums(const struct seen *e, struct tier_sums *sums)
{
    if (e->kind != PROFILE_WEIGHT && e->kind != PROFILE_TIER) return;
    for (u32 slice = 0; slice < PROFILE_SLICES; slice++)
        sums->samples[e->image][e->sample.tier][slice] += in_slice[e - seen][slice];
}

static u32 tier_records(const struct tier_sums *sums, struct profile_record *out)
{
    u32 count = 0;

    for (u32 image = 0; image < PROFILE_IMAGE_COUNT; image++) {
        u32 before = count;

        for (u32 n = 0; n < TIER_COUNT * PROFILE_SLICES; n++) {
            enum profile_tier tier = n / PROFILE_SLICES;
            u32 slice = n % PROFILE_SLICES, samples = sums->samples[image][tier][slice];

            if (samples != 0)
                out[count++] = (struct profile_record){.pc = slice,
                                                       .to = profile_tier_of(image, tier),
                                                       .count = samples,
                                                       .kind = PROFILE_TIER};
        }
        if (count != before)
            out[count++] = (struct profile_record){
                .to = profile_tier_of(image, 0), .count = 1, .kind = PROFILE_PROCESS};
    }
    return count;
}

/* Of a module, or NO_MODULE, what was seen in [start, end); *samples: of guest code. A module that
 * only the runtime was busy for has none. */
static u32 records_of(u16 module, u64 start, u64 end, struct profile_record *out, u32 *samples)
{
    struct tier_sums sums = {0};
    u32 count = 0;

    *samples = 0;
    for (u32 n = 0; n < SEEN; n++) {
        const struct seen *e = &seen[n];
        bool call =
            e->from != 0 && e->from >= start && e->from < end && e->to >= start && e->to < end;

        if (e->count == 0 || e->module != module || e->pc < start || e->pc >= end) continue;
        if (e->kind == PROFILE_WEIGHT) *samples += e->count;
        add_to_sums(e, &sums);
        count += add_records(e, call, out + count);
    }
    return count == 0 ? 0 : count + tier_records(&sums, out + count);
}

/* profile_between, of modules without an image. */
static u32 between(u64 start, u64 end, struct profile_record *out, u32 *samples)
{
    return records_of(NO_MODULE, start, end, out, samples);
}

static void write_module(const char *dir, u16 module, struct profile_record *record)
{
    const char *why;
    u32 samples, count = records_of(module, 0, UINT64_MAX, record, &samples);

    if (!cache_note_profile(dir, &modules[module], record, count, &why))
        log_line(LOG_IMAGE, "%s: a profile can't be written", dir);
    if (why != NULL) log_line(LOG_IMAGE, "%s: a profile was not used: %s", dir, why);
}

static void forget(void)
{
    if (seen != NULL) munmap(seen, TABLE_SIZE);
    seen = NULL;
    module_count = sample_count = file_samples = 0;
}

/* The table is taken. */
static void note_guard(const struct digest *module, u64 from, u64 to, u64 failed)
{
    struct profile_sample key = {.ip = from, .back = PROFILE_GUARD, .code = 1 + number_of(module)};
    bool is_new = false;
    struct seen *e = find(&key, &is_new);

    stats_add(STAT_GUARDS_FAILED, failed);
    if (e == NULL) return;
    if (is_new) {
        *e = (struct seen){.sample = key, .pc = from, .to = to, .kind = PROFILE_GUARD};
        e->module = (u16)(key.code - 1);
    }
    e->count = failed < UINT32_MAX - e->count ? e->count + (u32)failed : UINT32_MAX;
}

static void count_guard(const struct digest *module, u64 from, u64 to, u64 failed)
{
    (void)module;
    (void)from;
    (void)to;
    stats_add(STAT_GUARDS_FAILED, failed);
}

/* For what is no handler: one of those may be at work, for some ten microseconds. */
static bool wait_for_table(void)
{
    for (unsigned n = 0; n < MOST_YIELDS; n++) {
        if (take_table()) return true;
        sched_yield();
    }
    return false;
}

void profile_count_guards(void)
{
    if (engine->guards == NULL) return;
    if (__atomic_load_n(&seen, __ATOMIC_RELAXED) == NULL || !wait_for_table()) {
        engine->guards(count_guard);
        return;
    }
    engine->guards(note_guard);
    drop_table();
}

void profile_flush(const char *dir)
{
    const size_t size = (2 * SEEN + TIER_RECORDS) * sizeof(struct profile_record);
    void *room;

    profile_count_guards();
    if (__atomic_load_n(&seen, __ATOMIC_RELAXED) == NULL || !wait_for_table()) return;
    room = dir != NULL && sample_count + file_samples >= WORTH_IT
               ? mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
               : MAP_FAILED;
    if (room != MAP_FAILED) {
        for (u32 n = 0; n < module_count; n++) write_module(dir, (u16)n, room);
        if (file_samples >= WORTH_IT) profile_write_files(dir, room, between);
        munmap(room, size);
    }
    forget();
    drop_table();
}

void profile_after_fork(struct thread *t)
{
    if (engine->guards != NULL) engine->guards(NULL); /* the parent's */
    if (!on) return;
    busy = timers = next_id = run_samples = 0;
    lock_reset(&timer_lock);
    forget();
    t->has_sampler = false;
    profile_start_later(t);
}
