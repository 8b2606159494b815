/*
 * One module: look whether its image is there, else make it and publish it.
 */
#include "aot/cmd/job.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "aot/cmd/publish.h"
#include "aot/cmd/say.h"
#include "aot/image/missed.h"
#include "aot/xlat.h"

#define MAX_FILE (UINT64_C(2) << 30) /* bytes of a module: all of it is read, for its digest */

/* --- opening ------------------------------------------------------------------------------------
 */

static const char *debug_root(const struct command_options *o, char path[PATH_MAX])
{
    const char *root = o->sysroot[0] || !o->root ? o->sysroot : o->root;
    if (snprintf(path, PATH_MAX, "%s/usr/lib/debug", root) >= PATH_MAX) return NULL;
    return path;
}

/* The addresses that runs have missed in this module, and that entries are wanted for. */
static void read_missed(struct job_module *j, const struct command_options *o)
{
    struct missed *missed;
    u32 count = o->cache ? cache_missed(o->cache, &j->digest, &missed) : 0;
    if (!count) return;
    u64 *pc = arena_alloc(&j->arena, count * sizeof *pc);
    for (u32 n = 0; n < count; n++)
        if (missed[n].kind != MISSED_RESUME) pc[j->options.missed_count++] = missed[n].pc;
    missed_free(missed, count);
    j->options.missed = pc;
}

/* A profile of fewer samples, half a second or so, says too little. One that has come to this many
 * times what it was is worth another conversion. */
#define PROFILE_LEAST 64
#define PROFILE_MORE  4

static void read_profile(struct job_module *j, const struct command_options *o, const char *path,
                         bool brief)
{
    struct profile_read *read = arena_alloc(&j->arena, sizeof *read);
    const char *why = NULL;
    if (!o->cache || o->profile == USE_NO_PROFILE) return;
    bool there = cache_profile(&j->arena, o->cache, &j->digest, read, &why);
    if (why && !brief) complain(path, "its profile is not used: %s", why);
    if (!there || !read->profile.samples) return;
    if (o->profile != USE_PROFILE && read->ever < PROFILE_LEAST) return;
    j->options.profile = &read->profile;
    j->options.profile_ever = read->ever;
}

/* Of other modules than the one that --count-only names nothing is counted. */
static void set_count_only(struct job_module *j, const char *path, const char *only)
{
    const char *slash = strrchr(path, '/'), *range = only ? strrchr(only, ':') : NULL;
    const char *name = slash ? slash + 1 : path;
    if (!range) return;
    j->options.count_high = 1;
    if (strlen(name) == (size_t)(range - only) && !strncmp(name, only, (size_t)(range - only)))
        sscanf(range, ":%lx-%lx", &j->options.count_low, &j->options.count_high);
}

static bool digest_debug_file(struct job_module *j)
{
    struct stat st;
    if (!j->m.debug_path) return true;
    int fd = open(j->m.debug_path, O_RDONLY | O_CLOEXEC);
    bool good =
        fd >= 0 && fstat(fd, &st) == 0 && cache_digest_file(fd, (u64)st.st_size, &j->options.debug);
    if (fd >= 0) close(fd);
    return good;
}

enum job_status job_open(struct job_module *j, const char *path, const struct command_options *o,
                         u64 features, const struct digest *digest, bool brief, char why[160])
{
    char debug[PATH_MAX];
    memset(j, 0, sizeof *j);
    arena_init(&j->arena);
    j->options.features = features;
    j->options.leave_out = o->leave_out;
    j->options.lines = true;
    j->options.insn_lines = o->insn_lines;
    set_count_only(j, path, o->count_only);
    why[0] = '\0';
    enum module_status status =
        brief ? module_open_brief(&j->arena, path, debug_root(o, debug), &j->m, why)
              : module_open(&j->arena, path, debug_root(o, debug), &j->m, why);
    if (status != MODULE_OK) return JOB_BAD;
    if (j->m.size > MAX_FILE) {
        snprintf(why, 160, "files of more than 2 GiB are left alone");
        return JOB_BAD;
    }
    if (stat(path, &j->st) || (u64)j->st.st_size != j->m.size) {
        snprintf(why, 160, "it changes while it is read");
        return JOB_BAD;
    }
    j->digest = digest ? *digest : blake2b_of(j->m.data, j->m.size);
    j->fingerprint =
        cache_fingerprint(j->m.data, j->m.size < CACHE_HEAD ? j->m.size : CACHE_HEAD, j->m.size);
    read_missed(j, o);
    read_profile(j, o, path, brief);
    if (digest_debug_file(j)) return JOB_MADE;
    snprintf(why, 160, "its debug file can't be read");
    return JOB_BAD;
}

void job_close(struct job_module *j)
{
    module_close(&j->m);
    arena_free(&j->arena);
}

enum job_status job_translate(struct job_module *j, struct converted *out, char why[160])
{
    switch (convert_module(&j->arena, &j->m, &j->digest, &j->options, out)) {
    case CONVERT_OK: return JOB_MADE;
    case CONVERT_NOTHING:
        snprintf(why, 160, "%s",
                 j->m.text_relocations ? "its code is changed when it is loaded (DT_TEXTREL)"
                                       : "it has no code");
        return JOB_NOTHING;
    default: snprintf(why, 160, "its image would be too big"); return JOB_NOTHING;
    }
}

/* --- is it there? -------------------------------------------------------------------------------
 */

/* The image is wanted, which is a use of it, however long ago the last run was. */
static void note_use(const struct command_options *o, const char *path, const struct stat *module,
                     const struct cache_found *found)
{
    const char *name = found->path + strlen(o->cache) + 1;
    struct stat st;
    if ((found->header.features & ~IMAGE_COUNTED) == xlat_host_features() &&
        fstat(found->fd, &st) == 0)
        cache_remember(o->cache, &found->header.translator, module, &st, name, path);
}

static bool find_image(const struct command_options *o, const char *path, const struct digest *key,
                       struct image_header *out)
{
    const struct digest translator = xlat_id();
    const char *const dirs[] = {o->cache, NULL};
    const struct cache_query q = {&translator, o->features, dirs, key};
    struct cache_found found;
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                cache_find(&q, fd, &st, &found, NULL);
    if (good) {
        *out = found.header;
        note_use(o, path, &st, &found);
        close(found.fd);
    }
    if (fd >= 0) close(fd);
    return good;
}

/* Bytes in executable sections, or in executable segments where there are no sections. */
static u64 text_size(const struct module *m)
{
    const Elf64_Ehdr *h = (const void *)m->data;
    u64 sum = 0;
    bool whole = h->e_shentsize == sizeof(Elf64_Shdr) && h->e_shoff % 8 == 0 &&
                 h->e_shoff <= m->size && h->e_shnum <= (m->size - h->e_shoff) / sizeof(Elf64_Shdr);
    const Elf64_Shdr *s = (const void *)(m->data + (whole ? h->e_shoff : 0));
    for (u32 n = 0; whole && n < h->e_shnum; n++)
        if (s[n].sh_type == SHT_PROGBITS && (s[n].sh_flags & SHF_EXECINSTR)) sum += s[n].sh_size;
    for (u32 n = 0; !sum && n < m->segment_count; n++)
        if (m->segment[n].flags & PF_X) sum += m->segment[n].filesz;
    return sum;
}

/* The profile would make no other image, or none that is worth the time. */
static bool is_profile_as_good(const struct command_options *o, const struct image_header *h,
                               const struct convert_options *now)
{
    switch ((enum use_profile)o->profile) {
    case USE_PROFILE: return false;
    case USE_NO_PROFILE: return !h->profile_samples;
    default: return !now->profile || now->profile_ever < PROFILE_MORE * h->profile_ever;
    }
}

/* Whether the cache has the very image that conversion would make, or one that only a little more
 * of a profile would change: what is known of the file by its index entry is enough to tell. */
static bool is_there(const struct command_options *o, const char *path, struct job_result *out)
{
    struct job_module j;
    bool known = find_image(o, path, NULL, &out->header);
    enum job_status status =
        job_open(&j, path, o, o->features, known ? &out->header.module : NULL, true, out->why);
    bool there = false;
    if (status == JOB_MADE) {
        struct digest key = convert_key(&j.digest, &j.options);
        struct digest rest = convert_rest(&j.digest, &j.options);
        there = known && !memcmp(&key, &out->header.key, sizeof key);
        if (known && !there && !memcmp(&rest, &out->header.rest, sizeof rest) &&
            is_profile_as_good(o, &out->header, &j.options)) {
            there = true;
            key = out->header.key;
        }
        if (!there) there = find_image(o, path, &key, &out->header);
        cache_image_name(out->name, &out->header.translator, &j.fingerprint, &key);
        out->text = text_size(&j.m);
    }
    job_close(&j);
    return there;
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static int publish(const struct command_options *o, const struct input *in, struct job_module *j,
                   struct converted *c, char name[CACHE_NAME])
{
    if (o->output) return publish_file(o->output, c);
    return publish_image(o->cache, &j->fingerprint, c, &j->st, in->host, name);
}

static bool is_unchanged(const char *path, const struct stat *before)
{
    struct stat st;
    if (stat(path, &st)) return false;
    struct file_id a = file_id_of(before), b = file_id_of(&st);
    return !memcmp(&a, &b, sizeof a);
}

static enum job_status make(const struct command_options *o, const struct input *in,
                            struct job_result *out)
{
    struct job_module j;
    struct converted c;
    const char *why = o->output ? NULL : store_prepare(o->cache);
    if (why) { /* known before all the work */
        snprintf(out->why, sizeof out->why, "%s", why);
        return JOB_CACHE;
    }
    enum job_status status = job_open(&j, in->host, o, o->features, NULL, false, out->why);
    if (status == JOB_MADE) status = job_translate(&j, &c, out->why);
    if (status == JOB_MADE && !is_unchanged(in->host, &j.st)) {
        snprintf(out->why, sizeof out->why, "it changes while it is read");
        status = JOB_BAD;
    }
    if (status == JOB_MADE) {
        int error = publish(o, in, &j, &c, out->name);
        if (error) snprintf(out->why, sizeof out->why, "%s", strerror(error));
        if (error) status = JOB_CACHE;
        out->header = c.header;
        out->text = text_size(&j.m);
    }
    job_close(&j);
    return status;
}

void job_convert(const struct command_options *o, const struct input *in, struct job_result *out)
{
    bool looks = !o->force && !o->output;
    out->status = looks && is_there(o, in->host, out) ? JOB_THERE : make(o, in, out);
}
