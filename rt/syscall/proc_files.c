/*
 * Files of /proc that must look like arm64's: each open gets a memory file with the text of the
 * moment. /proc/self, /proc/thread-self and /proc/PID of this process are the same.
 */
#include "rt/syscall/syscall.h"

#include "rt/loader.h"
#include "rt/mm.h"
#include "rt/process.h"
#include "rt/translate.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What follows /proc/self/ in the path; NULL: it is not there. */
static const char *own_file(const char *path)
{
    char *end;

    if (strncmp(path, "/proc/", 6) != 0) return NULL;
    path += 6;
    if (strncmp(path, "self/", 5) == 0) return path + 5;
    if (strncmp(path, "thread-self/", 12) == 0) return path + 12;
    if (!isdigit((unsigned char)*path) || strtol(path, &end, 10) != getpid() || *end != '/')
        return NULL;
    return end + 1;
}

bool proc_is_exe(const char *host)
{
    const char *file = own_file(host);

    return file != NULL && strcmp(file, "exe") == 0;
}

static void put(int fd, const char *text, size_t n)
{
    host_syscall(SYS_write, (u64)fd, (u64)text, n, 0, 0, 0);
}

static void print_cmdline(int fd)
{
    put(fd, (const char *)image_info.arg_start, image_info.arg_end - image_info.arg_start);
}

static void print_auxv(int fd)
{
    put(fd, (const char *)image_info.auxv, image_info.auxv_size);
}

/* /proc/self/stat with the guest's places: proc(5)'s fields 26 to 28 and 45 to 51. */
static void print_stat(int fd)
{
    const struct image_info *i = &image_info;
    const u64 place[52] = {
        [26] = i->code_start, [27] = i->code_end,  [28] = i->stack_start, [45] = i->data_start,
        [46] = i->data_end,   [47] = i->brk_start, [48] = i->arg_start,   [49] = i->arg_end,
        [50] = i->env_start,  [51] = i->env_end};
    char in[2048], out[2600], *at, *save = NULL;
    int from = open("/proc/self/stat", O_RDONLY | O_CLOEXEC), n;
    ssize_t got = from >= 0 ? read(from, in, sizeof(in) - 1) : -1;

    if (from >= 0) close(from);
    if (got <= 0) return;
    in[got] = '\0';
    at = strrchr(in, ')');
    if (at == NULL) return;
    n = (int)(at + 1 - in);
    memcpy(out, in, (size_t)n);
    at = strtok_r(at + 1, " \n", &save);
    for (unsigned field = 3; at != NULL; field++, at = strtok_r(NULL, " \n", &save)) {
        if (field < 52 && place[field] != 0)
            n += snprintf(out + n, sizeof(out) - (size_t)n, " %llu",
                          (unsigned long long)place[field]);
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
static void print_cpuinfo(int fd)
{
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    char features[512], text[1024];

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

static const struct {
    const char *name;
    void (*print)(int fd);
} files[] = {
    {"maps", mm_print}, {"cmdline", print_cmdline}, {"auxv", print_auxv}, {"stat", print_stat}};

static s64 open_text(const char *name, void (*print)(int fd), u64 flags)
{
    int fd = memfd_create(name, (flags & O_CLOEXEC) != 0 ? MFD_CLOEXEC : 0);

    if (fd < 0) return -errno;
    print(fd);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

s64 proc_open(struct thread *t, const char *host, u64 flags)
{
    const char *file;

    (void)t;
    if (strncmp(host, "/proc/", 6) != 0 || (flags & O_ACCMODE) != O_RDONLY) return -ENOSYS;
    if (strcmp(host, "/proc/cpuinfo") == 0) return open_text("cpuinfo", print_cpuinfo, flags);
    file = own_file(host);
    if (file == NULL) return -ENOSYS;
    if (strcmp(file, "exe") == 0) {
        int fd = open(process_exe, (int)flags);

        return fd >= 0 ? fd : -errno;
    }
    for (size_t i = 0; i < ARRAY_SIZE(files); i++)
        if (strcmp(file, files[i].name) == 0)
            return open_text(files[i].name, files[i].print, flags);
    return -ENOSYS;
}
