/*
 * /proc/self/maps and smaps for the guest: the host kernel's own lines for what lies in the guest's
 * window (so that devices, inodes and names are right), with the guest's protection in place of the
 * host's, and names without the sysroot.
 *
 * One host mapping may be several of the guest's areas, since execute permission is the guest's
 * alone: smaps gives what the kernel counted to the first of them.
 */
#include "rt/mm.h"

#include "rt/guard.h"
#include "rt/lines.h"
#include "rt/mm_table.h"
#include "rt/path.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

/* A host mapping: its line, and the lines that smaps has below it. */
struct mapping {
    u64 start, end, offset, ino;
    char device[32];
    char name[4200];
    char details[2048];
    size_t used; /* of details; each line ends with a NUL */
};

static const char *label_text(const struct mm_area *a)
{
    static const char *const text[] = {"", "[heap]", "[stack]", "[vdso]", "[vvar]", ""};

    return text[a->label];
}

static void put(int fd, const char *text, int n)
{
    host_syscall(SYS_write, (u64)fd, (u64)text, (u64)n, 0, 0, 0);
}

static bool starts(const char *line, const char *key)
{
    return strncmp(line, key, strlen(key)) == 0;
}

/* "VmFlags:" with the guest's protection. */
static int print_flags(char *out, size_t size, const struct mm_area *a, const char *host)
{
    int n =
        snprintf(out, size, "VmFlags:%s%s%s", (a->prot & PROT_READ) != 0 ? " rd" : "",
                 (a->prot & PROT_WRITE) != 0 ? " wr" : "", (a->prot & PROT_EXEC) != 0 ? " ex" : "");

    for (host += strlen("VmFlags:"); host[0] == ' ' && host[1] != '\0'; host += 3)
        if (!starts(host, " rd") && !starts(host, " wr") && !starts(host, " ex"))
            n += snprintf(out + n, size - (size_t)n, "%.3s", host);
    return n;
}

static void print_details(int fd, const struct mapping *m, const struct mm_area *a, u64 from,
                          u64 to)
{
    char out[256];

    for (const char *line = m->details; line < m->details + m->used; line += strlen(line) + 1) {
        int n;

        if (starts(line, "ProtectionKey:")) continue; /* the host's processor's */
        if (starts(line, "Size:"))
            n = snprintf(out, sizeof(out), "Size:           %8" PRIu64 " kB", (to - from) >> 10);
        else if (starts(line, "VmFlags:"))
            n = print_flags(out, sizeof(out), a, line);
        else if (from == m->start || starts(line, "KernelPageSize:") ||
                 starts(line, "MMUPageSize:") || starts(line, "THPeligible:"))
            n = snprintf(out, sizeof(out), "%s", line);
        else
            n = snprintf(out, sizeof(out), "%.*s       0 kB", 16, line);
        out[n++] = '\n';
        put(fd, out, n);
    }
}

/* One line per guest area within the host mapping. */
static void print_mapping(int fd, const struct mapping *m)
{
    for (size_t i = mm_index(m->start); i < mm_table.count && mm_table.area[i].start < m->end;
         i++) {
        const struct mm_area *a = &mm_table.area[i];
        u64 from = a->start > m->start ? a->start : m->start,
            to = a->end < m->end ? a->end : m->end;
        const char *name = a->label != MM_PLAIN ? label_text(a) : m->name;
        char line[4400];
        int n;

        if (a->label == MM_IMAGE) continue;
        n = snprintf(
            line, sizeof(line),
            "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %s %" PRIu64 " ", from, to,
            (a->prot & PROT_READ) != 0 ? 'r' : '-', (a->prot & PROT_WRITE) != 0 ? 'w' : '-',
            (a->prot & PROT_EXEC) != 0 ? 'x' : '-', (a->flags & MAP_SHARED) != 0 ? 's' : 'p',
            m->ino != 0 ? m->offset + (from - m->start) : 0, m->device, m->ino);
        if (*name != '\0')
            n += snprintf(line + n, sizeof(line) - (size_t)n, "%*s%s", n < 73 ? 73 - n : 0, "",
                          path_to_guest(name));
        line[n++] = '\n';
        put(fd, line, n);
        print_details(fd, m, a, from, to);
    }
}

static bool is_mapping(const char *line)
{
    u64 start, end;

    return sscanf(line, "%" SCNx64 "-%" SCNx64 " ", &start, &end) == 2;
}

static void parse_mapping(const char *line, struct mapping *m)
{
    int at = 0;

    m->used = 0;
    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %31s %" SCNu64 "%n", &m->start,
               &m->end, &m->offset, m->device, &m->ino, &at) < 5)
        m->start = m->end = 0;
    line += at;
    snprintf(m->name, sizeof(m->name), "%s", line + strspn(line, " "));
}

void mm_print(int fd, const char *host)
{
    struct mapping m;
    struct lines lines;
    char *line;

    m.start = m.end = 0;
    m.used = 0;
    if (!lines_open(&lines, host)) return;
    lock_take(&mm_lock);
    while ((line = lines_next(&lines)) != NULL) {
        size_t n = strlen(line) + 1;

        if (is_mapping(line)) {
            print_mapping(fd, &m);
            parse_mapping(line, &m);
        } else if (m.used + n <= sizeof(m.details)) {
            memcpy(m.details + m.used, line, n);
            m.used += n;
        }
    }
    print_mapping(fd, &m);
    lock_drop(&mm_lock);
}
