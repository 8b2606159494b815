/* ferry sysroot: makes, extends and lists directories with Debian packages of another architecture.
 *
 *   create: the request (what DIR was asked for so far and now) -> apt's plan -> download ->
 *           unpack -> finish. Every step may be interrupted; the same command continues.
 *   list:   the packages in DIR, from var/lib/dpkg/status.
 */
#include "tools/sysroot/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: ferry sysroot create [OPTION...] DIR [PACKAGE...]\n"
    "       ferry sysroot list DIR\n"
    "\n"
    "create unpacks Debian packages and all they depend on into DIR, for ferry run --sysroot DIR.\n"
    "apt resolves, downloads and verifies them with settings of its own: the machine's packages\n"
    "and architectures stay as they are. An interrupted create continues where it stopped when\n"
    "it is run again; another create with more packages extends DIR.\n"
    "\n"
    "  --arch=ARCH      Debian architecture of the packages (default: arm64, or DIR's own)\n"
    "  --recommends     also the packages that those recommend\n"
    "  --no-essential   leave out the packages every Debian system has (dash, coreutils, ...)\n"
    "  --mirror=URL     Debian mirror (default: the mirrors of this machine's apt sources)\n"
    "  --suite=NAME     Debian release (default: this machine's)\n"
    "  --sources=FILE   take packages from these apt sources (FILE.sources: deb822 format)\n"
    "  --help           this text\n";

/* Relative paths are made absolute by the present folder: apt's settings need that. */
static char *absolute(const char *path)
{
    char *here = getcwd(NULL, 0);
    if (!here) die("the current folder: %s", strerror(errno));
    char *full = path[0] == '/' ? xstrdup(path) : format("%s/%s", here, path);
    free(here);
    for (size_t n = strlen(full); n > 1 && full[n - 1] == '/'; n--) full[n - 1] = 0;
    if (strpbrk(full, "\"\n\\"))
        die("%s: quotes and backslashes in the name do not go with apt", path);
    return full;
}

static void lock(const struct sysroot *s)
{
    char *path = format("%s/lock", s->state);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) die("%s: %s", path, strerror(errno));
    if (flock(fd, LOCK_EX | LOCK_NB)) die("%s: another ferry sysroot works on it", s->dir);
    free(path);
}

/* Keeps the architecture of DIR: it cannot change later. */
static void settle_architecture(struct sysroot *s)
{
    char *path = format("%s/architecture", s->state), *text = read_file(path);
    if (text) {
        text[strcspn(text, "\n")] = 0;
        if (s->arch && strcmp(text, s->arch))
            die("%s: has %s packages; use another DIR for %s", s->dir, text, s->arch);
        s->arch = text;
    } else {
        if (!s->arch) s->arch = "arm64";
        text = format("%s\n", s->arch);
        write_file(path, text);
        free(text);
    }
    free(path);
}

/* What DIR was asked for by creates that did not end, and the packages asked for now. */
static struct strings read_request(const struct sysroot *s, char *const *packages, bool essential)
{
    char *path = format("%s/requested", s->state), *text = read_file(path);
    struct strings request = split(text ? text : "", "\n");
    if (essential && !contains(&request, "?essential")) add(&request, "?essential");
    for (; *packages; packages++)
        if (!contains(&request, *packages)) add(&request, *packages);
    free(path);
    free(text);
    return request;
}

static void write_request(const struct sysroot *s, const struct strings *request)
{
    char *path = format("%s/requested", s->state), *text = xstrdup("");
    for (size_t i = 0; i < request->count; i++) {
        char *more = format("%s%s\n", text, request->item[i]);
        free(text);
        text = more;
    }
    write_file(path, text);
    free(path);
    free(text);
}

static int create(struct sysroot *s, char *const *packages, bool essential)
{
    need_program("apt-get", "apt");
    need_program("dpkg-deb", "dpkg");
    need_program("tar", "tar");
    for (char *const *p = packages; *p; p++)
        if (**p == '-') die("%s: not a package name; options come before DIR", *p);
    make_dirs(s->state);
    lock(s);
    settle_architecture(s);
    make_skeleton(s);
    struct strings request = read_request(s, packages, essential);
    apt_prepare(s);
    struct plan plan = apt_plan(s, &request);
    write_request(s, &request);
    if (plan.count) {
        apt_download(s, &request, &plan);
        unpack_plan(s, &plan);
    }
    progress(s, "finishing");
    finish(s);
    plain(s, "%s: ready (%s)", s->dir, s->arch);
    return 0;
}

static char *field(const char *stanza, const char *name)
{
    char *key = format("\n%s: ", name), *whole = format("\n%s", stanza);
    const char *at = strstr(whole, key);
    char *value = at ? strndup(at + strlen(key), strcspn(at + strlen(key), "\n")) : xstrdup("");
    free(key);
    free(whole);
    return value;
}

static int list(const struct sysroot *s)
{
    char *path = format("%s/var/lib/dpkg/status", s->dir), *text = read_file(path);
    struct strings lines = {0};
    if (!text) die("%s: not a sysroot: %s", s->dir, strerror(errno));
    for (char *at = text, *end; *at; at = end) {
        end = strstr(at, "\n\n");
        if (end) {
            *end = 0;
            end += 2;
        } else {
            end = at + strlen(at);
        }
        char *name = field(at, "Package"), *version = field(at, "Version");
        char *arch = field(at, "Architecture");
        char *line = format("%s %s %s", name, version, arch);
        if (*name) add(&lines, line);
        free(name);
        free(version);
        free(arch);
        free(line);
    }
    if (lines.count) qsort(lines.item, lines.count, sizeof *lines.item, compare_strings);
    for (size_t i = 0; i < lines.count; i++) puts(lines.item[i]);
    free_strings(&lines);
    free(text);
    free(path);
    return fflush(stdout) || ferror(stdout) ? 1 : 0;
}

static int usage_error(const char *what)
{
    fprintf(stderr, "ferry sysroot: %s; see ferry sysroot --help\n", what);
    return 2;
}

int main(int argc, char **argv)
{
    enum { ARCH = 256, RECOMMENDS, NO_ESSENTIAL, MIRROR, SUITE, SOURCES, HELP };
    static const struct option options[] = {
        {"arch", required_argument, NULL, ARCH},
        {"recommends", no_argument, NULL, RECOMMENDS},
        {"no-essential", no_argument, NULL, NO_ESSENTIAL},
        {"mirror", required_argument, NULL, MIRROR},
        {"suite", required_argument, NULL, SUITE},
        {"sources", required_argument, NULL, SOURCES},
        {"help", no_argument, NULL, HELP},
        {0},
    };
    struct sysroot s = {.terminal = isatty(2)};
    bool essential = true;
    argv[0] = (char *)"ferry sysroot";
    for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (c) {
        case ARCH: s.arch = optarg; break;
        case RECOMMENDS: s.recommends = true; break;
        case NO_ESSENTIAL: essential = false; break;
        case MIRROR: s.mirror = optarg; break;
        case SUITE: s.suite = optarg; break;
        case SOURCES: s.sources = optarg; break;
        case HELP: fputs(usage, stdout); return 0;
        default: return 2;
        }
    }
    const char *verb = argv[optind];
    if (!verb) return usage_error("create or list?");
    if (strcmp(verb, "create") && strcmp(verb, "list")) return usage_error("create or list?");
    if (!argv[optind + 1]) return usage_error("DIR is missing");
    umask(022);
    s.dir = absolute(argv[optind + 1]);
    s.state = format("%s/var/lib/ferry-sysroot", s.dir);
    s.apt_conf = format("%s/apt/apt.conf", s.state);
    return !strcmp(verb, "list") ? list(&s) : create(&s, argv + optind + 2, essential);
}
