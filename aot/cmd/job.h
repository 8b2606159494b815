/*
 * One module's conversion, as it runs in a process of its own.
 */
#ifndef AOT_CMD_JOB_H
#define AOT_CMD_JOB_H

#include "aot/cmd/closure.h"
#include "aot/cmd/options.h"
#include "aot/convert.h"
#include "aot/image/cache.h"

enum job_status {
    JOB_MADE,    /* there is a new image */
    JOB_THERE,   /* the cache has it already */
    JOB_NOTHING, /* no image can be made of it: `why` */
    JOB_BAD,     /* the file can't be converted: `why` */
    JOB_CACHE,   /* the image can't be written: `why`; others won't fare better */
};

struct job_result {
    u8 status; /* enum job_status */
    char why[160];
    char name[CACHE_NAME];      /* of the image in the cache */
    struct image_header header; /* of the image, if there is one */
    u64 text;                   /* bytes in the module's executable sections */
};

/* Converts the module of `in` as the options say. */
void job_convert(const struct command_options *o, const struct input *in, struct job_result *out);

/* A module that is open for conversion, and all that its image depends on. */
struct job_module {
    struct arena arena;
    struct module m;
    struct stat st;
    struct digest digest, fingerprint;
    struct convert_options options;
};

/* Opens the file, by a quick look at it only if `brief`; `digest`, if it isn't NULL, is known to be
 * its. JOB_MADE, or a status and why. Either way, job_close gives all back. */
enum job_status job_open(struct job_module *j, const char *path, const struct command_options *o,
                         u64 features, const struct digest *digest, bool brief, char why[160]);
void job_close(struct job_module *j);

/* Translates an open module. */
enum job_status job_translate(struct job_module *j, struct converted *out, char why[160]);

#endif
