/*
 * Libraries for which there are bindings: found by soname in the directories with bindings, read
 * when they are first asked for, loaded when the guest gets their stub.
 *
 * The binding is for one build of the host's library; any other one, and the guest keeps its own.
 */
#include "hostlibs/hostlibs.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_BINDING (64u << 20)

static struct library *libraries; /* those that have a binding, and those that have none */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* --- bindings
 * ------------------------------------------------------------------------------------- */

static char *read_text(const char *path, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *text = NULL;

    if (fd < 0) return NULL;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LARGEST_BINDING)
        text = malloc((size_t)st.st_size + 1);
    if (text != NULL && read(fd, text, (size_t)st.st_size) == st.st_size)
        *size = (size_t)st.st_size;
    else
        free(text), text = NULL;
    close(fd);
    return text;
}

/* What is trusted: the user's own or root's, and nobody else can write it. */
static bool is_trusted(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && (st.st_uid == geteuid() || st.st_uid == 0) &&
           (st.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static void log_bad_binding(const char *path, u32 line)
{
    if (line == 0)
        native_log("%s: damaged, or made by another version of ferry bind: not used", path);
    else
        native_log("%s: line %u: not a binding of this library: not used", path, line);
}

static bool add_file(struct library *l, const struct stat *st)
{
    struct stub_file *f = malloc(sizeof(*f));

    if (f == NULL) return false;
    *f = (struct stub_file){l->files, st->st_dev, st->st_ino};
    __atomic_store_n(&l->files, f, __ATOMIC_RELEASE);
    return true;
}

static bool is_file(const struct library *l, u64 dev, u64 ino)
{
    const struct stub_file *f = __atomic_load_n(&l->files, __ATOMIC_ACQUIRE);

    while (f != NULL && (f->dev != dev || f->ino != ino)) f = f->next;
    return f != NULL;
}

static bool read_binding(struct library *l, const char *directory, const char *soname)
{
    char path[PATH_MAX];
    size_t size;
    char *text;
    struct stat st;
    u32 line;

    if (snprintf(path, sizeof(path), "%s/%s/binding", directory, soname) >= (int)sizeof(path))
        return false;
    text = read_text(path, &size);
    if (text == NULL) return false;
    snprintf(l->stub, sizeof(l->stub), "%s/%s/stub.so", directory, soname);
    if (!is_trusted(path) || !is_trusted(l->stub)) {
        native_log("%s: others than its owner can change it, or it isn't whole: not used", path);
        free(text);
        return false;
    }
    l->binding = binding_parse(text, size, &line);
    if (l->binding == NULL || strcmp(l->binding->soname, soname) != 0 || stat(l->stub, &st) != 0) {
        log_bad_binding(path, line);
        binding_free(l->binding);
        l->binding = NULL;
        return false;
    }
    if (!module_is_stub(l->stub, l->binding)) {
        native_log("%s: damaged, or not this binding's: not used", l->stub);
        binding_free(l->binding);
        l->binding = NULL;
        return false;
    }
    return add_file(l, &st);
}

static struct library *find(const char *soname)
{
    struct library *l = __atomic_load_n(&libraries, __ATOMIC_ACQUIRE);

    while (l != NULL && strcmp(l->soname, soname) != 0) l = l->next;
    return l;
}

static struct library *look_for(const char *soname)
{
    struct library *l = calloc(1, sizeof(*l));
    const char *directory;

    if (l == NULL) return NULL;
    snprintf(l->soname, sizeof(l->soname), "%s", soname);
    for (unsigned n = 0; l->binding == NULL && (directory = native_directory(n)) != NULL; n++)
        if (directory[0] == '/') (void)read_binding(l, directory, soname);
    if (l->binding != NULL)
        l->function = calloc(l->binding->function_count + 1, sizeof(*l->function));
    l->next = libraries;
    __atomic_store_n(&libraries, l, __ATOMIC_RELEASE);
    return l;
}

struct library *library_named(const char *soname)
{
    struct library *l;

    if (strlen(soname) >= sizeof(l->soname)) return NULL;
    l = find(soname);
    if (l == NULL) {
        native_hold();
        pthread_mutex_lock(&lock);
        l = find(soname);
        if (l == NULL) l = look_for(soname);
        pthread_mutex_unlock(&lock);
        native_release();
    }
    return l != NULL && l->binding != NULL && l->function != NULL ? l : NULL;
}

/* --- the host's library
 * --------------------------------------------------------------------------- */

struct wanted_id {
    const struct link_map *map;
    const char *id; /* hexadecimal */
    bool same;
};

static bool same_note(const Elf64_Nhdr *n, const char *id)
{
    static const char digits[] = "0123456789abcdef";
    const u8 *bytes = (const u8 *)(n + 1) + ALIGN_UP(n->n_namesz, 4u);

    if (n->n_type != NT_GNU_BUILD_ID || n->n_namesz != 4 || strlen(id) != 2 * n->n_descsz)
        return false;
    for (u32 i = 0; i < n->n_descsz; i++)
        if (id[2 * i] != digits[bytes[i] >> 4] || id[2 * i + 1] != digits[bytes[i] & 15])
            return false;
    return true;
}

static int compare_id(struct dl_phdr_info *info, size_t size, void *context)
{
    struct wanted_id *w = context;

    (void)size;
    if (info->dlpi_addr != w->map->l_addr) return 0;
    for (unsigned i = 0; i < info->dlpi_phnum; i++) {
        const Elf64_Phdr *p = &info->dlpi_phdr[i];
        const u8 *at = (const u8 *)(info->dlpi_addr + p->p_vaddr), *end = at + p->p_memsz;

        if (p->p_type != PT_NOTE) continue;
        while (at + sizeof(Elf64_Nhdr) <= end) {
            const Elf64_Nhdr *n = (const void *)at;

            w->same |= same_note(n, w->id);
            at += sizeof(*n) + ALIGN_UP(n->n_namesz, 4u) + ALIGN_UP(n->n_descsz, 4u);
        }
    }
    return 1;
}

static bool is_the_build(void *handle, const char *id)
{
    struct wanted_id w = {.id = id};

    if (strcmp(id, "-") == 0) return true;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &w.map) != 0) return false;
    dl_iterate_phdr(compare_id, &w);
    return w.same;
}

/* The host's symbol. Versions are the guest's, whose base version isn't the host's in glibc. */
static void *find_symbol(const struct library *l, const char *name, const char *version)
{
    void *p = version[0] != '\0' ? dlvsym(l->handle, name, version) : NULL;

    return p != NULL ? p : dlsym(l->handle, name);
}

/* A stub whose shared objects are the host's, for as long as it takes the guest to open it. */
static __thread int filled = -1;
static __thread char filled_path[64];

static const char *share_objects(struct library *l)
{
    char text[65536];
    int from = open(l->stub, O_RDONLY | O_CLOEXEC), to = memfd_create(l->soname, MFD_CLOEXEC);
    struct stat st;
    ssize_t n;
    bool good = from >= 0 && to >= 0;

    while (good && (n = read(from, text, sizeof(text))) > 0) good = write(to, text, (size_t)n) == n;
    for (u32 i = 0; good && i < l->binding->shared_count; i++) {
        const struct shared *c = &l->binding->shared[i];
        void *object = find_symbol(l, c->name, strcmp(c->version, "-") == 0 ? "" : c->version);

        good = object != NULL && module_set_symbol(to, l->stub, c->name, (u64)object);
    }
    if (from >= 0) close(from);
    good = good && fstat(to, &st) == 0 && add_file(l, &st);
    if (!good) {
        if (to >= 0) close(to);
        return NULL;
    }
    snprintf(filled_path, sizeof(filled_path), "/proc/self/fd/%d", to);
    filled = to;
    return filled_path;
}

bool library_has(const struct library *l, const struct bound_symbol *b)
{
    return find_symbol(l, b->name, b->version) != NULL;
}

static bool has_scalars_alone(const struct signature *sig)
{
    for (u32 i = 0; i < sig->count; i++)
        if (!type_is_scalar(&sig->param[i])) return false;
    return type_is_scalar(&sig->result);
}

/* All but scalars goes by libffi, in calls and callbacks. */
static bool needs_ffi(const struct binding *b)
{
    for (u32 i = 0; i < b->function_count; i++)
        if (b->function[i].reason == NULL && !has_scalars_alone(b->function[i].signature))
            return true;
    for (u32 i = 0; i < b->callback_count; i++)
        if (!has_scalars_alone(&b->callback[i])) return true;
    return false;
}

const char *library_load(struct library *l)
{
    static __thread char why[512];
    const char *name;

    if (l->handle != NULL) return NULL;
    if (needs_ffi(l->binding) && ffi_door() == NULL) return "libffi is missing on the host";
    /* The heap's functions are this program's. */
    name = strcmp(l->soname, HEAP_SONAME) == 0 ? NULL
           : l->binding->file != NULL          ? l->binding->file
                                               : l->soname;
    l->handle = dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (l->handle == NULL) {
        snprintf(why, sizeof(why), "%s", dlerror());
        return why;
    }
    if (is_the_build(l->handle, l->binding->host_id)) return NULL;
    l->handle = NULL; /* stays loaded: nobody uses it */
    return "the host's library is another build than that which the binding was made for; ferry "
           "bind makes it anew";
}

const char *library_stub(struct library *l)
{
    return l->binding->shared_count != 0 ? share_objects(l) : l->stub;
}

void library_opened(void)
{
    if (filled >= 0) close(filled);
    filled = -1;
}

/* --- stubs
 * ---------------------------------------------------------------------------------------- */

#define CACHE 4096u

static struct native_function *cache[CACHE];

/* A function's symbol is looked for when it is first called: of a library's thousands, few are. */
static struct native_function *make_function(const struct library *l, u32 number)
{
    const struct bound_symbol *b = &l->binding->function[number];
    struct native_function *f = calloc(1, sizeof(*f));

    if (f == NULL) native_fatal("%s: no memory", b->name);
    *f = (struct native_function){.name = {.library = l->binding->soname, .function = b->name},
                                  .reason = b->reason,
                                  .signature = b->signature,
                                  .binding = l->binding};
    if (b->reason != NULL) return f;
    f->code = find_symbol(l, b->name, b->version);
    if (f->code == NULL) f->reason = "the host's library hasn't got it";
    return f;
}

static struct native_function *function_of(struct library *l, u32 number)
{
    struct native_function *f = __atomic_load_n(&l->function[number], __ATOMIC_ACQUIRE);
    int error = errno;

    if (f != NULL) return f;
    native_hold();
    pthread_mutex_lock(&lock);
    f = l->function[number];
    if (f == NULL) {
        f = make_function(l, number);
        __atomic_store_n(&l->function[number], f, __ATOMIC_RELEASE);
    }
    pthread_mutex_unlock(&lock);
    native_release();
    errno = error;
    return f;
}

static struct native_function *in_library(u64 pc)
{
    u64 dev, ino, offset;

    if (!native_file_at(pc, &dev, &ino, &offset)) return NULL;
    for (struct library *l = __atomic_load_n(&libraries, __ATOMIC_ACQUIRE); l != NULL;
         l = l->next) {
        if (l->binding == NULL || !l->wanted || !is_file(l, dev, ino)) continue;
        offset -= l->binding->code;
        if (offset % BINDING_STUB_BYTES != 0 ||
            offset / BINDING_STUB_BYTES >= l->binding->function_count)
            return NULL;
        return function_of(l, (u32)(offset / BINDING_STUB_BYTES));
    }
    return NULL;
}

struct native_function *library_function_at(u64 pc)
{
    struct native_function **slot = &cache[pc / BINDING_STUB_BYTES % CACHE];
    struct native_function *f = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
    u32 changes = native_file_changes();

    if (f != NULL && f->guest_pc == pc && f->seen == changes) return f;
    f = callback_stub_at(pc);
    if (f == NULL) f = in_library(pc);
    if (f == NULL) return NULL;
    f->guest_pc = pc;
    f->seen = changes;
    __atomic_store_n(slot, f, __ATOMIC_RELEASE);
    return f;
}

/* --- the door
 * ------------------------------------------------------------------------------------- */

static const struct native_ops ops = {
    .check = names_check,
    .start = policy_start,
    .explain = policy_explain,
    .open = policy_open,
    .opened = library_opened,
    .locale = locale_opened,
    .preload = policy_preload,
    .call = call_host,
    .code_for = callback_code_for,
    .branch = callback_call_raw,
};

const struct native_ops *const native_ops = &ops;
