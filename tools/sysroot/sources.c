/* Where packages come from: the host's own Debian sources, a mirror named on the command line, or
 * a file of sources.
 *
 * Of the host's sources those are taken that are a Debian archive of the host's release: the URI
 * names debian, the component main is among theirs, the suite is the release's codename or one of
 * its -updates and -security companions. Third-party archives seldom carry a second architecture,
 * and one that does not would fail the whole update; --sources gives them back to who needs them.
 * Restrictions to the host's architecture are dropped, signature options are kept.
 * Formats: sources.list(5), one line per source and deb822 stanzas.
 */
#include "tools/sysroot/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DEBIAN_KEYRING "/usr/share/keyrings/debian-archive-keyring.gpg"

/* Text of the private sources, collected in both formats. */
struct collected {
    const char *codename;
    struct strings lines;   /* one-line format */
    struct strings stanzas; /* deb822 */
};

static char *release_codename(void)
{
    char *text = read_file("/etc/os-release");
    struct strings lines = split(text ? text : "", "\n");
    char *codename = NULL;
    for (size_t i = 0; i < lines.count; i++)
        if (starts_with(lines.item[i], "VERSION_CODENAME=")) {
            struct strings value = split(strchr(lines.item[i], '=') + 1, "\"'");
            if (value.count) codename = xstrdup(value.item[0]);
            free_strings(&value);
        }
    free_strings(&lines);
    free(text);
    return codename ? codename : xstrdup("bookworm");
}

static bool suite_belongs(const char *codename, const char *suite)
{
    static const char *const companions[] = {"", "-updates", "-security", "-backports", "/updates"};
    for (size_t i = 0; i < sizeof companions / sizeof *companions; i++) {
        size_t n = strlen(codename);
        if (!strncmp(suite, codename, n) && !strcmp(suite + n, companions[i])) return true;
    }
    return false;
}

/* A source in one line: deb [option=value ...] uri suite component... */
static void take_line(struct collected *c, const char *line)
{
    char *options = xstrdup("");
    const char *rest = line;
    if (!starts_with(rest, "deb ") && !starts_with(rest, "deb\t")) return;
    rest += 4 + strspn(rest + 4, " \t");
    if (*rest == '[') {
        const char *end = strchr(rest, ']');
        if (!end) return;
        char *inner = strndup(rest + 1, (size_t)(end - rest - 1));
        struct strings parts = split(inner ? inner : "", " \t");
        for (size_t i = 0; i < parts.count; i++) {
            const char *o = parts.item[i];
            if (starts_with(o, "arch") || starts_with(o, "lang") || starts_with(o, "target"))
                continue;
            char *more = format("%s%s ", options, o);
            free(options);
            options = more;
        }
        free_strings(&parts);
        free(inner);
        rest = end + 1;
    }
    char *text = xstrdup(rest), *comment = strchr(text, '#');
    if (comment) *comment = 0;
    struct strings words = split(text, " \t");
    if (words.count >= 3 && strcasestr(words.item[0], "debian") && contains(&words, "main") &&
        suite_belongs(c->codename, words.item[1])) {
        char *source = format("deb%s%s%s", *options ? " [" : "", options, *options ? "]" : "");
        for (size_t i = 0; i < words.count; i++) {
            char *more = format("%s %s", source, words.item[i]);
            free(source);
            source = more;
        }
        add(&c->lines, source);
        free(source);
    }
    free_strings(&words);
    free(text);
    free(options);
}

static void take_list(struct collected *c, const char *path)
{
    char *text = read_file(path);
    struct strings lines = split(text ? text : "", "\n");
    for (size_t i = 0; i < lines.count; i++) take_line(c, lines.item[i]);
    free_strings(&lines);
    free(text);
}

static bool field_is(const char *line, const char *name)
{
    size_t n = strlen(name);
    return !strncasecmp(line, name, n) && line[n] == ':';
}

/* The suites of a Suites: field that belong to the release, each preceded by a space. */
static char *own_suites(const char *codename, const char *value)
{
    struct strings suites = split(value, " \t");
    char *kept = xstrdup("");
    for (size_t i = 0; i < suites.count; i++) {
        if (!suite_belongs(codename, suites.item[i])) continue;
        char *more = format("%s %s", kept, suites.item[i]);
        free(kept);
        kept = more;
    }
    free_strings(&suites);
    return kept;
}

/* Takes one deb822 stanza, given as its lines [first, last). */
static void take_stanza(struct collected *c, char *const *line, size_t count)
{
    static const char *const dropped[] = {"Types", "Architectures", "Languages", "Targets"};
    bool debian = false, has_main = false, has_deb = false, enabled = true, skipping = false;
    bool has_suite = false;
    char *stanza = xstrdup("Types: deb\n");
    for (size_t i = 0; i < count; i++) {
        char *l = line[i], *replaced = NULL;
        if (*l == '#') continue;
        if (*l != ' ' && *l != '\t') {
            skipping = false;
            for (size_t d = 0; d < sizeof dropped / sizeof *dropped; d++)
                skipping = skipping || field_is(l, dropped[d]);
        }
        struct strings words = split(l, " \t");
        if (field_is(l, "Types")) has_deb = contains(&words, "deb");
        if (field_is(l, "URIs")) debian = strcasestr(l, "debian") != NULL;
        if (field_is(l, "Components")) has_main = contains(&words, "main");
        if (field_is(l, "Enabled")) enabled = !contains(&words, "no");
        if (field_is(l, "Suites")) {
            char *kept = own_suites(c->codename, strchr(l, ':') + 1);
            has_suite = *kept != 0;
            replaced = format("Suites:%s", kept);
            free(kept);
        }
        free_strings(&words);
        if (!skipping) {
            char *more = format("%s%s\n", stanza, replaced ? replaced : l);
            free(stanza);
            stanza = more;
        }
        free(replaced);
    }
    if (debian && has_main && has_deb && has_suite && enabled) add(&c->stanzas, stanza);
    free(stanza);
}

static void take_deb822(struct collected *c, const char *path)
{
    char *text = read_file(path), *rest = text, *line;
    struct strings stanza = {0};
    while (rest && (line = strsep(&rest, "\n"))) {
        if (line[strspn(line, " \t\r")]) {
            add(&stanza, line);
            if (rest && *rest) continue;
        }
        if (stanza.count) take_stanza(c, stanza.item, stanza.count);
        free_strings(&stanza);
    }
    if (stanza.count) take_stanza(c, stanza.item, stanza.count);
    free_strings(&stanza);
    free(text);
}

static void take_host_sources(struct collected *c)
{
    static const char folder[] = "/etc/apt/sources.list.d";
    struct dirent **entries;
    take_list(c, "/etc/apt/sources.list");
    int n = scandir(folder, &entries, NULL, alphasort);
    for (int i = 0; i < n; i++) {
        char *path = format("%s/%s", folder, entries[i]->d_name);
        if (ends_with(path, ".list")) take_list(c, path);
        if (ends_with(path, ".sources")) take_deb822(c, path);
        free(path);
        free(entries[i]);
    }
    if (n >= 0) free(entries);
}

static void write_joined(const char *folder, const char *name, const struct strings *parts)
{
    char *text = xstrdup(""), *path = format("%s/%s", folder, name);
    for (size_t i = 0; i < parts->count; i++) {
        char *more = format("%s%s\n", text, parts->item[i]);
        free(text);
        text = more;
    }
    write_file(path, text);
    free(text);
    free(path);
}

void write_sources(const struct sysroot *s, const char *folder)
{
    char *codename = release_codename();
    struct collected c = {.codename = codename};
    if (s->sources) {
        char *text = read_file(s->sources);
        if (!text) die("%s: %s", s->sources, strerror(errno));
        add(ends_with(s->sources, ".sources") ? &c.stanzas : &c.lines, text);
        free(text);
    } else if (!s->mirror && !s->suite) {
        take_host_sources(&c);
    }
    if (!c.lines.count && !c.stanzas.count) {
        const char *key = exists(DEBIAN_KEYRING) ? "[signed-by=" DEBIAN_KEYRING "] " : "";
        char *line =
            format("deb %s%s %s main", key, s->mirror ? s->mirror : "http://deb.debian.org/debian",
                   s->suite ? s->suite : codename);
        add(&c.lines, line);
        free(line);
    }
    write_joined(folder, "ferry.list", &c.lines);
    write_joined(folder, "ferry.sources", &c.stanzas);
    free_strings(&c.lines);
    free_strings(&c.stanzas);
    free(codename);
}
