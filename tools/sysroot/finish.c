/* What the packages' maintainer scripts would have made, made from the packages' own data:
 * alternatives (from the update-alternatives lines of the scripts), users and groups (base-passwd's
 * masters), name service files, the bundle of CA certificates. Only the cache of libraries is made
 * by a program of the packages' (ldconfig.c).
 * Every step may be repeated; files a user has changed are left alone.
 */
#include "tools/sysroot/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- alternatives ----------------------------------------------------------------------------- */

struct alternative {
    char *name, *link, *path;
    long priority; /* a slave has its master's */
};

struct alternatives {
    struct alternative *item;
    size_t count, room;
};

/* Takes (link, name, path) if all are literal and the package really has the path. */
static void take_alternative(const struct sysroot *s, struct alternatives *all, char *const *word,
                             long priority)
{
    char *path = format("%s%s", s->dir, word[2]);
    bool usable = word[0][0] == '/' && word[2][0] == '/' && !strchr(word[0], '$') &&
                  !strchr(word[1], '$') && !strchr(word[1], '/') && exists(path);
    free(path);
    if (!usable) return;
    if (all->count == all->room) {
        all->room = all->room ? 2 * all->room : 64;
        all->item = xrealloc(all->item, all->room * sizeof *all->item);
    }
    all->item[all->count++] =
        (struct alternative){xstrdup(word[1]), xstrdup(word[0]), xstrdup(word[2]), priority};
}

/* One update-alternatives command, its continuation lines joined. */
static void take_command(const struct sysroot *s, struct alternatives *all, const char *line)
{
    struct strings words = split(line, " \t\"';");
    long priority = 0;
    for (size_t i = 0; i < words.count; i++) {
        if (!strcmp(words.item[i], "--install") && i + 4 < words.count) {
            priority = strtol(words.item[i + 4], NULL, 10);
            take_alternative(s, all, &words.item[i + 1], priority);
        } else if (!strcmp(words.item[i], "--slave") && i + 3 < words.count) {
            take_alternative(s, all, &words.item[i + 1], priority);
        }
    }
    free_strings(&words);
}

static void take_script(const struct sysroot *s, struct alternatives *all, const char *path)
{
    char *text = read_file(path);
    if (!text) return;
    for (char *p = text; (p = strstr(p, "\\\n"));) p[0] = p[1] = ' ';
    struct strings lines = split(text, "\n");
    for (size_t i = 0; i < lines.count; i++)
        if (strstr(lines.item[i], "update-alternatives")) take_command(s, all, lines.item[i]);
    free_strings(&lines);
    free(text);
}

/* By name; the one that wins first: higher priority, then the path's order to be definite. */
static int compare_alternatives(const void *a, const void *b)
{
    const struct alternative *x = a, *y = b;
    int by_name = strcmp(x->name, y->name);
    if (by_name) return by_name;
    if (x->priority != y->priority) return x->priority > y->priority ? -1 : 1;
    return strcmp(x->path, y->path);
}

/* Makes the symbolic link name -> target, both absolute within the sysroot, or replaces what link
 * is there; what is not a link is left alone. The link is relative: so it also leads to the right
 * place for programs that look at the sysroot from outside (the host's, qemu-user). */
static void put_link(const struct sysroot *s, const char *target, const char *name)
{
    struct stat st;
    char *folder = format("%s%.*s", s->dir, (int)strcspn(name + 1, "/") + 1, name);
    bool merged = lstat(folder, &st) == 0 && S_ISLNK(st.st_mode); /* /lib/x is in /usr/lib */
    char *path = format("%s%s", s->dir, name), *relative = xstrdup(target + 1);
    free(folder);
    if (merged) {
        free(relative);
        relative = format("../%s", target + 1);
    }
    for (const char *p = name + 1; (p = strchr(p, '/')); p++) {
        char *more = format("../%s", relative);
        free(relative);
        relative = more;
    }
    bool ours = lstat(path, &st) != 0 || S_ISLNK(st.st_mode);
    char *aside = format("%s.part", path);
    folder = xstrdup(path);
    *strrchr(folder, '/') = 0;
    make_dirs(folder);
    unlink(aside);
    if (ours && (symlink(relative, aside) || rename(aside, path)))
        die("%s: %s", path, strerror(errno));
    free(folder);
    free(aside);
    free(relative);
    free(path);
}

static void make_alternatives(const struct sysroot *s)
{
    struct alternatives all = {0};
    struct dirent **entries;
    char *info = format("%s/var/lib/dpkg/info", s->dir);
    int n = scandir(info, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = format("%s/%s", info, entries[i]->d_name);
        if (ends_with(path, ".postinst")) take_script(s, &all, path);
        free(path);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    if (all.count) qsort(all.item, all.count, sizeof *all.item, compare_alternatives);
    for (size_t i = 0; i < all.count; i++) {
        struct alternative *a = &all.item[i];
        if (i && !strcmp(a->name, all.item[i - 1].name)) continue;
        char *choice = format("/etc/alternatives/%s", a->name);
        put_link(s, a->path, choice);
        put_link(s, choice, a->link);
        free(choice);
    }
    for (size_t i = 0; i < all.count; i++) {
        free(all.item[i].name);
        free(all.item[i].link);
        free(all.item[i].path);
    }
    free(all.item);
    free(info);
}

/* --- files ------------------------------------------------------------------------------------ */

/* Writes text to a file of the sysroot that is not there yet. */
static void put_file(const struct sysroot *s, const char *name, const char *text)
{
    char *path = format("%s%s", s->dir, name);
    if (text && !exists(path)) write_file(path, text);
    free(path);
}

static char *read_inside(const struct sysroot *s, const char *name)
{
    char *path = format("%s%s", s->dir, name), *text = read_file(path);
    free(path);
    return text;
}

/* Users and groups as base-passwd makes them, and who runs this if it is not among them. */
static void make_users(const struct sysroot *s)
{
    char *users = read_inside(s, "/usr/share/base-passwd/passwd.master");
    char *groups = read_inside(s, "/usr/share/base-passwd/group.master");
    const struct passwd *me = getuid() ? getpwuid(getuid()) : NULL;
    char *key = format("\n%s:", me ? me->pw_name : "root");
    bool known = !me || (users && strstr(users, key));
    char *mine = known ? xstrdup("")
                       : format("%s:x:%u:%u:%s:%s:/bin/sh\n", me->pw_name, me->pw_uid, me->pw_gid,
                                me->pw_gecos, me->pw_dir);
    char *passwd = format("%s%s", users ? users : "root:x:0:0:root:/root:/bin/sh\n", mine);
    put_file(s, "/etc/passwd", passwd);
    put_file(s, "/etc/group", groups ? groups : "root:x:0:\n");
    free(users);
    free(groups);
    free(mine);
    free(key);
    free(passwd);
}

static void make_base_files(const struct sysroot *s)
{
    char *resolv = read_file("/etc/resolv.conf");
    char *nsswitch = read_inside(s, "/usr/share/libc-bin/nsswitch.conf");
    char *profile = read_inside(s, "/usr/share/base-files/profile");
    put_file(s, "/etc/hosts", "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost\n");
    put_file(s, "/etc/resolv.conf", resolv);
    put_file(s, "/etc/nsswitch.conf", nsswitch);
    put_file(s, "/etc/profile", profile);
    put_file(s, "/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
    free(resolv);
    free(nsswitch);
    free(profile);
}

/* --- certificates ----------------------------------------------------------------------------- */

/* Names of the .crt files under a folder of the sysroot, as update-ca-certificates takes them. */
static void find_certificates(const char *folder, struct strings *found)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = format("%s/%s", folder, entries[i]->d_name);
        if (entries[i]->d_type == DT_DIR && entries[i]->d_name[0] != '.')
            find_certificates(path, found);
        else if (ends_with(path, ".crt"))
            add(found, path);
        free(path);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

static void make_certificates(const struct sysroot *s)
{
    char *folder = format("%s/usr/share/ca-certificates", s->dir);
    char *target = format("%s/etc/ssl/certs", s->dir), *text = NULL;
    struct strings found = {0};
    size_t length;
    find_certificates(folder, &found);
    if (found.count) {
        FILE *f = open_memstream(&text, &length);
        if (!f) die("out of memory");
        for (size_t i = 0; i < found.count; i++) {
            char *one = read_file(found.item[i]);
            if (one) fprintf(f, "%s%s", one, ends_with(one, "\n") ? "" : "\n");
            free(one);
        }
        fclose(f);
        make_dirs(target);
        char *bundle = format("%s/ca-certificates.crt", target);
        write_file(bundle, text);
        /* The one file OpenSSL reads besides its folder of hashed names, which needs openssl. */
        put_link(s, "/etc/ssl/certs/ca-certificates.crt", "/usr/lib/ssl/cert.pem");
        free(bundle);
    }
    free_strings(&found);
    free(folder);
    free(target);
    free(text);
}

void finish(const struct sysroot *s)
{
    make_users(s);
    make_base_files(s);
    make_alternatives(s);
    make_certificates(s);
    make_library_cache(s);
}
