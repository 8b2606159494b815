/*
 * What a report says of a module's profile.
 */
#ifndef AOT_CMD_REPORT_PROFILE_H
#define AOT_CMD_REPORT_PROFILE_H

#include "aot/cmd/functions.h"
#include "aot/image/profile.h"

/* Samples by tier. */
struct report_tiers {
    u64 by[TIER_COUNT], sum;
};

/* Those of the module while it ran from one kind of image, or from none. */
struct report_from {
    u64 processes;
    struct report_tiers all, in_slice[PROFILE_SLICES];
    u32 slices; /* up to the last that has any */
};

struct report_function {
    const char *name;
    u64 pc, samples;
    bool is_entry; /* the image has it now */
};

/* A call whose guard failed. */
struct report_guard {
    u64 pc, to; /* to: the function that was assumed */
    const char *name, *to_name;
    u64 failures;
};

struct report_profile {
    bool known;        /* there is one */
    u64 samples, ever; /* of the module's code; with those that have faded */
    struct report_tiers all;
    struct report_from from[PROFILE_IMAGE_COUNT];
    struct report_function *hot; /* the hottest first */
    u32 hot_count;
    struct report_guard *guard; /* those with most failures first */
    u32 guard_count;
    u64 failures; /* of all */
};

void report_profile_of(struct arena *arena, const struct profile_read *read,
                       const struct functions *names, struct report_profile *out);

const char *tier_text(unsigned tier);
const char *profile_image_text(unsigned image);

/* Processor time of that many samples, which may be a mean: "48 ms", "1.5 s", "13 min". */
struct time_text {
    char text[24];
};
const char *time_text(struct time_text *s, double samples);

/* When that slice of a run ends; the last has no end: "later". */
const char *slice_text(struct time_text *s, u32 slice);

/* Samples a process. */
double report_samples_each(const struct report_from *f);

#endif
