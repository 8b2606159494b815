/*
 * Files of /proc that must look like arm64's: each open gets a memory file with the text of the
 * moment. /proc/self, /proc/thread-self and /proc/PID of this process are the same. Of other
 * processes the kernel's own files are right as far as each Ferry has told it (loader_stack.c).
 */
#include "rt/syscall/syscall.h"

#include "rt/bundle.h"
#include "rt/lines.h"
#include "rt/loader.h"
#include "rt/mm.h"
#include "rt/proc_name.h"
#include "rt/translate.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void put(int fd, const char *text, size_t n)
{
    host_syscall(SYS_write, (u64)fd, (u64)text, n, 0, 0, 0);
}

/* What a file's text is made from. */
struct source {
    const char *host; /* the path on the host, absolute */
    pid_t tid;        /* the thread that it is about */
};

static void print_maps(int fd, const struct source *s)
{
    mm_print(fd, s->host);
}

static void print_cmdline(int fd, const struct source *s)
{
    (void)s;
    put(fd, (const char *)image_info.arg_start, image_info.arg_end - image_info.arg_start);
}

static void print_environ(int fd, const struct source *s)
{
    (void)s;
    put(fd, (const char *)image_info.env_start, image_info.env_end - image_info.env_start);
}

static void print_auxv(int fd, const struct source *s)
{
    (void)s;
    put(fd, (const char *)image_info.auxv, image_info.auxv_size);
}

/* Signals as the guest has set them: the host's masks and handlers are partly the runtime's. */
struct signal_sets {
    pid_t tid;
    bool found;
    sigset64 pending, blocked, ignored, caught;
};

static void take_sets(struct thread *t, void *context)
{
    struct signal_sets *s = context;

    if (t->tid != s->tid) return;
    s->found = true;
    s->pending = t->held;
    s->blocked = t->sigmask;
    for (int sig = 1; sig <= GUEST_NSIG; sig++) {
        u64 handler = t->sighand->action[sig].handler;

        if (handler == 1) s->ignored |= SIGBIT(sig);
        if (handler > 1) s->caught |= SIGBIT(sig);
    }
}

static struct signal_sets sets_of(pid_t tid)
{
    struct signal_sets s = {.tid = tid};

    thread_each(take_sets, &s);
    return s;
}

/* /proc/self/status: signal sets, and nothing of the host's architecture. */
static void print_status(int fd, const struct source *source)
{
    struct signal_sets s = sets_of(source->tid);
    const struct {
        const char *key;
        sigset64 set, keep; /* keep: bits of the kernel's that count too */
    } keys[] = {{"SigPnd:", s.pending, UINT64_MAX},
                {"SigBlk:", s.blocked, 0},
                {"SigIgn:", s.ignored, 0},
                {"SigCgt:", s.caught, 0}};
    struct lines lines;
    char *line, out[64];

    if (!lines_open(&lines, source->host)) return;
    while ((line = lines_next(&lines)) != NULL) {
        if (strncmp(line, "x86_", 4) == 0) continue;
        for (size_t i = 0; i < ARRAY_SIZE(keys) && s.found; i++) {
            size_t n = strlen(keys[i].key);

            if (strncmp(line, keys[i].key, n) != 0) continue;
            snprintf(out, sizeof(out), "%s\t%016llx", keys[i].key,
                     (strtoull(line + n, NULL, 16) & keys[i].keep) | keys[i].set);
            line = out;
            break;
        }
        put(fd, line, strlen(line));
        put(fd, "\n", 1);
    }
}

#define STAT_FIELDS 53 /* proc(5) counts from 1 */

/* /proc/self/stat with the guest's places and signals; the kernel may not have been told them. */
static void print_stat(int fd, const struct source *source)
{
    const struct image_info *i = &image_info;
    struct signal_sets s = sets_of(source->tid);
    const u64 place[STAT_FIELDS] = {
        [26] = i->code_start, [27] = i->code_end,  [28] = i->stack_start, [45] = i->data_start,
        [46] = i->data_end,   [47] = i->brk_start, [48] = i->arg_start,   [49] = i->arg_end,
        [50] = i->env_start,  [51] = i->env_end};
    bool whole = strstr(source->host, "/task/") == NULL; /* times of all threads */
    const sigset64 set[STAT_FIELDS] = {[32] = s.blocked, [33] = s.ignored, [34] = s.caught};
    char out[2600], *in, *at, *save = NULL;
    struct lines lines;
    int n;

    if (!lines_open(&lines, source->host)) return;
    in = lines_next(&lines);
    lines_close(&lines);
    at = in != NULL ? strrchr(in, ')') : NULL;
    if (at == NULL || at - in > 1000) return;
    n = (int)(at + 1 - in);
    memcpy(out, in, (size_t)n);
    at = strtok_r(at + 1, " ", &save);
    for (unsigned field = 3; at != NULL; field++, at = strtok_r(NULL, " ", &save)) {
        u64 value = field < STAT_FIELDS ? place[field] : 0;
        bool ours = value != 0;

        if (field >= 32 && field <= 34 && s.found) {
            value = set[field] & 0x7fffffff; /* the kernel shows no more of them here */
            ours = true;
        }
        if (whole && (field == 14 || field == 15)) {
            value = ticks_for_guest(field == 14 ? BACKGROUND_USER : BACKGROUND_SYSTEM,
                                    strtoull(at, NULL, 10));
            ours = true;
        }
        if (ours)
            n += snprintf(out + n, sizeof(out) - (size_t)n, " %llu", (unsigned long long)value);
        else
            n += snprintf(out + n, sizeof(out) - (size_t)n, " %s", at);
    }
    out[n++] = '\n';
    put(fd, out, (size_t)n);
}

/* Bits of AT_HWCAP as arch/arm64/kernel/cpuinfo.c names them. */
static const char *const hwcap_names[] = {
    "fp",      "asimd", "evtstrm", "aes",   "pmull",    "sha1",   "sha2", "crc32",
    "atomics", "fphp",  "asimdhp", "cpuid", "asimdrdm", "jscvt",  "fcma", "lrcpc",
    "dcpop",   "sha3",  "sm3",     "sm4",   "asimddp",  "sha512", "sve",  "asimdfhm",
    "dit",     "uscat", "ilrcpc",  "flagm", "ssbs",     "sb",     "paca", "pacg"};
static const char *const hwcap2_names[] = {
    "dcpodp",  "sve2",   "sveaes", "svepmull", "svebitperm", "svesha3",
    "svesm4",  "flagm2", "frint",  "svei8mm",  "svef32mm",   "svef64mm",
    "svebf16", "i8mm",   "bf16",   "dgh",      "rng",        "bti"};

static int print_features(char *out, size_t size)
{
    int n = 0;

    for (unsigned i = 0; i < ARRAY_SIZE(hwcap_names); i++)
        if ((translate_hwcap() >> i & 1) != 0)
            n += snprintf(out + n, size - (size_t)n, " %s", hwcap_names[i]);
    for (unsigned i = 0; i < ARRAY_SIZE(hwcap2_names); i++)
        if ((translate_hwcap2() >> i & 1) != 0)
            n += snprintf(out + n, size - (size_t)n, " %s", hwcap2_names[i]);
    return n;
}

/* The processor is the one that MIDR_EL0 names to the guest (aot/lift/system.c). */
static void print_cpuinfo(int fd, const struct source *s)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    char features[512], text[1024];

    (void)s;
    print_features(features, sizeof(features));
    for (long i = 0; i < count; i++) {
        int n = snprintf(text, sizeof(text),
                         "processor\t: %ld\nBogoMIPS\t: 2000.00\nFeatures\t:%s\n"
                         "CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
                         "CPU part\t: 0xd0c\nCPU revision\t: 1\n\n",
                         i, features);

        put(fd, text, (size_t)n);
    }
}

static void print_architecture(int fd, const struct source *s)
{
    (void)s;
    put(fd, "aarch64\n", 8);
}

struct file {
    const char *name;
    void (*print)(int fd, const struct source *s);
};

/* Table: files of this process, and of the machine. */
static const struct file own_files[] = {{"maps", print_maps},       {"smaps", print_maps},
                                        {"cmdline", print_cmdline}, {"auxv", print_auxv},
                                        {"environ", print_environ}, {"stat", print_stat},
                                        {"status", print_status}};
static const struct file machine_files[] = {{"/proc/cpuinfo", print_cpuinfo},
                                            {"/proc/sys/kernel/arch", print_architecture}};

static const struct file *find(const struct file *table, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].name, name) == 0) return &table[i];
    return NULL;
}

static s64 open_text(const struct file *file, const struct source *source, u64 flags)
{
    int fd = memfd_create(file->name, (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);

    if (fd < 0) return -errno;
    file->print(fd, source);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

/* A relative path's file below /proc may be one of ours too: the whole path in `whole`. */
static const char *whole_path(s64 dirfd, const char *host, char *whole)
{
    const char *base = strrchr(host, '/');
    char link[48];
    ssize_t n;

    base = base != NULL ? base + 1 : host;
    if (host[0] == '/' || (strcmp(base, "exe") != 0 && strcmp(base, "cpuinfo") != 0 &&
                           find(own_files, ARRAY_SIZE(own_files), base) == NULL))
        return host;
    if ((s32)dirfd == AT_FDCWD)
        strcpy(link, "/proc/self/cwd");
    else
        snprintf(link, sizeof(link), "/proc/self/fd/%d", (s32)dirfd);
    n = readlink(link, whole, PATH_MAX - 1);
    if (n < 5 || strncmp(whole, "/proc", 5) != 0 || (size_t)n + strlen(host) + 2 > PATH_MAX)
        return host;
    whole[n] = '/';
    strcpy(whole + n + 1, host);
    return whole;
}

bool proc_link(s64 dirfd, const char *host, char *program)
{
    char whole[PATH_MAX];

    return proc_program(whole_path(dirfd, host, whole), program);
}

s64 proc_open(s64 dirfd, const char *host, u64 flags)
{
    char whole[PATH_MAX], program[PATH_MAX];
    const struct file *file;
    struct proc_file name;
    struct source source;

    host = whole_path(dirfd, host, whole);
    if (strncmp(host, "/proc/", 6) != 0 || (flags & (O_ACCMODE | O_PATH | O_DIRECTORY)) != 0)
        return -ENOSYS;
    if ((flags & O_NOFOLLOW) == 0 && proc_program(host, program)) {
        int fd;

        if (bundle_inside(program) != NULL) return bundle_open(bundle_inside(program), flags);
        fd = open(program, (int)flags);
        return fd >= 0 ? fd : -errno;
    }
    source = (struct source){.host = host};
    file = find(machine_files, ARRAY_SIZE(machine_files), host);
    if (file == NULL && proc_parse(host, &name) && name.pid == getpid()) {
        source.tid = name.tid;
        file = find(own_files, ARRAY_SIZE(own_files), name.name);
        if (file != NULL) background_keep_away(thread_self); /* some count threads */
    }
    return file != NULL && access(host, F_OK) == 0 ? open_text(file, &source, flags) : -ENOSYS;
}
