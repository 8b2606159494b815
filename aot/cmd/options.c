/*
 * The table of options, and the two ways in which they come: environment and command line. Options
 * may stand before, between and behind the other words, up to a "--".
 */
#include "aot/cmd/options.h"

#include "aot/cmd/say.h"
#include "aot/image/cache.h"
#include "aot/xlat.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CAP (UINT64_C(4) << 30)

struct option {
    const char *name;     /* without the dashes */
    char letter;          /* the short form, or 0 */
    u8 commands;          /* enum command, or-ed */
    const char *twin;     /* environment variable, or NULL */
    const char *argument; /* as the help shows it; NULL: a switch */
    bool (*set)(struct command_options *o, const char *value);
    const char *expected; /* what its value is to be, for messages */
    const char *help;
};

/* --- setters ------------------------------------------------------------------------------------
 */

/* The directory's absolute name, without links and without a slash at the end, to `path`. */
static bool absolute_dir(const char *value, char path[PATH_MAX], const char **out)
{
    struct stat st;
    if (!realpath(value, path) || stat(path, &st) || !S_ISDIR(st.st_mode)) return false;
    *out = strcmp(path, "/") ? path : "";
    return true;
}

static bool set_sysroot(struct command_options *o, const char *value)
{
    static char path[PATH_MAX];
    if (value[0]) return absolute_dir(value, path, &o->sysroot);
    o->sysroot = "";
    return true;
}

static bool set_root(struct command_options *o, const char *value)
{
    static char path[PATH_MAX];
    if (!absolute_dir(value, path, &o->root)) return false;
    if (!o->root[0]) o->root = "/";
    return true;
}

/* It may be made later. */
static bool set_cache(struct command_options *o, const char *value)
{
    static char path[PATH_MAX];
    errno = 0;
    if (absolute_dir(value, path, &o->cache)) return true;
    if (errno != ENOENT || !cache_absolute(value, path)) return false;
    o->cache = path;
    return true;
}

static bool set_output(struct command_options *o, const char *value)
{
    o->output = value;
    return value[0] != '\0';
}

static bool set_html(struct command_options *o, const char *value)
{
    o->html = value;
    return value[0] != '\0';
}

static bool set_jobs(struct command_options *o, const char *value)
{
    char *end;
    unsigned long n = strtoul(value, &end, 10);
    o->jobs = (u32)n;
    return value[0] >= '0' && value[0] <= '9' && !*end && n > 0 && n <= 4096;
}

static bool set_cap(struct command_options *o, const char *value)
{
    static const char units[] = "KMGT";
    char *end;
    errno = 0;
    u64 n = strtoull(value, &end, 10);
    const char *unit = *end ? strchr(units, *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (value[0] < '0' || value[0] > '9' || errno || (*end && (!unit || end[1]))) return false;
    if (n > UINT64_MAX >> shift) return false;
    o->cap = n << shift;
    return true;
}

/* Unlike `ferry run`'s, a list of names may name what this host lacks. */
static bool set_features(struct command_options *o, const char *value)
{
    u64 features, counted = o->features & IMAGE_COUNTED;
    if (!xlat_features_of(value, &features)) return false;
    o->features = (!strcmp(value, "all") ? xlat_host_features() : features) | counted;
    return true;
}

static bool set_quiet(struct command_options *o, const char *value)
{
    o->quiet = !value || strcmp(value, "0");
    return !value || !strcmp(value, "0") || !strcmp(value, "1");
}

static bool set_count(struct command_options *o, const char *value)
{
    o->features |= IMAGE_COUNTED;
    return !value;
}

/* NAME:FROM-TO; job.c reads it. */
static bool set_count_only(struct command_options *o, const char *value)
{
    u64 low, high;
    const char *range = strrchr(value, ':');
    int end = 0;
    o->count_only = value;
    o->features |= IMAGE_COUNTED;
    return range && range != value && sscanf(range, ":%lx-%lx%n", &low, &high, &end) == 2 &&
           !range[end];
}

static bool set_insn_lines(struct command_options *o, const char *value)
{
    o->insn_lines = true;
    return !value;
}

static bool set_leave_out(struct command_options *o, const char *value)
{
    char *end;
    unsigned long percent = strtoul(value, &end, 10);
    o->leave_out = (u32)percent;
    return *value && !*end && percent <= 100;
}

static bool set_force(struct command_options *o, const char *value)
{
    o->force = true;
    return !value;
}

static bool set_profile(struct command_options *o, const char *value)
{
    o->profile = USE_PROFILE;
    return !value;
}

static bool set_no_profile(struct command_options *o, const char *value)
{
    o->profile = USE_NO_PROFILE;
    return !value;
}

static bool set_handed_over(struct command_options *o, const char *value)
{
    o->handed_over = true;
    return !value;
}

static bool set_json(struct command_options *o, const char *value)
{
    o->json = true;
    return !value;
}

static bool set_compile(struct command_options *o, const char *value)
{
    o->compile = true;
    return !value;
}

/* --- the table ----------------------------------------------------------------------------------
 */

#define CONVERT COMMAND_CONVERT
#define CACHE   COMMAND_CACHE
#define REPORT  COMMAND_REPORT
#define PROFILE COMMAND_PROFILE

static const struct option table[] = {
    {"sysroot", 0, CONVERT | CACHE | REPORT | PROFILE, "FERRY_SYSROOT", "DIR", set_sysroot,
     "a directory", "the guest's root directory, as for ferry run"},
    {"root", 0, CONVERT, NULL, "DIR", set_root, "a directory",
     "convert every arm64 program and library in this tree"},
    {"cache", 0, CONVERT | CACHE | REPORT | PROFILE, "FERRY_CACHE", "DIR", set_cache, "a directory",
     "the cache ($XDG_CACHE_HOME/ferry or ~/.cache/ferry)"},
    {"cap", 0, CONVERT | CACHE, "FERRY_CACHE_CAP", "SIZE", set_cap, "a size such as 500M or 4G",
     "how much the cache may hold (4G); what was used longest ago goes first"},
    {"output", 'o', CONVERT, NULL, "FILE", set_output, "a file",
     "write the image of one PROGRAM or library to FILE, not to the cache"},
    {"cpu-features", 0, CONVERT, "FERRY_CPU_FEATURES", "LIST", set_features,
     "all, none, or names of features such as avx2,fma",
     "features that code may use: all of this host's, none (plain SSE2), or names"},
    {"leave-out", 0, CONVERT, NULL, "PERCENT", set_leave_out, "0 to 100",
     "leave out that share of regions: to test that programs run without them"},
    {"count", 0, CONVERT, NULL, NULL, set_count, "no value",
     "code that counts what it executes, for ferry run --count"},
    {"count-only", 0, CONVERT, NULL, "NAME:FROM-TO", set_count_only, "a module and two addresses",
     "the same of the instructions at these addresses of one module alone"},
    {"insn-lines", 0, CONVERT, NULL, NULL, set_insn_lines, "no value",
     "line tables that tell guest instructions: line N is the one at address 4 x N"},
    {"jobs", 'j', CONVERT | CACHE, NULL, "N", set_jobs, "a number",
     "modules at a time (as many as there are processors; under make, as its -j says)"},
    {"force", 0, CONVERT, NULL, NULL, set_force, "no value",
     "convert again what is in the cache already"},
    {"profile", 0, CONVERT, NULL, NULL, set_profile, "no value",
     "convert again whatever has a profile that has changed (as it is: if there is much more of "
     "it)"},
    {"no-profile", 0, CONVERT, NULL, NULL, set_no_profile, "no value",
     "make no use of what runs have sampled"},
    {"handed-over", 0, CONVERT, NULL, NULL, set_handed_over, "no value",
     "convert what runs with --auto-convert have handed over, with idle priority"},
    {"compile", 0, CACHE, NULL, NULL, set_compile, "no value",
     "verify: convert again and compare byte for byte"},
    {"json", 0, CACHE | REPORT, NULL, NULL, set_json, "no value", "print JSON"},
    {"html", 0, REPORT, NULL, "FILE", set_html, "a file", "write one page with plots"},
    {"quiet", 'q', CONVERT | CACHE | PROFILE, NULL, NULL, set_quiet, "0 or 1", "print errors only"},
};

static const char *name_of(enum command c)
{
    switch (c) {
    case COMMAND_CACHE: return "cache";
    case COMMAND_REPORT: return "report";
    case COMMAND_PROFILE: return "profile";
    default: return "convert";
    }
}

static const char *head_of(enum command c)
{
    switch (c) {
    case COMMAND_CACHE:
        return "usage: ferry cache [OPTION...] list|path\n"
               "       ferry cache [OPTION...] verify [--compile] [FILE...]\n"
               "       ferry cache [OPTION...] prune\n\n"
               "Looks after the images that ferry convert has made. Options:\n";
    case COMMAND_REPORT:
        return "usage: ferry report [OPTION...] PROGRAM...\n\n"
               "What of a program and its libraries is translated, by what evidence, in which "
               "tiers\nruns spent their time, before and after, and what they missed. Options:\n";
    case COMMAND_PROFILE:
        return "usage: ferry profile [OPTION...] show PROGRAM...\n"
               "       ferry profile [OPTION...] merge CACHE...\n"
               "       ferry profile [OPTION...] clear [MODULE...]\n\n"
               "What runs have sampled of programs and their libraries. Options:\n";
    default:
        return "usage: ferry convert [OPTION...] PROGRAM...\n"
               "       ferry convert [OPTION...] --root DIR\n"
               "       ferry convert [OPTION...] -o FILE PROGRAM\n"
               "       ferry convert [OPTION...] --handed-over\n\n"
               "Translates programs and the libraries they need before they run. Options:\n";
    }
}

static void print_help(enum command command)
{
    fputs(head_of(command), stdout);
    for (size_t n = 0; n < ARRAY_SIZE(table); n++) {
        const struct option *o = &table[n];
        char head[64];
        if (!(o->commands & command)) continue;
        int at = o->letter ? snprintf(head, sizeof head, "-%c, ", o->letter) : 0;
        snprintf(head + at, sizeof head - (size_t)at, "--%s%s%s", o->name, o->argument ? "=" : "",
                 o->argument ? o->argument : "");
        if (o->twin)
            printf("  %-26s (%s)\n        %s\n", head, o->twin, o->help);
        else
            printf("  %s\n        %s\n", head, o->help);
    }
    puts("  --help\n  --version\n\nThe command line wins over the environment.");
}

/* --- reading ------------------------------------------------------------------------------------
 */

struct reading {
    enum command command;
    struct command_options *o;
    int argc, at; /* words, the next one */
    char **argv;
};

static bool apply(struct reading *r, const struct option *o, const char *called, const char *value)
{
    struct shown s;
    if (o->set(r->o, value)) return true;
    if (value)
        complain_all("%s=%s: expected %s", called, shown(&s, value), o->expected);
    else
        complain_all("%s: expected %s", called, o->expected);
    return false;
}

/* Applies an option whose value is `attached`, or the next word. */
static bool take(struct reading *r, const struct option *o, const char *attached)
{
    char called[32];
    snprintf(called, sizeof called, "--%s", o->name);
    if (o->argument && !attached && r->at < r->argc) attached = r->argv[r->at++];
    if (o->argument && !attached) {
        complain_all("%s: expected %s", called, o->expected);
        return false;
    }
    return apply(r, o, called, attached);
}

static const struct option *find(enum command command, const char *name, size_t n)
{
    for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
        const struct option *o = &table[i];
        if (!(o->commands & command)) continue;
        if (n == 1 ? o->letter == name[0] : strlen(o->name) == n && !memcmp(o->name, name, n))
            return o;
    }
    return NULL;
}

static bool take_word(struct reading *r, const char *word)
{
    bool is_long = word[1] == '-';
    size_t n = is_long ? strcspn(word + 2, "=") : 1;
    const char *name = word + (is_long ? 2 : 1);
    const struct option *o = is_long && n == 1 ? NULL : find(r->command, name, n);
    const char *attached = name + n;
    struct shown s;
    if (!o || (!is_long && !o->argument && *attached)) {
        complain_all("%s: no such option; see ferry %s --help", shown(&s, word),
                     name_of(r->command));
        return false;
    }
    if (is_long) return take(r, o, *attached == '=' ? attached + 1 : NULL);
    return take(r, o, *attached ? attached : NULL);
}

static bool read_environment(struct reading *r)
{
    for (size_t n = 0; n < ARRAY_SIZE(table); n++) {
        const struct option *o = &table[n];
        const char *value = o->twin && (o->commands & r->command) ? getenv(o->twin) : NULL;
        if (value && *value && !apply(r, o, o->twin, value)) return false;
    }
    return true;
}

static bool read_defaults(struct command_options *o)
{
    static char usual[PATH_MAX];
    *o = (struct command_options){
        .sysroot = "", .features = xlat_host_features(), .cap = DEFAULT_CAP};
    if (cache_default(usual, sizeof usual)) o->cache = usual;
    return true;
}

int options_read(enum command command, int argc, char **argv, struct command_options *out)
{
    struct reading r = {command, out, argc, 0, argv};
    int words = 0;
    if (!read_defaults(out) || !read_environment(&r)) return -2;
    while (r.at < argc) {
        char *word = argv[r.at++];
        if (!strcmp(word, "--")) break;
        if (!strcmp(word, "--help") || !strcmp(word, "--version")) {
            if (word[2] == 'h')
                print_help(command);
            else
                puts("ferry " FERRY_VERSION);
            return -1;
        }
        if (word[0] != '-' || !word[1])
            argv[words++] = word;
        else if (!take_word(&r, word))
            return -2;
    }
    while (r.at < argc) argv[words++] = argv[r.at++];
    return words;
}
