/*
 * ferry bind: makes bindings of host libraries, which guest programs may call in place of their
 * own. hostlibs/binding.h says what a binding is, hostlibs/README.md what annotations are.
 *
 *   read the libraries (symbols.c) -> compile a probe unit for both architectures (probe.c)
 *   -> read its types (types.c) -> compare them (compare.c) -> signatures (signature.c, pass.c)
 *   -> the stub library (stub.c) -> the folder (library.c)
 *
 * Each library has a process of its own.
 */
#include "hostlibs/bind/bind.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "usage: ferry bind [OPTION...] LIBRARY...\n"
    "       ferry bind --list\n"
    "\n"
    "Makes bindings of the host's libraries, by which ferry run calls them in place of the "
    "guest's.\n"
    "LIBRARY is the name of an annotation file (zlib, sqlite3, ...; --list shows them) or a path "
    "to\n"
    "a file NAME.bind. Needed are the library with its headers, gcc and aarch64-linux-gnu-gcc.\n"
    "\n"
    "  --guest=DIR   the guest's root with its library and headers (default: $FERRY_SYSROOT)\n"
    "  --host=DIR    the root of the host's library and headers (default: /)\n"
    "  --own         with --host: this machine's library where it has one, DIR's headers\n"
    "  --output=DIR  where bindings go (default: $XDG_DATA_HOME/ferry/bindings, or\n"
    "                ~/.local/share/ferry/bindings)\n"
    "  --jobs=N      libraries at a time (default: one for each processor)\n"
    "  --verbose     also what is refused, and why\n"
    "  --keep        keep the probe unit, and say where\n"
    "  --help        this text\n";

static struct settings settings;
static const char *annotations; /* the folder */

/* In a folder above the program: the tree that a build folder is in, the installation's prefix. */
static void find_annotations(void)
{
    static const char *const places[] = {"hostlibs/annotations", "share/ferry/annotations"};
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[n > 0 ? n : 0] = 0;
    annotations = getenv("FERRY_ANNOTATIONS");
    if (annotations && *annotations) return;
    for (char *slash; (slash = strrchr(self, '/')) != NULL;) {
        *slash = 0;
        for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
            annotations = format("%s/%s", self, places[i]);
            if (is_there(annotations)) return;
        }
    }
    die("the annotation files are not in share/ferry/annotations of the installation");
}

static int list_annotations(void)
{
    struct dirent **entry;
    find_annotations();
    int count = scandir(annotations, &entry, NULL, alphasort);
    if (count < 0) die("%s: %s", annotations, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *dot = strrchr(entry[i]->d_name, '.');
        if (dot && !strcmp(dot, ".bind"))
            printf("%.*s\n", (int)(dot - entry[i]->d_name), entry[i]->d_name);
    }
    return 0;
}

static const char *annotation_path(const char *name)
{
    if (strchr(name, '/')) return name;
    if (!annotations) find_annotations();
    const char *path = format("%s/%s.bind", annotations, name);
    if (!is_there(path)) die("%s: no such library; ferry bind --list shows those there are", name);
    return path;
}

static const char *default_output(void)
{
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data && *data == '/') return format("%s/ferry/bindings", data);
    if (!home || !*home) die("neither XDG_DATA_HOME nor HOME is set: --output says where to");
    return format("%s/.local/share/ferry/bindings", home);
}

/* A root's path as others are put behind it; / is "". */
static const char *root_path(const char *path)
{
    char *real = realpath(path, NULL);
    if (!real) die("%s: %s", path, strerror(errno));
    return strcmp(real, "/") ? real : "";
}

/* Leaves nothing half done when it is stopped. */
static void stop(int signal_number)
{
    scratch_remove_all();
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

/* A library's process. */
static void start(const char *annotation)
{
    pid_t child = fork();
    if (child < 0) die("fork: %s", strerror(errno));
    if (child) return;
    signal(SIGINT, stop);
    signal(SIGTERM, stop);
    signal(SIGHUP, stop);
    bind_library(&settings, annotation);
    exit(0);
}

/* Waits for one process; whether it did its work. */
static bool finish_one(void)
{
    int status;
    while (wait(&status) < 0)
        if (errno != EINTR) die("wait: %s", strerror(errno));
    if (WIFSIGNALED(status)) fprintf(stderr, "ferry bind: %s\n", strsignal(WTERMSIG(status)));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int bind_all(char *const *names, u32 jobs)
{
    u32 running = 0;
    bool good = true;
    for (char *const *n = names; *n; n++) annotation_path(*n); /* all of them, before any starts */
    for (; *names; names++) {
        if (running == jobs) {
            good &= finish_one();
            running--;
        }
        start(annotation_path(*names));
        running++;
    }
    for (; running; running--) good &= finish_one();
    return good ? 0 : 1;
}

static int usage_error(const char *what)
{
    fprintf(stderr, "ferry bind: %s; see ferry bind --help\n", what);
    return 2;
}

static u32 job_count(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (*end || n < 1 || n > 1000) die("--jobs=%s: a number from 1 to 1000", text);
    return (u32)n;
}

int main(int argc, char **argv)
{
    enum { GUEST = 256, HOST, OWN, OUTPUT, JOBS, VERBOSE, KEEP, LIST, HELP };
    static const struct option options[] = {
        {"guest", required_argument, NULL, GUEST}, {"host", required_argument, NULL, HOST},
        {"own", no_argument, NULL, OWN},           {"output", required_argument, NULL, OUTPUT},
        {"jobs", required_argument, NULL, JOBS},   {"verbose", no_argument, NULL, VERBOSE},
        {"keep", no_argument, NULL, KEEP},         {"list", no_argument, NULL, LIST},
        {"help", no_argument, NULL, HELP},         {NULL, 0, NULL, 0},
    };
    const char *guest = getenv("FERRY_SYSROOT"), *host = "/";
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    u32 jobs = processors > 0 ? (u32)processors : 1;
    for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (o) {
        case GUEST: guest = optarg; break;
        case HOST: host = optarg; break;
        case OWN: settings.own = true; break;
        case OUTPUT: settings.output = optarg; break;
        case JOBS: jobs = job_count(optarg); break;
        case VERBOSE: settings.verbose = true; break;
        case KEEP: settings.keep = true; break;
        case LIST: return list_annotations();
        case HELP: fputs(usage, stdout); return 0;
        default: return 2;
        }
    }
    if (optind == argc) return usage_error("which library?");
    settings.roots.host = root_path(host);
    settings.roots.guest = guest && *guest ? root_path(guest) : NULL;
    if (!settings.output) settings.output = default_output();
    return bind_all(argv + optind, jobs);
}
