/* apt with a configuration of its own: the sysroot's architecture, state, cache, package status and
 * sources. The host's apt configuration gives only its Acquire settings (proxies, certificates,
 * retries) and its keyrings; none of its hooks run and none of its state is read or written.
 */
#include "tools/sysroot/sysroot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* --- configuration ---------------------------------------------------------------------------- */

static char *host_acquire_settings(void)
{
    static const char *const argv[] = {"apt-config", "dump", NULL};
    struct command c = {.argv = argv, .input = -1};
    char *kept = xstrdup("");
    if (run_command(&c) == 0) {
        struct strings lines = split(c.out, "\n");
        for (size_t i = 0; i < lines.count; i++) {
            const char *l = lines.item[i];
            if (!starts_with(l, "Acquire::") || starts_with(l, "Acquire::IndexTargets") ||
                starts_with(l, "Acquire::Languages") || starts_with(l, "Acquire::Changelogs"))
                continue;
            char *more = format("%s%s\n", kept, l);
            free(kept);
            kept = more;
        }
        free_strings(&lines);
    }
    free(c.out);
    free(c.err);
    return kept;
}

static void write_configuration(const struct sysroot *s)
{
    static const char *const folders[] = {"state/lists/partial", "cache/archives/partial",
                                          "sources.list.d", "parts"};
    char *acquire = host_acquire_settings();
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        char *path = format("%s/apt/%s", s->state, folders[i]);
        make_dirs(path);
        free(path);
    }
    char *text = format("%s"
                        "APT::Architecture \"%s\";\n"
                        "#clear APT::Architectures;\n"
                        "APT::Architectures { \"%s\"; };\n"
                        "APT::Sandbox::User \"root\";\n"
                        "APT::Install-Recommends \"%s\";\n"
                        "APT::Update::Error-Mode \"any\";\n"
                        "Acquire::Languages \"none\";\n"
                        "Acquire::GzipIndexes \"true\";\n"
                        "Dir::State \"%s/apt/state\";\n"
                        "Dir::State::status \"%s/var/lib/dpkg/status\";\n"
                        "Dir::Cache \"%s/apt/cache\";\n"
                        "Dir::Log \"%s/apt\";\n"
                        "Dir::Etc::sourcelist \"/dev/null\";\n"
                        "Dir::Etc::sourceparts \"%s/apt/sources.list.d\";\n"
                        "Dir::Etc::main \"/dev/null\";\n"
                        "Dir::Etc::parts \"%s/apt/parts\";\n"
                        "Dir::Etc::preferences \"/dev/null\";\n"
                        "Dir::Etc::preferencesparts \"%s/apt/parts\";\n",
                        acquire, s->arch, s->arch, s->recommends ? "true" : "false", s->state,
                        s->dir, s->state, s->state, s->state, s->state, s->state);
    write_file(s->apt_conf, text);
    free(text);
    free(acquire);
}

/* --- errors ----------------------------------------------------------------------------------- */

/* The line of text that holds the phrase, from the phrase's line start; NULL if there is none. */
static char *line_with(const char *text, const char *phrase)
{
    const char *at = strstr(text, phrase);
    if (!at) return NULL;
    while (at > text && at[-1] != '\n') at--;
    at += strspn(at, " ");
    if (starts_with(at, "E: ") || starts_with(at, "W: ")) at += 3;
    return strndup(at, strcspn(at, "\n"));
}

/* Turns what apt said into one line that says what to do, and ends the program. */
static _Noreturn void die_of_apt(const struct sysroot *s, const struct command *c)
{
    static const struct {
        const char *phrase, *advice;
    } known[] = {
        {"Unable to locate package", "check the name; --mirror, --suite and --sources change where "
                                     "packages come from"},
        {"has no installation candidate", "the sources know the name, but have no such package"},
        {"was not found", "check the name and version"},
        {"No space left on device", "the disk is full: make room and run the command again"},
        {"enough free space", "make room and run the command again"},
        {"Temporary failure resolving", "no network? Run the command again to continue"},
        {"Could not resolve", "no network? Run the command again to continue"},
        {"Could not connect", "no network? Run the command again to continue"},
        {"onnection timed out", "no network? Run the command again to continue"},
        {"NO_PUBKEY", "install the archive's keys: apt-get install debian-archive-keyring"},
        {"is not signed", "install the archive's keys: apt-get install debian-archive-keyring"},
        {"doesn't support architecture", "the source has no such packages"},
        {"unmet dependencies", NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        char *line = line_with(c->err, known[i].phrase);
        if (line && known[i].advice) die("%s: %s", line, known[i].advice);
    }
    char *depends = line_with(c->out, "Depends:");
    if (depends) die("unmet dependency in the sources: %s", depends);
    char *line = line_with(c->err, "E: ");
    if (line) die("apt-get: %s", line);
    die("apt-get failed; APT_CONFIG=%s shows its settings", s->apt_conf);
}

/* --- use -------------------------------------------------------------------------------------- */

struct watch {
    const struct sysroot *s;
    const char *doing;
};

/* Lines of apt's status descriptor: dlstatus:ITEM:PERCENT:TEXT. */
static void on_status(void *context, const char *line)
{
    const struct watch *w = context;
    if (!starts_with(line, "dlstatus:")) return;
    const char *percent = strchr(line + 9, ':');
    if (percent)
        progress(w->s, "%s: %.*s%%", w->doing, (int)strcspn(percent + 1, ".:"), percent + 1);
}

static void run_apt(const struct sysroot *s, const char *doing, struct command *c)
{
    struct watch w = {s, doing};
    c->apt_config = s->apt_conf;
    c->input = -1;
    c->on_line = on_status;
    c->context = &w;
    if (run_command(c)) die_of_apt(s, c);
}

void apt_prepare(const struct sysroot *s)
{
    static const char *const argv[] = {"apt-get", "-q", "-o", "APT::Status-Fd=3", "update", NULL};
    char *folder = format("%s/apt/sources.list.d", s->state);
    write_configuration(s);
    write_sources(s, folder);
    free(folder);
    struct command c = {.argv = argv};
    progress(s, "package lists");
    run_apt(s, "package lists", &c);
    free(c.out);
    free(c.err);
}

/* apt-get's argument list: fixed options, then the packages. The caller frees it. */
static const char **arguments(const char *const *fixed, const struct strings *packages)
{
    size_t n = 0;
    while (fixed[n]) n++;
    const char **argv = xrealloc(NULL, (n + packages->count + 1) * sizeof *argv);
    memcpy(argv, fixed, n * sizeof *argv);
    for (size_t i = 0; i < packages->count; i++) argv[n + i] = packages->item[i];
    argv[n + packages->count] = NULL;
    return argv;
}

/* The name under which apt keeps a package: NAME_VERSION_ARCH.deb, ':' and '_' as %3a and %5f. */
static char *deb_name(const struct planned *p)
{
    char *quoted = xstrdup("");
    for (const char *v = p->version; *v; v++) {
        char *more = *v == ':' || *v == '_' || *v == '%' ? format("%s%%%02x", quoted, *v)
                                                         : format("%s%c", quoted, *v);
        free(quoted);
        quoted = more;
    }
    char *name = format("%s_%s_%s.deb", p->name, quoted, p->arch);
    free(quoted);
    return name;
}

/* Inst NAME [OLD] (VERSION ORIGIN [ARCH]) ... */
static void take_inst(struct plan *plan, const char *line)
{
    const char *name = line + strlen("Inst "), *open = strchr(name, '(');
    const char *close = open ? strchr(open, ')') : NULL;
    const char *bracket = close;
    while (bracket && bracket > open && *bracket != '[') bracket--;
    if (!close || bracket == open) die("apt-get gave a line that cannot be read: %s", line);
    struct planned p = {
        .name = strndup(name, strcspn(name, " :")),
        .version = strndup(open + 1, strcspn(open + 1, " )")),
        .arch = strndup(bracket + 1, strcspn(bracket + 1, "]")),
    };
    p.deb = deb_name(&p);
    if (plan->count == plan->room) {
        plan->room = plan->room ? 2 * plan->room : 64;
        plan->item = xrealloc(plan->item, plan->room * sizeof *plan->item);
    }
    plan->item[plan->count++] = p;
}

struct plan apt_plan(const struct sysroot *s, const struct strings *packages)
{
    static const char *const fixed[] = {"apt-get", "-qq", "-s", "install", NULL};
    struct plan plan = {0};
    const char **argv = arguments(fixed, packages);
    struct command c = {.argv = argv};
    progress(s, "resolving dependencies");
    run_apt(s, "resolving dependencies", &c);
    struct strings lines = split(c.out, "\n");
    for (size_t i = 0; i < lines.count; i++) {
        if (starts_with(lines.item[i], "Remv "))
            die("%s would have to go: it conflicts with what was asked for; use another DIR",
                lines.item[i] + 5);
        if (starts_with(lines.item[i], "Inst ")) take_inst(&plan, lines.item[i]);
    }
    free_strings(&lines);
    free(c.out);
    free(c.err);
    free(argv);
    return plan;
}

void apt_download(const struct sysroot *s, const struct strings *packages, const struct plan *plan)
{
    static const char *const fixed[] = {
        "apt-get", "-qq", "-y", "--download-only", "-o", "APT::Status-Fd=3", "install", NULL};
    const char **argv = arguments(fixed, packages);
    struct command c = {.argv = argv};
    plain(s, "downloading %zu packages", plan->count);
    run_apt(s, "downloading", &c);
    free(c.out);
    free(c.err);
    free(argv);
}
