/*
 * One library's binding, from its annotation file to the finished folder.
 *
 * The stub offers what the guest's library does; what the host's library lacks of that is refused.
 */
#include "hostlibs/bind/bind.h"

#include "aot/base/checksum.h"
#include "hostlibs/binding.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char not_declared[] = "not declared in the headers";
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

/* The library that a binding is for: the root's, or the machine's own, which is what runs here.
 * Libraries of one soname are interchangeable, so that the root's headers do for the other too. */
static const char *choose_host_library(const struct work *w, const char *soname)
{
    const char *own = find_library("", host_library_folders, soname);
    const char *root = find_library(w->settings->roots.host, host_library_folders, soname);
    return own && w->settings->own ? own : root;
}

static void read_libraries(struct work *w)
{
    const struct roots *roots = &w->settings->roots;
    struct annotation *a = &w->annotation;
    const char *soname = a->of ? a->of : a->soname;
    const char *path = a->file ? a->file : choose_host_library(w, soname);
    struct rule *package = NULL;
    for (size_t i = 0; i < w->annotation.count && !package; i++)
        if (w->annotation.rule[i].kind == RULE_PACKAGE) package = &w->annotation.rule[i];
    if (!path)
        die("not in %s%s%s", *roots->host ? roots->host : "the host's library folders",
            package ? "; it comes with Debian's package " : "", package ? package->word : "");
    library_read(path, EM_X86_64, &w->host);
    if (strcmp(w->host.soname, soname)) die("%s calls itself %s", path, w->host.soname);
    if (!*w->host.build_id) die("%s has no build ID, by which a binding knows it", path);
    if (a->of) library_keep_only(&w->host, a);
    w->exports = &w->host;
    path = roots->guest ? find_library(roots->guest, guest_library_folders, soname) : NULL;
    if (!path) {
        note("the guest has no such library: the stub is made after the host's");
        return;
    }
    library_read(path, EM_AARCH64, &w->guest);
    if (strcmp(w->guest.soname, soname)) die("%s calls itself %s", path, w->guest.soname);
    if (a->of) library_keep_only(&w->guest, a);
    w->exports = &w->guest;
}

/* --- what is bound ---------------------------------------------------------------------------- */

static const char *refuse_data(struct work *w, const struct symbol *s)
{
    if (w->exports == &w->host)
        return "an object, and the guest's library isn't here to copy it from";
    if (!s->constant && annotation_find(&w->annotation, RULE_SHARE, s->name)) {
        const struct symbol *other = library_find(&w->host, s->name, s->version);
        return other && other->data && other->size == s->size
                   ? NULL
                   : "of another size in the host's library";
    }
    return s->constant ? NULL : "an object that isn't constant";
}

/* The host's symbol in place of the guest's: of the same version, or where versions of that name
 * are unknown there, as with glibc's, which begin with the architecture, the default one. */
static const struct symbol *counterpart(const struct work *w, const struct symbol *s)
{
    const struct library *l = &w->host;
    const struct symbol *same = library_find(l, s->name, s->version);
    if (same || s->hidden) return same;
    for (size_t i = 0; i < l->version_count; i++)
        if (!strcmp(l->version[i].name[0], s->version)) return NULL;
    return library_find(l, s->name, "-");
}

static void judge_function(struct work *w, size_t i)
{
    const struct symbol *s = &w->exports->symbol[i];
    struct ctype *host = types_find(&w->probe.host, s->name);
    struct ctype *guest = types_find(&w->probe.guest, s->name);
    const struct symbol *other = counterpart(w, s);
    const char *why = NULL;
    if (!host)
        why = not_declared;
    else if (!other)
        why = library_find(&w->host, s->name, "-") ? "of another version in the host's library"
                                                   : "not in the host's library";
    else if (other->data)
        why = "an object in the host's library";
    else if (!guest)
        why = "not declared in the guest's headers";
    else if (s->hidden && !annotation_find(&w->annotation, RULE_ACCEPT, s->name))
        why = "an old version, which the headers don't describe";
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

static void put_types(FILE *out, const struct numbered *callbacks, const struct numbered *records)
{
    size_t c = 0, r = 0;
    while (c < callbacks->count || r < records->count) {
        bool callback = r == records->count ||
                        (c < callbacks->count && callbacks->item[c].order < records->item[r].order);
        if (callback)
            fprintf(out, "callback %zu %s\n", c, callbacks->item[c].text);
        else
            fprintf(out, "record %zu %s\n", r, records->item[r].text);
        c += callback;
        r += !callback;
    }
}

static void put_head(const struct work *w, FILE *out)
{
    const struct annotation *a = &w->annotation;
    const struct derivation *d = &w->derivation;
    fprintf(out, "ferry-binding 2\nsoname %s\nhost-id %s\ncode %llu\n", a->soname,
            a->of ? "-" : w->host.build_id, (unsigned long long)w->code);
    if (a->file) fprintf(out, "file %s\n", a->file);
    if (a->heap) fputs("heap\n", out);
    if (a->group) fprintf(out, "group %s\n", a->group);
    put_types(out, &d->callback, &d->record);
}

static void put_symbol(const struct work *w, FILE *out, size_t i)
{
    const struct symbol *s = &w->exports->symbol[i];
    if (w->signature[i])
        fprintf(out, "function %s %s %s\n", s->name, s->version, w->signature[i]);
    else if (w->refusal[i])
        fprintf(out, "refused %s %s %s\n", s->name, s->version, w->refusal[i]);
    else
        fprintf(out, "%s %s %s %llu\n", s->constant ? "data" : "share", s->name, s->version,
                (unsigned long long)s->size);
}

/* A digest and the character behind it. */
static void put_digest(FILE *out, struct digest d, char behind)
{
    char digits[BINDING_DIGITS + 1];
    digest_text(&d, digits, BINDING_DIGITS);
    fprintf(out, "%s%c", digits, behind);
}

static void write_text(const struct work *w, const char *path, struct digest stub)
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
    fputs("end ", out);
    put_digest(out, stub, ' ');
    if (fflush(out)) die("out of memory");
    put_digest(out, checksum_of(text, size), '\n');
    if (fclose(out)) die("out of memory");
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) die("%s: %s", path, strerror(errno));
    write_all(fd, text, size, path);
    if (fsync(fd) || close(fd)) die("%s: %s", path, strerror(errno));
}

/* --- the folder ------------------------------------------------------------------------------- */

/* Exchanges the folder with the one that is there already, which goes. Not every file system can do
 * that in one step; there, for a moment, there is none. */
static bool replace(struct scratch *s, const char *place)
{
    if (!renameat2(AT_FDCWD, s->path, AT_FDCWD, place, RENAME_EXCHANGE)) {
        scratch_remove(s); /* the old one, now */
        return true;
    }
    if (errno != EINVAL) return false;
    struct scratch *old = scratch_make(s->path, files);
    if (rename(place, old->path) || rename(s->path, place)) return false;
    scratch_remove(old);
    return true;
}

/* Puts the finished folder in its place. Another process may do the same at the same time. */
static void publish(struct scratch *s, const char *place)
{
    if (chmod(s->path, 0755)) die("%s: %s", s->path, strerror(errno));
    for (int tries = 0; tries < 10; tries++) {
        if (!rename(s->path, place) ||
            ((errno == ENOTEMPTY || errno == EEXIST) && replace(s, place))) {
            s->keep = true;
            return;
        }
        if (errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST) break;
    }
    die("%s: %s", place, strerror(errno));
}

static struct digest digest_of_file(const char *path)
{
    size_t size;
    char *bytes = read_text(path, &size);
    if (!bytes) die("%s: %s", path, strerror(errno));
    return checksum_of(bytes, size);
}

static void make(struct work *w)
{
    const char *output = w->settings->output;
    make_folders(output);
    struct scratch *s = scratch_make(format("%s/.%s", output, w->annotation.soname), files);
    char *stub = format("%s/stub.so", s->path);
    w->code = stub_write(stub, w->annotation.soname, w->exports, w->stub, w->stubs);
    write_text(w, format("%s/binding", s->path), digest_of_file(stub));
    publish(s, format("%s/%s", output, w->annotation.soname));
}

/* Of what the headers don't declare, which may be thousands, the number is enough. */
static void report(const struct work *w)
{
    const struct library *l = w->exports;
    u32 undeclared = 0;
    note("%u functions bound, %u refused, %u data objects", w->bound, w->refused, w->data);
    if (!w->settings->verbose) return;
    for (size_t i = 0; i < l->count; i++) {
        if (w->refusal[i] == not_declared)
            undeclared++;
        else if (w->refusal[i])
            note("%s refused: %s", l->symbol[i].name, w->refusal[i]);
    }
    if (undeclared) note("%u others refused: %s", undeclared, not_declared);
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
