/*
 * /proc/self/maps for the guest: the host kernel's own lines for what lies in the guest's window
 * (so that devices, inodes and names are right), with the guest's protection in place of the
 * host's, and names without the sysroot.
 */
#include "rt/mm.h"

#include "rt/guard.h"
#include "rt/mm_table.h"
#include "rt/path.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *label_text(const struct mm_area *a)
{
    static const char *const text[] = {"", "[heap]", "[stack]", "[vdso]", "[vvar]"};

    return text[a->label];
}

/* One line per guest area within the host mapping [start, end) whose line ends with `rest`
 * ("offset dev inode name", the offset read already). */
static void print_mapping(int fd, u64 start, u64 end, u64 offset, const char *device, u64 ino,
                          const char *name)
{
    for (size_t i = mm_index(start); i < mm_table.count && mm_table.area[i].start < end; i++) {
        const struct mm_area *a = &mm_table.area[i];
        u64 from = a->start > start ? a->start : start, to = a->end < end ? a->end : end;
        char line[4400];
        int n;

        if (a->label != MM_PLAIN) name = label_text(a);
        n = snprintf(
            line, sizeof(line), "%08" PRIx64 "-%08" PRIx64 " %c%c%c%c %08" PRIx64 " %s %-10" PRIu64,
            from, to, (a->prot & PROT_READ) != 0 ? 'r' : '-',
            (a->prot & PROT_WRITE) != 0 ? 'w' : '-', (a->prot & PROT_EXEC) != 0 ? 'x' : '-',
            (a->flags & MAP_SHARED) != 0 ? 's' : 'p', ino != 0 ? offset + (from - start) : 0,
            device, ino);
        if (*name != '\0')
            n += snprintf(line + n, sizeof(line) - (size_t)n, "%*s%s", n < 73 ? 73 - n : 1, "",
                          path_to_guest(name));
        line[n++] = '\n';
        host_syscall(SYS_write, (u64)fd, (u64)line, (u64)n, 0, 0, 0);
    }
}

static void print_line(int fd, char *line)
{
    u64 start, end, offset, ino;
    char device[32], *name;
    int at = 0;

    if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64 " %31s %" SCNu64 "%n", &start, &end,
               &offset, device, &ino, &at) < 5 ||
        start >= mm_high())
        return;
    name = line + at;
    name += strspn(name, " ");
    print_mapping(fd, start, end, offset, device, ino, name);
}

void mm_print(int fd)
{
    char buf[8192];
    size_t have = 0;
    int in = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (in < 0) return;
    while ((n = read(in, buf + have, sizeof(buf) - 1 - have)) > 0) {
        char *at = buf, *newline;

        have += (size_t)n;
        buf[have] = '\0';
        lock_take(&mm_lock);
        while ((newline = strchr(at, '\n')) != NULL) {
            *newline = '\0';
            print_line(fd, at);
            at = newline + 1;
        }
        lock_drop(&mm_lock);
        have -= (size_t)(at - buf);
        memmove(buf, at, have);
    }
    close(in);
}
