/*
 * `ferry convert`: which files, one process for each, what is said about them.
 */
#include "aot/cmd/commands.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "aot/cmd/closure.h"
#include "aot/cmd/guestfs.h"
#include "aot/cmd/handed_over.h"
#include "aot/cmd/job.h"
#include "aot/cmd/pool.h"
#include "aot/cmd/publish.h"
#include "aot/cmd/say.h"
#include "aot/cmd/store.h"

struct conversion {
    struct command_options o;
    struct inputs in;
    struct progress bar;
    const char *last; /* file that ended last, for the bar */
    bool lines;       /* one for each file */
    bool stopped;     /* images can't be written, as has been said */
    s64 since;
    u64 began; /* ns */
    /* Sums. */
    u32 made, there, nothing, failed;
    u64 functions, code, text, image_size, published;
    u32 profiled;
    u64 samples;
    u64 memory; /* most that a process had, and for which file */
    const char *largest;
    u64 bytes_by[EVIDENCE_COUNT];
};

static u64 now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (u64)t.tv_sec * UINT64_C(1000000000) + (u64)t.tv_nsec;
}

/* --- one file -----------------------------------------------------------------------------------
 */

static void run_one(void *context, u32 n, void *result)
{
    struct conversion *c = context;
    job_convert(&c->o, c->in.item[n], result);
}

static void add_facts(struct conversion *c, const struct job_result *r)
{
    const struct image_header *h = &r->header;
    c->text += r->text;
    c->functions += h->functions;
    c->code += h->code_bytes;
    c->image_size += h->file_size;
    c->profiled += h->profile_samples != 0;
    c->samples += h->profile_samples;
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) c->bytes_by[n] += h->bytes_by[n];
}

static double ratio(u64 a, u64 b)
{
    return b ? (double)a / (double)b : 0;
}

static void print_line(const struct input *in, const struct job_result *r)
{
    struct size_text code, image;
    struct shown name;
    progress_clear();
    if (r->status == JOB_MADE)
        printf("%s: %u functions, %s of code, image %s, %.2f x its sections of code",
               shown(&name, in->guest), r->header.functions, size_text(&code, r->header.code_bytes),
               size_text(&image, r->header.file_size), ratio(r->header.file_size, r->text));
    else if (r->status == JOB_THERE)
        printf("%s: in the cache already", shown(&name, in->guest));
    else
        printf("%s: no image: %s", shown(&name, in->guest), r->why);
    if (r->status != JOB_NOTHING && r->header.profile_samples)
        printf(", by %llu samples of runs", (unsigned long long)r->header.profile_samples);
    putchar('\n');
    fflush(stdout);
}

static void say_death(const struct input *in, int status)
{
    if (WIFSIGNALED(status))
        complain(in->guest, "conversion was ended by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        complain(in->guest, "conversion ended with status %d", WEXITSTATUS(status));
}

/* Nothing more is begun. Says why, once. */
static bool stop(struct conversion *c, const char *why)
{
    if (!c->stopped) complain(c->o.output ? c->o.output : c->o.cache, "%s", why);
    c->stopped = true;
    return false;
}

/* Keeps the cache under its cap on the way. False: it is full of what this very run has made. */
static bool make_room(struct conversion *c, u64 added)
{
    struct store_removed removed;
    c->published += added;
    if (c->o.output || c->published < c->o.cap / 8) return true;
    if (!store_trim(c->o.cache, c->o.cap, c->since, false, &removed)) return true;
    c->published = 0;
    if (removed.left <= c->o.cap) return true;
    return stop(c, "the cache is full; see --cap");
}

static bool take_result(struct conversion *c, const struct input *in, const struct job_result *r)
{
    switch (r->status) {
    case JOB_MADE: c->made++; break;
    case JOB_THERE: c->there++; break;
    case JOB_NOTHING: c->nothing++; break;
    case JOB_BAD:
        c->failed++;
        complain(in->guest, "%s", r->why);
        return true;
    default: c->failed++; return stop(c, r->why);
    }
    if (r->status != JOB_NOTHING) add_facts(c, r);
    if (c->lines) print_line(in, r);
    return r->status != JOB_MADE || make_room(c, r->header.file_size);
}

static bool one_done(void *context, u32 n, const struct pool_end *end)
{
    struct conversion *c = context;
    const struct input *in = c->in.item[n];
    bool more = true;
    if (end->memory > c->memory) {
        c->memory = end->memory;
        c->largest = in->guest;
    }
    if (end->result) {
        more = take_result(c, in, end->result);
    } else {
        c->failed++;
        say_death(in, end->status);
    }
    c->bar.done += in->size;
    c->bar.files++;
    c->last = in->guest;
    progress_show(&c->bar, c->last);
    return more;
}

static void tick(void *context)
{
    struct conversion *c = context;
    progress_show(&c->bar, c->last);
}

/* --- all of them --------------------------------------------------------------------------------
 */

static void print_summary(const struct conversion *c)
{
    struct size_text code, images, memory;
    u64 covered = 0;
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) covered += c->bytes_by[n];
    printf(
        "%u files in %.1f s: %u converted, %u in the cache already, %u without code, %u failed\n",
        c->in.count, (double)(now() - c->began) / 1e9, c->made, c->there, c->nothing, c->failed);
    printf(
        "%llu functions; %s of code, %.1f %% of it in images of %s, %.2f x the sections of code; "
        "most memory %s, for %s\n",
        (unsigned long long)c->functions, size_text(&code, c->code), percent(covered, c->code),
        size_text(&images, c->image_size), ratio(c->image_size, c->text),
        size_text(&memory, c->memory), c->largest);
    if (c->profiled)
        printf("%u of the images by profiles of runs, %llu samples\n", c->profiled,
               (unsigned long long)c->samples);
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) {
        static const char *const names[] = {
#define X(name, text) text,
            EVIDENCE_KINDS(X)
#undef X
        };
        if (!c->bytes_by[n]) continue;
        printf("  %-24s %10s %6.1f %%\n", names[n], size_text(&code, c->bytes_by[n]),
               percent(c->bytes_by[n], c->code));
    }
    fflush(stdout);
}

static int by_size(const void *a, const void *b)
{
    const struct input *x = *(struct input *const *)a, *y = *(struct input *const *)b;
    if (x->size != y->size) return x->size < y->size ? 1 : -1;
    return strcmp(x->host, y->host);
}

/* The only file of -o. */
static bool add_single(struct conversion *c, const char *word)
{
    struct guest_file f;
    const char *why = NULL;
    if (!guest_programs(c->o.sysroot, word, &f, 1, &why)) {
        complain(word, "%s", why);
        return false;
    }
    return inputs_add(&c->in, f.host, f.guest) != NULL;
}

static bool add_inputs(struct conversion *c, int count, char **words)
{
    bool good = true;
    if (c->o.root) good = inputs_add_tree(&c->in, c->o.root);
    for (int n = 0; n < count; n++)
        good &= c->o.output ? add_single(c, words[n]) : inputs_add_program(&c->in, words[n]);
    if (c->in.count) qsort(c->in.item, c->in.count, sizeof *c->in.item, by_size);
    for (u32 n = 0; n < c->in.count; n++) c->bar.all += c->in.item[n]->size;
    c->bar.of = c->in.count;
    return good;
}

static int usage(const char *what)
{
    complain_all("%s; see ferry convert --help", what);
    return 2;
}

/* 0, or the status for a use that makes no sense. */
static int check_use(const struct command_options *o, int count)
{
    if (o->handed_over && (count || o->root || o->output || !o->cache))
        return usage("--handed-over is about a cache alone");
    if (o->handed_over) return 0;
    if (o->root && (count || o->output)) return usage("--root takes no PROGRAM and no --output");
    if (!o->root && !count) return usage("convert: which program?");
    if (o->output && count != 1) return usage("--output takes one PROGRAM");
    if (!o->cache && !o->output) return usage("no HOME, so no cache; name one with --cache");
    return 0;
}

static int finish(struct conversion *c, int ended, bool good)
{
    struct store_removed removed;
    progress_clear();
    if (!c->o.output && c->made) store_trim(c->o.cache, c->o.cap, c->since, false, &removed);
    if (ended > 0) {
        complain_all(
            "interrupted: %u of %u files are converted; the same command goes on from here",
            c->made + c->there, c->in.count);
        signal(ended, SIG_DFL);
        raise(ended);
    }
    if (c->in.unreadable)
        complain(c->o.root, "%u files or directories in it can't be read", c->in.unreadable);
    if (ended < 0) complain_all("no process can be started: %s", strerror(errno));
    if (!c->o.quiet) print_summary(c);
    return !good || ended || c->failed || c->stopped ? 1 : 0;
}

/* A module's conversion takes five to eight times its size (measured), and a few MiB to begin with.
 */
static u64 need(void *context, u32 n)
{
    const struct conversion *c = context;
    return (UINT64_C(16) << 20) + 10 * c->in.item[n]->size;
}

/* Three quarters of the memory that is free. */
static u64 memory_to_use(void)
{
    FILE *f = fopen("/proc/meminfo", "re");
    char line[128];
    unsigned long long kib = 0;
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kib) == 1) break;
    if (f) fclose(f);
    return kib * 1024 / 4 * 3;
}

/* Converts what c->in has. */
static int convert_all(struct conversion *c)
{
    struct pool p = {.jobs = c->o.jobs,
                     .need = need,
                     .memory = memory_to_use(),
                     .count = c->in.count,
                     .result_size = sizeof(struct job_result),
                     .context = c,
                     .run = run_one,
                     .done = one_done,
                     .tick = tick};
    return c->in.count ? pool_run(&p) : 0;
}

static void begin(struct conversion *c, struct arena *arena, const struct command_options *o)
{
    *c = (struct conversion){
        .o = *o, .began = now(), .since = time(NULL), .last = "", .largest = "none"};
    arena_init(arena);
    inputs_init(&c->in, arena, o->sysroot);
}

int convert_files(const struct command_options *o, char *lines)
{
    struct conversion c;
    struct arena arena;
    begin(&c, &arena, o);
    for (char *line = lines, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        inputs_add(&c.in, line, line);
    }
    int ended = convert_all(&c), status = finish(&c, ended, true);
    arena_free(&arena);
    return status;
}

int command_convert(int argc, char **argv)
{
    struct command_options o;
    struct conversion c;
    struct arena arena;
    int count = options_read(COMMAND_CONVERT, argc, argv, &o);
    if (count < 0) return count == -1 ? 0 : 2;
    int status = check_use(&o, count);
    if (status) return status;
    if (o.handed_over) return convert_handed_over(&o);
    if (o.root && !o.sysroot[0] && strcmp(o.root, "/")) o.sysroot = o.root;
    begin(&c, &arena, &o);
    c.bar.on = !o.quiet && isatty(2);
    c.lines = !o.quiet && !(c.bar.on && isatty(1));
    bool good = add_inputs(&c, count, argv);
    int ended = convert_all(&c);
    status = c.in.count || o.root ? finish(&c, ended, good) : 1;
    arena_free(&arena);
    return status;
}
