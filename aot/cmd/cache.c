/*
 * `ferry cache list|verify|prune|path`.
 */
#include "aot/cmd/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aot/cmd/json.h"
#include "aot/cmd/options.h"
#include "aot/cmd/say.h"
#include "aot/cmd/store.h"
#include "aot/cmd/verify.h"
#include "aot/xlat.h"

#define PRUNE_TRIES 100 /* tenths of a second */

static const char *const state_names[] = {
    [IMAGE_GOOD] = "good",      [IMAGE_UNKNOWN] = "unknown", [IMAGE_FOREIGN] = "other Ferry",
    [IMAGE_GONE] = "no module", [IMAGE_BROKEN] = "broken",
};

/* --- list ---------------------------------------------------------------------------------------
 */

struct features_text {
    char text[256];
};

static const char *features_text(struct features_text *t, u64 features)
{
    size_t n = 0;
    snprintf(t->text, sizeof t->text, "none");
    for (unsigned bit = 0; bit < 64; bit++) {
        const char *name = features >> bit & 1 ? xlat_feature_name(bit) : NULL;
        if (!name || n + 16 > sizeof t->text) continue;
        n += (size_t)snprintf(t->text + n, sizeof t->text - n, "%s%s", n ? "," : "", name);
    }
    return t->text;
}

static void print_date(s64 seconds)
{
    char text[32];
    time_t t = (time_t)seconds;
    struct tm tm;
    localtime_r(&t, &tm);
    strftime(text, sizeof text, "%Y-%m-%d", &tm);
    printf("  %s", text);
}

static void print_image(const struct stored_image *i)
{
    struct features_text features;
    struct size_text size;
    struct shown name;
    bool usual = i->header.features == xlat_host_features();
    printf("%10s", size_text(&size, i->size));
    print_date(i->made);
    print_date(i->used);
    printf("  %-11s  %-9s  %s\n", state_names[i->state],
           i->state == IMAGE_FOREIGN || i->state == IMAGE_BROKEN ? "-"
           : usual                                               ? "this host"
                   : features_text(&features, i->header.features),
           shown(&name, i->path ? i->path : i->name));
}

static void print_list(const char *dir, const struct stored_images *all)
{
    struct size_text size;
    if (all->count)
        printf("%10s  %-10s  %-10s  %-11s  %-9s  module\n", "size", "made", "used", "state",
               "features");
    for (u32 n = 0; n < all->count; n++) print_image(&all->image[n]);
    printf("%u images, %s, in %s\n", all->count, size_text(&size, all->size), dir);
}

static void print_json(const char *dir, const struct stored_images *all)
{
    struct features_text features;
    struct json j = {.file = stdout};
    json_open(&j, NULL, '{');
    json_string(&j, "cache", dir);
    json_number(&j, "size", all->size);
    json_open(&j, "images", '[');
    for (u32 n = 0; n < all->count; n++) {
        const struct stored_image *i = &all->image[n];
        json_open(&j, NULL, '{');
        json_string(&j, "image", i->name);
        json_string(&j, "module", i->path);
        json_string(&j, "state", state_names[i->state]);
        json_string(&j, "features", features_text(&features, i->header.features));
        json_number(&j, "size", i->size);
        json_number(&j, "made", (u64)i->made);
        json_number(&j, "used", (u64)i->used);
        json_close(&j, '}');
    }
    json_close(&j, ']');
    json_close(&j, '}');
    putchar('\n');
}

static int list(const struct command_options *o)
{
    struct stored_images all;
    struct arena arena;
    arena_init(&arena);
    store_read(o->cache, &arena, &all);
    if (o->json)
        print_json(o->cache, &all);
    else
        print_list(o->cache, &all);
    arena_free(&arena);
    return fflush(stdout) ? 1 : 0;
}

/* --- prune --------------------------------------------------------------------------------------
 */

static int prune(const struct command_options *o)
{
    const struct timespec wait = {0, 100000000};
    struct store_removed removed;
    struct size_text size, left;
    bool done = false;
    for (unsigned n = 0; !done && n < PRUNE_TRIES; n++) {
        if (n) nanosleep(&wait, NULL);
        errno = 0;
        done = store_trim(o->cache, o->cap, INT64_MAX, true, &removed);
        if (!done && errno != EWOULDBLOCK) break;
    }
    if (!done && errno == ENOENT) return 0; /* no cache, nothing to take out */
    if (!done) {
        complain(o->cache, "%s",
                 errno == EWOULDBLOCK ? "others write to it; try again later" : strerror(errno));
        return 1;
    }
    if (!o->quiet)
        printf("%u images removed, %s; %s left\n", removed.count, size_text(&size, removed.size),
               size_text(&left, removed.left));
    return 0;
}

/* --- the command --------------------------------------------------------------------------------
 */

static int usage(const char *what)
{
    complain_all("%s; see ferry cache --help", what);
    return 2;
}

int command_cache(int argc, char **argv)
{
    struct command_options o;
    int count = options_read(COMMAND_CACHE, argc, argv, &o);
    if (count < 0) return count == -1 ? 0 : 2;
    if (!count) return usage("cache: list, verify, prune or path?");
    if (!o.cache) return usage("no HOME, so no cache; name one with --cache");
    const char *verb = argv[0];
    if (strcmp(verb, "verify") && count > 1) return usage("cache: one word is enough");
    if (!strcmp(verb, "list")) return list(&o);
    if (!strcmp(verb, "verify")) return verify_images(&o, count - 1, argv + 1);
    if (!strcmp(verb, "prune")) return prune(&o);
    if (strcmp(verb, "path")) return usage("cache: list, verify, prune or path?");
    puts(o.cache);
    return 0;
}
