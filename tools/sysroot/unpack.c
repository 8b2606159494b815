/* Unpacking: dpkg-deb gives a package's tree as a tar stream, tar writes it into the sysroot.
 *
 * One create is a batch. While it lasts, STATE/unpacked/ holds one file per package that is wholly
 * unpacked (its control stanza, headed by the boot it was written in: after a crash of the machine
 * data may be missing on disk, so entries of another boot do not count). At the end the file
 * system is synced, the stanzas go to var/lib/dpkg/status in one rename, and the journal and the
 * downloaded packages are removed. An interrupted batch is planned again by apt, which sees only
 * whole batches, and skips what the journal has.
 *
 * A package that replaces another version has the other's files removed first, all of them before
 * anything is unpacked, so that a file that moved between packages stays.
 */
#include "tools/sysroot/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- the tree packages are unpacked into ------------------------------------------------------ */

static void make_link(const struct sysroot *s, const char *name)
{
    char *target = format("usr/%s", name), *dir = format("%s/usr/%s", s->dir, name);
    char *link = format("%s/%s", s->dir, name);
    make_dirs(dir);
    if (symlink(target, link) && errno != EEXIST) die("%s: %s", link, strerror(errno));
    free(target);
    free(dir);
    free(link);
}

void make_skeleton(const struct sysroot *s)
{
    static const char *const merged[] = {"bin", "sbin", "lib"};
    static const char *const merged_amd64[] = {"lib32", "lib64", "libx32"};
    static const char *const folders[] = {"dev",
                                          "etc",
                                          "home",
                                          "proc",
                                          "run",
                                          "sys",
                                          "root",
                                          "etc/alternatives",
                                          "tmp",
                                          "var/tmp",
                                          "var/lib/dpkg/info",
                                          "var/lib/dpkg/updates"};
    make_dirs(s->dir);
    for (size_t i = 0; i < 3; i++) make_link(s, merged[i]);
    for (size_t i = 0; i < 3 && !strcmp(s->arch, "amd64"); i++) make_link(s, merged_amd64[i]);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = format("%s/%s", s->dir, folders[i]);
        make_dirs(path);
        if (ends_with(folders[i], "tmp")) chmod(path, 01777);
        free(path);
    }
    static const char *const empty_files[] = {"status", "available"};
    for (size_t i = 0; i < 2; i++) {
        char *path = format("%s/var/lib/dpkg/%s", s->dir, empty_files[i]);
        if (!exists(path)) write_file(path, "");
        free(path);
    }
}

/* --- one package ------------------------------------------------------------------------------ */

/* The stem of a package's files in var/lib/dpkg/info, as dpkg names them. */
static char *info_stem(const struct planned *p, const char *control)
{
    bool same = control && strstr(control, "\nMulti-Arch: same");
    return same ? format("%s:%s", p->name, p->arch) : xstrdup(p->name);
}

/* tar's list of names (./usr/bin/x) as dpkg keeps it (/usr/bin/x, /. for the root). */
static char *file_list(const char *tar_output)
{
    struct strings names = split(tar_output, "\n");
    size_t length = 0;
    char *text = xrealloc(NULL, strlen(tar_output) + 2 * names.count + 8);
    for (size_t i = 0; i < names.count; i++) {
        char *n = names.item[i] + (names.item[i][0] == '.');
        size_t end = strlen(n);
        if (end && n[end - 1] == '/') n[end - 1] = 0;
        length += (size_t)sprintf(text + length, "%s\n", *n ? n : "/.");
    }
    text[length] = 0;
    free_strings(&names);
    return text;
}

static _Noreturn void die_of_unpack(const char *deb, const char *said)
{
    if (strstr(said, "No space left on device"))
        die("%s: no space left on device: make room and run the command again", deb);
    char *first = strndup(said, strcspn(said, "\n"));
    die("%s: cannot unpack: %s", deb, *first ? first : "dpkg-deb failed");
}

/* Unpacks the package's files; returns the list of their names for dpkg's records. */
static char *unpack_files(const struct sysroot *s, const char *deb)
{
    const char *const reader[] = {"dpkg-deb", "--fsys-tarfile", deb, NULL};
    const char *const writer[] = {"tar",
                                  "-C",
                                  s->dir,
                                  "-xpvf",
                                  "-",
                                  "--quoting-style=literal",
                                  "--keep-directory-symlink",
                                  "--warning=no-timestamp",
                                  "--numeric-owner",
                                  geteuid() ? "--no-same-owner" : "--same-owner",
                                  NULL};
    struct command c = {.argv = writer};
    int pid = start_command(reader, &c.input);
    int bad_write = run_command(&c);
    close(c.input);
    int bad_read = wait_for(pid);
    if (bad_read || bad_write) die_of_unpack(deb, c.err);
    char *list = file_list(c.out);
    free(c.out);
    free(c.err);
    return list;
}

/* Unpacks the control part into a folder of the state and returns the control stanza. */
static char *unpack_control(const struct sysroot *s, const char *deb, char **folder)
{
    *folder = format("%s/control", s->state);
    remove_tree(*folder);
    const char *const argv[] = {"dpkg-deb", "--control", deb, *folder, NULL};
    struct command c = {.argv = argv, .input = -1};
    if (run_command(&c)) die_of_unpack(deb, c.err);
    free(c.out);
    free(c.err);
    char *path = format("%s/control", *folder), *control = read_file(path);
    if (!control) die("%s: %s", path, strerror(errno));
    unlink(path);
    free(path);
    return control;
}

/* Moves what is in the control folder to var/lib/dpkg/info/STEM.*. */
static void keep_control(const struct sysroot *s, const char *folder, const char *stem)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        if (entries[i]->d_name[0] != '.') {
            char *from = format("%s/%s", folder, entries[i]->d_name);
            char *to = format("%s/var/lib/dpkg/info/%s.%s", s->dir, stem, entries[i]->d_name);
            if (rename(from, to)) die("%s: %s", to, strerror(errno));
            free(from);
            free(to);
        }
        free(entries[i]);
    }
    if (n >= 0) free(entries);
    rmdir(folder);
}

/* --- the journal ------------------------------------------------------------------------------ */

static char *boot_line(void)
{
    char *id = read_file("/proc/sys/kernel/random/boot_id");
    char *line = format("Boot: %.36s\n", id ? id : "unknown");
    free(id);
    return line;
}

static char *journal_path(const struct sysroot *s, const struct planned *p)
{
    return format("%s/unpacked/%s", s->state, p->deb);
}

/* The control stanza of a package that the journal has, or NULL. */
static char *journaled(const struct sysroot *s, const struct planned *p)
{
    char *path = journal_path(s, p), *text = read_file(path), *boot = boot_line();
    char *stanza = text && starts_with(text, boot) ? xstrdup(text + strlen(boot)) : NULL;
    free(path);
    free(text);
    free(boot);
    return stanza;
}

static void unpack_one(const struct sysroot *s, const struct planned *p)
{
    char *deb = format("%s/apt/cache/archives/%s", s->state, p->deb), *folder;
    if (!exists(deb)) die("%s: apt-get did not download it; run the command again", deb);
    char *control = unpack_control(s, deb, &folder), *stem = info_stem(p, control);
    char *names = unpack_files(s, deb);
    char *list = format("%s/var/lib/dpkg/info/%s.list", s->dir, stem);
    write_file(list, names);
    keep_control(s, folder, stem);
    char *boot = boot_line(), *entry = format("%s%s", boot, control);
    char *path = journal_path(s, p);
    write_file(path, entry);
    char *owned[] = {deb, folder, control, stem, names, list, boot, entry, path};
    for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

/* Removes the files of another version of the package, if the sysroot has one. */
static void remove_replaced(const struct sysroot *s, const struct planned *p)
{
    const char *const stems[] = {p->name, p->arch};
    for (int with_arch = 0; with_arch < 2; with_arch++) {
        char *path = format("%s/var/lib/dpkg/info/%s%s%s.list", s->dir, stems[0],
                            with_arch ? ":" : "", with_arch ? stems[1] : "");
        char *names = read_file(path);
        struct strings files = split(names ? names : "", "\n");
        for (size_t i = 0; i < files.count; i++) {
            char *file = format("%s%s", s->dir, files.item[i]);
            struct stat st;
            if (lstat(file, &st) == 0 && !S_ISDIR(st.st_mode)) unlink(file);
            free(file);
        }
        if (names) unlink(path);
        free_strings(&files);
        free(names);
        free(path);
    }
}

/* --- the batch -------------------------------------------------------------------------------- */

/* Appends a stanza, with dpkg's status in its second line. */
static void put_stanza(FILE *f, const char *stanza)
{
    size_t first = strcspn(stanza, "\n");
    fprintf(f, "%.*s\nStatus: install ok installed%s", (int)first, stanza, stanza + first);
    fputs(ends_with(stanza, "\n") ? "\n" : "\n\n", f);
}

static bool is_planned(const struct plan *plan, const char *stanza)
{
    size_t first = strcspn(stanza, "\n");
    for (size_t i = 0; i < plan->count; i++) {
        char *line = format("Package: %s", plan->item[i].name);
        bool same = strlen(line) == first && !strncmp(line, stanza, first);
        free(line);
        if (same) return true;
    }
    return false;
}

/* Puts the plan's packages into var/lib/dpkg/status, in place of other versions of them. */
static void record_batch(const struct sysroot *s, const struct plan *plan)
{
    char *path = format("%s/var/lib/dpkg/status", s->dir), *before = read_file(path);
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    if (!f) die("out of memory");
    for (char *at = before; at && *at;) {
        char *end = strstr(at, "\n\n");
        size_t n = end ? (size_t)(end - at) + 2 : strlen(at);
        if (!is_planned(plan, at)) fprintf(f, "%.*s", (int)n, at);
        at += n;
    }
    for (size_t i = 0; i < plan->count; i++) {
        char *stanza = journaled(s, &plan->item[i]);
        if (!stanza) die("%s: its record is gone; run the command again", plan->item[i].name);
        put_stanza(f, stanza);
        free(stanza);
    }
    fclose(f);
    int dir = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || syncfs(dir)) die("%s: %s", s->dir, strerror(errno));
    close(dir);
    write_file(path, text);
    free(before);
    free(text);
    free(path);
}

void unpack_plan(const struct sysroot *s, const struct plan *plan)
{
    char *journal = format("%s/unpacked", s->state);
    char *archives = format("%s/apt/cache/archives", s->state);
    char **done = xrealloc(NULL, (plan->count + 1) * sizeof *done);
    make_dirs(journal);
    for (size_t i = 0; i < plan->count; i++) {
        done[i] = journaled(s, &plan->item[i]);
        if (!done[i]) remove_replaced(s, &plan->item[i]);
    }
    for (size_t i = 0; i < plan->count; i++) {
        progress(s, "unpacking %zu of %zu: %s", i + 1, plan->count, plan->item[i].name);
        if (!done[i]) unpack_one(s, &plan->item[i]);
        free(done[i]);
    }
    if (plan->count) {
        record_batch(s, plan);
        plain(s, "unpacked %zu packages", plan->count);
    }
    remove_tree(journal);
    remove_tree(archives);
    free(done);
    free(journal);
    free(archives);
}
