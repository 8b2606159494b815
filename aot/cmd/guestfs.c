/*
 * Guest paths and programs: see guestfs.h.
 */
#include "aot/cmd/guestfs.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS    40
#define SCRIPT_DEPTH 4
#define USUAL_PATH   "/usr/local/bin:/usr/bin:/bin"

/* --- paths --------------------------------------------------------------------------------------
 */

static bool is_under(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return !strncmp(path, dir, n) && (!path[n] || path[n] == '/');
}

bool guest_is_inside(const char *root, const char *host)
{
    return root[0] && is_under(host, root);
}

struct walk {
    char done[PATH_MAX]; /* the sysroot and what has been resolved */
    size_t root, length;
    char rest[2 * PATH_MAX];
};

static void go_up(struct walk *w)
{
    while (w->length > w->root && w->done[w->length - 1] != '/') w->length--;
    if (w->length > w->root) w->length--;
    w->done[w->length] = '\0';
}

/* Puts a link's text in front of the rest. */
static bool take_link(struct walk *w, const char *target, size_t n, const char *rest)
{
    char tail[2 * PATH_MAX];
    size_t m = strlen(rest);
    if (n + m + 1 > sizeof w->rest) return false;
    memcpy(tail, rest, m + 1);
    memcpy(w->rest, target, n);
    memcpy(w->rest + n, tail, m + 1);
    if (target[0] == '/')
        w->done[w->length = w->root] = '\0';
    else
        go_up(w);
    return true;
}

/* Takes the next component of the rest, from *at. False: too long. */
static bool step(struct walk *w, const char **at)
{
    size_t n = strcspn(*at, "/");
    const char *name = *at;
    *at += n;
    if (n == 1 && name[0] == '.') return true;
    if (n == 2 && name[0] == '.' && name[1] == '.') {
        go_up(w);
        return true;
    }
    if (w->length + n + 2 > sizeof w->done) return false;
    w->done[w->length++] = '/';
    memcpy(w->done + w->length, name, n);
    w->length += n;
    w->done[w->length] = '\0';
    return true;
}

/* Resolves a path inside the root, links and all. False: it isn't there. */
static bool walk_inside(struct walk *w, const char *root, const char *path)
{
    const char *at = w->rest;
    unsigned links = 0;
    if (strlen(root) + strlen(path) + 2 > PATH_MAX) return false;
    w->root = w->length = strlen(strcpy(w->done, root));
    strcpy(w->rest, path);
    for (;;) {
        char target[PATH_MAX];
        while (*at == '/') at++;
        if (!*at) break;
        size_t before = w->length;
        if (!step(w, &at)) return false;
        ssize_t got = w->length > before ? readlink(w->done, target, sizeof target) : -1;
        if (got <= 0) continue;
        if (++links > MAX_LINKS || !take_link(w, target, (size_t)got, at)) return false;
        at = w->rest;
    }
    return access(w->length ? w->done : "/", F_OK) == 0;
}

/* What a complete sysroot has for itself: the host's are for another architecture. */
static bool is_sysroots(const char *root, const char *path)
{
    static const char *const own[] = {"/usr",
                                      "/bin",
                                      "/sbin",
                                      "/lib",
                                      "/lib64",
                                      "/etc/ld.so.cache",
                                      "/etc/ld.so.conf",
                                      "/etc/ld.so.conf.d"};
    char lib[PATH_MAX + 16];
    snprintf(lib, sizeof lib, "%s/usr/lib", root);
    if (!root[0] || access(lib, F_OK) || is_under(path, "/usr/local")) return false;
    for (size_t n = 0; n < ARRAY_SIZE(own); n++)
        if (is_under(path, own[n])) return true;
    return false;
}

static bool find_on_host(const char *root, const char *path, struct guest_file *out)
{
    if (!realpath(path, out->host)) return false;
    const char *guest = out->host + (guest_is_inside(root, out->host) ? strlen(root) : 0);
    strcpy(out->guest, *guest ? guest : "/");
    return true;
}

bool guest_find(const char *root, const char *path, struct guest_file *out)
{
    struct walk w;
    if (root[0] && path[0] == '/') {
        if (walk_inside(&w, root, path)) {
            strcpy(out->host, w.done);
            strcpy(out->guest, w.length > w.root ? w.done + w.root : "/");
            return true;
        }
        if (is_sysroots(root, path)) return false;
    }
    return find_on_host(root, path, out);
}

/* --- programs -----------------------------------------------------------------------------------
 */

enum file_kind file_kind(const char *host, char head[KIND_HEAD + 1])
{
    char own[KIND_HEAD + 1];
    Elf64_Ehdr e;
    struct stat st;
    if (!head) head = own;
    int fd = open(host, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return KIND_NONE;
    bool regular = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
    ssize_t n = regular ? read(fd, head, KIND_HEAD) : -1;
    int error = regular ? errno : S_ISDIR(st.st_mode) ? EISDIR : EINVAL;
    close(fd);
    errno = error;
    if (n < 0) return KIND_NONE;
    head[n] = '\0';
    if (n >= 2 && head[0] == '#' && head[1] == '!') return KIND_SCRIPT;
    if (n < SELFMAG || memcmp(head, ELFMAG, SELFMAG)) return KIND_OTHER;
    if (n < (ssize_t)sizeof e) return KIND_NATIVE;
    memcpy(&e, head, sizeof e);
    bool guest = e.e_machine == EM_AARCH64 && e.e_ident[EI_CLASS] == ELFCLASS64 &&
                 e.e_ident[EI_DATA] == ELFDATA2LSB && (e.e_type == ET_EXEC || e.e_type == ET_DYN);
    return guest ? KIND_GUEST : KIND_NATIVE;
}

/* How far a find is from what is meant: a program of the sysroot, a guest program at all, a script.
 */
static int distance(const char *root, const struct guest_file *f)
{
    enum file_kind kind = file_kind(f->host, NULL);
    if (kind != KIND_GUEST && kind != KIND_SCRIPT) return 3;
    if (!root[0]) return kind == KIND_GUEST ? 0 : 1;
    return guest_is_inside(root, f->host) ? 0 : kind == KIND_GUEST ? 1 : 2;
}

static bool find_in_path(const char *root, const char *word, struct guest_file *out)
{
    const char *dirs = getenv("PATH");
    struct guest_file f;
    char name[PATH_MAX];
    int least = 4;
    if (!dirs) dirs = USUAL_PATH;
    while (*dirs && least) {
        size_t n = strcspn(dirs, ":");
        int size = snprintf(name, sizeof name, "%.*s%s%s", (int)n, dirs, n ? "/" : "", word);
        dirs += n + (dirs[n] == ':');
        if (size < 0 || (size_t)size >= sizeof name || !guest_find(root, name, &f)) continue;
        if (access(f.host, X_OK)) continue;
        int far = distance(root, &f);
        if (far >= least) continue;
        least = far;
        *out = f;
    }
    return least < 4;
}

/* By PATH; a plain file of that name here is the last choice. */
static bool find_word(const char *root, const char *word, struct guest_file *out)
{
    if (strchr(word, '/')) return guest_find(root, word, out);
    return find_in_path(root, word, out) || find_on_host(root, word, out);
}

/* The words of a #! line: the interpreter, and what follows it. */
static bool split_line(char *head, char **interpreter, char **argument)
{
    char *line = head + 2, *end = line + strcspn(line, "\n");
    *end = '\0';
    while (end > line && strchr(" \t\r", end[-1])) *--end = '\0';
    line += strspn(line, " \t");
    *interpreter = line;
    line += strcspn(line, " \t");
    *argument = line;
    if (*line) {
        *line++ = '\0';
        *argument = line + strspn(line, " \t");
    }
    return **interpreter != '\0';
}

/* For "#!/usr/bin/env [-S] [NAME=VALUE...] PROGRAM": that program's name. */
static char *program_of_env(const char *interpreter, char *argument)
{
    const char *slash = strrchr(interpreter, '/');
    if (strcmp(slash ? slash + 1 : interpreter, "env")) return NULL;
    for (char *word = strtok(argument, " \t"); word; word = strtok(NULL, " \t"))
        if (word[0] != '-' && !strchr(word, '=')) return word;
    return NULL;
}

static const char *reason(enum file_kind kind)
{
    switch (kind) {
    case KIND_NATIVE: return "no AArch64 program or library";
    case KIND_OTHER: return "neither a program nor a script";
    case KIND_NONE: return errno ? strerror(errno) : "no regular file";
    default: return NULL;
    }
}

u32 guest_programs(const char *root, const char *word, struct guest_file *out, u32 max,
                   const char **why)
{
    char head[KIND_HEAD + 1], *interpreter, *argument, name[PATH_MAX];
    u32 count = 0;
    snprintf(name, sizeof name, "%s", word);
    for (unsigned depth = 0; depth <= SCRIPT_DEPTH && count < max; depth++) {
        struct guest_file *f = &out[count];
        if (!find_word(root, name, f)) {
            *why = depth ? "its interpreter is not there" : "no such file";
            return count;
        }
        enum file_kind kind = file_kind(f->host, head);
        *why = reason(kind);
        if (kind == KIND_GUEST) return count + 1;
        if (kind != KIND_SCRIPT) return count;
        if (!split_line(head, &interpreter, &argument)) {
            *why = "its first line names no interpreter";
            return count;
        }
        snprintf(name, sizeof name, "%s", interpreter);
        char *behind = program_of_env(interpreter, argument);
        if (!behind) continue;
        if (find_word(root, interpreter, f) && file_kind(f->host, NULL) == KIND_GUEST) count++;
        snprintf(name, sizeof name, "%s", behind);
    }
    *why = "scripts too deep";
    return count;
}
