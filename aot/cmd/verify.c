/*
 * Whether images are what they were when they were written, by the digest in their header; and
 * whether they are what their module gives when it is converted again.
 */
#include "aot/cmd/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aot/cmd/job.h"
#include "aot/cmd/pool.h"
#include "aot/cmd/say.h"
#include "aot/cmd/store.h"

enum outcome { VERIFY_GOOD, VERIFY_SKIPPED, VERIFY_BAD };

struct verdict {
    u8 outcome; /* enum outcome */
    char why[160];
};

struct subject {
    const char *path;   /* of the image */
    const char *module; /* or NULL */
    u64 size;
    u8 state; /* enum image_state */
};

struct verification {
    const struct command_options *o;
    struct subject *subject;
    u32 count;
    u32 by[VERIFY_BAD + 1];
};

static void conclude(struct verdict *v, enum outcome outcome, const char *why)
{
    v->outcome = (u8)outcome;
    snprintf(v->why, sizeof v->why, "%s", why);
}

/* --- one image ----------------------------------------------------------------------------------
 */

static bool same_contents(int a, int b, u64 size)
{
    struct stat st;
    if (fstat(b, &st) || (u64)st.st_size != size) return false;
    void *x = mmap(NULL, size, PROT_READ, MAP_PRIVATE, a, 0);
    void *y = mmap(NULL, size, PROT_READ, MAP_PRIVATE, b, 0);
    bool same = x != MAP_FAILED && y != MAP_FAILED && !memcmp(x, y, size);
    if (x != MAP_FAILED) munmap(x, size);
    if (y != MAP_FAILED) munmap(y, size);
    return same;
}

/* Makes the image again, in memory. */
static void compare_again(struct job_module *j, int fd, u64 size, struct verdict *v)
{
    struct converted c;
    if (job_translate(j, &c, v->why) != JOB_MADE) {
        v->outcome = VERIFY_BAD;
        return;
    }
    int again = memfd_create("image", MFD_CLOEXEC);
    int error = again < 0 ? errno : image_write(again, &c.header, c.bytes, &c.debug);
    if (error)
        conclude(v, VERIFY_SKIPPED, strerror(error));
    else if (!same_contents(fd, again, size))
        conclude(v, VERIFY_BAD, "it is not what its module gives");
    if (again >= 0) close(again);
}

/* What the image was made by, which it holds; false: that makes no sense. */
static bool take_profile(struct job_module *j, int fd, const struct image_header *h)
{
    struct profile_read *read = arena_alloc(&j->arena, sizeof *read);
    j->options.profile = NULL;
    if (!h->profile_samples) return true;
    if (h->profile_size > h->file_size) return false;
    void *records = arena_alloc(&j->arena, h->profile_size + 1);
    if (pread(fd, records, h->profile_size, (off_t)h->profile_at) != (ssize_t)h->profile_size ||
        !profile_of_records(&j->arena, records, h->profile_size, read))
        return false;
    j->options.profile = &read->profile;
    j->options.profile_ever = read->ever;
    return true;
}

static void compile_again(const struct command_options *o, const struct subject *s, int fd,
                          const struct image_header *h, struct verdict *v)
{
    struct job_module j;
    if (!s->module || s->state != IMAGE_GOOD) {
        conclude(v, VERIFY_SKIPPED, "its module is not known");
        return;
    }
    if (job_open(&j, s->module, o, h->features, NULL, false, v->why) != JOB_MADE) {
        v->outcome = VERIFY_SKIPPED;
    } else if (!take_profile(&j, fd, h)) {
        conclude(v, VERIFY_BAD, "its profile makes no sense");
    } else {
        struct digest key = convert_key(&j.digest, &j.options);
        if (memcmp(&key, &h->key, sizeof key))
            conclude(v, VERIFY_SKIPPED, "made from another module, debug file or list of misses");
        else
            compare_again(&j, fd, h->file_size, v);
    }
    job_close(&j);
}

static void verify_one(void *context, u32 n, void *result)
{
    struct verification *c = context;
    const struct subject *s = &c->subject[n];
    struct verdict *v = result;
    struct image_header h;
    struct stat st;
    int fd = open(s->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st)) {
        conclude(v, VERIFY_BAD, strerror(errno));
    } else if (s->state == IMAGE_FOREIGN) {
        conclude(v, VERIFY_SKIPPED, "of another Ferry");
    } else {
        bool whole = pread(fd, &h, sizeof h, IMAGE_HEADER_AT) == sizeof h;
        const char *why = whole ? image_check(&h, (u64)st.st_size) : "no image of Ferry's";
        if (!why) why = image_check_contents(fd, &h);
        if (why)
            conclude(v, VERIFY_BAD, why);
        else if (c->o->compile)
            compile_again(c->o, s, fd, &h, v);
    }
    if (fd >= 0) close(fd);
}

static bool verified(void *context, u32 n, const struct pool_end *end)
{
    struct verification *c = context;
    static const struct verdict died = {VERIFY_BAD, "the check was ended by a signal"};
    const struct verdict *v = end->result ? end->result : &died;
    struct shown name;
    c->by[v->outcome]++;
    if (v->outcome == VERIFY_BAD)
        complain(c->subject[n].path, "%s", v->why);
    else if (v->outcome == VERIFY_SKIPPED && !c->o->quiet)
        printf("%s: not compared: %s\n",
               shown(&name, c->subject[n].module ? c->subject[n].module : c->subject[n].path),
               v->why);
    return true;
}

/* --- which --------------------------------------------------------------------------------------
 */

static void add_stored(struct verification *c, struct arena *arena, const struct stored_image *i)
{
    c->subject[c->count++] = (struct subject){format_text(arena, "%s/%s", c->o->cache, i->name),
                                              i->path, i->size, i->state};
}

/* What of the cache a file names; or it is an image elsewhere. */
static bool add_file(struct verification *c, struct arena *arena, const struct stored_images *all,
                     const char *file)
{
    char path[PATH_MAX], image[PATH_MAX + CACHE_NAME];
    u32 before = c->count;
    if (!realpath(file, path)) {
        complain(file, "%s", strerror(errno));
        return false;
    }
    for (u32 n = 0; n < all->count; n++) {
        const struct stored_image *i = &all->image[n];
        snprintf(image, sizeof image, "%s/%s", c->o->cache, i->name);
        if (!strcmp(image, path) || (i->path && !strcmp(i->path, path))) add_stored(c, arena, i);
    }
    if (c->count == before)
        c->subject[c->count++] =
            (struct subject){format_text(arena, "%s", path), NULL, 0, IMAGE_UNKNOWN};
    return true;
}

int verify_images(const struct command_options *o, int count, char **files)
{
    struct verification c = {.o = o};
    struct stored_images all;
    struct arena arena;
    bool good = true;
    arena_init(&arena);
    store_read(o->cache, &arena, &all);
    c.subject = arena_alloc(&arena, ((size_t)count + 1) * (all.count + 1) * sizeof *c.subject);
    for (u32 n = 0; n < all.count && !count; n++) add_stored(&c, &arena, &all.image[n]);
    for (int n = 0; n < count; n++) good &= add_file(&c, &arena, &all, files[n]);
    struct pool p = {.jobs = o->jobs,
                     .count = c.count,
                     .result_size = sizeof(struct verdict),
                     .context = &c,
                     .run = verify_one,
                     .done = verified};
    int ended = c.count ? pool_run(&p) : 0;
    if (!o->quiet)
        printf("%u images are good, %u were not compared, %u are bad\n", c.by[VERIFY_GOOD],
               c.by[VERIFY_SKIPPED], c.by[VERIFY_BAD]);
    fflush(stdout);
    arena_free(&arena);
    return ended > 0 ? 128 + ended : ended || !good || c.by[VERIFY_BAD] ? 1 : 0;
}
