/*
 * What a report says of a module's profile: see report_profile.h.
 */
#include "aot/cmd/report_profile.h"

#include <stdio.h>
#include <stdlib.h>

#define HOT    10
#define GUARDS 10

const char *tier_text(unsigned tier)
{
    static const char *const texts[] = {
#define X(name, text) text,
        PROFILE_TIERS(X)
#undef X
    };
    return texts[tier];
}

const char *profile_image_text(unsigned image)
{
    static const char *const texts[] = {
#define X(name, text) text,
        PROFILE_IMAGES(X)
#undef X
    };
    return texts[image];
}

const char *time_text(struct time_text *s, double samples)
{
    double ms = samples * PROFILE_INTERVAL_NS / 1e6;
    if (ms < 1000)
        snprintf(s->text, sizeof s->text, "%.0f ms", ms);
    else if (ms < 120000)
        snprintf(s->text, sizeof s->text, "%.1f s", ms / 1000);
    else
        snprintf(s->text, sizeof s->text, "%.0f min", ms / 60000);
    return s->text;
}

const char *slice_text(struct time_text *s, u32 slice)
{
    return slice == PROFILE_SLICES - 1 ? "later" : time_text(s, (double)profile_slice_end(slice));
}

double report_samples_each(const struct report_from *f)
{
    return f->processes ? (double)f->all.sum / (double)f->processes : 0;
}

static void add(struct report_tiers *t, u32 tier, u64 samples)
{
    t->by[tier] += samples;
    t->sum += samples;
}

static void sum_tiers(const struct profile_read *read, struct report_profile *out)
{
    struct profile_tiers t;
    profile_tiers(read, &t);
    for (u32 image = 0; image < PROFILE_IMAGE_COUNT; image++) {
        struct report_from *f = &out->from[image];
        f->processes = t.processes[image];
        for (u32 n = 0; n < TIER_COUNT * PROFILE_SLICES; n++) {
            u32 tier = n / PROFILE_SLICES, slice = n % PROFILE_SLICES;
            u64 samples = t.samples[image][tier][slice];
            add(&out->all, tier, samples);
            add(&f->all, tier, samples);
            add(&f->in_slice[slice], tier, samples);
            if (samples && slice >= f->slices) f->slices = slice + 1;
        }
    }
}

static void name_hottest(struct arena *arena, const struct profile_read *read,
                         const struct functions *names, struct report_profile *out)
{
    struct hot_function *hot;
    u32 count = functions_by_samples(arena, names, &read->profile, &hot);
    out->hot_count = count < HOT ? count : HOT;
    out->hot = arena_zalloc(arena, (out->hot_count + 1) * sizeof *out->hot);
    for (u32 n = 0; n < out->hot_count; n++)
        out->hot[n] = (struct report_function){.name = functions_name(arena, names, hot[n].pc),
                                               .pc = hot[n].pc,
                                               .samples = hot[n].samples};
}

static int by_failures(const void *a, const void *b)
{
    const struct report_guard *x = a, *y = b;
    if (x->failures != y->failures) return x->failures > y->failures ? -1 : 1;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static void name_guards(struct arena *arena, const struct profile_read *read,
                        const struct functions *names, struct report_profile *out)
{
    u32 count = 0;
    out->guard = arena_zalloc(arena, (read->count + 1) * sizeof *out->guard);
    for (u32 n = 0; n < read->count; n++) {
        const struct profile_record *r = &read->record[n];
        if (r->kind != PROFILE_GUARD) continue;
        out->guard[count++] = (struct report_guard){.pc = r->pc, .to = r->to, .failures = r->count};
        out->failures += r->count;
    }
    qsort(out->guard, count, sizeof *out->guard, by_failures);
    out->guard_count = count < GUARDS ? count : GUARDS;
    for (u32 n = 0; n < out->guard_count; n++) {
        struct report_guard *g = &out->guard[n];
        g->name = functions_name(arena, names, g->pc);
        g->to_name = functions_name(arena, names, g->to);
    }
}

void report_profile_of(struct arena *arena, const struct profile_read *read,
                       const struct functions *names, struct report_profile *out)
{
    *out = (struct report_profile){
        .known = true, .samples = read->profile.samples, .ever = read->ever};
    sum_tiers(read, out);
    name_hottest(arena, read, names, out);
    name_guards(arena, read, names, out);
}
