/*
 * The names in --native's list. One that there is no binding of would change nothing, unseen: so it
 * ends the program, with the name that was meant, if that can be told.
 */
#include "hostlibs/hostlibs.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A library's name without "lib" and from ".so" on. */
struct stem {
    const char *at;
    size_t length;
};

static struct stem stem_of(const char *name)
{
    const char *at = strncmp(name, "lib", 3) == 0 ? name + 3 : name, *end = strstr(at, ".so");

    return (struct stem){at, end != NULL ? (size_t)(end - at) : strlen(at)};
}

static bool begins(struct stem a, struct stem b)
{
    return b.length <= a.length && memcmp(a.at, b.at, b.length) == 0;
}

/* How near a candidate is; 0: not at all. */
static u32 nearness(const char *name, const char *candidate)
{
    struct stem a = stem_of(name), b = stem_of(candidate);

    if (a.length == b.length && begins(a, b)) return 3;
    if (a.length != 0 && begins(b, a)) return 2;
    return b.length != 0 && begins(a, b) ? 1 : 0;
}

static bool has_binding(const char *directory, const char *name)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/%s/binding", directory, name) < (int)sizeof(path) &&
           access(path, F_OK) == 0;
}

static bool is_known(const char *name)
{
    const char *directory;

    for (unsigned n = 0; (directory = native_directory(n)) != NULL; n++)
        if (directory[0] == '/' && has_binding(directory, name)) return true;
    return false;
}

struct nearest {
    char name[256], directory[PATH_MAX]; /* "": none; the last one with bindings */
    u32 nearness;
};

static void look_in(const char *directory, const char *name, struct nearest *best)
{
    DIR *d = opendir(directory);

    for (const struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        u32 now = e->d_name[0] != '.' && has_binding(directory, e->d_name)
                      ? nearness(name, e->d_name)
                      : 0;

        snprintf(best->directory, sizeof(best->directory), "%s", directory);
        if (now < best->nearness || now == 0) continue;
        /* Of several that are as near, always the same one. */
        if (now == best->nearness && strcmp(e->d_name, best->name) > 0) continue;
        snprintf(best->name, sizeof(best->name), "%s", e->d_name);
        best->nearness = now;
    }
    if (d != NULL) closedir(d);
}

static void __attribute__((noreturn)) refuse(const char *name)
{
    static struct nearest best;
    const char *directory;

    for (unsigned n = 0; (directory = native_directory(n)) != NULL; n++)
        if (directory[0] == '/') look_in(directory, name, &best);
    if (best.name[0] != '\0')
        native_refuse("--native: there is no binding of %s; did you mean %s?", name, best.name);
    if (best.directory[0] != '\0')
        native_refuse("--native: there is no binding of %s; those that there are lie in %s", name,
                      best.directory);
    native_refuse("--native: there is no binding of %s, nor any other; ferry bind makes them", name);
}

void names_check(void)
{
    const char *at = native_policy();
    char name[256];

    if (strcmp(at, "auto") == 0) return;
    while (*at != '\0') {
        size_t n = strcspn(at, ",");

        snprintf(name, sizeof(name), "%.*s", (int)(n < sizeof(name) ? n : sizeof(name)), at);
        if (n != 0 && !is_known(name)) refuse(name);
        at += n + (at[n] == ',');
    }
}
