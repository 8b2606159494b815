/*
 * Which libraries are the host's. A library is bound when there is a binding for it, the option
 * lets it, nothing that the program's modules import from it is refused, the host's build is the
 * one that the binding was made for, and the same holds for the libraries of its group. Otherwise
 * the guest keeps its own, and the log says why.
 *
 * The program's modules: its file, what is loaded before it, and what these need, by name, from the
 * system's directories; and what it opens later with what that needs. A decision stands as long as
 * the process: the loader may have used it.
 */
#include "hostlibs/hostlibs.h"

#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A module that is or will be in the process. */
struct module {
    struct module *next;
    char name[128]; /* as the one that needs it calls it; a path when it was opened as such */
    bool found;
    char *host; /* its file */
    struct module_needs needs;
};

static struct module *modules;
static bool own_malloc; /* the guest has brought one */
static bool one_heap;   /* the guest's loader is told to preload the heap's stub */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const directories[] = {"/lib/aarch64-linux-gnu",
                                          "/usr/lib/aarch64-linux-gnu",
                                          "/lib",
                                          "/usr/lib",
                                          "/lib64",
                                          "/usr/lib64",
                                          "/usr/local/lib"};

static bool is_listed(const char *soname)
{
    const char *list = native_policy();
    size_t n = strlen(soname);

    if (strcmp(list, "auto") == 0) return true;
    for (const char *at = list; *at != '\0'; at += strcspn(at, ","), at += *at == ',')
        if (strcspn(at, ",") == n && memcmp(at, soname, n) == 0) return true;
    return false;
}

/* --- modules
 * -------------------------------------------------------------------------------------- */

static struct module *find_module(const char *name)
{
    struct module *m = modules;

    while (m != NULL && strcmp(m->name, name) != 0) m = m->next;
    return m;
}

static struct module *add_module(const char *name, const char *host)
{
    struct module *m = calloc(1, sizeof(*m));

    if (m == NULL) return NULL;
    snprintf(m->name, sizeof(m->name), "%s", name);
    m->host = host != NULL ? strdup(host) : NULL;
    m->found = host != NULL && module_read(host, &m->needs);
    if (m->found && m->needs.has_malloc && strcmp(m->needs.soname, "libc.so.6") != 0 &&
        strncmp(m->needs.soname, "ld-linux", 8) != 0)
        own_malloc = true;
    m->next = modules;
    modules = m;
    return m;
}

static bool is_in(const char *directory, size_t length, const char *soname, char *host, size_t size)
{
    char name[PATH_MAX];

    return snprintf(name, sizeof(name), "%.*s/%s", (int)length, directory, soname) < PATH_MAX &&
           native_path(name, true, host, size) && module_is_one(host);
}

static bool find_in_system(const char *soname, char *host, size_t size)
{
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (is_in(directories[i], strlen(directories[i]), soname, host, size)) return true;
    return false;
}

static bool is_system(const char *directory, size_t length)
{
    for (size_t i = 0; i < ARRAY_SIZE(directories); i++)
        if (strlen(directories[i]) == length && memcmp(directory, directories[i], length) == 0)
            return true;
    return false;
}

/* The guest's loader finds another one first, in LD_LIBRARY_PATH. */
static bool find_before(const char *soname, char *host, size_t size)
{
    const char *at = getenv("LD_LIBRARY_PATH");
    size_t n;

    for (bool more = at != NULL && *at != '\0'; more; at += n + 1) {
        n = strcspn(at, ":;");
        more = at[n] != '\0';
        if (is_system(at, n)) return false;
        if (is_in(n != 0 ? at : ".", n != 0 ? n : 1, soname, host, size)) return true;
    }
    return false;
}

/* The module and all that it needs. */
static void add_closure(const char *name, const char *host)
{
    char path[PATH_MAX];
    struct module *m = find_module(name) == NULL ? add_module(name, host) : NULL;

    if (m == NULL) return;
    for (u32 i = 0; i < m->needs.needed_count; i++) {
        const char *needed = m->needs.needed[i];

        if (find_module(needed) == NULL)
            add_closure(needed, find_in_system(needed, path, sizeof(path)) ? path : NULL);
    }
}

/* What the guest's loader is told to load first: names or paths. */
static void add_preloaded(const char *list)
{
    static const char between[] = " \t\n:";
    char name[PATH_MAX], host[PATH_MAX];
    size_t n;

    for (list += strspn(list, between); *list != '\0'; list += n, list += strspn(list, between)) {
        n = strcspn(list, between);
        if (snprintf(name, sizeof(name), "%.*s", (int)n, list) >= (int)sizeof(name)) continue;
        if (strchr(name, '/') != NULL
                ? native_path(name, true, host, sizeof(host))
                : find_before(name, host, sizeof(host)) || find_in_system(name, host, sizeof(host)))
            add_closure(name, host);
    }
}

static void add_preloaded_file(const char *guest)
{
    char host[PATH_MAX], text[4096] = "";
    int fd = native_path(guest, true, host, sizeof(host)) ? open(host, O_RDONLY | O_CLOEXEC) : -1;

    if (fd < 0) return;
    if (read(fd, text, sizeof(text) - 1) > 0) add_preloaded(text);
    close(fd);
}

/* --- decisions
 * ------------------------------------------------------------------------------------ */

static bool same_group(const struct binding *a, const struct binding *b)
{
    return a == b || (a->group[0] != '\0' && strcmp(a->group, b->group) == 0);
}

/* The module is a library that would be the host's together with b: what it imports doesn't count.
 * Asked last, of what does: it reads that library's binding. */
static bool goes_with(const struct module *m, const struct binding *b)
{
    struct library *l = library_named(m->name);

    return l != NULL && (l->wanted || same_group(l->binding, b));
}

/* What a module imports that speaks against a library. */
struct against {
    const char *module, *symbol;
    const char *reason; /* why it is refused; NULL: the binding doesn't know it */
};

/* Another version of the guest's library than the one for which the binding was made has symbols
 * that the stub lacks. */
static bool is_against(struct library *l, const struct import *im, const struct module_symbols *own,
                       const struct module_symbols *stub, struct against *out)
{
    const struct bound_symbol *s = import_in_binding(l, im);

    if (s != NULL ? s->reason == NULL
                  : own == NULL || !module_symbols_have(own, im) || module_symbols_have(stub, im))
        return false;
    out->symbol = im->name;
    out->reason = s != NULL ? s->reason : NULL;
    return true;
}

/* Of modules that have come since this was last false; the newest are first in the list. */
static bool any_against(struct library *l, struct against *out)
{
    char path[PATH_MAX];
    const struct module *m = find_module(l->soname);
    const char *guests = m != NULL && m->found ? m->host : path;
    struct module_symbols *own, *stub;
    bool found = false;

    if (l->fits == modules) return false;
    own = guests != path || find_in_system(l->soname, path, sizeof(path))
              ? module_symbols_open(guests)
              : NULL;
    stub = own != NULL ? module_symbols_open(l->stub) : NULL;
    for (m = modules; m != l->fits && !found; m = m->next) {
        out->module = m->name;
        for (u32 i = 0; m->found && i < m->needs.import_count && !found; i++)
            found = is_against(l, &m->needs.imports[i], stub != NULL ? own : NULL, stub, out);
        if (found && goes_with(m, l->binding)) found = false;
    }
    if (!found) l->fits = modules;
    module_symbols_close(stub);
    module_symbols_close(own);
    return found;
}

/* What is imported of the library and its host's build lacks, though it has the build ID; NULL:
 * nothing. What else there is, is looked for when it is first called. */
static const struct bound_symbol *missing_import(struct library *l)
{
    for (const struct module *m = modules; m != l->has; m = m->next)
        for (u32 i = 0; m->found && i < m->needs.import_count; i++) {
            const struct bound_symbol *s = import_in_binding(l, &m->needs.imports[i]);

            if (s != NULL && s->reason == NULL && !library_has(l, s)) return s;
        }
    l->has = modules;
    return NULL;
}

/* The same of all that the binding has. */
static const struct bound_symbol *missing_symbol(const struct library *l)
{
    for (u32 i = 0; i < l->binding->function_count; i++)
        if (l->binding->function[i].reason == NULL && !library_has(l, &l->binding->function[i]))
            return &l->binding->function[i];
    return NULL;
}

/* Some module names it as needed: then all that is used of it is known. */
static bool is_needed(const char *soname)
{
    for (struct module *m = modules; m != NULL; m = m->next)
        for (u32 i = 0; i < m->needs.needed_count; i++)
            if (strcmp(m->needs.needed[i], soname) == 0) return true;
    return false;
}

static const struct bound_symbol *first_refused(const struct binding *b)
{
    for (u32 i = 0; i < b->function_count; i++)
        if (b->function[i].reason != NULL) return &b->function[i];
    return NULL;
}

/* Why a refused symbol, or one that isn't known, is in the way. */
static const char *unfit(const struct against *a)
{
    static char why[512];

    if (a->reason != NULL)
        snprintf(why, sizeof(why), "%s may call %s: %s", a->module, a->symbol, a->reason);
    else
        snprintf(why, sizeof(why), "%s may call %s, which the binding doesn't know", a->module,
                 a->symbol);
    return why;
}

/* Loads the host's library, which needs to have what is used of it: `all` that there is, or what is
 * imported. */
static const char *load(struct library *l, bool all)
{
    static char why[256];
    const char *unloaded = library_load(l);
    const struct bound_symbol *s;

    if (unloaded != NULL) return unloaded;
    s = all ? missing_symbol(l) : missing_import(l);
    if (s == NULL) return NULL;
    snprintf(why, sizeof(why), "the host's library has no %s%s%s", s->name,
             s->version[0] != '\0' ? "@" : "", s->version);
    return why;
}

/* Why the library can't be bound; NULL: it can. */
static const char *objection(struct library *l)
{
    char other[PATH_MAX];
    const char *unloaded;
    bool needed = is_needed(l->soname);
    const struct bound_symbol *refused = needed ? NULL : first_refused(l->binding);
    struct against a = {.module = "a program that opens it by name"};

    if (strcmp(l->soname, HEAP_SONAME) == 0) return one_heap ? load(l, true) : "not wanted";
    if (!is_listed(l->soname)) return "not in --native's list";
    if (find_before(l->soname, other, sizeof(other))) return "LD_LIBRARY_PATH has another one";
    if (refused != NULL) {
        a.symbol = refused->name;
        a.reason = refused->reason;
        return unfit(&a);
    }
    if (any_against(l, &a)) return unfit(&a);
    unloaded = load(l, !needed);
    if (unloaded != NULL || !l->binding->heap || one_heap) return unloaded;
    return own_malloc ? "the program has a heap of its own"
                      : "memory passes between it and the program, which began with another heap";
}

/* The libraries of one group that the program needs stand or fall together. */
static const char *group_objection(struct library *l)
{
    const char *why = objection(l);

    if (l->binding->group[0] == '\0') return why;
    for (struct module *m = modules; why == NULL && m != NULL; m = m->next) {
        struct library *other = library_named(m->name);

        if (other == NULL || other == l || !same_group(other->binding, l->binding)) continue;
        why = other->decided && !other->wanted ? "another of its group isn't native"
                                               : objection(other);
    }
    return why;
}

static void decide(struct library *l)
{
    const char *why = group_objection(l);

    l->decided = true;
    l->why = why != NULL ? strdup(why) : "";
    l->wanted = why == NULL;
    if (why != NULL)
        native_log("%s: the guest's own: %s", l->soname, why);
    else
        native_log("%s: native, %u functions", l->soname, l->binding->function_count);
}

/* A module that comes late may want what the ones before did without. */
static void check_late(const char *name)
{
    struct module *m = find_module(name);

    for (u32 i = 0; m != NULL && i < m->needs.needed_count; i++) {
        struct library *l = library_named(m->needs.needed[i]);
        const char *why;
        struct against a;

        if (l == NULL || !l->wanted) continue;
        why = load(l, false);
        if (why != NULL) native_log("%s: %s, but it is native already", l->soname, why);
        if (any_against(l, &a))
            native_log("%s: %s may call %s, which isn't callable (%s), but %s is native already",
                       l->soname, a.module, a.symbol,
                       a.reason != NULL ? a.reason : "the binding doesn't know it", l->soname);
    }
}

u64 policy_guest_function(const char *name)
{
    struct module *m;
    u64 base = 0, value = 0;

    native_hold();
    pthread_mutex_lock(&lock);
    m = find_module("libc.so.6");
    if (m != NULL && m->found) {
        base = native_file_base(m->needs.dev, m->needs.ino);
        value = module_symbol(m->host, name);
    }
    pthread_mutex_unlock(&lock);
    native_release();
    return base != 0 && value != 0 ? base + value : 0;
}

/* --- the door
 * ------------------------------------------------------------------------------------- */

/* A library that the program needs will be the host's, now that the heap is. */
static bool wants_heap(void)
{
    for (struct module *m = modules; m != NULL; m = m->next) {
        struct library *l = library_named(m->name);

        if (l != NULL && group_objection(l) == NULL) return true;
    }
    return strcmp(native_policy(), "auto") != 0;
}

void policy_start(const char *program)
{
    pthread_mutex_lock(&lock);
    add_closure("(program)", program);
    if (getenv("LD_PRELOAD") != NULL) add_preloaded(getenv("LD_PRELOAD"));
    add_preloaded_file("/etc/ld.so.preload");
    if (find_module("libc.so.6") != NULL && !own_malloc && library_named(HEAP_SONAME) != NULL) {
        one_heap = true;
        one_heap = wants_heap();
    }
    pthread_mutex_unlock(&lock);
}

/* The program's libraries in the order in which they were found, the last first in the list. */
static void explain_from(const struct module *m)
{
    struct library *l = m != NULL ? library_named(m->name) : NULL;

    if (m == NULL) return;
    explain_from(m->next);
    if (l == NULL) return;
    if (!l->decided) decide(l);
    if (l->wanted)
        printf("%s native %u functions\n", l->soname, l->binding->function_count);
    else
        printf("%s guest %s\n", l->soname, l->why);
}

void policy_explain(void)
{
    explain_from(modules);
    fflush(stdout);
}

const char *policy_preload(void)
{
    return one_heap ? "/lib/aarch64-linux-gnu/" HEAP_SONAME "\n" : NULL;
}

static bool in_system(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL && is_system(path, (size_t)(slash - path));
}

/* A library that there is a binding of, from elsewhere: it is the guest's, and its group, too. */
static void note_other(const char *guest, const char *base)
{
    struct library *l = strchr(guest, '/') != NULL ? library_named(base) : NULL;

    if (l == NULL || l->decided) return;
    l->decided = true;
    l->why = "the program has one of its own";
    native_log("%s: the guest's own: %s", base, guest);
}

const char *policy_open(const char *guest, const char *host)
{
    const char *base = strrchr(guest, '/') != NULL ? strrchr(guest, '/') + 1 : guest;
    struct library *l = in_system(guest) ? library_named(base) : NULL;
    const char *stub = NULL;

    native_hold();
    pthread_mutex_lock(&lock);
    if (l == NULL) {
        if (access(host, F_OK) == 0) note_other(guest, base);
        if (find_module(base) == NULL && find_module(guest) == NULL) {
            add_closure(guest, host);
            check_late(guest);
        }
    } else {
        if (!l->decided) decide(l);
        stub = l->wanted ? library_stub(l) : NULL;
    }
    pthread_mutex_unlock(&lock);
    native_release();
    return stub;
}
