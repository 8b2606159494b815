/* /etc/ld.so.cache, without which every program's start looks for its libraries in one directory
 * after the other. libc-bin's trigger makes it by `ldconfig -r DIR`, and so does this: with the
 * ldconfig that the sysroot has, under Ferry or, if it is of the host's architecture, as it is. It
 * also makes links by soname that packages left to it, and keeps /var/cache/ldconfig/aux-cache.
 *
 * With -r no name leads out of DIR: ldconfig changes its root or, without the right to do that,
 * puts DIR before every name by itself. `ferry run --sysroot` would not do: the sysroot's
 * /usr/local and /var show what the host has there, too.
 */
#include "tools/sysroot/sysroot.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "aot/cmd/installed.h"

/* NULL: there is none. Ubuntu's ldconfig is a script, which would start the host's .real one. */
static char *find_ldconfig(const struct sysroot *s)
{
    static const char *const names[] = {"ldconfig.real", "ldconfig"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = format("%s/sbin/%s", s->dir, names[i]);
        if (exists(path)) return path;
        free(path);
    }
    return NULL;
}

static void say_not_made(const struct sysroot *s, const char *why)
{
    if (starts_with(why, "E: ")) why += 3;
    plain(s, "%s/etc/ld.so.cache: not made or not up to date: %s", s->dir, why);
}

/* Runs it with no environment: neither options of Ferry's nor the loader's are meant for it. */
static void run_ldconfig(const struct sysroot *s, const char *const *argv)
{
    struct command c = {.argv = argv, .bare = true, .input = -1};
    int status = run_command(&c);
    struct strings said = split(c.err, "\n");
    if (status && said.count) {
        say_not_made(s, said.item[said.count - 1]); /* what comes before are warnings */
    } else if (status) {
        char *why = format("ldconfig ended with status %d", status);
        say_not_made(s, why);
        free(why);
    }
    free_strings(&said);
    free(c.out);
    free(c.err);
}

void make_library_cache(const struct sysroot *s)
{
    char ferry[PATH_MAX + 32], *ldconfig = find_ldconfig(s);
    if (!ldconfig) return;
    const char *const hosts[] = {ldconfig, "-r", s->dir, NULL};
    const char *const guests[] = {ferry,    "run", "--no-cache", "--no-profile",
                                  ldconfig, "-r",  s->dir,       NULL};
    if (!strcmp(s->arch, "amd64"))
        run_ldconfig(s, hosts);
    else if (!strcmp(s->arch, "arm64") && installed_find("ferry", ferry, sizeof ferry))
        run_ldconfig(s, guests);
    else if (!strcmp(s->arch, "arm64"))
        say_not_made(s, "the program ferry is not beside this one");
    free(ldconfig);
}
