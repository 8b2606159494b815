/*
 * `ferry profile show|merge|clear`: what runs have sampled of modules, by the names of functions.
 */
#include "aot/cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aot/cmd/closure.h"
#include "aot/cmd/functions.h"
#include "aot/cmd/guestfs.h"
#include "aot/cmd/options.h"
#include "aot/cmd/say.h"
#include "aot/image/cache.h"
#include "aot/image/missed.h"
#include "aot/image/profile.h"

#define SHOWN 20 /* of each list */

/* --- one module ---------------------------------------------------------------------------------
 */

struct shown_module {
    const struct input *input;
    struct profile_read read;
    u32 missed;
    struct functions functions;
};

struct hot {
    u64 pc, to;
    u64 count;
    u8 kind;
};

static int by_count(const void *a, const void *b)
{
    const struct hot *x = a, *y = b;
    if (x->count != y->count) return x->count > y->count ? -1 : 1;
    return x->pc < y->pc ? -1 : x->pc > y->pc;
}

static const char *name_of(struct arena *arena, const struct shown_module *s, u64 pc)
{
    return functions_name(arena, &s->functions, pc);
}

static void print_functions(struct arena *arena, const struct shown_module *s)
{
    const struct profile *p = &s->read.profile;
    struct hot_function *hot;
    u32 count = functions_by_samples(arena, &s->functions, p, &hot);
    if (count) printf("  %9s %8s  function\n", "samples", "share");
    for (u32 n = 0; n < count && n < SHOWN; n++)
        printf("  %9llu %6.1f %%  %s\n", (unsigned long long)hot[n].samples,
               percent(hot[n].samples, p->samples), name_of(arena, s, hot[n].pc));
}

static void print_calls(struct arena *arena, const struct shown_module *s)
{
    const struct profile *p = &s->read.profile;
    struct hot *hot = arena_alloc(arena, (p->call_count + 1) * sizeof *hot);
    for (u32 n = 0; n < p->call_count; n++)
        hot[n] = (struct hot){p->call[n].from, p->call[n].to, p->call[n].samples, 0};
    qsort(hot, p->call_count, sizeof *hot, by_count);
    if (p->call_count) printf("  %9s %8s  call\n", "samples", "share");
    for (u32 n = 0; n < p->call_count && n < SHOWN; n++)
        printf("  %9llu %6.1f %%  %s -> %s\n", (unsigned long long)hot[n].count,
               percent(hot[n].count, p->samples), name_of(arena, s, hot[n].pc),
               name_of(arena, s, hot[n].to));
}

static const char *kind_text(unsigned kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        PROFILE_KINDS(X)
#undef X
    };
    return texts[kind];
}

static void print_repairs(struct arena *arena, const struct shown_module *s)
{
    struct hot *hot = arena_alloc(arena, (s->read.count + 1) * sizeof *hot);
    u32 count = 0;
    for (u32 n = 0; n < s->read.count; n++) {
        const struct profile_record *r = &s->read.record[n];
        if (r->kind > PROFILE_CALL && !profile_is_about_tiers(r))
            hot[count++] = (struct hot){r->pc, r->to, r->count, r->kind};
    }
    qsort(hot, count, sizeof *hot, by_count);
    for (u32 n = 0; n < count && n < SHOWN; n++) {
        printf("  %9llu  %s at %s", (unsigned long long)hot[n].count, kind_text(hot[n].kind),
               name_of(arena, s, hot[n].pc));
        if (hot[n].to) printf(" (%s)", name_of(arena, s, hot[n].to));
        putchar('\n');
    }
}

static void print_module(const struct shown_module *s)
{
    struct arena arena;
    struct shown name;
    arena_init(&arena);
    printf("%s: %llu samples (%llu ever), %u addresses missed\n", shown(&name, s->input->guest),
           (unsigned long long)s->read.profile.samples, (unsigned long long)s->read.ever,
           s->missed);
    print_functions(&arena, s);
    print_calls(&arena, s);
    print_repairs(&arena, s);
    arena_free(&arena);
}

/* --- show ---------------------------------------------------------------------------------------
 */

static bool digest_of(const char *path, struct digest *out)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
                cache_digest_file(fd, (u64)st.st_size, out);
    if (!good) complain(path, "%s", strerror(errno));
    if (fd >= 0) close(fd);
    return good;
}

/* False: it has no profile. */
static bool read_module(struct shown_module *s, struct arena *arena,
                        const struct command_options *o, bool *good)
{
    struct digest digest;
    struct missed *missed;
    const char *why;
    if (!digest_of(s->input->host, &digest)) {
        *good = false;
        return false;
    }
    bool there = cache_profile(arena, o->cache, &digest, &s->read, &why);
    if (why) complain(s->input->guest, "its profile is not used: %s", why);
    if (!there) return false;
    s->missed = cache_missed(o->cache, &digest, &missed);
    missed_free(missed, s->missed);
    functions_open(&s->functions, arena, s->input->host);
    return true;
}

static int by_samples(const void *a, const void *b)
{
    const struct shown_module *x = a, *y = b;
    u64 i = x->read.profile.samples, j = y->read.profile.samples;
    return i != j ? (i > j ? -1 : 1) : strcmp(x->input->guest, y->input->guest);
}

static int show(const struct command_options *o, int count, char **words)
{
    struct inputs in;
    struct arena arena;
    bool good = true;
    u32 found = 0;
    arena_init(&arena);
    inputs_init(&in, &arena, o->sysroot);
    for (int n = 0; n < count; n++) good &= inputs_add_program(&in, words[n]);
    struct shown_module *s = arena_zalloc(&arena, (in.count + 1) * sizeof *s);
    for (u32 n = 0; n < in.count; n++) {
        s[found].input = in.item[n];
        found += read_module(&s[found], &arena, o, &good);
    }
    qsort(s, found, sizeof *s, by_samples);
    for (u32 n = 0; n < found; n++) print_module(&s[n]);
    if (!found && in.count) puts("no profiles");
    for (u32 n = 0; n < found; n++) functions_close(&s[n].functions);
    arena_free(&arena);
    return fflush(stdout) || !good ? 1 : 0;
}

/* --- merge and clear ----------------------------------------------------------------------------
 */

static bool is_same(const char *a, const char *b)
{
    struct stat x, y;
    return !stat(a, &x) && !stat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int merge(const struct command_options *o, int count, char **words)
{
    bool good = true;
    if (!cache_make(o->cache)) {
        complain(o->cache, "%s", strerror(errno));
        return 1;
    }
    for (int n = 0; n < count; n++) {
        u32 modules = 0;
        bool left_out = false;
        if (access(words[n], R_OK | X_OK)) {
            complain(words[n], "%s", strerror(errno));
            good = false;
        } else if (is_same(o->cache, words[n])) {
            complain(words[n], "this is the cache that profiles are to be added to");
            good = false;
        } else if (!cache_merge_profiles(o->cache, words[n], &modules, &left_out)) {
            complain(o->cache, "not all profiles of %s can be written", words[n]);
            good = false;
        } else if (!o->quiet) {
            printf("%s: profiles of %u modules\n", words[n], modules);
        }
        if (left_out)
            complain(words[n], "not all of its profiles are used: they are damaged, of another "
                               "version, or somebody else may have written them");
        good &= !left_out;
    }
    return fflush(stdout) || !good ? 1 : 0;
}

static int clear(const struct command_options *o, int count, char **words)
{
    struct guest_file f;
    struct digest digest;
    const char *why = NULL;
    bool good = true;
    u32 removed = count ? 0 : cache_clear_profiles(o->cache, NULL);
    for (int n = 0; n < count; n++) {
        bool known = guest_programs(o->sysroot, words[n], &f, 1, &why) != 0;
        if (!known) complain(words[n], "%s", why);
        if (known && digest_of(f.host, &digest))
            removed += cache_clear_profiles(o->cache, &digest);
        else
            good = false;
    }
    if (!o->quiet) printf("%u profiles removed\n", removed);
    return fflush(stdout) || !good ? 1 : 0;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int usage(const char *what)
{
    complain_all("%s; see ferry profile --help", what);
    return 2;
}

int command_profile(int argc, char **argv)
{
    struct command_options o;
    int count = options_read(COMMAND_PROFILE, argc, argv, &o);
    if (count < 0) return count == -1 ? 0 : 2;
    if (!count) return usage("profile: show, merge or clear?");
    if (!o.cache) return usage("no HOME, so no cache; name one with --cache");
    const char *verb = argv[0];
    if (!strcmp(verb, "clear")) return clear(&o, count - 1, argv + 1);
    if (!strcmp(verb, "show") && count == 1) return usage("profile show: of which program?");
    if (!strcmp(verb, "show")) return show(&o, count - 1, argv + 1);
    if (strcmp(verb, "merge")) return usage("profile: show, merge or clear?");
    if (count == 1) return usage("profile merge: from which caches?");
    return merge(&o, count - 1, argv + 1);
}
