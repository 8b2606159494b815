/*
 * `ferry report`: facts about the images of a program's modules, and their three forms.
 */
#ifndef AOT_CMD_REPORT_H
#define AOT_CMD_REPORT_H

#include <stdio.h>

#include "aot/abi/image.h"
#include "aot/cmd/closure.h"
#include "aot/cmd/report_profile.h"
#include "aot/image/missed.h"

struct report_miss {
    struct missed missed;
    bool is_entry;        /* the image has it now */
    const char *function; /* whose address that is, or NULL */
    u64 offset;           /* from the function's start */
};

struct report_module {
    const struct input *input;
    bool converted;
    const char *why;            /* there is no image */
    const char *image;          /* its file */
    struct image_header header; /* zeroes without an image */
    u32 entries_by[EVIDENCE_COUNT];
    struct report_profile profile;
    struct report_miss *miss;
    u32 miss_count, open_count; /* open: those that are no entries yet */
};

/* Sums over modules. */
struct report_totals {
    u32 converted, misses, open;
    u64 code, covered, image, functions, entries;
    u64 bytes_by[EVIDENCE_COUNT];
};

/* A library that there is a binding of. */
struct report_native {
    const char *library;
    bool native;
    const char *text; /* how many functions, or why it is the guest's */
};

struct report {
    struct report_module *module;
    u32 count;
    struct report_totals total;
    const char *const *missing; /* libraries that were not found */
    u32 missing_count;
    struct report_native *native;
    u32 native_count;
    const char *title; /* the programs */
};

const char *evidence_text(unsigned evidence);
const char *missed_text(unsigned kind);

/* Bytes of a module's code that are translated. */
u64 report_covered(const struct report_module *m);

/* What the image has of a hot function. */
const char *report_made(const struct report_module *m, const struct report_function *f);

/* Asks the runtime which of the program's libraries would be the host's; where it can't be asked,
 * none is known. */
void report_ask_native(struct report *r, struct arena *arena, const char *sysroot,
                       const char *program);

void report_text(const struct report *r, FILE *out);
void report_json(const struct report *r, FILE *out);
void report_html(const struct report *r, FILE *out);

/* The page's part about the profile of a module that has one. */
void report_profile_html(const struct report_module *m, FILE *out);

#endif
