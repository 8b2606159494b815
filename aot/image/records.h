/*
 * Files of records about a module in a cache: FOLDER/MODULE, MODULE being the module's digest.
 *
 * A file that isn't whole, isn't trusted (cache.h), is of another version or for another module
 * counts as none. Writers merge what they have into what is there and rename; they wait a little
 * for each other. Nothing is synced: a file that a crash of the machine has torn is one that isn't
 * whole, and what it said is worth less than the time. No function here uses the heap, since the
 * runtime writes such files when a guest ends, perhaps with the guest's heap in ruins around it.
 */
#ifndef AOT_IMAGE_RECORDS_H
#define AOT_IMAGE_RECORDS_H

#include "aot/base/blake2b.h"
#include "aot/base/types.h"

#define RECORDS_DIGITS 32 /* of the module's digest, in a file's name */

struct record_kind {
    const char *folder;
    char magic[8];
    u32 version;
    u32 size; /* bytes of a record */
    u32 max;  /* records in a file */
    /* Below 0, 0 or above: the order in a file, which has no two that are equal. */
    int (*compare)(const void *a, const void *b);
    /* The record makes sense. */
    bool (*is_good)(const void *record);
};

/* Memory for `count` records, zeroes; NULL: there is none. */
void *records_room(const struct record_kind *k, u32 count);
void records_free(const struct record_kind *k, void *records, u32 count);

/* Puts records in order. */
void records_sort(const struct record_kind *k, void *records, u32 count);

/* Reads the module's records to `out`, which has room for k->max; their number. *why: NULL, or
 * what is wrong with a file that counts as none. */
u32 records_read(const struct record_kind *k, const char *dir, const struct digest *module,
                 void *out, const char **why);

/* The module that the file `name` of the cache's folder is about. False: it counts as none. */
bool records_module(const struct record_kind *k, const char *dir, const char *name,
                    struct digest *out);

/*
 * Changes the module's records: `change` gets those that are there in room for k->max, their
 * number, and the context; the number that there is to be written, or RECORDS_AS_THEY_ARE. False:
 * the file can't be written, or there is no memory. *why as above.
 */
#define RECORDS_AS_THEY_ARE UINT32_MAX
typedef u32 record_change(void *records, u32 count, void *context);
bool records_change(const struct record_kind *k, const char *dir, const struct digest *module,
                    record_change *change, void *context, const char **why);

#endif
