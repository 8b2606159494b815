/*
 * ferry: one command with subcommands. `run` is here; every other NAME is the program ferry-NAME
 * in libexec/ferry, beside the build or the installation.
 */
#include "aot/base/realname.h"
#include "rt/bundle.h"
#include "rt/image.h"
#include "rt/kernel.h"
#include "rt/loader.h"
#include "rt/log.h"
#include "rt/mm.h"
#include "rt/native_run.h"
#include "rt/native_start.h"
#include "rt/options.h"
#include "rt/process.h"
#include "rt/profile.h"
#include "rt/stats.h"
#include "rt/translate.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

char process_exe[PATH_MAX];
char process_self[PATH_MAX];

/* Without /proc, the name that this program was executed by is the next best. */
static void find_self(void)
{
    const char *executed = (const char *)getauxval(AT_EXECFN);
    ssize_t n = readlink("/proc/self/exe", process_self, sizeof(process_self) - 1);

    process_self[n > 0 ? n : 0] = '\0';
    if (n <= 0 && (executed == NULL || realpath(executed, process_self) == NULL))
        process_self[0] = '\0';
}

bool process_helper(const char *name, char *path, size_t size)
{
    static const char *const places[] = {"libexec/ferry", "../libexec/ferry"};
    const char *slash = strrchr(process_self, '/');

    for (size_t i = 0; i < ARRAY_SIZE(places) && slash != NULL; i++) {
        snprintf(path, size, "%.*s/%s/ferry-%s", (int)(slash - process_self), process_self,
                 places[i], name);
        if (access(path, X_OK) == 0) return true;
    }
    return false;
}

/* Runs ferry-NAME; returns when there is none. */
static void run_helper(const char *name, char **argv)
{
    char path[2 * PATH_MAX];

    if (process_helper(name, path, sizeof(path))) execv(path, argv);
}

static void usage(void)
{
    puts("usage: ferry COMMAND [ARG...]\n\n"
         "  run       run an AArch64 program: ferry run [--sysroot DIR] PROGRAM [ARG...]\n"
         "  convert   translate programs and their libraries before they run\n"
         "  cache     look after what convert has made\n"
         "  report    what of a program is translated, and what runs missed\n"
         "  profile   what runs have sampled: look at it, merge it, clear it\n"
         "  bundle    make one x86-64 executable of an AArch64 program\n"
         "  bind      make bindings of host libraries that guests may call\n"
         "  sysroot   make a directory of Debian arm64 packages\n\n"
         "ferry COMMAND --help tells more.");
}

/* How far a find is from what the user means: a program of the sysroot, a guest program at all. */
static int distance(struct thread *t, const char *name, const struct exec_target *x)
{
    struct path file;

    if (x->native) return 2;
    if (options.sysroot[0] == '\0') return 0;
    return path_resolve_text(t, AT_FDCWD, name, PATH_FOLLOW, &file) == 0 &&
                   path_in_sysroot(file.host)
               ? 0
               : 1;
}

/* The guest's word for the program: a path, or a name looked up in PATH, which may well have the
 * host's program of that name first. */
static s64 find_program(struct thread *t, const char *word, struct exec_target *x, const char **why)
{
    const char *dirs = getenv("PATH");
    char name[PATH_MAX], nearest[PATH_MAX];
    int least = 3;
    s64 r, seen = -ENOENT;

    *why = NULL;
    if (*word == '\0') return -ENOENT; /* no name at all, in whatever folder */
    if (strchr(word, '/') != NULL) return exec_resolve(t, AT_FDCWD, word, 0, x, why);
    if (dirs == NULL) dirs = "/usr/local/bin:/usr/bin:/bin";
    while (*dirs != '\0' && least != 0) {
        size_t n = strcspn(dirs, ":");
        int far;

        snprintf(name, sizeof(name), "%.*s%s%s", (int)n, dirs, n != 0 ? "/" : "", word);
        r = exec_resolve(t, AT_FDCWD, name, 0, x, why);
        if (r != 0 && r != -ENOENT && r != -ENOTDIR) seen = r;
        far = r == 0 ? distance(t, name, x) : 3;
        if (far < least) {
            least = far;
            strcpy(nearest, name);
        }
        dirs += n + (dirs[n] == ':');
    }
    return least == 3 ? seen : exec_resolve(t, AT_FDCWD, nearest, 0, x, why);
}

static void refuse(const char *word, s64 error, const char *why)
{
    struct log_shown shown;

    log_fatal(error == -ENOENT || error == -ENOTDIR ? 127 : 126, "%s: %s", log_shown(&shown, word),
              why != NULL ? why : strerror((int)-error));
}

/* argv with a script's words in place of the first. */
static char **with_prefix(char **argv, const struct exec_target *x)
{
    size_t count = 0;
    char **all;

    if (x->prefix_count == 0) return argv;
    while (argv[count] != NULL) count++;
    all = calloc(count + x->prefix_count + 1, sizeof(*all));
    if (all == NULL) log_fatal(126, "no memory for the arguments");
    memcpy(all, x->prefix, x->prefix_count * sizeof(*all));
    memcpy(all + x->prefix_count, argv + 1, count * sizeof(*all));
    return all;
}

/* What must be there before the first guest thread is. */
static struct thread *start_runtime(void)
{
    struct thread *t;

    stats_on = options.stats;
    mm_init();
    translate_init();
    engine = options.mode == MODE_EVAL ? &engine_eval : &engine_jit;
    if (!engine->init()) engine = &engine_eval;
    image_init();
    profile_init();
    t = thread_new(NULL, 0);
    if (t == NULL) log_fatal(126, "no memory");
    thread_self = t;
    t->tid = t->process->pid;
    if (options.trace_syscalls) log_enable("syscall");
    if (options.stats || log_mask != 1u << LOG_ERROR) t->files->hidden[HIDDEN_LOG] = log_protect();
    return t;
}

/* The bundle that this program is: where it is, and how to get at its file later on. */
static void start_bundle(struct thread *t, u32 cwd)
{
    if (!bundle_on) return;
    if (cwd == BUNDLE_HIDDEN)
        t->fs->has_own_root = true;
    else
        bundle_set_cwd(t->fs, cwd);
    if (access("/proc/self/exe", F_OK) != 0) process_keep_self(t);
}

/* Runs the program in the file `host`, which the guest calls `name`. */
static void __attribute__((noreturn))
run_program(struct thread *t, const char *host, const char *name, char **argv, char **envp)
{
    struct program p = {host, name, argv, envp};
    const char *base = strrchr(name, '/');

    load_program(t, &p);
    if (strncmp(host, FD_PATH, strlen(FD_PATH)) == 0) close(atoi(host + strlen(FD_PATH)));
    prctl(PR_SET_NAME, base != NULL ? base + 1 : name);
    signal_init(t);
    native_start(host);
    if (t->until_sampled == 0) profile_start(t);
    thread_loop(t);
}

/* The canonical path, as Linux's /proc/self/exe would say it. */
static void name_program(const char *host)
{
    char real[PATH_MAX];

    if (bundle_inside(host) != NULL)
        strcpy(real, host);
    else if (!real_name(host, real)) {
        ssize_t n = readlink(host, real, sizeof(real) - 1); /* a memfd has no path */

        if (n >= 0)
            real[n] = '\0';
        else
            strcpy(real, host);
    }
    strcpy(process_exe, real);
}

static int run_command(int argc, char **argv, char **envp)
{
    static struct exec_target x;
    struct thread *t;
    const char *why;
    int first;
    s64 r;

    options_from_environment(envp, false);
    first = options_parse(argc, argv);
    if (first < 0) return 0;
    if (first == argc) log_fatal(126, "run: which program? see ferry run --help");
    t = start_runtime();
    native_check();
    r = find_program(t, argv[first], &x, &why);
    if (r != 0) refuse(argv[first], r, why);
    if (x.native) refuse(argv[first], -ENOEXEC, why);
    name_program(x.host.host);
    run_program(t, x.host.host, x.name, with_prefix(argv + first, &x), envp);
}

/* Cuts the text at its next separator; what follows. */
static char *next_field(char *text)
{
    char *at = strchr(text, EXEC_SEPARATOR);

    if (at == NULL) log_fatal(126, "FERRY_EXEC is not meant to be set by hand");
    *at = '\0';
    return at + 1;
}

/* The program that this bundle is of. Options come from the environment alone, and there is no
 * sysroot and no cache. */
static void __attribute__((noreturn)) run_bundle(char **argv, char **envp)
{
    static struct exec_target x;
    const char *executed = (const char *)getauxval(AT_EXECFN), *why;
    static char nameless[] = "", *nothing[] = {nameless, NULL};
    struct thread *t;
    s64 r;

    options_from_environment(envp, true);
    t = start_runtime();
    start_bundle(t, 0);
    r = exec_resolve(t, AT_FDCWD, bundle_program(), 0, &x, &why);
    if (r != 0) refuse(bundle_program(), r, why);
    name_program(x.host.host);
    if (argv[0] == NULL) argv = nothing;
    run_program(t, x.host.host, executed != NULL ? executed : x.name, with_prefix(argv, &x), envp);
}

/* Started by execve of another Ferry: the variable holds host path, guest path, the descriptor of
 * Ferry's own file, the bundle's working directory, options. */
static void __attribute__((noreturn)) run_executed(char *host, char **argv, char **envp)
{
    char *guest = next_field(host), *self = next_field(guest), *cwd = next_field(self);
    char *packed = next_field(cwd);
    struct thread *t;

    options_unpack(packed);
    name_program(host);
    t = start_runtime();
    profile_start_later(t);
    process_take_self(t, atoi(self));
    start_bundle(t, (u32)strtoul(cwd, NULL, 10));
    run_program(t, host, guest, argv, envp);
}

/* The descriptor of Ferry's own file in what the variable holds; -1: none. */
static int handed_over(const char *text)
{
    for (int skip = 2; skip != 0 && text != NULL; skip--) {
        text = strchr(text, EXEC_SEPARATOR);
        if (text != NULL) text++;
    }
    return text != NULL ? atoi(text) : -1;
}

/* Takes the variable out of the environment; its value, or NULL. */
static char *take_variable(char **envp)
{
    size_t n = strlen(EXEC_VARIABLE);

    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, EXEC_VARIABLE, n) == 0) {
            char *value = *envp + n;

            do envp[0] = envp[1];
            while (*envp++ != NULL);
            return value;
        }
    }
    return NULL;
}

/* The text with the options that another Ferry hands over asks for native libraries. */
static bool packed_native(char **envp)
{
    size_t n = strlen(EXEC_VARIABLE);

    for (; *envp != NULL; envp++)
        if (strncmp(*envp, EXEC_VARIABLE, n) == 0) return strstr(*envp, OPTIONS_NATIVE) != NULL;
    return false;
}

/* Native libraries are wanted: by the Ferry before this one, by the command line, or by the
 * environment. */
static bool wants_native(int argc, char **argv, char **envp)
{
    bool run = argc >= 2 && strcmp(argv[1], "run") == 0;

    if (packed_native(envp)) return true;
    if (!run) return false;
    options_from_environment(envp, false);
    if (options_parse(argc - 2, argv + 2) < 0) exit(0);
    return strcmp(options.native, "none") != 0;
}

int main(int argc, char **argv, char **envp)
{
    char *executed;
    struct log_shown shown;

    find_self();
    native_arrive(envp);
    if (!native_available() && wants_native(argc, argv, envp)) native_hop(argv, envp);
    executed = take_variable(envp);
    bundle_start(executed != NULL ? handed_over(executed) : -1);
    if (executed != NULL) run_executed(executed, argv, envp);
    if (bundle_on) run_bundle(argv, envp);
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        usage();
        return argc < 2 ? 126 : 0;
    }
    if (strcmp(argv[1], "--version") == 0) {
        puts("ferry " FERRY_VERSION);
        return 0;
    }
    if (strcmp(argv[1], "run") == 0) return run_command(argc - 2, argv + 2, envp);
    if (argv[1][0] != '-' && strchr(argv[1], '/') == NULL) run_helper(argv[1], argv + 1);
    log_fatal(127, "%s: no such command; see ferry --help", log_shown(&shown, argv[1]));
}
