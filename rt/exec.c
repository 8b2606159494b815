/*
 * execve: copies the arguments out of guest memory, finds out what is to run, and has the host
 * kernel do it: Ferry itself for an AArch64 program, the program for one of the host's. Options
 * and names travel in one environment variable that the Ferry they are meant for takes out.
 */
#include "rt/kernel.h"

#include "rt/bundle.h"
#include "rt/image.h"
#include "rt/log.h"
#include "rt/native.h"
#include "rt/native_start.h"
#include "rt/options.h"
#include "rt/process.h"
#include "rt/profile.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_STRING (UINT64_C(128) << 10) /* MAX_ARG_STRLEN */
#define LARGEST_COUNT  (UINT64_C(1) << 22)

struct vector {
    u64 guest; /* address of the pointers */
    size_t count;
    size_t bytes; /* of the strings */
};

static s64 measure(struct vector *v)
{
    v->count = v->bytes = 0;
    if (v->guest == 0) return 0;
    for (;;) {
        u64 p;
        s64 n;

        if (!guest_read(&p, v->guest + v->count * 8, 8)) return -EFAULT;
        if (p == 0) return 0;
        n = guard_strnlen((const char *)p, LARGEST_STRING);
        if (n < 0) return -EFAULT;
        if ((u64)n >= LARGEST_STRING || v->count++ >= LARGEST_COUNT) return -E2BIG;
        v->bytes += (size_t)n + 1;
    }
}

/* Copies the strings to *text and their addresses to out, variables perhaps as they travel to the
 * dynamic program; memory may change under us, so every copy is bounded. */
static bool copy(const struct vector *v, char **out, char **text, char *limit, bool hide)
{
    s64 more = hide ? NATIVE_ROOM : 0;

    for (size_t i = 0; i < v->count; i++) {
        u64 p;
        s64 n;

        if (!guest_read(&p, v->guest + i * 8, 8)) return false;
        n = guard_strnlen((const char *)p, LARGEST_STRING);
        if (n < 0 || n + more >= limit - *text || !guest_read(*text, p, (size_t)n)) return false;
        (*text)[n] = '\0';
        if (hide) n += (s64)native_hide(*text);
        out[i] = *text;
        *text += n + 1;
    }
    out[v->count] = NULL;
    return true;
}

struct exec_args {
    char **argv, **envp;
    const char *dynamic; /* the program that takes them, if it isn't the static one */
};

static s64 take_block(struct thread *t, size_t size)
{
    void *p;

    if (t->exec_block != NULL) munmap(t->exec_block, t->exec_size);
    t->exec_block = NULL;
    p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return -ENOMEM;
    t->exec_block = p;
    t->exec_size = size;
    return 0;
}

static void drop_block(struct thread *t)
{
    munmap(t->exec_block, t->exec_size);
    t->exec_block = NULL;
}

/* The variable for the Ferry to come. */
static char *exec_variable(char *text, size_t size, const struct exec_target *x)
{
    size_t n = strlen(strcpy(text, EXEC_VARIABLE));

    n += (size_t)snprintf(
        text + n, size - n, "%s%c%s%c%d%c%u%c", x->host.host, EXEC_SEPARATOR, x->name,
        EXEC_SEPARATOR, thread_self->files->hidden[HIDDEN_SELF], EXEC_SEPARATOR,
        thread_self->fs->has_own_root ? BUNDLE_HIDDEN : thread_self->fs->bundle_cwd,
        EXEC_SEPARATOR);
    if (n < size)
        n += options_pack(text + n, size - n, thread_self->fs->has_own_root ? "" : options.sysroot);
    return n < size ? text : NULL;
}

/* argv with a script's words in place of its first; room: count + prefix + 2 pointers. */
static void put_prefix(char **argv, size_t count, const struct exec_target *x)
{
    static char empty[] = "";

    if (count == 0) { /* Linux gives such a program one empty word */
        argv[0] = empty;
        argv[1] = NULL;
        count = 1;
    }
    if (x->prefix_count == 0) return;
    memmove(argv + x->prefix_count, argv + 1, count * sizeof(*argv));
    memcpy(argv, x->prefix, x->prefix_count * sizeof(*argv));
}

/* Copies argv and envp; the block holds pointers first, then strings. */
static s64 collect(struct thread *t, u64 argv, u64 envp, const struct exec_target *x,
                   struct exec_args *out)
{
    struct vector a = {.guest = argv}, e = {.guest = envp};
    size_t pointers, bytes, variable = 3 * PATH_MAX + 4096, self = sizeof(process_self) + 64;
    char *text, *limit;
    s64 r = measure(&a);

    if (r == 0) r = measure(&e);
    if (r != 0) return r;
    pointers = (a.count + e.count + x->prefix_count + 8) * sizeof(char *);
    out->dynamic = x->native || t->files->hidden[HIDDEN_SELF] >= 0 ? NULL : native_again();
    bytes = a.bytes + e.bytes + (e.count + 1) * NATIVE_ROOM + 16 + variable + self;
    r = take_block(t, pointers + bytes);
    if (r != 0) return r;
    out->argv = t->exec_block;
    out->envp = out->argv + a.count + x->prefix_count + 3;
    text = (char *)t->exec_block + pointers;
    limit = (char *)t->exec_block + pointers + bytes - variable - self;
    if (!copy(&a, out->argv, &text, limit, false) ||
        !copy(&e, out->envp, &text, limit, out->dynamic != NULL)) {
        drop_block(t);
        return -EFAULT;
    }
    put_prefix(out->argv, a.count, x);
    if (!x->native) {
        out->envp[e.count] = exec_variable(limit, variable, x);
        if (out->envp[e.count] == NULL) {
            drop_block(t);
            return -E2BIG;
        }
        if (out->dynamic != NULL) {
            out->envp[e.count + 1] = limit + variable;
            native_put_self(limit + variable, self);
        }
    }
    return 0;
}

static const int synchronous[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};

/* Mask and dispositions as the new program is to inherit them. */
static void hand_over_signals(struct thread *t)
{
    profile_stop_all(t);
    signal_block_host();
    if (t->pending != 0) {
        t->pending_info.si_signo = t->pending;
        host_syscall(SYS_rt_tgsigqueueinfo, (u64)getpid(), (u64)t->tid, (u64)t->pending,
                     (u64)&t->pending_info, 0, 0);
        t->pending = 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(synchronous); i++)
        if (t->sighand->action[synchronous[i]].handler == 1)
            signal_default_host(synchronous[i], true);
    host_syscall(SYS_rt_sigprocmask, SIG_SETMASK, (u64)&t->sigmask, 0, 8, 0, 0);
}

static void take_signals_back(struct thread *t)
{
    for (size_t i = 0; i < ARRAY_SIZE(synchronous); i++) signal_reinstall(t, synchronous[i]);
    signal_apply_mask(t);
    profile_start(t);
}

/* A program that is known by a descriptor alone (fexecve, a memfd): the new Ferry gets a descriptor
 * of its own, which it closes when it has loaded the program. */
static int keep_open(struct exec_target *x)
{
    int fd = -1;

    if (strncmp(x->host.host, FD_PATH, strlen(FD_PATH)) == 0) {
        fd = process_open(x->host.host);
        if (fd >= 0) fcntl(fd, F_SETFD, 0);
        if (fd >= 0) snprintf(x->host.host, sizeof(x->host.host), FD_PATH "%d", fd);
    }
    return fd;
}

void process_keep_self(struct thread *t)
{
    int *kept = &t->files->hidden[HIDDEN_SELF], fd;

    if (*kept >= 0) return;
    /* A bundle has to read it, too. */
    fd = native_available() ? -1
                            : open("/proc/self/exe", (bundle_on ? O_RDONLY : O_PATH) | O_CLOEXEC);
    if (fd < 0 && process_self[0] != '\0')
        fd = open(process_self, (bundle_on ? O_RDONLY : O_PATH) | O_CLOEXEC);
    if (fd < 0) return;
    *kept = hidden_copy(fd, -1);
    close(fd);
}

void process_take_self(struct thread *t, int fd)
{
    if (fd >= 0 && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) t->files->hidden[HIDDEN_SELF] = fd;
}

static s64 run_self(struct thread *t, const struct exec_args *a)
{
    int kept = t->files->hidden[HIDDEN_SELF];
    s64 r;

    if (kept >= 0) {
        fcntl(kept, F_SETFD, 0); /* the next Ferry needs it too */
        r = host_syscall(SYS_execveat, (u64)kept, (u64) "", (u64)a->argv, (u64)a->envp,
                         AT_EMPTY_PATH, 0);
        fcntl(kept, F_SETFD, FD_CLOEXEC);
        return r;
    }
    if (a->dynamic != NULL)
        return host_syscall(SYS_execve, (u64)a->dynamic, (u64)a->argv, (u64)a->envp, 0, 0, 0);
    /* The dynamic program is no way to start with an environment that isn't for it. */
    r = native_available()
            ? -ENOENT
            : host_syscall(SYS_execve, (u64) "/proc/self/exe", (u64)a->argv, (u64)a->envp, 0, 0, 0);
    if (r == -ENOENT && process_self[0] != '\0')
        r = host_syscall(SYS_execve, (u64)process_self, (u64)a->argv, (u64)a->envp, 0, 0, 0);
    if (r == -ENOENT)
        log_line(LOG_ERROR, "execve: Ferry's own file can't be reached (no /proc here)");
    return r;
}

/* The host's name of a bundled script: it stays open for the interpreter. */
static void keep_script(struct path *host, int *kept)
{
    const char *inside = bundle_inside(host->host);

    if (inside == NULL) return;
    *kept = (int)bundle_open(inside, O_RDONLY);
    if (*kept >= 0) snprintf(host->host, sizeof(host->host), FD_PATH "%d", *kept);
}

/* A script that the host's interpreter runs needs the host's name of it. */
static void name_script_for_host(struct thread *t, const struct exec_target *x, char **argv,
                                 struct path *host, int *kept)
{
    char *script = x->prefix_count != 0 ? x->prefix[x->prefix_count - 1] : NULL;

    if (script != NULL && x->prefix_count <= EXEC_PREFIX_ARGS &&
        path_resolve_text(t, AT_FDCWD, script, PATH_FOLLOW, host) == 0) {
        keep_script(host, kept);
        argv[x->prefix_count - 1] = host->host;
    }
}

/* The name to execute a native program by: the guest's word for it if that is the same file, so
 * that the program has the name that it was called by. */
static const char *native_name(const struct exec_target *x, s64 dirfd, const char *guest)
{
    struct stat by_word, by_path;

    return x->prefix_count == 0 && dirfd == AT_FDCWD && guest[0] != '\0' &&
                   stat(guest, &by_word) == 0 && stat(x->host.host, &by_path) == 0 &&
                   by_word.st_dev == by_path.st_dev && by_word.st_ino == by_path.st_ino
               ? guest
               : x->host.host;
}

s64 process_exec(struct thread *t, s64 dirfd, u64 path, u64 argv, u64 envp, u64 flags)
{
    static __thread struct exec_target x;
    static __thread struct path script;
    static __thread char guest[PATH_MAX];
    s64 n = guard_strnlen((const char *)path, PATH_MAX), r;
    struct exec_args args;
    int kept = -1;
    const char *why;

    if (n < 0 || !guest_read(guest, path, (size_t)n)) return -EFAULT;
    if (n >= PATH_MAX) return -ENAMETOOLONG;
    if ((flags & ~(u64)(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0) return -EINVAL;
    guest[n] = '\0';
    r = exec_resolve(t, (s32)dirfd, guest, flags, &x, &why);
    if (r == 0 && !x.native) kept = keep_open(&x);
    if (r == 0) r = collect(t, argv, envp, &x, &args);
    if (r != 0) {
        close(kept);
        return r;
    }
    log_line(LOG_THREAD, "%d: execve %s: %s %s", t->tid, guest, x.native ? "native" : "guest",
             x.host.host);
    (void)image_leave(t);
    hand_over_signals(t);
    if (x.native) {
        name_script_for_host(t, &x, args.argv, &script, &kept);
        r = host_syscall(SYS_execve, (u64)native_name(&x, (s32)dirfd, guest), (u64)args.argv,
                         (u64)args.envp, 0, 0, 0);
    } else {
        r = run_self(t, &args);
    }
    take_signals_back(t);
    drop_block(t);
    close(kept);
    return r;
}
