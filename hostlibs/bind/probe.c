/*
 * The probe unit: the library's headers, and for every exported function a variable that points to
 * such a function. Its debug information has all their types, as each compiler sees them.
 *
 * Which functions the headers declare, the compilers say themselves: every variable has a line of
 * its own, and the lines that don't compile go. They are in a file of another name (#line), so that
 * errors in headers are told apart. Macros of the functions' names go before: what counts is the
 * declaration.
 *
 * Headers come from the root that the library is of: the architecture's own first. Where a root
 * has no C library's headers, those that came with the compiler serve; where the guest's has none
 * of the library's, the host's do.
 */
#include "hostlibs/bind/bind.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROBE_LINES "ferry-probe"
#define MAX_FOLDERS 32

struct side {
    const char *compiler, *package;  /* which has it */
    const char *folder[MAX_FOLDERS]; /* with headers, in order */
    size_t folders;
    const char *object;
};

const char *const guest_library_folders[] = {
    "usr/lib/aarch64-linux-gnu", "lib/aarch64-linux-gnu", "usr/lib", "lib", "usr/local/lib", NULL};
const char *const host_library_folders[] = {
    "usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu", "usr/lib", "lib", "usr/local/lib", NULL};
static const char *const guest_headers[] = {"usr/local/include", "usr/include/aarch64-linux-gnu",
                                            "usr/include", NULL};
static const char *const host_headers[] = {"usr/local/include", "usr/include/x86_64-linux-gnu",
                                           "usr/include", NULL};
static const char *const files[] = {"probe.c", "guest.so", "host.so", NULL};

/* --- where headers are ------------------------------------------------------------------------ */

static void add_folder(struct side *s, const char *folder)
{
    if (s->folders < MAX_FOLDERS) s->folder[s->folders++] = folder;
}

/* The root's folders with headers, after those below them that the annotation names. */
static void add_folders(struct side *s, const struct annotation *a, const char *root,
                        const char *const *folders)
{
    for (size_t i = 0; i < a->count; i++)
        for (const char *const *f = folders; a->rule[i].kind == RULE_INCLUDE && *f; f++)
            add_folder(s, format("%s/%s/%s", root, *f, a->rule[i].word));
    for (; *folders; folders++) add_folder(s, format("%s/%s", root, *folders));
}

static bool has_header(const struct side *s, const char *header)
{
    for (size_t i = 0; i < s->folders; i++)
        if (is_there(format("%s/%s", s->folder[i], header))) return true;
    return false;
}

static bool has_all_headers(const struct side *s, const struct annotation *a)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->rule[i].kind == RULE_HEADER && !has_header(s, a->rule[i].word)) return false;
    return true;
}

static void choose_folders(const struct annotation *a, const struct roots *roots, struct side *host,
                           struct side *guest)
{
    add_folders(host, a, roots->host, host_headers);
    if (!has_header(host, "features.h")) add_folders(host, a, "", host_headers);
    if (roots->guest) add_folders(guest, a, roots->guest, guest_headers);
    bool own = has_all_headers(guest, a);
    if (!has_header(guest, "features.h")) add_folder(guest, "/usr/aarch64-linux-gnu/include");
    if (own) return;
    note("the guest has no headers of its own: the host's serve for both");
    add_folders(guest, a, roots->host, host_headers);
}

/* --- the unit --------------------------------------------------------------------------------- */

static void write_unit(const char *path, const struct annotation *a, const struct library *l,
                       const bool *left_out)
{
    FILE *out = fopen(path, "w");
    if (!out) die("%s: %s", path, strerror(errno));
    for (size_t i = 0; i < a->count; i++) {
        const char *equals = strchr(a->rule[i].word, '=');
        int n = equals ? (int)(equals - a->rule[i].word) : (int)strlen(a->rule[i].word);
        if (a->rule[i].kind == RULE_DEFINE)
            fprintf(out, "#define %.*s %s\n", n, a->rule[i].word, equals ? equals + 1 : "1");
    }
    for (size_t i = 0; i < a->count; i++)
        if (a->rule[i].kind == RULE_HEADER) fprintf(out, "#include <%s>\n", a->rule[i].word);
    for (size_t i = 0; i < a->count; i++)
        if (a->rule[i].kind == RULE_DECLARE)
            fprintf(out, "%s %.*s;\n", a->rule[i].word, (int)strcspn(a->rule[i].text, ";"),
                    a->rule[i].text);
    for (size_t i = 0; i < l->count; i++)
        if (!left_out[i]) fprintf(out, "#undef %s\n", l->symbol[i].name);
    for (size_t i = 0; i < l->count; i++)
        if (!left_out[i])
            fprintf(out, "#line %zu \"" PROBE_LINES "\"\n__typeof__(%s) *ferry_probe_%s;\n", i + 1,
                    l->symbol[i].name, l->symbol[i].name);
    if (fflush(out) || ferror(out) || fclose(out)) die("%s: %s", path, strerror(errno));
}

static bool is_identifier(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
    return name[strspn(name, letters)] == 0;
}

/* The scratch folder is the compilers' system root: an empty one, so that nothing but their own
 * headers is found besides the folders here. */
static int compile(const struct side *s, const char *folder, char **errors)
{
    const char *argv[2 * MAX_FOLDERS + 24] = {
        s->compiler, "-std=gnu11",
        "-w",        "-g",
        "-gdwarf-4", "-O0",
        "-shared",   "-fPIC",
        "-nostdlib", "-fmax-errors=0",
        "-o",        format("%s/%s", folder, s->object),
        "--sysroot", folder,
    };
    size_t n = 0;
    while (argv[n]) n++;
    for (size_t i = 0; i < s->folders; i++) {
        argv[n++] = "-isystem";
        argv[n++] = s->folder[i];
    }
    argv[n++] = format("%s/probe.c", folder);
    argv[n] = NULL;
    int status = run((char *const *)argv, errors);
    if (status == 127)
        die("%s can't be run: Debian has it in the package %s", s->compiler, s->package);
    return status;
}

/* Leaves out the symbols whose lines don't compile. An error elsewhere is the end. */
static void leave_out(const struct side *s, char *errors, bool *left_out, size_t count)
{
    size_t found = 0;
    char *first = NULL;
    for (char *at = errors, *end; *at; at = end) {
        size_t line;
        end = at + strcspn(at, "\n");
        if (*end) *end++ = 0;
        if (!strstr(at, "error:")) continue;
        bool fatal = strstr(at, "fatal error:"); /* a full disk, wherever it is noticed */
        if (!fatal && sscanf(at, PROBE_LINES ":%zu:", &line) == 1 && line && line <= count) {
            found += !left_out[line - 1];
            left_out[line - 1] = true;
        } else if (!first) {
            first = at;
        }
    }
    if (first) die("%s: %s", s->compiler, first);
    if (!found) die("%s fails: %s", s->compiler, errors);
}

static void read_side(const struct side *s, const char *folder, const struct annotation *a,
                      const struct library *l, bool *left_out, struct probe_types *types)
{
    const char *unit = format("%s/probe.c", folder);
    write_unit(unit, a, l, left_out);
    char *errors;
    for (int tries = 0; compile(s, folder, &errors); tries++) {
        if (tries == 3) die("%s: fails on the probe unit again and again", s->compiler);
        leave_out(s, errors, left_out, l->count);
        write_unit(unit, a, l, left_out);
    }
    types_read(format("%s/%s", folder, s->object), types);
}

void probe_run(struct annotation *a, const struct roots *roots, const struct library *exports,
               bool keep, struct probe *p)
{
    struct side host = {.compiler = "gcc", .package = "gcc", .object = "host.so"};
    struct side guest = {.compiler = "aarch64-linux-gnu-gcc",
                         .package = "gcc-aarch64-linux-gnu",
                         .object = "guest.so"};
    const char *temporary = getenv("TMPDIR");
    bool *left_out = allocate(exports->count, sizeof(*left_out));
    bool *guest_left_out = allocate(exports->count, sizeof(*left_out));

    choose_folders(a, roots, &host, &guest);
    for (size_t i = 0; i < exports->count; i++) {
        const struct symbol *s = &exports->symbol[i];
        /* Versions of one name are neighbours; one variable is for all of them. */
        left_out[i] = s->data || !is_identifier(s->name) ||
                      (i && !strcmp(s->name, exports->symbol[i - 1].name));
        guest_left_out[i] = left_out[i];
    }
    struct scratch *s =
        scratch_make(format("%s/ferry-bind", temporary && *temporary ? temporary : "/tmp"), files);
    s->keep = keep;
    if (keep) note("the probe is in %s", s->path);
    read_side(&host, s->path, a, exports, left_out, &p->host);
    read_side(&guest, s->path, a, exports, guest_left_out, &p->guest);
    scratch_remove(s);
}
