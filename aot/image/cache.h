/*
 * The cache of images: names, who may be trusted, and the way from a guest file to its image.
 *
 *   images/TRANSLATOR/FINGERPRINT/KEY.so   images, named by what went into them
 *   index/ID                               for a guest file's device and inode: which image is its,
 *                                          and what both files were when their contents were
 *                                          compared last
 *   missed/MODULE                          addresses that runs missed in a module (missed.h)
 *   profile/MODULE                         what runs have sampled of a module (profile.h)
 *   handover/                              modules to be converted in the background (handover.h)
 *   lock                                   held shared by who publishes an image, exclusively by
 * who removes some (flock)
 *
 * TRANSLATOR, FINGERPRINT and KEY begin digests: of the translator, of a guest file's size and
 * first page, of all that went into the image. Nothing in a cache is changed: files are written
 * under another name and renamed.
 *
 * An index entry's time of modification says when its image was used last, to the day: a run that
 * finds it older than that touches it.
 *
 * An image is trusted if it and all directories of the cache above it belong to this user or to
 * root and nobody else can write them, and if its contents have been found to be what its header
 * says: now, or before, when the file was the same in device, inode, size and times.
 */
#ifndef AOT_IMAGE_CACHE_H
#define AOT_IMAGE_CACHE_H

#include "aot/abi/image.h"

#include <limits.h>
#include <sys/stat.h>

#define CACHE_SYSTEM "/var/cache/ferry" /* the system-wide one, read after the user's own */
#define CACHE_NAME   96                 /* room for a name inside a cache */
#define CACHE_HEAD   4096               /* bytes of a guest file that make its fingerprint */

/* What a file is as long as nobody touches it. */
struct file_id {
    u64 dev, ino, size;
    s64 mtime, ctime; /* ns */
};

struct file_id file_id_of(const struct stat *st);

/* $XDG_CACHE_HOME/ferry, or ~/.cache/ferry. False: there is no such name. */
bool cache_default(char *path, size_t size);

/* The absolute name of a cache that need not be there yet. False: errno says why there is none. */
bool cache_absolute(const char *name, char path[PATH_MAX]);

/* Makes a cache's directory and those above it, all can read the system's. Uses no heap. False:
 * errno says why. */
bool cache_make(const char *dir);

/* Of a guest file: its first bytes (up to CACHE_HEAD) and its size. */
struct digest cache_fingerprint(const void *head, size_t n, u64 size);

/* Of a whole file; false: it can't be read. */
bool cache_digest_file(int fd, u64 size, struct digest *out);

/* "images/TRANSLATOR/FINGERPRINT", and the image's own name behind it unless key is NULL. */
void cache_image_name(char name[CACHE_NAME], const struct digest *translator,
                      const struct digest *fingerprint, const struct digest *key);

/* What an image is looked up by. */
struct cache_query {
    const struct digest *translator;
    u64 features;             /* of this host: an image must need no others */
    const char *const *dir;   /* caches in the order in which they are asked, NULL at the end */
    const struct digest *key; /* NULL, or that of the only image that is wanted */
};

struct cache_found {
    int fd;                     /* of the image, read-only; the caller's */
    struct image_header header; /* checked by image_check */
    char path[PATH_MAX];
};

/*
 * The trusted image of the guest file that `fd` is open on. False: there is none; *why, if it isn't
 * NULL, says what is wrong with one that is not used. What was found out is written to the first
 * cache's index, if that can be done.
 */
bool cache_find(const struct cache_query *q, int fd, const struct stat *st, struct cache_found *out,
                const char **why);

/* Writes the index entry of a guest file in the cache `dir`, whose image has that name in it.
 * `path` is the guest file's on the host, "" if nobody knows. */
bool cache_remember(const char *dir, const struct digest *translator, const struct stat *module,
                    const struct stat *image, const char *name, const char *path);

/* What an index entry says. */
struct cache_entry {
    struct digest translator;
    struct file_id module, image;
    char name[CACHE_NAME]; /* of the image */
    char dir[PATH_MAX];    /* the cache that it is in; "": this one */
    char path[PATH_MAX];   /* of the guest file on the host; "": nobody knows */
    s64 used;              /* when: seconds since 1970, to the day */
};

/* Reads the index entry `name` of an index directory. False: it isn't whole, or not to be trusted.
 */
bool cache_read_entry(int index, const char *name, struct cache_entry *out);

/* It is this user's or root's, and nobody else can write it. */
bool cache_is_trusted(const struct stat *st);

/* The cache's folder of that name, made if there is none and `make`; -1: there is none that is to
 * be trusted. Uses no heap. */
int cache_folder(const char *dir, const char *name, bool make);

/* NULL, or what is wrong with an image's header, given the size of the file it came from. */
const char *image_check(const struct image_header *h, u64 file_size);

/* NULL, or what is wrong with the contents of the whole image. */
const char *image_check_contents(int fd, const struct image_header *h);

#endif
