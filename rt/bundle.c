/*
 * Finding the bundle, its entries and their contents: see bundle.h. The whole file is mapped, once,
 * so that no descriptor has to stay open.
 *
 * Which names are the bundle's: those that it has; those in a directory that was bundled with all
 * that is in it; and what ld.so would take from the host's /etc, which is for other libraries.
 * All others are the host's, so a directory that is in the bundle only because something in it is
 * shows the host's files too.
 */
#include "rt/bundle.h"

#include "rt/kernel.h"
#include "rt/log.h"
#include "rt/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool bundle_on;

/* `ferry bundle` fills it in. Volatile: its contents aren't those that the compiler sees. */
static const volatile struct bundle_mark mark = {.magic = BUNDLE_MARK};

static const u8 *file;
static u64 file_ino;
static const struct bundle_table *table;
static u8 *checked; /* of each digest: whether the chunk has been compared with it */

static int open_self(void)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

    if (fd < 0 && errno == ENOENT && process_self[0] != '\0')
        fd = open(process_self, O_RDONLY | O_CLOEXEC);
    return fd;
}

static void *allocate(size_t size)
{
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED) log_fatal(126, "no memory for the bundle's table");
    return p;
}

void bundle_start(int own)
{
    struct bundle_mark m;
    const char *why;
    struct stat st;
    void *data;
    int fd;

    if (mark.file_size == 0) return;
    for (size_t i = 0; i < sizeof(m); i++) ((u8 *)&m)[i] = ((const volatile u8 *)&mark)[i];
    fd = own >= 0 ? fcntl(own, F_DUPFD_CLOEXEC, 3) : open_self();
    if (fd < 0 || fstat(fd, &st) != 0)
        log_fatal(126, "this bundle can't read its own file: %s", strerror(errno));
    data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (data == MAP_FAILED) log_fatal(126, "mapping this bundle: %s", strerror(errno));
    close(fd);
    file = data;
    file_ino = st.st_ino;
    why = bundle_check_file(&m, file, (u64)st.st_size);
    if (why != NULL) log_fatal(126, "this bundle can't be used: %s", why);
    table = (const void *)(file + m.table);
    checked = allocate(table->digest_count + 1);
    bundle_on = true;
}

const char *bundle_program(void)
{
    return bundle_string(table, table->program);
}

const struct bundle_entry *bundle_at(u64 ino, u64 offset)
{
    for (u32 i = 0; bundle_on && ino == file_ino && i < table->entry_count; i++) {
        const struct bundle_entry *e = bundle_entry_at(i);

        if (S_ISREG(e->mode) && offset >= e->contents.at &&
            offset - e->contents.at < e->contents.size)
            return e;
    }
    return NULL;
}

s64 bundle_file(void)
{
    int hidden = thread_self != NULL ? thread_self->files->hidden[HIDDEN_SELF] : -1;
    int fd = hidden >= 0 ? fcntl(hidden, F_DUPFD_CLOEXEC, 3) : open_self();

    return fd >= 0 ? fd : -errno;
}

const char *bundle_inside(const char *host)
{
    size_t n = strlen(BUNDLE_ROOT);

    return bundle_on && strncmp(host, BUNDLE_ROOT "/", n + 1) == 0 ? host + n : NULL;
}

const struct bundle_entry *bundle_find(const char *inside, s64 *error)
{
    const struct bundle_entry *nearest, *e = bundle_lookup(table, inside, &nearest);
    size_t n = strlen(inside);

    if (e == NULL) {
        if (error != NULL) *error = S_ISDIR(nearest->mode) ? -ENOENT : -ENOTDIR;
    } else if (n > 1 && inside[n - 1] == '/' && !S_ISDIR(e->mode)) {
        if (error != NULL) *error = -ENOTDIR;
        return NULL;
    }
    return e;
}

const struct bundle_entry *bundle_entry_at(u32 index)
{
    return index < table->entry_count ? &bundle_entries(table)[index] : NULL;
}

u32 bundle_index(const struct bundle_entry *e)
{
    return (u32)(e - bundle_entries(table));
}

void bundle_name(const struct bundle_entry *e, char *out)
{
    if (!bundle_path(table, e, out, PATH_MAX)) strcpy(out, "/");
}

void bundle_host_name(const struct bundle_entry *e, char *out)
{
    size_t n = strlen(strcpy(out, BUNDLE_ROOT));

    if (!bundle_path(table, e, out + n, PATH_MAX - n)) strcpy(out + n, "/");
}

/* --- contents -----------------------------------------------------------------------------------
 */

static void __attribute__((noreturn)) damaged(const struct bundle_entry *e, const char *what)
{
    char name[PATH_MAX];
    struct log_shown shown;

    bundle_name(e, name);
    log_line(LOG_ERROR, "this bundle is damaged: %s%s", what, log_shown(&shown, name));
    for (;;) host_syscall(SYS_exit_group, 126, 0, 0, 0, 0, 0);
}

/* Checks the chunks that [from, from + size) lies in, where they are mapped for use if they are. */
static void check(const struct bundle_entry *e, const struct bundle_stretch *s, u64 from, u64 size,
                  const u8 *at, u64 mapped, const char *what)
{
    u64 n = from / BUNDLE_CHUNK, end = (from + size + BUNDLE_CHUNK - 1) / BUNDLE_CHUNK;

    if (end > bundle_chunks(s)) end = bundle_chunks(s);
    for (; n < end; n++) {
        u8 *known = &checked[s->digest + n];
        const u8 *bytes = (n + 1) * BUNDLE_CHUNK <= mapped ? at : file + s->at;

        if (__atomic_load_n(known, __ATOMIC_RELAXED) != 0) continue;
        if (!bundle_chunk_is_whole(table, s, n, bytes)) damaged(e, what);
        __atomic_store_n(known, 1, __ATOMIC_RELAXED);
    }
}

const u8 *bundle_contents(const struct bundle_entry *e, u64 from, u64 size)
{
    check(e, &e->contents, from, size, NULL, 0, "");
    return file + e->contents.at;
}

static const char image_text[] = "the translation of ";

const u8 *bundle_image(const struct bundle_entry *e, u64 from, u64 size)
{
    check(e, &e->image, from, size, NULL, 0, image_text);
    return file + e->image.at;
}

void bundle_check_mapped(const struct bundle_entry *e, u64 from, u64 size, const u8 *at, u64 mapped)
{
    check(e, &e->image, from, size, at, mapped, image_text);
}

/* --- paths --------------------------------------------------------------------------------------
 */

/* What ld.so reads about libraries of the system that it is on. */
static const char *const never_hosts[] = {"/etc/ld.so.cache", "/etc/ld.so.preload",
                                          "/etc/ld.so.conf"};

/* Whether a name that the bundle hasn't got is the bundle's all the same: there is none. */
static bool is_bundles(const char *path, const struct bundle_entry *nearest)
{
    if (!S_ISDIR(nearest->mode) || (nearest->flags & BUNDLE_WHOLE) != 0) return true;
    for (size_t i = 0; i < ARRAY_SIZE(never_hosts); i++)
        if (strcmp(path, never_hosts[i]) == 0) return true;
    return false;
}

s64 bundle_readlink(const char *path, char *target, size_t size)
{
    const struct bundle_entry *nearest, *e = bundle_lookup(table, path, &nearest);

    if (e == NULL && !is_bundles(path, nearest)) return readlink(path, target, size);
    if (e == NULL || !S_ISLNK(e->mode)) {
        errno = e == NULL ? ENOENT : EINVAL;
        return -1;
    }
    if (size > e->link_size) size = e->link_size;
    memcpy(target, bundle_string(table, e->link), size);
    return (s64)size;
}

/* Whether the host has the directory that a path names a file in. */
static bool host_has_parent(const char *path)
{
    char parent[PATH_MAX];
    size_t n = (size_t)(strrchr(path, '/') - path);

    memcpy(parent, path, n);
    parent[n] = '\0';
    return n == 0 || access(parent, F_OK) == 0;
}

/* Whether the path names something in the directory itself. */
static bool is_child_of(const char *path, const struct bundle_entry *directory)
{
    char name[PATH_MAX];
    size_t n;

    bundle_name(directory, name);
    n = strcmp(name, "/") == 0 ? 0 : strlen(name);
    return strchr(path + n + 1, '/') == NULL;
}

void bundle_choose(const char *path, char *host)
{
    const struct bundle_entry *nearest, *e = bundle_lookup(table, path, &nearest);
    size_t n = strlen(path);
    bool bundled = e != NULL || is_bundles(path, nearest);

    /* A name to be made in a directory that only the bundle has. */
    if (!bundled && is_child_of(path, nearest)) bundled = !host_has_parent(path);
    if (bundled && n + strlen(BUNDLE_ROOT) < PATH_MAX) {
        strcpy(host, BUNDLE_ROOT);
        host += strlen(BUNDLE_ROOT);
    }
    memcpy(host, path, n + 1);
}

/* --- the working directory ----------------------------------------------------------------------
 */

const struct bundle_entry *bundle_cwd(const struct fs *fs)
{
    return bundle_on && fs->bundle_cwd != 0 ? bundle_entry_at(fs->bundle_cwd - 1) : NULL;
}

void bundle_set_cwd(struct fs *fs, u32 number)
{
    const struct bundle_entry *e = NULL;
    char path[PATH_MAX];

    if (number == 0 && host_syscall(SYS_getcwd, (u64)path, sizeof(path), 0, 0, 0, 0) > 0)
        e = bundle_lookup(table, path, NULL);
    if (e != NULL && S_ISDIR(e->mode)) number = bundle_index(e) + 1;
    fs->bundle_cwd = number;
}
