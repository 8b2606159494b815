/*
 * The one table of `ferry run`'s options, and the three ways in which they come: environment
 * twins, the command line, and the word that a Ferry process hands to the one it executes.
 */
#include "rt/options.h"

#include "aot/base/realname.h"
#include "aot/image/cache.h"
#include "rt/log.h"
#include "rt/translate.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WARM_ENTRIES 2000
#define WARM_MAX     200000000 /* such that 8 times as much is below INT32_MAX */

struct options options = {.sysroot = "", .warm = WARM_ENTRIES, .native = "none"};

struct option {
    const char *name;     /* without the dashes */
    const char *twin;     /* environment variable */
    const char *argument; /* as the help shows it; NULL: a switch */
    bool (*set)(const char *value);
    const char *expected; /* what its value is to be, for messages */
    const char *help;
};

static bool set_sysroot(const char *value)
{
    static char path[PATH_MAX];
    struct stat st;

    if (value[0] == '\0') {
        options.sysroot = "";
        return true;
    }
    if (!real_name(value, path) || stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) return false;
    options.sysroot = strcmp(path, "/") == 0 ? "" : path;
    return true;
}

static bool set_mode(const char *value)
{
    if (strcmp(value, "eval") == 0)
        options.mode = MODE_EVAL;
    else if (strcmp(value, "quick") == 0)
        options.mode = MODE_QUICK;
    else
        return false;
    return true;
}

static bool set_trace(const char *value)
{
    options.trace_syscalls = true;
    return strcmp(value, "syscalls") == 0;
}

static bool set_log(const char *value)
{
    options.log = value;
    return log_enable(value);
}

/* A switch: on by itself. */
static bool set_switch(bool *on, const char *value)
{
    *on = value == NULL || strcmp(value, "1") == 0;
    return *on || strcmp(value, "0") == 0;
}

static bool set_stats(const char *value)
{
    return set_switch(&options.stats, value);
}

static bool set_features(const char *value)
{
    options.cpu_features = value;
    return translate_knows_features(value);
}

static bool set_verify(const char *value)
{
    return set_switch(&options.verify, value);
}

/* It may be made later. */
static bool set_cache(const char *value)
{
    static char path[PATH_MAX];

    options.cache = path;
    return cache_absolute(value, path);
}

static bool set_no_cache(const char *value)
{
    return set_switch(&options.no_cache, value);
}

static bool set_no_profile(const char *value)
{
    return set_switch(&options.no_profile, value);
}

static bool set_no_background(const char *value)
{
    return set_switch(&options.no_background, value);
}

static bool set_count(const char *value)
{
    options.count_rest = value != NULL && strcmp(value, "rest") == 0;
    bool good = set_switch(&options.count, options.count_rest ? NULL : value);

    options.stats |= options.count;
    return good;
}

static bool set_require_image(const char *value)
{
    return set_switch(&options.require_image, value);
}

static bool set_auto_convert(const char *value)
{
    return set_switch(&options.auto_convert, value);
}

static bool set_native(const char *value)
{
    options.native = value;
    return value[0] != '\0';
}

static bool set_explain_native(const char *value)
{
    return set_switch(&options.explain_native, value);
}

static bool set_bindings(const char *value)
{
    static char path[PATH_MAX];

    if (!real_name(value, path)) return false;
    options.bindings = path;
    return true;
}

static bool set_warm(const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);

    options.warm = (u32)n;
    return value[0] >= '0' && value[0] <= '9' && *end == '\0' && n <= WARM_MAX;
}

/* Table: name, twin, argument, setter, what its value is, help. */
static const struct option table[] = {
    {"sysroot", "FERRY_SYSROOT", "DIR", set_sysroot, "a directory",
     "the guest's root directory; its files come before the host's"},
    {"mode", "FERRY_MODE", "quick|eval", set_mode, "quick or eval",
     "how guest code is run (quick)"},
    {"trace", "FERRY_TRACE", "syscalls", set_trace, "syscalls", "one line for each system call"},
    {"log", "FERRY_LOG", "CHANNEL[,CHANNEL...][,RANGE]", set_log,
     "channels and perhaps a range, as ferry run --help lists them",
     "decode, ir, opt, code, link, syscall, signal, loader, mm, path, thread, image, engine;\n"
     "RANGE is guest addresses, 0x1000-0x2000"},
    {"stats", "FERRY_STATS", NULL, set_stats, "0 or 1", "counters at the end of the run"},
    {"cache", "FERRY_CACHE", "DIR", set_cache, "a directory",
     "the user's own cache of images ($XDG_CACHE_HOME/ferry or ~/.cache/ferry)"},
    {"no-cache", "FERRY_NO_CACHE", NULL, set_no_cache, "0 or 1", "use no images"},
    {"no-profile", "FERRY_NO_PROFILE", NULL, set_no_profile, "0 or 1",
     "don't sample where the program spends its time, for the next conversion"},
    {"auto-convert", "FERRY_AUTO_CONVERT", NULL, set_auto_convert, "0 or 1",
     "files whose code wasn't from images are converted in the background, for the\n"
     "next run"},
    {"require-image", "FERRY_REQUIRE_IMAGE", NULL, set_require_image, "0 or 1",
     "code that isn't from an image is said at the end, and the status is 126"},
    {"count", "FERRY_COUNT", NULL, set_count, "0, 1 or rest",
     "--stats, and guest instructions by where their code comes from, with\n"
     "the host instructions executed for them; images are those of ferry\n"
     "convert --count; rest: those alone that are from no image, of any"},
    {"cpu-features", "FERRY_CPU_FEATURES", "LIST", set_features,
     "all, none, or names of features such as avx2,fma",
     "host features to use: all, none (plain SSE2), or names such as avx2,fma"},
    {"warm", "FERRY_WARM", "N", set_warm, "a number from 0 (never) to 200000000",
     "code that is translated as it comes gets a better translation after N entries\n"
     "or 8 N turns of a loop (2000), made in the background; 0: never"},
    {"no-background", "FERRY_NO_BACKGROUND", NULL, set_no_background, "0 or 1",
     "that translation is made by the thread that needs it, which waits"},
    {"native", "FERRY_NATIVE", "auto|none|LIST", set_native, "auto, none, or names of libraries",
     "the host's libraries in place of the guest's, where bindings fit (none);\n"
     "LIST: only these, by soname, separated by commas"},
    {"explain-native", "FERRY_EXPLAIN_NATIVE", NULL, set_explain_native, "0 or 1",
     "with --native: say which of PROGRAM's libraries are the host's, and why not the\n"
     "others, instead of running it"},
    {"bindings", "FERRY_BINDINGS", "DIR", set_bindings, "a directory",
     "bindings made by ferry bind, looked up before the usual places"},
    {"verify", "FERRY_VERIFY", NULL, set_verify, "0 or 1", "check the IR after every pass"},
};

/* Sets the option, which is called `name` here; a bad value ends the program. */
static void apply(const struct option *o, const char *dashes, const char *name, const char *value)
{
    struct log_shown shown;

    if (!o->set(value))
        log_fatal(126, "%s%s=%s: expected %s", dashes, name, log_shown(&shown, value), o->expected);
}

/* Whether the option is about files outside. */
static bool is_files(const struct option *o)
{
    return o->set == set_sysroot || o->set == set_cache || o->set == set_bindings;
}

void options_from_environment(char **envp, bool in_bundle)
{
    for (; *envp != NULL; envp++) {
        if (strncmp(*envp, "FERRY_", 6) != 0) continue;
        for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
            size_t n = strlen(table[i].twin);

            if (in_bundle && is_files(&table[i])) continue;
            if (strncmp(*envp, table[i].twin, n) == 0 && (*envp)[n] == '=' &&
                (*envp)[n + 1] != '\0')
                apply(&table[i], "", table[i].twin, *envp + n + 1);
        }
    }
}

static const struct option *find(const char *word)
{
    size_t n = strcspn(word, "=");

    for (size_t i = 0; i < ARRAY_SIZE(table); i++)
        if (strlen(table[i].name) == n && memcmp(table[i].name, word, n) == 0) return &table[i];
    return NULL;
}

static void __attribute__((noreturn)) no_such_option(const char *word)
{
    struct log_shown shown;

    log_fatal(126, "%s: no such option; see ferry run --help", log_shown(&shown, word));
}

int options_parse(int argc, char **argv)
{
    int i;

    for (i = 0; i < argc && argv[i][0] == '-' && argv[i][1] == '-'; i++) {
        const char *word = argv[i] + 2, *value = strchr(word, '=');
        const struct option *o;

        if (*word == '\0') return i + 1;
        if (strcmp(word, "help") == 0) {
            options_help();
            return -1;
        }
        if (strcmp(word, "version") == 0) {
            puts("ferry " FERRY_VERSION);
            return -1;
        }
        o = find(word);
        if (o == NULL) no_such_option(argv[i]);
        if (value != NULL)
            value++;
        else if (o->argument != NULL && ++i < argc)
            value = argv[i];
        else if (o->argument != NULL)
            log_fatal(126, "--%s: expected %s", o->name, o->expected);
        apply(o, "--", o->name, value);
    }
    if (i < argc && argv[i][0] == '-') no_such_option(argv[i]);
    return i;
}

/* NAME=VALUE words, separated by a byte that no value holds. */
#define SEPARATOR '\x1f'

size_t options_pack(char *buf, size_t size, const char *sysroot)
{
    int n = snprintf(buf, size, "sysroot=%s%cmode=%s", sysroot, SEPARATOR,
                     options.mode == MODE_EVAL ? "eval" : "quick");

#define PACK(...)                                                                                  \
    if (n >= 0 && (size_t)n < size) n += snprintf(buf + n, size - (size_t)n, __VA_ARGS__)
    if (options.trace_syscalls) PACK("%ctrace=syscalls", SEPARATOR);
    if (options.log != NULL) PACK("%clog=%s", SEPARATOR, options.log);
    if (options.stats) PACK("%cstats=1", SEPARATOR);
    if (options.cache != NULL) PACK("%ccache=%s", SEPARATOR, options.cache);
    if (options.require_image) PACK("%crequire-image=1", SEPARATOR);
    if (options.count) PACK("%ccount=%s", SEPARATOR, options.count_rest ? "rest" : "1");
    if (options.auto_convert) PACK("%cauto-convert=1", SEPARATOR);
    if (options.no_cache) PACK("%cno-cache=1", SEPARATOR);
    if (options.no_profile) PACK("%cno-profile=1", SEPARATOR);
    if (options.cpu_features != NULL) PACK("%ccpu-features=%s", SEPARATOR, options.cpu_features);
    if (options.warm != WARM_ENTRIES) PACK("%cwarm=%u", SEPARATOR, options.warm);
    if (options.no_background) PACK("%cno-background=1", SEPARATOR);
    if (strcmp(options.native, "none") != 0) PACK("%cnative=%s", SEPARATOR, options.native);
    if (options.bindings != NULL) PACK("%cbindings=%s", SEPARATOR, options.bindings);
    if (options.verify) PACK("%cverify=1", SEPARATOR);
#undef PACK
    return (size_t)n;
}

void options_unpack(const char *text)
{
    char *copy = strdup(text), *word = copy;

    while (copy != NULL && word != NULL) {
        char *next = strchr(word, SEPARATOR);
        const struct option *o;

        if (next != NULL) *next++ = '\0';
        o = find(word);
        if (o != NULL) /* the copy lives on: values point into it */
            apply(o, "--", o->name, strchr(word, '=') + 1);
        word = next;
    }
}

void options_help(void)
{
    puts("usage: ferry run [OPTION...] PROGRAM [ARG...]\n\n"
         "Runs an AArch64 Linux program. Options (and the environment variables that set them):");
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        char head[80];
        const char *help = table[i].help;

        snprintf(head, sizeof(head), "--%s%s%s", table[i].name,
                 table[i].argument != NULL ? "=" : "",
                 table[i].argument != NULL ? table[i].argument : "");
        printf("  %-34s (%s)\n", head, table[i].twin);
        while (*help != '\0') {
            size_t n = strcspn(help, "\n");

            printf("        %.*s\n", (int)n, help);
            help += n + (help[n] == '\n');
        }
    }
    puts("  --help                             this text\n"
         "  --version                          Ferry's version\n\n"
         "A switch takes =1 and =0 too. An empty variable is none. The command line wins.");
}
