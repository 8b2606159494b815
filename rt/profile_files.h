/* Profiles of modules without an image: a part of rt/profile.c. */
#ifndef RT_PROFILE_FILES_H
#define RT_PROFILE_FILES_H

#include "aot/image/profile.h"

/* Records of what was sampled in [start, end), guest addresses as they were, to `out`; their
 * number, and how many samples that is. */
typedef u32 profile_between(u64 start, u64 end, struct profile_record *out, u32 *samples);

/* Adds to the profiles in the cache `dir` what `between` has of each file that is mapped; `room` is
 * for its records. */
void profile_write_files(const char *dir, struct profile_record *room, profile_between *between);

#endif
