/*
 * From a module to its image: what `ferry convert` does to each file.
 */
#ifndef AOT_CONVERT_H
#define AOT_CONVERT_H

#include "aot/elf/module.h"
#include "aot/image/build.h"
#include "aot/image/profile.h"
#include "aot/image/write.h"

struct convert_options {
    u64 features;              /* of the host, enum x64_feature bits */
    u32 leave_out;             /* of 100 regions, for tests */
    bool lines;                /* with line tables by the module's DWARF, if there is any */
    bool insn_lines;           /* instead: a line for each guest instruction, its address / 4 */
    u64 count_low, count_high; /* of code that counts: only guest instructions of [low, high) */
    const u64 *missed;         /* addresses that runs have missed, ascending */
    u32 missed_count;
    const struct profile *profile; /* what runs have shown of the module, or NULL */
    u64 profile_ever;              /* samples that were ever added to that */
    struct digest
        debug; /* of the separate debug file, zeroes for none: it has evidence and lines */
};

/* Of all that goes into a module's image. */
struct digest convert_key(const struct digest *module, const struct convert_options *o);

/* The same but for the profile. */
struct digest convert_rest(const struct digest *module, const struct convert_options *o);

struct converted {
    struct image_header header;
    u8 *bytes;
    struct image_debug debug;
    /* What became of the module's code, in guest bytes. */
    u64 code_bytes;               /* in executable segments */
    u64 bytes_by[EVIDENCE_COUNT]; /* translated, by the evidence of the region */
    u32 regions_by[EVIDENCE_COUNT];
    u32 functions; /* entries with a size or a name */
    u32 refused;   /* addresses that the translator would not take */
    u32 inlined;   /* calls with a copy of what they call in their place */
};

enum convert_status {
    CONVERT_OK,
    CONVERT_NOTHING, /* no code, or code that is changed when it is loaded */
    CONVERT_TOO_BIG, /* more than an image can hold */
};

/* All that `out` points to lives in the arena. */
enum convert_status convert_module(struct arena *arena, const struct module *m,
                                   const struct digest *digest, const struct convert_options *o,
                                   struct converted *out);

#endif
