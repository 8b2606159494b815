/*
 * The contents of a cache: its images, whose they are, when they were used; and what is taken out
 * of it.
 */
#ifndef AOT_CMD_STORE_H
#define AOT_CMD_STORE_H

#include "aot/base/arena.h"
#include "aot/image/cache.h"

enum image_state {
    IMAGE_GOOD,    /* a module that is there has it, as far as is known */
    IMAGE_UNKNOWN, /* nobody knows whose it is */
    IMAGE_FOREIGN, /* another Ferry made it */
    IMAGE_GONE,    /* its module is gone or has changed */
    IMAGE_BROKEN,  /* its header makes no sense */
};

struct stored_image {
    const char *name; /* in the cache */
    const char *path; /* of the module that used it last, or NULL */
    u64 size;
    s64 made, used;             /* seconds since 1970 */
    u8 state;                   /* enum image_state */
    struct image_header header; /* zeroes if it is broken */
};

struct stored_images {
    struct stored_image *image; /* by name */
    u32 count;
    u64 size; /* of all */
};

/* Looks at all images. They live in the arena. */
void store_read(const char *dir, struct arena *arena, struct stored_images *out);

struct store_removed {
    u32 count;
    u64 size;
    u64 left; /* bytes of images that are still there */
};

/*
 * Takes out of the cache what was left by processes that died, and the images that were used
 * longest ago until no more than `cap` bytes of them are left, but none used at `since` or later.
 * With `useless` also foreign, gone and broken ones. Nothing happens while others publish; then
 * false.
 */
bool store_trim(const char *dir, u64 cap, s64 since, bool useless, struct store_removed *out);

#endif
