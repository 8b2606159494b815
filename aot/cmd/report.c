/*
 * `ferry report`: gathers what headers of images, their tables of evidence, the lists of missed
 * addresses and profiles say.
 */
#include "aot/cmd/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aot/abi/image_index.h"
#include "aot/cmd/commands.h"
#include "aot/cmd/options.h"
#include "aot/cmd/publish.h"
#include "aot/cmd/say.h"
#include "aot/image/cache.h"
#include "aot/xlat.h"

const char *evidence_text(unsigned evidence)
{
    static const char *const texts[] = {
#define X(name, text) text,
        EVIDENCE_KINDS(X)
#undef X
    };
    return evidence < EVIDENCE_COUNT ? texts[evidence] : "?";
}

const char *missed_text(unsigned kind)
{
    static const char *const texts[] = {
#define X(name, text) text,
        MISSED_KINDS(X)
#undef X
    };
    return kind < MISSED_KIND_COUNT ? texts[kind] : "?";
}

u64 report_covered(const struct report_module *m)
{
    u64 sum = 0;
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) sum += m->header.bytes_by[n];
    return sum < m->header.code_bytes ? sum : m->header.code_bytes;
}

const char *report_made(const struct report_module *m, const struct report_function *f)
{
    if (!m->converted) return "no image";
    if (!f->is_entry) return "not in the image";
    return m->header.profile_samples ? "by a profile" : "without a profile";
}

/* --- one module ---------------------------------------------------------------------------------
 */

static bool is_entry(const u8 *image, const struct image_header *h, u64 pc)
{
    u64 word = (pc - h->code_low) / 4;
    return pc >= h->code_low && pc % 4 == 0 && word < h->code_words &&
           index_find(image, (u32)word) != UINT32_MAX;
}

/* Counts entries by evidence, and looks for what was missed or hot, in the image's index. */
static void read_tables(struct report_module *m, int fd)
{
    const struct image_header *h = &m->header;
    u8 *image = mmap(NULL, h->text, PROT_READ, MAP_PRIVATE, fd, 0);
    if (image == MAP_FAILED) return;
    for (unsigned n = 0; n < EVIDENCE_COUNT; n++) m->entries_by[n] = h->entries_by[n];
    for (u32 n = 0; n < m->miss_count; n++)
        m->miss[n].is_entry = is_entry(image, h, m->miss[n].missed.pc);
    for (u32 n = 0; n < m->profile.hot_count; n++)
        m->profile.hot[n].is_entry = is_entry(image, h, m->profile.hot[n].pc);
    munmap(image, h->text);
}

static void read_missed(struct report_module *m, struct arena *arena, const char *cache,
                        const struct digest *module)
{
    struct missed *missed;
    u32 count = cache_missed(cache, module, &missed);
    m->miss = arena_zalloc(arena, count * sizeof *m->miss);
    for (u32 n = 0; n < count; n++) m->miss[n].missed = missed[n];
    m->miss_count = count;
    missed_free(missed, count);
}

/* Names the functions that missed addresses are in. */
static void name_missed(struct report_module *m, struct arena *arena, const struct module *module)
{
    const struct module_entry *named = NULL;
    for (u32 n = 0, at = 0; n < m->miss_count; n++) {
        u64 pc = m->miss[n].missed.pc;
        for (; at < module->entry_count && module->entry[at].pc <= pc; at++)
            if (module->entry[at].name) named = &module->entry[at];
        if (!named || (named->size && pc - named->pc >= named->size)) continue;
        m->miss[n].function = format_text(arena, "%s", named->name);
        m->miss[n].offset = pc - named->pc;
    }
}

/* What runs have left in the cache: addresses missed, a profile. */
static void read_runs(struct report_module *m, struct arena *arena, const char *cache,
                      const struct digest *module)
{
    struct arena work;
    struct profile_read read;
    struct functions names;
    const char *why;
    arena_init(&work);
    read_missed(m, arena, cache, module);
    bool sampled = cache_profile(&work, cache, module, &read, &why);
    if (why) complain(m->input->guest, "its profile is not used: %s", why);
    if (m->miss_count || sampled) {
        functions_open(&names, &work, m->input->host);
        if (names.known) name_missed(m, arena, &names.m);
        if (sampled) report_profile_of(arena, &read, &names, &m->profile);
        functions_close(&names);
    }
    arena_free(&work);
}

static void read_module(struct report_module *m, struct arena *arena,
                        const struct command_options *o)
{
    const struct digest translator = xlat_id();
    const char *const dirs[] = {o->cache, CACHE_SYSTEM, NULL};
    const struct cache_query q = {&translator, xlat_host_features(), dirs, NULL};
    struct cache_found found;
    struct digest digest;
    struct stat st;
    int fd = open(m->input->host, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
        m->why = strerror(errno);
    } else if (cache_find(&q, fd, &st, &found, &m->why)) {
        m->converted = true;
        m->header = found.header;
        m->image = format_text(arena, "%s", found.path);
        read_runs(m, arena, o->cache, &found.header.module);
        read_tables(m, found.fd);
        close(found.fd);
    } else if (cache_digest_file(fd, (u64)st.st_size, &digest)) {
        read_runs(m, arena, o->cache, &digest);
        if (!m->why) m->why = "not converted";
    }
    if (fd >= 0) close(fd);
}

static void add_up(struct report *r)
{
    struct report_totals *t = &r->total;
    for (u32 n = 0; n < r->count; n++) {
        struct report_module *m = &r->module[n];
        const struct image_header *h = &m->header;
        for (u32 k = 0; k < m->miss_count; k++)
            m->open_count += !m->miss[k].is_entry && m->miss[k].missed.kind != MISSED_RESUME;
        t->converted += m->converted;
        t->misses += m->miss_count;
        t->open += m->open_count;
        t->code += h->code_bytes;
        t->covered += report_covered(m);
        t->image += h->file_size;
        t->functions += h->functions;
        t->entries += h->entry_count;
        for (unsigned k = 0; k < EVIDENCE_COUNT; k++) t->bytes_by[k] += h->bytes_by[k];
    }
}

/* --- the command --------------------------------------------------------------------------------
 */

static int write_html(const struct report *r, const char *file)
{
    char *text = NULL;
    size_t size = 0;
    FILE *f = open_memstream(&text, &size);
    if (!f) {
        complain(file, "%s", strerror(errno));
        return 1;
    }
    report_html(r, f);
    int error = fclose(f) ? errno : publish_text(file, text, size);
    free(text);
    if (error) complain(file, "%s", strerror(error));
    return error ? 1 : 0;
}

static char *join(struct arena *arena, int count, char **words)
{
    char *all = format_text(arena, "%s", words[0]);
    for (int n = 1; n < count; n++) all = format_text(arena, "%s, %s", all, words[n]);
    return all;
}

static int usage(const char *what)
{
    complain_all("%s; see ferry report --help", what);
    return 2;
}

int command_report(int argc, char **argv)
{
    struct command_options o;
    struct inputs in;
    struct arena arena;
    struct report r = {0};
    bool good = true;
    int count = options_read(COMMAND_REPORT, argc, argv, &o);
    if (count < 0) return count == -1 ? 0 : 2;
    if (!count) return usage("report: which program?");
    if (!o.cache) return usage("no HOME, so no cache; name one with --cache");
    arena_init(&arena);
    inputs_init(&in, &arena, o.sysroot);
    for (int n = 0; n < count; n++) good &= inputs_add_program(&in, argv[n]);
    r.title = join(&arena, count, argv);
    r.count = in.count;
    r.module = arena_zalloc(&arena, (in.count + 1) * sizeof *r.module);
    r.missing = in.missing_name;
    r.missing_count = in.missing;
    for (u32 n = 0; n < in.count; n++) {
        r.module[n].input = in.item[n];
        read_module(&r.module[n], &arena, &o);
    }
    if (count == 1) report_ask_native(&r, &arena, o.sysroot, argv[0]);
    add_up(&r);
    if (in.count && o.json) report_json(&r, stdout);
    if (in.count && !o.json && !o.html) report_text(&r, stdout);
    int status = in.count && o.html ? write_html(&r, o.html) : 0;
    if (fflush(stdout)) status = 1;
    arena_free(&arena);
    return good ? status : 1;
}
