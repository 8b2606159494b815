/*
 * One library's binding, from its annotation file to the finished folder.
 *
 * The stub offers what the guest's library does; what the host's library lacks of that is refused.
 */
#include "hostlibs/bind/bind.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const files[] = {"binding", "stub.so", NULL};

struct work {
    const struct settings *settings;
    struct annotation annotation;
    struct library host, guest;
    const struct library *exports; /* the guest's; the host's where there is none */
    struct probe probe;
    struct derivation derivation;
    const char **signature; /* of each export, or NULL, and why not */
    const char **refusal;
    struct stub_symbol *stub;
    size_t stubs;
    u64 code;
    u32 bound, refused, data;
};

/* --- the two libraries ------------------------------------------------------------------------ */

static const char *find_library(const char *root, const char *const *folders, const char *soname)
{
    for (; *folders; folders++) {
        const char *path = format("%s/%s/%s", root, *folders, soname);
        if (is_there(path)) return path;
    }
    return NULL;
}

static void read_libraries(struct work *w)
{
    const struct roots *roots = &w->settings->roots;
    const char *soname = w->annotation.soname;
    const char *path = w->annotation.file;
    if (!path) path = find_library(roots->host, host_library_folders, soname);
    struct rule *package = NULL;
    for (size_t i = 0; i < w->annotation.count && !package; i++)
        if (w->annotation.rule[i].kind == RULE_PACKAGE) package = &w->annotation.rule[i];
    if (!path)
        die("not in %s%s%s", *roots->host ? roots->host : "the host's library folders",
            package ? "; it comes with Debian's package " : "", package ? package->word : "");
    library_read(path, EM_X86_64, &w->host);
    if (strcmp(w->host.soname, soname)) die("%s calls itself %s", path, w->host.soname);
    if (!*w->host.build_id) die("%s has no build ID, by which a binding knows it", path);
    w->exports = &w->host;
    path = roots->guest ? find_library(roots->guest, guest_library_folders, soname) : NULL;
    if (!path) {
        note("the guest has no such library: the stub is made after the host's");
        return;
    }
    library_read(path, EM_AARCH64, &w->guest);
    w->exports = &w->guest;
}

/* --- what is bound ---------------------------------------------------------------------------- */

static const char *refuse_data(struct work *w, const struct symbol *s)
{
    if (w->exports == &w->host)
        return "an object, and the guest's library isn't here to copy it from";
    return s->constant ? NULL : "an object that isn't constant";
}

static void judge_function(struct work *w, size_t i)
{
    const struct symbol *s = &w->exports->symbol[i];
    struct ctype *host = types_find(&w->probe.host, s->name);
    struct ctype *guest = types_find(&w->probe.guest, s->name);
    const struct symbol *other = library_find(&w->host, s->name, s->version);
    const char *why = NULL;
    if (!other)
        why = library_find(&w->host, s->name, "-") ? "of another version in the host's library"
                                                   : "not in the host's library";
    else if (other->data)
        why = "an object in the host's library";
    else if (!host)
        why = "not declared in the headers";
    else if (!guest)
        why = "not declared in the guest's headers";
    else if (host->kind != CTYPE_FUNCTION || guest->kind != CTYPE_FUNCTION)
        why = "not declared as a function";
    else
        w->signature[i] = derive_signature(&w->derivation, s->name, host, guest);
    if (!w->signature[i]) w->refusal[i] = why ? why : w->derivation.refusal;
}

static void judge(struct work *w)
{
    size_t count = w->exports->count;
    w->derivation.annotation = &w->annotation;
    w->signature = allocate(count, sizeof(*w->signature));
    w->refusal = allocate(count, sizeof(*w->refusal));
    w->stub = allocate(count, sizeof(*w->stub));
    for (size_t i = 0; i < count; i++) {
        const struct symbol *s = &w->exports->symbol[i];
        struct rule *rule = annotation_find(&w->annotation, RULE_REFUSE, s->name);
        if (rule)
            w->refusal[i] = rule->text;
        else if (s->data)
            w->refusal[i] = refuse_data(w, s);
        else
            judge_function(w, i);
        if (!s->data) {
            w->stub[w->stubs] = (struct stub_symbol){s, (u32)w->stubs};
            w->stubs++;
        }
        w->bound += w->signature[i] != NULL;
        w->refused += w->refusal[i] != NULL;
    }
    for (size_t i = 0; i < count; i++) /* data after the functions, which are numbered */
        if (w->exports->symbol[i].data && !w->refusal[i]) {
            w->stub[w->stubs++] = (struct stub_symbol){&w->exports->symbol[i], 0};
            w->data++;
        }
    if (!w->bound)
        die("none of its functions can be bound: %s", count ? w->refusal[0] : "it has none");
}

/* --- the text --------------------------------------------------------------------------------- */

static void put_head(const struct work *w, FILE *out)
{
    const struct annotation *a = &w->annotation;
    const struct derivation *d = &w->derivation;
    fprintf(out, "ferry-binding 1\nsoname %s\nhost-id %s\ncode %llu\n", a->soname, w->host.build_id,
            (unsigned long long)w->code);
    if (a->file) fprintf(out, "file %s\n", a->file);
    if (a->heap) fputs("heap\n", out);
    if (a->group) fprintf(out, "group %s\n", a->group);
    for (size_t i = 0; i < d->callback.count; i++)
        fprintf(out, "callback %zu %s\n", i, d->callback.text[i]);
    for (size_t i = 0; i < d->record.count; i++)
        fprintf(out, "record %zu %s\n", i, d->record.text[i]);
}

static void put_symbol(const struct work *w, FILE *out, size_t i)
{
    const struct symbol *s = &w->exports->symbol[i];
    if (w->signature[i])
        fprintf(out, "function %s %s %s\n", s->name, s->version, w->signature[i]);
    else if (w->refusal[i])
        fprintf(out, "refused %s %s %s\n", s->name, s->version, w->refusal[i]);
    else
        fprintf(out, "data %s %s %llu\n", s->name, s->version, (unsigned long long)s->size);
}

static void write_text(const struct work *w, const char *path)
{
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);
    if (!out) die("out of memory");
    put_head(w, out);
    for (size_t i = 0; i < w->exports->count; i++)
        if (!w->exports->symbol[i].data) put_symbol(w, out, i);
    for (int refused = 0; refused < 2; refused++)
        for (size_t i = 0; i < w->exports->count; i++)
            if (w->exports->symbol[i].data && (w->refusal[i] != NULL) == refused)
                put_symbol(w, out, i);
    if (fclose(out)) die("out of memory");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) die("%s: %s", path, strerror(errno));
    write_all(fd, text, size, path);
    if (fsync(fd) || close(fd)) die("%s: %s", path, strerror(errno));
}

/* --- the folder ------------------------------------------------------------------------------- */

/* Puts the finished folder in its place, in one step; one that is there already gives way. */
static void publish(struct scratch *s, const char *place)
{
    if (chmod(s->path, 0755)) die("%s: %s", s->path, strerror(errno));
    if (is_there(place)) {
        if (renameat2(AT_FDCWD, s->path, AT_FDCWD, place, RENAME_EXCHANGE))
            die("%s: %s", place, strerror(errno));
        scratch_remove(s); /* the old one, now */
    } else if (rename(s->path, place)) {
        die("%s: %s", place, strerror(errno));
    }
    s->keep = true;
}

static void make(struct work *w)
{
    const char *output = w->settings->output;
    make_folders(output);
    struct scratch *s = scratch_make(format("%s/.%s", output, w->annotation.soname), files);
    w->code = stub_write(format("%s/stub.so", s->path), w->annotation.soname, w->exports, w->stub,
                         w->stubs);
    write_text(w, format("%s/binding", s->path));
    publish(s, format("%s/%s", output, w->annotation.soname));
}

static void report(const struct work *w)
{
    const struct library *l = w->exports;
    note("%u functions bound, %u refused, %u data objects", w->bound, w->refused, w->data);
    if (!w->settings->verbose) return;
    for (size_t i = 0; i < l->count; i++)
        if (w->refusal[i]) note("%s refused: %s", l->symbol[i].name, w->refusal[i]);
    annotation_report_unused(&w->annotation);
}

void bind_library(const struct settings *settings, const char *annotation)
{
    struct work w = {.settings = settings};
    annotation_read(annotation, &w.annotation);
    subject = w.annotation.soname;
    read_libraries(&w);
    probe_run(&w.annotation, &settings->roots, w.exports, settings->keep, &w.probe);
    judge(&w);
    make(&w);
    report(&w);
}
